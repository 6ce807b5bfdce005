//! Tables as people have them: for each kind of difficulty several files, and what they mean.
//!
//! Comments say what pandas 3.1.1, polars 2.1.0 and DuckDB 2.0.1 do with such files, where they
//! differ from us: tried with `read_csv` and no options.
#![allow(clippy::unwrap_used)]

use mfnet_table::{ColumnKind, Columns, DateOrder, Delimiter, FileForm, LeftOut, Quoting, ReadTable, Remark, Table};

fn read(text: &str) -> Result<Table, String> {
    Table::from_text("t.csv", text).map_err(|error| error.to_string())
}

fn column(table: &Table, name: &str, kind: &ColumnKind) -> Vec<f64> {
    table.values(table.position(name).unwrap(), kind).unwrap().1.iter().collect()
}

/// The numbers of a column.
fn numbers(text: &str, name: &str) -> Vec<f64> {
    column(&read(text).unwrap(), name, &ColumnKind::Number)
}

fn date(table: &Table, name: &str) -> Vec<String> {
    column(table, name, &ColumnKind::Date).into_iter().map(|days| ColumnKind::Date.text(days)).collect()
}

/// The kind of a column, or why it is left out.
fn kind(text: &str, name: &str) -> String {
    let table = read(text).unwrap();
    let choice = table.choose(&[], &Columns::default()).unwrap();
    let position = table.position(name).unwrap();
    match choice.inputs.iter().find(|(other, _)| *other == position) {
        Some((_, kind)) => kind.name().to_owned(),
        None => choice.left_out.iter().find(|(other, _)| other == name).unwrap().1.to_string(),
    }
}

fn remarks(text: &str) -> Vec<Remark> {
    read(text).unwrap().choose(&[], &Columns::default()).unwrap().remarks
}

/// A column x of these fields, and a column z of other numbers.
fn with_other(fields: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let rows = fields.into_iter().enumerate().map(|(i, field)| format!("{},{}\n", field.as_ref(), i * i % 7));
    format!("x,z\n{}", rows.collect::<String>())
}

/// A: pandas and polars always take the first line as names; DuckDB takes numeric names as data.
#[test]
fn names_that_are_numbers() {
    for (text, names) in [
        ("2018,2019,2020\n101.9,108.4,99.7\n88.8,117.1,87.7\n", "2018 2019 2020"),
        ("0,1,2,3\n0.5,0.25,7.5,1\n1.5,0.75,8.5,0\n", "0 1 2 3"),
        (",0,1,2\n0,0.5,1.5,7\n1,1.5,2.5,3\n", "Unnamed: 0 0 1 2"),
        ("town,1990,2000\nOslo,4.5,5.5\nRome,2.5,3.5\n", "town 1990 2000"),
        ("450,460,470\n0.12,0.15,0.2\n0.11,0.16,0.21\n", "450 460 470"),
        ("1;2;3\n0,5;0,25;7,5\n1,5;0,75;8,5\n", "1 2 3"),
    ] {
        assert_eq!(read(text).unwrap().columns().join(" "), names, "{text}");
    }
    // data
    for text in ["5.1,3.5,1.4\n4.9,3.0,1.4\n", "1,2\n3,4\n", "3,1,2\n4,2,5\n", "1990,7\n1991,8\n"] {
        assert!(!read(text).unwrap().has_header(), "{text}");
    }
    let open = "0,1,2\n5,1,2\n0,1,9\n0,7,2\n";
    let message =
        "t.csv: the first line may hold names or data:\n  0,1,2\n  5,1,2\nsay which with `header` yes or `header` no";
    assert_eq!(read(open).unwrap_err(), message);
    let named = ReadTable::new().expect(["2"]).read_from("t.csv", open.as_bytes()).unwrap();
    assert_eq!((named.columns().join(" "), named.rows()), ("0 1 2".to_owned(), 3));
}

/// B: the peers read such columns as text; polars stops at a number with groups that comes late.
#[test]
fn numbers_are_decided_by_the_whole_column() {
    let late = |first: &str, last: &str| {
        let rows = (100..2600).map(|i| format!("{i}{first}\t1\n"));
        format!("x\ty\n{}{last}\t2\n", rows.collect::<String>())
    };
    assert_eq!(numbers(&late("", "1,234"), "x").pop(), Some(1234.0));
    assert_eq!(numbers(&late(".25", "1,234.5"), "x").pop(), Some(1234.5));
    assert_eq!(numbers(&late("", "12,5"), "x").pop(), Some(12.5));
    let (whole, grouped) = (numbers(&late("", "1.234,5"), "x"), numbers(&late(",5", "1.234"), "x"));
    assert_eq!((whole[0], whole.last(), grouped[0], grouped.last()), (100.0, Some(&1234.5), 100.5, Some(&1234.0)));
    // thousands of numbers with two readings, and then one that decides
    let either: String = (1000..4000).map(|i| format!("{}.{:03}\t1\n", i / 1000, i % 1000)).collect();
    assert_eq!(numbers(&format!("x\ty\n{either}1.234.567\t2\n"), "x")[234], 1234.0);
    assert_eq!(numbers(&format!("x\ty\n{either}1.5\t2\n"), "x")[234], 1.234);
    for (text, expected) in [
        ("x\ty\n6,878\t1\n71\t2\n", [6878.0, 71.0]),
        ("x;y\n6,878;1\n71;2\n", [6878.0, 71.0]),
        ("x;y\n6,878;1,5\n71;2,5\n", [6.878, 71.0]),
        ("x;y\n1.904.643;1\n707.273;2\n", [1_904_643.0, 707_273.0]),
        ("x;y\n12.345;1,5\n10.403;2,5\n", [12_345.0, 10_403.0]),
        ("x,y\n\"3,15\",1\n\"2,719\",2\n", [3.15, 2.719]),
        ("x,y\n\u{2212}3.5,1\n2,2\n", [-3.5, 2.0]),
        ("x;y\n450'846.39;1\n1'000;2\n", [450_846.39, 1000.0]),
        ("x;y\n463\u{202f}722,18;1\n21\u{a0}002,76;2\n", [463_722.18, 21_002.76]),
        ("x,y\n0.250,1\n1.250,2\n", [0.25, 1.25]),
    ] {
        assert_eq!(numbers(text, "x"), expected, "{text}");
    }
}

