//! Instalment plans: a total in parts on dates. The parts add up to the total to the last cent.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::FinanceError;
use super::minor::{OVERFLOW, to_amount, to_units};
use crate::calendar::{Calendar, add_days, add_months};

/// The most instalments of a plan.
const MOST: u32 = 10_000;

/// One instalment of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instalment {
    /// When it is due.
    pub due: NaiveDate,
    /// How much, always above zero.
    pub amount: Decimal,
}

/// How large the instalments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So many equal instalments: the total over their number, rounded down to the last decimal.
    Count {
        /// How many.
        count: u32,
        /// Where the cents go that are left.
        residue: Residue,
    },
    /// As many instalments of this amount as the total holds, and one of what is left.
    Each {
        /// How much each is.
        amount: Decimal,
        /// Which one is the smaller one. With [`Residue::Spread`] none is: as many instalments, made equal.
        residue: Residue,
    },
}

/// Where that goes which does not divide evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residue {
    /// To the last instalment, as is usual.
    Last,
    /// To the first instalment.
    First,
    /// One cent each to as many of the first instalments as there are cents.
    Spread,
}

/// When instalments are due.
#[derive(Clone, Copy, Debug)]
pub struct Schedule<'a> {
    /// When the first one is due, before any shift.
    pub first: NaiveDate,
    /// How far they lie apart.
    pub every: Every,
    /// What happens to a date on which no business is done.
    pub shift: Shift<'a>,
}

/// How far instalments lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// So many days. A week has seven.
    Days(u32),
    /// So many months, on the first date's day of the month, or on the last of a month that is too short: 31 January,
    /// 28 February, 31 March.
    Months(u32),
}

/// What happens to a date on which no business is done. Each date is shifted by itself; the ones after it do not move.
#[derive(Clone, Copy)]
pub enum Shift<'a> {
    /// It stays.
    Stay,
    /// The next business day (2006 ISDA Definitions, 4.12: Following).
    Following(&'a dyn BusinessDays),
    /// The next business day, or the one before where that lies in another month (2006 ISDA Definitions, 4.12:
    /// Modified Following).
    Modified(&'a dyn BusinessDays),
}

/// A calendar that knows on which days business is done.
///
/// ```
/// use chrono::{Datelike, NaiveDate, Weekday};
/// use recoup::finance::{BusinessDays, Every, FinanceError, Residue, Schedule, Shift, Size, instalments};
/// use rust_decimal::Decimal;
///
/// struct ClosedOnSundays;
///
/// impl BusinessDays for ClosedOnSundays {
///     fn is_business_day(&self, date: NaiveDate) -> Result<bool, FinanceError> {
///         Ok(date.weekday() != Weekday::Sun)
///     }
/// }
///
/// let first = NaiveDate::from_ymd_opt(2026, 5, 31).expect("a Sunday");
/// let schedule = Schedule { first, every: Every::Months(1), shift: Shift::Following(&ClosedOnSundays) };
/// let plan = instalments(Decimal::from(1_000), Size::Count { count: 3, residue: Residue::Last }, &schedule, 2)?;
/// let seen: Vec<String> = plan.iter().map(|instalment| format!("{} {}", instalment.due, instalment.amount)).collect();
/// assert_eq!(seen, ["2026-06-01 333.33", "2026-06-30 333.33", "2026-07-31 333.34"]);
/// # Ok::<(), FinanceError>(())
/// ```
pub trait BusinessDays {
    /// Whether business is done on a day.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Calendar`] for a day that the calendar does not cover.
    fn is_business_day(&self, date: NaiveDate) -> Result<bool, FinanceError>;
}

/// The instalments of a total.
///
/// `decimals` are those of the currency. No rounding is declared: instalments are rounded down and the residue says
/// where the rest goes, so that none is ever negative.
///
/// # Errors
///
/// [`FinanceError::NotPositive`] for a total, an amount, a count or a distance of zero or less,
/// [`FinanceError::TooFine`] for amounts finer than the currency, [`FinanceError::TooManyParts`] where an instalment
/// would be nothing, [`FinanceError::TooLarge`] for more than 10,000 instalments, [`FinanceError::Calendar`] for dates
/// that the calendar does not cover, [`FinanceError::Overflow`].
pub fn instalments(
    total: Decimal,
    size: Size,
    schedule: &Schedule<'_>,
    decimals: u32,
) -> Result<Vec<Instalment>, FinanceError> {
    let units = positive("total", total, decimals)?;
    let amounts = match size {
        Size::Count { count, residue } => equal_parts(units, total, checked_count(i128::from(count))?, residue)?,
        Size::Each { amount, residue } => parts_of(units, total, positive("amount", amount, decimals)?, residue)?,
    };
    let mut plan = Vec::new();
    for (number, units) in (0_i64..).zip(amounts) {
        plan.push(Instalment { due: schedule.due(number)?, amount: to_amount(units, decimals)? });
    }
    Ok(plan)
}

/// The amount of one of so many equal instalments, the residue in the last. Numbers begin with 1.
///
/// # Errors
///
/// As those of [`instalments`]; [`FinanceError::OutOfRange`] for a number that the plan does not have.
pub fn instalment(total: Decimal, count: u32, number: u32, decimals: u32) -> Result<Decimal, FinanceError> {
    let units = positive("total", total, decimals)?;
    let parts = EqualParts::new(units, total, checked_count(i128::from(count))?, Residue::Last)?;
    if number == 0 || number > count {
        let (value, most) = (Decimal::from(number), Decimal::from(count));
        return Err(FinanceError::OutOfRange { argument: "number", value, least: Decimal::ONE, most });
    }
    to_amount(parts.amount(i128::from(number) - 1), decimals)
}

impl Schedule<'_> {
    /// When the instalment with this number is due; the first has number 0.
    pub(crate) fn due(&self, number: i64) -> Result<NaiveDate, FinanceError> {
        let (step, add): (u32, fn(NaiveDate, i64) -> _) = match self.every {
            Every::Days(days) => (days, add_days),
            Every::Months(months) => (months, add_months),
        };
        if step == 0 {
            return Err(FinanceError::NotPositive { argument: "every", value: Decimal::ZERO });
        }
        // From the first date each time: from one to the next, a short month would take the 31st away for good.
        let distance = i64::from(step).checked_mul(number).ok_or(OVERFLOW)?;
        self.shift.apply(add(self.first, distance).map_err(FinanceError::of_dates)?)
    }
}

