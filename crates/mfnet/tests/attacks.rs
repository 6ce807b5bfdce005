//! Attacks from safe code on the modules with unsafe code: layers, losses and rules that lie about shapes, code that panics
//! on any thread, weights of other shapes. An attack may end in an error, a panic or wrong numbers; it may not touch memory
//! that is not its own, which these tests show when `.ci/run` runs them under AddressSanitizer, and it may not break the
//! threads: after each attack an honest training ends in the same bits as before.
#![allow(clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mfnet::layer::{AnyLayer, Backward, Context, Layer, Linear, Memo};
use mfnet::loss::Weights;
use mfnet::optimizer::{MatrixRule, Parameter, Update};
use mfnet::{
    Activation, Dataset, Loss, Mse, NeuralNetwork, Optimizer, Pass, Result, Seed, Sgd, Targets, Tensor, Threads,
    Trainer,
};

const FEATURES: usize = 70;
const HIDDEN: usize = 90;
const SAMPLES: usize = 400;

fn data() -> Dataset {
    let inputs = Tensor::from_fn(FEATURES, SAMPLES, |i, j| ((i * 7 + j * 13) % 17) as f64 / 8.0 - 1.0);
    let values = Tensor::from_fn(2, SAMPLES, |i, j| inputs[(i, j)] - inputs[(i + 2, j)]);
    let columns = vec!["a".to_owned(), "b".to_owned()];
    Dataset::new("attacked", inputs, Targets::Values { columns, values: values.into() }).unwrap()
}

fn linear(inputs: usize, outputs: usize) -> AnyLayer<f64> {
    Linear::new(Tensor::from_fn(outputs, 1 + inputs, |i, j| ((i * 5 + j * 3) % 11) as f64 / 50.0 - 0.1)).unwrap().into()
}

fn trainer() -> Trainer {
    Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.01)).epochs(1).batch_size(200)
}

/// Weights after an honest epoch.
fn honest() -> Vec<u64> {
    let layers = vec![linear(FEATURES, HIDDEN), Activation::Relu.into(), linear(HIDDEN, 2)];
    let mut net = NeuralNetwork::from_layers(FEATURES, layers).unwrap();
    trainer().run(&mut net, &data()).unwrap();
    net.parameters().flat_map(|p| p.value.iter().map(|x| x.to_bits())).collect()
}

/// Attacks on one, two and three threads; an attack may panic.
fn attack<R>(attacks: &[&dyn Fn() -> R]) {
    let expected = honest();
    for threads in 1..=3 {
        Threads::new(threads).unwrap().install(|| {
            for attack in attacks {
                drop(catch_unwind(AssertUnwindSafe(attack)));
                assert_eq!(honest(), expected, "{threads} threads");
            }
        });
    }
}

