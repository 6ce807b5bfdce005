//! A promise to users: later work may not edit this file.
//!
//! Two layers, a loss, an activation and an optimizer's rule written outside the library, with nothing but its public
//! interface: they are checked by `gradient_check` and train like the built-in ones. If this file stops compiling or
//! passing, programs of users have stopped working.
//!
//! Where the numbers come from: from the formulas in the comments; data are made by a network or a formula here.
//!
//! Why 1e-6: the bound that `gradient_check` promises for correct gradients. Other tolerances stand with their test.
#![allow(clippy::unwrap_used)]

use mfnet::{
    Activation, AnyLayer, Dataset, Error, HalfMse, Layer, Linear, Loss, NeuralNetwork, Optimizer, Parameter, Purpose,
    Result, Rule, Scalar, Seed, Sgd, Targets, Tensor, Trainer, gradient_check,
};

const TOLERANCE: f64 = 1e-6;

/// A scale and a shift of each feature, a layer with two matrices of parameters.
///
/// ```text
/// forward               Z      = γ 1ᵀ ⊙ A + β 1ᵀ
/// parameter_gradients   ∂J/∂γ  = (Δ ⊙ A) 1         ∂J/∂β = Δ 1
/// input_gradient        ∂J/∂A  = γ 1ᵀ ⊙ Δ
/// ```
///
/// A, Z and Δ have shape (features, samples), γ and β (features, 1).
#[derive(Clone, Debug)]
struct Scale<T: Scalar> {
    /// γ, β.
    parameters: [Parameter<T>; 2],
}

impl<T: Scalar> Scale<T> {
    /// γ = 1 and β = 0: at first the layer changes nothing.
    fn new(features: usize) -> Self {
        let gamma = Parameter::weights(Tensor::from_fn(features, 1, |_, _| T::ONE));
        let beta = Parameter::biases(Tensor::zeros(features, 1));
        Scale { parameters: [gamma, beta] }
    }

    fn features(&self) -> usize {
        self.parameters[0].value.rows()
    }
}

impl<T: Scalar> Layer<T> for Scale<T> {
    fn name(&self) -> String {
        format!("scale {}", self.features())
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        if input_features != self.features() {
            return Err(Error::Shape {
                operation: "Scale",
                expected: format!("{} input features", self.features()),
                found: input_features.to_string(),
            });
        }
        Ok(input_features)
    }

    fn forward(&self, a: &Tensor<T>, z: &mut Tensor<T>) {
        let [gamma, beta] = &self.parameters;
        for i in 0..a.columns() {
            for j in 0..a.rows() {
                z[(j, i)] = gamma.value[(j, 0)] * a[(j, i)] + beta.value[(j, 0)];
            }
        }
    }

    fn input_gradient(&self, _a: &Tensor<T>, _z: &Tensor<T>, delta: &Tensor<T>, dj_da: &mut Tensor<T>) {
        let gamma = &self.parameters[0].value;
        for i in 0..delta.columns() {
            for j in 0..delta.rows() {
                dj_da[(j, i)] = gamma[(j, 0)] * delta[(j, i)];
            }
        }
    }

    fn parameter_gradients(&self, a: &Tensor<T>, _z: &Tensor<T>, delta: &Tensor<T>, gradients: &mut [Tensor<T>]) {
        let [dj_dgamma, dj_dbeta] = gradients else { unreachable!("two matrices of parameters") };
        for j in 0..delta.rows() {
            dj_dgamma[(j, 0)] = delta.row(j).zip(a.row(j)).map(|(delta, a)| delta * a).sum();
            dj_dbeta[(j, 0)] = delta.row(j).sum();
        }
    }

    fn parameters(&self) -> &[Parameter<T>] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut self.parameters
    }
}

/// A linear layer and a way around it, a layer made of one of the library's.
///
/// ```text
/// forward               Z      = A + b 1ᵀ + W A
/// input_gradient        ∂J/∂A  = Δ + Wᵀ Δ
/// ```
#[derive(Clone, Debug)]
struct Residual<T: Scalar> {
    linear: Linear<T>,
}

impl<T: Scalar> Layer<T> for Residual<T> {
    fn name(&self) -> String {
        format!("residual {}", self.linear.inputs())
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        self.linear.output_features(input_features)
    }

    fn forward(&self, a: &Tensor<T>, z: &mut Tensor<T>) {
        self.linear.forward(a, z);
        add(z, a);
    }

