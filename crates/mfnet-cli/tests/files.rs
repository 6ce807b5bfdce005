//! Files that hold a table in another way: several files, folders, containers, other formats, columns that cannot be
//! read, and rows without a target.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::Write;

use common::{Desk, fails, flowers};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

const QUICK: &str = "--hidden 4 --epochs 2 --no-baselines";

/// The lines of a text after its first, in parts of this many.
fn parts(text: &str, lines: usize) -> Vec<String> {
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    rows.chunks(lines).map(|rows| format!("{header}\n{}\n", rows.join("\n"))).collect()
}

#[test]
fn several_files_train_like_one() {
    let desk = Desk::new();
    desk.write("whole.csv", flowers());
    let parts = parts(&flowers(), 15);
    for (i, part) in parts.iter().enumerate() {
        desk.write(&format!("part-{i}.csv"), part);
    }
    let quick = format!("--target species {QUICK}");
    let of_whole = desk.train(&format!("whole.csv {quick} --output whole"));
    let of_parts = desk.train(&format!("part-0.csv part-1.csv part-2.csv {quick} --output parts"));
    assert_eq!(of_parts["test"], of_whole["test"]);
    assert_eq!(of_parts["data"], json!("part-0.csv and 2 other files"));
    // the test rows are found again
    let evaluated = desk.ok("evaluate parts part-0.csv part-1.csv part-2.csv --json").json();
    assert_eq!((&evaluated["part"], &evaluated["accuracy"]), (&json!("test"), &of_parts["test"]["accuracy"]));
    // predictions of two files follow each other
    let predicted = desk.ok("predict parts part-2.csv part-0.csv").stdout;
    let [first, second] = ["part-2.csv", "part-0.csv"].map(|file| desk.ok(&format!("predict parts {file}")).stdout);
    assert_eq!(predicted, first + second.split_once('\n').unwrap().1);
    // a folder of part files, beside what Spark writes
    fs::create_dir(desk.path("spark")).unwrap();
    desk.write("spark/_SUCCESS", "");
    desk.write("spark/.part-00000.csv.crc", "x");
    for (i, part) in parts.iter().enumerate() {
        desk.write(&format!("spark/part-0000{i}-7f3c.csv"), part);
    }
    desk.write("spark/part-00003-7f3c.csv", parts[0].lines().next().unwrap());
    let run = desk.ok(&format!("train spark {quick} --output folder"));
    let expected = "spark/part-00000-7f3c.csv and 3 other files (4 files, 1 of them without rows; fields separated by commas): 40 rows";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    assert_eq!(desk.read("folder/model.safetensors").len(), desk.read("whole/model.safetensors").len());
}

#[test]
fn files_that_do_not_belong_together() {
    let desk = Desk::new();
    desk.write("a.csv", flowers());
    desk.write("b.csv", "length,width,species\n1,2,setosa\n");
    desk.write("wrong.csv", flowers() + "6.0,x,1,setosa\n");
    fs::create_dir(desk.path("mixed")).unwrap();
    fs::create_dir_all(desk.path("years/year=2024")).unwrap();
    for name in ["train", "test"] {
        desk.write(&format!("mixed/{name}.csv"), flowers());
    }
    for (code, arguments, message, help) in [
        (
            1,
            "a.csv b.csv",
            "b.csv: expected the columns of a.csv: the column \"number\" is missing",
            "the same columns",
        ),
        (1, "a.csv a.csv", "a.csv: the file is given twice", ""),
        (
            1,
            "a.csv wrong.csv --numeric width",
            "wrong.csv, line 42, column \"width\": expected a number, found \"x\"",
            "",
        ),
        (
            1,
            "mixed",
            "mixed: expected a table or part files of one, found a folder of 2 tables",
            "mixed/test.csv mixed/train.csv",
        ),
        (
            1,
            "years",
            "years: mfnet does not read folders that divide a table by year (year=2024, …)",
            "hive_partitioning",
        ),
        (1, "a.csv mixed", "mixed: expected a table, found a folder", "one folder"),
        (2, "a.csv digits", "digits is the name of a data set, which cannot be joined with files", ""),
        (2, "a.csv -", "the standard input cannot be joined with files", ""),
        (2, "a.csv missing.csv", "unexpected argument missing.csv: there is no such file", ""),
        (
            1,
            "https://example.org/x.csv",
            "https://example.org/x.csv: expected a file, found a URL",
            "curl -LO https://example.org/x.csv",
        ),
        (1, "s3://bucket/x.csv", "s3://bucket/x.csv: expected a file, found a URL", "aws s3 cp s3://bucket/x.csv ."),
    ] {
        let run = fails(&desk, code, &format!("train {arguments} --target species"), message);
        assert!(run.stderr.contains(help), "{arguments}: {}", run.stderr);
    }
    let message = "unexpected argument number: there is no such file";
    let run = fails(&desk, 2, "train a.csv --target species --drop width number", message);
    assert!(run.stderr.contains("separate the values of --drop by commas: --drop width,number"), "{}", run.stderr);
    // files are no values of the option before them
    let message = "unexpected argument missing.csv: there is no such file";
    let run = fails(&desk, 2, "train --target species a.csv missing.csv", message);
    assert!(!run.stderr.contains("separate the values"), "{}", run.stderr);
}

