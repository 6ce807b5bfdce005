//! From a recipe to a loss, an optimizer and a trainer: the one place that builds them.

use super::choices::Choices;
use super::names::{LossName, OptimizerName};
use super::recipe::Recipe;
use crate::data::Dataset;
use crate::error::{RecipeProblem, Result};
use crate::loss::{CrossEntropy, HalfMse, Loss, Mse};
use crate::network::NeuralNetwork;
use crate::optimizer::{Adam, AdamW, Clip, Optimizer, Sgd};
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
        let mut trainer = Trainer::new(loss(self.loss), optimizer(recipe, choices))
            .epochs(choices.epochs)
            .batch_size(choices.batch_size)
            .seed(Seed(recipe.seed))
            .order(self.order.clone());
        if self.validation.samples() > 0 {
            trainer = trainer.validate_on(self.validation);
        }
        if self.goes_on {
            trainer = trainer.keep_start();
        }
        if let Some(patience) = choices.early_stopping {
            trainer = trainer.early_stopping(patience);
        }
        trainer.run_with(net, self.train, callback)
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

fn optimizer<T: Scalar>(recipe: &Recipe, choices: &Choices) -> Optimizer<T> {
    let &Recipe { momentum, nesterov, .. } = recipe;
    let rate = choices.learning_rate;
    let mut optimizer = match recipe.optimizer {
        OptimizerName::Sgd => Optimizer::new(Sgd { momentum, nesterov }, rate),
        OptimizerName::Adam => Optimizer::new(Adam::default(), rate),
        OptimizerName::Adamw => Optimizer::new(AdamW::default(), rate),
    };
    optimizer = optimizer.weight_decay(choices.weight_decay).schedule(choices.schedule);
    if recipe.decay_biases {
        optimizer = optimizer.decay_biases();
    }
    if recipe.clip_norm > 0.0 {
        optimizer.clip(Clip::Global(recipe.clip_norm))
    } else if recipe.clip_layer_norm > 0.0 {
        optimizer.clip(Clip::PerLayer(recipe.clip_layer_norm))
    } else {
        optimizer
    }
}

/// Refuses numbers that the optimizer cannot have.
pub(super) fn check(recipe: &Recipe, choices: &Choices) -> Result<()> {
    optimizer::<f64>(recipe, choices).check().map_err(|error| {
        RecipeProblem::new(error.to_string())
            .with_help("choose a smaller --learning-rate, or a smaller --weight-decay; 0 switches decay off")
            .into()
    })
}
