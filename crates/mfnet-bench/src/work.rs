//! The work that is measured.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Instant;

use mfnet::train::{Callback, EpochRecord, History};
use mfnet::{
    Activation, CrossEntropy, Dataset, Dtype, Loss, Mse, NeuralNetwork, Optimizer, Preprocessing, Result, Scalar, Seed,
    Targets, Tensor, Trainer,
};

/// A network, its data, and how it is trained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// Sizes from the input to the output.
    pub(crate) layers: &'static [usize],
    pub(crate) batch: usize,
    /// Of an epoch; 1 where one sample is predicted, again and again.
    pub(crate) samples: usize,
}

const MNIST: usize = 60_000;
const HOUSING: usize = 16_512;

pub(crate) const WORKS: [Work; 7] = [
    Work { name: "A128", layers: &[784, 512, 512, 10], batch: 128, samples: MNIST },
    Work { name: "A1024", layers: &[784, 512, 512, 10], batch: 1024, samples: MNIST },
    Work { name: "B", layers: &[8, 512, 512, 1], batch: 1024, samples: HOUSING },
    Work { name: "C", layers: &[8, 64, 64, 1], batch: 32, samples: HOUSING },
    Work { name: "D", layers: &[784, 10], batch: 128, samples: MNIST },
    Work { name: "EA", layers: &[784, 512, 512, 10], batch: 1, samples: 1 },
    Work { name: "EC", layers: &[8, 64, 64, 1], batch: 1, samples: 1 },
];

/// The work of this name, for the command line.
pub(crate) fn named(name: &str) -> std::result::Result<Work, String> {
    WORKS.into_iter().find(|work| work.name == name).ok_or_else(|| format!("no work is called {name}"))
}

/// The type of this name, for the command line.
pub(crate) fn dtype(name: &str) -> std::result::Result<Dtype, String> {
    let mut both = [Dtype::F32, Dtype::F64].into_iter();
    both.find(|dtype| dtype.to_string() == name).ok_or_else(|| "f32 or f64".to_owned())
}

impl Work {
    fn features(&self) -> usize {
        self.layers[0]
    }

    /// Whether the work is to predict, not to train.
    pub(crate) fn is_prediction(&self) -> bool {
        self.samples == 1
    }

    fn weights(&self) -> usize {
        self.layers.windows(2).map(|pair| pair[0] * pair[1]).sum()
    }

    fn is_classification(&self) -> bool {
        self.features() == 784
    }

    /// 2 P for a prediction. In training 6 P − 2 P₁ for each sample, P weights, P₁ of them in the first layer: three products of 2 P, of which nobody needs the input gradient of the
    /// first layer. Biases, activations, loss and update are not counted.
    pub(crate) fn flops_per_epoch(&self) -> f64 {
        if self.is_prediction() {
            return 2.0 * self.weights() as f64;
        }
        let first = self.layers[0] * self.layers[1];
        (6 * self.weights() - 2 * first) as f64 * self.samples as f64
    }

    /// The data of an epoch, and of each step the weights: read forward, read for the input gradient, read and written by the update. What a
    /// step must move if its own matrices stay in a cache and the weights do not.
    pub(crate) fn bytes_per_epoch<T: Scalar>(&self) -> f64 {
        let size = size_of::<T>();
        let weights = self.weights();
        if self.is_prediction() {
            return (size * weights) as f64;
        }
        let first = self.layers[0] * self.layers[1];
        let data = self.samples * self.features() * if self.is_classification() { 1 } else { 8 };
        (data + self.samples.div_ceil(self.batch) * size * (4 * weights - first)) as f64
    }

    /// Uniform bytes with 10 classes, or standard normal numbers with one value, standardised; what they are changes no time.
    pub(crate) fn data(&self) -> Result<Dataset> {
        let data = self.raw_data()?;
        Ok(Preprocessing::fit(&data).apply(&data))
    }

