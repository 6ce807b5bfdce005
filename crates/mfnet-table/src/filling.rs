//! A column while a reader of a binary format fills it.

use crate::column::Column;
use crate::field::shortest;
use crate::number_format::NumberFormat;

/// Whole numbers up to here are exact as `f64`.
const EXACT: i128 = 1 << 53;

/// Numbers, until there is a text.
#[derive(Default)]
pub(crate) struct Filling {
    numbers: Vec<f64>,
    texts: Option<Column>,
}

impl Filling {
    pub(crate) fn missing(&mut self) {
        self.number(f64::NAN);
    }

    /// NaN is a missing number.
    pub(crate) fn number(&mut self, x: f64) {
        match &mut self.texts {
            None => self.numbers.push(x),
            Some(texts) if x.is_nan() => texts.push(""),
            Some(texts) => texts.push(&shortest(x)),
        }
    }

    /// A whole number; one that `f64` would round is kept as text with all its digits, and so are then the others of its column.
    pub(crate) fn whole(&mut self, x: i128) {
        match &mut self.texts {
            None if x.abs() <= EXACT => self.numbers.push(x as f64),
            _ => self.text(&x.to_string()),
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        let numbers = &mut self.numbers;
        let texts = self.texts.get_or_insert_with(|| {
            let mut texts = Column::new(NumberFormat::default(), true);
            let text = |x: f64| if x.is_nan() { String::new() } else { shortest(x) };
            std::mem::take(numbers).into_iter().for_each(|x| texts.push(&text(x)));
            texts
        });
        texts.push(text);
    }

    /// As pandas and NumPy write it.
    pub(crate) fn truth(&mut self, x: bool) {
        self.text(if x { "True" } else { "False" });
    }

    pub(crate) fn column(self) -> Column {
        self.texts.unwrap_or_else(|| Column::of_numbers(self.numbers))
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    #[test]
    fn digits_are_kept() {
        let mut filling = Filling::default();
        filling.whole(7);
        filling.missing();
        filling.whole(EXACT);
        filling.whole(EXACT + 1);
        filling.missing();
        filling.whole(i64::MIN.into());
        let column = filling.column();
        let expected = ["7", "", "9007199254740992", "9007199254740993", "", "-9223372036854775808"];
        assert_eq!(column.texts().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn numbers_of_16_bits() {
        // Source: the examples of IEEE 754's binary16
        for (bits, x) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 2f64.powi(-24)),
            (0x03ff, 2f64.powi(-14) - 2f64.powi(-24)),
            (0x3555, 0.333251953125),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(f64::from(f16::from_bits(bits)), x);
        }
        assert!(f64::from(f16::from_bits(0x7e00)).is_nan());
    }
}
