//! Proposals by a tree-structured Parzen estimator.
//!
//! ```text
//! l(x), g(x)     densities of the good trials and of the others, for each dimension:
//!                (1 + Σ k(x − xᵢ)) / (n + 1), k a normal density cut off at 0 and 1 as wide as the gap
//!                to the neighbours of xᵢ; for choices, their shares with one more trial spread over all
//! proposal       the best of four draws from l: that with the largest l(x)/g(x)
//! ```
//!
//! Source: Bergstra, Bardenet, Bengio, Kégl 2011, "Algorithms for hyper-parameter optimization". As in
//! Hyperopt and Optuna, each dimension is drawn by itself. They take the best of 24 draws; here a whole
//! round is proposed at once, and its proposals would be too similar. The good trials are the best quarter.

use super::space::Values;
use crate::random::Rng;
use crate::tensor::Scalar;

/// Number of draws from l.
const DRAWS: usize = 4;
/// The good trials are this part of all.
const GOOD: usize = 4;
/// Kernels are at least 1/100 wide.
const NARROWEST: f64 = 100.0;
/// A draw outside of 0 to 1 is repeated this often.
const REPEATS: usize = 100;

/// Proposes a point. `best_first` has the points of finished trials, the best one first.
pub(super) fn propose(best_first: &[Vec<f64>], dimensions: &[&Values], rng: &mut Rng) -> Vec<f64> {
    let (good, others) = best_first.split_at(best_first.len().div_ceil(GOOD));
    let propose = |(d, values): (usize, &&Values)| {
        let of = |points: &[Vec<f64>]| Density::new(points.iter().map(|point| point[d]).collect(), values);
        let (l, g) = (of(good), of(others));
        let mut best = (f64::NEG_INFINITY, 0.5);
        for _ in 0..DRAWS {
            let x = l.draw(rng);
            let ratio = l.at(x) / g.at(x);
            if ratio > best.0 {
                best = (ratio, x);
            }
        }
        best.1
    };
    dimensions.iter().enumerate().map(propose).collect()
}

/// The distribution function of the normal distribution.
fn phi(z: f64) -> f64 {
    0.5 * (1.0 + Scalar::erf(z / std::f64::consts::SQRT_2))
}

/// A density on 0 to 1.
enum Density {
    /// Centres and widths of normal densities, and a uniform one.
    Kernels(Vec<(f64, f64)>),
    /// How often each choice was taken.
    Shares(Vec<f64>),
}

impl Density {
    fn new(mut points: Vec<f64>, values: &Values) -> Self {
        if let Values::Choices(choices) = values {
            let mut shares = vec![1.0 / choices.len() as f64; choices.len()];
            points.iter().for_each(|x| shares[place(*x, choices.len())] += 1.0);
            let all: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|share| *share /= all);
            return Density::Shares(shares);
        }
        points.sort_by(f64::total_cmp);
        let narrowest = 1.0 / NARROWEST.min(points.len() as f64 + 1.0);
        let width = |i: usize| {
            let below = if i == 0 { 0.0 } else { points[i - 1] };
            let above = points.get(i + 1).copied().unwrap_or(1.0);
            (points[i] - below).max(above - points[i]).clamp(narrowest, 1.0)
        };
        Density::Kernels((0..points.len()).map(|i| (points[i], width(i))).collect())
    }

    fn at(&self, x: f64) -> f64 {
        match self {
            Density::Shares(shares) => shares[place(x, shares.len())] * shares.len() as f64,
            Density::Kernels(kernels) => {
                let kernel = |(centre, width): &(f64, f64)| {
                    let z = (x - centre) / width;
                    let inside = phi((1.0 - centre) / width) - phi(-centre / width);
                    (-0.5 * z * z).exp() / (std::f64::consts::TAU.sqrt() * width * inside)
                };
                (1.0 + kernels.iter().map(kernel).sum::<f64>()) / (kernels.len() as f64 + 1.0)
            }
        }
    }

    fn draw(&self, rng: &mut Rng) -> f64 {
        match self {
            Density::Shares(shares) => {
                let mut rest = rng.uniform();
                let last = shares.len() - 1;
                let choice = shares.iter().position(|share| {
                    rest -= share;
                    rest < 0.0
                });
                (choice.unwrap_or(last) as f64 + 0.5) / shares.len() as f64
            }
            Density::Kernels(kernels) => {
                let Some((centre, width)) = kernels.get(rng.below(kernels.len() as u64 + 1) as usize) else {
                    return rng.uniform();
                };
                // Box and Muller
                let normal = |rng: &mut Rng| {
                    let radius = (-2.0 * (1.0 - rng.uniform()).ln()).sqrt();
                    radius * (std::f64::consts::TAU * rng.uniform()).cos()
                };
                let inside = (0..REPEATS).map(|_| centre + width * normal(rng)).find(|x| (0.0..1.0).contains(x));
                inside.unwrap_or_else(|| rng.uniform())
            }
        }
    }
}

fn place(x: f64, choices: usize) -> usize {
    ((x * choices as f64) as usize).min(choices - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Seed};

    const RANGE: Values = Values::Range { low: 0.0, high: 1.0, log: false, whole: false };

    fn choices(count: usize) -> Values {
        Values::Choices((0..count).map(Into::into).collect())
    }

    /// Densities are 1 in all: the sum of the midpoints of 10⁴ intervals is right to their square.
    #[test]
    fn densities() {
        for points in [vec![], vec![0.0], vec![0.5, 0.5], vec![0.1, 0.11, 0.9, 1.0]] {
            for values in [RANGE, choices(3)] {
                let density = Density::new(points.clone(), &values);
                let all: f64 = (0..10_000).map(|i| density.at((f64::from(i) + 0.5) / 1e4) / 1e4).sum();
                assert!((all - 1.0).abs() < 1e-3, "{points:?}: {all}");
            }
        }
    }

    /// Draws have the mean of their density, within four standard errors of at most 1/√12/100.
    #[test]
    fn draws() {
        let density = Density::new(vec![0.2, 0.25, 0.9], &RANGE);
        let mean: f64 = (0..10_000).map(|i| (f64::from(i) + 0.5) / 1e4).map(|x| x * density.at(x) / 1e4).sum();
        let mut rng = Seed(1).stream(Purpose::Split);
        let drawn: f64 = (0..10_000).map(|_| density.draw(&mut rng)).sum::<f64>() / 1e4;
        assert!((drawn - mean).abs() < 0.012, "{drawn}, {mean}");
    }

    /// Where good trials are close together, so are proposals.
    #[test]
    fn proposals_are_near_good_trials() {
        let mut points: Vec<Vec<f64>> =
            (0..40).map(|i| vec![f64::from(i) / 40.0, f64::from(i % 4) / 4.0 + 0.1]).collect();
        let distance = |point: &[f64]| (point[0] - 0.3).abs() + f64::from(u8::from(place(point[1], 4) != 2));
        points.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        let mut rng = Seed(0).stream(Purpose::Split);
        let proposals: Vec<Vec<f64>> = (0..100).map(|_| propose(&points, &[&RANGE, &choices(4)], &mut rng)).collect();
        let near = proposals.iter().filter(|point| (point[0] - 0.3).abs() < 0.2).count();
        let right = proposals.iter().filter(|point| place(point[1], 4) == 2).count();
        assert!(near > 80 && right > 80, "{near}, {right}");
    }
}
