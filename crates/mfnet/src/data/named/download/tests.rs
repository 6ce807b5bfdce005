use std::cell::Cell;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::data::PUBLISHED;

#[path = "../../../../tests/server/mod.rs"]
mod server;

use server::{Answer, REFUSED, Server, nobody};

/// SHA-256 of "hello world" and of "hello", by sha256sum.
const HELLO_WORLD: &str = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

const SMALL: Published = Published {
    name: "small",
    files: &[PublishedFile { name: "hello", bytes: 11, sha256: HELLO_WORLD }],
    mirrors: &[],
    ..PUBLISHED[0]
};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    gzip(&archive.into_inner().unwrap())
}

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn run(published: &Published, mirrors: &[&str], folder: &Path) -> Result<Option<PathBuf>> {
    let download = Download::new(Http::default().patience(Duration::from_millis(300))).mirrors(mirrors.iter().copied());
    download.run(published, folder, &go_on)
}

fn from_archive(sent: Vec<u8>, folder: &Path) -> Result<Option<PathBuf>> {
    let server = Server::new(move |_| Answer::Whole(sent.clone()));
    let url = String::leak(format!("{}/any.tgz", server.url));
    let mirrors = Vec::leak(vec![Mirror { url, inside: Some("inside/") }]);
    run(&Published { mirrors, ..SMALL }, &[], folder)
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn refusals(result: Result<Option<PathBuf>>) -> Vec<DownloadProblem> {
    let error = result.unwrap_err();
    let ErrorKind::Download { refusals, .. } = error.kind() else { panic!("{error:?}") };
    refusals.iter().map(|refusal| refusal.problem.clone()).collect()
}

#[test]
fn plain_compressed_and_in_an_archive() {
    for (ending, sent) in
        [(".gz", gzip(b"hello world")), (".gz", b"hello world".to_vec()), ("", b"hello world".to_vec())]
    {
        let desk = tempfile::tempdir().unwrap();
        let path = format!("/small/hello{ending}");
        let server =
            Server::new(move |asked| if asked == path { Answer::Whole(sent.clone()) } else { Answer::Status(404) });
        // with a slash at the end or without
        let folder = run(&SMALL, &[&format!("{}/", server.url)], desk.path()).unwrap().unwrap();
        assert_eq!((folder.as_path(), files(&folder)), (desk.path().join("small").as_path(), vec!["hello".to_owned()]));
        assert_eq!(fs::read(folder.join("hello")).unwrap(), b"hello world");
        // it is there: nobody is asked
        let asked = server.asked().len();
        run(&SMALL, &[&server.url], desk.path()).unwrap().unwrap();
        assert_eq!(server.asked().len(), asked);
    }
    let desk = tempfile::tempdir().unwrap();
    let sent = tar_of(&[("inside/notes", b"read me"), ("inside/hello", b"hello world"), ("more", &[7; 3000])]);
    let folder = from_archive(sent, desk.path()).unwrap().unwrap();
    assert_eq!((fs::read(folder.join("hello")).unwrap(), files(&folder).len()), (b"hello world".to_vec(), 1));
}

/// The next mirror is asked whatever is wrong with one, and nothing is left of what came.
#[test]
fn mirrors_that_fail() {
    let digest = |found: &str, found_bytes| DownloadProblem::Digest {
        expected: (11, HELLO_WORLD),
        found: (found_bytes, found.to_owned()),
    };
    let too_large = |what, limit| DownloadProblem::TooLarge(what, limit);
    let waited = Duration::from_millis(300);
    let page = b"<html>".repeat(2);
    let noise: Vec<u8> = (0..200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let cases = [
        (Answer::Status(404), DownloadProblem::Status(404)),
        (Answer::Status(500), DownloadProblem::Status(500)),
        (Answer::Cut(b"hello".to_vec(), 11), DownloadProblem::Connection("Peer disconnected".to_owned())),
        (Answer::Cut(gzip(b"hello world"), 100), DownloadProblem::Connection("Peer disconnected".to_owned())),
        (Answer::Stall(Vec::new(), 11), DownloadProblem::Stalled(waited)),
        (Answer::Stall(b"hello".to_vec(), 11), DownloadProblem::Stalled(waited)),
        (Answer::Whole(b"hello".to_vec()), digest(HELLO, 5)),
        (Answer::Whole(Vec::new()), digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0)),
        (Answer::Whole(page), too_large("the file", 11)),
        (Answer::Whole(gzip(&vec![0; 50_000_000])), too_large("the file", 11)),
        (Answer::Whole(noise), too_large("the file", 11)),
    ];
    for (answer, expected) in cases {
        let desk = tempfile::tempdir().unwrap();
        let bad = Server::new(move |_| answer.clone());
        let good = Server::new(|_| Answer::Whole(gzip(b"hello world")));
        let found = refusals(run(&SMALL, &[&bad.url], desk.path()));
        assert_eq!(found, [expected.clone(), expected.clone()]);
        assert!(files(&desk.path().join("small")).is_empty(), "{expected}");
        run(&SMALL, &[&bad.url, &good.url], desk.path()).unwrap().unwrap();
        assert_eq!(files(&desk.path().join("small")), ["hello"]);
    }
}

#[test]
fn what_is_sent_is_no_gzip_or_no_archive() {
    let desk = tempfile::tempdir().unwrap();
    let problem = |sent: Vec<u8>| {
        let server = Server::new(move |_| Answer::Whole(sent.clone()));
        refusals(run(&SMALL, &[&server.url], desk.path())).remove(0)
    };
    let whole = gzip(b"hello world");
    for sent in [whole[..10].to_vec(), whole[..whole.len() - 4].to_vec(), b"\x1f\x8bhello".to_vec()] {
        assert!(matches!(problem(sent), DownloadProblem::Damaged(_)));
    }
    // members without end that hold nothing
    let empty = gzip(b"");
    let limit = 11 + 65536;
    assert_eq!(problem(empty.repeat(10_000)), DownloadProblem::TooLarge("what was sent", limit));

    let problem = |sent| refusals(from_archive(sent, desk.path())).remove(0);
    let file = "inside/hello".to_owned();
    assert_eq!(problem(tar_of(&[("hello", b"hello world")])), DownloadProblem::NotInArchive(file));
    assert!(matches!(problem(gzip(b"hello world")), DownloadProblem::Damaged(_)));
    assert!(matches!(problem(b"hello world".to_vec()), DownloadProblem::Damaged(_)));
    let bomb = tar_of(&[("large", &vec![0; 5_000_000]), ("inside/hello", b"hello world")]);
    assert_eq!(problem(bomb), DownloadProblem::TooLarge("the archive", limit));
    let bomb = tar_of(&[("inside/hello", &[0; 60_000])]);
    assert_eq!(problem(bomb), DownloadProblem::TooLarge("the file", 11));
    assert!(files(&desk.path().join("small")).is_empty());
}

/// As the servers of archives do.
#[test]
fn an_address_that_moved() {
    let desk = tempfile::tempdir().unwrap();
    let there = Server::new(|_| Answer::Whole(b"hello world".to_vec()));
    let url = format!("{}/elsewhere?key=1", there.url);
    let here = Server::new(move |_| Answer::Moved(url.clone()));
    run(&SMALL, &[&here.url], desk.path()).unwrap().unwrap();
    assert_eq!(there.asked(), ["/elsewhere?key=1"]);
    let desk = tempfile::tempdir().unwrap();
    let round = Server::new(|path| Answer::Moved(path.to_owned()));
    let found = refusals(run(&SMALL, &[&round.url], desk.path()));
    assert_eq!(found.last(), Some(&DownloadProblem::Connection("too many redirects".to_owned())));
}

#[test]
fn nobody_answers() {
    let desk = tempfile::tempdir().unwrap();
    let url = nobody();
    let error = run(&SMALL, &[&url], desk.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("small: cannot download hello from {url}/small/hello.gz: {REFUSED}; from {url}/small/hello: {REFUSED}")
    );
    // not even a folder was made
    assert!(files(desk.path()).is_empty(), "{error}");
    let error = Download::default().run(&SMALL, desk.path(), &go_on).unwrap_err();
    assert_eq!(error.to_string(), "small: cannot download hello because no mirror was given");
}

/// Broken off while nothing comes, and between pieces.
#[test]
fn broken_off() {
    let desk = tempfile::tempdir().unwrap();
    let server = Server::new(|_| Answer::Stall(b"hello".to_vec(), 11));
    let calls = Cell::new(0);
    let look = |progress: Progress| {
        assert_eq!((progress.file, progress.of), ("hello", 11));
        calls.set(calls.get() + 1);
        if calls.get() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let download = Download::default().mirrors([&server.url]);
    assert_eq!(download.run(&SMALL, desk.path(), &look).unwrap(), None);
    assert!(files(&desk.path().join("small")).is_empty());
}

/// A file that lies there is verified and never touched.
#[test]
fn a_file_that_is_another_one() {
    let desk = tempfile::tempdir().unwrap();
    fs::create_dir(desk.path().join("small")).unwrap();
    let path = desk.path().join("small/hello");
    fs::write(&path, "hello").unwrap();
    let server = Server::new(|_| Answer::Whole(b"hello world".to_vec()));
    let error = run(&SMALL, &[&server.url], desk.path()).unwrap_err().to_string();
    let expected = format!("expected the published file with SHA-256 {HELLO_WORLD}, found SHA-256 {HELLO}");
    assert_eq!(error, format!("{}: {expected}", path.display()));
    assert_eq!(fs::read(path).unwrap(), b"hello");
}

#[test]
fn the_mirror_that_was_good_is_asked_first() {
    const TWO: Published = Published {
        files: &[
            PublishedFile { name: "hello", bytes: 11, sha256: HELLO_WORLD },
            PublishedFile { name: "short", bytes: 5, sha256: HELLO },
        ],
        ..SMALL
    };
    let desk = tempfile::tempdir().unwrap();
    let bad = Server::new(|_| Answer::Status(503));
    let good = Server::new(|asked| match asked {
        "/small/hello" => Answer::Whole(b"hello world".to_vec()),
        "/small/short" => Answer::Whole(b"hello".to_vec()),
        _ => Answer::Status(404),
    });
    let shown = Cell::new((0, 0));
    let look = |progress: Progress| {
        shown.set((progress.bytes, progress.of));
        ControlFlow::Continue(())
    };
    Download::default().mirrors([&bad.url, &good.url]).run(&TWO, desk.path(), &look).unwrap().unwrap();
    assert_eq!(bad.asked(), ["/small/hello.gz", "/small/hello"]);
    assert_eq!(good.asked(), ["/small/hello.gz", "/small/hello", "/small/short"]);
    assert_eq!(shown.get(), (16, 16));
}

#[test]
fn proxies() {
    assert!(Http::default().proxy("http://proxy.example.org:3128", "localhost,.example.org").is_ok());
    let error = Http::default().proxy("http://", "").unwrap_err();
    assert_eq!(error.to_string(), "proxy: expected an address as in http://host:port, found http://");
}

/// Every data set has several places to come from, and every file a size and the digits of a SHA-256.
#[test]
fn the_public_mirrors() {
    for published in PUBLISHED {
        let places = Download::default().places(&published);
        assert!(places.len() > 1, "{}", published.name);
        for file in published.files {
            assert!(file.bytes > 0 && file.sha256.len() == 64 && file.sha256.bytes().all(|b| b.is_ascii_hexdigit()));
            assert!(places.iter().all(|(url, _)| url.replace(FILE, file.name).starts_with("http")));
        }
    }
    let first = &Download::default().places(&PUBLISHED[0])[0];
    assert_eq!(*first, ("https://ossci-datasets.s3.amazonaws.com/mnist/{file}.gz".to_owned(), None));
}
