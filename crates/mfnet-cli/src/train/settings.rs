//! From options to a loss, a rule and a clip.

use std::collections::BTreeMap;

use mfnet::{Adam, AdamW, Clip, CrossEntropy, Dataset, HalfMse, Loss, Mse, Rule, Scalar, Schedule, Sgd};
use serde_json::{Value, json};

use crate::args::{LossName, OptimizerName, TrainArgs, word};
use crate::failure::Failure;

/// What is minimised, and how.
pub(super) struct Settings {
    rule: RuleKind,
    loss: LossName,
    pub(super) loss_name: String,
    pub(super) learning_rate: f64,
    weight_decay: f64,
    pub(super) clip: Option<Clip>,
}

#[derive(Clone, Copy)]
enum RuleKind {
    Sgd(Sgd),
    Adam(Adam),
    AdamW(AdamW),
}

impl Settings {
    /// Checks all that can be checked before the data are read.
    pub(super) fn new(args: &TrainArgs) -> Result<Self, Failure> {
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
        // chosen on validation rows of digits and diabetes; those of sgd and adam are the usual ones
        let (rate, decay) = match args.optimizer {
            OptimizerName::Sgd => (0.01, 0.0),
            OptimizerName::Adam => (0.001, 0.0),
            OptimizerName::Adamw => (0.001, 0.5),
        };
        let (learning_rate, weight_decay) = (args.learning_rate.unwrap_or(rate), args.weight_decay.unwrap_or(decay));
        let decay_biases = args.decay_biases;
        let adam = Adam { weight_decay, decay_biases, ..Adam::new(learning_rate) };
        let rule = match args.optimizer {
            OptimizerName::Sgd => RuleKind::Sgd(Sgd {
                momentum: args.momentum,
                nesterov: args.nesterov,
                weight_decay,
                decay_biases,
                ..Sgd::new(learning_rate)
            }),
            OptimizerName::Adam => RuleKind::Adam(adam),
            OptimizerName::Adamw => RuleKind::AdamW(AdamW(adam)),
        };
        let clip = match (args.clip_norm, args.clip_layer_norm) {
            (norm, _) if norm > 0.0 => Some(Clip::Global(norm)),
            (_, norm) if norm > 0.0 => Some(Clip::PerLayer(norm)),
            _ => None,
        };
        let settings =
            Settings { rule, loss: LossName::Mse, loss_name: String::new(), learning_rate, weight_decay, clip };
        settings.rule::<f64>().check().map_err(|error| {
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
            return Err(Failure::usage(message).help("--task regression or --task classification chooses the task"));
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

    pub(super) fn rule<T: Scalar>(&self) -> Box<dyn Rule<T>> {
        match self.rule {
            RuleKind::Sgd(rule) => Box::new(rule),
            RuleKind::Adam(rule) => Box::new(rule),
            RuleKind::AdamW(rule) => Box::new(rule),
        }
    }

    /// The settings in a few words.
    pub(super) fn summary(&self, args: &TrainArgs) -> String {
        let decay =
            if self.weight_decay > 0.0 { format!(", weight decay {}", self.weight_decay) } else { String::new() };
        let schedule = match args.schedule {
            Schedule::Constant => String::new(),
            schedule => format!(" ({schedule})"),
        };
        let (rule, rate, batch) = (word(args.optimizer), self.learning_rate, args.batch_size);
        format!("{}, {rule}, learning rate {rate}{schedule}{decay}, batches of {batch}", self.loss_name)
    }

    /// The settings by name, for the model file.
    pub(super) fn described(&self, args: &TrainArgs) -> BTreeMap<String, Value> {
        let all = [
            ("optimizer", json!(word(args.optimizer))),
            ("learning_rate", json!(self.learning_rate)),
            ("momentum", json!(args.momentum)),
            ("nesterov", json!(args.nesterov)),
            ("weight_decay", json!(self.weight_decay)),
            ("decay_biases", json!(args.decay_biases)),
            ("clip_norm", json!(args.clip_norm)),
            ("clip_layer_norm", json!(args.clip_layer_norm)),
            ("batch_size", json!(args.batch_size)),
            ("schedule", json!(args.schedule.to_string())),
            ("scale", json!(args.scale.to_string())),
            ("seed", json!(args.seed)),
        ];
        let is_off = |value: &Value| [json!(0.0), json!(false), json!("constant"), json!("standard")].contains(value);
        all.into_iter().filter(|(_, value)| !is_off(value)).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
