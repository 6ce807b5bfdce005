use super::{Gradients, Optimizer, Parameter, Parameters, Update, require};
use crate::error::Result;
use crate::tensor::kernel::vectorised;
use crate::tensor::{Scalar, Tensor};

/// L-BFGS with a line search: few, costly steps on all samples at once, for small data and smooth
/// losses. As `torch.optim.LBFGS` with `max_iter=1, max_eval=26, line_search_fn="strong_wolfe"`.
///
/// ```text
/// W ← W − t H G        G = ∂J/∂W + λ W
/// ```
///
/// H approximates the inverse of the second derivative by the last pairs s = W′ − W, y = G′ − G: it is
/// γ I with γ = sᵀy/yᵀy, corrected by each pair so that H y = s. Pairs with sᵀy ≤ 10⁻¹⁰ are left out.
/// The line search begins at t = η, in the first step at t = η min(1, 1/Σ|G|), and ends where the
/// strong Wolfe conditions hold, with J of the samples plus λ/2 ΣW²:
///
/// ```text
/// J(t) ≤ J(0) + 10⁻⁴ t J′(0)        |J′(t)| ≤ 0.9 |J′(0)|
/// ```
///
/// No step is made where |G| ≤ 10⁻⁷ everywhere. PyTorch remembers 100 pairs by default, and has no
/// weight decay here. Source: Nocedal and Wright, Numerical Optimization (2006), algorithms 3.5, 3.6
/// and 7.4.
///
/// ```
/// use mfnet::{Dataset, Mse, NeuralNetwork, Optimizer, Preprocessing, Seed, Trainer};
/// use mfnet::optimizer::Lbfgs;
/// let data = Dataset::built_in("diabetes")?;
/// let data = Preprocessing::fit(&data).apply(&data);
/// let mut net = NeuralNetwork::builder(10).linear(8).tanh().linear(1).build(Seed(0))?;
/// let trainer = Trainer::new(Mse, Optimizer::lbfgs(Lbfgs::default(), 1.0)).epochs(20).batch_size(data.samples());
/// let history = trainer.run(&mut net, &data)?;
/// assert!(history.epochs[19].loss < 0.45);
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// The largest number of pairs, at least 1; each takes two copies of the weights.
    pub pairs: usize,
}

impl Default for Lbfgs {
    /// 10 pairs, as SciPy's `fmin_l_bfgs_b`.
    fn default() -> Self {
        Lbfgs { pairs: 10 }
    }
}

/// The parts of a matrix's state: G of the step before, the last step, room, and the pairs s, y, the
/// newest last. A pair that is not there is 0.
const BEFORE: usize = 0;
const STEP: usize = 1;
const ROOM: usize = 2;
const PAIRS: usize = 3;
/// The most pairs.
const MOST_PAIRS: usize = 100;
/// The smallest sᵀy of a pair, the smallest largest |G| of a step, and the smallest change that matters.
const SMALLEST_PRODUCT: f64 = 1e-10;
const SMALLEST_GRADIENT: f64 = 1e-7;
const SMALLEST_CHANGE: f64 = 1e-9;

impl Lbfgs {
    /// Number of matrices of the state of a matrix.
    pub(super) fn states(self) -> usize {
        PAIRS + 2 * self.pairs
    }

    pub(super) fn check(self) -> Result<()> {
        let fits = (1..=MOST_PAIRS).contains(&self.pairs);
        require("pairs of L-BFGS", self.pairs as f64, fits, "a number from 1 to 100")
    }
}

