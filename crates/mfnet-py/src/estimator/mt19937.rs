//! NumPy's `RandomState`, so that a `random_state` gives the batches that scikit-learn makes with it.

const WORDS: usize = 624;
const DISTANCE: usize = 397;

/// The Mersenne twister MT19937. Source: Matsumoto and Nishimura 1998.
pub(super) struct Mt19937 {
    pub(super) key: Vec<u32>,
    pub(super) position: usize,
}

impl Mt19937 {
    /// The generator in this state, of `RandomState.get_state()`; `None` if it is none.
    pub(super) fn new(key: Vec<u32>, position: usize) -> Option<Self> {
        (key.len() == WORDS && position <= WORDS).then_some(Mt19937 { key, position })
    }

    fn renew(&mut self) {
        for i in 0..WORDS {
            let y = (self.key[i] & 0x8000_0000) | (self.key[(i + 1) % WORDS] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.key[i] = self.key[(i + DISTANCE) % WORDS] ^ (y >> 1) ^ odd;
        }
        self.position = 0;
    }

    fn next(&mut self) -> u32 {
        if self.position == WORDS {
            self.renew();
        }
        let mut y = self.key[self.position];
        self.position += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// A number from 0 to `most`, by rejection.
    fn at_most(&mut self, most: usize) -> usize {
        let mask = usize::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let mut drawn = self.next() as usize;
            if most > u32::MAX as usize {
                drawn = (drawn << 32) | self.next() as usize;
            }
            if drawn & mask <= most {
                return drawn & mask;
            }
        }
    }

    /// `RandomState.shuffle`.
    pub(super) fn shuffle<V>(&mut self, values: &mut [V]) {
        for i in (1..values.len()).rev() {
            let j = self.at_most(i);
            values.swap(i, j);
        }
    }
}
