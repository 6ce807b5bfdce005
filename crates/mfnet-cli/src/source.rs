//! Reads data and models.

mod parts;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mfnet::data::IdxFolder;
use mfnet::error::{DataProblem, ErrorKind};
use mfnet::fit::Source;
use mfnet::model::Predictions;
use mfnet::table::ReadTable;
use mfnet::text::{counted, escaped, grouped, similar};
use mfnet::{Error, Model, Table};

use crate::args::{DataFolders, Reading};
use crate::command_line;
use crate::failure::Failure;
use crate::fetch::{self, Look};
pub(crate) use crate::known::{built_in, is_name, names, published};
use crate::output::{message, progress_bar};
use mfnet::table::quoted;

/// The name of the standard input.
pub(crate) const STDIN: &str = "-";
/// The name of the model in the folder of a run.
pub(crate) const MODEL: &str = "model.safetensors";
/// The file that makes a folder that of a search, and the folder of its best trial.
pub(crate) const SEARCH: &str = "search.json";
pub(crate) const BEST: &str = "best";
/// The name of the file that marks a run as unfinished.
pub(crate) const UNFINISHED: &str = "UNFINISHED.txt";
/// The folder for the files of an earlier run while there is no complete new one.
pub(crate) const EARLIER: &str = "earlier-run";
/// Smaller files have no progress bar, because reading them is fast.
const LARGE: u64 = 1 << 25;

/// How similar a mistyped name must be: Jaro and Winkler's measure, 1 for equal names.
const SIMILAR: f64 = 0.8;

/// The same for a name of a file.
const SIMILAR_FILE: f64 = 0.9;

/// Number of columns with outliers that messages list.
const COLUMNS_SHOWN: usize = 8;

/// Number of runs of a folder that an error lists.
const RUNS_SHOWN: usize = 8;

/// DATA: a named data set, or files; and how they are read.
pub(crate) struct Files<'a> {
    pub(crate) data: &'a [PathBuf],
    pub(crate) folders: &'a DataFolders,
    pub(crate) reading: &'a Reading,
    pub(crate) quiet: bool,
}

impl Files<'_> {
    /// The name of the data in results.
    pub(crate) fn name(&self) -> String {
        match self.data {
            [] => String::new(),
            [only] => only.display().to_string(),
            [first, others @ ..] => format!("{} and {}", first.display(), counted(others.len(), "other file")),
        }
    }

    /// Reads the data. A published data set that is not found is downloaded.
    pub(crate) fn read(&self, reader: ReadTable<'_>) -> Result<Source, Failure> {
        self.read_while(reader, None)
    }

    /// The same for a program that calls this one.
    pub(crate) fn read_while(&self, reader: ReadTable<'_>, look: Option<Look<'_>>) -> Result<Source, Failure> {
        let reader = self.reading.of(reader);
        let [data] = self.data else {
            check_several(self.data)?;
            return Ok(self.tables(self.data, reader)?.into());
        };
        let name = data.to_str().unwrap_or_default();
        if let Some(built_in) = built_in(name) {
            return Ok(built_in.table()?.into());
        }
        if let Some(published) = published(name) {
            let folder = fetch::locate_or_fetch(published, self.folders, (self.quiet, look))?;
            let data = published.read(&folder).map_err(|error| fetch::failure(error, published, &folder))?;
            let origin = format!(" from {}", folder.display());
            return Ok(Source::Samples { data, digest: published.digest(), origin });
        }
        check_is_data(data)?;
        if data.is_dir() {
            let parts = parts::of_folder(data)?;
            return match parts.is_empty() {
                true => images(data, self.reading.memory),
                false => Ok(self.tables(&parts, reader)?.into()),
            };
        }
        Ok(self.tables(self.data, reader)?.into())
    }

    /// Reads tables with the same columns as one.
    fn tables(&self, files: &[PathBuf], reader: ReadTable<'_>) -> Result<Table, Failure> {
        let read = |path: &Path, reader: ReadTable<'_>| table(path, reader, self.quiet);
        match files {
            [data] => table(data, reader, self.quiet).map_err(|error| unreadable(error.into(), data)),
            _ => reader.read_several(files, read).map_err(|error| match &error {
                mfnet::table::Error::Io(path, _) => {
                    let data = path.clone();
                    unreadable(error.into(), &data)
                }
                _ => Error::from(error).into(),
            }),
        }
    }
}

/// Refuses what is neither a file nor the name of data.
fn check_is_data(data: &Path) -> Result<(), Failure> {
    if let Some(help) = data.to_str().and_then(download) {
        return Err(Failure::work(format!("{}: expected a file, found a URL", data.display())).help(help));
    }
    if is_model(data) {
        let data = data.display();
        let help =
            format!("to predict with it: mfnet predict {data} DATA; to train on: mfnet train DATA --warm-start {data}");
        return Err(Failure::work(format!("{data}: expected a table, found a model of mfnet")).help(help));
    }
    Ok(())
}

