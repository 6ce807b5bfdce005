use serde::{Deserialize, Serialize};

use super::Model;
use crate::data::{Dataset, Link, Samples, Targets};
use crate::error::{Error, Result};
use crate::model::Predictions;

/// With more rows, this many of their errors are kept.
const MOST: usize = 999;

/// How far predictions of held-out rows are from their targets: what prediction intervals are made
/// of, by split conformal prediction.
///
/// ```text
/// ŷ ± q        q: the ⌈(n + 1) level⌉-th smallest of the errors |y − ŷ| of n held-out rows
/// ```
///
/// If a new row comes from where these rows came from, and they had no part in the training, its
/// target lies in the interval with a probability of at least the level, and without equal errors of
/// at most the level plus 1/(n + 1). A fit takes its validation rows, which also choose the best
/// epoch; so the probability may be a little lower. All rows have an interval of one width. Sources:
/// Papadopoulos et al. 2002, Lei et al. 2018.
///
/// ```
/// use mfnet::model::Intervals;
/// let intervals = Intervals::of_errors(vec![vec![3.0, -1.0, 2.0, -4.0]])?;
/// assert_eq!(intervals.half_widths(0.5)?, [3.0]); // the third of four
/// assert!(intervals.half_widths(0.9).is_err(), "four rows are too few");
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Intervals {
    /// The sizes of the errors of each target, from the smallest.
    errors: Vec<Vec<f64>>,
}

impl Intervals {
    /// From the errors y − ŷ of the held-out rows, for each target. Of more than 999 rows, 999 errors
    /// are kept, at evenly spaced ranks, so that no interval is narrower.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for an error that is not a
    /// finite number, and without any.
    pub fn of_errors(errors: Vec<Vec<f64>>) -> Result<Self> {
        let all = || errors.iter().flatten();
        if let Some(error) = all().find(|error| !error.is_finite()) {
            return Err(Error::invalid("errors of held-out rows", "finite numbers", error));
        }
        if errors.is_empty() || errors.iter().any(Vec::is_empty) {
            return Err(Error::invalid("errors of held-out rows", "at least one", "none"));
        }
        let of_target = |errors: Vec<f64>| {
            let mut sizes: Vec<f64> = errors.into_iter().map(f64::abs).collect();
            sizes.sort_by(f64::total_cmp);
            let n = sizes.len();
            if n <= MOST {
                return sizes;
            }
            // rank k of the kept ones stands for at least the fraction k/(MOST + 1) of n + 1
            (1..=MOST).map(|k| sizes[(k * (n + 1)).div_ceil(MOST + 1) - 1]).collect()
        };
        Ok(Intervals { errors: errors.into_iter().map(of_target).collect() })
    }

    /// q of each target, in the order of the targets, for a level above 0 and below 1.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for another level, and for
    /// one that needs more held-out rows.
    pub fn half_widths(&self, level: f64) -> Result<Vec<f64>> {
        if !(level > 0.0 && level < 1.0) {
            return Err(Error::invalid("interval", "a number above 0 and below 1, such as 0.9", level));
        }
        let n = self.errors.iter().map(Vec::len).min().unwrap_or(0);
        // 0.9 of 10 is 9, although 0.9 is a little more than nine tenths
        let rank = ((n + 1) as f64 * level - 1e-9).ceil().max(1.0) as usize;
        if rank > n {
            let most = 100.0 * n as f64 / (n + 1) as f64;
            let expected = format!("at most {} with {n} validation rows", (most * 10.0).floor() / 1000.0);
            return Err(Error::invalid("interval", expected, level));
        }
        Ok(self.errors.iter().map(|errors| errors[rank - 1]).collect())
    }

    /// Whether [`Intervals::of_errors`] could have made it, for this many targets.
    pub(super) fn is_usable(&self, targets: usize) -> bool {
        let fits = |errors: &Vec<f64>| {
            (1..=MOST).contains(&errors.len())
                && errors.is_sorted()
                && errors.iter().all(|error| error.is_finite() && *error >= 0.0)
        };
        self.errors.len() == targets && self.errors.iter().all(fits)
    }
}

