//! Simple interest over dated rates, with days on which it stands still or is capped.
//!
//! `principal * rate * days / basis`, summed over the periods in which the rate is the same. No interest on interest.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::error::{in_order, not_negative};
use super::{DatedRates, DayCount, FinanceError, Fraction};

/// A sum that bears simple interest.
///
/// The day on which it begins, `since`, bears none, and the last day does: a debt due on 31 May and paid on 15 August
/// bears interest from 1 June to 15 August. Each day has the rate that holds on it (Directive 2011/7/EU, Art. 2(6) and
/// 2(7), for late payment between businesses in the EU).
///
/// # Design
///
/// Interest is exact until it is rounded, and adds up: that of two periods that meet is that of both together, wherever
/// they meet. The bond basis does not add up by itself (from the 15th to the 31st are 16 days, and from there to the
/// 15th another 15, but a month has 30), so days are counted from `since` to both ends of a period, and the difference
/// is taken. A principal that changes is several accruals with the same `since`, each over its own days.
#[derive(Clone, Copy, Debug)]
pub struct Accrual<'a> {
    /// What bears interest.
    pub principal: Decimal,
    /// The day before interest begins, such as the due date.
    pub since: NaiveDate,
    /// The rates in percent per year.
    pub rates: &'a DatedRates,
    /// How days become a part of a year.
    pub day_count: DayCount,
    /// Days with a lower rate or none. Where several hold, the lowest rate counts.
    pub freezes: &'a [Freeze],
}

/// Days on which interest stands still or is capped, such as a moratorium (SI 2020/1311: none) or military service
/// (50 U.S.C. 3937: 6 %).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// The first of the days.
    pub first: NaiveDate,
    /// The last of the days. `NaiveDate::MAX` where the end is not known.
    pub last: NaiveDate,
    /// The most percent per year on these days; 0 for no interest.
    pub cap: Decimal,
}

/// Days of one rate, and what they come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterestPeriod {
    /// The day before the first.
    pub after: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
    /// How many days the day count sees in it.
    pub days: i64,
    /// The percent per year on these days, after freezes.
    pub rate: Decimal,
    /// The interest, exact.
    pub interest: Fraction,
}

impl Freeze {
    /// No interest from the first day to the last, both included.
    pub fn stop(first: NaiveDate, last: NaiveDate) -> Freeze {
        Freeze { first, last, cap: Decimal::ZERO }
    }

    /// At most so many percent per year from the first day to the last, both included.
    pub fn cap(first: NaiveDate, last: NaiveDate, percent: Decimal) -> Freeze {
        Freeze { first, last, cap: percent }
    }
}

