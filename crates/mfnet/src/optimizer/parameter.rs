use super::Gradients;
use crate::tensor::{Scalar, Tensor};
use crate::words::words;

/// A matrix that training changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter<T: Scalar = f64> {
    /// The numbers.
    pub value: Tensor<T>,
    /// How many columns, from the left, are biases: 1 for `[b | W]` of a linear layer.
    pub bias_columns: usize,
    /// What the other columns are.
    pub kind: ParameterKind,
}

words! {
    /// What numbers of a layer are. [`super::Group`] gives each kind a learning rate and a weight decay of its own.
    ParameterKind {
        /// Factors of inputs, as W of a linear layer.
        Weights = "weights",
        /// What is added, as b of a linear layer and β of a normalisation. Weight decay spares them unless asked.
        Biases = "biases",
        /// A number for each feature, as γ of a normalisation or the slopes of PReLU. Weight decay spares them unless asked.
        Scales = "scales",
        /// A vector for each level of a category.
        Embeddings = "embeddings",
    }
}

impl<T: Scalar> Parameter<T> {
    /// A matrix of this kind.
    pub fn new(kind: ParameterKind, value: Tensor<T>) -> Self {
        let bias_columns = if kind == ParameterKind::Biases { value.columns() } else { 0 };
        Parameter { value, bias_columns, kind }
    }

    /// A matrix of weights.
    pub fn weights(value: Tensor<T>) -> Self {
        Parameter::new(ParameterKind::Weights, value)
    }

    /// A matrix of biases.
    pub fn biases(value: Tensor<T>) -> Self {
        Parameter::new(ParameterKind::Biases, value)
    }

    /// `[b | W]`: the first column is the bias.
    pub fn with_bias_column(value: Tensor<T>) -> Self {
        Parameter { bias_columns: 1, ..Parameter::weights(value) }
    }
}

/// Something with parameters, always in the same order: what an optimizer moves.
pub trait Parameters<T: Scalar> {
    /// Calls `visit` with each matrix once, and the number of its layer.
    fn visit_parameters_mut(&mut self, visit: &mut dyn FnMut(usize, &mut Parameter<T>));

    /// Changes what is not trained but follows from the step's batch; see [`crate::layer::Layer::renew_buffers`].
    fn renew_buffers(&mut self, _gradients: &Gradients<T>) {}
}
