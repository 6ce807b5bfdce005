//! A [`Plan`]: the tree of layers as a flat list of operations on matrices, made once for each
//! network.

use std::sync::Arc;

use crate::error::Result;
use crate::layer::{Activation, AnyLayer, Dropout, Layer, Linear};
use crate::tensor::Scalar;
use crate::tensor::product::are_few;

/// Operations in order. Operation o reads the network's input or the output of an earlier
/// operation, and writes matrix o.
///
/// A network has two plans, which give the same bits. In the *readable* plan each layer is an
/// operation, so that Z and A of every layer can be inspected; the loop of the README runs it. In
/// the *fused* plan a linear layer also applies the following activation and adds the sum of a
/// residual block, while it stores its sums; training and prediction run it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) operations: Vec<Operation>,
    /// For each layer of the network's list, the operation that writes its output.
    pub(crate) ends: Vec<usize>,
}

/// The input of an operation: the output of an earlier one, or `None` for the network's input.
pub(crate) type Source = Option<usize>;

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) kind: Kind,
    pub(crate) input: Source,
    /// Number of rows of its output.
    pub(crate) features: usize,
    /// Index of its layer among the leaves.
    pub(crate) layer: usize,
    /// Index of its first parameter matrix; below, how many it has.
    pub(crate) parameter: usize,
    pub(crate) parameters: usize,
    /// Whether its layer has buffers.
    pub(crate) has_buffers: bool,
    /// Whether a later operation reads its output. That one multiplies the gradient by g′ while
    /// storing it.
    pub(crate) is_read: bool,
    /// Sums of residual blocks that also read its input; their gradients are added to its input
    /// gradient.
    pub(crate) skips: Vec<usize>,
    /// An activation and dropout that are applied to its output.
    pub(crate) g: Option<Place>,
    pub(crate) dropout: Option<Dropped>,
}

/// What an operation computes.
#[derive(Debug)]
pub(crate) enum Kind {
    /// b 1ᵀ + W A + S: a linear layer, with the other term of a residual block's sum. For `few` see
    /// [`are_few`].
    Affine { linear: Place, few: bool, sum: Option<Source> },
    /// The output of a layer's `forward`.
    Layer(Place),
    /// The sum of a residual block: its input plus another matrix.
    Sum(Source),
}

/// Dropout that an operation applies to its output, with the dropout's index among the leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped {
    pub(crate) dropout: Dropout,
    pub(crate) layer: usize,
}

/// The place of a layer in the tree: its index in the network's list, then in the lists of blocks.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    first: usize,
    rest: Box<[usize]>,
}

impl Place {
    pub(crate) fn of<'a, T: Scalar>(&self, layers: &'a [AnyLayer<T>]) -> &'a AnyLayer<T> {
        self.rest.iter().fold(&layers[self.first], |block, i| &block.children()[*i])
    }

    pub(crate) fn of_mut<'a, T: Scalar>(&self, layers: &'a mut [AnyLayer<T>]) -> &'a mut AnyLayer<T> {
        self.rest.iter().fold(&mut layers[self.first], |block, i| &mut block.children_mut()[*i])
    }

    pub(crate) fn linear<'a, T: Scalar>(&self, layers: &'a [AnyLayer<T>]) -> &'a Linear<T> {
        let AnyLayer::Linear(linear) = self.of(layers) else { unreachable!("the plan has a linear layer here") };
        linear
    }

    pub(crate) fn linear_mut<'a, T: Scalar>(&self, layers: &'a mut [AnyLayer<T>]) -> &'a mut Linear<T> {
        let AnyLayer::Linear(linear) = self.of_mut(layers) else { unreachable!("the plan has a linear layer here") };
        linear
    }

    pub(crate) fn activation<'a, T: Scalar>(&self, layers: &'a [AnyLayer<T>]) -> &'a Activation<T> {
        let AnyLayer::Activation(g) = self.of(layers) else { unreachable!("the plan has an activation here") };
        g
    }

    pub(crate) fn layer<'a, T: Scalar>(&self, layers: &'a [AnyLayer<T>]) -> &'a dyn Layer<T> {
        self.of(layers).as_layer().unwrap_or_else(|| unreachable!("the plan has no block here"))
    }

    pub(crate) fn layer_mut<'a, T: Scalar>(&self, layers: &'a mut [AnyLayer<T>]) -> &'a mut dyn Layer<T> {
        self.of_mut(layers).as_layer_mut().unwrap_or_else(|| unreachable!("the plan has no block here"))
    }

    fn child(&self, i: usize) -> Self {
        Place { first: self.first, rest: self.rest.iter().copied().chain([i]).collect() }
    }
}

/// Both plans of a network, and the index of each leaf's first parameter matrix.
#[derive(Debug)]
pub(crate) struct Plans {
    pub(crate) readable: Arc<Plan>,
    pub(crate) fused: Arc<Plan>,
    pub(crate) starts: Arc<[usize]>,
}

impl Plans {
    /// Makes both plans.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if a layer does not fit the previous
    /// one.
    pub(crate) fn of<T: Scalar>(features: usize, layers: &[AnyLayer<T>]) -> Result<Self> {
        let of = |fuse| -> Result<Lowering> {
            let plan = Plan { operations: Vec::new(), ends: Vec::new() };
            let (starts, shared, tells_what_was_dropped) = (vec![0], Vec::new(), None);
            let mut lowering = Lowering { plan, fuse, starts, shared, tells_what_was_dropped, closed: None };
            lowering.network(features, layers)?;
            Ok(lowering)
        };
        let (readable, fused) = (of(false)?, of(true)?);
        Ok(Plans { readable: Arc::new(readable.plan), fused: Arc::new(fused.plan), starts: readable.starts.into() })
    }
}

