//! Searches: every proposal and promotion is a function of the seed and of finished rungs.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use mfnet::data::BUILT_IN;
use mfnet::fit::{Metric, Plan};
use mfnet::tune::{Record, Search, Space, Training};
use mfnet::{Error, Recipe, Table};

fn plan(recipe: Recipe) -> Plan {
    Plan::new(BUILT_IN.iter().find(|set| set.name == "diabetes").unwrap().table().unwrap(), &recipe).unwrap()
}

fn space(toml: &str) -> Space {
    Space::from_toml(toml).unwrap()
}

/// A record of a score that is made up.
fn record(training: &Training, score: Option<f64>) -> Record {
    Record {
        trial: training.trial,
        rung: training.rung,
        epochs: training.recipe.epochs.unwrap(),
        settings: training.settings.clone(),
        score,
        folds: Vec::new(),
        best_epoch: Some(1),
        error: None,
    }
}

/// Finishes a search with made-up scores; `order` says which of the trainings that can run is next.
fn finished(search: &Search, score: &dyn Fn(&Training) -> Option<f64>, order: &dyn Fn(usize) -> usize) -> Vec<Record> {
    let mut records = Vec::new();
    loop {
        let next = search.next(&records).unwrap();
        let Some(training) = next.get(order(next.len())) else { break };
        records.push(record(training, score(training)));
    }
    records.sort_by_key(|record| (record.trial, record.rung));
    records
}

fn rate(training: &Training) -> f64 {
    training.recipe.learning_rate.unwrap()
}

const RATES: &str = "learning_rate = { low = 1e-4, high = 1, log = true }\ndropout = { low = 0, high = 0.5 }\n\
                     activation = ['relu', 'gelu', 'tanh']";

#[test]
fn rounds_and_rungs() {
    let plan = plan(Recipe { epochs: Some(90), ..Recipe::default() });
    let search = Search::new(&plan, space(RATES), Some(30)).unwrap();
    assert_eq!(
        (search.metric(), search.rungs(), search.round_of(0), search.round_of(12)),
        (Metric::Rmse, 3, (1, Some(3)), (2, Some(3)))
    );
    // the lower the rate the better
    let records = finished(&search, &|training| Some(rate(training)), &|_| 0);
    for (trials, counts) in [(0..12, [12, 4, 2]), (12..21, [9, 3, 1]), (21..30, [9, 3, 1])] {
        for (rung, count) in counts.into_iter().enumerate() {
            let of: Vec<&Record> =
                records.iter().filter(|record| trials.contains(&record.trial) && record.rung == rung).collect();
            // trial 0 is always trained to the end, here as one more
            let default = usize::from(trials.start == 0 && rung > 0);
            assert!((count..=count + default).contains(&of.len()), "{trials:?}, rung {rung}: {}", of.len());
            assert!(of.iter().all(|record| record.epochs == [10, 30, 90][rung]));
            // those that went on are the best
            if let Some(next) = of
                .iter()
                .map(|record| record.trial)
                .find(|trial| *trial > 0 && rung < 2 && records.iter().any(|r| (r.trial, r.rung) == (*trial, rung + 1)))
            {
                let score = |trial| of.iter().find(|record| record.trial == trial).unwrap().score.unwrap();
                let better = of.iter().filter(|record| record.score.unwrap() < score(next)).count();
                assert!(better < counts[rung + 1]);
            }
        }
    }
    assert!(records[0].settings.is_empty() && records[0].score == Some(0.001));
    let best = search.best(&records).unwrap();
    let lowest =
        records.iter().filter(|record| record.rung == 2).map(|record| record.score.unwrap()).fold(1.0, f64::min);
    assert_eq!(best.score, Some(lowest));
    assert_eq!(search.recipe(best).unwrap().epochs, Some(90));
    // what decides the score is the most important
    let importances = search.importances(&records).unwrap();
    assert_eq!(importances[0].0, "learning_rate");
    assert!(importances[0].1 > 0.5 && importances[1].1 < 0.4, "{importances:?}");
}

