//! Reads JSON: an object for each row, one after another (JSON lines) or in an array.
//!
//! Keys are columns. A key that an object does not have is a missing value, as null is. A column with
//! arrays or objects in it is left out.

mod rows;

use std::io::{BufRead, BufReader, Read};

use rows::{Elements, Row, Rows};
use serde::de::{DeserializeSeed, Deserializer as _};
use serde_json::Deserializer;
use sha2::{Digest, Sha256};

use crate::error::{Error, FileProblem, Result};
use crate::file::{Watched, hexadecimal};
use crate::found::Found;
use crate::text::Lines;

/// Number of bytes read at a time.
const BUFFER: usize = 1 << 17;
/// An object of more lines is read only when their number has doubled, or at the end of the file.
const LINES: usize = 1000;
/// The most bytes of an object.
const LONGEST: u64 = 1 << 27;

/// Whether a text is JSON: it begins with an object that has a key, or with an array of arrays or of
/// such objects.
pub(crate) fn is_json(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let array = start.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    let first = array.unwrap_or(start);
    match first.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) {
        Some(inside) => inside.starts_with(b"}") || inside.strip_prefix(b"\"").is_some_and(ends_with_colon),
        None => array.is_some() && (first.starts_with(b"[") || first.starts_with(b"]")),
    }
}

/// Whether a colon follows a text, whose first quote is already removed.
fn ends_with_colon(text: &[u8]) -> bool {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.is_some_and(|end| text[end + 1..].trim_ascii_start().starts_with(b":"))
}

/// Reads a file from its first bytes and the rest. Returns what is in it, and the SHA-256 of its
/// bytes.
pub(crate) fn read(name: &str, beginning: &[u8], rest: impl Read) -> Result<(Found, String)> {
    let start = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    let is_array = start.trim_ascii_start().starts_with(b"[");
    let mut hash = Sha256::new();
    let mut from = Watched { from: start.chain(rest), seen: |bytes: &[u8]| hash.update(bytes) };
    let mut rows = Rows::default();
    let lines = match is_array {
        true => array(name, &mut from, &mut rows).map(|()| None)?,
        false => Some(lines(name, BufReader::with_capacity(BUFFER, &mut from), &mut rows)?),
    };
    let found =
        rows.found(if is_array { "JSON" } else { "JSON lines" }).map_err(|problem| Error::data(name, problem))?;
    Ok((Found { lines, ..found.checked(name)? }, hexadecimal(hash.finalize(), "")))
}

/// Reads an array of objects.
fn array(name: &str, mut from: impl Read, rows: &mut Rows) -> Result<()> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map_err(Error::io(name.as_ref()))?;
    rows.bytes = bytes.len();
    let read = |bytes: &[u8], rows: &mut Rows| {
        let mut json = Deserializer::from_slice(bytes);
        json.deserialize_seq(Elements(rows)).and_then(|()| json.end())
    };
    let result = read(&bytes, rows).or_else(|error| match without_nan(&bytes) {
        Some(bytes) => {
            rows.forget();
            read(&bytes, rows)
        }
        None => Err(error),
    });
    result.map_err(|error| Error::in_line(name, error.line() as u64, problem(&error)))
}

/// Reads objects that follow each other, each in one or several lines. Returns the line of each row.
fn lines(name: &str, mut from: impl BufRead, rows: &mut Rows) -> Result<Lines> {
    let (mut text, mut first, mut count) = (Vec::new(), 1, 0);
    let mut places = Lines::default();
    loop {
        let longest = LONGEST.saturating_sub(text.len() as u64);
        let more = from.by_ref().take(longest).read_until(b'\n', &mut text).map_err(Error::io(name.as_ref()))?;
        count += 1;
        if text.trim_ascii().is_empty() {
            if more == 0 {
                return Ok(places);
            }
            (first, count) = (first + count, 0);
            text.clear();
            continue;
        }
        rows.bytes += more;
        // the object goes on
        let is_rare = count >= LINES && !count.is_power_of_two();
        if more > 0 && longest > 0 && (is_rare || !text.trim_ascii_end().ends_with(b"}")) {
            continue;
        }
        let before = rows.kept();
        let result = objects(&text, rows).or_else(|error| match without_nan(&text) {
            Some(text) => objects(&text, rows),
            None => Err(error),
        });
        match result {
            Ok(()) => {
                (before..rows.kept()).for_each(|row| places.push(row, first as u64));
                (first, count) = (first + count, 0);
                text.clear();
            }
            Err(error) if error.is_eof() && more > 0 && longest > 0 => {}
            Err(error) => {
                let line = first + error.line().max(1) - 1;
                return Err(Error::in_line(name, line as u64, problem(&error)));
            }
        }
    }
}

/// Reads all objects of a text.
fn objects(text: &[u8], rows: &mut Rows) -> serde_json::Result<()> {
    rows.forget();
    let mut json = Deserializer::from_slice(text);
    loop {
        Row(rows).deserialize(&mut json)?;
        if json.end().is_ok() {
            rows.keep();
            return Ok(());
        }
    }
}

fn problem(error: &serde_json::Error) -> FileProblem {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    FileProblem::Json(text[..end].to_owned())
}

/// The same text with null for NaN, which Python writes and JSON does not have; nothing if there is
/// none.
fn without_nan(text: &[u8]) -> Option<Vec<u8>> {
    let (mut other, mut rest, mut in_text) = (Vec::with_capacity(text.len()), text, false);
    let mut found = false;
    while let Some((byte, after)) = rest.split_first() {
        match (byte, in_text, rest.strip_prefix(b"NaN")) {
            (b'\\', true, _) => {
                other.extend(&rest[..rest.len().min(2)]);
                rest = &rest[rest.len().min(2)..];
            }
            (_, false, Some(after)) => {
                found = true;
                other.extend(b"null");
                rest = after;
            }
            _ => {
                in_text ^= *byte == b'"';
                other.push(*byte);
                rest = after;
            }
        }
    }
    found.then_some(other)
}

#[cfg(test)]
mod tests;
