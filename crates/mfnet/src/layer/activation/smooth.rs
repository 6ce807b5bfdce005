//! Activations whose derivative does not follow from their output: (g(z), g′(z)), from what the two have in common.
//!
//! Each g goes to 0 below, and so does g′: the limits of z keep 0 · ∞ out.

use crate::tensor::Scalar;

#[inline(always)]
fn number<T: Scalar>(x: f64) -> T {
    T::from_f64(x)
}

/// z, not beyond these limits; NaN stays NaN.
#[inline(always)]
pub(super) fn limited<T: Scalar>(z: T, low: f64, high: f64) -> T {
    let (low, high) = (number(low), number(high));
    let z = if z > high { high } else { z };
    if z < low { low } else { z }
}
