//! Data: from a file to batches.
//!
//! ```text
//! file → Table (columns) → Dataset (numbers) → split → Preprocessing → batches
//! ```

mod batches;
mod coded;
mod encoder;
mod features;
mod idx;
mod idx_folder;
mod named;
mod outliers;
mod preprocessing;
mod quantiles;
mod rows;
mod samples;
mod scaler;
mod split;
mod standardizer;
mod targets;
mod weights;

use std::path::Path;
use std::sync::Arc;

pub use batches::{Batch, Batches};
pub(crate) use coded::Code;
pub use encoder::Encoder;
pub(crate) use features::Features;
pub use idx_folder::IdxFolder;
use mfnet_table::{Choice, ColumnKind, Columns, LeftOut, ReadTable, Remark, Table, position, shortest};
#[cfg(feature = "download")]
pub use named::Http;
pub use named::{BUILT_IN, BuiltIn, Mirror, PUBLISHED, Published, PublishedFile};
#[cfg(feature = "download-with")]
pub use named::{Client, Download, Progress};
pub use outliers::{Outliers, Usual};
pub(crate) use outliers::{outliers, ranges, ranges_of};
pub use preprocessing::{Link, Preprocessing};
pub use quantiles::Quantiles;
pub(crate) use quantiles::normal_quantile;
pub use rows::Rows;
pub use samples::Samples;
pub use scaler::{Scaler, Scaling};
use split::Marks;
pub use split::{Fractions, SplitBy};
pub use standardizer::Standardizer;
pub use targets::{Target, Targets};
pub(crate) use targets::{classes, separator_of};
use weights::DataWeights;

use crate::error::{DataProblem, Error, ErrorKind, Result};
use crate::tensor::Tensor;

/// Samples with their targets, as numbers.
///
/// Inputs have shape (features, samples): a row of the file is a column here. They keep the type of
/// the file, `f64` for numbers and bytes for pixels. Batches have the type of the network.
///
/// A table's values become numbers: a category the index of its level, a date the days since 1970,
/// a missing value NaN. [`Dataset::kinds`] says what each column is. [`Preprocessing`] turns them
/// into features that a network can learn from.
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
    features: Features,
    targets: Arc<Targets>,
    /// The columns of the table that are not features, and why.
    left_out: Vec<(String, LeftOut)>,
    remarks: Vec<Remark>,
    /// Groups and parts that a split must respect.
    marks: Marks,
    weights: DataWeights,
}

impl Dataset {
    /// Reads a table from a file: [`Table::read`], then [`Dataset::from_table`].
    ///
    /// # Errors
    /// As these two functions.
    pub fn from_csv(path: impl AsRef<Path>, target: Target) -> Result<Self> {
        Self::from_table(&Table::read(path)?, &target)
    }

    /// Takes every column but the target's as a feature and guesses its kind; see
    /// [`Dataset::from_table_with`].
    ///
    /// # Errors
    /// As [`Dataset::from_table_with`].
    pub fn from_table(table: &Table, target: &Target) -> Result<Self> {
        Self::from_table_with(table, target, &Columns::default())
    }

    /// Takes the columns of a table but the target's as features. [`Table::choose`] guesses their
    /// kinds, unless `columns` states them. [`Dataset::left_out`] lists the columns that are not
    /// features, and why.
    ///
    /// # Errors
    /// [`ErrorKind::Data`], naming line, column and text, for
    ///
    /// - a missing column, or no feature,
    /// - a target with an empty field, with text or a number that is not finite where values are
    ///   expected, or with only one class or value,
    /// - an infinite number, or one beyond ±10³⁰⁰.
    pub fn from_table_with(table: &Table, target: &Target, columns: &Columns) -> Result<Self> {
        let mut targets = target.read(table)?;
        targets.check_teaches(table.name())?;
        let Choice { inputs, left_out, mut remarks } = table.choose(target.columns(), columns)?;
        if inputs.is_empty() {
            let remark = |name: &String| remarks.iter().find(|remark| remark.column() == name);
            let left_out = left_out.iter().map(|(name, reason)| match remark(name) {
                Some(remark) => format!("{name}: {reason} ({remark})"),
                None => format!("{name}: {reason}"),
            });
            let left_out = left_out.collect();
            return Err(Error::data(table.name(), DataProblem::NoFeatures(left_out)));
        }
        let names: Vec<String> = inputs.iter().map(|(position, _)| table.columns()[*position].clone()).collect();
        let features = Features::read(table, &names, inputs.into_iter())?;
        match &mut targets {
            Targets::Labels { truth: values, .. } | Targets::Values { values, .. } => {
                *values = values.clone().sharing(&features.samples);
            }
            Targets::Classes { column, .. } => {
                let one_class = |labels| Remark::Spellings { column: column.clone(), labels };
                remarks.extend(table.spellings(column)?.into_iter().map(one_class));
            }
        }
        let data = Self::of(table.name(), features, targets).split_like(table);
        Ok(Dataset { left_out, remarks, ..data })
    }

