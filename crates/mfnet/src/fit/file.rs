//! Recipes as TOML and JSON.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::recipe::Recipe;
use crate::error::{Error, ErrorKind, Result};
use crate::escape::is_unprintable;
use crate::layer::ActivationName;
use crate::words::did_you_mean;

/// The version of recipes that this library writes; it rejects later ones.
pub const RECIPE_VERSION: u32 = 1;

/// A recipe from a file, with the positions of its fields.
#[derive(Clone, Debug)]
pub struct RecipeFile {
    /// The recipe.
    pub recipe: Recipe,
    /// The name of the file.
    pub name: String,
    text: String,
    stated: Vec<String>,
}

impl RecipeFile {
    /// Reads a recipe: JSON from a file whose name ends in `.json`, otherwise TOML.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], or [`ErrorKind::Recipe`] with file, line and field for invalid content.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(Error::io(path, "read"))?;
        let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        Self::parse(&path.display().to_string(), text, is_json)
    }

    fn parse(name: &str, text: String, is_json: bool) -> Result<Self> {
        let file = RecipeFile { recipe: Recipe::default(), name: name.to_owned(), text, stated: Vec::new() };
        let mut fields = if is_json { file.json() } else { file.toml() }?;
        if let Some(version) = fields.remove("version") {
            file.check_version(&version)?;
        }
        let stated: Vec<String> = fields.keys().cloned().collect();
        let known: Vec<String> = Recipe::default().fields()?.into_iter().map(|(field, _)| field).collect();
        if let Some(unknown) = stated.iter().find(|field| !known.contains(field)) {
            let similar = did_you_mean(&known, unknown);
            return Err(file.wrong(line_of(&file.text, unknown), format!("there is no field {unknown}{similar}")));
        }
        // TOML has no null: this is how JSON writes inf and nan
        if let Some((field, _)) = fields.iter().find(|(_, value)| value.is_null() && !is_json) {
            return Err(file.of_field(field, "expected a number, found inf or nan"));
        }
        let recipe = file.of_fields(fields)?;
        Ok(RecipeFile { recipe, stated, ..file })
    }

    /// The recipe of these fields.
    fn of_fields(&self, fields: Map<String, Value>) -> Result<Recipe> {
        // one field at a time, so that an error can name it
        for (field, value) in &fields {
            let alone = Map::from_iter([(field.clone(), value.clone())]);
            serde_json::from_value::<Recipe>(alone.into()).map_err(|error| self.of_field(field, &error.to_string()))?;
        }
        let recipe: Recipe = serde_json::from_value(fields.into()).map_err(|error| self.wrong(None, error))?;
        recipe.check_values().map_err(|error| match error.kind() {
            ErrorKind::InvalidValue(name, expected, found) => {
                self.of_field(name, &format!("expected {expected}, found {found}"))
            }
            _ => error,
        })?;
        Ok(recipe)
    }

    fn json(&self) -> Result<Map<String, Value>> {
        serde_json::from_str(&self.text).map_err(|error| self.wrong(Some(error.line()), error))
    }

    fn toml(&self) -> Result<Map<String, Value>> {
        toml_fields(&self.text).map_err(|(line, message)| self.wrong(line, message))
    }

    /// Later versions may have fields and values that this one does not know.
    fn check_version(&self, version: &Value) -> Result<()> {
        match version.as_u64() {
            Some(number) if number <= RECIPE_VERSION.into() => Ok(()),
            Some(_) => {
                let expected = format!("expected version {RECIPE_VERSION}, found {version}");
                let message = format!("a later version of mfnet wrote this recipe: {expected}");
                Err(self.wrong(line_of(&self.text, "version"), message))
            }
            None => Err(self.of_field("version", &format!("expected a whole number, found {version}"))),
        }
    }

    /// The position of a field, such as "recipe.toml, line 3", if the file has it.
    pub fn place_of(&self, field: &str) -> Option<String> {
        self.stated.iter().find(|stated| *stated == field).map(|_| self.place(line_of(&self.text, field)))
    }

    fn place(&self, line: Option<usize>) -> String {
        line.map_or(self.name.clone(), |line| format!("{}, line {line}", self.name))
    }

    fn of_field(&self, field: &str, message: &str) -> Error {
        let plain = [
            ("usize", "a whole number, 0 or more"),
            ("u64", "a whole number, 0 or more"),
            ("f64", "a number"),
            ("a sequence", "a list such as [64, 32]"),
        ];
        let plain = plain.iter().find_map(|(machine, plain)| Some(message.strip_suffix(machine)?.to_owned() + plain));
        let message =
            plain.or_else(|| of_unknown(message)).or_else(|| of_missing(message)).unwrap_or_else(|| message.to_owned());
        self.wrong(line_of(&self.text, field), format!("{field}: {message}"))
    }

    fn wrong(&self, line: Option<usize>, message: impl std::fmt::Display) -> Error {
        match self.name.as_str() {
            "" => Error::recipe_file(message.to_string()),
            _ => Error::recipe_file(format!("{}: {message}", self.place(line))),
        }
    }
}

