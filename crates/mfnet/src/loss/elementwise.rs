use std::ops::Range;

use super::{Loss, Weights, check_shapes};
use crate::tensor::kernel::{Body, Panels, vectorised, with_vectors};
use crate::tensor::parts::sum_over_columns;
use crate::tensor::{Scalar, Tensor};

/// Mean squared error, as in `torch.nn.MSELoss()`, over the m samples and n outputs:
///
/// ```text
/// J = 1/(m n) Σ (ŷ − y)²        ∂J/∂ŷ = 2 (ŷ − y)/(m n)
/// ```
///
/// scikit-learn's `MLPRegressor` minimises half of it.
///
/// ```
/// use mfnet::{Loss, Mse, Tensor};
/// let (y_hat, y) = (Tensor::from_rows([[2.0, 0.0]]), Tensor::from_rows([[1.0, 1.0]]));
/// assert_eq!(Mse.value(&y_hat, &y), 1.0);
/// assert_eq!(Mse.gradient(&y_hat, &y), Tensor::from_rows([[1.0, -1.0]]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

/// The loss of the paper: half the squared error, averaged over the samples.
///
/// ```text
/// J = 1/(2m) Σ (ŷ − y)²        ∂J/∂ŷ = (ŷ − y)/m
/// ```
///
/// The sum runs over outputs and samples; the divisor is the number of samples m only. PyTorch has
/// no such loss: with n outputs it is n/2 times `torch.nn.MSELoss()`.
///
/// ```
/// use mfnet::{HalfMse, Loss, Tensor};
/// let (y_hat, y) = (Tensor::from_rows([[2.0, 0.0, 3.0, 1.0]]), Tensor::from_rows([[1.0, 1.0, 2.0, 2.0]]));
/// assert_eq!(HalfMse.value(&y_hat, &y), 0.5);
/// assert_eq!(HalfMse.gradient(&y_hat, &y), Tensor::from_rows([[0.25, -0.25, 0.25, -0.25]]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HalfMse;

/// Defines a loss with the cost c = Σ_outputs (ŷ − y)²/n, where n is a function of the number of
/// outputs.
macro_rules! squared_error {
    ($loss:ident, $name:literal, |$outputs:ident| $n:expr) => {
        impl<T: Scalar> Loss<T> for $loss {
            fn name(&self) -> &str {
                $name
            }

            #[inline(never)]
            fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
                let $outputs = output.rows();
                squared_error(output, target, sample) / $n
            }

            #[inline(never)]
            fn cost_gradient(
                &self,
                output: &Tensor<T>,
                target: &Tensor<T>,
                sample: usize,
                factor: f64,
                delta: &mut Tensor<T>,
            ) {
                let $outputs = output.rows();
                difference(output, target, sample, factor * 2.0 / $n, delta);
            }

            #[inline(never)]
            fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
                let $outputs = output.rows();
                sum_of_squared_errors(output, target, weights) / ($n * weights.divisor)
            }

            #[inline(never)]
            fn value_and_gradient(
                &self,
                output: &Tensor<T>,
                target: &Tensor<T>,
                weights: Weights<'_>,
                delta: &mut Tensor<T>,
            ) -> f64 {
                let $outputs = output.rows();
                differences(output, target, weights, 2.0 / ($n * weights.divisor), delta);
                self.weighted_value(output, target, weights)
            }
        }
    };
}

squared_error!(Mse, "mse", |outputs| outputs as f64);
squared_error!(HalfMse, "half-mse", |_outputs| 2.0);

/// Σ_outputs (ŷ − y)² of one sample.
fn squared_error<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
    let errors = output.column(sample).zip(target.column(sample)).map(|(o, t)| o.to_f64() - t.to_f64());
    errors.map(|error| error * error).sum()
}

/// δ = factor (ŷ − y) of one sample.
fn difference<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
    let factor = T::from_f64(factor);
    let errors = output.column(sample).zip(target.column(sample)).map(|(o, t)| o - t);
    delta.column_mut(sample).zip(errors).for_each(|(d, error)| *d = error * factor);
}

/// Σ_i w_i Σ_outputs (ŷ − y)² over samples, in `f64` and a fixed order.
fn sum_of_squared_errors<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
    check_shapes(output, target);
    let layout = output.layout();
    let of_samples = |samples: Range<usize>| {
        let mut sum = 0.0;
        for panel in 0..layout.panels() {
            let (place, height) = (layout.place(panel, samples.clone()), layout.height(panel));
            let rows = T::PANEL.min(output.rows() - panel * T::PANEL);
            let columns = output.storage()[place.clone()].chunks_exact(height);
            for ((o, t), sample) in columns.zip(target.storage()[place].chunks_exact(height)).zip(samples.clone()) {
                let weight = weights.of(sample);
                for (o, t) in o[..rows].iter().zip(&t[..rows]) {
                    let error = o.to_f64() - t.to_f64();
                    sum += weight * (error * error);
                }
            }
        }
        sum
    };
    sum_over_columns(output.columns(), 8 * output.rows() * output.columns(), of_samples)
}

/// δ_i = w_i factor (ŷ_i − y_i) of all samples.
fn differences<T: Scalar>(
    output: &Tensor<T>,
    target: &Tensor<T>,
    weights: Weights<'_>,
    factor: f64,
    delta: &mut Tensor<T>,
) {
    check_shapes(output, target);
    assert_eq!(output.shape(), delta.shape(), "shapes of output and delta");
    if let Some(weights) = weights.of_samples {
        return with_vectors(WeightedDifferences { output, target, weights, factor, delta });
    }
    let factor = T::from_f64(factor);
    let (output, target, delta) = (output.storage(), target.storage(), delta.storage_mut());
    vectorised(delta.iter_mut().zip(output).zip(target), |((d, o), t)| *d = (*o - *t) * factor);
}

/// As above with weights, panel by panel.
struct WeightedDifferences<'a, T: Scalar> {
    output: &'a Tensor<T>,
    target: &'a Tensor<T>,
    weights: &'a [f64],
    factor: f64,
    delta: &'a mut Tensor<T>,
}

impl<T: Scalar> Body for WeightedDifferences<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let layout = self.output.layout();
        for panel in 0..layout.panels() {
            let (place, height) = (layout.place(panel, 0..self.output.columns()), layout.height(panel));
            let [output, target] =
                [self.output, self.target].map(|of| of.storage()[place.clone()].chunks_exact(height));
            let delta = self.delta.storage_mut()[place].chunks_exact_mut(height);
            for (((d, o), t), weight) in delta.zip(output).zip(target).zip(self.weights) {
                let factor = T::from_f64(weight * self.factor);
                for ((d, o), t) in d.iter_mut().zip(o).zip(t) {
                    *d = (*o - *t) * factor;
                }
            }
        }
    }
}
