//! Splits by time: the last samples are the test samples.

use std::sync::Arc;

use super::{Dataset, Fractions, Parts, check, rounded};
use crate::error::{Error, Result, SplitProblem};

/// When each sample was taken.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) column: String,
    of_samples: Vec<f64>,
}

impl Times {
    pub(super) fn select(&self, samples: &[usize]) -> Self {
        Times { column: self.column.clone(), of_samples: samples.iter().map(|i| self.of_samples[*i]).collect() }
    }
}

impl Dataset {
    /// Says when each sample was taken, in any unit. [`SplitBy::Time`](super::SplitBy::Time) and
    /// [`SplitBy::TimeFold`](super::SplitBy::TimeFold) use it. `column` is the name that errors use;
    /// it need not be a feature. A selection of samples keeps its times.
    ///
    /// ```
    /// use mfnet::data::{Fractions, SplitBy};
    /// use mfnet::{Dataset, Seed, Targets, Tensor};
    /// let inputs = Tensor::from_rows([[1.0, 2.0, 3.0, 4.0]]);
    /// let data = Dataset::new("sales", inputs, Targets::from_labels("open", ["no", "yes", "no", "yes"]))?;
    /// let data = data.timed_by("year", &[2021.0, 2024.0, 2023.0, 2022.0])?;
    /// let by = SplitBy::Time { column: "year".to_owned(), fractions: Fractions { validation: 0.25, test: 0.25 } };
    /// let (train, validation, test) = data.split_indices(by, Seed(0))?;
    /// assert_eq!((train, validation, test), (vec![0, 3], vec![2], vec![1]));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) unless there is a time for each sample,
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) naming the first sample whose time is not a
    /// finite number.
    pub fn timed_by(mut self, column: &str, times: &[f64]) -> Result<Self> {
        if times.len() != self.samples() {
            let expected = format!("a time for each of {} samples", self.samples());
            return Err(Error::shape("Dataset::timed_by", expected, times.len()));
        }
        if let Some(sample) = times.iter().position(|time| !time.is_finite()) {
            return Err(Error::in_column(&self.name, column, SplitProblem::NoTime(Some(sample))));
        }
        self.marks.times = Some(Arc::new(Times { column: column.to_owned(), of_samples: times.to_vec() }));
        Ok(self)
    }

    /// The samples of a split by time. Samples of one time stay in one part, the later one.
    pub(super) fn time_parts(&self, column: &str, fractions: Fractions) -> Result<Parts> {
        check(fractions)?;
        let Fractions { validation, test } = fractions;
        let times = self.times(column)?;
        let order = times.order();
        let of_test = times.border(&order, order.len() - rounded(test, order.len()));
        let of_validation = times.border(&order, of_test.saturating_sub(rounded(validation, order.len())));
        let parts = [&order[..of_validation], &order[of_validation..of_test], &order[of_test..]];
        let asked = [("training", 1.0 - validation - test), ("validation", validation), ("test", test)];
        let wanted = asked.iter().filter(|(_, fraction)| *fraction > 0.0).count();
        if parts.iter().filter(|samples| !samples.is_empty()).count() < wanted && times.count(&order) < 2 * wanted {
            return Err(Error::data(&self.name, SplitProblem::FewTimes(times.count(&order), wanted)));
        }
        for (samples, (part, fraction)) in parts.iter().zip(asked) {
            if samples.is_empty() && fraction > 0.0 {
                return Err(Error::data(&self.name, SplitProblem::EmptyPart { part, rows: order.len(), fraction }));
            }
        }
        Ok(parts.map(sorted).into())
    }

    /// The samples of a fold of a cross-validation over time, as scikit-learn's `TimeSeriesSplit`: the
    /// samples are cut into one part more than there are folds. Fold k tests on part k + 1, and trains
    /// on all parts before it, whose last samples are for validation.
    pub(super) fn time_fold(&self, column: &str, (number, of): (usize, usize), validation: f64) -> Result<Parts> {
        check(Fractions { validation, test: 0.0 })?;
        let times = self.times(column)?;
        if of < 2 {
            return Err(Error::invalid("folds", "at least 2", of));
        }
        if !(1..=of).contains(&number) {
            return Err(Error::invalid("fold", format!("a number from 1 to {of}"), number));
        }
        let order = times.order();
        // a file may ask for any number of folds
        let size = order.len() / of.saturating_add(1);
        let border = |at: usize| times.border(&order, at);
        let first = order.len() - (of - number + 1) * size;
        let (start, end) = (border(first), border(first + size));
        let of_validation = border(start - rounded(validation, start));
        let parts = of.saturating_add(1);
        if size == 0 {
            return Err(Error::data(&self.name, SplitProblem::FewRows(order.len(), parts)));
        }
        if of_validation == 0 || start == end {
            return Err(Error::data(&self.name, SplitProblem::FewTimes(times.count(&order), parts)));
        }
        let parts = [&order[..of_validation], &order[of_validation..start], &order[start..end]];
        Ok(parts.map(sorted).into())
    }
}