/// Everything that can be done with a network, each thing on its own.
fn use_network(net: &NeuralNetwork) {
    let data = data();
    let ways: [&dyn Fn(); 5] = [
        &|| drop(net.predict(&data.inputs())),
        &|| drop(net.evaluate(&data)),
        &|| {
            let batch = data.batches::<f64>(SAMPLES).next().unwrap();
            let trace = net.forward(Pass::Train { seed: Seed(0), epoch: 1, step: 1 }, batch.inputs());
            let delta = Mse.gradient(trace.output(), batch.targets());
            let gradients = net.backward(&trace, delta);
            Optimizer::new(Sgd::default(), 0.1).step(&mut net.clone(), gradients);
        },
        &|| drop(trainer().run(&mut net.clone(), &data)),
        &|| drop(trainer().accumulate(2).shards(2).validate_on(&data).run(&mut net.clone(), &data)),
    ];
    for way in ways {
        drop(catch_unwind(AssertUnwindSafe(way)));
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    Output(usize, usize),
    InputGradient(usize, usize),
    Gradient(usize, usize),
    OutputFeatures,
    NumberOfParameters,
    ShapeOfParameters,
    Memo,
    PanicsForward,
    PanicsBackward,
}

/// A layer that gives its input back, but for what it lies about. Its weights are for show.
#[derive(Clone, Debug)]
struct Liar {
    lie: Lie,
    weights: Parameter<f64>,
    calls: Arc<AtomicUsize>,
}

impl Liar {
    fn calls(&self) -> usize {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }
}

impl Layer<f64> for Liar {
    fn name(&self) -> String {
        format!("{:?}", self.lie)
    }

    fn output_features(&self, input_features: usize) -> Result<usize> {
        let lies = self.lie == Lie::OutputFeatures;
        Ok(if lies { input_features + self.calls() % 3 * 40 } else { input_features })
    }

    fn forward(&self, _at: &Context, input: &Tensor, output: &mut Tensor, memo: &mut Memo<f64>) {
        match self.lie {
            Lie::Output(rows, columns) => *output = Tensor::zeros(rows, columns),
            Lie::PanicsForward => panic!("on purpose"),
            Lie::Memo => drop(memo.keep([(1 + self.calls() % 3 * 100, 5)])),
            _ => output.iter_mut().zip(input.iter()).for_each(|(to, x)| *to = *x),
        }
    }

    fn backward(&self, _at: &Context, pass: Backward<'_, f64>) {
        match self.lie {
            Lie::PanicsBackward => panic!("on purpose"),
            Lie::Memo => assert!(pass.memo.kept::<1>()[0][(90, 4)] == 0.0),
            Lie::Gradient(rows, columns) => pass.gradients[0] = Tensor::zeros(rows, columns),
            _ => {}
        }
        if let Some(gradient) = pass.input_gradient {
            match self.lie {
                Lie::InputGradient(rows, columns) => *gradient = Tensor::zeros(rows, columns),
                _ => gradient.iter_mut().zip(pass.delta.iter()).for_each(|(to, d)| *to = *d),
            }
        }
    }

    fn parameters<'a>(&'a self, visit: &mut dyn FnMut(&'static str, &'a Parameter<f64>)) {
        let count = if self.lie == Lie::NumberOfParameters { self.calls() % 4 } else { 1 };
        (0..count).for_each(|_| visit("weights", &self.weights));
    }

    fn parameters_mut<'a>(&'a mut self, visit: &mut dyn FnMut(&'static str, &'a mut Parameter<f64>)) {
        if self.lie == Lie::ShapeOfParameters {
            self.weights.value = Tensor::zeros(1 + self.calls() % 5 * 30, 7);
        }
        if self.lie != Lie::NumberOfParameters || self.calls().is_multiple_of(2) {
            visit("weights", &mut self.weights);
        }
    }
}

#[test]
fn attack_by_layers_that_lie() {
    let shapes = [(0, 0), (1, 1), (HIDDEN, 1), (1, 200), (HIDDEN - 1, 200), (HIDDEN + 40, 400), (500, 3)];
    let mut lies: Vec<Lie> = shapes.iter().map(|(rows, columns)| Lie::Output(*rows, *columns)).collect();
    lies.extend(shapes.iter().map(|(rows, columns)| Lie::InputGradient(*rows, *columns)));
    lies.extend(shapes.iter().map(|(rows, columns)| Lie::Gradient(*rows, *columns)));
    lies.extend([Lie::OutputFeatures, Lie::NumberOfParameters, Lie::ShapeOfParameters, Lie::Memo]);
    lies.extend([Lie::PanicsForward, Lie::PanicsBackward]);
    let all = || {
        for lie in &lies {
            let weights = Parameter::weights(Tensor::zeros(3, 5));
            let liar: Box<dyn Layer<f64>> = Box::new(Liar { lie: *lie, weights, calls: Arc::default() });
            let layers = vec![linear(FEATURES, HIDDEN), Activation::Tanh.into(), liar.into(), linear(HIDDEN, 2)];
            // some are found out at once
            if let Ok(net) = NeuralNetwork::from_layers(FEATURES, layers) {
                use_network(&net);
            }
        }
    };
    attack(&[&all]);
}

/// The functions of an activation run on all threads.
#[test]
fn attack_by_an_activation_that_panics_on_some_thread() {
    let panics = |forward: bool| {
        let calls = Arc::new(AtomicUsize::new(0));
        let g = move |z: f64| {
            assert!(!calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(5_003), "on purpose");
            z
        };
        let fine = |z: f64| z;
        let activation =
            if forward { Activation::custom("panics", g, |_| 1.0) } else { Activation::custom("panics", fine, g) };
        let layers = vec![linear(FEATURES, HIDDEN), activation.into(), linear(HIDDEN, 2)];
        use_network(&NeuralNetwork::from_layers(FEATURES, layers).unwrap());
    };
    attack(&[&|| panics(true), &|| panics(false)]);
}

