//! Training that goes on from a model, and the order in which rows are used.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Desk, fails, flowers};
use serde_json::json;

/// Plain gradient descent without validation: nothing is chosen, and nothing but the weights is kept from step to step.
const PLAIN: &str = "--optimizer sgd --learning-rate 0.001 --batch-size 16 --validation-fraction 0";

/// The bytes of a model's matrices.
fn weights(desk: &Desk, run: &str) -> Vec<u8> {
    let model = desk.read(&format!("{run}/model.safetensors"));
    let header = u64::from_le_bytes(model[..8].try_into().unwrap()) as usize;
    model[8 + header..].to_vec()
}

#[test]
fn two_epochs_are_one_and_one_more() {
    let desk = Desk::new();
    for (data, dtype) in [("digits", "f64"), ("diabetes", "f32")] {
        desk.ok(&format!("train {data} {PLAIN} --dtype {dtype} --no-shuffle --epochs 2 --output two --force"));
        desk.ok(&format!("train {data} {PLAIN} --dtype {dtype} --no-shuffle --epochs 1 --output one --force"));
        let run =
            desk.ok(&format!("train {data} {PLAIN} --no-shuffle --epochs 1 --warm-start one --output more --force"));
        assert!(run.stderr.contains("\nnetwork: from one; "), "{}", run.stderr);
        assert!(run.stderr.contains(&format!(", rows not shuffled; {dtype}, ")), "{}", run.stderr);
        assert!(weights(&desk, "more") == weights(&desk, "two"), "{data}");
        assert_ne!(weights(&desk, "one"), weights(&desk, "two"));
        let scores = |run: &str| desk.ok(&format!("evaluate {run} {data} --json")).json();
        assert_eq!(scores("more"), scores("two"));
    }
}

/// A line for each epoch, and a single one for all.
#[test]
fn rows_in_the_order_of_a_file() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    let train = format!("train flowers.csv --target species --test-fraction 0 {PLAIN} --hidden 4 --epochs 3");
    desk.ok(&format!("{train} --no-shuffle --output plain"));
    let line = (0..40).map(|row| row.to_string()).collect::<Vec<_>>().join(" ") + "\n";
    for (name, text) in [("one.txt", line.clone()), ("three.txt", line.repeat(3))] {
        desk.write(name, text);
        let run = desk.ok(&format!("{train} --batch-order {name} --output run --force"));
        assert!(run.stderr.contains(" per epoch in the order of --batch-order; "), "{}", run.stderr);
        assert!(weights(&desk, "run") == weights(&desk, "plain"), "{name}");
    }
    // an epoch of one step: the losses are those of the steps, as an epoch has them in one mean
    let steps: Vec<String> = (0..40).collect::<Vec<_>>().chunks(8).map(|rows| format!("{rows:?}")).collect();
    desk.write("steps.txt", steps.join("\n").replace(['[', ']', ','], ""));
    let losses = |run: &str| -> Vec<f64> {
        let history = desk.text(&format!("{run}/history.csv"));
        history.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect()
    };
    let train = train.replace("--epochs 3", "").replace("--batch-size 16", "--batch-size 8");
    desk.ok(&format!("{train} --epochs 5 --batch-order steps.txt --output steps"));
    desk.ok(&format!("{train} --epochs 1 --no-shuffle --output epoch"));
    assert!(weights(&desk, "steps") == weights(&desk, "epoch"));
    let mean = losses("steps").iter().sum::<f64>() / 5.0;
    assert!((mean - losses("epoch")[0]).abs() < 1e-15, "{mean}");
    // rows that come twice, and others that do not come
    desk.write("some.txt", "3 3 3 5\n");
    desk.ok(&format!("{train} --epochs 2 --batch-order some.txt --output some"));
}

#[test]
fn more_rows_of_the_same_kind() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.ok("train flowers.csv --target species --epochs 5 --scale min-max --output first");
    let text = flowers();
    let turned: String = text.lines().map(|line| line.split(',').rev().collect::<Vec<_>>().join(",") + "\n").collect();
    desk.write("more.csv", turned);
    let report = desk.train("more.csv --warm-start first --epochs 5 --learning-rate 0.0001 --output second");
    assert_eq!((&report["task"], &report["features"]), (&json!("classification"), &json!(3)));
    // the scaling is that of the first training, whatever the other rows are
    let scaling = |run: &str| {
        let shown = desk.ok(&format!("inspect {run}")).stdout;
        shown.split("\nInput").nth(1).unwrap().split("\n\n").next().unwrap().to_owned()
    };
    assert_eq!(scaling("first"), scaling("second"));
    assert!(
        desk.ok("inspect second").stdout.contains("\n  warm_start: true\n"),
        "{}",
        desk.ok("inspect second").stdout
    );
}

