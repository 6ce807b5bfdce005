//! The points of the first round.

use sobol_burley::sample;

use crate::random::Seed;

/// Number of points that a sequence has; later ones begin anew.
const MOST: usize = 1 << 16;
/// Number of dimensions of a sequence; further ones have another seed.
const DIMENSIONS: u32 = 256;

/// A point of a Sobol sequence with Owen's scrambling by the seed: it fills the space more evenly than
/// random points.
pub(super) fn point(seed: Seed, number: usize, dimensions: usize) -> Vec<f64> {
    let mixed = (seed.0 ^ (seed.0 >> 32)) as u32;
    (0..dimensions as u32)
        .map(|dimension| {
            sample((number % MOST) as u32, dimension % DIMENSIONS, mixed.wrapping_add(dimension / DIMENSIONS))
        })
        .map(f64::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A property of Sobol sequences: of 2ⁿ points from the first, each of 2ⁿ equal intervals of a
    /// coordinate has one.
    #[test]
    fn every_interval_has_a_point() {
        for seed in [0, 1, u64::MAX] {
            for dimension in 0..12 {
                let mut intervals: Vec<usize> =
                    (0..64).map(|i| (point(Seed(seed), i, 12)[dimension] * 64.0) as usize).collect();
                intervals.sort_unstable();
                assert_eq!(intervals, (0..64).collect::<Vec<_>>());
            }
        }
        assert_ne!(point(Seed(0), 0, 3), point(Seed(1), 0, 3));
    }
}
