use serde::{Deserialize, Serialize};

use super::elementwise::{Term, Terms, map, sum};
use super::spec::{HasSettings, Settings, features_of};
use super::{Backward, Layer};
use crate::error::{Error, Result};
use crate::optimizer::{Parameter, ParameterKind};
use crate::pass::Context;
use crate::tensor::{Memo, Scalar, Tensor};

/// Parametric ReLU: a leaky ReLU whose slope below 0 is trained, one for each unit.
///
/// ```text
/// forward    A     = max(0, Z) + α 1ᵀ ⊙ min(0, Z)
/// backward   ∂J/∂α = (Δ ⊙ min(0, Z)) 1        ∂J/∂Z = Δ where Z > 0, α 1ᵀ ⊙ Δ elsewhere
/// ```
///
/// Source: He, Zhang, Ren, Sun 2015, "Delving deep into rectifiers". The same as `torch.nn.PReLU(features)`; PyTorch's default
/// is one α for all units. Weight decay spares α unless a [`Group`](crate::optimizer::Group) says otherwise.
#[derive(Clone, Debug)]
pub struct Prelu<T: Scalar = f64> {
    slopes: Parameter<T>,
}

/// The settings of a [`Prelu`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PreluSettings {
    /// Features; those of the layer before without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<usize>,
    /// The initial value of each α; 0.25.
    pub slope: f64,
}

impl Default for PreluSettings {
    fn default() -> Self {
        PreluSettings { features: None, slope: 0.25 }
    }
}

impl<T: Scalar> Layer<T> for Prelu<T> {
    fn name(&self) -> String {
        self.settings().words()
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        features_of("prelu", Some(self.slopes.value.rows()), input_features)
    }

    #[inline(never)]
    fn forward(&self, _at: &Context, z: &Tensor<T>, a: &mut Tensor<T>, _memo: &mut Memo<T>) {
        map(a, [z], [&self.slopes.value], |[z], [alpha]| if z > T::ZERO { z } else { alpha * z });
    }

    #[inline(never)]
    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        let Backward { input: z, delta, gradients: [dj_dalpha], input_gradient, .. } = pass else { return };
        let of = |term: Term<T>| if term.x > T::ZERO { T::ZERO } else { term.delta * term.x };
        sum(dj_dalpha, Terms::of(delta, z), of);
        if let Some(dj_dz) = input_gradient {
            let of = |[d, z]: [T; 2], [alpha]: [T; 1]| if z > T::ZERO { d } else { alpha * d };
            map(dj_dz, [delta, z], [&self.slopes.value], of);
        }
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {
        visit("weight", &self.slopes);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {
        visit("weight", &mut self.slopes);
    }
}

impl<T: Scalar> HasSettings for Prelu<T> {
    type Settings = PreluSettings;
    fn settings(&self) -> PreluSettings {
        PreluSettings { features: Some(self.slopes.value.rows()), ..PreluSettings::default() }
    }
}

impl Settings for PreluSettings {
    type Of<T: Scalar> = Prelu<T>;

    fn check(&self) -> Result<()> {
        match self.slope.is_finite() {
            true => Ok(()),
            false => Err(Error::invalid("slope of a prelu", "a finite number", self.slope)),
        }
    }

    fn layer<T: Scalar>(&self, features: usize) -> Result<Prelu<T>> {
        let features = features_of("prelu", self.features, features)?;
        let slopes = Tensor::from_fn(features, 1, |_, _| T::from_f64(self.slope));
        Ok(Prelu { slopes: Parameter::new(ParameterKind::Scales, slopes) })
    }

    fn words(&self) -> String {
        "prelu".to_owned()
    }

    fn torch(&self) -> String {
        format!("nn.PReLU({})", self.features.unwrap_or(0))
    }
}