impl Dataset {
    fn times(&self, column: &str) -> Result<&Times> {
        let times = self.marks.times.as_deref().filter(|times| times.column == column);
        times.ok_or_else(|| Error::data(&self.name, SplitProblem::NotMarked("times", column.to_owned())))
    }
}

impl Times {
    /// The samples in the order of their times; those of one time in the order of the data.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.of_samples.len()).collect();
        order.sort_by(|i, j| self.of_samples[*i].total_cmp(&self.of_samples[*j]));
        order
    }

    /// Number of different times.
    fn count(&self, order: &[usize]) -> usize {
        let changes = order.windows(2).filter(|pair| self.of_samples[pair[0]] != self.of_samples[pair[1]]);
        changes.count() + usize::from(!order.is_empty())
    }

    /// A border at this place of the order or before it, so that no time is on both sides.
    fn border(&self, order: &[usize], mut at: usize) -> usize {
        while at > 0 && at < order.len() && self.of_samples[order[at - 1]] == self.of_samples[order[at]] {
            at -= 1;
        }
        at
    }
}

/// The samples in the order of the data.
fn sorted(samples: &[usize]) -> Vec<usize> {
    let mut samples = samples.to_vec();
    samples.sort_unstable();
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{SplitBy, Targets};
    use crate::random::Seed;
    use crate::tensor::Tensor;

    fn data(times: &[f64]) -> Dataset {
        let x = Tensor::from_fn(1, times.len(), |_, j| j as f64);
        let targets = Targets::Values { columns: vec!["y".into()], values: (&x).into() };
        Dataset::new("t", x, targets).unwrap().timed_by("day", times).unwrap()
    }

    fn by(validation: f64, test: f64) -> SplitBy {
        SplitBy::Time { column: "day".to_owned(), fractions: Fractions { validation, test } }
    }

    #[test]
    fn the_last_samples_are_tested() {
        let times = [5.0, 1.0, 9.0, 3.0, 7.0, 2.0, 8.0, 4.0, 6.0, 0.0];
        for seed in [0, 7] {
            let (train, validation, test) = data(&times).split_indices(by(0.2, 0.3), Seed(seed)).unwrap();
            assert_eq!((train, validation, test), (vec![1, 3, 5, 7, 9], vec![0, 8], vec![2, 4, 6]));
        }
        // no time is in two parts: the border moves to the earlier time
        let (train, _, test) = data(&[1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 3.0]).split_indices(by(0.0, 0.4), Seed(0)).unwrap();
        assert_eq!((train, test), (vec![0, 1], vec![2, 3, 4, 5, 6]));
        let error = data(&[1.0; 10]).split_indices(by(0.0, 0.4), Seed(0)).unwrap_err().to_string();
        assert_eq!(error, "t: found too few different times for 2 parts: 1; rows of one time stay together");
        let other = SplitBy::Time { column: "hour".to_owned(), fractions: Fractions { validation: 0.0, test: 0.5 } };
        let error = data(&times).split_indices(other, Seed(0)).unwrap_err().to_string();
        assert_eq!(error, "t: the split needs the times of the column \"hour\", but the rows have none");
    }

    /// `TimeSeriesSplit(n_splits=3).split(range(11))` of scikit-learn 1.9.
    #[test]
    fn folds_of_scikit_learn() {
        let times: Vec<f64> = (0..11).map(f64::from).collect();
        let expected = [(5, [5, 6]), (7, [7, 8]), (9, [9, 10])];
        for (number, (train, test)) in (1..).zip(expected) {
            let fold = SplitBy::TimeFold { column: "day".to_owned(), number, of: 3, validation: 0.0 };
            let parts = data(&times).split_indices(fold, Seed(0)).unwrap();
            assert_eq!(parts, ((0..train).collect(), vec![], test.to_vec()), "fold {number}");
        }
        let fold = SplitBy::TimeFold { column: "day".to_owned(), number: 2, of: 3, validation: 0.3 };
        let parts = data(&times).split_indices(fold, Seed(0)).unwrap();
        assert_eq!(parts, ((0..5).collect(), vec![5, 6], vec![7, 8]));
        let few = SplitBy::TimeFold { column: "day".to_owned(), number: 1, of: 20, validation: 0.0 };
        let error = data(&times).split_indices(few, Seed(0)).unwrap_err().to_string();
        assert_eq!(error, "t: expected at least 21 rows, one for each fold, found 11");
        let all = SplitBy::TimeFold { column: "day".to_owned(), number: 1, of: usize::MAX, validation: 0.0 };
        assert!(data(&times).split_indices(all, Seed(0)).is_err());
    }

    #[test]
    fn times_that_are_none() {
        let data = || data(&[1.0, 2.0]);
        let error = |times: &[f64]| data().timed_by("day", times).unwrap_err().to_string();
        assert_eq!(error(&[1.0]), "Dataset::timed_by: expected a time for each of 2 samples, found 1");
        assert_eq!(
            error(&[1.0, f64::NAN]),
            "t, column \"day\": expected a time, found an empty cell in row 1, counted from 0"
        );
    }
}
