//! What teams earn: the worked value, what is not known, what is refused, and the laws of pools over random teams.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use recoup::{Answer, Engine, ErrorCode, TeamPay, TeamPool, Withheld};

/// A pack with a pool: 1 percent of what lies above 250,000, by hours worked and quality, and whatever else a test says.
fn engine(more: &str) -> Engine {
    pack(&format!("above: 250000\n    percent: 1\n{more}"), "")
}

fn pack(pool: &str, rest: &str) -> Engine {
    let pack = format!(
        "
pack: team
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
      team_id: {{type: text, absent: none}}
      collected: {{type: money, absent: unknown}}
      reversed: {{type: money, min: 0, default: 0.00}}
      target: {{type: money, absent: unknown}}
      most: {{type: money, absent: unknown}}
      hours_worked: {{type: decimal, decimals: 2, absent: unknown}}
      qa_weight: {{type: decimal, decimals: 2, default: 1.00}}
incentives:
  team:
    over: collector
    team: team_id
    base: collected - reversed
    split_by: hours_worked * qa_weight
    {pool}
{rest}"
    );
    match Engine::from_sources("team", [("team/pack.yaml", pack)]) {
        Ok(engine) => engine,
        Err(error) => panic!("{error}"),
    }
}

fn as_of() -> DateTime<Utc> {
    "2026-09-30T22:00:00Z".parse().expect("an instant")
}

