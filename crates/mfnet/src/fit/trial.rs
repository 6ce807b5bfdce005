//! A training that is scored on its validation rows alone.

use std::sync::Arc;

use super::names::Task;
use super::observer::Observer;
use super::plan::Plan;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::metric::{Metrics, MoreMetrics};
use crate::model::Model;
use crate::train::{History, Monitor, StopReason};
use crate::words::words;

words! {
    /// A number for the predictions of a model, by which a search compares trials.
    Metric {
        /// The mean of −ln p of the classes, or of all labels.
        LogLoss = "log-loss",
        /// The loss of the recipe.
        Loss = "loss",
        /// The accuracy.
        Accuracy = "accuracy",
        /// The balanced accuracy.
        BalancedAccuracy = "balanced-accuracy",
        /// The mean F1 score of the classes.
        F1 = "f1",
        /// The area under the ROC curve.
        RocAuc = "roc-auc",
        /// The average precision.
        AveragePrecision = "average-precision",
        /// The root mean squared error, in the unit of the target.
        Rmse = "rmse",
        /// The mean absolute error, in the unit of the target.
        Mae = "mae",
        /// R².
        R2 = "r2",
    }
}

impl Metric {
    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Metric::LogLoss => "log loss",
            Metric::Loss => "loss",
            Metric::Accuracy => "accuracy",
            Metric::BalancedAccuracy => "balanced accuracy",
            Metric::F1 => "F1 score",
            Metric::RocAuc => "ROC AUC",
            Metric::AveragePrecision => "average precision",
            Metric::Rmse => "RMSE",
            Metric::Mae => "MAE",
            Metric::R2 => "R²",
        }
    }

    /// Whether a better model has a higher number.
    pub fn rises(self) -> bool {
        !matches!(self, Metric::LogLoss | Metric::Loss | Metric::Rmse | Metric::Mae)
    }

    /// The number of a model on data that are not scaled; NaN if the metric is not one of their task.
    ///
    /// # Errors
    /// As [`Model::evaluate`].
    pub fn of(self, model: &Model, data: &Dataset) -> Result<f64> {
        if self == Metric::Loss {
            return Ok(model.evaluate_loss(data)?.unwrap_or(f64::NAN));
        }
        let (metrics, more) = model.evaluate_all(data)?;
        let number = match (self, &metrics, &more) {
            (
                Metric::LogLoss,
                _,
                MoreMetrics::Classification { log_loss, .. } | MoreMetrics::Labels { log_loss, .. },
            ) => Some(*log_loss),
            (Metric::Accuracy, Metrics::Classification { accuracy, .. }, _) => Some(*accuracy),
            (Metric::BalancedAccuracy, _, MoreMetrics::Classification { balanced_accuracy, .. }) => {
                Some(*balanced_accuracy)
            }
            (Metric::F1, Metrics::Classification { confusion, .. }, _) => Some(confusion.macro_average().f1),
            (Metric::RocAuc, _, MoreMetrics::Classification { roc_auc, .. }) => *roc_auc,
            (Metric::AveragePrecision, _, MoreMetrics::Classification { average_precision, .. }) => *average_precision,
            (Metric::Rmse, Metrics::Regression { rmse, .. }, _) => Some(*rmse),
            (Metric::Mae, Metrics::Regression { mae, .. }, _) => Some(*mae),
            (Metric::R2, Metrics::Regression { r2, .. }, _) => Some(*r2),
            _ => None,
        };
        Ok(number.unwrap_or(f64::NAN))
    }
}

/// With fewer rows for training and validation, the validation rows alone are too few to compare trials.
const FEW: usize = 5000;

/// A trained model with its score on the validation rows.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The model.
    pub model: Model,
    /// The history of each network.
    pub histories: Vec<History>,
    /// The metric on the validation rows.
    pub score: f64,
}

impl Trial {
    /// Whether the observer stopped the training.
    pub fn is_interrupted(&self) -> bool {
        self.histories.iter().any(|history| history.stop == StopReason::Callback)
    }
}

impl Plan {
    /// The metric that fits this plan: the one of `monitor`; if that is the loss, the log loss of classes
    /// and labels, the RMSE for the squared error, the mean R² for several targets, and otherwise the loss
    /// itself.
    pub fn metric(&self) -> Metric {
        match (self.monitor(), self.task.kind()) {
            (Monitor::Accuracy, _) => Metric::Accuracy,
            (Monitor::BalancedAccuracy, _) => Metric::BalancedAccuracy,
            (Monitor::F1, _) => Metric::F1,
            (Monitor::RocAuc, _) => Metric::RocAuc,
            (Monitor::AveragePrecision, _) => Metric::AveragePrecision,
            (Monitor::Rmse, _) => Metric::Rmse,
            (Monitor::Mae, _) => Metric::Mae,
            (Monitor::R2, _) => Metric::R2,
            (Monitor::Loss, Task::Classification | Task::MultiLabel) => Metric::LogLoss,
            // of several targets, each in its unit
            (Monitor::Loss, Task::Regression) if self.is_squared_error() && self.targets() > 1 => Metric::R2,
            (Monitor::Loss, Task::Regression) if self.is_squared_error() => Metric::Rmse,
            (Monitor::Loss, Task::Regression) => Metric::Loss,
        }
    }

    /// Trains, and scores the model on the validation rows. Looks at no test row and fits no baseline.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) without validation rows, and as
    /// [`Plan::run`].
    pub fn trial(&self, metric: Metric, observer: &mut dyn Observer) -> Result<Trial> {
        if !self.validates() {
            return Err(Error::recipe("trials are compared on the validation rows, but there are none")
                .with_help("give a `validation_fraction`, such as 0.1"));
        }
        self.task.threads.install(|| {
            let (model, histories, _) = self.trained(None, observer)?;
            let score = metric.of(&model, &self.parts.validation)?;
            Ok(Trial { model, histories, score })
        })
    }

    /// As [`Plan::trial`], for each of `folds` parts of the training and validation rows in turn as
    /// validation rows. Returns the scores, whose mean varies less than one score. `None` if the
    /// observer stopped a training, if the split is not random, or if the rows cannot be divided so.
    ///
    /// ```
    /// use mfnet::Recipe;
    /// use mfnet::data::BUILT_IN;
    /// use mfnet::fit::Plan;
    /// let plan = Plan::new(BUILT_IN[0].table()?, &Recipe { epochs: Some(2), ..Recipe::default() })?;
    /// let scores = plan.cross_validate(plan.metric(), 3, &mut ())?.expect("a random split");
    /// assert_eq!(scores.len(), 3);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn cross_validate(
        &self,
        metric: Metric,
        folds: usize,
        observer: &mut dyn Observer,
    ) -> Result<Option<Vec<f64>>> {
        let Some(parts) = self.parts.folds(&self.task, folds) else { return Ok(None) };
        let mut scores = Vec::new();
        for parts in parts {
            let plan = Self::with(&self.task, &Arc::new(parts), self.choices.clone())?;
            let trial = plan.trial(metric, observer)?;
            if trial.is_interrupted() {
                return Ok(None);
            }
            scores.push(trial.score);
        }
        Ok(Some(scores))
    }

    /// Whether so few rows are randomly split that trials should be compared by
    /// [`Plan::cross_validate`]. The model of a warm start knows the rows that the folds would hold back.
    pub(crate) fn has_few_rows(&self, folds: usize) -> bool {
        let rows = self.parts.train_rows.len() + self.parts.validation_rows.len();
        self.task.start.is_none() && rows < FEW && self.parts.folds(&self.task, folds).is_some()
    }
}
