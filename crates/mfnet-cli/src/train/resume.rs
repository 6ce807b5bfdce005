//! `--resume`: continues a run that was stopped, from its last checkpoint.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Parser;
use mfnet::Recipe;
use mfnet::fit::Plan;
use mfnet::table::quoted;
use mfnet::train::{Checkpoint, SaveCheckpoints};
use serde_json::{Value, json};

use super::folder::{CHECKPOINTS, RunFolder};
use super::stored;
use crate::args::{Args, Command, FitArgs, Outputs, TrainArgs};
use crate::command;
use crate::failure::{Failure, with_options};
use crate::output::message;
use crate::source::{SEARCH, UNFINISHED, model_file};

/// A run that goes on.
pub(super) struct Run {
    pub(super) folder: PathBuf,
    /// The command line of the run, as far as it is known.
    pub(super) args: Option<TrainArgs>,
    /// The file of `--log` that the run has written.
    pub(super) log: Option<PathBuf>,
}

/// What a checkpoint says about the program: its arguments, and the folders in which it ran and which
/// it wrote.
pub(crate) fn about(folder: &Path) -> Value {
    let arguments: Option<Vec<Value>> = command::arguments().iter().map(|argument| stored::text(argument)).collect();
    json!({
        "arguments": arguments,
        "in": env::current_dir().ok().and_then(|folder| stored::text(folder.as_os_str())),
        "output": stored::text(folder.as_os_str()),
    })
}

impl Run {
    /// Reads what the checkpoints in the folder of a run say about it.
    pub(super) fn read(args: &TrainArgs, run: &Path) -> Result<Self, Failure> {
        if !run.is_dir() {
            let found = if run.exists() { "found a file" } else { "found nothing" };
            return Err(Failure::work(format!("{}: expected the folder of a run, {found}", run.display())));
        }
        RunFolder::check_is_free(run)?;
        let checkpoint = checkpoints(run).into_iter().find_map(|folder| newest(&folder).transpose()).transpose()?;
        let Some(checkpoint) = checkpoint else { return Err(no_checkpoint(run)) };
        let about = Plan::of_observer(&checkpoint);
        let (here, there) = (env::current_dir().ok(), stored::read(&about["in"]).map(PathBuf::from));
        let is_here = here.is_some() && here == there;
        // the path as it was given is part of the results
        let folder = stored::read(&about["output"]).map(PathBuf::from).filter(|output| is_here && is_same(output, run));
        let arguments = about["arguments"].as_array().filter(|_| args.fit.data.is_empty());
        let stored = arguments.map(|arguments| parsed(arguments)).transpose()?;
        if let Some(stored) = &stored
            && !is_here
            && let Some(there) = there
            && stored.fit.data.iter().any(|path| path.is_relative() && !path.exists())
        {
            let run = run.canonicalize().unwrap_or_else(|_| run.to_owned());
            let [there, run] = [&there, &run].map(|path| quoted(&path.display().to_string()));
            return Err(Failure::work(format!("the run was started in the folder {there}, where its data is"))
                .help(format!("cd {there} && mfnet train --resume {run}")));
        }
        if stored.is_none() && args.fit.data.is_empty() {
            return Err(Failure::work(format!("{}: the command of the run is not known", run.display()))
                .help("give the command again, with --resume in place of --output"));
        }
        let log = stored.as_ref().and_then(|stored| stored.outputs.log.clone());
        let args = stored.map(|stored| TrainArgs {
            json: args.json,
            outputs: Outputs {
                quiet: args.outputs.quiet,
                plots: args.outputs.plots || stored.outputs.plots,
                keep_checkpoint: args.outputs.keep_checkpoint || stored.outputs.keep_checkpoint,
                checkpoint_every: args.outputs.checkpoint_every.or(stored.outputs.checkpoint_every),
                log: args.outputs.log.clone().or(stored.outputs.log),
                tensorboard: args.outputs.tensorboard.clone().or(stored.outputs.tensorboard),
            },
            fit: FitArgs { recipe: stored.fit.recipe.with_threads_of(&args.fit.recipe), ..stored.fit },
            ..stored
        });
        // a relative path is meant where the run was started
        let log = log.filter(|log| is_here || log.is_absolute());
        Ok(Run { folder: folder.unwrap_or_else(|| run.components().collect()), args, log })
    }
}

