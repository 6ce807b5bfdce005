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
mod pass;
mod random;
#[cfg(feature = "report")]
mod report;
mod tensor;
pub mod text;
mod threads;
mod train;
mod words;

pub use data::{
    BUILT_IN, Batch, Batches, BuiltIn, Dataset, Encoder, Fractions, IdxFolder, Mirror, PUBLISHED, Preprocessing,
    Published, PublishedFile, Quantiles, Rows, Samples, Scaler, Scaling, SplitBy, Standardizer, Target, Targets,
    largest,
};
#[cfg(feature = "download")]
pub use data::{Download, Progress};
pub use error::{DataProblem, Error, KeptWeights, ModelProblem, Result, SplitProblem};
#[cfg(feature = "download")]
pub use error::{DownloadProblem, Refusal};
pub use explain::Walkthrough;
pub use fit::{
    Baseline, Baselines, Fit, Folds, Input, Observer, OptimizerName, Part, Plan, RECIPE_VERSION, Recipe, RecipeFile,
    Source, Summary, Task, fit, fit_folds,
};
pub use init::Init;
pub use layer::{
    Activation, ActivationName, AnyLayer, Backward, BoxedClone, CustomActivation, Layer, Linear, Residual,
};
pub use loss::{CrossEntropy, HalfMse, Loss, LossName, Mse, Weights, softmax};
pub use metric::{ClassScores, Comparison, ConfusionMatrix, Metrics, TargetMetrics, accuracy, mae, r2, rmse};
pub use mfnet_table as table;
pub use mfnet_table::{ColumnKind, Columns, LeftOut, ReadTable, StrayText, Table};
pub use model::{
    AnyNetwork, Cell, Importance, LayerSpec, Model, ModelSpec, Prediction, Predictions, Registry, RowPredictor, Split,
    Training, UnknownLevels,
};
pub use network::{Builder, GradientCheck, NeuralNetwork, Predictor, Trace, gradient_check};
pub use optimizer::{
    Adam, AdamW, Clip, Gradients, Group, MatrixRule, Optimizer, Parameter, ParameterKind, Parameters, Rule, Schedule,
    Sgd, Update,
};
pub use pass::{Context, Pass, Random};
pub use random::{Purpose, Rng, STREAM_VERSION, Seed};
#[cfg(feature = "report")]
pub use report::{Plot, Report};
pub use tensor::{Dtype, Memo, Operand, Scalar, Tensor};
pub use threads::Threads;
pub use train::{
    Callback, EpochRecord, History, Phases, SampleOrder, Session, Step, StopReason, Trainer, linear_model,
    linear_model_while, naive_model,
};
