use super::NeuralNetwork;
use super::run::Evaluation;
use crate::data::{Dataset, Samples};
use crate::error::Result;
use crate::loss::{Loss, Weights};
use crate::metric::{Metrics, right};
use crate::tensor::{Scalar, Tensor};

/// The largest number of samples to predict at a time, so that memory does not grow with the data.
/// Losses are sums over this many samples, so that they do not depend on the memory that is free.
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
        let most = Evaluation::samples_at_a_time(self, AT_A_TIME.min(samples.len()));
        let mut input = Tensor::zeros(self.inputs(), most);
        let mut others = Tensor::zeros(self.inputs(), if reordered.order.is_empty() { 0 } else { most });
        let mut evaluation = Evaluation::new(self, most);
        let mut part = Vec::with_capacity(most);
        while next(&mut part, samples.len(), most) {
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

/// Moves on to the next samples, `most` or fewer; returns whether there are any.
fn next(part: &mut Vec<usize>, samples: usize, most: usize) -> bool {
    let first = part.last().map_or(0, |last| last + 1);
    part.clear();
    part.extend(first..samples.min(first + most));
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
    /// How many samples are predicted at a time.
    at_a_time: usize,
    /// If these are fewer than a part has: the targets of some, and the outputs of the whole part.
    some_targets: Tensor<T>,
    outputs: Tensor<T>,
}

impl<T: Scalar> LossOver<T> {
    pub(crate) fn new(net: &NeuralNetwork<T>, data: Dataset) -> Self {
        let most = AT_A_TIME.min(data.samples());
        let at_a_time = Evaluation::samples_at_a_time(net, most);
        LossOver {
            part: Vec::with_capacity(AT_A_TIME),
            inputs: Tensor::zeros(data.features(), at_a_time),
            targets: Tensor::zeros(data.outputs(), most),
            evaluation: Evaluation::new(net, at_a_time),
            at_a_time,
            some_targets: Tensor::zeros(data.outputs(), 0),
            outputs: Tensor::zeros(data.outputs(), 0),
            data,
        }
    }

    /// Gathers the targets of the part and predicts it, some samples at a time.
    fn predict_some_at_a_time(&mut self, net: &NeuralNetwork<T>) {
        let count = self.part.len();
        self.targets.set_columns(count);
        self.outputs.set_columns(count);
        let mut first = 0;
        for some in self.part.chunks(self.at_a_time) {
            self.data.gather(some, some.len(), &mut self.inputs, &mut self.some_targets);
            let outputs = self.evaluation.run(net, &self.inputs);
            for (j, i) in (0..some.len()).flat_map(|j| (0..outputs.rows()).map(move |i| (j, i))) {
                self.outputs[(i, first + j)] = outputs[(i, j)];
                self.targets[(i, first + j)] = self.some_targets[(i, j)];
            }
            first += some.len();
        }
    }

    /// The loss J of all samples together and, for classes, the accuracy, with the current weights.
    pub(crate) fn loss_and_accuracy(&mut self, net: &NeuralNetwork<T>, loss: &dyn Loss<T>) -> (f64, Option<f64>) {
        self.evaluation.renew(net);
        let (mut sum, mut divisors, mut hits) = (0.0, 0.0, 0.0);
        let samples = self.data.samples();
        self.part.clear();
        while next(&mut self.part, samples, AT_A_TIME) {
            let output = if self.part.len() <= self.at_a_time {
                self.data.gather(&self.part, self.part.len(), &mut self.inputs, &mut self.targets);
                self.evaluation.run(net, &self.inputs)
            } else {
                self.predict_some_at_a_time(net);
                &self.outputs
            };
            let weights = self.data.loss_weights();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Activation, ActivationName};
    use crate::loss::{CrossEntropy, Mse};
    use crate::random::Seed;

    /// The loss does not depend on how many samples are predicted at a time.
    #[test]
    fn the_loss_has_the_same_bits_for_any_memory() {
        for (name, loss) in [("digits", &CrossEntropy as &dyn Loss<f64>), ("diabetes", &Mse)] {
            let data = Dataset::built_in(name).unwrap();
            let outputs = data.outputs();
            for g in [ActivationName::Relu, ActivationName::Gelu] {
                let net = NeuralNetwork::builder(data.features()).linear(70).batch_norm();
                let net = net.activation(Activation::from(g)).linear(outputs).build(Seed(3)).unwrap();
                let mut all = LossOver::new(&net, data.clone());
                let expected = all.loss_and_accuracy(&net, loss);
                for at_a_time in [1, 3, 64, 1000] {
                    let mut some = LossOver { at_a_time, ..all.clone() };
                    assert_eq!(some.loss_and_accuracy(&net, loss), expected, "{name}, {g}, {at_a_time}");
                }
            }
        }
    }
}
