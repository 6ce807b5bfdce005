//! Predictions of single rows, for services.

use mfnet_table::ColumnKind;

use super::ensemble::Mean;
use super::{AnyNetwork, Model, OperatingPoint, Predictions, Target};
use crate::data::{Code, Link, Standardizer};
use crate::error::{Error, Result};
use crate::loss::{sigmoid, softmax_of_one};
use crate::network::Predictor;
use crate::tensor::{Scalar, Tensor};

/// Predicts one row at a time: scales it, runs the network and names the result. It reuses its
/// matrices, and allocates nothing after the first call. It owns all its data; give each thread a
/// clone.
///
/// ```
/// use mfnet::model::Prediction;
/// use mfnet::{Dataset, Model, NeuralNetwork, Preprocessing, Seed};
/// let data = Dataset::built_in("digits")?;
/// let net = NeuralNetwork::builder(64).linear(10).build(Seed(0))?;
/// let model = Model::new(&data, Preprocessing::fit(&data), net)?;
/// let mut predictor = model.predictor();
/// let row: Vec<f64> = data.inputs().column(0).collect();
/// let Prediction::Class { label, probabilities, .. } = predictor.predict(&row)? else { panic!("a class") };
/// assert!(label.len() == 1 && probabilities.len() == 10);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RowPredictor {
    /// For each column the index of its first feature, and how its number becomes features.
    codes: Vec<(usize, Code)>,
    /// For a category, the feature index of each level, of an unknown level, and of a missing
    /// value; empty for other columns.
    places: Vec<Vec<f64>>,
    networks: Vec<Network>,
    mean: Mean,
    temperature: Option<f64>,
    operating_point: Option<OperatingPoint>,
    target: Target,
    standardizer: Option<Standardizer>,
    link: Link,
    /// The outputs of each network, one after the other.
    outputs: Vec<f64>,
    /// Their mean: logits or values; below, probabilities.
    output: Tensor<f64>,
    probabilities: Tensor<f64>,
}

#[derive(Clone, Debug)]
enum Network {
    F64(Predictor<f64>, Tensor<f64>),
    F32(Predictor<f32>, Tensor<f32>),
}

impl Network {
    fn of(network: &AnyNetwork) -> Self {
        match network {
            AnyNetwork::F64(net) => Network::F64(net.predictor(), Tensor::zeros(net.inputs(), 1)),
            AnyNetwork::F32(net) => Network::F32(net.predictor(), Tensor::zeros(net.inputs(), 1)),
        }
    }
}

/// The prediction for one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prediction<'a> {
    /// Classification.
    Class {
        /// The label of the most probable class.
        label: &'a str,
        /// Its index among the labels.
        index: usize,
        /// The labels of all classes.
        labels: &'a [String],
        /// The probability of each class.
        probabilities: &'a [f64],
    },
    /// Several labels at once.
    Labels {
        /// The labels.
        labels: &'a [String],
        /// The probability of each label.
        probabilities: &'a [f64],
    },
    /// Regression, in the unit of the target.
    Values {
        /// The names of the columns.
        columns: &'a [String],
        /// One value per column.
        values: &'a [f64],
    },
}

/// A value of a row, for a column given by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// A number; NaN if it is missing.
    Number(f64),
    /// Text as in a file: a number, a date, or a level of a category; empty if it is missing.
    Text(&'a str),
}

impl From<f64> for Cell<'_> {
    fn from(number: f64) -> Self {
        Cell::Number(number)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Cell::Text(text)
    }
}

impl Model {
    /// Prepares predictions of single rows.
    pub fn predictor(&self) -> RowPredictor {
        let codes = self.preprocessing.codes();
        let numbers = |kind: &ColumnKind| -> Vec<f64> {
            let ColumnKind::Category { levels } = kind else { return Vec::new() };
            (0..=levels.len()).map(|i| i as f64).chain([f64::NAN]).collect()
        };
        let places = |(i, kind): (usize, &ColumnKind)| {
            let number = self.preprocessing.columns.as_ref().and_then(|encoders| encoders[i].numbers_of(kind));
            number.map_or(Vec::new(), |number| numbers(kind).into_iter().map(number).collect())
        };
        let outputs = self.target.outputs();
        RowPredictor {
            codes,
            places: self.kinds().iter().enumerate().map(places).collect(),
            networks: self.networks.iter().map(Network::of).collect(),
            mean: self.mean(),
            temperature: self.temperature,
            operating_point: self.operating_point,
            target: self.target.clone(),
            standardizer: self.preprocessing.targets.clone(),
            link: self.preprocessing.link,
            outputs: vec![0.0; outputs * self.networks.len()],
            output: Tensor::zeros(outputs, 1),
            probabilities: Tensor::zeros(outputs, 1),
        }
    }

