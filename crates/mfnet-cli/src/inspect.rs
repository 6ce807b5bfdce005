//! `mfnet inspect`.

mod table;

use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use mfnet::data::{Encoder, Fractions, Link, SplitBy};
use mfnet::fit::{Source, Threshold};
use mfnet::model::{ModelSpec, Training};
use mfnet::table::ReadTable;
use mfnet::text::columns::all_escaped;
use mfnet::text::{columns, counted, escaped, grouped, significant};
use mfnet::{Model, Target};
use serde_json::{Value, json};

use crate::args::InspectArgs;
use crate::failure::Failure;
use crate::output::print;
use crate::source::{self, Files};

/// Number of names shown of a long list.
const SHOWN: usize = 8;
/// Number of columns described.
const COLUMNS: usize = 30;
/// Significant digits of a mean and a deviation.
const DIGITS: usize = 6;
/// The level of the prediction interval that is shown.
const LEVEL: f64 = 0.9;

pub(crate) fn run(args: &InspectArgs) -> Result<(), Failure> {
    if let Some(source) = data(args)? {
        return match (&source, args.json) {
            (Source::Table(table), false) => print(&table::text(table)?),
            (Source::Table(table), true) => print(&format!("{}\n", table::json(table)?)),
            (Source::Samples { data, .. }, _) => {
                let (rows, features) = (counted(data.samples(), "row"), columns::features(data));
                let target = all_escaped(data.targets().columns()).join(", ");
                print(&format!("{}: {rows}, {features}; target {target}\n", escaped(data.name())))
            }
        };
    }
    if !args.model.exists() {
        let failure = Failure::work(format!("{}: there is no such file", args.model.display()));
        return Err(match source::similar_file(&args.model) {
            Some(file) => failure.help(format!("did you mean {}?", file.display())),
            None => failure.help("give a model file, the folder of a run, or a table"),
        });
    }
    let model = source::model(&args.model)?;
    let spec = model.spec()?;
    if args.json {
        return print(&format!("{}\n", json(&model, &spec)));
    }
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = describe(&mut text, &model, &spec, &source::model_file(&args.model).display().to_string());
    print(&text)
}

/// The data, if the argument names data instead of a model.
fn data(args: &InspectArgs) -> Result<Option<Source>, Failure> {
    let path = &args.model;
    let is_name = source::is_name(path) && !path.exists();
    let is_data = is_name || path.as_os_str() == source::STDIN || (path.is_file() && !is_model(path));
    let files = Files { data: std::slice::from_ref(path), folders: &args.folders, reading: &args.reading, quiet: true };
    let reader = args.header.into_iter().fold(args.file.set(ReadTable::new()), ReadTable::header);
    is_data.then(|| files.read(reader)).transpose()
}

/// Whether a file is a model, whole or damaged: it begins with the length of a JSON header.
fn is_model(path: &Path) -> bool {
    let mut start = [0; 9];
    let begins_so = File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok())
        && start[8] == b'{'
        && start[5..8] == [0; 3];
    begins_so || path.extension().is_some_and(|ending| ending == "safetensors")
}

/// The description of the model file, the number of parameters and the settings of the training.
fn json(model: &Model, spec: &ModelSpec) -> Value {
    let mut json = json!(spec);
    (json["parameters"], json["training"]) = (json!(model.parameter_count()), json!(model.training));
    json
}

fn describe(text: &mut String, model: &Model, spec: &ModelSpec, path: &str) -> std::fmt::Result {
    let features = all_escaped(model.features());
    match model.networks() {
        [network] => writeln!(text, "Network\n{network}\n")?,
        networks => {
            let (count, parameters) = (networks.len(), grouped(model.parameter_count()));
            writeln!(text, "Ensemble of {count} networks, {parameters} parameters in all\n")?;
            let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
            if networks.iter().all(|network| *network == networks[0]) {
                writeln!(text, "Each network\n{}\n", networks[0])?;
            } else {
                for (number, network) in (1..).zip(networks) {
                    writeln!(text, "Network {number}\n{network}\n")?;
                }
            }
        }
    }
    let preprocessing = model.preprocessing();
    match &preprocessing.columns {
        None => {
            writeln!(text, "Input: {}: {}", counted(features.len(), "feature"), shortened(&features))?;
        }
        Some(encoders) => {
            let (columns, count) = (counted(encoders.len(), "column"), counted(preprocessing.features(), "feature"));
            writeln!(text, "Input: {count} of {columns}")?;
            write_encoders(text, &features, encoders)?;
        }
    }
    let inputs = &preprocessing.inputs;
    let scaled: Vec<String> = preprocessing.scaled_columns().into_iter().map(|i| features[i].clone()).collect();
    if !scaled.is_empty() {
        let (becomes, names, numbers) = columns::scaling(inputs, scaled.len());
        writeln!(text, "  each x {becomes}")?;
        if !names.is_empty() {
            write_table(text, &scaled, names, &numbers)?;
        }
    }
    if !inputs.constant().is_empty() {
        let names: Vec<String> = inputs.constant().iter().map(|i| scaled[*i].clone()).collect();
        writeln!(text, "  constant in the training rows, so the scale is 1: {}", shortened(&names))?;
    }
    match model.target() {
        Target::Classes { column, labels } => {
            let (column, labels) = (escaped(column), all_escaped(labels));
            writeln!(text, "Output: classes of {column}: {}; one logit each, in this order", shortened(&labels))?;
            if let Some(temperature) = model.temperature() {
                writeln!(text, "  probabilities are softmax(logits / {})", significant(temperature, DIGITS))?;
            }
            if let Some(threshold) = Threshold::of(model) {
                writeln!(text, "  {threshold}")?;
            }
        }
        Target::Labels { columns, separator, labels } => {
            let labels = shortened(&all_escaped(labels));
            let of = match separator {
                Some(separator) => format!("{:?} in column {}", separator, shortened(&all_escaped(columns))),
                None => "a column each".to_owned(),
            };
            writeln!(text, "Output: several labels at once ({of}): {labels}; one logit each, in this order")?;
        }
        Target::Values { columns } => {
            let columns = all_escaped(columns);
            writeln!(text, "Output: values of {}", shortened(&columns))?;
            if let Some(scale) = &preprocessing.targets {
                for (column, (mean, scale)) in columns.iter().zip(scale.mean.iter().zip(&scale.scale)) {
                    let (mean, scale) = (significant(*mean, DIGITS), significant(*scale, DIGITS));
                    match preprocessing.link {
                        Link::Log => writeln!(text, "  {column} = {scale} × exp(output)")?,
                        _ => writeln!(text, "  {column} = {mean} + {scale} × output")?,
                    }
                }
            }
        }
    }
    if let Some(half) = model.intervals().and_then(|intervals| intervals.half_widths(LEVEL).ok()) {
        let half: Vec<String> = half.iter().map(|half| format!("± {}", significant(*half, DIGITS))).collect();
        writeln!(text, "  90 % of the targets are expected within {} of the prediction", half.join(", "))?;
    }
    writeln!(text, "\nTraining")?;
    let Training { loss, data, earlier_data, split, settings } = &model.training;
    let loss = loss.iter().map(|loss| format!("loss: {loss}"));
    let settings = settings.iter().map(|(name, value)| format!("{name}: {value}"));
    let split = split.iter().map(|split| format!("split: {}", divided(&split.by, split.seed)));
    let data = data.iter().map(|data| format!("data: SHA-256 {data}"));
    let earlier = earlier_data.iter().map(|data| format!("trained before on data: SHA-256 {data}"));
    for line in loss.chain(settings).chain(split).chain(data).chain(earlier) {
        writeln!(text, "  {}", escaped(&line))?;
    }
    write!(text, "\nIn PyTorch\n\n{}", spec.pytorch(path))
}

