//! Files with a line for each epoch, written when the epoch ends: history.csv, and the file of `--log`.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use mfnet::train::EpochRecord;

use crate::output::of_csv;

/// How an epoch becomes a line.
#[derive(Clone, Copy, Default)]
pub(super) enum Form {
    /// Columns, with their names above the first epoch.
    #[default]
    Csv,
    /// A JSON object.
    Json,
}

impl Form {
    fn line(self, record: &EpochRecord, is_first: bool) -> io::Result<Vec<u8>> {
        match self {
            Form::Csv => {
                let mut line = csv::WriterBuilder::new().has_headers(is_first).from_writer(Vec::new());
                line.serialize(record).map_err(of_csv)?;
                line.into_inner().map_err(|error| io::Error::other(error.to_string()))
            }
            Form::Json => {
                let mut line = serde_json::to_vec(record)?;
                line.push(b'\n');
                Ok(line)
            }
        }
    }
}

/// The file. Lines that cannot be written, because the disk is full, are tried again with the next
/// line, so that the file never lacks a line in the middle and never has a part of one.
#[derive(Default)]
pub(super) struct HistoryFile {
    form: Form,
    file: Option<File>,
    /// Number of epochs in the file, and its length in bytes.
    epochs: usize,
    length: u64,
}

impl HistoryFile {
    pub(super) fn new(form: Form) -> Self {
        HistoryFile { form, ..HistoryFile::default() }
    }

    /// Writes the epochs that are not in the file yet.
    pub(super) fn write(&mut self, path: &Path, epochs: &[EpochRecord]) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                (self.epochs, self.length) = (0, 0);
                File::create(path)?
            }
        };
        let result = self.lines(&mut file, epochs);
        if result.is_err() {
            // without a part of a line
            let _ = file.set_len(self.length).and_then(|()| file.seek(SeekFrom::Start(self.length)));
        }
        self.file = Some(file);
        result
    }

    fn lines(&mut self, file: &mut File, epochs: &[EpochRecord]) -> io::Result<()> {
        for record in &epochs[self.epochs..] {
            let line = self.form.line(record, self.epochs == 0)?;
            file.write_all(&line)?;
            self.epochs += 1;
            self.length += line.len() as u64;
        }
        Ok(())
    }

    /// Whether the file has these epochs, and still has its name.
    pub(super) fn is_complete(&self, path: &Path, epochs: &[EpochRecord]) -> bool {
        epochs.is_empty() || (self.epochs == epochs.len() && path.exists())
    }

    /// Gives the room of the file to something more important.
    pub(super) fn clear(&mut self, path: &Path) {
        if let Ok(file) = OpenOptions::new().write(true).open(path) {
            let _ = file.set_len(0);
        }
        *self = HistoryFile::new(self.form);
    }

    /// Writes all epochs into a new file.
    pub(super) fn write_again(&mut self, path: &Path, epochs: &[EpochRecord]) -> io::Result<()> {
        *self = HistoryFile::new(self.form);
        self.write(path, epochs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: usize) -> EpochRecord {
        EpochRecord { epoch, loss: 0.5, seconds: 1.0, ..EpochRecord::default() }
    }

    #[test]
    fn lines_that_could_not_be_written_follow_later() {
        let folder = tempfile::tempdir().ok().unwrap();
        let path = folder.path().join("history.csv");
        let epochs: Vec<EpochRecord> = (1..=3).map(record).collect();
        let mut history = HistoryFile::default();
        history.write(&path, &epochs[..1]).ok().unwrap();
        // the second line fails: the file can only be read
        let writable = history.file.replace(File::open(&path).ok().unwrap());
        assert!(history.write(&path, &epochs[..2]).is_err());
        assert!(!history.is_complete(&path, &epochs[..2]));
        history.file = writable;
        history.write(&path, &epochs).ok().unwrap();
        let text = std::fs::read_to_string(&path).ok().unwrap();
        let first: Vec<&str> = text.lines().map(|line| line.split(',').next().unwrap_or_default()).collect();
        assert_eq!(first, ["epoch", "1", "2", "3"]);
        assert!(history.is_complete(&path, &epochs));

        history.clear(&path);
        history.write_again(&path, &epochs).ok().unwrap();
        assert_eq!(std::fs::read_to_string(&path).ok().unwrap(), text);
    }
}
