//! Permutation importance of the columns on the test rows.

use super::figure::{Bars, Cell, Drawing, Grid, Hue};
use super::{NAME, Run, Writer, evenly, html, side};
use crate::data::Targets;
use crate::error::Result;
use crate::fit::Fit;
use crate::model::{AnyNetwork, Importance};
use crate::text::{counted, grouped, significant};
use crate::{Dataset, Model, NeuralNetwork, Scalar, Seed, Tensor};

/// The largest number of floating-point operations: half a second on two cores, two seconds on slow
/// ones.
const OPERATIONS: usize = 40_000_000_000;
const REPETITIONS: usize = 5;
/// With fewer rows than this, the score is too coarse.
const FEWEST_ROWS: usize = 100;
const SEED: Seed = Seed(0);
/// Number of bars in the plot.
const MOST_BARS: usize = 20;
/// Number of patches on a side of a picture with more pixels than that.
const PATCHES: usize = 8;

/// The importance of groups of features for some test rows, the most important ones first.
pub(super) struct Importances {
    groups: Vec<(Vec<usize>, Importance)>,
    rows: usize,
    repetitions: usize,
}

impl Importances {
    /// `None` if it would take too long, or the program was interrupted.
    pub(super) fn of(fit: &Fit, test: &Dataset) -> Result<Option<Self>> {
        let side = side(test.feature_names());
        let mut groups = match side {
            Some(side) => patches(side),
            None => (0..test.features()).map(|feature| vec![feature]).collect(),
        };
        // predictions of one row for one group
        let predictions = OPERATIONS / (2 * fit.model.parameter_count()).max(1);
        let most = predictions / FEWEST_ROWS.min(test.samples());
        if fit.summary.interrupted || most < groups.len() && (side.is_some() || most < MOST_BARS) {
            return Ok(None);
        }
        if most < groups.len() {
            groups = heaviest(&fit.model, most).into_iter().map(|feature| vec![feature]).collect();
        }
        let affordable = predictions / groups.len().max(1);
        let repetitions = (affordable / test.samples()).clamp(1, REPETITIONS);
        let rows = evenly(test.samples(), affordable / repetitions);
        let of_groups = fit.model.permutation_importance(&test.select(&rows)?, &groups, repetitions, SEED)?;
        let mut groups: Vec<_> = groups.into_iter().zip(of_groups).collect();
        groups.sort_by(|(_, a), (_, b)| b.mean.total_cmp(&a.mean));
        Ok(Some(Importances { groups, rows: rows.len(), repetitions }))
    }

    /// The features, the most important ones first.
    pub(super) fn features(&self) -> Vec<usize> {
        self.groups.iter().flat_map(|(features, _)| features.iter().copied()).collect()
    }
}

/// This many columns, those with the largest weights in the first layer, in their original order.
fn heaviest(model: &Model, count: usize) -> Vec<usize> {
    fn squares<T: Scalar>(net: &NeuralNetwork<T>) -> Vec<f64> {
        let of_feature = |w: &Tensor<T>, j| w.column(j).map(|w| w.to_f64().powi(2)).sum();
        // the first column holds the biases
        net.parameters()
            .next()
            .map_or_else(Vec::new, |p| (1..p.value.columns()).map(|j| of_feature(&p.value, j)).collect())
    }
    let of_inputs = model.networks().iter().map(|net| match net {
        AnyNetwork::F64(net) => squares(net),
        AnyNetwork::F32(net) => squares(net),
    });
    let of_inputs = of_inputs.reduce(|a, b| a.iter().zip(b).map(|(a, b)| a + b).collect()).unwrap_or_default();
    let places = model.preprocessing().places().into_iter();
    let squares: Vec<f64> = places.map(|place| of_inputs[place].iter().sum()).collect();
    let mut features: Vec<usize> = (0..squares.len()).collect();
    features.sort_by(|a, b| squares[*b].total_cmp(&squares[*a]));
    features.truncate(count);
    features.sort_unstable();
    features
}

/// The pixels of square patches, row by row. All have the same size, except at the right and lower
/// border.
fn patches(side: usize) -> Vec<Vec<usize>> {
    let size = side.div_ceil(PATCHES);
    let across = side.div_ceil(size);
    let mut patches = vec![Vec::new(); across * across];
    for pixel in 0..side * side {
        patches[pixel / side / size * across + pixel % side / size].push(pixel);
    }
    patches
}

