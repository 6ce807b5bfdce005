//! Event files for TensorBoard: records of protocol buffers, each with its length and checksums.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use super::{Callback, EpochRecord, Step};
use crate::error::{Error, Result};
use crate::network::NeuralNetwork;
use crate::optimizer::Gradients;
use crate::tensor::Scalar;

/// Writes event files that TensorBoard shows: losses and metrics of each epoch, histograms of weights
/// and gradients, and text. As `torch.utils.tensorboard.SummaryWriter`.
///
/// It is a callback of a training, and an observer of a fit. The gradients are those of the last step
/// of each epoch; to see them, that step computes all of them before it updates a weight.
///
/// ```
/// use mfnet::train::TensorBoard;
/// use mfnet::{Dataset, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Sgd, Trainer};
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let data = Dataset::built_in("diabetes")?;
/// let data = Preprocessing::fit(&data).apply(&data);
/// let mut net = NeuralNetwork::builder(10).linear(1).build(Seed(0))?;
/// let mut board = TensorBoard::new(folder.join("runs"))?;
/// board.text("about", 0, "a linear model of *diabetes*")?;
/// Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.01)).epochs(3).run_with(&mut net, &data, &mut board)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TensorBoard {
    path: PathBuf,
    file: File,
    /// The length of the records in the file.
    length: u64,
    /// What tags begin with, such as `network 2/`.
    prefix: String,
    /// The step before, to know which one is the last of an epoch.
    last: Option<Step>,
}

/// An event of the file format of TensorBoard (`event.proto`), as far as it is written here.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    /// 1 for the start.
    #[prost(int32, tag = "1")]
    status: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(oneof = "Of", tags = "2, 5, 8")]
    of: Option<Of>,
    #[prost(message, optional, tag = "9")]
    metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Of {
    #[prost(float, tag = "2")]
    Scalar(f32),
    #[prost(message, tag = "5")]
    Histogram(Histogram),
    #[prost(message, tag = "8")]
    Tensor(Text),
}

#[derive(Clone, PartialEq, Message)]
struct Histogram {
    #[prost(double, tag = "1")]
    min: f64,
    #[prost(double, tag = "2")]
    max: f64,
    #[prost(double, tag = "3")]
    num: f64,
    #[prost(double, tag = "4")]
    sum: f64,
    #[prost(double, tag = "5")]
    sum_squares: f64,
    #[prost(double, repeated, tag = "6")]
    bucket_limit: Vec<f64>,
    #[prost(double, repeated, tag = "7")]
    bucket: Vec<f64>,
}

/// A tensor of texts.
#[derive(Clone, PartialEq, Message)]
struct Text {
    /// 7 for texts.
    #[prost(int32, tag = "1")]
    dtype: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
    #[prost(bytes = "vec", repeated, tag = "8")]
    texts: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "2")]
    dim: Vec<Dim>,
}

#[derive(Clone, PartialEq, Message)]
struct Dim {
    #[prost(int64, tag = "1")]
    size: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(message, optional, tag = "1")]
    plugin: Option<Plugin>,
}

#[derive(Clone, PartialEq, Message)]
struct Plugin {
    #[prost(string, tag = "1")]
    name: String,
}