impl Shift<'_> {
    /// The date on which business is done in place of this one.
    pub(crate) fn apply(self, date: NaiveDate) -> Result<NaiveDate, FinanceError> {
        match self {
            Shift::Stay => Ok(date),
            Shift::Following(calendar) => nearest_business_day(calendar, date, 1),
            Shift::Modified(calendar) => {
                let next = nearest_business_day(calendar, date, 1)?;
                if next.month() == date.month() { Ok(next) } else { nearest_business_day(calendar, date, -1) }
            }
        }
    }
}

impl std::fmt::Debug for Shift<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Shift::Stay => "Stay",
            Shift::Following(_) => "Following",
            Shift::Modified(_) => "Modified",
        })
    }
}

impl BusinessDays for Calendar {
    fn is_business_day(&self, date: NaiveDate) -> Result<bool, FinanceError> {
        Calendar::is_business_day(self, date).map_err(FinanceError::of_dates)
    }
}

/// The date itself, or the first business day in steps of one day from it.
fn nearest_business_day(calendar: &dyn BusinessDays, date: NaiveDate, step: i64) -> Result<NaiveDate, FinanceError> {
    let mut day = date;
    while !calendar.is_business_day(day)? {
        day = add_days(day, step).map_err(FinanceError::of_dates)?;
    }
    Ok(day)
}

/// The units of an amount that must be above zero.
fn positive(argument: &'static str, amount: Decimal, decimals: u32) -> Result<i128, FinanceError> {
    if amount <= Decimal::ZERO {
        return Err(FinanceError::NotPositive { argument, value: amount });
    }
    to_units(argument, amount, decimals)
}

fn checked_count(count: i128) -> Result<u32, FinanceError> {
    let shown = Decimal::try_from_i128_with_scale(count, 0).map_err(|_| OVERFLOW)?;
    match u32::try_from(count) {
        Ok(0) => Err(FinanceError::NotPositive { argument: "count", value: shown }),
        Ok(count) if count <= MOST => Ok(count),
        _ => Err(FinanceError::TooLarge { argument: "count", value: shown, most: Decimal::from(MOST) }),
    }
}

/// A total in equal parts, and where that goes which is left.
struct EqualParts {
    base: i128,
    left: i128,
    count: i128,
    residue: Residue,
}

impl EqualParts {
    fn new(units: i128, total: Decimal, count: u32, residue: Residue) -> Result<EqualParts, FinanceError> {
        let parts = i128::from(count);
        let (base, left) = (units / parts, units % parts);
        if base == 0 {
            // Fewer units than instalments, which are at most 10,000.
            let most = u32::try_from(units).map_err(|_| OVERFLOW)?;
            return Err(FinanceError::TooManyParts { total, parts: count, most });
        }
        Ok(EqualParts { base, left, count: parts, residue })
    }

