//! The folds of a cross-validation.

use super::groups::Grouped;
use super::{Dataset, Fractions, Parts};
use crate::error::{Error, Result, SplitProblem};
use crate::random::{Purpose, Seed};

impl Dataset {
    /// The indices of the training and the test samples of each of `count` folds, in the order of
    /// the data. Every sample is a test sample in exactly one fold.
    ///
    /// - The sizes of the folds differ by at most one sample.
    /// - Classes are stratified: the numbers of a class in two folds differ by at most one.
    /// - With groups ([`Dataset::grouped_by`]), sizes and shares are as close to that as whole
    ///   groups allow.
    ///
    /// The result depends only on targets, groups, count and seed. The method is that of
    /// scikit-learn's `StratifiedKFold`, `KFold` and `StratifiedGroupKFold`, shuffled, but the
    /// samples drawn differ.
    ///
    /// ```
    /// use mfnet::{Dataset, Seed};
    /// let data = Dataset::built_in("digits")?;
    /// for (train, test) in data.folds(5, Seed(0))? {
    ///     assert_eq!(train.len() + test.len(), 1797);
    ///     assert!((359..=360).contains(&test.len()));
    /// }
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for fewer than 2 folds.
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) for more folds than samples or groups.
    pub fn folds(&self, count: usize, seed: Seed) -> Result<Vec<(Vec<usize>, Vec<usize>)>> {
        if count < 2 {
            return Err(Error::invalid("folds", "at least 2", count));
        }
        let mut rng = seed.stream(Purpose::Split);
        let tests = match Grouped::of(self) {
            Some(grouped) => grouped.folds(count, &mut rng)?,
            None if self.samples() < count => {
                return Err(Error::data(&self.name, SplitProblem::FewRows(self.samples(), count)));
            }
            None => {
                // deal out the samples class after class
                let samples = self.strata(&mut rng).concat();
                let fold = |fold| samples.iter().copied().skip(fold).step_by(count).collect();
                (0..count).map(fold).collect::<Vec<Vec<usize>>>()
            }
        };
        let with_training = |mut test: Vec<usize>| {
            test.sort_unstable();
            let train = (0..self.samples()).filter(|sample| test.binary_search(sample).is_err()).collect();
            (train, test)
        };
        Ok(tests.into_iter().map(with_training).collect())
    }

    /// The parts of one fold, counted from 1; the validation samples are drawn from the training
    /// samples.
    pub(super) fn fold_parts(&self, number: usize, of: usize, validation: f64, seed: Seed) -> Result<Parts> {
        let mut folds = self.folds(of, seed)?;
        if !(1..=of).contains(&number) {
            return Err(Error::invalid("fold", format!("a number from 1 to {of}"), number));
        }
        let (others, test) = folds.swap_remove(number - 1);
        self.parts_of(&others, test, validation, seed)
    }

    /// Draws validation samples from `others`; the rest is for training.
    pub(super) fn parts_of(&self, others: &[usize], test: Vec<usize>, validation: f64, seed: Seed) -> Result<Parts> {
        let (train, validation, _) = self.selected(others).parts(Fractions { validation, test: 0.0 }, seed)?;
        let of_all = |samples: Vec<usize>| samples.into_iter().map(|i| others[i]).collect();
        Ok((of_all(train), of_all(validation), test))
    }
}
