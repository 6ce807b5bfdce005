//! L-BFGS as `scipy.optimize.minimize(method="L-BFGS-B")` makes it without bounds: the same steps, except for
//! rounding. The optimizer of the library searches as PyTorch does.
//!
//! Sources: Byrd, Lu, Nocedal, Zhu 1995, "A limited memory algorithm for bound constrained optimization"; Moré and
//! Thuente 1994, "Line search algorithms with guaranteed sufficient decrease" (`dcsrch` and `dcstep` of MINPACK-2).

use std::collections::VecDeque;

use pyo3::PyResult;

/// SciPy's defaults: pairs, tries of a line search, and the smallest relative fall.
const PAIRS: usize = 10;
const MOST_TRIES: usize = 20;
const SMALLEST_FALL: f64 = 2.220_446_049_250_313e-9;
/// Of the line search: the required fall, the required flatness, and the relative width of its last interval.
const FALL: f64 = 1e-3;
const FLATTER: f64 = 0.9;
const WIDTH: f64 = 0.1;
const LONGEST: f64 = 1e10;

/// When to stop.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) iterations: usize,
    pub(super) evaluations: usize,
    /// The largest |∂J/∂w| of a solution.
    pub(super) gradient: f64,
}

/// Where and why it stopped.
pub(super) struct Outcome {
    pub(super) x: Vec<f64>,
    pub(super) value: f64,
    pub(super) iterations: usize,
    /// SciPy's status: 0 converged, 1 a limit, 2 the line search failed.
    pub(super) status: u8,
    pub(super) message: &'static str,
}

/// Writes the gradient at x, and returns the value.
pub(super) type Evaluate<'a> = &'a mut dyn FnMut(&[f64], &mut [f64]) -> PyResult<f64>;

/// Called after an iteration with its number, the value and x; returns whether to stop.
pub(super) type OnIteration<'a> = &'a mut dyn FnMut(usize, f64, &[f64]) -> PyResult<bool>;

/// A step s and the change y of the gradient.
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    product: f64,
}

/// What ended an iteration.
enum Searched {
    Found { value: f64, t: f64, slope: f64 },
    Failed,
}

/// Minimises a function from x. An error of `evaluate` or `iteration` ends the search: it comes back with the last
/// good x.
pub(super) fn minimize(
    mut x: Vec<f64>,
    limits: Limits,
    evaluate: Evaluate<'_>,
    iteration: OnIteration<'_>,
) -> (Outcome, PyResult<()>) {
    let mut g = vec![0.0; x.len()];
    let mut outcome = Outcome { x: Vec::new(), value: f64::NAN, iterations: 0, status: 1, message: "interrupted" };
    let result = run(&mut x, &mut g, limits, evaluate, iteration, &mut outcome);
    outcome.x = x;
    (outcome, result)
}

fn run(
    x: &mut Vec<f64>,
    g: &mut Vec<f64>,
    limits: Limits,
    evaluate: Evaluate<'_>,
    iteration: OnIteration<'_>,
    outcome: &mut Outcome,
) -> PyResult<()> {
    outcome.value = evaluate(x, g)?;
    let mut evaluations = 1;
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    let end = |outcome: &mut Outcome, status, message| {
        (outcome.status, outcome.message) = (status, message);
    };
    if largest(g) <= limits.gradient {
        end(outcome, 0, "CONVERGENCE: NORM OF PROJECTED GRADIENT <= PGTOL");
        return Ok(());
    }
    let (mut x_before, mut g_before) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    loop {
        let d = direction(g, &pairs);
        x_before.copy_from_slice(x);
        g_before.copy_from_slice(g);
        let value_before = outcome.value;
        let slope_before = dot(g, &d);
        let first = if outcome.iterations == 0 { (1.0 / dot(&d, &d).sqrt()).min(LONGEST) } else { 1.0 };
        let searched = if slope_before >= 0.0 {
            Searched::Failed
        } else {
            let mut at = |t: f64, x: &mut Vec<f64>, g: &mut Vec<f64>| -> PyResult<(f64, f64)> {
                x.iter_mut().zip(&x_before).zip(&d).for_each(|((x, before), d)| *x = t * d + before);
                evaluations += 1;
                let value = evaluate(x, g)?;
                Ok((value, dot(g, &d)))
            };
            match search(first, (value_before, slope_before), &mut |t| at(t, x, g)) {
                Ok(searched) => searched,
                Err(error) => {
                    x.copy_from_slice(&x_before);
                    return Err(error);
                }
            }
        };
        let Searched::Found { value, t, slope } = searched else {
            x.copy_from_slice(&x_before);
            g.copy_from_slice(&g_before);
            outcome.value = value_before;
            if pairs.is_empty() {
                end(outcome, 2, "ABNORMAL: ");
                return Ok(());
            }
            // from the start, without memory
            pairs.clear();
            continue;
        };
        outcome.value = value;
        outcome.iterations += 1;
        let stops = iteration(outcome.iterations, value, x)?;
        if stops {
            end(outcome, 0, "STOP: CALLBACK");
            return Ok(());
        }
        // SciPy looks at the limits before L-BFGS-B looks whether it converged
        if outcome.iterations >= limits.iterations {
            end(outcome, 1, "STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT");
            return Ok(());
        }
        if evaluations > limits.evaluations {
            end(outcome, 1, "STOP: TOTAL NO. OF F,G EVALUATIONS EXCEEDS LIMIT");
            return Ok(());
        }
        if largest(g) <= limits.gradient {
            end(outcome, 0, "CONVERGENCE: NORM OF PROJECTED GRADIENT <= PGTOL");
            return Ok(());
        }
        let scale = value_before.abs().max(value.abs()).max(1.0);
        if value_before - value <= SMALLEST_FALL * scale {
            end(outcome, 0, "CONVERGENCE: RELATIVE REDUCTION OF F <= FACTR*EPSMCH");
            return Ok(());
        }
        let product = (slope - slope_before) * t;
        if product > f64::EPSILON * -slope_before * t {
            if pairs.len() == PAIRS {
                pairs.pop_front();
            }
            let s = d.iter().map(|d| t * d).collect();
            let y = g.iter().zip(&g_before).map(|(g, before)| g - before).collect();
            pairs.push_back(Pair { s, y, product });
        }
    }
}

