//! Initial weights: He, LeCun and Glorot, uniform, seeded. Biases start at zero.

use serde::{Deserialize, Serialize};

use crate::random::Rng;
use crate::tensor::{Scalar, Tensor};

/// The initialisation of a linear layer: weights are drawn uniformly from (−r, r).
///
/// ```text
/// He       r = √(6 / inputs)                  before ReLU and similar activations (He et al. 2015)
/// LeCun    r = √(3 / inputs)                  before SELU (LeCun et al. 1998; Klambauer et al. 2017)
/// Glorot   r = √(6 / (inputs + outputs))      otherwise (Glorot and Bengio 2010)
/// ```
///
/// PyTorch's `nn.Linear` always draws weights and biases from (−1/√inputs, 1/√inputs).
/// scikit-learn's networks use Glorot's bound, for biases too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// He's bound.
    He,
    /// LeCun's bound: weights of variance 1/inputs.
    LeCun,
    /// Glorot's bound.
    Glorot,
}

impl Init {
    /// The bound r.
    pub fn bound(self, inputs: usize, outputs: usize) -> f64 {
        let (numerator, fan) = match self {
            Init::He => (6.0, inputs),
            Init::LeCun => (3.0, inputs),
            Init::Glorot => (6.0, inputs + outputs),
        };
        (numerator / fan as f64).sqrt()
    }

    /// Draws `[b | W]`, shape (outputs, 1 + inputs): zero biases, then weights column by column.
    pub fn draw<T: Scalar>(self, inputs: usize, outputs: usize, rng: &mut Rng) -> Tensor<T> {
        let r = self.bound(inputs, outputs);
        Tensor::from_fn(outputs, inputs + 1, |_, j| {
            if j == 0 { T::ZERO } else { T::from_f64(r * (2.0 * rng.uniform() - 1.0)) }
        })
    }
}
