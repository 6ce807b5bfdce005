use std::collections::BTreeMap;

use serde::Serialize;

use super::classification::weights_of;
use super::regression::{mean_in_unit, unit};
use crate::data::Samples;

/// Compares two predictors on the same samples: how much better is the first, and could the
/// difference be chance?
///
/// With the errors eⱼ of the first and e′ⱼ of the second on sample j of m:
///
/// ```text
/// gⱼ = e′ⱼ − eⱼ        ḡ = 1/m Σ gⱼ        s = √( Σ (gⱼ − ḡ)² / (m (m − 1)) )
/// ```
///
/// The difficulty of a sample cancels in gⱼ. So the paired comparison tells more than two scores
/// with separate errors (Dietterich 1998, "Approximate statistical tests for comparing supervised
/// classification learning algorithms"). It is about these two predictors on other samples of the
/// same kind. It does not cover training with other seeds.
///
/// Samples of one group, such as the visits of a patient, are similar and carry less information.
/// With groups, the standard error is that of n groups, whose gains are sums over their samples
/// (Liang and Zeger 1986):
///
/// ```text
/// s = √( n/(n − 1) Σₖ (Σ_{j in k} (gⱼ − ḡ))² ) / m
/// ```
///
/// The probability is that of Student's t = ḡ/s with n − 1 degrees of freedom, as in statsmodels'
/// `OLS(g, 1).fit(cov_type="cluster", use_t=True)`.
///
/// With weights w, where m counts the samples of weight above 0, and n the groups with such
/// samples:
///
/// ```text
/// ḡ = Σ w g / Σ w
/// s = √( m/(m − 1) Σ wⱼ² (gⱼ − ḡ)² ) / Σ w                      (MacKinnon and White 1985, HC1)
/// s = √( n/(n − 1) Σₖ (Σ_{j in k} wⱼ (gⱼ − ḡ))² ) / Σ w         with groups
/// ```
///
/// Then t = ḡ/s has m − 1 or n − 1 degrees of freedom. This holds for classes too, because
/// McNemar's test counts samples of equal weight. statsmodels has it as `WLS(g, 1, weights=w)` with
/// `cov_type="HC1"` and `"cluster"`. Scaling all weights by one factor changes nothing.
///
/// ```
/// use mfnet::metric::Comparison;
/// let classes = [0, 0, 1, 1];
/// let (first, second) = ([0, 0, 1, 1], [0, 0, 1, 0]);
/// let comparison = Comparison::of_classes(&classes, &first, &second, None);
/// assert_eq!((comparison.difference, comparison.p_value), (0.25, 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// ḡ, the score of the first minus the score of the second: accuracy or R².
    pub difference: f64,
    /// s, the standard error of ḡ; NaN for fewer than two samples.
    pub standard_error: f64,
    /// The two-sided p-value: the probability of a difference at least this large between equally
    /// good predictors.
    pub p_value: f64,
}

