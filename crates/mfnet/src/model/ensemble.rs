//! Several networks in one model, whose outputs become one.

use super::network::either;
use super::{AnyNetwork, Model, Target};
use crate::data::{Dataset, Link, Preprocessing, Samples};
use crate::error::{Error, Result};
use crate::loss::{Loss, Weights};
use crate::network::evaluate::Reordered;
use crate::tensor::stable::{log_sum_exp, softplus};
use crate::tensor::{Scalar, Tensor};

/// How the outputs of several networks become one, which then means the same as that of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mean {
    /// Outputs are logits: ln of the mean probability, ln(1/K Σₖ softmax(zₖ)).
    Probabilities,
    /// Outputs are logits of labels: the logit of the mean probability, 1/K Σₖ σ(zₖ).
    Labels,
    /// Outputs are values: their mean.
    Values,
    /// Outputs are logarithms of values: ln of the mean value, ln(1/K Σₖ exp(zₖ)).
    Exponentials,
}

impl Mean {
    pub(super) fn of(target: &Target, link: Link) -> Self {
        match (target, link) {
            (Target::Classes { .. }, _) => Mean::Probabilities,
            (Target::Labels { .. }, _) => Mean::Labels,
            (Target::Values { .. }, Link::Identity) => Mean::Values,
            (Target::Values { .. }, Link::Log) => Mean::Exponentials,
        }
    }

    /// Writes the mean of the outputs of one sample, which stand network after network, and overwrites
    /// them. Of one network it is the output itself.
    pub(super) fn write(self, outputs: &mut [f64], to: &mut [f64]) {
        let networks = outputs.len() / to.len();
        if networks == 1 {
            to.copy_from_slice(outputs);
            return;
        }
        if self == Mean::Probabilities {
            for logits in outputs.chunks_exact_mut(to.len()) {
                let sum = log_sum_exp(logits.iter().copied());
                logits.iter_mut().for_each(|z| *z -= sum);
            }
        }
        let step = to.len();
        for (i, mean) in to.iter_mut().enumerate() {
            let of_networks = outputs[i..].iter().step_by(step).copied();
            *mean = match self {
                Mean::Values => of_networks.sum::<f64>() / networks as f64,
                // ln Σ σ(zₖ) − ln Σ σ(−zₖ), with ln σ(z) = −ln(1 + exp(−z))
                Mean::Labels => {
                    log_sum_exp(of_networks.clone().map(|z| -softplus(-z)))
                        - log_sum_exp(of_networks.map(|z| -softplus(z)))
                }
                _ => log_sum_exp(of_networks) - Scalar::ln(networks as f64),
            };
        }
    }
}

impl Model {
    /// Makes a model of several networks that were trained on data like `data` with this
    /// preprocessing: an ensemble. It predicts the mean of their probabilities, or of their values.
    ///
    /// ```
    /// use mfnet::{CrossEntropy, Dataset, AdamW, Model, NeuralNetwork, Optimizer, Preprocessing, Seed, Trainer};
    /// let data = Dataset::built_in("digits")?;
    /// let scale = Preprocessing::fit(&data);
    /// let trained = |seed: u64| {
    ///     let mut net = NeuralNetwork::builder(64).linear(16).relu().linear(10).build(Seed(seed))?;
    ///     let trainer = Trainer::new(CrossEntropy, Optimizer::new(AdamW::default(), 0.01)).epochs(2).seed(Seed(seed));
    ///     trainer.run(&mut net, &scale.apply(&data)).map(|_| net.into())
    /// };
    /// let networks = (0..3).map(trained).collect::<mfnet::Result<Vec<_>>>()?;
    /// let model = Model::of_ensemble(&data, scale, networks)?;
    /// assert!(model.networks().len() == 3 && model.evaluate(&data)?.headline() > 0.9);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Model::new`], for each network, and without any; and if their types of numbers differ.
    pub fn of_ensemble(data: &Dataset, preprocessing: Preprocessing, networks: Vec<AnyNetwork>) -> Result<Self> {
        let mut networks = networks.into_iter();
        let first = networks.next().ok_or_else(|| Error::invalid("networks", "at least one", 0))?;
        let mut model = Model::new(data, preprocessing, first)?;
        model.networks.extend(networks);
        model.inconsistency().map_or(Ok(model), |(expected, found)| Err(Error::shape("Model", expected, found)))
    }

    /// The networks of the model; of an ensemble, several.
    pub fn networks(&self) -> &[AnyNetwork] {
        &self.networks
    }

    /// Number of parameters of all networks.
    pub fn parameter_count(&self) -> usize {
        self.networks.iter().map(AnyNetwork::parameter_count).sum()
    }

    pub(super) fn mean(&self) -> Mean {
        Mean::of(&self.target, self.preprocessing.link)
    }

    /// The output for each sample that is encoded and scaled.
    pub(super) fn outputs_of(&self, samples: &Samples) -> Result<Samples> {
        Ok(self.tempered(self.outputs_without_temperature(samples)?))
    }

