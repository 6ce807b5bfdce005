//! `mfnet-bench bits`: trains as each line of stdin says, and prints a digest of the weights and one of the results.
//!
//! `compare/against bits` gives the same lines to an earlier commit and compares the digests. The program for that commit is
//! `compare/versions/dump/main.rs`; it is this file as it was for the library of that commit.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::stdin;
use std::ops::ControlFlow;

use mfnet::loss::LossName;
use mfnet::optimizer::{Clip, Schedule};
use mfnet::train::{Callback, EpochRecord};
use mfnet::{
    Activation, Adam, AdamW, Dataset, Loss, NeuralNetwork, Optimizer, Result, Scalar, Seed, Sgd, Tensor, Threads,
    Trainer,
};

use crate::work::{Work, named};

/// A training, read from a line such as `work=C samples=1927 dtype=f32 rule=momentum threads=2 way=trainer`.
struct Case<'a>(&'a str);

impl Case<'_> {
    /// The value of this key; empty where the line has no such key.
    fn get(&self, key: &str) -> &str {
        let mut pairs = self.0.split_whitespace();
        pairs.find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default()
    }

    fn number(&self, key: &str) -> usize {
        self.get(key).parse().unwrap_or_else(|_| self.unknown(key))
    }

    fn unknown(&self, key: &str) -> ! {
        panic!("{key} in the line {:?}", self.0)
    }

    fn work(&self) -> Work {
        let work = named(self.get("work")).unwrap_or_else(|_| self.unknown("work"));
        Work { samples: self.number("samples"), ..work }
    }

    fn optimizer<T: Scalar>(&self) -> Optimizer<T> {
        let momentum = Sgd { momentum: 0.9, ..Sgd::default() };
        let optimizer = match self.get("rule") {
            "sgd" => Optimizer::new(Sgd::default(), 0.01),
            "sgd-decay" => Optimizer::new(Sgd::default(), 0.01).weight_decay(0.01),
            "momentum" => Optimizer::new(momentum, 0.01),
            "nesterov" => Optimizer::new(Sgd { nesterov: true, ..momentum }, 0.01).weight_decay(0.01).decay_biases(),
            "adam" => Optimizer::new(Adam::default(), 1e-3),
            "adamw" => Optimizer::new(AdamW::default(), 1e-3).weight_decay(0.01),
            _ => self.unknown("rule"),
        };
        let optimizer = match self.get("clip") {
            "" => optimizer,
            "global" => optimizer.clip(Clip::Global(0.05)),
            "layer" => optimizer.clip(Clip::PerLayer(0.05)),
            _ => self.unknown("clip"),
        };
        match self.get("schedule") {
            "" => optimizer,
            "step" => optimizer.schedule(Schedule::Step { every: 1, factor: 0.5 }),
            name => optimizer.schedule(name.parse().unwrap_or_else(|_| self.unknown("schedule"))),
        }
    }

    fn loss<T: Scalar>(&self) -> Box<dyn Loss<T>> {
        self.get("loss").parse::<LossName>().unwrap_or_else(|_| self.unknown("loss")).loss()
    }

    fn network<T: Scalar>(&self) -> Result<NeuralNetwork<T>> {
        let activation = match self.get("activation") {
            "" => Activation::Relu,
            // arithmetic alone, so that every processor and every system has the same bits
            "own" => Activation::custom(
                "z/(1 + z²)",
                |z| z / (T::ONE + z * z),
                |z| (T::ONE - z * z) / ((T::ONE + z * z) * (T::ONE + z * z)),
            ),
            label => Activation::from_label(label).unwrap_or_else(|| self.unknown("activation")),
        };
        self.work().network_with(&activation, Seed(3))
    }

    fn by_trainer<T: Scalar>(&self, net: &mut NeuralNetwork<T>, data: &Dataset, results: &mut Results) -> Result<()> {
        let trainer = Trainer::new(self.loss(), self.optimizer()).batch_size(self.work().batch).seed(Seed(5));
        let other = data.select(&(0..data.samples()).step_by(3).collect::<Vec<_>>())?;
        let trainer = if self.get("validation").is_empty() { trainer } else { trainer.validate_on(&other) };
        trainer.epochs(self.number("epochs")).run_with(net, data, results).map(drop)
    }

    fn by_loop<T: Scalar>(&self, net: &mut NeuralNetwork<T>, data: &Dataset, results: &mut Results) {
        let (loss, mut optimizer) = (self.loss::<T>(), self.optimizer());
        for epoch in 1..=self.number("epochs") {
            for batch in data.batches(self.work().batch).shuffled(Seed(5), epoch) {
                let trace = net.forward(batch.pass(), batch.inputs());
                results.add(loss.value(trace.output(), batch.targets()));
                let delta = loss.gradient(trace.output(), batch.targets());
                let gradients = net.backward(&trace, delta);
                optimizer.step(net, gradients);
            }
        }
    }

    /// Digests of the weights, and of losses, predictions and input gradients.
    fn run<T: Scalar>(&self) -> Result<(u64, u64)> {
        let (data, mut net, mut results) = (self.work().data()?, self.network::<T>()?, Results::default());
        match self.get("way") {
            "trainer" => self.by_trainer(&mut net, &data, &mut results)?,
            "loop" => self.by_loop(&mut net, &data, &mut results),
            _ => self.unknown("way"),
        }
        let mut predictor = net.predictor();
        for columns in [1, 77] {
            let inputs = Tensor::from_fn(data.features(), columns, |i, j| T::from_f64(((i + j) as f64 / 8.0).fract()));
            predictor.predict(&inputs)?.iter().for_each(|output| results.add(output.to_f64()));
        }
        let mut weights = Results::default();
        net.parameters().flat_map(|parameter| parameter.value.iter()).for_each(|w| weights.add(w.to_f64()));
        Ok((weights.0.finish(), results.0.finish()))
    }
}

/// A digest of the bits of some numbers. It changes with the standard library: both programs are built by one compiler.
#[derive(Default)]
struct Results(DefaultHasher);

impl Results {
    fn add(&mut self, number: f64) {
        number.to_bits().hash(&mut self.0);
    }
}

impl<T: Scalar> Callback<T> for Results {
    fn epoch(&mut self, record: &EpochRecord, _net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        self.add(record.loss);
        self.add(record.validation_loss.unwrap_or_default());
        self.add(record.validation_accuracy.unwrap_or_default());
        Ok(ControlFlow::Continue(()))
    }
}

/// Runs the case of every line.
pub(crate) fn bits() -> Result<()> {
    for line in stdin().lines().map_while(std::result::Result::ok) {
        let case = Case(&line);
        let (weights, results) = Threads::new(case.number("threads"))?.install(|| match case.get("dtype") {
            "f32" => case.run::<f32>(),
            "f64" => case.run::<f64>(),
            _ => case.unknown("dtype"),
        })?;
        println!("{weights:016x} {results:016x}");
    }
    Ok(())
}
