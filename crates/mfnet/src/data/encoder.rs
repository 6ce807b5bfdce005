use std::collections::HashMap;

use mfnet_table::ColumnKind;
use serde::{Deserialize, Serialize};

use super::coded::{Code, Scale};

/// The largest number of levels of a category that get a feature of their own.
const MOST_LEVELS: usize = 200;
/// A level is rare if fewer than one row in this many has it, or only one row.
const RARE: usize = 1000;

/// How a column of inputs becomes features, learned from training samples only.
///
/// ```text
/// number     x                                                        then scaled
/// boolean    0 or 1
/// date       days                                                     then scaled
///            sin and cos of 2π days/365.2425, 2π days/7, and 2π days if there are times of day
/// category   for each level 1 or 0; others together                   one-hot
/// missing    the median (a boolean: the more frequent value), and a feature that is 1 where the value
///            is missing, if training rows had missing values; a category: a level of its own
/// ```
///
/// Rare and unknown levels share one feature. A level is rare if fewer than a thousandth of the
/// training rows have it, or only one row, or if 200 levels are more frequent. If training had no
/// rare levels, an unknown level is 0 in all features, as in scikit-learn's
/// `OneHotEncoder(handle_unknown="infrequent_if_exist")`.
///
/// ```
/// use mfnet::data::Encoder;
/// let category =
///     Encoder::Category { levels: vec!["Oslo".into(), "Rome".into()], others: true, missing: false };
/// assert_eq!(category.names("city"), ["city=Oslo", "city=Rome", "city other"]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Encoder {
    /// A number.
    Number {
        /// The median, which replaces missing values.
        fill: f64,
        /// Whether one more feature marks missing values.
        missing: bool,
    },
    /// A boolean.
    Boolean {
        /// 0 or 1, which replaces missing values.
        fill: f64,
        /// Whether one more feature marks missing values.
        missing: bool,
    },
    /// A date.
    Date {
        /// The median, which replaces missing values.
        fill: f64,
        /// Whether one more feature marks missing values.
        missing: bool,
        /// Whether the training dates had times of day.
        times: bool,
    },
    /// A category.
    Category {
        /// The levels that have a feature of their own.
        levels: Vec<String>,
        /// Whether one more feature stands for all other levels.
        others: bool,
        /// Whether one more feature marks missing values.
        missing: bool,
    },
}

impl Encoder {
    /// Whether a feature marks missing values, because the training samples had some.
    pub(crate) fn marks_missing(&self) -> bool {
        match self {
            Encoder::Number { missing, .. }
            | Encoder::Boolean { missing, .. }
            | Encoder::Date { missing, .. }
            | Encoder::Category { missing, .. } => *missing,
        }
    }

    /// Learns the encoder from the values of a column in training samples; NaN is a missing value.
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

    /// The kind of the column, in one word.
    pub fn kind(&self) -> &'static str {
        self.column_kind().name()
    }

    /// The kind of the column. A category's numbers are the indices of its levels.
    pub(crate) fn column_kind(&self) -> ColumnKind {
        match self {
            Encoder::Number { .. } => ColumnKind::Number,
            Encoder::Boolean { .. } => ColumnKind::Boolean,
            Encoder::Date { .. } => ColumnKind::Date,
            Encoder::Category { levels, .. } => ColumnKind::Category { levels: levels.clone() },
        }
    }

    /// Whether the first feature is scaled.
    pub fn is_scaled(&self) -> bool {
        matches!(self, Encoder::Number { .. } | Encoder::Date { .. })
    }

    /// The names of the features.
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

    /// Number of features.
    pub fn width(&self) -> usize {
        let (width, missing) = match self {
            Encoder::Number { missing, .. } | Encoder::Boolean { missing, .. } => (1, missing),
            Encoder::Date { times, missing, .. } => (1 + 2 * (2 + usize::from(*times)), missing),
            Encoder::Category { levels, others, missing } => (levels.len() + usize::from(*others), missing),
        };
        width + usize::from(*missing)
    }

    /// How numbers become features; `scale` gives the scale of the first feature if it is scaled.
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

    /// The function that converts numbers of a column of this `kind` into those that
    /// [`Encoder::code`] takes, or `None` if no conversion is needed. Text that is not a number
    /// counts as missing.
    pub(crate) fn numbers_of<'a>(&'a self, kind: &'a ColumnKind) -> Option<Box<dyn Fn(f64) -> f64 + 'a>> {
        if let Encoder::Category { levels, others, missing } = self {
            return Some(places(levels, *others, *missing, kind));
        }
        let own = self.column_kind();
        (*kind != own)
            .then(|| -> Box<dyn Fn(f64) -> f64> { Box::new(move |x| own.value(&kind.text(x)).unwrap_or(f64::NAN)) })
    }

    /// Whether [`Encoder::fit`] could have made this encoder.
    pub(crate) fn is_usable(&self) -> bool {
        match self {
            Encoder::Number { fill, .. } | Encoder::Boolean { fill, .. } | Encoder::Date { fill, .. } => {
                fill.is_finite()
            }
            Encoder::Category { .. } => true,
        }
    }
}

/// The function from a number of a column of this kind to the index of its level's feature;
/// negative if it has none.
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

/// The levels that get a feature of their own, and whether there are others.
fn common_levels(levels: &[String], present: &[f64], rows: usize) -> (Vec<String>, bool) {
    let mut counts = vec![0_usize; levels.len()];
    for x in present {
        if let Some(count) = counts.get_mut(*x as usize) {
            *count += 1;
        }
    }
    let enough = rows.div_ceil(RARE).max(2);
    let mut common: Vec<usize> = (0..levels.len()).filter(|i| counts[*i] >= enough).collect();
    // the most frequent levels; among equally frequent ones, the first
    common.sort_by_key(|i| (std::cmp::Reverse(counts[*i]), *i));
    common.truncate(MOST_LEVELS);
    common.sort_unstable();
    let of_common: usize = common.iter().map(|i| counts[*i]).sum();
    (common.into_iter().map(|i| levels[i].clone()).collect(), of_common < present.len())
}
