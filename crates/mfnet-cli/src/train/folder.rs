//! The folder of a run.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use mfnet::report::Report;

use super::metrics;
use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::output::write_file;
use crate::source;

/// The folder for the model, the history, the metrics and the report.
pub(super) struct RunFolder {
    pub(super) path: PathBuf,
    pub(super) model: PathBuf,
    pub(super) history: PathBuf,
    pub(super) report: PathBuf,
}

impl RunFolder {
    fn create_at(path: PathBuf) -> Result<Self, Failure> {
        fs::create_dir_all(&path).map_err(|error| cannot_create(&path, &error))?;
        Ok(Self::at(path))
    }

    fn at(path: PathBuf) -> Self {
        let [model, history, report] = ["model.safetensors", "history.csv", "report.html"].map(|name| path.join(name));
        RunFolder { path, model, history, report }
    }

    /// Refuses a folder that exists, before any work is done.
    pub(super) fn check(args: &TrainArgs) -> Result<(), Failure> {
        let Some(path) = args.output.as_deref().filter(|path| path.exists()) else { return Ok(()) };
        match (path.is_dir(), args.force) {
            (true, true) => Ok(()),
            (true, false) => Err(Failure::work(format!("{}: the output folder already exists", path.display()))
                .help("choose another folder with --output, or replace the files of the earlier run with --force")),
            _ => Err(Failure::work(format!("{}: expected a folder for the output, found a file", path.display()))),
        }
    }

    /// Makes the folder of `--output`, or the next runs/NAME-N.
    pub(super) fn create(args: &TrainArgs) -> Result<Self, Failure> {
        if let Some(path) = &args.output {
            return Self::create_at(path.clone());
        }
        let runs = Path::new("runs");
        fs::create_dir_all(runs).map_err(|error| cannot_create(runs, &error))?;
        let name = run_name(&args.data[0]);
        for number in 1_u64.. {
            let path = runs.join(format!("{name}-{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Self::create_at(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot_create(&path, &error)),
            }
        }
        Err(Failure::work("runs: no free number for a new folder"))
    }

    /// Makes the folder of a fold inside.
    pub(super) fn of_fold(&self, number: usize) -> Result<Self, Failure> {
        Self::create_at(self.path.join(format!("fold-{number}")))
    }

    /// Removes the files of an earlier run that this run has not replaced. `folds` is 0 for a
    /// single fit.
    pub(super) fn remove_earlier(&self, folds: usize) {
        let remove = |run: &RunFolder| {
            for file in [&run.model, &run.history, &run.report] {
                // a file that cannot be removed stays
                let _ = fs::remove_file(file);
            }
        };
        if folds > 0 {
            remove(self);
        }
        for fold in folds + 1.. {
            let path = self.path.join(format!("fold-{fold}"));
            let Some(earlier) = path.is_dir().then(|| Self::at(path)) else { break };
            remove(&earlier);
            let _ = fs::remove_file(earlier.path.join("metrics.json"));
            // a folder with other files stays
            let _ = fs::remove_dir(&earlier.path);
        }
    }

    /// Writes metrics.json, whole or not at all.
    pub(super) fn write_metrics(&self, metrics: &serde_json::Value) -> Result<(), Failure> {
        write_file(&self.path.join("metrics.json"), |mut file| {
            let mut bytes = Vec::new();
            metrics::write(&mut bytes, metrics)?;
            file.write_all(&bytes)
        })
    }

    /// Writes report.html, and its plots into plots/ if asked for.
    pub(super) fn write_report(&self, report: &Report, plots: bool) -> Result<(), Failure> {
        write_file(&self.report, |mut file| file.write_all(report.page.as_bytes()))?;
        if !plots {
            return Ok(());
        }
        let folder = self.path.join("plots");
        fs::create_dir_all(&folder)
            .map_err(|error| Failure::work(format!("{}: cannot create the folder: {error}", folder.display())))?;
        for plot in &report.plots {
            for (ending, bytes) in [("svg", plot.svg()?.into_bytes()), ("png", plot.png()?)] {
                write_file(&folder.join(format!("{}.{ending}", plot.name)), |mut file| file.write_all(&bytes))?;
            }
        }
        Ok(())
    }
}

fn cannot_create(path: &Path, error: &io::Error) -> Failure {
    Failure::work(format!("{}: cannot create the output folder: {error}", path.display()))
        .help("choose another folder with --output")
}

/// The built-in name, or the file's name without its endings.
fn run_name(data: &str) -> String {
    if data == source::STDIN {
        return "stdin".to_owned();
    }
    let file = Path::new(data).file_name().map_or_else(|| data.to_owned(), |name| name.to_string_lossy().into_owned());
    match file.split('.').next() {
        Some(name) if !source::is_name(data) && !name.is_empty() => name.to_owned(),
        _ => file,
    }
}