    fn input_gradient(&self, a: &Tensor<T>, z: &Tensor<T>, delta: &Tensor<T>, dj_da: &mut Tensor<T>) {
        self.linear.input_gradient(a, z, delta, dj_da);
        add(dj_da, delta);
    }

    fn parameter_gradients(&self, a: &Tensor<T>, z: &Tensor<T>, delta: &Tensor<T>, gradients: &mut [Tensor<T>]) {
        self.linear.parameter_gradients(a, z, delta, gradients);
    }

    fn parameters(&self) -> &[Parameter<T>] {
        self.linear.parameters()
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        self.linear.parameters_mut()
    }
}

/// x ← x + y.
fn add<T: Scalar>(x: &mut Tensor<T>, y: &Tensor<T>) {
    for (x, y) in x.iter_mut().zip(y.iter()) {
        *x += *y;
    }
}

/// Huber's loss: squared near the target, linear far from it, so that outliers pull less.
///
/// ```text
/// J = 1/m Σ h(ŷ − y)        h(r) = r²/2 for |r| ≤ c, else c (|r| − c/2)        h′(r) = r, cut off at ±c
/// ```
struct Huber {
    /// Where it turns from a square into a line.
    c: f64,
}

impl<T: Scalar> Loss<T> for Huber {
    fn name(&self) -> &str {
        "huber"
    }

    fn value(&self, output: &Tensor<T>, target: &Tensor<T>) -> f64 {
        let h = |r: f64| if r.abs() <= self.c { r * r / 2.0 } else { self.c * (r.abs() - self.c / 2.0) };
        let residuals = output.iter().zip(target.iter()).map(|(y_hat, y)| y_hat.to_f64() - y.to_f64());
        residuals.map(h).sum::<f64>() / output.columns() as f64
    }

    fn gradient_into(&self, output: &Tensor<T>, target: &Tensor<T>, delta: &mut Tensor<T>) {
        let m = output.columns() as f64;
        for ((delta, y_hat), y) in delta.iter_mut().zip(output.iter()).zip(target.iter()) {
            let r = (*y_hat - *y).to_f64();
            *delta = T::from_f64(r.clamp(-self.c, self.c) / m);
        }
    }
}

/// Steps of one size, whatever the size of the gradient (Bernstein et al. 2018, signSGD with momentum).
///
/// ```text
/// v ← μ v + (1 − μ) ∂J/∂w        w ← w − η sign(v)
/// ```
#[derive(Clone, Debug)]
struct SignSgd {
    /// η.
    learning_rate: f64,
    /// μ.
    momentum: f64,
}

impl<T: Scalar> Rule<T> for SignSgd {
    fn name(&self) -> &str {
        "sign-sgd"
    }

    fn states(&self) -> usize {
        1
    }

    fn update(&self, _step: u64, parameter: &mut Parameter<T>, gradient: &Tensor<T>, state: &mut [Tensor<T>]) {
        let (eta, mu) = (T::from_f64(self.learning_rate), T::from_f64(self.momentum));
        for ((w, g), v) in parameter.value.iter_mut().zip(gradient.iter()).zip(state[0].iter_mut()) {
            *v = mu * *v + (T::ONE - mu) * *g;
            if *v > T::ZERO {
                *w -= eta;
            } else if *v < T::ZERO {
                *w += eta;
            }
        }
    }

