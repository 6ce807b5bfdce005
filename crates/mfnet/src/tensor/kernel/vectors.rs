//! A group of rows in registers: plain arrays for any processor, AVX2 and AVX-512.

#[cfg(target_arch = "x86_64")]
use super::GROUP;

/// A group of rows, 64 bytes, in registers.
///
/// # Safety
/// Of every function: the processor has the instructions of the type. What is loaded from or stored
/// to is a whole group, which may be read or written; it need not be aligned.
pub trait Vector: Copy {
    type Element: Copy;
    /// Registers of a group.
    const REGISTERS: usize;

    unsafe fn zero() -> Self;
    unsafe fn splat(x: Self::Element) -> Self;
    /// From memory.
    unsafe fn load(from: *const Self::Element) -> Self;
    /// To memory.
    unsafe fn store(self, to: *mut Self::Element);
    /// self + a b.
    unsafe fn plus(self, a: Self, b: Self) -> Self;
    /// Adds a b to each column's sum of row `row`, for the group a at `from`; one register of a
    /// after the other, so that no more of a is held.
    #[inline(always)]
    unsafe fn plus_each<const ROWS: usize, const COLUMNS: usize>(
        sums: &mut [[Self; ROWS]; COLUMNS],
        row: usize,
        from: *const Self::Element,
        b: [Self; COLUMNS],
    ) {
        for (sum, b) in sums.iter_mut().zip(b) {
            // SAFETY: the caller's.
            sum[row] = unsafe { sum[row].plus(Self::load(from), b) };
        }
    }
    /// 0 where it is below 0.
    unsafe fn relu(self) -> Self;
    /// 0 unless `by` is above 0.
    unsafe fn where_positive(self, by: Self) -> Self;
    /// self − η (g + λ self), each operation rounded.
    unsafe fn descended(self, g: Self, eta: Self, lambda: Self) -> Self;
    /// The sum of all: the upper half added to the lower one, until one is left.
    unsafe fn sum(self) -> Self::Element;
    /// Rows and columns of the square that is transposed at once; 0 without instructions for it.
    const SQUARE: usize = 0;
    /// Transposes a square, whose columns lie so many elements apart.
    unsafe fn transpose(_from: *const Self::Element, _from_step: usize, _to: *mut Self::Element, _to_step: usize) {}
}

/// Plain arrays, which the compiler turns into the vectors of any processor.
macro_rules! portable {
    ($name:ident, $type:ident, $count:expr) => {
        #[derive(Clone, Copy)]
        pub struct $name([$type; $count]);

        impl Vector for $name {
            type Element = $type;
            const REGISTERS: usize = 1;

            #[inline(always)]
            unsafe fn zero() -> Self {
                $name([0.0; $count])
            }
            #[inline(always)]
            unsafe fn splat(x: $type) -> Self {
                $name([x; $count])
            }
            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                // SAFETY: the caller's.
                $name(unsafe { from.cast::<[$type; $count]>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                // SAFETY: the caller's.
                unsafe { to.cast::<[$type; $count]>().write_unaligned(self.0) }
            }
            #[inline(always)]
            unsafe fn plus(mut self, a: Self, b: Self) -> Self {
                for i in 0..$count {
                    // a fused multiply-add without its instruction would be a slow function
                    self.0[i] = if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
                        a.0[i].mul_add(b.0[i], self.0[i])
                    } else {
                        self.0[i] + a.0[i] * b.0[i]
                    };
                }
                self
            }
            #[inline(always)]
            unsafe fn relu(self) -> Self {
                $name(self.0.map(|x| if x < 0.0 { 0.0 } else { x }))
            }
            #[inline(always)]
            unsafe fn where_positive(mut self, by: Self) -> Self {
                for i in 0..$count {
                    self.0[i] = if by.0[i] > 0.0 { self.0[i] } else { 0.0 };
                }
                self
            }
            #[inline(always)]
            unsafe fn descended(mut self, g: Self, eta: Self, lambda: Self) -> Self {
                for i in 0..$count {
                    self.0[i] -= eta.0[i] * (g.0[i] + lambda.0[i] * self.0[i]);
                }
                self
            }
            #[inline(always)]
            unsafe fn sum(mut self) -> $type {
                let mut width = $count;
                while width > 1 {
                    width /= 2;
                    for i in 0..width {
                        self.0[i] += self.0[i + width];
                    }
                }
                self.0[0]
            }
        }
    };
}
portable!(PortableF32, f32, 16);
portable!(PortableF64, f64, 8);

