//! The score of a network on validation samples: scikit-learn's `accuracy_score` or `r2_score`.

use mfnet::{Dataset, NeuralNetwork, Targets};

use super::data::Number;
use super::output::{Link, outputs};

/// The accuracy of classes or labels, or R² of values; NaN if a predicted value is not finite.
pub(super) fn score<T: Number>(net: &NeuralNetwork<T>, link: Link, data: &Dataset, weights: Option<&[f64]>) -> f64 {
    let width = net.outputs();
    let mut predicted = vec![T::ZERO; width * data.samples()];
    let mut from = 0;
    for batch in data.batches::<T>(super::output::at_a_time(net)) {
        let to = from + width * batch.samples();
        outputs(net, link, batch.inputs(), &mut predicted[from..to]);
        from = to;
    }
    let of_sample = |sample: usize| &predicted[sample * width..(sample + 1) * width];
    let weight = |sample: usize| weights.map_or(1.0, |weights| weights[sample]);
    let samples = 0..data.samples();
    let share = |is_right: &dyn Fn(usize) -> bool| {
        let right: f64 = samples.clone().filter(|sample| is_right(*sample)).map(weight).sum();
        right / samples.clone().map(weight).sum::<f64>()
    };
    match (data.targets(), link) {
        (Targets::Classes { indices, .. }, _) => share(&|sample| argmax(of_sample(sample)) == indices[sample]),
        (Targets::Values { values, .. }, Link::Logistic) => {
            let half = T::from_f64(0.5);
            share(&|sample| of_sample(sample).iter().zip(values.sample(sample)).all(|(p, y)| (*p > half) == (y > 0.5)))
        }
        (Targets::Values { values, .. }, _) => {
            if !predicted.iter().all(|x| x.is_finite()) {
                return f64::NAN;
            }
            let of_output = |i: usize| {
                let column = samples
                    .clone()
                    .map(|sample| (weight(sample), values.number(sample, i), of_sample(sample)[i].to_f64()));
                r2(&column.collect::<Vec<_>>())
            };
            (0..width).map(of_output).sum::<f64>() / width as f64
        }
        _ => f64::NAN,
    }
}

/// The first NaN, or the first of the largest numbers, as `numpy.argmax`.
fn argmax<T: Number>(numbers: &[T]) -> usize {
    let is_nan = |x: T| x.to_f64().is_nan();
    let first_nan = numbers.iter().position(|x| is_nan(*x));
    first_nan.unwrap_or_else(|| (1..numbers.len()).fold(0, |best, i| if numbers[i] > numbers[best] { i } else { best }))
}

/// R² of triples of weight, value and prediction; 1 or 0 if all values are the same.
fn r2(column: &[(f64, f64, f64)]) -> f64 {
    let all: f64 = column.iter().map(|(w, ..)| w).sum();
    let mean = column.iter().map(|(w, y, _)| w * y).sum::<f64>() / all;
    let errors: f64 = column.iter().map(|(w, y, p)| w * (y - p).powi(2)).sum();
    let deviations: f64 = column.iter().map(|(w, y, _)| w * (y - mean).powi(2)).sum();
    match (errors == 0.0, deviations == 0.0) {
        (true, _) => 1.0,
        (_, true) => 0.0,
        _ => 1.0 - errors / deviations,
    }
}
