//! Detects the dialect of a text file from its beginning.

use std::fmt::{Display, Formatter};

use super::rows::Rows;
use crate::field::{Field, field};
use crate::number_format::NumberFormat;

/// Possible delimiters. If two fit equally well, the first is used.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Number of lines that decide.
const LINES: usize = 50;

/// The dialect of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    /// Whether the first line holds the column names.
    pub(crate) header: bool,
    pub(crate) numbers: NumberFormat,
}

/// The settings that are given instead of detected.
#[derive(Clone, Default)]
pub(crate) struct Known {
    pub(crate) delimiter: Option<u8>,
    pub(crate) header: Option<bool>,
    /// The number format, unless the file shows another one.
    pub(crate) numbers: Option<NumberFormat>,
}

impl Dialect {
    /// Detects the dialect from the beginning of a file. It may end in the middle of a line unless
    /// it is the `whole` file.
    pub(crate) fn guess(start: &[u8], whole: bool, known: &Known) -> Self {
        let quote = guess_quote(start);
        let text = String::from_utf8_lossy(start);
        let lines = |delimiter| lines(&text, whole, delimiter, quote);
        // prefer the delimiter with which most lines have as many fields as the first one, and then
        // the one with most fields
        let fit = |delimiter: u8| {
            let lines = lines(delimiter);
            let fields = lines.first().map_or(0, Vec::len);
            if fields < 2 {
                (0, 0)
            } else {
                (lines.iter().filter(|line| line.len() == fields).count() * 8 / lines.len(), fields)
            }
        };
        let delimiter = known
            .delimiter
            .unwrap_or_else(|| DELIMITERS.into_iter().rev().max_by_key(|delimiter| fit(*delimiter)).unwrap_or(b','));
        let lines = lines(delimiter);
        let numbers = NumberFormat::guess(&lines, delimiter, known.numbers);
        Dialect { delimiter, quote, header: known.header.unwrap_or_else(|| has_header(&lines, numbers)), numbers }
    }
}

/// Describes the dialect: the delimiter, and everything that is unusual.
impl Display for Dialect {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let delimiter = match self.delimiter {
            b',' => "commas".to_owned(),
            b'\t' => "tabs".to_owned(),
            b';' => "semicolons".to_owned(),
            other => format!("{:?}", char::from(other)),
        };
        write!(f, "fields separated by {delimiter}")?;
        if self.quote != b'"' {
            write!(f, " and quoted with {:?}", char::from(self.quote).to_string())?;
        }
        self.numbers.fmt(f)?;
        f.write_str(if self.header { "" } else { ", no header: columns are numbered from 0" })
    }
}

/// The quote character: double, unless there are none and single quotes enclose fields.
fn guess_quote(start: &[u8]) -> u8 {
    let is_border = |byte: Option<&u8>| byte.is_none_or(|byte| DELIMITERS.contains(byte) || b"\r\n".contains(byte));
    let opens = |at: usize| is_border(at.checked_sub(1).and_then(|at| start.get(at)));
    let closes = |at: usize| is_border(start.get(at + 1));
    let single: Vec<usize> = (0..start.len()).filter(|at| start[*at] == b'\'').collect();
    let opened = single.iter().filter(|at| opens(**at)).count();
    let closed = single.iter().filter(|at| closes(**at)).count();
    if !start.contains(&b'"') && opened > 0 && opened == closed { b'\'' } else { b'"' }
}

/// The fields of the first lines, without a last line that may be incomplete.
fn lines(start: &str, whole: bool, delimiter: u8, quote: u8) -> Vec<Vec<String>> {
    let mut rows = Rows::new("", start.as_bytes(), delimiter, quote);
    let mut lines = Vec::new();
    while lines.len() < LINES
        && let Ok(Some((_, fields))) = rows.next()
    {
        lines.push(fields.map(|text| text.trim().to_owned()).collect());
    }
    if !whole && rows.from.is_empty() {
        lines.pop();
    }
    lines
}

fn is_number(text: &str, format: NumberFormat) -> bool {
    matches!(field(text, format), Field::Number(_))
}

/// Whether the first line is a header. It is if a column of numbers begins with a text, or if no
/// text of the first line occurs again below it.
fn has_header(lines: &[Vec<String>], format: NumberFormat) -> bool {
    let Some((first, rest)) = lines.split_first() else { return true };
    if rest.is_empty() {
        return !first.iter().any(|text| is_number(text, format));
    }
    let of_number = |text: &String| matches!(field(text, format), Field::Number(_) | Field::Missing | Field::Code);
    if first.iter().all(|text| of_number(text) && !text.is_empty()) {
        return false;
    }
    let below = |i: usize| rest.iter().filter_map(move |line| line.get(i)).filter(|text| !text.is_empty());
    let numbers = |i: usize| below(i).next().is_some() && below(i).all(of_number);
    let named = |i: usize| !of_number(&first[i]) && numbers(i);
    let columns = 0..first.len();
    if columns.clone().any(named) {
        return true;
    }
    let is_data = |i: usize| {
        (is_number(&first[i], format) && numbers(i)) || (!first[i].is_empty() && below(i).any(|text| *text == first[i]))
    };
    !columns.clone().any(is_data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(text: &str) -> String {
        Dialect::guess(text.as_bytes(), true, &Known::default()).to_string()
    }

    #[test]
    fn delimiters() {
        assert_eq!(guess("a,b\n1,2\n"), "fields separated by commas");
        assert_eq!(guess("a\tb c\n1\t2\n"), "fields separated by tabs");
        assert_eq!(guess("a;b;c\n1;2,5;3\n"), "fields separated by semicolons, numbers with a decimal comma");
        assert_eq!(guess("name;x\nMeier, Anna;1\nHuber, Jo;2\n"), "fields separated by semicolons");
        assert_eq!(guess("a|b\n1|2"), "fields separated by '|'");
        assert_eq!(guess("a;b\n1.250,5;2\n"), "fields separated by semicolons, numbers such as 1.234,5");
        assert_eq!(guess("a,b\n\"1,250.5\",2\n"), "fields separated by commas, numbers such as 1,234.5");
        assert_eq!(guess("a\n1\n2\n"), "fields separated by commas");
        // a damaged line does not change the dialect
        assert_eq!(guess("a,b,y\n1,2,3\n4,5\n"), "fields separated by commas");
        assert_eq!(guess("a,b;c\n\"1,2\",3;4\n"), "fields separated by commas");
        assert_eq!(guess(""), "fields separated by commas");
    }

    #[test]
    fn quotes() {
        assert_eq!(guess("a,b\n'x, y',2\n"), "fields separated by commas and quoted with \"'\"");
        assert_eq!(guess("a,b\n\"it's\",2\n"), "fields separated by commas");
        assert_eq!(guess("a,b\nit's,2\n"), "fields separated by commas");
    }

    #[test]
    fn headers() {
        let without = "fields separated by commas, no header: columns are numbered from 0";
        for (text, expected) in [
            ("1,2\n3,4\n", without),
            ("39, State-gov, 77516\n50, Private, 83311\n", without),
            ("5.1,3.5,setosa\n4.9,3.0,setosa\n", without),
            ("x,red\ny,red\n", without),
            ("44,Private\n", without),
            ("a,b\nx,y\n", "fields separated by commas"),
            (",a\n0,5\n", "fields separated by commas"),
            ("a,y\n", "fields separated by commas"),
            ("length,species\n5.1,setosa\n7.0,virginica\n", "fields separated by commas"),
        ] {
            assert_eq!(guess(text), expected, "{text}");
        }
    }
}
