//! Weights of rows and classes.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::parts::Parts;
use super::plan::Plan;
use super::recipe::Recipe;
use super::task::Task;
use crate::data::Dataset;
use crate::error::{DataProblem, Error, Result};
use crate::text::{as_read, escaped};
use crate::words::did_you_mean;

const EXPECTED: &str = "expected balanced, or LABEL:WEIGHT separated by commas, such as spam:5,ham:1";
/// The most labels that an error lists.
const SHOWN: usize = 12;

/// The weights of the classes in the loss.
///
/// ```
/// use mfnet::fit::ClassWeight;
/// let weights: ClassWeight = "spam:5,10:30:0.5".parse()?;
/// assert_eq!(weights.to_string(), "10:30:0.5,spam:5");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Form", from = "Form")]
pub enum ClassWeight {
    /// The same total weight for each class: [`Dataset::balanced_class_weights`] of the training
    /// rows.
    Balanced,
    /// A weight for each label; 1 for labels that are not listed.
    Given(BTreeMap<String, f64>),
}

/// The form in a recipe.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected balanced, or a table with a weight for each label such as { spam = 5 }")]
enum Form {
    Word(Word),
    Table(BTreeMap<String, f64>),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Balanced,
}

impl From<ClassWeight> for Form {
    fn from(weights: ClassWeight) -> Self {
        match weights {
            ClassWeight::Balanced => Form::Word(Word::Balanced),
            ClassWeight::Given(weights) => Form::Table(weights),
        }
    }
}

impl From<Form> for ClassWeight {
    fn from(form: Form) -> Self {
        match form {
            Form::Word(Word::Balanced) => ClassWeight::Balanced,
            Form::Table(weights) => ClassWeight::Given(weights),
        }
    }
}

/// Parses the form of the command line: the last colon of each part precedes the weight.
impl FromStr for ClassWeight {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if text.trim() == "balanced" {
            return Ok(ClassWeight::Balanced);
        }
        let mut weights = BTreeMap::new();
        for part in text.split(',') {
            let (label, weight) = part.rsplit_once(':').ok_or_else(|| match part.rsplit_once('=') {
                Some((label, weight)) => format!("{EXPECTED}; write {}:{}", label.trim(), weight.trim()),
                None => EXPECTED.to_owned() + &did_you_mean(&["balanced".to_owned()], part),
            })?;
            let (label, weight) = (label.trim().to_owned(), weight.trim());
            let number = weight.parse().ok().filter(|x| is_weight(*x));
            let number = number.ok_or_else(|| {
                format!("expected 0 or a positive number as the weight of {label:?}, found {weight:?}")
            })?;
            if weights.insert(label.clone(), number).is_some() {
                return Err(format!("expected one weight for {label:?}, found two"));
            }
        }
        Ok(ClassWeight::Given(weights))
    }
}

impl Display for ClassWeight {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            ClassWeight::Balanced => f.write_str("balanced"),
            ClassWeight::Given(weights) => {
                let parts: Vec<String> = weights.iter().map(|(label, weight)| format!("{label}:{weight}")).collect();
                f.write_str(&parts.join(","))
            }
        }
    }
}

impl ClassWeight {
    /// Returns an error for an invalid weight.
    pub(super) fn check(&self) -> Result<()> {
        let ClassWeight::Given(weights) = self else { return Ok(()) };
        match weights.iter().find(|(_, weight)| !is_weight(**weight)) {
            Some((label, weight)) => {
                Err(Error::invalid("class_weight", format!("0 or a positive number for {label:?}"), weight))
            }
            None => Ok(()),
        }
    }

