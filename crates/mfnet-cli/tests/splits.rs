//! Which rows are trained on and which are tested: groups, a column of parts, a file of test rows, folds.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Desk, fails, files, interrupted_after};
use serde_json::json;

/// 30 patients with 4 visits each, ill or well by a number with noise in it; a third column names the patient, a fourth the part.
fn visits() -> String {
    let row = |i: usize| {
        let (patient, part) = (i / 4, ["train", "Training", "test", "train", "dev"][i / 4 % 5]);
        let ill = patient % 3 == 0;
        let pulse = 60 + i * 7 % 20 + if ill { 15 } else { 0 };
        format!("{pulse},{},p{patient},{part},{}\n", i * 13 % 40, if ill { "yes" } else { "no" })
    };
    format!("pulse,age,patient,part,ill\n{}", (0..120).map(row).collect::<String>())
}

/// Without the last columns.
fn columns(text: &str, kept: &[usize]) -> String {
    let line = |line: &str| kept.iter().map(|i| line.split(',').nth(*i).unwrap()).collect::<Vec<_>>().join(",") + "\n";
    text.lines().map(line).collect()
}

/// The lines below the header that fit.
fn rows(text: &str, fits: impl Fn(&str) -> bool) -> String {
    text.lines().enumerate().filter(|(i, line)| *i == 0 || fits(line)).map(|(_, line)| format!("{line}\n")).collect()
}

/// 200 days in another order than that of time, two rows for each.
fn days() -> String {
    let row = |i: usize| {
        let day = i * 83 % 200;
        let (month, of_month) = (1 + day / 28, 1 + day % 28);
        format!("2024-{month:02}-{of_month:02},{},{}\n", i * 7 % 31, i * 7 % 31 * 3 + i % 5)
    };
    format!("day,warm,sold\n{}", (0..400).map(row).collect::<String>())
}

#[test]
fn the_last_rows_are_tested_and_found_again() {
    let desk = Desk::new();
    desk.write("days.csv", days());
    let run = desk.ok("train days.csv --target sold --time day --epochs 3 --output run --json");
    assert!(
        run.stderr.contains("\nsplit by time (column day): 280 training, 40 validation, 80 test rows\n"),
        "{}",
        run.stderr
    );
    let trained = run.json();
    assert_eq!(trained["features"], 1);
    for part in ["train", "validation", "test"] {
        let evaluated = desk.ok(&format!("evaluate run days.csv --part {part} --json")).json();
        assert_eq!(evaluated["loss"], trained[part]["loss"], "{part}");
        let predicted = desk.ok(&format!("predict run days.csv --part {part} --keep day")).stdout;
        let days: Vec<&str> = predicted.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        let (first, last) = (days.iter().min().unwrap(), days.iter().max().unwrap());
        // 200 days: 140, 20 and 40 of them, and both rows of a day in one part
        let expected = match part {
            "train" => ("2024-01-01", "2024-05-28"),
            "validation" => ("2024-06-01", "2024-06-20"),
            _ => ("2024-06-21", "2024-08-04"),
        };
        assert_eq!((*first, *last), expected, "{part}");
    }
    assert!(
        desk.ok("inspect run")
            .stdout
            .contains("\n  split: by time (column day): validation 0.1, test 0.2, the last rows\n")
    );
    // the seed does not matter for the split, and a printed recipe gives the same model
    desk.write("days.toml", desk.ok("train days.csv --target sold --time day --epochs 3 --print-recipe").stdout);
    desk.ok("train days.csv --recipe days.toml --output again");
    assert_eq!(desk.read("run/model.safetensors"), desk.read("again/model.safetensors"));
    // folds over time
    let run = desk.ok("train days.csv --target sold --time day --folds 4 --epochs 2 --output folds --json");
    let expected = "\n4 folds over time (column day): 72 to 288 training, 8 to 32 validation, 80 test rows\n";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    let fold = desk.ok("evaluate folds/fold-2 days.csv --json").json();
    assert_eq!(fold["loss"], run.json()["folds"][1]["test"]["loss"]);
}

