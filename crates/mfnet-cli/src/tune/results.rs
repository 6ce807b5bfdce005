//! Writes and prints the results of a search.

use mfnet::fit::Fit;
use mfnet::report::Report;
use mfnet::text::{as_option, escaped};
use mfnet::tune::{Outcome, Record};
use serde_json::{Value, json};

use super::driver::End;
use super::folder::SearchFolder;
use crate::failure::{Failure, with_options};
use crate::output::{of_csv, print, print_json};

pub(super) struct Results<'a> {
    pub(super) folder: &'a SearchFolder,
    pub(super) records: &'a [Record],
    pub(super) default: Option<&'a Fit>,
    pub(super) best: &'a Fit,
    pub(super) end: End,
}

impl Results<'_> {
    fn outcome(&self) -> Outcome<'_> {
        let Results { folder, records, default, best, .. } = self;
        Outcome { search: &folder.search, records, default: *default, best }
    }

    /// Writes trials.csv, best.toml, results.json and report.html.
    pub(super) fn write(&self, plots: bool) -> Result<(), Failure> {
        let folder = self.folder;
        folder.write("trials.csv", &self.trials()?)?;
        folder.write("best.toml", self.best.plan.recipe().to_toml()?.as_bytes())?;
        folder.write("results.json", format!("{}\n", self.json()?).as_bytes())?;
        let report = Report::of_search(&self.outcome(), &crate::train::head(&self.best.plan))?;
        crate::train::write_report(&report, &folder.path, plots)
    }

    /// A line for each training, with the settings in columns.
    fn trials(&self) -> Result<Vec<u8>, Failure> {
        let failed = |error: csv::Error| Failure::work(format!("trials.csv: {}", of_csv(error)));
        let fields: Vec<&str> = fields(self.records);
        let default = self.folder.search.default().fields()?;
        let mut csv = csv::Writer::from_writer(Vec::new());
        let head = ["trial", "rung", "epochs", "score", "best_epoch", "error"];
        csv.write_record(head.iter().chain(&fields)).map_err(failed)?;
        for record in self.records {
            let number = |number: Option<String>| number.unwrap_or_default();
            let cells = [
                record.trial.to_string(),
                record.rung.to_string(),
                record.epochs.to_string(),
                number(record.score.map(|score| score.to_string())),
                number(record.best_epoch.map(|epoch| epoch.to_string())),
                record.error.clone().map(|error| with_options(&error)).unwrap_or_default(),
            ];
            let value = |field: &&str| record.settings.get(*field).or(default.get(*field));
            let settings = fields.iter().map(|field| value(field).map_or_else(String::new, as_option));
            csv.write_record(cells.into_iter().chain(settings)).map_err(failed)?;
        }
        csv.into_inner().map_err(|error| Failure::work(format!("trials.csv: {error}")))
    }

    fn json(&self) -> Result<Value, Failure> {
        let mut json = self.outcome().json()?;
        json["complete"] = json!(self.end == End::Complete);
        json["output"] = json!(self.folder.path.to_string_lossy());
        Ok(json)
    }

    pub(super) fn print(&self, as_json: bool) -> Result<(), Failure> {
        if as_json {
            return print_json(&self.json()?);
        }
        let folder = self.folder.path.display().to_string();
        let folder = escaped(&folder);
        let end = match self.end {
            End::OutOfTime => "The time limit was reached: the result depends on the speed of the machine.\n\n",
            End::Complete | End::Interrupted => "",
        };
        let text = with_options(&self.outcome().text()?);
        print(&format!(
            "{end}{text}\nbest settings: {folder}/best.toml\nmodel: {folder}/best/model.safetensors\nreport: {folder}/report.html\n"
        ))
    }
}

/// All fields that trials set.
fn fields(records: &[Record]) -> Vec<&str> {
    let mut fields: Vec<&str> = records.iter().flat_map(|record| record.settings.keys()).map(String::as_str).collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}
