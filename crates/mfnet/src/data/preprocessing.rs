use std::ops::Range;
use std::sync::Arc;

use mfnet_table::ColumnKind;
use serde::{Deserialize, Serialize};

use super::coded::{Code, Coded, Scale};
use super::standardizer::mean_and_deviation;
use super::{Dataset, Encoder, Features, Samples, Scaler, Scaling, Standardizer, Targets};
use crate::tensor::Scalar;

/// Features up to this many bytes are encoded once; larger ones while each batch is gathered.
const WRITTEN_OUT: usize = 32 << 20;

/// The steps between data and network, learned from training samples only: columns become features,
/// features are scaled, and the targets of a regression are standardised.
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
    /// The encoder of each column; `None` if all columns are numbers without missing values, such
    /// as pixels. Then a value that is missing later becomes 0 after scaling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<Encoder>>,
    /// The scaler of the numbers and dates.
    pub inputs: Scaler,
    /// The standardizer of a regression's targets.
    pub targets: Option<Standardizer>,
    /// What makes a value of an output of the network, before it has the target's unit.
    #[serde(default, skip_serializing_if = "Link::is_identity")]
    pub link: Link,
}

/// What makes a value of an output of a regression's network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Link {
    /// The output is the value.
    #[default]
    Identity,
    /// The output is the logarithm of the value, as the [`crate::loss::Poisson`] loss has it.
    Log,
}

impl Link {
    fn is_identity(&self) -> bool {
        *self == Link::Identity
    }

    /// The value.
    pub fn value(self, output: f64) -> f64 {
        match self {
            Link::Identity => output,
            Link::Log => Scalar::exp(output),
        }
    }
}

impl Preprocessing {
    /// Learns the preprocessing from training samples, with [`Scaling::Standard`].
    pub fn fit(train: &Dataset) -> Self {
        Self::fit_with(Scaling::default(), train)
    }

