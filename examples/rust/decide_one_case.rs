//! Loads the US consumer pack, decides one case and says why.
//!
//! Run it from the project's folder: `cargo run -p recoup-examples --bin decide_one_case`.

use std::error::Error;

use recoup::{Answer, Engine};

const CASE: &str = r#"{
    "case_id": "C-1",
    "product": "card",
    "collector_type": "third_party",
    "debtor_type": "consumer",
    "balance": 12400.00,
    "past_due": 1800.00,
    "days_past_due": 95,
    "risk_score": 560,
    "hardship": null,
    "contacts": [],
    "promises": [],
    "payments": [],
    "disputes": []
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::load("rules/us-consumer")?;
    // The engine reads no clock: the instant is an argument, and the decision records it.
    let decided = engine.evaluate(CASE, "2026-09-07T18:00:00-04:00".parse()?)?;

    match decided.decision.get("segment") {
        Some(Answer::Known(segment)) => println!("segment: {segment}"),
        Some(Answer::Unknown(facts)) => println!("segment: unknown, for want of {}", facts.join(", ")),
        other => println!("segment: {other:?}"),
    }
    println!("escalations: {}", decided.decision.escalations().collect::<Vec<_>>().join(", "));
    for unknown in decided.decision.unknowns() {
        println!("not decided: {} (for want of {})", unknown.at, unknown.facts.join(", "));
    }

    println!("\n{}", decided.explain().to_text());
    Ok(())
}
