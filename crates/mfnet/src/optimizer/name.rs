//! The names of the optimizers, and what a recipe takes for each.

use super::{
    Adadelta, Adagrad, Adam, AdamW, AmsGrad, Lbfgs, Lion, NAdam, Optimizer, RAdam, RProp, RmsProp, Schedule, Sgd,
};
use crate::tensor::Scalar;
use crate::words::words;

/// What a recipe takes for an optimizer if it does not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usual {
    pub(crate) rate: UsualRate,
    /// This many times the weight decay of AdamW, which follows from the data.
    pub(crate) decay: f64,
    pub(crate) schedule: Schedule,
}

/// The usual learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum UsualRate {
    Fixed(f64),
    /// This many times the rate of Adam, which follows from the data.
    OfAdam(f64),
}

/// Defines [`OptimizerName`] from a table with a row for each rule: its name, the rule (of SGD the
/// settings are given), the usual learning rate, the weight decay, and the schedule.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal, |$sgd:pat_param| $make:expr, $rate:ident($number:literal), $decay:literal, $schedule:ident;)*) => {
        words! {
            /// The name of a built-in optimizer.
            #[derive(Default)]
            OptimizerName {
                $($(#[$doc])* $rule = $name,)*
                /// [`struct@Lbfgs`], which needs all rows in a batch.
                Lbfgs = "lbfgs",
            }
        }

        impl OptimizerName {
            /// The optimizer with this name, its usual settings and this learning rate; `sgd` has the
            /// settings of SGD.
            pub fn optimizer<T: Scalar>(self, sgd: Sgd, learning_rate: f64) -> Optimizer<T> {
                match self {
                    $(OptimizerName::$rule => { let $sgd = sgd; Optimizer::new($make, learning_rate) })*
                    OptimizerName::Lbfgs => Optimizer::lbfgs(Lbfgs::default(), learning_rate),
                }
            }

            /// Whether it needs all rows in a batch.
            pub(crate) fn is_for_all_rows(self) -> bool {
                matches!(self, OptimizerName::Rprop | OptimizerName::Lbfgs)
            }

            /// The settings that a recipe leaves open.
            pub(crate) fn usual(self) -> Usual {
                match self {
                    $(OptimizerName::$rule => Usual {
                        rate: UsualRate::$rate($number),
                        decay: $decay,
                        schedule: Schedule::$schedule,
                    },)*
                    OptimizerName::Lbfgs => Usual {
                        rate: UsualRate::Fixed(1.0),
                        decay: 0.0,
                        schedule: Schedule::Constant,
                    },
                }
            }
        }
    };
}

rules! {
    /// [`struct@Sgd`].
    Sgd = "sgd", |sgd| sgd, Fixed(0.01), 0.0, Constant;
    /// [`struct@Adam`].
    Adam = "adam", |_| Adam::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@AdamW`].
    #[default]
    Adamw = "adamw", |_| AdamW::default(), OfAdam(1.0), 1.0, OneCycle;
    /// [`struct@AmsGrad`].
    Amsgrad = "amsgrad", |_| AmsGrad::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@NAdam`].
    Nadam = "nadam", |_| NAdam::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@RAdam`].
    Radam = "radam", |_| RAdam::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@Lion`], at a fifth of the rate of AdamW and five times its weight decay, as its article
    /// advises.
    Lion = "lion", |_| Lion::default(), OfAdam(0.2), 5.0, OneCycle;
    /// [`struct@RmsProp`].
    Rmsprop = "rmsprop", |_| RmsProp::default(), OfAdam(1.0), 0.0, OneCycle;
    /// [`struct@Adagrad`], at PyTorch's rate.
    Adagrad = "adagrad", |_| Adagrad::default(), Fixed(0.01), 0.0, Constant;
    /// [`struct@Adadelta`], at PyTorch's rate.
    Adadelta = "adadelta", |_| Adadelta::default(), Fixed(1.0), 0.0, Constant;
    /// [`RProp`], which needs all rows in a batch; 0.01 is its first step size.
    Rprop = "rprop", |_| RProp::default(), Fixed(0.01), 0.0, Constant;
}
