//! One fit: shows it, and writes its files.

use mfnet::Recipe;
use mfnet::error::ErrorKind;
use mfnet::fit::{Fit, Plan};
use mfnet::report::Report;
use mfnet::text::as_read;
use mfnet::train::StopReason;

use super::folder::RunFolder;
use super::watcher::Watcher;
use crate::args::TrainArgs;
use crate::failure::{Failure, with_options};
use crate::interrupt;
use crate::output::{message, print};
use crate::shell::quoted;

pub(super) fn run(args: &TrainArgs, plan: &Plan, folder: &RunFolder) -> Result<(), Failure> {
    let fit = fit(args, plan, folder)?;
    if interrupt::is_raised() {
        return interrupted(args, &fit, folder);
    }
    print(&if args.json { format!("{}\n", fit.summary.json()) } else { text(&fit, folder) })
}

/// Trains, and writes all results into the folder.
pub(super) fn fit(args: &TrainArgs, plan: &Plan, folder: &RunFolder) -> Result<Fit, Failure> {
    let mut watcher = Watcher::new(args.quiet, folder);
    let result = plan.run(&mut watcher);
    let (epochs, saved) = watcher.finish();
    let mut fit = match result {
        Err(error) if matches!(error.kind(), ErrorKind::Diverged { .. }) => {
            let report = Report::diverged(plan, &head(plan), &error, &epochs);
            let rate = plan.recipe().learning_rate.map_or_else(String::new, as_read);
            let clip = match plan.recipe() {
                Recipe { clip_norm: Some(norm), .. } if norm > 0.0 => {
                    format!("a smaller --clip-norm (it was {})", as_read(norm))
                }
                Recipe { clip_layer_norm: norm, .. } if norm > 0.0 => {
                    format!("a smaller --clip-layer-norm (it was {})", as_read(norm))
                }
                _ => "clip the gradient with --clip-norm 1".to_owned(),
            };
            let change = format!("try a smaller --learning-rate (it was {rate}), or {clip}");
            let (failure, model) = (Failure::from(error).help(change), folder.model.display());
            let failure = match saved {
                None => return Err(failure.help(format!("{model} is still the model of the earlier run"))),
                Some(Err(error)) => return Err(failure.help(format!("mfnet could not save the kept weights: {error}"))),
                Some(Ok(())) => failure.help(format!("the kept weights are in {model}")),
            };
            let written = report.map_err(Failure::from).and_then(|report| folder.write_report(&report, args.plots));
            return Err(match written {
                Ok(()) => failure.help(format!("see the loss over the epochs in {}", folder.report.display())),
                // the failure of the training is more important than that of the report
                Err(_) => failure,
            });
        }
        result => result?,
    };
    let before = plan.notes();
    fit.summary.notes.iter().filter(|note| !before.contains(note)).for_each(|note| super::note(note));
    let summary = &mut fit.summary;
    summary.notes.iter_mut().chain(&mut summary.verdict).for_each(|text| *text = with_options(text));
    fit.summary.output = Some(folder.path.clone());
    fit.summary.interrupted |= interrupt::is_raised();
    folder.write_metrics(&fit.summary.json())?;
    folder.write_report(&Report::new(&fit, &head(plan))?, args.plots)?;
    folder.remove_earlier(0);
    Ok(fit)
}

fn text(fit: &Fit, folder: &RunFolder) -> String {
    format!("{}\nmodel: {}\nreport: {}\n", fit.text(), folder.model.display(), folder.report.display())
}

/// The message after Ctrl-C.
fn interrupted(args: &TrainArgs, fit: &Fit, folder: &RunFolder) -> Result<(), Failure> {
    let model = folder.model.display();
    if fit.summary.stop == StopReason::Callback {
        message(&format!("\ninterrupted: the model so far is in {model}"));
    } else {
        if !args.json {
            print(&text(fit, folder))?;
        }
        message(&format!("\ninterrupted while fitting the linear model: the trained network is in {model}"));
    }
    Err(Failure::interrupted())
}

/// The beginning of the report: the command line and the plan.
fn head(plan: &Plan) -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    let command: Vec<String> = ["mfnet".to_owned()].into_iter().chain(arguments).collect();
    format!("{}\n\n{}", command.join(" "), with_options(&plan.introduction()))
}
