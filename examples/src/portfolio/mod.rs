//! Cases for the us-consumer pack, as they might be on one evening: a spread of ages, sums and troubles in which every
//! segment and every escalation occurs. Names, numbers and addresses are invented.

mod bad;
mod history;

use chrono::{Days, NaiveDate};

use crate::json::{Object, hundredths};
use crate::random::Random;
pub use bad::bad_lines;

/// The evening on which the cases stand: 2026-09-07T18:00:00-04:00. No history is later.
pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, 7).unwrap_or_default()
}

/// The day that lies so many days before today; a negative number gives a day to come.
pub fn days_ago(days: i64) -> NaiveDate {
    let distance = Days::new(days.unsigned_abs());
    if days < 0 { today() + distance } else { today() - distance }
}

/// What a case is like, before it is written down.
struct Profile {
    product: &'static str,
    collector: &'static str,
    days_past_due: i64,
    /// In cents.
    balance: i64,
}

/// One valid case.
pub fn case(number: usize, random: &mut Random) -> Object {
    let profile = profile(random);
    let mut case = Object::default();
    identity(&mut case, number, &profile, random);
    debtor(&mut case, number, random);
    debt(&mut case, &profile, random);
    law(&mut case, &profile, random);
    papers(&mut case, &profile, random);
    history::add(&mut case, profile.days_past_due, profile.balance, random);
    case
}

fn profile(random: &mut Random) -> Profile {
    let product = random.weighted([
        (34, "card"),
        (15, "loan"),
        (8, "auto"),
        (13, "medical"),
        (8, "telecom"),
        (7, "utility"),
        (4, "student"),
        (3, "mortgage"),
        (4, "rent"),
        (3, "membership"),
        (1, "other"),
    ]);
    let collector = random.weighted([
        (52, "third_party"),
        (23, "creditor"),
        (14, "debt_buyer"),
        (7, "first_party_agent"),
        (4, "attorney"),
    ]);
    let days_past_due = if collector == "debt_buyer" {
        random.within([(3, (121, 364)), (4, (365, 1094)), (3, (1095, 2600))])
    } else {
        random.within([
            (3, (0, 0)),
            (18, (1, 15)),
            (15, (16, 30)),
            (20, (31, 60)),
            (16, (61, 90)),
            (9, (91, 120)),
            (9, (121, 179)),
            (7, (180, 364)),
            (4, (365, 1400)),
        ])
    };
    let balance = random.within([
        (4, (1, 2_499)),
        (28, (2_500, 49_999)),
        (37, (50_000, 249_999)),
        (20, (250_000, 999_999)),
        (11, (1_000_000, 6_500_000)),
    ]);
    Profile { product, collector, days_past_due, balance }
}

fn identity(case: &mut Object, number: usize, profile: &Profile, random: &mut Random) {
    case.text("case_id", format!("US-{number:05}"));
    if random.in_thousand(700) {
        case.text("portfolio", random.pick(["2025-H2", "2026-Q1", "2026-Q2"]));
    }
    case.text("product", profile.product);
    if random.in_thousand(800) {
        case.text("currency", "USD");
    }
    case.text("collector_type", profile.collector);
    case.text("debtor_type", "consumer");
}

