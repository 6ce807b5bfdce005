//! From a table to a model file, as `mfnet train FILE --target COLUMN` does it, and a prediction from the file.
//!
//! ```text
//! cargo run --release --example table_to_model
//! cargo run --release --example table_to_model -- flats.csv price
//! cargo run --release --features report --example table_to_model      report.html too
//! ```

#![allow(clippy::print_stdout)]

use std::{env, error, fs};

use mfnet::data::BUILT_IN;
use mfnet::fit::Input;
use mfnet::{Model, Recipe, fit};

fn main() -> Result<(), Box<dyn error::Error>> {
    let (recipe, input) = match &env::args().collect::<Vec<_>>()[1..] {
        [file, target] => {
            let recipe = Recipe::of_target(target);
            (recipe.clone(), Input::read(file, &recipe)?)
        }
        // without arguments the built-in diabetes data, whose target is known
        _ => (Recipe::default(), BUILT_IN[1].table()?.into()),
    };
    let fit = fit(input, &recipe, &mut ())?;
    println!("{}\n\n{}", fit.plan.introduction(), fit.text());

    let folder = env::temp_dir().join("mfnet-table-to-model");
    fs::create_dir_all(&folder)?;
    let file = folder.join("model.safetensors");
    fit.model.save(&file)?;
    fs::write(folder.join("metrics.json"), format!("{:#}\n", fit.summary.json()))?;
    #[cfg(feature = "report")]
    fs::write(folder.join("report.html"), mfnet::report::Report::new(&fit, "table_to_model")?.page)?;
    println!("\nsaved in {}", folder.display());

    // a row by names, as in [("rooms", 3.0.into()), ("city", "Oslo".into())]; this one has missing values alone
    print!("about an unknown row: {}", Model::load(&file)?.predict_row([])?);
    Ok(())
}