/// A plan under construction.
struct Lowering {
    plan: Plan,
    fuse: bool,
    /// The index of each leaf's first parameter matrix; last, the number of matrices.
    starts: Vec<usize>,
    /// The inputs of the sums of open blocks, which no activation may overwrite.
    shared: Vec<Source>,
    /// The last operation, if its activation shows in the backward pass which outputs were dropped.
    tells_what_was_dropped: Source,
    /// The last operation whose output must not be changed.
    closed: Source,
}

impl Lowering {
    fn network<T: Scalar>(&mut self, features: usize, layers: &[AnyLayer<T>]) -> Result<()> {
        let mut at = (None, features);
        for (first, layer) in layers.iter().enumerate() {
            at = self.layer(layer, Place { first, rest: Box::default() }, at)?;
            self.plan.ends.extend(at.0);
        }
        for operation in 0..self.plan.operations.len() {
            if let Some(read) = self.plan.operations[operation].input {
                self.plan.operations[read].is_read = true;
            }
        }
        Ok(())
    }

    /// Adds a layer that reads `input`; returns its output and number of features.
    fn layer<T: Scalar>(
        &mut self,
        layer: &AnyLayer<T>,
        place: Place,
        (input, features): (Source, usize),
    ) -> Result<(Source, usize)> {
        let outputs = layer.output_features(features)?;
        let source = match layer {
            AnyLayer::Residual(block) => {
                let first = self.plan.operations.len();
                self.shared.push(input);
                let mut inner = (input, features);
                for (i, layer) in block.layers().iter().enumerate() {
                    inner = self.layer(layer, place.child(i), inner)?;
                }
                self.shared.pop();
                let sum = match self.open(inner.0).map(|last| (last, &mut self.plan.operations[last])) {
                    Some((last, Operation { kind: Kind::Affine { sum: sum @ None, .. }, g: None, .. })) => {
                        *sum = Some(input);
                        last
                    }
                    _ => {
                        let layer = self.starts.len() - 1;
                        self.push(Kind::Sum(input), inner.0, outputs, (layer, 0, false))
                    }
                };
                self.plan.operations[first].skips.push(sum);
                Some(sum)
            }
            AnyLayer::Activation(activation) => {
                match self.open(input).filter(|last| self.plan.operations[*last].g.is_none()) {
                    Some(last) => {
                        self.plan.operations[last].g = Some(place);
                        self.leaf(0);
                        self.tells_what_was_dropped = activation.tells_what_was_dropped().then_some(last);
                        Some(last)
                    }
                    None => Some(self.push_closed(layer, place, input, outputs)),
                }
            }
            AnyLayer::Dropout(dropout) => {
                let dropped = Dropped { dropout: *dropout, layer: self.starts.len() - 1 };
                match self.open(input).filter(|last| self.tells_what_was_dropped == Some(*last)) {
                    Some(last) => {
                        self.plan.operations[last].dropout = Some(dropped);
                        self.tells_what_was_dropped = None;
                        self.leaf(0);
                        Some(last)
                    }
                    None => Some(self.push_leaf(layer, Kind::Layer(place), input, outputs)),
                }
            }
            AnyLayer::Linear(linear) => {
                let few = are_few::<T>(linear.outputs(), linear.inputs());
                let kind = Kind::Affine { linear: place, few, sum: None };
                Some(self.push_leaf(layer, kind, input, outputs))
            }
            AnyLayer::Custom(_) => Some(self.push_closed(layer, place, input, outputs)),
            _ => Some(self.push_leaf(layer, Kind::Layer(place), input, outputs)),
        };
        Ok((source, outputs))
    }

    /// The last operation, if it wrote `source` and nothing else reads it, so that it can do more
    /// to it.
    fn open(&self, source: Source) -> Source {
        let last = self.plan.operations.len().checked_sub(1);
        let is_open = self.fuse && last.is_some() && source == last && self.closed != last;
        last.filter(|_| is_open && !self.shared.contains(&source))
    }

    /// Adds a layer whose backward pass needs its output unchanged.
    fn push_closed<T: Scalar>(&mut self, layer: &AnyLayer<T>, place: Place, input: Source, features: usize) -> usize {
        let operation = self.push_leaf(layer, Kind::Layer(place), input, features);
        self.closed = Some(operation);
        operation
    }

    fn push_leaf<T: Scalar>(&mut self, layer: &AnyLayer<T>, kind: Kind, input: Source, features: usize) -> usize {
        let (mut parameters, mut has_buffers) = (0, false);
        if let Some(layer) = layer.as_layer() {
            layer.parameters(&mut |_, _| parameters += 1);
            layer.buffers(&mut |_, _| has_buffers = true);
        }
        let number = self.starts.len() - 1;
        self.leaf(parameters);
        self.push(kind, input, features, (number, parameters, has_buffers))
    }

    fn leaf(&mut self, parameters: usize) {
        self.starts.push(self.starts[self.starts.len() - 1] + parameters);
    }

    fn push(
        &mut self,
        kind: Kind,
        input: Source,
        features: usize,
        (layer, parameters, has_buffers): (usize, usize, bool),
    ) -> usize {
        let parameter = self.starts.get(layer).copied().unwrap_or(0);
        let (is_read, skips, g, dropout) = (false, Vec::new(), None, None);
        let operation =
            Operation { kind, input, features, layer, parameter, parameters, has_buffers, is_read, skips, g, dropout };
        self.plan.operations.push(operation);
        self.plan.operations.len() - 1
    }
}
