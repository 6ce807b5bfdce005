#![doc = include_str!("../README.md")]

mod error;
mod init;
mod layer;
mod loss;
mod network;
mod optimizer;
mod random;
mod tensor;
mod threads;

pub use error::{DataProblem, Error, KeptWeights, ModelProblem, Result};
pub use init::Init;
pub use layer::{Activation, AnyLayer, CustomActivation, Layer, Linear};
pub use loss::{CrossEntropy, HalfMse, Loss, Mse, softmax};
pub use network::{Builder, GradientCheck, NeuralNetwork, Trace, gradient_check};
pub use optimizer::{Adam, AdamW, Clip, Gradients, Optimizer, Parameter, Parameters, Rule, Sgd};
pub use random::{Purpose, Rng, STREAM_VERSION, Seed};
pub use tensor::{Dtype, Operand, Scalar, Tensor};
pub use threads::Threads;
