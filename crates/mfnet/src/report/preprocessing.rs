//! What is done to the columns before the network sees them.

use crate::{Encoder, Scaler, Standardizer};

use super::html::Column;
use super::{Run, Writer};
use crate::text::columns;
use crate::text::{counted, significant};

const DIGITS: usize = 6;
const MOST: usize = 40;

pub(super) fn write(run: &Run<'_>, report: &mut Writer) {
    let preprocessing = run.model.preprocessing();
    let columns = run.model.features();
    let features: Vec<String> = preprocessing.scaled_columns().into_iter().map(|i| columns[i].clone()).collect();
    let features = features.as_slice();
    report.page.heading("Preprocessing");
    if let Some(encoders) = &preprocessing.columns {
        write_encoders(columns, encoders, preprocessing.features(), report);
    }
    match &preprocessing.inputs {
        _ if features.is_empty() => {}
        Scaler::Affine(scaling) => write_affine(features, scaling, report),
        Scaler::Quantiles(quantiles) => {
            let count = quantiles.values().first().map_or(0, Vec::len);
            report.page.paragraph(&format!(
                "Each x becomes its normal quantile among {count} quantiles of the training rows."
            ));
            let of = |i: usize| {
                let values = &quantiles.values()[i];
                [values[0], values[(values.len() - 1) / 2], values[values.len() - 1]]
            };
            table(features, ["smallest", "middle", "largest"], of, &preprocessing.inputs.constant(), report);
        }
    }
    if let Some(targets) = &preprocessing.targets {
        report.page.paragraph("For training each target y became (y − mean) / deviation; predictions are scaled back:");
        affine_table(run.model.target().columns(), ["mean", "deviation"], targets, report);
    }
}

/// What becomes of each column; of many columns the first ones.
fn write_encoders(columns: &[String], encoders: &[Encoder], features: usize, report: &mut Writer) {
    report.page.paragraph(&format!(
        "{} become {}, as the training rows have it; a level of a category that they do not have is one of the others.",
        counted(columns.len(), "column"),
        counted(features, "feature")
    ));
    let row = |(name, encoder): (&String, &Encoder)| {
        vec![name.clone(), encoder.kind().to_owned(), columns::encoded(encoder), encoder.width().to_string()]
    };
    let rows: Vec<Vec<String>> = columns.iter().zip(encoders).take(MOST).map(row).collect();
    let head =
        [("column", Column::Text), ("kind", Column::Text), ("becomes", Column::Text), ("features", Column::Number)];
    report.page.table(&head, &rows);
    more(columns, report);
}

fn more(columns: &[String], report: &mut Writer) {
    if columns.len() > MOST {
        report.page.paragraph(&format!("… and {} more columns.", columns.len() - MOST));
    }
}

fn write_affine(features: &[String], scaling: &Standardizer, report: &mut Writer) {
    if let (Some((shift, scale)), 2..) = (scaling.common(), features.len()) {
        report.page.paragraph(&format!(
            "Each of the {} features x becomes (x − {}) / {}, shift and scale of all features together in the training rows.",
            features.len(),
            significant(shift, DIGITS),
            significant(scale, DIGITS)
        ));
        return;
    }
    report.page.paragraph("Each x becomes (x − shift) / scale, learned from the training rows.");
    affine_table(features, ["shift", "scale"], scaling, report);
}

fn affine_table(columns: &[String], names: [&str; 2], scaling: &Standardizer, report: &mut Writer) {
    let of = |i: usize| [scaling.mean[i], scaling.scale[i]];
    table(columns, names, of, scaling.constant(), report);
}

/// Some numbers of each column; of many columns the first ones.
fn table<const N: usize>(
    columns: &[String],
    names: [&str; N],
    of: impl Fn(usize) -> [f64; N],
    constant: &[usize],
    report: &mut Writer,
) {
    let row = |(i, name): (usize, &String)| {
        let remark = if constant.contains(&i) { "constant in the training rows" } else { "" };
        let numbers = of(i).map(|x| significant(x, DIGITS));
        [vec![name.clone()], numbers.to_vec(), vec![remark.to_owned()]].concat()
    };
    let rows: Vec<Vec<String>> = columns.iter().enumerate().take(MOST).map(row).collect();
    let numbers = names.map(|name| (name, Column::Number));
    report.page.table(&[&[("column", Column::Text)], &numbers[..], &[("", Column::Text)]].concat(), &rows);
    more(columns, report);
}