/// A field of nothing but signs is a text, however long.
#[test]
fn a_field_of_many_signs() {
    for sign in ["\u{2212}", "\u{2013}", "-", "(", "$", ","] {
        let fields = [sign.repeat(200_000), "x".to_owned()];
        assert_eq!(kind(&with_other(fields.map(|field| format!("\"{field}\""))), "x"), "category", "{sign}");
    }
}

/// B: a model's files are read as it was trained.
#[test]
fn numbers_are_read_as_in_another_file() {
    let form = |text: &str| read(text).unwrap().form().clone();
    let of = |form, text: &str| {
        let table = ReadTable::new().like(&form).read_from("new.csv", text.as_bytes()).unwrap();
        table.values(0, &ColumnKind::Number).map(|(_, x)| x.row(0)).map_err(|error| error.to_string())
    };
    let (german, english, point) =
        (form("x;y\n1.234,5;1\n7,5;2\n"), form("x\ty\n1,234.5\t1\n7.5\t2\n"), form("x;y\n1.5;1\n2.5;2\n"));
    assert_eq!(of(german.clone(), "x;y\n1.234;1\n"), Ok(1234.0));
    assert_eq!(of(german, "x;y\n1,234;1\n"), Ok(1.234));
    assert_eq!(of(english, "x\ty\n1,234\t1\n"), Ok(1234.0));
    assert_eq!(of(point.clone(), "x;y\n1.234;1\n"), Ok(1.234));
    let message = "new.csv, column \"x\": expected numbers such as 1234.5, as in the data that the model was trained on, found \"1,234\"";
    assert_eq!(of(point.clone(), "x;y\n1,234;1\n71;2\n"), Err(message.to_owned()));
    // a number with one reading is never wrong
    assert_eq!(of(point, "x;y\n1,25;1\n"), Ok(1.25));
}

/// C: pandas and polars refuse an open quote, without the line; DuckDB leaves the row out. pandas
/// and DuckDB read text after a quote as part of the field.
#[test]
fn quotes() {
    let way_out = "write a quote inside a field twice (\"\"), or use `quote` backslash if a backslash stands before it, or `quote` none if quotes are ordinary characters";
    let open = |line| format!("t.csv, line {line}: the quote that opens in this line is never closed; {way_out}");
    let after = |line| {
        format!("t.csv, line {line}: text follows the closing quote of a field that begins in this line; {way_out}")
    };
    for (text, expected) in [
        ("a,b\n\"x,1\ny,2\nz,3\n", open(2)),
        ("a\tb\n1\tx\n2\t\"x\n3\tz\n", open(3)),
        ("a,b\n\"two\nlines\",1\n\"x,2\n", open(4)),
        ("a,b\n\"5\" pipe,1\ny,2\n", after(2)),
        ("a,b\nx,1\n\"y,2\nz,3\n\"v\",4\n", after(3)),
    ] {
        assert_eq!(read(text).unwrap_err(), expected, "{text}");
    }
    for (text, expected) in [
        ("a,b\n\"say \"\"no\"\", then\",1\ny,2\n", ["say \"no\", then", "y"]),
        ("a,b\n\"say \\\"no\\\", then\",1\n\"ends \\\"\",2\n", ["say \"no\", then", "ends \""]),
        ("a, b\n \"x, y\", 1\n\"z\" , 2\n", ["x, y", "z"]),
        ("a,b\n's-Graven,1\nboys',2\n", ["'s-Graven", "boys'"]),
        ("a,b\n'x, y',1\n'z',2\n", ["x, y", "z"]),
        ("a,b\n6\" nail,1\n5' bar,2\n", ["6\" nail", "5' bar"]),
        ("a,b\n\"C:\\\",1\n\"D:\\x\\\",2\n", ["C:\\", "D:\\x\\"]),
    ] {
        assert_eq!(read(text).unwrap().text("a").unwrap(), expected, "{text}");
    }
    // apostrophes far apart enclose nothing
    let towns: String = (0..300)
        .map(|i| format!("{},{i}\n", ["Delft", "'t Zand", "boys'"][usize::from(i == 30) + 2 * usize::from(i == 200)]))
        .collect();
    assert_eq!(read(&format!("town,x\n{towns}")).unwrap().rows(), 300);
    let late: String = (0..30_000).map(|i| format!("'x {i}',{i}\n")).collect();
    let error = "t.csv, line 30002: the quote that opens in this line is never closed; if apostrophes are part of the text, use `quote` double";
    assert_eq!(read(&format!("a,b\n{late}'t Zand,5\nboys',6\n")).unwrap_err(), error);
    let inches = "a\tb\n\"pipe\t1\nbolt\"\t2\n";
    let table = ReadTable::new().quoting(Quoting::None).read_from("t.tsv", inches.as_bytes()).unwrap();
    assert_eq!(table.text("a").unwrap(), ["\"pipe", "bolt\""]);
    // far below the lines that are looked at first
    let rows: String = (0..20_000).map(|i| format!("\"row {i}\",{i}\n")).collect();
    assert_eq!(read(&format!("a,b\n{rows}\"last,1\n")).unwrap_err(), open(20_002));
    let late = read(&format!("a,b\n{rows}x, \"y, z\"\n")).unwrap();
    assert_eq!(late.text("b").unwrap().pop().as_deref(), Some("y, z"));
}

