//! What texts of a column mean for a field, asked once for each text.
//!
//! A short text is found by its bytes as one number, so that a value costs a few instructions and nothing is allocated.

use std::collections::HashMap;

use crate::eval::{Cell, Fields, State};
use crate::plan::Storage;
use crate::value::Outcome;

/// Stands for a cell that has to be looked at by itself.
pub(super) const ASK: i64 = i64::MIN;
/// Texts of so many bytes at most are short.
const SHORT: usize = 16;
/// How many short texts are kept: a power of two.
const PLACES: usize = 512;
/// So many texts of a column are kept at most. A column with more of them says something else of each row.
const MOST: usize = 4096;

/// What a cell fills a field with.
#[derive(Clone, Debug)]
pub(super) enum Filled {
    /// An integer, and nothing beside it.
    Bits(i64),
    /// Anything else.
    Outcome(Outcome),
    /// The row is refused.
    Refused,
}

/// The texts of a column that were seen.
#[derive(Debug)]
pub(super) struct Words {
    short: Box<[Short]>,
    known: HashMap<Box<str>, Filled>,
}

#[derive(Clone, Copy, Debug)]
struct Short {
    bytes: u128,
    /// One more than there are bytes; 0 where nothing was seen.
    length: u32,
    bits: i64,
}

impl Filled {
    /// How what a field came to fills its slot.
    pub(super) fn of(outcome: Option<Outcome>, storage: &Storage) -> Filled {
        let Some(outcome) = outcome else { return Filled::Refused };
        match Fields::stand(&outcome, storage) {
            (Cell { bits, state: State::Known }, false) if bits != ASK => Filled::Bits(bits),
            _ => Filled::Outcome(outcome),
        }
    }

    /// The integer, or that the cell has to be looked at.
    pub(super) fn bits(&self) -> i64 {
        match self {
            Filled::Bits(bits) => *bits,
            Filled::Outcome(_) | Filled::Refused => ASK,
        }
    }
}

impl Default for Words {
    fn default() -> Words {
        let nothing = Short { bytes: 0, length: 0, bits: ASK };
        Words { short: vec![nothing; PLACES].into(), known: HashMap::new() }
    }
}

impl Words {
    /// The integer of the text that stands in a range of these bytes; `ask` says what a text means.
    #[inline]
    pub(super) fn bits(
        &mut self,
        bytes: &[u8],
        start: usize,
        length: usize,
        ask: &mut dyn FnMut(&str) -> Filled,
    ) -> i64 {
        if length > SHORT {
            return self.long(bytes.get(start..start + length).unwrap_or(&[]), ask);
        }
        let wanted = packed(bytes, start, length);
        self.short_bits(wanted, length, ask)
    }

    /// The integer of a text of at most 16 bytes, which stand in a number from its lowest byte on.
    #[inline]
    pub(super) fn short_bits(&mut self, wanted: u128, length: usize, ask: &mut dyn FnMut(&str) -> Filled) -> i64 {
        let place = place(wanted, length);
        if let Some(short) = self.short.get(place)
            && short.bytes == wanted
            && short.length as usize == length + 1
        {
            return short.bits;
        }
        let bytes = wanted.to_le_bytes();
        let bits = self.long(bytes.get(..length).unwrap_or(&[]), ask);
        if let (Some(short), Ok(length)) = (self.short.get_mut(place), u32::try_from(length + 1)) {
            *short = Short { bytes: wanted, length, bits };
        }
        bits
    }

    #[inline(never)]
    fn long(&mut self, bytes: &[u8], ask: &mut dyn FnMut(&str) -> Filled) -> i64 {
        std::str::from_utf8(bytes).map_or(ASK, |text| self.filled(text, ask).bits())
    }

    /// What a text fills its field with.
    pub(super) fn filled(&mut self, text: &str, ask: &mut dyn FnMut(&str) -> Filled) -> Filled {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let filled = ask(text);
        if self.known.len() < MOST {
            self.known.insert(text.into(), filled.clone());
        }
        filled
    }
}

/// The bytes of a short text as a number.
#[inline]
fn packed(bytes: &[u8], start: usize, length: usize) -> u128 {
    let mask = u128::MAX.checked_shr(8 * (SHORT - length) as u32).unwrap_or(0);
    // Most texts have others behind them: more is read than is needed, and cut off.
    match bytes.get(start..).and_then(|rest| rest.first_chunk::<SHORT>()) {
        Some(chunk) => u128::from_le_bytes(*chunk) & mask,
        None => {
            let mut chunk = [0; SHORT];
            for (to, from) in chunk.iter_mut().zip(bytes.get(start..start + length).unwrap_or(&[])) {
                *to = *from;
            }
            u128::from_le_bytes(chunk)
        }
    }
}

#[inline]
fn place(bytes: u128, length: usize) -> usize {
    let (low, high) = (bytes as u64, (bytes >> 64) as u64);
    let mixed = low.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ high.wrapping_mul(0xc2b2_ae3d_27d4_eb4f) ^ length as u64;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize & (PLACES - 1)
}
