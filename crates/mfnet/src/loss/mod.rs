//! Losses: one number J for a batch, and its gradient with respect to the network's output.

mod cross_entropy;
mod half_mse;
mod mse;

pub use cross_entropy::{CrossEntropy, softmax};
pub use half_mse::HalfMse;
pub use mse::Mse;

use std::ops::Range;

use crate::tensor::kernel::vectorised;
use crate::tensor::parts::sum_over_columns;
use crate::tensor::{Scalar, Tensor};

/// A loss J(Ŷ, Y) of a batch. Write your own by implementing the first three methods.
///
/// Outputs and targets have shape (outputs, samples). The value is a mean over samples (divide by their number m),
/// so that the loss of a part of the data is the mean of its batches' losses weighed by their sizes.
pub trait Loss<T: Scalar>: Send + Sync {
    /// The name that summaries and model files show.
    fn name(&self) -> &str;

    /// J, a finite number for finite outputs of moderate size. Summed in a fixed order.
    ///
    /// # Panics
    /// If the shapes of output and target differ.
    fn value(&self, output: &Tensor<T>, target: &Tensor<T>) -> f64;

    /// Writes ∂J/∂Ŷ, of the output's shape, over all of `delta`.
    fn gradient_into(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>);

    /// ∂J/∂Ŷ, the matrix from which the backward pass starts.
    ///
    /// # Panics
    /// If the shapes of output and target differ.
    fn gradient(&self, output: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        check_shapes(output, target);
        let mut delta = Tensor::zeros(output.rows(), output.columns());
        self.gradient_into(output, target, &mut delta);
        delta
    }

    /// Both at once, for training; override it where the two share work. Must give the same bits.
    fn value_and_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) -> f64 {
        self.gradient_into(output, target, delta);
        self.value(output, target)
    }
}

impl<T: Scalar> dyn Loss<T> {
    /// The built-in loss of this name; none for an unknown one.
    pub fn from_name(name: &str) -> Option<Box<dyn Loss<T>>> {
        let all: [Box<dyn Loss<T>>; 3] = [Box::new(CrossEntropy), Box::new(Mse), Box::new(HalfMse)];
        all.into_iter().find(|loss| loss.name() == name)
    }
}

impl<T: Scalar> Loss<T> for Box<dyn Loss<T>> {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn value(&self, output: &Tensor<T>, target: &Tensor<T>) -> f64 {
        (**self).value(output, target)
    }
    fn gradient_into(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) {
        (**self).gradient_into(output, target, delta);
    }
    fn value_and_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) -> f64 {
        (**self).value_and_gradient(output, target, delta)
    }
}

/// Σ (ŷ − y)² over samples and outputs, in `f64` and a fixed order.
fn squared_error<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>) -> f64 {
    check_shapes(output, target);
    let layout = output.layout();
    let of_samples = |samples: Range<usize>| {
        let mut sum = 0.0;
        for panel in 0..layout.panels() {
            let (place, height) = (layout.place(panel, samples.clone()), layout.height(panel));
            let rows = T::PANEL.min(output.rows() - panel * T::PANEL);
            let columns = output.storage()[place.clone()].chunks_exact(height);
            for (o, t) in columns.zip(target.storage()[place].chunks_exact(height)) {
                for (o, t) in o[..rows].iter().zip(&t[..rows]) {
                    let error = o.to_f64() - t.to_f64();
                    sum += error * error;
                }
            }
        }
        sum
    };
    sum_over_columns(output.columns(), 8 * output.rows() * output.columns(), of_samples)
}

/// What every loss asks of its arguments.
fn check_shapes<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>) {
    assert_eq!(output.shape(), target.shape(), "shapes of output and target");
}

/// δ = factor · (ŷ − y).
fn scaled_difference<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>, factor: T, delta: &mut Tensor<T>) {
    check_shapes(output, target);
    assert_eq!(output.shape(), delta.shape(), "shapes of output and delta");
    let (output, target, delta) = (output.storage(), target.storage(), delta.storage_mut());
    vectorised(delta.iter_mut().zip(output).zip(target), |((d, o), t)| *d = (*o - *t) * factor);
}
