use std::fmt;
use std::sync::Arc;

use super::Layer;
use crate::error::Result;
use crate::tensor::kernel::vectorised;
use crate::tensor::parts::for_each_chunk;
use crate::tensor::{Scalar, Tensor};

/// Elements that one thread takes at a time.
const CHUNK: usize = 4096;
/// What one element is taken to cost, in floating-point operations, for the decision whether to share the work.
const COST: usize = 8;

/// An activation function, applied to every element.
///
/// ```text
/// forward          A     = g(Z)                    seed, equation 7
/// input_gradient   ∂J/∂Z = ∂J/∂A ⊙ g′(Z)           seed, equation 8
/// ```
///
/// All matrices have shape (features, samples). The bias feature, which the seed leaves out of g row by row, is not in them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation<T: Scalar = f64> {
    /// g(z) = max(0, z), g′(0) = 0 as in PyTorch.
    Relu,
    /// g(z) = 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// g(z) = tanh z.
    Tanh,
    /// g(z) = z.
    Identity,
    /// A user's own g and g′.
    Custom(CustomActivation<T>),
}

/// A user's g and g′.
#[derive(Clone)]
pub struct CustomActivation<T: Scalar> {
    name: String,
    g: Arc<dyn Fn(T) -> T + Send + Sync>,
    derivative: Arc<dyn Fn(T) -> T + Send + Sync>,
}

impl<T: Scalar> Activation<T> {
    /// An activation of your own, with its derivative.
    ///
    /// ```
    /// use mfnet::Activation;
    /// let softplus = Activation::custom("softplus", |z: f64| z.exp().ln_1p(), |z| 1.0 / (1.0 + (-z).exp()));
    /// assert_eq!(softplus.apply(0.0), 2f64.ln());
    /// ```
    pub fn custom(
        name: &str,
        g: impl Fn(T) -> T + Send + Sync + 'static,
        derivative: impl Fn(T) -> T + Send + Sync + 'static,
    ) -> Self {
        Activation::Custom(CustomActivation { name: name.to_owned(), g: Arc::new(g), derivative: Arc::new(derivative) })
    }

    /// The name that the command line and model files use.
    pub fn label(&self) -> &str {
        match self {
            Activation::Relu => "relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Identity => "identity",
            Activation::Custom(custom) => &custom.name,
        }
    }

    /// The activation with this label; none for an unknown one.
    pub fn from_label(label: &str) -> Option<Self> {
        let all = [Activation::Relu, Activation::Sigmoid, Activation::Tanh, Activation::Identity];
        all.into_iter().find(|activation| activation.label() == label)
    }

    /// g(z). NaN stays NaN.
    pub fn apply(&self, z: T) -> T {
        match self {
            Activation::Relu => relu(z),
            Activation::Sigmoid => sigmoid(z),
            Activation::Tanh => z.tanh(),
            Activation::Identity => z,
            Activation::Custom(custom) => (custom.g)(z),
        }
    }

    /// g′(z).
    pub fn derivative(&self, z: T) -> T {
        self.derivative_at(z, self.apply(z))
    }

    /// g′(z), given a = g(z).
    fn derivative_at(&self, z: T, a: T) -> T {
        match self {
            Activation::Relu => step(a),
            Activation::Sigmoid => a * (T::ONE - a),
            Activation::Tanh => T::ONE - a * a,
            Activation::Identity => T::ONE,
            Activation::Custom(custom) => (custom.derivative)(z),
        }
    }

    /// Whether g′(z) follows from g(z), so that z need not be kept: for all of the library's own.
    pub(crate) fn forgets_input(&self) -> bool {
        !matches!(self, Activation::Custom(_))
    }

