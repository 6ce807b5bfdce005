//! [`Known`]: what is given, or known from another file, instead of detected.

use encoding_rs::Encoding;

use crate::calendar::DateOrder;
use crate::column::Column;
use crate::error::{Error, FileProblem, Result};
use crate::notation::{Delimiter, FileForm, Quoting};
use crate::number_format::{Hints, NumberFormat};

/// The settings that are given instead of detected.
#[derive(Clone, Default)]
pub(crate) struct Known {
    pub(crate) delimiter: Option<Delimiter>,
    /// The delimiter that the name of the file suggests.
    pub(crate) usual_delimiter: Option<Delimiter>,
    pub(crate) quoting: Option<Quoting>,
    pub(crate) header: Option<bool>,
    /// Number of lines above the table.
    pub(crate) skipped_lines: u64,
    pub(crate) encoding: Option<&'static Encoding>,
    /// The decimal sign of numbers with two readings.
    pub(crate) decimal: Option<u8>,
    /// The order of dates with two readings.
    pub(crate) dates: Option<DateOrder>,
    /// Words for missing values.
    pub(crate) missing: Vec<String>,
    /// Names of columns that the user gave, or that a model uses.
    pub(crate) names: Vec<String>,
    /// The form of another file that this one shares.
    pub(crate) form: Option<FileForm>,
}

impl Known {
    /// How quotes enclose fields, if that is given or known.
    pub(crate) fn quoting(&self) -> Option<Quoting> {
        self.quoting.or_else(|| self.form.as_ref()?.quoting)
    }

    /// The encoding, if it is given or known.
    pub(crate) fn encoding(&self) -> Option<&'static Encoding> {
        self.encoding.or_else(|| Encoding::for_label(self.form.as_ref()?.encoding.as_ref()?.as_bytes()))
    }

    /// Returns an error for a given setting that only text files have; `what` is the file.
    pub(crate) fn check_not_text(&self, name: &str, what: &'static str, has_lines: bool) -> Result<()> {
        let given = [
            ("the delimiter", self.delimiter.is_some()),
            ("the kind of quotes", self.quoting.is_some()),
            ("the encoding", self.encoding.is_some()),
            ("the number of lines to skip", self.skipped_lines > 0 && !has_lines),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((setting, _)) => Err(Error::data(name, FileProblem::OnlyForText(setting, what))),
            None => Ok(()),
        }
    }

    /// Decides how the numbers and dates of all columns are read.
    pub(crate) fn decide(&self, columns: &mut [(&str, &mut Column)], between_commas: bool) {
        let form = self.form.as_ref();
        let notation = |name: &str| form.and_then(|form| form.columns.get(name));
        // number of columns whose numbers allow only a decimal point, and only a decimal comma
        let mut certain = [0, 0];
        // whether columns that show their decimal sign are written as in the other file
        let (mut as_known, mut otherwise) = (false, false);
        for (name, column) in &mut *columns {
            let signs = column.count(notation(name).and_then(|notation| notation.unit.as_ref())).certain();
            certain.iter_mut().zip(signs).for_each(|(all, some)| *all += usize::from(some > 0));
            let is_used = self.names.is_empty() || self.names.iter().any(|used| used == name);
            if let Some(form) = form.filter(|_| is_used)
                && (signs[0] > 0) != (signs[1] > 0)
            {
                let is_point = form.numbers_of(name).decimal() == b'.';
                let is_same = is_point == (signs[0] > 0);
                (as_known, otherwise) = (as_known || is_same, otherwise || !is_same);
            }
        }
        if certain == [0, 0] {
            // groups beside whole numbers, such as 1.234 beside 950, show it too
            for (_, column) in &*columns {
                match NumberFormat::decide(column.tally(), Hints::default()) {
                    Ok(NumberFormat::PointAndGroups) => certain[0] += 1,
                    Ok(NumberFormat::CommaAndGroups) => certain[1] += 1,
                    _ => {}
                }
            }
        }
        let of_file = match certain {
            [0, 0] => None,
            [_, 0] => Some(b'.'),
            [0, _] => Some(b','),
            _ => None,
        };
        for (name, column) in columns {
            let hints = Hints {
                known: form.filter(|_| self.decimal.is_none()).map(|form| form.numbers_of(name)),
                is_other: otherwise && !as_known,
                decimal: self.decimal.or(of_file),
                between_commas,
            };
            column.decide(hints, self.dates, notation(name));
        }
    }
}
