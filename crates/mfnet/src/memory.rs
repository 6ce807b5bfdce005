//! Asks for memory before it is needed. An allocation that fails ends a program, so work that needs
//! much memory asks first.

use std::hint::black_box;

/// Predictions keep the outputs of all layers for some samples in about this many bytes.
const OF_PREDICTIONS: usize = 64 << 20;
/// Less is not asked for.
const LITTLE: usize = 1 << 20;

/// Whether the system gives this many bytes now.
pub(crate) fn is_free(bytes: usize) -> bool {
    // without black_box, the compiler may leave the allocation out
    bytes <= LITTLE || black_box(Vec::<u8>::new()).try_reserve_exact(black_box(bytes)).is_ok()
}

/// How many samples to predict at a time: `most`, or fewer if a sample needs many bytes or memory
/// is scarce.
pub(crate) fn samples_at_a_time(bytes_of_sample: usize, most: usize) -> usize {
    let mut samples = (OF_PREDICTIONS / bytes_of_sample.max(1)).clamp(1, most.max(1));
    while samples > 1 && !is_free(samples * bytes_of_sample) {
        samples /= 2;
    }
    samples
}

/// Bytes for people: 54950048 as 55 MB.
pub(crate) fn written(bytes: usize) -> String {
    match bytes as f64 {
        few if few < 1e9 => format!("{:.0} MB", (few / 1e6).ceil()),
        many => format!("{:.1} GB", many / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_is_not_free() {
        assert!(is_free(0) && is_free(1 << 24));
        assert!(!is_free(usize::MAX / 2) && !is_free(usize::MAX));
    }

    #[test]
    fn fewer_samples_if_each_needs_much() {
        assert_eq!(samples_at_a_time(0, 1024), 1024);
        assert_eq!(samples_at_a_time(8192 * 8, 1024), 1024);
        assert_eq!(samples_at_a_time(16 * 8192 * 8, 1024), 64);
        assert_eq!(samples_at_a_time(usize::MAX, 1024), 1);
        assert_eq!(samples_at_a_time(8, 0), 1);
    }

    #[test]
    fn bytes_in_words() {
        assert_eq!(written(54_950_048), "55 MB");
        assert_eq!(written(1_250_000_000), "1.2 GB");
    }
}
