//! Every layer of the library: gradients, PyTorch's numbers, the same bits however it is run, and model files.
//!
//! Where the numbers come from: golden/torch_layers.json, written by golden/torch_layers.py, which names its versions. There
//! a sample is a row; here it is a column. Why 1e-10: 50 steps of training round some thousand times one after the other,
//! and batch norm divides by deviations that small differences move.
#![allow(clippy::unwrap_used)]

use std::fs;

use mfnet::explain::Walkthrough;
use mfnet::layer::LayerSpec;
use mfnet::network::gradient_check;
use mfnet::optimizer::{Group, Rule};
use mfnet::random::Purpose;
use mfnet::train::SampleOrder;
use mfnet::{
    AdamW, Dataset, HalfMse, Loss, Model, Mse, NeuralNetwork, Optimizer, Pass, Preprocessing, Scalar, Seed, Sgd,
    Targets, Tensor, Threads, Trainer,
};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

const TOLERANCE: f64 = 1e-10;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/torch_layers.json")).unwrap()
}

/// Each case of the file.
fn cases() -> Vec<Value> {
    golden()["cases"].as_array().unwrap().clone()
}

fn name(case: &Value) -> &str {
    case["name"].as_str().unwrap()
}

fn layers(case: &Value) -> Vec<LayerSpec> {
    serde_json::from_value(case["layers"].clone()).unwrap()
}

fn network<T: Scalar>(layers: Vec<LayerSpec>, features: usize) -> NeuralNetwork<T> {
    let builder = NeuralNetwork::builder(features).dtype::<T>();
    layers.into_iter().fold(builder, |builder, layer| builder.spec(layer)).build(Seed(1)).unwrap()
}

/// All numbers of a list, of a list of lists, or of one number.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

fn shape(value: &Value) -> Vec<usize> {
    match value {
        Value::Array(list) => [vec![list.len()], shape(&list[0])].concat(),
        _ => Vec::new(),
    }
}

/// A matrix whose samples are rows in the file.
fn samples(rows: &Value) -> Tensor {
    Tensor::from_columns(shape(rows)[1], numbers(rows)).unwrap()
}

fn data(case: &Value) -> Dataset {
    let columns = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let targets = Targets::Values { columns, values: samples(&case["y"]).into() };
    Dataset::new("golden", samples(&case["x"]), targets).unwrap()
}

/// A file of weights with PyTorch's names.
fn write_state(state: &Value, path: &std::path::Path) {
    let tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = state
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| match name.ends_with("num_batches_tracked") {
            true => (name.clone(), Dtype::I64, Vec::new(), value.as_i64().unwrap().to_le_bytes().to_vec()),
            false => {
                let bytes = numbers(value).into_iter().flat_map(f64::to_le_bytes).collect();
                (name.clone(), Dtype::F64, shape(value), bytes)
            }
        })
        .collect();
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn close(what: &str, found: impl IntoIterator<Item = f64>, expected: &[f64]) {
    let found: Vec<f64> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= TOLERANCE * e.abs().max(1.0), "{what}: {f} where PyTorch has {e}");
    }
}

fn optimizer<T: Scalar>(case: &Value) -> Optimizer<T> {
    let settings = &case["optimizer"];
    let rule: Box<dyn Rule<T>> = match settings["rule"].as_str().unwrap() {
        "sgd" => Box::new(Sgd { momentum: 0.9, nesterov: false }),
        _ => Box::new(AdamW::default()),
    };
    let of = |name: &str| settings[name].as_f64().unwrap();
    let groups: Vec<Group> = serde_json::from_value(settings["groups"].clone()).unwrap();
    let optimizer = Optimizer::new(rule, of("learning_rate")).weight_decay(of("weight_decay"));
    groups.into_iter().fold(optimizer, Optimizer::group)
}

fn trainer<T: Scalar>(case: &Value) -> Trainer<T> {
    let golden = golden();
    Trainer::new(Mse, optimizer(case))
        .seed(Seed(golden["seed"].as_u64().unwrap()))
        .epochs(case["losses"].as_array().unwrap().len())
        .batch_size(golden["batch"].as_u64().unwrap() as usize)
        .order(SampleOrder::AsTheyAre)
}

