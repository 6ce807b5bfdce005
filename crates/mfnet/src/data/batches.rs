use std::borrow::Cow;

use super::Dataset;
use crate::loss::Weights;
use crate::pass::Pass;
use crate::random::{Purpose, Seed};
use crate::tensor::{Scalar, Tensor};

/// Some samples with their targets, in the type of the network.
#[derive(Clone, Debug)]
pub struct Batch<T: Scalar> {
    inputs: Tensor<T>,
    targets: Tensor<T>,
    /// The weight of each sample in the loss, and the sum of the weights; `None` if all weights are
    /// 1.
    weights: Option<(Vec<f64>, f64)>,
    pass: Pass,
}

impl<T: Scalar> Batch<T> {
    /// The training step that this batch belongs to; pass it to [`crate::NeuralNetwork::forward`].
    pub fn pass(&self) -> Pass {
        self.pass
    }

    /// X, shape (features, samples).
    pub fn inputs(&self) -> &Tensor<T> {
        &self.inputs
    }

    /// Y, shape (outputs, samples); one-hot for classes.
    pub fn targets(&self) -> &Tensor<T> {
        &self.targets
    }

    /// The weight of each sample in the loss, and the sum of the weights. [`crate::Trainer`] makes
    /// no step if this sum is 0.
    ///
    /// ```
    /// use mfnet::{Dataset, Targets, Tensor};
    /// let data = Dataset::new("t", Tensor::from_rows([[1.0, 2.0, 3.0]]), Targets::from_labels("class", ["a", "b", "a"]))?;
    /// let data = data.with_weights(vec![1.0, 0.5, 2.0])?.with_class_weights(vec![1.0, 4.0])?;
    /// let batch = data.batches::<f64>(3).next().unwrap();
    /// assert_eq!((batch.weights().of_samples, batch.weights().divisor), (Some(&[1.0, 2.0, 2.0][..]), 5.0));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    pub fn weights(&self) -> Weights<'_> {
        match &self.weights {
            Some((of_samples, divisor)) => Weights { of_samples: Some(of_samples), divisor: *divisor },
            None => Weights::equal(self.samples()),
        }
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.inputs.columns()
    }

    /// X and Y.
    pub fn into_parts(self) -> (Tensor<T>, Tensor<T>) {
        (self.inputs, self.targets)
    }
}

/// An iterator over the mini-batches of one epoch; the last batch may be smaller. See
/// [`Dataset::batches`].
#[derive(Clone, Debug)]
pub struct Batches<'a, T: Scalar> {
    data: Cow<'a, Dataset>,
    order: Vec<usize>,
    size: usize,
    next: usize,
    seed: Seed,
    epoch: usize,
    of: std::marker::PhantomData<T>,
}

impl Dataset {
    /// The mini-batches of one epoch: every sample once, `size` samples at a time, in the order of
    /// the data. A size of 0 counts as 1. Encode categories, dates and missing values first, with
    /// [`super::Preprocessing::apply`].
    ///
    /// ```
    /// use mfnet::{Dataset, Seed};
    /// let data = Dataset::built_in("diabetes")?;
    /// let sizes: Vec<usize> = data.batches::<f64>(200).shuffled(Seed(0), 1).map(|batch| batch.samples()).collect();
    /// assert_eq!(sizes, [200, 200, 42]);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    pub fn batches<T: Scalar>(&self, size: usize) -> Batches<'_, T> {
        Batches::new(Cow::Borrowed(self), size)
    }

    /// As [`Dataset::batches`], without borrowing the data.
    pub fn into_batches<T: Scalar>(self, size: usize) -> Batches<'static, T> {
        Batches::new(Cow::Owned(self), size)
    }

    /// Writes the first `count` of `samples` into `inputs` and `targets`, which get `count`
    /// columns. The remaining numbers in `samples` are prefetched.
    pub(crate) fn gather<T: Scalar>(
        &self,
        samples: &[usize],
        count: usize,
        inputs: &mut Tensor<T>,
        targets: &mut Tensor<T>,
    ) {
        inputs.set_columns(count);
        targets.set_columns(count);
        self.features.samples.write(samples, inputs);
        self.targets.write(samples, targets);
    }
}

impl<'a, T: Scalar> Batches<'a, T> {
    fn new(data: Cow<'a, Dataset>, size: usize) -> Self {
        let order = (0..data.samples()).collect();
        let (seed, epoch, of) = (Seed(0), 1, std::marker::PhantomData);
        Batches { data, order, size: size.max(1), next: 0, seed, epoch, of }
    }

    /// Shuffles the samples for an epoch, counted from 1. [`crate::Trainer`] uses the same order.
    pub fn shuffled(mut self, seed: Seed, epoch: usize) -> Self {
        seed.stream(Purpose::Epoch { number: epoch }).shuffle(&mut self.order);
        self.of_epoch(seed, epoch)
    }

    /// Sets the seed and the epoch for layers that draw random numbers, without shuffling. The
    /// default is seed 0, epoch 1.
    pub fn of_epoch(mut self, seed: Seed, epoch: usize) -> Self {
        (self.seed, self.epoch) = (seed, epoch);
        self
    }
}

impl<T: Scalar> Iterator for Batches<'_, T> {
    type Item = Batch<T>;

    fn next(&mut self) -> Option<Batch<T>> {
        let rest = &self.order[self.next..];
        let count = rest.len().min(self.size);
        if count == 0 {
            return None;
        }
        let step = self.next / self.size + 1;
        let mut batch = Batch {
            pass: Pass::Train { seed: self.seed, epoch: self.epoch, step },
            inputs: Tensor::zeros(self.data.features(), count),
            targets: Tensor::zeros(self.data.outputs(), count),
            weights: None,
        };
        self.data.gather(rest, count, &mut batch.inputs, &mut batch.targets);
        batch.weights = self.data.loss_weights().map(|weights| {
            let of_samples: Vec<f64> = rest[..count].iter().map(|sample| weights[*sample]).collect();
            let divisor = of_samples.iter().sum();
            (of_samples, divisor)
        });
        self.next += count;
        Some(batch)
    }
}
