//! Data sets that the library knows by name: built-in ones, and published ones whose files are in a
//! folder or are downloaded.
//!
//! ```text
//! built_in    california_housing → published → download
//! ```

mod built_in;
mod california_housing;
#[cfg(feature = "download-with")]
mod download;
mod published;

use std::path::Path;

pub use built_in::{BUILT_IN, BuiltIn};
#[cfg(feature = "download")]
pub use download::Http;
#[cfg(feature = "download-with")]
pub use download::{Client, Download, Progress};
pub use published::{Mirror, PUBLISHED, Published, PublishedFile};

use self::published::{CALIFORNIA_HOUSING, FASHION_MNIST, MNIST};
use super::{Dataset, Target};
use crate::error::{Error, Result};

impl Dataset {
    /// Loads a built-in data set: `digits` (1797 samples, 64 features, 10 classes), `diabetes` (442
    /// samples, 10 features, a regression), or one of the generated `xor`, `moons` and `spiral`
    /// (500 samples, 2 features, 2 classes).
    ///
    /// ```
    /// use mfnet::Dataset;
    /// let digits = Dataset::built_in("digits")?;
    /// assert_eq!((digits.samples(), digits.features(), digits.classes()), (1797, 64, 10));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for another name.
    pub fn built_in(name: &str) -> Result<Self> {
        let known = || {
            let [first @ .., last] = BUILT_IN.map(|built_in| built_in.name);
            format!("{} or {last}", first.join(", "))
        };
        let built_in = BUILT_IN.iter().find(|built_in| built_in.name == name);
        let built_in = built_in.ok_or_else(|| Error::invalid("built-in data set", known(), name))?;
        let table = built_in.table()?;
        Self::from_table(&table, &Target::guess(&table, &[built_in.target.to_owned()])?)
    }

    /// Reads MNIST: 70000 handwritten digits of 28 × 28 pixels, the training part first; shape
    /// (784, 70000), 10 classes.
    ///
    /// `data_folder` contains a folder `mnist` with the four original files
    /// `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    /// `t10k-labels-idx1-ubyte`, plain or compressed. The pixels stay bytes and have the names of
    /// OpenML; see [`Dataset::from_idx`].
    ///
    /// ```no_run
    /// use mfnet::{Dataset, Seed};
    /// use mfnet::data::SplitBy;
    /// let mnist = Dataset::mnist("data")?;
    /// let (train, _, test) = mnist.split_by(SplitBy::Official { validation: None }, Seed(0))?;
    /// assert_eq!((train.samples(), test.samples()), (60000, 10000));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::error::ErrorKind::NoData) if files are missing;
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) if one cannot be read or decompressed;
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) if the SHA-256 of one is not that of the
    /// published file.
    pub fn mnist(data_folder: impl AsRef<Path>) -> Result<Self> {
        MNIST.read(&MNIST.locate(&[data_folder])?)
    }

    /// Reads Fashion-MNIST: 70000 pictures of clothes in the format of MNIST, harder to classify;
    /// shape (784, 70000), 10 classes.
    ///
    /// `data_folder` contains a folder `fashion-mnist` with four files, named as for
    /// [`Dataset::mnist`]. The class labels are the numbers of the files, 0 to 9, as in OpenML:
    /// t-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.
    ///
    /// ```no_run
    /// use mfnet::{Dataset, Seed};
    /// use mfnet::data::SplitBy;
    /// let clothes = Dataset::fashion_mnist("data")?;
    /// let (train, _, test) = clothes.split_by(SplitBy::Official { validation: None }, Seed(0))?;
    /// assert_eq!((train.samples(), test.samples()), (60000, 10000));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::mnist`].
    pub fn fashion_mnist(data_folder: impl AsRef<Path>) -> Result<Self> {
        FASHION_MNIST.read(&FASHION_MNIST.locate(&[data_folder])?)
    }

    /// Reads California Housing as scikit-learn's `fetch_california_housing` does: 20640 districts
    /// of the 1990 census, shape (8, 20640). The features are MedInc, HouseAge, AveRooms,
    /// AveBedrms, Population, AveOccup, Latitude and Longitude. The target MedHouseVal is the
    /// median value of a house in units of 100 000 dollars.
    ///
    /// `data_folder` contains a folder `california-housing` with StatLib's file `cal_housing.data`,
    /// plain or compressed. The official split is that of Gorishniy et al. 2021, which later papers
    /// on deep learning for tables use: 13209 training, 3303 validation and 4128 test districts.
    ///
    /// ```no_run
    /// use mfnet::{Dataset, Seed};
    /// use mfnet::data::SplitBy;
    /// let houses = Dataset::california_housing("data")?;
    /// let (train, validation, test) = houses.split_by(SplitBy::Official { validation: None }, Seed(0))?;
    /// assert_eq!([&train, &validation, &test].map(Dataset::samples), [13209, 3303, 4128]);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::mnist`].
    pub fn california_housing(data_folder: impl AsRef<Path>) -> Result<Self> {
        CALIFORNIA_HOUSING.read(&CALIFORNIA_HOUSING.locate(&[data_folder])?)
    }
}
