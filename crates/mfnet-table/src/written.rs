//! How a text writes a number: which separators it has, and what they can mean.

use crate::calendar::is_date;

/// Minus signs other than the hyphen: U+2212, and the dash of spreadsheets that replace it.
const MINUS: [char; 2] = ['\u{2212}', '\u{2013}'];
/// What separates thousands besides the comma and the point: apostrophes and blanks.
const OTHER_GROUPS: [char; 6] = ['\'', '\u{2019}', ' ', '\u{a0}', '\u{202f}', '\u{2009}'];
/// Currencies before or after an amount, besides their symbols.
const CURRENCIES: &str = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF INR JPY KRW MXN NOK NZD PLN RMB RUB Rs Rs. R$ SEK SGD \
                          TRY US$ USD ZAR kr Fr. zł";
const CURRENCY_SYMBOLS: &str = "$€£¥₹₩₽₺₪฿¢";
/// The most characters of a unit.
const LONGEST_UNIT: usize = 8;
/// Characters of units besides letters.
const UNIT_CHARACTERS: &str = "%‰°²³µ/·^\"'″′";

/// The separators in a number, and the readings that they allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// A whole number of up to three digits.
    Small,
    /// A whole number of more digits.
    Large,
    /// With an exponent, or infinite: it says nothing about separators.
    Other,
    /// 12.5: the point can only be a decimal point.
    Point,
    /// 12,5: the comma can only be a decimal comma.
    Comma,
    /// 1.234: a decimal point, or a point between thousands.
    EitherPoint,
    /// 1,234: a decimal comma, or a comma between thousands.
    EitherComma,
    /// 1.234.567 or 1.234,5: points between thousands.
    PointGroups,
    /// 1,234,567 or 1,234.5: commas between thousands.
    CommaGroups,
}

/// Whole numbers of so many digits are exact as `f64`.
const EXACT_DIGITS: usize = 15;
/// The powers of ten with exponents below this.
const POWERS: [f64; EXACT_DIGITS] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14];

/// The number of kinds.
const KINDS: usize = Written::CommaGroups as usize + 1;

/// How many numbers are written in each way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally([usize; KINDS]);

impl Tally {
    #[inline]
    pub(crate) fn add(&mut self, written: Written) {
        self.0[written as usize] += 1;
    }

    pub(crate) fn all(&self) -> usize {
        self.0.iter().sum()
    }

    pub(crate) fn of(&self, written: Written) -> usize {
        self.0[written as usize]
    }

    /// Number of numbers whose separators allow only a decimal point, and only a decimal comma.
    pub(crate) fn certain(&self) -> [usize; 2] {
        [
            self.of(Written::Point) + self.of(Written::CommaGroups),
            self.of(Written::Comma) + self.of(Written::PointGroups),
        ]
    }

    /// Whether some numbers can be read in two ways.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.of(Written::EitherPoint) + self.of(Written::EitherComma) > 0
    }
}

/// How a text writes a number, and the number; of two readings the one with decimals. `None` if the
/// text is no number, or NaN.
#[inline]
pub(crate) fn written(text: &str) -> Option<(Written, f64)> {
    if let Some(number) = plain(text.as_bytes()) {
        return Some(number);
    }
    match fast_float2::parse::<f64, _>(text) {
        Ok(x) if x.is_nan() => None,
        Ok(x) if text.contains('.') => Some((Written::Point, x)),
        Ok(x) if text.trim_start_matches(['-', '+']).bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((Written::Large, x))
        }
        Ok(x) => Some((Written::Other, x)),
        Err(_) => with_separators(text),
    }
}

/// A number of digits and at most one point, if `f64` holds these digits as a whole number. Dividing
/// it by a power of ten up to 10²² then rounds as parsing does: Clinger, "How to read floating point
/// numbers accurately" (1990).
#[inline]
fn plain(text: &[u8]) -> Option<(Written, f64)> {
    let (is_negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (mut whole, mut point) = (0_u64, None);
    if digits.len() > EXACT_DIGITS || matches!(digits, [] | [b'.']) {
        return None;
    }
    for (i, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => whole = 10 * whole + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(i),
            _ => return None,
        }
    }
    let (written, x) = match point {
        None if digits.len() <= 3 => (Written::Small, whole as f64),
        None => (Written::Large, whole as f64),
        Some(point) => {
            let decimals = digits.len() - point - 1;
            let either = decimals == 3 && matches!(point, 1..=3) && digits[0] != b'0';
            let written = if either { Written::EitherPoint } else { Written::Point };
            (written, whole as f64 / POWERS[decimals])
        }
    };
    Some((written, if is_negative { -x } else { x }))
}