impl<T: Scalar> Optimizer<T> {
    /// One step of L-BFGS. `value` and `gradients` are those at the weights of `net`; `evaluate` gives
    /// them for the same samples at other weights. Another rule makes its usual step. [`crate::Trainer`] does this itself; with
    /// [`Optimizer::step`], L-BFGS makes its steps without a line search.
    ///
    /// ```
    /// use mfnet::optimizer::{Gradients, Lbfgs};
    /// use mfnet::{Loss, Mse, NeuralNetwork, Optimizer, Pass, Seed, Tensor};
    /// let (x, y) = (Tensor::from_rows([[1.0, 2.0, 4.0]]), Tensor::from_rows([[0.0, 1.0, 3.0]]));
    /// let mut evaluate = |net: &mut NeuralNetwork, gradients: &mut Gradients| {
    ///     let trace = net.forward(Pass::Evaluate, &x);
    ///     *gradients = net.backward(&trace, Mse.gradient(trace.output(), &y));
    ///     Mse.value(trace.output(), &y)
    /// };
    /// let mut net = NeuralNetwork::builder(1).linear(1).build(Seed(0))?;
    /// let mut optimizer = Optimizer::lbfgs(Lbfgs::default(), 1.0);
    /// let trace = net.forward(Pass::Evaluate, &x);
    /// let mut gradients = net.backward(&trace, Mse.gradient(trace.output(), &y));
    /// for _ in 0..10 {
    ///     let value = evaluate(&mut net, &mut gradients);
    ///     optimizer.search(&mut net, (value, &mut gradients), &mut evaluate);
    /// }
    /// assert!(evaluate(&mut net, &mut gradients) < 1e-12);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the gradients belong to another network.
    pub fn search<N: Parameters<T>>(
        &mut self,
        net: &mut N,
        (value, gradients): (f64, &mut Gradients<T>),
        evaluate: &mut dyn FnMut(&mut N, &mut Gradients<T>) -> f64,
    ) {
        self.begin_step();
        if !self.searches() {
            self.move_all(net, gradients);
            return;
        }
        let Some((slope, first, penalty)) = self.turn(net, gradients) else { return };
        let start = Point { t: 0.0, value: value + penalty, slope };
        let largest = self.largest(STEP);
        let t = strong_wolfe(start, first, largest, &mut |t| {
            self.place(net, t);
            let value = evaluate(net, gradients);
            let (penalty, slope) = self.along(net, gradients);
            Point { t, value: value + penalty, slope }
        });
        self.place(net, t);
        self.scale(STEP, t);
    }

    /// As `search`, without evaluating other weights.
    pub(super) fn step_without_search(&mut self, net: &mut impl Parameters<T>, gradients: &Gradients<T>) {
        if let Some((_, first, _)) = self.turn(net, gradients) {
            self.place(net, first);
            self.scale(STEP, first);
        }
    }

    /// Takes the gradients, and makes the direction −H G. Returns its slope, the first t to try and
    /// λ/2 ΣW²; `None` if there is nothing to gain.
    fn turn(&mut self, net: &mut impl Parameters<T>, gradients: &Gradients<T>) -> Option<(f64, f64, f64)> {
        let mut penalty = 0.0;
        self.visit(net, gradients, |parameter, gradient, at, state| {
            penalty += for_each_g(parameter, gradient, at, |(i, j), g| {
                state[ROOM][(i, j)] = g - state[BEFORE][(i, j)];
                state[BEFORE][(i, j)] = g;
            });
        });
        let is_first = self.step == self.begin() + 1;
        if !is_first {
            self.remember();
        }
        for state in self.matrices.iter_mut().flatten().map(|of| &mut of.state) {
            let [before, step] = state.get_disjoint_mut([BEFORE, STEP]).unwrap_or_else(|_| unreachable!("two parts"));
            step.copy_from(before);
        }
        self.multiply();
        let slope = self.dot(BEFORE, STEP);
        let all = self.matrices.iter().flatten().flat_map(|of| of.state[BEFORE].iter());
        let sum: f64 = all.map(|g| g.to_f64().abs()).sum();
        let first = if is_first { self.rate * (1.0 / sum).min(1.0) } else { self.rate };
        if self.largest(BEFORE) > SMALLEST_GRADIENT && slope <= -SMALLEST_CHANGE {
            self.visit(net, gradients, |parameter, _, _, state| state[ROOM].copy_from(&parameter.value));
            return Some((slope, first, penalty));
        }
        self.scale(STEP, 0.0);
        None
    }

    /// The last step and the change of G become the newest pair, unless they say nothing.
    fn remember(&mut self) {
        if self.dot(STEP, ROOM) > SMALLEST_PRODUCT {
            for state in self.matrices.iter_mut().flatten().map(|of| &mut of.state) {
                state.swap(STEP, PAIRS);
                state.swap(ROOM, PAIRS + 1);
                state[PAIRS..].rotate_left(2);
            }
        }
    }

    /// Step ← −H Step, by the two loops of algorithm 7.4.
    fn multiply(&mut self) {
        let pairs = (self.states() - PAIRS) / 2;
        let (mut products, mut alphas) = ([0.0; MOST_PAIRS], [0.0; MOST_PAIRS]);
        let of = |pair: usize| (PAIRS + 2 * pair, PAIRS + 2 * pair + 1);
        for pair in (0..pairs).rev() {
            let (s, y) = of(pair);
            products[pair] = self.dot(s, y);
            // not there
            if products[pair] == 0.0 {
                continue;
            }
            alphas[pair] = self.dot(s, STEP) / products[pair];
            self.add(STEP, -alphas[pair], y);
        }
        let (_, newest) = of(pairs - 1);
        if products[pairs - 1] > 0.0 {
            self.scale(STEP, products[pairs - 1] / self.dot(newest, newest));
        }
        for pair in (0..pairs).filter(|pair| products[*pair] != 0.0) {
            let (s, y) = of(pair);
            let beta = self.dot(y, STEP) / products[pair];
            self.add(STEP, alphas[pair] - beta, s);
        }
        self.scale(STEP, -1.0);
    }

