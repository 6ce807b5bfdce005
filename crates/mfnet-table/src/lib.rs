//! Tables from files: CSV and TSV text, Parquet, NumPy's `.npy` and `.npz`, plain or compressed with gzip.
//!
//! [`Table::read`] detects the format of a file and reads it into columns. [`Table::choose`]
//! detects the kind of each column. [`Table::values`] reads a column as numbers: a quantity, a
//! boolean, a date in days, or the index of a level of a category.
//!
//! ```
//! use mfnet_table::{Columns, Table};
//! let table = Table::from_text("flats", "id,rooms,city,rent\n1,2,Rome,700\n2,3,Oslo,1900\n")?;
//! let choice = table.choose(&["rent".to_owned()], &Columns::default())?;
//! let names: Vec<_> = choice.inputs.iter().map(|(position, _)| &table.columns()[*position]).collect();
//! assert_eq!(names, ["rooms", "city"]);
//! assert_eq!(choice.left_out[0].0, "id");
//! # Ok::<(), mfnet_table::Error>(())
//! ```

// A module uses only modules above it in this list.
//
//     file, calendar               bytes of a file; days and times as text
//     error, number_format         what can be wrong; the separators of a column's numbers
//     written                      how one text writes a number
//     notation                     how a column, and a file, is written
//     field                        what a text is: a number, missing, a code, a text
//     column                       the fields of a column; its numbers, shared
//     kind                         what a column is
//     text, numpy, parquet         the readers
//     table                        columns with names
//     read                         from a file to a table

#[cfg_attr(not(all(feature = "numpy", feature = "parquet")), allow(dead_code))]
mod calendar;
mod column;
mod error;
mod field;
pub mod file;
#[cfg(all(test, any(feature = "numpy", feature = "parquet")))]
mod golden;
mod kind;
mod notation;
mod number_format;
#[cfg(feature = "numpy")]
mod numpy;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
mod table;
mod text;
mod written;

pub use calendar::DateOrder;
pub use column::{Values, View};
pub use error::{CellProblem, Error, FileProblem, MOST_COLUMNS, Problem, Result, place};
pub use field::{number, shortest, sort_labels};
pub use kind::{ColumnKind, LeftOut, Remark, same_label, truth};
pub use notation::{Delimiter, FileForm, Notation, Quoting};
pub use number_format::NumberFormat;
pub use read::{ReadTable, is_encoding};
pub use table::{Choice, Columns, Table, position, positions};
pub use written::Unit;