#[test]
fn rows_without_a_target() {
    let desk = Desk::new();
    let rows: String = (0..60)
        .map(|i| match i % 6 {
            0 => format!("{i},{},NA\n", i % 4),
            3 => format!("{i},{},\n", i % 4),
            _ => format!("{i},{},{}.5\n", i % 4, 3 * i),
        })
        .collect();
    let text = format!("a,b,y\n{rows}");
    desk.write("t.csv", &text);
    let run = fails(&desk, 1, "train t.csv --target y", "t.csv, line 2, column \"y\": expected a number, found \"NA\"");
    let help = "help: 20 rows have no target: to leave out such rows, use --skip-missing-target\n";
    assert!(run.stderr.contains(help), "{}", run.stderr);
    // the same as without these rows
    let kept: String = text
        .lines()
        .filter(|line| !line.ends_with("NA") && !line.ends_with(','))
        .map(|line| format!("{line}\n"))
        .collect();
    desk.write("kept.csv", kept);
    let run = desk.ok(&format!("train t.csv --target y {QUICK} --skip-missing-target --output skipped"));
    assert!(run.stderr.contains("\nleft out: 20 rows without a target (--skip-missing-target)\n"), "{}", run.stderr);
    assert!(run.stderr.starts_with("t.csv (fields separated by commas): 40 rows"), "{}", run.stderr);
    desk.ok(&format!("train kept.csv --target y {QUICK} --output kept"));
    let metrics =
        |run: &str| -> serde_json::Value { serde_json::from_str(&desk.text(&format!("{run}/metrics.json"))).unwrap() };
    assert_eq!(metrics("skipped")["test"], metrics("kept")["test"]);
    let run = desk.ok("evaluate skipped t.csv --json");
    assert_eq!(run.stderr, "left out: 20 rows without a target, as in training\n");
    assert_eq!(run.json()["rmse"], metrics("skipped")["test"]["rmse"]);
    // classes: an empty field is no class
    desk.write("c.csv", flowers() + "5.0,3.5,1,\n");
    let run = fails(
        &desk,
        1,
        "train c.csv --target species",
        "c.csv, line 42, column \"species\": expected a value, found an empty cell",
    );
    assert!(run.stderr.contains("1 row has no target"), "{}", run.stderr);
    desk.ok(&format!("train c.csv --target species {QUICK} --skip-missing-target"));
    // in a test file, too
    desk.ok(&format!("train kept.csv --test-file t.csv --target y {QUICK} --skip-missing-target"));
    fails(
        &desk,
        1,
        &format!("train kept.csv --test-file t.csv --target y {QUICK}"),
        "t.csv, line 2, column \"y\": expected a number, found \"NA\"",
    );
    desk.write("none.csv", "a,y\n1,\n2,NA\n");
    fails(&desk, 1, "train none.csv --target y --skip-missing-target", "none.csv, column \"y\": no row has a value");
    fails(
        &desk,
        2,
        "train t.csv --target y --skip-missing-target --batch-order order.txt",
        "--skip-missing-target cannot be used with --batch-order",
    );
}

#[test]
fn json_and_containers() {
    let desk = Desk::new();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        format!("{{\"length\": {}, \"tags\": [1], \"species\": {:?}}}\n", fields[0], fields[3])
    };
    let lines: String = flowers().lines().skip(1).map(row).collect();
    desk.write("t.jsonl", &lines);
    let run = desk.ok(&format!("train t.jsonl --target species {QUICK}"));
    assert!(run.stderr.starts_with("t.jsonl (JSON lines): 40 rows, 1 feature"), "{}", run.stderr);
    assert!(run.stderr.contains("\nleft out: tags (mfnet does not read columns of arrays)\n"), "{}", run.stderr);
    let run = desk.ok(&format!("train t.jsonl --target species --drop tags {QUICK}"));
    assert!(!run.stderr.contains("left out"), "{}", run.stderr);
    fails(&desk, 1, "train t.jsonl --target tags", "t.jsonl, column \"tags\": mfnet does not read columns of arrays");
    // a model that needs a column which this file has in another form
    desk.write("flat.jsonl", lines.replace("[1]", "1.5"));
    desk.ok(&format!("train flat.jsonl --target species --numeric tags {QUICK} --output flat"));
    fails(&desk, 1, "predict flat t.jsonl", "t.jsonl, column \"tags\": mfnet does not read columns of arrays");
    desk.write("bad.jsonl", lines.clone() + "{\"length\": 1,}\n");
    let run = fails(
        &desk,
        1,
        "train bad.jsonl --target species",
        "bad.jsonl, line 41: expected a JSON object for each row: trailing comma",
    );
    assert!(run.stderr.contains("jq -c '.KEY[]' FILE"), "{}", run.stderr);
    desk.write("it's.csv.bz2", b"BZh91AY&SY");
    let run = desk.command("train --target y").arg("it's.csv.bz2").output().unwrap();
    let stderr = String::from_utf8(run.stderr).unwrap();
    assert_eq!(
        stderr,
        "error: it's.csv.bz2: expected a table, found a file compressed with bzip2\nhelp: bunzip2 --keep 'it'\\''s.csv.bz2'\n"
    );
}