    /// Learns the preprocessing from training samples. Bytes, such as pixels, share one μ and σ;
    /// [`Scaling::MinMax`] divides them by 255.
    pub fn fit_with(scaling: Scaling, train: &Dataset) -> Self {
        let targets = match train.targets() {
            Targets::Classes { .. } | Targets::Labels { .. } => None,
            Targets::Values { values, .. } => Some(Standardizer::of(values.feature_by_feature(), mean_and_deviation)),
        };
        let Features { kinds, samples, .. } = &train.features;
        // min-max scaling makes the smallest value 0, which is a bad guess for a missing value
        let are_numbers = || kinds.iter().all(|kind| *kind == ColumnKind::Number) && !samples.has_gaps();
        if train.holds_bytes() || (scaling != Scaling::MinMax && are_numbers()) {
            return Preprocessing { columns: None, inputs: samples.scaler(scaling), targets, link: Link::Identity };
        }
        let mut columns = Vec::with_capacity(kinds.len());
        let scaled = kinds.iter().zip(samples.feature_by_feature()).filter_map(|(kind, mut numbers)| {
            let encoder = Encoder::fit(kind, &numbers);
            let fill =
                if let Encoder::Number { fill, .. } | Encoder::Date { fill, .. } = encoder { Some(fill) } else { None };
            columns.push(encoder);
            fill.map(|fill| {
                numbers.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = fill);
                numbers
            })
        });
        let inputs = Scaler::of(scaling, scaled);
        Preprocessing { columns: Some(columns), inputs, targets, link: Link::Identity }
    }

    /// The same, but the targets of a regression are only divided by their mean, and outputs of the
    /// network are logarithms: for targets that are not negative, and the
    /// [`crate::loss::Poisson`] loss.
    pub fn with_log_link(self, train: &Dataset) -> Self {
        let Targets::Values { values, .. } = train.targets() else { return self };
        let weight = |sample: usize| train.weights().map_or(1.0, |weights| weights[sample]);
        let sum = (0..values.len()).map(weight).sum::<f64>();
        let mean = |numbers: Vec<f64>| {
            (0.0, numbers.iter().enumerate().map(|(sample, y)| weight(sample) * y).sum::<f64>() / sum)
        };
        Preprocessing { targets: Some(Standardizer::of(values.feature_by_feature(), mean)), link: Link::Log, ..self }
    }

    /// Encodes and scales a data set for the network.
    ///
    /// # Panics
    /// If the data have another number of features or target columns.
    pub fn apply(&self, data: &Dataset) -> Dataset {
        let targets = match (&*data.targets, &self.targets) {
            (Targets::Values { columns, values }, Some(standardizer)) => {
                // a target that is constant in the training rows may vary in others
                let scaler = Scaler::Affine(standardizer.varying());
                let scale = Preprocessing { columns: None, inputs: scaler, targets: None, link: Link::Identity };
                let features = Features::of_numbers(columns.clone(), values.clone());
                let values = scale.encode_within(WRITTEN_OUT / 8, &features).samples;
                Targets::Values { columns: columns.clone(), values }.into()
            }
            _ => Arc::clone(&data.targets),
        };
        Dataset { weights: data.weights.clone(), ..Dataset::of(&data.name, self.encode(&data.features), targets) }
    }

    /// Encodes columns: at once if the features take little memory, else while each batch is
    /// gathered.
    pub(crate) fn encode(&self, columns: &Features) -> Features {
        self.encode_within(WRITTEN_OUT, columns)
    }

    /// As `encode`; features up to this many bytes are encoded at once.
    fn encode_within(&self, bytes: usize, columns: &Features) -> Features {
        assert_eq!(columns.names.len(), self.column_count(), "columns");
        if let Some(samples) = self.columns.is_none().then(|| columns.samples.in_unit(&self.inputs)).flatten() {
            return Features::of_numbers(columns.names.clone(), samples);
        }
        let from = if columns.samples.are_encoded() { columns.samples.written_out() } else { columns.samples.clone() };
        let read = |i: usize| {
            let column = from.column(i);
            let number = self.columns.as_ref().and_then(|encoders| encoders[i].numbers_of(&columns.kinds[i]));
            number.map_or(column.clone(), |number| column.map(number))
        };
        let coded =
            self.codes().into_iter().enumerate().map(|(i, (first, code))| Coded { column: read(i), code, first });
        let samples = from.coded(self.features(), coded);
        let small = size_of::<f64>() * samples.features() * samples.len() <= bytes;
        Features::of_numbers(self.names(&columns.names), if small { samples.written_out() } else { samples })
    }

    /// For each column the index of its first feature, and how its numbers become features.
    pub(crate) fn codes(&self) -> Vec<(usize, Code)> {
        let scaler = Arc::new(self.inputs.clone());
        let mut feature = 0..;
        let mut scale = || Scale::of_feature(&scaler, feature.next().unwrap_or(0));
        let code = |(i, place): (usize, Range<usize>)| {
            let code = match &self.columns {
                Some(encoders) => encoders[i].code(&mut scale),
                // training had no missing values in this column: a missing value becomes 0 after
                // scaling, the centre
                None => Code::Number { scale: Some(scale()), gap: 0.0, missing: false },
            };
            (place.start, code)
        };
        self.places().into_iter().enumerate().map(code).collect()
    }

    /// Number of columns that it takes.
    pub fn column_count(&self) -> usize {
        self.columns.as_ref().map_or(self.inputs.features(), Vec::len)
    }

    /// Number of features that it makes.
    pub fn features(&self) -> usize {
        self.widths().iter().sum()
    }

    /// Number of features of each column.
    fn widths(&self) -> Vec<usize> {
        let all = |columns: &Vec<Encoder>| columns.iter().map(Encoder::width).collect();
        self.columns.as_ref().map_or_else(|| vec![1; self.inputs.features()], all)
    }

    /// The names of the features, from the names of the columns.
    pub fn names(&self, columns: &[String]) -> Vec<String> {
        match &self.columns {
            None => columns.to_vec(),
            Some(encoders) => {
                encoders.iter().zip(columns).flat_map(|(encoder, column)| encoder.names(column)).collect()
            }
        }
    }

    /// The range of features that each column becomes.
    pub fn places(&self) -> Vec<Range<usize>> {
        let mut next = 0;
        let place = |width: usize| {
            next += width;
            next - width..next
        };
        self.widths().into_iter().map(place).collect()
    }

    /// The indices of the columns that are scaled, in the order of [`Preprocessing::inputs`].
    pub fn scaled_columns(&self) -> Vec<usize> {
        let is_scaled = |i: &usize| self.columns.as_ref().is_none_or(|columns| columns[*i].is_scaled());
        (0..self.column_count()).filter(is_scaled).collect()
    }

    /// Whether the parts fit together and [`Preprocessing::fit`] could have made them.
    pub(crate) fn is_usable(&self) -> bool {
        let of_targets = self.targets.as_ref().is_none_or(Standardizer::is_usable);
        let of_columns = self.columns.as_ref().is_none_or(|columns| columns.iter().all(Encoder::is_usable));
        self.inputs.is_usable() && of_targets && of_columns && self.scaled_columns().len() == self.inputs.features()
    }

    /// Converts a regression's outputs back to the unit of the target.
    pub fn restore(&self, output: impl Into<Samples>) -> Samples {
        let Some(Standardizer { mean, scale, .. }) = &self.targets else { return output.into() };
        output.into().map(|i, x| mean[i] + scale[i] * self.link.value(x))
    }
}

