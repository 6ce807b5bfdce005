//! After the first step of a fit the trainer allocates nothing, and neither does a predictor after its first call.
//!
//! One test, because the allocator that counts is that of the whole program.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use mfnet::layer::LayerSpec;
use mfnet::model::AnyNetwork;
use mfnet::network::Builder;
use mfnet::optimizer::{Clip, Lbfgs, Schedule};
use mfnet::train::{Averaging, Callback, EpochRecord, Step};
use mfnet::{
    Activation, Adam, CrossEntropy, Dataset, Fractions, Model, NeuralNetwork, Optimizer, Preprocessing, Result, Scalar,
    Seed, Sgd, Table, Target, Tensor, Threads, Trainer,
};

/// The system's allocator, which counts.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> usize {
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// What had been allocated at the end of the first step, and at the end of the last epoch.
#[derive(Default)]
struct Watch {
    /// The epoch whose first step is the first one that may not allocate.
    from: usize,
    first_step: Option<usize>,
    end: usize,
    steps: usize,
}

impl<T: Scalar> Callback<T> for Watch {
    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        if step.epoch >= self.from {
            self.first_step.get_or_insert_with(allocations);
        }
        self.steps += 1;
        Ok(ControlFlow::Continue(()))
    }
    fn epoch(&mut self, _epoch: &EpochRecord, _net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        self.end = allocations();
        Ok(ControlFlow::Continue(()))
    }
}

/// The system allocates for a thread when it begins to run.
fn wait_for_threads() {
    std::thread::sleep(std::time::Duration::from_millis(100));
}

/// The same data with a weight for each sample and class.
fn weighted(data: &Dataset) -> Dataset {
    let weights = (0..data.samples()).map(|i| (i % 5) as f64).collect();
    let of_classes = (0..data.classes()).map(|class| 1.0 + class as f64).collect();
    data.clone().with_weights(weights).unwrap().with_class_weights(of_classes).unwrap()
}

fn train<T: Scalar>(threads: usize, optimizer: Optimizer<T>, activation: Activation<T>) {
    train_on(threads, optimizer, activation, |data| data, 1);
}

