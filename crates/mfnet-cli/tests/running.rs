//! How the program behaves among others: signals, two runs at once, full disks, closed pipes, little memory.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use common::{Desk, Run, fails, files, flowers};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mfnet");
/// Ends only if somebody ends it.
const ENDLESS: &str = "--hidden 4 --epochs 18446744073709551615 --early-stopping 0 --schedule constant --no-baselines";

/// Waits until all files of the earlier run are aside, and the new run has a history.
fn until_replaced(desk: &Desk, history: &str) {
    while !desk.path("run/earlier-run/metrics.json").exists() || !desk.path(history).exists() {
        sleep(Duration::from_millis(5));
    }
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk
}

/// The program behind a line of a shell: `{}` stands for it.
fn shell(desk: &Desk, line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &line.replace("{}", PROGRAM)]).current_dir(desk.path(".")).stdin(Stdio::null());
    shell
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until the file has this many lines.
fn wait_for_lines(desk: &Desk, file: &str, lines: usize) {
    while fs::read_to_string(desk.path(file)).map_or(0, |text| text.lines().count()) < lines {
        sleep(Duration::from_millis(10));
    }
}

fn send(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

fn end(child: Child) -> Run {
    Run::from(child.wait_with_output().unwrap())
}

#[test]
fn a_signal_ends_the_training_and_the_model_so_far_is_saved() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let desk = desk();
        let train = format!("train flowers.csv --target species {ENDLESS} --output run");
        let child = start(&mut desk.command(&train));
        wait_for_lines(&desk, "run/history.csv", 2);
        send(&child, signal);
        let run = end(child);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{signal}: {}", run.stderr);
        let end = ": the model so far is in run/model.safetensors\nto continue: mfnet train --resume run\n";
        assert!(run.stderr.contains("interrupted after ") && run.stderr.ends_with(end), "{}", run.stderr);
        assert_eq!(
            files(&desk.path("run")),
            ["checkpoint", "history.csv", "metrics.json", "model.safetensors", "report.html"],
            "{signal}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_the_caller_ignores_stays_ignored() {
    for signal in ["INT", "TERM", "HUP"] {
        let desk = desk();
        let train = "train flowers.csv --target species --epochs 2000 --hidden 4 --early-stopping 0 --output run";
        let child = start(&mut shell(&desk, &format!("trap '' {signal}; exec {{}} {train}")));
        wait_for_lines(&desk, "run/history.csv", 2);
        send(&child, &format!("-{signal}"));
        let run = end(child);
        assert_eq!(run.code, 0, "{signal}: {}", run.stderr);
        assert_eq!(desk.text("run/history.csv").lines().count(), 2001, "{signal}");
    }
}

#[test]
fn a_folder_belongs_to_one_run() {
    for (folds, history) in [("", "run/history.csv"), ("--folds 3", "run/fold-1/history.csv")] {
        let desk = desk();
        let train = format!("train flowers.csv --target species {ENDLESS} {folds} --output run");
        let first = start(&mut desk.command(&train));
        wait_for_lines(&desk, history, 2);
        for force in ["", " --force"] {
            let second = format!("train flowers.csv --target species --epochs 1 --output run{force}");
            let run = fails(&desk, 1, &second, "run: another run of mfnet is writing into this folder");
            assert!(run.stderr.ends_with("help: wait until it ends, or choose another folder with --output\n"));
        }
        // nothing holds the folder after the end
        send(&first, "-KILL");
        end(first);
        desk.ok("train flowers.csv --target species --epochs 1 --output run --force");
        assert_eq!(
            files(&desk.path("run")),
            ["history.csv", "metrics.json", "model.safetensors", "report.html"],
            "{folds}"
        );
    }
}

#[test]
fn of_runs_that_start_together_one_works() {
    let desk = desk();
    let train = |seed: usize| {
        format!(
            "train flowers.csv --target species --hidden 4 --epochs 300 --early-stopping 0 --seed {seed} --output run"
        )
    };
    for force in ["", " --force"] {
        let runs: Vec<Child> = (1..=4).map(|seed| start(&mut desk.command(&(train(seed) + force)))).collect();
        let codes: Vec<i32> = runs.into_iter().map(|run| end(run).code).collect();
        let winners: Vec<usize> = (1..=4).filter(|seed| codes[seed - 1] == 0).collect();
        // with --force a later one may begin after the end of another
        assert!(!winners.is_empty() && (winners.len() == 1 || !force.is_empty()), "{codes:?}");
        let metrics: serde_json::Value = serde_json::from_str(&desk.text("run/metrics.json")).unwrap();
        let seed = metrics["seed"].as_u64().unwrap();
        assert!(winners.contains(&usize::try_from(seed).unwrap()));
        assert!(desk.ok("inspect run").stdout.contains(&format!("\n  seed: {seed}\n")) || seed == 0);
        let history = desk.text("run/history.csv");
        let epochs: Vec<&str> = history.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(epochs, (1..=300).map(|epoch| epoch.to_string()).collect::<Vec<_>>());
        fs::remove_dir_all(desk.path("run")).unwrap();
    }
}

/// A run that was killed leaves a folder that says so, and keeps the files of the run before it apart.
#[test]
fn a_killed_run_mixes_with_no_other() {
    for (before, again) in [("", ""), ("--folds 2", ""), ("", "--folds 2"), ("--folds 3", "--folds 2")] {
        let desk = desk();
        desk.ok(&format!(
            "train flowers.csv --target species --epochs 2 --hidden 4 --seed 5 {before} --output run --plots"
        ));
        desk.write("run/notes.txt", "mine");
        let killed = format!("train flowers.csv --target species {ENDLESS} --seed 6 {again} --output run --force");
        let history = if again.is_empty() { "run/history.csv" } else { "run/fold-1/history.csv" };
        for _ in 0..2 {
            let child = start(&mut desk.command(&killed));
            until_replaced(&desk, history);
            send(&child, "-KILL");
            let stderr = end(child).stderr;
            assert!(!stderr.contains("warning"), "{stderr}");
            // the earlier run is whole
            assert!(desk.text("run/earlier-run/metrics.json").contains("\"seed\": 5"));
            let model = if before.is_empty() { "run/earlier-run" } else { "run/earlier-run/fold-1" };
            let earlier = desk.ok(&format!("inspect {model}"));
            assert!(earlier.stdout.contains("\n  seed: 5\n") && earlier.stderr.is_empty());
            // the folder says that its run is not
            assert!(desk.text("run/UNFINISHED.txt").contains("--force"));
            let inspected = desk.run("inspect run");
            assert_eq!(inspected.code, 1, "{}", inspected.stdout);
            assert!(inspected.stderr.contains("\nhelp: the training is not finished"), "{}", inspected.stderr);
        }
        desk.ok("train flowers.csv --target species --epochs 1 --seed 7 --output run --force");
        assert_eq!(
            files(&desk.path("run")),
            ["history.csv", "metrics.json", "model.safetensors", "notes.txt", "report.html"]
        );
    }
}

/// A run that was killed while it put the earlier run's files aside: the next run finishes that.
#[test]
fn a_run_killed_while_it_moves_files_loses_none() {
    let desk = desk();
    let train = "train flowers.csv --target species --output run";
    desk.ok(&format!("{train} --hidden 4 --epochs 2 --seed 5"));
    let model = desk.read("run/model.safetensors");
    fs::create_dir(desk.path("run/.earlier-run")).unwrap();
    fs::rename(desk.path("run/metrics.json"), desk.path("run/.earlier-run/metrics.json")).unwrap();
    desk.write("run/UNFINISHED.txt", "");
    let child = start(&mut desk.command(&format!("{train} {ENDLESS} --force")));
    until_replaced(&desk, "run/history.csv");
    send(&child, "-KILL");
    end(child);
    assert!(desk.text("run/earlier-run/metrics.json").contains("\"seed\": 5"));
    assert!(desk.read("run/earlier-run/model.safetensors") == model);
    assert!(!desk.path("run/.earlier-run").exists());
}

/// A run that fails before it has a model leaves the folder as it found it.
#[test]
fn a_run_that_fails_early_changes_nothing() {
    let desk = desk();
    let fails = |options: &str| {
        let train = "train flowers.csv --target width --optimizer sgd --learning-rate 1e6 --force --quiet --output run";
        let run = desk.run(&format!("{train} {options}"));
        assert_eq!(run.code, 1, "{}", run.stderr);
        run.stderr
    };
    // after a complete run
    desk.ok("train flowers.csv --target width --epochs 2 --seed 5 --output run");
    let all = || files(&desk.path("run")).iter().map(|name| desk.read(&format!("run/{name}"))).collect::<Vec<_>>();
    let before = all();
    assert!(fails("").contains("run/model.safetensors is still the model of the earlier run"));
    assert!(before == all());
    // after a run that was killed, whose folder stays unfinished
    let killed = format!("train flowers.csv --target width {ENDLESS} --output run --force");
    let child = start(&mut desk.command(&killed));
    until_replaced(&desk, "run/history.csv");
    send(&child, "-KILL");
    end(child);
    let shell_line =
        "trap '' XFSZ; ulimit -f 2; exec {} train flowers.csv --target width --epochs 1 --force -q --output run";
    assert_eq!(Run::of(&mut shell(&desk, shell_line)).code, 1);
    // the complete run came back
    assert!(before == all(), "{:?}", files(&desk.path("run")));
}

#[test]
fn outputs_that_cannot_be_written_are_no_panic() {
    let desk = desk();
    desk.ok("train flowers.csv --target species --epochs 1 --output run");
    let train = "train flowers.csv --target species --epochs 1 --force --output other";
    for (line, code) in [
        ("{} predict nomodel flowers.csv 2>/dev/full", 1),
        ("{} train --nosuch 2>/dev/full", 2),
        ("{} predict run flowers.csv >/dev/full 2>/dev/full", 1),
        ("{} inspect run >/dev/full", 1),
        ("{} --help >/dev/full", 1),
        ("{} predict run flowers.csv >&-", 0),
        ("{} train --nosuch 2>&-", 2),
        ("{} predict nomodel flowers.csv >&- 2>&-", 1),
        ("{} train - --target y <&-", 1),
        (&format!("{{}} {train} 2>/dev/full"), 0),
        (&format!("{{}} {train} 2>&- >&- <&-"), 0),
        (&format!("{{}} {train} >/dev/full"), 1),
        (&format!("{{}} {train} --json >/dev/full"), 1),
    ] {
        let run = Run::of(&mut shell(&desk, line));
        assert_eq!(run.code, code, "{line}: {}", run.stderr);
        assert!(!run.stderr.contains("panic"), "{line}: {}", run.stderr);
    }
    let run = Run::of(&mut shell(&desk, &format!("{{}} {train} --quiet >/dev/full")));
    let mut lines = run.stderr.lines();
    assert!(lines.next().unwrap().starts_with("error: standard output: cannot write: "), "{}", run.stderr);
    assert_eq!(lines.collect::<Vec<_>>(), ["help: the model is in other/model.safetensors"]);
    for command in ["inspect run", "predict run flowers.csv", "datasets", "--help", "train --help"] {
        let run = Run::of(&mut shell(&desk, &format!("{{}} {command} | head -1")));
        assert_eq!((run.code, run.stderr.as_str(), run.stdout.lines().count()), (0, "", 1), "{command}");
    }
}

/// A file may grow to a limit only, which is what a full disk looks like to the program: a warning, and the training
/// goes on. The report is larger than the limit, too.
#[test]
fn a_disk_that_is_full_for_the_history_and_the_report() {
    let desk = desk();
    let train =
        "train flowers.csv --target species --hidden 2 --epochs 600 --early-stopping 0 --no-baselines --output run";
    let run = Run::of(&mut shell(&desk, &format!("trap '' XFSZ; ulimit -f 16; exec {{}} {train}")));
    assert_eq!(run.code, 1, "{}", run.stderr);
    let warning = "warning: run/history.csv: cannot write: ";
    assert_eq!(run.stderr.matches(warning).count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("warning: run/history.csv: cannot write all epochs: "), "{}", run.stderr);
    assert!(run.stderr.contains("error: run/report.html: cannot write: "), "{}", run.stderr);
    assert!(run.stderr.ends_with("\nhelp: the model is in run/model.safetensors\n"), "{}", run.stderr);
    assert!(run.stdout.contains("600 epochs") && run.stdout.contains("network, test"), "{}", run.stdout);
    // whole lines
    let history = desk.text("run/history.csv");
    assert!(history.ends_with('\n') && history.len() > 7000 && history.len() <= 8192);
    assert_eq!(files(&desk.path("run")), ["history.csv", "metrics.json", "model.safetensors"]);
    desk.ok("evaluate run flowers.csv");

    let train = "train flowers.csv --target species --hidden 2 --epochs 2 --output json --json --quiet";
    let run = Run::of(&mut shell(&desk, &format!("trap '' XFSZ; ulimit -f 16; exec {{}} {train}")));
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("network, test") && run.stderr.contains("\nerror: json/report.html"), "{}", run.stderr);
}

