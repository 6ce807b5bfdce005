mod optimizer;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use mfnet_table::file::hexadecimal;
use mfnet_table::shortest;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Position, Session};
use crate::error::{Error, ErrorKind, ModelProblem, Result};
use crate::optimizer::Schedule;
use crate::stored::{Kept, matrix, not_written, numbers, write_kept};
use crate::tensor::{Scalar, Tensor};
use crate::train::kept::Weights;
use crate::train::monitor::Waiting;
use crate::train::tolerance::{Stalled, Tolerance};
use crate::train::{EpochRecord, StopReason};

/// The only key of the file's metadata.
const KEY: &str = "mfnet_checkpoint";
/// The version of the format.
const VERSION: u32 = 3;
/// Names of tensors.
const EPOCHS: &str = "epochs";
const NUMBERS: &str = "numbers";
/// Numbers of an epoch in the tensor of the epochs.
const OF_EPOCH: usize = 6;

/// The state of a training, read from a file that [`Session::save_checkpoint`] wrote; of an ensemble,
/// that of the trainings of all networks.
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
/// let mut session = trainer.start(net.clone(), &data)?;
/// session.epoch(&mut ())?;
/// session.step(&mut ())?;
/// session.save_checkpoint(&path, &serde_json::Value::Null)?;
///
/// // later, in another process: the same network, data and settings
/// let checkpoint = Checkpoint::read(&path)?;
/// assert_eq!(checkpoint.position(), (2, 1));
/// let mut resumed = trainer.start(net, &data)?;
/// resumed.restore(&checkpoint)?;
/// assert!(resumed == session);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    metadata: Metadata,
    bytes: Vec<u8>,
}

/// Everything except matrices and numbers that JSON cannot hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    version: u32,
    /// One, or one for each network of an ensemble.
    trainings: Vec<Training>,
    about: Value,
    /// SHA-256 of this metadata with an empty `sha256`, and of all tensors.
    sha256: String,
}

/// The part of a training.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Training {
    settings: BTreeMap<String, String>,
    /// See [`EpochRecord::network`].
    network: Option<usize>,
    epoch: usize,
    step: usize,
    used: usize,
    /// Whether the epoch has begun and not ended.
    in_epoch: bool,
    stop: Option<StopReason>,
    /// Number of samples processed in whole epochs.
    samples: usize,
    /// The epoch of the network's weights, and that of the best ones.
    kept_epoch: usize,
    best_epoch: Option<usize>,
    /// The epoch of the last improvement, for early stopping.
    improved_epoch: Option<usize>,
    has_start_loss: bool,
    has_validation_loss: bool,
    has_accuracy: bool,
    has_score: bool,
    /// Number of weights that were averaged.
    averaged: u64,
    optimizer_steps: u64,
    /// Steps of the optimizer, and epochs, before the schedules began.
    schedule_steps: u64,
    schedule_epochs: usize,
}

/// The state as tensors.
struct State<T: Scalar> {
    net: Vec<Tensor<T>>,
    start: Vec<Tensor<T>>,
    best: Vec<Tensor<T>>,
    average: Vec<Tensor<T>>,
    optimizer: Vec<Vec<Tensor<T>>>,
    epochs: Vec<EpochRecord>,
    numbers: Numbers,
}

/// Numbers that may be infinite or NaN.
#[derive(Clone, Copy)]
struct Numbers {
    weight: f64,
    sum: f64,
    seconds: f64,
    best_loss: f64,
    start_loss: f64,
    /// The lowest watched number, for early stopping.
    lowest: f64,
}

impl Numbers {
    fn list(self) -> [f64; 6] {
        [self.weight, self.sum, self.seconds, self.best_loss, self.start_loss, self.lowest]
    }
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it cannot be read; [`ErrorKind::ModelFile`] if it is cut off or altered,
    /// or comes from another program or version.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(Error::io(path, "read"))?;
        let metadata = parse(&bytes).map_err(|problem| Error::model(path, problem))?;
        Ok(Checkpoint { path: path.to_owned(), metadata, bytes })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What [`Session::save_checkpoint`] was given.
    pub fn about(&self) -> &Value {
        &self.metadata.about
    }

    /// The epoch, from 1, and the number of its steps; see [`Session::position`]. Of an ensemble,
    /// the position of the network that is furthest behind.
    pub fn position(&self) -> (usize, usize) {
        let all = || self.metadata.trainings.iter();
        let of = |training: &Training| (training.epoch, training.step);
        let behind = all().filter(|training| training.stop.is_none()).map(of).min();
        behind.or_else(|| all().map(of).max()).unwrap_or_default()
    }

