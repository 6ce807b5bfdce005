use std::collections::BTreeMap;
use std::sync::Arc;

use mfnet_table::{ColumnKind, FileForm, Table, positions};

use super::Samples;
use crate::error::Result;

/// The inputs of some samples as the data hold them: numbers in the order of the columns, NaN where
/// a value is missing.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    pub(crate) names: Vec<String>,
    pub(crate) kinds: Vec<ColumnKind>,
    pub(crate) samples: Samples,
    /// The format of the table.
    pub(crate) form: FileForm,
    /// The words of the table for false and true, by column.
    pub(crate) words: Arc<BTreeMap<String, [String; 2]>>,
}

impl Features {
    /// Features that are numbers, without missing values.
    pub(crate) fn of_numbers(names: Vec<String>, samples: Samples) -> Self {
        let kinds = vec![ColumnKind::Number; names.len()];
        Features { kinds, names, samples, form: FileForm::default(), words: Arc::default() }
    }

    /// Reads columns of a table: for each its position and kind, with these names.
    pub(crate) fn read(
        table: &Table,
        names: &[String],
        columns: impl Iterator<Item = (usize, ColumnKind)>,
    ) -> Result<Self> {
        let mut words = BTreeMap::new();
        let mut of = |((position, kind), name): ((usize, ColumnKind), &String)| {
            if kind == ColumnKind::Boolean
                && let Some(of_column) = table.boolean_words(position)
            {
                words.insert(name.clone(), of_column);
            }
            Ok(table.values(position, &kind)?)
        };
        let (kinds, columns): (_, Vec<_>) =
            columns.zip(names).map(&mut of).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let samples = Samples::from_columns(table.rows(), columns);
        Ok(Features { names: names.to_vec(), kinds, samples, form: table.form().clone(), words: Arc::new(words) })
    }

    /// The features of some samples, in this order.
    pub(crate) fn select(&self, samples: &[usize]) -> Self {
        Features { samples: self.samples.select(samples), ..self.clone() }
    }

    /// The columns with these names, in this order.
    pub(crate) fn columns(&self, file: &str, names: &[String]) -> Result<Self> {
        if self.names == names {
            return Ok(self.clone());
        }
        let positions = positions(file, &self.names, names)?;
        let kinds = positions.iter().map(|i| self.kinds[*i].clone()).collect();
        let (samples, words) = (self.samples.columns(&positions), Arc::clone(&self.words));
        Ok(Features { names: names.to_vec(), kinds, samples, form: self.form.clone(), words })
    }
}