#[test]
fn times_that_split_nothing() {
    let desk = Desk::new();
    desk.write("days.csv", days());
    desk.write("gap.csv", days().replacen("2024-01-01,", ",", 1));
    desk.write("words.csv", days().replace("2024-", "week "));
    for (arguments, code, message) in [
        ("train days.csv --target sold --time date", 1, "there is no column \"date\"; the columns are"),
        (
            "train gap.csv --target sold --time day",
            1,
            "gap.csv, line 2, column \"day\": expected a time, found an empty cell",
        ),
        (
            "train words.csv --target sold --time day",
            1,
            "expected dates or numbers in the column of times, found \"week 01-01\"",
        ),
        ("train days.csv --target sold --time day --group warm", 2, "--time cannot be used with --group"),
        ("train days.csv --target sold --time sold", 2, "--time must not name the target \"sold\""),
        ("train days.csv --target sold --time day --folds 400", 1, "rows, one for each fold"),
        ("train days.csv --target sold --time day --folds 18446744073709551615", 1, "rows, one for each fold"),
        ("train days.csv --target sold --folds 18446744073709551615", 1, "rows, one for each fold"),
        ("train days.csv --target sold --group day --folds 18446744073709551615", 1, "groups, one for each of the"),
        ("train digits --time pixel_0_1 --drop pixel_0_1", 2, "--time and --drop both name the column"),
    ] {
        let run = desk.run(arguments);
        assert_eq!(run.code, code, "{arguments}: {}", run.stderr);
        assert!(run.stderr.contains(message), "{arguments}: {}", run.stderr);
    }
}

#[test]
fn groups_stay_together_and_are_found_again() {
    let desk = Desk::new();
    desk.write("visits.csv", columns(&visits(), &[0, 1, 2, 4]));
    let train = "train visits.csv --target ill --group patient --epochs 3 --output run --json";
    let run = desk.ok(train);
    assert!(
        run.stderr.contains(
            "\nrandom split (seed 0): 84 training, 12 validation, 24 test rows; 30 groups of patient, each in one part\n"
        ),
        "{}",
        run.stderr
    );
    let trained = run.json();
    // the column is no feature
    assert_eq!(trained["features"], 2);
    assert_eq!(trained["samples"], json!({ "train": 84, "validation": 12, "test": 24 }));
    for part in ["train", "validation", "test"] {
        let evaluated = desk.ok(&format!("evaluate run visits.csv --part {part} --json")).json();
        assert_eq!(evaluated["loss"], trained[part]["loss"], "{part}");
        assert_eq!(evaluated["samples"], trained["samples"][part]);
    }
    assert_eq!(desk.ok("evaluate run visits.csv --json").json()["part"], "test");
    let inspected = desk.ok("inspect run").stdout;
    assert!(
        inspected.contains("\n  split: whole groups of patient, validation 0.1, test 0.2, seed 0\n"),
        "{inspected}"
    );
    // other data need no such column
    desk.write("new.csv", columns(&visits(), &[4, 1, 0]));
    assert_eq!(desk.ok("evaluate run new.csv --json").json()["samples"], 120);

    // the same in a file without header, where columns are counted, and texts of numbers stay texts
    for (kept, target, group) in [([0, 1, 2, 4], 3, 2), ([0, 1, 4, 2], 2, 3)] {
        let rows = columns(&visits(), &kept)
            .replace("yes", "1")
            .replace("no", "0")
            .replace(",p2,", ",p01,")
            .replace(",p2\n", ",p01\n");
        desk.write(
            "plain.csv",
            rows.replace(",p", ",").lines().skip(1).map(|line| format!("{line}\n")).collect::<String>(),
        );
        let options = format!("--target {target} --group {group} --epochs 3 --output plain --force");
        let run = desk.ok(&format!("train plain.csv {options} --json"));
        assert!(run.stderr.contains(&format!("30 groups of {group}, each in one part")), "{}", run.stderr);
        let evaluated = desk.ok("evaluate plain plain.csv --json").json();
        assert_eq!((&evaluated["part"], &evaluated["loss"]), (&json!("test"), &run.json()["test"]["loss"]));
    }
}

