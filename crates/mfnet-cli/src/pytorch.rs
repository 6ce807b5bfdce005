//! A model as a program for PyTorch, which predicts what `mfnet predict` does.

use mfnet::{AnyLayer, AnyNetwork, Model, Scalar, Scaler, Target};

// parts of the program: the two bodies of the function that scales the inputs, what makes features of columns that are not numbers alone, and the module
// of a residual block
const AFFINE: &str = include_str!("pytorch/affine.py");
const QUANTILES: &str = include_str!("pytorch/quantiles.py");
const ENCODED: &str = include_str!("pytorch/encoded.py");
const RESIDUAL: &str = include_str!("pytorch/residual.py");

/// The program. The numbers of the scaling come from the model file, as the weights do.
pub(crate) fn program(model: &Model, path: &str) -> String {
    let (layers, dtype) = match model.network() {
        AnyNetwork::F64(net) => (layers(net.layers()), "torch.float64"),
        AnyNetwork::F32(net) => (layers(net.layers()), "torch.float32"),
    };
    let layers = layers.join(", ");
    let residual = if layers.contains("Residual(") { RESIDUAL } else { "" };
    let prediction = match model.target() {
        Target::Classes { .. } => "return torch.softmax(output, 1)  # probabilities of model[\"target\"][\"labels\"]",
        Target::Values { .. } => {
            "shift, scale = numbers(\"targets\")\n    return shift + scale * output  # values of model[\"target\"][\"columns\"]"
        }
    };
    let (numpy, scaled) = match model.preprocessing().inputs {
        Scaler::Affine(_) => ("", AFFINE),
        Scaler::Quantiles(_) => ("numpy, ", QUANTILES),
    };
    let numbers = "x):  # rows of the table in torch.float64, the columns of model[\"features\"] in this order";
    let (json, dates, encoded, rows, features) = match model.preprocessing().columns {
        None => ("json", "", "", numbers, "scaled(x)"),
        Some(_) => {
            let rows = "rows):  # of the table, as csv.DictReader gives them";
            ("json, math", "\nfrom datetime import datetime, timezone", ENCODED, rows, "encoded(rows)")
        }
    };
    let imports = format!("import {json}, {numpy}torch{dates}");
    format!(
        include_str!("pytorch/program.py"),
        imports = imports,
        residual = residual,
        path = path,
        layers = layers,
        dtype = dtype,
        scaled = scaled,
        encoded = encoded,
        rows = rows,
        features = features,
        prediction = prediction,
    )
}

fn layers<T: Scalar>(layers_of: &[AnyLayer<T>]) -> Vec<String> {
    let layer = |layer: &AnyLayer<T>| match layer {
        AnyLayer::Linear(linear) => format!("nn.Linear({}, {})", linear.inputs(), linear.outputs()),
        AnyLayer::Activation(activation) => {
            activation.torch().map_or_else(|| activation.label().to_owned(), |name| format!("nn.{name}"))
        }
        AnyLayer::Residual(block) => format!("Residual({})", layers(block.layers()).join(", ")),
        AnyLayer::Custom(own) => own.name(),
    };
    layers_of.iter().map(layer).collect()
}
