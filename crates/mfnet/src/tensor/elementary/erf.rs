//! erf x without a branch or a table.
//!
//! ```text
//! |x| < 1    erf x = 2/√π (x − x³/3 + x⁵/(2! 5) − x⁷/(3! 7) + …)
//! others     erf |x| = 1 − e^(−x²) P(t) 2/(|x|√2 + K)        P, t and K as in normal.rs
//! ```

use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

use super::normal::scaled_tail;
use super::{exp_f64, limited};

/// 2/√π (−1)ᵏ/(k! (2k + 1)) for k = 1, 2, …
const SERIES: [f64; 18] = {
    let mut all = [0.0; 18];
    let mut term = FRAC_2_SQRT_PI;
    let mut k = 0;
    while k < all.len() {
        term = -term / (k + 1) as f64;
        all[k] = term / (2 * k + 3) as f64;
        k += 1;
    }
    all
};

/// 2/√π − 1.
const REST_OF_FIRST: f64 = 0.128_379_167_095_512_57;

#[inline(always)]
pub(crate) fn erf_f64(x: f64) -> f64 {
    let square = x * x;
    let mut sum = 0.0;
    for k in (0..SERIES.len()).rev() {
        sum = (sum + SERIES[k]) * square;
    }
    let near = x + x * (REST_OF_FIRST + sum);
    let far = limited(x.abs(), 0.0, 6.0);
    let far = 1.0 - 2.0 * exp_f64(-(far * far)) * scaled_tail(far * SQRT_2);
    if x.abs() < 1.0 { near } else { far.copysign(x) }
}

/// Computed in `f64`, and rounded once.
#[inline(always)]
pub(crate) fn erf_f32(x: f32) -> f32 {
    erf_f64(f64::from(x)) as f32
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_units;
    use super::*;

    /// `known(erf, …)`, see `elementary.rs`.
    #[rustfmt::skip]
    const KNOWN: [(f64, f64, f64); 10] = [
        (1e-300, 1.1283791670955126e-300, -1.496e-317),
        (1e-9, 1.1283791670955127e-9, -1.625e-26),
        (0.25, 0.27632639016823696, -2.423e-17),
        (-0.5, -0.5204998778130465, -1.9e-17),
        (0.75, 0.7111556336535151, 4.697e-17),
        (0.999, 0.8422852702064969, 3.615e-17),
        (1.0, 0.8427007929497149, -2.48e-17),
        (1.5, 0.9661051464753108, -3.387e-17),
        (-2.5, -0.999593047982555, -4.693e-17),
        (5.5, 0.9999999999999927, -3.038e-17),
    ];

    #[test]
    fn at_most_two_units_away() {
        assert_units(erf_f64, &KNOWN, 2.0);
        for (x, erf, _) in KNOWN {
            assert!((erf_f32(x as f32) - erf as f32).abs() <= f32::EPSILON * erf.abs() as f32, "{x}");
        }
        // where the two formulas meet
        assert!((erf_f64(1.0) - erf_f64(1f64.next_down())).abs() < 4e-16);
    }

    #[test]
    fn ends() {
        for x in [5.95, 1e300, f64::INFINITY] {
            assert_eq!((erf_f64(x), erf_f64(-x), erf_f32(x as f32)), (1.0, -1.0, 1.0));
        }
        assert_eq!((erf_f64(0.0).to_bits(), erf_f64(-0.0).to_bits()), (0, 1 << 63));
        assert_eq!((erf_f64(5e-324), erf_f32(-1e-45)), (5e-324, -1e-45));
        assert!(erf_f64(f64::NAN).is_nan() && erf_f32(f32::NAN).is_nan());
    }
}
