//! All matrix products of the library.
//!
//! The three products of a linear layer have parameters `[b | W]` (outputs × (1 + inputs)), input A
//! (inputs × samples) and Δ = ∂J/∂Z (outputs × samples):
//!
//! ```text
//! affine            Z      = b 1ᵀ + W A          the paper, equation 4
//! weight_gradient   ∂J/∂W̃  = [ Δ 1 | Δ Aᵀ ]      the paper, equation 5
//! input_gradient    ∂J/∂A  = Wᵀ Δ                the paper, equation 6
//! ```
//!
//! A panel of the result is computed in strips, some columns at a time, each by
//! [`strip`](super::kernel::strip). The left factor is always a matrix in its own panels; therefore
//! Wᵀ is written out before it is one. In two cases vectors along the outputs would be half empty:
//! [`affine_of_few`] sums along the inputs, and [`update`] may compute a narrow block of the
//! gradient as A Δᵀ, the strip of its transpose.

use std::ops::Range;
use std::slice;

use super::kernel::{self, Block, Few, Finish, Left, Panels, Right, prefetch, strip};
use super::parts::{for_each_strip, for_each_strip_with, for_each_update_block, split_all};
use super::{Scalar, Tensor};

/// A factor of a product: a matrix or its transpose.
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

impl<T: Scalar> Operand<'_, T> {
    /// (rows, columns).
    fn shape(self) -> (usize, usize) {
        let (rows, columns) = self.tensor.shape();
        if self.transposed { (columns, rows) } else { (rows, columns) }
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
    /// If the inner dimensions differ, or there is not enough memory.
    pub fn product<'a>(&'a self, right: impl Into<Operand<'a, T>>) -> Tensor<T> {
        let right = right.into();
        let mut out = Tensor::zeros(self.rows(), right.shape().1);
        out.set_product(self, right);
        out
    }

    /// Sets `self` to the product of `left` and `right`; `dj_da.set_product(w.transposed(), delta)`
    /// computes Wᵀ Δ.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn set_product<'a>(&mut self, left: impl Into<Operand<'a, T>>, right: impl Into<Operand<'a, T>>) {
        let (left, right) = (left.into(), right.into());
        let ((rows, depth), (right_rows, columns)) = (left.shape(), right.shape());
        assert!(
            depth == right_rows && self.shape() == (rows, columns),
            "the product of {rows}×{depth} and {right_rows}×{columns} does not fit {}×{}",
            self.rows,
            self.columns
        );
        let transpose;
        let left = if left.transposed {
            transpose = left.tensor.transpose(0);
            &transpose
        } else {
            left.tensor
        };
        let factor = |panel| left.factor(panel, 0);
        if right.transposed {
            by_rows(self, 0, factor, right.tensor);
        } else {
            by_columns(self, factor, right.tensor, |_| Finish::Keep, |_, _| {});
        }
    }

    /// The transpose of the columns from `first` on, as a new tensor.
    pub(crate) fn transpose(&self, first: usize) -> Tensor<T> {
        let mut transpose = Tensor::zeros(self.columns - first, self.rows);
        self.transpose_into(first, &mut transpose);
        transpose
    }

    /// Writes the transpose of the columns from `first` on into a tensor of its shape.
    pub(crate) fn transpose_into(&self, first: usize, transpose: &mut Tensor<T>) {
        let operations = self.rows * self.columns;
        let layout = self.layout();
        for_each_strip(transpose, operations, |part, out| {
            let height = out.len() / part.columns.len();
            let from = first + part.panel * T::PANEL;
            let columns = T::PANEL.min(self.columns - from);
            // the strip's columns are rows of these panels
            let (mut row, mut out) = (part.columns.start, out);
            while row < part.columns.end {
                let (panel, within) = (row / T::PANEL, row % T::PANEL);
                let rows = (part.columns.end - row).min(T::PANEL - within);
                let (to, rest) = out.split_at_mut(rows * height);
                let from = &self.elements[layout.place(panel, from..from + columns)][within..];
                kernel::transpose((from, layout.height(panel)), (to, height), rows, columns);
                (row, out) = (row + rows, rest);
            }
        });
    }

    /// A panel's columns from `first` on as the left factor.
    fn factor(&self, panel: usize, first: usize) -> Left<'_, T> {
        let layout = self.layout();
        Left {
            panel: &self.elements[layout.place(panel, first..self.columns)],
            height: layout.height(panel),
            start: None,
        }
    }

    /// This matrix as the right factor.
    fn right(&self) -> Right<'_, T> {
        let last = self.layout().height(self.layout().panels() - 1);
        Right {
            elements: &self.elements,
            depth: self.rows,
            run: T::PANEL,
            run_step: T::PANEL * self.columns,
            row_step: 1,
            column_step: T::PANEL,
            last_column_step: last,
            next: 0,
        }
    }

    /// The transpose of one panel as the right factor; its columns are the panel's rows.
    fn right_transposed(&self, panel: usize) -> Right<'_, T> {
        let layout = self.layout();
        Right {
            elements: &self.elements[layout.place(panel, 0..self.columns)],
            depth: self.columns,
            run: usize::MAX,
            run_step: 0,
            row_step: layout.height(panel),
            column_step: 1,
            last_column_step: 1,
            next: if panel + 1 < layout.panels() { layout.height(panel) * self.columns } else { 0 },
        }
    }
}

