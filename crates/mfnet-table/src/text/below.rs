//! The lines between the names of the columns and the rows: units, a ruler, types.

use super::header::further_names;
use super::sample::Sample;
use crate::field::is_missing;
use crate::written::is_number_like;

/// The most characters of a unit below the name of a column.
const LONGEST_UNIT: usize = 12;
/// How Orange writes the type and the role of a column.
const TYPES: [&str; 8] = ["c", "continuous", "d", "discrete", "s", "string", "t", "time"];
const ROLES: [&str; 9] = ["class", "c", "meta", "m", "i", "ignore", "w", "weight", "multiclass"];
const TYPES_SKIPPED: &str = "the lines of types and roles skipped";

/// What stands between the names and the rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Below {
    /// Number of lines that are not blank.
    pub(super) lines: usize,
    /// What was skipped, in words.
    pub(super) said: &'static str,
}

/// What stands between the names in the first line and the rows, if anything.
pub(super) fn below(sample: &Sample, missing: &[String]) -> Option<Below> {
    let [first, second, rest @ ..] = &sample.lines[..] else { return None };
    if rest.is_empty() || second.len() != first.len() || second == first {
        return None;
    }
    let is_blank = sample.starts[2] > sample.starts[1] + 1;
    match () {
        () if is_ruler(second) => Some(Below { lines: 1, said: "a line of dashes skipped" }),
        () if are_types(second) && is_blank => Some(Below { lines: 1, said: TYPES_SKIPPED }),
        () if are_types(second) && are_roles(&rest[0], second.len()) => Some(Below { lines: 2, said: TYPES_SKIPPED }),
        () if has_units(second, rest, missing) => Some(Below { lines: 1, said: "a line of units skipped" }),
        () => match further_names(&sample.lines) {
            0 => None,
            1 => Some(Below { lines: 1, said: "a second line of names skipped" }),
            2 => Some(Below { lines: 2, said: "2 more lines of names skipped" }),
            _ => Some(Below { lines: 3, said: "3 more lines of names skipped" }),
        },
    }
}

/// Whether a line is nothing but dashes. One dash may be a missing value.
fn is_ruler(line: &[String]) -> bool {
    let is_of_dashes = |text: &String| text.chars().all(|c| "-=+:|".contains(c));
    line.iter().all(is_of_dashes) && line.iter().any(|text| text.contains("---") || text.contains("==="))
}

/// Whether this is a line of types, as Orange writes it: for each column its type, nothing, or its
/// values, separated by spaces.
fn are_types(line: &[String]) -> bool {
    let is_type = |text: &String| TYPES.contains(&text.as_str());
    line.iter().all(|text| text.is_empty() || is_type(text) || text.contains(' '))
        && 2 * line.iter().filter(|text| is_type(text)).count() >= line.len()
}

/// Whether the line below may hold roles. It may end early.
fn are_roles(line: &[String], width: usize) -> bool {
    let is_role = |text: &String| ROLES.contains(&text.as_str()) || text.contains('=');
    line.len() <= width && line.iter().all(|text| text.is_empty() || is_role(text))
}

/// Whether the second line holds units: a text above each column of numbers, or nothing, and
/// nothing above the other columns.
fn has_units(units: &[String], rest: &[Vec<String>], missing: &[String]) -> bool {
    if rest.len() < 2 || units.len() < 2 {
        return false;
    }
    let below = |i: usize| rest.iter().filter_map(move |line| line.get(i)).filter(|text| !text.is_empty());
    let are_numbers =
        |i: usize| below(i).next().is_some() && below(i).all(|text| is_number_like(text) || is_missing(text));
    let is_empty = |text: &String| text.is_empty() || is_missing(text) || missing.contains(text);
    let is_unit = |i: usize| are_numbers(i) && !is_number_like(&units[i]) && units[i].chars().count() <= LONGEST_UNIT;
    let count = (0..units.len()).filter(|i| !is_empty(&units[*i])).count();
    count > 0
        && (0..units.len()).all(|i| is_empty(&units[i]) || is_unit(i))
        && 2 * count >= (0..units.len()).filter(|i| are_numbers(*i)).count()
}
