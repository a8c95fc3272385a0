//! The record `case`: fields of every type, with every kind of absence, and how YAML says them.

use std::sync::Arc;

use chrono::NaiveDate;

use super::random::Random;
use super::values::{self, Anchors, Limits};
use crate::source::Sources;
use crate::value::{
    Absence, Bound, DurationUnit, Field, ItemRules, ItemType, Range, RecordType, Rounding, Type, Value, number,
};

/// Makes fields with names that no other thing of the pack has.
pub(super) struct Fields<'a> {
    pub(super) random: &'a mut Random,
    pub(super) anchors: &'a Anchors,
    pub(super) words: &'a [Arc<[Arc<str>]>],
    pub(super) currency_decimals: u32,
    /// How many names were given.
    pub(super) count: usize,
}

impl Fields<'_> {
    /// The record of a pack.
    pub(super) fn case(&mut self) -> RecordType {
        let mut key = field("case_id", Type::Text);
        if self.random.chance(20) {
            key.base = Type::Integer;
        }
        key.key = true;
        let mut fields = vec![key];
        let count = match self.random.below(100) {
            0..4 => 3,
            4..90 => 6 + self.random.below(10),
            _ => 30 + self.random.below(50),
        };
        // What most rules are about is always there.
        for base in [Type::Integer, Type::Money] {
            let name = self.name("f");
            let field = self.scalar(&name, base);
            fields.push(field);
        }
        let mut has_place = self.random.chance(35);
        if has_place {
            fields.push(self.places());
        }
        while fields.len() < count {
            let name = self.name("f");
            let mut field = match self.random.below(100) {
                0..18 => self.list(&name, 1),
                18..24 => self.record(&name, 1),
                _ => {
                    let base = self.scalar_type();
                    self.scalar(&name, base)
                }
            };
            let is_zones = match &field.base {
                Type::Zone => true,
                Type::List(item) => item.base == Type::Zone,
                _ => false,
            };
            if is_zones && !has_place && self.random.chance(70) {
                field.place = true;
                has_place = true;
            }
            field.private = self.random.chance(8);
            field.decides = !self.random.chance(2);
            fields.push(field);
        }
        RecordType { name: Arc::from("case"), fields, ignores_unknown_fields: self.random.chance(10) }
    }

    /// Where the debtor may be: a zone, or several.
    fn places(&mut self) -> Field {
        let name = self.name("f");
        let mut place = self.scalar(&name, Type::Zone);
        if self.random.chance(50) {
            let item = plain_item(Type::Zone);
            place = field(&name, Type::List(Arc::new(item)));
            place.absence = self.absence_of_many(true);
        }
        place.place = true;
        place
    }

    fn name(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{}", self.count)
    }

    fn scalar_type(&mut self) -> Type {
        match self.random.weighted(&[16, 16, 9, 7, 10, 14, 10, 6, 6, 6, 3]) {
            0 => Type::Integer,
            1 => Type::Money,
            2 => Type::Decimal,
            3 => Type::Percent,
            4 => Type::Boolean,
            5 => Type::Choice(self.random.pick(self.words).clone()),
            6 => Type::Date,
            7 => Type::Timestamp,
            8 => Type::Duration(self.unit()),
            9 => Type::Text,
            _ => Type::Zone,
        }
    }

    fn unit(&mut self) -> DurationUnit {
        *self.random.pick(&[
            DurationUnit::Days,
            DurationUnit::Days,
            DurationUnit::Exact,
            DurationUnit::Months,
            DurationUnit::BusinessDays,
        ])
    }

    fn scalar(&mut self, name: &str, base: Type) -> Field {
        let mut field = field(name, base);
        let limits = self.limits(&field.base);
        field.decimals = limits.decimals;
        field.range = limits.range;
        field.absence = match self.random.below(100) {
            0..32 => Absence::Refused,
            32..58 => Absence::None,
            58..82 => Absence::Unknown,
            _ => Absence::Default(self.anchors.value(self.random, &field.base, &limits_of(&field), &[])),
        };
        field
    }

    /// Decimals and bounds that a field or output of this type may have.
    pub(super) fn limits(&mut self, base: &Type) -> Limits {
        let decimals = match base {
            Type::Money => Some(self.currency_decimals),
            Type::Decimal => Some(*self.random.pick(&[2, 2, 3, 4, 0, 10, 28])),
            _ => None,
        };
        let whole = |bound: i64| Some(Bound::Number(bound.into()));
        let range = match (base, self.random.below(100)) {
            (Type::Integer | Type::Money, 0..25) => Range { min: whole(0), max: None },
            (Type::Integer, 25..40) => {
                Range { min: whole(self.random.between(-9, 1)), max: whole(self.random.between(30, 900)) }
            }
            (Type::Integer, 40..44) => Range { min: whole(i64::MIN), max: whole(i64::MAX) },
            (Type::Money | Type::Decimal, 25..35) => {
                Range { min: whole(-1), max: whole(self.random.between(100, 9_000)) }
            }
            (Type::Money, 35..40) => Range {
                min: number::parse("0.01").map(Bound::Number).filter(|_| self.currency_decimals > 1),
                max: None,
            },
            (Type::Percent, 0..40) => Range { min: whole(0), max: whole(100) },
            (Type::Date, 0..15) => Range { min: NaiveDate::from_ymd_opt(1950, 1, 1).map(Bound::Date), max: None },
            (Type::Text, 0..20) => Range { min: whole(1), max: whole(8) },
            _ => Range::default(),
        };
        Limits { decimals, range }
    }

    /// A list of single values, of records, now and then of lists.
    fn list(&mut self, name: &str, depth: usize) -> Field {
        let item = match self.random.below(100) {
            0..35 => self.scalar_item(name),
            35..40 if depth > 0 => {
                let inner = self.scalar_item(name);
                plain_item(Type::List(Arc::new(inner)))
            }
            _ => {
                let mut record = self.items(name, depth);
                if self.random.chance(80) {
                    let time = self.name("g");
                    let base = if self.random.chance(60) { Type::Timestamp } else { Type::Date };
                    let mut time = field(&time, base);
                    time.time = true;
                    time.absence = match self.random.below(10) {
                        0 => Absence::None,
                        1 => Absence::Unknown,
                        _ => Absence::Refused,
                    };
                    record.fields.push(time);
                }
                plain_item(Type::Record(Arc::new(record)))
            }
        };
        let mut field = field(name, Type::List(Arc::new(item)));
        field.absence = self.absence_of_many(true);
        if self.random.chance(15) {
            let max = Some(Bound::Number(self.random.between(30, 400).into()));
            field.range = Range { min: None, max };
        }
        field
    }

    fn scalar_item(&mut self, name: &str) -> ItemType {
        let base = self.scalar_type();
        let field = self.scalar(name, base);
        let maybe_none = field.maybe_none();
        let rules = ItemRules {
            decimals: field.decimals,
            range: field.range,
            private: self.random.chance(5),
            absence_is_unknown: matches!(field.absence, Absence::Unknown),
        };
        ItemType { base: field.base, maybe_none, rules }
    }

    fn items(&mut self, name: &str, depth: usize) -> RecordType {
        let mut fields = Vec::new();
        for _ in 0..1 + self.random.below(4) {
            let name = self.name("g");
            let mut field = match self.random.below(100) {
                0..6 if depth > 0 => self.list(&name, 0),
                6..12 if depth > 0 => self.record(&name, 0),
                _ => {
                    let base = self.scalar_type();
                    self.scalar(&name, base)
                }
            };
            field.private = self.random.chance(4);
            fields.push(field);
        }
        RecordType { name: Arc::from(name), fields, ignores_unknown_fields: false }
    }

    fn record(&mut self, name: &str, depth: usize) -> Field {
        let record = self.items(name, depth);
        let mut field = field(name, Type::Record(Arc::new(record)));
        field.absence = self.absence_of_many(false);
        field
    }

    fn absence_of_many(&mut self, is_list: bool) -> Absence {
        match self.random.below(100) {
            0..30 => Absence::Refused,
            30..50 => Absence::None,
            50..60 if is_list => Absence::Default(Value::List(Arc::from([]))),
            _ => Absence::Unknown,
        }
    }
}

