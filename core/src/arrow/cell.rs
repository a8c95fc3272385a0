//! What a cell of an Arrow table says, as raw data of a record: this and `record/` define what it means.
//!
//! Null is absence. Numbers become their digits, with no zeros at the end of the decimals, for how many a column has is
//! said of all its values. Days and instants become the texts in which records write them.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::ArrowNativeType;
use arrow_schema::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat};

use crate::record::Raw;

/// 1970-01-01, counted from the year 1.
const EPOCH_DAY: i64 = 719_163;
const DAY_MILLIS: i64 = 86_400_000;

/// What a cell says.
pub(super) fn raw(array: &dyn Array, row: usize) -> Raw {
    if array.is_null(row) {
        return Raw::Absent;
    }
    match array.data_type() {
        DataType::Null => Raw::Absent,
        DataType::Boolean => Raw::Boolean(array.as_boolean().value(row)),
        DataType::Utf8 => Raw::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => Raw::Text(array.as_string::<i64>().value(row).to_owned()),
        DataType::Utf8View => Raw::Text(array.as_string_view().value(row).to_owned()),
        DataType::Int8 => number(array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => number(array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => number(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => number(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => number(array.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => number(array.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => number(array.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => number(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Decimal32(_, scale) => decimal::<Decimal32Type>(array, row, *scale),
        DataType::Decimal64(_, scale) => decimal::<Decimal64Type>(array, row, *scale),
        DataType::Decimal128(_, scale) => decimal::<Decimal128Type>(array, row, *scale),
        DataType::Decimal256(_, scale) => decimal::<Decimal256Type>(array, row, *scale),
        DataType::Date32 => day(i64::from(array.as_primitive::<Date32Type>().value(row))),
        DataType::Date64 => {
            let millis = array.as_primitive::<Date64Type>().value(row);
            match millis.rem_euclid(DAY_MILLIS) {
                0 => day(millis.div_euclid(DAY_MILLIS)),
                _ => naive(i128::from(millis) * 1_000_000),
            }
        }
        DataType::Timestamp(unit, zone) => {
            let (value, nanos) = match unit {
                TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().value(row), 1_000_000_000),
                TimeUnit::Millisecond => (array.as_primitive::<TimestampMillisecondType>().value(row), 1_000_000),
                TimeUnit::Microsecond => (array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000),
                TimeUnit::Nanosecond => (array.as_primitive::<TimestampNanosecondType>().value(row), 1),
            };
            let nanos = i128::from(value) * nanos;
            match zone {
                Some(_) => instant(nanos),
                None => naive(nanos),
            }
        }
        DataType::Dictionary(key, _) => match **key {
            DataType::Int8 => entry::<Int8Type>(array, row),
            DataType::Int16 => entry::<Int16Type>(array, row),
            DataType::Int32 => entry::<Int32Type>(array, row),
            DataType::Int64 => entry::<Int64Type>(array, row),
            DataType::UInt8 => entry::<UInt8Type>(array, row),
            DataType::UInt16 => entry::<UInt16Type>(array, row),
            DataType::UInt32 => entry::<UInt32Type>(array, row),
            DataType::UInt64 => entry::<UInt64Type>(array, row),
            _ => Raw::Absent,
        },
        DataType::List(_) => items(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => items(&array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => items(&array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let parts = fields.iter().zip(array.as_struct().columns());
            Raw::Map(parts.map(|(field, part)| (field.name().clone(), raw(part, row))).collect())
        }
        // Columns of other types are refused before any row is read.
        _ => Raw::Absent,
    }
}

fn number(value: impl ToString) -> Raw {
    Raw::Number(value.to_string())
}

fn decimal<T: DecimalType>(array: &dyn Array, row: usize, scale: i8) -> Raw {
    let text = T::format_decimal(array.as_primitive::<T>().value(row), T::MAX_PRECISION, scale);
    let trimmed = match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.'),
        None => &text,
    };
    Raw::Number(trimmed.to_owned())
}

fn entry<K: ArrowDictionaryKeyType>(array: &dyn Array, row: usize) -> Raw {
    let dictionary = array.as_dictionary::<K>();
    let key = dictionary.keys().value(row).as_usize();
    if key < dictionary.values().len() { raw(dictionary.values(), key) } else { Raw::Absent }
}

fn items(values: &ArrayRef) -> Raw {
    Raw::List((0..values.len()).map(|row| raw(values, row)).collect())
}

/// A day, counted from 1970.
fn day(days: i64) -> Raw {
    let date = days.checked_add(EPOCH_DAY).and_then(|days| i32::try_from(days).ok());
    Raw::Text(match date.and_then(NaiveDate::from_num_days_from_ce_opt) {
        Some(date) => date.to_string(),
        None => format!("day {days}"),
    })
}

/// An instant in nanoseconds since 1970.
fn instant(nanos: i128) -> Raw {
    Raw::Text(match at(nanos) {
        Some(instant) => instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => format!("second {}", nanos.div_euclid(1_000_000_000)),
    })
}

/// A time on no clock in particular: at midnight it is a day.
fn naive(nanos: i128) -> Raw {
    Raw::Text(match at(nanos).map(|instant| instant.naive_utc()) {
        Some(time) if time.time() == NaiveTime::MIN => time.date().to_string(),
        Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
        None => format!("second {}", nanos.div_euclid(1_000_000_000)),
    })
}

fn at(nanos: i128) -> Option<DateTime<chrono::Utc>> {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    DateTime::from_timestamp(seconds, u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?)
}
