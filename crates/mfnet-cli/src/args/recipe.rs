//! The options that are fields of a recipe.

use std::path::PathBuf;

use clap::{Arg, Args as ClapArgs};
use mfnet::data::Scaling;
use mfnet::fit::{ClassWeight, Dates, Decimal, Norm, OptimizerName, Quote, RecipeFile, Task};
use mfnet::layer::ActivationName;
use mfnet::loss::LossName;
use mfnet::model::OperatingRule;
use mfnet::optimizer::Schedule;
use mfnet::table::Delimiter;
use mfnet::text::as_option;
use mfnet::train::{Averaging, Monitor};
use mfnet::{Dtype, Error, Recipe};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::values::{
    HiddenSizes, at_least, below_one, dtype, encoding, hidden_sizes, networks, not_negative, positive, shards, text,
    whole, word_of, yes_no,
};
use crate::failure::{Failure, with_fields};

/// The options given on the command line, each under the name of its field in [`Recipe`].
#[derive(ClapArgs, Serialize)]
#[command(mut_args(as_field))]
pub(crate) struct RecipeArgs {
    /// Column to predict
    ///
    /// In a file without column names, give the number of the column, counted from 0. A regression may have several
    /// targets, separated by commas, and so may a multi-label classification.
    #[arg(long, value_name = "COLUMN")]
    pub(super) target: Option<String>,
    /// regression, classification or multi-label [default: from the target]
    ///
    /// The default is classification if the target holds text, booleans, or at most 20 different whole numbers that come
    /// again and again, and multi-label for several columns of yes and no, or 1 and 0. Otherwise it is regression.
    #[arg(long, value_parser = word_of::<Task>(Task::ALL.map(Task::word)), hide_possible_values = true)]
    pub(super) task: Option<Task>,
    /// What separates labels in a target that lists several of them, such as |
    ///
    /// The task is then multi-label: any number of labels at once. An empty field has no label.
    #[arg(long, value_name = "TEXT", value_parser = text, allow_hyphen_values = true, hide_short_help = true)]
    pub(super) label_separator: Option<String>,

