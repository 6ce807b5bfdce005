use std::time::Duration;

/// Why a download from a mirror failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadProblem {
    /// The server cannot be reached, or the connection broke.
    #[error("{0}")]
    Connection(String),
    /// The server answered with this HTTP status.
    #[error("the server answered with HTTP status {0}")]
    Status(u16),
    /// The server, or the connection, was silent for this long.
    #[error("the server sent no data for {0:?}")]
    Stalled(Duration),
    /// More data than the file has: a mistake or a decompression bomb. Which data, "the file", "the
    /// archive" or "what was sent", exceeded how many bytes.
    #[error("stopped because {0} is larger than {1} bytes")]
    TooLarge(&'static str, u64),
    /// Data that cannot be decompressed, or are not an archive.
    #[error("cannot decompress the download: {0}")]
    Damaged(String),
    /// The archive does not contain this file.
    #[error("the archive has no file {0}")]
    NotInArchive(String),
    /// Another file. Each has its size in bytes and its SHA-256, decompressed.
    #[error("expected the {} published bytes, whose SHA-256 is {}, found {} bytes with {}", expected.0, expected.1, found.0, found.1)]
    Digest {
        /// The published file.
        expected: (u64, &'static str),
        /// The downloaded file.
        found: (u64, String),
    },
}

/// The failure of one mirror.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("from {url}: {problem}")]
pub struct Refusal {
    /// The URL.
    pub url: String,
    /// Why the download failed.
    pub problem: DownloadProblem,
}

/// Lists the failures of all mirrors.
pub(super) fn listed(refusals: &[Refusal]) -> String {
    match refusals {
        [] => "because no mirror was given".to_owned(),
        refusals => refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}
