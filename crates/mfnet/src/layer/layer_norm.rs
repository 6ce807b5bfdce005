use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::elementwise::{COST, HIGHEST, Terms, sums};
use super::spec::{HasSettings, Settings, features_of, positive};
use super::{Backward, Layer};
use crate::error::Result;
use crate::optimizer::{Parameter, ParameterKind};
use crate::pass::Context;
use crate::tensor::kernel::{Body, Panels, with_vectors};
use crate::tensor::parts::{Columns, for_each_columns};
use crate::tensor::{Memo, Scalar, Tensor};

/// Layer normalisation: gives each sample mean 0 and variance 1 over its features, then scales and shifts each feature.
///
/// ```text
/// forward    μ = 1/n 1ᵀ A        σ² = 1/n 1ᵀ (A − 1 μ)²        n features, one μ and σ² a sample
///            X̂ = (A − 1 μ)/√(σ² + ε)        Z = γ 1ᵀ ⊙ X̂ + β 1ᵀ
/// backward   ∂J/∂β = Δ 1        ∂J/∂γ = (Δ ⊙ X̂) 1        Δ̂ = γ 1ᵀ ⊙ Δ
///            ∂J/∂A = 1/√(σ² + ε) ⊙ (Δ̂ − 1/n 1 1ᵀ Δ̂ − 1/n X̂ ⊙ 1 1ᵀ (Δ̂ ⊙ X̂))
/// ```
///
/// γ starts at 1 and β at 0. Training and prediction do the same.
///
/// Source: Ba, Kiros, Hinton 2016, "Layer normalization". The same as `torch.nn.LayerNorm(features)`.
#[derive(Clone, Debug)]
pub struct LayerNorm<T: Scalar = f64> {
    epsilon: f64,
    gamma: Parameter<T>,
    beta: Parameter<T>,
}

/// The settings of a [`LayerNorm`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LayerNormSettings {
    /// Features; those of the layer before without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<usize>,
    /// ε; 10⁻⁵.
    pub epsilon: f64,
}

impl Default for LayerNormSettings {
    fn default() -> Self {
        LayerNormSettings { features: None, epsilon: 1e-5 }
    }
}

impl<T: Scalar> Layer<T> for LayerNorm<T> {
    fn name(&self) -> String {
        self.settings().words()
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        features_of("layer norm", Some(self.gamma.value.rows()), input_features)
    }

    #[inline(never)]
    fn forward(&self, _at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, memo: &mut Memo<T>) {
        // μ and 1/√(σ² + ε) of each sample
        let [moments] = memo.keep([(2, a.columns())]);
        let (cost, epsilon) = (COST * a.rows() * a.columns(), T::from_f64(self.epsilon));
        for_each_columns(moments, cost, |to| with_vectors(Moments { to, a, epsilon }));
        let (moments, gamma, beta) = (&*moments, &self.gamma.value, &self.beta.value);
        for_each_columns(z, cost, |to| with_vectors(Normalise { to, a, moments, gamma, beta }));
    }

    #[inline(never)]
    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        let Backward { input: a, delta, gradients: [dj_dgamma, dj_dbeta], input_gradient, .. } = pass else { return };
        let [moments] = pass.memo.kept();
        let terms = Terms { of_samples: Some(moments), ..Terms::of(delta, a) };
        sums([dj_dbeta, dj_dgamma], terms, |term| {
            let [mean, inverse] = term.of_sample;
            [term.delta, term.delta * ((term.x - mean) * inverse)]
        });
        if let Some(dj_da) = input_gradient {
            let (cost, gamma) = (2 * COST * a.rows() * a.columns(), &self.gamma.value);
            for_each_columns(dj_da, cost, |to| with_vectors(Differentiate { to, delta, a, moments, gamma }));
        }
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {
        visit("weight", &self.gamma);
        visit("bias", &self.beta);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {
        visit("weight", &mut self.gamma);
        visit("bias", &mut self.beta);
    }
}

/// A sum over features as many sums, one for each row of the highest panel, so that it becomes vectors.
type Lanes<T> = [T; HIGHEST];

/// Adds f(pieces) of each feature of a panel to the lanes.
#[inline(always)]
fn add<T: Scalar, const K: usize>(lanes: &mut Lanes<T>, pieces: [&[T]; K], f: impl Fn([T; K]) -> T) {
    let length = pieces[0].len().min(lanes.len());
    let pieces = pieces.map(|piece| &piece[..length]);
    for i in 0..length {
        lanes[i] += f(pieces.map(|piece| piece[i]));
    }
}

/// The sum of the lanes, as a tree.
#[inline(always)]
fn total<T: Scalar>(lanes: &mut Lanes<T>) -> T {
    let mut half = T::PANEL / 2;
    while half > 0 {
        let (sums, others) = lanes.split_at_mut(half);
        for (sum, other) in sums.iter_mut().zip(others) {
            *sum += *other;
        }
        half /= 2;
    }
    lanes[0]
}

/// μ and 1/√(σ² + ε) of some samples.
struct Moments<'a, T: Scalar> {
    to: Columns<'a, T>,
    a: &'a Tensor<T>,
    epsilon: T,
}

