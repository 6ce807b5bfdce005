use super::Dataset;
use crate::random::Rng;
use crate::tensor::{Scalar, Tensor};

/// Some samples and their targets, as a network takes them.
#[derive(Clone, Debug)]
pub struct Batch<T: Scalar> {
    inputs: Tensor<T>,
    targets: Tensor<T>,
}

impl<T: Scalar> Batch<T> {
    /// X, shape (features, samples).
    pub fn inputs(&self) -> &Tensor<T> {
        &self.inputs
    }

    /// Y, shape (outputs, samples); one-hot for classes.
    pub fn targets(&self) -> &Tensor<T> {
        &self.targets
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.inputs.columns()
    }
}

/// Every sample of a data set once, a batch at a time; the last batch may be smaller. See [`Dataset::batches`].
#[derive(Clone, Debug)]
pub struct Batches<'a, T: Scalar> {
    data: &'a Dataset,
    order: Vec<usize>,
    size: usize,
    next: usize,
    of: std::marker::PhantomData<T>,
}

impl Dataset {
    /// One epoch: every sample once, `size` samples at a time, in the order of the data. A size of 0 counts as 1. The inputs are the numbers of the
    /// data: categories, dates and gaps are to be encoded before ([`super::Preprocessing::apply`]).
    ///
    /// ```
    /// use mfnet::{Dataset, Seed, Purpose};
    /// let data = Dataset::built_in("diabetes")?;
    /// let mut rng = Seed(0).stream(Purpose::Epoch { number: 1 });
    /// let sizes: Vec<usize> = data.batches::<f64>(200).shuffled(&mut rng).map(|batch| batch.samples()).collect();
    /// assert_eq!(sizes, [200, 200, 42]);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    pub fn batches<T: Scalar>(&self, size: usize) -> Batches<'_, T> {
        let order = (0..self.samples()).collect();
        Batches { data: self, order, size: size.max(1), next: 0, of: std::marker::PhantomData }
    }

    /// Writes the first `count` of the samples with these numbers into `inputs` and `targets`, which take as many columns. The numbers after
    /// them say what is wanted next.
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

impl<T: Scalar> Batches<'_, T> {
    /// The same samples in a random order.
    pub fn shuffled(mut self, rng: &mut Rng) -> Self {
        rng.shuffle(&mut self.order);
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
        let mut batch = Batch {
            inputs: Tensor::zeros(self.data.features(), count),
            targets: Tensor::zeros(self.data.outputs(), count),
        };
        self.data.gather(rest, count, &mut batch.inputs, &mut batch.targets);
        self.next += count;
        Some(batch)
    }
}
