//! [`Model`]: all that is needed to predict: preprocessing, network, labels, in one file.

mod data;
mod file;
mod importance;
mod network;
mod pytorch;
mod registry;
mod row_predictor;
mod spec;

use std::collections::BTreeMap;

pub use data::UnknownLevels;
pub use importance::Importance;
use mfnet_table::FileForm;
pub use network::AnyNetwork;
use network::either;
pub use registry::Registry;
pub use row_predictor::{Cell, Prediction, RowPredictor};
use serde::{Deserialize, Serialize};
pub use spec::ModelSpec;

pub use crate::layer::LayerSpec;

use crate::data::{Dataset, Features, Preprocessing, Samples, SplitBy, Target};
use crate::error::{Error, Result};
use crate::metric::Metrics;
use crate::random::{STREAM_VERSION, Seed};

/// A trained network with what it needs to be used on a file: which columns are its features, how they are scaled, what its outputs mean.
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
    network: AnyNetwork,
    target: Target,
    /// How the table was written.
    form: FileForm,
    registry: Registry,
    /// How it was trained; empty unless set. It is stored with the model.
    pub training: Training,
}

/// How a model was trained: for people, and to find the test samples again. No time, thread count or path, so that equal models are equal files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Training {
    /// The name of the loss.
    pub loss: Option<String>,
    /// SHA-256 of the data, of which a part were training samples.
    pub data: Option<String>,
    /// The same of the data that it was trained on before it went on with these (a warm start), the latest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier_data: Vec<String>,
    /// How the data were split.
    pub split: Option<Split>,
    /// All other settings, by name.
    pub settings: BTreeMap<String, serde_json::Value>,
}

impl Training {
    /// Whether some samples of the data with this SHA-256 were training samples, now or before a warm start. Data of which a part is in them, in
    /// another file, are other data.
    pub fn has_seen(&self, data: &str) -> bool {
        self.data.iter().chain(&self.earlier_data).any(|seen| seen == data)
    }

    /// The column that says how much each row counts, if there was one.
    pub fn sample_weight(&self) -> Option<&str> {
        self.settings.get("sample_weight").and_then(serde_json::Value::as_str)
    }

    /// How much each class counted in the loss, by label; none if all counted alike.
    pub fn class_weights(&self) -> Option<BTreeMap<String, f64>> {
        let weights = self.settings.get("class_weight")?.as_object()?;
        Some(weights.iter().filter_map(|(label, weight)| Some((label.clone(), weight.as_f64()?))).collect())
    }
}

/// A division of a data set that can be made again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// By what the samples were divided.
    #[serde(flatten)]
    pub by: SplitBy,
    /// The seed of what was drawn.
    pub seed: u64,
    /// The version of the random streams.
    pub streams: u32,
}

impl Split {
    /// The division that [`Dataset::split_by`] makes in this version of the library.
    pub fn new(by: SplitBy, seed: Seed) -> Self {
        Split { by, seed: seed.0, streams: STREAM_VERSION }
    }

    /// Whether this version of the library draws what was drawn then, or nothing was drawn.
    pub fn is_repeatable(&self) -> bool {
        self.streams == STREAM_VERSION || !self.by.is_drawn()
    }

    /// Whether both divide the same data alike. Where nothing is drawn the seeds may differ.
    pub fn is_same(&self, other: &Split) -> bool {
        self == other || (self.by == other.by && !self.by.is_drawn())
    }

    /// Training, validation and test samples of the same data.
    ///
    /// # Errors
    /// As [`Dataset::split_by`].
    pub fn apply(&self, data: &Dataset) -> Result<(Dataset, Dataset, Dataset)> {
        data.split_by(self.by.clone(), Seed(self.seed))
    }
}

/// The predictions of a model, one for each row of a table, in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// Classification.
    Classes {
        /// The classes' labels.
        labels: Vec<String>,
        /// For each row the index of its most probable class.
        indices: Vec<usize>,
        /// The probability of each class.
        probabilities: Samples,
    },
    /// Regression, in the targets' own units.
    Values {
        /// The columns' names.
        columns: Vec<String>,
        /// A value of each column.
        values: Samples,
    },
}

impl Model {
    /// A model of a network that was trained on data like `data`, preprocessed like this.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if network, preprocessing and data do not fit together.
    pub fn new(data: &Dataset, preprocessing: Preprocessing, network: impl Into<AnyNetwork>) -> Result<Self> {
        let target = data.targets().target();
        let features = data.feature_names().to_vec();
        let form = data.stored_inputs().form;
        let (network, registry, training) = (network.into(), Registry::new(), Training::default());
        let model = Model { features, preprocessing, network, target, form, registry, training };
        model.inconsistency().map_or(Ok(model), |(expected, found)| Err(Error::shape("Model", expected, found)))
    }

