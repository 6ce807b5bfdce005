//! A server for HTTP on this machine that answers as well or as badly as a test wants; also for the tests of the program.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the system says of an address at which nobody listens.
pub const REFUSED: &str =
    if cfg!(target_os = "macos") { "Connection refused (os error 61)" } else { "Connection refused (os error 111)" };

/// What a server does about a request.
#[derive(Clone)]
pub enum Answer {
    Whole(Vec<u8>),
    /// Says that there are so many bytes, sends less, and closes the connection.
    Cut(Vec<u8>, usize),
    /// The same, but it keeps the connection and says nothing more.
    Stall(Vec<u8>, usize),
    /// Says no.
    Status(u16),
    /// Names another address.
    Moved(String),
}

/// Serves until the test ends.
pub struct Server {
    /// Its address, without a slash at the end.
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` gets the path of each request.
    pub fn new(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, asked) = (Arc::new(answer), Arc::new(Mutex::new(Vec::new())));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                thread::spawn(move || {
                    let Some(path) = request(&stream) else { return };
                    log.lock().unwrap().push(path.clone());
                    respond(&stream, answer(&path));
                });
            }
        });
        Server { url, asked }
    }

    /// The paths of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// An address of this machine at which nobody listens.
pub fn nobody() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

fn request(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    Some(path)
}

fn respond(mut stream: &TcpStream, answer: Answer) {
    let (status, length, body) = match &answer {
        Answer::Whole(body) => (200, body.len(), &body[..]),
        Answer::Cut(body, length) | Answer::Stall(body, length) => (200, *length, &body[..]),
        Answer::Status(status) => (*status, 2, &b"no"[..]),
        Answer::Moved(_) => (302, 0, &b""[..]),
    };
    let location = if let Answer::Moved(to) = &answer { format!("Location: {to}\r\n") } else { String::new() };
    let header = format!("HTTP/1.1 {status} Some\r\n{location}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    // a client that goes away is no concern of the server
    let _ = stream.write_all(header.as_bytes()).and_then(|()| stream.write_all(body));
    if let Answer::Stall(..) = answer {
        thread::park();
    }
}
