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
}

impl Features {
    /// Features that are numbers, without missing values.
    pub(crate) fn of_numbers(names: Vec<String>, samples: Samples) -> Self {
        Features { kinds: vec![ColumnKind::Number; names.len()], names, samples, form: FileForm::default() }
    }

    /// Reads columns of a table: for each its position and kind, with these names.
    pub(crate) fn read(
        table: &Table,
        names: &[String],
        columns: impl Iterator<Item = (usize, ColumnKind)>,
    ) -> Result<Self> {
        let of = |(position, kind): (usize, ColumnKind)| Ok(table.values(position, &kind)?);
        let (kinds, columns): (_, Vec<_>) = columns.map(of).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let samples = Samples::from_columns(table.rows(), columns);
        Ok(Features { names: names.to_vec(), kinds, samples, form: table.form().clone() })
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
        Ok(Features {
            names: names.to_vec(),
            kinds,
            samples: self.samples.columns(&positions),
            form: self.form.clone(),
        })
    }
}
