//! What a checkpoint of a fit says about it, so that only the same fit continues from it.

use mfnet_table::file::hexadecimal;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::plan::Plan;
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

    /// Returns an error if the checkpoint is of another fit.
    pub(super) fn check_resumes(&self, checkpoint: &Checkpoint) -> Result<()> {
        let (here, there) = (self.identity()?, &checkpoint.about()[PLAN]);
        match here.iter().find(|(name, here)| there[name.as_str()] != **here) {
            None => Ok(()),
            Some((name, here)) => Err(ErrorKind::OtherTraining {
                path: checkpoint.path().to_owned(),
                what: name.clone(),
                there: word(&there[name.as_str()]),
                here: word(here),
            }
            .into()),
        }
    }
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
