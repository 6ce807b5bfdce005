//! Whether the first line of a text holds the names of the columns.

use std::collections::HashSet;

use super::Syntax;
use crate::calendar::{DateOrder, days};
use crate::field::is_missing;
use crate::notation::Quoting;
use crate::written::{is_number_like, written};

/// Years that may be names of columns.
const YEARS: std::ops::RangeInclusive<f64> = 1800.0..=2200.0;

/// The most lines of further names, and the least columns of numbers below them.
const MOST_NAMES: usize = 3;
const FEWEST_COLUMNS: usize = 3;
/// The least rows that show which columns hold numbers.
const FEWEST_ROWS: usize = 8;

/// Number of lines below the first that are no rows: they have texts and no number in columns that
/// hold only numbers further below, as exports of surveys and laboratories have it.
pub(super) fn further_names(lines: &[Vec<String>]) -> usize {
    let Some((names, rest)) = lines.split_first() else { return 0 };
    let Some(rows) = rest.get(MOST_NAMES..).filter(|rows| rows.len() >= FEWEST_ROWS) else { return 0 };
    let has_numbers = |i: usize| {
        let below = || rows.iter().filter_map(|line| line.get(i)).filter(|text| !text.is_empty());
        below().any(|text| is_number_like(text)) && below().all(|text| is_number_like(text) || is_missing(text))
    };
    let columns: Vec<usize> = (0..names.len()).filter(|i| has_numbers(*i)).collect();
    // 1/W is a unit
    let texts = |line: &Vec<String>| {
        let fields = || columns.iter().filter_map(|i| line.get(*i));
        let is_text = |text: &&String| !text.is_empty() && !is_missing(text);
        if fields().any(|text| written(text).is_some()) { 0 } else { fields().filter(is_text).count() }
    };
    let count = rest[..MOST_NAMES].iter().take_while(|line| texts(line) > 0).count();
    // a row would have a number somewhere, and a word for missing values would be the same everywhere
    let are_names = |line: &Vec<String>| {
        let different: HashSet<&String> = columns.iter().filter_map(|i| line.get(*i)).collect();
        texts(line) == columns.len() && different.len() > 1
    };
    let is_sure = columns.len() >= FEWEST_COLUMNS && are_names(names) && rest[..count].iter().any(are_names);
    if is_sure { count } else { 0 }
}

/// The answer for the first lines of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Header {
    Yes,
    No,
    /// It may be either.
    Unclear,
}

/// Whether a field says nothing about names: it is a number, a date, or missing.
pub(super) fn is_value(text: &str) -> bool {
    text.is_empty() || is_number_like(text) || is_missing(text) || days(text, DateOrder::DayFirst).is_some()
}

