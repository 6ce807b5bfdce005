//! Losses: one number J for a batch, and its gradient with respect to the output of the network.

mod absolute_error;
mod binary_cross_entropy;
mod cross_entropy;
mod elementwise;
mod focal;
mod huber;
mod log_cosh;
mod poisson;
mod quantile;
mod smoothed_cross_entropy;
mod squared_error;

pub use absolute_error::Mae;
pub use binary_cross_entropy::BinaryCrossEntropy;
pub(crate) use binary_cross_entropy::sigmoid;
pub(crate) use cross_entropy::softmax_of_one;
pub use cross_entropy::{CrossEntropy, softmax};
pub use focal::Focal;
pub use huber::Huber;
pub use log_cosh::LogCosh;
pub use poisson::Poisson;
pub use quantile::Quantile;
pub(crate) use quantile::SmoothQuantile;
pub use smoothed_cross_entropy::SmoothedCrossEntropy;
pub use squared_error::{HalfMse, Mse};

use std::fmt::{Display, Formatter};
use std::ops::Range;
use std::str::FromStr;

use mfnet_table::shortest;

use crate::error::{Error, Result};
use crate::tensor::parts::sum_over_columns;
use crate::tensor::{Scalar, Tensor};
use crate::words::{one_of, serde_as_text};

/// A loss function: a cost for each sample, weighted and summed over a batch.
///
/// ```text
/// J = 1/D Σ_i w_i c(ŷ_i, y_i)        ∂J/∂ŷ_i = w_i/D ∂c/∂ŷ_i
/// ```
///
/// Outputs and targets have shape (outputs, samples): sample i is column i. [`Weights`] has the
/// weights w and the divisor D; without weights, w = 1 and D is the number of samples. A loss of
/// your own needs the first three methods.
///
/// ```
/// use mfnet::{Loss, Tensor};
///
/// /// c = Σ |ŷ − y|
/// struct AbsoluteError;
/// impl Loss<f64> for AbsoluteError {
///     fn name(&self) -> &str {
///         "absolute-error"
///     }
///     fn cost(&self, output: &Tensor<f64>, target: &Tensor<f64>, sample: usize) -> f64 {
///         output.column(sample).zip(target.column(sample)).map(|(y_hat, y)| (y_hat - y).abs()).sum()
///     }
///     fn cost_gradient(
///         &self, output: &Tensor<f64>, target: &Tensor<f64>, sample: usize, factor: f64, delta: &mut Tensor<f64>,
///     ) {
///         for i in 0..output.rows() {
///             delta[(i, sample)] = factor * (output[(i, sample)] - target[(i, sample)]).signum();
///         }
///     }
/// }
///
/// let (y_hat, y) = (Tensor::from_rows([[1.0, 5.0]]), Tensor::from_rows([[2.0, 2.0]]));
/// assert_eq!(AbsoluteError.value(&y_hat, &y), 2.0);
/// assert_eq!(AbsoluteError.gradient(&y_hat, &y), Tensor::from_rows([[-0.5, 0.5]]));
/// ```
pub trait Loss<T: Scalar>: Send + Sync {
    /// The name in summaries and model files.
    fn name(&self) -> &str;

    /// The name with the settings of the loss, for comparing two trainings.
    fn described(&self) -> String {
        self.name().to_owned()
    }

    /// The cost c of one sample; finite for finite outputs of moderate size.
    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64;