    /// Model to continue training: a model file, or the folder of a run
    ///
    /// The model sets the target, the network, the columns, the classes and the scaling, so you cannot set them with
    /// options. The optimizer starts without its earlier state, unless --warm-optimizer is given. If no epoch lowers the validation loss, the weights stay
    /// unchanged.
    #[arg(long, value_name = "MODEL", help_heading = "Network", hide_short_help = true)]
    #[serde(serialize_with = "as_text")]
    pub(crate) warm_start: Option<PathBuf>,
    /// Let the optimizer of --warm-start go on too, from the end of its training
    ///
    /// Its moments and its number of steps are those of the last checkpoint in the run's folder, which --keep-checkpoint
    /// leaves there. The optimizer must be the same. The schedule begins anew.
    #[arg(long, help_heading = "Network", hide_short_help = true)]
    pub(super) warm_optimizer: bool,
    /// Hidden units of each layer, separated by commas [default: from the data]
    ///
    /// none: no hidden layer, a linear model. The default is 256,256,256 for 5000 or more training rows. For fewer rows it
    /// is 1024, or 64,64 if there are only one or two columns of numbers.
    #[arg(long, value_name = "SIZES", value_parser = hidden_sizes, help_heading = "Network")]
    pub(super) hidden: Option<HiddenSizes>,
    /// Activation function of the hidden layers [default: relu]
    #[arg(long, value_name = "NAME", long_help = activations(), hide_possible_values = true, help_heading = "Network")]
    #[arg(value_parser = word_of::<ActivationName>(ActivationName::ALL.map(ActivationName::word)))]
    pub(super) activation: Option<ActivationName>,
    /// Dropout probability of the hidden units [default: 0]
    ///
    /// During training, the output of each hidden unit is set to 0 with this probability.
    #[arg(long, value_name = "P", value_parser = below_one, help_heading = "Network")]
    pub(super) dropout: Option<f64>,
    /// Dropout schedule, as for --schedule [default: constant]
    ///
    /// It multiplies the probability of all dropout layers, as --schedule multiplies the learning rate.
    #[arg(long, value_name = "SCHEDULE", value_parser = str::parse::<Schedule>, help_heading = "Network", hide_short_help = true)]
    pub(super) dropout_schedule: Option<Schedule>,
    /// Standard deviation of noise that training adds to the inputs of the network [default: 0]
    ///
    /// The inputs are the scaled features; those of categories and embeddings get noise too.
    #[arg(long, value_name = "STD", value_parser = not_negative, help_heading = "Network", hide_short_help = true)]
    pub(super) input_noise: Option<f64>,
    /// Normalization of the hidden layers: batch or layer
    ///
    /// Batch normalization or layer normalization, between each hidden linear layer and its activation. By default there
    /// is none.
    #[arg(long, value_parser = word_of::<Norm>(Norm::ALL.map(Norm::word)), hide_possible_values = true, help_heading = "Network")]
    pub(super) norm: Option<Norm>,
    /// Add skip connections between hidden layers of the same size
    ///
    /// The output of a hidden layer is added to the output of the layer before it, if both have the same size.
    #[arg(long, help_heading = "Network", hide_short_help = true)]
    pub(super) residual: bool,
    /// Loss function [default: from the task]
    ///
    /// For classification: cross-entropy (the default), or focal:GAMMA, in which rows that are already right count less. For
    /// several labels at once: binary-cross-entropy. For regression: mse (mean squared error, the default), half-mse (half of it, as in the paper), mae (mean absolute error), huber:DELTA (squared
    /// up to DELTA standard deviations of the target, then absolute), log-cosh (much like huber), quantile:LEVEL (as many
    /// targets lie below the prediction as LEVEL says, such as quantile:0.9), poisson (for counts).
    #[arg(long, value_name = "LOSS", value_parser = str::parse::<LossName>, help_heading = "Network", hide_short_help = true)]
    pub(super) loss: Option<LossName>,
    /// Label smoothing of cross-entropy [default: 0]
    ///
    /// A class of probability 1 in the data counts as 1 minus this number, and the rest is shared by all classes.
    #[arg(long, value_name = "E", value_parser = below_one, help_heading = "Network", hide_short_help = true)]
    pub(super) label_smoothing: Option<f64>,
    /// Label smoothing schedule, as for --schedule [default: constant]
    ///
    /// With a schedule that is not constant, only the training loss has label smoothing; the validation loss is the
    /// cross-entropy.
    #[arg(long, value_name = "SCHEDULE", value_parser = str::parse::<Schedule>, help_heading = "Network", hide_short_help = true)]
    pub(super) label_smoothing_schedule: Option<Schedule>,
    /// Floating-point type of all numbers [default: f64]
    #[arg(long, value_parser = dtype(), help_heading = "Network", hide_short_help = true)]
    pub(super) dtype: Option<Dtype>,

