//! The command line: every option and its meaning.

mod recipe;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand};
use mfnet::Recipe;
use mfnet::fit::{Dates, Decimal, Quote};
use mfnet::table::{Delimiter, ReadTable};
use mfnet::text::split_names;
use mfnet::train::Every;

pub(crate) use recipe::{RecipeArgs, with_file};
pub(crate) use values::{Part, word};
use values::{bytes, encoding, positive, row, whole, word_of};

/// The options that have no effect on a learning-rate range test.
const OF_A_TRAINING: [&str; 13] = [
    "folds",
    "resume",
    "print_recipe",
    "learning_rate",
    "schedule",
    "warmup",
    "weight_decay_schedule",
    "dropout_schedule",
    "label_smoothing_schedule",
    "checkpoint_every",
    "log",
    "tensorboard",
    "plots",
];

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
    Tune(Box<TuneArgs>),
    Evaluate(EvaluateArgs),
    Predict(PredictArgs),
    Inspect(InspectArgs),
    Explain(ExplainArgs),
    Datasets(DatasetsArgs),
}

/// Train a network on a table and compare it with a linear model and a naive baseline
#[derive(ClapArgs)]
#[command(override_usage = "mfnet train [OPTIONS] <DATA>...\n       mfnet train --resume <RUN>")]
#[command(after_help = "Examples:\n  mfnet train digits\n  mfnet train iris.csv --target species --epochs 50")]
#[command(after_long_help = include_str!("args/help/train.txt").trim_ascii_end())]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) fit: FitArgs,
    /// Print all settings as TOML and exit without training
    ///
    /// The settings include those that mfnet chooses from the data.
    #[arg(long, help_heading = "Output and recipe", conflicts_with = "json", hide_short_help = true)]
    pub(crate) print_recipe: bool,
    /// Find a learning rate with a range test, and exit without training
    ///
    /// The learning rate grows over 200 steps from 0.000001 to 10. mfnet prints a tenth of the rate with the lowest
    /// smoothed loss, and writes the losses as rates.csv and their plot as rates.svg and rates.png into the output folder.
    /// Batches, optimizer, weight decay and clipping are those of a training with --learning-rate. A learning rate, a
    /// schedule and a warm-up in a recipe file have no effect. With --ensemble, the first network is used.
    #[arg(long, help_heading = "Output and recipe", hide_short_help = true, conflicts_with_all = OF_A_TRAINING)]
    pub(crate) find_rate: bool,

    /// Output folder for model, history, metrics and report [default: runs/NAME-N]
    ///
    /// The default is a new folder for each run: NAME is the name of the data, N the first free number.
    #[arg(long, short, value_name = "DIR", help_heading = "Output and recipe")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the files of an earlier run in the output folder
    #[arg(long, help_heading = "Output and recipe")]
    pub(crate) force: bool,
    /// Continue a run that was stopped, from its last checkpoint
    ///
    /// RUN is the folder of the run. Its data and settings are used again, and the model is that of a run that was never
    /// stopped, byte for byte. The number of threads may differ.
    #[arg(long, value_name = "RUN", help_heading = "Output and recipe", conflicts_with_all = ["output", "force", "print_recipe"])]
    pub(crate) resume: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// Print the results as one JSON object
    #[arg(long, help_heading = "Output and recipe")]
    pub(crate) json: bool,
}

/// Search for better settings than the default ones, on the validation rows
///
/// Trial 0 has the settings of the command; settings that are not given are searched. Training rows train every trial,
/// validation rows compare them, and test rows are used once, at the end.
#[derive(ClapArgs)]
#[command(override_usage = "mfnet tune [OPTIONS] <DATA>...\n       mfnet tune --resume <SEARCH>")]
#[command(after_help = "Examples:\n  mfnet tune digits\n  mfnet tune houses.csv --target price --time-limit 10m")]
#[command(after_long_help = include_str!("args/help/tune.txt").trim_ascii_end())]
pub(crate) struct TuneArgs {
    #[command(flatten)]
    pub(crate) fit: FitArgs,

