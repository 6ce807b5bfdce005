//! The data and the target, the same for every fit of a cross-validation.

use mfnet_table::{Columns, Lines};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::names::Task as Kind;
use super::recipe::Recipe;
use super::source::{Input, no_weights, with_help_on_cells, with_target};
use crate::data::{Dataset, Targets};
use crate::error::{DataProblem, Error, ErrorKind, Result, SplitProblem};
use crate::fit::Source;
use crate::model::{Model, Split};
use crate::tensor::Dtype;
use crate::text::{columns, counted, escaped};
use crate::threads::Threads;
use crate::train::Checkpoint;

/// The most remarks about columns that [`Task::described`] lists.
const MOST_REMARKS: usize = 8;

/// The data with their target.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) recipe: Recipe,
    /// The name of the data in results.
    pub(crate) name: String,
    pub(super) data: Dataset,
    /// The model to continue training.
    pub(super) start: Option<Model>,
    /// A checkpoint with the state of its optimizer, if that goes on too.
    pub(super) start_optimizer: Option<Checkpoint>,
    /// A SHA-256 that identifies the data.
    pub(super) digest: String,
    /// The origin of the data.
    origin: String,
    /// Whether the first line of a file contains the column names.
    pub(super) header: Option<bool>,
    /// Whether target and task are known without a recipe.
    is_known: bool,
    /// The levels in the data that the model does not know, as text.
    pub(super) unknown: String,
    /// The lines of the rows.
    pub(super) lines: Option<Lines>,
    /// The column of dates in whose order the rows are.
    pub(super) time: Option<String>,
    /// The rows of the test file.
    pub(super) test: Option<Dataset>,
    /// The lines of these rows.
    pub(super) test_lines: Option<Lines>,
    /// A SHA-256 that identifies the test file.
    pub(super) test_digest: Option<String>,
    /// Number of rows that were left out because they have no target.
    skipped: usize,
    pub(super) threads: Arc<Threads>,
    /// How many threads worked side by side on an ensemble.
    pub(super) worked: Arc<AtomicUsize>,
}

