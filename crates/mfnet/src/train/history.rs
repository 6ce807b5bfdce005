use serde::Serialize;

use super::Phases;

/// An epoch that was made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpochRecord {
    /// Its number, from 1.
    pub epoch: usize,
    /// Mean over its samples of the loss of each batch before its step.
    pub loss: f64,
    /// Loss of the validation samples after it.
    pub validation_loss: Option<f64>,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Accuracy on the validation samples after it, for classes. That on the training samples would slow down the steps of a small network.
    pub validation_accuracy: Option<f64>,
}

/// How a training went.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub(super) epochs: Vec<EpochRecord>,
    pub(super) start: Option<f64>,
    pub(super) best_epoch: Option<usize>,
    pub(super) samples: usize,
    pub(super) seconds: f64,
    pub(super) stop: StopReason,
    pub(super) phases: Option<Phases>,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// All epochs were made.
    Finished,
    /// The validation loss had not become lower for as many epochs as were allowed.
    Early,
    /// A callback said so.
    Callback,
    /// The loss or a weight became infinite or NaN.
    Diverged,
}

impl History {
    /// One of a training that has not begun, with memory for this number of epochs, or a good many of them.
    pub(super) fn with_room_for(epochs: usize) -> Self {
        let epochs = Vec::with_capacity(epochs.min(10_000));
        History {
            epochs,
            start: None,
            best_epoch: None,
            samples: 0,
            seconds: 0.0,
            stop: StopReason::Finished,
            phases: None,
        }
    }

    /// Whether both are the same but for the time that they took.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let timeless = |history: &Self| {
            let epochs: Vec<_> = history.epochs.iter().map(|record| EpochRecord { seconds: 0.0, ..*record }).collect();
            (epochs, history.start, history.best_epoch, history.samples, history.stop)
        };
        timeless(self) == timeless(other)
    }

    /// Every whole epoch.
    pub fn epochs(&self) -> &[EpochRecord] {
        &self.epochs
    }

    /// Loss of the validation samples before the first epoch, with [`super::Trainer::keep_start`].
    pub fn start_validation_loss(&self) -> Option<f64> {
        self.start
    }

    /// The epoch whose weights the network has: the one with the lowest validation loss, or the last one made without validation. 0 is the start, which
    /// counts with [`super::Trainer::keep_start`].
    pub fn best_epoch(&self) -> usize {
        self.best_epoch.unwrap_or(self.epochs.len())
    }

    /// Seconds of training: shuffling, gathering, forward, loss, backward, update. Validation and callbacks after an epoch do not count.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Samples used a second, every epoch anew.
    pub fn samples_per_second(&self) -> f64 {
        self.samples as f64 / self.seconds
    }

    /// How long the phases of its steps took, if [`super::Trainer::measure_phases`] was asked for.
    pub fn phases(&self) -> Option<Phases> {
        self.phases
    }

    /// Why it ended.
    pub fn stop_reason(&self) -> StopReason {
        self.stop
    }
}