/// Refuses several arguments that are not all files.
fn check_several(data: &[PathBuf]) -> Result<(), Failure> {
    let is_url = |data: &Path| data.to_str().is_some_and(|text| text.contains("://"));
    let is_surplus = |data: &&PathBuf| !is_name(data) && !is_stdin(data) && !is_url(data) && !data.exists();
    if let Some(surplus) = data.iter().find(is_surplus) {
        return Err(command_line::surplus(&surplus.to_string_lossy(), &crate::command::texts()));
    }
    if let Some(name) = data.iter().find(|data| is_name(data)) {
        let message = format!("{} is the name of a data set, which cannot be joined with files", name.display());
        return Err(Failure::usage(message));
    }
    if data.iter().any(|data| is_stdin(data)) {
        return Err(Failure::usage("the standard input cannot be joined with files"));
    }
    for data in data {
        check_is_data(data)?;
        if data.is_dir() {
            return Err(Failure::work(format!("{}: expected a table, found a folder", data.display()))
                .help("give one folder of part files, or the files themselves"));
        }
    }
    Ok(())
}

/// Whether DATA is the standard input.
fn is_stdin(data: &Path) -> bool {
    data.as_os_str() == STDIN
}

/// The command that downloads a URL.
fn download(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    Some(match scheme.to_lowercase().as_str() {
        "http" | "https" | "ftp" => format!("download it: curl -LO {}", quoted(url)),
        "s3" | "s3a" | "s3n" => format!("download it: aws s3 cp s3://{rest} ."),
        "gs" => format!("download it: gcloud storage cp {url} ."),
        "hdfs" => format!("download it: hdfs dfs -get {url}"),
        "file" => format!("give the path: {}", rest.trim_start_matches("localhost")),
        _ => "download the file, and give its name".to_owned(),
    })
}

/// Reads the table that DATA names.
pub(crate) fn table(data: &Path, reader: ReadTable<'_>, quiet: bool) -> Result<Table, mfnet::table::Error> {
    if is_stdin(data) {
        return reader.read_from("standard input", io::stdin().lock());
    }
    let bytes = fs::metadata(data).map_or(0, |metadata| metadata.len());
    let bar = progress_bar(quiet || bytes < LARGE, "reading {wide_bar} {percent:>3} %  {bytes_per_sec}  {eta} left");
    bar.set_length(bytes);
    let mut progress = |bytes| bar.set_position(bytes);
    let table = reader.progress(&mut progress).read(data);
    bar.finish_and_clear();
    table
}

/// Why a file cannot be read, with help for someone who meant a name.
pub(crate) fn unreadable(error: Error, data: &Path) -> Failure {
    match error.kind() {
        ErrorKind::Io { .. } if !data.exists() => with_names(error.into(), data),
        _ => error.into(),
    }
}

/// Refuses names of data that are not tables.
pub(crate) fn check_test_file(file: &Path) -> Result<(), Failure> {
    check_is_data(file)?;
    let found = match published(file.to_str().unwrap_or_default()) {
        Some(_) => "the name of a data set, ",
        None if file.is_dir() => "",
        None => return Ok(()),
    };
    Err(Failure::usage(format!("--test-file: expected a table, found {found}{}", file.display())))
}

/// Prints which rows and lines of a table were skipped: there is no prediction for them.
pub(crate) fn say_skipped(source: &Source) {
    if let Source::Table(table) = source
        && !table.skipped().is_empty()
    {
        message(&format!("note: {}: {}", escaped(table.name()), table.skipped().join(", ")));
    }
}

/// Prints which categories of the data the model does not know.
pub(crate) fn warn_of_unknown_levels(source: &Source, model: &Model) -> Result<(), Failure> {
    let unknown = source.unknown_levels(model)?;
    if !unknown.is_empty() {
        message(&unknown);
    }
    Ok(())
}

/// Prints which values the data lack although the training rows had them, and which numbers are far
/// outside of the training rows.
pub(crate) fn warn_of_values(source: &Source, model: &Model) -> Result<(), Failure> {
    let kinds = [
        (source.new_gaps(model)?, "with missing values that training did not have"),
        (source.outliers(model)?, "with numbers far outside the training rows"),
    ];
    for (all, what) in kinds {
        all.iter().take(COLUMNS_SHOWN).for_each(|column| message(&format!("note: {column}")));
        if all.len() > COLUMNS_SHOWN {
            let more = counted(all.len() - COLUMNS_SHOWN, "more column");
            message(&format!("note: {more} {what}"));
        }
    }
    Ok(())
}

/// Prints how many predictions are not finite numbers.
pub(crate) fn warn_of_not_finite(source: &Source, predictions: &Predictions) {
    let mut rows = predictions.not_finite();
    let Some(first) = rows.next() else { return };
    let (count, place) = (1 + rows.count(), source.place(first));
    let all = predictions.numbers();
    let are = if count == 1 { "is not a finite number" } else { "are not finite numbers" };
    let first = if count == 1 { place } else { format!("the first is that of {place}") };
    message(&format!("note: {} of {} {are}: {first}", grouped(count), counted(all.len(), "prediction")));
}

