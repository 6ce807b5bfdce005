//! The network of a plan: layers from sizes and columns.

use super::names::Norm;
use super::plan::Plan;
use super::recipe::Recipe;
use crate::data::{Dataset, Preprocessing};
use crate::error::{Error, Result};
use crate::layer::{
    ActivationName, BatchNormSettings, Dropout, EmbeddingSettings, LayerNormSettings, LayerSpec, Noise,
};
use crate::network::NeuralNetwork;
use crate::random::Seed;
use crate::tensor::Scalar;
use crate::train::Trainer;
use crate::words::did_you_mean;

impl Plan {
    /// The networks before training.
    pub(super) fn networks<T: Scalar>(&self) -> Result<Vec<NeuralNetwork<T>>> {
        (0..self.task.networks()).map(|k| self.network(Trainer::<T>::seed_of(self.task.recipe.seed, k))).collect()
    }

    /// A network of the layers that were chosen.
    pub(super) fn network<T: Scalar>(&self, seed: Seed) -> Result<NeuralNetwork<T>> {
        let builder = NeuralNetwork::builder(self.preprocessing.features()).dtype::<T>();
        let builder = self.layers.iter().cloned().fold(builder, |builder, layer| builder.spec(layer));
        let net = builder.linear(self.task.data.outputs()).build(seed);
        match self.task.recipe.layers {
            Some(_) => net.map_err(|error| Error::recipe(format!("`layers`: {error}"))),
            None => net,
        }
    }
}

/// All layers but the output layer.
pub(super) fn layers(
    recipe: &Recipe,
    hidden: &[usize],
    data: &Dataset,
    preprocessing: &Preprocessing,
) -> Result<Vec<LayerSpec>> {
    let mut layers = embeddings(recipe, data, preprocessing)?;
    match &recipe.layers {
        Some(given) => {
            check_embeddings(&layers, given, data, preprocessing)?;
            layers.extend(given.iter().cloned());
        }
        None => {
            recipe.check_residual(hidden)?;
            if recipe.input_noise > 0.0 {
                layers.push(LayerSpec::Noise(Noise::unchecked(recipe.input_noise)));
            }
            layers.extend(blocks(recipe, hidden));
        }
    }
    Ok(layers)
}

/// For each hidden size: linear, normalisation, activation, dropout; as a residual block if the
/// recipe asks for it and the previous layer has the same size.
fn blocks(recipe: &Recipe, hidden: &[usize]) -> Vec<LayerSpec> {
    let activation = recipe.activation.unwrap_or(ActivationName::Relu);
    let block = |outputs: usize| {
        let norm = recipe.norm.map(|norm| match norm {
            Norm::Batch => LayerSpec::BatchNorm(BatchNormSettings::default()),
            Norm::Layer => LayerSpec::LayerNorm(LayerNormSettings::default()),
        });
        let dropout = (recipe.dropout > 0.0).then(|| LayerSpec::Dropout(Dropout::unchecked(recipe.dropout)));
        let activation = LayerSpec::Activation { function: activation.to_string() };
        let linear = LayerSpec::Linear { inputs: None, outputs };
        [Some(linear), norm, Some(activation), dropout].into_iter().flatten().collect::<Vec<_>>()
    };
    let before = [None].into_iter().chain(hidden.iter().map(Some));
    let of = |(before, size): (Option<&usize>, &usize)| match recipe.residual && before == Some(size) {
        true => vec![LayerSpec::Residual { layers: block(*size) }],
        false => block(*size),
    };
    before.zip(hidden).flat_map(of).collect()
}

