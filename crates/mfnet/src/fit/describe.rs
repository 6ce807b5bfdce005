//! Describes a plan in words, and the training for the model file.

use std::collections::BTreeMap;

use mfnet_table::shortest;
use serde_json::{Value, json};

use super::network;
use super::parts::rows;
use super::plan::Plan;
use super::recipe::Recipe;
use crate::data::Encoder;
use crate::model::Training;
use crate::optimizer::{Clip, Schedule};
use crate::text::{columns, counted, escaped};
use crate::train::{Monitor, SampleOrder};

impl Plan {
    /// Describes the plan for people: the data, the split, the network and its training.
    pub fn introduction(&self) -> String {
        let data = [self.task.described(), self.parts.described(&self.task)].into_iter().chain(self.constant());
        let data = data.chain(self.weights_line(1));
        data.chain([self.network_line()]).chain(self.otherwise_before()).collect::<Vec<_>>().join("\n")
    }

    /// The same for all folds of a cross-validation.
    pub fn introduction_of(folds: &[Plan]) -> String {
        let Some(Plan { task, .. }) = folds.first() else { return String::new() };
        let seed = task.recipe.split_seed();
        let not_official = if task.data.has_official_split() { " instead of the official split" } else { "" };
        let by = match &task.recipe.time {
            Some(column) => format!("{} folds over time (column {}){not_official}", folds.len(), escaped(column)),
            None => format!("{} folds (seed {seed}){not_official}", folds.len()),
        };
        let rows = rows(task, &by, folds.iter().map(|fold| &*fold.parts));
        let weights = folds[0].weights_line(folds.len());
        let lines = [task.described(), rows].into_iter().chain(weights).chain([folds[0].network_line()]);
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A line with the training settings of the warm start model, if they differ.
    fn otherwise_before(&self) -> Option<String> {
        const OF_ONE_RUN: [&str; 9] = [
            "best_epoch",
            "ensemble",
            "epochs",
            "order",
            "scale",
            "seed",
            "skip_missing_target",
            "warm_optimizer",
            "warm_start",
        ];
        let Training { loss, settings, .. } = &self.task.start.as_ref()?.training;
        let [mut before, mut now] = [settings.clone(), self.settings()];
        for settings in [&mut before, &mut now] {
            settings.retain(|name, _| !OF_ONE_RUN.contains(&name.as_str()));
        }
        if loss.as_deref() == Some(&self.loss.to_string()) && before == now {
            return None;
        }
        let settings = before.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name} {text}"),
            None => format!("{name} {value}"),
        });
        let all: Vec<String> = loss.iter().cloned().chain(settings).map(|text| escaped(&text).into_owned()).collect();
        Some(format!("settings of its earlier training, not reused: {}", all.join(", ")))
    }

    /// A line with the features that are constant in the training rows.
    fn constant(&self) -> Option<String> {
        let (names, scaled) = (self.task.data.feature_names(), self.preprocessing.scaled_columns());
        let mut constant: Vec<usize> = self.preprocessing.inputs.constant().iter().map(|i| scaled[*i]).collect();
        let is_constant = |(_, encoder): &(usize, &Encoder)| matches!(encoder, Encoder::Category { levels, others: false, missing: false } if levels.len() < 2);
        let encoders = self.preprocessing.columns.iter().flatten().enumerate();
        constant.extend(encoders.filter(is_constant).map(|(column, _)| column));
        constant.sort_unstable();
        let names: Vec<&str> = constant.iter().map(|column| names[*column].as_str()).collect();
        let (count, are) = match names.len() {
            0 => return None,
            1 => (1, "feature is"),
            count => (count, "features are"),
        };
        Some(format!("{count} {are} constant in the training rows: {}", columns::listed(&columns::all_escaped(&names))))
    }

    /// A line with the network and its training settings.
    fn network_line(&self) -> String {
        let (recipe, data, choices) = (&self.task.recipe, &self.task.data, &self.choices);
        let (inputs, outputs) = (self.preprocessing.features(), data.outputs());
        let layers = match self.task.start_name() {
            Some(model) => format!("from {model}"),
            None => network::described(inputs, &self.layers, outputs),
        };
        let network = match self.task.networks() {
            1 => "network".to_owned(),
            networks => format!("ensemble of {networks} networks"),
        };
        let order = match self.order.as_ref() {
            SampleOrder::Shuffled => String::new(),
            SampleOrder::AsTheyAre => ", rows not shuffled".to_owned(),
            SampleOrder::Listed(lists) => {
                let rows = lists.first().map_or(0, Vec::len);
                format!(", {} per epoch in the order of `batch_order`", counted(rows, "row"))
            }
        };
        // settings that are not the usual ones
        let unusual = |is: bool, text: String| if is { text } else { String::new() };
        let decays = recipe.weight_decay_schedule;
        let decays = unusual(decays != Schedule::Constant, format!(" ({decays})"));
        let decay =
            unusual(choices.weight_decay > 0.0, format!(", weight decay {}{decays}", shortest(choices.weight_decay)));
        let l1 = unusual(recipe.l1 > 0.0, format!(", L1 penalty {}", shortest(recipe.l1)));
        let norm =
            unusual(recipe.max_norm > 0.0, format!(", norm of a unit's weights up to {}", shortest(recipe.max_norm)));
        let decay = decay + &l1 + &norm;
        let clip = match choices.clip {
            Some(Clip::Global(norm)) => format!(", gradient norm up to {}", shortest(norm)),
            Some(Clip::PerLayer(norm) | Clip::PerLayerExactly(norm)) => {
                format!(", gradient norm of a layer up to {}", shortest(norm))
            }
            None => String::new(),
        };
        let accumulate = unusual(recipe.accumulate() > 1, format!(", {} batches per step", recipe.accumulate()));
        let shards = unusual(recipe.shards() > 1, format!(" in {} shards", recipe.shards()));
        let groups =
            unusual(!recipe.groups.is_empty(), format!(" with {}", counted(recipe.groups.len(), "parameter group")));
        let warm_up = unusual(recipe.warmup > 0.0, format!(" after {} epochs of warm-up", shortest(recipe.warmup)));
        let is_constant = choices.schedule == Schedule::Constant && recipe.warmup == 0.0;
        let schedule = unusual(!is_constant, format!(" ({}{warm_up})", choices.schedule));
        let (loss, rule, rate, batch) =
            (self.loss, recipe.optimizer, shortest(choices.learning_rate), choices.batch_size);
        let dropouts = recipe.dropout_schedule;
        let dropouts = unusual(dropouts != Schedule::Constant, format!(", dropout schedule {dropouts}"));
        let smoothings = recipe.label_smoothing_schedule;
        let smoothing = shortest(recipe.label_smoothing);
        let smoothing =
            unusual(smoothings != Schedule::Constant, format!(", label smoothing {smoothing} ({smoothings})"));
        let goes_on = unusual(recipe.warm_optimizer, " (goes on with its moments and steps)".to_owned());
        let mixup = unusual(recipe.mixup > 0.0, format!(", rows mixed (mixup {})", shortest(recipe.mixup)));
        let frozen: Vec<String> = recipe.freeze.iter().map(usize::to_string).collect();
        let frozen = unusual(!frozen.is_empty(), format!(", layers {} frozen", frozen.join(", ")));
        let average = recipe.average.map_or_else(String::new, |average| format!(", weights averaged ({average})"));
        let monitor = unusual(recipe.monitor != Monitor::Loss, format!(", best by {}", recipe.monitor));
        let settings = format!(
            "loss {loss}, optimizer {rule}{goes_on}, learning rate {rate}{schedule}{decay}{clip}{groups}, batch size {batch}{shards}{accumulate}{dropouts}{smoothing}{mixup}{average}{monitor}{frozen}"
        );
        let threads = counted(self.task.threads.count(), "thread");
        format!("{network}: {layers}; {settings}{order}; {}, {threads}", self.task.dtype())
    }

    /// The description of the training for the model file.
    ///
    /// `epochs`: for each network, the number of epochs and the best one.
    pub(super) fn training(&self, epochs: &[(usize, usize)]) -> Training {
        let mut settings = self.settings();
        let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
        let (all, best): (Vec<usize>, Vec<usize>) = epochs.iter().copied().unzip();
        let of = |numbers: Vec<usize>| if let [one] = numbers[..] { json!(one) } else { json!(numbers) };
        set("epochs", of(all));
        set("best_epoch", of(best));
        match self.order.as_ref() {
            SampleOrder::Shuffled => None,
            SampleOrder::AsTheyAre => set("order", "as they are".into()),
            SampleOrder::Listed(_) => set("order", "listed".into()),
        };
        if let Some(start) = &self.task.start {
            set("warm_start", true.into());
            if self.task.recipe.warm_optimizer {
                set("warm_optimizer", true.into());
            }
            settings.extend(start.training.settings.get_key_value("scale").map(|(k, v)| (k.clone(), v.clone())));
        }
        let before = self.task.start.iter().map(|model| &model.training);
        let earlier = before.flat_map(|training| training.earlier_data.iter().chain(&training.data));
        Training {
            loss: Some(self.loss.to_string()),
            data: Some(self.task.digest.clone()),
            earlier_data: earlier.filter(|data| **data != self.task.digest).cloned().collect(),
            split: Some(self.parts.split.clone()),
            settings,
        }
    }

    /// The settings that are on, by name.
    fn settings(&self) -> BTreeMap<String, Value> {
        const NAMES: &str = "optimizer learning_rate dropout_schedule label_smoothing label_smoothing_schedule \
                             warmup momentum nesterov weight_decay weight_decay_schedule decay_biases l1 max_norm clip_norm clip_layer_norm \
                             batch_size accumulate shards schedule min_delta monitor mixup average scale seed groups sample_weight skip_missing_target ensemble calibrate threshold freeze";
        let off =
            [json!(null), json!([]), json!(0.0), json!(false), json!("constant"), json!("standard"), json!("loss")];
        let decided = Recipe {
            accumulate: self.task.recipe.accumulate.filter(|batches| *batches > 1),
            shards: self.task.recipe.shards.filter(|shards| *shards > 1),
            ensemble: Some(self.task.networks()).filter(|networks| *networks > 1),
            ..self.recipe()
        };
        // a recipe that cannot be written was refused before
        let fields = decided.fields().unwrap_or_default().into_iter();
        let fields = fields.filter(|(name, value)| NAMES.split(' ').any(|other| other == name) && !off.contains(value));
        // as numbers, even if they were balanced
        let of_classes = self.class_weights().map(|weights| ("class_weight".to_owned(), json!(weights)));
        fields.chain(of_classes).collect()
    }
}
