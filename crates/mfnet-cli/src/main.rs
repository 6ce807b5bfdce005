//! The program `mfnet`, with one module for each command.

mod args;
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

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};

/// The library's thread that panics on damaged files. Errors report these panics, so their messages
/// are suppressed.
const DECODER: &str = "mfnet-decoder";

fn main() -> ExitCode {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(DECODER) {
            usual(panic);
        }
    }));
    let result = match Args::try_parse() {
        Ok(args) => match args.command {
            Command::Train(args) => train::run(&args),
            Command::Tune(args) => tune::run(&args),
            Command::Evaluate(args) => evaluate::run(&args),
            Command::Predict(args) => predict::run(&args),
            Command::Inspect(args) => inspect::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Datasets(args) => datasets::run(&args),
        },
        Err(error) if error.use_stderr() => Err(command_line::failure(&error, &arguments())),
        // --help and --version
        Err(text) => output::written(text.print()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// The arguments as text; bytes that are not UTF-8 become U+FFFD.
fn arguments() -> Vec<String> {
    std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect()
}