/// D: pandas and polars never look for another delimiter than the comma; DuckDB takes the header's
/// commas for delimiters too, and knows no runs of blanks.
#[test]
fn delimiters() {
    for (text, names, row) in [
        ("L, mm;B, mm\n4,85;3,32\n3,75;2,95\n", "L, mm|B, mm", [4.85, 3.32]),
        ("a b  c\n1.5 2   3\n 4.5 5 6\n", "a|b|c", [1.5, 2.0]),
        ("  1.5\t2  \"x y\"\n 2.5   3  \"z\"\n", "0|1|2", [1.5, 2.0]),
        ("sep=;\na;b\n1;2\n", "a|b", [1.0, 2.0]),
        ("sep=|\na|b\n1|2\n", "a|b", [1.0, 2.0]),
        ("a~b\n1~2\n3~4\n", "a|b", [1.0, 2.0]),
        ("a||b\n1||2\n3||4\n", "a|Unnamed: 1|b", [1.0, f64::NAN]),
    ] {
        let table = read(text).unwrap();
        let found = [0, 1].map(|i| table.values(i, &ColumnKind::Number).unwrap().1.row(0));
        assert_eq!(table.columns().join("|"), names, "{text}");
        assert_eq!(found.map(f64::to_bits), row.map(f64::to_bits), "{text}");
    }
    let table = ReadTable::new().delimiter(Delimiter::Character('-')).read_from("t", "a-b\n1-2\n".as_bytes()).unwrap();
    assert_eq!(table.columns().join("|"), "a|b");
    // a file of one line is read with the delimiter of the file that a model was trained on
    let form = read("1;2,5\n2;3,5\n").unwrap().form().clone();
    let table = ReadTable::new().header(false).like(&form).read_from("t", "7;4,5\n".as_bytes()).unwrap();
    assert_eq!(table.numbers(&["1".to_owned()]).unwrap()[0], [4.5]);
}

/// D: pandas, polars and DuckDB read comments, units and repeated headers as rows; pandas takes an
/// empty last field for a column, and reads its rows shifted if only the rows have it.
#[test]
fn lines_that_are_no_rows() {
    for (text, names, rows, said) in [
        ("# note, x\n# more\na,b\n1,2\n3,4\n", "a b", 2, ", 2 comment lines above skipped"),
        ("#a,b\n1,2\n3,4\n", "a b", 2, ", column names after #"),
        (
            "|1x3 Cross\n25, x\n30, y\n",
            "0 1",
            2,
            ", 1 comment line above skipped, no header: columns are numbered from 0",
        ),
        ("a,b,\n1,2,\n3,4,\n", "a b", 2, ", an empty field at the end of the lines skipped"),
        ("a,b\n1,2,\n3,4,\n", "a b", 2, ", an empty field at the end of the lines skipped"),
        ("a,b,\n1,2\n3,4\n", "a b", 2, ""),
        ("a;b;c;\n1;2;x;\n3;4;y\n", "a b c", 2, ", an empty field at the end of the lines skipped"),
        ("a,b\nr1,1,2\nr2,3,4\n", "Unnamed: 0 a b", 2, ", row names in a column without a name, called \"Unnamed: 0\""),
        ("l,m,k\nmm,,\n1.5,2,x\n2.5,3,y\n", "l m k", 2, ", a line of units skipped"),
        ("l,m\n1.5,2\nl,m\n2.5,3\nl,m\n3.5,4\n", "l m", 3, ", 2 repeated headers skipped"),
        ("Prices, 2021\n\nlot;m;k\n1;2;x\n3;4;y\n", "lot m k", 2, ", a title of 2 lines skipped (\"Prices, 2021\")"),
        ("Wood,,\n,,\nlot,m,k\n1,2,x\n3,4,y\n", "lot m k", 2, ", a title of 2 lines skipped (\"Wood\")"),
        (
            "by,me\ntown,1990,2000,2010\nO,4.5,5,2\nR,2.5,3,1\n",
            "town 1990 2000 2010",
            2,
            ", a title skipped (\"by me\")",
        ),
        ("l   m\n--- ---\n1.5 2\n2.5 3\n", "l m", 2, ", a line of dashes skipped"),
        ("l\tm\tk\nc\td\tx y\n\tclass\t\n1.5\t2\tx\n2.5\t3\ty\n", "l m k", 2, ", the lines of types and roles skipped"),
        ("l\tm\nc\td\n\n1.5\tx\n2.5\ty\n", "l m", 2, ", the lines of types and roles skipped"),
        ("m\tl\tk\nd\tcontinuous\t\nclass\nx\t2\tx\ny\t3\ty\n", "m l k", 2, ", the lines of types and roles skipped"),
        ("a b\nr1 M 2\nr2 N 4\n", "Unnamed: 0 a b", 2, ", row names in a column without a name"),
        ("a,b\n1,2\n3,4\n,\n,\n", "a b", 2, ", 2 empty rows at the end skipped"),
        ("a,b\n1,2\n3,4\n\u{1a}\n", "a b", 2, ""),
        ("a,b\n   \n1,2\n\n3,4\n", "a b", 2, ""),
        ("a,b\r\r\n1,2\r\r\n3,4\r\r\n", "a b", 2, ""),
        ("a,b\r1,2\r3,4\r", "a b", 2, ""),
    ] {
        let table = read(text).unwrap();
        assert_eq!((table.columns().join(" "), table.rows()), (names.to_owned(), rows), "{text}");
        let description = table.description();
        assert_eq!(
            description.split_once(char::is_alphabetic).map(|_| description.find(said).is_some()),
            Some(true),
            "{text}: {description}"
        );
    }
    assert_eq!(read("a,b\n1,2\n3\n").unwrap_err(), "t.csv, line 3: expected 2 fields as in line 1, found 1: \"3\"");
    assert_eq!(read("a,b\r1,2\r3\r").unwrap_err(), "t.csv, line 3: expected 2 fields as in line 1, found 1: \"3\"");
}

