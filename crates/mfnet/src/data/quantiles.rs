use serde::{Deserialize, Serialize};

use super::standardizer::{between, constant, features};
use crate::tensor::Tensor;

/// Maps every feature to a normal distribution of mean 0 and standard deviation 1, by its rank
/// among the samples that it was fitted on:
///
/// ```text
/// x ← Φ⁻¹(F(x))        F: the fraction of samples below x, linear between quantiles        Φ: the normal distribution
/// ```
///
/// Outliers lose their influence, and skewed features spread out. As scikit-learn's
/// `QuantileTransformer(output_distribution="normal")`, with [`Quantiles::most`] quantiles and
/// without subsampling. A value that occurs often gets the middle of
/// its range of ranks, also at the ends, where scikit-learn takes the end. A value
/// outside the range counts as the smallest or largest, which become ±5.2. A feature
/// that is constant but for rounding becomes 0; in scikit-learn it becomes −5.2.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::data::Quantiles;
/// let incomes = Tensor::from_fn(1, 101, |_, j| (j as f64 / 10.0).exp());
/// let normal = Quantiles::fit(&incomes).apply(&incomes);
/// assert!(normal[(0, 50)].abs() < 0.1, "the median becomes nearly 0");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantiles {
    /// The quantiles of each feature at evenly spaced ranks, from the smallest value to the
    /// largest.
    pub values: Vec<Vec<f64>>,
}

/// The smallest probability, and the distance of the largest from 1; beyond, Φ⁻¹ is infinite.
const MARGIN: f64 = 1e-7;

impl Quantiles {
    /// Fits the quantiles of each row of `x`, shape (features, samples), with at least one sample.
    pub fn fit(x: &Tensor<f64>) -> Self {
        Self::of(features(x))
    }

    /// Fits the quantiles from the numbers of each feature.
    pub(super) fn of(features: impl Iterator<Item = Vec<f64>>) -> Self {
        let quantiles = |mut numbers: Vec<f64>| {
            numbers.sort_unstable_by(f64::total_cmp);
            let (count, last) = (Self::most(numbers.len()), (numbers.len() - 1) as f64);
            if let Some(value) = constant(&numbers) {
                return vec![value; count];
            }
            (0..count).map(|k| between(&numbers, last * k as f64 / (count - 1).max(1) as f64)).collect()
        };
        Quantiles { values: features.map(quantiles).collect() }
    }

    /// Number of quantiles for this many samples: one for 30 samples, between 10 and 1000, and at
    /// most the number of samples.
    pub fn most(samples: usize) -> usize {
        (samples / 30).clamp(10, 1000).min(samples)
    }

    /// Returns Φ⁻¹(F(x)), shape (features, samples).
    ///
    /// # Panics
    /// If `x` has another number of features.
    pub fn apply(&self, x: &Tensor<f64>) -> Tensor<f64> {
        assert_eq!(x.rows(), self.values.len(), "features");
        Tensor::from_fn(x.rows(), x.columns(), |i, j| self.apply_to(i, x[(i, j)]))
    }

    /// Returns Φ⁻¹(F(x)) for a value of one feature.
    pub(super) fn apply_to(&self, feature: usize, x: f64) -> f64 {
        normal_quantile(part(&self.values[feature], x))
    }
}

/// F(x) from the quantiles `values`: the middle between the rank where values up to x end and the
/// rank where values below x end.
fn part(values: &[f64], x: f64) -> f64 {
    let last = (values.len() - 1).max(1) as f64;
    let between = |above: usize, at: f64| {
        // the value before `above` and the one there
        match (above.checked_sub(1), values.get(above)) {
            (None, _) => 0.0,
            (_, None) => 1.0,
            (Some(below), Some(next)) => {
                let width = next - values[below];
                (below as f64 + if width > 0.0 { (at - values[below]) / width } else { 0.0 }) / last
            }
        }
    };
    if values.first() == values.last() {
        return 0.5;
    }
    let place = values.partition_point(|value| *value < x);
    if values.get(place) != Some(&x) {
        return between(place, x);
    }
    // equal values: the first one's rank seen from below, the last one's rank seen from above
    let from_below = between(place + values[place..].partition_point(|value| *value <= x), x);
    0.5 * (from_below + place as f64 / last)
}

/// Φ⁻¹(p) with p clamped to where it is finite. Source: Wichura 1988, algorithm AS 241 (PPND16),
/// accurate to 16 digits.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let p = p.clamp(MARGIN, 1.0 - MARGIN);
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * polynomial(r, &CENTRE[0]) / polynomial(r, &CENTRE[1]);
    }
    let r = (-(if q < 0.0 { p } else { 1.0 - p }).ln()).sqrt();
    let z = if r <= 5.0 {
        polynomial(r - 1.6, &SIDE[0]) / polynomial(r - 1.6, &SIDE[1])
    } else {
        polynomial(r - 5.0, &TAIL[0]) / polynomial(r - 5.0, &TAIL[1])
    };
    z.copysign(q)
}