/// The same names and shapes as PyTorch's `state_dict()`, the same losses in 50 steps, the same weights and buffers after
/// them, and the same predictions.
#[test]
fn trajectories_of_pytorch() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    for case in cases() {
        let name = name(&case);
        let mut net = network::<f64>(layers(&case), 5);
        write_state(&case["before"], &before);
        net.load_weights(&before).unwrap();
        let history = trainer(&case).run(&mut net, &data(&case)).unwrap();
        close(name, history.epochs.iter().map(|epoch| epoch.loss), &numbers(&case["losses"]));
        let mut expected = network::<f64>(layers(&case), 5);
        write_state(&case["after"], &after);
        expected.load_weights(&after).unwrap();
        let state = |net: &NeuralNetwork| -> Vec<f64> {
            let of_leaf = |leaf: &dyn mfnet::layer::Layer<f64>| {
                let mut all: Vec<f64> = Vec::new();
                leaf.parameters(&mut |_, parameter| all.extend(parameter.value.iter()));
                leaf.buffers(&mut |_, buffer| all.extend(buffer.iter()));
                all
            };
            net.leaves().flat_map(of_leaf).collect()
        };
        close(name, state(&net), &state(&expected));
        let predicted = net.predict(&samples(&case["x"])).unwrap();
        close(name, predicted.iter().copied(), &numbers(&case["predicted"]));
    }
}

#[test]
fn gradients_are_those_of_differences() {
    for case in cases() {
        let mut net = network::<f64>(layers(&case), 5);
        // biases, slopes and scales that are not all alike
        let mut rng = Seed(3).stream(Purpose::Split);
        net.parameters_mut().for_each(|p| p.value.iter_mut().for_each(|w| *w += 0.2 * rng.uniform() - 0.1));
        let check = gradient_check(&mut net, &HalfMse, &samples(&case["x"]), &samples(&case["y"])).unwrap();
        assert!(check.relative_error < 1e-6, "{}: {check:?}", name(&case));
    }
}

/// All bits of parameters and buffers.
fn bits<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<u64> {
    let mut bits = Vec::new();
    for leaf in net.leaves() {
        leaf.parameters(&mut |_, parameter| bits.extend(parameter.value.iter().map(|w| w.to_f64().to_bits())));
        leaf.buffers(&mut |_, buffer| bits.extend(buffer.iter().map(|w| w.to_f64().to_bits())));
    }
    bits
}

/// The loop of the README.
fn by_loop<T: Scalar>(case: &Value, net: &mut NeuralNetwork<T>) {
    let (golden, data) = (golden(), data(case));
    let (seed, size) = (Seed(golden["seed"].as_u64().unwrap()), golden["batch"].as_u64().unwrap() as usize);
    let mut optimizer = optimizer(case);
    for epoch in 1..=case["losses"].as_array().unwrap().len() {
        for batch in data.batches(size).of_epoch(seed, epoch) {
            let trace = net.forward(batch.pass(), batch.inputs());
            let delta = Mse.gradient(trace.output(), batch.targets());
            let gradients = net.backward(&trace, delta);
            optimizer.step(net, gradients);
        }
    }
}

fn same_bits<T: Scalar>() {
    for case in cases() {
        let start = network::<T>(layers(&case), 5);
        let mut looped = start.clone();
        by_loop(&case, &mut looped);
        for threads in [1, 2, 3, 5] {
            let mut net = start.clone();
            let run = || trainer(&case).run(&mut net, &data(&case)).unwrap();
            Threads::new(threads).unwrap().install(run);
            assert_eq!(bits(&net), bits(&looped), "{} on {threads} threads", name(&case));
        }
    }
}

#[test]
fn trainer_and_loop_have_the_same_bits_on_any_number_of_threads() {
    same_bits::<f64>();
    same_bits::<f32>();
}

