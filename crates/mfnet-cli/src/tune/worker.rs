//! Makes trainings of a search, in a process of their own or on another machine.

use std::io::{self, BufRead, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use mfnet::fit::{Observer, Plan};
use mfnet::train::{EpochRecord, Step};
use mfnet::{Model, Recipe};
use serde_json::Value;

use super::folder::SearchFolder;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::written;
use crate::train::resume;

pub(super) struct Worker<'a> {
    folder: &'a SearchFolder,
    plan: &'a Plan,
    /// The process that gives this one its work, and waits for it.
    leader: Option<u32>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(folder: &'a SearchFolder, plan: &'a Plan) -> Self {
        Worker { folder, plan, leader: None }
    }

    /// Reads lines with the name of a training and a number of threads; writes the name when its result
    /// is written.
    pub(super) fn read(&mut self, lines: impl BufRead) -> Result<(), Failure> {
        self.leader = parent();
        for line in lines.lines() {
            let line = line.map_err(|error| Failure::work(format!("standard input: cannot read: {error}")))?;
            let (name, threads) = line.split_once(' ').unwrap_or((&line, "1"));
            self.train(name, threads.parse().ok())?;
            let mut stdout = io::stdout().lock();
            written(writeln!(stdout, "{name}").and_then(|()| stdout.flush()))?;
        }
        Ok(())
    }

    /// Makes a training, unless its result is known.
    pub(super) fn train(&mut self, name: &str, threads: Option<usize>) -> Result<(), Failure> {
        let records = self.folder.records()?;
        if records.iter().any(|record| record.name() == name) {
            return Ok(());
        }
        let next = self.folder.search.next(&records)?;
        let Some(training) = next.iter().find(|training| training.name() == name) else {
            let names: Vec<String> = next.iter().map(|training| training.name()).collect();
            let failure = Failure::work(format!("{}: the training {name} cannot run now", self.folder.path.display()));
            return Err(match names.is_empty() {
                true => failure.help("the search is complete"),
                false => failure.help(format!("those that can are {}", names.join(", "))),
            });
        };
        let plan = match threads {
            Some(threads) => &self.plan.with_recipe(&Recipe { threads: Some(threads), ..self.plan.recipe() })?,
            None => self.plan,
        };
        let (state, of) = (self.folder.checkpoint(training), &self.folder.path);
        let mut watcher = Watcher { state, of, leader: self.leader };
        match self.folder.search.train(plan, training, &mut watcher)? {
            Some(record) => self.folder.write_record(&record),
            None => Err(Failure::interrupted()),
        }
    }
}

/// Keeps the state at the end of the training, and stops at a signal, or when nobody waits any more.
struct Watcher<'a> {
    state: Option<PathBuf>,
    of: &'a Path,
    leader: Option<u32>,
}

impl Observer for Watcher<'_> {
    fn step(&mut self, _: &Step) -> ControlFlow<()> {
        interrupt::flow()
    }

    fn epoch(&mut self, _: &EpochRecord, _: &dyn Fn() -> mfnet::Result<Model>) -> mfnet::Result<ControlFlow<()>> {
        Ok(if self.leader.is_some() && parent() != self.leader {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    fn checkpoint(&mut self, save: &dyn Fn(&Path, &Value) -> mfnet::Result<()>) -> mfnet::Result<()> {
        if let Some(state) = self.state.as_ref().filter(|_| !interrupt::is_raised()) {
            // without it, the best trial is trained again
            let _ = save(state, &resume::about(self.of));
        }
        Ok(())
    }
}

/// The process that started this one, or that took it over when that one ended.
fn parent() -> Option<u32> {
    #[cfg(unix)]
    return Some(std::os::unix::process::parent_id());
    #[cfg(not(unix))]
    None
}
