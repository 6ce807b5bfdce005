use super::{Scalar, Tensor};

impl<T: Scalar> Tensor<T> {
    /// The matrix as in the paper, with the bias feature, a row of ones, above the features:
    ///
    /// ```text
    /// Ã = ⎛ 1 … 1 ⎞
    ///     ⎝   A   ⎠      shape (features + 1, samples)
    /// ```
    ///
    /// It is for display; training computes without this row.
    ///
    /// ```
    /// use mfnet::Tensor;
    /// let a = Tensor::from_rows([[5.0, 7.0]]);
    /// assert_eq!(a.augmented(), Tensor::from_rows([[1.0, 1.0], [5.0, 7.0]]));
    /// ```
    pub fn augmented(&self) -> Tensor<T> {
        self.below_row(|_| T::ONE)
    }

    /// A gradient as in the paper. Its first row is zero, because the bias feature is constant.
    pub fn augmented_gradient(&self) -> Tensor<T> {
        self.below_row(|_| T::ZERO)
    }

    /// The parameters `[b | W]` of a linear layer as in the paper, below the row `[1 0 … 0]`, which
    /// passes the bias feature to the next layer. Shape (outputs + 1, inputs + 1).
    pub fn augmented_parameters(&self) -> Tensor<T> {
        self.below_row(|j| if j == 0 { T::ONE } else { T::ZERO })
    }

    /// This matrix below one more row, whose element in column j is `first(j)`.
    pub(crate) fn below_row(&self, first: impl Fn(usize) -> T) -> Tensor<T> {
        Tensor::from_fn(self.rows() + 1, self.columns(), |i, j| if i == 0 { first(j) } else { self[(i - 1, j)] })
    }
}
