//! So many events in a window of time, and no more.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Local, Moment, exact};
use crate::calendar::{add_days, add_months};
use crate::value::EvaluationError;

/// A contact is allowed where it would be at most the `at_most`-th event in the window that ends with it.
///
/// Contacts that were allowed earlier in the same decision are events too: the caller adds them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit<'a> {
    pub(crate) events: &'a [Moment],
    pub(crate) at_most: u64,
    pub(crate) window: Window,
}

/// How far a window reaches back. One of no length, or less, holds nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Window {
    /// Days of the calendar at the place, today included: the whole of today, so later events of today count.
    Days(i64),
    /// The days after the same day so many months ago, or after the last of that month where it is shorter.
    Months(i64),
    /// Seconds. The instant that lies exactly so far back is no longer in it, the present one is. An event that has
    /// only a date counts as long as any part of its day may lie within.
    Exact(i64),
}

/// A window that ends at an instant.
enum Ending<'a> {
    /// All days after one, up to and including today.
    Dates { after: NaiveDate, today: NaiveDate, local: &'a Local },
    /// All instants after one, up to and including the present one.
    Instants { after: DateTime<Utc>, local: &'a Local },
}

impl Limit<'_> {
    pub(super) fn allows(&self, local: &Local) -> Result<bool, EvaluationError> {
        let window = self.window.ending_at(local)?;
        // So few events cannot be too many, wherever they lie.
        if u64::try_from(self.events.len()).is_ok_and(|count| count < self.at_most) {
            return Ok(true);
        }
        let mut count: u64 = 0;
        for event in self.events {
            count += u64::from(window.holds(*event)?);
        }
        Ok(count < self.at_most)
    }

    /// When so many of the events in the window have left it that there is room again. Others may come until then.
    pub(super) fn opens(&self, local: &Local) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        let window = self.window.ending_at(local)?;
        let mut count: u64 = 0;
        let mut leaving = Vec::new();
        for event in self.events {
            if window.holds(*event)? {
                count += 1;
                leaving.extend(self.window.left_by(*event, local)?);
            }
        }
        leaving.sort_unstable();
        // With none at most there is no such event, and no room ever.
        let makes_room = usize::try_from(count.saturating_sub(self.at_most)).unwrap_or(usize::MAX);
        Ok(leaving.get(makes_room).copied())
    }
}

impl Window {
    fn ending_at(self, local: &Local) -> Result<Ending<'_>, EvaluationError> {
        let today = local.date();
        let after = match self {
            Window::Days(days) => add_days(today, days.saturating_neg())?,
            Window::Months(months) => add_months(today, months.saturating_neg())?,
            Window::Exact(seconds) => return Ok(Ending::Instants { after: local.ago(exact(seconds)?)?, local }),
        };
        Ok(Ending::Dates { after, today, local })
    }

    /// When an event of the window will have left it, unless the clock is changed first. None where that is never.
    fn left_by(self, event: Moment, local: &Local) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        let left_on = match self {
            Window::Days(days) => add_days(event.day_at(local)?, days),
            Window::Months(months) => first_day_beyond(event.day_at(local)?, months),
            Window::Exact(seconds) => return event.is_over_from(exact(seconds)?, local),
        };
        Ok(left_on.ok().and_then(|day| local.start_of(day)))
    }
}

/// The first day from which so many months back is not before `day`.
fn first_day_beyond(day: NaiveDate, months: i64) -> Result<NaiveDate, EvaluationError> {
    let reached = add_months(day, months)?;
    // From the last day of a short month one comes back to an earlier day of the month: from 28 February to 28 January.
    if add_months(reached, months.saturating_neg())? < day { add_days(reached, 1) } else { Ok(reached) }
}

impl Ending<'_> {
    fn holds(&self, event: Moment) -> Result<bool, EvaluationError> {
        match *self {
            Ending::Dates { after, today, local } => {
                // The zone is asked only where a day more or less would decide.
                let about = event.day_about();
                if about < after || today.succ_opt().is_some_and(|tomorrow| tomorrow < about) {
                    return Ok(false);
                }
                if about < today && after.succ_opt().is_some_and(|first| first < about) {
                    return Ok(true);
                }
                let day = event.day_at(local)?;
                Ok(after < day && day <= today)
            }
            Ending::Instants { after, local } => {
                Ok(after < local.at() && event.is_not_after(local) && !event.is_over_at(after, local)?)
            }
        }
    }
}
