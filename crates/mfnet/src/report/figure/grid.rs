use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::style::{ABOVE, FAINT, INK, TEXT, length, text, thin, turned, write};
use super::{Area, Drawn};

/// The smallest width of a figure.
const WIDTH: i32 = 1280;
const LARGEST_CELL: i32 = 100;
/// The smallest cells with room for a name beside them.
const LEAST_NAMED: i32 = 30;
const KEY: i32 = 360;

/// A square heat map.
pub(in super::super) struct Grid {
    /// Number of cells on a side.
    pub(in super::super) size: usize,
    /// Names of the rows and of the columns; empty if the position says enough.
    pub(in super::super) labels: Vec<String>,
    /// The titles of the rows and of the columns; empty without names.
    pub(in super::super) axes: [&'static str; 2],
    /// The cells that are not white.
    pub(in super::super) cells: Vec<Cell>,
    /// The meaning of the lightest and of the darkest colour.
    pub(in super::super) key: [String; 2],
}

/// A cell of a heat map.
pub(in super::super) struct Cell {
    pub(in super::super) row: usize,
    pub(in super::super) column: usize,
    /// The shade from 0 (light) to 1 (dark).
    pub(in super::super) shade: f64,
    pub(in super::super) text: String,
}

impl Grid {
    /// The side of a cell.
    fn side(&self) -> i32 {
        ((WIDTH - 260) / self.size.max(1) as i32).clamp(1, LARGEST_CELL)
    }

    fn is_named(&self) -> bool {
        self.side() >= LEAST_NAMED && !self.labels.is_empty()
    }

    /// Whether the names of columns must be rotated to fit.
    fn is_turned(&self) -> bool {
        self.labels.iter().any(|label| length(label) + 8 > self.side())
    }

    /// The upper left corner of the cells.
    fn corner(&self) -> (i32, i32) {
        let longest = self.labels.iter().map(|label| length(label)).max().unwrap_or(0);
        let (left, top) = match (self.is_named(), self.is_turned()) {
            (false, _) => (24, 16),
            (true, true) => (longest + 24, longest + 24),
            (true, false) => (longest + 24, TEXT + 16),
        };
        let title = |name: &str| if name.is_empty() { 0 } else { TEXT + 16 };
        (left + title(self.axes[0]), top + title(self.axes[1]))
    }

    pub(super) fn size(&self) -> (u32, u32) {
        let (side, (left, top)) = (self.side(), self.corner());
        let (width, height) = (left + side * self.size as i32 + 40, top + side * self.size as i32);
        (width.max(WIDTH) as u32, (ABOVE + height + 4 * TEXT) as u32)
    }

    pub(super) fn draw<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB> {
        let (side, (left, top)) = (self.side(), self.corner());
        let (right, bottom) = (left + side * self.size as i32, top + side * self.size as i32);
        let frame = |from, to, colour| area.draw(&Rectangle::new([from, to], thin(colour)));
        for cell in &self.cells {
            let (x, y) = (left + side * cell.column as i32, top + side * cell.row as i32);
            let colour = shade(cell.shade);
            area.draw(&Rectangle::new([(x, y), (x + side, y + side)], colour.filled()))?;
            if length(&cell.text) + 4 <= side {
                let ink = if is_dark(colour) { WHITE } else { INK };
                let middle = (x + side / 2, y + side / 2);
                write(area, middle, &cell.text, text(HPos::Center, VPos::Center).color(&ink))?;
            }
        }
        if side >= LEAST_NAMED {
            for x in (0..=self.size as i32).map(|i| left + side * i) {
                frame((x, top), (x, bottom), FAINT)?;
            }
            for y in (0..=self.size as i32).map(|i| top + side * i) {
                frame((left, y), (right, y), FAINT)?;
            }
        }
        frame((left, top), (right, bottom), INK)?;
        if self.is_named() {
            for (i, label) in self.labels.iter().enumerate() {
                let middle = side * i as i32 + side / 2;
                write(area, (left - 12, top + middle), label, text(HPos::Right, VPos::Center))?;
                let style = match self.is_turned() {
                    true => turned(HPos::Left, VPos::Center),
                    false => text(HPos::Center, VPos::Bottom),
                };
                write(area, (left + middle, top - 12), label, style)?;
            }
        }
        write(area, (12, i32::midpoint(top, bottom)), self.axes[0], turned(HPos::Center, VPos::Top))?;
        write(area, (i32::midpoint(left, right), 4), self.axes[1], text(HPos::Center, VPos::Top))?;
        self.draw_key(area, left, bottom + TEXT)
    }

    /// The colours from the lightest to the darkest.
    fn draw_key<DB: DrawingBackend>(&self, area: &Area<DB>, left: i32, top: i32) -> Drawn<DB> {
        let [low, high] = &self.key;
        let start = left + 16 + length(low);
        write(area, (left, top + TEXT / 2), low, text(HPos::Left, VPos::Center))?;
        let (steps, width) = (40, KEY / 40);
        for i in 0..steps {
            let x = start + i * width;
            let colour = shade(f64::from(i) / f64::from(steps - 1));
            area.draw(&Rectangle::new([(x, top), (x + width, top + TEXT)], colour.filled()))?;
        }
        write(area, (start + KEY + 16, top + TEXT / 2), high, text(HPos::Left, VPos::Center))
    }
}

/// Viridis from light to dark, so that more is darker on paper too.
fn shade(shade: f64) -> RGBColor {
    ViridisRGB.get_color(1.0 - if shade.is_nan() { 0.0 } else { shade.clamp(0.0, 1.0) } as f32)
}

/// Whether white text is easier to read on this colour than black text (luminance of ITU-R BT.601).
fn is_dark(RGBColor(red, green, blue): RGBColor) -> bool {
    0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue) < 140.0
}