    /// a ← g(a).
    pub(crate) fn apply_all(&self, a: &mut [T]) {
        match self {
            Activation::Relu => vectorised(a.iter_mut(), |a| *a = relu(*a)),
            Activation::Sigmoid => vectorised(a.iter_mut(), |a| *a = sigmoid(*a)),
            Activation::Tanh => vectorised(a.iter_mut(), |a| *a = a.tanh()),
            Activation::Identity => {}
            Activation::Custom(custom) => a.iter_mut().for_each(|a| *a = (custom.g)(*a)),
        }
    }

    /// ∂J/∂z = ∂J/∂a ⊙ g′ in place of ∂J/∂a, from a = g(z) alone.
    pub(crate) fn times_derivative(&self, a: &[T], dj_da: &mut [T]) {
        match self {
            // where g′ is 0, an infinite ∂J/∂a counts nothing, as in PyTorch
            Activation::Relu => {
                vectorised(dj_da.iter_mut().zip(a), |(d, a)| *d = if *a > T::ZERO { *d } else { T::ZERO });
            }
            Activation::Identity => {}
            _ => vectorised(dj_da.iter_mut().zip(a), |(d, a)| *d *= self.derivative_at(*a, *a)),
        }
    }
}

fn relu<T: Scalar>(z: T) -> T {
    if z < T::ZERO { T::ZERO } else { z }
}

/// The derivative of ReLU.
fn step<T: Scalar>(z: T) -> T {
    if z > T::ZERO { T::ONE } else { T::ZERO }
}

/// 1/(1 + e⁻ᶻ), from e^(−|z|) so that nothing overflows and small values keep all their digits.
#[inline(always)]
fn sigmoid<T: Scalar>(z: T) -> T {
    let e = (-z.abs()).exp();
    if z < T::ZERO { e / (T::ONE + e) } else { T::ONE / (T::ONE + e) }
}

impl<T: Scalar> Layer<T> for Activation<T> {
    fn name(&self) -> String {
        self.label().to_owned()
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        Ok(input_features)
    }

    fn forward(&self, z: &Tensor<T>, a: &mut Tensor<T>) {
        let (z, a) = (z.storage(), a.storage_mut());
        let cost = COST * a.len();
        for_each_chunk(a, CHUNK, cost, |i, a| {
            a.copy_from_slice(&z[i * CHUNK..i * CHUNK + a.len()]);
            self.apply_all(a);
        });
    }

    fn input_gradient(&self, z: &Tensor<T>, a: &Tensor<T>, dj_da: &Tensor<T>, delta: &mut Tensor<T>) {
        let (z, a, dj_da) = (z.storage(), a.storage(), dj_da.storage());
        let delta = delta.storage_mut();
        let cost = COST * delta.len();
        for_each_chunk(delta, CHUNK, cost, |i, delta| {
            let range = i * CHUNK..i * CHUNK + delta.len();
            delta.copy_from_slice(&dj_da[range.clone()]);
            match self {
                Activation::Custom(custom) => {
                    delta.iter_mut().zip(&z[range]).for_each(|(delta, z)| *delta *= (custom.derivative)(*z));
                }
                _ => self.times_derivative(&a[range], delta),
            }
        });
    }
}

impl<T: Scalar> PartialEq for CustomActivation<T> {
    /// Two are equal if they are clones of one.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.g, &other.g) && Arc::ptr_eq(&self.derivative, &other.derivative)
    }
}

impl<T: Scalar> fmt::Debug for CustomActivation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_passes_through_every_activation() {
        for label in ["relu", "sigmoid", "tanh", "identity"] {
            assert!(Activation::from_label(label).unwrap().apply(f64::NAN).is_nan(), "{label}");
        }
        assert_eq!(Activation::<f64>::from_label("swish"), None);
    }

    #[test]
    fn sigmoid_at_the_ends() {
        assert_eq!(sigmoid(-800.0f64), 0.0);
        assert_eq!(sigmoid(800.0f64), 1.0);
        assert_eq!(sigmoid(-700.0f64), (-700.0f64).exp());
    }
}
