//! What holds for all data: reading, splitting, batching, one-hot, and the model file there and back.
#![allow(clippy::unwrap_used)]

use mfnet::{
    Activation, Dataset, Fractions, Model, NeuralNetwork, Preprocessing, Seed, Table, Target, Targets, Tensor,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Any finite number, its bits drawn.
fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |x| x.is_finite())
}

/// Those that tables may have.
fn readable() -> impl Strategy<Value = f64> {
    finite().prop_filter("not beyond 1e300", |x| x.abs() <= 1e300)
}

/// A class for each of some samples, and one number as its feature.
fn labelled() -> impl Strategy<Value = Vec<(String, f64)>> {
    vec(("[a-e]", finite()), 1..200)
}

fn dataset(samples: &[(String, f64)]) -> Dataset {
    let inputs = Tensor::from_columns(1, samples.iter().map(|(_, x)| *x).collect()).unwrap();
    Dataset::new("t", inputs, Targets::from_labels("class", samples.iter().map(|(label, _)| label.clone()))).unwrap()
}

/// The samples of a data set as text that can be sorted and compared.
fn contents(data: &Dataset) -> Vec<(u64, usize)> {
    let Targets::Classes { indices, .. } = data.targets() else { panic!("classes") };
    data.inputs().iter().map(|x| x.to_bits()).zip(indices.iter().copied()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Numbers come back to the bit and text to the letter, whatever is quoted, and however lines end.
    #[test]
    fn csv_there_and_back(
        rows in vec((readable(), "[ -~äö]{0,12}"), 1..30),
        name in "[a-z,\" ]{1,8}",
        ending in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        prop_assume!(name.trim() != "number" && !name.trim().is_empty());
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let lines = rows.iter().map(|(x, text)| format!("{x:e},{}{ending}", quoted(text)));
        let text = format!("number,{}{ending}{}", quoted(&name), lines.collect::<String>());
        let table = Table::from_text("t", &text).unwrap();
        prop_assert_eq!(table.rows(), rows.len());
        let numbers = table.numbers(&["number".to_owned()]).unwrap();
        let found: Vec<u64> = numbers[0].iter().map(|x| x.to_bits()).collect();
        prop_assert_eq!(found, rows.iter().map(|(x, _)| x.to_bits()).collect::<Vec<_>>());
        let expected: Vec<&str> = rows.iter().map(|(_, text)| text.trim()).collect();
        prop_assert_eq!(table.text(name.trim()).unwrap(), expected);
    }

    /// No text makes the reader panic, and what it reads has rows.
    #[test]
    fn any_bytes_are_read_or_refused(text in ".{0,200}", target in ".{0,3}") {
        if let Ok(table) = Table::from_text("t", &text) {
            prop_assert!(table.rows() > 0);
            let _ = Target::guess(&table, &[target]).and_then(|target| Dataset::from_table(&table, &target));
            let _ = Target::guess(&table, &table.columns()[..1]).and_then(|target| Dataset::from_table(&table, &target));
        }
    }

    /// Every sample is in exactly one part, parts have their sizes, classes their shares, and the seed decides.
    #[test]
    fn split(samples in labelled(), validation in 0.0..0.5, test in 0.0..0.5, seed: u64) {
        let data = dataset(&samples);
        let fractions = Fractions { validation, test };
        let Ok((train, valid, tests)) = data.split(fractions, Seed(seed)) else {
            // only where a part would be empty
            let n = data.samples() as f64;
            let few = |fraction: f64| fraction > 0.0 && fraction * n < 0.5 + data.classes() as f64;
            prop_assert!(few(validation) || few(test));
            return Ok(());
        };
        let mut all = [contents(&train), contents(&valid), contents(&tests)].concat();
        let mut expected = contents(&data);
        all.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(all, expected);
        for class in 0..data.classes() {
            let count = |part: &Dataset| contents(part).iter().filter(|(_, c)| *c == class).count();
            let n = count(&data) as f64;
            prop_assert!(count(&train) > 0);
            prop_assert!((count(&tests) as f64 - test * n).abs() <= 1.0);
            prop_assert!((count(&valid) as f64 - validation * n).abs() <= 2.0);
        }
        let again = data.split(fractions, Seed(seed)).unwrap();
        prop_assert_eq!(contents(&again.2), contents(&tests));
    }

    /// An epoch has every sample once, in batches of the size that was asked for but the last.
    #[test]
    fn batches(samples in labelled(), size in 1usize..50, seed: u64) {
        let data = dataset(&samples);
        let batches: Vec<_> = data.batches::<f64>(size).shuffled(Seed(seed), 1).collect();
        let last = batches.len() - 1;
        prop_assert!(batches[..last].iter().all(|batch| batch.samples() == size));
        prop_assert!((1..=size).contains(&batches[last].samples()));
        let of = |batch: &mfnet::data::Batch<f64>| {
            batch.inputs().iter().map(|x| x.to_bits()).zip(batch.targets().argmax()).collect::<Vec<_>>()
        };
        let mut found: Vec<(u64, usize)> = batches.iter().flat_map(of).collect();
        let mut expected = contents(&data);
        found.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }

    /// Labels to one-hot columns and back.
    #[test]
    fn one_hot(labels in vec("[a-z0-9]{1,3}", 1..60)) {
        let targets = Targets::from_labels("class", labels.iter().cloned());
        let y = targets.matrix::<f64>();
        for j in 0..y.columns() {
            prop_assert_eq!(y.column(j).sum::<f64>(), 1.0);
            prop_assert!(y.column(j).all(|y| y == 0.0 || y == 1.0));
        }
        let Targets::Classes { labels: names, .. } = targets else { panic!("classes") };
        let back: Vec<String> = y.argmax().into_iter().map(|class| names[class].clone()).collect();
        prop_assert_eq!(back, labels);
    }

    /// A model comes back as it was, and is written to the same bytes again.
    #[test]
    fn save_and_load(
        samples in vec((vec(finite().prop_map(|x| x % 1e6), 3), "[a-c]"), 4..20),
        hidden in vec(1usize..6, 0..3),
        seed: u64,
        single: bool,
    ) {
        let inputs = Tensor::from_columns(3, samples.iter().flat_map(|(x, _)| x.clone()).collect()).unwrap();
        let data = Dataset::new("t", inputs, Targets::from_labels("c", samples.iter().map(|(_, c)| c.clone()))).unwrap();
        let mut builder = NeuralNetwork::builder(3);
        for (size, activation) in hidden.into_iter().zip([Activation::Relu, Activation::Sigmoid]) {
            builder = builder.linear(size).activation(activation);
        }
        let builder = builder.linear(data.outputs());
        let scale = Preprocessing::fit(&data);
        let model = if single {
            Model::new(&data, scale, builder.dtype::<f32>().build(Seed(seed)).unwrap())
        } else {
            Model::new(&data, scale, builder.build(Seed(seed)).unwrap())
        };
        let (model, folder) = (model.unwrap(), tempfile::tempdir().unwrap());
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        model.save(&first).unwrap();
        let loaded = Model::load(&first).unwrap();
        prop_assert_eq!(loaded.predict_inputs(&data.inputs()).unwrap(), model.predict_inputs(&data.inputs()).unwrap());
        loaded.save(&second).unwrap();
        prop_assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    }
}