    /// Number of trials [default: 30, or no limit with --time-limit]
    #[arg(long, value_name = "N", value_parser = whole::<usize>, help_heading = "Search")]
    pub(crate) trials: Option<usize>,
    /// Time for the search, such as 10m or 2h
    ///
    /// Trials that are not trained by then are given up. The best and the default settings are then trained to the end,
    /// which takes longer. With a time limit, the result depends on the speed of the machine.
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Search", conflicts_with = "prepare")]
    pub(crate) time_limit: Option<Duration>,
    /// A TOML file with the settings to search and their values [default: usual ones around those of trial 0]
    ///
    /// Each field of a recipe has a list of values or a range, such as learning_rate = { low = 1e-4, high = 1e-2, log =
    /// true }. The folder of a search has the file space.toml as an example.
    #[arg(long, value_name = "FILE", help_heading = "Search")]
    pub(crate) space: Option<PathBuf>,
    /// Number of trials that are proposed at once, from the results of those before [default: 9]
    #[arg(long, value_name = "N", value_parser = whole::<usize>, help_heading = "Search", hide_short_help = true)]
    pub(crate) round: Option<usize>,
    /// Number of processes that train side by side [default: one for each processor, at most 9]
    ///
    /// The result does not depend on it. Each process reads the data. --threads limits the threads of all processes together.
    #[arg(long, value_name = "N", value_parser = values::workers, help_heading = "Search", hide_short_help = true)]
    pub(crate) workers: Option<usize>,

    /// Output folder [default: runs/NAME-tune-N]
    #[arg(long, short, value_name = "DIR", help_heading = "Output and recipe")]
    pub(crate) output: Option<PathBuf>,
    /// Continue a search that was stopped
    ///
    /// SEARCH is its folder. The result is that of a search that was never stopped.
    #[arg(long, value_name = "SEARCH", help_heading = "Output and recipe", conflicts_with_all = ["output", "trials", "space", "round"])]
    pub(crate) resume: Option<PathBuf>,
    /// Only make the folder of the search, for trials on other machines
    #[arg(long, help_heading = "Trials on other machines", conflicts_with = "resume", hide_short_help = true)]
    pub(crate) prepare: bool,
    /// Print the names of the training runs of SEARCH that can be made now
    ///
    /// None are printed if the search is complete.
    #[arg(long, help_heading = "Trials on other machines", requires = "resume", conflicts_with_all = ["json", "workers", "time_limit"], hide_short_help = true)]
    pub(crate) pending: bool,
    /// Make these training runs of SEARCH, separated by commas
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        help_heading = "Trials on other machines",
        requires = "resume",
        conflicts_with = "pending",
        hide_short_help = true
    )]
    pub(crate) train: Vec<String>,
    /// Make the training runs whose names are on the lines of the standard input
    #[arg(long, requires = "resume", conflicts_with_all = ["pending", "train"], hide = true)]
    pub(crate) worker: bool,

    /// Also write the plots of the reports as SVG and PNG files
    #[arg(long, help_heading = "Output and recipe", hide_short_help = true)]
    pub(crate) plots: bool,
    /// Print the results as one JSON object
    #[arg(long, help_heading = "Output and recipe")]
    pub(crate) json: bool,
    /// Print only the results
    #[arg(long, short, overrides_with = "quiet", help_heading = "Output and recipe")]
    pub(crate) quiet: bool,
}

/// What a training writes and shows besides its model.
#[derive(ClapArgs, Default)]
pub(crate) struct Outputs {
    /// Time or number of epochs between two checkpoints, such as 30s, 10m or 5 [default: 30s]
    ///
    /// A checkpoint is the whole state of the training. The last two are in the folder checkpoint of the output folder,
    /// until the run is complete. Ctrl-C also leaves one.
    #[arg(long, value_name = "EVERY", value_parser = str::parse::<Every>, help_heading = "Output and recipe", hide_short_help = true)]
    pub(crate) checkpoint_every: Option<Every>,
    /// Leave the last checkpoint in the output folder when the run is complete
    ///
    /// --warm-start RUN --warm-optimizer goes on with the state of its optimizer. The checkpoint before it may be there
    /// too.
    #[arg(long, help_heading = "Output and recipe", hide_short_help = true)]
    pub(crate) keep_checkpoint: bool,
    /// File to which each epoch is written as a line of JSON, during the training
    ///
    /// A line is an object with the columns of history.csv, for programs that watch a training.
    #[arg(long, value_name = "FILE", help_heading = "Output and recipe", hide_short_help = true)]
    pub(crate) log: Option<PathBuf>,
    /// Folder for event files that TensorBoard shows
    ///
    /// They have the losses and metrics of each epoch, histograms of the weights and of the gradients in its last step, and
    /// the plan of the training as text.
    #[arg(long, value_name = "DIR", help_heading = "Output and recipe", hide_short_help = true)]
    pub(crate) tensorboard: Option<PathBuf>,
    /// Also write the plots of the report as SVG and PNG files
    ///
    /// The files go to the folder plots inside the output folder.
    #[arg(long, help_heading = "Output and recipe", hide_short_help = true)]
    pub(crate) plots: bool,
    /// Print only the results
    #[arg(long, short, overrides_with = "quiet", help_heading = "Output and recipe")]
    pub(crate) quiet: bool,
}

