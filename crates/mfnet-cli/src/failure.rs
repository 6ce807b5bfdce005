//! What a person reads when something went wrong: the error on the first line of stderr, then lines of help.

use std::fmt::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use mfnet::table::{CellProblem, FileProblem, Problem, TextProblem};
use mfnet::{DataProblem, Error, ModelProblem, PublishedProblem, SplitProblem};

pub(crate) const FAILED: u8 = 1;
pub(crate) const WRONG_COMMAND_LINE: u8 = 2;
const INTERRUPTED: u8 = 130;

const DAMAGED: &str = "the file was damaged, or is another one: take a fresh copy of it";

/// Why the program ends without its result.
pub(crate) struct Failure {
    message: Option<String>,
    help: Vec<String>,
    code: u8,
}

impl Failure {
    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure { message: Some(message.into()), help: Vec::new(), code: WRONG_COMMAND_LINE }
    }

    /// A file or its data, or the work, failed.
    pub(crate) fn work(message: impl Into<String>) -> Self {
        Failure { message: Some(message.into()), help: Vec::new(), code: FAILED }
    }

    /// Ctrl-C, after everything is saved.
    pub(crate) fn interrupted() -> Self {
        Failure { message: None, help: Vec::new(), code: INTERRUPTED }
    }

    pub(crate) fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// clap's error, its first paragraph on one line.
    pub(crate) fn of_command_line(error: &clap::Error) -> Self {
        let text = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing".to_owned(),
            _ => error.to_string(),
        };
        let paragraph = text.split("\n\n").next().unwrap_or(&text).trim_start_matches("error: ");
        let message = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut failure = Failure::usage(message);
        for (kind, value) in error.context() {
            match (kind, value) {
                (ContextKind::SuggestedArg | ContextKind::SuggestedSubcommand, ContextValue::String(similar)) => {
                    failure = failure.help(format!("did you mean {similar}?"));
                }
                (ContextKind::SuggestedSubcommand | ContextKind::SuggestedValue, ContextValue::Strings(similar)) => {
                    failure = failure.help(format!("did you mean {}?", similar.join(" or ")));
                }
                _ => {}
            }
        }
        failure.help("mfnet --help, or mfnet COMMAND --help, shows all options with examples")
    }

    /// Writes it to stderr; what the program ends with.
    #[allow(clippy::print_stderr)]
    pub(crate) fn report(self) -> ExitCode {
        let mut text = String::new();
        if let Some(message) = self.message {
            let _ = writeln!(text, "error: {message}");
        }
        for line in self.help {
            let _ = writeln!(text, "help: {line}");
        }
        eprint!("{text}");
        ExitCode::from(self.code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = Failure::work(error.to_string());
        match &error {
            Error::Recipe(problem) => {
                let code = if problem.is_of_file() { FAILED } else { WRONG_COMMAND_LINE };
                Failure { message: Some(problem.as_options().to_owned()), help: problem.help().to_vec(), code }
            }
            Error::InvalidValue { .. } => Failure { code: WRONG_COMMAND_LINE, ..failure },
            Error::Data { problem, .. } => match problem {
                DataProblem::Table(problem) => of_table(failure, problem),
                DataProblem::Split(problem) => of_split(failure, problem),
                DataProblem::NoFeatures { left_out } if !left_out.is_empty() => {
                    failure.help("a column that --numeric or --categorical names is not left out")
                }
                DataProblem::OneClass { .. } | DataProblem::ConstantTarget { .. } => {
                    failure.help("choose another column with --target")
                }
                DataProblem::Published(PublishedProblem::Digest { .. }) => failure.help(DAMAGED),
                _ => failure,
            },
            // not the system's refusal, but bytes that cannot be decompressed
            Error::Io { action: "read", source, .. } if source.raw_os_error().is_none() => failure.help(DAMAGED),
            Error::NoData { nearby: Some(folder), .. } => failure
                .help(format!("name it with --data-dir {}", folder.display()))
                .help("or with the environment variable MFNET_DATA, for all commands"),
            Error::NoData { name, .. } => failure
                .help(format!("put the files into a folder DIR/{name} and name DIR with --data-dir DIR"))
                .help("or with the environment variable MFNET_DATA, for all commands"),
            Error::ModelFile { problem: ModelProblem::NotSafetensors(_), .. } => {
                failure
                    .help("the file is cut off, altered or no model; train it again or take a copy")
                    .help("a model is a model.safetensors or the folder of a run; predict and evaluate want it before the data")
            }
            _ => failure,
        }
    }
}

