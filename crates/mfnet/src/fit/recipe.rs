use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use mfnet_table::Delimiter;

use super::names::{Dates, Decimal, Norm, Quote, Task};
use super::weights::ClassWeight;
use crate::data::Scaling;
use crate::layer::{ActivationName, LayerSpec};
use crate::loss::LossName;
use crate::model::OperatingRule;
use crate::optimizer::{Group, OptimizerName, Schedule};
use crate::tensor::Dtype;
use crate::train::{Averaging, Monitor};

/// All settings of a fit.
///
/// The fields are the options of `mfnet train`, with the same names. A field that is `None` gets a
/// value from the data; [`crate::fit::Plan::recipe`] returns it. Recipes are read and written as
/// TOML and JSON.
///
/// ```
/// use mfnet::Recipe;
/// let recipe = Recipe::from_toml("target = \"price\"\nhidden = [64, 32]\nschedule = \"cosine\"\n")?;
/// assert_eq!((&recipe.target[..], recipe.hidden.as_deref()), (&["price".to_owned()][..], Some(&[64, 32][..])));
/// assert_eq!(Recipe::from_toml(&recipe.to_toml()?)?, recipe);
/// let error = Recipe::from_toml("epoch = 5").unwrap_err().to_string();
/// assert_eq!(error, "recipe, line 1: there is no field epoch; did you mean epochs?");
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// The target columns: names, or numbers from 0 in a file without header. If empty, the target
    /// of a known data set or of the model of `warm_start`.
    #[serde(deserialize_with = "names")]
    pub target: Vec<String>,
    /// Classification, regression or several labels at once. `None`: multi-label for several columns of
    /// truth values; classification for text, booleans, and whole numbers with at most 20 distinct values.
    pub task: Option<Task>,
    /// What separates the labels in a target column that lists several of them, such as `|`. `None`: for
    /// `task` multi-label and one target column, the first of `|`, `;` and `,` that occurs.
    pub label_separator: Option<String>,
    /// A model to continue training: a file or the folder of a run. It determines target, network,
    /// columns and scaling, so no other field may set them.
    #[serde(serialize_with = "as_text")]
    pub warm_start: Option<PathBuf>,
    /// Whether the optimizer goes on from the end of the training of `warm_start`, with its moments and its
    /// number of steps, instead of beginning anew. It reads the last checkpoint in the folder `checkpoint`
    /// beside the model. Default: false.
    pub warm_optimizer: bool,
    /// Sizes of the hidden layers; an empty list is a linear model. `None`: one layer of 1024;
    /// three of 256 for 5000 training rows or more; otherwise two of 64 for at most 2
    /// columns, all of numbers.
    pub hidden: Option<Vec<usize>>,
    /// The activation after each hidden layer. `None`: relu.
    pub activation: Option<ActivationName>,
    /// Probability that dropout sets a hidden output to 0 in training. Default: 0.
    pub dropout: f64,
    /// The schedule of the probability of all dropout layers, see
    /// [`Trainer::dropout_schedule`](crate::Trainer::dropout_schedule). Default: constant.
    pub dropout_schedule: Schedule,
    /// Standard deviation of the normal noise that training adds to the inputs of the network, after
    /// embeddings. Default: 0.
    pub input_noise: f64,
    /// The normalisation between each hidden linear layer and its activation. `None`: no
    /// normalisation.
    pub norm: Option<Norm>,
    /// Whether a hidden layer of the same size as the previous one becomes a residual block.
    /// Default: false.
    pub residual: bool,
    /// The loss. `None`: cross-entropy for classes, binary-cross-entropy for labels, mse for values; that of the model of
    /// `warm_start`.
    pub loss: Option<LossName>,
    /// Label smoothing ε of the cross-entropy, see
    /// [`SmoothedCrossEntropy`](crate::loss::SmoothedCrossEntropy). Default: 0.
    pub label_smoothing: f64,
    /// The schedule of ε, see [`Trainer::label_smoothing`](crate::Trainer::label_smoothing). If it is not
    /// constant, the validation loss is the cross-entropy without smoothing. Default: constant.
    pub label_smoothing_schedule: Schedule,
    /// The type of all numbers. `None`: f64.
    pub dtype: Option<Dtype>,
    /// Whether the first line of a text file contains the column names. `None`: detected.
    pub header: Option<bool>,
    /// What separates the fields of a text file: one character, `tab` or `spaces`. `None`: detected.
    pub delimiter: Option<Delimiter>,
    /// How quotes enclose the fields of a text file. `None`: detected.
    pub quote: Option<Quote>,
    /// The encoding of a text file, such as windows-1252. `None`: detected.
    pub encoding: Option<String>,
    /// The decimal sign of numbers that can be read in two ways, such as 1.234. `None`: detected.
    pub decimal: Option<Decimal>,
    /// The order of day and month in dates that can be read in two ways. `None`: detected.
    pub dates: Option<Dates>,
    /// Words for missing values, in all columns, besides the usual ones.
    #[serde(deserialize_with = "names")]
    pub missing: Vec<String>,
    /// Whether to leave out rows without a target instead of refusing them. Default: false.
    pub skip_missing_target: bool,
    /// Columns that are not features.
    #[serde(deserialize_with = "names")]
    pub drop: Vec<String>,
    /// Columns of numbers; text in them is an error.
    #[serde(deserialize_with = "names")]
    pub numeric: Vec<String>,
    /// Columns of categories, even if they contain numbers.
    #[serde(deserialize_with = "names")]
    pub categorical: Vec<String>,
    /// How features are scaled. `None`: standard; quantile for 5000 training rows or more, except
    /// for pixels.
    pub scale: Option<Scaling>,
    /// The optimizer. Default: adamw.
    pub optimizer: OptimizerName,
    /// The learning rate. `None`: 0.001 for adam and adamw, 0.005 for 5000 training rows or more
    /// and for at most 2 columns, all of numbers; 0.01 for sgd.
    pub learning_rate: Option<f64>,
    /// The learning rate schedule. `None`: constant for sgd, adagrad, adadelta, rprop and lbfgs, one-cycle
    /// for the others.
    pub schedule: Option<Schedule>,
    /// Number of epochs in which the learning rate rises from near 0, before the schedule.
    /// Default: 0.
    pub warmup: f64,
    /// Momentum of sgd. Default: 0.
    pub momentum: f64,
    /// Whether sgd uses Nesterov momentum. Default: false.
    pub nesterov: bool,
    /// Weight decay: L2 for sgd and adam, decoupled for adamw. `None`: 0.5 for adamw, 0.1 for 5000
    /// training rows or more and for at most 2 columns, all of numbers; 0 for the others.
    pub weight_decay: Option<f64>,
    /// The schedule of the weight decay. Default: constant.
    pub weight_decay_schedule: Schedule,
    /// Whether weight decay applies to biases too. Default: false.
    pub decay_biases: bool,
    /// L1 penalty λ₁ Σ |w| of the weights, see [`Optimizer::l1`](crate::Optimizer::l1). Default: 0.
    pub l1: f64,
    /// Maximum norm of the weights of each unit, see
    /// [`Optimizer::max_norm`](crate::Optimizer::max_norm); 0 for no limit. Default: 0.
    pub max_norm: f64,
    /// Maximum norm of the gradients of all layers together; 0 for no clipping. `None`: 1 for sgd
    /// with its default learning rate, unless `clip_layer_norm` is set; no clipping for the others.
    pub clip_norm: Option<f64>,
    /// Maximum norm of the gradient of each layer; 0 for no clipping. Default: 0.
    pub clip_layer_norm: f64,
    /// Samples in a mini-batch. `None`: 8; 64 for 5000 training rows or more.
    pub batch_size: Option<usize>,
    /// Batches whose gradients are accumulated for one step, see
    /// [`Trainer::accumulate`](crate::Trainer::accumulate). `None`: 1.
    pub accumulate: Option<usize>,
    /// Parts of a batch, a power of two, whose gradients are computed one by one and added in a
    /// binary tree. `None`: 1.
    pub shards: Option<usize>,
    /// Keeps the training rows in the order of the data instead of shuffling them. Default: false.
    pub no_shuffle: bool,
    /// A text file with the order of the rows: a line of row numbers for each epoch, or one line
    /// for all.
    #[serde(serialize_with = "as_text")]
    pub batch_order: Option<PathBuf>,
    /// Number of epochs. `None`: 100; for 5000 training rows or more, 10 to 100, about 12 500 steps
    /// in all.
    pub epochs: Option<usize>,
    /// Number of epochs without a lower validation loss, or without a better metric of `monitor`,
    /// after which training stops; 0 for no early stopping. `None`: half of `epochs`, at least 10, if there are validation rows.
    pub early_stopping: Option<usize>,
    /// For early stopping, an improvement has to be larger than this. Default: 0.
    pub min_delta: f64,
    /// What is watched on the validation rows: it decides which weights are kept, and when early
    /// stopping stops. Default: loss.
    pub monitor: Monitor,
    /// α of mixtures of training rows, see [`Trainer::mixup`](crate::Trainer::mixup); 0 for none. Default: 0.
    pub mixup: f64,
    /// Averages the weights of many steps (`ema:0.999`) or epochs (`swa:0.75`). `None`: no average.
    pub average: Option<Averaging>,
    /// Number of threads, which does not affect the result. `None`, and more than two for each
    /// processor: one for each processor.
    pub threads: Option<usize>,
    /// Fraction of all rows for the test. `None`: 0.2, or the test rows of an official split.
    pub test_fraction: Option<f64>,
    /// Fraction of the rows for validation. `None`: 0.1 if there are 50 rows or more, or the given
    /// validation rows.
    pub validation_fraction: Option<f64>,
    /// A file of test rows.
    pub test_file: Option<String>,
    /// The column that assigns each row to train, validation or test.
    pub split_column: Option<String>,
    /// The column of groups: rows with equal text stay in the same part.
    pub group: Option<String>,
    /// The column of times, which is not a feature: the last rows are the test rows, and the ones
    /// before them validation rows. With `folds`, each fold tests on rows after those of its
    /// training.
    pub time: Option<String>,
    /// Number of folds of a cross-validation. `None`: a single fit.
    pub folds: Option<usize>,
    /// The column of row weights for losses, metrics and baselines; it is not a feature. `None`:
    /// equal weights.
    pub sample_weight: Option<String>,
    /// Weights of the classes in the loss: the word `balanced`, or a table with a weight for each
    /// label. `None`: equal weights.
    pub class_weight: Option<ClassWeight>,
    /// Seed for the initial weights, the order of the samples and the split. Default: 0.
    pub seed: u64,
    /// Seed for the split. `None`: `seed`.
    pub split_seed: Option<u64>,
    /// Whether to skip the baselines: the linear model and the naive baseline. Default: false.
    pub no_baselines: bool,
    /// Layers that do not learn, numbered from 0 as `mfnet inspect` prints them.
    pub freeze: Vec<usize>,
    /// Whether to divide the logits by a temperature that lowers the log loss of the validation rows, see
    /// [`Model::with_temperature`](crate::Model::with_temperature). Default: false.
    pub calibrate: bool,
    /// With two classes, above which probability the rarer one is predicted: a number, or the one with the best F1 score or balanced accuracy on the validation rows. `None`: 0.5.
    pub threshold: Option<OperatingRule>,
    /// Number of networks, trained side by side with the seeds `seed`, `seed` + 1, …; the model predicts
    /// the mean of their probabilities or values. `None`: 1, or as many as the model of `warm_start` has.
    pub ensemble: Option<usize>,
    /// The layers before the output layer, in place of `hidden`, `activation`, `dropout`, `norm`
    /// and `residual`.
    pub layers: Option<Vec<LayerSpec>>,
    /// Embedding size of categorical columns. A trained vector of this size replaces the one-hot
    /// features.
    pub embeddings: BTreeMap<String, usize>,
    /// Learning rates and weight decays for some layers or kinds of parameters.
    pub groups: Vec<Group>,
}

