//! Writes a model as a PyTorch program.

use super::{LayerSpec, ModelSpec};
use crate::data::{Scaler, Target};
use crate::tensor::Dtype;

// parts of the program: two versions of the function that scales the inputs, and the encoding of
// columns that are not only numbers
const AFFINE: &str = include_str!("pytorch/affine.py");
const QUANTILES: &str = include_str!("pytorch/quantiles.py");
const ENCODED: &str = include_str!("pytorch/encoded.py");

impl ModelSpec {
    /// A PyTorch program that makes the predictions of the model in the file `path`. It reads
    /// weights and scaling from that file.
    pub fn pytorch(&self, path: &str) -> String {
        let mut classes = Vec::new();
        let layers = LayerSpec::torch(&self.layers, &mut classes);
        let classes: String = classes.iter().map(|class| format!("{class}\n")).collect();
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
            classes = classes,
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