/// The data of a fit and its settings.
#[derive(ClapArgs)]
pub(crate) struct FitArgs {
    /// A table, the name of a data set, a folder of images, or - for the standard input
    ///
    /// Tables: text (.csv, .tsv), JSON with an object for each row (.jsonl, .json), Parquet, Excel (.xlsx), NumPy (.npy,
    /// .npz). All may be compressed with gzip, Zstandard or zip. Several files with the same columns, or a folder of
    /// such files, become one table.
    ///
    /// Data sets: digits, diabetes, xor, moons and spiral are built in. mfnet downloads mnist, fashion-mnist and
    /// california-housing when they are first used.
    ///
    /// Images: a folder of IDX files, the format of MNIST.
    #[arg(required_unless_present = "resume")]
    pub(crate) data: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    #[command(flatten)]
    pub(crate) reading: Reading,

    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
    /// Read settings from a TOML or JSON file
    ///
    /// --print-recipe prints such a file. An option may not contradict the file.
    #[arg(long = "recipe", value_name = "FILE", help_heading = "Output and recipe")]
    pub(crate) recipe_file: Option<PathBuf>,
}

impl FitArgs {
    /// The files that are read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.data.iter().chain(&self.recipe.test_file).chain(&self.recipe_file)
    }
}

/// Compute loss and metrics of a model on labelled data
#[derive(ClapArgs)]
#[command(after_help = include_str!("args/help/evaluate.txt").trim_ascii_end())]
pub(crate) struct EvaluateArgs {
    /// Model file, or folder of a run
    pub(crate) model: PathBuf,
    /// A table, the name of a data set, a folder of images, or - for the standard input
    ///
    /// The table needs the target and all columns that the model was trained on, in any order. Several files with the
    /// same columns become one table.
    #[arg(required = true)]
    pub(crate) data: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Rows to use, if the model was trained on DATA [default: test]
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
    /// The table needs all columns that the model was trained on, in any order. It does not need the target. Several files
    /// with the same columns become one table.
    #[arg(required = true)]
    pub(crate) data: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Probability that the target lies between the added columns lower and upper, such as 0.9
    ///
    /// For regression. The interval is as wide as the errors on the validation rows of the training were (split conformal
    /// prediction), the same for all rows. With several targets, the columns are lower_TARGET and upper_TARGET.
    #[arg(long, value_name = "LEVEL", value_parser = values::level)]
    pub(crate) interval: Option<f64>,
    /// Columns of the data to copy to the output, separated by commas
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) keep: Vec<String>,
    /// Rows to predict, if the model was trained on DATA [default: all]
    #[arg(long, value_enum)]
    pub(crate) part: Option<Part>,
    /// Write the predictions to a file instead of the standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output file if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

/// Show a model with its PyTorch code, or how mfnet reads a table
///
/// A model: its layers, preprocessing and training settings. A table: the kind of each column, missing values, and the
/// columns that are not features.
#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  mfnet inspect runs/digits-1\n  mfnet inspect iris.csv")]
pub(crate) struct InspectArgs {
    /// Model file, folder of a run, or a table
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) folders: DataFolders,
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Whether the first line of a text file holds the column names [default: detected]
    #[arg(long, value_parser = values::yes_no(), help_heading = "Reading files", hide_short_help = true)]
    pub(crate) header: Option<bool>,
    /// Print the description as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
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
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Rows of DATA that form the batch, counted from 0, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "0", value_parser = row, requires = "model")]
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

