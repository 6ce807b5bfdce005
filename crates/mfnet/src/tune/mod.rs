//! A search for better settings of a fit: which recipe has the best score on the validation rows?
//!
//! ```text
//! round      the first trials are spread over the space (Sobol points); those of each later round are
//!            proposed from the results so far (tree-structured Parzen estimator)
//! rung       all trials of a round are trained for a ninth of their epochs, the best third of them
//!            anew for a third, and the best third of those for all (synchronous successive halving);
//!            with few rows, the last comparison is by cross-validation
//! ```
//!
//! A [`Search`] is a pure function of its seed and of finished trainings: [`Search::next`] says which
//! trainings can run now. So it gives the same result for any number of workers, and goes on where it
//! was stopped. Trial 0 has the settings of the recipe.

mod draw;
mod importance;
mod outcome;
mod parzen;
mod search;
mod space;

#[cfg(feature = "report")]
pub(crate) use outcome::written;
pub use outcome::{Outcome, describe};
pub use search::{Record, Search, Training};
pub use space::{Space, Values};