impl Task {
    pub(super) fn new(input: Input<'_>, recipe: &Recipe) -> Result<Self> {
        recipe.check()?;
        let Input { name, data: source, start, read_test } = input;
        let start = start.map_or_else(|| recipe.start(), |model| Ok(Some(model)))?;
        let start_optimizer = recipe.start_optimizer()?;
        start_optimizer.as_ref().map_or(Ok(()), |checkpoint| checkpoint.check_optimizer(recipe.optimizer.word()))?;
        if let Some(start) = &start {
            recipe.check_goes_on()?;
            let (networks, ensemble) = (start.networks().len(), recipe.ensemble);
            if let Some(other) = ensemble.filter(|ensemble| *ensemble != networks) {
                let has = counted(networks, "network");
                let message = format!("`ensemble` {other} does not fit the model of `warm_start`, which has {has}");
                return Err(Error::recipe(message).with_help("leave `ensemble` out"));
            }
        }
        let of_tables = [
            ("group", &recipe.group),
            ("split_column", &recipe.split_column),
            ("time", &recipe.time),
            ("test_file", &recipe.test_file),
        ];
        if source.has_official_split()
            && let Some((field, _)) = of_tables.iter().find(|(_, value)| value.is_some())
        {
            let whose =
                if let Source::Samples { .. } = source { "with your own tables" } else { "without another split" };
            let message = format!("`{field}` works only {whose}: {} has an official split", source.name());
            return Err(Error::recipe(message));
        }
        let [drop, numeric, categorical] =
            [&recipe.drop, &recipe.numeric, &recipe.categorical].map(|lists| source.named(lists));
        if let (Source::Samples { data, .. }, Some(_)) = (&source, &recipe.sample_weight) {
            return Err(no_weights(data));
        }
        let recipe = Recipe { drop, numeric, categorical, ..recipe.clone() };
        let (digest, origin, is_known) = (source.digest(), source.origin(), source.is_known());
        let header = match &source {
            Source::Table(table) if !is_known && start.is_none() => Some(table.has_header()),
            _ => recipe.header,
        };
        let (source, mut skipped) = match (recipe.skip_missing_target, &start) {
            (false, _) => (source, 0),
            (true, Some(model)) => source.with_target(model.target().columns())?,
            (true, None) => {
                let columns = source.target_columns(&recipe.target)?;
                source.with_target(&columns)?
            }
        };
        let (lines, time) = (source.lines(), source.time());
        let column = recipe.dividing_column();
        let texts = column.map_or(Ok(Vec::new()), |column| source.text(column))?;
        let weights = recipe.sample_weight.as_ref().map(|column| source.weights(column));
        let times = recipe.time.as_ref().map(|column| source.times(column)).transpose()?;
        let mut unknown = String::new();
        let data = match &start {
            Some(model) => {
                if !model.training.has_seen(&digest) {
                    unknown = source.unknown_levels(model)?;
                }
                match (source.dataset_for(model), &source) {
                    (Err(error), Source::Table(table)) => {
                        return Err(with_help_on_cells(error, table, model.target().columns(), &[]));
                    }
                    (data, _) => data?,
                }
            }
            None => {
                let others = column.into_iter().chain(&recipe.sample_weight).chain(&recipe.time);
                let drop = recipe.drop.iter().chain(others).cloned().collect();
                let (numeric, categorical) = (recipe.numeric.clone(), recipe.categorical.clone());
                let table = if let Source::Table(table) = &source { Some(table.clone()) } else { None };
                let data = source.into_dataset(&recipe, &Columns { drop, numeric, categorical });
                data.map_err(|error| match table {
                    Some(table) => {
                        let columns = Source::from(table.clone()).target_columns(&recipe.target).unwrap_or_default();
                        with_help_on_cells(error, &table, &columns, &recipe.numeric)
                    }
                    None => error,
                })?
            }
        };
        check_columns(&recipe, &data, start.is_some())?;
        if let (true, Targets::Labels { separator: Some(_), .. }) = (recipe.skip_missing_target, data.targets()) {
            let message = "`skip_missing_target` does not fit a target that lists labels: an empty field has none";
            return Err(Error::recipe(message).with_help("leave `skip_missing_target` out"));
        }
        if let Some(class_weight) = &recipe.class_weight {
            class_weight.check_classes(&data)?;
        }
        let data = match (&recipe.sample_weight, weights.transpose()?) {
            (Some(column), Some(weights)) => data.weighted_by(column, weights)?,
            _ => data,
        };
        let test = recipe.test_file.as_ref().map(|file| {
            let reader = recipe.with_texts(data.reader(), recipe.group.as_ref());
            let table = read_test(file, reader.dropped(recipe.drop.clone()))?;
            let (table, of_test) = match recipe.skip_missing_target {
                true => with_target(table, data.targets().columns())?,
                false => (table, 0),
            };
            skipped += of_test;
            let targets = data.targets().columns();
            let mut test =
                data.read_like(&table).map_err(|error| with_help_on_cells(error, &table, targets, &recipe.numeric))?;
            if let Some(column) = &recipe.sample_weight {
                test = test.weighted_by(column, table.weights(column)?)?;
            }
            if let Some(column) = recipe.group.as_ref().filter(|column| table.columns().contains(column)) {
                let groups: HashSet<&String> = texts.iter().collect();
                if let Some(group) = table.text(column)?.iter().find(|group| groups.contains(group)) {
                    let message = format!("{file}, column {column:?}: the group {group:?} is also in {}", data.name());
                    let help = "remove its rows from one of the files";
                    return Err(Error::recipe_file(message).with_help(help));
                }
            }
            Ok((test, table.lines(), table.digest()))
        });
        let (test, test_lines, test_digest) = match test.transpose()? {
            Some((test, lines, digest)) => (Some(test), lines, Some(digest)),
            None => (None, None, None),
        };
        let data = match (&recipe.group, &recipe.split_column) {
            (Some(column), _) => data.grouped_by(column, &texts).map_err(|error| in_line(error, lines.as_ref()))?,
            (None, Some(column)) => data.parted_by(column, &texts).map_err(|error| in_line(error, lines.as_ref()))?,
            (None, None) => data,
        };
        let data = match (&recipe.time, times) {
            (Some(column), Some(times)) => {
                data.timed_by(column, &times).map_err(|error| in_line(error, lines.as_ref()))?
            }
            _ => data,
        };
        let threads = threads_of(&recipe)?;
        Ok(Task {
            recipe,
            name,
            data,
            start,
            start_optimizer,
            digest,
            origin,
            header,
            is_known,
            unknown,
            lines,
            time,
            test,
            test_lines,
            test_digest,
            skipped,
            threads,
            worked: Arc::default(),
        })
    }

    /// The same data with another recipe.
    pub(super) fn with_recipe(&self, recipe: &Recipe) -> Result<Self> {
        let threads = match recipe.threads == self.recipe.threads {
            true => Arc::clone(&self.threads),
            false => threads_of(recipe)?,
        };
        Ok(Task { recipe: recipe.clone(), threads, worked: Arc::default(), ..self.clone() })
    }

    /// Classes or values.
    pub(super) fn kind(&self) -> Kind {
        Kind::of(self.data.targets())
    }

    /// Number of networks.
    pub(super) fn networks(&self) -> usize {
        self.start.as_ref().map_or(self.recipe.ensemble.unwrap_or(1), |model| model.networks().len())
    }

    /// The type of all numbers.
    pub(super) fn dtype(&self) -> Dtype {
        let chosen = self.recipe.dtype.unwrap_or(Dtype::F64);
        self.start.as_ref().map_or(chosen, |model| model.network().dtype())
    }

