//! What the program says of data and results that may mislead, and what defaults do on odd numbers.
#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write;

use common::Desk;
use serde_json::{Value, json};

/// Rows `x,z,part,y` whose target follows from two numbers.
fn rows(count: usize, size: f64) -> Vec<[String; 4]> {
    let row = |i: usize| {
        let (x, z) = ((i * 37 % 101) as f64 / 50.0 - 1.0, (i * i * 7 % 103) as f64 / 51.0 - 1.0);
        let part = ["train", "train", "train", "validation", "test"][i % 5].to_owned();
        [x.to_string(), z.to_string(), part, format!("{:e}", (2.0 * x - z + 0.3 * x * z) * size)]
    };
    (0..count).map(row).collect()
}

fn text(rows: &[[String; 4]]) -> String {
    let rows = rows.iter().fold(String::new(), |mut text, row| {
        writeln!(text, "{}", row.join(",")).unwrap();
        text
    });
    format!("x,z,part,y\n{rows}")
}

const TRAIN: &str = "train t.csv --target y --split-column part --hidden 16 --threads 1 --output run --force";

fn notes_of(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| line.starts_with("note: ")).collect()
}

fn metrics(desk: &Desk) -> Value {
    serde_json::from_str(&desk.text("run/metrics.json")).unwrap()
}

#[test]
fn a_validation_loss_that_is_never_finite() {
    let desk = Desk::new();
    let mut rows = rows(100, 1.0);
    rows[3][0] = "1e200".to_owned();
    desk.write("t.csv", text(&rows));
    for dtype in ["f64", "f32"] {
        let run = desk.ok(&format!("{TRAIN} --dtype {dtype} --epochs 12 --early-stopping 2"));
        assert!(run.stderr.contains("\nnote: column \"x\", line 5: 1e200 is far outside"), "{}", run.stderr);
        assert!(run.stderr.contains("\nnote: no epoch had a finite validation loss, so "), "{}", run.stderr);
        assert!(
            run.stdout.contains("12 epochs, no finite validation loss, so the weights are those of the last epoch")
        );
        assert!(!run.stdout.contains("lowest"), "{}", run.stdout);
        let metrics = metrics(&desk);
        assert_eq!((&metrics["best_epoch"], &metrics["validation"]["loss"]), (&Value::Null, &Value::Null));
        assert_eq!(metrics["notes"].as_array().unwrap().len(), 2);
        assert!(metrics["test"]["r2"].is_number());
        let page = desk.text("run/report.html");
        assert!(page.contains("1e200 is far outside the training rows"), "the report has the notes");
        assert!(page.contains("No validation loss is finite"), "{page}");
    }
    // quiet, but not misleading
    let run = desk.ok(&format!("{TRAIN} --epochs 2 --quiet"));
    assert_eq!(notes_of(&run.stderr).len(), 2, "{}", run.stderr);
}

