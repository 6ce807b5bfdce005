//! Every mistake gets an error that names it, on the first line of stderr, and the right exit code; nothing already written is lost.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use common::{Desk, Run, fails, files, flowers, interrupted_after};

#[test]
fn files_and_data() {
    let desk = Desk::new();
    let data = |name: &str, text: &str| desk.write(name, text);
    data("empty.csv", "");
    data("header.csv", "a,y\n");
    data("short.csv", "a,b,y\n1,2,3\n4,5\n");
    data("long.csv", "a,b,y\n1,2,3,4\n");
    data("text.csv", "a,b,y\n1,2,0\n1,x,1\n");
    data("gap.csv", "a,b,y\n1,2,0\n1,,1\n");
    data("names.csv", "id,y\n7,0.5\n9,2\n8,1.5\n");
    data("nan.csv", "a,y\n1,0.5\n2,nan\n3,1.5\n");
    data("infinite.csv", "a,y\n1,0.5\n2,inf\n3,1.5\n");
    data("typo.csv", "a,y\n1,0.5\n2,1.5\n3,1.5o\n");
    data("constant.csv", "a,y\n1,2.5\n2,2.5\n");
    data("one.csv", "a,y\n1,x\n2,x\n");
    data("alone.csv", "y\n1\n2\n");
    data("twice.csv", "a,a,y\n1,2,3\n");
    data("few.csv", "a,y\n1,0.5\n2,1.5\n");
    desk.write("latin.csv", b"a,y\n1,caf\xc3\xa9\n2,th\xe9\n");
    desk.write("flowers.csv", flowers());
    desk.write("cut.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03");
    fs::create_dir(desk.path("folder")).unwrap();
    for (arguments, message) in [
        ("missing.csv --target y", "missing.csv: cannot read: No such file or directory (os error 2)"),
        (
            "folder --target y",
            "folder: expected a folder of IDX files (train-images-idx3-ubyte and train-labels-idx1-ubyte, and optionally both t10k files), found no files",
        ),
        ("empty.csv --target y", "empty.csv: the file is empty"),
        ("header.csv --target y", "header.csv: the file has a header and no rows"),
        ("short.csv --target y", "short.csv, line 3: expected 3 fields as in line 1, found 2"),
        ("long.csv --target y", "long.csv, line 2: expected 3 fields as in line 1, found 4"),
        ("text.csv --target y --numeric b", "text.csv, line 3, column \"b\": expected a number, found \"x\""),
        ("gap.csv --target b", "gap.csv, line 3, column \"b\": expected a value, found an empty cell"),
        ("infinite.csv --target a", "infinite.csv, line 3, column \"y\": expected a finite number, found \"inf\""),
        ("text.csv --target y --drop c", "text.csv: there is no column \"c\"; the columns are \"a\", \"b\", \"y\""),
        (
            "names.csv --target y",
            "names.csv: expected at least one feature column besides the target; left out id: an identifier: every value is different",
        ),
        ("nan.csv --target y", "nan.csv, line 3, column \"y\": expected a finite number, found \"nan\""),
        ("infinite.csv --target y", "infinite.csv, line 3, column \"y\": expected a finite number, found \"inf\""),
        ("typo.csv --target y", "typo.csv, line 4, column \"y\": expected a number, found \"1.5o\""),
        (
            "constant.csv --target y",
            "constant.csv, column \"y\": every row has the value 2.5: there is nothing to learn",
        ),
        ("one.csv --target y", "one.csv, column \"y\": every row has the class \"x\": expected at least two classes"),
        (
            "alone.csv --target y --task regression",
            "alone.csv: expected at least one feature column besides the target",
        ),
        ("twice.csv --target y", "twice.csv, column \"a\": columns 1 and 2 have this name"),
        ("few.csv --target y", "few.csv: the test part would have no rows: its fraction is 0.2 of 2 rows"),
        (
            "latin.csv --target y",
            "latin.csv, line 3: expected UTF-8 text as in the lines above, found other bytes: the file mixes encodings; write this line in UTF-8 too",
        ),
        ("flowers.csv --target specie", "flowers.csv: there is no column \"specie\"; did you mean \"species\"?"),
        (
            "flowers.csv --target price",
            "flowers.csv: there is no column \"price\"; the columns are \"length\", \"width\", \"number\", \"species\"",
        ),
    ] {
        fails(&desk, 1, &format!("train {arguments}"), message);
    }
    let cut = desk.run("train cut.csv.gz --target y");
    assert!(cut.stderr.starts_with("error: cut.csv.gz: cannot read: "), "{}", cut.stderr);
    assert!(cut.stderr.ends_with("help: get a new copy of the file\n"), "{}", cut.stderr);
    assert_eq!(cut.code, 1);
    // no run was started
    assert!(!desk.path("runs").exists());
}

