use crate::error::{Error, Result, require};

/// When a training loss counts as no longer falling; see [`Trainer::tolerance`](super::Trainer::tolerance).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tolerance {
    pub(super) tol: f64,
    pub(super) epochs: usize,
}

impl Tolerance {
    pub(super) fn check(self) -> Result<()> {
        let fits = self.tol >= 0.0 && self.tol.is_finite();
        require("tolerance", self.tol, fits, "0 or a positive number")?;
        if self.epochs == 0 {
            return Err(Error::invalid("tolerance", "at least 1 epoch", 0));
        }
        Ok(())
    }
}

/// The lowest training loss so far, and the number of epochs in a row that did not fall below it by more
/// than the tolerance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stalled {
    lowest: f64,
    epochs: usize,
}

impl Stalled {
    pub(super) fn new() -> Self {
        Stalled { lowest: f64::INFINITY, epochs: 0 }
    }

    /// After epochs with these losses.
    pub(super) fn after(losses: impl Iterator<Item = f64>, tolerance: Option<Tolerance>) -> Self {
        let mut stalled = Stalled::new();
        for loss in losses {
            stalled.observe(loss, tolerance);
        }
        stalled
    }

    /// Takes in the loss of an epoch; whether to stop after it.
    pub(super) fn observe(&mut self, loss: f64, tolerance: Option<Tolerance>) -> bool {
        let Some(Tolerance { tol, epochs }) = tolerance else { return false };
        self.epochs = if loss > self.lowest - tol { self.epochs + 1 } else { 0 };
        self.lowest = self.lowest.min(loss);
        self.epochs > epochs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Preprocessing};
    use crate::loss::Mse;
    use crate::network::NeuralNetwork;
    use crate::optimizer::{Optimizer, Sgd};
    use crate::random::Seed;
    use crate::train::{Checkpoint, StopReason, Trainer};

    /// `_update_no_improvement_count` of scikit-learn 1.9 for these losses, and `count > n_iter_no_change`.
    #[test]
    fn as_scikit_learn_counts() {
        let losses = [1.0, 0.5, 0.495, 0.49, 0.4, 0.4, 0.395, 0.42, 0.1];
        let mut stalled = Stalled::new();
        let mut observe = |loss| {
            let stops = stalled.observe(loss, Some(Tolerance { tol: 0.01, epochs: 2 }));
            (stalled.epochs, stops)
        };
        let counts: Vec<_> = losses.map(&mut observe).into();
        let expected = [0, 0, 1, 2, 0, 1, 2, 3, 0].map(|count| (count, count == 3));
        assert_eq!(counts, expected);
    }

    #[test]
    fn a_training_stops_and_goes_on_after_a_checkpoint_alike() {
        let data = Dataset::built_in("diabetes").unwrap();
        let data = Preprocessing::fit(&data).apply(&data);
        let net = NeuralNetwork::builder(10).linear(1).build(Seed(0)).unwrap();
        let trainer = Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.01)).epochs(1000).tolerance(1e-3, 4);
        let mut whole = trainer.start(net.clone(), &data).unwrap();
        whole.run(&mut ()).unwrap();
        let history = whole.history();
        let epochs = history.epochs.len();
        assert!(history.stop == StopReason::Early && (6..100).contains(&epochs), "{epochs} epochs");
        // by the definition: more than four epochs in a row are too high
        let lowest =
            |before: usize| history.epochs[..before].iter().map(|epoch| epoch.loss).fold(f64::INFINITY, f64::min);
        let is_too_high = |epoch: usize| history.epochs[epoch].loss > lowest(epoch) - 1e-3;
        assert!((epochs - 5..epochs).all(is_too_high) && !is_too_high(epochs - 6));

        let mut first = trainer.start(net.clone(), &data).unwrap();
        for _ in 0..epochs - 2 {
            first.epoch(&mut ()).unwrap();
        }
        let mut second = trainer.start(net, &data).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("half.safetensors");
        first.save_checkpoint(&path, &serde_json::Value::Null).unwrap();
        second.restore(&Checkpoint::read(&path).unwrap()).unwrap();
        second.run(&mut ()).unwrap();
        assert!(second == whole);
    }

    #[test]
    fn what_is_refused() {
        let data = Dataset::built_in("diabetes").unwrap();
        let refused = |tol, epochs| {
            let net = NeuralNetwork::builder(10).linear(1).build(Seed(0)).unwrap();
            let trainer = Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.01)).tolerance(tol, epochs);
            trainer.start(net, &data).err().map(|error| error.to_string())
        };
        assert!(refused(f64::NAN, 3).is_some_and(|message| message.contains("tolerance")));
        assert!(refused(-1.0, 3).is_some() && refused(0.0, 0).is_some() && refused(0.0, 1).is_none());
    }
}
