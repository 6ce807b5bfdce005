use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::importance::{Setting, importances};
use super::record::{Record, Training};
use super::space::{Space, with};
use super::values::Values;
use super::{draw, parzen};
use crate::error::{Error, ErrorKind, Result};
use crate::fit::{Metric, Observer, Plan, Recipe};
use crate::random::{Purpose, Seed};

/// In each rung, one of this many trials goes on, with this many times as many epochs.
const THIRD: usize = 3;
/// The most rungs.
const RUNGS: usize = 3;
/// The usual number of trials in a round.
const ROUND: usize = 9;
/// The possible numbers: fewer than three would leave none to compare after the first rung.
const ROUNDS: std::ops::RangeInclusive<usize> = 3..=10_000;
/// Number of parts of a cross-validation.
const FOLDS: usize = 5;
/// Fields whose usual values follow from the optimizer.
const OF_OPTIMIZER: [&str; 5] = ["learning_rate", "weight_decay", "schedule", "clip_norm", "batch_size"];
/// How many points are drawn until one makes a recipe that does not contradict itself.
const DRAWS: usize = 100;

/// A search for the recipe with the best score on the validation rows; see [the module](crate::tune).
///
/// ```
/// use mfnet::tune::{Search, Space};
/// use mfnet::{Recipe, Table};
/// use mfnet::fit::Plan;
/// let rows: String = (0..90).map(|i| format!("{i},{}\n", i * i % 37)).collect();
/// let table = Table::from_text("flats.csv", &format!("area,price\n{rows}"))?;
/// let plan = Plan::new(table, &Recipe { epochs: Some(9), ..Recipe::of_target("price") })?;
/// let space = Space::from_toml("hidden = [[8], [16], [16, 16]]\ndropout = { low = 0.0, high = 0.5 }")?;
///
/// let search = Search::new(&plan, space, Some(6))?;
/// let records = search.run(&plan, &mut ())?;
/// let best = search.best(&records).expect("a trial is trained");
/// let fit = plan.with_recipe(&search.recipe(best)?)?.run(&mut ())?; // now the test rows
/// println!("{:?} {}", best.settings, fit.text());
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    trials: Option<usize>,
    round: usize,
    metric: Metric,
    /// Number of folds in the last rung; 1 for no cross-validation.
    folds: usize,
    space: Space,
    /// The recipe of trial 0.
    recipe: Recipe,
}

/// The record of each trial in its highest rung.
fn furthest<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<&'a Record> {
    let mut of_trials: BTreeMap<usize, &Record> = BTreeMap::new();
    for record in records {
        let known = of_trials.entry(record.trial).or_insert(record);
        if known.rung < record.rung {
            *known = record;
        }
    }
    of_trials.into_values().collect()
}

impl Search {
    /// A search around the recipe of a plan. Its random numbers follow from the seed of the recipe. Without
    /// a number of trials, the search never ends.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] without validation rows, for a setting that both the recipe and the space
    /// give, and for a space without a recipe that can be trained;
    /// [`ErrorKind::InvalidValue`] for fewer than 2 trials.
    pub fn new(plan: &Plan, space: Space, trials: Option<usize>) -> Result<Self> {
        if let Some(trials) = trials.filter(|trials| *trials < 2) {
            return Err(Error::invalid("trials", "a whole number of at least 2", trials));
        }
        if !plan.validates() {
            return Err(Error::recipe("a search compares trials on the validation rows, but there are none")
                .with_help("give a `validation_fraction`, such as 0.1"));
        }
        let given = plan.given()?;
        if let Some(field) = given.keys().find(|field| space.has(field)) {
            return Err(Error::recipe(format!("`{field}` is given, but the space of the search also has it"))
                .with_help("leave it out in one of them"));
        }
        let metric = match plan.metric() {
            // losses of different kinds cannot be compared
            Metric::Loss if space.has("loss") => Metric::Rmse,
            metric => metric,
        };
        let folds = if plan.has_few_rows(FOLDS) { FOLDS } else { 1 };
        let mut recipe = plan.recipe().fields()?;
        if space.has("optimizer") {
            // each optimizer has usual ones
            let open = OF_OPTIMIZER.iter().filter(|field| !given.contains_key(**field) && !space.has(field));
            open.for_each(|field| drop(recipe.insert((*field).to_owned(), Value::Null)));
        }
        let recipe = Recipe::of_fields(recipe)?;
        let mut search = Search { trials, round: ROUND, metric, folds, space, recipe };
        search.check_values(plan)?;
        // there is nothing after all combinations and the default
        let most = search.space.combinations().map(|combinations| combinations + 1);
        search.trials = trials.into_iter().chain(most).min();
        Ok(search)
    }

