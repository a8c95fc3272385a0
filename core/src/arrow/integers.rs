//! Values of a column into integers, in loops over whole columns.
//!
//! What a loop cannot tell becomes [`ASK`]; each says whether there is any.

use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type,
    Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::{DataType, TimeUnit};

use super::read::Cells;
use super::rule::Numbers;
use super::texts::{each_text, of_key};
use super::words::{ASK, Filled, Words};
use crate::record::Raw;

/// A dictionary of fewer entries is small.
const FEW: usize = 256;

impl Cells<'_> {
    /// Numbers, days and instants.
    pub(super) fn numbers(&self, numbers: Numbers, array: &dyn Array, bits: &mut [i64]) -> Option<bool> {
        macro_rules! of {
            ($type:ty) => {
                self.primitives::<$type>(array, numbers, |value| i64::from(value), bits)
            };
        }
        match array.data_type() {
            DataType::Int8 => of!(Int8Type),
            DataType::Int16 => of!(Int16Type),
            DataType::Int32 => of!(Int32Type),
            DataType::Int64 => of!(Int64Type),
            DataType::UInt8 => of!(UInt8Type),
            DataType::UInt16 => of!(UInt16Type),
            DataType::UInt32 => of!(UInt32Type),
            DataType::UInt64 => {
                self.primitives::<UInt64Type>(array, numbers, |value| i64::try_from(value).unwrap_or(ASK), bits)
            }
            DataType::Decimal32(..) => of!(Decimal32Type),
            DataType::Decimal64(..) => of!(Decimal64Type),
            DataType::Decimal128(..) => {
                let narrow = |value: i128| {
                    let low = value as i64;
                    if i128::from(low) == value { low } else { ASK }
                };
                self.primitives::<Decimal128Type>(array, numbers, narrow, bits)
            }
            DataType::Date32 => of!(Date32Type),
            DataType::Date64 => of!(Date64Type),
            DataType::Timestamp(TimeUnit::Second, _) => of!(TimestampSecondType),
            DataType::Timestamp(TimeUnit::Millisecond, _) => of!(TimestampMillisecondType),
            DataType::Timestamp(TimeUnit::Microsecond, _) => of!(TimestampMicrosecondType),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => of!(TimestampNanosecondType),
            _ => None,
        }
    }

    /// The integers of a column; whether a cell has to be asked for.
    fn primitives<T: ArrowPrimitiveType>(
        &self,
        array: &dyn Array,
        numbers: Numbers,
        narrow: impl Fn(T::Native) -> i64,
        bits: &mut [i64],
    ) -> Option<bool> {
        let values = array.as_primitive_opt::<T>()?.values().get(self.rows.clone())?;
        Some(self.asked.kernels.run(
            #[inline(always)]
            || {
                // In the machine's registers, so that the loops run in its vectors.
                let Numbers { times, over, add, low, high } = numbers;
                let mut has_odd = false;
                if over == 1 {
                    for (to, from) in bits.iter_mut().zip(values) {
                        let value = narrow(*from);
                        let is_odd = (value < low) | (value > high) | (value == ASK);
                        *to = if is_odd { ASK } else { value.wrapping_mul(times).wrapping_add(add) };
                        has_odd |= is_odd;
                    }
                    return has_odd;
                }
                for (to, from) in bits.iter_mut().zip(values) {
                    let value = narrow(*from);
                    let whole = value.div_euclid(over);
                    let is_odd = (value < low) | (value > high) | (value == ASK) | (whole.wrapping_mul(over) != value);
                    *to = if is_odd { ASK } else { whole.wrapping_add(add) };
                    has_odd |= is_odd;
                }
                has_odd
            },
        ))
    }

    pub(super) fn booleans(&self, array: &dyn Array, bits: &mut [i64]) -> Option<bool> {
        let values = array.as_boolean_opt()?.values().slice(self.rows.start, self.rows.len());
        let words = values.bit_chunks();
        self.asked.kernels.run(
            #[inline(always)]
            || {
                let mut whole = bits.chunks_exact_mut(64);
                for (to, word) in whole.by_ref().zip(words.iter()) {
                    to.iter_mut().enumerate().for_each(|(index, to)| *to = (word >> (index & 63) & 1) as i64);
                }
                let rest = words.remainder_bits();
                whole
                    .into_remainder()
                    .iter_mut()
                    .enumerate()
                    .for_each(|(index, to)| *to = (rest >> (index & 63) & 1) as i64);
            },
        );
        Some(false)
    }

    /// The rows of a dictionary.
    pub(super) fn entries(&self, array: &dyn Array, entries: &[Filled], bits: &mut [i64]) -> Option<bool> {
        let DataType::Dictionary(key, _) = array.data_type() else { return None };
        let codes: Vec<i64> = entries.iter().map(Filled::bits).collect();
        of_key!(&**key, K => self.keyed::<K>(array, &codes, bits))?
    }

    fn keyed<K: ArrowDictionaryKeyType>(&self, array: &dyn Array, codes: &[i64], bits: &mut [i64]) -> Option<bool> {
        let keys = array.as_dictionary_opt::<K>()?.keys().values().get(self.rows.clone())?;
        // A small table without bounds to be checked, beyond which every code is asked for.
        let mut few = [ASK; FEW];
        let is_small = codes.len() < FEW;
        if is_small {
            few.iter_mut().zip(codes).for_each(|(to, from)| *to = *from);
        }
        Some(self.asked.kernels.run(
            #[inline(always)]
            || {
                let mut has_odd = false;
                if is_small {
                    for (to, key) in bits.iter_mut().zip(keys) {
                        *to = few.get(key.as_usize().min(FEW - 1)).copied().unwrap_or(ASK);
                        has_odd |= *to == ASK;
                    }
                    return has_odd;
                }
                for (to, key) in bits.iter_mut().zip(keys) {
                    *to = codes.get(key.as_usize()).copied().unwrap_or(ASK);
                    has_odd |= *to == ASK;
                }
                has_odd
            },
        ))
    }

    /// Texts that mean the same wherever they stand.
    pub(super) fn words(
        &self,
        array: &dyn Array,
        words: &mut Words,
        ask: &mut dyn FnMut(&str) -> Filled,
        bits: &mut [i64],
    ) -> Option<bool> {
        let mut has_odd = false;
        let mut to = bits.iter_mut();
        let mut add = |code: i64| {
            has_odd |= code == ASK;
            to.next().into_iter().for_each(|to| *to = code);
        };
        match array.data_type() {
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                let offsets = array.value_offsets().get(self.rows.start..=self.rows.end)?;
                let bytes = array.value_data();
                for (start, end) in offsets.iter().zip(offsets.iter().skip(1)) {
                    add(words.bits(bytes, *start as usize, (end - start) as usize, ask));
                }
            }
            DataType::LargeUtf8 => {
                let array = array.as_string::<i64>();
                let offsets = array.value_offsets().get(self.rows.start..=self.rows.end)?;
                let bytes = array.value_data();
                for (start, end) in offsets.iter().zip(offsets.iter().skip(1)) {
                    add(words.bits(bytes, *start as usize, (end - start) as usize, ask));
                }
            }
            DataType::Utf8View => {
                let array = array.as_string_view();
                for (view, row) in array.views().get(self.rows.clone())?.iter().zip(self.rows.clone()) {
                    let length = *view as u32 as usize;
                    // Up to 12 bytes stand in the view itself.
                    match length {
                        0..=12 => add(words.short_bits(view >> 32, length, ask)),
                        _ if array.is_null(row) => add(0),
                        _ => {
                            let text = array.value(row);
                            add(words.bits(text.as_bytes(), 0, text.len(), ask));
                        }
                    }
                }
            }
            _ => return None,
        }
        Some(has_odd)
    }

    /// Texts that stay where they are: looked at for what the declaration asks, and for the words of the rules.
    pub(super) fn texts(
        &self,
        array: &dyn Array,
        (is_key, is_bounded): (bool, bool),
        words: &[Arc<str>],
        bits: &mut [i64],
    ) -> Option<bool> {
        let others = i64::try_from(words.len()).ok()?;
        let mut has_odd = false;
        let mut to = bits.iter_mut();
        each_text(array, self.rows.clone(), |bytes| {
            let Some(to) = to.next() else { return };
            *to = 0;
            let Some(bytes) = bytes else { return };
            let is_blank = || !bytes.first().is_some_and(u8::is_ascii_graphic);
            // How long it may be, and whether it is blank, is asked of the declaration.
            if is_bounded || is_key && is_blank() {
                let text = String::from_utf8_lossy(bytes).into_owned();
                if matches!(self.filled(&Raw::Text(text)), Filled::Refused) {
                    has_odd = true;
                    *to = ASK;
                    return;
                }
            }
            if !words.is_empty() {
                let place = words.iter().position(|word| word.as_bytes() == bytes);
                *to = place.map_or(others, |place| place as i64);
            }
        });
        Some(has_odd)
    }
}
