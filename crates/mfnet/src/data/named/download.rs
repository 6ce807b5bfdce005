//! Downloads the files of published data sets.

mod incoming;
#[cfg(test)]
mod tests;
mod unpack;

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mfnet_table::file::{hexadecimal, open};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use self::incoming::Incoming;
use self::unpack::unpack;
use super::published::{Mirror, Published, PublishedFile};
use crate::error::{DownloadProblem, Error, Refusal, Result};
use crate::files;

/// How much is taken at a time.
const PIECE: usize = 1 << 16;
/// How long a server may say nothing before the next mirror is asked.
const PATIENCE: Duration = Duration::from_secs(30);

/// Downloads the files of published data sets. (With the feature `download`.)
///
/// Each file is asked from one mirror after the other until one gives the published bytes, which their SHA-256 tells. It appears whole or not
/// at all: it is written beside its place, flushed to disk, and renamed. It lies there decompressed.
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use mfnet::{Dataset, Download, PUBLISHED};
/// let mnist = PUBLISHED.iter().find(|published| published.name == "mnist").unwrap();
/// Download::new().run(mnist, "data", &|_| ControlFlow::Continue(()))?;
/// let mnist = Dataset::mnist("data")?;
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Download {
    mirrors: Vec<String>,
    proxy: Option<ureq::Proxy>,
    patience: Duration,
}

/// How far a download is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The file that comes now.
    pub file: &'static str,
    /// Bytes of the data set that are there, decompressed.
    pub bytes: u64,
    /// Bytes of the whole data set, decompressed.
    pub of: u64,
}

impl Default for Download {
    fn default() -> Self {
        Self::new()
    }
}

impl Download {
    /// From the public mirrors of each data set; without a proxy. A mirror that says nothing for 30 seconds is given up.
    pub fn new() -> Self {
        Download { mirrors: Vec::new(), proxy: None, patience: PATIENCE }
    }

    /// From these places instead: addresses of folders in which the data sets lie as on disk, NAME/FILE.gz or NAME/FILE.
    pub fn mirrors(self, urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Download { mirrors: urls.into_iter().map(Into::into).collect(), ..self }
    }

    /// Through a proxy, `http://user:password@host:port`, but for the hosts in `direct`, with commas: `localhost,.example.org`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if this is no address of a proxy.
    pub fn proxy(self, url: &str, direct: &str) -> Result<Self> {
        let proxy = ureq::Proxy::new(url).and_then(|proxy| {
            let mut builder = ureq::Proxy::builder(proxy.protocol()).host(proxy.host()).port(proxy.port());
            if let (Some(name), Some(password)) = (proxy.username(), proxy.password()) {
                builder = builder.username(name).password(password);
            }
            direct.split(',').map(str::trim).fold(builder, ureq::ProxyBuilder::no_proxy).build()
        });
        let proxy = proxy.map_err(|_| Error::invalid("proxy", "an address as in http://host:port", url))?;
        Ok(Download { proxy: Some(proxy), ..self })
    }

    /// How long a mirror may say nothing before the next one is asked.
    pub fn patience(self, patience: Duration) -> Self {
        Download { patience, ..self }
    }

    /// Fetches those files of a data set that are not yet in its folder, which is made in `data_folder`; the others are verified. Gives the data
    /// set's folder, or `None` if `look` broke it off; it is called for each piece that came, and several times a second while nothing comes.
    ///
    /// # Errors
    /// [`Error::Download`], which says what came of each mirror; [`Error::Io`] if the folder or a file cannot be made or written;
    /// [`Error::Data`] if a file that lies there is not the published one. Files that were fetched before stay.
    pub fn run(
        &self,
        published: &Published,
        data_folder: impl AsRef<Path>,
        look: &dyn Fn(Progress) -> ControlFlow<()>,
    ) -> Result<Option<PathBuf>> {
        let folder = data_folder.as_ref().join(published.name);
        let mut mirrors = self.mirrors_of(published);
        let agent = self.agent();
        let mut before = 0;
        for file in published.files {
            let meter = Meter { look, file, before, of: published.bytes(), bytes: Cell::new(0) };
            if let Some(path) = file.path(&folder) {
                file.verify(&path.display().to_string(), digest(&path)?)?;
            } else if !fetch(&agent, published.name, file, &folder, &mut mirrors, &meter)? {
                return Ok(None);
            }
            before += file.bytes;
        }
        Ok(Some(folder))
    }

    fn mirrors_of(&self, published: &Published) -> Vec<Place> {
        if self.mirrors.is_empty() {
            return published.mirrors.iter().map(Place::of_mirror).collect();
        }
        let of = |url: &String, ending| {
            let folder = format!("{}/{}/", url.trim_end_matches('/'), published.name);
            Place { before: folder, ending: Some(ending), inside: None }
        };
        self.mirrors.iter().flat_map(|url| [of(url, ".gz"), of(url, "")]).collect()
    }

