use crate::data::Dataset;
use crate::loss::Loss;
use crate::network::NeuralNetwork;
use crate::optimizer::{Clip, Gradients, Optimizer, Rule};
use crate::random::Rng;
use crate::tensor::{Scalar, Tensor};

/// The matrices of a step, kept for the next one.
pub(super) struct Workspace<T: Scalar> {
    batch_size: usize,
    /// The samples in the order of this epoch, and how many of them were used.
    order: Vec<usize>,
    used: usize,
    /// X and Y of the batch.
    inputs: Tensor<T>,
    targets: Tensor<T>,
    /// Of each layer its output, and ∂J/∂output.
    outputs: Vec<Tensor<T>>,
    deltas: Vec<Tensor<T>>,
    gradients: Gradients<T>,
}

impl<T: Scalar> Workspace<T> {
    pub(super) fn new(net: &NeuralNetwork<T>, train: &Dataset, batch_size: usize) -> Self {
        let most = batch_size.min(train.samples());
        Workspace {
            batch_size,
            order: (0..train.samples()).collect(),
            used: 0,
            inputs: Tensor::zeros(train.features(), most),
            targets: Tensor::zeros(train.outputs(), most),
            outputs: net.outputs_for(most),
            deltas: net.outputs_for(most),
            gradients: net.zero_gradients(),
        }
    }

    /// A new order of the samples, which depends on the stream alone. The number of steps.
    pub(super) fn start_epoch(&mut self, mut rng: Rng) -> usize {
        for (i, sample) in self.order.iter_mut().enumerate() {
            *sample = i;
        }
        rng.shuffle(&mut self.order);
        self.used = 0;
        self.order.len().div_ceil(self.batch_size)
    }

    /// How many samples of this epoch were used.
    pub(super) fn samples_used(&self) -> usize {
        self.used
    }

    /// Fetches the next batch and says how many samples it has.
    pub(super) fn gather(&mut self, train: &Dataset) -> usize {
        let samples = &self.order[self.used..self.order.len().min(self.used + self.batch_size)];
        train.gather(samples, &mut self.inputs, &mut self.targets);
        for matrix in self.outputs.iter_mut().chain(&mut self.deltas) {
            matrix.set_columns(samples.len());
        }
        self.used += samples.len();
        samples.len()
    }

    /// The forward pass, the loss, and its gradient with respect to the output.
    pub(super) fn forward_and_loss(&mut self, net: &NeuralNetwork<T>, loss: &impl Loss<T>) -> f64 {
        net.forward_into(&self.inputs, &mut self.outputs);
        let (Some(output), Some(delta)) = (self.outputs.last(), self.deltas.last_mut()) else { return f64::NAN };
        loss.value_and_gradient(output, &self.targets, delta)
    }

    /// The backward pass and the optimizer's step.
    pub(super) fn backward_and_step<R: Rule<T>>(
        &mut self,
        net: &mut NeuralNetwork<T>,
        clip: Option<Clip>,
        optimizer: &mut Optimizer<T, R>,
    ) {
        net.backward_into(&self.inputs, &self.outputs, &mut self.deltas, &mut self.gradients);
        if let Some(clip) = clip {
            clip.apply(&mut self.gradients);
        }
        optimizer.step(net, &self.gradients);
    }
}
