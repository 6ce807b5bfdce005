//! `mfnet tune`: a search for better settings.

mod driver;
mod folder;
mod results;
mod worker;

use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use mfnet::fit::{Fit, Plan};
use mfnet::tune::{Search, Space};

use self::driver::{Driver, End};
use self::folder::SearchFolder;
use self::results::Results;
use self::worker::Worker;
use crate::args::{FitArgs, Outputs, TuneArgs};
use crate::failure::{Failure, with_options};
use crate::interrupt;
use crate::output::{message, print};
use crate::source::{BEST, STDIN};
use crate::train::{Request, RunFolder, fit, run_name};

/// The usual number of trials.
const TRIALS: usize = 30;
/// The most workers, unless they are asked for: as many as a round has trials.
const WORKERS: usize = 9;

pub(crate) fn run(given: &TuneArgs) -> Result<(), Failure> {
    let Some(path) = &given.resume else { return begin(given) };
    let folder = SearchFolder::read(path)?;
    check_goes_on(given)?;
    if given.pending {
        return pending(&folder);
    }
    let stored = folder.args()?;
    let args = TuneArgs {
        fit: FitArgs { recipe: stored.fit.recipe.with_threads_of(&given.fit.recipe), ..stored.fit },
        time_limit: given.time_limit.or(stored.time_limit),
        workers: given.workers.or(stored.workers),
        plots: given.plots || stored.plots,
        json: given.json,
        quiet: given.quiet,
        ..stored
    };
    let works = given.worker || !given.train.is_empty();
    let plan = Request::new(&args.fit)?.plans(given.quiet || works)?.remove(0);
    folder.check_data(&plan)?;
    match works {
        true => work(given, &folder, &plan),
        false => search(&args, &folder, &plan),
    }
}

/// Begins a search.
fn begin(args: &TuneArgs) -> Result<(), Failure> {
    let request = Request::new(&args.fit)?;
    check(args, &request)?;
    let plan = request.plans(args.quiet)?.remove(0);
    let folder = SearchFolder::create(args.output.as_deref(), &name(args), asked_for(args, &plan)?, &plan)?;
    match args.prepare {
        true => print(&format!("{}\n", folder.path.display())),
        false => search(args, &folder, &plan),
    }
}

/// Prints the names of the training runs that can be made now.
fn pending(folder: &SearchFolder) -> Result<(), Failure> {
    let next = folder.search.next(&folder.records()?)?;
    print(&next.iter().map(|training| training.name() + "\n").collect::<String>())
}

/// Makes training runs for a search that another process leads.
fn work(given: &TuneArgs, folder: &SearchFolder, plan: &Plan) -> Result<(), Failure> {
    let mut worker = Worker::new(folder, plan);
    if given.worker {
        return worker.read(io::stdin().lock());
    }
    given.train.iter().try_for_each(|name| worker.train(name, None))
}

/// Makes what is left of a search, then its results.
fn search(args: &TuneArgs, folder: &SearchFolder, plan: &Plan) -> Result<(), Failure> {
    let started = Instant::now();
    let lock = folder.lock()?;
    if !args.quiet {
        message(&with_options(&plan.introduction()));
        plan.notes().iter().for_each(|note| message(&format!("note: {}", with_options(note))));
    }
    let available = || thread::available_parallelism().map_or(1, NonZero::get);
    let processors = plan.recipe().threads.unwrap_or_else(available);
    let workers = args.workers.unwrap_or(processors.min(WORKERS));
    let deadline = args.time_limit.map(|time| started + time);
    let end = Driver::new(folder, [workers, processors], args.quiet).run(deadline)?;
    if end == End::Interrupted {
        return Err(interrupted(folder));
    }
    let records = folder.records()?;
    let Some(best) = folder.search.best(&records) else { return Err(nothing_trained(folder, &records)) };
    let has_default = best.trial != 0 && records.iter().any(|record| record.trial == 0 && record.score.is_some());
    let default = has_default.then(|| fitted(args, folder, "default", (0, plan))).transpose()?;
    let of_best = plan.with_recipe(&folder.search.recipe(best)?)?;
    let of_best = fitted(args, folder, BEST, (best.trial, &of_best))?;
    let results = Results { folder, records: &records, default: default.as_ref(), best: &of_best, end };
    results.write(args.plots)?;
    folder.finish(&lock);
    results.print(args.json)
}

/// The fit of a trial, in a folder like those of `mfnet train`.
fn fitted(args: &TuneArgs, folder: &SearchFolder, name: &str, (trial, plan): (usize, &Plan)) -> Result<Fit, Failure> {
    let outputs = Outputs { quiet: true, plots: args.plots, ..Outputs::default() };
    let run = RunFolder::resume(&folder.of_run(name, trial)?)?;
    let (fit, unwritten) = fit(&outputs, plan, &run)?;
    run.close();
    match unwritten {
        _ if interrupt::is_raised() => Err(interrupted(folder)),
        Some(failure) => Err(failure),
        None => Ok(fit),
    }
}

/// Refuses what a search that goes on has already.
fn check_goes_on(given: &TuneArgs) -> Result<(), Failure> {
    let message = match given.fit.recipe.given_except_threads()? {
        _ if !given.fit.data.is_empty() => "--resume uses the data of the search".to_owned(),
        _ if given.fit.recipe_file.is_some() => "--resume uses the settings of the search, not --recipe".to_owned(),
        Some(field) => format!("--resume uses the settings of the search, not --{}", field.replace('_', "-")),
        None => return Ok(()),
    };
    Err(Failure::usage(message).help("leave it out, or start a new search"))
}

/// Refuses what a search cannot have.
fn check(args: &TuneArgs, request: &Request<'_>) -> Result<(), Failure> {
    if args.fit.data.iter().any(|data| data.as_path() == Path::new(STDIN)) {
        return Err(Failure::usage("mfnet tune reads the data more than once, so it cannot read the standard input")
            .help("write the data into a file"));
    }
    if request.recipe.folds.is_some() {
        return Err(Failure::usage("mfnet tune compares trials on the validation rows, not with --folds")
            .help("leave --folds out; --validation-fraction 0.2 has more rows to compare them"));
    }
    Ok(())
}

/// The search that the command asks for.
fn asked_for(args: &TuneArgs, plan: &Plan) -> Result<Search, Failure> {
    let space = match &args.space {
        Some(file) => Space::read(file)?,
        None => Space::usual(plan)?,
    };
    let trials = args.trials.or(if args.time_limit.is_some() { None } else { Some(TRIALS) });
    let search = Search::new(plan, space, trials)?;
    Ok(match args.round {
        Some(round) => search.round(round)?,
        None => search,
    })
}

/// The name of the folder below runs/, without its number.
fn name(args: &TuneArgs) -> std::ffi::OsString {
    let mut name = args.fit.data.first().map_or_else(Default::default, |data: &PathBuf| run_name(data));
    name.push("-tune");
    name
}

fn interrupted(folder: &SearchFolder) -> Failure {
    message(&format!("\nto continue: mfnet tune --resume {}", folder.quoted()));
    Failure::interrupted()
}

fn nothing_trained(folder: &SearchFolder, records: &[mfnet::tune::Record]) -> Failure {
    match records.iter().find_map(|record| record.error.as_ref()) {
        Some(error) => Failure::work(format!("every trial failed; the first one: {}", with_options(error))),
        None => Failure::work("no trial was trained in this time")
            .help(format!("to continue with more time: mfnet tune --resume {} --time-limit 10m", folder.quoted())),
    }
}
