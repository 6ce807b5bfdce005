//! Several threads predict rows with one model, as a service does.
//! Run it with `cargo run --release --example rows_from_threads`.

#![allow(clippy::print_stdout)]

use std::thread;
use std::time::Instant;

use mfnet::model::Prediction;
use mfnet::{
    Adam, CrossEntropy, Dataset, Fractions, Model, NeuralNetwork, Optimizer, Preprocessing, Seed, Targets, Trainer,
};

const THREADS: usize = 4;
const ROUNDS: usize = 100;

fn main() -> mfnet::Result<()> {
    let data = Dataset::built_in("digits")?;
    let (train, _, test) = data.split(Fractions { validation: 0.0, test: 0.2 }, Seed(0))?;
    let scale = Preprocessing::fit(&train);
    let mut net = NeuralNetwork::builder(data.features()).linear(64).relu().linear(10).build(Seed(0))?;
    let trainer = Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 1e-3)).epochs(20);
    trainer.run(&mut net, &scale.apply(&train))?;
    let predictor = Model::new(&data, scale, net)?.predictor();

    let inputs = test.inputs(); // not scaled: the predictor does it
    let rows: Vec<Vec<f64>> = (0..test.samples()).map(|i| inputs.column(i).collect()).collect();
    let Targets::Classes { indices, .. } = test.targets() else { unreachable!("digits are classes") };

    // each thread has a predictor of its own, and takes every fourth row
    let serve = |first: usize| -> mfnet::Result<usize> {
        let (mut predictor, mut right) = (predictor.clone(), 0);
        for _ in 0..ROUNDS {
            for (row, class) in rows.iter().zip(indices).skip(first).step_by(THREADS) {
                if let Prediction::Class { index, .. } = predictor.predict(row)? {
                    right += usize::from(index == *class);
                }
            }
        }
        Ok(right)
    };
    let start = Instant::now();
    let right: mfnet::Result<Vec<usize>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || serve(first))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    let (right, seconds) = (right?, start.elapsed().as_secs_f64());

    let count = ROUNDS * rows.len();
    println!("{THREADS} threads predicted {count} rows in {seconds:.3} s: {:.0} rows/s", count as f64 / seconds);
    println!("accuracy {:.2} %", 100.0 * right.iter().sum::<usize>() as f64 / count as f64);
    println!("right in each thread: {right:?}");
    Ok(())
}
