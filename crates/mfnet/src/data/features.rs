use mfnet_table::{ColumnKind, FileForm, Reading, Table, positions};

use super::Samples;
use crate::error::Result;

/// The inputs of some samples as they are in the data: numbers in the order of the columns, NaN for a missing one.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    pub(crate) names: Vec<String>,
    pub(crate) kinds: Vec<ColumnKind>,
    pub(crate) samples: Samples,
    /// How the table was written.
    pub(crate) form: FileForm,
}

impl Features {
    /// Numbers without gaps.
    pub(crate) fn of_numbers(names: Vec<String>, samples: Samples) -> Self {
        Features { kinds: vec![ColumnKind::Number; names.len()], names, samples, form: FileForm::default() }
    }

    /// The columns of a table at these positions, as columns of these names and kinds.
    pub(crate) fn from_columns(
        table: &Table,
        names: &[String],
        positions: &[usize],
        kinds: &[ColumnKind],
    ) -> Result<Self> {
        let inputs: Vec<_> = positions.iter().copied().zip(kinds.iter().map(ColumnKind::reading)).collect();
        Self::read(table, Some(names), &inputs)
    }

    /// The columns of a table at these positions, read so; they keep their names unless others are given.
    pub(super) fn read(table: &Table, names: Option<&[String]>, inputs: &[(usize, Reading)]) -> Result<Self> {
        let of = |(position, reading): &(usize, Reading)| Ok(table.values(*position, *reading)?);
        let (kinds, columns): (_, Vec<_>) = inputs.iter().map(of).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let own = || inputs.iter().map(|(position, _)| table.columns()[*position].clone()).collect();
        let names = names.map_or_else(own, <[String]>::to_vec);
        Ok(Features { names, kinds, samples: Samples::from_columns(table.rows(), columns), form: table.form() })
    }

    /// Those of these samples, in this order.
    pub(crate) fn select(&self, samples: &[usize]) -> Self {
        Features { samples: self.samples.select(samples), ..self.clone() }
    }

    /// Whether a network can take the numbers as they are.
    pub(crate) fn are_numbers(&self) -> bool {
        self.kinds.iter().all(|kind| *kind == ColumnKind::Number) && !self.samples.has_gaps()
    }

    /// The columns of these names, in this order.
    pub(crate) fn columns(&self, file: &str, names: &[String]) -> Result<Self> {
        if self.names == names {
            return Ok(self.clone());
        }
        let positions = positions(file, &self.names, names)?;
        let kinds = positions.iter().map(|i| self.kinds[*i].clone()).collect();
        Ok(Features { names: names.to_vec(), kinds, samples: self.samples.columns(&positions), form: self.form })
    }
}