#[test]
fn a_column_says_which_rows_are_tested() {
    let desk = Desk::new();
    desk.write("visits.csv", columns(&visits(), &[0, 1, 3, 4]));
    let run = desk.ok("train visits.csv --target ill --split-column part --epochs 3 --output run --json");
    let line = "\nsplit by column part: 72 training, 24 validation, 24 test rows\n";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    let trained = run.json();
    assert_eq!(trained["features"], 2);
    for part in ["train", "validation", "test"] {
        let evaluated = desk.ok(&format!("evaluate run visits.csv --part {part} --json")).json();
        assert_eq!(evaluated["loss"], trained[part]["loss"], "{part}");
    }
    // the rows that are tested are those that the column names
    desk.write("tested.csv", rows(&desk.text("visits.csv"), |line| line.contains(",test,")));
    let evaluated = desk.ok("evaluate run tested.csv --json").json();
    assert_eq!((&evaluated["samples"], &evaluated["loss"]), (&json!(24), &trained["test"]["loss"]));
    assert!(desk.ok("inspect run").stdout.contains("\n  split: by the column part\n"));

    // without validation rows in the column they are drawn
    desk.write("visits.csv", desk.text("visits.csv").replace(",dev,", ",train,"));
    let run = desk.ok("train visits.csv --target ill --split-column part --epochs 3 --output drawn --json");
    let line = "\nsplit by column part, random validation rows (seed 0): 86 training, 10 validation, 24 test rows\n";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    let evaluated = desk.ok("evaluate drawn visits.csv --part validation --json").json();
    assert_eq!(evaluated["loss"], run.json()["validation"]["loss"]);
    let half = "train visits.csv --target ill --split-column part --epochs 3 --validation-fraction";
    assert_eq!(desk.ok(&format!("{half} 0.5 --json")).json()["samples"]["validation"], 48);
    let run = desk.ok(&format!("{half} 0"));
    assert!(run.stderr.contains("\nsplit by column part: 96 training, 0 validation, 24 test rows\n"), "{}", run.stderr);
}

#[test]
fn test_rows_in_a_file_of_their_own() {
    let desk = Desk::new();
    let all = columns(&visits(), &[0, 1, 2, 4]);
    desk.write("train.csv", rows(&all, |line| !line.contains(",p2")));
    // in another order of columns
    desk.write("test.csv", columns(&rows(&all, |line| line.contains(",p2")), &[3, 1, 0]));
    let train = "train train.csv --target ill --test-file test.csv --group patient --epochs 3 --output run --json";
    let run = desk.ok(train);
    let line = "\nrandom split (seed 0): 68 training, 8 validation, 44 test rows from test.csv; 19 groups of patient, each in one part\n";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    let trained = run.json();
    let evaluated = desk.ok("evaluate run test.csv --json").json();
    assert_eq!((&evaluated["part"], &evaluated["loss"]), (&json!("all"), &trained["test"]["loss"]));
    for part in ["train", "validation"] {
        let evaluated = desk.ok(&format!("evaluate run train.csv --part {part} --json")).json();
        assert_eq!(evaluated["loss"], trained[part]["loss"], "{part}");
    }
    assert_eq!(desk.ok("evaluate run train.csv --json").json()["part"], "all");
    fails(&desk, 1, "evaluate run train.csv --part test", "train.csv: the model was trained without test rows");
    assert!(desk.text("run/report.html").contains("Row numbers of test.csv count from 0"));
}