#[test]
fn compressed_files_that_become_large() {
    let desk = Desk::new();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(flowers().as_bytes()).unwrap();
    desk.write("t.csv.gz", gzip.finish().unwrap());
    let arguments = format!("train t.csv.gz --target species {QUICK}");
    desk.ok(&format!("{arguments} --memory 1GB"));
    let run = desk.run(&format!("{arguments} --memory 100"));
    assert!(run.stderr.contains("compressed bytes become more than 100 bytes"), "{}", run.stderr);
    assert!(
        run.stderr.contains("help: if you trust the file, say how large it may become, for example --memory 8GB\n"),
        "{}",
        run.stderr
    );
    let message = "--memory: expected a size such as 8GB or 500MB, found much";
    fails(&desk, 2, &format!("{arguments} --memory much"), message);
    let message = "t.csv.gz: a sheet can be chosen only in an Excel workbook (.xlsx)";
    let run = fails(&desk, 1, &format!("{arguments} --sheet a"), message);
    assert!(run.stderr.contains("help: leave --sheet out\n"), "{}", run.stderr);
}

/// An array of 8-byte numbers with this shape, as NumPy's NEP 1 defines the file.
fn array(shape: &str, numbers: impl Iterator<Item = f64>) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}");
    let elements: Vec<u8> = numbers.flat_map(f64::to_le_bytes).collect();
    [&b"\x93NUMPY\x01\x00"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), &elements].concat()
}

/// A zip archive of files that are not compressed, as PKWARE's APPNOTE defines it.
fn zipped(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let (size, offset) = (bytes.len() as u32, archive.len() as u32);
        let about = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
            &crc.sum().to_le_bytes(),
            &size.to_le_bytes(),
            &size.to_le_bytes(),
        ]
        .concat();
        let lengths = [&(name.len() as u16).to_le_bytes()[..], &[0, 0]].concat();
        archive.extend([&b"PK\x03\x04"[..], &about, &lengths, name.as_bytes(), bytes].concat());
        directory.extend(
            [&b"PK\x01\x02\x14\x00"[..], &about, &lengths, &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let (count, start, size) = ((files.len() as u16).to_le_bytes(), archive.len() as u32, directory.len() as u32);
    archive.extend(directory);
    archive.extend(
        [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size.to_le_bytes(), &start.to_le_bytes(), &[0, 0]].concat(),
    );
    archive
}

#[test]
fn arrays_with_a_split() {
    let desk = Desk::new();
    let x = |from: u32, to: u32| array(&format!("({}, 2)", to - from), (2 * from..2 * to).map(f64::from));
    let y = |from: u32, to: u32| array(&format!("({},)", to - from), (from..to).map(|i| f64::from(i) * 1.5));
    desk.write(
        "t.npz",
        zipped(&[
            ("x_train.npy", x(0, 90)),
            ("y_train.npy", y(0, 90)),
            ("x_test.npy", x(90, 120)),
            ("y_test.npy", y(90, 120)),
        ]),
    );
    let run = desk.ok(&format!("train t.npz --target y {QUICK} --output run"));
    let split = "\nofficial test rows, random validation rows (seed 0): 81 training, 9 validation, 30 test rows\n";
    assert!(
        run.stderr.starts_with("t.npz (NumPy): 120 rows, 2 features; target y") && run.stderr.contains(split),
        "{}",
        run.stderr
    );
    let evaluated = desk.ok("evaluate run t.npz --json").json();
    assert_eq!((&evaluated["part"], &evaluated["samples"]), (&json!("test"), &json!(30)));
    let message = "--test-file works only without another split: t.npz has an official split";
    fails(&desk, 2, "train t.npz --target y --test-file t.npz", message);
    // an array of several columns is no single target
    let run = fails(
        &desk,
        1,
        "train t.npz --target x",
        "t.npz: there is no column \"x\"; the columns are \"x_0\", \"x_1\", \"y\"",
    );
    assert!(run.stderr.contains("to predict all, use --target x_0,x_1\n"), "{}", run.stderr);
}
