use std::sync::Arc;

use super::workspace::Workspace;
use super::{Trainer, session};
use crate::data::Dataset;
use crate::error::Result;
use crate::loss::Loss;
use crate::network::NeuralNetwork;
use crate::network::run::Run;
use crate::optimizer::{Gradients, Optimizer};
use crate::pass::Pass;
use crate::tensor::Scalar;

/// The steps of a training whose caller decides everything else: which samples are in a step, when the
/// learning rate changes, and when to stop. [`Trainer::stepper`] makes it.
///
/// A step is that of a [`Session`](super::Session), to the bit. A loss that is not finite stops nothing
/// here.
///
/// ```
/// use mfnet::{Dataset, Mse, NeuralNetwork, Optimizer, Pass, Preprocessing, Seed, Sgd, Trainer};
/// let data = Dataset::built_in("diabetes")?;
/// let data = Preprocessing::fit(&data).apply(&data);
/// let net = NeuralNetwork::builder(10).linear(1).build(Seed(0))?;
/// let mut steps = Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.1)).batch_size(100).stepper(net, &data)?;
/// let order: Vec<usize> = (0..data.samples()).collect();
/// let before = steps.step(&order, 100, Pass::Evaluate);
/// // the same samples again
/// assert!(steps.step(&order, 100, Pass::Evaluate) < before);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone)]
pub struct Stepper<T: Scalar = f64> {
    settings: Trainer<T>,
    train: Dataset,
    net: NeuralNetwork<T>,
    optimizer: Optimizer<T>,
    work: Workspace<T>,
}

impl<T: Scalar> Trainer<T> {
    /// Prepares steps on samples of `train`, in batches of at most [`Trainer::batch_size`] samples.
    ///
    /// # Errors
    /// As [`Trainer::start`].
    pub fn stepper(&self, net: NeuralNetwork<T>, train: &Dataset) -> Result<Stepper<T>> {
        self.check(&net, train)?;
        self.check_memory(&net, train, 1)?;
        let work = session::workspace(self, &net, train);
        let mut optimizer = self.optimizer.clone();
        optimizer.set_length(self.steps(train.samples()), self.epochs);
        Ok(Stepper { settings: self.clone(), train: train.clone(), net, optimizer, work })
    }
}

impl<T: Scalar> Stepper<T> {
    /// Makes a step with the first `count` of these samples and returns their loss before it. The samples
    /// after them are prefetched. With weights that are all 0 it makes no step and returns 0.
    ///
    /// # Panics
    /// If there is no such sample, or `count` is larger than a step's.
    pub fn step(&mut self, samples: &[usize], count: usize, pass: Pass) -> f64 {
        let (loss, run) = (Arc::clone(&self.settings.loss), Run::of(pass));
        if self.settings.wants_whole_gradients() {
            let Some(value) = self.evaluate(&*loss, samples, count, run) else { return 0.0 };
            self.work.step(&mut self.net, &mut self.optimizer);
            return value;
        }
        let divisor = self.work.weigh(&self.train, &samples[..count]);
        if divisor == 0.0 {
            return 0.0;
        }
        let value = self.work.forward_and_loss(&self.net, &*loss, (&self.train, samples, count), (run, divisor));
        self.work.backward_and_step(&mut self.net, run, &mut self.optimizer);
        value
    }

    /// The loss of the first `count` of these samples, and its gradients, without a step; both are 0 if all
    /// weights are.
    ///
    /// # Panics
    /// As [`Stepper::step`].
    pub fn gradients(&mut self, samples: &[usize], count: usize, pass: Pass) -> (f64, &mut Gradients<T>) {
        let loss = Arc::clone(&self.settings.loss);
        self.work.keep_whole_gradients(&self.net);
        let value = self.evaluate(&*loss, samples, count, Run::of(pass));
        let gradients = self.work.gradients_mut();
        if value.is_none() {
            gradients.iter_mut().for_each(|matrix| matrix.fill(T::ZERO));
        }
        (value.unwrap_or(0.0), gradients)
    }

    fn evaluate(&mut self, loss: &dyn Loss<T>, samples: &[usize], count: usize, run: Run) -> Option<f64> {
        let divisor = self.work.weigh(&self.train, &samples[..count]);
        let of_step = (run, self.settings.cut, divisor);
        (divisor != 0.0).then(|| self.work.whole_gradients(&mut self.net, loss, (&self.train, samples, count), of_step))
    }

