//! Tables against records: a row of a table comes to what its record comes to, byte for byte, in any type that its
//! columns may have, sliced and in chunks.

mod tables;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, RecordBatch, StringArray};
use chrono::{DateTime, Utc};

use super::ArrowOptions;
use super::cell;
use super::columns::Kind;
use super::results::{Results, Source};
use crate::check::samples::Test;
use crate::decision::Decision;
use crate::engine::Engine;
use crate::generated::GeneratedPack;
use crate::generated::random::Random;
use crate::host::stand_in;
use crate::record::{Problem, Raw, json};
use crate::value::show::Show;
use crate::value::{Failure, Outcome, Value};

/// Packs in the gate, and with RECOUP_SOAK.
const PACKS: (u64, u64) = (150, 5_000);
/// The cases of a generated pack.
const CASES: u64 = 24;

/// How often something happened.
type Reached = BTreeMap<&'static str, usize>;

/// What a record comes to.
type Wanted = Result<Decision, Vec<Problem>>;

/// Says that there are at least so many.
#[track_caller]
fn rare(reached: &Reached, least: &[(&str, usize)]) {
    for (what, least) in least {
        let found = reached.get(what).copied().unwrap_or(0);
        assert!(found >= *least, "{what}: {found} of {least}; {reached:?}");
    }
}

fn count(reached: &mut Reached, what: &'static str) {
    *reached.entry(what).or_default() += 1;
}

#[test]
fn the_corpus_in_tables_decides_as_in_records() {
    let mut reached = Reached::new();
    let mut random = Random::new(1);
    for (name, files) in crate::corpus::packs() {
        let engine = Engine::from_sources(&name, files).unwrap_or_else(|error| panic!("{name}: {error}"));
        for test in &engine.parts().checked.tests {
            for _ in 0..4 {
                stand_in(&test.host, || one(&engine, test, &mut random, &mut reached));
            }
        }
    }
    println!("{reached:?}");
    rare(&reached, &[("decided", 1_500), ("with a state", 100), ("explicit unknown", 1)]);
}

/// A case of the corpus, in the middle of a table of three.
fn one(engine: &Engine, test: &Test, random: &mut Random, reached: &mut Reached) {
    if says_unknown(&test.record) {
        return count(reached, "explicit unknown");
    }
    let record = engine.parts().checked.record.clone();
    let Some(table) = tables::table(&record, &[&test.record, &test.record, &test.record], random) else {
        return count(reached, "no column says it");
    };
    let mut table = table;
    let mut options = ArrowOptions::at(test.as_of).decisions().fired().threads(NonZero::<usize>::MIN);
    if let Some(said) = &test.state {
        if !said.approved.is_empty() {
            return count(reached, "approved");
        }
        let evaluator = engine.evaluator(test.as_of).expect("an instant that can be");
        let Ok(record) = evaluator.read_raw(&test.record) else { return count(reached, "refused") };
        let today = crate::calendar::date_at(test.as_of, engine.parts().checked.header.zone);
        let state = evaluator.test_state(&record, said, today).expect("the test was run").to_json();
        let mut columns: Vec<_> = table.columns().to_vec();
        columns.push(std::sync::Arc::new(StringArray::from(vec![state.as_str(); 3])));
        let mut fields: Vec<_> = table.schema().fields().iter().cloned().collect();
        fields.push(std::sync::Arc::new(arrow_schema::Field::new("its_state", arrow_schema::DataType::Utf8, true)));
        let schema = std::sync::Arc::new(arrow_schema::Schema::new(fields));
        table = RecordBatch::try_new(schema, columns).expect("a table");
        options = options.states("its_state");
        count(reached, "with a state");
    }
    let wanted = engine.try_test(test).map(|decided| decided.decision).map_err(|error| error.problems);
    if let Ok(decision) = &wanted {
        count(reached, "decided");
        assert_eq!(decided_json(engine, &table.slice(1, 1), &options), decision.to_json());
    }
    compare(engine, &[table.slice(1, 1)], &options, &[wanted], reached);
}

fn decided_json(engine: &Engine, table: &RecordBatch, options: &ArrowOptions) -> String {
    let mut evaluator = engine.arrow(&table.schema(), options).expect("the columns fit");
    let decided = evaluator.evaluate(std::slice::from_ref(table)).expect("it decides");
    decided[0].column_by_name("decision").expect("asked for").as_string::<i32>().value(0).to_owned()
}

fn says_unknown(raw: &Raw) -> bool {
    match raw {
        Raw::Unknown => true,
        Raw::List(items) => items.iter().any(says_unknown),
        Raw::Map(entries) => entries.iter().any(|(_, raw)| says_unknown(raw)),
        _ => false,
    }
}

/// The record with nothing where it says that something is unknown.
fn without_unknown(raw: Raw) -> Raw {
    match raw {
        Raw::Unknown => Raw::Absent,
        Raw::List(items) => Raw::List(items.into_iter().map(without_unknown).collect()),
        Raw::Map(entries) => Raw::Map(entries.into_iter().map(|(name, raw)| (name, without_unknown(raw))).collect()),
        raw => raw,
    }
}

