use std::fmt;
use std::io::Read;
use std::sync::Arc;

use crate::error::DownloadProblem;

/// What asks servers for files: an HTTP client. [`Http`](super::Http) is one.
pub trait Client: fmt::Debug + Send + Sync {
    /// What the server sends for a URL. An error of the reader that holds a [`DownloadProblem`], made with
    /// [`std::io::Error::other`], is shown as that problem.
    ///
    /// # Errors
    /// The problem of this URL; then another one is tried.
    fn get(&self, url: &str) -> Result<Box<dyn Read + Send>, DownloadProblem>;
}

impl<C: Client + ?Sized> Client for Arc<C> {
    fn get(&self, url: &str) -> Result<Box<dyn Read + Send>, DownloadProblem> {
        (**self).get(url)
    }
}
