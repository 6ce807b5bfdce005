//! What `mfnet train flats.csv --target price` does: a model, its scores beside the baselines', and a report.
//!
//! ```text
//! cargo run --release --features report --example fit_table -- flats.csv price
//! ```

#![allow(clippy::print_stdout)]

use std::{env, error, fs};

use mfnet::data::BUILT_IN;
use mfnet::fit::Input;
use mfnet::report::Report;
use mfnet::{Recipe, fit};

fn main() -> Result<(), Box<dyn error::Error>> {
    let (recipe, input) = match &env::args().collect::<Vec<_>>()[1..] {
        [file, target] => {
            let recipe = Recipe::of_target(target);
            (recipe.clone(), Input::read(file, &recipe)?)
        }
        // without arguments a data set that is built in, whose target is known
        _ => (Recipe::default(), BUILT_IN[1].table()?.into()),
    };
    let fit = fit(input, &recipe, &mut ())?;
    println!("{}\n\n{}", fit.plan.introduction(), fit.text());

    let folder = env::temp_dir().join("mfnet-fit");
    fs::create_dir_all(&folder)?;
    fit.model.save(folder.join("model.safetensors"))?;
    fs::write(folder.join("metrics.json"), format!("{:#}\n", fit.summary.json()))?;
    fs::write(folder.join("report.html"), Report::new(&fit, "fit_table")?.page)?;
    println!("saved: {}", folder.display());
    Ok(())
}
