//! [`Walkthrough`]: every matrix of a forward and a backward pass, for people to look at. `walk.rs`
//! computes it.

mod walk;

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::Result;
use crate::layer::{Activation, Linear};
use crate::loss::HalfMse;
use crate::network::NeuralNetwork;
use crate::tensor::{Scalar, Tensor};

/// The most rows and columns of a matrix that the text shows; of a larger one the last follows an
/// ellipsis.
const SHOWN: usize = 12;

/// Every matrix of one forward pass, one backward pass and one update by plain gradient descent,
/// augmented as in the paper.
///
/// ```text
/// A0 Z1 A1 Z2 …                    forward: Zl = Wl A(l−1), Al = g(Zl), a row of ones on top
/// P Y loss                         P = softmax of the output for cross-entropy, sigmoid for binary
///                                  cross-entropy: both without a row of ones; no P for other losses
/// dJ_dA3 dJ_dZ3 dJ_dW3 dJ_dA2 …    backward, down to dJ_dA0
/// W1 W2 …, updated W1 W2 …         Wl − η dJ_dWl
/// ```
///
/// If several layers stand between two linear ones, such as batch norm, ReLU and dropout, their
/// outputs are H1_1, H1_2, …, and the output of the last one is A1. Parameters of such a layer have
/// the name of its output: `H1_1.weight`.
///
/// Training computes the same matrices with the same functions, except the constant rows, the first
/// row of each `dJ_dA`, which is bᵀ Δ, and `dJ_dA0`, which are added for display. All factors are
/// multiplied out. `Display` writes text, `Serialize` an object with a list of rows for each name.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::explain::Walkthrough;
/// let walk = Walkthrough::worked_example()?;
/// assert_eq!(walk.loss(), Some(0.5));
/// assert_eq!(walk.updated("W3"), Some(&Tensor::from_rows([[1.0, 0.0, 0.0], [0.0, 3.0, 5.0]])));
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Walkthrough {
    title: String,
    forward: Vec<Shown>,
    /// P and Y.
    comparison: Vec<Shown>,
    loss: Option<(String, f64)>,
    backward: Vec<Shown>,
    weights: Vec<Shown>,
    eta: f64,
    updated: Vec<Shown>,
    /// The names of the matrices that have a row for each output.
    outputs: Vec<String>,
}

/// A matrix with its name and its formula.
#[derive(Clone, Debug)]
struct Shown {
    name: String,
    formula: String,
    matrix: Tensor<f64>,
    /// The names of the rows; empty if they have none.
    rows: Vec<String>,
}

impl Walkthrough {
    /// The worked example of the paper, section 3.3: two inputs, layers of 3, 2 and 1 features with
    /// the identity as activation, four samples, the loss [`HalfMse`], η = 4.
    ///
    /// Two numbers of the paper are misprints, as its later matrices show: the second row of X is
    /// `2 3 2 3` (printed 2 2 2 3), and the last row of W⁽¹⁾ is `1 1 0` (printed 1 0 0; updated `1
    /// 1 6`, printed 1 0 6).
    ///
    /// # Errors
    /// None.
    pub fn worked_example() -> Result<Self> {
        let x = Tensor::from_rows([[1.0, 1.0, 2.0, 2.0], [2.0, 3.0, 2.0, 3.0]]);
        let y = Tensor::from_rows([[1.0, 1.0, 2.0, 2.0]]);
        // [b | W]
        let layers = vec![
            Linear::new(Tensor::from_rows([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]]))?.into(),
            Activation::Identity.into(),
            Linear::new(Tensor::from_rows([[1.0, 1.0, 0.0, 1.0], [-1.0, 1.0, 2.0, -2.0]]))?.into(),
            Activation::Identity.into(),
            Linear::new(Tensor::from_rows([[0.0, 1.0, -1.0]]))?.into(),
            Activation::Identity.into(),
        ];
        let net = NeuralNetwork::from_layers(2, layers)?;
        let walk = Self::of(&net, &HalfMse, &x, Some(&y), 4.0)?;
        let title = "The worked example of F. Marchisotti, mfnet – a simple machine learning library, section 3.3";
        Ok(Walkthrough { title: title.to_owned(), ..walk })
    }

    /// The matrix with this name: of the forward pass, P, Y, of the backward pass, or weights
    /// before the update.
    pub fn get(&self, name: &str) -> Option<&Tensor<f64>> {
        self.all().find(|shown| shown.name == name).map(|shown| &shown.matrix)
    }

    /// The weights with this name after the update.
    pub fn updated(&self, name: &str) -> Option<&Tensor<f64>> {
        self.updated.iter().find(|shown| shown.name == name).map(|shown| &shown.matrix)
    }

    /// The loss J; `None` without a target.
    pub fn loss(&self) -> Option<f64> {
        self.loss.as_ref().map(|(_, loss)| *loss)
    }

    /// Names the rows of X and of its gradient after the features, and the rows of the outputs, P, Y
    /// and the last weights after the classes or targets. A row of ones has the name 1. The text
    /// shows the names beside the rows, JSON under `row_names`.
    ///
    /// ```
    /// use mfnet::explain::Walkthrough;
    /// let walk = Walkthrough::worked_example()?.with_names(&["x1", "x2"], &["y"]);
    /// assert!(walk.to_string().contains("    [ 2  3  2  3 ]  x2\n"));
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    #[must_use]
    pub fn with_names<S: AsRef<str>>(mut self, features: &[S], outputs: &[S]) -> Self {
        let [features, outputs] =
            [features, outputs].map(|names| names.iter().map(|name| name.as_ref().to_owned()).collect::<Vec<_>>());
        let Walkthrough { forward, comparison, backward, weights, updated, outputs: of_outputs, .. } = &mut self;
        for shown in [forward, comparison, backward, weights, updated].into_iter().flatten() {
            let names = match shown.name.as_str() {
                "A0" | "dJ_dA0" => &features,
                name if of_outputs.iter().any(|output| output == name) => &outputs,
                _ => continue,
            };
            shown.rows = match shown.matrix.rows().checked_sub(names.len()) {
                Some(0) => names.clone(),
                Some(1) => ["1".to_owned()].into_iter().chain(names.iter().cloned()).collect(),
                _ => Vec::new(),
            };
        }
        self
    }

    fn all(&self) -> impl Iterator<Item = &Shown> {
        self.forward.iter().chain(&self.comparison).chain(&self.backward).chain(&self.weights)
    }
}

