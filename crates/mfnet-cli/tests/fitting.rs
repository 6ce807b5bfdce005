//! What a fit can do besides its defaults: losses, schedules, what is watched, averages, and what contradicts.
//!
//! Where the numbers come from: the library's tests compare them with PyTorch and scikit-learn; here are the ways to them.
#![allow(clippy::unwrap_used)]

mod common;

use common::Desk;
use mfnet::train::TensorBoard;
use serde_json::Value;

/// 200 days with a count that follows from the temperature, and rain.
fn visits(desk: &Desk) {
    let row = |i: usize| {
        let (warm, rain) = (i * 37 % 30, if i.is_multiple_of(3) { "yes" } else { "no" });
        format!("{warm},{rain},{}\n", (warm * warm) / 90 + i % 3)
    };
    let rows: String = (0..200).map(row).collect();
    desk.write("visits.csv", format!("warm,rain,visits\n{rows}"));
}

#[test]
fn every_loss_trains_and_its_model_says_so() {
    let desk = Desk::new();
    visits(&desk);
    for loss in ["mse", "half-mse", "mae", "huber:0.5", "log-cosh", "quantile:0.8", "poisson"] {
        let said = desk.train(&format!(
            "visits.csv --target visits --task regression --loss {loss} --epochs 30 --hidden 16 --output run --force"
        ));
        assert!(said["test"]["r2"].as_f64().unwrap() > 0.3, "{loss}: {said}");
        let inspected = desk.ok("inspect run --json").json();
        assert_eq!(inspected["training"]["loss"], loss, "{loss}: {inspected}");
        let is_compared = !["mse", "half-mse"].contains(&loss);
        assert_eq!(said["better_by_loss"]["linear"]["difference"].is_number(), is_compared, "{loss}: {said}");
        let verdict = said["verdict"].as_str().unwrap();
        assert_eq!(verdict.contains(&format!("its loss ({loss}, of scaled targets)")), is_compared, "{verdict}");
        let evaluated = desk.ok("evaluate run visits.csv --json").json();
        assert_eq!(evaluated["loss"], said["test"]["loss"], "{loss}");
        // and it goes on with the same loss
        let after = desk.train("visits.csv --warm-start run --epochs 1 --output after --force");
        assert!(after["start_validation_loss"].is_number());
        assert_eq!(desk.ok("inspect after --json").json()["training"]["loss"], loss);
    }
}

/// A count is never predicted to be negative, however far outside the row is; in one row as in many.
#[test]
fn poisson_predicts_no_negative_counts() {
    let desk = Desk::new();
    visits(&desk);
    desk.ok("train visits.csv --target visits --task regression --loss poisson --epochs 30 --hidden 16 --output run");
    desk.write("new.csv", "warm,rain\n-40,yes\n0,no\n25,no\n");
    let predicted = desk.ok("predict run new.csv").stdout;
    let numbers: Vec<f64> = predicted.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert!(numbers.len() == 3 && numbers.iter().all(|x| *x >= 0.0) && numbers[2] > numbers[1], "{predicted}");
    let model = mfnet::Model::load(desk.path("run/model.safetensors")).unwrap();
    let mut predictor = model.predictor();
    for (row, expected) in [[-40.0, 1.0], [0.0, 0.0], [25.0, 0.0]].iter().zip(numbers) {
        let mfnet::model::Prediction::Values { values, .. } = predictor.predict(row).unwrap() else {
            panic!("a value")
        };
        assert_eq!(values, [expected]);
    }
}