    /// Returns an error unless the data have classes, and those that are listed.
    pub(super) fn check_classes(&self, data: &Dataset) -> Result<()> {
        let (labels, target) = (data.labels(), data.targets().columns().join(", "));
        if labels.is_empty() {
            let task = super::names::Task::of(data.targets());
            let message =
                format!("`class_weight` needs one class for each row, but {target} is the target of a {}", task.noun());
            let help = match task {
                super::names::Task::MultiLabel => "leave `class_weight` out",
                _ => "leave `class_weight` out, or choose `task` classification",
            };
            return Err(Error::recipe(message).with_help(help));
        }
        let ClassWeight::Given(weights) = self else { return Ok(()) };
        if let Some(label) = weights.keys().find(|label| !labels.contains(label)) {
            let (similar, shown) = (did_you_mean(labels, label), labels[..labels.len().min(SHOWN)].join(", "));
            let more = if labels.len() > SHOWN { format!(", … ({} in all)", labels.len()) } else { String::new() };
            let message = format!("`class_weight`: {target} has no class {label:?}{similar}");
            return Err(Error::recipe(message).with_help(format!("the classes are {shown}{more}")));
        }
        match labels.iter().all(|label| weights.get(label) == Some(&0.0)) {
            true => Err(Error::recipe("`class_weight` gives every class the weight 0")
                .with_help("give at least one class a positive weight")),
            false => Ok(()),
        }
    }

    /// The weight of each class of the training rows.
    fn of(&self, train: &Dataset) -> Vec<f64> {
        match self {
            ClassWeight::Balanced => train.balanced_class_weights(),
            ClassWeight::Given(weights) => {
                train.labels().iter().map(|label| weights.get(label).copied().unwrap_or(1.0)).collect()
            }
        }
    }
}

fn is_weight(x: f64) -> bool {
    x >= 0.0 && x.is_finite()
}

impl Parts {
    /// Adds class weights to the rows. Returns an error if all rows of a part have weight 0.
    pub(super) fn weighted(mut self, task: &Task) -> Result<Self> {
        let Recipe { sample_weight, class_weight, .. } = &task.recipe;
        for (part, row) in
            [(&self.train, "training row"), (&self.validation, "validation row"), (&self.test, "test row")]
        {
            if let (Some(column), Some(weights)) = (sample_weight, part.weights())
                && part.samples() > 0
                && weights.iter().all(|weight| *weight == 0.0)
            {
                return Err(Error::in_column(part.name(), column, DataProblem::NoWeight(row)));
            }
        }
        if let Some(of_classes) = class_weight {
            let of_classes = of_classes.of(&self.train);
            for part in [&mut self.train, &mut self.validation, &mut self.test] {
                *part = part.clone().with_class_weights(of_classes.clone())?;
            }
            for (part, rows) in [(&self.train, "training"), (&self.validation, "validation")] {
                if part.samples() > 0 && part.check_weights().is_err() {
                    let message = format!("`class_weight` gives every {rows} row the weight 0");
                    return Err(Error::recipe(message).with_help("give more classes a positive weight"));
                }
            }
        }
        Ok(self)
    }
}

impl Plan {
    /// The weight of each class in the loss, by label; `None` if all weights are 1.
    pub(super) fn class_weights(&self) -> Option<BTreeMap<String, f64>> {
        let train = &self.parts.train;
        train.class_weights().map(|weights| train.labels().iter().cloned().zip(weights.iter().copied()).collect())
    }

    /// Describes the weights of rows and classes in a line, for one fit or several folds.
    pub(super) fn weights_line(&self, folds: usize) -> Option<String> {
        let Recipe { sample_weight, class_weight, .. } = &self.task.recipe;
        let rows = sample_weight.as_ref().map(|column| format!("row weights from column {}", escaped(column)));
        let classes = class_weight.as_ref().map(|class_weight| match class_weight {
            ClassWeight::Balanced if folds > 1 => "balanced class weights in the loss".to_owned(),
            _ => {
                let weights: Vec<_> = self.class_weights().into_iter().flatten().collect();
                let shown = weights
                    .iter()
                    .take(SHOWN)
                    .map(|(label, weight)| format!("{}: {}", escaped(label), as_read(*weight)));
                let more = if weights.len() > SHOWN { ", …" } else { "" };
                let shown: Vec<String> = shown.collect();
                let balanced = if *class_weight == ClassWeight::Balanced { " (balanced)" } else { "" };
                format!("class weights in the loss{balanced}: {}{more}", shown.join(", "))
            }
        });
        let all: Vec<String> = rows.into_iter().chain(classes).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
