//! Errors as the program shows them: the error on the first line of stderr, then lines of help.

use std::path::Path;

use mfnet::error::{DataProblem, ErrorKind as Kind, ModelProblem, SplitProblem};
use mfnet::table::{CellProblem, FileProblem, Problem, quoted};
use mfnet::text::escaped;
use mfnet::{Error, Recipe};

use crate::interrupt;
use crate::terminal::message;

const FAILED: u8 = 1;
const WRONG_COMMAND_LINE: u8 = 2;

const DAMAGED: &str = "get a new copy of the file";

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

    /// Ctrl-C or another signal, after everything is saved.
    pub(crate) fn interrupted() -> Self {
        Failure { message: None, help: Vec::new(), code: interrupt::code() }
    }

    pub(crate) fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// The error and its help, a line for each.
    pub(crate) fn lines(&self) -> Vec<String> {
        // line breaks in a name, too: the error is one line, and so is each help
        let help = self.help.iter().map(|line| format!("help: {}", escaped(line)));
        self.message.iter().map(|message| escaped(message).into_owned()).chain(help).collect()
    }

    /// Writes the failure to stderr, and returns the exit code of the program.
    pub(crate) fn report(self) -> u8 {
        let mut lines = self.lines();
        if self.message.is_some() {
            lines[0].insert_str(0, "error: ");
        }
        if !lines.is_empty() {
            message(&lines.join("\n"));
        }
        self.code
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            Kind::Recipe { of_file: false, .. } | Kind::InvalidValue(..) => WRONG_COMMAND_LINE,
            _ => FAILED,
        };
        let help = help_of(&error).lines().map(with_options).collect();
        let message = match error.kind() {
            Kind::InvalidValue("interval" | "trials" | "round", ..) => format!("--{error}"),
            _ => with_options(&error.to_string()),
        };
        Failure { message: Some(message), help, code }
    }
}

/// Settings of files that are not in a recipe, and their options.
const OF_FILES: [(&str, &str); 3] =
    [("`sheet`", "--sheet"), ("`memory`", "--memory"), ("`keep_checkpoint`", "--keep-checkpoint")];

/// Replaces the fields in backticks of a text of the library by options: `early_stopping` by
/// --early-stopping. Marks fields that exist only in recipes.
pub(crate) fn with_options(text: &str) -> String {
    let text = &OF_FILES.iter().fold(text.to_owned(), |text, (name, option)| text.replace(name, option));
    with_fields(text, |field| match Recipe::WITHOUT_OPTION.contains(&field) {
        true => format!("{field} (in the recipe)"),
        false => format!("--{}", field.replace('_', "-")),
    })
}

/// Replaces the fields in backticks by the result of `write`.
pub(crate) fn with_fields(text: &str, write: impl Fn(&str) -> String) -> String {
    let fields = Recipe::default().fields().unwrap_or_default();
    fields.keys().fold(text.to_owned(), |text, field| text.replace(&format!("`{field}`"), &write(field)))
}