    fn agent(&self) -> ureq::Agent {
        let patience = Some(self.patience);
        ureq::Agent::config_builder()
            .user_agent(concat!("mfnet/", env!("CARGO_PKG_VERSION")))
            .proxy(self.proxy.clone())
            .timeout_resolve(patience)
            .timeout_connect(patience)
            .timeout_recv_response(patience)
            .timeout_per_read(patience)
            .timeout_per_write(patience)
            .build()
            .into()
    }
}

/// What a file is asked from.
struct Place {
    before: String,
    /// After the file's name, which stands between; without it `before` is all of the address.
    ending: Option<&'static str>,
    /// The file's folder in an archive.
    inside: Option<&'static str>,
}

impl Place {
    fn of_mirror(mirror: &Mirror) -> Self {
        match mirror {
            Mirror::Folder { url } => Place { before: (*url).to_owned(), ending: Some(".gz"), inside: None },
            Mirror::Archive { url, inside } => Place { before: (*url).to_owned(), ending: None, inside: Some(inside) },
        }
    }

    fn url(&self, file: &PublishedFile) -> String {
        self.ending.map_or_else(|| self.before.clone(), |ending| format!("{}{}{ending}", self.before, file.name))
    }
}

/// Tells how far a file is.
struct Meter<'a> {
    look: &'a dyn Fn(Progress) -> ControlFlow<()>,
    file: &'a PublishedFile,
    /// Bytes of the files before it.
    before: u64,
    of: u64,
    bytes: Cell<u64>,
}

impl Meter<'_> {
    fn look(&self) -> ControlFlow<()> {
        (self.look)(Progress { file: self.file.name, bytes: self.before + self.bytes.get(), of: self.of })
    }
}

/// Why a file does not come.
#[derive(Debug)]
enum Ended {
    /// By the mirror's fault.
    Refused(DownloadProblem),
    /// The caller broke it off.
    Stopped,
    /// It cannot be written.
    Disk(io::Error),
}

impl From<DownloadProblem> for Ended {
    fn from(problem: DownloadProblem) -> Self {
        Ended::Refused(problem)
    }
}

/// Fetches a file from the first mirror that has it, which is then the first to be asked for the next file; false if it was broken off.
fn fetch(
    agent: &ureq::Agent,
    name: &str,
    file: &PublishedFile,
    folder: &Path,
    mirrors: &mut [Place],
    meter: &Meter<'_>,
) -> Result<bool> {
    let mut refusals = Vec::new();
    for i in 0..mirrors.len() {
        let url = mirrors[i].url(file);
        match receive(agent, &url, mirrors[i].inside, file, folder, meter) {
            Ok(part) => {
                let path = folder.join(file.name);
                part.persist(&path).map_err(|error| Error::io(&path, "write")(error.error))?;
                mirrors[..=i].rotate_right(1);
                return Ok(true);
            }
            Err(Ended::Stopped) => return Ok(false),
            Err(Ended::Refused(problem)) => refusals.push(Refusal { url, problem }),
            Err(Ended::Disk(error)) => return Err(Error::io(&folder.join(file.name), "write")(error)),
        }
    }
    Err(Error::Download { name: name.to_owned(), file: file.name.to_owned(), refusals })
}

/// Writes what comes from an address beside its place; it is whole, and the published file.
fn receive(
    agent: &ureq::Agent,
    url: &str,
    inside: Option<&str>,
    file: &PublishedFile,
    folder: &Path,
    meter: &Meter<'_>,
) -> std::result::Result<NamedTempFile, Ended> {
    meter.bytes.set(0);
    let ended = RefCell::new(None);
    let incoming = Incoming::open(agent, url, meter, &ended)?;
    let mut part = beside(folder).map_err(Ended::Disk)?;
    let mut hash = Sha256::new();
    unpack(incoming, file, inside, &ended, |piece| {
        hash.update(piece);
        meter.bytes.set(meter.bytes.get() + piece.len() as u64);
        part.write_all(piece)
    })?;
    let (found, found_bytes) = (hexadecimal(hash.finalize()), meter.bytes.get());
    if found != file.sha256 {
        let (expected_bytes, expected) = (file.bytes, file.sha256.to_owned());
        return Err(DownloadProblem::Digest { expected_bytes, expected, found_bytes, found }.into());
    }
    part.as_file().sync_all().map_err(Ended::Disk)?;
    Ok(part)
}

/// A file without a name in this folder, which is made if it is not there.
fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    fs::create_dir_all(folder)?;
    files::unnamed(folder)
}

/// SHA-256 of a file's bytes, decompressed.
fn digest(path: &Path) -> Result<String> {
    let mut from = open(path).map_err(Error::io(path, "read"))?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        match from.read(&mut piece).map_err(Error::io(path, "read"))? {
            0 => return Ok(hexadecimal(hash.finalize())),
            count => hash.update(&piece[..count]),
        }
    }
}
