//! A curve in one line of text.

/// Blocks from low to high.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Shown instead of numbers that are not finite.
const NOTHING: char = '·';

/// Draws numbers as blocks, the lowest as ▁ and the highest as █; on a logarithmic scale if all are
/// positive. If there are more numbers than `width`, each block is a mean of neighbours.
pub fn sparkline(numbers: &[f64], width: usize) -> String {
    let count = numbers.len().min(width);
    let part = |k: usize| &numbers[k * numbers.len() / count..(k + 1) * numbers.len() / count];
    let means: Vec<Option<f64>> = (0..count).map(|k| mean(part(k))).collect();
    let finite = || means.iter().flatten().copied();
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let scale = |x: f64| if low > 0.0 { x.ln() } else { x };
    let (low, high) = (scale(low), scale(high));
    let block = |x: f64| match high - low {
        0.0 => BLOCKS[BLOCKS.len() / 2 - 1],
        range => {
            BLOCKS[(((scale(x) - low) / range * (BLOCKS.len() - 1) as f64).round() as usize).min(BLOCKS.len() - 1)]
        }
    };
    means.iter().map(|mean| mean.map_or(NOTHING, block)).collect()
}

/// The mean of the finite numbers.
fn mean(numbers: &[f64]) -> Option<f64> {
    let finite = || numbers.iter().filter(|x| x.is_finite());
    let count = finite().count();
    (count > 0).then(|| finite().map(|x| x / count as f64).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_numbers_are_a_block_each() {
        assert_eq!(sparkline(&[], 10), "");
        assert_eq!(sparkline(&[2.3], 10), "▄");
        assert_eq!(sparkline(&[1.0, 1.0, 1.0], 10), "▄▄▄");
        assert_eq!(sparkline(&[2.0, 1.0], 10), "█▁");
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 8), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[1.0, 2.0], 0), "");
    }

    #[test]
    fn what_is_above_0_by_its_logarithm() {
        let powers: Vec<f64> = (0..8).map(|i| 10.0_f64.powi(-i)).collect();
        assert_eq!(sparkline(&powers, 8), "█▇▆▅▄▃▂▁");
        // 0 has no logarithm
        assert_eq!(sparkline(&[1.0, 0.1, 0.0], 8), "█▂▁");
        assert_eq!(sparkline(&[f64::MAX, 1.0, f64::MIN_POSITIVE], 8), "█▄▁");
    }

    #[test]
    fn many_numbers_are_merged() {
        let of = |count: usize, width| {
            let falling: Vec<f64> = (1..=count).map(|i| 1.0 / i as f64).collect();
            sparkline(&falling, width)
        };
        for (count, width) in [(2, 1), (3, 2), (9, 8), (100, 30), (100_000, 40)] {
            let line: Vec<char> = of(count, width).chars().collect();
            assert_eq!(line.len(), width, "{count} in {width}");
            assert!(line.is_sorted_by(|a, b| a >= b), "{line:?}");
            if width > 1 {
                assert_eq!((line[0], line[width - 1]), ('█', '▁'), "{count} in {width}");
            }
        }
        assert_eq!(sparkline(&[1.0, 3.0, 0.0, 0.0], 2), "█▁");
    }

    #[test]
    fn what_is_not_finite_is_left_out() {
        assert_eq!(sparkline(&[2.0, f64::NAN, 1.0], 10), "█·▁");
        assert_eq!(sparkline(&[f64::INFINITY, f64::NEG_INFINITY], 10), "··");
        assert_eq!(sparkline(&[2.0, f64::INFINITY, 1.0, f64::NAN], 2), "█▁");
        assert_eq!(sparkline(&[f64::MAX, f64::MAX, -f64::MAX], 10).chars().count(), 3);
    }
}
