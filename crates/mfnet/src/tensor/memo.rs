use super::{Scalar, Tensor};

/// What a layer keeps of its forward pass for the backward pass, besides input and output: a few
/// matrices, whose memory is reused in the next step.
///
/// ```
/// use mfnet::Tensor;
/// use mfnet::layer::Memo;
/// let mut memo: Memo<f64> = Memo::new();
/// let [squares] = memo.keep([(2, 3)]); // in `forward`
/// squares.fill(4.0);
/// let [squares]: &[Tensor; 1] = memo.kept(); // in `backward`
/// assert_eq!(squares.shape(), (2, 3));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Memo<T: Scalar> {
    matrices: Vec<Tensor<T>>,
}

impl<T: Scalar> Memo<T> {
    /// An empty memo.
    pub fn new() -> Self {
        Memo { matrices: Vec::new() }
    }

    /// Makes room for matrices of these shapes, (rows, columns). Their elements are unspecified.
    /// Allocates only if they were never as large.
    ///
    /// ```
    /// use mfnet::Tensor;
    /// use mfnet::layer::Memo;
    /// let mut memo = Memo::new();
    /// let [mean, deviation] = memo.keep([(3, 1), (3, 1)]);
    /// mean.fill(0.5);
    /// deviation.fill(2.0);
    /// let [mean, _]: &[Tensor; 2] = memo.kept();
    /// assert_eq!(mean[(2, 0)], 0.5);
    /// ```
    pub fn keep<const N: usize>(&mut self, shapes: [(usize, usize); N]) -> &mut [Tensor<T>; N] {
        self.matrices.truncate(N);
        for (i, (rows, columns)) in shapes.into_iter().enumerate() {
            match self.matrices.get_mut(i) {
                Some(matrix) if matrix.rows() == rows => matrix.set_columns(columns),
                Some(matrix) => *matrix = Tensor::zeros(rows, columns),
                None => self.matrices.push(Tensor::zeros(rows, columns)),
            }
        }
        self.matrices.as_mut_slice().try_into().expect("as many matrices as shapes")
    }

    /// The matrices that the forward pass kept.
    ///
    /// # Panics
    /// If it kept another number of matrices.
    pub fn kept<const N: usize>(&self) -> &[Tensor<T>; N] {
        self.matrices.as_slice().try_into().unwrap_or_else(|_| {
            panic!("the forward pass kept {} matrices, the backward pass asks for {N}", self.matrices.len())
        })
    }
}
