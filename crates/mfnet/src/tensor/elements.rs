use std::ops::Range;
use std::slice;

use super::kernel::Panels;
use super::{Scalar, Tensor};

/// Iterates over the elements of some columns of a tensor, column by column.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a, T: Scalar> {
    tensor: &'a Tensor<T>,
    /// The current piece: one column of one panel.
    piece: slice::Iter<'a, T>,
    /// The panel and the column of the next piece.
    panel: usize,
    column: usize,
    left: usize,
}

impl<'a, T: Scalar> Elements<'a, T> {
    pub(super) fn new(tensor: &'a Tensor<T>, columns: Range<usize>) -> Self {
        let left = columns.len() * tensor.rows();
        Elements { tensor, piece: [].iter(), panel: 0, column: columns.start, left }
    }
}

impl<'a, T: Scalar> Iterator for Elements<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        self.left = self.left.checked_sub(1)?;
        if self.piece.len() == 0 {
            self.piece = self.tensor.piece(self.panel, self.column).iter();
            self.panel += 1;
            if self.panel == self.tensor.layout().panels() {
                (self.panel, self.column) = (0, self.column + 1);
            }
        }
        self.piece.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Scalar> ExactSizeIterator for Elements<'_, T> {}

/// Iterates over all elements of a tensor, mutable, in the order of [`Elements`].
#[derive(Debug)]
pub(super) struct ElementsMut<'a, T: Scalar> {
    /// The remaining columns of each panel.
    panels: Vec<slice::ChunksExactMut<'a, T>>,
    rows: usize,
    piece: slice::IterMut<'a, T>,
    panel: usize,
    left: usize,
}

impl<'a, T: Scalar> ElementsMut<'a, T> {
    pub(super) fn new(tensor: &'a mut Tensor<T>) -> Self {
        let (rows, columns) = tensor.shape();
        let left = rows * columns;
        let mut panels = Vec::new();
        let layout = tensor.layout();
        let mut rest = tensor.storage_mut();
        for panel in 0..if left > 0 { layout.panels() } else { 0 } {
            let (elements, after) = rest.split_at_mut(layout.height(panel) * columns);
            panels.push(elements.chunks_exact_mut(layout.height(panel)));
            rest = after;
        }
        ElementsMut { panels, rows, piece: [].iter_mut(), panel: 0, left }
    }
}

impl<'a, T: Scalar> Iterator for ElementsMut<'a, T> {
    type Item = &'a mut T;

    fn next(&mut self) -> Option<&'a mut T> {
        self.left = self.left.checked_sub(1)?;
        if self.piece.len() == 0 {
            let rows = T::PANEL.min(self.rows - self.panel * T::PANEL);
            self.piece = self.panels[self.panel].next()?[..rows].iter_mut();
            self.panel = (self.panel + 1) % self.panels.len();
        }
        self.piece.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Scalar> ExactSizeIterator for ElementsMut<'_, T> {}