    /// Refuses a value of the space that contradicts all values of the other settings.
    fn check_values(&self, plan: &Plan) -> Result<()> {
        for (dimension, corner) in self.space.corners() {
            let mut refused = None;
            let fits = (0..DRAWS).any(|number| {
                let mut point = draw::point(self.seed(), number, self.space.len());
                point[dimension] = corner;
                refused = self.checked(&point).err();
                refused.is_none()
            });
            if let (false, Some(error)) = (fits, refused) {
                return Err(error.with_help("leave this value out of the space, or change another setting"));
            }
        }
        // the loss has to fit the target, which only the plan knows
        let losses = self.space.dimensions().find(|(name, _)| *name == "loss");
        if let Some((_, Values::Choices(losses))) = losses {
            for loss in losses {
                plan.with_recipe(&self.with(&Map::from_iter([("loss".to_owned(), loss.clone())]))?)?;
            }
        }
        Ok(())
    }

    /// Sets the number of trials in a round, 9 by default: as many can be trained at once.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for fewer than 3 or more than 10 000.
    pub fn round(mut self, trials: usize) -> Result<Self> {
        if !ROUNDS.contains(&trials) {
            return Err(Error::invalid("round", "a whole number from 3 to 10000", trials));
        }
        self.round = trials;
        Ok(self)
    }

    /// The number of trials; `None` without an end.
    pub fn trials(&self) -> Option<usize> {
        self.trials
    }

    /// Number of folds by which the trials in the last rung are compared; 1 for the validation rows alone.
    /// Below 5000 rows, these are too few: the best of many trials would be a lucky one.
    pub fn folds(&self) -> usize {
        self.folds
    }

    /// What trials are compared by.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The settings that are varied.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The recipe of trial 0.
    pub fn default(&self) -> &Recipe {
        &self.recipe
    }

    fn seed(&self) -> Seed {
        Seed(self.recipe.seed)
    }

    /// Number of rungs: fewer if there are too few epochs to divide.
    pub fn rungs(&self) -> usize {
        let epochs = self.recipe.epochs.unwrap_or(1);
        (1..RUNGS).take_while(|rung| epochs >= THIRD.pow(*rung as u32)).count() + 1
    }

    /// Number of trials in the round that begins with this trial; `None` if all are made.
    fn size_of_round(&self, first: usize) -> Option<usize> {
        match self.trials {
            None => Some(self.round),
            Some(trials) if first >= trials => None,
            // a few trials that make no whole round belong to the first one
            Some(trials) if first == 0 && 2 * (trials % self.round) < self.round => {
                Some((self.round + trials % self.round).min(trials))
            }
            Some(trials) => Some(self.round.min(trials - first)),
        }
    }

    /// The number of the round of a trial, from 1, and the number of rounds, if there is an end.
    pub fn round_of(&self, trial: usize) -> (usize, Option<usize>) {
        let first = self.size_of_round(0).unwrap_or(self.round);
        let round = |trial: usize| trial.checked_sub(first).map_or(1, |later| 2 + later / self.round);
        (round(trial), self.trials.map(|trials| round(trials.saturating_sub(1))))
    }

