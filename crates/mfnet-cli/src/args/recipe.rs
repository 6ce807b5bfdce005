//! The options that are fields of a recipe.

use std::path::PathBuf;

use clap::{Arg, Args as ClapArgs};
use mfnet::data::Scaling;
use mfnet::fit::{ClassWeight, Norm, OptimizerName, RecipeFile, Task};
use mfnet::layer::ActivationName;
use mfnet::loss::LossName;
use mfnet::optimizer::Schedule;
use mfnet::{Dtype, Recipe};
use serde::Serialize;
use serde_json::{Map, Value};

use super::values::{
    HiddenSizes, at_least, below_one, dtype, hidden_sizes, not_negative, positive, shards, whole, word_of, yes_no,
};
use crate::failure::{Failure, with_fields};

/// What was given on the command line, each under the name of its field in [`Recipe`].
#[derive(ClapArgs, Serialize)]
#[command(mut_args(as_field))]
pub(crate) struct RecipeArgs {
    /// What is predicted: a column's name, or its number from 0 in a file without header; several for a regression, with commas
    #[arg(long, value_name = "COLUMN")]
    pub(super) target: Option<String>,
    /// Classes or values [default: classes for text, booleans, and whole numbers with at most 20 distinct values]
    #[arg(long, value_parser = word_of::<Task>(Task::ALL.map(Task::word)))]
    pub(super) task: Option<Task>,

    /// Go on from a model, a file or the folder of a run: it has the target, network, columns, classes and scaling, so that no option may name
    /// them. The optimizer begins anew. If no epoch is better on the validation rows, the model stays as it is
    #[arg(long, value_name = "MODEL", help_heading = "Network")]
    pub(super) warm_start: Option<PathBuf>,
    /// Sizes of the hidden layers, with commas; none is a linear model, trained as a network is [default: 1024; 256,256,256 from 5000 training rows on]
    #[arg(long, value_name = "SIZES", value_parser = hidden_sizes, help_heading = "Network")]
    pub(super) hidden: Option<HiddenSizes>,
    /// The function after each hidden layer [default: relu]
    #[arg(long, value_parser = word_of::<ActivationName>(ActivationName::ALL.map(ActivationName::word)), help_heading = "Network")]
    pub(super) activation: Option<ActivationName>,
    /// In training, set the output of a hidden unit to 0 with probability P [default: 0]
    #[arg(long, value_name = "P", value_parser = below_one, help_heading = "Network")]
    pub(super) dropout: Option<f64>,
    /// Normalise between each hidden linear layer and its activation: over the batch, or over the layer
    #[arg(long, value_parser = word_of::<Norm>(Norm::ALL.map(Norm::word)), help_heading = "Network")]
    pub(super) norm: Option<Norm>,
    /// Add the output of a hidden layer to that of the one before it, where both have the same size
    #[arg(long, help_heading = "Network")]
    pub(super) residual: bool,
    /// What is minimised [default: cross-entropy for classes, mse for values]
    #[arg(long, value_parser = word_of::<LossName>(LossName::ALL.map(LossName::word)), help_heading = "Network")]
    pub(super) loss: Option<LossName>,
    /// The type of all numbers [default: f64]
    #[arg(long, value_parser = dtype(), help_heading = "Network")]
    pub(super) dtype: Option<Dtype>,

    /// Whether the first line of a text file has the names of the columns [default: a guess, which is said]
    #[arg(long, value_parser = yes_no(), help_heading = "Preprocessing")]
    pub(super) header: Option<bool>,
    /// Columns that are no features, with commas
    #[arg(long, value_name = "COLUMNS", help_heading = "Preprocessing")]
    pub(super) drop: Vec<String>,
    /// Columns of numbers, with commas: a text in them is an error. Without it a column with text is a category
    #[arg(long, value_name = "COLUMNS", help_heading = "Preprocessing")]
    pub(super) numeric: Vec<String>,
    /// Columns of categories, with commas, though they hold numbers
    #[arg(long, value_name = "COLUMNS", help_heading = "Preprocessing")]
    pub(super) categorical: Vec<String>,
    /// What is done to the features: standard (mean 0 and deviation 1), robust (median and quartiles), min-max (0 to 1; pixels divided by
    /// 255), quantile (ranks as a normal distribution) [default: standard; quantile from 5000 training rows on, but for pixels]
    #[arg(long, value_name = "SCALING", value_parser = str::parse::<Scaling>, help_heading = "Preprocessing")]
    pub(super) scale: Option<Scaling>,

