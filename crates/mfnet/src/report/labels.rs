//! The scores of several labels at once.

use super::html::Column::{Number, Text};
use super::{Writer, percent};
use crate::metric::{LabelMetrics, Metrics};
use crate::text::{as_read, grouped};

/// Number of rows of the table of labels.
const MOST_LISTED: usize = 40;

pub(super) fn write(metrics: &Metrics, report: &mut Writer) {
    let Metrics::Labels { label_accuracy, subset_accuracy, micro_f1, labels, .. } = metrics else { return };
    report.page.heading("Labels");
    report.page.paragraph(&format!(
        "{} of all labels of the test rows are right, and all labels of {} of the rows. The F1 of all labels together is {}.",
        percent(*label_accuracy),
        percent(*subset_accuracy),
        percent(*micro_f1)
    ));
    let mut listed: Vec<&LabelMetrics> = labels.iter().collect();
    if listed.len() > MOST_LISTED {
        listed.sort_by(|a, b| a.f1.total_cmp(&b.f1));
        listed.truncate(MOST_LISTED);
        let all = grouped(labels.len());
        report.page.paragraph(&format!("The {MOST_LISTED} labels with the lowest F1, out of {all}:"));
    }
    let columns = [("label", Text), ("precision", Number), ("recall", Number), ("F1", Number), ("support", Number)];
    let row = |of: &LabelMetrics| {
        let [precision, recall, f1] = [of.precision, of.recall, of.f1].map(percent);
        vec![of.label.clone(), precision, recall, f1, as_read(of.support)]
    };
    report.page.table(&columns, listed.into_iter().map(row));
    report.page.paragraph(
        "Precision: the percentage of rows predicted to have the label that have it. Recall: the percentage of rows with the \
         label that are predicted to have it. F1: the harmonic mean of both. Support: the number of rows with the label, or \
         the sum of their weights.",
    );
}
