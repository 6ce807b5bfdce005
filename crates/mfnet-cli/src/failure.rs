//! What a person reads when something went wrong: the error on the first line of stderr, then lines of help.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use mfnet::error::{DataProblem, ErrorKind as Kind, ModelProblem, SplitProblem};
use mfnet::table::{CellProblem, FileProblem, Problem};
use mfnet::{Error, Recipe};

const FAILED: u8 = 1;
const WRONG_COMMAND_LINE: u8 = 2;
const INTERRUPTED: u8 = 130;

const DAMAGED: &str = "the file was damaged, or is another one: take a fresh copy of it";

/// Why the program ends without its result.
pub(crate) struct Failure {
    message: Option<String>,
    help: Vec<String>,
    code: u8,
}

impl Failure {
    /// A file or its data, or the work, failed.
    pub(crate) fn work(message: impl Into<String>) -> Self {
        Failure { message: Some(message.into()), help: Vec::new(), code: FAILED }
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure { code: WRONG_COMMAND_LINE, ..Failure::work(message) }
    }

    /// Ctrl-C, after everything is saved.
    pub(crate) fn interrupted() -> Self {
        Failure { message: None, help: Vec::new(), code: INTERRUPTED }
    }

    pub(crate) fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// clap's error about these arguments, its first paragraph on one line.
    pub(crate) fn of_command_line(error: &clap::Error, arguments: &[String]) -> Self {
        let text = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing".to_owned(),
            _ => error.to_string(),
        };
        let paragraph = text.split("\n\n").next().unwrap_or(&text).trim_start_matches("error: ");
        let message = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut failure = Failure::usage(message);
        for (kind, value) in error.context() {
            match (kind, value) {
                (
                    ContextKind::SuggestedArg | ContextKind::SuggestedSubcommand | ContextKind::SuggestedValue,
                    ContextValue::String(similar),
                ) => {
                    failure = failure.help(format!("did you mean {similar}?"));
                }
                (ContextKind::SuggestedSubcommand | ContextKind::SuggestedValue, ContextValue::Strings(similar)) => {
                    failure = failure.help(format!("did you mean {}?", similar.join(" or ")));
                }
                (ContextKind::InvalidArg, ContextValue::String(surplus))
                    if error.kind() == ErrorKind::UnknownArgument =>
                {
                    if let Some((option, values)) = list_with_spaces(arguments, surplus) {
                        failure = failure.help(format!("join the values of {option} by commas: {option} {values}"));
                    }
                }
                _ => {}
            }
        }
        failure.help("mfnet --help, or mfnet COMMAND --help, shows all options with examples")
    }

    /// Writes it to stderr; what the program ends with.
    #[allow(clippy::print_stderr)]
    pub(crate) fn report(self) -> ExitCode {
        let message = self.message.map(|message| format!("error: {message}\n"));
        let help = self.help.into_iter().map(|line| format!("help: {line}\n"));
        eprint!("{}", message.into_iter().chain(help).collect::<String>());
        ExitCode::from(self.code)
    }
}

/// The option before a surplus argument and all that was given to it with commas, if the option takes a list.
fn list_with_spaces<'a>(arguments: &'a [String], surplus: &str) -> Option<(&'a str, String)> {
    const LISTS: [&str; 7] = ["--hidden", "--target", "--drop", "--numeric", "--categorical", "--keep", "--rows"];
    let end = arguments.iter().rposition(|argument| argument == surplus)?;
    let start = arguments[..end].iter().rposition(|argument| argument.starts_with('-'))?;
    let option = arguments[start].as_str();
    let of_numbers = ["--hidden", "--rows"].contains(&option);
    let is_value = |argument: &&String| {
        !argument.starts_with('-') && (!of_numbers || argument.starts_with(|c: char| c.is_ascii_digit()))
    };
    let values: Vec<&str> = arguments[start + 1..].iter().take_while(is_value).map(String::as_str).collect();
    LISTS.contains(&option).then(|| (option, values.join(",")))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            Kind::Recipe { of_file: false, .. } | Kind::InvalidValue(..) => WRONG_COMMAND_LINE,
            _ => FAILED,
        };
        let help = help_of(&error).lines().map(with_options).collect();
        Failure { message: Some(with_options(&error.to_string())), help, code }
    }
}

/// A text of the library with its fields, which stand in backticks, as options: `early_stopping` as --early-stopping. Fields that
/// only a recipe has are told as such.
pub(crate) fn with_options(text: &str) -> String {
    with_fields(text, |field| match Recipe::WITHOUT_OPTION.contains(&field) {
        true => format!("{field} (in the recipe)"),
        false => format!("--{}", field.replace('_', "-")),
    })
}

