//! Data: from a file to batches.
//!
//! ```text
//! file → Table (text) → Dataset (numbers) → split → Preprocessing → batches
//! ```

mod batches;
mod builtin;
mod california_housing;
#[cfg(feature = "download")]
mod download;
mod file;
mod idx;
mod preprocessing;
mod published;
mod quantiles;
mod samples;
mod scaler;
mod split;
mod standardizer;
mod table;
mod targets;

use std::path::Path;

pub use batches::{Batch, Batches};
pub use builtin::{BUILT_IN, BuiltIn};
#[cfg(feature = "download")]
pub use download::{Download, Progress};
pub use preprocessing::Preprocessing;
pub use published::{Mirror, PUBLISHED, Published, PublishedFile};
pub use quantiles::Quantiles;
pub(crate) use samples::Samples;
pub use scaler::{Scaler, Scaling};
use split::Marks;
pub use split::{Fractions, SplitBy};
pub use standardizer::Standardizer;
pub use table::Table;
pub(crate) use table::position;
pub use targets::{Target, Targets, largest};

use crate::error::{DataProblem, Error, Result};
use crate::tensor::Tensor;

/// Samples with their targets, as numbers.
///
/// Inputs have shape (features, samples): a row of the file is a column here. They are kept in the type of the file, numbers in `f64` and
/// pixels as bytes; batches come in the type of the network.
///
/// ```
/// use mfnet::{Dataset, Fractions, Seed, Table, Target};
/// let table = Table::from_text("flowers", "length,width,species\n5,3,a\n7,3,b\n6,2,b\n4,3,a\n")?;
/// let data = Dataset::from_table(&table, &Target::classes("species"))?;
/// assert_eq!((data.samples(), data.features(), data.classes()), (4, 2, 2));
/// let (train, _, test) = data.split(Fractions { validation: 0.0, test: 0.5 }, Seed(0))?;
/// assert_eq!((train.samples(), test.samples()), (2, 2));
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dataset {
    name: String,
    feature_names: Vec<String>,
    samples: Samples,
    targets: Targets,
    /// What a split has to respect.
    marks: Marks,
}

impl Dataset {
    /// Reads a CSV file whose columns are all numbers but for the target's labels; see [`Table::read_csv`].
    ///
    /// # Errors
    /// As [`Table::read_csv`] and [`Dataset::from_table`].
    pub fn from_csv(path: impl AsRef<Path>, target: Target) -> Result<Self> {
        Self::from_table(&Table::read_csv(path)?, &target)
    }

    /// Every column but the target's as features.
    ///
    /// # Errors
    /// [`Error::Data`] naming line, column and text: a missing target column, text or a number that is not finite among numbers, an
    /// empty cell, a target with one class or one value, no column beside the target.
    pub fn from_table(table: &Table, target: &Target) -> Result<Self> {
        Self::from_table_without(table, target, &[])
    }

    /// The same without some columns, which are no features.
    ///
    /// # Errors
    /// As [`Dataset::from_table`], and [`Error::Data`] if there is no such column.
    pub fn from_table_without(table: &Table, target: &Target, drop: &[String]) -> Result<Self> {
        let targets = Targets::from_table(table, target)?;
        for column in drop {
            table.position(column)?;
        }
        let is_feature = |column: &&String| !target.columns().contains(column) && !drop.contains(column);
        let feature_names: Vec<String> = table.columns().iter().filter(is_feature).cloned().collect();
        let samples = Samples::from_tensor(&table.numbers(&feature_names)?);
        Ok(Dataset { name: table.name().to_owned(), feature_names, samples, targets, marks: Marks::default() })
    }

    /// The same columns of another table, as of one that holds the test samples alone.
    ///
    /// # Errors
    /// [`Error::Data`] for a missing column, a class that these data do not have, and for text, gaps or numbers that are not finite.
    pub fn read_like(&self, table: &Table) -> Result<Self> {
        let targets = self.targets.read_like(table)?;
        Self::named(table.name(), self.feature_names.clone(), table.numbers(&self.feature_names)?, targets)
    }

    /// A data set from matrices. `inputs` has shape (features, samples); the features are called `0`, `1`, …
    ///
    /// # Errors
    /// [`Error::Shape`] if inputs and targets are not of the same number of samples, or there are none, or a class has no label or a row of values
    /// no name; [`Error::Data`] naming
    /// feature and sample if a number is not finite.
    pub fn new(name: &str, inputs: Tensor<f64>, targets: Targets) -> Result<Self> {
        let feature_names = (0..inputs.rows()).map(|i| i.to_string()).collect();
        Self::named(name, feature_names, inputs, targets)
    }

    /// A data set of bytes, sample after sample; the features are called `0`, `1`, … The bytes are kept as they are and become numbers, 0 to
    /// 255 before any preprocessing, while a batch is gathered.
    ///
    /// ```
    /// use mfnet::{Dataset, Targets};
    /// let images = Dataset::from_bytes("images", 4, vec![0, 255, 255, 0, 255, 0, 0, 255], Targets::from_labels("kind", ["a", "b"]))?;
    /// assert_eq!(images.inputs().column(1).collect::<Vec<_>>(), [255.0, 0.0, 0.0, 255.0]);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] if the bytes are not those of a sample for each target, or a class has no label.
    pub fn from_bytes(name: &str, features: usize, bytes: Vec<u8>, targets: Targets) -> Result<Self> {
        if features == 0 || bytes.is_empty() || targets.outputs() == 0 || bytes.len() != features * targets.samples() {
            let expected = format!("{} samples of {features} bytes", targets.samples());
            return Err(Error::shape("Dataset::from_bytes", expected, format!("{} bytes", bytes.len())));
        }
        targets.check()?;
        let feature_names = (0..features).map(|i| i.to_string()).collect();
        let samples = Samples::from_bytes(features, bytes);
        Ok(Dataset { name: name.to_owned(), feature_names, samples, targets, marks: Marks::default() })
    }

