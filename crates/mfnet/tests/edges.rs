//! Wrong shapes are refused where they meet, not computed with.
#![allow(clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use mfnet::layer::{Context, Layer, Linear, Memo};
use mfnet::loss::Weights;
use mfnet::metric::accuracy;
use mfnet::{Activation, CrossEntropy, Dataset, HalfMse, Loss, Mse, NeuralNetwork, Pass, Seed, Targets, Tensor};

/// What the call says when it panics.
fn panic_of<R>(call: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).err().expect("a panic");
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap()
}

#[test]
fn losses() {
    let (output, target) = (Tensor::<f64>::zeros(5, 1), Tensor::zeros(3, 1));
    let losses: [&dyn Loss<f64>; 3] = [&Mse, &HalfMse, &CrossEntropy];
    for loss in losses {
        let mut delta = Tensor::zeros(5, 1);
        for message in [
            panic_of(|| loss.value(&output, &target)),
            panic_of(|| loss.gradient(&output, &target)),
            panic_of(|| loss.value_and_gradient(&output, &target, Weights::equal(1), &mut delta)),
        ] {
            assert!(message.contains("shapes of output and target"), "{}: {message}", loss.name());
        }
    }
}

#[test]
fn the_trace_of_another_network() {
    let net = |hidden: &[usize]| {
        let mut builder = NeuralNetwork::builder(4);
        for size in hidden {
            builder = builder.linear(*size).relu();
        }
        builder.linear(3).build(Seed(0)).unwrap()
    };
    let x = Tensor::from_fn(4, 2, |i, j| (i + j) as f64);
    for other in [&[9][..], &[8, 8]] {
        let other = net(other);
        let trace = other.forward(Pass::Evaluate, &x);
        let message = panic_of(|| net(&[8]).backward(&trace, Tensor::zeros(3, 2)));
        assert!(message.contains("the trace is that of another network"), "{message}");
    }
}

#[test]
fn the_input_of_a_layer() {
    let layer = Linear::new(Tensor::<f64>::zeros(20, 21)).unwrap();
    for rows in [8, 30] {
        let message = panic_of(|| {
            let (input, mut output) = (Tensor::zeros(rows, 2), Tensor::zeros(20, 2));
            layer.forward(&Context::default(), &input, &mut output, &mut Memo::new());
        });
        assert!(message.contains("features of the input and the bias"), "{message}");
    }
}

#[test]
fn predictions_for_other_samples() {
    assert!(panic_of(|| accuracy(&[0, 1], &[0])).contains("classes and predictions"));
}

#[test]
fn targets_without_a_label_or_a_name() {
    let labels = vec!["a".to_owned(), "b".to_owned()];
    let classes = Targets::Classes { column: "c".to_owned(), labels, indices: vec![0, 1, 7] };
    let error = Dataset::new("t", Tensor::zeros(1, 3), classes.clone()).unwrap_err().to_string();
    assert_eq!(error, "Targets: expected classes below 2, one for each label, found 7");
    assert!(Dataset::from_rows("t", 1, vec![0_u8; 3], classes).is_err());
    let values = Targets::Values { columns: vec!["x".to_owned(), "y".to_owned()], values: Tensor::zeros(1, 3).into() };
    let error = Dataset::new("t", Tensor::zeros(1, 3), values).unwrap_err().to_string();
    assert_eq!(error, "Targets: expected a row of values for each of 2 columns, found 1");
}

#[test]
fn a_type_that_is_changed_after_an_activation_of_ones_own() {
    for name in ["cube", "relu"] {
        let own = Activation::custom(name, |z: f64| z * z * z, |z| 3.0 * z * z);
        let error =
            NeuralNetwork::builder(10).linear(4).activation(own).linear(1).dtype::<f32>().build(Seed(0)).unwrap_err();
        let expected = format!(
            "dtype: expected to be called before layers and activations of your own are added, found {name} before it"
        );
        assert_eq!(error.to_string(), expected);
    }
    assert!(NeuralNetwork::builder(10).linear(4).relu().linear(1).dtype::<f32>().build(Seed(0)).is_ok());
}
