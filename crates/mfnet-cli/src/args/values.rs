//! What the value of an option may be.

use std::str::FromStr;

use clap::ValueEnum;
use mfnet::{Dtype, Scaling, Schedule};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum YesNo {
    Yes,
    No,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Task {
    Regression,
    Classification,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActivationName {
    Relu,
    Sigmoid,
    Tanh,
    Identity,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LossName {
    CrossEntropy,
    Mse,
    HalfMse,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimizerName {
    Sgd,
    Adam,
    Adamw,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DtypeName {
    F64,
    F32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    Train,
    Validation,
    Test,
    All,
}

impl From<DtypeName> for Dtype {
    fn from(name: DtypeName) -> Self {
        match name {
            DtypeName::F64 => Dtype::F64,
            DtypeName::F32 => Dtype::F32,
        }
    }
}

/// The word by which the command line knows the value.
pub(crate) fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Sizes of hidden layers. (A type of its own, because clap takes a `Vec` for an option that may be repeated.)
#[derive(Clone)]
pub(crate) struct HiddenSizes(pub(crate) Vec<usize>);

pub(super) fn hidden_sizes(text: &str) -> Result<HiddenSizes, String> {
    if text == "none" {
        return Ok(HiddenSizes(Vec::new()));
    }
    let size = |part: &str| part.trim().parse().ok().filter(|size| *size > 0);
    let sizes: Option<Vec<usize>> = text.split(',').map(size).collect();
    sizes.map(HiddenSizes).ok_or_else(|| "expected sizes of at least 1 with commas, as in 64,32, or none".to_owned())
}

pub(super) fn scaling(text: &str) -> Result<Scaling, String> {
    let all = Scaling::ALL.map(|scaling| scaling.to_string());
    let found = Scaling::ALL.into_iter().find(|scaling| scaling.to_string() == text);
    found.ok_or_else(|| format!("expected one of {}", all.join(", ")))
}

pub(super) fn schedule(text: &str) -> Result<Schedule, String> {
    let words: Vec<&str> = text.split(':').collect();
    match words[..] {
        ["constant"] => Some(Schedule::Constant),
        ["cosine"] => Some(Schedule::Cosine),
        ["one-cycle"] => Some(Schedule::OneCycle),
        ["step", every, factor] => match (every.parse(), factor.parse()) {
            (Ok(every @ 1..), Ok(factor)) if factor > 0.0 && factor <= 1.0 => Some(Schedule::Step { every, factor }),
            _ => None,
        },
        _ => None,
    }
    .ok_or_else(|| {
        "expected constant, cosine, one-cycle, or step:EPOCHS:FACTOR with a factor up to 1, as in step:30:0.1"
            .to_owned()
    })
}

fn number(text: &str, fits: impl Fn(f64) -> bool, expected: &str) -> Result<f64, String> {
    text.parse().ok().filter(|x: &f64| x.is_finite() && fits(*x)).ok_or_else(|| format!("expected {expected}"))
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    number(text, |x| x > 0.0, "a positive number")
}

pub(super) fn not_negative(text: &str) -> Result<f64, String> {
    number(text, |x| x >= 0.0, "0 or a positive number")
}

pub(super) fn below_one(text: &str) -> Result<f64, String> {
    number(text, |x| (0.0..1.0).contains(&x), "a number from 0 to less than 1")
}

pub(super) fn whole<N: FromStr>(text: &str) -> Result<N, String> {
    text.trim().parse().map_err(|_| "expected a whole number of at least 0".to_owned())
}

pub(super) fn at_least_two(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|x| *x > 1).ok_or_else(|| "expected a whole number of at least 2".to_owned())
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|x| *x > 0).ok_or_else(|| "expected a whole number of at least 1".to_owned())
}