impl Accrual<'_> {
    /// The interest from the day after `since` up to and including a day.
    ///
    /// # Errors
    ///
    /// As those of [`between`](Accrual::between).
    pub fn until(&self, to: NaiveDate) -> Result<Fraction, FinanceError> {
        self.between(self.since, to)
    }

    /// The interest of the days after `from`, up to and including `to`.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Negative`] for a principal or a cap below zero, [`FinanceError::DatesReversed`],
    /// [`FinanceError::RateMissing`] for a day that has no rate (a frozen one too),
    /// [`FinanceError::RateNegative`], [`FinanceError::Overflow`].
    pub fn between(&self, from: NaiveDate, to: NaiveDate) -> Result<Fraction, FinanceError> {
        self.periods(from, to)?.iter().try_fold(Fraction::ZERO, |sum, period| sum.plus(period.interest))
    }

    /// The days after `from`, up to and including `to`, as periods of one rate: the lines of a statement.
    ///
    /// # Errors
    ///
    /// As those of [`between`](Accrual::between).
    pub fn periods(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<InterestPeriod>, FinanceError> {
        not_negative("principal", self.principal)?;
        in_order(("since", self.since), ("from", from))?;
        in_order(("from", from), ("to", to))?;
        for freeze in self.freezes {
            not_negative("cap", freeze.cap)?;
            in_order(("first", freeze.first), ("last", freeze.last))?;
        }
        let mut after = from;
        let mut periods = Vec::new();
        for until in self.ends(from, to) {
            periods.push(self.period(after, until)?);
            after = until;
        }
        Ok(periods)
    }

    /// The last days of the periods of one rate.
    fn ends(&self, from: NaiveDate, to: NaiveDate) -> BTreeSet<NaiveDate> {
        let thaws = self.freezes.iter().filter_map(|freeze| freeze.last.succ_opt());
        let changes = self.rates.changes().chain(self.freezes.iter().map(|freeze| freeze.first)).chain(thaws);
        let ends = changes.filter_map(|first_day| first_day.pred_opt()).chain([to]);
        ends.filter(|end| from < *end && *end <= to).collect()
    }

    /// A period in which the rate does not change.
    fn period(&self, after: NaiveDate, until: NaiveDate) -> Result<InterestPeriod, FinanceError> {
        let declared = self.rates.on(until)?;
        if declared < Decimal::ZERO {
            let rate = self.rates.name().to_owned();
            return Err(FinanceError::RateNegative { rate, date: until, percent: declared });
        }
        let caps = self.freezes.iter().filter(|freeze| freeze.first <= until && until <= freeze.last);
        let rate = caps.map(|freeze| freeze.cap).fold(declared, Decimal::min);
        let years =
            self.day_count.year_fraction(self.since, until)?.minus(self.day_count.year_fraction(self.since, after)?)?;
        Ok(InterestPeriod {
            after,
            until,
            days: self.day_count.days(self.since, until)? - self.day_count.days(self.since, after)?,
            rate,
            interest: Fraction::from(self.principal).times(Fraction::of_percent(rate)?)?.times(years)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Rounding;
    use super::super::testing::{cases, date, number};
    use super::*;
    use crate::calendar::add_days;
    use crate::generated::random::Random;

    const DAY_COUNTS: [DayCount; 4] =
        [DayCount::Act365Fixed, DayCount::Act360, DayCount::ActActIsda, DayCount::Thirty360];

    fn accrual<'a>(principal: &str, since: &str, rates: &'a DatedRates, freezes: &'a [Freeze]) -> Accrual<'a> {
        let day_count = DayCount::Act365Fixed;
        Accrual { principal: number(principal), since: date(since), rates, day_count, freezes }
    }

    fn cents(interest: Fraction) -> Decimal {
        interest.round(2, Rounding::HalfUp).expect("an amount")
    }

    fn statutory() -> DatedRates {
        let values = [(date("2026-01-01"), number("2.15")), (date("2026-07-01"), number("2.40"))];
        DatedRates::new("ecb", BTreeMap::from(values), Some(date("2026-12-31")))
            .plus(number("8"))
            .expect("small numbers")
    }

    /// domain.md section 3, interest: 5,000 at 10.15 % for 45 days is 62.57 over 365 and 63.44 over 360.
    #[test]
    fn domain_3_forty_five_days_over_365_and_360() {
        let rates = DatedRates::constant(number("10.15"));
        let fixed = accrual("5000", "2026-05-31", &rates, &[]);
        assert_eq!(cents(fixed.until(date("2026-07-15")).expect("interest")), number("62.57"));
        let over_360 = Accrual { day_count: DayCount::Act360, ..fixed };
        assert_eq!(cents(over_360.until(date("2026-07-15")).expect("interest")), number("63.44"));
    }

    /// domain.md section 2.3, Directive 2011/7/EU: 30 days at 10.15 % are 83.42, 46 at 10.40 % are 131.07; together
    /// 214.49, and 254.49 with the fixed sum of EUR 40 of Art. 6.
    #[test]
    fn domain_2_3_late_payment_across_a_change_of_the_rate() {
        let rates = statutory();
        let debt = accrual("10000.00", "2026-05-31", &rates, &[]);
        let paid = date("2026-08-15");
        let lines: Vec<(i64, Decimal)> = debt
            .periods(debt.since, paid)
            .expect("lines")
            .iter()
            .map(|line| (line.days, cents(line.interest)))
            .collect();
        assert_eq!(lines, [(30, number("83.42")), (46, number("131.07"))]);
        let interest = cents(debt.until(paid).expect("interest"));
        assert_eq!(interest, number("214.49"));
        assert_eq!(interest + number("40"), number("254.49"));
    }

    /// domain.md section 2.2, SI 2020/1311: protected from 2026-03-03 to 2026-05-01, 60 days without interest.
    #[test]
    fn a_moratorium_takes_out_its_own_days_and_no_others() {
        let rates = DatedRates::constant(number("7.3"));
        let freezes = [Freeze::stop(date("2026-03-03"), date("2026-05-01"))];
        let debt = accrual("1000", "2026-02-28", &rates, &freezes);
        let lines = debt.periods(debt.since, date("2026-05-11")).expect("lines");
        let seen: Vec<(i64, Decimal)> = lines.iter().map(|line| (line.days, line.rate)).collect();
        assert_eq!(seen, [(2, number("7.3")), (60, Decimal::ZERO), (10, number("7.3"))]);
        assert_eq!(cents(debt.until(date("2026-05-11")).expect("interest")), number("2.40"));
    }

    /// 50 U.S.C. 3937: 6 % at most while in service. A stop inside it wins.
    #[test]
    fn the_lowest_of_several_caps_holds() {
        let rates = DatedRates::constant(number("18"));
        let freezes = [
            Freeze::cap(date("2026-02-01"), NaiveDate::MAX, number("6")),
            Freeze::stop(date("2026-03-01"), date("2026-03-31")),
            Freeze::cap(date("2026-01-01"), NaiveDate::MAX, number("20")),
        ];
        let debt = accrual("365", "2025-12-31", &rates, &freezes);
        let lines = debt.periods(debt.since, date("2026-04-30")).expect("lines");
        let seen: Vec<String> = lines.iter().map(|line| format!("{} at {}", line.days, line.rate)).collect();
        assert_eq!(seen, ["31 at 18", "28 at 6", "31 at 0", "30 at 6"]);
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_by_name() {
        let rates = statutory();
        let debt = accrual("100", "2026-05-31", &rates, &[]);
        let message = |interest: Result<Fraction, FinanceError>| interest.expect_err("refused").to_string();
        assert_eq!(
            message(Accrual { principal: number("-5"), ..debt }.until(date("2026-06-30"))),
            "`principal` is -5, which is negative: give 0 or more"
        );
        assert_eq!(
            message(debt.between(date("2026-05-30"), date("2026-06-30"))),
            "`since` is 2026-05-31, which lies after `from` 2026-05-30: give the earlier date first"
        );
        assert_eq!(
            message(debt.until(date("2027-01-15"))),
            "rate `ecb` has no value for 2027-01-15: add one, or ask for days that it covers"
        );
        let negative = statutory().plus(number("-20")).expect("small numbers");
        assert_eq!(
            message(Accrual { rates: &negative, ..debt }.until(date("2026-06-30"))),
            "rate `ecb` is -9.85 % on 2026-06-30, which is negative: give 0 or more"
        );
    }

    #[test]
    fn interest_adds_up_over_split_periods_with_any_day_count() {
        let mut random = Random::new(3);
        for _ in 0..cases(500) {
            let start = date("2023-10-01");
            let mut day = || add_days(start, random.between(1, 1_500)).expect("a date");
            let changes = [start, day(), day()];
            let frozen = [day(), day(), day(), day()];
            let mut days = [day(), day(), day(), day()];
            days.sort();
            let [since, from, middle, to] = days;
            let mut percent = || Decimal::new(random.between(0, 2_000), 2);
            let rates = DatedRates::new("generated", changes.map(|date| (date, percent())).into(), None);
            let [a, b, c, d] = frozen;
            let freezes = [Freeze::stop(a.min(b), a.max(b)), Freeze::cap(c.min(d), c.max(d), percent())];
            let principal = Decimal::new(random.between(0, 100_000_000), 2);
            for day_count in DAY_COUNTS {
                let debt = Accrual { principal, since, rates: &rates, day_count, freezes: &freezes };
                let between = |from, to| debt.between(from, to).expect("interest");
                assert_eq!(between(from, middle).plus(between(middle, to)), Ok(between(from, to)), "{debt:?}");
                assert!(!between(from, to).is_negative(), "{debt:?}");
            }
        }
    }

    /// The definition, one day after the other.
    #[test]
    fn interest_is_the_sum_of_its_days() {
        let mut random = Random::new(4);
        let rates = statutory();
        for _ in 0..cases(20) {
            let mut day = || add_days(date("2026-01-01"), random.between(0, 364)).expect("a date");
            let (a, b, c, d) = (day(), day(), day(), day());
            let freezes = [Freeze::stop(a.min(b), a.max(b))];
            let debt = Accrual { since: c.min(d), ..accrual("1234.56", "2026-01-01", &rates, &freezes) };
            let mut sum = Fraction::ZERO;
            for day in c.min(d).iter_days().skip(1).take_while(|day| *day <= c.max(d)) {
                let is_frozen = a.min(b) <= day && day <= a.max(b);
                let percent = if is_frozen { Decimal::ZERO } else { rates.on(day).expect("covered") };
                let interest = Fraction::from(number("1234.56"))
                    .times(Fraction::from(percent))
                    .and_then(|product| product.over(Fraction::from(number("36500"))));
                sum = sum.plus(interest.expect("small numbers")).expect("small numbers");
            }
            assert_eq!(debt.until(c.max(d)), Ok(sum), "{debt:?}");
        }
    }
}
