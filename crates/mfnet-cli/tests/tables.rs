//! Any table: what its columns are taken for, what the model makes of them, and what other files may look like.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{Desk, Run, flowers};
use serde_json::json;

const HEADER: &str = "id,street,rooms,area,city,garden,sold,price";

/// Flats with an identifier, names, gaps, a category, a boolean and a date, and prices in the hundreds of thousands.
fn flats() -> String {
    let row = |i: usize| {
        let city = i / 3 % 5;
        let area = 40 + i * 37 % 90;
        let price = 200_000 + 50_000 * city + 2_000 * area + if i.is_multiple_of(2) { 30_000 } else { 0 };
        let fields = [
            format!("{:05}", 7 * i),
            format!("street {i}"),
            if i % 17 == 3 { "NA".to_owned() } else { (area / 25).to_string() },
            if i % 13 == 5 { String::new() } else { area.to_string() },
            if i % 19 == 4 { String::new() } else { ["Rome", "Oslo", "Bern", "Graz", "Nice"][city].to_owned() },
            if i.is_multiple_of(2) { "yes" } else { "no" }.to_owned(),
            format!("{}-{:02}-11", 2010 + i % 12, 1 + i % 12),
            price.to_string(),
        ];
        fields.join(",") + "\n"
    };
    format!("{HEADER}\n{}", (0..300).map(row).collect::<String>())
}

/// The bytes of a model's matrices in the folder "run".
fn weights_of_run(desk: &Desk) -> Vec<u8> {
    let model = desk.read("run/model.safetensors");
    let header = u64::from_le_bytes(model[..8].try_into().unwrap()) as usize;
    model[8 + header..].to_vec()
}

#[test]
fn from_a_file_to_predictions() {
    let desk = Desk::new();
    desk.write("flats.csv", flats());
    let run = desk.ok("train flats.csv --target price");
    for expected in [
        "flats.csv (fields separated by commas): 300 rows, 5 features: 2 numbers, 1 boolean (garden), 1 date (sold), 1 category (city); target price",
        "\nleft out: id (an identifier: every value is different), street (300 different texts in 300 rows, such as \"street 0\")\n",
        // 3, 20, … of 0 to 299; 5, 18, …; 4, 23, …
        "\nmissing values: 18 in rooms, 23 in area, 16 in city\n",
    ] {
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
    let metrics: serde_json::Value = serde_json::from_str(&desk.text("runs/flats-1/metrics.json")).unwrap();
    assert_eq!((&metrics["task"], &metrics["features"]), (&json!("regression"), &json!(5)));
    // prices have a deviation of 90 000: in their own unit, and better than half of it
    let rmse = metrics["test"]["rmse"].as_f64().unwrap();
    assert!((1000.0..40_000.0).contains(&rmse), "{rmse}");
    // prices are sums of what the columns say, so that the linear model is better
    let verdict = metrics["verdict"].as_str().unwrap();
    assert!(verdict.starts_with("The network does not beat the linear model"), "{verdict}");
    let better_by = |rival: &str| metrics["better_by"][rival]["difference"].as_f64().unwrap();
    assert!(better_by("linear") < 0.0 && rmse > metrics["baselines"]["linear"].as_f64().unwrap());
    assert!(better_by("naive") > 0.5 && metrics["better_by"]["naive"]["p_value"].as_f64().unwrap() < 1e-6);
    let evaluated = desk.ok("evaluate runs/flats-1 flats.csv --json").json();
    let own = desk.ok("evaluate runs/flats-1 flats.csv --part all").stderr;
    assert_eq!(own, "these rows include those of the training: only other rows show how good the model is\n");
    assert_eq!(evaluated["rmse"], metrics["test"]["rmse"]);

    // another order, a city that training did not have, gaps, no target
    desk.write(
        "new.csv",
        "city,sold,area,garden,note,rooms,id\nNice,2015-03-11,80,yes,x,3,00700\nParis,,,,,,007\n,,80,no,y,,7.50\n",
    );
    let run = desk.ok("predict runs/flats-1 new.csv --keep id,note");
    assert_eq!(
        run.stderr,
        "column city: 1 row has a value that is new or rare: \"Paris\"; mfnet predicts from the other columns\n\
         note: column \"garden\": 1 row has no value, but in training every row had one; its prediction is less reliable\n\
         note: column \"sold\": 2 rows have no value, but in training every row had one; their predictions are less reliable\n"
    );
    assert_eq!(run.stdout, desk.ok("predict runs/flats-1 new.csv --keep id --keep note").stdout);
    let lines: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["id", "note", "prediction"]);
    let kept: Vec<&[&str]> = lines[1..].iter().map(|line| &line[..2]).collect();
    assert_eq!(kept, [["00700", "x"], ["007", ""], ["7.50", "y"]]);
    let prices: Vec<f64> = lines[1..].iter().map(|line| line[2].parse().unwrap()).collect();
    assert!(prices.iter().all(|price| (200_000.0..800_000.0).contains(price)), "{prices:?}");
    let shown = desk.ok("inspect runs/flats-1").stdout;
    assert!(shown.contains("  city    category  one-hot: Bern, Graz, Nice, Oslo, Rome, missing\n"), "{shown}");
    assert!(shown.contains("  rooms   number    scaled; "), "{shown}");
    let report = desk.text("runs/flats-1/report.html");
    assert!(report.contains("one-hot: Bern, Graz, Nice, Oslo, Rome, missing"), "the report has the encoders");
}

