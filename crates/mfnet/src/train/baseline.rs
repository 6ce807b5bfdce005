//! The models that a network has to beat, each written as a network of one linear layer, so that the same code scores all three.

use crate::data::{Dataset, Targets};
use crate::error::Result;
use crate::layer::{Layer, Linear};
use crate::loss::{CrossEntropy, Loss, Mse, softmax};
use crate::network::NeuralNetwork;
use crate::optimizer::Parameters;
use crate::tensor::Tensor;

/// Newton steps at most.
const MOST_STEPS: usize = 50;
/// Converged when no element of the gradient is larger; features and values are of size 1.
const TOLERANCE: f64 = 1e-8;

/// The naive predictor, which looks at no feature: W = 0, and b is the mean of the training targets. For classes that is each class's frequency, so that
/// the most frequent one is predicted.
///
/// # Errors
/// None for data with samples.
pub fn naive_model(train: &Dataset) -> Result<NeuralNetwork> {
    let y = train.targets().matrix::<f64>();
    let mean = |i| y.row(i).sum::<f64>() / y.columns() as f64;
    one_layer(Tensor::from_fn(y.rows(), 1 + train.features(), |i, j| if j == 0 { mean(i) } else { 0.0 }))
}

/// The best linear model of the training samples. For values the least-squares solution; for classes the logistic regression
///
/// ```text
/// minimise over [b | W]:  mean cross-entropy + 1/(2m) ‖W‖²       (m samples; the biases are free)
/// ```
///
/// which is scikit-learn's `LogisticRegression(C=1)`; for two classes, of which each has its own logit here, it is the one with C = 2. The features
/// should be standardised. Solved by Newton's method, each step by conjugate gradients, until every element of the gradient is below
/// 10⁻⁸. Dependent features are no trouble: then one of the many solutions is found, and all predict alike.
///
/// # Errors
/// None for data with samples.
pub fn linear_model(train: &Dataset) -> Result<NeuralNetwork> {
    let problem = Problem {
        x: train.inputs(),
        y: train.targets().matrix(),
        classes: matches!(train.targets(), Targets::Classes { .. }),
    };
    let mut net = one_layer(Tensor::zeros(train.outputs(), 1 + train.features()))?;
    for _ in 0..MOST_STEPS {
        let gradient = problem.gradient(&net);
        if largest(&gradient) < TOLERANCE {
            break;
        }
        let direction = problem.newton_direction(&net, &gradient);
        if !problem.descend(&mut net, &gradient, &direction) {
            break;
        }
    }
    Ok(net)
}

fn one_layer(parameters: Tensor<f64>) -> Result<NeuralNetwork> {
    let layer = Linear::new(parameters)?;
    NeuralNetwork::from_layers(layer.inputs(), vec![layer.into()])
}

/// J([b | W]) of a linear model, and its derivatives.
struct Problem {
    x: Tensor<f64>,
    y: Tensor<f64>,
    classes: bool,
}

impl Problem {
    /// 1/m for classes, 0 for values.
    fn penalty(&self) -> f64 {
        if self.classes { 1.0 / self.x.columns() as f64 } else { 0.0 }
    }

    fn loss(&self) -> &dyn Loss<f64> {
        if self.classes { &CrossEntropy } else { &Mse }
    }

    /// J + penalty/2 ‖W‖².
    fn value(&self, net: &NeuralNetwork) -> f64 {
        let weights: f64 = matrix(net).iter().skip(self.y.rows()).map(|w| w * w).sum();
        self.loss().value(net.forward(&self.x).output(), &self.y) + 0.5 * self.penalty() * weights
    }

    fn gradient(&self, net: &NeuralNetwork) -> Tensor<f64> {
        let trace = net.forward(&self.x);
        let mut gradient = self.weight_gradient(&self.loss().gradient(trace.output(), &self.y));
        self.add_penalty(&mut gradient, matrix(net));
        gradient
    }

    /// [ Δ 1 | Δ Xᵀ ].
    fn weight_gradient(&self, delta: &Tensor<f64>) -> Tensor<f64> {
        let ones = Tensor::from_fn(self.x.columns(), 1, |_, _| 1.0);
        let (biases, weights) = (delta.product(&ones), delta.product(self.x.transposed()));
        Tensor::from_fn(
            delta.rows(),
            1 + self.x.rows(),
            |i, j| if j == 0 { biases[(i, 0)] } else { weights[(i, j - 1)] },
        )
    }

