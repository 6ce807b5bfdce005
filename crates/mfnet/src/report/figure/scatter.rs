use plotters::coord::ranged1d::Ranged;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::axis::Axis;
use super::style::{BLUE, INK, VERMILLION, WIDTH, chart, text, thin};
use super::{Area, Drawn};

/// A scatter plot.
pub(in super::super) struct Scatter {
    pub(in super::super) x_name: String,
    pub(in super::super) y_name: String,
    pub(in super::super) points: Vec<(f64, f64)>,
    pub(in super::super) guide: Guide,
    /// Points that have a name.
    pub(in super::super) marks: Vec<(String, (f64, f64))>,
}

/// The line of perfect predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Guide {
    /// y = x, with the same numbers on both axes.
    Diagonal,
    /// y = 0.
    Zero,
    /// None; y is logarithmic if its numbers have very different sizes, x also if it may be.
    None {
        /// Whether x may be logarithmic.
        logarithmic: bool,
    },
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
            Guide::None { logarithmic } => {
                let (x, y): (Vec<f64>, Vec<f64>) = (xs().collect(), ys().collect());
                (
                    if logarithmic { Axis::logarithmic_if_wide(x) } else { Axis::of_whole(x) },
                    Axis::logarithmic_if_wide(y),
                )
            }
        };
        let name = |axis: &Axis, name: &str| match axis.logarithmic {
            true => format!("{name} (logarithmic)"),
            false => name.to_owned(),
        };
        let mut chart = chart(area, (&x, &name(&x, &self.x_name)), (&y, &name(&y, &self.y_name)))?;
        let finite = self.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        chart.draw_series(finite.map(|point| Circle::new(*point, 6, BLUE.mix(0.5).filled())))?;
        let marks = self.marks.iter().filter(|(_, (x, y))| x.is_finite() && y.is_finite());
        chart.draw_series(marks.map(|(name, point)| {
            // the name stands on the side that has more room
            let is_right = x.map(&point.0, (0, 2)) >= 1;
            let (side, shift) = if is_right { (HPos::Right, -12) } else { (HPos::Left, 12) };
            EmptyElement::at(*point)
                + Circle::new((0, 0), 8, VERMILLION.filled())
                + Text::new(name.clone(), (shift, 0), text(side, VPos::Center))
        }))?;
        let ends = match self.guide {
            Guide::Diagonal => vec![(x.low, x.low), (x.high, x.high)],
            Guide::Zero => vec![(x.low, 0.0), (x.high, 0.0)],
            Guide::None { .. } => return Ok(()),
        };
        chart.draw_series([PathElement::new(ends, thin(INK))])?;
        Ok(())
    }
}
