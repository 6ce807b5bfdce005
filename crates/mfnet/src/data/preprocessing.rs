use std::ops::Range;

use mfnet_table::ColumnKind;
use serde::{Deserialize, Serialize};

use super::{Dataset, Encoder, Features, Samples, Scaler, Scaling, Standardizer, Targets};
use crate::tensor::Tensor;

/// What is done to data before a network sees it, learned from the training samples alone: columns become features, which are scaled, and the
/// targets of a regression are standardised.
///
/// ```
/// use mfnet::{Dataset, Preprocessing, Table, Target};
/// let table = Table::from_text("flats", "rooms,city,rent\n1,Rome,700\n3,Oslo,1900\n,Rome,1100\n3,Oslo,1500\n")?;
/// let data = Dataset::from_table(&table, &Target::values(["rent"]))?;
/// let encoded = Preprocessing::fit(&data).apply(&data);
/// assert_eq!(encoded.feature_names(), ["rooms", "rooms missing", "city=Oslo", "city=Rome"]);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// What becomes of each column; none if all are numbers without gaps, as pixels are. Then a gap that is met later is 0 once scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<Encoder>>,
    /// For the numbers and dates among the columns.
    pub inputs: Scaler,
    /// For the targets of a regression.
    pub targets: Option<Standardizer>,
}

impl Preprocessing {
    /// Learns it from training samples, with [`Scaling::Standard`].
    pub fn fit(train: &Dataset) -> Self {
        Self::fit_with(Scaling::default(), train)
    }

    /// Learns it from training samples. Features that are bytes, the pixels of an image, have one unit, and so one μ and σ; with
    /// [`Scaling::MinMax`] they are divided by 255.
    pub fn fit_with(scaling: Scaling, train: &Dataset) -> Self {
        let targets = match train.targets() {
            Targets::Classes { .. } => None,
            Targets::Values { values, .. } => Some(Standardizer::fit(values)),
        };
        let Features { kinds, samples, .. } = &train.features;
        // the smallest value, which min-max makes 0, is no good guess
        let as_they_are = train.holds_bytes() || (train.features.are_numbers() && scaling != Scaling::MinMax);
        if as_they_are {
            return Preprocessing { columns: None, inputs: samples.scaler(scaling), targets };
        }
        let fitted = |(i, kind): (usize, &ColumnKind)| Encoder::fit(kind, samples.feature(i));
        let columns: Vec<Encoder> = kinds.iter().enumerate().map(fitted).collect();
        let scaled: Vec<usize> = (0..columns.len()).filter(|i| columns[*i].is_scaled()).collect();
        let mut numbers = Tensor::zeros(scaled.len(), samples.len());
        for (to, i) in scaled.into_iter().enumerate() {
            let fill =
                if let Encoder::Number { fill, .. } | Encoder::Date { fill, .. } = columns[i] { fill } else { 0.0 };
            for (row, x) in samples.feature(i).enumerate() {
                numbers[(to, row)] = if x.is_nan() { fill } else { x };
            }
        }
        Preprocessing { columns: Some(columns), inputs: Scaler::fit(scaling, &numbers), targets }
    }

    /// The data as the network sees them.
    ///
    /// # Panics
    /// If the data have another number of features or target columns.
    pub fn apply(&self, data: &Dataset) -> Dataset {
        let targets = match (data.targets(), &self.targets) {
            (Targets::Values { columns, values }, Some(standardizer)) => {
                Targets::Values { columns: columns.clone(), values: standardizer.apply(values) }
            }
            (targets, _) => targets.clone(),
        };
        data.with(self.encode(&data.features), targets)
    }

    /// Columns as features.
    pub(crate) fn encode(&self, columns: &Features) -> Features {
        let Some(encoders) = &self.columns else {
            return Features::of_numbers(columns.names.clone(), columns.samples.scaled(&self.inputs));
        };
        assert_eq!(columns.names.len(), encoders.len(), "columns");
        let (width, rows) = (self.features(), columns.samples.len());
        let mut numbers = vec![0.0; width * rows];
        let mut scaled = 0;
        for (i, (encoder, place)) in encoders.iter().zip(self.places()).enumerate() {
            let to = numbers.chunks_exact_mut(width).map(|row| &mut row[place.clone()]);
            encoder.write(&columns.kinds[i], columns.samples.feature(i), to, |x| self.inputs.apply_to(scaled, x));
            scaled += usize::from(encoder.is_scaled());
        }
        Features::of_numbers(self.names(&columns.names), Samples::from_numbers(width, numbers))
    }

    /// How many columns it is for.
    pub fn column_count(&self) -> usize {
        self.columns.as_ref().map_or(self.inputs.features(), Vec::len)
    }

    /// How many features the network sees.
    pub fn features(&self) -> usize {
        self.columns.as_ref().map_or(self.inputs.features(), |columns| columns.iter().map(Encoder::width).sum())
    }

    /// The names of the features that come from columns of these names.
    pub fn names(&self, columns: &[String]) -> Vec<String> {
        match &self.columns {
            None => columns.to_vec(),
            Some(encoders) => {
                encoders.iter().zip(columns).flat_map(|(encoder, column)| encoder.names(column)).collect()
            }
        }
    }

    /// Which of the features come from each column.
    pub fn places(&self) -> Vec<Range<usize>> {
        let mut next = 0;
        let place = |width: usize| {
            next += width;
            next - width..next
        };
        match &self.columns {
            None => vec![1; self.inputs.features()].into_iter().map(place).collect(),
            Some(encoders) => encoders.iter().map(Encoder::width).map(place).collect(),
        }
    }

    /// The columns whose numbers are scaled, in the order of [`Preprocessing::inputs`].
    pub fn scaled_columns(&self) -> Vec<usize> {
        let is_scaled = |i: &usize| self.columns.as_ref().is_none_or(|columns| columns[*i].is_scaled());
        (0..self.column_count()).filter(is_scaled).collect()
    }

    /// Whether its parts fit together, and have numbers such as [`Preprocessing::fit`] makes them.
    pub(crate) fn is_usable(&self) -> bool {
        let of_targets = self.targets.as_ref().is_none_or(Standardizer::is_usable);
        let of_columns = self.columns.as_ref().is_none_or(|columns| columns.iter().all(Encoder::is_usable));
        self.inputs.is_usable() && of_targets && of_columns && self.scaled_columns().len() == self.inputs.features()
    }

    /// A regression's outputs in the target's own unit.
    pub fn restore(&self, output: Tensor<f64>) -> Tensor<f64> {
        match &self.targets {
            Some(standardizer) => standardizer.invert(&output),
            None => output,
        }
    }
}