/// A folder of IDX files.
fn images(folder: &Path, memory: Option<u64>) -> Result<Source, Failure> {
    let images = IdxFolder::read_within(folder, memory).map_err(|error| match error.kind() {
        ErrorKind::Data { problem: DataProblem::NoIdxFiles(_), .. } => with_names(error.into(), folder),
        _ => error.into(),
    })?;
    Ok(Source::Samples { data: images.data, digest: images.digest, origin: String::new() })
}

/// Helps someone who meant the name of a data set.
pub(crate) fn with_names(failure: Failure, data: impl AsRef<Path>) -> Failure {
    let file = similar_file(data.as_ref()).map(|file| file.display().to_string());
    let data = data.as_ref().to_str().unwrap_or(".");
    let failure = match file.as_deref().or_else(|| similar(names(), data, SIMILAR)) {
        Some(name) => failure.help(format!("did you mean {name}?")),
        None => failure,
    };
    // a path was meant
    if data.contains(['.', '/', '\\']) {
        return failure;
    }
    failure.help(format!("mfnet knows the data sets {}", names().collect::<Vec<_>>().join(", ")))
}

/// The file or folder with the most similar name, in the same folder.
pub(crate) fn similar_file(missing: &Path) -> Option<PathBuf> {
    let name = missing.file_name()?.to_str()?;
    let folder = missing.parent()?;
    let inside = fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).ok()?;
    let mut names: Vec<String> = inside.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|other| other != name);
    names.sort();
    similar(names.iter().map(String::as_str), name, SIMILAR_FILE).map(|name| folder.join(name))
}

/// Reads MODEL: a model file or the folder of a run.
pub(crate) fn model(path: &Path) -> Result<Model, Failure> {
    let file = model_file(path);
    let is_unfinished = path.is_dir() && path.join(UNFINISHED).exists();
    if path.is_dir() && !file.exists() {
        let earlier = path.join(EARLIER);
        return Err(match is_unfinished {
            true if model_file(&earlier).exists() => {
                no_run(path).help(format!("the training is not finished; the earlier run is in {}", earlier.display()))
            }
            true if !model_file(&path.join("fold-1")).exists() => {
                no_run(path).help("the training is not finished, or was ended before it saved a model")
            }
            true => no_run(path),
            false => no_run(path),
        });
    }
    if is_unfinished {
        message(&format!(
            "{}: the training is not finished, or was ended before it was done; this is its model so far",
            escaped(&path.display().to_string())
        ));
    }
    Model::load(&file).map_err(|error| match error.kind() {
        ErrorKind::Io { .. } if !file.exists() => Failure::from(error).help(match similar_file(path) {
            Some(file) => format!("did you mean {}?", file.display()),
            None => "MODEL must be a model file (model.safetensors) or the folder of a run".to_owned(),
        }),
        _ => error.into(),
    })
}

/// Reads MODEL for a command that has DATA too. Helps someone who swapped them.
pub(crate) fn model_for(command: &str, path: &Path, data: &Path) -> Result<Model, Failure> {
    model(path).map_err(|failure| match is_model(data) {
        true => {
            let (path, data) = (path.display(), data.display());
            failure.help(format!("MODEL comes before DATA: mfnet {command} {data} {path}"))
        }
        false => failure,
    })
}

/// Whether this is a model file, or a folder with one.
fn is_model(path: &Path) -> bool {
    let file = model_file(path);
    file.extension().is_some_and(|ending| ending == "safetensors") && file.is_file()
}

/// The file of MODEL; of the folder of a search, that of its best trial.
pub(crate) fn model_file(path: &Path) -> PathBuf {
    let best = path.join(BEST).join(MODEL);
    match path.is_dir() {
        true if path.join(SEARCH).exists() && best.exists() => best,
        true => path.join(MODEL),
        false => path.to_owned(),
    }
}

/// The error for a folder without a model. It lists the runs inside.
fn no_run(folder: &Path) -> Failure {
    let inside = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_run = |path: &PathBuf| path.is_dir() && !path.ends_with(EARLIER) && model_file(path).exists();
    let mut runs: Vec<PathBuf> = inside.filter(is_run).collect();
    runs.sort();
    let expected = format!("{}: expected a model file or the folder of a run", folder.display());
    match runs.len() {
        0 => Failure::work(format!("{expected}, found a folder without model.safetensors")),
        count => {
            let names: Vec<String> = runs.iter().take(RUNS_SHOWN).map(|run| run.display().to_string()).collect();
            let more = if count > RUNS_SHOWN { ", …" } else { "" };
            Failure::work(format!("{expected}, found a folder of {}", counted(count, "run")))
                .help(format!("choose one: {}{more}", names.join(", ")))
        }
    }
}
