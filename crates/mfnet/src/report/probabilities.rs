//! Curves of the probabilities of classes: ROC, precision and recall, calibration.

use super::axis::Axis;
use super::classes::Answers;
use super::figure::{Curves, Drawing, Line, Mark, Stroke};
use super::html::shortened;
use super::{NAME, Run, Writer};
use crate::error::Result;
use crate::metric::{Ranking, Threshold, calibration, calibration_error};
use crate::text::significant;

/// With more classes, only those with the smallest areas are drawn.
const MOST_CLASSES: usize = 3;
/// With more classes and rows than this, the curves take too long.
const MOST_SORTED: usize = 50_000_000;
const STROKES: [Stroke; MOST_CLASSES] = [Stroke::TRAINING, Stroke::VALIDATION, Stroke::LINEAR];

/// A class with the ranking of the test rows by its probability.
struct Ranked {
    class: usize,
    ranking: Ranking,
}

pub(super) fn write(run: &Run<'_>, answers: &Answers<'_>, report: &mut Writer) -> Result<()> {
    report.page.heading("Probabilities");
    let weights = run.test.weights();
    let point = run.fit.model.operating_point();
    let Answers { labels, truth, probabilities, .. } = answers;
    if labels.len().saturating_mul(truth.len()) <= MOST_SORTED {
        // two classes have the same curve
        let class = point.map_or(1, |point| point.class);
        let classes = if labels.len() == 2 { class..class + 1 } else { 0..labels.len() };
        let rank = |class: usize| {
            let is_of_class: Vec<bool> = truth.iter().map(|truth| *truth == class).collect();
            let scores: Vec<f64> = probabilities.feature(class).collect();
            Ranked { class, ranking: Ranking::new(&is_of_class, &scores, weights) }
        };
        let ranked = classes.map(rank).filter(|of| of.ranking.positives() > 0.0 && of.ranking.negatives() > 0.0);
        let ranked: Vec<Ranked> = ranked.collect();
        if !ranked.is_empty() {
            // two classes, of which one is predicted from a probability on
            let threshold = (labels.len() == 2).then(|| point.map_or(0.5, |point| point.probability));
            roc((labels, &ranked), threshold, report)?;
            precision_recall((labels, &ranked), threshold, report)?;
        }
    }
    calibrated(answers, weights, report)
}

/// The classes with the smallest areas, in the order of the classes, and what the caption says of it.
fn smallest(ranked: &[Ranked], area: impl Fn(&Ranking) -> f64) -> (Vec<&Ranked>, String) {
    let mut classes: Vec<&Ranked> = ranked.iter().collect();
    if classes.len() <= MOST_CLASSES {
        return (classes, String::new());
    }
    classes.sort_by(|a, b| area(&a.ranking).total_cmp(&area(&b.ranking)));
    classes.truncate(MOST_CLASSES);
    classes.sort_by_key(|of| of.class);
    (classes, format!(" The plot shows the {MOST_CLASSES} classes with the smallest areas."))
}

/// The place of a threshold on a curve: that of the last rows with this probability or a larger one.
fn mark(ranked: &[Ranked], threshold: Option<f64>, point: impl Fn(&Ranking, &Threshold) -> (f64, f64)) -> Option<Mark> {
    let (threshold, ranking) = (threshold?, &ranked.first()?.ranking);
    let at = ranking.thresholds().iter().rev().find(|at| at.score >= threshold)?;
    let (x, y) = point(ranking, at);
    Some(Mark { x, y, text: format!("threshold {}", significant(threshold, 3)) })
}

fn roc((labels, ranked): (&[String], &[Ranked]), threshold: Option<f64>, report: &mut Writer) -> Result<()> {
    let (classes, which) = smallest(ranked, Ranking::roc_auc);
    let point = |ranking: &Ranking, at: &Threshold| {
        (100.0 * at.false_positives / ranking.negatives(), 100.0 * at.true_positives / ranking.positives())
    };
    let line = |(Ranked { class, ranking }, stroke): (&&Ranked, &Stroke)| {
        let points = [(0.0, 0.0)].into_iter().chain(ranking.thresholds().iter().map(|at| point(ranking, at)));
        Line { name: named(labels, *class, ranking.roc_auc()), stroke: *stroke, points: points.collect() }
    };
    let mut lines: Vec<Line> = classes.iter().zip(&STROKES).map(line).collect();
    let description = described(&lines);
    lines.push(Line {
        name: "chance".to_owned(),
        stroke: Stroke::NAIVE,
        points: (0..=20).map(|i| (5.0 * f64::from(i), 5.0 * f64::from(i))).collect(),
    });
    let caption = format!(
        "If all rows whose probability of the class is above a threshold are predicted as the class: the percentage of \
         the class that is found, over the percentage of the other rows that are predicted as the class too, for every \
         threshold. The number beside a class is the area under its curve, from 0 to 1; chance has 0.5.{which}"
    );
    let (x_axis, y_axis) = (Axis::percent([0.0, 100.0]), Axis::percent([0.0, 100.0]));
    let (x_name, y_name) = ("other rows predicted as the class, in %", "found, in %");
    let curves = Curves { x_name, y_name, x_axis, y_axis, lines, mark: mark(ranked, threshold, point) };
    report.figure("roc", "ROC curve", &description, &caption, Drawing::Curves(curves))
}

