//! Extracts a file from what a server sends: decompresses it, and finds it in its archive.

use std::cell::RefCell;
use std::io::{self, BufReader, Read};
use std::sync::mpsc::SyncSender;

use mfnet_table::file::decompressed;

use super::{Client, PIECE};
use crate::data::PublishedFile;
use crate::error::DownloadProblem;

/// Allowance for the other content of an archive, and for gzip's own bytes.
const BESIDE: u64 = 1 << 16;

/// Downloads a file and sends it in pieces, or the problem, until the end or until nobody receives
/// it. Limits on every size keep memory and disk from filling up. `inside` is the file's folder in
/// an archive.
pub(super) fn pass_on(
    client: &dyn Client,
    url: &str,
    inside: Option<&str>,
    file: &PublishedFile,
    to: &SyncSender<Result<Vec<u8>, DownloadProblem>>,
) {
    let cause = RefCell::new(None);
    let unpack = || {
        let body = client.get(url)?;
        let beyond = file.bytes + BESIDE;
        let sent =
            Limited { from: body, what: "what was sent", limit: beyond, count: 0, problem: unsent, cause: &cause };
        let from = decompressed(BufReader::with_capacity(PIECE, sent), Some(u64::MAX)).map_err(damaged)?;
        let Some(folder) = inside else { return copy(from, file, &cause, to) };
        let name = format!("{folder}{}", file.name);
        let from = Limited { from, what: "the archive", limit: beyond, count: 0, problem: damaged, cause: &cause };
        for entry in tar::Archive::new(from).entries().map_err(damaged)? {
            let entry = entry.map_err(damaged)?;
            if *entry.path_bytes() == *name.as_bytes() {
                return copy(entry, file, &cause, to);
            }
        }
        Err(DownloadProblem::NotInArchive(name))
    };
    if let Err(problem) = unpack() {
        // nobody receives it if the download was cancelled
        let _ = to.send(Err(cause.take().unwrap_or(problem)));
    }
}

fn unsent(error: io::Error) -> DownloadProblem {
    error.downcast().unwrap_or_else(|error: io::Error| DownloadProblem::Connection(error.to_string()))
}

fn damaged(error: io::Error) -> DownloadProblem {
    DownloadProblem::Damaged(error.to_string())
}

/// Sends the file in pieces.
fn copy(
    from: impl Read,
    file: &PublishedFile,
    cause: &RefCell<Option<DownloadProblem>>,
    to: &SyncSender<Result<Vec<u8>, DownloadProblem>>,
) -> Result<(), DownloadProblem> {
    let mut from = Limited { from, what: "the file", limit: file.bytes, count: 0, problem: damaged, cause };
    loop {
        let mut piece = vec![0; PIECE];
        let count = from.read(&mut piece).map_err(damaged)?;
        piece.truncate(count);
        if count == 0 || to.send(Ok(piece)).is_err() {
            return Ok(());
        }
    }
}

/// A reader that fails beyond a limit.
struct Limited<'a, R, P> {
    from: R,
    what: &'static str,
    limit: u64,
    count: u64,
    /// The meaning of an error of `from`.
    problem: P,
    /// Why reading stopped; an `io::Error` would lose it between decompression and archive.
    cause: &'a RefCell<Option<DownloadProblem>>,
}

impl<R: Read, P: Fn(io::Error) -> DownloadProblem> Read for Limited<'_, R, P> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let failed = |problem| {
            self.cause.borrow_mut().get_or_insert(problem);
            io::Error::other("nothing more comes")
        };
        let count = self.from.read(to).map_err(|error| failed((self.problem)(error)))?;
        self.count += count as u64;
        if self.count > self.limit { Err(failed(DownloadProblem::TooLarge(self.what, self.limit))) } else { Ok(count) }
    }
}