impl Shown {
    fn new<T: Scalar>(name: impl Into<String>, formula: impl Into<String>, matrix: Tensor<T>) -> Self {
        // adding zero turns −0 into 0
        let matrix = matrix.map(|x| x.to_f64() + 0.0);
        Shown { name: name.into(), formula: formula.into(), matrix, rows: Vec::new() }
    }
}

impl Serialize for Walkthrough {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let rows =
            |matrix: &Tensor<f64>| (0..matrix.rows()).map(|i| matrix.row(i).collect()).collect::<Vec<Vec<f64>>>();
        let mut map = serializer.serialize_map(None)?;
        for shown in self.all() {
            map.serialize_entry(&shown.name, &rows(&shown.matrix))?;
        }
        if let Some(loss) = self.loss() {
            map.serialize_entry("loss", &loss)?;
            let updated = self.updated.iter().map(|shown| (&shown.name, rows(&shown.matrix)));
            map.serialize_entry("updated", &updated.collect::<BTreeMap<_, _>>())?;
        }
        let names = self.all().filter(|shown| !shown.rows.is_empty()).map(|shown| (&shown.name, &shown.rows));
        let names: BTreeMap<_, _> = names.collect();
        if !names.is_empty() {
            map.serialize_entry("row_names", &names)?;
        }
        map.end()
    }
}

impl fmt::Display for Walkthrough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = "A column is a sample. The first row of every A and Z is the bias feature, which is always 1.\n\
                     The first row of every W copies it to the next layer and is not trained.";
        writeln!(f, "{}\n\n{about}", self.title)?;
        section(f, "Weights", &self.weights)?;
        section(f, "Forward pass", &self.forward)?;
        if let Some((name, loss)) = &self.loss {
            section(f, "Loss", &self.comparison)?;
            write!(f, "\n  J = {}    {name}\n", short(*loss))?;
            section(f, "Backward pass", &self.backward)?;
            section(f, &format!("Update, η = {}", self.eta), &self.updated)?;
        } else if !self.comparison.is_empty() {
            section(f, "Probabilities", &self.comparison)?;
        }
        Ok(())
    }
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, matrices: &[Shown]) -> fmt::Result {
    write!(f, "\n{title}\n{}\n", "─".repeat(title.chars().count()))?;
    for Shown { name, formula, matrix, rows } in matrices {
        write!(f, "\n  {name} {formula}    {} × {}\n", matrix.rows(), matrix.columns())?;
        write_matrix(f, matrix, rows)?;
    }
    Ok(())
}

/// Writes rows in aligned columns with their names, without the middle of a large matrix.
fn write_matrix(f: &mut fmt::Formatter<'_>, matrix: &Tensor<f64>, names: &[String]) -> fmt::Result {
    let shown = |count: usize| -> Vec<Option<usize>> {
        match count {
            0..=SHOWN => (0..count).map(Some).collect(),
            _ => (0..SHOWN - 2).map(Some).chain([None, Some(count - 1)]).collect(),
        }
    };
    let columns = shown(matrix.columns());
    let cell = |i: Option<usize>, j| i.zip(j).map_or_else(|| "…".to_owned(), |index| short(matrix[index]));
    let row = |i| columns.iter().map(|j| cell(i, *j)).collect();
    let rows = shown(matrix.rows());
    let cells: Vec<Vec<String>> = rows.iter().copied().map(row).collect();
    let width = |j: usize| cells.iter().map(|row| row[j].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for (i, row) in rows.iter().zip(&cells) {
        let aligned: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        let name = i.and_then(|i| names.get(i)).map_or_else(String::new, |name| format!("  {name}"));
        writeln!(f, "    [ {} ]{name}", aligned.join("  "))?;
    }
    Ok(())
}

/// The number with up to six significant digits.
fn short(x: f64) -> String {
    let rounded = format!("{x:.5e}").parse().unwrap_or(x);
    let text = format!("{rounded:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