pub(super) fn write(run: &Run<'_>, report: &mut Writer) -> Result<()> {
    report.page.heading("Feature importance");
    let Some(importances) = &run.importances else {
        let why = match run.fit.summary.interrupted {
            true => ", because the program was interrupted.",
            false => ", because it would take too long with so many columns and weights.",
        };
        report.page.paragraph(&format!("Feature importance was not computed{why}"));
        return Ok(());
    };
    let Importances { groups, rows, repetitions } = importances;
    if groups.iter().all(|(_, importance)| importance.mean.is_nan()) {
        let why = "The test score, R², is undefined, so feature importance is undefined too.";
        report.page.paragraph(why);
        return Ok(());
    }
    let (names, side) = (run.test.feature_names(), side(run.test.feature_names()));
    let of_classes = !matches!(run.test.targets(), Targets::Values { .. });
    // accuracy in percentage points
    let (score, unit, scale) =
        if of_classes { ("accuracy", ", in percentage points,", 100.0) } else { ("R²", "", 1.0) };
    let sample = match run.test.samples() {
        all if *rows < all => format!("{} of the {} test rows, evenly spaced", grouped(*rows), grouped(all)),
        _ => counted(*rows, "test row"),
    };
    let (what, parts) = match side {
        Some(8) => ("each pixel", "pixels"),
        Some(_) => ("each patch of pixels", "patches"),
        None => ("each column", "columns"),
    };
    let times = if *repetitions == 1 { "one shuffle".to_owned() } else { format!("mean of {repetitions} shuffles") };
    let noise = match (side, repetitions) {
        (Some(_), 1) => " No colour: nothing is lost.",
        (Some(_), _) => " No colour: the loss is not larger than the standard deviation of the shuffles.",
        (None, 1) => " Grey: nothing is lost.",
        (None, _) => {
            " Lines: ± one standard deviation of the shuffles. Grey: the loss is not larger than that, so it may be noise."
        }
    };
    let caption = format!(
        "Permutation importance: the test {score} that is lost{unit} when the values of {what} are shuffled ({sample}; \
         {times}).{noise} If several {parts} carry the same information, each may look unimportant."
    );
    let scaled = |(features, importance): &(Vec<usize>, Importance)| {
        let Importance { mean, std, .. } = *importance;
        Loss { features: features.clone(), mean: scale * mean, std: scale * std }
    };
    let losses: Vec<Loss> = groups.iter().map(scaled).collect();
    let drawing = match (side, of_classes) {
        (Some(side), true) => map(&losses, side, "percentage points of accuracy lost"),
        (Some(side), false) => map(&losses, side, "R² lost"),
        (None, true) => bars(&losses, names, "accuracy lost in percentage points when this column is shuffled"),
        (None, false) => bars(&losses, names, "R² lost when this column is shuffled"),
    };
    let Loss { features, mean, .. } = &losses[0];
    let first = features.first().map_or("", |feature| &names[*feature]);
    let description = format!(
        "{first} is the most important: {}{} {score} lost",
        significant(*mean, 2),
        if of_classes { " percentage points of" } else { "" }
    );
    report.figure("importance", &format!("Importance of the {parts}"), &description, &caption, drawing)?;
    if groups.len() > MOST_BARS && side.is_none() {
        let looked_at = match (groups.len(), names.len()) {
            (some, all) if some < all => {
                format!("the {some} columns with the largest weights in the first layer, of {all}")
            }
            (_, all) => format!("{all} columns"),
        };
        report.page.paragraph(&format!("The plot shows the {MOST_BARS} most important of {looked_at}."));
    }
    Ok(())
}

/// How much is lost when some features are shuffled.
struct Loss {
    features: Vec<usize>,
    mean: f64,
    std: f64,
}

fn bars(losses: &[Loss], names: &[String], x_name: &str) -> Drawing {
    let shown = &losses[..losses.len().min(MOST_BARS)];
    let names: Vec<String> = shown.iter().map(|loss| names[loss.features[0]].clone()).collect();
    let bars =
        html::apart(&names, NAME).into_iter().zip(shown).map(|(name, loss)| (name, loss.mean, loss.std)).collect();
    Drawing::Bars(Bars { x_name: x_name.to_owned(), bars })
}

fn map(patches: &[Loss], side: usize, name: &str) -> Drawing {
    let size = side.div_ceil(PATCHES);
    let across = side.div_ceil(size);
    let largest = patches.iter().map(|loss| loss.mean).fold(0.0, f64::max);
    let cell = |loss: &Loss| {
        let first = loss.features[0];
        let (row, column) = (first / side / size, first % side / size);
        Cell { row, column, hue: Hue::Blue, shade: loss.mean / largest, text: Vec::new() }
    };
    let key = vec![(Hue::Blue, ["little".to_owned(), format!("{} {name}", significant(largest, 2))])];
    let mut cells: Vec<_> = patches.iter().filter(|loss| loss.mean > loss.std.max(0.0)).map(cell).collect();
    cells.sort_by_key(|cell| (cell.row, cell.column));
    Drawing::Grid(Grid { size: across, labels: Vec::new(), axes: ["", ""], cells, key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_cut_into_patches() {
        assert_eq!(patches(8), (0..64).map(|pixel| vec![pixel]).collect::<Vec<_>>());
        let of_28 = patches(28);
        assert_eq!((of_28.len(), of_28[0].len()), (49, 16));
        assert_eq!(of_28[8][..5], [116, 117, 118, 119, 144]);
        assert_eq!(patches(9)[24], [80]);
    }
}
