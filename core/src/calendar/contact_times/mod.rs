//! When a contact may be made: within hours, under limits, after waits, past blocks.
//!
//! Takes rules over moments that are known, the time zones of the places where the person may be, and an instant. Gives
//! whether a rule allows a contact at that instant and place ([`TimeRule::allows`]), and until when one that denies goes
//! on to ([`TimeRule::denies_until`]), so that a search for the next minute need not go minute by minute. Never reads a
//! clock, and knows no channel, purpose or unknown fact: the caller says which rules hold and which events count.
//!
//! - Days are days of the calendar at the place, and hours are those that a clock on its wall shows. Where the clock is
//!   put back, a time that comes twice is judged alike both times; a time or a day that is skipped never comes.
//! - An event is a [`Moment`]. One whose hour is not known is taken as the part of its day that forbids the most.
//! - A rule that cannot be judged, as its calendar ends, is an error. It does not outweigh another rule that denies.

mod hours;
mod limit;
mod wait;

mod local;
mod moment;
mod turns;

use chrono::{DateTime, TimeDelta, Utc};

use crate::calendar::add_days;
use crate::value::{ErrorCode, EvaluationError};

pub(crate) use hours::Hours;
pub(crate) use limit::{Limit, Window};
pub(crate) use local::Local;
pub(crate) use moment::Moment;
pub(crate) use turns::{clock_change_today, day_begins, just_behind, next_day, relapse, shows};
pub(crate) use wait::{Length, Wait};

/// How many days of 24 hours are looked ahead for a minute at which a contact may be made.
pub(crate) const HORIZON_DAYS: i64 = 400;

/// A rule about when a contact may be made. It borrows what it looks at, so that it costs nothing to make.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TimeRule<'a> {
    /// Only within hours of the day.
    Hours(Hours<'a>),
    /// Only so many events in a window.
    Limit(Limit<'a>),
    /// Only some time after the events.
    Wait(Wait<'a>),
    /// Only after a day, which is blocked too; or from an instant on, which is not.
    BlockedUntil(Moment),
}

impl TimeRule<'_> {
    /// Whether a contact at this instant and place is within the rule.
    ///
    /// # Errors
    ///
    /// Where a calendar does not cover a day that decides, or a date leaves the years 1 to 9999.
    pub(crate) fn allows(&self, local: &Local) -> Result<bool, EvaluationError> {
        match self {
            TimeRule::Hours(hours) => hours.allow(local),
            TimeRule::Limit(limit) => limit.allows(local),
            TimeRule::Wait(wait) => wait.allows(local),
            TimeRule::BlockedUntil(Moment::Date(date)) => Ok(local.date() > *date),
            TimeRule::BlockedUntil(Moment::Instant(instant)) => Ok(local.at() >= *instant),
        }
    }

    /// Of a rule that denies: an instant until which it goes on to, which lies after the one that was judged; one after
    /// `last` only says that it is so until then. None where it denies for ever.
    ///
    /// # Errors
    ///
    /// As for [`TimeRule::allows`].
    pub(crate) fn denies_until(
        &self,
        local: &Local,
        last: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        let Some(opens) = self.opens(local)? else { return Ok(None) };
        let opens = opens.min(last.checked_add_signed(TimeDelta::seconds(1)).unwrap_or(last));
        // What the rule says of the time before it opens holds only for the clock as it is set now.
        Ok(Some(local.clock_change(opens).unwrap_or(opens)))
    }

    /// Of a rule that denies: the instant before which it cannot allow unless the clock at the place is changed first,
    /// which lies after the one that was judged. None where it denies for ever.
    fn opens(&self, local: &Local) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        match self {
            TimeRule::Hours(hours) => Ok(hours.open(local)),
            TimeRule::Limit(limit) => limit.opens(local),
            TimeRule::Wait(wait) => wait.opens(local),
            TimeRule::BlockedUntil(Moment::Date(date)) => {
                Ok(add_days(*date, 1).ok().and_then(|day| local.start_of(day)))
            }
            TimeRule::BlockedUntil(Moment::Instant(instant)) => Ok(Some(*instant)),
        }
    }
}

/// An exact span of time.
fn exact(seconds: i64) -> Result<TimeDelta, EvaluationError> {
    TimeDelta::try_seconds(seconds).ok_or_else(|| out_of_range(format_args!("{seconds} seconds")))
}

fn out_of_range(what: impl std::fmt::Display) -> EvaluationError {
    EvaluationError::new(ErrorCode::OutOfRange, format!("{what} is more than a calendar can hold"))
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod next_allowed;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
