//! The matrix products, all of them. Nothing else in the library multiplies matrices.
//!
//! The three products of a linear layer with parameters `[b | W]` (outputs × (1 + inputs)), input A (inputs × samples)
//! and Δ = ∂J/∂Z (outputs × samples):
//!
//! ```text
//! affine            Z      = b 1ᵀ + W A          seed, equation 4
//! weight_gradient   ∂J/∂W̃  = [ Δ 1 | Δ Aᵀ ]      seed, equation 5
//! input_gradient    ∂J/∂A  = Wᵀ Δ                seed, equation 6
//! ```
//!
//! faer multiplies one chunk of columns at a time on one thread; the chunks are shared by [`crate::threads`].

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::{Scalar, Tensor};
use crate::threads::for_each_chunk;

/// Columns of the result that one call multiplies. Part of what fixes the bits of a result.
const COLUMNS: usize = 64;

/// A matrix as a factor of a product: itself or transposed.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a, T: Scalar> {
    tensor: &'a Tensor<T>,
    transposed: bool,
}

impl<'a, T: Scalar> From<&'a Tensor<T>> for Operand<'a, T> {
    fn from(tensor: &'a Tensor<T>) -> Self {
        Operand { tensor, transposed: false }
    }
}

impl<'a, T: Scalar> Operand<'a, T> {
    fn view(self) -> MatRef<'a, T> {
        let view = self.tensor.view(0);
        if self.transposed { view.transpose() } else { view }
    }
}

impl<T: Scalar> Tensor<T> {
    /// The transpose, as a factor of a product.
    pub fn transposed(&self) -> Operand<'_, T> {
        Operand { tensor: self, transposed: true }
    }

    /// The product of two matrices.
    ///
    /// ```
    /// use mfnet::Tensor;
    /// let w = Tensor::from_rows([[1.0, 2.0]]);
    /// let a = Tensor::from_rows([[3.0], [4.0]]);
    /// assert_eq!(w.product(&a), Tensor::from_rows([[11.0]]));
    /// assert_eq!(w.product(w.transposed()), Tensor::from_rows([[5.0]]));
    /// ```
    ///
    /// # Panics
    /// If the inner dimensions differ.
    pub fn product<'a>(&'a self, right: impl Into<Operand<'a, T>>) -> Tensor<T> {
        let right = right.into();
        let mut out = Tensor::zeros(self.rows(), right.view().ncols());
        out.set_product(self, right);
        out
    }

    /// Sets `self` to the product of `left` and `right`: `dj_da.set_product(w.transposed(), delta)` is Wᵀ Δ.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn set_product<'a>(&mut self, left: impl Into<Operand<'a, T>>, right: impl Into<Operand<'a, T>>) {
        let (left, right) = (left.into().view(), right.into().view());
        assert!(
            left.ncols() == right.nrows() && self.shape() == (left.nrows(), right.ncols()),
            "the product of {}×{} and {}×{} does not fit {}×{}",
            left.nrows(),
            left.ncols(),
            right.nrows(),
            right.ncols(),
            self.rows,
            self.columns
        );
        multiply(self, 0, Accum::Replace, left, right);
    }

    /// All columns from `first` on.
    fn view(&self, first: usize) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(&self.elements[first * self.rows..], self.rows, self.columns - first)
    }
}

/// Z = b 1ᵀ + W A: the bias starts each column, W A is added.
pub(crate) fn affine<T: Scalar>(parameters: &Tensor<T>, input: &Tensor<T>, output: &mut Tensor<T>) {
    let bias = parameters.column_slice(0);
    for j in 0..output.columns {
        output.column_slice_mut(j).copy_from_slice(bias);
    }
    multiply(output, 0, Accum::Add, parameters.view(1), input.view(0));
}

/// ∂J/∂A = Wᵀ Δ.
pub(crate) fn input_gradient<T: Scalar>(parameters: &Tensor<T>, delta: &Tensor<T>, output: &mut Tensor<T>) {
    multiply(output, 0, Accum::Replace, parameters.view(1).transpose(), delta.view(0));
}