    /// The network with its current weights.
    pub fn network(&self) -> &NeuralNetwork<T> {
        &self.net
    }

    /// Changes the weights.
    pub fn change(&mut self, change: impl FnOnce(&mut NeuralNetwork<T>)) {
        change(&mut self.net);
        self.work.renew_transposes(&self.net);
    }

    /// The optimizer, for changing its learning rate or weight decay.
    pub fn optimizer_mut(&mut self) -> &mut Optimizer<T> {
        &mut self.optimizer
    }

    /// The network and the optimizer with its state.
    pub fn into_parts(self) -> (NeuralNetwork<T>, Optimizer<T>) {
        (self.net, self.optimizer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Preprocessing;
    use crate::layer::Activation;
    use crate::loss::Mse;
    use crate::optimizer::{Adam, Clip};
    use crate::random::Seed;
    use crate::train::SampleOrder;

    /// The same steps as a session, with and without whole gradients, with weights and dropout.
    #[test]
    fn steps_of_a_session() {
        let data = Dataset::built_in("diabetes").unwrap();
        let data = Preprocessing::fit(&data).apply(&data);
        let data = data.with_weights((0..442).map(|i| f64::from(i % 3)).collect()).unwrap();
        let net = NeuralNetwork::builder(10).linear(40).activation(Activation::Silu).dropout(0.2).linear(1);
        let net = net.build(Seed(1)).unwrap();
        for clip in [false, true] {
            let mut optimizer = Optimizer::new(Adam::default(), 0.01);
            if clip {
                optimizer = optimizer.clip(Clip::Global(0.1));
            }
            let trainer = Trainer::new(Mse, optimizer).epochs(2).batch_size(100).order(SampleOrder::AsTheyAre);
            let mut session = trainer.start(net.clone(), &data).unwrap();
            let mut steps = trainer.stepper(net.clone(), &data).unwrap();
            let order: Vec<usize> = (0..442).collect();
            for epoch in 1..=2 {
                for (step, rest) in (1..).zip((0..442).step_by(100).map(|first| &order[first..])) {
                    let pass = Pass::Train { seed: Seed(0), epoch, step };
                    let expected = session.step(&mut ()).unwrap().unwrap().loss;
                    assert_eq!(steps.step(rest, rest.len().min(100), pass), expected);
                }
            }
            assert!(steps.network().parameters().eq(session.network().parameters()));
        }
    }

    #[test]
    fn weights_of_0_have_no_gradients() {
        let data = Dataset::built_in("diabetes").unwrap();
        let data = Preprocessing::fit(&data).apply(&data);
        let data = data.with_weights((0..442).map(|i| f64::from(u8::from(i < 100))).collect()).unwrap();
        let net = NeuralNetwork::builder(10).linear(1).build(Seed(0)).unwrap();
        let trainer = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).batch_size(100);
        let mut steps = trainer.stepper(net.clone(), &data).unwrap();
        let order: Vec<usize> = (0..442).collect();
        assert!(steps.gradients(&order, 100, Pass::Evaluate).1.norm() > 0.0);
        let (value, gradients) = steps.gradients(&order[100..], 100, Pass::Evaluate);
        assert!(value == 0.0 && gradients.norm() == 0.0);
        assert_eq!(steps.step(&order[100..], 100, Pass::Evaluate), 0.0);
        assert!(steps.network().parameters().eq(net.parameters()));
    }

    /// Gradients at changed weights are those of a fresh stepper.
    #[test]
    fn changed_weights_are_used() {
        let data = Dataset::built_in("diabetes").unwrap();
        let data = Preprocessing::fit(&data).apply(&data);
        let net = |seed| NeuralNetwork::builder(10).linear(8).tanh().linear(1).build(Seed(seed)).unwrap();
        let trainer: Trainer = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).batch_size(100).accumulate(5);
        let order: Vec<usize> = (0..442).collect();
        let mut changed = trainer.stepper(net(1), &data).unwrap();
        changed.gradients(&order, 442, Pass::Evaluate);
        changed.change(|to| *to = net(2));
        let mut fresh = trainer.stepper(net(2), &data).unwrap();
        let (value, gradients) = fresh.gradients(&order, 442, Pass::Evaluate);
        let (of_changed, gradients_of_changed) = changed.gradients(&order, 442, Pass::Evaluate);
        assert!(value == of_changed && gradients == gradients_of_changed);
        assert!((value - net(2).evaluate_loss(&Mse, &data).unwrap()).abs() < 1e-12);
    }
}