/// Z = b 1ᵀ + W A: each column starts with the bias, then W A is added.
pub(crate) fn affine<T: Scalar>(parameters: &Tensor<T>, input: &Tensor<T>, output: &mut Tensor<T>) {
    if are_few::<T>(parameters.rows, input.rows) {
        affine_of_few(parameters, &parameters.transpose(1), input, output, |_, _| {});
    } else {
        affine_of_many(parameters, input, output, Finish::Keep, |_, _| {});
    }
}

/// [`affine`] with vectors along the outputs. `finish` is applied to each sum before it is written,
/// `then` to each strip while it is in the first-level cache; `then` also gets the strip's range in
/// the output's storage.
pub(crate) fn affine_of_many<T: Scalar>(
    parameters: &Tensor<T>,
    input: &Tensor<T>,
    output: &mut Tensor<T>,
    finish: Finish<'_, T>,
    then: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    check_affine(parameters, input, output);
    by_columns(output, |panel| with_biases(parameters, panel), input, |_| finish, then);
}

/// As above with a second matrix of the output's shape; `then` gets its strip too.
pub(crate) fn affine_of_many_and<T: Scalar>(
    parameters: &Tensor<T>,
    input: &Tensor<T>,
    output: &mut Tensor<T>,
    second: &mut Tensor<T>,
    then: impl Fn(Range<usize>, &mut [T], &mut [T]) + Sync,
) {
    check_affine(parameters, input, output);
    let (operations, layout) = (2 * output.rows * output.columns * input.rows, output.layout());
    if input.rows == 0 {
        output.fill(T::ZERO);
        return;
    }
    for_each_strip_with(output, slice::from_mut(second), operations, |part, out, [second, ..]| {
        let place = layout.place(part.panel, part.columns.clone());
        strip(&with_biases(parameters, part.panel), &input.right(), part.columns, Finish::Keep, out);
        then(place, out, second);
    });
}

/// A panel of W as the left factor, with the biases as start of the sums.
fn with_biases<T: Scalar>(parameters: &Tensor<T>, panel: usize) -> Left<'_, T> {
    let bias = &parameters.elements[parameters.layout().place(panel, 0..1)];
    Left { start: Some(bias), ..parameters.factor(panel, 1) }
}

fn check_affine<T: Scalar>(parameters: &Tensor<T>, input: &Tensor<T>, output: &Tensor<T>) {
    assert_eq!(input.rows + 1, parameters.columns, "features of the input and the bias, and columns of [b | W]");
    assert_eq!(output.shape(), (parameters.rows, input.columns), "shape of the output");
}

