//! What decisions say of workflows and settlements follows their schema.
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

use recoup::Engine;
use serde_json::Value;

const PACK: &str = r#"
pack: following
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
channels: [call, letter]
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
      paid: {type: boolean, absent: unknown}
      zones: {type: list, of: zone, place: true}
      kind: {type: choice, of: [consumer, business], absent: unknown}
actions:
  send: {contacting: true, params: {template: template, channel: channels, tone: [neutral, firm]}}
  task: {params: {assign_to: text, due_in: duration}}
templates:
  reminder: {channels: [letter], languages: [en], needs: [balance, paid], must_contain: [opt_out]}
workflows:
  consumer:
    applies_when: kind == "consumer"
    initial: first
    stages:
      first:
        title: First
        due_in: 10 days
        enter:
          - {id: note, do: task, assign_to: desk, due_in: 2 days}
          - {id: write, do: send, template: reminder, channel: letter, tone: firm}
        next:
          - {to: last, when: paid}
      last: {end: true}
contact:
  own:
    rules:
      - {id: hours, hours: 08:00 to under 20:00}
settlement:
  floor: 40.percent
  instalments: {at_most: 3, first_within: 7 days}
  valid_for: 10 days
  authority: |
    | role | then max_percent | then max_amount |
    |------|------------------|-----------------|
    | desk | 20               | none            |
    | head | none             | none            |
"#;

#[test]
fn decisions_follow_their_schema_whatever_is_known() {
    let engine = Engine::from_sources("following", [("following/pack.yaml", PACK)]).expect("the pack loads");
    let schema: Value = serde_json::from_str(&engine.decision_schema()).expect("a schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema is one");
    let records = [
        r#"{"case_id": "A", "balance": 100, "paid": false, "zones": ["America/Chicago"], "kind": "consumer"}"#,
        r#"{"case_id": "A", "balance": 100, "paid": true, "zones": [], "kind": "consumer"}"#,
        r#"{"case_id": "A", "balance": 0, "zones": ["Asia/Tokyo"], "kind": "consumer"}"#,
        r#"{"case_id": "A", "balance": 0.01, "paid": false, "zones": ["UTC"], "kind": "business"}"#,
        r#"{"case_id": "A", "balance": 5000, "zones": ["UTC"]}"#,
    ];
    let mut stages = 0;
    for record in records {
        for as_of in ["2026-09-10T12:00:00Z", "2026-09-10T23:30:00Z"] {
            let as_of = as_of.parse().expect("an instant");
            let decided = engine.evaluate(record, as_of).expect("the record is valid");
            let json: Value = serde_json::from_str(&decided.decision.to_json()).expect("a decision is JSON");
            let errors: Vec<String> = schema.iter_errors(&json).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{json}");
            stages += usize::from(decided.decision.stage().is_some());
            // With the state that it gave, the case is decided again; the document is the host's.
            if let Some(state) = decided.decision.state() {
                let again = engine.evaluate_with_state(record, Some(state), as_of).expect("it is its own state");
                assert_eq!(again.decision.state(), Some(state), "nothing happened in between");
            }
        }
    }
    assert_eq!(stages, 6, "three cases are consumers'");
}
