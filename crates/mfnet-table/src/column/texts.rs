use std::collections::HashMap;
use std::ops::Deref;

use foldhash::fast::RandomState;
use indexmap::IndexSet;

/// Texts of up to so many bytes are found by their bytes as one number.
const SHORT: usize = 7;

/// Distinct texts in the order of appearance. A text is found by its hash; a short one, as most
/// categories have, without a look at other memory than that of the hash table.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    texts: IndexSet<Box<str>, RandomState>,
    short: HashMap<u64, u32, RandomState>,
}

impl Texts {
    /// The place of a text, which is added unless it is there.
    pub(super) fn place(&mut self, text: &str) -> usize {
        let key = key(text);
        if let Some(place) = key.and_then(|key| self.short.get(&key)) {
            return *place as usize;
        }
        let place = self.texts.get_index_of(text).unwrap_or_else(|| self.texts.insert_full(text.into()).0);
        if let (Some(key), Ok(place)) = (key, u32::try_from(place)) {
            self.short.insert(key, place);
        }
        place
    }
}

impl Deref for Texts {
    type Target = IndexSet<Box<str>, RandomState>;

    fn deref(&self) -> &Self::Target {
        &self.texts
    }
}

/// The bytes of a short text as a number, below its length.
#[inline]
fn key(text: &str) -> Option<u64> {
    let length = text.len() as u64;
    (text.len() <= SHORT).then(|| text.bytes().fold(length, |key, byte| key << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_place() {
        let all = ["", "\0", "\0\0", "a", "0", "00", "1234567", "12345678", "1234567\0", "ßßß", "ßßßß"];
        let mut texts = Texts::default();
        for _ in 0..2 {
            let places: Vec<usize> = all.iter().map(|text| texts.place(text)).collect();
            assert_eq!(places, (0..all.len()).collect::<Vec<_>>());
        }
        assert!(texts.iter().map(|text| &**text).eq(all));
    }
}
