//! The values of a recipe that are words.

use crate::words::words;

words! {
    /// Whether classes or values are predicted.
    Task {
        /// Values.
        Regression = "regression",
        /// Classes.
        Classification = "classification",
    }
}

words! {
    /// The optimizer.
    #[derive(Default)]
    OptimizerName {
        /// [`crate::Sgd`].
        Sgd = "sgd",
        /// [`crate::Adam`].
        Adam = "adam",
        /// [`crate::AdamW`].
        #[default]
        Adamw = "adamw",
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

impl Task {
    /// That of data with so many classes, 0 for values.
    pub(crate) fn of(classes: usize) -> Self {
        if classes > 0 { Task::Classification } else { Task::Regression }
    }
}
