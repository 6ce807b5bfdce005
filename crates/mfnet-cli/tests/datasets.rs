//! The data sets by name: their list, and how they are downloaded, from servers on this machine. The tests that need the published files say
//! that they were not run where MFNET_DATA does not name their folder.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "../../mfnet/tests/server/mod.rs"]
mod server;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use common::{Desk, Run, data_folder, files};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use server::{Answer, REFUSED, Server, nobody};

/// The program with mirrors.
fn run(desk: &Desk, arguments: &str, mirrors: &[&str]) -> Run {
    Run::of(desk.command(arguments).env("MFNET_MIRROR", mirrors.join(" ")))
}

/// A mirror that is a folder on disk, with what is in it.
fn mirror(folder: &Path) -> Server {
    let folder = folder.to_owned();
    Server::new(move |path| fs::read(folder.join(&path[1..])).map_or(Answer::Status(404), Answer::Whole))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_list() {
    let desk = Desk::new();
    let expected = "\
name                  rows  features  task                          size  licence       where
digits               1 797        64  classification, 10 classes   54 kB  CC BY 4.0     built in
diabetes               442        10  regression                  7.6 kB  none named    built in
xor                    500         2  classification, 2 classes   3.5 kB  as mfnet      built in
moons                  500         2  classification, 2 classes   3.4 kB  as mfnet      built in
spiral                 500         2  classification, 2 classes   3.4 kB  as mfnet      built in
mnist               70 000       784  classification, 10 classes   55 MB  CC BY-SA 3.0  not downloaded: mfnet datasets fetch mnist
fashion-mnist       70 000       784  classification, 10 classes   55 MB  MIT           not downloaded: mfnet datasets fetch fashion-mnist
california-housing  20 640         8  regression                  2.1 MB  public        data/california-housing
";
    fs::create_dir_all(desk.path("data/california-housing")).unwrap();
    desk.write("data/california-housing/cal_housing.data", "");
    for command in ["datasets --data-dir data", "datasets list --data-dir data"] {
        let run = desk.ok(command);
        let (table, about) = run.stdout.split_once("\n\n").unwrap();
        assert_eq!(format!("{table}\n"), expected);
        assert!(about.starts_with("digits: handwritten digits of 8 × 8 pixels"), "{about}");
        assert!(about.contains("3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot"), "{about}");
        assert_eq!(run.stderr, "");
    }
    for command in ["datasets --json --data-dir data", "datasets list --json --data-dir data"] {
        let list = desk.ok(command).json();
        let names: Vec<_> = list["datasets"].as_array().unwrap().iter().map(|entry| &entry["name"]).collect();
        assert_eq!(
            names,
            ["digits", "diabetes", "xor", "moons", "spiral", "mnist", "fashion-mnist", "california-housing"]
        );
        let mnist = &list["datasets"][5];
        assert_eq!((&mnist["rows"], &mnist["classes"], &mnist["bytes"]), (&json!(70000), &json!(10), &json!(54950048)));
        assert_eq!((&mnist["built_in"], &mnist["folder"]), (&json!(false), &json!(null)));
        assert_eq!(list["datasets"][7]["folder"], json!("data/california-housing"));
    }
}

#[test]
fn names_that_are_not_known() {
    let desk = Desk::new();
    let known = "help: mfnet knows the data sets digits, diabetes, xor, moons, spiral, mnist, fashion-mnist, california-housing\n";
    for (typed, help) in
        [("mnits", "help: did you mean mnist?\n"), ("fashion", "help: did you mean fashion-mnist?\n"), ("iris", "")]
    {
        let run = desk.run(&format!("datasets fetch digits {typed}"));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert_eq!(run.stderr, format!("error: there is no data set {typed:?}\n{help}{known}"));
    }
    assert_eq!(desk.run("datasets fetch").code, 2);
    assert_eq!(desk.run("datasets fecth mnist").code, 2);
    assert_eq!(desk.ok("datasets fetch digits diabetes").stdout, "digits: built in\ndiabetes: built in\n");
}

/// One mirror breaks off in the middle, the next one is good: then the files are those of `sha256sum`, lie there whole, and training finds them.
#[test]
fn mnist() {
    let Some(folder) = data_folder("the download of mnist") else { return };
    let desk = Desk::new();
    let image = fs::read(folder.join("mnist/train-images-idx3-ubyte.gz")).unwrap();
    let bad = Server::new(move |path| match path {
        "/mnist/train-images-idx3-ubyte.gz" => Answer::Cut(image[..image.len() / 2].to_vec(), image.len()),
        _ => Answer::Status(404),
    });
    let good = mirror(&folder);
    let place = desk.path("cache/mfnet/mnist");
    let fetched = run(&desk, "datasets fetch mnist", &[&bad.url, &good.url]);
    let downloading = format!("mnist: downloading 4 files (55 MB decompressed) into {}\n", place.display());
    assert_eq!((fetched.code, fetched.stderr), (0, downloading));
    assert_eq!(fetched.stdout, format!("mnist: {}\n", place.display()));
    let names =
        ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
    assert_eq!(files(&place), names);
    assert_eq!(
        names.map(|name| fs::metadata(place.join(name)).unwrap().len()),
        [7_840_016, 10_008, 47_040_016, 60_008]
    );
    assert_eq!((bad.asked().len(), good.asked().len()), (2, 4));

    // all is there: it is verified, nobody is asked, nothing is said
    let again = desk.ok("datasets fetch mnist");
    assert_eq!((again.stdout, again.stderr.as_str()), (fetched.stdout, ""));
    assert!(desk.ok("datasets").stdout.contains(&format!("  {}\n", place.display())));
    let read = mfnet::Dataset::mnist(desk.path("cache/mfnet")).unwrap();
    assert_eq!(read.samples(), 70000);
    // one that was damaged is found, and not replaced without being asked
    desk.write("cache/mfnet/mnist/t10k-labels-idx1-ubyte", "x");
    let damaged = run(&desk, "datasets fetch mnist", &[&good.url]);
    let expected = "t10k-labels-idx1-ubyte: expected the published file with SHA-256 \
                    ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2, found SHA-256 2d711642b726b044";
    assert!(damaged.code == 1 && damaged.stderr.contains(expected), "{}", damaged.stderr);
    assert_eq!(desk.text("cache/mfnet/mnist/t10k-labels-idx1-ubyte"), "x");
    fs::remove_file(place.join("t10k-labels-idx1-ubyte")).unwrap();
    assert_eq!(run(&desk, "datasets fetch mnist --quiet", &[&good.url]).code, 0);
    assert_eq!((files(&place).len(), good.asked().len()), (4, 5));
}

#[test]
fn two_programs_at_once() {
    let Some(folder) = data_folder("two downloads at once") else { return };
    let (desk, server) = (Desk::new(), mirror(&folder));
    let children = [(); 2].map(|()| {
        let mut command = desk.command("datasets fetch mnist --data-dir data --quiet");
        command.env("MFNET_MIRROR", &server.url).stdout(Stdio::null()).spawn().unwrap()
    });
    for mut child in children {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    assert_eq!(files(&desk.path("data/mnist")).len(), 4);
    mfnet::Dataset::mnist(desk.path("data")).unwrap();
}

#[test]
fn training_downloads() {
    let Some(folder) = data_folder("training that downloads") else { return };
    let (desk, server) = (Desk::new(), mirror(&folder));
    let train = "train california-housing --hidden none --epochs 1 --output run";
    let trained = run(&desk, &format!("{train} --json"), &[&server.url]);
    let place = desk.path("cache/mfnet/california-housing").display().to_string();
    let expected = format!(
        "california-housing: downloading 1 file (2.1 MB decompressed) into {place}\n\
         california-housing from {place}: 20 640 rows, 8 features; "
    );
    assert!(trained.stderr.starts_with(&expected), "{}", trained.stderr);
    assert_eq!(trained.json()["samples"], json!({ "train": 13209, "validation": 3303, "test": 4128 }));
    // the second time it is there
    let evaluated = desk.ok("evaluate run california-housing --json");
    assert_eq!((evaluated.stderr.as_str(), &evaluated.json()["part"]), ("", &json!("test")));
    // if it is not, it comes into the folder that is named
    fs::rename(desk.path("cache"), desk.path("away")).unwrap();
    let quiet = format!("{train} --force --quiet --data-dir here");
    let silent = run(&desk, &quiet, &[&server.url]).stderr;
    assert!(silent.lines().all(|line| line.starts_with("note: ")), "{silent}");
    assert_eq!(
        desk.ok("datasets fetch california-housing --data-dir here").stdout,
        "california-housing: here/california-housing\n"
    );
    assert_eq!(files(&desk.path("here/california-housing")), ["cal_housing.data"]);
    // one level too deep: named, not downloaded again
    let deep = run(&desk, &format!("{train} --force --data-dir here/california-housing"), &[&server.url]);
    assert!(deep.code == 1 && deep.stderr.contains("\nhelp: use --data-dir here\n"), "{}", deep.stderr);
}

/// Whatever a mirror sends, the error names it, and nothing is left in the folder.
#[test]
fn mirrors_that_fail() {
    let desk = Desk::new();
    let published = "expected the 47040016 published bytes, whose SHA-256 is \
                     ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db, found 5 bytes with \
                     2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    for (answer, problem) in [
        (Answer::Status(404), "the server answered with HTTP status 404"),
        (Answer::Status(500), "the server answered with HTTP status 500"),
        (Answer::Whole(b"hello".to_vec()), published),
        (Answer::Whole(gzip(b"hello")), published),
        (Answer::Cut(b"hello".to_vec(), 1000), "Peer disconnected"),
    ] {
        let server = Server::new(move |_| answer.clone());
        let run = run(&desk, "datasets fetch mnist --data-dir data --quiet", &[&nobody(), &server.url]);
        let url = format!("{}/mnist/train-images-idx3-ubyte", server.url);
        assert!(run.stderr.starts_with("error: mnist: cannot download train-images-idx3-ubyte from http://127.0.0.1:"));
        let expected = format!("{REFUSED}; from {url}.gz: {problem}; from {url}: {problem}\nhelp: download the ");
        assert!(run.stderr.contains(&expected), "{}", run.stderr);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""));
        if desk.path("data").exists() {
            assert!(files(&desk.path("data/mnist")).is_empty());
        }
    }
    let no_address = run(&desk, "datasets fetch mnist", &["mirror of mine"]);
    assert!(no_address.code == 1 && no_address.stderr.contains(" from mirror/mnist/train-images-idx3-ubyte.gz: "));
    let no_proxy = Run::of(desk.command("datasets fetch mnist").env("HTTPS_PROXY", "http://"));
    let expected = "error: proxy: expected an address as in http://host:port, found http://\n";
    assert_eq!((no_proxy.code, no_proxy.stderr.as_str()), (2, expected));
}

