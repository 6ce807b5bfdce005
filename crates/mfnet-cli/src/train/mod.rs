//! `mfnet train`: from a table to a model, the scores of its baselines beside it.

mod choices;
mod display;
mod folder;
mod folds;
mod job;
mod observer;
mod order;
mod parts;
mod report;
mod settings;
mod task;
mod verdict;

use self::choices::Choices;
use self::folder::RunFolder;
use self::job::Job;
use self::parts::Parts;
use self::report::Report;
use self::settings::Settings;
use self::task::Task;
use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::output::{message, print};

pub(crate) fn run(args: &TrainArgs) -> Result<(), Failure> {
    Settings::new(args, Choices::before_reading(args))?;
    RunFolder::check(args)?;
    let task = Task::read(args)?;
    match args.folds {
        None => once(&task),
        Some(count) => folds::run(&task, count),
    }
}

fn once(task: &Task<'_>) -> Result<(), Failure> {
    let args = task.args;
    let parts = Parts::new(task, None)?;
    let choices = Choices::new(args, &parts.train, parts.validation.samples() > 0);
    let job = Job::new(task, parts, choices)?;
    if !args.quiet {
        message(&job.introduction());
    }
    let folder = RunFolder::create(args)?;
    let report = job.run(&folder)?;
    if task.is_interrupted() {
        return interrupted(args, &report, &folder);
    }
    print(&if args.json { format!("{}\n", report.json()) } else { report.text() })
}

/// What Ctrl-C came to.
fn interrupted(args: &TrainArgs, report: &Report, folder: &RunFolder) -> Result<(), Failure> {
    let model = folder.model().display().to_string();
    if report.training_is_complete() {
        if !args.json {
            print(&report.text())?;
        }
        message(&format!(
            "\ninterrupted after the training, before the linear model was found: the model is in {model}"
        ));
    } else {
        message(&format!("\ninterrupted: the model so far is in {model}"));
    }
    Err(Failure::interrupted())
}