/// −H g by the two loops of Nocedal and Wright, algorithm 7.4, with γ of the newest pair.
fn direction(g: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut d: Vec<f64> = g.iter().map(|g| -g).collect();
    let mut alphas = [0.0; PAIRS];
    for (alpha, pair) in alphas.iter_mut().zip(pairs).rev() {
        *alpha = dot(&pair.s, &d) / pair.product;
        add(&mut d, -*alpha, &pair.y);
    }
    if let Some(newest) = pairs.back() {
        let gamma = newest.product / dot(&newest.y, &newest.y);
        d.iter_mut().for_each(|d| *d *= gamma);
    }
    for (alpha, pair) in alphas.iter().zip(pairs) {
        let beta = dot(&pair.y, &d) / pair.product;
        add(&mut d, alpha - beta, &pair.s);
    }
    d
}

/// Sums side by side, so that they become vectors.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (parts, others) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = parts.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in parts.zip(others) {
        sums.iter_mut().zip(a).zip(b).for_each(|((sum, a), b)| *sum += a * b);
    }
    sums.iter().sum::<f64>() + rest
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}

fn largest(g: &[f64]) -> f64 {
    // a NaN is larger than all
    g.iter().fold(0.0, |largest, g| if g.abs() <= largest { largest } else { g.abs() })
}

/// A place of the line search: t, the value and the slope there.
#[derive(Clone, Copy)]
struct Point {
    t: f64,
    f: f64,
    slope: f64,
}

/// `dcsrch`: the t at which the value fell enough and the slope is flat enough, or the last t where rounding ends the
/// search.
fn search(first: f64, (f0, slope0): (f64, f64), at: &mut dyn FnMut(f64) -> PyResult<(f64, f64)>) -> PyResult<Searched> {
    let required = FALL * slope0;
    let mut is_bracketed = false;
    let mut is_first_stage = true;
    let (mut width, mut width_before) = (LONGEST, 2.0 * LONGEST);
    let start = Point { t: 0.0, f: f0, slope: slope0 };
    let (mut low, mut high) = (start, start);
    let (mut least, mut most) = (0.0, first + 4.0 * first);
    let mut t = first;
    for _ in 0..MOST_TRIES {
        let (f, slope) = at(t)?;
        let now = Point { t, f, slope };
        let fallen = f0 + t * required;
        if is_first_stage && f <= fallen && slope >= 0.0 {
            is_first_stage = false;
        }
        let is_rounding = is_bracketed && (t <= least || t >= most);
        let is_narrow = is_bracketed && most - least <= WIDTH * most;
        let is_longest = t == LONGEST && f <= fallen && slope <= required;
        let is_shortest = t == 0.0 && (f > fallen || slope >= required);
        let is_found = f <= fallen && slope.abs() <= FLATTER * -slope0;
        if is_rounding || is_narrow || is_longest || is_shortest || is_found {
            return Ok(Searched::Found { value: f, t, slope });
        }
        if is_first_stage && f <= low.f && f > fallen {
            // of the function minus the required fall
            let tilted = |p: Point| Point { f: p.f - p.t * required, slope: p.slope - required, ..p };
            let back = |p: Point| Point { f: p.f + p.t * required, slope: p.slope + required, ..p };
            let (mut l, mut h) = (tilted(low), tilted(high));
            t = step(&mut l, &mut h, tilted(now), &mut is_bracketed, (least, most));
            (low, high) = (back(l), back(h));
        } else {
            t = step(&mut low, &mut high, now, &mut is_bracketed, (least, most));
        }
        if is_bracketed {
            if (high.t - low.t).abs() >= 0.66 * width_before {
                t = low.t + 0.5 * (high.t - low.t);
            }
            (width_before, width) = (width, (high.t - low.t).abs());
            (least, most) = (low.t.min(high.t), low.t.max(high.t));
        } else {
            (least, most) = (t + 1.1 * (t - low.t), t + 4.0 * (t - low.t));
        }
        t = t.clamp(0.0, LONGEST);
        if is_bracketed && (t <= least || t >= most || most - least <= WIDTH * most) {
            t = low.t;
        }
    }
    Ok(Searched::Failed)
}