#[test]
fn levels_that_the_model_does_not_know_are_named() {
    let desk = Desk::new();
    let table = |colours: [&str; 2]| -> String {
        let rows = (0..40).map(|i| format!("{},{},{}\n", colours[i % 2], i, 3 * i + 5 * (i % 2)));
        "colour,size,price\n".to_owned() + &rows.collect::<String>()
    };
    desk.write("known.csv", table(["red", "blue"]));
    desk.write("new.csv", table(["red", "green"]));
    desk.ok("train known.csv --target price --epochs 1 --output known");
    let said = desk.ok("train new.csv --warm-start known --epochs 1 --output new").stderr;
    assert!(
        said.contains("column colour: 20 rows have values that are new or rare")
            && said.contains("\"green\"; mfnet predicts from the other columns\n"),
        "{said}"
    );
    let said = desk.ok("train known.csv --warm-start known --epochs 1 --output again").stderr;
    assert!(!said.contains("rows with values"), "{said}");
}

/// A rate that is far too large makes every epoch worse than the model was.
#[test]
fn a_model_that_is_not_made_better_stays() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    let first = desk.train("flowers.csv --target species --epochs 60 --validation-fraction 0.3 --optimizer sgd --learning-rate 0.01 --batch-size 4 --output first");
    let second = "train flowers.csv --warm-start first --epochs 3 --validation-fraction 0.3 --learning-rate 5 --weight-decay 0 --output second";
    let said = desk.ok(second);
    assert!(
        said.stdout.contains("3 epochs, no epoch improved the validation loss, so the weights are unchanged"),
        "{}",
        said.stdout
    );
    let before =
        "settings of its earlier training, not reused: cross-entropy, batch_size 4, learning_rate 0.01, optimizer sgd";
    assert!(said.stderr.contains(before), "{}", said.stderr);
    let report = desk.train(&format!("{} --force", second.trim_start_matches("train ")));
    assert_eq!((&report["best_epoch"], &report["start_validation_loss"]), (&json!(0), &first["validation"]["loss"]));
    assert_eq!((&report["validation"], &report["test"]), (&first["validation"], &first["test"]));
    assert_eq!(first["start_validation_loss"], json!(null));
}

#[test]
fn mistakes() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.write("other.csv", flowers().replace("length", "size"));
    desk.write("rose.csv", flowers() + "1,1,1,rose\n");
    desk.ok("train flowers.csv --target species --epochs 1 --output run");
    desk.write("short.txt", "0 1\n2\n");
    desk.write("word.txt", "0 one\n");
    desk.write("far.txt", "0 40\n");
    desk.write("two.txt", "0\n1\n");
    desk.write("four.txt", "0\n1\n2\n3\n");
    desk.write("empty.txt", "\n");
    desk.write("all.txt", (0..40).map(|row| format!("{row} ")).collect::<String>());
    let plain = "train flowers.csv --target species --test-fraction 0 --validation-fraction 0 --epochs 3 --batch-order";
    for (arguments, code, expected) in [
        ("train flowers.csv --warm-start nowhere".to_owned(), 1, "nowhere: cannot read: "),
        ("train other.csv --warm-start run".to_owned(), 1, "other.csv: there is no column \"length\""),
        (
            "train rose.csv --warm-start run".to_owned(),
            1,
            "rose.csv, line 42, column \"species\": the model does not know the class \"rose\"",
        ),
        ("train flowers.csv --warm-start run --hidden 8".to_owned(), 2, "--warm-start cannot be used with --hidden"),
        (
            "train flowers.csv --warm-start run --group length".to_owned(),
            2,
            "--group must not name a feature of the model, \"length\"",
        ),
        (
            "train flowers.csv --warm-start run --seed 1".to_owned(),
            2,
            "--warm-start: the model was trained on this data with another split, so it may have seen the test rows",
        ),
        (
            "train flowers.csv --target species --no-shuffle --batch-order two.txt".to_owned(),
            2,
            "--no-shuffle cannot be used with --batch-order",
        ),
        (format!("{plain} nowhere.txt"), 1, "nowhere.txt: cannot read: "),
        (format!("{plain} short.txt"), 1, "short.txt, line 2: expected 2 rows, found 1"),
        (format!("{plain} word.txt"), 1, "word.txt, line 1: expected a row number, found \"one\""),
        (format!("{plain} far.txt"), 1, "far.txt, line 1: there is no row 40: the data has 40 rows, counted from 0"),
        ("train flowers.csv --target species --batch-order all.txt".to_owned(), 1, "all.txt, line 1: row "),
        (
            format!("{plain} two.txt"),
            1,
            "two.txt: expected 3 lines, one per epoch, or one line for all epochs, found 2",
        ),
        (
            format!("{plain} four.txt"),
            1,
            "four.txt: expected 3 lines, one per epoch, or one line for all epochs, found 4",
        ),
        (format!("{plain} empty.txt"), 1, "empty.txt: the file is empty"),
    ] {
        let run = desk.run(&arguments);
        let first = run.stderr.lines().next().unwrap_or_default();
        assert!(run.code == code && first.starts_with(&format!("error: {expected}")), "{arguments}: {}", run.stderr);
    }
    desk.ok("train flowers.csv --warm-start run --seed 1 --split-seed 0 --epochs 1");
    // where the rows say what they are for, any seed divides them alike
    let name = |row| if row == 0 { "part" } else { ["train", "train", "test", "validation", "train"][row % 5] };
    let parts = flowers().lines().enumerate().map(|(row, line)| format!("{line},{}\n", name(row))).collect::<String>();
    desk.write("parts.csv", parts);
    desk.ok("train parts.csv --target species --split-column part --epochs 1 --output parts");
    desk.ok("train parts.csv --split-column part --warm-start parts --seed 1 --epochs 1");
    // but where validation rows are drawn of them the seed counts
    desk.write("drawn.csv", desk.text("parts.csv").replace("validation", "train"));
    desk.ok("train drawn.csv --target species --split-column part --validation-fraction 0.2 --epochs 1 --output drawn");
    let again = "train drawn.csv --split-column part --validation-fraction 0.2 --warm-start drawn --epochs 1";
    desk.ok(again);
    fails(
        &desk,
        2,
        &format!("{again} --seed 1"),
        "--warm-start: the model was trained on this data with another split, so it may have seen the test rows",
    );
}

