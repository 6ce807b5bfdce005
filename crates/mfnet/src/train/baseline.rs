//! The baseline models. Each is a network of one linear layer, so that the same code evaluates all
//! models.

use std::ops::ControlFlow;

use super::lbfgs::minimise;
use super::whitening::Whitening;
use crate::data::{Dataset, Targets};
use crate::error::Result;
use crate::layer::Linear;
use crate::loss::{BinaryCrossEntropy, CrossEntropy, Loss, LossName, Mse, SmoothQuantile, Weights};
use crate::memory;
use crate::network::NeuralNetwork;
use crate::tensor::kernel::Finish;
use crate::tensor::{Tensor, product};

/// The largest number of samples to process at a time, in matrices that fit into the caches.
const AT_A_TIME: usize = 1024;
/// With more features, computing the covariance costs more than whitening saves.
const MOST_WHITENED: usize = 1024;
/// A smaller curvature is rounding error; features have size 1.
const LEAST_CURVATURE: f64 = 1e-10;
/// Converged when J is expected to fall by less than this fraction of J.
const TOLERANCE: f64 = 1e-16;
/// The tolerance after many floating-point operations, a few seconds: then J hardly changes along
/// some directions.
const LATE_TOLERANCE: f64 = 1e-5;
const MANY_OPERATIONS: f64 = 1e11;
/// Errors up to this size are squared where a loss has a kink; targets have size 1.
const KINK: f64 = 0.01;
/// The search for the best constant ends at this distance from it, and goes no farther than this.
const NEAR: f64 = 1e-13;
const FARTHEST: f64 = 1e300;
/// The least probability of a label that no training sample has.
const CERTAIN: f64 = 1e-12;

/// The naive baseline, which ignores the features: W = 0, and b is the (weighted) mean of the
/// training targets.
///
/// For classes, b is the logarithm of each class's frequency f, its fraction of the sample weights.
/// So the probabilities are the frequencies, the most frequent class is predicted, and the
/// cross-entropy of the training samples is −Σ f ln f. (A class without training samples gets the
/// logarithm of the smallest positive number instead of −∞.) As scikit-learn's `DummyRegressor` and
/// `DummyClassifier(strategy="prior")`.
///
/// ```
/// use mfnet::Dataset;
/// use mfnet::train::naive_model;
/// let naive = naive_model(&Dataset::built_in("digits")?)?;
/// assert_eq!((naive.inputs(), naive.outputs()), (64, 10));
/// # Ok::<(), mfnet::Error>(())
/// ```
///
/// # Errors
/// No error if the data have samples.
pub fn naive_model(train: &Dataset) -> Result<NeuralNetwork> {
    naive_model_for(train, LossName::Mse)
}

/// As [`naive_model`], for values with the b that minimises another loss, such as the median for
/// `mae`. Classes have the same baseline for all losses.
///
/// ```
/// use mfnet::{Dataset, Targets, Tensor};
/// use mfnet::loss::LossName;
/// use mfnet::train::naive_model_for;
/// let targets = Targets::Values { columns: vec!["y".into()], values: Tensor::from_rows([[1.0, 2.0, 60.0]]).into() };
/// let data = Dataset::new("three", Tensor::zeros(1, 3), targets)?;
/// let naive = naive_model_for(&data, LossName::Mae)?;
/// assert!((naive.predict(&Tensor::zeros(1, 1))?[(0, 0)] - 2.0).abs() < 1e-9);
/// # Ok::<(), mfnet::Error>(())
/// ```
///
/// # Errors
/// As [`naive_model`].
pub fn naive_model_for(train: &Dataset, loss: LossName) -> Result<NeuralNetwork> {
    let weight = |sample: usize| train.weights().map_or(1.0, |weights| weights[sample]);
    let all = (0..train.samples()).map(weight).sum::<f64>();
    let bias = |i| match train.targets() {
        Targets::Classes { indices, .. } => {
            let of_class = (0..indices.len()).filter(|sample| indices[*sample] == i).map(weight).sum::<f64>();
            f64::max(of_class / all, f64::MIN_POSITIVE).ln()
        }
        Targets::Labels { truth, .. } => {
            let of_label = truth.feature(i).enumerate().map(|(sample, y)| weight(sample) * y).sum::<f64>();
            let p = (of_label / all).clamp(CERTAIN, 1.0 - CERTAIN);
            (p / (1.0 - p)).ln()
        }
        Targets::Values { values, .. } => match loss {
            LossName::Mse | LossName::HalfMse => {
                values.feature(i).enumerate().map(|(sample, y)| weight(sample) * y).sum::<f64>() / all
            }
            _ => best_constant(&*loss.loss(), values.columns(&[i]).tensor(), train.weights()),
        },
    };
    one_layer(Tensor::from_fn(train.outputs(), 1 + train.features(), |i, j| if j == 0 { bias(i) } else { 0.0 }))
}