#[test]
fn label_smoothing_is_a_loss_and_keeps_probabilities_from_1() {
    let desk = Desk::new();
    let largest = |options: &str| -> f64 {
        desk.ok(&format!("train digits --epochs 20 --hidden 64 --no-baselines --output run --force {options}"));
        let predicted = desk.ok("predict run digits").stdout;
        let of_line = |line: &str| line.split(',').skip(1).map(|p| p.parse::<f64>().unwrap()).fold(0.0, f64::max);
        let all: Vec<f64> = predicted.lines().skip(1).map(of_line).collect();
        all.iter().sum::<f64>() / all.len() as f64
    };
    let (sharp, smooth) = (largest(""), largest("--label-smoothing 0.2"));
    assert!(smooth < sharp - 0.05, "{smooth} with smoothing, {sharp} without");
    assert_eq!(desk.ok("inspect run --json").json()["training"]["loss"], "smoothed-cross-entropy:0.2");
}

#[test]
fn metrics_of_every_kind_are_written() {
    let desk = Desk::new();
    visits(&desk);
    let said = desk.train("digits --epochs 2 --hidden 8 --output run");
    let evaluated = desk.ok("evaluate run digits --json").json();
    for (metric, low, high) in [
        ("roc_auc", 0.5, 1.0),
        ("average_precision", 0.1, 1.0),
        ("balanced_accuracy", 0.1, 1.0),
        ("log_loss", 0.0, 3.0),
        ("brier_score", 0.0, 1.0),
        ("calibration_error", 0.0, 1.0),
        ("kappa", 0.0, 1.0),
        ("matthews", 0.0, 1.0),
        ("top_5_accuracy", 0.5, 1.0),
    ] {
        let x = evaluated[metric].as_f64().unwrap();
        assert!((low..=high).contains(&x), "{metric}: {x}");
        assert_eq!(said["test"][metric], evaluated[metric]);
    }
    let text = desk.ok("evaluate run digits").stdout;
    assert!(text.contains("\narea under the ROC curve") && text.contains("\nCohen's kappa"), "{text}");
    let report = desk.text("run/report.html");
    for title in ["ROC curve", "Precision and recall", "Calibration"] {
        assert!(report.contains(title), "{title}");
    }
    let said = desk.train("visits.csv --target visits --task regression --epochs 2 --hidden 8 --output values");
    for metric in ["median_absolute_error", "max_error", "explained_variance", "d2_absolute_error"] {
        assert!(said["test"][metric].is_number(), "{metric}: {said}");
    }
    // a day without visits has no relative error
    assert_eq!(said["train"]["mape"], Value::Null);
}

#[test]
fn what_is_watched_decides_what_is_kept() {
    let desk = Desk::new();
    let said = desk.train(
        "digits --epochs 6 --hidden 8 --monitor balanced-accuracy --average ema:0.9 --output run --no-baselines",
    );
    let history = desk.text("run/history.csv");
    let mut lines = history.lines();
    assert_eq!(lines.next(), Some("epoch,loss,validation_loss,seconds,validation_accuracy,validation_score"));
    let scores: Vec<f64> = lines.map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect();
    let best = scores.iter().copied().fold(0.0, f64::max);
    let epoch = scores.iter().position(|score| *score == best).unwrap() + 1;
    assert_eq!(said["best_epoch"], epoch, "{history}");
    assert_eq!(said["validation"]["balanced_accuracy"], best, "{history}");
    assert!(desk.text("run/report.html").contains("the epoch with the highest validation balanced-accuracy"));
}

