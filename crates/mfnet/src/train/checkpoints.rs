use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Callback, Checkpoint, Session, Step};
use crate::error::{Error, Result};
use crate::files;
use crate::tensor::Scalar;

/// The ending of the files.
const ENDING: &str = "safetensors";

/// How often checkpoints are written. As text: `5` for every five epochs, `30s`, `10m` or `2h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// After this many epochs.
    Epochs(usize),
    /// After this time, also within an epoch.
    Time(Duration),
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("expected a number of epochs such as 5, or a time such as 30s, 10m or 2h, found {text:?}");
        let seconds = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            _ => 0,
        };
        let number = if seconds > 0 { &text[..text.len() - 1] } else { text };
        let number = number.parse::<u64>().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
        if seconds > 0 {
            return Ok(Every::Time(Duration::from_secs(number.saturating_mul(seconds))));
        }
        usize::try_from(number).map(Every::Epochs).map_err(|_| wrong())
    }
}

/// A callback that writes checkpoints into a folder. It keeps the last two, in case one is damaged,
/// and also writes one before another callback stops the training, and one at its end.
///
/// ```
/// use mfnet::train::{Every, SaveCheckpoints};
/// use mfnet::{Dataset, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Sgd, Trainer};
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("checkpoint");
/// let data = Dataset::built_in("diabetes")?;
/// let data = Preprocessing::fit(&data).apply(&data);
/// let net = NeuralNetwork::builder(10).linear(1).build(Seed(0))?;
/// let trainer = Trainer::new(Mse, Optimizer::new(Sgd::default(), 0.01)).epochs(3);
/// trainer.run_with(&mut net.clone(), &data, &mut SaveCheckpoints::new(&folder, Every::Epochs(1)))?;
///
/// let (newest, damaged) = SaveCheckpoints::newest(&folder)?;
/// let mut session = trainer.start(net, &data)?;
/// session.restore(&newest.expect("there is one"))?;
/// assert!(session.stop_reason().is_some() && damaged.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SaveCheckpoints {
    folder: PathBuf,
    every: Every,
    about: Value,
    written: Instant,
    /// The number of the last file; 0 before the first.
    number: u64,
}

impl SaveCheckpoints {
    /// Writes into this folder, which is made when it is needed. Nothing else should write there.
    pub fn new(folder: impl Into<PathBuf>, every: Every) -> Self {
        let folder = folder.into();
        let number = numbers(&folder).last().copied().unwrap_or(0);
        SaveCheckpoints { folder, every, about: Value::Null, written: Instant::now(), number }
    }

    /// Keeps this with each checkpoint; see [`Checkpoint::about`].
    pub fn about(mut self, about: Value) -> Self {
        self.about = about;
        self
    }

    /// The newest checkpoint in a folder that is not damaged, if there is one, and the error of each
    /// newer one.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) if a file cannot be read.
    pub fn newest(folder: impl AsRef<Path>) -> Result<(Option<Checkpoint>, Vec<Error>)> {
        let folder = folder.as_ref();
        let mut damaged = Vec::new();
        for number in numbers(folder).into_iter().rev() {
            match Checkpoint::read(place(folder, number)) {
                Ok(checkpoint) => return Ok((Some(checkpoint), damaged)),
                Err(error) if matches!(error.kind(), crate::error::ErrorKind::Io { .. }) => return Err(error),
                Err(error) => damaged.push(error),
            }
        }
        Ok((None, damaged))
    }

    /// Whether it is time for a checkpoint after this step.
    pub fn is_due(&self, step: &Step) -> bool {
        match self.every {
            Every::Epochs(epochs) => step.step == step.steps && step.epoch.is_multiple_of(epochs),
            Every::Time(time) => self.written.elapsed() >= time,
        }
    }

    /// Writes the next file with `write`, and removes all but the last two.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) if the folder cannot be made, and those of
    /// `write`; earlier files are then unchanged.
    pub fn write(&mut self, write: impl FnOnce(&Path, &Value) -> Result<()>) -> Result<()> {
        self.written = Instant::now();
        fs::create_dir_all(&self.folder).map_err(Error::io(&self.folder, "create"))?;
        files::remove_unnamed(&self.folder);
        write(&place(&self.folder, self.number + 1), &self.about)?;
        self.number += 1;
        for old in numbers(&self.folder).into_iter().filter(|number| *number + 1 < self.number) {
            // an old file that stays does no harm
            let _ = fs::remove_file(place(&self.folder, old));
        }
        Ok(())
    }

    /// Removes all checkpoints in a folder, and the folder if nothing else is in it.
    pub fn remove(folder: impl AsRef<Path>) {
        let folder = folder.as_ref();
        files::remove_unnamed(folder);
        numbers(folder).into_iter().for_each(|number| drop(fs::remove_file(place(folder, number))));
        let _ = fs::remove_dir(folder);
    }
}

impl<T: Scalar> Callback<T> for SaveCheckpoints {
    fn wants_checkpoint(&mut self, step: &Step) -> bool {
        self.is_due(step)
    }

    fn checkpoint(&mut self, session: &Session<T>) -> Result<()> {
        self.write(|path, about| session.save_checkpoint(path, about))
    }
}

fn place(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number}.{ENDING}"))
}

/// The numbers of the files in a folder, from the oldest.
fn numbers(folder: &Path) -> Vec<u64> {
    let number = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(ENDING)?.strip_suffix('.')?.parse().ok()
    };
    let mut numbers: Vec<u64> = fs::read_dir(folder).into_iter().flatten().flatten().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_and_times() {
        for (text, expected) in [
            ("1", Every::Epochs(1)),
            ("30s", Every::Time(Duration::from_secs(30))),
            ("10m", Every::Time(Duration::from_secs(600))),
            ("2h", Every::Time(Duration::from_secs(7200))),
        ] {
            assert_eq!(text.parse(), Ok(expected));
        }
        for text in ["", "0", "s", "0s", "-1", "1.5h", "5 m", "5d", "é", "99999999999999999999"] {
            let expected = "expected a number of epochs such as 5, or a time such as 30s, 10m or 2h, found ";
            assert_eq!(text.parse::<Every>(), Err(format!("{expected}{text:?}")));
        }
    }
}