#[test]
fn a_folder_that_is_removed_during_the_training_is_made_again() {
    let desk = desk();
    let train = "train flowers.csv --target species --epochs 2000 --hidden 4 --early-stopping 0 --output run";
    let child = start(&mut desk.command(train));
    wait_for_lines(&desk, "run/history.csv", 2);
    fs::remove_dir_all(desk.path("run")).unwrap();
    let run = end(child);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(files(&desk.path("run")), ["history.csv", "metrics.json", "model.safetensors", "report.html"]);
    assert_eq!(desk.text("run/history.csv").lines().count(), 2001);
}

#[test]
fn a_column_that_would_be_in_the_output_twice() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers().replacen("number", "p_setosa", 1));
    desk.ok("train flowers.csv --target species --epochs 1 --output classes");
    desk.ok("train flowers.csv --target length --epochs 1 --output one");
    desk.ok("train flowers.csv --target length,width --epochs 1 --output two");
    let rows = "length,width,p_setosa,species,prediction,prediction_width\n5.1,3.5,1,setosa,7,8\n";
    desk.write("rows.csv", rows);
    for (model, column) in
        [("classes", "prediction"), ("classes", "p_setosa"), ("one", "prediction"), ("two", "prediction_width")]
    {
        let message = format!("--keep {column}: the output has a column of predictions with this name");
        let run = fails(&desk, 1, &format!("predict {model} rows.csv --keep {column}"), &message);
        assert_eq!(run.stderr.lines().nth(1), Some("help: rename the column in the data"));
    }
    let message = "--keep names the column \"width\" twice";
    fails(&desk, 2, "predict one rows.csv --keep width,length --keep width", message);
    for (model, column) in [("one", "p_setosa"), ("classes", "prediction_width"), ("two", "prediction")] {
        let run = desk.ok(&format!("predict {model} rows.csv --keep {column}"));
        assert!(run.stdout.starts_with(&format!("{column},prediction")));
    }
}

