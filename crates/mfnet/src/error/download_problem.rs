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
    #[error("no data for {0:?}")]
    Stalled(Duration),
    /// More than the file has: a mistake or a decompression bomb. What went beyond how many bytes: "the file", "the archive", "what was sent".
    #[error("stopped because {0} is larger than {1} bytes")]
    TooLarge(&'static str, u64),
    /// Bytes that cannot be decompressed, or are no archive.
    #[error("cannot decompress the download: {0}")]
    Damaged(String),
    /// An archive without this file.
    #[error("the archive has no file {0}")]
    NotInArchive(String),
    /// Another file. Each has its bytes and their SHA-256, decompressed.
    #[error("expected the {} published bytes, whose SHA-256 is {}, found {} bytes with {}", expected.0, expected.1, found.0, found.1)]
    Digest {
        /// The published file.
        expected: (u64, &'static str),
        /// What came.
        found: (u64, String),
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