    /// The optimizer [default: adamw]
    #[arg(long, value_parser = word_of::<OptimizerName>(OptimizerName::ALL.map(OptimizerName::word)), help_heading = "Training")]
    pub(super) optimizer: Option<OptimizerName>,
    /// How far a step goes [default: 0.001 for adam and adamw, 0.005 from 5000 training rows on; 0.01 for sgd]
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Training")]
    pub(super) learning_rate: Option<f64>,
    /// How the rate changes: constant, cosine (to 0), one-cycle (up, then to nearly 0), or step:EPOCHS:FACTOR, as in step:30:0.1
    /// [default: one-cycle for adam and adamw, constant for sgd]
    #[arg(long, value_name = "SCHEDULE", value_parser = str::parse::<Schedule>, help_heading = "Training")]
    pub(super) schedule: Option<Schedule>,
    /// Momentum of sgd [default: 0]
    #[arg(long, value_name = "MU", value_parser = below_one, help_heading = "Training")]
    pub(super) momentum: Option<f64>,
    /// Nesterov's form of momentum
    #[arg(long, help_heading = "Training")]
    pub(super) nesterov: bool,
    /// L2 decay of the weights for sgd and adam, decoupled decay for adamw [default: 0.5 for adamw, 0.1 from 5000 training rows on; else 0]
    #[arg(long, value_name = "LAMBDA", value_parser = not_negative, help_heading = "Training")]
    pub(super) weight_decay: Option<f64>,
    /// Let weight decay act on biases too
    #[arg(long, help_heading = "Training")]
    pub(super) decay_biases: bool,
    /// Shorten the gradient to this norm, taken over all layers together; 0 is off
    #[arg(long, value_name = "NORM", value_parser = not_negative, help_heading = "Training")]
    pub(super) clip_norm: Option<f64>,
    /// Shorten each layer's gradient to this norm; 0 is off
    #[arg(long, value_name = "NORM", value_parser = not_negative, help_heading = "Training")]
    pub(super) clip_layer_norm: Option<f64>,
    /// Samples of a batch [default: 8; 64 from 5000 training rows on]
    #[arg(long, value_name = "SAMPLES", value_parser = at_least::<1>, help_heading = "Training")]
    pub(super) batch_size: Option<usize>,
    /// Add up the gradients of N batches for each step, which is then that of one large batch, but for rounding; the last step of an epoch takes
    /// what is left [default: 1]
    #[arg(long, value_name = "N", value_parser = at_least::<1>, help_heading = "Training")]
    pub(super) accumulate: Option<usize>,
    /// Cut each batch into V parts, a power of two, whose gradients are added in a binary tree: a sum that does not depend on who computes which
    /// part [default: 1]
    #[arg(long, value_name = "V", value_parser = shards, help_heading = "Training")]
    pub(super) shards: Option<usize>,
    /// Use the training rows in the order of the data, in every epoch, and not shuffled
    #[arg(long, help_heading = "Training")]
    pub(super) no_shuffle: bool,
    /// A text file with a line for each epoch, or one for all: the rows of DATA, counted from 0, in the order in which they are used, with spaces between
    /// them; a row may stand there several times or not at all, and all lines have as many. Only training rows
    #[arg(long, value_name = "FILE", help_heading = "Training")]
    pub(super) batch_order: Option<PathBuf>,
    /// How often every sample is used [default: 100; from 5000 training rows on about 12 500 steps, in 10 to 100 epochs]
    #[arg(long, value_name = "N", value_parser = at_least::<1>, help_heading = "Training")]
    pub(super) epochs: Option<usize>,
    /// Stop when the validation loss has not fallen for N epochs; 0 is off [default: half of --epochs and at least 10, where there are
    /// validation rows]
    #[arg(long, value_name = "N", value_parser = whole::<usize>, help_heading = "Training")]
    pub(super) early_stopping: Option<usize>,
    /// Threads; the result does not depend on them [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = at_least::<1>, help_heading = "Training")]
    pub(super) threads: Option<usize>,