    /// Why the training is over; `None` if it is not, for any network.
    pub fn stop_reason(&self) -> Option<StopReason> {
        let reasons = self.metadata.trainings.iter().map(|training| training.stop).collect::<Option<Vec<_>>>()?;
        reasons.into_iter().next()
    }

    /// Number of networks.
    pub(crate) fn networks(&self) -> usize {
        self.metadata.trainings.len()
    }

    /// The training with this number of this many.
    fn training(&self, (number, count): (usize, usize)) -> Result<&Training> {
        let training = self.metadata.trainings.get(number).filter(|_| self.networks() == count);
        training.ok_or_else(|| self.differs("number of networks", self.networks(), count))
    }

    /// Returns an error if a setting of a training differs from these.
    fn check_same(&self, training: &Training, settings: impl IntoIterator<Item = (String, String)>) -> Result<()> {
        for (name, here) in settings {
            let there = training.settings.get(&name).map_or("none", String::as_str);
            if there != here {
                return Err(self.differs(&name, there, here));
            }
        }
        Ok(())
    }

    fn differs(&self, what: &str, there: impl ToString, here: impl ToString) -> Error {
        let (path, what) = (self.path.clone(), what.to_owned());
        ErrorKind::OtherTraining { path, what, there: there.to_string(), here: here.to_string() }.into()
    }

    /// The results of each complete epoch. Of an ensemble, those of all networks for the first epoch,
    /// for the second, and so on, as far as no network is behind.
    ///
    /// # Errors
    /// [`ErrorKind::ModelFile`] if they are missing.
    pub fn epochs(&self) -> Result<Vec<EpochRecord>> {
        let of_file = |problem| Error::model(&self.path, problem);
        let file = SafeTensors::deserialize(&self.bytes).map_err(|error| of_file(not_safetensors(&error)))?;
        let trainings = self.metadata.trainings.iter().enumerate();
        let of_each = trainings.map(|(number, training)| epochs(number, training, &file));
        let of_each = of_each.collect::<Result<Vec<_>, _>>().map_err(of_file)?;
        let unfinished = of_each.iter().zip(&self.metadata.trainings).filter(|(_, training)| training.stop.is_none());
        let complete = unfinished.map(|(epochs, _)| epochs.len()).min().unwrap_or(usize::MAX);
        let mut all: Vec<EpochRecord> =
            of_each.into_iter().flatten().filter(|record| record.epoch <= complete).collect();
        all.sort_by_key(|record| (record.epoch, record.network));
        Ok(all)
    }
}

/// What the names of the tensors of a training begin with.
fn name_of(number: usize, tensor: impl std::fmt::Display) -> String {
    format!("{number}.{tensor}")
}

fn not_safetensors(error: &safetensors::SafeTensorError) -> ModelProblem {
    ModelProblem::NotSafetensors(error.to_string())
}

/// The metadata, if the file is as it was written.
fn parse(bytes: &[u8]) -> Result<Metadata, ModelProblem> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| not_safetensors(&error))?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| not_safetensors(&error))?;
    let json = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY)).ok_or_else(|| {
        ModelProblem::Inconsistent(
            "expected a checkpoint of mfnet, found a safetensors file without its metadata".into(),
        )
    })?;
    let of_json = |error: serde_json::Error| ModelProblem::Metadata(error.to_string());
    let value: Value = serde_json::from_str(json).map_err(of_json)?;
    match value["version"].as_u64() {
        Some(found) if found == u64::from(VERSION) => {}
        Some(found) => return Err(ModelProblem::Version(VERSION, found)),
        None => return Err(ModelProblem::Metadata("it has no format version".to_owned())),
    }
    let metadata: Metadata = serde_json::from_value(value).map_err(of_json)?;
    let is_possible = |of: &Training| {
        of.stop != Some(StopReason::Diverged)
            && of.schedule_steps <= of.optimizer_steps
            && of.schedule_epochs <= of.epoch
    };
    if metadata.trainings.is_empty() || !metadata.trainings.iter().all(is_possible) {
        return Err(ModelProblem::Inconsistent("the state of the training cannot be".to_owned()));
    }
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let contents = tensors.iter().map(|(name, tensor)| (name.as_str(), Cow::Borrowed(tensor.data())));
    match digest(&metadata, contents).map_err(of_json)? == metadata.sha256 {
        true => Ok(metadata),
        false => Err(ModelProblem::Altered),
    }
}

