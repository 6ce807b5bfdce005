//! Recipes: what they read and write, what they refuse, and that a fit follows them.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use mfnet::data::Scaling;
use mfnet::fit::{ClassWeight, Input, Observer, OptimizerName, Plan, RecipeFile, Task, fit_folds};
use mfnet::layer::ActivationName;
use mfnet::loss::LossName;
use mfnet::optimizer::Schedule;
use mfnet::train::{EpochRecord, Step};
use mfnet::{Dtype, Model, Recipe, Result, Table, fit};
use proptest::prelude::*;

/// 120 flats whose price follows from area and city, with gaps, dates, an owner and a part.
fn flats() -> Table {
    let row = |i: usize| {
        let (area, rooms) = (20 + i * 37 % 150, if i.is_multiple_of(7) { String::new() } else { (i % 4).to_string() });
        let (city, part) = (["Rome", "Oslo", "Lima"][i % 3], ["train", "train", "test", "validation"][i % 4]);
        let date = format!("2024-{:02}-{:02}", 1 + i % 12, 1 + i % 28);
        format!("{area},{rooms},{city},{date},o{},{part},{}\n", i % 29, area * 10 + 300 * (i % 3))
    };
    let rows: String = (0..120).map(row).collect();
    Table::from_text("flats", &format!("area,rooms,city,when,owner,part,price\n{rows}")).unwrap()
}

fn quick() -> Recipe {
    let drop = vec!["owner".to_owned(), "part".to_owned()];
    Recipe { drop, hidden: Some(vec![8]), epochs: Some(2), ..Recipe::of_target("price") }
}

fn bytes(model: &Model) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    std::fs::read(path).unwrap()
}

proptest! {
    /// TOML and JSON give back what was written.
    #[test]
    fn round_trips(
        target in prop::collection::vec("[a-z ,\"=é]{0,6}", 0..3),
        hidden in prop::option::of(prop::collection::vec(1_usize..2000, 0..4)),
        (rate, momentum) in (prop::option::of(1e-9..1e9), 0.0..0.999),
        (seed, epochs, header) in (any::<u32>(), prop::option::of(1..usize::MAX / 2), any::<Option<bool>>()),
        (scale, word) in (prop::option::of(0..4_usize), any::<prop::sample::Index>()),
        (column, weights) in (prop::option::of("[a-z :é]{1,6}"), prop::collection::btree_map("[a-z :,=\"é]{0,4}", 0.0..1e9, 0..3)),
    ) {
        let recipe = Recipe {
            target,
            hidden,
            header,
            learning_rate: rate,
            momentum,
            seed: seed.into(),
            epochs,
            scale: scale.map(|i| Scaling::ALL[i]),
            schedule: Some(*word.get(&[Schedule::Cosine, Schedule::OneCycle, Schedule::Step { every: 3, factor: 0.25 }])),
            optimizer: *word.get(&OptimizerName::ALL),
            loss: Some(*word.get(&LossName::ALL)),
            activation: Some(*word.get(&ActivationName::ALL)),
            task: Some(*word.get(&Task::ALL)),
            dtype: Some(Dtype::F32),
            warm_start: Some("runs/a b".into()),
            accumulate: epochs,
            shards: Some(1 << word.index(4)),
            class_weight: column.is_some().then_some(if weights.len() == 1 { ClassWeight::Balanced } else { ClassWeight::Given(weights) }),
            sample_weight: column,
            ..Recipe::default()
        };
        prop_assert_eq!(&Recipe::from_toml(&recipe.to_toml().unwrap()).unwrap(), &recipe);
        prop_assert_eq!(&Recipe::from_json(&recipe.to_json().unwrap()).unwrap(), &recipe);
    }
}

#[test]
fn an_empty_text_is_the_default() {
    for recipe in [Recipe::from_toml("").unwrap(), Recipe::from_json("{}").unwrap()] {
        assert_eq!(recipe, Recipe::default());
    }
    assert_eq!(Recipe::from_toml("target = 'a'\nheader = false").unwrap().target, ["a"]);
}

