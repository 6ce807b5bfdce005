use mfnet_table::{FileForm, NumberFormat};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Intervals, OperatingPoint, Registry, Training};
use crate::data::{Link, Preprocessing, Target};
use crate::error::{Error, ModelProblem};
use crate::layer::{Activation, AnyLayer, LayerSpec, Linear, Residual};
use crate::tensor::{Dtype, Scalar, Tensor};

/// The newest version of the model file; this library reads all earlier ones too.
pub(super) const VERSION: u32 = 7;
/// The version without ensembles, temperatures, thresholds and several labels at once; written if it is enough.
const OF_LINKS: u32 = 6;
/// The version without links of outputs, noise and intervals; written if it is enough.
const OF_FORMS: u32 = 5;
/// The version without delimiters, and without columns written in ways of their own; written if it
/// is enough.
const OF_LAYERS: u32 = 4;
/// The version with only linear layers, four activations, blocks and registered layers; written if
/// it is enough.
const OF_BLOCKS: u32 = 3;
/// The version without blocks and registered layers; written if it is enough.
const OF_TABLES: u32 = 2;
/// The version without encoders, columns without names, and numbers such as 1.234,5; written if it
/// is enough.
pub(super) const OF_NUMBERS: u32 = 1;

/// A model without its weights: the metadata of a model file, and the source of a program for
/// another library.
///
/// ```
/// use mfnet::{Dataset, Model, NeuralNetwork, Preprocessing, Seed};
/// let data = Dataset::built_in("digits")?;
/// let net = NeuralNetwork::builder(64).linear(10).build(Seed(0))?;
/// let model = Model::new(&data, Preprocessing::fit(&data), net)?;
/// let spec = model.spec()?;
/// assert_eq!((spec.layers.len(), spec.features.len()), (1, 64));
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// The type of the weights.
    pub dtype: Dtype,
    /// The layers, in order.
    pub layers: Vec<LayerSpec>,
    /// The layers of each further network of an ensemble.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Vec<LayerSpec>>,
    /// The names of the columns that the model predicts from.
    pub features: Vec<String>,
    /// The steps between columns and network.
    pub preprocessing: Preprocessing,
    /// The meaning of the outputs.
    pub target: Target,
    /// What prediction intervals are made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Intervals>,
    /// See [`Model::temperature`](super::Model::temperature).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// See [`Model::operating_point`](super::Model::operating_point).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operating_point: Option<OperatingPoint>,
    /// Number of columns of the training file, if they have no names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<usize>,
    /// How the numbers of the training file are written, unless `form` says otherwise.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub numbers: NumberFormat,
    /// What else is unusual about the training file.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub form: FileForm,
}