/// Whether a layer has so few outputs that [`affine_of_few`] is clearly faster than
/// [`affine_of_many`]: its vectors run along the inputs, and their lanes are summed at the end;
/// otherwise they run along the outputs, with some lanes empty. Never true for more than a panel.
pub(crate) fn are_few<T: Scalar>(outputs: usize, inputs: usize) -> bool {
    let along_inputs = outputs * (inputs.div_ceil(T::GROUP) + SUM_OF_LANES);
    let along_outputs = inputs * outputs.div_ceil(T::GROUP);
    4 * along_inputs < 3 * along_outputs
}

/// Assumed cost of summing a vector's lanes, in vector multiply-adds.
const SUM_OF_LANES: usize = 4;

/// [`affine`] for few outputs, from the transpose of W.
pub(crate) fn affine_of_few<T: Scalar>(
    parameters: &Tensor<T>,
    transpose: &Tensor<T>,
    input: &Tensor<T>,
    output: &mut Tensor<T>,
    then: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    let few = few(parameters, transpose, input, output);
    let (operations, layout) = (2 * output.rows * output.columns * input.rows, output.layout());
    for_each_strip(output, operations, |part, out| {
        kernel::few(&few, part.columns.clone(), layout.height(0), out);
        then(layout.place(part.panel, part.columns), out);
    });
}

/// As above with a second matrix of the output's shape; `then` gets its strip too.
pub(crate) fn affine_of_few_and<T: Scalar>(
    parameters: &Tensor<T>,
    transpose: &Tensor<T>,
    input: &Tensor<T>,
    output: &mut Tensor<T>,
    second: &mut Tensor<T>,
    then: impl Fn(Range<usize>, &mut [T], &mut [T]) + Sync,
) {
    let few = few(parameters, transpose, input, output);
    let (operations, layout) = (2 * output.rows * output.columns * input.rows, output.layout());
    for_each_strip_with(output, slice::from_mut(second), operations, |part, out, [second, ..]| {
        kernel::few(&few, part.columns.clone(), layout.height(0), out);
        then(layout.place(part.panel, part.columns), out, second);
    });
}

/// The factors of [`affine_of_few`].
fn few<'a, T: Scalar>(
    parameters: &'a Tensor<T>,
    transpose: &'a Tensor<T>,
    input: &'a Tensor<T>,
    output: &Tensor<T>,
) -> Few<'a, T> {
    check_affine(parameters, input, output);
    assert!(
        output.layout().panels() == 1 && transpose.shape() == (input.rows, output.rows),
        "few outputs and the transpose of W"
    );
    Few {
        left: &transpose.elements,
        left_columns: transpose.columns,
        right: &input.elements,
        right_columns: input.columns,
        rows: input.rows,
        start: &parameters.elements[..parameters.rows],
    }
}

/// ∂J/∂A = Wᵀ Δ, from the transpose of W.
pub(crate) fn input_gradient<T: Scalar>(transpose: &Tensor<T>, delta: &Tensor<T>, output: &mut Tensor<T>) {
    input_gradient_then(transpose, delta, output, |_| Finish::Keep, |_, _| {});
}

/// `then(finish(Wᵀ Δ))`. Both get the range of the strip in the output's storage.
pub(crate) fn input_gradient_then<'a, T: Scalar>(
    transpose: &Tensor<T>,
    delta: &Tensor<T>,
    output: &mut Tensor<T>,
    finish: impl Fn(Range<usize>) -> Finish<'a, T> + Sync,
    then: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    by_columns(output, |panel| transpose.factor(panel, 0), delta, finish, then);
}

/// ∂J/∂[b | W] = [ Δ 1 | Δ Aᵀ ].
pub(crate) fn weight_gradient<T: Scalar>(delta: &Tensor<T>, input: &Tensor<T>, output: &mut Tensor<T>) {
    by_rows(output, 1, |panel| delta.factor(panel, 0), input);
}

/// The largest number of elements of a block whose gradient is computed as its transpose: one group
/// of rows by a panel's columns, in `f32`.
const NARROW: usize = 16 * 64;