/// A search that is stopped in a rung: the trials that were trained in it were not compared with those
/// that wait, so they win nothing by it.
#[test]
fn a_rung_that_is_not_complete_does_not_count() {
    let plan = plan(Recipe { epochs: Some(90), ..Recipe::default() });
    let search = Search::new(&plan, space(RATES), Some(9)).unwrap();
    let records = finished(&search, &|training| Some(rate(training)), &|_| 0);
    let (first, second): (Vec<Record>, Vec<Record>) = records.into_iter().partition(|record| record.rung == 0);
    let second: Vec<Record> = second.into_iter().filter(|record| record.rung == 1).collect();
    let best = search.best(&first).unwrap().clone();
    let loser = second.iter().find(|record| record.trial != best.trial).unwrap().clone();
    let stopped = [first.clone(), vec![Record { score: Some(2.0), ..loser }]].concat();
    assert_eq!(search.best(&stopped), Some(&best));
    // all of the rung are compared
    let complete = [first, second].concat();
    assert_eq!(search.best(&complete).unwrap().rung, 1);
}

/// The folds of a warm start would hold back rows that its model knows.
#[test]
fn a_warm_start_is_not_cross_validated() {
    let plan = plan(Recipe { epochs: Some(9), ..Recipe::default() });
    assert_eq!(Search::new(&plan, space(RATES), Some(9)).unwrap().folds(), 5);
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.safetensors");
    plan.run(&mut ()).unwrap().model.save(&model).unwrap();
    let warm = Recipe { epochs: Some(9), warm_start: Some(model), ..Recipe::default() };
    let space = Space::from_toml("learning_rate = [0.001, 0.01]").unwrap();
    assert_eq!(Search::new(&self::plan(warm), space, Some(3)).unwrap().folds(), 1);
}

/// The result does not depend on the order in which trainings end, so neither on the number of workers.
#[test]
fn the_order_of_trainings_does_not_matter() {
    let plan = plan(Recipe { epochs: Some(90), seed: 3, ..Recipe::default() });
    let search = Search::new(&plan, space(RATES), Some(21)).unwrap();
    let score = |training: &Training| {
        let fails = training.trial % 5 == 4;
        (!fails).then(|| (rate(training).ln() + 5.0).powi(2) + training.recipe.dropout)
    };
    let one = finished(&search, &score, &|_| 0);
    assert_eq!(finished(&search, &score, &|count| count.saturating_sub(1)), one);
    assert_eq!(finished(&search, &score, &|count| count / 2), one);
    // nor on a stop: what is known from a file is enough
    let again = Search::from_json(&serde_json::from_str(&search.to_json().unwrap().to_string()).unwrap()).unwrap();
    assert_eq!((finished(&again, &score, &|_| 0), &again), (one.clone(), &search));
    // trials that failed do not go on
    assert!(one.iter().all(|record| record.score.is_some() || record.rung == 0));
    // another seed has other trials
    let other = self::plan(Recipe { epochs: Some(90), seed: 4, ..Recipe::default() });
    let other = Search::new(&other, space(RATES), Some(21)).unwrap();
    assert_ne!(finished(&other, &score, &|_| 0), one);
}

/// Where the score has one valley, later rounds find a better point than as many points spread evenly:
/// compared over seeds, in most of them.
#[test]
fn later_rounds_learn_from_earlier_ones() {
    let mut better = 0;
    for seed in 0..40 {
        let plan = plan(Recipe { epochs: Some(1), seed, ..Recipe::default() });
        let score = |training: &Training| {
            let is_gelu = training.settings.get("activation").is_some_and(|word| word == "gelu");
            Some((rate(training).ln() + 5.0).abs() + 4.0 * training.recipe.dropout + f64::from(u8::from(!is_gelu)))
        };
        let lowest = |search: Search| {
            let records = finished(&search, &score, &|_| 0);
            search.best(&records).unwrap().score.unwrap()
        };
        let search = Search::new(&plan, space(RATES), Some(45)).unwrap();
        let spread = lowest(search.clone().round(45).unwrap());
        better += usize::from(lowest(search) < spread);
    }
    // a fair coin gives 27 or more of 40 with a probability of 0.02; the seeds are fixed
    assert!(better >= 27, "{better} of 40");
}

