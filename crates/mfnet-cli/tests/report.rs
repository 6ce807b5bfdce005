//! report.html and its plots. The page is loaded by the browser that the environment variable MFNET_CHROMIUM names (a Chromium or Chrome);
//! without it that test says that it was not run.
#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;

use common::{Desk, files, flowers};

/// A name that is a program if a page takes it as it is.
const MARKUP: &str = "<script>document.title='ran'</script>";

/// The cells of the table whose first column has this name.
fn table<'a>(page: &'a str, first: &str) -> Vec<Vec<&'a str>> {
    let heads = ["", " class=\"number\""].map(|class| format!("<tr><th scope=\"col\"{class}>{first}</th>"));
    let start = heads.iter().find_map(|head| page.find(head)).unwrap();
    let end = start + page[start..].find("</table>").unwrap();
    let cells = |row: &'a str| {
        row.split("<td").skip(1).map(|cell| &cell[cell.find('>').unwrap() + 1..cell.find("</td>").unwrap()])
    };
    page[start..end].split("<tr>").skip(2).map(|row| cells(row).collect()).collect()
}

#[test]
fn classes() {
    let desk = Desk::new();
    desk.ok("train digits --hidden 16 --epochs 20 --output run");
    let page = desk.text("run/report.html");
    for heading in ["Scores", "Use the model", "Training", "Classes", "Most confident mistakes", "Feature importance"] {
        assert!(page.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    assert!(
        page.contains(
            "mfnet train digits <span>--hidden</span> 16 <span>--epochs</span> 20 <span>--output</span> run\n"
        )
    );
    assert!(page.contains("<title>Accuracy over the epochs</title>"));
    assert!(page.contains("<desc>validation accuracy went from "));
    // the table of classes is that of the counts that evaluate prints
    let text = desk.ok("evaluate run digits").stdout;
    let count = |cell: &str| cell.parse().unwrap_or(0);
    let counts: Vec<Vec<usize>> = text
        .lines()
        .skip_while(|line| *line != "Confusion matrix")
        .skip(3)
        .map(|line| line.split_whitespace().skip(1).map(count).collect())
        .collect();
    // the verdict comes first, the command and the settings last and folded
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
    let order = [
        "<p class=\"verdict\">The network ",
        "<h2>Scores</h2>",
        "mfnet predict run new.csv",
        "<details>",
        "mfnet train digits",
    ];
    assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])));
    // all models have a loss
    let of_models = table(&page, "");
    assert_eq!(of_models.len(), 5);
    assert!(of_models.iter().all(|row| row[2].parse::<f64>().is_ok()), "{of_models:?}");
    let scores = table(&page, "class");
    assert_eq!((counts.len(), scores.len()), (10, 10));
    for (k, row) in scores.iter().enumerate() {
        let right = counts[k][k] as f64;
        let predicted: usize = counts.iter().map(|row| row[k]).sum();
        let support: usize = counts[k].iter().sum();
        let percent = |of: usize| format!("{:.1} %", 100.0 * right / of as f64);
        // the harmonic mean of precision and recall
        let f1 = format!("{:.1} %", 200.0 * right / (predicted + support) as f64);
        assert_eq!(row[..], [k.to_string(), percent(predicted), percent(support), f1, support.to_string()]);
    }
}

#[test]
fn values_with_the_numbers_of_their_rows() {
    let desk = Desk::new();
    desk.ok("train diabetes --epochs 5 --validation-fraction 0.1 --output run");
    let page = desk.text("run/report.html");
    for title in [
        "Loss over the epochs",
        "Predicted against true values",
        "Distribution of the residuals",
        "Residuals against predicted values",
    ] {
        assert!(page.contains(&format!("<title>{title}</title>")), "{title}");
    }
    assert!(page.contains("best epoch: ") && !page.contains("Accuracy over the epochs"));
    let all = desk.ok("predict run diabetes --keep progression").stdout;
    let all: Vec<Vec<f64>> =
        all.lines().skip(1).map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect();
    let errors = table(&page, "row");
    assert_eq!(errors.len(), 10);
    for row in errors {
        let number = |i: usize| row[i].parse::<f64>().unwrap();
        let [y, prediction] = all[number(0) as usize][..] else { panic!("two columns") };
        assert_eq!(number(1), y);
        // five digits are shown
        assert!((number(2) / prediction - 1.0).abs() < 1e-4 && (number(3) - (prediction - y)).abs() < 0.01, "{row:?}");
    }
}

