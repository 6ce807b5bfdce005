//! `mfnet tune`: the same result for any number of workers, after kills, and on several machines.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use common::{Desk, Run, files, flowers};
use serde_json::Value;

/// A small search.
const SEARCH: &str = "tune flowers.csv --target species --validation-fraction 0.2 --trials 8 --round 4 --epochs 9 --seed 3 --space space.toml";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.write("space.toml", "learning_rate = { low = 1e-4, high = 1, log = true }\nhidden = [[4], [8], [8, 8]]\n");
    desk
}

/// The files of a search that do not depend on the command that made it.
fn results(desk: &Desk, search: &str) -> Vec<(String, Vec<u8>)> {
    let trials = files(&desk.path(&format!("{search}/trials"))).into_iter().map(|name| format!("trials/{name}"));
    let others = ["best.toml", "trials.csv", "best/model.safetensors", "default/model.safetensors"];
    let all = trials.chain(others.map(str::to_owned));
    let mut all: Vec<(String, Vec<u8>)> =
        all.map(|name| (name.clone(), fs::read(desk.path(&format!("{search}/{name}"))).unwrap_or_default())).collect();
    let mut json: Value = serde_json::from_str(&desk.text(&format!("{search}/results.json"))).unwrap();
    json.as_object_mut().unwrap().remove("output");
    all.push(("results.json".to_owned(), json.to_string().into_bytes()));
    all
}

fn assert_same(desk: &Desk, search: &str, expected: &[(String, Vec<u8>)]) {
    let found = results(desk, search);
    let names = |all: &[(String, Vec<u8>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&found), names(expected), "{search}");
    for ((name, found), (_, expected)) in found.iter().zip(expected) {
        assert!(found == expected, "{search}/{name}: {}", String::from_utf8_lossy(found));
    }
}

/// The program failed with this code and an error that begins so.
fn refused(run: &Run, code: i32, error: &str) {
    assert!(run.stderr.starts_with(&format!("error: {error}")), "{}", run.stderr);
    assert_eq!((run.code, run.stdout.as_str()), (code, ""));
}

#[test]
fn a_search_and_its_files() {
    let desk = desk();
    let run = desk.ok(&format!("{SEARCH} --output search"));
    assert!(run.stdout.contains("best settings: search/best.toml"), "{}", run.stdout);
    assert!(run.stdout.contains("Test rows, which no choice depends on"), "{}", run.stdout);
    assert!(run.stderr.contains("round 1 of 2; best log loss"), "{}", run.stderr);
    let mut of_search = vec![
        "best",
        "best.toml",
        "default",
        "report.html",
        "results.json",
        "search.json",
        "space.toml",
        "trials",
        "trials.csv",
    ];
    let json: Value = serde_json::from_str(&desk.text("search/results.json")).unwrap();
    if json["best"]["trial"] == 0 {
        of_search.retain(|name| *name != "default");
    }
    assert_eq!(files(&desk.path("search")), of_search);
    assert_eq!((&json["trials"], &json["complete"], &json["metric"]), (&8.into(), &true.into(), &"log-loss".into()));
    // what the page says about the test rows is what the runs say
    let metrics: Value = serde_json::from_str(&desk.text("search/best/metrics.json")).unwrap();
    assert_eq!(json["best"]["test"], metrics["test"]);
    // the recipe gives the same model
    desk.ok("train flowers.csv --recipe search/best.toml --output again --quiet");
    assert!(desk.read("again/model.safetensors") == desk.read("search/best/model.safetensors"));
    // trial 0 is what train makes
    desk.ok(
        "train flowers.csv --target species --validation-fraction 0.2 --epochs 9 --seed 3 --output default --quiet",
    );
    let default = if json["best"]["trial"] == 0 { "best" } else { "default" };
    assert!(desk.read("default/model.safetensors") == desk.read(&format!("search/{default}/model.safetensors")));
    // the folder of the search is that of its best model
    let predicted = ["search", "search/best"].map(|model| desk.ok(&format!("predict {model} flowers.csv")).stdout);
    assert_eq!(predicted[0], predicted[1]);
    // a search that is complete can be shown again
    let expected = results(&desk, "search");
    let again = desk.ok("tune --resume search --json").json();
    assert_eq!(again, json);
    assert_same(&desk, "search", &expected);
    assert_eq!(desk.ok("tune --resume search --pending").stdout, "");
}