impl TensorBoard {
    /// Begins a new event file in this folder, which is made if it is missing.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) if it cannot be written.
    pub fn new(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(Error::io(folder, "create"))?;
        let seconds = now() as u64;
        let name = |number: u32| {
            let name = format!("events.out.tfevents.{seconds}.mfnet.{}.{number}", std::process::id());
            folder.join(name)
        };
        // never into the file of another run
        let path = (0..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0));
        let file = File::create(&path).map_err(Error::io(&path, "create"))?;
        let mut board = TensorBoard { path, file, length: 0, prefix: String::new(), last: None };
        board.event(0, What::FileVersion("brain.Event:2".to_owned()))?;
        Ok(board)
    }

    /// Says that the events of a run that was stopped continue from this step: TensorBoard then forgets
    /// those of other files that have this step or a later one.
    ///
    /// # Errors
    /// As [`TensorBoard::scalar`].
    pub fn continue_from(&mut self, step: usize) -> Result<()> {
        self.event(step, What::SessionLog(SessionLog { status: 1 }))
    }

    /// Writes a number of a step.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) if the file cannot be written.
    pub fn scalar(&mut self, tag: &str, step: usize, x: f64) -> Result<()> {
        self.value(tag, step, Of::Scalar(x as f32), None)
    }

    /// Writes how numbers are distributed; those that are not finite are left out.
    ///
    /// # Errors
    /// As [`TensorBoard::scalar`].
    pub fn histogram(&mut self, tag: &str, step: usize, numbers: impl IntoIterator<Item = f64>) -> Result<()> {
        self.value(tag, step, Of::Histogram(histogram(numbers)), None)
    }

    /// Writes a text, in Markdown.
    ///
    /// # Errors
    /// As [`TensorBoard::scalar`].
    pub fn text(&mut self, tag: &str, step: usize, text: &str) -> Result<()> {
        let shape = Shape { dim: vec![Dim { size: 1 }] };
        let text = Text { dtype: 7, shape: Some(shape), texts: vec![text.as_bytes().to_vec()] };
        let plugin = Plugin { name: "text".to_owned() };
        self.value(&format!("{tag}/text_summary"), step, Of::Tensor(text), Some(Metadata { plugin: Some(plugin) }))
    }

    /// Writes the losses and metrics of an epoch.
    ///
    /// # Errors
    /// As [`TensorBoard::scalar`].
    pub fn record(&mut self, record: &EpochRecord) -> Result<()> {
        self.begin(record.network);
        let scalars = [
            ("loss/training", Some(record.loss)),
            ("loss/validation", record.validation_loss),
            ("accuracy/validation", record.validation_accuracy),
            ("score/validation", record.validation_score),
        ];
        for (tag, x) in scalars {
            x.map_or(Ok(()), |x| self.scalar(&self.tag(tag), record.epoch, x))?;
        }
        Ok(())
    }

    /// Writes a histogram of the weights of each matrix of a network.
    ///
    /// # Errors
    /// As [`TensorBoard::scalar`].
    pub fn weights<T: Scalar>(&mut self, epoch: usize, net: &NeuralNetwork<T>) -> Result<()> {
        for (number, parameter) in net.parameters().enumerate() {
            let tag = self.tag(&format!("weights/{number} {}", parameter.kind));
            self.histogram(&tag, epoch, parameter.value.iter().map(|w| w.to_f64()))?;
        }
        Ok(())
    }

    /// Begins the events of a network of an ensemble.
    fn begin(&mut self, network: Option<usize>) {
        self.prefix = network.map_or_else(String::new, |network| format!("network {network}/"));
    }

    /// Writes a histogram of the gradient of each matrix.
    pub(crate) fn write_gradients(
        &mut self,
        step: &Step,
        gradients: impl Iterator<Item = impl IntoIterator<Item = f64>>,
    ) -> Result<()> {
        self.begin(step.network);
        for (number, gradient) in gradients.enumerate() {
            let tag = self.tag(&format!("gradients/{number}"));
            self.histogram(&tag, step.epoch, gradient)?;
        }
        Ok(())
    }

    /// Whether the next step is the last one of its epoch; not known before the first step.
    pub(crate) fn is_last_step(&self) -> bool {
        self.last.is_some_and(|step| step.step + 1 == step.steps || step.steps == 1)
    }

    pub(crate) fn made(&mut self, step: &Step) {
        self.last = Some(*step);
    }

    fn tag(&self, tag: &str) -> String {
        format!("{}{tag}", self.prefix)
    }

    fn value(&mut self, tag: &str, step: usize, of: Of, metadata: Option<Metadata>) -> Result<()> {
        let value = Value { tag: tag.to_owned(), of: Some(of), metadata };
        self.event(step, What::Summary(Summary { value: vec![value] }))
    }

    /// A record: length, checksum of the length, event, checksum of the event.
    fn event(&mut self, step: usize, what: What) -> Result<()> {
        let event = Event { wall_time: now(), step: step as i64, what: Some(what) }.encode_to_vec();
        let length = (event.len() as u64).to_le_bytes();
        let record = [&length[..], &masked(&length).to_le_bytes(), &event, &masked(&event).to_le_bytes()].concat();
        let written = self.file.write_all(&record);
        if written.is_err() {
            // a part of a record would hide those that follow
            let _ = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
        } else {
            self.length += record.len() as u64;
        }
        written.map_err(Error::io(&self.path, "write"))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The checksum of the record format.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// In buckets whose limits grow by a tenth, from 10⁻¹² to 10²⁰ on both sides of 0, as those of
/// TensorFlow. Buckets without numbers are left out, but for one before a bucket with some, which says
/// where it begins.
fn histogram(numbers: impl IntoIterator<Item = f64>) -> Histogram {
    let limits: Vec<f64> = std::iter::successors(Some(1e-12), |x| Some(x * 1.1)).take_while(|x| *x < 1e20).collect();
    let below = limits.iter().rev().map(|x| -x);
    let limits: Vec<f64> = below.chain([0.0]).chain(limits.iter().copied()).chain([f64::MAX]).collect();
    let mut buckets = vec![0.0; limits.len()];
    let mut all = Histogram { min: f64::INFINITY, max: f64::NEG_INFINITY, ..Histogram::default() };
    for x in numbers.into_iter().filter(|x| x.is_finite()) {
        buckets[limits.partition_point(|limit| *limit <= x).min(limits.len() - 1)] += 1.0;
        (all.min, all.max) = (all.min.min(x), all.max.max(x));
        (all.num, all.sum, all.sum_squares) = (all.num + 1.0, all.sum + x, all.sum_squares + x * x);
    }
    if all.num == 0.0 {
        (all.min, all.max) = (0.0, 0.0);
    }
    for (i, (limit, count)) in limits.iter().zip(&buckets).enumerate() {
        if *count > 0.0 || buckets.get(i + 1).is_some_and(|next| *next > 0.0) || limits.len() == i + 1 && all.num == 0.0
        {
            all.bucket_limit.push(*limit);
            all.bucket.push(*count);
        }
    }
    all
}

impl<T: Scalar> Callback<T> for TensorBoard {
    fn wants_gradients(&self) -> bool {
        self.is_last_step()
    }

    fn gradients(&mut self, step: &Step, gradients: &mut Gradients<T>) -> Result<()> {
        self.write_gradients(step, gradients.iter().map(|gradient| gradient.iter().map(|g| g.to_f64())))
    }

    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        self.made(step);
        Ok(ControlFlow::Continue(()))
    }

    fn epoch(&mut self, record: &EpochRecord, net: &NeuralNetwork<T>) -> Result<ControlFlow<()>> {
        self.record(record)?;
        self.weights(record.epoch, net)?;
        Ok(ControlFlow::Continue(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms() {
        let of = histogram([-2.0, 0.5, 0.5, f64::NAN, 3.0]);
        assert_eq!((of.min, of.max, of.num, of.sum, of.sum_squares), (-2.0, 3.0, 4.0, 2.0, 13.5));
        assert_eq!(of.bucket.iter().sum::<f64>(), 4.0);
        assert!(of.bucket_limit.is_sorted() && of.bucket.len() == of.bucket_limit.len());
        let filled: Vec<(f64, f64)> = of
            .bucket_limit
            .windows(2)
            .zip(&of.bucket[1..])
            .filter(|(_, n)| **n > 0.0)
            .map(|(l, _)| (l[0], l[1]))
            .collect();
        for (x, (low, high)) in [-2.0, 0.5, 3.0].iter().zip(filled) {
            assert!(low <= *x && *x < high && (high - low).abs() <= 0.1 * x.abs() + 1e-12, "{x}: {low}, {high}");
        }
        assert_eq!(histogram([]).num, 0.0);
    }

    /// The checksum that TensorFlow writes after the length 24.
    #[test]
    fn a_record() {
        let folder = tempfile::tempdir().unwrap();
        let board = TensorBoard::new(folder.path()).unwrap();
        let bytes = fs::read(&board.path).unwrap();
        assert_eq!(bytes[..12], [24, 0, 0, 0, 0, 0, 0, 0, 163, 127, 75, 34]);
        assert_eq!(bytes.len(), 8 + 4 + 24 + 4);
    }
}
