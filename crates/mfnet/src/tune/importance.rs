/// A setting of some trials: the coordinate of each, and the number of choices, if it has choices.
pub(super) struct Setting {
    pub(super) coordinates: Vec<f64>,
    pub(super) choices: Option<usize>,
}

/// How much each setting explains of the scores: ε², the share of the variance of the scores' ranks that
/// lies between groups of trials with similar values. Of this share, the part that chance alone would give
/// is subtracted. The setting that explains most comes first, and explains what it can; the next one is the
/// setting that explains most of the rest.
///
/// ```text
/// ε² = (B − (k − 1) W/(n − k)) / V        B, W: sums of squares between and within k groups; V: all
/// ```
///
/// Groups are the choices, or thirds of the trials by the value. After each setting, the means of its groups
/// are subtracted: a search prefers good values of all settings at once, so without this every setting would
/// seem to matter. Source of ε²: Kelley 1935, "An unbiased correlation ratio measure".
pub(super) fn importances(settings: &[Setting], scores: &[f64]) -> Vec<(usize, f64)> {
    let mut rest = ranks(scores);
    let all = squares(&rest, mean(&rest));
    let mut left: Vec<usize> = (0..settings.len()).collect();
    let mut found = Vec::new();
    while let Some((at, share)) = left
        .iter()
        .map(|setting| share(&groups(&settings[*setting]), &rest, all))
        .enumerate()
        .reduce(|best, other| if other.1 > best.1 { other } else { best })
    {
        let setting = left.remove(at);
        if share > 0.0 {
            for group in groups(&settings[setting]) {
                let mean = mean(&of(&group, &rest));
                group.iter().for_each(|trial| rest[*trial] -= mean);
            }
        }
        found.push((setting, share));
    }
    found
}

/// ε² of groups of trials.
fn share(groups: &[Vec<usize>], ranks: &[f64], all: f64) -> f64 {
    let within: f64 = groups.iter().map(|group| of(group, ranks)).map(|of| squares(&of, mean(&of))).sum();
    let between = squares(ranks, mean(ranks)) - within;
    let (n, k) = (ranks.len() as f64, groups.len() as f64);
    if n <= k || all == 0.0 { 0.0 } else { ((between - (k - 1.0) * within / (n - k)) / all).max(0.0) }
}

/// The trials of each group; none is empty.
fn groups(setting: &Setting) -> Vec<Vec<usize>> {
    let places = ranks(&setting.coordinates);
    let mut groups = vec![Vec::new(); setting.choices.unwrap_or(3)];
    for (trial, u) in setting.coordinates.iter().enumerate() {
        let group = match setting.choices {
            Some(count) => ((u * count as f64) as usize).min(count - 1),
            None => (places[trial] * 3.0 / places.len() as f64) as usize,
        };
        groups[group].push(trial);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn of(group: &[usize], numbers: &[f64]) -> Vec<f64> {
    group.iter().map(|trial| numbers[*trial]).collect()
}

fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len() as f64
}

fn squares(of: &[f64], around: f64) -> f64 {
    of.iter().map(|x| (x - around) * (x - around)).sum()
}

/// The rank of each number, from 0; equal numbers have the mean of their ranks.
fn ranks(numbers: &[f64]) -> Vec<f64> {
    let rank = |x: &f64| {
        let (below, equal) = numbers.iter().fold((0, 0), |(below, equal), other| match other.total_cmp(x) {
            std::cmp::Ordering::Less => (below + 1, equal),
            std::cmp::Ordering::Equal => (below, equal + 1),
            std::cmp::Ordering::Greater => (below, equal),
        });
        f64::from(below) + (f64::from(equal) - 1.0) / 2.0
    };
    numbers.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(coordinates: Vec<f64>) -> Setting {
        Setting { coordinates, choices: None }
    }

    /// Computed by hand. First setting: ranks 0, 1 | 2, 3 | 4, 5: B = 16, W = 1.5; 16 − 2 · 1.5/3 = 15 of 17.5.
    /// Second: ranks 0, 2, 4 | 1, 3, 5: B = 1.5, W = 16, less than chance; but of what the first one leaves,
    /// −½, ½, −½, ½, −½, ½, it explains all 1.5.
    #[test]
    fn by_hand() {
        let scores: Vec<f64> = (0..6).map(|i| f64::from(i * i)).collect();
        let second = || Setting { coordinates: [0.2, 0.7].repeat(3), choices: Some(2) };
        let found = importances(&[second(), range((0..6).map(|i| f64::from(i) / 6.0).collect())], &scores);
        assert_eq!([found[0].0, found[1].0], [1, 0]);
        assert!((found[0].1 - 15.0 / 17.5).abs() < 1e-12 && (found[1].1 - 1.5 / 17.5).abs() < 1e-12, "{found:?}");
        assert_eq!(importances(&[second()], &scores), [(0, 0.0)]);
    }

    #[test]
    fn few_trials_explain_nothing() {
        for scores in [vec![], vec![1.0], vec![1.0, 2.0], vec![1.0; 9]] {
            let settings = [range(scores.iter().map(|score| score / 9.0).collect()), range(vec![0.5; scores.len()])];
            assert_eq!(importances(&settings, &scores), [(0, 0.0), (1, 0.0)]);
        }
    }

    #[test]
    fn equal_numbers_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, f64::INFINITY]), [1.5, 0.0, 1.5, 3.0]);
    }
}
