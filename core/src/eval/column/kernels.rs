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

/// Work that is compiled into its caller, for the vectors that this one has. Called as `FnOnce`, a closure would stand
/// by itself, without them.
#[cfg(target_arch = "x86_64")]
struct Inlined<F>(F);

#[cfg(target_arch = "x86_64")]
impl<T, F: FnMut() -> T> pulp::NullaryFnOnce for Inlined<F> {
    type Output = T;

    #[inline(always)]
    fn call(mut self) -> T {
        (self.0)()
    }
}

impl Kernels {
    /// Which integers have reached each bound. Every bound is greater than the least integer of its width.
    pub(crate) fn reached(self, integers: Integers<'_>, bounds: &[i64], masks: &mut [Mask]) {
        if bounds.len() > self.many() {
            return ranked(integers, bounds, masks);
        }
        match self {
            Kernels::Portable => portable(integers, bounds, masks),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2(simd) => simd.vectorize(x86::Avx2 { simd, integers, bounds, masks }),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512(simd) => simd.vectorize(x86::Avx512 { simd, integers, bounds, masks }),
        }
    }

    /// By case, a number out of its binary digits: the cases that have each of them. The numbers were 0.
    #[inline(always)]
    pub(crate) fn numbers(self, digits: &[Mask], numbers: &mut [u16; CASES]) {
        match self {
            Kernels::Portable => of_digits(digits, numbers),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2(simd) => simd.vectorize(Inlined(
                #[inline(always)]
                || of_digits(digits, numbers),
            )),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512(simd) => simd.vectorize(x86::OfDigits { simd, digits, numbers }),
        }
    }

    /// From so many bounds on, finding the place of each integer among them is faster than comparing it with all.
    fn many(self) -> usize {
        match self {
            Kernels::Portable => 48,
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2(_) => 128,
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512(_) => 256,
        }
    }

    /// Runs a loop over words in the machine's vectors.
    #[inline(always)]
    pub(crate) fn run<T>(self, mut work: impl FnMut() -> T) -> T {
        match self {
            Kernels::Portable => work(),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2(simd) => simd.vectorize(Inlined(work)),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512(simd) => simd.vectorize(Inlined(work)),
        }
    }
}

/// Finds the place of each integer among the sorted bounds, and goes over the bounds once.
fn ranked(integers: Integers<'_>, bounds: &[i64], masks: &mut [Mask]) {
    let mut ranks = [0_usize; CASES];
    let mut rank = |case: usize, value: i64| {
        if let Some(rank) = ranks.get_mut(case) {
            *rank = bounds.partition_point(|bound| *bound <= value);
        }
    };
    match integers {
        Integers::I8(values) => values.iter().enumerate().for_each(|(case, value)| rank(case, i64::from(*value))),
        Integers::I16(values) => values.iter().enumerate().for_each(|(case, value)| rank(case, i64::from(*value))),
        Integers::I32(values) => values.iter().enumerate().for_each(|(case, value)| rank(case, i64::from(*value))),
        Integers::I64(values) => values.iter().enumerate().for_each(|(case, value)| rank(case, *value)),
    }
    // The cases of each rank, as chains: each case tells the next one of its rank.
    let mut heads = vec![CASES; bounds.len() + 1];
    let mut next = [CASES; CASES];
    for (case, (rank, next)) in ranks.iter().zip(&mut next).enumerate() {
        if let Some(head) = heads.get_mut(*rank) {
            *next = *head;
            *head = case;
        }
    }
    let mut reached = [u64::MAX; WORDS];
    for (mask, head) in masks.iter_mut().zip(&heads) {
        let mut case = *head;
        while case < CASES {
            if let Some(word) = reached.get_mut(case / 64) {
                *word &= !(1 << (case % 64));
            }
            case = next.get(case).copied().unwrap_or(CASES);
        }
        *mask = reached;
    }
}

#[inline(always)]
fn of_digits(digits: &[Mask], numbers: &mut [u16; CASES]) {
    /// Each bit of sixteen.
    const BITS: [u16; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768];
    for (digit, cases) in digits.iter().enumerate() {
        let (sixteens, _) = numbers.as_chunks_mut::<16>();
        let words = cases.iter().flat_map(|word| [0, 16, 32, 48].map(|shift| (word >> shift) as u16));
        for (word, numbers) in words.zip(sixteens) {
            for (number, bit) in numbers.iter_mut().zip(BITS) {
                *number |= u16::from(word & bit != 0) << digit;
            }
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
pub(super) fn packed(bytes: &[u8; 64]) -> u64 {
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

    use super::{CASES, Integers, Mask};

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
                    for (bound, mask) in self.bounds.iter().zip(self.masks) {
                        let before = $splat(before!(*bound, $type));
                        for (to, word) in mask.iter_mut().zip(words) {
                            let mut bits = 0_u64;
                            for (part, vector) in word.iter().enumerate() {
                                bits |= u64::from($greater(cast(*vector), before)) << (part * $lanes);
                            }
                            *to = bits;
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

    pub(super) struct OfDigits<'a> {
        pub(super) simd: V4,
        pub(super) digits: &'a [Mask],
        pub(super) numbers: &'a mut [u16; CASES],
    }

    impl NullaryFnOnce for OfDigits<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let (f, bw) = (self.simd.avx512f, self.simd.avx512bw);
            let (blocks, _) = self.numbers.as_chunks_mut::<32>();
            for (index, block) in blocks.iter_mut().enumerate() {
                let mut numbers = f._mm512_setzero_si512();
                for (digit, cases) in self.digits.iter().enumerate() {
                    let word = cases.get(index / 2).copied().unwrap_or(0) >> (index % 2 * 32);
                    let added = f._mm512_set1_epi16(1 << digit);
                    numbers = bw._mm512_mask_add_epi16(numbers, word as u32, numbers, added);
                }
                *block = cast(numbers);
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
                    for (bound, mask) in self.bounds.iter().zip(self.masks) {
                        let before = $splat(before!(*bound, $type));
                        for (to, word) in mask.iter_mut().zip(words) {
                            *to = $greater(word, before);
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
                let mut bounds: Vec<i64> = [low + 1, high, 0, -1, 1, 2, random.between(low / 4, high / 4)].into();
                bounds.sort_unstable();
                bounds.dedup();
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
                    let mut by_rank = vec![[0; WORDS]; bounds.len()];
                    ranked(integers, &bounds, &mut by_rank);
                    assert_eq!(by_rank, masks, "{vectors:?}, {width} bits");
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
