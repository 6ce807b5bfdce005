//! From the columns of a table to what a network sees.
#![allow(clippy::unwrap_used)]

use mfnet::data::{Fractions, Scaling};
use mfnet::model::Predictions;
use mfnet::table::{ColumnKind, Columns, LeftOut, ReadTable, Remark};
use mfnet::train::linear_model;
use mfnet::{CrossEntropy, Dataset, Model, NeuralNetwork, Optimizer, Preprocessing, Seed, Sgd, Table, Target, Trainer};
use serde_json::Value;

fn table(text: &str) -> Table {
    Table::from_text("t.csv", text).unwrap()
}

/// The columns of a table beside the target `y`, which is added.
fn data(header: &str, rows: &[&str]) -> Dataset {
    let lines = rows.iter().enumerate().map(|(i, row)| format!("{row},{}.5\n", i % 5));
    let text = format!("{header},y\n{}", lines.collect::<String>());
    Dataset::from_table(&table(&text), &Target::values(["y"])).unwrap()
}

fn kinds(data: &Dataset) -> Vec<&'static str> {
    data.kinds().iter().map(ColumnKind::name).collect()
}

/// A column's first numbers.
fn numbers(data: &Dataset, column: usize) -> Vec<f64> {
    data.inputs().row(column).collect()
}

#[test]
fn kinds_are_guessed() {
    let data = data(
        "size,open,since,place,zip,mixed",
        &[
            "1.5,yes,2020-02-29,Rome,00184,1",
            "NA,no,1970-01-02T12:00,Oslo,10115,x",
            ",Yes,,Rome,,2",
            "?,N,1969-12-31,,75001,1",
        ],
    );
    assert_eq!(kinds(&data), ["number", "boolean", "date", "category", "category", "category"]);
    assert!(numbers(&data, 0)[0] == 1.5 && numbers(&data, 0)[1..].iter().all(|x| x.is_nan()));
    assert_eq!(numbers(&data, 1), [1.0, 0.0, 1.0, 0.0]);
    // 50 years with 12 leap days, 31 days of January and 28 of February
    let days = numbers(&data, 2);
    assert_eq!((days[0], days[1], days[3]), (50.0 * 365.0 + 12.0 + 31.0 + 28.0, 1.5, -1.0));
    assert_eq!(numbers(&data, 3)[..3], [1.0, 0.0, 1.0]);
    assert_eq!(data.text("since").unwrap(), ["2020-02-29", "1970-01-02T12:00:00", "", "1969-12-31"]);
    assert_eq!(data.text("place").unwrap(), ["Rome", "Oslo", "Rome", ""]);
    assert_eq!(data.text("open").unwrap(), ["true", "false", "true", "false"]);
    assert_eq!(data.text("size").unwrap(), ["1.5", "", "", ""]);
}

/// Times of other zones are the same moment.
#[test]
fn dates_with_zones() {
    let data = data("when", &["2024-05-01T12:00:00Z", "2024-05-01T14:00:00+02:00", "2024-05-01 12:00:00"]);
    let days = numbers(&data, 0);
    assert!(kinds(&data) == ["date"] && days[0] == days[1] && days[0] == days[2]);
}

#[test]
fn what_says_nothing_is_left_out() {
    let rows: Vec<String> = (0..60)
        .map(|i| format!("{},{},name {i},,{},{}", 9 * i % 61, i, i / 2, if i % 2 == 0 { "a" } else { "b" }))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let data = data("user_id,Unnamed: 0,who,nothing,x,kind", &rows);
    assert_eq!(data.feature_names(), ["x", "kind"]);
    let left_out: Vec<String> = data.left_out().iter().map(|(column, why)| format!("{column}: {why}")).collect();
    assert_eq!(
        left_out,
        [
            "user_id: an identifier: every value is different",
            "Unnamed: 0: the row numbers 0, 1, 2, …; `numeric` keeps them",
            "who: 60 different texts in 60 rows, such as \"name 0\"",
            "nothing: no values"
        ]
    );
    assert_eq!(data.left_out()[2].1, LeftOut::Names { different: 60, rows: 60, example: "name 0".to_owned() });
}

