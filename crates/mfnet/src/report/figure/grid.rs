use plotters::backend::DrawingBackend;
use plotters::element::Rectangle;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, WHITE};

use super::style::{CHARACTER, FAINT, FONT, INK, TEXT, above, text, thin, write};
use super::{Area, Drawn};

/// The width of a figure whose cells need no more.
const WIDTH: u32 = 1280;
const LARGEST_CELL: u32 = 100;
/// Smaller cells have no room for a name beside them.
const LEAST_NAMED: u32 = 30;
const KEY: u32 = 360;

/// A heat map.
pub(in super::super) struct Grid {
    pub(in super::super) rows: usize,
    pub(in super::super) columns: usize,
    /// Names of the rows and of the columns; none where the place says enough.
    pub(in super::super) labels: Vec<String>,
    pub(in super::super) row_name: String,
    pub(in super::super) column_name: String,
    /// What is not drawn is white.
    pub(in super::super) cells: Vec<Cell>,
    /// What the lightest and the darkest colour mean.
    pub(in super::super) key: [String; 2],
}

/// A cell of a heat map.
pub(in super::super) struct Cell {
    pub(in super::super) row: usize,
    pub(in super::super) column: usize,
    /// From 0, light, to 1, dark.
    pub(in super::super) shade: f64,
    pub(in super::super) text: String,
}

impl Grid {
    fn cell(&self) -> u32 {
        ((WIDTH - 260) / self.rows.max(self.columns).max(1) as u32).clamp(1, LARGEST_CELL)
    }

    /// How much room the names take.
    fn beside(&self) -> u32 {
        let longest = self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0) as u32;
        if self.is_named() { longest * CHARACTER as u32 + 24 } else { 24 }
    }

    fn is_named(&self) -> bool {
        self.cell() >= LEAST_NAMED && !self.labels.is_empty()
    }

    /// Whether names of columns have to be turned to have room.
    fn is_turned(&self) -> bool {
        self.labels.iter().any(|label| label.chars().count() as u32 * CHARACTER as u32 + 8 > self.cell())
    }

    fn above(&self) -> u32 {
        let names = match (self.is_named(), self.is_turned()) {
            (false, _) => 16,
            (true, true) => self.beside(),
            (true, false) => TEXT as u32 + 16,
        };
        names + if self.column_name.is_empty() { 0 } else { TEXT as u32 + 16 }
    }

    fn left(&self) -> u32 {
        self.beside() + if self.row_name.is_empty() { 0 } else { TEXT as u32 + 16 }
    }

    pub(super) fn size(&self) -> (u32, u32) {
        let (width, height) = (self.cell() * self.columns as u32, self.cell() * self.rows as u32);
        ((self.left() + width + 40).max(WIDTH), above() + self.above() + height + 4 * TEXT as u32)
    }

    pub(super) fn draw<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB> {
        let (left, top, size) = (self.left() as i32, self.above() as i32, self.cell() as i32);
        let (right, bottom) = (left + size * self.columns as i32, top + size * self.rows as i32);
        for cell in &self.cells {
            let (x, y) = (left + size * cell.column as i32, top + size * cell.row as i32);
            let colour = shade(cell.shade);
            area.draw(&Rectangle::new([(x, y), (x + size, y + size)], colour.filled()))?;
            if CHARACTER * cell.text.chars().count() as i32 + 4 <= size {
                let ink = if is_dark(colour) { WHITE } else { INK };
                let middle = (x + size / 2, y + size / 2);
                write(area, middle, &cell.text, text(HPos::Center, VPos::Center).color(&ink))?;
            }
        }
        if self.cell() >= LEAST_NAMED {
            for i in 0..=self.columns as i32 {
                area.draw(&Rectangle::new([(left + size * i, top), (left + size * i, bottom)], thin(FAINT)))?;
            }
            for i in 0..=self.rows as i32 {
                area.draw(&Rectangle::new([(left, top + size * i), (right, top + size * i)], thin(FAINT)))?;
            }
        }
        area.draw(&Rectangle::new([(left, top), (right, bottom)], thin(INK)))?;
        if self.is_named() {
            self.draw_names(area, left, top, size)?;
        }
        let turned = (FONT, TEXT).into_font().transform(FontTransform::Rotate270).color(&INK);
        let turned = turned.pos(text(HPos::Center, VPos::Top).pos);
        write(area, (12, i32::midpoint(top, bottom)), &self.row_name, turned)?;
        write(area, (i32::midpoint(left, right), 4), &self.column_name, text(HPos::Center, VPos::Top))?;
        self.draw_key(area, left, bottom + TEXT)
    }

    fn draw_names<DB: DrawingBackend>(&self, area: &Area<DB>, left: i32, top: i32, size: i32) -> Drawn<DB> {
        for (i, label) in self.labels.iter().enumerate() {
            let middle = size * i as i32 + size / 2;
            write(area, (left - 12, top + middle), label, text(HPos::Right, VPos::Center))?;
            if self.is_turned() {
                let style = (FONT, TEXT).into_font().transform(FontTransform::Rotate270).color(&INK);
                let style = style.pos(text(HPos::Left, VPos::Center).pos);
                write(area, (left + middle, top - 12), label, style)?;
            } else {
                write(area, (left + middle, top - 12), label, text(HPos::Center, VPos::Bottom))?;
            }
        }
        Ok(())
    }

    /// The colours from the lightest to the darkest.
    fn draw_key<DB: DrawingBackend>(&self, area: &Area<DB>, left: i32, top: i32) -> Drawn<DB> {
        let [low, high] = &self.key;
        let start = left + 16 + CHARACTER * low.chars().count() as i32;
        write(area, (left, top + TEXT / 2), low, text(HPos::Left, VPos::Center))?;
        let (steps, width) = (40, KEY as i32 / 40);
        for i in 0..steps {
            let x = start + i * width;
            let colour = shade(f64::from(i) / f64::from(steps - 1));
            area.draw(&Rectangle::new([(x, top), (x + width, top + TEXT)], colour.filled()))?;
        }
        write(area, (start + KEY as i32 + 16, top + TEXT / 2), high, text(HPos::Left, VPos::Center))
    }
}

/// Viridis from its light end to its dark one, so that more is darker on paper too.
fn shade(shade: f64) -> RGBColor {
    ViridisRGB.get_color(1.0 - if shade.is_nan() { 0.0 } else { shade.clamp(0.0, 1.0) } as f32)
}

/// Whether white is easier to read on it than black (luminance of ITU-R BT.601).
fn is_dark(RGBColor(red, green, blue): RGBColor) -> bool {
    0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue) < 140.0
}
