//! Files in containers, files of other formats, and several files that are one table.
#![cfg(all(feature = "numpy", feature = "zip", feature = "zstd"))]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use mfnet_table::{Columns, FileProblem, LeftOut, Problem, ReadTable, RowPart, Table};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const TEXT: &str = "a,b\n1,x\n2,y\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        to.start_file(*name, SimpleFileOptions::default()).unwrap();
        to.write_all(bytes).unwrap();
    }
    to.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> Result<Table, mfnet_table::Error> {
    ReadTable::new().read_from("t", bytes)
}

fn message(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn a_table_in_a_container_is_the_table() {
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    let text = TEXT.as_bytes();
    for bytes in [
        gzip(text),
        [gzip(&text[..5]), gzip(&text[5..])].concat(),
        zstd(text),
        [zstd(&text[..5]), zstd(&text[5..])].concat(),
        zipped(&[("data.csv", text)]),
        zipped(&[
            ("folder/", b""),
            ("folder/data.csv", text),
            ("__MACOSX/folder/._data.csv", b"x"),
            ("folder/.DS_Store", b"y"),
        ]),
        zipped(&[("data.csv.gz", &gzip(text))]),
        gzip(&zipped(&[("data.csv", text)])),
        zipped(&[("inner.zip", &zipped(&[("data.csv", text)]))]),
    ] {
        let table = read(&bytes).unwrap();
        assert_eq!((table.columns().join(" "), table.text("b").unwrap().join(" ")), ("a b".into(), "x y".into()));
        assert_eq!(table.digest(), read(text).unwrap().digest());
    }
    // the name of the file inside says that tabs separate its fields
    let table = read(&zipped(&[("data.tsv", b"a,1\tb\n1\t2\n")])).unwrap();
    assert_eq!(table.columns(), ["a,1", "b"]);
}

#[test]
fn archives_without_one_table() {
    let text = TEXT.as_bytes();
    let two = zipped(&[("a.csv", text), ("b.csv", text)]);
    assert_eq!(message(&two), "t: expected an archive of one table, found a.csv, b.csv");
    let names: Vec<String> = (0..9).map(|i| format!("{i}.csv")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), text)).collect();
    assert_eq!(
        message(&zipped(&many)),
        "t: expected an archive of one table, found 0.csv, 1.csv, 2.csv, 3.csv, 4.csv, 5.csv, … (9 files)"
    );
    assert_eq!(message(&zipped(&[("folder/", b"")])), "t: expected an archive of one table, found no file in it");
    assert_eq!(message(&zipped(&[])), "t: expected a table, found an empty zip archive");
    let three = zipped(&[("3.zip", &zipped(&[("2.zip", &zipped(&[("1.csv", text)]))]))]);
    assert_eq!(message(&three), "t: mfnet does not read archives inside archives");
    for (file, found) in [
        ("xl/workbook.bin", "a binary workbook of Excel (.xlsb)"),
        ("word/document.xml", "an Office document without a table"),
        ("archive/data.pkl", "a file of PyTorch"),
    ] {
        assert_eq!(message(&zipped(&[(file, b"x"), ("other", b"y")])), format!("t: expected a table, found {found}"));
    }
    let document = zipped(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", b"<x/>")]);
    assert_eq!(message(&document), "t: expected a table, found an OpenDocument file (.ods)");
}

#[test]
fn small_files_do_not_become_large_ones() {
    // 160 MB of lines with a zero are a few kB; 128 MB are allowed
    let bytes = zstd::encode_all(&b"0\n".repeat(80_000_000)[..], 1).unwrap();
    let error = message(&bytes);
    assert!(bytes.len() < 100_000 && error.contains("such a file may be made to fill the memory"), "{error}");
    // less than allowed
    let text = format!("a,b\n{}", "1,2\n".repeat(1000));
    for bytes in [gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 1).unwrap()] {
        let within = |memory| ReadTable::new().memory(memory).read_from("t", &bytes[..]);
        assert_eq!(within(text.len() as u64).unwrap().rows(), 1000);
        let mfnet_table::Error::Data { problem, .. } = within(text.len() as u64 - 1).unwrap_err() else { panic!() };
        assert!(matches!(problem, Problem::File(FileProblem::TooLarge(_))), "{problem}");
    }
    let archive = zipped(&[("a.csv", text.as_bytes())]);
    assert!(
        ReadTable::new()
            .memory(1000)
            .read_from("t", &archive[..])
            .unwrap_err()
            .to_string()
            .contains("more than 1000 bytes")
    );
}

