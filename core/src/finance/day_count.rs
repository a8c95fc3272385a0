//! Day counts: which part of a year lies between two dates. Exact fractions, never rounded.

use chrono::{Datelike, NaiveDate};

use super::error::in_order;
use super::{FinanceError, Fraction};

/// How days become a part of a year.
///
/// The start of a period is left out and its end counts, so a debt due on 31 May and paid on 15 June bears 15 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DayCount {
    /// Calendar days over 365, in leap years too: ACT/365 Fixed (2006 ISDA Definitions, 4.16(d)).
    Act365Fixed,
    /// Calendar days over 360: ACT/360 (2006 ISDA Definitions, 4.16(e)).
    Act360,
    /// Calendar days over the length of the year in which each begins: 366 for those in leap years, 365 for the others.
    /// ACT/ACT (2006 ISDA Definitions, 4.16(b)): the night to 1 January belongs to the old year.
    ActActIsda,
    /// Months of 30 days over 360: 30/360, the bond basis (2006 ISDA Definitions, 4.16(f)). A start on the 31st counts
    /// as the 30th; so does an end on the 31st, where the start is the 30th or 31st. The counts of two periods do not
    /// always add up to that of both: [`Accrual`](super::Accrual) says what it does about it.
    Thirty360,
}

impl DayCount {
    /// The days from one date to another as this day count sees them: calendar days, or days of 30-day months.
    ///
    /// # Errors
    ///
    /// [`FinanceError::DatesReversed`] where `from` lies after `to`.
    pub fn days(self, from: NaiveDate, to: NaiveDate) -> Result<i64, FinanceError> {
        in_order(("from", from), ("to", to))?;
        Ok(match self {
            DayCount::Act365Fixed | DayCount::Act360 | DayCount::ActActIsda => calendar_days(from, to),
            DayCount::Thirty360 => bond_days(from, to),
        })
    }

    /// The part of a year from one date to another, exact.
    ///
    /// # Errors
    ///
    /// [`FinanceError::DatesReversed`] where `from` lies after `to`.
    pub fn year_fraction(self, from: NaiveDate, to: NaiveDate) -> Result<Fraction, FinanceError> {
        let days = self.days(from, to)?;
        match self {
            DayCount::Act365Fixed => Fraction::of(days, 365),
            DayCount::Act360 | DayCount::Thirty360 => Fraction::of(days, 360),
            DayCount::ActActIsda => {
                let leap_days = days_in_leap_years(from, to);
                Fraction::of(days - leap_days, 365)?.plus(Fraction::of(leap_days, 366)?)
            }
        }
    }
}

fn calendar_days(from: NaiveDate, to: NaiveDate) -> i64 {
    to.signed_duration_since(from).num_days()
}

fn bond_days(from: NaiveDate, to: NaiveDate) -> i64 {
    let first = from.day().min(30);
    let last = if first == 30 { to.day().min(30) } else { to.day() };
    let years = i64::from(to.year()) - i64::from(from.year());
    let months = i64::from(to.month()) - i64::from(from.month());
    360 * years + 30 * months + i64::from(last) - i64::from(first)
}

