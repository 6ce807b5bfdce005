use super::{Loss, check_classes};
use crate::error::{Result, require};
use crate::tensor::{Scalar, Tensor};

/// The focal loss, a cross-entropy in which samples that are already right count less, averaged over
/// the m samples, from logits z:
///
/// ```text
/// p = softmax(z)        J = −1/m Σ_samples Σ_k y_k (1 − p_k)^γ log p_k
/// ∂c/∂z_j = y_j a_j − p_j Σ_k y_k a_k        a_k = γ p_k (1 − p_k)^(γ − 1) log p_k − (1 − p_k)^γ
/// ```
///
/// With γ = 0 it is [`struct@super::CrossEntropy`]. Lin et al. 2017 introduce it for two classes,
/// with γ = 2; this is the form for any number of them. Their weights α of the classes are class
/// weights here ([`crate::Dataset::with_class_weights`]).
///
/// ```
/// use mfnet::{Loss, Tensor};
/// use mfnet::loss::Focal;
/// let (logits, y) = (Tensor::from_rows([[0.0], [0.0]]), Tensor::from_rows([[1.0], [0.0]]));
/// assert_eq!(Focal { gamma: 2.0 }.value(&logits, &y), 0.25 * 2.0_f64.ln());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Focal {
    /// γ, 0 or more.
    pub gamma: f64,
}

impl Focal {
    /// (1 − p)^γ and log p/(1 − p), whose limit is −1 for p → 1.
    fn parts(self, log_p: f64) -> (f64, f64) {
        let rest = -Scalar::exp_m1(log_p);
        (rest.powf(self.gamma), if rest > 0.0 { log_p / rest } else { -1.0 })
    }
}

/// A function that turns the logits of one sample into logarithms of probabilities.
fn log_p<T: Scalar>(logits: &Tensor<T>, sample: usize) -> impl Fn(T) -> f64 {
    let z = || logits.column(sample).map(T::to_f64);
    let largest = z().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = z().map(|z| Scalar::exp(z - largest)).sum::<f64>().ln();
    move |z| z.to_f64() - largest - log_sum
}

impl<T: Scalar> Loss<T> for Focal {
    fn name(&self) -> &str {
        "focal"
    }

    fn described(&self) -> String {
        format!("focal:{}", self.gamma)
    }

    fn check(&self, outputs: usize) -> Result<()> {
        let fits = self.gamma >= 0.0 && self.gamma.is_finite();
        require("gamma of the focal loss", self.gamma, fits, "0 or a positive number")?;
        check_classes(outputs)
    }

    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        let log_p = log_p(output, sample);
        let of_class = |(z, y): (T, T)| {
            let log_p = log_p(z);
            // a class with target 0 contributes 0, even if its log p is −∞
            if y == T::ZERO { 0.0 } else { -y.to_f64() * self.parts(log_p).0 * log_p }
        };
        output.column(sample).zip(target.column(sample)).map(of_class).sum()
    }

    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        let log_p = log_p(output, sample);
        // y a
        let of_class = |(z, y): (T, T)| {
            let (power, ratio) = self.parts(log_p(z));
            let p = Scalar::exp(log_p(z));
            if y == T::ZERO { 0.0 } else { y.to_f64() * power * (self.gamma * p * ratio - 1.0) }
        };
        let classes = || output.column(sample).zip(target.column(sample));
        let sum: f64 = classes().map(of_class).sum();
        for (delta, (z, y)) in delta.column_mut(sample).zip(classes()) {
            *delta = T::from_f64(factor * (of_class((z, y)) - Scalar::exp(log_p(z)) * sum));
        }
    }
}
