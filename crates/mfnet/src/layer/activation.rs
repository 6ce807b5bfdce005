#[macro_use]
mod define;
mod smooth;

use std::fmt;
use std::sync::Arc;

use super::{Backward, Layer};
use crate::init::Init;
use crate::pass::Context;
use crate::tensor::kernel::{Body, with_vectors};
use crate::tensor::parts::for_each_chunk;
use crate::tensor::stable::{sigmoid, softplus};
use crate::tensor::{Memo, Scalar, Tensor};
use crate::words::words;

/// Number of elements that one thread takes at a time.
const CHUNK: usize = 4096;
/// Assumed cost of one element, in floating-point operations, to decide whether threads share the
/// work.
const COST: usize = 8;

// The loops over all elements. They are not closures: the compiler may exclude a closure as long as
// GELU from the code that it compiles for the best vectors.
struct ApplyAll<'a, T: Scalar>(&'a Activation<T>, &'a mut [T]);
struct ApplyAllWithDerivative<'a, T: Scalar>(&'a Activation<T>, &'a mut [T], &'a mut [T]);
struct TimesDerivative<'a, T: Scalar>(&'a Activation<T>, &'a [T], &'a mut [T]);
struct TimesDerivativeAt<'a, T: Scalar>(&'a Activation<T>, &'a [T], &'a mut [T]);

activations! {
    /// g(z) = max(0, z), g′(0) = 0 as in PyTorch. Where g′ is 0, an infinite ∂J/∂a counts nothing,
    /// as there.
    Relu { "relu", (g: |z| if z < T::ZERO { T::ZERO } else { z },
        from Output: |d, a| if a > T::ZERO { d } else { T::ZERO }), init: He, torch: "ReLU()", onnx: "Relu" }
    /// g(z) = 1/(1 + e⁻ᶻ).
    Sigmoid { "sigmoid", (g: |z| sigmoid(z), from Output: |d, a| d * (a * (T::ONE - a))), init: Glorot,
        torch: "Sigmoid()", onnx: "Sigmoid" }
    /// g(z) = tanh z.
    Tanh { "tanh", (g: |z| z.tanh(), from Output: |d, a| d * (T::ONE - a * a)), init: Glorot, torch: "Tanh()", onnx: "Tanh" }
    /// g(z) = z.
    Identity { "identity", (g: |z| z, from Output: |d, _a| d), init: Glorot, torch: "Identity()", onnx: "Identity" }
    /// g(z) = z for z > 0, 0.01 z for others (Maas et al. 2013); g′(0) = 0.01 as in PyTorch.
    LeakyRelu { "leaky-relu", (g: |z| if z < T::ZERO { T::from_f64(0.01) * z } else { z },
        from Output: |d, a| if a > T::ZERO { d } else { T::from_f64(0.01) * d }), init: He,
        torch: "LeakyReLU()", onnx: "LeakyRelu(alpha=0.01)" }
    /// g(z) = z for z > 0, eᶻ − 1 for others (Clevert et al. 2016).
    Elu { "elu", (g: |z| if z > T::ZERO { z } else { z.exp_m1() },
        from Output: |d, a| if a > T::ZERO { d } else { d * (a + T::ONE) }), init: He,
        torch: "ELU()", onnx: "Elu(alpha=1.0)" }
    /// g(z) = Λ z for z > 0, Λ′ (eᶻ − 1) for others, Λ = 1.0507…, Λ′ = 1.7581… (Klambauer et al.
    /// 2017).
    Selu { "selu", (g: |z| if z > T::ZERO { T::from_f64(SELU[0]) * z } else { T::from_f64(SELU[1]) * z.exp_m1() },
        from Output: |d, a| d * if a > T::ZERO { T::from_f64(SELU[0]) } else { a + T::from_f64(SELU[1]) }), init: LeCun,
        torch: "SELU()", onnx: "Selu" }
    /// g(z) = z Φ(z), Φ the normal distribution function (Hendrycks and Gimpel 2016). PyTorch takes
    /// Φ from 1 + erf, which has no digits left where z is less than −6; here it has.
    Gelu { "gelu", (g, derivative: |z| smooth::gelu(z)), init: He, torch: "GELU()", onnx: "Gelu" }
    /// g(z) = ½ z (1 + tanh(√(2/π) (z + 0.044715 z³))), an approximation of GELU (Hendrycks and
    /// Gimpel 2016).
    GeluTanh { "gelu-tanh", (g, derivative: |z| smooth::gelu_tanh(z)), init: He, torch: "GELU(approximate='tanh')",
        onnx: "Gelu(approximate=\"tanh\")" }
    /// g(z) = z/(1 + e⁻ᶻ), also called swish (Elfwing et al. 2018).
    Silu { "silu", (g, derivative: |z| smooth::silu(z)), init: He, torch: "SiLU()", onnx: "Swish" }
    /// g(z) = z tanh(ln(1 + eᶻ)) (Misra 2020).
    Mish { "mish", (g, derivative: |z| smooth::mish(z)), init: He, torch: "Mish()", onnx: "Mish" }
    /// g(z) = ln(1 + eᶻ). PyTorch takes z itself where z is more than 20, which is at most 2.1 ·
    /// 10⁻⁹ less.
    Softplus { "softplus", (g: |z| softplus(z), from Output: |d, a| d * -(-a).exp_m1()), init: He,
        torch: "Softplus()", onnx: "Softplus" }
    /// g(z) = min(max(z + 3, 0), 6)/6; g′(±3) = 0 as in PyTorch, which has the derivative 1/6 to
    /// the digits of `f32` alone.
    HardSigmoid { "hard-sigmoid", (g: |z| smooth::limited(z + T::from_f64(3.0), 0.0, 6.0) / T::from_f64(6.0),
        from Output: |d, a| if a > T::ZERO && a < T::ONE { d / T::from_f64(6.0) } else { T::ZERO }), init: Glorot,
        torch: "Hardsigmoid()", onnx: "HardSigmoid(alpha=0.16666667, beta=0.5)" }
    /// g(z) = z min(max(z + 3, 0), 6)/6 (Howard et al. 2019); g′(−3) = 0 and g′(3) = 1 as in
    /// PyTorch.
    HardSwish { "hard-swish", (g, derivative: |z| smooth::hard_swish(z)), init: He, torch: "Hardswish()",
        onnx: "HardSwish" }
}