/// The contents of a model file besides its tensors: JSON under the metadata key `mfnet`. Fields
/// have a fixed order, and floats round-trip, so that equal models are equal bytes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metadata {
    pub(super) version: u32,
    #[serde(flatten)]
    pub(super) spec: ModelSpec,
    pub(super) training: Training,
    /// See [`Metadata::digest`].
    pub(super) sha256: String,
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Metadata {
    /// SHA-256 in hexadecimal of this metadata with an empty `sha256`, then of all tensors' bytes
    /// in the order of their layers. It shows whether a file is unaltered.
    pub(super) fn digest<'a>(&self, tensors: impl Iterator<Item = &'a [u8]>) -> serde_json::Result<String> {
        let mut metadata = serde_json::to_value(self)?;
        metadata["sha256"] = "".into();
        let mut hash = Sha256::new_with_prefix(metadata.to_string());
        for bytes in tensors {
            hash.update(bytes);
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl ModelSpec {
    /// The layers of each network, and what the names of its tensors begin with: nothing for the
    /// first one, `network1.` for the second.
    pub(super) fn networks(&self) -> impl Iterator<Item = (&[LayerSpec], String)> {
        let others = self.others.iter().zip(1..).map(|(layers, k)| (&**layers, prefix(k)));
        [(&*self.layers, prefix(0))].into_iter().chain(others)
    }

    /// The oldest version of a model file that can store this.
    pub(super) fn version(&self) -> u32 {
        let of_table = self.preprocessing.columns.is_some() || self.counted.is_some() || !is_usual(&self.numbers);
        let of_table = match (is_usual(&self.form), of_table) {
            (false, _) => OF_FORMS,
            (true, true) => OF_TABLES,
            (true, false) => OF_NUMBERS,
        };
        let has_link = self.preprocessing.link != Link::Identity || self.intervals.is_some();
        let has_labels = matches!(self.target, Target::Labels { .. });
        let is_new =
            !self.others.is_empty() || self.temperature.is_some() || self.operating_point.is_some() || has_labels;
        let of_rest = match (is_new, has_link) {
            (true, _) => VERSION,
            (false, true) => OF_LINKS,
            (false, false) => of_table,
        };
        self.layers.iter().map(version_of).fold(of_rest, u32::max)
    }
}

/// What the names of the tensors of a network begin with.
pub(super) fn prefix(network: usize) -> String {
    if network == 0 { String::new() } else { format!("network{network}.") }
}

/// Returns an error unless the file has a tensor with this name and shape.
pub(super) type Check<'a> = dyn Fn(&str, &[usize]) -> std::result::Result<(), ModelProblem> + 'a;

/// The oldest version of a model file that can store this layer.
fn version_of(layer: &LayerSpec) -> u32 {
    match layer {
        LayerSpec::Linear { .. } => OF_NUMBERS,
        LayerSpec::Activation { function } => match function.as_str() {
            "relu" | "sigmoid" | "tanh" | "identity" => OF_NUMBERS,
            built_in if Activation::<f64>::from_label(built_in).is_some() => OF_LAYERS,
            _ => OF_BLOCKS,
        },
        LayerSpec::Residual { layers } => layers.iter().map(version_of).max().unwrap_or(0).max(OF_BLOCKS),
        LayerSpec::Registered { .. } => OF_BLOCKS,
        LayerSpec::Noise(_) => OF_LINKS,
        _ => OF_LAYERS,
    }
}

/// Builds the described layers, not yet trained, for this many input features; their names begin
/// with `before`. `check` verifies that the file has a tensor with the right name and shape before
/// memory is allocated.
pub(super) fn build_all<T: Scalar>(
    specs: &[LayerSpec],
    (before, mut features): (&str, usize),
    registry: &Registry,
    check: &Check<'_>,
) -> std::result::Result<Vec<AnyLayer<T>>, ModelProblem> {
    let mut layers = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        let layer = build(spec, (&format!("{before}{index}"), features), registry, check)?;
        features = layer.output_features(features).map_err(inconsistent)?;
        layers.push(layer);
    }
    Ok(layers)
}

fn inconsistent(error: Error) -> ModelProblem {
    ModelProblem::Inconsistent(error.to_string())
}

/// Builds the layer at this place: `2`, or `1.f.0` in a block.
fn build<T: Scalar>(
    spec: &LayerSpec,
    (place, features): (&str, usize),
    registry: &Registry,
    check: &Check<'_>,
) -> std::result::Result<AnyLayer<T>, ModelProblem> {
    let unknown = |what, name: &String| ModelProblem::NotRegistered(what, name.clone());
    match spec {
        LayerSpec::Linear { inputs, outputs } => {
            let inputs = inputs.unwrap_or(features);
            if inputs == 0 || *outputs == 0 {
                let found = format!("layer {place} has {inputs} inputs and {outputs} outputs");
                return Err(ModelProblem::Inconsistent(format!("{found}, and needs at least one of each")));
            }
            check(&format!("{place}.weight"), &[*outputs, inputs])?;
            Ok(Linear::new(Tensor::zeros(*outputs, 1 + inputs)).map_err(inconsistent)?.into())
        }
        LayerSpec::Activation { function } => match registry.find_activation(function) {
            Some(activation) => Ok(activation.into()),
            None => Err(unknown("activation", function)),
        },
        LayerSpec::Residual { layers } => {
            let layers = build_all(layers, (&format!("{place}.f."), features), registry, check)?;
            Ok(Residual::new(layers).map_err(inconsistent)?.into())
        }
        LayerSpec::Registered { name, settings } => match registry.make_layer(name, settings) {
            Some(layer) => Ok(layer.map_err(inconsistent)?.into()),
            None => Err(unknown("layer", name)),
        },
        built_in => {
            if let Some((name, shape)) = built_in.tensor() {
                check(&format!("{place}.{name}"), &shape)?;
            }
            let layer =
                built_in.start(features).unwrap_or_else(|| Err(Error::invalid("layer", "one of mfnet's", place)));
            layer.map_err(inconsistent)
        }
    }
}