/// Weights are public: any shape can be put in their place.
#[test]
fn attack_by_weights_of_other_shapes() {
    let shapes = [(0, 0), (1, 1), (2, 71), (HIDDEN, 70), (HIDDEN, 72), (HIDDEN + 1, 71), (64, 64)];
    let all = || {
        for (rows, columns) in shapes {
            for place in 0..2 {
                let layers = vec![linear(FEATURES, HIDDEN), Activation::Relu.into(), linear(HIDDEN, 2)];
                let mut net = NeuralNetwork::from_layers(FEATURES, layers).unwrap();
                net.parameters_mut().nth(place).unwrap().value = Tensor::zeros(rows, columns);
                use_network(&net);
            }
        }
    };
    attack(&[&all]);
}

/// A loss that gives a gradient of another shape, or panics.
struct LyingLoss(Option<(usize, usize)>);

impl Loss<f64> for LyingLoss {
    fn name(&self) -> &str {
        "lying"
    }

    fn cost(&self, _output: &Tensor, _target: &Tensor, _sample: usize) -> f64 {
        1.0
    }

    fn cost_gradient(&self, _output: &Tensor, _target: &Tensor, _sample: usize, _factor: f64, _delta: &mut Tensor) {}

    fn value_and_gradient(&self, _: &Tensor, _: &Tensor, _: Weights<'_>, delta: &mut Tensor) -> f64 {
        let (rows, columns) = self.0.unwrap();
        *delta = Tensor::zeros(rows, columns);
        1.0
    }
}

/// A rule that puts another matrix in the place of the weights, or of its state.
struct LyingRule(usize, usize);

impl MatrixRule<f64> for LyingRule {
    fn name(&self) -> &str {
        "lying"
    }

    fn states(&self) -> usize {
        2
    }

    fn update(&self, _: [Update; 2], parameter: &mut Parameter<f64>, _: &Tensor, state: &mut [Tensor]) {
        parameter.value = Tensor::zeros(self.0, self.1);
        state[1] = Tensor::zeros(self.1, self.0);
    }
}

#[test]
fn attack_by_losses_and_rules_that_lie() {
    let shapes = [(0, 0), (1, 1), (2, 1), (2, 199), (3, 200), (200, 2), (64, 64)];
    let net = || {
        let layers = vec![linear(FEATURES, HIDDEN), Activation::Sigmoid.into(), linear(HIDDEN, 2)];
        NeuralNetwork::from_layers(FEATURES, layers).unwrap()
    };
    let losses = || {
        for shape in [None].into_iter().chain(shapes.map(Some)) {
            let sgd = Optimizer::new(Sgd { momentum: 0.9, ..Sgd::default() }, 0.1);
            let trainer = Trainer::new(LyingLoss(shape), sgd).epochs(2).batch_size(200);
            drop(catch_unwind(AssertUnwindSafe(|| trainer.run(&mut net(), &data()))));
        }
    };
    let rules = || {
        for (rows, columns) in shapes {
            let optimizer = Optimizer::of_matrices(LyingRule(rows, columns), 0.1);
            let trainer = Trainer::new(Mse, optimizer).epochs(2).batch_size(200);
            drop(catch_unwind(AssertUnwindSafe(|| trainer.run(&mut net(), &data()))));
        }
    };
    attack::<()>(&[&losses, &rules]);
}

/// Sizes around those of panels, groups and strips, with few samples and many.
#[test]
fn attack_by_odd_shapes() {
    let sizes = [1, 2, 7, 8, 9, 31, 33, 63, 65, 130];
    let bits = |inputs: usize, outputs: usize, samples: usize| {
        let x = Tensor::from_fn(inputs, samples, |i, j| ((i * 3 + j * 7) % 19) as f64 / 9.0 - 1.0);
        let y = Tensor::from_fn(outputs, samples, |i, j| ((i + j) % 5) as f64);
        let columns = (0..outputs).map(|i| i.to_string()).collect();
        let data = Dataset::new("odd", x, Targets::Values { columns, values: y.into() }).unwrap();
        let layers = vec![linear(inputs, 9), Activation::Relu.into(), linear(9, outputs)];
        let mut net = NeuralNetwork::from_layers(inputs, layers).unwrap();
        trainer().batch_size(samples.div_ceil(2)).run(&mut net, &data).unwrap();
        net.parameters().flat_map(|p| p.value.iter().map(|x| x.to_bits())).collect::<Vec<_>>()
    };
    for (i, inputs) in sizes.into_iter().enumerate() {
        for (k, outputs) in sizes.into_iter().enumerate() {
            let samples = [1, 2, 15, 17, 47, 49, 96, 203][(i + k) % 8];
            let on = |threads| Threads::new(threads).unwrap().install(|| bits(inputs, outputs, samples));
            assert_eq!(on(1), on(3), "{inputs} inputs, {outputs} outputs, {samples} samples");
        }
    }
}