/// A title is not guessed where the line above may hold names, or the line below may be data.
/// pandas and polars take a title for the names, or call it an error; DuckDB skips one that is
/// shorter than the table.
#[test]
fn lines_that_are_no_title() {
    for text in [
        "a,b,c\nx,y\n1,2\n3,4\n",
        "a\nx,y\nu,v\nw,z\n",
        "a,b\nx,1,u\ny,2,v\nz,3,w\n",
        "a,b,,y,\n1,2,3,4,5\n2,3,1,5,6\n3,4,5,2,7\n",
    ] {
        assert!(!read(text).is_ok_and(|table| table.description().contains("title")), "{text}");
    }
    // one row is enough below the names that a model knows
    let text = "Wood\nlot,m,k\n1,2,x\n";
    let known = ReadTable::new().expect(["m"]).read_from("t.csv", text.as_bytes()).unwrap();
    assert_eq!((known.columns().join(" "), known.rows()), ("lot m k".to_owned(), 1));
    let read =
        |lines: u64| ReadTable::new().skip_lines(lines).read_from("t.csv", "a\nx,y,q\nu,v,p\nw,z,r\n".as_bytes());
    assert_eq!(read(0).unwrap_err().to_string(), "t.csv, line 2: expected 1 field as in line 1, found 3");
    let table = read(1).unwrap();
    assert_eq!((table.columns().join(" "), table.rows(), table.line(0)), ("x y q".to_owned(), 2, Some(3)));
    assert!(table.description().contains("the first line skipped"));
    assert_eq!(read(9).unwrap_err().to_string(), "t.csv: the file is empty");
}

/// E: the peers read these columns as text.
#[test]
fn numbers_with_units() {
    for (fields, expected) in [
        (["\"$4,508\"", "$210"], [4508.0, 210.0]),
        (["28.8%", "2%"], [28.8, 2.0]),
        (["451.20 EUR", "7.00 EUR"], [451.2, 7.0]),
        (["12 kg", "3.5 kg"], [12.0, 3.5]),
        (["\"(1,234.00)\"", "\"2,500.50\""], [-1234.0, 2500.5]),
        (["-£5", "£7.25"], [-5.0, 7.25]),
        (["3.15 m²", "0.5 m²"], [3.15, 0.5]),
    ] {
        assert_eq!(numbers(&with_other(fields), "x"), expected, "{fields:?}");
    }
    // two units, names with a number, and ranges are text
    for fields in [["12 kg", "3 lb"], ["car 1", "car 2"], ["A1", "A2"], ["10-12 years", "13-15 years"], ["5", "6 kg"]] {
        assert_eq!(kind(&with_other(fields), "x"), "category", "{fields:?}");
    }
    let many: String = (0..3000).map(|i| format!("$ {i}.50,1\n")).collect();
    assert_eq!(numbers(&format!("x,z\n{many}"), "x")[2999], 2999.5);
}

/// F: ids keep their digits; labels that mean the same are one.
#[test]
fn categories_compare_texts() {
    let levels = |fields: &[&str]| {
        let table = read(&with_other(fields)).unwrap();
        match table.values(0, &ColumnKind::Category { levels: Vec::new() }).unwrap().0 {
            ColumnKind::Category { levels } => levels.join(" "),
            _ => unreachable!(),
        }
    };
    assert_eq!(levels(&["9007199254740993", "9007199254740992"]), "9007199254740992 9007199254740993");
    assert_eq!(levels(&["3", "3.0", "4"]), "3 4");
    assert_eq!(levels(&["1e5", "100000", "3d1"]), "100000 1e5 3d1");
    assert_eq!(levels(&["007", "7"]), "007 7");
    assert_eq!(levels(&["inf", "art", "cav"]), "art cav inf");
    let ids: Vec<String> = (0..3000_u64).map(|i| (1_234_567_890_123_456_000 + i).to_string()).collect();
    let table = read(&with_other(&ids)).unwrap();
    let (kind, _) = table.values(0, &ColumnKind::Category { levels: Vec::new() }).unwrap();
    assert!(matches!(kind, ColumnKind::Category { levels } if levels == ids));
    for (fields, expected) in [
        (["1", "1.0", "0"], ["1", "1", "0"]),
        (["1.0", "1.0", "0.0"], ["1.0", "1.0", "0.0"]),
        (["TRUE", "True", "false"], ["TRUE", "TRUE", "false"]),
        (["Yes", "yes", "yes"], ["yes", "yes", "yes"]),
        (["red", "Red", "red"], ["red", "Red", "red"]),
        (["None", "NA", "x"], ["None", "NA", "x"]),
    ] {
        assert_eq!(read(&with_other(fields)).unwrap().labels("x").unwrap(), expected, "{fields:?}");
    }
    let spellings = |fields: &[&str]| read(&with_other(fields)).unwrap().spellings("x").unwrap();
    assert_eq!(spellings(&["Yes", "no", "yes", "1", "1.0"]), [vec!["1", "1.0"], vec!["Yes", "yes"]]);
    assert!(spellings(&["red", "Red", "yes", "no"]).is_empty());
}

