use serde::{Deserialize, Serialize};

use super::elementwise::{Terms, map, sum, sums};
use super::spec::{HasSettings, Settings, features_of, positive};
use super::{Backward, Layer};
use crate::error::{Error, Result};
use crate::optimizer::{Parameter, ParameterKind};
use crate::pass::Context;
use crate::tensor::{Memo, Scalar, Tensor};

/// Batch normalisation: gives each feature mean 0 and variance 1 over the samples of a batch, then scales and shifts it.
///
/// ```text
/// training     μ = 1/m A 1            σ² = 1/m (A − μ 1ᵀ)² 1             m samples, one μ and σ² a feature
/// prediction   μ and σ² are the running ones
/// forward      X̂ = (A − μ 1ᵀ)/√(σ² + ε)        Z = γ 1ᵀ ⊙ X̂ + β 1ᵀ
/// backward     ∂J/∂β = Δ 1            ∂J/∂γ = (Δ ⊙ X̂) 1
///              ∂J/∂A = γ/√(σ² + ε) ⊙ (Δ − 1/m ∂J/∂β 1ᵀ − 1/m X̂ ⊙ ∂J/∂γ 1ᵀ)
/// buffers      running mean ← (1 − κ) running mean + κ μ
///              running variance ← (1 − κ) running variance + κ m/(m − 1) σ²
/// ```
///
/// γ starts at 1, β at 0, the running mean at 0, the running variance at 1. Where a batch is computed in parts
/// ([`Trainer::shards`](crate::Trainer::shards), [`Trainer::accumulate`](crate::Trainer::accumulate)), each part has its own
/// μ and σ², and the buffers are renewed once a part. A batch needs two samples: [`Trainer`](crate::Trainer) refuses others;
/// in a loop of your own one sample gives Z = β and leaves the buffers as they are, where PyTorch raises an error.
///
/// Source: Ioffe and Szegedy 2015, "Batch normalization: accelerating deep network training by reducing internal covariate
/// shift". The same as `torch.nn.BatchNorm1d`, whose κ is called `momentum`; Keras' `momentum` is 1 − κ.
#[derive(Clone, Debug)]
pub struct BatchNorm<T: Scalar = f64> {
    epsilon: f64,
    momentum: f64,
    gamma: Parameter<T>,
    beta: Parameter<T>,
    mean: Tensor<T>,
    variance: Tensor<T>,
    /// Batches that were seen: PyTorch has the number in its files, too. In `f32` it stays at 2²⁴.
    batches: Tensor<T>,
}

/// The settings of a [`BatchNorm`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchNormSettings {
    /// Features; those of the layer before without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<usize>,
    /// ε; 10⁻⁵.
    pub epsilon: f64,
    /// κ; 0.1.
    pub momentum: f64,
}

impl Default for BatchNormSettings {
    fn default() -> Self {
        BatchNormSettings { features: None, epsilon: 1e-5, momentum: 0.1 }
    }
}

/// What the forward pass of a training step keeps: μ, σ², 1/√(σ² + ε), and the number of samples.
const KEPT: usize = 4;

impl<T: Scalar> Layer<T> for BatchNorm<T> {
    fn name(&self) -> String {
        self.settings().words()
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        features_of("batch norm", Some(self.mean.rows()), input_features)
    }

    fn least_samples(&self) -> usize {
        2
    }

    #[inline(never)]
    fn forward(&self, at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, memo: &mut Memo<T>) {
        let (features, samples) = a.shape();
        let one_by_m = T::from_f64(1.0 / samples as f64);
        let [mean, variance, inverse, count] = memo.keep([(features, 1), (features, 1), (features, 1), (1, 1)]);
        count.fill(T::from_f64(samples as f64));
        if at.is_training() {
            sum(mean, Terms::of(a, a), |term| term.x);
            mean.scale(one_by_m);
            let terms = Terms { of_features: Some(mean), ..Terms::of(a, a) };
            sum(variance, terms, |term| (term.x - term.of_feature) * (term.x - term.of_feature));
            variance.scale(one_by_m);
        } else {
            mean.copy_from(&self.mean);
            variance.copy_from(&self.variance);
        }
        let epsilon = T::from_f64(self.epsilon);
        map(inverse, [variance], [], move |[variance], []| T::ONE / (variance + epsilon).sqrt());
        map(z, [a], [mean, inverse, &self.gamma.value, &self.beta.value], |[a], [mean, inverse, gamma, beta]| {
            (a - mean) * inverse * gamma + beta
        });
    }

