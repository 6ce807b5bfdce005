//! A training that went wrong.

use mfnet::text::as_read;
use mfnet::{EpochRecord, Error, Plan, Report};

use super::command::head;
use super::folder::RunFolder;
use crate::args::TrainArgs;
use crate::failure::Failure;

/// Says what to change, and writes how the loss went. `saved` is what saving the last good weights came to; none if the model of
/// an earlier run stays.
pub(super) fn failure(
    args: &TrainArgs,
    plan: &Plan,
    folder: &RunFolder,
    error: Error,
    epochs: &[EpochRecord],
    saved: Option<Result<(), Error>>,
) -> Failure {
    let report = Report::diverged(plan, &head(plan), &error, epochs);
    let rate = plan.recipe().learning_rate.map_or_else(String::new, as_read);
    let failure = Failure::from(error)
        .help(format!("try a smaller --learning-rate (it was {rate}), or shorten the gradient with --clip-norm 1"));
    let failure = match saved {
        None => return failure.help(format!("{} is still the model of the earlier run", folder.model.display())),
        Some(Err(error)) => return failure.help(format!("the kept weights could not be saved: {error}")),
        Some(Ok(())) => failure.help(format!("the kept weights are in {}", folder.model.display())),
    };
    match report.map_err(Failure::from).and_then(|report| folder.write_report(&report, args.plots)) {
        Ok(()) => failure.help(format!("how the loss went is in {}", folder.report.display())),
        // the model is what counts
        Err(_) => failure,
    }
}