/// The same with its fields as `write` has them.
pub(crate) fn with_fields(text: &str, write: impl Fn(&str) -> String) -> String {
    let fields = Recipe::default().fields().unwrap_or_default();
    fields.keys().fold(text.to_owned(), |text, field| text.replace(&format!("`{field}`"), &write(field)))
}

/// What to do about an error, in lines.
fn help_of(error: &Error) -> String {
    const FOR_ALL: &str = "or with the environment variable MFNET_DATA, for all commands";
    let help = match error.kind() {
        Kind::Recipe { help, .. } => return help.join("\n"),
        Kind::NoData { nearby: Some(folder), .. } => {
            return format!("name it with --data-dir {}\n{FOR_ALL}", folder.display());
        }
        Kind::NoData { name, .. } => {
            return format!("put the files into a folder DIR/{name} and name DIR with --data-dir DIR\n{FOR_ALL}");
        }
        Kind::ModelFile(_, ModelProblem::NotSafetensors(_)) => {
            "the file is cut off, altered or no model; train it again or take a copy\n\
             a model is a model.safetensors or the folder of a run; predict and evaluate want it before the data"
        }
        // not the system's refusal, but bytes that cannot be decompressed
        Kind::Io { action: "read", reason, .. } if reason.raw_os_error().is_none() => DAMAGED,
        Kind::Data { problem, .. } => match problem {
            DataProblem::Table(problem) => of_table(problem),
            DataProblem::Split(problem) => return of_split(problem),
            DataProblem::NoFeatures(left_out) if !left_out.is_empty() => {
                "a column that --numeric or --categorical names is not left out"
            }
            DataProblem::OneClass { .. } | DataProblem::ConstantTarget { .. } => "choose another column with --target",
            DataProblem::Digest(..) => DAMAGED,
            _ => "",
        },
        _ => "",
    };
    help.to_owned()
}

/// What mends a table.
fn of_table(problem: &Problem) -> &'static str {
    use {CellProblem as Cell, FileProblem as File};
    match problem {
        Problem::Cell(Cell::NotANumber(_)) => {
            "numbers are written 3.14, or 3,14 where fields are not between commas; a missing one is an empty cell\n\
             mfnet train reads a column with text as a category, unless --numeric names it, it is the target of a regression, or the model has it as numbers"
        }
        Problem::Cell(Cell::Empty) => "a row without its target teaches nothing: fill the cell, or take the row out",
        Problem::Cell(Cell::NotAWeight(_)) | Problem::InRow(_, Cell::NotAWeight(_)) => {
            "a weight says how much its row counts: fill the cell, 0 leaves the row out"
        }
        Problem::Cell(Cell::NotABoolean(_) | Cell::NotADate(_)) => {
            "the column had no other fields in training; a missing value is an empty cell"
        }
        Problem::Cell(Cell::NotFinite(_) | Cell::TooLarge(_)) => "replace the value, or take the row or the column out",
        Problem::File(File::RowLength { expected: 1, .. }) => {
            "the first line has one field: if it is a title, take it out; the names of the columns come first"
        }
        Problem::File(File::RowLength { expected, found }) if found > expected => {
            "a field that has in it what stands between fields must be in double quotes, such as \"3,14\""
        }
        Problem::File(File::RowLength { .. }) => {
            "a missing value is an empty field; a quote that is not closed takes fields and lines with it"
        }
        Problem::File(File::Truncated { .. } | File::TooLong { .. } | File::Damaged(_)) => DAMAGED,
        Problem::File(File::Unsupported(_)) => "save the table as CSV",
        Problem::File(File::NotText(_)) => "save the table as CSV, in UTF-8",
        Problem::File(File::NotUtf8) => "save the file as UTF-8 text",
        Problem::DuplicateColumn => "give each column a name of its own in the first line",
        _ => "",
    }
}

/// What to do where data cannot be split.
fn of_split(problem: &SplitProblem) -> String {
    let help = match problem {
        SplitProblem::EmptyPart { .. } => {
            "ask for a larger --test-fraction or --validation-fraction, or switch it off with 0"
        }
        SplitProblem::NoGroup { .. } => "fill the cell, or take the row out",
        SplitProblem::FewGroups { what: "parts", .. } => {
            "do without validation or test rows: --validation-fraction 0 or --test-fraction 0"
        }
        SplitProblem::FewGroups { .. } | SplitProblem::FewRows { .. } => "ask for fewer folds with --folds",
        SplitProblem::NoGroupToSpare { part, .. } => return format!("do without {part} rows: --{part}-fraction 0"),
        SplitProblem::RareClasses { like_values: true, .. } => {
            "the target looks like numbers to predict, not like classes: use --task regression"
        }
        SplitProblem::RareClasses { part, .. } => {
            let other = "join rare classes into one, or choose another column with --target";
            return format!("{other}\nor do without {part} rows: --{part}-fraction 0");
        }
        _ => "",
    };
    help.to_owned()
}
