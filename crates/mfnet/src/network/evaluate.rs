use super::NeuralNetwork;
use crate::data::{Dataset, Samples};
use crate::error::Result;
use crate::loss::Loss;
use crate::metric::Metrics;
use crate::tensor::{Scalar, Tensor};

/// Samples that are predicted at a time, so that memory does not grow with the data.
const AT_A_TIME: usize = 1024;

impl<T: Scalar> NeuralNetwork<T> {
    /// The metrics of the network's outputs for these data.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the data do not fit the network.
    pub fn evaluate(&self, data: &Dataset) -> Result<Metrics> {
        self.check_outputs("evaluate", data.outputs())?;
        Ok(Metrics::of(&self.outputs_of(data.stored_inputs())?, data.targets()))
    }

    /// The loss of these data: of all samples together, however large a batch was in training.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the data do not fit the network.
    pub fn evaluate_loss(&self, loss: &impl Loss<T>, data: &Dataset) -> Result<f64> {
        self.check_input("evaluate_loss", data.features())?;
        self.check_outputs("evaluate_loss", data.outputs())?;
        let parts = data.batches(AT_A_TIME).map(|batch| {
            let output = self.predict(batch.inputs())?;
            Ok(loss.value(&output, batch.targets()) * batch.samples() as f64)
        });
        Ok(parts.sum::<Result<f64>>()? / data.samples() as f64)
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
        self.check_input("predict", samples.features())?;
        let mut outputs = Tensor::zeros(self.outputs(), samples.len());
        let mut input = Tensor::zeros(self.inputs(), AT_A_TIME.min(samples.len()));
        for first in (0..samples.len()).step_by(AT_A_TIME) {
            let end = samples.len().min(first + AT_A_TIME);
            input.set_columns(end - first);
            samples.write(&(first..end).collect::<Vec<_>>(), &mut input);
            let part = self.predict(&input)?;
            for sample in first..end {
                for (i, x) in part.column(sample - first).enumerate() {
                    outputs[(i, sample)] = x.to_f64();
                }
            }
        }
        Ok(outputs)
    }
}
