//! On which days a step of a stage is due, and which of them are still to be done.
//!
//! Pure: takes days and what is recorded, gives occurrences up to today.

use chrono::{Datelike, NaiveDate};

use crate::calendar::{Calendar, add_days, add_months};
use crate::check::workflows::Missed;
use crate::value::{Duration, ErrorCode, EvaluationError};

/// A day on which a step is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Occurrence {
    /// How the state tells it from others of the step: counted from 1 for steps that are due days after the stage was
    /// entered; for others the day's own number, so that another date makes another occurrence.
    pub(crate) number: u32,
    pub(crate) due: NaiveDate,
}

/// When a step is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule<'a> {
    /// The first day.
    pub(crate) first: NaiveDate,
    /// Whether the days are counted from the stage's day 0, rather than from a date of the case.
    pub(crate) is_of_stage: bool,
    /// The last day on which it can be done at all.
    pub(crate) last: Option<NaiveDate>,
    pub(crate) every: Option<Duration>,
    pub(crate) at_most: Option<u32>,
    pub(crate) missed: Missed,
    pub(crate) calendar: Option<&'a Calendar>,
}

/// How many occurrences of one step are looked at.
const OCCURRENCES: u32 = 10_000;

/// How many days on which occurrences come or go are looked at, one behind the other.
const TURNS: u32 = 16;

