//! Builds loss, optimizer and trainer from a recipe; nothing else does.

use std::sync::atomic::Ordering;

use mfnet_table::shortest;

use super::choices::Choices;
use super::observer::{Observer, Watcher};
use super::plan::Plan;
use super::recipe::Recipe;
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::model::AnyNetwork;
use crate::network::NeuralNetwork;
use crate::optimizer::{Group, Optimizer, ParameterKind, Schedule, Sgd};
use crate::random::Seed;
use crate::tensor::Scalar;
use crate::train::{Checkpoint, Session, Trainer, run_side_by_side};

impl Plan {
    /// Trains the networks on scaled data, from a checkpoint if there is one. Also returns the trainings
    /// if they end with an error.
    pub(super) fn train<T: Scalar>(
        &self,
        nets: Vec<NeuralNetwork<T>>,
        [train, validation]: [&Dataset; 2],
        checkpoint: Option<&Checkpoint>,
        observer: &mut dyn Observer,
    ) -> Result<(Vec<Session<T>>, Result<()>)>
    where
        AnyNetwork: From<NeuralNetwork<T>>,
    {
        let (recipe, choices) = (&self.task.recipe, &self.choices);
        let mut trainer = self.trainer(choices);
        if validation.samples() > 0 {
            trainer = trainer.validate_on(validation).monitor(recipe.monitor);
        }
        if self.task.start.is_some() {
            trainer = trainer.keep_start();
        }
        if let Some(patience) = choices.early_stopping {
            trainer = trainer.early_stopping(patience).min_delta(recipe.min_delta);
        }
        if let Some(averaging) = recipe.average {
            trainer = trainer.average(averaging);
        }
        let sessions = trainer.start_all(nets, train, checkpoint, self.task.start_optimizer.as_ref());
        let mut sessions = sessions.map_err(|error| match error.kind() {
            ErrorKind::OtherTraining { what, there, here, .. } if checkpoint.is_none() => {
                let message = format!("`warm_optimizer`: {what} of the checkpoint is {there}, not {here}");
                Error::recipe(message).with_help("use the same one, or leave `warm_optimizer` out")
            }
            _ => error,
        })?;
        let mut watch = Watcher { plan: self, observer };
        let result = match &mut sessions[..] {
            [session] => session.run(&mut watch),
            sessions => {
                let worked = run_side_by_side(sessions, self.task.threads.count(), &mut watch);
                worked.map(|worked| self.task.worked.store(worked, Ordering::Relaxed))
            }
        };
        Ok((sessions, result))
    }

    /// The steps of a training: loss, optimizer and batches.
    pub(super) fn trainer<T: Scalar>(&self, choices: &Choices) -> Trainer<T> {
        let recipe = &self.task.recipe;
        let mut trainer = Trainer::new(self.loss.loss(), optimizer(recipe, choices))
            .epochs(choices.epochs)
            .batch_size(choices.batch_size)
            .accumulate(recipe.accumulate())
            .shards(recipe.shards())
            .seed(Seed(recipe.seed))
            .order(self.order.as_ref().clone())
            .dropout_schedule(recipe.dropout_schedule);
        // a constant one is a part of the loss
        if recipe.label_smoothing_schedule != Schedule::Constant {
            trainer = trainer.label_smoothing(recipe.label_smoothing, recipe.label_smoothing_schedule);
        }
        if recipe.mixup > 0.0 { trainer.mixup(recipe.mixup) } else { trainer }
    }
}

fn optimizer<T: Scalar>(recipe: &Recipe, choices: &Choices) -> Optimizer<T> {
    let sgd = Sgd { momentum: recipe.momentum, nesterov: recipe.nesterov };
    let mut optimizer = recipe.optimizer.optimizer(sgd, choices.learning_rate);
    optimizer = optimizer.weight_decay(choices.weight_decay).schedule(choices.schedule).warm_up(recipe.warmup);
    optimizer = optimizer.decay_schedule(recipe.weight_decay_schedule).l1(recipe.l1).max_norm(recipe.max_norm);
    if recipe.decay_biases {
        optimizer = optimizer.decay_biases();
    }
    optimizer = recipe.groups.iter().fold(optimizer, |optimizer, group| optimizer.group(*group));
    let frozen = |layer: &usize| Group { layer: Some(*layer), rate: 0.0, ..Group::default() };
    optimizer = recipe.freeze.iter().map(frozen).fold(optimizer, Optimizer::group);
    choices.clip.into_iter().fold(optimizer, Optimizer::clip)
}

/// Refuses to freeze what does not learn, or everything. `kinds` has the name of each layer and the
/// kinds of its parameters.
pub(super) fn check_frozen(freeze: &[usize], kinds: &[(String, Vec<ParameterKind>)]) -> Result<()> {
    let learn: Vec<usize> = (0..kinds.len()).filter(|layer| !kinds[*layer].1.is_empty()).collect();
    let numbers = |layers: &[usize]| layers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    if let Some(layer) = freeze.iter().find(|layer| !learn.contains(layer)) {
        let what = match kinds.get(*layer) {
            Some((name, _)) => format!("layer {layer}, {name}, has no parameters"),
            None => format!("there is no layer {layer}"),
        };
        let error = Error::recipe(format!("`freeze`: {what}"));
        return Err(error.with_help(format!("the layers that learn are {}", numbers(&learn))));
    }
    if !freeze.is_empty() && learn.iter().all(|layer| freeze.contains(layer)) {
        let message = format!("`freeze` {}: no layer would learn", numbers(freeze).replace(", ", ","));
        return Err(Error::recipe(message).with_help("leave one layer out"));
    }
    Ok(())
}

/// Returns an error for settings that the optimizer rejects.
pub(super) fn check(recipe: &Recipe, choices: &Choices) -> Result<()> {
    if recipe.warmup > 0.0 && recipe.warmup >= choices.epochs as f64 {
        let message =
            format!("`warmup` {} leaves no epoch of {} for training", shortest(recipe.warmup), choices.epochs);
        return Err(Error::recipe(message).with_help("choose a shorter `warmup`, or more `epochs`"));
    }
    if recipe.weight_decay_schedule != Schedule::Constant && choices.weight_decay == 0.0 {
        return Err(Error::recipe("`weight_decay_schedule` needs `weight_decay`, which is 0")
            .with_help("give a `weight_decay`, or leave `weight_decay_schedule` out"));
    }
    optimizer::<f64>(recipe, choices).check().map_err(|error| {
        let help = "choose a smaller `learning_rate`, or a smaller `weight_decay`; 0 switches decay off";
        Error::recipe(error.to_string()).with_help(help)
    })
}