#[test]
fn columns_can_be_named() {
    let table = table("id,code,x,y\n1,3,5,0.5\n2,4,x,1.5\n3,3,7,2.5\n");
    let with = |columns: Columns| Dataset::from_table_with(&table, &Target::values(["y"]), &columns);
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let data = with(Columns { drop: of(&["x"]), numeric: of(&["id"]), categorical: of(&["code"]) }).unwrap();
    assert_eq!((data.feature_names(), kinds(&data)), (&of(&["id", "code"])[..], vec!["number", "category"]));
    let error = with(Columns { numeric: of(&["x"]), ..Columns::default() }).unwrap_err().to_string();
    assert_eq!(error, "t.csv, line 3, column \"x\": expected a number, found \"x\"");
    let error = with(Columns { drop: of(&["cod"]), ..Columns::default() }).unwrap_err().to_string();
    assert_eq!(error, "t.csv: there is no column \"cod\"; did you mean \"code\"?");
    let error = with(Columns { drop: of(&["x", "code"]), ..Columns::default() }).unwrap_err().to_string();
    assert_eq!(
        error,
        "t.csv: expected at least one feature column besides the target; left out id: an identifier: every value is different"
    );
}

/// Where the numbers come from: golden/encoded.json, written by golden/encoded_golden.py with scikit-learn.
#[test]
fn encoded_as_scikit_learn_does() {
    let golden: Value = serde_json::from_str(include_str!("golden/encoded.json")).unwrap();
    let read = |part: &str| {
        // the target is not encoded here
        let lines: Vec<String> =
            golden[part].as_str().unwrap().lines().enumerate().map(|(i, line)| format!("{line},{i}.5")).collect();
        let text = lines.join("\n").replacen(",0.5", ",y", 1);
        Dataset::from_table(&table(&text), &Target::values(["y"])).unwrap()
    };
    let (train, test) = (read("train"), read("test"));
    assert_eq!(kinds(&train), ["number", "category", "number", "boolean", "number", "category"]);
    for scaling in [Scaling::Standard, Scaling::Robust, Scaling::MinMax] {
        let preprocessing = Preprocessing::fit_with(scaling, &train);
        let expected = &golden["encoded"][scaling.to_string()];
        let levels = ["city_Bern", "city_Oslo", "city_Rome", "city_missing", "city_infrequent_sklearn"];
        assert_eq!(expected["city"], Value::from(levels.to_vec()));
        for (part, data) in [("train", &train), ("test", &test)] {
            let encoded = preprocessing.apply(data);
            let names = encoded.feature_names();
            assert_eq!(names[2..7], ["city=Bern", "city=Oslo", "city=Rome", "city other", "city missing"]);
            for (row, expected) in expected[part].as_array().unwrap().iter().enumerate() {
                let mut expected: Vec<f64> = expected.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
                // scikit-learn has the rare levels behind the gap
                expected.swap(5, 6);
                let found: Vec<f64> = encoded.inputs().column(row).collect();
                assert_eq!(found.len(), expected.len());
                for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    assert!(
                        (found - expected).abs() < 1e-13,
                        "{scaling}, {part} row {row}, {}: {found}, {expected}",
                        names[i]
                    );
                }
            }
        }
    }
}

/// What is learned of 40 rows is the same whatever the other rows are.
#[test]
fn other_rows_change_nothing_that_is_learned() {
    let text = |other: &str| {
        let row = |i: usize| format!("{},{},{}\n", i * i % 17, ["a", "b", "b"][i % 3], i % 7);
        let train: String = (0..40).map(row).collect();
        format!("x,kind,y\n{train}{}", other.repeat(40))
    };
    let learned = |other: &str, scaling| {
        let data = Dataset::from_table(&table(&text(other)), &Target::values(["y"])).unwrap();
        Preprocessing::fit_with(scaling, &data.select(&(0..40).collect::<Vec<_>>()).unwrap())
    };
    for scaling in Scaling::ALL {
        let one = learned("1,a,1\n", scaling);
        assert_eq!(one, learned("1e9,unseen,-1e9\n", scaling));
        assert_eq!(one, learned(",,3\n", scaling));
    }
}

#[test]
fn a_cycle_returns() {
    let day = |date: &str| format!("{date},1\n{date},2\n");
    let dates = ["2023-03-01T06:00", "2023-03-08T06:00", "2024-02-29T11:49:12", "2020-06-15T18:00"];
    let text = format!("when,y\n{}", dates.map(day).concat());
    let data = Dataset::from_table(&table(&text), &Target::values(["y"])).unwrap();
    let encoded = Preprocessing::fit(&data).apply(&data);
    let names: Vec<String> = ["", " sin year", " cos year", " sin week", " cos week", " sin day", " cos day"]
        .map(|name| format!("when{name}"))
        .into();
    assert_eq!(encoded.feature_names(), names);
    let x = encoded.inputs();
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    // a week later, and a mean Gregorian year, 365 days 5:49:12, later
    assert!(close(x[(3, 0)], x[(3, 2)]) && close(x[(4, 0)], x[(4, 2)]));
    assert!(close(x[(1, 0)], x[(1, 4)]) && close(x[(2, 0)], x[(2, 4)]));
    // a quarter of a day, and three
    assert!(close(x[(5, 0)], 1.0) && close(x[(6, 0)], 0.0) && close(x[(5, 6)], -1.0));
}

