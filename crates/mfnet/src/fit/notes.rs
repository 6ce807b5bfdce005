//! What to know about the data before a training: notes for people.

mod copies;
mod far;

pub(super) use copies::is_many;

use std::collections::HashSet;

use mfnet_table::{is_missing, quoted, shortest};

use super::plan::Plan;
use crate::data::{Dataset, SplitBy, Targets};
use crate::text::{columns, counted, escaped};
use crate::train::Averaging;

/// In fewer training rows, a feature may tell the target by chance.
const ENOUGH: usize = 20;
/// The most columns to name.
const MOST: usize = 4;
/// What stands between labels in a list.
const SEPARATORS: [char; 3] = ['|', ';', ','];
/// An average with more than this part of the first weights is worse than no average.
const SHARE_OF_START: f64 = 0.05;

/// The facts about the rows of a plan.
#[derive(Debug)]
pub(super) struct Findings {
    notes: Vec<Note>,
    /// Number of test rows that are equal to a training row.
    pub(super) copies: usize,
}

/// A note on one line, and whether a result without it would mislead.
#[derive(Debug)]
pub(super) struct Note {
    text: String,
    misleads: bool,
}

impl Note {
    fn new(text: impl AsRef<str>) -> Self {
        Note { text: escaped(text.as_ref()).into_owned(), misleads: false }
    }

    /// Without this note, the result would mislead.
    fn of_doubt(text: impl AsRef<str>) -> Self {
        Note { misleads: true, ..Note::new(text) }
    }
}

impl Plan {
    /// What is known before the training and may spoil its result, a sentence for each fact:
    /// outliers, rows that stand in two parts, classes without rows in a part, rows in the order of
    /// a date.
    pub fn notes(&self) -> Vec<String> {
        self.findings().notes.iter().map(|note| note.text.clone()).collect()
    }

    /// The notes without which the result would mislead.
    pub fn doubts(&self) -> Vec<String> {
        self.findings().notes.iter().filter(|note| note.misleads).map(|note| note.text.clone()).collect()
    }

    /// The notes of all folds of a cross-validation. A note about one fold begins with its number.
    pub fn notes_of(folds: &[Plan]) -> Vec<String> {
        of_folds(folds, Plan::notes)
    }

    /// As [`Plan::doubts`], for all folds of a cross-validation.
    pub fn doubts_of(folds: &[Plan]) -> Vec<String> {
        of_folds(folds, Plan::doubts)
    }

    pub(super) fn findings(&self) -> &Findings {
        self.findings.get_or_init(|| {
            let mut notes = far::notes(self);
            let (copies, of_copies) = copies::notes(self);
            notes.extend(of_copies);
            notes.extend(self.missing_as_classes());
            notes.extend(self.lists_as_classes());
            notes.extend(self.like_the_target());
            notes.extend(self.absent_classes());
            notes.extend(self.in_order_of_time());
            notes.extend(self.of_short_average());
            Findings { notes, copies }
        })
    }

