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
use crate::stored::{Kept, matrix, not_written, numbers, write_kept};
use crate::tensor::{Scalar, Tensor};
use crate::train::kept::Weights;
use crate::train::monitor::Waiting;
use crate::train::workspace::Workspace;
use crate::train::{EpochRecord, StopReason};

/// The only key of the file's metadata.
const KEY: &str = "mfnet_checkpoint";
/// The version of the format.
const VERSION: u32 = 2;
/// Names of tensors.
const EPOCHS: &str = "epochs";
const NUMBERS: &str = "numbers";
/// Numbers of an epoch in the tensor of the epochs.
const OF_EPOCH: usize = 6;

/// The state of a training, read from a file that [`Session::save_checkpoint`] wrote.
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
    settings: BTreeMap<String, String>,
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
    about: Value,
    /// SHA-256 of this metadata with an empty `sha256`, and of all tensors.
    sha256: String,
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

    /// The epoch, from 1, and the number of its steps; see [`Session::position`].
    pub fn position(&self) -> (usize, usize) {
        (self.metadata.epoch, self.metadata.step)
    }

    /// Why the training is over; `None` if it is not.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.metadata.stop
    }

    /// The results of each complete epoch.
    ///
    /// # Errors
    /// [`ErrorKind::ModelFile`] if they are missing.
    pub fn epochs(&self) -> Result<Vec<EpochRecord>> {
        let of_file = |problem| Error::model(&self.path, problem);
        let file = SafeTensors::deserialize(&self.bytes).map_err(|error| of_file(not_safetensors(&error)))?;
        epochs(&self.metadata, &file).map_err(of_file)
    }
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