/// G: the peers read a column with one odd text as text, without a word.
#[test]
fn nothing_vanishes() {
    let odd = |fields: Vec<String>| match &remarks(&with_other(fields))[..] {
        [Remark::Odd { text, line, fields, among, .. }] => format!("{text} {} {fields} {among}", line.unwrap()),
        other => format!("{other:?}"),
    };
    let dates = |odd: &str| {
        (0..60).map(|i| if i == 40 { odd.into() } else { format!("2021-0{}-{:02}", 1 + i % 3, 1 + i / 3) }).collect()
    };
    assert_eq!(odd(dates("n.k.")), "n.k. 42 1 dates");
    assert_eq!(odd(dates("2021-02-30")), "2021-02-30 42 1 dates");
    assert_eq!(odd(dates("0000-00-00")), "0000-00-00 42 1 dates");
    let lead = (0..60).map(|i| if i % 3 == 1 { "<0.6".to_owned() } else { format!("{i}.5") }).collect();
    assert_eq!(odd(lead), "<0.6 3 20 numbers");
    let few = (0..400).map(|i| if i == 99 { "oops".into() } else { format!("{i}.25") }).collect();
    assert_eq!(odd(few), "oops 101 1 numbers");
    // far more different numbers than are kept as texts
    let many = (0..5000).map(|i| if i > 4990 { "n/k".into() } else { format!("{i}.25") }).collect();
    assert_eq!(odd(many), "n/k 4993 9 numbers");
    let codes = |count: usize| with_other((0..count).map(|i| format!("{:04}", 97 * i % 4001)));
    assert_eq!(kind(&codes(300), "x"), "300 different codes in 300 rows, such as \"0097\"; `numeric` reads numbers");
    let of_few = with_other((0..300).map(|i| format!("{:03}", i % 7)));
    assert_eq!(remarks(&of_few), [Remark::Codes { column: "x".to_owned(), text: "001".to_owned() }]);
}

/// G: pandas knows the words of this list that are not from SAS, MySQL or Excel; polars and DuckDB
/// only the empty field.
#[test]
fn missing_values() {
    let words = [".", "\\N", "<NA>", "#DIV/0!", "n/a", "NaT", "#VALUE!", "NULL", "?", "-", ""];
    let numbers = numbers(&with_other(words.iter().chain(&["2.5"])), "x");
    assert_eq!(numbers.iter().filter(|x| x.is_nan()).count(), words.len());
    let table = ReadTable::new().missing(["n.k.", "-999"]).read_from("t", "x,y\nn.k.,a\n-999,b\n1.5,n.k.\n".as_bytes());
    let table = table.unwrap();
    let x: Vec<f64> = column(&table, "x", &ColumnKind::Number);
    assert!(x[0].is_nan() && x[1].is_nan() && x[2] == 1.5);
    assert_eq!(table.text("y").unwrap(), ["a", "b", ""]);
    // other files of the same model have the same words
    let other = ReadTable::new().like(table.form()).read_from("u", "x,y\n-999,a\n2.5,b\n".as_bytes()).unwrap();
    assert!(column(&other, "x", &ColumnKind::Number)[0].is_nan());
}