    /// Reads the same columns from another table, such as a file of test samples. The kinds of the
    /// columns are those of this data set; the levels of a category are the other table's own.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a missing column, a class that this data set does not have, and text
    /// or infinite numbers where numbers are expected.
    pub fn read_like(&self, table: &Table) -> Result<Self> {
        let targets = self.targets.target().read(table)?;
        let names = self.feature_names();
        let positions = table.positions(names)?;
        let features = Features::read(table, names, positions.into_iter().zip(self.kinds().to_vec()))?;
        Ok(Self::of(table.name(), features, targets))
    }

    /// Makes a data set from matrices. `inputs` has shape (features, samples); the features are
    /// called `0`, `1`, …
    ///
    /// ```
    /// use mfnet::{Dataset, Targets, Tensor};
    /// let inputs = Tensor::from_rows([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]);
    /// let xor = Dataset::new("xor", inputs, Targets::from_labels("xor", ["no", "yes", "yes", "no"]))?;
    /// assert_eq!((xor.features(), xor.samples()), (2, 4));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if inputs and targets have different numbers of samples, if there are
    /// no samples, or if a class has no label or a row of values no name. [`ErrorKind::Data`],
    /// naming feature and sample, if a number is not finite.
    pub fn new(name: &str, inputs: Tensor<f64>, targets: Targets) -> Result<Self> {
        let samples = inputs.columns();
        if samples == 0 || inputs.rows() == 0 || targets.samples() != samples || targets.outputs() == 0 {
            let found = format!("{samples} of {} features, {} targets", inputs.rows(), targets.samples());
            return Err(Error::shape("Dataset::new", "as many targets as samples, and at least one", found));
        }
        Self::checked(name, inputs.into(), targets)
    }

    /// Makes a data set from numbers or bytes, sample after sample, and keeps them as they are. The
    /// features are called `0`, `1`, … A byte becomes a number from 0 to 255 when a batch is
    /// gathered.
    ///
    /// ```
    /// use mfnet::{Dataset, Targets};
    /// let images = Dataset::from_rows("images", 4, vec![0_u8, 255, 255, 0, 255, 0, 0, 255], Targets::from_labels("kind", ["a", "b"]))?;
    /// assert_eq!(images.inputs().column(1).collect::<Vec<_>>(), [255.0, 0.0, 0.0, 255.0]);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::new`].
    pub fn from_rows(name: &str, features: usize, rows: impl Into<Rows>, targets: Targets) -> Result<Self> {
        let rows = rows.into();
        let (count, samples) = (rows.len(), targets.samples());
        if features.checked_mul(samples) != Some(count) || count == 0 || targets.outputs() == 0 {
            let expected = "as many targets as samples, and at least one";
            let found = format!("{count} numbers for {samples} samples of {features} features");
            return Err(Error::shape("Dataset", expected, found));
        }
        Self::checked(name, Samples::from_rows(features, rows), targets)
    }

    /// Checks the data: every class has a label, every row of values a name, and all numbers are
    /// finite.
    fn checked(name: &str, samples: Samples, targets: Targets) -> Result<Self> {
        targets.check()?;
        let features = Features::of_numbers((0..samples.features()).map(|i| i.to_string()).collect(), samples);
        let values = if let Targets::Values { columns, values } = &targets { Some((columns, values)) } else { None };
        for (names, samples) in [(&features.names, &features.samples)].into_iter().chain(values) {
            if let Some((found, sample, i)) = samples.not_finite() {
                return Err(Error::in_column(name, &names[i], DataProblem::NotFiniteSample(found, sample)));
            }
        }
        Ok(Self::of(name, features, targets))
    }

    pub(crate) fn of(name: &str, features: Features, targets: impl Into<Arc<Targets>>) -> Self {
        Dataset {
            name: name.to_owned(),
            features,
            targets: targets.into(),
            left_out: Vec::new(),
            remarks: Vec::new(),
            marks: Marks::default(),
            weights: DataWeights::default(),
        }
    }