/// ∂J/∂[b | W] = [ Δ 1 | Δ Aᵀ ].
pub(crate) fn weight_gradient<T: Scalar>(delta: &Tensor<T>, input: &Tensor<T>, output: &mut Tensor<T>) {
    let bias = output.column_slice_mut(0);
    bias.fill(T::ZERO);
    for j in 0..delta.columns {
        for (sum, d) in bias.iter_mut().zip(delta.column_slice(j)) {
            *sum += *d;
        }
    }
    multiply(output, 1, Accum::Replace, delta.view(0), input.view(0).transpose());
}

/// Columns `first…` of `output` = or += left · right, in chunks of columns.
fn multiply<T: Scalar>(
    output: &mut Tensor<T>,
    first: usize,
    accumulate: Accum,
    left: MatRef<'_, T>,
    right: MatRef<'_, T>,
) {
    let rows = output.rows;
    let operations = 2 * rows * left.ncols() * right.ncols();
    if rows == 0 || right.ncols() == 0 {
        return;
    }
    for_each_chunk(&mut output.elements[first * rows..], COLUMNS * rows, operations, |i, chunk| {
        let columns = chunk.len() / rows;
        let right = right.subcols(i * COLUMNS, columns);
        matmul(MatMut::from_column_major_slice_mut(chunk, rows, columns), accumulate, left, right, T::ONE, Par::Seq);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::Threads;

    /// Small whole numbers: every sum is exact, so the plain triple loop must give the same bits.
    fn sample<T: Scalar>(rows: usize, columns: usize, salt: usize) -> Tensor<T> {
        Tensor::from_fn(rows, columns, |i, j| T::from_f64(((i * 7 + j * 13 + salt) % 11) as f64 - 5.0))
    }

    fn plain<T: Scalar>(a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        Tensor::from_fn(a.rows(), b.columns(), |i, j| (0..a.columns()).map(|k| a[(i, k)] * b[(k, j)]).sum())
    }

    fn transpose<T: Scalar>(a: &Tensor<T>) -> Tensor<T> {
        Tensor::from_fn(a.columns(), a.rows(), |i, j| a[(j, i)])
    }

    fn products_against_the_triple_loop<T: Scalar>() {
        for (out, inputs, samples) in [(1, 1, 1), (3, 2, 5), (10, 64, 32), (65, 33, 130), (7, 129, 64), (64, 1, 65)] {
            let parameters = sample::<T>(out, inputs + 1, 1);
            let a = sample::<T>(inputs, samples, 2);
            let delta = sample::<T>(out, samples, 3);
            let w = parameters.select_columns(&(1..=inputs).collect::<Vec<_>>());

            let mut z = Tensor::zeros(out, samples);
            affine(&parameters, &a, &mut z);
            assert_eq!(z, plain(&parameters, &a.augmented()), "{out} {inputs} {samples}");

            let mut dj_da = Tensor::zeros(inputs, samples);
            input_gradient(&parameters, &delta, &mut dj_da);
            assert_eq!(dj_da, plain(&transpose(&w), &delta));

            let mut dj_dw = Tensor::zeros(out, inputs + 1);
            weight_gradient(&delta, &a, &mut dj_dw);
            assert_eq!(dj_dw, plain(&delta, &transpose(&a.augmented())));
        }
    }

    #[test]
    fn against_the_triple_loop() {
        products_against_the_triple_loop::<f64>();
        products_against_the_triple_loop::<f32>();
    }

    #[test]
    fn same_bits_for_every_number_of_threads() {
        let a = Tensor::<f32>::from_fn(300, 270, |i, j| ((i * 31 + j * 17) as f32).sin());
        let of = |threads| {
            let pool = Threads::new(threads).unwrap();
            let product = pool.install(|| a.product(a.transposed()));
            (product, pool.worked())
        };
        let (alone, _) = of(1);
        for threads in [2, 3, 5] {
            let (shared, worked) = of(threads);
            assert_eq!(alone, shared);
            assert_eq!(worked, threads);
        }
    }

    #[test]
    #[should_panic(expected = "the product of 2×3 and 2×3 does not fit 2×3")]
    fn shapes_are_checked() {
        let a = Tensor::<f64>::zeros(2, 3);
        a.product(&a);
    }
}