/// A field that must be given.
pub(super) fn field(name: &str, base: Type) -> Field {
    let mut sources = Sources::default();
    let source = sources.add("", "");
    Field::new(name, base, sources.head(source))
}

/// What values of a field keep to.
pub(super) fn limits_of(field: &Field) -> Limits {
    Limits { decimals: field.decimals, range: field.range.clone() }
}

fn plain_item(base: Type) -> ItemType {
    ItemType { base, maybe_none: false, rules: ItemRules::default() }
}

/// A field as YAML in one line.
pub(super) fn yaml(field: &Field) -> String {
    let mut keys = type_keys(&field.base, field.decimals, &field.range);
    match &field.absence {
        Absence::Refused => {}
        Absence::None => keys.push("absent: none".to_owned()),
        Absence::Unknown => keys.push("absent: unknown".to_owned()),
        Absence::Default(Value::List(_)) => keys.push("default: []".to_owned()),
        Absence::Default(value) => keys.push(format!("default: '{}'", values::plain(value))),
    }
    for (holds, key) in [
        (field.key, "key: true"),
        (field.private, "private: true"),
        (!field.decides, "decides: false"),
        (field.time, "time: true"),
        (field.place, "place: true"),
    ] {
        if holds {
            keys.push(key.to_owned());
        }
    }
    if field.rounding != Rounding::default() {
        let name = match field.rounding {
            Rounding::HalfUp => "half_up",
            Rounding::HalfEven => "half_even",
            Rounding::Up => "up",
            Rounding::Down => "down",
        };
        keys.push(format!("rounding: {name}"));
    }
    format!("{{{}}}", keys.join(", "))
}

