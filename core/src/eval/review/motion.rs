//! How the value of an expression moves with time, and when a comparison of such values comes out differently.

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::border::{Border, Clock, Ticks, at};
use crate::calendar::contact_times::{just_behind, next_day, shows};
use crate::calendar::{Calendar, add_days};
use crate::value::ops::{self, Arithmetic, Comparison};
use crate::value::{Duration, Value};

/// How an outcome moves: without a trend it is the same up to a border; with one it moves up to there as the trend says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Motion {
    pub(crate) until: Border,
    pub(crate) trend: Option<Trend>,
}

/// How a value moves. None of them moves one that is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trend {
    /// By so much with each day.
    Days(Ticks, i64),
    /// The date that lies this long behind one that goes with the days; that one is so now.
    Moved(NaiveDate, Duration),
    /// An instant that goes with time.
    Instant,
    /// The time since an instant; or until it, where it does not grow.
    Elapsed { base: DateTime<Utc>, grows: bool },
    /// What a clock shows.
    TimeOfDay(Tz),
}

/// The largest number whose steps are followed: with a step of that size for each day of all years it is an integer.
const LARGE: u64 = 1 << 40;

/// The most days that are looked ahead: more than the years 1 to 9999 have.
const DAYS: i64 = 1 << 22;

impl Motion {
    /// What time does not change.
    pub(crate) const STILL: Motion = Motion { until: Border::Never, trend: None };

    /// What is the same up to a border.
    pub(crate) fn until(until: Border) -> Motion {
        Motion { until, trend: None }
    }

    pub(crate) fn with(trend: Trend) -> Motion {
        Motion { until: Border::Never, trend: Some(trend) }
    }

    pub(crate) fn is_still(&self) -> bool {
        *self == Motion::STILL
    }

    /// A number or days that move by so much a day.
    pub(crate) fn by_days(ticks: Ticks, step: i64, until: Border) -> Motion {
        Motion { until, trend: (step != 0).then_some(Trend::Days(ticks, step)) }
    }

    /// Before when the value stays as it is.
    pub(crate) fn settled(&self, clock: &Clock) -> Border {
        let Some(trend) = self.trend else { return self.until };
        let step = match trend {
            Trend::Days(ticks, _) => clock.days_on(ticks, 1),
            Trend::Moved(..) => clock.tomorrow(),
            Trend::Instant | Trend::Elapsed { .. } | Trend::TimeOfDay(_) => clock.next_second(),
        };
        clock.first(self.until, step)
    }

    /// Where days are counted and the step of a day, of what is still or moves by days.
    pub(crate) fn step(&self) -> Option<(Option<Ticks>, i64)> {
        match self.trend {
            None => Some((None, 0)),
            Some(Trend::Days(ticks, step)) => Some((Some(ticks), step)),
            Some(_) => None,
        }
    }
}

/// Whether a number and its step are small enough to be followed.
pub(crate) fn is_small(value: &Value, step: i64) -> bool {
    let count = match value {
        Value::Integer(count) => *count,
        Value::Duration(duration) => duration.count(),
        _ => 0,
    };
    count.unsigned_abs() <= LARGE && step.unsigned_abs() <= LARGE
}

/// What a value that is still, or moves by days, comes to so many days on; nothing where that fails.
pub(crate) fn days_on(value: &Value, motion: &Motion, days: i64, calendar: Option<&Calendar>) -> Option<Value> {
    let step = match motion.trend {
        None => return Some(value.clone()),
        Some(Trend::Days(_, step)) => step.checked_mul(days)?,
        Some(Trend::Moved(from, by)) => {
            let from = Value::Date(add_days(from, days).ok()?);
            return ops::arithmetic(Arithmetic::Add, &from, &Value::Duration(by), calendar).ok();
        }
        Some(_) => return None,
    };
    Some(match value {
        Value::Integer(count) => Value::Integer(count.checked_add(step)?),
        Value::Decimal(number) => Value::Decimal(number.checked_add(Decimal::from(step))?),
        Value::Duration(Duration::Days(count)) => Value::Duration(Duration::Days(count.checked_add(step)?)),
        Value::Date(date) => Value::Date(add_days(*date, step).ok()?),
        _ => return None,
    })
}

/// A value and how it moves.
pub(crate) type Moving<'a> = (&'a Value, Motion);

