//! Activations whose derivative does not follow from their output: (g(z), g′(z)), from what the two have in common.
//!
//! Each g goes to 0 below, and so does g′: the limits of z keep 0 · ∞ out.

use crate::tensor::Scalar;

/// Where all of them have arrived at 0 below and at z above, in `f64` too.
const FAR: f64 = 800.0;

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

/// z, not below this.
#[inline(always)]
fn at_least<T: Scalar>(z: T, low: f64) -> T {
    let low = number(low);
    if z < low { low } else { z }
}

/// sigmoid(z) and 1 − sigmoid(z), both without cancellation.
#[inline(always)]
fn sigmoids<T: Scalar>(z: T) -> (T, T) {
    let e = (-z.abs()).quick_exp();
    let larger = T::ONE / (T::ONE + e);
    let smaller = e * larger;
    if z < T::ZERO { (smaller, larger) } else { (larger, smaller) }
}

/// z Φ(z); Φ + z φ.
#[inline(always)]
pub(super) fn gelu<T: Scalar>(z: T) -> (T, T) {
    /// 1/√(2π): φ(z) is this times e^(−z²/2).
    const OF_PHI: f64 = 0.398_942_280_401_432_7;
    let z = at_least(z, -FAR);
    let (phi, e) = z.normal();
    (z * phi, phi + z * (number::<T>(OF_PHI) * e))
}

/// z s, s = sigmoid(ψ), ψ = 2 √(2/π) (z + 0.044715 z³); s + z s (1 − s) ψ′.
#[inline(always)]
pub(super) fn gelu_tanh<T: Scalar>(z: T) -> (T, T) {
    /// 2√(2/π).
    const C: f64 = 1.595_769_121_605_730_7;
    /// Where s is 0 or 1 in `f64` too.
    const END: f64 = 30.0;
    let z = at_least(z, -END);
    let near = limited(z, -END, END);
    let square = near * near;
    let (s, rest) = sigmoids(near * (number::<T>(C) + number::<T>(C * 0.044_715) * square));
    let a = z * s;
    (a, s + a * rest * (number::<T>(C) + number::<T>(3.0 * C * 0.044_715) * square))
}

/// z s, s = sigmoid(z); s + z s (1 − s).
#[inline(always)]
pub(super) fn silu<T: Scalar>(z: T) -> (T, T) {
    let z = at_least(z, -FAR);
    let (s, rest) = sigmoids(z);
    let a = z * s;
    (a, s + a * rest)
}

/// z t, t = tanh(ln(1 + u)) = w/(w + 2), u = eᶻ, w = u (u + 2); t + z t′, t′ = 4 u (u + 1)/(w + 2)².
#[inline(always)]
pub(super) fn mish<T: Scalar>(z: T) -> (T, T) {
    /// Where t is 1 in `f64` too, and w is not a large number.
    const END: f64 = 20.0;
    let z = at_least(z, -FAR);
    let near = if z > number(END) { number(END) } else { z };
    let u = near.quick_exp();
    let two = number::<T>(2.0);
    let w = u * (u + two);
    let d = T::ONE / (w + two);
    let t = w * d;
    (z * t, t + near * (number::<T>(4.0) * u * d) * ((u + T::ONE) * d))
}

/// z r, r = min(max(z + 3, 0), 6)/6; z/3 + ½ where −3 < z < 3, otherwise 0 or 1.
#[inline(always)]
pub(super) fn hard_swish<T: Scalar>(z: T) -> (T, T) {
    let three = number::<T>(3.0);
    let z = at_least(z, -3.0);
    let slope = z / three + number(0.5);
    let derivative = if z >= three { T::ONE } else { slope };
    let derivative = if z <= -three { T::ZERO } else { derivative };
    (z * (limited(z + three, 0.0, 6.0) / number(6.0)), derivative)
}
