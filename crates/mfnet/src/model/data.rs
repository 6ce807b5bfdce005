//! How a model finds its features and targets in data.

use std::collections::HashSet;
use std::sync::Arc;

use mfnet_table::{ColumnKind, Problem, ReadTable, Table, positions};

use super::{Model, Predictions, probabilities_of_labels};
use crate::data::{Dataset, Encoder, Features, Outliers, Samples, Scaling, Target, Targets, classes, separator_of};
use crate::error::{DataProblem, Error, Result};
use crate::loss::softmax;
use crate::tensor::Tensor;

/// Levels of a category in other data that the model has no feature for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLevels {
    /// The column.
    pub column: String,
    /// The levels, as in [`ColumnKind::Category`].
    pub levels: Vec<String>,
    /// Number of rows with one of these levels.
    pub rows: usize,
    /// Whether training had rare levels, so that these count as rare; if not, all features of the
    /// category are 0.
    pub rare: bool,
}

impl Model {
    /// The inputs X of the network for a table, shape (inputs of the network, rows).
    ///
    /// Columns are found by name, in any order; other columns are ignored. If the training file had
    /// no header, columns are found by position: the table has all columns of that file, or all but
    /// the target's.
    ///
    /// An unknown level counts as a rare one; an empty field is a missing value.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data), with line and column, for a missing
    /// column, and for text or infinite numbers where numbers are expected.
    pub fn inputs(&self, table: &Table) -> Result<Tensor<f64>> {
        Ok(self.preprocessing.encode(&self.features_of(table)?).samples.tensor())
    }

    /// The model's columns of a table.
    fn features_of(&self, table: &Table) -> Result<Features> {
        Features::read(table, &self.features, self.positions(table)?.into_iter().zip(self.kinds()))
    }

    /// The levels of a table's categories that have no feature of their own, because they were rare
    /// or absent in training.
    ///
    /// # Errors
    /// As [`Model::inputs`].
    pub fn unknown_levels(&self, table: &Table) -> Result<Vec<UnknownLevels>> {
        let Some(encoders) = &self.preprocessing.columns else { return Ok(Vec::new()) };
        let columns = self.features.iter().zip(self.positions(table)?).zip(encoders);
        let of = |((column, position), encoder): ((&String, usize), &Encoder)| {
            let Encoder::Category { levels: known, others, .. } = encoder else { return Ok(None) };
            let (kind, of_rows) = table.values(position, &encoder.column_kind())?;
            let ColumnKind::Category { levels } = kind else { return Ok(None) };
            let known: HashSet<&String> = known.iter().collect();
            let is_unknown: Vec<bool> = levels.iter().map(|level| !known.contains(level)).collect();
            let rows = of_rows.iter().filter(|x| !x.is_nan() && is_unknown.get(*x as usize) == Some(&true)).count();
            let levels = levels.into_iter().zip(is_unknown).filter(|(_, is_unknown)| *is_unknown);
            let levels = levels.map(|(level, _)| level).collect();
            Ok((rows > 0).then(|| UnknownLevels { column: column.clone(), levels, rows, rare: *others }))
        };
        columns.map(of).filter_map(Result::transpose).collect()
    }

    /// The columns in which a table has missing values, though the training rows had none: each
    /// with the number of its rows without a value.
    ///
    /// # Errors
    /// As [`Model::inputs`].
    pub fn new_gaps(&self, table: &Table) -> Result<Vec<(String, usize)>> {
        let features = self.features_of(table)?;
        let of = |(i, column): (usize, &String)| {
            let is_known = self.preprocessing.columns.as_ref().is_some_and(|encoders| encoders[i].marks_missing());
            let gaps = features.samples.feature(i).filter(|x| x.is_nan()).count();
            (!is_known && gaps > 0).then(|| (column.clone(), gaps))
        };
        Ok(self.features.iter().enumerate().filter_map(of).collect())
    }

    /// The columns of a table with numbers far outside of the training rows.
    ///
    /// # Errors
    /// As [`Model::inputs`].
    pub fn outliers(&self, table: &Table) -> Result<Vec<Outliers>> {
        Ok(self.preprocessing.outliers(self.scaling(), &self.features_of(table)?))
    }

