//! Comparisons of many integers with bounds, in the widest vectors that the machine has.
//!
//! The machine is asked once. Every way gives the same bits; `pulp` makes the machine's instructions safe to call.

/// The cases of a chunk.
pub(crate) const CASES: usize = 512;
/// The words of a mask: one bit for each case of a chunk.
pub(crate) const WORDS: usize = CASES / 64;

/// One bit for each case of a chunk.
pub(crate) type Mask = [u64; WORDS];

/// The integers of a chunk, as narrow as their slot allows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Integers<'a> {
    I8(&'a [i8; CASES]),
    I16(&'a [i16; CASES]),
    I32(&'a [i32; CASES]),
    I64(&'a [i64; CASES]),
}

/// How wide the machine's vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Vectors {
    /// What every machine can do.
    Portable,
    /// 256 bits: AVX2.
    Avx2,
    /// 512 bits: AVX-512 (F, BW, CD, DQ, VL).
    Avx512,
}

/// The way to compare on this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kernels {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
}

impl Vectors {
    /// The widest vectors of this machine.
    pub fn widest() -> Vectors {
        [Vectors::Avx512, Vectors::Avx2]
            .into_iter()
            .find(|vectors| vectors.kernels().is_some())
            .unwrap_or(Vectors::Portable)
    }

    /// Nothing where the machine does not have these vectors.
    pub(crate) fn kernels(self) -> Option<Kernels> {
        match self {
            Vectors::Portable => Some(Kernels::Portable),
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx2 => pulp::x86::V3::try_new().map(Kernels::Avx2),
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx512 => pulp::x86::V4::try_new().map(Kernels::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        }
    }
}

impl Kernels {
    /// Which integers have reached each bound. Every bound is greater than the least integer of its width.
    pub(crate) fn reached(self, integers: Integers<'_>, bounds: &[i64], masks: &mut [Mask]) {
        match self {
            Kernels::Portable => portable(integers, bounds, masks),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2(simd) => simd.vectorize(x86::Avx2 { simd, integers, bounds, masks }),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512(simd) => simd.vectorize(x86::Avx512 { simd, integers, bounds, masks }),
        }
    }

    /// Runs a loop over words in the machine's vectors.
    #[inline(always)]
    pub(crate) fn run<T>(self, work: impl pulp::NullaryFnOnce<Output = T>) -> T {
        match self {
            Kernels::Portable => work.call(),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2(simd) => simd.vectorize(work),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512(simd) => simd.vectorize(work),
        }
    }
}

fn portable(integers: Integers<'_>, bounds: &[i64], masks: &mut [Mask]) {
    match integers {
        Integers::I8(values) => reached(values, bounds, masks, |bound| i8::try_from(bound).unwrap_or(i8::MAX)),
        Integers::I16(values) => reached(values, bounds, masks, |bound| i16::try_from(bound).unwrap_or(i16::MAX)),
        Integers::I32(values) => reached(values, bounds, masks, |bound| i32::try_from(bound).unwrap_or(i32::MAX)),
        Integers::I64(values) => reached(values, bounds, masks, |bound| bound),
    }
}

fn reached<T: Copy + PartialOrd>(values: &[T; CASES], bounds: &[i64], masks: &mut [Mask], narrow: impl Fn(i64) -> T) {
    for (bound, mask) in bounds.iter().zip(masks) {
        let bound = narrow(*bound);
        for (word, values) in mask.iter_mut().zip(values.chunks_exact(64)) {
            let mut bytes = [0_u8; 64];
            for (byte, value) in bytes.iter_mut().zip(values) {
                *byte = u8::from(*value >= bound);
            }
            *word = packed(&bytes);
        }
    }
}

/// Bytes of 0 and 1 as bits, eight at a time: the product moves each to the last byte.
#[inline(always)]
fn packed(bytes: &[u8; 64]) -> u64 {
    let (eights, _) = bytes.as_chunks::<8>();
    let mut word = 0;
    for (index, eight) in eights.iter().enumerate() {
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= bits << (index * 8);
    }
    word
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! The same in the vectors of x86-64.

    use pulp::x86::{V3, V4};
    use pulp::{NullaryFnOnce, cast};

    use super::{Integers, Mask};

    pub(super) struct Avx2<'a> {
        pub(super) simd: V3,
        pub(super) integers: Integers<'a>,
        pub(super) bounds: &'a [i64],
        pub(super) masks: &'a mut [Mask],
    }

    pub(super) struct Avx512<'a> {
        pub(super) simd: V4,
        pub(super) integers: Integers<'a>,
        pub(super) bounds: &'a [i64],
        pub(super) masks: &'a mut [Mask],
    }

    /// The bound before one, narrowed: what is greater has reached the bound.
    macro_rules! before {
        ($bound:expr, $type:ty) => {
            <$type>::try_from($bound.wrapping_sub(1)).unwrap_or(<$type>::MAX)
        };
    }

    impl NullaryFnOnce for Avx512<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let (f, bw) = (self.simd.avx512f, self.simd.avx512bw);
            macro_rules! compare {
                ($values:expr, $type:ty, $lanes:literal, $splat:expr, $greater:expr) => {{
                    let (vectors, _) = $values.as_chunks::<$lanes>();
                    let (words, _) = vectors.as_chunks::<{ 64 / $lanes }>();
                    for (index, word) in words.iter().enumerate() {
                        for (bound, mask) in self.bounds.iter().zip(&mut *self.masks) {
                            let before = $splat(before!(*bound, $type));
                            let mut bits = 0_u64;
                            for (part, vector) in word.iter().enumerate() {
                                bits |= u64::from($greater(cast(*vector), before)) << (part * $lanes);
                            }
                            if let Some(word) = mask.get_mut(index) {
                                *word = bits;
                            }
                        }
                    }
                }};
            }
            match self.integers {
                Integers::I8(values) => {
                    compare!(values, i8, 64, |b| f._mm512_set1_epi8(b), |v, b| bw._mm512_cmpgt_epi8_mask(v, b))
                }
                Integers::I16(values) => {
                    compare!(values, i16, 32, |b| f._mm512_set1_epi16(b), |v, b| bw._mm512_cmpgt_epi16_mask(v, b))
                }
                Integers::I32(values) => {
                    compare!(values, i32, 16, |b| f._mm512_set1_epi32(b), |v, b| f._mm512_cmpgt_epi32_mask(v, b))
                }
                Integers::I64(values) => {
                    compare!(values, i64, 8, |b| f._mm512_set1_epi64(b), |v, b| f._mm512_cmpgt_epi64_mask(v, b))
                }
            }
        }
    }

    impl NullaryFnOnce for Avx2<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let (avx, avx2) = (self.simd.avx, self.simd.avx2);
            macro_rules! compare {
                ($values:expr, $type:ty, $lanes:literal, $splat:expr, $greater:expr) => {{
                    let (vectors, _) = $values.as_chunks::<$lanes>();
                    let (words, _) = vectors.as_chunks::<{ 64 / $lanes }>();
                    for (index, word) in words.iter().enumerate() {
                        for (bound, mask) in self.bounds.iter().zip(&mut *self.masks) {
                            let before = $splat(before!(*bound, $type));
                            let bits = $greater(word, before);
                            if let Some(word) = mask.get_mut(index) {
                                *word = bits;
                            }
                        }
                    }
                }};
            }
            // The bytes of two vectors were packed within their halves: this puts them in their order.
            let bits_of_pair = |a, b| {
                let packed = avx2._mm256_permute4x64_epi64::<0b11_01_10_00>(avx2._mm256_packs_epi16(a, b));
                u64::from(avx2._mm256_movemask_epi8(packed) as u32)
            };
            match self.integers {
                Integers::I8(values) => {
                    compare!(values, i8, 32, |b| avx._mm256_set1_epi8(b), |word: &[[i8; 32]; 2], b| {
                        let [low, high] = *word;
                        let low = avx2._mm256_movemask_epi8(avx2._mm256_cmpgt_epi8(cast(low), b)) as u32;
                        let high = avx2._mm256_movemask_epi8(avx2._mm256_cmpgt_epi8(cast(high), b)) as u32;
                        u64::from(low) | u64::from(high) << 32
                    })
                }
                Integers::I16(values) => {
                    compare!(values, i16, 16, |b| avx._mm256_set1_epi16(b), |word: &[[i16; 16]; 4], before| {
                        let [a, b, c, d] = word.map(|vector| avx2._mm256_cmpgt_epi16(cast(vector), before));
                        bits_of_pair(a, b) | bits_of_pair(c, d) << 32
                    })
                }
                Integers::I32(values) => {
                    compare!(values, i32, 8, |b| avx._mm256_set1_epi32(b), |word: &[[i32; 8]; 8], before| {
                        let mut bits = 0_u64;
                        for (part, vector) in word.iter().enumerate() {
                            let greater = avx2._mm256_cmpgt_epi32(cast(*vector), before);
                            bits |= u64::from(avx._mm256_movemask_ps(cast(greater)) as u32) << (part * 8);
                        }
                        bits
                    })
                }
                Integers::I64(values) => {
                    compare!(values, i64, 4, |b| avx._mm256_set1_epi64x(b), |word: &[[i64; 4]; 16], before| {
                        let mut bits = 0_u64;
                        for (part, vector) in word.iter().enumerate() {
                            let greater = avx2._mm256_cmpgt_epi64(cast(*vector), before);
                            bits |= u64::from(avx._mm256_movemask_pd(cast(greater)) as u32) << (part * 4);
                        }
                        bits
                    })
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::random::Random;

    #[test]
    fn all_vectors_reach_the_same_bounds() {
        let mut random = Random::new(7);
        let mut checked = 0;
        for width in [8_u32, 16, 32, 64] {
            let low = i64::MIN >> (64 - width);
            let high = i64::MAX >> (64 - width);
            for _ in 0..20 {
                let near: Vec<i64> = (0..CASES)
                    .map(|case| match case % 4 {
                        0 => low,
                        1 => high,
                        2 => random.between(-3, 3),
                        _ => random.between(low / 4, high / 4),
                    })
                    .collect();
                let bounds: Vec<i64> = [low + 1, high, 0, -1, 1, 2, random.between(low / 4, high / 4)].into();
                let (bytes, shorts): (Vec<i8>, Vec<i16>) = near.iter().map(|v| (*v as i8, *v as i16)).unzip();
                let ints: Vec<i32> = near.iter().map(|v| *v as i32).collect();
                let integers = match width {
                    8 => Integers::I8(bytes.first_chunk().expect("a chunk")),
                    16 => Integers::I16(shorts.first_chunk().expect("a chunk")),
                    32 => Integers::I32(ints.first_chunk().expect("a chunk")),
                    _ => Integers::I64(near.first_chunk().expect("a chunk")),
                };
                for vectors in [Vectors::Portable, Vectors::Avx2, Vectors::Avx512] {
                    let Some(kernels) = vectors.kernels() else { continue };
                    let mut masks = vec![[0; WORDS]; bounds.len()];
                    kernels.reached(integers, &bounds, &mut masks);
                    for (bound, mask) in bounds.iter().zip(&masks) {
                        for (case, value) in near.iter().enumerate() {
                            let found = mask[case / 64] >> (case % 64) & 1 == 1;
                            assert_eq!(found, value >= bound, "{value} >= {bound} in {vectors:?}, {width} bits");
                            checked += 1;
                        }
                    }
                }
            }
        }
        assert!(checked > 280_000);
    }
}
