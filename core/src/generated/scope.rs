//! What expressions of a pack may read, and what was compared with what.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::random::Random;
use super::values::{Anchors, Limits};
use crate::value::{Range, RecordType, Type, Value};

/// A name that expressions read.
#[derive(Clone, Debug)]
pub(super) struct Name {
    /// As it is written, such as `f3`, `f5.g2`, `t1.o4`.
    pub(super) path: String,
    pub(super) base: Type,
    pub(super) maybe_none: bool,
    /// The bounds of a field of the case, which comparisons and cells keep to.
    pub(super) range: Range,
    /// Where the value comes from in a case: borders are kept by it.
    pub(super) origin: Option<String>,
}

/// Writes expressions over a growing scope.
pub(super) struct Writer {
    pub(super) random: Random,
    pub(super) anchors: Anchors,
    pub(super) words: Vec<Arc<[Arc<str>]>>,
    pub(super) currency_decimals: u32,
    pub(super) scope: Vec<Name>,
    /// How many items of lists the expression that is being written looks at.
    pub(super) depth_of_items: usize,
    /// Whether the expression stands in a grid, where no bar may be.
    pub(super) is_in_grid: bool,
    pub(super) has_calendar: bool,
    pub(super) has_place: bool,
    pub(super) rates: Vec<String>,
    /// How many names were given.
    pub(super) names: usize,
    /// By origin, the values that rules compare it with.
    pub(super) borders: BTreeMap<String, Vec<Value>>,
}

impl Writer {
    /// Adds the fields of the case.
    pub(super) fn add_fields(&mut self, record: &RecordType) {
        for field in &record.fields {
            self.has_place |= field.place;
            if field.decides && !field.key {
                let name = Name {
                    path: field.name.to_string(),
                    base: field.base.clone(),
                    maybe_none: field.maybe_none(),
                    range: field.range.clone(),
                    origin: Some(field.name.to_string()),
                };
                self.add(name);
            }
        }
    }

    /// Adds a name, and the fields behind it where it is a record.
    pub(super) fn add(&mut self, name: Name) {
        let parts = members(&name);
        self.scope.push(name);
        for part in parts {
            self.add(part);
        }
    }

    /// Remembers a value that a name was compared with.
    pub(super) fn remember(&mut self, origin: Option<&String>, value: &Value) {
        if let Some(origin) = origin {
            self.borders.entry(origin.clone()).or_default().push(value.clone());
        }
    }

    /// A value to compare a name with: mostly one that it is compared with already, or near it.
    pub(super) fn threshold(&mut self, name: &Name) -> Value {
        let borders = name.origin.as_ref().and_then(|origin| self.borders.get(origin)).cloned().unwrap_or_default();
        let borders = if self.random.chance(40) { borders } else { Vec::new() };
        // A threshold may have more decimals than the field.
        let limits = Limits { decimals: None, range: name.range.clone() };
        let value = self.anchors.value(&mut self.random, &name.base, &limits, &borders);
        self.remember(name.origin.as_ref(), &value);
        value
    }

    /// Some name of a type.
    pub(super) fn named(&mut self, base: &Type) -> Option<Name> {
        self.named_that(|name| name.base == *base)
    }

    pub(super) fn named_that(&mut self, fits: impl Fn(&Name) -> bool) -> Option<Name> {
        let fitting: Vec<usize> =
            self.scope.iter().enumerate().filter(|(_, name)| fits(name)).map(|(index, _)| index).collect();
        // Items that are at hand are what an expression over a list is about.
        let near = fitting.iter().rev().take(4).copied().collect::<Vec<_>>();
        let among = if self.depth_of_items > 0 && self.random.chance(75) { near } else { fitting };
        if among.is_empty() { None } else { self.scope.get(*self.random.pick(&among)).cloned() }
    }
}

/// The fields of a record that a name stands for.
pub(super) fn members(name: &Name) -> Vec<Name> {
    let Type::Record(record) = &name.base else { return Vec::new() };
    record
        .fields
        .iter()
        .filter(|field| field.decides)
        .map(|field| Name {
            path: format!("{}.{}", name.path, field.name),
            base: field.base.clone(),
            maybe_none: name.maybe_none || field.maybe_none(),
            range: Range::default(),
            origin: name.origin.as_ref().map(|origin| format!("{origin}.{}", field.name)),
        })
        .collect()
}

/// An item of a list, as a closure names it.
pub(super) fn item(list: &Name, parameter: &str) -> Option<Name> {
    let Type::List(item) = &list.base else { return None };
    Some(Name {
        path: parameter.to_owned(),
        base: item.base.clone(),
        maybe_none: item.maybe_none,
        range: Range::default(),
        origin: list.origin.as_ref().map(|origin| format!("{origin}[]")),
    })
}
