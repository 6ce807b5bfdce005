use super::NeuralNetwork;
use super::run::Evaluation;
use crate::data::{Dataset, Samples};
use crate::error::Result;
use crate::loss::Loss;
use crate::metric::{Metrics, right};
use crate::tensor::{Scalar, Tensor};

/// Samples that are predicted at a time, so that memory does not grow with the data.
const AT_A_TIME: usize = 1024;

impl<T: Scalar> NeuralNetwork<T> {
    /// The metrics of the network's outputs for these data.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the data do not fit the network; [`crate::Error::Data`] if they are not numbers alone.
    pub fn evaluate(&self, data: &Dataset) -> Result<Metrics> {
        self.check_outputs("evaluate", data.outputs())?;
        data.check_numbers()?;
        Ok(Metrics::of(&self.outputs_of(&data.stored_inputs().samples)?, data.targets()))
    }

    /// The loss of these data: of all samples together, however large a batch was in training.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the data do not fit the network; [`crate::Error::Data`] if they are not numbers alone.
    pub fn evaluate_loss(&self, loss: &dyn Loss<T>, data: &Dataset) -> Result<f64> {
        self.check_input("evaluate_loss", data.features())?;
        self.check_outputs("evaluate_loss", data.outputs())?;
        data.check_numbers()?;
        Ok(LossOver::new(self, data.clone()).loss_and_accuracy(self, loss).0)
    }

    /// [`NeuralNetwork::predict`] from and to `f64`, some samples at a time.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if `input` has another number of features.
    pub fn predict_f64(&self, input: &Tensor<f64>) -> Result<Tensor<f64>> {
        self.outputs_of(&Samples::from_tensor(input))
    }

    /// The output for each of these samples.
    pub(crate) fn outputs_of(&self, samples: &Samples) -> Result<Tensor<f64>> {
        self.outputs_with(&Replaced::nothing(), samples)
    }

    /// The same with other values for some features.
    pub(crate) fn outputs_with(&self, replaced: &Replaced<'_>, samples: &Samples) -> Result<Tensor<f64>> {
        self.check_input("predict", samples.features())?;
        let mut outputs = Tensor::zeros(self.outputs(), samples.len());
        let mut input = Tensor::zeros(self.inputs(), AT_A_TIME.min(samples.len()));
        let mut evaluation = Evaluation::new(self, AT_A_TIME.min(samples.len()));
        let all: Vec<usize> = (0..samples.len()).collect();
        for part in all.chunks(AT_A_TIME) {
            input.set_columns(part.len());
            samples.write(part, &mut input);
            replaced.write(part, &mut input);
            let output = evaluation.run(self, &input);
            for (j, sample) in part.iter().enumerate() {
                for (i, x) in output.column(j).enumerate() {
                    outputs[(i, *sample)] = x.to_f64();
                }
            }
        }
        Ok(outputs)
    }
}

/// Other values for some features of all samples.
pub(crate) struct Replaced<'a> {
    features: &'a [usize],
    /// Shape (these features, samples).
    values: Tensor<f64>,
}

impl<'a> Replaced<'a> {
    fn nothing() -> Self {
        Replaced { features: &[], values: Tensor::zeros(0, 0) }
    }

    /// These features of the samples in another order.
    pub(crate) fn reordered(features: &'a [usize], samples: &Samples, order: &[usize]) -> Self {
        let mut values = Tensor::zeros(features.len(), order.len());
        for (i, feature) in features.iter().enumerate() {
            let of_feature: Vec<f64> = samples.feature(*feature).collect();
            order.iter().enumerate().for_each(|(j, sample)| values[(i, j)] = of_feature[*sample]);
        }
        Replaced { features, values }
    }

    fn write<T: Scalar>(&self, samples: &[usize], input: &mut Tensor<T>) {
        for (i, feature) in self.features.iter().enumerate() {
            for (j, sample) in samples.iter().enumerate() {
                input[(*feature, j)] = T::from_f64(self.values[(i, *sample)]);
            }
        }
    }
}

/// The loss and the accuracy of a data set that fits the network, computed again and again with matrices that are kept.
#[derive(Clone, Debug)]
pub(crate) struct LossOver<T: Scalar> {
    data: Dataset,
    samples: Vec<usize>,
    inputs: Tensor<T>,
    targets: Tensor<T>,
    evaluation: Evaluation<T>,
}

impl<T: Scalar> LossOver<T> {
    pub(crate) fn new(net: &NeuralNetwork<T>, data: Dataset) -> Self {
        let most = AT_A_TIME.min(data.samples());
        LossOver {
            samples: (0..data.samples()).collect(),
            inputs: Tensor::zeros(data.features(), most),
            targets: Tensor::zeros(data.outputs(), most),
            data,
            evaluation: Evaluation::new(net, most),
        }
    }

    /// J of all samples together, and for classes the fraction whose class is predicted, with the weights that the network has now.
    pub(crate) fn loss_and_accuracy(&mut self, net: &NeuralNetwork<T>, loss: &dyn Loss<T>) -> (f64, Option<f64>) {
        self.evaluation.renew(net);
        let (mut sum, mut hits) = (0.0, 0);
        for samples in self.samples.chunks(AT_A_TIME) {
            self.data.gather(samples, samples.len(), &mut self.inputs, &mut self.targets);
            let output = self.evaluation.run(net, &self.inputs);
            sum += loss.value(output, &self.targets) * samples.len() as f64;
            hits += right(output, self.data.targets(), samples).unwrap_or(0);
        }
        let count = self.samples.len() as f64;
        (sum / count, (self.data.classes() > 0).then_some(hits as f64 / count))
    }
}
