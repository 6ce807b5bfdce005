use plotters::prelude::*;

use super::super::axis::Axis;
use super::style::{BLUE, INK, chart, thin};
use super::{Area, Drawn};

const MOST_BARS: usize = 40;

/// A histogram: the counts of numbers in intervals of equal width.
pub(in super::super) struct Histogram {
    x_name: String,
    /// Lower end, upper end and count of each interval.
    bars: Vec<(f64, f64, usize)>,
}

impl Histogram {
    /// The histogram of the finite numbers.
    pub(in super::super) fn new(x_name: String, numbers: &[f64]) -> Self {
        let axis = Axis::of(numbers.iter().copied());
        let finite = || numbers.iter().copied().filter(|x| x.is_finite());
        let count = ((2.0 * (finite().count() as f64).sqrt()) as usize).clamp(1, MOST_BARS);
        let width = (axis.high - axis.low) / count as f64;
        let end = |i: usize| axis.low + i as f64 * width;
        let mut bars: Vec<_> = (0..count).map(|i| (end(i), end(i + 1), 0)).collect();
        for x in finite() {
            bars[(((x - axis.low) / width) as usize).min(count - 1)].2 += 1;
        }
        Histogram { x_name, bars }
    }

    pub(super) fn draw<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB> {
        let x = Axis::of(self.bars.iter().flat_map(|bar| [bar.0, bar.1]));
        let y = Axis::counts(self.bars.iter().map(|bar| bar.2).max().unwrap_or(0));
        let mut chart = chart(area, (&x, &self.x_name), (&y, "rows"))?;
        let corners = |(low, high, count): &(f64, f64, usize)| [(*low, 0.0), (*high, *count as f64)];
        let bars = || self.bars.iter().filter(|bar| bar.2 > 0);
        chart.draw_series(bars().map(|bar| Rectangle::new(corners(bar), BLUE.mix(0.6).filled())))?;
        chart.draw_series(bars().map(|bar| Rectangle::new(corners(bar), thin(INK))))?;
        Ok(())
    }
}
