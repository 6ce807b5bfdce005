use std::collections::HashMap;

use mfnet_table::ColumnKind;
use serde::{Deserialize, Serialize};

use super::coded::{Code, Scale};

/// The most levels of a category that get a feature of their own.
const MOST_LEVELS: usize = 200;
/// A level is rare if it has fewer rows than one in so many, or one row alone.
const RARE: usize = 1000;

/// What becomes of a column of inputs before a network sees it, learned from training samples alone.
///
/// ```text
/// number     x                                                        then scaled
/// boolean    0 or 1
/// date       days                                                     then scaled
///            sin and cos of 2π days/365.2425, 2π days/7, and 2π days if there are times of day
/// category   for each level 1 or 0; others together                   one-hot
/// missing    the median (a boolean: what is more frequent), and a feature that is 1 there and 0 elsewhere if there were some in training;
///            of a category a level of its own
/// ```
///
/// A level with fewer than a thousandth of the training rows, or one alone, is one of the others; so is one that was not there. Where there were no others in
/// training, such a level is 0 in all features, as in scikit-learn's `OneHotEncoder(handle_unknown="infrequent_if_exist")`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Encoder {
    /// A quantity.
    Number {
        /// The median, for missing values.
        fill: f64,
        /// Whether there is a feature that says where one was missing.
        missing: bool,
    },
    /// A truth value.
    Boolean {
        /// 0 or 1, for missing values.
        fill: f64,
        /// As for numbers.
        missing: bool,
    },
    /// A date.
    Date {
        /// The median, for missing values.
        fill: f64,
        /// As for numbers.
        missing: bool,
        /// Whether there were times of day.
        times: bool,
    },
    /// A category.
    Category {
        /// The levels that have a feature of their own.
        levels: Vec<String>,
        /// Whether there is a feature for all other levels.
        others: bool,
        /// Whether there is one for missing values.
        missing: bool,
    },
}

impl Encoder {
    /// For a column with these values, of training samples. NaN for missing ones.
    pub(super) fn fit(kind: &ColumnKind, values: &[f64]) -> Self {
        let mut present: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        let rows = values.len();
        let missing = present.len() < rows;
        if let ColumnKind::Category { levels } = kind {
            let (levels, others) = common_levels(levels, &present, rows);
            return Encoder::Category { levels, others, missing };
        }
        present.sort_unstable_by(f64::total_cmp);
        let middle = |part: usize| present.get(part / 2).copied().unwrap_or(0.0);
        let (below, above) = (middle(present.len().saturating_sub(1)), middle(present.len()));
        let fill = below + (above - below) / 2.0;
        match kind {
            ColumnKind::Boolean => Encoder::Boolean { fill: fill.round(), missing },
            ColumnKind::Date => Encoder::Date { fill, missing, times: present.iter().any(|x| x.fract() != 0.0) },
            _ => Encoder::Number { fill, missing },
        }
    }

