use std::ops::Range;

use super::{Loss, Weights, check_classes, check_shapes};
use crate::error::Result;
use crate::tensor::kernel::{self, Body, Panels, with_vectors};
use crate::tensor::parts::{Columns, for_each_columns, sum_over_columns, sum_over_columns_of};
use crate::tensor::{Scalar, Tensor};

/// Softmax cross-entropy from logits, averaged over the m samples:
///
/// ```text
/// p = softmax(z)        J = −1/m Σ_samples Σ_k y_k log p_k        ∂J/∂z = (p Σ_k y_k − y)/m
/// ```
///
/// Outputs z are logits of shape (classes, samples). Targets y are one-hot, or probabilities of the
/// same shape. log p_k is computed as z_k − c − log Σ exp(z_i − c) with c = max z (log-sum-exp),
/// which neither overflows nor loses small probabilities. Equal to `torch.nn.CrossEntropyLoss()`
/// with probabilities as targets. Keras takes probabilities instead of logits by default.
///
/// ```
/// use mfnet::{CrossEntropy, Loss, Tensor};
/// let (logits, y) = (Tensor::from_rows([[0.0], [0.0]]), Tensor::from_rows([[1.0], [0.0]]));
/// assert_eq!(CrossEntropy.value(&logits, &y), 2_f64.ln());
/// assert_eq!(CrossEntropy.gradient(&logits, &y), Tensor::from_rows([[-0.5], [0.5]]));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossEntropy;

impl<T: Scalar> Loss<T> for CrossEntropy {
    fn name(&self) -> &str {
        "cross-entropy"
    }

    /// With one output the probability is always 1 and the gradient always 0.
    fn check(&self, outputs: usize) -> Result<()> {
        check_classes(outputs)
    }

    #[inline(never)]
    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        Costs { output, target, weights: Weights::equal(1), samples: sample..sample + 1 }.run()
    }

    #[inline(never)]
    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        let [output, target] = [output, target].map(|tensor| tensor.select_columns(&[sample]));
        let mut of_sample = Tensor::zeros(output.rows(), 1);
        let weights = Weights { of_samples: Some(&[factor]), divisor: 1.0 };
        self.value_and_gradient(&output, &target, weights, &mut of_sample);
        delta.column_mut(sample).zip(of_sample.column(0)).for_each(|(to, d)| *to = d);
    }

    #[inline(never)]
    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        check_shapes(output, target);
        let sum = sum_over_columns(output.columns(), cost_of(output), |samples| {
            with_vectors(Costs { output, target, weights, samples })
        });
        sum / weights.divisor
    }

    #[inline(never)]
    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        check_shapes(output, target);
        assert_eq!(output.shape(), delta.shape(), "shapes of output and delta");
        let one_by_d = T::from_f64(1.0 / weights.divisor);
        let sum = sum_over_columns_of(delta, cost_of(output), |delta| {
            with_vectors(Gradients { output, target, weights, delta, one_by_d })
        });
        sum / weights.divisor
    }
}

/// Assumed cost of the loss of these outputs, in floating-point operations, to decide whether
/// threads share the work.
fn cost_of<T: Scalar>(output: &Tensor<T>) -> usize {
    400 * output.rows() * output.columns()
}

/// The class probabilities of every sample: softmax over each column of `logits`.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::loss::softmax;
/// let p = softmax(&Tensor::from_rows([[0.0, 1000.0], [0.0, 0.0]]));
/// assert_eq!(p, Tensor::from_rows([[0.5, 1.0], [0.5, 0.0]]));
/// ```
pub fn softmax<T: Scalar>(logits: &Tensor<T>) -> Tensor<T> {
    let mut p = Tensor::zeros(logits.rows(), logits.columns());
    for_each_columns(&mut p, cost_of(logits), |p| with_vectors(Probabilities { logits, p }));
    p
}

/// Softmax of one sample, to the same bits as [`softmax`].
pub(crate) fn softmax_of_one<T: Scalar>(logits: &[T], p: &mut [T]) {
    let largest = logits.iter().fold(T::from_f64(f64::NEG_INFINITY), |c, z| if *z > c { *z } else { c });
    let mut sum = T::ZERO;
    for (p, z) in p.iter_mut().zip(logits) {
        *p = (*z - largest).exp();
        sum += *p;
    }
    p.iter_mut().for_each(|p| *p /= sum);
}

/// One number for each of several samples, side by side, so that loops over them vectorise.
type Lanes<T> = [T; LANES];
const LANES: usize = 16;

/// Rows of a matrix for several columns; at least as many rows as a group of `f64`.
type Rows<T> = [Lanes<T>; 16];

/// Reads a group of rows of some columns.
#[inline(always)]
fn rows<T: Scalar>((from, step): (&[T], usize), columns: &Range<usize>) -> Rows<T> {
    let mut rows = [[T::ZERO; LANES]; 16];
    kernel::transpose((from, step), (rows.as_flattened_mut(), LANES), T::GROUP, columns.len());
    rows
}

/// Writes a group of rows back.
#[inline(always)]
fn write<T: Scalar>(rows: &Rows<T>, (to, step): (&mut [T], usize), columns: &Range<usize>) {
    kernel::transpose((rows.as_flattened(), LANES), (to, step), columns.len(), T::GROUP);
}

/// For the logits z of each sample: c = max z, and Σ exp(z_i − c), both in `T` and with each term
/// in `f64`. A NaN among the logits makes the sums, and so the loss, NaN.
struct Exponentials<T> {
    largest: Lanes<T>,
    sums: Lanes<T>,
    sums_f64: Lanes<f64>,
}