/// G: pandas and polars read only ISO 8601 as dates, if asked to; DuckDB decides as we do, but not
/// from all rows.
#[test]
fn dates() {
    for (fields, expected) in [
        (["31.01.2024", "01.02.2024"], ["2024-01-31", "2024-02-01"]),
        (["01/31/2024", "02/01/2024"], ["2024-01-31", "2024-02-01"]),
        (["31/01/2024", "01/02/2024"], ["2024-01-31", "2024-02-01"]),
        (["2024/01/31", "2024/2/1"], ["2024-01-31", "2024-02-01"]),
        (["31-Jan-2024", "1-Feb-2024"], ["2024-01-31", "2024-02-01"]),
        (["\"January 31, 2024\"", "\"Feb 1, 2024\""], ["2024-01-31", "2024-02-01"]),
        (["2024-01-31 12:00:00 UTC", "2024-02-01T00:00:00Z"], ["2024-01-31T12:00:00", "2024-02-01"]),
        (["2024-01-31 12:00:00-05:00", "2024-01-31 22:30:00+0530"], ["2024-01-31T17:00:00", "2024-01-31T17:00:00"]),
        (["2024-01-31 00:00:00.123456+00", "2024-02-01 01:30:00+00"], ["2024-01-31", "2024-02-01T01:30:00"]),
        (["1/31/2024 1:05 PM", "2/1/2024 12:00 AM"], ["2024-01-31T13:05:00", "2024-02-01"]),
        (["2024-01", "2024-02"], ["2024-01-01", "2024-02-01"]),
        // two digits as POSIX reads them: 69 to 99 are of the last century
        (["31/01/68", "1/2/69"], ["2068-01-31", "1969-02-01"]),
        (["31-Jan-24", "1-Feb-99"], ["2024-01-31", "1999-02-01"]),
        (["31.01.0024", "01.02.2024"], ["0024-01-31", "2024-02-01"]),
    ] {
        let text = with_other(fields);
        assert_eq!(kind(&text, "x"), "date", "{fields:?}");
        let found = date(&read(&text).unwrap(), "x");
        // to the second
        let found: Vec<&str> = found.iter().map(|text| text.split('.').next().unwrap()).collect();
        assert_eq!(found, expected, "{fields:?}");
    }
    let compact = with_other(["20240131", "20240201", "20240229"]);
    assert_eq!(
        (kind(&compact, "x"), date(&read(&compact).unwrap(), "x")[2].as_str()),
        ("date".to_owned(), "2024-02-29")
    );
    // two readings: said, and set
    let either = with_other(["01/02/2024", "03/04/2024"]);
    assert_eq!(remarks(&either), [Remark::Dates { column: "x".to_owned(), order: DateOrder::MonthFirst }]);
    let table = ReadTable::new().dates(DateOrder::DayFirst).read_from("t", either.as_bytes()).unwrap();
    assert_eq!(date(&table, "x"), ["2024-02-01", "2024-04-03"]);
    // another file with two readings is read as the first one
    let form = read(&with_other(["31/01/2024", "01/02/2024"])).unwrap().form().clone();
    let table = ReadTable::new().like(&form).read_from("t", either.as_bytes()).unwrap();
    assert_eq!(date(&table, "x"), ["2024-02-01", "2024-04-03"]);
    let years: Vec<String> =
        (0..300).map(|i| format!("20{}-01-{:02}", if i == 44 { "99" } else { "21" }, 1 + i % 28)).collect();
    let far = Remark::FarDate { column: "x".to_owned(), text: "2099-01-17".to_owned(), line: Some(46) };
    assert_eq!(remarks(&with_other(years)), [far]);
    // no dates
    for fields in [["32.01.2024", "01.02.2024x"], ["1.2.3", "4.5.6"], ["12:30", "13:45"]] {
        assert_ne!(kind(&with_other(fields), "x"), "date", "{fields:?}");
    }
}

/// B, G: what is known of another file holds for every format, and what contradicts it is named.
/// pandas, polars and DuckDB know no other file.
#[test]
fn another_form_than_that_of_the_training() {
    let train = |text: &str| read(text).unwrap().form().clone();
    let like = |form: &FileForm, text: &str| {
        let table = ReadTable::new().like(form).expect(["a", "b"]).read_from("t.csv", text.as_bytes()).unwrap();
        let kind = if text.contains("/2024") || text.contains(".2024") { ColumnKind::Date } else { ColumnKind::Number };
        table.values(0, &kind).map(|(_, values)| values.iter().next().unwrap()).map_err(|error| error.to_string())
    };
    let (points, kilograms, american) =
        (train("a;b\n1234.5;2.5\n"), train("a;b\n12.5 kg;1\n7 kg;2\n"), train("a;b\n01/31/2024;1\n02/01/2024;2\n"));
    let error = |what: &str| Err(format!("t.csv, column \"a\": {what}"));
    let of_numbers = |found: &str| {
        error(&format!(
            "expected numbers such as 1234.5, as in the data that the model was trained on, found {found:?}"
        ))
    };
    let of_units = |found: &str| {
        error(&format!(
            "expected amounts such as \"1 kg\", as in the data that the model was trained on, found {found:?}"
        ))
    };
    let of_dates = |found: &str| {
        error(&format!(
            "dates with points, such as {found:?}, are usually day/month/year, and the data that the model was trained \
             on has month/day/year: say the order with `dates` day-first or `dates` month-first"
        ))
    };
    let first_of_february = 19754.0;
    for (form, text, expected) in [
        // the other column shows a decimal comma
        (&points, "a;b\n1.234;2,5\n", of_numbers("1.234")),
        (&points, "a;b\n1.234;2.5\n", Ok(1.234)),
        (&points, "a;b\n1.234;2\n", Ok(1.234)),
        (&points, "a;b\n1234,5;2,5\n", Ok(1234.5)),
        (&points, "a;b;note\n1.234;2.5;2,5\n", Ok(1.234)),
        (&points, "a;b;note\n1.234;2;2,5\n", Ok(1.234)),
        (&kilograms, "a;b\n1000 kg;1\n", Ok(1000.0)),
        (&kilograms, "a;b\n1000kg;1\n", Ok(1000.0)),
        (&kilograms, "a;b\n1000;1\n", Ok(1000.0)),
        (&kilograms, "a;b\n1000 g;1\n", of_units("1000 g")),
        (&kilograms, "a;b\n$ 1000;1\n", of_units("$ 1000")),
        (
            &kilograms,
            "a;b\n5 kg;1\n2 t;2\n",
            Err("t.csv, line 3, column \"a\": expected a number, found \"2 t\"".to_owned()),
        ),
        (&american, "a;b\n02/01/2024;1\n", Ok(first_of_february)),
        (&american, "a;b\n01.02.2024;1\n", of_dates("01.02.2024")),
        (&american, "a;b\n01.02.2024;1\n13.02.2024;1\n", Ok(first_of_february)),
        (&american, "a;b\n2024-02-01;1\n31/01/2024;1\n", Ok(first_of_february)),
    ] {
        assert_eq!(like(form, text), expected, "{text}");
    }
    let given = ReadTable::new().like(&american).dates(DateOrder::DayFirst);
    let table = given.read_from("t.csv", &b"a;b\n01.02.2024;1\n"[..]).unwrap();
    assert_eq!(table.values(0, &ColumnKind::Date).unwrap().1.iter().next(), Some(first_of_february));
    // parts of one table
    let folder = tempfile::tempdir().unwrap();
    let files = [("1.csv", "a,b\n5 kg,1\n6 kg,2\n"), ("2.csv", "a,b\n5 lb,1\n6 lb,2\n")].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    });
    let error = ReadTable::new().read_several(&files, |path, reader| reader.read(path)).unwrap_err().to_string();
    assert!(error.contains("2.csv, column \"a\": expected amounts such as \"1 kg\""), "{error}");
}

