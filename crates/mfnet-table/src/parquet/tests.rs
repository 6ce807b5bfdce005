use std::cell::Cell;

use bytes::Bytes;

use super::*;
use crate::golden::{compare, damage, file, readable};

fn read(bytes: &[u8]) -> Result<Vec<(String, Column)>> {
    Ok(decoded("t", Bytes::copy_from_slice(bytes), &[])?.columns)
}

fn error(name: &str) -> String {
    read(&file(name)).err().unwrap().to_string()
}

#[test]
fn cells_are_those_that_the_writers_read() {
    for name in readable(".parquet") {
        let found = columns("t", Bytes::from(file(&name)), &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        compare(&name, &found.columns);
    }
    if !cfg!(feature = "brotli") {
        let error = read(&file("arrow-brotli.parquet")).unwrap_err().to_string();
        assert!(error.contains("pages compressed with Brotli"), "{error}");
        return;
    }
    // the same column as in the file that is not compressed
    let whole = read(&file("arrow-none.parquet")).unwrap();
    let [(name, column)] = &read(&file("arrow-brotli.parquet")).unwrap()[..] else { panic!("one column") };
    let (_, expected) = whole.iter().find(|(other, _)| other == name).unwrap();
    assert!(column.texts().eq(expected.texts()));
}

/// More rows than are decoded at a time: i % 7, ⌊i / 1000⌋ without the fourth thousand, …
#[test]
fn many_rows() {
    let columns = read(&file("many.parquet")).unwrap();
    let texts = |i: usize| columns[i].1.texts();
    assert_eq!(columns.iter().map(|(_, column)| column.len()).collect::<Vec<_>>(), [10_000; 5]);
    texts(0).enumerate().for_each(|(i, text)| assert_eq!(text, (i % 7).to_string()));
    texts(1).enumerate().for_each(|(i, text)| match i / 1000 {
        3 => assert_eq!(text, ""),
        thousands => assert_eq!(text, thousands.to_string()),
    });
    texts(2).enumerate().for_each(|(i, text)| assert_eq!(text, format!("t{}", i % 3)));
    texts(3).enumerate().for_each(|(i, text)| assert_eq!(text, (3 * i as i64 - 10).to_string()));
    texts(4).enumerate().for_each(|(i, text)| assert_eq!(text, if i % 2 == 0 { "True" } else { "False" }));
}

#[test]
fn what_is_no_table() {
    assert_eq!(error("no-rows.parquet"), "t: the table has no rows");
    assert_eq!(error("no-columns.parquet"), "t: the table has no columns");
    assert_eq!(error("no-text.parquet"), "t, column \"x\": expected UTF-8 text, found other bytes");
    assert_eq!(error("encrypted-footer.parquet"), "t: the file is encrypted");
    assert_eq!(error("encrypted-columns.parquet"), "t: the file is encrypted");
}

/// Columns beside x that a table does not hold.
#[test]
fn what_is_left_out() {
    for (name, column, reason) in [
        ("list.parquet", "l", "mfnet does not read columns of lists"),
        ("struct.parquet", "s", "mfnet does not read columns of structs"),
        ("map.parquet", "m", "mfnet does not read columns of maps"),
    ] {
        let found = decoded("t", file(name).into(), &[]).unwrap();
        assert_eq!(found.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["x"]);
        let unread: Vec<_> = found.unread.iter().map(|(name, problem)| (name.as_str(), problem.to_string())).collect();
        assert_eq!(unread, [(column, reason.to_owned())]);
    }
    // a column that is damaged, unless it is not needed
    let mut damaged = file("many.parquet");
    damaged[60] ^= 0xff;
    assert!(decoded("t", damaged.clone().into(), &[]).unwrap_err().to_string().starts_with("t, column \"seven\": "));
    let found = decoded("t", damaged.into(), &["seven".to_owned()]).unwrap();
    assert_eq!((found.columns.len(), found.unread[0].0.as_str()), (4, "seven"));
}

#[test]
fn what_is_wrong_with_a_file() {
    let whole = file("arrow-none.parquet");
    let error = |bytes: &[u8]| read(bytes).err().unwrap().to_string();
    assert_eq!(error(b""), "t: the file is empty");
    assert_eq!(
        error(b"a,b\n1,2\n"),
        "t: expected a Parquet file, which begins with the bytes PAR1 (50 41 52 31), found a file that begins with 61 2c 62 0a"
    );
    assert_eq!(error(b"PAR1PAR1"), "t: the file is damaged: it is cut off after 8 bytes");
    let message = "t: the file is damaged: it is cut off: it does not end with the bytes PAR1";
    assert_eq!(error(&whole[..whole.len() / 2]), message);
    let footer = b"PAR1\xff\xff\xff\x7fPAR1";
    assert_eq!(error(footer), "t: the file is damaged: its footer has 2147483647 bytes, the file 12");
    // pages are missing, all of them or those after the first column
    let with_pages = |whole: &[u8], end| {
        let footer = u32::from_le_bytes(*whole[..whole.len() - 4].last_chunk().unwrap()) as usize;
        error(&[&whole[..end], &whole[whole.len() - 8 - footer..]].concat())
    };
    let message = "t, column \"boolean\": the file is damaged: a page does not say its size";
    assert_eq!(with_pages(&whole, 4), message);
    let message = "t, column \"runs\": the file is damaged: its pages are outside of the file";
    assert_eq!(with_pages(&file("many.parquet"), 177), message);
}

/// Files of tests/golden/bombs_golden.py: each would become gigabytes or take minutes.
#[test]
fn files_made_to_fill_memory() {
    let error = |name: &str| error(&format!("../bombs/{name}.parquet"));
    let message = "t: the file is damaged: it has 10000000 rows of 20 columns, 10000000 rows in its row groups, and ";
    assert!(error("rows").starts_with(message), "{}", error("rows"));
    let of_column = |what: &str| format!("t, column \"x0\": the file is damaged: {what}");
    assert_eq!(error("groups"), of_column("its columns overlap"));
    assert_eq!(error("dictionary"), of_column("a dictionary has 32000000 values for 1 rows"));
    assert_eq!(error("texts"), of_column("its texts are much longer than the file"));
    assert_eq!(error("text"), of_column("its texts are much longer than the file"));
    assert_eq!(error("children"), "t: the file is damaged: its footer ends within its lists");
}

#[test]
fn damaged_files_are_refused_or_read() {
    for name in ["arrow-none", "arrow-required-2", "arrow-int96"] {
        damage(&format!("{name}.parquet"), read);
    }
}

#[test]
fn damaged_pages_of_every_compression_and_encoding() {
    let caught = Cell::new(0);
    let read = |bytes: &[u8]| {
        let result = read(bytes);
        let message = result.as_ref().err().map(ToString::to_string);
        caught.set(caught.get() + usize::from(message.is_some_and(|m| m.ends_with("a page ends within its values"))));
        result
    };
    for name in ["arrow-snappy", "arrow-gzip", "arrow-zstd", "arrow-lz4", "fastparquet-lz4", "arrow-v2-none"] {
        damage(&format!("{name}.parquet"), read);
    }
    // panics of the crate
    assert!(caught.get() > 0);
}
