//! The worked numbers of law and formulas, as expressions of a pack give them. One test for each number, with its source,
//! and the laws that hold of all such numbers.
//!
//! Others stand where they belong: periods after a validation notice, the eighth call, the days behind a conversation
//! (about two debts, too) and the calls of a bank's own staff (12 CFR 1006.34 and 1006.14, state law) in
//! `rules/us-consumer/tests`, for the federal holidays are there; receivables, promises and roll rates in `metrics.rs`;
//! team pools, effective yearly costs, ISDA's day counts and waterfalls over several accounts in `src/finance`; arguments
//! that do not fit in `corpus/language/money_over_time.yaml`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use recoup::{Answer, Engine};

const PACK: &str = r#"
pack: worked
version: 1.0.0
format: 1
currency: EUR
time_zone: Europe/Berlin
calendar: us-federal
calendars:
  us-federal:
    weekend: [sat, sun]
    valid_from: 2026-01-01
    valid_until: 2026-12-31
    holidays: {2026-09-07: Labor Day, 2026-10-12: Columbus Day, 2026-11-11: Veterans Day, 2026-11-26: Thanksgiving Day}
rates:
  ecb: {unit: percent, from: {2026-01-01: 2.15, 2026-07-01: 2.40}, valid_until: 2026-12-31}
records:
  case:
    fields:
      case_id: {type: text, key: true}
      amount: {type: money, default: 0}
      owed: {type: money, default: 0}
      more: {type: money, default: 0}
      first: {type: date, default: 2026-01-01}
      middle: {type: date, default: 2026-01-01}
      last: {type: date, default: 2026-01-01}
segmentation:
  outputs: {segment: [holds, differs]}
  grid: |
    | row       | it_holds | then segment |
    |-----------|----------|--------------|
    | holds     | true     | holds        |
    | otherwise |          | differs      |
facts:
  it_holds: "#;

fn engine(claim: &str) -> Engine {
    let pack = format!("{PACK}'{claim}'\n");
    Engine::from_sources("worked", [("worked/pack.yaml", &*pack)]).unwrap_or_else(|error| panic!("{claim}: {error}"))
}

