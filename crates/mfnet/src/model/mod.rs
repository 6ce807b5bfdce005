//! [`Model`]: everything needed for predictions in one file: preprocessing, network and labels.

mod data;
mod ensemble;
mod file;
mod importance;
mod intervals;
mod network;
mod pytorch;
mod registry;
mod row_predictor;
mod spec;
mod temperature;
mod threshold;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

pub use data::UnknownLevels;
pub use importance::Importance;
pub use intervals::Intervals;
use mfnet_table::{FileForm, NumberFormat, shortest};
pub use network::AnyNetwork;
use network::either;
pub use registry::Registry;
pub use row_predictor::{Cell, Prediction, RowPredictor};
use serde::{Deserialize, Serialize};
pub use spec::ModelSpec;
pub use threshold::{OperatingPoint, OperatingRule};

pub use crate::layer::LayerSpec;

use crate::data::{Dataset, Features, Preprocessing, Samples, SplitBy, Target, joined};
use crate::error::{Error, Result};
use crate::loss::{LossName, sigmoid, softmax};
use crate::metric::{Metrics, MoreMetrics};
use crate::random::{STREAM_VERSION, Seed};
use crate::tensor::Tensor;

/// The number of samples whose losses are computed at a time.
const AT_A_TIME: usize = 1024;

/// A trained network with everything needed to use it: its columns, their preprocessing, and the
/// meaning of its outputs.
///
/// ```
/// use mfnet::{Dataset, Model, NeuralNetwork, Preprocessing, Seed};
/// use mfnet::data::BUILT_IN;
/// let data = Dataset::built_in("digits")?;
/// let net = NeuralNetwork::builder(64).linear(10).build(Seed(0))?;
/// let model = Model::new(&data, Preprocessing::fit(&data), net)?;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("model.safetensors");
/// model.save(&path)?;
/// let table = BUILT_IN[0].table()?;
/// assert_eq!(Model::load(&path)?.predict(&table)?, model.predict(&table)?);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    features: Vec<String>,
    preprocessing: Preprocessing,
    /// At least one.
    networks: Vec<AnyNetwork>,
    target: Target,
    intervals: Option<Intervals>,
    temperature: Option<f64>,
    operating_point: Option<OperatingPoint>,
    /// The format of the training table.
    form: FileForm,
    registry: Registry,
    /// How the model was trained; empty by default. It is stored with the model.
    pub training: Training,
}

/// How a model was trained, for people, and to find the test samples again. It has no time, thread
/// count or path, so that equal models are equal files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Training {
    /// The name of the loss.
    pub loss: Option<String>,
    /// SHA-256 of the data, which include the training samples.
    pub data: Option<String>,
    /// SHA-256 of earlier training data, before a warm start; the latest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier_data: Vec<String>,
    /// How the data were split.
    pub split: Option<Split>,
    /// All other settings by name.
    pub settings: BTreeMap<String, serde_json::Value>,
}

impl Training {
    /// Whether the data with this SHA-256 included training samples, now or before a warm start. A
    /// file with only a part of them is different data.
    pub fn has_seen(&self, data: &str) -> bool {
        self.data.iter().chain(&self.earlier_data).any(|seen| seen == data)
    }

    /// The column of sample weights, if there was one.
    pub fn sample_weight(&self) -> Option<&str> {
        self.settings.get("sample_weight").and_then(serde_json::Value::as_str)
    }

    /// Whether rows without a target were skipped.
    pub fn skips_missing_target(&self) -> bool {
        self.settings.get("skip_missing_target") == Some(&serde_json::Value::Bool(true))
    }

    /// The weight of each class in the loss, by label; `None` if all weights are 1.
    pub fn class_weights(&self) -> Option<BTreeMap<String, f64>> {
        let weights = self.settings.get("class_weight")?.as_object()?;
        Some(weights.iter().filter_map(|(label, weight)| Some((label.clone(), weight.as_f64()?))).collect())
    }
}

