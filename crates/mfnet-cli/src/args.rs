//! The command line: every option and its meaning.

mod recipe;
mod values;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

pub(crate) use recipe::RecipeArgs;
pub(crate) use values::{Part, word};
use values::{positive, whole};

/// Trains feed-forward fully connected networks on tables, by explicit back-propagation
#[derive(Parser)]
#[command(name = "mfnet", version, after_help = include_str!("args/help/mfnet.txt").trim_ascii_end())]
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
#[command(after_help = include_str!("args/help/train.txt").trim_ascii_end())]
pub(crate) struct TrainArgs {
    /// A data set by name (built in: digits, diabetes; downloaded: mnist, fashion-mnist, california-housing); a table: text (.csv, .tsv), Parquet or
    /// NumPy (.npy, .npz), also compressed with gzip; a folder of images as IDX files; or - for the standard input
    pub(crate) data: String,
    #[command(flatten)]
    pub(crate) folders: DataFolders,

    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
    /// A file with settings, TOML or JSON (.json), as --print-recipe writes them; an option must not contradict it
    #[arg(long = "recipe", value_name = "FILE", help_heading = "Recipe")]
    pub(crate) recipe_file: Option<PathBuf>,
    /// Print the settings as TOML, with everything that follows from the data, and train nothing
    #[arg(long, help_heading = "Recipe", conflicts_with = "json")]
    pub(crate) print_recipe: bool,

    /// The folder for the model, the history, the metrics and the report [default: a new runs/NAME-N]
    #[arg(long, short, value_name = "DIR", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the files of an earlier run in the output folder
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Write the plots of report.html as SVG and PNG files too, into the folder plots of the output folder
    #[arg(long, help_heading = "Output")]
    pub(crate) plots: bool,
    /// Print one JSON object instead of text
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Print results only
    #[arg(long, short, overrides_with = "quiet", help_heading = "Output")]
    pub(crate) quiet: bool,
}

/// Score a model on labelled data
#[derive(ClapArgs)]
#[command(after_help = include_str!("args/help/evaluate.txt").trim_ascii_end())]
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
    /// A column that has 0 or a positive number for each row: how much the row counts [default: that of the training, if the data have it]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) sample_weight: Option<String>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Predict every row of a table, as CSV
#[derive(ClapArgs)]
#[command(after_help = include_str!("args/help/predict.txt").trim_ascii_end())]
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
#[command(after_help = include_str!("args/help/explain.txt").trim_ascii_end())]
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
#[command(after_help = include_str!("args/help/fetch.txt").trim_ascii_end())]
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
