//! [`forward`] and [`backward`]: the only two functions that run a plan, for the loop of the
//! README, training, validation and prediction.

use std::ops::Range;

use super::NeuralNetwork;
use super::plan::{Dropped, Kind, Operation, Place, Plan, Source};
use crate::layer::{Activation, AnyLayer, Backward, Keeps, Layer, Mask};
use crate::memory;
use crate::pass::{Context, Pass};
use crate::tensor::kernel::{Finish, vectorised};
use crate::tensor::parts::{Strip, for_each_chunk, for_each_strip, for_each_strip_with};
use crate::tensor::{Layout, Memo, Scalar, Tensor, product};

/// Assumed cost of one element, in floating-point operations, to decide whether threads share the
/// work.
const COST: usize = 8;

/// The output and the memo of each operation in a forward pass. Reused from pass to pass.
#[derive(Clone, Debug)]
pub(crate) struct Room<T: Scalar> {
    pub(crate) outputs: Vec<Tensor<T>>,
    pub(crate) memos: Vec<Memo<T>>,
    /// g′ of an activation that an operation ends with, where g′ does not follow from what it
    /// writes.
    derivatives: Vec<Memo<T>>,
}

impl<T: Scalar> Room<T> {
    /// Room for this many samples; it grows if there are more.
    pub(crate) fn new(plan: &Plan, samples: usize) -> Self {
        let output = |operation: &Operation| Tensor::zeros(operation.features, samples);
        let memo = |_: &Operation| Memo::new();
        Room {
            outputs: plan.operations.iter().map(output).collect(),
            memos: plan.operations.iter().map(memo).collect(),
            derivatives: plan.operations.iter().map(memo).collect(),
        }
    }

    /// About how many bytes it takes for one sample; in training, layers keep more.
    pub(crate) fn bytes(net: &NeuralNetwork<T>, plan: &Plan, training: bool) -> usize {
        let of = |operation: &Operation| {
            let g = operation.g.as_ref().map(|g| g.activation(net.layers()));
            let keeps_derivative = g.is_some_and(|g| g.keeps() == Keeps::Derivative);
            let is_layer = matches!(operation.kind, Kind::Layer(_));
            let matrices = 1 + usize::from(is_layer) + usize::from(training && keeps_derivative);
            Tensor::<T>::bytes_of_column(operation.features).saturating_mul(matrices)
        };
        plan.operations.iter().map(of).fold(0, usize::saturating_add)
    }

    /// The matrix that an operation reads.
    fn read<'a>(&'a self, source: Source, input: &'a Tensor<T>) -> &'a Tensor<T> {
        source.map_or(input, |operation| &self.outputs[operation])
    }

    /// What the activation g of an operation kept in a forward pass of training.
    fn kept(&self, operation: usize, g: &Activation<T>) -> &[T] {
        match g.keeps() {
            Keeps::Output => self.outputs[operation].storage(),
            Keeps::Derivative => {
                let [derivative] = self.derivatives[operation].kept();
                derivative.storage()
            }
        }
    }
}

/// Wᵀ of the linear layer of each operation; `None` where it is not needed.
pub(crate) type Transposes<T> = Vec<Option<Tensor<T>>>;

/// The transposes that the forward pass needs and, if `all`, those that the backward pass needs.
pub(crate) fn transposes<T: Scalar>(net: &NeuralNetwork<T>, plan: &Plan, all: bool) -> Transposes<T> {
    let of = |operation: &Operation| match &operation.kind {
        Kind::Affine { linear, few, .. } if *few || (all && operation.input.is_some()) => {
            Some(linear.linear(net.layers()).transpose())
        }
        _ => None,
    };
    plan.operations.iter().map(of).collect()
}

/// Updates each Wᵀ to the current W.
pub(crate) fn renew_transposes<T: Scalar>(net: &NeuralNetwork<T>, plan: &Plan, transposes: &mut Transposes<T>) {
    for (operation, transpose) in plan.operations.iter().zip(transposes) {
        if let (Kind::Affine { linear, .. }, Some(transpose)) = (&operation.kind, transpose) {
            linear.linear(net.layers()).matrix().transpose_into(1, transpose);
        }
    }
}

/// The purpose of a pass, the index of its first sample in the whole batch, and the factor of all
/// probabilities of dropout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) pass: Pass,
    pub(crate) first_sample: usize,
    pub(crate) dropout: f64,
}

/// A prediction.
impl Default for Run {
    fn default() -> Self {
        Run::of(Pass::Evaluate)
    }
}

