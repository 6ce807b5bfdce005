use super::*;
use crate::golden::{compare, damage, file, readable};

fn array_error(name: &str) -> String {
    npy("t", &file(name)[..]).err().unwrap().to_string()
}

fn archive(bytes: &[u8]) -> Result<Vec<(String, Column)>> {
    Ok(npz("t", bytes, &[], None)?.columns)
}

fn single(bytes: &[u8]) -> Result<Vec<(String, Column)>> {
    Ok(npy("t", bytes)?.columns)
}

fn archive_error(name: &str) -> String {
    archive(&file(name)).err().unwrap().to_string()
}

#[test]
fn cells_are_those_of_numpy() {
    for name in readable(".npy") {
        compare(&name, &single(&file(&name)[..]).unwrap_or_else(|error| panic!("{name}: {error}")));
    }
    for name in readable(".npz") {
        compare(&name, &archive(&file(&name)).unwrap_or_else(|error| panic!("{name}: {error}")));
    }
}

#[test]
fn what_is_no_table() {
    let objects = "mfnet does not read Python objects: they are stored as a pickle, a program that would run when it is read; save numbers or \
                   text, for example with array.astype(float) or array.astype(str)";
    assert_eq!(array_error("objects.npy"), format!("t: {objects}"));
    assert_eq!(array_error("complex.npy"), "t: mfnet does not read elements of type \"<c16\"");
    assert_eq!(
        array_error("single-value.npy"),
        "t: mfnet does not read an array without dimensions, which is a single value"
    );
    assert_eq!(array_error("no-rows.npy"), "t: the table has no rows");
    assert_eq!(array_error("no-columns.npy"), "t: the table has no columns");
    let found = npz("t", &file("objects.npz"), &[], None).unwrap();
    assert_eq!((found.columns.len(), &found.unread[0].0), (3, &"y".to_owned()));
    assert_eq!(found.unread[0].1.to_string(), objects);
    assert_eq!(
        archive_error("lengths.npz"),
        "t: mfnet does not read arrays with different numbers of rows: 4 in \"X\", 3 in \"y\", 1 in \"z\""
    );
    assert_eq!(archive_error("none.npz"), "t: the table has no columns");
    assert_eq!(
        archive_error("other.npz"),
        "t: mfnet does not read archives with other files than arrays (here \"readme.txt\")"
    );
}

#[test]
fn what_is_wrong_with_a_file() {
    let whole = file("rows.npy");
    let error = |bytes: &[u8]| npy("t", bytes).err().unwrap().to_string();
    assert_eq!(error(b""), "t: the file is empty");
    assert_eq!(
        error(b"a,b\n1,2\n"),
        "t: expected a NumPy array (.npy), which begins with the bytes 93 4e 55 4d 50 59, found a file that begins with \
         61 2c 62 0a 31 2c 32 0a"
    );
    assert_eq!(error(&whole[..300]), "t: the file is cut off: expected 320 bytes, found 300");
    assert_eq!(error(&[&whole[..], b"x"].concat()), "t: expected 320 bytes according to its header, found more");
    let array = |descr: &str, shape: &str, elements: &[u8]| {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}");
        [&b"\x93NUMPY\x01\x00"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), elements].concat()
    };
    let structured = |descr: &str| {
        let whole = array("?", "(1,)", &[0; 8]);
        let header = String::from_utf8_lossy(&whole[10..whole.len() - 8]).replace("'?'", descr);
        [&whole[..8], &(header.len() as u16).to_le_bytes(), header.as_bytes(), &[0; 8]].concat()
    };
    let with_shape = |shape: &str| array("<f8", shape, &[0; 8]);
    let expected = "t: the file is cut off: expected 8000000074 bytes, found 82";
    assert_eq!(error(&with_shape("(1000000000,)")), expected);
    let expected = expected.replace("8000000074 bytes, found 82", "8000073 bytes, found 81");
    assert_eq!(error(&with_shape("(1, 1000000)")), expected);
    let message = "t: expected at most 1048576 columns, found more";
    assert_eq!(error(&with_shape("(1, 1000000000)")), message);
    let parts = |shape: &str| format!("[('', '|V8'), ('x', '<i2', {shape})]");
    assert_eq!(error(&structured(&parts("(2000000,)"))), message);
    assert_eq!(error(&structured(&parts("(0,)"))), "t: the table has no columns");
    let too_large = "t: mfnet does not read arrays of 4294967296 × 4294967296 bytes";
    assert_eq!(error(&with_shape("(4294967296, 4294967296)")), too_large);
    assert_eq!(error(&array("|S8", "(1,)", &[0xff; 8])), "t, column \"0\": expected UTF-8 text, found other bytes");
    assert_eq!(error(&array("<U2", "(1,)", &[0xff; 8])), "t, column \"0\": expected UTF-8 text, found other bytes");
}

/// The directory says that the first array has 2 GB.
#[test]
fn an_archive_that_would_fill_memory_is_refused() {
    let mut bytes = file("compressed.npz");
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 24..][..4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    let error = archive(&bytes).err().unwrap().to_string();
    assert!(
        error.starts_with("t: ") && error.contains(" compressed bytes become more than 1073741824 bytes"),
        "{error}"
    );
}

#[test]
fn damaged_files_are_refused_or_read() {
    for name in ["rows.npy", "fortran.npy", "records.npy", "U5-little.npy", "M8-25s.npy"] {
        damage(name, single);
    }
    for name in ["arrays.npz", "compressed.npz", "one.npz"] {
        damage(name, archive);
    }
}
