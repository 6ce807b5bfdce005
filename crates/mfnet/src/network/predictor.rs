use super::NeuralNetwork;
use super::run::Evaluation;
use crate::error::Result;
use crate::tensor::{Scalar, Tensor};
use crate::threads::alone;

/// Predicts again and again with the same network and reuses its matrices, as
/// [`NeuralNetwork::predict`] does not.
///
/// All threads share the work for many columns. One column is predicted by the calling thread only,
/// without synchronisation, and without allocation after the first call.
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
pub struct Predictor<T: Scalar = f64> {
    net: NeuralNetwork<T>,
    evaluation: Evaluation<T>,
}

impl<T: Scalar> NeuralNetwork<T> {
    /// Prepares a copy of the network for many predictions.
    pub fn predictor(&self) -> Predictor<T> {
        Predictor { net: self.clone(), evaluation: Evaluation::new(self, 0) }
    }

    /// Predicts the output for every column of `input`, shape (outputs, columns).
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if `input` has another number of
    /// features.
    pub fn predict(&self, input: &Tensor<T>) -> Result<Tensor<T>> {
        self.check_input("predict", input.rows())?;
        let mut evaluation = Evaluation::new(self, 0);
        evaluation.run(self, input);
        Ok(evaluation.into_output().unwrap_or_else(|| input.clone()))
    }
}

impl<T: Scalar> Predictor<T> {
    /// Predicts the output for every column of `input`, shape (outputs, columns).
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if `input` has another number of
    /// features.
    pub fn predict<'a>(&'a mut self, input: &'a Tensor<T>) -> Result<&'a Tensor<T>> {
        self.net.check_input("predict", input.rows())?;
        if input.columns() == 1 {
            return Ok(alone(|| self.evaluation.run(&self.net, input)));
        }
        Ok(self.evaluation.run(&self.net, input))
    }
}
