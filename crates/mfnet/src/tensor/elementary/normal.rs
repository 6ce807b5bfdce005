//! Fast functions for inner loops: eˣ in the arithmetic of the type, and the normal distribution.
//!
//! ```text
//! Φ(z) = ½ erfc(−z/√2)        Φ(−|z|) = e^(−z²/2) P(t)/(|z| + K), t = (|z| − K)/(|z| + K)
//! ```
//!
//! The quotient maps the half line to (−1, 1), where P is a polynomial: it interpolates (|z| + K) ½
//! e^(z²/2) erfc(|z|/√2). The idea is from Cody, Rational Chebyshev approximations for the error
//! function, 1969, and Schonfelder, Chebyshev expansions for the error and related functions, 1978.

use super::{BY_FACTORIALS, LN_2_HIGH, LN_2_LOW, ROUNDER, power_of_two};

/// Functions of a type for activations: faster than those of [`Scalar`](crate::Scalar), and less
/// accurate.
pub trait Quick: Sized {
    /// eˣ for x ≤ 80, with an error of at most two ulp; 0 near the smallest numbers.
    fn quick_exp(self) -> Self;

    /// Φ(z), the normal distribution function, with an error of at most five ulp, and e^(−z²/2), of
    /// at most two; 0 near the smallest numbers.
    fn normal(self) -> (Self, Self);
}

/// Σ cₖ xᵏ as four chains, one for every fourth power: short chains are faster than a long one.
macro_rules! polynomial {
    ($c:expr, $x:expr) => {{
        let (c, x) = (&$c, $x);
        let (y, n) = (x * x, c.len());
        let w = y * y;
        let chain = |first: usize| {
            let mut k = first + (n - 1 - first) / 4 * 4;
            let mut sum = c[k];
            while k > first {
                k -= 4;
                sum = sum * w + c[k];
            }
            sum
        };
        (chain(0) + chain(1) * x) + (chain(2) + chain(3) * x) * y
    }};
}

macro_rules! quick {
    ($type:ident {
        rounder: $rounder:expr, power_of_two: $power_of_two:path, log2_e: $log2_e:expr, ln_2: $high:expr, $low:expr,
        least: $least:literal, exp: $exp:ident, half: $half:expr, largest: $largest:literal, last: $last:literal, k: $k:literal, p: $p:ident
    }) => {
        impl Quick for $type {
            #[inline(always)]
            fn quick_exp(self) -> Self {
                // the largest keeps 2ⁿ a number; NaN stays NaN
                let x = if self < $least { $least } else { self };
                let rounded = x * $log2_e + $rounder;
                let n = rounded - $rounder;
                let r = (x - n * $high) - n * $low;
                let power = if self < $least { 0.0 } else { $power_of_two(rounded) };
                ((1.0 + r) + r * r * polynomial!($exp, r)) * power
            }

            #[inline(always)]
            fn normal(self) -> (Self, Self) {
                let z = self.abs();
                let z = if z > $largest { $largest } else { z };
                // z² = (z + h)(z − h) + h², where h has half of the digits, so that its square is
                // exact
                let h = $type::from_bits(z.to_bits() & $half);
                let (x, rest) = (-0.5 * (h * h), -0.5 * ((z - h) * (z + h)));
                let rounded = z * z * (-0.5 * $log2_e) + $rounder;
                let n = rounded - $rounder;
                let r = (x - n * $high) + (rest - n * $low);
                let power = if z > $last { 0.0 } else { $power_of_two(rounded) };
                let d = 1.0 / (z + $k);
                let scaled = power * (d * polynomial!($p, (z - $k) * d));
                // few dependent operations: the processor does independent ones meanwhile
                let of_r = (1.0 + r) + r * r * polynomial!($exp, r);
                let (tail, e) = (of_r * scaled, of_r * power);
                (if self > 0.0 { 1.0 - tail } else { tail }, e)
            }
        }
    };
}

