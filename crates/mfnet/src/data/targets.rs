use std::collections::{BTreeSet, HashMap};

use mfnet_table::{Table, is_date, same_label, sort_labels, truth};
use serde::{Deserialize, Serialize};

use super::joined;
use super::samples::{Samples, ahead};
use crate::error::{DataProblem, Error, Result};
use crate::memory;
use crate::tensor::kernel::prefetch;
use crate::tensor::{Scalar, Tensor};

/// Whole numbers with more distinct values than this are a regression target, not classes.
const MOST_CLASSES_OF_NUMBERS: usize = 20;
/// With more distinct whole numbers than this, fewer than two rows for each make them values; with
/// more than two, a single row for each.
const FEW_CLASSES: usize = 5;
/// With more distinct texts than this, fewer than two rows for each make them no classes.
const MOST_CLASSES_OF_FEW_ROWS: usize = 20;

/// What a network predicts, and what its outputs mean.
///
/// ```
/// use mfnet::{Table, Target};
/// let table = Table::from_text("flowers", "length,species\n5.1,setosa\n6.3,virginica\n")?;
/// assert_eq!(Target::guess(&table, &["species".into()])?, Target::classes("species"));
/// assert_eq!(Target::guess(&table, &["length".into()])?, Target::values(["length"]));
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task")]
pub enum Target {
    /// Classification: one output for each class, its logit.
    #[serde(rename = "classification")]
    Classes {
        /// The column that holds the labels.
        column: String,
        /// The labels, in the order of the outputs. Before data are read the list is empty; then it
        /// holds the labels of the column.
        labels: Vec<String>,
    },
    /// Several labels at once: one output for each label, the logit of its probability.
    #[serde(rename = "multi-label")]
    Labels {
        /// A column of truth values for each label, or one column that lists labels.
        columns: Vec<String>,
        /// What separates the labels in the one column; `None` for columns of truth values.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        separator: Option<String>,
        /// The labels, in the order of the outputs. Of a column that lists them the list is empty
        /// before data are read.
        labels: Vec<String>,
    },
    /// Regression: one output for each column of numbers.
    #[serde(rename = "regression")]
    Values {
        /// The names of the columns, in the order of the outputs.
        columns: Vec<String>,
    },
}

impl Target {
    /// Classification by a column of labels.
    pub fn classes(column: impl Into<String>) -> Self {
        Target::Classes { column: column.into(), labels: Vec::new() }
    }

    /// Regression on columns of numbers.
    pub fn values<C: Into<String>>(columns: impl IntoIterator<Item = C>) -> Self {
        Target::Values { columns: columns.into_iter().map(Into::into).collect() }
    }

    /// Several labels at once, each with a column of truth values: 1 and 0, yes and no, and so on.
    pub fn labels<C: Into<String>>(columns: impl IntoIterator<Item = C>) -> Self {
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        Target::Labels { labels: columns.clone(), columns, separator: None }
    }

    /// Several labels at once, listed in one column between separators, such as `action|comedy`. An
    /// empty field has no label.
    pub fn listed_labels(column: impl Into<String>, separator: impl Into<String>) -> Self {
        Target::Labels { columns: vec![column.into()], separator: Some(separator.into()), labels: Vec::new() }
    }

    /// Guesses the task. Several columns of truth values are several labels at once. One column is a
    /// classification if it holds text, booleans, or whole numbers with at most 20 distinct values,
    /// unless few rows share a value: more than half of the rows differ and there are more than 5
    /// values, or all differ and there are more than 2. Everything else is regression.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) for a missing column.
    pub fn guess(table: &Table, columns: &[String]) -> Result<Self> {
        let [column] = columns else {
            let mut are_truths = columns.iter().map(|column| table.holds_truths(column));
            let are_labels = are_truths.try_fold(true, |all, is| is.map(|is| all && is))?;
            return Ok(if are_labels { Target::labels(columns) } else { Target::values(columns) });
        };
        let numbers = table.count_numbers(column)?;
        let rows = numbers.iter().map(|(_, rows)| rows).sum::<usize>();
        let different = different(numbers.iter().map(|(x, _)| *x));
        let are_rare = different > FEW_CLASSES && 2 * different > rows || different > 2 && different == rows;
        let is_quantity = are_rare || is_quantity(numbers.into_iter().map(|(x, _)| x));
        // some text in a column of numbers is an error, which reading the column as numbers reports
        let classes = if rows == table.rows() { !is_quantity } else { 2 * rows < table.rows() };
        Ok(if classes { Target::classes(column) } else { Target::values(columns) })
    }

