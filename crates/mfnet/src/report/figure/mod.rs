//! Plots, which the same code draws as SVG (for the page, and for editing) and as PNG.

mod bars;
mod curves;
mod grid;
mod histogram;
mod pictures;
mod scatter;
mod style;

use std::fmt::Display;
use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;

pub(super) use self::bars::Bars;
pub(super) use self::curves::{Curves, Line, Mark};
pub(super) use self::grid::{Cell, Grid, Hue};
pub(super) use self::histogram::Histogram;
pub(super) use self::pictures::{Picture, Pictures};
pub(super) use self::scatter::{Guide, Scatter};
pub(super) use self::style::Stroke;
use super::html::escaped;
use super::png;
use crate::error::{Error, ErrorKind, Result};

/// A region that is drawn on.
type Area<DB> = DrawingArea<DB, Shift>;
/// The result of drawing.
type Drawn<DB, T = ()> = std::result::Result<T, DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// A plot with its name and its description.
pub struct Plot {
    /// The name of its files, without ending.
    pub name: String,
    /// The title above the plot.
    pub title: String,
    /// A description for readers who cannot see the plot.
    pub description: String,
    pub(super) drawing: Drawing,
}

pub(super) enum Drawing {
    Bars(Bars),
    Curves(Curves),
    Grid(Grid),
    Histogram(Histogram),
    Pictures(Pictures),
    Scatter(Scatter),
}

impl Drawing {
    /// Width and height in units of half a pixel of a page, so that whole numbers are fine enough.
    fn size(&self) -> (u32, u32) {
        match self {
            Drawing::Bars(bars) => bars.size(),
            Drawing::Curves(_) | Drawing::Histogram(_) => (style::WIDTH as u32, 720),
            Drawing::Grid(grid) => grid.size(),
            Drawing::Pictures(pictures) => pictures.size(),
            Drawing::Scatter(scatter) => scatter.size(),
        }
    }
}

impl Plot {
    fn draw<DB: DrawingBackend>(&self, backend: DB) -> Drawn<DB> {
        register_fonts();
        let area = backend.into_drawing_area();
        area.fill(&WHITE)?;
        let area = style::title(&area, &self.title)?;
        match &self.drawing {
            Drawing::Bars(bars) => bars.draw(&area),
            Drawing::Curves(curves) => curves.draw(&area),
            Drawing::Grid(grid) => grid.draw(&area),
            Drawing::Histogram(histogram) => histogram.draw(&area),
            Drawing::Pictures(pictures) => pictures.draw(&area),
            Drawing::Scatter(scatter) => scatter.draw(&area),
        }?;
        area.present()
    }

    fn failure(&self, error: impl Display) -> Error {
        ErrorKind::Plot(self.name.clone(), error.to_string()).into()
    }

    /// The plot as an SVG element with title and description, which is also a complete file.
    ///
    /// # Errors
    /// [`ErrorKind::Plot`] if it cannot be drawn.
    pub fn svg(&self) -> Result<String> {
        let (width, height) = self.drawing.size();
        let mut drawn = String::new();
        self.draw(SVGBackend::with_string(&mut drawn, (width, height))).map_err(|error| self.failure(error))?;
        let contents = drawn.split_once('>').map_or("", |(_, contents)| contents);
        let (title, description) = (escaped(&self.title), escaped(&self.description));
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"{title}: {description}\">\n<title>{title}</title>\n<desc>{description}</desc>{contents}",
            width / 2,
            height / 2
        ))
    }

    /// The plot as a PNG file.
    ///
    /// # Errors
    /// As [`Plot::svg`].
    pub fn png(&self) -> Result<Vec<u8>> {
        png::encode(self.drawing.size(), &self.pixels()?).map_err(|error| self.failure(error))
    }

    /// Red, green and blue, row after row.
    fn pixels(&self) -> Result<Vec<u8>> {
        let size = self.drawing.size();
        let mut pixels = vec![0; 3 * size.0 as usize * size.1 as usize];
        self.draw(BitMapBackend::with_buffer(&mut pixels, size)).map_err(|error| self.failure(error))?;
        Ok(pixels)
    }
}

/// The font that measures texts, and that draws them in PNG files.
fn register_fonts() {
    static ONCE: Once = Once::new();
    // the font is part of the program: it is valid
    ONCE.call_once(|| drop(register_font(style::FONT, FontStyle::Normal, dejavu::sans::regular())));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(title: &str) -> Plot {
        let drawing = Drawing::Bars(Bars { x_name: String::new(), bars: Vec::new() });
        Plot { name: "bars".to_owned(), title: title.to_owned(), description: "a <b> & c".to_owned(), drawing }
    }

    /// The font comes with the program: no other is looked for.
    #[test]
    fn text_in_a_bitmap() {
        let dark = |title: &str| figure(title).pixels().ok().unwrap().iter().filter(|x| **x < 100).count();
        assert!(dark("Größe in m²") > dark("") + 1000);
        // what the font does not have is no error
        dark("寸法\u{0}");
    }

    #[test]
    fn an_svg_says_what_it_shows() {
        let svg = figure("\"1 < 2\"").svg().ok().unwrap();
        let expected = "role=\"img\" aria-label=\"&quot;1 &lt; 2&quot;: a &lt;b&gt; &amp; c\">\n<title>&quot;1 &lt; 2&quot;</title>\n\
                        <desc>a &lt;b&gt; &amp; c</desc>";
        assert!(svg.contains(expected), "{svg}");
    }
}
