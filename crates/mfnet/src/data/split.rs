use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::targets::like_values;
use super::{Dataset, Targets};
use crate::error::{DataProblem, Error, Result};
use crate::random::{Purpose, Rng, Seed};

/// Which fractions of all samples are kept from training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fractions {
    /// For choosing among settings and for stopping early; 0 for none.
    pub validation: f64,
    /// For the final score; 0 for none.
    pub test: f64,
}

/// By what the samples are divided into training, validation and test samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitBy {
    /// At random; see [`Dataset::split`].
    Fractions(Fractions),
    /// By the data set's official split, on which papers report.
    Official {
        /// The fraction of all samples but the test's that is drawn for validation as [`Dataset::split`] draws it; none for the official
        /// validation samples, which not every data set has.
        validation: Option<f64>,
    },
}

/// The part that a sample belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Train,
    Validation,
    Test,
}

/// The numbers of the samples of each part, in the order of the data.
struct Parts {
    train: Vec<usize>,
    validation: Vec<usize>,
    test: Vec<usize>,
}

impl Dataset {
    /// Training, validation and test samples, drawn at random; each part in the order of the data.
    ///
    /// A part gets its fraction of all samples, rounded. Classes are stratified: each class gives each part its share, rounded so that the
    /// total is met (largest remainders first), and keeps at least one training sample. A function of the data's targets, fractions
    /// and seed alone. scikit-learn's `train_test_split` rounds the test part up, and stratifies only when asked.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless both fractions are at least 0 and together below 1; [`Error::Data`] if a part that was asked for
    /// would have no sample.
    pub fn split(&self, fractions: Fractions, seed: Seed) -> Result<(Dataset, Dataset, Dataset)> {
        self.split_by(SplitBy::Fractions(fractions), seed)
    }

    /// Training, validation and test samples, by fractions or by the official split; each part in the order of the data.
    ///
    /// # Errors
    /// As [`Dataset::split`], and [`Error::Data`] if there is no official split.
    pub fn split_by(&self, by: SplitBy, seed: Seed) -> Result<(Dataset, Dataset, Dataset)> {
        let (train, validation, test) = self.split_numbers(by, seed)?;
        Ok((self.selected(&train), self.selected(&validation), self.selected(&test)))
    }

    /// The numbers, from 0, that the training, validation and test samples of [`Dataset::split_by`] have in these data.
    ///
    /// ```
    /// use mfnet::{Dataset, Fractions, Seed, SplitBy};
    /// let data = Dataset::built_in("digits")?;
    /// let by = SplitBy::Fractions(Fractions { validation: 0.1, test: 0.2 });
    /// let ((train, ..), (numbers, ..)) = (data.split_by(by, Seed(0))?, data.split_numbers(by, Seed(0))?);
    /// assert_eq!(data.select(&numbers)?.inputs(), train.inputs());
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::split_by`].
    pub fn split_numbers(&self, by: SplitBy, seed: Seed) -> Result<(Vec<usize>, Vec<usize>, Vec<usize>)> {
        let Parts { train, validation, test } = match by {
            SplitBy::Fractions(fractions) => self.parts(fractions, seed)?,
            SplitBy::Official { validation } => self.official_parts(validation, seed)?,
        };
        Ok((train, validation, test))
    }

    /// Whether there is an official split: for data sets that the library knows by name, as they were read. A selection of samples
    /// has none.
    pub fn has_official_split(&self) -> bool {
        self.official.is_some()
    }

    /// The same data with a part for each sample.
    pub(super) fn officially_split(mut self, official: Vec<Part>) -> Self {
        self.official = Some(Arc::new(official));
        self
    }

    fn official_parts(&self, validation: Option<f64>, seed: Seed) -> Result<Parts> {
        let official = self.official.as_ref();
        let official = official.ok_or_else(|| Error::data(&self.name, DataProblem::NoOfficialSplit))?;
        let samples = |fits: &dyn Fn(Part) -> bool| (0..self.samples()).filter(|i| fits(official[*i])).collect();
        let test = samples(&|part| part == Part::Test);
        let Some(validation) = validation else {
            let (train, validation) = (samples(&|part| part == Part::Train), samples(&|part| part == Part::Validation));
            return Ok(Parts { train, validation, test });
        };
        let others: Vec<usize> = samples(&|part| part != Part::Test);
        let parts = self.selected(&others).parts(Fractions { validation, test: 0.0 }, seed)?;
        let of_all = |samples: Vec<usize>| samples.into_iter().map(|i| others[i]).collect();
        Ok(Parts { train: of_all(parts.train), validation: of_all(parts.validation), test })
    }

    fn parts(&self, fractions: Fractions, seed: Seed) -> Result<Parts> {
        let Fractions { validation, test } = fractions;
        for (name, fraction) in [("validation fraction", validation), ("test fraction", test)] {
            if !(0.0..1.0).contains(&fraction) {
                return Err(Error::invalid(name, "a number from 0 to less than 1", fraction));
            }
        }
        if validation + test >= 1.0 {
            let expected = "less than 1, so that training rows are left";
            return Err(Error::invalid("validation and test fraction together", expected, validation + test));
        }
        let mut rng = seed.stream(Purpose::Split);
        let mut strata = self.strata(&mut rng);
        let mut parts = Parts { test: take(&mut strata, test), validation: Vec::new(), train: Vec::new() };
        // the fraction is of all samples: of what is left it is more
        parts.validation = take(&mut strata, validation / (1.0 - test));
        parts.train = strata.concat();
        let asked = [
            ("training", &mut parts.train, 1.0 - validation - test),
            ("validation", &mut parts.validation, validation),
            ("test", &mut parts.test, test),
        ];
        for (part, samples, fraction) in asked {
            samples.sort_unstable();
            if samples.is_empty() && fraction > 0.0 {
                let (rows, classes) = (self.samples(), self.classes());
                let problem = match classes > 0 && rounded(fraction, rows) > 0 {
                    true => DataProblem::RareClasses { part, rows, classes, like_values: like_values(self.labels()) },
                    false => DataProblem::EmptyPart { part, rows, fraction },
                };
                return Err(Error::data(&self.name, problem));
            }
        }
        Ok(parts)
    }

    /// The samples of each class in random order; of a regression all samples.
    fn strata(&self, rng: &mut Rng) -> Vec<Vec<usize>> {
        let mut strata = vec![Vec::new(); self.classes().max(1)];
        for sample in 0..self.samples() {
            let stratum = if let Targets::Classes { indices, .. } = &self.targets { indices[sample] } else { 0 };
            strata[stratum].push(sample);
        }
        strata.iter_mut().for_each(|stratum| rng.shuffle(stratum));
        strata
    }
}

/// Takes `fraction` of all samples out of the strata, rounded, from each its share.
fn take(strata: &mut [Vec<usize>], fraction: f64) -> Vec<usize> {
    let total = rounded(fraction, strata.iter().map(Vec::len).sum());
    let share = |stratum: &Vec<usize>| fraction * stratum.len() as f64;
    let mut counts: Vec<usize> = strata.iter().map(|stratum| share(stratum) as usize).collect();
    let mut by_remainder: Vec<usize> = (0..strata.len()).collect();
    let remainder = |i: usize| share(&strata[i]) - share(&strata[i]).floor();
    by_remainder.sort_by(|a, b| remainder(*b).total_cmp(&remainder(*a)));
    let missing = total.saturating_sub(counts.iter().sum());
    // a stratum is never taken whole
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