    /// The same with some features permuted.
    pub(super) fn outputs_with(&self, reordered: Reordered<'_>, samples: &Samples) -> Result<Samples> {
        Ok(self.tempered(self.means_with(reordered, samples)?))
    }

    pub(super) fn outputs_without_temperature(&self, samples: &Samples) -> Result<Samples> {
        self.means_with(Reordered { features: &[], order: &[] }, samples)
    }

    /// The mean of the outputs of all networks.
    fn means_with(&self, reordered: Reordered<'_>, samples: &Samples) -> Result<Samples> {
        let mut of_networks = self.networks.iter().map(|net| net.outputs_with(reordered, samples));
        if let [_] = *self.networks {
            return of_networks.next().unwrap_or_else(|| unreachable!("there is one"));
        }
        let of_networks = of_networks.collect::<Result<Vec<_>>>()?;
        let (mean, outputs) = (self.mean(), self.target.outputs());
        let mut means = vec![0.0; outputs * samples.len()];
        let mut of_sample = vec![0.0; outputs * of_networks.len()];
        for (sample, to) in means.chunks_exact_mut(outputs).enumerate() {
            for (place, from) in of_sample.chunks_exact_mut(outputs).zip(&of_networks) {
                place.iter_mut().zip(from.sample(sample)).for_each(|(place, x)| *place = x);
            }
            mean.write(&mut of_sample, to);
        }
        Ok(Samples::from_rows(outputs, means))
    }

    /// The loss with this name on data that are scaled; `None` if there is no such loss.
    pub(super) fn loss_on(&self, name: &str, data: &Dataset) -> Option<Result<f64>> {
        match &*self.networks {
            [net] if self.temperature.is_none() => {
                either!(net, net => self.registry.find_loss(name).map(|loss| net.evaluate_loss(&*loss, data)))
            }
            [AnyNetwork::F32(_), ..] => {
                self.registry.find_loss(name).map(|loss| self.loss_of_means::<f32>(&*loss, data))
            }
            _ => self.registry.find_loss(name).map(|loss| self.loss_of_means::<f64>(&*loss, data)),
        }
    }

    fn loss_of_means<T: Scalar>(&self, loss: &dyn Loss<T>, data: &Dataset) -> Result<f64> {
        let outputs = self.outputs_of(&data.stored_inputs().samples)?;
        let samples: Vec<usize> = (0..data.samples()).collect();
        let [mut y_hat, mut y] = [(); 2].map(|()| Tensor::zeros(outputs.features(), samples.len()));
        outputs.write(&samples, &mut y_hat);
        data.targets().write(&samples, &mut y);
        let of_samples = data.loss_weights();
        let divisor = of_samples.map_or(samples.len() as f64, |weights| weights.iter().sum());
        Ok(loss.weighted_value(&y_hat, &y, Weights { of_samples, divisor }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(mean: Mean, mut outputs: Vec<f64>) -> Vec<f64> {
        let mut to = vec![0.0; 2];
        mean.write(&mut outputs, &mut to);
        to
    }

    #[test]
    fn means_of_two_networks() {
        let near = |found: &[f64], expected: [f64; 2]| {
            found.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-13, "{found:?}, {expected:?}"));
        };
        near(&mean(Mean::Values, vec![1.0, -2.0, 2.0, 8.0]), [1.5, 3.0]);
        near(&mean(Mean::Exponentials, [1.0_f64, 2.0, 3.0, 6.0].map(f64::ln).to_vec()), [2_f64.ln(), 4_f64.ln()]);
        // of single labels: 3/4 and 1/4, 9/10 and 3/10
        let labels = vec![3_f64.ln(), 9_f64.ln(), -(3_f64.ln()), (3.0_f64 / 7.0).ln()];
        near(&mean(Mean::Labels, labels), [0.0, 1.5_f64.ln()]);
        // probabilities 1/4, 3/4 and 1/2, 1/2; a constant added to logits does not matter
        let logits = vec![0.0, 3_f64.ln(), 700.0, 700.0];
        near(&mean(Mean::Probabilities, logits), [0.375_f64.ln(), 0.625_f64.ln()]);
    }

    /// Numbers that would overflow, and certainty.
    #[test]
    fn extreme_outputs() {
        let p: Vec<f64> = mean(Mean::Probabilities, vec![1e300, -1e300, 0.0, 0.0]).iter().map(|z| z.exp()).collect();
        assert!((p[0] - 0.75).abs() < 1e-15 && (p[1] - 0.25).abs() < 1e-15, "{p:?}");
        assert_eq!(mean(Mean::Exponentials, vec![800.0, -800.0, 800.0, -800.0]), [800.0, -800.0]);
        assert!(mean(Mean::Probabilities, vec![f64::NAN, 0.0, 0.0, 0.0]).iter().all(|x| x.is_nan()));
    }

    /// One network says what it says, to the bit.
    #[test]
    fn one_network() {
        for of in [Mean::Probabilities, Mean::Labels, Mean::Values, Mean::Exponentials] {
            assert_eq!(mean(of, vec![0.1, -0.7]), [0.1, -0.7]);
        }
    }
}
