use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread;

use mfnet_table::file::{open, sha256};

use super::california_housing;
use crate::data::Dataset;
use crate::data::idx::Idx;
use crate::error::{DataProblem, Error, ErrorKind, Result};

/// A well-known data set whose files are too large to be part of the library. They are in a folder
/// with the name of the data set. Reading verifies that they are the published files to the byte.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// The name of the data set on the command line, and of its folder.
    pub name: &'static str,
    /// The target column.
    pub target: &'static str,
    /// Number of samples in all parts of the official split.
    pub samples: usize,
    /// Number of features.
    pub features: usize,
    /// Number of classes; 0 if the target is a value.
    pub classes: usize,
    /// The licence.
    pub licence: &'static str,
    /// A description in one line.
    pub description: &'static str,
    /// The files; each may be compressed with gzip, with a name that ends in `.gz`.
    pub files: &'static [PublishedFile],
    /// Where to download the files.
    pub mirrors: &'static [Mirror],
    pub(super) read: fn(&Published, &[PathBuf]) -> Result<Dataset>,
}

/// A file of a published data set.
#[derive(Clone, Copy, Debug)]
pub struct PublishedFile {
    /// The file's name, without `.gz`.
    pub name: &'static str,
    /// Decompressed size in bytes.
    pub bytes: u64,
    /// SHA-256 of the decompressed file, in hexadecimal.
    pub sha256: &'static str,
}

/// A public server with the files of a published data set.
#[derive(Clone, Copy, Debug)]
pub struct Mirror {
    /// The URL of a folder, ending in a slash, that contains each file as NAME.gz; or of a
    /// compressed tar archive.
    pub url: &'static str,
    /// The folder of the files inside the archive, ending in a slash.
    pub inside: Option<&'static str>,
}

/// All published data sets.
pub const PUBLISHED: [Published; 3] = [MNIST, FASHION_MNIST, CALIFORNIA_HOUSING];

