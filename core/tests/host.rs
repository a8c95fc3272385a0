//! Functions that a host supplies: types at load, values across the border, failures, panics, stand-ins.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, NaiveDate, Utc};
use recoup::host::{HostError, HostFunction, HostValue, Money, Percent};
use recoup::{Answer, Code, Engine, LoadError, LoadOptions, ScriptLimits, Severity};
use rust_decimal::Decimal;

const HEAD: &str = "pack: hosted
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money, default: 0}
      phone: {type: text, private: true, default: \"\"}
      income: {type: money, absent: unknown}
      payments: {type: list, default: [], of: {amount: {type: money}, note: {type: text, absent: unknown}}}
";

fn as_of() -> DateTime<Utc> {
    "2026-09-07T18:00:00-04:00".parse().expect("an instant")
}

fn load(options: &LoadOptions, rules: &str) -> Result<Engine, LoadError> {
    options.from_sources("hosted", [("hosted/pack.yaml", format!("{HEAD}{rules}"))])
}

/// Code and message of what a load finds.
fn findings(loaded: &Result<Engine, LoadError>) -> Vec<(Code, Severity, String)> {
    let diagnostics = match loaded {
        Ok(engine) => engine.diagnostics().clone(),
        Err(LoadError::Refused(diagnostics)) => diagnostics.clone(),
        Err(error) => panic!("{error}"),
    };
    diagnostics.iter().map(|found| (found.code, found.severity, found.message.clone())).collect()
}

/// A pack that needs a score.
fn scores() -> String {
    "functions:
  score: {of: {phone: text, balance: money}, gives: integer, host: true, absent: unknown}
rules:
  scores:
    hit: first
    outputs: {points: integer}
    list:
      - {id: all, when: balance >= 0, give: {points: '= score(phone, balance)'}}
"
    .to_owned()
}

fn answer(engine: &Engine, record: &str, name: &str) -> Answer {
    let decided = engine.evaluate(record, as_of()).expect("a case");
    decided.decision.get(name).expect("a result")
}

#[test]
fn a_function_is_called_once_for_a_case_and_never_for_its_explanation() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let options = LoadOptions::new().function("score", move |phone: String, balance: Money| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok::<i64, HostError>(i64::try_from(phone.len()).unwrap_or(0) + i64::try_from(balance.0.trunc()).unwrap_or(0))
    });
    let rules = format!("{}      - {{id: more, when: 'score(phone, balance) > 3', give: {{points: 1}}}}\n", scores());
    let engine = load(&options, &rules).expect("a pack");
    let decided = engine.evaluate(r#"{"case_id": "A", "balance": 7.50, "phone": "555"}"#, as_of()).expect("a case");
    assert_eq!(decided.decision.get("scores.points"), Some(Answer::Known("10".to_owned())));
    assert_eq!(calls.load(Ordering::Relaxed), 1, "two calls of the same are one");
    let first = decided.explain().to_text();
    assert!(first.contains("score(phone, balance)"), "{first}");
    assert!(!first.contains("555"), "what is private is masked: {first}");
    assert_eq!(first, decided.explain().to_text());
    assert_eq!(calls.load(Ordering::Relaxed), 1, "an explanation calls nothing");
}

