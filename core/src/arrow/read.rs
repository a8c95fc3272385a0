//! Columns of a table into the slots of a batch, a column at a time.
//!
//! For each field a rule says how the values of its column become integers. What a rule cannot tell is asked, cell by
//! cell, of the definition of what a cell means: [`super::cell`], then [`RecordReader`]. Where that finds a problem the
//! row is refused; it is then read as a whole for all of its problems.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type,
    Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::{DataType, Schema, TimeUnit};

use super::cell;
use super::words::{ASK, Filled, Words};
use crate::eval::column::kernels::Kernels;
use crate::eval::column::{Batch, Lent, Texts};
use crate::eval::{Pack, State};
use crate::language::SlotId;
use crate::plan::Storage;
use crate::record::{Problem, Raw, RecordReader, Surroundings};
use crate::source::clamp;
use crate::value::{Failure, Field, Outcome, Type, Value};

/// 1970-01-01, counted from the year 1.
const EPOCH_DAY: i64 = 719_163;
/// 9999-12-31, counted from the year 1.
const LAST_DAY: i64 = 3_652_059;
/// The last microsecond of the year 9999.
const LAST_INSTANT: i64 = 253_402_300_799_999_999;
const DAY_SECONDS: i64 = 86_400;

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

/// How the values of a column become integers.
#[derive(Debug)]
enum Rule {
    /// Each cell is asked for.
    Asked,
    Numbers(Numbers),
    Booleans,
    /// Texts, or a dictionary, of which each means something once and for all.
    Words,
    /// Texts that stay where they are, but for their place among the words that rules compare with.
    Texts {
        is_key: bool,
        is_bounded: bool,
        words: Arc<[Arc<str>]>,
    },
}

/// An integer of a column becomes one of a slot: times one number, by another, and one added.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    times: i64,
    over: i64,
    add: i64,
    /// The integers of the column that may become one of the slot.
    low: i64,
    high: i64,
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
    pub(super) fn lend(&self, table: &RecordBatch, rows: &Arc<[usize]>, batch: &mut Batch) {
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
    rows: Arc<[usize]>,
}

impl Texts for TextColumn {
    fn text(&self, case: usize) -> Arc<str> {
        self.rows.get(case).and_then(|row| text(&self.array, *row)).map_or_else(|| Arc::from(""), Arc::from)
    }
}

/// The text of a row; nothing where there is none.
pub(super) fn text(array: &dyn Array, row: usize) -> Option<&str> {
    if row >= array.len() || array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary_opt()?;
            text(dictionary.values(), entry_of(array, row)?)
        }
        _ => None,
    }
}

macro_rules! of_key {
    ($key:expr, $type:ident => $body:expr) => {
        match $key {
            DataType::Int8 => {
                type $type = Int8Type;
                Some($body)
            }
            DataType::Int16 => {
                type $type = Int16Type;
                Some($body)
            }
            DataType::Int32 => {
                type $type = Int32Type;
                Some($body)
            }
            DataType::Int64 => {
                type $type = Int64Type;
                Some($body)
            }
            DataType::UInt8 => {
                type $type = UInt8Type;
                Some($body)
            }
            DataType::UInt16 => {
                type $type = UInt16Type;
                Some($body)
            }
            DataType::UInt32 => {
                type $type = UInt32Type;
                Some($body)
            }
            DataType::UInt64 => {
                type $type = UInt64Type;
                Some($body)
            }
            _ => None,
        }
    };
}

