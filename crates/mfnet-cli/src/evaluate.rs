//! `mfnet evaluate`.

use mfnet::fit::{Part as Scores, Source};
use mfnet::metric::Metrics;
use mfnet::text::score_table;
use mfnet::{Dataset, Model};
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
        let mut report = scores.json();
        (report["data"], report["part"], report["samples"]) = (json!(args.data), json!(part), json!(scores.samples));
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
            Some(part) => {
                let needs = format!("--part {} needs the data that the model was trained on", word(part));
                let why = if same {
                    "it was trained on these, but how they were split is not known to this version"
                } else if model.training.earlier_data.contains(&source.digest()) {
                    "it was trained on these before it went on with others, and knows their parts no more"
                } else {
                    "these are other data"
                };
                let failure = Failure::work(format!("{}: {needs}", source.name()));
                Err(failure.help(format!("{why}: leave --part out to use all rows")))
            }
        };
    };
    let data = source.marked(data, &split.by)?;
    // unless another part was asked for, the test rows if there are any
    let (part, rows) = match asked {
        Some(Part::All) => (Part::All, data),
        _ => match (asked, split.apply(&data)?) {
            (Some(Part::Train), (train, ..)) => (Part::Train, train),
            (Some(Part::Validation), (_, validation, _)) => (Part::Validation, validation),
            (None, (.., test)) if test.samples() == 0 => (Part::All, data),
            (_, (.., test)) => (Part::Test, test),
        },
    };
    if rows.samples() == 0 {
        return Err(Failure::work(format!("{}: the model was trained without {} rows", source.name(), word(part))));
    }
    Ok((part, rows))
}
