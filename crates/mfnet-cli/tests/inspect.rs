//! `mfnet inspect`. Its program for PyTorch is run where the environment variable MFNET_PYTHON names a Python that has torch and safetensors;
//! without it that test says that it was not run.
#![allow(clippy::unwrap_used)]

mod common;

use std::ffi::OsString;
use std::io::Write;
use std::process::Command;

use common::{Desk, Run, flowers};

#[test]
fn the_scaling() {
    let desk = Desk::new();
    // 0 to 4 have mean 2 and deviation √2
    let rows: String = (0..5).map(|i| format!("{i},{}000,7,{}.5\n", i, 3 * i)).collect();
    desk.write("t.csv", format!("a,large,same,y\n{rows}"));
    desk.ok("train t.csv --target y --task regression --test-fraction 0 --epochs 1 --hidden none --output run");
    let text = desk.ok("inspect run").stdout;
    let expected = "Input: 3 features: a, large, same
  each x becomes (x − shift) / scale, with shift and scale computed from the training rows; 0 if it is constant there
                  shift           scale
  a             2.00000         1.41421
  large         2000.00         1414.21
  same          7.00000         1.00000
  constant in the training rows, so the scale is 1: same
Output: values of y
  y = 6.50000 + 4.24264 × output
";
    assert!(text.contains(expected), "{text}");

    desk.ok("train digits --epochs 1 --hidden none --output digits");
    let text = desk.ok("inspect digits").stdout;
    let scaling: Vec<&str> = text.split("Input: ").nth(1).unwrap().lines().collect();
    assert!(scaling[10].starts_with("  pixel_0_7 ") && scaling[11] == "  …", "{text}");
    assert!(
        scaling[12].starts_with("  pixel_7_7 ") && scaling[13].starts_with("  constant in the training rows"),
        "{text}"
    );
}

#[test]
fn as_json() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.ok("train flowers.csv --target species --hidden 4 --scale min-max --epochs 2 --output run");
    let json = desk.ok("inspect run --json").json();
    assert_eq!(json["features"], serde_json::json!(["length", "width", "number"]));
    assert_eq!(json["target"]["labels"], serde_json::json!(["setosa", "virginica"]));
    // 4 · (3 + 1) + 2 · (4 + 1)
    assert_eq!((&json["parameters"], &json["dtype"]), (&26.into(), &"f64".into()));
    assert_eq!(json["layers"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&json["training"]["loss"], &json["training"]["settings"]["epochs"]),
        (&"cross-entropy".into(), &2.into())
    );
    assert!(json["preprocessing"].is_object() && json["training"]["split"].is_object(), "{json}");
}

/// The Python that has torch and safetensors, or a line on stderr that says what is not run.
fn python() -> Option<OsString> {
    let python = std::env::var_os("MFNET_PYTHON").filter(|python| !python.is_empty());
    if python.is_none() {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "not run, because MFNET_PYTHON is not set: the program for PyTorch").unwrap();
    }
    python
}

