//! The keys that were seen, so that a case that comes twice is refused the second time.
//!
//! A key is kept as 88 bits of a hash, with its row: 16 bytes, however long it is. That two keys out of ten million are
//! taken for one another has odds of one in 6,000,000,000,000; keys that were made to be would harm none but their maker,
//! whose case is refused, and named.

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use xxhash_rust::xxh3::xxh3_128;

use super::cell;
use super::texts::each_text;
use crate::record::Raw;

/// The bits of a row's number.
const ROW_BITS: u32 = 40;
const ROW: u64 = (1 << ROW_BITS) - 1;
/// How many parts there are, by the highest bits of the hash. The parts of millions of keys fit the cache one by one.
const PARTS: usize = 256;

/// A key: 64 bits of its hash, 24 more of them, and its row, counted from 1. Without a row it is a free place.
type Key = (u64, u64);

/// The keys of the rows so far.
#[derive(Debug)]
pub(super) struct Keys {
    parts: Vec<Part>,
    /// How many rows there were.
    rows: u64,
    /// The keys that were not put into the parts: while each is greater than the one before, none is repeated.
    rising: Vec<ArrayRef>,
}

#[derive(Clone, Debug, Default)]
struct Part {
    /// Keys that are not looked at yet.
    new: Vec<Key>,
    /// A power of two, or nothing.
    places: Vec<Key>,
    count: usize,
}

/// A row whose key stands in an earlier one, which counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeated {
    pub(super) row: usize,
    pub(super) first: u64,
}

impl Default for Keys {
    fn default() -> Keys {
        Keys { parts: vec![Part::default(); PARTS], rows: 0, rising: Vec::new() }
    }
}

impl Keys {
    /// Adds the keys of tables; gives for each table its rows that repeat a key, in their order.
    pub(super) fn add(&mut self, tables: &[&ArrayRef]) -> Vec<Vec<Repeated>> {
        // Those of an earlier call may stand in a memory that its caller wants back.
        for keys in std::mem::take(&mut self.rising) {
            self.put(&keys);
        }
        if self.rows == 0 && rise(tables) {
            self.rising = tables.iter().map(|keys| (*keys).clone()).collect();
            return vec![Vec::new(); tables.len()];
        }
        tables.iter().map(|keys| self.put(keys)).collect()
    }

    fn put(&mut self, keys: &ArrayRef) -> Vec<Repeated> {
        let before = self.rows;
        let expected = keys.len() / PARTS;
        self.parts.iter_mut().for_each(|part| part.new.reserve(expected + expected / 8));
        let mut row = before;
        let parts = &mut self.parts;
        each_hash(keys, &mut |hash| {
            row += 1;
            let Some(hash) = hash else { return };
            let (high, low) = ((hash >> 64) as u64, hash as u64 & !ROW);
            if let Some(part) = parts.get_mut((high >> 56) as usize) {
                part.new.push((high, low | row & ROW));
            }
        });
        self.rows = row;
        let mut repeated = Vec::new();
        for part in &mut self.parts {
            part.take(|row, first| {
                if let Ok(row) = usize::try_from(row - before - 1) {
                    repeated.push(Repeated { row, first });
                }
            });
        }
        repeated.sort_by_key(|repeated| repeated.row);
        repeated
    }
}

/// Whether each key is greater than the one before it, as those of a sorted table are.
fn rise(tables: &[&ArrayRef]) -> bool {
    let mut rises = true;
    let mut before: Option<&[u8]> = None;
    for keys in tables {
        let is_read = each_text(keys, 0..keys.len(), |text| {
            // A row without a key is refused for that.
            if let Some(text) = text.filter(|_| rises) {
                rises = before.is_none_or(|before| before < text);
                before = Some(text);
            }
        });
        if !is_read || !rises {
            return false;
        }
    }
    rises
}

