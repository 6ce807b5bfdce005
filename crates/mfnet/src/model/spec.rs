use mfnet_table::NumberFormat;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Registry, Training};
use crate::data::{Preprocessing, Target};
use crate::error::{Error, ErrorKind, ModelProblem, Result};
use crate::layer::{Activation, AnyLayer, Linear, Residual};
use crate::tensor::{Dtype, Scalar, Tensor};

/// The latest version of the model file; this library reads all before it, too.
pub(super) const VERSION: u32 = 3;
/// The version that has no blocks and no registered layers, and is still written where there are none.
pub(super) const OF_PLAIN_LAYERS: u32 = 2;
/// The version that has neither encoders nor columns without names nor numbers such as 1.234,5, and is still written where there are none.
pub(super) const OF_NUMBERS: u32 = 1;

/// A model without the numbers of its network: what a model file says beside its tensors, and what a program for another
/// library is written from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// The type of the weights.
    pub dtype: Dtype,
    /// The layers in order.
    pub layers: Vec<LayerSpec>,
    /// The columns that the model predicts from.
    pub features: Vec<String>,
    /// What is done to them before the network sees them.
    pub preprocessing: Preprocessing,
    /// What the outputs mean.
    pub target: Target,
    /// How many columns the file had whose columns have no names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<usize>,
    /// How numbers are written in it.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub numbers: NumberFormat,
}

/// Everything in a model file that is no tensor: the JSON under the metadata key `mfnet`. Fields are written in this order, and floats so that they
/// round-trip, so equal models are equal bytes.
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

fn is_usual(numbers: &NumberFormat) -> bool {
    *numbers == NumberFormat::default()
}

impl Metadata {
    /// SHA-256, in hexadecimal digits, of this metadata with an empty `sha256`, and of all tensors' bytes in the order of their layers: it shows
    /// whether a file is what was written.
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
    /// The oldest version of a model file that can say it.
    pub(super) fn version(&self) -> u32 {
        if self.layers.iter().any(LayerSpec::is_new) {
            VERSION
        } else if self.preprocessing.columns.is_some() || self.counted.is_some() || !is_usual(&self.numbers) {
            OF_PLAIN_LAYERS
        } else {
            OF_NUMBERS
        }
    }
}

/// A layer without its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum LayerSpec {
    /// [`Linear`].
    Linear {
        /// Input features.
        inputs: usize,
        /// Output features.
        outputs: usize,
    },
    /// [`Activation`].
    Activation {
        /// Its label.
        function: String,
    },
    /// [`Residual`].
    Residual {
        /// The layers of f.
        layers: Vec<LayerSpec>,
    },
    /// A layer of your own.
    Registered {
        /// The name under which a [`Registry`] makes it.
        name: String,
        /// What it is made from.
        settings: serde_json::Value,
    },
}

/// Error unless a file has a tensor of this name and shape.
pub(super) type Check<'a> = dyn Fn(&str, &[usize]) -> std::result::Result<(), ModelProblem> + 'a;

impl LayerSpec {
    /// Those of a list of layers, whose places begin with `before`.
    pub(super) fn all_of<T: Scalar>(layers: &[AnyLayer<T>], before: &str) -> Result<Vec<LayerSpec>> {
        let kind = |(index, layer): (usize, &AnyLayer<T>)| match layer {
            AnyLayer::Linear(linear) => Ok(LayerSpec::Linear { inputs: linear.inputs(), outputs: linear.outputs() }),
            // a name of the library's would be read as the library's
            AnyLayer::Activation(own @ Activation::Custom(_)) if Activation::<T>::from_label(own.label()).is_some() => {
                Err(Error::invalid("name of an activation of your own", "one that none of mfnet's has", own.label()))
            }
            AnyLayer::Activation(activation) => Ok(LayerSpec::Activation { function: activation.label().to_owned() }),
            AnyLayer::Residual(block) => {
                Ok(LayerSpec::Residual { layers: LayerSpec::all_of(block.layers(), &format!("{before}{index}.f."))? })
            }
            AnyLayer::Custom(own) => match own.stored() {
                Some((name, settings)) => Ok(LayerSpec::Registered { name: name.to_owned(), settings }),
                None => Err(ErrorKind::NotStorable(format!("{before}{index}"), own.name()).into()),
            },
        };
        layers.iter().enumerate().map(kind).collect()
    }

    /// Whether an older version of the library cannot read it.
    pub(super) fn is_new(&self) -> bool {
        match self {
            LayerSpec::Linear { .. } => false,
            LayerSpec::Activation { function } => Activation::<f64>::from_label(function).is_none(),
            LayerSpec::Residual { .. } | LayerSpec::Registered { .. } => true,
        }
    }

    /// The layer at this place (`2`, or `1.f.0` in a block), a linear one with zeros for parameters. `check` sees to it that the
    /// file has a tensor of this name and shape, before memory is asked for one.
    pub(super) fn build<T: Scalar>(
        &self,
        place: &str,
        registry: &Registry,
        check: &Check<'_>,
    ) -> std::result::Result<AnyLayer<T>, ModelProblem> {
        let inconsistent = |error: Error| ModelProblem::Inconsistent(error.to_string());
        let unknown = |what, name: &String| ModelProblem::NotRegistered(what, name.clone());
        match self {
            LayerSpec::Linear { inputs, outputs } if *inputs == 0 || *outputs == 0 => Err(ModelProblem::Inconsistent(
                format!("layer {place} has {inputs} inputs and {outputs} outputs, and needs at least one of each"),
            )),
            LayerSpec::Linear { inputs, outputs } => {
                check(&format!("{place}.weight"), &[*outputs, *inputs])?;
                Ok(Linear::new(Tensor::zeros(*outputs, 1 + inputs)).map_err(inconsistent)?.into())
            }
            LayerSpec::Activation { function } => match registry.find_activation(function) {
                Some(activation) => Ok(activation.into()),
                None => Err(unknown("activation", function)),
            },
            LayerSpec::Residual { layers } => {
                let layer = |(i, layer): (usize, &LayerSpec)| layer.build(&format!("{place}.f.{i}"), registry, check);
                let layers = layers.iter().enumerate().map(layer);
                let block = Residual::new(layers.collect::<std::result::Result<_, _>>()?);
                Ok(block.map_err(inconsistent)?.into())
            }
            LayerSpec::Registered { name, settings } => match registry.make_layer(name, settings) {
                Some(layer) => Ok(layer.map_err(inconsistent)?.into()),
                None => Err(unknown("layer", name)),
            },
        }
    }
}
