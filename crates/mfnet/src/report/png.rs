//! Writes PNG files with 24-bit RGB, following <https://www.w3.org/TR/png-3/>.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// The file of an image, whose pixels are given as red, green and blue, row by row.
pub(super) fn encode((width, height): (u32, u32), rgb: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // eight bits, RGB, the only compression and filter methods, no interlacing
    chunk(&mut file, b"IHDR", &[&sizes[..], &[8, 2, 0, 0, 0]].concat());
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::fast());
    for row in rgb.chunks(3 * width as usize) {
        // no filter
        rows.write_all(&[0])?;
        rows.write_all(row)?;
    }
    chunk(&mut file, b"IDAT", &rows.finish()?);
    chunk(&mut file, b"IEND", &[]);
    Ok(file)
}

/// A chunk: length, name, contents, and the checksum of name and contents.
fn chunk(file: &mut Vec<u8>, name: &[u8; 4], contents: &[u8]) {
    let mut checksum = flate2::Crc::new();
    checksum.update(name);
    checksum.update(contents);
    file.extend((contents.len() as u32).to_be_bytes());
    file.extend(name);
    file.extend(contents);
    file.extend(checksum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last chunk is the same twelve bytes in every PNG file, its checksum included.
    #[test]
    fn chunks() {
        let file = encode((2, 1), &[255, 0, 0, 0, 0, 255]).unwrap();
        assert_eq!(&file[8..33], b"\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x01\x08\x02\0\0\0\x7b\x40\xe8\xdd");
        assert_eq!(&file[file.len() - 12..], b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