#[test]
fn real_trainings() {
    let recipe = Recipe { epochs: Some(9), hidden: Some(vec![16]), ..Recipe::default() };
    let plan = plan(recipe);
    let search = Search::new(&plan, Space::usual(&plan).unwrap(), Some(4)).unwrap();
    let names: Vec<&str> = search.space().names().collect();
    assert_eq!(names, ["activation", "dropout", "learning_rate", "weight_decay", "scale", "batch_size"]);
    let records = search.run(&plan, &mut ()).unwrap();
    assert_eq!(search.next(&records).unwrap(), []);
    let of = |trial, rung| records.iter().find(|record| (record.trial, record.rung) == (trial, rung)).unwrap();
    // trial 0 is the fit of the plan, here with a ninth of its epochs: the RMSE of its validation rows
    let short = plan.with_recipe(&Recipe { epochs: Some(1), ..plan.recipe() }).unwrap().run(&mut ()).unwrap();
    let mfnet::metric::Metrics::Regression { rmse, .. } = short.summary.validation.metrics.as_ref().unwrap() else {
        panic!()
    };
    assert_eq!((of(0, 0).score, of(0, 0).best_epoch), (Some(*rmse), Some(short.history().best_epoch)));
    // the last rung is a cross-validation, because there are few rows
    assert_eq!(search.folds(), 5);
    let folds = plan.cross_validate(Metric::Rmse, 5, &mut ()).unwrap().unwrap();
    assert_eq!(of(0, 2).folds, folds);
    assert_eq!(of(0, 2).score, Some(folds.iter().sum::<f64>() / 5.0));
    // a recipe of another trial, from the beginning, has the scores of its record
    let other = search.ranking(&records).into_iter().find(|record| record.trial > 0 && record.rung == 2).unwrap();
    let table = BUILT_IN.iter().find(|set| set.name == "diabetes").unwrap().table().unwrap();
    let fresh = Plan::new(table, &search.recipe(other).unwrap()).unwrap();
    assert_eq!(fresh.cross_validate(Metric::Rmse, 5, &mut ()).unwrap().unwrap(), other.folds);
}

/// Settings that diverge, or that do not fit the rows, are a result.
#[test]
fn a_training_that_fails_has_a_record() {
    let plan = plan(Recipe { epochs: Some(9), optimizer: "sgd".parse().unwrap(), ..Recipe::default() });
    let search = Search::new(&plan, space("learning_rate = [1e300]\nactivation = ['relu']"), Some(2)).unwrap();
    let records = search.run(&plan, &mut ()).unwrap();
    let failed: Vec<&Record> = records.iter().filter(|record| record.trial == 1).collect();
    assert!(failed.len() == 1 && failed[0].score.is_none(), "{failed:?}");
    assert!(failed[0].error.as_ref().unwrap().contains("the loss became"), "{failed:?}");
    assert_eq!(search.best(&records).unwrap().trial, 0);
}

#[test]
fn spaces() {
    let text = "hidden = { layers = { low = 1, high = 3 }, units = { low = 8, high = 64, log = true } }\n\
                batch_size = { low = 4, high = 32, log = true }\nloss = ['mae', 'huber:2']";
    let plan = plan(Recipe { epochs: Some(1), ..Recipe::default() });
    let search = Search::new(&plan, space(text), Some(200)).unwrap().round(200).unwrap();
    // with several losses, the RMSE is compared
    assert_eq!(search.metric(), Metric::Rmse);
    let trainings = search.next(&[]).unwrap();
    let mut seen = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    for training in &trainings[1..] {
        let hidden = training.recipe.hidden.clone().unwrap();
        assert!(hidden.iter().all(|units| *units == hidden[0] && units % 8 == 0 && (8..=64).contains(units)));
        seen[0].insert(hidden.len().to_string());
        seen[1].insert(training.recipe.batch_size.unwrap().to_string());
        seen[2].insert(training.recipe.loss.unwrap().to_string());
    }
    assert_eq!(seen.map(|seen| seen.len()), [3, 29, 2]);
}

