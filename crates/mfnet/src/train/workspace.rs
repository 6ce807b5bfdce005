use super::phases::{Phases, Stopwatch};
use crate::data::Dataset;
use crate::layer::{Activation, AnyLayer, Linear};
use crate::loss::Loss;
use crate::network::NeuralNetwork;
use crate::optimizer::{Clip, Gradients, Optimizer, Rule};
use crate::random::Rng;
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
    stages: Vec<Stage<T>>,
    /// Whole gradients, where something needs them; see [`Stage::keeps_gradients`].
    gradients: Gradients<T>,
    stopwatch: Stopwatch,
}

/// A layer, or a linear layer with the activation after it.
struct Stage<T: Scalar> {
    /// The layer's position in the network, and that of its first matrix among all parameters.
    layer: usize,
    parameter: usize,
    /// The position of the activation that is part of the stage.
    activation: Option<usize>,
    /// Wᵀ of a linear layer that has to give an input gradient, or has few outputs.
    transpose: Option<Tensor<T>>,
    /// The gradients of its parameters are kept whole: for clipping, for a rule that wants whole matrices, for a user's layer.
    keeps_gradients: bool,
    output: Tensor<T>,
    /// ∂J/∂output; once the stage's turn has come, ∂J/∂Z.
    delta: Tensor<T>,
}

