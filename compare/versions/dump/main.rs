//! Trains as each line of stdin says, and prints a digest of the weights and one of the results, by the library of an earlier commit.
//!
//! `compare/against bits` copies this package into a checkout of that commit (`ba9c8fb`, or one with the same interface) and builds
//! it there. `crates/mfnet-bench/src/bits.rs` does the same by the library of today.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::stdin;

use mfnet::{
    Activation, Adam, AdamW, Callback, Clip, CrossEntropy, Dataset, EpochRecord, Flow, HalfMse, Loss, Mse,
    NeuralNetwork, Optimizer, Purpose, Result, Rule, Scalar, Schedule, Seed, Sgd, Tensor, Threads, Trainer,
};

/// The works as that commit has them.
#[allow(dead_code)]
#[path = "../mfnet-bench/src/work.rs"]
mod work;

use work::{Work, named};

/// A training, read from a line such as `work=C samples=1927 dtype=f32 rule=momentum threads=2 way=trainer`.
struct Case<'a>(&'a str);

impl Case<'_> {
    /// The value of this key; empty where the line has no such key.
    fn get(&self, key: &str) -> &str {
        let pairs = self.0.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).map(|(_, value)| value).next().unwrap_or_default()
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

    fn rule<T: Scalar>(&self) -> Box<dyn Rule<T>> {
        match self.get("rule") {
            "sgd" => Box::new(Sgd::new(0.01)),
            "sgd-decay" => Box::new(Sgd { weight_decay: 0.01, ..Sgd::new(0.01) }),
            "momentum" => Box::new(Sgd { momentum: 0.9, ..Sgd::new(0.01) }),
            "nesterov" => {
                let momentum = Sgd { momentum: 0.9, nesterov: true, ..Sgd::new(0.01) };
                Box::new(Sgd { weight_decay: 0.01, decay_biases: true, ..momentum })
            }
            "adam" => Box::new(Adam::default()),
            "adamw" => Box::new(AdamW::default()),
            _ => self.unknown("rule"),
        }
    }

    fn loss<T: Scalar>(&self) -> Box<dyn Loss<T>> {
        match self.get("loss") {
            "cross-entropy" => Box::new(CrossEntropy),
            "mse" => Box::new(Mse),
            "half-mse" => Box::new(HalfMse),
            _ => self.unknown("loss"),
        }
    }

    fn network<T: Scalar>(&self) -> Result<NeuralNetwork<T>> {
        let work = self.work();
        let mut builder = NeuralNetwork::builder(work.layers[0]).dtype::<T>();
        let (output, hidden) = work.layers[1..].split_last().unwrap_or((&1, &[]));
        for size in hidden {
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
            builder = builder.linear(*size).activation(activation);
        }
        builder.linear(*output).build(Seed(3))
    }

    fn by_trainer<T: Scalar>(&self, net: &mut NeuralNetwork<T>, data: &Dataset, results: &mut Results) -> Result<()> {
        let mut trainer = Trainer::new(self.loss(), self.rule()).batch_size(self.work().batch).seed(Seed(5));
        trainer = trainer.epochs(self.number("epochs")).callback(results);
        trainer = match self.get("clip") {
            "" => trainer,
            "global" => trainer.clip(Clip::Global(0.05)),
            "layer" => trainer.clip(Clip::PerLayer(0.05)),
            _ => self.unknown("clip"),
        };
        trainer = match self.get("schedule") {
            "" => trainer,
            "step" => trainer.schedule(Schedule::Step { every: 1, factor: 0.5 }),
            "cosine" => trainer.schedule(Schedule::Cosine),
            "one-cycle" => trainer.schedule(Schedule::OneCycle),
            _ => self.unknown("schedule"),
        };
        let other = data.select(&(0..data.samples()).step_by(3).collect::<Vec<_>>())?;
        trainer = match self.get("validation") {
            "" => trainer,
            _ => trainer.validate_on(&other),
        };
        trainer.run(net, data).map(drop)
    }

    fn by_loop<T: Scalar>(&self, net: &mut NeuralNetwork<T>, data: &Dataset, results: &mut Results) {
        let (loss, mut optimizer) = (self.loss::<T>(), Optimizer::new(self.rule::<T>()));
        for epoch in 1..=self.number("epochs") {
            let mut rng = Seed(5).stream(Purpose::Epoch { number: epoch });
            for batch in data.batches(self.work().batch).shuffled(&mut rng) {
                let trace = net.forward(batch.inputs());
                results.add(loss.value(trace.output(), batch.targets()));
                let delta = loss.gradient(trace.output(), batch.targets());
                let mut gradients = net.backward(&trace, delta);
                match self.get("clip") {
                    "" => {}
                    "global" => gradients.clip_global_norm(0.05),
                    "layer" => gradients.clip_each_layer_norm(0.05),
                    _ => self.unknown("clip"),
                }
                optimizer.step(net, &gradients);
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
    fn epoch(&mut self, record: &EpochRecord, _net: &NeuralNetwork<T>) -> Result<Flow> {
        self.add(record.loss);
        self.add(record.validation_loss.unwrap_or_default());
        self.add(record.validation_accuracy.unwrap_or_default());
        Ok(Flow::Continue)
    }
}

/// Runs the case of every line.
fn main() -> Result<()> {
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
