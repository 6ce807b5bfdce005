//! Downloads the files of published data sets.

mod client;
#[cfg(feature = "download")]
mod http;
mod incoming;
#[cfg(feature = "download")]
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use mfnet_table::file::{digest, hexadecimal};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

pub use self::client::Client;
#[cfg(feature = "download")]
pub use self::http::Http;
use self::incoming::pass_on;
use super::published::{Mirror, Published, PublishedFile};
use crate::error::{DownloadProblem, Error, ErrorKind, Refusal, Result};
use crate::files;

/// Size in bytes of the pieces that are read.
const PIECE: usize = 1 << 16;
/// How often the caller is asked to continue while no data arrive.
const ASK_AFTER: Duration = Duration::from_millis(100);
/// The most pieces that may wait to be written.
const WAITING: usize = 16;
/// Placeholder for a file's name.
const FILE: &str = "{file}";
/// A URL, in which a file's name replaces [`FILE`]; for an archive, also the file's folder in it.
type Place = (String, Option<&'static str>);

/// Downloads the files of published data sets (feature `download`; with a client of your own, feature
/// `download-with`).
///
/// For each file it tries one mirror after the other, until one sends bytes with the published
/// SHA-256. It writes the file beside its place, flushes it to disk and renames it, so that a file
/// is complete or absent. Files are stored decompressed.
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use mfnet::Dataset;
/// use mfnet::data::{Download, PUBLISHED};
/// let mnist = PUBLISHED.iter().find(|published| published.name == "mnist").unwrap();
/// Download::default().run(mnist, "data", &|_| ControlFlow::Continue(()))?;
/// let mnist = Dataset::mnist("data")?;
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Download {
    mirrors: Vec<String>,
    client: Arc<dyn Client>,
}

/// The progress of a download.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The current file.
    pub file: &'static str,
    /// Decompressed bytes of the data set so far.
    pub bytes: u64,
    /// Decompressed bytes of the whole data set.
    pub of: u64,
}

/// Downloads with [`Http`] from the public mirrors of each data set.
#[cfg(feature = "download")]
impl Default for Download {
    fn default() -> Self {
        Download::new(Http::default())
    }
}

impl Download {
    /// Downloads with this client from the public mirrors of each data set.
    pub fn new(client: impl Client + 'static) -> Self {
        Download { mirrors: Vec::new(), client: Arc::new(client) }
    }

    /// Replaces the public mirrors. Each URL is a folder that contains NAME/FILE.gz or NAME/FILE,
    /// as on disk.
    pub fn mirrors(self, urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Download { mirrors: urls.into_iter().map(Into::into).collect(), ..self }
    }

    /// Downloads the missing files of a data set to its folder in `data_folder`, and verifies the
    /// others.
    ///
    /// Returns the folder of the data set, or `None` if `look` cancelled the download. `look` is
    /// called for each piece, and several times a second while no data arrive.
    ///
    /// # Errors
    /// [`ErrorKind::Download`], with the problem of each mirror; [`ErrorKind::Io`] if the folder or
    /// a file cannot be created or written; [`ErrorKind::Data`] if an existing file is not the
    /// published one. Downloaded files stay.
    pub fn run(
        &self,
        published: &Published,
        data_folder: impl AsRef<Path>,
        look: &dyn Fn(Progress) -> ControlFlow<()>,
    ) -> Result<Option<PathBuf>> {
        let folder = data_folder.as_ref().join(published.name);
        let mut places = self.places(published);
        let mut before = 0;
        for file in published.files {
            if let Some(path) = file.path(&folder) {
                file.verify(&path.display().to_string(), digest(&path).map_err(Error::io(&path, "read"))?)?;
            } else {
                let look = |bytes| look(Progress { file: file.name, bytes: before + bytes, of: published.bytes() });
                let path = folder.join(file.name);
                let (mut refusals, mut place) = (Vec::new(), 0);
                let part = loop {
                    let Some((address, inside)) = places.get(place) else {
                        let (name, file) = (published.name.to_owned(), file.name.to_owned());
                        return Err(ErrorKind::Download { name, file, refusals }.into());
                    };
                    let url = address.replace(FILE, file.name);
                    match receive(&self.client, &url, *inside, *file, &folder, &look) {
                        Ok(part) => break part,
                        Err(Ended::Stopped) => return Ok(None),
                        Err(Ended::Disk(error)) => return Err(Error::io(&path, "write")(error)),
                        Err(Ended::Refused(problem)) => refusals.push(Refusal { url, problem }),
                    }
                    place += 1;
                };
                part.persist(&path).map_err(|error| Error::io(&path, "write")(error.error))?;
                // the mirror that has this file is the first to be asked for the next one
                places[..=place].rotate_right(1);
            }
            before += file.bytes;
        }
        Ok(Some(folder))
    }

    /// The URLs to download from.
    fn places(&self, published: &Published) -> Vec<Place> {
        let of_mirror = |mirror: &Mirror| match mirror.inside {
            None => (format!("{}{FILE}.gz", mirror.url), None),
            inside => (mirror.url.to_owned(), inside),
        };
        let of_url = |url: &String| {
            let file = format!("{}/{}/{FILE}", url.trim_end_matches('/'), published.name);
            [(format!("{file}.gz"), None), (file, None)]
        };
        match self.mirrors.is_empty() {
            true => published.mirrors.iter().map(of_mirror).collect(),
            false => self.mirrors.iter().flat_map(of_url).collect(),
        }
    }
}

/// Why a download fails.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("by the mirror's fault: {0}")]
    Refused(#[from] DownloadProblem),
    #[error("it cannot be written: {0}")]
    Disk(#[from] io::Error),
    #[error("the caller broke it off")]
    Stopped,
}

/// Writes a download beside its final place and verifies it. A separate thread waits for the
/// server, so that the caller can cancel at any time.
fn receive(
    client: &Arc<dyn Client>,
    url: &str,
    inside: Option<&'static str>,
    file: PublishedFile,
    folder: &Path,
    look: &dyn Fn(u64) -> ControlFlow<()>,
) -> std::result::Result<NamedTempFile, Ended> {
    let (to, pieces) = sync_channel(WAITING);
    let (client, url) = (Arc::clone(client), url.to_owned());
    let thread = thread::Builder::new().spawn(move || pass_on(&*client, &url, inside, &file, &to));
    thread.map_err(|error| DownloadProblem::Connection(error.to_string()))?;
    // nothing at the end
    let next = |bytes| loop {
        if look(bytes).is_break() {
            return Err(Ended::Stopped);
        }
        match pieces.recv_timeout(ASK_AFTER) {
            Ok(piece) => return Ok(Some(piece?)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    let mut next_piece = next(0)?;
    fs::create_dir_all(folder)?;
    let mut part = files::unnamed(folder)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    while let Some(piece) = next_piece {
        hash.update(&piece);
        bytes += piece.len() as u64;
        part.write_all(&piece)?;
        next_piece = next(bytes)?;
    }
    let found = hexadecimal(hash.finalize(), "");
    if found != file.sha256 {
        return Err(DownloadProblem::Digest { expected: (file.bytes, file.sha256), found: (bytes, found) }.into());
    }
    part.as_file().sync_all()?;
    Ok(part)
}
