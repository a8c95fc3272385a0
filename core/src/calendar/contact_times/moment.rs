//! When something was: an instant, or a day whose hour is not known.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Local, out_of_range};
use crate::value::EvaluationError;

/// When something was or will be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Moment {
    /// Some time in a day of the place: the same day in every zone.
    Date(NaiveDate),
    /// An instant, whose day depends on the zone.
    Instant(DateTime<Utc>),
}

impl Moment {
    /// The day at the place.
    pub(super) fn day_at(self, local: &Local) -> Result<NaiveDate, EvaluationError> {
        match self {
            Moment::Date(date) => Ok(date),
            Moment::Instant(instant) => Ok(local.elsewhen(instant)?.date()),
        }
    }

    /// Whether it has been. A date has, from the first instant of its day on.
    pub(super) fn is_not_after(self, local: &Local) -> bool {
        match self {
            Moment::Date(date) => date <= local.date(),
            Moment::Instant(instant) => instant <= local.at(),
        }
    }

    /// Whether at least so much time has passed since; of a date, since the end of its day.
    pub(super) fn is_past_by(self, length: TimeDelta, local: &Local) -> Result<bool, EvaluationError> {
        match self {
            Moment::Date(date) => Ok(date < ago(length, local)?.date()),
            Moment::Instant(instant) => Ok(length <= local.at().signed_duration_since(instant)),
        }
    }

    /// When it will be past by this length, of one that is not yet. None where that is beyond what can be held.
    pub(super) fn past_by_at(self, length: TimeDelta, local: &Local) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        let since = match self {
            Moment::Date(date) => match date.succ_opt() {
                Some(next) => ago(length, local)?.first_on_or_after(next)?,
                None => None,
            },
            Moment::Instant(instant) => Some(instant),
        };
        Ok(since.and_then(|since| since.checked_add_signed(length)))
    }
}

fn ago(length: TimeDelta, local: &Local) -> Result<Local, EvaluationError> {
    local.elsewhen(local.at().checked_sub_signed(length).ok_or_else(|| out_of_range(local.at()))?)
}
