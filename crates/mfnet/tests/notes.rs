//! Notes about rows that may spoil a result: each kind in several tables, and none in usual ones.
#![allow(clippy::unwrap_used)]

use mfnet::data::{BUILT_IN, Scaling};
use mfnet::fit::Plan;
use mfnet::{Recipe, Table};

/// Rows `x,z,kind,part,y`: numbers from −1 to 1, a category, and a target that follows from them.
fn rows(count: usize) -> Vec<[String; 5]> {
    let row = |i: usize| {
        let (x, z) = ((i * 37 % 101) as f64 / 50.0 - 1.0, (i * i * 7 % 103) as f64 / 51.0 - 1.0);
        let part = ["train", "train", "train", "validation", "test"][i % 5];
        [x.to_string(), z.to_string(), ["a", "b", "c"][i % 3].to_owned(), part.to_owned(), (2.0 * x - z).to_string()]
    };
    (0..count).map(row).collect()
}

fn table(rows: &[[String; 5]]) -> Table {
    let text: String = rows.iter().map(|row| row.join(",") + "\n").collect();
    Table::from_text("t.csv", &format!("x,z,kind,part,y\n{text}")).unwrap()
}

fn recipe() -> Recipe {
    Recipe { split_column: Some("part".to_owned()), ..Recipe::of_target("y") }
}

fn notes(rows: &[[String; 5]], recipe: &Recipe) -> Vec<String> {
    Plan::new(table(rows), recipe).unwrap().notes()
}

fn one_note(rows: &[[String; 5]], recipe: &Recipe) -> String {
    let notes = notes(rows, recipe);
    assert_eq!(notes.len(), 1, "{notes:?}");
    notes[0].clone()
}

#[test]
fn usual_tables_have_none() {
    for scale in Scaling::ALL {
        assert_eq!(notes(&rows(100), &Recipe { scale: Some(scale), ..recipe() }), [""; 0], "{scale}");
    }
    for built_in in BUILT_IN {
        let plan = Plan::new(built_in.table().unwrap(), &Recipe::default()).unwrap();
        assert_eq!(plan.notes(), [""; 0], "{}", built_in.name);
    }
}

#[test]
fn outliers_in_validation_and_test_rows() {
    // row 3 is a validation row, row 4 a test row; the header is line 1
    for (row, line, part, so) in
        [(3, 5, "validation", "the choice of the best epoch"), (4, 6, "test", "the test scores")]
    {
        for value in ["-9999", "1e200", "999"] {
            for scale in Scaling::ALL {
                let mut rows = rows(100);
                value.clone_into(&mut rows[row][0]);
                let note = one_note(&rows, &Recipe { scale: Some(scale), ..recipe() });
                let begin = format!(
                    "column \"x\", line {line}: {value} is far outside the training rows, which go from -1 to 1 ("
                );
                assert!(note.starts_with(&begin), "{note}");
                assert!(note.contains(&format!("This {part} row may decide {so}")), "{note}");
            }
        }
        let mut rows = rows(100);
        rows[row][4] = "-1e9".to_owned();
        let note = one_note(&rows, &recipe());
        assert!(note.starts_with(&format!("target column \"y\", line {line}: -1000000000 is far outside")), "{note}");
    }
    // 1000 is 999 above the largest number of a range of 2
    let mut of_many = rows(100);
    for row in [4, 9, 14] {
        of_many[row][1] = if row == 9 { "1000" } else { "500" }.to_owned();
    }
    let note = one_note(&of_many, &recipe());
    assert!(note.starts_with("column \"z\": 3 test rows are far outside the training rows, which go from"), "{note}");
    assert!(note.contains("the furthest is 1000 in line 11 ("), "{note}");
    // ten ranges are not far, and a missing value is none
    of_many[4][1] = "19".to_owned();
    of_many[9][1] = String::new();
    of_many[14][1] = "-15".to_owned();
    assert_eq!(notes(&of_many, &recipe()), [""; 0]);
}

#[test]
fn outliers_in_training_rows() {
    for (scale, is_said) in
        [(Scaling::Standard, true), (Scaling::MinMax, true), (Scaling::Robust, false), (Scaling::Quantile, false)]
    {
        // two that are far from each other; one alone; a code for a missing value
        for (outliers, begin, end) in [
            (&[(5, "1e12"), (10, "-1e12")][..], "column \"x\", line 7: ", "or use `scale` robust."),
            (&[(5, "1e12")], "column \"x\", line 7: 1.00000e12 is far outside", "or remove the row if it is a total."),
            (
                &[(5, "-9999"), (6, "-9999"), (10, "-9999")],
                "column \"x\", line 7 and 2 more training rows: -9999 is far outside the other training rows, which go \
                 from -1 to 1. Use `missing` -9999 if it is a missing value; ",
                "or remove the row if it is a total.",
            ),
        ] {
            let mut rows = rows(200);
            outliers.iter().for_each(|(row, value)| rows[*row][0] = (*value).to_owned());
            let found = notes(&rows, &Recipe { scale: Some(scale), ..recipe() });
            // a code is named with any scaling
            assert_eq!(found.len(), usize::from(is_said || outliers.len() == 3), "{scale}: {found:?}");
            assert!(found.iter().all(|note| note.starts_with(begin) && note.ends_with(end)), "{found:?}");
        }
    }
    let mut of_target = rows(200);
    of_target[5][4] = "-1e12".to_owned();
    let note = one_note(&of_target, &recipe());
    assert!(note.starts_with("target column \"y\", line 7: ") && note.contains("decides the loss"), "{note}");
}

