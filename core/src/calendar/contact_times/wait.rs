//! Some time to let pass after events.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Local, Moment, exact};
use crate::calendar::{Calendar, add_days, add_months};
use crate::value::EvaluationError;

/// A contact is allowed once the wait after every event that has been is over. Events to come do not matter yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait<'a> {
    pub(crate) events: &'a [Moment],
    pub(crate) length: Length<'a>,
    /// The day of the event is the first of the wait, else the day after it is. An exact wait begins with the event.
    pub(crate) event_day_counts: bool,
}

/// How long a wait is. The day that it reaches from the day of the event is the first on which contact is allowed; where
/// the day of the event does not count, the day after that is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length<'a> {
    /// So many days after the event.
    Days(i64),
    /// The same day so many months later, or the last of that month where it is shorter.
    Months(i64),
    /// So many business days after the event.
    BusinessDays(i64, &'a Calendar),
    /// Seconds. Contact is allowed from the instant on that lies so far behind the event; where the event has only a
    /// date, so far behind the end of its day.
    Exact(i64),
}

impl Wait<'_> {
    pub(super) fn allows(&self, local: &Local) -> Result<bool, EvaluationError> {
        match self.length {
            Length::Exact(seconds) => self.exact_wait_is_over(exact(seconds)?, local),
            _ => Ok(self.first_day(local)?.is_none_or(|first| first <= local.date())),
        }
    }

    pub(super) fn opens(&self, local: &Local) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        match self.length {
            Length::Exact(seconds) => self.exact_wait_ends(exact(seconds)?, local),
            _ => Ok(self.first_day(local)?.and_then(|first| local.start_of(first))),
        }
    }

    /// The first day on which the waits of the events so far are over. None where there was no event.
    fn first_day(&self, local: &Local) -> Result<Option<NaiveDate>, EvaluationError> {
        // The wait of a later day never ends before that of an earlier one: neither a month's last day, which ends the
        // waits of several days, nor a holiday lets it. So only the latest day is reckoned from, and what lies before
        // a calendar begins does not matter.
        let Some(latest) = self.latest_day(local)? else { return Ok(None) };
        let end = match self.length {
            Length::Days(days) => add_days(latest, days)?,
            Length::Months(months) => add_months(latest, months)?,
            Length::BusinessDays(days, calendar) => calendar.add_business_days(latest, days)?,
            Length::Exact(_) => latest,
        };
        if self.event_day_counts { Ok(Some(end)) } else { add_days(end, 1).map(Some) }
    }

    fn latest_day(&self, local: &Local) -> Result<Option<NaiveDate>, EvaluationError> {
        let mut latest: Option<NaiveDate> = None;
        // Histories mostly run from old to new. From behind, the first event has the latest day, and the zone need not
        // be asked for the others.
        for event in self.events.iter().rev().filter(|event| event.is_not_after(local)) {
            if latest.is_none_or(|latest| latest <= event.day_about()) {
                latest = latest.max(Some(event.day_at(local)?));
            }
        }
        Ok(latest)
    }

    fn exact_wait_is_over(&self, length: TimeDelta, local: &Local) -> Result<bool, EvaluationError> {
        let begun = local.ago(length)?;
        for event in self.events.iter().filter(|event| event.is_not_after(local)) {
            if !event.is_over_at(begun, local)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn exact_wait_ends(&self, length: TimeDelta, local: &Local) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        let mut end = Some(local.at());
        for event in self.events.iter().filter(|event| event.is_not_after(local)) {
            end = end.zip(event.is_over_from(length, local)?).map(|(end, next)| end.max(next));
        }
        Ok(end)
    }
}
