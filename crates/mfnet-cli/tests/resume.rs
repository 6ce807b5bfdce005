//! `--resume`: a run that was stopped ends in the files of a run that was never stopped.
//!
//! `MFNET_KILLS=200` sets how often the program is killed; without it a few times.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Desk, Run, fails, files, flowers};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mfnet");

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk
}

/// The files of a run, without times and the number of threads.
fn results(desk: &Desk, run: &str) -> (Vec<u8>, Vec<String>, Value) {
    let mut metrics: Value = serde_json::from_str(&desk.text(&format!("{run}/metrics.json"))).unwrap();
    let timed = ["seconds", "samples_per_second", "threads", "threads_that_worked", "output"];
    metrics.as_object_mut().unwrap().retain(|name, _| !timed.contains(&name.as_str()));
    let history = desk.text(&format!("{run}/history.csv"));
    let column = history.lines().next().unwrap().split(',').position(|name| name == "seconds").unwrap();
    let seconds_apart = |line: &str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields.remove(column);
        fields.join(",")
    };
    (desk.read(&format!("{run}/model.safetensors")), history.lines().map(seconds_apart).collect(), metrics)
}

fn start(desk: &Desk, arguments: &str) -> Child {
    desk.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Kills the program after some time, with `kill -9`. Returns what it printed.
fn killed_after(desk: &Desk, arguments: &str, time: Duration) -> Run {
    let mut child = start(desk, arguments);
    sleep(time);
    // it may have ended already
    let _ = child.kill();
    Run::from(child.wait_with_output().unwrap())
}

/// Waits until something is so; half a minute is more than it takes.
fn wait_until(is_so: impl Fn() -> bool) {
    for _ in 0..6000 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("waited in vain");
}

/// The number of the newest checkpoint in a folder.
fn newest(desk: &Desk, folder: &str) -> u64 {
    let entries = fs::read_dir(desk.path(folder)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| name.strip_suffix(".safetensors")?.parse().ok()).max().unwrap_or(0)
}

#[test]
fn killed_at_any_moment() {
    let kills: usize = std::env::var("MFNET_KILLS").map_or(8, |kills| kills.parse().unwrap());
    let (mut random, mut went_on) = (1_u64, 0);
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let desk = desk();
    for dtype in ["f64", "f32"] {
        let options = format!(
            "train digits --ensemble 2 --hidden 96,64 --dropout 0.2 --dropout-schedule cosine --label-smoothing 0.1 --label-smoothing-schedule one-cycle --norm batch --epochs 25 --dtype {dtype} --no-baselines --quiet"
        );
        let clock = Instant::now();
        desk.ok(&format!("{options} --checkpoint-every 1 --output whole-{dtype}"));
        let whole = clock.elapsed();
        let expected = results(&desk, &format!("whole-{dtype}"));
        for number in 0..kills / 2 {
            let run = format!("{dtype}-{number}");
            let begin = format!("{options} --checkpoint-every 1 --output {run}");
            let ended = killed_after(&desk, &begin, whole * (10 + next(90) as u32) / 100);
            let mut is_over = ended.code == 0;
            // killed again once in a while
            let mut times = next(3);
            while !is_over {
                let threads = 1 + next(3);
                let resume = format!("train --resume {run} --threads {threads}");
                let one = if times > 0 {
                    killed_after(&desk, &resume, whole * (10 + next(50) as u32) / 100)
                } else {
                    desk.run(&resume)
                };
                times = times.saturating_sub(1);
                is_over = one.code == 0;
                went_on += usize::from(is_over && !one.stderr.contains("continuing from the start"));
                if one.code == 1 {
                    // before the first checkpoint
                    assert!(one.stderr.contains("there is no checkpoint to continue from"), "{}", one.stderr);
                    let again = desk.ok(&format!("{begin} --force"));
                    is_over = again.code == 0;
                }
            }
            let found = results(&desk, &run);
            assert!(found.0 == expected.0, "{run}: other weights");
            assert_eq!(found.1, expected.1, "{run}");
            assert_eq!(found.2, expected.2, "{run}");
            assert!(
                !desk.path(&format!("{run}/checkpoint")).exists()
                    && !desk.path(&format!("{run}/UNFINISHED.txt")).exists()
            );
        }
    }
    println!("{went_on} of {kills} went on from a checkpoint");
    assert!(2 * went_on >= kills, "{went_on} of {kills} runs went on from a checkpoint");
}

#[test]
fn after_a_signal() {
    let desk = desk();
    let train = "train flowers.csv --target species --hidden 64 --epochs 20000 --early-stopping 0 --split-seed 3";
    desk.ok(&format!("{train} --output whole"));
    for signal in ["-INT", "-TERM"] {
        let run = format!("run{signal}");
        let child = start(&desk, &format!("{train} --output {run}"));
        wait_until(|| desk.path(&format!("{run}/history.csv")).exists());
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let stopped = Run::from(child.wait_with_output().unwrap());
        assert!(stopped.code > 128, "{}", stopped.stderr);
        assert!(
            stopped.stderr.ends_with(&format!("\nto continue: mfnet train --resume {run}\n")),
            "{}",
            stopped.stderr
        );
        assert_eq!(files(&desk.path(&format!("{run}/checkpoint"))), ["1.safetensors"]);
        let resumed = desk.ok(&format!("train --resume {run}"));
        assert!(resumed.stderr.contains("\ncontinuing after epoch "), "{}", resumed.stderr);
        assert!(results(&desk, &run) == results(&desk, "whole"));
        assert_eq!(files(&desk.path(&run)), ["history.csv", "metrics.json", "model.safetensors", "report.html"]);
        let (whole, report) = (desk.text("whole/report.html"), desk.text(&format!("{run}/report.html")));
        assert_eq!(whole.matches("<svg").count(), report.matches("<svg").count());
    }
}

#[test]
fn folds_go_on() {
    let desk = desk();
    let train = "train flowers.csv --target width --folds 3 --hidden 8 --epochs 1000 --early-stopping 0 --quiet";
    desk.ok(&format!("{train} --output whole"));
    let mut child = start(&desk, &format!("{train} --checkpoint-every 20 --output run"));
    wait_until(|| newest(&desk, "run/fold-2/checkpoint") > 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(desk.path("run/UNFINISHED.txt").exists());
    let resumed = desk.ok("train --resume run");
    let said = ["\nthe training ended with epoch 1000; its scores follow\n", "\ncontinuing after epoch "];
    assert!(said.iter().all(|said| resumed.stderr.contains(said)), "{}", resumed.stderr);
    for fold in 1..=3 {
        let results = |run: &str| results(&desk, &format!("{run}/fold-{fold}"));
        assert!(results("run") == results("whole"), "{fold}");
        assert!(!desk.path(&format!("run/fold-{fold}/checkpoint")).exists());
    }
    let metrics = |run: &str| -> Value { serde_json::from_str(&desk.text(&format!("{run}/metrics.json"))).unwrap() };
    assert_eq!(metrics("run")["mean"], metrics("whole")["mean"]);
}

/// The folder of a fold is not a run.
#[test]
fn the_folder_of_a_fold() {
    let desk = desk();
    let train = "train flowers.csv --target width --folds 3 --hidden 8 --epochs 100000 --early-stopping 0 --quiet";
    let mut child = start(&desk, &format!("{train} --checkpoint-every 1 --output runs/folds"));
    wait_until(|| newest(&desk, "runs/folds/fold-1/checkpoint") > 1);
    child.kill().unwrap();
    child.wait().unwrap();
    let message = "this is the folder of a fold, which is continued with the others";
    let run = fails(&desk, 1, "train --resume runs/folds/fold-1", &format!("runs/folds/fold-1: {message}"));
    assert!(run.stderr.ends_with("help: mfnet train --resume runs/folds\n"), "{}", run.stderr);
    let mut inside = desk.command("train ../../flowers.csv --target width --folds 3 --resume fold-1");
    let run = Run::of(inside.current_dir(desk.path("runs/folds")));
    assert!(run.code == 1 && run.stderr.contains(&format!("fold-1: {message}")), "{}", run.stderr);
    assert!(run.stderr.ends_with("/runs/folds\n"), "{}", run.stderr);
    assert!(!desk.path("runs/folds/fold-1/fold-1").exists());
}

/// A file and a folder whose names are not UTF-8.
#[test]
fn names_that_are_not_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let desk = desk();
    let [data, run] = [&b"flow\xffers.csv"[..], b"r\xffun"].map(OsStr::from_bytes);
    fs::write(desk.path(".").join(data), flowers()).unwrap();
    let train = |run: &OsStr, more: &str| {
        let mut command = desk.command("train");
        command.arg(data).arg("--output").arg(run);
        command.args("--target species --hidden 16 --epochs 4000 --early-stopping 0 --quiet".split(' '));
        command.args(more.split_whitespace());
        command
    };
    let whole = Run::of(&mut train(OsStr::new("whole"), ""));
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    let mut command = train(run, "--checkpoint-every 1");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let checkpoints = desk.path(".").join(run).join("checkpoint");
    wait_until(|| fs::read_dir(&checkpoints).is_ok_and(|entries| entries.count() > 1));
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = Run::of(desk.command("train --resume").arg(run));
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let model = |run: &OsStr| fs::read(desk.path(".").join(run).join("model.safetensors")).unwrap();
    assert!(model(run) == model(OsStr::new("whole")));
}

/// The last checkpoint stays, and the optimizer of a warm start goes on from it.
#[test]
fn a_warm_start_with_the_optimizer() {
    let desk = desk();
    let plain = "train flowers.csv --target species --hidden 8 --schedule constant --epochs 3 --quiet";
    for ensemble in ["", "--ensemble 2"] {
        desk.ok(&format!("{plain} {ensemble} --keep-checkpoint --output first --force"));
        assert_eq!(
            files(&desk.path("first")),
            ["checkpoint", "history.csv", "metrics.json", "model.safetensors", "report.html"]
        );
        let warm = "train flowers.csv --schedule constant --epochs 500 --early-stopping 0 --quiet --warm-start first";
        desk.ok(&format!("{warm} --output without --force"));
        desk.ok(&format!("{warm} --warm-optimizer --output with --force"));
        let rows = |run: &str| results(&desk, run).1;
        assert!(rows("with")[1] != rows("without")[1], "other first epochs");
        let described = desk.ok("inspect with").stdout;
        assert!(described.contains("\n  warm_optimizer: true\n"), "{described}");
        // killed, and resumed
        let _ = fs::remove_dir_all(desk.path("killed"));
        let mut child = start(&desk, &format!("{warm} --warm-optimizer --checkpoint-every 1 --output killed"));
        wait_until(|| newest(&desk, "killed/checkpoint") > 1 || desk.path("killed/metrics.json").exists());
        child.kill().unwrap();
        child.wait().unwrap();
        if desk.path("killed/UNFINISHED.txt").exists() {
            desk.ok("train --resume killed");
        }
        assert!(results(&desk, "killed") == results(&desk, "with"));
    }
    desk.ok(&format!("{plain} --keep-checkpoint --output first --force"));
    let warm = "train flowers.csv --warm-start first --warm-optimizer";
    let run = desk.run(&format!("{warm} --optimizer adam"));
    assert!(run.code == 1 && run.stderr.contains("its optimizer is adamw, not adam"), "{}", run.stderr);
    assert!(!desk.path("runs").exists());
    let run = desk.run(&format!("{warm} --optimizer lbfgs"));
    assert!(
        run.code == 2 && run.stderr.contains("--optimizer lbfgs cannot be used with --warm-optimizer"),
        "{}",
        run.stderr
    );
    let needs = "--warm-optimizer needs --warm-start, whose optimizer goes on";
    fails(&desk, 2, "train flowers.csv --target species --warm-optimizer", needs);
    fs::remove_dir_all(desk.path("first/checkpoint")).unwrap();
    let run = fails(&desk, 2, warm, "--warm-optimizer: there is no checkpoint in first/checkpoint");
    let help = "help: leave --warm-optimizer out, or train the model with --keep-checkpoint\n";
    assert!(run.stderr.ends_with(help), "{}", run.stderr);
}

/// A run that was killed after some checkpoints.
fn stopped(desk: &Desk, options: &str) {
    let train = "train flowers.csv --target species --hidden 8 --epochs 100000 --early-stopping 0 --no-baselines";
    let mut child = start(desk, &format!("{train} {options} --checkpoint-every 1 --output run"));
    wait_until(|| newest(desk, "run/checkpoint") > 2);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_cannot_be_resumed() {
    let desk = desk();
    stopped(&desk, "");
    let differs = |what: &str| format!("run: --{what} in this run, not ");
    for (options, message) in [
        ("--epochs 7", differs("epochs is 100000") + "7"),
        ("--hidden 9", differs("hidden is [8]") + "[9]"),
        ("--learning-rate 0.5", differs("learning-rate is 0.001") + "0.5"),
        ("--target width", differs("target is [\"species\"]") + "[\"width\"]"),
        ("--weight-decay 0 --seed 1", differs("seed is 0") + "1"),
    ] {
        fails(&desk, 2, &format!("train --resume run {options}"), &message);
    }
    assert_eq!(desk.run("train --resume run --output other").code, 2);
    // the whole command again, with something else
    let train = "train flowers.csv --target species --hidden 8 --early-stopping 0 --no-baselines --resume run";
    let run = desk.run(&format!("{train} --epochs 99"));
    assert!(
        run.code == 1 && run.stderr.contains("the checkpoint is of another training: its --epochs is 100000, not 99"),
        "{}",
        run.stderr
    );
    // other data
    desk.write("flowers.csv", flowers().replacen("7", "8", 1));
    let run = desk.run("train --resume run");
    assert!(
        run.code == 1 && run.stderr.ends_with("help: the data have changed since the run began: start a new run\n"),
        "{}",
        run.stderr
    );
    desk.write("flowers.csv", flowers());
    fs::remove_dir_all(desk.path("run/checkpoint")).unwrap();
    let run = fails(&desk, 1, "train --resume run", "run: there is no checkpoint to continue from");
    assert!(run.stderr.contains("help: "), "{}", run.stderr);
    fails(&desk, 1, "train --resume no-run", "no-run: expected the folder of a run, found nothing");
    fails(&desk, 1, "train --resume flowers.csv", "flowers.csv: expected the folder of a run, found a file");
    desk.ok("train flowers.csv --target species --epochs 2 --output whole");
    let run = fails(&desk, 1, "train --resume whole", "whole: there is no checkpoint to continue from");
    assert!(run.stderr.contains("mfnet train DATA --warm-start whole"), "{}", run.stderr);
    let run = desk.run("train flowers.csv --target species --checkpoint-every 0");
    assert!(run.code == 2 && run.stderr.contains("expected a number of epochs such as 5, or a time"), "{}", run.stderr);
}

#[test]
fn a_damaged_checkpoint_falls_back_to_the_one_before() {
    let desk = desk();
    stopped(&desk, "--schedule constant");
    let newest = format!("{}.safetensors", newest(&desk, "run/checkpoint"));
    let path = desk.path(&format!("run/checkpoint/{newest}"));
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
    let child = start(&desk, "train --resume run");
    sleep(Duration::from_millis(300));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let run = Run::from(child.wait_with_output().unwrap());
    let warning = format!("warning: run/checkpoint/{newest}: this is not a complete safetensors file: ");
    assert!(run.stderr.starts_with(&warning), "{}", run.stderr);
    assert!(run.stderr.contains("; mfnet uses the checkpoint before it\n"), "{}", run.stderr);
    assert!(run.stderr.contains("\ncontinuing after epoch "), "{}", run.stderr);
}

/// A file may grow to a limit only, which is what a full disk looks like to the program.
#[test]
fn a_disk_that_is_full_for_checkpoints() {
    let desk = desk();
    let train =
        "train flowers.csv --target species --hidden 2048 --epochs 40 --early-stopping 0 --no-baselines --quiet";
    desk.ok(&format!("{train} --output whole"));
    let line = format!("trap '' XFSZ; ulimit -f 600; exec {PROGRAM} {train} --checkpoint-every 5 --output run");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(desk.path(".")).stdin(Stdio::null());
    let run = Run::of(&mut shell);
    assert!(run.stderr.starts_with("warning: run/checkpoint/1.safetensors: cannot write: "), "{}", run.stderr);
    assert!(desk.read("run/model.safetensors") == desk.read("whole/model.safetensors"));
}

/// A shell that may mount a disk, and runs a script in the folder of the desk.
fn shell(desk: &Desk, script: &str) -> Run {
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script]).current_dir(desk.path(".")).stdin(Stdio::null());
    command.output().map_or(Run { code: -1, stdout: String::new(), stderr: String::new() }, Run::from)
}

