//! `--recipe` and `--print-recipe`.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Desk, fails, flowers};

#[test]
fn a_printed_recipe_gives_the_same_model() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.write("test.csv", flowers());
    let list = |i: usize| ["a", "a|b", "b|c", ""][i % 4];
    let lists: String = (0..80).map(|i| format!("{},{},{}\n", i % 4, i % 7, list(i))).collect();
    desk.write("lists.csv", format!("x,y,tags\n{lists}"));
    for (data, options, model) in [
        ("digits", "--epochs 2 --dtype f32 --hidden 16,8", "model.safetensors"),
        (
            "diabetes",
            "--epochs 2 --hidden none --optimizer sgd --momentum 0.5 --schedule step:1:0.5",
            "model.safetensors",
        ),
        (
            "flowers.csv",
            "--target species --drop number,width --epochs 2 --seed 18446744073709551615",
            "model.safetensors",
        ),
        ("flowers.csv", "--target length,width --test-file test.csv --epochs 2", "model.safetensors"),
        ("flowers.csv", "--target species --folds 3 --epochs 2", "fold-2/model.safetensors"),
        ("digits", "--optimizer lbfgs --learning-rate 0.05 --epochs 2 --hidden 8", "model.safetensors"),
        ("diabetes", "--optimizer rprop --epochs 2 --hidden 8 --freeze 0", "model.safetensors"),
        (
            "flowers.csv",
            "--target species --ensemble 2 --calibrate --threshold f1 --mixup 0.2 --hidden 8 --epochs 2 --validation-fraction 0.3",
            "model.safetensors",
        ),
        ("lists.csv", "--target tags --task multi-label --hidden 8 --epochs 2", "model.safetensors"),
    ] {
        let printed = desk.ok(&format!("train {data} {options} --print-recipe"));
        assert!(!desk.path("first").exists() && !desk.path("runs").exists());
        assert!(printed.stdout.contains("\nlearning_rate = 0.0"), "{}", printed.stdout);
        desk.write("recipe.toml", &printed.stdout);
        desk.train(&format!("{data} {options} --output first --force"));
        desk.train(&format!("{data} --recipe recipe.toml --epochs 2 --output second --force"));
        assert!(desk.read(&format!("first/{model}")) == desk.read(&format!("second/{model}")), "{data} {options}");
        assert_eq!(desk.ok(&format!("train {data} --recipe recipe.toml --print-recipe")).stdout, printed.stdout);
        for folder in ["first", "second"] {
            std::fs::remove_dir_all(desk.path(folder)).unwrap();
        }
    }
    // the model to go on from has the rest
    desk.ok("train flowers.csv --target species --epochs 1 --output start");
    let printed = desk.ok("train flowers.csv --warm-start start --epochs 1 --print-recipe").stdout;
    assert!(printed.contains("\nwarm_start = \"start\"\n") && !printed.contains("hidden"), "{printed}");
    desk.write("recipe.toml", printed);
    desk.ok("train flowers.csv --recipe recipe.toml");
}

#[test]
fn recipes_that_are_wrong() {
    let desk = Desk::new();
    desk.write("recipe.toml", "epochs = 3\n\n# sizes\nhidden = [8, 4]\nheader = false\n");
    for (options, message) in [
        ("--epochs 4", "--epochs 4 contradicts recipe.toml, line 1: epochs = 3"),
        ("--hidden 8", "--hidden 8 contradicts recipe.toml, line 4: hidden = 8,4"),
        ("--hidden none", "--hidden none contradicts recipe.toml, line 4: hidden = 8,4"),
        ("--header yes", "--header true contradicts recipe.toml, line 5: header = false"),
        ("--warm-start runs/digits-1", "--warm-start cannot be used with --hidden"),
        ("--momentum 0.9", "--momentum works only with --optimizer sgd, not with adamw"),
    ] {
        fails(&desk, 2, &format!("train digits --recipe recipe.toml {options}"), message);
    }
    for (name, text, message) in [
        (
            "a.toml",
            "epochs = 3\noptimiser = 'sgd'",
            "a.toml, line 2: there is no field optimiser; did you mean optimizer?",
        ),
        (
            "a.json",
            "{\"epochs\": 3,\n\"loss\": \"msee\"}",
            "a.json, line 2: loss: expected one of cross-entropy, smoothed-cross-entropy, focal, binary-cross-entropy, mse, half-mse, mae, huber, log-cosh, quantile, poisson, found \"msee\"; did you mean mse?",
        ),
        (
            "a.toml",
            "version = 2",
            "a.toml, line 1: a later version of mfnet wrote this recipe: expected version 1, found 2",
        ),
        ("a.toml", "momentum = 0.9", "a.toml: momentum works only with optimizer sgd, not with adamw"),
        ("a.toml", "folds = 3\ntest_file = 't.csv'", "a.toml: test_file cannot be used with folds"),
        ("b.toml", "", "none.toml: cannot read: No such file or directory (os error 2)"),
    ] {
        desk.write(name, text);
        let name = if name == "b.toml" { "none.toml" } else { name };
        fails(&desk, 1, &format!("train digits --recipe {name}"), message);
    }
    assert!(!desk.path("runs").exists());
}
