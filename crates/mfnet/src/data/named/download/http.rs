use std::io::{self, Read};
use std::time::Duration;

use super::Client;
use crate::error::{DownloadProblem, Error, Result};

/// How long a server may be silent before the next mirror is tried.
const PATIENCE: Duration = Duration::from_secs(30);

/// The HTTP client of the library (feature `download`): without a proxy, and with 30 seconds of patience.
#[derive(Clone, Debug)]
pub struct Http {
    proxy: Option<ureq::Proxy>,
    patience: Duration,
}

impl Default for Http {
    fn default() -> Self {
        Http { proxy: None, patience: PATIENCE }
    }
}

impl Http {
    /// Uses a proxy, `http://user:password@host:port`, except for the hosts in `direct`, separated
    /// by commas: `localhost,.example.org`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) if the URL is not that of a proxy.
    pub fn proxy(self, url: &str, direct: &str) -> Result<Self> {
        let proxy = ureq::Proxy::new(url).and_then(|proxy| {
            let mut builder = ureq::Proxy::builder(proxy.protocol()).host(proxy.host()).port(proxy.port());
            if let (Some(name), Some(password)) = (proxy.username(), proxy.password()) {
                builder = builder.username(name).password(password);
            }
            direct.split(',').map(str::trim).fold(builder, ureq::ProxyBuilder::no_proxy).build()
        });
        let proxy = proxy.map_err(|_| Error::invalid("proxy", "an address as in http://host:port", url))?;
        Ok(Http { proxy: Some(proxy), ..self })
    }

    /// Sets how long a server may be silent before the next mirror is tried.
    pub fn patience(self, patience: Duration) -> Self {
        Http { patience, ..self }
    }

    fn problem(&self, error: ureq::Error) -> DownloadProblem {
        match error {
            ureq::Error::StatusCode(status) => DownloadProblem::Status(status),
            ureq::Error::Timeout(_) => DownloadProblem::Stalled(self.patience),
            ureq::Error::Io(error) => DownloadProblem::Connection(error.to_string()),
            other => DownloadProblem::Connection(other.to_string()),
        }
    }
}

impl Client for Http {
    fn get(&self, url: &str) -> std::result::Result<Box<dyn Read + Send>, DownloadProblem> {
        let patience = Some(self.patience);
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .user_agent(concat!("mfnet/", env!("CARGO_PKG_VERSION")))
            .proxy(self.proxy.clone())
            .timeout_resolve(patience)
            .timeout_connect(patience)
            .timeout_recv_response(patience)
            .timeout_per_read(patience)
            .timeout_per_write(patience)
            .build()
            .into();
        let answer = agent.get(url).call().map_err(|error| self.problem(error))?;
        Ok(Box::new(Sent { from: answer.into_body().into_reader(), of: self.clone() }))
    }
}

/// What a server sends.
struct Sent<R> {
    from: R,
    of: Http,
}

impl<R: Read> Read for Sent<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.from.read(to).map_err(|error| io::Error::other(self.of.problem(error.into())))
    }
}