/// First bytes as the formats define them, with what may follow.
#[test]
fn files_of_another_kind() {
    let desk = Desk::new();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x1c";
    for (bytes, message) in [
        (
            &b"PK\x03\x04\x14\0\x06\0[Content_Types].xml"[..],
            "t.csv: the file is damaged: invalid Zip archive: Could not find EOCD",
        ),
        (b"PAR1\x15\x04,\n1,2", "t.csv: the file is damaged: it is cut off after 11 bytes"),
        (b"\x93NUMPY\x01\0v\0{'descr': '<f8'}\n", "t.csv: the file is cut off: expected 128 bytes, found 27"),
    ] {
        desk.write("t.csv", bytes);
        fails(&desk, 1, "train t.csv --target y", message);
    }
    for (bytes, found) in [(&png[..], "a PNG image"), (b"\x7fELF\x02\x01\x01\0\0\n1,2\n", "bytes that are not text")] {
        desk.write("t.csv", bytes);
        let message = format!("t.csv: expected a table, found {found}");
        let run = fails(&desk, 1, "train t.csv --target y", &message);
        assert!(run.stderr.ends_with("\nhelp: save the table as CSV, in UTF-8\n"), "{}", run.stderr);
    }
    // the bytes of the image, by Python's gzip.compress
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xeb\x0c\xf0s\xe7\xe5\x92\xe2b``\xe0\xf5\xf4p\x09\x02\xd22\x00\xae\xa8[\x8e\x14\x00\x00\x00";
    desk.write("t.csv.gz", gzip);
    fails(&desk, 1, "train t.csv.gz --target y", "t.csv.gz: expected a table, found a PNG image");
    // a table may have such names
    desk.write("t.csv", flowers().replace("length", "PAR1"));
    desk.ok("train t.csv --target species --epochs 1");
}

#[test]
fn classes_of_one_row_each() {
    let desk = Desk::new();
    let table = |label: &dyn Fn(usize) -> String| {
        let rows: String = (0..300).map(|i| format!("{},{}\n", i % 7, label(i))).collect();
        desk.write("t.csv", format!("a,y\n{rows}"));
    };
    let help_of =
        |options: &str, message: &str| fails(&desk, 1, &format!("train t.csv --target y {options}"), message).stderr;
    let message = |example: &str| {
        format!("t.csv, column \"y\": found 300 different texts in 300 rows, such as \"{example}\": no classes")
    };
    table(&|i| format!("{i}.25"));
    let help = help_of("--task classification", &message("0.25"));
    assert!(help.ends_with("\nhelp: the target looks like a number, not a class: use --task regression\n"), "{help}");
    table(&|i| i.to_string());
    assert!(help_of("--task classification", &message("0")).contains("--task regression"));
    table(&|i| format!("row {i}"));
    let help = help_of("", &message("row 0"));
    assert!(help.contains("\nhelp: for numbers, write all of them in one form"), "{help}");
    // few rows of few classes
    desk.write("t.csv", (0..9).map(|i| format!("{},row {i}\n", i * i % 7)).collect::<String>());
    let message = "t.csv: the test part would have no rows: each of the 9 classes keeps a row for training, and there are only 9 rows";
    let help = fails(&desk, 1, "train t.csv --target 1", message).stderr;
    assert!(
        help.ends_with(
            "\nhelp: merge rare classes, or choose another column with --target\nhelp: or switch test rows off: --test-fraction 0\n"
        ),
        "{help}"
    );
    desk.ok("train t.csv --target 1 --epochs 1 --hidden none --test-fraction 0");
}

#[test]
fn the_command_line() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    let value = |option: &str, found: &str, expected: &str| {
        let message = format!("{option}: expected {expected}, found {found}");
        fails(&desk, 2, &format!("train digits {option} {found}"), &message);
        let run = fails(&desk, 2, &format!("train digits {option}={found}"), &message);
        assert!(!run.stderr.contains("did you mean -") || found.contains("x"), "{}", run.stderr);
    };
    let sizes = "whole numbers of at least 1, separated by commas, such as 64,32; or none";
    value("--hidden", "0", sizes);
    value("--hidden", "64,0", sizes);
    value("--hidden", "64,x", sizes);
    value("--learning-rate", "-0.1", "a positive number");
    value("--learning-rate", "0", "a positive number");
    value("--learning-rate", "nan", "a positive number");
    value("--momentum", "-1", "a number from 0 to less than 1");
    value("--weight-decay", "-1", "0 or a positive number");
    value("--clip-norm", "-1", "0 or a positive number");
    value("--batch-size", "0", "a whole number of at least 1");
    value("--epochs", "0", "a whole number of at least 1");
    value("--accumulate", "0", "a whole number of at least 1");
    value("--accumulate", "1.5", "a whole number of at least 1");
    value("--shards", "0", "a power of two up to 1024");
    value("--shards", "3", "a power of two up to 1024");
    value("--shards", "-2", "a power of two up to 1024");
    value("--threads", "0", "a whole number of at least 1");
    value("--test-fraction", "1", "a number from 0 to less than 1");
    value("--seed", "-1", "a whole number of at least 0");
    value("--early-stopping", "-1", "a whole number of at least 0");
    let decay = |found: &str| {
        format!(
            "learning rate × weight decay: expected less than 1 (each step multiplies the weights by 1 minus this product), \
             found {found}"
        )
    };
    for (arguments, message) in [
        ("train flowers.csv", "flowers.csv: --target must name the column to predict"),
        ("train digits --validation-fraction 0 --early-stopping 5", "--early-stopping needs validation rows to watch"),
        ("train digits --momentum 0.9", "--momentum works only with --optimizer sgd, not with adamw"),
        ("train digits --optimizer sgd --nesterov", "--nesterov needs --momentum"),
        (
            "train digits --loss mse",
            "--loss mse does not fit a classification: expected one of cross-entropy, smoothed-cross-entropy, focal",
        ),
        (
            "train diabetes --loss cross-entropy",
            "--loss cross-entropy does not fit a regression: expected one of mse, half-mse, mae, huber, log-cosh, quantile, poisson",
        ),
        (
            "train digits --test-fraction 0.5 --validation-fraction 0.5",
            "--test-fraction and --validation-fraction together leave no training rows",
        ),
        ("train digits --weight-decay 5000", &decay("0.001 × 5000 = 5")),
        ("train digits --learning-rate 4", &decay("4 × 0.5 = 2")),
        ("train digits --optimizer sgd --learning-rate 0.1 --weight-decay 10", &decay("0.1 × 10 = 1")),
        (
            "train digits --schedule step:0:0.5",
            "--schedule: epochs of a step of the schedule: expected at least 1, found 0",
        ),
        ("train digits --dropot 0.5", "there is no option --dropot"),
        ("train digits --restart", "there is no option --restart"),
        ("train digits --resume", "--resume needs a value"),
        ("", "the command is missing"),
        ("train", "DATA is missing"),
        ("tarin digits", "there is no command tarin"),
        ("train flowers.csv --target length,length", "--target names the column \"length\" twice"),
        (
            "train flowers.csv --target length,width --task classification",
            "a classification needs one target column, found 2",
        ),
    ] {
        fails(&desk, 2, arguments, message);
    }
    assert!(!desk.path("runs").exists());
}

