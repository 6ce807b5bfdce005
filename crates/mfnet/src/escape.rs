//! Text from data, so that it is harmless on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Escapes everything in a name, a label or a path that could break a line or control a terminal:
/// control characters (ESC, line breaks, U+009B, …), line separators and the marks that change the
/// direction of writing. The escapes are those of `{:?}`.
///
/// ```
/// use mfnet::text::escaped;
/// assert_eq!(escaped("caf\u{e9}"), "café");
/// assert_eq!(escaped("a\nb\u{1b}[2J\u{202e}"), r"a\nb\u{1b}[2J\u{202e}");
/// ```
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut all = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match is_unprintable(character) {
            // writing to a String cannot fail
            true => {
                let _ = write!(all, "{}", character.escape_default());
            }
            false => all.push(character),
        }
    }
    Cow::Owned(all)
}

/// Whether [`escaped`] escapes this character.
pub fn is_unprintable(character: char) -> bool {
    const BIDIRECTIONAL: [std::ops::RangeInclusive<char>; 4] =
        ['\u{61c}'..='\u{61c}', '\u{200e}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
    character.is_control()
        || ('\u{2028}'..='\u{2029}').contains(&character)
        || BIDIRECTIONAL.iter().any(|marks| marks.contains(&character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped() {
        for (text, expected) in [
            ("", ""),
            ("plain, with \\ and \"quotes\" and '\u{2003}'", "plain, with \\ and \"quotes\" and '\u{2003}'"),
            ("Ünïcödé 日本語 👩‍🚀", "Ünïcödé 日本語 👩‍🚀"),
            ("\r\n\t\0", r"\r\n\t\u{0}"),
            ("\u{7f}\u{9b}2J", r"\u{7f}\u{9b}2J"),
            ("\u{2028}\u{2029}\u{85}", r"\u{2028}\u{2029}\u{85}"),
            ("\u{61c}\u{200f}\u{202a}\u{2069}", r"\u{61c}\u{200f}\u{202a}\u{2069}"),
            ("שלום", "שלום"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
