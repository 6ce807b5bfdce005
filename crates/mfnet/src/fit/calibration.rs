//! What a model learns about classes from the validation rows after the training: a temperature, a
//! threshold.

use super::plan::Plan;
use super::task::Task;
use crate::data::Targets;
use crate::error::{Error, Result};
use crate::model::Model;

impl Plan {
    /// Learns what the recipe asks for. [`check`] has refused what cannot be.
    pub(super) fn calibrate(&self, model: &mut Model) -> Result<()> {
        let (recipe, validation) = (&self.task.recipe, &self.parts.validation);
        if recipe.calibrate {
            model.learn_temperature(validation)?;
        }
        if let Some(rule) = recipe.threshold {
            model.learn_operating_point(self.rarer_class(), rule, validation)?;
        }
        Ok(())
    }

    /// Of two classes, the one with fewer rows in the data; the second if both have as many. That of the
    /// model of a warm start stays.
    pub(crate) fn rarer_class(&self) -> usize {
        if let Some(point) = self.task.start.as_ref().and_then(Model::operating_point) {
            return point.class;
        }
        let Targets::Classes { indices, .. } = self.task.data.targets() else { return 1 };
        let of_first = indices.iter().filter(|class| **class == 0).count();
        usize::from(2 * of_first >= indices.len())
    }
}

/// Refuses a temperature and a threshold that the data cannot have.
pub(super) fn check(task: &Task, validates: bool) -> Result<()> {
    let (recipe, classes) = (&task.recipe, task.data.classes());
    let needs_rows = recipe.threshold.is_some_and(|rule| rule.needs_rows());
    let field = match (recipe.calibrate, recipe.threshold.is_some()) {
        (true, _) => "calibrate",
        (_, true) => "threshold",
        _ => return Ok(()),
    };
    if classes == 0 {
        let message = format!("`{field}` needs classes, but the task is a {}", task.kind().noun());
        return Err(Error::recipe(message).with_help(format!("leave `{field}` out")));
    }
    if recipe.threshold.is_some() && classes != 2 {
        let message = format!("`threshold` works with two classes, but the target has {classes}");
        return Err(Error::recipe(message).with_help("leave `threshold` out: the most probable class is predicted"));
    }
    if !validates && (recipe.calibrate || needs_rows) {
        let what = match recipe.threshold.filter(|_| !recipe.calibrate) {
            Some(rule) => format!("`threshold` {rule}"),
            None => "`calibrate`".to_owned(),
        };
        let message = format!("{what} needs validation rows, but there are none");
        return Err(Error::recipe(message).with_help("give a `validation_fraction`, such as 0.1"));
    }
    Ok(())
}
