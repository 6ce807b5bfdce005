//! How a recipe writes and reads values that serde does not know.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serializer, de};

use crate::optimizer::Schedule;

/// An optional value as its text, such as `one-cycle`.
pub mod text {
    use super::*;

    /// Writes it.
    pub fn serialize<V: Display, S: Serializer>(value: &Option<V>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    /// Reads it.
    pub fn deserialize<'de, V: FromStr<Err = String>, D: Deserializer<'de>>(from: D) -> Result<Option<V>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
    }
}

/// A list of names, or one name alone.
pub(super) fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name or a list of names")]
    enum Names {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::deserialize(from)? {
        None => Vec::new(),
        Some(Names::One(name)) => vec![name],
        Some(Names::Many(names)) => names,
    })
}

/// `constant`, `cosine`, `one-cycle` or `step:EPOCHS:FACTOR`.
impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split(':').collect();
        match words[..] {
            ["constant"] => Some(Schedule::Constant),
            ["cosine"] => Some(Schedule::Cosine),
            ["one-cycle"] => Some(Schedule::OneCycle),
            ["step", every, factor] => match (every.parse(), factor.parse()) {
                (Ok(every @ 1..), Ok(factor)) if factor > 0.0 && factor <= 1.0 => {
                    Some(Schedule::Step { every, factor })
                }
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| {
            "expected constant, cosine, one-cycle, or step:EPOCHS:FACTOR with a factor up to 1, as in step:30:0.1"
                .to_owned()
        })
    }
}
