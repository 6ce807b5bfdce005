use std::slice;

use super::Layer;
use crate::error::{Error, Result};
use crate::optimizer::Parameter;
use crate::tensor::{Scalar, Tensor, product};

/// A linear layer with its bias absorbed: one matrix `[b | W]` of shape (outputs, 1 + inputs).
///
/// ```text
/// forward               Z           = b 1ᵀ + W A         seed, equation 4 (Z̃ = W̃ Ã)
/// parameter_gradients   ∂J/∂[b | W] = [ Δ 1 | Δ Aᵀ ]     seed, equation 5 (Δ Ãᵀ)
/// input_gradient        ∂J/∂A       = Wᵀ Δ               seed, equation 6
/// ```
///
/// A has shape (inputs, samples), Z and Δ = ∂J/∂Z have shape (outputs, samples). The seed's augmented matrices, with the
/// constant row of ones and the row `[1 0 … 0]`, are these with one more row: [`Linear::augmented`]. PyTorch keeps weight and bias apart and a
/// sample as a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear<T: Scalar = f64> {
    parameter: Parameter<T>,
}

impl<T: Scalar> Linear<T> {
    /// The layer with these parameters `[b | W]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is no output or no input.
    pub fn new(parameters: Tensor<T>) -> Result<Self> {
        if parameters.rows() == 0 || parameters.columns() < 2 {
            let found = format!("{}×{}", parameters.rows(), parameters.columns());
            return Err(Error::shape("Linear", "[b | W] with at least one output and one input", found));
        }
        Ok(Linear { parameter: Parameter::with_bias_column(parameters) })
    }

    /// Number of input features.
    pub fn inputs(&self) -> usize {
        self.parameter.value.columns() - 1
    }

    /// Number of output features.
    pub fn outputs(&self) -> usize {
        self.parameter.value.rows()
    }

    /// `[b | W]`.
    pub fn matrix(&self) -> &Tensor<T> {
        &self.parameter.value
    }

    /// The weight from input `k` to output `j`, counted from 0.
    pub fn weight(&self, j: usize, k: usize) -> T {
        self.parameter.value[(j, k + 1)]
    }

    /// The bias of output `j`, counted from 0.
    pub fn bias(&self, j: usize) -> T {
        self.parameter.value[(j, 0)]
    }

    /// The matrix as the seed writes it, `[b | W]` below the row `[1 0 … 0]`.
    pub fn augmented(&self) -> Tensor<T> {
        self.parameter.value.augmented_parameters()
    }
}

impl<T: Scalar> Layer<T> for Linear<T> {
    fn name(&self) -> String {
        format!("linear {} → {}", self.inputs(), self.outputs())
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        if input_features != self.inputs() {
            return Err(Error::shape("Linear", format!("{} input features", self.inputs()), input_features));
        }
        Ok(self.outputs())
    }

    fn forward(&self, a: &Tensor<T>, z: &mut Tensor<T>) {
        product::affine(&self.parameter.value, a, z);
    }

    fn input_gradient(&self, _a: &Tensor<T>, _z: &Tensor<T>, delta: &Tensor<T>, dj_da: &mut Tensor<T>) {
        product::input_gradient(&self.parameter.value.transpose(1), delta, dj_da);
    }

    fn parameter_gradients(&self, a: &Tensor<T>, _z: &Tensor<T>, delta: &Tensor<T>, dj_dw: &mut [Tensor<T>]) {
        product::weight_gradient(delta, a, &mut dj_dw[0]);
    }

    fn parameters(&self) -> &[Parameter<T>] {
        slice::from_ref(&self.parameter)
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        slice::from_mut(&mut self.parameter)
    }
}
