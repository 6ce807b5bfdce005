//! Splits and folds of whole groups. Each part gets its share of every class as closely as the
//! groups allow.

use std::cmp::Reverse;
use std::convert::Infallible;

use super::{Dataset, Fractions, Parts};
use crate::error::{Error, SplitProblem};
use crate::random::Rng;

/// Number of random draws; the one closest to the shares is used.
const DRAWS: usize = 16;

/// The samples of a data set by group.
pub(super) struct Grouped<'a> {
    name: &'a str,
    column: &'a str,
    groups: Vec<Group>,
    /// Number of samples of each class; for a regression, of all samples.
    totals: Vec<f64>,
}

/// Samples that stay together.
struct Group {
    samples: Vec<usize>,
    /// The classes in the group, with the number of samples of each.
    classes: Vec<(usize, f64)>,
}

impl Group {
    fn len(&self) -> f64 {
        self.samples.len() as f64
    }
}

impl<'a> Grouped<'a> {
    /// `None` if the samples have no groups.
    pub(super) fn of(data: &'a Dataset) -> Option<Self> {
        let marks = data.marks.groups.as_ref()?;
        let mut totals = vec![0.0; data.classes().max(1)];
        let group = |samples: Vec<usize>| {
            let mut classes: Vec<usize> = samples.iter().map(|sample| data.targets.class(*sample)).collect();
            classes.sort_unstable();
            let classes = classes.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as f64)).collect();
            Group { samples, classes }
        };
        let groups: Vec<Group> = marks.members().into_iter().map(group).collect();
        groups.iter().flat_map(|group| &group.classes).for_each(|(class, count)| totals[*class] += count);
        Some(Grouped { name: &data.name, column: &marks.column, groups, totals })
    }

    /// Training, validation and test samples.
    pub(super) fn parts(&self, fractions: Fractions, rng: &mut Rng) -> Result<Parts, Error> {
        let shares = [("test", fractions.test), ("validation", fractions.validation)];
        self.check_count("parts", 1 + shares.iter().filter(|(_, share)| *share > 0.0).count())?;
        let nearest = nearest(|| self.draw(shares, rng));
        let part_of = nearest.map_err(|part| {
            let problem = SplitProblem::NoGroupToSpare { part, groups: self.groups.len() };
            Error::in_column(self.name, self.column, problem)
        })?;
        let [train, test, validation] = [0, 1, 2].map(|part| self.samples(&part_of, part));
        Ok((train, validation, test))
    }

    /// The test samples of each of `count` folds.
    pub(super) fn folds(&self, count: usize, rng: &mut Rng) -> Result<Vec<Vec<usize>>, Error> {
        self.check_count("folds", count)?;
        let Ok(fold_of) = nearest(|| Ok::<_, Infallible>(self.draw_folds(count, rng)));
        Ok((0..count).map(|fold| self.samples(&fold_of, fold)).collect())
    }

    /// The fold of each group, and the total distance from the shares. Groups come in random order,
    /// larger ones first (by powers of two). Each goes to the fold that is then closest to its
    /// share, as in scikit-learn's `StratifiedGroupKFold`.
    fn draw_folds(&self, count: usize, rng: &mut Rng) -> (Vec<usize>, f64) {
        let mut order: Vec<usize> = (0..self.groups.len()).collect();
        rng.shuffle(&mut order);
        order.sort_by_key(|group| Reverse(self.groups[*group].samples.len().ilog2()));
        let mut folds: Vec<Part<'_>> = (0..count).map(|_| Part::new(&self.totals, 1.0 / count as f64)).collect();
        let mut fold_of = vec![0; self.groups.len()];
        for group in order {
            let change = |fold: &usize| folds[*fold].change(&self.groups[group], 1.0, true);
            let nearest = (0..count).min_by(|a, b| change(a).total_cmp(&change(b))).unwrap_or(0);
            folds[nearest].add(&self.groups[group], 1.0);
            fold_of[group] = nearest;
        }
        (fold_of, folds.iter().map(Part::distance).sum())
    }

    fn check_count(&self, what: &'static str, needed: usize) -> Result<(), Error> {
        let groups = self.groups.len();
        match groups < needed {
            true => Err(Error::in_column(self.name, self.column, SplitProblem::FewGroups { groups, what, needed })),
            false => Ok(()),
        }
    }

    /// The samples of the groups in a part, in the order of the data.
    fn samples(&self, part_of: &[usize], part: usize) -> Vec<usize> {
        let groups = self.groups.iter().zip(part_of).filter(|(_, of)| **of == part);
        let mut samples: Vec<usize> = groups.flat_map(|(group, _)| group.samples.iter().copied()).collect();
        samples.sort_unstable();
        samples
    }

    /// The part of each group (0 for training) and the total distance from the shares; or an error
    /// with the part for which no group can be spared.
    ///
    /// Groups come in random order, twice. First, a group joins a part if that brings the part
    /// closer to its share of each class. Then it joins or leaves if that also brings the part
    /// closer to its share of all samples. A group stays in training if it is the last one there
    /// with one of its classes.
    fn draw(&self, shares: [(&'static str, f64); 2], rng: &mut Rng) -> Result<(Vec<usize>, f64), &'static str> {
        let mut part_of = vec![0; self.groups.len()];
        let mut left = Left::all_of(self);
        let mut distance = 0.0;
        let mut wanted = shares.iter().filter(|(_, share)| *share > 0.0).count() as f64;
        for (number, (name, share)) in (1..).zip(shares).filter(|(_, (_, share))| *share > 0.0) {
            let mut order: Vec<usize> = (0..self.groups.len()).filter(|group| part_of[*group] == 0).collect();
            rng.shuffle(&mut order);
            let mut part = Part::new(&self.totals, share);
            for all_samples_too in [false, true] {
                for i in &order {
                    let (group, sign) = (&self.groups[*i], if part_of[*i] == 0 { 1.0 } else { -1.0 });
                    let may = sign < 0.0 || left.can_spare(group, wanted);
                    if may && part.change(group, sign, all_samples_too) < 0.0 {
                        part.add(group, sign);
                        left.take(group, sign);
                        part_of[*i] = if sign > 0.0 { number } else { 0 };
                    }
                }
            }
            if order.iter().all(|i| part_of[*i] == 0) {
                let change = |i: &usize| part.change(&self.groups[*i], 1.0, true);
                let spare = order.iter().copied().filter(|i| left.can_spare(&self.groups[*i], wanted));
                let least = spare.min_by(|a, b| change(a).total_cmp(&change(b))).ok_or(name)?;
                part.add(&self.groups[least], 1.0);
                left.take(&self.groups[least], 1.0);
                part_of[least] = number;
            }
            distance += part.distance();
            wanted -= 1.0;
        }
        Ok((part_of, distance))
    }
}

/// Draws several times and keeps the draw that is closest to its shares.
fn nearest<E>(mut draw: impl FnMut() -> Result<(Vec<usize>, f64), E>) -> Result<Vec<usize>, E> {
    let distance = |draw: &Result<(Vec<usize>, f64), E>| draw.as_ref().map_or(f64::INFINITY, |(_, x)| *x);
    let nearest = (1..DRAWS).fold(draw(), |nearest, _| {
        let other = draw();
        if distance(&other) < distance(&nearest) { other } else { nearest }
    });
    nearest.map(|(part_of, _)| part_of)
}

/// The groups that are left for training.
struct Left {
    groups: f64,
    /// For each class, the number of groups that contain it.
    with_class: Vec<f64>,
}

impl Left {
    fn all_of(grouped: &Grouped<'_>) -> Self {
        let mut left = Left { groups: 0.0, with_class: vec![0.0; grouped.totals.len()] };
        grouped.groups.iter().for_each(|group| left.take(group, -1.0));
        left
    }

    /// Whether, without this group, a group is left for each of the other `wanted` parts, and one
    /// with each class for training.
    fn can_spare(&self, group: &Group, wanted: f64) -> bool {
        self.groups > wanted && group.classes.iter().all(|(class, _)| self.with_class[*class] > 1.0)
    }

    /// Takes a group out, or puts it back if `sign` is −1.
    fn take(&mut self, group: &Group, sign: f64) {
        self.groups -= sign;
        group.classes.iter().for_each(|(class, _)| self.with_class[*class] -= sign);
    }
}

/// By how many samples a part or fold exceeds its share, for each class and in total.
///
/// Its distance from the share s is χ², in which the total counts as one more class with the weight
/// of all the others. With nᵢ samples of class i and N in all, of which mᵢ and M are in the part:
///
/// ```text
/// d = 1/s (Σᵢ (mᵢ − s nᵢ)²/nᵢ + k (M − s N)²/N),   k the number of classes
/// ```
struct Part<'a> {
    share: f64,
    totals: &'a [f64],
    all: f64,
    over: Vec<f64>,
    over_all: f64,
}

impl<'a> Part<'a> {
    /// A part without samples.
    fn new(totals: &'a [f64], share: f64) -> Self {
        let all = totals.iter().sum::<f64>();
        Part { share, totals, all, over: totals.iter().map(|total| -share * total).collect(), over_all: -share * all }
    }

    fn distance(&self) -> f64 {
        let squares = self
            .over
            .iter()
            .zip(self.totals)
            .filter(|(_, total)| **total > 0.0)
            .map(|(over, total)| over * over / total);
        (squares.sum::<f64>() + self.totals.len() as f64 * self.over_all * self.over_all / self.all) / self.share
    }

    /// The growth of s d when a group joins, or leaves if `sign` is −1: (m + g)² − m² = g (2 m +
    /// g).
    fn change(&self, group: &Group, sign: f64, all_samples_too: bool) -> f64 {
        let growth = |over: f64, count: f64, total: f64| count * (2.0 * sign * over + count) / total;
        let of_classes =
            group.classes.iter().map(|(class, count)| growth(self.over[*class], *count, self.totals[*class]));
        let of_all = growth(self.over_all, group.len(), self.all);
        of_classes.sum::<f64>() + if all_samples_too { self.totals.len() as f64 * of_all } else { 0.0 }
    }

    fn add(&mut self, group: &Group, sign: f64) {
        group.classes.iter().for_each(|(class, count)| self.over[*class] += sign * count);
        self.over_all += sign * group.len();
    }
}
