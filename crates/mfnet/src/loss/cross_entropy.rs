use super::Loss;
use crate::tensor::parts::{Columns, for_each_columns, sum_over_columns, sum_over_columns_of};
use crate::tensor::{Scalar, Tensor};

/// Softmax cross-entropy from logits, the mean over the m samples:
///
/// ```text
/// p = softmax(z)        J = −1/m Σ_samples Σ_k y_k log p_k        ∂J/∂z = (p Σ_k y_k − y)/m
/// ```
///
/// Outputs z are logits of shape (classes, samples); targets y are one-hot, or probabilities of the same shape.
/// log p_k is computed as z_k − c − log Σ exp(z_i − c) with c = max z (log-sum-exp), which neither overflows nor
/// loses small probabilities. The same as `torch.nn.CrossEntropyLoss()` with probabilities as targets; Keras' default takes
/// probabilities instead of logits.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossEntropy;

impl<T: Scalar> Loss<T> for CrossEntropy {
    fn name(&self) -> &str {
        "cross-entropy"
    }

    fn value(&self, output: &Tensor<T>, target: &Tensor<T>) -> f64 {
        let of_sample = |j: usize| {
            let largest = largest(output, j);
            let sum: f64 = output.pieces(j).flatten().map(|z| (*z - largest).exp().to_f64()).sum();
            cost(output, target, j, largest, sum)
        };
        let sum = sum_over_columns(output.columns(), cost_of(output), |samples| samples.map(of_sample).sum());
        sum / output.columns() as f64
    }

    fn gradient_into(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) {
        self.value_and_gradient(output, target, delta);
    }

    fn value_and_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) -> f64 {
        let m = output.columns() as f64;
        let one_by_m = T::from_f64(1.0 / m);
        let sum = sum_over_columns_of(delta, cost_of(output), |mut delta| {
            let samples = delta.numbers();
            let of_sample = |j: usize| {
                let Exponentials { largest, sum, sum_f64 } = exponentials_into(output, &mut delta, j);
                let total: T = target.pieces(j).flatten().copied().sum();
                let factor = total / sum;
                for (panel, y) in target.pieces(j).enumerate() {
                    for (d, y) in delta.piece(panel, j).iter_mut().zip(y) {
                        *d = (*d * factor - *y) * one_by_m;
                    }
                }
                cost(output, target, j, largest, sum_f64)
            };
            samples.map(of_sample).sum()
        });
        sum / m
    }
}

/// What the loss of these outputs is taken to cost, in floating-point operations, for the decision whether to share the work.
fn cost_of<T: Scalar>(output: &Tensor<T>) -> usize {
    2000 * output.rows() * output.columns()
}

/// The probabilities of each class for every sample, softmax over each column of `logits`.
///
/// ```
/// use mfnet::{Tensor, softmax};
/// let p = softmax(&Tensor::from_rows([[0.0, 1000.0], [0.0, 0.0]]));
/// assert_eq!(p, Tensor::from_rows([[0.5, 1.0], [0.5, 0.0]]));
/// ```
pub fn softmax<T: Scalar>(logits: &Tensor<T>) -> Tensor<T> {
    let mut p = Tensor::zeros(logits.rows(), logits.columns());
    for_each_columns(&mut p, cost_of(logits), |mut p| {
        for j in p.numbers() {
            let sum = exponentials_into(logits, &mut p, j).sum;
            for panel in 0..logits.layout().panels() {
                p.piece(panel, j).iter_mut().for_each(|p| *p /= sum);
            }
        }
    });
    p
}

/// c = max z of a sample. A NaN among the logits makes the exponentials, and so the loss, NaN.
fn largest<T: Scalar>(logits: &Tensor<T>, j: usize) -> T {
    logits.pieces(j).flatten().fold(T::from_f64(f64::NEG_INFINITY), |c, z| c.max(*z))
}

/// Of the logits z of a sample: c = max z, and Σ exp(z_i − c), in `T` and with each term in `f64`.
struct Exponentials<T> {
    largest: T,
    sum: T,
    sum_f64: f64,
}

/// Writes exp(z_k − c) into column j of `p`.
fn exponentials_into<T: Scalar>(logits: &Tensor<T>, p: &mut Columns<'_, T>, j: usize) -> Exponentials<T> {
    let largest = largest(logits, j);
    let (mut sum, mut sum_f64) = (T::ZERO, 0.0);
    for (panel, z) in logits.pieces(j).enumerate() {
        for (p, z) in p.piece(panel, j).iter_mut().zip(z) {
            *p = (*z - largest).exp();
            sum += *p;
            sum_f64 += p.to_f64();
        }
    }
    Exponentials { largest, sum, sum_f64 }
}

/// −Σ_k y_k (z_k − c − log Σ exp(z_i − c)) of column j, given c and Σ exp(z_i − c).
fn cost<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>, j: usize, largest: T, sum: f64) -> f64 {
    let log_sum = sum.ln();
    let of = |(z, y): (&T, &T)| {
        // a class of probability 0 in y counts nothing, even where z is −∞
        if *y == T::ZERO { 0.0 } else { y.to_f64() * (log_sum - (*z - largest).to_f64()) }
    };
    output.pieces(j).flatten().zip(target.pieces(j).flatten()).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_in_a_logit_is_not_hidden() {
        let z = Tensor::from_rows([[f64::NAN], [1.0]]);
        let y = Tensor::from_rows([[0.0], [1.0]]);
        assert!(CrossEntropy.value(&z, &y).is_nan());
        assert!(CrossEntropy.gradient(&z, &y).iter().all(|d| d.is_nan()));
    }
}
