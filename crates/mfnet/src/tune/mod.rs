//! A search for better settings of a fit: which recipe has the best score on the validation rows?
//!
//! ```text
//! round      the first trials are spread over the space (Sobol points); those of each later round are
//!            proposed from the results so far (tree-structured Parzen estimator)
//! rung       a round trains all of its trials for a ninth of their epochs. The best third is trained
//!            again, for a third of the epochs; the best third of these for all epochs (synchronous
//!            successive halving). With few rows, the last rung is a cross-validation.
//! ```
//!
//! A [`Search`] is a pure function of its seed and of finished training runs: [`Search::next`] says which
//! training runs can run now. So it gives the same result for any number of workers, and goes on where it
//! was stopped. Trial 0 has the settings of the recipe.

mod draw;
mod importance;
mod outcome;
mod parzen;
mod record;
mod search;
mod space;
mod values;

pub use outcome::{Outcome, describe};
pub use record::{Record, Training};
pub use search::Search;
pub use space::Space;
pub use values::Values;
