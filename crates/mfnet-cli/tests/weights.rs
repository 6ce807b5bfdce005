//! Weights of rows and classes, from the option to the model file and back.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Desk, fails};
use serde_json::{Value, json};

/// A hundred letters, some of them spam, with a weight, a sender and a part; and the same as a price.
fn letters() -> String {
    let row = |i: usize| {
        let (length, links) = (i * 37 % 101, i * i % 7);
        let kind = if links > 4 || i.is_multiple_of(11) { "spam" } else { "no:spam" };
        let part = ["train", "train", "validation", "test"][i % 4];
        format!(
            "{length},{links},{},s{},{part},{kind},{}.5\n",
            ["1", "0.5", "0", "2"][(i / 4) % 4],
            i / 5,
            length + 3 * links
        )
    };
    format!("length,links,w,sender,part,kind,price\n{}", (0..100).map(row).collect::<String>())
}

const QUICK: &str = "--hidden 4 --epochs 2 --threads 1";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("letters.csv", letters());
    desk
}

/// Rows with the weights that they have, without those of weight 0.
fn without_zeros(text: &str) -> String {
    text.lines().filter(|line| line.split(',').nth(2) != Some("0")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_is_said_of_weights() {
    let desk = desk();
    let options =
        "--target kind --sample-weight w --drop sender,part,price --class-weight spam:5,no:spam:0.5 --output run";
    let run = desk.ok(&format!("train letters.csv {options} {QUICK}"));
    assert!(run.stderr.contains("\nleft out: w (the weight of each row)\n"), "{}", run.stderr);
    let line = "\nrow weights from column w; class weights in the loss: no:spam: 0.5, spam: 5\n";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    assert!(run.stdout.contains("\nConfusion matrix of the test rows (sums of weights)\n"), "{}", run.stdout);
    assert!(run.stdout.contains("its accuracy with class weights on 20 test rows is "), "{}", run.stdout);
    let report: Value = serde_json::from_str(&desk.text("run/metrics.json")).unwrap();
    assert_eq!(report["sample_weight"], "w");
    assert_eq!(report["class_weight"], json!({ "spam": 5.0, "no:spam": 0.5 }));
    let settings = desk.ok("inspect run").stdout;
    assert!(settings.contains("\n  class_weight: {\"no:spam\":0.5,\"spam\":5.0}\n"), "{settings}");
    assert!(settings.contains("\n  sample_weight: \"w\"\n"), "{settings}");
    // 1 · 5 and 0.5 · 0.5
    assert_eq!(desk.ok("explain run letters.csv --rows 0,4 --json").json()["w"], json!([[5.0, 0.25]]));
    let page = desk.text("run/report.html");
    for text in [
        "All losses and scores use the row weights from column w.",
        "Each cell adds the weights of the test rows",
        "The losses use class weights",
    ] {
        assert!(page.contains(text), "{text}");
    }
    // without weights nothing of them is said
    let run = desk.ok(&format!("train letters.csv --target kind --drop sender,part,price,w --output plain {QUICK}"));
    assert!(!format!("{}{}", run.stderr, run.stdout).contains("weights"), "{}", run.stderr);
    let report: Value = serde_json::from_str(&desk.text("plain/metrics.json")).unwrap();
    assert!(report.get("sample_weight").is_none() && report.get("class_weight").is_none());
}

/// As in training, on the same rows with and without the weights of the training.
#[test]
fn evaluation_with_weights() {
    let desk = desk();
    let options = "--target kind --sample-weight w --drop sender,part,price --class-weight balanced --output run";
    let trained = desk.train(&format!("letters.csv {options} {QUICK}"));
    for part in ["train", "validation", "test"] {
        let run = desk.ok(&format!("evaluate run letters.csv --part {part} --json"));
        assert!(run.stderr.starts_with("row weights from column w, as in training\n"), "{}", run.stderr);
        let evaluated = run.json();
        assert_eq!((&evaluated["loss"], &evaluated["accuracy"]), (&trained[part]["loss"], &trained[part]["accuracy"]));
        assert_eq!(evaluated["sample_weight"], "w");
    }
    desk.write("new.csv", letters().replace(",w,", ",v,"));
    let run = desk.ok("evaluate run new.csv --json");
    let message =
        "all rows have the same weight: this data does not have the column w, which held the row weights in training\n";
    assert!(run.stderr.starts_with(message), "{}", run.stderr);
    assert!(run.json().get("sample_weight").is_none());
    let named = desk.ok("evaluate run new.csv --sample-weight v --json");
    assert_eq!((named.stderr.as_str(), &named.json()["sample_weight"]), ("", &json!("v")));
    let all = desk.ok("evaluate run letters.csv --part all --json").json();
    assert_eq!(named.json()["accuracy"], all["accuracy"]);
    assert_ne!(named.json()["accuracy"], run.json()["accuracy"]);
    // rows without weight count nothing
    desk.write("some.csv", without_zeros(&letters()));
    let some = desk.ok("evaluate run some.csv --json").json();
    assert_eq!(some["accuracy"], all["accuracy"]);
    let text = desk.ok("evaluate run letters.csv").stdout;
    assert!(text.contains("\nConfusion matrix (sums of weights)\n"), "{text}");
    fails(
        &desk,
        1,
        "evaluate run letters.csv --sample-weight x",
        "letters.csv: there is no column \"x\"; the columns are \"length\", \"links\", \"w\", \"sender\", \"part\", \"kind\", \"price\"",
    );
    fails(
        &desk,
        2,
        "evaluate run letters.csv --sample-weight kind",
        "--sample-weight must not name the target \"kind\"",
    );
    fails(
        &desk,
        2,
        "evaluate run letters.csv --sample-weight links",
        "--sample-weight must not name a feature of the model, \"links\"",
    );
    desk.write("zero.csv", letters().replace(",0.5,", ",0,").replace(",1,s", ",0,s").replace(",2,s", ",0,s"));
    let zero = desk.run("evaluate run zero.csv");
    let message = "
error: zero.csv, column \"w\": every row has the weight 0: expected at least one above 0
";
    assert!(zero.code == 1 && zero.stderr.contains(message), "{}", zero.stderr);
}

#[test]
fn weights_with_every_kind_of_split() {
    let desk = desk();
    let same = |options: &str, price: bool| {
        let target = if price { "price --drop kind" } else { "kind --class-weight balanced --drop price" };
        let report = desk.train(&format!("letters.csv --target {target} --sample-weight w {options} {QUICK}"));
        assert_eq!(report["sample_weight"], "w", "{options}");
        report
    };
    for price in [false, true] {
        same("--group sender --drop part", price);
        same("--split-column part --drop sender", price);
        let folds = same("--group sender --drop part --folds 3", price);
        assert_eq!(folds["folds"][2]["sample_weight"], "w");
        same("--drop part,sender --accumulate 2 --shards 2", price);
        same("--drop part,sender --no-shuffle --dtype f32", price);
    }
    desk.write("more.csv", letters().replace("s1,", "s0,"));
    same("--drop part,sender --test-file more.csv", false);
    desk.write("bare.csv", letters().replace("links,w", "links,v"));
    fails(
        &desk,
        1,
        &format!(
            "train letters.csv --target kind --drop price,part,sender --sample-weight w --test-file bare.csv {QUICK}"
        ),
        "bare.csv: there is no column \"w\"; the columns are \"length\", \"links\", \"v\", \"sender\", \"part\", \"kind\", \"price\"",
    );
    // a warm start has its weights from its own options
    desk.ok(&format!(
        "train letters.csv --target kind --drop price,part,sender --sample-weight w --output first {QUICK}"
    ));
    let goes_on = "train letters.csv --warm-start first --epochs 1";
    let second = desk.ok(&format!("{goes_on} --sample-weight w --class-weight spam:3 --output second"));
    assert!(
        second.stderr.contains("\nsettings of its earlier training, not reused: cross-entropy, "),
        "{}",
        second.stderr
    );
    assert!(desk.ok("inspect second").stdout.contains("class_weight: {\"no:spam\":1.0,\"spam\":3.0}"));
    fails(
        &desk,
        2,
        &format!("{goes_on} --sample-weight links"),
        "--sample-weight must not name a feature of the model, \"links\"",
    );
}

/// As a recipe the weights give the same model.
#[test]
fn recipes_of_weights() {
    let desk = desk();
    let options = format!("--target kind --sample-weight w --drop sender,part,price {QUICK}");
    for (weights, toml) in [
        ("balanced", "class_weight = \"balanced\""),
        ("spam:5,no:spam:0.5", "[class_weight]\n\"no:spam\" = 0.5\nspam = 5.0"),
    ] {
        let recipe = desk.ok(&format!("train letters.csv {options} --class-weight {weights} --print-recipe")).stdout;
        assert!(recipe.contains("sample_weight = \"w\"") && recipe.contains(toml), "{recipe}");
        desk.write("recipe.toml", &recipe);
        desk.ok(&format!("train letters.csv {options} --class-weight {weights} --output a --force"));
        desk.ok("train letters.csv --recipe recipe.toml --output b --force");
        assert!(desk.read("a/model.safetensors") == desk.read("b/model.safetensors"), "{weights}");
    }
    let run = desk.run("train letters.csv --recipe recipe.toml --class-weight spam:1");
    assert!(run.stderr.starts_with("error: --class-weight spam:1.0 contradicts recipe.toml, line "), "{}", run.stderr);
    desk.write("wrong.toml", "target = \"kind\"\n[class_weight]\nspam = -1\n");
    let message = "wrong.toml, line 2: class_weight: expected 0 or a positive number for \"spam\", found -1";
    fails(&desk, 1, "train letters.csv --recipe wrong.toml", message);
    desk.write("wrong.toml", "target = \"kind\"\nclass_weight = \"equal\"\n");
    let message = "wrong.toml, line 2: class_weight: expected balanced, or a table with a weight for each label such as { spam = 5 }";
    fails(&desk, 1, "train letters.csv --recipe wrong.toml", message);
}

#[test]
fn columns_that_are_no_weights() {
    let desk = desk();
    let train = |options: &str| format!("train letters.csv --target kind {options} --epochs 1");
    for (options, message) in [
        ("--sample-weight kind", "--sample-weight must not name the target \"kind\""),
        ("--sample-weight w --drop w", "--sample-weight and --drop both name the column \"w\""),
        ("--sample-weight w --numeric w", "--sample-weight and --numeric both name the column \"w\""),
        ("--sample-weight w --categorical w", "--sample-weight and --categorical both name the column \"w\""),
        ("--sample-weight w --group w", "--group and --sample-weight both name the column \"w\""),
        ("--sample-weight w --split-column w", "--split-column and --sample-weight both name the column \"w\""),
    ] {
        fails(&desk, 2, &train(options), message);
    }
    let missing = "letters.csv: there is no column \"weigth\"; the columns are \"length\", \"links\", \"w\", \"sender\", \"part\", \"kind\", \"price\"";
    fails(&desk, 1, &train("--sample-weight weigth"), missing);
    for (weight, found) in [
        ("", "an empty cell"),
        ("NA", "\"NA\""),
        ("-1", "\"-1\""),
        ("-1e-300", "\"-1e-300\""),
        ("heavy", "\"heavy\""),
        ("inf", "\"inf\""),
        ("nan", "\"nan\""),
    ] {
        desk.write("t.csv", letters().replacen("37,1,1,s0", &format!("37,1,{weight},s0"), 1));
        let message = format!("t.csv, line 3, column \"w\": expected a weight (0 or a positive number), found {found}");
        let run = fails(&desk, 1, "train t.csv --target kind --sample-weight w", &message);
        assert!(
            run.stderr.ends_with("\nhelp: fill the cell with the weight of the row; a weight of 0 ignores the row\n")
        );
    }
    let huge = letters().replacen("37,1,1,s0", "37,1,1e301,s0", 1);
    desk.write("t.csv", huge);
    let message = "t.csv, line 3, column \"w\": expected a number between -1e300 and 1e300, found \"1e301\"";
    fails(&desk, 1, "train t.csv --target kind --sample-weight w", message);
    // so many different numbers that their texts are not kept
    let many: String = (0..2000).map(|i| format!("{i},{}.25,{}\n", i as i64 - 1500, i % 2)).collect();
    desk.write("many.csv", format!("a,w,y\n{many}"));
    let message = "many.csv, line 2, column \"w\": expected a weight (0 or a positive number), found \"-1500.25\"";
    fails(&desk, 1, "train many.csv --target y --sample-weight w", message);
    let zeros = |in_part: &str| {
        let line = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            let zero = fields[4] == in_part || in_part == "all" && fields[4] != "part";
            if zero { [&fields[..2], &["0"], &fields[3..]].concat().join(",") + "\n" } else { line.to_owned() + "\n" }
        };
        desk.write("t.csv", letters().lines().map(line).collect::<String>());
    };
    for part in ["train", "validation", "test", "all"] {
        zeros(part);
        let row = [("train", "training row"), ("validation", "validation row"), ("test", "test row"), ("all", "row")];
        let row = row.iter().find(|(name, _)| *name == part).unwrap().1;
        let message = format!("t.csv, column \"w\": every {row} has the weight 0: expected at least one above 0");
        fails(&desk, 1, "train t.csv --target kind --sample-weight w --split-column part", &message);
    }
}

#[test]
fn what_is_no_weight_of_a_class() {
    let desk = desk();
    let train = |options: &str| format!("train letters.csv --sample-weight w --drop part,sender {options} --epochs 1");
    let help = fails(
        &desk,
        2,
        &train("--target kind --class-weight span:2"),
        "--class-weight: kind has no class \"span\"; did you mean spam?",
    );
    assert!(help.stderr.ends_with("\nhelp: the classes are no:spam, spam\n"), "{}", help.stderr);
    fails(
        &desk,
        2,
        &train("--target price --class-weight balanced"),
        "--class-weight needs one class for each row, but price is the target of a regression",
    );
    fails(
        &desk,
        2,
        &train("--target kind --class-weight spam:0,no:spam:0"),
        "--class-weight gives every class the weight 0",
    );
    for (value, expected) in [
        ("equal", "expected balanced, or LABEL:WEIGHT separated by commas, such as spam:5,ham:1"),
        ("spam:x", "expected 0 or a positive number as the weight of \"spam\", found \"x\""),
        ("spam:-1", "expected 0 or a positive number as the weight of \"spam\", found \"-1\""),
        ("spam:inf", "expected 0 or a positive number as the weight of \"spam\", found \"inf\""),
        ("no:spam", "expected 0 or a positive number as the weight of \"no\", found \"spam\""),
        ("spam:1,spam:2", "expected one weight for \"spam\", found two"),
    ] {
        let found = if expected.contains("found") { String::new() } else { format!(", found {value}") };
        let message = format!("--class-weight: {expected}{found}");
        fails(&desk, 2, &train(&format!("--target kind --class-weight {value}")), &message);
    }
    // a class may count nothing
    desk.ok(&train("--target kind --drop price --class-weight spam:0"));
}

#[test]
fn images_have_no_weights() {
    let desk = desk();
    std::fs::create_dir(desk.path("images")).unwrap();
    let (images, labels): (Vec<u8>, Vec<u8>) =
        ((0..40).flat_map(|i| [i, i * 3]).collect(), (0..40).map(|i| i % 2).collect());
    desk.write(
        "images/train-images-idx3-ubyte",
        [&b"\0\0\x08\x03\0\0\0\x28\0\0\0\x01\0\0\0\x02"[..], &images].concat(),
    );
    desk.write("images/train-labels-idx1-ubyte", [&b"\0\0\x08\x01\0\0\0\x28"[..], &labels].concat());
    let message = "--sample-weight works only with your own tables: images has no column of weights";
    fails(&desk, 2, &format!("train images --sample-weight w {QUICK}"), message);
    desk.ok(&format!("train images --class-weight 0:3 --output run {QUICK}"));
    fails(&desk, 2, "evaluate run images --sample-weight w", message);
}
