//! How the values of a slot stand in a machine integer.
//!
//! An exact storage gives each value back as it was. A coded one keeps of a value only what tests with the constants of
//! the pack can tell; the value itself is kept beside it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::value::{Bound, Duration, DurationUnit, Range, Type, Value};

/// The most decimals that are kept in a machine integer.
pub(crate) const DECIMALS: u32 = 9;
/// Codes of numbers beyond this are cut off: no constant that is tested lies there.
const FAR: i64 = 1 << 61;

/// Where values of a slot stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Storage {
    Boolean,
    Integer,
    /// A number times a power of ten.
    Scaled(Number, u32),
    /// The position of the word.
    Choice(Arc<[Arc<str>]>),
    /// Days since the year 1.
    Date,
    /// Microseconds since 1970.
    Timestamp,
    Duration(DurationUnit),
    /// Coded: twice the number times a power of ten, cut to a whole; one more where something was cut off.
    Position(Number, u32),
    /// Coded: the position among these words, or how many there are.
    Word(Arc<[Arc<str>]>),
    /// Coded: nothing of the value.
    Beside,
}

/// The types of numbers with decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Decimal,
    Money,
    Percent,
}

impl Number {
    /// The number type among types.
    pub(crate) fn of(base: &Type) -> Option<Number> {
        match base {
            Type::Decimal => Some(Number::Decimal),
            Type::Money => Some(Number::Money),
            Type::Percent => Some(Number::Percent),
            _ => None,
        }
    }

    fn value(self, number: Decimal) -> Value {
        match self {
            Number::Decimal => Value::Decimal(number),
            Number::Money => Value::Money(number),
            Number::Percent => Value::Percent(number),
        }
    }
}

impl Storage {
    /// The storage of values of a type; numbers have at most this many decimals.
    pub(crate) fn exact(base: &Type, decimals: u32) -> Option<Storage> {
        Some(match base {
            Type::Boolean => Storage::Boolean,
            Type::Integer => Storage::Integer,
            Type::Choice(words) => Storage::Choice(words.clone()),
            Type::Date => Storage::Date,
            Type::Timestamp => Storage::Timestamp,
            Type::Duration(unit) => Storage::Duration(*unit),
            base => Storage::Scaled(Number::of(base).filter(|_| decimals <= DECIMALS)?, decimals),
        })
    }

    /// An integer that is not greater than any in which a value stands.
    pub(crate) fn lowest(&self) -> i64 {
        match self {
            Storage::Integer | Storage::Scaled(..) | Storage::Duration(_) => i64::MIN,
            Storage::Boolean | Storage::Choice(_) | Storage::Word(_) | Storage::Beside => 0,
            Storage::Date => 1,
            // The first instant of the year 1.
            Storage::Timestamp => -62_135_596_800_000_000,
            Storage::Position(..) => -FAR,
        }
    }

    /// Whether a value can be had back from its integer.
    pub(crate) fn is_exact(&self) -> bool {
        !matches!(self, Storage::Position(..) | Storage::Word(_) | Storage::Beside)
    }

    /// The integer in which a value stands; nothing for none, and where it does not fit.
    pub(crate) fn bits(&self, value: &Value) -> Option<i64> {
        match (self, value) {
            (Storage::Boolean, Value::Boolean(value)) => Some(i64::from(*value)),
            (Storage::Integer, Value::Integer(value)) => Some(*value),
            (Storage::Scaled(_, decimals), Value::Decimal(number) | Value::Money(number) | Value::Percent(number)) => {
                scaled(*number, *decimals)
            }
            (Storage::Choice(words), Value::Text(word)) => position(words, word),
            (Storage::Date, Value::Date(date)) => Some(day_number(*date)),
            (Storage::Timestamp, Value::Timestamp(instant)) => micros(*instant),
            (Storage::Duration(unit), Value::Duration(duration)) if duration.unit() == *unit => Some(duration.count()),
            (
                Storage::Position(_, decimals),
                Value::Decimal(number) | Value::Money(number) | Value::Percent(number),
            ) => Some(coded(*number, *decimals)),
            (Storage::Word(words), Value::Text(word)) => {
                position(words, word).or_else(|| i64::try_from(words.len()).ok())
            }
            (Storage::Beside, value) if !value.is_none() => Some(0),
            _ => None,
        }
    }

