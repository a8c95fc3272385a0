//! Records that are filled value by value against the same data read by the definition: the same slots to the last bit,
//! or a problem where the filler says that something does not stand.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::{CaseFiller, Given, ListFiller, PartFiller};
use crate::engine::Record;
use crate::generated::GeneratedPack;
use crate::language::SlotId;
use crate::record::{Raw, json};
use crate::value::{Field, RecordType, Type};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).expect("a limit fits")).expect("a number fits")
    }
}

/// Data that is seldom right.
fn odd(random: &mut Random) -> Raw {
    let texts = ["", " ", "0", "-0", "12.5", "12.50", "0.001", "1e3", "2026-02-30", "2026-02-03", "true", "nope"];
    let numbers = ["0", "-0", "1", "-7", "12.5", "0.0001", "9223372036854775807", "92233720368547758.08", "1e3"];
    match random.below(8) {
        0 => Raw::Absent,
        1 => Raw::Unknown,
        2 => Raw::Boolean(random.below(2) == 0),
        3 => Raw::List(vec![Raw::Number("1".to_owned()), Raw::Unknown]),
        4 => Raw::Map(vec![("nope".to_owned(), Raw::Absent)]),
        5 | 6 => Raw::Number(numbers[random.below(numbers.len())].to_owned()),
        _ => Raw::Text(texts[random.below(texts.len())].to_owned()),
    }
}

/// What a host would give for data of a type: numbers, days and instants as such where it can.
fn given<'a>(base: &Type, raw: &'a Raw) -> Option<Given<'a>> {
    Some(match raw {
        Raw::Absent => Given::None,
        Raw::Unknown => Given::Unknown,
        Raw::Boolean(value) => Given::Boolean(*value),
        Raw::Number(text) => text.parse().map_or(Given::Number(text), Given::Integer),
        Raw::Text(text) => match base {
            Type::Date => {
                text.parse::<NaiveDate>().map_or(Given::Text(text), |day| Given::Day(i64::from(day.num_days_from_ce())))
            }
            Type::Timestamp => text
                .parse::<DateTime<Utc>>()
                .map_or(Given::Text(text), |instant| Given::Instant(instant.timestamp_micros())),
            _ => Given::Text(text),
        },
        Raw::Plain(_) | Raw::List(_) | Raw::Map(_) => return None,
    })
}

fn item_type(base: &Type) -> &Type {
    match base {
        Type::List(item) => &item.base,
        other => other,
    }
}

fn parts_of(base: &Type) -> &[Field] {
    match base {
        Type::Record(record) => &record.fields,
        _ => &[],
    }
}

fn fill_list(list: &mut ListFiller<'_>, base: &Type, items: &[Raw]) -> bool {
    items.iter().all(|raw| match (given(base, raw), raw) {
        (Some(given), _) => list.put(given),
        (None, Raw::List(items)) => list.list(|list| fill_list(list, item_type(base), items)),
        (None, Raw::Map(parts)) => list.record(|filler| fill_parts(filler, base, parts)),
        _ => false,
    })
}

fn fill_parts(filler: &mut PartFiller<'_>, base: &Type, parts: &[(String, Raw)]) -> bool {
    parts.iter().all(|(name, raw)| {
        let Some(field) = parts_of(base).iter().find(|field| *field.name == **name) else { return false };
        match (given(&field.base, raw), raw) {
            (Some(given), _) => filler.put(name, given),
            (None, Raw::List(items)) => filler.list(name, |list| fill_list(list, item_type(&field.base), items)),
            (None, Raw::Map(parts)) => filler.record(name, |filler| fill_parts(filler, &field.base, parts)),
            _ => false,
        }
    })
}

fn fill_case(case: &mut CaseFiller<'_>, record: &RecordType, entries: &[(String, Raw)]) -> bool {
    entries.iter().all(|(name, raw)| {
        let Some(index) = record.index_of(name) else { return record.ignores_unknown_fields };
        let base = &record.fields[index].base;
        match (given(base, raw), raw) {
            (Some(Given::Text(text)), _) => match base {
                Type::Choice(words) if words.iter().any(|word| **word == *text) => {
                    let word = words.iter().position(|word| **word == *text).expect("it is among them");
                    case.choose(index, word)
                }
                _ => case.put(index, Given::Text(text)),
            },
            (Some(given), _) => case.put(index, given),
            (None, Raw::List(items)) => case.list(index, |list| fill_list(list, item_type(base), items)),
            (None, Raw::Map(parts)) => case.record(index, |filler| fill_parts(filler, base, parts)),
            _ => false,
        }
    })
}

#[track_caller]
fn compare(filled: &Record, read: &Record) {
    let pack = filled.engine.planned();
    for (index, (one, other)) in filled.fields.cells.iter().zip(&read.fields.cells).enumerate() {
        assert_eq!((one.bits, one.state), (other.bits, other.state), "slot {index}");
        let slot = SlotId(crate::source::clamp(index));
        let outcome = |record: &Record| record.fields.outcome(slot, &pack.plan.storages);
        assert_eq!(outcome(filled), outcome(read), "slot {index}");
    }
    assert_eq!(filled.fields.beside, read.fields.beside);
}

#[test]
fn cases_that_are_filled_are_those_that_are_read() {
    let seeds = if std::env::var_os("RECOUP_SOAK").is_some() { 5_000 } else { 150 };
    let (mut stood, mut refused) = (0, 0);
    for seed in 0..seeds {
        let pack = GeneratedPack::new(seed);
        let engine = pack.engine();
        let mut random = Random(seed);
        let record_type = engine.planned().checked.record.clone();
        for index in 0..20 {
            let mut evaluator = engine.evaluator(pack.as_of(index)).expect("an instant that can be");
            let Ok(Raw::Map(mut entries)) = json::parse(&pack.case(index)) else { panic!("a case is a map") };
            if index % 2 == 1 && !entries.is_empty() {
                let at = random.below(entries.len());
                entries[at].1 = odd(&mut random);
                if random.below(4) == 0 {
                    entries.swap_remove(random.below(entries.len()));
                }
            }
            let mut filled = evaluator.record();
            let stands = evaluator.fill(&mut filled, |case| fill_case(case, &record_type, &entries));
            let read = evaluator.read_raw(&Raw::Map(entries.clone()));
            match (stands, read) {
                (Ok(true), Ok(read)) => {
                    compare(&filled, &read);
                    stood += 1;
                }
                (Ok(false), Err(_)) | (Err(_), Err(_)) => refused += 1,
                // What is right all the same is not plainly given: the host reads it as text.
                (Ok(false), Ok(_)) => assert!(index % 2 == 1, "seed {seed}, case {index}: {entries:?}"),
                (stands, read) => panic!("seed {seed}, case {index}: {stands:?}, {read:?}, {entries:?}"),
            }
        }
    }
    assert!(stood > 1_000 && refused > 200, "{stood} stood, {refused} were refused");
}
