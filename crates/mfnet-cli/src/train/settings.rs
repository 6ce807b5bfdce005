//! From options to a loss, a rule and a clip.

use std::collections::BTreeMap;

use mfnet::{Adam, AdamW, Clip, CrossEntropy, Dataset, HalfMse, Loss, Mse, Optimizer, Scalar, Schedule, Sgd};
use serde_json::{Value, json};

use super::choices::Choices;
use crate::args::{LossName, OptimizerName, TrainArgs, word};
use crate::failure::Failure;

/// What is minimised, and how.
pub(super) struct Settings {
    loss: LossName,
    pub(super) loss_name: String,
    pub(super) choices: Choices,
    pub(super) clip: Option<Clip>,
}

impl Settings {
    /// Checks what was given and what was chosen.
    pub(super) fn new(args: &TrainArgs, choices: Choices) -> Result<Self, Failure> {
        if args.optimizer != OptimizerName::Sgd && (args.momentum != 0.0 || args.nesterov) {
            let option = if args.nesterov { "--nesterov" } else { "--momentum" };
            return Err(Failure::usage(format!(
                "{option} belongs to --optimizer sgd, not to {}",
                word(args.optimizer)
            )));
        }
        if args.nesterov && args.momentum == 0.0 {
            return Err(Failure::usage("--nesterov needs --momentum").help("add --momentum 0.9"));
        }
        let clip = match (args.clip_norm, args.clip_layer_norm) {
            (norm, _) if norm > 0.0 => Some(Clip::Global(norm)),
            (_, norm) if norm > 0.0 => Some(Clip::PerLayer(norm)),
            _ => None,
        };
        let settings = Settings { loss: LossName::Mse, loss_name: String::new(), choices, clip };
        settings.optimizer::<f64>(args).check().map_err(|error| {
            Failure::from(error)
                .help("choose a smaller --learning-rate, or a smaller --weight-decay; 0 switches decay off")
        })?;
        Ok(settings)
    }

    /// Chooses the loss of the task, or refuses one of the other task.
    pub(super) fn for_task(mut self, args: &TrainArgs, data: &Dataset) -> Result<Self, Failure> {
        let classes = data.classes() > 0;
        self.loss = args.loss.unwrap_or(if classes { LossName::CrossEntropy } else { LossName::Mse });
        if classes != (self.loss == LossName::CrossEntropy) {
            let task = if classes { "classification" } else { "regression" };
            let fitting = if classes { "cross-entropy" } else { "mse or half-mse" };
            let message = format!("--loss {} does not fit a {task}: expected {fitting}", word(self.loss));
            let help = match args.warm_start {
                Some(_) => "the model of --warm-start has the task: leave --loss out",
                None => "--task regression or --task classification chooses the task",
            };
            return Err(Failure::usage(message).help(help));
        }
        self.loss_name = self.loss::<f64>().name().to_owned();
        Ok(self)
    }

    pub(super) fn loss<T: Scalar>(&self) -> Box<dyn Loss<T>> {
        match self.loss {
            LossName::CrossEntropy => Box::new(CrossEntropy),
            LossName::Mse => Box::new(Mse),
            LossName::HalfMse => Box::new(HalfMse),
        }
    }

    pub(super) fn optimizer<T: Scalar>(&self, args: &TrainArgs) -> Optimizer<T> {
        let Choices { learning_rate, weight_decay, schedule, .. } = self.choices;
        let optimizer = match args.optimizer {
            OptimizerName::Sgd => {
                Optimizer::new(Sgd { momentum: args.momentum, nesterov: args.nesterov }, learning_rate)
            }
            OptimizerName::Adam => Optimizer::new(Adam::default(), learning_rate),
            OptimizerName::Adamw => Optimizer::new(AdamW::default(), learning_rate),
        };
        let optimizer = optimizer.weight_decay(weight_decay).schedule(schedule);
        let optimizer = if args.decay_biases { optimizer.decay_biases() } else { optimizer };
        if let Some(clip) = self.clip { optimizer.clip(clip) } else { optimizer }
    }

    /// The settings in a few words.
    pub(super) fn summary(&self, args: &TrainArgs) -> String {
        let choices = &self.choices;
        let decay =
            if choices.weight_decay > 0.0 { format!(", weight decay {}", choices.weight_decay) } else { String::new() };
        let schedule = match choices.schedule {
            Schedule::Constant => String::new(),
            schedule => format!(" ({schedule})"),
        };
        let (rule, rate, batch) = (word(args.optimizer), choices.learning_rate, choices.batch_size);
        format!("{}, {rule}, learning rate {rate}{schedule}{decay}, batches of {batch}", self.loss_name)
    }

    /// The settings by name, for the model file.
    pub(super) fn described(&self, args: &TrainArgs) -> BTreeMap<String, Value> {
        let all = [
            ("optimizer", json!(word(args.optimizer))),
            ("learning_rate", json!(self.choices.learning_rate)),
            ("momentum", json!(args.momentum)),
            ("nesterov", json!(args.nesterov)),
            ("weight_decay", json!(self.choices.weight_decay)),
            ("decay_biases", json!(args.decay_biases)),
            ("clip_norm", json!(args.clip_norm)),
            ("clip_layer_norm", json!(args.clip_layer_norm)),
            ("batch_size", json!(self.choices.batch_size)),
            ("schedule", json!(self.choices.schedule.to_string())),
            ("scale", json!(self.choices.scale.to_string())),
            ("seed", json!(args.seed)),
        ];
        let is_off = |value: &Value| [json!(0.0), json!(false), json!("constant"), json!("standard")].contains(value);
        all.into_iter().filter(|(_, value)| !is_off(value)).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