/// Wide enough that work is shared.
#[test]
fn wide_layers_have_the_same_bits_on_any_number_of_threads() {
    let x = Tensor::from_fn(200, 300, |i, j| ((i * 37 + j * 11) % 101) as f64 / 50.0 - 1.0);
    let y = Tensor::from_fn(2, 300, |i, j| ((i + j) % 3) as f64);
    let targets = Targets::Values { columns: vec!["a".into(), "b".into()], values: y.into() };
    let data = Dataset::new("wide", x, targets).unwrap();
    for case in cases().iter().filter(|case| !name(case).contains("embedding")) {
        let wide = |layer| match layer {
            LayerSpec::Linear { outputs: 6, inputs } => LayerSpec::Linear { outputs: 200, inputs },
            LayerSpec::Linear { outputs: 3, inputs } => LayerSpec::Linear { outputs: 2, inputs },
            other => other,
        };
        let layers: Vec<LayerSpec> = layers(case).into_iter().map(wide).collect();
        let layers = layers.into_iter().map(|layer| match layer {
            LayerSpec::Residual { layers } => LayerSpec::Residual { layers: layers.into_iter().map(wide).collect() },
            other => other,
        });
        let start = network::<f32>(layers.collect(), 200);
        let trained = |threads| {
            let mut net = start.clone();
            let trainer = Trainer::new(Mse, optimizer(case)).epochs(2).batch_size(150);
            Threads::new(threads).unwrap().install(|| trainer.run(&mut net, &data).unwrap());
            bits(&net)
        };
        let alone = trained(1);
        for threads in [2, 3, 5] {
            assert!(trained(threads) == alone, "{} on {threads} threads", name(case));
        }
    }
}

#[test]
fn a_model_file_has_every_layer() {
    for case in cases() {
        let (data, mut net) = (data(&case), network::<f64>(layers(&case), 5));
        trainer(&case).epochs(3).run(&mut net, &data).unwrap();
        let model = Model::new(&data, Preprocessing::fit(&data), net).unwrap();
        let bytes = model.to_bytes().unwrap();
        let read = Model::from_bytes("model", &bytes).unwrap();
        assert_eq!(read.to_bytes().unwrap(), bytes, "{}", name(&case));
        let predicted = |model: &Model| model.predict_dataset(&data).unwrap();
        assert_eq!(format!("{:?}", predicted(&read)), format!("{:?}", predicted(&model)), "{}", name(&case));
    }
}

#[test]
fn batches_that_batch_norm_cannot_learn_from() {
    let case = cases().into_iter().find(|case| name(case) == "batch norm").unwrap();
    let trained = |size: usize, shards: usize| {
        let mut net = network::<f64>(layers(&case), 5);
        trainer(&case).batch_size(size).shards(shards).run(&mut net, &data(&case)).map(|_| ())
    };
    for (size, shards, expected) in [
        (
            11,
            1,
            "batch size: expected at least 2 samples in every batch for batch norm (a batch size of 12 works), found 1 in the smallest (12 samples in batches of 11)",
        ),
        (
            1,
            1,
            "batch size: expected at least 2 samples in every batch for batch norm (a batch size of 2 works), found 1 in the smallest (12 samples in batches of 1)",
        ),
        (
            5,
            2,
            "batch size: expected at least 2 samples in every batch for batch norm (a batch size of 6 works), found 1 in the smallest (12 samples in batches of 5, each in 2 shards)",
        ),
    ] {
        assert_eq!(trained(size, shards).unwrap_err().to_string(), expected);
    }
    trained(6, 2).unwrap();
    // one sample in a loop of one's own: Z = β, no gradient, the same buffers
    let mut net = network::<f64>(layers(&case), 5);
    let (before, x) = (bits(&net), Tensor::from_fn(5, 1, |i, _| i as f64));
    let trace = net.forward(Pass::Train { seed: Seed(0), epoch: 1, step: 1 }, &x);
    assert!(trace.layer_output(1).iter().all(|z| *z == 0.0));
    let gradients = net.backward(&trace, Tensor::from_fn(3, 1, |_, _| 1.0));
    assert!(gradients.layer(0)[0].iter().all(|g| *g == 0.0));
    Optimizer::new(Sgd::default(), 0.0).step(&mut net, gradients);
    assert_eq!(bits(&net), before);
}

