use serde::{Deserialize, Serialize};

use super::dropout::{Mask, check};
use super::spec::{HasSettings, Settings};
use super::{Backward, Layer};
use crate::error::Result;
use crate::pass::Context;
use crate::tensor::{Memo, Scalar, Tensor};

/// −Λ′ of SELU, its limit for z → −∞.
const LIMIT: f64 = -1.758_099_340_847_376_6;

/// Alpha dropout, for networks with SELU: in training, sets each number to SELU's lower limit −Λ′ with probability p, then
/// scales and shifts all so that mean 0 and variance 1 stay. In prediction, it changes nothing.
///
/// ```text
/// forward    Z     = ξ (M ⊙ A − Λ′ (1 − M)) + ζ        M is 0 with probability p, else 1
///            ξ     = 1/√((1 − p) (1 + p Λ′²))          ζ = ξ Λ′ p          Λ′ = 1.7580993408473766
/// backward   ∂J/∂A = ξ M ⊙ Δ
/// ```
///
/// M is drawn as that of [`Dropout`](super::Dropout).
///
/// Source: Klambauer, Unterthiner, Mayr, Hochreiter 2017, "Self-normalizing neural networks". The same as
/// `torch.nn.AlphaDropout` but for the random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlphaDropout {
    p: f64,
}

impl AlphaDropout {
    /// Alpha dropout with this probability.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) unless p is in [0, 1).
    pub fn new(p: f64) -> Result<Self> {
        check("alpha dropout", p)?;
        Ok(AlphaDropout { p })
    }

    /// p.
    pub fn p(&self) -> f64 {
        self.p
    }

    /// The same with p times this factor, which is at most 1.
    pub(crate) fn times(self, factor: f64) -> Self {
        AlphaDropout { p: factor * self.p }
    }

    /// ξ.
    fn scale(&self) -> f64 {
        1.0 / ((1.0 - self.p) * (1.0 + self.p * LIMIT * LIMIT)).sqrt()
    }
}

impl<T: Scalar> Layer<T> for AlphaDropout {
    fn name(&self) -> String {
        self.settings().words()
    }

    #[inline(never)]
    fn forward(&self, at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, _memo: &mut Memo<T>) {
        let shift = -self.scale() * LIMIT * self.p;
        let dropped = T::from_f64(self.scale() * LIMIT + shift);
        let (scale, shift) = (T::from_f64(self.scale()), T::from_f64(shift));
        Mask::new(self.p, at, dropped).apply(a, z, move |x| scale * x + shift);
    }

    #[inline(never)]
    fn backward(&self, at: &Context, pass: Backward<'_, T>) {
        let scale = T::from_f64(self.scale());
        if let Some(dj_da) = pass.input_gradient {
            Mask::new(self.p, at, T::ZERO).apply(pass.delta, dj_da, move |d| scale * d);
        }
    }
}

impl HasSettings for AlphaDropout {
    type Settings = Self;
    fn settings(&self) -> Self {
        *self
    }
}

impl Settings for AlphaDropout {
    type Of<T: Scalar> = Self;
    fn check(&self) -> Result<()> {
        check("alpha dropout", self.p)
    }
    fn layer<T: Scalar>(&self, _features: usize) -> Result<Self> {
        Ok(*self)
    }
    fn words(&self) -> String {
        format!("alpha dropout {}", self.p)
    }

    fn torch(&self) -> String {
        format!("nn.AlphaDropout({})", self.p)
    }
}