/// `dcstep`: the next t, and the interval that has a minimum.
fn step(low: &mut Point, high: &mut Point, now: Point, is_bracketed: &mut bool, (least, most): (f64, f64)) -> f64 {
    let is_opposite = now.slope * (low.slope / low.slope.abs()) < 0.0;
    let theta = |a: Point, b: Point| 3.0 * (a.f - b.f) / (b.t - a.t) + a.slope + b.slope;
    let scale = |theta: f64, a: Point, b: Point| theta.abs().max(a.slope.abs()).max(b.slope.abs());
    let mut next;
    if now.f > low.f {
        // a higher value: the minimum is bracketed
        let theta = theta(*low, now);
        let s = scale(theta, *low, now);
        let root = s * ((theta / s).powi(2) - (low.slope / s) * (now.slope / s)).sqrt();
        let gamma = if now.t < low.t { -root } else { root };
        let r = ((gamma - low.slope) + theta) / (((gamma - low.slope) + gamma) + now.slope);
        let cubic = low.t + r * (now.t - low.t);
        let quadratic = low.t + ((low.slope / ((low.f - now.f) / (now.t - low.t) + low.slope)) / 2.0) * (now.t - low.t);
        next =
            if (cubic - low.t).abs() < (quadratic - low.t).abs() { cubic } else { cubic + (quadratic - cubic) / 2.0 };
        *is_bracketed = true;
    } else if is_opposite {
        // a lower value and slopes of opposite sign: bracketed
        let theta = theta(*low, now);
        let s = scale(theta, *low, now);
        let root = s * ((theta / s).powi(2) - (low.slope / s) * (now.slope / s)).sqrt();
        let gamma = if now.t > low.t { -root } else { root };
        let r = ((gamma - now.slope) + theta) / (((gamma - now.slope) + gamma) + low.slope);
        let cubic = now.t + r * (low.t - now.t);
        let secant = now.t + (now.slope / (now.slope - low.slope)) * (low.t - now.t);
        next = if (cubic - now.t).abs() > (secant - now.t).abs() { cubic } else { secant };
        *is_bracketed = true;
    } else if now.slope.abs() < low.slope.abs() {
        // a lower value and a smaller slope of the same sign
        let theta = theta(*low, now);
        let s = scale(theta, *low, now);
        let root = s * ((theta / s).powi(2) - (low.slope / s) * (now.slope / s)).max(0.0).sqrt();
        let gamma = if now.t > low.t { -root } else { root };
        let r = ((gamma - now.slope) + theta) / ((gamma + (low.slope - now.slope)) + gamma);
        let cubic = if r < 0.0 && gamma != 0.0 {
            now.t + r * (low.t - now.t)
        } else if now.t > low.t {
            most
        } else {
            least
        };
        let secant = now.t + (now.slope / (now.slope - low.slope)) * (low.t - now.t);
        if *is_bracketed {
            next = if (cubic - now.t).abs() < (secant - now.t).abs() { cubic } else { secant };
            let limit = now.t + 0.66 * (high.t - now.t);
            next = if now.t > low.t { next.min(limit) } else { next.max(limit) };
        } else {
            next = if (cubic - now.t).abs() > (secant - now.t).abs() { cubic } else { secant };
            next = next.min(most).max(least);
        }
    } else if *is_bracketed {
        // a lower value and a slope that does not fall
        let theta = theta(now, *high);
        let s = scale(theta, now, *high);
        let root = s * ((theta / s).powi(2) - (high.slope / s) * (now.slope / s)).sqrt();
        let gamma = if now.t > high.t { -root } else { root };
        let r = ((gamma - now.slope) + theta) / (((gamma - now.slope) + gamma) + high.slope);
        next = now.t + r * (high.t - now.t);
    } else if now.t > low.t {
        next = most;
    } else {
        next = least;
    }
    if now.f > low.f {
        *high = now;
    } else {
        if is_opposite {
            *high = *low;
        }
        *low = now;
    }
    next
}