/// G: words for missing values, and the settings of texts, in files that are no text.
#[test]
fn settings_in_other_formats() {
    let json = "[{\"a\": -999, \"c\": \"k.A.\"}, {\"a\": 2.5, \"c\": \"x\"}, {\"a\": 3, \"c\": \"y\"}]";
    let lines = "{\"a\": -999.0, \"c\": \"k.A.\"}\n{\"a\": 2.5, \"c\": \"x\"}\n{\"a\": 3, \"c\": \"y\"}\n";
    let text = "a,c\n-999,k.A.\n2.5,x\n3,y\n";
    for file in [json, lines, text] {
        let reader = ReadTable::new().missing(["-999", "k.A."]);
        let table = reader.read_from("t", file.as_bytes()).unwrap();
        let gaps = |column: &str| table.rows_without(&[column.to_owned()]).unwrap();
        assert_eq!((gaps("a"), gaps("c")), (vec![0], vec![0]), "{file}");
        // and so in the next file of the same form
        let again = ReadTable::new().like(table.form()).read_from("t", json.as_bytes()).unwrap();
        assert_eq!(again.rows_without(&["a".to_owned()]).unwrap(), [0], "{file}");
    }
    let comma = |file: &str| {
        let table = ReadTable::new().decimal_comma(true).read_from("t", file.as_bytes()).unwrap();
        column(&table, "a", &ColumnKind::Number)
    };
    assert_eq!(comma("[{\"a\": \"1.147\"}, {\"a\": \"2.500\"}]"), [1147.0, 2500.0]);
    let error = |reader: ReadTable<'_>| reader.read_from("t", json.as_bytes()).unwrap_err().to_string();
    let only = |what: &str| format!("t: {what} can be set only for a text file, and this is JSON");
    assert_eq!(error(ReadTable::new().delimiter(Delimiter::Spaces)), only("the delimiter"));
    assert_eq!(error(ReadTable::new().quoting(Quoting::None)), only("the kind of quotes"));
    assert_eq!(error(ReadTable::new().encoding("latin1")), only("the encoding"));
    assert_eq!(error(ReadTable::new().skip_lines(1)), only("the number of lines to skip"));
}

/// D: what is below the table or between the names and the rows; columns of a fixed width. pandas reads
/// further names as rows; polars and DuckDB too, or refuse them.
#[test]
fn names_and_notes_in_several_lines() {
    let rows = "x,1,2,3\ny,4,5,6\nz,7,8,NA\nu,1,1,1\nv,2,2,2\nw,3,3,3\n".repeat(2);
    for (above, lines) in [
        ("id,a,b,c\nkey,mass,length,time\n", "a second line of names"),
        ("id,a,b,c\nUnits,1/W,kg,s\n", "a second line of names"),
        ("id,a,b,c\nUnits,m,kg,s\n[0],i,ii,iii\n", "2 more lines of names"),
        ("id,a,b,c\nUnits,m,,\n[0],i,ii,iii\n", "2 more lines of names"),
        ("id,a,b,c\n\"How old\nare you?\",q1,q2,q3\n{},{},{},{}\n-,k,k,k\n", "3 more lines of names"),
    ] {
        let table = read(&format!("{above}{rows}")).unwrap();
        assert_eq!((table.rows(), table.columns().join(" ").as_str()), (12, "id a b c"), "{above}");
        assert!(table.description().ends_with(&format!(", {lines} skipped")), "{}", table.description());
    }
    // the first row of a short file has other texts than the rows below it
    let few = "id,a,b,c,d\nr,true,x,low,\ns,1,2,3,4\nt,0,,5,6\nu,1,2,3,4\nv,1,2,3,4\nw,1,2,3,4\n";
    assert_eq!(read(few).unwrap().rows(), 6);
    for below in ["Source: a\n", "\nTotal\nnote,b\n", "a,b\nc\nd\n", "end\n\n", "1\n2\n3\n"] {
        let error = read(&format!("id,a,b,c\n{rows}{below}")).unwrap_err();
        let last = 13 + below.trim_end().lines().count();
        let several = last > 14 + usize::from(below.starts_with('\n'));
        let end = format!("; the lines from here to the end, line {last}, do not fit");
        assert_eq!(error.ends_with(&end), several, "{error}");
    }
    let fixed = "t.csv: expected a table, found columns of a fixed width, aligned with blanks";
    for text in [
        "id    heduc         div\n 9    12-15 years   No\n11    < 12 years    No\n13    16 years      Yes\n",
        "name        town           when\nAnna Lee    Oslo           2 May\nJo          New York       3 May\nA B C       Rome           1 June\n",
        "a  b c  d\n1  2 x  3\n1  2 y  3 z\n4  5 x  6\n",
    ] {
        assert_eq!(read(text).unwrap_err(), fixed, "{text}");
    }
    for text in ["one  text here\nother  text\nmore\nend\n", "a   b\n1   2\n3   4\n5   6\n"] {
        assert!(read(text).is_ok(), "{text}");
    }
}