    /// Whether the first line of a text file holds the column names [default: detected]
    #[arg(long, value_parser = yes_no(), help_heading = "Reading files", hide_short_help = true)]
    pub(super) header: Option<bool>,
    /// Separator of the fields of a text file: one character, tab or spaces [default: detected]
    #[arg(long, value_name = "CHAR", value_parser = str::parse::<Delimiter>, help_heading = "Reading files", hide_short_help = true)]
    pub(super) delimiter: Option<Delimiter>,
    /// Quotes of a text file: double, backslash, single or none [default: detected]
    ///
    /// double: fields in double quotes; a quote inside is written twice. backslash: fields in double quotes; a backslash
    /// escapes a quote inside. single: fields in apostrophes. none: quotes are ordinary characters.
    #[arg(long, value_parser = word_of::<Quote>(Quote::ALL.map(Quote::word)), hide_possible_values = true, help_heading = "Reading files", hide_short_help = true)]
    pub(super) quote: Option<Quote>,
    /// Encoding of a text file, such as windows-1252 [default: detected]
    #[arg(long, value_name = "NAME", value_parser = encoding, help_heading = "Reading files", hide_short_help = true)]
    pub(super) encoding: Option<String>,
    /// Decimal sign of ambiguous numbers such as 1.234: point or comma [default: detected]
    #[arg(long, value_parser = word_of::<Decimal>(Decimal::ALL.map(Decimal::word)), hide_possible_values = true, help_heading = "Reading files", hide_short_help = true)]
    pub(super) decimal: Option<Decimal>,
    /// Order of ambiguous dates such as 01/02/2024: day-first or month-first [default: detected]
    #[arg(long, value_parser = word_of::<Dates>(Dates::ALL.map(Dates::word)), hide_possible_values = true, help_heading = "Reading files", hide_short_help = true)]
    pub(super) dates: Option<Dates>,
    /// Words for missing values, separated by commas
    ///
    /// Empty fields are always missing values. Words such as NA, NaN, NULL, None, ? and - are missing values too, except
    /// in a target of text, where they are classes.
    #[arg(
        long,
        value_name = "WORDS",
        allow_hyphen_values = true,
        help_heading = "Reading files",
        hide_short_help = true
    )]
    pub(super) missing: Vec<String>,
    /// Leave out rows without a target
    ///
    /// Without this option, a row without a target is an error.
    #[arg(long, help_heading = "Preprocessing", hide_short_help = true)]
    pub(super) skip_missing_target: bool,
    /// Columns to ignore, separated by commas
    #[arg(long, value_name = "COLUMNS", help_heading = "Preprocessing")]
    pub(super) drop: Vec<String>,
    /// Columns that must hold numbers, separated by commas
    ///
    /// Text in these columns is an error. By default, a column that holds text is a category.
    #[arg(long, value_name = "COLUMNS", help_heading = "Preprocessing", hide_short_help = true)]
    pub(super) numeric: Vec<String>,
    /// Columns of numbers to treat as categories, separated by commas
    #[arg(long, value_name = "COLUMNS", help_heading = "Preprocessing")]
    pub(super) categorical: Vec<String>,
    /// Scaling: standard, robust, min-max, quantile [default: from the data]
    ///
    /// standard: mean 0 and standard deviation 1. robust: median 0 and interquartile range 1. min-max: from 0 to 1;
    /// pixels are divided by 255. quantile: the quantiles become those of a normal distribution. With 5000 or more
    /// training rows, the default is quantile, except for pixels.
    #[arg(long, value_name = "SCALING", value_parser = str::parse::<Scaling>, help_heading = "Preprocessing")]
    pub(super) scale: Option<Scaling>,

    /// Optimizer, such as sgd, adam or adamw [default: adamw]
    ///
    /// Also amsgrad, nadam, radam, lion, rmsprop, adagrad and adadelta. rprop and lbfgs take all training rows as one batch;
    /// lbfgs is often fastest on a small table with a smooth activation, such as tanh.
    #[arg(long, value_name = "NAME", hide_possible_values = true, help_heading = "Training")]
    #[arg(value_parser = word_of::<OptimizerName>(OptimizerName::ALL.map(OptimizerName::word)))]
    pub(super) optimizer: Option<OptimizerName>,
    /// Learning rate [default: from the data]
    ///
    /// The default is 0.001, and 0.005 for 5000 or more training rows or for only one or two columns of numbers. The default
    /// of lion is a fifth of that, of sgd, adagrad and rprop 0.01, of adadelta and lbfgs 1.
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Training")]
    pub(super) learning_rate: Option<f64>,
    /// Learning rate schedule [default: one-cycle; constant for sgd]
    ///
    /// The default of adagrad, adadelta, rprop and lbfgs is constant too. constant: stays the same. one-cycle: rises, then falls
    /// to almost 0. cosine: falls to 0. flat-cosine:FRACTION: falls to 0 after this fraction of the steps.
    /// cosine-restarts:EPOCHS:TIMES: falls to 0 in EPOCHS epochs, again and again, each time TIMES as slowly.
    /// cosine-cycles:NUMBER: rises and falls in NUMBER cycles, each twice as long as the one before. polynomial:POWER: falls to 0, with
    /// power 1 along a line. step:EPOCHS:FACTOR: is multiplied by FACTOR every EPOCHS epochs, for example step:30:0.1.
    /// exponential:FACTOR: every epoch. plateau:PATIENCE:FACTOR: whenever the validation loss, or without validation rows
    /// the training loss, has not fallen for more than PATIENCE epochs. Numbers may be left out, except for the first one of step, exponential and cosine-restarts.
    #[arg(long, value_name = "SCHEDULE", value_parser = str::parse::<Schedule>, help_heading = "Training")]
    pub(super) schedule: Option<Schedule>,
    /// Epochs in which the learning rate rises from near 0, before the schedule [default: 0]
    #[arg(long, value_name = "EPOCHS", value_parser = not_negative, help_heading = "Training", hide_short_help = true)]
    pub(super) warmup: Option<f64>,
    /// Momentum of sgd [default: 0]
    #[arg(long, value_name = "MU", value_parser = below_one, help_heading = "Training", hide_short_help = true)]
    pub(super) momentum: Option<f64>,
    /// Use Nesterov momentum with sgd
    #[arg(long, help_heading = "Training", hide_short_help = true)]
    pub(super) nesterov: bool,
    /// Weight decay [default: from the data for adamw and lion, otherwise 0]
    ///
    /// For adamw and lion, weight decay is decoupled; for the others, it is L2 regularization. The default of adamw is 0.5,
    /// and 0.1 for 5000 or more training rows or for only one or two columns of numbers. The default of lion is five times
    /// that.
    #[arg(long, value_name = "LAMBDA", value_parser = not_negative, help_heading = "Training")]
    pub(super) weight_decay: Option<f64>,
    /// Weight decay schedule, as for --schedule [default: constant]
    #[arg(long, value_name = "SCHEDULE", value_parser = str::parse::<Schedule>, help_heading = "Training", hide_short_help = true)]
    pub(super) weight_decay_schedule: Option<Schedule>,
    /// Also apply weight decay to biases
    #[arg(long, help_heading = "Training", hide_short_help = true)]
    pub(super) decay_biases: bool,
    /// L1 penalty of the weights [default: 0]
    ///
    /// The loss gets this number times the sum of the sizes of all weights, so that many weights become almost 0.
    #[arg(long, value_name = "LAMBDA", value_parser = not_negative, help_heading = "Training", hide_short_help = true)]
    pub(super) l1: Option<f64>,
    /// Largest norm of the weights of each unit [default: 0, no limit]
    #[arg(long, value_name = "NORM", value_parser = not_negative, help_heading = "Training", hide_short_help = true)]
    pub(super) max_norm: Option<f64>,
    /// Largest norm of the gradient of all layers together [default: 0, off; 1 for sgd]
    ///
    /// A gradient with a larger norm is scaled down to this norm. If you set --learning-rate, the default of sgd is 0 too.
    #[arg(long, value_name = "NORM", value_parser = not_negative, help_heading = "Training", hide_short_help = true)]
    pub(super) clip_norm: Option<f64>,
    /// Largest norm of the gradient of each layer [default: 0, off]
    ///
    /// A gradient with a larger norm is scaled down to this norm.
    #[arg(long, value_name = "NORM", value_parser = not_negative, help_heading = "Training", hide_short_help = true)]
    pub(super) clip_layer_norm: Option<f64>,
    /// Rows of a batch [default: 8; 64 with 5000 or more training rows]
    #[arg(long, value_name = "ROWS", value_parser = at_least::<1>, help_heading = "Training")]
    pub(super) batch_size: Option<usize>,
    /// Number of batches whose gradients are added for one optimizer step [default: 1]
    ///
    /// The step equals the step of one large batch, up to rounding. The last step of an epoch may use fewer batches.
    #[arg(long, value_name = "N", value_parser = at_least::<1>, help_heading = "Training", hide_short_help = true)]
    pub(super) accumulate: Option<usize>,
    /// Number of parts of each batch, a power of two [default: 1]
    ///
    /// mfnet computes the gradient of each part separately and adds the gradients in a binary tree. So the result does not
    /// depend on which thread or process computes which part.
    #[arg(long, value_name = "N", value_parser = shards, help_heading = "Training", hide_short_help = true)]
    pub(super) shards: Option<usize>,
    /// Do not shuffle the training rows
    #[arg(long, help_heading = "Training", hide_short_help = true)]
    pub(super) no_shuffle: bool,
    /// File with the order of the training rows
    ///
    /// A text file with one line per epoch, or one line for all epochs. A line lists row numbers of DATA, counted from 0
    /// and separated by spaces. Rows may repeat or be left out; all lines must have the same length. Only training rows
    /// are allowed.
    #[arg(long, value_name = "FILE", help_heading = "Training", hide_short_help = true)]
    #[serde(serialize_with = "as_text")]
    pub(super) batch_order: Option<PathBuf>,
    /// Number of epochs [default: from the data]
    ///
    /// The default is 100. With 5000 or more training rows, it is between 10 and 100, so that training takes about 12 500
    /// optimizer steps.
    #[arg(long, value_name = "N", value_parser = at_least::<1>, help_heading = "Training")]
    pub(super) epochs: Option<usize>,
    /// Stop after N epochs without a lower validation loss; 0 turns it off
    ///
    /// With --monitor, without a better metric. The default is half of --epochs, but at least 10. Without validation rows, there is no early stopping.
    #[arg(long, value_name = "N", value_parser = whole::<usize>, help_heading = "Training")]
    pub(super) early_stopping: Option<usize>,
    /// Smallest improvement that early stopping counts [default: 0]
    #[arg(long, value_name = "CHANGE", value_parser = not_negative, help_heading = "Training", hide_short_help = true)]
    pub(super) min_delta: Option<f64>,
    /// What to watch on the validation rows [default: loss]
    ///
    /// The weights of the epoch in which it is best are kept, and early stopping watches it. For several labels at once only
    /// the loss. For classification: accuracy,
    /// balanced-accuracy, f1 (the mean over the classes), roc-auc, average-precision. For regression: rmse, mae, r2.
    #[arg(long, value_name = "METRIC", hide_possible_values = true, help_heading = "Training", hide_short_help = true)]
    #[arg(value_parser = word_of::<Monitor>(Monitor::ALL.map(Monitor::word)))]
    pub(super) monitor: Option<Monitor>,
    /// Average of weights to use instead of the last ones: ema:DECAY or swa:START
    ///
    /// ema: the exponential moving average over the steps, with a decay such as 0.999. swa: the mean over the epochs after
    /// this fraction of all epochs, such as 0.75.
    #[arg(long, value_name = "AVERAGE", value_parser = str::parse::<Averaging>, help_heading = "Training", hide_short_help = true)]
    pub(super) average: Option<Averaging>,
    /// Layers that do not learn, separated by commas, such as 0,1
    ///
    /// mfnet inspect prints the numbers of the layers of a model. Useful with --warm-start. Running means of batch norm
    /// still change.
    #[arg(long, value_name = "LAYERS", value_parser = whole::<usize>, value_delimiter = ',', help_heading = "Training", hide_short_help = true)]
    pub(super) freeze: Vec<usize>,
    /// Train on mixtures of rows; the parameter of their distribution [default: 0, none]
    ///
    /// Each row of a batch is mixed with another one, features and target alike, with a share from the beta distribution
    /// whose two parameters are this number: 0.2 makes mostly small changes, 1 all shares equally likely.
    #[arg(long, value_name = "ALPHA", value_parser = not_negative, help_heading = "Training", hide_short_help = true)]
    pub(super) mixup: Option<f64>,
    /// Calibrate the probabilities on the validation rows, by temperature scaling
    ///
    /// mfnet divides the logits by the temperature with the lowest log loss on the validation rows, which the model keeps.
    /// The most probable class stays the most probable one.
    #[arg(long, help_heading = "Training", hide_short_help = true)]
    pub(super) calibrate: bool,
    /// Probability above which the rarer of two classes is predicted: a number, f1 or balanced [default: 0.5]
    ///
    /// f1: the one with the best F1 score of that class on the validation rows. balanced: the one with the best balanced
    /// accuracy.
    #[arg(long, value_name = "P", value_parser = str::parse::<OperatingRule>, help_heading = "Training", hide_short_help = true)]
    pub(super) threshold: Option<OperatingRule>,
    /// Number of networks to train and average [default: 1]
    ///
    /// The networks differ only in their seeds: --seed, --seed + 1, and so on. They are trained side by side, and are one
    /// model, whose prediction is the mean of their probabilities or values.
    #[arg(long, value_name = "K", value_parser = networks, help_heading = "Training")]
    pub(super) ensemble: Option<usize>,
    /// Number of threads [default: number of processors]
    ///
    /// The number of threads does not change the result. If N is more than twice the number of processors, mfnet uses one
    /// thread per processor, because more would be slower.
    #[arg(long, value_name = "N", value_parser = at_least::<1>, help_heading = "Training", hide_short_help = true)]
    pub(super) threads: Option<usize>,

    /// Fraction of all rows used for testing [default: 0.2]
    ///
    /// By default, mnist, fashion-mnist and california-housing use the test rows of their official split.
    #[arg(long, value_name = "SHARE", value_parser = below_one, help_heading = "Split")]
    pub(super) test_fraction: Option<f64>,
    /// Fraction of rows for choosing the best epoch [default: 0.1]
    ///
    /// It is a fraction of all rows. With fewer than 50 rows, the default is 0. With --test-file, --split-column, --folds
    /// or an official split, it is a fraction of the rows that are not test rows. --split-column and the official split
    /// of california-housing can mark validation rows; then mfnet uses those, unless you give a fraction.
    #[arg(long, value_name = "SHARE", value_parser = below_one, help_heading = "Split")]
    pub(super) validation_fraction: Option<f64>,
    /// Table with the test rows
    ///
    /// All rows of DATA are then training and validation rows.
    #[arg(long, value_name = "FILE", help_heading = "Split")]
    #[serde(serialize_with = "as_text")]
    pub(crate) test_file: Option<PathBuf>,
    /// Column that says which part of the split each row belongs to
    ///
    /// The column holds train, validation or test. mfnet also accepts training, valid, val, dev, testing and holdout. The
    /// column is not a feature. If it marks no validation rows, mfnet draws them from the training rows.
    #[arg(long, value_name = "COLUMN", help_heading = "Split", hide_short_help = true)]
    pub(super) split_column: Option<String>,
    /// Column of dates or numbers: test on the last rows, validate on the ones before them
    ///
    /// The column is not a feature. Rows of the same time stay in the same part. With --folds, each fold tests on rows
    /// that are later than those of its training, as TimeSeriesSplit of scikit-learn.
    #[arg(long, value_name = "COLUMN", help_heading = "Split", hide_short_help = true)]
    pub(super) time: Option<String>,
    /// Column of groups whose rows stay together, such as patients
    ///
    /// All rows with the same text in this column become training, validation or test rows together. The column is not a
    /// feature.
    #[arg(long, value_name = "COLUMN", help_heading = "Split", hide_short_help = true)]
    pub(super) group: Option<String>,
    /// Cross-validation with K folds
    ///
    /// mfnet divides the rows into K folds and trains K networks. Each network is trained on K − 1 folds and tested on the
    /// remaining one. mfnet reports the mean and the standard deviation (with divisor K, not K − 1) of the scores. The validation
    /// rows come from the training folds.
    #[arg(long, value_name = "K", value_parser = at_least::<2>, help_heading = "Split")]
    pub(super) folds: Option<usize>,
    /// Column with the weight of each row
    ///
    /// A weight is 0 or a positive number. It applies to training, validation, test and baselines. A row of weight 2 counts
    /// as two equal rows. The column is not a feature.
    #[arg(long, value_name = "COLUMN", help_heading = "Weights", hide_short_help = true)]
    pub(super) sample_weight: Option<String>,
    /// Weight of each class in the loss: balanced, or LABEL:WEIGHT,...
    ///
    /// balanced gives all classes the same total weight. In a list such as spam:5,ham:1, all other labels have weight 1.
    /// mfnet uses class weights in the loss and the linear baseline, and in the verdict if a class is rare, but not in the
    /// metrics.
    #[arg(long, value_name = "WEIGHTS", value_parser = str::parse::<ClassWeight>, help_heading = "Weights", hide_short_help = true)]
    pub(super) class_weight: Option<ClassWeight>,
    /// Seed for shuffling, splitting and initial weights [default: 0]
    ///
    /// The same seed gives the same result.
    #[arg(long, value_parser = whole::<u64>, help_heading = "Split")]
    pub(super) seed: Option<u64>,
    /// Seed for splitting alone [default: the value of --seed]
    ///
    /// Official splits do not depend on it.
    #[arg(long, value_name = "SEED", value_parser = whole::<u64>, help_heading = "Split", hide_short_help = true)]
    pub(super) split_seed: Option<u64>,

    /// Do not fit the linear model and the naive baseline
    ///
    /// With many rows, fitting the linear model may take longer than training the network.
    #[arg(long, help_heading = "Output and recipe", hide_short_help = true)]
    pub(super) no_baselines: bool,
}

