//! Formats that mfnet does not read, recognised by their first bytes, and how to convert a file.

use crate::error::FileProblem;

/// The most lines that decide about a text.
const LINES: usize = 8;
/// The most bytes that decide about a text.
const MOST: usize = 1 << 16;
/// The name of the first file in a tar archive is before this text.
const TAR: (usize, &[u8]) = (257, b"ustar");
const DUCKDB: (usize, &[u8]) = (8, b"DUCK");

/// Makes a command that converts with pandas.
macro_rules! pandas {
    ($read:literal) => {
        concat!("python3 -c \"import pandas; pandas.", $read, ".to_csv('STEM.csv', index=False)\"")
    };
}
const OFFICE: &str = "libreoffice --headless --convert-to csv FILE";
const R: &str = "Rscript -e 'write.csv(readRDS(\"FILE\"), \"STEM.csv\", row.names = FALSE)'";
const IMAGES: &str = "name the folder that holds the images and their labels";
const FEATHER: &str = "python3 -c \"import pandas; pandas.read_feather('FILE').to_parquet('STEM.parquet')\"";

/// What a file is, and the command that converts it.
type Format = (&'static str, &'static str);

/// The formats of files that begin with these bytes.
const BINARY: &[(&[u8], Format)] = &[
    (b"BZh", ("a file compressed with bzip2", "bunzip2 --keep FILE")),
    (b"\xfd7zXZ\0", ("a file compressed with xz", "unxz --keep FILE")),
    (b"\x04\x22\x4d\x18", ("a file compressed with LZ4", "lz4 -d FILE")),
    (b"\x1f\x9d", ("a file compressed with compress", "uncompress FILE")),
    (b"PK\x05\x06", ("an empty zip archive", "")),
    (b"\xff\xfe\0\0", ("text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE > STEM-utf8.csv")),
    (b"\0\0\xfe\xff", ("text in UTF-32", "iconv -f UTF-32 -t UTF-8 FILE > STEM-utf8.csv")),
    (b"7z\xbc\xaf\x27\x1c", ("a 7-Zip archive", "7z x FILE")),
    (b"Rar!\x1a\x07", ("a RAR archive", "unrar x FILE")),
    (b"\x1f\x8b", ("a gzip file inside a gzip file", "gunzip --keep FILE")),
    (b"\0\0\x08\x03", ("IDX images", IMAGES)),
    (b"\0\0\x08\x01", ("IDX labels", IMAGES)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ("an old Office document, as Excel's .xls files are", OFFICE)),
    (b"ARROW1", ("an Arrow file (Feather)", FEATHER)),
    (b"FEA1", ("a Feather file", FEATHER)),
    (
        b"\xff\xff\xff\xff",
        (
            "a stream of Arrow",
            "python3 -c \"import pyarrow.ipc, pyarrow.parquet; pyarrow.parquet.write_table(pyarrow.ipc.open_stream('FILE').read_all(), 'STEM.parquet')\"",
        ),
    ),
    (b"ORC", ("an ORC file", pandas!("read_orc('FILE')"))),
    (
        b"Obj\x01",
        ("an Avro file", "duckdb -c \"install avro; load avro; copy (from read_avro('FILE')) to 'STEM.parquet'\""),
    ),
    (b"\x89HDF\r\n\x1a\n", ("an HDF5 file", pandas!("read_hdf('FILE')"))),
    (b"SQLite format 3\0", ("an SQLite database", "sqlite3 -header -csv FILE 'select * from TABLE' > STEM.csv")),
    (b"$FL2", ("an SPSS file", pandas!("read_spss('FILE')"))),
    (b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60", ("a SAS file", pandas!("read_sas('FILE')"))),
    (
        b"RDX",
        (
            "R's .RData",
            "Rscript -e 'e <- new.env(); load(\"FILE\", e); write.csv(e[[ls(e)[1]]], \"STEM.csv\", row.names = FALSE)'",
        ),
    ),
    (b"X\n\0\0\0", ("R's .rds", R)),
    (
        b"MATLAB 5.0 MAT-file",
        (
            "a MATLAB file",
            "python3 -c \"import numpy, scipy.io; numpy.savez('STEM.npz', **{k: v for k, v in scipy.io.loadmat('FILE').items() if k[0] != '_'})\"",
        ),
    ),
    (b"\x89PNG\r\n\x1a\n", ("a PNG image", "")),
    (b"\xff\xd8\xff", ("a JPEG image", "")),
    (b"%PDF", ("a PDF document", "pip install camelot-py && camelot --format csv --output STEM.csv stream FILE")),
];

/// The problem of a file that begins with these bytes, if it has a format that is known and not read.
pub(crate) fn recognised(start: &[u8]) -> Option<FileProblem> {
    let at = |(place, bytes): (usize, &[u8])| start.get(place..).is_some_and(|rest| rest.starts_with(bytes));
    let binary = BINARY.iter().find(|(first, _)| start.starts_with(first)).map(|(_, format)| *format);
    let (found, convert) = binary.or_else(|| match start {
        _ if at(TAR) => Some(("a tar archive", "tar -xf FILE")),
        _ if at(DUCKDB) => Some(("a DuckDB database", "duckdb FILE \"copy TABLE to 'STEM.parquet'\"")),
        [0x80, 2..=5, ..] => Some((
            "a pickle, a program that would run when it is read",
            "python3 -c \"import pandas; pandas.read_pickle('FILE').to_parquet('STEM.parquet')\" (only if you trust its author)",
        )),
        // the version, the order of bytes, the type of file
        [0x69..=0x75, 1 | 2, 1, 0, ..] => Some(("a Stata file", pandas!("read_stata('FILE')"))),
        _ => text(start),
    })?;
    Some(FileProblem::OtherKind { found, convert })
}

/// The format of a text that is not CSV.
fn text(start: &[u8]) -> Option<Format> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let start = String::from_utf8_lossy(start.get(..MOST).unwrap_or(start));
    // the last line may be cut off
    let whole = if start.len() < MOST { None } else { start.rfind('\n') };
    let start = start[..whole.unwrap_or(start.len())].trim_start();
    let begins = |with: &str| start.get(..with.len()).is_some_and(|first| first.eq_ignore_ascii_case(with));
    let html = ["<!doctype html", "<html", "<head", "<body", "<table"];
    if html.iter().any(|tag| begins(tag)) {
        return Some((
            "an HTML page",
            "download the table itself; if the page holds it: python3 -c \"import pandas; pandas.read_html('FILE')[0].to_csv('STEM.csv', index=False)\"",
        ));
    }
    if begins("<stata_dta>") {
        return Some(("a Stata file", pandas!("read_stata('FILE')")));
    }
    if begins("<?xml") {
        return Some(("XML", pandas!("read_xml('FILE')")));
    }
    if begins("version https://git-lfs.github.com/spec/") {
        return Some(("a pointer of Git LFS to the file, not the file", "git lfs pull --include FILE"));
    }
    if begins("HEADER RECORD*******") {
        return Some(("a SAS transport file", pandas!("read_sas('FILE', format='xport')")));
    }
    let lines = || start.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = |comment: char| lines().filter(move |line| !line.starts_with(comment)).take(LINES);
    if first('%').next().is_some_and(|line| line.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("@relation"))) {
        return Some((
            "an ARFF file",
            "python3 -c \"import pandas, scipy.io.arff; pandas.DataFrame(scipy.io.arff.loadarff('FILE')[0]).to_csv('STEM.csv', index=False)\"",
        ));
    }
    let all = |comment: char, is: fn(&str) -> bool| first(comment).next().is_some() && first(comment).all(is);
    if all('#', is_sparse) && first('#').any(|line| line.split_whitespace().count() > 2) {
        return Some((
            "a file in the format of LIBSVM (label index:value …)",
            "python3 -c \"import numpy, sklearn.datasets; X, y = sklearn.datasets.load_svmlight_file('FILE'); numpy.savez('STEM.npz', X=X.toarray(), y=y)\"",
        ));
    }
    if all('#', is_vowpal_wabbit) {
        return Some(("a file of Vowpal Wabbit (label | name:value …)", "write a column for each name: CSV"));
    }
    if all('#', |line| line.starts_with("__label__")) {
        return Some(("a file of fastText (__label__NAME text)", "write the label and the features in columns: CSV"));
    }
    let is_rule = |line: &str| line.contains("--") && line.chars().all(|character| "|-: ".contains(character));
    let mut two = lines();
    if two.next().is_some_and(|line| line.contains('|')) && two.next().is_some_and(is_rule) {
        return Some((
            "a Markdown table",
            "sed -e 2d -e 's/^ *| *//' -e 's/ *| *$//' -e 's/ *| */|/g' FILE > STEM.csv",
        ));
    }
    None
}

/// `label index:value index:value …`, with growing indices.
fn is_sparse(line: &str) -> bool {
    let mut words = line.split('#').next().unwrap_or(line).split_whitespace();
    let label = words.next().is_some_and(|label| label.split(',').all(|number| number.parse::<f64>().is_ok()));
    let mut last = -1;
    let mut grows = |word: &str| match word.split_once(':') {
        Some(("qid", number)) => number.parse::<u64>().is_ok(),
        Some((index, value)) if value.parse::<f64>().is_ok() => {
            let before = std::mem::replace(&mut last, index.parse::<i64>().unwrap_or(-1));
            before < last
        }
        _ => false,
    };
    label && words.all(&mut grows)
}

/// `label | name:value name …`
fn is_vowpal_wabbit(line: &str) -> bool {
    let Some((label, features)) = line.split_once('|') else { return false };
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let mut words = features.split(['|', ' ']).filter(|word| !word.is_empty()).peekable();
    label.split_whitespace().all(|word| is_number(word) || word.starts_with('\''))
        && words.peek().is_some()
        && words.all(|word| word.split_once(':').is_none_or(|(name, value)| is_number(value) && !is_number(name)))
        && features.contains(':')
}
