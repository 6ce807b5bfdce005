//! From a table to a model with its scores: everything that `mfnet train` does except output.
//!
//! ```text
//! Input + Recipe → Plan (everything decided) → Fit (model, history, scores, baselines, verdict)
//! ```

mod baselines;
mod calibration;
mod check;
mod choices;
mod describe;
mod file;
mod folds;
mod imbalance;
mod names;
mod network;
mod notes;
mod observer;
mod order;
mod parts;
mod plan;
mod rate_test;
mod recipe;
mod resume;
mod scored;
mod source;
mod summary;
mod task;
mod training;
mod trial;
mod variant;
mod weights;

pub use crate::optimizer::OptimizerName;
pub(crate) use baselines::RARE;
pub use baselines::{Baseline, Baselines};
pub use file::{RECIPE_VERSION, RecipeFile};
pub(crate) use file::{line_of, toml_fields};
pub use folds::Folds;
pub use names::{Dates, Decimal, Norm, Quote, Task};
pub use observer::Observer;
pub use plan::Plan;
pub use recipe::Recipe;
pub use source::{Input, Source};
pub use summary::{Fit, Member, Part, Summary, Threshold};
pub use trial::{Metric, Trial};
pub use weights::ClassWeight;

use crate::error::Result;

/// Fits a network to a table as `mfnet train` does: splits the rows, scales the features, trains,
/// and compares the scores with those of a linear model and a naive baseline.
///
/// ```
/// use mfnet::{Recipe, Table, fit};
/// let rows: String = (0..60).map(|i| format!("{i},{}\n", i * i % 37)).collect();
/// let table = Table::from_text("flats.csv", &format!("area,price\n{rows}"))?;
/// let recipe = Recipe { epochs: Some(3), ..Recipe::of_target("price") };
/// let fit = fit(table, &recipe, &mut ())?;
/// assert!(fit.summary.verdict.is_some());
/// println!("{}\n{}", fit.plan.introduction(), fit.text());
/// # #[cfg(feature = "report")]
/// let page = mfnet::report::Report::new(&fit, "how flats get their price")?.page;
/// # Ok::<(), mfnet::Error>(())
/// ```
///
/// # Errors
/// - [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) and
///   [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for a recipe that
///   contradicts itself or the data
/// - [`ErrorKind::Data`](crate::error::ErrorKind::Data) for data that cannot be split or learned
/// - [`ErrorKind::Diverged`](crate::error::ErrorKind::Diverged) if the training diverges
/// - errors of the observer
pub fn fit<'a>(data: impl Into<Input<'a>>, recipe: &Recipe, observer: &mut dyn Observer) -> Result<Fit> {
    Plan::new(data, recipe)?.run(observer)
}

/// Fits a network for each fold of the recipe. If the observer stops a fold, that fold is the last
/// one.
///
/// # Errors
/// As [`fit()`].
pub fn fit_folds<'a>(data: impl Into<Input<'a>>, recipe: &Recipe, observer: &mut dyn Observer) -> Result<Vec<Fit>> {
    let mut fits = Vec::new();
    for plan in Plan::folds(data, recipe)? {
        let fit = plan.run(observer)?;
        let interrupted = fit.summary.interrupted;
        fits.push(fit);
        if interrupted {
            break;
        }
    }
    Ok(fits)
}