    /// The trainings that can run now, in any order; none if the search is complete. They follow from
    /// the seed and the records of finished rungs alone.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] for a record that does not fit the search.
    pub fn next(&self, records: &[Record]) -> Result<Vec<Training>> {
        let made: HashMap<(usize, usize), &Record> =
            records.iter().map(|record| ((record.trial, record.rung), record)).collect();
        let mut first = 0;
        while let Some(size) = self.size_of_round(first) {
            let mut alive: Vec<usize> = (first..first + size).collect();
            for rung in 0..self.rungs() {
                let missing: Vec<usize> =
                    alive.iter().copied().filter(|trial| !made.contains_key(&(*trial, rung))).collect();
                if !missing.is_empty() {
                    let proposals = if rung == 0 { self.proposals(first..first + size, records)? } else { Vec::new() };
                    let settings = |trial: usize| match made.get(&(trial, 0)) {
                        Some(record) => record.settings.clone(),
                        None => proposals[trial - first].clone(),
                    };
                    return missing.into_iter().map(|trial| self.training(trial, rung, settings(trial))).collect();
                }
                alive.retain(|trial| made[&(*trial, rung)].score.is_some());
                alive.sort_by(|a, b| self.compare(made[&(*a, rung)], made[&(*b, rung)]));
                let going_on = size.div_ceil(THIRD.pow(rung as u32 + 1));
                // the default is always trained to the end
                let is_kept = |(i, trial): (usize, usize)| (i < going_on || trial == 0).then_some(trial);
                alive = alive.into_iter().enumerate().filter_map(is_kept).collect();
            }
            first += size;
        }
        Ok(Vec::new())
    }

    fn training(&self, trial: usize, rung: usize, settings: Map<String, Value>) -> Result<Training> {
        let whole = self.with(&settings)?;
        let rest = THIRD.pow((self.rungs() - 1 - rung) as u32);
        let epochs = whole.epochs.map(|epochs| ((epochs as f64 / rest as f64).round() as usize).max(1));
        let recipe = Recipe { epochs, warmup: whole.warmup / rest as f64, ..whole };
        Ok(Training { trial, rung, settings, recipe })
    }

    /// The settings of the trials of a round.
    fn proposals(&self, trials: std::ops::Range<usize>, records: &[Record]) -> Result<Vec<Map<String, Value>>> {
        let dimensions: Vec<&Values> = self.space.values().collect();
        let seen = if trials.start == 0 { Vec::new() } else { self.best_first(trials.start, records)? };
        // trials with equal recipes would tell nothing new
        let earlier = records.iter().filter(|record| record.rung == 0 && record.trial < trials.start);
        let known = earlier.map(|record| self.with(&record.settings));
        let mut known: Vec<Recipe> = known.collect::<Result<_>>()?;
        let (mut number, mut all) = (0, Vec::new());
        for trial in trials {
            let mut rng = self.seed().stream(Purpose::Trial { number: trial });
            let mut settings = Map::new();
            for _ in 0..if trial == 0 { 0 } else { DRAWS } {
                let point = if seen.is_empty() {
                    number += 1;
                    draw::point(self.seed(), number - 1, dimensions.len())
                } else {
                    parzen::propose(&seen, &dimensions, &mut rng)
                };
                settings = self.space.settings(&point);
                if self.checked(&point).is_ok_and(|recipe| !known.contains(&recipe)) {
                    break;
                }
            }
            known.push(self.with(&settings)?);
            all.push(settings);
        }
        Ok(all)
    }

    /// The points of the trials before this one, the best first: those that came further by their
    /// scores, then those with a better score.
    fn best_first(&self, before: usize, records: &[Record]) -> Result<Vec<Vec<f64>>> {
        let mut all = furthest(records.iter().filter(|record| record.trial < before));
        // the default is always trained to the end: it counts as far as it would have come
        if let Some(default) = all.iter_mut().find(|record| record.trial == 0) {
            let earned = (0..self.rungs()).take_while(|rung| *rung == 0 || self.goes_on(records, rung - 1));
            let earned = earned.last().unwrap_or(0);
            *default = records.iter().find(|record| (record.trial, record.rung) == (0, earned)).unwrap_or(default);
        }
        all.sort_by(|a, b| b.rung.cmp(&a.rung).then_with(|| self.compare(a, b)));
        all.iter().map(|record| self.point(record)).collect()
    }

