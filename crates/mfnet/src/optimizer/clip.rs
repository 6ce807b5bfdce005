use super::{Gradients, require};
use crate::error::Result;
use crate::tensor::Scalar;

/// Gradient clipping: scales down gradients whose norm exceeds c, before the step.
///
/// ```text
/// G ← G · min(1, c / (‖G‖ + 10⁻⁶))
/// ```
///
/// Source: Pascanu, Mikolov, Bengio 2013; the 10⁻⁶ is PyTorch's.
///
/// ```
/// use mfnet::optimizer::Clip;
/// use mfnet::{Optimizer, Sgd};
/// let optimizer: Optimizer = Optimizer::new(Sgd::default(), 0.1).clip(Clip::Global(1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// By the norm of all gradients together, as `torch.nn.utils.clip_grad_norm_(net.parameters(),
    /// c)`.
    Global(f64),
    /// By the norm of each layer's gradients, weights and bias together.
    PerLayer(f64),
    /// As [`Clip::PerLayer`], without the 10⁻⁶: a norm that is clipped becomes exactly c.
    PerLayerExactly(f64),
}

impl Clip {
    pub(crate) fn apply<T: Scalar>(self, gradients: &mut Gradients<T>) {
        match self {
            Clip::Global(most) => gradients.clip_global_norm(most),
            Clip::PerLayer(most) => gradients.clip_each_layer_norm(most),
            Clip::PerLayerExactly(most) => gradients.clip_each_layer_norm_exactly(most),
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        let (Clip::Global(most) | Clip::PerLayer(most) | Clip::PerLayerExactly(most)) = self;
        require("gradient norm to clip at", most, most.is_finite() && most > 0.0, "a positive number")
    }
}
