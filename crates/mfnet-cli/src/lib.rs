//! The program `mfnet` as a function, with one module for each command.

mod args;
mod command;
mod command_line;
mod datasets;
mod evaluate;
mod explain;
mod failure;
mod fetch;
mod inspect;
mod interrupt;
mod known;
mod output;
mod parts;
mod predict;
mod source;
mod terminal;
mod train;
mod tune;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Once;

use clap::Parser;
use mfnet::fit::Source;
use mfnet::table::ReadTable;

use crate::args::{Args, Command};
pub use crate::fetch::download_with;

/// The library's thread that panics on damaged files. Errors report these panics, so their messages
/// are suppressed.
const DECODER: &str = "mfnet-decoder";

/// Runs the program with these arguments, and returns its exit code. `program` is what starts this
/// program, for the processes of a search. A process runs the program once at a time, and owns the
/// signals SIGINT, SIGTERM and SIGHUP from then on.
pub fn run<A: Into<OsString>, P: Into<OsString>>(
    arguments: impl IntoIterator<Item = A>,
    program: impl IntoIterator<Item = P>,
) -> u8 {
    silence_decoders();
    command::begin(program.into_iter().map(Into::into).collect(), arguments.into_iter().map(Into::into).collect());
    let arguments = command::arguments();
    let result = match Args::try_parse_from([OsString::from("mfnet")].into_iter().chain(arguments)) {
        Ok(args) => match args.command {
            Command::Train(args) => train::run(&args),
            Command::Tune(args) => tune::run(&args),
            Command::Evaluate(args) => evaluate::run(&args),
            Command::Predict(args) => predict::run(&args),
            Command::Inspect(args) => inspect::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Datasets(args) => datasets::run(&args),
        },
        Err(error) if error.use_stderr() => Err(command_line::failure(&error, &command::texts())),
        // --help and --version
        Err(text) => output::written(text.print()),
    };
    result.map_or_else(failure::Failure::report, |()| 0)
}

/// From now on, panics of decoders are not written to stderr.
pub fn silence_decoders() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() != Some(DECODER) {
                usual(panic);
            }
        }));
    });
}

/// Reads a named data set, a file or a folder as the program does. Returns an error in the words of the
/// program, with its help on further lines. During a download, `look` is called several times a second and
/// may break it off; no signal is watched.
///
/// # Errors
/// For what the program refuses.
pub fn read(data: &Path, reader: ReadTable<'_>, look: &dyn Fn() -> ControlFlow<()>) -> Result<Source, String> {
    let (folders, reading, data) = (Default::default(), Default::default(), [data.to_owned()]);
    let files = source::Files { data: &data, folders: &folders, reading: &reading, quiet: true };
    files.read_while(reader, Some(look)).map_err(|failure| failure.lines().join("\n"))
}

/// Whether this is the name of a data set.
pub fn is_name(data: &Path) -> bool {
    known::is_name(data)
}