/// Whether a text is a number, with or without a unit.
pub(crate) fn is_number_like(text: &str) -> bool {
    written(text).is_some() || Unit::of(text).is_some_and(|unit| unit.written(text).is_some())
}

/// How a number with commas, groups, or another minus is written.
fn with_separators(text: &str) -> Option<(Written, f64)> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(rest) = unsigned.strip_prefix(MINUS) {
        // one minus, so that a field of many is not read level by level
        if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return None;
        }
        let (written, x) = written(rest)?;
        return Some((written, -x));
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == ',') {
        return None;
    }
    if let Some(x) = grouped(text, ',', '.') {
        let either = text.matches(',').count() == 1 && !text.contains('.');
        return Some(if either { (Written::EitherComma, x / 1000.0) } else { (Written::CommaGroups, x) });
    }
    if let Some(x) = decimal(text) {
        return Some((Written::Comma, x));
    }
    if let Some(x) = grouped(text, '.', ',') {
        return Some((Written::PointGroups, x));
    }
    // apostrophes and blanks are never decimal signs
    let group = unsigned.chars().find(|c| OTHER_GROUPS.contains(c))?;
    let (x, decimals) = match grouped(text, group, '.') {
        Some(x) => (x, text.contains('.').then_some(Written::Point)),
        None => (grouped(text, group, ',')?, text.contains(',').then_some(Written::Comma)),
    };
    Some((decimals.unwrap_or(Written::Other), x))
}

/// The shortest text that reads as the same number.
pub fn shortest(x: f64) -> String {
    let text = format!("{x:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Parses 3,14 as a number.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    if text.contains('.') || !text.contains(',') {
        return None;
    }
    text.replacen(',', ".", 1).parse().ok()
}

/// The number in a text of at least two groups, with or without decimals. Each group except the
/// first has three digits.
pub(crate) fn grouped(text: &str, group: char, point: char) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, decimals) = unsigned.split_once(point).unwrap_or((unsigned, ""));
    let (first, others) = whole.split_once(group)?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = matches!(first.len(), 1..=3)
        && !first.starts_with('0')
        && are_digits(first)
        && others.split(group).all(|digits| digits.len() == 3 && are_digits(digits))
        && are_digits(decimals);
    if !is_number {
        return None;
    }
    text.replace(group, "").replacen(point, ".", 1).parse().ok()
}

/// What stands before and after the numbers of a column: a currency, percent, a unit. It includes
/// blanks.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unit {
    /// What stands before each number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// What stands after each number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// Whether negative numbers are in parentheses.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parentheses: bool,
}

impl Unit {
    /// The unit of an amount such as $4,508, 28.8% or 12 kg; `None` without a number, or if what is
    /// beside it is no unit.
    pub(crate) fn of(text: &str) -> Option<Self> {
        if is_date(text) {
            return None;
        }
        let (inner, parentheses) = without_parentheses(text);
        let inner = inner.strip_prefix(['-', '+']).or_else(|| inner.strip_prefix(MINUS)).unwrap_or(inner);
        let first = inner.find(|c: char| c.is_ascii_digit())?;
        // −5 after a currency and .5 are numbers
        let before = inner[..first].trim_end_matches(['-', '+', '.', ',']).trim_end_matches(MINUS);
        let in_number = |c: char| c.is_ascii_digit() || ".,".contains(c) || OTHER_GROUPS.contains(&c);
        let rest = &inner[first..];
        let end = rest.find(|c| !in_number(c)).unwrap_or(rest.len());
        let number = rest[..end].trim_end_matches(|c: char| !c.is_ascii_digit());
        let after = &rest[number.len()..];
        // 3. is a number
        let after = if before.is_empty() { after.strip_prefix('.').unwrap_or(after) } else { after };
        let is_unit = is_before(before.trim()) && is_after(after.trim()) && !(before.is_empty() && after.is_empty());
        let is_alone = before.is_empty() && after.is_empty();
        if !(is_unit || parentheses && is_alone) {
            return None;
        }
        Some(Unit { before: before.to_owned(), after: after.to_owned(), parentheses })
    }

