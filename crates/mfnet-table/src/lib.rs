//! Reads tables from files: CSV and TSV text, JSON, Parquet, NumPy's `.npy` and `.npz`, Excel's
//! `.xlsx`, plain or compressed with gzip, Zstandard or zip. Parquet, NumPy, Excel, Zstandard and
//! zip are features of the crate.
//!
//! [`Table::read`] detects the format of a file and reads it into columns. [`Table::choose`]
//! detects the kind of each column. [`Table::values`] reads a column as numbers: numbers
//! themselves, booleans as 0 and 1, dates as days, and categories as the indices of their levels.
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
//     calendar, setting            days and times as text; values of settings in messages
//     error, written               what can be wrong; how one text writes a number
//     number_format, notation      the separators of a column's numbers; how a column and a file are written
//     file                         bytes of a file
//     archive, other_formats       files of a zip archive; formats that are recognised but not read
//     field                        what a text is: a number, missing, a code, a text
//     column                       the fields of a column; its numbers, shared
//     kind, described              what a column is; how its numbers and dates are written
//     found, decoder               what a reader finds; the thread for decoders of other crates
//     text, json, numpy, parquet, excel   the readers
//     table, places                columns with names; the file and the line of each row
//     memory                       from columns in memory to a table
//     read, several                from a file, or several, to a table

#[cfg(feature = "zip")]
mod archive;
#[cfg_attr(not(all(feature = "numpy", feature = "parquet")), allow(dead_code))]
mod calendar;
mod column;
#[cfg(any(feature = "excel", feature = "parquet"))]
mod decoder;
mod described;
mod error;
#[cfg(feature = "excel")]
mod excel;
mod field;
pub mod file;
mod found;
#[cfg(all(test, any(feature = "excel", feature = "numpy", feature = "parquet")))]
mod golden;
mod json;
mod kind;
mod known;
mod memory;
mod notation;
mod number_format;
#[cfg(feature = "numpy")]
mod numpy;
mod other_formats;
#[cfg(feature = "parquet")]
mod parquet;
mod places;
mod read;
mod setting;
mod several;
mod table;
mod text;
mod written;

pub use calendar::{DateOrder, is_date};
pub use column::{Values, View};
pub use error::{CellProblem, Error, FileProblem, MOST_COLUMNS, Problem, Result, place};
pub use field::{is_missing, number, sort_labels};
pub use found::RowPart;
pub use kind::{ColumnKind, LeftOut, Remark, same_label, truth};
pub use memory::Cells;
pub use notation::{Delimiter, FileForm, Notation, Quoting};
pub use number_format::NumberFormat;
pub use read::{ReadTable, is_encoding};
pub use setting::quoted;
pub use table::{Choice, Columns, Table, position, positions};
pub use text::Lines;
pub use written::{Unit, shortest};