    /// The names of the target columns.
    pub fn columns(&self) -> &[String] {
        match self {
            Target::Classes { column, .. } => std::slice::from_ref(column),
            Target::Labels { columns, .. } | Target::Values { columns } => columns,
        }
    }

    /// Whether the columns of several labels fit to them.
    pub(crate) fn is_usable(&self) -> bool {
        match self {
            Target::Labels { columns, separator: None, labels } => columns == labels,
            Target::Labels { columns, separator: Some(separator), .. } => columns.len() == 1 && !separator.is_empty(),
            _ => true,
        }
    }

    /// Number of outputs that a network needs.
    pub fn outputs(&self) -> usize {
        match self {
            Target::Classes { labels, .. } | Target::Labels { labels, .. } => labels.len(),
            Target::Values { columns } => columns.len(),
        }
    }

    /// Reads the targets from a table.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) for a missing column, for text or numbers
    /// that are not finite among values, and for a label that is not one of `labels`.
    pub fn read(&self, table: &Table) -> Result<Targets> {
        Ok(match self {
            Target::Values { columns } => {
                Targets::Values { columns: columns.clone(), values: numbers(table, columns)? }
            }
            Target::Labels { columns, separator: None, labels } => {
                check_can_be_listed(table.name(), labels)?;
                let truth = Samples::from_columns(table.rows(), table.truths(columns)?);
                Targets::Labels { columns: columns.clone(), separator: None, labels: labels.clone(), truth }
            }
            Target::Labels { columns, separator: Some(separator), labels } => {
                let column = columns.first().map_or("", String::as_str);
                Targets::from_lists(table, (column, separator), labels)?
            }
            Target::Classes { column, labels } if labels.is_empty() => {
                Targets::from_labels(column, table.labels(column)?)
            }
            Target::Classes { column, labels } => {
                let found = table.labels(column)?;
                let unknown = |row: usize| {
                    let problem = DataProblem::UnknownClass(found[row].clone(), labels.clone());
                    Error::in_row(table, row, column, problem)
                };
                let indices = classes(labels, &found).map_err(unknown)?;
                Targets::Classes { column: column.clone(), labels: labels.clone(), indices }
            }
        })
    }
}

/// The classes or values to predict, for every sample.
///
/// ```
/// use mfnet::{Targets, Tensor};
/// let targets = Targets::from_labels("animal", ["dog", "cat", "dog"]);
/// let one_hot = Tensor::from_rows([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]); // rows: cat, dog
/// assert_eq!(targets.matrix::<f64>(), one_hot);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Classification.
    Classes {
        /// The name of the column.
        column: String,
        /// The labels of the classes: in numeric order if all are numbers, otherwise in byte order.
        labels: Vec<String>,
        /// The index of each sample's class in `labels`.
        indices: Vec<usize>,
    },
    /// Several labels at once.
    Labels {
        /// As [`Target::Labels`].
        columns: Vec<String>,
        /// As [`Target::Labels`].
        separator: Option<String>,
        /// The labels.
        labels: Vec<String>,
        /// 1 or 0 for each label of every sample.
        truth: Samples,
    },
    /// Regression.
    Values {
        /// The names of the columns.
        columns: Vec<String>,
        /// The values: one number per column for every sample.
        values: Samples,
    },
}

impl Targets {
    /// Makes classes from the label of each sample.
    pub fn from_labels<L: Into<String>>(column: impl Into<String>, of_samples: impl IntoIterator<Item = L>) -> Self {
        let of_samples: Vec<String> = of_samples.into_iter().map(Into::into).collect();
        let mut labels = of_samples.clone();
        sort_labels(&mut labels);
        labels.dedup();
        let place: HashMap<&str, usize> = labels.iter().enumerate().map(|(i, label)| (label.as_str(), i)).collect();
        let indices = of_samples.iter().map(|label| place[label.as_str()]).collect();
        Targets::Classes { column: column.into(), labels, indices }
    }

