//! `mfnet train`: from a table to a model, and to its scores beside those of the baselines.

mod display;
mod folder;
mod history;
mod metrics;
mod once;
mod rates;
mod request;
pub(crate) mod resume;
mod several;
pub(crate) mod stored;
mod watcher;

use std::fs;
use std::path::{Path, PathBuf};

use mfnet::Recipe;
use mfnet::fit::Plan;
use mfnet::table::quoted;

pub(crate) use self::folder::{CHECKPOINTS, Lock, RunFolder, cannot_create, numbered, run_name, write_report};
pub(crate) use self::once::{fit, head};
pub(crate) use self::request::Request;
use crate::args::TrainArgs;
use crate::failure::{Failure, with_options};
use crate::output::{message, print_file};

pub(crate) fn run(given: &TrainArgs) -> Result<(), Failure> {
    let stopped = given.resume.as_deref().map(|run| resume::Run::read(given, run)).transpose()?;
    let args = stopped.as_ref().and_then(|run| run.args.as_ref()).unwrap_or(given);
    let request = Request::new(&args.fit)?;
    let recipe = &request.recipe;
    if !args.print_recipe && stopped.is_none() {
        RunFolder::check(args)?;
    }
    if args.find_rate && recipe.folds.is_some() {
        let message = "--find-rate works for one training, but the recipe has folds";
        return Err(Failure::usage(message).help("remove folds from the recipe"));
    }
    if let Some(run) = stopped.as_ref().filter(|_| recipe.folds.is_some()) {
        resume::check_is_whole(&run.folder)?;
    }
    check_log(args, recipe, stopped.as_ref().and_then(|run| run.log.as_deref()))?;
    if let Some(board) = args.outputs.tensorboard.as_ref().filter(|_| stopped.is_none() && !args.force) {
        check_board(board)?;
    }
    let plans = request.plans(args.outputs.quiet)?;
    let Some(first) = plans.first() else { return Ok(()) };
    if let Some(run) = stopped.as_ref().filter(|run| run.args.is_some()) {
        resume::check_options(given, &run.folder, &first.recipe())?;
    }
    if args.print_recipe {
        return print_file(&first.recipe().to_toml()?);
    }
    let in_folds = recipe.folds.is_some();
    if !args.outputs.quiet {
        let text = if in_folds { Plan::introduction_of(&plans) } else { first.introduction() };
        message(&with_options(&text));
    }
    let notes = if args.outputs.quiet { Plan::doubts_of(&plans) } else { Plan::notes_of(&plans) };
    notes.iter().for_each(|note| self::note(note));
    let folder = match &stopped {
        Some(run) => RunFolder::resume(&run.folder)?,
        None => RunFolder::create(args)?,
    };
    let result = match (args.find_rate, in_folds) {
        (true, _) => rates::run(args, first, &folder),
        (false, true) => several::run(args, &plans, &folder),
        (false, false) => once::run(args, first, &folder),
    };
    let left = folder.close();
    result.map_err(|failure| left.into_iter().fold(failure, Failure::help))
}

/// Refuses a log that several folds would write, that cannot be written, or that exists, unless the
/// run that goes on has written it.
fn check_log(args: &TrainArgs, recipe: &Recipe, written: Option<&Path>) -> Result<(), Failure> {
    let Some(log) = &args.outputs.log else { return Ok(()) };
    if recipe.folds.is_some() {
        let message = "--log works for one training, not with --folds; each fold has its history.csv";
        return Err(Failure::usage(message.to_owned()));
    }
    let folder = log.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Failure::work(format!("--log: there is no folder {}", folder.display())));
    }
    if log.is_dir() {
        return Err(Failure::work(format!("--log: expected a file, found the folder {}", log.display()))
            .help(format!("give a file in it: --log {}", quoted(&log.join("log.jsonl").display().to_string()))));
    }
    let is = |path: &PathBuf| path.canonicalize().ok().is_some_and(|path| log.canonicalize().ok() == Some(path));
    if let Some(data) = args.fit.files().find(|path| is(path)) {
        return Err(Failure::usage(format!("--log would replace {}, which the training reads", data.display())));
    }
    if log.exists() && !args.force && written != Some(log) {
        return Err(Failure::work(format!("{} already exists", log.display()))
            .help("choose another file for --log, or replace it with --force"));
    }
    Ok(())
}

/// Refuses a folder with the event files of another run: TensorBoard would show both as one.
fn check_board(board: &Path) -> Result<(), Failure> {
    let entries = fs::read_dir(board).into_iter().flatten().flatten();
    match entries.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("tfevents")) {
        true => Err(Failure::work(format!("{}: the folder has the events of another run", board.display()))
            .help("choose another folder for --tensorboard, such as one for each run below the same folder")),
        false => Ok(()),
    }
}

/// Writes a note about the data or the result.
fn note(note: &str) {
    message(&format!("note: {}", with_options(note)));
}
