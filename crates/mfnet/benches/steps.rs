//! Steps of training and single predictions, in samples a second: `cargo bench -p mfnet --bench steps`.
#![allow(clippy::unwrap_used)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mfnet::{
    Adam, CrossEntropy, Dataset, NeuralNetwork, Optimizer, Preprocessing, Scalar, Seed, Sgd, Targets, Tensor, Threads,
    Trainer,
};

fn main() {
    divan::main();
}

const BATCH: usize = 128;
const SAMPLES: usize = 20 * BATCH;
const THREADS: [usize; 2] = [1, 2];

fn network<T: Scalar>(inputs: usize, hidden: usize, outputs: usize) -> NeuralNetwork<T> {
    let builder = NeuralNetwork::builder(inputs).dtype::<T>();
    builder.linear(hidden).relu().linear(hidden).relu().linear(outputs).build(Seed(0)).unwrap()
}

/// An epoch of 20 steps on bytes with 10 classes.
fn epoch<T: Scalar>(bencher: Bencher, optimizer: Optimizer<T>, hidden: usize, threads: usize) {
    let bytes: Vec<u8> = (0..784 * SAMPLES).map(|i| (i * 7 % 251) as u8).collect();
    let labels = (0..SAMPLES).map(|i| (i % 10).to_string());
    let data = Dataset::from_rows("bytes", 784, bytes, Targets::from_labels("class", labels)).unwrap();
    let data = Preprocessing::fit(&data).apply(&data);
    let mut net = network::<T>(784, hidden, 10);
    let threads = Threads::new(threads).unwrap();
    bencher.counter(ItemsCount::new(SAMPLES)).bench_local(|| {
        let trainer = Trainer::new(CrossEntropy, optimizer.clone()).epochs(1).batch_size(BATCH);
        threads.install(|| trainer.run(&mut net, &data)).unwrap()
    });
}

#[divan::bench(types = [f32, f64], args = THREADS)]
fn sgd_784_512_512_10<T: Scalar>(bencher: Bencher, threads: usize) {
    epoch::<T>(bencher, Optimizer::new(Sgd::default(), 1e-3), 512, threads);
}

#[divan::bench(types = [f32, f64], args = THREADS)]
fn adam_784_512_512_10<T: Scalar>(bencher: Bencher, threads: usize) {
    epoch::<T>(bencher, Optimizer::new(Adam::default(), 1e-5), 512, threads);
}

#[divan::bench(types = [f32, f64], args = THREADS)]
fn sgd_784_64_64_10<T: Scalar>(bencher: Bencher, threads: usize) {
    epoch::<T>(bencher, Optimizer::new(Sgd::default(), 1e-3), 64, threads);
}

/// Inputs, hidden sizes, outputs, samples at a time.
const PREDICTIONS: [(usize, usize, usize, usize); 4] =
    [(784, 512, 10, 1), (8, 64, 1, 1), (784, 512, 10, 1000), (8, 64, 1, 1000)];

#[divan::bench(types = [f32, f64], args = PREDICTIONS)]
fn predict<T: Scalar>(bencher: Bencher, (inputs, hidden, outputs, samples): (usize, usize, usize, usize)) {
    let net = network::<T>(inputs, hidden, outputs);
    let input = Tensor::from_fn(inputs, samples, |i, j| T::from_f64(((i + j) as f64).sin()));
    let mut predictor = net.predictor();
    bencher.counter(ItemsCount::new(samples)).bench_local(|| {
        black_box(predictor.predict(black_box(&input)).unwrap()[(0, 0)]);
    });
}
