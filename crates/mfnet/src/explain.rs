//! What people look at: [`Walkthrough`].

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::{Error, Result};
use crate::layer::{Activation, AnyLayer, Linear};
use crate::loss::{HalfMse, Loss, softmax};
use crate::network::{NeuralNetwork, Trace};
use crate::optimizer::{Optimizer, Sgd};
use crate::pass::Pass;
use crate::tensor::{Scalar, Tensor};

/// Rows and columns that the text shows of a matrix; of a larger one the last is shown after an ellipsis.
const SHOWN: usize = 12;

/// Every matrix of one forward pass, one backward pass and one update by plain gradient descent, augmented as the seed writes them.
///
/// ```text
/// A0 Z1 A1 Z2 …                    forward: Zl = Wl A(l−1), Al = g(Zl), a row of ones on top
/// P Y loss                         P = softmax of the output, for cross-entropy only
/// dJ_dA3 dJ_dZ3 dJ_dW3 dJ_dA2 …    backward, down to dJ_dA0
/// W1 W2 …, updated W1 W2 …         Wl − η dJ_dWl
/// ```
///
/// The matrices are those that training computes, from the same functions. Added for the eye are the constant rows, the first row of
/// each `dJ_dA`, which is bᵀ Δ, and `dJ_dA0`: training needs none of them. All factors are multiplied out. `Display` gives text,
/// `Serialize` an object with a list of rows for each name.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::explain::Walkthrough;
/// let walk = Walkthrough::seed_example()?;
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
}

/// A matrix, its name, and where it comes from.
#[derive(Clone, Debug)]
struct Shown {
    name: String,
    formula: String,
    matrix: Tensor<f64>,
}

/// A linear layer, and the label of the activation after it.
struct Step<'a, T: Scalar> {
    linear: &'a Linear<T>,
    activation: Option<&'a str>,
    /// The positions of the layers whose outputs are Z and A.
    z: usize,
    a: usize,
}

