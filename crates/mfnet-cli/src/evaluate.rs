//! `mfnet evaluate`.

use mfnet::{Dataset, Metrics, Model, STREAM_VERSION, Seed, Table};
use serde_json::json;

use crate::args::{EvaluateArgs, Part, word};
use crate::failure::Failure;
use crate::output::print;
use crate::score_table::{Row, score_table};
use crate::source;

pub(crate) fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let model = source::model(&args.model)?;
    let table = source::table(&args.data)?;
    let (part, data) = part(&model, &table, args.part)?;
    let metrics = model.evaluate(&data)?;
    let loss = model.evaluate_loss(&data)?;
    let (part, samples) = (word(part), data.samples());
    if args.json {
        let mut report = json!({ "data": args.data, "part": part, "samples": samples });
        report.as_object_mut().into_iter().for_each(|report| report.extend(scores(loss, &metrics)));
        return print(&format!("{report}\n"));
    }
    let name = if part == "all" { "all rows".to_owned() } else { format!("the {part} rows") };
    let mut text = format!("{}\n\n{}", args.data, score_table(&[Row { name, samples, loss, metrics: &metrics }]));
    if let Metrics::Classification { confusion, .. } = &metrics {
        text += &format!("\nConfusion\n{confusion}\n");
    }
    print(&text)
}

/// The rows that count: of the data that the model was trained on the test rows, of other data all.
fn part(model: &Model, table: &Table, asked: Option<Part>) -> Result<(Part, Dataset), Failure> {
    let data = model.dataset(table)?;
    let same = model.training.data.as_deref() == Some(&table.digest());
    let split = model.training.split.filter(|split| same && split.streams == STREAM_VERSION);
    let part = match (asked, split) {
        (Some(Part::All), _) | (None, None) => return Ok((Part::All, data)),
        (Some(part), Some(_)) => part,
        (None, Some(split)) if split.fractions.test > 0.0 => Part::Test,
        (None, Some(_)) => Part::All,
        (Some(part), None) => {
            let message =
                format!("{}: --part {} needs the data that the model was trained on", table.name(), word(part));
            return Err(Failure::work(message).help("these are other data: leave --part out to use all rows"));
        }
    };
    let Some(split) = split.filter(|_| part != Part::All) else { return Ok((Part::All, data)) };
    let (train, validation, test) = data.split(split.fractions, Seed(split.seed))?;
    let rows = match part {
        Part::Train => train,
        Part::Validation => validation,
        Part::Test | Part::All => test,
    };
    if rows.samples() == 0 {
        return Err(Failure::work(format!("{}: the model was trained without {} rows", table.name(), word(part))));
    }
    Ok((part, rows))
}

/// Loss and metrics as JSON; what is missing or not finite is null.
pub(crate) fn scores(loss: Option<f64>, metrics: &Metrics) -> serde_json::Map<String, serde_json::Value> {
    let mut scores = serde_json::Map::new();
    scores.insert("loss".to_owned(), json!(loss));
    if let Ok(serde_json::Value::Object(metrics)) = serde_json::to_value(metrics) {
        scores.extend(metrics);
    }
    scores
}
