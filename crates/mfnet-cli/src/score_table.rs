//! Scores as a table for people.

use mfnet::Metrics;

use crate::output::{grouped, significant};

/// A row of the table.
pub(crate) struct Row<'a> {
    pub(crate) name: String,
    pub(crate) samples: usize,
    pub(crate) loss: Option<f64>,
    pub(crate) metrics: &'a Metrics,
}

/// A header and a line for each row.
pub(crate) fn score_table(rows: &[Row<'_>]) -> String {
    let names: &[&str] = match rows.first().map(|row| row.metrics) {
        Some(Metrics::Classification { .. }) => &["accuracy"],
        _ => &["RMSE", "MAE", "R²"],
    };
    let header = ["rows", "loss"].iter().chain(names).map(|name| (*name).to_owned()).collect();
    let lines = std::iter::once(line("", header)).chain(rows.iter().map(|row| {
        let loss = row
            .loss
            .map_or_else(String::new, |loss| if loss < 1e5 { format!("{loss:.4}") } else { format!("{loss:.3e}") });
        line(&row.name, [vec![grouped(row.samples), loss], cells(row.metrics)].concat())
    }));
    lines.collect()
}

fn line(name: &str, cells: Vec<String>) -> String {
    let cells: String = cells.iter().map(|cell| format!("{cell:>12}")).collect();
    format!("{name:20}{cells}\n")
}

fn cells(metrics: &Metrics) -> Vec<String> {
    match metrics {
        Metrics::Classification { accuracy, .. } => vec![format!("{:.2} %", 100.0 * accuracy)],
        Metrics::Regression { rmse, mae, r2 } => vec![significant(*rmse, 4), significant(*mae, 4), format!("{r2:.4}")],
    }
}
