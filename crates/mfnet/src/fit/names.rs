//! Settings of a recipe with a fixed set of values.

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
    /// An optimizer.
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
    /// The task of data with this many classes; 0 for values.
    pub(crate) fn of(classes: usize) -> Self {
        if classes > 0 { Task::Classification } else { Task::Regression }
    }
}
