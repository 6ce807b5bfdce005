mod folds;
mod groups;
mod marks;
mod time;

pub(super) use marks::{Marks, Part};
use serde::{Deserialize, Serialize};

use self::groups::Grouped;

use super::Dataset;
use super::targets::like_values;
use crate::error::{Error, Result, SplitProblem};
use crate::random::{Purpose, Rng, Seed};

/// The fractions of all samples for validation and test; the rest is for training.
///
/// ```
/// use mfnet::data::Fractions;
/// use mfnet::{Dataset, Seed};
/// let data = Dataset::built_in("digits")?;
/// let (train, validation, test) = data.split(Fractions { validation: 0.1, test: 0.2 }, Seed(0))?;
/// assert_eq!((train.samples(), validation.samples(), test.samples()), (1258, 180, 359));
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fractions {
    /// Fraction for choosing settings and for early stopping; 0 for none.
    pub validation: f64,
    /// Fraction for the final score; 0 for none.
    pub test: f64,
}

/// How samples are split into training, validation and test samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitBy {
    /// At random; see [`Dataset::split`].
    Fractions(Fractions),
    /// By the official split of the data set, which papers use.
    Official {
        /// Fraction of the samples outside the test part to draw for validation, as
        /// [`Dataset::split`] does; `None` for the official validation samples, which not every
        /// data set has.
        validation: Option<f64>,
    },
    /// At random, by whole groups of samples; see [`Dataset::grouped_by`].
    Groups {
        /// The column that names the groups.
        column: String,
        /// Fractions of all samples.
        fractions: Fractions,
    },
    /// By a column that names the part of each sample; see [`Dataset::parted_by`].
    Column {
        /// The name of the column.
        column: String,
        /// Fraction of the samples outside the test part to draw for validation; `None` for the
        /// validation samples of the column.
        validation: Option<f64>,
    },
    /// By time: the last samples are the test samples, and the ones before them are for validation;
    /// see [`Dataset::timed_by`].
    Time {
        /// The column of times.
        column: String,
        /// Fractions of all samples.
        fractions: Fractions,
    },
    /// By one fold of a cross-validation over time: each fold tests on samples after those that it
    /// trains on. As scikit-learn's `TimeSeriesSplit`.
    TimeFold {
        /// The column of times.
        column: String,
        /// Number of the fold, from 1.
        number: usize,
        /// Number of folds.
        of: usize,
        /// Fraction of the samples before the test samples for validation: the last ones.
        validation: f64,
    },
    /// By one fold of a cross-validation; see [`Dataset::folds`].
    Fold {
        /// Number of the fold whose samples are the test samples, from 1.
        number: usize,
        /// Number of folds.
        of: usize,
        /// Fraction of the other folds' samples to draw for validation.
        validation: f64,
        /// The column that names groups, if a group must stay in one fold.
        groups: Option<String>,
    },
}

impl SplitBy {
    /// Whether the split is random and depends on the seed; otherwise the data determine it.
    pub fn is_drawn(&self) -> bool {
        match self {
            SplitBy::Official { validation } | SplitBy::Column { validation, .. } => {
                validation.is_some_and(|x| x > 0.0)
            }
            SplitBy::Fractions(_) | SplitBy::Groups { .. } | SplitBy::Fold { .. } => true,
            SplitBy::Time { .. } | SplitBy::TimeFold { .. } => false,
        }
    }

    /// The column of text that determines the split, which is not a feature.
    pub fn column(&self) -> Option<&str> {
        match self {
            SplitBy::Groups { column, .. } | SplitBy::Column { column, .. } => Some(column),
            SplitBy::Fold { groups, .. } => groups.as_deref(),
            // times are numbers
            SplitBy::Fractions(_) | SplitBy::Official { .. } | SplitBy::Time { .. } | SplitBy::TimeFold { .. } => None,
        }
    }
}

/// The indices of the training, validation and test samples, in the order of the data.
type Parts = (Vec<usize>, Vec<usize>, Vec<usize>);

impl Dataset {
    /// Draws training, validation and test samples at random; each part is in the order of the
    /// data.
    ///
    /// - A part gets its fraction of all samples, rounded.
    /// - Classes are stratified: each part gets its share of each class, rounded so that the total
    ///   is right (largest remainders first). Each class keeps at least one training sample.
    /// - With groups ([`Dataset::grouped_by`]), whole groups are drawn until the part's size and
    ///   its share of each class are as close to the fraction as possible.
    ///
    /// The result depends only on the targets, the groups, the fractions and the seed.
    /// scikit-learn's `train_test_split` rounds the test part up, and stratifies only when asked.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) unless both fractions are
    /// at least 0 and together less than 1. [`ErrorKind::Data`](crate::error::ErrorKind::Data) if a
    /// requested part would be empty, or there are fewer groups than parts.
    pub fn split(&self, fractions: Fractions, seed: Seed) -> Result<(Dataset, Dataset, Dataset)> {
        self.split_by(SplitBy::Fractions(fractions), seed)
    }