/// A split of a data set that can be repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// How the samples were split.
    #[serde(flatten)]
    pub by: SplitBy,
    /// The seed of the split.
    pub seed: u64,
    /// The version of the random streams.
    pub streams: u32,
}

impl Split {
    /// The split that [`Dataset::split_by`] makes in this version of the library.
    pub fn new(by: SplitBy, seed: Seed) -> Self {
        Split { by, seed: seed.0, streams: STREAM_VERSION }
    }

    /// Whether this version of the library can repeat the split.
    pub fn is_repeatable(&self) -> bool {
        self.streams == STREAM_VERSION || !self.by.is_drawn()
    }

    /// Whether both split the same data in the same way. Seeds may differ if nothing is random.
    pub fn is_same(&self, other: &Split) -> bool {
        self == other || (self.by == other.by && !self.by.is_drawn())
    }

    /// Splits the same data into training, validation and test samples.
    ///
    /// # Errors
    /// As [`Dataset::split_by`].
    pub fn apply(&self, data: &Dataset) -> Result<(Dataset, Dataset, Dataset)> {
        data.split_by(self.by.clone(), Seed(self.seed))
    }
}

/// The predictions of a model, one for each row of a table, in order.
///
/// `Display` writes a line for each row: the class and its probability, or the values with their
/// names.
///
/// ```
/// use mfnet::model::Predictions;
/// use mfnet::Tensor;
/// let values = Tensor::from_rows([[12.5, 8.0]]).into();
/// let predictions = Predictions::Values { columns: vec!["price".into()], values };
/// assert_eq!(predictions.to_string(), "price 12.5\nprice 8\n");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// Classification.
    Classes {
        /// The labels of the classes.
        labels: Vec<String>,
        /// The index of the most probable class of each row.
        indices: Vec<usize>,
        /// The probability of each class for each row.
        probabilities: Samples,
    },
    /// Several labels at once.
    Labels {
        /// The labels.
        labels: Vec<String>,
        /// What separates labels in a list.
        separator: String,
        /// The probability of each label for each row; a label is predicted if it is above ½.
        probabilities: Samples,
    },
    /// Regression, in the unit of the target.
    Values {
        /// The names of the columns.
        columns: Vec<String>,
        /// One value per column for each row.
        values: Samples,
    },
}

impl Predictions {
    /// The predicted class, the predicted labels between separators, or the values of a row, as text.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn text(&self, row: usize) -> String {
        match self {
            Predictions::Classes { labels, indices, .. } => labels[indices[row]].clone(),
            Predictions::Labels { labels, separator, probabilities } => {
                joined(labels, probabilities.sample(row).map(|p| f64::from(p > 0.5)), separator)
            }
            Predictions::Values { values, .. } => values.sample(row).map(shortest).collect::<Vec<_>>().join(", "),
        }
    }

    /// The probabilities, or the values.
    pub fn numbers(&self) -> &Samples {
        match self {
            Predictions::Classes { probabilities: numbers, .. }
            | Predictions::Labels { probabilities: numbers, .. }
            | Predictions::Values { values: numbers, .. } => numbers,
        }
    }

    /// The rows whose values or probabilities are not all finite numbers, counted from 0. A network
    /// may overflow for inputs far outside of its training rows, sooner with `f32`.
    ///
    /// ```
    /// use mfnet::Tensor;
    /// use mfnet::model::Predictions;
    /// let values = Tensor::from_rows([[1.0, f64::INFINITY, 3.0]]).into();
    /// let predictions = Predictions::Values { columns: vec!["rent".to_owned()], values };
    /// assert_eq!(predictions.not_finite().collect::<Vec<_>>(), [1]);
    /// ```
    pub fn not_finite(&self) -> impl Iterator<Item = usize> + '_ {
        let numbers = self.numbers();
        (0..numbers.len()).filter(|row| numbers.sample(*row).any(|x| !x.is_finite()))
    }
}

