use super::{Gradients, require};
use crate::error::Result;
use crate::tensor::Scalar;

/// Gradient clipping: gradients that are too long are shortened before the step.
///
/// ```text
/// G ← G · min(1, c / (‖G‖ + 10⁻⁶))
/// ```
///
/// The two kinds differ in what ‖G‖ is taken over. Neither is related to layer normalisation.
/// Source: Pascanu, Mikolov, Bengio 2013; the 10⁻⁶ is PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// The norm of all gradients together, `torch.nn.utils.clip_grad_norm_(net.parameters(), c)`.
    Global(f64),
    /// The norm of each layer's gradients by themselves, weights and bias together.
    PerLayer(f64),
}

impl Clip {
    pub(crate) fn apply<T: Scalar>(self, gradients: &mut Gradients<T>) {
        match self {
            Clip::Global(most) => gradients.clip_global_norm(most),
            Clip::PerLayer(most) => gradients.clip_each_layer_norm(most),
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        let (Clip::Global(most) | Clip::PerLayer(most)) = self;
        require("gradient norm to clip at", most, most.is_finite() && most > 0.0, "a positive number")
    }
}