    /// The parts with their names: training, validation, test.
    fn named_parts(&self) -> [(&'static str, &Dataset); 3] {
        let parts = &self.parts;
        [("training", &parts.train), ("validation", &parts.validation), ("test", &parts.test)]
    }

    /// Features that determine the target: equal to it, or with one value for each class.
    fn like_the_target(&self) -> Vec<Note> {
        let train = &self.parts.train;
        if train.holds_bytes() || self.task.start.is_some() || train.samples() < ENOUGH {
            return Vec::new();
        }
        let features = train.stored_inputs();
        let is_like = |i: &usize| match train.targets() {
            Targets::Values { columns, values } if columns.len() == 1 => {
                features.samples.feature(*i).zip(values.feature(0)).all(|(x, y)| x == y)
            }
            Targets::Labels { truth, .. } => (0..truth.features())
                .filter(|label| truth.feature(*label).any(|y| y == 0.0) && truth.feature(*label).any(|y| y == 1.0))
                .any(|label| features.samples.feature(*i).zip(truth.feature(label)).all(|(x, y)| x == y)),
            Targets::Values { .. } => false,
            Targets::Classes { labels, indices, .. } => {
                let mut of_class = vec![None; labels.len()];
                let mut fits = |(class, x): (&usize, f64)| *of_class[*class].get_or_insert(x) == x;
                indices.iter().zip(features.samples.feature(*i)).all(&mut fits) && {
                    let values: HashSet<u64> = of_class.iter().flatten().map(|x| x.to_bits()).collect();
                    values.len() == of_class.iter().flatten().count() && values.len() > 1
                }
            }
        };
        let note = |i: usize| {
            let name = &features.names[i];
            Note::new(format!(
                "column {name:?} tells the target of every training row; if you do not know it before you predict, use `drop` {}",
                quoted(name)
            ))
        };
        (0..features.names.len()).filter(is_like).take(MOST).map(note).collect()
    }

    /// Classes whose labels usually stand for missing values, such as NA.
    fn missing_as_classes(&self) -> Vec<Note> {
        let (labels, what) = match self.task.data.targets() {
            Targets::Classes { labels, .. } => (labels, "class"),
            Targets::Labels { labels, separator: Some(_), .. } => (labels, "label"),
            _ => return Vec::new(),
        };
        if self.task.start.is_some() {
            return Vec::new();
        }
        let note = |label: &String| {
            Note::of_doubt(format!(
                "{label:?} is a {what} of the target; if it is a missing value, use `missing` {}",
                quoted(label)
            ))
        };
        labels.iter().filter(|label| is_missing(label)).map(note).collect()
    }

    /// Classes that look like lists of labels: most parts between separators stand in several of them.
    fn lists_as_classes(&self) -> Option<Note> {
        let Targets::Classes { labels, .. } = self.task.data.targets() else { return None };
        if self.task.start.is_some() || self.task.recipe.task.is_some() {
            return None;
        }
        let is_list = |separator: &char| {
            let lists = labels.iter().filter(|label| label.contains(*separator)).count();
            let parts: HashSet<&str> = labels.iter().flat_map(|label| label.split(*separator)).map(str::trim).collect();
            lists >= 2 && 2 * lists >= labels.len() && parts.len() < labels.len()
        };
        let separator = SEPARATORS.into_iter().find(is_list)?;
        Some(Note::new(format!(
            "the classes look like lists with {separator:?} between labels; if a row may have several labels, use \
             `task` multi-label and `label_separator` {}",
            quoted(&separator.to_string())
        )))
    }

    /// Classes without rows in a part that has rows.
    fn absent_classes(&self) -> Vec<Note> {
        let of_part = |(part, data): (&str, &Dataset)| {
            if data.samples() == 0 {
                return None;
            }
            let (labels, has, words) = match data.targets() {
                Targets::Classes { labels, indices, .. } => {
                    let mut has = vec![false; labels.len()];
                    indices.iter().for_each(|class| has[*class] = true);
                    (labels, has, ["class", "classes"])
                }
                Targets::Labels { labels, truth, .. } => {
                    let has = (0..labels.len()).map(|label| truth.feature(label).any(|y| y == 1.0));
                    (labels, has.collect(), ["label", "labels"])
                }
                Targets::Values { .. } => return None,
            };
            let absent: Vec<&str> =
                labels.iter().zip(has).filter(|(_, has)| !has).map(|(label, _)| label.as_str()).collect();
            let (classes, have, them) = match absent.len() {
                0 => return None,
                1 => (words[0], "has", "it"),
                _ => (words[1], "have", "them"),
            };
            let so = match part {
                "training" => format!(", so the network cannot learn to predict {them}"),
                "test" => format!(", so the test scores say nothing about {them}"),
                _ => String::new(),
            };
            let text = format!("{classes} {} {have} no {part} rows{so}", columns::listed(&absent));
            Some(if part == "validation" { Note::new(text) } else { Note::of_doubt(text) })
        };
        self.named_parts().into_iter().filter_map(of_part).collect()
    }

    /// Says that the rows are in the order of a date, if they are split at random.
    /// An average of too few weights: it still holds the first ones, or it is none.
    fn of_short_average(&self) -> Option<Note> {
        let (epochs, average) = (self.choices.epochs, self.task.recipe.average?);
        match average {
            Averaging::Exponential { decay } => {
                let batches = self.parts.train.samples().div_ceil(self.choices.batch_size);
                let steps = epochs.saturating_mul(batches.div_ceil(self.task.recipe.accumulate.unwrap_or(1).max(1)));
                let share = decay.powf(steps.saturating_sub(1) as f64);
                (share > SHARE_OF_START).then(|| {
                    Note::of_doubt(format!(
                        "after {}, `average` {average} still has {:.0} % of the first weights: use a smaller decay, such \
                         as ema:{}, or more `epochs`",
                        counted(steps, "step"),
                        100.0 * share,
                        shortest(significant_decay(steps))
                    ))
                })
            }
            Averaging::Stochastic { start } => {
                let averaged = (1..=epochs).filter(|epoch| *epoch as f64 > start * epochs as f64).count();
                (averaged < 2).then(|| {
                    Note::new(format!(
                        "`average` {average} has the weights of {} only: use more `epochs`, or an earlier start",
                        if averaged == 0 { "no epoch" } else { "the last epoch" }
                    ))
                })
            }
        }
    }

    fn in_order_of_time(&self) -> Option<Note> {
        let is_random =
            matches!(self.parts.split.by, SplitBy::Fractions(_) | SplitBy::Groups { .. } | SplitBy::Fold { .. });
        let column = self.task.time.as_ref().filter(|_| is_random && self.task.test.is_none())?;
        let test = self.parts.test.samples();
        (test > 0).then(|| {
            Note::new(format!(
                "the rows are in the order of the date column {column:?}, and the {} were drawn at random from all times: rows of \
                 a later time may be harder to predict; to test on the last rows, use `time` {}",
                counted(test, "test row"),
                quoted(column)
            ))
        })
    }
}

/// A decay of an exponential average that forgets the first weights in so many steps.
fn significant_decay(steps: usize) -> f64 {
    let decay = 1.0 - 10.0 / steps.max(20) as f64;
    (decay * 1000.0).floor() / 1000.0
}

/// The notes of each fold. A note that is the same for all folds is said once.
fn of_folds(folds: &[Plan], notes: impl Fn(&Plan) -> Vec<String>) -> Vec<String> {
    let all: Vec<Vec<String>> = folds.iter().map(notes).collect();
    let is_common = |note: &String| all.iter().all(|notes| notes.contains(note));
    let common = all.first().into_iter().flatten().filter(|note| is_common(note)).cloned();
    let of_one = (1..).zip(&all).flat_map(|(fold, notes)| {
        notes.iter().filter(|note| !is_common(note)).map(move |note| format!("fold {fold}: {note}"))
    });
    common.chain(of_one).collect()
}