/// A path as text; bytes that are not UTF-8 become U+FFFD.
fn as_text<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.to_string_lossy()).serialize(to)
}

/// The long help of `--activation`, with all names.
fn activations() -> String {
    let names = ActivationName::ALL.map(ActivationName::word).join(", ");
    format!("Activation function of the hidden layers [default: relu]\n\nOne of {names}.")
}

/// Settings of the option of a field: it conflicts with the same options as the field, and a
/// negative number is a wrong value, not another option.
fn as_field(arg: Arg) -> Arg {
    let excluded = Recipe::CONFLICTS.iter().find(|(field, _)| arg.get_id() == field);
    let options = |others: &'static str| others.split(' ').filter(|other| !Recipe::WITHOUT_OPTION.contains(other));
    let arg = excluded.into_iter().fold(arg, |arg, (_, others)| arg.conflicts_with_all(options(others)));
    let has_value = !arg.is_positional() && arg.get_action().takes_values();
    if has_value { arg.allow_negative_numbers(true) } else { arg }
}

/// An error about settings, which may come from the recipe's file.
pub(crate) fn with_file(error: Error, file: Option<&RecipeFile>) -> Failure {
    match file {
        Some(file) => Failure::from(error).help(format!("some of these settings are in {}", file.name)),
        None => error.into(),
    }
}

