//! A cross-validation: a fit for each fold. The results so far are on disk after every fold.

use mfnet::fit::{Folds, Plan};
use serde_json::Value;

use super::folder::RunFolder;
use super::once;
use crate::args::TrainArgs;
use crate::failure::{Failure, with_options};
use crate::interrupt;
use crate::output::{message, print};

pub(super) fn run(args: &TrainArgs, plans: &[Plan], folder: &RunFolder) -> Result<(), Failure> {
    let count = plans.len();
    let notes = Plan::notes_of(plans).iter().map(|note| with_options(note)).collect();
    let mut folds = Folds { notes, output: Some(folder.path.clone()), ..Folds::default() };
    for (number, plan) in (1..).zip(plans) {
        let of_fold = folder.of_fold(number)?;
        let fit = once::fit(args, plan, &of_fold)
            .map_err(|failure| failure.help(format!("this happened in fold {number} of {count}")))?;
        if interrupt::is_raised() {
            if !args.json && !folds.folds.is_empty() {
                print(&text(&folds, folder))?;
            }
            let model = of_fold.model.display();
            message(&format!("\ninterrupted in fold {number} of {count}: its model so far is in {model}"));
            return Err(Failure::interrupted());
        }
        if !args.quiet {
            message(&format!("fold {number} of {count}: {}", fit.summary.outcome()));
        }
        folds.folds.push(fit.summary);
        folder.write_metrics(&json(&folds))?;
    }
    folder.remove_earlier(count);
    print(&if args.json { format!("{}\n", json(&folds)) } else { text(&folds, folder) })
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
    let (text, folder, count) = (with_options(&folds.text()), folder.path.display(), folds.folds.len());
    if text.is_empty() {
        return text;
    }
    format!("{text}\nmodels and reports: {folder}/fold-1 to {folder}/fold-{count}\n")
}