/// A network of every layer, whose weights are averaged. What its layers keep for the validation samples is allocated after the first epoch.
fn train_layers<T: Scalar>(threads: usize) {
    let spec = |json: &str| serde_json::from_str::<LayerSpec>(json).unwrap();
    let network = |builder: Builder<T>| {
        let builder = builder.spec(spec(r#"{"kind": "embedding", "first": 3, "levels": 5, "size": 2}"#));
        let builder =
            builder.spec(spec(r#"{"kind": "scale"}"#)).noise(0.1).linear(100).batch_norm().activation(Activation::Gelu);
        let builder = builder.dropout(0.2).residual(|block| block.linear(100).layer_norm().relu().dropout(0.1));
        let builder = builder.spec(spec(r#"{"kind": "prelu"}"#)).spec(spec(r#"{"kind": "alpha-dropout", "p": 0.1}"#));
        builder.linear(50).spec(spec(r#"{"kind": "parametric", "function": "silu"}"#)).linear(10)
    };
    let adam = Optimizer::new(Adam::default(), 1e-3);
    train_network::<T>(threads, adam, network, |data| data, (1, 2));
}

/// Three epochs with validation on 1293 and 144 samples: batches of 100, the last one of 93.
fn train_on<T: Scalar>(
    threads: usize,
    optimizer: Optimizer<T>,
    activation: Activation<T>,
    weigh: impl Fn(Dataset) -> Dataset,
    accumulate: usize,
) {
    let network = |builder: Builder<T>| builder.linear(200).relu().linear(100).activation(activation).linear(10);
    train_network(threads, optimizer, network, weigh, (accumulate, 1));
}

fn train_network<T: Scalar>(
    threads: usize,
    optimizer: Optimizer<T>,
    network: impl FnOnce(Builder<T>) -> Builder<T>,
    weigh: impl Fn(Dataset) -> Dataset,
    (accumulate, from): (usize, usize),
) {
    let (train, validation, _) =
        Dataset::built_in("digits").unwrap().split(Fractions { validation: 0.08, test: 0.2 }, Seed(0)).unwrap();
    let scale = Preprocessing::fit(&train);
    let (train, validation) = (weigh(scale.apply(&train)), weigh(scale.apply(&validation)));
    let mut net = network(NeuralNetwork::builder(64).dtype::<T>()).build(Seed(0)).unwrap();
    let mut watch = Watch { from, ..Watch::default() };
    let batch = if optimizer.name() == "lbfgs" { train.samples() } else { 100 };
    let trainer = Trainer::new(CrossEntropy, optimizer).epochs(3).batch_size(batch).validate_on(&validation);
    let trainer = trainer.accumulate(accumulate);
    let trainer = if from > 1 {
        trainer
            .average(Averaging::Exponential { decay: 0.9 })
            .mixup(0.3)
            .dropout_schedule(Schedule::Cosine)
            .label_smoothing(0.1, Schedule::OneCycle)
    } else {
        trainer
    };
    let threads = Threads::new(threads).unwrap();
    wait_for_threads();
    threads.install(|| trainer.run_with(&mut net, &train, &mut watch)).unwrap();
    assert_eq!(watch.steps, 3 * train.samples().div_ceil(batch * accumulate));
    let allocated = watch.end - watch.first_step.unwrap();
    assert_eq!(allocated, 0, "{} threads", threads.count());
}

fn predict<T: Scalar>() {
    let net = NeuralNetwork::builder(64).dtype::<T>().linear(200).relu().linear(1).build(Seed(0)).unwrap();
    let mut predictor = net.predictor();
    let [one, many] = [1, 500].map(|columns| Tensor::from_fn(64, columns, |i, j| T::from_f64((i + j) as f64)));
    let sum = predictor.predict(&many).unwrap()[(0, 0)];
    wait_for_threads();
    let before = allocations();
    for input in [&one, &many, &one] {
        assert_eq!(predictor.predict(input).unwrap()[(0, 0)], sum);
    }
    assert_eq!(allocations(), before);
}

/// Rows of numbers and a category: scaled, predicted and named.
fn predict_rows<T: Scalar>(target: &Target)
where
    AnyNetwork: From<NeuralNetwork<T>>,
{
    let text: String = (0..40).map(|i| format!("{},{},{}.5,{}\n", i * i, ["a", "b"][i % 2], i % 7, i % 3)).collect();
    let table = Table::from_text("t", &format!("size,kind,x,y\n{text}")).unwrap();
    let data = Dataset::from_table(&table, target).unwrap();
    let scale = Preprocessing::fit(&data);
    let net = NeuralNetwork::builder(scale.features()).dtype::<T>().linear(20).relu().linear(data.outputs());
    let model = Model::new(&data, scale, net.build(Seed(0)).unwrap()).unwrap();
    let mut predictor = model.predictor();
    let rows: Vec<Vec<f64>> = (0..data.samples()).map(|j| data.inputs().column(j).collect()).collect();
    predictor.predict(&rows[0]).unwrap();
    let before = allocations();
    assert!(rows.iter().all(|row| predictor.predict(row).is_ok()));
    assert_eq!(allocations(), before);
}

// the usual harness allocates too, in a thread of its own, for a test that takes long
fn main() {
    for threads in [1, 2, 3] {
        train::<f64>(threads, Optimizer::new(Sgd::default(), 0.01), Activation::Relu);
        train::<f32>(threads, Optimizer::new(Adam::default(), 1e-3), Activation::Tanh);
        let momentum = Optimizer::new(Sgd { momentum: 0.9, ..Sgd::default() }, 0.01);
        train::<f32>(threads, momentum.clip(Clip::Global(1.0)), Activation::Sigmoid);
        train::<f32>(threads, Optimizer::new(Sgd::default(), 0.01), Activation::Gelu);
        let own = Activation::custom("own", |z: f64| z.exp().ln_1p(), |z| 1.0 / (1.0 + (-z).exp()));
        train::<f64>(threads, Optimizer::new(Adam::default(), 1e-3).clip(Clip::PerLayer(1.0)), own);
        let adam = || Optimizer::new(Adam::default(), 1e-3);
        train_on::<f32>(threads, adam(), Activation::Relu, |data| weighted(&data), 1);
        train_on::<f32>(threads, adam(), Activation::Relu, |data| weighted(&data), 2);
        train_on::<f32>(threads, adam().l1(1e-4).max_norm(1.0).warm_up(1.5), Activation::Relu, |data| data, 1);
        train::<f64>(threads, Optimizer::lbfgs(Lbfgs::default(), 1.0), Activation::Tanh);
        train_layers::<f32>(threads);
        train_layers::<f64>(threads);
    }
    predict::<f64>();
    predict::<f32>();
    predict_rows::<f64>(&Target::classes("y"));
    predict_rows::<f32>(&Target::values(["x"]));
    // the counter counts
    let before = allocations();
    drop(std::hint::black_box(vec![0u8; 100]));
    assert!(allocations() > before);
}