/// Every layer has its matrices, the last one is the prediction, and ∂J/∂X is that of differences of J.
#[test]
fn a_walkthrough_shows_every_layer() {
    for case in cases() {
        let (name, net) = (name(&case), network::<f64>(layers(&case), 5));
        let (x, y) = (samples(&case["x"]), samples(&case["y"]));
        let walk = Walkthrough::of(&net, &HalfMse, &x, Some(&y), 0.5).unwrap();
        let json = serde_json::to_value(&walk).unwrap();
        let outputs =
            json.as_object().unwrap().keys().filter(|key| key.starts_with(['Z', 'A', 'H']) && !key.contains('.'));
        let operations =
            net.leaves().count() + name.matches("residual").count() * (1 + name.matches("everything").count());
        assert!(outputs.count() >= operations, "{name}: {json}");
        let parameters = net.parameters().count();
        assert_eq!(json["updated"].as_object().unwrap().len(), parameters, "{name}");
        let loss = |x: &Tensor| HalfMse.value(&net.predict(x).unwrap(), &y);
        let dj_dx = walk.get("dJ_dA0").unwrap();
        let h = 1e-6;
        for (i, j) in (0..5).flat_map(|i| (0..12).map(move |j| (i, j))) {
            let at = |step: f64| {
                let mut x = x.clone();
                x[(i, j)] += step;
                loss(&x)
            };
            let difference = (at(h) - at(-h)) / (2.0 * h);
            let found = dj_dx[(i + 1, j)];
            assert!((found - difference).abs() < 1e-7, "{name}, feature {i} of sample {j}: {found} {difference}");
        }
    }
}

/// On average as many units are dropped as p says, each sample and step drops others, and no pass but training drops any.
#[test]
fn dropout_drops_what_it_should() {
    let net = NeuralNetwork::builder(64).dropout(0.3).build(Seed(0)).unwrap();
    let ones = Tensor::from_fn(64, 500, |_, _| 1.0);
    let output = |epoch, step| net.forward(Pass::Train { seed: Seed(4), epoch, step }, &ones).output().clone();
    let first = output(1, 1);
    let kept = first.iter().filter(|x| **x != 0.0).count() as f64 / first.iter().len() as f64;
    // a deviation of √(0.21/32000) = 0.0026
    assert!((kept - 0.7).abs() < 0.01, "{kept}");
    assert!(first.iter().all(|x| *x == 0.0 || (*x - 1.0 / 0.7).abs() < 1e-15));
    assert!(first != output(1, 2) && first != output(2, 1) && first == output(1, 1));
    assert!(first.column(0).collect::<Vec<_>>() != first.column(1).collect::<Vec<_>>());
    assert_eq!(net.forward(Pass::Evaluate, &ones).output(), &ones);
    assert_eq!(net.predict(&ones).unwrap(), ones);
}

#[test]
fn settings_that_cannot_be() {
    let built = |json: Value| {
        let spec: LayerSpec = serde_json::from_value(json).unwrap();
        NeuralNetwork::builder(4).spec(spec).build(Seed(0)).unwrap_err().to_string()
    };
    for (json, expected) in [
        (r#"{"kind": "dropout", "p": 1.0}"#, "dropout: expected a number from 0 to less than 1, found 1"),
        (
            r#"{"kind": "alpha-dropout", "p": -0.1}"#,
            "alpha dropout: expected a number from 0 to less than 1, found -0.1",
        ),
        (r#"{"kind": "noise", "std": 0}"#, "standard deviation of noise: expected a positive number, found 0"),
        (r#"{"kind": "batch-norm", "epsilon": 0}"#, "epsilon of a batch norm: expected a positive number, found 0"),
        (
            r#"{"kind": "batch-norm", "momentum": 2}"#,
            "momentum of a batch norm: expected a number from 0 to 1, found 2",
        ),
        (r#"{"kind": "layer-norm", "features": 5}"#, "layer norm: expected 5 input features, found 4"),
        (r#"{"kind": "linear", "inputs": 5, "outputs": 2}"#, "linear: expected 5 input features, found 4"),
        (
            r#"{"kind": "embedding", "first": 2, "levels": 3, "size": 2}"#,
            "embedding: expected 3 features from 2 on, found 4",
        ),
        (
            r#"{"kind": "embedding", "first": 0, "levels": 0, "size": 2}"#,
            "embedding: expected at least one level and one number for each, found 0 levels of 2",
        ),
    ] {
        assert_eq!(built(serde_json::from_str(json).unwrap()), expected);
    }
    let unknown = |json: &str| serde_json::from_str::<LayerSpec>(json).unwrap_err().to_string();
    assert!(unknown(r#"{"kind": "dropuot", "p": 0.1}"#).contains("unknown variant `dropuot`"));
    assert!(unknown(r#"{"kind": "dropout", "q": 0.1}"#).contains("unknown field `q`"));
}
