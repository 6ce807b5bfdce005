//! scikit-learn's losses. It takes the gradient of the sum over the outputs, and shows a mean or a sum.

use mfnet::loss::{BinaryCrossEntropy, LossName, Poisson, Weights};
use mfnet::{CrossEntropy, HalfMse, Loss, Result, Scalar, Tensor};

/// The loss of this name for a network with this many outputs.
pub(super) fn loss<T: Scalar>(name: &str, outputs: usize) -> std::result::Result<Box<dyn Loss<T>>, String> {
    let n = outputs as f64;
    Ok(match name {
        "log_loss" => Box::new(CrossEntropy),
        "binary_log_loss" => Box::new(Scaled { loss: BinaryCrossEntropy, gradient: n, value: n }),
        "squared_error" => Box::new(Scaled { loss: HalfMse, gradient: 1.0, value: 1.0 / n }),
        "poisson" => Box::new(HalfPoissonDeviance { outputs: n }),
        "focal" => LossName::Focal { gamma: 2.0 }.loss(),
        other => match library_name(other).parse::<LossName>()? {
            LossName::CrossEntropy => Box::new(CrossEntropy),
            name @ (LossName::Focal { .. } | LossName::SmoothedCrossEntropy { .. }) => name.loss(),
            name => Box::new(Scaled { loss: name.loss(), gradient: n, value: 1.0 }),
        },
    })
}

/// The library's name of a loss with scikit-learn's name.
pub(super) fn library_name(name: &str) -> String {
    let (word, setting) = name.split_at(name.find(':').unwrap_or(name.len()));
    let word = match word {
        "absolute_error" => "mae".to_owned(),
        "log_loss" => "cross-entropy".to_owned(),
        "smoothed_log_loss" => "smoothed-cross-entropy".to_owned(),
        other => other.replace('_', "-"),
    };
    word + setting
}

/// A loss with factors for its gradient and its value.
struct Scaled<L> {
    loss: L,
    gradient: f64,
    value: f64,
}

impl<T: Scalar, L: Loss<T>> Loss<T> for Scaled<L> {
    fn name(&self) -> &str {
        self.loss.name()
    }

    fn check(&self, outputs: usize) -> Result<()> {
        self.loss.check(outputs)
    }

    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        self.value * self.loss.cost(output, target, sample)
    }

    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        self.loss.cost_gradient(output, target, sample, self.gradient * factor, delta);
    }

    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        self.value * self.loss.weighted_value(output, target, weights)
    }

    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        let divided = Weights { divisor: weights.divisor / self.gradient, ..weights };
        self.value / self.gradient * self.loss.value_and_gradient(output, target, divided, delta)
    }
}

/// J = 1/m Σ (y ln y − y z − y + exp z), the sum over outputs and samples.
struct HalfPoissonDeviance {
    outputs: f64,
}

impl HalfPoissonDeviance {
    /// y ln y − y of a sample.
    fn constant<T: Scalar>(target: &Tensor<T>, sample: usize) -> f64 {
        let of = |y: T| if y == T::ZERO { 0.0 } else { y.to_f64() * (y.to_f64().ln() - 1.0) };
        target.column(sample).map(of).sum()
    }

    fn constants<T: Scalar>(target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        (0..target.columns()).map(|sample| weights.factor(sample) * Self::constant(target, sample)).sum()
    }

    fn scaled(&self) -> Scaled<Poisson> {
        Scaled { loss: Poisson, gradient: self.outputs, value: self.outputs }
    }
}

impl<T: Scalar> Loss<T> for HalfPoissonDeviance {
    fn name(&self) -> &str {
        "poisson"
    }

    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        self.scaled().cost(output, target, sample) + Self::constant(target, sample)
    }

    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        self.scaled().cost_gradient(output, target, sample, factor, delta);
    }

    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        self.scaled().weighted_value(output, target, weights) + Self::constants(target, weights)
    }

    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        self.scaled().value_and_gradient(output, target, weights, delta) + Self::constants(target, weights)
    }
}
