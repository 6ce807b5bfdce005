use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::axis::Axis;
use super::style::{ABOVE, BLUE, FAINT, GREY, INK, TEXT, WIDTH, length, line, text, write};
use super::{Area, Drawn};

const BAR: i32 = 44;
const BELOW: i32 = 3 * TEXT;

/// Horizontal bars with their names and standard deviations. Bars that are not longer than their
/// standard deviation are grey.
pub(in super::super) struct Bars {
    pub(in super::super) x_name: String,
    pub(in super::super) bars: Vec<(String, f64, f64)>,
}

impl Bars {
    pub(super) fn size(&self) -> (u32, u32) {
        (WIDTH as u32, (ABOVE + BAR * self.bars.len() as i32 + BELOW) as u32)
    }

    /// The names need more room than the category axes of plotters have.
    pub(super) fn draw<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB> {
        let longest = self.bars.iter().map(|bar| length(&bar.0)).max().unwrap_or(0);
        let (left, right) = (longest + 48, area.dim_in_pixel().0 as i32 - 60);
        let bottom = BAR * self.bars.len() as i32;
        let axis = Axis::of(self.bars.iter().flat_map(|(_, x, deviation)| [x - deviation, x + deviation]).chain([0.0]));
        let place = |x: f64| axis.map(&x, (left, right));
        for tick in &axis.ticks {
            let x = place(*tick);
            line(area, (x, 0), (x, bottom), FAINT)?;
            write(area, (x, bottom + 8), &axis.label(*tick), text(HPos::Center, VPos::Top))?;
        }
        for (i, (name, x, deviation)) in self.bars.iter().enumerate() {
            let top = BAR * i as i32;
            let middle = top + BAR / 2;
            write(area, (left - 16, middle), name, text(HPos::Right, VPos::Center))?;
            if !x.is_finite() {
                continue;
            }
            let (low, high) = (place(x.min(0.0)), place(x.max(0.0)));
            let colour = if x > deviation { BLUE } else { GREY };
            area.draw(&Rectangle::new([(low, top + 6), (high, top + BAR - 6)], colour.mix(0.6).filled()))?;
            let ends = [place(x - deviation), place(x + deviation)];
            line(area, (ends[0], middle), (ends[1], middle), INK)?;
            for end in ends {
                line(area, (end, middle - 8), (end, middle + 8), INK)?;
            }
        }
        line(area, (place(0.0), 0), (place(0.0), bottom), INK)?;
        let below = (WIDTH / 2, bottom + BELOW - 8);
        write(area, below, &self.x_name, text(HPos::Center, VPos::Bottom))
    }
}
