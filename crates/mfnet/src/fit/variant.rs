//! Other settings for the same rows, as a search tries them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::choices::Choices;
use super::plan::Plan;
use super::recipe::Recipe;
use crate::error::{Error, Result};
use crate::words::did_you_mean;

impl Recipe {
    /// The fields that [`Plan::with_recipe`] may change: those of the network and its training, not
    /// those of the data and their split.
    pub const SEARCHABLE: [&str; 35] = [
        "hidden",
        "activation",
        "dropout",
        "dropout_schedule",
        "input_noise",
        "norm",
        "residual",
        "layers",
        "embeddings",
        "scale",
        "loss",
        "label_smoothing",
        "label_smoothing_schedule",
        "optimizer",
        "learning_rate",
        "schedule",
        "warmup",
        "momentum",
        "nesterov",
        "weight_decay",
        "weight_decay_schedule",
        "decay_biases",
        "l1",
        "max_norm",
        "clip_norm",
        "clip_layer_norm",
        "batch_size",
        "accumulate",
        "epochs",
        "early_stopping",
        "min_delta",
        "mixup",
        "average",
        "groups",
        "dtype",
    ];

    /// Why a field is not one of [`Recipe::SEARCHABLE`]; `None` if it is.
    pub(crate) fn not_searchable(field: &str) -> Option<String> {
        let is_field = || Recipe::default().fields().is_ok_and(|fields| fields.contains_key(field));
        match field {
            known if Self::SEARCHABLE.contains(&known) => None,
            _ if is_field() => {
                Some(format!("{field} cannot be searched: only settings of the network and its training can"))
            }
            _ => {
                let known = Self::SEARCHABLE.map(str::to_owned);
                Some(format!("there is no setting {field}{}", did_you_mean(&known, field)))
            }
        }
    }
}

impl Plan {
    /// The fields that the recipe of this plan sets.
    pub(crate) fn given(&self) -> Result<Map<String, Value>> {
        self.task.recipe.given()
    }

    /// Number of target columns.
    pub(super) fn targets(&self) -> usize {
        self.task.data.targets().columns().len()
    }

    /// Number of training rows.
    pub(crate) fn training_rows(&self) -> usize {
        self.parts.train.samples()
    }

    /// Whether the features are pixels, which keep their scale.
    pub(crate) fn has_pixels(&self) -> bool {
        self.parts.train.holds_bytes()
    }

    /// A plan with other settings for the same rows; reads no file. The recipe may differ from
    /// [`Plan::recipe`] in the fields of [`Recipe::SEARCHABLE`] and in `threads`.
    ///
    /// ```
    /// use mfnet::Recipe;
    /// use mfnet::data::BUILT_IN;
    /// use mfnet::fit::Plan;
    /// let plan = Plan::new(BUILT_IN[0].table()?, &Recipe::default())?;
    /// let wide = plan.with_recipe(&Recipe { hidden: Some(vec![2048]), ..plan.recipe() })?;
    /// assert_eq!(wide.recipe().epochs, plan.recipe().epochs);
    /// assert!(plan.with_recipe(&Recipe { split_seed: Some(1), ..plan.recipe() }).is_err());
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) for another field, and as [`Plan::new`]
    /// for settings that do not fit each other or the rows.
    pub fn with_recipe(&self, recipe: &Recipe) -> Result<Self> {
        let (of_plan, fields) = (self.recipe().fields()?, recipe.fields()?);
        let may_differ = |field: &str| field == "threads" || Recipe::SEARCHABLE.contains(&field);
        let other = fields.iter().find(|(field, value)| !may_differ(field) && of_plan.get(*field) != Some(*value));
        if let Some((field, _)) = other {
            return Err(Error::recipe(format!("`{field}` of a plan cannot change")));
        }
        recipe.check()?;
        if self.task.start.is_some() {
            recipe.check_goes_on()?;
        }
        let task = Arc::new(self.task.with_recipe(recipe)?);
        let choices = Choices::new(recipe, &self.parts.train, self.validates());
        Self::with(&task, &self.parts, choices)
    }
}
