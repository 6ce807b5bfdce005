use super::{Backward, Layer};
use crate::error::{Error, Result};
use crate::optimizer::Parameter;
use crate::pass::Context;
use crate::tensor::product;
use crate::tensor::{Memo, Scalar, Tensor};

/// A linear layer with its bias absorbed: one matrix `[b | W]` of shape (outputs, 1 + inputs).
///
/// ```text
/// forward    Z           = b 1ᵀ + W A         the paper, equation 4 (Z̃ = W̃ Ã)
/// backward   ∂J/∂[b | W] = [ Δ 1 | Δ Aᵀ ]     the paper, equation 5 (Δ Ãᵀ)
///            ∂J/∂A       = Wᵀ Δ               the paper, equation 6
/// ```
///
/// A has shape (inputs, samples); Z and Δ = ∂J/∂Z have shape (outputs, samples). The paper's
/// augmented matrices have one more row, the constant row of ones or the row `[1 0 … 0]`: see
/// [`Linear::augmented`]. PyTorch stores weight and bias separately, and a sample as a row.
///
/// The methods below are for reading, and for custom layers that contain linear ones. A network
/// runs the same three products to the same bits, and applies more steps to each result while it is
/// in the cache (`network/run.rs`). "The paper" is the one that docs/mathematics.md follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear<T: Scalar = f64> {
    parameter: Parameter<T>,
}

impl<T: Scalar> Linear<T> {
    /// A layer with these parameters `[b | W]`.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if there is no output or no input.
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

    /// The parameters `[b | W]`.
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

    pub(crate) fn parameter_mut(&mut self) -> &mut Parameter<T> {
        &mut self.parameter
    }

    /// Wᵀ without b, as a new tensor: the left factor of Wᵀ Δ, and of the forward product of few
    /// outputs.
    pub(crate) fn transpose(&self) -> Tensor<T> {
        self.parameter.value.transpose(1)
    }

    /// The parameters as in the paper: `[b | W]` below the row `[1 0 … 0]`.
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

    /// Z = b 1ᵀ + W A.
    #[inline(never)]
    fn forward(&self, _at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, _memo: &mut Memo<T>) {
        product::affine(self.matrix(), a, z);
    }

    /// ∂J/∂[b | W] = [ Δ 1 | Δ Aᵀ ] and ∂J/∂A = Wᵀ Δ.
    #[inline(never)]
    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        let Backward { input: a, delta, gradients: dj_dw, input_gradient: dj_da, .. } = pass;
        // one matrix of parameters: ∂J/∂[b | W] has its shape, ∂J/∂A that of A
        product::weight_gradient(delta, a, &mut dj_dw[0]);
        if let Some(dj_da) = dj_da {
            product::input_gradient(&self.transpose(), delta, dj_da);
        }
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {
        visit("[b | W]", &self.parameter);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {
        visit("[b | W]", &mut self.parameter);
    }
}
