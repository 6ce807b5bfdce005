//! How the program was called and what it was to do, for the report.

use mfnet::fit::Plan;

use crate::spelling::with_options;

/// The command line that this program was called with, and the plan.
pub(super) fn head(plan: &Plan) -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    let command: Vec<String> = ["mfnet".to_owned()].into_iter().chain(arguments).collect();
    format!("{}\n\n{}", command.join(" "), with_options(&plan.introduction()))
}

/// As a shell reads it.
fn quoted(argument: &str) -> String {
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
