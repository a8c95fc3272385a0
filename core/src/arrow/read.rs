//! Columns of a table into the slots of a batch, a column at a time.
//!
//! For each field a rule says how the values of its column become integers. What a rule cannot tell is asked, cell by
//! cell, of the definition of what a cell means: [`super::cell`], then [`RecordReader`]. Where that finds a problem the
//! row is refused; it is then read as a whole for all of its problems.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_schema::Schema;

use super::cell;
use super::rule::{Rule, rule};
use super::texts::{entry_of, text};
use super::words::{ASK, Filled, Words};
use crate::eval::column::kernels::Kernels;
use crate::eval::column::{Batch, Lent, Texts};
use crate::eval::{Pack, State};
use crate::language::SlotId;
use crate::plan::Storage;
use crate::record::{Problem, Raw, RecordReader, Surroundings};
use crate::source::clamp;
use crate::value::{Failure, Field, Outcome, Value};

/// How the columns of a table become the fields of a record.
#[derive(Debug)]
pub(super) struct Reader {
    /// One for each field of the record.
    fields: Vec<FieldReader>,
}

#[derive(Debug)]
struct FieldReader {
    /// The column it comes from; nothing where the table has none.
    column: Option<usize>,
    /// What absence means.
    empty: Empty,
    rule: Rule,
}

/// What absence means for a field.
#[derive(Clone, Debug)]
enum Empty {
    None,
    Unknown(Outcome),
    /// The default.
    Bits(i64),
    /// A default that no integer holds.
    Beside(Outcome),
    Refused,
}

/// What reading a table needs beside its columns.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) pack: Pack<'a>,
    pub(super) surroundings: Surroundings<'a>,
    pub(super) kernels: Kernels,
}

/// What the entries of the dictionaries of a table mean, by field.
#[derive(Debug, Default)]
pub(super) struct Dictionaries(Vec<Option<Box<[Filled]>>>);

/// Room to read in, used again.
#[derive(Debug, Default)]
pub(super) struct ReadRoom {
    words: Vec<Words>,
    bits: Vec<i64>,
    /// The rows that are refused, a bit each.
    refused: Vec<u64>,
    puts: Vec<(usize, Outcome)>,
}

impl Asked<'_> {
    fn cell(&self, field: &Field, raw: &Raw) -> Option<Outcome> {
        RecordReader::read_field(field, raw, self.surroundings)
    }
}

impl Reader {
    /// The rules for tables of this schema, which was found to fit.
    pub(super) fn new(schema: &Schema, asked: Asked<'_>) -> Reader {
        let record = &asked.pack.checked.record;
        let fields = record.fields.iter().zip(&asked.pack.plan.storages).map(|(field, storage)| {
            let column = schema.fields().iter().position(|column| *column.name() == *field.name);
            let data = column.and_then(|index| schema.fields().get(index)).map(|column| column.data_type());
            let empty = match asked.cell(field, &Raw::Absent) {
                None => Empty::Refused,
                Some(Ok(Value::None)) => Empty::None,
                Some(Err(Failure::Unknown(facts))) => Empty::Unknown(Err(Failure::Unknown(facts))),
                Some(outcome) => match Filled::of(Some(outcome), storage) {
                    // A default is not asked whether it lies in the range.
                    Filled::Bits(bits) if fits(field, storage, bits) => Empty::Bits(bits),
                    Filled::Bits(bits) => Empty::Beside(Ok(storage.value(bits))),
                    Filled::Outcome(outcome) => Empty::Beside(outcome),
                    Filled::Refused => Empty::Refused,
                },
            };
            let rule = data.and_then(|data| rule(field, storage, data, asked)).unwrap_or(Rule::Asked);
            FieldReader { column, empty, rule }
        });
        Reader { fields: fields.collect() }
    }

    /// What the dictionaries of a table mean.
    pub(super) fn dictionaries(&self, table: &RecordBatch, asked: Asked<'_>) -> Dictionaries {
        let of_field = |index: usize, reader: &FieldReader| {
            let array = table.columns().get(reader.column?)?;
            let values = array.as_any_dictionary_opt()?.values();
            let field = asked.pack.checked.record.fields.get(index)?;
            let storage = asked.pack.plan.storages.get(index)?;
            matches!(reader.rule, Rule::Words).then(|| {
                let entries = (0..values.len()).map(|entry| match cell::raw(values, entry) {
                    Raw::Absent => reader.empty.filled(),
                    raw => Filled::of(asked.cell(field, &raw), storage),
                });
                entries.collect()
            })
        };
        Dictionaries(self.fields.iter().enumerate().map(|(index, reader)| of_field(index, reader)).collect())
    }

