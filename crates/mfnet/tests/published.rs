//! The published data sets, read from their files.
//!
//! Where the numbers come from: golden/data.json, written by golden/data_golden.py with NumPy. The files lie in the folder that the environment
//! variable MFNET_DATA names (from the root of the repository, if it is relative); without it these tests say that they were not run.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};

use mfnet::data::{PUBLISHED, Scaler, SplitBy, Standardizer};
use mfnet::{Dataset, Seed, Targets};
use serde_json::Value;

/// Sums of thousands of numbers, in another order.
const ROUNDING: f64 = 1e-12;

fn golden(key: &str) -> Value {
    let mut golden: Value = serde_json::from_str(include_str!("golden/data.json")).unwrap();
    golden[key].take()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The folder with the data, or a line on stderr that says what was not run (written so that it shows for tests that pass).
fn data_folder(test: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("MFNET_DATA").filter(|folder| !folder.is_empty()).map(|folder| root.join(folder));
    if folder.is_none() {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "not run, because MFNET_DATA is not set: {test}").unwrap();
    }
    folder
}

fn assert_close(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= ROUNDING * expected.abs().max(1.0),
        "{what}: found {found}, NumPy has {expected}"
    );
}

#[test]
fn mnist() {
    let Some(folder) = data_folder("the library's mnist") else { return };
    let (golden, mnist) = (golden("mnist"), Dataset::mnist(folder).unwrap());
    assert_eq!((mnist.samples(), mnist.features(), mnist.classes(), mnist.name()), (70000, 784, 10, "mnist"));
    for (sample, moment) in golden["moments"].as_object().unwrap() {
        let image = mnist.select(&[sample.parse().unwrap()]).unwrap().inputs();
        let found: f64 = image.iter().enumerate().map(|(i, x)| i as f64 * x).sum();
        assert_eq!(found, moment.as_f64().unwrap(), "image {sample}");
    }
    let first: Vec<f64> = mnist.text("class").unwrap()[..10].iter().map(|label| label.parse().unwrap()).collect();
    assert_eq!(first, numbers(&golden["first_labels"]));

    let (train, validation, test) = mnist.split_by(SplitBy::Official { validation: None }, Seed(0)).unwrap();
    assert_eq!(validation.samples(), 0);
    for (part, data) in [("train", &train), ("test", &test)] {
        assert_eq!(class_counts(data), numbers(&golden["counts"][part]), "{part}");
        // pixels share one mean and one deviation
        let Scaler::Affine(Standardizer { mean, scale, .. }) = mfnet::Preprocessing::fit(data).inputs else {
            panic!("a shift and a scale")
        };
        assert!(mean.iter().all(|x| *x == mean[0]) && scale.iter().all(|x| *x == scale[0]));
        assert_close(mean[0], golden["mean"][part].as_f64().unwrap(), "mean");
        assert_close(scale[0], golden["deviation"][part].as_f64().unwrap(), "deviation");
    }

    // a tenth of the training images, of each class its share
    let (rest, tenth, same) = mnist.split_by(SplitBy::Official { validation: Some(0.1) }, Seed(3)).unwrap();
    assert_eq!([&rest, &tenth, &same].map(Dataset::samples), [54000, 6000, 10000]);
    let shares = class_counts(&train).into_iter().zip(class_counts(&tenth));
    assert!(shares.into_iter().all(|(all, drawn)| (drawn - 0.1 * all).abs() <= 1.0));
}

fn class_counts(data: &Dataset) -> Vec<f64> {
    let Targets::Classes { indices, labels, .. } = data.targets() else { panic!("classes") };
    (0..labels.len()).map(|class| indices.iter().filter(|index| **index == class).count() as f64).collect()
}

#[test]
fn california_housing() {
    let Some(folder) = data_folder("the library's california_housing") else { return };
    let (golden, houses) = (golden("california_housing"), Dataset::california_housing(folder).unwrap());
    assert_eq!((houses.samples(), houses.features(), houses.outputs()), (20640, 8, 1));
    assert_eq!(houses.feature_names()[2..6], ["AveRooms", "AveBedrms", "Population", "AveOccup"]);
    let x = houses.inputs();
    let Targets::Values { columns, values } = houses.targets() else { panic!("values") };
    assert_eq!(columns, &["MedHouseVal"]);
    for (row, expected) in golden["rows"].as_object().unwrap() {
        let sample = row.parse().unwrap();
        // one division each, so the same bits
        assert_eq!(x.column(sample).collect::<Vec<_>>(), numbers(expected), "row {row}");
        assert_eq!(values.number(sample, 0), golden["values"][row].as_f64().unwrap());
    }
    let (train, validation, test) = houses.split_by(SplitBy::Official { validation: None }, Seed(0)).unwrap();
    for (part, data) in [("train", train), ("val", validation), ("test", test)] {
        let golden = &golden["parts"][part];
        assert_eq!(data.samples() as u64, golden["rows"].as_u64().unwrap());
        let inputs = data.inputs();
        for (i, row) in numbers(&golden["first"]).into_iter().enumerate() {
            assert!(inputs.column(i).eq(x.column(row as usize)), "{part}, row {row}");
        }
        for (i, mean) in numbers(&golden["mean"]).into_iter().enumerate() {
            assert_close(inputs.row(i).sum::<f64>() / inputs.columns() as f64, mean, part);
        }
    }
}

