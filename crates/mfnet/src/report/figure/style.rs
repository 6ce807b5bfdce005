//! Colours, strokes, texts and axes of all plots.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::axis::Axis;
use super::{Area, Drawn};

pub(super) const FONT: &str = "sans-serif";
/// The width of a plot, in units of half a pixel. Its texts are readable on a phone's screen too.
pub(super) const WIDTH: i32 = 960;
/// The height of a line of text.
pub(super) const TEXT: i32 = 32;
/// The mean width of a character.
pub(super) const CHARACTER: i32 = 16;
const TITLE: i32 = 36;
/// The height of the region above a plot.
pub(super) const ABOVE: i32 = 64;

// `head.html` replaces these three and white by other colours in dark mode.
/// The colour of texts and axes.
pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
/// The colour of lines that only guide the eye.
pub(super) const FAINT: RGBColor = RGBColor(217, 217, 217);
/// The colour of what is within the noise.
pub(super) const GREY: RGBColor = RGBColor(153, 153, 153);
/// The colours of texts on a coloured cell and of the paper of pictures, which are the same in dark
/// mode.
pub(super) const CELL_INK: RGBColor = RGBColor(35, 35, 35);
pub(super) const CELL_PAPER: RGBColor = RGBColor(254, 254, 254);
/// Colours that colour-blind people can distinguish (Okabe and Ito 2008, "Color Universal Design").
pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(super) const VERMILLION: RGBColor = RGBColor(213, 94, 0);
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);

/// Colour and dashes of a line. Either of them is enough to distinguish the lines.
#[derive(Clone, Copy)]
pub(in super::super) struct Stroke {
    colour: RGBColor,
    /// The lengths of a dash and of a gap; none for a line without gaps.
    dashes: Option<(i32, i32)>,
}

impl Stroke {
    pub(in super::super) const TRAINING: Stroke = Stroke { colour: BLUE, dashes: None };
    pub(in super::super) const VALIDATION: Stroke = Stroke { colour: VERMILLION, dashes: Some((22, 10)) };
    pub(in super::super) const LINEAR: Stroke = Stroke { colour: GREEN, dashes: Some((44, 16)) };
    pub(in super::super) const NAIVE: Stroke = Stroke { colour: INK, dashes: Some((6, 10)) };

    pub(in super::super) const STEPS: Stroke = Stroke { colour: GREY, dashes: None };

    pub(super) fn style(self) -> ShapeStyle {
        ShapeStyle { color: self.colour.into(), filled: true, stroke_width: 4 }
    }

    /// Draws a line through points of the region.
    pub(super) fn draw<DB: DrawingBackend>(self, area: &Area<DB>, points: Vec<(i32, i32)>) -> Drawn<DB> {
        match self.dashes {
            None => area.draw(&PathElement::new(points, self.style())),
            Some((dash, gap)) => area.draw(&DashedPathElement::new(points, dash, gap, self.style())),
        }
    }
}

/// A thin line.
pub(super) fn thin(colour: RGBColor) -> ShapeStyle {
    ShapeStyle { color: colour.into(), filled: false, stroke_width: 2 }
}

pub(super) fn text(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    (FONT, TEXT).into_font().color(&INK).pos(Pos::new(horizontal, vertical))
}

/// Text that is rotated to read from below.
pub(super) fn turned(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    text(horizontal, vertical).transform(FontTransform::Rotate270)
}

pub(super) fn write<DB: DrawingBackend>(
    area: &Area<DB>,
    at: (i32, i32),
    words: &str,
    style: TextStyle<'_>,
) -> Drawn<DB> {
    area.draw(&Text::new(words.to_owned(), at, style))
}

/// Writes the title, and returns the region below it.
pub(super) fn title<DB: DrawingBackend>(area: &Area<DB>, title: &str) -> Drawn<DB, Area<DB>> {
    let style = (FONT, TITLE).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
    write(area, (24, ABOVE / 2), title, style)?;
    Ok(area.margin(ABOVE, 0, 0, 0))
}

/// The approximate length of a text.
pub(super) fn length(words: &str) -> i32 {
    CHARACTER * words.chars().count() as i32
}

/// Draws a thin line.
pub(super) fn line<DB: DrawingBackend>(
    area: &Area<DB>,
    from: (i32, i32),
    to: (i32, i32),
    colour: RGBColor,
) -> Drawn<DB> {
    area.draw(&PathElement::new(vec![from, to], thin(colour)))
}

/// A plot's two axes.
pub(super) type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<Axis, Axis>>;

/// Draws axes with their names, ticks and faint lines.
pub(super) fn chart<'a, DB: DrawingBackend>(
    area: &'a Area<DB>,
    (x, x_name): (&Axis, &str),
    (y, y_name): (&Axis, &str),
) -> Drawn<DB, Chart<'a, DB>> {
    let beside = 2 * TEXT + CHARACTER * y.label_length() as i32;
    let mut chart = ChartBuilder::on(area)
        .margin_right(40)
        .margin_left(16)
        .margin_top(16)
        .x_label_area_size(3 * TEXT)
        .y_label_area_size(beside)
        .build_cartesian_2d(x.clone(), y.clone())?;
    let font = (FONT, TEXT).into_font().color(&INK);
    chart
        .configure_mesh()
        .bold_line_style(thin(FAINT))
        .light_line_style(thin(FAINT))
        .axis_style(thin(INK))
        .label_style(font.clone())
        .axis_desc_style(font)
        .x_desc(x_name)
        .y_desc(y_name)
        .draw()?;
    Ok(chart)
}
