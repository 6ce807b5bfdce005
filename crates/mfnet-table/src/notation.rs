//! How the fields of a column are written, and what the files of one model share.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::calendar::DateOrder;
use crate::number_format::NumberFormat;
use crate::written::{Unit, Written, shortest, written};

/// How the numbers and dates of a column are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notation {
    /// The separators of its numbers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub numbers: NumberFormat,
    /// What stands beside each number: $, %, kg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The order of day, month and year, if the column holds dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateOrder>,
}

impl Notation {
    /// Parses the number in a text. It may be infinite, but not NaN.
    pub fn number(&self, text: &str) -> Option<f64> {
        let (written, x) = self.written(text)?;
        self.numbers.read(written, x)
    }

    /// A number as text in this notation, without groups.
    pub(crate) fn write(&self, x: f64) -> String {
        let text = match self.numbers {
            NumberFormat::Point | NumberFormat::PointAndGroups => shortest(x),
            NumberFormat::Comma | NumberFormat::CommaAndGroups => shortest(x).replace('.', ","),
        };
        match &self.unit {
            None => text,
            Some(unit) => unit.example(&text),
        }
    }

    #[inline]
    pub(crate) fn written(&self, text: &str) -> Option<(Written, f64)> {
        match &self.unit {
            None => written(text),
            Some(unit) => unit.written(text),
        }
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The character between the fields of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Delimiter {
    /// One ASCII character: a comma, a tab, a semicolon, …
    Character(char),
    /// Any number of blanks and tabs.
    Spaces,
}

impl Delimiter {
    /// The delimiter of a word: one character, `tab` or `spaces`.
    pub fn from_word(word: &str) -> Option<Self> {
        let mut characters = word.chars();
        match (word, characters.next(), characters.next()) {
            ("tab" | "\\t", ..) => Some(Delimiter::Character('\t')),
            ("spaces" | "space" | " ", ..) => Some(Delimiter::Spaces),
            ("comma", ..) => Some(Delimiter::Character(',')),
            ("semicolon", ..) => Some(Delimiter::Character(';')),
            (_, Some(one), None) if one.is_ascii() && !one.is_ascii_alphanumeric() && !"\"'\r\n".contains(one) => {
                Some(Delimiter::Character(one))
            }
            _ => None,
        }
    }

    /// The delimiter as one word or character.
    pub fn word(self) -> String {
        match self {
            Delimiter::Character('\t') => "tab".to_owned(),
            Delimiter::Character(other) => other.to_string(),
            Delimiter::Spaces => "spaces".to_owned(),
        }
    }

    /// The byte that separates fields after runs of blanks became one.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Delimiter::Character(character) => u8::try_from(character).unwrap_or(b','),
            Delimiter::Spaces => b' ',
        }
    }
}

impl From<Delimiter> for String {
    fn from(delimiter: Delimiter) -> Self {
        delimiter.word()
    }
}

impl TryFrom<String> for Delimiter {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        word.parse()
    }
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Delimiter::from_word(word).ok_or_else(|| format!("expected one character, tab or spaces, found {word:?}"))
    }
}

impl Display for Delimiter {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.word())
    }
}

/// How quotes enclose fields of a text file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quoting {
    /// "a ""b"" c": a quote inside is doubled, as in RFC 4180.
    #[default]
    Double,
    /// "a \"b\" c": a backslash stands before a quote inside, as Spark and MySQL write it.
    Backslash,
    /// 'a b'
    Single,
    /// Quotes are characters like others.
    None,
}

impl Quoting {
    pub(crate) fn byte(self) -> Option<u8> {
        match self {
            Quoting::Double | Quoting::Backslash => Some(b'"'),
            Quoting::Single => Some(b'\''),
            Quoting::None => None,
        }
    }
}

/// The format that files of the same model share, besides their column names. Model files store the
/// first two fields by themselves, as they did before there were others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileForm {
    /// Number of columns, if the file has no column names.
    #[serde(skip)]
    pub counted: Option<usize>,
    /// How the numbers of all columns are written, unless `columns` says otherwise.
    #[serde(skip)]
    pub numbers: NumberFormat,
    /// How the columns are written that are not as usual.
    #[serde(rename = "notations", skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, Notation>,
    /// Whether the file has column names although they are numbers.
    #[serde(skip_serializing_if = "is_default")]
    pub named: bool,
    /// What separates fields, unless commas do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// How quotes enclose fields, if that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoting: Option<Quoting>,
    /// The encoding, if it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Words for missing values that were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl FileForm {
    /// The form of files with these columns.
    pub fn of<'a>(&self, columns: impl IntoIterator<Item = &'a String>) -> Self {
        let of = |column: &String| Some((column.clone(), self.columns.get(column)?.clone()));
        FileForm { columns: columns.into_iter().filter_map(of).collect(), ..self.clone() }
    }

    /// How the numbers of a column are written.
    pub(crate) fn numbers_of(&self, column: &str) -> NumberFormat {
        self.columns.get(column).map_or(self.numbers, |notation| notation.numbers)
    }
}
