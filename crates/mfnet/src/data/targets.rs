use std::collections::{BTreeSet, HashMap};

use mfnet_table::{Table, sort_labels};
use serde::{Deserialize, Serialize};

use super::samples::{Samples, ahead};
use crate::error::{DataProblem, Error, Result};
use crate::tensor::kernel::prefetch;
use crate::tensor::{Scalar, Tensor};

/// Whole numbers with more distinct values than this are taken for a quantity, not for classes.
const MOST_CLASSES_OF_NUMBERS: usize = 20;

/// What a network learns to predict, and what its outputs mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task")]
pub enum Target {
    /// Classes: an output for each, its logit.
    #[serde(rename = "classification")]
    Classes {
        /// The column that holds the labels.
        column: String,
        /// The labels, in the order of the outputs. Before data are read none: those that the column has.
        labels: Vec<String>,
    },
    /// An output for each column of numbers.
    #[serde(rename = "regression")]
    Values {
        /// The columns' names, in the order of the outputs.
        columns: Vec<String>,
    },
}

impl Target {
    /// Classification: the column holds labels.
    pub fn classes(column: impl Into<String>) -> Self {
        Target::Classes { column: column.into(), labels: Vec::new() }
    }

    /// Regression: the columns hold numbers.
    pub fn values<C: Into<String>>(columns: impl IntoIterator<Item = C>) -> Self {
        Target::Values { columns: columns.into_iter().map(Into::into).collect() }
    }

    /// Classes if it is one column of text, of booleans, or of whole numbers with at most 20 distinct values; values otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) for a missing column.
    pub fn guess(table: &Table, columns: &[String]) -> Result<Self> {
        let [column] = columns else { return Ok(Target::values(columns)) };
        let numbers = table.count_numbers(column)?;
        let rows = numbers.iter().map(|(_, rows)| rows).sum::<usize>();
        let is_quantity = is_quantity(numbers.into_iter().map(|(x, _)| x));
        // a text among numbers is an error in a column of numbers, which reading it as such reports
        let classes = if rows == table.rows() { !is_quantity } else { 2 * rows < table.rows() };
        Ok(if classes { Target::classes(column) } else { Target::values(columns) })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        match self {
            Target::Classes { column, .. } => std::slice::from_ref(column),
            Target::Values { columns } => columns,
        }
    }

    /// How many outputs a network needs for it.
    pub fn outputs(&self) -> usize {
        match self {
            Target::Classes { labels, .. } => labels.len(),
            Target::Values { columns } => columns.len(),
        }
    }

    /// Reads it from a table.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) for a missing column, for text or not finite numbers among values, and for a label that is not among these.
    pub fn read(&self, table: &Table) -> Result<Targets> {
        Ok(match self {
            Target::Values { columns } => {
                Targets::Values { columns: columns.clone(), values: numbers(table, columns)? }
            }
            Target::Classes { column, labels } if labels.is_empty() => {
                Targets::from_labels(column, table.labels(column)?)
            }
            Target::Classes { column, labels } => {
                let indices = classes(table.name(), column, labels, &table.labels(column)?)?;
                Targets::Classes { column: column.clone(), labels: labels.clone(), indices }
            }
        })
    }
}

/// What a network learns to predict, for every sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Classification.
    Classes {
        /// The column's name.
        column: String,
        /// The label of each class: in numeric order if all are numbers, else by bytes.
        labels: Vec<String>,
        /// For each sample the index of its class in `labels`.
        indices: Vec<usize>,
    },
    /// Regression.
    Values {
        /// The columns' names.
        columns: Vec<String>,
        /// A number of each column for every sample.
        values: Samples,
    },
}

impl Targets {
    /// Classes from each sample's label.
    pub fn from_labels<L: Into<String>>(column: impl Into<String>, of_samples: impl IntoIterator<Item = L>) -> Self {
        let of_samples: Vec<String> = of_samples.into_iter().map(Into::into).collect();
        let mut labels = of_samples.clone();
        sort_labels(&mut labels);
        labels.dedup();
        let place: HashMap<&str, usize> = labels.iter().enumerate().map(|(i, label)| (label.as_str(), i)).collect();
        let indices = of_samples.iter().map(|label| place[label.as_str()]).collect();
        Targets::Classes { column: column.into(), labels, indices }
    }

    /// Error unless every class has a label, and every row of values a name.
    pub(super) fn check(&self) -> Result<()> {
        let (expected, found) = match self {
            Targets::Classes { labels, indices, .. } => match indices.iter().find(|class| **class >= labels.len()) {
                Some(class) => (format!("classes below {}, one for each label", labels.len()), class.to_string()),
                None => return Ok(()),
            },
            Targets::Values { columns, values } if columns.len() != values.features() => {
                (format!("a row of values for each of {} columns", columns.len()), values.features().to_string())
            }
            Targets::Values { .. } => return Ok(()),
        };
        Err(Error::shape("Targets", expected, found))
    }

