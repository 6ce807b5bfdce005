//! The program `mfnet`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::current_exe() {
        Ok(program) => ExitCode::from(mfnet_cli::run(std::env::args_os().skip(1), [program])),
        Err(_) => ExitCode::from(mfnet_cli::run(std::env::args_os().skip(1), ["mfnet"])),
    }
}
