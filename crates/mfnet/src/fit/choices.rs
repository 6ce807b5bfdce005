//! What a recipe leaves open, chosen from the size of the data.

use super::names::OptimizerName;
use super::recipe::Recipe;
use crate::data::{Dataset, Scaling};
use crate::optimizer::Schedule;

/// The settings that follow from the data, each given or chosen.
#[derive(Clone, Debug)]
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
    /// For these training rows. The numbers were chosen on validation rows: those of small data on `digits` and
    /// `diabetes`, those of large data on `california-housing` and `mnist`. The rates of sgd and of adam with small
    /// data are the usual ones.
    pub(super) fn new(recipe: &Recipe, train: &Dataset, validates: bool) -> Self {
        let (large, pixels) = (train.samples() >= LARGE, train.holds_bytes());
        let mut choices = Self::of(recipe, large.then_some(train.samples()), pixels);
        // batch norm learns nothing from a last batch of one sample
        while recipe.batch_size.is_none() && recipe.has_batch_norm() && train.samples() % choices.batch_size == 1 {
            choices.batch_size += 1;
        }
        Choices { early_stopping: choices.early_stopping.filter(|_| validates), ..choices }
    }

    /// As if the data were small: to check what was given before they are read.
    pub(super) fn before_reading(recipe: &Recipe) -> Self {
        Self::of(recipe, None, false)
    }

    /// For so many rows, if they are many.
    fn of(recipe: &Recipe, large: Option<usize>, pixels: bool) -> Self {
        let (hidden, rate, decay, batch) =
            if large.is_some() { (vec![256; 3], 0.005, 0.1, 64) } else { (vec![1024], 0.001, 0.5, 8) };
        let (rate, decay, schedule) = match recipe.optimizer {
            OptimizerName::Sgd => (0.01, 0.0, Schedule::Constant),
            OptimizerName::Adam => (rate, 0.0, Schedule::OneCycle),
            OptimizerName::Adamw => (rate, decay, Schedule::OneCycle),
        };
        let scale = if large.is_some() && !pixels { Scaling::Quantile } else { Scaling::Standard };
        let batch_size = recipe.batch_size.unwrap_or(batch);
        let samples_of_a_step = batch_size.saturating_mul(recipe.accumulate());
        let epochs = large.map_or(EPOCHS[1], |rows| STEPS.div_ceil(rows.div_ceil(samples_of_a_step)));
        let epochs = recipe.epochs.unwrap_or(epochs.clamp(EPOCHS[0], EPOCHS[1]));
        // while one cycle's rate is large the loss may not fall for a third of the epochs, and fall below all before when
        // the rate does
        let patience = recipe.early_stopping.unwrap_or(epochs.div_ceil(2).max(10));
        Choices {
            hidden: recipe.hidden.clone().unwrap_or(hidden),
            scale: recipe.scale.unwrap_or(scale),
            learning_rate: recipe.learning_rate.unwrap_or(rate),
            weight_decay: recipe.weight_decay.unwrap_or(decay),
            schedule: recipe.schedule.unwrap_or(schedule),
            batch_size,
            epochs,
            early_stopping: (patience > 0).then_some(patience),
        }
    }
}
