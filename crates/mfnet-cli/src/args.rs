//! The command line: every option and its meaning.

mod recipe;
mod values;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

pub(crate) use recipe::{RecipeArgs, with_file};
pub(crate) use values::{Part, word};
use values::{positive, whole};

/// Train and use feed-forward neural networks on tables
#[derive(Parser)]
#[command(name = "mfnet", version)]
#[command(after_help = include_str!("args/help/mfnet.txt").trim_ascii_end())]
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

/// Train a network on a table and compare it with a linear model and a naive baseline
#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  mfnet train digits\n  mfnet train iris.csv --target species --epochs 50")]
#[command(after_long_help = include_str!("args/help/train.txt").trim_ascii_end())]
pub(crate) struct TrainArgs {
    /// A table, the name of a data set, a folder of images, or - for the standard input
    ///
    /// Tables: text (.csv, .tsv), Parquet, NumPy (.npy, .npz); all may be compressed with gzip.
    ///
    /// Data sets: digits and diabetes are built in. mfnet downloads mnist, fashion-mnist and california-housing when
    /// they are first used.
    ///
    /// Images: a folder of IDX files, the format of MNIST.
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) folders: DataFolders,

    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
    /// Read settings from a TOML or JSON file
    ///
    /// --print-recipe prints such a file. An option that contradicts the file is an error.
    #[arg(long = "recipe", value_name = "FILE", help_heading = "Output and recipe")]
    pub(crate) recipe_file: Option<PathBuf>,
    /// Print all settings as TOML and exit without training
    ///
    /// The settings include those that mfnet chooses from the data.
    #[arg(long, help_heading = "Output and recipe", conflicts_with = "json", hide_short_help = true)]
    pub(crate) print_recipe: bool,

    /// Output folder for model, history, metrics and report [default: runs/NAME-N]
    ///
    /// The default is a new folder for each run: NAME is the name of the data, N the first free number.
    #[arg(long, short, value_name = "DIR", help_heading = "Output and recipe")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the files of an earlier run in the output folder
    #[arg(long, help_heading = "Output and recipe")]
    pub(crate) force: bool,
    /// Also write the plots of the report as SVG and PNG files
    ///
    /// The files go to the folder plots inside the output folder.
    #[arg(long, help_heading = "Output and recipe", hide_short_help = true)]
    pub(crate) plots: bool,
    /// Print the results as one JSON object
    #[arg(long, help_heading = "Output and recipe")]
    pub(crate) json: bool,
    /// Print only the results
    #[arg(long, short, overrides_with = "quiet", help_heading = "Output and recipe")]
    pub(crate) quiet: bool,
}

/// Compute loss and metrics of a model on labelled data
#[derive(ClapArgs)]
#[command(after_help = include_str!("args/help/evaluate.txt").trim_ascii_end())]
pub(crate) struct EvaluateArgs {
    /// Model file, or folder of a run
    pub(crate) model: PathBuf,
    /// A table, the name of a data set, a folder of images, or - for the standard input
    ///
    /// The table needs the target and all columns that the model was trained on, in any order.
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Rows to use, if the model was trained on this data [default: test]
    #[arg(long, value_enum)]
    pub(crate) part: Option<Part>,
    /// Column with the weight of each row
    ///
    /// A weight is 0 or a positive number. By default, mfnet uses the weight column of the training run, if the data has
    /// it.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) sample_weight: Option<String>,
    /// Print the results as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Predict the target for each row of a table, as CSV
#[derive(ClapArgs)]
#[command(after_help = include_str!("args/help/predict.txt").trim_ascii_end())]
pub(crate) struct PredictArgs {
    /// Model file, or folder of a run
    pub(crate) model: PathBuf,
    /// A table, the name of a data set, a folder of images, or - for the standard input
    ///
    /// The table needs all columns that the model was trained on, in any order. It does not need the target.
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Columns of the data to copy to the output, separated by commas
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) keep: Vec<String>,
    /// Write the predictions to a file instead of the standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output file if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

/// Show the layers, preprocessing and training settings of a model, and its PyTorch code
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  mfnet inspect runs/digits-1")]
pub(crate) struct InspectArgs {
    /// Model file, or folder of a run
    pub(crate) model: PathBuf,
}

/// Show every matrix of a forward pass, a backward pass and a gradient descent step
#[derive(ClapArgs)]
#[command(after_help = include_str!("args/help/explain.txt").trim_ascii_end())]
pub(crate) struct ExplainArgs {
    /// Model file, or folder of a run
    #[arg(requires = "data")]
    pub(crate) model: Option<PathBuf>,
    /// A table, the name of a data set, a folder of images, or - for the standard input
    ///
    /// If the table has no target column, only the forward pass is shown.
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Rows of DATA that form the batch, counted from 0, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "0", value_parser = whole::<usize>, requires = "model")]
    pub(crate) rows: Vec<usize>,
    /// Learning rate of the gradient descent step
    #[arg(long, value_name = "RATE", default_value_t = 0.1, value_parser = positive, allow_negative_numbers = true, requires = "model")]
    pub(crate) learning_rate: f64,
    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// List the data sets that mfnet knows by name, or download them
#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true, after_help = include_str!("args/help/datasets.txt").trim_ascii_end())]
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

/// List the data sets that mfnet knows by name, and where their files are
#[derive(ClapArgs)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Print the list as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Download data sets, verify their checksums and print their folders
///
/// mfnet only verifies files that are already there.
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  mfnet datasets fetch mnist california-housing")]
#[command(after_long_help = include_str!("args/help/fetch.txt").trim_ascii_end())]
pub(crate) struct FetchArgs {
    /// Names of the data sets
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    /// Print only the results
    #[arg(long, short, overrides_with = "quiet")]
    pub(crate) quiet: bool,
}

/// Where the files of downloaded data sets are.
#[derive(ClapArgs)]
pub(crate) struct DataFolders {
    /// Folder for downloaded data sets
    ///
    /// Each data set has a subfolder with its name. By default, mfnet looks in the folder that the environment variable
    /// MFNET_DATA names, then in your cache folder (~/.cache/mfnet on Linux), and downloads to the cache folder.
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) data_dir: Option<PathBuf>,
}
