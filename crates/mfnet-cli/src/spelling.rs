//! The library names fields of a recipe; on the command line they are options.

use mfnet::Recipe;

/// A text of the library with its fields, which stand in backticks, as options: `early_stopping` as --early-stopping.
pub(crate) fn with_options(text: &str) -> String {
    with_fields(text, |field| format!("--{}", field.replace('_', "-")))
}

/// The same with its fields as `write` has them.
pub(crate) fn with_fields(text: &str, write: impl Fn(&str) -> String) -> String {
    let fields = Recipe::default().fields().unwrap_or_default();
    fields.keys().fold(text.to_owned(), |text, field| text.replace(&format!("`{field}`"), &write(field)))
}
