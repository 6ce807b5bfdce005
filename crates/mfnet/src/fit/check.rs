//! The checks of a recipe before any data are read.

use std::fmt::Display;

use mfnet_table::is_encoding;
use serde_json::{Map, Value};

use super::choices::Choices;
use super::names::Norm;
use super::recipe::Recipe;
use super::training;
use super::weights::ClassWeight;
use crate::error::{Error, Result};
use crate::layer::LayerSpec;
use crate::loss::LossName;
use crate::model::OperatingRule;
use crate::optimizer::{Group, OptimizerName, Schedule};

impl Recipe {
    /// Fields that exclude others, each with the names of the others.
    pub const CONFLICTS: [(&str, &str); 9] = [
        (
            "warm_start",
            "target task label_separator hidden activation dropout input_noise norm residual layers embeddings dtype header drop numeric categorical scale",
        ),
        ("layers", "hidden activation dropout input_noise norm residual"),
        ("clip_norm", "clip_layer_norm"),
        ("batch_order", "no_shuffle folds skip_missing_target"),
        ("test_file", "test_fraction split_column folds"),
        ("split_column", "test_fraction group folds"),
        ("time", "group split_column"),
        ("folds", "test_fraction"),
        ("mixup", "shards sample_weight class_weight"),
    ];

    /// Checks everything that can be checked without data.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for a value that a field cannot have, [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) for fields that contradict
    /// each other.
    pub fn check(&self) -> Result<()> {
        self.check_values()?;
        if let Some(label) = self.encoding.as_ref().filter(|label| !is_encoding(label)) {
            let expected = "an encoding such as utf-8, windows-1252, utf-16le or shift_jis";
            return Err(Error::invalid("encoding", expected, format!("{label:?}")));
        }
        let given = self.given()?;
        Self::CONFLICTS
            .iter()
            .filter(|(field, _)| given.contains_key(*field))
            .try_for_each(|pair| refuse(pair, &given))?;
        if self.optimizer != OptimizerName::Sgd && (self.momentum != 0.0 || self.nesterov) {
            let field = if self.nesterov { "nesterov" } else { "momentum" };
            return Err(Error::recipe(format!(
                "`{field}` works only with `optimizer` sgd, not with {}",
                self.optimizer
            )));
        }
        let (rule, accumulate) = (self.optimizer, self.accumulate() > 1);
        if rule.is_for_all_rows() && (self.batch_size.is_some() || accumulate) {
            let field = if accumulate { "accumulate" } else { "batch_size" };
            let message = format!("`optimizer` {rule} needs all training rows in a batch");
            return Err(Error::recipe(message).with_help(format!("leave `{field}` out")));
        }
        if self.optimizer == OptimizerName::Lbfgs {
            self.check_search()?;
        }
        if self.warm_optimizer && self.warm_start.is_none() {
            let error = Error::recipe("`warm_optimizer` needs `warm_start`, whose optimizer goes on");
            return Err(error.with_help("add `warm_start`, the folder of a run"));
        }
        let is_constant = self.schedule.is_none_or(|schedule| schedule == Schedule::Constant);
        if self.optimizer == OptimizerName::Rprop && (!is_constant || self.warmup > 0.0) {
            let field = if is_constant { "warmup" } else { "schedule" };
            let message = format!(
                "`{field}` has no effect with `optimizer` rprop, whose learning rate is only its first step size"
            );
            return Err(Error::recipe(message).with_help(format!("leave `{field}` out")));
        }
        if self.nesterov && self.momentum == 0.0 {
            return Err(Error::recipe("`nesterov` needs `momentum`").with_help("add `momentum` 0.9"));
        }
        if let Some(loss) = self.loss.filter(|loss| self.label_smoothing > 0.0 && *loss != LossName::CrossEntropy) {
            return Err(Error::recipe(format!(
                "`label_smoothing` works only with `loss` cross-entropy, not with {loss}"
            )));
        }
        self.check_schedules()?;
        if self.min_delta > 0.0 && self.early_stopping == Some(0) {
            return Err(Error::recipe("`min_delta` needs `early_stopping`, which is 0, off"));
        }
        self.check_network()?;
        training::check(self, &Choices::before_reading(self))
    }