/// Categories, booleans, dates and gaps: the rows of a file are encoded by the program itself.
#[test]
fn the_program_for_pytorch_encodes_columns() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    let row = |i: usize| {
        let (place, zip) = (["Rome", "", "Oslo", "3.0", "Bern"][i * 3 % 5], ["007", "100"][i % 2]);
        let (open, day) = (["yes", "no", "Y", "?"][i % 4], 1 + i % 28);
        let time = if i.is_multiple_of(3) { "T18:30:00" } else { "" };
        let x = if i % 6 == 5 { "NA".to_owned() } else { (i * i % 13).to_string() };
        // 0.00001 is a number, and the same as 0.000010; the others are texts
        let code = ["1_000", "Infinity", "1e17", "0.00001", "nanometre"][i % 5];
        format!("{x},{place},{code},{zip},{open},2024-{:02}-{day:02}{time},{}\n", 1 + i % 12, 50 + i * 7 % 40)
    };
    desk.write("t.csv", format!("x,place,code,zip,open,day,y\n{}", (0..120).map(row).collect::<String>()));
    desk.write(
        "new.csv",
        "y,day,open,zip,place,x,code\n,2025-01-05,true,555,3,,1_000\n,,,,Paris,4.5,NA\n,2023-06-01T00:00:00Z,0,007,,-1,0.000010\n\
         ,2023-06-02,1,,,2,100000000000000000.0\n,2023-06-02,1,,,2,Infinity\n",
    );
    desk.write("embedded.toml", "embeddings = { code = 3, place = 2 }\n");
    for options in ["", "--scale quantile", "--scale min-max --dtype f32", "--drop x,day", "--recipe embedded.toml"] {
        desk.ok(&format!(
            "train t.csv --target y --task regression --hidden 8 --epochs 5 --output run --force {options}"
        ));
        let text = desk.ok("inspect run").stdout;
        let program = format!(
            "{}
import csv
for y in predict(list(csv.DictReader(open(\"new.csv\")))).tolist():
    print(*y)
",
            text.split("\nIn PyTorch\n\n").nth(1).unwrap()
        );
        let run = Run::of(Command::new(&python).args(["-c", &program]).current_dir(desk.path(".")));
        assert_eq!(run.code, 0, "{}", run.stderr);
        let expected = desk.ok("predict run new.csv").stdout;
        let tolerance = if options.contains("f32") { 1e-3 } else { 1e-9 };
        for (found, expected) in run.stdout.lines().zip(expected.lines().skip(1)) {
            let [found, expected] = [found, expected].map(|y| y.parse::<f64>().unwrap());
            assert!((found - expected).abs() < tolerance, "{options}: {found} is not {expected}");
        }
        assert_eq!(run.stdout.lines().count(), 5);
    }
}

/// The program has nothing of the data in it. The path of the model is the only text that may hold anything.
#[test]
fn the_program_for_pytorch_is_the_same_for_all_names() {
    let odd = "'''\"\"\"\\\nimport os; os.mkdir('done') #\u{1b}[2J{0} $(mkdir done)";
    let quoted = |text: String| format!("\"{}\"", text.replace('"', "\"\""));
    let programs = ["", odd].map(|odd| {
        let desk = Desk::new();
        let cities = ["Rome", "Oslo", "Bern"].map(|city| quoted(format!("{city}{odd}")));
        let row = |i: usize| format!("{}.5,{},{}\n", i % 7, cities[i % 3], quoted(format!("{}{odd}", i % 2)));
        let names = ["number", "city", "class"].map(|name| quoted(format!("{name}{odd}")));
        desk.write("t.csv", format!("{}\n{}", names.join(","), (0..60).map(row).collect::<String>()));
        let target = format!("class{odd}");
        let train = ["--target", &target, "--hidden", "4", "--epochs", "1", "--output", "run", "--quiet"];
        let run = Run::of(desk.command("train t.csv --task classification").args(train));
        assert_eq!(run.code, 0, "{}", run.stderr);
        desk.ok("inspect run").stdout.split("\nIn PyTorch\n\n").nth(1).unwrap().to_owned()
    });
    assert_eq!(programs[0], programs[1]);

    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    let folder = "\"; import os; os.mkdir('done') #\n'\\\nos.mkdir(\"done\")\r\u{1b}é";
    let output = format!("--output={folder}");
    let train = ["train", "flowers.csv", "--target", "species", "--epochs", "1", "--quiet", &output];
    assert_eq!(Run::of(desk.command("").args(train)).code, 0);
    let text = Run::of(desk.command("inspect").arg(folder)).stdout;
    let program = text.split("\nIn PyTorch\n\n").nth(1).unwrap();
    let path = r#"path = "\"; import os; os.mkdir('done') #\U0000000a'\\\U0000000aos.mkdir(\"done\")\U0000000d\U0000001bé/model.safetensors""#;
    assert!(program.lines().any(|line| line == path), "{program}");
    let Some(python) = python() else { return };
    let run = Run::of(Command::new(&python).args(["-c", program]).current_dir(desk.path(".")));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!desk.path("done").exists());
}

/// Probabilities and values to rounding, in another order of summation.
#[test]
fn the_program_for_pytorch_predicts_the_same() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    let rows: String = (0..50).map(|a| format!("{a}.25,{},{},{}\n", (a * a) % 7, 100 * a + 1000, -a)).collect();
    desk.write("lines.csv", format!("a,b,price,loss\n{rows}"));
    let residual = "{ kind = \"residual\", layers = [{ kind = \"layer-norm\" }, { kind = \"prelu\" }, { kind = \"linear\", outputs = 9 }] }";
    desk.write(
        "layers.toml",
        format!(
            "layers = [{{ kind = \"scale\" }}, {{ kind = \"linear\", outputs = 9 }}, {{ kind = \"batch-norm\", epsilon = 1e-3 }}, \
             {{ kind = \"activation\", function = \"tanh\" }}, {{ kind = \"alpha-dropout\", p = 0.1 }}, \
             {{ kind = \"parametric\", function = \"gelu-tanh\" }}, {residual}, {{ kind = \"dropout\", p = 0.1 }}]\n"
        ),
    );
    for (data, options, tolerance) in [
        ("flowers.csv", "--target species --activation tanh", 1e-12),
        ("flowers.csv", "--target species --hidden 8,8 --activation sigmoid --dtype f32", 1e-5),
        ("lines.csv", "--target price,loss --hidden 16", 1e-8),
        ("lines.csv", "--target price --hidden none", 1e-8),
        ("lines.csv", "--target price --hidden 8 --scale quantile", 1e-8),
        ("lines.csv", "--target price --hidden 8 --scale robust", 1e-8),
        ("lines.csv", "--target price,loss --hidden 8,8 --norm batch --dropout 0.2 --residual", 1e-8),
        ("flowers.csv", "--target species --hidden 8,8 --norm layer --dropout 0.1", 1e-12),
        ("lines.csv", "--target price --recipe layers.toml", 1e-8),
        ("lines.csv", "--target price --hidden 8 --loss poisson", 1e-8),
        ("flowers.csv", "--target species --hidden 8 --ensemble 3", 1e-12),
        ("flowers.csv", "--target species --task multi-label --label-separator a --hidden 8", 1e-12),
        ("flowers.csv", "--target species --hidden 8 --calibrate --validation-fraction 0.3", 1e-12),
        ("flowers.csv", "--target species --hidden 8 --calibrate --validation-fraction 0.3 --ensemble 2", 1e-12),
        ("lines.csv", "--target price,loss --hidden 8 --norm batch --ensemble 2", 1e-8),
        ("lines.csv", "--target price --hidden 8 --loss poisson --ensemble 2 --dtype f32", 2e-3),
    ] {
        desk.ok(&format!("train {data} {options} --epochs 30 --output run --force"));
        let text = desk.ok("inspect run").stdout;
        let program = text.split("\nIn PyTorch\n\n").nth(1).unwrap();
        let program = format!(
            "{program}
import csv
rows = [[float(row[name]) for name in model[\"features\"]] for row in csv.DictReader(open({data:?}))]
for row in predict(torch.tensor(rows, dtype=torch.float64)).tolist():
    print(*row, sep=\",\")
"
        );
        let run = Run::of(Command::new(&python).args(["-c", &program]).current_dir(desk.path(".")));
        assert_eq!(run.code, 0, "{}", run.stderr);
        let numbers = |text: &str, skip: usize| -> Vec<f64> {
            text.lines().flat_map(|line| line.split(',').skip(skip).map(|field| field.parse().unwrap())).collect()
        };
        let predicted = desk.ok(&format!("predict run {data}")).stdout;
        // the word in front of probabilities is the class
        let expected = numbers(predicted.split_once('\n').unwrap().1, usize::from(data == "flowers.csv"));
        let found = numbers(&run.stdout, 0);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < tolerance, "{data} {options}: {found} is not {expected}");
        }
    }
}

/// A model with a threshold: the program has a function for the predicted classes.
#[test]
fn the_program_for_pytorch_keeps_a_threshold() {
    let desk = Desk::new();
    let row = |i: usize| format!("{},{},{}\n", i * 37 % 101, i * i % 17, if i * 37 % 101 > 60 { "yes" } else { "no" });
    desk.write("t.csv", format!("x,z,y\n{}", (0..120).map(row).collect::<String>()));
    let program = |output: &str| {
        desk.ok(&format!("inspect {output}")).stdout.split("\nIn PyTorch\n\n").nth(1).unwrap().to_owned()
    };
    desk.ok("train t.csv --target y --hidden 4 --epochs 3 --output plain");
    assert!(!program("plain").contains("classes("), "{}", program("plain"));
    let python = python();
    for threshold in ["0.3", "0.45", "0.9"] {
        desk.ok(&format!("train t.csv --target y --hidden 4 --epochs 3 --threshold {threshold} --output run --force"));
        let program = program("run");
        assert!(program.contains("\ndef classes(p):"), "{program}");
        let Some(python) = &python else { continue };
        let program = format!(
            "{program}
import csv
rows = [[float(row[name]) for name in model[\"features\"]] for row in csv.DictReader(open(\"t.csv\"))]
print(*classes(predict(torch.tensor(rows, dtype=torch.float64))), sep=\"\\n\")
"
        );
        let run = Run::of(Command::new(python).args(["-c", &program]).current_dir(desk.path(".")));
        assert_eq!(run.code, 0, "{}", run.stderr);
        let predicted = desk.ok("predict run t.csv").stdout;
        let expected: Vec<&str> = predicted.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(run.stdout.lines().collect::<Vec<_>>(), expected, "{threshold}");
    }
}