impl Model {
    /// What prediction intervals are made of; `None` for classes, and without validation rows.
    pub fn intervals(&self) -> Option<&Intervals> {
        self.intervals.as_ref()
    }

    /// Learns prediction intervals from rows that had no part in the training, such as the validation
    /// rows, which are not scaled. For classes nothing changes.
    ///
    /// ```
    /// use mfnet::{Dataset, Fractions, Model, Preprocessing, Seed};
    /// use mfnet::train::linear_model;
    /// let data = Dataset::built_in("diabetes")?;
    /// let (train, held_out, _) = data.split(Fractions { validation: 0.3, test: 0.2 }, Seed(0))?;
    /// let scale = Preprocessing::fit(&train);
    /// let model = Model::new(&data, scale.clone(), linear_model(&scale.apply(&train))?)?.with_intervals(&held_out)?;
    /// let half_width = model.intervals().unwrap().half_widths(0.9)?[0];
    /// assert!((60.0..130.0).contains(&half_width), "{half_width}");
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Model::evaluate`], and as [`Intervals::of_errors`].
    pub fn with_intervals(mut self, held_out: &Dataset) -> Result<Self> {
        self.learn_intervals(held_out)?;
        Ok(self)
    }

    /// As [`Model::with_intervals`]; after an error the model is unchanged.
    pub(crate) fn learn_intervals(&mut self, held_out: &Dataset) -> Result<()> {
        self.check(held_out)?;
        if let (Targets::Values { values: truth, columns }, Predictions::Values { values, .. }) =
            (held_out.targets(), self.predict_dataset(held_out)?)
        {
            let errors = |i: usize| truth.feature(i).zip(values.feature(i)).map(|(y, prediction)| y - prediction);
            self.intervals = Some(Intervals::of_errors((0..columns.len()).map(|i| errors(i).collect()).collect())?);
        }
        Ok(())
    }
}

impl Model {
    /// The lower and the upper end of the interval of each predicted value. Where targets are never
    /// negative ([`crate::data::Link::Log`]), neither is a lower end.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for a model without
    /// [`Model::intervals`], and as [`Intervals::half_widths`].
    pub fn bounds(&self, values: &Samples, level: f64) -> Result<[Samples; 2]> {
        let Some(intervals) = &self.intervals else {
            let expected = "a model of values that was trained with validation rows, whose errors make intervals";
            return Err(Error::invalid("interval", expected, "another model"));
        };
        let half = intervals.half_widths(level)?;
        let least = if self.preprocessing.link == Link::Log { 0.0 } else { f64::NEG_INFINITY };
        Ok([values.map(|i, x| (x - half[i]).max(least)), values.map(|i, x| x + half[i])])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let errors: Vec<f64> =
            (1..=99).rev().map(|error| f64::from(error) * if error % 2 == 0 { -1.0 } else { 1.0 }).collect();
        let intervals = Intervals::of_errors(vec![errors]).unwrap();
        for (level, expected) in [(0.5, 50.0), (0.9, 90.0), (0.901, 91.0), (0.99, 99.0), (0.001, 1.0)] {
            assert_eq!(intervals.half_widths(level).unwrap(), [expected], "{level}");
        }
        let message = intervals.half_widths(0.995).unwrap_err().to_string();
        assert_eq!(message, "interval: expected at most 0.99 with 99 validation rows, found 0.995");
        assert!([0.0, 1.0, -0.5, f64::NAN].iter().all(|level| intervals.half_widths(*level).is_err()));
    }

    /// An interval from the kept errors is never narrower than the one from all.
    #[test]
    fn of_many_rows_some_are_kept() {
        for n in [999, 1000, 1234, 50_000] {
            let all: Vec<f64> = (1..=n).map(f64::from).collect();
            let intervals = Intervals::of_errors(vec![all]).unwrap();
            assert!(intervals.is_usable(1) && !intervals.is_usable(2));
            for level in [0.1, 0.5, 0.9, 0.95, 0.999] {
                let exact = ((f64::from(n) + 1.0) * level - 1e-9).ceil();
                let found = intervals.half_widths(level).unwrap()[0];
                assert!(found >= exact && found <= exact + f64::from(n) / 500.0, "{n}, {level}: {found}, {exact}");
            }
        }
    }
}