#[test]
fn models() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.ok("train flowers.csv --target species --epochs 1 --output run");
    let whole = desk.read("run/model.safetensors");
    // the same length, so that only the contents are wrong
    let with = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut bytes = whole.clone();
        bytes.splice(at..at + from.len(), to.bytes());
        bytes
    };
    let middle = whole.len() - whole.len() / 4;
    let mut altered = whole.clone();
    altered[middle] ^= 1;
    let own = "this is not a complete safetensors file";
    for (name, bytes, expected) in [
        ("half", whole[..whole.len() / 2].to_vec(), own),
        ("nothing", Vec::new(), own),
        ("short", whole[..whole.len() - 1].to_vec(), own),
        ("noise", vec![0xff; 1000], own),
        ("altered", altered, "the file was changed: its contents do not match the SHA-256 stored in it"),
        ("scale", with("\\\"mean\\\":[6", "\\\"mean\\\":[7"), "the file was changed"),
        ("version", with("\\\"version\\\":1", "\\\"version\\\":8"), "expected format version 7, found 8"),
        (
            "shape",
            with("\\\"inputs\\\":3", "\\\"inputs\\\":4"),
            "tensor 0.weight: expected shape [1024, 4], found [1024, 3]",
        ),
        ("kind", with("relu", "tahn"), "there is no activation \"tahn\""),
        (
            "foreign",
            with("\"mfnet\"", "\"other\""),
            "expected a model of mfnet, found a safetensors file without its metadata",
        ),
    ] {
        desk.write(name, bytes);
        for command in
            [format!("predict {name} flowers.csv"), format!("evaluate {name} flowers.csv"), format!("inspect {name}")]
        {
            let run = desk.run(&command);
            let first = run.stderr.lines().next().unwrap();
            // inspect takes what is no model for a table
            let expected = match (name, command.starts_with("inspect")) {
                ("nothing", true) => "the file is empty",
                ("noise", true) => "expected a table, found a stream of Arrow",
                _ => expected,
            };
            assert!(first.starts_with(&format!("error: {name}: ")) && first.contains(expected), "{command}: {first}");
            assert_eq!((run.code, run.stdout.as_str()), (1, ""));
        }
    }
    fails(&desk, 1, "inspect nowhere", "nowhere: there is no such file");
    fails(
        &desk,
        1,
        "evaluate run digits",
        "digits: there is no column \"species\"; the columns are \"pixel_0_0\", \"pixel_0_1\", \
        \"pixel_0_2\", \"pixel_0_3\", \"pixel_0_4\", \"pixel_0_5\", \"pixel_0_6\", \"pixel_0_7\", \"pixel_1_0\", \"pixel_1_1\", \
        \"pixel_1_2\", \"pixel_1_3\", … (65 in all)",
    );
    desk.write("narrow.csv", "length,widht,number\n1,2,3\n");
    fails(
        &desk,
        1,
        "predict run narrow.csv",
        "narrow.csv: there is no column \"width\"; the model needs it; rename \"widht\" if it is the same",
    );
    desk.write("other.csv", "length,width,number,species\n1,2,3,rosa\n");
    let unknown =
        "other.csv, line 2, column \"species\": the model does not know the class \"rosa\"; it knows setosa, virginica";
    fails(&desk, 1, "evaluate run other.csv", unknown);
    fails(
        &desk,
        1,
        "evaluate run more.csv --part test",
        "more.csv: cannot read: No such file or directory (os error 2)",
    );
    desk.write("more.csv", flowers().replace("5.0", "5.5"));
    let foreign = "more.csv: --part test needs the data that the model was trained on";
    fails(&desk, 1, "evaluate run more.csv --part test", foreign);
    let nowhere = "nowhere/here.csv: cannot write: No such file or directory (os error 2)";
    fails(&desk, 1, "predict run flowers.csv --output nowhere/here.csv", nowhere);
    desk.write("here.csv", "precious");
    fails(&desk, 1, "predict run flowers.csv --output here.csv", "here.csv: the file already exists");
    let folder = "run: expected a file for --output, found a folder";
    fails(&desk, 1, "predict run flowers.csv --output run --force", folder);
    assert_eq!(desk.text("here.csv"), "precious");
}

