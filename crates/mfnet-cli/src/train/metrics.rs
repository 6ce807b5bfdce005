//! metrics.json as text: indented, with a row of a matrix on one line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use serde_json::{Error, Value};

/// Writes a value and a line break.
pub(super) fn write(to: &mut impl Write, metrics: &Value) -> io::Result<()> {
    let lines = Lines { pretty: PrettyFormatter::new(), lists: vec![0] };
    metrics
        .serialize(&mut Serializer::with_formatter(&mut *to, lines))
        .map_err(|error: Error| io::Error::from(error))?;
    writeln!(to)
}

struct Lines {
    pretty: PrettyFormatter<'static>,
    /// Number of lists around the next value, for each object around it.
    lists: Vec<usize>,
}

impl Lines {
    /// Whether the next value is in a list in a list.
    fn is_in_row(&self) -> bool {
        self.lists.last().is_some_and(|lists| *lists >= 2)
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        if let Some(lists) = self.lists.last_mut() {
            *lists += 1;
        }
        if self.is_in_row() { to.write_all(b"[") } else { self.pretty.begin_array(to) }
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        let result = if self.is_in_row() { to.write_all(b"]") } else { self.pretty.end_array(to) };
        if let Some(lists) = self.lists.last_mut() {
            *lists -= 1;
        }
        result
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        match (self.is_in_row(), first) {
            (true, true) => Ok(()),
            (true, false) => to.write_all(b", "),
            (false, _) => self.pretty.begin_array_value(to, first),
        }
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        if self.is_in_row() { Ok(()) } else { self.pretty.end_array_value(to) }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.lists.push(0);
        self.pretty.begin_object(to)
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.lists.pop();
        self.pretty.end_object(to)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.pretty.begin_object_key(to, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_of_matrices_are_lines() {
        let of = |value: &Value| {
            let mut bytes = Vec::new();
            write(&mut bytes, value).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), *value);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(
            of(&json!({ "a": [[1, 2], []], "b": 1.5 })),
            "{\n  \"a\": [\n    [1, 2],\n    []\n  ],\n  \"b\": 1.5\n}\n"
        );
        for plain in [json!({}), json!([]), json!([1, null]), json!({ "folds": [{ "x": "y" }, {}] })] {
            assert_eq!(of(&plain), format!("{plain:#}\n"));
        }
        let nested = json!({ "folds": [{ "m": [[1], [2]] }] });
        assert!(of(&nested).contains("      \"m\": [\n        [1],\n        [2]\n      ]\n"), "{}", of(&nested));
    }
}