impl Comparison {
    /// Compares predicted classes: an error counts 1, no error 0. The p-value is that of McNemar's
    /// exact test. n samples are predicted correctly by only one of the two, and k of them by the
    /// one with fewer such samples:
    ///
    /// ```text
    /// p = min(1, 2 Σ_{i≤k} C(n, i) / 2ⁿ)
    /// ```
    ///
    /// (McNemar 1947, in the exact form.) As `statsmodels.stats.contingency_tables.mcnemar`, and
    /// SciPy's `binomtest(k, n)`.
    ///
    /// ```
    /// use mfnet::metric::Comparison;
    /// let classes = [0, 0, 1, 1, 1, 1, 0, 1];
    /// // the first is right on all, the second wrong on three
    /// let comparison = Comparison::of_classes(&classes, &classes, &[1, 1, 0, 1, 1, 1, 0, 1], None);
    /// assert_eq!((comparison.difference, comparison.p_value), (0.375, 0.25));
    /// ```
    ///
    /// `groups` has the group number of each sample, if samples have groups.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn of_classes(classes: &[usize], first: &[usize], second: &[usize], groups: Option<&[usize]>) -> Self {
        Self::of_weighted_classes(classes, [first, second], None, groups)
    }

    /// As [`Comparison::of_classes`] for the predictors `[first, second]`, with sample weights;
    /// `None` means equal weights. ḡ is the difference of the weighted accuracies.
    ///
    /// # Panics
    /// As [`Comparison::of_classes`].
    pub fn of_weighted_classes(
        classes: &[usize],
        [first, second]: [&[usize]; 2],
        weights: Option<&[f64]>,
        groups: Option<&[usize]>,
    ) -> Self {
        let gains = gains_of_classes(classes, first, second);
        let only = |which: f64| gains.iter().filter(|gain| **gain == which).count();
        let (only_first, only_second) = (only(1.0), only(-1.0));
        let coins = |_, _| both_tails_of_coins(only_first.min(only_second), only_first + only_second);
        match weights {
            Some(_) => Self::of(&gains, weights, groups, both_tails_of_student),
            None => Self::of(&gains, None, groups, coins),
        }
    }

    /// Compares predicted values, all of shape (outputs, samples). The error of a sample is the
    /// mean over the n outputs of
    ///
    /// ```text
    /// (ŷᵢⱼ − yᵢⱼ)² / (1/m Σⱼ (yᵢⱼ − ȳᵢ)²)
    /// ```
    ///
    /// so that ḡ is the difference of the two R². (If y of an output is constant, the divisor is
    /// 1.) The p-value is that of Student's t = ḡ/s with m − 1 degrees of freedom, as SciPy's
    /// `ttest_rel(e′, e)`; it is rough for few samples with very unequal errors. All results are
    /// NaN or infinite if the square of an error over the standard deviation of y overflows.
    ///
    /// ```
    /// use mfnet::Tensor;
    /// use mfnet::metric::Comparison;
    /// let y = Tensor::from_rows([[1.0, 2.0, 3.0, 4.0]]);
    /// let near = Tensor::from_rows([[1.5, 2.0, 3.0, 4.0]]);
    /// let mean = Tensor::from_rows([[2.5, 2.5, 2.5, 2.5]]);
    /// let comparison = Comparison::of_values(&y, &near, &mean, None);
    /// assert!((comparison.difference - 0.95).abs() < 1e-15);
    /// // four samples do not tell much
    /// assert!(comparison.p_value > 0.05);
    /// ```
    ///
    /// `groups` has the group number of each sample, if samples have groups.
    ///
    /// # Panics
    /// If the shapes differ, or the numbers of groups and samples.
    pub fn of_values(
        y: impl Into<Samples>,
        first: impl Into<Samples>,
        second: impl Into<Samples>,
        groups: Option<&[usize]>,
    ) -> Self {
        Self::of_weighted_values(y, [first.into(), second.into()], None, groups)
    }

    /// As [`Comparison::of_values`] for the predictors `[first, second]`, with sample weights;
    /// `None` means equal weights. The variance of y is weighted too, so that ḡ is the difference
    /// of the two weighted R².
    ///
    /// # Panics
    /// As [`Comparison::of_values`].
    pub fn of_weighted_values(
        y: impl Into<Samples>,
        [first, second]: [Samples; 2],
        weights: Option<&[f64]>,
        groups: Option<&[usize]>,
    ) -> Self {
        let gains = gains_of_values(&y.into(), &first, &second, weights);
        Self::of(&gains, weights, groups, both_tails_of_student)
    }

    /// Compares the losses of each sample, of the predictors `[first, second]`. ḡ is the loss of the
    /// second minus the loss of the first. The p-value is that of Student's t, as for values.
    ///
    /// # Panics
    /// If the lengths differ.
    pub(crate) fn of_losses([first, second]: [&[f64]; 2], weights: Option<&[f64]>, groups: Option<&[usize]>) -> Self {
        assert_eq!(first.len(), second.len(), "losses");
        let gains: Vec<f64> = first.iter().zip(second).map(|(first, second)| second - first).collect();
        Self::of(&gains, weights, groups, both_tails_of_student)
    }

    /// Compares gains; `p_value` takes ḡ/s and m, for samples without groups.
    fn of(
        gains: &[f64],
        weights: Option<&[f64]>,
        groups: Option<&[usize]>,
        p_value: impl Fn(f64, usize) -> f64,
    ) -> Self {
        let weight = weights_of(weights, gains.len());
        let counted: Vec<usize> = (0..gains.len()).filter(|j| weight(*j) > 0.0).collect();
        let (m, sum) = (counted.len() as f64, counted.iter().map(|j| weight(*j)).sum::<f64>());
        let difference = counted.iter().map(|j| weight(*j) * gains[*j]).sum::<f64>() / sum;
        let distance = |j: usize| weight(j) * (gains[j] - difference);
        let sum_of_squares = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x.powi(2)).sum::<f64>();
        let mut of_groups: BTreeMap<usize, f64> = BTreeMap::new();
        let standard_error = match (groups, weights) {
            (None, None) => (sum_of_squares(&mut counted.iter().map(|j| distance(*j))) / (m * (m - 1.0))).sqrt(),
            (None, Some(_)) => (m / (m - 1.0) * sum_of_squares(&mut counted.iter().map(|j| distance(*j)))).sqrt() / sum,
            (Some(groups), _) => {
                assert_eq!(gains.len(), groups.len(), "samples and groups");
                for j in &counted {
                    *of_groups.entry(groups[*j]).or_default() += distance(*j);
                }
                let n = of_groups.len() as f64;
                (n / (n - 1.0) * sum_of_squares(&mut of_groups.values().copied())).sqrt() / sum
            }
        };
        // without any difference there is no spread either
        let t = if difference == 0.0 { 0.0 } else { difference / standard_error };
        let p_value =
            if groups.is_some() { both_tails_of_student(t, of_groups.len()) } else { p_value(t, counted.len()) };
        Comparison { difference, standard_error, p_value }
    }
}

