mod smooth;

use std::fmt;
use std::sync::Arc;

use super::{Backward, Layer};
use crate::init::Init;
use crate::pass::Context;
use crate::tensor::kernel::{Body, with_vectors};
use crate::tensor::parts::for_each_chunk;
use crate::tensor::{Memo, Scalar, Tensor};
use crate::words::words;

/// Number of elements that one thread takes at a time.
const CHUNK: usize = 4096;
/// Assumed cost of one element, in floating-point operations, to decide whether threads share the
/// work.
const COST: usize = 8;

/// What a row of the table says of its function, for [`activations`]. A row gives g and its
/// derivative in one of two ways:
///
/// ```text
/// (g: |z| a, from Output: |d, a| d g′)     g′(z) follows from a = g(z), which is kept anyway
/// (g, derivative: |z| (a, g′))             both from z, in one go; where only a is used, the compiler leaves g′ out
/// ```
macro_rules! row {
    (keeps (g: $($rest:tt)*)) => {
        Keeps::Output
    };
    (keeps (g, $($rest:tt)*)) => {
        Keeps::Derivative
    };
    (g (g: |$z:ident| $g:expr, $($rest:tt)*), $at:expr) => {{
        let $z = $at;
        $g
    }};
    (g (g, derivative: |$z:ident| $pair:expr), $at:expr) => {{
        let $z = $at;
        $pair.0
    }};
    // (a, g′)
    (pair (g: |$z:ident| $g:expr, from Output: |$d:ident, $a:ident| $backward:expr), $at:expr) => {{
        let $z = $at;
        let ($d, $a) = (T::ONE, $g);
        ($a, $backward)
    }};
    (pair (g, derivative: |$z:ident| $pair:expr), $at:expr) => {{
        let $z = $at;
        $pair
    }};
    // ∂J/∂a g′, from what is kept
    (times (g: |$z:ident| $g:expr, from Output: |$d:ident, $a:ident| $backward:expr), $dj_da:expr, $kept:expr) => {{
        let ($d, $a) = ($dj_da, $kept);
        $backward
    }};
    (times (g, $($rest:tt)*), $dj_da:expr, $kept:expr) => {
        $dj_da * $kept
    };
    // the same, from z
    (times_at (g: |$z:ident| $g:expr, from Output: |$d:ident, $a:ident| $backward:expr), $dj_da:expr, $at:expr) => {{
        let $z = $at;
        let ($d, $a) = ($dj_da, $g);
        $backward
    }};
    (times_at (g, derivative: |$z:ident| $pair:expr), $dj_da:expr, $at:expr) => {{
        let $z = $at;
        $dj_da * $pair.1
    }};
}

