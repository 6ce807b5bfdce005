//! Values of settings as a message shows them.

/// Quotes a value so that a shell reads it as one word; TOML reads the same text. A word that needs
/// no quotes has none.
///
/// ```
/// use mfnet_table::quoted;
/// assert_eq!(quoted("iris.csv"), "iris.csv");
/// assert_eq!(quoted("<0.006"), "'<0.006'");
/// assert_eq!(quoted("it's $1"), "'it'\\''s $1'");
/// assert_eq!(quoted(""), "''");
/// ```
pub fn quoted(value: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./,:=+%@".contains(character);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', "'\\''"))
}
