//! Several labels at once: reading them, their metrics, models and fits.
//!
//! Where the numbers come from: golden/labels.json, written by golden/labels_golden.py with scikit-learn.
#![allow(clippy::unwrap_used)]

mod golden;

use golden::{assert_close, numbers, samples};
use mfnet::fit::{Input, Task};
use mfnet::loss::LossName;
use mfnet::metric::{Metrics, MoreMetrics};
use mfnet::model::{OperatingRule, Prediction, Predictions};
use mfnet::train::{Monitor, linear_model_for, naive_model};
use mfnet::{Dataset, Model, Preprocessing, Recipe, Result, Table, Target, Targets, Tensor, fit};
use serde_json::Value;
use std::ops::ControlFlow;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/labels.json")).unwrap()
}

fn targets(truth: &Value) -> Targets {
    let truth = samples(truth);
    let labels: Vec<String> = (0..truth.rows()).map(|i| format!("label {i}")).collect();
    Targets::Labels { columns: labels.clone(), separator: None, labels, truth: truth.into() }
}

/// 1e-12: sums of some hundred numbers of size 1 in another order.
#[test]
fn metrics_of_scikit_learn() {
    for case in golden()["cases"].as_array().unwrap() {
        let (logits, truth, scores) = (samples(&case["logits"]), targets(&case["truth"]), &case["scores"]);
        let weights = case["weights"].as_array().map(|_| numbers(&case["weights"]));
        let close = |found: f64, name: &str| assert_close(found, scores[name].as_f64().unwrap(), 1e-12, name);
        let Metrics::Labels { label_accuracy, subset_accuracy, micro_f1, macro_average, labels } =
            Metrics::weighted(&logits, &truth, weights.as_deref())
        else {
            panic!("labels")
        };
        close(label_accuracy, "label_accuracy");
        close(subset_accuracy, "subset_accuracy");
        close(micro_f1, "micro_f1");
        let macros = [macro_average.precision, macro_average.recall, macro_average.f1];
        macros.iter().zip(numbers(&scores["macro"])).for_each(|(a, b)| assert_close(*a, b, 1e-12, "macro"));
        for (found, expected) in labels.iter().zip(scores["labels"].as_array().unwrap()) {
            let found = [found.precision, found.recall, found.f1, found.support];
            found.iter().zip(numbers(expected)).for_each(|(a, b)| assert_close(*a, b, 1e-12, "of a label"));
        }
        let p = logits.map(|z: f64| 1.0 / (1.0 + (-z).exp()));
        let MoreMetrics::Labels { roc_auc, average_precision, log_loss, brier_score } =
            MoreMetrics::of(&p, &truth, weights.as_deref())
        else {
            panic!("labels")
        };
        close(roc_auc.unwrap(), "roc_auc");
        close(average_precision.unwrap(), "average_precision");
        close(log_loss, "log_loss");
        close(brier_score, "brier_score");
    }
}

/// One logistic regression for each label. 1e-5: both programs search, where the loss is flat.
#[test]
fn the_linear_baseline_of_scikit_learn() {
    let golden = &golden()["linear"];
    let data = Dataset::new("golden", samples(&golden["inputs"]), targets(&golden["truth"])).unwrap();
    let loss = LossName::BinaryCrossEntropy;
    let model = linear_model_for(&data, loss, |_| ControlFlow::Continue(())).unwrap();
    let found = &model.parameters().next().unwrap().value;
    for (i, expected) in golden["parameters"].as_array().unwrap().iter().enumerate() {
        found.row(i).zip(numbers(expected)).for_each(|(a, b)| assert_close(a, b, 1e-5, "a weight"));
    }
    // the naive one says how frequent each label is
    let naive = naive_model(&data).unwrap().predict(&Tensor::zeros(4, 1)).unwrap();
    let truth = samples(&golden["truth"]);
    for i in 0..3 {
        let share = truth.row(i).sum::<f64>() / 90.0;
        assert_close(1.0 / (1.0 + (-naive[(i, 0)]).exp()), share, 1e-14, "a share");
    }
}