    /// What does not fit together: what was expected, what was found.
    fn inconsistency(&self) -> Option<(String, String)> {
        let features = self.features.len();
        let outputs = self.target.outputs();
        let scaled = self.preprocessing.targets.as_ref().map(|standardizer| standardizer.features());
        let should_scale = matches!(self.target, Target::Values { .. }).then_some(outputs);
        let of = |n: usize, what: &str| format!("{n} {what}");
        // a category may have no level, and then is no feature
        if features == 0 || self.preprocessing.features() == 0 || outputs == 0 {
            let found = format!("{features}, {} and {outputs}", self.preprocessing.features());
            Some(("at least one column, one feature and one output".to_owned(), found))
        } else if self.preprocessing.column_count() != features {
            Some((of(features, "columns"), of(self.preprocessing.column_count(), "columns of the preprocessing")))
        } else if self.network.inputs() != self.preprocessing.features() {
            Some((of(self.preprocessing.features(), "features"), of(self.network.inputs(), "inputs of the network")))
        } else if self.network.outputs() != outputs {
            Some((of(outputs, "outputs"), of(self.network.outputs(), "outputs of the network")))
        } else if scaled != should_scale {
            Some((format!("a scale for {should_scale:?} targets"), format!("{scaled:?}")))
        } else {
            None
        }
    }

    /// The columns that it predicts from.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// What is done to data before the network sees them.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// The network.
    pub fn network(&self) -> &AnyNetwork {
        &self.network
    }

    /// What its outputs mean.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The model without the numbers of its network.
    ///
    /// # Errors
    /// [`ErrorKind::NotStorable`](crate::error::ErrorKind::NotStorable) for a layer of your own that has no stored form ([`crate::layer::Layer::stored`]), [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for an
    /// activation of your own with the name of one of the library's.
    pub fn spec(&self) -> Result<ModelSpec> {
        Ok(ModelSpec {
            dtype: self.network.dtype(),
            layers: either!(&self.network, net => LayerSpec::all_of(net.layers(), ""))?,
            features: self.features.clone(),
            preprocessing: self.preprocessing.clone(),
            target: self.target.clone(),
            counted: self.form.counted,
            numbers: self.form.numbers,
        })
    }

    /// Its metrics for data that are not scaled, with the weights of the data.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the data have other features or targets.
    pub fn evaluate(&self, data: &Dataset) -> Result<Metrics> {
        self.check(data)?;
        Ok(Metrics::weighted(self.output(data.stored_inputs())?, data.targets(), data.weights()))
    }

    /// The loss that it was trained with, of data that are not scaled, with the weights of the data; none if the loss is neither one of the library's nor registered.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the data have other features or targets.
    pub fn evaluate_loss(&self, data: &Dataset) -> Result<Option<f64>> {
        self.check(data)?;
        let Some(name) = &self.training.loss else { return Ok(None) };
        self.network.evaluate_loss(name, &self.registry, &self.preprocessing.apply(data)).transpose()
    }

    /// Error unless the data have the features and targets of the model.
    fn check(&self, data: &Dataset) -> Result<()> {
        let of = |features: usize, outputs: usize, classes: bool| {
            format!("{features} features and {outputs} {}", if classes { "classes" } else { "columns of values" })
        };
        let classes = matches!(self.target, Target::Classes { .. });
        let expected = of(self.features.len(), self.target.outputs(), classes);
        let found = of(data.features(), data.outputs(), data.classes() > 0);
        if expected == found { Ok(()) } else { Err(Error::shape("evaluate", expected, found)) }
    }

    /// The network's output, in the targets' own units: logits or values.
    fn output(&self, inputs: &Features) -> Result<Samples> {
        let found = inputs.samples.features();
        if found != self.features.len() {
            return Err(Error::shape("predict", format!("{} features", self.features.len()), found));
        }
        let inputs = self.preprocessing.encode(inputs);
        Ok(self.preprocessing.restore(self.network.outputs_of(&inputs.samples)?))
    }
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
                r#"{"fold":{"number":1,"of":5,"validation":0.1,"groups":null},"seed":5,"streams":1}"#,
                split(SplitBy::Fold { number: 1, of: 5, validation: 0.1, groups: None }),
            ),
        ] {
            assert_eq!(serde_json::to_string(&split).unwrap(), json);
            assert_eq!(serde_json::from_str::<Split>(json).unwrap(), split);
        }
    }
}
