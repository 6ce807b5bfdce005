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
        let m = output.columns() as f64;
        (0..output.columns()).map(|j| sample_loss(output, target, j)).sum::<f64>() / m
    }

    fn gradient_into(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) {
        let m = T::from_f64(output.columns() as f64);
        for j in 0..output.columns() {
            softmax_into(output, delta, j);
            let total: T = target.column(j).sum();
            delta.for_each_piece_mut(j, |panel, d| {
                for (d, y) in d.iter_mut().zip(target.piece(panel, j)) {
                    *d = (*d * total - *y) / m;
                }
            });
        }
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
        softmax_into(logits, &mut p, j);
    }
    p
}

/// −Σ_k y_k (z_k − c − log Σ exp(z_i − c)), c = max z, of column j.
fn sample_loss<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>, j: usize) -> f64 {
    let c = maximum(output, j);
    let log_sum = output.column(j).map(|z| (z - c).exp().to_f64()).sum::<f64>().ln();
    // a class of probability 0 in y counts nothing, even where z is −∞
    let cost = |(z, y): (T, T)| if y == T::ZERO { 0.0 } else { y.to_f64() * (log_sum - (z - c).to_f64()) };
    output.column(j).zip(target.column(j)).map(cost).sum()
}

/// p_k = exp(z_k − c) / Σ exp(z_i − c), c = max z, of column j.
fn softmax_into<T: Scalar>(logits: &Tensor<T>, p: &mut Tensor<T>, j: usize) {
    let c = maximum(logits, j);
    let mut sum = T::ZERO;
    p.for_each_piece_mut(j, |panel, p| {
        for (p, z) in p.iter_mut().zip(logits.piece(panel, j)) {
            *p = (*z - c).exp();
            sum += *p;
        }
    });
    p.for_each_piece_mut(j, |_, p| p.iter_mut().for_each(|p| *p /= sum));
}

/// The largest logit of column j. A NaN among them makes the exponentials, and so the loss, NaN.
fn maximum<T: Scalar>(logits: &Tensor<T>, j: usize) -> T {
    logits.column(j).fold(T::from_f64(f64::NEG_INFINITY), |c, z| c.max(z))
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
