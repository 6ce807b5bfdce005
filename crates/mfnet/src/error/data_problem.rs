/// What is wrong with data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataProblem {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// A header, and no row below it.
    #[error("the file has a header and no rows")]
    HeaderOnly,
    /// A row is shorter or longer than the first one.
    #[error("expected {expected} fields as in the first row, found {found}")]
    RowLength {
        /// Fields of the first row.
        expected: usize,
        /// Fields of this row.
        found: usize,
    },
    /// Text where a number belongs.
    #[error("expected a number, found {found:?}")]
    NotANumber {
        /// The text.
        found: String,
    },
    /// An infinite number or NaN.
    #[error("expected a finite number, found {found:?}")]
    NotFinite {
        /// The text.
        found: String,
    },
    /// A number so large that sums of such are infinite.
    #[error("expected a number between -1e300 and 1e300, found {found:?}")]
    TooLarge {
        /// The text.
        found: String,
    },
    /// An infinite number or NaN in a matrix, whose feature or target column is the error's column.
    #[error("expected finite numbers, found {found} in sample {sample}, counted from 0")]
    NotFiniteSample {
        /// The number.
        found: f64,
        /// The sample's number.
        sample: usize,
    },
    /// An empty cell.
    #[error("expected a value, found an empty cell")]
    EmptyCell,
    /// Bytes that are no text.
    #[error("expected UTF-8 text, found other bytes")]
    NotUtf8,
    /// A file of another kind.
    #[error("expected a table as text (CSV), found {}", found.unwrap_or("bytes that are no text"))]
    NotText {
        /// What it is by its first bytes, if they are known.
        found: Option<&'static str>,
    },
    /// A column that is not there.
    #[error("{}", unknown_column(name, close, known))]
    UnknownColumn {
        /// The name that was asked for.
        name: String,
        /// Names like it.
        close: Vec<String>,
        /// All names.
        known: Vec<String>,
    },
    /// What is wrong with a field of a file that has no lines.
    #[error("{problem} in row {row}, counted from 0")]
    InRow {
        /// The row.
        row: usize,
        /// What is wrong.
        problem: Box<DataProblem>,
    },
    /// Two columns of one name.
    #[error("two columns have this name")]
    DuplicateColumn,
    /// Columns of a file without header, of which there are too few or too many.
    #[error("expected {expected} columns, found {found}")]
    ColumnCount {
        /// The number, or numbers, that fit.
        expected: String,
        /// The number that was found.
        found: usize,
    },
    /// Text where a truth value belongs.
    #[error("expected true or false, yes or no, found {found:?}")]
    NotABoolean {
        /// The text.
        found: String,
    },
    /// Text where a date belongs.
    #[error("expected a date such as 2024-01-31, with a time of day or without, found {found:?}")]
    NotADate {
        /// The text.
        found: String,
    },
    /// A row so long that it is none.
    #[error("the row has more than 100 MB: a quote is missing before it")]
    LongRow,
    /// More columns than a network could be made for.
    #[error("expected at most {most} columns, found more")]
    TooManyColumns {
        /// How many a table can have.
        most: usize,
    },
    /// No column is left to learn from.
    #[error("there is no column beside the target to learn from{}", left_out.iter().map(|column| format!("; {column}")).collect::<String>())]
    NoFeatures {
        /// The columns that are no features, and why.
        left_out: Vec<String>,
    },
    /// Inputs that are no numbers yet.
    #[error("expected numbers without gaps, found {found}: encode the data with Preprocessing first")]
    NotEncoded {
        /// "a category", "a date", "a missing value".
        found: &'static str,
    },
    /// A target with one value.
    #[error("every row has the value {value}: there is nothing to learn")]
    ConstantTarget {
        /// The value.
        value: f64,
    },
    /// A target with one class.
    #[error("every row has the class {class:?}: expected at least two classes")]
    OneClass {
        /// The class.
        class: String,
    },
    /// A label that the model was not trained on.
    #[error("the model does not know the class {class:?}; it knows {}", known.join(", "))]
    UnknownClass {
        /// The label.
        class: String,
        /// The labels of the model.
        known: Vec<String>,
    },
    /// A part of the split has no rows.
    #[error("{part} would have no rows: {rows} rows, of which {fraction} are asked for")]
    EmptyPart {
        /// "training", "validation", "test".
        part: &'static str,
        /// Rows in all.
        rows: usize,
        /// The fraction asked for.
        fraction: f64,
    },
    /// A part of the split has no rows, because no class has more than it must keep.
    #[error(
        "{part} would have no rows: each of the {classes} classes keeps a row for training, and there are {rows} rows in all"
    )]
    RareClasses {
        /// "validation" or "test".
        part: &'static str,
        /// Rows in all.
        rows: usize,
        /// Classes.
        classes: usize,
        /// Whether the labels look like values to predict, not like classes.
        like_values: bool,
    },
    /// The data set has no official split.
    #[error("the data set has no official split")]
    NoOfficialSplit,
    /// The samples have no marks of the kind that a split needs.
    #[error("the rows were not given the {what} of a column {column:?}")]
    NotMarked {
        /// "groups" or "parts".
        what: &'static str,
        /// The column that the split names.
        column: String,
    },
    /// A text that names no part.
    #[error(
        "expected train, validation or test (or training, valid, val, dev, testing, holdout), found {found:?} in row {sample}, counted from 0"
    )]
    NotAPart {
        /// The text.
        found: String,
        /// The sample's number.
        sample: usize,
    },
    /// A column of parts that names no training row.
    #[error("expected rows of the part train, found none")]
    NoTrainingPart,
    /// A sample without a group.
    #[error("expected a group, found an empty cell in row {sample}, counted from 0")]
    NoGroup {
        /// The sample's number.
        sample: usize,
    },
    /// Fewer groups than parts or folds.
    #[error("expected at least {needed} groups, one for each of the {needed} {what}, found {groups}")]
    FewGroups {
        /// Groups in all.
        groups: usize,
        /// "parts" or "folds".
        what: &'static str,
        /// How many there are of those.
        needed: usize,
    },
    /// A part of the split has no groups, because each group is the only one that has some class.
    #[error(
        "{part} would have no rows: each class keeps a group for training, and none of the {groups} groups can be spared"
    )]
    NoGroupToSpare {
        /// "validation" or "test".
        part: &'static str,
        /// Groups in all.
        groups: usize,
    },
    /// Fewer rows than folds.
    #[error("expected at least {folds} rows, one for each fold, found {rows}")]
    FewRows {
        /// Rows in all.
        rows: usize,
        /// Folds that were asked for.
        folds: usize,
    },
    /// A row number that is not there.
    #[error("there is no row {row}: the rows are numbered 0 to {last}")]
    NoSuchRow {
        /// The number.
        row: usize,
        /// The last one.
        last: usize,
    },
    /// A row is shorter or longer than the format says.
    #[error("expected {expected} fields, found {found}")]
    FieldCount {
        /// Fields of the format.
        expected: usize,
        /// Fields of this row.
        found: usize,
    },
    /// A number that others are divided by.
    #[error("expected a positive number, because others are divided by it, found {found:?}")]
    NotPositive {
        /// The text.
        found: String,
    },
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
    IdxType {
        /// What it holds.
        found: &'static str,
    },
    /// An IDX file whose size no machine can count.
    #[error("an array of {} bytes is too large", shape(sizes))]
    IdxTooLarge {
        /// The sizes in its header.
        sizes: Vec<usize>,
    },
    /// An IDX file with another number of dimensions.
    #[error("expected an array of {expected} dimension{}, found {}", if *expected == "1" { "" } else { "s" }, shape(found))]
    IdxDimensions {
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
    /// A file that ends too early.
    #[error("the file is cut off: expected {expected} bytes, found {found}")]
    Truncated {
        /// Bytes by its header.
        expected: u64,
        /// Bytes of the file, decompressed.
        found: u64,
    },
    /// A file that goes on after its end.
    #[error("expected {expected} bytes, as the sizes in it say, found more")]
    TooLong {
        /// Bytes by its header.
        expected: u64,
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
    NoIdxFiles {
        /// The files in it.
        found: Vec<String>,
    },
    /// A published file with other contents.
    #[error("expected the published contents, whose SHA-256 is {expected}, found {found}")]
    Digest {
        /// SHA-256 of the published file's bytes, decompressed.
        expected: String,
        /// Of this file's.
        found: String,
    },
    /// A table without rows.
    #[error("the table has no rows")]
    NoRows,
    /// A table without columns.
    #[error("the table has no columns")]
    NoColumns,
    /// A file that does not begin as its format says.
    #[error("expected {expected}, found a file that begins with {}", hexadecimal(found))]
    OtherFormat {
        /// The format, and how its files begin.
        expected: &'static str,
        /// The first bytes.
        found: Vec<u8>,
    },
    /// A column whose cells are tables or lists themselves.
    #[error("expected plain columns, found {found}")]
    Nested {
        /// "a list", "a map", "a struct".
        found: &'static str,
    },
    /// Something that the format allows and mfnet does not read.
    #[error("mfnet does not read {found}")]
    Unsupported {
        /// What it is.
        found: String,
    },
    /// A file that contradicts its format or itself.
    #[error("the file is damaged: {what}")]
    Damaged {
        /// What was expected and what was found.
        what: String,
    },
    /// A file that only the owner of a key can read.
    #[error("the file is encrypted")]
    Encrypted,
    /// An array of Python objects.
    #[error(
        "the array holds Python objects: they are stored as a pickle, a program that would run when it is read, so mfnet \
         never does; save numbers or text, for example with array.astype(float) or array.astype(str)"
    )]
    PythonObjects,
    /// Arrays that are no columns of one table.
    #[error("expected arrays with a row for each sample, found {}", lengths(found))]
    ArrayLengths {
        /// The name of each array, and its number of rows.
        found: Vec<(String, usize)>,
    },
    /// Something else that the reading library reports.
    #[error("{0}")]
    Other(String),
}

/// "there is no column "x"; did you mean …?", or all names if none is close.
fn unknown_column(name: &str, close: &[String], known: &[String]) -> String {
    const SHOWN: usize = 12;
    let quoted = |names: &[String]| names.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ");
    let rest = if !close.is_empty() {
        format!("did you mean {}?", quoted(close).replace(", ", " or "))
    } else if known.len() > SHOWN {
        format!("the columns are {}, … ({} in all)", quoted(&known[..SHOWN]), known.len())
    } else {
        format!("the columns are {}", quoted(known))
    };
    format!("there is no column {name:?}; {rest}")
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

/// "150 rows in "X", 149 rows in "y"".
fn lengths(found: &[(String, usize)]) -> String {
    let rows = |rows: usize| if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    found.iter().map(|(name, count)| format!("{} in {name:?}", rows(*count))).collect::<Vec<_>>().join(", ")
}
