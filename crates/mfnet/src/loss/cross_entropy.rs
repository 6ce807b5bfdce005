use super::Loss;
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
        self.value_and_gradient(output, target, &mut Tensor::zeros(output.rows(), output.columns()))
    }

    fn gradient_into(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) {
        self.value_and_gradient(output, target, delta);
    }

    fn value_and_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) -> f64 {
        let m = output.columns() as f64;
        let one_by_m = T::from_f64(1.0 / m);
        let mut loss = 0.0;
        for j in 0..output.columns() {
            let exponentials = exponentials_into(output, delta, j);
            loss += cost(output, target, j, &exponentials);
            let total: T = target.pieces(j).flatten().copied().sum();
            let factor = total / exponentials.sum;
            delta.for_each_piece_mut(j, |panel, d| {
                for (d, y) in d.iter_mut().zip(target.piece(panel, j)) {
                    *d = (*d * factor - *y) * one_by_m;
                }
            });
        }
        loss / m
    }
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
    for j in 0..logits.columns() {
        let sum = exponentials_into(logits, &mut p, j).sum;
        p.for_each_piece_mut(j, |_, p| p.iter_mut().for_each(|p| *p /= sum));
    }
    p
}

/// Of the logits z of a sample: c = max z, and Σ exp(z_i − c), in `T` and with each term in `f64`.
struct Exponentials<T> {
    largest: T,
    sum: T,
    sum_f64: f64,
}

/// Writes exp(z_k − c) into column j of `p`.
fn exponentials_into<T: Scalar>(logits: &Tensor<T>, p: &mut Tensor<T>, j: usize) -> Exponentials<T> {
    // a NaN among the logits makes the exponentials, and so the loss, NaN
    let largest = logits.pieces(j).flatten().fold(T::from_f64(f64::NEG_INFINITY), |c, z| c.max(*z));
    let (mut sum, mut sum_f64) = (T::ZERO, 0.0);
    p.for_each_piece_mut(j, |panel, p| {
        for (p, z) in p.iter_mut().zip(logits.piece(panel, j)) {
            *p = (*z - largest).exp();
            sum += *p;
            sum_f64 += p.to_f64();
        }
    });
    Exponentials { largest, sum, sum_f64 }
}

/// −Σ_k y_k (z_k − c − log Σ exp(z_i − c)) of column j.
fn cost<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>, j: usize, exponentials: &Exponentials<T>) -> f64 {
    let log_sum = exponentials.sum_f64.ln();
    let of = |(z, y): (&T, &T)| {
        // a class of probability 0 in y counts nothing, even where z is −∞
        if *y == T::ZERO { 0.0 } else { y.to_f64() * (log_sum - (*z - exponentials.largest).to_f64()) }
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