#[test]
fn generated_records_in_tables_decide_as_one_by_one() {
    let packs = if std::env::var_os("RECOUP_SOAK").is_some() { PACKS.1 } else { PACKS.0 };
    let mut reached = Reached::new();
    for seed in 0..packs {
        let pack = GeneratedPack::new(seed);
        let engine = pack.engine();
        let mut random = Random::new(seed ^ 0xa770);
        let mut by_instant: BTreeMap<DateTime<Utc>, Vec<Raw>> = BTreeMap::new();
        for index in 0..CASES {
            let raw = json::parse(&pack.case(index)).expect("JSON");
            by_instant.entry(pack.as_of(index)).or_default().push(without_unknown(raw));
        }
        for (as_of, raws) in by_instant {
            let raws: Vec<&Raw> = raws.iter().collect();
            let Some(table) = tables::table(&engine.parts().checked.record.clone(), &raws, &mut random) else {
                count(&mut reached, "no column says it");
                continue;
            };
            let wanted: Vec<Wanted> = raws
                .iter()
                .map(|raw| {
                    let decided = engine.evaluate_raw(raw, as_of).map(|decided| decided.decision);
                    decided.map_err(|error| error.problems)
                })
                .collect();
            let mut options = ArrowOptions::at(as_of).threads(NonZero::<usize>::MIN);
            if random.chance(70) {
                options = options.decisions();
            }
            if random.chance(50) {
                options = options.fired();
            }
            // Repeated keys are another matter: each row by itself, or a stretch without.
            let cuts = stretches(&table, &engine, &mut random);
            for cut in cuts {
                let pieces: Vec<RecordBatch> = match random.below(3) {
                    0 if cut.len() > 1 => {
                        vec![table.slice(cut.start, 1), table.slice(cut.start + 1, cut.len() - 1)]
                    }
                    _ => vec![table.slice(cut.start, cut.len())],
                };
                compare(&engine, &pieces, &options, &wanted[cut], &mut reached);
            }
        }
    }
    println!("{reached:?}");
    rare(&reached, &[("rows", 3_000), ("refused", 100), ("unknown", 200), ("results", 5_000), ("failed", 50)]);
}

/// Stretches of rows in which no key stands twice.
fn stretches(table: &RecordBatch, engine: &Engine, random: &mut Random) -> Vec<Range<usize>> {
    let key = engine.parts().checked.record.key_index().map(|index| &engine.parts().checked.record.fields[index].name);
    let keys = key.and_then(|key| table.column_by_name(key)).expect("there is a key");
    let (mut stretches, mut start, mut seen) = (Vec::new(), 0, Vec::new());
    for row in 0..table.num_rows() {
        let key = cell::raw(keys, row);
        if seen.contains(&key) || random.chance(10) {
            stretches.push(start..row);
            (start, seen) = (row, Vec::new());
        }
        seen.push(key);
    }
    stretches.push(start..table.num_rows());
    stretches.retain(|stretch| !stretch.is_empty());
    stretches
}

/// Decides tables, and compares what each row comes to with what its record does.
fn compare(engine: &Engine, pieces: &[RecordBatch], options: &ArrowOptions, wanted: &[Wanted], reached: &mut Reached) {
    let schema = pieces[0].schema();
    let mut evaluator = engine.arrow(&schema, options).expect("the columns fit");
    let decided = evaluator.evaluate(pieces).expect("it decides");
    let key = engine.parts().checked.record.key_index().expect("there is a key");
    let key = schema.index_of(&engine.parts().checked.record.fields[key].name).expect("there is a key");
    let results = Results::new(engine.planned(), &schema, key, options).expect("they are all there");
    let show = Show { currency_decimals: engine.parts().checked.header.currency_decimals };
    let mut rows = decided.iter().flat_map(|piece| (0..piece.num_rows()).map(move |row| (piece, row)));
    for wanted in wanted {
        let (piece, row) = rows.next().expect("there are as many rows");
        assert_eq!(piece.schema().fields(), results.schema.fields());
        count(reached, "rows");
        match wanted {
            Ok(decision) => {
                if let Some(found) = piece.column_by_name("decision") {
                    assert_eq!(found.as_string::<i32>().value(row), decision.to_json(), "row {row}");
                }
                for (column, array) in results.columns.iter().zip(piece.columns()) {
                    said(&column.source, &column.kind, array, row, decision, show, reached);
                }
            }
            Err(problems) => {
                count(reached, "refused");
                let errors = piece.column_by_name("errors").expect("always").as_list::<i32>().value(row);
                let errors = errors.as_struct();
                let part = |index: usize, row: usize| {
                    let part = errors.column(index).as_string::<i32>();
                    part.is_valid(row).then(|| part.value(row).to_owned())
                };
                let found: Vec<(Option<String>, Option<String>)> =
                    (0..errors.len()).map(|row| (part(0, row), part(1, row))).collect();
                let paths: Vec<(Option<String>, Option<String>)> =
                    problems.iter().map(|problem| (Some(problem.path.clone()), Some("refused".to_owned()))).collect();
                assert_eq!(found, paths, "{problems:?}");
                let others = results.columns.iter().zip(piece.columns());
                for (column, array) in
                    others.filter(|(column, _)| !matches!(column.source, Source::Key(_) | Source::Errors))
                {
                    assert!(array.is_null(row), "{}", column.name);
                }
            }
        }
    }
    assert!(rows.next().is_none(), "there are as many rows");
}

