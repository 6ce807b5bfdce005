//! Computes the matrices of a [`Walkthrough`] from a network and a batch: one for each operation of
//! the readable plan.

use super::{Shown, Walkthrough};
use crate::error::{Error, Result};
use crate::layer::{AnyLayer, Backward};
use crate::loss::{Loss, Weights, sigmoid, softmax};
use crate::network::plan::{Kind, Operation, Plan, Source};
use crate::network::{NeuralNetwork, Trace};
use crate::optimizer::{Gradients, Optimizer, Sgd};
use crate::pass::{Context, Pass};
use crate::tensor::{Memo, Scalar, Tensor};
use crate::text::counted;

impl Walkthrough {
    /// The walkthrough of any network for a batch: `input` of shape (features, samples), `target`
    /// of shape (outputs, samples). Without a target it has only the forward pass. Layers behave as
    /// in prediction: dropout changes nothing, and batch norm uses its running statistics.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the shapes do not fit.
    pub fn of<T: Scalar>(
        net: &NeuralNetwork<T>,
        loss: &dyn Loss<T>,
        input: &Tensor<T>,
        target: Option<&Tensor<T>>,
        eta: f64,
    ) -> Result<Self> {
        let target = target.map(|y| (y, Weights::equal(y.columns())));
        Self::walk(net, loss, input, target, eta)
    }

    /// As [`Walkthrough::of`], with sample weights.
    ///
    /// # Errors
    /// As [`Walkthrough::of`], and
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) unless there is a weight
    /// for each sample and their sum is above 0.
    pub fn of_weighted<T: Scalar>(
        net: &NeuralNetwork<T>,
        loss: &dyn Loss<T>,
        input: &Tensor<T>,
        (target, weights): (&Tensor<T>, &[f64]),
        eta: f64,
    ) -> Result<Self> {
        let divisor = weights.iter().sum::<f64>();
        if weights.len() != input.columns() || divisor.is_nan() || divisor <= 0.0 {
            let found = format!("{} for {} samples, with the sum {divisor}", weights.len(), input.columns());
            return Err(Error::invalid("weights", "one for each sample, with a sum above 0", found));
        }
        Self::walk(net, loss, input, Some((target, Weights { of_samples: Some(weights), divisor })), eta)
    }

    fn walk<T: Scalar>(
        net: &NeuralNetwork<T>,
        loss: &dyn Loss<T>,
        input: &Tensor<T>,
        target: Option<(&Tensor<T>, Weights<'_>)>,
        eta: f64,
    ) -> Result<Self> {
        net.check_input("explain", input.rows())?;
        let trace = net.forward(Pass::Evaluate, input);
        let walk = Walk { net, plan: &net.plans().readable, trace: &trace, names: Names::of(&net.plans().readable) };
        let samples = counted(input.columns(), "sample");
        let title = format!("A batch of {samples}, passed through the network as in prediction");
        let mut shown = Walkthrough { title, eta, outputs: walk.names.of_outputs(), ..Walkthrough::default() };
        walk.forward(&mut shown);
        shown.weights = walk.weights(net, |name| match name.starts_with('W') {
            true => "= [b | W] below [1 0 … 0]".to_owned(),
            false => "= a number for each feature".to_owned(),
        });
        let without_ones = format!("{} without its row of ones", walk.names.output());
        match loss.name() {
            "cross-entropy" => {
                let formula = format!("= softmax of the columns of {without_ones}");
                shown.comparison.push(Shown::new("P", formula, softmax(trace.output())));
            }
            "binary-cross-entropy" => {
                let formula = format!("= sigmoid of {without_ones}");
                shown.comparison.push(Shown::new("P", formula, trace.output().map(sigmoid)));
            }
            _ => {}
        }
        let Some((y, weights)) = target else { return Ok(shown) };
        let output = trace.output();
        if y.shape() != output.shape() {
            return Err(Error::shape("explain", format!("targets {:?}", output.shape()), format!("{:?}", y.shape())));
        }
        let target = if shown.comparison.is_empty() { y.augmented() } else { y.clone() };
        shown.comparison.push(Shown::new("Y", "= target", target));
        if let Some(of_samples) = weights.of_samples {
            let row = Tensor::from_fn(1, of_samples.len(), |_, j| of_samples[j]);
            shown.comparison.push(Shown::new("w", "= weight of each sample", row));
        }
        shown.loss = Some((loss.name().to_owned(), loss.weighted_value(output, y, weights)));
        let (deltas, gradients) = net.all_gradients(&trace, loss.weighted_gradient(output, y, weights));
        let of_loss = walk.formula_of(loss.name(), weights.of_samples.is_some());
        walk.backward(&mut shown, of_loss, &deltas, &gradients);
        let mut moved = net.clone();
        Optimizer::new(Sgd::default(), eta).step(&mut moved, gradients);
        shown.updated = walk.weights(&moved, |name| format!("← {name} − η dJ_d{name}"));
        Ok(shown)
    }
}

