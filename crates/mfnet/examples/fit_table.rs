//! What `mfnet train flats.csv --target price` does: a model, its scores beside the baselines', and a report.
//!
//! ```text
//! cargo run --release --features report --example fit_table -- flats.csv price
//! ```

#![allow(clippy::print_stdout)]

use std::{env, error, fs};

use mfnet::{Input, Recipe, Report, fit};

fn main() -> Result<(), Box<dyn error::Error>> {
    let (file, target) = (env::args().nth(1), env::args().nth(2));
    let (file, target) = file.zip(target).ok_or("usage: fit_table FILE TARGET")?;

    let recipe = Recipe::of_target(target);
    let fit = fit(Input::read(file, &recipe)?, &recipe, &mut ())?;
    println!("{}\n\n{}", fit.plan.introduction(), fit.text());
    fit.model.save("model.safetensors")?;
    fs::write("metrics.json", format!("{:#}\n", fit.summary.json()))?;
    fs::write("report.html", Report::new(&fit, "fit_table")?.page)?;
    Ok(())
}
