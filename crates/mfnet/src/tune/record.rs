use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fit::Recipe;

/// A training that a search needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// The number of the trial, from 0.
    pub trial: usize,
    /// The rung, from 0.
    pub rung: usize,
    /// The settings of the trial, as fields of a recipe.
    pub settings: Map<String, Value>,
    /// The whole recipe, with the epochs of the rung.
    pub recipe: Recipe,
}

/// The result of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The number of the trial, from 0.
    pub trial: usize,
    /// The rung, from 0.
    pub rung: usize,
    /// The largest number of epochs.
    pub epochs: usize,
    /// The settings of the trial, as fields of a recipe.
    pub settings: Map<String, Value>,
    /// The metric on the validation rows, in a cross-validation the mean; `None` if the training failed or
    /// the number is not finite.
    pub score: Option<f64>,
    /// The metrics of a cross-validation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<f64>,
    /// The epoch whose weights were kept; of an ensemble, that of the first network. `None` for a
    /// cross-validation.
    pub best_epoch: Option<usize>,
    /// Why the training failed.
    pub error: Option<String>,
}

impl Training {
    /// A name, such as 0007-1 for trial 7 in rung 1.
    pub fn name(&self) -> String {
        name(self.trial, self.rung)
    }

    /// The record of a training that failed.
    pub fn failed(&self, error: String) -> Record {
        Record { error: Some(error), ..self.record() }
    }

    /// A record without a score.
    pub(super) fn record(&self) -> Record {
        Record {
            trial: self.trial,
            rung: self.rung,
            epochs: self.recipe.epochs.unwrap_or(0),
            settings: self.settings.clone(),
            score: None,
            folds: Vec::new(),
            best_epoch: None,
            error: None,
        }
    }
}

impl Record {
    /// As [`Training::name`].
    pub fn name(&self) -> String {
        name(self.trial, self.rung)
    }
}

fn name(trial: usize, rung: usize) -> String {
    format!("{trial:04}-{rung}")
}
