//! Data sets that are known by name: those that are part of the library, and published ones, whose files lie in a folder
//! or are downloaded.
//!
//! ```text
//! built_in    california_housing → published → download
//! ```

mod built_in;
mod california_housing;
#[cfg(feature = "download")]
mod download;
mod published;

use std::path::Path;

pub use built_in::{BUILT_IN, BuiltIn};
#[cfg(feature = "download")]
pub use download::{Download, Progress};
pub use published::{Mirror, PUBLISHED, Published, PublishedFile};

use self::published::{CALIFORNIA_HOUSING, FASHION_MNIST, MNIST};
use super::{Dataset, Target};
use crate::error::{Error, Result};

impl Dataset {
    /// One of the data sets that are compiled into the library: `digits` (1797 samples, 64 features, 10 classes) or `diabetes` (442
    /// samples, 10 features, a regression).
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
        let known = || BUILT_IN.map(|built_in| built_in.name).join(" or ");
        let built_in = BUILT_IN.iter().find(|built_in| built_in.name == name);
        let built_in = built_in.ok_or_else(|| Error::invalid("built-in data set", known(), name))?;
        let table = built_in.table()?;
        Self::from_table(&table, &Target::guess(&table, &[built_in.target.to_owned()])?)
    }

    /// MNIST: 70000 handwritten digits of 28 × 28 pixels, those of the training part first; shape (784, 70000), 10 classes.
    ///
    /// `data_folder` has a folder `mnist` with the four original files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
    /// `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, plain or compressed. The pixels stay bytes, and have the names of OpenML;
    /// see [`Dataset::from_idx`].
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
    /// [`ErrorKind::NoData`](crate::error::ErrorKind::NoData) if the files are not there; [`ErrorKind::Io`](crate::error::ErrorKind::Io) if one cannot be read or decompressed; [`ErrorKind::Data`](crate::error::ErrorKind::Data) if it
    /// is not the published one, which its SHA-256 tells.
    pub fn mnist(data_folder: impl AsRef<Path>) -> Result<Self> {
        MNIST.read(&MNIST.locate(&[data_folder])?)
    }

    /// Fashion-MNIST: 70000 pictures of clothes in the form of MNIST, which are harder to tell apart; shape (784, 70000), 10 classes.
    ///
    /// `data_folder` has a folder `fashion-mnist` with four files of the names that [`Dataset::mnist`] lists. The classes are the numbers of
    /// the files, 0 to 9, as OpenML and other programs have them: t-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag,
    /// ankle boot.
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

    /// California Housing as scikit-learn's `fetch_california_housing` has it: 20640 districts of the census of 1990, shape (8, 20640). The features
    /// are MedInc, HouseAge, AveRooms, AveBedrms, Population, AveOccup, Latitude and Longitude; the target MedHouseVal is the median value of a
    /// house in 100 000 dollars.
    ///
    /// `data_folder` has a folder `california-housing` with the file of StatLib, `cal_housing.data`, plain or compressed. The official split is
    /// the one that the papers on deep learning for tables report on since Gorishniy et al. 2021: 13209 training, 3303 validation and 4128
    /// test districts.
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