    #[inline(never)]
    fn backward(&self, at: &Context, pass: Backward<'_, T>) {
        let Backward { input: a, delta, gradients: [dj_dgamma, dj_dbeta], input_gradient, .. } = pass else { return };
        let [mean, _, inverse, _]: &[Tensor<T>; KEPT] = pass.memo.kept();
        let terms = Terms { of_features: Some(mean), ..Terms::of(delta, a) };
        sums([dj_dbeta, dj_dgamma], terms, |term| [term.delta, term.delta * (term.x - term.of_feature)]);
        dj_dgamma.storage_mut().iter_mut().zip(inverse.storage()).for_each(|(sum, inverse)| *sum *= *inverse);
        let Some(dj_da) = input_gradient else { return };
        if !at.is_training() {
            return map(dj_da, [delta], [inverse, &self.gamma.value], |[d], [inverse, gamma]| d * inverse * gamma);
        }
        let one_by_m = T::from_f64(1.0 / a.columns() as f64);
        let of_features = [mean, inverse, &self.gamma.value, dj_dbeta, dj_dgamma];
        map(dj_da, [delta, a], of_features, move |[d, a], [mean, inverse, gamma, dj_dbeta, dj_dgamma]| {
            let x_hat = (a - mean) * inverse;
            gamma * inverse * (d - one_by_m * (dj_dbeta + x_hat * dj_dgamma))
        });
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {
        visit("weight", &self.gamma);
        visit("bias", &self.beta);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {
        visit("weight", &mut self.gamma);
        visit("bias", &mut self.beta);
    }

    fn buffers<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Tensor<T>)) {
        visit("running_mean", &self.mean);
        visit("running_var", &self.variance);
        visit(super::COUNT, &self.batches);
    }

    fn buffers_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Tensor<T>)) {
        visit("running_mean", &mut self.mean);
        visit("running_var", &mut self.variance);
        visit(super::COUNT, &mut self.batches);
    }

    fn renew_buffers(&mut self, memo: &Memo<T>) {
        let [mean, variance, _, count]: &[Tensor<T>; KEPT] = memo.kept();
        let m = count[(0, 0)];
        if m < T::from(2) {
            return;
        }
        let kappa = T::from_f64(self.momentum);
        let moved = |from: &mut Tensor<T>, to: &Tensor<T>, factor: T| {
            let numbers = from.storage_mut().iter_mut().zip(to.storage());
            numbers.for_each(|(running, x)| *running = (T::ONE - kappa) * *running + kappa * (*x * factor));
        };
        moved(&mut self.mean, mean, T::ONE);
        moved(&mut self.variance, variance, m / (m - T::ONE));
        self.batches[(0, 0)] += T::ONE;
    }
}

impl<T: Scalar> HasSettings for BatchNorm<T> {
    type Settings = BatchNormSettings;
    fn settings(&self) -> BatchNormSettings {
        let BatchNorm { epsilon, momentum, mean, .. } = self;
        BatchNormSettings { features: Some(mean.rows()), epsilon: *epsilon, momentum: *momentum }
    }
}

impl Settings for BatchNormSettings {
    type Of<T: Scalar> = BatchNorm<T>;

    fn check(&self) -> Result<()> {
        positive("epsilon of a batch norm", self.epsilon)?;
        if (0.0..=1.0).contains(&self.momentum) {
            return Ok(());
        }
        Err(Error::invalid("momentum of a batch norm", "a number from 0 to 1", self.momentum))
    }

    fn layer<T: Scalar>(&self, features: usize) -> Result<BatchNorm<T>> {
        let BatchNormSettings { epsilon, momentum, .. } = *self;
        let features = features_of("batch norm", self.features, features)?;
        let [gamma, variance] = [(); 2].map(|()| Tensor::from_fn(features, 1, |_, _| T::ONE));
        Ok(BatchNorm {
            epsilon,
            momentum,
            gamma: Parameter::new(ParameterKind::Scales, gamma),
            beta: Parameter::biases(Tensor::zeros(features, 1)),
            mean: Tensor::zeros(features, 1),
            variance,
            batches: Tensor::zeros(1, 1),
        })
    }

    fn words(&self) -> String {
        "batch norm".to_owned()
    }

    fn torch(&self) -> String {
        let BatchNormSettings { features, epsilon, momentum } = self;
        format!("nn.BatchNorm1d({}, eps={epsilon:e}, momentum={momentum})", features.unwrap_or(0))
    }
}