    /// Predicts one row. Values have the names of the model's columns, in any order; columns that
    /// are not given are missing values.
    ///
    /// ```
    /// use mfnet::{Dataset, Model, Preprocessing, Table, Target};
    /// use mfnet::model::Predictions;
    /// use mfnet::train::linear_model;
    /// let table = Table::from_text("flats", "rooms,city,rent\n1,Rome,700\n3,Oslo,1900\n2,Rome,1100\n3,Oslo,1500\n")?;
    /// let data = Dataset::from_table(&table, &Target::values(["rent"]))?;
    /// let scale = Preprocessing::fit(&data);
    /// let model = Model::new(&data, scale.clone(), linear_model(&scale.apply(&data))?)?;
    /// let rent = model.predict_row([("city", "Oslo".into()), ("rooms", 3.0.into())])?;
    /// let Predictions::Values { values, .. } = rent else { panic!("a value") };
    /// assert!((values.number(0, 0) - 1700.0).abs() < 1e-3);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) for a name that is not a column of the
    /// model, and for a text that is not a number or date in such a column;
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for an infinite number.
    pub fn predict_row<'a>(&self, row: impl IntoIterator<Item = (&'a str, Cell<'a>)>) -> Result<Predictions> {
        let kinds = self.kinds();
        let mut inputs = Tensor::from_fn(kinds.len(), 1, |_, _| f64::NAN);
        for (name, cell) in row {
            let column = mfnet_table::position("the row", &self.features, name)?;
            let number = number_of(&kinds[column], cell);
            inputs[(column, 0)] = number.map_err(|problem| Error::in_column("the row", name, problem))?;
        }
        self.predict_inputs(&inputs)
    }
}

/// Converts a value to a number of a column of this kind. An unknown level gets the index after the
/// last one.
fn number_of(kind: &ColumnKind, cell: Cell<'_>) -> std::result::Result<f64, mfnet_table::CellProblem> {
    match (kind, cell) {
        (ColumnKind::Category { .. }, Cell::Number(x)) if x.is_nan() => Ok(x),
        (ColumnKind::Category { levels }, cell) => {
            let text = match cell {
                Cell::Number(x) => mfnet_table::shortest(x),
                Cell::Text(text) => text.trim().to_owned(),
            };
            if ColumnKind::Number.value(&text).is_ok_and(f64::is_nan) {
                return Ok(f64::NAN);
            }
            Ok(levels.iter().position(|level| *level == text).unwrap_or(levels.len()) as f64)
        }
        (_, Cell::Number(x)) => Ok(x),
        (kind, Cell::Text(text)) => kind.value(text.trim()),
    }
}

impl RowPredictor {
    /// Predicts a row of numbers in the form of [`Model::kinds`]: not scaled, a category as the
    /// index of its level, NaN for a missing value. The result is that of
    /// [`Model::predict_inputs`].
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) for another number of columns,
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for an infinite number.
    pub fn predict(&mut self, row: &[f64]) -> Result<Prediction<'_>> {
        if row.len() != self.codes.len() {
            return Err(Error::shape("predict", format!("{} columns", self.codes.len()), row.len()));
        }
        if let Some(x) = row.iter().find(|x| x.is_infinite()) {
            return Err(Error::invalid("inputs", "finite numbers, or NaN for missing ones", x));
        }
        let (codes, places, mean) = (&self.codes, &self.places, self.output.only_column_mut());
        for (network, output) in self.networks.iter_mut().zip(self.outputs.chunks_exact_mut(mean.len())) {
            match network {
                Network::F64(net, input) => forward(net, input, codes, places, row, output)?,
                Network::F32(net, input) => forward(net, input, codes, places, row, output)?,
            }
        }
        self.mean.write(&mut self.outputs, mean);
        if let Some(temperature) = self.temperature {
            mean.iter_mut().for_each(|z| *z /= temperature);
        }
        Ok(match &self.target {
            Target::Classes { labels, .. } => {
                softmax_of_one(self.output.only_column(), self.probabilities.only_column_mut());
                if let Some(point) = self.operating_point {
                    point.decide(self.output.only_column_mut());
                }
                let (index, probabilities) = (self.output.argmax_of(0), self.probabilities.only_column());
                Prediction::Class { label: &labels[index], index, labels, probabilities }
            }
            Target::Labels { labels, .. } => {
                let probabilities = self.probabilities.only_column_mut();
                let logits = self.output.only_column().iter();
                probabilities.iter_mut().zip(logits).for_each(|(p, z)| *p = sigmoid(*z));
                Prediction::Labels { labels, probabilities }
            }
            Target::Values { columns } => {
                let values = self.output.only_column_mut();
                if let Some(Standardizer { mean, scale, .. }) = &self.standardizer {
                    let link = self.link;
                    let all = values.iter_mut().zip(mean.iter().zip(scale));
                    all.for_each(|(x, (mean, scale))| *x = mean + scale * link.value(*x));
                }
                Prediction::Values { columns, values }
            }
        })
    }
}

/// The output of the network for a row.
fn forward<T: Scalar>(
    net: &mut Predictor<T>,
    input: &mut Tensor<T>,
    codes: &[(usize, Code)],
    places: &[Vec<f64>],
    row: &[f64],
    output: &mut [f64],
) -> Result<()> {
    let features = input.only_column_mut();
    features.fill(T::ZERO);
    for (((first, code), places), x) in codes.iter().zip(places).zip(row) {
        let x = match places.len() {
            0 => *x,
            count if x.is_nan() => places[count - 1],
            count => places[(*x as usize).min(count - 2)],
        };
        code.write(x, |feature, x| features[first + feature] = T::from_f64(x));
    }
    let of_row = net.predict(input)?;
    output.iter_mut().zip(of_row.only_column()).for_each(|(to, x)| *to = x.to_f64());
    Ok(())
}