fn debtor(case: &mut Object, number: usize, random: &mut Random) {
    case.text("debtor_id", format!("D-{number:05}"));
    let first =
        random.pick(["Alex", "Blair", "Casey", "Dana", "Ellis", "Frankie", "Gray", "Harper", "Jordan", "Morgan"]);
    let last =
        random.pick(["Abbott", "Brooks", "Chavez", "Dixon", "Eaton", "Fields", "Grant", "Hayes", "Ibarra", "Nolan"]);
    case.text("name", format!("{first} {last}"));
    if random.in_thousand(900) {
        case.text("phone", format!("+1-555-01{:02}", random.between(0, 99)));
    }
    if random.in_thousand(700) {
        case.text("email", format!("{}.{}.{number}@example.com", first.to_lowercase(), last.to_lowercase()));
    }
    if random.in_thousand(800) {
        case.text("birth_date", days_ago(random.between(7_300, 29_000)));
    }
    if random.in_thousand(300) {
        case.text("sex", random.pick(["female", "male"]));
    }
    if random.in_thousand(940) {
        case.raw(
            "time_zones",
            random.weighted([
                (45, r#"["America/New_York"]"#),
                (25, r#"["America/Chicago"]"#),
                (8, r#"["America/Denver"]"#),
                (14, r#"["America/Los_Angeles"]"#),
                (2, r#"["America/Phoenix"]"#),
                (1, r#"["Pacific/Honolulu"]"#),
                (5, r#"["America/New_York","America/Los_Angeles"]"#),
            ]),
        );
    }
    if random.in_thousand(600) {
        case.text("preferred_channel", random.pick(["call", "sms", "email", "letter"]));
    }
    if random.in_thousand(60) {
        case.text("callback_on", days_ago(random.weighted([(3, 0), (1, -1), (1, -3)])));
    }
    if random.in_thousand(40) {
        case.text("vulnerability", random.pick(["suspected", "confirmed"]));
    }
    match random.between(0, 999) {
        0..45 => case.text("hardship", "claimed"),
        45..80 => case.text("hardship", "verified"),
        80..85 => case.unknown("hardship"),
        _ => {}
    }
    boolean(case, "deceased", 12, 60, random);
    boolean(case, "military_active", 25, 90, random);
}

fn debt(case: &mut Object, profile: &Profile, random: &mut Random) {
    let &Profile { product, collector, days_past_due, balance } = profile;
    case.money("balance", balance);
    let past_due = match days_past_due {
        0 => 0,
        1..=120 => balance * random.between(6, 70) / 100,
        _ => balance,
    };
    case.money("past_due", past_due);
    let interest = balance * random.between(0, 120) / 1000;
    let fees = balance * random.between(0, 40) / 1000;
    let costs = if days_past_due > 365 { balance * random.between(0, 30) / 1000 } else { 0 };
    if random.in_thousand(950) {
        // Some ledgers are wrong by a few dollars.
        let slip = if random.in_thousand(20) { random.between(2, 2_500) } else { 0 };
        case.money("principal", balance - interest - fees - costs + slip);
        case.money("interest", interest);
        case.money("fees", fees);
        case.money("costs", costs);
    }
    if !matches!(product, "medical" | "telecom" | "utility" | "rent" | "membership") {
        case.raw("contract_rate", hundredths(random.between(390, 2_999)));
    }
    case.raw("days_past_due", days_past_due);
    if days_past_due >= 30 {
        case.text("defaulted_on", days_ago(days_past_due - 30));
    }
    if days_past_due > 180 && (collector == "debt_buyer" || random.in_thousand(600)) {
        case.text("charged_off_on", days_ago(days_past_due - 180));
    }
    match random.between(0, 999) {
        0..880 => case.raw("risk_score", random.between(200, 540) + random.between(0, 400)),
        880..900 => case.unknown("risk_score"),
        _ => {}
    }
}

fn law(case: &mut Object, profile: &Profile, random: &mut Random) {
    let &Profile { collector, days_past_due, .. } = profile;
    if matches!(collector, "third_party" | "debt_buyer" | "attorney") && random.in_thousand(880) {
        // Not before 2025: the pack's calendar begins there.
        case.text("validation_sent_on", days_ago(random.between(0, days_past_due.min(600))));
    }
    if days_past_due > 60 && random.in_thousand(150) {
        case.text("final_notice_on", days_ago(random.between(1, 45)));
    }
    if random.in_thousand(18) {
        case.text("cease_requested_on", days_ago(random.between(0, 200)));
    }
    if random.in_thousand(18) {
        case.text("bankruptcy_filed_on", days_ago(random.between(0, 300)));
    }
    match random.between(0, 999) {
        0..880 => case.text("limitation_expires_on", days_ago(days_past_due - random.pick([1_095, 1_460, 2_190]))),
        880..900 => case.unknown("limitation_expires_on"),
        _ => {}
    }
}

fn papers(case: &mut Object, profile: &Profile, random: &mut Random) {
    let has_judgment = profile.days_past_due > 365 && random.in_thousand(120);
    if has_judgment {
        case.text("judgment_on", days_ago(random.between(1, profile.days_past_due - 300)));
    }
    boolean(case, "contract_on_file", 910, 30, random);
    boolean(case, "statement_on_file", 940, 20, random);
    if profile.collector == "debt_buyer" {
        boolean(case, "assignment_on_file", 850, 40, random);
    }
    if has_judgment {
        boolean(case, "judgment_on_file", 700, 50, random);
    }
}

/// Adds a boolean: true and not given in so many of 1,000 cases, else false.
fn boolean(case: &mut Object, key: &str, yes: i64, missing: i64, random: &mut Random) {
    let draw = random.between(0, 999);
    if draw >= missing {
        case.raw(key, draw < missing + yes);
    }
}
