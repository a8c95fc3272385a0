//! One bit for each case of a chunk: setting, asking, going over them.

use super::kernels::{CASES, Mask, WORDS};
use crate::plan::Truth;

/// No case.
pub(super) const NONE: Mask = [0; WORDS];

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

/// Where a test holds and where it may, with the cases in which its slot is none or unknown.
pub(super) fn with_absent(mut holds: Mask, absent: &[(&Option<Mask>, Truth); 2]) -> (Mask, Mask) {
    let mut possible = holds;
    for (absent, truth) in absent {
        let Some(absent) = absent else { continue };
        for ((holds, possible), absent) in holds.iter_mut().zip(&mut possible).zip(absent) {
            *holds &= !absent;
            *possible &= !absent;
            if *truth == Truth::True {
                *holds |= absent;
            }
            if *truth != Truth::False {
                *possible |= absent;
            }
        }
    }
    (holds, possible)
}

#[inline(always)]
pub(super) fn and(to: &mut Mask, with: &Mask) {
    for (to, with) in to.iter_mut().zip(with) {
        *to &= with;
    }
}

pub(super) fn set(mask: &mut Mask, case: usize) {
    if let Some(word) = mask.get_mut(case / 64) {
        *word |= 1 << (case % 64);
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

pub(super) fn indices(mask: &Mask) -> Vec<u16> {
    if *mask == [u64::MAX; WORDS] {
        return (0..u16::try_from(CASES).unwrap_or(u16::MAX)).collect();
    }
    let mut found = Vec::with_capacity(CASES);
    each(mask, |case| found.extend(u16::try_from(case)));
    found
}
