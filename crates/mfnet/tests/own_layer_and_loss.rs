//! A promise to users: later work may not edit this file.
//!
//! Layers, a loss, an activation and a rule written with nothing but the public interface. If this file stops compiling or
//! passing, programs of users have stopped working. Expected numbers come from the formulas in the comments. 1e-6 is the bound
//! that `gradient_check` promises for correct gradients; other tolerances stand with their test.
#![allow(clippy::unwrap_used)]

use mfnet::layer::{Backward, Context, Layer, Linear, Memo};
use mfnet::loss::Weights;
use mfnet::model::Registry;
use mfnet::network::gradient_check;
use mfnet::optimizer::{Parameter, ParameterKind, Rule, Update};
use mfnet::random::Purpose;
use mfnet::{
    Activation, Dataset, Error, HalfMse, Loss, Model, NeuralNetwork, Optimizer, Pass, Preprocessing, Result, Scalar,
    Seed, Targets, Tensor, Trainer,
};

/// A scale and a shift of each feature: two matrices of parameters, and a stored form for model files.
///
/// ```text
/// forward    Z     = γ 1ᵀ ⊙ A + β 1ᵀ
/// backward   ∂J/∂γ = (Δ ⊙ A) 1     ∂J/∂β = Δ 1     ∂J/∂A = γ 1ᵀ ⊙ Δ
/// ```
#[derive(Clone, Debug)]
struct Scale<T: Scalar> {
    gamma: Parameter<T>,
    beta: Parameter<T>,
}

impl<T: Scalar> Scale<T> {
    fn new(features: usize) -> Self {
        let gamma = Parameter::new(ParameterKind::Scales, Tensor::from_fn(features, 1, |_, _| T::ONE));
        Scale { gamma, beta: Parameter::biases(Tensor::zeros(features, 1)) }
    }
}

impl<T: Scalar> Layer<T> for Scale<T> {
    fn name(&self) -> String {
        format!("scale {}", self.gamma.value.rows())
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        let expected = self.gamma.value.rows();
        if input_features == expected { Ok(expected) } else { Err(Error::invalid("scale", expected, input_features)) }
    }

    fn forward(&self, _at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, _memo: &mut Memo<T>) {
        let (gamma, beta) = (&self.gamma.value, &self.beta.value);
        *z = Tensor::from_fn(a.rows(), a.columns(), |j, i| gamma[(j, 0)] * a[(j, i)] + beta[(j, 0)]);
    }

    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        let Backward { input: a, delta, gradients: [dj_dgamma, dj_dbeta], input_gradient, .. } = pass else { return };
        let of_row = |j| delta.row(j).zip(a.row(j)).map(|(delta, a)| delta * a).sum();
        *dj_dgamma = Tensor::from_fn(delta.rows(), 1, |j, _| of_row(j));
        *dj_dbeta = Tensor::from_fn(delta.rows(), 1, |j, _| delta.row(j).sum());
        if let Some(dj_da) = input_gradient {
            *dj_da = Tensor::from_fn(a.rows(), a.columns(), |j, i| self.gamma.value[(j, 0)] * delta[(j, i)]);
        }
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {
        visit("gamma", &self.gamma);
        visit("beta", &self.beta);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {
        visit("gamma", &mut self.gamma);
        visit("beta", &mut self.beta);
    }

    fn stored(&self) -> Option<(&'static str, serde_json::Value)> {
        Some(("scale", self.gamma.value.rows().into()))
    }
}

/// A residual block of two linear layers, which keeps what the first passes to the second.
///
/// ```text
/// forward    H = tanh(b₁ 1ᵀ + W₁ A)     Z = A + b₂ 1ᵀ + W₂ H
/// backward   ∂J/∂A = Δ + W₁ᵀ (W₂ᵀ Δ ⊙ (1 − H²))
/// ```
#[derive(Clone, Debug)]
struct Block<T: Scalar> {
    first: Linear<T>,
    second: Linear<T>,
}

impl<T: Scalar> Layer<T> for Block<T> {
    fn name(&self) -> String {
        format!("block {}", self.first.inputs())
    }

    fn forward(&self, at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, memo: &mut Memo<T>) {
        let [hidden] = memo.keep([(self.first.outputs(), a.columns())]);
        self.first.forward(at, a, hidden, &mut Memo::new());
        hidden.iter_mut().for_each(|h| *h = h.tanh());
        self.second.forward(at, hidden, z, &mut Memo::new());
        add(z, a);
    }

