//! The encoding of a text: UTF-8, UTF-16, Windows-1252, or a given one.

use std::cell::Cell;
use std::io::{self, Read};

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Number of bytes that decide.
const LOOKED_AT: usize = 1024;
/// Number of bytes read at a time to be decoded.
const PIECE: usize = 1 << 16;

/// The encoding that the first bytes of a file show, and the length of its byte order mark.
pub(crate) fn detect(bytes: &[u8]) -> (&'static Encoding, usize) {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return (encoding, length);
    }
    // most characters of a UTF-16 text have a zero byte, always on the same side
    let pairs = bytes.get(..LOOKED_AT).unwrap_or(bytes).chunks_exact(2);
    let (count, mut zeros) = (pairs.len(), [0, 0]);
    for pair in pairs {
        zeros.iter_mut().zip(pair).for_each(|(zeros, byte)| *zeros += usize::from(*byte == 0));
    }
    match zeros {
        [first, second] if count > 1 && 10 * second > 6 * count && 10 * first < count => (UTF_16LE, 0),
        [first, second] if count > 1 && 10 * first > 6 * count && 10 * second < count => (UTF_16BE, 0),
        _ => (UTF_8, 0),
    }
}

/// Reads text of any encoding as UTF-8.
///
/// A text without a declared encoding is UTF-8. If its first bytes that are not ASCII are not
/// UTF-8, it is Windows-1252; `found` then says so.
pub(crate) struct Decoded<'a, R> {
    from: R,
    found: &'a Cell<&'static Encoding>,
    /// Whether the text has shown its encoding.
    is_sure: bool,
    decoder: Option<Decoder>,
    /// Bytes that are not decoded yet.
    raw: Vec<u8>,
    /// Decoded bytes, and the first that was not read.
    text: Vec<u8>,
    at: usize,
    is_over: bool,
}

impl<'a, R: Read> Decoded<'a, R> {
    /// `encoding` is `None` unless it is declared or shown.
    pub(super) fn new(from: R, encoding: &'static Encoding, is_sure: bool, found: &'a Cell<&'static Encoding>) -> Self {
        found.set(encoding);
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
        Decoded { from, found, is_sure, decoder, raw: Vec::new(), text: Vec::new(), at: 0, is_over: false }
    }

    /// Looks at the first bytes that are not ASCII.
    fn look(&mut self, bytes: &[u8]) {
        let (mut rest, mut valid, mut invalid) = (bytes, false, false);
        // a sequence may be cut off at the end
        while let Err(error) = str::from_utf8(rest) {
            valid |= !rest[..error.valid_up_to()].is_ascii();
            let Some(length) = error.error_len() else { break };
            invalid = true;
            rest = &rest[error.valid_up_to() + length..];
        }
        valid |= str::from_utf8(rest).is_ok() && !rest.is_ascii();
        self.is_sure = valid || invalid;
        if invalid && !valid {
            self.found.set(WINDOWS_1252);
            self.decoder = Some(WINDOWS_1252.new_decoder_without_bom_handling());
        }
    }

    /// Decodes the raw bytes.
    fn decode(&mut self) {
        let Some(decoder) = &mut self.decoder else { return };
        self.text.resize(decoder.max_utf8_buffer_length(self.raw.len()).unwrap_or(0), 0);
        let (_, _, written, _) = decoder.decode_to_utf8(&self.raw, &mut self.text, self.is_over);
        self.text.truncate(written);
        (self.at, self.raw) = (0, Vec::new());
    }
}

impl<R: Read> Read for Decoded<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.at < self.text.len() {
                let count = to.len().min(self.text.len() - self.at);
                to[..count].copy_from_slice(&self.text[self.at..self.at + count]);
                self.at += count;
                return Ok(count);
            }
            if self.is_over {
                return Ok(0);
            }
            if self.decoder.is_some() {
                self.raw.resize(PIECE, 0);
                let count = self.from.read(&mut self.raw)?;
                self.raw.truncate(count);
                self.is_over = count == 0;
                self.decode();
                continue;
            }
            let count = self.from.read(to)?;
            if !self.is_sure && !to[..count].is_ascii() {
                self.look(&to[..count]);
                if self.decoder.is_some() {
                    self.raw = to[..count].to_vec();
                    self.decode();
                    continue;
                }
            }
            return Ok(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (String, &'static str) {
        let (encoding, mark) = detect(bytes);
        let found = Cell::new(encoding);
        let mut text = String::new();
        Decoded::new(&bytes[mark..], encoding, encoding != UTF_8 || mark > 0, &found)
            .read_to_string(&mut text)
            .unwrap();
        (text, found.get().name())
    }

    #[test]
    fn encodings_are_detected() {
        let utf_16 = |text: &str, of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(of).collect::<Vec<u8>>();
        let text = "Größe\tStraße\r\n1\tÄ\r\n";
        assert_eq!(decoded(text.as_bytes()), (text.to_owned(), "UTF-8"));
        assert_eq!(decoded(&utf_16(text, u16::to_le_bytes)), (text.to_owned(), "UTF-16LE"));
        assert_eq!(decoded(&utf_16(text, u16::to_be_bytes)), (text.to_owned(), "UTF-16BE"));
        let marked = format!("\u{feff}{text}");
        assert_eq!(decoded(&utf_16(&marked, u16::to_le_bytes)), (text.to_owned(), "UTF-16LE"));
        assert_eq!(decoded(marked.as_bytes()), (text.to_owned(), "UTF-8"));
        assert_eq!(decoded(b"Gr\xf6\xdfe,\x80\n"), ("Größe,€\n".to_owned(), "windows-1252"));
        assert_eq!(decoded(b"a,b\n1,2\n"), ("a,b\n1,2\n".to_owned(), "UTF-8"));
    }

    /// Bytes that come late decide as well as early ones.
    #[test]
    fn late_bytes_decide() {
        let early = "a,b\n".repeat(100_000);
        let late = [early.as_bytes(), b"K\xf6ln,1\n"].concat();
        let (text, encoding) = decoded(&late);
        assert!(text.ends_with("Köln,1\n") && text.len() == early.len() + "Köln,1\n".len());
        assert_eq!(encoding, "windows-1252");
    }

    /// Text that is UTF-8 in one place and not in another is not decoded: its reader reports the line.
    #[test]
    fn mixtures_stay_as_they_are() {
        let bytes = b"K\xc3\xb6ln,1\nK\xf6ln,2\n";
        let found = Cell::new(UTF_8);
        let mut read = Vec::new();
        Decoded::new(&bytes[..], UTF_8, false, &found).read_to_end(&mut read).unwrap();
        assert_eq!((read.as_slice(), found.get().name()), (&bytes[..], "UTF-8"));
    }
}
