//! `mfnet train`: from a table to a model, and to its scores beside those of the baselines.

mod display;
mod folder;
mod history;
mod metrics;
mod once;
mod resume;
mod several;
mod stored;
mod watcher;

use std::path::{Path, PathBuf};

use mfnet::error::ErrorKind;
use mfnet::fit::{Input, Plan, RecipeFile, Source};
use mfnet::table::ReadTable;
use mfnet::{Error, Recipe};

use self::folder::RunFolder;
use crate::args::{TrainArgs, with_file};
use crate::failure::{Failure, with_options};
use crate::output::{message, print_file};
use crate::source::Files;
use crate::{interrupt, source};

pub(crate) fn run(given: &TrainArgs) -> Result<(), Failure> {
    let stopped = given.resume.as_deref().map(|run| resume::Run::read(given, run)).transpose()?;
    let args = stopped.as_ref().and_then(|run| run.args.as_ref()).unwrap_or(given);
    let read = |path: &PathBuf| RecipeFile::read(path).map_err(|error| not_a_recipe(error, path));
    let file = args.recipe_file.as_ref().map(read).transpose()?;
    let recipe = args.recipe.recipe(file.as_ref())?;
    if !args.print_recipe && stopped.is_none() {
        RunFolder::check(args)?;
    }
    if let Some(run) = stopped.as_ref().filter(|_| recipe.folds.is_some()) {
        resume::check_is_whole(&run.folder)?;
    }
    check_log(args, &recipe, stopped.as_ref().and_then(|run| run.log.as_deref()))?;
    let input = input(args, &recipe)?;
    let plans = Plan::folds(input, &recipe).map_err(|error| match (error.kind(), &test_file(args, &recipe)) {
        (ErrorKind::Io { path, .. }, Some(file)) if path == file => source::unreadable(error, file),
        (ErrorKind::Recipe { .. } | ErrorKind::InvalidValue(..), _) => with_file(error, file.as_ref()),
        _ => error.into(),
    })?;
    let Some(first) = plans.first() else { return Ok(()) };
    if !first.unknown_levels().is_empty() {
        message(first.unknown_levels());
    }
    if let Some(run) = stopped.as_ref().filter(|run| run.args.is_some()) {
        resume::check_options(given, &run.folder, &first.recipe())?;
    }
    if args.print_recipe {
        return print_file(&first.recipe().to_toml()?);
    }
    let in_folds = recipe.folds.is_some();
    if !args.quiet {
        let text = if in_folds { Plan::introduction_of(&plans) } else { first.introduction() };
        message(&with_options(&text));
    }
    let notes = if args.quiet { Plan::doubts_of(&plans) } else { Plan::notes_of(&plans) };
    notes.iter().for_each(|note| self::note(note));
    let folder = match &stopped {
        Some(run) => RunFolder::resume(&run.folder)?,
        None => RunFolder::create(args)?,
    };
    let result = if in_folds { several::run(args, &plans, &folder) } else { once::run(args, first, &folder) };
    let left = folder.close();
    result.map_err(|failure| left.into_iter().fold(failure, Failure::help))
}

/// Refuses a log that several folds would write, that cannot be written, or that exists, unless the
/// run that goes on has written it.
fn check_log(args: &TrainArgs, recipe: &Recipe, written: Option<&Path>) -> Result<(), Failure> {
    let Some(log) = &args.log else { return Ok(()) };
    if recipe.folds.is_some() {
        let message = "--log works for one training, not with --folds; each fold has its history.csv";
        return Err(Failure::usage(message.to_owned()));
    }
    let folder = log.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Failure::work(format!("--log: there is no folder {}", folder.display())));
    }
    let is = |path: &PathBuf| path.canonicalize().ok().is_some_and(|path| log.canonicalize().ok() == Some(path));
    if let Some(data) = args.data.iter().chain(&args.recipe.test_file).chain(&args.recipe_file).find(|path| is(path)) {
        return Err(Failure::usage(format!("--log would replace {}, which the training reads", data.display())));
    }
    if log.exists() && !args.force && written != Some(log) {
        return Err(Failure::work(format!("{} already exists", log.display()))
            .help("choose another file for --log, or replace it with --force"));
    }
    Ok(())
}

/// Writes a note about the data or the result.
fn note(note: &str) {
    message(&format!("note: {}", with_options(note)));
}

/// Why a recipe cannot be read, with help for someone who gave another file.
fn not_a_recipe(error: Error, path: &Path) -> Failure {
    let is_named_so = path.extension().is_some_and(|ending| ending == "toml" || ending == "json");
    match path.exists() && !is_named_so {
        true => {
            Failure::from(error).help("a recipe is a file in TOML or JSON; mfnet train DATA --print-recipe prints one")
        }
        false => error.into(),
    }
}

/// Reads the data. From now on, Ctrl-C saves the results so far.
fn input<'a>(args: &'a TrainArgs, recipe: &Recipe) -> Result<Input<'a>, Failure> {
    let start = recipe.warm_start.as_deref().map(source::model).transpose()?;
    let files = Files { data: &args.data, folders: &args.folders, reading: &args.reading, quiet: args.quiet };
    let data = files.read(recipe.reader(start.as_ref()))?;
    let test_file = test_file(args, recipe);
    if let (Source::Table(_), Some(file)) = (&data, &test_file) {
        source::check_test_file(file)?;
    }
    interrupt::watch();
    let read_test = Box::new(move |file: &str, reader: ReadTable<'_>| match source::built_in(file) {
        Some(built_in) => built_in.table(),
        None => {
            let file = test_file.unwrap_or_else(|| file.into());
            Ok(source::table(&file, args.reading.of(reader), args.quiet)?)
        }
    });
    Ok(Input { name: files.name(), data, start, read_test })
}

/// The file with the test rows, also if its name is not text.
fn test_file(args: &TrainArgs, recipe: &Recipe) -> Option<PathBuf> {
    args.recipe.test_file.clone().or(recipe.test_file.as_ref().map(PathBuf::from))
}