#[test]
fn what_a_host_refuses_is_an_error_of_the_rule_with_its_message() {
    let options = LoadOptions::new().function("score", |_: String, balance: Money| match balance.0.is_zero() {
        true => Err("the bureau does not answer"),
        false if balance.0 == Decimal::ONE => panic!("out of order"),
        false => Ok(500_i64),
    });
    let rules = scores().replace("phone: text, ", "word: text, ").replace("score(phone,", "score(\"x\",");
    let engine = load(&options, &rules).expect("a pack");
    let errors = |record: &str| {
        let decided = engine.evaluate(record, as_of()).expect("a case");
        let errors: Vec<String> = decided.decision.errors().iter().map(|error| format!("{error:?}")).collect();
        errors.join("\n")
    };
    let refused = errors(r#"{"case_id": "A", "balance": 0}"#);
    assert!(refused.contains("rules/scores") && refused.contains("`score`: the bureau does not answer"), "{refused}");
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let panicked = errors(r#"{"case_id": "A", "balance": 1}"#);
    std::panic::set_hook(hook);
    assert!(panicked.contains("`score`: the host's function panics: out of order"), "{panicked}");
    // The next case is none the worse for it.
    assert_eq!(answer(&engine, r#"{"case_id": "A", "balance": 2}"#, "scores.points"), Answer::Known("500".to_owned()));
    let decided = engine.evaluate(r#"{"case_id": "A", "balance": 0}"#, as_of()).expect("a case");
    let explained = decided.explain().to_text();
    assert!(explained.contains("the bureau does not answer"), "{explained}");
}

#[test]
fn a_load_says_what_is_missing_of_the_wrong_type_or_unused() {
    let missing = findings(&load(&LoadOptions::new(), &scores()));
    assert_eq!(missing[0].0, Code::MissingHostFunction);
    assert_eq!(missing[0].2, "the host does not supply `score(text, money) gives integer`");
    let wrong = |options: LoadOptions| {
        let found = findings(&load(&options, &scores()));
        assert_eq!((found.len(), found[0].0, found[0].1), (1, Code::WrongHostFunction, Severity::Error));
        found[0].2.clone()
    };
    let of = LoadOptions::new;
    assert_eq!(
        wrong(of().function("score", |_: String| Ok::<i64, String>(1))),
        "the host's `score` has 1 parameters, but the pack declares 2"
    );
    assert_eq!(
        wrong(of().function("score", |_: String, _: Decimal| Ok::<i64, String>(1))),
        "the host's `score` takes decimal as `balance`, but the pack declares money"
    );
    assert_eq!(
        wrong(of().function("score", |_: String, _: Money| Ok::<String, String>(String::new()))),
        "the host's `score` gives text, but the pack declares integer"
    );
    let unused = of()
        .function("score", |_: String, _: Money| Ok::<Option<i64>, String>(None))
        .function("scor", |_: String, _: Money| Ok::<i64, String>(1));
    let found = findings(&load(&unused, &scores()));
    let message = "the host supplies `scor`, which the pack does not declare".to_owned();
    assert_eq!(found, [(Code::UnusedHostFunction, Severity::Warning, message)]);
}

#[test]
fn without_a_host_what_it_would_give_is_unknown_unless_a_test_says_it() {
    let tests = "tests:
  - {name: said, as_of: 2026-09-07T18:00:00-04:00, given: {case_id: A}, host: {score: 640}, expect: {scores: {points: 640}}}
  - {name: unknown, as_of: 2026-09-07T18:00:00-04:00, given: {case_id: A}, host: {score: unknown}, expect: {scores: {points: unknown}}}
  - {name: not said, as_of: 2026-09-07T18:00:00-04:00, given: {case_id: A}, expect: {scores: {points: unknown}}}
";
    let engine = load(&LoadOptions::new().with_stand_ins(), &format!("{}{tests}", scores())).expect("a pack");
    let codes: Vec<Code> = engine.diagnostics().iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::StandIn]);
    let report = engine.test();
    assert_eq!((report.passed(), report.failed()), (3, 0));
    let unknown = answer(&engine, r#"{"case_id": "A"}"#, "scores.points");
    assert_eq!(unknown, Answer::Unknown(vec!["score".to_owned()]));
}

#[test]
fn values_of_all_types_cross_the_border_as_they_are() {
    let given = |value: HostValue| {
        LoadOptions::new().function(
            "same",
            HostFunction::of_values(move |taken| {
                // What comes in is what goes out, but for the first, which the test says.
                taken.first().map_or_else(|| Err(HostError("nothing".to_owned())), |_| Ok(value.clone()))
            }),
        )
    };
    let day = NaiveDate::from_ymd_opt(2026, 2, 28).expect("a day");
    let decimal = |text: &str| text.parse::<Decimal>().expect("a number");
    let cases = [
        ("boolean", HostValue::Boolean(true), "true"),
        ("integer", HostValue::Integer(i64::MIN), "-9223372036854775808"),
        ("{type: decimal, decimals: 9}", HostValue::Decimal(decimal("0.123456789")), "0.123456789"),
        ("money", HostValue::Money(decimal("12.345")), "12.35"),
        ("percent", HostValue::Percent(decimal("12.5")), "12.5"),
        ("text", HostValue::Text("fünf".into()), "fünf"),
        ("[a, b]", HostValue::Text("b".into()), "b"),
        ("date", HostValue::Date(day), "2026-02-28"),
        ("timestamp", HostValue::Timestamp(as_of()), "2026-09-07T22:00:00Z"),
        ("{type: duration, unit: months}", HostValue::Months(7), "7 months"),
    ];
    for (gives, value, wanted) in cases {
        let rules = format!(
            "functions:\n  same: {{of: {{balance: money}}, gives: {gives}, host: true}}\ntables:\n  out:\n    hit: first\n    \
             outputs: {{it: {gives}}}\n    grid: |\n      | row | balance | then it |\n      |-----|---|---|\n      | all \
             | >= 0 | = same(balance) |\n"
        );
        let engine = load(&given(value.clone()), &rules).unwrap_or_else(|error| panic!("{gives}: {error}"));
        assert_eq!(answer(&engine, r#"{"case_id": "A"}"#, "out.it"), Answer::Known(wanted.to_owned()), "{gives}");
        let other = load(&given(HostValue::List(vec![value])), &rules).expect("a pack");
        let wrong = answer(&other, r#"{"case_id": "A"}"#, "out.it");
        assert!(matches!(wrong, Answer::Error(_)), "{gives}: {wrong:?}");
    }
}

#[test]
fn a_function_of_any_values_may_say_how_many_parameters_it_takes() {
    let rules = "functions:
  f: {of: {balance: money}, gives: money, host: true}
facts:
  it: f(balance)
";
    let load = |counts: std::ops::RangeInclusive<usize>| {
        let function = HostFunction::of_values(|taken| taken.first().cloned().ok_or(HostError("nothing".to_owned())));
        load(&LoadOptions::new().function("f", function.taking(counts)), rules)
    };
    for (counts, takes) in [(0..=0, "0"), (2..=3, "2 to 3"), (2..=usize::MAX, "2 or more")] {
        let refused = load(counts).expect_err("it is refused").to_string();
        let wanted = format!("the host's `f` takes {takes} parameters, but the pack declares 1");
        assert!(refused.contains(&wanted), "{refused}");
    }
    for counts in [1..=1, 0..=usize::MAX] {
        load(counts).expect("it fits");
    }
}

#[test]
fn records_lists_and_what_is_not_known_are_seen_whole() {
    let options = LoadOptions::new()
        .function("seen", HostFunction::of_values(|taken| Ok(HostValue::Text(format!("{taken:?}").into()))));
    let rules = "functions:
  seen: {of: {payments: case.payments, income: {type: money, absent: unknown}}, gives: text, host: true}
facts:
  it: seen(payments, income)
rules:
  out: {hit: first, outputs: {it: text}, list: [{id: all, when: balance >= 0, give: {it: = it}}]}
";
    let engine = load(&options, rules).expect("a pack");
    let record = r#"{"case_id": "A", "payments": [{"amount": 1.50, "note": "x"}, {"amount": 2}]}"#;
    let Answer::Known(seen) = answer(&engine, record, "out.it") else { panic!("known") };
    assert_eq!(
        seen,
        "[List([Record([(\"amount\", Money(1.5)), (\"note\", Text(\"x\"))]), Record([(\"amount\", Money(2)), (\"note\", \
         Unknown)])]), Unknown]"
    );
}

#[test]
fn typed_parameters_take_none_where_they_say_so() {
    let rules = "functions:
  add: {of: {a: {type: percent, absent: none}, b: integer}, gives: {type: percent, absent: none}, host: true}
rules:
  out: {hit: first, outputs: {it: {type: percent, absent: none}}, list: [{id: all, when: balance >= 0, give: {it: '= add(none, 2)'}}]}
";
    let add = |a: Option<Percent>, b: i64| Ok::<_, String>(a.or(Some(Percent(Decimal::from(b)))));
    let engine = load(&LoadOptions::new().function("add", add), rules).expect("a pack");
    assert_eq!(answer(&engine, r#"{"case_id": "A"}"#, "out.it"), Answer::Known("2".to_owned()));
    let strict = |a: Percent, _: i64| Ok::<_, String>(Some(a));
    let found = findings(&load(&LoadOptions::new().function("add", strict), rules));
    assert_eq!(
        found[0].2,
        "`a` may be none, which the host's `add` does not take (`Option` in Rust, `| None` in Python)"
    );
}

#[test]
fn limits_are_the_hosts_and_told_with_both_numbers() {
    let rules = "functions:
  add_up:
    of: {n: integer}
    gives: integer
    script: |
      fn add_up(n) { let sum = 0; for i in 0..n { sum += i; } sum }
facts:
  sum: add_up(1000)
rules:
  out: {hit: first, outputs: {it: integer}, list: [{id: all, when: balance >= 0, give: {it: = sum}}]}
";
    let record = r#"{"case_id": "A"}"#;
    assert_eq!(
        answer(&load(&LoadOptions::new(), rules).unwrap(), record, "out.it"),
        Answer::Known("499500".to_owned())
    );
    let options = LoadOptions::new().limits(ScriptLimits { steps: 500, ..ScriptLimits::default() });
    let engine = load(&options, rules).expect("a pack");
    let decided = engine.evaluate(record, as_of()).expect("a case");
    let error = decided.decision.errors().first().map(|error| format!("{error:?}")).unwrap_or_default();
    assert!(error.contains("the call takes 501 steps, the limit is 500"), "{error}");
    let deep = LoadOptions::new().limits(ScriptLimits { levels: 17, ..ScriptLimits::default() });
    let refused = load(&deep, rules).expect_err("too deep").to_string();
    assert_eq!(refused, "a script has 17 levels, the most are 16: a thread has no stack for more");
}

#[test]
fn what_a_script_prints_stands_in_the_explanation_and_what_is_private_does_not() {
    let rules = "functions:
  talk:
    of: {balance: money, phone: text}
    gives: integer
    script: |
      fn talk(balance, phone) { print(\"balance \" + balance); print(phone); 1 }
  plain:
    of: {balance: money}
    gives: integer
    script: |
      fn plain(balance) { print(balance); print([1, none]); 2 }
rules:
  out: {hit: first, outputs: {it: integer}, list: [{id: all, when: plain(balance) == 2, give: {it: '= talk(balance, phone)'}}]}
";
    let engine = load(&LoadOptions::new(), rules).expect("a pack");
    let decided = engine.evaluate(r#"{"case_id": "A", "balance": 5, "phone": "555-0100"}"#, as_of()).expect("a case");
    let text = decided.explain().to_text();
    let printed = text.split("printed\n").nth(1).expect("what was printed");
    assert_eq!(printed, "  plain: 5.00\n  plain: [1, none]\n  talk: (private)\n  talk: (private)\n");
    assert_eq!(text, decided.explain().to_text());
    let json = decided.explain().to_json();
    assert!(json.contains(r#""printed":[{"function":"plain","text":"5.00"}"#), "{json}");
    // In columns it is the same.
    let evaluator = engine.evaluator(as_of()).expect("an evaluator");
    let mut batch = evaluator.batch();
    for id in ["A", "B"] {
        let record = format!(r#"{{"case_id": "{id}", "balance": 5, "phone": "555-0100"}}"#);
        batch.push(&evaluator.read(&record).expect("a record")).expect("room");
    }
    batch.decide();
    let mut evaluation = evaluator.evaluation();
    batch.evaluation(0, &mut evaluation).expect("decided");
    assert_eq!(evaluation.explain().to_text(), text);
}
