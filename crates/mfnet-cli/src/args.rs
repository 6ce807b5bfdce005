//! The command line: every option and its meaning.

mod values;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use mfnet::{Scaling, Schedule};

pub(crate) use values::{ActivationName, DtypeName, HiddenSizes, LossName, OptimizerName, Part, Task, YesNo, word};
use values::{at_least_one, at_least_two, below_one, hidden_sizes, not_negative, positive, scaling, schedule, whole};

#[derive(Parser)]
#[command(
    name = "mfnet",
    version,
    about,
    after_help = "Examples:\n  mfnet train digits\n  mfnet train iris.csv --target species\n  mfnet train mnist --hidden 64 --epochs 5\n  mfnet datasets\n  mfnet explain"
)]
#[command(about = "Trains feed-forward fully connected networks on tables, by explicit back-propagation")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Train(Box<TrainArgs>),
    Evaluate(EvaluateArgs),
    Predict(PredictArgs),
    Inspect(InspectArgs),
    Explain(ExplainArgs),
    Datasets(DatasetsArgs),
}

/// Train a network on a table, and compare it with the linear model and the naive predictor
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  mfnet train digits
  mfnet train iris.csv --target species
  mfnet train houses.csv --target price --hidden 128,64 --validation-fraction 0.1 --early-stopping 20
  mfnet train diabetes --hidden none          the linear model
  mfnet train mnist --hidden 64 --epochs 5 --dtype f32          downloaded the first time
  mfnet train california-housing --early-stopping 20 --data-dir data
  mfnet train digits --json | jq .test.accuracy
  mfnet train digits --plots
  mfnet train visits.csv --target ill --group patient          no patient on both sides
  mfnet train iris.csv --target species --folds 5
  mfnet train more.csv --warm-start runs/iris-1 --learning-rate 0.0001

An empty cell is a missing value, and so is NA, N/A, #N/A, NaN, NULL, None, ? or -. Dates are written 2024-01-31, with a time of day or without.

