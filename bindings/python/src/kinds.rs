//! The JSON of a decision as objects of Python: amounts, days and instants by what the decision's schema says of them.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use serde_json::Value as Json;

use crate::values;

/// The length of a day in text.
const DAY: usize = "2026-09-07".len();

/// What a value of a decision is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// As JSON has it: text, a whole number, true or false.
    Plain,
    /// A number with decimals, in text.
    Decimal,
    /// A day.
    Date,
    /// An instant.
    Instant,
    /// A day or an instant.
    DayOrInstant,
    /// A list of such.
    List(Box<Kind>),
    /// A record with these keys; others are plain.
    Record(BTreeMap<String, Kind>),
    /// A result: such a value, or unknown, or failed.
    Outcome(Box<Kind>),
}

impl Kind {
    /// What a JSON Schema describes.
    pub(crate) fn of(schema: &Json) -> Kind {
        if let Some(options) = schema.get("anyOf").and_then(Json::as_array) {
            // A text that may have one form or another.
            if schema.get("type").is_some() {
                return Kind::DayOrInstant;
            }
            let kind = options.first().map_or(Kind::Plain, Kind::of);
            let has = |key: &str| options.iter().any(|option| option.pointer(&format!("/properties/{key}")).is_some());
            return if has("unknown") && has("error") { Kind::Outcome(Box::new(kind)) } else { kind };
        }
        if let Some(items) = schema.get("items") {
            return Kind::List(Box::new(Kind::of(items)));
        }
        if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
            return Kind::Record(properties.iter().map(|(key, schema)| (key.clone(), Kind::of(schema))).collect());
        }
        match schema.get("format").and_then(Json::as_str) {
            Some("date") => Kind::Date,
            Some("date-time") => Kind::Instant,
            _ if schema.get("pattern").is_some() => Kind::Decimal,
            _ => Kind::Plain,
        }
    }

    /// What the part of a decision is that has a key.
    pub(crate) fn of_part(&self, key: &str) -> &Kind {
        match self {
            Kind::Record(kinds) => kinds.get(key).unwrap_or(&Kind::Plain),
            _ => &Kind::Plain,
        }
    }

    /// A value that `json.loads` gave, as what it is; one that was decoded before as it is. Lists become tuples, records `Part`s.
    pub(crate) fn decode<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = value.py();
        if let Ok(text) = value.cast::<PyString>() {
            return match self {
                Kind::Decimal => values::decimal(py)?.call1((text,)),
                Kind::Date => values::date(py)?.call_method1("fromisoformat", (text,)),
                Kind::Instant => values::instant(py)?.call1((text,)),
                Kind::DayOrInstant if text.len()? == DAY => Kind::Date.decode(value),
                Kind::DayOrInstant => Kind::Instant.decode(value),
                Kind::Outcome(kind) => kind.decode(value),
                Kind::Plain | Kind::List(_) | Kind::Record(_) => Ok(value.clone()),
            };
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            return self.record(dict);
        }
        if let Ok(list) = value.cast::<PyList>() {
            let item = match self {
                Kind::List(item) => item,
                Kind::Outcome(kind) => return kind.decode(value),
                _ => &Kind::Plain,
            };
            let items = list.iter().map(|value| item.decode(&value));
            return Ok(PyTuple::new(py, items.collect::<PyResult<Vec<_>>>()?)?.into_any());
        }
        Ok(value.clone())
    }

    fn record<'py>(&self, dict: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        let py = dict.py();
        if let Kind::Outcome(kind) = self {
            if let (1, Some(facts)) = (dict.len(), dict.get_item("unknown")?) {
                return values::unknown_class(py)?.call1((facts.cast::<PyList>()?.to_tuple(),));
            }
            if let (1, Some(code)) = (dict.len(), dict.get_item("error")?) {
                return values::failed_class(py)?.call1((code,));
            }
            return kind.record(dict);
        }
        let parts = PyDict::new(py);
        for (key, value) in dict.iter() {
            let kind = match self {
                Kind::Record(kinds) => kinds.get(&*key.cast::<PyString>()?.to_cow()?).unwrap_or(&Kind::Plain),
                _ => &Kind::Plain,
            };
            parts.set_item(key, kind.decode(&value)?)?;
        }
        values::part_class(py)?.call1((parts,))
    }
}
