//! Settings with a fixed set of values, in recipes, in model files and on the command line.

use std::fmt::Display;

/// The least similarity of a mistyped word: the Jaro–Winkler similarity, 1 for equal words.
const SIMILAR: f64 = 0.7;

/// Implements serde by `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Defines an enum whose variants have names.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name { $($(#[$of])* $variant,)+ }

        impl $name {
            /// All values.
            pub const ALL: [$name; [$($word),+].len()] = [$($name::$variant),+];

            /// The name in recipes and on the command line.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> std::result::Result<Self, String> {
                crate::words::one_of(&$name::ALL, text)
            }
        }

        crate::words::serde_as_text!($name);
    };
}

pub(crate) use {serde_as_text, words};

/// The value with this name, or a message with the expected names.
pub(crate) fn one_of<N: Copy + Display>(all: &[N], text: &str) -> Result<N, String> {
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    match names.iter().position(|name| name == text) {
        Some(found) => Ok(all[found]),
        None => Err(format!("expected one of {}, found {text:?}{}", names.join(", "), did_you_mean(&names, text))),
    }
}

/// Names of other programs, and ours.
const OTHER_NAMES: [(&str, &str); 11] = [
    ("swish", "silu"),
    ("logistic", "sigmoid"),
    ("linear", "identity"),
    ("none", "identity"),
    ("bce", "binary-cross-entropy"),
    ("l1", "mae"),
    ("mean-absolute-error", "mae"),
    ("l2", "mse"),
    ("mean-squared-error", "mse"),
    ("smooth-l1", "huber"),
    ("pinball", "quantile"),
];

/// "; did you mean …?" with the same thing's name here or the most similar name, if there is one.
pub(crate) fn did_you_mean(names: &[String], text: &str) -> String {
    let other = OTHER_NAMES.iter().find(|(other, name)| *other == text && names.iter().any(|known| known == name));
    let most = other.map(|(_, name)| *name).or_else(|| similar(names.iter().map(String::as_str), text, SIMILAR));
    most.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// The most similar name, if its Jaro–Winkler similarity (0 to 1) is at least `least`.
pub fn similar<'a>(names: impl Iterator<Item = &'a str>, text: &str, least: f64) -> Option<&'a str> {
    let similarity = |name: &str| strsim::jaro_winkler(&text.to_lowercase().replace('-', "_"), &name.replace('-', "_"));
    let similar = names.filter(|name| similarity(name) >= least);
    similar.max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
}

/// Splits a list at commas.
pub fn split_names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_owned()).collect()
}