    /// Fraction of all rows that is kept from training and scored at the end [default: 0.2; for mnist, fashion-mnist and
    /// california-housing the test rows of their official split]
    #[arg(long, value_name = "FRACTION", value_parser = below_one, help_heading = "Split")]
    pub(super) test_fraction: Option<f64>,
    /// Fraction of all rows on which the best epoch is chosen; where the test rows are given or those of a fold, of all other rows
    /// [default: 0.1 of 50 rows or more; the validation rows of --split-column, or for california-housing the official ones]
    #[arg(long, value_name = "FRACTION", value_parser = below_one, help_heading = "Split")]
    pub(super) validation_fraction: Option<f64>,
    /// A file whose rows are the test rows; all rows of DATA are training and validation rows
    #[arg(long, value_name = "FILE", help_heading = "Split")]
    pub(super) test_file: Option<String>,
    /// A column that says train, validation or test (or training, valid, val, dev, testing, holdout) for each row, and is no feature. Without
    /// validation rows in it they are drawn from the training rows
    #[arg(long, value_name = "COLUMN", help_heading = "Split")]
    pub(super) split_column: Option<String>,
    /// A column that is no feature: rows with the same text in it, as those of a patient, stay together in one part
    #[arg(long, value_name = "COLUMN", help_heading = "Split")]
    pub(super) group: Option<String>,
    /// Cross-validation: train K times, each time with the rows of another fold as test rows, and score mean and standard deviation (the
    /// population's, as numpy's std); validation rows are a fraction of the other folds' rows
    #[arg(long, value_name = "K", value_parser = at_least::<2>, help_heading = "Split")]
    pub(super) folds: Option<usize>,
    /// A column that is no feature and has 0 or a positive number for each row: how much the row counts in training, validation, test
    /// and the baselines. A row of weight 2 counts as two equal rows
    #[arg(long, value_name = "COLUMN", help_heading = "Weights")]
    pub(super) sample_weight: Option<String>,
    /// How much each class counts in the loss: balanced (all alike, whatever their numbers of rows), or LABEL:WEIGHT with commas between, as
    /// in spam:5,ham:1; labels that are not named have the weight 1. Metrics do not change
    #[arg(long, value_name = "WEIGHTS", value_parser = str::parse::<ClassWeight>, help_heading = "Weights")]
    pub(super) class_weight: Option<ClassWeight>,
    /// Chooses the initial random numbers, from which all others follow: the first weights, the order of the samples, the split. The
    /// same number gives the same result [default: 0]
    #[arg(long, value_parser = whole::<u64>, help_heading = "Split")]
    pub(super) seed: Option<u64>,
    /// The same for the split alone [default: that of --seed]; an official split is always the same
    #[arg(long, value_name = "SEED", value_parser = whole::<u64>, help_heading = "Split")]
    pub(super) split_seed: Option<u64>,

    /// Leave out the linear model and the naive predictor, to which the network is compared otherwise: on many rows the best linear model may take
    /// longer than the training
    #[arg(long, help_heading = "Output")]
    pub(super) no_baselines: bool,
}

/// An option of a field: it excludes what the field does, and a negative number is a wrong value, not another option.
fn as_field(arg: Arg) -> Arg {
    let excluded = Recipe::CONFLICTS.iter().find(|(field, _)| arg.get_id() == field);
    let options = |others: &'static str| others.split(' ').filter(|other| !Recipe::WITHOUT_OPTION.contains(other));
    let arg = excluded.into_iter().fold(arg, |arg, (_, others)| arg.conflicts_with_all(options(others)));
    let has_value = !arg.is_positional() && arg.get_action().takes_values();
    if has_value { arg.allow_negative_numbers(true) } else { arg }
}

impl RecipeArgs {
    /// The recipe of these options alone, or with those of a file, which they may not contradict.
    pub(crate) fn recipe(&self, file: Option<&RecipeFile>) -> Result<Recipe, Failure> {
        let mut fields = file.map_or_else(Recipe::default, |file| file.recipe.clone()).fields()?;
        for (field, given) in self.given()? {
            let before = fields.get(&field).unwrap_or(&Value::Null);
            let place = file.and_then(|file| file.place_of(&field));
            if let Some(place) = place.filter(|_| joined(before) != joined(&given)) {
                let (option, given, before) = (field.replace('_', "-"), joined(&given), joined(before));
                let message = format!("--{option} {given} contradicts {place}: {field} = {before}");
                return Err(Failure::usage(message).help("leave the option out, or change the file"));
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
            _ => match file {
                Some(file) => Failure::from(error).help(format!("some of these settings are in {}", file.name)),
                None => error.into(),
            },
        })?;
        Ok(recipe)
    }

    /// The fields that were given, with their values.
    fn given(&self) -> Result<Map<String, Value>, Failure> {
        let is_given = |(field, value): &(String, Value)| match field.as_str() {
            // these may be false, or an empty list
            "header" | "hidden" => !value.is_null(),
            _ => ![Value::Null, Value::Bool(false), Value::Array(Vec::new())].contains(value),
        };
        // a path may have bytes that no text has
        let fields = serde_json::to_value(self).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(fields.as_object().cloned().unwrap_or_default().into_iter().filter(is_given).collect())
    }
}

/// A value as an option has it: lists with commas.
fn joined(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(joined).collect::<Vec<_>>().join(","),
        Value::Object(weights) => {
            let weights = weights.iter().map(|(label, weight)| format!("{label}:{}", joined(weight)));
            weights.collect::<Vec<_>>().join(",")
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Args;

    /// What a run shows and where it writes is no matter of the recipe; all the rest is, by the same name.
    #[test]
    fn every_option_of_a_fit_is_a_field() {
        const OTHERS: [&str; 9] =
            ["data", "data_dir", "recipe_file", "print_recipe", "output", "force", "plots", "json", "quiet"];
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