    /// The name that errors use: the file's path, or the name of a built-in data set.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.features.samples.len()
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.features.samples.features()
    }

    /// The names of the features.
    pub fn feature_names(&self) -> &[String] {
        &self.features.names
    }

    /// The kind of each feature: number, boolean, date or category.
    pub fn kinds(&self) -> &[ColumnKind] {
        &self.features.kinds
    }

    #[cfg(feature = "report")]
    /// The text of a number of a feature, in the words of the data: no or yes for a boolean that the
    /// data write so. Empty for a missing value.
    pub(crate) fn feature_text(&self, feature: usize, x: f64) -> String {
        let (kind, name) = (&self.features.kinds[feature], &self.features.names[feature]);
        match self.features.words.get(name) {
            Some([no, _]) if *kind == ColumnKind::Boolean && x == 0.0 => no.clone(),
            Some([_, yes]) if *kind == ColumnKind::Boolean && x == 1.0 => yes.clone(),
            _ => kind.text(x),
        }
    }

    /// The number of missing values of each feature.
    pub fn missing(&self) -> Vec<usize> {
        self.features.samples.gaps()
    }

    /// A reader for other files in the same format: with or without a header, and with the same
    /// reading of ambiguous numbers.
    pub fn reader<'a>(&self) -> ReadTable<'a> {
        let form = &self.features.form;
        ReadTable::new().header(form.counted.is_none()).like(form)
    }

    /// The columns of the table that are not features, and why.
    pub fn left_out(&self) -> &[(String, LeftOut)] {
        &self.left_out
    }

    /// What a user should know about columns of the table: odd values, codes, dates with two
    /// readings.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// Number of classes; 0 for several labels at once, and for a regression.
    pub fn classes(&self) -> usize {
        self.labels().len()
    }

    /// The labels of the classes; empty for several labels at once, and for a regression.
    pub fn labels(&self) -> &[String] {
        if let Targets::Classes { labels, .. } = &*self.targets { labels } else { &[] }
    }

    /// Number of outputs that a network needs: the number of classes or of target columns.
    pub fn outputs(&self) -> usize {
        self.targets.outputs()
    }

    /// The inputs X as a matrix of shape (features, samples).
    pub fn inputs(&self) -> Tensor<f64> {
        self.features.samples.tensor()
    }

    /// Whether the features are bytes, such as pixels: see [`Dataset::from_rows`].
    pub fn holds_bytes(&self) -> bool {
        self.features.samples.holds_bytes()
    }

    /// The inputs X as they are stored.
    pub(crate) fn stored_inputs(&self) -> &Features {
        &self.features
    }

    /// Returns an error unless a network can take the features as they are.
    pub(crate) fn check_numbers(&self) -> Result<()> {
        let other = self.features.kinds.iter().position(|kind| *kind != ColumnKind::Number);
        let found = match other.map(|i| &self.features.kinds[i]) {
            Some(ColumnKind::Category { .. }) => "a category",
            Some(ColumnKind::Date) => "a date",
            Some(_) => "a boolean",
            None if self.features.samples.has_gaps() => "a missing value",
            None => return Ok(()),
        };
        let column = other.map(|i| self.features.names[i].clone());
        Err(ErrorKind::Data { file: self.name.clone(), line: None, column, problem: DataProblem::NotEncoded(found) }
            .into())
    }

    /// The values or classes to predict.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The samples with these indices, in this order.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] naming the first index that is out of range.
    pub fn select(&self, samples: &[usize]) -> Result<Self> {
        match samples.iter().find(|sample| **sample >= self.samples()) {
            Some(row) => Err(Error::data(&self.name, DataProblem::NoSuchRow(*row, self.samples().saturating_sub(1)))),
            None => Ok(self.selected(samples)),
        }
    }

    fn selected(&self, samples: &[usize]) -> Self {
        let features = self.features.select(samples);
        let targets = self.targets.select(samples, (&self.features.samples, &features.samples));
        let (marks, weights) = (self.marks.select(samples), self.weights.select(samples));
        Dataset { marks, weights, ..Self::of(&self.name, features, targets) }
    }

    /// The same samples with the features and targets that a model expects.
    pub(crate) fn aligned(&self, features: Features, targets: Targets) -> Self {
        let labels = if let Targets::Classes { labels, .. } = &targets { &labels[..] } else { &[] };
        let weights = self.weights.with_labels(self.labels(), labels);
        Dataset { marks: self.marks.clone(), weights, ..Self::of(&self.name, features, targets) }
    }

    /// The text of one column, a feature or a target. Numbers are in their shortest form, missing
    /// values empty.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] if there is no such column.
    pub fn text(&self, column: &str) -> Result<Vec<String>> {
        let Features { names, kinds, samples, .. } = &self.features;
        let columns = [self.targets.columns(), names].concat();
        let position = position(&self.name, &columns, column)?;
        let feature = position.checked_sub(self.targets.columns().len());
        Ok(match (feature, &*self.targets) {
            (Some(feature), _) => samples.feature(feature).map(|x| kinds[feature].text(x)).collect(),
            (None, Targets::Classes { labels, indices, .. }) => indices.iter().map(|i| labels[*i].clone()).collect(),
            (None, Targets::Labels { separator: Some(separator), labels, truth, .. }) => {
                (0..truth.len()).map(|row| joined(labels, truth.sample(row), separator)).collect()
            }
            (None, Targets::Labels { truth: values, .. } | Targets::Values { values, .. }) => {
                values.feature(position).map(shortest).collect()
            }
        })
    }
}

/// The labels that are true, between separators.
pub(crate) fn joined(labels: &[String], truth: impl Iterator<Item = f64>, separator: &str) -> String {
    let all = labels.iter().zip(truth).filter(|(_, truth)| *truth == 1.0);
    all.map(|(label, _)| label.as_str()).collect::<Vec<_>>().join(separator)
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
            let targets = Targets::Values { columns: vec!["price".to_owned()], values: values.into() };
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
