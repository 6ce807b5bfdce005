use mfnet_table::NumberFormat;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{TargetColumns, Training};
use crate::data::Preprocessing;
use crate::error::{Error, ModelProblem, Result};
use crate::layer::{Activation, AnyLayer, Linear};
use crate::network::NeuralNetwork;
use crate::tensor::{Dtype, Scalar, Tensor};

/// The latest version of the model file; this library reads all before it, too.
pub(super) const VERSION: u32 = 2;
/// The version that has neither encoders nor columns without names nor numbers such as 1.234,5, and is still written where there are none.
pub(super) const OF_NUMBERS: u32 = 1;

/// Everything in a model file that is no tensor: the JSON under the metadata key `mfnet`. Fields are written in this order, and floats so that they
/// round-trip, so equal models are equal bytes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metadata {
    pub(super) version: u32,
    pub(super) dtype: Dtype,
    pub(super) layers: Vec<LayerKind>,
    pub(super) features: Vec<String>,
    pub(super) preprocessing: Preprocessing,
    pub(super) target: TargetColumns,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) counted: Option<usize>,
    #[serde(default, skip_serializing_if = "is_usual")]
    pub(super) numbers: NumberFormat,
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

/// A layer without its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum LayerKind {
    Linear { inputs: usize, outputs: usize },
    Activation { function: String },
}

impl LayerKind {
    pub(super) fn all_of<T: Scalar>(net: &NeuralNetwork<T>) -> Result<Vec<LayerKind>> {
        let kind = |(index, layer): (usize, &AnyLayer<T>)| match layer {
            AnyLayer::Linear(linear) => Ok(LayerKind::Linear { inputs: linear.inputs(), outputs: linear.outputs() }),
            AnyLayer::Activation(activation)
                if Activation::<T>::from_label(activation.label()).as_ref() == Some(activation) =>
            {
                Ok(LayerKind::Activation { function: activation.label().to_owned() })
            }
            own => Err(Error::NotStorable { index, name: own.as_layer().name() }),
        };
        net.layers().iter().enumerate().map(kind).collect()
    }

    /// The layer; `parameters` reads `[b | W]` of this shape.
    pub(super) fn build<T: Scalar>(
        &self,
        parameters: impl FnOnce(usize, usize) -> std::result::Result<Tensor<T>, ModelProblem>,
    ) -> std::result::Result<AnyLayer<T>, ModelProblem> {
        match self {
            LayerKind::Linear { inputs, outputs } => {
                let linear = Linear::new(parameters(*inputs, *outputs)?);
                Ok(linear.map_err(|error| ModelProblem::Inconsistent(error.to_string()))?.into())
            }
            LayerKind::Activation { function } => match Activation::from_label(function) {
                Some(activation) => Ok(activation.into()),
                None => Err(ModelProblem::Inconsistent(format!("there is no activation {function:?}"))),
            },
        }
    }
}
