//! The rules a second time, as their definitions read, and the next time found minute by minute: what
//! [`next_allowed`](super::next_allowed::next_allowed()) must agree with.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::next_allowed::PolicyTimes;
use super::{Length, Moment, TimeRule, Wait, Window};

/// What the rules together say of an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Said {
    Allowed,
    Denied,
    /// Not denied, and not to be told.
    Failed,
}

/// Whether one rule allows; none where it cannot be told.
pub(super) fn allows(rule: &TimeRule<'_>, zone: Tz, at: DateTime<Utc>) -> Option<bool> {
    let today = day(at, zone);
    let now = at.with_timezone(&zone).time();
    match rule {
        TimeRule::Hours(hours) => {
            let is_within =
                now >= hours.from && (if hours.until_is_included { now <= hours.until } else { now < hours.until });
            let is_all_days = hours.weekdays.is_empty() && hours.holidays.is_none();
            if is_within {
                return Some(true);
            }
            if is_all_days || hours.weekdays.contains(today.weekday()) {
                return Some(false);
            }
            let Some(calendar) = hours.holidays else { return Some(true) };
            if today < calendar.valid_from || today > calendar.valid_until {
                return None;
            }
            Some(!calendar.holidays.contains_key(&today))
        }
        TimeRule::Limit(limit) => {
            let mut count = 0;
            for event in limit.events {
                let is_in_window = match (limit.window, *event) {
                    (Window::Days(days), _) => {
                        let after = today - Days::new(u64::try_from(days).expect("days ahead"));
                        event_day(*event, zone) > after && event_day(*event, zone) <= today
                    }
                    (Window::Months(months), _) => {
                        let after = today - Months::new(u32::try_from(months).expect("months ahead"));
                        event_day(*event, zone) > after && event_day(*event, zone) <= today
                    }
                    (Window::Exact(seconds), Moment::Instant(event)) => {
                        event > at - TimeDelta::seconds(seconds) && event <= at
                    }
                    (Window::Exact(seconds), Moment::Date(event)) => {
                        seconds > 0 && event >= day(at - TimeDelta::seconds(seconds), zone) && event <= today
                    }
                };
                if is_in_window {
                    count += 1;
                }
            }
            let with_this_one = count + 1;
            Some(with_this_one <= limit.at_most)
        }
        TimeRule::Wait(wait) => wait_allows(wait, zone, at),
        TimeRule::BlockedUntil(Moment::Date(last)) => Some(today > *last),
        TimeRule::BlockedUntil(Moment::Instant(end)) => Some(at >= *end),
    }
}

/// Every event has to be waited for. Where the end of the wait for the latest day cannot be told, the whole cannot.
fn wait_allows(wait: &Wait<'_>, zone: Tz, at: DateTime<Utc>) -> Option<bool> {
    let today = day(at, zone);
    let mut allows = true;
    let mut latest: Option<(NaiveDate, bool)> = None;
    for event in wait.events {
        let is_to_come = match event {
            Moment::Date(date) => *date > today,
            Moment::Instant(instant) => *instant > at,
        };
        if is_to_come {
            continue;
        }
        let event_day = event_day(*event, zone);
        let extra = Days::new(if wait.event_day_counts { 0 } else { 1 });
        let first = match wait.length {
            Length::Days(days) => Some(event_day + Days::new(u64::try_from(days).expect("days ahead")) + extra),
            Length::Months(months) => {
                Some(event_day + Months::new(u32::try_from(months).expect("months ahead")) + extra)
            }
            Length::BusinessDays(days, calendar) => {
                let mut left = days;
                let mut reached = Some(event_day);
                while left > 0 {
                    reached = reached
                        .map(|day| day + Days::new(1))
                        .filter(|day| (calendar.valid_from..=calendar.valid_until).contains(day));
                    let Some(day) = reached else { break };
                    if !calendar.weekend.contains(&day.weekday()) && !calendar.holidays.contains_key(&day) {
                        left -= 1;
                    }
                }
                reached.map(|day| day + extra)
            }
            Length::Exact(seconds) => {
                let is_over = match event {
                    Moment::Instant(instant) => at >= *instant + TimeDelta::seconds(seconds),
                    Moment::Date(date) => day(at - TimeDelta::seconds(seconds), zone) > *date,
                };
                allows = allows && is_over;
                continue;
            }
        };
        allows = allows && first.is_none_or(|first| today >= first);
        if latest.is_none_or(|(latest, _)| latest <= event_day) {
            latest = Some((event_day, first.is_some()));
        }
    }
    if latest.is_some_and(|(_, is_told)| !is_told) { None } else { Some(allows) }
}

/// What all rules of all policies say of one instant.
pub(super) fn said(policies: &[PolicyTimes<'_>], at: DateTime<Utc>) -> Said {
    let mut said = Said::Allowed;
    for policy in policies {
        for rule in policy.rules {
            for zone in policy.zones {
                match allows(rule, *zone, at) {
                    Some(true) => {}
                    Some(false) => return Said::Denied,
                    None => said = Said::Failed,
                }
            }
        }
    }
    said
}

fn day(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

fn event_day(event: Moment, zone: Tz) -> NaiveDate {
    match event {
        Moment::Date(date) => date,
        Moment::Instant(instant) => day(instant, zone),
    }
}