/// The command line of a run.
fn parsed(arguments: &[Value]) -> Result<TrainArgs, Failure> {
    match command(arguments) {
        Some(Command::Train(args)) => Ok(*args),
        _ => Err(Failure::work("the command of the run cannot be read: another version of mfnet wrote it")
            .help("give the command again, with --resume in place of --output")),
    }
}

/// The command of the arguments that [`about`] has written.
pub(crate) fn command(arguments: &[Value]) -> Option<Command> {
    let arguments: Vec<OsString> = arguments.iter().map(stored::read).collect::<Option<_>>()?;
    let arguments = [OsString::from("mfnet")].into_iter().chain(arguments);
    Args::try_parse_from(arguments).ok().map(|args| args.command)
}

/// Returns an error if the command sets something that the run has otherwise.
pub(super) fn check_options(given: &TrainArgs, run: &Path, recipe: &Recipe) -> Result<(), Failure> {
    let (given, usual) = (given.fit.recipe.recipe(None)?.fields()?, Recipe::default().fields()?);
    let of_run = recipe.fields()?;
    let other = given.iter().find(|(field, value)| {
        *field != "threads" && usual.get(*field) != Some(value) && of_run.get(*field) != Some(value)
    });
    let Some((field, value)) = other else { return Ok(()) };
    let is = of_run.get(field).filter(|value| !value.is_null()).map_or("not set".to_owned(), Value::to_string);
    let option = with_options(&format!("`{field}`"));
    Err(Failure::usage(format!("{}: {option} is {is} in this run, not {value}", run.display()))
        .help("leave the option out, or start a new run"))
}

/// Refuses the folder of a fold, which is a part of its cross-validation.
pub(super) fn check_is_whole(run: &Path) -> Result<(), Failure> {
    if !run.join(CHECKPOINTS).is_dir() {
        return Ok(());
    }
    let whole = run.canonicalize().ok().and_then(|run| run.parent().map(Path::to_owned));
    let given = run.parent().filter(|parent| !parent.as_os_str().is_empty()).map(Path::to_owned);
    let failure =
        Failure::work(format!("{}: this is the folder of a fold, which is continued with the others", run.display()));
    Err(given.or(whole).into_iter().fold(failure, |failure, whole| {
        failure.help(format!("mfnet train --resume {}", quoted(&whole.display().to_string())))
    }))
}

/// The folders of checkpoints in the folder of a run: its own, and those of its folds.
fn checkpoints(run: &Path) -> Vec<PathBuf> {
    let folds = (1_u64..).map(|fold| run.join(format!("fold-{fold}"))).take_while(|fold| fold.is_dir());
    [run.to_owned()].into_iter().chain(folds).map(|folder| folder.join(CHECKPOINTS)).collect()
}

/// The newest checkpoint in a folder. Warns about damaged ones.
pub(super) fn newest(folder: &Path) -> Result<Option<Checkpoint>, Failure> {
    let (checkpoint, damaged) = SaveCheckpoints::newest(folder)?;
    for error in damaged {
        message(&format!("warning: {error}; mfnet uses the checkpoint before it"));
    }
    Ok(checkpoint)
}

/// Says how to go on with a run, if it has a checkpoint.
pub(super) fn say_how(run: &Path) {
    if checkpoints(run).iter().any(|folder| folder.is_dir()) {
        message(&format!("to continue: mfnet train --resume {}", quoted(&run.display().to_string())));
    }
}

fn no_checkpoint(run: &Path) -> Failure {
    if run.join(SEARCH).exists() {
        let search = quoted(&run.display().to_string());
        return Failure::work(format!("{}: this is a search, not a run", run.display()))
            .help(format!("mfnet tune --resume {search}"));
    }
    let failure = Failure::work(format!("{}: there is no checkpoint to continue from", run.display()));
    if !model_file(run).exists() {
        return failure.help("run the command again: the run was stopped before its first checkpoint");
    }
    if run.join(UNFINISHED).exists() {
        return failure.help("run the command again with --force: no checkpoint of the run can be read");
    }
    failure.help(format!(
        "if the run is complete, train its model further on data: mfnet train DATA --warm-start {}",
        quoted(&run.display().to_string())
    ))
}

fn is_same(a: &Path, b: &Path) -> bool {
    a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}
