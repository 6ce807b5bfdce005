use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::values::{LAYERS, Values, values};
use crate::error::{Error, Result};
use crate::fit::{Plan, Recipe, line_of, toml_fields};
use crate::loss::LossName;
use crate::words::did_you_mean;

/// The other dimension of `hidden`: the size of its equal layers.
const UNITS: &str = "hidden.units";
/// Sizes of layers are multiples of this.
const UNIT: f64 = 8.0;
/// The settings that a search varies, and their values.
///
/// In TOML, a field of [`Recipe::SEARCHABLE`] has a list of values, or a range of numbers; `log` means
/// that equal ratios are equally likely. `hidden` may be a number of equal layers and their size.
///
/// ```
/// use mfnet::tune::Space;
/// let space = Space::from_toml(
///     r#"
///     activation = ["relu", "gelu"]
///     learning_rate = { low = 1e-4, high = 1e-2, log = true }
///     hidden = { layers = { low = 1, high = 3 }, units = { low = 64, high = 512, log = true } }
///     "#,
/// )?;
/// let names: Vec<&str> = space.names().collect();
/// assert_eq!(names, ["activation", "hidden.layers", "hidden.units", "learning_rate"]);
/// assert!(Space::from_toml("seed = [1, 2]").is_err());
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    dimensions: Vec<(String, Values)>,
}

