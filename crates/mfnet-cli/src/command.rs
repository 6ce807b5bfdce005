//! The command line that this process runs, which the whole program may ask for.

use std::ffi::{OsStr, OsString};
use std::process;
use std::sync::RwLock;

static COMMAND: RwLock<Command> = RwLock::new(Command { program: Vec::new(), arguments: Vec::new() });

/// A command line.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    /// What starts the program: its path, or Python and its arguments.
    program: Vec<OsString>,
    /// What follows.
    arguments: Vec<OsString>,
}

/// Says which command line is run.
pub(crate) fn begin(program: Vec<OsString>, arguments: Vec<OsString>) {
    *COMMAND.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Command { program, arguments };
}

fn current() -> Command {
    COMMAND.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
}

/// The arguments, without what starts the program.
pub(crate) fn arguments() -> Vec<OsString> {
    current().arguments
}

/// The arguments as text; bytes that are not UTF-8 become U+FFFD.
pub(crate) fn texts() -> Vec<String> {
    arguments().iter().map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// A new process of this program.
pub(crate) fn another<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> process::Command {
    let program = current().program;
    let mut process = process::Command::new(program.first().map_or(OsStr::new("mfnet"), |program| program));
    process.args(program.iter().skip(1)).args(arguments);
    process
}
