//! `mfnet inspect`.

use std::fmt::Write;

use mfnet::text::{columns, counted, significant};
use mfnet::{Encoder, Fractions, Model, Quantiles, Scaler, SplitBy, Standardizer, TargetColumns};

use crate::args::InspectArgs;
use crate::failure::Failure;
use crate::output::print;
use crate::{pytorch, source};

/// How many names of a long list are shown.
const SHOWN: usize = 8;
/// How many columns are described.
const COLUMNS: usize = 30;
/// Significant digits of a mean and a deviation.
const DIGITS: usize = 6;

pub(crate) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let model = source::model(&args.model)?;
    print(&described(&model, &source::model_file(&args.model).display().to_string()))
}

fn described(model: &Model, path: &str) -> String {
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = write_description(&mut text, model, path);
    text
}

fn write_description(text: &mut String, model: &Model, path: &str) -> std::fmt::Result {
    writeln!(text, "Network\n{}\n", model.network())?;
    let preprocessing = model.preprocessing();
    match &preprocessing.columns {
        None => {
            writeln!(text, "Input: {}: {}", counted(model.features().len(), "feature"), shortened(model.features()))?;
        }
        Some(encoders) => {
            let (columns, features) = (counted(encoders.len(), "column"), counted(preprocessing.features(), "feature"));
            writeln!(text, "Input: {features} of {columns}")?;
            write_encoders(text, model.features(), encoders)?;
        }
    }
    let inputs = &preprocessing.inputs;
    let scaled: Vec<String> = preprocessing.scaled_columns().into_iter().map(|i| model.features()[i].clone()).collect();
    match inputs {
        _ if scaled.is_empty() => {}
        Scaler::Affine(affine) => write_affine(text, &scaled, affine)?,
        Scaler::Quantiles(quantiles) => write_quantiles(text, &scaled, quantiles)?,
    }
    if !inputs.constant().is_empty() {
        let names: Vec<String> = inputs.constant().iter().map(|i| scaled[*i].clone()).collect();
        writeln!(text, "  constant there, scaled by 1: {}", shortened(&names))?;
    }
    match model.target() {
        TargetColumns::Classification { column, labels } => {
            writeln!(text, "Output: classes of {column}: {}; one logit each, in this order", shortened(labels))?;
        }
        TargetColumns::Regression { columns } => {
            writeln!(text, "Output: values of {}", shortened(columns))?;
            if let Some(scale) = &preprocessing.targets {
                for (column, (mean, scale)) in columns.iter().zip(scale.mean.iter().zip(&scale.scale)) {
                    let (mean, scale) = (significant(*mean, DIGITS), significant(*scale, DIGITS));
                    writeln!(text, "  {column} = {mean} + {scale} × output")?;
                }
            }
        }
    }
    writeln!(text, "\nTraining")?;
    let training = &model.training;
    if let Some(loss) = &training.loss {
        writeln!(text, "  loss: {loss}")?;
    }
    for (name, value) in &training.settings {
        writeln!(text, "  {name}: {value}")?;
    }
    if let Some(split) = &training.split {
        let seed = split.seed;
        match &split.by {
            SplitBy::Fractions(Fractions { validation, test }) => {
                writeln!(text, "  split: validation {validation}, test {test}, seed {seed}")?;
            }
            SplitBy::Official { validation: None } => writeln!(text, "  split: the official one of the data set")?,
            SplitBy::Official { validation: Some(validation) } => {
                writeln!(text, "  split: the official test rows, validation {validation} of the others, seed {seed}")?;
            }
            SplitBy::Groups { column, fractions: Fractions { validation, test } } => {
                writeln!(text, "  split: whole groups of {column}, validation {validation}, test {test}, seed {seed}")?;
            }
            SplitBy::Column { column, validation: None } => writeln!(text, "  split: by the column {column}")?,
            SplitBy::Column { column, validation: Some(validation) } => {
                writeln!(
                    text,
                    "  split: test rows by the column {column}, validation {validation} of the others, seed {seed}"
                )?;
            }
            SplitBy::Fold { number, of, validation, groups } => {
                let whole = groups.as_ref().map_or_else(String::new, |column| format!(", whole groups of {column}"));
                writeln!(
                    text,
                    "  split: fold {number} of {of}{whole}, validation {validation} of the others, seed {seed}"
                )?;
            }
        }
    }
    if let Some(data) = &training.data {
        writeln!(text, "  data: SHA-256 {data}")?;
    }
    for data in &training.earlier_data {
        writeln!(text, "  trained before on data: SHA-256 {data}")?;
    }
    write!(text, "\nIn PyTorch\n\n{}", pytorch::program(model, path))
}

