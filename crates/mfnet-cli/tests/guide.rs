//! The commands of docs/guide.md work as they are printed there.
#![allow(clippy::unwrap_used)]

mod common;

use common::Desk;

/// The lines of the guide's blocks of shell commands.
fn commands() -> Vec<&'static str> {
    let guide = include_str!("../../../docs/guide.md");
    let blocks = guide.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.flat_map(str::lines).collect()
}

#[test]
fn every_command_works() {
    let desk = Desk::new();
    let commands = commands();
    assert!(commands.len() >= 4);
    for command in commands {
        let run = desk.run(command.strip_prefix("mfnet ").unwrap());
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
    }
}