/// A level of the test file that training rows do not have, and one of theirs that it does not have.
#[test]
fn test_rows_with_other_categories() {
    let desk = Desk::new();
    let city = |i: usize| ["Turin", "Oslo", "Lima"][i * 5 % 3];
    let rows = |of: &dyn Fn(usize) -> &'static str| {
        (0..60).map(|i| format!("{},{},{}\n", i * 7 % 31, of(i), i % 3 + i % 7)).collect::<String>()
    };
    desk.write("train.csv", format!("age,city,cost\n{}", rows(&city)));
    desk.write(
        "test.csv",
        format!("age,city,cost\n{}", rows(&|i| if i % 3 == 0 { "Cairo" } else { ["Lima", "Turin"][i % 2] })),
    );
    let trained = desk.train("train.csv --target cost --task regression --test-file test.csv --epochs 3 --output run");
    let evaluated = desk.ok("evaluate run test.csv --json").json();
    assert_eq!(evaluated["rmse"], trained["test"]["rmse"]);
    assert_eq!((&trained["samples"]["test"], &trained["samples"]["train"]), (&json!(60), &json!(54)));
}

#[test]
fn splits_that_do_not_fit() {
    let desk = Desk::new();
    desk.write("numbers.csv", columns(&visits(), &[0, 1, 4]));
    let cannot = |one: &str, other: &str| format!("{one} cannot be used with {other}");
    for (arguments, message) in [
        ("--split-column part --test-fraction 0.1", cannot("--split-column", "--test-fraction")),
        ("--split-column part --group patient", cannot("--split-column", "--group")),
        ("--test-file t.csv --split-column part", cannot("--test-file", "--split-column")),
        ("--test-file t.csv --test-fraction 0.1", cannot("--test-file", "--test-fraction")),
        ("--test-file t.csv --folds 5", cannot("--test-file", "--folds")),
        ("--folds 5 --split-column part", cannot("--folds", "--split-column")),
        ("--folds 5 --test-fraction 0.1", cannot("--folds", "--test-fraction")),
        ("--folds 1", "--folds: expected a whole number of at least 2, found 1".to_owned()),
        ("--group ill", "--group must not name the target \"ill\"".to_owned()),
        ("--split-column ill", "--split-column must not name the target \"ill\"".to_owned()),
        ("--test-file mnist", "--test-file: expected a table, found the name of a data set, mnist".to_owned()),
    ] {
        fails(&desk, 2, &format!("train numbers.csv --target ill {arguments}"), &message);
    }
    desk.write("visits.csv", columns(&visits(), &[0, 1, 3, 4]));
    let message = "--validation-fraction cannot be used: the column \"part\" already names validation rows";
    fails(&desk, 2, "train visits.csv --target ill --split-column part --validation-fraction 0.1", message);

    let with = |patient: &str, part: &str| {
        let row = |i: usize| {
            let (patient, part) = if i < 10 { (patient, part) } else { ("b", "test") };
            format!("{},{patient},{part},{}\n", 60 + i, i % 2)
        };
        desk.write("t.csv", format!("pulse,patient,part,ill\n{}", (0..20).map(row).collect::<String>()));
    };
    with("", "tset");
    desk.write("one.csv", columns(&desk.text("t.csv"), &[0, 2, 3]));
    desk.write("two.csv", columns(&desk.text("t.csv"), &[0, 1, 3]));
    for (arguments, message) in [
        (
            "one.csv --split-column part",
            "one.csv, line 2, column \"part\": expected train, validation or test (or training, valid, val, dev, testing, holdout), found \"tset\"",
        ),
        ("two.csv --group patient", "two.csv, line 2, column \"patient\": expected a group, found an empty cell"),
        ("two.csv --group patients", "two.csv: there is no column \"patients\"; did you mean \"patient\"?"),
        ("one.csv --split-column parts", "one.csv: there is no column \"parts\"; did you mean \"part\"?"),
    ] {
        fails(&desk, 1, &format!("train {arguments} --target ill"), message);
    }
    with("a", "val");
    desk.write("one.csv", columns(&desk.text("t.csv"), &[0, 2, 3]));
    desk.write("two.csv", columns(&desk.text("t.csv"), &[0, 1, 3]));
    desk.write("plain.csv", columns(&desk.text("t.csv"), &[0, 3]));
    desk.write("other.csv", "pulse,ill\n60,2\n");
    desk.write("narrow.csv", "ill\n1\n");
    desk.write("overlap.csv", "pulse,patient,ill\n60,c,1\n61,b,1\n");
    for (arguments, message) in [
        ("one.csv --split-column part", "one.csv, column \"part\": expected at least one training row, found none"),
        (
            "two.csv --group patient --validation-fraction 0.1",
            "two.csv, column \"patient\": expected at least 3 groups, one for each of the 3 parts, found 2",
        ),
        (
            "two.csv --group patient --folds 3",
            "two.csv, column \"patient\": expected at least 3 groups, one for each of the 3 folds, found 2",
        ),
        ("plain.csv --test-file nowhere.csv", "nowhere.csv: cannot read: No such file or directory (os error 2)"),
        ("plain.csv --folds 30", "plain.csv: expected at least 30 rows, one for each fold, found 20"),
        (
            "plain.csv --test-file other.csv",
            "other.csv, line 2, column \"ill\": the model does not know the class \"2\"; it knows 0, 1",
        ),
        ("plain.csv --test-file narrow.csv", "narrow.csv: there is no column \"pulse\"; the columns are \"ill\""),
        (
            "two.csv --group patient --test-file overlap.csv",
            "overlap.csv, column \"patient\": the group \"b\" is also in two.csv",
        ),
    ] {
        fails(&desk, 1, &format!("train {arguments} --target ill"), message);
    }
    assert!(!desk.path("runs").exists());
}

