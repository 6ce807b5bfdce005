//! What a recipe must be before any data are read.

use serde_json::{Map, Value};

use super::choices::Choices;
use super::names::OptimizerName;
use super::recipe::Recipe;
use super::training;
use crate::error::{Error, Result};

impl Recipe {
    /// Fields that exclude others, each with the names of those.
    pub const CONFLICTS: [(&str, &str); 6] = [
        ("warm_start", "target task hidden activation dtype header drop numeric categorical scale"),
        ("clip_norm", "clip_layer_norm"),
        ("batch_order", "no_shuffle folds"),
        ("test_file", "test_fraction split_column folds"),
        ("split_column", "test_fraction group folds"),
        ("folds", "test_fraction"),
    ];

    /// Checks everything that can be checked without data.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for a value that a field cannot have, [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) for fields that contradict
    /// each other.
    pub fn check(&self) -> Result<()> {
        self.check_values()?;
        let given = self.given()?;
        Self::CONFLICTS
            .iter()
            .filter(|(field, _)| given.contains_key(*field))
            .try_for_each(|pair| refuse(pair, &given))?;
        if self.optimizer != OptimizerName::Sgd && (self.momentum != 0.0 || self.nesterov) {
            let field = if self.nesterov { "nesterov" } else { "momentum" };
            return Err(Error::recipe(format!("`{field}` belongs to `optimizer` sgd, not to {}", self.optimizer)));
        }
        if self.nesterov && self.momentum == 0.0 {
            return Err(Error::recipe("`nesterov` needs `momentum`").with_help("add `momentum` 0.9"));
        }
        training::check(self, &Choices::before_reading(self))
    }

    /// Refuses the first value that its field cannot have.
    pub(super) fn check_values(&self) -> Result<()> {
        const COUNT: &str = "a whole number of at least 1";
        let counts = [
            ("hidden", self.hidden.iter().flatten().copied().min(), 1, "sizes of at least 1"),
            ("batch_size", self.batch_size, 1, COUNT),
            ("accumulate", self.accumulate, 1, COUNT),
            ("epochs", self.epochs, 1, COUNT),
            ("threads", self.threads, 1, COUNT),
            ("folds", self.folds, 2, "a whole number of at least 2"),
        ];
        for (field, count, least, expected) in counts {
            if let Some(count) = count.filter(|count| *count < least) {
                return Err(Error::invalid(field, expected, count));
            }
        }
        if let Some(shards) = self.shards.filter(|shards| !shards.is_power_of_two() || *shards > 1024) {
            return Err(Error::invalid("shards", "a power of two up to 1024", shards));
        }
        type Fits = fn(f64) -> bool;
        let positive: (Fits, _) = (|x| x > 0.0, "a positive number");
        let not_negative: (Fits, _) = (|x| x >= 0.0, "0 or a positive number");
        let below_one: (Fits, _) = (|x| (0.0..1.0).contains(&x), "a number from 0 to less than 1");
        let numbers = [
            ("learning_rate", self.learning_rate, positive),
            ("momentum", Some(self.momentum), below_one),
            ("weight_decay", self.weight_decay, not_negative),
            ("clip_norm", Some(self.clip_norm), not_negative),
            ("clip_layer_norm", Some(self.clip_layer_norm), not_negative),
            ("test_fraction", self.test_fraction, below_one),
            ("validation_fraction", self.validation_fraction, below_one),
        ];
        for (field, number, (fits, expected)) in numbers {
            if let Some(number) = number.filter(|x| !x.is_finite() || !fits(*x)) {
                return Err(Error::invalid(field, expected, number));
            }
        }
        Ok(())
    }

    /// Refuses what a model to go on from has already.
    pub(super) fn check_goes_on(&self) -> Result<()> {
        refuse(&Self::CONFLICTS[0], &self.given()?)
    }

    /// The fields whose values are not the default ones.
    fn given(&self) -> Result<Map<String, Value>> {
        let usual = Recipe::default().fields()?;
        Ok(self.fields()?.into_iter().filter(|(field, value)| usual.get(field) != Some(value)).collect())
    }
}

/// Refuses fields that are given beside the first one.
fn refuse((field, others): &(&str, &str), given: &Map<String, Value>) -> Result<()> {
    match others.split(' ').find(|other| given.contains_key(*other)) {
        Some(other) => Err(Error::recipe(format!("`{field}` cannot be used with `{other}`"))),
        None => Ok(()),
    }
}
