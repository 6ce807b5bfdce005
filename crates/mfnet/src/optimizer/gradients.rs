use std::sync::Arc;

use crate::tensor::{Memo, Scalar, Tensor};

/// ∂J/∂W of every matrix of parameters of a network, and what its layers need to renew their buffers.
#[derive(Clone, Debug)]
pub struct Gradients<T: Scalar = f64> {
    matrices: Vec<Tensor<T>>,
    /// The first matrix of each layer, and their number.
    starts: Arc<[usize]>,
    /// What layers with buffers kept of the forward passes, with the number of the layer.
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

    /// The gradients of a layer, which is counted as [`crate::layer::Context::layer`] is; none for one without parameters.
    pub fn layer(&self, index: usize) -> &[Tensor<T>] {
        &self.matrices[self.starts[index]..self.starts[index + 1]]
    }

    /// Every matrix, in the order of the parameters.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor<T>> {
        self.matrices.iter()
    }

    /// The same, for changing.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tensor<T>> {
        self.matrices.iter_mut()
    }

    pub(crate) fn matrices(&self) -> &[Tensor<T>] {
        &self.matrices
    }

    pub(crate) fn matrices_mut(&mut self) -> &mut [Tensor<T>] {
        &mut self.matrices
    }

    /// G ← G + G′, matrix by matrix: the gradients of the same network for other samples.
    ///
    /// # Panics
    /// If they are those of another network.
    pub fn add(&mut self, other: &Self) {
        assert!(self.starts == other.starts, "the gradients belong to another network");
        self.matrices.iter_mut().zip(&other.matrices).for_each(|(sum, g)| sum.add(g));
    }

    /// The norm of all gradients together, √Σ(∂J/∂w)².
    pub fn norm(&self) -> f64 {
        self.layers().map(|layer| norm(&self.matrices[layer]).powi(2)).sum::<f64>().sqrt()
    }

    /// Shortens all gradients by one factor so that their common norm is at most `most`; see [`super::Clip::Global`].
    pub fn clip_global_norm(&mut self, most: f64) {
        let norm = self.norm();
        shorten(&mut self.matrices, norm, most);
    }

    /// Shortens each layer's gradients so that each layer's norm is at most `most`; see [`super::Clip::PerLayer`].
    pub fn clip_each_layer_norm(&mut self, most: f64) {
        for index in 1..self.starts.len() {
            let layer = &mut self.matrices[self.starts[index - 1]..self.starts[index]];
            let norm = norm(layer);
            shorten(layer, norm, most);
        }
    }

    fn layers(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        self.starts.windows(2).map(|bounds| bounds[0]..bounds[1])
    }
}

fn norm<T: Scalar>(matrices: &[Tensor<T>]) -> f64 {
    matrices.iter().map(|g| g.norm().powi(2)).sum::<f64>().sqrt()
}

/// G ← G · min(1, most / (norm + 10⁻⁶)), as `torch.nn.utils.clip_grad_norm_` does it.
fn shorten<T: Scalar>(matrices: &mut [Tensor<T>], norm: f64, most: f64) {
    let factor = most / (norm + 1e-6);
    // a norm that is NaN shortens nothing: the loop that trains sees it in the loss
    if factor < 1.0 {
        matrices.iter_mut().for_each(|g| g.scale(T::from_f64(factor)));
    }
}