/// numpy's mean and std: the root of the mean square of the differences from the mean.
fn spread(numbers: &[f64]) -> (f64, f64) {
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    (mean, (numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / numbers.len() as f64).sqrt())
}

#[test]
fn every_row_is_tested_in_one_fold() {
    let desk = Desk::new();
    for (data, score) in [("digits --epochs 3", "accuracy"), ("diabetes --epochs 3", "rmse")] {
        let run = desk.ok(&format!("train {data} --folds 4 --output {score} --json"));
        let all = run.json();
        let folds = all["folds"].as_array().unwrap();
        assert_eq!((folds.len(), &all["output"]), (4, &json!(score)));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&desk.text(&format!("{score}/metrics.json"))).unwrap(),
            all
        );
        let rows = if score == "accuracy" { 1797 } else { 442 };
        assert_eq!(folds.iter().map(|fold| fold["samples"]["test"].as_u64().unwrap()).sum::<u64>(), rows);
        let near = |found: &serde_json::Value, expected: (f64, f64)| {
            let differs = |name: &str, x: f64| (found[name].as_f64().unwrap() - x).abs() > 1e-12 * x;
            assert!(!differs("mean", expected.0) && !differs("deviation", expected.1), "{found}: {expected:?}");
        };
        let of = |part: &str, name: &str| {
            spread(&folds.iter().map(|fold| fold[part][name].as_f64().unwrap()).collect::<Vec<_>>())
        };
        for name in ["loss", score] {
            near(&all["test"][name], of("test", name));
        }
        if score == "accuracy" {
            let f1 = folds.iter().map(|fold| fold["test"]["macro_average"]["f1"].as_f64().unwrap());
            near(&all["test"]["macro_average"]["f1"], spread(&f1.collect::<Vec<_>>()));
            assert!(all["test"]["classes"].is_null() && all["test"]["confusion_matrix"].is_null());
        }
        for name in ["naive", "linear"] {
            near(&all["baselines"][name], of("baselines", name));
        }
        // each fold is a run of its own, whose rows are found again
        for (number, fold) in (1..).zip(folds) {
            let folder = format!("{score}/fold-{number}");
            assert_eq!(files(&desk.path(&folder)), ["history.csv", "metrics.json", "model.safetensors", "report.html"]);
            let own: serde_json::Value = serde_json::from_str(&desk.text(&format!("{folder}/metrics.json"))).unwrap();
            assert_eq!((&own, &fold["output"]), (fold, &json!(folder)));
            let data = data.split(' ').next().unwrap();
            for part in ["train", "validation", "test"] {
                let evaluated = desk.ok(&format!("evaluate {folder} {data} --part {part} --json")).json();
                assert_eq!(evaluated["loss"], fold[part]["loss"], "{folder}, {part}");
                assert_eq!(evaluated["samples"], fold["samples"][part]);
            }
        }
    }
    let inspected = desk.ok("inspect rmse/fold-2").stdout;
    assert!(inspected.contains("\n  split: fold 2 of 4, validation 0.1 of the others, seed 0\n"), "{inspected}");
    let run = desk.run("inspect rmse");
    assert!(run.stderr.contains("found a folder of 4 runs\nhelp: choose one: rmse/fold-1, "), "{}", run.stderr);
}

