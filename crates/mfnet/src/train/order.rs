use mfnet_table::file::hexadecimal;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::random::{Purpose, Seed};

/// The order in which a training takes its samples.
///
/// ```
/// use mfnet::{Dataset, Mse, NeuralNetwork, Optimizer, Sgd, Trainer};
/// use mfnet::train::SampleOrder;
/// let data = Dataset::built_in("diabetes")?;
/// let mut net = NeuralNetwork::builder(10).linear(1).build(mfnet::Seed(0))?;
/// // two steps: the first sample alone, then the last one alone
/// let order = SampleOrder::Listed(vec![vec![0], vec![441]]);
/// let history = Trainer::new(Mse, Optimizer::new(Sgd::default(), 1e-6)).epochs(2).order(order).run(&mut net, &data)?;
/// assert_eq!(history.epochs.len(), 2);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SampleOrder {
    /// Shuffled in each epoch, by the seed and the number of the epoch.
    #[default]
    Shuffled,
    /// The order of the data, in every epoch.
    AsTheyAre,
    /// Lists of sample indices, from 0: one list for each epoch, or one list for all. All lists
    /// must have the same length; samples may repeat or be left out.
    Listed(Vec<Vec<usize>>),
}

impl SampleOrder {
    /// The order as a word; lists by their SHA-256.
    pub(super) fn described(&self) -> String {
        match self {
            SampleOrder::Shuffled => "shuffled".to_owned(),
            SampleOrder::AsTheyAre => "as they are".to_owned(),
            SampleOrder::Listed(lists) => {
                let mut hash = Sha256::new();
                for list in lists {
                    hash.update((list.len() as u64).to_le_bytes());
                    list.iter().for_each(|sample| hash.update((*sample as u64).to_le_bytes()));
                }
                format!("lists with SHA-256 {}", hexadecimal(hash.finalize(), ""))
            }
        }
    }

    /// Checks that each epoch has samples, with valid indices.
    pub(super) fn check(&self, epochs: usize, samples: usize) -> Result<()> {
        let SampleOrder::Listed(lists) = self else { return Ok(()) };
        let wrong = |expected: String, found: String| Err(Error::invalid("order of the samples", expected, found));
        if lists.len() != 1 && lists.len() < epochs {
            return wrong(format!("a list for each of {epochs} epochs, or one for all"), lists.len().to_string());
        }
        let length = lists.first().map_or(0, Vec::len);
        for (epoch, list) in (1..).zip(lists) {
            if list.is_empty() || list.len() != length {
                let expected = format!("{} samples, as in the first epoch", length.max(1));
                return wrong(expected, format!("{} in epoch {epoch}", list.len()));
            }
            if let Some(sample) = list.iter().find(|sample| **sample >= samples) {
                return wrong(format!("numbers from 0 to {}", samples - 1), format!("{sample} in epoch {epoch}"));
            }
        }
        Ok(())
    }

    /// Number of samples in an epoch, if the data have this many.
    pub(super) fn length(&self, samples: usize) -> usize {
        match self {
            SampleOrder::Listed(lists) => lists.first().map_or(0, Vec::len),
            _ => samples,
        }
    }

    /// The largest number of epochs that it has samples for.
    pub(super) fn most_epochs(&self) -> usize {
        match self {
            SampleOrder::Listed(lists) if lists.len() > 1 => lists.len(),
            _ => usize::MAX,
        }
    }

    /// Writes the sample indices of an epoch, counted from 1, into `order`.
    pub(super) fn write(&self, epoch: usize, samples: usize, seed: Seed, order: &mut Vec<usize>) {
        order.clear();
        match self {
            SampleOrder::Listed(lists) => {
                let list = if lists.len() == 1 { &lists[0] } else { &lists[epoch - 1] };
                order.extend_from_slice(list);
            }
            SampleOrder::Shuffled => {
                order.extend(0..samples);
                seed.stream(Purpose::Epoch { number: epoch }).shuffle(order);
            }
            SampleOrder::AsTheyAre => order.extend(0..samples),
        }
    }
}