fn lists() -> Table {
    let row = |i: usize| {
        let labels = [("new", i % 23 > 11), ("long", i * 7 % 31 > 20), ("odd one", i % 2 == 1)];
        let labels: Vec<&str> = labels.iter().filter(|(_, is)| *is).map(|(label, _)| *label).collect();
        format!("{},{},{},{}\n", i % 23, i * 7 % 31, ["a", "b"][i % 2], labels.join(" | "))
    };
    Table::from_text("films.csv", &format!("x,y,z,tags\n{}", (0..160).map(row).collect::<String>())).unwrap()
}

fn truths(words: [&str; 2]) -> Table {
    let word = |is: bool| words[usize::from(is)];
    let row = |i: usize| {
        let [new, long, odd] = [i % 23 > 11, i * 7 % 31 > 20, i % 2 == 1].map(word);
        format!("{},{},{},{new},{long},{odd}\n", i % 23, i * 7 % 31, ["a", "b"][i % 2])
    };
    Table::from_text("films.csv", &format!("x,y,z,new,long,odd one\n{}", (0..160).map(row).collect::<String>()))
        .unwrap()
}

fn recipe() -> Recipe {
    Recipe { hidden: Some(vec![8]), epochs: Some(12), learning_rate: Some(0.02), ..Recipe::default() }
}

fn of_lists() -> Recipe {
    Recipe { target: vec!["tags".to_owned()], task: Some(Task::MultiLabel), ..recipe() }
}

fn of_truths() -> Recipe {
    Recipe { target: vec!["new,long,odd one".to_owned()], ..recipe() }
}

#[test]
fn lists_and_columns_are_the_same_labels() {
    let read = |table: &Table, target: &Target| Dataset::from_table(table, target).unwrap();
    let listed = read(&lists(), &Target::listed_labels("tags", "|"));
    let Targets::Labels { labels, truth, .. } = listed.targets() else { panic!("labels") };
    assert_eq!(labels[..], ["long", "new", "odd one"]);
    for words in [["0", "1"], ["no", "yes"], ["false", "TRUE"]] {
        let table = truths(words);
        let columns = ["long", "new", "odd one"];
        assert_eq!(Target::guess(&table, &columns.map(str::to_owned)).unwrap(), Target::labels(columns));
        let of_columns = read(&table, &Target::labels(columns));
        let Targets::Labels { truth: other, .. } = of_columns.targets() else { panic!("labels") };
        assert!(truth.iter().eq(other.iter()) && of_columns.feature_names() == listed.feature_names());
    }
    // texts of a list come back
    let text = listed.text("tags").unwrap();
    assert_eq!((text[0].as_str(), text[1].as_str(), text[13].as_str()), ("", "odd one", "long|new|odd one"));
}

fn fitted(table: Table, recipe: &Recipe) -> Result<fit::Fit> {
    fit(table, recipe, &mut ())
}