    /// Makes several labels at once from the list of each sample. `known` has the labels, or is empty to
    /// take all that occur.
    fn from_lists(table: &Table, (column, separator): (&str, &str), known: &[String]) -> Result<Self> {
        let lists = table.text(column)?;
        let of = |list: &String| -> Vec<String> {
            list.split(separator).map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned).collect()
        };
        let lists: Vec<Vec<String>> = lists.iter().map(of).collect();
        let mut labels = known.to_vec();
        if labels.is_empty() {
            labels = lists.concat();
            sort_labels(&mut labels);
            labels.dedup();
        }
        let (different, rows) = (labels.len(), lists.len());
        let is_free = memory::is_free(different.saturating_mul(rows).saturating_mul(size_of::<f64>()));
        if !is_free || known.is_empty() && different > MOST_CLASSES_OF_FEW_ROWS && different > rows {
            let example = labels.first().cloned().unwrap_or_default();
            let problem = DataProblem::NoClasses { different, rows, example, like_values: false, like_dates: false };
            return Err(Error::in_column(table.name(), column, problem));
        }
        let place: HashMap<&String, usize> = labels.iter().zip(0..).collect();
        let mut truth = vec![0.0; different * rows];
        for (row, label) in lists.iter().enumerate().flat_map(|(row, list)| list.iter().map(move |label| (row, label)))
        {
            let unknown = || {
                let problem = DataProblem::UnknownLabel(label.clone(), labels.clone());
                Error::in_row(table, row, column, problem)
            };
            truth[row * labels.len() + place.get(label).ok_or_else(unknown)?] = 1.0;
        }
        let truth = Samples::from_rows(labels.len(), truth);
        Ok(Targets::Labels { columns: vec![column.to_owned()], separator: Some(separator.to_owned()), labels, truth })
    }

    /// Checks that every class has a label and every row of values a name.
    pub(super) fn check(&self) -> Result<()> {
        let (expected, found) = match self {
            Targets::Classes { labels, indices, .. } => match indices.iter().find(|class| **class >= labels.len()) {
                Some(class) => (format!("classes below {}, one for each label", labels.len()), class.to_string()),
                None => return Ok(()),
            },
            Targets::Values { columns, values } if columns.len() != values.features() => {
                (format!("a row of values for each of {} columns", columns.len()), values.features().to_string())
            }
            Targets::Labels { labels, truth, .. } if labels.len() != truth.features() => {
                (format!("a row of truth for each of {} labels", labels.len()), truth.features().to_string())
            }
            Targets::Labels { truth, .. } => match truth.iter().find(|x| *x != 0.0 && *x != 1.0) {
                Some(other) => ("1 or 0 for each label".to_owned(), other.to_string()),
                None => return Ok(()),
            },
            Targets::Values { .. } => return Ok(()),
        };
        Err(Error::shape("Targets", expected, found))
    }

    /// The target that these belong to.
    pub fn target(&self) -> Target {
        match self {
            Targets::Classes { column, labels, .. } => {
                Target::Classes { column: column.clone(), labels: labels.clone() }
            }
            Targets::Labels { columns, separator, labels, .. } => {
                let (columns, separator, labels) = (columns.clone(), separator.clone(), labels.clone());
                Target::Labels { columns, separator, labels }
            }
            Targets::Values { columns, .. } => Target::Values { columns: columns.clone() },
        }
    }

    /// Returns an error if all samples have the same class or value.
    pub(super) fn check_teaches(&self, table: &str) -> Result<()> {
        match self {
            Targets::Classes { column, labels, .. } if labels.len() < 2 => {
                let class = labels.first().cloned().unwrap_or_default();
                Err(Error::in_column(table, column, DataProblem::OneClass(class)))
            }
            Targets::Classes { column, labels, indices } => {
                let (different, rows) = (labels.len(), indices.len());
                if different <= MOST_CLASSES_OF_FEW_ROWS || 2 * different <= rows {
                    return Ok(());
                }
                let example = labels.first().cloned().unwrap_or_default();
                let like_values = labels.iter().all(|label| label.parse::<f64>().is_ok());
                let like_dates = labels.iter().all(|label| is_date(label));
                let problem = DataProblem::NoClasses { different, rows, example, like_values, like_dates };
                Err(Error::in_column(table, column, problem))
            }
            Targets::Labels { columns, separator: Some(_), labels, .. } if labels.is_empty() => {
                Err(Error::in_column(table, &columns[0], DataProblem::NoTargets))
            }
            Targets::Labels { columns, separator: Some(separator), labels, truth } => {
                let list = |row: usize| joined(labels, truth.sample(row), separator);
                match (1..truth.len()).all(|row| truth.sample(row).eq(truth.sample(0))) {
                    true => Err(Error::in_column(table, &columns[0], DataProblem::OneClass(list(0)))),
                    false => Ok(()),
                }
            }
            Targets::Labels { columns, truth: values, .. } | Targets::Values { columns, values } => {
                columns.iter().enumerate().try_for_each(|(i, column)| {
                    let value = values.number(0, i);
                    match values.feature(i).all(|x| x == value) {
                        true => Err(Error::in_column(table, column, DataProblem::ConstantTarget(value))),
                        false => Ok(()),
                    }
                })
            }
        }
    }

    /// The names of the target columns.
    pub fn columns(&self) -> &[String] {
        match self {
            Targets::Classes { column, .. } => std::slice::from_ref(column),
            Targets::Labels { columns, .. } | Targets::Values { columns, .. } => columns,
        }
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        match self {
            Targets::Classes { indices, .. } => indices.len(),
            Targets::Labels { truth: values, .. } | Targets::Values { values, .. } => values.len(),
        }
    }

    /// Number of outputs that a network needs: the number of classes, of labels or of columns of values.
    pub fn outputs(&self) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Labels { truth: values, .. } | Targets::Values { values, .. } => values.features(),
        }
    }

    /// The class index of a sample; 0 for values.
    pub(super) fn class(&self, sample: usize) -> usize {
        if let Targets::Classes { indices, .. } = self { indices[sample] } else { 0 }
    }

    /// The targets of these samples, in this order; `chosen` are the same samples of `inputs`.
    pub(super) fn select(&self, samples: &[usize], (inputs, chosen): (&Samples, &Samples)) -> Self {
        match self {
            Targets::Classes { column, labels, indices } => Targets::Classes {
                column: column.clone(),
                labels: labels.clone(),
                indices: samples.iter().map(|i| indices[*i]).collect(),
            },
            Targets::Labels { columns, separator, labels, truth } => {
                let (columns, separator, labels) = (columns.clone(), separator.clone(), labels.clone());
                Targets::Labels { columns, separator, labels, truth: truth.select_as(inputs, chosen, samples) }
            }
            Targets::Values { columns, values } => {
                Targets::Values { columns: columns.clone(), values: values.select_as(inputs, chosen, samples) }
            }
        }
    }

    /// Y, shape (outputs, samples): one-hot columns for classes, 1 and 0 for labels, the values for a
    /// regression.
    pub fn matrix<T: Scalar>(&self) -> Tensor<T> {
        let mut y = Tensor::zeros(self.outputs(), self.samples());
        self.write(&(0..self.samples()).collect::<Vec<_>>(), &mut y);
        y
    }

    /// Writes the first samples with these indices into the columns of Y.
    pub(crate) fn write<T: Scalar>(&self, samples: &[usize], y: &mut Tensor<T>) {
        match self {
            Targets::Classes { indices, .. } => {
                y.fill(T::ZERO);
                for (j, sample) in samples.iter().enumerate().take(y.columns()) {
                    // samples of a batch are scattered in memory: prefetch
                    if let Some(later) = samples.get(j + ahead(64)) {
                        prefetch(&indices[*later..=*later]);
                    }
                    y[(indices[*sample], j)] = T::ONE;
                }
            }
            Targets::Labels { truth: values, .. } | Targets::Values { values, .. } => values.write(samples, y),
        }
    }
}

