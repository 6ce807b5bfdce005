//! The bits of a training do not depend on the number of threads, and are those of the readable loop.
#![allow(clippy::unwrap_used)]

use mfnet::optimizer::Clip;
use mfnet::random::Purpose;
use mfnet::{
    Adam, CrossEntropy, Dataset, Loss, Mse, NeuralNetwork, Optimizer, Scalar, Seed, Sgd, Targets, Tensor, Threads,
    Trainer,
};

/// Bytes of 10 classes, or numbers with two values; 5 batches of 333 and one of 35.
fn data(classes: bool) -> Dataset {
    let (features, samples) = (150, 1700);
    let mut rng = Seed(7).stream(Purpose::Split);
    if classes {
        let bytes: Vec<u8> = (0..features * samples).map(|_| (rng.uniform() * 256.0) as u8).collect();
        let labels = (0..samples).map(|_| ((rng.uniform() * 10.0) as u8).to_string());
        return Dataset::from_rows("bytes", features, bytes, Targets::from_labels("class", labels)).unwrap();
    }
    let inputs = Tensor::from_fn(features, samples, |_, _| rng.uniform() - 0.5);
    let values = Tensor::from_fn(2, samples, |i, j| inputs[(i, j)] * inputs[(i + 1, j)]);
    Dataset::new("numbers", inputs, Targets::Values { columns: vec!["a".into(), "b".into()], values: values.into() })
        .unwrap()
}

fn network<T: Scalar>(data: &Dataset) -> NeuralNetwork<T> {
    let builder = NeuralNetwork::builder(data.features()).dtype::<T>();
    builder.linear(200).relu().linear(130).sigmoid().linear(data.outputs()).build(Seed(1)).unwrap()
}

fn bits<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<u64> {
    net.parameters().flat_map(|parameter| parameter.value.iter()).map(|w| w.to_f64().to_bits()).collect()
}

const BATCH: usize = 333;

fn by_hand<T: Scalar>(data: &Dataset, loss: &impl Loss<T>, mut optimizer: Optimizer<T>, clip: bool) -> Vec<u64> {
    let mut net = network::<T>(data);
    for epoch in 1..=2 {
        for batch in data.batches(BATCH).shuffled(Seed(5), epoch) {
            let trace = net.forward(batch.pass(), batch.inputs());
            let delta = loss.gradient(trace.output(), batch.targets());
            let mut gradients = net.backward(&trace, delta);
            if clip {
                gradients.clip_global_norm(0.01);
            }
            optimizer.step(&mut net, gradients);
        }
    }
    bits(&net)
}

/// Trains with each number of threads, and shows that more than one worked where there is more than one.
fn every_number_of_threads<T: Scalar>(
    data: &Dataset,
    loss: impl Loss<T> + Copy + 'static,
    optimizer: Optimizer<T>,
    clip: bool,
) {
    let expected = by_hand::<T>(data, &loss, optimizer.clone(), clip);
    assert_ne!(expected, bits(&network::<T>(data)));
    for count in [1, 2, 3, 5, 8] {
        let mut net = network::<T>(data);
        let threads = Threads::new(count).unwrap();
        let optimizer = if clip { optimizer.clone().clip(Clip::Global(0.01)) } else { optimizer.clone() };
        let trainer = Trainer::new(loss, optimizer).epochs(2).batch_size(BATCH).seed(Seed(5));
        threads.install(|| trainer.run(&mut net, data)).unwrap();
        assert!(bits(&net) == expected, "{count} threads, {}", T::DTYPE);
        assert!(count == 1 || threads.worked() > 1, "{count} threads, of which {} worked", threads.worked());
    }
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let (classes, values) = (data(true), data(false));
    every_number_of_threads::<f64>(&classes, CrossEntropy, Optimizer::new(Sgd::default(), 0.1), false);
    every_number_of_threads::<f32>(&classes, CrossEntropy, Optimizer::new(Adam::default(), 1e-3), false);
    every_number_of_threads::<f64>(&values, Mse, Optimizer::new(Adam::default(), 1e-3), false);
    let momentum = Sgd { momentum: 0.9, ..Sgd::default() };
    every_number_of_threads::<f32>(&values, Mse, Optimizer::new(momentum, 0.1), false);
    every_number_of_threads::<f32>(&classes, CrossEntropy, Optimizer::new(Sgd::default(), 0.1), true);
}