#[cfg(test)]
mod tests {
    use mfnet_table::Table;

    use super::*;
    use crate::data::Target;
    use crate::tensor::Tensor;

    /// Numbers with gaps, few and many, booleans, dates with times, categories with rare levels and
    /// gaps.
    fn data(rows: usize) -> Dataset {
        let row = |i: usize| {
            let gap = |every: usize, text: String| if i.is_multiple_of(every) { String::new() } else { text };
            let number = gap(7, format!("{}", (i * i) as f64 / 3.0));
            let date = gap(11, format!("20{:02}-0{}-1{} 0{}:00", i % 30, 1 + i % 9, i % 10, i % 7));
            let level = gap(5, format!("level {}", (i * 7) % 29));
            let truth = if i.is_multiple_of(3) { "yes" } else { "no" };
            format!("{number},{},{truth},{date},{level},{}\n", i % 4, i % 13)
        };
        let text = format!("a,b,c,d,e,y\n{}", (0..rows).map(row).collect::<String>());
        Dataset::from_table(&Table::from_text("t", &text).unwrap(), &Target::values(["y"])).unwrap()
    }

    fn is_same<T: Scalar>(a: &Features, b: &Features, order: &[usize]) -> bool {
        let batch = |of: &Features| {
            let mut batch = Tensor::<T>::zeros(of.samples.features(), order.len());
            of.samples.write(order, &mut batch);
            batch
        };
        batch(a) == batch(b)
    }

    /// The bits of a batch do not say whether the features were written out before.
    #[test]
    fn features_are_the_same_when_they_are_written() {
        let data = data(1500);
        let part = data.select(&(0..1500).filter(|i| i % 8 != 1).rev().collect::<Vec<_>>()).unwrap();
        let order: Vec<usize> = (0..part.samples()).map(|i| i * 101 % part.samples()).collect();
        for scaling in Scaling::ALL {
            let fitted = Preprocessing::fit_with(scaling, &part);
            let at_once = fitted.encode_within(usize::MAX, &part.features);
            let later = fitted.encode_within(0, &part.features);
            assert!(later.samples.are_encoded() && !at_once.samples.are_encoded());
            assert!(at_once.samples.features() > 25 + 2 + 1 + 7, "a feature for each level");
            assert!(is_same::<f64>(&at_once, &later, &order) && is_same::<f32>(&at_once, &later, &order), "{scaling}");
            for i in 0..later.samples.features() {
                assert!(later.samples.feature(i).eq(at_once.samples.feature(i)), "{scaling}, {i}");
            }
            // numbers in rows, as columns of another kind than the encoder's
            let rows = Features::of_numbers(part.features.names.clone(), Samples::from(part.inputs()));
            let (at_once, later) = (fitted.encode_within(usize::MAX, &rows), fitted.encode_within(0, &rows));
            assert!(is_same::<f64>(&at_once, &later, &order), "{scaling}");
            assert_eq!(later.columns("t", &later.names[1..]).unwrap().samples.tensor().rows(), later.names.len() - 1);
        }
    }
}
