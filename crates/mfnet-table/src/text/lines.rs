//! Which line of the file a row stands on.

/// The line of the file on which each row begins. Only rows that do not follow line by line take
/// memory.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// A row and its line.
    jumps: Vec<(usize, u64)>,
}

impl Lines {
    /// Says the line of the next row.
    pub(crate) fn push(&mut self, row: usize, line: u64) {
        if self.jumps.is_empty() || self.of(row) != line {
            self.jumps.push((row, line));
        }
    }

    /// The line of a row, counted from 1.
    pub fn of(&self, row: usize) -> u64 {
        let after = self.jumps.partition_point(|(jump, _)| *jump <= row);
        let (from, line) = if after == 0 { (0, 1) } else { self.jumps[after - 1] };
        line + (row - from) as u64
    }
}