    /// Splits the data into training, validation and test samples; each part is in the order of the
    /// data.
    ///
    /// ```
    /// use mfnet::{Dataset, Seed};
    /// use mfnet::data::SplitBy;
    /// let data = Dataset::built_in("diabetes")?;
    /// let first_fold = SplitBy::Fold { number: 1, of: 5, validation: 0.0, groups: None };
    /// let (train, _, test) = data.split_by(first_fold, Seed(0))?;
    /// assert_eq!((train.samples(), test.samples()), (353, 89));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::split`] and [`Dataset::folds`].
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) if there is no official split, or the
    /// samples have no groups or parts from this column.
    pub fn split_by(&self, by: SplitBy, seed: Seed) -> Result<(Dataset, Dataset, Dataset)> {
        let (train, validation, test) = self.split_indices(by, seed)?;
        Ok((self.selected(&train), self.selected(&validation), self.selected(&test)))
    }

    /// The indices, from 0, of the training, validation and test samples of [`Dataset::split_by`].
    ///
    /// ```
    /// use mfnet::{Dataset, Seed};
    /// use mfnet::data::{Fractions, SplitBy};
    /// let data = Dataset::built_in("digits")?;
    /// let by = SplitBy::Fractions(Fractions { validation: 0.1, test: 0.2 });
    /// let ((train, ..), (numbers, ..)) = (data.split_by(by.clone(), Seed(0))?, data.split_indices(by, Seed(0))?);
    /// assert_eq!(data.select(&numbers)?.inputs(), train.inputs());
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::split_by`].
    pub fn split_indices(&self, by: SplitBy, seed: Seed) -> Result<(Vec<usize>, Vec<usize>, Vec<usize>)> {
        let groups = self.marks.groups.as_ref().map(|groups| groups.column.as_str());
        let not_marked =
            |what, column: &str| Err(Error::data(&self.name, SplitProblem::NotMarked(what, column.to_owned())));
        match by {
            SplitBy::Groups { column, .. } | SplitBy::Fold { groups: Some(column), .. }
                if groups != Some(column.as_str()) =>
            {
                not_marked("groups", &column)
            }
            SplitBy::Fractions(fractions) | SplitBy::Groups { fractions, .. } => self.parts(fractions, seed),
            SplitBy::Official { validation } => self
                .parts_as_given(None, validation, seed)
                .unwrap_or_else(|| Err(Error::data(&self.name, SplitProblem::NoOfficialSplit))),
            SplitBy::Column { column, validation } => {
                self.parts_as_given(Some(&column), validation, seed).unwrap_or_else(|| not_marked("parts", &column))
            }
            SplitBy::Fold { number, of, validation, .. } => self.fold_parts(number, of, validation, seed),
            SplitBy::Time { column, fractions } => self.time_parts(&column, fractions),
            SplitBy::TimeFold { column, number, of, validation } => self.time_fold(&column, (number, of), validation),
        }
    }

    /// The parts that a column or the official split gives; `None` if there are none.
    fn parts_as_given(&self, column: Option<&str>, validation: Option<f64>, seed: Seed) -> Option<Result<Parts>> {
        let given = self.marks.parts.as_ref().filter(|given| given.column.as_deref() == column)?;
        let samples =
            |fits: &dyn Fn(Part) -> bool| (0..self.samples()).filter(|i| fits(given.of_samples[*i])).collect();
        let test = samples(&|part| part == Part::Test);
        let Some(validation) = validation else {
            return Some(Ok((samples(&|part| part == Part::Train), samples(&|part| part == Part::Validation), test)));
        };
        let others: Vec<usize> = samples(&|part| part != Part::Test);
        Some(self.parts_of(&others, test, validation, seed))
    }

    fn parts(&self, fractions: Fractions, seed: Seed) -> Result<Parts> {
        check(fractions)?;
        let Fractions { validation, test } = fractions;
        let mut rng = seed.stream(Purpose::Split);
        if let Some(grouped) = Grouped::of(self) {
            return grouped.parts(fractions, &mut rng);
        }
        let mut strata = self.strata(&mut rng);
        let of_test = take(&mut strata, test);
        // the fraction refers to all samples; relative to the remaining ones it is larger
        let of_validation = take(&mut strata, validation / (1.0 - test));
        let mut parts = [strata.concat(), of_validation, of_test];
        let asked = [("training", 1.0 - validation - test), ("validation", validation), ("test", test)];
        for (samples, (part, fraction)) in parts.iter_mut().zip(asked) {
            samples.sort_unstable();
            if samples.is_empty() && fraction > 0.0 {
                let (rows, classes) = (self.samples(), self.classes());
                let problem = match classes > 0 && rounded(fraction, rows) > 0 {
                    true => SplitProblem::RareClasses { part, rows, classes, like_values: like_values(self.labels()) },
                    false => SplitProblem::EmptyPart { part, rows, fraction },
                };
                return Err(Error::data(&self.name, problem));
            }
        }
        Ok(parts.into())
    }

    /// The samples of each class, shuffled; for a regression all samples as one class.
    fn strata(&self, rng: &mut Rng) -> Vec<Vec<usize>> {
        let mut strata = vec![Vec::new(); self.classes().max(1)];
        (0..self.samples()).for_each(|sample| strata[self.targets.class(sample)].push(sample));
        strata.iter_mut().for_each(|stratum| rng.shuffle(stratum));
        strata
    }
}

/// Refuses fractions that are none, or that leave no training samples.
fn check(Fractions { validation, test }: Fractions) -> Result<()> {
    for (name, fraction) in [("validation fraction", validation), ("test fraction", test)] {
        if !(0.0..1.0).contains(&fraction) {
            return Err(Error::invalid(name, "a number from 0 to less than 1", fraction));
        }
    }
    if validation + test >= 1.0 {
        let expected = "less than 1, so that training rows are left";
        return Err(Error::invalid("validation and test fraction together", expected, validation + test));
    }
    Ok(())
}

/// Removes `fraction` of all samples, rounded, from the strata: from each stratum its share.
fn take(strata: &mut [Vec<usize>], fraction: f64) -> Vec<usize> {
    let total = rounded(fraction, strata.iter().map(Vec::len).sum());
    let share = |stratum: &Vec<usize>| fraction * stratum.len() as f64;
    let mut counts: Vec<usize> = strata.iter().map(|stratum| share(stratum) as usize).collect();
    let mut by_remainder: Vec<usize> = (0..strata.len()).collect();
    let remainder = |i: usize| share(&strata[i]) - share(&strata[i]).floor();
    by_remainder.sort_by(|a, b| remainder(*b).total_cmp(&remainder(*a)));
    let missing = total.saturating_sub(counts.iter().sum());
    // at least one sample stays in each stratum
    for i in by_remainder.into_iter().filter(|i| counts[*i] + 1 < strata[*i].len()).take(missing).collect::<Vec<_>>() {
        counts[i] += 1;
    }
    strata.iter_mut().zip(counts).flat_map(|(stratum, count)| stratum.split_off(stratum.len() - count)).collect()
}

fn rounded(fraction: f64, of: usize) -> usize {
    (fraction * of as f64).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Targets;
    use crate::tensor::Tensor;

    /// Ten samples whose only feature is their number: 6 training, 2 validation, 2 test.
    fn data() -> Dataset {
        let x = Tensor::from_rows([[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]]);
        let targets = Targets::from_labels("class", "ababababab".chars());
        use Part::{Test, Train, Validation};
        let official = vec![Train, Test, Train, Validation, Train, Train, Validation, Train, Train, Test];
        Dataset::new("t", x, targets).unwrap().officially_split(official)
    }

    fn numbers(data: &Dataset) -> Vec<f64> {
        data.inputs().iter().copied().collect()
    }

    #[test]
    fn the_official_split() {
        let data = data();
        let (train, validation, test) = data.split_by(SplitBy::Official { validation: None }, Seed(1)).unwrap();
        assert_eq!(numbers(&train), [0.0, 2.0, 4.0, 5.0, 7.0, 8.0]);
        assert_eq!((numbers(&validation), numbers(&test)), (vec![3.0, 6.0], vec![1.0, 9.0]));
        let (train, validation, test) = data.split_by(SplitBy::Official { validation: Some(0.0) }, Seed(1)).unwrap();
        assert_eq!(numbers(&train), [0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!((validation.samples(), numbers(&test)), (0, vec![1.0, 9.0]));
        let split = |seed| data.split_by(SplitBy::Official { validation: Some(0.25) }, Seed(seed)).unwrap();
        let (train, validation, test) = split(1);
        assert_eq!((train.samples(), numbers(&test)), (6, vec![1.0, 9.0]));
        // a seed draws the same samples again, and 5 a and 3 b give one each
        assert_eq!(numbers(&validation), numbers(&split(1).1));
        let Targets::Classes { indices, .. } = validation.targets() else { panic!("classes") };
        assert!(indices.contains(&0) && indices.contains(&1));
        assert!((2..9).any(|seed| numbers(&split(seed).1) != numbers(&validation)));
        let error = data.split_by(SplitBy::Official { validation: Some(1.0) }, Seed(1)).unwrap_err().to_string();
        assert_eq!(error, "validation fraction: expected a number from 0 to less than 1, found 1");
        let error = train.split_by(SplitBy::Official { validation: None }, Seed(1)).unwrap_err().to_string();
        assert_eq!(error, "t: the data set has no official split");
    }
}