#[test]
fn columns_that_are_constant_in_training() {
    let mut rows = rows(100);
    rows.iter_mut().for_each(|row| row[1] = if row[3] == "test" { "1000" } else { "5" }.to_owned());
    assert_eq!(
        notes(&rows, &recipe()),
        ["column \"z\" is constant in the training rows, so the model ignores it; 20 test rows have other values"]
    );
}

#[test]
fn rows_in_two_parts() {
    let mut some = rows(100);
    // of five test rows and a validation row
    for (copy, of) in [(4, 0), (9, 0), (14, 1), (19, 2), (24, 5), (3, 6)] {
        let part = some[copy][3].clone();
        some[copy] = some[of].clone();
        some[copy][3] = part;
    }
    assert_eq!(
        notes(&some, &recipe()),
        [
            "5 of 20 test rows and 1 of 20 validation rows are equal to training rows in every feature and in the target; \
          if they are copies, remove them, or keep them in one part with `group`"
        ]
    );
    // another target is another row
    some.iter_mut().enumerate().for_each(|(i, row)| row[4] = i.to_string());
    assert_eq!(notes(&some, &recipe()), [""; 0]);

    // a file of test rows, whose categories have other numbers
    let all = rows(60);
    let others = || vec!["part".to_owned()];
    let recipe = Recipe { test_file: Some("test.csv".to_owned()), drop: others(), ..Recipe::of_target("y") };
    let test = table(&[all[7].clone(), all[10].clone(), all[2].clone().map(|field| field.replace("-", ""))]);
    let mut input = mfnet::fit::Input::from(table(&all));
    input.read_test = Box::new(move |_, _| Ok(test.clone()));
    let notes = Plan::new(input, &Recipe { validation_fraction: Some(0.0), ..recipe }).unwrap().notes();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with("2 of 3 test rows are equal to training rows"), "{notes:?}");
    assert!(notes[0].ends_with("remove them from test.csv"), "{notes:?}");
}

#[test]
fn copies_that_are_kept_together() {
    let all: Vec<_> = (0..4).flat_map(|_| rows(60)).collect();
    let text: String = all.iter().enumerate().map(|(i, row)| format!("{},k{}\n", row.join(","), i % 60)).collect();
    let table = Table::from_text("t.csv", &format!("x,z,kind,part,y,key\n{text}")).unwrap();
    let recipe = Recipe { drop: vec!["part".to_owned()], ..Recipe::of_target("y") };
    let alone = Recipe { drop: vec!["part".to_owned(), "key".to_owned()], ..recipe.clone() };
    let notes = Plan::new(table.clone(), &alone).unwrap().notes();
    assert!(notes[0].contains(" of 48 test rows and "), "{notes:?}");
    let together = Recipe { group: Some("key".to_owned()), ..recipe };
    assert_eq!(Plan::new(table.clone(), &together).unwrap().notes(), [""; 0]);
    let folds = Plan::folds(table, &Recipe { folds: Some(3), ..alone }).unwrap();
    let notes = Plan::notes_of(&folds);
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[2].starts_with("fold 3: ") && notes[2].contains(" of 80 test rows"), "{notes:?}");
}

#[test]
fn classes_without_rows() {
    let recipe = Recipe { target: vec!["kind".to_owned()], ..recipe() };
    let cases = [
        ("train", "class c has no training rows, so the network cannot learn to predict it"),
        ("validation", "class c has no validation rows"),
        ("test", "class c has no test rows, so the test scores say nothing about it"),
    ];
    for (part, expected) in cases {
        let mut rows = rows(100);
        rows.iter_mut().filter(|row| row[3] == part && row[2] == "c").for_each(|row| row[2] = "a".to_owned());
        assert_eq!(notes(&rows, &recipe), [expected]);
    }
}

#[test]
fn rows_in_the_order_of_a_date() {
    let dated = |order: &dyn Fn(usize) -> usize, name: &str| {
        let row = |i: usize| {
            let day = order(i);
            format!("{},2024-{:02}-{:02},{}\n", i * 37 % 101, 1 + day / 28, 1 + day % 28, i * i % 97)
        };
        Table::from_text("t.csv", &format!("x,{name},y\n{}", (0..120).map(row).collect::<String>())).unwrap()
    };
    let of = |table: &Table, recipe: &Recipe| Plan::new(table.clone(), recipe).unwrap().notes();
    let recipe = Recipe::of_target("y");
    for order in [&(|i| i) as &dyn Fn(usize) -> usize, &|i| 119 - i, &|i| i / 3] {
        let notes = of(&dated(order, "day"), &recipe);
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].starts_with("the rows are in the order of the date column \"day\""), "{notes:?}");
    }
    // also if it is no feature
    let dropped = Recipe { drop: vec!["day".to_owned()], ..recipe.clone() };
    assert_eq!(of(&dated(&|i| i, "day"), &dropped).len(), 1);
    assert_eq!(of(&dated(&|i| i * 7 % 120, "day"), &recipe), [""; 0]);
}

