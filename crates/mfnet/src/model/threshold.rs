use std::fmt::{Display, Formatter};
use std::str::FromStr;

use mfnet_table::shortest;
use serde::{Deserialize, Serialize};

use super::Model;
use crate::data::{Dataset, Samples, Target, Targets};
use crate::error::{Error, Result};
use crate::metric::{Ranking, Threshold};
use crate::model::Predictions;
use crate::tensor::Scalar;
use crate::words::serde_as_text;

/// Above which probability one of two classes is predicted; without it, above ½.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// The index of the class.
    pub class: usize,
    /// The probability, above 0 and below 1.
    pub probability: f64,
}

impl OperatingPoint {
    /// Added to the logit of the class, it makes the larger logit that of the predicted class: −ln(p/(1
    /// − p)).
    fn shift(self) -> f64 {
        Scalar::ln((1.0 - self.probability) / self.probability)
    }

    /// Shifts the logits of one sample, so that the largest is that of the predicted class.
    pub(super) fn decide(self, logits: &mut [f64]) {
        logits[self.class] += self.shift();
    }
}

/// How an [`OperatingPoint`] is chosen. As text: `0.3`, `f1` or `balanced`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum OperatingRule {
    /// This probability.
    At(f64),
    /// The largest F1 score of the class, 2 TP/(2 TP + FP + FN).
    F1,
    /// The largest balanced accuracy, the mean of the recalls of both classes.
    Balanced,
}

impl OperatingRule {
    /// Whether it looks at rows.
    pub(crate) fn needs_rows(self) -> bool {
        !matches!(self, OperatingRule::At(_))
    }

    /// The probability for a class: of the thresholds with the best score the largest, and of it the
    /// middle between its rows and the next ones below. ½ without rows of both classes.
    ///
    /// ```
    /// use mfnet::metric::Ranking;
    /// use mfnet::model::OperatingRule;
    /// let ranking = Ranking::new(&[true, false, true, false], &[0.5, 0.375, 0.25, 0.125], None);
    /// assert_eq!(OperatingRule::F1.choose(&ranking), 0.1875); // finds both, with one other row
    /// assert_eq!(OperatingRule::Balanced.choose(&ranking), 0.4375);
    /// ```
    pub fn choose(self, ranking: &Ranking) -> f64 {
        let (positives, negatives) = (ranking.positives(), ranking.negatives());
        let score = |at: &Threshold| match self {
            OperatingRule::F1 => 2.0 * at.true_positives / (at.true_positives + at.false_positives + positives),
            _ => at.true_positives / positives - at.false_positives / negatives,
        };
        let thresholds = ranking.thresholds();
        let best = match self {
            OperatingRule::At(probability) => return probability,
            _ if positives == 0.0 || negatives == 0.0 => return 0.5,
            _ => thresholds.iter().map(score).fold(f64::NEG_INFINITY, f64::max),
        };
        let Some(place) = thresholds.iter().position(|at| score(at) == best) else { return 0.5 };
        let below = thresholds.get(place + 1).map_or(0.0, |at| at.score);
        f64::midpoint(thresholds[place].score, below).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON)
    }

    /// Checks the probability.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) unless it is above 0 and below
    /// 1.
    pub fn check(self) -> Result<()> {
        match self {
            OperatingRule::At(p) if !(p > 0.0 && p < 1.0) => {
                Err(Error::invalid("threshold", "a number above 0 and below 1", p))
            }
            _ => Ok(()),
        }
    }
}

impl Display for OperatingRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            OperatingRule::At(probability) => f.write_str(&shortest(*probability)),
            OperatingRule::F1 => f.write_str("f1"),
            OperatingRule::Balanced => f.write_str("balanced"),
        }
    }
}

impl FromStr for OperatingRule {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let rule = match text {
            "f1" => Some(OperatingRule::F1),
            "balanced" => Some(OperatingRule::Balanced),
            number => number.parse().ok().map(OperatingRule::At),
        };
        let rule = rule.filter(|rule| rule.check().is_ok());
        rule.ok_or_else(|| format!("expected a number above 0 and below 1, f1 or balanced, found {text:?}"))
    }
}

serde_as_text!(OperatingRule);

impl Model {
    /// Above which probability a class is predicted; `None` for the class of the largest probability.
    pub fn operating_point(&self) -> Option<OperatingPoint> {
        self.operating_point
    }

