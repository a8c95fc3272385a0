//! An instant as the clock and the calendar of one place show it, and when that clock is changed.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::out_of_range;
use crate::value::EvaluationError;

/// An instant at a place. Made once for all rules, as looking up a time zone is what judging costs most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local {
    zone: Tz,
    at: DateTime<Utc>,
    offset: FixedOffset,
    date: NaiveDate,
    time: NaiveTime,
}

impl Local {
    /// What calendar and clock show in a zone at an instant.
    ///
    /// # Errors
    ///
    /// Where that is beyond the dates that can be held.
    pub(crate) fn of(zone: Tz, at: DateTime<Utc>) -> Result<Local, EvaluationError> {
        let offset = offset_at(zone, at);
        let shown = at.naive_utc().checked_add_offset(offset).ok_or_else(|| out_of_range(at))?;
        Ok(Local { zone, at, offset, date: shown.date(), time: shown.time() })
    }

    pub(crate) fn at(&self) -> DateTime<Utc> {
        self.at
    }

    pub(crate) fn zone(&self) -> Tz {
        self.zone
    }

    pub(crate) fn date(&self) -> NaiveDate {
        self.date
    }

    pub(crate) fn time(&self) -> NaiveTime {
        self.time
    }

    /// The same place at another instant.
    pub(super) fn elsewhen(&self, at: DateTime<Utc>) -> Result<Local, EvaluationError> {
        Local::of(self.zone, at)
    }

    /// The instant that lies so far back.
    pub(super) fn ago(&self, length: TimeDelta) -> Result<DateTime<Utc>, EvaluationError> {
        self.at.checked_sub_signed(length).ok_or_else(|| out_of_range(self.at))
    }

    /// The instant at which the clock shows this, as it is set now.
    pub(super) fn shows(&self, date: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
        date.and_time(time).checked_sub_offset(self.offset).map(|shown| shown.and_utc())
    }

    /// The first instant of a day, as the clock is set now.
    pub(super) fn start_of(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        self.shows(date, NaiveTime::MIN)
    }

    /// The first instant, from this one on, of this day or a later one, whatever happens to the clock.
    pub(crate) fn first_on_or_after(self, date: NaiveDate) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        // No place is a whole day ahead of UTC, so before then nothing is to be found.
        let earliest = date.pred_opt().map_or(self.at, |eve| eve.and_time(NaiveTime::MIN).and_utc());
        let mut local = if self.at < earliest { self.elsewhen(earliest)? } else { self };
        while local.date < date {
            let Some(start) = local.start_of(date) else { return Ok(None) };
            local = local.elsewhen(local.clock_change(start).unwrap_or(start))?;
        }
        Ok(Some(local.at))
    }

    /// The first instant after this one, up to and including another, at which the clock has been changed.
    pub(super) fn clock_change(&self, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Clocks are changed at whole seconds, and nowhere twice within this many: no change is stepped over.
        const STEP: i64 = 86_400;
        let until = until.timestamp();
        let mut unchanged = self.at.timestamp();
        while unchanged < until {
            let next = unchanged.saturating_add(STEP).min(until);
            if self.is_changed(next)? {
                return self.bisect(unchanged, next);
            }
            unchanged = next;
        }
        None
    }

    fn bisect(&self, mut unchanged: i64, mut changed: i64) -> Option<DateTime<Utc>> {
        while changed - unchanged > 1 {
            let middle = unchanged + (changed - unchanged) / 2;
            if self.is_changed(middle)? {
                changed = middle;
            } else {
                unchanged = middle;
            }
        }
        DateTime::from_timestamp(changed, 0)
    }

    /// None beyond the instants that can be held, where no clock is changed.
    fn is_changed(&self, second: i64) -> Option<bool> {
        Some(offset_at(self.zone, DateTime::from_timestamp(second, 0)?) != self.offset)
    }
}

fn offset_at(zone: Tz, at: DateTime<Utc>) -> FixedOffset {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix()
}
