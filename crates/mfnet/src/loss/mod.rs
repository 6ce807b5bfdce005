//! Losses: one number J for a batch, and its gradient with respect to the network's output.

mod cross_entropy;
mod squared_error;

pub(crate) use cross_entropy::softmax_of_one;
pub use cross_entropy::{CrossEntropy, softmax};
pub use squared_error::{HalfMse, Mse};

use std::ops::Range;

use crate::error::Result;
use crate::tensor::parts::sum_over_columns;
use crate::tensor::{Scalar, Tensor};
use crate::words::words;

/// A loss of a batch: a cost for each sample, weighted and summed.
///
/// ```text
/// J = 1/D Σ_i w_i c(ŷ_i, y_i)        ∂J/∂ŷ_i = w_i/D ∂c/∂ŷ_i
/// ```
///
/// Outputs and targets have shape (outputs, samples): sample i is column i. The weights w and the divisor D are given by
/// [`Weights`]; without any, w = 1 and D is the number of samples. Implement the first three methods for a loss of your own.
pub trait Loss<T: Scalar>: Send + Sync {
    /// The name that summaries and model files show.
    fn name(&self) -> &str;

    /// c, the cost of one sample: a finite number for finite outputs of moderate size.
    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64;

    /// Writes `factor` ∂c/∂ŷ of one sample into its column of `delta`.
    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>);

    /// Checks that a network with so many outputs can learn by this loss.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) that says why not.
    fn check(&self, _outputs: usize) -> Result<()> {
        Ok(())
    }

    /// J and, over all of `delta`, ∂J/∂Ŷ: what training calls. Override it, and [`Loss::weighted_value`], where whole batches
    /// are faster; the numbers are those of the methods above but for rounding.
    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        for sample in 0..output.columns() {
            self.cost_gradient(output, target, sample, weights.factor(sample), delta);
        }
        self.weighted_value(output, target, weights)
    }

    /// J with weights, summed in a fixed order.
    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        check_shapes(output, target);
        let of_samples =
            |samples: Range<usize>| samples.map(|sample| weights.of(sample) * self.cost(output, target, sample)).sum();
        let operations = 8 * output.rows() * output.columns();
        sum_over_columns(output.columns(), operations, of_samples) / weights.divisor
    }

    /// J of samples that count alike.
    ///
    /// # Panics
    /// If the shapes of output and target differ.
    fn value(&self, output: &Tensor<T>, target: &Tensor<T>) -> f64 {
        self.weighted_value(output, target, Weights::equal(output.columns()))
    }

    /// ∂J/∂Ŷ of samples that count alike, the matrix from which the backward pass starts.
    ///
    /// # Panics
    /// If the shapes of output and target differ.
    fn gradient(&self, output: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        self.weighted_gradient(output, target, Weights::equal(output.columns()))
    }

    /// ∂J/∂Ŷ with weights, as those of [`crate::data::Batch::weights`].
    ///
    /// # Panics
    /// If the shapes of output and target differ.
    fn weighted_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> Tensor<T> {
        check_shapes(output, target);
        let mut delta = Tensor::zeros(output.rows(), output.columns());
        self.value_and_gradient(output, target, weights, &mut delta);
        delta
    }
}

/// How much each sample of a batch counts, and by what the weighted sum of costs is divided.
///
/// Where a batch is computed in parts, D belongs to the whole batch: then the values and the gradients of the parts add up to
/// those of the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights<'a> {
    /// w, for each sample; 1 for all without it.
    pub of_samples: Option<&'a [f64]>,
    /// D.
    pub divisor: f64,
}

impl Weights<'_> {
    /// So many samples that count alike: w = 1, D = their number.
    pub fn equal(samples: usize) -> Self {
        Weights { of_samples: None, divisor: samples as f64 }
    }

    /// w of one sample.
    pub fn of(&self, sample: usize) -> f64 {
        self.of_samples.map_or(1.0, |weights| weights[sample])
    }

    /// w/D of one sample.
    pub fn factor(&self, sample: usize) -> f64 {
        self.of(sample) / self.divisor
    }
}

/// Defines [`LossName`] from its table, a row for each loss.
macro_rules! losses {
    ($($(#[$doc:meta])* $loss:ident = $name:literal, $classes:expr;)*) => {
        words! {
            /// A built-in loss by its name.
            LossName { $($(#[$doc])* $loss = $name,)* }
        }

        impl LossName {
            /// The loss.
            pub fn loss<T: Scalar>(self) -> Box<dyn Loss<T>> {
                match self { $(LossName::$loss => Box::new($loss),)* }
            }

            /// Whether it is for classes; if not, it is for values.
            pub(crate) fn is_for_classes(self) -> bool {
                match self { $(LossName::$loss => $classes,)* }
            }
        }
    };
}

losses! {
    /// [`struct@CrossEntropy`], for classes.
    CrossEntropy = "cross-entropy", true;
    /// [`struct@Mse`], for values.
    Mse = "mse", false;
    /// [`struct@HalfMse`], for values.
    HalfMse = "half-mse", false;
}

impl<T: Scalar> Loss<T> for Box<dyn Loss<T>> {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn check(&self, outputs: usize) -> Result<()> {
        (**self).check(outputs)
    }
    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        (**self).cost(output, target, sample)
    }
    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        (**self).cost_gradient(output, target, sample, factor, delta);
    }
    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        (**self).weighted_value(output, target, weights)
    }
    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        (**self).value_and_gradient(output, target, weights, delta)
    }
}

/// What every loss asks of its arguments.
fn check_shapes<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>) {
    assert_eq!(output.shape(), target.shape(), "shapes of output and target");
}
