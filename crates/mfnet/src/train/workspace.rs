use std::ops::Range;
use std::sync::Arc;

use super::label_smoothing;
use super::mixup::Mixup;
use super::phases::{Phases, Stopwatch};
use crate::data::Dataset;
use crate::loss::{Loss, Weights};
use crate::network::plan::{Kind, Operation, Plan};
use crate::network::run::{self, Room, Run, Sink, Transposes};
use crate::network::{NeuralNetwork, Whole, renew_buffers};
use crate::optimizer::{Gradients, Optimizer};
use crate::tensor::kernel::Finish;
use crate::tensor::product::{self, Updated};
use crate::tensor::{Scalar, Tensor};

/// The matrices of a step, reused in the next one. They carry nothing over from step to step.
#[derive(Clone, Debug)]
pub(super) struct Workspace<T: Scalar> {
    plan: Arc<Plan>,
    /// X and Y of the batch.
    inputs: Tensor<T>,
    targets: Tensor<T>,
    mixup: Option<Mixup>,
    /// ε of the label smoothing in this step.
    smoothing: f64,
    /// Room for a column of a panel, for mixtures.
    column: Vec<T>,
    /// The weight of each sample of the step in the loss; empty without weights.
    weights: Vec<f64>,
    room: Room<T>,
    transposes: Transposes<T>,
    deltas: Vec<Tensor<T>>,
    /// Whole gradients, where needed: of all layers, or only of layers that are not linear.
    gradients: Gradients<T>,
    /// Sums of the gradients of 1, 2, 4, … parts of a batch; last, the sum over all earlier
    /// batches.
    sums: Vec<Gradients<T>>,
    /// Room for the gradients at other weights, made when a step first needs it.
    spare: Option<Gradients<T>>,
    stopwatch: Stopwatch,
}

/// How the samples of a step are divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Samples in a batch.
    pub(super) batch_size: usize,
    /// Batches whose gradients are accumulated in a step.
    pub(super) accumulate: usize,
    /// Parts of a batch, a power of two.
    pub(super) shards: usize,
}

impl Cut {
    /// The largest number of samples in a step.
    pub(super) fn samples(self) -> usize {
        self.batch_size.saturating_mul(self.accumulate)
    }

    /// The range of samples in one part of a batch.
    fn shard(self, batch: &Range<usize>, shard: usize) -> Range<usize> {
        let at = |shard: usize| batch.start + batch.len() * shard / self.shards;
        at(shard)..at(shard + 1)
    }
}

impl<T: Scalar> Workspace<T> {
    /// Room for steps on at most this many samples. `whole` says if all gradients are needed before
    /// an update.
    #[inline(never)]
    pub(super) fn new(net: &NeuralNetwork<T>, train: &Dataset, samples: usize, cut: Cut, whole: bool) -> Self {
        let plan = Arc::clone(&net.plans().fused);
        let batch = cut.batch_size.min(samples);
        let mut gradients = net.zero_gradients();
        if !whole {
            // a linear layer updates its weights without whole gradients
            for operation in plan.operations.iter().filter(|o| matches!(o.kind, Kind::Affine { .. })) {
                gradients.matrices_mut()[operation.parameter] = Tensor::zeros(0, 0);
            }
        }
        let sums = match (cut.shards, cut.accumulate) {
            (1, 1) => 0,
            (shards, _) => shards.ilog2() as usize + 2,
        };
        Workspace {
            inputs: Tensor::zeros(train.features(), batch),
            targets: Tensor::zeros(train.outputs(), batch),
            mixup: None,
            smoothing: 0.0,
            column: Vec::new(),
            weights: Vec::with_capacity(train.loss_weights().map_or(0, |_| cut.samples().min(samples))),
            room: Room::new(&plan, batch),
            transposes: run::transposes(net, &plan, true),
            deltas: plan.operations.iter().map(|operation| Tensor::zeros(operation.features, batch)).collect(),
            sums: vec![gradients.clone(); sums],
            spare: None,
            gradients,
            stopwatch: Stopwatch::off(),
            plan,
        }
    }

    /// About how many bytes it takes, without the parts that have the size of the weights.
    pub(super) fn bytes(net: &NeuralNetwork<T>, train: &Dataset, samples: usize, cut: Cut) -> usize {
        let plan = &net.plans().fused;
        let deltas = plan.operations.iter().map(|operation| Tensor::<T>::bytes_of_column(operation.features));
        let data = Tensor::<T>::bytes_of_column(train.features())
            .saturating_add(Tensor::<T>::bytes_of_column(train.outputs()));
        let of_sample = deltas.fold(data, usize::saturating_add).saturating_add(Room::bytes(net, plan, true));
        of_sample.saturating_mul(cut.batch_size.min(samples))
    }

    /// Makes room for the gradients of all layers, if a callback wants to see them.
    pub(super) fn keep_whole_gradients(&mut self, net: &NeuralNetwork<T>) {
        if self.gradients.iter().any(|matrix| matrix.rows() == 0) {
            self.gradients = net.zero_gradients();
        }
    }

