use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

use super::names::{Norm, OptimizerName, Task};
use super::weights::ClassWeight;
use crate::data::Scaling;
use crate::layer::{ActivationName, LayerSpec};
use crate::loss::LossName;
use crate::optimizer::{Group, Schedule};
use crate::tensor::Dtype;

/// Everything that can be chosen about a fit, as one value.
///
/// The fields have the names of the options of `mfnet train`. A field that is `None` follows from the data;
/// [`crate::fit::Plan::recipe`] says what it became. It reads and writes TOML and JSON.
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
    /// The columns to predict: names, or numbers from 0 in a file without header. None: that of a data set with a
    /// known target, or of the model of `warm_start`.
    #[serde(deserialize_with = "names")]
    pub target: Vec<String>,
    /// Classes or values. None: classes for text, booleans, and whole numbers with at most 20 distinct values.
    pub task: Option<Task>,
    /// A model to go on from: a file or the folder of a run. It has the target, the network, the columns and the
    /// scaling, so that no other field may name them.
    pub warm_start: Option<PathBuf>,
    /// Sizes of the hidden layers; an empty list is a linear model. None: 1024, or three of 256 from 5000 training
    /// rows on.
    pub hidden: Option<Vec<usize>>,
    /// The function after each hidden layer. None: relu.
    pub activation: Option<ActivationName>,
    /// The probability with which dropout sets the output of a hidden unit to 0 in training; 0.
    pub dropout: f64,
    /// The normalisation between each hidden linear layer and its activation. None: no normalisation.
    pub norm: Option<Norm>,
    /// Whether a hidden layer of the same size as the one before it is added to that one's output; false.
    pub residual: bool,
    /// The loss. None: cross-entropy for classes, mse for values.
    pub loss: Option<LossName>,
    /// The type of all numbers. None: f64.
    pub dtype: Option<Dtype>,
    /// Whether the first line of a text file has the names of the columns. None: a guess.
    pub header: Option<bool>,
    /// Columns that are no features.
    #[serde(deserialize_with = "names")]
    pub drop: Vec<String>,
    /// Columns of numbers: a text in them is an error.
    #[serde(deserialize_with = "names")]
    pub numeric: Vec<String>,
    /// Columns of categories, though they hold numbers.
    #[serde(deserialize_with = "names")]
    pub categorical: Vec<String>,
    /// How features are scaled. None: standard; quantile from 5000 training rows on, except for pixels.
    pub scale: Option<Scaling>,
    /// The optimizer; adamw.
    pub optimizer: OptimizerName,
    /// The learning rate. None: 0.001 for adam and adamw, 0.005 from 5000 training rows on; 0.01 for sgd.
    pub learning_rate: Option<f64>,
    /// How the learning rate changes. None: one-cycle for adam and adamw, constant for sgd.
    pub schedule: Option<Schedule>,
    /// Momentum of sgd; 0.
    pub momentum: f64,
    /// Nesterov momentum; false.
    pub nesterov: bool,
    /// L2 decay for sgd and adam, decoupled decay for adamw. None: 0.5 for adamw, 0.1 from 5000 training rows on;
    /// 0 for the others.
    pub weight_decay: Option<f64>,
    /// Whether weight decay applies to biases too; false.
    pub decay_biases: bool,
    /// The largest norm of the gradients of all layers together; 0 is off.
    pub clip_norm: f64,
    /// The largest norm of each layer's gradient; 0 is off.
    pub clip_layer_norm: f64,
    /// Samples of a batch. None: 8; 64 from 5000 training rows on.
    pub batch_size: Option<usize>,
    /// Batches whose gradients are added up for one step, which is then that of one large batch, but for rounding. None: 1.
    pub accumulate: Option<usize>,
    /// Parts of a batch, a power of two, whose gradients are computed one by one and added in a binary tree. None: 1.
    pub shards: Option<usize>,
    /// Takes the training rows in the order of the data; false.
    pub no_shuffle: bool,
    /// A text file with a line of row numbers for each epoch, or one line for all.
    pub batch_order: Option<PathBuf>,
    /// How often every sample is used. None: 100; from 5000 training rows on about 12 500 steps, in 10 to 100 epochs.
    pub epochs: Option<usize>,
    /// Stops when the validation loss has not fallen for so many epochs; 0 is off. None: half of `epochs` and at
    /// least 10, if there are validation rows.
    pub early_stopping: Option<usize>,
    /// Threads; the result does not depend on them. None: one for each processor.
    pub threads: Option<usize>,
    /// Fraction of all rows that are test rows. None: 0.2, or the test rows of an official split.
    pub test_fraction: Option<f64>,
    /// Fraction of the rows that are validation rows. None: 0.1 of 50 rows or more, or the given validation rows.
    pub validation_fraction: Option<f64>,
    /// A file whose rows are the test rows.
    pub test_file: Option<String>,
    /// A column that says train, validation or test for each row.
    pub split_column: Option<String>,
    /// A column whose equal texts stay together in one part.
    pub group: Option<String>,
    /// The number of folds of a cross-validation. None: one fit.
    pub folds: Option<usize>,
    /// A column that is no feature: how much each row counts in losses, metrics and baselines. None: all alike.
    pub sample_weight: Option<String>,
    /// How much each class counts in the loss: the word `balanced`, or a table with a weight for each label. None: all
    /// alike.
    pub class_weight: Option<ClassWeight>,
    /// Seed of the first weights, the order of the samples and the split; 0.
    pub seed: u64,
    /// Seed of the split. None: `seed`.
    pub split_seed: Option<u64>,
    /// Leaves out the linear model and the naive predictor; false.
    pub no_baselines: bool,
    /// The layers before the output layer, in place of `hidden`, `activation`, `dropout`, `norm` and `residual`.
    pub layers: Option<Vec<LayerSpec>>,
    /// For columns of categories the size of a trained vector, which takes the place of the one-hot features.
    pub embeddings: BTreeMap<String, usize>,
    /// Learning rates and weight decays of their own for layers or kinds of parameters.
    pub groups: Vec<Group>,
}

/// A list of names, or one name alone.
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
    /// The fields that no option of the program has.
    pub const WITHOUT_OPTION: [&str; 3] = ["layers", "embeddings", "groups"];

    /// A recipe with this target, everything else by default.
    pub fn of_target(target: impl Into<String>) -> Self {
        Recipe { target: vec![target.into()], ..Recipe::default() }
    }

    /// The seed of the split.
    pub(super) fn split_seed(&self) -> u64 {
        self.split_seed.unwrap_or(self.seed)
    }

    /// Batches of a step.
    pub(super) fn accumulate(&self) -> usize {
        self.accumulate.unwrap_or(1)
    }

    /// Parts of a batch.
    pub(super) fn shards(&self) -> usize {
        self.shards.unwrap_or(1)
    }

    pub(super) fn has_batch_norm(&self) -> bool {
        let is = |layer: &LayerSpec| matches!(layer, LayerSpec::BatchNorm(_));
        self.norm == Some(Norm::Batch) || self.layers.iter().flatten().any(|layer| layer.any(&is))
    }

    /// The column that is kept as text because it divides the rows.
    pub(super) fn dividing_column(&self) -> Option<&String> {
        self.group.as_ref().or(self.split_column.as_ref())
    }
}
