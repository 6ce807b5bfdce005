use serde::{Deserialize, Serialize};

use super::elementwise::{COST, Terms, map, sum};
use super::spec::{HasSettings, Settings, features_of};
use super::{Activation, ActivationName, Backward, Layer};
use crate::error::Result;
use crate::optimizer::{Parameter, ParameterKind};
use crate::pass::Context;
use crate::tensor::kernel::vectorised;
use crate::tensor::parts::for_each_strip;
use crate::tensor::{Memo, Scalar, Tensor};

/// A parametric activation: a mixture of an activation f and the identity, with a trained weight for each unit.
///
/// ```text
/// forward    A     = Z + α 1ᵀ ⊙ M              M = f(Z) − Z
/// backward   ∂J/∂α = (Δ ⊙ M) 1                 ∂J/∂Z = Δ ⊙ (1 + α 1ᵀ ⊙ (f′(Z) − 1))
/// ```
///
/// α starts at 1, so the layer starts as f. Weight decay spares it unless a [`Group`](crate::optimizer::Group) says otherwise.
///
/// Source: the parametric activations of RealMLP (Holzmüller, Grinsztajn, Steinwart 2024, "Better by default"). PyTorch has no
/// such module.
#[derive(Clone, Debug)]
pub struct Parametric<T: Scalar = f64> {
    function: ActivationName,
    weights: Parameter<T>,
}

/// The settings of a [`Parametric`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParametricSettings {
    /// f.
    pub function: ActivationName,
    /// Features; those of the layer before without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<usize>,
}

impl<T: Scalar> Layer<T> for Parametric<T> {
    fn name(&self) -> String {
        self.settings().words()
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        features_of("parametric", Some(self.weights.value.rows()), input_features)
    }

    #[inline(never)]
    fn forward(&self, _at: &Context, z: &Tensor<T>, a: &mut Tensor<T>, memo: &mut Memo<T>) {
        let f = Activation::from(self.function);
        let [m] = memo.keep([z.shape()]);
        let layout = z.layout();
        for_each_strip(m, COST * z.rows() * z.columns(), |strip, m| {
            let z = &z.storage()[layout.place(strip.panel, strip.columns)];
            m.copy_from_slice(z);
            f.apply_all(m);
            vectorised(m.iter_mut().zip(z), |(m, z)| *m -= *z);
        });
        map(a, [z, m], [&self.weights.value], |[z, m], [alpha]| z + alpha * m);
    }

    #[inline(never)]
    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        let Backward { input: z, delta, gradients: [dj_dalpha], input_gradient, .. } = pass else { return };
        let [m] = pass.memo.kept();
        sum(dj_dalpha, Terms::of(delta, m), |term| term.delta * term.x);
        let Some(dj_dz) = input_gradient else { return };
        // α Δ, then α Δ ⊙ f′(Z), then Δ + α Δ ⊙ f′(Z) − α Δ
        let (f, layout) = (Activation::from(self.function), z.layout());
        map(dj_dz, [delta], [&self.weights.value], |[d], [alpha]| alpha * d);
        for_each_strip(dj_dz, COST * z.rows() * z.columns(), |strip, to| {
            let place = layout.place(strip.panel, strip.columns);
            f.times_derivative_at(&z.storage()[place.clone()], to);
            let (height, alphas) = (layout.height(strip.panel), self.weights.value.panel(strip.panel));
            for (to, delta) in to.chunks_exact_mut(height).zip(delta.storage()[place].chunks_exact(height)) {
                vectorised(to.iter_mut().zip(delta).zip(alphas), |((to, d), alpha)| *to += *d - *alpha * *d);
            }
        });
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {
        visit("weight", &self.weights);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {
        visit("weight", &mut self.weights);
    }
}

impl<T: Scalar> HasSettings for Parametric<T> {
    type Settings = ParametricSettings;
    fn settings(&self) -> ParametricSettings {
        ParametricSettings { function: self.function, features: Some(self.weights.value.rows()) }
    }
}

impl Settings for ParametricSettings {
    type Of<T: Scalar> = Parametric<T>;

    fn layer<T: Scalar>(&self, features: usize) -> Result<Parametric<T>> {
        let ones = Tensor::from_fn(features_of("parametric", self.features, features)?, 1, |_, _| T::ONE);
        Ok(Parametric { function: self.function, weights: Parameter::new(ParameterKind::Scales, ones) })
    }

    fn words(&self) -> String {
        format!("parametric {}", self.function)
    }

    fn torch(&self) -> String {
        let module = Activation::<f64>::from(self.function).torch().unwrap_or_default();
        format!("Parametric({}, nn.{module})", self.features.unwrap_or(0))
    }

    const TORCH_CLASS: &'static str = "\
class Parametric(nn.Module):
    def __init__(self, features, f):
        super().__init__()
        self.weight, self.f = nn.Parameter(torch.ones(features)), f

    def forward(self, z):
        return z + self.weight * (self.f(z) - z)
";
}
