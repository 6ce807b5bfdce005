use super::NeuralNetwork;
use super::run::Evaluation;
use crate::data::{Dataset, Samples};
use crate::error::Result;
use crate::loss::{Loss, Weights};
use crate::metric::{Metrics, right};
use crate::tensor::{Scalar, Tensor};

/// Number of samples to predict at a time, so that memory does not grow with the data.
const AT_A_TIME: usize = 1024;

impl<T: Scalar> NeuralNetwork<T> {
    /// Computes the metrics of the network on these data, in the units of the data. If the targets
    /// were scaled ([`crate::Preprocessing`]), errors are in standard deviations;
    /// [`crate::Model::evaluate`] uses the target's own unit.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the data do not fit the network;
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) if they are not only numbers.
    pub fn evaluate(&self, data: &Dataset) -> Result<Metrics> {
        self.check_outputs("evaluate", data.outputs())?;
        data.check_numbers()?;
        Ok(Metrics::weighted(self.outputs_of(&data.stored_inputs().samples)?, data.targets(), data.weights()))
    }

    /// Computes the loss of all samples of these data together, with their weights.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the data do not fit the network;
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) if they are not only numbers.
    pub fn evaluate_loss(&self, loss: &dyn Loss<T>, data: &Dataset) -> Result<f64> {
        self.check_input("evaluate_loss", data.features())?;
        self.check_outputs("evaluate_loss", data.outputs())?;
        data.check_numbers()?;
        Ok(LossOver::new(self, data.clone()).loss_and_accuracy(self, loss).0)
    }

    /// As [`NeuralNetwork::predict`] with `f64` input and output; computes some samples at a time.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if `input` has another number of
    /// features.
    pub fn predict_f64(&self, input: &Tensor<f64>) -> Result<Tensor<f64>> {
        Ok(self.outputs_of(&Samples::from(input))?.tensor())
    }

    /// The output for each sample.
    pub(crate) fn outputs_of(&self, samples: &Samples) -> Result<Samples> {
        self.outputs_with(Reordered { features: &[], order: &[] }, samples)
    }

    /// The output for each sample, with some features permuted.
    pub(crate) fn outputs_with(&self, reordered: Reordered<'_>, samples: &Samples) -> Result<Samples> {
        self.check_input("predict", samples.features())?;
        let mut outputs: Vec<f64> = Vec::with_capacity(self.outputs() * samples.len());
        let mut input = Tensor::zeros(self.inputs(), AT_A_TIME.min(samples.len()));
        let mut others = input.clone();
        let mut evaluation = Evaluation::new(self, AT_A_TIME.min(samples.len()));
        let mut part = Vec::with_capacity(AT_A_TIME);
        while next(&mut part, samples.len()) {
            input.set_columns(part.len());
            samples.write(&part, &mut input);
            if let Some(order) = reordered.order.get(part[0]..part[0] + part.len()) {
                others.set_columns(part.len());
                samples.write(order, &mut others);
                for (i, j) in reordered.features.iter().flat_map(|i| (0..part.len()).map(move |j| (*i, j))) {
                    input[(i, j)] = others[(i, j)];
                }
            }
            let output = evaluation.run(self, &input);
            outputs.extend(output.iter().map(|x| x.to_f64()));
        }
        Ok(Samples::from_rows(self.outputs(), outputs))
    }
}

/// Moves on to the next samples; returns whether there are any.
fn next(part: &mut Vec<usize>, samples: usize) -> bool {
    let first = part.last().map_or(0, |last| last + 1);
    part.clear();
    part.extend(first..samples.min(first + AT_A_TIME));
    !part.is_empty()
}

/// Some features of all samples, in a permuted order.
#[derive(Clone, Copy)]
pub(crate) struct Reordered<'a> {
    pub(crate) features: &'a [usize],
    /// For each sample, the sample whose features it gets.
    pub(crate) order: &'a [usize],
}

/// Computes loss and accuracy of a data set that fits the network, again and again, and reuses its
/// matrices.
#[derive(Clone, Debug)]
pub(crate) struct LossOver<T: Scalar> {
    data: Dataset,
    /// The samples of one part.
    part: Vec<usize>,
    inputs: Tensor<T>,
    targets: Tensor<T>,
    evaluation: Evaluation<T>,
}

impl<T: Scalar> LossOver<T> {
    pub(crate) fn new(net: &NeuralNetwork<T>, data: Dataset) -> Self {
        let most = AT_A_TIME.min(data.samples());
        LossOver {
            part: Vec::with_capacity(AT_A_TIME),
            inputs: Tensor::zeros(data.features(), most),
            targets: Tensor::zeros(data.outputs(), most),
            data,
            evaluation: Evaluation::new(net, most),
        }
    }

    /// The loss J of all samples together and, for classes, the accuracy, with the current weights.
    pub(crate) fn loss_and_accuracy(&mut self, net: &NeuralNetwork<T>, loss: &dyn Loss<T>) -> (f64, Option<f64>) {
        self.evaluation.renew(net);
        let (mut sum, mut divisors, mut hits) = (0.0, 0.0, 0.0);
        let (samples, weights) = (self.data.samples(), self.data.loss_weights());
        self.part.clear();
        while next(&mut self.part, samples) {
            self.data.gather(&self.part, self.part.len(), &mut self.inputs, &mut self.targets);
            let output = self.evaluation.run(net, &self.inputs);
            let of_samples = weights.map(|weights| &weights[self.part[0]..self.part[0] + self.part.len()]);
            let divisor = of_samples.map_or(self.part.len() as f64, |weights| weights.iter().sum());
            if divisor > 0.0 {
                sum += loss.weighted_value(output, &self.targets, Weights { of_samples, divisor }) * divisor;
            }
            divisors += divisor;
            hits += right(output, self.data.targets(), self.data.weights(), &self.part).unwrap_or(0.0);
        }
        let count = self.data.weights().map_or(samples as f64, |weights| weights.iter().sum());
        (sum / divisors, (self.data.classes() > 0).then_some(hits / count))
    }
}
