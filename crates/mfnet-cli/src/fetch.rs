//! Finds the published data sets, and downloads them.

use std::env::{home_dir, var, var_os};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use mfnet::Error;
#[cfg(feature = "download")]
use mfnet::data::Http;
use mfnet::data::{Client, Download, Published};
use mfnet::error::{DataProblem, ErrorKind};
use mfnet::text::{counted, escaped};

use crate::args::DataFolders;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{message, progress_bar, size};

/// The HTTP client of the process, if it is not the library's.
static CLIENT: OnceLock<Arc<dyn Client>> = OnceLock::new();

/// From now on, downloads in this process go through this HTTP client. Only the first call counts.
pub fn download_with(client: impl Client + 'static) {
    CLIENT.get_or_init(|| Arc::new(client));
}

/// What a program that calls this one does several times a second during a download, instead of the watch for
/// signals; it may break it off.
pub(crate) type Look<'a> = &'a dyn Fn() -> ControlFlow<()>;

impl DataFolders {
    /// The folders to look in, in this order.
    pub(crate) fn all(&self) -> Vec<PathBuf> {
        self.data_dir.iter().cloned().chain(folder_of("MFNET_DATA")).chain(cache_folder()).collect()
    }
}

/// The folder that an environment variable names.
fn folder_of(variable: &str) -> Option<PathBuf> {
    var_os(variable).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// The user's cache folder.
fn cache_folder() -> Option<PathBuf> {
    let usual = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let of_home = || home_dir().filter(|home| home.is_absolute()).map(|home| home.join(usual));
    // relative paths must be ignored: XDG Base Directory Specification
    let folder = folder_of("XDG_CACHE_HOME").filter(|folder| folder.is_absolute()).or_else(of_home);
    folder.map(|folder| folder.join("mfnet"))
}

/// The folder of a published data set, which is downloaded if it is not found.
pub(crate) fn locate_or_fetch(
    published: &Published,
    folders: &DataFolders,
    (quiet, look): (bool, Option<Look<'_>>),
) -> Result<PathBuf, Failure> {
    let absent = match published.locate(&folders.all()) {
        Ok(folder) => return Ok(folder),
        // an error is better than storing the files twice
        Err(error) if matches!(error.kind(), ErrorKind::NoData { nearby: Some(_), .. }) => return Err(error.into()),
        Err(error) => error,
    };
    let Some(folder) = folders.data_dir.clone().or_else(cache_folder) else { return Err(absent.into()) };
    download(published, &folder, (quiet, look), &format!("{absent}; "))
}

/// The folder of a published data set, after its files were verified and missing ones downloaded.
pub(crate) fn fetch(published: &Published, folders: &DataFolders, quiet: bool) -> Result<PathBuf, Failure> {
    let found = || Some(published.locate(&folders.all()).ok()?.parent()?.to_owned());
    let folder = folders.data_dir.clone().or_else(found).or_else(cache_folder).ok_or_else(|| {
        Failure::work(format!("{}: cannot find a cache folder for the download", published.name))
            .help("choose a folder with --data-dir")
    })?;
    download(published, &folder, (quiet, None), &format!("{}: ", published.name))
}

/// `before` is the beginning of the message that no mirror has a file.
fn download(
    published: &Published,
    data_folder: &Path,
    (quiet, look): (bool, Option<Look<'_>>),
    before: &str,
) -> Result<PathBuf, Failure> {
    let folder = data_folder.join(published.name);
    let download = of_environment()?;
    if !quiet && published.locate(&[data_folder]).is_err() {
        let (files, size) = (counted(published.files.len(), "file"), size(published.bytes()));
        let into = folder.display().to_string();
        let into = escaped(&into);
        message(&format!("{}: downloading {files} ({size} decompressed) into {into}", published.name));
    }
    if look.is_none() {
        interrupt::watch();
    }
    let look = look.unwrap_or(&interrupt::flow);
    let bar = progress_bar(quiet, "{msg} {wide_bar} {percent:>3} %  {eta} left");
    bar.set_length(published.bytes());
    bar.set_message(published.name);
    let result = download.run(published, data_folder, &|progress| {
        bar.set_message(progress.file);
        bar.set_position(progress.bytes);
        look()
    });
    bar.finish_and_clear();
    interrupt::look_away();
    match result {
        _ if interrupt::is_raised() => Err(Failure::interrupted()),
        Ok(Some(folder)) => Ok(folder),
        Ok(None) => Err(Failure::interrupted()),
        Err(error) => Err(match error.kind() {
            ErrorKind::Download { file, refusals, .. } => {
                let refusals = refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                with_ways(Failure::work(format!("{before}cannot download {file} {refusals}")), published)
            }
            ErrorKind::Io { action: "write", .. } => {
                Failure::from(error).help("choose a folder that you can write to with --data-dir")
            }
            _ => failure(error, published, &folder),
        }),
    }
}

/// The download settings of the environment variables.
fn of_environment() -> Result<Download, Failure> {
    let download = match CLIENT.get() {
        Some(client) => Download::new(Arc::clone(client)),
        None => usual()?,
    };
    Ok(download.mirrors(var("MFNET_MIRROR").unwrap_or_default().split_whitespace()))
}

/// The library's HTTP client, with the proxy of the environment variables.
#[cfg(feature = "download")]
fn usual() -> Result<Download, Failure> {
    let first = |names: &[&str]| names.iter().filter_map(|name| var(name).ok()).find(|value| !value.is_empty());
    Ok(match first(&["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]) {
        Some(proxy) => {
            Download::new(Http::default().proxy(&proxy, &first(&["NO_PROXY", "no_proxy"]).unwrap_or_default())?)
        }
        None => Download::default(),
    })
}

#[cfg(not(feature = "download"))]
fn usual() -> Result<Download, Failure> {
    Err(Failure::work("this program was built without downloads: its feature download is off"))
}

/// Adds help for a computer without network.
fn with_ways(failure: Failure, published: &Published) -> Failure {
    let mirrors = published.mirrors.iter().map(|mirror| match mirror.inside {
        None => mirror.url.to_owned(),
        Some(inside) => format!("{} (an archive with the files in {inside})", mirror.url),
    });
    let mirrors = mirrors.collect::<Vec<_>>().join(" or ");
    failure
        .help(format!("download the files yourself from {mirrors}, and put them into a folder DIR/{}", published.name))
        .help("then use --data-dir DIR, or set the environment variable MFNET_DATA to DIR for all commands")
        .help("or set the environment variable MFNET_MIRROR to your own mirror: see mfnet datasets fetch --help")
}

/// The error about files that were found, with help.
pub(crate) fn failure(error: Error, published: &Published, folder: &Path) -> Failure {
    match error.kind() {
        ErrorKind::Data { problem: DataProblem::Digest(..), .. } => {
            let data_folder = folder.parent().unwrap_or(Path::new(".")).display().to_string();
            let command = format!("mfnet datasets fetch {} --data-dir {data_folder}", published.name);
            Failure::from(error).help(format!("remove the file, then run {command}"))
        }
        _ => error.into(),
    }
}