impl Run {
    /// A pass over a whole batch, with the probabilities of the layers.
    pub(crate) fn of(pass: Pass) -> Self {
        Run { pass, first_sample: 0, dropout: 1.0 }
    }

    /// Calls `f` with a layer as it is in this run: dropout has its probability times the factor.
    fn with<T: Scalar>(self, layers: &[AnyLayer<T>], place: &Place, f: impl FnOnce(&dyn Layer<T>)) {
        match place.of(layers) {
            AnyLayer::Dropout(dropout) => f(&dropout.times(self.dropout)),
            AnyLayer::AlphaDropout(dropout) => f(&dropout.times(self.dropout)),
            _ => f(place.layer(layers)),
        }
    }

    fn context(self, operation: &Operation) -> Context {
        Context { pass: self.pass, layer: operation.layer, first_sample: self.first_sample }
    }

    /// The dropout mask of this run, and the factor of the remaining elements; `None` in a
    /// prediction.
    fn mask<T: Scalar>(self, dropped: &Dropped) -> Option<(Mask<T>, T)> {
        let Run { pass, first_sample, .. } = self;
        let context = Context { pass, layer: dropped.layer, first_sample };
        let dropout = dropped.dropout.times(self.dropout);
        context.is_training().then(|| (dropout.mask(&context), dropout.factor()))
    }
}

/// Runs the plan forward from A⁽⁰⁾ = `input`, and returns the output of the last operation.
#[inline(never)]
pub(crate) fn forward<'a, T: Scalar>(
    net: &NeuralNetwork<T>,
    plan: &Plan,
    run: Run,
    input: &'a Tensor<T>,
    transposes: &Transposes<T>,
    room: &'a mut Room<T>,
) -> &'a Tensor<T> {
    let layers = net.layers();
    for (o, operation) in plan.operations.iter().enumerate() {
        let (before, rest) = room.outputs.split_at_mut(o);
        let (output, before) = (&mut rest[0], &*before);
        let read = |source: Source| source.map_or(input, |operation| &before[operation]);
        output.set_columns(input.columns());
        let g = operation.g.as_ref().map(|g| g.activation(layers));
        let derivative = match g {
            Some(g) if run.pass != Pass::Evaluate && g.keeps() == Keeps::Derivative => {
                let [derivative] = room.derivatives[o].keep([output.shape()]);
                Some(derivative)
            }
            _ => None,
        };
        let mask = operation.dropout.as_ref().and_then(|dropped| run.mask(dropped));
        let end = End { term: None, g, mask: mask.as_ref() };
        match &operation.kind {
            Kind::Affine { linear, few, sum } => {
                let transpose = if *few { transposes[o].as_ref() } else { None };
                let end = End { term: sum.map(|source| read(source).storage()), ..end };
                affine(linear.linear(layers).matrix(), transpose, read(operation.input), end, output, derivative);
            }
            Kind::Layer(place) => {
                let (context, input) = (run.context(operation), read(operation.input));
                run.with(layers, place, |layer| layer.forward(&context, input, output, &mut room.memos[o]));
                end.apply_to_all(output, derivative);
            }
            Kind::Sum(source) => {
                output.copy_from(read(operation.input));
                output.add(read(*source));
                end.apply_to_all(output, derivative);
            }
        }
    }
    room.outputs.last().unwrap_or(input)
}

/// What an operation does after its computation: adds the other term of a residual block, applies
/// activation and dropout.
#[derive(Clone, Copy)]
struct End<'a, T: Scalar> {
    term: Option<&'a [T]>,
    g: Option<&'a Activation<T>>,
    /// The dropout mask, and the factor of the remaining elements.
    mask: Option<&'a (Mask<T>, T)>,
}

impl<T: Scalar> End<'_, T> {
    /// Applies it to a strip of a matrix with this layout.
    fn apply(&self, layout: Layout<T>, place: Range<usize>, strip: &mut [T], derivative: Option<&mut [T]>) {
        if let Some(term) = self.term {
            vectorised(strip.iter_mut().zip(&term[place.clone()]), |(z, x)| *z += *x);
        }
        match (self.g, derivative) {
            (Some(g), Some(derivative)) => {
                g.apply_all_with_derivative(strip, derivative);
                if let Some((mask, _)) = self.mask {
                    mask.apply_to_derivative(layout, &place, derivative);
                }
            }
            (Some(g), None) => g.apply_all(strip),
            (None, _) => {}
        }
        if let Some((mask, factor)) = self.mask {
            let factor = *factor;
            mask.apply_to(layout, &place, strip, move |x| x * factor);
        }
    }
}