/// Checks that a claim holds of a case.
#[track_caller]
fn holds_of(engine: &Engine, case: &str) {
    let as_of = "2026-09-07T12:00:00Z".parse().expect("an instant");
    let decided = engine.evaluate(&format!(r#"{{"case_id": "1"{case}}}"#), as_of).expect("the case is valid");
    assert_eq!(
        decided.decision.get("segment"),
        Some(Answer::Known("holds".to_owned())),
        "{case}\n{}",
        decided.decision.to_json()
    );
}

/// Checks that an expression gives a value.
#[track_caller]
fn check(expression: &str, expected: &str) {
    holds_of(&engine(&format!("{expression} == {expected}")), "");
}

/// Reg. F, 12 CFR 1006.34(b)(5): receipt may be assumed five days after sending without legal public holidays, Saturdays
/// and Sundays; the period ends 30 days later. Labor Day lies in between.
#[test]
fn domain_2_1_a_validation_period_over_labor_day() {
    check("2026-09-04 + business_days(5)", "2026-09-14");
    check("2026-09-04 + business_days(5) + 30.days", "2026-10-14");
}

/// The same rule: Thanksgiving Day lies in between.
#[test]
fn domain_2_1_a_validation_period_over_thanksgiving() {
    check("2026-11-20 + business_days(5)", "2026-11-30");
    check("2026-11-20 + business_days(5) + 30.days", "2026-12-30");
}

/// SI 2020/1311: a breathing space of 60 days begins on the day after it is registered.
#[test]
fn domain_2_2_the_last_day_of_a_breathing_space() {
    check("2026-03-02 + 60.days", "2026-05-01");
    check("round(interest(1000, 7.3, 2026-02-28, 2026-05-11, \"act/365\", [2026-03-03, 2026-05-01]), 2)", "2.40");
}

/// Directive 2011/7/EU, Art. 2(6) and 2(7): the reference rate of each half-year and 8 points.
#[test]
fn domain_2_3_the_statutory_rates_of_2026() {
    check("rate(\"ecb\", 2026-06-30) + 8", "10.15");
    check("rate(\"ecb\", 2026-07-01) + 8", "10.40");
}

/// Directive 2011/7/EU, Art. 2(6), 2(7) and 6: each day at its own rate, and EUR 40.
#[test]
fn domain_2_3_late_payment_across_a_change_of_the_rate() {
    let interest =
        |from: &str, to: &str| format!("round(interest_over(10000, \"ecb\", 8, {from}, {to}, \"act/365\"), 2)");
    check(&interest("2026-05-31", "2026-06-30"), "83.42");
    check(&interest("2026-06-30", "2026-08-15"), "131.07");
    check(&interest("2026-05-31", "2026-08-15"), "214.49");
    check(&format!("{} + 40", interest("2026-05-31", "2026-08-15")), "254.49");
}

/// Simple interest, 2006 ISDA Definitions 4.16(d): over 365 days.
#[test]
fn domain_3_forty_five_days_over_365() {
    check("round(interest(5000, 10.15, 2026-05-31, 2026-07-15, \"act/365\"), 2)", "62.57");
}

/// Simple interest, 2006 ISDA Definitions 4.16(e): over 360 days.
#[test]
fn domain_3_forty_five_days_over_360() {
    check("round(interest(5000, 10.15, 2026-05-31, 2026-07-15, \"act/360\"), 2)", "63.44");
}

/// 2006 ISDA Definitions 4.16(f): the bond basis takes 31 for 30.
#[test]
fn domain_3_thirty_days_a_month() {
    check("day_count(2026-01-31, 2026-03-31, \"30/360\")", "60");
}

/// The contractual waterfall: fees, interest, principal.
#[test]
fn domain_3_a_payment_goes_to_fees_then_interest_then_principal() {
    check("allocated(300, [], 45)", "45");
    check("allocated(300, [45], 82.57)", "82.57");
    check("allocated(300, [45, 82.57], 5000)", "172.43");
    check("5000 - allocated(300, [45, 82.57], 5000)", "4827.57");
    check("unapplied(300, [45, 82.57, 5000])", "0");
}

/// Equal instalments, the residue in the last.
#[test]
fn domain_3_a_thousand_in_three() {
    check("instalment(1000, 3, 1)", "333.33");
    check("instalment(1000, 3, 2)", "333.33");
    check("instalment(1000, 3, 3)", "333.34");
}

#[test]
fn domain_3_twelve_hundred_and_fifty_in_seven() {
    check("instalment(1250, 7, 1)", "178.57");
    check("instalment(1250, 7, 6)", "178.57");
    check("instalment(1250, 7, 7)", "178.58");
}

/// Month ends keep the day of the first.
#[test]
fn domain_3_the_day_of_the_anchor_is_kept() {
    check("instalment_due(2026-01-31, 2, 1.months)", "2026-02-28");
    check("instalment_due(2026-01-31, 3, 1.months)", "2026-03-31");
    check("business_day(instalment_due(2026-01-31, 2, 1.months), \"following\")", "2026-03-02");
    check("business_day(instalment_due(2026-01-31, 2, 1.months), \"modified\")", "2026-02-27");
}

/// What remains of 4,200 at 50 %, and which discount that is.
#[test]
fn domain_3_a_settlement_of_half() {
    check("round_up(money(4200) * 50.percent, 2)", "2100");
    check("(money(4200) - 2100) / money(4200) * 100", "50");
}

/// 2/10 net 30: d / (1 - d) * basis / (net - within).
#[test]
fn domain_3_what_two_ten_net_thirty_costs() {
    check("round(early_cost(\"2/10 net 30\", 365), 2)", "37.24");
    check("round(early_cost(\"2/10 net 30\", 360), 2)", "36.73");
}

#[test]
fn domain_3_marginal_tiers_give_1520() {
    check("tier_pay(62000, \"marginal\", [0, 30000, 50000], [0, 4, 6])", "1520");
}

#[test]
fn domain_3_retroactive_tiers_give_3720() {
    check("tier_pay(62000, \"retroactive\", [0, 30000, 50000], [0, 4, 6])", "3720");
}

/// A clawback works the period out anew, not at an average rate.
#[test]
fn domain_3_a_reversal_of_5000_takes_back_300() {
    let pay = |base: u32| format!("tier_pay({base}, \"marginal\", [0, 30000, 50000], [0, 4, 6])");
    check(&pay(57_000), "1220");
    check(&format!("{} - {}", pay(62_000), pay(57_000)), "300");
}

const AMOUNTS: [&str; 7] = ["0", "0.01", "45.00", "82.57", "333.33", "5000", "999999999.99"];
const DATES: [&str; 6] = ["2026-01-31", "2026-02-28", "2026-06-30", "2026-07-01", "2026-08-31", "2026-12-31"];

#[test]
fn interest_adds_up_over_split_periods() {
    for basis in ["act/365", "act/360", "act/act"] {
        let part = |from: &str, to: &str| format!("interest_over(amount, \"ecb\", 8, {from}, {to}, \"{basis}\")");
        let (one, two, both) = (part("first", "middle"), part("middle", "last"), part("first", "last"));
        // A number keeps 28 digits; beyond them the parts may differ from the whole.
        let engine = engine(&format!("abs({one} + {two} - {both}) <= 0.000000000000001"));
        for amount in AMOUNTS {
            for dates in DATES.windows(3) {
                let (first, middle, last) = (dates[0], dates[1], dates[2]);
                let dates = format!(r#""first": "{first}", "middle": "{middle}", "last": "{last}""#);
                holds_of(&engine, &format!(r#", "amount": "{amount}", {dates}"#));
            }
        }
    }
}

#[test]
fn instalments_sum_to_the_cent() {
    for count in 1..=12 {
        let parts: Vec<String> = (1..=count).map(|number| format!("instalment(amount, {count}, {number})")).collect();
        let engine = engine(&format!("{} == amount", parts.join(" + ")));
        for amount in AMOUNTS.into_iter().skip(2) {
            holds_of(&engine, &format!(r#", "amount": "{amount}""#));
        }
    }
}

#[test]
fn a_waterfall_never_pays_more_than_is_owed_and_loses_nothing() {
    let (one, two) = ("allocated(amount, [], owed)", "allocated(amount, [owed], more)");
    let is_paid = format!("{one} <= owed and {two} <= more and ({two} == 0 or {one} == owed)");
    let engine = engine(&format!("{is_paid} and {one} + {two} + unapplied(amount, [owed, more]) == amount"));
    for amount in AMOUNTS {
        for owed in AMOUNTS {
            for more in AMOUNTS {
                holds_of(&engine, &format!(r#", "amount": "{amount}", "owed": "{owed}", "more": "{more}""#));
            }
        }
    }
}