impl RecipeArgs {
    /// The same settings, with the number of threads of others, if they have one.
    pub(crate) fn with_threads_of(self, other: &Self) -> Self {
        RecipeArgs { threads: other.threads.or(self.threads), ..self }
    }

    /// The recipe from these options, or from these options and a file, which they may not
    /// contradict.
    pub(crate) fn recipe(&self, file: Option<&RecipeFile>) -> Result<Recipe, Failure> {
        let mut fields = file.map_or_else(Recipe::default, |file| file.recipe.clone()).fields()?;
        for (field, given) in self.given()? {
            let before = fields.get(&field).unwrap_or(&Value::Null);
            let place = file.and_then(|file| file.place_of(&field));
            if let Some(place) = place.filter(|_| as_option(before) != as_option(&given)) {
                let (option, given, before) = (field.replace('_', "-"), as_option(&given), as_option(before));
                let message = format!("--{option} {given} contradicts {place}: {field} = {before}");
                return Err(Failure::usage(message).help("remove the option, or change the file"));
            }
            fields.insert(field, given);
        }
        let recipe: Recipe =
            serde_json::from_value(fields.into()).map_err(|error| Failure::usage(error.to_string()))?;
        recipe.check().map_err(|error| match file.and_then(|file| Some((file, file.recipe.check().err()?))) {
            // the file contradicts itself
            Some((file, of_file)) if of_file.to_string() == error.to_string() => {
                Failure::work(format!("{}: {}", file.name, with_fields(&error.to_string(), str::to_owned)))
            }
            _ => with_file(error, file),
        })?;
        // as they were given, not as text
        let warm_start = self.warm_start.clone().or(recipe.warm_start);
        let batch_order = self.batch_order.clone().or(recipe.batch_order);
        Ok(Recipe { warm_start, batch_order, ..recipe })
    }