    fn backward(&self, at: &Context, pass: Backward<'_, T>) {
        let Backward { delta, .. } = pass;
        let ([hidden], (of_first, of_second)) = (pass.memo.kept(), pass.gradients.split_at_mut(1));
        let mut dj_dh = Tensor::zeros(hidden.rows(), hidden.columns());
        let of_hidden = Some(&mut dj_dh);
        self.second.backward(at, Backward { input: hidden, gradients: of_second, input_gradient: of_hidden, ..pass });
        dj_dh.iter_mut().zip(hidden.iter()).for_each(|(d, h)| *d *= T::ONE - *h * *h);
        let mut input_gradient = pass.input_gradient;
        let dj_da = input_gradient.as_deref_mut();
        self.first.backward(at, Backward { delta: &dj_dh, gradients: of_first, input_gradient: dj_da, ..pass });
        input_gradient.into_iter().for_each(|dj_da| add(dj_da, delta));
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<T>)) {
        self.first.parameters(visit);
        self.second.parameters(visit);
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<T>)) {
        self.first.parameters_mut(visit);
        self.second.parameters_mut(visit);
    }
}

/// x ← x + y.
fn add<T: Scalar>(x: &mut Tensor<T>, y: &Tensor<T>) {
    x.iter_mut().zip(y.iter()).for_each(|(x, y)| *x += *y);
}

/// Z = A − μ 1ᵀ: a layer with a buffer. After a step of training μ ← ½ (μ + mean of the step's A).
#[derive(Clone, Debug)]
struct Centre<T: Scalar>(Tensor<T>);

impl<T: Scalar> Layer<T> for Centre<T> {
    fn name(&self) -> String {
        "centre".to_owned()
    }

    fn forward(&self, at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, memo: &mut Memo<T>) {
        *z = Tensor::from_fn(a.rows(), a.columns(), |j, i| a[(j, i)] - self.0[(j, 0)]);
        if at.is_training() {
            let ([mean], count) = (memo.keep([(a.rows(), 1)]), T::from_f64(a.columns() as f64));
            *mean = Tensor::from_fn(a.rows(), 1, |j, _| a.row(j).sum::<T>() / count);
        }
    }

    fn backward(&self, _at: &Context, pass: Backward<'_, T>) {
        pass.input_gradient.into_iter().for_each(|dj_da| dj_da.copy_from(pass.delta));
    }

    fn buffers<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Tensor<T>)) {
        visit("mean", &self.0);
    }

    fn buffers_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Tensor<T>)) {
        visit("mean", &mut self.0);
    }

    fn renew_buffers(&mut self, memo: &Memo<T>) {
        let [of_step]: &[Tensor<T>; 1] = memo.kept();
        let half = T::from_f64(0.5);
        self.0.iter_mut().zip(of_step.iter()).for_each(|(mean, step)| *mean = half * (*mean + *step));
    }
}

/// Dropout: in training each unit is 0 with probability p, else divided by 1 − p.
#[derive(Clone, Debug)]
struct Dropout(f64);

impl Dropout {
    fn apply<T: Scalar>(&self, at: &Context, from: &Tensor<T>, to: &mut Tensor<T>) {
        let Some(random) = at.random() else { return to.copy_from(from) };
        let factor = |j, i| if random.uniform(i, j) < self.0 { 0.0 } else { 1.0 / (1.0 - self.0) };
        *to = Tensor::from_fn(from.rows(), from.columns(), |j, i| from[(j, i)] * T::from_f64(factor(j, i)));
    }
}

impl<T: Scalar> Layer<T> for Dropout {
    fn name(&self) -> String {
        "dropout".to_owned()
    }

    fn forward(&self, at: &Context, a: &Tensor<T>, z: &mut Tensor<T>, _memo: &mut Memo<T>) {
        self.apply(at, a, z);
    }

    fn backward(&self, at: &Context, pass: Backward<'_, T>) {
        pass.input_gradient.into_iter().for_each(|dj_da| self.apply(at, pass.delta, dj_da));
    }
}

/// Huber's loss: Σ_outputs h(ŷ − y), h(r) = r²/2 for |r| ≤ c, else c (|r| − c/2); h′(r) = r, cut off at ±c.
struct Huber(f64);