    /// Refuses schedules that depend on losses, or of something that is off.
    fn check_schedules(&self) -> Result<()> {
        let schedules = [
            ("weight_decay_schedule", self.weight_decay_schedule),
            ("dropout_schedule", self.dropout_schedule),
            ("label_smoothing_schedule", self.label_smoothing_schedule),
        ];
        if let Some((field, _)) = schedules.iter().find(|(_, schedule)| matches!(schedule, Schedule::Plateau { .. })) {
            return Err(Error::recipe(format!("`{field}` cannot be plateau, which depends on losses")));
        }
        let is_dropout =
            |layer: &LayerSpec| layer.any(&|layer| matches!(layer, LayerSpec::Dropout(_) | LayerSpec::AlphaDropout(_)));
        // the model of a warm start is not read yet
        let drops = self.dropout > 0.0 || self.warm_start.is_some() || self.layers.iter().flatten().any(is_dropout);
        if self.dropout_schedule != Schedule::Constant && !drops {
            return Err(match self.layers {
                Some(_) => Error::recipe("`dropout_schedule` needs dropout, but `layers` has none"),
                None => Error::recipe("`dropout_schedule` needs `dropout`, which is 0").with_help("add `dropout` 0.2"),
            });
        }
        if self.label_smoothing_schedule != Schedule::Constant && self.label_smoothing == 0.0 {
            let error = Error::recipe("`label_smoothing_schedule` needs `label_smoothing`, which is 0");
            return Err(error.with_help("add `label_smoothing` 0.1"));
        }
        Ok(())
    }

    /// Refuses settings that change the loss or the weights under a line search.
    fn check_search(&self) -> Result<()> {
        let is_other_rate = |group: &Group| group.rate != 0.0 && group.rate != 1.0;
        let is_random = |layer: &LayerSpec| {
            layer.any(&|layer| {
                matches!(
                    layer,
                    LayerSpec::Dropout(_) | LayerSpec::AlphaDropout(_) | LayerSpec::Noise(_) | LayerSpec::BatchNorm(_)
                )
            })
        };
        let has_schedule = self.schedule.is_some_and(|schedule| schedule != Schedule::Constant);
        let unfit = [
            ("dropout", self.dropout > 0.0),
            ("input_noise", self.input_noise > 0.0),
            ("mixup", self.mixup > 0.0),
            ("norm", self.norm == Some(Norm::Batch)),
            ("layers", self.layers.iter().flatten().any(is_random)),
            ("schedule", has_schedule),
            ("weight_decay_schedule", self.weight_decay_schedule != Schedule::Constant),
            ("label_smoothing_schedule", self.label_smoothing_schedule != Schedule::Constant),
            ("warmup", self.warmup > 0.0),
            ("clip_norm", self.clip_norm.is_some_and(|norm| norm > 0.0)),
            ("clip_layer_norm", self.clip_layer_norm > 0.0),
            ("l1", self.l1 > 0.0),
            ("max_norm", self.max_norm > 0.0),
            ("groups", self.groups.iter().any(is_other_rate)),
            ("warm_optimizer", self.warm_optimizer),
        ];
        let Some((field, _)) = unfit.iter().find(|(_, is)| *is) else { return Ok(()) };
        let what = match *field {
            "norm" => "`norm` batch".to_owned(),
            "layers" => "dropout, noise or batch norm in `layers`".to_owned(),
            "groups" => "learning rates in `groups`".to_owned(),
            field => format!("`{field}`"),
        };
        let message =
            format!("`optimizer` lbfgs cannot be used with {what}: its line search needs one loss and one rate");
        Err(Error::recipe(message).with_help("leave it out, or choose another `optimizer`"))
    }

    /// Refuses settings that do not make a network.
    fn check_network(&self) -> Result<()> {
        if self.hidden.as_ref().is_some_and(Vec::is_empty) {
            let given = [
                ("activation", self.activation.is_some()),
                ("dropout", self.dropout > 0.0),
                ("norm", self.norm.is_some()),
                ("residual", self.residual),
            ];
            if let Some((field, _)) = given.iter().find(|(_, given)| *given) {
                let error = Error::recipe(format!("`{field}` needs hidden layers, but `hidden` is none"));
                return Err(error.with_help("give `hidden` sizes, such as 256,256"));
            }
        }
        if self.norm == Some(Norm::Layer) && self.hidden.as_ref().is_some_and(|sizes| sizes.contains(&1)) {
            let error =
                Error::recipe("`norm` layer makes every output of a layer of size 1 the same, but `hidden` has a 1");
            return Err(error.with_help("give larger `hidden` sizes, or `norm` batch"));
        }
        if self.norm == Some(Norm::Batch) && self.batch_size == Some(1) {
            let error = Error::recipe("`norm` batch needs at least 2 rows in every batch, but `batch_size` is 1");
            return Err(error.with_help("give a larger `batch_size`, or `norm` layer"));
        }
        if let Some((column, _)) = self.embeddings.iter().find(|(_, size)| **size == 0) {
            return Err(Error::invalid("embeddings", "sizes of at least 1", format!("0 for {column:?}")));
        }
        self.layers.iter().flatten().try_for_each(LayerSpec::check)
    }