#[test]
fn what_no_recipe_can_have() {
    for (text, message) in [
        ("epoch = 3", "line 1: there is no field epoch; did you mean epochs?"),
        ("seed = 1\n\nlearning-rate = 0.1", "line 3: there is no field learning-rate; did you mean learning_rate?"),
        ("xyz = 3", "line 1: there is no field xyz"),
        ("version = 'x'", "line 1: version: expected a whole number, found \"x\""),
        ("version = 2\nnew = 1", "line 1: a later version of mfnet wrote this recipe: expected version 1, found 2"),
        (
            "optimizer = 'adamx'",
            "line 1: optimizer: expected one of sgd, adam, adamw, amsgrad, nadam, radam, lion, rmsprop, adagrad, adadelta, rprop, lbfgs, found \"adamx\"; did you mean adam?",
        ),
        (
            "activation = 'gelo'",
            "line 1: activation: expected one of relu, sigmoid, tanh, identity, leaky-relu, elu, selu, gelu, gelu-tanh, silu, \
             mish, softplus, hard-sigmoid, hard-swish, found \"gelo\"; did you mean gelu?",
        ),
        (
            "loss = 'rmse'",
            "line 1: loss: expected one of cross-entropy, smoothed-cross-entropy, focal, binary-cross-entropy, mse, half-mse, mae, huber, log-cosh, quantile, poisson, found \"rmse\"; did you mean mse?",
        ),
        ("task = 7", "line 1: task: invalid type: integer `7`, expected a string"),
        ("dtype = 'f16'", "line 1: dtype: there is no kind f16, expected one of f64, f32"),
        (
            "scale = 'standart'",
            "line 1: scale: expected one of standard, robust, min-max, quantile, found \"standart\"; did you mean standard?",
        ),
        ("schedule = 'step:0:1'", "line 1: schedule: epochs of a step of the schedule: expected at least 1, found 0"),
        ("target = 3", "line 1: target: expected a name or a list of names"),
        ("layers = [{ units = 3 }]", "line 1: layers: the field kind is missing, such as kind = \"linear\""),
        ("hidden = [8, 0]", "line 1: hidden: expected sizes of at least 1, found 0"),
        ("epochs = 0", "line 1: epochs: expected a whole number of at least 1, found 0"),
        ("epochs = -1", "line 1: epochs: invalid value: integer `-1`, expected a whole number, 0 or more"),
        ("epochs = 'x'", "line 1: epochs: invalid type: string \"x\", expected a whole number, 0 or more"),
        ("folds = 1", "line 1: folds: expected a whole number of at least 2, found 1"),
        ("threads = 0", "line 1: threads: expected a whole number of at least 1, found 0"),
        ("batch_size = 0", "line 1: batch_size: expected a whole number of at least 1, found 0"),
        ("accumulate = 0", "line 1: accumulate: expected a whole number of at least 1, found 0"),
        ("shards = 0", "line 1: shards: expected a power of two up to 1024, found 0"),
        ("shards = 3", "line 1: shards: expected a power of two up to 1024, found 3"),
        ("learning_rate = 0", "line 1: learning_rate: expected a positive number, found 0"),
        ("momentum = 1", "line 1: momentum: expected a number from 0 to less than 1, found 1"),
        ("weight_decay = -1", "line 1: weight_decay: expected 0 or a positive number, found -1"),
        ("clip_norm = inf", "line 1: clip_norm: expected a number, found inf or nan"),
        ("learning_rate = nan", "line 1: learning_rate: expected a number, found inf or nan"),
        ("test_fraction = 1.0", "line 1: test_fraction: expected a number from 0 to less than 1, found 1"),
        (
            "class_weight = 3",
            "line 1: class_weight: expected balanced, or a table with a weight for each label such as { spam = 5 }",
        ),
        ("[class_weight]\na = -2", "line 1: class_weight: expected 0 or a positive number for \"a\", found -2"),
        ("seed = 1.5", "line 1: seed: invalid type: floating point `1.5`, expected a whole number, 0 or more"),
    ] {
        assert_eq!(Recipe::from_toml(text).unwrap_err().to_string(), format!("recipe, {message}"), "{text}");
    }
    let error = Recipe::from_json("{\n\"epochs\": 1,\n\"seed\": true}").unwrap_err().to_string();
    assert_eq!(error, "recipe, line 3: seed: invalid type: boolean `true`, expected a whole number, 0 or more");
    assert!(Recipe::from_json("{").unwrap_err().to_string().starts_with("recipe, line 1: "));
    assert!(Recipe::from_toml("a = \n").unwrap_err().to_string().starts_with("recipe, line 1: "));
}

