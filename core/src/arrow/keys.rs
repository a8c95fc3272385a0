//! The keys that were seen, so that a case that comes twice is refused the second time.
//!
//! A key is kept as 88 bits of a hash, with its row: 16 bytes, however long it is. That two keys out of ten million are
//! taken for one another has odds of one in 6,000,000,000,000; keys that were made to be would harm none but their maker,
//! whose case is refused, and named.

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use xxhash_rust::xxh3::xxh3_128;

use super::cell;
use super::read::text;
use crate::record::Raw;

/// The bits of a row's number.
const ROW_BITS: u32 = 40;
const ROW: u64 = (1 << ROW_BITS) - 1;

/// The keys of the rows so far.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// A power of two, or nothing. An entry is 64 bits of the hash, 24 more of them, and the row's number from 1 on; a
    /// place without a row is free.
    places: Vec<(u64, u64)>,
    count: usize,
    /// How many rows there were.
    rows: u64,
}

/// A row whose key stands in an earlier one. Rows count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeated {
    pub(super) row: usize,
    pub(super) first: u64,
}

impl Keys {
    /// Adds the keys of a table; gives its rows that repeat a key.
    pub(super) fn add(&mut self, keys: &ArrayRef) -> Vec<Repeated> {
        let mut repeated = Vec::new();
        self.make_room(keys.len());
        for row in 0..keys.len() {
            self.rows += 1;
            if let Some(hash) = hash(keys, row)
                && let Some(first) = self.put(hash)
            {
                repeated.push(Repeated { row, first });
            }
        }
        repeated
    }

    /// Puts a key in its place; the row in which it stands already.
    fn put(&mut self, hash: u128) -> Option<u64> {
        let (high, low) = ((hash >> 64) as u64, hash as u64 & !ROW);
        let mask = self.places.len().wrapping_sub(1);
        let mut place = high as usize & mask;
        loop {
            let entry = self.places.get_mut(place)?;
            if entry.1 & ROW == 0 {
                *entry = (high, low | self.rows & ROW);
                self.count += 1;
                return None;
            }
            if entry.0 == high && entry.1 & !ROW == low {
                return Some(entry.1 & ROW);
            }
            place = (place + 1) & mask;
        }
    }

    /// At most three quarters of the places are taken.
    fn make_room(&mut self, more: usize) {
        let wanted = ((self.count + more) * 4 / 3 + 1).next_power_of_two();
        if wanted <= self.places.len() {
            return;
        }
        let before = std::mem::replace(&mut self.places, vec![(0, 0); wanted]);
        let mask = wanted - 1;
        for entry in before.into_iter().filter(|(_, row)| row & ROW != 0) {
            let mut place = entry.0 as usize & mask;
            while let Some(found) = self.places.get_mut(place) {
                if found.1 & ROW == 0 {
                    *found = entry;
                    break;
                }
                place = (place + 1) & mask;
            }
        }
    }
}

fn hash(keys: &ArrayRef, row: usize) -> Option<u128> {
    if let Some(text) = text(keys, row) {
        return Some(xxh3_128(text.as_bytes()));
    }
    if *keys.data_type() == DataType::Int64 {
        let keys = keys.as_primitive::<Int64Type>();
        return keys.is_valid(row).then(|| xxh3_128(&keys.value(row).to_le_bytes()));
    }
    match cell::raw(keys, row) {
        Raw::Number(text) | Raw::Text(text) | Raw::Plain(text) => Some(xxh3_128(text.as_bytes())),
        Raw::Boolean(value) => Some(xxh3_128(&[u8::from(value)])),
        Raw::Absent | Raw::Unknown | Raw::List(_) | Raw::Map(_) => None,
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
        assert_eq!(keys.add(&table(&["a", "b", "a"])), [Repeated { row: 2, first: 1 }]);
        assert_eq!(keys.add(&table(&["c", "b"])), [Repeated { row: 1, first: 2 }]);
        let many: ArrayRef = Arc::new(Int64Array::from_iter_values((0..10_000).chain([77])));
        let mut keys = Keys::default();
        assert_eq!(keys.add(&many), [Repeated { row: 10_000, first: 78 }]);
        assert_eq!(keys.add(&many).len(), 10_001);
    }
}
