//! Archives whose arrays are the parts of a split: `x_train`, `y_train`, `x_test`, `y_test`.

use super::Array;
use crate::error::FileProblem;
use crate::found::RowPart;

/// The words for the parts.
const WORDS: [(&str, RowPart); 8] = [
    ("train", RowPart::Train),
    ("training", RowPart::Train),
    ("validation", RowPart::Validation),
    ("valid", RowPart::Validation),
    ("val", RowPart::Validation),
    ("dev", RowPart::Validation),
    ("test", RowPart::Test),
    ("testing", RowPart::Test),
];

/// The arrays of each name, one part after another, and the part of each row. Other arrays stay as
/// they are, without parts.
pub(super) fn joined(arrays: Vec<Array>) -> Result<(Vec<Array>, Vec<RowPart>), FileProblem> {
    let named: Vec<Option<(String, RowPart)>> = arrays.iter().map(|array| part_of(&array.of)).collect();
    let has = |part: RowPart| named.iter().flatten().any(|(_, other)| *other == part);
    if !(has(RowPart::Train) && has(RowPart::Test)) || named.iter().flatten().count() < 2 {
        return Ok((arrays, Vec::new()));
    }
    let mut names: Vec<String> = Vec::new();
    for (name, _) in named.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let (mut of_parts, mut joined) = (Vec::new(), Vec::new());
    for (array, name) in arrays.into_iter().zip(named) {
        match name {
            Some((name, part)) => of_parts.push((name, part, array)),
            None => joined.push(array),
        }
    }
    let mut rows = Vec::new();
    for part in [RowPart::Train, RowPart::Validation, RowPart::Test] {
        let of_part = || of_parts.iter().filter(|(_, other, _)| *other == part);
        let Some((_, _, first)) = of_part().next() else { continue };
        if let Some((_, _, other)) = of_part().find(|(_, _, array)| array.rows() != first.rows()) {
            let of = |array: &Array| format!("{} in {:?}", array.rows(), array.of);
            let found = format!("arrays with different numbers of rows: {}, {}", of(first), of(other));
            return Err(FileProblem::Unsupported(found));
        }
        let count = |name: &String| of_part().filter(|(other, ..)| other == name).count();
        if let Some(name) = names.iter().find(|name| count(name) != 1) {
            let found =
                format!("a split in which {name:?} is not in each part once (not in the part of {:?})", first.of);
            return Err(FileProblem::Unsupported(found));
        }
        rows.extend(std::iter::repeat_n(part, first.rows()));
    }
    of_parts.sort_by_key(|(_, part, _)| *part as usize);
    let mut whole: Vec<Array> = Vec::new();
    for name in names {
        let mut same = of_parts.iter().filter(|(other, ..)| *other == name).map(|(_, _, array)| array);
        let Some(first) = same.next() else { continue };
        let mut columns = first.columns.clone();
        for more in same {
            let equal = columns.iter().map(|(name, _)| name).eq(more.columns.iter().map(|(name, _)| name));
            if !equal {
                let [of, other] = [first, more].map(|array| format!("{} in {:?}", array.columns.len(), array.of));
                return Err(FileProblem::Unsupported(format!(
                    "parts of a split with different columns: {of}, {other}"
                )));
            }
            columns.iter_mut().zip(&more.columns).for_each(|((_, to), (_, from))| to.append(from));
        }
        whole.push(Array { of: name, columns, structured: first.structured });
    }
    joined.splice(0..0, whole);
    Ok((joined, rows))
}

/// The name without the word for a part, and the part: `x` and training for `x_train`, `X_train`
/// keeps its case, `train_images` is `images`.
fn part_of(name: &str) -> Option<(String, RowPart)> {
    let lower = name.to_ascii_lowercase();
    let separator = |character: char| "_-. ".contains(character);
    // longer words first
    let words = || WORDS.iter().rev().chain(&WORDS).filter(|(word, _)| lower.len() > word.len());
    let by_separator = words().find_map(|(word, part)| {
        let end = lower.strip_suffix(word).filter(|rest| rest.ends_with(separator)).map(|rest| &name[..rest.len() - 1]);
        let start = lower.strip_prefix(word).filter(|rest| rest.starts_with(separator));
        let start = start.map(|rest| &name[name.len() - rest.len() + 1..]);
        end.or(start).filter(|rest| !rest.is_empty()).map(|rest| (rest.to_owned(), *part))
    });
    // Xtrain, ytest
    let close = || words().find(|(word, _)| lower.len() == word.len() + 1 && lower.ends_with(word));
    by_separator.or_else(|| close().map(|(_, part)| (name[..1].to_owned(), *part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts() {
        for (name, expected) in [
            ("x_train", Some(("x", RowPart::Train))),
            ("X_test", Some(("X", RowPart::Test))),
            ("train_images", Some(("images", RowPart::Train))),
            ("val-labels", Some(("labels", RowPart::Validation))),
            ("y.valid", Some(("y", RowPart::Validation))),
            ("Xtrain", Some(("X", RowPart::Train))),
            ("target_validation", Some(("target", RowPart::Validation))),
            ("train", None),
            ("contest", None),
            ("interval", None),
            ("x", None),
            ("é_train", Some(("é", RowPart::Train))),
            ("étest", None),
        ] {
            assert_eq!(part_of(name), expected.map(|(name, part)| (name.to_owned(), part)), "{name}");
        }
    }
}
