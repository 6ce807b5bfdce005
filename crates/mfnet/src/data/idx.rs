//! IDX, the format of MNIST: an array of numbers with its shape.
//!
//! ```text
//! 0 0 type n    size₁ … sizeₙ    elements, the last dimension fastest
//! ```
//!
//! The type (8 for bytes) and the number of dimensions take one byte each. Sizes are 32-bit
//! big-endian numbers. Source: LeCun, Cortes, Burges, *The MNIST database of handwritten digits*.

use std::io::Read;
use std::path::Path;

use mfnet_table::file::{decompressed, hexadecimal, open_within, sha256};
use mfnet_table::{FileProblem, MOST_COLUMNS};

use super::split::Part;
use super::{Dataset, Features, Samples, Targets};
use crate::error::{DataProblem, Error, Result};

/// The most memory to allocate from the header alone; beyond that, memory grows with the bytes
/// read.
const TRUSTED: u64 = 1 << 26;
/// The type code of an array of bytes.
const BYTES: u8 = 8;

/// An array of bytes.
#[derive(Debug)]
pub(super) struct Idx {
    pub(super) file: String,
    header: Vec<u8>,
    /// Sizes of the dimensions: at least one dimension, each size at least 1.
    sizes: Vec<usize>,
    elements: Vec<u8>,
}

impl Idx {
    /// Reads a file. If it is compressed, it may become `memory` bytes.
    pub(super) fn read(path: &Path, memory: Option<u64>) -> Result<Self> {
        Self::parse(path, open_within(path, memory).map_err(Error::io(path, "read"))?)
    }

    /// Parses an IDX file in memory.
    fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        Self::parse(name.as_ref(), decompressed(bytes, None).map_err(Error::io(name.as_ref(), "read"))?)
    }

    fn parse(path: &Path, mut from: impl Read) -> Result<Self> {
        let file = path.display().to_string();
        let problem = |problem: FileProblem| Err(Error::data(&file, problem));
        let of_idx = |problem: String| Err(Error::data(&file, DataProblem::Idx(problem)));
        let mut take = |count: u64| -> Result<Vec<u8>> {
            let mut bytes = Vec::with_capacity(count.min(TRUSTED) as usize);
            from.by_ref().take(count).read_to_end(&mut bytes).map_err(|error| {
                match FileProblem::too_large(&error) {
                    Some(problem) => Error::data(&file, problem),
                    None => Error::io(path, "read")(error),
                }
            })?;
            Ok(bytes)
        };
        let mut header = take(4)?;
        let dimensions = match header[..] {
            [] => return problem(FileProblem::Empty),
            [0, 0, BYTES, dimensions @ 1..=u8::MAX] => dimensions,
            [0, 0, kind @ (9 | 11..=14), 1..=u8::MAX] => {
                return of_idx(format!("expected an IDX file of bytes (type 8), found one of {}", type_name(kind)));
            }
            _ => {
                let expected = "an IDX file, which begins with the bytes 00 00, a type and a number of dimensions";
                return of_idx(format!("expected {expected}, found {}", hexadecimal(header, " ")));
            }
        };
        header.extend(take(4 * u64::from(dimensions))?);
        let expected = 4 + 4 * u64::from(dimensions);
        if (header.len() as u64) < expected {
            return problem(FileProblem::Truncated(expected, header.len() as u64));
        }
        let sizes = header[4..].chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
        let count = sizes.clone().try_fold(1u64, |count, size| count.checked_mul(u64::from(size)));
        let sizes: Vec<usize> = sizes.map(|size| size as usize).collect();
        let whole = count.and_then(|count| count.checked_add(expected));
        let (Some(count), Some(whole)) = (count, whole) else {
            return of_idx(format!("an array of {} bytes is too large", shape(&sizes)));
        };
        if count == 0 {
            return of_idx(format!("the array of {} has no elements", shape(&sizes)));
        }
        let elements = take(count)?;
        if (elements.len() as u64) < count {
            return problem(FileProblem::Truncated(whole, expected + elements.len() as u64));
        }
        if !take(1)?.is_empty() {
            return problem(FileProblem::TooLong(whole));
        }
        Ok(Idx { file, header, sizes, elements })
    }

    /// SHA-256 of the decompressed file.
    pub(super) fn digest(&self) -> String {
        sha256([&self.header[..], &self.elements])
    }

    fn error(&self, problem: String) -> Error {
        Error::data(&self.file, DataProblem::Idx(problem))
    }

    /// Checks that there is a label for each image.
    fn check_labels(&self, labels: &Idx) -> Result<()> {
        let (images, found) = (self.sizes[0], labels.sizes[0]);
        if self.sizes.len() < 2 {
            return Err(self.error(format!("expected an array of at least 2 dimensions, found {}", shape(&self.sizes))));
        }
        if labels.sizes.len() != 1 {
            return Err(labels.error(format!("expected an array of 1 dimension, found {}", shape(&labels.sizes))));
        }
        if images != found {
            let problem = format!("expected a label for each of the {images} images, found {found} labels");
            return Err(labels.error(problem));
        }
        Ok(())
    }

    /// Appends the samples of `more`, which have the same shape.
    fn append(&mut self, more: &Idx) {
        self.sizes[0] += more.sizes[0];
        self.elements.extend_from_slice(&more.elements);
    }
}

