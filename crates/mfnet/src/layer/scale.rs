use serde::{Deserialize, Serialize};

use super::elementwise::{Terms, map, sum};
use super::spec::{HasSettings, Settings, features_of};
use super::{Backward, Layer};
use crate::error::Result;
use crate::optimizer::{Parameter, ParameterKind};
use crate::pass::Context;
use crate::tensor::{Memo, Scalar, Tensor};

/// A diagonal scale: multiplies each feature by a trained factor.
///
/// ```text
/// forward    Z     = s 1ᵀ ⊙ A
/// backward   ∂J/∂s = (Δ ⊙ A) 1        ∂J/∂A = s 1ᵀ ⊙ Δ
/// ```
///
/// s starts at 1. Weight decay spares it unless a [`Group`](crate::optimizer::Group) says otherwise. As the first layer it
/// learns which features matter.
///
/// Source: the scaling layer of RealMLP (Holzmüller, Grinsztajn, Steinwart 2024, "Better by default").
#[derive(Clone, Debug)]
pub struct Scale<T: Scalar = f64> {
    factors: Parameter<T>,
}

/// The settings of a [`Scale`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScaleSettings {
    /// Features; those of the layer before without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<usize>,
}

impl<T: Scalar> Layer<T> for Scale<T> {
    fn name(&self) -> String {
        self.settings().words()
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        features_of("scale", Some(self.factors.value.rows()), input_features)
    }

    #[inline(never)]
    fn forward(&self, _at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, _memo: &mut Memo<T>) {
        map(z, [a], [&self.factors.value], |[a], [s]| s * a);
    }

    #[inline(never)]
    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        let Backward { input: a, delta, gradients: [dj_ds], input_gradient, .. } = pass else { return };
        sum(dj_ds, Terms::of(delta, a), |term| term.delta * term.x);
        if let Some(dj_da) = input_gradient {
            map(dj_da, [delta], [&self.factors.value], |[d], [s]| s * d);
        }
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {
        visit("weight", &self.factors);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {
        visit("weight", &mut self.factors);
    }
}

impl<T: Scalar> HasSettings for Scale<T> {
    type Settings = ScaleSettings;
    fn settings(&self) -> ScaleSettings {
        ScaleSettings { features: Some(self.factors.value.rows()) }
    }
}

impl Settings for ScaleSettings {
    type Of<T: Scalar> = Scale<T>;

    fn layer<T: Scalar>(&self, features: usize) -> Result<Scale<T>> {
        let ones = Tensor::from_fn(features_of("scale", self.features, features)?, 1, |_, _| T::ONE);
        Ok(Scale { factors: Parameter::new(ParameterKind::Scales, ones) })
    }

    fn words(&self) -> String {
        "scale".to_owned()
    }

    fn torch(&self) -> String {
        format!("Scale({})", self.features.unwrap_or(0))
    }

    const TORCH_CLASS: &'static str = "\
class Scale(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))

    def forward(self, x):
        return self.weight * x
";
}