/// Before when a comparison comes out as it does now.
pub(crate) fn compared(
    clock: &Clock,
    operator: Comparison,
    a: Moving<'_>,
    b: Moving<'_>,
    calendar: Option<&Calendar>,
) -> Border {
    let until = clock.first(a.1.until, b.1.until);
    if a.1.trend.is_none() && b.1.trend.is_none() || a.0.is_none() || b.0.is_none() {
        return until;
    }
    let flip = match (a.1.trend, b.1.trend) {
        (Some(Trend::Instant), Some(Trend::Instant)) => Some(Border::Never),
        (Some(Trend::Instant), None) => passing(clock, operator, a.0, b.0),
        (None, Some(Trend::Instant)) => passing(clock, operator.turned(), b.0, a.0),
        (Some(Trend::Elapsed { base, grows }), None) => elapsing(operator, base, grows, a.0, b.0),
        (None, Some(Trend::Elapsed { base, grows })) => elapsing(operator.turned(), base, grows, b.0, a.0),
        (Some(Trend::TimeOfDay(zone)), None) => showing(clock, operator, zone, a.0, b.0),
        (None, Some(Trend::TimeOfDay(zone))) => showing(clock, operator.turned(), zone, b.0, a.0),
        _ => by_days(clock, operator, a, b, calendar),
    };
    let flip = flip.unwrap_or_else(|| clock.first(a.1.settled(clock), b.1.settled(clock)));
    clock.first(until, flip)
}

/// Of values that move with the days.
fn by_days(
    clock: &Clock,
    operator: Comparison,
    a: Moving<'_>,
    b: Moving<'_>,
    calendar: Option<&Calendar>,
) -> Option<Border> {
    if let (Some((a_ticks, a_step)), Some((b_ticks, b_step))) = (a.1.step(), b.1.step()) {
        let ticks = match (a_ticks, b_ticks) {
            (Some(a), Some(b)) if a != b => return None,
            (Some(ticks), _) | (None, Some(ticks)) => ticks,
            (None, None) => return None,
        };
        if let (Some(a_place), Some(b_place)) = (place(a.0), place(b.0)) {
            let (distance, step) = (a_place.checked_sub(b_place)?, a_step.checked_sub(b_step)?);
            let days = linear(operator, distance, step);
            return Some(days.map_or(Border::Never, |days| clock.days_on(ticks, days)));
        }
        if a_ticks.is_some() && b_ticks.is_some() {
            return None;
        }
        return Some(sought(clock, ticks, operator, a, b, calendar));
    }
    let is_one_still = a.1.trend.is_none() || b.1.trend.is_none();
    is_one_still.then(|| sought(clock, Ticks::Pack, operator, a, b, calendar))
}

/// Where a value stands among others of its type, counted in whole steps.
fn place(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(count) => Some(*count),
        Value::Duration(Duration::Days(count)) => Some(*count),
        Value::Date(date) => Some(date.num_days_from_ce().into()),
        _ => None,
    }
}

/// After how many days the comparison of a distance with 0 comes out differently, where the distance grows by a step
/// each day.
fn linear(operator: Comparison, distance: i64, step: i64) -> Option<i64> {
    let (operator, distance, step) = if step < 0 {
        (operator.turned(), distance.checked_neg()?, step.checked_neg()?)
    } else {
        (operator, distance, step)
    };
    if step == 0 || distance > 0 {
        return None;
    }
    let holds = |distance: i64| ops::compare(operator, &Value::Integer(distance), &Value::Integer(0));
    let now = holds(distance);
    let left = distance.checked_neg()?;
    let whole = left.div_euclid(step);
    if whole > DAYS {
        return None;
    }
    let reached = whole + i64::from(left.rem_euclid(step) != 0);
    // INVARIANT: step * days is at most the distance and one step more, which is small.
    let then = |days: i64| step.checked_mul(days).and_then(|grown| distance.checked_add(grown));
    [reached, whole + 1].into_iter().filter(|days| *days >= 1).find(|days| then(*days).map(holds) != Some(now))
}

/// The same where one side is still and the other one moves in one direction, found by looking ahead.
fn sought(
    clock: &Clock,
    ticks: Ticks,
    operator: Comparison,
    a: Moving<'_>,
    b: Moving<'_>,
    calendar: Option<&Calendar>,
) -> Border {
    let order = |days: i64| -> Option<Ordering> {
        ops::order(&days_on(a.0, &a.1, days, calendar)?, &days_on(b.0, &b.1, days, calendar)?)
    };
    let holds = |order: Option<Ordering>| {
        order.map(|order| ops::compare(operator, &Value::Integer(order as i64), &Value::Integer(0)))
    };
    let now = order(0);
    // A failure, or another order: where equality is asked for, what was passed over is no longer told from it.
    let is_other = |days: i64| match (order(days), operator.is_order()) {
        (then, false) => then != now,
        (then, true) => holds(then) != holds(now),
    };
    if now.is_none() {
        return clock.days_on(ticks, 1);
    }
    let mut far = 1;
    while !is_other(far) {
        if far >= DAYS {
            return Border::Never;
        }
        far *= 2;
    }
    let mut near = far / 2;
    while far - near > 1 {
        let middle = near + (far - near) / 2;
        if is_other(middle) {
            far = middle;
        } else {
            near = middle;
        }
    }
    clock.days_on(ticks, far)
}