/// The rows that a fraction by seed puts into the test part: what they hold changes neither scales nor levels nor weights.
#[test]
fn test_rows_have_no_say() {
    let desk = Desk::new();
    let learned = |name: &str, change: &dyn Fn(&mut Vec<String>)| {
        desk.write(name, flats());
        // which rows are test rows depends on their number alone
        let plain = flats();
        let lines: Vec<&str> = plain.lines().collect();
        let test = test_rows(&desk, name);
        let changed = |(i, line): (usize, &&str)| {
            let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
            if i > 0 && test.contains(&(i - 1)) {
                change(&mut fields);
            }
            fields.join(",") + "\n"
        };
        desk.write(name, lines.iter().enumerate().map(changed).collect::<String>());
        desk.ok(&format!("train {name} --target price --epochs 3 --output run --force --scale quantile"));
        let shown = desk.ok("inspect run").stdout;
        // the file differs, and so does its digest
        let shown = shown.lines().filter(|line| !line.contains("SHA-256")).collect::<Vec<_>>().join("\n");
        (shown, weights_of_run(&desk), desk.text("run/history.csv").lines().map(without_seconds).collect::<Vec<_>>())
    };
    let before = learned("t.csv", &|_| ());
    let after = learned("t.csv", &|fields| {
        (fields[2], fields[3], fields[4]) = (String::new(), "1e9".to_owned(), "Atlantis".to_owned());
        (fields[6], fields[7]) = ("1850-01-01".to_owned(), "-5".to_owned());
    });
    assert_eq!(before, after);
}

/// The loss and the validation loss of an epoch.
fn without_seconds(line: &str) -> String {
    line.split(',').take(3).collect::<Vec<_>>().join(",")
}

/// The rows that the default split of seed 0 keeps for the test, by the library.
fn test_rows(desk: &Desk, name: &str) -> Vec<usize> {
    use mfnet::data::{Fractions, SplitBy};
    use mfnet::{Dataset, Seed, Target};
    let data = Dataset::from_csv(desk.path(name), Target::values(["price"])).unwrap();
    let by = SplitBy::Fractions(Fractions { validation: 0.1, test: 0.2 });
    data.split_indices(by, Seed(0)).unwrap().2
}