    /// Reads rows of a table into a batch; gives the rows that are no cases, a bit each.
    pub(super) fn read<'r>(
        &self,
        table: &RecordBatch,
        dictionaries: &Dictionaries,
        rows: Range<usize>,
        asked: Asked<'_>,
        room: &'r mut ReadRoom,
        batch: &mut Batch,
    ) -> &'r mut [u64] {
        batch.begin(rows.len());
        room.words.resize_with(self.fields.len(), Words::default);
        room.refused.clear();
        room.refused.resize(rows.len().div_ceil(64), 0);
        let plan = asked.pack.plan;
        let record = &asked.pack.checked.record;
        for (index, ((reader, field), storage)) in
            self.fields.iter().zip(&record.fields).zip(&plan.storages).enumerate()
        {
            let array = reader.column.and_then(|column| table.columns().get(column));
            let dictionary = dictionaries.0.get(index).and_then(Option::as_deref);
            let cells = Cells { index, field, storage, rows: rows.clone(), asked };
            cells.read(reader, array, dictionary, room, batch);
        }
        batch.finish();
        &mut room.refused
    }

    /// Lends the texts of a table to the cases of a batch, which stand in these rows.
    pub(super) fn lend(&self, table: &RecordBatch, rows: &Rows, batch: &mut Batch) {
        for (index, reader) in self.fields.iter().enumerate() {
            let slot = SlotId(clamp(index));
            if let Empty::Unknown(outcome) = &reader.empty {
                batch.lend(slot, Lent::Unknown(outcome.clone()));
            }
            if let (Rule::Texts { .. }, Some(array)) =
                (&reader.rule, reader.column.and_then(|column| table.columns().get(column)))
            {
                batch.lend(slot, Lent::Texts(Arc::new(TextColumn { array: array.clone(), rows: rows.clone() })));
            }
        }
    }

    /// All problems of a row that is refused; where it is refused for something else, there may be none.
    pub(super) fn problems(&self, table: &RecordBatch, row: usize, asked: Asked<'_>, has_others: bool) -> Vec<Problem> {
        let record = &asked.pack.checked.record;
        let entries = self.fields.iter().zip(&record.fields).filter_map(|(reader, field)| {
            let array = table.columns().get(reader.column?)?;
            Some((field.name.to_string(), cell::raw(array, row)))
        });
        let raw = Raw::Map(entries.collect());
        match RecordReader::read(record, &raw, asked.surroundings) {
            Err(problems) => problems,
            Ok(_) if has_others => Vec::new(),
            Ok(_) => vec![Problem::new("", "this row cannot be read", None)],
        }
    }
}

/// The texts of a column, by the rows of the cases.
#[derive(Debug)]
struct TextColumn {
    array: ArrayRef,
    rows: Rows,
}

/// The rows of a table in which the cases of a batch stand.
#[derive(Clone, Debug)]
pub(super) enum Rows {
    All(Range<usize>),
    Some(Arc<[usize]>),
}

impl Rows {
    /// The row of a case.
    pub(super) fn of(&self, case: usize) -> Option<usize> {
        match self {
            Rows::All(rows) => rows.clone().nth(case),
            Rows::Some(rows) => rows.get(case).copied(),
        }
    }
}

impl Texts for TextColumn {
    fn text(&self, case: usize) -> Arc<str> {
        self.rows.of(case).and_then(|row| text(&self.array, row)).map_or_else(|| Arc::from(""), Arc::from)
    }
}

impl Empty {
    fn filled(&self) -> Filled {
        match self {
            Empty::None => Filled::Outcome(Ok(Value::None)),
            Empty::Unknown(outcome) | Empty::Beside(outcome) => Filled::Outcome(outcome.clone()),
            Empty::Bits(bits) => Filled::Bits(*bits),
            Empty::Refused => Filled::Refused,
        }
    }
}

/// Whether an integer lies in a field's range, and so in its column of a batch.
fn fits(field: &Field, storage: &Storage, bits: i64) -> bool {
    storage.limits(&field.range).is_some_and(|(low, high)| (low..=high).contains(&bits))
}

/// The cells of a field.
pub(super) struct Cells<'a> {
    index: usize,
    field: &'a Field,
    storage: &'a Storage,
    pub(super) rows: Range<usize>,
    pub(super) asked: Asked<'a>,
}

