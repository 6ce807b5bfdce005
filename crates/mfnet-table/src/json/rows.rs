//! The rows of a JSON file while they are read.

use std::collections::HashMap;
use std::fmt::Formatter;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::column::Column;
use crate::error::{FileProblem, MOST_COLUMNS};
use crate::found::Found;

/// The number of cells that every file may have, and the number of further cells for each of its
/// bytes: each object may have keys that all others lack.
const CELLS: usize = 1 << 22;
const CELLS_IN_A_BYTE: usize = 32;

/// The columns so far.
#[derive(Default)]
pub(super) struct Rows {
    columns: Vec<Of>,
    places: HashMap<String, usize, foldhash::fast::RandomState>,
    /// Number of whole rows, and how many of them are kept.
    count: usize,
    kept: usize,
    /// Number of bytes so far.
    pub(super) bytes: usize,
}

/// A column, whose rows before the present one may be incomplete.
struct Of {
    name: String,
    column: Column,
    /// The first array or object in it.
    nested: Option<&'static str>,
}

impl Rows {
    /// Keeps the rows of a text.
    pub(super) fn keep(&mut self) {
        self.kept = self.count;
    }

    /// Number of rows that are kept.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// Removes the rows of a text that has to be read again.
    pub(super) fn forget(&mut self) {
        self.count = self.kept;
        self.columns.iter_mut().for_each(|of| of.column.truncate(self.kept));
    }

    /// The place of the column for a key of the present row.
    fn place(&mut self, key: &str, expected: usize) -> Result<usize, String> {
        let known = match self.columns.get(expected) {
            Some(of) if of.name == key => Some(expected),
            _ => self.places.get(key).copied(),
        };
        let place = known.unwrap_or(self.columns.len());
        if known.is_none() {
            let cells = (place + 1).saturating_mul(self.count + 1);
            if place >= MOST_COLUMNS || cells > CELLS.saturating_add(CELLS_IN_A_BYTE.saturating_mul(self.bytes)) {
                return Err(format!("the objects have too many different keys (here {key:?})"));
            }
            self.places.insert(key.to_owned(), place);
            self.columns.push(Of { name: key.to_owned(), column: Column::of_numbers(), nested: None });
        }
        let column = &mut self.columns[place].column;
        if column.len() > self.count {
            return Err(format!("the key {key:?} is there twice"));
        }
        while column.len() < self.count {
            column.push_missing();
        }
        Ok(place)
    }

    fn end_row(&mut self) -> Result<(), String> {
        self.count += 1;
        let cells = self.columns.len().saturating_mul(self.count);
        match cells > CELLS.saturating_add(CELLS_IN_A_BYTE.saturating_mul(self.bytes)) {
            true => Err("the objects have too many different keys".to_owned()),
            false => Ok(()),
        }
    }

    /// The columns, all of the same length.
    pub(super) fn found(self, description: &str) -> Result<Found, FileProblem> {
        let count = self.count;
        if count == 0 {
            return Err(FileProblem::NoRows);
        }
        if count == 1 && !self.columns.is_empty() && self.columns.iter().all(|of| of.nested.is_some()) {
            return Err(FileProblem::Json("found one object that holds the columns or all rows".to_owned()));
        }
        let (mut columns, mut unread) = (Vec::new(), Vec::new());
        for Of { name, mut column, nested } in self.columns {
            match nested {
                Some(what) => unread.push((name, FileProblem::Unsupported(format!("columns of {what}")))),
                None => {
                    while column.len() < count {
                        column.push_missing();
                    }
                    columns.push((name, column));
                }
            }
        }
        Ok(Found::new(description, columns, unread))
    }
}

/// An object that becomes a row.
pub(super) struct Row<'a>(pub(super) &'a mut Rows);

/// The objects of an array.
pub(super) struct Elements<'a>(pub(super) &'a mut Rows);

struct Key<'a> {
    rows: &'a mut Rows,
    expected: usize,
}

struct Cell<'a>(&'a mut Of);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with a key for each column")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut expected = 0;
        while let Some(place) = map.next_key_seed(Key { rows: &mut *self.0, expected })? {
            map.next_value_seed(Cell(&mut self.0.columns[place]))?;
            expected = place + 1;
        }
        self.0.end_row().map_err(A::Error::custom)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Row(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<usize, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<usize, E> {
        self.rows.place(key, self.expected).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number, a text, true, false or null")
    }

    fn visit_bool<E>(self, x: bool) -> Result<(), E> {
        self.0.column.push_truth(x);
        Ok(())
    }

    fn visit_i64<E>(self, x: i64) -> Result<(), E> {
        self.0.column.push_whole(x.into());
        Ok(())
    }

    fn visit_u64<E>(self, x: u64) -> Result<(), E> {
        self.0.column.push_whole(x.into());
        Ok(())
    }

    fn visit_f64<E>(self, x: f64) -> Result<(), E> {
        self.0.column.push_number(x);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.column.push_text(text);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.column.push_missing();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        self.0.nested.get_or_insert("arrays");
        self.0.column.push_missing();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.0.nested.get_or_insert("objects");
        self.0.column.push_missing();
        Ok(())
    }
}
