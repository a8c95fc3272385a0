//! Cells of CSV straight into the slots of a record.
//!
//! For each field a small instruction says from which column it comes, and how bytes become its integer. What is
//! finite, such as words and the empty cell, the slow way was asked beforehand. Where an instruction cannot tell, the
//! slow way is asked for this one field; where that finds a problem, it reads the whole row and reports all of them.
//! The slow way defines what a cell means: [`super::convert`], then [`RecordReader`].

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::CaseSource;
use super::convert::{self, Row};
use super::csv_rows::CsvCells;
use super::digits::{self, Digits};
use crate::check::inputs::{ColumnSource, InputField};
use crate::eval::{Cell, Fields, Pack};
use crate::language::SlotId;
use crate::plan::{Plan, Storage};
use crate::record::{Raw, RecordReader, Surroundings};
use crate::value::{Field, Outcome, Type, Value};

/// Up to so many words are looked through one by one.
const FEW: usize = 8;
/// Separators of thousands that no number reader takes for anything else.
const GROUPING: [char; 5] = [',', '.', ' ', '\'', '_'];

/// How the cells of a row become the fields of a record.
#[derive(Debug)]
pub(super) struct FastReader {
    /// One for each field of the record.
    fields: Vec<FieldReader>,
}

#[derive(Debug)]
struct FieldReader {
    /// The column it comes from; nothing where the file has no such column, or where a formula computes the field.
    column: Option<usize>,
    /// What an empty cell means.
    empty: Filled,
    cell: CellReader,
    /// The integers that are in the field's range; for texts the lengths.
    low: i64,
    high: i64,
}

#[derive(Debug)]
enum CellReader {
    Asked,
    Number(Digits),
    Day,
    Instant,
    Text,
    Words(Words),
}

/// What a field is filled with.
#[derive(Clone, Debug)]
pub(super) enum Filled {
    Asked,
    Cell(Cell),
    Beside(Cell, Outcome),
}

impl Filled {
    /// What an outcome fills a field with.
    pub(super) fn of(outcome: Outcome, storage: &Storage) -> Filled {
        match Fields::stand(&outcome, storage) {
            (cell, true) => Filled::Beside(cell, outcome),
            (cell, false) => Filled::Cell(cell),
        }
    }
}

/// Texts of which it is known what they fill a field with, in order.
#[derive(Debug)]
struct Words {
    known: Vec<(Box<[u8]>, Filled)>,
}

/// What asking the slow way needs.
struct Asked<'a> {
    source: &'a CaseSource,
    header: &'a Arc<[String]>,
    surroundings: Surroundings<'a>,
    plan: &'a Plan,
}

impl FastReader {
    /// The instructions for files with these columns.
    pub(super) fn new(source: &CaseSource, header: &Arc<[String]>, pack: Pack<'_>) -> FastReader {
        // Only cases have slots in the plan. Other records are never read in batches.
        if !std::ptr::eq(&*source.record, &*pack.checked.record) {
            return FastReader { fields: Vec::new() };
        }
        let as_of = DateTime::<Utc>::UNIX_EPOCH;
        let asked = Asked::new(source, header, pack, as_of);
        let fields = source.input.fields.iter().zip(&source.record.fields).zip(&pack.plan.storages);
        FastReader {
            fields: fields
                .enumerate()
                .map(|(index, ((input, field), storage))| match input {
                    InputField::Column(column) => {
                        let place = header.iter().position(|name| *name == column.column);
                        FieldReader::new(index, place, column, field, storage, &asked)
                    }
                    InputField::Formula(_) => FieldReader::asked(),
                })
                .collect(),
        }
    }

