//! A model as a program for PyTorch.

use super::{LayerSpec, ModelSpec};
use crate::data::{Scaler, Target};
use crate::layer::Activation;
use crate::tensor::Dtype;

// parts of the program: the two bodies of the function that scales the inputs, what makes features of columns that are not numbers alone, and the module
// of a residual block
const AFFINE: &str = include_str!("pytorch/affine.py");
const QUANTILES: &str = include_str!("pytorch/quantiles.py");
const ENCODED: &str = include_str!("pytorch/encoded.py");
const RESIDUAL: &str = include_str!("pytorch/residual.py");

impl ModelSpec {
    /// A program for PyTorch that predicts what the model in the file `path` predicts. Weights and the numbers of the scaling come from that file.
    pub fn pytorch(&self, path: &str) -> String {
        let layers = modules(&self.layers);
        let residual = if layers.contains("Residual(") { RESIDUAL } else { "" };
        let dtype = match self.dtype {
            Dtype::F64 => "torch.float64",
            Dtype::F32 => "torch.float32",
        };
        let prediction = match self.target {
            Target::Classes { .. } => {
                "return torch.softmax(output, 1)  # probabilities of model[\"target\"][\"labels\"]"
            }
            Target::Values { .. } => {
                "shift, scale = numbers(\"targets\")\n    return shift + scale * output  # values of model[\"target\"][\"columns\"]"
            }
        };
        let (numpy, scaled) = match self.preprocessing.inputs {
            Scaler::Affine(_) => ("", AFFINE),
            Scaler::Quantiles(_) => ("numpy, ", QUANTILES),
        };
        let numbers = "x):  # rows of the table in torch.float64, the columns of model[\"features\"] in this order";
        let (json, dates, encoded, rows, features) = match self.preprocessing.columns {
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
}

/// The modules of these layers, with commas.
fn modules(layers: &[LayerSpec]) -> String {
    let module = |layer: &LayerSpec| match layer {
        LayerSpec::Linear { inputs, outputs } => format!("nn.Linear({inputs}, {outputs})"),
        LayerSpec::Activation { function } => match Activation::<f64>::from_label(function).and_then(|g| g.torch()) {
            Some(module) => format!("nn.{module}"),
            None => function.clone(),
        },
        LayerSpec::Residual { layers } => format!("Residual({})", modules(layers)),
        LayerSpec::Registered { name, .. } => name.clone(),
    };
    layers.iter().map(module).collect::<Vec<_>>().join(", ")
}
