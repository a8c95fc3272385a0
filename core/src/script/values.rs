//! Values across the border to a script and back, each exactly as it is.
//!
//! Booleans, integers, decimals and texts are Rhai's own; `none` is `()`. All others are carried in types that scripts
//! read and pass on, and make with the functions of the language. What is not known has no value: reading it ends the
//! call.

use std::sync::Arc;

use rhai::{Array, Dynamic, ImmutableString, Map};
use rust_decimal::Decimal;

use crate::value::{Failure, Outcome, RecordType, Type, Value};

/// A value that Rhai has no type for: money, percentages, dates, instants, durations, zones.
#[derive(Clone, Debug)]
pub(super) struct Held(pub(super) Value);

/// A list of the case, with the type of its items.
///
/// INVARIANT: each item has a value.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) items: Arc<[Outcome]>,
    of: Type,
}

/// A record of the case: its parts have the names of the type's fields.
#[derive(Clone, Debug)]
pub(super) struct Record {
    parts: Arc<[Outcome]>,
    of: Arc<RecordType>,
}

/// An argument of a parameter that takes what is not known.
#[derive(Clone, Debug)]
pub(super) struct Perhaps {
    pub(super) outcome: Outcome,
    pub(super) of: Type,
}

/// What a script gives that is no value of a pack, in a word.
#[derive(Debug)]
pub(super) struct Foreign(pub(super) String);

/// A value of a type as a script sees it.
///
/// # Errors
/// Why it has none.
pub(super) fn into_script(outcome: &Outcome, base: &Type) -> Result<Dynamic, Failure> {
    Ok(match (outcome.as_ref().map_err(Clone::clone)?, base) {
        (Value::None, _) => Dynamic::UNIT,
        (Value::Boolean(value), _) => (*value).into(),
        (Value::Integer(value), _) => (*value).into(),
        (Value::Decimal(value), _) => Dynamic::from(*value),
        (Value::Text(value), _) => ImmutableString::from(&**value).into(),
        (Value::List(items), base) => {
            if let Some(failure) = missing_item(items) {
                return Err(failure);
            }
            let of = match base {
                Type::List(item) => item.base.clone(),
                _ => Type::Any,
            };
            Dynamic::from(List { items: items.clone(), of })
        }
        (Value::Record(parts), Type::Record(record)) => {
            Dynamic::from(Record { parts: parts.clone(), of: record.clone() })
        }
        (value, _) => Dynamic::from(Held(value.clone())),
    })
}

/// What a script holds as a value of a pack.
pub(super) fn out_of_script(held: &Dynamic) -> Result<Value, Foreign> {
    at_depth(held, 0)
}

/// How deep lists lie in lists, at the most.
const DEPTH: usize = 32;

fn at_depth(held: &Dynamic, depth: usize) -> Result<Value, Foreign> {
    if depth > DEPTH {
        return Err(Foreign(format!("a list that nests deeper than {DEPTH}")));
    }
    if held.is_unit() {
        return Ok(Value::None);
    }
    if let Ok(value) = held.as_bool() {
        return Ok(Value::Boolean(value));
    }
    if let Ok(value) = held.as_int() {
        return Ok(Value::Integer(value));
    }
    if let Some(value) = held.read_lock::<Decimal>() {
        return Ok(Value::Decimal(value.normalize()));
    }
    if let Some(text) = held.read_lock::<ImmutableString>() {
        return Ok(Value::text(text.as_str()));
    }
    if let Some(held) = held.read_lock::<Held>() {
        return Ok(held.0.clone());
    }
    if let Some(list) = held.read_lock::<List>() {
        return Ok(Value::List(list.items.clone()));
    }
    if let Some(record) = held.read_lock::<Record>() {
        return Ok(Value::Record(record.parts.clone()));
    }
    if let Some(items) = held.read_lock::<Array>() {
        let items: Result<Vec<Outcome>, Foreign> =
            items.iter().map(|item| Ok(Ok(at_depth(item, depth + 1)?))).collect();
        return Ok(Value::List(items?.into()));
    }
    let word = match () {
        () if held.is::<Map>() => "a map",
        () if held.is::<Perhaps>() => "what may not be known: write `.value`",
        () if held.is_fnptr() => "a function",
        () if held.is_char() => "a character",
        () => "a range",
    };
    Err(Foreign(word.to_owned()))
}

/// The word for what a script holds, for messages.
pub(super) fn word(held: &Dynamic) -> String {
    out_of_script(held).map_or_else(|Foreign(word)| word, |value| word_of(&value).to_owned())
}

fn word_of(value: &Value) -> &'static str {
    match value {
        Value::None => "none",
        Value::Boolean(_) => "a boolean",
        Value::Integer(_) => "an integer",
        Value::Decimal(_) => "a decimal",
        Value::Money(_) => "money",
        Value::Percent(_) => "a percentage",
        Value::Text(_) => "a text",
        Value::Date(_) => "a date",
        Value::Timestamp(_) => "a timestamp",
        Value::Duration(_) => "a duration",
        Value::Zone(_) => "a zone",
        Value::List(_) => "a list",
        Value::Record(_) => "a record",
    }
}

/// Why an item of a list has no value. Parts of records are asked when they are read.
fn missing_item(items: &[Outcome]) -> Option<Failure> {
    let failures = items.iter().filter_map(|item| match item {
        Err(failure) => Some(failure.clone()),
        Ok(Value::List(items)) => missing_item(items),
        Ok(_) => None,
    });
    failures.reduce(Failure::and)
}

impl List {
    /// The items as a script sees them.
    pub(super) fn held(&self) -> impl Iterator<Item = Dynamic> {
        self.items.iter().filter_map(|item| into_script(item, &self.of).ok())
    }

    /// The item at a place; nothing where there is none.
    pub(super) fn item(&self, index: usize) -> Option<Dynamic> {
        into_script(self.items.get(index)?, &self.of).ok()
    }
}

impl Record {
    /// A part by its name; nothing where the record has no such field.
    pub(super) fn part(&self, name: &str) -> Option<Result<Dynamic, Failure>> {
        let index = self.of.index_of(name)?;
        let base = &self.of.fields.get(index)?.base;
        Some(into_script(self.parts.get(index)?, base))
    }

    /// What the record is called.
    pub(super) fn name(&self) -> &str {
        &self.of.name
    }

    /// The names of its fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.of.fields.iter().map(|field| &*field.name)
    }
}
