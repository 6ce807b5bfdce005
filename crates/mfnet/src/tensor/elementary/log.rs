//! ln(1 + x) without a branch or a table.
//!
//! ```text
//! 1 + x = u + c, u rounded        u = 2ᵏ m, √½ ≤ m < √2        s = (m − 1)/(m + 1)
//! ln(1 + x) = k ln 2 + 2 (s + s³/3 + s⁵/5 + …) + c/u
//! ```

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

use super::{LN_2_HIGH, LN_2_LOW};

/// 2⁵²; the bits below its exponent are an integer that is added to it.
const WHOLE: f64 = (1u64 << 52) as f64;

/// k and m of a normal number u > 0.
#[inline(always)]
fn parts(u: f64) -> (f64, f64) {
    // adds 1023 to k, so that it is not negative
    let biased = (u.to_bits().wrapping_sub(FRAC_1_SQRT_2.to_bits()).wrapping_add(1023 << 52)) >> 52;
    let m = f64::from_bits(u.to_bits().wrapping_sub(biased.wrapping_sub(1023) << 52));
    (f64::from_bits(biased | WHOLE.to_bits()) - (WHOLE + 1023.0), m)
}

/// s²/3 + s⁴/5 + …, with this many terms, from s².
#[inline(always)]
fn series(square: f64, terms: usize) -> f64 {
    let mut sum = 0.0;
    // `1..=terms` is a loop that the compiler does not unroll, so that nothing becomes vectors
    for i in (1..terms + 1).rev() {
        sum = (sum + 1.0 / (2 * i + 1) as f64) * square;
    }
    sum
}

/// Handles the values for which the formula does not hold: the ends, and numbers below −1.
#[inline(always)]
fn with_ends(x: f64, ln: f64) -> f64 {
    let ln = if x == f64::INFINITY { x } else { ln };
    let ln = if x == -1.0 { f64::NEG_INFINITY } else { ln };
    if x < -1.0 { f64::NAN } else { ln.copysign(x) }
}

/// Computed in `f64`, and rounded once.
#[inline(always)]
pub(crate) fn ln_1p_f32(x: f32) -> f32 {
    let x = f64::from(x);
    let u = 1.0 + x;
    // for a number above 1, c is negligible
    let c = if x >= 1.0 { 0.0 } else { x - (u - 1.0) };
    let (k, m) = parts(u);
    let s = (m - 1.0) / (m + 1.0);
    with_ends(x, k * LN_2 + (2.0 * (s + s * series(s * s, 6)) + c)) as f32
}

#[inline(always)]
pub(crate) fn ln_1p_f64(x: f64) -> f64 {
    let u = 1.0 + x;
    let c = if x < 1.0 { x - (u - 1.0) } else { 1.0 - (u - x) };
    let (k, m) = parts(u);
    // 2 s = f − s f, exactly, so that the larger term is not rounded
    let f = m - 1.0;
    let s = f / (m + 1.0);
    let small = s * (2.0 * series(s * s, 11)) - s * f + (k * LN_2_LOW + c / u);
    with_ends(x, k * LN_2_HIGH + (f + small))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_units, units};
    use super::*;

    /// `known(lambda x: log(1 + x), …)`, see `elementary.rs`.
    #[rustfmt::skip]
    const KNOWN: [(f64, f64, f64); 13] = [
        (1.0, std::f64::consts::LN_2, 2.319e-17),
        (-0.5, -std::f64::consts::LN_2, -2.319e-17),
        (0.5, 0.4054651081081644, -2.881e-18),
        (-0.29, -0.3424903089467759, -1.758e-17),
        (0.4142, 0.3465640001880034, 1.383e-17),
        (0.41422, 0.34657814235925116, -1.243e-17),
        (1e-9, 9.999999995e-10, 7.494e-26),
        (-1e-9, -1.0000000005000001e-9, 7.427e-26),
        (1e-300, 1e-300, 0.0),
        (-0.999, -6.907755278982136, -2.37e-16),
        (1e10, 23.025850930040455, 1.374e-15),
        (1.5e300, 691.1809930063218, 2.796e-14),
        (9007199254740992.0, 36.7368005696771, 7.85e-16),
    ];

    #[test]
    fn at_most_a_unit_away() {
        assert_units(ln_1p_f64, &KNOWN, 1.0);
        for i in 0..200_000 {
            let x = (f64::from(i) * 1e-3 - 40.0).exp();
            for x in [x, -x, -1.0 + x] {
                // the standard library's may itself be a unit away
                assert!(x <= -1.0 || units(ln_1p_f64(x), x.ln_1p()) <= 1.5, "{x}");
                let (x, ln) = (f64::from(x as f32), f64::from(ln_1p_f32(x as f32)));
                assert!(x <= -1.0 || x.is_infinite() || units(ln, x.ln_1p()) <= 0.51 * f64::from(1u32 << 29), "{x}");
            }
        }
    }

    #[test]
    fn ends() {
        assert_eq!((ln_1p_f64(-1.0), ln_1p_f32(-1.0)), (f64::NEG_INFINITY, f32::NEG_INFINITY));
        assert_eq!((ln_1p_f64(f64::INFINITY), ln_1p_f32(f32::INFINITY)), (f64::INFINITY, f32::INFINITY));
        assert_eq!((ln_1p_f64(f64::MAX), ln_1p_f32(f32::MAX)), (f64::MAX.ln(), f32::MAX.ln()));
        for x in [0.0, -0.0, 5e-324, -5e-324, 1e-310] {
            assert_eq!(ln_1p_f64(x).to_bits(), x.to_bits());
        }
        assert_eq!(ln_1p_f32(-1e-45).to_bits(), (-1e-45f32).to_bits());
        for x in [f64::NAN, f64::NEG_INFINITY, -1.0000000000000002] {
            assert!(ln_1p_f64(x).is_nan() && (x == -1.0000000000000002 || ln_1p_f32(x as f32).is_nan()), "{x}");
        }
    }
}