    /// Writes `factor` · ∂c/∂ŷ of one sample into its column of `delta`.
    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>);

    /// Checks that a network with this many outputs can learn by this loss.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) with the reason.
    fn check(&self, _outputs: usize) -> Result<()> {
        Ok(())
    }

    /// Returns J and writes ∂J/∂Ŷ into all of `delta`; training calls this. Override it, and
    /// [`Loss::weighted_value`], if you can compute whole batches faster. The results must equal
    /// those of the methods above except for rounding.
    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        for sample in 0..output.columns() {
            self.cost_gradient(output, target, sample, weights.factor(sample), delta);
        }
        self.weighted_value(output, target, weights)
    }

    /// Returns J with weights, summed in a fixed order.
    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        check_shapes(output, target);
        let of_samples =
            |samples: Range<usize>| samples.map(|sample| weights.of(sample) * self.cost(output, target, sample)).sum();
        let operations = 8 * output.rows() * output.columns();
        sum_over_columns(output.columns(), operations, of_samples) / weights.divisor
    }

    /// Returns J of samples with equal weights.
    ///
    /// # Panics
    /// If the shapes of output and target differ.
    fn value(&self, output: &Tensor<T>, target: &Tensor<T>) -> f64 {
        self.weighted_value(output, target, Weights::equal(output.columns()))
    }

    /// Returns ∂J/∂Ŷ of samples with equal weights, the matrix from which the backward pass starts.
    ///
    /// # Panics
    /// If the shapes of output and target differ.
    fn gradient(&self, output: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
        self.weighted_gradient(output, target, Weights::equal(output.columns()))
    }

    /// Returns ∂J/∂Ŷ with weights, for example those of [`crate::data::Batch::weights`]; 0 if all
    /// weights are 0.
    ///
    /// # Panics
    /// If the shapes of output and target differ.
    fn weighted_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> Tensor<T> {
        check_shapes(output, target);
        let mut delta = Tensor::zeros(output.rows(), output.columns());
        if weights.divisor != 0.0 {
            self.value_and_gradient(output, target, weights, &mut delta);
        }
        delta
    }
}

/// The weight of each sample of a batch, and the divisor of the weighted sum of costs.
///
/// If a batch is computed in parts, use the divisor of the whole batch; then values and gradients
/// of the parts add up to those of the whole.
///
/// ```
/// use mfnet::loss::Weights;
/// use mfnet::{HalfMse, Loss, Tensor};
/// let (y_hat, y) = (Tensor::from_rows([[1.0, 2.0]]), Tensor::from_rows([[0.0, 0.0]]));
/// let weights = Weights { of_samples: Some(&[3.0, 1.0]), divisor: 4.0 };
/// // costs ½ and 2: (3 · ½ + 1 · 2)/4
/// assert_eq!(HalfMse.weighted_value(&y_hat, &y, weights), 0.875);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights<'a> {
    /// The weight w of each sample; `None` if all weights are 1.
    pub of_samples: Option<&'a [f64]>,
    /// The divisor D.
    pub divisor: f64,
}

impl Weights<'_> {
    /// Equal weights for this many samples: w = 1, and D is their number.
    pub fn equal(samples: usize) -> Self {
        Weights { of_samples: None, divisor: samples as f64 }
    }

    /// The weight w of one sample.
    pub fn of(&self, sample: usize) -> f64 {
        self.of_samples.map_or(1.0, |weights| weights[sample])
    }

    /// w/D of one sample.
    pub fn factor(&self, sample: usize) -> f64 {
        self.of(sample) / self.divisor
    }
}

/// What the targets of a loss are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One class of several.
    Classes,
    /// Any number of several labels.
    Labels,
    /// Values.
    Values,
}

