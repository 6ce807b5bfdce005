//! The parts of the data that a model was trained on.

use mfnet::fit::Source;
use mfnet::text::counted;
use mfnet::{Dataset, Model, Seed};

use crate::args::{Part, word};
use crate::failure::Failure;
use crate::output::message;

/// Some rows of the data.
pub(crate) struct Rows {
    pub(crate) part: Part,
    /// All data.
    pub(crate) data: Dataset,
    /// Their indices in the data; `None` for all rows.
    pub(crate) indices: Option<Vec<usize>>,
}

impl Rows {
    /// The rows of the part that is asked for; if none is, the test rows if the model was trained
    /// on these data and has any, otherwise all rows.
    pub(crate) fn of(model: &Model, source: &Source, data: Dataset, asked: Option<Part>) -> Result<Self, Failure> {
        let all = |data| Ok(Rows { part: Part::All, data, indices: None });
        let same = model.training.data.as_deref() == Some(&source.digest());
        let Some(split) = model.training.split.as_ref().filter(|split| same && split.is_repeatable()) else {
            return match asked {
                None | Some(Part::All) => all(data),
                Some(part) => Err(unknown_split(model, source, part, same)),
            };
        };
        let data = source.marked(data, &split.by)?;
        if asked == Some(Part::All) {
            return all(data);
        }
        let (train, validation, test) = data.split_indices(split.by.clone(), Seed(split.seed))?;
        let (part, indices) = match asked {
            Some(Part::Train) => (Part::Train, train),
            Some(Part::Validation) => (Part::Validation, validation),
            None if test.is_empty() => return all(data),
            _ => (Part::Test, test),
        };
        if indices.is_empty() {
            return Err(Failure::work(format!("{}: the model was trained without {} rows", source.name(), word(part))));
        }
        Ok(Rows { part, data, indices: Some(indices) })
    }

    /// The data of these rows.
    pub(crate) fn select(self) -> Result<(Part, Dataset), Failure> {
        Ok(match self.indices {
            Some(indices) => (self.part, self.data.select(&indices)?),
            None => (self.part, self.data),
        })
    }
}

/// If the model was trained without the rows that have no target, the rows that have one. Prints a
/// message about the others.
pub(crate) fn with_target(source: Source, model: &Model) -> Result<Source, Failure> {
    if !model.training.skips_missing_target() {
        return Ok(source);
    }
    let (source, skipped) = source.with_target(model.target().columns())?;
    if skipped > 0 {
        message(&format!("left out: {} without a target, as in training", counted(skipped, "row")));
    }
    Ok(source)
}

/// Refuses a part of data that the model was not trained on.
pub(crate) fn check_is_same(model: &Model, source: &Source, part: Part) -> Result<(), Failure> {
    let same = model.training.data.as_deref() == Some(&source.digest());
    if same { Ok(()) } else { Err(unknown_split(model, source, part, same)) }
}

/// The error for a part of data whose split is not known.
fn unknown_split(model: &Model, source: &Source, part: Part, same: bool) -> Failure {
    let needs = format!("--part {} needs the data that the model was trained on", word(part));
    let why = if same {
        "the model was trained on this data, but this version does not know its split"
    } else if model.training.earlier_data.contains(&source.digest()) {
        "the model was trained on this data and then on other data, so its split is no longer known"
    } else {
        "this is other data"
    };
    Failure::work(format!("{}: {needs}", source.name())).help(format!("{why}; leave --part out to use all rows"))
}
