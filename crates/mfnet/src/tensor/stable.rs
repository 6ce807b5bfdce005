//! Functions of exponentials that neither overflow nor lose the digits of small results.

use super::Scalar;

/// 1/(1 + e⁻ᶻ), from e^(−|z|) so that nothing overflows and small values keep all their digits.
#[inline(always)]
pub(crate) fn sigmoid<T: Scalar>(z: T) -> T {
    let e = (-z.abs()).exp();
    if z < T::ZERO { e / (T::ONE + e) } else { T::ONE / (T::ONE + e) }
}

/// ln(1 + eᶻ) = max(0, z) + ln(1 + e^(−|z|)), so that nothing overflows and small values keep all
/// their digits.
#[inline(always)]
pub(crate) fn softplus<T: Scalar>(z: T) -> T {
    let rest = (-z.abs()).exp().ln_1p();
    if z > T::ZERO { z + rest } else { rest }
}

/// ln Σ eᶻ = c + ln Σ e^(z − c), c = max z, so that nothing overflows. A NaN among the z makes it
/// NaN.
pub(crate) fn log_sum_exp<T: Scalar>(z: impl Iterator<Item = T> + Clone) -> T {
    let c = z.clone().fold(T::from_f64(f64::NEG_INFINITY), |c, z| if z > c { z } else { c });
    c + z.map(|z| (z - c).exp()).sum::<T>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigmoid_at_the_ends() {
        assert_eq!(sigmoid(-800.0f64), 0.0);
        assert_eq!(sigmoid(800.0f64), 1.0);
        assert_eq!(sigmoid(-700.0f64), Scalar::exp(-700.0f64));
    }

    #[test]
    fn softplus_at_the_ends() {
        assert_eq!((softplus(800.0f64), softplus(-800.0f64)), (800.0, 0.0));
        assert_eq!(softplus(-700.0f64), Scalar::exp(-700.0f64));
        assert!(softplus(f64::NAN).is_nan());
    }

    #[test]
    fn log_sum_exp_of_large_and_small_numbers() {
        assert_eq!(log_sum_exp([800.0f64, 800.0].into_iter()), 800.0 + 2f64.ln());
        assert_eq!(log_sum_exp([-800.0f64, -800.0].into_iter()), 2f64.ln() - 800.0);
        assert_eq!(log_sum_exp([1e300f64, -1e300].into_iter()), 1e300);
        assert!(log_sum_exp([0.0, f64::NAN].into_iter()).is_nan());
    }
}