/// The names of the operations' outputs.
///
/// Z1, Z2, … are the sums of the linear layers, A1, A2, … the outputs of the last layer after each,
/// and H1_1, H1_2, … those of the layers in between. H0_1, … come before the first linear layer.
struct Names {
    of: Vec<String>,
    /// The numbers of the linear layers.
    linear: Vec<Option<usize>>,
}

impl Names {
    fn of(plan: &Plan) -> Self {
        let is_linear = |o: usize| matches!(plan.operations[o].kind, Kind::Affine { .. });
        let (mut names, mut linear, mut l, mut h) = (Vec::new(), Vec::new(), 0, 0);
        for o in 0..plan.operations.len() {
            if is_linear(o) {
                (l, h) = (l + 1, 0);
                names.push(format!("Z{l}"));
                linear.push(Some(l));
                continue;
            }
            h += 1;
            let is_last = o + 1 == plan.operations.len() || is_linear(o + 1);
            names.push(if is_last && l > 0 { format!("A{l}") } else { format!("H{l}_{h}") });
            linear.push(None);
        }
        Names { of: names, linear }
    }

    /// The name of an operation's output where others read it: a linear layer with nothing after it
    /// has A = Z.
    fn read(&self, source: Source) -> String {
        let Some(o) = source else { return "A0".to_owned() };
        match self.linear[o] {
            Some(l) if self.has_nothing_after(o) => format!("A{l}"),
            _ => self.of[o].clone(),
        }
    }

    fn has_nothing_after(&self, o: usize) -> bool {
        self.linear.get(o + 1).is_none_or(Option::is_some)
    }

    fn output(&self) -> String {
        self.read(self.of.len().checked_sub(1))
    }

    /// The names of the matrices that have a row for each output of the network.
    fn of_outputs(&self) -> Vec<String> {
        let mut names: Vec<String> = self.of.last().cloned().into_iter().chain([self.output()]).collect();
        names.extend(self.linear.last().copied().flatten().map(|l| format!("W{l}")));
        let gradients = names.iter().map(|name| format!("dJ_d{name}")).collect::<Vec<_>>();
        [names, gradients, vec!["P".to_owned(), "Y".to_owned()]].concat()
    }
}

/// A network and its forward pass on a batch.
struct Walk<'a, T: Scalar> {
    net: &'a NeuralNetwork<T>,
    plan: &'a Plan,
    trace: &'a Trace<'a, T>,
    names: Names,
}