/// The element type in words.
fn type_name(of: u8) -> &'static str {
    match of {
        9 => "8-bit numbers with a sign (type 9)",
        11 => "16-bit numbers (type 11)",
        12 => "32-bit numbers (type 12)",
        13 => "floats of 32 bits (type 13)",
        _ => "floats of 64 bits (type 14)",
    }
}

/// The shape as text, such as 60000 × 28 × 28.
fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

impl Dataset {
    /// Reads images and labels from two IDX files, plain or compressed with gzip.
    ///
    /// The file of images holds bytes of shape samples × rows × columns (or samples × features),
    /// the file of labels a byte for each sample. The pixels stay bytes, as in
    /// [`Dataset::from_rows`]. The features are called `pixel1`, `pixel2`, …, row after row, and
    /// the labels `class`, as in OpenML and scikit-learn's `fetch_openml("mnist_784")`. For MNIST
    /// itself see [`Dataset::mnist`].
    ///
    /// ```no_run
    /// use mfnet::Dataset;
    /// let letters = Dataset::from_idx("emnist-letters-train-images-idx3-ubyte.gz", "emnist-letters-train-labels-idx1-ubyte.gz")?;
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) if a file cannot be read or decompressed.
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) if a file is not an IDX file of bytes, is
    /// empty, truncated or too long, or has the wrong number of dimensions; if the numbers of
    /// images and labels differ; or if there is only one class.
    pub fn from_idx(images: impl AsRef<Path>, labels: impl AsRef<Path>) -> Result<Self> {
        let images = Idx::read(images.as_ref(), None)?;
        let name = images.file.clone();
        Self::from_arrays(&name, images, Idx::read(labels.as_ref(), None)?, None)
    }

    /// Reads images and labels from IDX files in memory. Errors call the two files `name` followed
    /// by "images" or "labels".
    ///
    /// ```
    /// use mfnet::Dataset;
    /// let images = b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03\x00\x7f\xff\xff\x7f\x00";
    /// let data = Dataset::from_idx_bytes("stripes", images, b"\0\0\x08\x01\0\0\0\x02\x05\x06")?;
    /// assert_eq!((data.samples(), data.features(), data.labels().join(" ").as_str()), (2, 3, "5 6"));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::from_idx`].
    pub fn from_idx_bytes(name: &str, images: &[u8], labels: &[u8]) -> Result<Self> {
        let images = Idx::from_bytes(&format!("{name}, images"), images)?;
        Self::from_arrays(name, images, Idx::from_bytes(&format!("{name}, labels"), labels)?, None)
    }

    /// Makes a data set of images and labels, and those of the test part of the official split, if
    /// any.
    pub(super) fn from_arrays(name: &str, mut images: Idx, mut labels: Idx, test: Option<(Idx, Idx)>) -> Result<Self> {
        images.check_labels(&labels)?;
        let mut official = vec![Part::Train; labels.sizes[0]];
        if let Some((test_images, test_labels)) = &test {
            test_images.check_labels(test_labels)?;
            let (expected, found) = (&images.sizes[1..], &test_images.sizes[1..]);
            if expected != found {
                let (expected, found) = (shape(expected), shape(found));
                let problem = format!("expected images of {expected} as in the training part, found {found}");
                return Err(test_images.error(problem));
            }
            images.append(test_images);
            labels.append(test_labels);
            official.resize(labels.sizes[0], Part::Test);
        }
        let features = images.elements.len() / images.sizes[0];
        if features > MOST_COLUMNS {
            return Err(Error::data(&images.file, FileProblem::TooManyColumns));
        }
        let feature_names = (1..=features).map(|i| format!("pixel{i}")).collect();
        let samples = Samples::from_rows(features, images.elements);
        let data = Dataset::of(name, Features::of_numbers(feature_names, samples), classes(&labels)?);
        Ok(if test.is_some() { data.officially_split(official) } else { data })
    }
}

