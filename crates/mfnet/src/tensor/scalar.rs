use std::fmt::{Debug, Display, LowerExp};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

use super::elementary;

/// The element type of a tensor, with its name in model files and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 64-bit floating point, the default.
    F64,
    /// 32-bit floating point.
    F32,
}

impl Display for Dtype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Dtype::F64 => "f64",
            Dtype::F32 => "f32",
        })
    }
}

/// A floating-point type that networks compute with: `f64` or `f32`; no other type can implement
/// it.
///
/// [`Scalar::exp`], [`Scalar::exp_m1`], [`Scalar::ln_1p`], [`Scalar::tanh`] and [`Scalar::erf`]
/// give the same bits on every machine, which the standard library does not promise. The other
/// functions are those of the standard library.
///
/// ```
/// use mfnet::{Scalar, Tensor};
/// fn sigmoid<T: Scalar>(z: &Tensor<T>) -> Tensor<T> {
///     z.map(|z| T::ONE / (T::ONE + (-z).exp()))
/// }
/// assert_eq!(sigmoid(&Tensor::from_rows([[0.0_f32]])), Tensor::from_rows([[0.5_f32]]));
/// ```
pub trait Scalar:
    sealed::Sealed
    + Copy
    + Debug
    + Display
    + LowerExp
    + Default
    + PartialOrd
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + From<u8>
    + 'static
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// The type as a value.
    const DTYPE: Dtype;

    /// Rounds to this type.
    fn from_f64(x: f64) -> Self;
    /// Converts to `f64`, exactly.
    fn to_f64(self) -> f64;
    /// eˣ, with an error of at most one unit in the last place (ulp).
    fn exp(self) -> Self;
    /// eˣ − 1, with an error of at most two ulp, also near 0.
    fn exp_m1(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// ln(1 + x), with an error of at most one ulp, also near 0.
    fn ln_1p(self) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// The hyperbolic tangent, with an error of at most three ulp.
    fn tanh(self) -> Self;
    /// The error function, 2/√π ∫₀ˣ e^(−t²) dt, with an error of at most two ulp.
    fn erf(self) -> Self;
    /// |x|.
    fn abs(self) -> Self;
    /// The larger of two numbers; if one is NaN, the other.
    fn max(self, other: Self) -> Self;
    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// The bytes of the number, in little-endian order.
    fn to_le_bytes(self) -> impl AsRef<[u8]>;
    /// The number from its bytes in little-endian order; `None` if their count is wrong.
    fn from_le_bytes(bytes: &[u8]) -> Option<Self>;
}

pub(super) mod sealed {
    /// Implemented by `f64` and `f32` only; the bounds are what products and activations need.
    pub trait Sealed: crate::tensor::kernel::Kernels + crate::tensor::elementary::normal::Quick {}
    impl Sealed for f64 {}
    impl Sealed for f32 {}
}

macro_rules! scalar {
    ($type:ident, $dtype:expr, $exp:ident, $exp_m1:ident, $ln_1p:ident, $tanh:ident, $erf:ident) => {
        impl Scalar for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const DTYPE: Dtype = $dtype;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $type
            }
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                elementary::$exp(self)
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                elementary::$exp_m1(self)
            }
            fn ln(self) -> Self {
                $type::ln(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                elementary::$ln_1p(self)
            }
            fn sqrt(self) -> Self {
                $type::sqrt(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                elementary::$tanh(self)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                elementary::$erf(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $type::abs(self)
            }
            fn max(self, other: Self) -> Self {
                $type::max(self, other)
            }
            fn is_finite(self) -> bool {
                $type::is_finite(self)
            }
            fn to_le_bytes(self) -> impl AsRef<[u8]> {
                $type::to_le_bytes(self)
            }
            fn from_le_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map($type::from_le_bytes)
            }
        }
    };
}
scalar!(f64, Dtype::F64, exp_f64, exp_m1_f64, ln_1p_f64, tanh_f64, erf_f64);
scalar!(f32, Dtype::F32, exp_f32, exp_m1_f32, ln_1p_f32, tanh_f32, erf_f32);
