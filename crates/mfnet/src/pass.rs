use crate::random::{Counter, Seed};

/// What a forward pass is for. Training and prediction differ in this argument alone; no layer remembers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pass {
    /// A prediction: nothing is random, and buffers (such as running means) are used, not changed.
    #[default]
    Evaluate,
    /// A step of training. Random numbers follow from the three values, never from what was drawn before.
    Train {
        /// The seed of the training.
        seed: Seed,
        /// The epoch, from 1.
        epoch: usize,
        /// The step within the epoch, from 1.
        step: usize,
    },
}

/// Where a layer runs: what the pass is for, which layer it is, and which samples it sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// What the pass is for.
    pub pass: Pass,
    /// The layer's number: leaves of the tree of layers, in order, from 0.
    pub layer: usize,
    /// The position in the whole batch of the first sample, where a batch is computed in parts.
    pub first_sample: usize,
}

impl Context {
    /// Whether the pass belongs to a step of training.
    pub fn is_training(&self) -> bool {
        self.pass != Pass::Evaluate
    }

    /// The random numbers of this layer in this step; none in [`Pass::Evaluate`].
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

/// Random numbers addressed by sample and unit, so that threads and parts of a batch draw the same ones in any order.
#[derive(Clone, Copy, Debug)]
pub struct Random {
    counter: Counter,
    first_sample: u64,
}

impl Random {
    /// A uniform number in [0, 1) for a unit (a feature) of a sample (a column of the layer's input).
    pub fn uniform(&self, sample: usize, unit: usize) -> f64 {
        let words = self.counter.words(self.first_sample + sample as u64, unit as u64 / 4);
        f64::from(words[unit % 4]) / 4_294_967_296.0
    }

    /// Units of a [`Random::block`].
    pub(crate) const BLOCK: usize = 32;

    /// A uniform number from 0 to 65 535 for each unit of a block of a sample, a quarter of the work of
    /// [`Random::uniform`].
    #[inline(always)]
    pub(crate) fn block(&self, sample: usize, block: usize) -> [u16; 32] {
        self.counter.halves(self.first_sample + sample as u64, 4 * block as u64)
    }
}