fn gains_of_classes(classes: &[usize], first: &[usize], second: &[usize]) -> Vec<f64> {
    assert_eq!((first.len(), second.len()), (classes.len(), classes.len()), "classes and predictions");
    let gain = |j: usize| f64::from(second[j] != classes[j]) - f64::from(first[j] != classes[j]);
    (0..classes.len()).map(gain).collect()
}

fn gains_of_values(y: &Samples, first: &Samples, second: &Samples, weights: Option<&[f64]>) -> Vec<f64> {
    let shape = |of: &Samples| (of.features(), of.len());
    assert_eq!((shape(first), shape(second)), (shape(y), shape(y)), "shapes of values and predictions");
    let (outputs, samples) = shape(y);
    let weight = weights_of(weights, samples);
    let sum = (0..samples).map(weight).sum::<f64>();
    let mut gains = vec![0.0; samples];
    for i in 0..outputs {
        let mean = mean_in_unit((0..samples).map(|j| (y.number(j, i), weight(j))));
        // errors and deviations in one unit, so that no square overflows or underflows
        let unit = unit(y.feature(i).map(|y| y - mean));
        let squares = y.feature(i).enumerate().map(|(j, y)| weight(j) * ((y - mean) / unit).powi(2));
        let variance = squares.sum::<f64>() / sum;
        let divisor = outputs as f64 * if variance == 0.0 { 1.0 } else { variance };
        for (j, gain) in gains.iter_mut().enumerate() {
            let squared = |prediction: &Samples| ((prediction.number(j, i) - y.number(j, i)) / unit).powi(2);
            *gain += (squared(second) - squared(first)) / divisor;
        }
    }
    gains
}

/// The probability that at most k, or at least n − k, of n fair coins show heads.
fn both_tails_of_coins(k: usize, n: usize) -> f64 {
    let mut log_ways = 0.0;
    let mut tail = 0.0;
    for i in 0..=k {
        tail += (log_ways - n as f64).exp2();
        log_ways += ((n - i) as f64 / (i + 1) as f64).log2();
    }
    (2.0 * tail).min(1.0)
}

