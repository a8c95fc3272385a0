//! Values that packs and cases gather around: what lies at a border, one step beside it, and at the ends of a type.
//!
//! Also how a value is written in a cell, in an expression, in YAML and in JSON.

use chrono::{DateTime, Datelike, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::random::Random;
use crate::value::{Bound, Duration, DurationUnit, Range, Rounding, Type, Value, number, text};

/// What a value must keep to: the field or output that it is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    pub(super) decimals: Option<u32>,
    pub(super) range: Range,
}

/// The values of each type around which one pack gathers.
#[derive(Clone, Debug)]
pub(super) struct Anchors {
    integers: Vec<i64>,
    numbers: Vec<Decimal>,
    dates: Vec<NaiveDate>,
    instants: Vec<DateTime<Utc>>,
    texts: Vec<&'static str>,
    zones: Vec<Tz>,
    spans: Vec<i64>,
}

const TEXTS: [&str; 12] =
    ["", "a", "card", "Card", "a card", "loan 7", "none", "unknown", "Straße, 5", "x to y", "2026-01-01", "not a"];
const ZONES: [Tz; 6] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__Los_Angeles,
    Tz::Asia__Tokyo,
    Tz::Pacific__Kiritimati,
];

impl Anchors {
    pub(super) fn new(random: &mut Random, days: &[NaiveDate], instants: &[DateTime<Utc>]) -> Anchors {
        let mut integers = vec![0, 1, random.between(2, 40), random.between(20, 900)];
        let mut numbers: Vec<Decimal> = vec![
            Decimal::ZERO,
            Decimal::ONE,
            Decimal::new(random.between(1, 90_000), 2),
            Decimal::new(random.between(1, 5_000), 1),
        ];
        let mut dates = Vec::new();
        for day in days {
            dates.push(*day);
            dates.push(moved(*day, -random.between(1, 60)));
            dates.push(moved(*day, -random.between(60, 900)));
        }
        let mut moments: Vec<DateTime<Utc>> = instants.to_vec();
        for instant in instants {
            moments.push(later(*instant, -random.between(1, 200) * 3_600));
        }
        let mut spans = vec![0, 1, random.between(2, 10), random.between(5, 90)];
        if random.chance(25) {
            let extreme = [i64::MAX, i64::MAX - 1, i64::MIN, i64::MIN + 1, 1 << 53, 999_999_999_999_999_999];
            integers.push(*random.pick(&extreme));
        }
        if random.chance(35) {
            let text = *random.pick(&EXTREME_NUMBERS);
            numbers.push(number::parse(text).expect("a number"));
        }
        if random.chance(20) {
            let far = [(1, 1, 1), (1, 1, 2), (9999, 12, 31), (9999, 12, 30), (2024, 2, 29), (1900, 2, 28)];
            let (year, month, day) = *random.pick(&far);
            dates.push(NaiveDate::from_ymd_opt(year, month, day).expect("a day"));
        }
        if random.chance(15) {
            let far = ["0001-01-02T00:00:00Z", "9999-12-30T23:59:59Z", "1969-12-31T23:59:59Z"];
            moments.push(random.pick(&far).parse().expect("an instant"));
        }
        if random.chance(10) {
            spans.push(*random.pick(&[-1, 9_999_999, -400]));
        }
        let texts = (0..4).map(|_| *random.pick(&TEXTS)).collect();
        let zones = (0..3).map(|_| *random.pick(&ZONES)).collect();
        Anchors { integers, numbers, dates, instants: moments, texts, zones, spans }
    }

    /// A value of a type that its limits allow, near a border or one of these. Lists and records have none.
    pub(super) fn value(&self, random: &mut Random, base: &Type, limits: &Limits, borders: &[Value]) -> Value {
        let origin = match borders {
            [] => None,
            borders => random.chance(75).then(|| random.pick(borders).clone()),
        };
        let origin = origin.unwrap_or_else(|| self.anchor(random, base));
        let value = match random.below(100) {
            0..55 => origin,
            55..90 => {
                let sign = if random.chance(50) { 1 } else { -1 };
                beside(&origin, sign, limits.decimals)
            }
            _ => self.anchor(random, base),
        };
        allowed(random, value, limits)
    }