It says whether the network is worth it: whether it is better on the test rows than the linear model and the naive predictor, by more than equally good models
differ in 5 % of such tests (McNemar's exact test of classes, Student's paired t test of squared errors; with --group that of the groups' sums). metrics.json and --json have as
better_by the difference of the accuracies or of R², its standard error, and the probability.

It leaves report.html, which any browser shows, beside model.safetensors, history.csv and metrics.json.")]
pub(crate) struct TrainArgs {
    /// A data set by name (built in: digits, diabetes; downloaded: mnist, fashion-mnist, california-housing); a table: text (.csv, .tsv), Parquet or
    /// NumPy (.npy, .npz), also compressed with gzip; a folder of images as IDX files; or - for the standard input
    pub(crate) data: String,
    #[command(flatten)]
    pub(crate) folders: DataFolders,

    /// What is predicted: a column's name, or its number from 0 in a file without header; several for a regression, with commas
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,
    /// Classes or values [default: classes for text, booleans, and whole numbers with at most 20 distinct values]
    #[arg(long, value_enum)]
    pub(crate) task: Option<Task>,

    /// Go on from a model, a file or the folder of a run: it has the target, network, columns, classes and scaling, so that no option may name
    /// them. The optimizer begins anew. If no epoch is better on the validation rows, the model stays as it is
    #[arg(long, value_name = "MODEL", help_heading = "Network")]
    #[arg(conflicts_with_all = ["target", "task", "hidden", "activation", "dtype", "header", "drop", "numeric", "categorical", "scale"])]
    pub(crate) warm_start: Option<PathBuf>,
    /// Sizes of the hidden layers, with commas; none is a linear model, trained as a network is [default: 1024; 256,256,256 from 5000 training rows on]
    #[arg(long, value_name = "SIZES", value_parser = hidden_sizes, help_heading = "Network")]
    pub(crate) hidden: Option<HiddenSizes>,
    /// The function after each hidden layer
    #[arg(long, value_enum, default_value_t = ActivationName::Relu, help_heading = "Network")]
    pub(crate) activation: ActivationName,
    /// What is minimised [default: cross-entropy for classes, mse for values]
    #[arg(long, value_enum, help_heading = "Network")]
    pub(crate) loss: Option<LossName>,
    /// The type of all numbers
    #[arg(long, value_enum, default_value_t = DtypeName::F64, help_heading = "Network")]
    pub(crate) dtype: DtypeName,

    /// Whether the first line of a text file has the names of the columns [default: a guess, which is said]
    #[arg(long, value_enum, help_heading = "Preprocessing")]
    pub(crate) header: Option<YesNo>,
    /// Columns that are no features, with commas
    #[arg(long, value_name = "COLUMNS", help_heading = "Preprocessing")]
    pub(crate) drop: Vec<String>,
    /// Columns of numbers, with commas: a text in them is an error. Without it a column with text is a category
    #[arg(long, value_name = "COLUMNS", help_heading = "Preprocessing")]
    pub(crate) numeric: Vec<String>,
    /// Columns of categories, with commas, though they hold numbers
    #[arg(long, value_name = "COLUMNS", help_heading = "Preprocessing")]
    pub(crate) categorical: Vec<String>,
    /// What is done to the features: standard (mean 0 and deviation 1), robust (median and quartiles), min-max (0 to 1; pixels divided by
    /// 255), quantile (ranks as a normal distribution) [default: standard; quantile from 5000 training rows on, but for pixels]
    #[arg(long, value_name = "SCALING", value_parser = scaling, help_heading = "Preprocessing")]
    pub(crate) scale: Option<Scaling>,

    /// The rule that moves the weights
    #[arg(long, value_enum, default_value_t = OptimizerName::Adamw, help_heading = "Training")]
    pub(crate) optimizer: OptimizerName,
    /// How far a step goes [default: 0.001 for adam and adamw, 0.005 from 5000 training rows on; 0.01 for sgd]
    #[arg(long, value_name = "RATE", value_parser = positive, allow_negative_numbers = true, help_heading = "Training")]
    pub(crate) learning_rate: Option<f64>,
    /// How the rate changes: constant, cosine (to 0), one-cycle (up, then to nearly 0), or step:EPOCHS:FACTOR, as in step:30:0.1
    /// [default: one-cycle for adam and adamw, constant for sgd]
    #[arg(long, value_name = "SCHEDULE", value_parser = schedule, help_heading = "Training")]
    pub(crate) schedule: Option<Schedule>,
    /// Momentum of sgd
    #[arg(long, value_name = "MU", default_value_t = 0.0, value_parser = below_one, allow_negative_numbers = true, help_heading = "Training")]
    pub(crate) momentum: f64,
    /// Nesterov's form of momentum
    #[arg(long, help_heading = "Training")]
    pub(crate) nesterov: bool,
    /// L2 decay of the weights for sgd and adam, decoupled decay for adamw [default: 0.5 for adamw, 0.1 from 5000 training rows on; else 0]
    #[arg(long, value_name = "LAMBDA", value_parser = not_negative, allow_negative_numbers = true, help_heading = "Training")]
    pub(crate) weight_decay: Option<f64>,
    /// Let weight decay act on biases too
    #[arg(long, help_heading = "Training")]
    pub(crate) decay_biases: bool,
    /// Shorten the gradient to this norm, taken over all layers together; 0 is off
    #[arg(long, value_name = "NORM", default_value_t = 0.0, value_parser = not_negative, allow_negative_numbers = true)]
    #[arg(help_heading = "Training", conflicts_with = "clip_layer_norm")]
    pub(crate) clip_norm: f64,
    /// Shorten each layer's gradient to this norm; 0 is off
    #[arg(long, value_name = "NORM", default_value_t = 0.0, value_parser = not_negative, allow_negative_numbers = true)]
    #[arg(help_heading = "Training")]
    pub(crate) clip_layer_norm: f64,
    /// Samples of a step [default: 8; 64 from 5000 training rows on]
    #[arg(long, value_name = "SAMPLES", value_parser = at_least_one, allow_negative_numbers = true)]
    #[arg(help_heading = "Training")]
    pub(crate) batch_size: Option<usize>,
    /// Use the training rows in the order of the data, in every epoch, and not shuffled
    #[arg(long, help_heading = "Training")]
    pub(crate) no_shuffle: bool,
    /// A text file with a line for each epoch, or one for all: the rows of DATA, counted from 0, in the order in which they are used, with spaces between
    /// them; a row may stand there several times or not at all, and all lines have as many. Only training rows
    #[arg(long, value_name = "FILE", help_heading = "Training", conflicts_with_all = ["no_shuffle", "folds"])]
    pub(crate) batch_order: Option<PathBuf>,
    /// How often every sample is used [default: 100; from 5000 training rows on about 12 500 steps, in 10 to 100 epochs]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    #[arg(help_heading = "Training")]
    pub(crate) epochs: Option<usize>,
    /// Stop when the validation loss has not fallen for N epochs; 0 is off [default: half of --epochs and at least 10, where there are
    /// validation rows]
    #[arg(long, value_name = "N", value_parser = whole::<usize>, allow_negative_numbers = true)]
    #[arg(help_heading = "Training")]
    pub(crate) early_stopping: Option<usize>,
    /// Threads; the result does not depend on them [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true, help_heading = "Training")]
    pub(crate) threads: Option<usize>,

    /// Fraction of all rows that is kept from training and scored at the end [default: 0.2; for mnist, fashion-mnist and
    /// california-housing the test rows of their official split]
    #[arg(long, value_name = "FRACTION", value_parser = below_one, allow_negative_numbers = true)]
    #[arg(help_heading = "Split")]
    pub(crate) test_fraction: Option<f64>,
    /// Fraction of all rows on which the best epoch is chosen; where the test rows are given or those of a fold, of all other rows
    /// [default: 0.1 of 50 rows or more; the validation rows of --split-column, or for california-housing the official ones]
    #[arg(long, value_name = "FRACTION", value_parser = below_one, allow_negative_numbers = true)]
    #[arg(help_heading = "Split")]
    pub(crate) validation_fraction: Option<f64>,
    /// A file whose rows are the test rows; all rows of DATA are training and validation rows
    #[arg(long, value_name = "FILE", help_heading = "Split", conflicts_with_all = ["test_fraction", "split_column", "folds"])]
    pub(crate) test_file: Option<String>,
    /// A column that says train, validation or test (or training, valid, val, dev, testing, holdout) for each row, and is no feature. Without
    /// validation rows in it they are drawn from the training rows
    #[arg(long, value_name = "COLUMN", help_heading = "Split", conflicts_with_all = ["test_fraction", "group", "folds"])]
    pub(crate) split_column: Option<String>,
    /// A column that is no feature: rows with the same text in it, as those of a patient, stay together in one part
    #[arg(long, value_name = "COLUMN", help_heading = "Split")]
    pub(crate) group: Option<String>,
    /// Cross-validation: train K times, each time with the rows of another fold as test rows, and score mean and standard deviation (the
    /// population's, as numpy's std); validation rows are a fraction of the other folds' rows
    #[arg(long, value_name = "K", value_parser = at_least_two, allow_negative_numbers = true, help_heading = "Split")]
    #[arg(conflicts_with = "test_fraction")]
    pub(crate) folds: Option<usize>,
    /// Chooses the initial random numbers, from which all others follow: the first weights, the order of the samples, the split. The
    /// same number gives the same result
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>, allow_negative_numbers = true, help_heading = "Split")]
    pub(crate) seed: u64,
    /// The same for the split alone [default: that of --seed]; an official split is always the same
    #[arg(long, value_name = "SEED", value_parser = whole::<u64>, allow_negative_numbers = true, help_heading = "Split")]
    pub(crate) split_seed: Option<u64>,

    /// The folder for the model, the history, the metrics and the report [default: a new runs/NAME-N]
    #[arg(long, short, value_name = "DIR", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the files of an earlier run in the output folder
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Write the plots of report.html as SVG and PNG files too, into the folder plots of the output folder
    #[arg(long, help_heading = "Output")]
    pub(crate) plots: bool,
    /// Leave out the linear model and the naive predictor, to which the network is compared otherwise: on many rows the best linear model may take
    /// longer than the training
    #[arg(long, help_heading = "Output")]
    pub(crate) no_baselines: bool,
    /// Print one JSON object instead of text
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Print results only
    #[arg(long, short, overrides_with = "quiet", help_heading = "Output")]
    pub(crate) quiet: bool,
}