    fn raw_data(&self) -> Result<Dataset> {
        let mut rng = Seed(1).stream(mfnet::random::Purpose::Split);
        if self.is_classification() {
            let bytes: Vec<u8> = (0..self.samples * self.features()).map(|_| (rng.uniform() * 256.0) as u8).collect();
            let labels = (0..self.samples).map(|i| (i % 10).to_string());
            return Dataset::from_rows(self.name, self.features(), bytes, Targets::from_labels("class", labels));
        }
        let mut normal = || (0..12).map(|_| rng.uniform()).sum::<f64>() - 6.0;
        let inputs = Tensor::from_fn(self.features(), self.samples, |_, _| normal());
        let values = Tensor::from_fn(1, self.samples, |_, j| inputs[(0, j)] * inputs[(1, j)]);
        Dataset::new(self.name, inputs, Targets::Values { columns: vec!["y".into()], values: values.into() })
    }

    pub(crate) fn network<T: Scalar>(&self) -> Result<NeuralNetwork<T>> {
        self.network_with(&Activation::Relu, Seed(0))
    }

    pub(crate) fn network_with<T: Scalar>(&self, g: &Activation<T>, seed: Seed) -> Result<NeuralNetwork<T>> {
        let mut builder = NeuralNetwork::builder(self.features()).dtype::<T>();
        let (output, hidden) = self.layers[1..].split_last().unwrap_or((&1, &[]));
        for size in hidden {
            builder = builder.linear(*size).activation(g.clone());
        }
        builder.linear(*output).build(seed)
    }

    /// Seconds of one prediction of one sample, the mean over at least 50 ms.
    pub(crate) fn predict<T: Scalar>(&self, net: &NeuralNetwork<T>) -> Result<f64> {
        let mut predictor = net.predictor();
        let sample = Tensor::from_fn(self.features(), 1, |i, _| T::from_f64((i as f64).sin()));
        let (clock, mut predictions) = (Instant::now(), 0);
        while clock.elapsed().as_secs_f64() < ROUND {
            for _ in 0..1000 {
                black_box(predictor.predict(black_box(&sample))?);
            }
            predictions += 1000;
        }
        Ok(clock.elapsed().as_secs_f64() / f64::from(predictions))
    }

    pub(crate) fn loss<T: Scalar>(&self) -> Box<dyn Loss<T>> {
        if self.is_classification() { Box::new(CrossEntropy) } else { Box::new(Mse) }
    }

    /// Trains as long as `goes_on` says after an epoch.
    pub(crate) fn train<T: Scalar>(
        &self,
        data: &Dataset,
        optimizer: Optimizer<T>,
        phases: bool,
        goes_on: impl FnMut(&EpochRecord) -> bool + Send,
    ) -> Result<History> {
        self.train_network(&mut self.network()?, data, optimizer, phases, goes_on)
    }

    /// The same with a network of its own.
    pub(crate) fn train_network<T: Scalar>(
        &self,
        net: &mut NeuralNetwork<T>,
        data: &Dataset,
        optimizer: Optimizer<T>,
        phases: bool,
        goes_on: impl FnMut(&EpochRecord) -> bool + Send,
    ) -> Result<History> {
        let trainer = Trainer::new(self.loss(), optimizer).epochs(usize::MAX).batch_size(self.batch);
        if phases { trainer.measure_phases() } else { trainer }.run_with(net, data, &mut GoesOn(goes_on))
    }
}

struct GoesOn<F>(F);

impl<T: Scalar, F: FnMut(&EpochRecord) -> bool + Send> Callback<T> for GoesOn<F> {
    fn epoch(&mut self, record: &EpochRecord, _net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        Ok(if (self.0)(record) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    }
}

/// Seconds that a round lasts at least; short epochs are repeated.
const ROUND: f64 = 0.05;

/// Goes on for so many rounds of one epoch or more, with something else to measure after each. The first epoch is not counted. `measured` gets the seconds
/// of an epoch, and what was measured beside it.
pub(crate) fn rounds(
    rounds: usize,
    mut after_round: impl FnMut() -> f64,
    measured: &mut Vec<(f64, f64)>,
) -> impl FnMut(&EpochRecord) -> bool {
    let (mut epochs, mut start) = (0, None);
    move |record| {
        let Some(first) = start.replace(start.unwrap_or(record.seconds)) else { return rounds > 0 };
        epochs += 1;
        if record.seconds - first >= ROUND {
            measured.push(((record.seconds - first) / f64::from(epochs), after_round()));
            (epochs, start) = (0, Some(record.seconds));
        }
        measured.len() < rounds
    }
}
