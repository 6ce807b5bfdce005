//! `mfnet train` and what it leaves, read by `evaluate` and `predict` in other processes.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Desk, files, flowers};

#[test]
fn digits_reach_the_promised_accuracy() {
    let desk = Desk::new();
    let report = desk.train("digits");
    for key in ["task", "data", "features", "parameters", "epochs", "best_epoch", "seconds", "samples_per_second"] {
        assert!(!report[key].is_null(), "{key}");
    }
    for key in ["seed", "threads", "dtype", "output"] {
        assert!(!report[key].is_null(), "{key}");
    }
    assert_eq!(report["samples"], serde_json::json!({ "train": 1258, "validation": 180, "test": 359 }));
    assert!(report["validation"]["accuracy"].as_f64().unwrap() >= 0.97);
    let accuracy = report["test"]["accuracy"].as_f64().unwrap();
    assert!(accuracy >= 0.97, "{accuracy}");
    // scikit-learn's LogisticRegression averages 0.97 on such splits, and the largest class has 183 of 1797 samples
    let linear = report["baselines"]["linear"].as_f64().unwrap();
    assert!((0.93..0.99).contains(&linear), "{linear}");
    assert!((report["baselines"]["naive"].as_f64().unwrap() - 0.1).abs() < 0.01);

    assert_eq!(report["output"], "runs/digits-1");
    assert_eq!(files(&desk.path("runs/digits-1")), ["history.csv", "metrics.json", "model.safetensors", "report.html"]);
    let history = desk.text("runs/digits-1/history.csv");
    assert!(history.starts_with("epoch,loss,validation_loss,seconds,validation_accuracy\n1,"));
    let of_best_epoch = history.lines().nth(report["best_epoch"].as_u64().unwrap() as usize).unwrap();
    let accuracy: f64 = of_best_epoch.split(',').nth(4).unwrap().parse().unwrap();
    assert_eq!(report["validation"]["accuracy"], accuracy);
    assert_eq!(history.lines().count() as u64, 1 + report["epochs"].as_u64().unwrap());
    assert_eq!(serde_json::from_str::<serde_json::Value>(&desk.text("runs/digits-1/metrics.json")).unwrap(), report);

    // a second run gets a folder of its own
    assert_eq!(desk.train("digits --epochs 1")["output"], "runs/digits-2");
}

#[test]
fn evaluate_gives_the_numbers_that_training_printed() {
    let desk = Desk::new();
    for (data, options) in [("digits", "--epochs 3 --validation-fraction 0.1"), ("diabetes", "--epochs 3 --dtype f32")]
    {
        let trained = desk.train(&format!("{data} {options} --split-seed 5 --output {data}"));
        for part in ["train", "test"] {
            let evaluated = desk.ok(&format!("evaluate {data} {data} --part {part} --json")).json();
            for (name, value) in trained[part].as_object().unwrap() {
                assert_eq!(&evaluated[name], value, "{data}, {part}, {name}");
            }
            assert_eq!(evaluated["samples"], trained["samples"][part]);
        }
        let default = desk.ok(&format!("evaluate {data}/model.safetensors {data} --json")).json();
        assert_eq!((&default["part"], &default["loss"]), (&serde_json::json!("test"), &trained["test"]["loss"]));
    }
    assert!(desk.ok("evaluate digits digits").stdout.contains("\nthe test rows                359 "));
}

#[test]
fn predictions_are_the_same_bits_in_every_process_and_columns_are_found_by_name() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.ok("train flowers.csv --target species --output run --epochs 60");
    let first = desk.ok("predict run flowers.csv").stdout;
    assert_eq!(first, desk.ok("predict run/model.safetensors flowers.csv").stdout);
    assert!(first.starts_with("prediction,p_setosa,p_virginica\nsetosa,0.9"), "{first}");

    // the columns the other way round, and without the target
    let turned: String = flowers()
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(',').collect();
            fields.pop();
            fields.reverse();
            fields.join(",") + "\n"
        })
        .collect();
    desk.write("turned.csv", turned);
    assert_eq!(first, desk.ok("predict run turned.csv").stdout);

    desk.ok("predict run flowers.csv --keep number --keep species --output predictions.csv");
    let kept = desk.text("predictions.csv");
    assert!(kept.starts_with("number,species,prediction,p_setosa,p_virginica\n0,setosa,setosa,0.9"), "{kept}");
    let right =
        kept.lines().skip(1).filter(|line| line.contains("setosa,setosa") || line.contains("virginica,virginica"));
    assert_eq!(right.count(), 40);
    // other data with labels: all rows count
    desk.write("more.csv", flowers().replace("5.0", "5.1"));
    let evaluated = desk.ok("evaluate run more.csv --json").json();
    assert_eq!((&evaluated["part"], &evaluated["accuracy"]), (&serde_json::json!("all"), &serde_json::json!(1.0)));
}

