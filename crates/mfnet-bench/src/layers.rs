//! What a layer or an activation costs: the same network with it and without it, in turn, on one thread.

use mfnet::layer::{ActivationName, LayerSpec, PreluSettings, ScaleSettings};
use mfnet::network::Builder;
use mfnet::{Activation, NeuralNetwork, Optimizer, Result, Scalar, Seed, Sgd, Threads};

use crate::compare::in_turn;
use crate::work::{Work, rounds};

/// The shape of A128: 784-512-512-10, batches of 128.
const WORK: Work = Work { name: "layers", layers: &[784, 512, 512, 10], batch: 128, samples: 6_400 };

/// What follows each hidden linear layer.
type Follows<T> = Box<dyn Fn(Builder<T>) -> Builder<T>>;

/// A variation of the network with ReLU: its name, and what it is compared with.
struct Variation<T: Scalar> {
    name: &'static str,
    with: Follows<T>,
    without: Follows<T>,
}

impl<T: Scalar> Variation<T> {
    fn new(
        name: &'static str,
        with: impl Fn(Builder<T>) -> Builder<T> + 'static,
        without: impl Fn(Builder<T>) -> Builder<T> + 'static,
    ) -> Self {
        Variation { name, with: Box::new(with), without: Box::new(without) }
    }
}

/// The variations, one a row.
fn variations<T: Scalar>() -> Vec<Variation<T>> {
    let of_activation = |name: ActivationName| {
        Variation::new(name.word(), move |b| b.activation(Activation::from(name)), Builder::relu)
    };
    let prelu = || LayerSpec::Prelu(PreluSettings::default());
    let of_layers = vec![
        Variation::new("dropout", |b| b.relu().dropout(0.2), Builder::relu),
        Variation::new(
            "dropout-gelu",
            |b| b.activation(Activation::Gelu).dropout(0.2),
            |b| b.activation(Activation::Gelu),
        ),
        Variation::new("layer-norm", |b| b.layer_norm().relu(), Builder::relu),
        Variation::new("batch-norm", |b| b.batch_norm().relu(), Builder::relu),
        Variation::new("scale", |b| b.spec(LayerSpec::Scale(ScaleSettings::default())).relu(), Builder::relu),
        Variation::new("prelu", move |b| b.spec(prelu()), Builder::relu),
        Variation::new("residual", |b| b.relu().residual(|b| b.linear(512).relu()), |b| b.relu().linear(512).relu()),
    ];
    ActivationName::ALL.into_iter().map(of_activation).chain(of_layers).collect()
}

/// Prints for each variation seconds of an epoch with it and without it, and the median ratio.
pub(crate) fn layers(count: usize, only: &[String]) -> Result<()> {
    println!("{:46} {:>9} {:>9} {:>6}", "seconds of an epoch, 784-512-512-10, 1 thread", "with", "without", "ratio");
    Threads::new(1)?.install(|| {
        of_type::<f32>(count, only)?;
        of_type::<f64>(count, only)
    })
}

fn of_type<T: Scalar>(count: usize, only: &[String]) -> Result<()> {
    let data = WORK.data()?;
    let network = |follows: &Follows<T>| -> Result<NeuralNetwork<T>> {
        let mut builder = NeuralNetwork::builder(WORK.layers[0]).dtype::<T>();
        for size in &WORK.layers[1..3] {
            builder = follows(builder.linear(*size));
        }
        builder.linear(WORK.layers[3]).build(Seed(0))
    };
    let epoch = |follows: &Follows<T>| {
        let (mut net, mut measured) = (network(follows)?, Vec::new());
        let optimizer = Optimizer::new(Sgd::default(), 0.01);
        WORK.train_network(&mut net, &data, optimizer, false, rounds(1, || 0.0, &mut measured))?;
        Ok(measured[0].0)
    };
    let asked_for = |variation: &Variation<T>| only.is_empty() || only.iter().any(|name| name == variation.name);
    for Variation { name, with, without } in variations().into_iter().filter(asked_for) {
        in_turn(&format!("{name}, {}", T::DTYPE), count, || epoch(&with), || epoch(&without))?;
    }
    Ok(())
}