fn precision_recall(
    (labels, ranked): (&[String], &[Ranked]),
    threshold: Option<f64>,
    report: &mut Writer,
) -> Result<()> {
    let (classes, which) = smallest(ranked, Ranking::average_precision);
    let point = |ranking: &Ranking, at: &Threshold| {
        let predicted = at.true_positives + at.false_positives;
        (100.0 * at.true_positives / ranking.positives(), 100.0 * at.true_positives / predicted)
    };
    let line = |(Ranked { class, ranking }, stroke): (&&Ranked, &Stroke)| {
        let points = ranking.thresholds().iter().map(|at| point(ranking, at)).filter(|point| !point.1.is_nan());
        Line { name: named(labels, *class, ranking.average_precision()), stroke: *stroke, points: points.collect() }
    };
    let mut lines: Vec<Line> = classes.iter().zip(&STROKES).map(line).collect();
    let description = described(&lines);
    let mut chance = String::new();
    if let [Ranked { ranking, .. }] = ranked {
        let share = 100.0 * ranking.positives() / (ranking.positives() + ranking.negatives());
        lines.push(Line {
            name: "chance".to_owned(),
            stroke: Stroke::NAIVE,
            points: vec![(0.0, share), (100.0, share)],
        });
        chance = format!("; chance has {}", significant(share / 100.0, 2));
    }
    let caption = format!(
        "For the same thresholds: the percentage of the rows predicted as the class that belong to it (precision), over \
         the percentage of the class that is found (recall). The number beside a class is its average precision, from 0 \
         to 1{chance}.{which}"
    );
    let (x_axis, y_axis) = (Axis::percent([0.0, 100.0]), Axis::percent([0.0, 100.0]));
    let (x_name, y_name) = ("recall in %", "precision in %");
    let curves = Curves { x_name, y_name, x_axis, y_axis, lines, mark: mark(ranked, threshold, point) };
    report.figure("precision-recall", "Precision and recall", &description, &caption, Drawing::Curves(curves))
}

fn calibrated(answers: &Answers<'_>, weights: Option<&[f64]>, report: &mut Writer) -> Result<()> {
    let bins = calibration(answers.truth, answers.probabilities, weights);
    let error = calibration_error(answers.truth, answers.probabilities, weights);
    let percent = |x: f64| 100.0 * x;
    let points: Vec<(f64, f64)> = bins.iter().map(|bin| (percent(bin.confidence), percent(bin.accuracy))).collect();
    if points.is_empty() {
        return Ok(());
    }
    let error = format!("{} %", significant(percent(error), 2));
    let low = points.iter().map(|point| point.0).fold(100.0, f64::min);
    let (x_axis, y_axis) =
        (Axis::percent([low, 100.0]), Axis::percent(points.iter().map(|point| point.1).chain([low, 100.0])));
    let lines = vec![
        Line { name: "test rows".to_owned(), stroke: Stroke::TRAINING, points },
        Line { name: "calibrated".to_owned(), stroke: Stroke::NAIVE, points: vec![(low, low), (100.0, 100.0)] },
    ];
    let caption = format!(
        "How often the predicted class is right, over its probability. Each point of the line is the mean of the rows whose \
         probability lies in one of 15 intervals. Below the dotted line the network is too sure, above it not sure \
         enough. The mean distance from it (the calibration error) is {error}."
    );
    let (x_name, y_name) = ("probability of the predicted class, in %", "right, in %");
    let curves = Curves { x_name, y_name, x_axis, y_axis, lines, mark: None };
    report.figure(
        "calibration",
        "Calibration",
        &format!("calibration error {error}"),
        &caption,
        Drawing::Curves(curves),
    )
}

fn named(labels: &[String], class: usize, area: f64) -> String {
    format!("{}: {}", shortened(&labels[class], NAME), significant(area, 3))
}

fn described(lines: &[Line]) -> String {
    let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
    format!("areas: {}", names.join(", "))
}