#[test]
fn a_dash_is_the_standard_output() {
    let desk = desk();
    desk.ok("train flowers.csv --target species --epochs 1 --output run");
    let expected = desk.ok("predict run flowers.csv").stdout;
    assert_eq!(desk.ok("predict run flowers.csv --output -").stdout, expected);
    assert!(!desk.path("-").exists());
}

/// Bytes that are not UTF-8, line breaks, blanks, dashes.
#[cfg(target_os = "linux")]
#[test]
fn names_of_files_are_any_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    for (i, name) in
        [&b"na\xefve"[..], b"-dashes", b"two\nlines", b" blanks ", b"\x1b[2J", b"\xff"].into_iter().enumerate()
    {
        let desk = Desk::new();
        let name = OsStr::from_bytes(name);
        let file = |ending: &str| {
            let mut file = name.to_owned();
            file.push(ending);
            file
        };
        fs::write(desk.path(".").join(file(".csv")), flowers()).unwrap();
        fs::write(desk.path(".").join(file(".txt")), "0 1 2 3\n").unwrap();
        let run = |before: &str, names: &[&OsStr], after: &str| {
            let mut command = desk.command(before);
            command.args(names).args(after.split_whitespace());
            let run = Run::of(&mut command);
            assert_eq!(run.code, 0, "{name:?}: {}", run.stderr);
            let all = run.stdout + &run.stderr;
            assert!(all.chars().all(|c| c == '\n' || !c.is_control()), "{all:?}");
            all
        };
        let table = file(".csv");
        let equals = |option: &str, name: &OsStr| {
            let mut argument = OsStr::new(option).to_owned();
            argument.push(name);
            argument
        };
        let options = [equals("--output=", name), equals("--test-file=", &table)];
        let train = "--target=species --epochs=1 --";
        run(
            "train",
            &[
                &options[0],
                OsStr::new("--quiet"),
                OsStr::new("--target=species"),
                OsStr::new("--epochs=1"),
                OsStr::new("--"),
                &table,
            ],
            "",
        );
        assert!(desk.path(".").join(name).join("model.safetensors").exists());
        let model = name;
        run("evaluate --", &[model, &table], "");
        run("predict --", &[model, &table], "");
        run("inspect --", &[model], "");
        let order = equals("--batch-order=", &file(".txt"));
        let warm = equals("--warm-start=", model);
        let others = [&options[1], &warm].map(|option| option.as_os_str());
        run(&format!("train --output again-{i} --epochs 1 --test-fraction 0"), &[&warm, OsStr::new("--"), &table], "");
        run(
            &format!("train --output test-{i} {}", train.trim_end_matches(" --")),
            &[others[0], OsStr::new("--"), &table],
            "",
        );
        let _ = order;
        // the default folder
        run("train --target species --epochs 1 --quiet --", &[&table], "");
        assert_eq!(fs::read_dir(desk.path("runs")).unwrap().count(), 1);
        // errors name the file on one line
        let mut missing = desk.command("train --target y --");
        let error = Run::of(missing.arg(file("-missing.csv")));
        assert_eq!(error.code, 1);
        assert!(error.stderr.lines().next().unwrap().contains("-missing.csv: cannot read: "), "{}", error.stderr);
    }
}

