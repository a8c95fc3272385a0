//! The values of a case as JSON, out of the integers in which they stand.
//!
//! The same text as [`Show`] gives. What stands in no integer is left to it, but for texts.

use chrono::{Datelike, NaiveDate};

use crate::eval::{Cells, State};
use crate::language::SlotId;
use crate::plan::Storage;
use crate::plan::storage::Number;
use crate::value::show::Show;
use crate::value::{Failure, Outcome, Value};

/// A slot that is shown.
#[derive(Debug)]
pub(super) struct Slot {
    id: SlotId,
    storage: Storage,
    show: Show,
    /// The words of a choice as JSON, by their integers.
    words: Box<[Box<[u8]>]>,
}

impl Slot {
    pub(super) fn new(id: SlotId, storage: &Storage, show: Show) -> Slot {
        let words = match storage {
            Storage::Choice(words) => words.iter().map(|word| json_text(word)).collect(),
            _ => Box::new([]) as Box<[Box<[u8]>]>,
        };
        Slot { id, storage: storage.clone(), show, words }
    }

    /// Appends what stands in the slot; nothing where that is no value.
    pub(super) fn write(&self, cells: &Cells, line: &mut Vec<u8>) -> Option<()> {
        let cell = cells.get(self.id);
        match (cell.state, &self.storage) {
            (State::None, _) => line.extend_from_slice(b"null"),
            (State::Known, Storage::Boolean) => {
                line.extend_from_slice(if cell.bits == 0 { b"false" } else { b"true" });
            }
            (State::Known, Storage::Integer) => serde_json::to_writer(line, &cell.bits).ok()?,
            (State::Known, Storage::Scaled(number, decimals)) => {
                let least = if *number == Number::Money { self.show.currency_decimals } else { 0 };
                line.push(b'"');
                scaled(cell.bits, *decimals, least, line)?;
                line.push(b'"');
            }
            (State::Known, Storage::Choice(_)) => {
                line.extend_from_slice(self.words.get(usize::try_from(cell.bits).ok()?)?);
            }
            (State::Known, Storage::Date) => {
                let date = NaiveDate::from_num_days_from_ce_opt(i32::try_from(cell.bits).ok()?)?;
                let year = u64::try_from(date.year()).ok().filter(|year| *year <= 9999)?;
                line.push(b'"');
                digits(year, 4, line);
                line.push(b'-');
                digits(u64::from(date.month()), 2, line);
                line.push(b'-');
                digits(u64::from(date.day()), 2, line);
                line.push(b'"');
            }
            (State::Known, storage) if storage.is_exact() => self.any(&storage.value(cell.bits), line)?,
            (State::Known | State::Beside, _) => match cells.beside.get(self.id.0 as usize)? {
                Ok(Value::Text(text)) => serde_json::to_writer(line, &**text).ok()?,
                Ok(value) => self.any(value, line)?,
                Err(_) => return None,
            },
            (State::Unknown, _) => return None,
        }
        Some(())
    }

    fn any(&self, value: &Value, line: &mut Vec<u8>) -> Option<()> {
        serde_json::to_writer(line, &self.show.json(value)).ok()
    }
}

/// A fact that may fail.
#[derive(Debug)]
pub(super) struct Fact {
    id: SlotId,
    /// Whether its value stands beside its integer, as lists do.
    is_beside: bool,
}

impl Fact {
    pub(super) fn new(id: SlotId, storage: &Storage) -> Fact {
        Fact { id, is_beside: *storage == Storage::Beside }
    }

    /// Whether it failed, or is a list with an item that did.
    #[inline]
    pub(super) fn has_error(&self, cells: &Cells) -> bool {
        match cells.get(self.id).state {
            State::None | State::Unknown => false,
            State::Known => self.is_beside && self.has_error_beside(cells),
            State::Beside => self.has_error_beside(cells),
        }
    }

    fn has_error_beside(&self, cells: &Cells) -> bool {
        let is_error = |outcome: &Outcome| matches!(outcome, Err(Failure::Error(_)));
        match cells.beside.get(self.id.0 as usize) {
            Some(Ok(Value::List(items))) => items.iter().any(is_error),
            Some(outcome) => is_error(outcome),
            None => true,
        }
    }
}

/// A text as JSON.
pub(super) fn json_text(text: &str) -> Box<[u8]> {
    serde_json::to_vec(text).unwrap_or_default().into()
}

/// Appends a number that stands in an integer times a power of ten: with no zeros at the end, but at least so many
/// decimals.
fn scaled(bits: i64, decimals: u32, least: u32, line: &mut Vec<u8>) -> Option<()> {
    if bits < 0 {
        line.push(b'-');
    }
    let power = 10_u64.checked_pow(decimals)?;
    let (whole, mut fraction) = (bits.unsigned_abs() / power, bits.unsigned_abs() % power);
    let mut places = decimals;
    while places > least && fraction.is_multiple_of(10) {
        fraction /= 10;
        places -= 1;
    }
    serde_json::to_writer(&mut *line, &whole).ok()?;
    if places.max(least) > 0 {
        line.push(b'.');
        digits(fraction, places, line);
        line.extend(std::iter::repeat_n(b'0', least.saturating_sub(places) as usize));
    }
    Some(())
}

/// Appends the last digits of a number, with zeros before them.
fn digits(mut number: u64, places: u32, line: &mut Vec<u8>) {
    let mut text = [b'0'; 20];
    for digit in text.iter_mut().rev().take(places as usize) {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    line.extend_from_slice(text.get(text.len().saturating_sub(places as usize)..).unwrap_or(&[]));
}
