//! `mfnet predict`.

use std::io::{self, BufWriter, Write};

use mfnet::data::Samples;
use mfnet::model::Predictions;
use mfnet::table::shortest;
use mfnet::text::split_names;
use mfnet::{Model, Target};

use crate::args::{Part, PredictArgs};
use crate::failure::Failure;
use crate::output::{of_csv, write_file, written};
use crate::parts::{Rows, check_is_same, with_target};
use crate::source::{self, Files};

pub(crate) fn run(args: &PredictArgs) -> Result<(), Failure> {
    let output = args.output.as_deref().filter(|path| path.as_os_str() != source::STDIN);
    if let Some(folder) = output.filter(|path| path.is_dir()) {
        return Err(Failure::work(format!("{}: expected a file for --output, found a folder", folder.display()))
            .help(format!("give a file in it: --output {}", folder.join("predictions.csv").display())));
    }
    if let Some(path) = output.filter(|path| path.exists() && !args.force) {
        return Err(Failure::work(format!("{}: the file already exists", path.display()))
            .help("choose another file with --output, or replace it with --force"));
    }
    let model = source::model_for("predict", &args.model, &args.data[0])?;
    let keep_texts: Vec<String> =
        args.keep.iter().flat_map(|list| [vec![list.clone()], split_names(list)].concat()).collect();
    let column = model.training.split.as_ref().and_then(|split| split.by.column()).map(str::to_owned);
    let part = args.part.filter(|part| *part != Part::All);
    let column = column.filter(|_| part.is_some());
    let files = Files { data: &args.data, folders: &args.folders, reading: &args.reading, quiet: false };
    let source = files.read(args.file.set(model.reader()).keep_texts(keep_texts.into_iter().chain(column)))?;
    source::say_skipped(&source);
    part.map_or(Ok(()), |part| check_is_same(&model, &source, part))?;
    let source = if part.is_some() { with_target(source, &model)? } else { source };
    let names = source.named(&args.keep);
    let kept = names.iter().map(|column| source.text(column)).collect::<Result<Vec<_>, _>>()?;
    check_has_intervals(args, &model)?;
    let outputs = outputs(model.target(), args.interval.is_some());
    check_names(&names, &outputs)?;
    let rows = match part {
        None => None,
        part => Rows::of(&model, &source, source.dataset_for(&model)?, part)?.indices,
    };
    source::warn_of_unknown_levels(&source, &model)?;
    source::warn_of_values(&source, &model)?;
    let predictions = source.predict(&model)?;
    source::warn_of_not_finite(&source, &predictions);
    let count = predictions.numbers().len();
    let bounds = match (&predictions, args.interval) {
        (Predictions::Values { values, .. }, Some(level)) => Some(model.bounds(values, level)?),
        _ => None,
    };
    let predictions = &predictions;
    let bounds = bounds.as_ref();
    let rows = rows.unwrap_or_else(|| (0..count).collect());
    let header: Vec<&String> = names.iter().chain(&outputs).collect();
    match output {
        None => written(write(BufWriter::new(io::stdout().lock()), &header, &kept, (predictions, bounds), &rows)),
        Some(path) => {
            write_file(path, |file| write(BufWriter::new(file), &header, &kept, (predictions, bounds), &rows))
        }
    }
}

/// The names of the columns for a prediction.
fn outputs(target: &Target, has_intervals: bool) -> Vec<String> {
    let prediction = || "prediction".to_owned();
    let names: &[&str] = if has_intervals { &["prediction", "lower", "upper"] } else { &["prediction"] };
    match target {
        Target::Classes { labels, .. } | Target::Labels { labels, .. } => {
            [prediction()].into_iter().chain(labels.iter().map(|label| format!("p_{label}"))).collect()
        }
        Target::Values { columns } if columns.len() == 1 => names.iter().map(|name| (*name).to_owned()).collect(),
        Target::Values { columns } => {
            columns.iter().flat_map(|column| names.iter().map(move |name| format!("{name}_{column}"))).collect()
        }
    }
}

/// Refuses an interval of a model that has none.
fn check_has_intervals(args: &PredictArgs, model: &Model) -> Result<(), Failure> {
    if args.interval.is_none() || model.intervals().is_some() {
        return Ok(());
    }
    if let Target::Classes { .. } | Target::Labels { .. } = model.target() {
        let (columns, what) = (model.target().columns().join(", "), "classes or labels");
        return Err(Failure::usage(format!("--interval needs a regression, but {columns} has {what}"))
            .help("the columns p_LABEL have their probabilities"));
    }
    Err(Failure::work(format!(
        "{}: the model has no errors on validation rows, which --interval needs",
        args.model.display()
    ))
    .help("train it again with validation rows: --validation-fraction 0.1"))
}

/// Refuses columns of `--keep` that would have the name of another column of the output.
fn check_names(kept: &[String], outputs: &[String]) -> Result<(), Failure> {
    for (i, column) in kept.iter().enumerate() {
        if outputs.contains(column) {
            let message = format!("--keep {column}: the output has a column of predictions with this name");
            return Err(Failure::work(message).help("rename the column in the data"));
        }
        if kept[..i].contains(column) {
            return Err(Failure::usage(format!("--keep names the column {column:?} twice")));
        }
    }
    Ok(())
}

/// Writes a row for each of these rows: the columns of `--keep`, the prediction, and for classes and
/// labels the probability of each.
fn write(
    to: impl Write,
    header: &[&String],
    kept: &[Vec<String>],
    (predictions, bounds): (&Predictions, Option<&[Samples; 2]>),
    rows: &[usize],
) -> io::Result<()> {
    let (has_text, numbers) = (!matches!(predictions, Predictions::Values { .. }), predictions.numbers());
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(header).map_err(of_csv)?;
    for row in rows.iter().copied() {
        let text = has_text.then(|| predictions.text(row));
        let texts = kept.iter().map(|column| column[row].clone()).chain(text);
        let of_row = numbers.sample(row).enumerate().flat_map(|(i, x)| {
            let ends = bounds.map(|bounds| bounds.each_ref().map(|end| end.number(row, i)));
            [x].into_iter().chain(ends.into_iter().flatten())
        });
        csv.write_record(texts.chain(of_row.map(shortest))).map_err(of_csv)?;
    }
    csv.flush()
}
