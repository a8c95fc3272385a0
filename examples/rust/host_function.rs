//! A function that the host supplies: how likely a debtor pays, for the plugin `scorecard`.
//!
//! The first case has a score. For the second the model refuses: the rule that asks it fails, with the model's message in
//! the explanation, and the rest of the batch is decided. The third is one the model does not know.
//!
//! ```text
//! cargo run --release -p recoup-examples --bin host_function
//! ```

use std::error::Error;

use recoup::LoadOptions;
use recoup::host::{Money, Percent};

/// What stands for a model: a host would ask a service, or a table in memory.
fn probability(account: &str, balance: Money, days_past_due: i64) -> Result<Option<Percent>, String> {
    match account {
        "A-1" => Ok(Some(Percent((40 - days_past_due / 10).into()))),
        "A-2" => Err(format!("the model was not made for balances such as {}", balance.0)),
        _ => Ok(None),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // The types of the closure are compared with those that the plugin declares.
    let options = LoadOptions::new()
        .library("rules")
        .function("payment_probability", |account: String, balance: Money, days_past_due: i64| {
            probability(&account, balance, days_past_due)
        });
    let engine = options.load("rules/plugins/scorecard/example")?;
    for line in engine.declared_functions() {
        println!("{line}");
    }

    let as_of = "2026-09-07T09:00:00-04:00".parse()?;
    let cases = [
        r#"{"case_id": "A-1", "balance": 1200.00, "days_past_due": 40}"#,
        r#"{"case_id": "A-2", "balance": 99999.00, "days_past_due": 40}"#,
        r#"{"case_id": "A-3", "balance": 1200.00, "days_past_due": 40}"#,
    ];
    for case in cases {
        let decided = engine.evaluate(case, as_of)?;
        println!("\n{}", decided.explain().to_text());
    }
    Ok(())
}
