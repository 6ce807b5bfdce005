use super::EpochRecord;
use crate::data::{Dataset, Targets};
use crate::error::{Error, Result};
use crate::loss::softmax;
use crate::metric::{Metrics, areas};
use crate::network::NeuralNetwork;
use crate::tensor::Scalar;
use crate::words::words;

words! {
    /// What is watched on the validation samples after each epoch: it decides which weights are kept,
    /// and when early stopping stops.
    #[derive(Default)]
    Monitor {
        /// The loss.
        #[default]
        Loss = "loss",
        /// The accuracy of classes.
        Accuracy = "accuracy",
        /// The balanced accuracy, see [`crate::metric::ConfusionMatrix::balanced_accuracy`].
        BalancedAccuracy = "balanced-accuracy",
        /// The mean F1 of the classes, see [`crate::metric::ConfusionMatrix::macro_average`].
        F1 = "f1",
        /// The area under the ROC curve, see [`crate::metric::MoreMetrics`].
        RocAuc = "roc-auc",
        /// The average precision, see [`crate::metric::MoreMetrics`].
        AveragePrecision = "average-precision",
        /// The root mean squared error of values. They are scaled as in training, so it is in standard
        /// deviations of the target in a fit.
        Rmse = "rmse",
        /// The mean absolute error of values, in the same unit.
        Mae = "mae",
        /// R² of values.
        R2 = "r2",
    }
}

impl Monitor {
    /// Whether it is for classes, or for values; `None` for both.
    pub fn is_for_classes(self) -> Option<bool> {
        match self {
            Monitor::Loss => None,
            Monitor::Rmse | Monitor::Mae | Monitor::R2 => Some(false),
            _ => Some(true),
        }
    }

    /// Whether it rises if predictions become better.
    pub fn rises(self) -> bool {
        !matches!(self, Monitor::Loss | Monitor::Rmse | Monitor::Mae)
    }

    /// The best number of all epochs in words: "lowest validation loss".
    pub(crate) fn best(self) -> String {
        format!("{} validation {self}", if self.rises() { "highest" } else { "lowest" })
    }

    pub(super) fn check(self, data: Option<&Dataset>) -> Result<()> {
        let Some(for_classes) = self.is_for_classes() else { return Ok(()) };
        let Some(data) = data else {
            return Err(Error::invalid("monitor", "validation samples to watch", "none"));
        };
        if let Targets::Labels { .. } = data.targets() {
            return Err(Error::invalid("monitor", "loss for several labels at once", self));
        }
        match (for_classes, data.classes() > 0) {
            (true, false) => Err(Error::invalid("monitor", "a metric of values", self)),
            (false, true) => Err(Error::invalid("monitor", "a metric of classes", self)),
            _ => Ok(()),
        }
    }

    /// The score of a network; `None` for the loss.
    pub(super) fn score<T: Scalar>(self, net: &NeuralNetwork<T>, data: &Dataset) -> Result<Option<f64>> {
        if self == Monitor::Loss {
            return Ok(None);
        }
        let outputs = net.outputs_of(&data.stored_inputs().samples)?;
        let areas = || match data.targets() {
            Targets::Classes { indices, .. } => areas(indices, &softmax(&outputs.tensor()).into(), data.weights()),
            _ => None,
        };
        Ok(match (self, Metrics::weighted(&outputs, data.targets(), data.weights())) {
            (Monitor::Rmse, Metrics::Regression { rmse, .. }) => Some(rmse),
            (Monitor::Mae, Metrics::Regression { mae, .. }) => Some(mae),
            (Monitor::R2, Metrics::Regression { r2, .. }) => Some(r2),
            (Monitor::Accuracy, Metrics::Classification { accuracy, .. }) => Some(accuracy),
            (Monitor::BalancedAccuracy, Metrics::Classification { confusion, .. }) => {
                Some(confusion.balanced_accuracy())
            }
            (Monitor::F1, Metrics::Classification { confusion, .. }) => Some(confusion.macro_average().f1),
            (Monitor::RocAuc, _) => areas().map(|(roc_auc, _)| roc_auc),
            (Monitor::AveragePrecision, _) => areas().map(|(_, average_precision)| average_precision),
            _ => None,
        })
    }

    /// A number of an epoch that is lower if its network is better: the loss or the metric of the
    /// validation samples, with another sign for a metric that rises. `None` without validation.
    pub fn watched(self, epoch: &EpochRecord) -> Option<f64> {
        match self {
            Monitor::Loss => epoch.validation_loss,
            other => epoch.validation_score.map(|score| if other.rises() { -score } else { score }),
        }
    }
}

/// The last epoch in which the watched number fell by more than a minimum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Waiting {
    pub(super) lowest: f64,
    pub(super) epoch: Option<usize>,
}

impl Waiting {
    pub(super) fn new() -> Self {
        Waiting { lowest: f64::INFINITY, epoch: None }
    }

    pub(super) fn observe(&mut self, epoch: usize, watched: Option<f64>, minimum: f64) {
        if let Some(watched) =
            watched.filter(|watched| *watched < self.lowest - minimum || self.epoch.is_none() && *watched < self.lowest)
        {
            (self.lowest, self.epoch) = (watched, Some(epoch));
        }
    }

    /// Number of epochs since then; 0 if there was none, because there is nothing to wait for.
    pub(super) fn waited(&self, epoch: usize) -> usize {
        self.epoch.map_or(0, |last| epoch - last)
    }
}
