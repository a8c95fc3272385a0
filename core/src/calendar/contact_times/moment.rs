//! When something was: an instant, or a day whose hour is not known.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::Local;
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

    /// A day that costs no look at the zone. That at the place is the same, the one before or the one after.
    pub(super) fn day_about(self) -> NaiveDate {
        match self {
            Moment::Date(date) => date,
            Moment::Instant(instant) => instant.naive_utc().date(),
        }
    }

    /// Whether it has been. A date has, from the first instant of its day on.
    pub(super) fn is_not_after(self, local: &Local) -> bool {
        match self {
            Moment::Date(date) => date <= local.date(),
            Moment::Instant(instant) => instant <= local.at(),
        }
    }

    /// Whether it was over at an instant. A date is, at the end of its day.
    pub(super) fn is_over_at(self, instant: DateTime<Utc>, local: &Local) -> Result<bool, EvaluationError> {
        match self {
            Moment::Date(date) => Ok(date < local.elsewhen(instant)?.date()),
            Moment::Instant(moment) => Ok(moment <= instant),
        }
    }

    /// When a time so long ago will be one at which it was over, of one that is not yet so. None where that is beyond
    /// what can be held.
    pub(super) fn is_over_from(
        self,
        length: TimeDelta,
        local: &Local,
    ) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        let over = match self {
            Moment::Date(date) => match date.succ_opt() {
                Some(next) => local.elsewhen(local.ago(length)?)?.first_on_or_after(next)?,
                None => None,
            },
            Moment::Instant(instant) => Some(instant),
        };
        Ok(over.and_then(|over| over.checked_add_signed(length)))
    }
}
