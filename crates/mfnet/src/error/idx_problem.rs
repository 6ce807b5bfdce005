/// What is wrong with IDX files.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdxProblem {
    /// A file that does not begin as IDX files do.
    #[error(
        "expected an IDX file, which begins with the bytes 00 00, a type and a number of dimensions, found {}",
        hexadecimal(found)
    )]
    NotIdx {
        /// The first bytes.
        found: Vec<u8>,
    },
    /// An IDX file of something else than bytes.
    #[error("expected an IDX file of bytes (type 8), found one of {found}")]
    OtherType {
        /// What it holds.
        found: &'static str,
    },
    /// An IDX file whose size no machine can count.
    #[error("an array of {} bytes is too large", shape(sizes))]
    TooLarge {
        /// The sizes in its header.
        sizes: Vec<usize>,
    },
    /// An IDX file with another number of dimensions.
    #[error("expected an array of {expected} dimension{}, found {}", if *expected == "1" { "" } else { "s" }, shape(found))]
    Dimensions {
        /// The number that fits.
        expected: &'static str,
        /// The sizes in its header.
        found: Vec<usize>,
    },
    /// An array with a size of 0.
    #[error("the array of {} has no elements", shape(sizes))]
    NoElements {
        /// The sizes in its header.
        sizes: Vec<usize>,
    },
    /// Two files that do not belong together.
    #[error("expected a label for each of the {images} images, found {labels} labels")]
    LabelCount {
        /// Images in the one.
        images: usize,
        /// Labels in the other.
        labels: usize,
    },
    /// Images of another size than those before.
    #[error("expected images of {} as in the training part, found {}", shape(expected), shape(found))]
    ImageSize {
        /// Rows and columns of the training part.
        expected: Vec<usize>,
        /// Of these.
        found: Vec<usize>,
    },
    /// A folder without the files of a set of images.
    #[error(
        "expected a folder of IDX files as train-images-idx3-ubyte and train-labels-idx1-ubyte, and t10k-… of both or none, found {}",
        listed_files(found)
    )]
    NoFiles {
        /// The files in it.
        found: Vec<String>,
    },
}

/// The first files of a folder.
fn listed_files(found: &[String]) -> String {
    const SHOWN: usize = 6;
    match found {
        [] => "no files".to_owned(),
        _ if found.len() > SHOWN => format!("{}, … ({} in all)", found[..SHOWN].join(", "), found.len()),
        _ => found.join(", "),
    }
}

/// 60000 × 28 × 28.
fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
