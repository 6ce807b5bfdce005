//! An axis of a plot: maps numbers to positions, and chooses ticks for numbers of any size.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// The approximate number of ticks of an axis.
const TICKS: f64 = 6.0;
/// Larger numbers are drawn at the position of this one, so that differences stay finite.
const LARGEST: f64 = 1e300;
/// Numbers with a smaller relative difference than this are drawn as equal.
const EQUAL: f64 = 1e-9;
/// The margin of an axis, as a fraction of its length.
const MARGIN: f64 = 0.04;
/// An axis may be logarithmic if the ratio of its largest to its smallest number is at least this.
const WIDE: f64 = 10.0;
/// The largest number of powers of ten on a logarithmic axis.
const DECADES: i32 = 12;

/// A linear or logarithmic axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) logarithmic: bool,
    pub(super) ticks: Vec<f64>,
    /// The power of ten of the last digit needed to distinguish ticks.
    last_digit: i32,
}

impl Axis {
    /// An axis for these numbers, with a margin. Numbers that are not finite are ignored.
    pub(super) fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        Self::with_step(numbers, f64::MIN_POSITIVE)
    }

    /// As [`Axis::of`]; if all numbers are whole, so are the ticks.
    pub(super) fn of_whole(numbers: impl IntoIterator<Item = f64> + Clone) -> Self {
        let is_whole = numbers.clone().into_iter().all(|x| x.fract() == 0.0);
        Self::with_step(numbers, if is_whole { 1.0 } else { f64::MIN_POSITIVE })
    }

    fn with_step(numbers: impl IntoIterator<Item = f64>, least_step: f64) -> Self {
        let (low, high) = bounds(numbers);
        let margin = MARGIN * (high - low);
        Self::linear(low - margin, high + margin, least_step)
    }

    /// An axis for percentages, which are between 0 and 100.
    pub(super) fn percent(numbers: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = bounds(numbers);
        Self::of([low.max(0.0), high.min(100.0)])
    }

    /// An axis from 0 to this count.
    pub(super) fn counts(high: usize) -> Self {
        Self::linear(0.0, high.max(1) as f64 * (1.0 + MARGIN), 1.0)
    }

    /// An axis from 1 to this number.
    pub(super) fn numbers(high: usize) -> Self {
        let margin = MARGIN * high as f64;
        Self::linear(1.0 - margin, high as f64 + margin, 1.0)
    }

    /// An axis that is logarithmic if the numbers have very different sizes; zeros are then drawn
    /// at its lower end.
    pub(super) fn logarithmic_if_wide(numbers: impl IntoIterator<Item = f64> + Clone) -> Self {
        let positive = numbers.clone().into_iter().filter(|x| *x > 0.0);
        let (low, high) = bounds(positive);
        if numbers.clone().into_iter().any(|x| x < 0.0) || low <= 0.0 || high / low < WIDE {
            return Self::of(numbers);
        }
        let low = low.max(high * 0.1_f64.powi(DECADES)) / 1.3;
        let high = high * 1.3;
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let steps: &[f64] = if last - first <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = (last - first) / 9 + 1;
        let powers = (first..=last).filter(|power| power % every == 0);
        let ticks = powers.flat_map(|power| steps.iter().map(move |step| step * 10.0_f64.powi(power)));
        let ticks = ticks.filter(|tick| (low..=high).contains(tick)).collect();
        Axis { low, high, logarithmic: true, ticks, last_digit: i32::MIN }
    }

    /// Ticks at 1, 2 or 5 times a power of ten.
    fn linear(low: f64, high: f64, least_step: f64) -> Self {
        let step = ((high - low) / TICKS).max(least_step);
        let power = step.log10().floor() as i32;
        let unit = 10.0_f64.powi(power);
        let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * unit >= step * (1.0 - EQUAL));
        let last_digit = if factor.is_none() { power + 1 } else { power };
        let step = factor.unwrap_or(10.0) * unit;
        let first = (low / step).ceil();
        let ticks = (0..=2 * TICKS as usize).map(|i| (first + i as f64) * step).take_while(|tick| *tick <= high);
        Axis { low, high, logarithmic: false, ticks: ticks.collect(), last_digit }
    }

    /// The position of a number: 0 at the lower end, 1 at the upper end, and never outside.
    fn place(&self, x: f64) -> f64 {
        let Axis { low, high, .. } = *self;
        let place = if self.logarithmic { (x / low).ln() / (high / low).ln() } else { (x - low) / (high - low) };
        // NaN is not drawn, but needs a position
        if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) }
    }

    /// The number of a tick, with enough digits to distinguish it from the next one.
    pub(super) fn label(&self, tick: f64) -> String {
        if tick == 0.0 {
            return "0".to_owned();
        }
        let power = tick.abs().log10().floor() as i32;
        let (last_digit, largest) = match self.logarithmic {
            true => (power, tick.abs()),
            false => (self.last_digit, self.low.abs().max(self.high.abs())),
        };
        let label = match (1e-3..1e6).contains(&largest) {
            true => format!("{tick:.*}", (-last_digit).max(0) as usize),
            false => format!("{tick:.*e}", (power - last_digit).clamp(0, 9) as usize),
        };
        label.replace('-', "−")
    }

    /// The longest label, in characters.
    pub(super) fn label_length(&self) -> usize {
        self.ticks.iter().map(|tick| self.label(*tick).chars().count()).max().unwrap_or(0)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, x: &f64, (from, to): (i32, i32)) -> i32 {
        from + (self.place(*x) * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(_: &f64) -> String {
        String::new()
    }

    fn format_ext(&self, tick: &f64) -> String {
        self.label(*tick)
    }
}

/// The smallest and the largest finite number, moved apart if they are equal.
fn bounds(numbers: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let finite = numbers.into_iter().filter(|x| x.is_finite()).map(|x| x.clamp(-LARGEST, LARGEST));
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    if low > high {
        return (0.0, 1.0);
    }
    let size = low.abs().max(high.abs());
    match size {
        _ if high - low > EQUAL * size => (low, high),
        _ if size < 1.0 / LARGEST => (-1.0, 1.0),
        _ => (low - size / 2.0, high + size / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|tick| axis.label(*tick)).collect()
    }

    #[test]
    fn ticks_have_the_digits_that_tell_them_apart() {
        assert_eq!(labels(&Axis::of([0.0, 100.0])), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(&Axis::of([-0.3, 0.1])), ["−0.3", "−0.2", "−0.1", "0", "0.1"]);
        assert_eq!(labels(&Axis::of([1e9, 4e9])), ["1e9", "2e9", "3e9", "4e9"]);
        assert_eq!(labels(&Axis::of([1e-9, 2e-9])), ["1.0e−9", "1.2e−9", "1.4e−9", "1.6e−9", "1.8e−9", "2.0e−9"]);
        assert_eq!(labels(&Axis::percent([99.5, 99.5])), ["50", "60", "70", "80", "90", "100"]);
        assert_eq!(labels(&Axis::percent([0.0])), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Axis::numbers(3)), ["1", "2", "3"]);
        assert_eq!(labels(&Axis::of_whole([1.0, 3.0])), ["1", "2", "3"]);
        assert_eq!(labels(&Axis::of_whole([1.0, 2.5])), ["1.0", "1.5", "2.0", "2.5"]);
        assert_eq!(labels(&Axis::numbers(1)), ["1"]);
        assert_eq!(labels(&Axis::counts(1)), ["0", "1"]);
        assert_eq!(labels(&Axis::logarithmic_if_wide([0.002, 3.0])), ["0.01", "0.1", "1"]);
        assert_eq!(labels(&Axis::logarithmic_if_wide([1.0, 3.0])), labels(&Axis::of([1.0, 3.0])));
    }

    /// All pairs of numbers that a column or a loss may have.
    #[test]
    fn any_numbers_have_an_axis() {
        let odd =
            [0.0, -0.0, 5e-324, 1e-308, 1e-20, 0.1, 1.0, 1.0 + 1e-15, 1e15, 1e300, f64::MAX, f64::INFINITY, f64::NAN];
        let odd = odd.into_iter().flat_map(|x| [x, -x]);
        for (a, b) in odd.clone().flat_map(|a| odd.clone().map(move |b| (a, b))) {
            for axis in [Axis::of([a, b]), Axis::logarithmic_if_wide([a, b])] {
                assert!(axis.low < axis.high && (axis.high - axis.low).is_finite(), "{a} {b}: {axis:?}");
                assert!(axis.ticks.len() < 20 && axis.label_length() < 20, "{a} {b}: {axis:?}");
                for x in [a, b, axis.low, axis.high] {
                    assert!((10..=90).contains(&axis.map(&x, (90, 10))), "{a} {b}");
                }
            }
        }
        assert!(!Axis::of([]).ticks.is_empty());
    }
}