impl Walkthrough {
    /// The worked example of the seed, its section 3.3: two inputs, layers of 3, 2 and 1 features, every activation the identity,
    /// four samples, the loss [`HalfMse`], η = 4.
    ///
    /// Two numbers of the seed's page are misprints, which its own later matrices expose: the second row of X is `2 3 2 3` (printed 2 2 2 3),
    /// and the last row of W⁽¹⁾ is `1 1 0` (printed 1 0 0; updated `1 1 6`, printed 1 0 6).
    ///
    /// # Errors
    /// None.
    pub fn seed_example() -> Result<Self> {
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

    /// The walk of any network of linear layers and activations through a batch: `input` of shape (features, samples), `target` of shape
    /// (outputs, samples). Without a target there is the forward pass alone.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the shapes do not fit, or if the network has another kind of layer, or two activations in a row.
    pub fn of<T: Scalar>(
        net: &NeuralNetwork<T>,
        loss: &dyn Loss<T>,
        input: &Tensor<T>,
        target: Option<&Tensor<T>>,
        eta: f64,
    ) -> Result<Self> {
        net.check_input("explain", input.rows())?;
        let steps = steps(net)?;
        let trace = net.forward(Pass::Evaluate, input);
        let title = format!("A batch of {} on its way through the network", input.columns());
        let forward = vec![Shown::new("A0", "= X", input.augmented())];
        let mut walk = Walkthrough { title, forward, eta, ..Walkthrough::default() };
        for (l, step) in (1..).zip(&steps) {
            let [z, a] = [step.z, step.a].map(|layer| trace.layer_output(layer).augmented());
            walk.forward.push(Shown::new(format!("Z{l}"), format!("= W{l} A{}", l - 1), z));
            let g = match step.activation {
                Some(label) => format!("= {label}(Z{l}), but for the row of ones"),
                None => format!("= Z{l}"),
            };
            walk.forward.push(Shown::new(format!("A{l}"), g, a));
            walk.weights.push(Shown::new(format!("W{l}"), "= [b | W] below [1 0 … 0]", step.linear.augmented()));
        }
        let layers = steps.len();
        if loss.name() == "cross-entropy" {
            walk.comparison.push(Shown::new("P", format!("= softmax(A{layers})"), softmax(trace.output()).augmented()));
        }
        if let Some(y) = target {
            walk.compare(net, &steps, loss, &trace, y)?;
        }
        Ok(walk)
    }

    /// Loss, backward pass and update.
    fn compare<T: Scalar>(
        &mut self,
        net: &NeuralNetwork<T>,
        steps: &[Step<'_, T>],
        loss: &dyn Loss<T>,
        trace: &Trace<'_, T>,
        y: &Tensor<T>,
    ) -> Result<()> {
        let output = trace.output();
        if y.shape() != output.shape() {
            return Err(Error::shape("explain", format!("targets {:?}", output.shape()), format!("{:?}", y.shape())));
        }
        self.comparison.push(Shown::new("Y", "= target", y.augmented()));
        self.loss = Some((loss.name().to_owned(), loss.value(output, y)));
        let (deltas, gradients) = net.all_gradients(trace, loss.gradient(output, y));
        let last = steps.len();
        let formula = match loss.name() {
            "half-mse" => format!("(A{last} − Y)/m, m samples"),
            "mse" => format!("2 (A{last} − Y)/(m n), m samples, n outputs"),
            "cross-entropy" => "(P − Y)/m, m samples".to_owned(),
            own => format!("∂J/∂A{last} of {own}"),
        };
        let mut show =
            |name, formula, matrix| self.backward.push(Shown::new::<T>(name, format!("= {formula}"), matrix));
        show(format!("dJ_dA{last}"), formula, deltas[steps[last - 1].a].augmented_gradient());
        for (l, step) in (1..last + 1).zip(steps).rev() {
            let delta = &deltas[step.z];
            let formula = match step.activation {
                Some(label) => format!("dJ_dA{l} ⊙ g′(Z{l}), g = {label}, first row 0"),
                None => format!("dJ_dA{l}, first row 0"),
            };
            show(format!("dJ_dZ{l}"), formula, delta.augmented_gradient());
            let dj_dw = gradients.layer(step.z)[0].augmented_gradient();
            show(format!("dJ_dW{l}"), format!("dJ_dZ{l} A{}ᵀ", l - 1), dj_dw);
            let mut dj_da = Tensor::zeros(step.linear.inputs(), delta.columns());
            match l {
                1 => dj_da.set_product(&step.linear.transpose(), delta),
                _ => dj_da.clone_from(&deltas[steps[l - 2].a]),
            }
            let bias = step.linear.matrix().select_columns(&[0]);
            let mut first = Tensor::zeros(1, delta.columns());
            first.set_product(bias.transposed(), delta);
            let dj_da = dj_da.below_row(|j| first[(0, j)]);
            show(format!("dJ_dA{}", l - 1), format!("W{l}ᵀ dJ_dZ{l}"), dj_da);
        }
        let mut moved = net.clone();
        Optimizer::new(Sgd::default(), self.eta).step(&mut moved, gradients);
        for (l, parameter) in (1..).zip(moved.parameters_mut()) {
            let formula = format!("← W{l} − η dJ_dW{l}");
            self.updated.push(Shown::new(format!("W{l}"), formula, parameter.value.augmented_parameters()));
        }
        Ok(())
    }

    /// The matrix of this name: of the forward pass, P, Y, of the backward pass, or weights before the update.
    pub fn get(&self, name: &str) -> Option<&Tensor<f64>> {
        self.all().find(|shown| shown.name == name).map(|shown| &shown.matrix)
    }

    /// The weights of this name after the update.
    pub fn updated(&self, name: &str) -> Option<&Tensor<f64>> {
        self.updated.iter().find(|shown| shown.name == name).map(|shown| &shown.matrix)
    }

    /// J, if there is a target.
    pub fn loss(&self) -> Option<f64> {
        self.loss.as_ref().map(|(_, loss)| *loss)
    }

    fn all(&self) -> impl Iterator<Item = &Shown> {
        self.forward.iter().chain(&self.comparison).chain(&self.backward).chain(&self.weights)
    }
}

/// The network as linear layers, each with its activation.
fn steps<T: Scalar>(net: &NeuralNetwork<T>) -> Result<Vec<Step<'_, T>>> {
    let mut steps: Vec<Step<'_, T>> = Vec::new();
    for (index, layer) in net.layers().iter().enumerate() {
        match (layer, steps.last_mut()) {
            (AnyLayer::Linear(linear), _) => steps.push(Step { linear, activation: None, z: index, a: index }),
            (AnyLayer::Activation(activation), Some(step)) if step.activation.is_none() => {
                (step.activation, step.a) = (Some(activation.label()), index);
            }
            (other, _) => {
                let found = format!("{} at position {index}", other.name());
                return Err(Error::shape("explain", "linear layers, each with at most one activation after it", found));
            }
        }
    }
    Ok(steps)
}

impl Shown {
    fn new<T: Scalar>(name: impl Into<String>, formula: impl Into<String>, matrix: Tensor<T>) -> Self {
        // adding zero turns −0 into 0
        Shown { name: name.into(), formula: formula.into(), matrix: matrix.map(|x| x.to_f64() + 0.0) }
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
        map.end()
    }
}

impl fmt::Display for Walkthrough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = "A column is a sample. The first row of every A and Z is the bias feature, always 1; the first row of\n\
                     every W passes it on, and no gradient reaches it.";
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
    for Shown { name, formula, matrix } in matrices {
        write!(f, "\n  {name} {formula}    {} × {}\n", matrix.rows(), matrix.columns())?;
        write_matrix(f, matrix)?;
    }
    Ok(())
}

/// Rows in aligned columns, the middle of a large matrix left out.
fn write_matrix(f: &mut fmt::Formatter<'_>, matrix: &Tensor<f64>) -> fmt::Result {
    let shown = |count: usize| -> Vec<Option<usize>> {
        match count {
            0..=SHOWN => (0..count).map(Some).collect(),
            _ => (0..SHOWN - 2).map(Some).chain([None, Some(count - 1)]).collect(),
        }
    };
    let columns = shown(matrix.columns());
    let cell = |i: Option<usize>, j| i.zip(j).map_or_else(|| "…".to_owned(), |index| short(matrix[index]));
    let row = |i| columns.iter().map(|j| cell(i, *j)).collect();
    let cells: Vec<Vec<String>> = shown(matrix.rows()).into_iter().map(row).collect();
    let width = |j: usize| cells.iter().map(|row| row[j].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for row in &cells {
        let aligned: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        writeln!(f, "    [ {} ]", aligned.join("  "))?;
    }
    Ok(())
}

/// The number with six significant digits, and no more than it needs.
fn short(x: f64) -> String {
    let rounded = format!("{x:.5e}").parse().unwrap_or(x);
    let text = format!("{rounded:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
