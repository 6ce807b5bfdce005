use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use mfnet::{Columns, Dataset, Dtype, Model, Split, Threads};

use crate::args::{TrainArgs, YesNo};
use crate::columns;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::counted;
use crate::read::{Like, Reading};
use crate::source::{self, Source};

/// What is learned, from what: the same for every training of a run.
pub(super) struct Task<'a> {
    pub(super) args: &'a TrainArgs,
    pub(super) data: Dataset,
    /// The model to go on from.
    pub(super) start: Option<Model>,
    /// What tells the data from others.
    pub(super) digest: String,
    /// Where they come from.
    origin: String,
    /// The rows of --test-file.
    pub(super) test: Option<Dataset>,
    /// What tells that file from others.
    test_digest: Option<String>,
    pub(super) threads: Threads,
    pub(super) interrupt: &'static AtomicBool,
}

impl<'a> Task<'a> {
    /// Reads the data. From now on Ctrl-C saves what is there.
    pub(super) fn read(args: &'a TrainArgs) -> Result<Self, Failure> {
        let column = args.group.as_ref().or(args.split_column.as_ref());
        let kept = column.map_or(&[][..], std::slice::from_ref);
        let start = args.warm_start.as_deref().map(source::model).transpose()?;
        let like = start.as_ref().map_or(Like::Nothing, Like::Model);
        let source = Source::read(&args.data, &args.folders, reading(args, kept, like))?;
        if let (Source::Samples { data, .. }, Some(option)) = (&source, of_tables(args)) {
            let message = format!("{option} is for tables of your own: {} has an official split", data.name());
            return Err(Failure::usage(message));
        }
        let (digest, origin) = (source.digest(), source.origin());
        let texts = column.map_or(Ok(Vec::new()), |column| source.text(column))?;
        let named = [&args.drop, &args.numeric, &args.categorical].map(|lists| source.named(lists));
        let [drop, numeric, categorical] = named.clone();
        let columns = Columns { drop: [&drop, kept].concat(), numeric, categorical };
        let data = match &start {
            Some(model) => {
                if !model.training.has_seen(&digest) {
                    source.warn_of_unknown_levels(model)?;
                }
                source.dataset_for(model)?
            }
            None => source.into_dataset(args.target.as_deref(), args.task, &columns)?,
        };
        check_columns(args, &named, &data)?;
        let test = args.test_file.as_ref().map(|file| test_rows(args, file, &data, &texts)).transpose()?;
        let (test, test_digest) = test.unzip();
        let data = match (&args.group, &args.split_column) {
            (Some(column), _) => data.grouped_by(column, &texts)?,
            (None, Some(column)) => data.parted_by(column, &texts)?,
            (None, None) => data,
        };
        let threads = args.threads.map_or_else(Threads::available, Threads::new)?;
        Ok(Task { args, data, start, digest, origin, test, test_digest, threads, interrupt: interrupt::watch() })
    }

    /// The type of all numbers.
    pub(super) fn dtype(&self) -> Dtype {
        self.start.as_ref().map_or(self.args.dtype.into(), |model| model.network().dtype())
    }

    /// Whether the model to go on from may have been trained on rows that are test rows now.
    pub(super) fn may_have_seen(&self, split: &Split) -> bool {
        self.start.as_ref().is_some_and(|Model { training, .. }| match &self.test_digest {
            Some(test) => training.has_seen(test),
            None => {
                let is_same = training.split.as_ref().is_some_and(|earlier| earlier.is_same(split))
                    && !training.earlier_data.contains(&self.digest);
                training.has_seen(&self.digest) && !is_same
            }
        })
    }

