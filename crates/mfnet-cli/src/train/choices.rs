//! What the command line leaves open, chosen from the size of the data.

use mfnet::{Dataset, Scaling, Schedule};

use crate::args::{OptimizerName, TrainArgs};

/// The settings of the training, each given or chosen.
#[derive(Clone)]
pub(super) struct Choices {
    pub(super) hidden: Vec<usize>,
    pub(super) scale: Scaling,
    pub(super) learning_rate: f64,
    pub(super) weight_decay: f64,
    pub(super) schedule: Schedule,
    pub(super) batch_size: usize,
    pub(super) epochs: usize,
    /// None for never.
    pub(super) early_stopping: Option<usize>,
}

/// From this many training rows on data are taken for large: a deeper network, by ranks, with less decay.
const LARGE: usize = 5000;
/// About as many steps are made with large data.
const STEPS: usize = 12_500;
/// But at least and at most as many epochs.
const EPOCHS: [usize; 2] = [10, 100];

impl Choices {
    /// For these training rows. The numbers were chosen on validation rows: those of small data on `digits` and `diabetes`, those of large data on
    /// `california-housing` and `mnist`. The rates of sgd and of adam with small data are the usual ones.
    pub(super) fn new(args: &TrainArgs, train: &Dataset, validates: bool) -> Self {
        let of_small = Self::before_reading(args);
        if train.samples() < LARGE {
            return Choices { early_stopping: of_small.early_stopping.filter(|_| validates), ..of_small };
        }
        let batch_size = args.batch_size.unwrap_or(64);
        let epochs = STEPS.div_ceil(train.samples().div_ceil(batch_size)).clamp(EPOCHS[0], EPOCHS[1]);
        let epochs = args.epochs.unwrap_or(epochs);
        let (rate, decay) = match args.optimizer {
            OptimizerName::Sgd => (0.01, 0.0),
            OptimizerName::Adam => (0.005, 0.0),
            OptimizerName::Adamw => (0.005, 0.1),
        };
        let scale = if train.holds_bytes() { Scaling::Standard } else { Scaling::Quantile };
        Choices {
            hidden: args.hidden.as_ref().map_or(vec![256; 3], |hidden| hidden.0.clone()),
            scale: args.scale.unwrap_or(scale),
            learning_rate: args.learning_rate.unwrap_or(rate),
            weight_decay: args.weight_decay.unwrap_or(decay),
            batch_size,
            epochs,
            early_stopping: patience(args, epochs).filter(|_| validates),
            ..of_small
        }
    }

    /// As if the data were small: to check what was given before they are read.
    pub(super) fn before_reading(args: &TrainArgs) -> Self {
        let (rate, decay) = match args.optimizer {
            OptimizerName::Sgd => (0.01, 0.0),
            OptimizerName::Adam => (0.001, 0.0),
            OptimizerName::Adamw => (0.001, 0.5),
        };
        let schedule = if args.optimizer == OptimizerName::Sgd { Schedule::Constant } else { Schedule::OneCycle };
        let epochs = args.epochs.unwrap_or(EPOCHS[1]);
        Choices {
            hidden: args.hidden.as_ref().map_or(vec![1024], |hidden| hidden.0.clone()),
            scale: args.scale.unwrap_or_default(),
            learning_rate: args.learning_rate.unwrap_or(rate),
            weight_decay: args.weight_decay.unwrap_or(decay),
            schedule: args.schedule.unwrap_or(schedule),
            batch_size: args.batch_size.unwrap_or(8),
            epochs,
            early_stopping: patience(args, epochs),
        }
    }
}

/// How many epochs without a lower validation loss are enough. If nothing was said, half of all, and at least ten: while one cycle's rate is large, the loss may not
/// fall for a third of the epochs, and fall below all before when the rate does.
fn patience(args: &TrainArgs, epochs: usize) -> Option<usize> {
    let patience = args.early_stopping.unwrap_or(epochs.div_ceil(2).max(10));
    (patience > 0).then_some(patience)
}