impl<T: Scalar> Loss<T> for Huber {
    fn name(&self) -> &str {
        "huber"
    }

    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        let h = |r: f64| if r.abs() <= self.0 { r * r / 2.0 } else { self.0 * (r.abs() - self.0 / 2.0) };
        output.column(sample).zip(target.column(sample)).map(|(y_hat, y)| h((y_hat - y).to_f64())).sum()
    }

    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        let residuals = output.column(sample).zip(target.column(sample)).map(|(y_hat, y)| (y_hat - y).to_f64());
        let column = delta.column_mut(sample);
        column.zip(residuals).for_each(|(delta, r)| *delta = T::from_f64(factor * r.clamp(-self.0, self.0)));
    }
}

/// AMSGrad (Reddi, Kale, Kumar 2018) without the corrections of the first steps: a rule with three states.
///
/// ```text
/// m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²        s ← max(s, v)        w ← w − η m / (√s + 10⁻⁸)
/// ```
#[derive(Clone, Debug)]
struct AmsGrad([f64; 2]);

impl<T: Scalar> Rule<T> for AmsGrad {
    fn name(&self) -> &str {
        "amsgrad"
    }

    fn states(&self) -> usize {
        3
    }

    fn update(&self, at: Update, weights: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let [m, v, s] = state else { unreachable!("three states") };
        let (eta, epsilon, [beta1, beta2]) = (T::from_f64(at.rate), T::from_f64(1e-8), self.0.map(T::from_f64));
        for (i, g) in gradient.iter().enumerate() {
            m[i] = beta1 * m[i] + (T::ONE - beta1) * *g;
            v[i] = beta2 * v[i] + (T::ONE - beta2) * *g * *g;
            s[i] = s[i].max(v[i]);
            weights[i] -= eta * m[i] / (s[i].sqrt() + epsilon);
        }
    }
}

/// g(z) = z σ(z), and its derivative.
fn swish<T: Scalar>() -> Activation<T> {
    let sigma = |z: T| T::ONE / (T::ONE + (-z).exp());
    Activation::custom("swish", move |z| z * sigma(z), move |z| sigma(z) + z * sigma(z) * (T::ONE - sigma(z)))
}

/// Numbers from −1 to 1.
fn uniform<T: Scalar>(rows: usize, columns: usize, seed: u64) -> Tensor<T> {
    let mut rng = Seed(seed).stream(Purpose::Split);
    Tensor::from_fn(rows, columns, |_, _| T::from_f64(2.0 * rng.uniform() - 1.0))
}

fn block<T: Scalar>(features: usize) -> Block<T> {
    let [first, second] = [(7, 1 + features, 7), (features, 8, 8)].map(|(r, c, s)| Linear::new(uniform(r, c, s)));
    Block { first: first.unwrap(), second: second.unwrap() }
}

/// All layers and the activation of this file in one network, 3 → 5 → 2.
fn network<T: Scalar>() -> NeuralNetwork<T> {
    let net = NeuralNetwork::builder(3).dtype().linear(5).layer(Scale::new(5)).activation(swish()).layer(block(5));
    net.layer(Centre(Tensor::zeros(5, 1))).layer(Dropout(0.05)).tanh().linear(2).build(Seed(1)).unwrap()
}

/// Forty samples of a smooth function, x₁x₂ and |x₃|.
fn data() -> Dataset {
    let x: Tensor = uniform(3, 40, 2);
    let values = Tensor::from_fn(2, 40, |j, i| if j == 0 { x[(0, i)] * x[(1, i)] } else { x[(2, i)].abs() });
    let columns = vec!["x1 x2".to_owned(), "|x3|".to_owned()];
    Dataset::new("a smooth function", x, Targets::Values { columns, values: values.into() }).unwrap()
}

const HUBER: Huber = Huber(0.5);
const AMSGRAD: AmsGrad = AmsGrad([0.9, 0.99]);

