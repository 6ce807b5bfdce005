//! Loops over whole matrices, for layers that have numbers of their own for each feature.
//!
//! A matrix of one column has a number for each feature, a matrix of two rows has two numbers for each sample.

use crate::tensor::kernel::{Body, Panels, with_vectors};
use crate::tensor::parts::{for_each_strip, for_each_strip_with};
use crate::tensor::{Scalar, Tensor};

/// The assumed cost of one element in floating-point operations, which decides whether threads
/// share the work.
pub(super) const COST: usize = 8;

/// At least the number of rows of the highest panel.
pub(super) const HIGHEST: usize = 64;

/// `to` = f(elements of `from`, numbers of the feature), element by element. f owns what it needs (`move`), or its loop
/// does not become vectors. The matrices of `from` have the shape of `to`.
pub(super) fn map<T: Scalar, const M: usize, const K: usize>(
    to: &mut Tensor<T>,
    from: [&Tensor<T>; M],
    of_features: [&Tensor<T>; K],
    f: impl Fn([T; M], [T; K]) -> T + Copy + Sync,
) {
    assert!(from.iter().all(|from| from.shape() == to.shape()), "matrices of one shape");
    assert!(of_features.iter().all(|column| column.shape() == (to.rows(), 1)), "a number for each feature");
    let layout = to.layout();
    let cost = COST * to.rows() * to.columns();
    for_each_strip(to, cost, |strip, to| {
        let (height, place) = (layout.height(strip.panel), layout.place(strip.panel, strip.columns));
        let from = from.map(|from| &from.storage()[place.clone()]);
        let of_features = of_features.map(|column| &column.storage()[column.layout().place(strip.panel, 0..1)]);
        with_vectors(Map { to, from, of_features, height, f });
    });
}

/// [`map`] of one strip.
struct Map<'a, T, F, const M: usize, const K: usize> {
    to: &'a mut [T],
    from: [&'a [T]; M],
    of_features: [&'a [T]; K],
    height: usize,
    f: F,
}

impl<T: Scalar, F: Fn([T; M], [T; K]) -> T, const M: usize, const K: usize> Body for Map<'_, T, F, M, K> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let height = self.height;
        let of_features = self.of_features.map(|column| &column[..height]);
        for (j, to) in self.to.chunks_exact_mut(height).enumerate() {
            let from = self.from.map(|from| &from[j * height..][..height]);
            for i in 0..height {
                to[i] = (self.f)(from.map(|from| from[i]), of_features.map(|column| column[i]));
            }
        }
    }
}

/// What [`sum`] and [`sums`] read: two matrices of one shape, and, where there are some, numbers of features and of samples.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a, T: Scalar> {
    pub(super) delta: &'a Tensor<T>,
    pub(super) x: &'a Tensor<T>,
    pub(super) of_features: Option<&'a Tensor<T>>,
    pub(super) of_samples: Option<&'a Tensor<T>>,
}

/// One term of a sum.
pub(super) struct Term<T> {
    pub(super) delta: T,
    pub(super) x: T,
    pub(super) of_feature: T,
    pub(super) of_sample: [T; 2],
}

impl<'a, T: Scalar> Terms<'a, T> {
    pub(super) fn of(delta: &'a Tensor<T>, x: &'a Tensor<T>) -> Self {
        Terms { delta, x, of_features: None, of_samples: None }
    }

    fn cost(&self) -> usize {
        COST * self.x.rows() * self.x.columns()
    }

    fn check(&self, sum: &Tensor<T>) {
        assert!(self.delta.shape() == self.x.shape() && sum.shape() == (self.x.rows(), 1), "matrices of one shape");
    }

    /// The sums of a panel's rows.
    fn sum_panel<const N: usize>(self, panel: usize, to: [&mut [T]; N], f: impl Fn(Term<T>) -> [T; N]) {
        let place = self.x.layout().place(panel, 0..self.x.columns());
        let (delta, x) = (&self.delta.storage()[place.clone()], &self.x.storage()[place]);
        let of_features = self.of_features.map(|column| &column.storage()[column.layout().place(panel, 0..1)]);
        with_vectors(PanelSums { to, delta, x, of_features, of_samples: self.of_samples, f });
    }
}

/// For each feature `to` = Σ_samples f(term), in the order of the samples.
pub(super) fn sum<T: Scalar>(to: &mut Tensor<T>, terms: Terms<'_, T>, f: impl Fn(Term<T>) -> T + Sync) {
    terms.check(to);
    for_each_strip(to, terms.cost(), |strip, to| terms.sum_panel(strip.panel, [to], |term| [f(term)]));
}

/// Two such sums at once.
pub(super) fn sums<T: Scalar>([s, t]: [&mut Tensor<T>; 2], terms: Terms<'_, T>, f: impl Fn(Term<T>) -> [T; 2] + Sync) {
    terms.check(s);
    for_each_strip_with(s, std::slice::from_mut(t), terms.cost(), |strip, s, [t, ..]| {
        terms.sum_panel(strip.panel, [s, t], &f);
    });
}

struct PanelSums<'a, T: Scalar, F, const N: usize> {
    to: [&'a mut [T]; N],
    delta: &'a [T],
    x: &'a [T],
    of_features: Option<&'a [T]>,
    of_samples: Option<&'a Tensor<T>>,
    f: F,
}

impl<T: Scalar, F: Fn(Term<T>) -> [T; N], const N: usize> Body for PanelSums<'_, T, F, N> {
    type Output = ();

    /// A group of rows at a time, whose sums stay in registers.
    #[inline(always)]
    fn run(mut self) {
        let height = self.to[0].len();
        for first in (0..height).step_by(T::GROUP) {
            let group = first..first + T::GROUP;
            // a group of f32 has 16 rows, one of f64 half as many
            let (mut sums, mut of_features) = ([[T::ZERO; 16]; N], [T::ZERO; 16]);
            if let Some(numbers) = self.of_features {
                of_features[..T::GROUP].copy_from_slice(&numbers[group.clone()]);
            }
            let columns = self.delta.chunks_exact(height).zip(self.x.chunks_exact(height));
            for (sample, (delta, x)) in columns.enumerate() {
                let (delta, x) = (&delta[group.clone()], &x[group.clone()]);
                let of_sample = self.of_samples.map_or([T::ZERO; 2], |of| [of[(0, sample)], of[(1, sample)]]);
                for i in 0..T::GROUP {
                    let term = Term { delta: delta[i], x: x[i], of_feature: of_features[i], of_sample };
                    let terms = (self.f)(term);
                    for n in 0..N {
                        sums[n][i] += terms[n];
                    }
                }
            }
            for (to, sums) in self.to.iter_mut().zip(&sums) {
                to[group.clone()].copy_from_slice(&sums[..T::GROUP]);
            }
        }
    }
}