/// Score a model on labelled data
#[derive(ClapArgs)]
#[command(after_help = "On the data that it was trained on, only the test rows are used, unless --part says otherwise.

Examples:
  mfnet evaluate runs/digits-1 digits
  mfnet evaluate runs/mnist-1 mnist --data-dir data
  mfnet evaluate model.safetensors new.csv --json")]
pub(crate) struct EvaluateArgs {
    /// A model file or the folder of a run
    pub(crate) model: PathBuf,
    /// A data set by name, a file, a folder of images, or - for the standard input, with the columns that the model was trained on, in any order
    pub(crate) data: String,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Which rows of the data that the model was trained on
    #[arg(long, value_enum)]
    pub(crate) part: Option<Part>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Predict every row of a table, as CSV
#[derive(ClapArgs)]
#[command(after_help = "The output has a column `prediction`, and for classes a probability `p_LABEL` for each.

Examples:
  mfnet predict runs/iris-1 new.csv
  mfnet predict runs/iris-1 new.csv --keep id --output predictions.csv
  mfnet predict runs/mnist-1 mnist --data-dir data --keep class     all 70000 images, the training ones first")]
pub(crate) struct PredictArgs {
    /// A model file or the folder of a run
    pub(crate) model: PathBuf,
    /// A data set by name, a file, a folder of images, or - for the standard input, with the columns that the model was trained on, in any order; the
    /// target is not needed
    pub(crate) data: String,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Columns of the data to copy to the output, with commas
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) keep: Vec<String>,
    /// Write to a file instead of the standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output file if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

/// Show a model: layers, scaling, how it was trained, the same model in PyTorch
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  mfnet inspect runs/digits-1")]
pub(crate) struct InspectArgs {
    /// A model file or the folder of a run
    pub(crate) model: PathBuf,
}

/// Show every matrix of a forward pass, a backward pass and an update
#[derive(ClapArgs)]
#[command(
    after_help = "Without a model it is a worked example, computed on paper in the text that mfnet follows: F. Marchisotti, mfnet – a simple machine learning library (University of Turin, 2024/25), section 3.3.

Examples:
  mfnet explain
  mfnet explain runs/iris-1 iris.csv --rows 0,50 --learning-rate 0.1
  mfnet explain runs/houses-1 california-housing --data-dir data"
)]
pub(crate) struct ExplainArgs {
    /// A model file or the folder of a run
    #[arg(requires = "data")]
    pub(crate) model: Option<PathBuf>,
    /// A data set by name, a file, a folder of images, or - for the standard input; without its target column the forward pass alone is shown
    pub(crate) data: Option<String>,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Rows of DATA, counted from 0, with commas: one batch (the worked example has its own four samples)
    #[arg(long, value_delimiter = ',', default_value = "0", value_parser = whole::<usize>, requires = "model")]
    pub(crate) rows: Vec<usize>,
    /// The rate of the update by plain gradient descent, for MODEL and DATA (the worked example has 4)
    #[arg(long, value_name = "RATE", default_value_t = 0.1, value_parser = positive, allow_negative_numbers = true, requires = "model")]
    pub(crate) learning_rate: f64,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the data sets that are known by name, or download them
#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  mfnet datasets
  mfnet datasets --json
  mfnet datasets fetch mnist fashion-mnist")]
pub(crate) struct DatasetsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DatasetsCommand>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Subcommand)]
pub(crate) enum DatasetsCommand {
    List(ListArgs),
    Fetch(FetchArgs),
}

/// Show the data sets that are known by name, and where they lie
#[derive(ClapArgs)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Download data sets, verify them, and show where they lie; what is there already is verified alone
#[derive(ClapArgs)]
#[command(
    after_help = "The environment variable MFNET_MIRROR names a mirror of your own in place of the public ones: the address of a folder that has the data sets \
as they lie on disk, with or without .gz, as in http://host/data for http://host/data/mnist/train-images-idx3-ubyte.gz; several with spaces. \
A proxy is taken from ALL_PROXY, HTTPS_PROXY or HTTP_PROXY, and hosts that need none from NO_PROXY.

Examples:
  mfnet datasets fetch mnist
  mfnet datasets fetch mnist california-housing --data-dir data"
)]
pub(crate) struct FetchArgs {
    /// Names of data sets
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Print results only
    #[arg(long, short, overrides_with = "quiet")]
    pub(crate) quiet: bool,
}

/// Where the data sets lie that are too large to be built in.
#[derive(ClapArgs)]
pub(crate) struct DataFolders {
    /// Where data sets lie that are not built in, each in a folder of its name, or are downloaded to [default: the folder that the
    /// environment variable MFNET_DATA names, then the user's cache folder, which downloads go to]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}
