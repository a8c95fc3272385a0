//! Lists and records in the fields of a case, as a host holds them: item by item, part by part.

use std::sync::Arc;

use super::{Given, value};
use crate::record::Surroundings;
use crate::value::{Absence, Failure, Field, ItemType, Outcome, RecordType, Type, Value, text};

/// Fills a list of a case, one item after the other. Each method says whether the item stands.
#[derive(Debug)]
pub struct ListFiller<'a> {
    item: &'a ItemType,
    /// The case's field: what is unknown in it is unknown by its name.
    field: &'a Arc<str>,
    surroundings: Surroundings<'a>,
    values: Vec<Outcome>,
}

/// Fills a record within a case, each part at most once, by its name. Each method says whether the part stands.
#[derive(Debug)]
pub struct PartFiller<'a> {
    record: &'a RecordType,
    field: &'a Arc<str>,
    surroundings: Surroundings<'a>,
    /// By part; nothing for those that were not given.
    values: Vec<Option<Outcome>>,
}

impl<'a> ListFiller<'a> {
    pub(super) fn new(item: &'a ItemType, field: &'a Arc<str>, surroundings: Surroundings<'a>) -> ListFiller<'a> {
        ListFiller { item, field, surroundings, values: Vec::new() }
    }

    pub(super) fn finish(self) -> Value {
        Value::List(self.values.into())
    }

    /// Adds a value.
    pub fn put(&mut self, given: Given<'_>) -> bool {
        let rules = &self.item.rules;
        let outcome = match given {
            Given::Unknown => Err(Failure::unknown(self.field)),
            Given::None if self.item.maybe_none => Ok(Value::None),
            Given::None if rules.absence_is_unknown => Err(Failure::unknown(self.field)),
            given => match value(&self.item.base, rules.decimals, given) {
                Some(value) => Ok(value),
                None => return false,
            },
        };
        self.add(outcome)
    }

    /// Adds a list. `fill` puts its items in, and says whether all of them stand.
    pub fn list(&mut self, fill: impl FnOnce(&mut ListFiller<'_>) -> bool) -> bool {
        let Type::List(item) = &self.item.base else { return false };
        let mut filler = ListFiller::new(item, self.field, self.surroundings);
        fill(&mut filler) && self.add(Ok(filler.finish()))
    }

    /// Adds a record. `fill` puts its parts in, and says whether all of them stand.
    pub fn record(&mut self, fill: impl FnOnce(&mut PartFiller<'_>) -> bool) -> bool {
        let Type::Record(record) = &self.item.base else { return false };
        let mut filler = PartFiller::new(record, self.field, self.surroundings);
        match fill(&mut filler).then(|| filler.finish()).flatten() {
            Some(value) => self.add(Ok(value)),
            None => false,
        }
    }

    fn add(&mut self, outcome: Outcome) -> bool {
        let is_within = outcome.as_ref().map_or(true, |value| text::within(value, &self.item.rules.range).is_ok());
        if is_within {
            self.values.push(outcome);
        }
        is_within
    }
}

impl<'a> PartFiller<'a> {
    pub(super) fn new(record: &'a RecordType, field: &'a Arc<str>, surroundings: Surroundings<'a>) -> PartFiller<'a> {
        PartFiller { record, field, surroundings, values: vec![None; record.fields.len()] }
    }

    /// The record; nothing where a part is missing that has to be there.
    pub(super) fn finish(self) -> Option<Value> {
        let parts = self.values.into_iter().zip(&self.record.fields);
        let parts = parts.map(|(value, part)| value.or_else(|| absent(part, self.field)));
        Some(Value::Record(parts.collect::<Option<Vec<Outcome>>>()?.into()))
    }

    /// Puts a part in its place.
    pub fn put(&mut self, part: &str, given: Given<'_>) -> bool {
        let Some((index, declared)) = self.part(part) else { return false };
        let outcome = match given {
            Given::None => absent(declared, self.field),
            Given::Unknown if declared.key => None,
            Given::Unknown => Some(Err(Failure::unknown(self.field))),
            given => value(&declared.base, declared.decimals, given).map(Ok),
        };
        outcome.is_some_and(|outcome| self.set(index, declared, outcome))
    }

    /// Puts a list in its place. `fill` puts its items in, and says whether all of them stand.
    pub fn list(&mut self, part: &str, fill: impl FnOnce(&mut ListFiller<'_>) -> bool) -> bool {
        let Some((index, declared)) = self.part(part) else { return false };
        let Type::List(item) = &declared.base else { return false };
        let mut filler = ListFiller::new(item, self.field, self.surroundings);
        fill(&mut filler) && self.set(index, declared, Ok(filler.finish()))
    }

    /// Puts a record in its place. `fill` puts its parts in, and says whether all of them stand.
    pub fn record(&mut self, part: &str, fill: impl FnOnce(&mut PartFiller<'_>) -> bool) -> bool {
        let Some((index, declared)) = self.part(part) else { return false };
        let Type::Record(record) = &declared.base else { return false };
        let mut filler = PartFiller::new(record, self.field, self.surroundings);
        match fill(&mut filler).then(|| filler.finish()).flatten() {
            Some(value) => self.set(index, declared, Ok(value)),
            None => false,
        }
    }

    fn part(&self, name: &str) -> Option<(usize, &'a Field)> {
        let mut fields = self.record.fields.iter().enumerate();
        fields.find(|(_, field)| &*field.name == name)
    }

    fn set(&mut self, index: usize, declared: &Field, outcome: Outcome) -> bool {
        let Some(place) = self.values.get_mut(index) else { return false };
        let stands =
            place.is_none() && outcome.as_ref().map_or(true, |value| is_valid(declared, value, self.surroundings));
        if stands {
            *place = Some(outcome);
        }
        stands
    }
}

/// What a part that is not given comes to; nothing where it has to be.
fn absent(part: &Field, field: &str) -> Option<Outcome> {
    match &part.absence {
        Absence::None => Some(Ok(Value::None)),
        Absence::Unknown => Some(Err(Failure::unknown(field))),
        Absence::Default(value) => Some(Ok(value.clone())),
        Absence::Refused => None,
    }
}

/// Whether a part may hold a value of its type.
fn is_valid(part: &Field, value: &Value, surroundings: Surroundings<'_>) -> bool {
    let is_empty_key = part.key && matches!(value, Value::Text(key) if key.trim().is_empty());
    let is_future = part.time
        && match value {
            Value::Timestamp(instant) => *instant > surroundings.as_of,
            Value::Date(date) => *date > surroundings.today,
            _ => false,
        };
    !is_empty_key && !is_future && (*value == Value::None || text::within(value, &part.range).is_ok())
}