#[test]
fn notes_name_options() {
    let desk = Desk::new();
    let mut rows = rows(100, 1.0);
    let usual = rows[1][0].clone();
    (rows[0][0], rows[1][0]) = ("1e12".to_owned(), "-1e12".to_owned());
    desk.write("t.csv", text(&rows));
    let run = desk.ok(&format!("{TRAIN} --no-baselines --epochs 2"));
    assert_eq!(notes_of(&run.stderr).len(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("or use --scale robust.\n"), "{}", run.stderr);
    assert!(metrics(&desk)["notes"][0].as_str().unwrap().ends_with("or use --scale robust."));
    assert_eq!(notes_of(&desk.ok(&format!("{TRAIN} --no-baselines --epochs 2 --quiet")).stderr), [""; 0]);
    (rows[0][0], rows[1][0]) = ("1".to_owned(), usual);
    desk.write("t.csv", text(&rows));
    assert_eq!(notes_of(&desk.ok(&format!("{TRAIN} --no-baselines --epochs 2")).stderr), [""; 0]);
    assert_eq!(metrics(&desk)["notes"], json!([]));
}

#[test]
fn numbers_far_outside_in_predictions() {
    let desk = Desk::new();
    desk.write("t.csv", text(&rows(100, 1.0)));
    desk.write("p.csv", "x,z\n0,0\n1e40,0\n0.5,-9999\n");
    desk.write("usual.csv", "x,z\n0,0\n3,-2\n,1\n");
    for scale in ["standard", "robust", "min-max", "quantile"] {
        for dtype in ["f64", "f32"] {
            desk.ok(&format!("{TRAIN} --scale {scale} --dtype {dtype} --epochs 2 --quiet"));
            let run = desk.ok("predict run p.csv");
            let said = notes_of(&run.stderr);
            assert!(
                said[0].starts_with("note: column \"x\", line 3: 1e40 is far outside the training rows"),
                "{said:?}"
            );
            assert!(
                said[1].starts_with("note: column \"z\", line 4: -9999 is far outside the training rows"),
                "{said:?}"
            );
            // ranks end at the smallest and the largest training row
            let overflows = dtype == "f32" && scale != "quantile";
            let expected = ["note: 1 of 3 predictions is not a finite number: line 3"];
            assert_eq!(said[2..], expected[..usize::from(overflows)], "{scale} {dtype}");
            let gap = "note: column \"x\": 1 row has no value, but in training every row had one; its prediction is less reliable";
            assert_eq!(notes_of(&desk.ok("predict run usual.csv").stderr), [gap], "{scale}");
        }
    }
}

#[test]
fn a_feature_that_is_constant_but_for_rounding() {
    let desk = Desk::new();
    let mut rows = rows(100, 1.0);
    rows.iter_mut()
        .enumerate()
        .for_each(|(i, row)| row[1] = if i % 2 == 0 { "0.3" } else { "0.30000000000000004" }.to_owned());
    desk.write("t.csv", text(&rows));
    desk.write("p.csv", "x,z\n0.5,0.3\n0.5,0.31\n0.5,-70\n");
    for scale in ["standard", "robust", "min-max", "quantile"] {
        let run = desk.ok(&format!("{TRAIN} --scale {scale} --epochs 2"));
        assert!(run.stderr.contains("\n1 feature is constant in the training rows: z\n"), "{scale}: {}", run.stderr);
        let predicted = desk.ok("predict run p.csv").stdout;
        let predicted: Vec<&str> = predicted.lines().skip(1).collect();
        assert!(predicted.len() == 3 && predicted.iter().all(|value| *value == predicted[0]), "{scale}: {predicted:?}");
    }
}

/// The target's unit changes nothing: it is standardised.
#[test]
fn targets_of_every_size() {
    let desk = Desk::new();
    for optimizer in ["adamw", "adam", "sgd"] {
        for size in [1e-300, 1e-150, 1.0, 1e150, 1e299] {
            desk.write("t.csv", text(&rows(200, size)));
            let report =
                desk.train(&format!("{} --optimizer {optimizer} --epochs 60", TRAIN.trim_start_matches("train ")));
            let (r2, rmse) = (report["test"]["r2"].as_f64().unwrap(), report["test"]["rmse"].as_f64().unwrap());
            assert!(r2 > 0.2 && r2 < 0.9999, "{optimizer} {size}: {r2}");
            assert!(rmse > 1e-3 * size && rmse < size, "{optimizer} {size}: {rmse}");
            for baseline in ["linear", "naive"] {
                assert!(report["baselines"][baseline].as_f64().unwrap() > 0.0, "{optimizer} {size}: {report}");
            }
            assert!(report["verdict"].is_string(), "{optimizer} {size}");
        }
    }
}

/// With its defaults, sgd is better than the mean.
#[test]
fn sgd_trains_with_its_defaults() {
    let desk = Desk::new();
    for seed in 0..2 {
        let report = desk.train(&format!("diabetes --optimizer sgd --seed {seed} --no-baselines --output run --force"));
        assert!(report["test"]["r2"].as_f64().unwrap() > 0.0, "{report}");
    }
    let mut rows = rows(200, 1e6);
    rows[0][0] = "1e9".to_owned();
    rows[1][3] = "3e9".to_owned();
    desk.write("t.csv", text(&rows));
    for scale in ["standard", "robust"] {
        desk.train(&format!(
            "t.csv --target y --drop part --optimizer sgd --scale {scale} --epochs 20 --output run --force"
        ));
    }
    // with a rate of one's own nothing is clipped, as before
    let recipe = |options: &str| desk.ok(&format!("train diabetes --optimizer sgd {options} --print-recipe")).stdout;
    assert!(recipe("").contains("\nclip_norm = 1.0\n"));
    assert!(recipe("--learning-rate 0.01").contains("\nclip_norm = 0.0\n"));
    assert!(recipe("--clip-norm 3").contains("\nclip_norm = 3.0\n"));
    let by_layer = recipe("--clip-layer-norm 2");
    assert!(!by_layer.contains("clip_norm =") && by_layer.contains("\nclip_layer_norm = 2.0\n"), "{by_layer}");
    // what is printed can be used
    desk.write("recipe.toml", by_layer);
    desk.ok("train diabetes --recipe recipe.toml --print-recipe");
}

/// `x,z,y` with this fraction of class 1, which x makes likely.
fn rare(count: usize, fraction: f64) -> String {
    let row = |i: usize| {
        // golden ratio: spread evenly
        let (u, v) = ((i as f64 * 0.618_033_988_7) % 1.0, (i as f64 * 0.414_213_562_4) % 1.0);
        let is_rare = u < 2.0 * fraction && v < 0.5;
        format!("{},{},{}\n", u + 0.3 * v, (i * 7 % 13) as f64 / 13.0, u8::from(is_rare))
    };
    format!("x,z,y\n{}", (0..count).map(row).collect::<String>())
}

#[test]
fn a_rare_class_is_judged_by_its_log_loss() {
    let desk = Desk::new();
    let train = "train t.csv --target y --hidden 8 --epochs 3 --threads 1 --output run --force";
    for (fraction, is_rare) in [(0.005, true), (0.045, true), (0.19, true), (0.3, false)] {
        desk.write("t.csv", rare(2000, fraction));
        let said = desk.ok(train).stdout;
        assert_eq!(said.contains("its log loss on 400 test rows is "), is_rare, "{fraction}: {said}");
        assert_eq!(said.contains("(recall "), is_rare, "{fraction}: {said}");
        let verdict = metrics(&desk)["verdict"].as_str().unwrap().to_owned();
        assert!(!verdict.contains('`') && said.contains(&verdict), "{verdict}");
    }
    desk.write("t.csv", rare(2000, 0.045));
    let said = desk.ok(train).stdout;
    assert!(
        said.contains(" of class 1, which has 4.") && said.contains("use --threshold f1 or --class-weight balanced."),
        "{said}"
    );
    let said = desk.ok(&format!("{train} --class-weight balanced")).stdout;
    assert!(said.contains("its accuracy with class weights on 400 test rows is "), "{said}");
    assert!(said.contains("(recall ") && !said.contains("use --class-weight"), "{said}");
    let said = desk.ok(&format!("{train} --folds 3")).stdout;
    assert!(
        said.contains(" folds, by log loss. The network finds ") && said.contains("--class-weight balanced."),
        "{said}"
    );
}

#[test]
fn a_verdict_about_copies() {
    let desk = Desk::new();
    let once = rows(60, 1.0);
    desk.write("t.csv", text(&(0..4).flat_map(|_| once.clone()).collect::<Vec<_>>()));
    let run = desk.ok("train t.csv --target y --drop part --hidden 8 --epochs 2 --quiet --output run");
    assert!(run.stderr.contains(" of 48 test rows and "), "{}", run.stderr);
    let doubt = " of 48 test rows are equal to training rows, so the scores may be too good for new rows.";
    assert!(run.stdout.contains(doubt), "{}", run.stdout);
    assert!(metrics(&desk)["verdict"].as_str().unwrap().contains(doubt));
}

/// Later rows are higher than all before.
#[test]
fn below_the_mean_nothing_is_worth_using() {
    let desk = Desk::new();
    let row = |i: usize| {
        let part = if i < 140 {
            "train"
        } else if i < 160 {
            "validation"
        } else {
            "test"
        };
        format!("{},{part},{}\n", i * 37 % 101, i * i + i * 37 % 101)
    };
    desk.write("t.csv", format!("x,part,y\n{}", (0..200).map(row).collect::<String>()));
    let run = desk.ok("train t.csv --target y --split-column part --hidden 8 --epochs 5 --output run");
    assert!(run.stdout.contains("The network is not worth using: its R² on 40 test rows is -"), "{}", run.stdout);
}

#[test]
fn more_columns_than_rows_have_a_linear_model() {
    let desk = Desk::new();
    for (count, columns) in [(5, 40), (30, 60)] {
        let names: Vec<String> = (0..columns).map(|i| format!("c{i}")).collect();
        let row = |j: usize| {
            let numbers: Vec<String> = (0..columns).map(|i| ((i * 31 + j * j * 17 + i * j) % 23).to_string()).collect();
            format!("{},{}.5\n", numbers.join(","), j * 7 % 11)
        };
        let file =
            |from: usize, to: usize| format!("{},y\n{}", names.join(","), (from..to).map(row).collect::<String>());
        desk.write("a.csv", file(0, count));
        desk.write("b.csv", file(count, count + 12));
        let report = desk
            .train("a.csv --test-file b.csv --target y --task regression --hidden 8 --epochs 2 --output run --force");
        assert!(report["baselines"]["linear"].as_f64().unwrap() > 0.0, "{report}");
        assert!(report["verdict"].is_string());
    }
}