impl<T: Scalar> Exponentials<T> {
    /// Computes them for some columns. Writes exp(z_k − c) to `p`, if given.
    #[inline(always)]
    fn of(logits: &Tensor<T>, columns: &Range<usize>, mut p: Option<&mut Columns<'_, T>>) -> Self {
        let mut largest = [T::from_f64(f64::NEG_INFINITY); LANES];
        for group in 0..logits.layout().groups() {
            let z = rows(logits.group(group, columns), columns);
            for z in &z[..logits.rows_in(group)] {
                for s in 0..LANES {
                    largest[s] = if z[s] > largest[s] { z[s] } else { largest[s] };
                }
            }
        }
        let (mut sums, mut sums_f64) = ([T::ZERO; LANES], [0.0; LANES]);
        for group in 0..logits.layout().groups() {
            let mut z = rows(logits.group(group, columns), columns);
            for z in &mut z[..logits.rows_in(group)] {
                for s in 0..LANES {
                    z[s] = (z[s] - largest[s]).exp();
                    sums[s] += z[s];
                    sums_f64[s] += z[s].to_f64();
                }
            }
            if let Some(p) = &mut p {
                write(&z, p.group(group, columns), columns);
            }
        }
        Exponentials { largest, sums, sums_f64 }
    }

    /// −Σ_k y_k (z_k − c − log Σ exp(z_i − c)), weighted and summed over the columns.
    #[inline(always)]
    fn cost(&self, logits: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>, columns: &Range<usize>) -> f64 {
        let log_sums = self.sums_f64.map(f64::ln);
        let mut costs = [0.0; LANES];
        for group in 0..logits.layout().groups() {
            let (z, y) = (rows(logits.group(group, columns), columns), rows(target.group(group, columns), columns));
            for (z, y) in z[..logits.rows_in(group)].iter().zip(&y) {
                for s in 0..LANES {
                    let cost = y[s].to_f64() * (log_sums[s] - (z[s] - self.largest[s]).to_f64());
                    // a class with target 0 contributes 0, even if its z is −∞
                    costs[s] += if y[s] == T::ZERO { 0.0 } else { cost };
                }
            }
        }
        match weights.of_samples {
            None => costs[..columns.len()].iter().sum(),
            Some(weights) => costs.iter().zip(&weights[columns.clone()]).map(|(cost, weight)| weight * cost).sum(),
        }
    }
}

/// Ranges of a few columns each.
#[inline(always)]
fn side_by_side(columns: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = columns.end;
    columns.step_by(LANES).map(move |first| first..end.min(first + LANES))
}

/// Sums the costs of some samples.
struct Costs<'a, T: Scalar> {
    output: &'a Tensor<T>,
    target: &'a Tensor<T>,
    weights: Weights<'a>,
    samples: Range<usize>,
}

impl<T: Scalar> Body for Costs<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut costs = 0.0;
        for samples in side_by_side(self.samples) {
            costs +=
                Exponentials::of(self.output, &samples, None).cost(self.output, self.target, self.weights, &samples);
        }
        costs
    }
}

/// Sums the costs of some samples and writes their gradients.
struct Gradients<'a, T: Scalar> {
    output: &'a Tensor<T>,
    target: &'a Tensor<T>,
    weights: Weights<'a>,
    delta: Columns<'a, T>,
    one_by_d: T,
}

impl<T: Scalar> Body for Gradients<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(mut self) -> f64 {
        let groups = self.output.layout().groups();
        let mut costs = 0.0;
        for samples in side_by_side(self.delta.numbers()) {
            let exponentials = Exponentials::of(self.output, &samples, Some(&mut self.delta));
            let mut factors = [T::ZERO; LANES];
            for group in 0..groups {
                let y = rows(self.target.group(group, &samples), &samples);
                for y in &y[..self.target.rows_in(group)] {
                    for s in 0..LANES {
                        factors[s] += y[s];
                    }
                }
            }
            for (factor, sum) in factors.iter_mut().zip(&exponentials.sums) {
                *factor /= *sum;
            }
            for (s, j) in samples.clone().enumerate() {
                let factor = match self.weights.of_samples {
                    Some(_) => T::from_f64(self.weights.factor(j)),
                    None => self.one_by_d,
                };
                for group in 0..groups {
                    let ((delta, _), (y, _)) =
                        (self.delta.group(group, &(j..j + 1)), self.target.group(group, &(j..j + 1)));
                    for i in 0..T::GROUP {
                        delta[i] = (delta[i] * factors[s] - y[i]) * factor;
                    }
                }
            }
            costs += exponentials.cost(self.output, self.target, self.weights, &samples);
        }
        costs
    }
}

/// Writes the probabilities of some samples.
struct Probabilities<'a, T: Scalar> {
    logits: &'a Tensor<T>,
    p: Columns<'a, T>,
}

impl<T: Scalar> Body for Probabilities<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        for samples in side_by_side(self.p.numbers()) {
            let sums = Exponentials::of(self.logits, &samples, Some(&mut self.p)).sums;
            for (s, j) in samples.enumerate() {
                for group in 0..self.logits.layout().groups() {
                    for p in self.p.group(group, &(j..j + 1)).0 {
                        *p /= sums[s];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_in_a_logit_is_not_hidden() {
        let z = Tensor::from_rows([[f64::NAN], [1.0]]);
        let y = Tensor::from_rows([[0.0], [1.0]]);
        assert!(CrossEntropy.value(&z, &y).is_nan());
        assert!(CrossEntropy.gradient(&z, &y).iter().all(|d| d.is_nan()));
    }
}
