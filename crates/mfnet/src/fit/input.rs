use std::path::Path;

use mfnet_table::{ReadTable, Table};

use super::recipe::Recipe;
use super::source::Source;
use crate::error::Result;
use crate::model::Model;

type ReadTest<'a> = Box<dyn FnOnce(&str, ReadTable<'_>) -> Result<Table> + 'a>;

/// The data of a fit.
///
/// A table is enough. A model to go on from is read from [`Recipe::warm_start`], test rows from [`Recipe::test_file`],
/// unless they are given here.
pub struct Input<'a> {
    /// What results call the data.
    pub name: String,
    /// The data.
    pub data: Source,
    /// The model to go on from.
    pub start: Option<Model>,
    /// Reads the test file of this name with a reader that is set up for it.
    pub read_test: ReadTest<'a>,
}

impl<S: Into<Source>> From<S> for Input<'_> {
    fn from(data: S) -> Self {
        let data = data.into();
        let read_test: ReadTest<'_> = Box::new(|file, reader| Ok(reader.read(file)?));
        Input { name: data.name().to_owned(), data, start: None, read_test }
    }
}

impl Input<'_> {
    /// Reads the file of a table as the recipe has it.
    ///
    /// # Errors
    /// As [`Table::read`], and those of the model of [`Recipe::warm_start`].
    pub fn read(path: impl AsRef<Path>, recipe: &Recipe) -> Result<Self> {
        let start = recipe.start()?;
        let table = recipe.reader(start.as_ref()).read(path)?;
        Ok(Input { start, ..Input::from(table) })
    }
}

impl Recipe {
    /// Reads the table as this recipe has it; `start` is the model to go on from.
    pub fn reader<'a>(&self, start: Option<&Model>) -> ReadTable<'a> {
        let reader = start.map_or_else(ReadTable::new, Model::reader);
        self.with_texts(reader, self.dividing_column())
    }

    /// With the header that is known, and the texts of this column as they are.
    pub(super) fn with_texts<'a>(&self, reader: ReadTable<'a>, column: Option<&String>) -> ReadTable<'a> {
        let reader = reader.keep_texts(column);
        match self.header {
            Some(names) => reader.header(names),
            None => reader,
        }
    }

    /// Reads the model to go on from.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn start(&self) -> Result<Option<Model>> {
        let file = |path: &Path| if path.is_dir() { path.join("model.safetensors") } else { path.to_owned() };
        self.warm_start.as_deref().map(|path| Model::load(file(path))).transpose()
    }
}