/// Of an instant that goes with time, and one that does not.
fn passing(clock: &Clock, operator: Comparison, moving: &Value, still: &Value) -> Option<Border> {
    let (Value::Timestamp(moving), Value::Timestamp(still)) = (moving, still) else { return None };
    let left = *still - *moving;
    let holds = |order: Ordering| ops::compare(operator, &Value::Integer(order as i64), &Value::Integer(0));
    let now = holds(moving.cmp(still));
    if left < TimeDelta::zero() {
        return Some(Border::Never);
    }
    let reached = clock.as_of.checked_add_signed(left)?;
    if left > TimeDelta::zero() && holds(Ordering::Equal) != now {
        return Some(Border::At(reached));
    }
    Some(if holds(Ordering::Greater) == now { Border::Never } else { at(just_behind(reached)) })
}

/// Of the time since an instant, and a duration.
fn elapsing(operator: Comparison, base: DateTime<Utc>, grows: bool, moving: &Value, still: &Value) -> Option<Border> {
    let (Value::Duration(Duration::Exact(moving)), Value::Duration(Duration::Exact(still))) = (moving, still) else {
        return None;
    };
    let holds = |count: i64| ops::compare(operator, &Value::Integer(count), &Value::Integer(*still));
    let now = holds(*moving);
    let steps = if grows { [*still, still.checked_add(1)?] } else { [*still, still.checked_sub(1)?] };
    let is_ahead = |count: &i64| if grows { count > moving } else { count < moving };
    let Some(count) = steps.into_iter().filter(is_ahead).find(|count| holds(*count) != now) else {
        return Some(Border::Never);
    };
    // Whole seconds are cut off towards zero.
    let since = if grows { count } else { count.checked_neg()? };
    let second = |count: i64| base.checked_add_signed(TimeDelta::try_seconds(count)?);
    Some(if since > 0 { Border::At(second(since)?) } else { at(just_behind(second(since.checked_sub(1)?)?)) })
}

/// Of what a clock shows, and a time of day.
fn showing(clock: &Clock, operator: Comparison, zone: Tz, moving: &Value, still: &Value) -> Option<Border> {
    let (Value::Duration(Duration::Exact(moving)), Value::Duration(Duration::Exact(still))) = (moving, still) else {
        return None;
    };
    let holds = |count: i64| ops::compare(operator, &Value::Integer(count), &Value::Integer(*still));
    let now = holds(*moving);
    let midnight = at(next_day(zone, clock.as_of));
    let next = [*still, still.checked_add(1)?].into_iter().filter(|count| count > moving);
    let Some(count) = next.into_iter().find(|count| holds(*count) != now) else {
        return Some(before_change(clock, zone, midnight));
    };
    let time = u32::try_from(count).ok().and_then(|count| NaiveTime::from_num_seconds_from_midnight_opt(count, 0));
    let Some(time) = time else { return Some(before_change(clock, zone, midnight)) };
    Some(clock.first(at(shows(zone, clock.as_of, time)), midnight))
}

/// A border, or the change of a clock before it.
fn before_change(clock: &Clock, zone: Tz, border: Border) -> Border {
    clock.first(border, at(crate::calendar::contact_times::clock_change_today(zone, clock.as_of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_passes_zero_on_the_day_that_counting_finds() {
        let operators = [
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ];
        for operator in operators {
            for distance in -7..=7 {
                for step in -3..=3 {
                    let holds =
                        |days: i64| ops::compare(operator, &Value::Integer(distance + step * days), &Value::Integer(0));
                    let counted = (1..40).find(|days| holds(*days) != holds(0));
                    assert_eq!(linear(operator, distance, step), counted, "{operator:?} {distance} by {step}");
                }
            }
        }
    }

    #[test]
    fn whole_seconds_are_passed_when_stepping_finds() {
        let base: DateTime<Utc> = "2026-09-07T12:00:00.250Z".parse().expect("an instant");
        for grows in [true, false] {
            for start in -5_000..5_000_i64 {
                if start % 130 != 0 {
                    continue;
                }
                let value = |at: DateTime<Utc>| if grows { at - base } else { base - at }.num_seconds();
                let now = base + TimeDelta::milliseconds(start);
                for still in -4..=4 {
                    for operator in [Comparison::Less, Comparison::LessOrEqual, Comparison::Equal, Comparison::NotEqual]
                    {
                        let exact = |count| Value::Duration(Duration::Exact(count));
                        let holds = |at: DateTime<Utc>| ops::compare(operator, &exact(value(at)), &exact(still));
                        let found = elapsing(operator, base, grows, &exact(value(now)), &exact(still));
                        let until = match found.expect("durations") {
                            Border::At(at) => at,
                            _ => now + TimeDelta::seconds(12),
                        };
                        // To the second: what turns within one is told at its end.
                        let mut at = now;
                        while at < until - TimeDelta::seconds(1) {
                            assert_eq!(holds(at), holds(now), "{operator:?} {still} {grows} from {now} at {at}");
                            at += TimeDelta::milliseconds(50);
                        }
                        if let Some(Border::At(at)) = found {
                            assert!(at > now, "{operator:?} {still} {grows} from {now}: {at}");
                            assert_ne!(holds(at), holds(now), "{operator:?} {still} {grows} from {now} at {at}");
                        }
                    }
                }
            }
        }
    }
}