/// Defines [`LossName`] from a table with a row for each loss: its name, its setting with the usual
/// value, if it has one, and its task.
macro_rules! losses {
    ($($(#[$doc:meta])* $loss:ident $({ $(#[$of:meta])* $setting:ident = $usual:expr })? = $name:literal, $task:ident;)*) => {
        /// A built-in loss with its setting.
        ///
        /// Its text is the name, and a setting that is not the usual one after a colon.
        ///
        /// ```
        /// use mfnet::loss::LossName;
        /// assert_eq!("huber:1.345".parse(), Ok(LossName::Huber { delta: 1.345 }));
        /// assert_eq!("huber".parse(), Ok(LossName::Huber { delta: 1.0 }));
        /// assert_eq!(LossName::Quantile { level: 0.9 }.to_string(), "quantile:0.9");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum LossName { $($(#[$doc])* $loss $({ $(#[$of])* $setting: f64 })?,)* }

        impl LossName {
            /// All losses, with their usual settings.
            pub const ALL: [LossName; [$($name),*].len()] = [$(LossName::$loss $({ $setting: $usual })?),*];

            /// The name without the setting.
            pub const fn word(self) -> &'static str {
                match self { $(LossName::$loss { .. } => $name,)* }
            }

            /// The setting, with its name.
            fn setting(self) -> Option<(&'static str, f64)> {
                match self { $(LossName::$loss $({ $setting })? => [$((stringify!($setting), $setting))?].first().copied(),)* }
            }

            /// The same loss with this setting; `None` if it has none.
            fn with(self, number: f64) -> Option<Self> {
                match self { $(LossName::$loss { .. } => [$(LossName::$loss { $setting: number })?].first().copied(),)* }
            }

            /// The loss.
            pub fn loss<T: Scalar>(self) -> Box<dyn Loss<T>> {
                match self { $(LossName::$loss $({ $setting })? => Box::new($loss $({ $setting })?),)* }
            }

            /// What the targets are.
            pub(crate) fn kind(self) -> Kind {
                match self { $(LossName::$loss { .. } => losses!(@ $task),)* }
            }
        }
    };
    (@ classes) => { Kind::Classes };
    (@ labels) => { Kind::Labels };
    (@ values) => { Kind::Values };
}

losses! {
    /// [`struct@CrossEntropy`], for classes.
    CrossEntropy = "cross-entropy", classes;
    /// [`struct@SmoothedCrossEntropy`], for classes.
    SmoothedCrossEntropy {
        /// ε, from 0 to less than 1.
        label_smoothing = 0.1
    } = "smoothed-cross-entropy", classes;
    /// [`struct@Focal`], for classes.
    Focal {
        /// γ, 0 or more.
        gamma = 2.0
    } = "focal", classes;
    /// [`struct@BinaryCrossEntropy`], for several labels at once.
    BinaryCrossEntropy = "binary-cross-entropy", labels;
    /// [`struct@Mse`], for values.
    Mse = "mse", values;
    /// [`struct@HalfMse`], for values.
    HalfMse = "half-mse", values;
    /// [`struct@Mae`], for values.
    Mae = "mae", values;
    /// [`struct@Huber`], for values.
    Huber {
        /// δ, above 0.
        delta = 1.0
    } = "huber", values;
    /// [`struct@LogCosh`], for values.
    LogCosh = "log-cosh", values;
    /// [`struct@Quantile`], for values.
    Quantile {
        /// τ, above 0 and below 1.
        level = 0.5
    } = "quantile", values;
    /// [`struct@Poisson`], for counts.
    Poisson = "poisson", values;
}

impl Display for LossName {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self.setting() {
            Some((_, number)) if !LossName::ALL.contains(self) => write!(f, "{}:{}", self.word(), shortest(number)),
            _ => f.write_str(self.word()),
        }
    }
}

impl FromStr for LossName {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (name, number) = text.split_once(':').map_or((text, None), |(name, number)| (name, Some(number)));
        let loss = one_of(&LossName::ALL, name)?;
        let Some(number) = number else { return Ok(loss) };
        let Some((setting, usual)) = loss.setting() else {
            return Err(format!("{name} has no setting, found {text:?}"));
        };
        let example = || format!("expected a number for {setting}, as in {name}:{usual}, found {number:?}");
        let loss = number.parse().ok().and_then(|number| loss.with(number)).ok_or_else(example)?;
        loss.loss::<f64>().check(2).map_err(|error| error.to_string())?;
        Ok(loss)
    }
}

serde_as_text!(LossName);

/// Checks that there is an output for each of several classes.
fn check_classes(outputs: usize) -> Result<()> {
    if outputs >= 2 {
        return Ok(());
    }
    Err(Error::invalid("outputs of a network with cross-entropy", "one for each class, at least 2", outputs))
}

impl<T: Scalar> Loss<T> for Box<dyn Loss<T>> {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn described(&self) -> String {
        (**self).described()
    }
    fn check(&self, outputs: usize) -> Result<()> {
        (**self).check(outputs)
    }
    fn cost(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize) -> f64 {
        (**self).cost(output, target, sample)
    }
    fn cost_gradient(&self, output: &Tensor<T>, target: &Tensor<T>, sample: usize, factor: f64, delta: &mut Tensor<T>) {
        (**self).cost_gradient(output, target, sample, factor, delta);
    }
    fn weighted_value(&self, output: &Tensor<T>, target: &Tensor<T>, weights: Weights<'_>) -> f64 {
        (**self).weighted_value(output, target, weights)
    }
    fn value_and_gradient(
        &self,
        output: &Tensor<T>,
        target: &Tensor<T>,
        weights: Weights<'_>,
        delta: &mut Tensor<T>,
    ) -> f64 {
        (**self).value_and_gradient(output, target, weights, delta)
    }
}

/// Panics unless output and target have the same shape.
fn check_shapes<T: Scalar>(output: &Tensor<T>, target: &Tensor<T>) {
    assert_eq!(output.shape(), target.shape(), "shapes of output and target");
}