#[test]
fn a_fit_of_labels() {
    let listed = fitted(lists(), &of_lists()).unwrap();
    let introduction = listed.plan.introduction();
    assert!(introduction.contains("target tags: multi-label classification, 3 labels"), "{introduction}");
    assert!(introduction.contains("loss binary-cross-entropy"), "{introduction}");
    let verdict = listed.summary.verdict.clone().unwrap();
    assert!(verdict.contains("log loss of a label"), "{verdict}");
    assert_eq!(listed.plan.recipe().label_separator.as_deref(), Some("|"));
    assert_eq!(
        fitted(lists(), &listed.plan.recipe()).unwrap().model.to_bytes().unwrap(),
        listed.model.to_bytes().unwrap()
    );

    let columns = fitted(truths(["no", "yes"]), &of_truths()).unwrap();
    let introduction = columns.plan.introduction();
    assert!(introduction.contains("3 labels (detected; `task` regression changes it)"), "{introduction}");
    let values = Recipe { task: Some(Task::Regression), ..of_truths() };
    let values = fitted(truths(["0", "1"]), &values).unwrap();
    assert!(values.plan.introduction().contains(": regression"), "{}", values.plan.introduction());

    for (fit, table, separator) in [(&listed, lists(), "|"), (&columns, truths(["no", "yes"]), ";")] {
        let model = &fit.model;
        let predictions = model.predict(&table).unwrap();
        let Predictions::Labels { labels, probabilities, .. } = &predictions else { panic!("labels") };
        assert_eq!(labels.len(), 3);
        let mut expected = Vec::new();
        for (label, p) in labels.iter().zip(probabilities.sample(13)) {
            expected.extend((p > 0.5).then_some(label.as_str()));
        }
        assert_eq!(predictions.text(13), expected.join(separator));
        // one row at a time, and from a file
        let data = model.dataset(&table).unwrap();
        let row: Vec<f64> = data.inputs().column(13).collect();
        let mut predictor = model.predictor();
        let Prediction::Labels { probabilities: p, .. } = predictor.predict(&row).unwrap() else { panic!("labels") };
        assert_eq!(p.to_vec(), probabilities.sample(13).collect::<Vec<_>>());
        let loaded = Model::from_bytes("model", &model.to_bytes().unwrap()).unwrap();
        assert!(loaded.predict(&table).unwrap() == predictions && loaded.target() == model.target());
        // the loss of the report is the mean log loss
        let (_, MoreMetrics::Labels { log_loss, .. }) = model.evaluate_all(&data).unwrap() else { panic!("labels") };
        assert_close(model.evaluate_loss(&data).unwrap().unwrap(), log_loss, 1e-12, "loss");
        // it goes on
        let goes_on = Input { start: Some(model.clone()), ..Input::from(table) };
        fit::Plan::new(goes_on, &Recipe { epochs: Some(1), ..Recipe::default() }).unwrap().run(&mut ()).unwrap();
    }
}

/// p = 1/K Σ pₖ of each label.
#[test]
fn an_ensemble_of_labels() {
    let recipe = Recipe { split_seed: Some(1), ..of_lists() };
    let alone = |seed| fitted(lists(), &Recipe { seed, ..recipe.clone() }).unwrap().model.predict(&lists()).unwrap();
    let ensemble = fitted(lists(), &Recipe { ensemble: Some(3), ..recipe.clone() }).unwrap().model;
    let found = ensemble.predict(&lists()).unwrap();
    let alone = [0, 1, 2].map(alone);
    for (i, p) in found.numbers().iter().enumerate() {
        let mean = alone.iter().map(|of| of.numbers().iter().nth(i).unwrap()).sum::<f64>() / 3.0;
        assert!((p - mean).abs() < 1e-14, "{p}, {mean}");
    }
}