fn member(key: &str, team: &str, fields: &str) -> String {
    format!(r#"{{"collector_id": "{key}", "team_id": "{team}", {fields}}}"#)
}

fn pay(engine: &Engine, records: &[String]) -> TeamPay {
    engine.team_pay(records, as_of()).expect("the pack has a pool")
}

/// The pool of the team `T-1`.
fn pool(engine: &Engine, records: &[String]) -> TeamPool {
    pay(engine, records).pool_of("T-1").expect("a record says the team").clone()
}

fn known(text: &str) -> Answer {
    Answer::Known(text.to_owned())
}

fn unknown(fields: &[&str]) -> Answer {
    Answer::Unknown(fields.iter().map(|field| (*field).to_owned()).collect())
}

fn shares(pool: &TeamPool) -> Vec<(&str, Answer)> {
    pool.shares().iter().map(|share| (share.key(), share.share())).collect()
}

fn places(pool: &TeamPool) -> Vec<&str> {
    pool.unknowns().iter().map(|unknown| &*unknown.at).collect()
}

/// domain.md section 3: three members with 262,345 above a target of 250,000, by hours worked times QA weight.
fn three() -> Vec<String> {
    vec![
        member("C-1", "T-1", r#""collected": 101345, "hours_worked": 160, "qa_weight": 0.95"#),
        member("C-2", "T-1", r#""collected": 98000, "hours_worked": 152, "qa_weight": 1"#),
        member("C-3", "T-1", r#""collected": 63000, "hours_worked": 80, "qa_weight": 0.9"#),
    ]
}

/// domain.md section 3, team pool: 1 % of 12,345 above the target is 123.45; 152, 152 and 72 parts of 376 of it are
/// 49.905.., 49.905.. and 23.639.., and the cent that is left after rounding down goes to the first of the two.
#[test]
fn a_pool_is_split_to_the_cent() {
    let pool = pool(&engine(""), &three());
    assert_eq!((pool.base(), pool.above(), pool.pool()), (known("262345.00"), known("250000.00"), known("123.45")));
    let wanted = [("C-1", known("49.91")), ("C-2", known("49.90")), ("C-3", known("23.64"))];
    assert_eq!(shares(&pool), wanted);
    assert_eq!(pool.shares()[0].weight(), known("152"));
    assert_eq!((pool.withheld(), pool.is_paid_out(), pool.cut()), (None, true, Some("0.00")));
}

#[test]
fn the_order_of_the_records_says_nothing() {
    let engine = engine("");
    let forwards = pool(&engine, &three()).to_json();
    let backwards: Vec<String> = three().into_iter().rev().collect();
    assert_eq!(pool(&engine, &backwards).to_json(), forwards);
}

#[test]
fn a_pool_is_rounded_once_as_the_header_says() {
    // 1 percent of 0.50 and of 1.49: half a cent goes up, less goes down.
    for (collected, wanted) in
        [("250000.50", "0.01"), ("250001.49", "0.01"), ("250001.50", "0.02"), ("250000.49", "0.00")]
    {
        let one = [member("C-1", "T-1", &format!(r#""collected": {collected}, "hours_worked": 1"#))];
        assert_eq!(pool(&engine(""), &one).pool(), known(wanted), "{collected}");
    }
}

#[test]
fn up_to_the_target_there_is_no_pool_and_shares_are_0() {
    for collected in ["250000.00", "249999.99", "-5"] {
        let one = [member("C-1", "T-1", &format!(r#""collected": {collected}, "hours_worked": 8"#))];
        let pool = pool(&engine(""), &one);
        assert_eq!((pool.pool(), shares(&pool)), (known("0.00"), vec![("C-1", known("0.00"))]));
        assert!(!pool.is_paid_out() && pool.withheld().is_none());
    }
}

#[test]
fn what_was_reversed_lowers_the_base_of_the_team_also_below_zero() {
    let mut records = three();
    records.push(member("C-4", "T-1", r#""collected": 0, "reversed": 2345, "hours_worked": 0"#));
    let pool = pool(&engine(""), &records);
    assert_eq!((pool.base(), pool.pool()), (known("260000.00"), known("100.00")));
    assert_eq!(pool.shares()[3].base(), known("-2345.00"));
    assert_eq!(pool.shares()[3].share(), known("0.00"), "who did not work gets nothing");
}

#[test]
fn a_cap_takes_off_what_lies_above_it() {
    let pool = pool(&engine("    cap: 100"), &three());
    assert_eq!((pool.pool(), pool.cut()), (known("100.00"), Some("23.45")));
    assert_eq!(shares(&pool), [("C-1", known("40.43")), ("C-2", known("40.42")), ("C-3", known("19.15"))]);
}

#[test]
fn without_any_weight_a_pool_is_withheld_by_name() {
    let idle = |hours: &str| [member("C-1", "T-1", &format!(r#""collected": 260000, "hours_worked": {hours}"#))];
    let pool_of = |hours| pool(&engine(""), &idle(hours));
    let withheld = pool_of("0");
    assert_eq!((withheld.pool(), withheld.withheld()), (known("100.00"), Some(Withheld::NoWeight)));
    assert_eq!((shares(&withheld), withheld.is_paid_out()), (vec![("C-1", known("0.00"))], false));
    assert!(withheld.to_json().contains(r#""withheld":"no-weight""#), "{}", withheld.to_json());
    assert_eq!(pool_of("0.01").withheld(), None);
    let low = [member("C-1", "T-1", r#""collected": 10, "hours_worked": 0"#)];
    assert_eq!(pool(&engine(""), &low).withheld(), None, "there is nothing to withhold");
}

#[test]
fn a_base_that_is_not_known_leaves_its_own_team_open_and_no_other() {
    let mut records = three();
    records[1] = member("C-2", "T-1", r#""hours_worked": 152"#);
    records.push(member("D-1", "T-2", r#""collected": 260000, "hours_worked": 8"#));
    let pay = pay(&engine(""), &records);
    let open = pay.pool_of("T-1").expect("the team");
    assert_eq!((open.base(), open.pool()), (unknown(&["collected"]), unknown(&["collected"])));
    assert!(open.shares().iter().all(|share| share.share() == unknown(&["collected"])), "{}", open.to_json());
    assert_eq!((open.shares()[0].base(), open.shares()[1].base()), (known("101345.00"), unknown(&["collected"])));
    assert_eq!(places(open), ["incentives/team/base"]);
    assert_eq!(pay.pool_of("T-2").map(TeamPool::pool), Some(known("100.00")));
}

#[test]
fn a_weight_that_is_not_known_leaves_the_shares_open_where_there_is_a_pool() {
    let with = |collected: &str| {
        let mut records = vec![member("C-1", "T-1", &format!(r#""collected": {collected}, "hours_worked": 8"#))];
        records.push(member("C-2", "T-1", r#""collected": 0"#));
        pool(&engine(""), &records)
    };
    let open = with("260000");
    assert_eq!((open.pool(), open.cut()), (known("100.00"), Some("0.00")));
    assert!(open.shares().iter().all(|share| share.share() == unknown(&["hours_worked"])), "{}", open.to_json());
    assert_eq!((places(&open), open.is_paid_out()), (vec!["incentives/team/split_by"], false));
    let nothing = with("240000");
    assert_eq!(shares(&nothing), [("C-1", known("0.00")), ("C-2", known("0.00"))]);
    assert!(nothing.unknowns().is_empty());
}

#[test]
fn a_target_or_cap_that_is_not_known_matters_only_where_there_could_be_a_pool() {
    let engine = pack("above: target\n    percent: 1\n    cap: = most", "");
    let one = |fields: &str| pool(&engine, &[member("C-1", "T-1", &format!(r#""hours_worked": 8, {fields}"#))]);
    let open = one(r#""collected": 260000, "most": 500"#);
    assert_eq!((open.pool(), open.above()), (unknown(&["target"]), unknown(&["target"])));
    assert_eq!(places(&open), ["incentives/team/above"]);
    let open = one(r#""collected": 260000, "target": 250000"#);
    assert_eq!((open.pool(), places(&open)), (unknown(&["most"]), vec!["incentives/team/cap"]));
    let nothing = one(r#""collected": 240000, "target": 250000"#);
    assert_eq!((nothing.pool(), nothing.unknowns().len()), (known("0.00"), 0), "below the target no cap matters");
    let nothing = one(r#""collected": 0, "most": 500"#);
    assert_eq!((nothing.pool(), nothing.unknowns().len()), (known("0.00"), 0), "above nothing there is no pool");
    let nothing = one(r#""collected": 260000, "most": 0"#);
    assert_eq!((nothing.pool(), nothing.unknowns().len()), (known("0.00"), 0), "a cap of 0 leaves nothing");
}

#[test]
fn members_who_say_different_targets_are_an_error_that_is_named() {
    let engine = pack("above: target\n    percent: 1", "");
    let with = |target: &str| {
        let target = format!(r#""collected": 130000, "hours_worked": 8, "target": {target}"#);
        let first = member("C-1", "T-1", r#""collected": 130000, "hours_worked": 8, "target": 250000"#);
        pool(&engine, &[member("C-2", "T-1", &target), first])
    };
    assert_eq!(with("250000.0").pool(), known("100.00"), "the same amount");
    let differing = with("200000");
    assert_eq!(differing.pool(), Answer::Error(ErrorCode::InvalidArgument));
    let [error] = differing.errors() else { panic!("{:?}", differing.errors()) };
    assert_eq!(&*error.at, "incentives/team/above");
    let message = "the target is 250000.00 for `C-1` and 200000.00 for `C-2`: say the same for all of a team";
    assert_eq!(error.message, message);
    assert!(error.place.as_deref().is_some_and(|place| place.starts_with("team/pack.yaml:")), "{:?}", error.place);
    let below = pool(&engine, &[member("C-1", "T-1", r#""collected": 1, "hours_worked": 8, "target": -1"#)]);
    assert_eq!(below.errors()[0].message, "the target of `C-1` is -1.00, which is negative: give 0 or more");
}

#[test]
fn a_weight_below_zero_is_an_error_of_its_member_and_leaves_the_pool_known() {
    let mut records = three();
    records[1] = member("C-2", "T-1", r#""collected": 98000, "hours_worked": -1"#);
    let pool = pool(&engine(""), &records);
    assert_eq!(pool.pool(), known("123.45"));
    let error = Answer::Error(ErrorCode::InvalidArgument);
    assert_eq!((pool.shares()[0].weight(), pool.shares()[1].weight()), (known("152"), error.clone()));
    assert!(pool.shares().iter().all(|share| share.share() == error), "{}", pool.to_json());
    let [failed] = pool.errors() else { panic!("{:?}", pool.errors()) };
    assert_eq!(&*failed.at, "incentives/team/split_by");
    assert_eq!(failed.message, "the weight of `C-2` is -1, which is negative: give 0 or more");
}

#[test]
fn private_amounts_do_not_stand_in_messages() {
    let text = r#"
pack: private
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
      team_id: {type: text}
      target: {type: money, private: true}
      hours: {type: decimal, decimals: 2, private: true}
incentives:
  team: {over: collector, team: team_id, base: target, above: target, percent: 1, split_by: hours}
"#;
    let engine = Engine::from_sources("private", [("private/pack.yaml", text)]).expect("a pack");
    let records = [
        member("C-1", "T-1", r#""target": 4711, "hours": -4711"#),
        member("C-2", "T-1", r#""target": 4712, "hours": 1"#),
    ];
    let pool = pool(&engine, &records);
    let messages: Vec<&str> = pool.errors().iter().map(|error| error.message.as_str()).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages.iter().all(|text| text.ends_with("(the values are private)")), "{messages:?}");
}

#[test]
fn a_refused_record_keeps_back_the_pool_of_its_team_and_no_other() {
    let mut records = three();
    records[1] = member("C-2", "T-1", r#""collected": "much", "hours_worked": 152"#);
    records.push(member("D-1", "T-2", r#""collected": 260000, "hours_worked": 8"#));
    records.push(r#"{"collector_id": "E-1", "collected": "much"}"#.to_owned());
    let pay = pay(&engine(""), &records);
    let kept = pay.pool_of("T-1").expect("the team");
    assert_eq!(
        (kept.base(), kept.pool(), kept.withheld()),
        (Answer::None, Answer::None, Some(Withheld::RefusedRecord))
    );
    assert!(kept.shares().is_empty());
    let [refused] = kept.refused() else { panic!("{:?}", kept.refused()) };
    assert_eq!((refused.record, refused.key.as_deref()), (2, Some("C-2")));
    assert_eq!(refused.problems[0].path, "collected");
    let line = r#""withheld":"refused-record","refused":[{"record":2,"key":"C-2","problems":["collected: "#;
    assert!(kept.to_json().contains(line), "{}", kept.to_json());
    assert_eq!(pay.pool_of("T-2").map(TeamPool::pool), Some(known("100.00")));
    let numbers: Vec<u64> = pay.refused().iter().map(|refused| refused.record).collect();
    assert_eq!(numbers, [2, 5], "one that says it is in no team keeps nothing back");
}

#[test]
fn a_record_that_may_be_of_any_team_keeps_back_all_pools() {
    let wrong_team = r#"{"collector_id": "C-9", "team_id": 7, "collected": 1, "hours_worked": 8}"#;
    let unknown_team = r#"{"collector_id": "C-9", "team_id": {"unknown": true}, "collected": 1, "hours_worked": 8}"#;
    for (last, path) in [("{", ""), ("[]", ""), (wrong_team, "team_id"), (unknown_team, "team_id")] {
        let mut records = three();
        records.push(last.to_owned());
        records.push(member("D-1", "T-2", r#""collected": 260000, "hours_worked": 8"#));
        let pay = pay(&engine(""), &records);
        assert!(pay.pools().iter().all(|pool| pool.withheld() == Some(Withheld::RefusedRecord)), "{last}");
        assert_eq!(pay.pools().len(), 2, "{last}");
        assert_eq!(pay.refused()[0].problems[0].path, path, "{last}");
    }
}

#[test]
fn a_key_that_two_records_have_is_refused_in_both_and_keeps_back_their_teams() {
    let records = [
        member("C-1", "T-1", r#""collected": 260000, "hours_worked": 8"#),
        member("C-1", "T-2", r#""collected": 260000, "hours_worked": 8"#),
        member("C-3", "T-3", r#""collected": 260000, "hours_worked": 8"#),
    ];
    let pay = pay(&engine(""), &records);
    let withheld: Vec<Option<Withheld>> = pay.pools().iter().map(TeamPool::withheld).collect();
    assert_eq!(withheld, [Some(Withheld::RefusedRecord), Some(Withheld::RefusedRecord), None]);
    let problems: Vec<String> = pay.refused().iter().map(|refused| refused.problems[0].to_string()).collect();
    let said =
        "collector_id: the key `C-1` is that of another record too (give each collector and period a key of its own)";
    assert_eq!(problems, [said, said]);
}

#[test]
fn who_is_in_no_team_is_in_no_pool_and_is_named() {
    let mut records = three();
    records.insert(0, r#"{"collector_id": "E-2", "collected": 500000, "hours_worked": 8}"#.to_owned());
    records.push(r#"{"collector_id": "E-1", "team_id": null, "collected": 500000, "hours_worked": 8}"#.to_owned());
    let pay = pay(&engine(""), &records);
    assert_eq!((pay.pools().len(), pay.without_team()), (1, ["E-1".to_owned(), "E-2".to_owned()].as_slice()));
    assert_eq!(pay.pools()[0].pool(), known("123.45"));
}

#[test]
fn a_pack_without_a_pool_and_an_instant_outside_the_years_are_errors() {
    let text = "pack: none\nversion: 1.0.0\nformat: 1\ncurrency: USD\ntime_zone: UTC\nrecords:\n  case:\n    fields:\n      id: {type: text, key: true}\n";
    let without = Engine::from_sources("none", [("none/pack.yaml", text)]).expect("a pack");
    let error = without.team_pay(three(), as_of()).expect_err("no pool");
    assert_eq!(error.to_string(), "the pack has no pool for teams: declare `incentives:`, `team:`");
    assert!(!without.has_team_pool() && !without.has_pay_plan());
    let engine = engine("");
    assert!(engine.has_team_pool() && !engine.has_pay_plan());
    let early = "0001-05-01T00:00:00Z".parse().expect("an instant");
    assert!(engine.team_pay(three(), early).expect_err("too early").to_string().starts_with("`as_of` lies outside"));
    assert!(pay(&engine, &[]).pools().is_empty());
}

#[test]
fn an_overlay_changes_a_pool() {
    let own = "
pack: own
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
extends: [team]
change:
  incentives/team: {percent: 2, because: a test, source: a test}
";
    let base = "
pack: team
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
  collector:
    fields:
      collector_id: {type: text, key: true}
      team_id: {type: text}
      collected: {type: money}
incentives:
  team: {over: collector, team: team_id, base: collected, above: 250000, percent: 1, split_by: 1}
";
    let engine = Engine::from_sources("own", [("team/pack.yaml", base), ("own/pack.yaml", own)]);
    let engine = engine.unwrap_or_else(|error| panic!("{error}"));
    let records = ["C-1", "C-2", "C-3"].map(|key| member(key, "T-1", r#""collected": 100000"#));
    let pool = pool(&engine, &records);
    assert_eq!(pool.pool(), known("1000.00"));
    let wanted = [("C-1", known("333.34")), ("C-2", known("333.33")), ("C-3", known("333.33"))];
    assert_eq!(shares(&pool), wanted, "all alike");
}

#[test]
fn the_json_has_its_keys_in_order_and_amounts_as_text() {
    let engine = engine("    cap: 500\n    because: what was agreed\n    source: handbook");
    let pool = pool(&engine, &three());
    let wanted = [
        r#"{"team":"T-1","as_of":"2026-09-30T22:00:00Z","pack":{"name":"team","version":"1.0.0","digest":""#,
        &engine.pack().digest,
        r#""},"base":"262345.00","above":"250000.00","percent":"1","cap":"500.00","cut":"0.00","pool":"123.45","#,
        r#""shares":[{"key":"C-1","base":"101345.00","weight":"152","share":"49.91"},"#,
        r#"{"key":"C-2","base":"98000.00","weight":"152","share":"49.90"},"#,
        r#"{"key":"C-3","base":"63000.00","weight":"72","share":"23.64"}],"withheld":null,"refused":[],"#,
        r#""because":"what was agreed","source":"handbook","unknowns":[],"errors":[]}"#,
    ];
    assert_eq!(pool.to_json(), wanted.concat());
}

const TESTS: &str = "
tests:
  - name: right
    as_of: 2026-09-30T18:00:00-04:00
    collectors:
      - {collector_id: C-1, team_id: T-1, collected: 260000.00, hours_worked: 8}
      - {collector_id: C-2, team_id: T-2, collected: -1.005, hours_worked: 8}
      - {collector_id: C-3, team_id: T-3, collected: 260000.00, hours_worked: 0}
      - {collector_id: C-4, team_id: T-4, collected: 260000.00, hours_worked: -1}
    expect:
      refused: ['collectors[1].collected']
      teams:
        T-1: {base: 260000.00, above: 250000.00, pool: 100.00, withheld: none, shares: {C-1: 100.00}}
        T-2: {pool: none, withheld: refused-record}
        T-3: {pool: 100.00, withheld: no-weight, shares: {C-3: 0.00}}
        T-4: {pool: 100.00, shares: {C-4: {error: invalid-argument}}}
";

/// Each change makes the test of the pack fail, and the report says this.
#[test]
fn a_rule_test_that_expects_something_else_fails() {
    let failures = |tests: &str| -> Vec<String> {
        let report = pack("above: 250000\n    percent: 1", tests).test();
        report.tests.iter().flat_map(|test| test.failures.clone()).collect()
    };
    assert_eq!(failures(TESTS), Vec::<String>::new());
    for (from, to, said) in [
        ("base: 260000.00", "base: 260000.01", "T-1: base: expected 260000.01, found 260000.00"),
        ("above: 250000.00", "above: 1.00", "T-1: above: expected 1.00, found 250000.00"),
        ("pool: 100.00, withheld: none", "pool: unknown", "T-1: pool: expected unknown, found 100.00"),
        ("{C-1: 100.00}", "{C-1: 99.99}", "T-1: share of C-1: expected 99.99, found 100.00"),
        ("{C-1: 100.00}", "{C-9: 100.00}", "T-1: shares: `C-9` is no member with a share"),
        ("withheld: no-weight", "withheld: none", "T-3: withheld: expected none, found no-weight"),
        ("        T-2: {", "        T-9: {", "teams: no record says the team `T-9`"),
        (
            "collectors[1].collected",
            "collectors[1].hours_worked",
            "refused: expected problems at [collectors[1].hours_worked], found",
        ),
        ("{C-4: {error: invalid-argument}}", "{}", "errors: incentives/team/split_by failed with invalid-argument"),
    ] {
        let failures = failures(&TESTS.replace(from, to));
        assert!(failures.len() == 1 && failures[0].starts_with(said), "{to}: {failures:?}");
    }
    let unsaid = TESTS.replace("      refused: ['collectors[1].collected']\n", "").replace("-1.005", "-1.00");
    let twice = unsaid.replace("C-2, team_id: T-2", "C-1, team_id: T-2");
    let failures = failures(&twice);
    assert!(
        failures.iter().any(|line| line.starts_with("the record is refused:\n  collectors[0].collector_id: the key"))
    );
}

#[test]
fn a_pool_is_covered_where_a_test_pays_it_out() {
    let hits = |tests: &str| {
        let coverage = pack("above: 250000\n    percent: 1", tests).test().coverage;
        coverage.iter().find(|row| row.id == "incentives/team").map(|row| row.hits)
    };
    assert_eq!(hits(TESTS), Some(1));
    assert_eq!(
        hits(&TESTS.replace("collected: 260000.00, hours_worked: 8", "collected: 5.00, hours_worked: 8")),
        Some(0)
    );
}

/// A member of a random team: cents that were brought in, hours in hundredths, quality in hundredths.
type Drawn = (i64, i64, i64);

/// The pool and the shares a second time, in whole numbers: cents, and parts of a cent times the sum of the weights.
fn plainly(members: &[Drawn], above: i64, percent: i64, cap: i64) -> (i128, Vec<i128>) {
    let sum: i128 = members.iter().map(|(cents, ..)| i128::from(*cents)).sum();
    let excess = (sum - i128::from(above)).max(0);
    // Percent in hundredths: 10,000 parts are the whole, half of them round up.
    let pool = ((excess * i128::from(percent) + 5_000) / 10_000).min(i128::from(cap));
    let weights: Vec<i128> = members.iter().map(|(_, hours, quality)| i128::from(hours * quality)).collect();
    let all: i128 = weights.iter().sum();
    if all == 0 {
        return (pool, vec![0; members.len()]);
    }
    let mut shares: Vec<i128> = weights.iter().map(|weight| pool * weight / all).collect();
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|index| (-(pool * weights[*index] % all), *index));
    let left = usize::try_from(pool - shares.iter().sum::<i128>()).expect("less than there are members");
    for index in order.into_iter().take(left) {
        shares[index] += 1;
    }
    (pool, shares)
}

fn cents(answer: &Answer) -> i128 {
    match answer {
        Answer::Known(text) => text.replace('.', "").parse().expect("an amount"),
        other => panic!("{other:?}"),
    }
}

/// Shares add up to the pool to the cent and none is below zero, a weight of 0 gets nothing, and all is as it is worked
/// out in whole numbers, in whatever order the records stand and whatever other teams there are.
#[test]
fn pools_keep_their_laws() {
    let cases = if std::env::var_os("RECOUP_SOAK").is_some() { 20_000 } else { 300 };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    // Few hours and marks: so that many weights are equal, and remainders tie.
    let members = prop::collection::vec((-50_000_i64..500_000, 0_i64..4, prop_oneof![Just(50_i64), Just(100)]), 1..8);
    let terms = (0_i64..600_000, 0_i64..10_000, 0_i64..60_000);
    let drawn = (members, terms, any::<prop::sample::Index>(), any::<bool>());
    let (paid, tied) = (std::cell::Cell::new(0_u32), std::cell::Cell::new(0_u32));
    let outcome = runner.run(&drawn, |(members, (above, percent, cap), turn, reversed)| {
        let text = |number: i64| {
            format!("{}{}.{:02}", if number < 0 { "-" } else { "" }, number.abs() / 100, number.abs() % 100)
        };
        let engine =
            pack(&format!("above: {}\n    percent: {}\n    cap: {}", text(above), text(percent), text(cap)), "");
        let mut records: Vec<String> = (1..)
            .zip(&members)
            .map(|(key, (cents, hours, quality))| {
                let (cents, hours, quality) = (text(*cents), text(*hours), text(*quality));
                let fields = format!(r#""collected": {cents}, "hours_worked": {hours}, "qa_weight": {quality}"#);
                member(&format!("C-{key}"), "T-1", &fields)
            })
            .collect();
        let alone = pool(&engine, &records);
        let (wanted, wanted_shares) = plainly(&members, above, percent, cap);
        prop_assert_eq!(cents(&alone.pool()), wanted);
        let found: Vec<i128> = alone.shares().iter().map(|share| cents(&share.share())).collect();
        prop_assert_eq!(&found, &wanted_shares);
        prop_assert!(found.iter().all(|share| *share >= 0));
        let has_weight = members.iter().any(|(_, hours, _)| *hours > 0);
        prop_assert_eq!(found.iter().sum::<i128>(), if has_weight { wanted } else { 0 });
        prop_assert_eq!(alone.withheld(), (!has_weight && wanted > 0).then_some(Withheld::NoWeight));
        for ((_, hours, _), share) in members.iter().zip(&found) {
            prop_assert!(*hours > 0 || *share == 0);
        }
        paid.set(paid.get() + u32::from(alone.is_paid_out()));
        let equal = |a: usize, b: usize| members[a].1 * members[a].2 == members[b].1 * members[b].2;
        let differ = |a: &usize| (0..found.len()).any(|b| equal(*a, b) && found[*a] != found[b]);
        tied.set(tied.get() + u32::from((0..found.len()).any(|index| differ(&index))));

        records.push(member("D-1", "T-2", r#""collected": 1, "hours_worked": 8"#));
        let middle = turn.index(records.len());
        records.rotate_left(middle);
        if reversed {
            records.reverse();
        }
        prop_assert_eq!(pool(&engine, &records).to_json(), alone.to_json());
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(paid.get() > 50, "the draws meet pools that are paid out: {}", paid.get());
    assert!(tied.get() > 20, "the draws meet cents that a tie gives to one of two: {}", tied.get());
}