fn refused(error: Result<impl Sized, Error>) -> String {
    error.err().unwrap().to_string()
}

#[test]
fn wrong_spaces() {
    for (text, expected) in [
        ("", "space: the space of a search has no setting"),
        (
            "hidden = [16, 32]",
            "space, line 1: hidden: expected a list of sizes for each value, such as [[16], [16, 16]]",
        ),
        (
            "hidden = { layers = { low = 0, high = 2 }, units = [8] }",
            "space, line 1: hidden.layers: expected 1 to 100 hidden layers, found 0",
        ),
        ("dropout = { low = nan, high = 0.1 }", "space, line 1: dropout: expected a finite number for low"),
        ("x = ", "space, line 1: "),
        ("dropout = [0.1]\nlr = [1]", "space, line 2: there is no setting lr"),
        ("learning_rat = [1]", "space, line 1: there is no setting learning_rat; did you mean learning_rate?"),
        ("seed = [1, 2]", "space, line 1: seed cannot be searched: only settings of the network and its training can"),
        ("dropout = []", "space, line 1: dropout has no value"),
        ("dropout = [0.1, 0.1]", "space, line 1: dropout has the value 0.1 twice"),
        ("dropout = [2.0]", "space, line 1: dropout: expected a number from 0 to less than 1, found 2"),
        (
            "dropout = 0.1",
            "space, line 1: dropout: expected a list of values or a range such as { low = 1, high = 10 }, found 0.1",
        ),
        ("activation = 'relu'", "space, line 1: activation: expected a list of values, found \"relu\""),
        ("activation = { low = 1, high = 2 }", "space, line 1: activation is not a number: write a list of its values"),
        ("activation = ['rel']", "space, line 1: activation: expected one of"),
        ("dropout = { low = 0.1 }", "space, line 1: dropout: a range needs high"),
        (
            "dropout = { low = 0.1, high = 0.2, step = 1 }",
            "space, line 1: dropout: a range has low, high and log, not step",
        ),
        ("dropout = { low = 0.2, high = 0.1 }", "space, line 1: dropout: low must be below high, found 0.2 and 0.1"),
        ("dropout = { low = 'a', high = 0.1 }", "space, line 1: dropout: expected a number for low, found \"a\""),
        (
            "dropout = { low = 0, high = 0.1, log = true }",
            "space, line 1: dropout: with log, low must be above 0, found 0",
        ),
        (
            "dropout = { low = 0.1, high = 0.2, log = 1 }",
            "space, line 1: dropout: expected true or false for log, found 1",
        ),
        ("epochs = { low = 1.5, high = 2 }", "space, line 1: epochs: expected whole numbers, found 1.5 and 2"),
        ("hidden = { layers = [1] }", "space, line 1: hidden needs both layers and units, or a list of lists of sizes"),
        ("hidden = { layer = [1] }", "space, line 1: hidden has layers and units, not layer; did you mean layers?"),
        (
            "hidden = { layers = [1, 2.5], units = [8] }",
            "space, line 1: hidden.layers: expected whole numbers, found 2.5",
        ),
        (
            "hidden = { layers = [1], units = ['a'] }",
            "space, line 1: hidden.units: expected whole numbers, found \"a\"",
        ),
        ("hidden = { layers = [1000000000000], units = [8] }", "space, line 1: hidden.layers: expected 1 to 100"),
        ("residual = { low = 0, high = 1 }", "space, line 1: residual is not a number: write a list of its values"),
        ("hidden = [8, 16]", "space, line 1: hidden: "),
        (
            "hidden = { layers = { low = 1, high = 1e9 }, units = [8] }",
            "space, line 1: hidden.layers: expected 1 to 100",
        ),
    ] {
        let found = refused(Space::from_toml(text));
        assert!(found.starts_with(expected), "{text}: {found}");
    }
    let of = |recipe: Recipe, text: &str| refused(Search::new(&plan(recipe), space(text), Some(3)));
    let given = Recipe { dropout: 0.1, ..Recipe::default() };
    assert_eq!(of(given, "dropout = [0.2]"), "`dropout` is given, but the space of the search also has it");
    let unvalidated = Recipe { validation_fraction: Some(0.0), ..Recipe::default() };
    assert!(of(unvalidated, RATES).contains("validation rows, but there are none"));
    assert!(of(Recipe::default(), "label_smoothing = [0.1]").contains("label_smoothing"));
    assert!(of(Recipe::default(), "momentum = [0.9]").contains("`momentum` works only with `optimizer` sgd"));
    assert!(refused(Search::new(&plan(Recipe::default()), space(RATES), Some(1))).contains("trials"));
    let search = Search::new(&plan(Recipe::default()), space(RATES), None).unwrap();
    assert!(refused(search.clone().round(2)).contains("round"));
    assert!(refused(search.round(usize::MAX)).contains("round: expected a whole number from 3 to 10000"));
}