    fn add_penalty(&self, gradient: &mut Tensor<f64>, parameters: &Tensor<f64>) {
        for (g, w) in gradient.iter_mut().zip(parameters.iter()).skip(self.y.rows()) {
            *g += self.penalty() * w;
        }
    }

    /// H V, the second derivative of J in direction V = [b | W]: U = V X̃ moves the outputs, which moves ∂J/∂Z by
    ///
    /// ```text
    /// values    2/(m n) U
    /// classes   1/m (P ⊙ U − P ⊙ 1 1ᵀ(P ⊙ U))        P = softmax(Z)
    /// ```
    fn curvature(&self, probabilities: Option<&Tensor<f64>>, v: &Tensor<f64>) -> Result<Tensor<f64>> {
        let mut u = Tensor::zeros(v.rows(), self.x.columns());
        Linear::new(v.clone())?.forward(&self.x, &mut u);
        let m = self.x.columns() as f64;
        let delta = match probabilities {
            None => u.map(|u| 2.0 * u / (m * v.rows() as f64)),
            Some(p) => {
                let mean: Vec<f64> =
                    (0..u.columns()).map(|j| p.column(j).zip(u.column(j)).map(|(p, u)| p * u).sum()).collect();
                Tensor::from_fn(u.rows(), u.columns(), |i, j| p[(i, j)] * (u[(i, j)] - mean[j]) / m)
            }
        };
        let mut product = self.weight_gradient(&delta);
        self.add_penalty(&mut product, v);
        Ok(product)
    }

    /// Solves H D = −G by conjugate gradients from D = 0, the more exactly the closer the end is (Dembo, Eisenstat, Steihaug 1982).
    fn newton_direction(&self, net: &NeuralNetwork, gradient: &Tensor<f64>) -> Tensor<f64> {
        let probabilities = self.classes.then(|| softmax(net.forward(&self.x).output()));
        let mut direction = Tensor::zeros(gradient.rows(), gradient.columns());
        let mut residual = gradient.map(|g| -g);
        let mut search = residual.clone();
        let mut rho = dot(&residual, &residual);
        let enough = rho * if self.classes { 0.01f64.min(rho.sqrt()) } else { 1e-20 };
        for _ in 0..20 + 2 * gradient.iter().len() {
            let Ok(h_search) = self.curvature(probabilities.as_ref(), &search) else { break };
            let along = dot(&search, &h_search);
            // without curvature there is nothing left to gain along this direction
            if along <= 0.0 || along.is_nan() {
                break;
            }
            let alpha = rho / along;
            add(&mut direction, alpha, &search);
            add(&mut residual, -alpha, &h_search);
            let next = dot(&residual, &residual);
            if next <= enough {
                break;
            }
            for (s, r) in search.iter_mut().zip(residual.iter()) {
                *s = r + next / rho * *s;
            }
            rho = next;
        }
        direction
    }

    /// Moves along `direction`, half as far until J falls as it should (Armijo); false if it does not fall.
    fn descend(&self, net: &mut NeuralNetwork, gradient: &Tensor<f64>, direction: &Tensor<f64>) -> bool {
        let slope = dot(gradient, direction);
        let (before, start) = (self.value(net), matrix(net).clone());
        let mut length = 1.0;
        while slope < 0.0 && length > 1e-10 {
            for parameter in net.parameters_mut() {
                parameter.value.copy_from(&start);
                add(&mut parameter.value, length, direction);
            }
            // close to the optimum the fall is lost in rounding
            if self.value(net) <= before + 1e-4 * length * slope + 1e-14 * before.abs() {
                return true;
            }
            length /= 2.0;
        }
        net.parameters_mut().for_each(|parameter| parameter.value.copy_from(&start));
        false
    }
}

/// `[b | W]`.
fn matrix(net: &NeuralNetwork) -> &Tensor<f64> {
    &net.layers()[0].as_layer().parameters()[0].value
}

fn dot(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    a.iter().zip(b.iter()).map(|(a, b)| a * b).sum()
}

fn largest(a: &Tensor<f64>) -> f64 {
    a.iter().fold(0.0, |most, x| most.max(x.abs()))
}

/// a ← a + factor b.
fn add(a: &mut Tensor<f64>, factor: f64, b: &Tensor<f64>) {
    for (a, b) in a.iter_mut().zip(b.iter()) {
        *a += factor * b;
    }
}
