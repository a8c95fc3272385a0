//! Values go to a script and back unchanged, and nothing calls a script but a decision.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use chrono_tz::TZ_VARIANTS;
use rust_decimal::Decimal;

use super::machine::CALLS;
use crate::Engine;
use crate::generated::random::Random;
use crate::language::functions::Context;
use crate::language::functions::declared::Parameter;
use crate::source::{Snippet, Sources};
use crate::value::{Absence, Duration, DurationUnit, Failure, Field, Outcome, RecordType, Type, Value};

use super::*;

/// A type, and a value of it.
fn typed(random: &mut Random, depth: usize) -> (Type, Value) {
    let kinds = if depth == 0 { 11 } else { 13 };
    let number = |random: &mut Random| {
        let scale = u32::try_from(random.below(29)).expect("it is small");
        let digits = i128::from(random.next()) * i128::from(random.next() >> 40);
        let number = Decimal::from_i128_with_scale(if random.chance(50) { digits } else { -digits }, scale);
        number.normalize()
    };
    match random.below(kinds) {
        0 => (Type::Boolean, Value::Boolean(random.chance(50))),
        1 => {
            let extremes = [0, 1, -1, i64::MIN, i64::MAX];
            let integer = if random.chance(30) { *random.pick(&extremes) } else { random.next() as i64 };
            (Type::Integer, Value::Integer(integer))
        }
        2 => (Type::Decimal, Value::Decimal(number(random))),
        3 => (Type::Money, Value::Money(number(random))),
        4 => (Type::Percent, Value::Percent(number(random))),
        5 => {
            let texts = ["", " ", "a", "none", "5", "\"", "`${x}`", "ß\u{301}", "\u{1f600}", "a\nb", "\0"];
            (Type::Text, Value::text(random.pick(&texts)))
        }
        6 => {
            let words: Arc<[Arc<str>]> = ["open", "shut", "true"].map(Arc::from).into();
            let word = Value::Text(random.pick(&words).clone());
            (Type::Choice(words), word)
        }
        7 => {
            let day = i32::try_from(random.between(1, 3_652_059)).expect("it is a day");
            (Type::Date, Value::Date(NaiveDate::from_num_days_from_ce_opt(day).expect("it is a day")))
        }
        8 => {
            let micros = random.between(-62_135_596_800_000_000, 253_402_300_799_999_999);
            let instant = DateTime::from_timestamp_micros(micros).expect("it is an instant");
            (Type::Timestamp, Value::Timestamp(instant))
        }
        9 => {
            let units = [DurationUnit::Days, DurationUnit::Months, DurationUnit::BusinessDays, DurationUnit::Exact];
            let unit = *random.pick(&units);
            (Type::Duration(unit), Value::Duration(Duration::of(unit, random.between(-1_000_000, 1_000_000))))
        }
        10 => (Type::Zone, Value::Zone(*random.pick(&TZ_VARIANTS))),
        11 => {
            let (base, first) = typed(random, depth - 1);
            let items: Vec<Outcome> = (0..random.below(4)).map(|_| Ok(first.clone())).collect();
            (Type::list(base, false), Value::List(items.into()))
        }
        _ => {
            let mut fields = Vec::new();
            let mut parts: Vec<Outcome> = Vec::new();
            for name in ["a", "b", "c"] {
                let (base, value) = typed(random, depth - 1);
                fields.push(Field { absence: Absence::Unknown, ..Field::new(name, base, nowhere()) });
                parts.push(if random.chance(20) { Err(Failure::unknown(name)) } else { Ok(value) });
            }
            let record = RecordType { name: Arc::from("record"), fields, ignores_unknown_fields: false };
            (Type::Record(Arc::new(record)), Value::Record(parts.into()))
        }
    }
}

fn nowhere() -> Span {
    let mut sources = Sources::default();
    let id = sources.add("script", "");
    sources.head(id)
}

fn read(scripts: &Scripts, text: &str) -> Arc<Script> {
    let mut findings = Findings::default();
    let script = scripts.read(&Snippet::verbatim(text, nowhere()), &mut findings);
    Arc::new(script.expect("the script can be read"))
}