/// The index of each of `labels` in `known`, or the place of the first label that is not known. Labels
/// that mean the same have the same index: 1 and 1.0, TRUE and True, and TRUE and 1 if the known
/// labels are true and false.
pub(crate) fn classes(known: &[String], labels: &[String]) -> std::result::Result<Vec<usize>, usize> {
    let place = |of: &dyn Fn(&String) -> String| -> HashMap<String, usize> {
        known.iter().enumerate().rev().map(|(class, label)| (of(label), class)).collect()
    };
    let (exact, same) = (place(&String::clone), place(&|label| same_label(label)));
    let truths: Option<HashMap<bool, usize>> =
        known.iter().enumerate().map(|(class, label)| Some((truth(label)?, class))).collect();
    let truths = truths.filter(|truths| truths.len() == known.len());
    let class = |label: &String| {
        let of_truth = || truths.as_ref().and_then(|truths| truths.get(&truth(label)?).copied());
        // the test file of the Adult data writes a full stop after each label
        let without_stop = || exact.get(label.strip_suffix('.')?).copied();
        exact.get(label).or_else(|| same.get(&same_label(label))).copied().or_else(of_truth).or_else(without_stop)
    };
    let mut found: HashMap<&String, usize> = HashMap::new();
    let mut indices = Vec::with_capacity(labels.len());
    for (place, label) in labels.iter().enumerate() {
        if let Some(class) = found.get(label) {
            indices.push(*class);
            continue;
        }
        let class = class(label).ok_or(place)?;
        found.insert(label, class);
        indices.push(class);
    }
    Ok(indices)
}

/// What may separate the labels in a list of those that have columns of their own.
const SEPARATORS: [&str; 3] = [";", "|", ","];

/// The separator of a list of labels that have columns of their own: the first that no label contains.
pub(crate) fn separator_of(labels: &[String]) -> Option<&'static str> {
    SEPARATORS.into_iter().find(|separator| !labels.iter().any(|label| label.contains(separator)))
}

