//! What collectors earn: the worked values, what is not known, and the laws of pay over random plans and records.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use recoup::{Answer, CollectorPay, Engine};
use rust_decimal::Decimal;

/// A pack with a plan: marginal tiers of 0, 4 and 6 percent at 30,000 and 50,000, and whatever else a test says.
fn engine(plan: &str) -> Engine {
    let tiers = "{mode: marginal, steps: {0: 0, 30000: 4, 50000: 6}}";
    with_tiers(tiers, plan)
}

fn with_tiers(tiers: &str, plan: &str) -> Engine {
    engine_of(tiers, plan, "collected: {type: money}")
}

fn engine_of(tiers: &str, plan: &str, collected: &str) -> Engine {
    let pack = format!(
        "
pack: pay
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {{type: text, key: true}}
  collector:
    fields:
      collector_id: {{type: text, key: true}}
      {collected}
      target: {{type: money, min: 0, absent: unknown}}
      salary: {{type: money, min: 0, absent: unknown}}
      qa_score: {{type: integer, absent: unknown}}
      violations: {{type: integer, absent: unknown}}
      payments:
        type: list
        absent: unknown
        of:
          received_on: {{type: date, time: true}}
          reversed_on: {{type: date, absent: none}}
          amount: {{type: money, min: 0.01}}
incentives:
  collector:
    over: collector
    base: collected
    tiers: {tiers}
{plan}"
    );
    match Engine::from_sources("pay", [("pay/pack.yaml", pack)]) {
        Ok(engine) => engine,
        Err(error) => panic!("{error}"),
    }
}

fn as_of() -> DateTime<Utc> {
    "2026-09-30T22:00:00Z".parse().expect("an instant")
}