    /// Reads a row into the fields of a record; nothing where the slow way has to, and the fields are then of no use.
    pub(super) fn read(
        &self,
        cells: &CsvCells<'_>,
        source: &CaseSource,
        header: &Arc<[String]>,
        pack: Pack<'_>,
        as_of: DateTime<Utc>,
        fields: &mut Fields,
    ) -> Option<()> {
        let Fields { cells: slots, beside } = fields;
        beside.clear();
        // Behind the fields stand slots that no column fills.
        if slots.len() < self.fields.len() {
            return None;
        }
        let mut whole_row = None;
        for (index, (reader, slot)) in self.fields.iter().zip(slots.iter_mut()).enumerate() {
            let (up_to, start): (&[u8], usize) = match reader.column {
                Some(column) => cells.place(column)?,
                None => (&[], 0),
            };
            let text = up_to.get(start..)?;
            let filled = match &reader.cell {
                _ if text.is_empty() => &reader.empty,
                CellReader::Words(words) => words.find(text),
                CellReader::Text => match reader.text(text, pack.plan.storages.get(index)?) {
                    Some((cell, value)) => {
                        *slot = cell;
                        beside.push((slot_id(index), Ok(value)));
                        continue;
                    }
                    None => &Filled::Asked,
                },
                cell => match cell.bits(up_to, start) {
                    Some(bits) if reader.holds(bits) => {
                        *slot = Cell::known(bits);
                        continue;
                    }
                    _ => &Filled::Asked,
                },
            };
            match filled {
                Filled::Cell(cell) => *slot = *cell,
                Filled::Beside(cell, outcome) => {
                    *slot = *cell;
                    beside.push((slot_id(index), outcome.clone()));
                }
                Filled::Asked => {
                    let asked = Asked::new(source, header, pack, as_of);
                    match asked.filled(index, text, Some(cells), &mut whole_row) {
                        Filled::Asked => return None,
                        Filled::Cell(cell) => *slot = cell,
                        Filled::Beside(cell, outcome) => {
                            *slot = cell;
                            beside.push((slot_id(index), outcome));
                        }
                    }
                }
            }
        }
        Some(())
    }
}

pub(super) fn slot_id(index: usize) -> SlotId {
    SlotId(crate::source::clamp(index))
}

impl CellReader {
    /// The integer of the cell that begins at `start` and is the end of these bytes.
    #[inline]
    fn bits(&self, up_to: &[u8], start: usize) -> Option<i64> {
        match self {
            CellReader::Number(digits) => digits.read(up_to, start),
            CellReader::Day => digits::day(up_to.get(start..)?),
            CellReader::Instant => digits::micros(up_to.get(start..)?),
            CellReader::Asked | CellReader::Text | CellReader::Words(_) => None,
        }
    }
}

impl FieldReader {
    fn asked() -> FieldReader {
        FieldReader { column: None, empty: Filled::Asked, cell: CellReader::Asked, low: i64::MIN, high: i64::MAX }
    }

    fn new(
        index: usize,
        place: Option<usize>,
        column: &ColumnSource,
        field: &Field,
        storage: &Storage,
        asked: &Asked<'_>,
    ) -> FieldReader {
        let word = |text: &str| asked.filled(index, text.as_bytes(), None, &mut None);
        let mut reader = FieldReader { column: place, ..FieldReader::asked() };
        // Whether a time is refused depends on the instant of the decision.
        if field.time {
            return reader;
        }
        reader.empty = word("");
        let cell = match &column.values {
            Some(values) => Some(CellReader::Words(Words::new(values.iter().map(|(text, _)| text.as_str()), word))),
            // A number, a day or a text may stand for an empty cell.
            None if !column.empty.is_empty() || !column.part.is_empty() => None,
            None => reader.single(column, field, storage, word),
        };
        let bounds = if field.base == Type::Text { &Storage::Integer } else { storage };
        match (cell, bounds.limits(&field.range)) {
            (Some(cell), Some((low, high))) => {
                (reader.cell, reader.low, reader.high) = (cell, low, high);
            }
            _ => reader.cell = CellReader::Asked,
        }
        reader
    }

    /// How a cell that says a single value is read; nothing where only the slow way can.
    fn single(
        &self,
        column: &ColumnSource,
        field: &Field,
        storage: &Storage,
        word: impl Fn(&str) -> Filled,
    ) -> Option<CellReader> {
        match (&field.base, storage) {
            (Type::Boolean, _) => Some(CellReader::Words(Words::new(["true", "false"].into_iter(), word))),
            (Type::Choice(words), _) => Some(CellReader::Words(Words::new(words.iter().map(|text| &**text), word))),
            (Type::Zone, _) => {
                let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
                Some(CellReader::Words(Words::new(names, word)))
            }
            // The currency of a case is the pack's, or a problem.
            (Type::Text, _) if &*field.name == "currency" => None,
            (Type::Text, Storage::Word(_) | Storage::Beside) => Some(CellReader::Text),
            (Type::Date, Storage::Date) if column.format.is_none() => Some(CellReader::Day),
            (Type::Timestamp, Storage::Timestamp) if column.format.is_none() => Some(CellReader::Instant),
            (Type::Integer, Storage::Integer) => number(column, field, 0),
            (base, Storage::Scaled(_, places)) if base.is_number() => number(column, field, *places),
            _ => None,
        }
    }