    /// W ← W of the start + t · direction.
    fn place(&mut self, net: &mut impl Parameters<T>, t: f64) {
        let t = T::from_f64(t);
        let mut states = self.matrices.iter().flatten().map(|of| &of.state);
        net.visit_parameters_mut(&mut |_, parameter| {
            let Some(state) = states.next() else { return };
            let from = state[ROOM].storage().iter().zip(state[STEP].storage());
            vectorised(parameter.value.storage_mut().iter_mut().zip(from), |(w, (start, d))| *w = *start + t * *d);
        });
    }

    /// λ/2 ΣW², and the slope in the direction.
    fn along(&mut self, net: &mut impl Parameters<T>, gradients: &Gradients<T>) -> (f64, f64) {
        let (mut penalty, mut slope) = (0.0, 0.0);
        self.visit(net, gradients, |parameter, gradient, at, state| {
            penalty += for_each_g(parameter, gradient, at, |place, g| {
                slope += g.to_f64() * state[STEP][place].to_f64();
            });
        });
        (penalty, slope)
    }

    /// Calls `visit` for each matrix with its gradient, the update of its biases and of its other
    /// columns, and its state.
    fn visit(
        &mut self,
        net: &mut impl Parameters<T>,
        gradients: &Gradients<T>,
        mut visit: impl FnMut(&Parameter<T>, &Tensor<T>, [Update; 2], &mut [Tensor<T>]),
    ) {
        let mut number = 0;
        net.visit_parameters_mut(&mut |layer, parameter| {
            let gradient = gradients.matrices().get(number).filter(|g| g.shape() == parameter.value.shape());
            let gradient = gradient.expect("the gradients belong to another network");
            let (_, at, state) = self.parts((number, layer), parameter);
            visit(parameter, gradient, at, state);
            number += 1;
        });
    }

    /// Σ over all weights of two parts.
    fn dot(&self, a: usize, b: usize) -> f64 {
        self.matrices.iter().flatten().map(|of| of.state[a].dot(&of.state[b])).sum()
    }

    /// One part ← itself + factor · another part.
    fn add(&mut self, to: usize, factor: f64, from: usize) {
        let factor = T::from_f64(factor);
        for state in self.matrices.iter_mut().flatten().map(|of| &mut of.state) {
            let [to, from] = state.get_disjoint_mut([to, from]).unwrap_or_else(|_| unreachable!("two parts"));
            vectorised(to.storage_mut().iter_mut().zip(from.storage()), |(to, from)| *to += factor * *from);
        }
    }

    fn scale(&mut self, part: usize, factor: f64) {
        self.matrices.iter_mut().flatten().for_each(|of| of.state[part].scale(T::from_f64(factor)));
    }

    fn largest(&self, part: usize) -> f64 {
        let all = self.matrices.iter().flatten().flat_map(|of| of.state[part].iter());
        all.fold(0.0, |largest: f64, x| largest.max(x.to_f64().abs()))
    }
}

/// Calls `take` with each place of a matrix and its G = ∂J/∂W + λ W, 0 if the weight does not learn.
/// Returns λ/2 ΣW².
fn for_each_g<T: Scalar>(
    parameter: &Parameter<T>,
    gradient: &Tensor<T>,
    [of_biases, of_weights]: [Update; 2],
    mut take: impl FnMut((usize, usize), T),
) -> f64 {
    let mut squares = 0.0;
    for j in 0..gradient.columns() {
        let at = if j < parameter.bias_columns { of_biases } else { of_weights };
        let decay = T::from_f64(at.decay);
        for (i, (w, g)) in parameter.value.column(j).zip(gradient.column(j)).enumerate() {
            let g = if at.rate > 0.0 { g + decay * w } else { T::ZERO };
            squares += at.decay * w.to_f64() * w.to_f64();
            take((i, j), g);
        }
    }
    squares / 2.0
}

/// J at a place of a line search, and its derivative.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    t: f64,
    value: f64,
    slope: f64,
}

/// The conditions, and how often the line search evaluates J at most after its first try.
const FALL: f64 = 1e-4;
const FLATTER: f64 = 0.9;
const MOST_TRIES: usize = 25;