    /// Whether trial 0 is among the best ones of a rung of its round.
    fn goes_on(&self, records: &[Record], rung: usize) -> bool {
        let first = 0..self.size_of_round(0).unwrap_or(self.round);
        let of_rung = |record: &&Record| record.rung == rung && first.contains(&record.trial);
        let Some(default) = records.iter().filter(of_rung).find(|record| record.trial == 0) else { return false };
        let better = records.iter().filter(of_rung).filter(|other| self.compare(other, default) == Ordering::Less);
        default.score.is_some() && better.count() < first.len().div_ceil(THIRD.pow(rung as u32 + 1))
    }

    fn point(&self, record: &Record) -> Result<Vec<f64>> {
        self.space.point(&self.with(&record.settings)?)
    }

    #[cfg(feature = "report")]
    /// The value that a trial has in a dimension of the space.
    pub(crate) fn value(&self, record: &Record, dimension: &str) -> Option<Value> {
        Space::value(dimension, &self.with(&record.settings).ok()?).ok()
    }

    /// Whether a record is better than another: [`Ordering::Less`] if it is. Of equal ones, the trial
    /// with the lower number.
    fn compare(&self, a: &Record, b: &Record) -> Ordering {
        let lower = |record: &Record| match record.score {
            Some(score) if self.metric.rises() => -score,
            Some(score) => score,
            None => f64::INFINITY,
        };
        lower(a).total_cmp(&lower(b)).then(a.trial.cmp(&b.trial))
    }

