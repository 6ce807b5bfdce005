//! What the fuzzers (`fuzz/`) and the test of the corpus that they found (`corpus.rs`) do with bytes: read them, and do with what was read what
//! the program does. Nothing of it may panic, and errors must have a text.

#![allow(dead_code, unreachable_pub, reason = "each fuzzer uses one of the functions")]

mod sealed;

use std::fmt::Display;
use std::hint::black_box;

use mfnet::data::{Fractions, Scaling, SplitBy};
use mfnet::model::Predictions;
use mfnet::table::{ColumnKind, Columns, ReadTable};
use mfnet::{Dataset, Model, NeuralNetwork, Preprocessing, Seed, Table, Target, Tensor};

/// Larger tables are read only.
const MOST_CELLS: usize = 20_000;
/// Of larger networks nothing is asked.
const MOST_WEIGHTS: usize = 20_000;
/// A confusion matrix of more classes is not counted.
const MOST_OUTPUTS: usize = 1000;

fn guessed(table: &Table, columns: &[String]) -> mfnet::Result<Dataset> {
    Dataset::from_table(table, &Target::guess(table, columns)?)
}

/// Any bytes as a table: text, plain or compressed, and the other kinds of files that tables are in.
pub(crate) fn table(bytes: &[u8]) {
    let Some(table) = shown(ReadTable::new().read_from("t", bytes)) else { return };
    let columns = table.columns().to_vec();
    assert!(table.rows() > 0 && !columns.is_empty());
    black_box((table.description(), format!("{table:?}"), table.has_header(), table.digest()));
    for column in columns.iter().take(100) {
        assert_eq!(table.text(column).expect("a column").len(), table.rows());
    }
    let (first, last) = (&columns[0], &columns[columns.len() - 1]);
    let by_guess = shown(guessed(&table, &columns[columns.len() - 1..]));
    if table.rows() * columns.len() > MOST_CELLS {
        return;
    }
    let kept = ReadTable::new().keep_texts(columns.clone()).read_from("t", bytes).expect("it was read before");
    assert_eq!((kept.columns(), kept.rows(), kept.digest()), (table.columns(), table.rows(), table.digest()));
    for names in [true, false] {
        shown(ReadTable::new().header(names).read_from("t", bytes));
    }
    shown(table.position("species"));
    shown(table.numbers(&columns));
    shown(guessed(&table, &columns[..columns.len().min(2)]));
    // a fuzzer does more when it does less with each file
    let choice = bytes.iter().fold(bytes.len(), |sum, byte| sum + usize::from(*byte));
    if let Some(data) = &by_guess {
        dataset(data, Some(&table), Scaling::ALL[choice % 4]);
        divided_by(data, first, &table.text(first).expect("a column"));
    }
    let said = Columns { categorical: vec![first.clone()], ..Columns::default() };
    let others = [
        (Target::classes(last), said.clone()),
        (Target::values([last]), said),
        (Target::classes(first), Columns { numeric: vec![last.clone()], ..Columns::default() }),
        (Target::values([first]), Columns { drop: vec![last.clone()], ..Columns::default() }),
    ];
    for (i, (target, columns)) in others.into_iter().enumerate() {
        if let Some(data) = shown(Dataset::from_table_with(&table, &target, &columns)) {
            let preprocessing = fitted(&data, Scaling::Standard);
            if i == choice / 4 % 4 {
                modelled(&data, &data, preprocessing, Some(&table));
            }
        }
    }
}

/// The first two bytes say how many of the others are a file of images; then comes one of labels.
pub(crate) fn idx(bytes: &[u8]) {
    let [low, high, files @ ..] = bytes else { return };
    let images = usize::from(u16::from_le_bytes([*low, *high])).min(files.len());
    let (images, labels) = files.split_at(images);
    if let Some(data) = shown(Dataset::from_idx_bytes("t", images, labels)) {
        for scaling in Scaling::ALL {
            dataset(&data, None, scaling);
        }
    }
}

/// Any bytes as a model file.
pub(crate) fn model(bytes: &[u8]) {
    if let Some(model) = shown(Model::from_bytes("t", bytes)) {
        used(&model);
    }
}

/// A model file whose digest is right, whatever else is in it; [`sealed::file`] says how the bytes describe it.
pub(crate) fn sealed_model(bytes: &[u8]) {
    if let Some(file) = sealed::file(bytes) {
        model(&file);
    }
}

/// What there is, or none once the error had a text.
fn shown<T, E: Display>(result: Result<T, E>) -> Option<T> {
    result.inspect_err(|error| assert!(!error.to_string().is_empty())).ok()
}

/// Data that were read: looked at, divided, encoded, and with the chosen scaling used with a model.
fn dataset(data: &Dataset, table: Option<&Table>, chosen: Scaling) {
    assert_eq!((data.feature_names().len(), data.kinds().len()), (data.features(), data.features()));
    assert!(data.samples() > 0 && data.features() > 0 && data.outputs() > 0);
    if data.samples() * data.features() > MOST_CELLS {
        return;
    }
    for (name, reason) in data.left_out() {
        black_box((name, reason.to_string()));
    }
    black_box(format!("{:?}", data.remarks()));
    for column in data.feature_names() {
        assert_eq!(data.text(column).expect("a feature").len(), data.samples());
    }
    let divided = shown(data.split(Fractions { validation: 0.2, test: 0.2 }, Seed(0)));
    let train = divided.as_ref().map_or(data, |(train, ..)| train);
    for scaling in Scaling::ALL {
        let preprocessing = fitted(train, scaling);
        if let Some((_, validation, test)) = &divided {
            encoded(&preprocessing, validation);
            encoded(&preprocessing, test);
        }
        if scaling == chosen {
            modelled(data, train, preprocessing, table);
        }
    }
}

