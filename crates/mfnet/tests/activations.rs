//! Every activation, wherever it can stand, trains to the same bits in the trainer on any number of threads as in the loop of
//! the README, whose backward pass takes g′ from Z and not from what the forward pass kept.
#![allow(clippy::unwrap_used)]

use mfnet::layer::ActivationName;
use mfnet::network::Builder;
use mfnet::random::Purpose;
use mfnet::{
    Activation, Adam, Dataset, Loss, Mse, NeuralNetwork, Optimizer, Pass, Scalar, Seed, Targets, Tensor, Threads,
    Trainer,
};

const FEATURES: usize = 40;
const OUTPUTS: usize = 3;

/// So many samples in batches that all but the last are so large.
struct Data {
    samples: Dataset,
    batch: usize,
}

fn data(samples: usize, batch: usize) -> Data {
    let mut rng = Seed(7).stream(Purpose::Split);
    let inputs = Tensor::from_fn(FEATURES, samples, |_, _| 4.0 * rng.uniform() - 2.0);
    let values = Tensor::from_fn(OUTPUTS, samples, |i, j| inputs[(i, j)] * inputs[(i + 1, j)]);
    let columns = (0..OUTPUTS).map(|i| i.to_string()).collect();
    let targets = Targets::Values { columns, values: values.into() };
    Data { samples: Dataset::new("numbers", inputs, targets).unwrap(), batch }
}

/// An activation of one's own, of arithmetic alone.
fn own<T: Scalar>() -> Activation<T> {
    let square = |z: T| T::ONE + z * z;
    Activation::custom("own", move |z| z / square(z), move |z| (T::ONE - z * z) / (square(z) * square(z)))
}

fn activations<T: Scalar>() -> impl Iterator<Item = Activation<T>> {
    ActivationName::ALL.into_iter().map(Activation::from).chain([own()])
}

/// In the middle, behind a layer of few outputs, at the end, before and after another activation, at the beginning, and in
/// residual blocks: behind their sum, at their end, and shared by two readers.
fn networks<T: Scalar>(g: &Activation<T>) -> [NeuralNetwork<T>; 5] {
    let g = |b: Builder<T>| b.activation(g.clone());
    let start = || NeuralNetwork::builder(FEATURES).dtype::<T>();
    let networks = [
        g(g(start().linear(34)).linear(20)).linear(OUTPUTS),
        g(start().linear(34).tanh().linear(OUTPUTS)),
        g(g(start()).linear(34).sigmoid()).linear(OUTPUTS),
        g(start().linear(34).residual(|b| g(b.linear(40)).linear(34))).linear(OUTPUTS),
        g(g(start().linear(34)).residual(|b| g(g(b).linear(34))).linear(OUTPUTS)),
    ];
    networks.map(|builder| builder.build(Seed(3)).unwrap())
}

fn bits<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<u64> {
    net.parameters().flat_map(|parameter| parameter.value.iter()).map(|w| w.to_f64().to_bits()).collect()
}

fn optimizer<T: Scalar>() -> Optimizer<T> {
    Optimizer::new(Adam::default(), 0.01)
}

/// An epoch of the loop of the README. `pass` is what the forward passes are said to be for; without randomness it changes
/// nothing.
fn by_hand<T: Scalar>(mut net: NeuralNetwork<T>, data: &Data, pass: impl Fn(Pass) -> Pass) -> Vec<u64> {
    let mut optimizer = optimizer();
    for batch in data.samples.batches(data.batch).shuffled(Seed(5), 1) {
        let trace = net.forward(pass(batch.pass()), batch.inputs());
        let delta = Mse.gradient(trace.output(), batch.targets());
        let gradients = net.backward(&trace, delta);
        optimizer.step(&mut net, gradients);
    }
    bits(&net)
}

/// The same epoch of the trainer.
fn trained<T: Scalar>(mut net: NeuralNetwork<T>, data: &Data) -> NeuralNetwork<T> {
    let trainer = Trainer::new(Mse, optimizer()).epochs(1).batch_size(data.batch).seed(Seed(5));
    trainer.run(&mut net, &data.samples).unwrap();
    net
}

#[test]
fn the_loop_and_the_trainer_end_in_the_same_bits() {
    fn of<T: Scalar>() {
        let data = data(90, 70);
        for g in activations::<T>() {
            for (i, net) in networks(&g).into_iter().enumerate() {
                let what = format!("{} in network {i}, {}", g.label(), T::DTYPE);
                let expected = by_hand(net.clone(), &data, |pass| pass);
                assert_ne!(expected, bits(&net));
                assert!(by_hand(net.clone(), &data, |_| Pass::Evaluate) == expected, "{what}, Pass::Evaluate");
                let trained = trained(net, &data);
                assert!(bits(&trained) == expected, "{what}");
                let x = data.samples.inputs().map(T::from_f64);
                assert_eq!(trained.predict(&x).unwrap(), *trained.forward(Pass::Evaluate, &x).output(), "{what}");
            }
        }
    }
    of::<f64>();
    of::<f32>();
}

/// Layers that are worth sharing among threads; the last ones have few outputs for their inputs.
#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    fn of<T: Scalar>(g: Activation<T>) {
        let data = data(260, 240);
        let builder = NeuralNetwork::builder(FEATURES).dtype::<T>().linear(70).activation(g.clone());
        let net = builder.linear(OUTPUTS).activation(g.clone()).build(Seed(3)).unwrap();
        let expected = by_hand(net.clone(), &data, |pass| pass);
        for count in [1, 2, 3, 5] {
            let threads = Threads::new(count).unwrap();
            let trained = threads.install(|| trained(net.clone(), &data));
            assert!(bits(&trained) == expected, "{}, {count} threads, {}", g.label(), T::DTYPE);
        }
    }
    activations().for_each(of::<f64>);
    activations().for_each(of::<f32>);
}
