//! What a checkpoint of a fit says about it, so that only the same fit continues from it.

use mfnet_table::file::hexadecimal;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::plan::Plan;
use super::recipe::Recipe;
use crate::error::{ErrorKind, Result};
use crate::train::Checkpoint;

/// The parts of [`Checkpoint::about`]: the plan, and what the observer added.
const PLAN: &str = "plan";
const OBSERVER: &str = "observer";

impl Plan {
    /// What a checkpoint says about this fit, beside a value of the observer.
    pub(super) fn about(&self, observer: &Value) -> Result<Value> {
        Ok(json!({ PLAN: self.identity()?, OBSERVER: observer }))
    }

    /// What the observer added to a checkpoint of a fit.
    pub fn of_observer(checkpoint: &Checkpoint) -> &Value {
        &checkpoint.about()[OBSERVER]
    }

    /// Everything that the result depends on, by name: the recipe without the number of threads, the
    /// data, the rows of each part, and the model of the warm start.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] for a value that JSON cannot represent.
    pub fn identity(&self) -> Result<Map<String, Value>> {
        let mut identity = Map::new();
        for (field, value) in self.recipe().fields()?.into_iter().filter(|(field, _)| field != "threads") {
            identity.insert(format!("`{field}`"), value);
        }
        let task = &self.task;
        identity.insert("data".to_owned(), task.digest.clone().into());
        identity.insert("test file".to_owned(), task.test_digest.clone().into());
        let rows = [&self.parts.train_rows, &self.parts.validation_rows, &self.parts.test_rows];
        let rows: Vec<u8> = rows
            .iter()
            .flat_map(|rows| [rows.len()].into_iter().chain(rows.iter().copied()))
            .flat_map(|row| (row as u64).to_le_bytes())
            .collect();
        identity.insert("split".to_owned(), digest(&rows).into());
        let start = task.start.as_ref().map(|model| model.to_bytes().map(|bytes| digest(&bytes))).transpose()?;
        identity.insert("warm start".to_owned(), start.into());
        Ok(identity)
    }

    /// The name of the first part of [`Plan::identity`] that differs from the identity of another plan.
    ///
    /// # Errors
    /// As [`Plan::identity`].
    pub fn differs_from(&self, identity: &Value) -> Result<Option<String>> {
        let (here, usual) = (self.identity()?, Recipe::default().fields()?);
        Ok(difference(&here, identity, &usual).map(|(name, ..)| name.to_owned()))
    }

    /// Returns an error if the checkpoint is of another fit.
    pub(super) fn check_resumes(&self, checkpoint: &Checkpoint) -> Result<()> {
        let (here, usual) = (self.identity()?, Recipe::default().fields()?);
        match difference(&here, &checkpoint.about()[PLAN], &usual) {
            None => Ok(()),
            Some((name, here, there)) => Err(ErrorKind::OtherTraining {
                path: checkpoint.path().to_owned(),
                what: name.to_owned(),
                there: word(there),
                here: word(here),
            }
            .into()),
        }
    }
}

/// The first part of a plan that differs in a checkpoint, with both values. A field that the checkpoint
/// does not have, because an earlier version of the library wrote it, has its usual value.
fn difference<'a>(
    here: &'a Map<String, Value>,
    there: &'a Value,
    usual: &'a Map<String, Value>,
) -> Option<(&'a str, &'a Value, &'a Value)> {
    let usual = |name: &str| usual.get(name.trim_matches('`')).unwrap_or(&Value::Null);
    let values = |(name, here): (&'a String, &'a Value)| {
        let there = there.get(name).unwrap_or_else(|| usual(name));
        (name.as_str(), here, there)
    };
    here.iter().map(values).find(|(_, here, there)| here != there)
}

fn digest(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes), "")
}

/// A value as a message shows it.
fn word(value: &Value) -> String {
    match value {
        Value::Null => "not set".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_an_earlier_version_did_not_have() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let usual = map(json!({ "epochs": null, "warm_optimizer": false }));
        let there = json!({ "`epochs`": 3, "data": "abc" });
        let same = map(json!({ "`epochs`": 3, "`warm_optimizer`": false, "data": "abc", "test file": null }));
        assert_eq!(difference(&same, &there, &usual), None);
        let other = map(json!({ "`epochs`": 3, "`warm_optimizer`": true, "data": "abc" }));
        assert_eq!(difference(&other, &there, &usual), Some(("`warm_optimizer`", &json!(true), &json!(false))));
        let other = map(json!({ "`epochs`": null, "data": "abc" }));
        assert_eq!(difference(&other, &there, &usual), Some(("`epochs`", &Value::Null, &json!(3))));
    }
}