/// Returns an error that names a column if labels contain every separator.
fn check_can_be_listed(data: &str, labels: &[String]) -> Result<()> {
    if separator_of(labels).is_some() {
        return Ok(());
    }
    let column = labels.iter().find(|label| label.contains(SEPARATORS[0])).map_or("", String::as_str);
    let problem = DataProblem::NoSeparator(SEPARATORS.join(" "));
    Err(Error::in_column(data, column, problem))
}

/// Reads columns of numbers.
fn numbers(table: &Table, columns: &[String]) -> Result<Samples> {
    if columns.is_empty() {
        return Err(Error::data(table.name(), DataProblem::NoFeatures(Vec::new())));
    }
    Ok(Samples::from_columns(table.rows(), table.numbers(columns)?))
}

/// Number of distinct values.
fn different(numbers: impl IntoIterator<Item = f64>) -> usize {
    // turns −0 into 0
    numbers.into_iter().map(|x| (x + 0.0).to_bits()).collect::<BTreeSet<_>>().len()
}

/// Whether numbers have too many distinct values, or fractions, to be classes.
fn is_quantity(numbers: impl IntoIterator<Item = f64>) -> bool {
    let mut different = BTreeSet::new();
    numbers.into_iter().any(|x| {
        // turns −0 into 0
        different.insert((x + 0.0).to_bits());
        x.fract() != 0.0 || different.len() > MOST_CLASSES_OF_NUMBERS
    })
}

/// Whether all labels are numbers that have too many distinct values, or fractions, to be classes.
pub(super) fn like_values(text: &[String]) -> bool {
    text.iter().map(|field| field.parse()).collect::<std::result::Result<Vec<f64>, _>>().is_ok_and(is_quantity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;

    #[test]
    fn labels_in_numeric_order_or_by_bytes() {
        let labels = |of: &[&str]| match Targets::from_labels("c", of.iter().copied()) {
            Targets::Classes { labels, indices, .. } => (labels.join(" "), indices),
            _ => unreachable!(),
        };
        assert_eq!(labels(&["10", "9", "-1", "9"]), ("-1 9 10".into(), vec![2, 1, 0, 1]));
        assert_eq!(labels(&["10", "9", "b"]), ("10 9 b".into(), vec![0, 1, 2]));
        assert_eq!(labels(&["ä", "Z", "a"]), ("Z a ä".into(), vec![2, 0, 1]));
    }

    #[test]
    fn the_task_is_guessed() {
        let guess_of = |fields: &[String]| {
            let text = format!("x,y\n{}", fields.iter().map(|f| format!("1,{f}\n")).collect::<String>());
            matches!(Target::guess(&Table::from_text("t", &text).unwrap(), &["y".into()]), Ok(Target::Classes { .. }))
        };
        let of = |fields: &[&str]| guess_of(&fields.iter().map(|f| f.to_string()).collect::<Vec<_>>());
        assert!(of(&["setosa", "virginica"]));
        assert!(of(&["true", "false"]));
        assert!(of(&["0", "1", "1"]));
        assert!(of(&["1.0", "2.0"]));
        assert!(!of(&["0.5", "1"]));
        assert!(!of(&["1", "2.5", "3", "oops"]));
        let twice = |count: usize| (0..2 * count).map(|i| (i % count).to_string()).collect::<Vec<_>>();
        assert!(guess_of(&twice(20)));
        assert!(!guess_of(&twice(21)));
        // few rows, nearly all of which differ
        assert!(of(&["3", "1"]));
        assert!(!of(&["1361", "1199", "838", "1243", "887"]));
        assert!(of(&["1361", "1199", "838", "1243", "887", "887"]));
        assert!(!of(&["1361", "1199", "838", "1243", "887", "1361", "990"]));
    }

    #[test]
    fn targets_that_teach_nothing() {
        let error = |target: &Target, text: &str| {
            Dataset::from_table(&Table::from_text("t.csv", text).unwrap(), target).unwrap_err().to_string()
        };
        let text = "x,y,z\n1,5,a\n2,5,a\n";
        assert_eq!(
            error(&Target::values(["x", "y"]), text),
            "t.csv, column \"y\": every row has the value 5: there is nothing to learn"
        );
        assert_eq!(
            error(&Target::classes("z"), text),
            "t.csv, column \"z\": every row has the class \"a\": expected at least two classes"
        );
        let text = "x,y\n1,a\n2,\n";
        assert_eq!(
            error(&Target::classes("y"), text),
            "t.csv, line 3, column \"y\": expected a value, found an empty cell"
        );
    }
}
