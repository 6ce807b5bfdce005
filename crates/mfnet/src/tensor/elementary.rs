//! eˣ, eˣ − 1 and tanh x without branches and tables, so that loops over them vectorise (see
//! `kernel::with_vectors`). ln(1 + x) and erf x have files of their own.
//!
//! ```text
//! x = n ln 2 + r, |r| ≤ ½ ln 2        eˣ = 2ⁿ eʳ, eʳ by its Taylor series        tanh |x| = t/(t + 2), t = e^2|x| − 1
//! eˣ − 1 = 2ⁿ (eʳ − 1 + (1 − 2⁻ⁿ))
//! ```
//!
//! No operations are fused, so every processor gives the same bits.

mod erf;
mod log;
pub(super) mod normal;

pub(super) use erf::{erf_f32, erf_f64};
pub(super) use log::{ln_1p_f32, ln_1p_f64};

use std::f64::consts::{LN_2, LOG2_E};

/// Adding it to a number below 2⁵¹ rounds that number; the lowest bits of the sum are the integer.
const ROUNDER: f64 = 1.5 * (1u64 << 52) as f64;

/// 2ⁿ from n + [`ROUNDER`], −1023 < n < 1024.
#[inline(always)]
fn power_of_two(rounded: f64) -> f64 {
    f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

/// x clamped to these limits; NaN stays NaN.
#[inline(always)]
fn limited(x: f64, low: f64, high: f64) -> f64 {
    let x = if x > high { high } else { x };
    if x < low { low } else { x }
}

/// 1/k! for k = 0, 1, …
const BY_FACTORIALS: [f64; 14] = {
    let mut all = [1.0; 14];
    let mut k = 1;
    while k < all.len() {
        all[k] = all[k - 1] / k as f64;
        k += 1;
    }
    all
};

/// Σ rᵏ/k! for 2 ≤ k ≤ `degree`: eʳ without 1 + r.
#[inline(always)]
fn tail(r: f64, degree: usize) -> f64 {
    let mut sum = BY_FACTORIALS[degree];
    for k in (2..degree).rev() {
        sum = sum * r + BY_FACTORIALS[k];
    }
    sum * r * r
}

/// Computed in `f64`, where the ninth power of r is below a hundredth of an `f32` ulp. Rounding to
/// `f32` handles the smallest numbers and infinity.
#[inline(always)]
pub(super) fn exp_f32(x: f32) -> f32 {
    let x = limited(f64::from(x), -200.0, 200.0);
    let rounded = x * LOG2_E + ROUNDER;
    let r = x - (rounded - ROUNDER) * LN_2;
    ((1.0 + (r + tail(r, 8))) * power_of_two(rounded)) as f32
}

/// The upper part of ln 2: its product with an integer below 2²⁰ is exact.
const LN_2_HIGH: f64 = f64::from_bits(LN_2.to_bits() >> 21 << 21);
/// ln 2 − [`LN_2_HIGH`].
const LN_2_LOW: f64 = (LN_2 - LN_2_HIGH) + LN_2_REST;
/// ln 2 − [`LN_2`].
const LN_2_REST: f64 = 2.319_046_813_846_299_6e-17;

#[inline(always)]
pub(super) fn exp_f64(x: f64) -> f64 {
    let x = limited(x, -746.0, 710.0);
    let n = x * LOG2_E + ROUNDER - ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // 2ⁿ as two factors, for n beyond the range of exponents
    let half = 0.5 * n + ROUNDER;
    let rest = n - (half - ROUNDER) + ROUNDER;
    (1.0 + (r + tail(r, 13))) * power_of_two(half) * power_of_two(rest)
}

/// Computed in `f64`, and rounded once.
#[inline(always)]
pub(super) fn exp_m1_f32(x: f32) -> f32 {
    let x = limited(f64::from(x), -40.0, 200.0);
    let rounded = x * LOG2_E + ROUNDER;
    let r = x - (rounded - ROUNDER) * LN_2;
    let power = power_of_two(rounded);
    (power * (r + tail(r, 8)) + (power - 1.0)).copysign(x) as f32
}

#[inline(always)]
pub(super) fn exp_m1_f64(x: f64) -> f64 {
    let limited_x = limited(x, -40.0, 710.0);
    let n = limited_x * LOG2_E + ROUNDER - ROUNDER;
    let r = (limited_x - n * LN_2_HIGH) - n * LN_2_LOW;
    // 1 − 2⁻ⁿ is 1 from n = 54 on
    let inverse = power_of_two(ROUNDER - limited(n, -60.0, 60.0));
    let half = 0.5 * n + ROUNDER;
    let rest = n - (half - ROUNDER) + ROUNDER;
    let (rest_of_one, tail) = (1.0 - inverse, tail(r, 13));
    // the larger two last where they have one sign, first where they cancel
    let sum = if n > 0.0 { (r + rest_of_one) + tail } else { (r + tail) + rest_of_one };
    (sum * power_of_two(half) * power_of_two(rest)).copysign(x)
}

/// tanh x from 2|x| = n ln 2 + r and n + [`ROUNDER`].
#[inline(always)]
fn tanh_by(r: f64, rounded: f64, degree: usize, x: f64) -> f64 {
    let power = power_of_two(rounded);
    let t = power * (r + tail(r, degree)) + (power - 1.0);
    (t / (t + 2.0)).copysign(x)
}

/// Computed in `f64`, and rounded once.
#[inline(always)]
pub(super) fn tanh_f32(x: f32) -> f32 {
    let x = f64::from(x);
    let twice = limited(2.0 * x.abs(), 0.0, 40.0);
    let rounded = twice * LOG2_E + ROUNDER;
    tanh_by(twice - (rounded - ROUNDER) * LN_2, rounded, 8, x) as f32
}

#[inline(always)]
pub(super) fn tanh_f64(x: f64) -> f64 {
    let twice = limited(2.0 * x.abs(), 0.0, 40.0);
    let rounded = twice * LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    tanh_by((twice - n * LN_2_HIGH) - n * LN_2_LOW, rounded, 13, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next number of the type minus this one.
    fn unit(x: f64) -> f64 {
        x.next_up() - x
    }

    /// The number of units in the last place between two numbers.
    pub(super) fn units(found: f64, expected: f64) -> f64 {
        (found - expected).abs() / unit(expected.abs())
    }

    /// That `f` is at most so many units away from what is known: x, f(x) as the nearest `f64`, and
    /// what that lacks.
    pub(super) fn assert_units(f: impl Fn(f64) -> f64, known: &[(f64, f64, f64)], most: f64) {
        for (x, expected, rest) in known {
            let error = ((f(*x) - expected) - rest).abs() / unit(expected.abs());
            assert!(error <= most, "at {x}: {error} units");
        }
    }

    /// eˣ to 40 digits by Python's `decimal`, written as the nearest `f64` and what it lacks.
    #[rustfmt::skip]
    const KNOWN: [(f64, f64, f64); 11] = [
        (1.0, std::f64::consts::E, 1.446e-16),
        (-1.0, 0.36787944117144233, -1.243e-17),
        (0.5, 1.6487212707001282, -4.732e-17),
        (-0.3465, 0.7071588192872713, 2.740e-17),
        (0.34, 1.4049475905635938, 8.001e-17),
        (10.25, 28282.541920334977, 1.614e-12),
        (-36.04365338911715, 2.2204460492503185e-16, 2.125e-32),
        (100.7, 5.413203172330057e+43, 2.001e+27),
        (-700.3, 7.304228033645715e-305, 2.060e-321),
        (709.7, 1.6549840276802644e+308, -4.124e+291),
        (1e-9, 1.000000001, -8.224e-17),
    ];

    #[test]
    fn at_most_a_unit_away() {
        for (x, e, rest) in KNOWN {
            let error = (exp_f64(x) - e) - rest;
            assert!(error.abs() <= unit(e), "e^{x}");
        }
        let mut worst = 0.0f64;
        for i in -149_000..141_800 {
            let x = f64::from(i) * 5.000_123e-3;
            let e = x.exp();
            worst = worst.max(((exp_f64(x) - e) / unit(e)).abs());
        }
        assert!(worst <= 1.0, "{worst}");
    }

    #[test]
    fn f32_is_rounded_once() {
        let mut x = -104.0f32;
        while x < 89.0 {
            let (e, exact) = (exp_f32(x), f64::from(x).exp());
            let unit = f64::from(e.next_up()) - f64::from(e);
            assert!((f64::from(e) - exact).abs() <= 0.51 * unit || exact > f64::from(f32::MAX), "e^{x} = {e}");
            x += 1.137e-3;
        }
    }

    #[test]
    fn ends() {
        for x in [f64::NEG_INFINITY, -1e300, -746.0, -745.2] {
            assert_eq!(exp_f64(x), 0.0, "{x}");
        }
        for x in [709.79, 710.0, 1e300, f64::INFINITY] {
            assert_eq!(exp_f64(x), f64::INFINITY, "{x}");
        }
        assert_eq!(exp_f64(-745.1), f64::from_bits(1));
        assert_eq!((exp_f64(0.0), exp_f64(-0.0), exp_f32(0.0)), (1.0, 1.0, 1.0));
        assert!(exp_f64(f64::NAN).is_nan() && exp_f32(f32::NAN).is_nan());
        assert_eq!((exp_f32(f32::INFINITY), exp_f32(f32::NEG_INFINITY)), (f32::INFINITY, 0.0));
        assert_eq!((exp_f32(88.73), exp_f32(-104.0)), (f32::INFINITY, 0.0));
        assert_eq!(exp_f32(-103.9).to_bits(), 1);
    }

    /// tanh x to 40 digits by Python's `decimal`, written as the nearest `f64` and what it lacks.
    #[rustfmt::skip]
    const KNOWN_TANH: [(f64, f64, f64); 8] = [
        (1.0, 0.7615941559557649, 3.709e-17),
        (0.5, 0.46211715726000974, 2.192e-17),
        (0.25, 0.24491866240370913, -1.604e-18),
        (0.001, 0.0009999996666668, 1.780e-20),
        (0.17, 0.16838104587081473, -1.275e-17),
        (2.5, 0.9866142981514303, -2.453e-17),
        (7.3, 0.999999087295143, -3.987e-17),
        (18.0, 0.9999999999999996, -1.982e-17),
    ];

    #[test]
    fn tanh_at_most_three_units_away() {
        for (x, tanh, rest) in KNOWN_TANH {
            let error = (tanh_f64(x) - tanh) - rest;
            assert!(error.abs() <= 3.0 * unit(tanh), "tanh {x}");
            assert_eq!(tanh_f64(-x), -tanh_f64(x));
        }
        let mut worst = 0.0f64;
        for i in 0..300_000 {
            let x = (f64::from(i) * 1e-4 - 25.0).exp();
            let tanh = x.tanh();
            worst = worst.max(((tanh_f64(x) - tanh) / unit(tanh)).abs());
            let (x, t) = (x as f32, tanh_f32(x as f32));
            let error = (f64::from(t) - f64::from(x).tanh()) / (f64::from(t.next_up()) - f64::from(t));
            assert!(error.abs() <= 1.01 && (error.abs() <= 0.51 || t == 1.0), "tanh {x} = {t}");
        }
        assert!(worst <= 3.0, "{worst}");
        for x in [20.0, 1e300, f64::INFINITY] {
            assert_eq!((tanh_f64(x), tanh_f64(-x), tanh_f32(x as f32)), (1.0, -1.0, 1.0), "{x}");
        }
        assert!(tanh_f64(f64::NAN).is_nan() && tanh_f32(f32::NAN).is_nan());
        assert_eq!(tanh_f64(-0.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!((tanh_f64(5e-324), tanh_f32(1e-45)), (5e-324, 1e-45));
    }
    /// `known(expm1, …)` with
    ///
    /// ```python
    /// from mpmath import mp, mpf, expm1, log, erf, erfc, sqrt
    /// mp.prec = 300
    /// def known(f, xs):
    ///     for x in xs:
    ///         y = f(mpf(x))
    ///         print((x, float(y), mp.nstr(y - mpf(float(y)), 4)))
    /// ```
    #[rustfmt::skip]
    const KNOWN_EXP_M1: [(f64, f64, f64); 14] = [
        (1.0, 1.7182818284590453, -7.748e-17),
        (-1.0, -0.6321205588285577, -1.243e-17),
        (0.5, 0.6487212707001282, -4.732e-17),
        (-0.5, -0.3934693402873666, -6.593e-19),
        (0.385, 0.4696143214411443, 2.589e-17),
        (0.3465, 0.41410949383036244, -2.555e-17),
        (-0.3465, -0.2928411807127287, 2.74e-17),
        (1e-9, 1.0000000005000001e-9, -7.444e-26),
        (-1e-300, -1e-300, 0.0),
        (1e-20, 1e-20, 5.0e-41),
        (10.25, 28281.541920334977, 1.614e-12),
        (-36.5, -0.9999999999999999, 2.966e-17),
        (100.7, 5.413203172330057e+43, 2.001e+27),
        (709.7, 1.6549840276802644e+308, -4.124e+291),
    ];

    #[test]
    fn exp_m1_at_most_two_units_away() {
        assert_units(exp_m1_f64, &KNOWN_EXP_M1, 2.0);
        for i in 0..200_000 {
            let x = (f64::from(i) * 2e-4 - 36.0).exp();
            for x in [x, -x] {
                // the standard library's may itself be a unit away
                assert!(units(exp_m1_f64(x), x.exp_m1()) <= 2.5, "{x}");
                let (x, e) = (f64::from(x as f32), f64::from(exp_m1_f32(x as f32)));
                let error = units(e, x.exp_m1()) / f64::from(1u32 << 29);
                assert!(error <= 0.52, "{x}: {error}");
            }
        }
    }

    #[test]
    fn ends_of_exp_m1() {
        for x in [709.79, 710.0, 1e300, f64::INFINITY] {
            assert_eq!((exp_m1_f64(x), exp_m1_f64(-x)), (f64::INFINITY, -1.0));
            assert_eq!((exp_m1_f32(x as f32), exp_m1_f32(-x as f32)), (f32::INFINITY, -1.0));
        }
        for x in [0.0, -0.0, 5e-324, -5e-324, 1e-310] {
            assert_eq!(exp_m1_f64(x).to_bits(), x.to_bits());
        }
        assert_eq!(exp_m1_f32(-1e-45).to_bits(), (-1e-45f32).to_bits());
        assert!(exp_m1_f64(f64::NAN).is_nan() && exp_m1_f32(f32::NAN).is_nan());
    }
}
