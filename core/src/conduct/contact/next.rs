//! The first whole minute at which an attempt is allowed, all else as it is.
//!
//! From one minute it goes to the next at which all objections may be lifted, never past one at which they are.

use std::sync::Arc;

use chrono::{DateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::{Found, Judge, Next, Objection, Place, Room, calendar};
use crate::calendar::contact_times::{HORIZON_DAYS, Local, TimeRule};
use crate::calendar::date_at;
use crate::eval::runner::Runner;
use crate::families::Changes;
use crate::value::{Duration, Value};

/// When an objection may be lifted.
enum Lift {
    /// Not before this instant.
    At(DateTime<Utc>),
    /// Not within the days that are looked at.
    Beyond,
    Never,
}

impl<'a> Judge<'a, '_> {
    /// The first whole minute from an instant on at which the attempt is allowed. `found` is what is found then.
    pub(super) fn next(&mut self, runner: &mut Runner<'a>, at: DateTime<Utc>, found: &Found) -> Next {
        let Some(mut minute) = whole_minute(at) else { return Next::Beyond };
        if found.objections.is_empty() && minute == at {
            return Next::At(at);
        }
        let end = at.checked_add_signed(TimeDelta::days(HORIZON_DAYS)).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let mut later = std::mem::take(&mut self.room.later);
        let mut next = Next::Beyond;
        while minute <= end {
            let found = if minute == at {
                found
            } else {
                self.look(runner, minute, &mut later);
                &later
            };
            if found.objections.is_empty() {
                next = Next::At(minute);
                break;
            }
            match self.lifted(runner, found, minute, end) {
                Ok(Some(lifted)) => minute = lifted,
                Ok(None) => break,
                Err(never) => {
                    next = Next::Never(never);
                    break;
                }
            }
        }
        self.room.later = later;
        next
    }

    /// The first whole minute at which all objections may be lifted; nothing where that is too far off. Fails with the
    /// rule that no time lifts.
    fn lifted(
        &mut self,
        runner: &Runner<'a>,
        found: &Found,
        minute: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Arc<str>> {
        let Some(mut next) = minute.checked_add_signed(TimeDelta::minutes(1)) else { return Ok(None) };
        for objection in &found.objections {
            match self.lift(runner, objection, minute, end) {
                Lift::At(at) => next = next.max(at),
                Lift::Beyond => return Ok(None),
                Lift::Never => return self.row(runner, objection).map_or(Ok(None), |row| Err(row.id.clone())),
            }
        }
        Ok(whole_minute(next))
    }

    /// When an objection that holds at a minute may be lifted. What lies behind the end does not matter.
    fn lift(&mut self, runner: &Runner<'a>, objection: &Objection, minute: DateTime<Utc>, end: DateTime<Utc>) -> Lift {
        let Some(policy) = self.contact.policies.get(objection.policy) else { return Lift::Never };
        let changes = match objection.rule {
            Some(rule) => policy.rules.get(rule).map(|rule| &rule.changes),
            None => Some(&policy.changes),
        };
        let zone = match self.room.places.get(objection.place) {
            Some(Place::At(zone)) => Some(*zone),
            _ => None,
        };
        let change = changes.and_then(|changes| change(runner, changes, zone, minute));
        let form = objection.rule.and_then(|rule| policy.rules.get(rule)).map(|rule| &rule.form);
        let Room { sights, locals, .. } = &mut *self.room;
        let looking = objection.sight.and_then(|sight| sights.get(sight)?.as_ref().ok()?.as_ref());
        let opening = looking.zip(form).zip(zone).map(|((looking, form), zone)| {
            let Some(rule) = looking.strict(form, calendar(runner)) else { return Lift::Never };
            locals.of(zone, minute).map_or(Lift::Beyond, |local| opening(rule, &local, end))
        });
        match (change, opening) {
            (Some(change), Some(Lift::At(opening))) => Lift::At(change.min(opening)),
            (Some(change), _) => Lift::At(change),
            (None, Some(opening)) => opening,
            (None, None) => Lift::Never,
        }
    }
}

/// When a rule of time that objects may allow: it is looked at again then.
fn opening(rule: TimeRule<'_>, local: &Local, end: DateTime<Utc>) -> Lift {
    let (zone, minute) = (local.zone(), local.at());
    let denies = rule.allows(local).and_then(|allows| match allows {
        true => Ok(Some(minute)),
        false => rule.denies_until(local, end),
    });
    let opening = match (denies, rule) {
        (Ok(Some(opening)), _) => Some(opening),
        (Ok(None), _) => return Lift::Beyond,
        // The calendar does not say whether the day is one of those that are spoken of. Within the hours that does
        // not matter; on another day it may be known.
        (Err(_), TimeRule::Hours(hours)) => next_shown(zone, hours.from, minute).min(next_day(zone, minute)),
        (Err(_), _) => next_day(zone, minute),
    };
    opening.map_or(Lift::Beyond, Lift::At)
}

/// The first instant behind a minute at which time may change the outcome of conditions. None where it changes none.
fn change(runner: &Runner<'_>, changes: &Changes, zone: Option<Tz>, minute: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if changes.are_none() {
        return None;
    }
    if changes.always {
        return minute.checked_add_signed(TimeDelta::minutes(1));
    }
    let own = runner.pack().checked.header.zone;
    let days = changes.daily.then(|| zone.into_iter().chain([own]).filter_map(|zone| next_day(zone, minute)));
    let times = changes.times.iter().filter_map(|expr| match runner.value(expr) {
        Ok(Value::Duration(Duration::Exact(seconds))) => Some(seconds),
        _ => None,
    });
    // A time of day that is not below is reached where it is passed, too.
    let times = times.flat_map(|seconds| [seconds, seconds.saturating_add(1)]).filter_map(|seconds| {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(seconds).ok()?, 0)?;
        next_shown(zone?, time, minute)
    });
    // Each day begins with a time of day that is below all others.
    let midnights = zone.filter(|_| !changes.times.is_empty()).and_then(|zone| next_day(zone, minute));
    let instants = changes.instants.iter().filter_map(|expr| match runner.value(expr) {
        Ok(Value::Timestamp(instant)) => Some(instant),
        _ => None,
    });
    let instants = instants
        .flat_map(|instant| [Some(instant), instant.checked_add_signed(TimeDelta::seconds(1))])
        .flatten()
        .filter(|instant| *instant > minute);
    days.into_iter().flatten().chain(times).chain(midnights).chain(instants).min()
}