#[test]
fn options_for_columns() {
    let desk = Desk::new();
    desk.write("flats.csv", flats());
    let features = |options: &str| {
        let said = desk.ok(&format!("train flats.csv --target price --epochs 1 --output run --force {options}")).stderr;
        said.lines().next().unwrap().split("rows, ").nth(1).unwrap().split("; target").next().unwrap().to_owned()
    };
    assert_eq!(features("--drop sold,garden"), "3 features: 2 numbers, 1 category (city)");
    desk.write("odd.csv", "\"a,b\",c,y\n1,2,3.5\n2,1,4.5\n3,5,6.5\n");
    assert!(desk.ok("train odd.csv --target y --drop a,b --epochs 1").stderr.contains("3 rows, 1 feature; target y"));
    assert_eq!(
        features("--drop sold --drop garden --categorical rooms --numeric id"),
        "4 features: 2 numbers, 2 categories (rooms, city)"
    );
    let run = desk.run("train flats.csv --target price --numeric rooms,city");
    let first = run.stderr.lines().next().unwrap();
    assert_eq!(first, "error: flats.csv, line 2, column \"city\": expected a number, found \"Rome\"");
    for (options, expected) in [
        ("--drop price", "--drop must not name the target \"price\""),
        ("--numeric rooms --categorical price", "--categorical must not name the target \"price\""),
        ("--drop rooms --numeric rooms,area", "--drop and --numeric both name the column \"rooms\""),
        ("--group city --categorical city", "--group and --categorical both name the column \"city\""),
    ] {
        let run = desk.run(&format!("train flats.csv --target price {options}"));
        let expected = format!("error: {expected}");
        assert_eq!((run.code, run.stderr.lines().next()), (2, Some(expected.as_str())));
    }
    let run = desk.run("train flats.csv --target price --drop citi");
    let first = run.stderr.lines().next().unwrap();
    assert!(
        run.code == 1 && first == "error: flats.csv: there is no column \"citi\"; did you mean \"city\"?",
        "{first}"
    );
}

#[test]
fn a_number_that_was_mistyped_is_named() {
    let desk = Desk::new();
    desk.write("t.csv", flowers().replacen("5.2,", "5.2o,", 1));
    let said = desk.ok("train t.csv --target species --epochs 1").stderr;
    assert!(
        said.contains(
            "\nlength is not read as numbers because of \"5.2o\" in line 4; correct it, or remove the line if it is no row, or leave the cell empty if the value is missing\n"
        ),
        "{said}"
    );
    let run = desk.run("train t.csv --target species --numeric length");
    let expected = "error: t.csv, line 4, column \"length\": expected a number, found \"5.2o\"";
    assert_eq!((run.code, run.stderr.lines().next()), (1, Some(expected)));
}

/// The same table in other clothes gives the same model, but for the digest of the file.
#[test]
fn other_dialects() {
    let desk = Desk::new();
    let plain = flowers();
    desk.write("plain.csv", &plain);
    let weights = |data: &str| {
        desk.ok(&format!("train {data} --target species --epochs 2 --output run --force"));
        weights_of_run(&desk)
    };
    let expected = weights("plain.csv");
    let quoted: String = plain.lines().map(|line| format!("'{}'\r\n", line.replace(',', "','"))).collect();
    for (name, text, said) in [
        ("t.csv", plain.replace(',', ";"), "fields separated by semicolons"),
        (
            "comma.csv",
            plain.replace(',', ";").replace('.', ","),
            "fields separated by semicolons, numbers with a decimal comma in length and width",
        ),
        ("t.tsv", plain.replace(',', "\t"), "fields separated by tabs"),
        ("t.txt", plain.replace(',', "|"), "fields separated by '|'"),
        ("quoted.csv", quoted, "fields separated by commas and quoted with \"'\""),
        ("bom.csv", format!("\u{feff}{plain}"), "fields separated by commas"),
    ] {
        desk.write(name, text);
        assert!(weights(name) == expected, "{name}");
        let run = desk.ok(&format!("train {name} --target species --epochs 1 --output run --force"));
        assert!(run.stderr.starts_with(&format!("{name} ({said}): 40 rows, 3 features")), "{}", run.stderr);
    }
}

/// A target with decimal commas is a quantity, as a feature is.
#[test]
fn a_target_with_decimal_commas() {
    let desk = Desk::new();
    let rows: String = (0..60).map(|i| format!("{},5;{},25\n", i % 10, 3 * (i % 10))).collect();
    desk.write("t.csv", format!("x;y\n{rows}"));
    let report = desk.train("t.csv --target y --epochs 5");
    assert_eq!(report["task"], json!("regression"));
}

