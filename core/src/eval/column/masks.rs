//! One bit for each case of a chunk: setting, asking, going over them.

use super::kernels::{CASES, Kernels, Mask, WORDS};

/// No case.
pub(super) const NONE: Mask = [0; WORDS];
/// All cases, those beyond the end of the batch too.
pub(super) const ALL: Mask = [u64::MAX; WORDS];

/// The bits of the first cases of a chunk.
pub(super) fn active(count: usize) -> Mask {
    let mut mask = NONE;
    for (index, word) in mask.iter_mut().enumerate() {
        *word = match count.saturating_sub(index * 64) {
            0 => 0,
            left => u64::MAX >> 64_usize.saturating_sub(left),
        };
    }
    mask
}

/// Two masks, word by word.
#[inline(always)]
pub(super) fn zip(mut a: Mask, b: &Mask, apply: impl Fn(u64, u64) -> u64) -> Mask {
    for (a, b) in a.iter_mut().zip(b) {
        *a = apply(*a, *b);
    }
    a
}

/// Whether there is any case.
#[inline(always)]
pub(super) fn any(mask: &Mask) -> bool {
    mask.iter().fold(0, |all, word| all | word) != 0
}

#[inline(always)]
pub(super) fn and(a: Mask, b: &Mask) -> Mask {
    zip(a, b, |a, b| a & b)
}

#[inline(always)]
pub(super) fn or(a: Mask, b: &Mask) -> Mask {
    zip(a, b, |a, b| a | b)
}

/// The cases of the first that are not in the second.
#[inline(always)]
pub(super) fn without(a: Mask, b: &Mask) -> Mask {
    zip(a, b, |a, b| a & !b)
}

#[inline(always)]
pub(super) fn not(a: Mask) -> Mask {
    a.map(|word| !word)
}

/// The cases of `a` where `chosen`, else those of `b`.
#[inline(always)]
pub(super) fn select(chosen: &Mask, a: &Mask, b: &Mask) -> Mask {
    or(and(*chosen, a), &without(*b, chosen))
}

pub(super) fn set(mask: &mut Mask, case: usize) {
    if let Some(word) = mask.get_mut(case / 64) {
        *word |= 1 << (case % 64);
    }
}

/// Puts a case into a mask, or takes it out.
pub(super) fn put(mask: &mut Mask, case: usize, is_in: bool) {
    if let Some(word) = mask.get_mut(case / 64) {
        *word = *word & !(1 << (case % 64)) | u64::from(is_in) << (case % 64);
    }
}

pub(super) fn has(mask: &Mask, case: usize) -> bool {
    mask.get(case / 64).is_some_and(|word| word >> (case % 64) & 1 == 1)
}

/// Calls `visit` with each case of a mask.
#[inline(always)]
pub(super) fn each(mask: &Mask, mut visit: impl FnMut(usize)) {
    for (index, word) in mask.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            visit(index * 64 + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

/// The cases of a mask.
pub(super) fn cases(mask: &Mask) -> Vec<usize> {
    let mut found = Vec::new();
    each(mask, |case| found.push(case));
    found
}

/// Up to so many rows, which of them each case took is put together out of the digits of their numbers.
const DIGITS: usize = 64;

/// By case, the number of the mask that has it. A case is in one of them at most; in none, its number is `none`.
#[inline(always)]
pub(super) fn numbers(kernels: Kernels, masks: &[Mask], none: u16, numbers: &mut Vec<u16>) {
    numbers.clear();
    if masks.len() > DIGITS {
        numbers.resize(CASES, none);
        for (number, mask) in masks.iter().enumerate().filter(|(_, mask)| any(mask)) {
            let number = u16::try_from(number).unwrap_or(u16::MAX);
            each(mask, |case| numbers.get_mut(case).into_iter().for_each(|to| *to = number));
        }
        return;
    }
    numbers.resize(CASES, 0);
    // By binary digit of the numbers: the cases whose number has it.
    let mut digits = [NONE; 8];
    let mut left = ALL;
    let mut add = |number: u16, mask: &Mask| {
        for (digit, cases) in digits.iter_mut().enumerate() {
            if number >> digit & 1 == 1 {
                *cases = or(*cases, mask);
            }
        }
    };
    for (number, mask) in (0_u16..).zip(masks) {
        add(number, mask);
        left = without(left, mask);
    }
    add(none, &left);
    let digits = digits.get(..(u16::BITS - none.leading_zeros()) as usize).unwrap_or(&digits);
    if let Some(numbers) = numbers.first_chunk_mut() {
        kernels.numbers(digits, numbers);
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernels::Vectors;
    use super::*;
    use crate::generated::random::Random;

    #[test]
    fn the_number_of_each_case_is_that_of_its_mask() {
        let mut random = Random::new(3);
        for count in [0_usize, 1, 2, 3, 31, 63, 64, 65, 300] {
            let mut masks = vec![NONE; count];
            let none = u16::try_from(count).expect("a few hundred");
            let wanted: Vec<u16> = (0..CASES)
                .map(|case| {
                    let at = random.below(count + 1);
                    masks.get_mut(at).into_iter().for_each(|mask| set(mask, case));
                    u16::try_from(at).expect("a few hundred")
                })
                .collect();
            for vectors in [Vectors::Portable, Vectors::Avx2, Vectors::Avx512] {
                let Some(kernels) = vectors.kernels() else { continue };
                let mut found = vec![9];
                numbers(kernels, &masks, none, &mut found);
                assert_eq!(found, wanted, "{count} masks");
            }
        }
    }
}
