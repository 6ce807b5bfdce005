//! A file out of what was sent.

use std::cell::RefCell;
use std::io::{self, BufReader, Read};

use mfnet_table::file::decompressed;

use super::{Ended, PIECE};
use crate::data::PublishedFile;
use crate::error::DownloadProblem;

/// What an archive may have beside the file, and gzip beside what it holds.
const BESIDE: u64 = 1 << 16;

/// Decompresses what comes, finds the file in it if it is an archive, and calls `write` for piece after piece of the file. Everything is cut off
/// where it is larger than it can be, so that neither memory nor disk fill up.
///
/// `ended` has why nothing more comes, if a reader left it there: an `io::Error` would lose it on its way through decompression and archive.
pub(super) fn unpack(
    from: impl Read,
    file: &PublishedFile,
    inside: Option<&str>,
    ended: &RefCell<Option<Ended>>,
    write: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Ended> {
    let result = unpack_from(from, file, inside, ended, write);
    match (result, ended.take()) {
        (Err(Ended::Refused(_)), Some(ended)) => Err(ended),
        (result, _) => result,
    }
}

fn unpack_from(
    from: impl Read,
    file: &PublishedFile,
    inside: Option<&str>,
    ended: &RefCell<Option<Ended>>,
    write: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Ended> {
    let sent = Limited { from, what: "what was sent", limit: file.bytes + BESIDE, count: 0, ended };
    let from = decompressed(BufReader::with_capacity(PIECE, sent)).map_err(damaged)?;
    let Some(folder) = inside else {
        return copy(Limited { from, what: "the file", limit: file.bytes, count: 0, ended }, write);
    };
    let from = Limited { from, what: "the archive", limit: file.bytes + BESIDE, count: 0, ended };
    let name = format!("{folder}{}", file.name);
    for entry in tar::Archive::new(from).entries().map_err(damaged)? {
        let from = entry.map_err(damaged)?;
        if *from.path_bytes() == *name.as_bytes() {
            return copy(Limited { from, what: "the file", limit: file.bytes, count: 0, ended }, write);
        }
    }
    Err(DownloadProblem::NotInArchive { file: name }.into())
}

fn damaged(error: io::Error) -> Ended {
    DownloadProblem::Damaged(error.to_string()).into()
}

/// Calls `write` for piece after piece.
fn copy(mut from: impl Read, mut write: impl FnMut(&[u8]) -> io::Result<()>) -> Result<(), Ended> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece).map_err(damaged)? {
            0 => return Ok(()),
            count => write(&piece[..count]).map_err(Ended::Disk)?,
        }
    }
}

/// A reader that fails beyond a limit.
struct Limited<'a, R> {
    from: R,
    what: &'static str,
    limit: u64,
    count: u64,
    ended: &'a RefCell<Option<Ended>>,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(to)?;
        self.count += count as u64;
        if self.count > self.limit {
            let problem = DownloadProblem::TooLarge { what: self.what, limit: self.limit };
            *self.ended.borrow_mut() = Some(problem.into());
            return Err(io::Error::other("too large"));
        }
        Ok(count)
    }
}