impl Schedule<'_> {
    /// Adds the occurrences up to today that are to be done: of a repeated step those that `missed` says.
    ///
    /// # Errors
    /// Where a day lies beyond the calendar or the years 1 to 9999, or there are more occurrences than the limit.
    pub(crate) fn due(
        &self,
        today: NaiveDate,
        is_done: impl Fn(u32) -> bool,
        found: &mut Vec<Occurrence>,
    ) -> Result<(), EvaluationError> {
        if self.first > today || self.last.is_some_and(|last| today > last) {
            return Ok(());
        }
        let count = if self.every.is_some() { self.at_most.unwrap_or(u32::MAX) } else { 1 };
        for index in 0..count {
            if index >= OCCURRENCES {
                let message = format!("a step is due more than {OCCURRENCES} times; say `at_most`");
                return Err(EvaluationError::new(ErrorCode::TooLong, message));
            }
            let due = self.day(index)?;
            if due > today || self.last.is_some_and(|last| due > last) {
                break;
            }
            let number = if self.is_of_stage { index + 1 } else { u32::try_from(due.num_days_from_ce()).unwrap_or(0) };
            let occurrence = Occurrence { number, due };
            match (self.every, self.missed) {
                (Some(_), Missed::Latest) => {
                    found.clear();
                    found.push(occurrence);
                }
                (Some(_), Missed::Skip) if due < today => {}
                _ => found.push(occurrence),
            }
        }
        found.retain(|occurrence| !is_done(occurrence.number));
        Ok(())
    }

    /// The first day behind today on which something else is to be done than today; nothing where there is none. It may
    /// be too early where what changes is much done already.
    ///
    /// # Errors
    /// As [`Schedule::due`] says.
    pub(crate) fn turns(
        &self,
        today: NaiveDate,
        is_done: impl Fn(u32) -> bool,
    ) -> Result<Option<NaiveDate>, EvaluationError> {
        let due = |day: NaiveDate| -> Result<Vec<Occurrence>, EvaluationError> {
            let mut found = Vec::new();
            self.due(day, &is_done, &mut found)?;
            Ok(found)
        };
        let now = due(today)?;
        let mut reached = today;
        for _ in 0..TURNS {
            let Some(border) = self.border(reached)? else { return Ok(None) };
            reached = border;
            if due(reached)? != now {
                break;
            }
        }
        Ok(Some(reached))
    }

    /// The first day behind a day on which an occurrence comes or goes.
    fn border(&self, day: NaiveDate) -> Result<Option<NaiveDate>, EvaluationError> {
        if self.last.is_some_and(|last| day > last) {
            return Ok(None);
        }
        let count = if self.every.is_some() { self.at_most.unwrap_or(u32::MAX) } else { 1 };
        let mut next = None;
        for index in 0..count {
            let due = self.day(index)?;
            // The day behind an occurrence that is skipped where it is missed.
            let gone = due.succ_opt().filter(|_| self.missed == Missed::Skip && self.every.is_some());
            next = [Some(due), gone].into_iter().flatten().filter(|border| *border > day).min();
            if next.is_some() || index >= OCCURRENCES {
                break;
            }
        }
        let behind = self.last.and_then(|last| last.succ_opt());
        Ok([next, behind].into_iter().flatten().filter(|border| *border > day).min())
    }

    /// The day of an occurrence, counted from 0: always from the first one, so that months keep their day.
    fn day(&self, index: u32) -> Result<NaiveDate, EvaluationError> {
        let times = |count: i64| {
            count.checked_mul(index.into()).ok_or_else(|| {
                EvaluationError::new(ErrorCode::OutOfRange, "a step is due beyond the years 1 to 9999".to_owned())
            })
        };
        match (self.every, self.calendar) {
            (None, _) => Ok(self.first),
            (Some(Duration::Days(days)), _) => add_days(self.first, times(days)?),
            (Some(Duration::Months(months)), _) => add_months(self.first, times(months)?),
            (Some(Duration::BusinessDays(days)), Some(calendar)) => {
                calendar.add_business_days(self.first, times(days)?)
            }
            // Refused when the pack loads.
            (Some(Duration::BusinessDays(_) | Duration::Exact(_)), _) => Ok(self.first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn schedule(first: &str, every: Option<Duration>, at_most: Option<u32>, missed: Missed) -> Schedule<'static> {
        Schedule { first: day(first), is_of_stage: true, last: None, every, at_most, missed, calendar: None }
    }

    #[track_caller]
    fn check(schedule: Schedule<'_>, today: &str, done: &[u32], expected: &[(u32, &str)]) {
        let mut found = Vec::new();
        schedule.due(day(today), |number| done.contains(&number), &mut found).expect("no day lies too far");
        let expected: Vec<Occurrence> =
            expected.iter().map(|(number, due)| Occurrence { number: *number, due: day(due) }).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_step_that_was_missed_stays_due_until_it_is_done() {
        let once = schedule("2026-09-08", None, None, Missed::Latest);
        check(once, "2026-09-07", &[], &[]);
        check(once, "2026-09-08", &[], &[(1, "2026-09-08")]);
        check(once, "2026-12-01", &[], &[(1, "2026-09-08")]);
        check(once, "2026-12-01", &[1], &[]);
    }

    #[test]
    fn missed_says_which_repetitions_are_made_up_for() {
        let weekly = |missed| schedule("2026-09-01", Some(Duration::Days(7)), Some(3), missed);
        let all = [(1, "2026-09-01"), (2, "2026-09-08"), (3, "2026-09-15")];
        check(weekly(Missed::All), "2026-10-01", &[], &all);
        check(weekly(Missed::All), "2026-10-01", &[2], &[all[0], all[2]]);
        check(weekly(Missed::Latest), "2026-09-10", &[], &[all[1]]);
        // The latest one is done, so the earlier ones are past.
        check(weekly(Missed::Latest), "2026-09-10", &[2], &[]);
        check(weekly(Missed::Latest), "2026-10-01", &[], &[all[2]]);
        check(weekly(Missed::Skip), "2026-09-10", &[], &[]);
        check(weekly(Missed::Skip), "2026-09-08", &[], &[all[1]]);
    }

    #[test]
    fn months_keep_the_day_they_began_with() {
        let monthly = schedule("2026-01-31", Some(Duration::Months(1)), None, Missed::All);
        check(monthly, "2026-03-31", &[], &[(1, "2026-01-31"), (2, "2026-02-28"), (3, "2026-03-31")]);
    }

    #[test]
    fn a_step_before_a_date_is_not_done_behind_it() {
        let before = Schedule {
            is_of_stage: false,
            last: Some(day("2026-09-10")),
            ..schedule("2026-09-08", None, None, Missed::Latest)
        };
        let number = u32::try_from(day("2026-09-08").num_days_from_ce()).expect("a day of our years");
        check(before, "2026-09-10", &[], &[(number, "2026-09-08")]);
        check(before, "2026-09-11", &[], &[]);
    }

    #[test]
    fn a_step_without_end_is_refused_behind_the_limit() {
        let daily = schedule("1990-01-01", Some(Duration::Days(1)), None, Missed::Latest);
        let error = daily.due(day("2026-09-08"), |_| false, &mut Vec::new()).expect_err("more than 10,000 days");
        assert_eq!(error.code, ErrorCode::TooLong);
    }
}
