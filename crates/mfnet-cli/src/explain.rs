//! `mfnet explain`.

use std::path::Path;

use mfnet::explain::Walkthrough;
use mfnet::fit::Source;
use mfnet::loss::LossName;
use mfnet::model::AnyNetwork;
use mfnet::{Model, NeuralNetwork, Scalar, Table, Target, Tensor};

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::output::{message, print, print_json};
use crate::source::{self, Files};

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let walk = match (&args.model, &args.data) {
        (Some(model), Some(data)) => walk(args, model, data)?,
        _ => Walkthrough::worked_example()?,
    };
    if args.json {
        let json = serde_json::to_string(&walk).map_err(|error| Failure::work(error.to_string()))?;
        return print_json(&json);
    }
    print(&walk.to_string())
}

/// Runs some rows of the data as one batch through the model.
fn walk(args: &ExplainArgs, model: &Path, data: &Path) -> Result<Walkthrough, Failure> {
    let model = source::model_for("explain", model, data)?;
    let data = [data.to_owned()];
    let files = Files { data: &data, folders: &args.folders, reading: &args.reading, quiet: false };
    let source = files.read(args.file.set(model.reader()))?;
    let batch = batch(&model, &source, &args.rows)?;
    if model.networks().len() > 1 {
        message(&format!(
            "note: the model is an ensemble of {} networks; these are the numbers of the first",
            model.networks().len()
        ));
    }
    let walk = match model.network() {
        AnyNetwork::F64(net) => walk_of(net, &model, &batch, args.learning_rate),
        AnyNetwork::F32(net) => walk_of(net, &model, &batch, args.learning_rate),
    }?;
    let features = model.preprocessing().names(model.features());
    let outputs = match model.target() {
        Target::Classes { labels, .. } | Target::Labels { labels, .. } => labels,
        Target::Values { columns } => columns,
    };
    Ok(walk.with_names(&features, outputs))
}

/// The inputs after preprocessing; the targets, if the data have them; and the weights of the rows,
/// if rows or classes had weights in training.
struct Batch {
    inputs: Tensor<f64>,
    targets: Option<Tensor<f64>>,
    weights: Option<Vec<f64>>,
}

fn batch(model: &Model, source: &Source, rows: &[usize]) -> Result<Batch, Failure> {
    let with_target = |table: &Table| model.target().columns().iter().all(|c| table.position(c).is_ok());
    let table = match source {
        Source::Table(table) if !with_target(table) => table,
        _ => {
            let column = model.training.sample_weight().filter(|column| source.has_column(column));
            let data = source.weighted(source.dataset_for(model)?, column, model)?;
            let data = model.preprocessing().apply(&data.select(rows)?);
            let (targets, weights) = (Some(data.targets().matrix()), data.loss_weights().map(<[f64]>::to_vec));
            return Ok(Batch { inputs: data.inputs(), targets, weights });
        }
    };
    let inputs = model.inputs(table)?;
    if let Some(row) = rows.iter().find(|row| **row >= inputs.columns()) {
        let (name, last) = (table.name(), inputs.columns() - 1);
        return Err(Failure::work(format!("{name}: there is no row {row}: the rows are numbered 0 to {last}")));
    }
    Ok(Batch { inputs: inputs.select_columns(rows), targets: None, weights: None })
}

fn walk_of<T: Scalar>(net: &NeuralNetwork<T>, model: &Model, batch: &Batch, rate: f64) -> Result<Walkthrough, Failure> {
    let loss = match (&model.training.loss, model.target()) {
        (Some(name), _) => name.parse().map_err(|_| {
            Failure::work(format!("the model was trained with the loss {name:?}, which this version does not know"))
        })?,
        (None, Target::Classes { .. }) => LossName::CrossEntropy,
        (None, Target::Labels { .. }) => LossName::BinaryCrossEntropy,
        (None, Target::Values { .. }) => LossName::Mse,
    };
    let loss = loss.loss::<T>();
    let (inputs, targets) = (batch.inputs.map(T::from_f64), batch.targets.as_ref().map(|y| y.map(T::from_f64)));
    Ok(match (&targets, &batch.weights) {
        (Some(y), Some(weights)) => Walkthrough::of_weighted(net, &*loss, &inputs, (y, weights), rate)?,
        _ => Walkthrough::of(net, &*loss, &inputs, targets.as_ref(), rate)?,
    })
}