    /// Whether the model to go on from never saw these data.
    pub(super) fn goes_on_with_other_data(&self) -> bool {
        self.start.as_ref().is_some_and(|model| !model.training.has_seen(&self.digest))
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// The data, the target, and which columns are no features.
    pub(super) fn described(&self) -> String {
        let (args, data) = (self.args, &self.data);
        let target = data.targets().columns().join(", ");
        let task = match data.classes() {
            0 => "regression".to_owned(),
            classes => format!("classification, {classes} classes"),
        };
        // classes of text cannot be values
        let is_text = data.labels().iter().any(|label| label.parse::<f64>().is_err());
        let is_guess = args.task.is_none()
            && self.start.is_none()
            && !is_text
            && data.targets().columns().len() == 1
            && !source::is_known(&args.data);
        let other = if data.classes() > 0 { "regression" } else { "classification" };
        let guessed = if is_guess { format!(" (a guess: --task {other} if not)") } else { String::new() };
        let (rows, features) = (counted(data.samples(), "row"), columns::features(data));
        let left_out = columns::left_out(data.left_out()).map_or_else(String::new, |columns| format!("\n{columns}"));
        let missing = columns::missing(data).map_or_else(String::new, |columns| format!("\n{columns}"));
        let stray_texts = columns::stray_texts(data.stray_texts());
        let (name, origin) = (data.name(), &self.origin);
        format!("{name}{origin}: {rows}, {features}; target {target}: {task}{guessed}{left_out}{missing}{stray_texts}")
    }
}

/// Refuses options that name the target, or that name a column for two different things.
fn check_columns(
    args: &TrainArgs,
    [drop, numeric, categorical]: &[Vec<String>; 3],
    data: &Dataset,
) -> Result<(), Failure> {
    let options = [
        ("--group", args.group.as_slice()),
        ("--split-column", args.split_column.as_slice()),
        ("--drop", drop),
        ("--numeric", numeric),
        ("--categorical", categorical),
    ];
    let mut named: HashMap<&str, &str> = HashMap::new();
    for (option, columns) in options {
        for column in columns {
            if data.targets().columns().contains(column) {
                return Err(Failure::usage(format!("{option} names the target {column:?}")));
            }
            if args.warm_start.is_some() && data.feature_names().contains(column) {
                return Err(Failure::usage(format!("{option} names a feature of the model, {column:?}")));
            }
            match named.insert(column, option) {
                Some(other) if other != option => {
                    return Err(Failure::usage(format!("{other} and {option} both name the column {column:?}")));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// How --header has it.
fn reading<'a>(args: &TrainArgs, keep_texts: &'a [String], like: Like<'a>) -> Reading<'a> {
    Reading { quiet: args.quiet, keep_texts, header: args.header.map(|header| header == YesNo::Yes), like }
}

/// The first option that is given and not for data sets with an official split.
fn of_tables(args: &TrainArgs) -> Option<&'static str> {
    let given = [("--group", &args.group), ("--split-column", &args.split_column), ("--test-file", &args.test_file)];
    given.into_iter().find(|(_, value)| value.is_some()).map(|(option, _)| option)
}

/// Reads the rows of --test-file, which have the columns and classes of the data and, where the file has the column, none of their groups.
fn test_rows(args: &TrainArgs, file: &str, data: &Dataset, groups: &[String]) -> Result<(Dataset, String), Failure> {
    if source::published(file).is_some() {
        return Err(Failure::usage(format!("--test-file: expected a table, found the name of a data set, {file}")));
    }
    let Source::Table(table) =
        Source::read(file, &args.folders, reading(args, args.group.as_slice(), Like::Data(data)))?
    else {
        return Err(Failure::usage(format!("--test-file: expected a table, found {file}")));
    };
    let test = data.read_like(&table)?;
    if let Some(column) = args.group.as_ref().filter(|column| table.columns().contains(column)) {
        let groups: HashSet<&String> = groups.iter().collect();
        if let Some(group) = table.text(column)?.iter().find(|group| groups.contains(group)) {
            let message = format!("{file}, column {column:?}: the group {group:?} is in {} too", data.name());
            return Err(Failure::work(message).help("take its rows out of one of the files"));
        }
    }
    Ok((test, table.digest()))
}