impl Part {
    /// Puts the new keys in their places; tells the rows whose key stands there already.
    fn take(&mut self, mut repeats: impl FnMut(u64, u64)) {
        let mut new = std::mem::take(&mut self.new);
        self.make_room(new.len());
        let mask = self.places.len().wrapping_sub(1);
        for key in new.drain(..) {
            let mut place = key.0 as usize & mask;
            while let Some(found) = self.places.get_mut(place) {
                if found.1 & ROW == 0 {
                    *found = key;
                    self.count += 1;
                    break;
                }
                if found.0 == key.0 && found.1 & !ROW == key.1 & !ROW {
                    repeats(key.1 & ROW, found.1 & ROW);
                    break;
                }
                place = (place + 1) & mask;
            }
        }
        self.new = new;
    }

    /// At most three quarters of the places are taken.
    fn make_room(&mut self, more: usize) {
        let wanted = ((self.count + more) * 4 / 3 + 1).next_power_of_two();
        if wanted <= self.places.len() {
            return;
        }
        let before = std::mem::replace(&mut self.places, vec![(0, 0); wanted]);
        let mask = wanted - 1;
        for key in before.into_iter().filter(|(_, row)| row & ROW != 0) {
            let mut place = key.0 as usize & mask;
            while let Some(found) = self.places.get_mut(place) {
                if found.1 & ROW == 0 {
                    *found = key;
                    break;
                }
                place = (place + 1) & mask;
            }
        }
    }
}

/// The hashes of all keys, in their order; nothing where there is none.
fn each_hash(keys: &ArrayRef, visit: &mut impl FnMut(Option<u128>)) {
    let is_read = each_text(keys, 0..keys.len(), |text| visit(text.map(xxh3_128)));
    if is_read {
        return;
    }
    if let Some(keys) = keys.as_primitive_opt::<Int64Type>() {
        return keys.iter().for_each(|key| visit(key.map(|key| xxh3_128(&key.to_le_bytes()))));
    }
    for row in 0..keys.len() {
        visit(match cell::raw(keys, row) {
            Raw::Number(text) | Raw::Text(text) | Raw::Plain(text) => Some(xxh3_128(text.as_bytes())),
            Raw::Boolean(value) => Some(xxh3_128(&[u8::from(value)])),
            Raw::Absent | Raw::Unknown | Raw::List(_) | Raw::Map(_) => None,
        });
    }
}

/// The text of a key, for messages.
pub(super) fn shown(keys: &ArrayRef, row: usize) -> String {
    match cell::raw(keys, row) {
        Raw::Number(text) | Raw::Text(text) | Raw::Plain(text) => text,
        raw => raw.word().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_key_is_repeated_where_it_stood_before_and_rows_count_over_all_tables() {
        let mut keys = Keys::default();
        let table = |texts: &[&str]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
        let [first, second] = [table(&["a", "b", "a"]), table(&["c", "b"])];
        let repeated = [vec![Repeated { row: 2, first: 1 }], vec![Repeated { row: 1, first: 2 }]];
        assert_eq!(keys.add(&[&first, &second]), repeated);
        assert_eq!(keys.add(&[&table(&["d", "c"])]), [vec![Repeated { row: 1, first: 4 }]]);
        let many: ArrayRef = Arc::new(Int64Array::from_iter_values((0..10_000).chain([77])));
        let mut keys = Keys::default();
        assert_eq!(keys.add(&[&many]), [vec![Repeated { row: 10_000, first: 78 }]]);
        assert_eq!(keys.add(&[&many])[0].len(), 10_001);
    }

    #[test]
    fn keys_that_rise_are_remembered_when_they_fall() {
        let table = |texts: &[&str]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
        let mut keys = Keys::default();
        assert_eq!(keys.add(&[&table(&["a", "b"]), &table(&["c"])]), [vec![], vec![]]);
        assert_eq!(keys.rising.len(), 2);
        let repeated = [Repeated { row: 0, first: 3 }, Repeated { row: 2, first: 1 }];
        assert_eq!(keys.add(&[&table(&["c", "d", "a"])]), [repeated.to_vec()]);
        assert!(keys.rising.is_empty());
        let mut keys = Keys::default();
        assert_eq!(keys.add(&[&table(&["a", "b"]), &table(&["b"])]), [vec![], vec![Repeated { row: 0, first: 2 }]]);
    }
}