/// The fields of TOML, or the line and the text of an error.
pub(crate) fn toml_fields(text: &str) -> Result<Map<String, Value>, (Option<usize>, String)> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
        (line, error.message().to_owned())
    })
}

/// The line of TOML or JSON that begins with the field, or with the head of its table.
pub(crate) fn line_of(text: &str, field: &str) -> Option<usize> {
    let begins = |line: &str| {
        let rest = line.trim_start_matches([' ', '\t', '{', ',', '"', '\'', '[']).strip_prefix(field);
        rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ', '\t']).starts_with(['=', ':', ']', '.']))
    };
    text.lines().position(begins).map(|line| line + 1)
}

/// What is added to the number of a character that must become an escape; the sum is for private use.
const MARKED: u32 = 0xf_0000;

/// Whether a name with control characters has an escape for this character: also for quotes and
/// backslashes, because TOML may write a name with them without escapes.
fn is_escaped(character: char) -> bool {
    is_unprintable(character) || "\"'\\".contains(character)
}

/// Marks all characters of names that must become escapes, and removes empty fields, which TOML does
/// not have. Returns whether there are any such characters.
fn mark(value: &mut Value) -> bool {
    let marked = |text: &str| -> String {
        let has_any = text.contains(is_unprintable);
        let mark =
            |c: char| if has_any && is_escaped(c) { char::from_u32(MARKED + u32::from(c)).unwrap_or(c) } else { c };
        text.chars().map(mark).collect()
    };
    match value {
        Value::String(text) => {
            let is_marked = text.contains(is_unprintable);
            *text = marked(text);
            is_marked
        }
        Value::Array(values) => values.iter_mut().fold(false, |any, value| mark(value) | any),
        Value::Object(fields) => {
            let mut any = false;
            let all = std::mem::take(fields).into_iter().filter(|(_, value)| !value.is_null());
            *fields = all
                .map(|(name, mut value)| {
                    any |= mark(&mut value) | name.contains(is_unprintable);
                    (marked(&name), value)
                })
                .collect();
            any
        }
        _ => false,
    }
}

/// serde's message for an unknown field or kind, with a suggestion.
fn of_unknown(message: &str) -> Option<String> {
    let (what, rest) = [("kind", "unknown variant "), ("field", "unknown field ")]
        .into_iter()
        .find_map(|(what, begin)| Some((what, message.strip_prefix(begin)?)))?;
    let names: Vec<String> = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let (unknown, known) = names.split_first()?;
    if what == "kind" && unknown.parse::<ActivationName>().is_ok() {
        return Some(format!("there is no kind {unknown}; write {{ kind = \"activation\", function = {unknown:?} }}"));
    }
    let similar = did_you_mean(known, unknown);
    Some(format!("there is no {what} {unknown}, expected one of {}{similar}", known.join(", ")))
}

/// serde's message for a missing field, as a sentence.
fn of_missing(message: &str) -> Option<String> {
    let field = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    let example = if field == "kind" { ", such as kind = \"linear\"" } else { "" };
    Some(format!("the field {field} is missing{example}"))
}

