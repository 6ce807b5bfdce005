//! Groups and parts of the samples, which a split must respect.

use std::collections::HashMap;
use std::sync::Arc;

use mfnet_table::{RowPart, Table};

use super::Dataset;
use super::time::Times;
use crate::error::{Error, Result, SplitProblem};

/// The part that a sample belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Part {
    Train,
    Validation,
    Test,
}

/// The part and the group of every sample.
#[derive(Clone, Debug, Default)]
pub(in crate::data) struct Marks {
    pub(super) parts: Option<Arc<GivenParts>>,
    pub(super) groups: Option<Arc<Groups>>,
    pub(super) times: Option<Arc<Times>>,
}

/// Parts that are given, not drawn.
#[derive(Debug)]
pub(super) struct GivenParts {
    /// The column that names the parts; `None` for the official split of a data set.
    pub(super) column: Option<String>,
    pub(super) of_samples: Vec<Part>,
}

/// Which samples stay together.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) column: String,
    /// The number of each sample's group.
    of_samples: Vec<usize>,
}

impl Marks {
    /// The marks of the samples with these indices. A selection keeps groups and times but
    /// no parts.
    pub(in crate::data) fn select(&self, samples: &[usize]) -> Self {
        let groups = self.groups.as_ref().map(|groups| {
            let of_samples = samples.iter().map(|sample| groups.of_samples[*sample]).collect();
            Arc::new(Groups { column: groups.column.clone(), of_samples })
        });
        let times = self.times.as_ref().map(|times| Arc::new(times.select(samples)));
        Marks { parts: None, groups, times }
    }
}

impl Groups {
    /// The samples of each group; groups are ordered by their first sample.
    pub(super) fn members(&self) -> Vec<Vec<usize>> {
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut place = HashMap::new();
        for (sample, group) in self.of_samples.iter().enumerate() {
            let place = *place.entry(group).or_insert(members.len());
            if place == members.len() {
                members.push(Vec::new());
            }
            members[place].push(sample);
        }
        members
    }
}

