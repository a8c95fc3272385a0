//! `recoup::finance` as a host uses it: nothing that it is given makes it panic, and what it gives adds up.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use recoup::finance::{
    Accelerator, Accrual, Across, BusinessDays, DatedRates, DayCount, EarlyTerms, Every, FinanceError, Freeze, Invoice,
    Level, Order, Owed, PayPlan, Residue, Reversal, Rounding, Schedule, Shift, Size, Tier, TierMode, Tiers, Waterfall,
    instalments, split,
};
use rust_decimal::Decimal;

/// The ends of what a number can be, and some between.
fn amounts() -> [Decimal; 9] {
    [
        Decimal::MIN,
        Decimal::NEGATIVE_ONE,
        Decimal::ZERO,
        Decimal::new(1, 28),
        Decimal::new(1, 2),
        Decimal::ONE,
        Decimal::new(99_999, 3),
        Decimal::from(i64::MAX),
        Decimal::MAX,
    ]
}

fn dates() -> [NaiveDate; 6] {
    let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a date");
    [NaiveDate::MIN, date(1, 1, 1), date(2024, 2, 29), date(2026, 1, 31), date(9999, 12, 31), NaiveDate::MAX]
}

const DECIMALS: [u32; 5] = [0, 2, 26, 27, u32::MAX];
const DAY_COUNTS: [DayCount; 4] = [DayCount::Act365Fixed, DayCount::Act360, DayCount::ActActIsda, DayCount::Thirty360];

/// A calendar on which no business is ever done.
struct Closed;

impl BusinessDays for Closed {
    fn is_business_day(&self, _: NaiveDate) -> Result<bool, FinanceError> {
        Ok(false)
    }
}

#[test]
fn interest_of_the_extremes_is_a_number_or_an_error() {
    for (principal, percent) in amounts().into_iter().flat_map(|a| amounts().map(|b| (a, b))) {
        for (from, to) in dates().into_iter().flat_map(|a| dates().map(|b| (a, b))) {
            let rates = DatedRates::new("extreme", BTreeMap::from([(from, percent), (to, principal)]), Some(to));
            let freezes = [Freeze::stop(from, from), Freeze::cap(to, NaiveDate::MAX, percent)];
            for day_count in [DayCount::Act365Fixed, DayCount::Thirty360] {
                let accrual = Accrual { principal, since: from, rates: &rates, day_count, freezes: &freezes };
                if let Ok(interest) = accrual.until(to) {
                    assert!(!interest.is_negative());
                    for decimals in DECIMALS {
                        let _either = interest.round(decimals, Rounding::HalfUp);
                    }
                }
            }
            let _either = rates.plus(percent);
        }
    }
    for (from, to) in dates().into_iter().flat_map(|a| dates().map(|b| (a, b))) {
        for day_count in DAY_COUNTS {
            assert_eq!(day_count.year_fraction(from, to).is_ok(), from <= to);
        }
    }
}

#[test]
fn allocations_and_splits_of_the_extremes_add_up_or_are_errors() {
    let levels = [Level { component: "principal", order: Order::HighestRate }];
    let due = NaiveDate::MAX;
    for (payment, amount) in amounts().into_iter().flat_map(|a| amounts().map(|b| (a, b))) {
        let owed = Owed { account: "", component: "principal", due, amount, rate: Some(payment), is_disputed: false };
        for decimals in DECIMALS {
            let waterfall = Waterfall { levels: &levels, across: Across::Accounts, first: Some(""), decimals };
            if let Ok(allocation) = waterfall.allocate(payment, &[owed, owed]) {
                assert_eq!(allocation.paid.iter().sum::<Decimal>() + allocation.unapplied, payment);
            }
            if let Ok(parts) = split(payment, &[amount, Decimal::ONE, amount], decimals) {
                assert_eq!(parts.iter().sum::<Decimal>(), payment);
            }
        }
    }
}

#[test]
fn plans_of_the_extremes_add_up_or_are_errors() {
    for (total, amount) in amounts().into_iter().flat_map(|a| amounts().map(|b| (a, b))) {
        for residue in [Residue::First, Residue::Last, Residue::Spread] {
            let counts = [0, 1, 7, u32::MAX].map(|count| Size::Count { count, residue });
            for size in counts.into_iter().chain([Size::Each { amount, residue }]) {
                for (first, every) in dates().into_iter().flat_map(|date| {
                    [Every::Days(0), Every::Days(u32::MAX), Every::Months(1), Every::Months(u32::MAX)]
                        .map(|every| (date, every))
                }) {
                    let schedule = Schedule { first, every, shift: Shift::Stay };
                    for decimals in DECIMALS {
                        if let Ok(plan) = instalments(total, size, &schedule, decimals) {
                            assert_eq!(plan.iter().map(|instalment| instalment.amount).sum::<Decimal>(), total);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_calendar_without_business_days_is_an_error_and_not_a_loop() {
    let first = NaiveDate::from_ymd_opt(9990, 1, 1).expect("a date");
    let schedule = Schedule { first, every: Every::Months(1), shift: Shift::Modified(&Closed) };
    let size = Size::Count { count: 1, residue: Residue::Last };
    let error = instalments(Decimal::ONE, size, &schedule, 2).expect_err("no day is open");
    assert!(matches!(error, FinanceError::Calendar { .. }), "{error}");
}

#[test]
fn early_payment_of_the_extremes_is_a_number_or_an_error() {
    let days = [0, 1, 20, 366, u32::MAX];
    for (percent, amount) in amounts().into_iter().flat_map(|a| amounts().map(|b| (a, b))) {
        for (within_days, net_days) in days.into_iter().flat_map(|a| days.map(|b| (a, b))) {
            let terms = EarlyTerms { percent, within_days, net_days, tolerance_days: within_days };
            for basis in days {
                let _either = terms.annual_cost(basis);
                let _either = terms.effective_annual_cost(basis, 2, Rounding::HalfUp);
            }
            for issued in dates() {
                let invoice = Invoice { issued, amount, discounted: amount };
                for paid_on in [issued, issued.checked_add_days(Days::new(1)).unwrap_or(issued)] {
                    if let Ok(price) = terms.price(&invoice, paid_on, 2, Rounding::HalfUp) {
                        assert_eq!(price.price + price.discount, amount);
                    }
                }
            }
        }
    }
}

#[test]
fn pay_for_the_extremes_stays_under_its_cap_or_is_an_error() {
    let paid_on = NaiveDate::MIN;
    for (base, percent) in amounts().into_iter().flat_map(|a| amounts().map(|b| (a, b))) {
        for mode in [TierMode::Marginal, TierMode::Retroactive] {
            let tiers = [Tier { from: Decimal::ZERO, percent }, Tier { from: percent, percent: base }];
            let Ok(tiers) = Tiers::new(mode, tiers) else { continue };
            for decimals in DECIMALS {
                let plan = PayPlan {
                    tiers: tiers.clone(),
                    accelerator: Some(Accelerator { above: base, times: percent }),
                    cap: Some(Decimal::ONE),
                    decimals,
                    rounding: Rounding::Up,
                };
                if let Ok(pay) = plan.pay(base, &[percent]) {
                    assert!(pay.amount <= Decimal::ONE, "{pay:?}");
                }
                let reversal = Reversal { paid_on, reversed_on: NaiveDate::MAX, amount: base };
                let _either = plan.clawback(base, &[], &[reversal, reversal], u32::MAX);
            }
        }
    }
}
