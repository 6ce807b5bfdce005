//! `mfnet explain`.

use std::path::Path;

use mfnet::{
    AnyNetwork, Dataset, Loss, Model, NeuralNetwork, Scalar, Source, Table, TargetColumns, Tensor, Walkthrough,
};

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::output::print;
use crate::source;

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let walk = match (&args.model, &args.data) {
        (Some(model), Some(data)) => walk(args, model, data)?,
        _ => Walkthrough::seed_example()?,
    };
    if args.json {
        let json = serde_json::to_string(&walk).map_err(|error| Failure::work(error.to_string()))?;
        return print(&format!("{json}\n"));
    }
    print(&walk.to_string())
}

/// Some rows of the data as one batch through the model.
fn walk(args: &ExplainArgs, model: &Path, data: &str) -> Result<Walkthrough, Failure> {
    let model = source::model(model)?;
    let source = source::read(data, &args.folders, model.reader(), false)?;
    let batch = Batch::new(&model, &source, &args.rows)?;
    match model.network() {
        AnyNetwork::F64(net) => walk_of(net, &model, &batch, args.learning_rate),
        AnyNetwork::F32(net) => walk_of(net, &model, &batch, args.learning_rate),
    }
}

/// Inputs as the network sees them, and targets if the data have them.
struct Batch {
    inputs: Tensor<f64>,
    targets: Option<Tensor<f64>>,
}

impl Batch {
    fn new(model: &Model, source: &Source, rows: &[usize]) -> Result<Self, Failure> {
        let preprocessing = model.preprocessing();
        let with_target = |table: &Table| model.target().columns().iter().all(|c| table.position(c).is_ok());
        let table = match source {
            Source::Table(table) if !with_target(table) => table,
            _ => {
                let data: Dataset = preprocessing.apply(&source.dataset_for(model)?.select(rows)?);
                return Ok(Batch { inputs: data.inputs(), targets: Some(data.targets().matrix()) });
            }
        };
        let inputs = model.inputs(table)?;
        if let Some(row) = rows.iter().find(|row| **row >= inputs.columns()) {
            let last = inputs.columns() - 1;
            return Err(Failure::work(format!(
                "{}: there is no row {row}: the rows are numbered 0 to {last}",
                table.name()
            )));
        }
        Ok(Batch { inputs: inputs.select_columns(rows), targets: None })
    }
}

fn walk_of<T: Scalar>(net: &NeuralNetwork<T>, model: &Model, batch: &Batch, rate: f64) -> Result<Walkthrough, Failure> {
    let name = model.training.loss.as_deref().unwrap_or(match model.target() {
        TargetColumns::Classification { .. } => "cross-entropy",
        TargetColumns::Regression { .. } => "mse",
    });
    let loss = <dyn Loss<T>>::from_name(name);
    let loss = loss.ok_or_else(|| {
        Failure::work(format!("the model was trained with the loss {name:?}, which is not known here"))
    })?;
    let inputs = batch.inputs.map(T::from_f64);
    let targets = batch.targets.as_ref().map(|y| y.map(T::from_f64));
    Ok(Walkthrough::of(net, &*loss, &inputs, targets.as_ref(), rate)?)
}