impl<T: Scalar> Walk<'_, T> {
    /// Adds A0 and the output of each operation.
    fn forward(&self, shown: &mut Walkthrough) {
        shown.forward.push(Shown::new("A0", "= X", self.trace.input().augmented()));
        for (o, operation) in self.plan.operations.iter().enumerate() {
            let (name, input) = (&self.names.of[o], self.names.read(operation.input));
            let formula = match &operation.kind {
                Kind::Affine { .. } => format!("= W{} {input}", self.number(o)),
                Kind::Sum(other) => format!("= {} + {input}", self.names.read(*other)),
                Kind::Layer(place) => match place.of(self.net.layers()) {
                    AnyLayer::Activation(g) => format!("= {}({input}), except for the row of ones", g.label()),
                    other => format!("= {} of {input}, except for the row of ones", other.name()),
                },
            };
            let output = self.trace.operation_output(o).augmented();
            if matches!(operation.kind, Kind::Affine { .. }) && self.names.has_nothing_after(o) {
                let a = (self.names.read(Some(o)), format!("= {name}"));
                shown.forward.push(Shown::new(name, formula, output.clone()));
                shown.forward.push(Shown::new(a.0, a.1, output));
            } else {
                shown.forward.push(Shown::new(name, formula, output));
            }
        }
    }

    /// The parameters of a network with the same layers; `formula` gives the formula for each name.
    fn weights(&self, net: &NeuralNetwork<T>, formula: impl Fn(&str) -> String) -> Vec<Shown> {
        let mut weights = Vec::new();
        for (o, operation) in self.plan.operations.iter().enumerate() {
            match &operation.kind {
                Kind::Affine { linear, .. } => {
                    let name = format!("W{}", self.number(o));
                    let matrix = linear.linear(net.layers()).augmented();
                    weights.push(Shown::new(&name, formula(&name), matrix));
                }
                Kind::Layer(place) => place.layer(net.layers()).parameters(&mut |name, parameter| {
                    let name = format!("{}.{name}", self.names.of[o]);
                    weights.push(Shown::new(&name, formula(&name), parameter.value.clone()));
                }),
                Kind::Sum(_) => {}
            }
        }
        weights
    }

    /// The number of a linear layer.
    fn number(&self, o: usize) -> usize {
        self.names.linear[o].unwrap_or(0)
    }

    /// The formula of ∂J/∂(output) of a loss.
    fn formula_of(&self, loss: &str, is_weighted: bool) -> String {
        let output = self.names.output();
        match (loss, is_weighted) {
            ("half-mse", false) => format!("({output} − Y)/m, m samples"),
            ("half-mse", true) => format!("({output} − Y) diag(w)/Σw"),
            ("mse", false) => format!("2 ({output} − Y)/(m n), m samples, n outputs"),
            ("mse", true) => format!("2 ({output} − Y) diag(w)/(n Σw), n outputs"),
            ("cross-entropy", false) => "(P − Y)/m below a row of zeros, m samples".to_owned(),
            ("cross-entropy", true) => "(P − Y) diag(w)/Σw below a row of zeros".to_owned(),
            ("binary-cross-entropy", false) => "(P − Y)/(m n) below a row of zeros, m samples, n outputs".to_owned(),
            ("binary-cross-entropy", true) => "(P − Y) diag(w)/(n Σw) below a row of zeros, n outputs".to_owned(),
            (own, _) => format!("∂J/∂{output} of {own}"),
        }
    }

    /// Adds the matrices from ∂J/∂(output), which has this formula, to ∂J/∂A0. `deltas` has
    /// ∂J/∂(output of each operation).
    fn backward(&self, shown: &mut Walkthrough, formula: String, deltas: &[Tensor<T>], gradients: &Gradients<T>) {
        let output = self.names.output();
        let mut show = |name: String, formula: String, matrix: Tensor<T>| {
            shown.backward.push(Shown::new(format!("dJ_d{name}"), format!("= {formula}"), matrix));
        };
        if let Some(delta) = deltas.last() {
            show(output, formula, delta.augmented_gradient());
        }
        for (o, operation) in self.plan.operations.iter().enumerate().rev() {
            let (name, input) = (&self.names.of[o], self.names.read(operation.input));
            match &operation.kind {
                Kind::Affine { .. } => {
                    let l = self.number(o);
                    if self.names.has_nothing_after(o) {
                        show(name.clone(), format!("dJ_dA{l}, first row 0"), deltas[o].augmented_gradient());
                    }
                    let dj_dw = gradients.layer(operation.layer)[0].augmented_gradient();
                    show(format!("W{l}"), format!("dJ_dZ{l} {input}ᵀ"), dj_dw);
                }
                Kind::Layer(place) => {
                    let (layer, mut number) = (place.layer(self.net.layers()), 0);
                    layer.parameters(&mut |parameter, _| {
                        let gradient = gradients.layer(operation.layer)[number].clone();
                        show(format!("{name}.{parameter}"), format!("from dJ_d{name} and {input}"), gradient);
                        number += 1;
                    });
                }
                Kind::Sum(_) => {}
            }
            self.show_input_gradient(o, operation, deltas, &mut show);
        }
    }

    /// Adds ∂J/∂(input of an operation), the sum over all operations that read it, unless an
    /// earlier one reads the same.
    fn show_input_gradient(
        &self,
        o: usize,
        operation: &Operation,
        deltas: &[Tensor<T>],
        show: &mut impl FnMut(String, String, Tensor<T>),
    ) {
        let source = operation.input;
        let reads =
            |other: &Operation| other.input == source || matches!(other.kind, Kind::Sum(also) if also == source);
        if self.plan.operations[..o].iter().any(reads) {
            return;
        }
        let input = self.names.read(source);
        let formula = match &operation.kind {
            Kind::Affine { .. } => format!("W{0}ᵀ dJ_dZ{0}", self.number(o)),
            Kind::Sum(_) => format!("dJ_d{}", self.names.of[o]),
            Kind::Layer(place) => match place.of(self.net.layers()) {
                AnyLayer::Activation(g) => {
                    format!("dJ_d{} ⊙ g′({input}), g = {}, first row 0", self.names.of[o], g.label())
                }
                other => format!("dJ_d{} back through {}, first row 0", self.names.of[o], other.name()),
            },
        };
        let skips = operation.skips.iter().map(|sum| format!(" + dJ_d{}", self.names.read(Some(*sum))));
        let formula = formula + &skips.collect::<String>();
        let matrix = match source {
            Some(read) => deltas[read].clone(),
            None => self.gradient_of_x(operation, deltas),
        };
        let matrix = match &operation.kind {
            // the first row of W̃ᵀ dJ_dZ is bᵀ Δ
            Kind::Affine { linear, .. } if operation.skips.is_empty() => {
                let bias = linear.linear(self.net.layers()).matrix().select_columns(&[0]);
                let mut first = Tensor::zeros(1, deltas[o].columns());
                first.set_product(bias.transposed(), &deltas[o]);
                matrix.below_row(|j| first[(0, j)])
            }
            _ => matrix.augmented_gradient(),
        };
        show(input, formula, matrix);
    }

    /// ∂J/∂X, from the first operation and all sums that read X; training does not need it.
    fn gradient_of_x(&self, first: &Operation, deltas: &[Tensor<T>]) -> Tensor<T> {
        let x = self.trace.input();
        let mut dj_dx = Tensor::zeros(x.rows(), x.columns());
        match &first.kind {
            Kind::Affine { linear, .. } => {
                dj_dx.set_product(&linear.linear(self.net.layers()).transpose(), &deltas[0]);
            }
            Kind::Layer(place) => {
                let (layer, context, mut memo) = (place.layer(self.net.layers()), Context::default(), Memo::new());
                let mut output = Tensor::zeros(first.features, x.columns());
                layer.forward(&context, x, &mut output, &mut memo);
                let mut gradients: Vec<Tensor<T>> = Vec::new();
                layer.parameters(&mut |_, p| gradients.push(Tensor::zeros(p.value.rows(), p.value.columns())));
                let pass = Backward {
                    input: x,
                    output: &output,
                    memo: &memo,
                    delta: &deltas[0],
                    gradients: &mut gradients,
                    input_gradient: Some(&mut dj_dx),
                };
                layer.backward(&context, pass);
            }
            Kind::Sum(_) => {}
        }
        first.skips.iter().for_each(|sum| dj_dx.add(&deltas[*sum]));
        dj_dx
    }
}
