//! `--find-rate`: the learning-rate range test, without a training.

use std::fmt::Write;

use mfnet::fit::Plan;
use mfnet::report::Plot;
use mfnet::text::{counted, escaped, significant};
use mfnet::train::RateTest;
use serde_json::json;

use super::folder::RunFolder;
use crate::args::TrainArgs;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{message, print, print_json, progress_bar};

/// Digits of rates and losses in messages.
const DIGITS: usize = 2;

pub(super) fn run(args: &TrainArgs, plan: &Plan, folder: &RunFolder) -> Result<(), Failure> {
    if !args.outputs.quiet {
        message(&before(plan));
    }
    let bar = progress_bar(args.outputs.quiet, "step {pos} of {len} {wide_bar} {percent:>3} %");
    bar.set_length(RateTest::STEPS as u64);
    let test = plan.find_rate(&mut |test| {
        bar.set_position(test.rates.len() as u64);
        interrupt::flow()
    });
    bar.finish_and_clear();
    let test = test?;
    if interrupt::is_raised() {
        message(&format!("\ninterrupted after {}: there are no results", counted(test.rates.len(), "step")));
        return Err(Failure::interrupted());
    }
    let plot = Plot::of_rates(&test);
    let [table, drawn] = folder.write_rates([table(&test).as_bytes(), plot.svg()?.as_bytes(), &plot.png()?])?;
    folder.finish();
    if args.json {
        let lowest = test.lowest();
        return print_json(&json!({
            "suggestion": test.suggestion,
            "lowest_rate": lowest.map(|step| test.rates[step]),
            "lowest_smoothed_loss": lowest.map(|step| test.smoothed[step]),
            "steps": test.rates.len(),
            "output": folder.path.display().to_string(),
        }));
    }
    let [table, drawn] = [table, drawn].map(|path| path.display().to_string());
    print(&format!("{}\nrates: {}\nplot: {}\n", sentence(&test), escaped(&table), escaped(&drawn)))
}

/// What the test does, for someone who read the plan of the training.
fn before(plan: &Plan) -> String {
    let network = match plan.recipe().ensemble {
        Some(networks) if networks > 1 => format!(" for the first of {networks} networks"),
        _ => String::new(),
    };
    let steps = counted(RateTest::STEPS, "step");
    format!("range test{network}: up to {steps}, whose learning rate grows from 0.000001 to 10; nothing is trained")
}

/// The suggestion.
fn sentence(test: &RateTest) -> String {
    let Some((rate, lowest)) = test.suggestion.zip(test.lowest()) else {
        return format!("no learning rate lowered the loss in {}", counted(test.rates.len(), "step"));
    };
    let [rate, lowest] = [rate, test.rates[lowest]].map(|rate| significant(rate, DIGITS));
    format!("the loss was lowest at the learning rate {lowest}; train with a tenth of it: --learning-rate {rate}")
}

/// rates.csv: a line for each step.
fn table(test: &RateTest) -> String {
    let steps = test.rates.iter().zip(&test.losses).zip(&test.smoothed);
    steps.fold("rate,loss,smoothed\n".to_owned(), |mut table, ((rate, loss), smoothed)| {
        // writing to a text does not fail
        let _ = writeln!(table, "{rate},{loss},{smoothed}");
        table
    })
}