/// The probability that Student's t with ν = `samples` − 1 degrees of freedom is at least as far
/// from 0 as `t`; NaN for fewer than two samples. With θ = atan(t/√ν) it is 1 − A:
///
/// ```text
/// A = sin θ (1 + 1/2 cos²θ + 1·3/(2·4) cos⁴θ + … )                          ν even, ν/2 terms
/// A = 2/π (θ + sin θ cos θ (1 + 2/3 cos²θ + 2·4/(3·5) cos⁴θ + … ))          ν odd, (ν − 1)/2 terms
/// ```
///
/// (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.)
fn both_tails_of_student(t: f64, samples: usize) -> f64 {
    if samples < 2 {
        return f64::NAN;
    }
    let nu = samples - 1;
    let theta = (t.abs() / (nu as f64).sqrt()).atan();
    let (sin, cos_squared) = (theta.sin(), 1.0 / (1.0 + t * t / nu as f64));
    let odd = nu % 2;
    let (mut term, mut sum) = (1.0, 0.0);
    for i in 1..=nu / 2 {
        sum += term;
        let even = (2 * i - 1 + odd) as f64;
        term *= cos_squared * even / (even + 1.0);
        if term < 1e-20 * sum {
            break;
        }
    }
    let a = if odd == 1 { (theta + sin * cos_squared.sqrt() * sum) * std::f64::consts::FRAC_2_PI } else { sin * sum };
    (1.0 - a).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::r2;
    use super::*;
    use crate::tensor::Tensor;

    /// A comparison does not depend on the unit of y.
    #[test]
    fn values_of_every_size() {
        let of = |size: f64| {
            let row = |numbers: [f64; 5]| Tensor::from_rows([numbers.map(|x| x * size)]);
            let (first, second) = (row([1.1, 2.0, 3.2, 4.0, 5.1]), row([1.5, 2.5, 2.0, 4.4, 5.6]));
            Comparison::of_values(row([1.0, 2.0, 3.0, 4.0, 5.0]), first, second, None)
        };
        let usual = of(1.0);
        for size in [1e-300, 1e-160, 1e160, 1e299] {
            let found = of(size);
            assert!((found.difference / usual.difference - 1.0).abs() < 1e-12, "{size}: {found:?}");
            assert!((found.p_value / usual.p_value - 1.0).abs() < 1e-10, "{size}: {found:?}");
        }
    }

    /// scipy 1.17.1: `binomtest(k, n).pvalue`.
    #[test]
    fn tails_of_coins() {
        for (k, n, expected) in [
            (0, 0, 1.0),
            (0, 1, 1.0),
            (0, 5, 0.0625),
            (1, 5, 0.375),
            (3, 16, 0.021270751953125),
            (5, 10, 1.0),
            (20, 60, 0.01348929373119186),
            (4900, 10000, 0.04658552770494645),
            (0, 2000, 0.0),
        ] {
            let p = both_tails_of_coins(k, n);
            // a power of 2 with an exponent of up to n, rounded k times
            assert!((p - expected).abs() <= 1e-14 * n as f64 * expected, "{k} of {n}: {p:e}");
        }
    }

    /// scipy 1.17.1: `2 * t.sf(x, nu)`.
    #[test]
    fn tails_of_student() {
        for (t, nu, expected) in [
            (1.0, 1, 0.5),
            (3.0, 1, 0.20483276469913345),
            (2.0, 2, 0.18350341907227397),
            (2.0, 3, 0.13932596855884305),
            (2.5, 4, 0.06676654481198814),
            (0.3, 7, 0.7728900504021342),
            (2.0, 88, 0.048583822956271436),
            (2.0, 359, 0.04625321215684807),
            (4.0, 1000, 6.800991920878163e-5),
            (1.5, 100001, 0.1336175594912611),
        ] {
            let p = both_tails_of_student(t, nu + 1);
            // it is 1 − A, and A is a sum of powers up to the νth
            assert!((p - expected).abs() <= 1e-14 + 1e-16 * nu as f64, "{t} with {nu}: {p:e}");
            assert_eq!(p, both_tails_of_student(-t, nu + 1));
        }
        for nu in [3, 4] {
            assert_eq!(both_tails_of_student(f64::INFINITY, nu + 1), 0.0);
            assert!(both_tails_of_student(f64::NAN, nu + 1).is_nan());
        }
    }

    fn assert_is(found: Comparison, difference: f64, standard_error: f64, p_value: f64) {
        let Comparison { difference: d, standard_error: s, p_value: p } = found;
        for (found, expected) in [(d, difference), (s, standard_error), (p, p_value)] {
            assert!((found - expected).abs() < 1e-14 || found.is_nan() && expected.is_nan(), "{found} {expected}");
        }
    }

    /// The first is wrong on two of ten, the second on five; four times the first alone is right,
    /// once the second. numpy 2.4 and scipy 1.17.1: `g.mean()`, `g.std(ddof=1) / sqrt(10)`,
    /// `binomtest(1, 5).pvalue`.
    #[test]
    fn classes() {
        let classes = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0];
        let (first, second) = ([0, 1, 2, 0, 1, 2, 0, 1, 0, 1], [0, 2, 1, 1, 1, 2, 2, 1, 2, 1]);
        assert_is(Comparison::of_classes(&classes, &first, &second, None), 0.3, 0.21343747458109494, 0.375);
        assert_is(Comparison::of_classes(&classes, &second, &first, None), -0.3, 0.21343747458109494, 0.375);
        assert_is(Comparison::of_classes(&classes, &first, &first, None), 0.0, 0.0, 1.0);
        assert_is(Comparison::of_classes(&[], &[], &[], None), f64::NAN, f64::NAN, 1.0);
    }

    /// numpy 2.4 and scipy 1.17.1, with `e = ((prediction - y)**2 / y.var(axis=1,
    /// keepdims=True)).mean(axis=0)`: `g.mean()`, `g.std(ddof=1) / sqrt(5)`, `ttest_rel(e_second,
    /// e_first).pvalue`.
    #[test]
    fn values() {
        let y = Tensor::from_rows([[1.0, 2.0, 4.0, 7.0, 3.0], [100.0, 300.0, 200.0, 150.0, 50.0]]);
        let first = Tensor::from_rows([[1.5, 2.0, 4.5, 6.0, 3.5], [110.0, 280.0, 190.0, 170.0, 20.0]]);
        let second = Tensor::from_rows([[2.0, 3.0, 3.0, 5.0, 3.0], [150.0, 310.0, 150.0, 140.0, 90.0]]);
        let comparison = Comparison::of_values(&y, &first, &second, None);
        assert_is(comparison, 0.19003697093319732, 0.057495334989408335, 0.02978632113844603);
        assert!((comparison.difference - (r2(&y, &first) - r2(&y, &second))).abs() < 1e-14);
        let one = |of: &Tensor| Tensor::from_fn(1, 5, |_, j| of[(0, j)]);
        let p = Comparison::of_values(one(&y), one(&first), one(&second), None).p_value;
        assert!((p - 0.12001028018472637).abs() < 1e-14);
    }

    /// statsmodels 0.15.0, with g as above: `OLS(g, ones).fit(cov_type="cluster",
    /// cov_kwds={"groups": groups}, use_t=True)`, its `bse` and `pvalues`.
    #[test]
    fn groups() {
        let groups = [3, 3, 3, 0, 0, 7, 7, 7, 2, 2];
        let classes = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0];
        let (first, second) = ([0, 1, 2, 0, 1, 2, 0, 1, 0, 1], [0, 2, 1, 1, 1, 2, 2, 1, 2, 1]);
        let of_classes = Comparison::of_classes(&classes, &first, &second, Some(&groups));
        assert_is(of_classes, 0.3, 0.2292015125022811, 0.2818061721538617);
        let y = Tensor::from_rows([[1.0, 2.0, 4.0, 7.0, 3.0]]);
        let (near, far) =
            (Tensor::from_rows([[1.5, 2.0, 4.5, 6.0, 3.5]]), Tensor::from_rows([[2.0, 3.0, 3.0, 5.0, 3.0]]));
        let of_values = Comparison::of_values(&y, &near, &far, Some(&[0, 1, 0, 1, 2]));
        assert_is(of_values, 0.2476415094339622, 0.1374415309842779, 0.21336727613008152);
        // groups of one sample are samples
        let alone = Comparison::of_values(&y, &near, &far, Some(&[4, 3, 2, 1, 0]));
        let Comparison { difference, standard_error, p_value } = Comparison::of_values(&y, &near, &far, None);
        assert_is(alone, difference, standard_error, p_value);
        assert!(Comparison::of_values(&y, &near, &far, Some(&[0; 5])).p_value.is_nan());
    }

    #[test]
    fn values_that_allow_no_comparison() {
        let row = |y: f64| Tensor::from_rows([[y]]);
        let of_one = Comparison::of_values(row(1.0), row(1.0), row(2.0), None);
        assert!(of_one.difference == 1.0 && of_one.standard_error.is_nan() && of_one.p_value.is_nan());
        let rows = |y: [f64; 3]| Tensor::from_rows([y]);
        let y = rows([1.0, 2.0, 4.0]);
        let too_large = Comparison::of_values(&y, rows([1e200; 3]), rows([2e200; 3]), None);
        assert!(too_large.difference.is_nan() && too_large.p_value.is_nan());
        assert_eq!(Comparison::of_values(&y, &y, &y, None).p_value, 1.0);
    }
}