/// Found in the first folder that has all files, plain or compressed; errors name what is missing where, and a file that is another one.
#[test]
fn where_files_are_looked_for() {
    let desk = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| desk.path().join(name));
    let [mnist, _, houses] = PUBLISHED;
    let without_path = |error: mfnet::Error| error.to_string().replace(&format!("{}/", desk.path().display()), "");
    let located = |folders: &[&Path]| mnist.locate(folders).map_err(without_path);
    let wanted = "mnist: expected the files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, \
                  t10k-labels-idx1-ubyte, each plain or with .gz";
    assert_eq!(located(&[]), Err(format!("{wanted}; no folder was given to look in")));
    std::fs::create_dir_all(first.join("mnist")).unwrap();
    assert_eq!(
        located(&[&first, &second]),
        Err(format!("{wanted}; looked in first/mnist, which has none of them; in second/mnist, which is not a folder"))
    );
    let image: &[u8] = b"\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x01ab";
    let label: &[u8] = b"\0\0\x08\x01\0\0\0\x02\x00\x01";
    let put = |folder: &Path, names: &[&str], bytes: &[u8]| {
        std::fs::create_dir_all(folder).unwrap();
        names.iter().for_each(|name| std::fs::write(folder.join(name), bytes).unwrap());
    };
    for (folder, gz) in [(first.join("mnist"), ".gz"), (second.join("mnist"), "")] {
        put(&folder, &["train-images-idx3-ubyte", &format!("t10k-images-idx3-ubyte{gz}")], image);
        put(&folder, &["train-labels-idx1-ubyte"], label);
    }
    assert_eq!(
        located(&[&first]),
        Err(format!("{wanted}; looked in first/mnist, where t10k-labels-idx1-ubyte is missing"))
    );
    put(&second.join("mnist"), &["t10k-labels-idx1-ubyte"], label);
    assert_eq!(located(&[&first, &second]), Ok(second.join("mnist")));

    // SHA-256 of the 18 bytes above, by sha256sum
    assert_eq!(
        without_path(Dataset::mnist(&second).unwrap_err()),
        "second/mnist/train-images-idx3-ubyte: expected the published file with SHA-256 \
         ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db, found SHA-256 9c00dfb76a41febae0d35d8ab107c2d86fea2b4ab41d5353eab74acd73736a20"
    );
    assert_eq!(
        without_path(houses.locate(&[&first]).unwrap_err()),
        "california-housing: expected the file cal_housing.data, plain or with .gz; looked in first/california-housing, which is not a folder"
    );
    put(&first.join("california-housing"), &["cal_housing.data.gz"], b"-122.23,37.88,41,880,129,322,0,8.3,452600\n");
    assert_eq!(
        without_path(Dataset::california_housing(&first).unwrap_err()),
        "first/california-housing/cal_housing.data.gz, line 1, column \"households\": expected a positive number, \
         because others are divided by it, found \"0\""
    );
    put(&first.join("california-housing"), &["cal_housing.data"], b"-122.23,37.88,41,880,129,322,126,8.3,452600\n");
    let error = without_path(Dataset::california_housing(&first).unwrap_err());
    assert!(
        error.starts_with("first/california-housing/cal_housing.data: expected the published file with SHA-256 "),
        "{error}"
    );
}

/// Other data in the form of MNIST: recognised before a number is used.
#[test]
fn fashion_mnist() {
    let desk = tempfile::tempdir().unwrap();
    let folder = desk.path().join("fashion-mnist");
    let error = Dataset::fashion_mnist(desk.path()).unwrap_err().to_string();
    assert!(error.starts_with("fashion-mnist: expected the files train-images-idx3-ubyte, "), "{error}");
    std::fs::create_dir(&folder).unwrap();
    let label: &[u8] = b"\0\0\x08\x01\0\0\0\x02\x00\x01";
    PUBLISHED[1].files.iter().for_each(|file| std::fs::write(folder.join(file.name), label).unwrap());
    let error = Dataset::fashion_mnist(desk.path()).unwrap_err().to_string();
    let expected = "train-images-idx3-ubyte: expected the published file with SHA-256 \
                    c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888, found SHA-256 ";
    assert!(error.contains(expected), "{error}");
}

/// What the list of data sets says.
#[test]
fn shapes() {
    let Some(folder) = data_folder("the library's shapes") else { return };
    for published in PUBLISHED {
        let Ok(found) = published.locate(&[&folder]) else {
            writeln!(std::io::stderr(), "not run, because it is not in MFNET_DATA: shape of {}", published.name)
                .unwrap();
            continue;
        };
        let data = published.read(&found).unwrap();
        let shape = (data.samples(), data.features(), data.classes(), data.targets().columns()[0].as_str());
        assert_eq!(shape, (published.samples, published.features, published.classes, published.target));
    }
}

/// The digest of a data set is what a person computes from its files: `sha256sum FILES | sha256sum`.
#[test]
fn digests() {
    let expected = [
        "d0a3eec1f5a454401d758fdbf15b9b0163a7034963586d671960c180b97e2c1a",
        "5cf0562c46b89a77940b86f40a9a4325e7bed59d53ec555c4d14f0bed41ca53a",
        "2c3bc351e00ee8a8b8fd1df8f5e3e1bcc7e9ed9127270f5520f0a27b4db1e382",
    ];
    assert_eq!(PUBLISHED.map(|published| published.digest()), expected);
}