#[test]
fn fields_that_contradict_each_other() {
    for (text, message) in [
        ("momentum = 0.9", "`momentum` works only with `optimizer` sgd, not with adamw"),
        ("optimizer = 'sgd'\nnesterov = true", "`nesterov` needs `momentum`"),
        ("clip_norm = 1\nclip_layer_norm = 1", "`clip_norm` cannot be used with `clip_layer_norm`"),
        ("warm_optimizer = true", "`warm_optimizer` needs `warm_start`, whose optimizer goes on"),
        ("warm_start = 'm'\nhidden = []", "`warm_start` cannot be used with `hidden`"),
        ("warm_start = 'm'\ntarget = 'a'", "`warm_start` cannot be used with `target`"),
        ("batch_order = 'o'\nno_shuffle = true", "`batch_order` cannot be used with `no_shuffle`"),
        ("test_file = 't'\nfolds = 3", "`test_file` cannot be used with `folds`"),
        ("split_column = 's'\ngroup = 'g'", "`split_column` cannot be used with `group`"),
        ("folds = 3\ntest_fraction = 0.1", "`folds` cannot be used with `test_fraction`"),
        (
            "weight_decay = 5000",
            "learning rate × weight decay: expected less than 1 (each step multiplies the weights by 1 minus this product), found 0.001 × 5000 = 5",
        ),
    ] {
        assert_eq!(Recipe::from_toml(text).unwrap().check().unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn data_that_a_recipe_does_not_fit() {
    let error = |recipe: Recipe| Plan::new(flats(), &recipe).unwrap_err().to_string();
    let early_stopping = Recipe { early_stopping: Some(3), validation_fraction: Some(0.0), ..quick() };
    for (recipe, message) in [
        (Recipe::default(), "flats: `target` must name the column to predict"),
        (Recipe::of_target("prices"), "flats: there is no column \"prices\"; did you mean \"price\"?"),
        (
            Recipe { loss: Some(LossName::CrossEntropy), ..quick() },
            "`loss` cross-entropy does not fit a regression: expected one of mse, half-mse, mae, huber, log-cosh, quantile, poisson",
        ),
        (Recipe { drop: vec!["price".to_owned()], ..quick() }, "`drop` must not name the target \"price\""),
        (early_stopping, "`early_stopping` needs validation rows to watch"),
        (Recipe { folds: Some(3), ..quick() }, "`folds` asks for several fits, not for one"),
        (
            Recipe { test_fraction: Some(0.6), validation_fraction: Some(0.4), ..quick() },
            "`test_fraction` and `validation_fraction` together leave no training rows",
        ),
        // an error of the split is no reason to do without validation rows
        (
            Recipe { split_column: Some("city".to_owned()), drop: Vec::new(), ..quick() },
            "flats, line 2, column \"city\": expected train, validation or test (or training, valid, val, dev, testing, holdout), found \"Rome\"",
        ),
        (Recipe { epochs: Some(0), ..quick() }, "epochs: expected a whole number of at least 1, found 0"),
    ] {
        assert_eq!(error(recipe), message);
    }
}

/// The same bytes from the recipe as it was given and as it was decided.
#[test]
fn a_decided_recipe_gives_the_same_model() {
    let column = |name: &str| Some(name.to_owned());
    for recipe in [
        quick(),
        Recipe { dtype: Some(Dtype::F32), scale: Some(Scaling::Robust), seed: 3, ..quick() },
        Recipe { accumulate: Some(3), shards: Some(4), ..quick() },
        Recipe { drop: vec!["owner".to_owned()], split_column: column("part"), ..quick() },
        Recipe { drop: vec!["part".to_owned()], group: column("owner"), optimizer: OptimizerName::Sgd, ..quick() },
        Recipe { test_fraction: Some(0.0), validation_fraction: Some(0.0), no_shuffle: true, ..quick() },
        Recipe { target: vec!["city".to_owned()], ..quick() },
        Recipe { sample_weight: column("area"), ..quick() },
        Recipe { target: vec!["city".to_owned()], class_weight: Some(ClassWeight::Balanced), ..quick() },
        Recipe {
            target: vec!["city".to_owned()],
            sample_weight: column("area"),
            class_weight: Some("Rome:3,Lima:0.5".parse().unwrap()),
            ..quick()
        },
    ] {
        let first = fit(flats(), &recipe, &mut ()).unwrap();
        let decided = Recipe::from_toml(&first.plan.recipe().to_toml().unwrap()).unwrap();
        assert!(decided.learning_rate.is_some() && decided.task.is_some() && decided.hidden.is_some());
        let again = fit(flats(), &decided, &mut ()).unwrap();
        assert!(bytes(&first.model) == bytes(&again.model), "{recipe:?}");
        assert_eq!(again.plan.recipe(), decided);
    }
}

/// Counts, and stops when it is told to.
#[derive(Default)]
struct Counter {
    steps: usize,
    epochs: usize,
    most: Option<usize>,
}

impl Observer for Counter {
    fn step(&mut self, _: &Step) -> ControlFlow<()> {
        self.steps += 1;
        if self.most == Some(self.steps) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, record: &EpochRecord, so_far: &dyn Fn() -> Result<Model>) -> Result<ControlFlow<()>> {
        self.epochs += 1;
        assert_eq!(so_far()?.training.settings["epochs"], record.epoch);
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn an_observer_sees_steps_and_epochs_and_stops() {
    let mut counter = Counter::default();
    let whole = fit(flats(), &quick(), &mut counter).unwrap();
    assert_eq!((counter.steps, counter.epochs), (2 * whole.summary.train.samples.div_ceil(8), 2));
    assert!(!whole.summary.interrupted && whole.summary.verdict.is_some() && whole.summary.baselines.linear.is_some());
    let mut counter = Counter { most: Some(3), ..Counter::default() };
    let stopped = fit(flats(), &quick(), &mut counter).unwrap();
    assert_eq!((counter.steps, stopped.summary.epochs, stopped.summary.interrupted), (3, 0, true));
    let folds = Recipe { folds: Some(3), ..quick() };
    assert_eq!(fit_folds(flats(), &folds, &mut Counter { most: Some(1), ..Counter::default() }).unwrap().len(), 1);
    assert_eq!(fit_folds(flats(), &folds, &mut ()).unwrap().len(), 3);
}

#[test]
fn a_warm_start_goes_on_from_a_model() {
    let first = fit(flats(), &quick(), &mut ()).unwrap();
    let recipe = Recipe { epochs: Some(1), ..Recipe::default() };
    let second = fit(Input { start: Some(first.model.clone()), ..Input::from(flats()) }, &recipe, &mut ()).unwrap();
    assert_eq!(second.model.training.settings["warm_start"], true);
    assert!(second.summary.start_validation_loss.is_some());
    assert_eq!(second.model.network().parameter_count(), first.model.network().parameter_count());
    let named = Recipe { hidden: Some(vec![3]), ..recipe };
    let error =
        fit(Input { start: Some(first.model), ..Input::from(flats()) }, &named, &mut ()).unwrap_err().to_string();
    assert_eq!(error, "`warm_start` cannot be used with `hidden`");
}

#[test]
fn files_by_their_endings() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a.toml", "epochs = 3\n"), ("a.JSON", "{\"epochs\": 3}"), ("a.txt", "epochs = 3")] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let file = RecipeFile::read(&path).unwrap();
        assert_eq!(file.recipe.epochs, Some(3));
        assert_eq!(file.place_of("epochs"), Some(format!("{}, line 1", path.display())));
        assert_eq!(file.place_of("seed"), None);
    }
}
