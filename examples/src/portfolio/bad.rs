//! Lines that a portfolio should not hold, each wrong in its own way. The case id says in which.

use crate::json::Object;

/// A plain case that is right, from which the wrong ones are made.
fn plain(id: &str) -> Object {
    let mut case = Object::default();
    case.text("case_id", id);
    case.text("product", "card");
    case.text("currency", "USD");
    case.text("collector_type", "third_party");
    case.text("debtor_type", "consumer");
    case.raw("time_zones", r#"["America/New_York"]"#);
    case.raw("deceased", false);
    case.money("balance", 120_000);
    case.money("past_due", 30_000);
    case.raw("days_past_due", 45);
    case.raw("risk_score", 600);
    case.raw("contacts", "[]");
    case.raw("promises", "[]");
    case.raw("payments", "[]");
    case.raw("disputes", "[]");
    case
}

/// The wrong lines.
pub fn bad_lines() -> Vec<String> {
    let contact_at =
        |at: &str| format!(r#"[{{"at":"{at}","direction":"outbound","channel":"call","outcome":"no_answer"}}]"#);
    let cases = [
        plain("BAD-misspelt-field").renamed("days_past_due", "days_past_deu"),
        plain("BAD-text-for-money").with("balance", r#""a lot""#),
        plain("BAD-number-for-list").with("promises", "3"),
        plain("BAD-score-too-high").with("risk_score", "1450"),
        plain("BAD-negative-days").with("days_past_due", "-3"),
        plain("BAD-three-decimals").with("balance", "1200.455"),
        plain("BAD-comma-in-amount").with("balance", r#""1,200.00""#),
        plain("BAD-unknown-choice").with("product", r#""crad""#),
        plain("BAD-contact-to-come").with("contacts", &contact_at("2026-09-07T18:00:01-04:00")),
        plain("BAD-time-without-zone").with("contacts", &contact_at("2026-09-01T10:00:00")),
        plain("BAD-no-balance").without("balance"),
        plain("BAD-no-such-day").with("callback_on", r#""2026-02-30""#),
        plain("BAD-no-such-zone").with("time_zones", r#"["America/NewYork"]"#),
        plain("BAD-other-currency").with("currency", r#""EUR""#),
        plain("BAD-promise-without-day")
            .with("promises", r#"[{"made_on":"2026-09-01","amount":50.00,"status":"open"}]"#),
        plain("BAD-yes-for-true").with("deceased", r#""yes""#),
        plain("BAD-several-problems")
            .with("balance", "-1.00")
            .with("collector_type", r#""agency""#)
            .with("contacts", &contact_at("2027-01-01T10:00:00-05:00"))
            .renamed("risk_score", "riskscore")
            .without("past_due"),
    ];
    let mut lines: Vec<String> = cases.iter().map(Object::to_string).collect();
    // What `with` cannot say: a key twice, a line cut off, no fields at all, no object.
    let mut twice = plain("BAD-balance-twice");
    twice.money("balance", 130_000);
    lines.push(twice.to_string());
    lines.push(plain("BAD-cut-off").to_string().chars().take(100).collect());
    lines.push("{}".to_owned());
    lines.push(r#"["BAD-a-list"]"#.to_owned());
    lines
}
