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
//     file                         bytes of a file
//     error, number_format         what can be wrong; how numbers are written
//     field                        what a text is: a number, missing, a code, a text
//     column, calendar             the fields of a column; its numbers, shared; days and times as text
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
mod number_format;
#[cfg(feature = "numpy")]
mod numpy;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
mod table;
mod text;

pub use column::{Values, View};
pub use error::{CellProblem, Error, FileProblem, MOST_COLUMNS, Problem, Result, place};
pub use field::{number, shortest, sort_labels};
pub use kind::{ColumnKind, LeftOut, StrayText};
pub use number_format::NumberFormat;
pub use read::ReadTable;
pub use table::{Choice, Columns, FileForm, Table, position, positions};
pub use text::Lines;
