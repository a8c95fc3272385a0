//! Hours of the day, on all days or on some.

use chrono::{DateTime, Datelike, NaiveTime, Utc, WeekdaySet};

use super::Local;
use crate::calendar::Calendar;
use crate::value::EvaluationError;

/// On the days that it speaks of, contact is only within these hours of the clock at the place. On other days it allows.
///
/// It speaks of all days where it names neither weekdays nor holidays. `from` is within; hours that end before they
/// begin have nothing within.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hours<'a> {
    /// The weekdays that it speaks of.
    pub(crate) weekdays: WeekdaySet,
    /// It speaks of the holidays of this calendar too.
    pub(crate) holidays: Option<&'a Calendar>,
    pub(crate) from: NaiveTime,
    pub(crate) until: NaiveTime,
    pub(crate) until_is_included: bool,
}

impl Hours<'_> {
    /// The calendar is asked only where it decides: not within the hours, nor on a weekday that is named.
    pub(super) fn allow(&self, local: &Local) -> Result<bool, EvaluationError> {
        if self.hold(local.time()) {
            return Ok(true);
        }
        if self.weekdays.contains(local.date().weekday()) {
            return Ok(false);
        }
        match self.holidays {
            Some(calendar) => Ok(!calendar.is_holiday(local.date())?),
            None => Ok(!self.weekdays.is_empty()),
        }
    }

    /// Outside the hours: when they begin today, else tomorrow, or when the next day does, where that may be one of those
    /// left alone.
    pub(super) fn open(&self, local: &Local) -> Option<DateTime<Utc>> {
        if local.time() < self.from {
            return local.shows(local.date(), self.from);
        }
        let tomorrow = local.date().succ_opt()?;
        if self.weekdays.is_empty() && self.holidays.is_none() {
            return local.shows(tomorrow, self.from);
        }
        local.start_of(tomorrow)
    }

    fn hold(&self, time: NaiveTime) -> bool {
        self.from <= time && (time < self.until || self.until_is_included && time == self.until)
    }
}