/// A level or a gap that training did not have, other columns, another order.
#[test]
fn a_model_takes_what_it_has_not_seen() {
    let rows: String =
        (0..60).map(|i| format!("{},{},{}\n", i % 10, ["a", "b", "c"][i % 3], i % 10 * 2 + i % 3)).collect();
    let data = Dataset::from_table(&table(&format!("x,kind,y\n{rows}")), &Target::values(["y"])).unwrap();
    let preprocessing = Preprocessing::fit(&data);
    let net = linear_model(&preprocessing.apply(&data)).unwrap();
    let model = Model::new(&data, preprocessing, net).unwrap();
    let values = |text: &str| match model.predict(&table(text)).unwrap() {
        Predictions::Values { values, .. } => values.iter().collect::<Vec<_>>(),
        _ => panic!("values"),
    };
    // y is linear in the encoded features
    let known = values("x,kind\n3,a\n4,b\n5,c\n");
    assert!(known.iter().zip([6.0, 9.0, 12.0]).all(|(y, expected)| (y - expected).abs() < 1e-9), "{known:?}");
    assert_eq!(values("other,kind,x\n,a,3\nq,b,4\nq,c,5\n"), known);
    // 4.5 is the median of x
    assert!((values("x,kind\n,a\n")[0] - 9.0).abs() < 1e-9);
    let unseen = values("x,kind\n3,d\n3,\n");
    assert!(unseen[0] == unseen[1] && unseen[0].is_finite());
    let error = model.predict(&table("x,kind\n1,a\ntwo,a\n")).unwrap_err().to_string();
    assert_eq!(error, "t.csv, line 3, column \"x\": expected a number, found \"two\"");
    let error = model.predict(&table("x\n1\n")).unwrap_err().to_string();
    assert_eq!(error, "t.csv: there is no column \"kind\"; the model needs it; the columns are \"x\"");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let loaded = Model::load(&path).unwrap();
    assert_eq!((loaded.preprocessing(), loaded.kinds()), (model.preprocessing(), model.kinds()));
    let text = table("x,kind\n3,d\n,a\n,\n");
    assert_eq!(loaded.predict(&text).unwrap(), model.predict(&text).unwrap());
}

/// 3 and 3.0, as programs write them that turn whole numbers into floats where one is missing.
#[test]
fn levels_that_are_numbers() {
    let rows: String = (0..40).map(|i| format!("{},{}\n", i % 4, i % 4 * i % 4)).collect();
    let columns = Columns { categorical: vec!["grade".to_owned()], ..Columns::default() };
    let train = table(&format!("grade,y\n{rows}"));
    let data = Dataset::from_table_with(&train, &Target::classes("y"), &columns).unwrap();
    let preprocessing = Preprocessing::fit(&data);
    let net = NeuralNetwork::builder(preprocessing.features()).linear(data.classes()).build(Seed(1)).unwrap();
    let model = Model::new(&data, preprocessing, net).unwrap();
    let of = |text: &str| model.predict(&table(text)).unwrap();
    assert_eq!(of("grade\n0\n1\n2\n3\n"), of("grade\n0.0\n1.0\n2.0\n3.0\n"));
    assert_ne!(of("grade\n0\n1\n2\n3\n"), of("grade\n3\n2\n1\n0\n"));
}

#[test]
fn what_is_not_encoded_is_refused() {
    let data = data("x,kind", &["1,a", "2,b", "3,a", "4,b"]);
    let mut net = NeuralNetwork::builder(2).linear(1).build(Seed(0)).unwrap();
    let expected = "t.csv, column \"kind\": expected numbers without missing values, found a category: encode the data with Preprocessing first";
    let trained = Trainer::new(mfnet::Mse, Optimizer::new(Sgd::default(), 0.1)).run(&mut net, &data).unwrap_err();
    assert_eq!(trained.to_string(), expected);
    assert_eq!(net.evaluate(&data).unwrap_err().to_string(), expected);
    assert_eq!(net.evaluate_loss(&CrossEntropy, &data).unwrap_err().to_string(), expected);
    assert_eq!(linear_model(&data).unwrap_err().to_string(), expected);
    let gaps = self::data("x", &["1", "", "3"]);
    let error = linear_model(&gaps).unwrap_err().to_string();
    assert_eq!(
        error,
        "t.csv: expected numbers without missing values, found a missing value: encode the data with Preprocessing first"
    );
}

