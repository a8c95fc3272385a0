//! Values that a host holds straight into the slots of a record, without text in between.
//!
//! For each field it is told beforehand what its absence fills it with, and which integers are in its range. What is
//! oddly given is asked of [`RecordReader`], which defines what a value means. Where that finds a problem the host gives
//! the whole record as text, and all of its problems are reported: nothing is reported here.

#[cfg(test)]
mod differential;
mod parts;

use chrono::{DateTime, NaiveDate, Utc};

pub use parts::{ListFiller, PartFiller};

use super::digits::Digits;
use super::fast::{Filled, slot_id};
use crate::calendar::date_at;
use crate::check::CheckedPack;
use crate::eval::{Cell, Fields, Instant, Pack};
use crate::plan::{Plan, Storage};
use crate::record::{Raw, RecordReader, Surroundings};
use crate::value::{Field, Outcome, Type, Value, text};

/// A value without parts, as a host holds it.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    /// Known not to exist, or not there.
    None,
    /// Not known.
    Unknown,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number by its digits, such as `12.50`.
    Number(&'a str),
    /// A text, or any value as a record writes it in a text.
    Text(&'a str),
    /// A day, counted from the first of the year 1, which is 1.
    Day(i64),
    /// An instant, in microseconds since 1970 in UTC.
    Instant(i64),
}

/// How the fields of a pack's cases are filled.
#[derive(Debug)]
pub(crate) struct GivenFields {
    fields: Box<[GivenField]>,
    /// What the fields hold that a host does not give.
    absent: Box<[Cell]>,
    /// One bit for each field that has to be given, or of which something stands beside when it is not.
    wanted: Box<[u64]>,
}

#[derive(Debug)]
struct GivenField {
    form: Form,
    /// The integers that are in the field's range; for texts the lengths.
    low: i64,
    high: i64,
    absent: Filled,
    unknown: Filled,
}

#[derive(Debug)]
enum Form {
    Asked,
    Boolean,
    Integer,
    Number(Digits),
    Day,
    Instant,
    Choice,
    Text { is_measured: bool },
}

impl GivenFields {
    /// What is told beforehand for a pack.
    pub(crate) fn new(pack: Pack<'_>) -> GivenFields {
        // Whether a field may be absent or unknown is the same at every instant.
        let surroundings = surroundings(pack.checked, DateTime::<Utc>::UNIX_EPOCH);
        let fields = pack.checked.record.fields.iter().zip(&pack.plan.storages);
        let fields: Box<[GivenField]> =
            fields.map(|(field, storage)| GivenField::new(field, storage, surroundings)).collect();
        let mut wanted = vec![0; fields.len().div_ceil(64)];
        let absent = fields.iter().enumerate().map(|(index, field)| match &field.absent {
            Filled::Cell(cell) => *cell,
            Filled::Beside(..) | Filled::Asked => {
                if let Some(word) = wanted.get_mut(index / 64) {
                    *word |= 1 << (index % 64);
                }
                Cell::default()
            }
        });
        GivenFields { absent: absent.collect(), wanted: wanted.into(), fields }
    }
}

impl GivenField {
    fn new(field: &Field, storage: &Storage, surroundings: Surroundings<'_>) -> GivenField {
        let filled = |raw: Raw| match RecordReader::read_field(field, &raw, surroundings) {
            Some(outcome) => Filled::of(outcome, storage),
            None => Filled::Asked,
        };
        let is_text = field.base == Type::Text;
        let form = match (&field.base, storage) {
            // Whether a time is refused depends on the instant of the decision; no field of a case itself is one.
            _ if field.time => Form::Asked,
            // The currency of a case is the pack's, or a problem.
            (Type::Text | Type::Choice(_), _) if &*field.name == "currency" => Form::Asked,
            (Type::Boolean, Storage::Boolean) => Form::Boolean,
            (Type::Integer, Storage::Integer) => Form::Integer,
            (Type::Date, Storage::Date) => Form::Day,
            (Type::Timestamp, Storage::Timestamp) => Form::Instant,
            (Type::Choice(_), Storage::Choice(_)) => Form::Choice,
            (Type::Text, Storage::Word(_) | Storage::Beside) => {
                Form::Text { is_measured: field.range != <_>::default() }
            }
            (base, Storage::Scaled(_, places))
                if base.is_number() && field.decimals.is_none_or(|most| most == *places) =>
            {
                Digits::new(*places).map_or(Form::Asked, |digits| Form::Number(Digits { mark: Some(b'.'), ..digits }))
            }
            _ => Form::Asked,
        };
        let bounds = if is_text { &Storage::Integer } else { storage };
        let (form, (low, high)) = match bounds.limits(&field.range) {
            Some(limits) => (form, limits),
            None => (Form::Asked, (i64::MIN, i64::MAX)),
        };
        GivenField { form, low, high, absent: filled(Raw::Absent), unknown: filled(Raw::Unknown) }
    }

    #[inline]
    fn holds(&self, bits: i64) -> bool {
        (self.low..=self.high).contains(&bits)
    }
}

fn surroundings(checked: &CheckedPack, as_of: DateTime<Utc>) -> Surroundings<'_> {
    Surroundings { as_of, today: date_at(as_of, checked.header.zone), currency: Some(&checked.header.currency) }
}

