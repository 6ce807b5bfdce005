use serde::{Deserialize, Serialize};

use super::elementwise::COST;
use super::spec::{HasSettings, Settings, positive};
use super::{Backward, Layer};
use crate::data::normal_quantile;
use crate::error::Result;
use crate::pass::{Context, Random};
use crate::tensor::kernel::Panels;
use crate::tensor::parts::for_each_strip;
use crate::tensor::{Memo, Scalar, Tensor};

/// Gaussian noise: in training, adds a normal random number to each number. In prediction, it
/// changes nothing.
///
/// ```text
/// forward    Z     = A + σ E        E: normal with mean 0 and standard deviation 1
/// backward   ∂J/∂A = Δ
/// ```
///
/// E follows from seed, epoch, step, layer, sample and unit, as the mask of [`super::Dropout`]. As
/// Keras' `GaussianNoise`; PyTorch has no such layer. Before the first linear layer it makes small
/// changes of the features matter less: for small σ it acts as weight decay that follows the
/// function's slope. Source: Bishop 1995, "Training with noise is equivalent to Tikhonov
/// regularization".
///
/// ```
/// use mfnet::layer::Noise;
/// use mfnet::{NeuralNetwork, Seed};
/// let net = NeuralNetwork::builder(4).layer(Noise::new(0.1)?).linear(3).build(Seed(0))?;
/// assert!(Noise::new(-1.0).is_err());
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    std: f64,
}

impl Noise {
    /// Noise with this standard deviation σ.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) unless σ is positive.
    pub fn new(std: f64) -> Result<Self> {
        let noise = Noise { std };
        Settings::check(&noise)?;
        Ok(noise)
    }

    /// The same, to be checked where it is built.
    pub(crate) fn unchecked(std: f64) -> Self {
        Noise { std }
    }

    /// σ.
    pub fn std(&self) -> f64 {
        self.std
    }
}

/// A normal random number for a unit of a sample, from 32 random bits: from −6.2 to 6.2.
fn normal(random: &Random, sample: usize, unit: usize) -> f64 {
    // the middle of the interval that the bits stand for
    normal_quantile(random.uniform(sample, unit) + 0.5 / 4_294_967_296.0)
}

impl<T: Scalar> Layer<T> for Noise {
    fn name(&self) -> String {
        self.settings().words()
    }

    fn forward(&self, at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, _memo: &mut Memo<T>) {
        z.copy_from(a);
        let (Some(random), std, layout) = (at.random(), self.std, z.layout()) else { return };
        let (rows, cost) = (z.rows(), 4 * COST * z.rows() * z.columns());
        for_each_strip(z, cost, |strip, z| {
            let (first, height) = (strip.panel * T::PANEL, layout.height(strip.panel));
            for (column, sample) in z.chunks_exact_mut(height).zip(strip.columns) {
                // not beside the panel
                for (z, unit) in column.iter_mut().zip(first..rows) {
                    *z += T::from_f64(std * normal(&random, sample, unit));
                }
            }
        });
    }

    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        if let Some(dj_da) = pass.input_gradient {
            dj_da.copy_from(pass.delta);
        }
    }
}

impl HasSettings for Noise {
    type Settings = Self;
    fn settings(&self) -> Self {
        *self
    }
}

impl Settings for Noise {
    type Of<T: Scalar> = Self;
    fn check(&self) -> Result<()> {
        positive("standard deviation of noise", self.std)
    }
    fn layer<T: Scalar>(&self, _features: usize) -> Result<Self> {
        Ok(*self)
    }
    fn words(&self) -> String {
        format!("noise {}", self.std)
    }

    /// PyTorch has no layer for it; in prediction it changes nothing.
    fn torch(&self) -> String {
        "nn.Identity()".to_owned()
    }
}
