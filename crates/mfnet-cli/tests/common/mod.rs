//! Runs the program in a folder of its own, as a user does.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A new folder in which the program runs.
pub struct Desk {
    folder: tempfile::TempDir,
    data: Option<PathBuf>,
}

/// What a run of the program came to.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    pub fn new() -> Self {
        Desk { folder: tempfile::tempdir().unwrap(), data: None }
    }

    /// The same where the published data sets are found by name.
    pub fn with_data(folder: &Path) -> Self {
        Desk { data: Some(folder.to_owned()), ..Desk::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program with these arguments, separated by spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = program();
        command.args(arguments.split_whitespace()).current_dir(self.folder.path()).stdin(Stdio::null());
        match &self.data {
            Some(folder) => command.env("MFNET_DATA", folder),
            None => command.env_remove("MFNET_DATA"),
        };
        // nobody listens at port 1
        command
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("MFNET_MIRROR", "http://127.0.0.1:1")
            .env("NO_PROXY", "*");
        command
    }

    pub fn run(&self, arguments: &str) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs it and expects success.
    pub fn ok(&self, arguments: &str) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments}: {}", run.stderr);
        run
    }

    /// Trains with `--json` and gives the object.
    pub fn train(&self, arguments: &str) -> serde_json::Value {
        self.ok(&format!("train {arguments} --json")).json()
    }
}

/// The program. It obeys signals also if these tests run in the background, where a shell ignores some.
fn program() -> Command {
    let path = env!("CARGO_BIN_EXE_mfnet");
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0").trim();
    // SIGHUP, SIGINT, SIGTERM
    let of_the_program = 1 | 1 << 1 | 1 << 14;
    if u64::from_str_radix(ignored, 16).unwrap_or(0) & of_the_program == 0 {
        return Command::new(path);
    }
    let mut env = Command::new("env");
    env.args(["--default-signal=HUP,INT,TERM", path]);
    env
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        Run::from(command.output().unwrap())
    }

    /// The one object on stdout.
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// Runs, and checks the exit code, the first line of stderr, and that stdout has nothing on it.
pub fn fails(desk: &Desk, code: i32, arguments: &str, message: &str) -> Run {
    let run = desk.run(arguments);
    assert_eq!(run.stderr.lines().next(), Some(format!("error: {message}").as_str()), "{arguments}\n{}", run.stderr);
    assert!(run.stderr.lines().skip(1).all(|line| line.starts_with("help: ")), "{arguments}\n{}", run.stderr);
    assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{arguments}");
    run
}

/// Runs, and presses Ctrl-C once the first epoch is in this file.
#[cfg(unix)]
pub fn interrupted_after(desk: &Desk, arguments: &str, history: &str) -> Run {
    let child = desk.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while fs::read_to_string(desk.path(history)).map_or(0, |history| history.lines().count()) < 2 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    Run::from(child.wait_with_output().unwrap())
}

/// The folder with the published data sets that MFNET_DATA names, from the root of the repository if it is relative; or a line on stderr that says
/// what was not run (written so that it shows for tests that pass).
pub fn data_folder(test: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("MFNET_DATA").filter(|folder| !folder.is_empty()).map(|folder| root.join(folder));
    if folder.is_none() {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "not run, because MFNET_DATA is not set: {test}").unwrap();
    }
    folder
}

/// The names of the files in a folder, in order.
pub fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Forty flowers of two kinds that two numbers tell apart, and a third that says nothing.
pub fn flowers() -> String {
    let rows = (0..40).map(|i| {
        let (kind, length) = if i % 2 == 0 { ("setosa", 5) } else { ("virginica", 7) };
        format!("{}.{},{}.5,{},{kind}\n", length, i % 10, 8 - length, i / 2)
    });
    format!("length,width,number,species\n{}", rows.collect::<String>())
}