/// The help for an error, in lines.
fn help_of(error: &Error) -> String {
    const FOR_ALL: &str = "or set the environment variable MFNET_DATA to that folder, for all commands";
    let help = match error.kind() {
        Kind::Recipe { help, .. } => return help.join("\n"),
        Kind::NoData { nearby: Some(folder), .. } => {
            return format!("use --data-dir {}\n{FOR_ALL}", folder.display());
        }
        Kind::NoData { name, .. } => {
            return format!("put the files into a folder DIR/{name} and use --data-dir DIR\n{FOR_ALL}");
        }
        Kind::OtherTraining { what, .. } if what == "data" => {
            "the data have changed since the run began: start a new run"
        }
        Kind::OtherTraining { .. } => {
            "leave the data and the options out to go on with those of the run, or start a new run"
        }
        Kind::ModelFile(path, ModelProblem::NotSafetensors(_)) => {
            match path.extension().is_some_and(|ending| ending == "safetensors") {
                true => "get a new copy of the file, or train again",
                false => "MODEL must be a model file (model.safetensors) or the folder of a run",
            }
        }
        Kind::OutOfMemory { batch_size: Some(size), .. } => return format!("use a smaller --batch-size: {size} fits"),
        Kind::InvalidValue("network size", ..) => "use fewer --hidden units",
        Kind::OutOfMemory { batch_size: None, .. } => {
            "use fewer --hidden units, or --dtype f32, which takes half of the memory"
        }
        // bytes that cannot be decompressed, not an error of the system
        Kind::Io { action: "read", reason, .. } if reason.raw_os_error().is_none() => DAMAGED,
        Kind::Data {
            line: Some(1),
            column: Some(column),
            problem: DataProblem::Table(Problem::Cell(CellProblem::NotANumber(_))),
            ..
        } if column.parse::<usize>().is_ok() => {
            "if line 1 holds column names, remove it: the model was trained on a file without column names"
        }
        Kind::Data { file, line, problem, .. } => match problem {
            DataProblem::Table(Problem::File(FileProblem::OtherKind { convert, .. })) if !convert.is_empty() => {
                return conversion(convert, file);
            }
            DataProblem::Table(Problem::File(FileProblem::JsonRows { path, .. })) => {
                return format!("write an object for each row: jq -c {} {} > rows.jsonl", quoted(path), quoted(file));
            }
            DataProblem::Table(Problem::File(FileProblem::SeveralFiles(_))) => {
                return format!("unpack it, and name the file or files: unzip {}", quoted(file));
            }
            DataProblem::Table(problem) => of_table(problem, line.unwrap_or(0)),
            DataProblem::Split(problem) => return of_split(problem),
            DataProblem::NoFeatures(left_out) if !left_out.is_empty() => {
                "to use a column that was left out, name it with --numeric or --categorical"
            }
            DataProblem::OneClass { .. } | DataProblem::ConstantTarget { .. } => "choose another column with --target",
            DataProblem::NoClasses { like_values: true, .. } => {
                "the target looks like a number, not a class: use --task regression"
            }
            DataProblem::NoClasses { like_dates: true, .. } => {
                "mfnet does not predict dates: write them as numbers, such as days since the first date"
            }
            DataProblem::NoClasses { .. } => {
                "for numbers, write all of them in one form, such as 3.14, $ 3.14 or 3.14 kg; otherwise choose another column with --target"
            }
            DataProblem::Digest(..) => DAMAGED,
            _ => "",
        },
        _ => "",
    };
    help.to_owned()
}

/// The command that converts a file: FILE is its name, STEM its name without its ending.
fn conversion(convert: &str, file: &str) -> String {
    let stem = Path::new(file).with_extension("");
    let stem = if stem.as_os_str().is_empty() { file.to_owned() } else { stem.display().to_string() };
    // commands of Python and R have quotes of their own around the name
    match convert.contains(['\'', '"']) {
        true => convert.replace("FILE", file).replace("STEM", &stem),
        false => convert.replace("FILE", &quoted(file)).replace("STEM", &quoted(&stem)),
    }
}

/// A title ends in one of these lines.
const TITLE: u64 = 20;