/// The tensors that an update changes: `[b | W]`, the state of the rule, and the transpose of W,
/// which equals Wᵀ before and after.
pub(crate) struct Updated<'a, T: Scalar> {
    pub(crate) parameters: &'a mut Tensor<T>,
    pub(crate) state: &'a mut [Tensor<T>],
    pub(crate) transpose: Option<&'a mut Tensor<T>>,
}

/// Updates `[b | W]` by `rule(is_bias, weights, gradient, state)` with the gradient [ Δ 1 | Δ Aᵀ ],
/// and updates Wᵀ with it. At most a block of the gradient exists at a time. If the rule for W is
/// plain descent, [`Finish::Descend`], W is updated where the sums are stored.
pub(crate) fn update<T: Scalar>(
    delta: &Tensor<T>,
    input: &Tensor<T>,
    Updated { parameters, state, transpose }: Updated<'_, T>,
    descend: Option<Finish<'_, T>>,
    rule: impl Fn(bool, &mut [T], &[T], &mut [&mut [T]]) + Sync,
) {
    let operations = 2 * parameters.rows * parameters.columns * input.columns;
    let rows = parameters.rows;
    for_each_update_block(parameters, state, transpose, operations, |block| {
        let panel = block.strip.panel;
        let (left, outputs) = (delta.factor(panel, 0), T::PANEL.min(rows - panel * T::PANEL));
        let biases = if block.strip.columns.start == 0 { left.height } else { 0 };
        let (b, w) = block.elements.split_at_mut(biases);
        let (mut of_b, mut of_w) = split_all(block.states, biases);
        let (of_b, of_w) = (&mut of_b[..block.state_count], &mut of_w[..block.state_count]);
        prefetch(w);
        let mut gradient = Block::new();
        if biases > 0 {
            // the column of ones
            rule(true, b, gradient.strip(&left, &Right::constant(&T::ONE, input.columns), 0..1), of_b);
        }
        let columns = w.len() / left.height;
        let (transposed, height) = (block.transposed, input.layout().height(block.input_panel));
        if outputs * columns.div_ceil(T::GROUP) < columns * outputs.div_ceil(T::GROUP) && w.len() <= NARROW {
            // few outputs in the panel: A Δᵀ fills the vectors better than Δ Aᵀ
            let (a, right) = (input.factor(block.input_panel, 0), delta.right_transposed(panel));
            match descend {
                Some(descend) if !transposed.is_empty() => {
                    strip(&a, &right, 0..outputs, descend, transposed);
                    kernel::transpose((transposed, height), (w, left.height), columns, outputs);
                    return;
                }
                _ => {
                    let mut gradient_of_w = [T::ZERO; NARROW];
                    let of_transpose = gradient.strip(&a, &right, 0..outputs);
                    kernel::transpose((of_transpose, height), (&mut gradient_of_w, left.height), columns, outputs);
                    rule(false, w, &gradient_of_w[..w.len()], of_w);
                }
            }
        } else {
            let right = input.right_transposed(block.input_panel);
            match descend {
                Some(descend) => strip(&left, &right, 0..columns, descend, w),
                None => rule(false, w, gradient.strip(&left, &right, 0..columns), of_w),
            }
        }
        if !transposed.is_empty() {
            kernel::transpose((w, left.height), (transposed, height), outputs, columns);
        }
    });
}

/// `output` = then(finish(left · right)).
fn by_columns<'a, 'b, T: Scalar>(
    output: &mut Tensor<T>,
    left: impl Fn(usize) -> Left<'a, T> + Sync,
    right: &Tensor<T>,
    finish: impl Fn(Range<usize>) -> Finish<'b, T> + Sync,
    then: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    let operations = 2 * output.rows * output.columns * right.rows;
    if right.rows == 0 {
        output.fill(T::ZERO);
        return;
    }
    let layout = output.layout();
    for_each_strip(output, operations, |part, out| {
        let place = layout.place(part.panel, part.columns.clone());
        strip(&left(part.panel), &right.right(), part.columns, finish(place.clone()), out);
        then(place, out);
    });
}