/// The same for several files, also as the parts in a folder.
#[cfg(target_os = "linux")]
#[test]
fn names_of_several_files_are_any_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    fs::create_dir(desk.path("parts")).unwrap();
    let names = [&b"part-1\xef.csv"[..], b"part-2\n.csv", b"part-3\x1b[2J.csv"].map(OsStr::from_bytes);
    for name in names {
        fs::write(desk.path("parts").join(name), flowers()).unwrap();
    }
    let rows = names.len() * (flowers().lines().count() - 1);
    let files = names.map(|name| desk.path("parts").join(name));
    let parts = desk.path("parts");
    for (i, data) in [files.each_ref().map(|file| file.as_os_str()).as_slice(), &[parts.as_os_str()]].iter().enumerate()
    {
        let run = Run::of(desk.command(&format!("train --target species --epochs 1 --output run-{i}")).args(*data));
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stderr.contains(&format!(": {rows} rows, ")), "{}", run.stderr);
        let evaluated = Run::of(desk.command(&format!("evaluate run-{i} --part all")).args(*data));
        assert_eq!(evaluated.code, 0, "{}", evaluated.stderr);
        let all = run.stdout + &run.stderr + &evaluated.stdout + &evaluated.stderr;
        assert!(all.chars().all(|c| c == '\n' || !c.is_control()), "{all:?}");
    }
    // a file that is missing is named on one line
    let missing = OsStr::from_bytes(b"no\xef\nfile.csv");
    let run = Run::of(desk.command("train --target species").arg(&files[0]).arg(missing));
    let message = "error: unexpected argument no\u{fffd}\\nfile.csv: there is no such file";
    assert_eq!((run.code, run.stderr.lines().next()), (2, Some(message)));
}

