//! Losses that add up a cost of each output.

use std::ops::Range;

use super::{Weights, check_shapes};
use crate::error::Result;
use crate::tensor::kernel::{Body, Panels, vectorised, with_vectors};
use crate::tensor::parts::sum_over_columns;
use crate::tensor::{Scalar, Tensor};

/// The cost of a single output and its derivative; [`elementwise!`] makes a loss of it:
///
/// ```text
/// c = 1/n Σ_outputs ρ(ŷ, y)        ∂c/∂ŷ = SLOPE/n · slope(ŷ, y)
/// ```
pub(super) trait Elementwise: Copy + Send + Sync {
    /// A factor of all derivatives, so that `slope` needs none.
    const SLOPE: f64 = 1.0;

    /// n: the number of outputs, so that the loss is a mean over them.
    fn divisor(&self, outputs: usize) -> f64 {
        outputs as f64
    }

    /// ρ(ŷ, y).
    fn cost(&self, output: f64, target: f64) -> f64;

    /// ∂ρ/∂ŷ divided by [`Elementwise::SLOPE`].
    fn slope<T: Scalar>(&self, output: T, target: T) -> T;

    /// Checks the settings of the loss.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// Implements [`super::Loss`] for an [`Elementwise`].
macro_rules! elementwise {
    ($loss:ident, $name:literal $(, $setting:ident)?) => {
        impl<T: Scalar> crate::loss::Loss<T> for $loss {
            fn name(&self) -> &str {
                $name
            }

            $(fn described(&self) -> String {
                format!("{}:{}", $name, self.$setting)
            })?

            fn check(&self, _outputs: usize) -> crate::error::Result<()> {
                Elementwise::check(self)
            }

            #[inline(never)]
            fn cost(&self, output: &crate::Tensor<T>, target: &crate::Tensor<T>, sample: usize) -> f64 {
                crate::loss::elementwise::cost(self, output, target, sample)
            }

            #[inline(never)]
            fn cost_gradient(
                &self,
                output: &crate::Tensor<T>,
                target: &crate::Tensor<T>,
                sample: usize,
                factor: f64,
                delta: &mut crate::Tensor<T>,
            ) {
                crate::loss::elementwise::cost_gradient(self, [output, target], sample, factor, delta);
            }

            #[inline(never)]
            fn weighted_value(
                &self,
                output: &crate::Tensor<T>,
                target: &crate::Tensor<T>,
                weights: crate::loss::Weights<'_>,
            ) -> f64 {
                crate::loss::elementwise::value(self, output, target, weights)
            }

            #[inline(never)]
            fn value_and_gradient(
                &self,
                output: &crate::Tensor<T>,
                target: &crate::Tensor<T>,
                weights: crate::loss::Weights<'_>,
                delta: &mut crate::Tensor<T>,
            ) -> f64 {
                crate::loss::elementwise::gradient(self, output, target, weights, delta);
                crate::loss::elementwise::value(self, output, target, weights)
            }
        }
    };
}
pub(super) use elementwise;

/// c of one sample.
pub(super) fn cost<T: Scalar>(loss: &impl Elementwise, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
    let costs = output.column(sample).zip(target.column(sample)).map(|(o, t)| loss.cost(o.to_f64(), t.to_f64()));
    costs.sum::<f64>() / loss.divisor(output.rows())
}

/// `factor` ∂c/∂ŷ of one sample.
pub(super) fn cost_gradient<T: Scalar, E: Elementwise>(
    loss: &E,
    [output, target]: [&Tensor<T>; 2],
    sample: usize,
    factor: f64,
    delta: &mut Tensor<T>,
) {
    let factor = T::from_f64(factor * E::SLOPE / loss.divisor(output.rows()));
    let slopes = output.column(sample).zip(target.column(sample)).map(|(o, t)| loss.slope(o, t));
    delta.column_mut(sample).zip(slopes).for_each(|(d, slope)| *d = slope * factor);
}

/// J, the sum in `f64` and a fixed order.
pub(super) fn value<T: Scalar>(
    loss: &impl Elementwise,
    output: &Tensor<T>,
    target: &Tensor<T>,
    weights: Weights<'_>,
) -> f64 {
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
                    sum += weight * loss.cost(o.to_f64(), t.to_f64());
                }
            }
        }
        sum
    };
    let sum = sum_over_columns(output.columns(), 8 * output.rows() * output.columns(), of_samples);
    sum / (loss.divisor(output.rows()) * weights.divisor)
}

/// ∂J/∂Ŷ.
pub(super) fn gradient<T: Scalar, E: Elementwise>(
    loss: &E,
    output: &Tensor<T>,
    target: &Tensor<T>,
    weights: Weights<'_>,
    delta: &mut Tensor<T>,
) {
    check_shapes(output, target);
    assert_eq!(output.shape(), delta.shape(), "shapes of output and delta");
    let factor = E::SLOPE / (loss.divisor(output.rows()) * weights.divisor);
    match weights.of_samples {
        Some(weights) => with_vectors(WeightedGradient { loss: *loss, output, target, weights, factor, delta }),
        None => {
            let (factor, loss) = (T::from_f64(factor), *loss);
            let all = delta.storage_mut().iter_mut().zip(output.storage()).zip(target.storage());
            vectorised(all, move |((d, o), t)| *d = loss.slope(*o, *t) * factor);
        }
    }
    if loss.slope(T::ZERO, T::ZERO) != T::ZERO {
        delta.clear_padding();
    }
}

/// As above with weights, panel by panel.
struct WeightedGradient<'a, T: Scalar, E> {
    loss: E,
    output: &'a Tensor<T>,
    target: &'a Tensor<T>,
    weights: &'a [f64],
    factor: f64,
    delta: &'a mut Tensor<T>,
}

impl<T: Scalar, E: Elementwise> Body for WeightedGradient<'_, T, E> {
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
                    *d = self.loss.slope(*o, *t) * factor;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::LossName;

    /// A gradient is 0 beside its panels, also where a loss has a slope at 0, so that the weights there stay 0.
    #[test]
    fn nothing_is_written_beside_the_panels() {
        let (z, y) = (Tensor::<f32>::from_fn(5, 3, |i, j| (i + j) as f32), Tensor::from_fn(5, 3, |_, _| 1.5));
        let height = z.layout().height(0);
        assert!(height > 5);
        for loss in LossName::ALL {
            for weights in [Weights::equal(3), Weights { of_samples: Some(&[1.0, 2.0, 3.0]), divisor: 6.0 }] {
                let mut delta = Tensor::zeros(5, 3);
                loss.loss().value_and_gradient(&z, &y, weights, &mut delta);
                let beside = |column: &[f32]| column[5..].iter().all(|d| *d == 0.0);
                assert!(delta.storage().chunks_exact(height).all(beside), "{loss}");
            }
        }
    }
}