/// 1.250 is 1250 where other numbers show it: beside 950 in the same column, beside a decimal comma, and in files for a model that was trained on such.
#[test]
fn thousands() {
    let desk = Desk::new();
    let grouped = |x: usize| if x < 1000 { x.to_string() } else { format!("{}.{:03}", x / 1000, x % 1000) };
    let table = |number: &dyn Fn(usize) -> String| {
        let rows: String = (0..200).map(|i| format!("{};{}\n", number(700 + 7 * i), number(1400 + 14 * i))).collect();
        format!("area;price\n{rows}")
    };
    desk.write("german.csv", table(&grouped));
    desk.write("plain.csv", table(&|x| x.to_string()));
    let train = |data: &str| desk.ok(&format!("train {data} --target price --epochs 5 --output run --force"));
    let said = train("german.csv").stderr;
    assert!(
        said.starts_with(
            "german.csv (fields separated by semicolons, numbers such as 1.234,5 (--decimal changes this)): 200 rows"
        ),
        "{said}"
    );
    let weights = weights_of_run(&desk);
    // what stands in a file for it is read as there
    for (row, as_in) in [("1.250", "1250"), ("1.250,0", "1250"), ("1250", "1250"), ("800", "800"), ("1.5", "1,5")] {
        let predicted = |row: &str| {
            desk.write("new.csv", format!("area;x\n{row};a\n"));
            desk.ok("predict run new.csv").stdout
        };
        assert_eq!(predicted(row), predicted(as_in), "{row}");
    }
    train("plain.csv");
    assert_eq!(weights_of_run(&desk), weights);
    desk.write("new.csv", "area;x\n1.250;a\n");
    let of_thousandths = desk.ok("predict run new.csv").stdout;
    desk.write("new.csv", "area;x\n1.25;a\n");
    assert_eq!(desk.ok("predict run new.csv").stdout, of_thousandths);
}

/// NA is a missing value of a category too; of a target it is a class.
#[test]
fn words_for_missing_values() {
    let desk = Desk::new();
    let row = |i: usize| format!("{},{}\n", ["a", "NA", "b", "?", "", "none"][i % 6], ["yes", "no", "NA"][i % 3]);
    desk.write("t.csv", format!("kind,y\n{}", (0..120).map(row).collect::<String>()));
    let said = desk.ok("train t.csv --target y --epochs 1 --output run").stderr;
    assert!(said.contains("classification, 3 classes") && said.contains("\nmissing values: 80 in kind\n"), "{said}");
    assert!(desk.ok("inspect run").stdout.contains("  category  one-hot: a, b, missing\n"));
    desk.write("new.csv", "kind\nNA\n\"\"\nnull\n");
    let predicted = desk.ok("predict run new.csv");
    assert_eq!(predicted.stderr, "");
    let lines: Vec<&str> = predicted.stdout.lines().skip(1).collect();
    assert!(lines.len() == 3 && lines.iter().all(|line| *line == lines[0]), "{lines:?}");
}

/// Columns that are left out are counted, too.
#[test]
fn without_a_header() {
    let desk = Desk::new();
    let rows: Vec<String> =
        (0..60).map(|i| format!("{},{},{},name {i}", ["red", "blue"][i % 2], (i + 1) % 7, i * i % 11)).collect();
    desk.write("t.csv", rows.join("\n"));
    desk.ok("train t.csv --target 0 --epochs 2 --output run");
    let expected = desk.ok("predict run t.csv").stdout;
    // also one row, which could be a header of texts; and without the target
    desk.write("one.csv", &rows[0]);
    assert_eq!(desk.ok("predict run one.csv").stdout.lines().nth(1), expected.lines().nth(1));
    let cut: Vec<&str> = rows.iter().map(|row| row.split_once(',').unwrap().1).collect();
    desk.write("cut.csv", cut.join("\n"));
    assert_eq!(desk.ok("predict run cut.csv").stdout, expected);
    desk.write("short.csv", "1,2\n3,4\n");
    let error = "error: short.csv: expected 3 columns without the target, or 4 columns, found 2";
    assert_eq!(desk.run("predict run short.csv").stderr.lines().next(), Some(error));
    // what the first line is can be said
    desk.ok("train t.csv --target red --header yes --epochs 1 --output named");
    assert!(desk.ok("inspect named").stdout.contains("Output: classes of red: blue, red"));
}