/// How many of the days that begin at `from` or later, and before `to`, lie in leap years.
fn days_in_leap_years(from: NaiveDate, to: NaiveDate) -> i64 {
    let new_year = |year| NaiveDate::from_ymd_opt(year, 1, 1);
    (from.year()..=to.year())
        .filter_map(new_year)
        .filter(NaiveDate::leap_year)
        .map(|start| {
            let end = new_year(start.year() + 1).unwrap_or(to);
            calendar_days(start.max(from), end.min(to))
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::super::Rounding;
    use super::super::testing::{cases, date, number};
    use super::*;
    use crate::calendar::add_days;
    use crate::generated::random::Random;

    #[track_caller]
    fn check(day_count: DayCount, from: &str, to: &str, expected: &str) {
        let fraction = day_count.year_fraction(date(from), date(to)).expect("the dates are in order");
        assert_eq!(fraction.to_string(), expected, "{day_count:?} {from} {to}");
    }

    #[test]
    fn actual_days_stand_over_a_fixed_year() {
        check(DayCount::Act365Fixed, "2026-05-31", "2026-07-15", "9/73");
        check(DayCount::Act360, "2026-05-31", "2026-07-15", "1/8");
        check(DayCount::Act365Fixed, "2024-01-01", "2025-01-01", "366/365");
        check(DayCount::Act360, "2026-01-01", "2026-01-01", "0/1");
    }

    /// ISDA, "EMU and Market Conventions: Recent Developments" (1998): its worked periods, to twelve decimals.
    #[test]
    fn act_act_gives_what_isda_works_out() {
        let check = |from, to, expected| {
            let fraction = DayCount::ActActIsda.year_fraction(date(from), date(to)).expect("the dates are in order");
            assert_eq!(fraction.round(12, Rounding::HalfUp), Ok(number(expected)), "{from} {to}");
        };
        check("2003-11-01", "2004-05-01", "0.497724380567");
        check("1999-02-01", "1999-07-01", "0.410958904110");
        check("1999-07-01", "2000-07-01", "1.001377348604");
        check("2002-08-15", "2003-07-15", "0.915068493151");
        check("2003-07-15", "2004-01-15", "0.504004790778");
        check("1999-07-30", "2000-01-30", "0.503892506924");
        check("2000-01-30", "2000-06-30", "0.415300546448");
    }

    #[test]
    fn act_act_splits_at_the_turn_of_the_year() {
        let expected = Fraction::of(61, 365).and_then(|part| part.plus(Fraction::of(121, 366)?)).expect("a sum");
        check(DayCount::ActActIsda, "2003-11-01", "2004-05-01", &expected.to_string());
        check(DayCount::ActActIsda, "2023-12-31", "2024-01-01", "1/365");
        check(DayCount::ActActIsda, "2024-12-31", "2025-01-01", "1/366");
        check(DayCount::ActActIsda, "2024-01-01", "2028-01-01", "4/1");
    }

    /// ISDA, "30/360 Day Count Conventions", spreadsheet 30-360-2006ISDADefs (2008), sheet of the bond basis, examples 1
    /// to 3.
    #[test]
    fn bond_basis_gives_what_isda_works_out() {
        let examples = [
            ("2006-08-20", "2007-02-20", 180),
            ("2007-02-20", "2007-08-20", 180),
            ("2006-08-31", "2007-02-28", 178),
            ("2007-02-28", "2007-08-31", 183),
            ("2007-08-31", "2008-02-29", 179),
            ("2008-02-29", "2008-08-31", 182),
            ("2006-01-31", "2006-02-28", 28),
            ("2006-01-30", "2006-02-28", 28),
            ("2006-02-28", "2006-03-03", 5),
            ("2006-02-14", "2006-02-28", 14),
            ("2006-09-30", "2006-10-31", 30),
            ("2006-10-31", "2006-11-28", 28),
            ("2007-08-31", "2008-02-28", 178),
            ("2008-02-28", "2008-08-28", 180),
            ("2008-02-28", "2008-08-30", 182),
            ("2008-02-28", "2008-08-31", 183),
            ("2007-02-26", "2008-02-28", 362),
            ("2007-02-26", "2008-02-29", 363),
            ("2008-02-29", "2009-02-28", 359),
            ("2008-02-28", "2008-03-30", 32),
            ("2008-02-28", "2008-03-31", 33),
        ];
        for (from, to, expected) in examples {
            assert_eq!(DayCount::Thirty360.days(date(from), date(to)), Ok(expected), "{from} {to}");
        }
    }

    #[test]
    fn bond_basis_takes_the_31st_for_the_30th_where_it_should() {
        let check = |from, to, expected| {
            assert_eq!(DayCount::Thirty360.days(date(from), date(to)), Ok(expected), "{from} {to}");
        };
        check("2026-01-31", "2026-02-28", 28);
        check("2026-01-30", "2026-01-31", 0);
        check("2026-01-31", "2026-03-31", 60);
        check("2026-01-15", "2026-01-31", 16);
        check("2026-01-15", "2026-02-15", 30);
        check("2026-02-28", "2026-03-31", 33);
        check("2026-02-28", "2027-02-28", 360);
    }

    #[test]
    fn reversed_dates_are_refused_with_the_remedy() {
        let error = DayCount::Act360.year_fraction(date("2026-02-01"), date("2026-01-01")).expect_err("reversed");
        assert_eq!(
            error.to_string(),
            "`from` is 2026-02-01, which lies after `to` 2026-01-01: give the earlier date first"
        );
    }

    #[test]
    fn actual_counts_add_up_wherever_a_period_is_split() {
        let mut random = Random::new(2);
        for _ in 0..cases(1_000) {
            let mut later = |date, most| add_days(date, random.between(0, most)).expect("a date");
            let from = later(date("1999-06-01"), 9_000);
            let middle = later(from, 2_000);
            let to = later(middle, 2_000);
            for day_count in [DayCount::Act365Fixed, DayCount::Act360, DayCount::ActActIsda] {
                let part = |from, to| day_count.year_fraction(from, to).expect("the dates are in order");
                assert_eq!(part(from, middle).plus(part(middle, to)), Ok(part(from, to)), "{from} {middle} {to}");
            }
        }
    }
}