/// SHA-256 of the metadata with an empty `sha256`, and of the tensors, sorted by name.
fn digest<'a>(
    metadata: &Metadata,
    tensors: impl Iterator<Item = (&'a str, Cow<'a, [u8]>)>,
) -> serde_json::Result<String> {
    let metadata = Metadata { sha256: String::new(), ..metadata.clone() };
    let mut hash = Sha256::new_with_prefix(serde_json::to_vec(&metadata)?);
    for (name, bytes) in tensors {
        hash.update(name);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hexadecimal(hash.finalize(), ""))
}

fn epochs(number: usize, training: &Training, file: &SafeTensors<'_>) -> Result<Vec<EpochRecord>, ModelProblem> {
    let record = |numbers: &[f64]| EpochRecord {
        network: training.network,
        epoch: numbers[0] as usize,
        loss: numbers[1],
        validation_loss: training.has_validation_loss.then_some(numbers[2]),
        seconds: numbers[3],
        validation_accuracy: training.has_accuracy.then_some(numbers[4]),
        validation_score: training.has_score.then_some(numbers[5]),
    };
    Ok(numbers(file, &name_of(number, EPOCHS))?.chunks_exact(OF_EPOCH).map(record).collect())
}

/// What a session has to be copied for a file.
struct Copied<T: Scalar> {
    network: Vec<Tensor<T>>,
    epochs: Vec<f64>,
    numbers: [f64; 6],
}

