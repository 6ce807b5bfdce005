//! `mfnet explain`. The numbers of the worked example are asserted one by one in the library's `worked_example.rs`.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Desk, flowers};
use serde_json::json;

#[test]
fn the_worked_example() {
    let desk = Desk::new();
    let walk = desk.ok("explain --json").json();
    assert_eq!(
        walk["Z1"],
        json!([[1.0, 1.0, 1.0, 1.0], [2.0, 3.0, 2.0, 3.0], [3.0, 4.0, 4.0, 5.0], [2.0, 2.0, 3.0, 3.0]])
    );
    assert_eq!(walk["loss"], 0.5);
    assert_eq!(walk["updated"]["W3"], json!([[1.0, 0.0, 0.0], [0.0, 3.0, 5.0]]));
    let text = desk.ok("explain").stdout;
    assert!(
        text.starts_with(
            "The worked example of F. Marchisotti, mfnet – a simple machine learning library, section 3.3\n"
        )
    );
    assert!(text.contains("  dJ_dW3 = dJ_dZ3 A2ᵀ    2 × 3\n    [ 0     0     0 ]\n    [ 0  -0.5  -1.5 ]\n"), "{text}");
}

#[test]
fn a_model_and_rows_of_data() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.ok("train flowers.csv --target species --hidden 4 --output run --dtype f32 --epochs 3");
    let walk = desk.ok("explain run flowers.csv --rows 0,3,39 --json").json();
    let rows = |name: &str| walk[name].as_array().unwrap().len();
    assert_eq!(["A0", "Z1", "A1", "W1", "Z2", "P", "Y", "dJ_dA0"].map(rows), [4, 5, 5, 5, 3, 2, 2, 4]);
    assert_eq!(walk["Y"], json!([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]));
    // the softmax of the shown Z2, and probabilities add up to 1
    let number = |name: &str, i: usize, j: usize| walk[name][i][j].as_f64().unwrap();
    for j in 0..3 {
        let of = [1, 2].map(|i| number("Z2", i, j).exp());
        // the numbers are f32
        assert!((number("P", 0, j) - of[0] / (of[0] + of[1])).abs() < 1e-6, "{walk}");
        assert!((number("P", 0, j) + number("P", 1, j) - 1.0).abs() < 1e-6, "{walk}");
    }
    let names = &walk["row_names"];
    assert_eq!(names["A0"], json!(["1", "length", "width", "number"]));
    assert_eq!((&names["P"], &names["Y"]), (&json!(["setosa", "virginica"]), &json!(["setosa", "virginica"])));
    for name in ["Z2", "A2", "W2", "dJ_dA2", "dJ_dW2"] {
        assert_eq!(names[name], json!(["1", "setosa", "virginica"]), "{name}");
    }
    assert!(names["Z1"].is_null() && names["W1"].is_null(), "{names}");
    let text = desk.ok("explain run flowers.csv --rows 0,3,39").stdout;
    assert!(text.contains("J = ") && text.contains("dJ_dW1"), "{text}");
    assert!(text.contains(" ]  length\n") && text.contains(" ]  virginica\n"), "{text}");
    assert!(text.contains("  Y = target    2 × 3\n    [ 1  0  0 ]  setosa\n    [ 0  1  1 ]  virginica\n"), "{text}");
    // without the target: forward alone
    desk.write("new.csv", "number,width,length\n1,2,3\n");
    let walk = desk.ok("explain run new.csv --json").json();
    assert!(walk["P"].is_array() && walk["loss"].is_null() && walk["updated"].is_null());

    // encoded columns have the names of the features that they become; values have the names of the targets
    let rows: String = (0..30).map(|i| format!("{},{}.5,{i}\n", ["Rome", "Oslo"][i % 2], i * i % 7)).collect();
    desk.write("flats.csv", format!("city,area,price\n{rows}"));
    desk.ok("train flats.csv --target price --task regression --hidden 2 --output flats --epochs 1");
    let names = desk.ok("explain flats flats.csv --json").json()["row_names"].clone();
    assert_eq!(names["A0"], json!(["1", "city=Oslo", "city=Rome", "area"]));
    assert_eq!((&names["Y"], &names["W2"]), (&json!(["1", "price"]), &json!(["1", "price"])));

    for (arguments, code, message) in [
        ("run flowers.csv --rows 40", 1, "flowers.csv: there is no row 40: the rows are numbered 0 to 39"),
        ("run new.csv --rows 1", 1, "new.csv: there is no row 1: the rows are numbered 0 to 0"),
        ("run flowers.csv --rows x", 2, "--rows: expected row numbers separated by commas, such as 0,5,9, found x"),
        ("run", 2, "DATA is missing"),
        ("--rows 1", 2, "MODEL and DATA are missing"),
    ] {
        let run = desk.run(&format!("explain {arguments}"));
        assert_eq!((run.code, run.stderr.lines().next()), (code, Some(format!("error: {message}").as_str())));
    }
}

/// P is 1/(1 + e⁻ᶻ) of the shown outputs, and ∂J/∂Z is (P − Y)/(m n).
#[test]
fn several_labels_at_once() {
    let desk = Desk::new();
    let rows: String = (0..60).map(|i| format!("{i},{},{}\n", i / 30, i % 2)).collect();
    desk.write("t.csv", format!("x,large,odd\n{rows}"));
    desk.ok("train t.csv --target large,odd --hidden 4 --epochs 3 --output run");
    let walk = desk.ok("explain run t.csv --rows 0,31,40 --json").json();
    let number = |name: &str, i: usize, j: usize| walk[name][i][j].as_f64().unwrap();
    for (i, j) in [(0, 0), (0, 1), (1, 1), (1, 2)] {
        let p = 1.0 / (1.0 + (-number("Z2", i + 1, j)).exp());
        assert!((number("P", i, j) - p).abs() < 1e-15, "{walk}");
        assert!((number("dJ_dZ2", i + 1, j) - (p - number("Y", i, j)) / 6.0).abs() < 1e-15, "{walk}");
    }
    assert_eq!(walk["row_names"]["P"], json!(["large", "odd"]));
    let text = desk.ok("explain run t.csv --rows 0,31,40").stdout;
    assert!(text.contains("  P = sigmoid of A2 without its row of ones    2 × 3\n"), "{text}");
    assert!(text.contains("dJ_dA2 = (P − Y)/(m n) below a row of zeros, m samples, n outputs"), "{text}");
    desk.write("new.csv", "x\n5\n");
    assert!(desk.ok("explain run new.csv").stdout.contains("\nProbabilities\n"));
}
