//! Proposals by a tree-structured Parzen estimator.
//!
//! ```text
//! l(x), g(x)     densities of the n good trials and of the others: (1 + Σᵢ Πⱼ k(xⱼ − xᵢⱼ)) / (n + 1),
//!                k a normal density of width 0.15 n^(−1/(d + 4)), cut off at 0 and 1; a choice stays
//!                with probability 0.8 and is drawn anew with 0.2
//! proposal       the best of four draws from l: that with the largest l(x)/g(x)
//! ```
//!
//! So a proposal is usually a good trial with small changes. Sources: Bergstra, Bardenet, Bengio, Kégl
//! 2011, "Algorithms for hyper-parameter optimization", with the joint kernels of Falkner, Klein, Hutter
//! 2018, "BOHB", whose width shrinks as that of Optuna's `TPESampler(multivariate=True)`. They take the best of
//! 24 draws or more; here a whole round is proposed at once, and its proposals would be too similar. The good trials are
//! the best fifth.

use super::values::Values;
use crate::random::Rng;
use crate::tensor::Scalar;

/// Number of draws from l.
const DRAWS: usize = 4;
/// The good trials are this part of all.
const GOOD: usize = 5;
/// The width of a kernel around a single point.
const WIDTH: f64 = 0.15;
/// The probability of a kernel to keep a choice.
const SAME: f64 = 0.8;
/// A draw outside of 0 to 1 is repeated this often.
const REPEATS: usize = 100;

/// Proposes a point. `best_first` has the points of finished trials, the best one first.
pub(super) fn propose(best_first: &[Vec<f64>], dimensions: &[&Values], rng: &mut Rng) -> Vec<f64> {
    let (good, others) = best_first.split_at(best_first.len().div_ceil(GOOD));
    let [l, g] = [good, others].map(|points| Density::new(points, dimensions));
    let draws = (0..DRAWS).map(|_| l.draw(rng)).map(|x| (l.at(&x) / g.at(&x), x));
    let best = draws.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map(|(_, x)| x).unwrap_or_default()
}

/// The distribution function of the normal distribution.
fn phi(z: f64) -> f64 {
    0.5 * (1.0 + Scalar::erf(z / std::f64::consts::SQRT_2))
}

/// A density on points whose coordinates are from 0 to 1: one kernel for each of some points, and a
/// uniform one.
struct Density<'a> {
    points: &'a [Vec<f64>],
    /// The number of choices of each dimension; `None` for a range.
    choices: Vec<Option<usize>>,
    width: f64,
}

impl<'a> Density<'a> {
    fn new(points: &'a [Vec<f64>], dimensions: &[&Values]) -> Self {
        let choices = |values: &&Values| if let Values::Choices(all) = values { Some(all.len()) } else { None };
        let width = WIDTH * (points.len().max(1) as f64).powf(-1.0 / (dimensions.len() as f64 + 4.0));
        Density { points, choices: dimensions.iter().map(choices).collect(), width }
    }

    fn at(&self, x: &[f64]) -> f64 {
        let kernel = |point: &Vec<f64>| {
            let of = |((choices, x), centre): ((&Option<usize>, &f64), &f64)| self.kernel(*choices, *x, *centre);
            self.choices.iter().zip(x).zip(point).map(of).product::<f64>()
        };
        (1.0 + self.points.iter().map(kernel).sum::<f64>()) / (self.points.len() as f64 + 1.0)
    }

    /// The density of a dimension around a centre.
    fn kernel(&self, choices: Option<usize>, x: f64, centre: f64) -> f64 {
        if let Some(count) = choices {
            let is_same = place(x, count) == place(centre, count);
            return 1.0 - SAME + if is_same { SAME * count as f64 } else { 0.0 };
        }
        let z = (x - centre) / self.width;
        let inside = phi((1.0 - centre) / self.width) - phi(-centre / self.width);
        (-0.5 * z * z).exp() / (std::f64::consts::TAU.sqrt() * self.width * inside)
    }

    fn draw(&self, rng: &mut Rng) -> Vec<f64> {
        let Some(point) = self.points.get(rng.below(self.points.len() as u64 + 1) as usize) else {
            return self.choices.iter().map(|_| rng.uniform()).collect();
        };
        self.choices.iter().zip(point).map(|(choices, centre)| self.draw_around(*choices, *centre, rng)).collect()
    }

    fn draw_around(&self, choices: Option<usize>, centre: f64, rng: &mut Rng) -> f64 {
        if choices.is_some() {
            return if rng.uniform() < SAME { centre } else { rng.uniform() };
        }
        // Box and Muller
        let normal = |rng: &mut Rng| {
            let radius = (-2.0 * (1.0 - rng.uniform()).ln()).sqrt();
            radius * (std::f64::consts::TAU * rng.uniform()).cos()
        };
        let inside = (0..REPEATS).map(|_| centre + self.width * normal(rng)).find(|x| (0.0..1.0).contains(x));
        inside.unwrap_or_else(|| rng.uniform())
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

    /// The middles of 200 × 30 equal parts of a square.
    fn square() -> impl Iterator<Item = Vec<f64>> {
        (0..200).flat_map(|i| (0..30).map(move |j| vec![(f64::from(i) + 0.5) / 200.0, (f64::from(j) + 0.5) / 30.0]))
    }

    /// Densities are 1 in all; the sum over the middles is right to the square of their distance.
    #[test]
    fn densities() {
        for points in [vec![], vec![vec![0.0, 0.1]], vec![vec![0.5, 0.9], vec![1.0, 0.5], vec![0.1, 0.5]]] {
            let density = Density::new(&points, &[&RANGE, &choices(3)].map(|values| values));
            let all: f64 = square().map(|x| density.at(&x) / 6000.0).sum();
            assert!((all - 1.0).abs() < 1e-3, "{points:?}: {all}");
        }
    }

    /// Draws have the means of their density, within four standard errors, which are at most √(1/12)/100.
    #[test]
    fn draws() {
        let points = [vec![0.2, 0.1], vec![0.25, 0.1], vec![0.9, 0.9]];
        let density = Density::new(&points, &[&RANGE, &choices(3)].map(|values| values));
        let mut rng = Seed(1).stream(Purpose::Split);
        let drawn: Vec<Vec<f64>> = (0..10_000).map(|_| density.draw(&mut rng)).collect();
        for of in [
            |x: &[f64]| x[0],
            |x: &[f64]| f64::from(u8::from(place(x[1], 3) == 0)),
            |x: &[f64]| x[0] * f64::from(u8::from(x[1] > 0.5)),
        ] {
            let mean: f64 = square().map(|x| of(&x) * density.at(&x) / 6000.0).sum();
            let found = drawn.iter().map(|x| of(x)).sum::<f64>() / 1e4;
            assert!((found - mean).abs() < 0.02, "{found}, {mean}");
        }
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
        let near = proposals.iter().filter(|point| (point[0] - 0.3).abs() < 0.3).count();
        let right = proposals.iter().filter(|point| place(point[1], 4) == 2).count();
        assert!(near > 80 && right > 80, "{near}, {right}");
    }
}
