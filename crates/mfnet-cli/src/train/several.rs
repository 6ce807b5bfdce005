//! A cross-validation: a fit for each fold. The results so far are on disk after every fold.

use mfnet::fit::{Folds, Plan};
use mfnet::text::escaped;
use serde_json::Value;

use super::folder::RunFolder;
use super::{once, resume};
use crate::args::TrainArgs;
use crate::failure::{Failure, with_options};
use crate::interrupt;
use crate::output::{message, print, print_json};

pub(super) fn run(args: &TrainArgs, plans: &[Plan], folder: &RunFolder) -> Result<(), Failure> {
    let count = plans.len();
    let notes = Plan::notes_of(plans).iter().map(|note| with_options(note)).collect();
    let mut unwritten = None;
    let mut folds = Folds { notes, output: Some(folder.path.clone()), ..Folds::default() };
    for (number, plan) in (1..).zip(plans) {
        let of_fold = folder.of_fold(number)?;
        let in_fold = |failure: Failure| failure.help(format!("this happened in fold {number} of {count}"));
        let (fit, not_written) = once::fit(&args.outputs, plan, &of_fold).map_err(in_fold)?;
        unwritten = unwritten.or(not_written.map(in_fold));
        if interrupt::is_raised() {
            if !args.json && !folds.folds.is_empty() {
                // the signal is more important than a reader that is gone
                let _ = print(&text(&folds, folder));
            }
            let model = of_fold.model.display().to_string();
            let model = escaped(&model);
            message(&format!("\ninterrupted in fold {number} of {count}: its model so far is in {model}"));
            resume::say_how(&folder.path);
            return Err(Failure::interrupted());
        }
        if !args.outputs.quiet {
            message(&format!("fold {number} of {count}: {}", fit.summary.outcome()));
        }
        folds.folds.push(fit.summary);
        unwritten = unwritten.or(folder.write_metrics(&json(&folds)).err());
    }
    if unwritten.is_none() {
        folder.finish();
        if !args.outputs.keep_checkpoint {
            folder.forget_checkpoints();
        }
    }
    let models = format!("the models are in {0}/fold-1 to {0}/fold-{count}", folder.path.display());
    let printed = match (&unwritten, args.json) {
        (None, true) => print_json(&json(&folds)),
        // a command that fails prints no JSON
        (Some(_), true) => {
            message(&with_options(&folds.text()));
            Ok(())
        }
        (_, false) => print(&text(&folds, folder)),
    };
    match unwritten {
        Some(failure) => Err(failure.help(models)),
        None => printed.map_err(|failure| failure.help(models)),
    }
}

/// The results, with options in place of fields.
fn json(folds: &Folds) -> Value {
    let mut json = folds.json();
    if let Some(verdict) = json["verdict"].as_str().map(with_options) {
        json["verdict"] = verdict.into();
    }
    json
}

fn text(folds: &Folds, folder: &RunFolder) -> String {
    let (text, count) = (with_options(&folds.text()), folds.folds.len());
    let folder = folder.path.display().to_string();
    let folder = escaped(&folder);
    if text.is_empty() {
        return text;
    }
    format!("{text}\nmodels and reports: {folder}/fold-1 to {folder}/fold-{count}\n")
}