fn epochs(metadata: &Metadata, file: &SafeTensors<'_>) -> Result<Vec<EpochRecord>, ModelProblem> {
    let record = |numbers: &[f64]| EpochRecord {
        epoch: numbers[0] as usize,
        loss: numbers[1],
        validation_loss: metadata.has_validation_loss.then_some(numbers[2]),
        seconds: numbers[3],
        validation_accuracy: metadata.has_accuracy.then_some(numbers[4]),
        validation_score: metadata.has_score.then_some(numbers[5]),
    };
    Ok(numbers(file, EPOCHS)?.chunks_exact(OF_EPOCH).map(record).collect())
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
        let path = path.as_ref();
        let mut network = Vec::new();
        self.net.visit_state(&mut |matrix| network.push(matrix.clone()));
        let (start, best) = self.kept.matrices();
        let average = self.average.as_ref().map_or(&[][..], |average| &average.weights.0);
        let groups: [(&str, Vec<&Tensor<T>>); 5] = [
            ("network", network.iter().collect()),
            ("start_of_epoch", start.iter().collect()),
            ("best", best.iter().collect()),
            ("average", average.iter().collect()),
            ("optimizer", self.optimizer.states_of_matrices().collect()),
        ];
        let mut tensors: Vec<Kept<'_, T>> = Vec::new();
        for (kind, matrices) in groups {
            for matrix in matrices {
                tensors.push(Kept::of(format!("{kind}.{}", tensors.len()), matrix));
            }
        }
        let history = &self.history;
        let record = |record: &EpochRecord| {
            let EpochRecord { epoch, loss, validation_loss, seconds, validation_accuracy, validation_score } = *record;
            let [validation_loss, accuracy, score] =
                [validation_loss, validation_accuracy, validation_score].map(|x| x.unwrap_or(f64::NAN));
            [epoch as f64, loss, validation_loss, seconds, accuracy, score]
        };
        let of_epochs: Vec<f64> = history.epochs.iter().flat_map(record).collect();
        tensors.push(Kept::of_numbers(EPOCHS, &of_epochs));
        let Position { epoch, step, used, weight, sum } = self.position;
        let (best_epoch, best_loss) = self.kept.best();
        let start_loss = history.start_validation_loss;
        let (seconds, start_loss_or_nan) = (history.seconds, start_loss.unwrap_or(f64::NAN));
        let lowest = self.waiting.lowest;
        let of_numbers = Numbers { weight, sum, seconds, best_loss, start_loss: start_loss_or_nan, lowest };
        let of_numbers = of_numbers.list();
        tensors.push(Kept::of_numbers(NUMBERS, &of_numbers));
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        let mut metadata = Metadata {
            version: VERSION,
            settings: self.described_settings(),
            epoch,
            step,
            used,
            in_epoch: !self.order.is_empty(),
            stop: self.stop,
            samples: history.samples,
            kept_epoch: history.best_epoch,
            best_epoch,
            improved_epoch: self.waiting.epoch,
            has_start_loss: start_loss.is_some(),
            has_validation_loss: history.epochs.first().is_some_and(|record| record.validation_loss.is_some()),
            has_accuracy: history.epochs.first().is_some_and(|record| record.validation_accuracy.is_some()),
            has_score: history.epochs.first().is_some_and(|record| record.validation_score.is_some()),
            averaged: self.average.as_ref().map_or(0, |average| average.count),
            optimizer_steps: self.optimizer.steps_made(),
            about: about.clone(),
            sha256: String::new(),
        };
        let of_json = |error| not_written(path, error);
        let contents = tensors.iter().map(|tensor| (tensor.name.as_str(), Cow::Owned(tensor.bytes())));
        metadata.sha256 = digest(&metadata, contents).map_err(of_json)?;
        let json = serde_json::to_string(&metadata).map_err(of_json)?;
        write_kept(path, &tensors, HashMap::from([(KEY.to_owned(), json)])).map_err(Error::io(path, "write"))
    }

    /// Continues from a checkpoint. This session must have the network, data and settings of the
    /// session that wrote it; the weights and the position of this session are replaced.
    ///
    /// # Errors
    /// [`ErrorKind::OtherTraining`] names a setting that differs, and [`ErrorKind::ModelFile`] a matrix
    /// that does not fit; the session is then unchanged.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let Checkpoint { path, metadata, bytes } = checkpoint;
        let settings = self.described_settings();
        for (name, here) in &settings {
            let there = metadata.settings.get(name).map_or("none", String::as_str);
            if there != here {
                return Err(ErrorKind::OtherTraining {
                    path: path.clone(),
                    what: name.clone(),
                    there: there.to_owned(),
                    here: here.clone(),
                }
                .into());
            }
        }
        let of_file = |problem| Error::model(path, problem);
        let file = SafeTensors::deserialize(bytes).map_err(|error| of_file(not_safetensors(&error)))?;
        let state = self.read(metadata, &file).map_err(of_file)?;
        self.set(metadata, state);
        Ok(())
    }

    /// Reads the state of a session like this one.
    fn read(&self, metadata: &Metadata, file: &SafeTensors<'_>) -> Result<State<T>, ModelProblem> {
        let (mut shapes, mut number) = (Vec::new(), 0);
        self.net.visit_state(&mut |matrix| shapes.push(matrix.shape()));
        let mut next = |kind: &str, shape: (usize, usize)| {
            let name = format!("{kind}.{number}");
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
        if metadata.optimizer_steps > 0 {
            let states = self.optimizer.states();
            for parameter in self.net.parameters() {
                optimizer.push(all("optimizer", &vec![parameter.value.shape(); states])?);
            }
        }
        let numbers = numbers(file, NUMBERS)?;
        let [weight, sum, seconds, best_loss, start_loss, lowest] = numbers[..] else {
            return Err(ModelProblem::Tensor(format!("{NUMBERS}: expected 6 numbers, found {}", numbers.len())));
        };
        let numbers = Numbers { weight, sum, seconds, best_loss, start_loss, lowest };
        Ok(State { net, start, best, average, optimizer, epochs: epochs(metadata, file)?, numbers })
    }

    fn set(&mut self, metadata: &Metadata, state: State<T>) {
        let State { net, start, best, average, optimizer, epochs, numbers } = state;
        let mut matrices = net.iter();
        self.net.visit_state_mut(&mut |to| matrices.next().into_iter().for_each(|from| to.copy_from(from)));
        self.kept.set(start, (metadata.best_epoch, numbers.best_loss), best);
        let losses = epochs.iter().map(EpochRecord::watched_loss);
        self.optimizer.set_state(metadata.optimizer_steps, losses, &mut self.net, optimizer);
        let Metadata { epoch, step, used, in_epoch, .. } = *metadata;
        self.position = Position { epoch, step, used, weight: numbers.weight, sum: numbers.sum };
        let samples = self.settings.order.length(self.train.samples());
        if in_epoch {
            self.settings.order.write(epoch, self.train.samples(), self.settings.seed, &mut self.order);
        } else {
            self.order.clear();
        }
        if let Some(to) = &mut self.average {
            (to.weights, to.count) = (Weights(average), metadata.averaged);
        }
        self.waiting = Waiting { lowest: numbers.lowest, epoch: metadata.improved_epoch };
        self.history.epochs.splice(.., epochs);
        self.history.start_validation_loss = metadata.has_start_loss.then_some(numbers.start_loss);
        (self.history.samples, self.history.seconds) = (metadata.samples, numbers.seconds);
        self.history.best_epoch = metadata.kept_epoch;
        self.stop = metadata.stop;
        self.history.stop = metadata.stop.unwrap_or_default();
        // it holds transposes of the weights
        let (cut, whole) = (self.settings.cut, self.settings.wants_whole_gradients());
        self.work = Workspace::new(&self.net, &self.train, samples, cut, whole);
        if self.settings.phases {
            self.work.measure_phases();
        }
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
            ("average", settings.average.map_or_else(|| "none".to_owned(), |average| average.to_string())),
            ("early stopping", settings.patience.map_or_else(|| "none".to_owned(), |epochs| epochs.to_string())),
            ("training samples", self.train.samples().to_string()),
            ("validation samples", validation.to_string()),
        ]);
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
