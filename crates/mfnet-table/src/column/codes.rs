/// The place of each row's text: in a byte as long as there are so few texts.
#[derive(Clone, Debug)]
pub(crate) enum Codes {
    Bytes(Vec<u8>),
    Words(Vec<u32>),
}

impl Codes {
    /// The place of a further row's text.
    pub(super) fn push(&mut self, place: usize) {
        match (&mut *self, u8::try_from(place)) {
            (Codes::Bytes(bytes), Ok(place)) => bytes.push(place),
            // a table with 2³² distinct texts does not fit into memory
            (Codes::Words(words), _) => words.push(u32::try_from(place).unwrap_or(u32::MAX)),
            (Codes::Bytes(bytes), Err(_)) => {
                *self = Codes::Words(bytes.iter().map(|place| u32::from(*place)).collect());
                self.push(place);
            }
        }
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        match self {
            Codes::Bytes(bytes) => bytes.truncate(rows),
            Codes::Words(words) => words.truncate(rows),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Codes::Bytes(bytes) => bytes.len(),
            Codes::Words(words) => words.len(),
        }
    }

    #[inline]
    pub(super) fn of(&self, row: usize) -> usize {
        match self {
            Codes::Bytes(bytes) => bytes[row].into(),
            Codes::Words(words) => words[row] as usize,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).map(|row| self.of(row))
    }
}
