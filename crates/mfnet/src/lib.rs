#![doc = include_str!("../README.md")]

pub mod data;
pub mod error;
pub mod explain;
mod files;
pub mod fit;
mod init;
pub mod layer;
pub mod loss;
pub mod metric;
pub mod model;
pub mod network;
pub mod optimizer;
mod pass;
pub mod random;
#[cfg(feature = "report")]
pub mod report;
pub mod tensor;
pub mod text;
mod threads;
pub mod train;
mod words;

pub use data::{Dataset, Fractions, Preprocessing, Target, Targets};
pub use error::{Error, Result};
pub use fit::{Recipe, fit};
pub use layer::Activation;
pub use loss::{CrossEntropy, HalfMse, Loss, Mse};
pub use mfnet_table as table;
pub use model::Model;
pub use network::NeuralNetwork;
pub use optimizer::{Adam, AdamW, Optimizer, Sgd};
pub use pass::Pass;
pub use random::Seed;
pub use table::Table;
pub use tensor::{Dtype, Scalar, Tensor};
pub use threads::Threads;
pub use train::Trainer;
