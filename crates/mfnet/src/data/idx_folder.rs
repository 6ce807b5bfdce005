use std::fs;
use std::path::{Path, PathBuf};

use mfnet_table::file::sha256;

use super::Dataset;
use super::idx::Idx;
use crate::error::{DataProblem, Error, Result};

/// File names of images and of labels contain these.
const IMAGES: [&str; 2] = ["images", "idx3"];
const LABELS: [&str; 2] = ["labels", "idx1"];
/// Names of test files begin with one of these.
const TEST: [&str; 2] = ["t10k", "test"];
/// The most file names that an error lists.
const SHOWN: usize = 6;

/// A data set read from a folder of IDX files with images and labels, as MNIST is published.
///
/// The folder holds a file of images, whose name contains `images` or `idx3`, and a file of labels,
/// whose name contains `labels` or `idx1`, plain or compressed with gzip. If there is an official
/// test part, it also holds two such files whose names begin with `t10k` or `test`. MNIST's files
/// are called `train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte` and so on.
#[derive(Debug)]
pub struct IdxFolder {
    /// The images and labels.
    pub data: Dataset,
    /// Identifies the data: SHA-256 of the text that `sha256sum` prints for the decompressed files.
    /// Training files come first, and images before labels.
    pub digest: String,
}

impl IdxFolder {
    /// Reads the folder. Images are read as by [`Dataset::from_idx`]; those of the test part come
    /// last.
    ///
    /// # Errors
    /// As [`Dataset::from_idx`]. [`ErrorKind::Data`](crate::error::ErrorKind::Data) with the files
    /// found, unless they are two or four files with such names.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        Self::read_within(folder, None)
    }

    /// As [`IdxFolder::read`]; a compressed file may become `memory` bytes, see
    /// [`ReadTable::memory`](mfnet_table::ReadTable::memory).
    ///
    /// # Errors
    /// As [`IdxFolder::read`].
    pub fn read_within(folder: impl AsRef<Path>, memory: Option<u64>) -> Result<Self> {
        let folder = folder.as_ref();
        let name = folder.display().to_string();
        let entries = fs::read_dir(folder).map_err(Error::io(folder, "read"))?;
        let mut files: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        files.sort();
        let has = |path: &Path, words: [&str; 2]| words.iter().any(|word| file_name(path).contains(word));
        let is_test = |path: &Path| TEST.iter().any(|word| file_name(path).starts_with(word));
        let those = |test: bool, words| -> Vec<&PathBuf> {
            files.iter().filter(|path| is_test(path) == test && has(path, words)).collect()
        };
        let pairs = [false, true].map(|test| (those(test, IMAGES), those(test, LABELS)));
        let mut digests = String::new();
        let mut read = |path: &PathBuf| -> Result<Idx> {
            let idx = Idx::read(path, memory)?;
            digests += &format!("{}  {}\n", idx.digest(), file_name(path).trim_end_matches(".gz"));
            Ok(idx)
        };
        let data = match [&pairs[0].0[..], &pairs[0].1, &pairs[1].0, &pairs[1].1] {
            [[images], [labels], [], []] | [[], [], [images], [labels]] => {
                Dataset::from_arrays(&name, read(images)?, read(labels)?, None)?
            }
            [[images], [labels], [test_images], [test_labels]] => {
                let (images, labels) = (read(images)?, read(labels)?);
                let test = (read(test_images)?, read(test_labels)?);
                Dataset::from_arrays(&name, images, labels, Some(test))?
            }
            _ => {
                let found: Vec<String> = files.iter().take(SHOWN).map(|path| file_name(path)).collect();
                let found = match files.len() {
                    0 => "no files".to_owned(),
                    all if all > SHOWN => format!("{}, … ({all} in all)", found.join(", ")),
                    _ => found.join(", "),
                };
                return Err(Error::data(&name, DataProblem::NoIdxFiles(found)));
            }
        };
        Ok(IdxFolder { data, digest: sha256([digests.as_bytes()]) })
    }
}

/// The file's name in lower case.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::SplitBy;
    use crate::random::Seed;

    /// `count` images of two pixels, and their labels 0, 1, 0, …
    fn write(folder: &Path, part: &str, count: u8, pixels: u8) {
        let elements = 0..count * pixels;
        let images: Vec<u8> = [0, 0, 8, 2, 0, 0, 0, count, 0, 0, 0, pixels].into_iter().chain(elements).collect();
        let labels: Vec<u8> = [0, 0, 8, 1, 0, 0, 0, count].into_iter().chain((0..count).map(|i| i % 2)).collect();
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }

    fn message(folder: &Path) -> String {
        IdxFolder::read(folder).unwrap_err().to_string().replace(&folder.display().to_string(), "t")
    }

    #[test]
    fn one_part_or_two() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let expected = "t: expected a folder of IDX files (train-images-idx3-ubyte and train-labels-idx1-ubyte, and optionally both t10k files), found";
        assert_eq!(message(path), format!("{expected} no files"));
        write(path, "train", 4, 2);
        let one = IdxFolder::read(path).unwrap();
        assert_eq!((one.data.samples(), one.data.has_official_split()), (4, false));
        write(path, "t10k", 3, 2);
        let two = IdxFolder::read(path).unwrap();
        let (train, _, test) = two.data.split_by(SplitBy::Official { validation: Some(0.0) }, Seed(0)).unwrap();
        assert_eq!((train.samples(), test.samples()), (4, 3));
        assert_eq!(test.inputs().column(2).collect::<Vec<_>>(), [4.0, 5.0]);
        assert!(one.digest != two.digest && two.digest == IdxFolder::read(path).unwrap().digest);
        write(path, "t10k", 3, 3);
        assert_eq!(message(path), "t/t10k-images-idx3-ubyte: expected images of 2 as in the training part, found 3");
        fs::remove_file(path.join("t10k-labels-idx1-ubyte")).unwrap();
        assert!(message(path).starts_with(expected));
    }
}
