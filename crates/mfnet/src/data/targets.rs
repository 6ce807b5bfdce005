use std::collections::{BTreeSet, HashMap};

use mfnet_table::{Table, sort_labels};

use super::samples::{Samples, ahead};
use crate::error::{DataProblem, Error, Result};
use crate::tensor::kernel::prefetch;
use crate::tensor::{Scalar, Tensor};

/// Whole numbers with more distinct values than this are taken for a quantity, not for classes.
const MOST_CLASSES_OF_NUMBERS: usize = 20;

/// Which column, or columns, of a table a network learns to predict, and as what.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The classes that the column's labels name.
    Classes(String),
    /// The numbers of these columns.
    Values(Vec<String>),
    /// Classes if it is one column of text, of booleans, or of whole numbers with at most 20 distinct values; values otherwise.
    Guess(Vec<String>),
}

impl Target {
    /// Classification: the column holds labels.
    pub fn classes(column: impl Into<String>) -> Self {
        Target::Classes(column.into())
    }

    /// Regression: the columns hold numbers.
    pub fn values<C: Into<String>>(columns: impl IntoIterator<Item = C>) -> Self {
        Target::Values(columns.into_iter().map(Into::into).collect())
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        match self {
            Target::Classes(column) => std::slice::from_ref(column),
            Target::Values(columns) | Target::Guess(columns) => columns,
        }
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

    /// Reads the target from a table, to learn from it.
    pub(super) fn from_table(table: &Table, target: &Target) -> Result<Self> {
        match target {
            Target::Guess(columns) => Self::from_table(table, &guess(table, columns)?),
            Target::Classes(column) => match Self::from_labels(column, table.labels(column)?) {
                Targets::Classes { labels, .. } if labels.len() < 2 => {
                    let class = labels.into_iter().next().unwrap_or_default();
                    Err(Error::in_column(table.name(), column, DataProblem::OneClass(class)))
                }
                targets => Ok(targets),
            },
            Target::Values(columns) => {
                let values = numbers(table, columns)?;
                for (i, column) in columns.iter().enumerate() {
                    let value = values.number(0, i);
                    if values.feature(i).all(|x| x == value) {
                        return Err(Error::in_column(table.name(), column, DataProblem::ConstantTarget(value)));
                    }
                }
                Ok(Targets::Values { columns: columns.clone(), values })
            }
        }
    }

    /// Reads targets like these, with these labels, from another table: to evaluate a model on it.
    ///
    /// # Errors
    /// [`Error::Data`] for a missing column, for text or not finite numbers among values, and for a label that is not among these.
    pub fn read_like(&self, table: &Table) -> Result<Self> {
        match self {
            Targets::Values { columns, .. } => {
                Ok(Targets::Values { columns: columns.clone(), values: numbers(table, columns)? })
            }
            Targets::Classes { column, labels, .. } => {
                let indices = classes(table.name(), column, labels, &table.labels(column)?)?;
                Ok(Targets::Classes { column: column.clone(), labels: labels.clone(), indices })
            }
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

/// The class of each column of `scores` (logits or probabilities): the index of the largest, the first one of equals.
pub fn largest<T: Scalar>(scores: &Tensor<T>) -> Vec<usize> {
    (0..scores.columns()).map(|j| largest_of(scores, j)).collect()
}

/// The same of one column.
pub(crate) fn largest_of<T: Scalar>(scores: &Tensor<T>, j: usize) -> usize {
    (1..scores.rows()).fold(0, |best, i| if scores[(i, j)] > scores[(best, j)] { i } else { best })
}

/// The numbers of these columns.
fn numbers(table: &Table, columns: &[String]) -> Result<Samples> {
    if columns.is_empty() {
        return Err(Error::data(table.name(), DataProblem::NoFeatures(Vec::new())));
    }
    Ok(Samples::from_columns(table.rows(), table.numbers(columns)?))
}

/// Decides between classes and values.
fn guess(table: &Table, columns: &[String]) -> Result<Target> {
    let [column] = columns else { return Ok(Target::values(columns)) };
    let numbers = table.count_numbers(column)?;
    let rows = numbers.iter().map(|(_, rows)| rows).sum::<usize>();
    let is_quantity = is_quantity(numbers.into_iter().map(|(x, _)| x));
    // a text among numbers is an error in a column of numbers, which reading it as such reports
    let classes = if rows == table.rows() { !is_quantity } else { 2 * rows < table.rows() };
    Ok(if classes { Target::classes(column) } else { Target::values(columns) })
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
            matches!(guess(&Table::from_text("t", &text).unwrap(), &["y".into()]).unwrap(), Target::Classes(_))
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
            Targets::from_table(&Table::from_text("t.csv", text).unwrap(), target).unwrap_err().to_string()
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