/// The help for an error in a table, in this line.
fn of_table(problem: &Problem, line: u64) -> &'static str {
    use {CellProblem as Cell, FileProblem as File};
    match problem {
        Problem::Cell(Cell::NotANumber(_)) => {
            "the column must hold numbers: correct the cell, or leave it empty if the value is missing"
        }
        Problem::Cell(Cell::Empty) => "fill the cell, or remove the row: every row needs its target",
        Problem::Cell(Cell::NotAWeight(_)) | Problem::InRow(_, Cell::NotAWeight(_)) => {
            "fill the cell with the weight of the row; a weight of 0 ignores the row"
        }
        Problem::Cell(Cell::NotABoolean(_) | Cell::NotADate(_)) => {
            "the column must hold only such values; correct the cell, or leave it empty if the value is missing"
        }
        Problem::InRow(_, Cell::NotFinite(_) | Cell::TooLarge(_)) => {
            "replace the value, or remove the row, or leave the column out with --drop"
        }
        Problem::Cell(Cell::NotFinite(_) | Cell::TooLarge(_)) => {
            "replace the value, or remove the row or the column; if it is a missing value, name it with --missing"
        }
        Problem::File(File::RowLength { expected: 1, .. }) => {
            "if lines above the column names are a title, skip them with --skip-lines N"
        }
        Problem::File(File::RowLength { expected, found, .. }) if found > expected => {
            "if a field contains the delimiter, put double quotes around it, such as \"3,14\"; otherwise remove the surplus fields"
        }
        Problem::File(File::RowLength { last: Some(_), .. }) => "if these lines are no rows of the table, remove them",
        Problem::File(File::RowLength { .. }) if line <= TITLE => {
            "write an empty field for a missing value; if the line is no row of the table, remove it\n\
             to skip lines above the column names, use --skip-lines N"
        }
        Problem::File(File::RowLength { .. }) => {
            "write an empty field for a missing value; if the line is no row of the table, remove it"
        }
        Problem::File(File::Truncated { .. } | File::TooLong { .. } | File::Damaged(_)) => DAMAGED,
        Problem::File(File::Unsupported(_)) => "save the table as CSV",
        Problem::File(File::NumberFormat { .. }) => {
            "write the numbers as in training, or say how they are written with --decimal"
        }
        Problem::File(File::OtherUnit { .. }) => {
            "convert the column to the unit of the training, or write its numbers without a unit"
        }
        Problem::File(File::OnlyForText(..)) => "leave the option out",
        Problem::File(File::TooLarge(..)) => {
            "if you trust the file, say how large it may become, for example --memory 8GB"
        }
        Problem::File(File::UnknownSheet(..) | File::EmptySheet(..)) => "choose a sheet with --sheet",
        Problem::File(File::NoSheets) => "leave --sheet out",
        Problem::File(File::Json(_)) => {
            "write an object for each row; if the rows are below a key of the file: jq -c '.KEY[]' FILE > rows.jsonl"
        }
        Problem::File(File::OtherColumns { .. }) => "give only files with the same columns",
        Problem::File(File::NotText(_) | File::OtherKind { .. }) => "save the table as CSV, in UTF-8",
        Problem::File(File::NotUtf8) => "save the file as UTF-8 text",
        Problem::DuplicateColumn(_) => "give each column a different name; if the first line is data, use --header no",
        _ => "",
    }
}

/// The help for data that cannot be split.
fn of_split(problem: &SplitProblem) -> String {
    let help = match problem {
        SplitProblem::EmptyPart { .. } => {
            "use a larger --test-fraction or --validation-fraction, or switch the part off with 0"
        }
        SplitProblem::FewTimes(..) => "use a column with finer times, fewer --folds, or leave --time out",
        SplitProblem::NoGroup(_) => "fill the cell, or remove the row",
        SplitProblem::NotAPart(..) => "correct the cell, or choose a column that holds train, validation or test",
        SplitProblem::FewGroups { what: "parts", .. } => {
            "switch validation or test rows off: --validation-fraction 0 or --test-fraction 0"
        }
        SplitProblem::FewGroups { .. } | SplitProblem::FewRows { .. } => "use fewer --folds",
        SplitProblem::NoGroupToSpare { part, .. } => return format!("switch {part} rows off: --{part}-fraction 0"),
        SplitProblem::RareClasses { like_values: true, .. } => {
            "the target looks like a number, not a class: use --task regression"
        }
        SplitProblem::RareClasses { part, .. } => {
            let other = "merge rare classes, or choose another column with --target";
            return format!("{other}\nor switch {part} rows off: --{part}-fraction 0");
        }
        _ => "",
    };
    help.to_owned()
}