/// The loop that a user writes: the losses of all steps, in batches of 8.
fn train<T: Scalar>(net: &mut NeuralNetwork<T>, loss: &dyn Loss<T>, rule: impl Rule<T> + 'static) -> Vec<f64> {
    let (data, mut optimizer, mut losses) = (data(), Optimizer::new(rule, 0.01), Vec::new());
    for epoch in 1..=100 {
        for batch in data.batches(8).shuffled(Seed(5), epoch) {
            let trace = net.forward(batch.pass(), batch.inputs());
            losses.push(loss.value(trace.output(), batch.targets()));
            let delta = loss.gradient(trace.output(), batch.targets());
            let gradients = net.backward(&trace, delta);
            optimizer.step(net, gradients);
        }
    }
    losses
}

/// Each layer stands behind a linear one, so that ∂J/∂A is checked too.
#[test]
fn every_layer_is_checked_by_differences() {
    let scale = Scale { gamma: Parameter::weights(uniform(4, 1, 9)), beta: Parameter::biases(uniform(4, 1, 10)) };
    let centre = Centre(uniform(4, 1, 11));
    let layers: [Box<dyn Layer<f64>>; 4] =
        [Box::new(scale), Box::new(block(4)), Box::new(centre), Box::new(Dropout(0.5))];
    for layer in layers {
        let linear = Linear::new(uniform(4, 3, 4)).unwrap();
        let all = vec![linear.into(), layer.clone().into(), swish().into(), layer.into()];
        let mut net = NeuralNetwork::from_layers(2, all).unwrap();
        let check = gradient_check(&mut net, &HalfMse, &uniform(2, 6, 5), &uniform(4, 6, 6)).unwrap();
        assert!(check.relative_error < 1e-6, "{net}: {check:?}");
    }
}

/// Targets three times as large, so that residuals lie on both sides of c.
#[test]
fn the_loss_is_checked_by_differences() {
    let (x, y) = (data().inputs(), data().targets().matrix::<f64>());
    let check = gradient_check(&mut network(), &HUBER, &x, &y.map(|y| 3.0 * y)).unwrap();
    assert_eq!(check.parameters, 5 * (3 + 1) + (5 + 5) + 7 * (5 + 1) + 5 * (7 + 1) + 2 * (5 + 1));
    assert!(check.relative_error < 1e-6, "{check:?}");
}

/// Residuals of ¼, −1 and 3 cost 1/32, 3/8 and 11/8: 19/32 in the mean, and with weights 4, 2, 0 the sum 7/8 over D = 6.
#[test]
fn the_loss_by_hand() {
    let (y_hat, y) = (Tensor::from_rows([[0.25, 1.0, 3.0]]), Tensor::from_rows([[0.0, 2.0, 0.0]]));
    assert_eq!(HUBER.value(&y_hat, &y), 19.0 / 32.0);
    let weights = Weights { of_samples: Some(&[4.0, 2.0, 0.0]), divisor: 6.0 };
    let mut delta = Tensor::zeros(1, 3);
    assert_eq!(HUBER.value_and_gradient(&y_hat, &y, weights, &mut delta), 0.875 / 6.0);
    assert_eq!(delta, Tensor::from_rows([[0.25 * (4.0 / 6.0), -0.5 * (2.0 / 6.0), 0.0]]));
}

/// After one step m = g/2, v = s = g²/2, and w moves by η √½ against the sign of the gradient. 1e-7: ε beside a gradient of 1.
#[test]
fn the_rule_by_hand() {
    let ([mut w, mut m, mut v, mut s], rule) = ([[0.0; 3]; 4], AmsGrad([0.5, 0.5]));
    let at = Update { step: 1, rate: 0.5, decay: 0.0 };
    rule.update(at, &mut w, &[1.0, -1e3, 0.0], &mut [&mut m, &mut v, &mut s]);
    let moved = 0.5 * 0.5f64.sqrt();
    assert!(w.iter().zip([-moved, moved, 0.0]).all(|(w, expected)| (w - expected).abs() < 1e-7), "{w:?}");
}