/// An embedding for each column of [`Recipe::embeddings`], last columns first, so that earlier
/// positions stay valid.
fn embeddings(recipe: &Recipe, data: &Dataset, preprocessing: &Preprocessing) -> Result<Vec<LayerSpec>> {
    let encoders = preprocessing.columns.as_deref().unwrap_or_default();
    let categories = || data.feature_names().iter().zip(encoders).filter(|(_, encoder)| encoder.kind() == "category");
    for column in recipe.embeddings.keys() {
        if categories().any(|(name, _)| name == column) {
            continue;
        }
        let names: Vec<String> = categories().map(|(name, _)| name.clone()).collect();
        let problem = match data.feature_names().contains(column) {
            true => format!("`embeddings` names the column {column:?}, which is not a category"),
            false => format!("`embeddings` names {column:?}, which is not a feature{}", did_you_mean(&names, column)),
        };
        let error = Error::recipe(problem);
        return Err(match names.is_empty() {
            true => error.with_help("the data has no categories; `categorical` turns a column of numbers into one"),
            false => error.with_help(format!("the categories are {}", names.join(", "))),
        });
    }
    let mut layers = Vec::new();
    let mut first = 0;
    for (name, encoder) in data.feature_names().iter().zip(encoders) {
        let levels = encoder.width();
        if let Some(size) = recipe.embeddings.get(name) {
            layers.push(LayerSpec::Embedding(EmbeddingSettings { first, levels, size: *size }));
        }
        first += levels;
    }
    layers.reverse();
    Ok(layers)
}

/// Refuses an embedding at the start of the given layers that reads a part of a category, or more than it. Features that
/// belong to no category may be one-hot already.
fn check_embeddings(
    before: &[LayerSpec],
    given: &[LayerSpec],
    data: &Dataset,
    preprocessing: &Preprocessing,
) -> Result<()> {
    // name, number of features, and whether they are a category
    let encoders = preprocessing.columns.as_deref().unwrap_or_default();
    let columns = data.feature_names().iter().zip(encoders);
    let mut columns: Vec<_> =
        columns.map(|(name, encoder)| (name, encoder.width(), encoder.kind() == "category")).collect();
    let places = |columns: &[(&String, usize, bool)]| {
        let starts = columns.iter().scan(0, |start, (_, width, _)| Some(std::mem::replace(start, *start + width)));
        starts.collect::<Vec<_>>()
    };
    for layer in before.iter().chain(given) {
        let LayerSpec::Embedding(EmbeddingSettings { first, levels, size }) = layer else { return Ok(()) };
        let starts = places(&columns);
        let is_read =
            |(start, (_, width, is)): &(&usize, &(&String, usize, bool))| *is && *start == first && width == levels;
        let Some(column) = starts.iter().zip(&columns).position(|place| is_read(&place)) else {
            let categories = starts.iter().zip(&columns).filter(|(_, (.., is))| *is);
            let meets = |start: usize, width: usize| start < first.saturating_add(*levels) && *first < start + width;
            if !categories.clone().any(|(start, (_, width, _))| meets(*start, *width)) {
                return Ok(());
            }
            let known: Vec<String> = categories
                .map(|(start, (name, width, _))| format!("{name} (first = {start}, levels = {width})"))
                .collect();
            let message =
                format!("`layers`: an embedding with first = {first} and levels = {levels} is not one category");
            let error = Error::recipe(message);
            return Err(error.with_help(format!("the categories are {}", known.join(", "))));
        };
        columns[column] = (columns[column].0, *size, false);
    }
    Ok(())
}

/// Describes the layers: the features, then the outputs of each linear layer and what follows it.
pub(super) fn described(features: usize, layers: &[LayerSpec], outputs: usize) -> String {
    format!("{features}{} → {outputs}", words(layers))
}

fn words(layers: &[LayerSpec]) -> String {
    let word = |layer: &LayerSpec| match layer {
        LayerSpec::Linear { outputs, .. } => format!(" → {outputs}"),
        LayerSpec::Activation { function } => format!(" {function}"),
        LayerSpec::Residual { layers } => format!(" → residual ({})", words(layers).trim_start_matches([' ', '→'])),
        other => format!(" {}", other.words()),
    };
    layers.iter().map(word).collect()
}