/// One class for each distinct value.
fn classes(labels: &Idx) -> Result<Targets> {
    let mut values = labels.elements.clone();
    values.sort_unstable();
    values.dedup();
    if let [only] = values[..] {
        return Err(Error::in_column(&labels.file, "class", DataProblem::OneClass(only.to_string())));
    }
    let index = |label: &u8| values.partition_point(|value| value < label);
    Ok(Targets::Classes {
        column: "class".to_owned(),
        labels: values.iter().map(ToString::to_string).collect(),
        indices: labels.elements.iter().map(index).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn file(sizes: &[u32], elements: &[u8]) -> Vec<u8> {
        let header = [0, 0, 8, sizes.len() as u8].into_iter().chain(sizes.iter().flat_map(|size| size.to_be_bytes()));
        header.chain(elements.iter().copied()).collect()
    }

    fn parse(bytes: &[u8]) -> Result<Idx> {
        Idx::parse(Path::new("t"), bytes)
    }

    fn error(bytes: &[u8]) -> String {
        parse(bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_a_file() {
        let no_idx =
            "t: expected an IDX file, which begins with the bytes 00 00, a type and a number of dimensions, found";
        assert_eq!(error(b""), "t: the file is empty");
        assert_eq!(error(b"\x00\x00\x08"), format!("{no_idx} 00 00 08"));
        assert_eq!(error(b"a,b\n1,2\n"), format!("{no_idx} 61 2c 62 0a"));
        assert_eq!(error(b"\x00\x00\x08\x00"), format!("{no_idx} 00 00 08 00"));
        assert_eq!(error(b"\x00\x00\x07\x01"), format!("{no_idx} 00 00 07 01"));
        assert_eq!(
            error(b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00\x00\x00\x00"),
            "t: expected an IDX file of bytes (type 8), found one of floats of 32 bits (type 13)"
        );
        assert_eq!(error(b"\x00\x00\x08\x02\x00\x00"), "t: the file is cut off: expected 12 bytes, found 6");
        assert_eq!(error(&file(&[2, 3], &[0; 5])), "t: the file is cut off: expected 18 bytes, found 17");
        assert_eq!(error(&file(&[2, 3], &[0; 7])), "t: expected 18 bytes according to its header, found more");
        assert_eq!(error(&file(&[0, 28], &[])), "t: the array of 0 × 28 has no elements");
        // a header that promises a lot costs no memory
        let most = u32::MAX;
        assert_eq!(error(&file(&[most], &[1])), "t: the file is cut off: expected 4294967303 bytes, found 9");
        assert_eq!(
            error(&file(&[most, most, most], &[1])),
            "t: an array of 4294967295 × 4294967295 × 4294967295 bytes is too large"
        );
    }

    #[test]
    fn images_and_labels() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let pixels: Vec<u8> = (0..12).map(|i| 20 * i).collect();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&file(&[3, 2, 2], &pixels)).unwrap();
        let gzip = gzip.finish().unwrap();
        let images = write("images", &gzip);
        let labels = |sizes: &[u32], elements: &[u8]| write("labels", &file(sizes, elements));
        let data = Dataset::from_idx(&images, labels(&[3], &[7, 3, 7])).unwrap();
        assert_eq!((data.samples(), data.feature_names().join(" ").as_str()), (3, "pixel1 pixel2 pixel3 pixel4"));
        assert_eq!(data.inputs().column(1).collect::<Vec<_>>(), [80.0, 100.0, 120.0, 140.0]);
        assert_eq!(data.targets(), &Targets::from_labels("class", ["7", "3", "7"]));

        let error = |images: &Path, labels: &Path| {
            let error = Dataset::from_idx(images, labels).unwrap_err().to_string();
            error.replace(&format!("{}/", folder.path().display()), "")
        };
        let message = "labels: expected a label for each of the 3 images, found 2 labels";
        assert_eq!(error(&images, &labels(&[2], &[1, 2])), message);
        let message = "labels, column \"class\": every row has the class \"1\": expected at least two classes";
        assert_eq!(error(&images, &labels(&[3], &[1, 1, 1])), message);
        let message = "labels: expected an array of 1 dimension, found 3 × 1";
        assert_eq!(error(&images, &labels(&[3, 1], &[1, 2, 3])), message);
        let labels = labels(&[3], &[7, 3, 7]);
        assert_eq!(error(&labels, &labels), "labels: expected an array of at least 2 dimensions, found 3");
        let half = write("half", &gzip[..gzip.len() / 2]);
        assert!(error(&half, &labels).starts_with("half: cannot read: "), "{}", error(&half, &labels));
        let mut altered = gzip;
        // the checksum of gzip
        let at = altered.len() - 5;
        altered[at] ^= 1;
        let altered = write("altered", &altered);
        assert!(error(&altered, &labels).starts_with("altered: cannot read: "), "{}", error(&altered, &labels));
        let nowhere = "nowhere: cannot read: No such file or directory (os error 2)";
        assert_eq!(error(&folder.path().join("nowhere"), &labels), nowhere);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        /// What is written is read, and neither a part of it nor more.
        #[test]
        fn there_and_back(sizes in vec(1u32..6, 1..5), byte: u8, cut in 0.0..1.0) {
            let elements: Vec<u8> = (0..sizes.iter().product()).map(|i| byte.wrapping_add(i as u8)).collect();
            let mut bytes = file(&sizes, &elements);
            let idx = parse(&bytes).unwrap();
            prop_assert_eq!(idx.sizes, sizes.iter().map(|size| *size as usize).collect::<Vec<_>>());
            prop_assert_eq!(idx.elements, elements);
            prop_assert!(parse(&bytes[..(cut * bytes.len() as f64) as usize]).is_err());
            bytes.push(byte);
            prop_assert!(parse(&bytes).is_err());
        }

        /// No bytes make the reader panic.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..60), kind in 0u8..16, dimensions in 0u8..6) {
            let _ = parse(&bytes);
            let _ = parse(&[&[0, 0, kind, dimensions], &bytes[..]].concat());
        }
    }
}
