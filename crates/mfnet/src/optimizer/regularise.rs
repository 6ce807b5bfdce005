//! What changes weights beside the rule: the L1 penalty, and the largest norm of a unit.

use super::{Group, Optimizer, Parameter, ParameterKind};
use crate::tensor::{Scalar, Tensor};

impl<T: Scalar> Optimizer<T> {
    /// Whether L1 penalty and largest norm concern these parameters: weights that learn.
    pub(super) fn regularises(&self, layer: usize, parameter: &Parameter<T>) -> bool {
        let kind = parameter.kind;
        kind == ParameterKind::Weights && Group::factors(&self.groups, layer, kind).rate > 0.0
    }
}

/// G ← G + λ₁ sign(W), for weights without biases.
pub(super) fn add_signs<T: Scalar>(l1: f64, parameter: &Parameter<T>, gradient: &mut Tensor<T>) {
    let l1 = T::from_f64(l1);
    for j in parameter.bias_columns..parameter.value.columns() {
        for (g, w) in gradient.column_mut(j).zip(parameter.value.column(j)) {
            *g += match (w > T::ZERO, w < T::ZERO) {
                (true, _) => l1,
                (_, true) => -l1,
                _ => T::ZERO,
            };
        }
    }
}

/// Scales down rows of weights whose norm, without biases, is larger than `most`.
pub(super) fn limit_norms<T: Scalar>(most: f64, parameter: &mut Parameter<T>) {
    let Parameter { value, bias_columns, .. } = parameter;
    for i in 0..value.rows() {
        let squares = value.row(i).skip(*bias_columns).map(|w| w.to_f64() * w.to_f64());
        let norm = squares.sum::<f64>().sqrt();
        if norm > most {
            let factor = T::from_f64(most / norm);
            for j in *bias_columns..value.columns() {
                value[(i, j)] *= factor;
            }
        }
    }
}