    /// A field that was given, other than the number of threads.
    pub(crate) fn given_except_threads(&self) -> Result<Option<String>, Failure> {
        Ok(self.given()?.into_iter().map(|(field, _)| field).find(|field| field != "threads"))
    }

    /// The fields that were given, with their values.
    fn given(&self) -> Result<Map<String, Value>, Failure> {
        let is_given = |(field, value): &(String, Value)| match field.as_str() {
            // these may be false, or an empty list
            "header" | "hidden" => !value.is_null(),
            _ => ![Value::Null, Value::Bool(false), Value::Array(Vec::new())].contains(value),
        };
        let fields = serde_json::to_value(self).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(fields.as_object().cloned().unwrap_or_default().into_iter().filter(is_given).collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Args;

    /// Every option is a field of the recipe with the same name, except those for what a run shows
    /// and where it writes.
    #[test]
    fn every_option_of_a_fit_is_a_field() {
        const OTHERS: [&str; 18] = [
            "data",
            "data_dir",
            "sheet",
            "skip_lines",
            "memory",
            "recipe_file",
            "print_recipe",
            "find_rate",
            "log",
            "tensorboard",
            "output",
            "force",
            "resume",
            "checkpoint_every",
            "keep_checkpoint",
            "plots",
            "json",
            "quiet",
        ];
        let command = Args::command();
        let train = command.find_subcommand("train").unwrap();
        let mut options: Vec<&str> = train.get_arguments().map(|option| option.get_id().as_str()).collect();
        options.retain(|option| !OTHERS.contains(option));
        options.sort_unstable();
        let fields = Recipe::default().fields().ok().unwrap();
        let mut fields: Vec<&String> = fields.keys().collect();
        fields.retain(|field| !Recipe::WITHOUT_OPTION.contains(&field.as_str()));
        fields.sort_unstable();
        assert_eq!(options, fields);
    }
}
