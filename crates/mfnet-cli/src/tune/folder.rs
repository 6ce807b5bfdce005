//! The folder of a search: what was asked for, and a file for each training.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use mfnet::fit::Plan;
use mfnet::table::quoted;
use mfnet::tune::{Record, Search, Training};
use serde_json::{Value, json};

use crate::args::{Command, TuneArgs};
use crate::failure::{Failure, with_options};
use crate::output::write_file;
use crate::source::SEARCH;
use crate::train::{CHECKPOINTS, Lock, cannot_create, numbered, resume, stored};

const TRIALS: &str = "trials";
/// The version of the files that this program writes; it refuses others.
const VERSION: u64 = 1;
const UNFINISHED: &str = "A search of mfnet writes into this folder, or it was stopped before it was complete. If it was stopped, \
                          continue with mfnet tune --resume and the name of this folder.\n";

pub(super) struct SearchFolder {
    pub(super) path: PathBuf,
    pub(super) search: Search,
    /// The contents of search.json.
    json: Value,
}

impl SearchFolder {
    /// Makes a folder, or the next runs/NAME-N.
    pub(super) fn create(output: Option<&Path>, name: &OsStr, search: Search, plan: &Plan) -> Result<Self, Failure> {
        let path = match output {
            None => numbered(name)?,
            Some(path) if path.exists() => {
                let exists = Failure::work(format!("{}: the output folder already exists", path.display()));
                let exists = exists.help("choose another folder with --output");
                return Err(match path.join(SEARCH).exists() {
                    true => exists.help(format!("or continue its search: mfnet tune --resume {}", shown(path))),
                    false => exists,
                });
            }
            Some(path) => {
                fs::create_dir_all(path).map_err(|error| cannot_create(path, &error))?;
                path.to_owned()
            }
        };
        let json = json!({
            "version": VERSION,
            "search": search.to_json()?,
            "program": resume::about(&path),
            "data": plan.identity()?,
        });
        let folder = SearchFolder { path, search, json };
        let trials = folder.path.join(TRIALS);
        fs::create_dir_all(&trials).map_err(|error| cannot_create(&trials, &error))?;
        folder.write("space.toml", folder.search.space().to_toml()?.as_bytes())?;
        folder.write(SEARCH, format!("{}\n", folder.json).as_bytes())?;
        Ok(folder)
    }