/// Defines [`Activation`] and [`ActivationName`] from a table with a row for each function without
/// parameters.
macro_rules! activations {
    ($($(#[$doc:meta])* $variant:ident { $label:literal, $row:tt, init: $init:ident, torch: $torch:literal,
        onnx: $onnx:literal })*) => {
        /// An activation function, applied to every element.
        ///
        /// ```text
        /// forward    A     = g(Z)                    the paper, equation 7
        /// backward   ∂J/∂Z = ∂J/∂A ⊙ g′(Z)           the paper, equation 8
        /// ```
        ///
        /// All matrices have shape (features, samples). They do not contain the bias feature, to
        /// which the paper does not apply g.
        ///
        /// ```
        /// use mfnet::Activation;
        /// assert_eq!((Activation::Relu.apply(-2.0), Activation::Relu.apply(3.0)), (0.0, 3.0));
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Activation<T: Scalar = f64> {
            $($(#[$doc])* $variant,)*
            /// A custom function g with its derivative g′.
            Custom(CustomActivation<T>),
        }

        words! {
            /// The name of a built-in [`Activation`].
            ActivationName { $($(#[$doc])* $variant = $label,)* }
        }

        impl<T: Scalar> From<ActivationName> for Activation<T> {
            fn from(name: ActivationName) -> Self {
                match name { $(ActivationName::$variant => Activation::$variant,)* }
            }
        }

        impl<T: Scalar> Activation<T> {
            /// The name that the command line and model files use.
            pub fn label(&self) -> &str {
                match self {
                    $(Activation::$variant => $label,)*
                    Activation::Custom(custom) => &custom.name,
                }
            }

            /// The activation with this label; `None` if it is unknown.
            pub fn from_label(label: &str) -> Option<Self> {
                label.parse().ok().map(|name: ActivationName| name.into())
            }

            /// The equivalent module of `torch.nn`; `None` for a custom activation.
            pub fn torch(&self) -> Option<&'static str> {
                match self {
                    $(Activation::$variant => Some($torch),)*
                    Activation::Custom(_) => None,
                }
            }

            /// The equivalent operator of ONNX, with its attributes if they differ from the
            /// operator's defaults; `None` for a custom activation.
            pub fn onnx(&self) -> Option<&'static str> {
                match self {
                    $(Activation::$variant => Some($onnx),)*
                    Activation::Custom(_) => None,
                }
            }

            /// The default initialisation of a linear layer before this activation.
            pub(crate) fn init(&self) -> Init {
                match self {
                    $(Activation::$variant => Init::$init,)*
                    Activation::Custom(_) => Init::Glorot,
                }
            }

            /// g(z). NaN stays NaN.
            pub fn apply(&self, z: T) -> T {
                match self {
                    $(Activation::$variant => row!(g $row, z),)*
                    Activation::Custom(custom) => (custom.g)(z),
                }
            }

            /// What the backward pass needs from the forward pass.
            pub(crate) fn keeps(&self) -> Keeps {
                match self {
                    $(Activation::$variant => row!(keeps $row),)*
                    Activation::Custom(_) => Keeps::Derivative,
                }
            }

            /// a ← g(a).
            #[inline(never)]
            pub(crate) fn apply_all(&self, a: &mut [T]) {
                with_vectors(ApplyAll(self, a));
            }

            /// a ← g(a), and writes g′ of the old a.
            #[inline(never)]
            pub(crate) fn apply_all_with_derivative(&self, a: &mut [T], derivative: &mut [T]) {
                with_vectors(ApplyAllWithDerivative(self, a, derivative));
            }

            /// Multiplies ∂J/∂a by g′, which gives ∂J/∂z; `kept` is a or g′, as
            /// [`Activation::keeps`] says.
            #[inline(never)]
            pub(crate) fn times_derivative(&self, kept: &[T], dj_da: &mut [T]) {
                with_vectors(TimesDerivative(self, kept, dj_da));
            }

            /// Multiplies ∂J/∂a by g′(z), which gives ∂J/∂z.
            #[inline(never)]
            pub(crate) fn times_derivative_at(&self, z: &[T], dj_da: &mut [T]) {
                with_vectors(TimesDerivativeAt(self, z, dj_da));
            }
        }

        impl<T: Scalar> Body for ApplyAll<'_, T> {
            type Output = ();
            #[inline(always)]
            #[allow(clippy::almost_swapped)] // z ← z
            fn run(self) {
                let ApplyAll(g, all) = self;
                match g {
                    $(Activation::$variant => for a in all { *a = row!(g $row, *a); },)*
                    Activation::Custom(custom) => for a in all { *a = (custom.g)(*a); },
                }
            }
        }

        impl<T: Scalar> Body for ApplyAllWithDerivative<'_, T> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                let ApplyAllWithDerivative(g, a, derivative) = self;
                let all = a.iter_mut().zip(derivative);
                match g {
                    $(Activation::$variant => for (a, derivative) in all { (*a, *derivative) = row!(pair $row, *a); },)*
                    Activation::Custom(custom) => for (a, derivative) in all {
                        (*a, *derivative) = ((custom.g)(*a), (custom.derivative)(*a));
                    },
                }
            }
        }

        impl<T: Scalar> Body for TimesDerivative<'_, T> {
            type Output = ();
            #[inline(always)]
            #[allow(clippy::assign_op_pattern)] // d ← d g′
            fn run(self) {
                let TimesDerivative(g, kept, dj_da) = self;
                let all = dj_da.iter_mut().zip(kept);
                match g {
                    $(Activation::$variant => for (d, kept) in all { *d = row!(times $row, *d, *kept); },)*
                    Activation::Custom(_) => for (d, kept) in all { *d *= *kept; },
                }
            }
        }

        impl<T: Scalar> Body for TimesDerivativeAt<'_, T> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                let TimesDerivativeAt(g, z, dj_da) = self;
                let all = dj_da.iter_mut().zip(z);
                match g {
                    $(Activation::$variant => for (d, z) in all { *d = row!(times_at $row, *d, *z); },)*
                    Activation::Custom(custom) => for (d, z) in all { *d *= (custom.derivative)(*z); },
                }
            }
        }
    };
}

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
    /// g(z) = λ z for z > 0, λ α (eᶻ − 1) for others, λ = 1.0507…, α = 1.6732… (Klambauer et al.
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

/// 1/(1 + e⁻ᶻ), from e^(−|z|) so that nothing overflows and small values keep all their digits.
#[inline(always)]
fn sigmoid<T: Scalar>(z: T) -> T {
    let e = (-z.abs()).exp();
    if z < T::ZERO { e / (T::ONE + e) } else { T::ONE / (T::ONE + e) }
}

/// Λ and Λ′ of SELU: with them, mean 0 and variance 1 of z lead to mean 0 and variance 1 of a.
const SELU: [f64; 2] = [1.050_700_987_355_480_5, 1.050_700_987_355_480_5 * 1.673_263_242_354_377_2];

/// ln(1 + eᶻ) = max(0, z) + ln(1 + e^(−|z|)), so that nothing overflows and small values keep all
/// their digits.
#[inline(always)]
fn softplus<T: Scalar>(z: T) -> T {
    let rest = (-z.abs()).exp().ln_1p();
    if z > T::ZERO { z + rest } else { rest }
}

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

    #[test]
    fn sigmoid_at_the_ends() {
        assert_eq!(sigmoid(-800.0f64), 0.0);
        assert_eq!(sigmoid(800.0f64), 1.0);
        assert_eq!(sigmoid(-700.0f64), (-700.0f64).exp());
    }
}
