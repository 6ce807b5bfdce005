use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::elementwise::COST;
use super::spec::{HasSettings, Settings};
use super::{Backward, Layer};
use crate::error::{Error, Result};
use crate::pass::{Context, Random};
use crate::tensor::kernel::{Body, Panels, with_vectors};
use crate::tensor::parts::for_each_strip;
use crate::tensor::{Layout, Memo, Scalar, Tensor};

/// Dropout: in training, sets each number to 0 with probability p and divides the others by 1 − p. In prediction, it
/// changes nothing.
///
/// ```text
/// forward    Z     = M ⊙ A / (1 − p)        M is 0 with probability p, else 1
/// backward   ∂J/∂A = M ⊙ Δ / (1 − p)
/// ```
///
/// A training may multiply p by a schedule ([`Trainer::dropout_schedule`](crate::Trainer::dropout_schedule)).
///
/// M follows from seed, epoch, step, layer, sample and unit, so it is the same on any number of threads, and no pass
/// stores it. p is rounded to a multiple of 2⁻¹⁶ where M is drawn.
///
/// Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, "Dropout: a simple way to prevent neural networks
/// from overfitting". The scaling is that of `torch.nn.Dropout`; the random numbers differ.
///
/// ```
/// use mfnet::layer::Dropout;
/// use mfnet::{NeuralNetwork, Seed};
/// let net = NeuralNetwork::builder(4).linear(8).relu().dropout(0.2).linear(3).build(Seed(0))?;
/// assert!(Dropout::new(1.0).is_err());
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    p: f64,
}

impl Dropout {
    /// Dropout with this probability.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) unless p is in [0, 1).
    pub fn new(p: f64) -> Result<Self> {
        check("dropout", p)?;
        Ok(Dropout { p })
    }

    /// The same, to be checked where it is built.
    pub(crate) fn unchecked(p: f64) -> Self {
        Dropout { p }
    }

    /// p.
    pub fn p(&self) -> f64 {
        self.p
    }

    /// The same with p times this factor, which is at most 1.
    pub(crate) fn times(self, factor: f64) -> Self {
        Dropout { p: factor * self.p }
    }

    pub(crate) fn mask<T: Scalar>(&self, at: &Context) -> Mask<T> {
        Mask::new(self.p, at, T::ZERO)
    }

    /// 1/(1 − p).
    pub(crate) fn factor<T: Scalar>(&self) -> T {
        T::from_f64(1.0 / (1.0 - self.p))
    }
}

/// Error unless p is a probability below 1.
pub(super) fn check(what: &'static str, p: f64) -> Result<()> {
    if (0.0..1.0).contains(&p) { Ok(()) } else { Err(Error::invalid(what, "a number from 0 to less than 1", p)) }
}

impl<T: Scalar> Layer<T> for Dropout {
    fn name(&self) -> String {
        self.settings().words()
    }

    #[inline(never)]
    fn forward(&self, at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, _memo: &mut Memo<T>) {
        let factor = self.factor();
        self.mask(at).apply(a, z, move |x| x * factor);
    }

    #[inline(never)]
    fn backward(&self, at: &Context, pass: Backward<'_, T>) {
        let factor = self.factor();
        if let Some(dj_da) = pass.input_gradient {
            self.mask(at).apply(pass.delta, dj_da, move |d| d * factor);
        }
    }
}

impl HasSettings for Dropout {
    type Settings = Self;
    fn settings(&self) -> Self {
        *self
    }
}

impl Settings for Dropout {
    type Of<T: Scalar> = Self;
    fn check(&self) -> Result<()> {
        check("dropout", self.p)
    }
    fn layer<T: Scalar>(&self, _features: usize) -> Result<Self> {
        Ok(*self)
    }
    fn words(&self) -> String {
        format!("dropout {}", self.p)
    }

    fn torch(&self) -> String {
        format!("nn.Dropout({})", self.p)
    }
}

/// Decides which numbers of a matrix stay, and what replaces the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask<T> {
    /// `None` where nothing is random.
    random: Option<Random>,
    /// The number of elements that are dropped out of 65 536.
    threshold: u16,
    dropped: T,
}

impl<T: Scalar> Mask<T> {
    /// One that drops numbers with probability p, and makes `dropped` of them.
    pub(crate) fn new(p: f64, at: &Context, dropped: T) -> Self {
        let threshold = (p * 65_536.0).round().min(65_535.0) as u16;
        Mask { random: at.random(), threshold, dropped }
    }

    /// `to` = f(x) for each x of `from` that stays; a copy where nothing is random.
    pub(super) fn apply(&self, from: &Tensor<T>, to: &mut Tensor<T>, f: impl Fn(T) -> T + Copy + Sync) {
        if self.random.is_none() {
            return to.copy_from(from);
        }
        let layout = to.layout();
        let cost = 2 * COST * to.rows() * to.columns();
        for_each_strip(to, cost, |strip, to| {
            let place = layout.place(strip.panel, strip.columns);
            to.copy_from_slice(&from.storage()[place.clone()]);
            self.apply_to(layout, &place, to, f);
        });
    }

    /// The same in place, for some columns of a panel of a matrix with this layout.
    pub(crate) fn apply_to(&self, layout: Layout<T>, place: &Range<usize>, elements: &mut [T], f: impl Fn(T) -> T) {
        let Mask { random: Some(random), threshold, dropped } = *self else { return };
        let (panel, sample) = layout.at(place);
        let (unit, height) = (panel * T::PANEL, layout.height(panel));
        with_vectors(Apply { random, threshold, dropped, sample, unit, height, elements, f });
    }

    /// Sets those numbers of another matrix to 0 that were dropped.
    pub(crate) fn apply_to_derivative(&self, layout: Layout<T>, place: &Range<usize>, derivative: &mut [T]) {
        Mask { dropped: T::ZERO, ..*self }.apply_to(layout, place, derivative, |x| x);
    }
}

/// [`Mask::apply_to`], from this sample and this unit on.
struct Apply<'a, T, F> {
    random: Random,
    threshold: u16,
    dropped: T,
    sample: usize,
    unit: usize,
    height: usize,
    elements: &'a mut [T],
    f: F,
}

impl<T: Scalar, F: Fn(T) -> T> Body for Apply<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // a panel is a block or half a block
        let (block, first) = (self.unit / Random::BLOCK, self.unit % Random::BLOCK);
        let (threshold, dropped) = (u32::from(self.threshold), self.dropped);
        for (j, column) in self.elements.chunks_exact_mut(self.height).enumerate() {
            let random = self.random.block(self.sample + j, block);
            for (x, random) in column.iter_mut().zip(&random[first..]) {
                let kept = (self.f)(*x);
                *x = if *random < threshold { dropped } else { kept };
            }
        }
    }
}
