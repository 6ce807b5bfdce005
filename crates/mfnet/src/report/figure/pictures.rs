use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::style::{ABOVE, CELL_PAPER, FAINT, TEXT, text, thin, write};
use super::{Area, Drawn};

const IN_A_ROW: usize = 4;
const WIDTH: i32 = super::style::WIDTH / IN_A_ROW as i32;
/// Number of lines of a caption.
const CAPTION: usize = 3;
/// The height of a picture with its caption.
const HEIGHT: i32 = SIDE + TEXT * (CAPTION as i32 + 1);
/// The largest side of a picture.
const SIDE: i32 = 200;
/// Number of shades.
const SHADES: f64 = 15.0;

/// Small square pictures with captions.
pub(in super::super) struct Pictures {
    /// Number of pixels on a side.
    pub(in super::super) side: usize,
    pub(in super::super) pictures: Vec<Picture>,
}

/// A picture and the lines below it.
pub(in super::super) struct Picture {
    /// The pixels row by row, from 0 (white) to 1 (black).
    pub(in super::super) pixels: Vec<f64>,
    pub(in super::super) caption: [String; CAPTION],
}

impl Pictures {
    pub(super) fn size(&self) -> (u32, u32) {
        let rows = self.pictures.len().div_ceil(IN_A_ROW) as i32;
        (super::style::WIDTH as u32, (ABOVE + rows * HEIGHT) as u32)
    }

    pub(super) fn draw<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB> {
        let pixel = (SIDE / self.side as i32).max(1);
        let side = pixel * self.side as i32;
        for (number, picture) in self.pictures.iter().enumerate() {
            let left = WIDTH * (number % IN_A_ROW) as i32 + (WIDTH - side) / 2;
            let top = HEIGHT * (number / IN_A_ROW) as i32;
            area.draw(&Rectangle::new([(left, top), (left + side, top + side)], CELL_PAPER.filled()))?;
            for (i, row) in picture.pixels.chunks(self.side).enumerate() {
                let mut j = 0;
                // neighbours of the same shade become one rectangle
                for same in row.chunk_by(|a, b| shade(*a) == shade(*b)) {
                    if shade(same[0]) > 0.0 {
                        let grey = 255 - (255.0 * shade(same[0]) / SHADES) as u8;
                        let (x, y) = (left + pixel * j as i32, top + pixel * i as i32);
                        let corner = (x + pixel * same.len() as i32, y + pixel);
                        area.draw(&Rectangle::new([(x, y), corner], RGBColor(grey, grey, grey).filled()))?;
                    }
                    j += same.len();
                }
            }
            area.draw(&Rectangle::new([(left, top), (left + side, top + side)], thin(FAINT)))?;
            for (line, words) in picture.caption.iter().enumerate() {
                let at = (left + side / 2, top + side + 8 + TEXT * line as i32);
                write(area, at, words, text(HPos::Center, VPos::Top))?;
            }
        }
        Ok(())
    }
}

fn shade(x: f64) -> f64 {
    (SHADES * x.clamp(0.0, 1.0)).round()
}
