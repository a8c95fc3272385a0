//! Records as tables of Arrow, in types that a seed picks.

use std::sync::Arc;

use arrow_array::builder::{
    Decimal128Builder, Decimal256Builder, LargeStringBuilder, StringBuilder, StringDictionaryBuilder, StringViewBuilder,
};
use arrow_array::types::{Int8Type, Int32Type, UInt16Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Date64Array, Decimal64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, LargeListArray, ListArray, NullArray, RecordBatch, StructArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, i256};
use arrow_schema::{Field as ArrowField, Fields, Schema};
use chrono::Datelike;
use rust_decimal::Decimal;

use crate::generated::random::Random;
use crate::record::Raw;
use crate::value::{Absence, Field, RecordType, Type, Value, text};

/// The table of these records; nothing where one of them says something that no column can.
pub(super) fn table(record: &RecordType, raws: &[&Raw], random: &mut Random) -> Option<RecordBatch> {
    let (fields, columns) = parts(record, raws, random, true)?;
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(raws.len()));
    Some(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).expect("a table"))
}

fn parts(
    record: &RecordType,
    raws: &[&Raw],
    random: &mut Random,
    may_miss: bool,
) -> Option<(Vec<ArrowField>, Vec<ArrayRef>)> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    let has_strange = raws.iter().any(|raw| match raw {
        Raw::Map(entries) => entries.iter().any(|(name, _)| record.index_of(name).is_none()),
        _ => false,
    });
    if has_strange && !record.ignores_unknown_fields {
        return None;
    }
    for field in &record.fields {
        let cells: Vec<&Raw> = raws
            .iter()
            .map(|raw| match raw {
                Raw::Map(entries) => {
                    entries.iter().find(|(name, _)| **name == *field.name).map_or(&Raw::Absent, |(_, cell)| cell)
                }
                _ => &Raw::Absent,
            })
            .collect();
        let is_missing = cells.iter().all(|cell| **cell == Raw::Absent);
        let may_miss = may_miss && !matches!(field.absence, Absence::Refused);
        if is_missing && may_miss && random.chance(50) {
            continue;
        }
        let array = column(field, &cells, random)?;
        fields.push(ArrowField::new(&*field.name, array.data_type().clone(), true));
        columns.push(array);
    }
    Some((fields, columns))
}

fn column(field: &Field, cells: &[&Raw], random: &mut Random) -> Option<ArrayRef> {
    let emptied: Vec<&Raw> = cells
        .iter()
        .map(|cell| match cell {
            Raw::Plain(text) if text.is_empty() && field.base != Type::Text => &Raw::Absent,
            cell => cell,
        })
        .collect();
    of_type(&field.base, &emptied, random)
}

fn of_type(base: &Type, cells: &[&Raw], random: &mut Random) -> Option<ArrayRef> {
    if cells.iter().any(|cell| **cell == Raw::Unknown) {
        return None;
    }
    if cells.iter().all(|cell| **cell == Raw::Absent) && random.chance(30) {
        return Some(Arc::new(NullArray::new(cells.len())));
    }
    match base {
        Type::List(item) => return list(&item.base, cells, random),
        Type::Record(record) => {
            if cells.iter().any(|cell| !matches!(cell, Raw::Map(_) | Raw::Absent)) {
                return None;
            }
            let (fields, columns) = parts(record, cells, random, false)?;
            let valid: Vec<bool> = cells.iter().map(|cell| **cell != Raw::Absent).collect();
            let nulls = Some(NullBuffer::from(valid));
            let array = StructArray::try_new_with_length(Fields::from(fields), columns, nulls, cells.len());
            return Some(Arc::new(array.expect("a struct")));
        }
        _ => {}
    }
    let texts: Option<Vec<Option<&str>>> = cells
        .iter()
        .map(|cell| match cell {
            Raw::Absent => Some(None),
            Raw::Boolean(value) if *base == Type::Boolean => Some(Some(if *value { "true" } else { "false" })),
            Raw::Number(text) if base.is_number() => Some(Some(text.as_str())),
            Raw::Text(text) | Raw::Plain(text) => Some(Some(text.as_str())),
            _ => None,
        })
        .collect();
    let texts = texts?;
    let values: Option<Vec<Option<Value>>> =
        texts.iter().map(|cell| cell.map_or(Some(None), |text| text::read(text, base, None).ok().map(Some))).collect();
    let typed = values.and_then(|values| match base {
        Type::Boolean => Some(Arc::new(BooleanArray::from_iter(
            values.iter().map(|value| value.as_ref().map(|value| *value == Value::Boolean(true))),
        )) as ArrayRef),
        Type::Integer => integers(&values, random),
        Type::Decimal | Type::Money | Type::Percent => decimals(&values, random),
        Type::Date => dates(&values, random),
        Type::Timestamp => instants(&values, random),
        _ => None,
    });
    match typed {
        Some(array) if random.chance(90) => Some(array),
        _ => Some(strings(&texts, random)),
    }
}