/// Column names, labels and values that control a terminal or break a line are shown escaped; files keep them.
#[test]
fn nothing_in_the_data_controls_the_terminal() {
    let desk = Desk::new();
    let odd = "\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\r\u{7f}\nerror: no";
    let quoted = |text: &str| format!("\"{text}\"");
    let label = |kind: &str| quoted(&format!("{kind}{odd}"));
    let rows: String = (0..80)
        .map(|i| {
            let class = label(if i % 2 == 0 { "a" } else { "b" });
            let city = label(["Rome", "Oslo", "Bern"][i % 3]);
            format!("{},{},{city},{},{class},{}\n", i % 2, i % 7, i / 4, i % 5)
        })
        .collect();
    let [number, other, city, group, class, same] = ["n", "m", "city", "group", "class", "t"].map(label);
    desk.write("odd.csv", format!("{number},{other},{city},{group},{class},{same}\n{rows}"));
    let name = |name: &str| format!("{name}{odd}");
    let is_inert = |run: &Run, context: &str| {
        for text in [&run.stdout, &run.stderr] {
            let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || "\u{202e}\u{2066}".contains(*c));
            assert_eq!(bad, None, "{context}: {text}");
            assert!(!text.lines().any(|line| line.starts_with("error: no")), "{context}: {text}");
        }
    };
    let run = |arguments: &[&str]| {
        let run = Run::of(desk.command("").args(arguments));
        is_inert(&run, &arguments.join(" "));
        run
    };
    let (class, group, number, test) = (name("class"), name("group"), name("n"), name("t"));
    let train = |options: &[&str]| run(&[&["train", "odd.csv", "--epochs", "2", "--force"], options].concat());
    for (options, code) in [
        (&["--target", &class, "--output", "classes"][..], 0),
        (&["--target", &class, "--group", &group, "--output", "groups"], 0),
        (&["--target", &class, "--sample-weight", &number, "--output", "weights"], 0),
        (&["--target", &class, "--folds", "2", "--output", "folds"], 0),
        (&["--target", &class, "--json", "--output", "json"], 0),
        (&["--target", &number, "--task", "regression", "--output", "values"], 0),
        (&["--target", &test, "--print-recipe"], 0),
        (&["--target", &class, "--drop", &name("nothing"), "--output", "x"], 1),
        (&["--target", &name("city"), "--task", "regression", "--output", "x"], 1),
        (&["--target", &name("nothing"), "--output", "x"], 1),
        (&["--target", &class, "--numeric", &name("city"), "--output", "x"], 1),
        (&["--nothing\u{1b}[2J", "--output", "x"], 2),
    ] {
        assert_eq!(train(options).code, code, "{options:?}");
    }
    for model in ["classes", "groups", "weights", "values", "folds/fold-1"] {
        for command in
            [&["inspect", model][..], &["evaluate", model, "odd.csv"], &["evaluate", model, "odd.csv", "--json"]]
        {
            assert_eq!(run(command).code, 0, "{command:?}");
        }
    }
    let text = run(&["inspect", "classes"]).stdout;
    assert!(text.contains(r"Output: classes of class\u{1b}[2J\u{9b}31m\u{202e}\u{2066}"), "{text}");
    // levels that are new
    desk.write("new.csv", desk.text("odd.csv").replace("Oslo", "Paris"));
    assert!(run(&["evaluate", "classes", "new.csv"]).stderr.contains("Paris"));
    // notes and remarks, too: a class without test rows, a rare class, a number far outside, an odd text
    let rows: String = (0..200)
        .map(|i| {
            let class = label(if i == 7 { "rare" } else { ["a", "b"][i % 2] });
            let far = if i == 190 { 1_000_000_000 } else { i % 9 };
            let text = if i == 3 { label("x") } else { i.to_string() };
            let part = if i < 120 { "train" } else { "test" };
            format!("{far},{text},{class},{part}\n")
        })
        .collect();
    desk.write("notes.csv", format!("{},{},{},part\n{rows}", label("far"), label("text"), label("class")));
    let noted =
        run(&["train", "notes.csv", "--target", &class, "--split-column", "part", "--epochs", "2", "--output", "n"]);
    for said in ["far outside the training rows", "is not read as", "no test rows"] {
        assert!(noted.stderr.contains(said), "{said}: {}", noted.stderr);
    }
    assert!(noted.stdout.contains("class rare\\u{1b}[2J"), "{}", noted.stdout);
    // predictions are data, and stay as they are
    let predictions = desk.ok("predict classes odd.csv").stdout;
    assert!(predictions.starts_with(&format!("prediction,{},{}\n", quoted(&name("p_a")), quoted(&name("p_b")))));
    // JSON is the same, escaped
    let json = train(&["--target", &class, "--json", "--class-weight", "balanced", "--output", "json"]).json();
    assert!(json["class_weight"].as_object().unwrap().contains_key(&name("a")), "{json}");
    // a recipe can be used again
    let recipe = train(&["--target", &class, "--print-recipe"]).stdout;
    desk.write("recipe.toml", &recipe);
    assert_eq!(train(&["--recipe", "recipe.toml", "--output", "again"]).code, 0, "{recipe}");
}

