//! Files that get their name only when they are complete.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// A file in this folder that is deleted unless it gets its name. It has the permissions of any new
/// file (the umask applies).
pub(crate) fn unnamed(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mfnet-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}