/// The entry of a dictionary that a row names.
fn entry_of(array: &dyn Array, row: usize) -> Option<usize> {
    let DataType::Dictionary(key, _) = array.data_type() else { return None };
    fn entry<K: ArrowDictionaryKeyType>(array: &dyn Array, row: usize) -> usize {
        array.as_dictionary::<K>().keys().value(row).as_usize()
    }
    of_key!(&**key, K => entry::<K>(array, row))
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

/// How the values of a column become the integers of a field; nothing where each has to be asked for.
fn rule(field: &Field, storage: &Storage, data: &DataType, asked: Asked<'_>) -> Option<Rule> {
    let is_text = |data: &DataType| matches!(data, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let is_word = is_text(data) || matches!(data, DataType::Dictionary(_, values) if is_text(values));
    // The currency of a case is the pack's, or a problem.
    if field.base == Type::Text && is_word && &*field.name != "currency" {
        let words = match storage {
            Storage::Word(words) => words.clone(),
            Storage::Beside => Arc::from([]),
            _ => return None,
        };
        let is_bounded = field.range.min.is_some() || field.range.max.is_some();
        return Some(Rule::Texts { is_key: field.key, is_bounded, words });
    }
    if is_word {
        return Some(Rule::Words);
    }
    let (mut low, mut high) = storage.limits(&field.range)?;
    let numbers = |times: i128, over: i128, add: i64, low: i64, high: i64| {
        let (times, over) = (i64::try_from(times).ok()?, i64::try_from(over).ok()?);
        // In the column's own integers.
        let (low, high) = (low.saturating_sub(add), high.saturating_sub(add));
        let low = i128::from(low) * i128::from(over);
        let high = i128::from(high) * i128::from(over) + i128::from(over - 1);
        let low = low.div_euclid(i128::from(times)) + i128::from(low.rem_euclid(i128::from(times)) != 0);
        let high = high.div_euclid(i128::from(times));
        let within = |bound: i128| bound.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        Some(Rule::Numbers(Numbers { times, over, add, low: within(low), high: within(high) }))
    };
    match (&field.base, storage, data) {
        (Type::Boolean, Storage::Boolean, DataType::Boolean) => Some(Rule::Booleans),
        (base, Storage::Integer | Storage::Scaled(..), data) if base.is_number() => {
            let places = match storage {
                Storage::Scaled(_, places) => i64::from(*places),
                _ => 0,
            };
            let scale = match data {
                data if data.is_integer() => 0,
                DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
                    i64::from(*scale)
                }
                _ => return None,
            };
            let power = |places: i64| 10_i128.checked_pow(u32::try_from(places.max(0)).ok()?);
            numbers(power(places - scale)?, power(scale - places)?, 0, low, high)
        }
        (Type::Date, Storage::Date, data) => {
            (low, high) = (low.max(1), high.min(LAST_DAY));
            if field.time {
                high = high.min(Storage::Date.bits(&Value::Date(asked.surroundings.today))?);
            }
            let over = match data {
                DataType::Date32 => 1,
                DataType::Date64 => DAY_SECONDS * 1_000,
                DataType::Timestamp(unit, None) => DAY_SECONDS * per_second(*unit),
                _ => return None,
            };
            numbers(1, i128::from(over), EPOCH_DAY, low, high)
        }
        (Type::Timestamp, Storage::Timestamp, DataType::Timestamp(unit, Some(_))) => {
            (low, high) = (low.max(Storage::Timestamp.lowest()), high.min(LAST_INSTANT));
            if field.time {
                high = high.min(asked.surroundings.as_of.timestamp_micros());
            }
            let units = i128::from(per_second(*unit));
            numbers((1_000_000 / units).max(1), (units / 1_000_000).max(1), 0, low, high)
        }
        _ => None,
    }
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// The cells of a field.
struct Cells<'a> {
    index: usize,
    field: &'a Field,
    storage: &'a Storage,
    rows: Range<usize>,
    asked: Asked<'a>,
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
        bits.clear();
        let Some(array) = array else { return self.absent(reader, bits, refused, batch) };
        let mut ask = |text: &str| self.filled(&Raw::Text(text.to_owned()));
        let mut own_words = Words::default();
        let words = words.get_mut(self.index).unwrap_or(&mut own_words);
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
                if is_plain { self.zeros(bits) } else { self.texts(array, (*is_key, *is_bounded), words, bits) }
            }
        };
        let has_odd = has_odd.unwrap_or_else(|| {
            bits.clear();
            bits.resize(self.rows.len(), ASK);
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

    fn filled(&self, raw: &Raw) -> Filled {
        Filled::of(self.asked.cell(self.field, raw), self.storage)
    }

    /// A field for which the table has no column.
    fn absent(&self, reader: &FieldReader, bits: &mut Vec<i64>, refused: &mut [u64], batch: &mut Batch) {
        let count = self.rows.len();
        bits.resize(count, if let Empty::Bits(bits) = reader.empty { bits } else { 0 });
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

    fn zeros(&self, bits: &mut Vec<i64>) -> Option<bool> {
        bits.resize(self.rows.len(), 0);
        Some(false)
    }

    fn numbers(&self, numbers: Numbers, array: &dyn Array, bits: &mut Vec<i64>) -> Option<bool> {
        macro_rules! of {
            ($type:ty) => {
                self.primitives::<$type>(array, numbers, |value| i64::from(value), bits)
            };
        }
        match array.data_type() {
            DataType::Int8 => of!(Int8Type),
            DataType::Int16 => of!(Int16Type),
            DataType::Int32 => of!(Int32Type),
            DataType::Int64 => of!(Int64Type),
            DataType::UInt8 => of!(UInt8Type),
            DataType::UInt16 => of!(UInt16Type),
            DataType::UInt32 => of!(UInt32Type),
            DataType::UInt64 => {
                self.primitives::<UInt64Type>(array, numbers, |value| i64::try_from(value).unwrap_or(ASK), bits)
            }
            DataType::Decimal32(..) => of!(Decimal32Type),
            DataType::Decimal64(..) => of!(Decimal64Type),
            DataType::Decimal128(..) => {
                let narrow = |value: i128| {
                    let low = value as i64;
                    if i128::from(low) == value { low } else { ASK }
                };
                self.primitives::<Decimal128Type>(array, numbers, narrow, bits)
            }
            DataType::Date32 => of!(Date32Type),
            DataType::Date64 => of!(Date64Type),
            DataType::Timestamp(TimeUnit::Second, _) => of!(TimestampSecondType),
            DataType::Timestamp(TimeUnit::Millisecond, _) => of!(TimestampMillisecondType),
            DataType::Timestamp(TimeUnit::Microsecond, _) => of!(TimestampMicrosecondType),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => of!(TimestampNanosecondType),
            _ => None,
        }
    }

    /// The integers of a column; whether a cell has to be asked for.
    fn primitives<T: ArrowPrimitiveType>(
        &self,
        array: &dyn Array,
        numbers: Numbers,
        narrow: impl Fn(T::Native) -> i64,
        bits: &mut Vec<i64>,
    ) -> Option<bool> {
        let values = array.as_primitive_opt::<T>()?.values().get(self.rows.clone())?;
        let Numbers { times, over, add, low, high } = numbers;
        bits.resize(values.len(), 0);
        let mut has_odd = false;
        self.asked.kernels.run(
            #[inline(always)]
            || {
                if over == 1 {
                    for (to, from) in bits.iter_mut().zip(values) {
                        let value = narrow(*from);
                        let is_odd = value < low || value > high || value == ASK;
                        *to = if is_odd { ASK } else { value.wrapping_mul(times).wrapping_add(add) };
                        has_odd |= is_odd;
                    }
                    return;
                }
                for (to, from) in bits.iter_mut().zip(values) {
                    let value = narrow(*from);
                    let is_odd = value < low || value > high || value == ASK || value.wrapping_rem_euclid(over) != 0;
                    *to = if is_odd { ASK } else { value.div_euclid(over).wrapping_add(add) };
                    has_odd |= is_odd;
                }
            },
        );
        Some(has_odd)
    }

    fn booleans(&self, array: &dyn Array, bits: &mut Vec<i64>) -> Option<bool> {
        let values = array.as_boolean_opt()?.values().slice(self.rows.start, self.rows.len());
        bits.resize(self.rows.len(), 0);
        let words = values.bit_chunks();
        self.asked.kernels.run(
            #[inline(always)]
            || {
                for (to, word) in bits.chunks_mut(64).zip(words.iter_padded()) {
                    for (index, to) in to.iter_mut().enumerate() {
                        *to = (word >> index & 1) as i64;
                    }
                }
            },
        );
        Some(false)
    }

    /// The rows of a dictionary.
    fn entries(&self, array: &dyn Array, entries: &[Filled], bits: &mut Vec<i64>) -> Option<bool> {
        let DataType::Dictionary(key, _) = array.data_type() else { return None };
        let codes: Vec<i64> = entries.iter().map(Filled::bits).collect();
        of_key!(&**key, K => self.keyed::<K>(array, &codes, bits))?
    }

    fn keyed<K: ArrowDictionaryKeyType>(&self, array: &dyn Array, codes: &[i64], bits: &mut Vec<i64>) -> Option<bool> {
        let keys = array.as_dictionary_opt::<K>()?.keys().values().get(self.rows.clone())?;
        let mut has_odd = false;
        bits.extend(keys.iter().map(|key| {
            let code = codes.get(key.as_usize()).copied().unwrap_or(ASK);
            has_odd |= code == ASK;
            code
        }));
        Some(has_odd)
    }

    /// Texts that mean the same wherever they stand.
    fn words(
        &self,
        array: &dyn Array,
        words: &mut Words,
        ask: &mut dyn FnMut(&str) -> Filled,
        bits: &mut Vec<i64>,
    ) -> Option<bool> {
        let mut has_odd = false;
        let mut add = |code: i64| {
            has_odd |= code == ASK;
            bits.push(code);
        };
        match array.data_type() {
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                let offsets = array.value_offsets().get(self.rows.start..=self.rows.end)?;
                let bytes = array.value_data();
                for (start, end) in offsets.iter().zip(offsets.iter().skip(1)) {
                    add(words.bits(bytes, *start as usize, (end - start) as usize, ask));
                }
            }
            DataType::LargeUtf8 => {
                let array = array.as_string::<i64>();
                let offsets = array.value_offsets().get(self.rows.start..=self.rows.end)?;
                let bytes = array.value_data();
                for (start, end) in offsets.iter().zip(offsets.iter().skip(1)) {
                    add(words.bits(bytes, *start as usize, (end - start) as usize, ask));
                }
            }
            DataType::Utf8View => {
                let array = array.as_string_view();
                for (view, row) in array.views().get(self.rows.clone())?.iter().zip(self.rows.clone()) {
                    let length = *view as u32 as usize;
                    // Up to 12 bytes stand in the view itself.
                    match length {
                        0..=12 => add(words.short_bits(view >> 32, length, ask)),
                        _ if array.is_null(row) => add(0),
                        _ => {
                            let text = array.value(row);
                            add(words.bits(text.as_bytes(), 0, text.len(), ask));
                        }
                    }
                }
            }
            _ => return None,
        }
        Some(has_odd)
    }

    /// Texts that stay where they are: looked at for what the declaration asks, and for the words of the rules.
    fn texts(
        &self,
        array: &dyn Array,
        (is_key, is_bounded): (bool, bool),
        words: &[Arc<str>],
        bits: &mut Vec<i64>,
    ) -> Option<bool> {
        let others = i64::try_from(words.len()).ok()?;
        let mut has_odd = false;
        bits.extend(self.rows.clone().map(|row| {
            let Some(text) = text(array, row) else { return 0 };
            let is_blank =
                || !text.bytes().next().is_some_and(|byte| byte.is_ascii_graphic()) && text.trim().is_empty();
            // How long it may be is asked of the declaration.
            if is_bounded || is_key && is_blank() {
                let is_fine = is_bounded && matches!(self.filled(&Raw::Text(text.to_owned())), Filled::Outcome(_));
                if !is_fine {
                    has_odd = true;
                    return ASK;
                }
            }
            match words.is_empty() {
                true => 0,
                false => words.iter().position(|word| **word == *text).map_or(others, |index| index as i64),
            }
        }));
        Some(has_odd)
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