impl<T: Scalar> Stage<T> {
    /// Its activation.
    fn activation<'a>(&self, net: &'a NeuralNetwork<T>) -> Option<&'a Activation<T>> {
        activation(&net.layers()[self.activation?])
    }

    /// Its layer, if that is a linear one.
    fn linear<'a>(&self, net: &'a NeuralNetwork<T>) -> Option<&'a Linear<T>> {
        if let AnyLayer::Linear(linear) = &net.layers()[self.layer] { Some(linear) } else { None }
    }

    fn takes_activation(&self, net: &NeuralNetwork<T>) -> bool {
        self.linear(net).is_some() && self.activation.is_none()
    }

    fn forward(&mut self, net: &NeuralNetwork<T>, input: &Tensor<T>) {
        match self.linear(net) {
            Some(linear) => {
                let g = self.activation(net);
                linear.forward_activated(g, self.transpose.as_ref(), input, &mut self.output);
            }
            None => net.layers()[self.layer].as_layer().forward(input, &mut self.output),
        }
    }

    /// ∂J/∂Z of the stage before, which gave this one's input.
    fn backward(&self, net: &NeuralNetwork<T>, before: &mut Stage<T>) {
        let g = before.activation(net);
        match (self.linear(net), &self.transpose) {
            (Some(linear), Some(transpose)) => {
                let before_output = &before.output;
                linear.input_gradient_before(g.map(|g| (g, before_output)), transpose, &self.delta, &mut before.delta);
            }
            _ => {
                let layer = net.layers()[self.layer].as_layer();
                layer.input_gradient(&before.output, &self.output, &self.delta, &mut before.delta);
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
        let layer = &mut net.layers_mut()[self.layer];
        let parameters = layer.as_layer_mut().parameters_mut().iter_mut().zip(gradients.layer(self.layer));
        for (k, (parameter, gradient)) in parameters.enumerate() {
            optimizer.update(self.parameter + k, parameter, gradient);
        }
        if let (Some(transpose), AnyLayer::Linear(linear)) = (&mut self.transpose, layer) {
            linear.transpose_into(transpose);
        }
    }

    /// From ∂J/∂A to ∂J/∂Z, where nobody has done that on the way.
    fn finish_delta(&mut self, net: &NeuralNetwork<T>) {
        if let Some(g) = self.activation(net) {
            g.times_derivative(self.output.storage(), self.delta.storage_mut());
        }
    }
}

/// The layer as an activation that may be part of a stage.
fn activation<T: Scalar>(layer: &AnyLayer<T>) -> Option<&Activation<T>> {
    match layer {
        AnyLayer::Activation(activation) if activation.forgets_input() => Some(activation),
        _ => None,
    }
}

impl<T: Scalar> Workspace<T> {
    /// For steps on batches of `train`; `whole_gradients` if all of a matrix's gradient is wanted before it moves.
    pub(super) fn new(net: &NeuralNetwork<T>, train: &Dataset, batch_size: usize, whole_gradients: bool) -> Self {
        let most = batch_size.min(train.samples());
        let mut stages: Vec<Stage<T>> = Vec::new();
        let mut gradients = Vec::new();
        let mut parameter = 0;
        for (l, (layer, features)) in net.layers().iter().zip(net.output_features()).enumerate() {
            gradients.push(Vec::new());
            if let Some(last) = stages.last_mut().filter(|last| last.takes_activation(net))
                && activation(layer).is_some()
            {
                last.activation = Some(l);
                continue;
            }
            let linear = if let AnyLayer::Linear(linear) = layer { Some(linear) } else { None };
            let keeps_gradients = whole_gradients || linear.is_none();
            let parameters = layer.as_layer().parameters();
            if keeps_gradients {
                gradients[l].extend(parameters.iter().map(|p| Tensor::zeros(p.value.rows(), p.value.columns())));
            }
            stages.push(Stage {
                layer: l,
                parameter,
                activation: None,
                transpose: linear.filter(|linear| l > 0 || linear.has_few_outputs()).map(Linear::transpose),
                keeps_gradients,
                output: Tensor::zeros(*features, most),
                delta: Tensor::zeros(*features, most),
            });
            parameter += parameters.len();
        }
        Workspace {
            batch_size,
            order: (0..train.samples()).collect(),
            used: 0,
            inputs: Tensor::zeros(train.features(), most),
            targets: Tensor::zeros(train.outputs(), most),
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
        self.stopwatch.start();
        let samples = &self.order[self.used..self.order.len().min(self.used + self.batch_size)];
        train.gather(samples, &mut self.inputs, &mut self.targets);
        for stage in &mut self.stages {
            stage.output.set_columns(samples.len());
            stage.delta.set_columns(samples.len());
        }
        self.used += samples.len();
        self.stopwatch.lap(|phases| &mut phases.gather);
        samples.len()
    }

    /// The forward pass, the loss, and its gradient with respect to the output.
    pub(super) fn forward_and_loss(&mut self, net: &NeuralNetwork<T>, loss: &impl Loss<T>) -> f64 {
        for s in 0..self.stages.len() {
            let (before, rest) = self.stages.split_at_mut(s);
            rest[0].forward(net, before.last().map_or(&self.inputs, |before| &before.output));
        }
        self.stopwatch.lap(|phases| &mut phases.forward);
        let Some(last) = self.stages.last_mut() else { return f64::NAN };
        let value = loss.value_and_gradient(&last.output, &self.targets, &mut last.delta);
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
            let stage = &mut rest[0];
            // from the weights before they move; nobody needs ∂J/∂A⁽⁰⁾
            if let Some(before) = before.last_mut() {
                stage.backward(net, before);
            }
            self.stopwatch.lap(|phases| &mut phases.input_gradients);
            let input = before.last().map_or(&self.inputs, |before| &before.output);
            if stage.keeps_gradients {
                let layer = net.layers()[stage.layer].as_layer();
                let gradients = self.gradients.layer_mut(stage.layer);
                layer.parameter_gradients(input, &stage.output, &stage.delta, gradients);
                if clip.is_none() {
                    stage.step(net, &self.gradients, optimizer);
                }
            } else if let AnyLayer::Linear(linear) = &mut net.layers_mut()[stage.layer] {
                let (rule, step, state) = optimizer.for_matrix(stage.parameter, linear.matrix().shape());
                if let Some(rule) = rule.by_elements() {
                    linear.update((rule, step), state, (input, &stage.delta), stage.transpose.as_mut());
                }
            }
            self.stopwatch.lap(|phases| &mut phases.updates);
        }
        if let Some(clip) = clip {
            clip.apply(&mut self.gradients);
            for stage in &mut self.stages {
                stage.step(net, &self.gradients, optimizer);
            }
            self.stopwatch.lap(|phases| &mut phases.updates);
        }
    }
}
