//! Label smoothing that changes from step to step.

use crate::data::{Dataset, Targets};
use crate::error::{Error, Result, require};
use crate::optimizer::Schedule;
use crate::tensor::kernel::vectorised;
use crate::tensor::{Scalar, Tensor};

/// ε, and the schedule that multiplies it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LabelSmoothing {
    pub(super) epsilon: f64,
    pub(super) schedule: Schedule,
}

impl LabelSmoothing {
    pub(super) fn check(self, train: &Dataset) -> Result<()> {
        let fits = (0.0..1.0).contains(&self.epsilon);
        require("label smoothing", self.epsilon, fits, "a number from 0 to less than 1")?;
        self.schedule.check_without_losses("schedule of the label smoothing")?;
        match train.targets() {
            Targets::Classes { .. } => Ok(()),
            Targets::Labels { .. } => Err(Error::invalid("label smoothing", "classes", "several labels at once")),
            Targets::Values { .. } => Err(Error::invalid("label smoothing", "classes", "values")),
        }
    }

    /// The settings in words.
    pub(super) fn described(self) -> String {
        format!("{} ({})", mfnet_table::shortest(self.epsilon), self.schedule)
    }
}

/// Mixes the targets of a batch with equal probabilities of all K classes:
///
/// ```text
/// y ← (1 − ε) y + ε/K
/// ```
///
/// The cross-entropy of these targets is that of [`SmoothedCrossEntropy`](crate::loss::SmoothedCrossEntropy).
pub(super) fn smooth<T: Scalar>(epsilon: f64, targets: &mut Tensor<T>) {
    let (kept, share) = (T::from_f64(1.0 - epsilon), T::from_f64(epsilon / targets.rows() as f64));
    vectorised(targets.storage_mut().iter_mut(), |y| *y = kept * *y + share);
}
