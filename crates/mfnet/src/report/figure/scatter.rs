use plotters::prelude::*;

use super::super::axis::Axis;
use super::style::{BLUE, INK, WIDTH, chart, thin};
use super::{Area, Drawn};

/// A scatter plot.
pub(in super::super) struct Scatter {
    pub(in super::super) x_name: String,
    pub(in super::super) y_name: String,
    pub(in super::super) points: Vec<(f64, f64)>,
    pub(in super::super) guide: Guide,
}

/// The line of perfect predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Guide {
    /// y = x, with the same numbers on both axes.
    Diagonal,
    /// y = 0.
    Zero,
    /// None; axes of positive numbers may be logarithmic.
    None,
}

impl Scatter {
    pub(super) fn size(&self) -> (u32, u32) {
        (WIDTH as u32, if self.guide == Guide::Diagonal { 960 } else { 720 })
    }

    pub(super) fn draw<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB> {
        let xs = || self.points.iter().map(|point| point.0);
        let ys = || self.points.iter().map(|point| point.1);
        let (x, y) = match self.guide {
            Guide::Diagonal => (Axis::of(xs().chain(ys())), Axis::of(xs().chain(ys()))),
            Guide::Zero => (Axis::of(xs()), Axis::of(ys().chain([0.0]))),
            Guide::None => {
                let of = |numbers: Vec<f64>| Axis::logarithmic_if_wide(numbers);
                (of(xs().collect()), of(ys().collect()))
            }
        };
        let name = |axis: &Axis, name: &str| match axis.logarithmic {
            true => format!("{name} (logarithmic)"),
            false => name.to_owned(),
        };
        let mut chart = chart(area, (&x, &name(&x, &self.x_name)), (&y, &name(&y, &self.y_name)))?;
        let finite = self.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        chart.draw_series(finite.map(|point| Circle::new(*point, 6, BLUE.mix(0.5).filled())))?;
        let ends = match self.guide {
            Guide::Diagonal => vec![(x.low, x.low), (x.high, x.high)],
            Guide::Zero => vec![(x.low, 0.0), (x.high, 0.0)],
            Guide::None => return Ok(()),
        };
        chart.draw_series([PathElement::new(ends, thin(INK))])?;
        Ok(())
    }
}
