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
    assert_eq!(["A0", "Z1", "A1", "W1", "Z2", "P", "Y", "dJ_dA0"].map(rows), [4, 5, 5, 5, 3, 3, 3, 4]);
    assert_eq!(walk["Y"], json!([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]));
    let text = desk.ok("explain run flowers.csv --rows 0,3,39").stdout;
    assert!(text.contains("J = ") && text.contains("dJ_dW1"), "{text}");
    // without the target: forward alone
    desk.write("new.csv", "number,width,length\n1,2,3\n");
    let walk = desk.ok("explain run new.csv --json").json();
    assert!(walk["P"].is_array() && walk["loss"].is_null() && walk["updated"].is_null());

    for (arguments, code, message) in [
        ("run flowers.csv --rows 40", 1, "flowers.csv: there is no row 40: the rows are numbered 0 to 39"),
        ("run new.csv --rows 1", 1, "new.csv: there is no row 1: the rows are numbered 0 to 0"),
        ("run flowers.csv --rows x", 2, "invalid value 'x' for '--rows <ROWS>': expected a whole number of at least 0"),
        ("run", 2, "DATA is missing"),
        ("--rows 1", 2, "MODEL and DATA are missing"),
    ] {
        let run = desk.run(&format!("explain {arguments}"));
        assert_eq!((run.code, run.stderr.lines().next()), (code, Some(format!("error: {message}").as_str())));
    }
}