fn strings(texts: &[Option<&str>], random: &mut Random) -> ArrayRef {
    match random.below(6) {
        0 => {
            let mut builder = LargeStringBuilder::new();
            texts.iter().for_each(|text| builder.append_option(*text));
            Arc::new(builder.finish())
        }
        1 => {
            let mut builder = StringViewBuilder::new();
            texts.iter().for_each(|text| builder.append_option(*text));
            Arc::new(builder.finish())
        }
        2 if texts.len() < 100 => {
            let mut builder = StringDictionaryBuilder::<Int8Type>::new();
            texts.iter().for_each(|text| builder.append_option(*text));
            Arc::new(builder.finish())
        }
        3 => {
            let mut builder = StringDictionaryBuilder::<UInt16Type>::new();
            texts.iter().for_each(|text| builder.append_option(*text));
            Arc::new(builder.finish())
        }
        4 => {
            // A dictionary whose entries hold a null.
            let mut entries = StringBuilder::new();
            entries.append_null();
            texts.iter().flatten().for_each(|text| entries.append_value(text));
            let mut next = 0;
            let keys = texts.iter().map(|text| {
                next += i32::from(text.is_some());
                text.map_or(0, |_| next)
            });
            let keys = Int32Array::from_iter_values(keys);
            let array = arrow_array::DictionaryArray::<Int32Type>::try_new(keys, Arc::new(entries.finish()));
            Arc::new(array.expect("a dictionary"))
        }
        _ => {
            let mut builder = StringBuilder::new();
            texts.iter().for_each(|text| builder.append_option(*text));
            Arc::new(builder.finish())
        }
    }
}

fn integers(values: &[Option<Value>], random: &mut Random) -> Option<ArrayRef> {
    let numbers: Vec<Option<i64>> = values
        .iter()
        .map(|value| match value {
            Some(Value::Integer(value)) => Some(*value),
            _ => None,
        })
        .collect();
    let all = |fits: &dyn Fn(i64) -> bool| numbers.iter().flatten().all(|value| fits(*value));
    Some(match random.below(6) {
        0 if all(&|value| i8::try_from(value).is_ok()) => {
            Arc::new(Int8Array::from_iter(numbers.iter().map(|value| value.map(|value| value as i8))))
        }
        1 if all(&|value| i16::try_from(value).is_ok()) => {
            Arc::new(Int16Array::from_iter(numbers.iter().map(|value| value.map(|value| value as i16))))
        }
        2 if all(&|value| i32::try_from(value).is_ok()) => {
            Arc::new(Int32Array::from_iter(numbers.iter().map(|value| value.map(|value| value as i32))))
        }
        3 if all(&|value| value >= 0) => {
            Arc::new(UInt64Array::from_iter(numbers.iter().map(|value| value.map(|value| value as u64))))
        }
        4 => return decimals(values, random),
        _ => Arc::new(Int64Array::from_iter(numbers)),
    })
}