    /// The kind of column that it is for, in one word.
    pub fn kind(&self) -> &'static str {
        self.column_kind().name()
    }

    /// The kind of column that it reads: a category's numbers are those of its levels.
    pub(crate) fn column_kind(&self) -> ColumnKind {
        match self {
            Encoder::Number { .. } => ColumnKind::Number,
            Encoder::Boolean { .. } => ColumnKind::Boolean,
            Encoder::Date { .. } => ColumnKind::Date,
            Encoder::Category { levels, .. } => ColumnKind::Category { levels: levels.clone() },
        }
    }

    /// Whether its first feature is scaled.
    pub fn is_scaled(&self) -> bool {
        matches!(self, Encoder::Number { .. } | Encoder::Date { .. })
    }

    /// The names of its features.
    pub fn names(&self, column: &str) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Encoder::Number { .. } | Encoder::Boolean { .. } => vec![String::new()],
            Encoder::Date { times, .. } => {
                let cycles = ["year", "week", "day"].into_iter().take(2 + usize::from(*times));
                let cycles = cycles.flat_map(|name| [format!(" sin {name}"), format!(" cos {name}")]);
                std::iter::once(String::new()).chain(cycles).collect()
            }
            Encoder::Category { levels, others, .. } => {
                let levels = levels.iter().map(|level| format!("={level}"));
                levels.chain(others.then(|| " other".to_owned())).collect()
            }
        };
        let (Encoder::Number { missing, .. }
        | Encoder::Boolean { missing, .. }
        | Encoder::Date { missing, .. }
        | Encoder::Category { missing, .. }) = self;
        names.extend(missing.then(|| " missing".to_owned()));
        names.iter().map(|name| format!("{column}{name}")).collect()
    }

    /// How many features it makes.
    pub fn width(&self) -> usize {
        let (width, missing) = match self {
            Encoder::Number { missing, .. } | Encoder::Boolean { missing, .. } => (1, missing),
            Encoder::Date { times, missing, .. } => (1 + 2 * (2 + usize::from(*times)), missing),
            Encoder::Category { levels, others, missing } => (levels.len() + usize::from(*others), missing),
        };
        width + usize::from(*missing)
    }

    /// The features that its numbers become; what is scaled has this scale.
    pub(super) fn code(&self, scale: impl FnOnce() -> Scale) -> Code {
        match *self {
            Encoder::Number { fill, missing } => {
                let scale = scale();
                Code::Number { gap: scale.of(fill), scale: Some(scale), missing }
            }
            Encoder::Boolean { fill, missing } => Code::Number { scale: None, gap: fill, missing },
            Encoder::Date { fill, missing, times } => Code::Date { scale: scale(), fill, times, missing },
            Encoder::Category { .. } => Code::OneHot,
        }
    }

    /// What makes the numbers of a column of this kind those that [`Encoder::code`] takes; none if they are. A text that is no such number is missing.
    pub(crate) fn numbers_of<'a>(&'a self, kind: &'a ColumnKind) -> Option<Box<dyn Fn(f64) -> f64 + 'a>> {
        if let Encoder::Category { levels, others, missing } = self {
            return Some(places(levels, *others, *missing, kind));
        }
        let own = self.column_kind();
        (*kind != own)
            .then(|| -> Box<dyn Fn(f64) -> f64> { Box::new(move |x| own.value(&kind.text(x)).unwrap_or(f64::NAN)) })
    }

    /// Whether its numbers are such as [`Encoder::fit`] makes them.
    pub(crate) fn is_usable(&self) -> bool {
        match self {
            Encoder::Number { fill, .. } | Encoder::Boolean { fill, .. } | Encoder::Date { fill, .. } => {
                fill.is_finite()
            }
            Encoder::Category { .. } => true,
        }
    }
}

/// From a number of a column of this kind to the place of its level among the features, negative if it has none.
fn places<'a>(levels: &'a [String], others: bool, missing: bool, kind: &'a ColumnKind) -> Box<dyn Fn(f64) -> f64 + 'a> {
    let known: HashMap<&str, f64> = levels.iter().enumerate().map(|(i, level)| (level.as_str(), i as f64)).collect();
    let other = if others { levels.len() as f64 } else { -1.0 };
    let none = if missing { (levels.len() + usize::from(others)) as f64 } else { other };
    let place = move |level: &str| known.get(level).copied().unwrap_or(other);
    match kind {
        ColumnKind::Category { levels } => {
            let of_levels: Vec<f64> = levels.iter().map(|level| place(level)).collect();
            Box::new(move |x| if x.is_nan() { none } else { of_levels.get(x as usize).copied().unwrap_or(other) })
        }
        _ => Box::new(move |x| if x.is_nan() { none } else { place(&kind.text(x)) }),
    }
}

/// The levels that have a feature of their own, and whether there are others.
fn common_levels(levels: &[String], present: &[f64], rows: usize) -> (Vec<String>, bool) {
    let mut counts = vec![0_usize; levels.len()];
    for x in present {
        if let Some(count) = counts.get_mut(*x as usize) {
            *count += 1;
        }
    }
    let enough = rows.div_ceil(RARE).max(2);
    let mut common: Vec<usize> = (0..levels.len()).filter(|i| counts[*i] >= enough).collect();
    // the most frequent ones, the first of those that are as frequent
    common.sort_by_key(|i| (std::cmp::Reverse(counts[*i]), *i));
    common.truncate(MOST_LEVELS);
    common.sort_unstable();
    let of_common: usize = common.iter().map(|i| counts[*i]).sum();
    (common.into_iter().map(|i| levels[i].clone()).collect(), of_common < present.len())
}
