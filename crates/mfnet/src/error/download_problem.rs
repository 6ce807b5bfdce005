use std::time::Duration;

/// Why a file did not come from a mirror.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadProblem {
    /// The server cannot be reached, or the connection was cut.
    #[error("{0}")]
    Connection(String),
    /// The server says no.
    #[error("the server answered with HTTP status {0}")]
    Status(u16),
    /// The server, or the way to it, sleeps.
    #[error("nothing came for {waited:?}")]
    Stalled {
        /// How long was waited.
        waited: Duration,
    },
    /// More than the file has: a mistake or a decompression bomb.
    #[error("cut off where {what} went beyond {limit} bytes")]
    TooLarge {
        /// "the file", "the archive", "what was sent".
        what: &'static str,
        /// Where it was cut off.
        limit: u64,
    },
    /// Bytes that cannot be decompressed, or are no archive.
    #[error("cannot decompress what was sent: {0}")]
    Damaged(String),
    /// An archive without the file.
    #[error("the archive has no file {file}")]
    NotInArchive {
        /// The file that was looked for.
        file: String,
    },
    /// Another file.
    #[error(
        "expected the {expected_bytes} published bytes, whose SHA-256 is {expected}, found {found_bytes} bytes with {found}"
    )]
    Digest {
        /// Size of the published file, decompressed.
        expected_bytes: u64,
        /// SHA-256 of the published file's bytes, decompressed.
        expected: String,
        /// Size of what came, decompressed.
        found_bytes: u64,
        /// Its SHA-256.
        found: String,
    },
}

/// What came of a mirror.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("from {url}: {problem}")]
pub struct Refusal {
    /// The address that was asked.
    pub url: String,
    /// Why the file did not come.
    pub problem: DownloadProblem,
}

/// What came of all mirrors.
pub(super) fn listed(refusals: &[Refusal]) -> String {
    match refusals {
        [] => "because no mirror was given".to_owned(),
        refusals => refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}