/// H: row numbers say nothing, whatever they are called.
#[test]
fn row_numbers() {
    for (name, first) in [("x", 0), ("Obs.", 1), ("number of customer", 1), ("t", 0), ("Sl", 1)] {
        let rows = (0..30).map(|i| format!("{},{}\n", first + i, i % 4)).collect::<String>();
        let expected = format!("the row numbers {first}, {}, {}, …; `numeric` keeps them", first + 1, first + 2);
        assert_eq!(kind(&format!("{name},y\n{rows}"), name), expected);
    }
    let named = Columns { numeric: vec!["t".to_owned()], ..Columns::default() };
    let rows = (0..30).map(|i| format!("{i},{}\n", i % 4)).collect::<String>();
    let table = read(&format!("t,y\n{rows}")).unwrap();
    assert_eq!(table.choose(&[], &named).unwrap().left_out, []);
    // in another order, with gaps, or few rows, they may say something
    let shuffled = (0..30).map(|i| format!("{},{}\n", i * 7 % 30, i % 4)).collect::<String>();
    assert_eq!(kind(&format!("t,y\n{shuffled}"), "t"), "number");
    assert_eq!(kind("a,b\n1,5\n2,3\n3,9\n", "a"), "number");
    let large = (0..5000).map(|i| format!("{i},{}\n", i % 4)).collect::<String>();
    assert!(matches!(
        read(&format!("t,y\n{large}")).unwrap().choose(&[], &Columns::default()).unwrap().left_out[..],
        [(_, LeftOut::RowNumbers { first: 0 })]
    ));
}

/// I: polars and DuckDB keep an empty line of a one-column table as a row; pandas does not.
#[test]
fn empty_lines_of_one_column() {
    for (text, expected) in [
        ("x\n1.5\n\n-0.5\n", 3),
        ("x\n\n1.5\n-0.5\n\n", 3),
        ("x\r\n1.5\r\n\r\n\r\n2\r\n", 4),
        ("x\n1\n   \n2\n", 3),
        ("x\n1\n2\n\n\n", 2),
        ("1\n\n2\n", 3),
    ] {
        assert_eq!(read(text).unwrap().rows(), expected, "{text:?}");
    }
    // found by a fuzzer: empty rows that carriage returns end within a line
    let table = read("x\n1\n \r \r \r \r \r2\n3\n").unwrap();
    let lines: Vec<u64> = (0..table.rows()).map(|row| table.line(row).unwrap()).collect();
    assert_eq!((lines.len(), lines.first(), lines.last()), (8, Some(&2), Some(&4)), "{lines:?}");
    assert!(lines.iter().all(|line| (1..=4).contains(line)), "{lines:?}");
    let error = read("x\n1\n\n2\nred\n").unwrap().numbers(&["x".to_owned()]).unwrap_err().to_string();
    assert_eq!(error, "t.csv, line 3, column \"x\": expected a value, found an empty cell");
}

/// K: pandas, polars and DuckDB refuse all of these unless they are told the encoding.
#[test]
fn encodings() {
    let text = "Größe;Straße\n1,5;Köln\n2,5;Bonn\n";
    let utf_16 =
        |mark: &str, of: fn(u16) -> [u8; 2]| format!("{mark}{text}").encode_utf16().flat_map(of).collect::<Vec<u8>>();
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    for (bytes, said) in [
        (text.as_bytes().to_vec(), None),
        (utf_16("\u{feff}", u16::to_le_bytes), Some("UTF-16LE text")),
        (utf_16("\u{feff}", u16::to_be_bytes), Some("UTF-16BE text")),
        (utf_16("", u16::to_le_bytes), Some("UTF-16LE text")),
        (latin, Some("windows-1252 text")),
    ] {
        let table = ReadTable::new().read_from("t", &bytes[..]).unwrap();
        assert_eq!(table.columns(), ["Größe", "Straße"]);
        assert_eq!(table.text("Straße").unwrap(), ["Köln", "Bonn"]);
        assert!(said.is_none_or(|said| table.description().contains(said)), "{}", table.description());
    }
    let japanese = b"\x83\x41,\x83\x43\n1,2\n";
    let table = ReadTable::new().encoding("shift_jis").read_from("t", &japanese[..]).unwrap();
    assert_eq!(table.columns(), ["ア", "イ"]);
    let zero = ReadTable::new().read_from("t", &[&b"a,b\n"[..], &b"1,2\n".repeat(99), b"3,\0\n"].concat()[..]);
    let message = "t, line 101: found a zero byte (NUL) in the text: the file is damaged; remove the byte";
    assert_eq!(zero.unwrap_err().to_string(), message);
}
