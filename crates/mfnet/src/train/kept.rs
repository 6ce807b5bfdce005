use crate::error::KeptWeights;
use crate::network::NeuralNetwork;
use crate::tensor::{Scalar, Tensor};

/// Copies of the weights to which a training may return.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept<T: Scalar> {
    start_of_epoch: Weights<T>,
    /// The best weights so far, with validation.
    best: Option<Best<T>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Best<T: Scalar> {
    /// The best epoch: `None` before the first, 0 for the start.
    epoch: Option<usize>,
    /// The lowest watched number so far, such as the validation loss.
    loss: f64,
    weights: Weights<T>,
}

impl<T: Scalar> Kept<T> {
    /// `validation` says whether there will be validation losses.
    pub(super) fn of(net: &NeuralNetwork<T>, validation: bool) -> Self {
        let best = validation.then(|| Best { epoch: None, loss: f64::INFINITY, weights: Weights::of(net) });
        Kept { start_of_epoch: Weights::of(net), best }
    }

    /// The matrices of both copies; the second has none without validation.
    pub(super) fn matrices(&self) -> (&[Tensor<T>], &[Tensor<T>]) {
        (&self.start_of_epoch.0, self.best.as_ref().map_or(&[], |best| &best.weights.0))
    }

    /// The best epoch, and the lowest validation loss.
    pub(super) fn best(&self) -> (Option<usize>, f64) {
        self.best.as_ref().map_or((None, f64::INFINITY), |best| (best.epoch, best.loss))
    }

    /// Replaces both copies.
    pub(super) fn set(&mut self, start: Vec<Tensor<T>>, (epoch, loss): (Option<usize>, f64), best: Vec<Tensor<T>>) {
        self.start_of_epoch = Weights(start);
        if self.best.is_some() {
            self.best = Some(Best { epoch, loss, weights: Weights(best) });
        }
    }

    /// Keeps the weights at the start of an epoch, known to be finite.
    pub(super) fn start_epoch(&mut self, net: &NeuralNetwork<T>) {
        self.start_of_epoch.copy_from(net);
    }

    /// Keeps the weights after an epoch unless an earlier watched number, such as the validation
    /// loss, was lower or equal.
    pub(super) fn offer(&mut self, epoch: usize, watched: Option<f64>, net: &NeuralNetwork<T>) {
        if let (Some(loss), Some(best)) = (watched, &mut self.best)
            && loss < best.loss
        {
            (best.epoch, best.loss) = (Some(epoch), loss);
            best.weights.copy_from(net);
        }
    }

    /// The epoch with the lowest validation loss.
    pub(super) fn best_epoch(&self) -> Option<usize> {
        self.best.as_ref().and_then(|best| best.epoch)
    }

    /// Restores the weights with the lowest validation loss, with validation.
    pub(super) fn restore_best(&self, net: &mut NeuralNetwork<T>) {
        if let Some(best) = self.best.as_ref().filter(|best| best.epoch.is_some()) {
            best.weights.copy_to(net);
        }
    }

    /// Restores the last good weights: the best ones, or those at the start of this epoch.
    pub(super) fn restore(&self, net: &mut NeuralNetwork<T>, epoch: usize) -> KeptWeights {
        self.start_of_epoch.copy_to(net);
        self.restore_best(net);
        match (self.best_epoch(), epoch) {
            (Some(0), _) | (None, 1) => KeptWeights::Initial,
            (Some(best), _) => KeptWeights::Epoch(best),
            (None, epoch) => KeptWeights::Epoch(epoch - 1),
        }
    }
}

/// A copy of a network's parameters and buffers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights<T: Scalar>(pub(super) Vec<Tensor<T>>);

impl<T: Scalar> Weights<T> {
    pub(super) fn of(net: &NeuralNetwork<T>) -> Self {
        let mut copies = Vec::new();
        net.visit_state(&mut |matrix| copies.push(matrix.clone()));
        Weights(copies)
    }

    pub(super) fn copy_from(&mut self, net: &NeuralNetwork<T>) {
        let mut copies = self.0.iter_mut();
        net.visit_state(&mut |matrix| copies.next().into_iter().for_each(|copy| copy.copy_from(matrix)));
    }

    pub(super) fn copy_to(&self, net: &mut NeuralNetwork<T>) {
        let mut copies = self.0.iter();
        net.visit_state_mut(&mut |matrix| copies.next().into_iter().for_each(|copy| matrix.copy_from(copy)));
    }
}

/// The first number among parameters and buffers that is infinite or NaN.
pub(super) fn first_not_finite<T: Scalar>(net: &NeuralNetwork<T>) -> Option<f64> {
    let mut first = None;
    net.visit_state(&mut |matrix| {
        first = first.or_else(|| matrix.iter().find(|w| !w.is_finite()).map(|w| w.to_f64()));
    });
    first
}