/// The classes of these points are not linearly separable; the network without options separates them.
#[test]
fn generated_data_sets() {
    let desk = Desk::new();
    for (name, linear) in [("xor", 0.7), ("moons", 0.95), ("spiral", 0.8)] {
        for seed in [0, 1] {
            let report = desk.train(&format!("{name} --seed {seed}"));
            let (network, baselines) = (report["test"]["accuracy"].as_f64().unwrap(), &report["baselines"]);
            assert!(network >= 0.98 && baselines["linear"].as_f64().unwrap() < linear, "{name}, seed {seed}: {report}");
            let verdict = report["verdict"].as_str().unwrap();
            assert!(verdict.starts_with("The network beats the linear model"), "{name}, seed {seed}: {verdict}");
        }
    }
}

/// Precision, recall and F1 of a class that is always missed; the definition of scikit-learn is in the library's tests.
#[test]
fn scores_of_classes_are_in_the_json() {
    let desk = Desk::new();
    // noise; one class has a tenth of the rows
    let rows: String =
        (0..400).map(|i| format!("{},{}\n", i * 7919 % 101, if i % 10 == 0 { "rare" } else { "usual" })).collect();
    desk.write("t.csv", format!("x,kind\n{rows}"));
    let report = desk.train("t.csv --target kind --hidden none --epochs 2 --output run");
    let file: serde_json::Value = serde_json::from_str(&desk.text("run/metrics.json")).unwrap();
    assert_eq!(file["test"], report["test"]);
    let evaluated = desk.ok("evaluate run t.csv --json").json();
    for of in [&report["test"], &evaluated] {
        assert_eq!(of["confusion_matrix"], serde_json::json!([[0, 8], [0, 72]]));
        let rare = serde_json::json!({ "label": "rare", "precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 8, "weight": 8.0 });
        assert_eq!(of["classes"][0], rare);
        assert_eq!((&of["classes"][1]["precision"], &of["classes"][1]["recall"]), (&0.9.into(), &1.0.into()));
        assert_eq!((&of["macro_average"]["precision"], &of["macro_average"]["recall"]), (&0.45.into(), &0.5.into()));
    }
    // a row of the matrix is a line of the file
    assert!(desk.text("run/metrics.json").contains("\n      [0, 72]\n"));
}

#[test]
fn values_come_out_in_their_own_unit() {
    let desk = Desk::new();
    // 100 a + 1000 and −a: the linear model is exact
    let rows: String = (0..50).map(|a| format!("{a}.25;{};{}\n", 100 * a + 1000, -a)).collect();
    desk.write("lines.csv", format!("a;price;loss\n{rows}"));
    let report = desk.train(
        "lines.csv --target price,loss --hidden none --optimizer sgd --learning-rate 0.1 --epochs 200 --weight-decay 0",
    );
    assert_eq!(report["task"], "regression");
    assert!(report["test"]["rmse"].as_f64().unwrap() < 1e-6, "{report}");
    assert!(report["baselines"]["linear"].as_f64().unwrap() < 1e-6, "{report}");
    assert!(report["baselines"]["naive"].as_f64().unwrap() > 100.0, "{report}");
    // each target has metrics in its own unit
    let targets = report["train"]["targets"].as_array().unwrap();
    assert_eq!((&targets[0]["column"], &targets[1]["column"]), (&"price".into(), &"loss".into()));
    let text = desk.ok("evaluate runs/lines-1 lines.csv --part all").stdout;
    let rows: Vec<Vec<&str>> = text.lines().skip(2).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["rows", "loss", "RMSE", "MAE", "R²"]);
    assert!(rows[1][..3] == ["all", "rows", "50"] && rows[1].len() == 5 && rows[1][4] == "1.0000", "{text}");
    assert!(rows[2].len() == 4 && rows[2][0] == "price" && rows[3].len() == 4 && rows[3][0] == "loss", "{text}");
    let predictions = desk.ok("predict runs/lines-1 lines.csv").stdout;
    let mut lines = predictions.lines();
    assert_eq!(lines.next(), Some("prediction_price,prediction_loss"));
    let first: Vec<f64> = lines.next().unwrap().split(',').map(|field| field.parse().unwrap()).collect();
    assert!((first[0] - 1000.0).abs() < 1e-6 && first[1].abs() < 1e-6, "{first:?}");
}

#[test]
fn a_file_without_header_has_numbered_columns() {
    let desk = Desk::new();
    let rows: String = (0..40).map(|i| format!("{},{},{}\n", i % 2, i * 7 % 41, 2 * i)).collect();
    desk.write("plain.csv", &rows);
    let report = desk.train("plain.csv --target 0 --epochs 5");
    assert_eq!((&report["task"], &report["features"]), (&serde_json::json!("classification"), &serde_json::json!(2)));
    let all = desk.ok("predict runs/plain-1 plain.csv").stdout;
    let without_target: String = rows.lines().map(|line| line[2..].to_owned() + "\n").collect();
    desk.write("new.csv", without_target);
    assert_eq!(all, desk.ok("predict runs/plain-1 new.csv").stdout);
    desk.write("odd.csv", "1,2,3,4\n");
    let run = desk.run("predict runs/plain-1 odd.csv");
    assert_eq!(
        run.stderr.lines().next(),
        Some("error: odd.csv: expected 2 columns without the target, or 3 columns, found 4")
    );
}

#[test]
fn the_model_has_the_same_bytes_for_every_number_of_threads() {
    let desk = Desk::new();
    for dtype in ["f64", "f32"] {
        let train = |threads: usize| {
            let options = "digits --hidden 512,512 --batch-size 256 --epochs 2 --force --quiet";
            let report =
                desk.train(&format!("{options} --dtype {dtype} --threads {threads} --output {dtype}-{threads}"));
            assert_eq!(report["threads"], threads);
            assert_eq!(report["threads_that_worked"], threads);
            desk.read(&format!("{dtype}-{threads}/model.safetensors"))
        };
        let alone = train(1);
        assert_eq!(alone, train(2));
        assert_eq!(alone, train(3));
    }
}

/// The sum of the gradients of four batches, divided by their samples, is the gradient of one batch of all of them; the last step of an epoch
/// has what is left. Sums in another order differ by some units of 2⁻⁵³.
#[test]
fn accumulated_batches_are_one_large_batch() {
    let desk = Desk::new();
    let losses = |options: &str| -> Vec<f64> {
        desk.ok(&format!(
            "train digits --hidden 16 --optimizer sgd --learning-rate 0.05 --epochs 4 --no-baselines {options} --force --output run"
        ));
        let history = desk.text("run/history.csv");
        history.lines().skip(1).flat_map(|line| line.split(',').take(3).skip(1)).map(|x| x.parse().unwrap()).collect()
    };
    // 1258 training rows are 9 times 128 and 106, of which the last batch of 32 has 10
    let (parts, whole) = (losses("--accumulate 4 --batch-size 32"), losses("--batch-size 128"));
    assert_eq!(parts.len(), 8);
    // the loss of an epoch is the mean over its samples before their step, of which there are as many in both
    for (part, whole) in parts.iter().zip(&whole) {
        assert!((part - whole).abs() <= 1e-9 * whole.abs(), "{part} {whole}");
    }
    assert_ne!(whole, losses("--batch-size 32"));
    let settings = desk.ok("inspect run").stdout;
    assert!(!settings.contains("accumulate") && !settings.contains("shards"), "{settings}");
}

#[test]
fn shards_give_the_same_model_for_every_number_of_threads() {
    let desk = Desk::new();
    let train = |options: &str| {
        desk.ok(&format!(
            "train digits --hidden 256 --batch-size 200 --epochs 2 --no-baselines {options} --force --output run"
        ));
        desk.read("run/model.safetensors")
    };
    let alone = train("--shards 4 --accumulate 2 --threads 1");
    let settings = desk.ok("inspect run").stdout;
    assert!(settings.contains("\n  accumulate: 2\n") && settings.contains("\n  shards: 4\n"), "{settings}");
    assert!(alone == train("--shards 4 --accumulate 2 --threads 2"));
    assert!(alone == train("--shards 4 --accumulate 2 --threads 3"));
    // one shard, one batch a step: what there was before there were these options
    assert!(train("") == train("--shards 1 --accumulate 1"));
    let printed = desk.ok("train digits --accumulate 2 --shards 4 --print-recipe").stdout;
    assert!(printed.contains("\naccumulate = 2\nshards = 4\n"), "{printed}");
    let printed = desk.ok("train digits --print-recipe").stdout;
    assert!(!printed.contains("accumulate") && !printed.contains("shards"), "{printed}");
}

/// The verdict, which the report has too.
fn verdict(desk: &Desk, arguments: &str) -> Option<String> {
    let text = desk.ok(&format!("train {arguments} --output run --force")).stdout;
    let verdict = text.lines().find(|line| line.starts_with("The network "));
    if let Some(verdict) = verdict {
        // its first part is in large letters; a space in a number does not break
        let page = desk.text("run/report.html").replace('\u{a0}', " ");
        let (large, rest) = verdict.split_once(": i").unwrap();
        assert!(page.contains(&format!("<p class=\"verdict\">{large}.</p>")), "{verdict}");
        assert!(page.contains(&format!("<p>I{}</p>", rest.replace('<', "&lt;"))), "{verdict}");
    }
    verdict.map(str::to_owned)
}

#[test]
fn training_says_whether_the_network_beats_its_baselines() {
    let desk = Desk::new();
    // a straight line, which the linear model meets exactly
    let rows: String = (0..60).map(|i| format!("{i},{}.5\n", 3 * i)).collect();
    desk.write("line.csv", format!("x,y\n{rows}"));
    let not_better = "The network does not beat the linear model: its RMSE on 12 test rows is ";
    assert!(verdict(&desk, "line.csv --target y").unwrap().starts_with(not_better));
    // a parabola, of which a line knows nothing
    let rows: String = (-100..100).map(|i| format!("{i},{}.5\n", i * i)).collect();
    desk.write("parabola.csv", format!("x,y\n{rows}"));
    let sentence = verdict(&desk, "parabola.csv --target y").unwrap();
    assert!(
        sentence.starts_with("The network beats the linear model and the naive baseline: its RMSE on 40 test rows is "),
        "{sentence}"
    );
    assert!(sentence.contains(" for the linear model and ") && sentence.contains(" for the naive baseline."));
    // without test rows nothing is known
    assert_eq!(verdict(&desk, "line.csv --target y --test-fraction 0"), None);
}

#[test]
fn the_losses_are_shown_as_curves() {
    let desk = Desk::new();
    let lines = |arguments: &str| -> Vec<String> {
        let text = desk.ok(&format!("train diabetes {arguments} --output run --force")).stdout;
        text.lines().skip(1).take_while(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let both = lines("--epochs 60");
    assert!(both.len() == 2 && both[0].starts_with("training loss    █") && both[1].starts_with("validation loss  █"));
    let losses: Vec<f64> = desk
        .text("run/history.csv")
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(1).unwrap().parse().unwrap())
        .collect();
    assert!(both[0].contains(&format!("  {:.2} → {:.3}", losses[0], losses[losses.len() - 1])), "{both:?}");
    assert_eq!(both, lines("--epochs 60"));
    assert_eq!(lines("--epochs 2 --validation-fraction 0").len(), 1);
    // one epoch has no course
    assert_eq!(lines("--epochs 1"), Vec::<String>::new());
}

#[test]
fn early_stopping_keeps_the_best_epoch() {
    let desk = Desk::new();
    let report = desk.train("diabetes --validation-fraction 0.2 --early-stopping 5 --epochs 400 --output run");
    let history = desk.text("run/history.csv");
    // values have no accuracy
    assert!(history.lines().skip(1).all(|line| line.ends_with(',')));
    let losses: Vec<f64> =
        history.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect();
    let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let best = losses.iter().position(|loss| *loss == lowest).unwrap() + 1;
    assert_eq!(report["best_epoch"], best);
    assert_eq!(report["epochs"], best + 5);
    assert_eq!(report["validation"]["loss"], lowest);
}

#[test]
fn quiet_json_and_help() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    for options in ["--quiet --json", "--json -q -q", "-qq --json"] {
        let run = desk.ok(&format!("train flowers.csv --target species --epochs 1 {options}"));
        assert!(run.json()["test"].is_object());
        assert_eq!(run.stderr, "", "{options}");
    }
    assert!(desk.ok("--version").stdout.starts_with("mfnet 0."));
    for command in ["", "train", "evaluate", "predict", "inspect", "explain"] {
        let help = desk.ok(&format!("{command} --help")).stdout;
        assert!(help.contains("Example") && !help.contains("the seed"), "{help}");
    }
    let text = desk.ok("inspect runs/flowers-1").stdout;
    assert!(text.contains("linear 3 → 1024") && text.contains("nn.Linear(3, 1024), nn.ReLU()"), "{text}");
}

/// As the umask has them, like those of any new file, though they are written under another name first.
#[cfg(unix)]
#[test]
fn others_may_read_the_files() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    let desk = Desk::new();
    desk.ok("train digits --epochs 1 --output run");
    let mode = |name: &str| fs::metadata(desk.path(name)).unwrap().permissions().mode();
    desk.write("plain", "");
    for name in ["model.safetensors", "metrics.json", "history.csv", "report.html"] {
        assert_eq!(mode(&format!("run/{name}")), mode("plain"), "{name}");
    }
}

#[test]
fn without_baselines_the_network_stands_alone() {
    let desk = Desk::new();
    let report = desk.train("digits --epochs 1 --no-baselines");
    assert!(report["test"]["accuracy"].is_number());
    assert_eq!(report["baselines"], serde_json::json!({ "naive": null, "linear": null }));
    let text = desk.ok("train digits --epochs 1 --no-baselines").stdout;
    assert!(text.contains("network, test") && !text.contains("linear model") && !text.contains("naive"), "{text}");
    let text = desk.ok("train digits --epochs 1 --no-baselines --folds 2").stdout;
    assert!(text.contains("network") && !text.contains("linear model"), "{text}");
}