    /// The scaling of the training.
    fn scaling(&self) -> Scaling {
        let word = self.training.settings.get("scale").and_then(serde_json::Value::as_str);
        word.and_then(|word| word.parse().ok()).unwrap_or_default()
    }

    /// The positions of the model's columns in a table.
    fn positions(&self, table: &Table) -> Result<Vec<usize>> {
        let count = |column: &String| column.parse::<usize>().ok();
        let targets: Option<Vec<usize>> = self.target.columns().iter().map(count).collect();
        let counted: Option<Vec<usize>> = self.features.iter().map(count).collect();
        Ok(match (counted, targets) {
            (Some(features), Some(targets)) if !table.has_header() => {
                // of the training file; a model made from a matrix knows no other columns
                let all = self.form.counted.unwrap_or(features.len() + targets.len());
                let (without, found) = (all.saturating_sub(targets.len()), table.columns().len());
                let known = features.iter().all(|i| *i < all && !targets.contains(i));
                if found == without && known {
                    features.iter().map(|i| i - targets.iter().filter(|target| *target < i).count()).collect()
                } else if found == all && known {
                    features
                } else {
                    let expected = format!("{without} columns without the target, or {all}");
                    return Err(Error::data(table.name(), DataProblem::ColumnCount(expected, found)));
                }
            }
            _ => table.positions(&self.features).map_err(|error| needed(error, table, &self.features))?,
        })
    }

