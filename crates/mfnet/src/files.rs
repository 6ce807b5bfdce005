//! Files that get their name once they are whole.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// A file in this folder that is gone again unless it gets its name. Its rights are those of any new file: the umask takes some away.
pub(crate) fn unnamed(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mfnet-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}
