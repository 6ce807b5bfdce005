//! One fit: shows it, and writes its files.

use mfnet::error::ErrorKind;
use mfnet::fit::{Fit, Plan};
use mfnet::report::Report;
use mfnet::text::{as_read, counted, escaped, grouped};
use mfnet::train::{Checkpoint, EpochRecord, StopReason};
use mfnet::{Error, Recipe};

use super::folder::RunFolder;
use super::resume;
use super::watcher::{Watched, Watcher};
use crate::args::{Outputs, TrainArgs};
use crate::command;
use crate::failure::{Failure, with_options};
use crate::interrupt;
use crate::output::{message, print, print_json};
use mfnet::table::quoted;

pub(super) fn run(args: &TrainArgs, plan: &Plan, folder: &RunFolder) -> Result<(), Failure> {
    let (fit, unwritten) = fit(&args.outputs, plan, folder)?;
    if interrupt::is_raised() {
        interrupted(args, &fit, folder)?;
    }
    let printed = match (&unwritten, args.json) {
        (None, true) => print_json(&fit.summary.json()),
        (None, false) => print(&text(&fit, folder)),
        (Some(_), false) => print(&fit.text()),
        // a command that fails prints no JSON
        (Some(_), true) => {
            message(&fit.text());
            Ok(())
        }
    };
    let model = format!("the model is in {}", folder.model.display());
    match unwritten {
        Some(failure) => Err(failure.help(model)),
        None => printed.map_err(|failure| failure.help(model)),
    }
}

/// Trains, and writes all results into the folder. Also returns the failure of a file that could not
/// be written after the model was saved.
pub(crate) fn fit(outputs: &Outputs, plan: &Plan, folder: &RunFolder) -> Result<(Fit, Option<Failure>), Failure> {
    let checkpoint = if folder.is_resumed { resume::newest(&folder.checkpoints)? } else { None };
    let mut watcher = Watcher::new(outputs, plan, folder, checkpoint.as_ref())?;
    let result = match &checkpoint {
        Some(checkpoint) => {
            if !outputs.quiet {
                message(&continues(checkpoint));
            }
            plan.resume(checkpoint, &mut watcher)
        }
        None => plan.run(&mut watcher),
    };
    let Watched { epochs, kept, is_trained } = watcher.finish();
    let mut fit = match result {
        Err(error) if matches!(error.kind(), ErrorKind::Diverged { .. }) => {
            return Err(diverged(outputs, plan, folder, error, (&epochs, kept)));
        }
        Err(error) if is_trained => {
            let help = format!("the trained network is in {}", folder.model.display());
            return Err(Failure::from(error).help(help));
        }
        result => result?,
    };
    let before = plan.notes();
    fit.summary.notes.iter().filter(|note| !before.contains(note)).for_each(|note| super::note(note));
    let summary = &mut fit.summary;
    summary
        .notes
        .iter_mut()
        .chain(&mut summary.remarks)
        .chain(summary.left_out.values_mut())
        .chain(&mut summary.verdict)
        .for_each(|text| *text = with_options(text));
    fit.summary.output = Some(folder.path.clone());
    fit.summary.interrupted |= interrupt::is_raised();
    let metrics = folder.write_metrics(&fit.summary.json());
    let report = Report::new(&fit, &head(plan)).map_err(Failure::from);
    let report = report.and_then(|report| folder.write_report(&report, outputs.plots));
    if metrics.is_ok() {
        folder.finish();
        if !fit.summary.interrupted && !outputs.keep_checkpoint {
            folder.forget_checkpoints();
        }
    }
    let unwritten = metrics.err().or(report.err());
    Ok((fit, unwritten))
}

/// The failure of a training that diverged, after its files are written.
fn diverged(
    outputs: &Outputs,
    plan: &Plan,
    folder: &RunFolder,
    error: Error,
    (epochs, saved): (&[EpochRecord], Option<mfnet::Result<()>>),
) -> Failure {
    let report = Report::diverged(plan, &head(plan), &error, epochs);
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
        None => return failure.help(format!("{model} is still the model of the earlier run")),
        Some(Err(error)) => return failure.help(format!("mfnet could not save the kept weights: {error}")),
        Some(Ok(())) => failure.help(format!("the kept weights are in {model}")),
    };
    folder.finish();
    folder.forget_checkpoints();
    match report.map_err(Failure::from).and_then(|report| folder.write_report(&report, outputs.plots)) {
        Ok(()) => failure.help(format!("see the loss over the epochs in {}", folder.report.display())),
        // the failure of the training is more important than that of the report
        Err(_) => failure,
    }
}

/// Where a run goes on.
fn continues(checkpoint: &Checkpoint) -> String {
    match (checkpoint.stop_reason(), checkpoint.position()) {
        (Some(_), (epoch, _)) => format!("the training ended with epoch {epoch}; its scores follow"),
        (None, (0, _)) => "continuing from the start".to_owned(),
        (None, (epoch, step)) => format!("continuing after epoch {}, step {}", grouped(epoch), grouped(step)),
    }
}

fn text(fit: &Fit, folder: &RunFolder) -> String {
    let [model, report] = [&folder.model, &folder.report].map(|path| path.display().to_string());
    format!("{}\nmodel: {}\nreport: {}\n", fit.text(), escaped(&model), escaped(&report))
}

/// The message after Ctrl-C.
fn interrupted(args: &TrainArgs, fit: &Fit, folder: &RunFolder) -> Result<(), Failure> {
    let model = folder.model.display().to_string();
    let model = escaped(&model);
    if fit.summary.stop == StopReason::Callback {
        message(&match fit.summary.epochs {
            0 => format!("\ninterrupted in the first epoch: the model in {model} has learned little or nothing"),
            epochs => format!("\ninterrupted after {}: the model so far is in {model}", counted(epochs, "epoch")),
        });
    } else {
        if !args.json {
            // the signal is more important than a reader that is gone
            let _ = print(&text(fit, folder));
        }
        message(&format!("\ninterrupted while fitting the linear model: the trained network is in {model}"));
    }
    resume::say_how(&folder.path);
    Err(Failure::interrupted())
}

/// The beginning of the report: the command line and the plan.
pub(crate) fn head(plan: &Plan) -> String {
    let arguments = command::texts();
    let command: Vec<String> =
        ["mfnet".to_owned()].into_iter().chain(arguments.iter().map(|argument| quoted(argument))).collect();
    format!("{}\n\n{}", command.join(" "), with_options(&plan.introduction()))
}
