use serde::Serialize;

use super::Phases;

/// An epoch that was made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpochRecord {
    /// Its number, from 1.
    pub epoch: usize,
    /// Mean over its samples of the loss of each batch before its step; with weights Σ w c / Σ w over all samples.
    pub loss: f64,
    /// Loss of the validation samples after it.
    pub validation_loss: Option<f64>,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Accuracy on the validation samples after it, for classes. That on the training samples would slow down the steps of a small network.
    pub validation_accuracy: Option<f64>,
}

/// How a training went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Every whole epoch.
    pub epochs: Vec<EpochRecord>,
    /// Loss of the validation samples before the first epoch, with [`super::Trainer::keep_start`].
    pub start_validation_loss: Option<f64>,
    /// The epoch whose weights the network has: the one with the lowest validation loss, or the last one made without validation. 0 is the start, which
    /// counts with [`super::Trainer::keep_start`].
    pub best_epoch: usize,
    /// Samples used, every epoch anew.
    pub samples: usize,
    /// Seconds of training: shuffling, gathering, forward, loss, backward, update. Validation and callbacks after an epoch do not count.
    pub seconds: f64,
    /// Why it ended.
    pub stop: StopReason,
    /// How long the phases of its steps took, if [`super::Trainer::measure_phases`] was asked for.
    pub phases: Option<Phases>,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StopReason {
    /// All epochs were made.
    #[default]
    Finished,
    /// The validation loss had not become lower for as many epochs as were allowed.
    Early,
    /// A callback said so.
    Callback,
    /// The loss or a weight became infinite or NaN.
    Diverged,
}

impl History {
    /// Whether both are the same but for the time that they took.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let timeless = |history: &Self| {
            let epochs = history.epochs.iter().map(|record| EpochRecord { seconds: 0.0, ..*record }).collect();
            History { epochs, seconds: 0.0, phases: None, ..history.clone() }
        };
        timeless(self) == timeless(other)
    }

    /// Samples used a second.
    pub fn samples_per_second(&self) -> f64 {
        self.samples as f64 / self.seconds
    }
}