impl fmt::Display for Predictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Predictions::Classes { labels, indices, probabilities } => {
                for (row, class) in indices.iter().enumerate() {
                    let label = labels.get(*class).map_or("?", String::as_str);
                    writeln!(f, "{label} {:.3}", probabilities.number(row, *class))?;
                }
            }
            Predictions::Labels { labels, probabilities, .. } => {
                for row in 0..probabilities.len() {
                    let all = labels.iter().zip(probabilities.sample(row)).map(|(label, p)| format!("{label} {p:.3}"));
                    writeln!(f, "{}", all.collect::<Vec<_>>().join(", "))?;
                }
            }
            Predictions::Values { columns, values } => {
                for row in 0..values.len() {
                    let values = columns.iter().enumerate().map(|(i, name)| (name, values.number(row, i)));
                    let values: Vec<String> = values.map(|(name, x)| format!("{name} {x}")).collect();
                    writeln!(f, "{}", values.join(", "))?;
                }
            }
        }
        Ok(())
    }
}

impl Model {
    /// Makes a model of a network that was trained on data like `data` with this preprocessing.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if network, preprocessing and data do
    /// not fit together.
    pub fn new(data: &Dataset, preprocessing: Preprocessing, network: impl Into<AnyNetwork>) -> Result<Self> {
        let target = data.targets().target();
        let features = data.feature_names().to_vec();
        let form = data.stored_inputs().form.of(data.feature_names().iter().chain(data.targets().columns()));
        let model = Model::uncalibrated((features, target, form), preprocessing, vec![network.into()]);
        model.inconsistency().map_or(Ok(model), |(expected, found)| Err(Error::shape("Model", expected, found)))
    }

    /// A model of these networks that has learnt nothing from held-out rows and does not say how it was
    /// trained, of columns with these names, this target and this format. Its parts may not fit together.
    fn uncalibrated(
        (features, target, form): (Vec<String>, Target, FileForm),
        preprocessing: Preprocessing,
        networks: Vec<AnyNetwork>,
    ) -> Self {
        let (intervals, temperature, operating_point) = (None, None, None);
        let (registry, training) = (Registry::new(), Training::default());
        Model {
            features,
            preprocessing,
            networks,
            target,
            intervals,
            temperature,
            operating_point,
            form,
            registry,
            training,
        }
    }

    /// The parts that do not fit together: what was expected and what was found.
    fn inconsistency(&self) -> Option<(String, String)> {
        let features = self.features.len();
        let outputs = self.target.outputs();
        let scaled = self.preprocessing.targets.as_ref().map(|standardizer| standardizer.features());
        let should_scale = matches!(self.target, Target::Values { .. }).then_some(outputs);
        let of = |n: usize, what: &str| format!("{n} {what}");
        // a category without levels has no feature
        if features == 0 || self.preprocessing.features() == 0 || outputs == 0 {
            let found = format!("{features}, {} and {outputs}", self.preprocessing.features());
            Some(("at least one column, one feature and one output".to_owned(), found))
        } else if !self.target.is_usable() {
            Some(("a column for each label, or one column with a separator".to_owned(), "another target".to_owned()))
        } else if self.preprocessing.column_count() != features {
            Some((of(features, "columns"), of(self.preprocessing.column_count(), "columns of the preprocessing")))
        } else if let Some(net) = self.networks.iter().find(|net| net.inputs() != self.preprocessing.features()) {
            Some((of(self.preprocessing.features(), "features"), of(net.inputs(), "inputs of the network")))
        } else if let Some(net) = self.networks.iter().find(|net| net.outputs() != outputs) {
            Some((of(outputs, "outputs"), of(net.outputs(), "outputs of the network")))
        } else if let Some(net) = self.networks.iter().find(|net| net.dtype() != self.network().dtype()) {
            Some((format!("networks in {}", self.network().dtype()), format!("one in {}", net.dtype())))
        } else if scaled != should_scale {
            Some((format!("a scale for {should_scale:?} targets"), format!("{scaled:?}")))
        } else {
            None
        }
    }

