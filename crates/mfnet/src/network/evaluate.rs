use super::NeuralNetwork;
use crate::data::Dataset;
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
        Ok(Metrics::of(&self.predict_f64(data.inputs())?, data.targets()))
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
        self.check_input("predict", input.rows())?;
        let mut output = Tensor::zeros(self.outputs(), input.columns());
        for first in (0..input.columns()).step_by(AT_A_TIME) {
            let samples: Vec<usize> = (first..input.columns().min(first + AT_A_TIME)).collect();
            let part = self.predict(&input.select_columns(&samples).map(T::from_f64))?;
            for (j, sample) in samples.into_iter().enumerate() {
                for (i, from) in part.column(j).enumerate() {
                    output[(i, sample)] = from.to_f64();
                }
            }
        }
        Ok(output)
    }
}