    /// A value that stands in this integer: the value, or for a coded one any that tests cannot tell from it.
    pub(crate) fn value(&self, bits: i64) -> Value {
        match self {
            Storage::Boolean => Value::Boolean(bits != 0),
            Storage::Integer => Value::Integer(bits),
            Storage::Scaled(number, decimals) => number.value(Decimal::new(bits, *decimals).normalize()),
            Storage::Choice(words) => Value::Text(word(words, bits)),
            Storage::Word(words) => match usize::try_from(bits).ok().and_then(|index| words.get(index)) {
                Some(word) => Value::Text(word.clone()),
                // Longer than each of the words, and so none of them.
                None => Value::text(words.concat() + "."),
            },
            Storage::Date => NaiveDate::from_num_days_from_ce_opt(i32::try_from(bits).unwrap_or(i32::MAX))
                .map_or(Value::None, Value::Date),
            Storage::Timestamp => DateTime::from_timestamp_micros(bits).map_or(Value::None, Value::Timestamp),
            Storage::Duration(unit) => Value::Duration(Duration::of(*unit, bits)),
            Storage::Position(number, decimals) => {
                let half = Decimal::try_from_i128_with_scale(i128::from(bits) * 5, decimals + 1).unwrap_or_default();
                number.value(half.normalize())
            }
            Storage::Beside => Value::Boolean(true),
        }
    }

    /// A constant as a value of the slot's own type: integers and decimals stand beside each other.
    pub(crate) fn aligned(&self, constant: &Value) -> Value {
        match (self, constant) {
            (Storage::Scaled(Number::Decimal, _) | Storage::Position(Number::Decimal, _), Value::Integer(number)) => {
                Value::Decimal((*number).into())
            }
            (Storage::Integer, Value::Decimal(number)) if number.fract().is_zero() => {
                i64::try_from(*number).map_or(Value::Decimal(*number), Value::Integer)
            }
            _ => constant.clone(),
        }
    }

    /// Whether the tests of a constant can be told from the integers: it lies on the grid, and not too far off.
    pub(crate) fn can_tell(&self, constant: &Value) -> bool {
        match (self, &self.aligned(constant)) {
            (_, Value::None) => true,
            (
                Storage::Position(_, decimals),
                Value::Decimal(number) | Value::Money(number) | Value::Percent(number),
            ) => scaled(*number, *decimals).is_some_and(|grid| grid.unsigned_abs() < FAR.unsigned_abs() / 2),
            (Storage::Word(words), Value::Text(word)) => words.contains(word),
            (Storage::Beside, _) => false,
            _ => true,
        }
    }

    /// The first integer that is not less than a bound; nothing where there is none.
    pub(crate) fn at_least(&self, bound: &Bound) -> Option<i64> {
        let [first, _] = self.starts(&self.of_bound(bound)?);
        first
    }

    /// The last integer that is not greater than a bound; nothing where there is none.
    pub(crate) fn at_most(&self, bound: &Bound) -> Option<i64> {
        let value = self.of_bound(bound)?;
        let [first, _] = self.starts(&value);
        self.bits(&value).or_else(|| first.and_then(|first| first.checked_sub(1)))
    }

    /// The integers of a range; nothing where they cannot tell.
    pub(crate) fn limits(&self, range: &Range) -> Option<(i64, i64)> {
        let low = range.min.as_ref().map_or(Some(i64::MIN), |min| self.at_least(min))?;
        let high = range.max.as_ref().map_or(Some(i64::MAX), |max| self.at_most(max))?;
        Some((low, high))
    }

    fn of_bound(&self, bound: &Bound) -> Option<Value> {
        match (self, bound) {
            (Storage::Scaled(number, _), Bound::Number(bound)) => Some(number.value(*bound)),
            (Storage::Integer, Bound::Number(bound)) if bound.fract().is_zero() => {
                i64::try_from(*bound).ok().map(Value::Integer)
            }
            (Storage::Integer, Bound::Number(bound)) => Some(Value::Decimal(*bound)),
            (Storage::Date, Bound::Date(date)) => Some(Value::Date(*date)),
            _ => None,
        }
    }

    /// The first integers whose values are not less than a constant, and greater than it. Nothing where there are none.
    pub(crate) fn starts(&self, constant: &Value) -> [Option<i64>; 2] {
        let after = |bits: Option<i64>| [bits, bits.and_then(|bits| bits.checked_add(1))];
        let constant = &self.aligned(constant);
        match (self, constant) {
            (Storage::Scaled(_, decimals), Value::Decimal(number) | Value::Money(number) | Value::Percent(number)) => {
                match scaled(*number, *decimals) {
                    Some(grid) => after(Some(grid)),
                    // Between two numbers of the grid, or beyond it.
                    None => {
                        let floor = floor(*number, *decimals).and_then(|floor| i64::try_from(floor).ok());
                        [floor.and_then(|floor| floor.checked_add(1)), None]
                    }
                }
            }
            (Storage::Integer, Value::Decimal(number)) => {
                let floor = i64::try_from(number.floor()).ok();
                [floor.and_then(|floor| floor.checked_add(1)), None]
            }
            _ => after(self.bits(constant)),
        }
    }
}