    /// [`Dataset::new`] with names for the features.
    pub(crate) fn named(name: &str, feature_names: Vec<String>, inputs: Tensor<f64>, targets: Targets) -> Result<Self> {
        let samples = inputs.columns();
        if samples == 0 || inputs.rows() == 0 || targets.samples() != samples || targets.outputs() == 0 {
            let found = format!("{samples} of {} features, {} targets", inputs.rows(), targets.samples());
            return Err(Error::shape("Dataset::new", "as many targets as samples, and at least one", found));
        }
        targets.check()?;
        check_finite(name, &inputs, |i| feature_names[i].clone())?;
        if let Targets::Values { columns, values } = &targets {
            check_finite(name, values, |i| columns.get(i).cloned().unwrap_or_else(|| format!("target {i}")))?;
        }
        let samples = Samples::from_tensor(&inputs);
        Ok(Dataset { name: name.to_owned(), feature_names, samples, targets, marks: Marks::default() })
    }

    /// What errors call it: the file's path, or the name of a built-in data set.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.samples.len()
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.samples.features()
    }

    /// The features' names.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// Number of classes; 0 for a regression.
    pub fn classes(&self) -> usize {
        self.labels().len()
    }

    /// The classes' labels; none for a regression.
    pub fn labels(&self) -> &[String] {
        if let Targets::Classes { labels, .. } = &self.targets { labels } else { &[] }
    }

    /// How many outputs a network needs: the number of classes, or of target columns.
    pub fn outputs(&self) -> usize {
        self.targets.outputs()
    }

    /// X, shape (features, samples), written out.
    pub fn inputs(&self) -> Tensor<f64> {
        self.samples.tensor()
    }

    /// Whether the features are bytes, as pixels are: see [`Dataset::from_bytes`].
    pub fn holds_bytes(&self) -> bool {
        self.samples.holds_bytes()
    }

    /// X as it is kept.
    pub(crate) fn stored_inputs(&self) -> &Samples {
        &self.samples
    }

    /// What is to be predicted.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The samples with these numbers, in this order.
    ///
    /// # Errors
    /// [`Error::Data`] naming the number that is not there.
    pub fn select(&self, samples: &[usize]) -> Result<Self> {
        match samples.iter().find(|sample| **sample >= self.samples()) {
            Some(row) => Err(Error::data(
                &self.name,
                DataProblem::NoSuchRow { row: *row, last: self.samples().saturating_sub(1) },
            )),
            None => Ok(self.selected(samples)),
        }
    }

    fn selected(&self, samples: &[usize]) -> Self {
        let selected = self.with(self.samples.select(samples), self.targets.select(samples));
        Dataset { marks: self.marks.select(samples), ..selected }
    }

    /// The same samples with features and targets as a model has them.
    pub(crate) fn aligned(&self, feature_names: Vec<String>, samples: Samples, targets: Targets) -> Self {
        Dataset { name: self.name.clone(), feature_names, samples, targets, marks: self.marks.clone() }
    }

    /// The text of one column, a feature or a target, numbers in their shortest form.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column.
    pub fn text(&self, column: &str) -> Result<Vec<String>> {
        let columns = [self.targets.columns(), &self.feature_names].concat();
        let position = position(&self.name, &columns, column)?;
        let feature = position.checked_sub(self.targets.columns().len());
        Ok(match (feature, &self.targets) {
            (Some(feature), _) => self.samples.feature(feature).map(|x| x.to_string()).collect(),
            (None, Targets::Classes { labels, indices, .. }) => indices.iter().map(|i| labels[*i].clone()).collect(),
            (None, Targets::Values { values, .. }) => values.row(position).map(|x| x.to_string()).collect(),
        })
    }

    /// Other samples of the same features.
    fn with(&self, samples: Samples, targets: Targets) -> Self {
        Dataset {
            name: self.name.clone(),
            feature_names: self.feature_names.clone(),
            samples,
            targets,
            marks: Marks::default(),
        }
    }
}

/// Error that names row (by `column`) and sample of the first number that is not finite.
fn check_finite(name: &str, numbers: &Tensor<f64>, column: impl Fn(usize) -> String) -> Result<()> {
    match numbers.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(place) => {
            let (i, sample) = (place % numbers.rows(), place / numbers.rows());
            let problem = DataProblem::NotFiniteSample { found: numbers[(i, sample)], sample };
            Err(Error::in_column(name, &column(i), problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_finite_have_a_place() {
        let error = |i, j, x, y| {
            // more rows than a panel of the matrix
            let mut inputs = Tensor::from_fn(40, 3, |i, j| (i + j) as f64);
            inputs[(i, j)] = x;
            let values = Tensor::from_rows([[1.0, 2.0, y]]);
            let targets = Targets::Values { columns: vec!["price".to_owned()], values };
            Dataset::new("t", inputs, targets).unwrap_err().to_string()
        };
        let (nan, infinite) = (f64::NAN, f64::INFINITY);
        let expected = |column: &str, found: &str| {
            format!("t, column \"{column}\": expected finite numbers, found {found} in sample 2, counted from 0")
        };
        assert_eq!(error(39, 2, nan, 0.0), expected("39", "NaN"));
        assert_eq!(error(0, 2, -infinite, infinite), expected("0", "-inf"));
        assert_eq!(error(0, 0, 1.0, infinite), expected("price", "inf"));
    }
}
