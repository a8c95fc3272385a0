//! Records for a pack: values at the borders of its rules, none, unknown, extremes, long and empty lists.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::fields::limits_of;
use super::random::Random;
use super::values::{self, Anchors, Limits};
use crate::calendar::{add_days, add_months};
use crate::value::{Absence, Duration, Field, ItemType, RecordType, Type, Value};

/// What one record is written from.
pub(super) struct Cases<'a> {
    pub(super) anchors: &'a Anchors,
    pub(super) borders: &'a BTreeMap<String, Vec<Value>>,
    pub(super) as_of: DateTime<Utc>,
    pub(super) today: NaiveDate,
    pub(super) random: Random,
    pub(super) mood: Mood,
}

/// How often, in a hundred times, a record leaves things out, or goes to the ends of a type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mood {
    pub(super) missing: usize,
    pub(super) huge: usize,
    pub(super) long_lists: usize,
}

impl Mood {
    pub(super) fn new(random: &mut Random) -> Mood {
        Mood {
            missing: *random.pick(&[0, 0, 3, 10, 10, 20, 40]),
            huge: *random.pick(&[0, 0, 1, 1, 4, 25]),
            long_lists: *random.pick(&[0, 0, 0, 2]),
        }
    }
}

const UNKNOWN: &str = "{\"unknown\": true}";

impl Cases<'_> {
    /// The fields of a record as JSON.
    pub(super) fn record(&mut self, record: &RecordType, prefix: &str) -> String {
        let mut parts = Vec::new();
        for field in &record.fields {
            let path = if prefix.is_empty() { field.name.to_string() } else { format!("{prefix}.{}", field.name) };
            if let Some(value) = self.field(field, &path) {
                parts.push(format!("\"{}\": {value}", field.name));
            }
        }
        if record.ignores_unknown_fields && self.random.chance(30) {
            parts.push("\"remark\": \"not declared\"".to_owned());
        }
        format!("{{{}}}", parts.join(", "))
    }

    /// A field's value; nothing where its key is left out.
    fn field(&mut self, field: &Field, path: &str) -> Option<String> {
        if field.key {
            let number = self.random.below(100_000);
            return Some(if field.base == Type::Integer { number.to_string() } else { format!("\"C-{number}\"") });
        }
        let is_required = matches!(field.absence, Absence::Refused);
        let missing = if is_required { self.mood.missing / 2 } else { self.mood.missing };
        if self.random.chance(missing) {
            return match self.random.below(4) {
                0 => Some(UNKNOWN.to_owned()),
                _ if is_required => Some(UNKNOWN.to_owned()),
                1 => Some("null".to_owned()),
                _ => None,
            };
        }
        if field.time {
            return Some(self.time(field, path));
        }
        match &field.base {
            Type::Record(record) => Some(self.record(record, path)),
            Type::List(item) => Some(self.list(item, field, path)),
            _ => Some(self.single(&field.base, &limits_of(field), path)),
        }
    }

    fn single(&mut self, base: &Type, limits: &Limits, path: &str) -> String {
        let extreme =
            if self.random.chance(self.mood.huge) { values::huge(&mut self.random, base, limits) } else { None };
        let borders = self.borders.get(path).map_or(&[][..], Vec::as_slice);
        let value = match extreme {
            Some(value) => value,
            None => self.anchors.value(&mut self.random, base, limits, borders),
        };
        values::json(&value, &mut self.random, limits.decimals)
    }

    fn list(&mut self, item: &ItemType, field: &Field, path: &str) -> String {
        let most = match field.range.max {
            Some(crate::value::Bound::Number(most)) => usize::try_from(most).unwrap_or(300),
            _ => 300,
        };
        let count = match self.random.below(100) {
            _ if self.random.chance(self.mood.long_lists) => 300,
            0..18 => 0,
            18..80 => 1 + self.random.below(4),
            _ => 5 + self.random.below(16),
        };
        let path = format!("{path}[]");
        let limits = Limits { decimals: item.rules.decimals, range: item.rules.range.clone() };
        let items: Vec<String> = (0..count.min(most))
            .map(|_| {
                if self.random.chance(self.mood.missing / 3) {
                    let is_null = (item.maybe_none || item.rules.absence_is_unknown) && self.random.chance(50);
                    return if is_null { "null".to_owned() } else { UNKNOWN.to_owned() };
                }
                match &item.base {
                    Type::Record(record) => self.record(record, &path),
                    Type::List(inner) => {
                        let inner_field = Field { range: Default::default(), ..field.clone() };
                        self.list(inner, &inner_field, &path)
                    }
                    base => self.single(base, &limits, &path),
                }
            })
            .collect();
        format!("[{}]", items.join(", "))
    }

    /// When an item happened: not after the decision, and often at the edge of a window.
    fn time(&mut self, field: &Field, path: &str) -> String {
        let windows = self.borders.get(&format!("{path} in")).map_or(&[][..], Vec::as_slice);
        let back = match windows.is_empty() {
            false if self.random.chance(60) => match self.random.pick(windows) {
                Value::Duration(duration) => *duration,
                _ => Duration::Days(0),
            },
            _ => Duration::Days(self.random.between(0, 40)),
        };
        let nudge = *self.random.pick(&[0, 0, 1, -1]);
        let far = self.random.chance(self.mood.huge);
        let moved = match back {
            Duration::Days(days) | Duration::BusinessDays(days) => add_days(self.today, -days),
            Duration::Months(months) => add_months(self.today, -months),
            Duration::Exact(seconds) if field.base == Type::Timestamp => {
                let instant = values::later(self.as_of, -seconds + nudge).min(self.as_of);
                return values::json(&Value::Timestamp(instant), &mut self.random, None);
            }
            Duration::Exact(seconds) => add_days(self.today, -seconds / 86_400),
        };
        let date = if far { NaiveDate::MIN } else { moved.unwrap_or(self.today) };
        let date = values::moved(date, nudge).min(self.today).max(NaiveDate::from_ymd_opt(1, 1, 1).expect("a day"));
        let value = match field.base {
            Type::Date => Value::Date(date),
            _ => {
                let second = self.random.between(0, 86_399);
                let midnight = date.and_hms_opt(0, 0, 0).expect("a midnight").and_utc();
                Value::Timestamp(values::later(midnight, second).min(self.as_of))
            }
        };
        values::json(&value, &mut self.random, None)
    }
}