    /// Reads the folder of a search.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let file = path.join(SEARCH);
        if !file.exists() {
            let found = if path.is_dir() {
                "found no search.json"
            } else if path.exists() {
                "found a file"
            } else {
                "found nothing"
            };
            return Err(Failure::work(format!("{}: expected the folder of a search, {found}", path.display())));
        }
        let text = fs::read_to_string(&file)
            .map_err(|error| Failure::work(format!("{}: cannot read: {error}", file.display())))?;
        let damaged = |what: String| Failure::work(format!("{}: {what}", file.display()));
        let json: Value = serde_json::from_str(&text).map_err(|error| damaged(format!("damaged: {error}")))?;
        match json["version"].as_u64() {
            Some(VERSION) => {}
            Some(_) => return Err(damaged("a later version of mfnet wrote this search".to_owned())),
            None => return Err(damaged("damaged: no version".to_owned())),
        }
        let search = Search::from_json(&json["search"]).map_err(|error| damaged(format!("damaged: {error}")))?;
        Ok(SearchFolder { path: path.components().collect(), search, json })
    }

    /// The command of the search.
    pub(super) fn args(&self) -> Result<TuneArgs, Failure> {
        let program = &self.json["program"];
        let arguments = program["arguments"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(Command::Tune(args)) = resume::command(arguments) else {
            return Err(Failure::work(format!(
                "{}: its command cannot be read: another version of mfnet wrote it",
                self.path.display()
            )));
        };
        let there = stored::read(&program["in"]).map(PathBuf::from);
        let is_here = env::current_dir().ok() == there;
        if let (false, Some(there)) = (is_here, there)
            && args.fit.files().any(|path| path.is_relative() && !path.exists())
        {
            let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
            let there = quoted(&there.display().to_string());
            return Err(Failure::work(format!("the search was started in the folder {there}, where its data is"))
                .help(format!("cd {there} && mfnet tune --resume {}", shown(&path))));
        }
        Ok(*args)
    }

    /// Refuses other data than those of the search.
    pub(super) fn check_data(&self, plan: &Plan) -> Result<(), Failure> {
        match plan.differs_from(&self.json["data"])? {
            None => Ok(()),
            Some(name) => Err(Failure::work(format!(
                "{}: {} changed since the search began",
                self.path.display(),
                with_options(&name)
            ))
            .help("start a new search")),
        }
    }

    /// Locks the folder for the process that leads the search.
    pub(super) fn lock(&self) -> Result<Lock, Failure> {
        Lock::new(&self.path, false, UNFINISHED).map_err(|failure| match Lock::is_held(&self.path) {
            true => Failure::work(format!("{}: another process leads this search", self.path.display()))
                .help("wait until it ends"),
            false => failure,
        })
    }

    /// The results so far.
    pub(super) fn records(&self) -> Result<Vec<Record>, Failure> {
        let folder = self.path.join(TRIALS);
        let entries = fs::read_dir(&folder)
            .map_err(|error| Failure::work(format!("{}: cannot read: {error}", folder.display())))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
        paths.sort();
        paths.iter().map(|path| self.read_record(path)).collect()
    }

    /// The result of a training.
    pub(super) fn record(&self, name: &str) -> Result<Record, Failure> {
        self.read_record(&self.path_of(name))
    }

    fn read_record(&self, path: &Path) -> Result<Record, Failure> {
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::work(format!("{}: cannot read: {error}", path.display())))?;
        let record: Record = serde_json::from_str(&text).map_err(|error| {
            Failure::work(format!("{}: damaged: {error}", path.display()))
                .help("remove the file: mfnet trains it again")
        })?;
        if path.file_stem().is_none_or(|stem| stem.to_str() != Some(&record.name())) {
            return Err(Failure::work(format!("{}: found the result of training {}", path.display(), record.name())));
        }
        Ok(record)
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(TRIALS).join(format!("{name}.json"))
    }

    /// Writes the result of a training.
    pub(super) fn write_record(&self, record: &Record) -> Result<(), Failure> {
        let text = serde_json::to_string(record).map_err(|error| Failure::work(error.to_string()))?;
        write_file(&self.path_of(&record.name()), |mut file| file.write_all(format!("{text}\n").as_bytes()))
    }

    /// Where the state at the end of a whole training is kept, if the training is one.
    pub(super) fn checkpoint(&self, training: &Training) -> Option<PathBuf> {
        let is_whole = training.rung + 1 == self.search.rungs() && self.search.folds() == 1;
        is_whole.then(|| self.state(training.trial))
    }

    fn state(&self, trial: usize) -> PathBuf {
        self.path.join(TRIALS).join(format!("{trial:04}.safetensors"))
    }

    /// Makes the folder of a run of a trial, which goes on from the end of its training.
    pub(super) fn of_run(&self, name: &str, trial: usize) -> Result<PathBuf, Failure> {
        let path = self.path.join(name);
        let checkpoints = path.join(CHECKPOINTS);
        fs::create_dir_all(&checkpoints).map_err(|error| cannot_create(&checkpoints, &error))?;
        // without it, the training is made again
        let _ = fs::rename(self.state(trial), checkpoints.join("1.safetensors"));
        Ok(path)
    }

    /// Removes the states of all trials but the default and the best one.
    pub(super) fn forget_states(&self, records: &[Record]) {
        let best = self.search.best(records).map(|best| best.trial);
        let others = records.iter().map(|record| record.trial).filter(|trial| *trial > 0 && Some(*trial) != best);
        others.for_each(|trial| drop(fs::remove_file(self.state(trial))));
    }

    /// Writes a file, whole or not at all.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        write_file(&self.path.join(name), |mut file| file.write_all(bytes))
    }

    /// Notes that the search is complete.
    pub(super) fn finish(&self, lock: &Lock) {
        self.search_states().iter().for_each(|path| drop(fs::remove_file(path)));
        lock.remove();
    }

    fn search_states(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path.join(TRIALS)).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "safetensors")).collect()
    }

    /// The path as an argument of a shell.
    pub(super) fn quoted(&self) -> String {
        shown(&self.path)
    }
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}
