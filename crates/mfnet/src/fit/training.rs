//! From a recipe to a loss, an optimizer and a trainer: the one place that builds them.

use super::choices::Choices;
use super::names::{LossName, OptimizerName};
use super::recipe::Recipe;
use crate::data::Dataset;
use crate::error::{RecipeProblem, Result};
use crate::loss::{CrossEntropy, HalfMse, Loss, Mse};
use crate::network::NeuralNetwork;
use crate::optimizer::{Adam, AdamW, Clip, Rule, Sgd};
use crate::random::Seed;
use crate::tensor::Scalar;
use crate::train::{Callback, History, SampleOrder, Trainer};

/// What a training needs beside the network.
pub(super) struct Training<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) choices: &'a Choices,
    pub(super) loss: LossName,
    pub(super) order: &'a SampleOrder,
    /// Whether the network was trained before.
    pub(super) goes_on: bool,
    pub(super) train: &'a Dataset,
    pub(super) validation: &'a Dataset,
}

impl Training<'_> {
    /// Trains the network.
    pub(super) fn run<T: Scalar>(&self, net: &mut NeuralNetwork<T>, callback: &mut dyn Callback<T>) -> Result<History> {
        let Training { recipe, choices, .. } = self;
        let mut trainer = Trainer::new(loss(self.loss), rule(recipe, choices))
            .epochs(choices.epochs)
            .batch_size(choices.batch_size)
            .schedule(choices.schedule)
            .seed(Seed(recipe.seed))
            .order(self.order.clone())
            .callback(callback);
        if recipe.clip_norm > 0.0 {
            trainer = trainer.clip(Clip::Global(recipe.clip_norm));
        } else if recipe.clip_layer_norm > 0.0 {
            trainer = trainer.clip(Clip::PerLayer(recipe.clip_layer_norm));
        }
        if self.validation.samples() > 0 {
            trainer = trainer.validate_on(self.validation);
        }
        if self.goes_on {
            trainer = trainer.keep_start();
        }
        if let Some(patience) = choices.early_stopping {
            trainer = trainer.early_stopping(patience);
        }
        trainer.run(net, self.train)
    }
}

/// The name by which model files know the loss.
pub(super) fn loss_label(name: LossName) -> String {
    loss::<f64>(name).name().to_owned()
}

fn loss<T: Scalar>(name: LossName) -> Box<dyn Loss<T>> {
    match name {
        LossName::CrossEntropy => Box::new(CrossEntropy),
        LossName::Mse => Box::new(Mse),
        LossName::HalfMse => Box::new(HalfMse),
    }
}

fn rule<T: Scalar>(recipe: &Recipe, choices: &Choices) -> Box<dyn Rule<T>> {
    let &Choices { learning_rate, weight_decay, .. } = choices;
    let &Recipe { momentum, nesterov, decay_biases, .. } = recipe;
    let adam = Adam { weight_decay, decay_biases, ..Adam::new(learning_rate) };
    match recipe.optimizer {
        OptimizerName::Sgd => {
            Box::new(Sgd { momentum, nesterov, weight_decay, decay_biases, ..Sgd::new(learning_rate) })
        }
        OptimizerName::Adam => Box::new(adam),
        OptimizerName::Adamw => Box::new(AdamW(adam)),
    }
}

/// Refuses numbers that the optimizer cannot have.
pub(super) fn check(recipe: &Recipe, choices: &Choices) -> Result<()> {
    rule::<f64>(recipe, choices).check().map_err(|error| {
        RecipeProblem::new(error.to_string())
            .with_help("choose a smaller --learning-rate, or a smaller --weight-decay; 0 switches decay off")
            .into()
    })
}
