use crate::random::{Counter, Seed};

/// The purpose of a forward pass. Training and prediction differ only in this argument; layers have
/// no train mode.
///
/// ```
/// use mfnet::{NeuralNetwork, Pass, Seed, Tensor};
/// let net = NeuralNetwork::builder(2).linear(8).dropout(0.5).linear(1).build(Seed(0))?;
/// let x = Tensor::from_rows([[1.0], [2.0]]);
/// let trained = net.forward(Pass::Train { seed: Seed(0), epoch: 1, step: 1 }, &x);
/// assert_ne!(trained.output(), net.forward(Pass::Evaluate, &x).output());
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pass {
    /// A prediction: nothing is random, and buffers, such as running means, are used but not
    /// changed.
    #[default]
    Evaluate,
    /// A training step. Random numbers depend only on the three values.
    Train {
        /// The seed of the training.
        seed: Seed,
        /// The epoch, from 1.
        epoch: usize,
        /// The step within the epoch, from 1.
        step: usize,
    },
}

/// The position of a layer's computation: the pass, the layer, and the samples.
///
/// ```
/// use mfnet::layer::Context;
/// use mfnet::{Pass, Seed};
/// let pass = Pass::Train { seed: Seed(7), epoch: 1, step: 3 };
/// let at = Context { pass, layer: 2, first_sample: 0 };
/// assert!(at.is_training() && !Context::default().is_training());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The purpose of the pass.
    pub pass: Pass,
    /// Index of the layer among the leaves of the tree of layers, in order, from 0.
    pub layer: usize,
    /// Index of the first sample in the whole batch, if the batch is computed in parts.
    pub first_sample: usize,
}

impl Context {
    /// Whether the pass belongs to a step of training.
    pub fn is_training(&self) -> bool {
        self.pass != Pass::Evaluate
    }

    /// The random numbers of this layer in this step; `None` in [`Pass::Evaluate`].
    ///
    /// ```
    /// use mfnet::{Pass, Seed};
    /// use mfnet::layer::Context;
    /// let pass = Pass::Train { seed: Seed(7), epoch: 1, step: 3 };
    /// let whole = Context { pass, layer: 2, first_sample: 0 }.random().unwrap();
    /// // the second half of the batch draws what it would draw in the whole batch
    /// let half = Context { pass, layer: 2, first_sample: 16 }.random().unwrap();
    /// assert_eq!(half.uniform(0, 5), whole.uniform(16, 5));
    /// ```
    pub fn random(&self) -> Option<Random> {
        let Pass::Train { seed, epoch, step } = self.pass else { return None };
        let counter = seed.counter([epoch as u64, step as u64, self.layer as u64]);
        Some(Random { counter, first_sample: self.first_sample as u64 })
    }
}

/// Random numbers addressed by sample and unit, so that threads and parts of a batch draw the same
/// ones in any order.
#[derive(Clone, Copy, Debug)]
pub struct Random {
    counter: Counter,
    first_sample: u64,
}

impl Random {
    /// A uniform number in [0, 1) for a unit (a feature) of a sample (a column of the layer's
    /// input).
    pub fn uniform(&self, sample: usize, unit: usize) -> f64 {
        let words = self.counter.words(self.first_sample + sample as u64, unit as u64 / 4);
        f64::from(words[unit % 4]) / 4_294_967_296.0
    }

    /// Number of units in a [`Random::block`].
    pub(crate) const BLOCK: usize = 64;

    /// A uniform integer from 0 to 65 535 for each unit of a block of a sample; half the work of
    /// [`Random::uniform`].
    #[inline(always)]
    pub(crate) fn block(&self, sample: usize, block: usize) -> [u32; Self::BLOCK] {
        self.counter.halves(self.first_sample + sample as u64, 8 * block as u64)
    }
}