/// Decides from the first lines; `wanted` are names of columns that the user gave.
///
/// The first line holds names if a wanted name that is no number stands in it, if it has a text
/// above a column of numbers, or if no text of it occurs again below. A line of numbers holds names
/// if they count (0, 1, 2, …), or are years or other numbers at equal distances, above other
/// numbers; if they rise after an empty first field; or if only they are in quotes (`is_quoted`).
pub(super) fn decide(lines: &[Vec<String>], wanted: &[String], is_quoted: bool) -> Header {
    let Some((first, rest)) = lines.split_first() else { return Header::Yes };
    let is_number = |text: &String| is_number_like(text);
    // a whole number may be the number of a column
    let is_name = |name: &String| !is_number(name) || name.contains('.');
    if wanted.iter().any(|name| is_name(name) && first.contains(name)) {
        return Header::Yes;
    }
    if further_names(lines) > 0 {
        return Header::Yes;
    }
    // a header that is repeated further down, in files that were joined, is not data
    let rest: Vec<&Vec<String>> = rest.iter().filter(|line| *line != first).collect();
    if rest.is_empty() {
        return if first.iter().any(is_number) { Header::No } else { Header::Yes };
    }
    let below = |i: usize| rest.iter().filter_map(move |line| line.get(i)).filter(|text| !text.is_empty());
    let are_values = |i: usize| below(i).next().is_some() && below(i).all(|text| is_value(text));
    let columns = 0..first.len();
    let has_name = |i: usize| !is_value(&first[i]) && are_values(i);
    let numbers: Vec<usize> = columns.clone().filter(|i| is_number(&first[*i]) && are_values(*i)).collect();
    if numbers.is_empty() {
        if columns.clone().any(has_name) {
            return Header::Yes;
        }
        let occurs = |i: usize| !first[i].is_empty() && !is_value(&first[i]) && below(i).any(|text| *text == first[i]);
        let is_data = first.iter().all(|text| is_value(text) && !text.is_empty()) || columns.clone().any(occurs);
        return if is_data { Header::No } else { Header::Yes };
    }
    // the other fields of the line are names or an empty corner
    let others = columns.clone().filter(|i| !numbers.contains(i));
    let may_be_names =
        others.clone().all(|i| has_name(i) || first[i].is_empty() || below(i).all(|text| *text != first[i]));
    let names: Vec<f64> = numbers.iter().filter_map(|i| first[*i].parse().ok()).collect();
    let rise = names.len() == numbers.len() && names.len() > 2 && names.windows(2).all(|pair| pair[0] < pair[1]);
    let has_corner = first[0].is_empty() && below(0).count() == rest.len();
    if may_be_names && (is_quoted || has_corner && rise) {
        return Header::Yes;
    }
    if !may_be_names || names.len() != numbers.len() || !are_regular(&names) {
        return if columns.clone().any(has_name) { Header::Yes } else { Header::No };
    }
    let has_fractions = |i: usize| below(i).all(|text| text.contains(['.', ',']) || is_missing(text));
    let counts = names.len() >= 3 && names[1] - names[0] == 1.0 && names[0] <= 1.0;
    let are_years = names.iter().all(|name| YEARS.contains(name));
    let recurs = |i: usize| below(i).any(|text| *text == first[i]);
    let settled = wanted.iter().any(|name| first.contains(name));
    let has_other_names = others.clone().any(has_name) || (others.clone().next().is_some() && first[0].is_empty());
    match () {
        () if settled || numbers.iter().copied().all(has_fractions) || has_other_names => Header::Yes,
        () if are_years && !numbers.iter().copied().any(recurs) => Header::Yes,
        () if counts && numbers.iter().copied().any(has_fractions) => Header::Yes,
        () if counts && !numbers.iter().copied().all(recurs) && names.len() > 3 => Header::Yes,
        () if counts || are_years => Header::Unclear,
        () => Header::No,
    }
}

/// Whether the first line surely holds names: texts, or also years, above a column of values.
pub(super) fn names_values(lines: &[Vec<String>]) -> bool {
    let Some((first, rest)) = lines.split_first() else { return false };
    let has_values = |i: usize| {
        let mut below = rest.iter().filter_map(|line| line.get(i)).filter(|text| !text.is_empty()).peekable();
        below.peek().is_some() && below.all(|text| is_value(text))
    };
    let values = first.iter().filter(|text| !text.is_empty() && is_value(text));
    let numbers: Option<Vec<f64>> = values.map(|text| text.parse().ok()).collect();
    numbers.is_some_and(|numbers| numbers.is_empty() || are_regular(&numbers))
        && decide(lines, &[], false) == Header::Yes
        && (0..first.len()).any(|i| !first[i].is_empty() && has_values(i))
}

/// Whether all fields of the first line are in quotes, and some of the second are not.
pub(super) fn are_quoted(table: &[u8], syntax: Syntax) -> bool {
    if syntax.quoting != Quoting::Double {
        return false;
    }
    let mut lines = table.split(|byte| *byte == syntax.newline).filter(|line| !line.trim_ascii().is_empty());
    let mut fields = || -> Vec<&[u8]> {
        let line = lines.next().unwrap_or_default();
        line.split(|byte| *byte == syntax.delimiter.byte()).map(<[u8]>::trim_ascii).collect()
    };
    let (first, second) = (fields(), fields());
    let is_quoted = |field: &&[u8]| field.len() > 1 && field.starts_with(b"\"") && field.ends_with(b"\"");
    first.len() == second.len() && first.iter().all(is_quoted) && !second.iter().all(is_quoted)
}

