//! The lines between the names of the columns and the rows: units, a ruler, types.

use crate::field::is_missing;
use crate::written::is_number_like;

/// The most characters of a unit below the name of a column.
const LONGEST_UNIT: usize = 12;
/// How Orange writes the type and the role of a column.
const TYPES: [&str; 8] = ["c", "continuous", "d", "discrete", "s", "string", "t", "time"];
const ROLES: [&str; 9] = ["class", "c", "meta", "m", "i", "ignore", "w", "weight", "multiclass"];

/// What stands between the names and the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// A line of units.
    Units,
    /// A line of dashes.
    Ruler,
    /// Two lines, as Orange writes them: types and roles.
    Types,
}

impl Below {
    /// Number of lines.
    pub(super) fn lines(self) -> usize {
        if self == Below::Types { 2 } else { 1 }
    }

    /// What was skipped, in words.
    pub(super) fn said(self) -> &'static str {
        match self {
            Below::Units => "a line of units skipped",
            Below::Ruler => "a line of dashes skipped",
            Below::Types => "the lines of types and roles skipped",
        }
    }
}

/// What stands between the names in the first line and the rows, if anything.
pub(super) fn below(lines: &[Vec<String>], missing: &[String]) -> Option<Below> {
    let [first, second, rest @ ..] = lines else { return None };
    if rest.is_empty() || second.len() != first.len() || second == first {
        return None;
    }
    match () {
        () if is_ruler(second) => Some(Below::Ruler),
        () if are_types(second, &rest[0]) => Some(Below::Types),
        () if has_units(second, rest, missing) => Some(Below::Units),
        () => None,
    }
}

/// Whether a line is nothing but dashes. One dash may be a missing value.
fn is_ruler(line: &[String]) -> bool {
    let is_of_dashes = |text: &String| text.chars().all(|c| "-=+:|".contains(c));
    line.iter().all(is_of_dashes) && line.iter().any(|text| text.contains("---") || text.contains("==="))
}

/// Whether these lines are the types and roles of Orange: a role at least, and for each column a type
/// or its values, separated by spaces.
fn are_types(types: &[String], roles: &[String]) -> bool {
    let is_role = |text: &String| ROLES.contains(&text.as_str());
    let is_type = |text: &String| TYPES.contains(&text.as_str());
    types.len() == roles.len()
        && roles.iter().all(|role| role.is_empty() || is_role(role) || role.contains('='))
        && roles.iter().any(is_role)
        && types.iter().all(|text| is_type(text) || text.contains(' '))
        && 2 * types.iter().filter(|text| is_type(text)).count() >= types.len()
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
