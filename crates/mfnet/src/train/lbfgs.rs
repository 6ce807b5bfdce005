use std::collections::VecDeque;
use std::ops::ControlFlow;

use crate::memory;

/// Number of pairs to remember. Each takes two vectors, little compared with evaluating all
/// samples. Long vectors have fewer pairs, so that they fit into this many bytes.
const PAIRS: usize = 100;
const FEWEST_PAIRS: usize = 5;
const OF_PAIRS: usize = 256 << 20;

/// J at a point, with its gradient.
type Evaluated = (f64, Vec<f64>);

/// Minimises a convex function J(x) from x = 0 by L-BFGS, and returns x:
///
/// ```text
/// x ← x − t H g        g = ∇J(x),  t = 1, ½, ¼ … until J falls by 10⁻⁴ t gᵀH g (Armijo)
/// ```
///
/// H approximates the inverse of the second derivative by the last pairs s = x′ − x, y = g′ − g: it
/// is γ I with γ = sᵀy/yᵀy, corrected by each pair so that H y = s.
///
/// ½ gᵀH g is the expected fall of J if H were exact. The search ends when `enough(steps, expected
/// fall/J)` is true, where J counts as at least 10⁻¹⁰ J(0); when J no longer falls; or when
/// `look(steps)` breaks.
///
/// Source: Nocedal and Wright, Numerical Optimization (2006), algorithms 7.4 and 7.5.
pub(super) fn minimise(
    length: usize,
    mut evaluate: impl FnMut(&[f64]) -> Evaluated,
    enough: impl Fn(usize, f64) -> bool,
    look: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Vec<f64> {
    let mut x = vec![0.0; length];
    let (mut value, mut g) = evaluate(&x);
    let least = 1e-10 * value;
    let mut pairs = VecDeque::new();
    let of_pair = 2 * size_of::<f64>() * length;
    let most = (OF_PAIRS / of_pair.max(1)).clamp(FEWEST_PAIRS, PAIRS);
    for steps in 0.. {
        let direction = inverse_times(&pairs, &g);
        let slope = dot(&g, &direction);
        if slope <= 0.0
            || slope.is_nan()
            || enough(steps, 0.5 * slope / value.max(least))
            || look(steps) == ControlFlow::Break(())
        {
            break;
        }
        let at = |t: f64| -> Vec<f64> { x.iter().zip(&direction).map(|(x, d)| x - t * d).collect() };
        // near the optimum the fall is smaller than the rounding error
        let falls = |t: f64, to: f64| to <= value - 1e-4 * t * slope + 1e-15 * value.abs();
        let lengths = std::iter::successors(Some(1.0), |t| Some(t / 2.0)).take(30);
        let mut tried = lengths.map(|t| (t, at(t))).map(|(t, x)| (t, evaluate(&x), x));
        let Some((_, (next_value, next_g), next)) = tried.find(|(t, (to, _), _)| falls(*t, *to)) else { break };
        // room for the next pair, and for the vectors of the next step
        if !memory::is_free(4 * of_pair) {
            pairs.pop_front();
        }
        let (s, y) = (difference(&next, &x), difference(&next_g, &g));
        let sy = dot(&s, &y);
        if sy > 0.0 {
            pairs.push_back(Pair { s, y, sy });
        }
        if pairs.len() > most {
            pairs.pop_front();
        }
        (x, value, g) = (next, next_value, next_g);
    }
    x
}

/// A step s, with the change y of the gradient.
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    sy: f64,
}

/// H g, by the two loops of algorithm 7.4.
fn inverse_times(pairs: &VecDeque<Pair>, g: &[f64]) -> Vec<f64> {
    let mut q = g.to_vec();
    let mut alphas = Vec::with_capacity(pairs.len());
    for Pair { s, y, sy } in pairs.iter().rev() {
        let alpha = dot(s, &q) / sy;
        add(&mut q, -alpha, y);
        alphas.push(alpha);
    }
    if let Some(Pair { y, sy, .. }) = pairs.back() {
        let gamma = sy / dot(y, y);
        q.iter_mut().for_each(|q| *q *= gamma);
    }
    for (Pair { s, y, sy }, alpha) in pairs.iter().zip(alphas.iter().rev()) {
        let beta = dot(y, &q) / sy;
        add(&mut q, alpha - beta, s);
    }
    q
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// aᵀb, as eight partial sums.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        sums.iter_mut().zip(a).zip(b).for_each(|((sum, a), b)| *sum += a * b);
    }
    sums.iter().sum::<f64>() + rest
}

/// a ← a + factor b.
pub(super) fn add(a: &mut [f64], factor: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += factor * b);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Curvatures from 1 to 10⁴, and a term that is no square: J = Σ 10^(k/2) (x − 1)²/2 + (x −
    /// 1)⁴.
    fn evaluate(x: &[f64]) -> Evaluated {
        let curvature = |k: usize| 10f64.powf(k as f64 / 2.0);
        let of = |(k, x): (usize, &f64)| curvature(k) * (x - 1.0).powi(2) / 2.0 + (x - 1.0).powi(4);
        let slope = |(k, x): (usize, &f64)| curvature(k) * (x - 1.0) + 4.0 * (x - 1.0).powi(3);
        (x.iter().enumerate().map(of).sum(), x.iter().enumerate().map(slope).collect())
    }

    #[test]
    fn finds_the_minimum() {
        let x = minimise(9, evaluate, |_, fall| fall < 1e-16, &mut |_| ControlFlow::Continue(()));
        assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-9), "{x:?}");
    }

    #[test]
    fn stops_when_it_is_told_to() {
        let mut looks = 0;
        let mut look = |steps| {
            assert_eq!(steps, looks);
            looks += 1;
            if steps == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        minimise(9, evaluate, |_, fall| fall < 1e-16, &mut look);
        assert_eq!(looks, 4);
    }
}
