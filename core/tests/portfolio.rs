//! Decisions over the example portfolio: as their schema says, and the same bytes whatever the order.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use recoup::{Decision, Engine};
use serde_json::Value;

const AS_OF: &str = "2026-09-07T18:00:00-04:00";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn engine() -> Engine {
    Engine::load(root().join("rules/us-consumer")).expect("the pack loads")
}

fn lines() -> Vec<String> {
    let text = fs::read_to_string(root().join("examples/data/portfolio.ndjson")).expect("the portfolio is there");
    text.lines().map(str::to_owned).collect()
}

fn decide(engine: &Engine, line: &str) -> Decision {
    let as_of = AS_OF.parse().expect("an instant");
    match engine.evaluate(line, as_of) {
        Ok(decided) => decided.decision,
        Err(error) => panic!("{line}: {error}"),
    }
}

#[test]
fn cases_and_decisions_are_as_their_schemas_say() {
    let engine = engine();
    let schema = |text: String| {
        let schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
        jsonschema::validator_for(&schema).expect("a schema is one")
    };
    let (of_case, of_decision) = (schema(engine.case_schema()), schema(engine.decision_schema()));
    let lines = lines();
    assert!(lines.len() >= 1000);
    for line in &lines {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        if let Err(error) = of_case.validate(&case) {
            panic!("{line}: {error}");
        }
        let decision: Value = serde_json::from_str(&decide(&engine, line).to_json()).expect("a decision is JSON");
        if let Err(error) = of_decision.validate(&decision) {
            panic!("{decision}: {error}");
        }
    }
    assert!(of_decision.validate(&serde_json::json!({"key": "C-1"})).is_err());
    assert!(of_case.validate(&serde_json::json!({"case_id": 5})).is_err());
}

#[test]
fn a_case_has_the_same_bytes_in_every_run_and_every_order() {
    let lines = lines();
    let first = engine();
    let forward: Vec<String> = lines.iter().map(|line| decide(&first, line).to_json()).collect();
    let second = engine();
    let mut backward: Vec<String> = lines.iter().rev().map(|line| decide(&second, line).to_json()).collect();
    backward.reverse();
    assert_eq!(forward, backward);
}

#[test]
fn every_decision_can_be_explained_and_private_values_do_not_show() {
    let engine = engine();
    let as_of = AS_OF.parse().expect("an instant");
    for line in lines().iter().take(200) {
        let case: Value = serde_json::from_str(line).expect("a case is JSON");
        let decided = match engine.evaluate(line, as_of) {
            Ok(decided) => decided,
            Err(error) => panic!("{error}"),
        };
        let explanation = decided.explain();
        let (text, json) = (explanation.to_text(), explanation.to_json());
        let parsed: Value = serde_json::from_str(&json).expect("an explanation is JSON");
        for id in decided.decision.fired() {
            let (table, row) = id.rsplit_once('/').expect("a qualified id");
            let states: Vec<&str> = parsed["tables"]
                .as_array()
                .expect("tables")
                .iter()
                .filter(|known| known["id"] == table)
                .flat_map(|known| known["rows"].as_array().expect("rows"))
                .filter(|known| known["id"] == row)
                .filter_map(|known| known["state"].as_str())
                .collect();
            // A routine may be run several times: for each stage of a walk, each action, each number of instalments.
            let is_routine = |starts: &[&str]| starts.iter().any(|start| id.starts_with(start));
            if is_routine(&["contact/"]) {
                // A contact rule that is unknown asks for a review.
                assert!(states.contains(&"matched") || states.contains(&"unknown"), "{id}: {states:?}");
            } else if is_routine(&["workflows/", "settlement/", "incentives/"]) {
                assert!(states.contains(&"matched"), "{id}: {states:?}");
            } else {
                assert_eq!(states, ["matched"], "{id}");
            }
        }
        for complaint in case["complaints"].as_array().into_iter().flatten() {
            if let Some(words) = complaint["words"].as_str() {
                assert!(!text.contains(words) && !json.contains(words), "{words} shows");
            }
        }
    }
}

#[test]
fn a_case_has_the_same_decision_alone_and_in_a_file() {
    let engine = engine();
    let as_of = AS_OF.parse().expect("an instant");
    let reader = engine.read_cases(root().join("examples/data/portfolio.ndjson"), None).expect("the file opens");
    for (row, line) in reader.zip(lines()) {
        let row = row.expect("the file can be read");
        let decided = engine.decide(&row, as_of).expect("the case is good");
        assert_eq!(decided.decision.to_json(), decide(&engine, &line).to_json());
    }
}

#[test]
fn private_operands_do_not_show_in_the_message_of_an_error() {
    let pack = "\
pack: small
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      salary: {type: money, private: true}
      months: {type: integer}
facts:
  monthly: salary / months
";
    let engine = Engine::from_sources("small", [("small/pack.yaml", pack)]).expect("the pack loads");
    let as_of = AS_OF.parse().expect("an instant");
    let decided = engine.evaluate(r#"{"case_id": "A", "salary": 4321.00, "months": 0}"#, as_of).expect("a good record");
    let shown = format!("{}{}{}", decided.decision.to_json(), decided.explain().to_text(), decided.explain().to_json());
    assert!(shown.contains("division-by-zero"), "{shown}");
    assert!(!shown.contains("4321"), "{shown}");
    let refused = engine.evaluate(r#"{"case_id": "A", "salary": "4321.005", "months": "9999999999999999999"}"#, as_of);
    let error = refused.expect_err("the record is refused").to_string();
    assert!(error.contains("salary") && !error.contains("4321"), "{error}");
}