impl<T: Scalar> End<'_, T> {
    /// Applies it to a whole matrix.
    fn apply_to_all(&self, output: &mut Tensor<T>, derivative: Option<&mut Tensor<T>>) {
        if self.g.is_none() && self.mask.is_none() {
            return;
        }
        let (layout, cost) = (output.layout(), COST * output.rows() * output.columns());
        let place = |strip: Strip| layout.place(strip.panel, strip.columns);
        match derivative {
            None => for_each_strip(output, cost, |strip, output| self.apply(layout, place(strip), output, None)),
            Some(derivative) => {
                let derivative = std::slice::from_mut(derivative);
                for_each_strip_with(output, derivative, cost, |strip, output, [derivative, ..]| {
                    self.apply(layout, place(strip), output, Some(derivative));
                });
            }
        }
    }
}

/// A = g(b 1ᵀ + W A′ + S); uses Wᵀ if the layer has few outputs, and also writes g′ if needed.
#[inline]
fn affine<T: Scalar>(
    parameters: &Tensor<T>,
    transpose: Option<&Tensor<T>>,
    input: &Tensor<T>,
    end: End<'_, T>,
    output: &mut Tensor<T>,
    derivative: Option<&mut Tensor<T>>,
) {
    match (transpose, end) {
        (Some(transpose), End { term: None, g: None, mask: None }) => {
            product::affine_of_few(parameters, transpose, input, output, |_, _| {});
        }
        (None, End { term: None, g: None, mask: None }) => {
            product::affine_of_many(parameters, input, output, Finish::Keep, |_, _| {});
        }
        (None, End { term: None, g: Some(Activation::Relu), mask: None }) => {
            product::affine_of_many(parameters, input, output, Finish::Relu, |_, _| {});
        }
        _ => affine_and_end(parameters, transpose, input, end, output, derivative),
    }
}

/// The same for every end, which is applied to a strip while it is in the first-level cache; Z
/// itself is not kept.
#[inline(never)]
fn affine_and_end<T: Scalar>(
    parameters: &Tensor<T>,
    transpose: Option<&Tensor<T>>,
    input: &Tensor<T>,
    end: End<'_, T>,
    output: &mut Tensor<T>,
    derivative: Option<&mut Tensor<T>>,
) {
    let layout = output.layout();
    if let Some(derivative) = derivative {
        let then = |place: Range<usize>, strip: &mut [T], derivative: &mut [T]| {
            end.apply(layout, place, strip, Some(derivative));
        };
        match transpose {
            Some(transpose) => product::affine_of_few_and(parameters, transpose, input, output, derivative, then),
            None => product::affine_of_many_and(parameters, input, output, derivative, then),
        }
        return;
    }
    let then = |place: Range<usize>, strip: &mut [T]| end.apply(layout, place, strip, None);
    match (transpose, end) {
        (Some(transpose), _) => product::affine_of_few(parameters, transpose, input, output, then),
        (None, End { term: None, g: Some(Activation::Relu), mask: Some((mask, factor)) }) => {
            product::affine_of_many(parameters, input, output, Finish::Relu, |place, strip| {
                let factor = *factor;
                mask.apply_to(layout, &place, strip, move |x| x * factor);
            });
        }
        _ => product::affine_of_many(parameters, input, output, Finish::Keep, then),
    }
}

/// Receives the gradients of parameters in a backward pass: keeps them whole, or updates the
/// weights at once.
pub(crate) trait Sink<T: Scalar> {
    /// The network.
    fn network(&self) -> &NeuralNetwork<T>;

    /// Wᵀ of the linear layer of an operation, if it is kept.
    fn transpose(&self, operation: usize) -> Option<&Tensor<T>>;

    /// Receives Δ and A of a linear layer, which give ∂J/∂[b | W] = [ Δ 1 | Δ Aᵀ ].
    fn linear(&mut self, o: usize, operation: &Operation, delta: &Tensor<T>, input: &Tensor<T>);

    /// The network, and the matrices for the gradients of an operation's layer.
    fn gradients(&mut self, operation: &Operation) -> (&NeuralNetwork<T>, &mut [Tensor<T>]);

    /// Called when the gradients of an operation's layer are written.
    fn layer(&mut self, _operation: &Operation) {}