/// Fills the fields of a case, each at most once, by their positions in [`Engine::field_names`](crate::Engine::field_names).
///
/// Each method says whether the value stands. Where one does not, the record has to be read as text, which says why.
#[derive(Debug)]
pub struct CaseFiller<'a> {
    given: &'a GivenFields,
    checked: &'a CheckedPack,
    plan: &'a Plan,
    instant: &'a Instant,
    fields: &'a mut Fields,
    /// One bit for each field that was given.
    seen: &'a mut Vec<u64>,
    is_out_of_order: bool,
}

impl<'a> CaseFiller<'a> {
    pub(crate) fn new(
        given: &'a GivenFields,
        pack: Pack<'a>,
        instant: &'a Instant,
        fields: &'a mut Fields,
        seen: &'a mut Vec<u64>,
    ) -> CaseFiller<'a> {
        fields.beside.clear();
        if let Some(cells) = fields.cells.get_mut(..given.absent.len()) {
            cells.copy_from_slice(&given.absent);
        }
        seen.clear();
        seen.resize(given.wanted.len(), 0);
        CaseFiller { given, checked: pack.checked, plan: pack.plan, instant, fields, seen, is_out_of_order: false }
    }

    /// Fills a field with a value.
    #[inline]
    pub fn put(&mut self, field: usize, given: Given<'_>) -> bool {
        match given {
            Given::Boolean(value) => self.boolean(field, value),
            Given::Integer(value) => self.integer(field, value),
            Given::Number(text) => self.number(field, text),
            Given::Text(text) => self.text(field, text),
            given => self.put_other(field, given),
        }
    }

    /// Fills a field with true or false.
    #[inline]
    pub fn boolean(&mut self, field: usize, value: bool) -> bool {
        match self.given.fields.get(field) {
            Some(GivenField { form: Form::Boolean, .. }) => self.know(field, i64::from(value)),
            _ => self.put_other(field, Given::Boolean(value)),
        }
    }

    /// Fills a field with a whole number.
    #[inline]
    pub fn integer(&mut self, field: usize, value: i64) -> bool {
        if let Some(reader) = self.given.fields.get(field) {
            let bits = match &reader.form {
                Form::Integer => Some(value),
                Form::Number(digits) => value.checked_mul(digits.power),
                _ => None,
            };
            if let Some(bits) = bits.filter(|bits| reader.holds(*bits)) {
                return self.know(field, bits);
            }
        }
        self.put_other(field, Given::Integer(value))
    }

    /// Fills a field with a number by its digits, such as `12.50`.
    #[inline]
    pub fn number(&mut self, field: usize, text: &str) -> bool {
        if let Some(reader) = self.given.fields.get(field)
            && let Form::Number(digits) = &reader.form
            && let Some(bits) = digits.read_point(text.as_bytes()).or_else(|| digits.read(text.as_bytes(), 0))
            && reader.holds(bits)
        {
            return self.know(field, bits);
        }
        self.put_other(field, Given::Number(text))
    }

    /// Fills a field with a text, or with what a text says.
    #[inline]
    pub fn text(&mut self, field: usize, text: &str) -> bool {
        match self.given.fields.get(field).map(|field| &field.form) {
            Some(Form::Choice) => {
                if let Some(Storage::Choice(words)) = self.plan.storages.get(field)
                    && let Some(word) = words.iter().position(|word| word.as_bytes() == text.as_bytes())
                    && let Ok(bits) = i64::try_from(word)
                {
                    return self.know(field, bits);
                }
                self.put_other(field, Given::Text(text))
            }
            Some(Form::Text { is_measured: false }) => self.stand_as_text(field, text),
            Some(Form::Number(_)) => self.number(field, text),
            _ => self.put_other(field, Given::Text(text)),
        }
    }

    /// Fills a field with a word of its choice, by the position of the word in [`Engine::choices`](crate::Engine::choices).
    #[inline]
    pub fn choose(&mut self, field: usize, word: usize) -> bool {
        match (self.given.fields.get(field).map(|field| &field.form), self.plan.storages.get(field)) {
            (Some(Form::Choice), Some(Storage::Choice(words))) if word < words.len() => {
                i64::try_from(word).is_ok_and(|bits| self.know(field, bits))
            }
            _ => false,
        }
    }

    /// Fills a field with a list. `fill` puts the items in, and says whether all of them stand.
    pub fn list(&mut self, field: usize, fill: impl FnOnce(&mut ListFiller<'_>) -> bool) -> bool {
        let Some(declared) = self.checked.record.fields.get(field) else { return false };
        let Type::List(item) = &declared.base else { return false };
        let surroundings = self.surroundings();
        let mut filler = ListFiller::new(item, &declared.name, surroundings);
        if !fill(&mut filler) {
            return false;
        }
        let value = filler.finish();
        text::within(&value, &declared.range).is_ok() && self.stand(field, Ok(value))
    }

    /// Fills a field with a record. `fill` puts its parts in, and says whether all of them stand.
    pub fn record(&mut self, field: usize, fill: impl FnOnce(&mut PartFiller<'_>) -> bool) -> bool {
        let Some(declared) = self.checked.record.fields.get(field) else { return false };
        let Type::Record(record) = &declared.base else { return false };
        let mut filler = PartFiller::new(record, &declared.name, self.surroundings());
        match fill(&mut filler).then(|| filler.finish()).flatten() {
            Some(value) => self.stand(field, Ok(value)),
            None => false,
        }
    }

    /// Fills what was not given; whether the record is whole.
    pub(crate) fn finish(&mut self) -> bool {
        let given = self.given;
        for (word, wanted) in given.wanted.iter().enumerate() {
            let mut missing = wanted & !self.seen.get(word).copied().unwrap_or(0);
            while missing != 0 {
                let field = word * 64 + missing.trailing_zeros() as usize;
                missing &= missing - 1;
                let Some(GivenField { absent: Filled::Beside(cell, outcome), .. }) = given.fields.get(field) else {
                    return false;
                };
                if let Some(slot) = self.fields.cells.get_mut(field) {
                    *slot = *cell;
                }
                self.keep_beside(field, outcome.clone());
            }
        }
        if self.is_out_of_order {
            self.fields.beside.sort_by_key(|(slot, _)| *slot);
        }
        true
    }

    /// Remembers that a field was given; false where it was before.
    #[inline]
    fn mark(&mut self, field: usize) -> bool {
        let bit = 1 << (field % 64);
        match self.seen.get_mut(field / 64) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }

    fn keep_beside(&mut self, field: usize, outcome: Outcome) {
        let slot = slot_id(field);
        self.is_out_of_order |= self.fields.beside.last().is_some_and(|(last, _)| *last > slot);
        self.fields.beside.push((slot, outcome));
    }

    fn stand(&mut self, field: usize, outcome: Outcome) -> bool {
        let (Some(cell), Some(storage)) = (self.fields.cells.get_mut(field), self.plan.storages.get(field)) else {
            return false;
        };
        let (stands, is_beside) = Fields::stand(&outcome, storage);
        *cell = stands;
        if is_beside {
            self.keep_beside(field, outcome);
        }
        self.mark(field)
    }

    /// Fills a field with a value that stands in an integer.
    #[inline]
    fn know(&mut self, field: usize, bits: i64) -> bool {
        if let Some(cell) = self.fields.cells.get_mut(field) {
            *cell = Cell::known(bits);
        }
        self.mark(field)
    }

    /// Fills a text field, which has no range, with a text that is more than blanks.
    fn stand_as_text(&mut self, field: usize, text: &str) -> bool {
        if text.trim().is_empty() {
            return self.ask(field, &Raw::Text(text.to_owned()));
        }
        self.stand(field, Ok(Value::text(text)))
    }

    #[cold]
    fn put_other(&mut self, field: usize, given: Given<'_>) -> bool {
        let Some(reader) = self.given.fields.get(field) else { return false };
        let filled = match given {
            Given::None => &reader.absent,
            Given::Unknown => &reader.unknown,
            Given::Day(bits) | Given::Instant(bits) => return self.time(field, given, bits),
            Given::Text(_) | Given::Number(_) | Given::Integer(_) | Given::Boolean(_) => {
                return self.ask(field, &raw(given));
            }
        };
        match filled {
            Filled::Asked => false,
            Filled::Cell(cell) => {
                if let Some(slot) = self.fields.cells.get_mut(field) {
                    *slot = *cell;
                }
                self.mark(field)
            }
            Filled::Beside(cell, outcome) => {
                if let Some(slot) = self.fields.cells.get_mut(field) {
                    *slot = *cell;
                }
                self.keep_beside(field, outcome.clone());
                self.mark(field)
            }
        }
    }

    /// Fills a field with a day or an instant. Text would have to say how it is written where a text belongs.
    fn time(&mut self, field: usize, given: Given<'_>, bits: i64) -> bool {
        let Some(reader) = self.given.fields.get(field) else { return false };
        matches!((given, &reader.form), (Given::Day(_), Form::Day) | (Given::Instant(_), Form::Instant))
            && reader.holds(bits)
            && self.know(field, bits)
    }

    /// Fills a field with what the definition makes of data.
    fn ask(&mut self, field: usize, raw: &Raw) -> bool {
        let Some(declared) = self.checked.record.fields.get(field) else { return false };
        match RecordReader::read_field(declared, raw, self.surroundings()) {
            Some(outcome) => self.stand(field, outcome),
            None => false,
        }
    }

    fn surroundings(&self) -> Surroundings<'a> {
        let Instant { as_of, today, .. } = *self.instant;
        Surroundings { as_of, today, currency: Some(&self.checked.header.currency) }
    }
}

