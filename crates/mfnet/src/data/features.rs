use super::table::{FileForm, Reading, date_text, guess, positions, shortest, value};
use super::{LeftOut, Samples, StrayText, Table};
use crate::error::{DataProblem, Error, Result};

/// What a column of inputs is, and what its numbers mean.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnKind {
    /// A quantity.
    Number,
    /// 1 for true or yes, 0 for false or no.
    Boolean,
    /// Days since the beginning of 1970.
    Date,
    /// The number of a level, counted from 0.
    Category {
        /// All levels of the data: in numeric order if all are numbers, else by bytes.
        levels: Vec<String>,
    },
}

/// Which columns of a table are inputs, and as what, where that is not to be guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// No inputs.
    pub drop: Vec<String>,
    /// Numbers: a text is an error.
    pub numeric: Vec<String>,
    /// Categories, also where all are numbers.
    pub categorical: Vec<String>,
}

/// The inputs of some samples as they are in the data: numbers in the order of the columns, NaN for a missing one.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    pub(crate) names: Vec<String>,
    pub(crate) kinds: Vec<ColumnKind>,
    pub(crate) samples: Samples,
    /// How the table was written.
    pub(crate) form: FileForm,
}

/// The columns of a table that are features.
pub(super) struct Choice {
    pub(super) features: Features,
    /// Those that are none, and why.
    pub(super) left_out: Vec<(String, LeftOut)>,
    pub(super) stray_texts: Vec<StrayText>,
}

impl ColumnKind {
    /// In one word.
    pub fn name(&self) -> &'static str {
        match self {
            ColumnKind::Number => "number",
            ColumnKind::Boolean => "boolean",
            ColumnKind::Date => "date",
            ColumnKind::Category { .. } => "category",
        }
    }

    /// What a number of such a column stands for; empty for a missing one.
    pub fn text(&self, x: f64) -> String {
        match self {
            _ if x.is_nan() => String::new(),
            ColumnKind::Number => shortest(x),
            ColumnKind::Boolean if x == 0.0 || x == 1.0 => (x == 1.0).to_string(),
            ColumnKind::Boolean => shortest(x),
            ColumnKind::Date => date_text(x),
            ColumnKind::Category { levels } => levels.get(x as usize).cloned().unwrap_or_default(),
        }
    }

    fn reading(&self) -> Reading {
        match self {
            ColumnKind::Number => Reading::Number,
            ColumnKind::Boolean => Reading::Boolean,
            ColumnKind::Date => Reading::Date,
            ColumnKind::Category { .. } => Reading::Category,
        }
    }
}

impl Features {
    /// Numbers without gaps.
    pub(crate) fn of_numbers(names: Vec<String>, samples: Samples) -> Self {
        Features { kinds: vec![ColumnKind::Number; names.len()], names, samples, form: FileForm::default() }
    }

    /// The columns of a table beside those of the target.
    pub(super) fn from_table(table: &Table, targets: &[String], columns: &Columns) -> Result<Choice> {
        let Columns { drop, numeric, categorical } = columns;
        for name in drop.iter().chain(numeric).chain(categorical) {
            table.position(name)?;
        }
        let (mut readings, mut left_out, mut stray_texts) = (Vec::new(), Vec::new(), Vec::new());
        let is_input = |name: &String| !targets.contains(name) && !drop.contains(name);
        for (position, name) in table.columns().iter().enumerate().filter(|(_, name)| is_input(name)) {
            match (numeric.contains(name), categorical.contains(name)) {
                (true, _) => readings.push((position, Reading::Number)),
                (false, true) => readings.push((position, Reading::Category)),
                (false, false) => {
                    let column = table.column_at(position);
                    let guess = guess(name, column);
                    if matches!(guess, Ok(Reading::Category) | Err(LeftOut::Names { .. })) {
                        stray_texts.extend(StrayText::of(name, column));
                    }
                    match guess {
                        Ok(reading) => readings.push((position, reading)),
                        Err(reason) => left_out.push((name.clone(), reason)),
                    }
                }
            }
        }
        if readings.is_empty() {
            let left_out = left_out.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
            return Err(Error::data(table.name(), DataProblem::NoFeatures { left_out }));
        }
        let (positions, readings): (Vec<usize>, Vec<Reading>) = readings.into_iter().unzip();
        let names = positions.iter().map(|position| table.columns()[*position].clone()).collect();
        let features = Self::read(table, names, &positions, &readings)?;
        Ok(Choice { features, left_out, stray_texts })
    }

    /// The columns of a table at these positions, as columns of these names and kinds.
    pub(crate) fn from_columns(
        table: &Table,
        names: &[String],
        positions: &[usize],
        kinds: &[ColumnKind],
    ) -> Result<Self> {
        let readings: Vec<Reading> = kinds.iter().map(ColumnKind::reading).collect();
        Self::read(table, names.to_vec(), positions, &readings)
    }

    fn read(table: &Table, names: Vec<String>, positions: &[usize], readings: &[Reading]) -> Result<Self> {
        let (width, mut kinds) = (names.len(), Vec::with_capacity(names.len()));
        let mut numbers = vec![0.0; table.rows() * width];
        for (i, (position, reading)) in positions.iter().zip(readings).enumerate() {
            let column = table.column_at(*position);
            if *reading == Reading::Category {
                let (levels, of_rows) = column.levels();
                of_rows.iter().enumerate().for_each(|(row, x)| numbers[row * width + i] = *x);
                kinds.push(ColumnKind::Category { levels });
                continue;
            }
            let written =
                column.each(|field, text| value(*reading, field, text), |row, x| numbers[row * width + i] = x);
            written.map_err(|(row, problem)| table.at(row, *position, problem))?;
            kinds.push(match reading {
                Reading::Boolean => ColumnKind::Boolean,
                Reading::Date => ColumnKind::Date,
                _ => ColumnKind::Number,
            });
        }
        Ok(Features { names, kinds, samples: Samples::from_numbers(width, numbers), form: table.form() })
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