/// Whether numbers are whole and have equal distances: 0, 1, 2 or 2018, 2019 or 400, 410, 420.
fn are_regular(names: &[f64]) -> bool {
    let step = match names {
        [first, second, ..] => second - first,
        _ => return false,
    };
    let is_equal = names.windows(2).all(|pair| pair[1] - pair[0] == step);
    // two numbers have one distance
    let is_enough = names.len() > 2 || names.iter().all(|name| YEARS.contains(name));
    step >= 1.0 && is_equal && is_enough && names.iter().all(|name| name.fract() == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, wanted: &[&str]) -> Header {
        let lines: Vec<Vec<String>> =
            text.lines().map(|line| line.split(',').map(|field| field.trim().to_owned()).collect()).collect();
        decide(&lines, &wanted.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), false)
    }

    #[test]
    fn names_that_are_text() {
        for (text, expected) in [
            ("a,b\nx,y\n", Header::Yes),
            (",a\n0,5\n", Header::Yes),
            ("a,y\n", Header::Yes),
            ("length,species\n5.1,setosa\n7.0,virginica\n", Header::Yes),
            ("39, State-gov, 77516\n50, Private, 83311\n", Header::No),
            ("5.1,3.5,setosa\n4.9,3.0,setosa\n", Header::No),
            ("x,red\ny,red\n", Header::No),
            ("44,Private\n", Header::No),
            ("2021-01-01,3\n2021-01-02,4\n", Header::No),
            // a header that comes again
            ("mass,kind\n1,a\nmass,kind\n2,b\n", Header::Yes),
        ] {
            assert_eq!(of(text, &[]), expected, "{text}");
        }
        assert_eq!(of("red,blue\nx,red\nred,blue\nred,y\n", &["blue"]), Header::Yes);
    }

    #[test]
    fn several_lines_of_names() {
        let lines = |text: &str| -> Vec<Vec<String>> {
            text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
        };
        let rows = "x,1,2,3\ny,4,5,6\nz,7,8,NA\nu,1,1,1\nv,2,2,2\n".repeat(3);
        for (above, expected) in [
            ("id,a,b,c\n", 0),
            ("id,a,b,c\nkey,m,kg,s\n", 1),
            ("id,a,b,c\nkey,m,kg,s\n[0],i,ii,iii\n", 2),
            ("id,a,b,c\nkey,m,kg,1/s\n", 1),
            ("id,a,b,c\nkey,m,,1/s\n", 0),
            ("id,a,b,c\nOslo,k.A.,k.A.,k.A.\n", 0),
            ("id,a,b,c\nUnits,m,,\n[0],i,ii,iii\n", 2),
            ("id,a,b,c\nkey,m,,\n", 0),
            ("id,a,b,c\nkey,m,NA,5\n", 0),
            ("id,a,b,7\nkey,m,kg,s\n", 0),
        ] {
            assert_eq!(further_names(&lines(&format!("{above}{rows}"))), expected, "{above}");
        }
        // with fewer columns of numbers the line may be a row
        assert_eq!(further_names(&lines("id,a,b\nw,low,high\nx,1,2\ny,1,2\nz,1,2\nu,1,2\nv,1,2\n")), 0);
    }

    #[test]
    fn names_that_are_numbers() {
        for (text, expected) in [
            ("1,2\n3,4\n", Header::No),
            ("0,1,2\n0.5,0.25,7.5\n1.5,0.75,8.5\n", Header::Yes),
            ("0,1,2,3\n0.5,0.25,7.5,1\n1.5,0.75,8.5,0\n", Header::Yes),
            (",0,1,2\n0,0.5,1,7\n1,1.5,2,3\n", Header::Yes),
            ("country,2018,2019\nOslo,9.5,9.7\nRome,71.3,72.7\n", Header::Yes),
            ("2018,2019,2020\n101.9,108.4,99.7\n88.8,117.1,87.7\n", Header::Yes),
            ("400,410,420\n0.12,0.15,0.2\n0.11,0.16,0.21\n", Header::Yes),
            ("0,1,2\n5,1,2\n0,1,9\n0,7,2\n", Header::Unclear),
            ("2018,2019\n2018,2021\n2020,2019\n", Header::Unclear),
            ("5,3,1\n4,2,2\n", Header::No),
            ("1990,5.5\n1991,6.5\n", Header::No),
            (",16.5,16.75,17.5\n57.5,0,0,1\n58.5,2,0,4\n", Header::Yes),
            (",16.5,16.75,17.5\n57.5,0,0,1\n,2,0,4\n", Header::No),
            (",16.5,1.75,17.5\n57.5,0,0,1\n58.5,2,0,4\n", Header::No),
        ] {
            assert_eq!(of(text, &[]), expected, "{text}");
        }
        assert_eq!(of("0,1,2\n5,1,2\n0,1,9\n0,7,2\n", &["2"]), Header::Yes);
        assert_eq!(of("16.5,16.75\n0,1\n3,1\n", &["16.75"]), Header::Yes);
        // the number of a column in a file without names
        assert_eq!(of("5.1,3.5,1.4\n4.9,3.0,1.4\n", &["2"]), Header::No);
    }
}