    /// Mixes the samples of each batch.
    pub(super) fn mix(&mut self, mixup: Option<Mixup>) {
        self.mixup = mixup;
    }

    /// Smooths the targets of the next batches with this ε.
    pub(super) fn smooth(&mut self, epsilon: f64) {
        self.smoothing = epsilon;
    }

    /// Starts measuring the phases of the steps.
    pub(super) fn measure_phases(&mut self) {
        self.stopwatch = Stopwatch::on();
    }

    /// Time of the phases so far; `None` if they are not measured.
    pub(super) fn phases(&self) -> Option<Phases> {
        self.stopwatch.is_on().then_some(self.stopwatch.phases)
    }

    /// Gathers the sample weights of a step, if any, and returns the divisor of its loss: the sum
    /// of the weights, or the number of samples.
    pub(super) fn weigh(&mut self, train: &Dataset, samples: &[usize]) -> f64 {
        self.weights.clear();
        let Some(weights) = train.loss_weights() else { return samples.len() as f64 };
        self.weights.extend(samples.iter().map(|sample| weights[*sample]));
        self.weights.iter().sum()
    }

    /// Gathers a batch of the first `count` samples, prefetches the next ones, and computes the
    /// forward pass, the loss and its gradient. Returns the loss with the weights from
    /// [`Workspace::weigh`] and this divisor.
    #[inline(never)]
    pub(super) fn forward_and_loss(
        &mut self,
        net: &NeuralNetwork<T>,
        loss: &dyn Loss<T>,
        (train, samples, count): (&Dataset, &[usize], usize),
        (run, divisor): (Run, f64),
    ) -> f64 {
        self.stopwatch.start();
        train.gather(samples, count, &mut self.inputs, &mut self.targets);
        if let Some(mixup) = self.mixup {
            mixup.apply(run.pass, run.first_sample, [&mut self.inputs, &mut self.targets], &mut self.column);
        }
        if self.smoothing > 0.0 {
            label_smoothing::smooth(self.smoothing, &mut self.targets);
        }
        self.stopwatch.lap(|phases| &mut phases.gather);
        let output = run::forward(net, &self.plan, run, &self.inputs, &self.transposes, &mut self.room);
        self.stopwatch.lap(|phases| &mut phases.forward);
        let Some(delta) = self.deltas.last_mut() else { return f64::NAN };
        delta.set_columns(count);
        let of_samples = self.weights.get(run.first_sample..run.first_sample + count);
        let weights = Weights { of_samples: of_samples.filter(|weights| !weights.is_empty()), divisor };
        let value = loss.value_and_gradient(output, &self.targets, weights, delta);
        self.stopwatch.lap(|phases| &mut phases.loss);
        value
    }

    /// The backward pass, which updates each weight as soon as its gradient is computed.
    #[inline(never)]
    pub(super) fn backward_and_step(&mut self, net: &mut NeuralNetwork<T>, run: Run, optimizer: &mut Optimizer<T>) {
        optimizer.begin_step();
        let Workspace { plan, inputs, room, transposes, deltas, gradients, stopwatch, .. } = self;
        let mut sink = Stepping { net, optimizer, transposes, gradients, stopwatch };
        run::backward(plan, run, inputs, room, deltas, &mut sink);
        renew_buffers(net, plan, room);
    }

    /// Computes the gradients of all batches of a step, each cut into parts, and returns the loss.
    /// Gradients of parts are added in a binary tree, those of batches one after the other.
    #[inline(never)]
    pub(super) fn whole_gradients(
        &mut self,
        net: &mut NeuralNetwork<T>,
        loss: &dyn Loss<T>,
        (train, samples, count): (&Dataset, &[usize], usize),
        (run, cut, divisor): (Run, Cut, f64),
    ) -> f64 {
        let mut value = 0.0;
        let tree = cut.shards.ilog2() as usize;
        for start in (0..count).step_by(cut.batch_size) {
            let batch = start..count.min(start + cut.batch_size);
            for shard in 0..cut.shards {
                let part = cut.shard(&batch, shard);
                if part.is_empty() {
                    self.gradients.iter_mut().for_each(|matrix| matrix.fill(T::ZERO));
                } else {
                    let run = Run { first_sample: part.start, ..run };
                    let of_part = (train, &samples[part.start..], part.len());
                    value += self.forward_and_loss(net, loss, of_part, (run, divisor));
                    let Workspace { plan, inputs, room, transposes, deltas, gradients, stopwatch, .. } = self;
                    run::backward(plan, run, inputs, room, deltas, &mut Whole { net, transposes, gradients });
                    stopwatch.lap(|phases| &mut phases.updates);
                    renew_buffers(net, plan, room);
                }
                if self.sums.is_empty() {
                    return value;
                }
                // a one bit of the part's number: its neighbour on this level is done
                let mut level = 0;
                while shard >> level & 1 == 1 {
                    self.sums[level].add(&self.gradients);
                    std::mem::swap(&mut self.sums[level], &mut self.gradients);
                    level += 1;
                }
                std::mem::swap(&mut self.sums[level], &mut self.gradients);
            }
            let (of_batch, before) = self.sums.split_at_mut(tree + 1);
            if start == 0 {
                std::mem::swap(&mut of_batch[tree], &mut before[0]);
            } else {
                before[0].add(&of_batch[tree]);
            }
        }
        std::mem::swap(&mut self.sums[tree + 1], &mut self.gradients);
        value
    }

