use std::sync::Arc;

use crate::tensor::{Memo, Scalar, Tensor, root_of_squares};

/// A smaller factor is not a normal `f32`; its root is.
const SMALLEST_FACTOR: f64 = 1e-37;

/// ∂J/∂W for every parameter matrix of a network, and what its layers need to renew their buffers.
///
/// ```
/// use mfnet::{Loss, Mse, NeuralNetwork, Pass, Seed, Tensor};
/// let net = NeuralNetwork::builder(2).linear(3).tanh().linear(1).build(Seed(0))?;
/// let (x, y) = (Tensor::from_rows([[1.0, 2.0], [3.0, 4.0]]), Tensor::from_rows([[0.0, 1.0]]));
/// let trace = net.forward(Pass::Evaluate, &x);
/// let mut gradients = net.backward(&trace, Mse.gradient(trace.output(), &y));
/// // [∂J/∂b | ∂J/∂W] of the first layer
/// assert_eq!(gradients.layer(0)[0].shape(), (3, 1 + 2));
/// gradients.clip_global_norm(0.1);
/// assert!(gradients.norm() < 0.1 + 1e-12);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gradients<T: Scalar = f64> {
    matrices: Vec<Tensor<T>>,
    /// The index of each layer's first matrix; last, the number of matrices.
    starts: Arc<[usize]>,
    /// The memos of layers with buffers, with the index of the layer.
    pub(crate) memos: Vec<(usize, Memo<T>)>,
}

impl<T: Scalar> PartialEq for Gradients<T> {
    fn eq(&self, other: &Self) -> bool {
        self.matrices == other.matrices
    }
}

impl<T: Scalar> Gradients<T> {
    pub(crate) fn new(matrices: Vec<Tensor<T>>, starts: Arc<[usize]>) -> Self {
        Gradients { matrices, starts, memos: Vec::new() }
    }

    /// The gradients of one layer, numbered as in [`crate::layer::Context::layer`]; empty for a
    /// layer without parameters.
    pub fn layer(&self, index: usize) -> &[Tensor<T>] {
        &self.matrices[self.starts[index]..self.starts[index + 1]]
    }

    /// All gradients, in the order of the parameters.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor<T>> {
        self.matrices.iter()
    }

    /// All gradients, mutable, in the order of the parameters.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tensor<T>> {
        self.matrices.iter_mut()
    }

    pub(crate) fn matrices(&self) -> &[Tensor<T>] {
        &self.matrices
    }

    pub(crate) fn matrices_mut(&mut self) -> &mut [Tensor<T>] {
        &mut self.matrices
    }

    /// G ← G + G′: adds the gradients of the same network for other samples.
    ///
    /// # Panics
    /// If the gradients belong to another network.
    pub fn add(&mut self, other: &Self) {
        assert!(self.starts == other.starts, "the gradients belong to another network");
        self.matrices.iter_mut().zip(&other.matrices).for_each(|(sum, g)| sum.add(g));
    }

    /// The Euclidean norm of all gradients together, √Σ(∂J/∂w)².
    pub fn norm(&self) -> f64 {
        root_of_squares(self.layers().map(|layer| norm(&self.matrices[layer])))
    }

    /// Scales all gradients by one factor, so that their common norm is at most `most`; see
    /// [`super::Clip::Global`].
    pub fn clip_global_norm(&mut self, most: f64) {
        let norm = self.norm();
        shorten(&mut self.matrices, norm, most, TINY);
    }

    /// Scales each layer's gradients, so that each layer's norm is at most `most`; see
    /// [`super::Clip::PerLayer`].
    pub fn clip_each_layer_norm(&mut self, most: f64) {
        self.clip_each_layer(most, TINY);
    }

    /// As [`Gradients::clip_each_layer_norm`]; see [`super::Clip::PerLayerExactly`].
    pub fn clip_each_layer_norm_exactly(&mut self, most: f64) {
        self.clip_each_layer(most, 0.0);
    }

    fn clip_each_layer(&mut self, most: f64, tiny: f64) {
        for index in 1..self.starts.len() {
            let layer = &mut self.matrices[self.starts[index - 1]..self.starts[index]];
            let norm = norm(layer);
            shorten(layer, norm, most, tiny);
        }
    }

    fn layers(&self) -> impl Iterator<Item = std::ops::Range<usize>> + Clone {
        self.starts.windows(2).map(|bounds| bounds[0]..bounds[1])
    }
}

fn norm<T: Scalar>(matrices: &[Tensor<T>]) -> f64 {
    root_of_squares(matrices.iter().map(Tensor::norm))
}

/// What PyTorch adds to a norm.
const TINY: f64 = 1e-6;

/// G ← G · min(1, most / (norm + tiny)), as `torch.nn.utils.clip_grad_norm_`.
fn shorten<T: Scalar>(matrices: &mut [Tensor<T>], mut norm: f64, most: f64, tiny: f64) {
    // finite gradients whose norm is too large for a number: a factor of 0 would lose them
    if norm.is_infinite() && matrices.iter().all(Tensor::is_finite) {
        matrices.iter_mut().for_each(|g| g.scale(T::from_f64(2f64.powi(-64))));
        norm = self::norm(matrices);
    }
    let factor = most / (norm + tiny);
    // a NaN norm changes nothing: the training loop sees it in the loss
    if factor < SMALLEST_FACTOR {
        (0..2).for_each(|_| matrices.iter_mut().for_each(|g| g.scale(T::from_f64(factor.sqrt()))));
    } else if factor < 1.0 {
        matrices.iter_mut().for_each(|g| g.scale(T::from_f64(factor)));
    }
}