#[test]
fn every_value_goes_through_a_script_unchanged() {
    let scripts = Scripts::new(ScriptLimits::default());
    let script = read(&scripts, "fn same(value) { let kept = [value]; for item in kept { return item } }");
    let context = Context::at(DateTime::from_timestamp(0, 0).expect("an instant"), chrono_tz::UTC, 2);
    let mut random = Random::new(17);
    let mut kinds = std::collections::HashSet::new();
    for _ in 0..20_000 {
        let (base, value) = typed(&mut random, 2);
        let value = if random.chance(3) { Value::None } else { value };
        kinds.insert(std::mem::discriminant(&value));
        let parameter = Parameter { name: "value".into(), base: base.clone(), takes_none: true, takes_unknown: false };
        let gives = Field { absence: Absence::None, ..Field::new("gives", base.clone(), nowhere()) };
        let function = ScriptFunction {
            script: script.clone(),
            name: "same".into(),
            parameters: Arc::from([parameter]),
            gives,
            calendar: None,
        };
        // What a script gives is never a record.
        if matches!(base, Type::Record(_)) || matches!(&base, Type::List(item) if has_record(&item.base)) {
            continue;
        }
        let found = scripts.run(function)(&[Ok(value.clone())], &context);
        assert_eq!(found, Ok(value), "{base}");
    }
    assert_eq!(kinds.len(), 13, "all kinds of values");
}

fn has_record(base: &Type) -> bool {
    match base {
        Type::Record(_) => true,
        Type::List(item) => has_record(&item.base),
        _ => false,
    }
}

#[test]
fn an_explanation_calls_no_script_again_and_every_run_gives_the_same_bytes() {
    let rules = r#"
pack: calls
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
functions:
  weight:
    of: {balance: money}
    gives: decimal
    script: |
      fn weight(balance) { amount(balance) / 3 }
facts:
  weighs: weight(balance)
segmentation:
  outputs: {segment: [light, heavy]}
  grid: |
    | row       | weighs | then segment |
    |-----------|--------|--------------|
    | heavy     | > 100  | heavy        |
    | otherwise |        | light        |
"#;
    let engine = Engine::from_sources("calls", [("calls/pack.yaml", rules)]).expect("the pack is good");
    let as_of = "2026-09-07T18:00:00-04:00".parse().expect("an instant");
    let mut evaluator = engine.evaluator(as_of).expect("an instant of these days");
    let record = evaluator.read(r#"{"case_id": "A-1", "balance": 1000}"#).expect("a case");
    let mut evaluation = evaluator.evaluation();
    let calls = || CALLS.with(std::cell::Cell::get);
    let before = calls();
    evaluator.evaluate_into(&record, &mut evaluation).expect("it is decided");
    let decided = calls();
    assert!(decided > before, "the decision calls the script");
    let first = evaluation.explain().to_json();
    assert_eq!(evaluation.explain().to_json(), first);
    assert_eq!(calls(), decided, "an explanation reads what was kept");
    let json = evaluation.decision().to_json();
    assert!(json.contains("heavy"), "{json}");
    evaluator.evaluate_into(&record, &mut evaluation).expect("it is decided again");
    assert_eq!(evaluation.decision().to_json(), json);
}

#[test]
fn no_explanation_of_the_corpus_calls_a_script_again() {
    let calls = || CALLS.with(std::cell::Cell::get);
    let (mut decided_with_calls, mut packs) = (0, 0);
    for (name, files) in crate::corpus::packs() {
        if !files.iter().any(|(_, text)| text.contains("script:")) {
            continue;
        }
        let engine = crate::LoadOptions::new().from_sources(name.as_str(), files).expect("a pack of the corpus");
        packs += 1;
        for test in &engine.parts().checked.tests {
            let before = calls();
            let Ok(decided) = engine.try_test(test) else { continue };
            decided_with_calls += u64::from(calls() > before);
            let made = calls();
            let first = decided.explain().to_json();
            assert_eq!(calls(), made, "{name}: {}", test.name);
            assert_eq!(decided.explain().to_json(), first);
            assert!(!first.contains("was not called when"), "{name}, {}: {first}", test.name);
        }
    }
    assert!(packs > 3 && decided_with_calls > 15, "{packs} packs, {decided_with_calls} cases with calls");
}

#[test]
fn the_parts_that_a_function_reads_are_told_from_its_own_text() {
    let scripts = Scripts::new(ScriptLimits::default());
    let script = read(
        &scripts,
        "fn asked(account) { known(account.a) }
         fn method(account) { account.b.len() }
         fn part(account) { account.b }
         fn one(account) { if known(account.a) and account.b.len() > 1 { account.b } else { other(1) } }
         fn other(account) { account.c }
         fn handed_on(account) { if account.a { other(account) } else { account.b } }
         fn captured(account, list) { list.any(|item| item == account.a) }
         fn unread(account) { 1 }",
    );
    let parts = |function: &str| script.parts_read(function, "account");
    let named = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>());
    assert_eq!(["asked", "method", "part"].map(parts), [named(&["a"]), named(&["b"]), named(&["b"])]);
    assert_eq!(parts("one"), named(&["a", "b"]));
    assert_eq!(parts("other"), named(&["c"]));
    assert_eq!(parts("handed_on"), None);
    assert_eq!(parts("captured"), None);
    assert_eq!(parts("unread"), named(&[]));
}