/// `$count` registers as one group of rows.
#[cfg(target_arch = "x86_64")]
macro_rules! registers {
    ($name:ident, $type:ident, $register:ident, $count:expr, $zero:ident, $splat:ident, $load:ident, $store:ident, $fma:ident, $halves:ident, $max:ident, $where_positive:ident, $transpose:ident, [$add:ident, $subtract:ident, $multiply:ident]) => {
        #[derive(Clone, Copy)]
        pub struct $name([$register; $count]);

        impl Vector for $name {
            type Element = $type;
            const REGISTERS: usize = $count;

            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the processor has the instructions, as every caller promises; here and
                // below.
                $name(unsafe { [$zero(); $count] })
            }
            #[inline(always)]
            unsafe fn splat(x: $type) -> Self {
                // SAFETY: as above.
                $name(unsafe { [$splat(x); $count] })
            }
            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                // SAFETY: as above.
                let mut registers = unsafe { [$zero(); $count] };
                for (i, register) in registers.iter_mut().enumerate() {
                    // SAFETY: as above; the caller may read a group.
                    *register = unsafe { $load(from.add(i * GROUP / size_of::<$type>() / $count)) };
                }
                $name(registers)
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                for i in 0..$count {
                    // SAFETY: as above; the caller may write a group.
                    unsafe { $store(to.add(i * GROUP / size_of::<$type>() / $count), self.0[i]) }
                }
            }
            #[inline(always)]
            unsafe fn plus(mut self, a: Self, b: Self) -> Self {
                for i in 0..$count {
                    // SAFETY: as above.
                    self.0[i] = unsafe { $fma(a.0[i], b.0[i], self.0[i]) };
                }
                self
            }
            #[inline(always)]
            unsafe fn plus_each<const ROWS: usize, const COLUMNS: usize>(
                sums: &mut [[Self; ROWS]; COLUMNS],
                row: usize,
                from: *const $type,
                b: [Self; COLUMNS],
            ) {
                for i in 0..$count {
                    // SAFETY: as above; the caller may read a group.
                    let a = unsafe { $load(from.add(i * GROUP / size_of::<$type>() / $count)) };
                    for (sum, b) in sums.iter_mut().zip(b) {
                        // SAFETY: as above.
                        sum[row].0[i] = unsafe { $fma(a, b.0[i], sum[row].0[i]) };
                    }
                }
            }
            #[inline(always)]
            unsafe fn relu(self) -> Self {
                // SAFETY: as above. Of 0 and NaN it is the second, NaN.
                $name(self.0.map(|x| unsafe { $max($zero(), x) }))
            }
            #[inline(always)]
            unsafe fn where_positive(mut self, by: Self) -> Self {
                for (x, by) in self.0.iter_mut().zip(by.0) {
                    // SAFETY: as above.
                    *x = unsafe { $where_positive(*x, by) };
                }
                self
            }
            #[inline(always)]
            unsafe fn descended(mut self, g: Self, eta: Self, lambda: Self) -> Self {
                for (i, w) in self.0.iter_mut().enumerate() {
                    // SAFETY: as above.
                    *w = unsafe { $subtract(*w, $multiply(eta.0[i], $add(g.0[i], $multiply(lambda.0[i], *w)))) };
                }
                self
            }
            #[inline(always)]
            unsafe fn sum(self) -> $type {
                // SAFETY: as above.
                unsafe { $halves(self.0) }
            }

            const SQUARE: usize = GROUP / size_of::<$type>() / $count;

            #[inline(always)]
            unsafe fn transpose(from: *const $type, from_step: usize, to: *mut $type, to_step: usize) {
                // SAFETY: as above; the caller's squares lie there.
                unsafe { $transpose(from, from_step, to, to_step) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::*;

    use super::{GROUP, Vector};

    registers!(
        F32Avx512,
        f32,
        __m512,
        1,
        _mm512_setzero_ps,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        sum_f32_512,
        _mm512_max_ps,
        where_positive_f32_512,
        transpose_f32_512,
        [_mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps]
    );
    registers!(
        F64Avx512,
        f64,
        __m512d,
        1,
        _mm512_setzero_pd,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd,
        sum_f64_512,
        _mm512_max_pd,
        where_positive_f64_512,
        transpose_f64_512,
        [_mm512_add_pd, _mm512_sub_pd, _mm512_mul_pd]
    );
    registers!(
        F32Avx2,
        f32,
        __m256,
        2,
        _mm256_setzero_ps,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        sum_f32_256,
        _mm256_max_ps,
        where_positive_f32_256,
        transpose_f32_256,
        [_mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps]
    );
    registers!(
        F64Avx2,
        f64,
        __m256d,
        2,
        _mm256_setzero_pd,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        sum_f64_256,
        _mm256_max_pd,
        where_positive_f64_256,
        transpose_f64_256,
        [_mm256_add_pd, _mm256_sub_pd, _mm256_mul_pd]
    );

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn where_positive_f32_512(x: __m512, by: __m512) -> __m512 {
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(by, _mm512_setzero_ps()), x)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn where_positive_f64_512(x: __m512d, by: __m512d) -> __m512d {
        _mm512_maskz_mov_pd(_mm512_cmp_pd_mask::<_CMP_GT_OQ>(by, _mm512_setzero_pd()), x)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn where_positive_f32_256(x: __m256, by: __m256) -> __m256 {
        _mm256_and_ps(x, _mm256_cmp_ps::<_CMP_GT_OQ>(by, _mm256_setzero_ps()))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn where_positive_f64_256(x: __m256d, by: __m256d) -> __m256d {
        _mm256_and_pd(x, _mm256_cmp_pd::<_CMP_GT_OQ>(by, _mm256_setzero_pd()))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn sum_f32_512([x]: [__m512; 1]) -> f32 {
        let x = _mm512_castps_pd(x);
        let halves = [_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd::<1>(x)];
        sum_f32_256(halves.map(|half| _mm256_castpd_ps(half)))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn sum_f32_256([low, high]: [__m256; 2]) -> f32 {
        let eight = _mm256_add_ps(low, high);
        let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn sum_f64_512([x]: [__m512d; 1]) -> f64 {
        sum_f64_256([_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd::<1>(x)])
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn sum_f64_256([low, high]: [__m256d; 2]) -> f64 {
        let four = _mm256_add_pd(low, high);
        let two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd::<1>(four));
        _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
    }

    /// Sixteen rows of sixteen.
    ///
    /// # Safety
    /// Both places hold them.
    #[target_feature(enable = "avx512f")]
    unsafe fn transpose_f32_512(from: *const f32, from_step: usize, to: *mut f32, to_step: usize) {
        for q in 0..4 {
            // SAFETY: the caller's.
            let [a, b, c, d] =
                std::array::from_fn(|i| unsafe { quarters(from.add(i * from_step + 4 * q), 4 * from_step) });
            let (ab, cd) = (_mm512_castps_pd(_mm512_unpacklo_ps(a, b)), _mm512_castps_pd(_mm512_unpacklo_ps(c, d)));
            let (ef, gh) = (_mm512_castps_pd(_mm512_unpackhi_ps(a, b)), _mm512_castps_pd(_mm512_unpackhi_ps(c, d)));
            let rows = [
                _mm512_unpacklo_pd(ab, cd),
                _mm512_unpackhi_pd(ab, cd),
                _mm512_unpacklo_pd(ef, gh),
                _mm512_unpackhi_pd(ef, gh),
            ];
            for (r, row) in rows.into_iter().enumerate() {
                // SAFETY: the caller's.
                unsafe { _mm512_storeu_ps(to.add((4 * q + r) * to_step), _mm512_castpd_ps(row)) }
            }
        }
    }

    /// Eight rows of eight.
    ///
    /// # Safety
    /// Both places hold them.
    #[target_feature(enable = "avx512f")]
    unsafe fn transpose_f64_512(from: *const f64, from_step: usize, to: *mut f64, to_step: usize) {
        for q in 0..4 {
            let [a, b] = std::array::from_fn(|i| {
                // SAFETY: the caller's.
                let from = unsafe { from.add(i * from_step + 2 * q) };
                // SAFETY: the caller's.
                _mm512_castps_pd(unsafe { quarters(from.cast(), 4 * from_step) })
            });
            // SAFETY: the caller's.
            unsafe {
                _mm512_storeu_pd(to.add(2 * q * to_step), _mm512_unpacklo_pd(a, b));
                _mm512_storeu_pd(to.add((2 * q + 1) * to_step), _mm512_unpackhi_pd(a, b));
            }
        }
    }

    /// Four times 16 bytes, each `step` numbers of four bytes after the one before.
    ///
    /// # Safety
    /// The places hold them.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn quarters(from: *const f32, step: usize) -> __m512 {
        // SAFETY: the caller's.
        unsafe {
            let x = _mm512_castps128_ps512(_mm_loadu_ps(from));
            let x = _mm512_insertf32x4::<1>(x, _mm_loadu_ps(from.add(step)));
            let x = _mm512_insertf32x4::<2>(x, _mm_loadu_ps(from.add(2 * step)));
            _mm512_insertf32x4::<3>(x, _mm_loadu_ps(from.add(3 * step)))
        }
    }

    /// Eight rows of eight.
    ///
    /// # Safety
    /// Both places hold them.
    #[target_feature(enable = "avx2")]
    unsafe fn transpose_f32_256(from: *const f32, from_step: usize, to: *mut f32, to_step: usize) {
        // SAFETY: the caller's.
        unsafe {
            let c: [__m256; 8] = std::array::from_fn(|i| _mm256_loadu_ps(from.add(i * from_step)));
            // pairs, then fours, then halves
            let p: [__m256; 8] = std::array::from_fn(|i| match i % 2 {
                0 => _mm256_unpacklo_ps(c[i], c[i + 1]),
                _ => _mm256_unpackhi_ps(c[i - 1], c[i]),
            });
            let q: [__m256; 8] = std::array::from_fn(|i| {
                let (low, high) = (p[i / 4 * 4 + i % 4 / 2], p[i / 4 * 4 + i % 4 / 2 + 2]);
                if i % 2 == 0 { _mm256_shuffle_ps::<0x44>(low, high) } else { _mm256_shuffle_ps::<0xee>(low, high) }
            });
            for i in 0..4 {
                _mm256_storeu_ps(to.add(i * to_step), _mm256_permute2f128_ps::<0x20>(q[i], q[i + 4]));
                _mm256_storeu_ps(to.add((i + 4) * to_step), _mm256_permute2f128_ps::<0x31>(q[i], q[i + 4]));
            }
        }
    }

    /// Four rows of four.
    ///
    /// # Safety
    /// Both places hold them.
    #[target_feature(enable = "avx2")]
    unsafe fn transpose_f64_256(from: *const f64, from_step: usize, to: *mut f64, to_step: usize) {
        // SAFETY: the caller's.
        unsafe {
            let c: [__m256d; 4] = std::array::from_fn(|i| _mm256_loadu_pd(from.add(i * from_step)));
            let (p, q) = (_mm256_unpacklo_pd(c[0], c[1]), _mm256_unpackhi_pd(c[0], c[1]));
            let (r, s) = (_mm256_unpacklo_pd(c[2], c[3]), _mm256_unpackhi_pd(c[2], c[3]));
            _mm256_storeu_pd(to, _mm256_permute2f128_pd::<0x20>(p, r));
            _mm256_storeu_pd(to.add(to_step), _mm256_permute2f128_pd::<0x20>(q, s));
            _mm256_storeu_pd(to.add(2 * to_step), _mm256_permute2f128_pd::<0x31>(p, r));
            _mm256_storeu_pd(to.add(3 * to_step), _mm256_permute2f128_pd::<0x31>(q, s));
        }
    }
}