/// The first whole minute from an instant on.
pub(super) fn whole_minute(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let seconds = at.timestamp();
    let past = seconds.rem_euclid(60);
    if past == 0 && at.nanosecond() == 0 {
        return Some(at);
    }
    DateTime::from_timestamp(seconds.checked_add(60 - past)?, 0)
}

/// When the next day begins at a place.
fn next_day(zone: Tz, minute: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let next = date_at(minute, zone).succ_opt()?;
    Local::of(zone, minute).ok()?.first_on_or_after(next).ok().flatten()
}

/// When the clock at a place next shows a time of day, or has just been changed: then it may have been skipped.
fn next_shown(zone: Tz, time: NaiveTime, minute: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let own = offset(minute);
    let today = minute.with_timezone(&own).date_naive();
    let shown = |day: chrono::NaiveDate| day.and_time(time).and_local_timezone(own).single().map(|at| at.to_utc());
    let shown = shown(today).filter(|at| *at > minute).or_else(|| shown(today.succ_opt()?))?;
    if offset(shown) == own {
        return Some(shown);
    }
    let (mut unchanged, mut changed) = (minute.timestamp(), shown.timestamp());
    while changed - unchanged > 1 {
        let middle = unchanged + (changed - unchanged) / 2;
        if DateTime::from_timestamp(middle, 0).is_some_and(|at| offset(at) != own) {
            changed = middle;
        } else {
            unchanged = middle;
        }
    }
    DateTime::from_timestamp(changed, 0)
}