impl From<mfnet::table::Error> for Failure {
    fn from(error: mfnet::table::Error) -> Self {
        Error::from(error).into()
    }
}

/// What mends a table.
fn of_table(failure: Failure, problem: &Problem) -> Failure {
    match problem {
        Problem::Cell(CellProblem::NotANumber(_)) => failure
            .help("numbers are written 3.14, or 3,14 where fields are not between commas; a missing one is an empty cell")
            .help("mfnet train reads a column with text as a category, unless --numeric names it, it is the target of a regression, or the model has it as numbers"),
        Problem::Cell(CellProblem::Empty) => {
            failure.help("a row without its target teaches nothing: fill the cell, or take the row out")
        }
        Problem::Cell(CellProblem::NotABoolean(_)) | Problem::Cell(CellProblem::NotADate(_)) => {
            failure.help("the column had no other fields in training; a missing value is an empty cell")
        }
        Problem::Cell(CellProblem::NotFinite(_)) | Problem::Cell(CellProblem::TooLarge(_)) => failure.help("replace the value, or take the row or the column out"),
        Problem::Text(TextProblem::RowLength { expected: 1, .. }) => {
            failure.help("the first line has one field: if it is a title, take it out; the names of the columns come first")
        }
        Problem::Text(TextProblem::RowLength { expected, found }) if found > expected => {
            failure.help("a field that has in it what stands between fields must be in double quotes, such as \"3,14\"")
        }
        Problem::Text(TextProblem::RowLength { .. }) => {
            failure.help("a missing value is an empty field; a quote that is not closed takes fields and lines with it")
        }
        Problem::File(FileProblem::Truncated { .. } | FileProblem::TooLong { .. } | FileProblem::Damaged(_)) => failure.help(DAMAGED),
        Problem::File(FileProblem::Unsupported(_)) => failure.help("save the table as CSV"),
        Problem::File(FileProblem::NotText(_)) => failure.help("save the table as CSV, in UTF-8"),
        Problem::File(FileProblem::NotUtf8) => failure.help("save the file as UTF-8 text"),
        Problem::DuplicateColumn => failure.help("give each column a name of its own in the first line"),
        _ => failure,
    }
}

/// What to do where data cannot be split.
fn of_split(failure: Failure, problem: &SplitProblem) -> Failure {
    match problem {
        SplitProblem::EmptyPart { .. } => {
            failure.help("ask for a larger --test-fraction or --validation-fraction, or switch it off with 0")
        }
        SplitProblem::NoGroup { .. } => failure.help("fill the cell, or take the row out"),
        SplitProblem::FewGroups { what: "parts", .. } => {
            failure.help("do without validation or test rows: --validation-fraction 0 or --test-fraction 0")
        }
        SplitProblem::FewGroups { .. } | SplitProblem::FewRows { .. } => {
            failure.help("ask for fewer folds with --folds")
        }
        SplitProblem::NoGroupToSpare { part, .. } => {
            failure.help(format!("do without {part} rows: --{part}-fraction 0"))
        }
        SplitProblem::RareClasses { like_values: true, .. } => {
            failure.help("the target looks like numbers to predict, not like classes: use --task regression")
        }
        SplitProblem::RareClasses { part, .. } => failure
            .help("join rare classes into one, or choose another column with --target")
            .help(format!("or do without {part} rows: --{part}-fraction 0")),
        _ => failure,
    }
}
