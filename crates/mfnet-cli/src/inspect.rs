//! `mfnet inspect`.

use std::fmt::Write;

use mfnet::{AnyLayer, AnyNetwork, Fractions, Model, NeuralNetwork, Scalar, SplitBy, TargetColumns};

use crate::args::InspectArgs;
use crate::failure::Failure;
use crate::output::print;
use crate::source;

/// How many names of a long list are shown.
const SHOWN: usize = 8;

pub(crate) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let model = source::model(&args.model)?;
    print(&described(&model, &source::model_file(&args.model).display().to_string()))
}

fn described(model: &Model, path: &str) -> String {
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = write_description(&mut text, model, path);
    text
}

fn write_description(text: &mut String, model: &Model, path: &str) -> std::fmt::Result {
    writeln!(text, "Network\n{}\n", model.network())?;
    writeln!(text, "Input: {} features: {}", model.features().len(), shortened(model.features()))?;
    let inputs = &model.preprocessing().inputs;
    writeln!(text, "  each x becomes (x − mean) / standard deviation, both of the training rows")?;
    if !inputs.constant().is_empty() {
        let names: Vec<String> = inputs.constant().iter().map(|i| model.features()[*i].clone()).collect();
        writeln!(text, "  constant there, scaled by 1: {}", shortened(&names))?;
    }
    match model.target() {
        TargetColumns::Classification { column, labels } => {
            writeln!(text, "Output: classes of {column}: {}; one logit each, in this order", shortened(labels))?;
        }
        TargetColumns::Regression { columns } => {
            writeln!(text, "Output: values of {}", shortened(columns))?;
            if let Some(scale) = &model.preprocessing().targets {
                for (column, (mean, scale)) in columns.iter().zip(scale.mean.iter().zip(&scale.scale)) {
                    writeln!(text, "  {column} = {mean} + {scale} × output")?;
                }
            }
        }
    }
    writeln!(text, "\nTraining")?;
    let training = &model.training;
    if let Some(loss) = &training.loss {
        writeln!(text, "  loss: {loss}")?;
    }
    for (name, value) in &training.settings {
        writeln!(text, "  {name}: {value}")?;
    }
    if let Some(split) = &training.split {
        let seed = split.seed;
        match split.by {
            SplitBy::Fractions(Fractions { validation, test }) => {
                writeln!(text, "  split: validation {validation}, test {test}, seed {seed}")?;
            }
            SplitBy::Official { validation: None } => writeln!(text, "  split: the official one of the data set")?,
            SplitBy::Official { validation: Some(validation) } => {
                writeln!(text, "  split: the official test rows, validation {validation} of the others, seed {seed}")?;
            }
        }
    }
    if let Some(data) = &training.data {
        writeln!(text, "  data: SHA-256 {data}")?;
    }
    writeln!(text, "\nIn PyTorch\n{}", in_pytorch(model.network(), path))
}

fn shortened(names: &[String]) -> String {
    if names.len() <= SHOWN + 1 {
        return names.join(", ");
    }
    format!("{}, … {}", names[..SHOWN].join(", "), names[names.len() - 1])
}

/// The program that loads the weights.
fn in_pytorch(network: &AnyNetwork, path: &str) -> String {
    let layers = match network {
        AnyNetwork::F64(net) => pytorch_layers(net),
        AnyNetwork::F32(net) => pytorch_layers(net),
    };
    let dtype = match network {
        AnyNetwork::F64(_) => "torch.float64",
        AnyNetwork::F32(_) => "torch.float32",
    };
    format!(
        "  import torch\n  from torch import nn\n  from safetensors.torch import load_file\n  net = nn.Sequential({}).to({dtype})\n  \
         net.load_state_dict(load_file({path:?}))",
        layers.join(", ")
    )
}

fn pytorch_layers<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<String> {
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