/// Compares a cell of a result with the decision.
fn said(
    source: &Source,
    kind: &Kind,
    array: &dyn Array,
    row: usize,
    decision: &Decision,
    show: Show,
    reached: &mut Reached,
) {
    let texts = || -> Option<Vec<String>> {
        let list = array.as_list::<i32>();
        list.is_valid(row).then(|| {
            let items = list.value(row);
            items.as_string::<i32>().iter().map(|text| text.expect("a text").to_owned()).collect()
        })
    };
    let text = || array.is_valid(row).then(|| array.as_string::<i32>().value(row).to_owned());
    match source {
        Source::Key(_) => assert_eq!(plain(cell::raw(array, row)), Some(decision.key())),
        Source::Shown(_, _, name) | Source::Said(name) => {
            let outcome: &Outcome = decision.outcome(name).expect("the decision has it");
            count(reached, if matches!(source, Source::Said(_)) { "results said" } else { "results" });
            let place = format!("{name} of row {row} in {source:?}");
            same(kind, array, row, outcome, show, &place);
        }
        Source::Escalations(_) => {
            let wanted: Vec<String> = decision.escalations().map(str::to_owned).collect();
            assert_eq!(texts(), Some(wanted));
        }
        Source::Stage => assert_eq!(text(), decision.stage().map(|stage| stage.to.clone())),
        Source::Workflow => assert_eq!(text(), decision.stage().map(|stage| stage.workflow.clone())),
        Source::State => assert_eq!(text(), decision.state().map(|state| state.to_json())),
        Source::NextReview => {
            let at = array.as_primitive::<arrow_array::types::TimestampMicrosecondType>();
            let found = at.is_valid(row).then(|| at.value(row));
            assert_eq!(found, decision.next_review_at().map(|at| at.timestamp_micros()));
        }
        Source::Fired => {
            let wanted: Vec<String> = decision.fired().map(str::to_owned).collect();
            assert_eq!(texts(), Some(wanted));
        }
        Source::Decision => assert_eq!(text(), Some(decision.to_json())),
        Source::Unknowns => {
            assert_eq!(texts().is_some(), !decision.unknowns().is_empty());
            reached.entry("unknown").and_modify(|found| *found += decision.unknowns().len()).or_default();
        }
        Source::Missing => {
            let mut facts: Vec<String> =
                decision.unknowns().iter().flat_map(|unknown| &unknown.facts).map(ToString::to_string).collect();
            facts.sort();
            facts.dedup();
            assert_eq!(texts(), (!facts.is_empty()).then_some(facts));
        }
        Source::Errors => {
            let list = array.as_list::<i32>();
            let found = if list.is_valid(row) { list.value(row).len() } else { 0 };
            // A value may be too large for its column beside.
            assert!(found >= decision.errors().len(), "{found} of {:?}", decision.errors());
            reached.entry("failed").and_modify(|count| *count += found).or_default();
        }
    }
}

/// A cell against what a result came to.
fn same(kind: &Kind, array: &dyn Array, row: usize, outcome: &Outcome, show: Show, place: &str) {
    let value = match outcome {
        Err(Failure::Unknown(_) | Failure::Error(_)) | Ok(Value::None) => {
            return assert!(array.is_null(row), "{place}: {outcome:?}");
        }
        Ok(value) => value,
    };
    match (kind, value) {
        (Kind::List(item), Value::List(items)) => {
            let found = array.as_list::<i32>().value(row);
            assert_eq!(found.len(), items.len());
            items.iter().enumerate().for_each(|(row, value)| same(item, &found, row, value, show, place));
        }
        (Kind::Words(_), value) => {
            let words = array.as_dictionary::<Int32Type>().downcast_dict::<StringArray>().expect("texts");
            assert_eq!(words.into_iter().nth(row).flatten(), Some(show.text(value).as_str()));
        }
        (Kind::Text, Value::List(_) | Value::Record(_)) => {
            assert_eq!(plain(cell::raw(array, row)), Some(show.json(value).to_string()));
        }
        // Beyond what the column holds.
        (kind, _) if *kind != Kind::Text && kind.integer(value).is_none() => assert!(array.is_null(row)),
        (kind, value) => {
            let Some(found) = plain(cell::raw(array, row)) else { panic!("{place}: null, not {value:?} in {kind:?}") };
            let bare = match value {
                Value::Money(number) => number.normalize().to_string(),
                value => show.text(value),
            };
            assert_eq!(found, bare, "{place}: {kind:?}");
        }
    }
}

fn plain(raw: Raw) -> Option<String> {
    match raw {
        Raw::Number(text) | Raw::Text(text) => Some(text),
        Raw::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}
