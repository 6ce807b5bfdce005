use super::phases::{Phases, Stopwatch};
use crate::data::Dataset;
use crate::layer::{AnyLayer, Linear};
use crate::loss::Loss;
use crate::network::NeuralNetwork;
use crate::network::stage::Stage;
use crate::optimizer::{Clip, Gradients, Optimizer, Parameter, Rule};
use crate::tensor::{Scalar, Tensor};

/// The matrices of a step, kept for the next one.
///
/// The step is the loop of `forward`, `gradient`, `backward` and `step` in another form: a linear layer and the activation after it are
/// one stage, whose Z is not kept, and a rule moves a block of weights as soon as the block's gradient is there.
pub(super) struct Workspace<T: Scalar> {
    batch_size: usize,
    /// The samples in the order of this epoch, and how many of them were used.
    order: Vec<usize>,
    used: usize,
    /// X and Y of the batch.
    inputs: Tensor<T>,
    targets: Tensor<T>,
    stages: Vec<Trained<T>>,
    /// Whole gradients, where something needs them; see [`Trained::keeps_gradients`].
    gradients: Gradients<T>,
    stopwatch: Stopwatch,
}

/// A stage and what its backward pass takes.
struct Trained<T: Scalar> {
    /// Its Wᵀ gives the input gradient.
    stage: Stage<T>,
    /// The position of its first matrix among all parameters.
    parameter: usize,
    /// The gradients of its parameters are kept whole: for clipping, for a rule that wants whole matrices, for a user's layer.
    keeps_gradients: bool,
    /// ∂J/∂output; once the stage's turn has come, ∂J/∂Z.
    delta: Tensor<T>,
}

impl<T: Scalar> Trained<T> {
    /// ∂J/∂Z of the stage before, which gave this one's input.
    fn backward(&self, net: &NeuralNetwork<T>, before: &mut Trained<T>) {
        let g = before.stage.activation(net);
        match (self.stage.linear(net), &self.stage.transpose) {
            (Some(linear), Some(transpose)) => {
                let a = &before.stage.output;
                linear.input_gradient_before(g.map(|g| (g, a)), transpose, &self.delta, &mut before.delta);
            }
            _ => {
                let layer = net.layers()[self.stage.layer].as_layer();
                layer.input_gradient(&before.stage.output, &self.stage.output, &self.delta, &mut before.delta);
                before.finish_delta(net);
            }
        }
    }

    /// The optimizer's step with whole gradients.
    fn step<R: Rule<T>>(
        &mut self,
        net: &mut NeuralNetwork<T>,
        gradients: &Gradients<T>,
        optimizer: &mut Optimizer<T, R>,
    ) {
        let layer = self.stage.layer;
        let parameters = net.layers_mut()[layer].as_layer_mut().parameters_mut().iter_mut();
        for (k, (parameter, gradient)) in parameters.zip(gradients.layer(layer)).enumerate() {
            optimizer.update(self.parameter + k, parameter, gradient);
        }
        self.stage.renew_transpose(net);
    }

    /// From ∂J/∂A to ∂J/∂Z, where nobody has done that on the way.
    fn finish_delta(&mut self, net: &NeuralNetwork<T>) {
        if let Some(g) = self.stage.activation(net) {
            g.times_derivative(self.stage.output.storage(), self.delta.storage_mut());
        }
    }
}

impl<T: Scalar> Workspace<T> {
    /// For steps on batches of `train`, of so many samples at most; `whole_gradients` if all of a matrix's gradient is wanted before it moves.
    pub(super) fn new(net: &NeuralNetwork<T>, train: &Dataset, batch_size: usize, whole_gradients: bool) -> Self {
        let mut gradients = vec![Vec::new(); net.layers().len()];
        let mut parameter = 0;
        let trained = Stage::all(net, batch_size).into_iter().map(|mut stage| {
            let parameters = net.layers()[stage.layer].as_layer().parameters();
            let keeps_gradients = whole_gradients || stage.linear(net).is_none();
            if keeps_gradients {
                let gradient = |p: &Parameter<T>| Tensor::zeros(p.value.rows(), p.value.columns());
                gradients[stage.layer] = parameters.iter().map(gradient).collect();
            }
            if stage.layer > 0 && stage.transpose.is_none() {
                stage.transpose = stage.linear(net).map(Linear::transpose);
            }
            parameter += parameters.len();
            let delta = Tensor::zeros(stage.output.rows(), batch_size);
            Trained { stage, parameter: parameter - parameters.len(), keeps_gradients, delta }
        });
        let stages = trained.collect();
        Workspace {
            batch_size,
            order: Vec::with_capacity(train.samples()),
            used: 0,
            inputs: Tensor::zeros(train.features(), batch_size),
            targets: Tensor::zeros(train.outputs(), batch_size),
            stages,
            gradients: Gradients::new(gradients),
            stopwatch: Stopwatch::off(),
        }
    }