/// The rows of a part, in the order of the data, have the same predictions as among all rows; the parts are all rows.
#[test]
fn predictions_of_a_part() {
    let desk = Desk::new();
    desk.write("visits.csv", visits());
    for (number, options) in [
        (0, ""),
        (1, "--group patient"),
        (2, "--split-seed 3 --validation-fraction 0"),
        (3, "--folds 3 --group patient"),
    ] {
        desk.ok(&format!("train visits.csv --target ill --epochs 2 --hidden 4 {options} --output run-{number}"));
        let run = if number == 3 { "run-3/fold-2".to_owned() } else { format!("run-{number}") };
        let lines = |part: &str| -> Vec<String> {
            let run = desk.run(&format!("predict {run} visits.csv --keep ill,patient {part}"));
            run.stdout.lines().skip(1).map(str::to_owned).collect()
        };
        let all = lines("");
        assert_eq!(all, lines("--part all"));
        let mut found = Vec::new();
        for part in ["train", "validation", "test"] {
            let rows = lines(&format!("--part {part}"));
            let json = desk.run(&format!("evaluate {run} visits.csv --part {part} --json"));
            let (samples, right) = if json.code == 0 {
                (json.json()["samples"].as_u64().unwrap(), json.json()["accuracy"].as_f64().unwrap())
            } else {
                (0, 0.0)
            };
            assert_eq!(rows.len() as u64, samples, "{options}, {part}");
            let is_right = |line: &&String| line.split(',').next() == line.split(',').nth(2);
            let correct = rows.iter().filter(is_right).count();
            assert!((correct as f64 - right * samples as f64).abs() < 1e-9, "{options}, {part}");
            // in the order of the data
            let mut later = all.iter();
            assert!(rows.iter().all(|row| later.any(|other| other == row)), "{options}, {part}");
            found.extend(rows);
        }
        let mut sorted = all;
        sorted.sort();
        found.sort();
        assert_eq!(found, sorted, "{options}");
    }
    desk.write("other.csv", visits().replacen('1', "2", 1));
    fails(
        &desk,
        1,
        "predict run-0 other.csv --part test",
        "other.csv: --part test needs the data that the model was trained on",
    );
    fails(
        &desk,
        1,
        "predict run-2 visits.csv --part validation",
        "visits.csv: the model was trained without validation rows",
    );
}