/// Writes the state of the trainings of one network, or of all networks of an ensemble.
pub(crate) fn save<T: Scalar>(sessions: &[&Session<T>], path: &Path, about: &Value) -> Result<()> {
    let copied: Vec<Copied<T>> = sessions.iter().map(|session| session.copied()).collect();
    let mut tensors: Vec<Kept<'_, T>> = Vec::new();
    for (number, (session, copied)) in sessions.iter().zip(&copied).enumerate() {
        session.write_into(number, copied, &mut tensors);
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let trainings = sessions.iter().map(|session| session.described()).collect();
    let mut metadata = Metadata { version: VERSION, trainings, about: about.clone(), sha256: String::new() };
    let of_json = |error| not_written(path, error);
    let contents = tensors.iter().map(|tensor| (tensor.name.as_str(), Cow::Owned(tensor.bytes())));
    metadata.sha256 = digest(&metadata, contents).map_err(of_json)?;
    let json = serde_json::to_string(&metadata).map_err(of_json)?;
    write_kept(path, &tensors, HashMap::from([(KEY.to_owned(), json)])).map_err(Error::io(path, "write"))
}

impl<T: Scalar> Session<T> {
    /// Writes the state of the training to a file: weights, buffers, the state of the optimizer, the
    /// best weights, the history, and the position within the epoch. `about` is kept with them, for
    /// the caller. The file is written beside its place, flushed to disk and renamed, so that it is
    /// complete or absent.
    ///
    /// A session with the same network, data and settings that restores it
    /// ([`Session::restore`]) continues to the same bits.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the file cannot be written; an old file is then unchanged.
    pub fn save_checkpoint(&self, path: impl AsRef<Path>, about: &Value) -> Result<()> {
        save(&[self], path.as_ref(), about)
    }

    fn copied(&self) -> Copied<T> {
        let mut network = Vec::new();
        self.net.visit_state(&mut |matrix| network.push(matrix.clone()));
        let record = |record: &EpochRecord| {
            let EpochRecord { epoch, loss, validation_loss, seconds, validation_accuracy, validation_score, .. } =
                *record;
            let [validation_loss, accuracy, score] =
                [validation_loss, validation_accuracy, validation_score].map(|x| x.unwrap_or(f64::NAN));
            [epoch as f64, loss, validation_loss, seconds, accuracy, score]
        };
        let history = &self.history;
        let Position { weight, sum, .. } = self.position;
        let (seconds, start_loss) = (history.seconds, history.start_validation_loss.unwrap_or(f64::NAN));
        let ((_, best_loss), lowest) = (self.kept.best(), self.waiting.lowest);
        let numbers = Numbers { weight, sum, seconds, best_loss, start_loss, lowest }.list();
        Copied { network, epochs: history.epochs.iter().flat_map(record).collect(), numbers }
    }

    fn write_into<'a>(&'a self, number: usize, copied: &'a Copied<T>, tensors: &mut Vec<Kept<'a, T>>) {
        let (start, best) = self.kept.matrices();
        let average = self.average.as_ref().map_or(&[][..], |average| &average.weights.0);
        let groups: [(&str, Vec<&Tensor<T>>); 5] = [
            ("network", copied.network.iter().collect()),
            ("start_of_epoch", start.iter().collect()),
            ("best", best.iter().collect()),
            ("average", average.iter().collect()),
            ("optimizer", self.optimizer.states_of_matrices().collect()),
        ];
        let all =
            groups.into_iter().flat_map(|(kind, matrices)| matrices.into_iter().map(move |matrix| (kind, matrix)));
        let all = all.enumerate().map(|(i, (kind, matrix))| Kept::of(name_of(number, format!("{kind}.{i}")), matrix));
        tensors.extend(all);
        tensors.push(Kept::of_numbers(name_of(number, EPOCHS), &copied.epochs));
        tensors.push(Kept::of_numbers(name_of(number, NUMBERS), &copied.numbers));
    }

    fn described(&self) -> Training {
        let (history, Position { epoch, step, used, .. }) = (&self.history, self.position);
        let has = |of: fn(&EpochRecord) -> bool| history.epochs.first().is_some_and(of);
        Training {
            settings: self.described_settings(),
            network: self.settings.network,
            epoch,
            step,
            used,
            in_epoch: !self.order.is_empty(),
            stop: self.stop,
            samples: history.samples,
            kept_epoch: history.best_epoch,
            best_epoch: self.kept.best().0,
            improved_epoch: self.waiting.epoch,
            has_start_loss: history.start_validation_loss.is_some(),
            has_validation_loss: has(|record| record.validation_loss.is_some()),
            has_accuracy: has(|record| record.validation_accuracy.is_some()),
            has_score: has(|record| record.validation_score.is_some()),
            averaged: self.average.as_ref().map_or(0, |average| average.count),
            optimizer_steps: self.optimizer.steps_made(),
            schedule_steps: self.optimizer.begin(),
            schedule_epochs: self.schedule_epochs,
        }
    }

    /// Continues from a checkpoint. This session must have the network, data and settings of the
    /// session that wrote it; the weights and the position of this session are replaced.
    ///
    /// # Errors
    /// [`ErrorKind::OtherTraining`] names a setting that differs, and [`ErrorKind::ModelFile`] a matrix
    /// that does not fit; the session is then unchanged.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.restore_part(checkpoint, (0, 1))
    }

    /// As [`Session::restore`], from the training with this number of this many.
    pub(crate) fn restore_part(&mut self, checkpoint: &Checkpoint, (number, count): (usize, usize)) -> Result<()> {
        let training = checkpoint.training((number, count))?;
        checkpoint.check_same(training, self.described_settings())?;
        let of_file = |problem| Error::model(&checkpoint.path, problem);
        let file = SafeTensors::deserialize(&checkpoint.bytes).map_err(|error| of_file(not_safetensors(&error)))?;
        let state = self.read(number, training, &file).map_err(of_file)?;
        self.set(training, state);
        Ok(())
    }

    /// Reads the state of a session like this one.
    fn read(&self, of: usize, training: &Training, file: &SafeTensors<'_>) -> Result<State<T>, ModelProblem> {
        let (mut shapes, mut number) = (Vec::new(), 0);
        self.net.visit_state(&mut |matrix| shapes.push(matrix.shape()));
        let mut next = |kind: &str, shape: (usize, usize)| {
            let name = name_of(of, format!("{kind}.{number}"));
            number += 1;
            matrix(file, &name, shape)
        };
        let mut all = |kind: &str, shapes: &[(usize, usize)]| -> Result<Vec<Tensor<T>>, ModelProblem> {
            shapes.iter().map(|shape| next(kind, *shape)).collect()
        };
        let net = all("network", &shapes)?;
        let start = all("start_of_epoch", &shapes)?;
        let best = if self.validation.is_some() { all("best", &shapes)? } else { Vec::new() };
        let average = if self.average.is_some() { all("average", &shapes)? } else { Vec::new() };
        let mut optimizer = Vec::new();
        if training.optimizer_steps > 0 {
            let states = self.optimizer.states();
            for parameter in self.net.parameters() {
                optimizer.push(all("optimizer", &vec![parameter.value.shape(); states])?);
            }
        }
        let length = self.settings.order.length(self.train.samples());
        let is_in = training.used <= length && training.epoch <= self.settings.epochs;
        if !is_in || training.schedule_epochs > self.settings.epochs {
            let found = format!("epoch {}, {} samples of {length}", training.epoch, training.used);
            return Err(ModelProblem::Inconsistent(format!("the position of the training cannot be: {found}")));
        }
        let numbers = numbers(file, &name_of(of, NUMBERS))?;
        let [weight, sum, seconds, best_loss, start_loss, lowest] = numbers[..] else {
            return Err(ModelProblem::Tensor(format!("{NUMBERS}: expected 6 numbers, found {}", numbers.len())));
        };
        let numbers = Numbers { weight, sum, seconds, best_loss, start_loss, lowest };
        Ok(State { net, start, best, average, optimizer, epochs: epochs(of, training, file)?, numbers })
    }

    fn set(&mut self, training: &Training, state: State<T>) {
        let State { net, start, best, average, optimizer, epochs, numbers } = state;
        let mut matrices = net.iter();
        self.net.visit_state_mut(&mut |to| matrices.next().into_iter().for_each(|from| to.copy_from(from)));
        self.kept.set(start, (training.best_epoch, numbers.best_loss), best);
        self.schedule_epochs = training.schedule_epochs;
        let steps_per_epoch = self.settings.steps(self.train.samples());
        self.optimizer.set_length(steps_per_epoch, self.settings.epochs.saturating_sub(self.schedule_epochs));
        let losses = epochs.iter().skip(self.schedule_epochs).map(EpochRecord::watched_loss);
        let steps = (training.schedule_steps, training.optimizer_steps);
        self.optimizer.set_state(steps, losses, &mut self.net, optimizer);
        let Training { epoch, step, used, in_epoch, .. } = *training;
        self.position = Position { epoch, step, used, weight: numbers.weight, sum: numbers.sum };
        if in_epoch {
            self.settings.order.write(epoch, self.train.samples(), self.settings.seed, &mut self.order);
        } else {
            self.order.clear();
        }
        if let Some(to) = &mut self.average {
            (to.weights, to.count) = (Weights(average), training.averaged);
        }
        self.waiting = Waiting { lowest: numbers.lowest, epoch: training.improved_epoch };
        self.history.epochs.splice(.., epochs);
        let losses = self.history.epochs.iter().skip(self.schedule_epochs).map(|epoch| epoch.loss);
        self.stalled = Stalled::after(losses, self.settings.tolerance);
        self.history.start_validation_loss = training.has_start_loss.then_some(numbers.start_loss);
        (self.history.samples, self.history.seconds) = (training.samples, numbers.seconds);
        self.history.best_epoch = training.kept_epoch;
        self.stop = training.stop;
        self.history.stop = training.stop.unwrap_or_default();
        // it holds transposes of the weights
        self.work = super::workspace(&self.settings, &self.net, &self.train);
    }

    /// The settings that a checkpoint is compared by.
    fn described_settings(&self) -> BTreeMap<String, String> {
        let settings = &self.settings;
        let mut shapes = Vec::new();
        self.net.visit_state(&mut |matrix| shapes.push(format!("{}×{}", matrix.rows(), matrix.columns())));
        let validation = settings.validation.as_ref().map_or(0, |data| data.samples());
        let mut all = self.optimizer.described_settings();
        all.extend([
            ("number type", T::DTYPE.to_string()),
            ("matrices", shapes.join(" ")),
            ("loss", settings.loss.described()),
            ("epochs", settings.epochs.to_string()),
            ("batch size", settings.cut.batch_size.to_string()),
            ("accumulated batches", settings.cut.accumulate.to_string()),
            ("shards", settings.cut.shards.to_string()),
            ("seed", settings.seed.0.to_string()),
            ("order", settings.order.described()),
            ("minimum change", shortest(settings.min_delta)),
            ("monitor", settings.monitor.to_string()),
            ("mixup", settings.mixup.map_or_else(|| "none".to_owned(), |mixup| shortest(mixup.alpha))),
            (
                "schedule of the dropout",
                match settings.dropout_schedule {
                    Schedule::Constant => "none".to_owned(),
                    schedule => schedule.to_string(),
                },
            ),
            (
                "label smoothing",
                settings.smoothing.map_or_else(|| "none".to_owned(), |smoothing| smoothing.described()),
            ),
            ("average", settings.average.map_or_else(|| "none".to_owned(), |average| average.to_string())),
            ("early stopping", settings.patience.map_or_else(|| "none".to_owned(), |epochs| epochs.to_string())),
            ("training samples", self.train.samples().to_string()),
            ("validation samples", validation.to_string()),
        ]);
        if let Some(Tolerance { tol, epochs }) = settings.tolerance {
            all.push(("tolerance", format!("{} for {epochs} epochs", shortest(tol))));
        }
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