/// The number that minimises a convex loss if it is the output for all samples, by bisection;
/// targets have size 1.
fn best_constant(loss: &dyn Loss<f64>, y: Tensor, weights: Option<&[f64]>) -> f64 {
    let divisor = weights.map_or(y.columns() as f64, |weights| weights.iter().sum());
    let (mut output, mut delta) = (y.clone(), y.clone());
    let mut rises = |b: f64| {
        output.fill(b);
        loss.value_and_gradient(&output, &y, Weights { of_samples: weights, divisor }, &mut delta);
        delta.iter().sum::<f64>() >= 0.0
    };
    let (mut low, mut high) = (-1.0, 1.0);
    while rises(low) && low > -FARTHEST {
        low *= 2.0;
    }
    while !rises(high) && high < FARTHEST {
        high *= 2.0;
    }
    while high - low > NEAR * high.abs().max(1.0) {
        let middle = 0.5 * (low + high);
        if rises(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// The best linear model of the training samples: least squares for values, and for classes the
/// logistic regression
///
/// ```text
/// minimise over [b | W]:  J = mean cross-entropy + 1/(2m) ‖W‖²       (m samples; no penalty on b)
/// ```
///
/// This is scikit-learn's `LogisticRegression(C=1)`. With two classes, each has its own logit here,
/// which corresponds to C = 2. Standardise the features first. With weights (sample weight times
/// class weight), the mean is Σ w c / Σ w and m is Σ w, as with `sample_weight` and `class_weight`
/// there; but m is at least the number of samples with a weight above 0, so that small weights do
/// not make the penalty larger. If features are linearly dependent, one of many solutions is found;
/// all of them predict the same for the training samples. If there are at least as many features as
/// samples, or if very many features depend on others, a regression gets the solution of least norm
/// ‖[b W]‖; for features with mean 0 it is that of scikit-learn's `LinearRegression`.
///
/// The method is L-BFGS from 0, in variables whose curvature at 0 is 1 in all directions. It stops
/// when the next step is expected to lower J by less than 10⁻¹⁶ J; after 10¹¹ floating-point
/// operations, by less than 10⁻⁵ J. For MNIST, some of whose pixels are almost always black, J is
/// then within about 10⁻³ of the minimum, and the accuracy within 0.1 % of the accuracy at the
/// minimum.
///
/// Several labels at once have a logistic regression each, that of scikit-learn with C = 1.
///
/// # Errors
/// No error if the data have samples and contain only numbers.
pub fn linear_model(train: &Dataset) -> Result<NeuralNetwork> {
    linear_model_while(train, |_| ControlFlow::Continue(()))
}

/// As [`linear_model`], and calls `look(steps so far)` before each step, and several times before
/// the first. [`ControlFlow::Break`] stops and returns the current parameters.
///
/// # Errors
/// As [`linear_model`].
pub fn linear_model_while(train: &Dataset, look: impl FnMut(usize) -> ControlFlow<()>) -> Result<NeuralNetwork> {
    linear_model_for(train, LossName::Mse, look)
}

/// As [`linear_model_while`], for values with the `[b | W]` that minimises another loss. Classes
/// have the same baseline for all losses. `mae` and `quantile` have no second derivative at 0, which
/// the method needs: errors up to 0.01 count as their squares there.
///
/// # Errors
/// As [`linear_model`].
pub fn linear_model_for(
    train: &Dataset,
    loss: LossName,
    mut look: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<NeuralNetwork> {
    train.check_numbers()?;
    train.check_weights()?;
    one_layer(Problem::new(train, loss).optimum(&mut look))
}

fn one_layer(parameters: Tensor) -> Result<NeuralNetwork> {
    let layer = Linear::new(parameters)?;
    NeuralNetwork::from_layers(layer.inputs(), vec![layer.into()])
}

/// J([b | W]) of a linear model, with its derivatives.
struct Problem<'a> {
    data: &'a Dataset,
    samples: Vec<usize>,
    loss: Box<dyn Loss<f64>>,
    /// Number of samples with a weight above 0.
    count: usize,
    /// D, the sum of the weights; the number of samples m without weights.
    divisor: f64,
    /// The factor of ‖W‖²/2: 1/m for classes, where m is D, but at least the number of samples with
    /// a weight above 0; 1/(m n) for n labels at once; 0 for values.
    penalty: f64,
    /// What is added to J, so that it is never negative.
    offset: f64,
    /// ∂²J/∂Z² at 0 for one output and one sample, times D.
    curvature: f64,
}

impl<'a> Problem<'a> {
    fn new(data: &'a Dataset, loss: LossName) -> Self {
        let outputs = data.outputs() as f64;
        let (all, weights) = (data.samples(), data.loss_weights());
        let divisor = weights.map_or(all as f64, |weights| weights.iter().sum());
        let count = weights.map_or(all, |weights| weights.iter().filter(|weight| **weight > 0.0).count());
        let m = divisor.max(count as f64);
        let name = loss;
        let (loss, penalty, curvature): (Box<dyn Loss<f64>>, _, _) = match (data.targets(), loss) {
            // P = 1/n, and P (1 − P) without the part common to all classes, which changes no
            // probability
            (Targets::Classes { .. }, _) => (Box::new(CrossEntropy), 1.0 / m, 1.0 / outputs),
            // the mean over n labels, each with P (1 − P) = ¼
            (Targets::Labels { .. }, _) => (Box::new(BinaryCrossEntropy), 1.0 / (m * outputs), 0.25 / outputs),
            (_, LossName::Mse | LossName::HalfMse) => (Box::new(Mse), 0.0, 2.0 / outputs),
            (_, LossName::Mae) => (Box::new(SmoothQuantile { level: 0.5, width: KINK }), 0.0, 1.0 / outputs),
            (_, LossName::Quantile { level }) => (Box::new(SmoothQuantile { level, width: KINK }), 0.0, 1.0 / outputs),
            (_, loss) => (loss.loss(), 0.0, 1.0 / outputs),
        };
        let samples = (0..data.samples()).collect();
        let mut problem = Problem { data, samples, loss, count, divisor, penalty, offset: 0.0, curvature };
        problem.offset = -problem.least_possible(name);
        problem
    }

    /// J of a model that knows every target, where it is not 0: for the Poisson loss the mean of
    /// y − y ln y.
    fn least_possible(&self, loss: LossName) -> f64 {
        let (LossName::Poisson, Targets::Values { values, .. }) = (loss, self.data.targets()) else { return 0.0 };
        let (weights, outputs) = (self.data.loss_weights(), values.features());
        let cost = |(place, y): (usize, f64)| {
            let weight = weights.map_or(1.0, |weights| weights[place / outputs]);
            weight * if y > 0.0 { y - y * y.ln() } else { 0.0 }
        };
        values.iter().enumerate().map(cost).sum::<f64>() / (outputs as f64 * self.divisor)
    }

    /// The `[b | W]` that minimises J.
    fn optimum(&self, look: &mut dyn FnMut(usize) -> ControlFlow<()>) -> Tensor {
        let (outputs, size) = (self.data.outputs(), 1 + self.data.features());
        let Some(whitening) = self.whitening(look) else { return Tensor::zeros(outputs, size) };
        let parameters = |v: &[f64]| whitening.parameters(Tensor::from_fn(outputs, size, |i, j| v[j * outputs + i]));
        let evaluate = |v: &[f64]| {
            let (value, gradient) = self.evaluate(&parameters(v));
            (value, whitening.gradient(gradient).iter().copied().collect())
        };
        let step = 4.0 * (outputs * size * self.samples.len()) as f64;
        let tolerance = |steps| if steps as f64 * step < MANY_OPERATIONS { TOLERANCE } else { LATE_TOLERANCE };
        let enough = |steps, fall| fall < tolerance(steps);
        parameters(&minimise(outputs * size, evaluate, enough, look))
    }

    /// Calls `work(weights, X, Y)` for all samples in parts, except those of weight 0.
    fn for_each_part(&self, mut work: impl FnMut(Weights<'_>, &Tensor, &Tensor) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut x = Tensor::zeros(self.data.features(), 0);
        let mut y = Tensor::zeros(self.data.outputs(), 0);
        // features, and those times their weights
        let bytes =
            2 * Tensor::<f64>::bytes_of_column(self.data.features()) + 3 * Tensor::<f64>::bytes_of_column(y.rows());
        self.samples.chunks(memory::samples_at_a_time(bytes, AT_A_TIME)).try_for_each(|part| {
            let of_samples = self.data.loss_weights().map(|weights| &weights[part[0]..part[0] + part.len()]);
            let divisor = of_samples.map_or(part.len() as f64, |weights| weights.iter().sum());
            if divisor == 0.0 {
                return ControlFlow::Continue(());
            }
            self.data.gather(part, part.len(), &mut x, &mut y);
            work(Weights { of_samples, divisor }, &x, &y)
        })
    }

    /// J + penalty/2 ‖W‖², and its gradient [ Δ 1 | Δ Xᵀ ] + penalty [ 0 | W ].
    fn evaluate(&self, parameters: &Tensor) -> (f64, Tensor) {
        let outputs = parameters.rows();
        let weights = || parameters.iter().skip(outputs);
        let mut value = self.offset + 0.5 * self.penalty * weights().map(|w| w * w).sum::<f64>();
        let mut gradient = Tensor::zeros(outputs, parameters.columns());
        gradient.iter_mut().skip(outputs).zip(weights()).for_each(|(g, w)| *g = self.penalty * w);

        let (mut z, mut delta) = (Tensor::zeros(outputs, 0), Tensor::zeros(outputs, 0));
        let mut of_part = gradient.clone();
        let _ = self.for_each_part(|weights, x, y| {
            let share = weights.divisor / self.divisor;
            z.set_columns(x.columns());
            delta.set_columns(x.columns());
            product::affine_of_many(parameters, x, &mut z, Finish::Keep, |_, _| {});
            value += share * self.loss.value_and_gradient(&z, y, weights, &mut delta);
            product::weight_gradient(&delta, x, &mut of_part);
            gradient.iter_mut().zip(of_part.iter()).for_each(|(sum, g)| *sum += share * g);
            ControlFlow::Continue(())
        });
        (value, gradient)
    }

    /// Whitening for the curvature at 0, the same for all outputs: curvature/D X̃ diag(w) X̃ᵀ, with
    /// the penalty on the diagonal. `None` if `look` stops it.
    fn whitening(&self, look: &mut dyn FnMut(usize) -> ControlFlow<()>) -> Option<Whitening> {
        let features = self.data.features();
        // steps from 0 in the variables themselves lead to the solution of least norm
        let has_many_solutions = self.penalty == 0.0 && features >= self.count;
        if features > MOST_WHITENED || has_many_solutions {
            return Some(Whitening(None));
        }
        // [ X w | X diag(w) Xᵀ ] / D: X̃ diag(w) X̃ᵀ without its first row
        let mut moments = Tensor::zeros(features, 1 + features);
        let mut of_part = moments.clone();
        let mut weighted = Tensor::zeros(features, 0);
        let flow = self.for_each_part(|weights, x, _| {
            match weights.of_samples {
                None => product::weight_gradient(x, x, &mut of_part),
                Some(of_samples) => {
                    weighted.clone_from(x);
                    for (j, weight) in of_samples.iter().enumerate() {
                        weighted.column_mut(j).for_each(|x| *x *= weight);
                    }
                    product::weight_gradient(&weighted, x, &mut of_part);
                }
            }
            let share = weights.divisor / self.divisor / weights.divisor;
            moments.iter_mut().zip(of_part.iter()).for_each(|(sum, part)| *sum += share * part);
            look(0)
        });
        let row = |i: usize| -> Vec<f64> {
            if i == 0 {
                return vec![self.curvature];
            }
            let mut row: Vec<f64> = moments.row(i - 1).take(i + 1).map(|x| self.curvature * x).collect();
            row[i] += self.penalty;
            row
        };
        (flow.is_continue()).then(|| Whitening::of(1 + features, row, LEAST_CURVATURE * self.curvature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::Threads;

    /// Classes that follow from the first feature, with exceptions.
    fn classes(features: usize, samples: usize) -> Dataset {
        let x = Tensor::from_fn(features, samples, |i, j| (((i + 1) * (j + 1) * 7 + i * i) % 19) as f64 / 6.0 - 1.5);
        let labels = (0..samples).map(|j| (x[(0, j)] > 0.0 || j % 5 == 0).to_string());
        let targets = Targets::from_labels("class", labels);
        Dataset::new("classes", x, targets).unwrap()
    }

    fn parameters(net: &NeuralNetwork) -> &Tensor {
        &net.parameters().next().unwrap().value
    }

    #[test]
    fn the_gradient_vanishes_with_and_without_whitening() {
        for features in [5, MOST_WHITENED + 1] {
            let data = classes(features, 60);
            let (_, gradient) = Problem::new(&data, LossName::Mse).evaluate(parameters(&linear_model(&data).unwrap()));
            assert!(gradient.norm() < 1e-7, "{features} features: {}", gradient.norm());
        }
    }

    #[test]
    fn same_bits_for_every_number_of_threads() {
        let data = classes(100, 3000);
        let on = |threads| Threads::new(threads).unwrap().install(|| linear_model(&data)).unwrap();
        assert_eq!(parameters(&on(1)), parameters(&on(3)));
    }

    /// numpy 2.4: `numpy.linalg.lstsq([ones | X], y)`, which returns the solution of least norm.
    #[test]
    fn more_features_than_samples() {
        let x = Tensor::from_fn(6, 4, |i, j| ((i * i + 3 * j * j + i * j) % 7) as f64 - 3.0);
        let y = Tensor::from_rows([[3.0, -1.0, 4.0, 1.0]]);
        let data = Dataset::new("wide", x, Targets::Values { columns: vec!["y".into()], values: y.into() }).unwrap();
        let net = linear_model(&data).unwrap();
        let expected = [
            0.485245901639345,
            -0.08477751756440333,
            -0.84496487119438,
            0.3850117096018735,
            0.09367681498828986,
            0.21873536299765836,
            0.4978922716627642,
        ];
        assert!(parameters(&net).iter().zip(expected).all(|(w, e)| (w - e).abs() < 1e-7), "{}", parameters(&net));
    }

    /// 5 samples of 40 features, constant ones among them.
    #[test]
    fn few_samples_of_many_features() {
        let x = Tensor::from_fn(
            40,
            5,
            |i, j| if i % 9 == 0 { 0.0 } else { ((i * 31 + j * j * 17) % 23) as f64 / 10.0 - 1.1 },
        );
        let y = Tensor::from_fn(1, 5, |_, j| (j as f64 - 2.0) * 1.5);
        let targets = Targets::Values { columns: vec!["y".into()], values: y.clone().into() };
        let data = Dataset::new("wide", x.clone(), targets).unwrap();
        let net = linear_model(&data).unwrap();
        let fitted = net.predict(&x).unwrap();
        assert!(fitted.iter().zip(y.iter()).all(|(a, b)| (*a - *b).abs() < 1e-6), "{fitted}");
    }

    /// 60 features that are combinations of three; numpy 2.4's `numpy.linalg.lstsq` has rank 4.
    #[test]
    fn many_features_that_depend_on_others() {
        let of = |k: usize, j: usize| ((k * 37 + j * j * (k + 3)) % 101) as f64 / 50.0 - 1.0;
        let x = Tensor::from_fn(60, 90, |i, j| {
            of(0, j) * ((i % 7) as f64 - 2.5) + of(1, j) * (i % 5) as f64 / 3.0 + of(2, j) * (i as f64).sqrt()
        });
        let y = Tensor::from_fn(1, 90, |_, j| 2.0 * of(0, j) - of(1, j) + 0.5 * of(2, j) + 3.0);
        let targets = Targets::Values { columns: vec!["y".into()], values: y.clone().into() };
        let net = linear_model(&Dataset::new("dependent", x.clone(), targets).unwrap()).unwrap();
        let fitted = net.predict(&x).unwrap();
        assert!(fitted.iter().zip(y.iter()).all(|(a, b)| (*a - *b).abs() < 1e-5), "{fitted}");
    }

    #[test]
    fn an_exact_fit_is_found_and_ends() {
        let x = Tensor::from_fn(3, 20, |i, j| ((i * 5 + j * j) % 7) as f64 - 3.0);
        let y = Tensor::from_fn(1, 20, |_, j| 1000.0 + 2.0 * x[(0, j)] - x[(2, j)]);
        let data = Dataset::new("line", x, Targets::Values { columns: vec!["y".into()], values: y.into() }).unwrap();
        let net = linear_model(&data).unwrap();
        let expected = [1000.0, 2.0, 0.0, -1.0];
        assert!(parameters(&net).iter().zip(expected).all(|(w, e)| (w - e).abs() < 1e-6), "{}", parameters(&net));
    }
}