/// Booleans and classes have the words of the file, in whatever way they are written.
#[test]
fn words_of_the_file() {
    let desk = Desk::new();
    for [no, yes] in [["no", "yes"], ["N", "Y"], ["False", "True"], ["f", "t"], ["FALSE", "TRUE"], ["nein", "ja"]] {
        let row = |i: usize| {
            let [smokes, ill] = [i % 2, i * i % 3 % 2].map(|bit| [no, yes][bit]);
            format!("{smokes},{}.5,{ill}\n", i * 7 % 13)
        };
        desk.write("t.csv", format!("smokes,age,ill\n{}", (0..60).map(row).collect::<String>()));
        desk.ok("train t.csv --target ill --epochs 1 --hidden none --output run --force");
        let page = desk.text("run/report.html");
        for row in table(&page, "row") {
            assert!([1, 2].iter().all(|i| row[*i] == no || row[*i] == yes), "{row:?}");
            assert!(row[4..].iter().any(|cell| *cell == no || *cell == yes), "{row:?}");
        }
        let mut classes = [no, yes];
        classes.sort_unstable();
        assert_eq!(table(&page, "class").iter().map(|row| row[0]).collect::<Vec<_>>(), classes);
        let predicted = desk.ok("predict run t.csv").stdout;
        let words = [format!("{no},"), format!("{yes},")];
        assert!(predicted.lines().skip(1).all(|line| words.iter().any(|word| line.starts_with(word))), "{predicted}");
    }
}

/// A class whose test rows are all wrong is named, and has a colour of its own in its row.
#[test]
fn a_class_that_is_always_missed() {
    let desk = Desk::new();
    for (name, every) in [("rare", 20), ("spam", 10)] {
        let class = |i: usize| if i.is_multiple_of(every) { name } else { "usual" };
        let rows: String = (0..400).map(|i| format!("{},{}\n", i * 7919 % 101, class(i))).collect();
        desk.write("t.csv", format!("x,kind\n{rows}"));
        desk.ok("train t.csv --target kind --epochs 2 --hidden none --output run --force");
        let page = desk.text("run/report.html");
        let rows = 80 / every;
        let sentence = format!("The class {name} is always missed: all of its {rows} test rows are wrong.");
        assert!(page.contains(&sentence), "{sentence}");
        // the darkest orange, of all rows of a class; and blue for the other one
        assert!(page.contains("fill=\"#B54F00\"") && page.contains("\n100%\n"), "{name}");
        assert!(page.contains("fill=\"#006097\""), "{name}");
    }
}

/// Whatever the data and the training are like, there is a page.
#[test]
fn odd_data() {
    let desk = Desk::new();
    let csv = |head: &str, count: usize, row: &dyn Fn(usize) -> String| {
        (0..count).fold(format!("{head}\n"), |text, i| text + &row(i) + "\n")
    };
    desk.write("line.csv", csv("a,y", 10, &|i| format!("{i},{}.5", 3 * i)));
    desk.write("huge.csv", csv("a,b,y", 30, &|i| format!("{i}e298,-{i}e-300,{}e290", i * i % 17)));
    desk.write("small.csv", csv("a,y", 30, &|i| format!("{i}e-300,{}e-200", i * i % 17)));
    desk.write("many.csv", csv("a,c", 900, &|i| format!("{},class {}", i % 300, i % 300)));
    desk.write("three.csv", csv("a,p,q,r", 40, &|i| format!("{i},{i}.5,-{i},{}", i % 7)));
    desk.write(
        "pixels.csv",
        csv(&(0..81).map(|i| format!("pixel{i},")).collect::<String>().replace(",pixel80,", ",pixel80,c"), 600, &|i| {
            (0..81).map(|j| format!("{},", i * j % 5)).collect::<String>() + ["x", "y"][i % 2]
        }),
    );
    desk.write(
        "wide.csv",
        csv(&((0..300).map(|i| format!("{}{i},", "x".repeat(200))).collect::<String>() + "y"), 600, &|i| {
            (0..300).map(|j| format!("{},", i * j % 7)).collect::<String>() + &format!("{i}.5")
        }),
    );
    for (arguments, sentence) in [
        ("line.csv --target y --epochs 1", "<h2>Training</h2>"),
        ("line.csv --target y --test-fraction 0", "There are no test rows"),
        ("line.csv --target y --test-fraction 0.1", "The test score, R², is undefined"),
        ("line.csv --target y --optimizer sgd --learning-rate 1e-30 --validation-fraction 0.2", "best epoch: "),
        ("line.csv --target y --epochs 3000 --hidden 2", "3 000 epochs"),
        ("line.csv --target y --epochs 1 --scale quantile", "Each x is mapped to a normal distribution"),
        ("huge.csv --target y --task regression --epochs 5", "Residuals"),
        ("small.csv --target y --task regression --epochs 5", "Residuals"),
        ("many.csv --target c --epochs 3 --hidden 8", "The most frequent confusions:"),
        ("three.csv --target p,q,r --epochs 3", "Predictions of r"),
        ("pixels.csv --target c --epochs 3", "each patch of pixels"),
        ("wide.csv --target y --epochs 1 --hidden none", "The plot shows the 20 most important of 300 columns."),
        (
            "wide.csv --target y --epochs 1 --hidden 3000 --dtype f32",
            "of the 220 columns with the largest weights in the first layer, of 300.",
        ),
        ("pixels.csv --target c --epochs 1 --hidden 30000,300 --dtype f32", "Feature importance was not computed"),
    ] {
        desk.ok(&format!("train {arguments} --output run --force --plots"));
        let page = desk.text("run/report.html");
        assert!(page.contains(sentence), "{arguments}: {sentence}");
        assert!(!page.contains("NaN\"") && page.ends_with("</html>\n"), "{arguments}");
    }
}

