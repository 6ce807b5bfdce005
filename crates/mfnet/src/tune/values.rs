use serde_json::{Value, json};

use crate::words::did_you_mean;

/// Fields that are whole numbers.
const WHOLE: [&str; 4] = ["batch_size", "accumulate", "epochs", "early_stopping"];
/// Fields that are numbers.
const NUMBERS: [&str; 13] = [
    "dropout",
    "input_noise",
    "label_smoothing",
    "learning_rate",
    "warmup",
    "momentum",
    "weight_decay",
    "l1",
    "max_norm",
    "clip_norm",
    "clip_layer_norm",
    "min_delta",
    "mixup",
];
/// The field with the sizes of the hidden layers.
const HIDDEN: &str = "hidden";
/// A dimension of `hidden`: the number of its equal layers.
pub(super) const LAYERS: &str = "hidden.layers";
/// The most equal layers.
const MOST_LAYERS: f64 = 100.0;
/// Numbers have this many significant digits, so that a recipe can be read.
const DIGITS: i32 = 3;

/// The values of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers between two ends.
    Range {
        /// The lowest.
        low: f64,
        /// The highest.
        high: f64,
        /// Whether equal ratios are equally likely, instead of equal differences.
        log: bool,
        /// Whether only whole numbers.
        whole: bool,
    },
    /// These values.
    Choices(Vec<Value>),
}

impl Values {
    /// The value at a coordinate from 0 to 1; whole numbers are multiples of a unit, if the range is
    /// longer than it.
    pub(super) fn at(&self, u: f64, unit: f64) -> Value {
        match self {
            Values::Choices(choices) => choices[((u * choices.len() as f64) as usize).min(choices.len() - 1)].clone(),
            Values::Range { low, high, log, whole } => {
                // a whole number has as much room as the others
                let (from, to) = if *whole { (low - 0.5, high + 0.5) } else { (*low, *high) };
                let from = if *log { from.max(low / 2.0) } else { from };
                let x = if *log { from * (to / from).powf(u) } else { from + u * (to - from) };
                if !whole {
                    return json!(rounded(x).clamp(*low, *high));
                }
                let unit = if high - low >= unit { unit } else { 1.0 };
                json!(((x / unit).round() * unit).clamp(*low, *high) as u64)
            }
        }
    }

    /// The coordinate of a value.
    pub(super) fn coordinate(&self, value: &Value) -> f64 {
        match self {
            Values::Choices(choices) => {
                let place = choices.iter().position(|choice| choice == value).unwrap_or(0);
                (place as f64 + 0.5) / choices.len() as f64
            }
            Values::Range { low, high, log, whole } => {
                let (from, to) = if *whole { (low - 0.5, high + 0.5) } else { (*low, *high) };
                let from = if *log { from.max(low / 2.0) } else { from };
                let x = value.as_f64().unwrap_or(*low).clamp(*low, *high);
                let u = if *log { (x / from).ln() / (to / from).ln() } else { (x - from) / (to - from) };
                u.clamp(0.0, 1.0)
            }
        }
    }
}

fn rounded(x: f64) -> f64 {
    format!("{x:.*e}", DIGITS as usize - 1).parse().unwrap_or(x)
}

/// The values of a setting, as TOML has them.
pub(super) fn values(name: &str, value: &Value) -> std::result::Result<Values, String> {
    let is_whole = WHOLE.contains(&name) || name.starts_with("hidden.");
    let is_number = is_whole || NUMBERS.contains(&name);
    let is_number_of_layers = |layers: f64| match name == LAYERS && !(1.0..=MOST_LAYERS).contains(&layers) {
        true => Err(format!("{name}: expected 1 to {MOST_LAYERS} hidden layers, found {layers}")),
        false => Ok(()),
    };
    if let (HIDDEN, Value::Array(choices)) = (name, value)
        && let Some(size) = choices.iter().find(|choice| choice.is_number())
    {
        return Err(format!("hidden: expected a list of sizes for each value, such as [[{size}], [{size}, {size}]]"));
    }
    match value {
        Value::Array(choices) if choices.is_empty() => Err(format!("{name} has no value")),
        Value::Array(choices) => match (1..choices.len()).find(|i| choices[..*i].contains(&choices[*i])) {
            Some(i) => Err(format!("{name} has the value {} twice", choices[i])),
            None => match choices.iter().find(|choice| name.starts_with("hidden.") && choice.as_u64().is_none()) {
                Some(other) => Err(format!("{name}: expected whole numbers, found {other}")),
                None => choices
                    .iter()
                    .filter_map(Value::as_f64)
                    .try_for_each(is_number_of_layers)
                    .map(|()| Values::Choices(choices.clone())),
            },
        },
        Value::Object(ends) if is_number => {
            let known = ["low", "high", "log"].map(str::to_owned);
            if let Some(other) = ends.keys().find(|end| !known.contains(end)) {
                return Err(format!(
                    "{name}: a range has low, high and log, not {other}{}",
                    did_you_mean(&known, other)
                ));
            }
            let number = |end: &str| match ends.get(end) {
                // JSON has neither NaN nor infinity
                Some(Value::Null) => Err(format!("{name}: expected a finite number for {end}")),
                Some(number) => {
                    number.as_f64().ok_or_else(|| format!("{name}: expected a number for {end}, found {number}"))
                }
                None => Err(format!("{name}: a range needs {end}")),
            };
            let (low, high) = (number("low")?, number("high")?);
            let log = match ends.get("log") {
                None => false,
                Some(log) => {
                    log.as_bool().ok_or_else(|| format!("{name}: expected true or false for log, found {log}"))?
                }
            };
            if low >= high {
                return Err(format!("{name}: low must be below high, found {low} and {high}"));
            }
            if log && low <= 0.0 {
                return Err(format!("{name}: with log, low must be above 0, found {low}"));
            }
            if is_whole && (low.fract() != 0.0 || high.fract() != 0.0 || low < 0.0) {
                return Err(format!("{name}: expected whole numbers, found {low} and {high}"));
            }
            is_number_of_layers(low)?;
            is_number_of_layers(high)?;
            Ok(Values::Range { low, high, log, whole: is_whole })
        }
        Value::Object(_) => Err(format!("{name} is not a number: write a list of its values")),
        other if is_number => {
            Err(format!("{name}: expected a list of values or a range such as {{ low = 1, high = 10 }}, found {other}"))
        }
        other => Err(format!("{name}: expected a list of values, found {other}")),
    }
}