/// Columns from `first` on of `output` = left · rightᵀ. A column before them is the sum of left's
/// columns.
fn by_rows<'a, T: Scalar>(
    output: &mut Tensor<T>,
    first: usize,
    left: impl Fn(usize) -> Left<'a, T> + Sync,
    right: &Tensor<T>,
) {
    let operations = 2 * output.rows * output.columns * right.columns;
    for_each_strip(output, operations, |part, out| {
        let left = left(part.panel);
        let mut rest = out;
        let Range { start, end } = part.columns;
        if start < first {
            let (sum, after) = rest.split_at_mut(left.height);
            strip(&left, &Right::constant(&T::ONE, right.columns), 0..1, Finish::Keep, sum);
            rest = after;
        }
        // columns of the result are rows of the right factor, in its panels
        let (mut row, end) = (start.max(first) - first, end - first);
        while row < end {
            let (panel, within) = (row / T::PANEL, row % T::PANEL);
            let rows = (end - row).min(T::PANEL - within);
            let (out, after) = rest.split_at_mut(rows * left.height);
            strip(&left, &right.right_transposed(panel), within..within + rows, Finish::Keep, out);
            (row, rest) = (row + rows, after);
        }
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
        for (out, inputs, samples) in
            [(1, 200, 7), (2, 64, 49), (1, 1, 1), (3, 2, 5), (10, 64, 32), (65, 33, 130), (7, 129, 64), (64, 1, 65)]
        {
            let parameters = sample::<T>(out, inputs + 1, 1);
            let a = sample::<T>(inputs, samples, 2);
            let delta = sample::<T>(out, samples, 3);
            let w = parameters.select_columns(&(1..=inputs).collect::<Vec<_>>());

            let mut z = Tensor::zeros(out, samples);
            affine_of_many(&parameters, &a, &mut z, Finish::Keep, |_, _| {});
            assert_eq!(z, plain(&parameters, &a.augmented()), "{out} {inputs} {samples}");

            if out <= T::PANEL {
                affine_of_few(&parameters, &parameters.transpose(1), &a, &mut z, |_, _| {});
                assert_eq!(z, plain(&parameters, &a.augmented()), "{out} {inputs} {samples}");
            }

            let mut dj_da = Tensor::zeros(inputs, samples);
            input_gradient(&parameters.transpose(1), &delta, &mut dj_da);
            assert_eq!(dj_da, plain(&transpose(&w), &delta));

            let mut dj_dw = Tensor::zeros(out, inputs + 1);
            weight_gradient(&delta, &a, &mut dj_dw);
            assert_eq!(dj_dw, plain(&delta, &transpose(&a.augmented())));

            // W + ∂J/∂W where both are whole numbers, and its transpose; by a rule, and as a
            // descent whose rate is −1
            for descent in [None, Some(Finish::Descend { eta: -T::ONE, lambda: T::ZERO })] {
                let (mut changed, mut changed_transpose) = (parameters.clone(), parameters.transpose(1));
                let transpose = Some(&mut changed_transpose);
                let updated = Updated { parameters: &mut changed, state: &mut [], transpose };
                let add = |_, w: &mut [T], g: &[T], _: &mut [&mut [T]]| w.iter_mut().zip(g).for_each(|(w, g)| *w += *g);
                update(&delta, &a, updated, descent, add);
                let expected = Tensor::from_fn(out, inputs + 1, |i, j| parameters[(i, j)] + dj_dw[(i, j)]);
                assert_eq!(changed, expected);
                assert_eq!(changed_transpose, expected.transpose(1));
            }
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
        let product = |pool: &Threads| pool.install(|| a.product(a.transposed()));
        let alone = product(&Threads::new(1).unwrap());
        for threads in [2, 3, 5] {
            let pool = Threads::new(threads).unwrap();
            // until every thread has had a part in it
            while pool.worked() < threads {
                assert_eq!(alone, product(&pool));
            }
        }
    }

    #[test]
    #[should_panic(expected = "the product of 2×3 and 2×3 does not fit 2×3")]
    fn shapes_are_checked() {
        let a = Tensor::<f64>::zeros(2, 3);
        a.product(&a);
    }
}