/// A model that was not trained predicts from the data, also once it was a file, and from the table that they are from.
fn modelled(data: &Dataset, train: &Dataset, preprocessing: Preprocessing, table: Option<&Table>) {
    if data.outputs() * preprocessing.features().max(data.samples()) > MOST_WEIGHTS {
        return;
    }
    let net = NeuralNetwork::builder(preprocessing.features()).linear(data.outputs()).build(Seed(0));
    let model = Model::new(train, preprocessing, net.expect("a network")).expect("they fit together");
    let of_data = model.predict_dataset(data).expect("the data have its columns");
    if let Some(table) = table {
        same(&model.predict(table).expect("the table has its columns"), &of_data);
        let read = model.dataset(table).expect("the table has its targets");
        if data.outputs() <= MOST_OUTPUTS {
            shown(model.evaluate(&read));
        }
    }
    let bytes = model.to_bytes().expect("a network of the library's layers");
    let read = Model::from_bytes("t", &bytes).expect("what was written is read");
    same(&read.predict_dataset(data).expect("the data have its columns"), &of_data);
}

/// Data whose groups, or parts, a column names.
fn divided_by(data: &Dataset, column: &str, texts: &[String]) {
    let fractions = Fractions { validation: 0.2, test: 0.2 };
    if let Some(grouped) = shown(data.clone().grouped_by(column, texts)) {
        assert!(grouped.groups() > 0);
        shown(grouped.split(fractions, Seed(0)));
        shown(grouped.folds(3, Seed(0)));
    }
    if let Some(parted) = shown(data.clone().parted_by(column, texts)) {
        let by = SplitBy::Column { column: column.to_owned(), validation: None };
        shown(parted.split_by(by, Seed(0)));
    }
    shown(data.folds(3, Seed(0)));
}

/// Preprocessing learned from data, which then are encoded.
fn fitted(data: &Dataset, scaling: Scaling) -> Preprocessing {
    let preprocessing = Preprocessing::fit_with(scaling, data);
    encoded(&preprocessing, data);
    preprocessing
}

fn encoded(preprocessing: &Preprocessing, data: &Dataset) {
    let encoded = preprocessing.apply(data);
    assert_eq!((encoded.samples(), encoded.features()), (data.samples(), preprocessing.features()));
    assert_eq!(encoded.feature_names(), preprocessing.names(data.feature_names()));
    assert!(encoded.kinds().iter().all(|kind| *kind == ColumnKind::Number));
}

/// A model that was read: looked at, written again, and asked for predictions.
fn used(model: &Model) {
    black_box((format!("{model:?}"), model.network().to_string(), model.preprocessing().places()));
    let bytes = model.to_bytes().expect("what was read can be written");
    let again = Model::from_bytes("t", &bytes).expect("what was written is read");
    assert!(again.to_bytes().is_ok_and(|again| again == bytes), "the same bytes");
    let features = model.features().len();
    for x in [0.0, -3.5, 1e300, f64::NAN] {
        let inputs = Tensor::from_fn(features, 3, |i, j| x * (i + j) as f64);
        model.predict_inputs(&inputs).expect("inputs of its number of columns");
    }
    let groups: Vec<Vec<usize>> = (0..features.min(3)).map(|feature| vec![feature]).collect();
    for values in
        [["1", "0.5", "-1e9"], ["yes", "no", ""], ["2024-01-31", "1900-02-28T12:00:01", "NA"], ["a", "b", "a"]]
    {
        let Some(table) = shown(Table::from_text("t", &text_for(model, values))) else { continue };
        shown(model.predict(&table));
        if let Some(data) = shown(model.dataset(&table)) {
            shown(model.evaluate(&data));
            shown(model.evaluate_loss(&data));
            shown(model.permutation_importance(&data, &groups, 1, Seed(0)));
        }
    }
}

/// A table with the columns of a model, each with these values; classes have the first labels.
fn text_for(model: &Model, values: [&str; 3]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let row = |fields: Vec<String>| fields.join(",") + "\n";
    let columns = model.features().iter().chain(model.target().columns());
    let mut text = row(columns.map(|column| quoted(column)).collect());
    for (i, value) in values.iter().enumerate() {
        let targets = match model.target() {
            mfnet::Target::Classes { labels, .. } => vec![quoted(&labels[i % labels.len()])],
            mfnet::Target::Labels { columns, separator: None, .. } => vec!["1".to_owned(); columns.len()],
            mfnet::Target::Labels { labels, .. } => vec![quoted(&labels[i % labels.len()])],
            mfnet::Target::Values { columns } => vec![i.to_string(); columns.len()],
        };
        text += &row(vec![quoted(value); model.features().len()].into_iter().chain(targets).collect());
    }
    text
}

/// Equal, also where they are no numbers.
fn same(one: &Predictions, other: &Predictions) {
    let numbers = |predictions: &Predictions| -> Vec<u64> {
        predictions.numbers().iter().map(|x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
    };
    assert_eq!(numbers(one), numbers(other));
}