/// The log has the epochs of history.csv, also of a run that goes on.
#[test]
fn a_log_has_a_line_of_json_for_each_epoch() {
    let desk = Desk::new();
    desk.ok("train digits --epochs 3 --hidden 8 --output run --log epochs.jsonl");
    let log = |name: &str| -> Vec<Value> {
        desk.text(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (lines, history) = (log("epochs.jsonl"), desk.text("run/history.csv"));
    let names: Vec<&str> = history.lines().next().unwrap().split(',').collect();
    for (line, row) in lines.iter().zip(history.lines().skip(1)) {
        for (name, cell) in names.iter().zip(row.split(',')) {
            assert_eq!(line[*name].as_f64(), cell.parse().ok(), "{name}");
        }
    }
    assert_eq!((lines.len(), history.lines().count()), (3, 4));
    let run = desk.run("train digits --epochs 3 --output other --log epochs.jsonl");
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.starts_with("error: epochs.jsonl already exists\nhelp: choose another file for --log"),
        "{}",
        run.stderr
    );
    assert!(!desk.path("other").exists() && log("epochs.jsonl").len() == 3);
    desk.ok("train digits --epochs 2 --hidden 8 --output run --force --log epochs.jsonl");
    assert_eq!(log("epochs.jsonl").len(), 2);
    let run = desk.run("train digits --folds 2 --log folds.jsonl");
    assert!(run.code == 2 && run.stderr.contains("--log works for one training"), "{}", run.stderr);
    let run = desk.run("train digits --epochs 2 --hidden 8 --log none/epochs.jsonl");
    assert!(run.code == 1 && run.stderr.starts_with("error: --log: there is no folder none\n"), "{}", run.stderr);
    visits(&desk);
    let run = desk.run("train visits.csv --target visits --log visits.csv --force");
    assert!(run.code == 2 && run.stderr.contains("--log would replace visits.csv"), "{}", run.stderr);
    assert!(desk.text("visits.csv").starts_with("warm,"));
}

/// The columns lower and upper stand around the prediction, by the half-width that inspect shows.
#[test]
fn intervals_are_columns_of_predictions() {
    let desk = Desk::new();
    visits(&desk);
    desk.ok("train visits.csv --target visits --task regression --validation-fraction 0.2 --epochs 20 --hidden 16 --output run");
    let predicted = desk.ok("predict run visits.csv --keep warm --interval 0.9").stdout;
    assert_eq!(predicted.lines().next(), Some("warm,prediction,lower,upper"));
    let rows: Vec<Vec<f64>> =
        predicted.lines().skip(1).map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect();
    let plain = desk.ok("predict run visits.csv").stdout;
    for (row, line) in rows.iter().zip(plain.lines().skip(1)) {
        assert_eq!(row[1], line.parse::<f64>().unwrap());
        assert!((row[1] - row[2] - (row[3] - row[1])).abs() < 1e-12 && row[2] < row[1]);
    }
    let half = rows[0][3] - rows[0][1];
    let inspected = desk.ok("inspect run").stdout;
    let line = inspected.lines().find(|line| line.contains("90 % of the targets")).unwrap();
    let shown: f64 = line.split("± ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((shown - half).abs() < 1e-4 * half, "{line}, {half}");
    // a count is not negative, nor is the lower end
    desk.ok("train visits.csv --target visits --task regression --loss poisson --epochs 5 --hidden 8 --output counts");
    let predicted = desk.ok("predict counts visits.csv --interval 0.9").stdout;
    assert!(predicted.lines().skip(1).all(|line| line.split(',').nth(1).unwrap().parse::<f64>().unwrap() >= 0.0));
    // several targets
    let rows: String = (0..90).map(|i| format!("{i},{},{}\n", i * 2, 100 - i)).collect();
    desk.write("two.csv", format!("a,y,z\n{rows}"));
    desk.ok("train two.csv --target y,z --epochs 2 --hidden 4 --output two");
    let header = desk.ok("predict two two.csv --interval 0.5").stdout;
    assert!(header.starts_with("prediction_y,lower_y,upper_y,prediction_z,lower_z,upper_z\n"), "{header}");
    for (command, code, message) in [
        ("predict run visits.csv --interval 1", 2, "expected a number above 0 and below 1, such as 0.9"),
        ("predict run visits.csv --interval 0.999", 2, "expected at most 0.975 with 40 validation rows, found 0.999"),
        ("predict run visits.csv --interval 0.9 --keep lower", 1, "there is no column \"lower\""),
    ] {
        let run = desk.run(command);
        assert!(run.code == code && run.stderr.contains(message), "{command}: {} {}", run.code, run.stderr);
    }
    desk.ok("train digits --epochs 1 --hidden 4 --output classes");
    let run = desk.run("predict classes digits --interval 0.9");
    assert!(
        run.code == 2 && run.stderr.contains("--interval needs a regression, but digit has classes"),
        "{}",
        run.stderr
    );
    desk.ok("train diabetes --epochs 1 --hidden 4 --validation-fraction 0 --output none");
    let run = desk.run("predict none diabetes --interval 0.9");
    assert!(run.code == 1 && run.stderr.contains("help: train it again with validation rows"), "{}", run.stderr);
}

/// A schedule of the dropout and of the label smoothing change the training; the model, its PyTorch program
/// and the recipe have the settings; a warm start needs a model with dropout.
#[test]
fn dropout_and_label_smoothing_have_schedules() {
    let desk = Desk::new();
    let train = "digits --hidden 16,16 --residual --dropout 0.4 --label-smoothing 0.2 --epochs 3 --no-baselines";
    let schedules = "--dropout-schedule polynomial:2 --label-smoothing-schedule cosine";
    let plain = desk.train(&format!("{train} --output plain"));
    let run = desk.ok(&format!("train {train} {schedules} --output scheduled"));
    assert!(run.stderr.contains(", dropout schedule polynomial:2, label smoothing 0.2 (cosine)"), "{}", run.stderr);
    assert_ne!(desk.text("plain/history.csv"), desk.text("scheduled/history.csv"));
    let training = desk.ok("inspect scheduled --json").json()["training"].clone();
    assert_eq!(
        (training["loss"].as_str(), training["settings"]["label_smoothing"].as_f64()),
        (Some("cross-entropy"), Some(0.2))
    );
    assert_eq!(training["settings"]["dropout_schedule"], "polynomial:2");
    assert_eq!(training["settings"]["label_smoothing_schedule"], "cosine");
    assert!(desk.ok("inspect scheduled").stdout.contains("nn.Dropout(0.4)"));
    // the loss of the plain one has label smoothing in the scores too
    let evaluated = desk.ok("evaluate scheduled digits --json").json();
    assert!(evaluated["loss"].as_f64() < plain["test"]["loss"].as_f64(), "{evaluated}");
    let has_schedule =
        |run: &str| desk.text(&format!("{run}/report.html")).contains("has label smoothing with a schedule");
    assert!(has_schedule("scheduled") && !has_schedule("plain"));
    // the printed recipe makes the same model
    let recipe = desk.ok(&format!("train {train} {schedules} --print-recipe")).stdout;
    assert!(
        recipe.contains("dropout_schedule = \"polynomial:2\"\n") && recipe.contains("label_smoothing = 0.2\n"),
        "{recipe}"
    );
    desk.write("again.toml", recipe);
    desk.ok("train digits --recipe again.toml --output again");
    assert!(desk.read("again/model.safetensors") == desk.read("scheduled/model.safetensors"));
    desk.ok("train digits --warm-start scheduled --dropout-schedule cosine --epochs 1 --output on");
    desk.ok("train digits --hidden 4 --epochs 1 --output without");
    let run = desk.run("train digits --warm-start without --dropout-schedule cosine --epochs 1");
    let message = "error: --dropout-schedule needs dropout, but the model of --warm-start has none\n";
    assert!(run.code == 2 && run.stderr.contains(message), "{}", run.stderr);
}

#[test]
fn what_contradicts_is_refused_with_a_reason() {
    let desk = Desk::new();
    visits(&desk);
    let negative: String = (0..60).map(|i| format!("{},{}.5\n", i % 7, i % 20 - 5)).collect();
    desk.write("negative.csv", format!("a,y\n{negative}"));
    desk.write(
        "linear.toml",
        "layers = [{ kind = 'linear', outputs = 4 }, { kind = 'activation', function = 'relu' }]\n",
    );
    for (arguments, code, message) in [
        ("train digits --loss huber", 2, "--loss huber does not fit a classification: expected one of cross-entropy,"),
        ("train diabetes --loss focal", 2, "--loss focal does not fit a regression: expected one of mse,"),
        ("train diabetes --label-smoothing 0.1", 2, "--label-smoothing needs classes, but the task is a regression"),
        (
            "train digits --label-smoothing 0.1 --loss focal",
            2,
            "--label-smoothing works only with --loss cross-entropy, not with focal",
        ),
        ("train digits --mixup 0.2 --shards 2", 2, "--mixup cannot be used with --shards"),
        ("train digits --mixup 0.2 --class-weight balanced", 2, "--mixup cannot be used with --class-weight"),
        ("train digits --mixup 5", 2, "a number from 0 to 4"),
        ("train digits --label-smoothing 1", 2, "expected a number from 0 to less than 1"),
        (
            "train negative.csv --target y --loss poisson",
            2,
            "--loss poisson needs targets of 0 or more, but y of negative.csv has -5.5",
        ),
        (
            "train diabetes --loss quantile:1.5",
            2,
            "level of the quantile loss: expected a number above 0 and below 1, found 1.5",
        ),
        ("train diabetes --loss pinball", 2, "did you mean quantile?"),
        ("train diabetes --loss mse:2", 2, "mse has no setting"),
        ("train digits --schedule cosin", 2, "did you mean cosine?"),
        ("train digits --schedule step", 2, "expected step:EPOCHS:FACTOR, found \"step\""),
        ("train digits --warmup 10 --epochs 10", 2, "--warmup 10 leaves no epoch of 10 for training"),
        (
            "train digits --weight-decay-schedule plateau",
            2,
            "--weight-decay-schedule cannot be plateau, which depends on losses",
        ),
        (
            "train digits --dropout 0.2 --dropout-schedule plateau",
            2,
            "--dropout-schedule cannot be plateau, which depends on losses",
        ),
        (
            "train digits --label-smoothing 0.1 --label-smoothing-schedule plateau",
            2,
            "--label-smoothing-schedule cannot be plateau, which depends on losses",
        ),
        ("train digits --dropout-schedule cosine", 2, "--dropout-schedule needs --dropout, which is 0"),
        (
            "train digits --label-smoothing-schedule cosine",
            2,
            "--label-smoothing-schedule needs --label-smoothing, which is 0",
        ),
        (
            "train digits --recipe linear.toml --dropout-schedule cosine",
            2,
            "--dropout-schedule needs dropout, but layers (in the recipe) has none",
        ),
        (
            "train diabetes --label-smoothing 0.1 --label-smoothing-schedule cosine",
            2,
            "--label-smoothing needs classes, but the task is a regression",
        ),
        (
            "train digits --optimizer lbfgs --label-smoothing 0.1 --label-smoothing-schedule cosine",
            2,
            "--optimizer lbfgs cannot be used with --label-smoothing-schedule",
        ),
        (
            "train digits --monitor rmse",
            2,
            "--monitor rmse does not fit a classification: expected one of loss, accuracy,",
        ),
        (
            "train diabetes --monitor accuracy",
            2,
            "--monitor accuracy does not fit a regression: expected one of loss, rmse, mae, r2",
        ),
        ("train digits --monitor f1 --validation-fraction 0", 2, "--monitor needs validation rows, but there are none"),
        (
            "train digits --min-delta 0.1 --validation-fraction 0",
            2,
            "--min-delta needs validation rows, but there are none",
        ),
        ("train digits --min-delta 0.1 --early-stopping 0", 2, "--min-delta needs --early-stopping, which is 0, off"),
        ("train digits --input-noise=-1", 2, "expected 0 or a positive number"),
        ("train digits --l1=-1", 2, "expected 0 or a positive number"),
        ("train digits --max-norm=nan", 2, "expected 0 or a positive number"),
        ("train digits --average mean", 2, "expected ema:DECAY or swa:START, such as ema:0.999, found \"mean\""),
        ("train digits --average ema:1", 2, "decay of the average: expected a number from 0 to less than 1, found 1"),
    ] {
        let run = desk.run(arguments);
        assert_eq!(run.code, code, "{arguments}: {}", run.stderr);
        assert!(run.stderr.contains(message), "{arguments}: {}", run.stderr);
        assert!(!desk.path("runs").exists(), "{arguments}");
    }
    // a model whose outputs are logarithms goes on with no other loss
    desk.ok("train visits.csv --target visits --task regression --loss poisson --epochs 2 --output counts");
    let run = desk.run("train visits.csv --warm-start counts --loss mse");
    assert!(run.stderr.contains("whose outputs are logarithms of values"), "{}", run.stderr);
}

/// The records of an event file: each has its length, and the file ends with the last.
fn records(bytes: &[u8]) -> usize {
    let (mut place, mut count) = (0, 0);
    while place < bytes.len() {
        let length = u64::from_le_bytes(bytes[place..place + 8].try_into().unwrap()) as usize;
        place += 8 + 4 + length + 4;
        count += 1;
    }
    assert_eq!(place, bytes.len());
    count
}

/// Event files change nothing else; TensorBoard reads them where the environment variable MFNET_TENSORBOARD names a
/// Python that has it; without it this says so.
#[test]
fn tensorboard_reads_event_files() {
    let desk = Desk::new();
    let train = "train digits --hidden 16 --norm batch --epochs 3 --no-baselines --quiet";
    desk.ok(&format!("{train} --output plain"));
    desk.ok(&format!("{train} --output seen --tensorboard board/one"));
    desk.ok(&format!("{train} --output two --ensemble 2 --threads 2 --tensorboard board/two"));
    desk.ok(&format!("{train} --output plain-two --ensemble 2"));
    assert!(desk.read("plain-two/model.safetensors") == desk.read("two/model.safetensors"));
    let names = common::files(&desk.path("board/two"));
    let [name] = &names[..] else { panic!("{names:?}") };
    assert_eq!(records(&desk.read(&format!("board/two/{name}"))), 2 + 2 * 3 * (3 + 4 + 4));
    desk.ok("train diabetes --folds 2 --epochs 2 --no-baselines --quiet --output folds --tensorboard board/folds");
    assert!(desk.read("plain/model.safetensors") == desk.read("seen/model.safetensors"));
    assert_eq!(common::files(&desk.path("board/folds")), ["fold-1", "fold-2"]);
    let names = common::files(&desk.path("board/one"));
    let [name] = &names[..] else { panic!("{names:?}") };
    // version, plan; for each epoch 3 numbers, 4 histograms of weights and 4 of gradients
    assert_eq!(records(&desk.read(&format!("board/one/{name}"))), 2 + 3 * (3 + 4 + 4));
    let again = desk.run(&format!("{train} --output again --tensorboard board/one"));
    assert_eq!(
        (again.code, again.stderr.lines().next()),
        (1, Some("error: board/one: the folder has the events of another run"))
    );
    let into = desk.run(&format!("{train} --output again --log board"));
    assert_eq!(
        (into.code, into.stderr.lines().next()),
        (1, Some("error: --log: expected a file, found the folder board"))
    );
    // a run that goes on after a stop in its third epoch
    for (file, steps) in [(1.0, 1..4), (10.0, 3..5)] {
        let mut board = TensorBoard::new(desk.path("board/stopped")).unwrap();
        if file > 1.0 {
            board.continue_from(3).unwrap();
        }
        steps.for_each(|step| board.scalar("x", step, file * step as f64).unwrap());
    }
    let Some(python) = std::env::var_os("MFNET_TENSORBOARD").filter(|python| !python.is_empty()) else {
        eprintln!("not run, because MFNET_TENSORBOARD is not set: TensorBoard itself");
        return;
    };
    let program = "
import json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
for run in ('one', 'two'):
    events = EventAccumulator('board/' + run, size_guidance={'scalars': 0, 'histograms': 0, 'tensors': 0})
    events.Reload()
    scalars = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()['scalars']}
    histograms = {tag: [(e.step, sum(e.histogram_value.bucket)) for e in events.Histograms(tag)] for tag in events.Tags()['histograms']}
    squares = {tag: [e.histogram_value.sum_squares for e in events.Histograms(tag)] for tag in events.Tags()['histograms']}
    text = events.Tensors('plan/text_summary')[0].tensor_proto.string_val[0].decode()
    print(json.dumps({'scalars': scalars, 'histograms': histograms, 'squares': squares, 'text': text}))
events = EventAccumulator('board/stopped')
events.Reload()
print(json.dumps([(e.step, e.value) for e in events.Scalars('x')]))
";
    let run = common::Run::of(std::process::Command::new(python).args(["-c", program]).current_dir(desk.path(".")));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let seen: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(seen[2], serde_json::json!([[1, 1.0], [2, 2.0], [3, 30.0], [4, 40.0]]));
    let losses = desk.text("seen/history.csv");
    for (line, seen) in losses.lines().skip(1).zip(seen[0]["scalars"]["loss/training"].as_array().unwrap()) {
        let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        assert_eq!(seen[0], fields[0] as u64);
        // the format has numbers of 32 bits
        assert_eq!(seen[1].as_f64().unwrap() as f32, fields[1] as f32);
    }
    // the weights and biases of 64 → 16, in three epochs
    let numbers = 16 * 65;
    for tag in ["weights/0 weights", "gradients/0"] {
        let expected = serde_json::json!([[1, f64::from(numbers)], [2, f64::from(numbers)], [3, f64::from(numbers)]]);
        assert_eq!(seen[0]["histograms"][tag], expected, "{tag}");
    }
    assert!(seen[0]["text"].as_str().unwrap().starts_with("digits: 1 797 rows"), "{}", seen[0]["text"]);
    assert_eq!(seen[1]["scalars"]["network 2/loss/validation"].as_array().unwrap().len(), 3);
    // the first network of an ensemble has the seed of the single one
    for tag in ["weights/0 weights", "gradients/0", "gradients/3"] {
        let of = |run: usize, tag: &str| seen[run]["squares"][tag].clone();
        assert_eq!(of(1, &format!("network 1/{tag}")), of(0, tag), "{tag}");
        let second = of(1, &format!("network 2/{tag}"));
        assert!(second != of(0, tag) && second.as_array().unwrap().len() == 3, "{second}");
    }
}

/// `evaluate` shows the scores of each class and label, as metrics.json has them.
#[test]
fn evaluate_shows_precision_and_recall() {
    let desk = Desk::new();
    desk.ok("train moons --threshold f1 --monitor f1 --epochs 5 --quiet --output run");
    let shown = desk.ok("evaluate run moons").stdout;
    let metrics: Value = serde_json::from_str(&desk.text("run/metrics.json")).unwrap();
    let mean = &metrics["test"]["macro_average"];
    let line = shown.lines().find(|line| line.starts_with("mean ")).unwrap();
    let shown_mean: Vec<f64> = line.split_whitespace().skip(1).map(|x| x.parse().unwrap()).collect();
    let expected = ["precision", "recall", "f1"].map(|name| mean[name].as_f64().unwrap());
    assert!(shown_mean.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3), "{line} {expected:?}");
    assert!(shown.lines().any(|line| line.starts_with("upper ") && line.ends_with(" 46")), "{shown}");
    assert!(desk.text("run/report.html").contains("F1 score over the epochs"));
}

/// Text of --help that is cut by hand fits into its 100 columns.
#[test]
fn help_is_not_cut_twice() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/args/help");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            assert!(line.chars().count() <= 100, "{}: {line}", path.display());
        }
    }
}