/// A feature that is the target in other words, such as a code of the class.
#[test]
fn features_that_tell_the_target() {
    let table = |row: &dyn Fn(usize) -> String| {
        let rows: String = (0..100).map(|i| format!("{}.5,{}\n", i * i, row(i))).collect();
        Table::from_text("t", &format!("x,code,y\n{rows}")).unwrap()
    };
    let classes = |i: usize| format!("{},{}", ["r", "g", "b"][i % 3], ["red", "green", "blue"][i % 3]);
    let values = |i: usize| format!("{0},{0}", 7 * i % 101);
    let note = "column \"code\" tells the target of every training row; if you do not know it before you predict, use \
                `drop` code";
    for row in [&classes as &dyn Fn(usize) -> String, &values] {
        let plan = Plan::new(table(row), &Recipe::of_target("y")).unwrap();
        assert_eq!(plan.notes(), [note], "{:?}", plan.notes());
    }
    // two classes with one code, one class with two codes, one other value
    let shared = |i: usize| format!("{},{}", ["r", "g", "g"][i % 3], ["red", "green", "blue"][i % 3]);
    let split = |i: usize| format!("{},{}", ["r", "g", "b", "v"][i % 4], ["red", "green", "blue", "blue"][i % 4]);
    let other = |i: usize| if i == 50 { "3,4".to_owned() } else { values(i) };
    for row in [&shared as &dyn Fn(usize) -> String, &split, &other] {
        let plan = Plan::new(table(row), &Recipe { test_fraction: Some(0.0), ..Recipe::of_target("y") }).unwrap();
        assert!(!plan.notes().iter().any(|note| note.contains("tells the target")), "{:?}", plan.notes());
    }
}

/// The target is linear, so that two epochs with a small step leave the network behind.
#[test]
fn a_network_that_was_not_trained_enough() {
    let recipe = Recipe { epochs: Some(2), learning_rate: Some(1e-5), ..recipe() };
    let notes = |recipe: &Recipe| mfnet::fit(table(&rows(100)), recipe, &mut ()).unwrap().summary.notes;
    let note = "the last epoch had the lowest validation loss, so the network may be worse than the linear model \
                because it was not trained enough: try more `epochs` or a larger `learning_rate`";
    assert_eq!(notes(&recipe), [note]);
    assert_eq!(notes(&Recipe { no_baselines: true, ..recipe.clone() }), [""; 0]);
    assert_eq!(notes(&Recipe { validation_fraction: Some(0.0), split_column: None, ..recipe }), [""; 0]);
}

/// An average that still holds the first weights, or only the last ones, says so.
#[test]
fn an_average_of_too_few_weights_is_doubtful() {
    let notes = |average: &str, epochs| {
        let recipe = Recipe { average: Some(average.parse().unwrap()), epochs: Some(epochs), ..Recipe::default() };
        Plan::new(BUILT_IN.iter().find(|set| set.name == "diabetes").unwrap().table().unwrap(), &recipe)
            .unwrap()
            .notes()
            .join("\n")
    };
    // 309 rows in batches of 8: 39 steps an epoch, and .999 to the 77th is .926
    let note = "after 78 steps, `average` ema:0.999 still has 93 % of the first weights: use a smaller decay, such as ema:0.871";
    assert!(notes("ema:0.999", 2).contains(note), "{}", notes("ema:0.999", 2));
    assert!(!notes("ema:0.871", 2).contains("first weights"));
    assert!(!notes("ema:0.999", 100).contains("first weights"));
    assert!(notes("swa:0.75", 4).contains("`average` swa:0.75 has the weights of the last epoch only"));
    assert!(!notes("swa:0.75", 8).contains("`average`"));
}

/// Classes that are lists of labels.
#[test]
fn classes_that_look_like_lists() {
    let notes = |kinds: &[&str]| {
        let rows: String = (0..120).map(|i| format!("{i},\"{}\"\n", kinds[i % kinds.len()])).collect();
        let table = Table::from_text("films.csv", &format!("length,genres\n{rows}")).unwrap();
        Plan::new(table, &Recipe::of_target("genres")).unwrap().notes().join("\n")
    };
    let lists = ["comedy|drama", "comedy", "drama", "drama|crime", "comedy|crime"];
    let note = "the classes look like lists with '|' between labels; if a row may have several labels, use `task` multi-label and `label_separator` '|'";
    assert!(notes(&lists).contains(note), "{}", notes(&lists));
    assert!(notes(&["a;b", "b;c", "a;c", "a", "b", "c"]).contains("';' between labels"));
    for usual in [&["a", "b", "c"][..], &["Paris, France", "Rome, Italy", "Oslo, Norway"], &["a|b", "c"]] {
        assert!(!notes(usual).contains("look like lists"), "{usual:?}");
    }
}
