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

use mfnet::fit::Plan;
use mfnet::tune::{Search, Space};

use self::driver::{Driver, End};
use self::folder::SearchFolder;
use self::worker::Worker;
use crate::args::{Outputs, TuneArgs};
use crate::failure::{Failure, with_options};
use crate::interrupt;
use crate::output::{message, print};
use crate::source::STDIN;
use crate::train::{Request, RunFolder, fit, run_name};

/// The usual number of trials.
const TRIALS: usize = 30;
/// The most workers, unless they are asked for: as many as a round has trials.
const WORKERS: usize = 9;

pub(crate) fn run(given: &TuneArgs) -> Result<(), Failure> {
    let started = Instant::now();
    let stopped = given.resume.as_deref().map(SearchFolder::read).transpose()?;
    if let Some(folder) = &stopped
        && given.pending
    {
        let names: Vec<String> =
            folder.search.next(&folder.records()?)?.iter().map(|next| next.name() + "\n").collect();
        return print(&names.concat());
    }
    let stored = stopped.as_ref().map(SearchFolder::args).transpose()?;
    let args = stored.as_ref().unwrap_or(given);
    let request = Request::new(&args.fit)?;
    check(args, &request)?;
    let is_quiet = given.quiet || given.worker || !given.train.is_empty();
    let plan = request.plans(is_quiet)?.remove(0);
    if let Some(folder) = &stopped {
        folder.check_data(&plan)?;
        if given.worker || !given.train.is_empty() {
            let mut worker = Worker::new(folder, &plan);
            return match given.worker {
                true => worker.read(io::stdin().lock()),
                false => given.train.iter().try_for_each(|name| worker.train(name, None).map(drop)),
            };
        }
    }
    let folder = match stopped {
        Some(folder) => folder,
        None => SearchFolder::create(args.output.as_deref(), &name(args), search(args, &plan)?, &plan)?,
    };
    if given.prepare {
        return print(&format!("{}\n", folder.path.display()));
    }
    if !given.quiet {
        message(&with_options(&plan.introduction()));
        plan.notes().iter().for_each(|note| message(&format!("note: {}", with_options(note))));
    }
    let lock = folder.lock()?;
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = given.workers.or(args.workers).unwrap_or(processors.min(WORKERS));
    let deadline = given.time_limit.or(args.time_limit).map(|time| started + time);
    let end = Driver::new(&folder, [workers, processors], given.quiet).run(deadline)?;
    if end == End::Interrupted {
        return Err(interrupted(&folder));
    }
    let records = folder.records()?;
    let Some(best) = folder.search.best(&records) else { return Err(nothing_trained(&folder, &records)) };
    let best_recipe = folder.search.recipe(best)?;
    let outputs = Outputs { quiet: true, plots: given.plots || args.plots, ..Outputs::default() };
    let train = |name: &str, trial: usize, plan: &Plan| {
        let path = folder.of_run(name, trial)?;
        let run = RunFolder::resume(&path)?;
        let (fit, unwritten) = fit(&outputs, plan, &run)?;
        run.close();
        match unwritten {
            _ if interrupt::is_raised() => Err(interrupted(&folder)),
            Some(failure) => Err(failure),
            None => Ok(fit),
        }
    };
    let default =
        if best.trial == 0 || !folder::has_score(&records, 0) { None } else { Some(train("default", 0, &plan)?) };
    let best_fit = train("best", best.trial, &plan.with_recipe(&best_recipe)?)?;
    let results =
        results::Results { folder: &folder, records: &records, default: default.as_ref(), best: &best_fit, end };
    results.write(outputs.plots)?;
    folder.finish(&lock);
    results.print(given.json)
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

fn search(args: &TuneArgs, plan: &Plan) -> Result<Search, Failure> {
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