/// How DATA is written, if it differs from the file that the model was trained on.
#[derive(ClapArgs)]
pub(crate) struct FileArgs {
    /// Separator of the fields of a text file: one character, tab or spaces [default: as in training, or detected]
    #[arg(long, value_name = "CHAR", value_parser = str::parse::<Delimiter>, help_heading = "Reading files", hide_short_help = true)]
    delimiter: Option<Delimiter>,
    /// Quotes of a text file: double, backslash, single or none [default: detected]
    #[arg(long, value_parser = word_of::<Quote>(Quote::ALL.map(Quote::word)), hide_possible_values = true, help_heading = "Reading files", hide_short_help = true)]
    quote: Option<Quote>,
    /// Encoding of a text file, such as windows-1252 [default: detected]
    #[arg(long, value_name = "NAME", value_parser = encoding, help_heading = "Reading files", hide_short_help = true)]
    encoding: Option<String>,
    /// Decimal sign of ambiguous numbers such as 1.234: point or comma [default: as in training, or detected]
    #[arg(long, value_parser = word_of::<Decimal>(Decimal::ALL.map(Decimal::word)), hide_possible_values = true, help_heading = "Reading files", hide_short_help = true)]
    decimal: Option<Decimal>,
    /// Order of ambiguous dates such as 01/02/2024: day-first or month-first [default: as in training, or detected]
    #[arg(long, value_parser = word_of::<Dates>(Dates::ALL.map(Dates::word)), hide_possible_values = true, help_heading = "Reading files", hide_short_help = true)]
    dates: Option<Dates>,
    /// More words for missing values, separated by commas
    ///
    /// Empty fields and words such as NA, NaN, NULL, None, ? and - are missing values, and so are the words that were
    /// given in training.
    #[arg(
        long,
        value_name = "WORDS",
        allow_hyphen_values = true,
        help_heading = "Reading files",
        hide_short_help = true
    )]
    missing: Vec<String>,
}

impl FileArgs {
    /// The reader with these settings.
    pub(crate) fn set<'a>(&self, reader: ReadTable<'a>) -> ReadTable<'a> {
        let recipe = Recipe {
            delimiter: self.delimiter,
            quote: self.quote,
            encoding: self.encoding.clone(),
            decimal: self.decimal,
            dates: self.dates,
            ..Recipe::default()
        };
        recipe.set_form(reader.missing(self.missing.iter().flat_map(|words| split_names(words))))
    }
}

/// Where the files of downloaded data sets are.
#[derive(ClapArgs, Default)]
pub(crate) struct DataFolders {
    /// Folder for downloaded data sets
    ///
    /// Each data set has a subfolder with its name. By default, mfnet looks in the folder that the environment variable
    /// MFNET_DATA names, then in your cache folder (~/.cache/mfnet on Linux), and downloads to the cache folder.
    #[arg(long, value_name = "DIR", help_heading = "Reading files", hide_short_help = true)]
    pub(crate) data_dir: Option<PathBuf>,
}

/// How files are read.
#[derive(ClapArgs, Default)]
pub(crate) struct Reading {
    /// Number of lines above the table in a text file [default: detected]
    ///
    /// mfnet detects a title and comments above the column names.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = whole::<u64>, help_heading = "Reading files", hide_short_help = true)]
    pub(crate) skip_lines: u64,
    /// Sheet of an Excel file [default: the first]
    #[arg(long, value_name = "NAME", help_heading = "Reading files", hide_short_help = true)]
    pub(crate) sheet: Option<String>,
    /// Largest size of a compressed file after it is decompressed, such as 8GB
    ///
    /// By default, this is 200 times the size of the compressed file, plus 128 MB. The limit keeps a damaged or malicious
    /// file from filling the memory.
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Reading files", hide_short_help = true)]
    pub(crate) memory: Option<u64>,
}

impl Reading {
    /// The reader with these settings.
    pub(crate) fn of<'a>(&self, reader: ReadTable<'a>) -> ReadTable<'a> {
        let reader = reader.skip_lines(self.skip_lines);
        let reader = self.sheet.iter().fold(reader, |reader, sheet| reader.sheet(sheet));
        self.memory.iter().fold(reader, |reader, bytes| reader.memory(*bytes))
    }
}