#[test]
fn what_cannot_be() {
    let error = |table: Table, recipe: Recipe| fitted(table, &recipe).unwrap_err().to_string();
    let listed = |change: fn(&mut Recipe)| {
        let mut recipe = of_lists();
        change(&mut recipe);
        error(lists(), recipe)
    };
    for (found, expected) in [
        (
            listed(|recipe| recipe.loss = Some(LossName::Mse)),
            "`loss` mse does not fit a multi-label classification: expected one of binary-cross-entropy",
        ),
        (
            listed(|recipe| recipe.monitor = Monitor::Accuracy),
            "`monitor` accuracy does not fit a multi-label classification: expected one of loss",
        ),
        (
            listed(|recipe| recipe.threshold = Some(OperatingRule::F1)),
            "`threshold` needs classes, but the task is a multi-label classification",
        ),
        (
            listed(|recipe| recipe.label_smoothing = 0.1),
            "`label_smoothing` needs classes, but the task is a multi-label classification",
        ),
        (
            listed(|recipe| (recipe.task, recipe.label_separator) = (Some(Task::Classification), Some("|".to_owned()))),
            "`label_separator` does not fit `task` classification",
        ),
        (
            listed(|recipe| recipe.label_separator = Some(String::new())),
            "label_separator: expected at least one character, found none",
        ),
        (
            listed(|recipe| recipe.target = vec!["z".to_owned()]),
            "`task` multi-label: no row of the column \"z\" has two labels",
        ),
        (
            error(truths(["0", "1"]), Recipe { label_separator: Some("|".to_owned()), ..of_truths() }),
            "`label_separator` needs one target column that lists labels, found 3",
        ),
        (
            error(truths(["0", "1"]), Recipe { loss: Some(LossName::CrossEntropy), ..of_truths() }),
            "`loss` cross-entropy does not fit a multi-label classification: expected one of binary-cross-entropy",
        ),
    ] {
        assert_eq!(found, expected);
    }
    let separator = Recipe { label_separator: Some("/".to_owned()), ..of_lists() };
    assert_eq!(error(lists(), separator), "`label_separator` \"/\" is in no row of the column \"tags\"");
    let skip = Recipe { skip_missing_target: true, ..of_lists() };
    let expected = "`skip_missing_target` does not fit a target that lists labels: an empty field has none";
    assert_eq!(error(lists(), skip), expected);
    // texts that are no labels
    let rows: String = (0..80).map(|i| format!("{i},u{i}|w{i}\n")).collect();
    let table = Table::from_text("t.csv", &format!("x,y\n{rows}")).unwrap();
    let message = Dataset::from_table(&table, &Target::listed_labels("y", "|")).unwrap_err().to_string();
    assert!(message.contains("found 160 different texts in 80 rows"), "{message}");
    let table = Table::from_text("t.csv", "x,y\n1,a|b\n2,b|a\n").unwrap();
    let message = Dataset::from_table(&table, &Target::listed_labels("y", "|")).unwrap_err().to_string();
    assert!(message.contains("every row has the class \"a|b\""), "{message}");
    // cells of other tables
    let model = fitted(lists(), &of_lists()).unwrap().model;
    let other = Table::from_text("new.csv", "x,y,z,tags\n1,2,a,new|old\n3,4,b,\n").unwrap();
    let message = model.dataset(&other).unwrap_err().to_string();
    let unknown = "the model does not know the label \"old\"; it knows long, new, odd one";
    assert_eq!(message, format!("new.csv, line 2, column \"tags\": {unknown}"));
    let target = Target::listed_labels("tags", "|");
    let message = model.align(&Dataset::from_table(&other, &target).unwrap()).unwrap_err().to_string();
    assert_eq!(message, format!("new.csv, column \"tags\": {unknown}"));
    let columns = Target::labels(["new", "x"]);
    let table = Table::from_text("t.csv", "a,new,x\n1,yes,0\n2,no,1\n3,perhaps,0\n").unwrap();
    let message = Dataset::from_table(&table, &columns).unwrap_err().to_string();
    assert_eq!(message, "t.csv, line 4, column \"new\": expected true or false, yes or no, found \"perhaps\"");
    let table = Table::from_text("t.csv", "a,new,x\n1,yes,0\n2,,1\n").unwrap();
    let message = Dataset::from_table(&table, &columns).unwrap_err().to_string();
    assert_eq!(message, "t.csv, line 3, column \"new\": expected a value, found an empty cell");
    let scale = Preprocessing::fit(&model.dataset(&lists()).unwrap());
    assert!(scale.targets.is_none());
}

/// The first of `;`, `|` and `,` that is in no name of a label stands between predicted labels.
#[test]
fn names_with_separators() {
    let table = |names: [&str; 2]| {
        let names = names.map(|name| format!("\"{name}\"")).join(",");
        let rows: String = (0..60).map(|i| format!("{i},{},{}\n", i / 30, i / 30)).collect();
        Table::from_text("t.csv", &format!("x,{names}\n{rows}")).unwrap()
    };
    let fit_of = |names: [&str; 2]| {
        let recipe = Recipe { task: Some(Task::MultiLabel), epochs: Some(60), ..recipe() };
        fitted(table(names), &Recipe { target: names.map(str::to_owned).to_vec(), ..recipe })
    };
    for (names, expected) in
        [(["a", "b"], "a;b"), (["a;b", "c"], "a;b|c"), (["a;b", "c|d"], "a;b,c|d"), (["a,b", "c|d"], "a,b;c|d")]
    {
        let model = fit_of(names).unwrap().model;
        assert_eq!(model.predict(&table(names)).unwrap().text(59), expected);
    }
    let message = fit_of(["a|b", "c,d;e"]).unwrap_err().to_string();
    let expected = "t.csv, column \"c,d;e\": each of ; | , is in the name of a label, but predictions list labels between one of \
                    them: rename the column";
    assert_eq!(message, expected);
}