#[test]
fn folds_for_people() {
    let desk = Desk::new();
    let run = desk.ok("train diabetes --epochs 3 --folds 3 --split-seed 1 --output run");
    let lines: Vec<&str> = run.stdout.lines().collect();
    let cells = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>();
    assert_eq!(cells(0), ["test", "RMSE", "rows", "network", "linear", "naive"]);
    for (line, rows) in [(1, "148"), (2, "147"), (3, "147")] {
        assert_eq!(cells(line)[..3], ["fold", &line.to_string(), rows], "{}", run.stdout);
        assert_eq!(cells(line).len(), 6);
    }
    assert_eq!(
        (cells(4).len(), cells(5).len(), cells(4)[0], cells(5)[1]),
        (4, 5, "mean", "deviation"),
        "{}",
        run.stdout
    );
    let verdict = "The network beats the linear model on the test rows in ";
    assert!(lines[7].starts_with(verdict) && lines[7].ends_with(" folds."), "{}", run.stdout);
    assert_eq!(lines[9], "models and reports: run/fold-1 to run/fold-3");
    let introduction = "\n3 folds (seed 1): 265 training, 29 to 30 validation, 147 to 148 test rows\n";
    assert!(run.stderr.contains(introduction), "{}", run.stderr);
    assert!(run.stderr.contains("\nfold 3 of 3: "), "{}", run.stderr);
    assert!(desk.text("run/fold-2/report.html").contains("fold 2 of 3 (seed 1): "));

    // groups stay together, and a folder of folds is replaced when that is asked for
    desk.write("visits.csv", columns(&visits(), &[0, 1, 2, 4]));
    let train = "train visits.csv --target ill --group patient --folds 3 --epochs 2 --output run";
    fails(&desk, 1, train, "run: the output folder already exists");
    let run = desk.ok(&format!("{train} --force --validation-fraction 0"));
    let introduction =
        "\n3 folds (seed 0): 80 training, 0 validation, 40 test rows; 30 groups of patient, each in one part\n";
    assert!(run.stderr.contains(introduction), "{}", run.stderr);
    assert_eq!(desk.ok("evaluate run/fold-3 visits.csv --json").json()["samples"], 40);
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_the_folds_so_far() {
    let desk = Desk::new();
    let endless = "train digits --folds 3 --epochs 100000 --schedule constant --early-stopping 0 --output run";
    let run = interrupted_after(&desk, endless, "run/fold-1/history.csv");
    assert_eq!((run.code, run.stdout.as_str()), (130, ""));
    let message = "interrupted in fold 1 of 3: its model so far is in run/fold-1/model.safetensors\n\
                   to continue: mfnet train --resume run\n";
    assert!(run.stderr.ends_with(message), "{}", run.stderr);
    assert_eq!(desk.ok("evaluate run/fold-1 digits --json").json()["samples"], 599);
    assert!(!desk.path("run/fold-2").exists() && !desk.path("run/metrics.json").exists());

    let long =
        "train diabetes --folds 2 --hidden 16 --epochs 20000 --schedule constant --early-stopping 0 --output two";
    let run = interrupted_after(&desk, long, "two/fold-2/history.csv");
    assert_eq!(run.code, 130, "{}", run.stderr);
    assert!(run.stdout.contains("\nfold 1 ") && !run.stdout.contains("\nfold 2 "), "{}", run.stdout);
    assert!(run.stderr.ends_with("interrupted in fold 2 of 2: its model so far is in two/fold-2/model.safetensors\nto continue: mfnet train --resume two\n"));
    let metrics: serde_json::Value = serde_json::from_str(&desk.text("two/metrics.json")).unwrap();
    assert_eq!(metrics["folds"].as_array().unwrap().len(), 1);
}

/// Rows of one time stay together, so few times do not make the parts.
#[test]
fn few_times() {
    let desk = Desk::new();
    let rows: String = (0..200).map(|i| format!("{},{i},{}\n", 2020 + i % 2, i * i % 17)).collect();
    desk.write("two.csv", format!("year,x,y\n{rows}"));
    let two = "two.csv: found too few different times for";
    let help = "help: use a column with finer times, fewer --folds, or leave --time out";
    for (options, parts) in [("", 3), ("--folds 4", 5)] {
        let message = format!("{two} {parts} parts: 2; rows of one time stay together");
        let run = fails(&desk, 1, &format!("train two.csv --target y --time year {options}"), &message);
        assert!(run.stderr.contains(help), "{}", run.stderr);
    }
}

/// Equal rows of different times are no copies.
#[test]
fn rows_of_a_later_time_are_no_copies() {
    let desk = Desk::new();
    let rows: String = (0..300).map(|i| format!("{i},{},{}\n", i % 7, i % 7 + i % 2)).collect();
    desk.write("days.csv", format!("day,weekday,sold\n{rows}"));
    let train = "train days.csv --target sold --epochs 1 --output";
    let later = desk.run(&format!("{train} later --time day"));
    assert!(later.code == 0 && !later.stderr.contains("equal to training rows"), "{}", later.stderr);
    let drawn = desk.run(&format!("{train} drawn --drop day"));
    assert!(drawn.stderr.contains("equal to training rows"), "{}", drawn.stderr);
}
