use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::super::axis::Axis;
use super::style::{INK, Stroke, TEXT, chart, length, line, text, thin, write};
use super::{Area, Drawn};

/// The largest number of points of a line; more could not be distinguished.
const MOST_POINTS: usize = 1000;
/// The number of possible heights of a label, minus one.
const HEIGHTS: i32 = 10;
/// The length of a line's sample beside its name.
const SAMPLE: i32 = 90;

/// Lines, such as losses over the epochs.
pub(in super::super) struct Curves {
    pub(in super::super) x_name: &'static str,
    pub(in super::super) y_name: &'static str,
    pub(in super::super) x_axis: Axis,
    pub(in super::super) y_axis: Axis,
    pub(in super::super) lines: Vec<Line>,
    pub(in super::super) mark: Option<Mark>,
}

/// A place in the plot with a text: the epoch whose weights were kept, and its loss or accuracy.
pub(in super::super) struct Mark {
    pub(in super::super) x: f64,
    pub(in super::super) y: f64,
    pub(in super::super) text: String,
}

/// A line with its name; without one, it is like a line before it.
pub(in super::super) struct Line {
    pub(in super::super) name: String,
    pub(in super::super) stroke: Stroke,
    pub(in super::super) points: Vec<(f64, f64)>,
}

impl Curves {
    pub(super) fn draw<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB> {
        let lines = self.draw_key(area)?;
        let below = area.margin(2 * TEXT * lines, 0, 0, 0);
        let y = &self.y_axis;
        let [x_name, y_name] = [(&self.x_axis, self.x_name), (y, self.y_name)].map(|(axis, name)| {
            let scale = if axis.logarithmic { " (logarithmic)" } else { "" };
            format!("{name}{scale}")
        });
        let chart = chart(&below, (&self.x_axis, &x_name), (y, &y_name))?;
        let plot = chart.plotting_area();
        let place = |point: &(f64, f64)| {
            let (x, y) = plot.map_coordinate(point);
            (x - below.get_pixel_range().0.start, y - below.get_pixel_range().1.start)
        };
        if let Some(Mark { x: at, y: value, text: label }) = &self.mark {
            let (x, bottom) = place(&(*at, y.low));
            let (_, top) = place(&(*at, y.high));
            line(&below, (x, bottom), (x, top), INK)?;
            if value.is_finite() {
                below.draw(&Circle::new(place(&(*at, *value)), 10, WHITE.filled()))?;
                below.draw(&Circle::new(place(&(*at, *value)), 10, thin(INK)))?;
            }
            let (beside, side, covered) = match 2 * x > below.dim_in_pixel().0 as i32 {
                true => (-12, HPos::Right, x - length(label)..x),
                false => (12, HPos::Left, x..x + length(label)),
            };
            let mut near = Vec::new();
            for line in &self.lines {
                let places: Vec<_> = line.points.iter().filter(|point| point.1.is_finite()).map(place).collect();
                let some_are_covered = places.iter().any(|(x, _)| covered.contains(x));
                let counts = |(x, _): &&(i32, i32)| !some_are_covered || covered.contains(x);
                near.extend(places.iter().filter(counts).map(|(_, y)| *y));
            }
            let y = freest(top + TEXT, bottom - TEXT, &near);
            write(&below, (x + beside, y), label, text(side, VPos::Center))?;
        }
        for line in &self.lines {
            for part in line.points.split(|(_, y)| !y.is_finite()).filter(|part| !part.is_empty()) {
                if let [point] = part {
                    below.draw(&Circle::new(place(point), 8, line.stroke.style()))?;
                }
                let every = part.len().div_ceil(MOST_POINTS);
                let last = part.last().filter(|_| part.len() % every != 1).map(place);
                let points = part.iter().step_by(every).map(place).chain(last).collect();
                line.stroke.draw(&below, points)?;
            }
        }
        Ok(())
    }

    /// The legend: samples of the lines with their names. Returns the number of its lines of text.
    fn draw_key<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB, i32> {
        let (mut x, mut y, mut lines) = (24, TEXT / 2, 1);
        for line in self.lines.iter().filter(|line| !line.name.is_empty()) {
            let end = x + SAMPLE + 10 + length(&line.name);
            if end > area.dim_in_pixel().0 as i32 {
                (x, y, lines) = (24, y + 2 * TEXT, lines + 1);
            }
            line.stroke.draw(area, vec![(x, y), (x + SAMPLE, y)])?;
            write(area, (x + SAMPLE + 10, y), &line.name, text(HPos::Left, VPos::Center))?;
            x += SAMPLE + 40 + length(&line.name);
        }
        Ok(lines)
    }
}

/// Of some heights between two limits, the one that is farthest from other things; the first one if
/// several are equal.
fn freest(first: i32, last: i32, others: &[i32]) -> i32 {
    let distance = |y: i32| others.iter().map(|other| (other - y).abs()).min().unwrap_or(i32::MAX);
    let heights = (0..=HEIGHTS).map(|k| first + (last - first) * k / HEIGHTS);
    heights.reduce(|best, y| if distance(y) > distance(best) { y } else { best }).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stands_where_nothing_else_is() {
        assert_eq!(freest(0, 100, &[]), 0);
        assert_eq!(freest(0, 100, &[10, 20]), 100);
        assert_eq!(freest(0, 100, &[0, 100]), 50);
    }
}