impl Cells<'_> {
    fn read(
        &self,
        reader: &FieldReader,
        array: Option<&ArrayRef>,
        dictionary: Option<&[Filled]>,
        room: &mut ReadRoom,
        batch: &mut Batch,
    ) {
        let ReadRoom { words, bits, refused, puts } = room;
        puts.clear();
        bits.resize(self.rows.len(), 0);
        let Some(array) = array else { return self.absent(reader, bits, refused, batch) };
        let bits = bits.as_mut_slice();
        let mut ask = |text: &str| self.filled(&Raw::Text(text.to_owned()));
        let Some(words) = words.get_mut(self.index) else { return };
        // A dictionary may hide nulls among its entries.
        let hides_nulls = array.as_any_dictionary_opt().is_some_and(|dictionary| dictionary.values().null_count() > 0);
        let has_odd = match &reader.rule {
            Rule::Asked => None,
            Rule::Texts { .. } if hides_nulls => None,
            Rule::Numbers(numbers) => self.numbers(*numbers, array, bits),
            Rule::Booleans => self.booleans(array, bits),
            Rule::Words => match dictionary {
                Some(entries) => self.entries(array, entries, bits),
                None => self.words(array, words, &mut ask, bits),
            },
            Rule::Texts { is_key, is_bounded, words } => {
                let is_plain = !is_key && !is_bounded && words.is_empty();
                if is_plain {
                    bits.fill(0);
                    Some(false)
                } else {
                    self.texts(array, (*is_key, *is_bounded), words, bits)
                }
            }
        };
        let has_odd = has_odd.unwrap_or_else(|| {
            bits.fill(ASK);
            true
        });
        // A dictionary's own nulls are told by its entries.
        let nulls = array.nulls().map(|nulls| nulls.slice(self.rows.start, self.rows.len()));
        if let Some(nulls) = nulls.as_ref().filter(|nulls| nulls.null_count() > 0) {
            self.nulls(reader, nulls, bits, refused, puts);
        }
        if has_odd {
            for (case, bits) in bits.iter_mut().enumerate() {
                if *bits != ASK || nulls.as_ref().is_some_and(|nulls| nulls.is_null(case)) {
                    continue;
                }
                let row = self.rows.start + case;
                let filled = match (&reader.rule, dictionary) {
                    (Rule::Words, Some(entries)) => match entry_of(array, row).and_then(|entry| entries.get(entry)) {
                        Some(filled) => filled.clone(),
                        None => self.filled(&cell::raw(array, row)),
                    },
                    (Rule::Words, None) => match text(array, row) {
                        Some(text) => words.filled(text, &mut ask),
                        None => self.filled(&cell::raw(array, row)),
                    },
                    _ => self.filled(&cell::raw(array, row)),
                };
                *bits = 0;
                match filled {
                    Filled::Bits(known) => *bits = known,
                    Filled::Outcome(outcome) => puts.push((case, outcome)),
                    Filled::Refused => refuse(refused, case),
                }
            }
        }
        batch.fill(self.index, self.asked.kernels, bits);
        if let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) {
            let state = match reader.empty {
                Empty::None => State::None,
                Empty::Unknown(_) => State::Unknown,
                _ => State::Known,
            };
            for (word, cases) in null_words(&nulls) {
                batch.mark(self.index, state, word, cases);
            }
        }
        for (case, outcome) in puts.drain(..) {
            batch.put(case, SlotId(clamp(self.index)), outcome, self.storage);
        }
    }

    pub(super) fn filled(&self, raw: &Raw) -> Filled {
        Filled::of(self.asked.cell(self.field, raw), self.storage)
    }

    /// A field for which the table has no column.
    fn absent(&self, reader: &FieldReader, bits: &mut [i64], refused: &mut [u64], batch: &mut Batch) {
        let count = self.rows.len();
        bits.fill(if let Empty::Bits(bits) = reader.empty { bits } else { 0 });
        batch.fill(self.index, self.asked.kernels, bits);
        for case in 0..count {
            match &reader.empty {
                Empty::Bits(_) => {}
                Empty::Refused => refuse(refused, case),
                Empty::None => batch.mark(self.index, State::None, case / 64, 1 << (case % 64)),
                Empty::Unknown(_) => batch.mark(self.index, State::Unknown, case / 64, 1 << (case % 64)),
                Empty::Beside(outcome) => {
                    batch.put(case, SlotId(clamp(self.index)), outcome.clone(), self.storage);
                }
            }
        }
    }

    /// What null means.
    fn nulls(
        &self,
        reader: &FieldReader,
        nulls: &NullBuffer,
        bits: &mut [i64],
        refused: &mut [u64],
        puts: &mut Vec<(usize, Outcome)>,
    ) {
        let fill = if let Empty::Bits(bits) = reader.empty { bits } else { 0 };
        for (word, mut cases) in null_words(nulls) {
            if matches!(reader.empty, Empty::Refused)
                && let Some(refused) = refused.get_mut(word)
            {
                *refused |= cases;
            }
            while cases != 0 {
                let case = word * 64 + cases.trailing_zeros() as usize;
                cases &= cases - 1;
                bits.get_mut(case).into_iter().for_each(|bits| *bits = fill);
                if let Empty::Beside(outcome) = &reader.empty {
                    puts.push((case, outcome.clone()));
                }
            }
        }
    }
}

fn refuse(refused: &mut [u64], case: usize) {
    refused.get_mut(case / 64).into_iter().for_each(|word| *word |= 1 << (case % 64));
}

/// The cases that are null: words of 64, those without any left out.
fn null_words(nulls: &NullBuffer) -> impl Iterator<Item = (usize, u64)> {
    let (valid, count) = (nulls.inner(), nulls.len());
    let words = valid.bit_chunks();
    let words: Vec<u64> = words.iter_padded().take(count.div_ceil(64)).collect();
    words.into_iter().enumerate().filter_map(move |(word, valid)| {
        let there = match count - word * 64 {
            left if left < 64 => (1 << left) - 1,
            _ => u64::MAX,
        };
        let cases = !valid & there;
        (cases != 0).then_some((word, cases))
    })
}
