//! Selects instructions at run time, and compiles loops of the rest of the library for each set.

use std::sync::OnceLock;

/// Instruction sets, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Instructions {
    /// The best set of this processor.
    #[inline]
    pub(super) fn best() -> Self {
        static BEST: OnceLock<Instructions> = OnceLock::new();
        *BEST.get_or_init(|| Self::all().next().unwrap_or(Instructions::Portable))
    }

    /// All sets that this processor can run. `RUSTFLAGS="--cfg mfnet_without_avx512"` leaves out
    /// AVX-512, for measurements.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let all = [
            #[cfg(target_arch = "x86_64")]
            (
                Instructions::Avx512,
                !cfg!(mfnet_without_avx512)
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl"),
            ),
            #[cfg(target_arch = "x86_64")]
            (Instructions::Avx2, is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
            (Instructions::Portable, true),
        ];
        all.into_iter().filter_map(|(instructions, there)| there.then_some(instructions))
    }
}

/// A computation that [`with_vectors`] compiles for the best vectors of this processor.
pub(crate) trait Body {
    type Output;

    /// Must be `#[inline(always)]`, like everything it calls; its loops are vectorised.
    fn run(self) -> Self::Output;
}

/// Runs `body`, compiled for the best vectors of this processor. Gives the same bits as
/// `body.run()`.
#[inline]
pub(crate) fn with_vectors<B: Body>(body: B) -> B::Output {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    fn avx512<B: Body>(body: B) -> B::Output {
        body.run()
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn avx2<B: Body>(body: B) -> B::Output {
        body.run()
    }
    match Instructions::best() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions.
        Instructions::Avx512 => unsafe { avx512(body) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the instructions.
        Instructions::Avx2 => unsafe { avx2(body) },
        Instructions::Portable => body.run(),
    }
}

/// Calls `each` for every item: [`with_vectors`] for one loop. `each` must be a few operations, so
/// that the compiler inlines it.
#[inline]
pub(crate) fn vectorised<I: Iterator>(items: I, each: impl FnMut(I::Item)) {
    struct Loop<I, F>(I, F);
    impl<I: Iterator, F: FnMut(I::Item)> Body for Loop<I, F> {
        type Output = ();
        #[inline(always)]
        fn run(self) {
            self.0.for_each(self.1);
        }
    }
    with_vectors(Loop(items, each));
}