/// All numbers, many of them: they are read as numbers from where they become too many on, and nothing changes by that.
#[test]
fn a_column_of_many_numbers() {
    let number = |i: usize| if i == 1500 { "NA".to_owned() } else { format!("{}.{:03}", i % 7, i) };
    let rows: String = (0..3000).map(|i| format!("{},{},{}\n", number(i), 5000 - i, i % 3)).collect();
    let text = format!("x,id,y\n{rows}");
    let table = table(&text);
    let data = Dataset::from_table(&table, &Target::classes("y")).unwrap();
    assert_eq!((kinds(&data), data.left_out().len()), (vec!["number"], 1));
    let x = numbers(&data, 0);
    assert!((0..3000).all(|i| if i == 1500 { x[i].is_nan() } else { x[i] == number(i).parse::<f64>().unwrap() }));
    assert_eq!(table.text("x").unwrap()[1499..1502], ["1.1499", "NA", "3.1501"]);
    assert_eq!(table.text("id").unwrap()[2999], "2001");
    // 7.120 as it stands only where that is asked for
    let kept = ReadTable::new().keep_texts(["x"]).read_from("t.csv", text.as_bytes()).unwrap();
    assert_eq!((table.text("x").unwrap()[120].as_str(), kept.text("x").unwrap()[120].as_str()), ("1.12", "1.120"));
    // a text among them makes it text, nearly all of which differ
    let text = text.replace("1.1499,", "oops,");
    let data = Dataset::from_table(&Table::from_text("t.csv", &text).unwrap(), &Target::classes("y"));
    let error = data.unwrap_err().to_string();
    assert!(
        error.ends_with(
            "different texts in 2999 rows, such as \"oops\" (x is not read as numbers because of \"oops\" in line 1501; \
             correct it, or remove the line if it is no row, or use `missing` oops if it is a missing value); left out id: an identifier: every value is different"
        ),
        "{error}"
    );
    let columns = Columns { numeric: vec!["x".to_owned()], ..Columns::default() };
    let error = Dataset::from_table_with(&Table::from_text("t.csv", &text).unwrap(), &Target::classes("y"), &columns);
    let expected = "t.csv, line 1501, column \"x\": expected a number, found \"oops\"";
    assert_eq!(error.unwrap_err().to_string(), expected);
}

/// A number that was mistyped.
#[test]
fn texts_among_numbers() {
    let rows: String = (0..30).map(|i| format!("{},{},{}\n", if i == 7 { "1o" } else { "2" }, i % 2, i % 3)).collect();
    let data = Dataset::from_table(&table(&format!("x,z,y\n{rows}")), &Target::classes("y")).unwrap();
    assert_eq!(kinds(&data), ["category", "number"]);
    let odd = Remark::Odd {
        column: "x".to_owned(),
        text: "1o".to_owned(),
        line: Some(9),
        words: vec!["1o".to_owned()],
        fields: 1,
        among: "numbers",
    };
    assert_eq!(data.remarks(), [odd]);
}

/// The parts of a split are encoded alike, and the training loop takes them.
#[test]
fn a_network_learns_from_categories() {
    let rows: String =
        (0..200).map(|i| format!("{},{}\n", ["a", "b", "c"][i % 3], ["yes", "no", "maybe"][i % 3])).collect();
    let data = Dataset::from_table(&table(&format!("kind,y\n{rows}")), &Target::classes("y")).unwrap();
    let (train, _, test) = data.split(Fractions { validation: 0.0, test: 0.2 }, Seed(0)).unwrap();
    let preprocessing = Preprocessing::fit(&train);
    let (train, test) = (preprocessing.apply(&train), preprocessing.apply(&test));
    let mut net = NeuralNetwork::builder(train.features()).linear(3).build(Seed(0)).unwrap();
    Trainer::new(CrossEntropy, Optimizer::new(Sgd::default(), 0.5)).epochs(20).run(&mut net, &train).unwrap();
    assert_eq!(net.evaluate(&test).unwrap().headline(), 1.0);
}
