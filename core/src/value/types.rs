//! Types of values, and the records that a pack declares.

use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Rounding, Value};
use crate::source::Span;

/// The type of a value, leaving aside whether it may be none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Text,
    /// One of these words.
    Choice(Arc<[Arc<str>]>),
    Boolean,
    Integer,
    Decimal,
    Money,
    Percent,
    Date,
    Timestamp,
    Duration(DurationUnit),
    Zone,
    List(Arc<ItemType>),
    Record(Arc<RecordType>),
    /// The type of `none`, `unknown` and of what was refused already: goes with anything.
    Any,
}

/// The items of a list.
#[derive(Clone, Debug)]
pub(crate) struct ItemType {
    pub(crate) base: Type,
    pub(crate) maybe_none: bool,
    pub(crate) rules: ItemRules,
}

/// What a record's declaration asks of the items of a list, beside their type.
#[derive(Clone, Debug, Default)]
pub(crate) struct ItemRules {
    pub(crate) decimals: Option<u32>,
    pub(crate) range: Range,
    pub(crate) private: bool,
    pub(crate) absence_is_unknown: bool,
}

impl PartialEq for ItemType {
    fn eq(&self, other: &ItemType) -> bool {
        self.base == other.base && self.maybe_none == other.maybe_none
    }
}

/// The kinds of durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DurationUnit {
    Days,
    Months,
    BusinessDays,
    Exact,
}

impl Type {
    /// A list of values of this type.
    pub(crate) fn list(base: Type, maybe_none: bool) -> Type {
        Type::List(Arc::new(ItemType { base, maybe_none, rules: ItemRules::default() }))
    }

    /// Whether values of this type are numbers.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Type::Integer | Type::Decimal | Type::Money | Type::Percent)
    }

    /// Whether values of this type have an order.
    pub(crate) fn is_ordered(&self) -> bool {
        self.is_number() || matches!(self, Type::Date | Type::Timestamp | Type::Duration(_) | Type::Any)
    }

    /// The type's one word, as packs write it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Choice(_) => "choice",
            Type::Boolean => "boolean",
            Type::Integer => "integer",
            Type::Decimal => "decimal",
            Type::Money => "money",
            Type::Percent => "percent",
            Type::Date => "date",
            Type::Timestamp => "timestamp",
            Type::Duration(_) => "duration",
            Type::Zone => "zone",
            Type::List(_) => "list",
            Type::Record(_) => "record",
            Type::Any => "none",
        }
    }

    /// The words of all types that a field may have.
    pub(crate) const WORDS: [&'static str; 13] = [
        "text",
        "choice",
        "boolean",
        "integer",
        "decimal",
        "money",
        "percent",
        "date",
        "timestamp",
        "duration",
        "zone",
        "list",
        "record",
    ];
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::List(item) => write!(f, "list of {}", item.base),
            Type::Duration(DurationUnit::Days) => f.write_str("duration in days"),
            Type::Duration(DurationUnit::Months) => f.write_str("duration in months"),
            Type::Duration(DurationUnit::BusinessDays) => f.write_str("duration in business days"),
            Type::Duration(DurationUnit::Exact) => f.write_str("exact duration"),
            other => f.write_str(other.word()),
        }
    }
}

/// A record: `case`, or an item of a list.
#[derive(Clone, Debug)]
pub(crate) struct RecordType {
    pub(crate) name: Arc<str>,
    pub(crate) fields: Vec<Field>,
    /// Whether fields that are not declared are passed over.
    pub(crate) ignores_unknown_fields: bool,
}

impl PartialEq for RecordType {
    fn eq(&self, other: &RecordType) -> bool {
        let alike = |(a, b): (&Field, &Field)| a.name == b.name && a.base == b.base && a.maybe_none() == b.maybe_none();
        std::ptr::eq(self, other)
            || self.fields.len() == other.fields.len() && self.fields.iter().zip(&other.fields).all(alike)
    }
}

impl RecordType {
    /// The place of a field among the record's fields.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| &*field.name == name)
    }

    /// The field that holds the time of an item.
    pub(crate) fn time_index(&self) -> Option<usize> {
        self.fields.iter().position(|field| field.time)
    }

    /// The field that tells records apart.
    pub(crate) fn key_index(&self) -> Option<usize> {
        self.fields.iter().position(|field| field.key)
    }
}

/// A field of a record.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    pub(crate) base: Type,
    pub(crate) absence: Absence,
    pub(crate) about: Option<String>,
    pub(crate) range: Range,
    /// The most decimals of a decimal; money has its currency's.
    pub(crate) decimals: Option<u32>,
    /// How a value is rounded that a formula computes.
    pub(crate) rounding: Rounding,
    pub(crate) key: bool,
    pub(crate) private: bool,
    pub(crate) decides: bool,
    pub(crate) time: bool,
    pub(crate) place: bool,
    /// Whether it holds the channel that the debtor prefers.
    pub(crate) preferred_channel: bool,
    /// Whether it holds the language that the debtor is written to in.
    pub(crate) language: bool,
    pub(crate) span: Span,
}

impl Field {
    /// A field of a type that must be given, and of which nothing else is said.
    pub(crate) fn new(name: &str, base: Type, span: Span) -> Field {
        Field {
            name: Arc::from(name),
            base,
            absence: Absence::Refused,
            about: None,
            range: Range::default(),
            decimals: None,
            rounding: Rounding::default(),
            key: false,
            private: false,
            decides: true,
            time: false,
            place: false,
            preferred_channel: false,
            language: false,
            span,
        }
    }

    /// Whether a value of this field may be none.
    pub(crate) fn maybe_none(&self) -> bool {
        matches!(self.absence, Absence::None)
    }
}

/// What it means that a field is not there.
#[derive(Clone, Debug)]
pub(crate) enum Absence {
    /// The record is refused.
    Refused,
    None,
    Unknown,
    Default(Value),
}

/// The values that a field may have: bounds, both included. For text and lists, bounds of the length.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Range {
    pub(crate) min: Option<Bound>,
    pub(crate) max: Option<Bound>,
}

/// A bound of a range.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Bound {
    Number(Decimal),
    Date(NaiveDate),
}
