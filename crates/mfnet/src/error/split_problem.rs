/// Why data cannot be split as asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitProblem {
    /// A part of the split has no rows.
    #[error("the {part} part would have no rows: its fraction is {fraction} of {rows} rows")]
    EmptyPart {
        /// "training", "validation", "test".
        part: &'static str,
        /// Rows in all.
        rows: usize,
        /// The fraction asked for.
        fraction: f64,
    },
    /// A part of the split has no rows, because no class has more than it must keep.
    #[error(
        "the {part} part would have no rows: each of the {classes} classes keeps a row for training, and there are only {rows} rows"
    )]
    RareClasses {
        /// "validation" or "test".
        part: &'static str,
        /// Rows in all.
        rows: usize,
        /// Classes.
        classes: usize,
        /// Whether the labels look like values to predict, not like classes.
        like_values: bool,
    },
    /// The data set has no official split.
    #[error("the data set has no official split")]
    NoOfficialSplit,
    /// The samples have not the marks, "groups" or "parts", that a split needs, of the column that it names.
    #[error("the rows were not given the {0} of a column {1:?}")]
    NotMarked(&'static str, String),
    /// A text that names no part, and the sample's number.
    #[error(
        "expected train, validation or test (or training, valid, val, dev, testing, holdout), found {0:?} in row {1}, counted from 0"
    )]
    NotAPart(String, usize),
    /// A column of parts that names no training row.
    #[error("expected at least one training row, found none")]
    NoTrainingPart,
    /// The sample of this number has no group.
    #[error("expected a group, found an empty cell in row {0}, counted from 0")]
    NoGroup(usize),
    /// Fewer groups than parts or folds.
    #[error("expected at least {needed} groups, one for each of the {needed} {what}, found {groups}")]
    FewGroups {
        /// Groups in all.
        groups: usize,
        /// "parts" or "folds".
        what: &'static str,
        /// How many there are of those.
        needed: usize,
    },
    /// A part of the split has no groups, because each group is the only one that has some class.
    #[error(
        "the {part} part would have no rows: each class keeps a group for training, so none of the {groups} groups is left"
    )]
    NoGroupToSpare {
        /// "validation" or "test".
        part: &'static str,
        /// Groups in all.
        groups: usize,
    },
    /// Fewer rows than folds.
    #[error("expected at least {folds} rows, one for each fold, found {rows}", rows = .0, folds = .1)]
    FewRows(usize, usize),
}
