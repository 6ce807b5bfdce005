use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::style::{
    ABOVE, BLUE, CELL_INK, CELL_PAPER, FAINT, INK, TEXT, VERMILLION, WIDTH, length, text, thin, turned, write,
};
use super::{Area, Drawn};

const LARGEST_CELL: i32 = 100;
/// The smallest cells with room for a name beside them.
const LEAST_NAMED: i32 = 30;
/// The length of the colours from the lightest to the darkest.
const KEY: i32 = 200;

/// A square heat map.
pub(in super::super) struct Grid {
    /// Number of cells on a side.
    pub(in super::super) size: usize,
    /// Names of the rows and of the columns; empty if the position says enough.
    pub(in super::super) labels: Vec<String>,
    /// The titles of the rows and of the columns; empty without names.
    pub(in super::super) axes: [&'static str; 2],
    /// The cells that have a colour.
    pub(in super::super) cells: Vec<Cell>,
    /// The colours, with the meaning of the lightest and of the darkest shade of each.
    pub(in super::super) key: Vec<(Hue, [String; 2])>,
}

/// The colour of a cell, from light to dark.
#[derive(Clone, Copy)]
pub(in super::super) enum Hue {
    Blue,
    Vermillion,
}

/// A cell of a heat map.
pub(in super::super) struct Cell {
    pub(in super::super) row: usize,
    pub(in super::super) column: usize,
    pub(in super::super) hue: Hue,
    /// The shade from 0 (light) to 1 (dark).
    pub(in super::super) shade: f64,
    /// Lines, if they fit.
    pub(in super::super) text: Vec<String>,
}

impl Grid {
    /// The side of a cell. Cells are larger without names beside them.
    fn side(&self) -> i32 {
        let side = |beside: i32| ((WIDTH - beside - 64) / self.size.max(1) as i32).clamp(1, LARGEST_CELL);
        match side(2 * TEXT + self.longest()) {
            named if named >= LEAST_NAMED => named,
            _ => side(2 * TEXT),
        }
    }

    /// The length of the longest name.
    fn longest(&self) -> i32 {
        self.labels.iter().map(|label| length(label)).max().unwrap_or(0)
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
        let longest = self.longest();
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
        let below = TEXT * (2 + 2 * self.key.len() as i32);
        (width.max(WIDTH) as u32, (ABOVE + height + below) as u32)
    }

    pub(super) fn draw<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB> {
        let (side, (left, top)) = (self.side(), self.corner());
        let (right, bottom) = (left + side * self.size as i32, top + side * self.size as i32);
        let frame = |from, to, colour| area.draw(&Rectangle::new([from, to], thin(colour)));
        for cell in &self.cells {
            let (x, y) = (left + side * cell.column as i32, top + side * cell.row as i32);
            let colour = cell.hue.shade(cell.shade);
            area.draw(&Rectangle::new([(x, y), (x + side, y + side)], colour.filled()))?;
            let fits = |line: &&String| length(line) + 4 <= side;
            let lines: Vec<_> = cell.text.iter().take((side / TEXT) as usize).take_while(fits).collect();
            let ink = if is_dark(colour) { CELL_PAPER } else { CELL_INK };
            let top = y + side / 2 - TEXT * (lines.len() as i32 - 1) / 2;
            for (i, line) in lines.into_iter().enumerate() {
                let middle = (x + side / 2, top + TEXT * i as i32);
                write(area, middle, line, text(HPos::Center, VPos::Center).color(&ink))?;
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
        (0..).zip(&self.key).try_for_each(|(i, key)| self.draw_key(area, (24, bottom + TEXT * (1 + 2 * i)), key))
    }

    /// The shades of a colour from the lightest to the darkest.
    fn draw_key<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        (left, top): (i32, i32),
        (hue, [low, high]): &(Hue, [String; 2]),
    ) -> Drawn<DB> {
        let start = left + 16 + self.key.iter().map(|(_, [low, _])| length(low)).max().unwrap_or(0);
        write(area, (left, top + TEXT / 2), low, text(HPos::Left, VPos::Center))?;
        let (steps, width) = (40, KEY / 40);
        for i in 0..steps {
            let x = start + i * width;
            let colour = hue.shade(f64::from(i) / f64::from(steps - 1));
            area.draw(&Rectangle::new([(x, top), (start + KEY, top + TEXT)], colour.filled()))?;
        }
        write(area, (start + KEY + 16, top + TEXT / 2), high, text(HPos::Left, VPos::Center))
    }
}

impl Hue {
    /// The colour of a shade: darker is more, on paper too.
    fn shade(self, shade: f64) -> RGBColor {
        let shade = if shade.is_nan() { 0.0 } else { shade.clamp(0.0, 1.0) };
        let (light, dark) = match self {
            Hue::Blue => (RGBColor(225, 239, 248), darker(BLUE)),
            Hue::Vermillion => (RGBColor(253, 232, 219), darker(VERMILLION)),
        };
        let mix = |light: u8, dark: u8| (f64::from(light) + shade * (f64::from(dark) - f64::from(light))).round() as u8;
        RGBColor(mix(light.0, dark.0), mix(light.1, dark.1), mix(light.2, dark.2))
    }
}

fn darker(RGBColor(red, green, blue): RGBColor) -> RGBColor {
    let darker = |part: u8| (f64::from(part) * 0.85) as u8;
    RGBColor(darker(red), darker(green), darker(blue))
}

/// Whether white text is easier to read on this colour than black text (luminance of ITU-R BT.601).
fn is_dark(RGBColor(red, green, blue): RGBColor) -> bool {
    0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue) < 140.0
}
