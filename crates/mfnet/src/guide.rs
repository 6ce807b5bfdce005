//! Guides, one page each. They are also in the folder `docs` of the repository.

/// A guide for Rust developers.
///
/// [`fit`]: crate::fit()
/// [`Recipe`]: crate::Recipe
/// [`Trainer`]: crate::Trainer
/// [`Callback`]: crate::train::Callback
/// [`Trace`]: crate::network::Trace
/// [`Model`]: crate::Model
/// [`Layer`]: crate::layer::Layer
/// [`Loss`]: crate::Loss
/// [`Rule`]: crate::optimizer::Rule
/// [`MatrixRule`]: crate::optimizer::MatrixRule
/// [`Registry`]: crate::model::Registry
/// [`Error`]: crate::Error
#[doc = include_str!("../docs/in-your-program.md")]
pub mod in_your_program {}

/// A guide for teachers.
#[doc = include_str!("../docs/in-class.md")]
pub mod in_class {}

/// A guide to what a fit can do besides its defaults.
///
/// [`Session::take_optimizer`]: crate::train::Session::take_optimizer
#[doc = include_str!("../docs/guide.md")]
pub mod what_a_fit_can_do {}