    /// What they are.
    pub fn target(&self) -> Target {
        match self {
            Targets::Classes { column, labels, .. } => {
                Target::Classes { column: column.clone(), labels: labels.clone() }
            }
            Targets::Values { columns, .. } => Target::Values { columns: columns.clone() },
        }
    }

    /// Error if there is nothing to learn.
    pub(super) fn check_teaches(&self, table: &str) -> Result<()> {
        match self {
            Targets::Classes { column, labels, .. } if labels.len() < 2 => {
                let class = labels.first().cloned().unwrap_or_default();
                Err(Error::in_column(table, column, DataProblem::OneClass(class)))
            }
            Targets::Classes { .. } => Ok(()),
            Targets::Values { columns, values } => columns.iter().enumerate().try_for_each(|(i, column)| {
                let value = values.number(0, i);
                match values.feature(i).all(|x| x == value) {
                    true => Err(Error::in_column(table, column, DataProblem::ConstantTarget(value))),
                    false => Ok(()),
                }
            }),
        }
    }

    /// The names of the columns that hold them.
    pub fn columns(&self) -> &[String] {
        match self {
            Targets::Classes { column, .. } => std::slice::from_ref(column),
            Targets::Values { columns, .. } => columns,
        }
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        match self {
            Targets::Classes { indices, .. } => indices.len(),
            Targets::Values { values, .. } => values.len(),
        }
    }

    /// How many outputs a network needs for them: the number of classes, or of columns of values.
    pub fn outputs(&self) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Values { values, .. } => values.features(),
        }
    }

    /// The class of a sample; 0 for values.
    pub(super) fn class(&self, sample: usize) -> usize {
        if let Targets::Classes { indices, .. } = self { indices[sample] } else { 0 }
    }

    /// Those of these samples, in this order, of which the inputs were chosen before.
    pub(super) fn select(&self, samples: &[usize], (inputs, chosen): (&Samples, &Samples)) -> Self {
        match self {
            Targets::Classes { column, labels, indices } => Targets::Classes {
                column: column.clone(),
                labels: labels.clone(),
                indices: samples.iter().map(|i| indices[*i]).collect(),
            },
            Targets::Values { columns, values } => {
                Targets::Values { columns: columns.clone(), values: values.select_as(inputs, chosen, samples) }
            }
        }
    }

    /// Y, shape (outputs, samples): one-hot columns for classes, the values for a regression.
    pub fn matrix<T: Scalar>(&self) -> Tensor<T> {
        let mut y = Tensor::zeros(self.outputs(), self.samples());
        self.write(&(0..self.samples()).collect::<Vec<_>>(), &mut y);
        y
    }

    /// Writes the first samples with these numbers into the columns of Y.
    pub(super) fn write<T: Scalar>(&self, samples: &[usize], y: &mut Tensor<T>) {
        match self {
            Targets::Classes { indices, .. } => {
                y.fill(T::ZERO);
                for (j, sample) in samples.iter().enumerate().take(y.columns()) {
                    // samples of a batch lie anywhere, and memory answers late
                    if let Some(later) = samples.get(j + ahead(64)) {
                        prefetch(&indices[*later..=*later]);
                    }
                    y[(indices[*sample], j)] = T::ONE;
                }
            }
            Targets::Values { values, .. } => values.write(samples, y),
        }
    }
}

/// The index of each of `labels` among the known ones, in data that errors call by these names.
pub(crate) fn classes(data: &str, column: &str, known: &[String], labels: &[String]) -> Result<Vec<usize>> {
    let classes: HashMap<&String, usize> =
        known.iter().enumerate().rev().map(|(class, label)| (label, class)).collect();
    let unknown = |label: &String| DataProblem::UnknownClass(label.clone(), known.to_vec());
    let class = |label| classes.get(label).copied().ok_or_else(|| Error::in_column(data, column, unknown(label)));
    labels.iter().map(class).collect()
}

/// The numbers of these columns.
fn numbers(table: &Table, columns: &[String]) -> Result<Samples> {
    if columns.is_empty() {
        return Err(Error::data(table.name(), DataProblem::NoFeatures(Vec::new())));
    }
    Ok(Samples::from_columns(table.rows(), table.numbers(columns)?))
}

/// Whether numbers are more distinct or finer ones than classes would be.
fn is_quantity(numbers: impl IntoIterator<Item = f64>) -> bool {
    let mut different = BTreeSet::new();
    numbers.into_iter().any(|x| {
        // one zero
        different.insert((x + 0.0).to_bits());
        x.fract() != 0.0 || different.len() > MOST_CLASSES_OF_NUMBERS
    })
}

/// Whether all are numbers, and more distinct or finer ones than classes would be.
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
            Targets::Values { .. } => unreachable!(),
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
        assert!(guess_of(&(0..20).map(|i| i.to_string()).collect::<Vec<_>>()));
        assert!(!guess_of(&(0..21).map(|i| i.to_string()).collect::<Vec<_>>()));
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
