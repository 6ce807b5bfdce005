//! Settings of a recipe with a fixed set of values.

use mfnet_table::{DateOrder, Quoting};

use crate::data::Targets;
use crate::loss::Kind;
use crate::words::words;

words! {
    /// The kind of prediction.
    Task {
        /// Predicts values.
        Regression = "regression",
        /// Predicts classes.
        Classification = "classification",
        /// Predicts several labels at once.
        MultiLabel = "multi-label",
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
    /// The task of these targets.
    pub(crate) fn of(targets: &Targets) -> Self {
        match targets {
            Targets::Classes { .. } => Task::Classification,
            Targets::Labels { .. } => Task::MultiLabel,
            Targets::Values { .. } => Task::Regression,
        }
    }

    /// What the targets of a loss are.
    pub(super) fn kind(self) -> Kind {
        match self {
            Task::Classification => Kind::Classes,
            Task::MultiLabel => Kind::Labels,
            Task::Regression => Kind::Values,
        }
    }

    /// The task as a noun.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Task::MultiLabel => "multi-label classification",
            other => other.word(),
        }
    }
}
