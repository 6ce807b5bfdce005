//! `mfnet train --find-rate`: the learning-rate range test.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::Stdio;
use std::time::Duration;

use common::{Desk, Run, fails, files, flowers};
use serde_json::Value;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk
}

const FIND: &str = "train flowers.csv --target species --hidden 8 --find-rate";

/// The lines of rates.csv as numbers.
fn rates(desk: &Desk, folder: &str) -> Vec<[f64; 3]> {
    let text = desk.text(&format!("{folder}/rates.csv"));
    let (head, lines) = text.split_once('\n').unwrap();
    assert_eq!(head, "rate,loss,smoothed");
    let numbers = |line: &str| line.split(',').map(|number| number.parse().unwrap()).collect::<Vec<f64>>();
    lines.lines().map(|line| numbers(line).try_into().unwrap()).collect()
}

#[test]
fn a_suggestion_and_its_files() {
    let desk = desk();
    let run = desk.ok(FIND);
    assert!(run.stderr.contains("range test: up to 200 steps, whose learning rate grows from 0.000001 to 10"));
    assert_eq!(files(&desk.path("runs/flowers-1")), ["rates.csv", "rates.png", "rates.svg"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let [sentence, "rates: runs/flowers-1/rates.csv", "plot: runs/flowers-1/rates.svg"] = lines[..] else {
        panic!("{}", run.stdout)
    };
    let (sentence, option) = sentence.split_once("; train with a tenth of it: ").unwrap();
    assert!(sentence.starts_with("the loss was lowest at the learning rate "), "{sentence}");
    // the option works as it is printed
    desk.ok(&format!("train flowers.csv --target species --hidden 8 --epochs 2 {option}"));

    let of_json = desk.ok(&format!("{FIND} --json --quiet --output two"));
    assert_eq!(of_json.stderr, "");
    let json = of_json.json();
    let table = rates(&desk, "two");
    assert_eq!(table, rates(&desk, "runs/flowers-1"));
    let lowest = table.iter().skip(20).min_by(|a, b| a[2].total_cmp(&b[2])).unwrap();
    assert_eq!((json["steps"].as_u64(), json["output"].as_str()), (Some(table.len() as u64), Some("two")));
    assert_eq!(
        [json["lowest_rate"].as_f64(), json["lowest_smoothed_loss"].as_f64()],
        [Some(lowest[0]), Some(lowest[2])]
    );
    assert_eq!(json["suggestion"].as_f64(), Some(lowest[0] / 10.0));
    let rate: f64 = option.strip_prefix("--learning-rate ").unwrap().parse().unwrap();
    // two digits
    assert!((rate / json["suggestion"].as_f64().unwrap() - 1.0).abs() < 0.05);

    // the same numbers on any number of threads
    desk.ok(&format!("{FIND} --threads 1 --output one-thread"));
    desk.ok(&format!("{FIND} --threads 3 --output three-threads"));
    assert!(desk.read("one-thread/rates.csv") == desk.read("three-threads/rates.csv"));
    assert!(desk.read("one-thread/rates.csv") == desk.read("two/rates.csv"));
    let svg = desk.text("two/rates.svg");
    assert!(svg.contains("learning rate (logarithmic)") && svg.contains("suggested: "), "{svg}");
    assert!(desk.read("two/rates.png").starts_with(b"\x89PNG"));
}

/// Targets that have nothing to do with the feature, and a network that already knows their mean.
#[test]
fn no_rate_lowers_the_loss() {
    let desk = Desk::new();
    let rows: String = (0..80).map(|i| format!("{},{}\n", i % 2, i / 2 % 2)).collect();
    desk.write("coins.csv", format!("x,y\n{rows}"));
    let train = "train coins.csv --target y --task regression --hidden none --test-fraction 0 --validation-fraction 0 \
                 --batch-size 80 --optimizer sgd";
    desk.ok(&format!("{train} --learning-rate 0.4 --epochs 300 --no-baselines --output coins"));
    let find =
        "train coins.csv --warm-start coins --test-fraction 0 --validation-fraction 0 --batch-size 80 --optimizer sgd";
    let run = desk.ok(&format!("{find} --find-rate --output rates"));
    assert!(run.stdout.starts_with("no learning rate lowered the loss in "), "{}", run.stdout);
    let json = desk.ok(&format!("{find} --find-rate --output rates --force --json")).json();
    assert_eq!(json["suggestion"], Value::Null);
}

#[test]
fn the_first_network_of_an_ensemble() {
    let desk = desk();
    let run = desk.ok(&format!("{FIND} --ensemble 3 --output three"));
    assert!(run.stderr.contains("range test for the first of 3 networks: "), "{}", run.stderr);
    desk.ok(&format!("{FIND} --output one"));
    assert_eq!(rates(&desk, "three"), rates(&desk, "one"));
}

/// The files of a test replace those of an earlier run, and those of a run replace them.
#[test]
fn the_folder_belongs_to_one_run() {
    let desk = desk();
    desk.ok(&format!("{FIND} --output run"));
    fails(&desk, 1, &format!("{FIND} --output run"), "run: the output folder already exists");
    desk.ok("train flowers.csv --target species --hidden 8 --epochs 2 --output run --force");
    assert_eq!(files(&desk.path("run")), ["history.csv", "metrics.json", "model.safetensors", "report.html"]);
    desk.ok(&format!("{FIND} --output run --force"));
    assert_eq!(files(&desk.path("run")), ["rates.csv", "rates.png", "rates.svg"]);
}

#[test]
fn options_that_would_have_no_effect() {
    let desk = desk();
    for option in [
        "--folds 3",
        "--print-recipe",
        "--learning-rate 0.1",
        "--schedule cosine",
        "--warmup 1",
        "--weight-decay-schedule cosine",
        "--dropout 0.2 --dropout-schedule cosine",
        "--label-smoothing 0.1 --label-smoothing-schedule cosine",
        "--checkpoint-every 5",
        "--log x.jsonl",
        "--tensorboard x",
        "--plots",
    ] {
        let run = desk.run(&format!("{FIND} {option}"));
        let name = option.split(' ').rfind(|word| word.starts_with("--")).unwrap();
        let message = format!("error: --find-rate cannot be used with {name}");
        assert_eq!((run.code, run.stderr.lines().next()), (2, Some(message.as_str())), "{option}");
    }
    let run = desk.run("train --resume runs/x --find-rate");
    assert_eq!(run.stderr.lines().next(), Some("error: --resume cannot be used with --find-rate"));
    // in a recipe
    desk.write("folds.toml", "folds = 3\n");
    let message = "--find-rate works for one training, but the recipe has folds";
    fails(&desk, 2, &format!("{FIND} --recipe folds.toml"), message);
    desk.write(
        "rate.toml",
        "learning_rate = 0.1\nschedule = 'cosine'\nwarmup = 1\ndropout = 0.1\ndropout_schedule = 'cosine'\n",
    );
    desk.ok(&format!("{FIND} --recipe rate.toml --output given"));
    desk.ok(&format!("{FIND} --dropout 0.1 --output usual"));
    assert_eq!(rates(&desk, "given"), rates(&desk, "usual"));
    for optimizer in ["rprop", "lbfgs"] {
        let message = "has no learning rate to find: it chooses the lengths of its steps";
        fails_after_reading(
            &desk,
            &format!("{FIND} --optimizer {optimizer}"),
            &format!("--optimizer {optimizer} {message}"),
        );
    }
    assert_eq!(files(&desk.path("runs")), Vec::<String>::new());
}

/// As `fails`, where the plan is printed before the error.
fn fails_after_reading(desk: &Desk, arguments: &str, message: &str) {
    let run = desk.run(arguments);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments}");
    assert!(run.stderr.contains(&format!("error: {message}\n")), "{arguments}\n{}", run.stderr);
}

/// Ctrl-C leaves nothing behind, also of an earlier run.
#[cfg(unix)]
#[test]
fn an_interrupted_test() {
    let desk = desk();
    desk.ok("train flowers.csv --target species --hidden 8 --epochs 2 --output run");
    let before = files(&desk.path("run"));
    let find = "train digits --hidden 3000,3000,3000 --batch-size 1000 --find-rate --force --output run";
    let child = desk.command(find).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !desk.path("run/UNFINISHED.txt").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.stdout.as_str()), (130, ""), "{}", run.stderr);
    assert!(run.stderr.contains("\ninterrupted after ") && run.stderr.ends_with(": there are no results\n"));
    assert_eq!(files(&desk.path("run")), before);
}
