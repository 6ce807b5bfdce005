//! `mfnet evaluate`.

use mfnet::text::score_table;
use mfnet::{Dataset, Metrics, Model, Part as Scores, Source, Split};
use serde_json::json;

use crate::args::{EvaluateArgs, Part, word};
use crate::failure::Failure;
use crate::output::{message, print};
use crate::source;

pub(crate) fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let model = source::model(&args.model)?;
    let column = model.training.split.as_ref().and_then(|split| split.by.column()).map(str::to_owned);
    let source = source::read(&args.data, &args.folders, model.reader().keep_texts(column), false)?;
    let (part, data) = part(&model, &source, args.part)?;
    if !model.training.has_seen(&source.digest()) {
        source::warn_of_unknown_levels(&source, &model)?;
    } else if part != Part::Test {
        message("the model was trained on these data: other rows are what tells how good it is");
    }
    let scores = Scores::of(&model, &data)?;
    let part = word(part);
    if args.json {
        let mut report = json!({ "data": args.data, "part": part, "samples": scores.samples });
        report
            .as_object_mut()
            .into_iter()
            .for_each(|report| report.extend(scores.json().as_object().cloned().unwrap_or_default()));
        return print(&format!("{report}\n"));
    }
    let name = if part == "all" { "all rows".to_owned() } else { format!("the {part} rows") };
    let mut text = format!("{}\n\n{}", args.data, score_table(scores.row(name).as_slice()));
    if let Some(Metrics::Classification { confusion, .. }) = &scores.metrics {
        text += &format!("\nConfusion\n{confusion}\n");
    }
    print(&text)
}

/// The rows that count: of the data that the model was trained on the test rows, of other data all.
fn part(model: &Model, source: &Source, asked: Option<Part>) -> Result<(Part, Dataset), Failure> {
    let data = source.dataset_for(model)?;
    let same = model.training.data.as_deref() == Some(&source.digest());
    let Some(split) = model.training.split.as_ref().filter(|split| same && split.is_repeatable()) else {
        return match asked {
            None | Some(Part::All) => Ok((Part::All, data)),
            Some(part) => Err(Failure::work(format!(
                "{}: --part {} needs the data that the model was trained on",
                source.name(),
                word(part)
            ))
            .help(if same {
                "it was trained on these, but how they were split is not known to this version: leave --part out to use all rows"
            } else if model.training.earlier_data.contains(&source.digest()) {
                "it was trained on these before it went on with others, and knows their parts no more: leave --part out to use all rows"
            } else {
                "these are other data: leave --part out to use all rows"
            })),
        };
    };
    let data = source.marked(data, &split.by)?;
    let (part, rows) = part_of(split, data, asked)?;
    if rows.samples() == 0 {
        return Err(Failure::work(format!("{}: the model was trained without {} rows", source.name(), word(part))));
    }
    Ok((part, rows))
}

/// The part that was asked for, or the test rows if there are any.
fn part_of(split: &Split, data: Dataset, asked: Option<Part>) -> Result<(Part, Dataset), Failure> {
    if asked == Some(Part::All) {
        return Ok((Part::All, data));
    }
    let (train, validation, test) = split.apply(&data)?;
    Ok(match asked {
        Some(Part::Train) => (Part::Train, train),
        Some(Part::Validation) => (Part::Validation, validation),
        None if test.samples() == 0 => (Part::All, data),
        _ => (Part::Test, test),
    })
}