/// In kilobytes, as of a batch system: an error with what to do, or a result; never an abort.
#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_for_a_batch_is_an_error() {
    let desk = Desk::new();
    let rows: String = (0..400).map(|i| format!("{},{},{}\n", i * 7 % 401, i % 11, i * i % 13)).collect();
    desk.write("t.csv", format!("a,b,y\n{rows}"));
    let train = |limit: usize, options: &str| {
        let train = format!("{{}} train t.csv --target y --task regression --epochs 1 --threads 2 --quiet {options}");
        Run::of(&mut shell(&desk, &format!("ulimit -v {limit}; exec {train}")))
    };
    for (limit, options) in [
        (700_000, "--hidden 200000 --batch-size 280 --output big"),
        (850_000, "--hidden 100000,16 --activation gelu --batch-size 280 --output big"),
        (700_000, "--hidden 100000 --norm batch --batch-size 280 --output big"),
        (500_000, "--hidden 200000 --batch-size 280 --dtype f32 --output big"),
    ] {
        let run = train(limit, options);
        assert_eq!(run.code, 1, "{options}: {}", run.stderr);
        assert!(run.stderr.starts_with("error: the training needs about "), "{options}: {}", run.stderr);
        let help = run.stderr.lines().nth(1).unwrap();
        let size = help.strip_prefix("help: use a smaller --batch-size: ").and_then(|rest| rest.strip_suffix(" fits"));
        // and it does fit
        let (before, _) = options.split_once("--batch-size").unwrap();
        let dtype = if options.contains("f32") { "--dtype f32" } else { "" };
        let run = train(limit, &format!("{before} {dtype} --batch-size {} --output fits --force", size.unwrap()));
        assert_eq!(run.code, 0, "{options}, {help}: {}", run.stderr);
        assert!(!desk.path("big").exists());
    }
    // the weights alone
    let run = train(200_000, "--hidden 1500000 --batch-size 1 --output big");
    assert!(run.stderr.starts_with("error: network size: expected a network that fits into memory"), "{}", run.stderr);
    let run = train(300_000, "--hidden 1000000 --batch-size 1 --output big");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let help = run.stderr.lines().nth(1);
    assert_eq!(help, Some("help: use fewer --hidden units, or --dtype f32, which takes half of the memory"));
}

