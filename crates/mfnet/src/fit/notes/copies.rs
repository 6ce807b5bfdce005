//! Rows that stand in two parts.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use mfnet_table::ColumnKind;

use super::Note;
use crate::data::{Dataset, Targets};
use crate::fit::plan::Plan;
use crate::text::{counted, grouped};

/// From this fraction of the test rows on, copies make a score doubtful.
pub(crate) const MANY: f64 = 0.1;

/// The number of test rows that are equal to a training row in features and target, and a note if
/// test or validation rows are.
pub(super) fn notes(plan: &Plan) -> (usize, Option<Note>) {
    let [(_, train), (_, validation), (_, test)] = plan.named_parts();
    // pictures of published data sets are known
    // with a split by time, equal rows are those of different times
    if plan.recipe().time.is_some() || train.holds_bytes() || validation.samples() + test.samples() == 0 {
        return (0, None);
    }
    let known: HashSet<u64> = keys(train).into_iter().collect();
    let copies = |part: &Dataset| keys(part).iter().filter(|key| known.contains(key)).count();
    let of_parts = [("test", test, copies(test)), ("validation", validation, copies(validation))];
    let in_test = of_parts[0].2;
    let said: Vec<String> = of_parts
        .iter()
        .filter(|(.., copies)| *copies > 0)
        .map(|(name, part, copies)| {
            format!("{} of {}", grouped(*copies), counted(part.samples(), &format!("{name} row")))
        })
        .collect();
    if said.is_empty() {
        return (0, None);
    }
    let advice = match &plan.task.recipe.test_file {
        Some(file) if in_test > 0 => format!("if they are copies, remove them from {file}"),
        _ => "if they are copies, remove them, or keep them in one part with `group`".to_owned(),
    };
    let are = if said.len() == 1 && of_parts.iter().map(|part| part.2).sum::<usize>() == 1 { "is" } else { "are" };
    let text =
        format!("{} {are} equal to training rows in every feature and in the target; {advice}", said.join(" and "));
    (in_test, Some(if is_many(in_test, test.samples()) { Note::of_doubt(text) } else { Note::new(text) }))
}

/// Whether so many copies among the test rows make a score doubtful.
pub(in crate::fit) fn is_many(copies: usize, rows: usize) -> bool {
    copies > 0 && copies as f64 >= MANY * rows as f64
}

/// A number for each row that is equal for equal rows, and differs for others but for one chance in
/// 2⁶⁴.
fn keys(data: &Dataset) -> Vec<u64> {
    let mut keys = vec![0; data.samples()];
    let features = data.stored_inputs();
    for (i, kind) in features.kinds.iter().enumerate() {
        // other files have other numbers for the same level
        let levels: Vec<u64> =
            if let ColumnKind::Category { levels } = kind { levels.iter().map(of_text).collect() } else { Vec::new() };
        let of = |x: f64| if x.is_nan() { None } else { levels.get(x as usize).copied().or(Some(of_number(x))) };
        keys.iter_mut().zip(features.samples.feature(i)).for_each(|(key, x)| add(key, of(x).unwrap_or(u64::MAX)));
    }
    match data.targets() {
        Targets::Classes { labels, indices, .. } => {
            let labels: Vec<u64> = labels.iter().map(of_text).collect();
            keys.iter_mut().zip(indices).for_each(|(key, class)| add(key, labels[*class]));
        }
        Targets::Labels { truth: values, .. } | Targets::Values { values, .. } => {
            for i in 0..values.features() {
                keys.iter_mut().zip(values.feature(i)).for_each(|(key, y)| add(key, of_number(y)));
            }
        }
    }
    keys
}

fn of_text(text: &String) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// −0 counts as 0.
fn of_number(x: f64) -> u64 {
    (x + 0.0).to_bits()
}

/// Mixes a number into a key, with the mixer of SplitMix64 (Steele, Lea, Flood 2014).
fn add(key: &mut u64, number: u64) {
    let mut z = key.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ number;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    *key = z ^ (z >> 31);
}