    /// The names of the columns that it predicts from.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// The steps between data and network.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// The network; of an ensemble, the first of [`Model::networks`].
    pub fn network(&self) -> &AnyNetwork {
        &self.networks[0]
    }

    /// The meaning of the outputs.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Describes the model without the weights of its network.
    ///
    /// # Errors
    /// [`ErrorKind::NotStorable`](crate::error::ErrorKind::NotStorable) for a custom layer without
    /// a stored form ([`crate::layer::Layer::stored`]),
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for a custom activation
    /// with the name of a built-in one.
    pub fn spec(&self) -> Result<ModelSpec> {
        let mut layers = Vec::with_capacity(self.networks.len());
        for net in &self.networks {
            layers.push(either!(net, net => LayerSpec::all_of(net.layers(), ""))?);
        }
        let others = layers.split_off(1);
        Ok(ModelSpec {
            dtype: self.network().dtype(),
            layers: layers.remove(0),
            others,
            features: self.features.clone(),
            preprocessing: self.preprocessing.clone(),
            target: self.target.clone(),
            intervals: self.intervals.clone(),
            temperature: self.temperature,
            operating_point: self.operating_point,
            counted: self.form.counted,
            numbers: self.form.numbers,
            form: FileForm { counted: None, numbers: NumberFormat::default(), ..self.form.clone() },
        })
    }

    /// Computes the metrics on data that are not scaled, with the weights of the data.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the data have other features or
    /// targets.
    pub fn evaluate(&self, data: &Dataset) -> Result<Metrics> {
        self.check(data)?;
        let output = self.output(data.stored_inputs())?;
        Ok(Metrics::weighted(self.decided(&output), data.targets(), data.weights()))
    }

    /// As [`Model::evaluate`], with the metrics that take longer.
    ///
    /// # Errors
    /// As [`Model::evaluate`].
    pub fn evaluate_all(&self, data: &Dataset) -> Result<(Metrics, MoreMetrics)> {
        self.check(data)?;
        let output = self.output(data.stored_inputs())?;
        let metrics = Metrics::weighted(self.decided(&output), data.targets(), data.weights());
        let (predicted, predictions) = match self.target {
            Target::Classes { .. } => (self.classes_of(&output), softmax(&output.tensor()).into()),
            Target::Labels { .. } => (Vec::new(), probabilities_of_labels(&output)),
            Target::Values { .. } => (Vec::new(), output),
        };
        Ok((metrics, MoreMetrics::of_decided(&predictions, &predicted, data.targets(), data.weights())))
    }

    /// Computes the training loss on data that are not scaled, with the weights of the data.
    /// Returns `None` if the loss is neither built-in nor registered.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the data have other features or
    /// targets.
    pub fn evaluate_loss(&self, data: &Dataset) -> Result<Option<f64>> {
        self.check(data)?;
        let Some(name) = &self.training.loss else { return Ok(None) };
        self.loss_on(name, &self.preprocessing.apply(data)).transpose()
    }

    /// The loss of each sample of data that are not scaled, without weights.
    ///
    /// # Errors
    /// As [`Model::evaluate`].
    pub(crate) fn losses(&self, data: &Dataset, loss: LossName) -> Result<Vec<f64>> {
        self.check(data)?;
        let data = self.preprocessing.apply(data);
        let output = self.outputs_of(&data.stored_inputs().samples)?;
        let loss = loss.loss::<f64>();
        let of_part = |part: Range<usize>| -> Vec<f64> {
            let samples: Vec<usize> = part.collect();
            let (mut y_hat, mut y) =
                (Tensor::zeros(output.features(), samples.len()), Tensor::zeros(output.features(), samples.len()));
            output.write(&samples, &mut y_hat);
            data.targets().write(&samples, &mut y);
            (0..samples.len()).map(|sample| loss.cost(&y_hat, &y, sample)).collect()
        };
        let starts = (0..data.samples()).step_by(AT_A_TIME);
        Ok(starts.flat_map(|start| of_part(start..data.samples().min(start + AT_A_TIME))).collect())
    }

