use serde::{Deserialize, Serialize};

use super::{Dataset, Scaler, Scaling, Standardizer, Targets};
use crate::tensor::Tensor;

/// What is done to data before a network sees it, learned from the training samples alone: inputs are scaled, and the targets of a
/// regression standardised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// For the inputs.
    pub inputs: Scaler,
    /// For the targets of a regression.
    pub targets: Option<Standardizer>,
}

impl Preprocessing {
    /// Learns it from training samples, with [`Scaling::Standard`].
    pub fn fit(train: &Dataset) -> Self {
        Self::fit_with(Scaling::default(), train)
    }

    /// Learns it from training samples. Features that are bytes, the pixels of an image, have one unit, and so one μ and σ; with
    /// [`Scaling::MinMax`] they are divided by 255.
    pub fn fit_with(scaling: Scaling, train: &Dataset) -> Self {
        let targets = match train.targets() {
            Targets::Classes { .. } => None,
            Targets::Values { values, .. } => Some(Standardizer::fit(values)),
        };
        Preprocessing { inputs: train.samples.scaler(scaling), targets }
    }

    /// The data as the network sees them.
    ///
    /// # Panics
    /// If the data have another number of features or target columns.
    pub fn apply(&self, data: &Dataset) -> Dataset {
        let targets = match (data.targets(), &self.targets) {
            (Targets::Values { columns, values }, Some(standardizer)) => {
                Targets::Values { columns: columns.clone(), values: standardizer.apply(values) }
            }
            (targets, _) => targets.clone(),
        };
        data.with(data.samples.scaled(&self.inputs), targets)
    }

    /// A regression's outputs in the target's own unit.
    pub fn restore(&self, output: Tensor<f64>) -> Tensor<f64> {
        match &self.targets {
            Some(standardizer) => standardizer.invert(&output),
            None => output,
        }
    }
}
