use serde::{Deserialize, Serialize};

use super::standardizer::{features, least_and_range, mean_and_deviation, median_and_middle, unless_constant};
use super::{Quantiles, Standardizer};
use crate::tensor::Tensor;
use crate::words::words;

words! {
    /// A method that scales features, learned from training samples only.
    #[derive(Default)]
    Scaling {
        /// Mean 0 and standard deviation 1: (x − μ)/σ.
        #[default]
        Standard = "standard",
        /// Median 0 and interquartile range 1: (x − median)/(third quartile − first quartile).
        /// Outliers hardly affect it.
        Robust = "robust",
        /// Range 0 to 1: (x − min)/(max − min); for pixels, x/255.
        MinMax = "min-max",
        /// A normal distribution, by rank; see [`Quantiles`].
        Quantile = "quantile",
    }
}

/// The fitted scaling of each feature.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::data::{Scaler, Scaling};
/// let x = Tensor::from_rows([[2.0, 4.0, 10.0]]);
/// let scaled = Scaler::fit(Scaling::MinMax, &x).apply(&x);
/// assert_eq!(scaled, Tensor::from_rows([[0.0, 0.25, 1.0]]));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scaler {
    /// A shift and a scale for each feature: [`Scaling::Standard`], [`Scaling::Robust`] and
    /// [`Scaling::MinMax`].
    Affine(Standardizer),
    /// A rank transform: [`Scaling::Quantile`].
    Quantiles(Quantiles),
}

impl Scaler {
    /// Fits the scaler to `x`, shape (features, samples), with at least one sample.
    pub fn fit(scaling: Scaling, x: &Tensor<f64>) -> Self {
        Self::of(scaling, features(x))
    }

    /// Fits the scaler to the numbers of each feature.
    pub(super) fn of(scaling: Scaling, features: impl Iterator<Item = Vec<f64>>) -> Self {
        match scaling {
            Scaling::Standard => Scaler::Affine(Standardizer::of(features, unless_constant(mean_and_deviation))),
            Scaling::Robust => Scaler::Affine(Standardizer::of(features, unless_constant(median_and_middle))),
            Scaling::MinMax => Scaler::Affine(Standardizer::of(features, unless_constant(least_and_range))),
            Scaling::Quantile => Scaler::Quantiles(Quantiles::of(features)),
        }
    }

    /// Returns the scaled features, shape (features, samples); 0 for constant features.
    ///
    /// # Panics
    /// If `x` has another number of features.
    pub fn apply(&self, x: &Tensor<f64>) -> Tensor<f64> {
        assert_eq!(x.rows(), self.features(), "features");
        Tensor::from_fn(x.rows(), x.columns(), |i, j| self.apply_to(i, x[(i, j)]))
    }

    /// Scales a value of one feature.
    pub(super) fn apply_to(&self, feature: usize, x: f64) -> f64 {
        match self {
            Scaler::Affine(affine) => (x - affine.mean[feature]) / affine.divisor(feature),
            Scaler::Quantiles(quantiles) => quantiles.apply_to(feature, x),
        }
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        match self {
            Scaler::Affine(affine) => affine.features(),
            Scaler::Quantiles(Quantiles { values }) => values.len(),
        }
    }

    /// The indices of the features that had one value in all samples, but for rounding.
    pub fn constant(&self) -> Vec<usize> {
        match self {
            Scaler::Affine(affine) => affine.constant().to_vec(),
            Scaler::Quantiles(Quantiles { values }) => {
                (0..values.len()).filter(|i| values[*i].first() == values[*i].last()).collect()
            }
        }
    }

    /// Whether [`Scaler::fit`] could have made it: finite numbers, positive scales, quantiles in
    /// order.
    pub(crate) fn is_usable(&self) -> bool {
        let are_usable =
            |values: &Vec<f64>| !values.is_empty() && values.iter().all(|x| x.is_finite()) && values.is_sorted();
        match self {
            Scaler::Affine(affine) => affine.is_usable(),
            Scaler::Quantiles(Quantiles { values }) => values.iter().all(are_usable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `RobustScaler` and `MinMaxScaler` of scikit-learn 1.9 on the same numbers.
    #[test]
    fn shifts_and_scales_of_scikit_learn() {
        let x = Tensor::from_rows([[0.0, 1.0, 1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0], [7.0; 12]]);
        for (scaling, shift, scale) in [(Scaling::Robust, 4.0, 14.0), (Scaling::MinMax, 0.0, 55.0)] {
            let Scaler::Affine(affine) = Scaler::fit(scaling, &x) else { panic!("a shift and a scale") };
            assert_eq!((affine.mean[0], affine.scale[0]), (shift, scale), "{scaling}");
            assert_eq!((affine.mean[1], affine.scale[1], affine.constant()), (7.0, 1.0, &[1][..]), "{scaling}");
        }
    }

    #[test]
    fn each_scaler_is_read_back_as_itself() {
        let x = Tensor::from_fn(3, 40, |i, j| ((i * 7 + j * j) % 31) as f64);
        for scaling in Scaling::ALL {
            let scaler = Scaler::fit(scaling, &x);
            let json = serde_json::to_string(&scaler).unwrap();
            assert_eq!(serde_json::from_str::<Scaler>(&json).unwrap(), scaler, "{scaling}");
            assert!(scaler.is_usable() && scaler.features() == 3);
        }
    }
}