/// A number times a power of ten, where that is a whole number that fits.
pub(crate) fn scaled(number: Decimal, decimals: u32) -> Option<i64> {
    let missing = decimals.checked_sub(number.scale());
    match missing {
        Some(missing) => i64::try_from(number.mantissa()).ok()?.checked_mul(10_i64.checked_pow(missing)?),
        None => {
            let normal = number.normalize();
            if normal.scale() > decimals { None } else { scaled(normal, decimals) }
        }
    }
}

fn coded(number: Decimal, decimals: u32) -> i64 {
    if let Some(grid) = scaled(number, decimals) {
        return grid.clamp(-FAR / 2, FAR / 2) * 2;
    }
    match floor(number, decimals).and_then(|floor| i64::try_from(floor).ok()) {
        Some(floor) => floor.clamp(-FAR / 2, FAR / 2) * 2 + 1,
        None if number.is_sign_negative() => -FAR,
        None => FAR,
    }
}

/// A number times a power of ten, cut to the next whole number below.
fn floor(number: Decimal, decimals: u32) -> Option<i128> {
    match number.scale().checked_sub(decimals) {
        Some(surplus) => Some(number.mantissa().div_euclid(10_i128.checked_pow(surplus)?)),
        None => number.mantissa().checked_mul(10_i128.checked_pow(decimals - number.scale())?),
    }
}

fn position(words: &[Arc<str>], word: &str) -> Option<i64> {
    words.iter().position(|known| **known == *word).and_then(|index| i64::try_from(index).ok())
}

fn word(words: &[Arc<str>], bits: i64) -> Arc<str> {
    usize::try_from(bits).ok().and_then(|index| words.get(index)).cloned().unwrap_or_else(|| Arc::from(""))
}

fn day_number(date: NaiveDate) -> i64 {
    i64::from(chrono::Datelike::num_days_from_ce(&date))
}

/// An instant in microseconds, where it has no finer part.
pub(crate) fn micros(instant: DateTime<Utc>) -> Option<i64> {
    (instant.timestamp_subsec_nanos().is_multiple_of(1000)).then(|| instant.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::number;
    use crate::value::ops::{self, Comparison};

    fn numbers() -> Vec<Decimal> {
        let texts = [
            "0",
            "0.01",
            "-0.01",
            "0.015",
            "-0.015",
            "1",
            "2.5",
            "1234.56",
            "1234.565",
            "-7",
            "92233720368547758.07",
            "92233720368547758.08",
            "9223372036854775807",
            "9999999999999999999999999999",
            "-9999999999999999999999999999",
            "0.0000000000000000000000000001",
            "-0.0000000000000000000000000001",
            "1152921504606846976",
            "1152921504606846977",
        ];
        texts.iter().map(|text| number::parse(text).expect("a number")).collect()
    }

    #[test]
    fn an_exact_storage_gives_each_value_back() {
        for number in numbers() {
            let storage = Storage::Scaled(Number::Money, 2);
            if let Some(bits) = storage.bits(&Value::Money(number)) {
                assert_eq!(storage.value(bits), Value::Money(number));
            } else {
                assert!(number.scale() > 2 || number.abs() > Decimal::new(i64::MAX, 2), "{number}");
            }
        }
    }

    #[test]
    fn tests_with_constants_come_out_the_same_for_a_value_and_its_integer() {
        let comparisons = [
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ];
        let mut count = 0;
        for storage in [Storage::Scaled(Number::Money, 2), Storage::Position(Number::Money, 2)] {
            for constant in numbers().into_iter().map(Value::Money).filter(|constant| storage.can_tell(constant)) {
                let starts = storage.starts(&constant);
                for value in numbers().into_iter().map(Value::Money) {
                    let Some(bits) = storage.bits(&value) else { continue };
                    // The first integer of the stretch in which the value stands.
                    let first = starts.iter().flatten().filter(|start| **start <= bits).max().copied();
                    let stands_for = storage.value(first.unwrap_or(-FAR));
                    for comparison in comparisons {
                        let wanted = ops::compare(comparison, &value, &constant);
                        assert_eq!(
                            ops::compare(comparison, &stands_for, &constant),
                            wanted,
                            "{value:?} {} {constant:?} in {storage:?}",
                            comparison.symbol()
                        );
                        count += 1;
                    }
                }
            }
        }
        assert!(count > 1000, "{count}");
    }
}