/// Settings that the recipe leaves open are the usual ones of each optimizer.
#[test]
fn a_search_over_optimizers() {
    let plan = plan(Recipe { epochs: Some(9), ..Recipe::default() });
    let search = Search::new(&plan, space("optimizer = ['adamw', 'sgd', 'lbfgs', 'rprop']"), Some(9)).unwrap();
    // all of them, and the default
    assert_eq!(search.trials(), Some(5));
    for training in search.next(&[]).unwrap() {
        let found = plan.with_recipe(&training.recipe).unwrap().recipe();
        let optimizer = training.recipe.optimizer;
        let alone = self::plan(Recipe { epochs: Some(1), optimizer, early_stopping: Some(10), ..Recipe::default() });
        assert_eq!(Recipe { early_stopping: Some(10), ..found }, alone.recipe(), "{optimizer}");
    }
}

/// Few trials that are left over belong to the first round, many make a last one.
#[test]
fn sizes_of_rounds() {
    let plan = plan(Recipe { epochs: Some(1), ..Recipe::default() });
    for (trials, ends) in [(2, vec![2]), (9, vec![9]), (13, vec![13]), (17, vec![9, 17]), (30, vec![12, 21, 30])] {
        let search = Search::new(&plan, space(RATES), Some(trials)).unwrap();
        let mut first = 0;
        for (number, end) in (1..).zip(&ends) {
            assert_eq!(search.round_of(first), (number, Some(ends.len())), "{trials}");
            assert_eq!(search.round_of(end - 1), (number, Some(ends.len())), "{trials}");
            first = *end;
        }
        let records = finished(&search, &|_| Some(1.0), &|_| 0);
        assert_eq!(records.iter().filter(|record| record.rung == 0).count(), trials);
    }
    // a number that no machine counts to
    let many = Search::new(&plan, space(RATES), Some(usize::MAX)).unwrap();
    assert!(many.round_of(30).1.unwrap() > 1 << 50 && !many.next(&[]).unwrap().is_empty());
}

/// Other data do not change, and a setting of the data cannot.
#[test]
fn variants_of_a_plan() {
    let rows: String = (0..90).map(|i| format!("{i},{}\n", i * i % 37)).collect();
    let table = Table::from_text("flats.csv", &format!("area,price\n{rows}")).unwrap();
    let plan = Plan::new(table, &Recipe { epochs: Some(3), ..Recipe::of_target("price") }).unwrap();
    let same = plan.with_recipe(&plan.recipe()).unwrap();
    assert_eq!(same.recipe(), plan.recipe());
    let scores = |plan: &Plan| plan.run(&mut ()).unwrap().summary.test.json();
    assert_eq!(scores(&same), scores(&plan));
    for other in [
        Recipe { drop: vec!["area".to_owned()], ..plan.recipe() },
        Recipe { seed: 1, ..plan.recipe() },
        Recipe { test_fraction: Some(0.5), ..plan.recipe() },
    ] {
        assert!(refused(plan.with_recipe(&other)).ends_with("of a plan cannot change"));
    }
    assert!(plan.with_recipe(&Recipe { threads: Some(1), ..plan.recipe() }).is_ok());
    assert!(plan.with_recipe(&Recipe { dropout: 7.0, ..plan.recipe() }).is_err());
}