#[test]
fn a_folder_of_runs() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    fs::create_dir_all(desk.path("runs/empty")).unwrap();
    let expected = "runs: expected a model file or the folder of a run";
    let commands =
        ["inspect runs", "predict runs flowers.csv", "evaluate runs flowers.csv", "explain runs flowers.csv"];
    for command in commands {
        fails(&desk, 1, command, &format!("{expected}, found a folder without model.safetensors"));
    }
    for runs in ["1 run", "2 runs"] {
        desk.ok("train flowers.csv --target species --epochs 1");
        for command in commands {
            fails(&desk, 1, command, &format!("{expected}, found a folder of {runs}"));
        }
    }
    let help = desk.run("inspect runs").stderr;
    assert!(help.ends_with("\nhelp: choose one: runs/flowers-1, runs/flowers-2\n"), "{help}");
    for _ in 0..7 {
        desk.ok("train flowers.csv --target species --epochs 1 --quiet");
    }
    let help = desk.run("inspect runs").stderr;
    assert!(help.ends_with("runs/flowers-7, runs/flowers-8, …\n"), "{help}");
}

#[test]
fn an_output_folder_that_exists() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.ok("train flowers.csv --target species --epochs 1 --output run");
    desk.write("run/notes.txt", "mine");
    let before = desk.read("run/model.safetensors");
    let again = "train flowers.csv --target species --epochs 2 --output run";
    fails(&desk, 1, again, "run: the output folder already exists");
    assert_eq!(before, desk.read("run/model.safetensors"));
    desk.ok(&format!("{again} --force"));
    assert_ne!(before, desk.read("run/model.safetensors"));
    assert_eq!(
        files(&desk.path("run")),
        ["history.csv", "metrics.json", "model.safetensors", "notes.txt", "report.html"]
    );
    fails(
        &desk,
        1,
        "train digits --output flowers.csv --force",
        "flowers.csv: expected a folder for the output, found a file",
    );
}

