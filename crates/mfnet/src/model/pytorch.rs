//! Writes a model as a PyTorch program.

use super::{LayerSpec, ModelSpec};
use crate::data::{Link, Scaler, Target};
use crate::escape::is_unprintable;
use crate::tensor::Dtype;

// parts of the program: two versions of the function that scales the inputs, and the encoding of
// columns that are not only numbers
const AFFINE: &str = include_str!("pytorch/affine.py");
const QUANTILES: &str = include_str!("pytorch/quantiles.py");
const ENCODED: &str = include_str!("pytorch/encoded.py");
/// A function for the classes that a model with a threshold predicts.
const CLASSES: &str = include_str!("pytorch/classes.py");

/// How outputs of a regression get the unit of the target, and what they then are.
const SCALE: &str = "    shift, scale = numbers(\"targets\")\n";
const VALUES: &str = "values of model[\"target\"][\"columns\"]";

impl ModelSpec {
    /// A PyTorch program that makes the predictions of the model in the file `path`. It reads
    /// weights and scaling from that file.
    pub fn pytorch(&self, path: &str) -> String {
        let mut classes = Vec::new();
        let mut layers = |specs: &[LayerSpec]| LayerSpec::torch(specs, &mut classes);
        let dtype = match self.dtype {
            Dtype::F64 => "torch.float64",
            Dtype::F32 => "torch.float32",
        };
        let network = if self.others.is_empty() {
            format!(include_str!("pytorch/network.py"), layers = layers(&self.layers), dtype = dtype)
        } else {
            let all = self.networks().map(|(specs, _)| format!("\n    nn.Sequential({}),", layers(specs)));
            format!(include_str!("pytorch/ensemble.py"), layers = all.collect::<String>() + "\n", dtype = dtype)
        };
        let classes: String = classes.iter().map(|class| format!("{class}\n")).collect();
        let prediction = self.torch_prediction();
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
            path = literal(path),
            network = network.trim_end(),
            dtype = dtype,
            scaled = scaled,
            encoded = encoded,
            rows = rows,
            features = features,
            prediction = prediction,
            decision = if self.operating_point.is_some() { CLASSES } else { "" },
        )
    }

    /// The last lines of the program: from the features x to the prediction.
    fn torch_prediction(&self) -> String {
        let is_ensemble = !self.others.is_empty();
        let (outputs, mean) = match is_ensemble {
            true => ("torch.stack([net(x).double() for net in nets])", ".mean(0)"),
            false => ("net(x).double()", ""),
        };
        let (before, y, meaning) = match (&self.target, self.preprocessing.link) {
            (Target::Classes { .. }, _) => {
                let p = match (is_ensemble, self.temperature.is_some()) {
                    (_, false) => "torch.softmax(output, -1)",
                    (false, true) => "torch.softmax(output / model[\"temperature\"], -1)",
                    (true, true) => {
                        "torch.softmax(torch.softmax(output, -1).mean(0).log() / model[\"temperature\"], -1)"
                    }
                };
                let mean = if self.temperature.is_some() { "" } else { mean };
                ("", format!("{p}{mean}"), "probabilities of model[\"target\"][\"labels\"]")
            }
            (Target::Labels { .. }, _) => {
                ("", format!("torch.sigmoid(output){mean}"), "probabilities of model[\"target\"][\"labels\"]")
            }
            (Target::Values { .. }, Link::Identity) => (SCALE, format!("shift + scale * output{mean}"), VALUES),
            (Target::Values { .. }, Link::Log) => (SCALE, format!("shift + scale * output.exp(){mean}"), VALUES),
        };
        format!("    output = {outputs}\n{before}    return {y}  # {meaning}")
    }
}

/// A text as a literal of Python, on one line.
fn literal(text: &str) -> String {
    let escaped = |character: char| match character {
        '"' | '\\' => format!("\\{character}"),
        plain if !is_unprintable(plain) => plain.to_string(),
        other => format!("\\U{:08x}", u32::from(other)),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_python() {
        assert_eq!(literal("runs/iris-1/model.safetensors"), r#""runs/iris-1/model.safetensors""#);
        assert_eq!(literal("a\"b\\c'd"), r#""a\"b\\c'd""#);
        assert_eq!(literal("\n\u{1b}é\u{202e}"), r#""\U0000000a\U0000001bé\U0000202e""#);
    }
}
