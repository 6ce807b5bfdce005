//! Settings of a recipe with a fixed set of values.

use mfnet_table::{DateOrder, Quoting};

use crate::words::words;

words! {
    /// The kind of prediction.
    Task {
        /// Predicts values.
        Regression = "regression",
        /// Predicts classes.
        Classification = "classification",
    }
}

words! {
    /// A normalisation after each hidden linear layer.
    Norm {
        /// [`crate::layer::BatchNorm`].
        Batch = "batch",
        /// [`crate::layer::LayerNorm`].
        Layer = "layer",
    }
}

words! {
    /// The decimal sign of numbers.
    Decimal {
        /// 1234.5
        Point = "point",
        /// 1234,5
        Comma = "comma",
    }
}

words! {
    /// How quotes enclose the fields of a text file; see [`mfnet_table::Quoting`].
    Quote {
        /// A quote inside a field is doubled.
        Double = "double",
        /// A backslash stands before a quote inside a field.
        Backslash = "backslash",
        /// Apostrophes are the quotes.
        Single = "single",
        /// Quotes are characters like others.
        None = "none",
    }
}

words! {
    /// The order of day and month in dates such as 01/02/2024.
    Dates {
        /// The first of February.
        DayFirst = "day-first",
        /// The second of January.
        MonthFirst = "month-first",
    }
}

impl Quote {
    pub(super) fn quoting(self) -> Quoting {
        match self {
            Quote::Double => Quoting::Double,
            Quote::Backslash => Quoting::Backslash,
            Quote::Single => Quoting::Single,
            Quote::None => Quoting::None,
        }
    }
}

impl Dates {
    pub(super) fn order(self) -> DateOrder {
        match self {
            Dates::DayFirst => DateOrder::DayFirst,
            Dates::MonthFirst => DateOrder::MonthFirst,
        }
    }
}

impl Task {
    /// The task of data with this many classes; 0 for values.
    pub(crate) fn of(classes: usize) -> Self {
        if classes > 0 { Task::Classification } else { Task::Regression }
    }
}
