//! Commands that a reader may copy.

/// Quotes an argument for a shell.
pub(crate) fn quoted(argument: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./,:=+%@".contains(character);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_copied() {
        assert_eq!(quoted("iris.csv"), "iris.csv");
        assert_eq!(quoted("it's $1"), "'it'\\''s $1'");
        assert_eq!(quoted(""), "''");
    }
}
