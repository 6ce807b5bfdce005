//! How a model finds its features and targets in data.

use super::{Model, Predictions, TargetColumns};
use crate::data::{Dataset, Samples, Table, Targets, largest, position};
use crate::error::{DataProblem, Error, Result};
use crate::loss::softmax;
use crate::tensor::Tensor;

impl Model {
    /// X of a table, not scaled: the model's columns by name, in whatever order they stand; other columns are ignored. In a file without
    /// header the columns are counted: all that the training file had, or the features alone.
    ///
    /// # Errors
    /// [`Error::Data`] for a missing column, and for text, gaps or numbers that are not finite, with line and column.
    pub fn inputs(&self, table: &Table) -> Result<Tensor<f64>> {
        let others = self.training.split.as_ref().map_or(0, |split| usize::from(split.by.column().is_some()));
        let (features, targets) = (self.features.len(), self.target.columns().len() + others);
        let counted = self.features.iter().all(|feature| feature.parse::<usize>().is_ok());
        if table.has_header() || !counted || table.columns().len() == features + targets {
            return table.numbers(&self.features);
        }
        if table.columns().len() == features {
            return table.numbers(table.columns());
        }
        let expected = format!("{features} columns without the target, or {}", features + targets);
        Err(Error::data(table.name(), DataProblem::ColumnCount { expected, found: table.columns().len() }))
    }

    /// Inputs and targets of a table, not scaled, to evaluate the model on.
    ///
    /// # Errors
    /// As [`Model::inputs`], and [`Error::Data`] for a missing target column, a class that the model does not know, or values that are no
    /// finite numbers.
    pub fn dataset(&self, table: &Table) -> Result<Dataset> {
        let like = match &self.target {
            TargetColumns::Classification { column, labels } => {
                Targets::Classes { column: column.clone(), labels: labels.clone(), indices: Vec::new() }
            }
            TargetColumns::Regression { columns } => {
                Targets::Values { columns: columns.clone(), values: Tensor::zeros(0, 0) }
            }
        };
        let targets = like.read_like(table)?;
        Dataset::named(table.name(), self.features.clone(), self.inputs(table)?, targets)
    }

    /// A data set as the model knows it: the features by name, in the model's order, and the classes in the model's. Other features are
    /// left out. An official split stays.
    ///
    /// # Errors
    /// [`Error::Data`] for a missing feature, another target, and a class that the model does not know.
    pub fn align(&self, data: &Dataset) -> Result<Dataset> {
        Ok(data.aligned(self.features.clone(), self.samples(data)?, self.targets(data)?))
    }

    /// The features of the model.
    fn samples(&self, data: &Dataset) -> Result<Samples> {
        if self.features == data.feature_names() {
            return Ok(data.stored_inputs().clone());
        }
        let position = |feature: &String| position(data.name(), data.feature_names(), feature);
        let positions = self.features.iter().map(position).collect::<Result<Vec<_>>>()?;
        let x = data.inputs();
        Ok(Samples::from_tensor(&Tensor::from_fn(positions.len(), x.columns(), |i, j| x[(positions[i], j)])))
    }

    /// The targets of the model.
    fn targets(&self, data: &Dataset) -> Result<Targets> {
        let position = |column: &String| position(data.name(), data.targets().columns(), column);
        let positions = self.target.columns().iter().map(position).collect::<Result<Vec<_>>>()?;
        match (&self.target, data.targets()) {
            (TargetColumns::Classification { column, labels }, Targets::Classes { labels: found, indices, .. }) => {
                let index = |label: &String| {
                    labels.iter().position(|known| known == label).ok_or_else(|| {
                        let problem = DataProblem::UnknownClass { class: label.clone(), known: labels.clone() };
                        Error::in_column(data.name(), column, problem)
                    })
                };
                let index = found.iter().map(index).collect::<Result<Vec<_>>>()?;
                let indices = indices.iter().map(|i| index[*i]).collect();
                Ok(Targets::Classes { column: column.clone(), labels: labels.clone(), indices })
            }
            (TargetColumns::Regression { columns }, Targets::Values { values, .. }) => {
                let values = Tensor::from_fn(positions.len(), values.columns(), |i, j| values[(positions[i], j)]);
                Ok(Targets::Values { columns: columns.clone(), values })
            }
            (TargetColumns::Classification { .. }, _) => Err(Error::shape("the target", "classes", "values")),
            (TargetColumns::Regression { .. }, _) => Err(Error::shape("the target", "values", "classes")),
        }
    }

    /// What it predicts for every row of a table, which needs no target column.
    ///
    /// # Errors
    /// As [`Model::inputs`].
    pub fn predict(&self, table: &Table) -> Result<Predictions> {
        self.predict_inputs(&self.inputs(table)?)
    }

    /// What it predicts for every sample of a data set that has its features, by name and in any order, whatever the targets.
    ///
    /// # Errors
    /// [`Error::Data`] for a missing feature.
    pub fn predict_dataset(&self, data: &Dataset) -> Result<Predictions> {
        self.predict_samples(&self.samples(data)?)
    }

    /// What it predicts for inputs of shape (features, samples), not scaled.
    ///
    /// # Errors
    /// [`Error::Shape`] if the number of features is another.
    pub fn predict_inputs(&self, inputs: &Tensor<f64>) -> Result<Predictions> {
        self.predict_samples(&Samples::from_tensor(inputs))
    }

    fn predict_samples(&self, inputs: &Samples) -> Result<Predictions> {
        let output = self.output(inputs)?;
        Ok(match &self.target {
            TargetColumns::Classification { labels, .. } => Predictions::Classes {
                labels: labels.clone(),
                indices: largest(&output),
                probabilities: softmax(&output),
            },
            TargetColumns::Regression { columns } => Predictions::Values { columns: columns.clone(), values: output },
        })
    }
}
