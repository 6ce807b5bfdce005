//! The module `mfnet._core`: what the Python package does in Rust. The package itself is in `python/mfnet`.
//!
//! Every function catches panics and raises `RuntimeError` instead (`errors::guarded`), releases Python's
//! lock while it works, and looks for Ctrl-C meanwhile (`signals`).

// tuples are what Python gets
#![allow(clippy::type_complexity)]

mod arrays;
mod download;
mod engine;
mod errors;
mod estimator;
mod model;
mod pools;
mod program;
mod seed;
mod signals;
mod table;
mod trainer;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    mfnet_cli::silence_decoders();
    mfnet_cli::download_with(download::Urllib);
    errors::add(module)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(program::program, module)?)?;
    module.add_function(wrap_pyfunction!(pools::threads, module)?)?;
    module.add_function(wrap_pyfunction!(model::fit, module)?)?;
    module.add_function(wrap_pyfunction!(model::load, module)?)?;
    module.add_class::<model::FittedModel>()?;
    module.add_class::<engine::Loss>()?;
    module.add_class::<engine::Data>()?;
    engine::add(module)?;
    module.add_function(wrap_pyfunction!(estimator::check_name, module)?)?;
    module.add_class::<estimator::Mlp>()?;
    module.add_class::<seed::SeedFit>()
}