/// A disk of its own for a run, which gets full at any write; then there is room again, and the run goes on. It needs a
/// system that lets a program mount a disk in memory; without one this says that it was not run.
#[test]
fn a_disk_that_is_full_at_any_write() {
    let disks: usize = std::env::var("MFNET_DISKS").map_or(8, |disks| disks.parse().unwrap());
    let desk = desk();
    fs::create_dir(desk.path("disk")).unwrap();
    if shell(&desk, "mount -t tmpfs -o size=1m none disk").code != 0 {
        eprintln!("not run, because this system mounts no disk in memory: a disk that is full at any write");
        return;
    }
    let train = "train digits --ensemble 2 --hidden 32,16 --dropout 0.2 --norm batch --epochs 12 --no-baselines \
                 --checkpoint-every 1 --quiet";
    desk.ok(&format!("{train} --output whole"));
    let expected = results(&desk, "whole");
    let (mut random, mut failed, mut went_on) = (7_u64, 0, 0);
    for number in 0..disks {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // a model has 50 kB, a checkpoint 250
        let size = 4 * (1 + (random >> 33) % 400);
        let (run, threads) = (format!("disk/run-{number}"), 1 + number % 3);
        let script = format!(
            "mount -t tmpfs -o size={size}k none disk
             {PROGRAM} {train} --output {run} 2> first.txt; first=$?
             mount -o remount,size=50m none disk
             if [ $first != 0 ]; then
                 {PROGRAM} train --resume {run} --threads {threads} 2> then.txt || {PROGRAM} {train} --output {run} --force 2> again.txt || exit 2
             fi
             cp -r {run} kept-{number} && exit $first"
        );
        let run = shell(&desk, &script);
        let said =
            ["first.txt", "then.txt", "again.txt"].map(|file| fs::read_to_string(desk.path(file)).unwrap_or_default());
        assert!(run.code < 2, "{size} kB: {said:?} {}", run.stderr);
        if run.code == 1 {
            failed += 1;
            assert!(said[0].contains("No space left on device"), "{size} kB: {}", said[0]);
            went_on += usize::from(said[1].contains("continuing after epoch") || said[1].contains("training ended"));
        }
        let found = results(&desk, &format!("kept-{number}"));
        assert!(found == expected, "{size} kB: {said:?}");
    }
    println!("{failed} of {disks} runs failed, of which {went_on} went on from a checkpoint");
    assert!(failed > 0);
}
