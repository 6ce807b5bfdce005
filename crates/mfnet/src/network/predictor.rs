use super::NeuralNetwork;
use super::stage::{self, Stage};
use crate::error::Result;
use crate::tensor::{Scalar, Tensor};
use crate::threads::alone;

/// A network's forward pass with matrices that are kept from call to call: [`NeuralNetwork::predict`] for a program that predicts again and
/// again.
///
/// Many columns are shared by all threads. One column is predicted by the calling thread alone, without a look at any other thread, and
/// allocates nothing after the first call.
///
/// ```
/// use mfnet::{NeuralNetwork, Seed, Tensor};
/// let net = NeuralNetwork::builder(4).linear(8).relu().linear(3).build(Seed(0))?;
/// let mut predictor = net.predictor();
/// let mut row = Tensor::zeros(4, 1);
/// for i in 0..100 {
///     row[(0, 0)] = f64::from(i);
///     assert_eq!(predictor.predict(&row)?.shape(), (3, 1));
/// }
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Predictor<'a, T: Scalar = f64> {
    net: &'a NeuralNetwork<T>,
    stages: Vec<Stage<T>>,
}

impl<T: Scalar> NeuralNetwork<T> {
    /// Prepares for many predictions.
    pub fn predictor(&self) -> Predictor<'_, T> {
        Predictor { net: self, stages: Stage::all(self, 0) }
    }

    /// The output for every column of `input`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if `input` has another number of features.
    pub fn predict(&self, input: &Tensor<T>) -> Result<Tensor<T>> {
        let mut predictor = self.predictor();
        predictor.predict(input)?;
        Ok(predictor.stages.pop().map_or_else(|| input.clone(), |last| last.output))
    }
}

impl<T: Scalar> Predictor<'_, T> {
    /// The output for every column of `input`, shape (outputs, columns).
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if `input` has another number of features.
    pub fn predict<'a>(&'a mut self, input: &'a Tensor<T>) -> Result<&'a Tensor<T>> {
        self.net.check_input("predict", input.rows())?;
        if input.columns() == 1 {
            return Ok(alone(|| stage::forward(&mut self.stages, self.net, input)));
        }
        Ok(stage::forward(&mut self.stages, self.net, input))
    }
}
