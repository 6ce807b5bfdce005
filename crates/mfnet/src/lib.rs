//! mfnet trains feed-forward neural networks on an ordinary CPU, by back-propagation that you can
//! read, print and check.
//!
//! # Install
//!
//! mfnet is not on crates.io. Clone its repository beside your project:
//!
//! ```toml
//! [dependencies]
//! mfnet = { path = "../mfnet/crates/mfnet" }
//! ```
//!
//! | feature | what it adds |
//! |---|---|
//! | none | tables as text, gzip and JSON, IDX images, built-in data, training, model files |
//! | `numpy` | tables in NumPy's files, `.npy` and `.npz` |
//! | `parquet` | tables in Parquet files |
//! | `brotli` | the same, compressed with Brotli |
//! | `compressed` | tables in Zstandard and zip files |
//! | `excel` | tables in Excel workbooks, `.xlsx` |
//! | `download` | `data::Download`, which fetches MNIST, Fashion-MNIST and California Housing |
//! | `download-with` | the same with an HTTP client of your own, `data::Client` |
//! | `report` | `report::Report`, the HTML page with plots |
//! | `tensorboard` | `train::TensorBoard`, which writes event files |
//!
//! # From a table to a model
//!
//! ```
//! use mfnet::model::Predictions;
//! use mfnet::{
//!     AdamW, Dataset, Fractions, Model, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Table, Target, Trainer,
//! };
//!
//! # fn main() -> mfnet::Result<()> {
//! // or Table::read("flats.csv")?
//! let rows: String = (0..90).map(|i| format!("{},{},{}\n", 20 + i, ["Oslo", "Rome"][i % 2], 300 + 9 * i)).collect();
//! let table = Table::from_text("flats", &format!("area,city,rent\n{rows}"))?;
//! let flats = Dataset::from_table(&table, &Target::values(["rent"]))?;
//! let (train, validation, test) = flats.split(Fractions { validation: 0.1, test: 0.2 }, Seed(0))?;
//!
//! let scale = Preprocessing::fit(&train); // learned from the training rows alone
//! let mut net = NeuralNetwork::builder(scale.features()).linear(32).relu().linear(1).build(Seed(0))?;
//! let history = Trainer::new(Mse, Optimizer::new(AdamW::default(), 1e-2))
//!     .epochs(50)
//!     .validate_on(&scale.apply(&validation))
//!     .early_stopping(10)
//!     .run(&mut net, &scale.apply(&train))?;
//! println!("best epoch: {}", history.best_epoch);
//!
//! let model = Model::new(&flats, scale, net)?; // network, preprocessing and names, in one file
//! println!("{}", model.evaluate(&test)?);
//! let rent = model.predict_row([("area", 50.0.into()), ("city", "Rome".into())])?;
//! if let Predictions::Values { values, .. } = rent {
//!     println!("{:.0}", values.number(0, 0));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`fit()`] does all of this in one call, chooses the settings, and compares the network with a
//! linear model and a naive baseline.
//!
//! # The loop
//!
//! [`Trainer`] runs this loop. A program of your own can run it too, and gets the same bits:
//!
//! ```
//! # use mfnet::{Adam, CrossEntropy, Dataset, Loss, NeuralNetwork, Optimizer, Preprocessing, Seed};
//! # let data = Dataset::built_in("digits")?;
//! # let train = Preprocessing::fit(&data).apply(&data);
//! # let mut net = NeuralNetwork::builder(64).linear(10).build(Seed(0))?;
//! # let (loss, mut optimizer, epoch) = (CrossEntropy, Optimizer::new(Adam::default(), 1e-3), 1);
//! for batch in train.batches(32).shuffled(Seed(0), epoch) {
//!     let trace = net.forward(batch.pass(), batch.inputs());
//!     let delta = loss.gradient(trace.output(), batch.targets());
//!     let gradients = net.backward(&trace, delta);
//!     optimizer.step(&mut net, gradients);
//! }
//! # Ok::<(), mfnet::Error>(())
//! ```
//!
//! # Guides
//!
//! - [Use it in your program](guide::in_your_program): tables, services, layers, losses and
//!   optimizers of your own, errors
//! - [What a fit can do](guide::what_a_fit_can_do): losses, schedules, what is watched, metrics
//! - [Use it in class](guide::in_class): every matrix on the screen, gradient checks, exercises
//!
//! # Modules
//!
//! | module | what is in it |
//! |---|---|
//! | [`table`] | [`Table`]: a file as typed columns |
//! | [`data`] | [`Dataset`], [`Preprocessing`], splits, batches, named data sets |
//! | [`tensor`] | [`Tensor`]: a matrix, a sample in each column |
//! | [`layer`] | layers, [`Activation`], and the trait [`Layer`](layer::Layer) for your own |
//! | [`network`] | [`NeuralNetwork`], its builder, forward and backward pass, gradient check |
//! | [`loss`] | [`CrossEntropy`], [`Mse`], [`HalfMse`], and the trait [`Loss`] for your own |
//! | [`optimizer`] | [`Optimizer`], [`Sgd`], [`Adam`], [`AdamW`], schedules, clipping, and the trait [`Rule`](optimizer::Rule) for your own |
//! | [`train`] | [`Trainer`], sessions that run step by step, callbacks, the linear and the naive model |
//! | [`metric`] | accuracy, RMSE and others, confusion matrix, and whether a difference is statistically significant |
//! | [`model`] | [`Model`]: network, preprocessing and labels in one file; predictions for rows and tables |
//! | [`mod@fit`] | [`Recipe`] and [`fit()`]: all that `mfnet train` does |
//! | [`tune`] | [`Search`](tune::Search): better settings for a fit |
//! | [`explain`] | [`Walkthrough`](explain::Walkthrough): every matrix of a step, to print |
//! | `report` | the HTML page of a fit (feature `report`) |
//! | [`text`] | numbers, tables and curves as text |
//! | [`random`] | [`Seed`] and the random streams that follow from it |
//! | [`error`] | [`Error`] and its kinds |
//! | [`guide`] | the guides |

pub mod data;
pub mod error;
mod escape;
pub mod explain;
mod files;
pub mod fit;
pub mod guide;
mod init;
pub mod layer;
pub mod loss;
mod memory;
pub mod metric;
pub mod model;
pub mod network;
pub mod optimizer;
mod pass;
pub mod random;
#[cfg(feature = "report")]
pub mod report;
mod stored;
pub mod tensor;
pub mod text;
mod threads;
pub mod train;
pub mod tune;
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

/// The programs of the README are tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
