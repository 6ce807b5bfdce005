use super::lbfgs::{add, dot};
use crate::tensor::Tensor;

/// A change of variables T: `[b | W]` = V T, after which a quadratic function with curvature M has
/// curvature I:
///
/// ```text
/// M = L Lᵀ,  T = L⁻¹        V ↦ J(V T) has the gradient ∂J/∂[b | W] Tᵀ and the curvature T M Tᵀ = I
/// ```
///
/// Any T leads to the same optimum; a good one needs fewer steps. `None` is T = I.
pub(super) struct Whitening(pub(super) Option<Tensor>);

impl Whitening {
    /// T for a symmetric M; `row(i)` returns the elements of row i up to the diagonal. If many
    /// directions have no curvature, rounding errors grow until T is useless: then it is I, which
    /// leads to the optimum of least norm.
    pub(super) fn of(size: usize, row: impl Fn(usize) -> Vec<f64>, least: f64) -> Self {
        let whitening = Self::of_all(size, row, least);
        // a direction without curvature gives 1/√least; more comes of its rounding errors
        let limit = 1e3 / least.sqrt();
        let is_useful = whitening.0.iter().all(|t| t.iter().all(|x| x.abs() <= limit));
        if is_useful { whitening } else { Whitening(None) }
    }

    /// T for all directions.
    ///
    ///
    /// Let c be row i of M before its diagonal, and T the rows so far. With l = T c and p² = M_ii −
    /// lᵀl, row i of L is `[lᵀ p]` and row i of T is `[−lᵀT 1] / p`. `least` is a lower bound of
    /// p², so that directions without curvature stay as they are.
    fn of_all(size: usize, row: impl Fn(usize) -> Vec<f64>, least: f64) -> Self {
        let mut t: Vec<Vec<f64>> = Vec::with_capacity(size);
        for i in 0..size {
            let c = row(i);
            let l: Vec<f64> = t.iter().map(|row| dot(row, &c[..row.len()])).collect();
            let pivot = (c[i] - dot(&l, &l)).max(least).sqrt();
            let mut next = vec![0.0; i + 1];
            l.iter().zip(&t).for_each(|(l, row)| add(&mut next, -l / pivot, row));
            next[i] = 1.0 / pivot;
            t.push(next);
        }
        Whitening(Some(Tensor::from_fn(size, size, |i, j| t[i].get(j).copied().unwrap_or(0.0))))
    }

    /// Returns V T.
    pub(super) fn parameters(&self, v: Tensor) -> Tensor {
        self.0.as_ref().map(|t| v.product(t)).unwrap_or(v)
    }

    /// Returns ∂J/∂V, from ∂J/∂`[b | W]`.
    pub(super) fn gradient(&self, g: Tensor) -> Tensor {
        self.0.as_ref().map(|t| g.product(t.transposed())).unwrap_or(g)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curvature_becomes_one() {
        let m = Tensor::from_rows([[4.0, 2.0, 0.0], [2.0, 5.0, 3.0], [0.0, 3.0, 9.0]]);
        let whitening = Whitening::of(3, |i| m.row(i).take(i + 1).collect(), 1e-9);
        let t = whitening.0.as_ref().unwrap();
        let product = t.product(&m).product(t.transposed());
        let one = |i, j| if i == j { 1.0 } else { 0.0 };
        assert!((0..3).all(|i| (0..3).all(|j| (product[(i, j)] - one(i, j)).abs() < 1e-14)), "{product}");
    }

    /// M = X Xᵀ of 80 rows, of which only three are independent.
    #[test]
    fn many_dependent_directions_are_not_whitened() {
        let x = Tensor::from_fn(80, 200, |i, j| {
            let of = |k: usize| ((k * 37 + j * j * (k + 3)) % 101) as f64 / 50.0 - 1.0;
            of(0) * ((i % 7) as f64 - 2.5) + of(1) * (i % 5) as f64 / 3.0 + of(2) * (i as f64).sqrt()
        });
        let m = x.product(x.transposed());
        let whitening = Whitening::of(80, |i| m.row(i).take(i + 1).collect(), 1e-10);
        assert!(whitening.0.is_none());
    }
}