    /// The best trial: of those in the highest rung, that with the best score.
    pub fn best<'a>(&self, records: &'a [Record]) -> Option<&'a Record> {
        self.ranking(records).into_iter().find(|record| record.score.is_some())
    }

    /// The furthest record of each trial, the best first. A rung that is not complete does not count: its
    /// trials were not compared with those that wait.
    pub fn ranking<'a>(&self, records: &'a [Record]) -> Vec<&'a Record> {
        let incomplete = self.next(records).ok().and_then(|next| next.first().map(|one| (one.trial, one.rung)));
        let is_compared = |record: &&Record| match incomplete {
            Some((trial, rung)) if rung > 0 => {
                record.rung != rung || self.round_of(record.trial) != self.round_of(trial)
            }
            _ => true,
        };
        let mut all = furthest(records.iter().filter(is_compared));
        all.sort_by(|a, b| {
            a.score.is_none().cmp(&b.score.is_none()).then(b.rung.cmp(&a.rung)).then_with(|| self.compare(a, b))
        });
        all
    }

    /// The recipe of a trial, with all of its epochs.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] for a record that does not fit the search.
    pub fn recipe(&self, record: &Record) -> Result<Recipe> {
        self.with(&record.settings)
    }

    fn with(&self, settings: &Map<String, Value>) -> Result<Recipe> {
        with(&self.recipe, settings)
    }

    /// The recipe at a point; an error if it contradicts itself.
    fn checked(&self, point: &[f64]) -> Result<Recipe> {
        let recipe = self.with(&self.space.settings(point))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// How much each setting explains of the scores of the first rung, the most important first, beyond
    /// those before it: 0 for nothing, 1 for everything. With few trials this is a rough guess.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] for a record that does not fit the search.
    pub fn importances(&self, records: &[Record]) -> Result<Vec<(String, f64)>> {
        let first: Vec<&Record> = records.iter().filter(|record| record.rung == 0 && record.score.is_some()).collect();
        let scores: Vec<f64> = first.iter().filter_map(|record| record.score).collect();
        let points = first.iter().map(|record| self.point(record)).collect::<Result<Vec<_>>>()?;
        let setting = |(d, values): (usize, &Values)| Setting {
            coordinates: points.iter().map(|point| point[d]).collect(),
            choices: if let Values::Choices(choices) = values { Some(choices.len()) } else { None },
        };
        let settings: Vec<Setting> = self.space.values().enumerate().map(setting).collect();
        let names: Vec<&str> = self.space.names().collect();
        Ok(importances(&settings, &scores).into_iter().map(|(d, share)| (names[d].to_owned(), share)).collect())
    }

    /// Trains for the search; the plan is the one that the search was made of, or one of the same data.
    /// `None` if the observer stopped the training.
    ///
    /// # Errors
    /// Errors of the observer. A training that fails by its settings has a record with the error.
    pub fn train(&self, plan: &Plan, training: &Training, observer: &mut dyn Observer) -> Result<Option<Record>> {
        let recipe = Recipe { threads: plan.recipe().threads, ..training.recipe.clone() };
        let record = training.record();
        let finite = |score: f64| Some(score).filter(|score| score.is_finite());
        let result = plan.with_recipe(&recipe).and_then(|plan| {
            if training.rung + 1 == self.rungs() && self.folds > 1 {
                let folds = plan.cross_validate(self.metric, self.folds, observer)?;
                return Ok(folds.map(|folds| {
                    let score = finite(folds.iter().sum::<f64>() / folds.len() as f64);
                    Record { score, folds, ..record.clone() }
                }));
            }
            let trial = plan.trial(self.metric, observer)?;
            let best_epoch = Some(trial.histories[0].best_epoch);
            Ok((!trial.is_interrupted()).then(|| Record { score: finite(trial.score), best_epoch, ..record.clone() }))
        });
        result.or_else(|error| match error.kind() {
            ErrorKind::Recipe { .. }
            | ErrorKind::InvalidValue(..)
            | ErrorKind::Diverged { .. }
            | ErrorKind::OutOfMemory { .. } => Ok(Some(training.failed(error.to_string()))),
            _ => Err(error),
        })
    }

    /// Makes all trainings, one after the other. If the observer stops one, returns the records so far.
    ///
    /// # Errors
    /// As [`Search::train`].
    pub fn run(&self, plan: &Plan, observer: &mut dyn Observer) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        loop {
            let trainings = self.next(&records)?;
            if trainings.is_empty() {
                return Ok(records);
            }
            for training in &trainings {
                match self.train(plan, training, observer)? {
                    Some(record) => records.push(record),
                    None => return Ok(records),
                }
            }
        }
    }

    /// The search as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] for a recipe that JSON cannot represent.
    pub fn to_json(&self) -> Result<Value> {
        let Search { trials, round, metric, folds, space, recipe } = self;
        // refuses paths that are no text
        recipe.to_json()?;
        Ok(json!({
            "trials": trials,
            "round": round,
            "metric": metric,
            "folds": folds,
            "space": space.to_json(),
            "recipe": recipe.fields()?,
        }))
    }

    /// The search as [`Search::to_json`] wrote it.
    ///
    /// # Errors
    /// [`ErrorKind::Recipe`] for other JSON.
    pub fn from_json(json: &Value) -> Result<Self> {
        let wrong = |field: &str| Error::recipe_file(format!("{field} of a search: found {}", json[field]));
        let number = |field: &str| json[field].as_u64().map(|number| number as usize);
        let object = |field: &str| json[field].as_object().ok_or_else(|| wrong(field));
        Ok(Search {
            trials: if json["trials"].is_null() {
                None
            } else {
                Some(number("trials").ok_or_else(|| wrong("trials"))?)
            },
            round: number("round").filter(|round| ROUNDS.contains(round)).ok_or_else(|| wrong("round"))?,
            metric: serde_json::from_value(json["metric"].clone()).map_err(|_| wrong("metric"))?,
            folds: number("folds").filter(|folds| *folds >= 1).ok_or_else(|| wrong("folds"))?,
            space: Space::from_json(object("space")?)?,
            recipe: Recipe::of_fields(object("recipe")?.clone())?,
        })
    }
}