    /// Call it after the weights were changed.
    pub(super) fn renew_transposes(&mut self, net: &NeuralNetwork<T>) {
        run::renew_transposes(net, &self.plan, &mut self.transposes);
    }

    /// The whole gradients, before the step.
    pub(super) fn gradients_mut(&mut self) -> &mut Gradients<T> {
        &mut self.gradients
    }

    /// The optimizer's step with whole gradients.
    #[inline(never)]
    pub(super) fn step(&mut self, net: &mut NeuralNetwork<T>, optimizer: &mut Optimizer<T>) {
        self.stopwatch.start();
        optimizer.begin_step();
        optimizer.move_all(net, &mut self.gradients);
        run::renew_transposes(net, &self.plan, &mut self.transposes);
        self.stopwatch.lap(|phases| &mut phases.updates);
    }

    /// The optimizer's step with whole gradients at this loss, where it evaluates other weights on the
    /// same batches.
    #[inline(never)]
    pub(super) fn search(
        &mut self,
        (net, optimizer): (&mut NeuralNetwork<T>, &mut Optimizer<T>),
        loss: (&dyn Loss<T>, f64),
        batch: (&Dataset, &[usize], usize),
        how: (Run, Cut, f64),
    ) {
        let mut gradients = self.spare.take().unwrap_or_else(|| net.zero_gradients());
        std::mem::swap(&mut self.gradients, &mut gradients);
        optimizer.search(net, (loss.1, &mut gradients), &mut |net: &mut NeuralNetwork<T>, gradients| {
            run::renew_transposes(net, &self.plan, &mut self.transposes);
            let value = self.whole_gradients(net, loss.0, batch, how);
            std::mem::swap(&mut self.gradients, gradients);
            value
        });
        run::renew_transposes(net, &self.plan, &mut self.transposes);
        std::mem::swap(&mut self.gradients, &mut gradients);
        self.spare = Some(gradients);
    }
}

/// Updates the weights of each layer as soon as its gradients are computed.
struct Stepping<'a, T: Scalar> {
    net: &'a mut NeuralNetwork<T>,
    optimizer: &'a mut Optimizer<T>,
    transposes: &'a mut Transposes<T>,
    gradients: &'a mut Gradients<T>,
    stopwatch: &'a mut Stopwatch,
}

impl<T: Scalar> Sink<T> for Stepping<'_, T> {
    fn network(&self) -> &NeuralNetwork<T> {
        self.net
    }

    fn transpose(&self, operation: usize) -> Option<&Tensor<T>> {
        self.transposes[operation].as_ref()
    }

    /// Updates each block of [b | W] as soon as its gradient is computed, and Wᵀ with it.
    fn linear(&mut self, o: usize, operation: &Operation, delta: &Tensor<T>, input: &Tensor<T>) {
        let Kind::Affine { linear, .. } = &operation.kind else { return };
        let parameter = linear.linear_mut(self.net.layers_mut()).parameter_mut();
        let matrix = (operation.parameter, operation.layer);
        let Some((rule, [of_biases, of_weights], state)) = self.optimizer.by_pieces(matrix, parameter) else { return };
        let descend = Finish::Descend { eta: T::from_f64(of_weights.rate), lambda: T::from_f64(of_weights.decay) };
        let descend = rule.is_plain_descent().then_some(descend);
        let transpose = self.transposes[o].as_mut();
        let updated = Updated { parameters: &mut parameter.value, state, transpose };
        let by_rule = |biases: bool, w: &mut [T], g: &[T], state: &mut [&mut [T]]| {
            rule.update(if biases { of_biases } else { of_weights }, w, g, state);
        };
        product::update(delta, input, updated, descend, by_rule);
        self.stopwatch.lap(|phases| &mut phases.updates);
    }

    fn gradients(&mut self, operation: &Operation) -> (&NeuralNetwork<T>, &mut [Tensor<T>]) {
        let Operation { parameter, parameters, .. } = *operation;
        (self.net, &mut self.gradients.matrices_mut()[parameter..parameter + parameters])
    }

    fn layer(&mut self, operation: &Operation) {
        let Kind::Layer(place) = &operation.kind else { return };
        let mut number = operation.parameter;
        place.layer_mut(self.net.layers_mut()).parameters_mut(&mut |_, parameter| {
            self.optimizer.update((number, operation.layer), parameter, &self.gradients.matrices()[number]);
            number += 1;
        });
        self.stopwatch.lap(|phases| &mut phases.updates);
    }

    fn input_gradient_made(&mut self) {
        self.stopwatch.lap(|phases| &mut phases.input_gradients);
    }
}
