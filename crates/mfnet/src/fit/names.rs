//! The values of a recipe that are words.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::data::Scaling;

/// How similar a mistyped word must be: Jaro and Winkler's measure, 1 for equal words.
const SIMILAR: f64 = 0.7;

/// A closed set of words, each the name of a variant.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant,)+];

            /// The names of all.
            pub fn words() -> impl Iterator<Item = &'static str> {
                $name::ALL.iter().map(|value| value.word())
            }

            /// Its name in a recipe and on the command line.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                one_of($name::ALL, text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.word())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

words! {
    /// Whether classes or values are predicted.
    Task {
        /// Values.
        Regression = "regression",
        /// Classes.
        Classification = "classification",
    }
}

words! {
    /// The function after each hidden layer.
    ActivationName {
        /// max(0, z).
        Relu = "relu",
        /// 1 / (1 + e⁻ᶻ).
        Sigmoid = "sigmoid",
        /// tanh z.
        Tanh = "tanh",
        /// z.
        Identity = "identity",
    }
}

words! {
    /// What is minimised.
    LossName {
        /// [`crate::CrossEntropy`], for classes.
        CrossEntropy = "cross-entropy",
        /// [`crate::Mse`], for values.
        Mse = "mse",
        /// [`crate::HalfMse`], for values.
        HalfMse = "half-mse",
    }
}

words! {
    /// The optimizer.
    #[derive(Default)]
    OptimizerName {
        /// [`crate::Sgd`].
        Sgd = "sgd",
        /// [`crate::Adam`].
        Adam = "adam",
        /// [`crate::AdamW`].
        #[default]
        Adamw = "adamw",
    }
}

impl Task {
    /// That of data with so many classes, 0 for values.
    pub(crate) fn of(classes: usize) -> Self {
        if classes > 0 { Task::Classification } else { Task::Regression }
    }
}

impl FromStr for Scaling {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        one_of(&Scaling::ALL, text)
    }
}

/// The value of this name, or what was expected.
fn one_of<N: Copy + Display>(all: &[N], text: &str) -> Result<N, String> {
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    let found = all.iter().zip(&names).find(|(_, name)| *name == text).map(|(value, _)| *value);
    found.ok_or_else(|| {
        let expected = format!("expected one of {}, found {text:?}", names.join(", "));
        expected + &did_you_mean(names.iter().map(String::as_str), text)
    })
}

/// "; did you mean …?" with the most similar name, if one is similar.
pub(super) fn did_you_mean<'a>(names: impl Iterator<Item = &'a str>, text: &str) -> String {
    let similarity = |name: &str| strsim::jaro_winkler(&text.to_lowercase().replace('-', "_"), &name.replace('-', "_"));
    let similar = names.filter(|name| similarity(name) >= SIMILAR);
    let most = similar.max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    most.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}
