//! Messages for people, without anything that controls a terminal.

use std::io::{self, Write};

use mfnet::text::escaped;

/// A message for people.
pub(crate) fn message(text: &str) {
    let text = inert(text) + "\n";
    // there is no place left for an error of stderr
    let _ = io::stderr().write_all(text.as_bytes());
}

/// The text without anything that controls a terminal, except line breaks.
pub(crate) fn inert(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}