    #[inline]
    fn holds(&self, bits: i64) -> bool {
        (self.low..=self.high).contains(&bits)
    }

    fn text(&self, bytes: &[u8], storage: &Storage) -> Option<(Cell, Value)> {
        let text = std::str::from_utf8(bytes).ok()?;
        if text.trim().is_empty() {
            return None;
        }
        if self.low > 0 || self.high < i64::MAX {
            let length = i64::try_from(text.chars().count()).ok()?;
            if !self.holds(length) {
                return None;
            }
        }
        let value = Value::text(text);
        Some((Cell::known(storage.bits(&value)?), value))
    }
}

fn number(column: &ColumnSource, field: &Field, places: u32) -> Option<CellReader> {
    let is_whole = field.base == Type::Integer;
    let mark = u8::try_from(column.decimal_mark.unwrap_or('.')).ok().filter(|mark| matches!(mark, b'.' | b','))?;
    if column.grouping.is_some_and(|grouping| !GROUPING.contains(&grouping)) {
        return None;
    }
    // A field that declares no decimals is rounded far beyond those that are kept.
    let kept = if is_whole { Some(0) } else { field.decimals };
    Some(CellReader::Number(Digits {
        mark: (!is_whole || column.rounds_floats).then_some(mark),
        is_float: column.rounds_floats,
        rounding: (column.rounds_floats && kept == Some(places)).then_some(field.rounding),
        is_percent: field.base == Type::Percent && !column.rounds_floats,
        ..Digits::new(places)?
    }))
}

impl Words {
    fn new<'a>(words: impl Iterator<Item = &'a str>, filled: impl Fn(&str) -> Filled) -> Words {
        let mut known: Vec<(Box<[u8]>, Filled)> = words.map(|word| (word.as_bytes().into(), filled(word))).collect();
        known.sort_by(|(one, _), (other, _)| one.cmp(other));
        Words { known }
    }

    #[inline]
    fn find(&self, text: &[u8]) -> &Filled {
        let index = if self.known.len() <= FEW {
            self.known.iter().position(|(word, _)| **word == *text)
        } else {
            self.known.binary_search_by(|(word, _)| (**word).cmp(text)).ok()
        };
        index.and_then(|index| self.known.get(index)).map_or(&Filled::Asked, |(_, filled)| filled)
    }
}

impl<'a> Asked<'a> {
    fn new(source: &'a CaseSource, header: &'a Arc<[String]>, pack: Pack<'a>, as_of: DateTime<Utc>) -> Asked<'a> {
        let today = crate::calendar::date_at(as_of, source.zone);
        let surroundings = Surroundings { as_of, today, currency: Some(&pack.checked.header.currency) };
        Asked { source, header, surroundings, plan: pack.plan }
    }

    /// What the slow way fills a field with; `Asked` where it finds a problem. A formula needs the row.
    fn filled(&self, index: usize, text: &[u8], cells: Option<&CsvCells<'_>>, row: &mut Option<Row>) -> Filled {
        let outcome = self.outcome(index, text, cells, row);
        outcome.map_or(Filled::Asked, |(outcome, storage)| Filled::of(outcome, storage))
    }

    fn outcome(
        &self,
        index: usize,
        text: &[u8],
        cells: Option<&CsvCells<'_>>,
        row: &mut Option<Row>,
    ) -> Option<(Outcome, &'a Storage)> {
        let field = self.source.record.fields.get(index)?;
        let raw = match self.source.input.fields.get(index)? {
            InputField::Column(column) => {
                let text = std::str::from_utf8(text).ok()?;
                let raw = if text.is_empty() { Raw::Absent } else { Raw::Plain(text.to_owned()) };
                convert::column(column, field, Some(raw))
            }
            InputField::Formula(formula) => {
                if row.is_none() {
                    *row = Some(convert::cells(cells?, self.header).ok()?);
                }
                convert::formula(formula, field, row.as_ref()?, self.source, self.surroundings.as_of)
            }
        };
        let outcome = RecordReader::read_field(field, &raw.ok()?, self.surroundings)?;
        Some((outcome, self.plan.storages.get(index)?))
    }
}
