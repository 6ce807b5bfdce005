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
        (0..output.columns()).map(|j| sample_loss(output.column_slice(j), target.column_slice(j))).sum::<f64>() / m
    }

    fn gradient_into(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) {
        let m = T::from_f64(output.columns() as f64);
        for j in 0..output.columns() {
            let (y, d) = (target.column_slice(j), delta.column_slice_mut(j));
            softmax_into(output.column_slice(j), d);
            let total: T = y.iter().copied().sum();
            for (d, y) in d.iter_mut().zip(y) {
                *d = (*d * total - *y) / m;
            }
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
        softmax_into(logits.column_slice(j), p.column_slice_mut(j));
    }
    p
}

/// −Σ_k y_k (z_k − c − log Σ exp(z_i − c)), c = max z.
fn sample_loss<T: Scalar>(z: &[T], y: &[T]) -> f64 {
    let c = maximum(z);
    let log_sum = z.iter().map(|z| (*z - c).exp().to_f64()).sum::<f64>().ln();
    // a class of probability 0 in y counts nothing, even where z is −∞
    let cost = |(z, y): (&T, &T)| if *y == T::ZERO { 0.0 } else { y.to_f64() * (log_sum - (*z - c).to_f64()) };
    z.iter().zip(y).map(cost).sum()
}

/// p_k = exp(z_k − c) / Σ exp(z_i − c), c = max z.
fn softmax_into<T: Scalar>(z: &[T], p: &mut [T]) {
    let c = maximum(z);
    let mut sum = T::ZERO;
    for (p, z) in p.iter_mut().zip(z) {
        *p = (*z - c).exp();
        sum += *p;
    }
    for p in p {
        *p /= sum;
    }
}

/// The largest logit. A NaN among them makes the exponentials, and so the loss, NaN.
fn maximum<T: Scalar>(z: &[T]) -> T {
    z.iter().fold(T::from_f64(f64::NEG_INFINITY), |c, z| c.max(*z))
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