    /// Checks that the data have the features and targets of the model.
    fn check(&self, data: &Dataset) -> Result<()> {
        let of = |features: usize, outputs: usize, target: &Target| {
            let what = match target {
                Target::Classes { .. } => "classes",
                Target::Labels { .. } => "labels",
                Target::Values { .. } => "columns of values",
            };
            format!("{features} features and {outputs} {what}")
        };
        let expected = of(self.features.len(), self.target.outputs(), &self.target);
        let found = of(data.features(), data.outputs(), &data.targets().target());
        if expected == found { Ok(()) } else { Err(Error::shape("evaluate", expected, found)) }
    }

    /// The output of the network: logits, or values in the unit of the target.
    fn output(&self, inputs: &Features) -> Result<Samples> {
        let found = inputs.samples.features();
        if found != self.features.len() {
            return Err(Error::shape("predict", format!("{} features", self.features.len()), found));
        }
        let inputs = self.preprocessing.encode(inputs);
        Ok(self.preprocessing.restore(self.outputs_of(&inputs.samples)?))
    }
}

/// σ(z) of each label.
pub(crate) fn probabilities_of_labels(logits: &Samples) -> Samples {
    logits.map(|_, z| sigmoid(z))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Fractions;

    /// The first line is what the first model files hold, whose SHA-256 is of these very bytes.
    #[test]
    fn a_split_in_a_model_file() {
        let split = |by| Split { by, seed: 5, streams: 1 };
        for (json, split) in [
            (
                r#"{"fractions":{"validation":0.1,"test":0.2},"seed":5,"streams":1}"#,
                split(SplitBy::Fractions(Fractions { validation: 0.1, test: 0.2 })),
            ),
            (r#"{"official":{"validation":null},"seed":5,"streams":1}"#, split(SplitBy::Official { validation: None })),
            (
                r#"{"official":{"validation":0.1},"seed":5,"streams":1}"#,
                split(SplitBy::Official { validation: Some(0.1) }),
            ),
            (
                r#"{"groups":{"column":"patient","fractions":{"validation":0.1,"test":0.2}},"seed":5,"streams":1}"#,
                split(SplitBy::Groups {
                    column: "patient".to_owned(),
                    fractions: Fractions { validation: 0.1, test: 0.2 },
                }),
            ),
            (
                r#"{"column":{"column":"set","validation":null},"seed":5,"streams":1}"#,
                split(SplitBy::Column { column: "set".to_owned(), validation: None }),
            ),
            (
                r#"{"time":{"column":"day","fractions":{"validation":0.1,"test":0.2}},"seed":5,"streams":1}"#,
                split(SplitBy::Time { column: "day".to_owned(), fractions: Fractions { validation: 0.1, test: 0.2 } }),
            ),
            (
                r#"{"timefold":{"column":"day","number":2,"of":5,"validation":0.1},"seed":5,"streams":1}"#,
                split(SplitBy::TimeFold { column: "day".to_owned(), number: 2, of: 5, validation: 0.1 }),
            ),
            (
                r#"{"fold":{"number":1,"of":5,"validation":0.1,"groups":null},"seed":5,"streams":1}"#,
                split(SplitBy::Fold { number: 1, of: 5, validation: 0.1, groups: None }),
            ),
        ] {
            assert_eq!(serde_json::to_string(&split).unwrap(), json);
            assert_eq!(serde_json::from_str::<Split>(json).unwrap(), split);
        }
    }
}