/// What a host gives, as the definition reads it.
fn raw(given: Given<'_>) -> Raw {
    match given {
        Given::None => Raw::Absent,
        Given::Unknown => Raw::Unknown,
        Given::Boolean(value) => Raw::Boolean(value),
        Given::Integer(value) | Given::Day(value) | Given::Instant(value) => Raw::Number(value.to_string()),
        Given::Number(text) => Raw::Number(text.to_owned()),
        Given::Text(text) => Raw::Text(text.to_owned()),
    }
}

/// The value of a type that a host gives; nothing where it is none.
fn value(base: &Type, decimals: Option<u32>, given: Given<'_>) -> Option<Value> {
    match (base, given) {
        (Type::Boolean, Given::Boolean(value)) => Some(Value::Boolean(value)),
        (Type::Integer, Given::Integer(value)) => Some(Value::Integer(value)),
        (Type::Decimal, Given::Integer(value)) => Some(Value::Decimal(value.into())),
        (Type::Money, Given::Integer(value)) => Some(Value::Money(value.into())),
        (Type::Percent, Given::Integer(value)) => Some(Value::Percent(value.into())),
        (Type::Date, Given::Day(day)) => {
            let date = NaiveDate::from_num_days_from_ce_opt(i32::try_from(day).ok()?)?;
            (day >= 1).then_some(Value::Date(date))
        }
        (Type::Timestamp, Given::Instant(at)) => DateTime::from_timestamp_micros(at).map(Value::Timestamp),
        (base, Given::Number(text)) if base.is_number() => text::read(text, base, decimals).ok(),
        (base, Given::Text(text)) => text::read(text, base, decimals).ok(),
        _ => None,
    }
}