/// First bytes as the formats define them, and first lines as programs write them.
#[test]
fn other_formats_are_recognised() {
    let hdf: &[u8] = b"\x89HDF\r\n\x1a\n\0\0\0\0";
    let tar = [&b"table.csv"[..], &[0; 248], b"ustar\x0000"].concat();
    for (bytes, found, command) in [
        (&b"BZh91AY&SY\x01\x02"[..], "a file compressed with bzip2", "bunzip2"),
        (b"\xfd7zXZ\0\0\x04", "a file compressed with xz", "unxz"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7-Zip archive", "7z x"),
        (&tar, "a tar archive", "tar -xf"),
        (&gzip(&tar), "a tar archive", "tar -xf"),
        (b"ARROW1\0\0\xff\xff\xff\xff", "an Arrow file (Feather)", "read_feather"),
        (b"ORC\x08\x03", "an ORC file", "read_orc"),
        (hdf, "an HDF5 file", "read_hdf"),
        (b"SQLite format 3\0\x10\0", "an SQLite database", "sqlite3"),
        (b"\0\0\0\0\0\0\0\0DUCK\x40\0", "a DuckDB database", "duckdb"),
        (b"\x80\x04\x95\x10\0\0\0", "a pickle, a program that would run when it is read", "read_pickle"),
        (b"\x72\x02\x01\0\x05\0", "a Stata file", "read_stata"),
        (b"<stata_dta><header>", "a Stata file", "read_stata"),
        (b"$FL2@(#) SPSS DATA FILE", "an SPSS file", "read_spss"),
        (&gzip(b"X\n\0\0\0\x03\0\x04"), "R's .rds", "readRDS"),
        (b"RDX3\nX\n\0\0\0\x03", "R's .RData", "load"),
        (b"%PDF-1.7\n", "a PDF document", "camelot"),
        (b"\n <!DOCTYPE HTML>\n<html>", "an HTML page", "read_html"),
        (b"<?xml version=\"1.0\"?>\n<rows/>", "XML", "read_xml"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "a pointer of Git LFS to the file, not the file",
            "git lfs",
        ),
        (b"% comment\n\n@RELATION flowers\n@ATTRIBUTE a NUMERIC\n", "an ARFF file", "loadarff"),
        (
            b"+1 1:0.5 3:-2e1\n-1 2:1 7:1 # note\n",
            "a file in the format of LIBSVM (label index:value …)",
            "load_svmlight_file",
        ),
        (b"2 qid:1 1:0.5 2:3\n", "a file in the format of LIBSVM (label index:value …)", "load_svmlight_file"),
        (b"1 |f a:0.5 word |g b:2\n-1 |f a:1\n", "a file of Vowpal Wabbit (label | name:value …)", "column"),
        (b"__label__a some text\n__label__b more\n", "a file of fastText (__label__NAME text)", "column"),
        (b"| a | b |\n|:--|--:|\n| 1 | 2 |\n", "a Markdown table", "sed"),
    ] {
        let mfnet_table::Error::Data { problem: Problem::File(problem), .. } = read(bytes).unwrap_err() else {
            panic!()
        };
        let FileProblem::OtherKind { found: is, convert } = problem else { panic!("{found}: {problem}") };
        assert_eq!(is, found);
        assert!(convert.contains(command), "{found}: {convert}");
    }
}

#[test]
fn texts_that_look_like_other_formats_are_read() {
    for text in [
        "label features\n1 1:0.5\n2 2:0.5\n",
        "1|10:30|5\n2|11:45|6\n",
        "a|b\n1|2\n",
        "BZ,h\n1,2\n",
        "time\n12:30\n13:45\n",
        "5 12:30\n6 13:45\n",
        "version,date\n1,2\n",
        "<b>,c\n1,2\n",
        "@home,away\n1,2\n",
        "a,b\n---,1\n2,3\n",
    ] {
        read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

/// A folder with these files, and their paths.
fn folder(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let write = |(name, bytes): &(&str, &[u8])| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let paths = files.iter().map(write).collect();
    (folder, paths)
}

fn joined(files: &[(&str, &[u8])]) -> Result<Table, String> {
    let (folder, paths) = folder(files);
    let table = ReadTable::new().read_several(&paths, |path, reader| reader.read(path));
    table.map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

#[test]
fn several_files_are_one_table() {
    let table = joined(&[
        ("1.csv", b"x,city\n1.5,Oslo\n,Rome\n"),
        ("2.csv.gz", &gzip(b"city;x\nBern;2,5\n")),
        ("3.json", b"{\"city\": \"Graz\", \"x\": 7}\n{\"x\": 8}\n"),
        ("4.csv", b"x,city\n"),
        ("5.csv", b""),
    ])
    .unwrap();
    assert_eq!((table.rows(), table.columns()), (5, &["x".to_owned(), "city".to_owned()][..]));
    assert_eq!(table.text("city").unwrap(), ["Oslo", "Rome", "Bern", "Graz", ""]);
    let choice = table.choose(&["city".to_owned()], &Columns::default()).unwrap();
    let (_, x) = table.values(choice.inputs[0].0, &choice.inputs[0].1).unwrap();
    assert_eq!(x.iter().map(|x| x.to_string()).collect::<Vec<_>>(), ["1.5", "NaN", "2.5", "7", "8"]);
    assert_eq!(table.description(), "5 files, 2 of them without rows; fields separated by commas");
    assert!(table.name().ends_with("1.csv and 4 other files"), "{}", table.name());
    // the order of the files is the order of the rows
    let files: [(&str, &[u8]); 2] = [("1.csv", b"a,b\n1,2\n"), ("2.csv", b"a,b\n3,4\n")];
    let [one, other] = [[files[0], files[1]], [files[1], files[0]]].map(|files| joined(&files).unwrap());
    assert_ne!(one.digest(), other.digest());
    assert_eq!(one.digest(), joined(&files).unwrap().digest());
    // a single one is what it is alone
    assert_eq!(joined(&files[..1]).unwrap().digest(), read(files[0].1).unwrap().digest());
    // without column names
    let table = joined(&[("1.csv", b"1,2\n3,4\n"), ("2.csv", b"5,6\n")]).unwrap();
    assert_eq!(table.numbers(&["0".to_owned()]).unwrap(), [[1.0, 3.0, 5.0]]);
}

#[test]
fn files_that_do_not_fit_together() {
    let first: (&str, &[u8]) = ("1.csv", b"a,b\n1,2\n");
    for (other, message) in [
        (&b"a,c\n1,2\n"[..], "2.csv: expected the columns of 1.csv: the column \"b\" is missing"),
        (b"a,b,c\n1,2,3\n", "2.csv: expected the columns of 1.csv: found another column, \"c\""),
        (b"a,b\n1,2,3\n", "2.csv, line 2: expected 2 fields as in line 1, found 3"),
    ] {
        assert_eq!(joined(&[first, ("2.csv", other)]).unwrap_err(), message);
    }
    let message =
        "2.csv: expected the columns of 1.csv: found 3 columns without names, expected 2 columns without names";
    assert_eq!(joined(&[("1.csv", b"1,2\n"), ("2.csv", b"1,2,3\n")]).unwrap_err(), message);
    // numbers may be written in another way where they have one reading
    let table = joined(&[("1.csv", b"a;b\n1.234,5;1\n"), ("2.csv", b"a;b\n1234.5;1\n")]).unwrap();
    assert_eq!(table.numbers(&["a".to_owned()]).unwrap()[0], [1234.5, 1234.5]);
    assert_eq!(
        joined(&[("1.csv", b"a,b\n"), ("2.csv", b"a,b\n")]).unwrap_err(),
        "2.csv: the file has a header and no rows"
    );
    let (_folder, paths) = folder(&[first]);
    let twice = [paths[0].clone(), paths[0].clone()];
    let error = ReadTable::new().read_several(&twice, |path, reader| reader.read(path)).unwrap_err().to_string();
    assert!(error.ends_with("1.csv: the file is given twice"), "{error}");
}

#[test]
fn errors_name_the_file_and_the_line() {
    let table =
        joined(&[("1.csv", b"a,b\n1,2\n"), ("2.csv", b"a,b\n\n3,4\n5,x\n"), ("3.json", b"{\"a\": 1, \"b\": \"y\"}")])
            .unwrap();
    let error = |table: &Table| table.numbers(&["b".to_owned()]).unwrap_err().to_string();
    assert!(
        error(&table).ends_with("2.csv, line 4, column \"b\": expected a number, found \"x\""),
        "{}",
        error(&table)
    );
    let last = table.select(&[0, 3]);
    let expected = "3.json, line 1, column \"b\": expected a number, found \"y\"";
    assert!(error(&last).ends_with(expected), "{}", error(&last));
    let again = table.select(&[2, 0]).select(&[0]);
    assert!(
        error(&again).ends_with("2.csv, line 4, column \"b\": expected a number, found \"x\""),
        "{}",
        error(&again)
    );
}

#[test]
fn rows_without_a_value() {
    let table = read(b"y,c,z\n1,a,\nNA,NA,2\n,b,3\n4,,4\n").unwrap();
    let without =
        |columns: &[&str]| table.rows_without(&columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()).unwrap();
    assert_eq!((without(&["y"]), without(&["c"]), without(&["y", "z"])), (vec![1, 2], vec![3], vec![0, 1, 2]));
    assert_eq!(table.select(&[3, 0]).text("c").unwrap(), ["", "a"]);
}

/// An array of 8-byte numbers with this shape, as NumPy's NEP 1 defines the file.
fn array(shape: &str, numbers: &[f64]) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}");
    let elements: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    [&b"\x93NUMPY\x01\x00"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), &elements].concat()
}

#[test]
fn arrays_with_a_split_are_a_table() {
    let train = array("(3, 2)", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let test = array("(1, 2)", &[7.0, 8.0]);
    let (y_train, y_test) = (array("(3,)", &[0.0, 1.0, 0.0]), array("(1, 1)", &[1.0]));
    for names in [
        ["x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"],
        ["Xtrain.npy", "Ytrain.npy", "Xtest.npy", "Ytest.npy"],
        ["train_x.npy", "train_y.npy", "test_x.npy", "test_y.npy"],
    ] {
        let archive = zipped(&[(names[2], &test), (names[0], &train), (names[1], &y_train), (names[3], &y_test)]);
        let table = read(&archive).unwrap();
        let columns: Vec<String> = table.columns().iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(columns, ["x_0", "x_1", "y"]);
        assert_eq!(table.text(&table.columns()[0]).unwrap(), ["1", "3", "5", "7"]);
        use RowPart::{Test, Train};
        assert_eq!(table.parts(), [Train, Train, Train, Test]);
        assert_eq!(table.select(&[3, 0]).parts(), [Test, Train]);
    }
    // validation rows are between, and another array is left out
    let archive = zipped(&[
        ("x_test.npy", &test),
        ("x_val.npy", &array("(2, 2)", &[9.0; 4])),
        ("x_train.npy", &train),
        ("names.npy", &array("(2,)", &[0.0, 1.0])),
    ]);
    let table = read(&archive).unwrap();
    assert_eq!(table.text("x_1").unwrap(), ["2", "4", "6", "9", "9", "8"]);
    assert_eq!(table.unread()[0].1.to_string(), "2 rows, the other arrays have 6");
    let error =
        read(&zipped(&[("x_train.npy", &train), ("y_train.npy", &y_train), ("x_test.npy", &test)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t: mfnet does not read a split in which \"y\" is not in each part once (not in the part of \"x_test\")"
    );
    let error = read(&zipped(&[
        ("x_train.npy", &train),
        ("y_train.npy", &y_test),
        ("x_test.npy", &test),
        ("y_test.npy", &y_test),
    ]));
    assert_eq!(
        error.unwrap_err().to_string(),
        "t: mfnet does not read arrays with different numbers of rows: 3 in \"x_train\", 1 in \"y_train\""
    );
}

#[test]
fn arrays_that_cannot_be_read_are_left_out() {
    let complex = {
        let header = "{'descr': '<c16', 'fortran_order': False, 'shape': (2,)}";
        [&b"\x93NUMPY\x01\x00"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), &[0; 32]].concat()
    };
    let archive = zipped(&[
        ("x.npy", &array("(2,)", &[1.0, 2.0])),
        ("y.npy", &array("(2,)", &[3.0, 4.0])),
        ("z.npy", &complex),
        ("single.npy", &array("()", &[1.0])),
        ("mean.npy", &array("(5,)", &[0.0; 5])),
    ]);
    let table = read(&archive).unwrap();
    assert_eq!(table.columns(), ["x", "y"]);
    let choice = table.choose(&["y".to_owned()], &Columns::default()).unwrap();
    let reasons: Vec<(&str, String)> =
        choice.left_out.iter().map(|(name, why)| (name.as_str(), why.to_string())).collect();
    assert_eq!(
        reasons,
        [
            ("z", "mfnet does not read elements of type \"<c16\"".to_owned()),
            ("single", "mfnet does not read an array without dimensions, which is a single value".to_owned()),
            ("mean", "5 rows, the other arrays have 2".to_owned()),
        ]
    );
    // none is mentioned that is dropped, and the target must be read
    let dropped = Columns { drop: vec!["z".to_owned(), "mean".to_owned()], ..Columns::default() };
    let choice = table.choose(&["y".to_owned()], &dropped).unwrap();
    assert!(matches!(&choice.left_out[..], [(name, LeftOut::Unread(_))] if name == "single"));
    let error = table.position("z").unwrap_err().to_string();
    assert_eq!(error, "t, column \"z\": mfnet does not read elements of type \"<c16\"");
    // a damaged array, unless it is dropped
    let archive = zipped(&[("x.npy", &array("(2,)", &[1.0, 2.0])), ("bad.npy", b"\x93NUMPY\x01\0")]);
    assert!(message(&archive).starts_with("t, array \"bad\": "), "{}", message(&archive));
    assert_eq!(ReadTable::new().dropped(["bad"]).read_from("t", &archive[..]).unwrap().columns(), ["x"]);
}