/// Σ c_k xᵏ.
fn polynomial(x: f64, coefficients: &[f64; 8]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

#[rustfmt::skip]
const CENTRE: [[f64; 8]; 2] = [
    [3.387_132_872_796_366_5e0, 1.331_416_678_917_843_8e2, 1.971_590_950_306_551_3e3, 1.373_169_376_550_946e4,
     4.592_195_393_154_987e4, 6.726_577_092_700_87e4, 3.343_057_558_358_813e4, 2.509_080_928_730_122_7e3],
    [1.0, 4.231_333_070_160_091e1, 6.871_870_074_920_579e2, 5.394_196_021_424_751e3,
     2.121_379_430_158_659_7e4, 3.930_789_580_009_271e4, 2.872_908_573_572_194_3e4, 5.226_495_278_852_545e3],
];
#[rustfmt::skip]
const SIDE: [[f64; 8]; 2] = [
    [1.423_437_110_749_683_5e0, 4.630_337_846_156_546e0, 5.769_497_221_460_691e0, 3.647_848_324_763_204_5e0,
     1.270_458_252_452_368_4e0, 2.417_807_251_774_506e-1, 2.272_384_498_926_918_4e-2, 7.745_450_142_783_414e-4],
    [1.0, 2.053_191_626_637_759e0, 1.676_384_830_183_803_8e0, 6.897_673_349_851e-1,
     1.481_039_764_274_800_8e-1, 1.519_866_656_361_645_7e-2, 5.475_938_084_995_345e-4, 1.050_750_071_644_416_9e-9],
];
#[rustfmt::skip]
const TAIL: [[f64; 8]; 2] = [
    [6.657_904_643_501_103e0, 5.463_784_911_164_114e0, 1.784_826_539_917_291_3e0, 2.965_605_718_285_048_7e-1,
     2.653_218_952_657_612_4e-2, 1.242_660_947_388_078_4e-3, 2.711_555_568_743_487_6e-5, 2.010_334_399_292_288_1e-7],
    [1.0, 5.998_322_065_558_88e-1, 1.369_298_809_227_358e-1, 1.487_536_129_085_061_5e-2,
     7.868_691_311_456_133e-4, 1.846_318_317_510_054_8e-5, 1.421_511_758_316_446e-7, 2.044_263_103_389_939_8e-15],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Scaler;

    #[test]
    fn normal_quantiles_of_python() {
        // `statistics.NormalDist().inv_cdf(p)` of Python 3.11
        let known = [
            (1e-7, -5.199337582192817),
            (1e-4, -3.71901648545568),
            (0.0013, -3.0114537584997847),
            (0.2, -0.8416212335729142),
            (0.5, 0.0),
            (0.975, 1.9599639845400536),
        ];
        for (p, z) in known {
            assert!((normal_quantile(p) - z).abs() < 1e-14 * z.abs().max(1.0), "{p}: {}", normal_quantile(p));
        }
        assert_eq!(normal_quantile(0.0), normal_quantile(MARGIN));
        assert!((normal_quantile(0.3) + normal_quantile(0.7)).abs() < 1e-15);
    }

    /// `QuantileTransformer(n_quantiles=10, output_distribution="normal", subsample=None)` of
    /// scikit-learn 1.9 on these twelve numbers.
    #[test]
    fn ranks_of_scikit_learn() {
        let x = Tensor::from_rows([[0.0, 1.0, 1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0]]);
        let quantiles = Quantiles::fit(&x);
        let others = Tensor::from_rows([[-1.0, 0.0, 0.5, 1.0, 1.5, 4.0, 21.0, 40.0, 55.0, 60.0]]);
        let expected = [
            -5.199337582605575,
            -5.199337582605575,
            -1.5932188180230507,
            -0.967421566101701,
            -0.5084880591093566,
            -0.012660076940314149,
            0.8657440585353943,
            1.477525292018841,
            5.19933758270342,
            5.19933758270342,
        ];
        let found = quantiles.apply(&others);
        assert!(found.iter().zip(expected).all(|(z, e)| (z - e).abs() < 1e-9), "{found}");
    }

    #[test]
    fn a_constant_feature_becomes_0() {
        let quantiles = Quantiles::fit(&Tensor::from_rows([[3.0; 5]]));
        assert_eq!(quantiles.apply(&Tensor::from_rows([[3.0, 4.0]])), Tensor::from_rows([[0.0, 0.0]]));
        assert_eq!(Scaler::Quantiles(quantiles).constant(), [0]);
    }
}