    /// Refuses residual blocks if no hidden layer has the size of the one before.
    pub(super) fn check_residual(&self, hidden: &[usize]) -> Result<()> {
        if !self.residual || hidden.windows(2).any(|pair| pair[0] == pair[1]) {
            return Ok(());
        }
        let sizes: Vec<String> = hidden.iter().map(ToString::to_string).collect();
        let message = "`residual` needs two consecutive hidden layers of the same size";
        let error = Error::recipe(format!("{message}, found {}", sizes.join(",")));
        Err(error.with_help("give `hidden` equal sizes, such as 256,256"))
    }

    /// Refuses the first value that its field cannot have.
    pub(super) fn check_values(&self) -> Result<()> {
        const MOST_NETWORKS: usize = 1000;
        const COUNT: &str = "a whole number of at least 1";
        const NOT_NEGATIVE: &str = "0 or a positive number";
        const BELOW_ONE: &str = "a number from 0 to less than 1";
        let count = |x: usize| x >= 1;
        let not_negative = |x: f64| x >= 0.0 && x.is_finite();
        let below_one = |x: f64| (0.0..1.0).contains(&x);
        self.class_weight.as_ref().map_or(Ok(()), ClassWeight::check)?;
        self.threshold.map_or(Ok(()), OperatingRule::check)?;
        if self.label_separator.as_ref().is_some_and(String::is_empty) {
            return Err(Error::invalid("label_separator", "at least one character", "none"));
        }
        value("hidden", self.hidden.iter().flatten().copied().min(), count, "sizes of at least 1")?;
        value("dropout", Some(self.dropout), below_one, BELOW_ONE)?;
        value("label_smoothing", Some(self.label_smoothing), below_one, BELOW_ONE)?;
        for (field, x) in [("input_noise", self.input_noise), ("l1", self.l1), ("max_norm", self.max_norm)] {
            value(field, Some(x), not_negative, NOT_NEGATIVE)?;
        }
        value("batch_size", self.batch_size, count, COUNT)?;
        value("accumulate", self.accumulate, count, COUNT)?;
        value("epochs", self.epochs, count, COUNT)?;
        value("threads", self.threads, count, COUNT)?;
        value("ensemble", self.ensemble, |x| (1..=MOST_NETWORKS).contains(&x), "a whole number from 1 to 1000")?;
        value("folds", self.folds, |x| x >= 2, "a whole number of at least 2")?;
        value("shards", self.shards, |x| x.is_power_of_two() && x <= 1024, "a power of two up to 1024")?;
        value("learning_rate", self.learning_rate, |x| x > 0.0 && x.is_finite(), "a positive number")?;
        value("min_delta", Some(self.min_delta), not_negative, NOT_NEGATIVE)?;
        value("warmup", Some(self.warmup), not_negative, NOT_NEGATIVE)?;
        value("mixup", Some(self.mixup), |x| (0.0..=4.0).contains(&x), "a number from 0 to 4")?;
        value("momentum", Some(self.momentum), below_one, BELOW_ONE)?;
        value("weight_decay", self.weight_decay, not_negative, NOT_NEGATIVE)?;
        value("clip_norm", self.clip_norm, not_negative, NOT_NEGATIVE)?;
        value("clip_layer_norm", Some(self.clip_layer_norm), not_negative, NOT_NEGATIVE)?;
        value("test_fraction", self.test_fraction, below_one, BELOW_ONE)?;
        value("validation_fraction", self.validation_fraction, below_one, BELOW_ONE)
    }

    /// Refuses fields that the model of a warm start determines.
    pub(super) fn check_goes_on(&self) -> Result<()> {
        refuse(&Self::CONFLICTS[0], &self.given()?)
    }

    /// The fields whose values are not the default ones.
    pub(super) fn given(&self) -> Result<Map<String, Value>> {
        let usual = Recipe::default().fields()?;
        // no clipping conflicts with nothing
        let is_off = |field: &str| field == "clip_norm" && self.clip_norm == Some(0.0);
        let given = |(field, value): &(String, Value)| usual.get(field) != Some(value) && !is_off(field);
        Ok(self.fields()?.into_iter().filter(given).collect())
    }
}

/// Refuses a value that does not fit its field.
fn value<N: Copy + Display>(
    field: &'static str,
    value: Option<N>,
    fits: impl Fn(N) -> bool,
    expected: &str,
) -> Result<()> {
    match value.filter(|x| !fits(*x)) {
        Some(found) => Err(Error::invalid(field, expected, found)),
        None => Ok(()),
    }
}

/// Refuses fields that are given together with the first one.
fn refuse((field, others): &(&str, &str), given: &Map<String, Value>) -> Result<()> {
    match others.split(' ').find(|other| given.contains_key(*other)) {
        Some(other) => Err(Error::recipe(format!("`{field}` cannot be used with `{other}`"))),
        None => Ok(()),
    }
}
