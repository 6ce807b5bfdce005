use serde::{Deserialize, Serialize};

use super::Phases;

/// The results of one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct EpochRecord {
    /// The network of an ensemble, from 1; `None` if there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<usize>,
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Training loss: the mean over the epoch's samples of each batch's loss before its step; with
    /// weights Σ w c / Σ w over all samples.
    pub loss: f64,
    /// Validation loss after the epoch.
    pub validation_loss: Option<f64>,
    /// Training time so far, in seconds.
    pub seconds: f64,
    /// Validation accuracy after the epoch, for classes. The training accuracy is not computed,
    /// because it would slow down the steps of a small network.
    pub validation_accuracy: Option<f64>,
    /// The watched metric after the epoch, with [`super::Trainer::monitor`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_score: Option<f64>,
}

impl EpochRecord {
    /// The loss that schedules watch: the validation loss, or without validation the training loss.
    pub(crate) fn watched_loss(&self) -> f64 {
        self.validation_loss.unwrap_or(self.loss)
    }
}

/// The results of a training.
///
/// ```
/// use mfnet::train::StopReason;
/// use mfnet::{Dataset, Mse, NeuralNetwork, Optimizer, Seed, Sgd, Trainer};
/// let data = Dataset::built_in("diabetes")?;
/// let mut net = NeuralNetwork::builder(10).linear(1).build(Seed(0))?;
/// let history = Trainer::new(Mse, Optimizer::new(Sgd::default(), 1e-6)).epochs(3).run(&mut net, &data)?;
/// assert_eq!((history.best_epoch, history.stop), (3, StopReason::Finished));
/// assert!(history.epochs[2].loss < history.epochs[0].loss);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The results of each complete epoch.
    pub epochs: Vec<EpochRecord>,
    /// Validation loss before the first epoch, with [`super::Trainer::keep_start`].
    pub start_validation_loss: Option<f64>,
    /// The epoch whose weights the network has: the one with the lowest validation loss, or the best
    /// metric of [`super::Trainer::monitor`]; without validation, the last one. 0 is the start, with [`super::Trainer::keep_start`].
    pub best_epoch: usize,
    /// Number of samples processed; each epoch counts its samples again.
    pub samples: usize,
    /// Training time in seconds: shuffle, gather, forward, loss, backward and update. It excludes
    /// validation and callbacks after an epoch.
    pub seconds: f64,
    /// Why the training ended.
    pub stop: StopReason,
    /// Time of each phase, with [`super::Trainer::measure_phases`].
    pub phases: Option<Phases>,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// All epochs are done.
    #[default]
    Finished,
    /// Early stopping: what is watched did not improve for the allowed number of epochs.
    Early,
    /// A callback stopped it.
    Callback,
    /// The loss or a weight became infinite or NaN.
    Diverged,
}

impl History {
    /// Whether both are equal, except for times.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let timeless = |history: &Self| {
            let epochs = history.epochs.iter().map(|record| EpochRecord { seconds: 0.0, ..*record }).collect();
            History { epochs, seconds: 0.0, phases: None, ..history.clone() }
        };
        timeless(self) == timeless(other)
    }

    /// Samples processed per second.
    pub fn samples_per_second(&self) -> f64 {
        self.samples as f64 / self.seconds
    }
}
