#![doc = include_str!("../README.md")]

mod data;
mod error;
mod explain;
mod files;
mod fit;
mod init;
mod layer;
mod loss;
mod metric;
mod model;
mod network;
mod optimizer;
mod random;
#[cfg(feature = "report")]
mod report;
mod tensor;
pub mod text;
mod threads;
mod train;

pub use data::{
    BUILT_IN, Batch, Batches, BuiltIn, ColumnKind, Columns, Dataset, Encoder, Fractions, IdxFolder, LeftOut, Mirror,
    PUBLISHED, Preprocessing, Published, PublishedFile, Quantiles, ReadTable, Scaler, Scaling, SplitBy, Standardizer,
    StrayText, Table, Target, Targets, largest,
};
#[cfg(feature = "download")]
pub use data::{Download, Progress};
pub use error::{DataProblem, Error, KeptWeights, ModelProblem, RecipeProblem, Result};
#[cfg(feature = "download")]
pub use error::{DownloadProblem, Refusal};
pub use explain::Walkthrough;
pub use fit::{
    ActivationName, Baseline, Baselines, Fit, Folds, Input, LossName, Observer, OptimizerName, Part, Plan,
    RECIPE_VERSION, Recipe, RecipeFile, Source, Summary, Task, fit, fit_folds, serial,
};
pub use init::Init;
pub use layer::{Activation, AnyLayer, BoxedClone, CustomActivation, Layer, Linear};
pub use loss::{CrossEntropy, HalfMse, Loss, Mse, softmax};
pub use metric::{ClassScores, Comparison, ConfusionMatrix, Metrics, TargetMetrics, accuracy, mae, r2, rmse};
pub use model::{AnyNetwork, Importance, Model, Predictions, Split, TargetColumns, Training, UnknownLevels};
pub use network::{Builder, GradientCheck, NeuralNetwork, Predictor, Trace, gradient_check};
pub use optimizer::{Adam, AdamW, Clip, ElementRule, Gradients, Optimizer, Parameter, Parameters, Rule, Schedule, Sgd};
pub use random::{Purpose, Rng, STREAM_VERSION, Seed};
#[cfg(feature = "report")]
pub use report::{Plot, Report};
pub use tensor::{Descent, Dtype, Operand, Scalar, Tensor};
pub use threads::Threads;
pub use train::{
    Callback, EpochRecord, Flow, History, Phases, SampleOrder, Step, Stop, Trainer, linear_model, linear_model_while,
    naive_model,
};