    fn anchor(&self, random: &mut Random, base: &Type) -> Value {
        match base {
            Type::Text => Value::text(*random.pick(&self.texts)),
            Type::Choice(words) => Value::Text(random.pick(words).clone()),
            Type::Boolean => Value::Boolean(random.chance(50)),
            Type::Integer => Value::Integer(*random.pick(&self.integers)),
            Type::Decimal => Value::Decimal(*random.pick(&self.numbers)),
            Type::Money => Value::Money(*random.pick(&self.numbers)),
            Type::Percent => Value::Percent(*random.pick(&self.numbers)),
            Type::Date => Value::Date(*random.pick(&self.dates)),
            Type::Timestamp => Value::Timestamp(*random.pick(&self.instants)),
            Type::Duration(DurationUnit::Exact) => {
                let unit = *random.pick(&[3_600, 60, 1, 86_400]);
                Value::Duration(Duration::Exact(random.pick(&self.spans) * unit))
            }
            Type::Duration(unit) => Value::Duration(Duration::of(*unit, *random.pick(&self.spans))),
            Type::Zone => Value::Zone(*random.pick(&self.zones)),
            Type::List(_) | Type::Record(_) | Type::Any => Value::None,
        }
    }
}

const EXTREME_NUMBERS: [&str; 10] = [
    "9999999999999999999999999999",
    "-9999999999999999999999999999",
    "92233720368547758.07",
    "92233720368547758.08",
    "0.0000000000000000000000000001",
    "1234567890123456.789012345678",
    "-0.01",
    "0.005",
    "33.3333333333333333333333",
    "79228162514264337593543950.33",
];

/// A value far from what people mean: beyond 63 bits of cents, with all digits, below zero.
pub(super) fn huge(random: &mut Random, base: &Type, limits: &Limits) -> Option<Value> {
    let mut extreme = || number::parse(&random.pick::<&str>(&EXTREME_NUMBERS)[..]).expect("a number");
    let value = match base {
        Type::Integer => Value::Integer(*random.pick(&[i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, -1, 1 << 62])),
        Type::Decimal => Value::Decimal(extreme()),
        Type::Money => Value::Money(extreme()),
        Type::Percent => Value::Percent(extreme()),
        Type::Date => {
            let far = [(1, 1, 1), (9999, 12, 31), (1582, 10, 15), (2024, 2, 29)];
            let (year, month, day) = *random.pick(&far);
            Value::Date(NaiveDate::from_ymd_opt(year, month, day).expect("a day"))
        }
        Type::Duration(unit @ (DurationUnit::Days | DurationUnit::Months | DurationUnit::BusinessDays)) => {
            Value::Duration(Duration::of(*unit, *random.pick(&[10_000_000, -10_000_000, -1, 4_000])))
        }
        Type::Duration(DurationUnit::Exact) => Value::Duration(Duration::Exact(*random.pick(&[1_000_000_000_000, -1]))),
        _ => return None,
    };
    Some(allowed(random, value, limits))
}

/// The nearest value that a field or output of these limits takes.
fn allowed(random: &mut Random, value: Value, limits: &Limits) -> Value {
    let (min, max) = (limits.range.min, limits.range.max);
    let fit = |number: Decimal| {
        let rounded = limits.decimals.map_or(number, |decimals| Rounding::Down.round(number, decimals));
        match (min, max) {
            (Some(Bound::Number(min)), _) if rounded < min => min,
            (_, Some(Bound::Number(max))) if rounded > max => max,
            _ => rounded,
        }
    };
    match value {
        Value::Integer(integer) => Value::Integer(i64::try_from(fit(integer.into())).unwrap_or(integer)),
        Value::Decimal(number) => Value::Decimal(fit(number)),
        Value::Money(number) => Value::Money(fit(number)),
        Value::Percent(number) => Value::Percent(fit(number)),
        Value::Date(date) => Value::Date(match (min, max) {
            (Some(Bound::Date(min)), _) if date < min => min,
            (_, Some(Bound::Date(max))) if date > max => max,
            _ => date,
        }),
        Value::Text(text) if text::within(&Value::Text(text.clone()), &limits.range).is_err() => {
            let fits: Vec<&str> =
                TEXTS.into_iter().filter(|text| text::within(&Value::text(*text), &limits.range).is_ok()).collect();
            Value::text(*random.pick(&fits))
        }
        other => other,
    }
}

