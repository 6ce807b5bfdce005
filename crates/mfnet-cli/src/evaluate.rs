//! `mfnet evaluate`.

use mfnet::fit::{Part as Scores, Source, Threshold};
use mfnet::metric::{MacroAverage, Metrics};
use mfnet::table::{quoted, shortest};
use mfnet::text::{escaped, score_table, significant, table};
use mfnet::{Dataset, Model};
use serde_json::json;

use crate::args::{EvaluateArgs, Part, word};
use crate::failure::Failure;
use crate::output::{message, print, print_json};
use crate::parts::{Rows, with_target};
use crate::source::{self, Files};

/// The most lines of a table of classes.
const MOST_LINES: usize = 40;

pub(crate) fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let model = source::model_for("evaluate", &args.model, &args.data[0])?;
    let column = model.training.split.as_ref().and_then(|split| split.by.column()).map(str::to_owned);
    let files = Files { data: &args.data, folders: &args.folders, reading: &args.reading, quiet: false };
    let source = files.read(args.file.set(model.reader()).keep_texts(column))?;
    check_has_target(args, &model, &source)?;
    source::say_skipped(&source);
    let source = with_target(source, &model)?;
    let column = weights_of_rows(args.sample_weight.as_deref(), &model, &source)?;
    let (part, data) = part(&model, &source, args.part, column)?;
    if !model.training.has_seen(&source.digest()) {
        source::warn_of_unknown_levels(&source, &model)?;
        source::warn_of_values(&source, &model)?;
    } else if part != Part::Test {
        let these = if part == Part::All {
            "these rows include those of the training"
        } else {
            "these rows were used in training"
        };
        message(&format!("{these}: only other rows show how good the model is"));
    }
    let scores = Scores::of(&model, &data)?;
    if part == Part::All && !scores.loss.is_none_or(f64::is_finite) {
        source::warn_of_not_finite(&source, &source.predict(&model)?);
    }
    let part = word(part);
    if args.json {
        let mut report = scores.json();
        (report["data"], report["part"], report["samples"]) = (json!(files.name()), json!(part), json!(scores.samples));
        if let Some(column) = column {
            report["sample_weight"] = json!(column);
        }
        if let Some(threshold) = Threshold::of(&model) {
            report["threshold"] = json!(threshold);
        }
        if let Some(temperature) = model.temperature() {
            report["temperature"] = json!(temperature);
        }
        return print_json(&report);
    }
    let name = match part.as_str() {
        "all" => "all rows".to_owned(),
        "train" => "the training rows".to_owned(),
        _ => format!("the {part} rows"),
    };
    let mut text = format!("{}\n\n{}", escaped(&files.name()), score_table(scores.row(name).as_slice()));
    if let Some(more) = &scores.more {
        let lines = more.named().into_iter().map(|(name, x)| (name.to_owned(), vec![significant(x, 4)]));
        text += &format!("\n{}", table(&lines.collect::<Vec<_>>()));
    }
    if let Some(lines) = scores.metrics.as_ref().and_then(of_each) {
        text += &format!("\n{}", table(&lines));
    }
    if let Some(threshold) = Threshold::of(&model) {
        text += &format!("\n{threshold}\n");
    }
    if let Some(Metrics::Classification { confusion, .. }) = &scores.metrics {
        let weighted = if confusion.is_weighted() { " (sums of weights)" } else { "" };
        text += &format!("\nConfusion matrix{weighted}\n{confusion}\n");
    }
    print(&text)
}

/// Precision, recall and F1 of each class or label, with their means; `None` for values, and for more classes
/// than anybody reads.
fn of_each(metrics: &Metrics) -> Option<Vec<(String, Vec<String>)>> {
    let cells = |[precision, recall, f1]: [f64; 3], rows: String| {
        [precision, recall, f1].map(|score| significant(score, 4)).into_iter().chain([rows]).collect::<Vec<_>>()
    };
    let mean =
        |name: &str, of: &MacroAverage| (name.to_owned(), cells([of.precision, of.recall, of.f1], String::new()));
    let mut lines = vec![(String::new(), ["precision", "recall", "F1", "rows"].map(str::to_owned).to_vec())];
    match metrics {
        Metrics::Classification { confusion, .. } => {
            for of in confusion.of_classes() {
                let scores = cells([of.precision, of.recall, of.f1], shortest(of.weight));
                lines.push((escaped(&of.label).into_owned(), scores));
            }
            lines.push(mean("mean", &confusion.macro_average()));
            lines.push(mean("weighted mean", &confusion.weighted_average()));
        }
        Metrics::Labels { labels, macro_average, .. } => {
            for of in labels {
                let scores = cells([of.precision, of.recall, of.f1], shortest(of.support));
                lines.push((escaped(&of.label).into_owned(), scores));
            }
            lines.push(mean("mean", macro_average));
        }
        Metrics::Regression { .. } => return None,
    }
    (lines.len() <= MOST_LINES).then_some(lines)
}

/// Refuses a table without the target.
fn check_has_target(args: &EvaluateArgs, model: &Model, source: &Source) -> Result<(), Failure> {
    let Source::Table(table) = source else { return Ok(()) };
    let missing = model.target().columns().iter().find(|column| !table.has(column));
    let can_predict = table.has_header() && model.features().iter().all(|feature| table.has(feature));
    let Some(column) = missing.filter(|_| can_predict) else { return Ok(()) };
    let [run, data] = [&args.model, &args.data[0]].map(|path| quoted(&path.display().to_string()));
    Err(Failure::work(format!("{}: there is no column {column:?}, the target, which evaluate needs", source.name()))
        .help(format!("to predict without the target: mfnet predict {run} {data}")))
}

/// The column of row weights: the one of `--sample-weight`, or the one of the training, if the data
/// have it. Prints a message about it.
fn weights_of_rows<'a>(asked: Option<&'a str>, model: &'a Model, source: &Source) -> Result<Option<&'a str>, Failure> {
    if let Some(column) = asked {
        let names = |columns: &[String]| columns.iter().any(|other| other == column);
        let what = if names(model.target().columns()) { "the target" } else { "a feature of the model," };
        if names(model.target().columns()) || names(model.features()) {
            return Err(Failure::usage(format!("--sample-weight must not name {what} {column:?}")));
        }
        return Ok(asked);
    }
    let Some(column) = model.training.sample_weight() else { return Ok(None) };
    if source.has_column(column) {
        message(&format!("row weights from column {}, as in training", escaped(column)));
        return Ok(Some(column));
    }
    message(&format!(
        "all rows have the same weight: this data does not have the column {}, which held the row weights in training",
        escaped(column)
    ));
    Ok(None)
}

/// The rows to use: the test rows if the model was trained on these data, otherwise all rows.
fn part(model: &Model, source: &Source, asked: Option<Part>, column: Option<&str>) -> Result<(Part, Dataset), Failure> {
    let data = source.weighted(source.dataset_for(model)?, column, model)?;
    let (part, rows) = Rows::of(model, source, data, asked)?.select()?;
    if let (Some(column), Some(weights)) = (column, rows.weights())
        && weights.iter().all(|weight| *weight == 0.0)
    {
        let of_part = if part == Part::All { String::new() } else { format!("{} ", word(part)) };
        let message = format!("{}, column {column:?}: every {of_part}row has the weight 0", source.name());
        return Err(
            Failure::work(message).help("choose other rows with --part, or another column with --sample-weight")
        );
    }
    Ok((part, rows))
}
