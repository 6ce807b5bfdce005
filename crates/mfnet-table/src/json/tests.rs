use super::*;
use crate::Table;

fn table(text: &str) -> Table {
    Table::from_text("t", text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn message(text: &str) -> String {
    Table::from_text("t", text).unwrap_err().to_string()
}

#[test]
fn what_is_json() {
    for text in ["{\"a\": 1}", " [ {\"a\":1}]", "\u{feff}{ \"a\\\"b\" : 1}", "[[1,2]]", "[]", "{}"] {
        assert!(is_json(text.as_bytes()), "{text}");
    }
    for text in ["{a},b\n1,2", "[a],b\n1,2", "\"a\",\"b\"\n1,2", "{\"a\",\"b\"\n", "[1,2]", "a,b"] {
        assert!(!is_json(text.as_bytes()), "{text}");
    }
}

#[test]
fn objects_are_rows() {
    for text in [
        "{\"x\": 1.5, \"c\": \"a\", \"t\": true}\n{\"c\": \"b\", \"x\": null, \"n\": 12345678901234567890}\n\n{\"x\": -2}\n",
        "{\"x\":1.5,\"c\":\"a\",\"t\":true} {\"c\":\"b\",\"x\":NaN,\"n\":12345678901234567890}\r\n{\"x\":-2}",
        "[{\"x\": 1.5, \"c\": \"a\", \"t\": true}, {\"c\": \"b\", \"x\": NaN, \"n\": 12345678901234567890},\n {\"x\": -2}]",
        "{\n  \"x\": 1.5,\n  \"c\": \"a\",\n  \"t\": true\n}\n{\n\"c\": \"b\",\n \"n\": 12345678901234567890}\n{\"x\":-2}\n",
    ] {
        let table = table(text);
        assert_eq!(table.columns(), ["x", "c", "t", "n"], "{text}");
        let texts = |column: &str| table.text(column).unwrap().join(" ");
        assert_eq!(["x", "c", "t", "n"].map(texts), ["1.5  -2", "a b ", "True  ", " 12345678901234567890 "], "{text}");
    }
    assert_eq!(table("{\"a\":1}\n").description(), "JSON lines");
    assert_eq!(table("[{\"a\":1}]").description(), "JSON");
}

#[test]
fn nested_values_are_left_out() {
    let table = table("{\"a\": 1, \"tags\": [1, {\"x\": 2}], \"place\": null}\n{\"a\": 2, \"place\": {\"lat\": 5}}\n");
    assert_eq!(table.columns(), ["a"]);
    let error = |column| table.position(column).unwrap_err().to_string();
    assert_eq!(error("tags"), "t, column \"tags\": mfnet does not read columns of arrays");
    assert_eq!(error("place"), "t, column \"place\": mfnet does not read columns of objects");
}

#[test]
fn what_is_wrong_with_json() {
    let expected = |line: u64, what: &str| format!("t, line {line}: expected a JSON object for each row: {what}");
    assert_eq!(message("{\"a\": 1}\n{\"a\": 1,}\n"), expected(2, "trailing comma"));
    assert_eq!(message("{\"a\": 1}\n\n{\"a\": Infinity}\n"), expected(3, "expected value"));
    assert_eq!(message("{\"a\": 1}\n{\"a\": 1\n"), expected(3, "EOF while parsing an object"));
    assert_eq!(message("{\"a\": 1, \"a\": 2}\n"), expected(1, "the key \"a\" is there twice"));
    let what = "invalid type: sequence, expected an object with a key for each column";
    assert_eq!(message("[[1, 2],\n[3, 4]]"), expected(1, what));
    assert_eq!(message("[{\"a\": 1},\n3]"), expected(2, &what.replace("sequence", "integer `3`")));
    let one = "t: expected a JSON object for each row: found one object that holds the columns or all rows";
    for text in ["{\"a\": {\"0\": 1}, \"b\": {\"0\": 2}}", "{\"columns\": [\"a\"],\n \"data\": [[1]]}"] {
        assert_eq!(message(text), one);
    }
    for (text, key) in [
        ("{\"n\": 2, \"data\": [{\"a\": 1}, {\"a\": 2}]}", "data"),
        (
            "{\"type\": \"x\",\n \"features\": [\n{\"type\": \"f\", \"properties\": {\"a\": 1}}, {\"type\": \"f\"}]\n}\n",
            "features",
        ),
    ] {
        let expected =
            format!("t: expected a JSON object for each row, found one object with the rows below the key {key:?}");
        assert_eq!(message(text), expected);
    }
    // as many lines as an object of GeoJSON has
    let features: String = (0..3000).map(|i| format!("{{\"properties\": {{\n\"a\": {i}\n}}\n}},\n")).collect();
    let text = format!("{{\"type\": \"x\", \"features\": [\n{features}{{}}]\n}}\n");
    assert!(message(&text).ends_with("below the key \"features\""), "{}", message(&text));
    // one row with a list is a row
    assert_eq!(table("{\"a\": 1, \"b\": 2, \"tags\": [1, 2]}").columns(), ["a", "b"]);
    assert_eq!(message("[]"), "t: the table has no rows");
    assert_eq!(message("{}\n{}\n"), "t: the table has no columns");
    // a key of its own in each of many rows would fill the memory
    let rows: String = (0..20_000).map(|i| format!("{{\"k{i}\": 1}}\n")).collect();
    assert!(message(&rows).contains("the objects have too many different keys"), "{}", message(&rows));
}