    /// The part with this number; the first has number 0.
    fn amount(&self, number: i128) -> i128 {
        match self.residue {
            Residue::First if number == 0 => self.base + self.left,
            Residue::Last if number == self.count - 1 => self.base + self.left,
            Residue::Spread if number < self.left => self.base + 1,
            _ => self.base,
        }
    }
}

fn equal_parts(units: i128, total: Decimal, count: u32, residue: Residue) -> Result<Vec<i128>, FinanceError> {
    let parts = EqualParts::new(units, total, count, residue)?;
    Ok((0..parts.count).map(|number| parts.amount(number)).collect())
}

fn parts_of(units: i128, total: Decimal, each: i128, residue: Residue) -> Result<Vec<i128>, FinanceError> {
    let left = units % each;
    let count = checked_count(units / each + i128::from(left > 0))?;
    if residue == Residue::Spread {
        return equal_parts(units, total, count, residue);
    }
    let whole = if left > 0 { left } else { each };
    let last = i128::from(count) - 1;
    let amount = |number: i128| match residue {
        Residue::First if number == 0 => whole,
        Residue::Last if number == last => whole,
        _ => each,
    };
    Ok((0..=last).map(amount).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::Weekday;

    use super::super::testing::{cases, date, number};
    use super::*;
    use crate::generated::random::Random;

    fn monthly(first: &str) -> Schedule<'static> {
        Schedule { first: date(first), every: Every::Months(1), shift: Shift::Stay }
    }

    fn plan(total: &str, size: Size) -> Result<Vec<Instalment>, FinanceError> {
        instalments(number(total), size, &monthly("2026-01-15"), 2)
    }

    #[track_caller]
    fn check(total: &str, size: Size, expected: &[&str]) {
        let amounts: Vec<String> =
            plan(total, size).expect("a plan").iter().map(|instalment| instalment.amount.to_string()).collect();
        assert_eq!(amounts, expected);
    }

    fn count(count: u32, residue: Residue) -> Size {
        Size::Count { count, residue }
    }

    fn each(amount: &str, residue: Residue) -> Size {
        Size::Each { amount: number(amount), residue }
    }

    /// domain.md section 3, instalments: 1,000.00 / 3 is 333.33, 333.33, 333.34.
    #[test]
    fn domain_3_a_thousand_in_three() {
        check("1000.00", count(3, Residue::Last), &["333.33", "333.33", "333.34"]);
        check("1000.00", count(3, Residue::First), &["333.34", "333.33", "333.33"]);
    }

    /// domain.md section 3, instalments: 1,250.00 / 7 is six of 178.57 and one of 178.58. To spread one cent over the
    /// first of them is a policy that it names.
    #[test]
    fn domain_3_twelve_hundred_and_fifty_in_seven() {
        let six = ["178.57"; 6];
        check("1250.00", count(7, Residue::Last), &[&six[..], &["178.58"]].concat());
        check("1250.00", count(7, Residue::Spread), &[&["178.58"], &six[..]].concat());
        check("10.03", count(4, Residue::Spread), &["2.51", "2.51", "2.51", "2.5"]);
    }

    #[test]
    fn instalments_of_an_amount_leave_a_smaller_one() {
        check("1000", each("300", Residue::Last), &["300", "300", "300", "100"]);
        check("1000", each("300", Residue::First), &["100", "300", "300", "300"]);
        check("1000", each("300", Residue::Spread), &["250", "250", "250", "250"]);
        check("900", each("300", Residue::Last), &["300", "300", "300"]);
        check("50", each("300", Residue::Last), &["50"]);
    }

    #[track_caller]
    fn check_dates(schedule: &Schedule<'_>, expected: &[&str]) {
        let size = count(u32::try_from(expected.len()).expect("few"), Residue::Last);
        let dates: Vec<String> = instalments(number("100"), size, schedule, 2)
            .expect("a plan")
            .iter()
            .map(|instalment| instalment.due.to_string())
            .collect();
        assert_eq!(dates, expected);
    }

    /// domain.md section 3, instalments: 31 January, 28 February, 31 March; the anchor day is kept.
    #[test]
    fn domain_3_month_ends_keep_the_day_of_the_first() {
        check_dates(&monthly("2026-01-31"), &["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]);
        check_dates(&monthly("2028-01-31"), &["2028-01-31", "2028-02-29", "2028-03-31"]);
        check_dates(&Schedule { every: Every::Days(14), ..monthly("2026-02-20") }, &["2026-02-20", "2026-03-06"]);
    }

    fn calendar() -> Calendar {
        Calendar {
            name: "test".to_owned(),
            weekend: vec![Weekday::Sat, Weekday::Sun],
            valid_from: date("2026-01-01"),
            valid_until: date("2026-12-31"),
            holidays: BTreeMap::from([(date("2026-09-07"), "Labor Day".to_owned())]),
        }
    }

    /// domain.md section 3, instalments: the policies `following`, `modified`, `none`.
    #[test]
    fn a_day_without_business_moves_as_the_shift_says_and_the_next_do_not() {
        let calendar = calendar();
        let at = |first, shift| Schedule { shift, ..monthly(first) };
        // Saturday the 5th, before Labor Day; the 5th of October is a Monday.
        check_dates(&at("2026-09-05", Shift::Following(&calendar)), &["2026-09-08", "2026-10-05"]);
        check_dates(&at("2026-09-05", Shift::Stay), &["2026-09-05", "2026-10-05"]);
        // Sunday the 31st of May: the next business day lies in June.
        check_dates(&at("2026-05-31", Shift::Following(&calendar)), &["2026-06-01"]);
        check_dates(&at("2026-05-31", Shift::Modified(&calendar)), &["2026-05-29"]);
        check_dates(&at("2026-09-05", Shift::Modified(&calendar)), &["2026-09-08"]);
    }

    #[test]
    fn plans_that_cannot_be_made_are_refused_by_name() {
        let message = |plan: Result<Vec<Instalment>, FinanceError>| plan.expect_err("refused").to_string();
        assert_eq!(message(plan("0", count(3, Residue::Last))), "`total` is 0: give more than 0");
        assert_eq!(message(plan("100", count(0, Residue::Last))), "`count` is 0: give more than 0");
        assert_eq!(message(plan("100", each("-1", Residue::Last))), "`amount` is -1: give more than 0");
        assert_eq!(
            message(plan("0.02", count(3, Residue::Last))),
            "`total` is 0.02, too little for 3 instalments: ask for at most 2"
        );
        assert_eq!(message(plan("1000", each("0.01", Residue::Last))), "`count` is 100000: give at most 10000");
        assert_eq!(
            message(plan("10.001", count(3, Residue::Last))),
            "`total` is 10.001, which has more than 2 decimals: round it first"
        );
        let never = Schedule { every: Every::Months(0), ..monthly("2026-01-31") };
        assert_eq!(
            message(instalments(number("1"), count(1, Residue::Last), &never, 2)),
            "`every` is 0: give more than 0"
        );
        let calendar = calendar();
        let late = Schedule { shift: Shift::Following(&calendar), ..monthly("2026-12-15") };
        assert_eq!(
            message(instalments(number("1"), count(2, Residue::Last), &late, 2)),
            "calendar `test` covers 2026-01-01 to 2026-12-31, not 2027-01-15: \
             choose other dates, or a calendar that covers them"
        );
    }

    #[test]
    fn instalments_add_up_and_lie_in_order() {
        let mut random = Random::new(7);
        for _ in 0..cases(1_000) {
            let total = Decimal::new(random.between(1, 5_000_000), 2);
            let residue = *random.pick(&[Residue::Last, Residue::First, Residue::Spread]);
            let size = if random.chance(50) {
                count(u32::try_from(random.between(1, 60)).expect("small"), residue)
            } else {
                Size::Each { amount: Decimal::new(random.between(500, 100_000), 2), residue }
            };
            let every = if random.chance(50) { Every::Months(1) } else { Every::Days(7) };
            let first = date("2020-01-01") + chrono::Days::new(random.next() % 3_000);
            let schedule = Schedule { first, every, shift: Shift::Stay };
            let plan = match instalments(total, size, &schedule, 2) {
                Ok(plan) => plan,
                Err(error) => {
                    assert!(matches!(error, FinanceError::TooManyParts { .. }), "{error}");
                    continue;
                }
            };
            assert_eq!(plan.iter().map(|instalment| instalment.amount).sum::<Decimal>(), total);
            assert!(plan.iter().all(|instalment| instalment.amount > Decimal::ZERO), "{plan:?}");
            assert!(plan.is_sorted_by(|a, b| a.due < b.due), "{plan:?}");
            if let Size::Each { amount, .. } = size {
                assert!(plan.iter().all(|instalment| instalment.amount <= amount), "{plan:?}");
            }
        }
    }
}
