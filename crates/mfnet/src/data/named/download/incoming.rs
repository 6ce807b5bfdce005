//! The bytes that come from an address.

use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::{Ended, Meter, PIECE};
use crate::error::DownloadProblem;

/// How often the caller is asked whether to go on while nothing comes.
const ASK_AFTER: Duration = Duration::from_millis(100);
/// Pieces that may wait to be written.
const WAITING: usize = 16;

/// What a server sends: a thread of its own waits for it, so that the caller can break it off at any time.
pub(super) struct Incoming<'a> {
    pieces: Receiver<Result<Vec<u8>, DownloadProblem>>,
    piece: Cursor<Vec<u8>>,
    meter: &'a Meter<'a>,
    /// Gets what an `io::Error` cannot say.
    ended: &'a RefCell<Option<Ended>>,
}

impl<'a> Incoming<'a> {
    /// Asks a server, and waits until it sends.
    pub(super) fn open(
        agent: &ureq::Agent,
        url: &str,
        meter: &'a Meter<'a>,
        ended: &'a RefCell<Option<Ended>>,
    ) -> Result<Self, Ended> {
        let (to, pieces) = sync_channel(WAITING);
        let (agent, url) = (agent.clone(), url.to_owned());
        let of_thread = |error: io::Error| DownloadProblem::Connection(error.to_string());
        thread::Builder::new().spawn(move || pass_on(&agent, &url, &to)).map_err(of_thread)?;
        let mut incoming = Incoming { pieces, piece: Cursor::default(), meter, ended };
        incoming.next_piece()?;
        Ok(incoming)
    }

    /// Waits for more bytes; there are none at the end.
    fn next_piece(&mut self) -> Result<(), Ended> {
        loop {
            if self.meter.look().is_break() {
                return Err(Ended::Stopped);
            }
            match self.pieces.recv_timeout(ASK_AFTER) {
                Ok(piece) => self.piece = Cursor::new(piece?),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => self.piece = Cursor::default(),
            }
            return Ok(());
        }
    }
}

impl Read for Incoming<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.piece.fill_buf()?.is_empty() {
            self.next_piece().map_err(|ended| {
                *self.ended.borrow_mut() = Some(ended);
                io::Error::other("nothing more comes")
            })?;
        }
        self.piece.read(to)
    }
}

/// Sends what the server sends, in pieces, until its end or until nobody receives it.
fn pass_on(agent: &ureq::Agent, url: &str, to: &SyncSender<Result<Vec<u8>, DownloadProblem>>) {
    let patience = agent.config().timeout_per_read().unwrap_or_default();
    let mut body = match agent.get(url).call() {
        Ok(response) => response.into_body().into_reader(),
        Err(error) => return drop(to.send(Err(problem(error, patience)))),
    };
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        // the rest of a piece that was cut off is of no use
        let piece = match body.by_ref().take(PIECE as u64).read_to_end(&mut piece) {
            Ok(0) => return,
            Ok(_) => Ok(piece),
            Err(error) => Err(problem(error.into(), patience)),
        };
        let last = piece.is_err();
        if to.send(piece).is_err() || last {
            return;
        }
    }
}

fn problem(error: ureq::Error, patience: Duration) -> DownloadProblem {
    match error {
        ureq::Error::StatusCode(status) => DownloadProblem::Status(status),
        ureq::Error::Timeout(_) => DownloadProblem::Stalled { waited: patience },
        ureq::Error::Io(error) => DownloadProblem::Connection(error.to_string()),
        other => DownloadProblem::Connection(other.to_string()),
    }
}
