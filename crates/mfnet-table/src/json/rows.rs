//! The rows of a JSON file while they are read.

use std::collections::HashMap;
use std::fmt::Formatter;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

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
    nested: Option<Nested>,
}

/// An array or an object in a cell.
#[derive(Clone, Copy)]
enum Nested {
    Object,
    /// An array: the number of objects in it, and whether the first has an object with this key, as
    /// GeoJSON has it.
    Array {
        objects: usize,
        has_properties: bool,
    },
}

/// The key of GeoJSON whose object has the values of a row.
const PROPERTIES: &str = "properties";

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

    /// The problem of a file with one object that is no row.
    fn one_object(&self) -> FileProblem {
        let rows = |of: &&Of| match of.nested {
            Some(Nested::Array { objects, .. }) => objects,
            _ => 0,
        };
        match self.columns.iter().max_by_key(rows) {
            Some(of) if rows(&of) > 0 => {
                let inside = match of.nested {
                    Some(Nested::Array { has_properties: true, .. }) => format!(".{PROPERTIES}"),
                    _ => String::new(),
                };
                let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let key = match of.name.chars().all(is_word) && !of.name.starts_with(|c: char| c.is_ascii_digit()) {
                    true => format!(".{}", of.name),
                    false => format!(".{:?}", of.name),
                };
                FileProblem::JsonRows { key: of.name.clone(), path: format!("{key}[]{inside}") }
            }
            _ => FileProblem::Json("found one object that holds the columns or all rows".to_owned()),
        }
    }

    /// The columns, all of the same length.
    pub(super) fn found(self, description: &str) -> Result<Found, FileProblem> {
        let count = self.count;
        if count == 0 {
            return Err(FileProblem::NoRows);
        }
        let nested = self.columns.iter().filter_map(|of| of.nested);
        let has_rows = nested.clone().any(|nested| matches!(nested, Nested::Array { objects: 2.., .. }));
        if count == 1 && (has_rows || 2 * nested.count() > self.columns.len()) {
            return Err(self.one_object());
        }
        let (mut columns, mut unread) = (Vec::new(), Vec::new());
        for Of { name, mut column, nested } in self.columns {
            match nested {
                Some(nested) => {
                    let what = if matches!(nested, Nested::Object) { "objects" } else { "arrays" };
                    unread.push((name, FileProblem::Unsupported(format!("columns of {what}"))));
                }
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
        let (mut objects, mut has_properties) = (0, false);
        while let Some(element) = elements.next_element::<Element>()? {
            has_properties |= objects == 0 && element.has_properties;
            objects += usize::from(element.is_object);
        }
        self.0.nested.get_or_insert(Nested::Array { objects, has_properties });
        self.0.column.push_missing();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.0.nested.get_or_insert(Nested::Object);
        self.0.column.push_missing();
        Ok(())
    }
}

/// What is known of an element of an array.
#[derive(Default)]
struct Element {
    is_object: bool,
    has_properties: bool,
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ElementVisitor)
    }
}

struct ElementVisitor;

impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Element;

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Element, E> {
        Ok(Element::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Element, E> {
        Ok(Element::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Element, E> {
        Ok(Element::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Element, E> {
        Ok(Element::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Element, E> {
        Ok(Element::default())
    }

    fn visit_unit<E>(self) -> Result<Element, E> {
        Ok(Element::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Element, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Element::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element, A::Error> {
        let mut element = Element { is_object: true, has_properties: false };
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            element.has_properties |= key == PROPERTIES;
            map.next_value::<IgnoredAny>()?;
        }
        Ok(element)
    }
}
