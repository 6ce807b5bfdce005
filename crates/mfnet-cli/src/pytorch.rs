//! A model as a program for PyTorch, which predicts what `mfnet predict` does.

use mfnet::{AnyLayer, AnyNetwork, Model, Scalar, Scaler, TargetColumns};

/// The bodies of the function that scales the inputs.
const AFFINE: &str = r#"    shift, scale = numbers("inputs")
    return (x - shift) / scale"#;
const QUANTILES: &str = r#"    def part(x, values):  # of the training rows that lie below x
        parts = numpy.linspace(0, 1, len(values))
        from_above = -numpy.interp(-x, -values[::-1], -parts[::-1])
        return (numpy.interp(x, values, parts) + from_above) / 2 if values[0] < values[-1] else 0 * x + 0.5

    values = model["preprocessing"]["inputs"]
    parts = [part(x[:, i].numpy(), numpy.array(values[i])) for i in range(len(values))]
    return torch.special.ndtri(torch.tensor(numpy.array(parts).T).clip(1e-7, 1 - 1e-7))"#;

/// What makes features of the columns, where they are not numbers alone.
const ENCODED: &str = include_str!("pytorch/encoded.py");

/// The module of a residual block, where there is one.
const RESIDUAL: &str = "class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.f = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.f(x)

";

/// The program. The numbers of the scaling come from the model file, as the weights do.
pub(crate) fn program(model: &Model, path: &str) -> String {
    let (layers, dtype) = match model.network() {
        AnyNetwork::F64(net) => (layers(net.layers()), "torch.float64"),
        AnyNetwork::F32(net) => (layers(net.layers()), "torch.float32"),
    };
    let layers = layers.join(", ");
    let residual = if layers.contains("Residual(") { RESIDUAL } else { "" };
    let prediction = match model.target() {
        TargetColumns::Classification { .. } => {
            "return torch.softmax(output, 1)  # probabilities of model[\"target\"][\"labels\"]"
        }
        TargetColumns::Regression { .. } => {
            "shift, scale = numbers(\"targets\")\n    return shift + scale * output  # values of model[\"target\"][\"columns\"]"
        }
    };
    let (numpy, scaled) = match model.preprocessing().inputs {
        Scaler::Affine(_) => ("", AFFINE),
        Scaler::Quantiles(_) => ("numpy, ", QUANTILES),
    };
    let (imports, encoded, rows, features) = match model.preprocessing().columns {
        None => (
            format!("import json, {numpy}torch"),
            "",
            "x):  # rows of the table in torch.float64, the columns of model[\"features\"] in this order",
            "scaled(x)",
        ),
        Some(_) => (
            format!("import json, math, {numpy}torch\nfrom datetime import datetime, timezone"),
            ENCODED,
            "rows):  # of the table, as csv.DictReader gives them",
            "encoded(rows)",
        ),
    };
    format!(
        "\
{imports}
from torch import nn
from safetensors import safe_open
from safetensors.torch import load_file

{residual}path = {path:?}
net = nn.Sequential({layers}).to({dtype})
net.load_state_dict(load_file(path))
with safe_open(path, \"pt\") as file:
    model = json.loads(file.metadata()[\"mfnet\"])

def numbers(of):
    return (torch.tensor(model[\"preprocessing\"][of][name], dtype=torch.float64) for name in (\"mean\", \"scale\"))

def scaled(x):
{scaled}

{encoded}@torch.no_grad()
def predict({rows}
    output = net({features}.to({dtype})).double()
    {prediction}
"
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
