//! Files that get their name only when they are complete.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// The beginning of the names that files have before they are complete.
const UNNAMED: &str = ".mfnet-";

/// The name of a file before it is complete, in the folder of `path`.
pub(crate) fn unnamed_name(path: &Path) -> String {
    format!("{UNNAMED}{}", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes the incomplete files that a killed program left in a folder. Nobody else may write there.
pub(crate) fn remove_unnamed(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    // the crate safetensors begins names with .tmp
    let is_unnamed = |name: &str| name.starts_with(UNNAMED) || name.starts_with(".tmp");
    let unnamed = entries.filter(|entry| is_unnamed(&entry.file_name().to_string_lossy()));
    unnamed.for_each(|entry| drop(std::fs::remove_file(entry.path())));
}

/// A file in this folder that is deleted unless it gets its name. It has the permissions of any new
/// file (the umask applies).
pub(crate) fn unnamed(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNNAMED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}
