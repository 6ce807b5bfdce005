use super::Model;
use crate::data::{Dataset, Samples, Target, Targets};
use crate::error::{Error, Result};
use crate::tensor::Scalar;

/// The limits of a temperature.
const LEAST: f64 = 0.05;
const MOST: f64 = 20.0;

impl Model {
    /// The temperature T of the probabilities softmax(z/T); `None` for 1, and for values.
    pub fn temperature(&self) -> Option<f64> {
        self.temperature
    }

    /// Learns a temperature from rows that had no part in the training, such as the validation rows,
    /// which are not scaled: the one with the lowest log loss, if that is between 0.05 and 20. (Rows
    /// that are all predicted right have none: the surer, the better.)
    ///
    /// ```text
    /// p = softmax(z/T)        T > 1: less sure than before, T < 1: surer
    /// ```
    ///
    /// It changes no prediction, only its probability. It is kept if it lowers the log loss of these
    /// rows. As scikit-learn's `CalibratedClassifierCV(method="temperature")`. Source: Guo et al. 2017.
    ///
    /// ```
    /// use mfnet::{Adam, CrossEntropy, Dataset, Fractions, Model, NeuralNetwork, Optimizer, Preprocessing, Seed, Trainer};
    /// let data = Dataset::built_in("digits")?;
    /// let (train, held_out, _) = data.split(Fractions { validation: 0.2, test: 0.2 }, Seed(0))?;
    /// let scale = Preprocessing::fit(&train);
    /// let mut net = NeuralNetwork::builder(64).linear(64).relu().linear(10).build(Seed(0))?;
    /// Trainer::new(CrossEntropy, Optimizer::new(Adam::default(), 0.01)).epochs(20).run(&mut net, &scale.apply(&train))?;
    /// let model = Model::new(&data, scale, net)?.with_temperature(&held_out)?;
    /// assert!(model.temperature().unwrap() > 1.0, "it was too sure");
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Model::evaluate`], and for a model of values.
    pub fn with_temperature(mut self, held_out: &Dataset) -> Result<Self> {
        self.learn_temperature(held_out)?;
        Ok(self)
    }

    /// As [`Model::with_temperature`]; after an error the model is unchanged.
    pub(crate) fn learn_temperature(&mut self, held_out: &Dataset) -> Result<()> {
        self.check(held_out)?;
        let (Target::Classes { .. }, Targets::Classes { indices, .. }) = (&self.target, held_out.targets()) else {
            return Err(Error::invalid("temperature", "a model of classes", "a model of values"));
        };
        let inputs = self.preprocessing.encode(held_out.stored_inputs());
        let logits = self.outputs_without_temperature(&inputs.samples)?;
        let weights = held_out.weights();
        let loss = |temperature: f64| log_loss(&logits, indices, weights, 1.0 / temperature).0;
        self.temperature = lowest(&logits, indices, weights).filter(|best| loss(*best) < loss(1.0));
        Ok(())
    }

    /// Logits divided by the temperature.
    pub(super) fn tempered(&self, outputs: Samples) -> Samples {
        match self.temperature {
            Some(temperature) => outputs.map(|_, z| z / temperature),
            None => outputs,
        }
    }

    /// Whether a temperature can be that of [`Model::with_temperature`].
    pub(super) fn has_usable_temperature(&self) -> bool {
        let is_for_classes = matches!(self.target, Target::Classes { .. });
        self.temperature.is_none_or(|temperature| is_for_classes && (LEAST..=MOST).contains(&temperature))
    }
}

/// The log loss of softmax(s z), and its derivative by s:
///
/// ```text
/// J(s) = 1/Σw Σ_i w_i (ln Σ_k exp(s z_ik) − s z_i)        J′(s) = 1/Σw Σ_i w_i (Σ_k p_ik z_ik − z_i)
/// ```
fn log_loss(logits: &Samples, classes: &[usize], weights: Option<&[f64]>, s: f64) -> (f64, f64) {
    let (mut loss, mut slope, mut all) = (0.0, 0.0, 0.0);
    for (sample, class) in classes.iter().enumerate() {
        let weight = weights.map_or(1.0, |weights| weights[sample]);
        let largest = logits.sample(sample).fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut mean) = (0.0, 0.0);
        for z in logits.sample(sample) {
            let e = Scalar::exp(s * (z - largest));
            (sum, mean) = (sum + e, mean + e * (z - largest));
        }
        let of_class = logits.number(sample, *class) - largest;
        loss += weight * (Scalar::ln(sum) - s * of_class);
        slope += weight * (mean / sum - of_class);
        all += weight;
    }
    (loss / all, slope / all)
}

/// The temperature with the lowest log loss, if it lies between the limits. J is convex in s = 1/T, so
/// that the sign of its derivative says on which side of s the lowest is.
fn lowest(logits: &Samples, classes: &[usize], weights: Option<&[f64]>) -> Option<f64> {
    let (mut low, mut high) = (1.0 / MOST, 1.0 / LEAST);
    let rises = |s: f64| log_loss(logits, classes, weights, s).1 > 0.0;
    if rises(low) || !rises(high) {
        return None;
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if rises(middle) { high = middle } else { low = middle }
    }
    Some((1.0 / f64::midpoint(low, high)).clamp(LEAST, MOST))
}
