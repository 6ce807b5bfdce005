/// Why data cannot be split.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitProblem {
    /// A part of the split has no rows.
    #[error("the {part} part would have no rows: its fraction is {fraction} of {rows} rows")]
    EmptyPart {
        /// "training", "validation", "test".
        part: &'static str,
        /// Number of rows.
        rows: usize,
        /// The requested fraction.
        fraction: f64,
    },
    /// A part would have no rows, because every class keeps a training row and has no more.
    #[error(
        "the {part} part would have no rows: each of the {classes} classes keeps a row for training, and there are only {rows} rows"
    )]
    RareClasses {
        /// "validation" or "test".
        part: &'static str,
        /// Number of rows.
        rows: usize,
        /// Number of classes.
        classes: usize,
        /// Whether the labels look like values rather than classes.
        like_values: bool,
    },
    /// The data set has no official split.
    #[error("the data set has no official split")]
    NoOfficialSplit,
    /// The samples do not have the "groups", "parts" or "times" of this column, which the split needs.
    #[error("the split needs the {0} of the column {1:?}, but the rows have none")]
    NotMarked(&'static str, String),
    /// Text that is not the name of a part, and the index of the sample unless the error has a line.
    #[error(
        "expected train, validation or test (or training, valid, val, dev, testing, holdout), found {}{}", found(.0), in_row(*.1)
    )]
    NotAPart(String, Option<usize>),
    /// A column of parts without a training row.
    #[error("expected at least one training row, found none")]
    NoTrainingPart,
    /// A sample has no group; its index unless the error has a line.
    #[error("expected a group, found an empty cell{}", in_row(*.0))]
    NoGroup(Option<usize>),
    /// A sample has no time; its index unless the error has a line.
    #[error("expected a time, found an empty cell{}", in_row(*.0))]
    NoTime(Option<usize>),
    /// A column of times that holds text.
    #[error("expected dates or numbers in the column of times, found {0:?}")]
    NotATime(String),
    /// Fewer groups than parts or folds.
    #[error("expected at least {needed} groups, one for each of the {needed} {what}, found {groups}")]
    FewGroups {
        /// Number of groups.
        groups: usize,
        /// "parts" or "folds".
        what: &'static str,
        /// Number of parts or folds.
        needed: usize,
    },
    /// A part would have no groups, because every group is the only one with some class.
    #[error(
        "the {part} part would have no rows: each class keeps a group for training, so none of the {groups} groups is left"
    )]
    NoGroupToSpare {
        /// "validation" or "test".
        part: &'static str,
        /// Number of groups.
        groups: usize,
    },
    /// Fewer rows than folds.
    #[error("expected at least {folds} rows, one for each fold, found {rows}", rows = .0, folds = .1)]
    FewRows(usize, usize),
    /// Too few times for the parts of a split by time.
    #[error("found too few different times for {parts} parts: {times}; rows of one time stay together", times = .0, parts = .1)]
    FewTimes(usize, usize),
}

fn found(text: &str) -> String {
    if text.is_empty() { "an empty cell".to_owned() } else { format!("{text:?}") }
}

fn in_row(row: Option<usize>) -> String {
    row.map_or_else(String::new, |row| format!(" in row {row}, counted from 0"))
}
