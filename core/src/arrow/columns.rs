//! Columns of results, as they grow: values in order, with runs of nulls.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Int32Array, Int64Array, ListArray,
    StringArray, StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, TimeUnit};
use chrono::Datelike;

use crate::value::show::Show;
use crate::value::{Outcome, Type, Value};

/// The digits of every decimal column: as many as 128 bits hold.
const PRECISION: u8 = 38;
/// The decimals of a number of which the pack does not say how many it has.
const OPEN_DECIMALS: u32 = 10;
/// 1970-01-01, counted from the year 1.
const EPOCH_DAY: i64 = 719_163;

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Boolean,
    Integer,
    Decimal(u32),
    Date,
    Instant,
    /// One of these words.
    Words(Arc<[Arc<str>]>),
    Text,
    List(Box<Kind>),
    Record(Vec<(&'static str, Kind)>),
}

/// A column that grows.
#[derive(Debug)]
pub(super) struct Growing {
    data_type: DataType,
    values: Values,
    /// How many rows have something in `values`: nulls at the end have nothing there yet.
    filled: usize,
    /// Runs of nulls.
    nulls: Vec<Range<usize>>,
    len: usize,
}

#[derive(Debug)]
enum Values {
    Booleans(Vec<bool>),
    Integers(Vec<i64>),
    Decimals(Vec<i128>, u32),
    Dates(Vec<i32>),
    Instants(Vec<i64>),
    Words(Vec<i32>, Arc<StringArray>),
    /// Where each text ends, behind a 0.
    Texts(Vec<i32>, Vec<u8>),
    /// Where each list ends, behind a 0.
    Lists(Vec<i32>, Box<Growing>, FieldRef),
    Records(Vec<Growing>, Fields),
}

impl Kind {
    /// The kind of a result of this type, with at most so many decimals.
    pub(super) fn of(base: &Type, decimals: Option<u32>) -> Kind {
        match base {
            Type::Boolean => Kind::Boolean,
            Type::Integer => Kind::Integer,
            Type::Decimal | Type::Money | Type::Percent => Kind::Decimal(decimals.unwrap_or(OPEN_DECIMALS)),
            Type::Date => Kind::Date,
            Type::Timestamp => Kind::Instant,
            Type::Choice(words) => Kind::Words(words.clone()),
            Type::List(item) => Kind::List(Box::new(Kind::of(&item.base, decimals))),
            Type::Text | Type::Duration(_) | Type::Zone | Type::Record(_) | Type::Any => Kind::Text,
        }
    }

    pub(super) fn data_type(&self) -> DataType {
        match self {
            Kind::Boolean => DataType::Boolean,
            Kind::Integer => DataType::Int64,
            Kind::Decimal(decimals) => DataType::Decimal128(PRECISION, i8::try_from(*decimals).unwrap_or(i8::MAX)),
            Kind::Date => DataType::Date32,
            Kind::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
            Kind::Words(_) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            Kind::Text => DataType::Utf8,
            Kind::List(item) => DataType::List(item.item_field()),
            Kind::Record(parts) => DataType::Struct(fields(parts)),
        }
    }

    fn item_field(&self) -> FieldRef {
        Arc::new(Field::new("item", self.data_type(), true))
    }

    /// The integer in which a value stands in a column of this kind; nothing where none holds it.
    pub(super) fn integer(&self, value: &Value) -> Option<i128> {
        match (self, value) {
            (Kind::Boolean, Value::Boolean(value)) => Some(i128::from(*value)),
            (Kind::Integer, Value::Integer(value)) => Some(i128::from(*value)),
            (Kind::Decimal(decimals), Value::Decimal(number) | Value::Money(number) | Value::Percent(number)) => {
                let number = number.normalize();
                let missing = decimals.checked_sub(number.scale())?;
                number.mantissa().checked_mul(10_i128.checked_pow(missing)?)
            }
            // Integers and decimals stand beside each other.
            (Kind::Decimal(decimals), Value::Integer(value)) => {
                i128::from(*value).checked_mul(10_i128.checked_pow(*decimals)?)
            }
            (Kind::Date, Value::Date(date)) => Some(i128::from(i64::from(date.num_days_from_ce()) - EPOCH_DAY)),
            (Kind::Instant, Value::Timestamp(instant)) => crate::plan::storage::micros(*instant).map(i128::from),
            (Kind::Words(words), Value::Text(text)) => {
                words.iter().position(|word| word == text).and_then(|index| i128::try_from(index).ok())
            }
            _ => None,
        }
    }
}

fn fields(parts: &[(&'static str, Kind)]) -> Fields {
    parts.iter().map(|(name, kind)| Field::new(*name, kind.data_type(), true)).collect()
}

/// How the integers of a slot become those of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Units {
    Same,
    Times(i128),
    Days,
}

/// A text that is added again and again.
#[derive(Debug)]
pub(super) struct ListedText {
    text: Arc<str>,
    /// The text with zeros behind it, where it is short: as many bytes are copied in one instruction.
    short: Option<[u8; SHORT]>,
}

/// Up to so many bytes a text is short.
const SHORT: usize = 32;

impl ListedText {
    pub(super) fn new(text: &str) -> ListedText {
        let mut short = [0; SHORT];
        let fits = short.get_mut(..text.len()).map(|to| to.copy_from_slice(text.as_bytes()));
        ListedText { text: Arc::from(text), short: fits.map(|()| short) }
    }

    #[inline]
    fn add_to(&self, bytes: &mut Vec<u8>) {
        match &self.short {
            Some(short) => {
                let end = bytes.len() + self.text.len();
                bytes.extend_from_slice(short);
                bytes.truncate(end);
            }
            None => bytes.extend_from_slice(self.text.as_bytes()),
        }
    }
}

impl Growing {
    /// No values yet, with room for so many.
    pub(super) fn new(kind: &Kind, room: usize) -> Growing {
        let values = match kind {
            Kind::Boolean => Values::Booleans(Vec::with_capacity(room)),
            Kind::Integer => Values::Integers(Vec::with_capacity(room)),
            Kind::Decimal(decimals) => Values::Decimals(Vec::with_capacity(room), *decimals),
            Kind::Date => Values::Dates(Vec::with_capacity(room)),
            Kind::Instant => Values::Instants(Vec::with_capacity(room)),
            Kind::Words(words) => {
                let texts = StringArray::from_iter_values(words.iter().map(|word| &**word));
                Values::Words(Vec::with_capacity(room), Arc::new(texts))
            }
            Kind::Text => Values::Texts(offsets(room), Vec::new()),
            Kind::List(item) => Values::Lists(offsets(room), Box::new(Growing::new(item, 0)), item.item_field()),
            Kind::Record(parts) => {
                Values::Records(parts.iter().map(|(_, kind)| Growing::new(kind, 0)).collect(), fields(parts))
            }
        };
        Growing { data_type: kind.data_type(), values, filled: 0, nulls: Vec::new(), len: 0 }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds the integers of a slot.
    pub(super) fn extend(&mut self, integers: &[i64], units: Units) {
        self.fill();
        self.grow(integers.len());
        match &mut self.values {
            Values::Booleans(to) => to.extend(integers.iter().map(|value| *value != 0)),
            Values::Integers(to) | Values::Instants(to) => to.extend_from_slice(integers),
            Values::Decimals(to, _) => match units {
                Units::Times(times) => to.extend(integers.iter().map(|value| i128::from(*value).wrapping_mul(times))),
                _ => to.extend(integers.iter().map(|value| i128::from(*value))),
            },
            Values::Dates(to) => to.extend(integers.iter().map(|value| (*value - EPOCH_DAY) as i32)),
            Values::Words(to, ..) => to.extend(integers.iter().map(|value| *value as i32)),
            Values::Texts(..) | Values::Lists(..) | Values::Records(..) => {}
        }
    }

    /// Says that a value which was added is null.
    pub(super) fn set_null(&mut self, index: usize) {
        match self.nulls.last_mut() {
            Some(run) if run.end == index => run.end += 1,
            _ => self.nulls.push(index..index + 1),
        }
    }

    /// Puts another integer in the place of one that was added; false where it does not fit.
    pub(super) fn set(&mut self, index: usize, integer: i128) -> bool {
        fn put<T>(to: &mut [T], index: usize, value: Option<T>) -> bool {
            match (to.get_mut(index), value) {
                (Some(to), Some(value)) => {
                    *to = value;
                    true
                }
                _ => false,
            }
        }
        match &mut self.values {
            Values::Booleans(to) => put(to, index, Some(integer != 0)),
            Values::Integers(to) | Values::Instants(to) => put(to, index, i64::try_from(integer).ok()),
            Values::Decimals(to, _) => put(to, index, Some(integer).filter(|value| value.unsigned_abs() < LIMIT)),
            Values::Dates(to) | Values::Words(to, ..) => put(to, index, i32::try_from(integer).ok()),
            Values::Texts(..) | Values::Lists(..) | Values::Records(..) => false,
        }
    }

    /// Adds nulls.
    pub(super) fn nulls(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        match self.nulls.last_mut() {
            Some(run) if run.end == self.len => run.end += count,
            _ => self.nulls.push(self.len..self.len + count),
        }
        self.len += count;
    }

    fn grow(&mut self, count: usize) {
        self.len += count;
        self.filled += count;
    }

    /// Puts something in the place of nulls, for what follows them.
    fn fill(&mut self) {
        if self.filled == self.len {
            return;
        }
        let (len, count) = (self.len, self.len - self.filled);
        self.filled = len;
        match &mut self.values {
            Values::Booleans(to) => to.resize(len, false),
            Values::Integers(to) | Values::Instants(to) => to.resize(len, 0),
            Values::Decimals(to, _) => to.resize(len, 0),
            Values::Dates(to) | Values::Words(to, ..) => to.resize(len, 0),
            Values::Texts(ends, _) | Values::Lists(ends, ..) => {
                let last = ends.last().copied().unwrap_or(0);
                ends.resize(len + 1, last);
            }
            Values::Records(parts, _) => parts.iter_mut().for_each(|part| part.nulls(count)),
        }
    }

    /// Adds a text.
    pub(super) fn text(&mut self, text: &str) -> Result<(), ArrowError> {
        self.fill();
        let Values::Texts(ends, bytes) = &mut self.values else { return Err(unfit()) };
        bytes.extend_from_slice(text.as_bytes());
        ends.push(i32::try_from(bytes.len()).map_err(|_| too_long())?);
        self.grow(1);
        Ok(())
    }

    /// Adds a text, or null.
    pub(super) fn optional_text(&mut self, text: Option<&str>) -> Result<(), ArrowError> {
        match text {
            Some(text) => self.text(text),
            None => {
                self.nulls(1);
                Ok(())
            }
        }
    }

    /// Adds a list whose items `add` adds.
    pub(super) fn list(&mut self, add: impl FnOnce(&mut Growing) -> Result<(), ArrowError>) -> Result<(), ArrowError> {
        self.fill();
        let Values::Lists(ends, items, _) = &mut self.values else { return Err(unfit()) };
        add(items)?;
        ends.push(i32::try_from(items.len).map_err(|_| too_long())?);
        self.grow(1);
        Ok(())
    }

    /// Adds lists of texts: by case, a bit for each of them in the words of that case.
    pub(super) fn text_lists(&mut self, of: &[u64], words: usize, texts: &[ListedText]) -> Result<(), ArrowError> {
        self.fill();
        let Values::Lists(ends, items, _) = &mut self.values else { return Err(unfit()) };
        let items = &mut **items;
        let Values::Texts(text_ends, bytes) = &mut items.values else { return Err(unfit()) };
        let mut count = 0;
        for of_case in of.chunks_exact(words.max(1)) {
            for (word, bits) in of_case.iter().enumerate() {
                let mut bits = *bits;
                while bits != 0 {
                    let place = word * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    let Some(text) = texts.get(place) else { continue };
                    text.add_to(bytes);
                    text_ends.push(i32::try_from(bytes.len()).map_err(|_| too_long())?);
                }
            }
            ends.push(i32::try_from(text_ends.len() - 1).map_err(|_| too_long())?);
            count += 1;
        }
        let added = text_ends.len() - 1 - items.len;
        items.grow(added);
        self.grow(count);
        Ok(())
    }

    /// Adds a record whose parts `add` adds, one value to each.
    pub(super) fn record(
        &mut self,
        add: impl FnOnce(&mut [Growing]) -> Result<(), ArrowError>,
    ) -> Result<(), ArrowError> {
        self.fill();
        let Values::Records(parts, _) = &mut self.values else { return Err(unfit()) };
        add(parts)?;
        self.grow(1);
        Ok(())
    }

    /// Adds an integer of the column's own units.
    pub(super) fn integer(&mut self, integer: i128) -> Result<(), ArrowError> {
        self.extend(&[0], Units::Same);
        let index = self.len - 1;
        if self.set(index, integer) { Ok(()) } else { Err(unfit()) }
    }

    /// Adds what a result came to; what is not known, failed, or is none is null. False where the column cannot hold
    /// the value, and null stands for it.
    pub(super) fn outcome(&mut self, kind: &Kind, outcome: &Outcome, show: Show) -> Result<bool, ArrowError> {
        let value = match outcome {
            Ok(Value::None) | Err(_) => {
                self.nulls(1);
                return Ok(true);
            }
            Ok(value) => value,
        };
        match (kind, value) {
            (Kind::Text, Value::List(_) | Value::Record(_)) => self.text(&show.json(value).to_string())?,
            (Kind::Text, value) => self.text(&show.text(value))?,
            (Kind::List(item), Value::List(values)) => {
                let mut fits = true;
                self.list(|items| {
                    for value in values.iter() {
                        fits &= items.outcome(item, value, show)?;
                    }
                    Ok(())
                })?;
                return Ok(fits);
            }
            (kind, value) => match kind.integer(value) {
                Some(integer) => self.integer(integer)?,
                None => {
                    self.nulls(1);
                    return Ok(false);
                }
            },
        }
        Ok(true)
    }

    /// The column.
    pub(super) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        if self.filled == 0 {
            return Ok(new_null_array(&self.data_type, self.len));
        }
        self.fill();
        let nulls = null_buffer(self.nulls, self.len);
        Ok(match self.values {
            Values::Booleans(values) => Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls)),
            Values::Integers(values) => Arc::new(Int64Array::try_new(values.into(), nulls)?),
            Values::Decimals(values, decimals) => {
                let scale = i8::try_from(decimals).unwrap_or(i8::MAX);
                let array = Decimal128Array::try_new(values.into(), nulls)?;
                Arc::new(array.with_precision_and_scale(PRECISION, scale)?)
            }
            Values::Dates(values) => Arc::new(Date32Array::try_new(values.into(), nulls)?),
            Values::Instants(values) => {
                Arc::new(TimestampMicrosecondArray::try_new(values.into(), nulls)?.with_timezone("UTC"))
            }
            Values::Words(values, texts) => {
                let keys = Int32Array::try_new(values.into(), nulls)?;
                Arc::new(DictionaryArray::<Int32Type>::try_new(keys, texts)?)
            }
            Values::Texts(ends, bytes) => Arc::new(StringArray::try_new(ended(ends), Buffer::from_vec(bytes), nulls)?),
            Values::Lists(ends, items, field) => {
                Arc::new(ListArray::try_new(field, ended(ends), items.finish()?, nulls)?)
            }
            Values::Records(parts, fields) => {
                let parts = parts.into_iter().map(Growing::finish).collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
                Arc::new(StructArray::try_new_with_length(fields, parts, nulls, self.len)?)
            }
        })
    }
}

/// Beyond 38 digits.
const LIMIT: u128 = 10_u128.pow(38);

/// Where texts or lists end, with room for so many; before the first stands 0.
fn offsets(room: usize) -> Vec<i32> {
    let mut ends = Vec::with_capacity(room + 1);
    ends.push(0);
    ends
}

fn ended(ends: Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(ends))
}

fn null_buffer(nulls: Vec<Range<usize>>, len: usize) -> Option<NullBuffer> {
    match nulls.as_slice() {
        [] => None,
        [run] if run.len() == len => Some(NullBuffer::new_null(len)),
        runs => {
            let mut valid = BooleanBufferBuilder::new(len);
            valid.append_n(len, true);
            for index in runs.iter().cloned().flatten().filter(|index| *index < len) {
                valid.set_bit(index, false);
            }
            Some(NullBuffer::new(valid.finish()))
        }
    }
}

fn unfit() -> ArrowError {
    ArrowError::ComputeError("a value does not fit its column".to_owned())
}

fn too_long() -> ArrowError {
    ArrowError::ComputeError("the texts of one column are longer than 2 GiB: give smaller batches".to_owned())
}
