//! A model as a program for PyTorch, which predicts what `mfnet predict` does.

use mfnet::{AnyLayer, AnyNetwork, Model, NeuralNetwork, Scalar, TargetColumns};

/// The program. The numbers of the scaling come from the model file, as the weights do.
pub(crate) fn program(model: &Model, path: &str) -> String {
    let (layers, dtype) = match model.network() {
        AnyNetwork::F64(net) => (layers(net), "torch.float64"),
        AnyNetwork::F32(net) => (layers(net), "torch.float32"),
    };
    let layers = layers.join(", ");
    let prediction = match model.target() {
        TargetColumns::Classification { .. } => {
            "return torch.softmax(output, 1)  # probabilities of model[\"target\"][\"labels\"]"
        }
        TargetColumns::Regression { .. } => {
            "mean, deviation = scaling(\"targets\")\n    return mean + deviation * output  # values of model[\"target\"][\"columns\"]"
        }
    };
    format!(
        "\
import json, torch
from torch import nn
from safetensors import safe_open
from safetensors.torch import load_file

path = {path:?}
net = nn.Sequential({layers}).to({dtype})
net.load_state_dict(load_file(path))
with safe_open(path, \"pt\") as file:
    model = json.loads(file.metadata()[\"mfnet\"])

def scaling(of):
    numbers = model[\"preprocessing\"][of]
    return (torch.tensor(numbers[name], dtype=torch.float64) for name in (\"mean\", \"scale\"))

@torch.no_grad()
def predict(x):  # rows of the table in torch.float64, the columns of model[\"features\"] in this order
    mean, deviation = scaling(\"inputs\")
    output = net(((x - mean) / deviation).to({dtype})).double()
    {prediction}
"
    )
}

fn layers<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<String> {
    let layer = |layer: &AnyLayer<T>| match layer {
        AnyLayer::Linear(linear) => format!("nn.Linear({}, {})", linear.inputs(), linear.outputs()),
        AnyLayer::Activation(activation) => match activation.label() {
            "relu" => "nn.ReLU()".to_owned(),
            "sigmoid" => "nn.Sigmoid()".to_owned(),
            "tanh" => "nn.Tanh()".to_owned(),
            _ => "nn.Identity()".to_owned(),
        },
        AnyLayer::Custom(own) => own.name(),
    };
    net.layers().iter().map(layer).collect()
}