/// The trainer computes what the loop computes, to the last bit: parameters and buffers.
#[test]
fn the_loop_and_the_trainer_end_in_the_same_bits() {
    fn of<T: Scalar>() {
        let mut net = network::<T>();
        let losses = train(&mut net, &HUBER, AMSGRAD);
        let [first, last] = [&losses[..5], &losses[losses.len() - 5..]].map(|losses| losses.iter().sum::<f64>());
        assert!(last < first / 5.0, "{first} to {last}");
        let mut trained = network::<T>();
        let trainer = Trainer::new(HUBER, Optimizer::new(AMSGRAD, 0.01)).epochs(100).batch_size(8).seed(Seed(5));
        trainer.run(&mut trained, &data()).unwrap();
        let [of_loop, of_trainer] = [&net, &trained].map(|net| {
            let mut mean = Tensor::zeros(0, 0);
            net.leaves().for_each(|leaf| leaf.buffers(&mut |_, buffer| mean = buffer.clone()));
            mean
        });
        assert!(trained.parameters().eq(net.parameters()) && of_loop == of_trainer);
        assert!(of_loop.iter().all(|mean| *mean != T::ZERO), "the buffer moved");
    }
    of::<f64>();
    of::<f32>();
}

#[test]
fn a_boxed_loss_and_a_boxed_rule_do_as_well() {
    let (loss, rule): (Box<dyn Loss<f64>>, Box<dyn Rule<f64>>) = (Box::new(HUBER), Box::new(AMSGRAD));
    assert_eq!((loss.name(), rule.name(), rule.states()), ("huber", "amsgrad", 3));
    assert_eq!(train(&mut network(), &loss, rule), train(&mut network::<f64>(), &HUBER, AMSGRAD));
}

/// A prediction is no step of training: nothing is dropped, no buffer moves. In training about p of the units are dropped: 5
/// standard deviations of 4000 draws are ±0.04.
#[test]
fn dropout_drops_in_training_alone() {
    let ones = Tensor::from_fn(40, 100, |_, _| 1.0);
    let net = NeuralNetwork::builder(40).layer(Dropout(0.5)).build(Seed(0)).unwrap();
    assert_eq!(net.predict(&ones).unwrap(), ones);
    let pass = |step| Pass::Train { seed: Seed(3), epoch: 1, step };
    let of_step = |step| net.forward(pass(step), &ones).output().clone();
    let dropped = of_step(1).iter().filter(|x| **x == 0.0).count() as f64 / 4000.0;
    assert!((dropped - 0.5).abs() < 0.04 && of_step(1).iter().all(|x| *x == 0.0 || *x == 2.0), "{dropped}");
    assert!(of_step(1) == of_step(1) && of_step(1) != of_step(2));
}

/// A model with a registered layer and activation is saved and loaded; without the registry the error names what is missing.
#[test]
fn a_model_with_layers_of_ones_own_is_saved_and_loaded() {
    let data = data();
    let net = NeuralNetwork::builder(3).linear(5).layer(Scale::new(5)).activation(swish()).linear(2);
    let mut net = net.build(Seed(1)).unwrap();
    let scaled = Preprocessing::fit(&data);
    let trainer = Trainer::new(HUBER, Optimizer::new(AMSGRAD, 0.01)).epochs(3);
    trainer.run(&mut net, &scaled.apply(&data)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut model = Model::new(&data, scaled, net).unwrap();
    model.training.loss = Some("huber".to_owned());
    model.save(&path).unwrap();

    let make = |settings: &serde_json::Value| -> Result<Box<dyn Layer<f64>>> {
        Ok(Box::new(Scale::new(settings.as_u64().unwrap_or(0) as usize)))
    };
    let all = || Registry::new().layer("scale", make).activation(swish::<f64>()).loss::<f64>(HUBER);
    let loaded = Model::load_with(&path, &all()).unwrap();
    assert_eq!(loaded.predict_inputs(&data.inputs()).unwrap(), model.predict_inputs(&data.inputs()).unwrap());
    assert!(loaded.evaluate_loss(&data).unwrap().is_some(), "the loss is registered");
    let registry = Registry::new().layer("scale", make).activation(swish::<f32>()); // of the other type
    for (registry, missing) in [(Registry::new(), "layer \"scale\""), (registry, "activation \"swish\"")] {
        let error = Model::load_with(&path, &registry).unwrap_err().to_string();
        assert!(error.contains(&format!("there is no {missing} in mfnet")), "{error}");
    }
}

#[test]
fn names_and_errors_reach_the_caller() {
    let summary = network::<f64>().to_string();
    for name in ["scale 5", "block 5", "swish", "centre", "dropout"] {
        assert!(summary.contains(name), "{summary}");
    }
    let error = NeuralNetwork::builder(3).layer(Scale::<f64>::new(2)).build(Seed(0)).unwrap_err();
    assert_eq!(error.to_string(), "scale: expected 2, found 3");
}