fn type_keys(base: &Type, decimals: Option<u32>, range: &Range) -> Vec<String> {
    let mut keys = vec![format!("type: {}", base.word())];
    match base {
        Type::Choice(words) => keys.push(format!("of: [{}]", words.join(", "))),
        Type::Duration(unit) => keys.push(format!("unit: {}", unit_name(*unit))),
        Type::Decimal => keys.push(format!("decimals: {}", decimals.unwrap_or(2))),
        Type::Record(record) => keys.push(format!("fields: {}", fields(record))),
        Type::List(item) => keys.push(format!("of: {}", item_yaml(item))),
        _ => {}
    }
    for (key, bound) in [("min", range.min), ("max", range.max)] {
        match bound {
            Some(Bound::Number(number)) => keys.push(format!("{key}: {number}")),
            Some(Bound::Date(date)) => keys.push(format!("{key}: {date}")),
            None => {}
        }
    }
    keys
}

fn item_yaml(item: &ItemType) -> String {
    if let Type::Record(record) = &item.base {
        return fields(record);
    }
    let mut keys = type_keys(&item.base, item.rules.decimals, &item.rules.range);
    if item.maybe_none {
        keys.push("absent: none".to_owned());
    } else if item.rules.absence_is_unknown {
        keys.push("absent: unknown".to_owned());
    }
    if item.rules.private {
        keys.push("private: true".to_owned());
    }
    format!("{{{}}}", keys.join(", "))
}

fn fields(record: &RecordType) -> String {
    let fields: Vec<String> = record.fields.iter().map(|field| format!("{}: {}", field.name, yaml(field))).collect();
    format!("{{{}}}", fields.join(", "))
}

fn unit_name(unit: DurationUnit) -> &'static str {
    match unit {
        DurationUnit::Days => "days",
        DurationUnit::Months => "months",
        DurationUnit::BusinessDays => "business days",
        DurationUnit::Exact => "hours",
    }
}