/// The t at which the strong Wolfe conditions hold, or the lowest of those that were tried. `largest`
/// is the largest change of a weight for t = 1.
fn strong_wolfe(start: Point, first: f64, largest: f64, at: &mut dyn FnMut(f64) -> Point) -> f64 {
    let falls = |point: &Point| point.value <= start.value + FALL * point.t * start.slope;
    let is_flat = |point: &Point| point.slope.abs() <= -FLATTER * start.slope;
    // two places with a good one between them
    let (mut before, mut now, mut tries) = (start, at(first), 0);
    let (mut low, mut high) = loop {
        if tries == MOST_TRIES {
            return lower_first(start, now).0.t;
        }
        if !falls(&now) || (tries > 1 && now.value >= before.value) {
            break lower_first(before, now);
        }
        if is_flat(&now) {
            return now.t;
        }
        if now.slope >= 0.0 {
            break lower_first(before, now);
        }
        let next = lowest_of_cubic(before, now, [now.t + 0.01 * (now.t - before.t), 10.0 * now.t]);
        (before, now, tries) = (now, at(next), tries + 1);
    };
    let mut was_near_end = false;
    while tries < MOST_TRIES && (high.t - low.t).abs() * largest >= SMALLEST_CHANGE {
        let (left, right) = (low.t.min(high.t), low.t.max(high.t));
        let mut t = lowest_of_cubic(low, high, [left, right]);
        // a place near an end is moved inwards, unless it is the first one
        let margin = 0.1 * (right - left);
        let is_near_end = (right - t).min(t - left) < margin;
        if is_near_end && (was_near_end || t >= right || t <= left) {
            t = if (t - right).abs() < (t - left).abs() { right - margin } else { left + margin };
            was_near_end = false;
        } else {
            was_near_end = is_near_end;
        }
        let point = at(t);
        tries += 1;
        if !falls(&point) || point.value >= low.value {
            (low, high) = lower_first(low, point);
        } else if is_flat(&point) {
            return point.t;
        } else {
            high = if point.slope * (high.t - low.t) >= 0.0 { low } else { high };
            low = point;
        }
    }
    low.t
}

fn lower_first(a: Point, b: Point) -> (Point, Point) {
    if b.value < a.value { (b, a) } else { (a, b) }
}

/// Where the cubic polynomial through two points with their slopes is lowest between two limits; the
/// middle if it has no minimum.
fn lowest_of_cubic(a: Point, b: Point, [least, most]: [f64; 2]) -> f64 {
    let (a, b) = if a.t <= b.t { (a, b) } else { (b, a) };
    let d = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.t - b.t);
    let square = d * d - a.slope * b.slope;
    if square.is_nan() || square.is_infinite() || square < 0.0 {
        return (least + most) / 2.0;
    }
    let root = square.sqrt();
    let lowest = b.t - (b.t - a.t) * ((b.slope + root - d) / (b.slope - a.slope + 2.0 * root));
    if lowest.is_nan() { (least + most) / 2.0 } else { lowest.max(least).min(most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The functions of Moré and Thuente 1994, and a square. The conditions hold from a start that is far
    /// too near or too far; from one that is much too far, the value at least falls.
    #[test]
    fn the_conditions_hold() {
        let functions: [fn(f64) -> (f64, f64); 3] = [
            |t| ((t - 3.0).powi(2), 2.0 * (t - 3.0)),
            |t| (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0).powi(2)),
            |t| {
                ((t + 0.004).powi(5) - 2.0 * (t + 0.004).powi(4), 5.0 * (t + 0.004).powi(4) - 8.0 * (t + 0.004).powi(3))
            },
        ];
        for (number, f) in functions.into_iter().enumerate() {
            for first in [1e-3, 0.1, 1.0, 10.0, 30.0, 1000.0] {
                let at = |t: f64| Point { t, value: f(t).0, slope: f(t).1 };
                let (start, mut calls) = (at(0.0), 0);
                let t = strong_wolfe(start, first, 1.0, &mut |t| {
                    calls += 1;
                    at(t)
                });
                let end = at(t);
                assert!(end.value < start.value, "{number}, {first}: {end:?}");
                if first > 30.0 {
                    continue;
                }
                assert!(end.value <= start.value + FALL * t * start.slope, "{number}, {first}: {end:?}");
                assert!(end.slope.abs() <= FLATTER * start.slope.abs() && calls <= 26, "{number}, {first}: {end:?}");
            }
        }
    }

    /// Where J is no number, the search comes back.
    #[test]
    fn numbers_that_are_not_finite() {
        let at = |t: f64| {
            let value = if t > 0.01 { f64::NAN } else { -t };
            Point { t, value, slope: if t > 0.01 { f64::NAN } else { -1.0 } }
        };
        let t = strong_wolfe(at(0.0), 1.0, 1.0, &mut |t| at(t));
        assert!(t > 0.0 && t <= 0.01, "{t}");
        let never = strong_wolfe(at(0.0), 1.0, 1.0, &mut |t| Point { t, value: f64::INFINITY, slope: f64::NAN });
        assert_eq!(never, 0.0);
    }
}
