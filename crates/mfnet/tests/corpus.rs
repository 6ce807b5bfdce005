//! What the fuzzers of the readers found: every file of each corpus goes through the functions that the fuzzers call. CONTRIBUTING.md says how a
//! corpus is renewed.

mod readers;

use std::io::Read;
use std::panic::catch_unwind;

use flate2::read::GzDecoder;
use tar::Archive;

/// Calls `read` with every file of a corpus, and names the one that makes it panic.
fn each(corpus: &[u8], read: fn(&[u8])) {
    let mut archive = Archive::new(GzDecoder::new(corpus));
    let mut files = 0;
    for file in archive.entries().expect("an archive") {
        let mut file = file.expect("a file");
        let name = file.path().expect("a name").display().to_string();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("its bytes");
        assert!(catch_unwind(|| read(&bytes)).is_ok(), "the file is {name}");
        files += 1;
    }
    assert!(files > 0, "the corpus is empty");
}

#[test]
fn texts() {
    each(include_bytes!("corpus/text.tar.gz"), readers::table);
}

#[test]
fn idx_files() {
    each(include_bytes!("corpus/idx.tar.gz"), readers::idx);
}

#[test]
fn model_files() {
    each(include_bytes!("corpus/model.tar.gz"), readers::model);
}

#[test]
fn model_files_whose_digest_is_right() {
    each(include_bytes!("corpus/sealed-model.tar.gz"), readers::sealed_model);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_files() {
    each(include_bytes!("corpus/parquet.tar.gz"), readers::table);
}

#[cfg(feature = "numpy")]
#[test]
fn npy_files() {
    each(include_bytes!("corpus/npy.tar.gz"), readers::table);
}

#[test]
fn json_files() {
    each(include_bytes!("corpus/json.tar.gz"), readers::table);
}

#[cfg(feature = "excel")]
#[test]
fn xlsx_files() {
    each(include_bytes!("corpus/xlsx.tar.gz"), readers::table);
}

#[cfg(feature = "numpy")]
#[test]
fn npz_files() {
    each(include_bytes!("corpus/npz.tar.gz"), readers::table);
}