    /// How an amount with this unit writes its number. A number alone has no unit: it is read only
    /// if the unit is nothing but parentheses.
    pub(crate) fn written(&self, text: &str) -> Option<(Written, f64)> {
        let (inner, negative) = if self.parentheses { without_parentheses(text) } else { (text, false) };
        let signed = |minus: bool, number: &str| {
            let (written, x) = written(number.trim())?;
            Some((written, if minus != negative { -x } else { x }))
        };
        let minus = inner.starts_with('-') || inner.starts_with(MINUS);
        let unsigned = if minus { inner.trim_start_matches('-').trim_start_matches(MINUS) } else { inner };
        let (before, after) = (self.before.trim(), self.after.trim());
        if before.is_empty() && after.is_empty() {
            return signed(false, inner);
        }
        let number = unsigned.trim_start().strip_prefix(before)?.strip_suffix(after)?;
        signed(minus, number)
    }

    /// Whether both are the same, except for blanks and parentheses.
    pub(crate) fn is_same(&self, other: &Unit) -> bool {
        let both = |unit: &Unit| [unit.before.trim().to_owned(), unit.after.trim().to_owned()];
        both(self) == both(other)
    }

    /// The amount as a message shows it: $1.
    pub(crate) fn example(&self, number: &str) -> String {
        format!("{}{number}{}", self.before, self.after)
    }
}

/// (1,234) is −1,234 for accountants.
fn without_parentheses(text: &str) -> (&str, bool) {
    match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        Some(inner) => (inner.trim(), true),
        None => (text, false),
    }
}

fn is_before(text: &str) -> bool {
    text.is_empty() || is_currency(text)
}

fn is_after(text: &str) -> bool {
    let is_unit = |c: char| c.is_alphabetic() || UNIT_CHARACTERS.contains(c);
    text.is_empty()
        || is_currency(text)
        || (text.chars().count() <= LONGEST_UNIT
            && text.chars().enumerate().all(|(i, c)| is_unit(c) || (i > 0 && c.is_ascii_digit())))
}

fn is_currency(text: &str) -> bool {
    CURRENCIES.split(' ').any(|currency| currency == text)
        || (text.chars().count() == 1 && CURRENCY_SYMBOLS.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each text says about separators, from the meaning of the kinds.
    #[test]
    fn numbers_say_how_they_are_written() {
        for (texts, expected) in [
            ("0 7 123 -12 +5", Written::Small),
            ("1234 0123 -100000 12345678901234567890", Written::Large),
            ("1e5 -2E-3 inf -infinity", Written::Other),
            ("0.123 .123 1. 12.5 1234.567 -0.5 1.234e5 0.12345678901234567 12345678901234.567", Written::Point),
            ("1.234 -12.345 +123.000", Written::EitherPoint),
        ] {
            for text in texts.split(' ') {
                assert_eq!(written(text).map(|(written, _)| written), Some(expected), "{text}");
            }
        }
    }

    /// Digits with a point anywhere read as parsing reads them, to the bit.
    #[test]
    fn plain_numbers_are_those_of_parsing() {
        let (mut state, mut some) = (1_u64, 0);
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for _ in 0..100_000 {
            let digits = next() % 16;
            let mut text: String = (0..digits).map(|_| char::from(b'0' + (next() % 10) as u8)).collect();
            if next() % 4 > 0 {
                text.insert((next() % (digits + 1)) as usize, '.');
            }
            text.insert_str(0, ["", "", "-", "+", "0", "e", "."][(next() % 7) as usize]);
            if let Some((_, x)) = plain(text.as_bytes()) {
                some += 1;
                assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(x.to_bits()), "{text}");
            }
        }
        assert!(some > 50_000);
        for text in ["", ".", "-", "+.", "1..2", "1e5", "inf", "1234567890123456", "0x10"] {
            assert_eq!(plain(text.as_bytes()), None, "{text}");
        }
    }
}
