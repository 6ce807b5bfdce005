//! Leads a search: gives trainings to worker processes until none is left.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use mfnet::text::{counted, significant};
use mfnet::tune::{Record, Training, describe};

use super::folder::SearchFolder;
use crate::command;
use crate::failure::{Failure, with_options};
use crate::interrupt;
use crate::output::{message, progress_bar};

/// A training run whose process is killed is begun this many times.
const ATTEMPTS: usize = 3;
/// The time between two looks at the clock and for a signal.
const LOOK: Duration = Duration::from_millis(100);

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    OutOfTime,
    Interrupted,
}

pub(super) struct Driver<'a> {
    folder: &'a SearchFolder,
    workers: Vec<Option<Process>>,
    processors: usize,
    /// How often each training was begun.
    begun: BTreeMap<String, usize>,
    lines: Receiver<(usize, Option<String>)>,
    sender: Sender<(usize, Option<String>)>,
    bar: ProgressBar,
    quiet: bool,
}

/// A worker process, with the training that it makes.
struct Process {
    child: Child,
    training: Option<Training>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(folder: &'a SearchFolder, [workers, processors]: [usize; 2], quiet: bool) -> Self {
        let (sender, lines) = channel();
        let bar = progress_bar(quiet, "{spinner} {msg}");
        let workers = (0..workers).map(|_| None).collect();
        Driver { folder, workers, processors, begun: BTreeMap::new(), lines, sender, bar, quiet }
    }

    /// Makes all trainings that the search needs, as long as there is time.
    pub(super) fn run(mut self, deadline: Option<Instant>) -> Result<End, Failure> {
        let result = self.make_all(deadline);
        self.bar.finish_and_clear();
        for mut process in self.workers.drain(..).flatten() {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
        result
    }

    fn make_all(&mut self, deadline: Option<Instant>) -> Result<End, Failure> {
        let mut records = self.folder.records()?;
        let mut before = None;
        loop {
            let next = self.folder.search.next(&records)?;
            let now = next.first().map(|training| self.folder.search.round_of(training.trial));
            if let Some(ended) = before.filter(|before| Some(*before) != now) {
                self.say(&records, ended);
            }
            before = now;
            let Some(round) = now else { return Ok(End::Complete) };
            let mut queue: VecDeque<Training> = next.into();
            while !queue.is_empty() || self.running() > 0 {
                self.give(&mut queue)?;
                self.show(&records, round, queue.len());
                match self.lines.recv_timeout(LOOK) {
                    Ok((worker, Some(name))) => {
                        records.push(self.folder.record(&name)?);
                        if let Some(Some(process)) = self.workers.get_mut(worker) {
                            process.training = None;
                        }
                    }
                    Ok((worker, None)) => queue.extend(self.ended(worker, &mut records)?),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
                }
                if interrupt::is_raised() {
                    return Ok(End::Interrupted);
                }
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return Ok(End::OutOfTime);
                }
            }
            self.folder.forget_states(&records);
        }
    }

    fn running(&self) -> usize {
        self.workers.iter().flatten().filter(|process| process.training.is_some()).count()
    }

    /// Gives trainings to the workers that are free, with a share of the processors.
    fn give(&mut self, queue: &mut VecDeque<Training>) -> Result<(), Failure> {
        let together = self.workers.len().min(self.running() + queue.len()).max(1);
        let threads = (self.processors / together).max(1);
        for worker in 0..self.workers.len() {
            if self.workers[worker].as_ref().is_some_and(|process| process.training.is_some()) {
                continue;
            }
            let Some(training) = queue.pop_front() else { return Ok(()) };
            let mut process = match self.workers[worker].take() {
                Some(process) => process,
                None => self.start(worker)?,
            };
            *self.begun.entry(training.name()).or_default() += 1;
            if let Some(input) = &mut process.child.stdin {
                // a worker that is gone is noticed by the end of its output
                let _ = writeln!(input, "{} {threads}", training.name());
            }
            self.workers[worker] = Some(Process { training: Some(training), ..process });
        }
        Ok(())
    }

    /// Starts a worker, and a thread that reads its lines.
    fn start(&self, worker: usize) -> Result<Process, Failure> {
        let failed = |error: std::io::Error| Failure::work(format!("cannot start a worker: {error}"));
        let mut child = command::another(["tune", "--worker", "--resume"])
            .arg(&self.folder.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (stdout, sender) = (child.stdout.take(), self.sender.clone());
        thread::spawn(move || {
            let lines = stdout.map(BufReader::new).into_iter().flat_map(BufRead::lines);
            lines.map_while(Result::ok).for_each(|line| drop(sender.send((worker, Some(line)))));
            drop(sender.send((worker, None)));
        });
        Ok(Process { child, training: None })
    }

    /// What is left to do after a worker ended: the training that it made, if it was killed.
    fn ended(&mut self, worker: usize, records: &mut Vec<Record>) -> Result<Option<Training>, Failure> {
        let Some(mut process) = self.workers[worker].take() else { return Ok(None) };
        let status = process.child.wait().map_err(|error| Failure::work(format!("a worker: {error}")))?;
        let Some(training) = process.training else { return Ok(None) };
        if status.code().is_some() && !interrupt::is_raised() {
            // it has said why
            return Err(Failure::work(format!("a worker could not make the training {}", training.name())));
        }
        if self.begun.get(&training.name()).is_none_or(|begun| *begun < ATTEMPTS) {
            return Ok(Some(training));
        }
        let error = format!("its process was killed {ATTEMPTS} times, perhaps because there was too little memory");
        let record = training.failed(error);
        self.folder.write_record(&record)?;
        records.push(record);
        Ok(None)
    }

    /// The progress bar.
    fn show(&self, records: &[Record], (round, rounds): (usize, Option<usize>), waiting: usize) {
        let rounds = rounds.map_or_else(String::new, |rounds| format!(" of {rounds}"));
        let (made, left) = (counted(records.len(), "training run"), waiting + self.running());
        self.bar.set_message(format!("round {round}{rounds}: {made}, {left} more in this rung{}", self.best(records)));
        self.bar.tick();
    }

    /// A line after each round.
    fn say(&self, records: &[Record], (round, rounds): (usize, Option<usize>)) {
        if !self.quiet {
            let rounds = rounds.map_or_else(String::new, |rounds| format!(" of {rounds}"));
            self.bar.suspend(|| message(&format!("round {round}{rounds}{}", self.best(records))));
        }
    }

    fn best(&self, records: &[Record]) -> String {
        let search = &self.folder.search;
        let Some((best, score)) = search.best(records).and_then(|best| Some((best, best.score?))) else {
            return String::new();
        };
        let settings =
            if best.trial == 0 { "the default settings".to_owned() } else { with_options(&describe(&best.settings)) };
        format!("; best {} {}: trial {}, {settings}", search.metric().title(), significant(score, 4), best.trial)
    }
}