#[test]
fn a_training_that_diverges() {
    let desk = Desk::new();
    let train = "train diabetes --optimizer sgd --learning-rate 1e6 --quiet --json --output run";
    let run = desk.run(train);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    let mut lines = run.stderr.lines();
    let first = lines.next().unwrap();
    assert!(first.starts_with("error: the loss became ") && first.contains(" in epoch 1, step "), "{first}");
    assert!(first.ends_with("mfnet kept the initial weights"), "{first}");
    assert!(lines.next().unwrap().starts_with("help: try a smaller --learning-rate (it was 1000000)"));
    // the last good weights are a whole model
    desk.ok("evaluate run diabetes");
    assert!(run.stderr.ends_with("help: see the loss over the epochs in run/report.html\n"), "{}", run.stderr);
    assert!(desk.text("run/report.html").contains("The training failed: the loss became "));
    // and never replace an earlier one that learned something
    desk.ok("train diabetes --epochs 2 --output run --force");
    let all = || {
        ["model.safetensors", "report.html", "history.csv", "metrics.json"]
            .map(|name| desk.read(&format!("run/{name}")))
    };
    let before = all();
    assert_eq!(desk.run(&format!("{train} --force")).code, 1);
    assert_eq!(before, all());
}

/// A file may grow to a limit only, which is what a full disk looks like to the program.
#[cfg(unix)]
#[test]
fn a_full_disk() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.ok("train flowers.csv --target species --epochs 1 --output run");
    let before = desk.read("run/model.safetensors");
    let shell = format!(
        "trap '' XFSZ; ulimit -f 8; exec {} train flowers.csv --target species --epochs 2 --output run --force",
        env!("CARGO_BIN_EXE_mfnet")
    );
    let run = Run::of(Command::new("sh").args(["-c", &shell]).current_dir(desk.path(".")));
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("error: run/model.safetensors: cannot write: File too large"), "{}", run.stderr);
    assert_eq!(before, desk.read("run/model.safetensors"));
    assert_eq!(files(&desk.path("run")), ["history.csv", "metrics.json", "model.safetensors", "report.html"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_the_model_so_far() {
    let desk = Desk::new();
    let run =
        interrupted_after(&desk, "train digits --epochs 100000 --schedule constant --output run", "run/history.csv");
    assert_eq!(run.code, 130, "{}", run.stderr);
    assert!(run.stderr.contains("the model so far is in run/model.safetensors"), "{}", run.stderr);
    let evaluated = desk.ok("evaluate run digits --json").json();
    assert!(evaluated["accuracy"].as_f64().unwrap() > 0.5, "{evaluated}");
    let metrics: serde_json::Value = serde_json::from_str(&desk.text("run/metrics.json")).unwrap();
    assert!(metrics["baselines"]["linear"].is_null());
}

#[cfg(unix)]
#[test]
fn a_broken_pipe_is_no_error() {
    let desk = Desk::new();
    desk.ok("train digits --epochs 1 --output run");
    let mut child = desk.command("predict run digits").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let status = child.wait().unwrap();
    let mut stderr = String::new();
    child.stderr.unwrap().read_to_string(&mut stderr).unwrap();
    assert!(line.starts_with("prediction,p_0"));
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

/// What was probably meant stands in the first line of help.
#[test]
fn suggestions() {
    let desk = Desk::new();
    desk.write("flowers.csv", "length,species\n1,a\n2,b\n");
    for (command, expected) in [
        ("train digits --dropot 0.5", "did you mean --dropout?"),
        ("train digits --lr 0.1", "did you mean --learning-rate?"),
        ("train digits --batch-norm", "did you mean --norm batch?"),
        ("train digits --activation swish", "did you mean silu?"),
        ("train digits --hidden 64 32", "separate the values of --hidden by commas: --hidden 64,32"),
    ] {
        let run = desk.run(command);
        assert_eq!(run.stderr.lines().nth(1), Some(format!("help: {expected}").as_str()), "{command}");
        assert_eq!(run.code, 2, "{command}");
    }
}

/// Settings and files that cannot be, and what to do: the second line.
#[test]
fn what_to_do() {
    let desk = Desk::new();
    let rows: String =
        (0..40).map(|i| format!("{},{},{}\n", i % 7, ["x", "y", "z"][i % 3], ["a", "b"][i % 2])).collect();
    desk.write("t.csv", format!("n,c,y\n{rows}"));
    desk.write("cut.toml", "target = 'y'\nlayers = [{ kind = 'embedding', first = 0, levels = 2, size = 2 }]\n");
    desk.ok("train t.csv --target y --hidden 4 --epochs 1 --folds 2 --output run");
    // a single fit replaces the folds, and folds replace it
    desk.ok("train t.csv --target y --hidden 4 --epochs 1 --output run --force");
    assert!(!desk.path("run/fold-1").exists() && desk.path("run/model.safetensors").exists());
    for (command, code, expected) in [
        (
            "train run --target y",
            1,
            "to predict with it: mfnet predict run DATA; to train on: mfnet train DATA --warm-start run",
        ),
        (
            "train t.csv --recipe t.csv",
            1,
            "a recipe is a file in TOML or JSON; mfnet train DATA --print-recipe prints one",
        ),
        ("train t.csv --target y --norm batch --batch-size 1", 2, "give a larger --batch-size, or --norm layer"),
        ("train t.csv --target y --norm layer --hidden 4,1", 2, "give larger --hidden sizes, or --norm batch"),
        ("train t.csv --recipe cut.toml", 2, "the categories are c (first = 1, levels = 3)"),
    ] {
        let run = desk.run(command);
        assert_eq!(run.stderr.lines().nth(1), Some(format!("help: {expected}").as_str()), "{command}: {}", run.stderr);
        assert_eq!(run.code, code, "{command}");
    }
    desk.ok("train t.csv --target y --hidden 4 --epochs 1 --folds 2 --output run --force");
    assert!(desk.path("run/fold-2/model.safetensors").exists() && !desk.path("run/model.safetensors").exists());
}

/// What the program says of a table that fits the model only in part, and of options in the wrong
/// place.
#[test]
fn what_was_meant() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.ok("train flowers.csv --target species --epochs 1 --hidden 4 --output run");
    desk.write("new.csv", "length,width,number\n5,3.5,1\n7,1.5,2\n,,\n");
    let run = desk.ok("predict run new.csv");
    assert_eq!(
        (run.stdout.lines().count(), run.stderr.as_str()),
        (3, "note: new.csv: 1 empty row at the end skipped\n")
    );
    let run = fails(
        &desk,
        1,
        "evaluate run new.csv",
        "new.csv: there is no column \"species\", the target, which evaluate needs",
    );
    assert!(run.stderr.ends_with("help: to predict without the target: mfnet predict run new.csv\n"), "{}", run.stderr);
    let run = desk.run("predict run new.csv --part test");
    let message = "\nerror: new.csv: --part test needs the data that the model was trained on\n";
    assert!(run.code == 1 && run.stderr.contains(message), "{}", run.stderr);
    // the first object of a file is not a line of names
    desk.write("new.jsonl", "{\"length\": \"x\", \"width\": 1, \"number\": 2}\n");
    let run = fails(
        &desk,
        1,
        "predict run new.jsonl",
        "new.jsonl, line 1, column \"length\": expected a number, found \"x\"",
    );
    assert!(!run.stderr.contains("column names"), "{}", run.stderr);
    desk.write("rows.csv", "5,3.5,1\n7,1.5,2\n6,2.5,3\n");
    let run = desk.run("predict run rows.csv");
    assert!(run.stderr.contains("seems to be data: write a line with the column names above it\n"), "{}", run.stderr);
    for (command, message, help) in [
        ("train flowers.csv --target", "--target needs a value", ""),
        ("train flowers.csv --target species --hidden", "--hidden needs a value", ""),
        (
            "train flowers.csv --optimizer newton",
            "--optimizer: expected sgd, adam, adamw, amsgrad, nadam, radam, lion, rmsprop, adagrad, adadelta, rprop or lbfgs, found newton",
            "",
        ),
        ("--json train digits", "there is no option --json", "options come after the command: mfnet train DATA --json"),
        (
            "evaluate run flowers.csv --target species",
            "there is no option --target",
            "the model knows its target: leave --target out",
        ),
        ("help predcit", "there is no command predcit", "did you mean predict?"),
        ("train flowers.csv --schedule cosin", "", "did you mean cosine?"),
        ("train flowers.csv --activation swisch", "", "did you mean silu?"),
    ] {
        let run = desk.run(command);
        assert!(
            run.code == 2 && run.stderr.contains(message) && run.stderr.contains(help),
            "{command}: {}",
            run.stderr
        );
    }
}
