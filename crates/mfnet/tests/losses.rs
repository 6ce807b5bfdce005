//! Every loss as a cost for each sample, a weight for each sample and a divisor.
//!
//! Where the numbers come from: J = 1/D Σ w c and ∂J/∂ŷ = w/D ∂c/∂ŷ, from the methods for one sample, and central differences.
#![allow(clippy::unwrap_used)]

use mfnet::loss::Weights;
use mfnet::random::Purpose;
use mfnet::{CrossEntropy, HalfMse, Loss, Mse, Scalar, Seed, Tensor};

fn losses<T: Scalar>() -> [Box<dyn Loss<T>>; 3] {
    [Box::new(CrossEntropy), Box::new(Mse), Box::new(HalfMse)]
}

fn uniform<T: Scalar>(rows: usize, columns: usize, seed: u64) -> Tensor<T> {
    let mut rng = Seed(seed).stream(Purpose::Split);
    Tensor::from_fn(rows, columns, |_, _| T::from_f64(rng.uniform()))
}

/// Rows and samples on both sides of the borders of panels, groups and lanes.
const SHAPES: [(usize, usize); 5] = [(2, 1), (3, 11), (10, 40), (33, 17), (70, 130)];

/// 1e-12: some hundred additions of numbers of size 1 in another order, and for `f32` 1e-5.
fn batches_are_their_samples<T: Scalar>(tolerance: f64) {
    for (loss, (rows, samples)) in losses::<T>().iter().flat_map(|loss| SHAPES.map(|shape| (loss, shape))) {
        let (output, target): (Tensor<T>, Tensor<T>) = (uniform(rows, samples, 1), uniform(rows, samples, 2));
        let weights: Vec<f64> = (0..samples).map(|i| (i % 4) as f64 / 3.0).collect();
        for weights in [Weights::equal(samples), Weights { of_samples: Some(&weights), divisor: 7.0 }] {
            let (mut delta, mut by_samples) = (uniform(rows, samples, 3), Tensor::zeros(rows, samples));
            let value = loss.value_and_gradient(&output, &target, weights, &mut delta);
            assert_eq!(value, loss.weighted_value(&output, &target, weights), "{}", loss.name());
            let mut sum = 0.0;
            for i in 0..samples {
                sum += weights.of(i) * loss.cost(&output, &target, i);
                loss.cost_gradient(&output, &target, i, weights.factor(i), &mut by_samples);
            }
            let expected = sum / weights.divisor;
            let what = || format!("{} {rows}×{samples}: {value} and {expected}", loss.name());
            assert!((value - expected).abs() <= tolerance * expected.abs().max(1.0), "{}", what());
            let apart = delta.iter().zip(by_samples.iter()).map(|(a, b)| (*a - *b).to_f64().abs()).fold(0.0, f64::max);
            assert!(apart <= tolerance, "{}, gradients {apart} apart", what());
        }
    }
}

#[test]
fn a_batch_is_its_samples() {
    batches_are_their_samples::<f64>(1e-12);
    batches_are_their_samples::<f32>(1e-5);
}

/// 1e-6: central differences with h = 1e-5 of numbers of size 1.
#[test]
fn weighted_gradients_are_those_of_the_weighted_loss() {
    for loss in losses::<f64>() {
        let (mut output, target) = (uniform::<f64>(3, 5, 1), uniform(3, 5, 2));
        let weights = Weights { of_samples: Some(&[0.0, 1.0, 2.0, 0.5, 3.0]), divisor: 4.0 };
        let mut delta = Tensor::zeros(3, 5);
        loss.value_and_gradient(&output, &target, weights, &mut delta);
        for place in (0..3).flat_map(|i| (0..5).map(move |j| (i, j))) {
            let mut at = |h: f64| {
                output[place] += h;
                let value = loss.weighted_value(&output, &target, weights);
                output[place] -= h;
                value
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((difference - delta[place]).abs() < 1e-6, "{} at {place:?}: {difference}", loss.name());
        }
    }
}

/// The factor of the gradient is rounded once, as `2 / (m n)` in PyTorch; 2/3/11 is another number than 2/33.
#[test]
fn the_mean_squared_error_divides_once() {
    let (ones, zeros) = (Tensor::from_fn(3, 11, |_, _| 1.0), Tensor::zeros(3, 11));
    assert!(Mse.gradient(&ones, &zeros).iter().all(|d| *d == 2.0 / 33.0));
}

#[test]
fn cross_entropy_of_one_output_learns_nothing_and_is_refused() {
    let error = Loss::<f64>::check(&CrossEntropy, 1).unwrap_err().to_string();
    assert_eq!(error, "outputs of a network with cross-entropy: expected one for each class, at least 2, found 1");
}

/// A batch whose weights are all 0 has the gradient 0, not 0/0.
#[test]
fn a_batch_without_weight() {
    let (y_hat, y) = (Tensor::from_rows([[1.0, 2.0]]), Tensor::from_rows([[0.0, 0.0]]));
    let weights = mfnet::loss::Weights { of_samples: Some(&[0.0, 0.0]), divisor: 0.0 };
    assert_eq!(mfnet::Mse.weighted_gradient(&y_hat, &y, weights), Tensor::zeros(1, 2));
}
