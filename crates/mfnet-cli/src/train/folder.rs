//! The folder of a run.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use mfnet::Report;

use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::output::{of_csv, write_file};
use crate::read::STDIN;
use crate::source;

/// Where the model, the history, the metrics and the report go.
pub(super) struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Refuses a folder that exists, before any work is done.
    pub(super) fn check(args: &TrainArgs) -> Result<(), Failure> {
        match &args.output {
            Some(path) if path.is_dir() && args.force => Ok(()),
            Some(path) if path.is_dir() => {
                Err(Failure::work(format!("{}: the output folder exists already", path.display()))
                    .help("name another one with --output, or replace the files of the earlier run with --force"))
            }
            Some(path) if path.exists() => {
                Err(Failure::work(format!("{}: expected a folder for the output, found a file", path.display())))
            }
            _ => Ok(()),
        }
    }

    /// Makes the folder that was asked for, or the next runs/NAME-N.
    pub(super) fn create(args: &TrainArgs) -> Result<Self, Failure> {
        if let Some(path) = &args.output {
            fs::create_dir_all(path).map_err(|error| cannot_create(path, &error))?;
            return Ok(RunFolder { path: path.clone() });
        }
        let runs = Path::new("runs");
        fs::create_dir_all(runs).map_err(|error| cannot_create(runs, &error))?;
        let name = run_name(&args.data);
        for number in 1_u64.. {
            let path = runs.join(format!("{name}-{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(RunFolder { path }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot_create(&path, &error)),
            }
        }
        Err(Failure::work("runs: no number is left for a new folder"))
    }

    /// Makes the folder of a fold inside.
    pub(super) fn of_fold(&self, number: usize) -> Result<Self, Failure> {
        let path = self.path.join(format!("fold-{number}"));
        fs::create_dir_all(&path).map_err(|error| cannot_create(&path, &error))?;
        Ok(RunFolder { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn model(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    pub(super) fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    pub(super) fn history(&self) -> PathBuf {
        self.path.join("history.csv")
    }

    /// Starts history.csv anew.
    pub(super) fn start_history(&self) -> io::Result<csv::Writer<File>> {
        let mut csv = csv::Writer::from_writer(File::create(self.history())?);
        // what comes is added at the end
        let columns = ["epoch", "loss", "validation_loss", "seconds", "validation_accuracy"];
        csv.write_record(columns).map_err(of_csv)?;
        csv.flush()?;
        Ok(csv)
    }

    /// Writes metrics.json, whole or not at all.
    pub(super) fn write_metrics(&self, metrics: &serde_json::Value) -> Result<(), Failure> {
        write_file(&self.path.join("metrics.json"), |mut file| writeln!(file, "{metrics:#}"))
    }

    /// Writes report.html, and its plots into plots/ if asked for.
    pub(super) fn write_report(&self, report: &Report, plots: bool) -> Result<(), Failure> {
        write_file(&self.report(), |mut file| file.write_all(report.page.as_bytes()))?;
        if !plots {
            return Ok(());
        }
        let folder = self.path.join("plots");
        fs::create_dir_all(&folder)
            .map_err(|error| Failure::work(format!("{}: cannot create the folder: {error}", folder.display())))?;
        for plot in report.plots() {
            let plot = plot?;
            write_file(&folder.join(format!("{}.svg", plot.name)), |mut file| file.write_all(plot.svg.as_bytes()))?;
            write_file(&folder.join(format!("{}.png", plot.name)), |mut file| file.write_all(&plot.png))?;
        }
        Ok(())
    }
}

fn cannot_create(path: &Path, error: &io::Error) -> Failure {
    Failure::work(format!("{}: cannot create the output folder: {error}", path.display()))
        .help("name another one with --output")
}

/// The built-in name, or the file's name without its endings.
fn run_name(data: &str) -> String {
    if data == STDIN {
        return "stdin".to_owned();
    }
    let file = Path::new(data).file_name().map_or_else(|| data.to_owned(), |name| name.to_string_lossy().into_owned());
    match file.split('.').next() {
        Some(name) if !source::is_name(data) && !name.is_empty() => name.to_owned(),
        _ => file,
    }
}
