use std::fmt;

/// The fraction of samples whose class was predicted; NaN without samples.
///
/// ```
/// assert_eq!(mfnet::accuracy(&[0, 1, 1, 2], &[0, 1, 2, 2]), 0.75);
/// ```
pub fn accuracy(classes: &[usize], predicted: &[usize]) -> f64 {
    let right = classes.iter().zip(predicted).filter(|(class, predicted)| class == predicted).count();
    right as f64 / classes.len() as f64
}

/// How often each class (row) was predicted as each class (column).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    labels: Vec<String>,
    counts: Vec<Vec<usize>>,
}

impl ConfusionMatrix {
    /// Counts pairs of a sample's class and its predicted class, both indices of `labels`.
    ///
    /// # Panics
    /// If an index is not one of a label.
    pub fn new(labels: &[String], classes: &[usize], predicted: &[usize]) -> Self {
        let mut counts = vec![vec![0; labels.len()]; labels.len()];
        for (class, predicted) in classes.iter().zip(predicted) {
            counts[*class][*predicted] += 1;
        }
        ConfusionMatrix { labels: labels.to_vec(), counts }
    }

    /// `counts()[i][j]`: samples of class i that were taken for class j.
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }

    /// The classes' labels, of rows and of columns.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }
}

/// A table: true classes down, predicted ones across; zeros off the diagonal are dots.
impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cell = |i: usize, j: usize| match self.counts[i][j] {
            0 if i != j => "·".to_owned(),
            count => count.to_string(),
        };
        let length = |text: &str| text.chars().count();
        let widest_cell = self.counts.iter().flatten().max().map_or(0, |count| count.to_string().len());
        let first = self.labels.iter().map(|label| length(label)).max().unwrap_or(0).max("true".len());
        let width = |j: usize| length(&self.labels[j]).max(widest_cell) + 2;
        writeln!(f, "{:first$}  predicted", "true")?;
        write!(f, "{:first$}", "")?;
        for (j, label) in self.labels.iter().enumerate() {
            write!(f, "{label:>0$}", width(j))?;
        }
        for (i, label) in self.labels.iter().enumerate() {
            write!(f, "\n{label:>first$}")?;
            for j in 0..self.labels.len() {
                write!(f, "{:>1$}", cell(i, j), width(j))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusion_as_a_table() {
        let labels = ["cat".to_owned(), "a".to_owned()];
        let matrix = ConfusionMatrix::new(&labels, &[0, 0, 1, 1, 1], &[0, 0, 0, 1, 1]);
        assert_eq!(matrix.counts(), [[2, 0], [1, 2]]);
        assert_eq!(matrix.to_string(), "true  predicted\n      cat  a\n cat    2  ·\n   a    1  2");
    }
}