/// Runs with this on its standard input.
fn fed(desk: &Desk, arguments: &str, input: &[u8]) -> Run {
    let mut child =
        desk.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn the_standard_input() {
    let desk = Desk::new();
    let text = flowers();
    desk.write("flowers.csv", &text);
    desk.ok("train flowers.csv --target species --epochs 2 --output file");
    let run = fed(&desk, "train - --target species --epochs 2", text.as_bytes());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.starts_with("standard input (fields separated by commas): 40 rows"), "{}", run.stderr);
    assert!(run.stdout.contains("model: runs/stdin-1/model.safetensors"), "{}", run.stdout);
    assert_eq!(desk.read("file/model.safetensors"), desk.read("runs/stdin-1/model.safetensors"));
    let predicted = fed(&desk, "predict file -", text.as_bytes());
    assert_eq!(predicted.stdout, desk.ok("predict file flowers.csv").stdout);
    let run = fed(&desk, "train - --target species", b"");
    assert_eq!((run.code, run.stderr.lines().next()), (1, Some("error: standard input: the file is empty")));
}

/// Images of 2 × 2 pixels whose first one is bright for class 1.
#[test]
fn a_folder_of_images() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("letters")).unwrap();
    let idx = |sizes: &[u8], elements: Vec<u8>| -> Vec<u8> {
        let header = [0, 0, 8, sizes.len() as u8].into_iter().chain(sizes.iter().flat_map(|size| [0, 0, 0, *size]));
        header.chain(elements).collect()
    };
    for (part, count) in [("train", 100), ("t10k", 20)] {
        let pixels = (0..count).flat_map(|i| [if i % 2 == 1 { 200 } else { 20 }, i, 7, 255 - i]).collect();
        desk.write(&format!("letters/{part}-images-idx3-ubyte"), idx(&[count, 2, 2], pixels));
        desk.write(&format!("letters/{part}-labels-idx1-ubyte"), idx(&[count], (0..count).map(|i| i % 2).collect()));
    }
    let report = desk.train("letters --epochs 20");
    assert_eq!(report["samples"], json!({ "train": 90, "validation": 10, "test": 20 }));
    assert_eq!((&report["output"], &report["test"]["accuracy"]), (&json!("runs/letters-1"), &json!(1.0)));
    let evaluated = desk.ok("evaluate runs/letters-1 letters --json").json();
    assert_eq!((&evaluated["part"], &evaluated["samples"]), (&json!("test"), &json!(20)));
    assert_eq!(desk.ok("predict runs/letters-1 letters --keep class").stdout.lines().count(), 121);
    let run = desk.run("train letters --target label");
    let expected = "error: --target label does not fit letters: expected class";
    assert_eq!((run.code, run.stderr.lines().next()), (2, Some(expected)));
    let run = desk.run("train letters/train-images-idx3-ubyte --target class");
    assert!(
        run.code == 1 && run.stderr.contains("found IDX images\nhelp: name the folder that holds the images"),
        "{}",
        run.stderr
    );
}

/// Files of other programs, which the library's golden folder has: what is learned from them is what is learned from the same table as text.
#[test]
fn parquet_and_numpy() {
    let desk = Desk::new();
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../mfnet-table/tests/golden/tables");
    for name in ["many.parquet", "arrays.npz", "pandas.parquet"] {
        std::fs::copy(golden.join(name), desk.path(name)).unwrap();
    }
    let row = |i: usize| {
        let runs = if i / 1000 == 3 { String::new() } else { (i / 1000).to_string() };
        format!("{},{runs},t{},{},{}\n", i % 7, i % 3, 3 * i as i64 - 10, i.is_multiple_of(2))
    };
    desk.write("many.csv", format!("seven,runs,text,step,negative\n{}", (0..10_000).map(row).collect::<String>()));
    let weights = |data: &str| {
        let options = "--target seven --epochs 1 --hidden 8 --output run --force";
        let said = desk.ok(&format!("train {data} {options}")).stderr;
        let kinds = "10 000 rows, 4 features: 2 numbers, 1 boolean (negative), 1 category (text); target seven";
        assert!(said.contains(kinds), "{said}");
        weights_of_run(&desk)
    };
    assert_eq!(weights("many.parquet"), weights("many.csv"));
    // the model of the one takes the other
    assert_eq!(desk.ok("predict run many.parquet").stdout, desk.ok("predict run many.csv").stdout);

    let run = desk.ok("train arrays.npz --target y --test-fraction 0 --epochs 1 --output npz");
    assert!(run.stderr.starts_with("arrays.npz (NumPy): 4 rows, 6 features; target y"), "{}", run.stderr);
    assert_eq!(desk.ok("predict npz arrays.npz --keep X_0").stdout.lines().next(), Some("X_0,prediction,p_a,p_b"));
    for (arguments, expected) in [
        (
            "pandas.parquet --target x",
            "pandas.parquet, column \"x\": expected a value, found an empty cell in row 1, counted from 0",
        ),
        (
            "pandas.parquet --target t --numeric s",
            "pandas.parquet, column \"t\": expected a value, found an empty cell in row 1, counted from 0",
        ),
        (
            "pandas.parquet --target c --numeric s",
            "pandas.parquet, column \"s\": expected a number, found \"a\" in row 0, counted from 0",
        ),
    ] {
        let run = desk.run(&format!("train {arguments}"));
        assert_eq!((run.code, run.stderr.lines().next()), (1, Some(format!("error: {expected}").as_str())));
    }
}