pub(super) const MNIST: Published = Published {
    name: "mnist",
    target: "class",
    samples: 70000,
    features: 784,
    classes: 10,
    licence: "CC BY-SA 3.0",
    description: "60000 + 10000 handwritten digits of 28 × 28 pixels (LeCun, Cortes, Burges 1998)",
    files: &[
        file("train-images-idx3-ubyte", 47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        file("train-labels-idx1-ubyte", 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        file("t10k-images-idx3-ubyte", 7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        file("t10k-labels-idx1-ubyte", 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ],
    mirrors: &[
        folder("https://ossci-datasets.s3.amazonaws.com/mnist/"),
        folder("https://storage.googleapis.com/cvdf-datasets/mnist/"),
    ],
    read: read_images,
};

pub(super) const FASHION_MNIST: Published = Published {
    name: "fashion-mnist",
    target: "class",
    samples: 70000,
    features: 784,
    classes: 10,
    licence: "MIT",
    description: "60000 + 10000 pictures of clothes of 28 × 28 pixels: 0 t-shirt/top, 1 trouser, 2 pullover, 3 dress, 4 coat, \
                  5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot (Xiao, Rasul, Vollgraf 2017)",
    files: &[
        file("train-images-idx3-ubyte", 47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        file("train-labels-idx1-ubyte", 60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        file("t10k-images-idx3-ubyte", 7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        file("t10k-labels-idx1-ubyte", 10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ],
    mirrors: &[
        folder("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
        folder("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"),
    ],
    read: read_images,
};

pub(super) const CALIFORNIA_HOUSING: Published = Published {
    name: "california-housing",
    target: "MedHouseVal",
    samples: 20640,
    features: 8,
    classes: 0,
    licence: "public",
    description: "districts of California in the census of 1990, median value of a house (Pace and Barry 1997)",
    files: &[file("cal_housing.data", 2_092_122, "d3d8a1a722ae78f91134862727d27a70b1415e7d512a89140406248687f4b902")],
    mirrors: &[
        Mirror { url: "https://ndownloader.figshare.com/files/5976036", inside: Some("CaliforniaHousing/") },
        Mirror {
            url: "https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.tgz",
            inside: Some("CaliforniaHousing/"),
        },
    ],
    read: read_california_housing,
};

const fn folder(url: &'static str) -> Mirror {
    Mirror { url, inside: None }
}

const fn file(name: &'static str, bytes: u64, sha256: &'static str) -> PublishedFile {
    PublishedFile { name, bytes, sha256 }
}

impl Published {
    /// Finds the folder to read from: the first of `data_folders` with a subfolder, named like the
    /// data set, that contains all files.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`], which lists the files missing from each folder. It also says if the
    /// folder one level above or below contains all of them.
    pub fn locate(&self, data_folders: &[impl AsRef<Path>]) -> Result<PathBuf> {
        let mut looked_in = Vec::new();
        for folder in data_folders {
            let missing = self.missing_in(folder.as_ref());
            let folder = folder.as_ref().join(self.name);
            looked_in.push(match missing.len() {
                0 => return Ok(folder),
                _ if !folder.is_dir() => format!("{}, which is not a folder", folder.display()),
                all if all == self.files.len() => format!("{}, which has none of them", folder.display()),
                _ => format!("{}, where {} is missing", folder.display(), missing.join(", ")),
            });
        }
        let mut neighbours = data_folders.iter().flat_map(|folder| neighbours(folder.as_ref()));
        let nearby = neighbours.find(|folder| self.missing_in(folder).is_empty());
        let wanted = match self.files {
            [file] => format!("expected the file {}, plain or with .gz", file.name),
            files => {
                let names: Vec<&str> = files.iter().map(|file| file.name).collect();
                format!("expected the files {}, each plain or with .gz", names.join(", "))
            }
        };
        let found = match looked_in.is_empty() {
            true => "no folder was given to look in".to_owned(),
            false => format!("looked in {}", looked_in.join("; in ")),
        };
        let there = nearby.as_ref().map_or_else(String::new, |folder| {
            format!("; all are in {}, so the folder to name is {}", folder.join(self.name).display(), folder.display())
        });
        Err(ErrorKind::NoData { name: self.name.to_owned(), what: format!("{wanted}; {found}{there}"), nearby }.into())
    }

    /// The files missing from the subfolder of this data folder.
    fn missing_in(&self, data_folder: &Path) -> Vec<String> {
        let folder = data_folder.join(self.name);
        let missing = self.files.iter().filter(|file| file.path(&folder).is_none());
        missing.map(|file| file.name.to_owned()).collect()
    }

    /// Reads the data set from the folder with its files, which [`Published::locate`] finds.
    ///
    /// # Errors
    /// As [`Dataset::mnist`].
    pub fn read(&self, folder: &Path) -> Result<Dataset> {
        let path = |file: &PublishedFile| file.path(folder).unwrap_or_else(|| folder.join(file.name));
        (self.read)(self, &self.files.iter().map(path).collect::<Vec<_>>())
    }

    /// Decompressed size of all files in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Identifies the data: SHA-256 of the text that `sha256sum` prints for the decompressed files.
    pub fn digest(&self) -> String {
        let lines = self.files.iter().map(|file| format!("{}  {}\n", file.sha256, file.name));
        sha256([lines.collect::<String>().as_bytes()])
    }
}

/// The parent of a folder, and its subfolders in order of name.
fn neighbours(folder: &Path) -> Vec<PathBuf> {
    let parent = match (folder.file_name(), folder.parent()) {
        (Some(_), Some(parent)) if parent.as_os_str().is_empty() => PathBuf::from("."),
        (Some(_), Some(parent)) => parent.to_owned(),
        _ => folder.join(".."),
    };
    let children = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut children: Vec<PathBuf> = children.filter(|path| path.is_dir()).collect();
    children.sort();
    [vec![parent], children].concat()
}

impl PublishedFile {
    /// The path of the file in this folder, plain or compressed, if it exists.
    pub(super) fn path(&self, folder: &Path) -> Option<PathBuf> {
        [self.name.to_owned(), format!("{}.gz", self.name)]
            .map(|name| folder.join(name))
            .into_iter()
            .find(|p| p.is_file())
    }

    /// Checks that `found`, the SHA-256 of the decompressed bytes, is that of the published file.
    pub(super) fn verify(&self, file: &str, found: String) -> Result<()> {
        if found == self.sha256 {
            return Ok(());
        }
        Err(Error::data(file, DataProblem::Digest(self.sha256.to_owned(), found)))
    }
}

/// Reads images and labels of the training part, then of the test part.
fn read_images(of: &Published, paths: &[PathBuf]) -> Result<Dataset> {
    let read = |i: usize| {
        let idx = Idx::read(&paths[i], None)?;
        of.files[i].verify(&idx.file, idx.digest()).map(|()| idx)
    };
    // most of the time goes into the first file
    let (images, others) = thread::scope(|scope| {
        let others = scope.spawn(|| Ok::<_, Error>((read(1)?, read(2)?, read(3)?)));
        (read(0), others.join())
    });
    let others = others.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let (images, (labels, test_images, test_labels)) = (images?, others?);
    Dataset::from_arrays(of.name, images, labels, Some((test_images, test_labels)))
}

fn read_california_housing(of: &Published, paths: &[PathBuf]) -> Result<Dataset> {
    let mut bytes = Vec::new();
    let read = open(&paths[0]).and_then(|mut from| from.read_to_end(&mut bytes));
    read.map_err(Error::io(&paths[0], "read"))?;
    let file = paths[0].display().to_string();
    let data = california_housing::parse(&file, of.name, &bytes)?;
    of.files[0].verify(&file, sha256([&bytes[..]]))?;
    Ok(data.officially_split(california_housing::official_split()?))
}