/// The next value in one direction, by the smallest step that the type or the decimals have.
fn beside(value: &Value, sign: i64, decimals: Option<u32>) -> Value {
    let nudged = |number: Decimal| {
        let step = Decimal::new(sign, decimals.unwrap_or(number.scale() + 1).min(28));
        number::add(number, step).unwrap_or(number)
    };
    match value {
        Value::Integer(value) => Value::Integer(value.saturating_add(sign)),
        Value::Decimal(value) => Value::Decimal(nudged(*value)),
        Value::Money(value) => Value::Money(nudged(*value)),
        Value::Percent(value) => Value::Percent(nudged(*value)),
        Value::Date(value) => Value::Date(moved(*value, sign)),
        Value::Timestamp(value) => Value::Timestamp(later(*value, sign)),
        Value::Duration(value) if value.count().unsigned_abs() >= 10_000_000 => Value::Duration(*value),
        Value::Duration(value) => Value::Duration(Duration::of(value.unit(), value.count() + sign)),
        Value::Boolean(value) => Value::Boolean(!value),
        other => other.clone(),
    }
}

/// A date some days later, or itself where there is none.
pub(super) fn moved(date: NaiveDate, days: i64) -> NaiveDate {
    let step = Days::new(days.unsigned_abs());
    let moved = if days < 0 { date.checked_sub_days(step) } else { date.checked_add_days(step) };
    moved.filter(|moved| (1..=9999).contains(&moved.year())).unwrap_or(date)
}

/// An instant some seconds later, or itself where there is none.
pub(super) fn later(instant: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    TimeDelta::try_seconds(seconds)
        .and_then(|delta| instant.checked_add_signed(delta))
        .filter(|moved| (1..=9999).contains(&moved.year()))
        .unwrap_or(instant)
}

/// A value as a cell of a grid, or a plain value of YAML that needs no quotes, says it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::None => "none".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Decimal(value) | Value::Money(value) | Value::Percent(value) => value.to_string(),
        Value::Text(value) => value.to_string(),
        Value::Date(value) => value.format("%Y-%m-%d").to_string(),
        Value::Timestamp(value) => value.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        Value::Duration(value) => value.to_string(),
        Value::Zone(value) => value.name().to_owned(),
        Value::List(_) | Value::Record(_) => panic!("only single values are written"),
    }
}

/// A value as a cell says it: texts stand in quotes.
pub(super) fn cell(value: &Value, base: &Type) -> String {
    match value {
        Value::Text(text) if *base == Type::Text => format!("\"{text}\""),
        other => plain(other),
    }
}

/// A value as an expression says it, for types that have literals. Numbers of money and percent take their
/// neighbour's type.
pub(super) fn literal(value: &Value) -> Option<String> {
    let signed = |text: String| if text.starts_with('-') { format!("({text})") } else { text };
    Some(match value {
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => signed((*value).max(i64::MIN + 1).to_string()),
        Value::Decimal(value) | Value::Money(value) | Value::Percent(value) => {
            let text = value.normalize().to_string();
            match (text.contains('.'), text.len()) {
                (true, _) => signed(text),
                (false, 0..24) => signed(format!("{text}.0")),
                (false, _) => signed(format!("{}.5", text.get(..24)?)),
            }
        }
        Value::Text(text) => format!("\"{text}\""),
        Value::Date(date) => date.format("%Y-%m-%d").to_string(),
        Value::Duration(duration) => {
            let (count, unit) = match duration {
                Duration::Days(count) => (*count, "days"),
                Duration::Months(count) => (*count, "months"),
                Duration::BusinessDays(_) => return None,
                Duration::Exact(count) => (*count, "seconds"),
            };
            format!("{}.{unit}", signed(count.to_string()))
        }
        _ => return None,
    })
}

/// A value as JSON; some numbers as texts, some with zeros at the end, some as a negative zero.
pub(super) fn json(value: &Value, random: &mut Random, decimals: Option<u32>) -> String {
    match value {
        Value::None => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(0) if random.chance(3) => "-0".to_owned(),
        Value::Integer(value) if random.chance(5) => format!("\"{value}\""),
        Value::Integer(value) => value.to_string(),
        Value::Decimal(number) | Value::Money(number) | Value::Percent(number) => {
            let text = match (number.is_zero(), random.below(20)) {
                (true, 0) => "-0.0".to_owned(),
                (_, 1..4) if decimals.is_none_or(|decimals| decimals > number.scale()) && number.scale() < 20 => {
                    let mut longer = number.normalize();
                    longer.rescale(longer.scale() + 1);
                    longer.to_string()
                }
                _ => number.normalize().to_string(),
            };
            if random.chance(30) { format!("\"{text}\"") } else { text }
        }
        Value::Text(text) => format!("\"{text}\""),
        other => format!("\"{}\"", plain(other)),
    }
}