impl Recipe {
    /// Parses TOML.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] with line and field for invalid content.
    pub fn from_toml(text: &str) -> Result<Self> {
        Ok(RecipeFile::parse("recipe", text.to_owned(), false)?.recipe)
    }

    /// Parses JSON.
    ///
    /// # Errors
    /// As [`Recipe::from_toml`].
    pub fn from_json(text: &str) -> Result<Self> {
        Ok(RecipeFile::parse("recipe", text.to_owned(), true)?.recipe)
    }

    /// Writes TOML, without the fields that are `None`.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] for values that TOML cannot represent.
    pub fn to_toml(&self) -> Result<String> {
        self.check_paths()?;
        let text = toml::to_string(self);
        let text = text.map_err(|error| Error::recipe(format!("cannot be written as TOML: {error}")))?;
        let plain = format!("version = {RECIPE_VERSION}\n{text}");
        // names with control characters, as escapes
        let escaped = self.escaped().filter(|escaped| Self::from_toml(escaped).is_ok_and(|recipe| recipe == *self));
        Ok(escaped.unwrap_or(plain))
    }

    /// TOML in which all characters that control a terminal are escapes; `None` if there are none.
    fn escaped(&self) -> Option<String> {
        let mut fields = Value::Object(self.fields().ok()?);
        if !mark(&mut fields) {
            return None;
        }
        let mut text = format!("version = {RECIPE_VERSION}\n");
        for character in toml::to_string(&fields).ok()?.chars() {
            match u32::from(character).checked_sub(MARKED).and_then(char::from_u32).filter(|c| is_escaped(*c)) {
                Some(marked) => text += &format!("\\u{:04X}", u32::from(marked)),
                None => text.push(character),
            }
        }
        Some(text)
    }

    /// Writes JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] for a path that is not UTF-8 text.
    pub fn to_json(&self) -> Result<String> {
        self.check_paths()?;
        let mut fields = self.fields()?;
        fields.insert("version".to_owned(), RECIPE_VERSION.into());
        Ok(Value::Object(fields).to_string())
    }

    /// Refuses paths that a text cannot hold.
    fn check_paths(&self) -> Result<()> {
        let paths = [("warm_start", &self.warm_start), ("batch_order", &self.batch_order)];
        match paths.into_iter().find(|(_, path)| path.as_ref().is_some_and(|path| path.to_str().is_none())) {
            Some((field, _)) => {
                Err(Error::recipe(format!("`{field}`: a recipe cannot hold this path, because it is not UTF-8 text"))
                    .with_help("rename the file"))
            }
            None => Ok(()),
        }
    }

    /// The recipe of fields as [`Recipe::fields`] returns them.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] with the field for a value that it cannot have.
    pub fn of_fields(fields: Map<String, Value>) -> Result<Self> {
        let nothing =
            RecipeFile { recipe: Recipe::default(), name: String::new(), text: String::new(), stated: Vec::new() };
        nothing.of_fields(fields)
    }

    /// All fields with their values. In a path, bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] for a value that JSON cannot represent.
    pub fn fields(&self) -> Result<Map<String, Value>> {
        let fields = serde_json::to_value(self).map_err(|error| Error::recipe(error.to_string()))?;
        Ok(fields.as_object().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What TOML writes can be read again, and holds nothing that controls a terminal.
    #[test]
    fn names_with_control_characters() {
        for name in [
            "plain",
            "\u{1b}[2J",
            "a\u{9b}\u{202e}b",
            "two\nlines\r\n",
            "\"quoted\"\u{1b}",
            "it's\t\"a\\b\"\n",
            "\u{f001b}",
        ] {
            let recipe = Recipe {
                drop: vec![name.to_owned(), "other".to_owned()],
                embeddings: [(format!("of {name}"), 3)].into(),
                ..Recipe::of_target(name)
            };
            let text = recipe.to_toml().unwrap();
            assert_eq!(Recipe::from_toml(&text).unwrap(), recipe, "{text}");
            let expected = ["drop", "embeddings", "target", "version"];
            assert!(expected.iter().all(|field| text.contains(field)), "{text}");
            assert!(!text.contains(|c| c != '\n' && is_unprintable(c)), "{text:?}");
        }
    }
}