impl Space {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io), and as [`Space::from_toml`], with the name of the
    /// file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(Error::io(path, "read"))?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Parses TOML.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) with the line for invalid content.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::parse("space", text)
    }

    fn parse(name: &str, text: &str) -> Result<Self> {
        let place = |line: Option<usize>| line.map_or_else(String::new, |line| format!(", line {line}"));
        let fields = toml_fields(text)
            .map_err(|(line, message)| Error::recipe_file(format!("{name}{}: {message}", place(line))))?;
        Self::from_fields(&fields, &|field| format!("{name}{}: ", place(line_of(text, field))))
    }

    /// As [`Space::to_json`] wrote it.
    pub(super) fn from_json(fields: &Map<String, Value>) -> Result<Self> {
        Self::from_fields(fields, &|_| String::new())
    }

    fn from_fields(fields: &Map<String, Value>, place: &dyn Fn(&str) -> String) -> Result<Self> {
        let mut dimensions = Vec::new();
        for (field, value) in fields {
            let wrong = |message: String| Error::recipe_file(format!("{}{message}", place(field)));
            if let Some(message) = Recipe::not_searchable(field) {
                return Err(wrong(message).with_help(format!("the settings are {}", Recipe::SEARCHABLE.join(", "))));
            }
            let mut add = |name: &str, value: &Value| -> Result<()> {
                let values = values(name, value).map_err(&wrong)?;
                let space = Space { dimensions: vec![(name.to_owned(), values)] };
                for (_, coordinate) in space.corners() {
                    let settings = space.settings(&[coordinate]);
                    with(&Recipe::default(), &settings).map_err(|error| wrong(error.to_string()))?;
                }
                dimensions.extend(space.dimensions);
                Ok(())
            };
            match value {
                Value::Object(parts) if field == "hidden" => {
                    let known = ["layers".to_owned(), "units".to_owned()];
                    if let Some(other) = parts.keys().find(|part| !known.contains(part)) {
                        let similar = did_you_mean(&known, other);
                        return Err(wrong(format!("hidden has layers and units, not {other}{similar}")));
                    }
                    let (Some(layers), Some(units)) = (parts.get("layers"), parts.get("units")) else {
                        return Err(wrong(
                            "hidden needs both layers and units, or a list of lists of sizes".to_owned(),
                        ));
                    };
                    add(LAYERS, layers)?;
                    add(UNITS, units)?;
                }
                _ => add(field, value)?,
            }
        }
        if dimensions.is_empty() {
            return Err(Error::recipe_file(format!("{}the space of a search has no setting", place(""))));
        }
        Ok(Space { dimensions })
    }

    /// The same as TOML has.
    pub(super) fn to_json(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        for (name, values) in &self.dimensions {
            let value = match values {
                Values::Choices(choices) => choices.clone().into(),
                Values::Range { low, high, log, .. } => json!({ "low": low, "high": high, "log": log }),
            };
            match name.split_once('.') {
                None => drop(fields.insert(name.clone(), value)),
                Some((field, part)) => fields.entry(field).or_insert_with(|| json!({}))[part] = value,
            }
        }
        fields
    }

    /// Writes TOML.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) for values that TOML cannot represent.
    pub fn to_toml(&self) -> Result<String> {
        let text = toml::to_string(&self.to_json());
        text.map_err(|error| Error::recipe(format!("cannot be written as TOML: {error}")))
    }

    /// The usual space around the settings of a plan: size and activation of the hidden layers, dropout,
    /// learning rate, weight decay, batch size, scaling, and label smoothing for classes. Settings that
    /// the recipe of the plan gives stay as they are.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) if the recipe gives all of them.
    pub fn usual(plan: &Plan) -> Result<Self> {
        let (recipe, given) = (plan.recipe(), plan.given()?);
        let range = |low: f64, high: f64, log| Values::Range { low, high, log, whole: false };
        let words = |words: &[&str]| Values::Choices(words.iter().map(|word| json!(word)).collect());
        let whole =
            |low: usize, high: usize, log| Values::Range { low: low as f64, high: high as f64, log, whole: true };
        let rate = recipe.learning_rate.unwrap_or(1e-3);
        let decay = recipe.weight_decay.filter(|decay| *decay > 0.0);
        let (batch, rows) = (recipe.batch_size.unwrap_or(8), plan.training_rows());
        let batches = (batch.div_ceil(4).max(8).min(batch), (8 * batch).min(rows / 8).max(batch));
        let mut all = vec![
            (LAYERS, whole(1, 3, false)),
            (UNITS, whole(32, 512, true)),
            ("activation", words(&["relu", "gelu", "silu", "tanh"])),
            ("dropout", range(0.0, 0.5, false)),
            ("learning_rate", range(rate / 10.0, rate * 10.0, true)),
            ("weight_decay", decay.map_or(range(1e-6, 1e-2, true), |decay| range(decay / 100.0, decay * 4.0, true))),
            ("scale", words(&["standard", "quantile"])),
        ];
        if batches.0 < batches.1 {
            all.push(("batch_size", whole(batches.0, batches.1, true)));
        }
        if recipe.loss == Some(LossName::CrossEntropy) {
            all.push(("label_smoothing", range(0.0, 0.2, false)));
        }
        let mut dimensions = Vec::new();
        for (name, values) in all {
            let field = name.split('.').next().unwrap_or(name);
            let space = Space { dimensions: vec![(name.to_owned(), values)] };
            let fits = |coordinate: f64| {
                let recipe = with(&recipe, &space.settings(&[coordinate]));
                recipe.is_ok_and(|recipe| recipe.check().is_ok())
            };
            let is_fixed = given.contains_key(field) || plan.has_pixels() && field == "scale";
            if !is_fixed && space.corners().map(|(_, corner)| corner).all(fits) {
                dimensions.extend(space.dimensions);
            }
        }
        if dimensions.is_empty() {
            return Err(Error::recipe("all settings that are usually searched are given")
                .with_help("leave some of them out, or say with a space which settings to search"));
        }
        Ok(Space { dimensions })
    }

    /// The names of the dimensions: fields, and `hidden.layers` and `hidden.units`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().map(|(name, _)| name.as_str())
    }

    /// The dimensions with their values.
    pub fn dimensions(&self) -> impl Iterator<Item = (&str, &Values)> {
        self.dimensions.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// The value that a recipe has in a dimension.
    pub(super) fn value(name: &str, recipe: &Recipe) -> Result<Value> {
        let hidden = recipe.hidden.as_deref().unwrap_or_default();
        Ok(match name {
            LAYERS => hidden.len().into(),
            UNITS => hidden.first().copied().unwrap_or(0).into(),
            field => recipe.fields()?.remove(field).unwrap_or_default(),
        })
    }

    /// The values of each dimension.
    pub(super) fn values(&self) -> impl Iterator<Item = &Values> {
        self.dimensions.iter().map(|(_, values)| values)
    }

    /// Number of dimensions.
    pub(super) fn len(&self) -> usize {
        self.dimensions.len()
    }

    /// Whether a field of a recipe is varied.
    pub fn has(&self, field: &str) -> bool {
        self.names().any(|name| name.split('.').next() == Some(field))
    }

    /// Coordinates that reach all kinds of values of each dimension, with the number of the dimension.
    pub(super) fn corners(&self) -> impl Iterator<Item = (usize, f64)> {
        self.values().enumerate().flat_map(|(dimension, values)| {
            let count = if let Values::Choices(choices) = values { choices.len() } else { 3 };
            let corner = move |i: usize| (i as f64 + 0.5) / count as f64;
            let ends = if let Values::Choices(_) = values { None } else { Some([0.0, 1.0]) };
            (0..count).map(corner).chain(ends.into_iter().flatten()).map(move |corner| (dimension, corner))
        })
    }

    /// How many combinations of values there are; `None` with a range.
    pub(super) fn combinations(&self) -> Option<usize> {
        let count = |values: &Values| if let Values::Choices(choices) = values { Some(choices.len()) } else { None };
        self.values().map(count).try_fold(1_usize, |all, count| Some(all.saturating_mul(count?)))
    }

    /// The settings at coordinates from 0 to 1.
    pub(super) fn settings(&self, point: &[f64]) -> Map<String, Value> {
        let mut settings = Map::new();
        let (mut layers, mut units) = (None, None);
        for ((name, values), u) in self.dimensions.iter().zip(point) {
            let value = values.at(*u, if name == UNITS { UNIT } else { 1.0 });
            match name.as_str() {
                LAYERS => layers = value.as_u64(),
                UNITS => units = value.as_u64(),
                _ => drop(settings.insert(name.clone(), value)),
            }
        }
        if layers.or(units).is_some() {
            let sizes = vec![units.unwrap_or(64); layers.unwrap_or(1) as usize];
            settings.insert("hidden".to_owned(), sizes.into());
        }
        settings
    }

    /// The coordinates of a recipe's settings; those that are not in the space have the nearest ones.
    pub(super) fn point(&self, recipe: &Recipe) -> Result<Vec<f64>> {
        self.dimensions().map(|(name, values)| Ok(values.coordinate(&Self::value(name, recipe)?))).collect()
    }
}

/// A recipe with other settings.
///
/// # Errors
/// [`ErrorKind::Recipe`](crate::error::ErrorKind::Recipe) for a value that its field cannot have.
pub(super) fn with(recipe: &Recipe, settings: &Map<String, Value>) -> Result<Recipe> {
    let mut fields = recipe.fields()?;
    fields.extend(settings.clone());
    Recipe::of_fields(fields)
}