#[test]
fn any_number_of_workers_and_kills() {
    let desk = desk();
    desk.ok(&format!("{SEARCH} --output one --workers 1 --quiet"));
    let expected = results(&desk, "one");
    desk.ok(&format!("{SEARCH} --output three --workers 3 --threads 2 --quiet"));
    // the number of threads is a field of the recipe
    let apart =
        |all: &[(String, Vec<u8>)]| all.iter().filter(|(name, _)| name != "best.toml").cloned().collect::<Vec<_>>();
    assert!(apart(&results(&desk, "three")) == apart(&expected));
    // kill -9 of the search, of a worker, and signals, at several moments
    for (number, kill) in ["-KILL", "worker", "-INT", "-TERM", "-KILL", "worker"].into_iter().enumerate() {
        let name = format!("killed-{number}");
        let mut command = format!("{SEARCH} --output {name} --workers 2 --quiet");
        for attempt in 0_u64.. {
            let child = desk.command(&command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            sleep(Duration::from_millis(60 + 50 * number as u64 + 90 * attempt));
            let id = child.id().to_string();
            if attempt < 4 {
                let _ = match kill {
                    "worker" => Command::new("pkill").args(["-KILL", "-P", &id]).status(),
                    signal => Command::new("kill").args([signal, &id]).stderr(Stdio::null()).status(),
                };
            }
            let run = Run::from(child.wait_with_output().unwrap());
            if run.code == 0 {
                break;
            }
            assert!(run.code != 1 && run.code != 2, "{kill}: {}", run.stderr);
            if desk.path(&format!("{name}/search.json")).exists() {
                command = format!("tune --resume {name} --quiet");
            } else {
                let _ = fs::remove_dir_all(desk.path(&name));
            }
        }
        assert_same(&desk, &name, &expected);
        assert!(!desk.path(&format!("{name}/UNFINISHED.txt")).exists());
    }
}

/// As on several machines: names are printed, each is trained by a command of its own.
#[test]
fn trainings_by_name() {
    let desk = desk();
    desk.ok(&format!("{SEARCH} --output whole --quiet"));
    assert_eq!(desk.ok(&format!("{SEARCH} --output search --prepare --quiet")).stdout, "search\n");
    let pending = || desk.ok("tune --resume search --pending").stdout.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(pending(), ["0000-0", "0001-0", "0002-0", "0003-0"]);
    refused(
        &desk.run("tune --resume search --train 0000-1"),
        1,
        "search: the training 0000-1 cannot run now\nhelp: those that can are 0000-0, 0001-0, 0002-0, 0003-0",
    );
    loop {
        let names = pending();
        let Some(last) = names.last() else { break };
        assert_eq!(desk.ok(&format!("tune --resume search --train {last} --threads 1")).stdout, "");
        // once more changes nothing
        desk.ok(&format!("tune --resume search --train {last}"));
    }
    desk.ok("tune --resume search --quiet");
    assert_same(&desk, "search", &results(&desk, "whole"));
}

/// The program of docs/at-scale.md, with two workers of Ray, whose trainings are killed; where the
/// environment variable MFNET_RAY names a Python that has Ray. Without it this says so.
#[test]
fn ray_runs_the_same_search() {
    let Some(python) = std::env::var_os("MFNET_RAY").filter(|python| !python.is_empty()) else {
        eprintln!("not run, because MFNET_RAY is not set: a search with Ray");
        return;
    };
    let desk = desk();
    desk.ok(&format!("{SEARCH} --output whole --quiet"));
    desk.ok(&format!("{SEARCH} --output rays --prepare --quiet"));
    let page = include_str!("../../../docs/at-scale.md");
    let program = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(program.lines().count() <= 25, "the program is longer than the page says");
    desk.write("search.py", program.replace("ray.init()", "ray.init(num_cpus=2, include_dashboard=False)"));
    // a training run is killed after its begin, and a worker of Ray with the run that it waits for
    let program = env!("CARGO_BIN_EXE_mfnet");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n\
         *'--train 0001-0'*) [ -e killed-run ] || {{ : > killed-run; {program} \"$@\" & kill -9 $!; kill -9 $$; }} ;;\n\
         *'--train 0002-0'*) [ -e killed-worker ] || {{ : > killed-worker; kill -9 $PPID; kill -9 $$; }} ;;\n\
         esac\nexec {program} \"$@\"\n"
    );
    fs::create_dir(desk.path("bin")).unwrap();
    desk.write("bin/mfnet", script);
    fs::set_permissions(desk.path("bin/mfnet"), fs::Permissions::from_mode(0o755)).unwrap();
    let before = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths([desk.path("bin")].into_iter().chain(std::env::split_paths(&before))).unwrap();
    let mut search = Command::new(python);
    let run = Run::of(search.args(["search.py", "rays"]).current_dir(desk.path(".")).env("PATH", path));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(desk.path("killed-run").exists() && desk.path("killed-worker").exists());
    assert!(run.stdout.contains("best settings: rays/best.toml"), "{}", run.stdout);
    assert_same(&desk, "rays", &results(&desk, "whole"));
}

#[test]
fn a_time_limit() {
    let desk = desk();
    let search = "tune flowers.csv --target species --validation-fraction 0.2 --epochs 9 --space space.toml --quiet";
    let run = desk.ok(&format!("{search} --time-limit 2s --output limited"));
    assert!(
        run.stdout.starts_with("The time limit was reached: the result depends on the speed of the machine."),
        "{}",
        run.stdout
    );
    let json: Value = serde_json::from_str(&desk.text("limited/results.json")).unwrap();
    assert_eq!(json["complete"], false);
    // it goes on for as long again
    desk.ok("tune --resume limited --quiet");
    let more: Value = serde_json::from_str(&desk.text("limited/results.json")).unwrap();
    assert!(more["trainings"].as_u64() > json["trainings"].as_u64(), "{more}");
}

#[test]
fn wrong_searches() {
    let desk = desk();
    let search = "tune flowers.csv --target species --validation-fraction 0.2";
    for (command, code, error) in [
        (format!("{search} --trials 1"), 2, "--trials: expected a whole number of at least 2, found 1"),
        (format!("{search} --round 2"), 2, "--round: expected a whole number from 3 to 10000, found 2"),
        (format!("{search} --time-limit 5"), 2, "--time-limit: expected a time such as 30s, 10m or 2h, found \"5\""),
        (format!("{search} --workers 0"), 2, "--workers: expected a whole number from 1 to 1000, found 0"),
        (format!("{search} --time-limit 1m --prepare"), 2, "--time-limit cannot be used with --prepare"),
        (format!("{search} --train 0000-0"), 2, "--resume <SEARCH> is missing"),
        (format!("{search} --folds 3"), 2, "mfnet tune compares trials on the validation rows, not with --folds"),
        (
            "tune flowers.csv --target species".to_owned(),
            2,
            "a search compares trials on the validation rows, but there are none",
        ),
        (
            format!("{search} --hidden 8 --space space.toml"),
            2,
            "--hidden is given, but the space of the search also has it",
        ),
        (format!("{search} --space none.toml"), 1, "none.toml: cannot read"),
        (
            "tune - --target species".to_owned(),
            2,
            "mfnet tune reads the data more than once, so it cannot read the standard input",
        ),
        (format!("{search} --pending"), 2, "--resume <SEARCH> is missing"),
        ("tune --resume flowers.csv".to_owned(), 1, "flowers.csv: expected the folder of a search, found a file"),
        ("tune --resume .".to_owned(), 1, ".: expected the folder of a search, found no search.json"),
        ("tune --resume nothing".to_owned(), 1, "nothing: expected the folder of a search, found nothing"),
    ] {
        refused(&desk.run(&command), code, error);
    }
    desk.write("wrong.toml", "hidden = [[4]]\n\nseed = [1, 2]\n");
    refused(&desk.run(&format!("{search} --space wrong.toml")), 1, "wrong.toml, line 3: seed cannot be searched");
    // every setting is given
    let all = "--hidden 8 --activation relu --dropout 0.1 --learning-rate 0.01 --weight-decay 0.1 --batch-size 8 --scale standard --label-smoothing 0.1";
    refused(&desk.run(&format!("{search} {all}")), 2, "all settings that are usually searched are given");
    assert!(!desk.path("runs").exists());

    for (space, error) in [
        ("optimizer = ['adamw', 'lbfgs']", "--optimizer lbfgs cannot be used with --dropout"),
        ("loss = ['cross-entropy', 'mae']", "--loss mae does not fit a classification"),
        ("dropout = [0.1]", "--dropout is given, but the space"),
    ] {
        desk.write("odd.toml", space);
        refused(&desk.run(&format!("{search} --dropout 0.1 --space odd.toml")), 2, error);
    }

    desk.ok(&format!("{SEARCH} --output search --prepare --quiet"));
    for (option, error) in [
        ("--seed 7", "--resume uses the settings of the search, not --seed"),
        ("--recipe best.toml", "--resume uses the settings of the search, not --recipe"),
        ("flowers.csv", "--resume uses the data of the search"),
    ] {
        refused(&desk.run(&format!("tune --resume search {option}")), 2, error);
    }
    refused(&desk.run(&format!("{SEARCH} --output search")), 1, "search: the output folder already exists");
    desk.write("search/trials/0000-0.json", "{");
    refused(&desk.run("tune --resume search --pending"), 1, "search/trials/0000-0.json: damaged: ");
    let record = r#"{"trial":1,"rung":0,"epochs":1,"settings":{},"score":null,"best_epoch":null,"error":"it failed"}"#;
    desk.write("search/trials/0000-0.json", record);
    refused(
        &desk.run("tune --resume search --pending"),
        1,
        "search/trials/0000-0.json: found the result of training 0001-0",
    );
    fs::remove_file(desk.path("search/trials/0000-0.json")).unwrap();
    // other data
    desk.write("flowers.csv", flowers() + "5.1,3.5,1,setosa\n");
    refused(&desk.run("tune --resume search"), 1, "search: data changed since the search began");
    let text = desk.text("search/search.json");
    for (wrong, error) in [
        (
            text.replace("\"version\":1", "\"version\":2"),
            "search/search.json: a later version of mfnet wrote this search",
        ),
        (text.replace("\"round\":4", "\"round\":0"), "search/search.json: damaged: round of a search: found 0"),
        ("{}".to_owned(), "search/search.json: damaged: no version"),
    ] {
        desk.write("search/search.json", wrong);
        refused(&desk.run("tune --resume search"), 1, error);
    }
}

/// A training run that is interrupted is not made, and says so by its exit code, also as the first process of
/// a container.
#[test]
fn interrupted_training_runs() {
    let desk = desk();
    let slow =
        "tune flowers.csv --target species --validation-fraction 0.2 --epochs 1000000 --output slow --prepare --quiet";
    desk.ok(slow);
    for signal in ["-INT", "-TERM"] {
        let child = desk.command("tune --resume slow --train 0000-0").stderr(Stdio::piped()).spawn().unwrap();
        sleep(Duration::from_millis(400));
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let code = child.wait_with_output().unwrap().status.code();
        assert_eq!(code, Some(if signal == "-INT" { 130 } else { 143 }));
        assert!(files(&desk.path("slow/trials")).is_empty());
    }
    // an orphan has the process 1 as its parent, or one that takes over
    desk.ok(&format!("{SEARCH} --output search --prepare --quiet"));
    let program = env!("CARGO_BIN_EXE_mfnet");
    let orphan = format!("({program} tune --resume search --train 0000-0 >/dev/null 2>&1 &) ; exit 0");
    Command::new("sh").args(["-c", &orphan]).current_dir(desk.path(".")).status().unwrap();
    for _ in 0..600 {
        if desk.path("search/trials/0000-0.json").exists() {
            return;
        }
        sleep(Duration::from_millis(20));
    }
    panic!("waited in vain");
}

/// A space without ranges has an end: no recipe is trained twice.
#[test]
fn a_space_of_few_settings() {
    let desk = desk();
    desk.write("space.toml", "norm = ['batch', 'layer']\nactivation = ['relu', 'tanh']\n");
    let search =
        "tune flowers.csv --target species --validation-fraction 0.2 --epochs 3 --trials 30 --space space.toml";
    let json = desk.ok(&format!("{search} --json --quiet")).json();
    assert_eq!(json["trials"], 5);
    let settings: std::collections::BTreeSet<String> = files(&desk.path("runs/flowers-tune-1/trials"))
        .into_iter()
        .filter(|name| name.ends_with("-0.json"))
        .map(|name| desk.text(&format!("runs/flowers-tune-1/trials/{name}")))
        .map(|text| serde_json::from_str::<Value>(&text).unwrap()["settings"].to_string())
        .collect();
    assert_eq!(settings.len(), 5);
}

/// What a failing trial says, and that it is no reason to stop.
#[test]
fn trials_that_fail() {
    let desk = desk();
    desk.write("space.toml", "learning_rate = [1e300, 0.001]\nactivation = ['identity', 'relu']\n");
    let search = "tune flowers.csv --target species --validation-fraction 0.2 --trials 4 --epochs 3 --optimizer sgd --space space.toml --quiet";
    let run = desk.ok(&format!("{search} --output search"));
    assert!(run.stdout.contains("failed"), "{}", run.stdout);
    let trials = desk.text("search/trials.csv");
    assert!(trials.contains("the loss became NaN in epoch 1"), "{trials}");
}