impl Dataset {
    /// Groups samples by text: samples with the same text stay in the same part of every split and
    /// fold.
    ///
    /// `column` is the name that errors and [`SplitBy::Groups`](super::SplitBy::Groups) use; it
    /// need not be a feature. A selection of samples keeps its groups.
    ///
    /// ```
    /// use mfnet::{Dataset, Fractions, Seed, Targets, Tensor};
    /// let inputs = Tensor::from_rows([[1.0, 2.0, 3.0, 4.0]]);
    /// let data = Dataset::new("visits", inputs, Targets::from_labels("ill", ["no", "yes", "no", "yes"]))?;
    /// let patients = ["Ann", "Ann", "Bob", "Bob"].map(str::to_owned);
    /// let (train, _, test) = data.grouped_by("patient", &patients)?.split(Fractions { validation: 0.0, test: 0.5 }, Seed(0))?;
    /// assert_eq!((train.samples(), test.samples(), test.groups()), (2, 2, 1));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) unless there is a text for each sample,
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) naming the first sample whose text is
    /// empty.
    pub fn grouped_by(mut self, column: &str, groups: &[String]) -> Result<Self> {
        self.check_marks("Dataset::grouped_by", groups)?;
        if let Some(sample) = groups.iter().position(|text| text.trim().is_empty()) {
            return Err(Error::in_column(&self.name, column, SplitProblem::NoGroup(Some(sample))));
        }
        let mut numbers = HashMap::new();
        let mut number = |text: &String| {
            let next = numbers.len();
            *numbers.entry(text.trim().to_owned()).or_insert(next)
        };
        let of_samples = groups.iter().map(&mut number).collect();
        self.marks.groups = Some(Arc::new(Groups { column: column.to_owned(), of_samples }));
        Ok(self)
    }

    /// Sets the part of each sample by name: train or training; validation, valid, val or dev;
    /// test, testing or holdout, in upper or lower case.
    /// [`SplitBy::Column`](super::SplitBy::Column) uses the parts. A selection of samples has no
    /// parts.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) unless there is a text for each sample.
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data), naming the first sample with another
    /// text; also if there is no training sample.
    pub fn parted_by(mut self, column: &str, texts: &[String]) -> Result<Self> {
        self.check_marks("Dataset::parted_by", texts)?;
        let of_sample = |(sample, text): (usize, &String)| match text.trim().to_lowercase().as_str() {
            "train" | "training" => Ok(Part::Train),
            "validation" | "valid" | "val" | "dev" => Ok(Part::Validation),
            "test" | "testing" | "holdout" => Ok(Part::Test),
            _ => Err(Error::in_column(&self.name, column, SplitProblem::NotAPart(text.clone(), Some(sample)))),
        };
        let of_samples = texts.iter().enumerate().map(of_sample).collect::<Result<Vec<_>>>()?;
        if !of_samples.contains(&Part::Train) {
            return Err(Error::in_column(&self.name, column, SplitProblem::NoTrainingPart));
        }
        self.marks.parts = Some(Arc::new(GivenParts { column: Some(column.to_owned()), of_samples }));
        Ok(self)
    }

    /// Whether there is an official split, as published data sets have. A selection of samples has
    /// none.
    pub fn has_official_split(&self) -> bool {
        self.marks.parts.as_ref().is_some_and(|parts| parts.column.is_none())
    }

    /// The group number of each sample, see [`Dataset::grouped_by`].
    pub fn group_numbers(&self) -> Option<&[usize]> {
        self.marks.groups.as_ref().map(|groups| &groups.of_samples[..])
    }

    /// Number of groups, see [`Dataset::grouped_by`]; 0 if samples have no groups.
    pub fn groups(&self) -> usize {
        self.marks.groups.as_ref().map_or(0, |groups| groups.members().len())
    }

    /// Sets the official part of each sample.
    pub(in crate::data) fn officially_split(mut self, official: Vec<Part>) -> Self {
        self.marks.parts = Some(Arc::new(GivenParts { column: None, of_samples: official }));
        self
    }

    /// Takes the split of the table from which the samples are, if it has one, as the official one.
    pub(crate) fn split_like(self, table: &Table) -> Self {
        let part = |part: &RowPart| match part {
            RowPart::Train => Part::Train,
            RowPart::Validation => Part::Validation,
            RowPart::Test => Part::Test,
        };
        match table.parts() {
            [] => self,
            parts => self.officially_split(parts.iter().map(part).collect()),
        }
    }

    fn check_marks(&self, operation: &'static str, texts: &[String]) -> Result<()> {
        let expected = format!("a text for each of {} samples", self.samples());
        if texts.len() == self.samples() { Ok(()) } else { Err(Error::shape(operation, expected, texts.len())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{SplitBy, Targets};
    use crate::random::Seed;
    use crate::tensor::Tensor;

    fn data() -> Dataset {
        Dataset::new("t", Tensor::from_rows([[0.0, 1.0, 2.0, 3.0]]), Targets::from_labels("class", "abab".chars()))
            .unwrap()
    }

    fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
        texts.map(str::to_owned).into()
    }

    #[test]
    fn parts_by_their_names() {
        let by = |texts: [&str; 4], validation| {
            let data = data().parted_by("set", &texts.map(str::to_owned)).unwrap();
            assert!(!data.has_official_split());
            data.split_indices(SplitBy::Column { column: "set".to_owned(), validation }, Seed(0)).unwrap()
        };
        assert_eq!(by(["Train", " test ", "VAL", "training"], None), (vec![0, 3], vec![2], vec![1]));
        assert_eq!(by(["dev", "holdout", "valid", "train"], None), (vec![3], vec![0, 2], vec![1]));
        assert_eq!(by(["Testing", "train", "validation", "train"], None), (vec![1, 3], vec![2], vec![0]));
        // those of the column count as training samples where validation samples are drawn
        assert_eq!(by(["test", "train", "train", "val"], Some(0.0)), (vec![1, 2, 3], vec![], vec![0]));
        let (train, validation, test) = by(["train", "train", "train", "train"], Some(0.5));
        assert_eq!((train.len(), validation.len(), test.len()), (2, 2, 0));
    }

    #[test]
    fn what_is_wrong_with_marks() {
        let parted = |of: &[String]| data().parted_by("set", of).unwrap_err().to_string();
        assert_eq!(
            parted(&texts(["train", "test", "tset", "?"])),
            "t, column \"set\": expected train, validation or test (or training, valid, val, dev, testing, holdout), found \"tset\" in row 2, counted from 0"
        );
        assert_eq!(
            parted(&texts(["val", "test", "test", "test"])),
            "t, column \"set\": expected at least one training row, found none"
        );
        assert_eq!(parted(&texts(["train"])), "Dataset::parted_by: expected a text for each of 4 samples, found 1");
        let grouped = |of: &[String]| data().grouped_by("patient", of).unwrap_err().to_string();
        assert_eq!(
            grouped(&texts(["a", " ", "b", "c"])),
            "t, column \"patient\": expected a group, found an empty cell in row 1, counted from 0"
        );
        assert_eq!(grouped(&texts(["a"])), "Dataset::grouped_by: expected a text for each of 4 samples, found 1");
    }

    #[test]
    fn a_selection_keeps_its_groups() {
        let data = data().grouped_by("patient", &texts(["a", "b ", "a", "b"])).unwrap();
        assert_eq!((data.groups(), data.select(&[3, 1]).unwrap().groups()), (2, 1));
        let selected = data.select(&[2, 3, 0]).unwrap();
        assert_eq!(selected.marks.groups.unwrap().members(), [vec![0, 2], vec![1]]);
    }
}