    /// Measures the phases of the steps that follow.
    pub(super) fn measure_phases(&mut self) {
        self.stopwatch = Stopwatch::on();
    }

    /// How long they took so far, if they are measured.
    pub(super) fn phases(&self) -> Option<Phases> {
        self.stopwatch.is_on().then_some(self.stopwatch.phases)
    }

    /// Has a new order of the samples written. The number of steps.
    pub(super) fn start_epoch(&mut self, write: impl FnOnce(&mut Vec<usize>)) -> usize {
        write(&mut self.order);
        self.used = 0;
        self.order.len().div_ceil(self.batch_size)
    }

    /// How many samples of this epoch were used.
    pub(super) fn samples_used(&self) -> usize {
        self.used
    }

    /// Fetches the next batch and says how many samples it has.
    pub(super) fn gather(&mut self, train: &Dataset) -> usize {
        self.stopwatch.start();
        let rest = &self.order[self.used..];
        let count = rest.len().min(self.batch_size);
        train.gather(rest, count, &mut self.inputs, &mut self.targets);
        for stage in &mut self.stages {
            stage.delta.set_columns(count);
        }
        self.used += count;
        self.stopwatch.lap(|phases| &mut phases.gather);
        count
    }

    /// The forward pass, the loss, and its gradient with respect to the output.
    pub(super) fn forward_and_loss(&mut self, net: &NeuralNetwork<T>, loss: &impl Loss<T>) -> f64 {
        for s in 0..self.stages.len() {
            let (before, rest) = self.stages.split_at_mut(s);
            rest[0].stage.forward(net, before.last().map_or(&self.inputs, |before| &before.stage.output));
        }
        self.stopwatch.lap(|phases| &mut phases.forward);
        let Some(last) = self.stages.last_mut() else { return f64::NAN };
        let value = loss.value_and_gradient(&last.stage.output, &self.targets, &mut last.delta);
        last.finish_delta(net);
        self.stopwatch.lap(|phases| &mut phases.loss);
        value
    }

    /// The backward pass and the optimizer's step.
    pub(super) fn backward_and_step<R: Rule<T>>(
        &mut self,
        net: &mut NeuralNetwork<T>,
        clip: Option<Clip>,
        optimizer: &mut Optimizer<T, R>,
    ) {
        optimizer.begin_step();
        for s in (0..self.stages.len()).rev() {
            let (before, rest) = self.stages.split_at_mut(s);
            let trained = &mut rest[0];
            // from the weights before they move; nobody needs ∂J/∂A⁽⁰⁾
            if let Some(before) = before.last_mut() {
                trained.backward(net, before);
            }
            self.stopwatch.lap(|phases| &mut phases.input_gradients);
            let input = before.last().map_or(&self.inputs, |before| &before.stage.output);
            let Trained { stage, parameter, keeps_gradients, delta } = trained;
            if *keeps_gradients {
                let layer = net.layers()[stage.layer].as_layer();
                let gradients = self.gradients.layer_mut(stage.layer);
                layer.parameter_gradients(input, &stage.output, delta, gradients);
                if clip.is_none() {
                    trained.step(net, &self.gradients, optimizer);
                }
            } else if let AnyLayer::Linear(linear) = &mut net.layers_mut()[stage.layer] {
                let (rule, step, state) = optimizer.for_matrix(*parameter, linear.matrix().shape());
                if let Some(rule) = rule.by_elements() {
                    linear.update((rule, step), state, (input, delta), stage.transpose.as_mut());
                }
            }
            self.stopwatch.lap(|phases| &mut phases.updates);
        }
        if let Some(clip) = clip {
            clip.apply(&mut self.gradients);
            for trained in &mut self.stages {
                trained.step(net, &self.gradients, optimizer);
            }
            self.stopwatch.lap(|phases| &mut phases.updates);
        }
    }
}