/// 2ⁿ from n + [`ROUNDER_F32`], −127 < n < 128.
#[inline(always)]
fn power_of_two_f32(rounded: f32) -> f32 {
    f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

/// As [`ROUNDER`], for a number below 2²².
const ROUNDER_F32: f32 = 1.5 * (1u32 << 23) as f32;
/// The upper part of ln 2: its product with an integer below 2⁸ is exact.
const LN_2_HIGH_F32: f32 = f32::from_bits(std::f32::consts::LN_2.to_bits() >> 9 << 9);
const LN_2_LOW_F32: f32 = (std::f64::consts::LN_2 - LN_2_HIGH_F32 as f64) as f32;

/// 1/(k + 2)!, up to r¹³/13!.
const EXP: [f64; 12] = {
    let mut all = [0.0; 12];
    let mut k = 0;
    while k < all.len() {
        all[k] = BY_FACTORIALS[k + 2];
        k += 1;
    }
    all
};

/// 1/(k + 2)!, up to r⁷/7!.
const EXP_F32: [f32; 6] = {
    let mut all = [0.0; 6];
    let mut k = 0;
    while k < all.len() {
        all[k] = BY_FACTORIALS[k + 2] as f32;
        k += 1;
    }
    all
};

/// P for |z| ≤ 38.6, `p("5.5", "38.6", 22)` with
///
/// ```python
/// from mpmath import mp, mpf, cos, erfc, exp, lu_solve, matrix, pi, sqrt
/// mp.prec = 300
/// def p(k, z_max, n):
///     """The polynomial of n numbers that is (z + k) ½ e^(z²/2) erfc(z/√2) in Chebyshev's nodes."""
///     k, z_max = mpf(k), mpf(z_max)
///     first, last = mpf(-1), (z_max - k)/(z_max + k)
///     ts = [(first + last)/2 + (last - first)/2*cos(pi*(2*i + 1)/(2*n)) for i in range(n)]
///     zs = [k*(1 + t)/(1 - t) for t in ts]
///     values = [(z + k)*exp(z*z/2)*erfc(z/sqrt(2))/2 for z in zs]
///     return [float(c) for c in lu_solve(matrix([[t**j for j in range(n)] for t in ts]), matrix(values))]
/// ```
#[rustfmt::skip]
const P: [f64; 22] = [
    0.7737696342764068, -0.685183420574338, 0.5355964890624942, -0.3670490652936251, 0.21787243285797572,
    -0.109703089958568, 0.04509758081465096, -0.013923510567653364, 0.002442982676065609, 0.0002696040151064802,
    -0.0003245226550292191, 7.141479042928597e-05, 1.6319971836436738e-05, -1.2118744347432817e-05,
    4.4642378903790163e-07, 1.4836365777520298e-06, -2.6795012766292435e-07, -1.7742825933418013e-07,
    5.044556038239089e-08, 2.291688129605832e-08, -5.73685181416962e-09, -2.6054330441063356e-09,
];

/// P for |z| ≤ 14.5, `p("4", "14.5", 10)`.
#[rustfmt::skip]
const P_F32: [f32; 10] = [
    0.75528514, -0.6078966, 0.38713667, -0.186523, 0.06040647, -0.007527213, -0.003523574, 0.0015693137,
    0.00019480185, -0.00012298315,
];

/// ½ e^(z²/2) erfc(z/√2) for 0 ≤ z ≤ 38.6.
#[inline(always)]
pub(crate) fn scaled_tail(z: f64) -> f64 {
    let d = 1.0 / (z + 5.5);
    d * polynomial!(P, (z - 5.5) * d)
}

quick! { f64 {
    rounder: ROUNDER, power_of_two: power_of_two, log2_e: std::f64::consts::LOG2_E, ln_2: LN_2_HIGH, LN_2_LOW,
    least: -708.0, exp: EXP, half: !0 << 27, largest: 38.6, last: 37.6, k: 5.5, p: P
} }
quick! { f32 {
    rounder: ROUNDER_F32, power_of_two: power_of_two_f32, log2_e: std::f32::consts::LOG2_E, ln_2: LN_2_HIGH_F32, LN_2_LOW_F32,
    least: -87.0, exp: EXP_F32, half: !0 << 12, largest: 14.5, last: 13.2, k: 4.0, p: P_F32
} }

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_units, units};
    use super::*;

    /// `known(lambda z: erfc(-z/sqrt(2))/2, …)`, see `elementary.rs`.
    #[rustfmt::skip]
    const KNOWN: [(f64, f64, f64); 10] = [
        (1e-9, 0.5000000003989423, -4.322e-17),
        (-0.05, 0.4800611941616275, 2.373e-17),
        (-0.5, 0.3085375387259869, 1.457e-17),
        (-1.0, 0.15865525393145705, 4.947e-18),
        (1.0, 0.8413447460685429, 2.281e-17),
        (2.5, 0.9937903346742238, 2.398e-17),
        (-5.3, 5.790134039964594e-8, 1.483e-24),
        (-12.9, 2.2504858934150635e-38, -9.982e-55),
        (-20.0, 2.7536241186062337e-89, -4.206e-106),
        (-37.5, 4.605353009581955e-308, -3.476e-324),
    ];

    #[test]
    fn normal_at_most_five_units_away() {
        assert_units(|z| z.normal().0, &KNOWN, 5.0);
        const UNIT_F32: f64 = (1u32 << 29) as f64;
        let mut z = -12.9f32;
        while z < 6.0 {
            let ((of_f32, e_f32), (of_f64, e)) = (z.normal(), f64::from(z).normal());
            assert!(units(f64::from(of_f32), of_f64) <= 5.0 * UNIT_F32, "{z}");
            assert!(units(f64::from(e_f32), e) <= 2.0 * UNIT_F32, "{z}");
            let x = f64::from(z);
            assert!(units(e, super::super::exp_f64(-0.5 * x * x)) <= 2.0, "{z}, whose square has no more digits");
            z += 1.37e-4;
        }
    }

    #[test]
    fn quick_exp_at_most_two_units_away() {
        for i in -86_999i32..80_000 {
            let x = i as f32 * 1e-3;
            let e = f64::from(x).exp();
            assert!(units(f64::from(x).quick_exp(), e) <= 2.0, "{x}");
            assert!(units(f64::from(x.quick_exp()), e) <= 2.0 * f64::from(1u32 << 29), "{x}");
        }
    }

    #[test]
    fn ends() {
        assert_eq!((0f64.normal(), (-0f32).normal()), ((0.5, 1.0), (0.5, 1.0)));
        for z in [40.0, 1e30, f64::INFINITY] {
            assert_eq!((z.normal(), (-z).normal()), ((1.0, 0.0), (0.0, 0.0)));
            assert_eq!(((z as f32).normal(), (-z as f32).normal()), ((1.0, 0.0), (0.0, 0.0)));
        }
        assert!(f64::NAN.normal().0.is_nan() && f32::NAN.normal().1.is_nan());
        assert_eq!(
            (f64::NEG_INFINITY.quick_exp(), (-1e30f32).quick_exp(), (-708f64).quick_exp() > 0.0),
            (0.0, 0.0, true)
        );
        assert!(f64::NAN.quick_exp().is_nan() && f32::NAN.quick_exp().is_nan());
    }
}