/// What an activation keeps of a forward pass for the backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// a: g′(z) follows from it.
    Output,
    /// g′(z), which is computed with a.
    Derivative,
}

/// A custom function g with its derivative g′.
#[derive(Clone)]
pub struct CustomActivation<T: Scalar> {
    name: String,
    g: Arc<dyn Fn(T) -> T + Send + Sync>,
    derivative: Arc<dyn Fn(T) -> T + Send + Sync>,
}

impl<T: Scalar> Activation<T> {
    /// A custom activation with its derivative.
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

    /// Whether the backward pass sees which outputs dropout set to 0: those of a ReLU that are 0
    /// have no gradient anyway, and a derivative that is kept is set to 0 with them.
    pub(crate) fn tells_what_was_dropped(&self) -> bool {
        *self == Activation::Relu || self.keeps() == Keeps::Derivative
    }

    /// g′(z).
    pub fn derivative(&self, z: T) -> T {
        let mut derivative = [T::ONE];
        self.times_derivative_at(&[z], &mut derivative);
        derivative[0]
    }
}

/// Λ and Λ′ of SELU: with them, mean 0 and variance 1 of z lead to mean 0 and variance 1 of a.
const SELU: [f64; 2] = [1.050_700_987_355_480_5, 1.050_700_987_355_480_5 * 1.673_263_242_354_377_2];

impl<T: Scalar> Layer<T> for Activation<T> {
    fn name(&self) -> String {
        self.label().to_owned()
    }

    #[inline(never)]
    fn forward(&self, _at: &Context, z: &Tensor<T>, a: &mut Tensor<T>, _memo: &mut Memo<T>) {
        let (z, a) = (z.storage(), a.storage_mut());
        let cost = COST * a.len();
        for_each_chunk(a, CHUNK, cost, |i, a| {
            a.copy_from_slice(&z[i * CHUNK..i * CHUNK + a.len()]);
            self.apply_all(a);
        });
    }

    #[inline(never)]
    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        let Backward { input: z, output: a, delta: dj_da, input_gradient: Some(delta), .. } = pass else { return };
        let (dj_da, delta) = (dj_da.storage(), delta.storage_mut());
        let (z, a) = (z.storage(), a.storage());
        let cost = COST * delta.len();
        for_each_chunk(delta, CHUNK, cost, |i, delta| {
            let range = i * CHUNK..i * CHUNK + delta.len();
            delta.copy_from_slice(&dj_da[range.clone()]);
            match self.keeps() {
                Keeps::Output => self.times_derivative(&a[range], delta),
                Keeps::Derivative => self.times_derivative_at(&z[range], delta),
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
        for name in ActivationName::ALL {
            assert!(Activation::from(name).apply(f64::NAN).is_nan(), "{name}");
        }
        assert_eq!(Activation::<f64>::from_label("swish"), None);
    }
}
