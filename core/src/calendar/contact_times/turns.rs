//! When something next turns at a place: its day, what its clock shows, and whether a rule of time allows.
//!
//! Gives instants before which nothing turns, whatever happens to the clock. They are the turns themselves but where a
//! rule cannot be judged, or stays as it is at many borders in a row.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::limit::Window;
use super::{Local, Moment, TimeRule};
use crate::value::EvaluationError;

/// How many borders of a rule are looked at, one behind the other.
const BORDERS: u32 = 24;

/// The first instant of a day, or of a later one where that is skipped; of days behind that of `at`. Nothing beyond
/// what can be held.
pub(crate) fn day_begins(zone: Tz, at: DateTime<Utc>, day: NaiveDate) -> Option<DateTime<Utc>> {
    Local::of(zone, at).ok()?.first_on_or_after(day).ok().flatten()
}

/// When the next day begins.
pub(crate) fn next_day(zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let local = Local::of(zone, at).ok()?;
    local.first_on_or_after(local.date().succ_opt()?).ok().flatten()
}

/// When the clock next shows a time of this day, or is changed: then it may show it never, or twice. Nothing where it
/// has shown it.
pub(crate) fn shows(zone: Tz, at: DateTime<Utc>, time: NaiveTime) -> Option<DateTime<Utc>> {
    let local = Local::of(zone, at).ok()?;
    let shown = local.shows(local.date(), time).filter(|shown| *shown > at)?;
    Some(local.clock_change(shown).unwrap_or(shown))
}

/// When the clock is next changed before the day ends.
pub(crate) fn clock_change_today(zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let local = Local::of(zone, at).ok()?;
    local.clock_change(next_day(zone, at)?)
}

/// When a clock that is put back shows the day before again. What was said of the days from today on ends there.
pub(crate) fn relapse(zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let local = Local::of(zone, at).ok()?;
    // A day that has begun long ago does not come back; none is longer than this.
    let change = local.clock_change(at.checked_add_signed(TimeDelta::hours(50))?)?;
    let changed = Local::of(zone, change).ok()?;
    (changed.date() < local.date()).then_some(change)
}

/// The first second behind an instant.
pub(crate) fn just_behind(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.timestamp().checked_add(1)?, 0)
}

impl TimeRule<'_> {
    /// An instant before which what the rule says at a place stays as it is at `at`. Nothing where it always does.
    pub(crate) fn turns(&self, zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let says = |at: DateTime<Utc>| Local::of(zone, at).and_then(|local| self.allows(&local));
        let now = says(at);
        let mut reached = at;
        for _ in 0..BORDERS {
            let Ok(local) = Local::of(zone, reached) else { return Some(reached).filter(|reached| *reached > at) };
            reached = self.border(&local, says(reached))?;
            if says(reached) != now {
                break;
            }
        }
        Some(reached)
    }

    /// An instant behind that of `local` before which the rule says the same as there.
    fn border(&self, local: &Local, says: Result<bool, EvaluationError>) -> Option<DateTime<Utc>> {
        let tomorrow = || local.date().succ_opt().and_then(|day| local.first_on_or_after(day).ok().flatten());
        let unchanged = |at: DateTime<Utc>| local.clock_change(at).unwrap_or(at);
        match (self, says) {
            (TimeRule::Hours(hours), _) => {
                let behind = |time: NaiveTime| time.overflowing_add_signed(TimeDelta::seconds(1)).0;
                let until = if hours.until_is_included { behind(hours.until) } else { hours.until };
                let borders = [hours.from, until].into_iter().filter(|border| *border > local.time());
                let shown = borders.filter_map(|border| local.shows(local.date(), border)).map(unchanged);
                shown.chain(tomorrow()).min()
            }
            (_, Err(_)) => tomorrow(),
            (rule, Ok(false)) => match rule.opens(local) {
                Ok(opens) => {
                    let opens = opens?;
                    Some(if opens > local.at() { unchanged(opens) } else { tomorrow()? })
                }
                Err(_) => tomorrow(),
            },
            // Only what is still to come can matter to one that allows: a day that has not begun here.
            (TimeRule::Limit(limit), Ok(true)) => {
                let exact = matches!(limit.window, Window::Exact(_));
                limit.events.iter().filter_map(|event| begins(*event, local, exact)).min()
            }
            (TimeRule::Wait(wait), Ok(true)) => {
                wait.events.iter().filter_map(|event| begins(*event, local, false)).min()
            }
            (TimeRule::BlockedUntil(_), Ok(true)) => None,
        }
    }
}

/// When what is still to come comes.
fn begins(event: Moment, local: &Local, is_exact: bool) -> Option<DateTime<Utc>> {
    match event {
        Moment::Date(date) if date > local.date() => local.first_on_or_after(date).ok().flatten(),
        Moment::Instant(instant) if instant > local.at() => {
            let begins = (!is_exact).then(|| local.elsewhen(instant).ok()).flatten();
            let day = begins.and_then(|begins| local.first_on_or_after(begins.date()).ok().flatten());
            Some(day.filter(|day| *day > local.at()).unwrap_or(instant).min(instant))
        }
        Moment::Date(_) | Moment::Instant(_) => None,
    }
}