/// How the rows were divided.
fn divided(by: &SplitBy, seed: u64) -> String {
    let drawn = |validation: &f64| format!("validation {validation} of the others, seed {seed}");
    match by {
        SplitBy::Fractions(Fractions { validation, test }) => {
            format!("validation {validation}, test {test}, seed {seed}")
        }
        SplitBy::Groups { column, fractions: Fractions { validation, test } } => {
            format!("whole groups of {column}, validation {validation}, test {test}, seed {seed}")
        }
        SplitBy::Official { validation: None } => "the official one of the data set".to_owned(),
        SplitBy::Official { validation: Some(validation) } => format!("the official test rows, {}", drawn(validation)),
        SplitBy::Column { column, validation: None } => format!("by the column {column}"),
        SplitBy::Column { column, validation: Some(validation) } => {
            format!("test rows by the column {column}, {}", drawn(validation))
        }
        SplitBy::Time { column, fractions: Fractions { validation, test } } => {
            format!("by time (column {column}): validation {validation}, test {test}, the last rows")
        }
        SplitBy::TimeFold { column, number, of, validation } => {
            format!("fold {number} of {of} over time (column {column}), validation {validation} of the rows before")
        }
        SplitBy::Fold { number, of, validation, groups } => {
            let whole = groups.as_ref().map_or_else(String::new, |column| format!(", whole groups of {column}"));
            format!("fold {number} of {of}{whole}, {}", drawn(validation))
        }
    }
}

/// The encoding of each column; of many columns, only the first ones and the last.
fn write_encoders(text: &mut String, columns: &[String], encoders: &[Encoder]) -> std::fmt::Result {
    let width = columns.iter().map(|column| column.chars().count()).max().unwrap_or(0);
    for i in shown(columns.len(), COLUMNS) {
        let line = |i: usize| {
            let (column, encoder) = (&columns[i], &encoders[i]);
            format!("{column:width$}  {:8}  {}", encoder.kind(), columns::encoded(encoder))
        };
        writeln!(text, "  {}", i.map_or("…".to_owned(), line))?;
    }
    Ok(())
}

/// The indices of this many things. If there are many, only the first ones and the last, with
/// `None` for those between.
fn shown(count: usize, most: usize) -> Vec<Option<usize>> {
    match count {
        few if few <= most + 1 => (0..few).map(Some).collect(),
        _ => (0..most).map(Some).chain([None, Some(count - 1)]).collect(),
    }
}

/// Some numbers of each feature; of many features, only the first ones and the last.
fn write_table(text: &mut String, features: &[String], names: &[&str], numbers: &[Vec<f64>]) -> std::fmt::Result {
    let rows = shown(features.len(), SHOWN);
    let width = rows.iter().flatten().map(|i| features[*i].chars().count()).max().unwrap_or(0);
    let head: String = names.iter().map(|name| format!("  {name:>14}")).collect();
    writeln!(text, "  {:width$}{head}", "")?;
    for i in rows {
        let line = |i: usize| {
            let cells: String = numbers[i].iter().map(|x| format!("  {:>14}", significant(*x, DIGITS))).collect();
            format!("{:width$}{cells}", features[i])
        };
        writeln!(text, "  {}", i.map_or("…".to_owned(), line))?;
    }
    Ok(())
}

fn shortened(names: &[String]) -> String {
    if names.len() <= SHOWN + 1 {
        return names.join(", ");
    }
    format!("{}, … {}", names[..SHOWN].join(", "), names[names.len() - 1])
}