    /// Called when the input gradient of an operation is computed.
    fn input_gradient_made(&mut self) {}
}

/// Runs the plan backward, from the last operation to the first.
///
/// At the start, the last of `deltas` is ∂J/∂(output). When an operation's turn comes, its delta is
/// ∂J/∂A, where A is its output. If the operation ends with an activation g, the delta must become
/// ∂J/∂Z = ∂J/∂A ⊙ g′. This is done here for the last operation; for the others, the operation that
/// reads A does it while it stores the gradient.
///
/// Example: the fused plan of linear, ReLU, linear has two operations, Z₁ with ReLU and Z₂. The
/// second one writes W₂ᵀ Δ₂ ⊙ g′ into the delta of the first one, which is Δ₁ when its turn comes.
#[inline(never)]
pub(crate) fn backward<T: Scalar>(
    plan: &Plan,
    run: Run,
    input: &Tensor<T>,
    room: &Room<T>,
    deltas: &mut [Tensor<T>],
    sink: &mut impl Sink<T>,
) {
    for (o, operation) in plan.operations.iter().enumerate().rev() {
        let (before, rest) = deltas.split_at_mut(o);
        let Some((delta, later)) = rest.split_first_mut() else { return };
        if !operation.is_read
            && let Some(g) = BackThrough::of(sink.network(), operation, run, room, o)
        {
            let all = 0..delta.storage().len();
            g.apply(all, delta.storage_mut());
        }
        let a = room.read(operation.input, input);
        // ∂J/∂A⁽⁰⁾ is not needed
        let mut dj_da = operation.input.map(|read| &mut before[read]);
        if let Some(dj_da) = &mut dj_da {
            dj_da.set_columns(delta.columns());
        }
        match (&operation.kind, dj_da) {
            (Kind::Affine { linear, .. }, dj_da) => {
                // uses the weights before they are updated
                if let Some(dj_da) = dj_da {
                    let net = sink.network();
                    let made;
                    let transpose = match sink.transpose(o) {
                        Some(transpose) => transpose,
                        None => {
                            made = linear.linear(net.layers()).transpose();
                            &made
                        }
                    };
                    let rest = Rest::of(net, plan, run, room, o, later);
                    rest.input_gradient(transpose, delta, dj_da);
                }
                sink.input_gradient_made();
                sink.linear(o, operation, delta, a);
            }
            (Kind::Layer(place), mut dj_da) => {
                let (output, memo, input_gradient) = (&room.outputs[o], &room.memos[o], dj_da.as_deref_mut());
                let (net, gradients) = sink.gradients(operation);
                let pass = Backward { input: a, output, memo, delta, gradients, input_gradient };
                run.with(net.layers(), place, |layer| layer.backward(&run.context(operation), pass));
                if let Some(dj_da) = dj_da {
                    Rest::of(sink.network(), plan, run, room, o, later).finish(dj_da);
                }
                sink.input_gradient_made();
                sink.layer(operation);
            }
            (Kind::Sum(_), Some(dj_da)) => {
                dj_da.copy_from(delta);
                Rest::of(sink.network(), plan, run, room, o, later).finish(dj_da);
            }
            (Kind::Sum(_), None) => {}
        }
    }
}

/// Turns ∂J/∂A into ∂J/∂Z, for an operation that ends with an activation and possibly dropout.
struct BackThrough<'a, T: Scalar> {
    g: &'a Activation<T>,
    /// What g kept: A or g′. Both are 0 where elements were dropped.
    kept: &'a [T],
    /// The factor of the elements that dropout kept.
    factor: Option<T>,
}

impl<'a, T: Scalar> BackThrough<'a, T> {
    /// `None` for an operation without an activation.
    fn of(net: &'a NeuralNetwork<T>, operation: &Operation, run: Run, room: &'a Room<T>, o: usize) -> Option<Self> {
        let g = operation.g.as_ref()?.activation(net.layers());
        let dropped = operation.dropout.as_ref().filter(|_| run.pass != Pass::Evaluate);
        let factor = dropped.map(|dropped| dropped.dropout.times(run.dropout).factor());
        Some(BackThrough { g, kept: room.kept(o, g), factor })
    }

    fn apply(&self, place: Range<usize>, strip: &mut [T]) {
        if let Some(factor) = self.factor {
            vectorised(strip.iter_mut(), |d| *d *= factor);
        }
        self.g.times_derivative(&self.kept[place], strip);
    }
}

