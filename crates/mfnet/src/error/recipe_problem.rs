use std::fmt::{Display, Formatter};

/// What is wrong with a [`crate::Recipe`]: a setting contradicts another one or the data, or the file is no recipe.
///
/// [`Display`] names the recipe's fields, as in `early_stopping`; [`RecipeProblem::as_options`] names the program's
/// options, as in `--early-stopping`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeProblem {
    message: String,
    help: Vec<String>,
    of_file: bool,
}

impl RecipeProblem {
    /// A problem of the settings; fields are written as options.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        RecipeProblem { message: message.into(), help: Vec::new(), of_file: false }
    }

    /// A problem of what a file has in it.
    pub(crate) fn of_file(message: impl Into<String>) -> Self {
        RecipeProblem { of_file: true, ..Self::new(message) }
    }

    /// With a line of help.
    pub(crate) fn with_help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// Whether a file is wrong, and not the choice of the settings.
    pub fn is_of_file(&self) -> bool {
        self.of_file
    }

    /// The message with the program's options in place of the fields.
    pub fn as_options(&self) -> &str {
        &self.message
    }

    /// What to do about it, with the program's options.
    pub fn help(&self) -> &[String] {
        &self.help
    }
}

/// `--split-seed 3` as `split_seed 3`.
impl Display for RecipeProblem {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        for (i, word) in self.message.split(' ').enumerate() {
            let space = if i == 0 { "" } else { " " };
            match word.strip_prefix("--") {
                Some(option) => write!(f, "{space}{}", option.replace('-', "_"))?,
                None => write!(f, "{space}{word}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_in_place_of_options() {
        let problem = RecipeProblem::new("--early-stopping needs validation rows: a-b");
        assert_eq!(problem.to_string(), "early_stopping needs validation rows: a-b");
        assert_eq!(problem.as_options(), "--early-stopping needs validation rows: a-b");
    }
}
