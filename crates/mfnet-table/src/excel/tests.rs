use std::io::{Cursor, Write};

use serde_json::Value as Json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::golden::{compare_with, damage_bytes};
use crate::{ReadTable, Table};

fn file(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/excel");
    std::fs::read(folder.join(name)).unwrap()
}

fn table(name: &str, reader: ReadTable<'_>) -> Table {
    reader.read_from("t.xlsx", &file(name)[..]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Source: tests/golden/excel_golden.py.
#[test]
fn cells_are_those_of_openpyxl() {
    let expected: Json = serde_json::from_str(include_str!("../../tests/golden/excel.json")).unwrap();
    for name in ["types.xlsx", "offset.xlsx", "sheets.xlsx", "1904.xlsx", "shared.xlsx"] {
        let (found, header, _) = read("t", &file(name), None, &Known::default(), None).unwrap();
        assert!(header, "{name}");
        compare_with(&expected[name], name, &found.columns);
    }
}

#[test]
fn sheet_and_range_are_described() {
    let of = |name: &str| table(name, ReadTable::new()).description();
    assert_eq!(of("types.xlsx"), "Excel, sheet \"Sheet\", A1:H6");
    assert_eq!(of("offset.xlsx"), "Excel, sheet \"Sales 2024\", C4:F7");
    assert_eq!(of("sheets.xlsx"), "Excel, sheet \"first\" (others: \"the second\", \"hidden\"), A1:B2");
}

#[test]
fn a_sheet_is_chosen() {
    let sheet = |name: &str| ReadTable::new().sheet(name);
    let texts = |name: &str| table("sheets.xlsx", sheet(name)).text("b").unwrap().join(" ");
    assert_eq!((texts("first"), texts("the second")), ("x".to_owned(), "y".to_owned()));
    assert_eq!(table("sheets.xlsx", sheet("hidden")).columns(), ["not", "this"]);
    // sheets are different data
    assert_ne!(table("sheets.xlsx", sheet("first")).digest(), table("sheets.xlsx", sheet("the second")).digest());
    let error = sheet("third").read_from("t.xlsx", &file("sheets.xlsx")[..]).unwrap_err().to_string();
    assert_eq!(error, "t.xlsx: there is no sheet \"third\"; the sheets are first, the second, hidden");
    let error = sheet("a").read_from("t.csv", &b"a,b\n1,2\n"[..]).unwrap_err().to_string();
    assert_eq!(error, "t.csv: a sheet can be chosen only in an Excel workbook (.xlsx)");
}

#[test]
fn columns_without_names() {
    let table = table("no-header.xlsx", ReadTable::new());
    assert_eq!((table.columns().join(" ").as_str(), table.rows(), table.has_header()), ("0 1 2", 5, false));
    let error = ReadTable::new().header(true).read_from("t.xlsx", &file("no-header.xlsx")[..]).unwrap_err();
    assert_eq!(error.to_string(), "t.xlsx, column \"0\": columns 1 and 2 have this name");
}

/// A workbook with another sheet, or other texts.
fn with_sheet(sheet: &str, strings: &str) -> Vec<u8> {
    let whole = file("shared.xlsx");
    let mut from = zip::ZipArchive::new(Cursor::new(&whole[..])).unwrap();
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    for i in 0..from.len() {
        let mut member = from.by_index(i).unwrap();
        let name = member.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        match name.as_str() {
            "xl/worksheets/sheet1.xml" if !sheet.is_empty() => bytes = sheet.into(),
            "xl/sharedStrings.xml" if !strings.is_empty() => bytes = strings.into(),
            _ => {}
        }
        to.start_file(name, SimpleFileOptions::default()).unwrap();
        to.write_all(&bytes).unwrap();
    }
    to.finish().unwrap().into_inner()
}

#[test]
fn files_made_to_fill_memory() {
    let error = |bytes: &[u8]| read("t", bytes, None, &Known::default(), None).unwrap_err().to_string();
    let sheet = |rows: &str| {
        let start = "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>";
        with_sheet(&format!("{start}{rows}</sheetData></worksheet>"), "")
    };
    // 10⁴ rows with a cell at the left and one at the right
    let rows: String = (1..=10_000)
        .map(|i| format!("<row r=\"{i}\"><c r=\"A{i}\"><v>1</v></c><c r=\"XFD{i}\"><v>2</v></c></row>"))
        .collect();
    let message = error(&sheet(&rows));
    assert_eq!(message, "t: the file is damaged: 10000 rows of 16384 columns, which are nearly all empty");
    // a cell far away takes no memory
    let far =
        sheet("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>2</v></c></row>");
    let (found, ..) = read("t", &far, None, &Known::default(), None).unwrap();
    assert_eq!((found.columns.len(), found.columns[0].1.len()), (16_384, 2));
    for (rows, problem) in [
        (
            "<row r=\"2\"><c r=\"A2\"><v>1</v></c></row><row r=\"1\"><c r=\"A1\"><v>1</v></c></row>",
            "its rows are not in order",
        ),
        ("<row r=\"1\"><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c></row>", "its cells are not in order"),
    ] {
        assert_eq!(error(&sheet(rows)), format!("t: the file is damaged: {problem}"));
    }
    // the crate would take memory for so many texts
    for count in ["4000000000", "99999999999999999999999999"] {
        let strings = format!(
            "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" uniqueCount=\"{count}\"></sst>"
        );
        let message = error(&with_sheet("", &strings));
        assert!(
            message.starts_with("t: the file is damaged: it has ") && message.contains(" texts according to"),
            "{message}"
        );
    }
    assert_eq!(error(&sheet("")), "t: the file is empty");
}

#[test]
fn damaged_files_are_refused_or_read() {
    for name in ["sheets.xlsx", "shared.xlsx"] {
        damage_bytes(name, &file(name), 7, |bytes| Ok(read("t", bytes, None, &Known::default(), None)?.0.columns));
    }
}

/// Names in two rows, of which the upper one names groups in merged cells: pandas reads such a sheet
/// with `header=[0, 1]`.
#[test]
fn names_in_two_rows() {
    let text = |place: &str, text: &str| format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let number = |place: &str, x: f64| format!("<c r=\"{place}\"><v>{x}</v></c>");
    let names = |rows: [String; 4]| {
        let rows: String = (1..).zip(rows).map(|(i, cells)| format!("<row r=\"{i}\">{cells}</row>")).collect();
        let start = "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>";
        let bytes = with_sheet(&format!("{start}{rows}</sheetData></worksheet>"), "");
        let table = ReadTable::new().read_from("t.xlsx", &bytes[..]).unwrap();
        (table.columns().join("|"), table.rows(), table.line(0))
    };
    let row =
        |i: usize| text(&format!("A{i}"), "Oslo") + &number(&format!("B{i}"), 1.5) + &number(&format!("C{i}"), 2.0);
    let lower = text("A2", "town") + &text("B2", "mean") + &text("C2", "sd");
    let of = |upper: String| names([upper, lower.clone(), row(3), row(4)]);
    assert_eq!(of(text("B1", "2001") + &text("C1", "2002")), ("town|2001 mean|2002 sd".to_owned(), 2, Some(3)));
    assert_eq!(of(text("A1", "at") + &text("B1", "2001")), ("at town|2001 mean|2001 sd".to_owned(), 2, Some(3)));
}