    /// Predicts this one of two classes above another probability than ½. The rule looks at rows that
    /// had no part in the training, such as the validation rows, which are not scaled.
    ///
    /// ```
    /// use mfnet::model::OperatingRule;
    /// use mfnet::{Dataset, Model, Preprocessing, Table, Target};
    /// use mfnet::train::linear_model;
    /// let rows: String = (0..60).map(|i| format!("{},{}\n", i % 20, ["no", "yes"][usize::from(i * i % 20 < i % 7)])).collect();
    /// let table = Table::from_text("t", &format!("x,y\n{rows}"))?;
    /// let data = Dataset::from_table(&table, &Target::classes("y"))?;
    /// let scale = Preprocessing::fit(&data);
    /// let model = Model::new(&data, scale.clone(), linear_model(&scale.apply(&data))?)?;
    /// let model = model.with_operating_point(1, OperatingRule::At(0.2), &data)?;
    /// assert_eq!(model.operating_point().unwrap().probability, 0.2);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Model::evaluate`], and [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue)
    /// unless there are two classes, and as [`OperatingRule::check`].
    pub fn with_operating_point(mut self, class: usize, rule: OperatingRule, held_out: &Dataset) -> Result<Self> {
        self.learn_operating_point(class, rule, held_out)?;
        Ok(self)
    }

    /// As [`Model::with_operating_point`]; after an error the model is unchanged.
    pub(crate) fn learn_operating_point(
        &mut self,
        class: usize,
        rule: OperatingRule,
        held_out: &Dataset,
    ) -> Result<()> {
        rule.check()?;
        let classes = if let Target::Classes { labels, .. } = &self.target { labels.len() } else { 0 };
        if classes != 2 || class > 1 {
            return Err(Error::invalid("threshold", "a model of two classes", format_args!("{classes} classes")));
        }
        let probability = if let OperatingRule::At(probability) = rule {
            probability
        } else {
            self.check(held_out)?;
            let (Predictions::Classes { probabilities, .. }, Targets::Classes { indices, .. }) =
                (self.predict_dataset(held_out)?, held_out.targets())
            else {
                unreachable!("they were checked")
            };
            let is_of_class: Vec<bool> = indices.iter().map(|of| *of == class).collect();
            let scores: Vec<f64> = probabilities.feature(class).collect();
            rule.choose(&Ranking::new(&is_of_class, &scores, held_out.weights()))
        };
        self.operating_point = Some(OperatingPoint { class, probability });
        Ok(())
    }

    /// Logits whose largest is that of the predicted class.
    pub(super) fn decided(&self, output: &Samples) -> Samples {
        match self.operating_point {
            Some(point) => output.map(|i, z| if i == point.class { z + point.shift() } else { z }),
            None => output.clone(),
        }
    }

    /// The predicted class of each sample.
    pub(super) fn classes_of(&self, output: &Samples) -> Vec<usize> {
        let decided = self.decided(output);
        (0..decided.len()).map(|row| decided.argmax(row)).collect()
    }

    /// Whether an operating point can be that of [`Model::with_operating_point`].
    pub(super) fn has_usable_operating_point(&self) -> bool {
        let classes = if let Target::Classes { labels, .. } = &self.target { labels.len() } else { 0 };
        let fits = |point: OperatingPoint| classes == 2 && point.class < 2 && (0.0..1.0).contains(&point.probability);
        self.operating_point.is_none_or(|point| fits(point) && point.probability > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_as_text() {
        for (text, rule) in
            [("0.3", OperatingRule::At(0.3)), ("f1", OperatingRule::F1), ("balanced", OperatingRule::Balanced)]
        {
            assert_eq!(text.parse(), Ok(rule));
            assert_eq!(rule.to_string(), text);
        }
        for text in ["0", "1", "-1", "nan", "F1", ""] {
            let expected = format!("expected a number above 0 and below 1, f1 or balanced, found {text:?}");
            assert_eq!(text.parse::<OperatingRule>(), Err(expected));
        }
    }

    #[test]
    fn rows_of_one_class_or_equal_scores() {
        let choose = |is: &[bool], scores: &[f64]| OperatingRule::F1.choose(&Ranking::new(is, scores, None));
        assert_eq!(choose(&[true, true], &[0.2, 0.9]), 0.5);
        assert_eq!(choose(&[], &[]), 0.5);
        assert_eq!(choose(&[true, false], &[0.25, 0.25]), 0.125);
        assert!(choose(&[true, false], &[1.0, 1.0 - f64::EPSILON]) < 1.0);
    }
}