fn pay(engine: &Engine, fields: &str) -> CollectorPay {
    let record = format!(r#"{{"collector_id": "C-1", {fields}}}"#);
    engine.collector_pay(&record, as_of()).expect("a valid record")
}

fn known(text: &str) -> Answer {
    Answer::Known(text.to_owned())
}

fn unknown(fields: &[&str]) -> Answer {
    Answer::Unknown(fields.iter().map(|field| (*field).to_owned()).collect())
}

const GATES: &str = "
    gates:
      - {id: quality, when: qa_score < 90, times: 0.5, because: poor calls, source: default policy}
      - {id: violations, when: violations > 0, times: 0}
";

const REVERSALS: &str = "
    clawback_within: 90 days
    reversals: payments
";

/// domain.md section 3, collector incentives: 20,000 at 4 % and 12,000 at 6 % are 1,520.00; all at 6 % is 3,720.00.
#[test]
fn tiers_are_marginal_or_retroactive() {
    let marginal = pay(&engine(""), r#""collected": 62000"#);
    assert_eq!(marginal.pay(), known("1520.00"));
    let tiers: Vec<[&str; 4]> = marginal.tiers().iter().map(|t| [&*t.from, &*t.percent, &*t.of, &*t.amount]).collect();
    let wanted = [
        ["0.00", "0", "30000.00", "0.00"],
        ["30000.00", "4", "20000.00", "800.00"],
        ["50000.00", "6", "12000.00", "720.00"],
    ];
    assert_eq!(tiers, wanted);
    let retroactive = with_tiers("{mode: retroactive, steps: {0: 0, 30000: 4, 50000: 6}}", "");
    assert_eq!(pay(&retroactive, r#""collected": 62000"#).pay(), known("3720.00"));
}

/// domain.md section 3, clawback: of 62,000 a payment of 5,000 is reversed within 90 days. The month is worked out anew,
/// 1,220.00, and 300.00 are taken back.
#[test]
fn a_reversal_takes_back_what_the_period_loses() {
    let engine = engine(REVERSALS);
    let with = |reversed_on: &str| {
        let payment = format!(r#"{{"received_on": "2026-06-20", "reversed_on": {reversed_on}, "amount": 5000}}"#);
        pay(&engine, &format!(r#""collected": 62000, "payments": [{payment}]"#))
    };
    let reversed = with(r#""2026-09-18""#);
    assert_eq!(reversed.pay(), known("1520.00"), "the pay of the period is as it was");
    assert_eq!((reversed.reversed(), reversed.clawback()), (Some(known("5000.00")), Some(known("300.00"))));
    for (reversed_on, why) in
        [(r#""2026-09-19""#, "the 91st day"), ("null", "it stands"), (r#""2026-10-01""#, "nobody has heard of it yet")]
    {
        let nothing = with(reversed_on);
        assert_eq!(nothing.clawback(), Some(known("0.00")), "{why}");
        assert_eq!(nothing.reversed(), Some(known("0.00")), "{why}");
    }
    let unheard = pay(&engine, r#""collected": 62000"#);
    assert_eq!((unheard.pay(), unheard.clawback()), (known("1520.00"), Some(unknown(&["payments"]))));
    assert_eq!(unheard.unknowns().iter().map(|at| &*at.at).collect::<Vec<_>>(), ["incentives/collector/reversals"]);
}

#[test]
fn more_is_reversed_than_was_brought_in() {
    let payment = r#"{"received_on": "2026-06-20", "reversed_on": "2026-06-21", "amount": 5000}"#;
    let pay = pay(&engine(REVERSALS), &format!(r#""collected": 4000, "payments": [{payment}]"#));
    assert_eq!((pay.pay(), pay.clawback()), (known("0.00"), Some(Answer::Error(recoup::ErrorCode::InvalidArgument))));
    let [error] = pay.errors() else { panic!("{:?}", pay.errors()) };
    assert_eq!(&*error.at, "incentives/collector");
    assert!(error.message.contains("give at most 4000"), "{}", error.message);
}

/// domain.md sections 3 and 5.1.8: half for quality, nothing for a violation, 1.25 above 120 % of the target, 6,000 at
/// most.
#[test]
fn gates_accelerator_and_cap_apply_in_this_order() {
    let engine = engine(&format!("{GATES}    accelerator: {{above: target * 1.2, times: 1.25}}\n    cap: 6000\n"));
    let at = |collected: u32, score: u32, violations: u32| {
        let fields = r#""target": 45000, "collected""#;
        pay(&engine, &format!(r#"{fields}: {collected}, "qa_score": {score}, "violations": {violations}"#))
    };
    let good = at(62_000, 95, 0);
    assert_eq!(good.pay(), known("1640.00"));
    let accelerator = good.accelerator().expect("the plan has one");
    assert_eq!([&*accelerator.above, &*accelerator.times, &*accelerator.amount], ["54000.00", "1.25", "120.00"]);
    assert_eq!(at(62_000, 89, 0).pay(), known("820.00"));
    assert_eq!(at(62_000, 90, 0).pay(), known("1640.00"));
    assert_eq!(at(62_000, 89, 1).pay(), known("0.00"));
    let much = at(200_000, 95, 0);
    assert_eq!((much.pay(), much.cut()), (known("6000.00"), Some("5990.00")));
    let poor = at(62_000, 80, 0);
    let gates: Vec<(&str, Option<&str>, Option<&str>)> =
        poor.gates().iter().map(|gate| (&*gate.id, gate.because.as_deref(), gate.source.as_deref())).collect();
    assert_eq!(gates, [("incentives/collector/quality", Some("poor calls"), Some("default policy"))]);
}

#[test]
fn what_is_not_known_matters_only_where_it_could_change_the_pay() {
    let engine = engine(&format!("{GATES}    accelerator: {{above: target * 1.2, times: 1.25}}\n    cap: = salary\n"));
    let at = |fields: &str| pay(&engine, fields);
    let rest = r#""target": 45000, "salary": 6000"#;
    let quality = at(&format!(r#"{rest}, "collected": 62000, "violations": 0"#));
    assert_eq!(quality.pay(), unknown(&["qa_score"]));
    let places: Vec<&str> = quality.unknowns().iter().map(|unknown| &*unknown.at).collect();
    assert_eq!(places, ["incentives/collector/quality"]);

    let nothing = at(r#""collected": 62000, "violations": 1"#);
    assert_eq!(nothing.pay(), known("0.00"), "a violation leaves nothing, whatever the rest is");
    assert!(nothing.unknowns().is_empty());
    let low = at(r#""collected": 30000"#);
    assert_eq!(low.pay(), known("0.00"), "nothing is paid up to 30,000");

    let capped = at(r#""target": 45000, "salary": 100, "collected": 62000, "violations": 0"#);
    assert_eq!(capped.pay(), known("100.00"), "half of it is more than the cap too");
    assert_eq!((capped.cut(), capped.gates().len()), (None, 0));
    let fast = at(r#""collected": 62000, "salary": 1000, "qa_score": 95, "violations": 0"#);
    assert_eq!(fast.pay(), known("1000.00"), "whatever lies above the mark");
    let mark = at(r#""collected": 62000, "salary": 6000, "qa_score": 95, "violations": 0"#);
    assert_eq!(mark.pay(), unknown(&["target"]));
    let cap = at(r#""collected": 62000, "target": 45000, "qa_score": 95, "violations": 0"#);
    assert_eq!(cap.pay(), unknown(&["salary"]));
}

#[test]
fn a_base_below_zero_is_an_error_that_is_named() {
    let pay = pay(&engine(""), r#""collected": -5"#);
    assert_eq!(pay.pay(), Answer::Error(recoup::ErrorCode::InvalidArgument));
    let [error] = pay.errors() else { panic!("{:?}", pay.errors()) };
    assert_eq!(error.message, "`base` is -5, which is negative: give 0 or more");
    assert!(error.place.as_deref().is_some_and(|place| place.starts_with("pay/pack.yaml:")), "{:?}", error.place);
}

#[test]
fn private_amounts_do_not_stand_in_messages() {
    let private = engine_of("{mode: marginal, steps: {0: 4}}", REVERSALS, "collected: {type: money, private: true}");
    let payment = r#"{"received_on": "2026-06-20", "reversed_on": "2026-06-21", "amount": 4711}"#;
    for fields in [r#""collected": -4711"#.to_owned(), format!(r#""collected": 4, "payments": [{payment}]"#)] {
        let pay = pay(&private, &fields);
        let messages: Vec<&str> = pay.errors().iter().map(|error| error.message.as_str()).collect();
        assert!(
            !messages.is_empty() && messages.iter().all(|text| text.ends_with("(the values are private)")),
            "{messages:?}"
        );
    }
}

#[test]
fn a_record_that_is_not_valid_is_refused_with_all_its_problems() {
    let refused = engine("").collector_pay(r#"{"collected": "much", "qa_scor": 1}"#, as_of()).expect_err("not valid");
    let paths: Vec<&str> = refused.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["qa_scor", "collector_id", "collected"]);
    let without = Engine::from_sources(
        "none",
        [(
            "none/pack.yaml",
            "pack: none\nversion: 1.0.0\nformat: 1\ncurrency: USD\ntime_zone: UTC\nrecords:\n  case:\n    fields:\n      id: {type: text, key: true}\n",
        )],
    );
    let refused = without.expect("a pack").collector_pay("{}", as_of()).expect_err("no plan");
    assert_eq!(refused.problems[0].message, "the pack has no pay plan: declare `incentives:`, `collector:`");
}

#[test]
fn an_overlay_changes_a_plan_by_its_ids() {
    let base = "
pack: base
version: 1.0.0
format: 1
currency: USD
time_zone: UTC
records:
  case:
    fields:
      case_id: {type: text, key: true}
  collector:
    fields:
      collector_id: {type: text, key: true}
      collected: {type: money}
      qa_score: {type: integer}
incentives:
  collector:
    over: collector
    base: collected
    tiers: {mode: marginal, steps: {0: 10}}
    gates:
      - {id: quality, when: qa_score < 90, times: 0.5}
    cap: 1000
";
    let own = "
pack: own
version: 1.0.0
format: 1
currency: USD
time_zone: UTC
extends: [base]
change:
  incentives/collector/quality: {times: 0.25, because: a test, source: a test}
  incentives/collector: {cap: 20, because: a test, source: a test}
";
    let files = [("base/pack.yaml", base), ("own/pack.yaml", own)];
    let engine = Engine::from_sources("own", files).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(pay(&engine, r#""collected": 100, "qa_score": 80"#).pay(), known("2.50"));
    assert_eq!(pay(&engine, r#""collected": 1000, "qa_score": 95"#).pay(), known("20.00"));
}

#[test]
fn the_json_has_its_keys_in_order_and_amounts_as_text() {
    let engine =
        engine(&format!("{GATES}    cap: 6000\n{REVERSALS}    because: what was agreed\n    source: handbook\n"));
    let payment = r#"{"received_on": "2026-06-20", "reversed_on": "2026-06-21", "amount": 5000}"#;
    let fields = format!(r#""collected": 62000, "qa_score": 80, "violations": 0, "payments": [{payment}]"#);
    let pay = pay(&engine, &fields);
    let digest = &engine.pack().digest;
    let wanted = [
        r#"{"key":"C-1","as_of":"2026-09-30T22:00:00Z","pack":{"name":"pay","version":"1.0.0","digest":""#,
        digest,
        r#""},"base":"62000.00","tiers":[{"from":"0.00","percent":"0","of":"30000.00","amount":"0.00"},"#,
        r#"{"from":"30000.00","percent":"4","of":"20000.00","amount":"800.00"},"#,
        r#"{"from":"50000.00","percent":"6","of":"12000.00","amount":"720.00"}],"accelerator":null,"#,
        r#""gates":[{"id":"incentives/collector/quality","times":"0.5","because":"poor calls","#,
        r#""source":"default policy"}],"cap":"6000.00","cut":"0.00","pay":"760.00","reversed":"5000.00","#,
        r#""clawback":"150.00","because":"what was agreed","source":"handbook","unknowns":[],"errors":[]}"#,
    ];
    assert_eq!(pay.to_json(), wanted.concat());
}

/// A plan: the mode, starts of tiers in thousands and their percentages, gates, the accelerator's mark and factor in
/// hundredths, the cap.
type Plan = (bool, Vec<(u32, u32)>, u32, u32, Option<u32>);

fn plans() -> impl Strategy<Value = Plan> {
    let steps = prop::collection::vec((1_u32..40, 0_u32..15), 0..4);
    (any::<bool>(), steps, 0_u32..60_000, 0_u32..300, prop::option::of(0_u32..3_000))
}

fn plan((retroactive, steps, mark, factor, cap): &Plan) -> Engine {
    let (mut from, mut percent) = (0, 0);
    let mut tiers = vec!["0: 0".to_owned()];
    for (more, rise) in steps {
        (from, percent) = (from + more * 1_000, percent + rise);
        tiers.push(format!("{from}: {percent}"));
    }
    let mode = if *retroactive { "retroactive" } else { "marginal" };
    let cap = cap.map_or_else(String::new, |cap| format!("    cap: {cap}\n"));
    let accelerator = format!("    accelerator: {{above: {mark}, times: {}}}\n", Decimal::new((*factor).into(), 2));
    let tiers = format!("{{mode: {mode}, steps: {{{}}}}}", tiers.join(", "));
    with_tiers(&tiers, &format!("{GATES}{accelerator}{cap}{REVERSALS}"))
}

fn amount(answer: &Answer) -> Decimal {
    match answer {
        Answer::Known(text) => text.parse().expect("an amount"),
        other => panic!("{other:?}"),
    }
}

/// No pay falls as more is brought in while the gates stay the same, none passes the cap or falls below zero, reversals
/// take back neither less than nothing nor more than the pay, and what is known under a doubt is so whatever is true.
#[test]
fn pay_keeps_its_laws() {
    let cases = if std::env::var_os("RECOUP_SOAK").is_some() { 20_000 } else { 400 };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let records = (0_u32..9_000_000, 0_u32..3_000_000, 80_u32..100, 0_u32..2, 0_u32..100);
    let known_under_doubt = std::cell::Cell::new(0_u32);
    let outcome = runner.run(&(plans(), records), |(drawn, (cents, more, score, violations, share))| {
        let engine = plan(&drawn);
        let money = |cents: u32| Decimal::new(cents.into(), 2);
        let reversed = Decimal::new((u64::from(cents) * u64::from(share) / 100).try_into().expect("small"), 2);
        let payments = if reversed.is_zero() {
            String::new()
        } else {
            format!(r#"{{"received_on": "2026-08-01", "reversed_on": "2026-08-05", "amount": {reversed}}}"#)
        };
        let at = |cents: u32, rest: &str| {
            pay(&engine, &format!(r#""collected": {}, "payments": [{payments}]{rest}"#, money(cents)))
        };
        let gates = format!(r#", "qa_score": {score}, "violations": {violations}"#);
        let (less, greater) = (at(cents, &gates), at(cents + more, &gates));
        let (pay, higher) = (amount(&less.pay()), amount(&greater.pay()));
        prop_assert!(pay <= higher, "{pay} {higher}");
        prop_assert!(pay >= Decimal::ZERO);
        if let Some(cap) = drawn.4 {
            prop_assert!(higher <= Decimal::from(cap));
        }
        let clawback = amount(&less.clawback().expect("the plan has one"));
        prop_assert!(clawback >= Decimal::ZERO && clawback <= pay, "{clawback} of {pay}");

        for doubt in [format!(r#", "violations": {violations}"#), format!(r#", "qa_score": {score}"#), String::new()] {
            let doubtful = at(cents, &doubt);
            match doubtful.pay() {
                Answer::Known(text) => {
                    known_under_doubt.set(known_under_doubt.get() + 1);
                    prop_assert_eq!(
                        text,
                        pay.to_string().parse::<Decimal>().map_or(String::new(), |pay| format!("{pay:.2}"))
                    );
                }
                Answer::Unknown(_) => prop_assert!(!doubtful.unknowns().is_empty()),
                other => prop_assert!(false, "{:?}", other),
            }
            if let Some(Answer::Known(text)) = doubtful.clawback() {
                prop_assert_eq!(text.parse::<Decimal>().expect("an amount"), clawback);
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(known_under_doubt.get() > 20, "the draws meet doubts that do not matter: {}", known_under_doubt.get());
}
