use super::Gradients;
use crate::tensor::{Scalar, Tensor};
use crate::words::words;

/// A matrix of parameters that training updates.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter<T: Scalar = f64> {
    /// The parameters.
    pub value: Tensor<T>,
    /// Number of columns, from the left, that are biases: 1 for `[b | W]` of a linear layer.
    pub bias_columns: usize,
    /// The kind of the other columns.
    pub kind: ParameterKind,
}

words! {
    /// The kind of a layer's parameters. A [`super::Group`] sets the learning rate and the weight
    /// decay of a kind.
    ParameterKind {
        /// Weights that multiply inputs, such as W of a linear layer.
        Weights = "weights",
        /// Biases that are added, such as b of a linear layer and β of a normalisation. Not decayed
        /// by default.
        Biases = "biases",
        /// Scales of features, such as γ of a normalisation or the slopes of PReLU. Not decayed by
        /// default.
        Scales = "scales",
        /// A vector for each level of a category.
        Embeddings = "embeddings",
    }
}

impl<T: Scalar> Parameter<T> {
    /// A matrix of parameters of this kind.
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

    /// The sum of the squares of all columns but the biases.
    ///
    /// ```
    /// use mfnet::optimizer::Parameter;
    /// use mfnet::Tensor;
    /// let b_w = Parameter::with_bias_column(Tensor::from_rows([[9.0, 1.0, 2.0], [9.0, 3.0, 0.0]]));
    /// assert_eq!(b_w.sum_of_squares(), 14.0);
    /// ```
    pub fn sum_of_squares(&self) -> f64 {
        self.value.sum_of_squares(self.bias_columns, |x| x)
    }

    /// A matrix `[b | W]`: the first column is the bias.
    pub fn with_bias_column(value: Tensor<T>) -> Self {
        Parameter { bias_columns: 1, ..Parameter::weights(value) }
    }
}

/// Parameters that an optimizer updates, always in the same order.
///
/// ```
/// use mfnet::optimizer::Parameters;
/// use mfnet::{NeuralNetwork, Seed};
/// let mut net = NeuralNetwork::builder(2).linear(3).tanh().linear(1).build(Seed(0))?;
/// let mut shapes = Vec::new();
/// net.visit_parameters_mut(&mut |layer, parameter| shapes.push((layer, parameter.value.shape())));
/// assert_eq!(shapes, [(0, (3, 3)), (2, (1, 4))]);
/// # Ok::<(), mfnet::Error>(())
/// ```
pub trait Parameters<T: Scalar> {
    /// Calls `visit` once for each matrix, with the index of its layer.
    fn visit_parameters_mut(&mut self, visit: &mut dyn FnMut(usize, &mut Parameter<T>));

    /// Renews buffers, which follow from the step's batch and are not trained; see
    /// [`crate::layer::Layer::renew_buffers`].
    fn renew_buffers(&mut self, _gradients: &Gradients<T>) {}
}
