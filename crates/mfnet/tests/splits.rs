//! Splits and folds: every sample once, no group on two sides, shares as near as groups allow, and a function of the seed.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use mfnet::data::{Fractions, SplitBy};
use mfnet::{Dataset, Seed, Targets, Tensor};
use proptest::collection::vec;
use proptest::prelude::*;

type Parts = (Vec<usize>, Vec<usize>, Vec<usize>);

/// One feature, its numbers made from `salt`.
fn inputs(samples: usize, salt: u64) -> Tensor {
    Tensor::from_fn(1, samples, |_, j| (j as u64 * 31 % 17 + salt) as f64)
}

fn classes(labels: &[char], salt: u64) -> Dataset {
    Dataset::new("t", inputs(labels.len(), salt), Targets::from_labels("class", labels.iter().copied())).unwrap()
}

fn values(samples: usize) -> Dataset {
    let values = Tensor::from_fn(1, samples, |_, j| j as f64);
    Dataset::new("t", inputs(samples, 0), Targets::Values { columns: vec!["y".to_owned()], values: values.into() })
        .unwrap()
}

fn grouped(data: Dataset, groups: &[usize]) -> Dataset {
    data.grouped_by("patient", &groups.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
}

fn numbers(data: &Dataset, validation: f64, test: f64, seed: u64) -> Result<Parts, mfnet::Error> {
    let by = SplitBy::Groups { column: "patient".to_owned(), fractions: Fractions { validation, test } };
    data.split_indices(by, Seed(seed))
}

/// The groups of some samples.
fn of(groups: &[usize], samples: &[usize]) -> BTreeSet<usize> {
    samples.iter().map(|sample| groups[*sample]).collect()
}

fn count(labels: &[char], samples: &[usize], class: char) -> usize {
    samples.iter().filter(|sample| labels[**sample] == class).count()
}

fn largest(groups: &[usize]) -> usize {
    groups.iter().map(|group| groups.iter().filter(|of| *of == group).count()).max().unwrap()
}

/// Samples of groups of any size: for each its class and its group.
fn samples() -> impl Strategy<Value = Vec<(char, usize)>> {
    vec((prop_oneof![Just('a'), Just('a'), Just('b'), Just('c')], 0usize..30), 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_group_is_in_two_parts(samples in samples(), validation in 0.0..0.4, test in 0.0..0.4, seed: u64) {
        let (labels, groups): (Vec<char>, Vec<usize>) = samples.into_iter().unzip();
        let data = grouped(classes(&labels, 0), &groups);
        let Ok(parts) = numbers(&data, validation, test, seed) else {
            // too few groups, or each the only one with some class
            prop_assert!(data.groups() < 3 + data.classes());
            return Ok(());
        };
        let (train, valid, tests) = &parts;
        let mut all = [&train[..], valid, tests].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
        for (one, other) in [(train, valid), (train, tests), (valid, tests)] {
            prop_assert!(of(&groups, one).is_disjoint(&of(&groups, other)));
        }
        prop_assert!(!tests.is_empty() || test == 0.0);
        prop_assert!(!valid.is_empty() || validation == 0.0);
        prop_assert!(['a', 'b', 'c'].iter().all(|class| count(&labels, train, *class) > 0 || !labels.contains(class)));
        // a function of seed, targets and groups, not of features
        let again = grouped(classes(&labels, 5), &groups);
        prop_assert_eq!(&numbers(&again, validation, test, seed).unwrap(), &parts);
    }

    /// Without classes a part ends where no group brings it nearer to its fraction, so at most half a group away.
    #[test]
    fn a_part_of_groups_is_as_large_as_asked(
        groups in vec(0usize..30, 1..200), validation in 0.01..0.4, test in 0.01..0.4, seed: u64,
    ) {
        let n = groups.len() as f64;
        let Ok((train, valid, tests)) = numbers(&grouped(values(groups.len()), &groups), validation, test, seed) else {
            prop_assert!(of(&groups, &(0..groups.len()).collect::<Vec<_>>()).len() < 3);
            return Ok(());
        };
        for (part, fraction) in [(&valid, validation), (&tests, test)] {
            let near = (part.len() as f64 - fraction * n).abs() <= largest(&groups) as f64 / 2.0 + 1e-9;
            // each part has at least one group
            prop_assert!(near || of(&groups, part).len() == 1 || of(&groups, &train).len() == 1);
        }
    }

    #[test]
    fn each_sample_is_tested_once(samples in samples(), folds in 2usize..12, seed: u64, by_group: bool) {
        let (labels, groups): (Vec<char>, Vec<usize>) = samples.into_iter().unzip();
        let data = |salt| match by_group {
            true => grouped(classes(&labels, salt), &groups),
            false => classes(&labels, salt),
        };
        let all: Vec<usize> = (0..labels.len()).collect();
        let units = if by_group { of(&groups, &all).len() } else { labels.len() };
        let Ok(found) = data(0).folds(folds, Seed(seed)) else {
            prop_assert!(units < folds);
            return Ok(());
        };
        prop_assert_eq!(found.len(), folds);
        let mut tested: Vec<usize> = found.iter().flat_map(|(_, test)| test.clone()).collect();
        tested.sort_unstable();
        prop_assert_eq!(&tested, &all);
        for (train, test) in &found {
            let mut both = [&train[..], test].concat();
            both.sort_unstable();
            prop_assert_eq!(&both, &all);
            prop_assert!(!test.is_empty());
            if by_group {
                prop_assert!(of(&groups, train).is_disjoint(&of(&groups, test)));
                continue;
            }
            // ⌊n/k⌋ or ⌈n/k⌉, in all and of each class
            let share = |samples: usize| samples / folds..=samples.div_ceil(folds);
            prop_assert!(share(labels.len()).contains(&test.len()));
            for class in ['a', 'b', 'c'] {
                prop_assert!(share(count(&labels, &all, class)).contains(&count(&labels, test, class)));
            }
        }
        prop_assert_eq!(data(7).folds(folds, Seed(seed)).unwrap(), found);
    }

    /// Each group goes to the smallest fold, so two folds never differ by more than a group.
    #[test]
    fn folds_of_groups_differ_by_a_group(groups in vec(0usize..30, 1..200), folds in 2usize..8, seed: u64) {
        let Ok(found) = grouped(values(groups.len()), &groups).folds(folds, Seed(seed)) else { return Ok(()) };
        let sizes: Vec<usize> = found.iter().map(|(_, test)| test.len()).collect();
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= largest(&groups));
    }
}

/// 60 patients of 2 to 9 visits, all of a patient ill (each third) or well: as many patients as there are to choose from let each part have its
/// share of both to a fraction of a patient.
#[test]
fn classes_keep_their_shares_when_groups_are_drawn() {
    let groups: Vec<usize> = (0..60).flat_map(|patient| std::iter::repeat_n(patient, 2 + patient * 5 % 8)).collect();
    let labels: Vec<char> = groups.iter().map(|patient| if patient % 3 == 0 { 'i' } else { 'w' }).collect();
    let data = grouped(classes(&labels, 0), &groups);
    let all: Vec<usize> = (0..labels.len()).collect();
    let near = |part: &[usize], share: f64, within: f64| {
        for class in ['i', 'w'] {
            let (found, expected) = (count(&labels, part, class) as f64, share * count(&labels, &all, class) as f64);
            assert!((found - expected).abs() <= within, "{class}: {found} of {expected}");
        }
    };
    let splits: Vec<Parts> = (0..20).map(|seed| numbers(&data, 0.1, 0.2, seed).unwrap()).collect();
    for (_, validation, test) in &splits {
        near(validation, 0.1, 2.0);
        near(test, 0.2, 2.0);
    }
    assert!((1..20).all(|seed| splits[seed].2 != splits[0].2), "each seed draws other groups");
    let folds: Vec<_> = (0..20).map(|seed| data.folds(5, Seed(seed)).unwrap()).collect();
    for (_, test) in folds.iter().flatten() {
        near(test, 0.2, 3.0);
    }
    assert!((1..20).all(|seed| folds[seed] != folds[0]));
}

/// 7 samples of one class, 4 of another and one of a third, which no fold but one can have.
#[test]
fn folds_of_rare_classes() {
    let labels: Vec<char> = "abacabababaa".chars().collect();
    let data = classes(&labels, 0);
    for seed in 0..20 {
        let folds = data.folds(4, Seed(seed)).unwrap();
        assert!(folds.iter().all(|(_, test)| test.len() == 3));
        assert!(folds.iter().all(|(_, test)| count(&labels, test, 'b') == 1));
        // validation samples are drawn from the other folds, and a fold has its own
        for (number, (_, test)) in (1..).zip(&folds) {
            let by = SplitBy::Fold { number, of: 4, validation: 0.3, groups: None };
            let (train, validation, tests) = data.split_indices(by, Seed(seed)).unwrap();
            assert_eq!((&tests, train.len(), validation.len()), (test, 6, 3));
            assert!([&train[..], &validation].concat().iter().all(|sample| !test.contains(sample)));
        }
    }
}

#[test]
fn what_cannot_be_split() {
    let data = || grouped(classes(&['a', 'b', 'a', 'b'], 0), &[1, 1, 2, 2]);
    let error = |validation, test| numbers(&data(), validation, test, 0).unwrap_err().to_string();
    assert_eq!(
        error(0.2, 0.2),
        "t, column \"patient\": expected at least 3 groups, one for each of the 3 parts, found 2"
    );
    assert_eq!(error(0.0, 1.0), "test fraction: expected a number from 0 to less than 1, found 1");
    let lonely = grouped(classes(&['a', 'a', 'b', 'b'], 0), &[1, 1, 2, 2]);
    assert_eq!(
        numbers(&lonely, 0.0, 0.5, 0).unwrap_err().to_string(),
        "t, column \"patient\": the test part would have no rows: each class keeps a group for training, so none of the 2 groups is left"
    );
    let folds = |data: Dataset, count| data.folds(count, Seed(0)).unwrap_err().to_string();
    assert_eq!(folds(data(), 1), "folds: expected at least 2, found 1");
    assert_eq!(folds(values(3), 4), "t: expected at least 4 rows, one for each fold, found 3");
    assert_eq!(
        folds(data(), 3),
        "t, column \"patient\": expected at least 3 groups, one for each of the 3 folds, found 2"
    );
    let by = |data: Dataset, by: SplitBy| data.split_by(by, Seed(0)).unwrap_err().to_string();
    let fold = |number, groups: Option<&str>| SplitBy::Fold {
        number,
        of: 2,
        validation: 0.0,
        groups: groups.map(str::to_owned),
    };
    assert_eq!(by(data(), fold(3, None)), "fold: expected a number from 1 to 2, found 3");
    assert_eq!(by(data(), fold(0, None)), "fold: expected a number from 1 to 2, found 0");
    assert_eq!(
        by(data(), fold(1, Some("city"))),
        "t: the split needs the groups of the column \"city\", but the rows have none"
    );
    let column = SplitBy::Column { column: "set".to_owned(), validation: None };
    assert_eq!(by(data(), column), "t: the split needs the parts of the column \"set\", but the rows have none");
}
