//! Rows that are predicted one at a time, by number and by name, are predicted as in a table: to the bit.
#![allow(clippy::unwrap_used)]

use mfnet::data::Samples;
use mfnet::model::{Cell, Prediction, Predictions};
use mfnet::{Dataset, Model, NeuralNetwork, Preprocessing, Scalar, Seed, Table, Target};

const COLUMNS: [&str; 5] = ["size", "floor", "lift", "built", "city"];

/// Numbers with gaps, truth values, dates with times and cities with gaps; rents and how flats are heated.
fn table(rows: usize) -> (Table, Vec<[String; 5]>) {
    let row = |i: usize| {
        let gap = |every: usize, text: String| if i.is_multiple_of(every) { String::new() } else { text };
        [
            gap(7, format!("{}", (i * i % 97) as f64 / 3.0)),
            (i % 4).to_string(),
            gap(9, if i.is_multiple_of(3) { "yes" } else { "no" }.to_owned()),
            gap(11, format!("19{:02}-0{}-1{} 0{}:30", 10 + i % 80, 1 + i % 9, i % 10, i % 7)),
            gap(5, ["Rome", "Oslo", "Bern", "Lima"][i % 4].to_owned()),
        ]
    };
    let cells: Vec<[String; 5]> = (0..rows).map(row).collect();
    let line = |(i, cells): (usize, &[String; 5])| {
        format!("{},{}.5,{}\n", cells.join(","), i * 7 % 31, ["gas", "oil", "wood"][i % 3])
    };
    let text: String = cells.iter().enumerate().map(line).collect();
    (Table::from_text("flats", &format!("{},rent,heating\n{text}", COLUMNS.join(","))).unwrap(), cells)
}

fn model<T: Scalar>(data: &Dataset) -> Model
where
    mfnet::model::AnyNetwork: From<NeuralNetwork<T>>,
{
    let scale = Preprocessing::fit(data);
    let builder = NeuralNetwork::builder(scale.features()).dtype::<T>().linear(9).relu().linear(data.outputs());
    Model::new(data, scale, builder.build(Seed(3)).unwrap()).unwrap()
}

/// Bits of the numbers predicted for a row of a table.
fn of_table(predictions: &Predictions, row: usize) -> (Vec<u64>, String) {
    let bits = |of: &Samples| of.sample(row).map(f64::to_bits).collect();
    match predictions {
        Predictions::Classes { labels, indices, probabilities } => (bits(probabilities), labels[indices[row]].clone()),
        Predictions::Labels { labels, probabilities, .. } => (bits(probabilities), labels.join(",")),
        Predictions::Values { columns, values } => (bits(values), columns.join(",")),
    }
}

fn check<T: Scalar>(target: &Target, drop: &str)
where
    mfnet::model::AnyNetwork: From<NeuralNetwork<T>>,
{
    let (table, cells) = table(60);
    let columns = mfnet::table::Columns { drop: vec![drop.to_owned()], ..mfnet::table::Columns::default() };
    let data = Dataset::from_table_with(&table, target, &columns).unwrap();
    let model = model::<T>(&data);
    let expected = model.predict(&table).unwrap();
    let mut predictor = model.predictor();
    let inputs = data.inputs();
    for (row, cells) in cells.iter().enumerate() {
        let of_row = match predictor.predict(&inputs.column(row).collect::<Vec<_>>()).unwrap() {
            Prediction::Class { label, index, labels, probabilities } => {
                assert_eq!(labels[index], label);
                (probabilities.iter().map(|p| p.to_bits()).collect(), label.to_owned())
            }
            Prediction::Labels { labels, probabilities } => {
                (probabilities.iter().map(|p| p.to_bits()).collect(), labels.join(","))
            }
            Prediction::Values { columns, values } => {
                (values.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), columns.join(","))
            }
        };
        assert_eq!(of_row, of_table(&expected, row), "row {row}");
        // a missing value may be left out; the order is another one
        let named = COLUMNS.into_iter().zip(cells).rev().filter(|(_, text)| !text.is_empty());
        let named = named.map(|(name, text)| (name, text.as_str().into()));
        assert_eq!(of_table(&model.predict_row(named).unwrap(), 0), of_row, "row {row}");
    }
}

#[test]
fn a_row_alone_is_predicted_as_in_a_table() {
    check::<f64>(&Target::classes("heating"), "rent");
    check::<f32>(&Target::classes("heating"), "rent");
    check::<f64>(&Target::values(["rent"]), "heating");
    check::<f32>(&Target::values(["rent"]), "heating");
}

#[test]
fn levels_that_are_not_known_and_values_that_are_missing() {
    let (table, _) = table(60);
    let columns = mfnet::table::Columns { drop: vec!["heating".to_owned()], ..mfnet::table::Columns::default() };
    let data = Dataset::from_table_with(&table, &Target::values(["rent"]), &columns).unwrap();
    let model = model::<f64>(&data);
    let by_name = |city: Cell<'_>| of_table(&model.predict_row([("size", 20.0.into()), ("city", city)]).unwrap(), 0).0;
    let levels = 4.0;
    let by_number = |city: f64| {
        let mut predictor = model.predictor();
        let Ok(Prediction::Values { values, .. }) = predictor.predict(&[20.0, f64::NAN, f64::NAN, f64::NAN, city])
        else {
            panic!("a value")
        };
        values.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(by_name("Paris".into()), by_number(levels));
    assert_eq!(by_name("Paris".into()), by_number(levels + 100.0));
    assert_eq!(by_name(f64::NAN.into()), by_number(f64::NAN));
    assert_eq!(by_name("NA".into()), by_number(f64::NAN));
    assert_eq!(by_name("Bern".into()), by_number(0.0));
    assert_ne!(by_name("Bern".into()), by_name("Paris".into()));
    assert_ne!(by_name("NA".into()), by_name("Paris".into()));
}

#[test]
fn what_is_no_row_of_the_model() {
    let (table, _) = table(60);
    let data = Dataset::from_table(&table, &Target::values(["rent"])).unwrap();
    let model = model::<f64>(&data);
    let error = |name, cell: Cell<'static>| model.predict_row([(name, cell)]).unwrap_err().to_string();
    assert_eq!(error("sizes", 1.0.into()), "the row: there is no column \"sizes\"; did you mean \"size\"?");
    assert_eq!(error("size", "big".into()), "the row, column \"size\": expected a number, found \"big\"");
    let expected = "inputs: expected finite numbers, or NaN for missing ones, found inf";
    assert_eq!(error("size", f64::INFINITY.into()), expected);
    let mut predictor = model.predictor();
    assert_eq!(predictor.predict(&[f64::INFINITY; 6]).unwrap_err().to_string(), expected);
    assert_eq!(predictor.predict(&[1.0]).unwrap_err().to_string(), "predict: expected 6 columns, found 1");
}

#[test]
fn a_predictor_belongs_to_no_thread() {
    fn is_owned<P: Clone + Send + Sync + 'static>(_: &P) {}
    let (table, _) = table(60);
    let model = model::<f32>(&Dataset::from_table(&table, &Target::values(["rent"])).unwrap());
    is_owned(&model.predictor());
}