#[test]
fn nothing_from_a_file_is_markup() {
    let desk = Desk::new();
    write_markup(&desk);
    desk.ok("train markup.csv --target 3 --task classification --output run --plots");
    for name in ["run/report.html", "run/plots/confusion.svg", "run/plots/importance.svg"] {
        let text = desk.text(name);
        assert!(!text.contains("<script") && !text.contains("<b>"), "{name}");
        assert!(text.contains("&lt;script&gt;") || text.contains("&lt;b&gt;"), "{name}");
    }
}

/// A file without a header would have numbers for names; this one has markup everywhere.
fn write_markup(desk: &Desk) {
    let mut text = format!("\"{MARKUP}\",\"a \"\"b\"\" & '<b>\",c,3\n");
    for i in 0..60 {
        let _ = writeln!(text, "{},{},{},<b>{}</b>", i % 7, i * i % 11, i, i % 2);
    }
    desk.write("markup.csv", text);
}

#[test]
fn plots_as_files() {
    let desk = Desk::new();
    desk.write("flowers.csv", flowers());
    desk.ok("train flowers.csv --target species --epochs 2 --validation-fraction 0.2 --output run --plots");
    let names = ["accuracy", "calibration", "confusion", "importance", "learning", "precision-recall", "roc"];
    let expected: Vec<String> = names.iter().flat_map(|name| [format!("{name}.png"), format!("{name}.svg")]).collect();
    assert_eq!(files(&desk.path("run/plots")), expected);
    for name in names {
        let svg = desk.text(&format!("run/plots/{name}.svg"));
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n"), "{name}");
        assert!(svg.contains("role=\"img\" aria-label=\"") && svg.contains("<title>"), "{name}");
        let png = desk.read(&format!("run/plots/{name}.png"));
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() > 5000, "{name}");
    }
}

/// Loads a page without a screen. What the browser says, the page as it has become, and the addresses that were asked for.
fn load(browser: &str, desk: &Desk, page: &str) -> (String, String, Vec<String>) {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", desk.path("profile").display()))
        .arg(format!("--log-net-log={}", desk.path("net.json").display()))
        .arg(format!("file://{}", desk.path(page).display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = desk.text("net.json");
    let addresses = log.split("\"url\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    // what the browser asks for on its own account
    let own = |address: &&str| {
        address.split('/').nth(2).is_some_and(|host| host.ends_with(".google.com") || host.ends_with(".googleapis.com"))
    };
    let addresses =
        addresses.filter(|address| address.starts_with("http") && !own(address)).map(str::to_owned).collect();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stderr), text(output.stdout), addresses)
}

#[test]
fn a_browser_shows_it() {
    let Some(browser) = std::env::var("MFNET_CHROMIUM").ok().filter(|browser| !browser.is_empty()) else {
        // written so that it shows for a test that passes
        writeln!(std::io::stderr(), "not run, because MFNET_CHROMIUM is not set: the browser that shows report.html")
            .unwrap();
        return;
    };
    let desk = Desk::new();
    // a page with all that ours must not have, to know that it would be seen
    desk.write(
        "bad.html",
        "<script>console.error('oops'); document.title = 'ran'</script><img src='http://example.invalid/x.png'>",
    );
    let (log, page, addresses) = load(&browser, &desk, "bad.html");
    assert!(log.contains("CONSOLE") && log.contains("oops"), "{log}");
    assert!(page.contains("<title>ran</title>"), "{page}");
    assert!(addresses.iter().any(|address| address == "http://example.invalid/x.png"), "{addresses:?}");

    write_markup(&desk);
    for arguments in [
        "digits --hidden 16 --epochs 3",
        "diabetes --epochs 5",
        "markup.csv --target 3 --task classification --epochs 3",
    ] {
        desk.ok(&format!("train {arguments} --output run --force"));
        let (log, page, addresses) = load(&browser, &desk, "run/report.html");
        assert!(!log.contains("CONSOLE"), "{arguments}: {log}");
        assert_eq!(addresses, Vec::<String>::new(), "{arguments}");
        let name = arguments.split(' ').next().unwrap();
        assert!(page.contains(&format!("<title>{name}</title>")) && page.contains("</svg>"), "{arguments}");
        assert!(page.contains("Written by mfnet"), "{arguments}");
    }
}
