//! Scores as a table for people.

use crate::metric::{Metrics, TargetMetrics};

use super::{escaped, grouped, significant};

/// A row of the table.
pub struct Row<'a> {
    /// The name of the row.
    pub name: String,
    /// Number of samples scored.
    pub samples: usize,
    /// Their loss.
    pub loss: Option<f64>,
    /// Their metrics.
    pub metrics: &'a Metrics,
}

/// The table as text.
pub fn score_table(rows: &[Row<'_>]) -> String {
    table(&score_lines(rows))
}

/// Aligns lines in columns.
pub fn table(lines: &[(String, Vec<String>)]) -> String {
    let width = lines.iter().map(|(name, _)| name.chars().count()).fold(20, usize::max);
    let line = |(name, cells): &(String, Vec<String>)| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>12}")).collect();
        format!("{name:width$}{cells}\n")
    };
    lines.iter().map(line).collect()
}

/// The score for comparing models, with its name; for several targets, whose units differ, it is
/// R².
pub fn headline(metrics: &Metrics) -> (&'static str, f64) {
    match metrics {
        Metrics::Classification { accuracy, .. } => ("accuracy", *accuracy),
        Metrics::Labels { label_accuracy, .. } => ("accuracy of labels", *label_accuracy),
        Metrics::Regression { r2, targets, .. } if !targets.is_empty() => ("R²", *r2),
        Metrics::Regression { rmse, .. } => ("RMSE", *rmse),
    }
}

/// Formats a value `x` of that score.
pub fn headline_cell(metrics: &Metrics, x: f64) -> String {
    match headline(metrics).0 {
        "accuracy" | "accuracy of labels" => percent(x),
        "R²" => r2_cell(x),
        _ => significant(x, 4),
    }
}

/// A header and a line for each row; for several targets, also a line for each, because RMSE and
/// MAE mix their units.
pub fn score_lines(rows: &[Row<'_>]) -> Vec<(String, Vec<String>)> {
    let names: &[&str] = match rows.first().map(|row| row.metrics) {
        Some(Metrics::Classification { .. }) => &["accuracy"],
        Some(Metrics::Labels { .. }) => &["labels", "whole rows", "mean F1"],
        _ => &["RMSE", "MAE", "R²"],
    };
    let header = ["rows", "loss"].iter().chain(names).map(|name| (*name).to_owned()).collect();
    let mut lines = vec![(String::new(), header)];
    for row in rows {
        let loss = match row.loss {
            Some(loss) if loss < 1e5 => format!("{loss:.4}"),
            Some(loss) => format!("{loss:.3e}"),
            None => String::new(),
        };
        let mut push = |name, samples, loss, cells: &[String]| lines.push((name, [&[samples, loss], cells].concat()));
        let (name, samples) = (row.name.clone(), grouped(row.samples));
        match row.metrics {
            Metrics::Classification { accuracy, .. } => push(name, samples, loss, &[percent(*accuracy)]),
            Metrics::Labels { label_accuracy, subset_accuracy, macro_average, .. } => {
                let f1 = significant(macro_average.f1, 4);
                push(name, samples, loss, &[percent(*label_accuracy), percent(*subset_accuracy), f1]);
            }
            Metrics::Regression { rmse, mae, r2, targets } if targets.is_empty() => {
                push(name, samples, loss, &regression(*rmse, *mae, *r2));
            }
            Metrics::Regression { r2, targets, .. } => {
                push(name, samples, loss, &[String::new(), String::new(), r2_cell(*r2)]);
                for TargetMetrics { column, rmse, mae, r2 } in targets {
                    push(format!("  {}", escaped(column)), String::new(), String::new(), &regression(*rmse, *mae, *r2));
                }
            }
        }
    }
    lines
}

fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

fn regression(rmse: f64, mae: f64, r2: f64) -> [String; 3] {
    [significant(rmse, 4), significant(mae, 4), r2_cell(r2)]
}

/// R² with four decimals; a very negative one with an exponent.
pub(crate) fn r2_cell(r2: f64) -> String {
    // not -0.0000
    let r2 = if r2.abs() < 5e-5 { 0.0 } else { r2 };
    if r2 > -1e5 { format!("{r2:.4}") } else { format!("{r2:.3e}") }
}