/// Writes a path as text. Bytes that are not UTF-8 become U+FFFD, so this is only for messages;
/// [`Recipe::to_toml`] and [`Recipe::to_json`] refuse such a path.
fn as_text<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.to_string_lossy()).serialize(to)
}

/// Reads a list of names, or a single name.
fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name or a list of names")]
    enum Names {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::deserialize(from)? {
        None => Vec::new(),
        Some(Names::One(name)) => vec![name],
        Some(Names::Many(names)) => names,
    })
}

impl Recipe {
    /// The fields without an option on the command line.
    pub const WITHOUT_OPTION: [&str; 3] = ["layers", "embeddings", "groups"];

    /// A recipe with this target and default settings.
    pub fn of_target(target: impl Into<String>) -> Self {
        Recipe { target: vec![target.into()], ..Recipe::default() }
    }

    /// The seed of the split.
    pub(super) fn split_seed(&self) -> u64 {
        self.split_seed.unwrap_or(self.seed)
    }

    /// Number of batches in a step.
    pub(super) fn accumulate(&self) -> usize {
        self.accumulate.unwrap_or(1)
    }

    /// Number of parts of a batch.
    pub(super) fn shards(&self) -> usize {
        self.shards.unwrap_or(1)
    }

    pub(super) fn has_batch_norm(&self) -> bool {
        let is = |layer: &LayerSpec| matches!(layer, LayerSpec::BatchNorm(_));
        self.norm == Some(Norm::Batch) || self.layers.iter().flatten().any(|layer| layer.any(&is))
    }

    /// The column that stays text because it splits the rows.
    pub(super) fn dividing_column(&self) -> Option<&String> {
        self.group.as_ref().or(self.split_column.as_ref())
    }
}
