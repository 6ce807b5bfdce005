use crate::tensor::{Scalar, Tensor};

/// A matrix that training changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter<T: Scalar = f64> {
    /// The numbers.
    pub value: Tensor<T>,
    /// How many columns, from the left, are biases, which weight decay spares: 1 for `[b | W]` of a linear layer.
    pub bias_columns: usize,
}

impl<T: Scalar> Parameter<T> {
    /// A matrix without biases.
    pub fn weights(value: Tensor<T>) -> Self {
        Parameter { value, bias_columns: 0 }
    }

    /// A matrix of biases alone.
    pub fn biases(value: Tensor<T>) -> Self {
        Parameter { bias_columns: value.columns(), value }
    }

    /// `[b | W]`: the first column is the bias.
    pub fn with_bias_column(value: Tensor<T>) -> Self {
        Parameter { value, bias_columns: 1 }
    }
}

/// Something with parameters, always in the same order: what an optimizer moves.
pub trait Parameters<T: Scalar> {
    /// Every matrix once.
    fn parameters_mut(&mut self) -> impl Iterator<Item = &mut Parameter<T>>;
}
