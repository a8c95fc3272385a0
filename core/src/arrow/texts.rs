//! The texts of a column, whatever its type.

use std::ops::Range;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;

/// The text of a row; nothing where there is none.
pub(super) fn text(array: &dyn Array, row: usize) -> Option<&str> {
    if row >= array.len() || array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary_opt()?;
            text(dictionary.values(), entry_of(array, row)?)
        }
        _ => None,
    }
}

/// The bytes of the texts of some rows, in their order; false where the column holds no texts by themselves.
pub(super) fn each_text<'a>(array: &'a dyn Array, rows: Range<usize>, mut visit: impl FnMut(Option<&'a [u8]>)) -> bool {
    fn stretches<'a, T: ArrowNativeType>(
        (array, rows): (&dyn Array, Range<usize>),
        (offsets, bytes): (&[T], &'a [u8]),
        visit: &mut impl FnMut(Option<&'a [u8]>),
    ) {
        let Some(offsets) = offsets.get(rows.start..=rows.end) else { return };
        let stretches = offsets.iter().zip(offsets.iter().skip(1));
        let text = |start: &T, end: &T| bytes.get(start.as_usize()..end.as_usize());
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => stretches.for_each(|(start, end)| visit(text(start, end))),
            Some(nulls) => stretches
                .zip(rows)
                .for_each(|((start, end), row)| visit(text(start, end).filter(|_| nulls.is_valid(row)))),
        }
    }
    match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            stretches((array, rows), (texts.value_offsets(), texts.value_data()), &mut visit);
        }
        DataType::LargeUtf8 => {
            let texts = array.as_string::<i64>();
            stretches((array, rows), (texts.value_offsets(), texts.value_data()), &mut visit);
        }
        DataType::Utf8View => {
            let texts = array.as_string_view();
            rows.for_each(|row| visit(texts.is_valid(row).then(|| texts.value(row).as_bytes())));
        }
        DataType::Dictionary(..) => rows.for_each(|row| visit(text(array, row).map(str::as_bytes))),
        _ => return false,
    }
    true
}

/// Runs the same for keys of any type.
macro_rules! of_key {
    ($key:expr, $type:ident => $body:expr) => {
        match $key {
            DataType::Int8 => {
                type $type = Int8Type;
                Some($body)
            }
            DataType::Int16 => {
                type $type = Int16Type;
                Some($body)
            }
            DataType::Int32 => {
                type $type = Int32Type;
                Some($body)
            }
            DataType::Int64 => {
                type $type = Int64Type;
                Some($body)
            }
            DataType::UInt8 => {
                type $type = UInt8Type;
                Some($body)
            }
            DataType::UInt16 => {
                type $type = UInt16Type;
                Some($body)
            }
            DataType::UInt32 => {
                type $type = UInt32Type;
                Some($body)
            }
            DataType::UInt64 => {
                type $type = UInt64Type;
                Some($body)
            }
            _ => None,
        }
    };
}

/// The entry of a dictionary that a row names.
pub(super) fn entry_of(array: &dyn Array, row: usize) -> Option<usize> {
    let DataType::Dictionary(key, _) = array.data_type() else { return None };
    fn entry<K: ArrowDictionaryKeyType>(array: &dyn Array, row: usize) -> usize {
        array.as_dictionary::<K>().keys().value(row).as_usize()
    }
    of_key!(&**key, K => entry::<K>(array, row))
}

pub(super) use of_key;
