//! Experiments as a host meets them: arms that are drawn, kept in states, and shown in decisions.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use recoup::{Decision, Engine, State};

const PACK: &str = r#"
pack: trial
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
segmentation:
  outputs: {segment: [large, small]}
  grid: |
    | row       | balance | then segment |
    |-----------|---------|--------------|
    | large     | >= 500  | large        |
    | otherwise |         | small        |
settlement:
  floor: 50
  instalments: {at_most: 3}
experiments:
  flexible:
    unit: case_id
    salt: fp-2026
    eligible: balance >= 100
    arms:
"#;
const CHALLENGER: &str = "change: {settlement/instalments: {at_most: 6}, segmentation/large: {balance: '>= 300'}}";

/// The pack with these arms.
fn engine(arms: &str) -> Engine {
    let pack = format!("{PACK}{arms}");
    Engine::from_sources("trial", [("trial/pack.yaml", pack)]).unwrap_or_else(|error| panic!("{error}"))
}

fn usual() -> Engine {
    engine(&format!("      champion: {{weight: 80}}\n      challenger: {{weight: 20, {CHALLENGER}}}\n"))
}

fn decide(engine: &Engine, case: &str, balance: &str, state: Option<&State>) -> Decision {
    let record = format!(r#"{{"case_id": "{case}", "balance": {balance}}}"#);
    let as_of = "2026-09-07T18:00:00-04:00".parse().expect("an instant");
    engine.evaluate_with_state(&record, state, as_of).unwrap_or_else(|error| panic!("{error}")).decision
}

fn arm(decision: &Decision) -> Option<&str> {
    decision.arms().next().and_then(|(_, arm)| arm)
}

#[test]
fn an_arm_that_was_drawn_stays_when_weights_and_arms_change() {
    let before = usual();
    let after = engine(&format!(
        "      rival: {{weight: 70}}\n      challenger: {{weight: 10, {CHALLENGER}}}\n      champion: {{weight: 20}}\n"
    ));
    let mut moved = 0;
    for number in 0..300 {
        let case = format!("D-{number}");
        let first = decide(&before, &case, "400", None);
        let state = first.state().expect("the case is in an arm");
        let stored = State::from_json(&state.to_json()).expect("a state is read back");
        let next = decide(&after, &case, "400", Some(&stored));
        assert_eq!(arm(&next), arm(&first), "{case}");
        // Nothing changed, so the document is the one that is stored already.
        assert_eq!(next.state(), Some(state), "{case}");
        // Also when the case is no longer eligible.
        assert_eq!(arm(&decide(&after, &case, "50", Some(&stored))), arm(&first), "{case}");
        moved += usize::from(arm(&decide(&after, &case, "400", None)) != arm(&first));
    }
    assert!(moved > 150, "without their states {moved} of 300 cases would have moved");
}

#[test]
fn the_same_unit_falls_into_the_same_arm_without_a_state() {
    let engine = usual();
    let arms: Vec<Option<String>> = (0..2_000)
        .map(|number| arm(&decide(&engine, &format!("D-{number}"), "400", None)).map(str::to_owned))
        .collect();
    let again = (0..2_000).map(|number| arm(&decide(&engine, &format!("D-{number}"), "900", None)).map(str::to_owned));
    assert!(again.eq(arms.iter().cloned()));
    let challengers = arms.iter().filter(|arm| arm.as_deref() == Some("challenger")).count();
    assert!((320..480).contains(&challengers), "{challengers} of 2000");
}

#[test]
fn an_arm_decides_and_who_takes_no_part_is_decided_as_before() {
    let engine = usual();
    let challenger = decide(&engine, "D-9", "400", None);
    assert_eq!((arm(&challenger), challenger.settlement().expect("known").limits.len()), (Some("challenger"), 6));
    assert_eq!(challenger.fired().collect::<Vec<&str>>(), ["segmentation/large@challenger"]);
    let champion = decide(&engine, "D-1", "400", None);
    assert_eq!((arm(&champion), champion.settlement().expect("known").limits.len()), (Some("champion"), 3));
    let nobody = decide(&engine, "D-9", "99.99", None);
    assert_eq!((arm(&nobody), nobody.settlement().expect("known").limits.len()), (None, 3));
    assert_eq!(nobody.state(), None);
    assert_eq!(engine.experiments().collect::<Vec<_>>(), [("flexible", vec!["champion", "challenger"])]);
}

#[test]
fn decisions_show_arms_behind_results_and_follow_their_schema() {
    let engine = usual();
    let schema = engine.decision_schema().parse().expect("a schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema is one");
    for (case, balance, shown) in [
        ("D-9", "400", r#""results":{},"arms":{"flexible":"challenger"},"fired":["#),
        ("D-9", "1", r#""results":{},"arms":{"flexible":null},"fired":["#),
    ] {
        let json = decide(&engine, case, balance, None).to_json();
        assert!(json.contains(shown), "{json}");
        let problems: Vec<String> =
            schema.iter_errors(&json.parse().expect("a decision is JSON")).map(|problem| problem.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?}: {json}");
    }
}

#[test]
fn an_arm_that_is_gone_is_an_error_and_the_case_is_not_drawn_anew() {
    let stored = decide(&usual(), "D-9", "400", None);
    let state = stored.state().expect("the case is in an arm");
    let after = engine("      champion: {weight: 80}\n      rival: {weight: 20}\n");
    let decision = decide(&after, "D-9", "400", Some(state));
    assert_eq!((arm(&decision), decision.state()), (None, Some(state)));
    let errors: Vec<String> =
        decision.errors().iter().map(|error| format!("{}: {}", error.at, error.message)).collect();
    assert_eq!(
        errors,
        ["experiments/flexible: the state has the arm `challenger`, which the experiment does not have"]
    );
    assert_eq!(decision.get("segment"), Some(recoup::Answer::Known("small".to_owned())));
}

#[test]
fn an_explanation_says_why_a_case_is_in_its_arm() {
    let engine = usual();
    let explain = |case: &str, balance: &str, state: Option<&State>| {
        let record = format!(r#"{{"case_id": "{case}", "balance": {balance}}}"#);
        let as_of = "2026-09-07T18:00:00-04:00".parse().expect("an instant");
        engine.evaluate_with_state(&record, state, as_of).expect("it is decided").explain().to_text()
    };
    let drawn = explain("D-9", "400", None);
    assert!(drawn.contains("flexible  challenger: drawn by `case_id`: 20 of 100 fall into it\n"), "{drawn}");
    let none = explain("D-9", "50", None);
    assert!(none.contains("none: takes no part: `balance >= 100` does not hold: balance is 50.00\n"), "{none}");
    let decision = decide(&engine, "D-9", "400", None);
    let kept = explain("D-9", "50", decision.state());
    assert!(kept.contains("flexible  challenger: the state of the case holds it\n"), "{kept}");
    assert!(drawn.contains("+ large@challenger"), "{drawn}");
}

#[test]
fn rows_of_an_arm_keep_their_order_where_another_experiment_changes_a_row_before_them() {
    let pack = r#"
pack: trial
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
tables:
  steps:
    hit: rule order
    outputs: {word: text}
    grid: |
      | row  | balance | then word |
      |------|---------|-----------|
      | base | >= 0    | base      |
experiments:
  one:
    unit: case_id
    salt: one
    arms:
      champion: {weight: 0}
      challenger: {weight: 1, change: {tables/steps/base: {then word: changed}}}
  two:
    unit: case_id
    salt: two
    arms:
      champion: {weight: 0}
      challenger:
        weight: 1
        add:
          tables/steps/first: {balance: '>= 0', then word: first, after: base}
          tables/steps/second: {balance: '>= 0', then word: second}
"#;
    let engine = Engine::from_sources("trial", [("trial/pack.yaml", pack)]).unwrap_or_else(|error| panic!("{error}"));
    let decision = decide(&engine, "A-1", "10.00", None);
    let fired: Vec<&str> = decision.fired().collect();
    let wanted = ["base", "first", "second"].map(|row| format!("tables/steps/{row}@challenger"));
    assert_eq!(fired, wanted);
}