/// Completes the input gradient of an operation: adds other gradients of the same input and, if the
/// operation that wrote the input ends with an activation, turns ∂J/∂A into ∂J/∂Z.
struct Rest<'a, T: Scalar> {
    skips: &'a [usize],
    /// The deltas of all later operations, and the index of the first of them.
    later: (&'a [Tensor<T>], usize),
    g: Option<BackThrough<'a, T>>,
}

impl<'a, T: Scalar> Rest<'a, T> {
    fn of(
        net: &'a NeuralNetwork<T>,
        plan: &'a Plan,
        run: Run,
        room: &'a Room<T>,
        o: usize,
        later: &'a [Tensor<T>],
    ) -> Self {
        let operation = &plan.operations[o];
        let g = operation.input.and_then(|read| BackThrough::of(net, &plan.operations[read], run, room, read));
        Rest { skips: &operation.skips, later: (later, o + 1), g }
    }

    /// Applies it to some elements.
    fn apply(&self, place: Range<usize>, strip: &mut [T]) {
        for sum in self.skips {
            let skip = &self.later.0[sum - self.later.1].storage()[place.clone()];
            vectorised(strip.iter_mut().zip(skip), |(d, skip)| *d += *skip);
        }
        if let Some(g) = &self.g {
            g.apply(place, strip);
        }
    }

    /// Applies it to a whole matrix.
    fn finish(&self, dj_da: &mut Tensor<T>) {
        /// Number of elements that one thread takes at a time.
        const CHUNK: usize = 4096;
        if self.skips.is_empty() && self.g.is_none() {
            return;
        }
        let cost = COST * dj_da.rows() * dj_da.columns();
        for_each_chunk(dj_da.storage_mut(), CHUNK, cost, |i, chunk| {
            self.apply(i * CHUNK..i * CHUNK + chunk.len(), chunk);
        });
    }

    /// ∂J/∂A = Wᵀ Δ, completed while a strip is in the first-level cache.
    fn input_gradient(&self, transpose: &Tensor<T>, delta: &Tensor<T>, dj_da: &mut Tensor<T>) {
        let keep = |_| Finish::Keep;
        match &self.g {
            None if self.skips.is_empty() => product::input_gradient(transpose, delta, dj_da),
            Some(BackThrough { g: Activation::Relu, kept: a, factor }) if self.skips.is_empty() => {
                let mask = |place| Finish::WherePositive(&a[place]);
                match *factor {
                    None => product::input_gradient_then(transpose, delta, dj_da, mask, |_, _| {}),
                    Some(factor) => product::input_gradient_then(transpose, delta, dj_da, mask, |_, strip| {
                        vectorised(strip.iter_mut(), |d| *d *= factor);
                    }),
                }
            }
            _ => product::input_gradient_then(transpose, delta, dj_da, keep, |place, strip| self.apply(place, strip)),
        }
    }
}

/// The forward pass of predictions, with matrices that are reused from call to call.
#[derive(Clone, Debug)]
pub(crate) struct Evaluation<T: Scalar> {
    transposes: Transposes<T>,
    room: Room<T>,
}

impl<T: Scalar> Evaluation<T> {
    /// Room for this many samples.
    pub(crate) fn new(net: &NeuralNetwork<T>, samples: usize) -> Self {
        let plan = &net.plans().fused;
        Evaluation { transposes: transposes(net, plan, false), room: Room::new(plan, samples) }
    }

    /// How many samples to predict at a time: at most this many, and fewer if they need much
    /// memory. Results do not depend on it.
    pub(crate) fn samples_at_a_time(net: &NeuralNetwork<T>, most: usize) -> usize {
        let bytes =
            Tensor::<T>::bytes_of_column(net.inputs()).saturating_add(Room::bytes(net, &net.plans().fused, false));
        memory::samples_at_a_time(bytes, most)
    }

    /// Call it after the weights have changed.
    pub(crate) fn renew(&mut self, net: &NeuralNetwork<T>) {
        renew_transposes(net, &net.plans().fused, &mut self.transposes);
    }

    /// The network's output for every column of `input`.
    pub(crate) fn run<'a>(&'a mut self, net: &NeuralNetwork<T>, input: &'a Tensor<T>) -> &'a Tensor<T> {
        forward(net, &net.plans().fused, Run::default(), input, &self.transposes, &mut self.room)
    }

    /// Takes the output of the last run.
    pub(crate) fn into_output(mut self) -> Option<Tensor<T>> {
        self.room.outputs.pop()
    }
}
