//! The plot of a learning-rate range test.

use super::axis::Axis;
use super::figure::{Curves, Drawing, Line, Mark, Plot, Stroke};
use crate::text::significant;
use crate::train::RateTest;

/// Losses above this many times the lowest smoothed one are drawn at the upper end, so that the last steps
/// do not flatten the curve.
const HIGHEST: f64 = 4.0;

impl Plot {
    /// The losses of a learning-rate range test over the rates, on a logarithmic axis.
    pub fn of_rates(test: &RateTest) -> Self {
        let lowest = test.lowest();
        let points = |losses: &[f64]| test.rates.iter().copied().zip(losses.iter().copied()).collect();
        let bound = |step: usize| HIGHEST * test.smoothed[step].abs().max(test.smoothed[0].abs() / HIGHEST);
        let highest = lowest.map_or(f64::INFINITY, bound);
        let losses = test.losses.iter().chain(&test.smoothed).map(|loss| loss.min(highest));
        let mut description = format!("the loss of {} steps, each with a larger learning rate", test.rates.len());
        if let Some(step) = lowest {
            let [rate, loss] = [test.rates[step], test.smoothed[step]].map(|x| significant(x, 2));
            description += &format!("; the smoothed loss is lowest, {loss}, at the rate {rate}");
        }
        let mark = test.suggestion.map(|rate| {
            let near = test.rates.iter().position(|other| *other >= rate);
            let y = near.map_or(f64::NAN, |step| test.smoothed[step]);
            Mark { x: rate, y, text: format!("suggested: {}", significant(rate, 2)) }
        });
        let drawing = Drawing::Curves(Curves {
            x_name: "learning rate",
            y_name: "loss",
            x_axis: Axis::logarithmic_if_wide(test.rates.iter().copied()),
            y_axis: Axis::logarithmic_if_wide(losses.collect::<Vec<_>>()),
            lines: vec![
                Line { name: "step".to_owned(), stroke: Stroke::STEPS, points: points(&test.losses) },
                Line { name: "smoothed".to_owned(), stroke: Stroke::TRAINING, points: points(&test.smoothed) },
            ],
            mark,
        });
        let (name, title) = ("rates".to_owned(), "Loss over the learning rate".to_owned());
        Plot { name, title, description, drawing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests without a step or with one, losses of 0, of any size, and below 0.
    #[test]
    fn any_losses_have_a_plot() {
        let zero = vec![0.0; 200];
        let odd = [5e-324, 1e300, f64::MAX, 1.0].repeat(50);
        let negative = (0..200).map(|step| 1.0 - f64::from(step) / 50.0).collect();
        for losses in [vec![], vec![2.0], zero, odd, negative] {
            let rates: Vec<f64> = (0..losses.len()).map(|step| 1e-6 * 1.1_f64.powi(step as i32)).collect();
            for suggestion in [None, Some(1e-4)] {
                let test =
                    RateTest { rates: rates.clone(), losses: losses.clone(), smoothed: losses.clone(), suggestion };
                let plot = Plot::of_rates(&test);
                let svg = plot.svg().ok().unwrap();
                assert_eq!(
                    svg.contains("suggested: 1.0e-4") || svg.contains("suggested: 0.00010"),
                    suggestion.is_some()
                );
                assert!(plot.png().is_ok());
            }
        }
    }
}