/// Scores and baselines take fewer rows at a time.
#[cfg(target_os = "linux")]
#[test]
fn scores_fit_where_the_training_fits() {
    let desk = Desk::new();
    let rows: String = (0..3000).map(|i| format!("{},{},{}\n", i % 7, i % 11, i * i % 13)).collect();
    desk.write("t.csv", format!("a,b,y\n{rows}"));
    let train =
        "train t.csv --target y --task regression --epochs 1 --threads 2 --quiet --hidden 100000 --batch-size 8 --json";
    let limited = |arguments: &str| Run::of(&mut shell(&desk, &format!("ulimit -v 400000; exec {{}} {arguments}")));
    let run = limited(&format!("{train} --output run"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (few, all) = (run.json(), desk.ok(&format!("{train} --output free")).json());
    assert_eq!((&few["test"], &few["validation"]), (&all["test"], &all["validation"]));
    for command in ["evaluate run t.csv", "predict run t.csv"] {
        let run = limited(command);
        assert_eq!((run.code, run.stdout), (0, desk.ok(command).stdout), "{command}: {}", run.stderr);
    }
}

/// Without a terminal, a training says from time to time where it is.
#[test]
fn a_long_training_shows_that_it_lives() {
    let desk = desk();
    let train = format!("train flowers.csv --target species {ENDLESS}");
    let errors = File::create(desk.path("err")).unwrap();
    let mut loud =
        desk.command(&format!("{train} --output loud")).stdout(Stdio::null()).stderr(errors).spawn().unwrap();
    let quiet = start(&mut desk.command(&format!("{train} --quiet --output quiet")));
    while !desk.text("err").contains(" of 18 446 744 073 709 551 615, loss ") {
        sleep(Duration::from_millis(100));
    }
    send(&loud, "-INT");
    assert_eq!(loud.wait().unwrap().code(), Some(130));
    send(&quiet, "-INT");
    let run = end(quiet);
    assert!(!run.stderr.contains(", loss "), "{}", run.stderr);
}