/// What becomes of each column; of many the first ones and the last.
fn write_encoders(text: &mut String, columns: &[String], encoders: &[Encoder]) -> std::fmt::Result {
    let width = columns.iter().map(|column| column.chars().count()).max().unwrap_or(0);
    for (i, (column, encoder)) in columns.iter().zip(encoders).enumerate() {
        if i == COLUMNS && i + 1 < columns.len() {
            writeln!(text, "  …")?;
        }
        if i < COLUMNS || i + 1 == columns.len() {
            writeln!(text, "  {column:width$}  {:8}  {}", encoder.kind(), columns::encoded(encoder))?;
        }
    }
    Ok(())
}

/// What is done to each number.
fn write_affine(text: &mut String, features: &[String], scaling: &Standardizer) -> std::fmt::Result {
    if let (Some((mean, deviation)), 2..) = (scaling.common(), features.len()) {
        return writeln!(
            text,
            "  each x becomes (x − {}) / {}, shift and scale of all features together in the training rows",
            significant(mean, DIGITS),
            significant(deviation, DIGITS)
        );
    }
    writeln!(text, "  each x becomes (x − shift) / scale, learned from the training rows")?;
    let of = |i: usize| vec![scaling.mean[i], scaling.scale[i]];
    write_table(text, features, ["shift", "scale"], of)
}

/// The same by ranks.
fn write_quantiles(text: &mut String, features: &[String], quantiles: &Quantiles) -> std::fmt::Result {
    let count = quantiles.values().first().map_or(0, Vec::len);
    writeln!(text, "  each x becomes its normal quantile among {count} quantiles of the training rows")?;
    let of = |i: usize| {
        let values = &quantiles.values()[i];
        vec![values[0], values[(values.len() - 1) / 2], values[values.len() - 1]]
    };
    write_table(text, features, ["smallest", "middle", "largest"], of)
}

/// Some numbers of each feature; of many features the first ones and the last.
fn write_table<const N: usize>(
    text: &mut String,
    features: &[String],
    names: [&str; N],
    of: impl Fn(usize) -> Vec<f64>,
) -> std::fmt::Result {
    let line = |cells: Vec<String>| cells.iter().map(|cell| format!("  {cell:>14}")).collect::<String>();
    let shown = if features.len() <= SHOWN + 1 { features.len() } else { SHOWN };
    let rows: Vec<usize> = (0..shown).chain((shown < features.len()).then_some(features.len() - 1)).collect();
    let width = rows.iter().map(|i| features[*i].chars().count()).max().unwrap_or(0);
    writeln!(text, "  {:width$}{}", "", line(names.map(str::to_owned).into()))?;
    for (place, i) in rows.into_iter().enumerate() {
        if place < i {
            writeln!(text, "  …")?;
        }
        let cells = of(i).into_iter().map(|x| significant(x, DIGITS)).collect();
        writeln!(text, "  {:width$}{}", features[i], line(cells))?;
    }
    Ok(())
}

fn shortened(names: &[String]) -> String {
    if names.len() <= SHOWN + 1 {
        return names.join(", ");
    }
    format!("{}, … {}", names[..SHOWN].join(", "), names[names.len() - 1])
}