    fn check(&self) -> Result<()> {
        if self.learning_rate > 0.0 {
            return Ok(());
        }
        Err(Error::invalid("learning rate", "a positive number", self.learning_rate))
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

fn residual<T: Scalar>(features: usize) -> Residual<T> {
    Residual { linear: Linear::new(uniform(features, 1 + features, 7)).unwrap() }
}

/// Both layers and the activation of this file in one network, 3 → 5 → 2.
fn network<T: Scalar>() -> NeuralNetwork<T> {
    NeuralNetwork::builder(3)
        .dtype()
        .linear(5)
        .layer(Scale::new(5))
        .activation(swish())
        .layer(residual(5))
        .tanh()
        .linear(2)
        .build(Seed(1))
        .unwrap()
}

/// Forty samples of a smooth function, x₁x₂ and |x₃|.
fn data<T: Scalar>() -> (Tensor<T>, Tensor<T>) {
    let x: Tensor<T> = uniform(3, 40, 2);
    let y = Tensor::from_fn(2, 40, |j, i| if j == 0 { x[(0, i)] * x[(1, i)] } else { x[(2, i)].abs() });
    (x, y)
}

const HUBER: Huber = Huber { c: 0.5 };
const SIGN_SGD: SignSgd = SignSgd { learning_rate: 0.002, momentum: 0.9 };

/// The loop that a user writes. The losses before every step.
fn train<T: Scalar>(
    net: &mut NeuralNetwork<T>,
    loss: impl Loss<T>,
    rule: impl Rule<T>,
    (x, y): &(Tensor<T>, Tensor<T>),
    steps: usize,
) -> Vec<f64> {
    let mut optimizer = Optimizer::new(rule);
    let mut losses = Vec::new();
    for _ in 0..steps {
        let trace = net.forward(x);
        losses.push(loss.value(trace.output(), y));
        let delta = loss.gradient(trace.output(), y);
        let gradients = net.backward(&trace, delta);
        optimizer.step(net, &gradients);
    }
    losses
}

fn assert_learned(losses: &[f64]) {
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(last < first / 10.0, "{first} to {last}");
}

/// Each layer stands behind a linear one, so that its `input_gradient` is checked too.
#[test]
fn the_layers_are_checked_by_differences() {
    let parameters = [Parameter::weights(uniform(4, 1, 9)), Parameter::biases(uniform(4, 1, 10))];
    let layers: [Box<dyn Layer<f64>>; 2] = [Box::new(Scale { parameters }), Box::new(residual(4))];
    for layer in layers.map(AnyLayer::from) {
        let linear = Linear::new(uniform(4, 3, 4)).unwrap();
        let all = vec![linear.into(), layer.clone(), swish().into(), layer];
        let mut net = NeuralNetwork::from_layers(2, all).unwrap();
        let check = gradient_check(&mut net, &HalfMse, &uniform(2, 6, 5), &uniform(4, 6, 6)).unwrap();
        assert!(check.relative_error < TOLERANCE, "{net}: {check:?}");
    }
}

/// Targets three times as large, so that residuals lie on both sides of c.
#[test]
fn the_loss_is_checked_by_differences() {
    let (x, y) = data();
    let check = gradient_check(&mut network(), &HUBER, &x, &y.map(|y| 3.0 * y)).unwrap();
    assert_eq!(check.parameters, 5 * (3 + 1) + (5 + 5) + 5 * (5 + 1) + 2 * (5 + 1));
    assert!(check.relative_error < TOLERANCE, "{check:?}");
}

/// Residuals of ¼, −1 and 3 cost 1/32, 3/8 and 11/8, whose mean is 19/32.
#[test]
fn the_loss_by_hand() {
    let (y_hat, y) = (Tensor::from_rows([[0.25, 1.0, 3.0]]), Tensor::from_rows([[0.0, 2.0, 0.0]]));
    assert_eq!(HUBER.value(&y_hat, &y), 19.0 / 32.0);
    assert_eq!(HUBER.gradient(&y_hat, &y), Tensor::from_rows([[0.25 / 3.0, -0.5 / 3.0, 0.5 / 3.0]]));
}

/// The step has size η against the sign of the gradient, and no size where the gradient is zero.
#[test]
fn the_rule_by_hand() {
    let rule = SignSgd { learning_rate: 0.5, momentum: 0.9 };
    let mut parameter = Parameter::weights(Tensor::from_rows([[1.0, 1.0, 1.0]]));
    let gradient = Tensor::from_rows([[1e-9, -1e9, 0.0]]);
    rule.update(1, &mut parameter, &gradient, &mut [Tensor::zeros(1, 3)]);
    assert_eq!(parameter.value, Tensor::from_rows([[0.5, 1.5, 1.0]]));
}

#[test]
fn all_of_it_trains_in_a_loop_of_ones_own() {
    let mut net = network::<f64>();
    assert_learned(&train(&mut net, HUBER, SIGN_SGD, &data(), 500));
    let [gamma, beta] = net.layers()[1].as_layer().parameters() else { panic!("the layer has two matrices") };
    assert!(gamma.value.iter().all(|gamma| *gamma != 1.0));
    assert!(beta.value.iter().all(|beta| *beta != 0.0));
}

/// The trainer computes what this loop computes, to the last bit.
#[test]
fn all_of_it_trains_in_the_trainer() {
    let (x, y) = data();
    let targets = Targets::Values { columns: vec!["x1 x2".to_owned(), "|x3|".to_owned()], values: y };
    let data = Dataset::new("a smooth function", x, targets).unwrap();

    let mut trained = network::<f64>();
    let history =
        Trainer::new(HUBER, SIGN_SGD).epochs(100).batch_size(8).seed(Seed(5)).run(&mut trained, &data).unwrap();
    assert_learned(&history.epochs().iter().map(|epoch| epoch.loss).collect::<Vec<_>>());

    let mut net = network::<f64>();
    let mut optimizer = Optimizer::new(SIGN_SGD);
    for epoch in 1..=100 {
        for batch in data.batches(8).shuffled(&mut Seed(5).stream(Purpose::Epoch { number: epoch })) {
            let trace = net.forward(batch.inputs());
            let delta = HUBER.gradient(trace.output(), batch.targets());
            let gradients = net.backward(&trace, delta);
            optimizer.step(&mut net, &gradients);
        }
    }
    assert!(trained.parameters().eq(net.parameters()));
}

#[test]
fn all_of_it_trains_in_f32() {
    let mut net = network::<f32>();
    assert_learned(&train(&mut net, HUBER, SIGN_SGD, &data(), 500));
}

#[test]
fn a_boxed_loss_and_a_boxed_rule_do_as_well() {
    let rule: Box<dyn Rule<f64>> = Box::new(SIGN_SGD);
    let loss: Box<dyn Loss<f64>> = Box::new(HUBER);
    assert_eq!((loss.name(), rule.name()), ("huber", "sign-sgd"));
    let (mut boxed, mut plain) = (network::<f64>(), network::<f64>());
    let losses = train(&mut boxed, loss, rule, &data(), 10);
    assert_eq!(losses, train(&mut plain, HUBER, SIGN_SGD, &data(), 10));
}

/// Least squares and gradient descent find the γ and β that made the targets. 1e-9: the slowest direction has a curvature
/// of some 0.3, so 1000 steps at rate 0.3 leave nothing but rounding.
#[test]
fn a_layer_of_ones_own_trains_with_the_librarys_rules() {
    let x = uniform(2, 20, 8);
    let (gamma, beta) = ([2.0, -3.0], [0.5, 1.0]);
    let y = Tensor::from_fn(2, 20, |j, i| gamma[j] * x[(j, i)] + beta[j]);
    let mut net = NeuralNetwork::builder(2).layer(Scale::new(2)).build(Seed(0)).unwrap();
    let mut optimizer = Optimizer::new(Sgd::new(0.3));
    for _ in 0..1000 {
        let trace = net.forward(&x);
        let gradients = net.backward(&trace, HalfMse.gradient(trace.output(), &y));
        optimizer.step(&mut net, &gradients);
    }
    let found: Vec<f64> = net.parameters().flat_map(|p| p.value.iter()).copied().collect();
    for (found, expected) in found.iter().zip(gamma.into_iter().chain(beta)) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }
}

/// What [`Parameter::biases`] is for: γ (1 at first) decays to 0.9, β stays.
#[test]
fn weight_decay_spares_the_biases_of_a_layer_of_ones_own() {
    let mut scale = Scale::new(2);
    scale.parameters[1].value.fill(1.0);
    let mut net = NeuralNetwork::builder(2).layer(scale).build(Seed(0)).unwrap();
    let x = Tensor::<f64>::zeros(2, 3);
    let gradients = net.backward(&net.forward(&x), Tensor::zeros(2, 3));
    Optimizer::new(Sgd { weight_decay: 0.1, ..Sgd::new(1.0) }).step(&mut net, &gradients);
    let found: Vec<f64> = net.parameters().flat_map(|p| p.value.iter()).copied().collect();
    assert_eq!(found, [0.9, 0.9, 1.0, 1.0]);
}

#[test]
fn a_layer_of_ones_own_is_named_and_counted() {
    let net = network::<f64>();
    let summary = net.to_string();
    for name in ["scale 5", "residual 5", "swish"] {
        assert!(summary.contains(name), "{summary}");
    }
    assert_eq!(net.parameter_count(), 5 * (3 + 1) + (5 + 5) + 5 * (5 + 1) + 2 * (5 + 1));
}

#[test]
fn its_errors_reach_the_caller() {
    let error = NeuralNetwork::builder(3).layer(Scale::<f64>::new(2)).build(Seed(0)).unwrap_err();
    assert_eq!(error.to_string(), "Scale: expected 2 input features, found 3");
    let error = Rule::<f64>::check(&SignSgd { learning_rate: 0.0, momentum: 0.9 }).unwrap_err();
    assert_eq!(error.to_string(), "learning rate: expected a positive number, found 0");
}