    /// A reader for files in the format of the training file: with or without a header, and with
    /// the same reading of ambiguous numbers.
    /// ```no_run
    /// # fn main() -> mfnet::Result<()> {
    /// let model = mfnet::Model::load("runs/flats-1/model.safetensors")?;
    /// println!("{:?}", model.predict(&model.reader().read("new.csv")?)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reader<'a>(&self) -> ReadTable<'a> {
        let mut names = self.features.iter().chain(self.target.columns());
        let named = self.form.named || !names.all(|name| name.parse::<usize>().is_ok());
        let reader = ReadTable::new().header(named).like(&self.form);
        if named { reader.expect(self.features.iter().chain(self.target.columns())) } else { reader }
    }

    /// The kinds of the model's columns.
    pub fn kinds(&self) -> Vec<ColumnKind> {
        match &self.preprocessing.columns {
            None => vec![ColumnKind::Number; self.features.len()],
            Some(encoders) => encoders.iter().map(Encoder::column_kind).collect(),
        }
    }

    /// The inputs and targets of a table, not scaled, for evaluating the model.
    ///
    /// # Errors
    /// As [`Model::inputs`], and [`ErrorKind::Data`](crate::error::ErrorKind::Data) for a missing
    /// target column, an unknown class, or values that are not finite numbers.
    pub fn dataset(&self, table: &Table) -> Result<Dataset> {
        let targets = self.target.read(table)?;
        Ok(Dataset::of(table.name(), self.features_of(table)?, targets).split_like(table))
    }

    /// Selects the model's features from a data set by name, in the model's order, and renumbers
    /// the classes like the model. An official split is kept.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) for a missing feature, another target, or
    /// an unknown class.
    pub fn align(&self, data: &Dataset) -> Result<Dataset> {
        Ok(data.aligned(data.stored_inputs().columns(data.name(), &self.features)?, self.targets(data)?))
    }

    /// The targets, with the classes of the model.
    fn targets(&self, data: &Dataset) -> Result<Targets> {
        let positions = positions(data.name(), data.targets().columns(), self.target.columns())?;
        match (&self.target, data.targets()) {
            (Target::Classes { column, labels }, Targets::Classes { labels: found, indices, .. }) => {
                let unknown = |place: usize| DataProblem::UnknownClass(found[place].clone(), labels.clone());
                let index = classes(labels, found);
                let index = index.map_err(|place| Error::in_column(data.name(), column, unknown(place)))?;
                let indices = indices.iter().map(|i| index[*i]).collect();
                Ok(Targets::Classes { column: column.clone(), labels: labels.clone(), indices })
            }
            (Target::Values { columns }, Targets::Values { values, .. }) => {
                Ok(Targets::Values { columns: columns.clone(), values: values.columns(&positions) })
            }
            (Target::Labels { columns, separator, labels }, Targets::Labels { labels: found, truth, .. }) => {
                let (columns, separator, known) = (columns.clone(), separator.clone(), labels.clone());
                if separator.is_none() {
                    let truth = truth.columns(&mfnet_table::positions(data.name(), found, labels)?);
                    return Ok(Targets::Labels { columns, separator, labels: known, truth });
                }
                // a label that no row of a list has is absent from it
                let unknown = |place: usize| DataProblem::UnknownLabel(found[place].clone(), labels.clone());
                let places = classes(labels, found);
                let places = places.map_err(|place| Error::in_column(data.name(), &columns[0], unknown(place)))?;
                let mut all = Tensor::zeros(labels.len(), truth.len());
                for (place, label) in places.into_iter().zip(0..) {
                    truth.feature(label).enumerate().for_each(|(sample, y)| all[(place, sample)] = y);
                }
                Ok(Targets::Labels { columns, separator, labels: known, truth: all.into() })
            }
            (expected, found) => {
                let words = |target: &Target| match target {
                    Target::Classes { .. } => "classes",
                    Target::Labels { .. } => "several labels at once",
                    Target::Values { .. } => "values",
                };
                Err(Error::shape("the target", words(expected), words(&found.target())))
            }
        }
    }

    /// Predicts every row of a table, which needs no target column.
    ///
    /// # Errors
    /// As [`Model::inputs`].
    pub fn predict(&self, table: &Table) -> Result<Predictions> {
        self.predict_features(&self.features_of(table)?)
    }

    /// Predicts every sample of a data set; features are found by name, and the targets are
    /// ignored.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) for a missing feature.
    pub fn predict_dataset(&self, data: &Dataset) -> Result<Predictions> {
        self.predict_features(&data.stored_inputs().columns(data.name(), &self.features)?)
    }

    /// Predicts inputs of shape (columns, samples), in the form of [`Model::kinds`]: not scaled, a
    /// category as the index of its level, NaN for a missing value.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) for another number of columns,
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for an infinite number.
    pub fn predict_inputs(&self, inputs: &Tensor<f64>) -> Result<Predictions> {
        if let Some(x) = inputs.iter().find(|x| x.is_infinite()) {
            return Err(Error::invalid("inputs", "finite numbers, or NaN for missing ones", x));
        }
        let (names, kinds, samples) = (self.features.clone(), self.kinds(), Samples::from(inputs));
        self.predict_features(&Features { names, kinds, samples, form: self.form.clone(), words: Arc::default() })
    }

    fn predict_features(&self, inputs: &Features) -> Result<Predictions> {
        let output = self.output(inputs)?;
        Ok(match &self.target {
            Target::Classes { labels, .. } => Predictions::Classes {
                labels: labels.clone(),
                indices: self.classes_of(&output),
                probabilities: softmax(&output.tensor()).into(),
            },
            Target::Labels { labels, separator, .. } => Predictions::Labels {
                labels: labels.clone(),
                separator: separator.as_deref().or_else(|| separator_of(labels)).unwrap_or(";").to_owned(),
                probabilities: probabilities_of_labels(&output),
            },
            Target::Values { columns } => Predictions::Values { columns: columns.clone(), values: output },
        })
    }
}
/// The same error; for a missing column, that the model needs it.
fn needed(mut error: mfnet_table::Error, table: &Table, features: &[String]) -> mfnet_table::Error {
    if let mfnet_table::Error::Data { problem: Problem::UnknownColumn(_, others), .. } = &mut error {
        let has_none = !features.iter().any(|feature| table.columns().contains(feature));
        *others = match others.strip_prefix("did you mean ").and_then(|names| names.strip_suffix('?')) {
            Some(names) => format!("the model needs it; rename {names} if it is the same"),
            None if has_none
                && table.has_header()
                && !table.columns().is_empty()
                && !others.contains("write a line") =>
            {
                format!("the model needs it; {others}; if these are data, write the column names above them")
            }
            None => format!("the model needs it; {others}"),
        };
    }
    error
}