    /// Whether the warm start model may have been trained on rows that are test rows now.
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

    /// Whether the warm start model never saw these data.
    pub(super) fn goes_on_with_other_data(&self) -> bool {
        self.start.as_ref().is_some_and(|model| !model.training.has_seen(&self.digest))
    }

    /// The name of the warm start model.
    pub(super) fn start_name(&self) -> Option<String> {
        let path = self.recipe.warm_start.as_ref().map(|path| path.display().to_string());
        self.start.as_ref().map(|_| escaped(&path.unwrap_or_else(|| "the given model".to_owned())).into_owned())
    }

    /// Describes the data, the target, and the columns that are not features.
    pub(super) fn described(&self) -> String {
        let data = &self.data;
        let target = columns::all_escaped(data.targets().columns()).join(", ");
        let task = match data.targets() {
            Targets::Classes { labels, .. } => format!("classification, {} classes", labels.len()),
            Targets::Labels { labels, .. } => {
                format!("multi-label classification, {}", counted(labels.len(), "label"))
            }
            Targets::Values { .. } => "regression".to_owned(),
        };
        // classes given as text cannot be values
        let is_text = data.labels().iter().any(|label| label.parse::<f64>().is_err());
        let is_guess = self.recipe.task.is_none()
            && self.start.is_none()
            && !is_text
            && (data.targets().columns().len() == 1 || self.kind() == Kind::MultiLabel)
            && self.recipe.label_separator.is_none()
            && !self.is_known;
        let other = if self.kind() == Kind::Regression { Kind::Classification } else { Kind::Regression };
        let guessed = if is_guess { format!(" (detected; `task` {other} changes it)") } else { String::new() };
        let (rows, features) = (counted(data.samples(), "row"), columns::features(data));
        let (not_used, remarks) = (columns::left_out_and_missing(data), columns::remarks(data.remarks()));
        let more = remarks.len().saturating_sub(MOST_REMARKS);
        let more = (more > 0).then(|| format!("{} in the notes of the report", counted(more, "more remark")));
        let remarks: String =
            remarks.into_iter().take(MOST_REMARKS).chain(more).map(|remark| format!("\n{remark}")).collect();
        let (name, origin) = (escaped(data.name()), escaped(&self.origin));
        let skipped = match self.skipped {
            0 => String::new(),
            rows => format!("\nleft out: {} without a target (`skip_missing_target`)", counted(rows, "row")),
        };
        format!("{name}{origin}: {rows}, {features}; target {target}: {task}{guessed}{skipped}{not_used}{remarks}")
    }
}

/// The threads that the recipe asks for.
fn threads_of(recipe: &Recipe) -> Result<Arc<Threads>> {
    recipe.threads.map_or_else(Threads::available, Threads::asked).map(Arc::new)
}

/// The same error; if it is about the mark of a row, with its line.
fn in_line(error: Error, lines: Option<&Lines>) -> Error {
    let (ErrorKind::Data { file, column, problem: DataProblem::Split(problem), .. }, Some(lines)) =
        (error.kind(), lines)
    else {
        return error;
    };
    let (row, problem) = match problem {
        SplitProblem::NotAPart(text, Some(row)) => (row, SplitProblem::NotAPart(text.clone(), None)),
        SplitProblem::NoGroup(Some(row)) => (row, SplitProblem::NoGroup(None)),
        SplitProblem::NoTime(Some(row)) => (row, SplitProblem::NoTime(None)),
        _ => return error,
    };
    let (file, column, line) = (file.clone(), column.clone(), Some(lines.of(*row)));
    ErrorKind::Data { file, line, column, problem: problem.into() }.into()
}

/// Returns an error for fields that name the target, or that name a column twice.
fn check_columns(recipe: &Recipe, data: &Dataset, goes_on: bool) -> Result<()> {
    let fields = [
        ("group", recipe.group.as_slice()),
        ("split_column", recipe.split_column.as_slice()),
        ("time", recipe.time.as_slice()),
        ("sample_weight", recipe.sample_weight.as_slice()),
        ("drop", &recipe.drop),
        ("numeric", &recipe.numeric),
        ("categorical", &recipe.categorical),
    ];
    let mut named: HashMap<&str, &str> = HashMap::new();
    for (field, column) in fields.into_iter().flat_map(|(field, columns)| columns.iter().map(move |c| (field, c))) {
        let problem = if data.targets().columns().contains(column) {
            format!("`{field}` must not name the target {column:?}")
        } else if goes_on && data.feature_names().contains(column) {
            format!("`{field}` must not name a feature of the model, {column:?}")
        } else {
            match named.insert(column, field) {
                Some(other) if other != field => format!("`{other}` and `{field}` both name the column {column:?}"),
                _ => continue,
            }
        };
        return Err(Error::recipe(problem));
    }
    Ok(())
}
