//! Chooses the settings that a recipe leaves open, from the size of the data.

use mfnet_table::ColumnKind;

use super::recipe::Recipe;
use crate::data::{Dataset, Scaling};
use crate::optimizer::{Clip, OptimizerName, Schedule, UsualRate};

/// Settings that depend on the data, each given or chosen.
#[derive(Clone, Debug)]
pub(super) struct Choices {
    pub(super) hidden: Vec<usize>,
    pub(super) scale: Scaling,
    pub(super) learning_rate: f64,
    pub(super) weight_decay: f64,
    pub(super) schedule: Schedule,
    pub(super) clip: Option<Clip>,
    pub(super) batch_size: usize,
    pub(super) epochs: usize,
    /// `None` for no early stopping.
    pub(super) early_stopping: Option<usize>,
}

/// Data with at most this many columns, all of numbers, have few features. A boundary or a curve in
/// them may be as intricate as a spiral, so the network is deeper and narrower, learns faster, and
/// weight decay is smaller.
const FEW: usize = 2;
/// Data with this many training rows are large: the network is deeper, features are scaled by rank,
/// and weight decay is smaller.
const LARGE: usize = 5000;
/// The largest norm of a gradient for sgd with its default learning rate. Without it, wide layers
/// diverge at that rate.
const SAFE_NORM: f64 = 1.0;
/// Approximate number of steps for large data.
const STEPS: usize = 12_500;
/// The smallest and the largest number of epochs for large data.
const EPOCHS: [usize; 2] = [10, 100];

impl Choices {
    /// The settings for these training rows. The numbers were tuned on validation rows: for small
    /// data on `digits` and `diabetes`, for few features on `xor`, `moons`, `spiral` and noisy
    /// functions of one or two numbers, for large data on `california-housing` and `mnist`. The
    /// learning rates of sgd, and of adam on small data, are the usual ones.
    pub(super) fn new(recipe: &Recipe, train: &Dataset, validates: bool) -> Self {
        let (large, pixels) = (train.samples() >= LARGE, train.holds_bytes());
        let few = train.features() <= FEW && train.kinds().iter().all(|kind| *kind == ColumnKind::Number);
        let mut choices = Self::of(recipe, large.then_some(train.samples()), few, pixels);
        if recipe.optimizer.is_for_all_rows() {
            choices.batch_size = train.samples();
        }
        // batch norm cannot learn from a last batch of one sample
        while recipe.batch_size.is_none() && recipe.has_batch_norm() && train.samples() % choices.batch_size == 1 {
            choices.batch_size += 1;
        }
        Choices { early_stopping: choices.early_stopping.filter(|_| validates), ..choices }
    }

    /// The settings for small data, to check given settings before the data are read.
    pub(super) fn before_reading(recipe: &Recipe) -> Self {
        Self::of(recipe, None, false, false)
    }

    /// The same for a training whose learning rate the recipe gives.
    pub(super) fn with_given_rate(&self, recipe: &Recipe) -> Self {
        let recipe = Recipe { learning_rate: Some(self.learning_rate), ..recipe.clone() };
        Choices { clip: clip(&recipe), ..self.clone() }
    }

    /// The settings for this many rows; `None` if the data are small. `few`: of few features.
    fn of(recipe: &Recipe, large: Option<usize>, few: bool, pixels: bool) -> Self {
        let (hidden, rate, decay, batch) = match (large, few) {
            (Some(_), _) => (vec![256; 3], 0.005, 0.1, 64),
            (None, true) => (vec![64; 2], 0.005, 0.1, 8),
            (None, false) => (vec![1024], 0.001, 0.5, 8),
        };
        let usual = recipe.optimizer.usual();
        let rate = match usual.rate {
            UsualRate::Fixed(rate) => rate,
            UsualRate::OfAdam(factor) => rate * factor,
        };
        let (decay, schedule) = (decay * usual.decay, usual.schedule);
        let scale = if large.is_some() && !pixels { Scaling::Quantile } else { Scaling::Standard };
        let batch_size = recipe.batch_size.unwrap_or(batch);
        let samples_of_a_step = batch_size.saturating_mul(recipe.accumulate());
        let epochs = large.map_or(EPOCHS[1], |rows| STEPS.div_ceil(rows.div_ceil(samples_of_a_step)));
        let epochs = recipe.epochs.unwrap_or(epochs.clamp(EPOCHS[0], EPOCHS[1]));
        // with one-cycle, the loss may stall for a third of the epochs while the learning rate is
        // high, and improve when the rate falls
        let patience = recipe.early_stopping.unwrap_or(epochs.div_ceil(2).max(10));
        Choices {
            hidden: recipe.hidden.clone().unwrap_or(hidden),
            scale: recipe.scale.unwrap_or(scale),
            learning_rate: recipe.learning_rate.unwrap_or(rate),
            weight_decay: recipe.weight_decay.unwrap_or(decay),
            schedule: recipe.schedule.unwrap_or(schedule),
            clip: clip(recipe),
            batch_size,
            epochs,
            early_stopping: (patience > 0).then_some(patience),
        }
    }
}

/// How gradients are clipped: as the recipe says, and for sgd with its default learning rate so
/// that it trains on every table.
fn clip(recipe: &Recipe) -> Option<Clip> {
    let is_safe = recipe.optimizer != OptimizerName::Sgd || recipe.learning_rate.is_some();
    match (recipe.clip_norm, recipe.clip_layer_norm) {
        (Some(norm), _) if norm > 0.0 => Some(Clip::Global(norm)),
        (_, norm) if norm > 0.0 => Some(Clip::PerLayer(norm)),
        (None, _) if !is_safe => Some(Clip::Global(SAFE_NORM)),
        _ => None,
    }
}
