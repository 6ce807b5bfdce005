use serde::{Deserialize, Serialize};

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

/// The numbers of the samples of each part, in the order of the data.
pub(super) struct Parts {
    pub(super) train: Vec<usize>,
    pub(super) validation: Vec<usize>,
    pub(super) test: Vec<usize>,
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
        let Parts { train, validation, test } = self.parts(fractions, seed)?;
        Ok((self.selected(&train), self.selected(&validation), self.selected(&test)))
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
                return Err(Error::data(&self.name, DataProblem::EmptyPart { part, rows: self.samples(), fraction }));
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
    let total = (fraction * strata.iter().map(Vec::len).sum::<usize>() as f64).round() as usize;
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