/// What the program says about a table before it trains, and without training.
#[test]
fn what_a_table_holds_is_said() {
    let desk = Desk::new();
    desk.write("flats.csv", flats());
    let text = desk.ok("inspect flats.csv").stdout;
    for line in [
        "flats.csv (fields separated by commas): 300 rows, 8 columns\n",
        "\ncolumn  kind      missing  values\n",
        "\nid      left out        0  an identifier: every value is different\n",
        "\narea    number         23  40 to 129\n",
        "\ncity    category       16  5 levels: Bern, Graz, Nice, Oslo, Rome\n",
        "\ngarden  boolean         0  no, yes\n",
        "\nsold    date            0  2010-01-11 to 2021-12-11\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    let json = desk.ok("inspect flats.csv --json").json();
    assert_eq!((&json["rows"], &json["columns"][3]["kind"]), (&json!(300), &json!("number")));
    assert_eq!(json["columns"][1]["left_out"], json!("300 different texts in 300 rows, such as \"street 0\""));
    assert!(desk.ok("inspect diabetes").stdout.contains("442 rows"));

    // all columns that are left out are in metrics.json
    let many = |i: usize| (0..9).map(|k| format!("t{k} {i},")).collect::<String>();
    let rows: String = (0..60).map(|i| format!("{}{},{}\n", many(i), i * i % 17, ["a", "b", "NA"][i % 3])).collect();
    let names: String = (0..9).map(|k| format!("text{k},")).collect();
    desk.write("t.csv", format!("{names}x,y\n{rows}"));
    let run = desk.ok("train t.csv --target y --epochs 1 --hidden 2 --output run");
    assert!(run.stderr.contains("\"t3 0\") and 5 more\n"), "{}", run.stderr);
    let note = "note: \"NA\" is a class of the target; if it is a missing value, use --missing NA\n";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    let metrics: serde_json::Value = serde_json::from_str(&desk.text("run/metrics.json")).unwrap();
    assert_eq!(metrics["left_out"].as_object().unwrap().len(), 9);
    assert!(metrics["left_out"]["text8"].as_str().unwrap().contains("60 different texts"));

    // a line that is no row, and words for missing values
    let low = |i: usize| if i.is_multiple_of(5) { "<0.5" } else { "0.75" };
    let row = |i: usize| match i {
        0 => "m,m,m,<0.1,7\n".to_owned(),
        i => format!("{i},{},{},{},{}.5\n", i * i % 7, i * i % 11, low(i), i * i % 13),
    };
    desk.write("t.csv", format!("a,b,c,d,y\n{}", (0..60).map(row).collect::<String>()));
    let run = desk.ok("train t.csv --target y --epochs 1 --hidden 2 --output other");
    for expected in [
        "3 columns, such as a, b, c, are not read as numbers or dates because of line 2; if it is no row of the table, remove it\n",
        "d is not read as numbers because of \"<0.5\" in line 7 and 11 more such fields; correct them, or use --missing '<0.1,<0.5' if they are missing values\n",
    ] {
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }

    let run = desk.run("train flats.csv --target price --force --skip-missing-targets");
    assert!(run.stderr.contains("did you mean --skip-missing-target?") && !run.stderr.contains("takes no value"));
}
