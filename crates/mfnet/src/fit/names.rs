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
    /// The function after each hidden layer.
    ActivationName {
        /// max(0, z).
        Relu = "relu",
        /// 1 / (1 + e⁻ᶻ).
        Sigmoid = "sigmoid",
        /// tanh z.
        Tanh = "tanh",
        /// z.
        Identity = "identity",
    }
}

words! {
    /// What is minimised.
    LossName {
        /// [`crate::CrossEntropy`], for classes.
        CrossEntropy = "cross-entropy",
        /// [`crate::Mse`], for values.
        Mse = "mse",
        /// [`crate::HalfMse`], for values.
        HalfMse = "half-mse",
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

impl Task {
    /// That of data with so many classes, 0 for values.
    pub(crate) fn of(classes: usize) -> Self {
        if classes > 0 { Task::Classification } else { Task::Regression }
    }
}