impl<T: Scalar> Body for Moments<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (samples, one_by_n) = (self.to.numbers(), T::from_f64(1.0 / self.a.rows() as f64));
        let (to, height) = self.to.panel(0);
        for (sample, to) in samples.zip(to.chunks_exact_mut(height)) {
            let mut lanes = [T::ZERO; HIGHEST];
            for a in self.a.pieces(sample) {
                add(&mut lanes, [a], |[a]| a);
            }
            let mean = total(&mut lanes) * one_by_n;
            let mut lanes = [T::ZERO; HIGHEST];
            for a in self.a.pieces(sample) {
                add(&mut lanes, [a], |[a]| (a - mean) * (a - mean));
            }
            (to[0], to[1]) = (mean, T::ONE / (total(&mut lanes) * one_by_n + self.epsilon).sqrt());
        }
    }
}

/// The part of a panel of one sample, with its padding: all of `column` is a whole number of vectors.
#[inline(always)]
fn column<T: Scalar>(of: &Tensor<T>, panel: usize, sample: usize, height: usize) -> &[T] {
    &of.storage()[of.layout().place(panel, sample..sample + 1)][..height]
}

/// Z of some samples.
struct Normalise<'a, T: Scalar> {
    to: Columns<'a, T>,
    a: &'a Tensor<T>,
    moments: &'a Tensor<T>,
    gamma: &'a Tensor<T>,
    beta: &'a Tensor<T>,
}

impl<T: Scalar> Body for Normalise<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let samples: Range<usize> = self.to.numbers();
        for panel in 0..self.a.layout().panels() {
            let (to, height) = self.to.panel(panel);
            let (gamma, beta) = (column(self.gamma, panel, 0, height), column(self.beta, panel, 0, height));
            for (sample, z) in samples.clone().zip(to.chunks_exact_mut(height)) {
                let (mean, inverse) = (self.moments[(0, sample)], self.moments[(1, sample)]);
                let a = column(self.a, panel, sample, height);
                for i in 0..height {
                    z[i] = (a[i] - mean) * inverse * gamma[i] + beta[i];
                }
            }
        }
    }
}

/// Samples that are differentiated side by side, so that memory is read in order.
const BLOCK: usize = 8;

/// ∂J/∂A of some samples.
struct Differentiate<'a, T: Scalar> {
    to: Columns<'a, T>,
    delta: &'a Tensor<T>,
    a: &'a Tensor<T>,
    moments: &'a Tensor<T>,
    gamma: &'a Tensor<T>,
}

impl<T: Scalar> Body for Differentiate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (panels, one_by_n) = (self.a.layout().panels(), T::from_f64(1.0 / self.a.rows() as f64));
        let samples = self.to.numbers();
        for first in samples.clone().step_by(BLOCK) {
            let samples = first..samples.end.min(first + BLOCK);
            let mut sums = [[[T::ZERO; HIGHEST]; 2]; BLOCK];
            for panel in 0..panels {
                let gamma = self.gamma.piece(panel, 0);
                for (sample, [g, g_x]) in samples.clone().zip(&mut sums) {
                    let (mean, inverse) = (self.moments[(0, sample)], self.moments[(1, sample)]);
                    let (delta, a) = (self.delta.piece(panel, sample), self.a.piece(panel, sample));
                    add(g, [gamma, delta], |[gamma, delta]| gamma * delta);
                    add(g_x, [gamma, delta, a], |[gamma, delta, a]| gamma * delta * ((a - mean) * inverse));
                }
            }
            let means = sums.map(|sums| sums.map(|mut lanes| one_by_n * total(&mut lanes)));
            for panel in 0..panels {
                for (sample, [mean_g, mean_g_x]) in samples.clone().zip(means) {
                    let (mean, inverse) = (self.moments[(0, sample)], self.moments[(1, sample)]);
                    let (to, height) = self.to.column(panel, sample);
                    let (a, delta) = (column(self.a, panel, sample, height), column(self.delta, panel, sample, height));
                    let gamma = column(self.gamma, panel, 0, height);
                    for i in 0..height {
                        let x_hat = (a[i] - mean) * inverse;
                        to[i] = inverse * (gamma[i] * delta[i] - mean_g - x_hat * mean_g_x);
                    }
                }
            }
        }
    }
}

impl<T: Scalar> HasSettings for LayerNorm<T> {
    type Settings = LayerNormSettings;
    fn settings(&self) -> LayerNormSettings {
        LayerNormSettings { features: Some(self.gamma.value.rows()), epsilon: self.epsilon }
    }
}

impl Settings for LayerNormSettings {
    type Of<T: Scalar> = LayerNorm<T>;

    fn check(&self) -> Result<()> {
        positive("epsilon of a layer norm", self.epsilon)
    }

    fn layer<T: Scalar>(&self, features: usize) -> Result<LayerNorm<T>> {
        let features = features_of("layer norm", self.features, features)?;
        let gamma = Tensor::from_fn(features, 1, |_, _| T::ONE);
        Ok(LayerNorm {
            epsilon: self.epsilon,
            gamma: Parameter::new(ParameterKind::Scales, gamma),
            beta: Parameter::biases(Tensor::zeros(features, 1)),
        })
    }

    fn words(&self) -> String {
        "layer norm".to_owned()
    }

    fn torch(&self) -> String {
        format!("nn.LayerNorm({}, eps={:e})", self.features.unwrap_or(0), self.epsilon)
    }
}
