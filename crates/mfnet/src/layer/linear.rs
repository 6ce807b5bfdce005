use std::slice;

use super::{Activation, Layer};
use crate::error::{Error, Result};
use crate::optimizer::{ElementRule, Parameter};
use crate::tensor::kernel::Finish;
use crate::tensor::product::{self, Updated};
use crate::tensor::{Scalar, Tensor};

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

    /// Wᵀ, written out.
    pub(crate) fn transpose(&self) -> Tensor<T> {
        self.parameter.value.transpose(1)
    }

    /// The same into a matrix that is kept.
    pub(crate) fn transpose_into(&self, transpose: &mut Tensor<T>) {
        self.parameter.value.transpose_into(1, transpose);
    }

    /// A = g(Z), the forward pass of this layer and of the activation after it in one; Z itself is not kept.
    /// Wᵀ is needed if [`Linear::has_few_outputs`].
    pub(crate) fn forward_activated(
        &self,
        g: Option<&Activation<T>>,
        transpose: Option<&Tensor<T>>,
        input: &Tensor<T>,
        output: &mut Tensor<T>,
    ) {
        let then = |_, strip: &mut [T]| {
            if let Some(g) = g {
                g.apply_all(strip);
            }
        };
        let parameters = &self.parameter.value;
        match (transpose.filter(|_| self.has_few_outputs()), g) {
            (Some(transpose), _) => product::affine_of_few(parameters, transpose, input, output, then),
            (None, Some(Activation::Relu)) => product::affine(parameters, input, output, Finish::Relu, |_, _| {}),
            (None, _) => product::affine(parameters, input, output, Finish::Keep, then),
        }
    }

    /// Whether the forward product needs the transpose of W.
    pub(crate) fn has_few_outputs(&self) -> bool {
        product::are_few::<T>(self.outputs(), self.inputs())
    }

    /// Wᵀ Δ ⊙ g′(A), the input gradient of this layer and of the activation g before it in one, given Wᵀ and A, the activation's output.
    pub(crate) fn input_gradient_before(
        &self,
        before: Option<(&Activation<T>, &Tensor<T>)>,
        transpose: &Tensor<T>,
        delta: &Tensor<T>,
        input_gradient: &mut Tensor<T>,
    ) {
        let keep = |_| Finish::Keep;
        match before {
            None => product::input_gradient(transpose, delta, input_gradient, keep, |_, _| {}),
            Some((Activation::Relu, a)) => {
                let mask = |place| Finish::WherePositive(&a.storage()[place]);
                product::input_gradient(transpose, delta, input_gradient, mask, |_, _| {});
            }
            Some((g, a)) => {
                let times = |place, strip: &mut [T]| g.times_derivative(&a.storage()[place], strip);
                product::input_gradient(transpose, delta, input_gradient, keep, times);
            }
        }
    }

    /// Moves the parameters by one step of `rule`, each block as soon as its gradient is there, and `transpose` with them.
    pub(crate) fn update(
        &mut self,
        (rule, step): (&dyn ElementRule<T>, u64),
        state: &mut [Tensor<T>],
        (input, delta): (&Tensor<T>, &Tensor<T>),
        transpose: Option<&mut Tensor<T>>,
    ) {
        let updated = Updated { parameters: &mut self.parameter.value, state, transpose };
        let by_blocks = |biases, w: &mut [T], g: &[T], state: [&mut [T]; 2]| rule.update(step, biases, w, g, state);
        product::update(delta, input, updated, rule.descent(), by_blocks);
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
        if self.has_few_outputs() {
            return self.forward_activated(None, Some(&self.transpose()), a, z);
        }
        self.forward_activated(None, None, a, z);
    }

    fn input_gradient(&self, _a: &Tensor<T>, _z: &Tensor<T>, delta: &Tensor<T>, dj_da: &mut Tensor<T>) {
        self.input_gradient_before(None, &self.transpose(), delta, dj_da);
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
