//! How the values of a column become the integers of a field, said once for all rows.

use std::sync::Arc;

use arrow_schema::{DataType, TimeUnit};

use super::fit::is_text;
use super::read::Asked;
use crate::plan::Storage;
use crate::value::{Field, Type, Value};

/// 1970-01-01, counted from the year 1.
const EPOCH_DAY: i64 = 719_163;
/// 9999-12-31, counted from the year 1.
const LAST_DAY: i64 = 3_652_059;
/// The last microsecond of the year 9999.
const LAST_INSTANT: i64 = 253_402_300_799_999_999;
const DAY_SECONDS: i64 = 86_400;

/// How the values of a column become integers.
#[derive(Debug)]
pub(super) enum Rule {
    /// Each cell is asked for.
    Asked,
    Numbers(Numbers),
    Booleans,
    /// Texts, or a dictionary, of which each means something once and for all.
    Words,
    /// Texts that stay where they are, but for their place among the words that rules compare with.
    Texts {
        is_key: bool,
        is_bounded: bool,
        words: Arc<[Arc<str>]>,
    },
}

/// An integer of a column becomes one of a slot: times one number, by another, and one added.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) times: i64,
    pub(super) over: i64,
    pub(super) add: i64,
    /// The integers of the column that may become one of the slot.
    pub(super) low: i64,
    pub(super) high: i64,
}

/// How the values of a column become the integers of a field; nothing where each has to be asked for.
pub(super) fn rule(field: &Field, storage: &Storage, data: &DataType, asked: Asked<'_>) -> Option<Rule> {
    let is_word = is_text(data) || matches!(data, DataType::Dictionary(_, values) if is_text(values));
    // The currency of a case is the pack's, or a problem.
    if field.base == Type::Text && is_word && &*field.name != "currency" {
        let words = match storage {
            Storage::Word(words) => words.clone(),
            Storage::Beside => Arc::from([]),
            _ => return None,
        };
        let is_bounded = field.range.min.is_some() || field.range.max.is_some();
        return Some(Rule::Texts { is_key: field.key, is_bounded, words });
    }
    if is_word {
        return Some(Rule::Words);
    }
    let (mut low, mut high) = storage.limits(&field.range)?;
    let numbers = |times: i128, over: i128, add: i64, low: i64, high: i64| {
        let (times, over) = (i64::try_from(times).ok()?, i64::try_from(over).ok()?);
        // In the column's own integers.
        let (low, high) = (low.saturating_sub(add), high.saturating_sub(add));
        let low = i128::from(low) * i128::from(over);
        let high = i128::from(high) * i128::from(over) + i128::from(over - 1);
        let low = low.div_euclid(i128::from(times)) + i128::from(low.rem_euclid(i128::from(times)) != 0);
        let high = high.div_euclid(i128::from(times));
        let within = |bound: i128| bound.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        Some(Rule::Numbers(Numbers { times, over, add, low: within(low), high: within(high) }))
    };
    match (&field.base, storage, data) {
        (Type::Boolean, Storage::Boolean, DataType::Boolean) => Some(Rule::Booleans),
        (base, Storage::Integer | Storage::Scaled(..), data) if base.is_number() => {
            let places = match storage {
                Storage::Scaled(_, places) => i64::from(*places),
                _ => 0,
            };
            let scale = match data {
                data if data.is_integer() => 0,
                DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
                    i64::from(*scale)
                }
                _ => return None,
            };
            let power = |places: i64| 10_i128.checked_pow(u32::try_from(places.max(0)).ok()?);
            numbers(power(places - scale)?, power(scale - places)?, 0, low, high)
        }
        (Type::Date, Storage::Date, data) => {
            (low, high) = (low.max(1), high.min(LAST_DAY));
            if field.time {
                high = high.min(Storage::Date.bits(&Value::Date(asked.surroundings.today))?);
            }
            let over = match data {
                DataType::Date32 => 1,
                DataType::Date64 => DAY_SECONDS * 1_000,
                DataType::Timestamp(unit, None) => DAY_SECONDS * per_second(*unit),
                _ => return None,
            };
            numbers(1, i128::from(over), EPOCH_DAY, low, high)
        }
        (Type::Timestamp, Storage::Timestamp, DataType::Timestamp(unit, Some(_))) => {
            (low, high) = (low.max(Storage::Timestamp.lowest()), high.min(LAST_INSTANT));
            if field.time {
                high = high.min(asked.surroundings.as_of.timestamp_micros());
            }
            let units = i128::from(per_second(*unit));
            numbers((1_000_000 / units).max(1), (units / 1_000_000).max(1), 0, low, high)
        }
        _ => None,
    }
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}
