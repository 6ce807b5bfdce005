//! The encoding and scaling of the columns.

use super::Writer;
use super::html::Column::{Number, Text};
use crate::Model;
use crate::data::{Encoder, Link};
use crate::text::{DIGITS, columns, counted, significant};

const MOST: usize = 40;

pub(super) fn write(model: &Model, report: &mut Writer) {
    let preprocessing = model.preprocessing();
    let columns = model.features();
    let features: Vec<String> = preprocessing.scaled_columns().into_iter().map(|i| columns[i].clone()).collect();
    report.page.heading("Preprocessing");
    if let Some(encoders) = &preprocessing.columns {
        write_encoders(columns, encoders, preprocessing.features(), report);
    }
    if !features.is_empty() {
        let (becomes, names, numbers) = columns::scaling(&preprocessing.inputs, features.len());
        let each = if names.is_empty() { format!("of the {} features x", features.len()) } else { "x".to_owned() };
        report.page.paragraph(&format!("Each {each} {becomes}."));
        if !names.is_empty() {
            table(&features, names, &numbers, &preprocessing.inputs.constant(), report);
        }
    }
    if let Some(targets) = &preprocessing.targets {
        let all = || targets.mean.iter().zip(&targets.scale);
        let (text, names, numbers): (_, &[&str], Vec<_>) = match preprocessing.link {
            Link::Log => (
                "Targets are divided by their mean for training, and the network predicts the logarithm of that. \
                 Predictions are scaled back.",
                &["mean"],
                all().map(|(_, scale)| vec![*scale]).collect(),
            ),
            Link::Identity => (
                "Targets are standardized for training: y becomes (y − mean) / standard deviation. Predictions are scaled \
                 back.",
                &["mean", "standard deviation"],
                all().map(|(mean, scale)| vec![*mean, *scale]).collect(),
            ),
        };
        report.page.paragraph(text);
        table(model.target().columns(), names, &numbers, targets.constant(), report);
    }
}

/// The encoding of each column; of many columns, only the first ones.
fn write_encoders(columns: &[String], encoders: &[Encoder], features: usize, report: &mut Writer) {
    report.page.paragraph(&format!(
        "{} become {}. The encoding is learned from the training rows. A category that they do not contain counts as \"all others\", or is 0 in all features of a column without \"all others\".",
        counted(columns.len(), "column"),
        counted(features, "feature")
    ));
    let row = |(name, encoder): (&String, &Encoder)| {
        vec![name.clone(), encoder.kind().to_owned(), columns::encoded(encoder), encoder.width().to_string()]
    };
    let head = [("column", Text), ("kind", Text), ("becomes", Text), ("features", Number)];
    report.page.table(&head, columns.iter().zip(encoders).take(MOST).map(row));
    more(columns, report);
}

fn more(columns: &[String], report: &mut Writer) {
    if columns.len() > MOST {
        report.page.paragraph(&format!("… and {} more columns", columns.len() - MOST));
    }
}

/// Some numbers of each column; of many columns, only the first ones.
fn table(columns: &[String], names: &[&str], numbers: &[Vec<f64>], constant: &[usize], report: &mut Writer) {
    let row = |(i, (name, numbers)): (usize, (&String, &Vec<f64>))| {
        let remark = if constant.contains(&i) { "constant in the training rows" } else { "" };
        let numbers = numbers.iter().map(|x| significant(*x, DIGITS)).collect();
        [vec![name.clone()], numbers, vec![remark.to_owned()]].concat()
    };
    let names = names.iter().map(|name| (*name, Number));
    let head: Vec<_> = [("column", Text)].into_iter().chain(names).chain([("", Text)]).collect();
    report.page.table(&head, columns.iter().zip(numbers).enumerate().take(MOST).map(row));
    more(columns, report);
}