/// What a model was trained on, also before a warm start, is never test data.
#[test]
fn rows_that_were_learned_are_no_test() {
    let desk = Desk::new();
    desk.write("first.csv", flowers());
    desk.write("second.csv", flowers().replace("5.0", "5.5"));
    desk.write("third.csv", flowers().replace("5.0", "5.6"));
    desk.ok("train first.csv --target species --test-fraction 0 --validation-fraction 0 --epochs 1 --output a");
    let on_second = "train second.csv --epochs 1 --warm-start a";
    let refused = |arguments: &str, message: &str| fails(&desk, 2, arguments, message);
    refused(
        &format!("{on_second} --test-file first.csv"),
        "--warm-start: the model was trained on rows of first.csv, the test file",
    );
    // the same data again, and others as a test
    desk.ok("train first.csv --epochs 1 --warm-start a --test-file third.csv --output same");
    // other data: whether they have rows in common is for the user to know
    let caution = "This is valid only if a was not trained on any of these test rows.";
    assert!(desk.ok(&format!("{on_second} --output b")).stdout.contains(caution));
    let other_rows =
        "--warm-start: the model was trained on this data with another split, so it may have seen the test rows";
    refused("train first.csv --warm-start b", other_rows);
    refused(
        "train third.csv --warm-start b --test-file first.csv",
        "--warm-start: the model was trained on rows of first.csv, the test file",
    );
    desk.ok("train first.csv --warm-start b --test-fraction 0 --epochs 1 --output c");
    let seen = "these rows include those of the training: only other rows show how good the model is";
    for data in ["first.csv", "second.csv"] {
        assert!(desk.ok(&format!("evaluate c {data}")).stderr.contains(seen));
    }
    assert!(!desk.ok("evaluate c third.csv").stderr.contains(seen));
    // a later version may draw another split
    let mut later = mfnet::Model::load(desk.path("c/model.safetensors")).unwrap();
    later.training.split.as_mut().unwrap().streams += 1;
    later.save(desk.path("later.safetensors")).unwrap();
    for (model, data, help) in [
        ("c", "second.csv", "its split is no longer known"),
        ("c", "third.csv", "this is other data"),
        ("later.safetensors", "first.csv", "this version does not know its split"),
    ] {
        let run = desk.run(&format!("evaluate {model} {data} --part test"));
        assert!(run.code == 1 && run.stderr.contains(help), "{}", run.stderr);
    }
    let run = desk.run("train first.csv --warm-start c --test-fraction 0 --loss mse");
    assert!(run.code == 2 && run.stderr.contains("the model of --warm-start has the task"), "{}", run.stderr);
}
