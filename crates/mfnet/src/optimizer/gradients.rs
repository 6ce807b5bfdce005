use crate::tensor::{Scalar, Tensor};

/// ∂J/∂W of every matrix of parameters, grouped by layer; layers without parameters have none.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients<T: Scalar = f64> {
    layers: Vec<Vec<Tensor<T>>>,
}

impl<T: Scalar> Gradients<T> {
    pub(crate) fn new(layers: Vec<Vec<Tensor<T>>>) -> Self {
        Gradients { layers }
    }

    /// The gradients of the layer at this position in the list of layers.
    pub fn layer(&self, index: usize) -> &[Tensor<T>] {
        &self.layers[index]
    }

    pub(crate) fn layer_mut(&mut self, index: usize) -> &mut [Tensor<T>] {
        &mut self.layers[index]
    }

    /// Every matrix, in the order of the parameters.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor<T>> {
        self.layers.iter().flatten()
    }

    /// The norm of all gradients together, √Σ(∂J/∂w)².
    pub fn norm(&self) -> f64 {
        self.layers.iter().map(|layer| norm(layer).powi(2)).sum::<f64>().sqrt()
    }

    /// Shortens all gradients by one factor so that their common norm is at most `most`; see [`super::Clip::Global`].
    pub fn clip_global_norm(&mut self, most: f64) {
        let norm = self.norm();
        self.layers.iter_mut().for_each(|layer| shorten(layer, norm, most));
    }

    /// Shortens each layer's gradients so that each layer's norm is at most `most`; see [`super::Clip::PerLayer`].
    pub fn clip_each_layer_norm(&mut self, most: f64) {
        for layer in &mut self.layers {
            let norm = norm(layer);
            shorten(layer, norm, most);
        }
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
