//! The state of the optimizer alone, for another training.

use std::iter;

use safetensors::SafeTensors;

use super::{Checkpoint, name_of, not_safetensors};
use crate::error::{Error, ModelProblem, Result};
use crate::stored::matrix;
use crate::tensor::{Scalar, Tensor};
use crate::train::Session;

/// The settings that both trainings must have.
const SAME: [&str; 3] = ["optimizer", "number type", "matrices"];

impl Checkpoint {
    /// Returns an error if the trainings had another optimizer than the one with this name.
    pub(crate) fn check_optimizer(&self, name: &str) -> Result<()> {
        let training = self.training((0, self.networks()))?;
        self.check_same(training, [("optimizer".to_owned(), name.to_owned())])
    }
}

impl<T: Scalar> Session<T> {
    /// Takes the state of the optimizer from a checkpoint of another training: what its rule remembers of
    /// each weight, such as moments, and its number of steps. Nothing else changes. The schedules begin
    /// anew. The state is that of the checkpoint's last step, also if a training ended with the weights of
    /// an earlier epoch.
    ///
    /// ```
    /// use mfnet::train::Checkpoint;
    /// use mfnet::{Adam, Dataset, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Trainer};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("checkpoint.safetensors");
    /// let data = Dataset::built_in("diabetes")?;
    /// let data = Preprocessing::fit(&data).apply(&data);
    /// let net = NeuralNetwork::builder(10).linear(8).relu().linear(1).build(Seed(0))?;
    /// let trainer = Trainer::new(Mse, Optimizer::new(Adam::default(), 0.01)).epochs(3);
    /// let mut session = trainer.start(net, &data)?;
    /// session.run(&mut ())?;
    /// session.save_checkpoint(&path, &serde_json::Value::Null)?;
    ///
    /// // later: the network goes on, with the same moments
    /// let mut second = trainer.start(session.network().clone(), &data)?;
    /// second.take_optimizer(&Checkpoint::read(&path)?)?;
    /// second.run(&mut ())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::OtherTraining`](crate::error::ErrorKind::OtherTraining) if the rule, the number type
    /// or the shapes of the matrices differ,
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) after the first step of this
    /// session and for L-BFGS, and [`ErrorKind::ModelFile`](crate::error::ErrorKind::ModelFile) if the
    /// state is incomplete. The session is then unchanged.
    pub fn take_optimizer(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.take_optimizer_of(checkpoint, (0, 1))
    }

    /// As [`Session::take_optimizer`], from the training with this number of this many.
    pub(crate) fn take_optimizer_of(&mut self, checkpoint: &Checkpoint, (number, count): (usize, usize)) -> Result<()> {
        if self.optimizer.searches() {
            // its pairs of differences are of the function that it searched
            let expected = "a rule that can go on from another training";
            return Err(Error::invalid("optimizer", expected, self.optimizer.name()));
        }
        if self.optimizer.steps_made() > 0 {
            return Err(Error::invalid("steps of the session", "none", self.optimizer.steps_made()));
        }
        let training = checkpoint.training((number, count))?;
        let settings = self.described_settings().into_iter().filter(|(name, _)| SAME.contains(&name.as_str()));
        checkpoint.check_same(training, settings)?;
        let steps = training.optimizer_steps;
        let states = if steps > 0 { self.read_optimizer(checkpoint, number)? } else { Vec::new() };
        self.optimizer.set_state((steps, steps), iter::empty(), &mut self.net, states);
        Ok(())
    }

    /// The state of each matrix. The tensors of a training are numbered through, from those of the network.
    fn read_optimizer(&self, checkpoint: &Checkpoint, number: usize) -> Result<Vec<Vec<Tensor<T>>>> {
        let of_file = |problem| Error::model(&checkpoint.path, problem);
        let file = SafeTensors::deserialize(&checkpoint.bytes).map_err(|error| of_file(not_safetensors(&error)))?;
        let prefix = name_of(number, "optimizer.");
        let number_of = |name: &str| Some((name.strip_prefix(&prefix)?.parse::<usize>().ok()?, name.to_owned()));
        let mut names: Vec<_> = file.names().into_iter().filter_map(number_of).collect();
        names.sort_unstable();
        let shapes: Vec<_> = self.net.parameters().map(|parameter| parameter.value.shape()).collect();
        let (states, found) = (self.optimizer.states(), names.len());
        if found != states * shapes.len() {
            let expected = states * shapes.len();
            let problem = ModelProblem::Tensor(format!("{prefix}*: expected {expected} of them, found {found}"));
            return Err(of_file(problem));
        }
        let mut names = names.into_iter();
        let of_matrix = |shape| names.by_ref().take(states).map(|(_, name)| matrix(&file, &name, shape)).collect();
        shapes.into_iter().map(of_matrix).collect::<Result<_, _>>().map_err(of_file)
    }
}