/// A quarter of a gigabyte of zeros, in a megabyte, for a program that may have 200 MB.
#[cfg(target_os = "linux")]
#[test]
fn a_decompression_bomb() {
    let desk = Desk::new();
    let bomb = gzip(&vec![0; 1 << 28]);
    let server = Server::new(move |_| Answer::Whole(bomb.clone()));
    let shell =
        format!("ulimit -v 200000; exec {} datasets fetch mnist --data-dir data --quiet", env!("CARGO_BIN_EXE_mfnet"));
    let mut command = Command::new("sh");
    command.args(["-c", &shell]).current_dir(desk.path(".")).env("MFNET_MIRROR", &server.url).env("NO_PROXY", "*");
    let run = Run::of(&mut command);
    let url = format!("{}/mnist/train-images-idx3-ubyte", server.url);
    let expected =
        format!(" from {url}.gz: stopped because the file is larger than 47040016 bytes; from {url}: stopped ");
    assert!(run.code == 1 && run.stderr.contains(&expected), "{}", run.stderr);
    assert!(files(&desk.path("data/mnist")).is_empty());
}

#[test]
fn a_folder_that_cannot_be_written() {
    let desk = Desk::new();
    desk.write("data", "a file");
    let server = Server::new(|_| Answer::Whole(Vec::new()));
    let run = run(&desk, "train mnist --data-dir data --quiet", &[&server.url]);
    let expected = "error: data/mnist/train-images-idx3-ubyte: cannot write: Not a directory (os error 20)\n\
                    help: choose a folder that you can write to with --data-dir\n";
    assert_eq!((run.code, run.stderr.as_str()), (1, expected));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::create_dir(desk.path("locked")).unwrap();
        fs::set_permissions(desk.path("locked"), fs::Permissions::from_mode(0o555)).unwrap();
        // root may write everywhere
        if fs::write(desk.path("locked/file"), "").is_err() {
            let run = self::run(&desk, "datasets fetch mnist --data-dir locked --quiet", &[&server.url]);
            let expected =
                "error: locked/mnist/train-images-idx3-ubyte: cannot write: Permission denied (os error 13)\n";
            assert!(run.code == 1 && run.stderr.starts_with(expected), "{}", run.stderr);
        }
    }
    let homeless =
        Run::of(desk.command("datasets fetch mnist").env("XDG_CACHE_HOME", "relative").env("HOME", "relative"));
    let expected = "error: mnist: cannot find a cache folder for the download\nhelp: choose a folder with --data-dir\n";
    assert_eq!((homeless.code, homeless.stderr.as_str()), (1, expected));
}

/// Ctrl-C while the server says nothing more: nothing is left.
#[cfg(unix)]
#[test]
fn an_interrupted_download() {
    let desk = Desk::new();
    let server = Server::new(|_| Answer::Stall(vec![0; 300_000], 1_000_000));
    for command in ["datasets fetch mnist --data-dir data", "train mnist --data-dir data"] {
        let mut command = desk.command(command);
        let mut child = command.env("MFNET_MIRROR", &server.url).stderr(Stdio::piped()).spawn().unwrap();
        // a part lies beside its place
        let bytes = || {
            let files = fs::read_dir(desk.path("data/mnist")).into_iter().flatten().flatten();
            files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum::<u64>()
        };
        while bytes() < 100_000 {
            thread::sleep(Duration::from_millis(20));
        }
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert_eq!(stderr, "mnist: downloading 4 files (55 MB decompressed) into data/mnist\n");
        assert!(files(&desk.path("data/mnist")).is_empty());
    }
    assert!(!desk.path("runs").exists());
}