fn decimals(values: &[Option<Value>], random: &mut Random) -> Option<ArrayRef> {
    let numbers: Vec<Option<Decimal>> = values
        .iter()
        .map(|value| match value {
            Some(Value::Decimal(number) | Value::Money(number) | Value::Percent(number)) => Some(number.normalize()),
            Some(Value::Integer(number)) => Some(Decimal::from(*number)),
            _ => None,
        })
        .collect();
    let least = numbers.iter().flatten().map(Decimal::scale).max().unwrap_or(0);
    let scale = least + u32::try_from(random.below(3)).expect("a few");
    let units = |number: &Decimal| number.mantissa().checked_mul(10_i128.checked_pow(scale - number.scale())?);
    let units: Option<Vec<Option<i128>>> =
        numbers.iter().map(|number| number.as_ref().map_or(Some(None), |number| units(number).map(Some))).collect();
    let units = units?;
    let small = i8::try_from(scale).expect("a scale");
    let below = |digits: u32| units.iter().flatten().all(|units| units.unsigned_abs() < 10_u128.pow(digits));
    match random.below(4) {
        0 if below(18) && scale <= 18 => {
            let array = Decimal64Array::from_iter(units.iter().map(|units| units.map(|units| units as i64)));
            Some(Arc::new(array.with_precision_and_scale(18, small).ok()?))
        }
        1 => {
            let mut builder = Decimal256Builder::new().with_precision_and_scale(76, small).ok()?;
            units.iter().for_each(|units| builder.append_option(units.map(i256::from_i128)));
            Some(Arc::new(builder.finish()))
        }
        _ if below(38) => {
            let mut builder = Decimal128Builder::new().with_precision_and_scale(38, small).ok()?;
            units.iter().for_each(|units| builder.append_option(*units));
            Some(Arc::new(builder.finish()))
        }
        _ => None,
    }
}

fn dates(values: &[Option<Value>], random: &mut Random) -> Option<ArrayRef> {
    let days: Vec<Option<i32>> = values
        .iter()
        .map(|value| match value {
            Some(Value::Date(date)) => Some(date.num_days_from_ce() - 719_163),
            _ => None,
        })
        .collect();
    let seconds = |day: &Option<i32>| day.map(|day| i64::from(day) * 86_400);
    Some(match random.below(4) {
        0 => Arc::new(Date64Array::from_iter(days.iter().map(|day| seconds(day).map(|seconds| seconds * 1_000)))),
        1 => Arc::new(TimestampSecondArray::from_iter(days.iter().map(seconds))),
        2 => Arc::new(TimestampMicrosecondArray::from_iter(
            days.iter().map(|day| seconds(day).map(|seconds| seconds * 1_000_000)),
        )),
        _ => Arc::new(Date32Array::from_iter(days)),
    })
}

fn instants(values: &[Option<Value>], random: &mut Random) -> Option<ArrayRef> {
    let instants = || {
        values.iter().map(|value| match value {
            Some(Value::Timestamp(instant)) => Some(*instant),
            _ => None,
        })
    };
    let finest = instants().flatten().map(|instant| instant.timestamp_subsec_nanos());
    let is_whole = |nanos: u32| finest.clone().all(|finer| finer.is_multiple_of(nanos));
    let zone = *random.pick(&["UTC", "+02:00", "America/New_York"]);
    Some(match random.below(4) {
        0 if is_whole(1_000_000_000) => Arc::new(
            TimestampSecondArray::from_iter(instants().map(|at| at.map(|at| at.timestamp()))).with_timezone(zone),
        ),
        1 if is_whole(1_000_000) => Arc::new(
            TimestampMillisecondArray::from_iter(instants().map(|at| at.map(|at| at.timestamp_millis())))
                .with_timezone(zone),
        ),
        2 if is_whole(1_000) => Arc::new(
            TimestampMicrosecondArray::from_iter(instants().map(|at| at.map(|at| at.timestamp_micros())))
                .with_timezone(zone),
        ),
        _ => {
            let nanos: Option<Vec<Option<i64>>> =
                instants().map(|at| at.map_or(Some(None), |at| at.timestamp_nanos_opt().map(Some))).collect();
            Arc::new(TimestampNanosecondArray::from_iter(nanos?).with_timezone(zone))
        }
    })
}

fn list(base: &Type, cells: &[&Raw], random: &mut Random) -> Option<ArrayRef> {
    let mut items = Vec::new();
    let mut lengths = Vec::new();
    for cell in cells {
        match cell {
            Raw::List(of_cell) => {
                items.extend(of_cell);
                lengths.push(of_cell.len());
            }
            Raw::Absent => lengths.push(0),
            _ => return None,
        }
    }
    let values = of_type(base, &items, random)?;
    let field = Arc::new(ArrowField::new("item", values.data_type().clone(), true));
    let nulls = Some(NullBuffer::from_iter(cells.iter().map(|cell| **cell != Raw::Absent)));
    Some(match random.chance(50) {
        true => {
            let array = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, nulls);
            Arc::new(array.expect("a list"))
        }
        false => {
            let array = LargeListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, nulls);
            Arc::new(array.expect("a list"))
        }
    })
}
