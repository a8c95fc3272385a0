//! Functions of dates, instants, business days and durations.

use chrono::{Datelike, NaiveDate, Timelike};

use super::Gives::Always;
use super::numbers::bad_arguments;
use super::{Context, Function, Kind, Needs, Param, WEEKDAYS};
use crate::calendar::{date_at, end_of_month, months_between};
use crate::value::{Duration, ErrorCode, EvaluationError, Failure, Outcome, Value};

/// A function of one date.
macro_rules! of_date {
    ($name:literal, $gives:expr, $about:literal, |$date:ident, $ctx:pat_param| $body:expr) => {
        Function {
            name: $name,
            params: &[Param::Date],
            gives: Always($gives),
            about: $about,
            needs: Needs::Nothing,
            run: |arguments, $ctx| {
                let [Value::Date($date)] = arguments else { return bad_arguments() };
                let $date = *$date;
                Ok($body)
            },
        }
    };
}

/// A function of two dates that gives an integer.
macro_rules! of_dates {
    ($name:literal, $needs:expr, $about:literal, |$from:ident, $to:ident, $ctx:pat_param| $body:expr) => {
        Function {
            name: $name,
            params: &[Param::Date, Param::Date],
            gives: Always(Kind::Integer),
            about: $about,
            needs: $needs,
            run: |arguments, $ctx| {
                let [Value::Date($from), Value::Date($to)] = arguments else { return bad_arguments() };
                let ($from, $to) = (*$from, *$to);
                Ok(Value::Integer($body))
            },
        }
    };
}

/// A duration of so many of a unit.
macro_rules! span {
    ($name:literal, $gives:expr, $about:literal) => {
        Function {
            name: $name,
            params: &[Param::Integer],
            gives: Always($gives),
            about: $about,
            needs: Needs::Nothing,
            run: |arguments, _| {
                let [Value::Integer(count)] = arguments else { return bad_arguments() };
                Duration::named(*count, $name).map(Value::Duration).ok_or_else(|| {
                    EvaluationError::new(ErrorCode::Overflow, format!("{count} {} is too long", $name)).into()
                })
            },
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "date",
        params: &[Param::Integer, Param::Integer, Param::Integer],
        gives: Always(Kind::Date),
        about: "The date of a year, a month and a day.",
        needs: Needs::Nothing,
        run: |arguments, _| {
            let [Value::Integer(year), Value::Integer(month), Value::Integer(day)] = arguments else {
                return bad_arguments();
            };
            if !(1..=9999).contains(year) {
                let message = format!("the year {year} lies outside 1 to 9999");
                return Err(EvaluationError::new(ErrorCode::OutOfRange, message).into());
            }
            let parts = (i32::try_from(*year), u32::try_from(*month), u32::try_from(*day));
            let date = match parts {
                (Ok(year), Ok(month), Ok(day)) => NaiveDate::from_ymd_opt(year, month, day),
                _ => None,
            };
            date.map(Value::Date).ok_or_else(|| {
                let message = format!("there is no day {year}-{month}-{day}");
                EvaluationError::new(ErrorCode::InvalidArgument, message).into()
            })
        },
    },
    Function {
        name: "date_of",
        params: &[Param::Timestamp],
        gives: Always(Kind::Date),
        about: "The date of an instant in the pack's zone.",
        needs: Needs::Nothing,
        run: |arguments, ctx| match arguments {
            [Value::Timestamp(instant)] => Ok(Value::Date(date_at(*instant, ctx.zone))),
            _ => bad_arguments(),
        },
    },
    Function {
        name: "local_date",
        params: &[Param::Timestamp],
        gives: Always(Kind::Date),
        about: "The date of an instant at the debtor's place; unknown where candidate zones differ.",
        needs: Needs::Place,
        run: |arguments, ctx| match arguments {
            [Value::Timestamp(instant)] => local_date(*instant, ctx),
            _ => bad_arguments(),
        },
    },
    of_date!("days_since", Kind::Integer, "The days from a date to today.", |date, ctx| Value::Integer(
        (ctx.today - date).num_days()
    )),
    of_date!("days_until", Kind::Integer, "The days from today to a date.", |date, ctx| Value::Integer(
        (date - ctx.today).num_days()
    )),
    of_dates!("days_between", Needs::Nothing, "The days from one date to another.", |from, to, _| (to - from)
        .num_days()),
    of_dates!("months_between", Needs::Nothing, "The whole months from one date to another.", |from, to, _| {
        months_between(from, to)
    }),
    of_dates!(
        "business_days_between",
        Needs::Calendar,
        "The business days after one date, up to and including another.",
        |from, to, ctx| match ctx.calendar {
            Some(calendar) => calendar.business_days_between(from, to)?,
            None => return bad_arguments(),
        }
    ),
    of_date!("year", Kind::Integer, "The year of a date.", |date, _| Value::Integer(date.year().into())),
    of_date!("month", Kind::Integer, "The month of a date, 1 to 12.", |date, _| Value::Integer(date.month().into())),
    of_date!("day", Kind::Integer, "The day of a date's month, 1 to 31.", |date, _| Value::Integer(date.day().into())),
    of_date!("weekday", Kind::Weekday, "The day of the week: `mon` to `sun`.", |date, _| {
        let index = date.weekday().num_days_from_monday() as usize;
        Value::text(WEEKDAYS.get(index).copied().unwrap_or("mon"))
    }),
    of_date!("start_of_month", Kind::Date, "The first day of a date's month.", |date, _| Value::Date(
        date.with_day(1).unwrap_or(date)
    )),
    of_date!("end_of_month", Kind::Date, "The last day of a date's month.", |date, _| Value::Date(end_of_month(date))),
    Function {
        name: "is_business_day",
        params: &[Param::Date],
        gives: Always(Kind::Boolean),
        about: "Whether the pack's calendar has business on a date.",
        needs: Needs::Calendar,
        run: |arguments, ctx| match (arguments, ctx.calendar) {
            ([Value::Date(date)], Some(calendar)) => Ok(Value::Boolean(calendar.is_business_day(*date)?)),
            _ => bad_arguments(),
        },
    },
    span!("days", Kind::Days, "So many days: `7.days`."),
    span!("weeks", Kind::Days, "So many weeks, as days: `2.weeks`."),
    span!("months", Kind::Months, "So many months: `2.months`."),
    span!("years", Kind::Months, "So many years, as months: `1.years`."),
    span!("hours", Kind::Exact, "So many hours of exact time: `48.hours`."),
    span!("minutes", Kind::Exact, "So many minutes of exact time: `30.minutes`."),
    span!("seconds", Kind::Exact, "So many seconds of exact time: `90.seconds`."),
    Function {
        name: "business_days",
        params: &[Param::Integer],
        gives: Always(Kind::BusinessDays),
        about: "So many business days of the pack's calendar, to be added to a date.",
        needs: Needs::Calendar,
        run: |arguments, _| match arguments {
            [Value::Integer(count)] => Ok(Value::Duration(Duration::BusinessDays(*count))),
            _ => bad_arguments(),
        },
    },
];

/// The time of day at the debtor's place, where all candidate zones agree on it.
pub(crate) fn local_time(ctx: &Context<'_>) -> Outcome {
    let zones = ctx.places.as_ref().map_err(Clone::clone)?;
    let mut times = zones.iter().map(|zone| ctx.local_at.with_timezone(zone).num_seconds_from_midnight());
    match times.next() {
        Some(first) if times.all(|time| time == first) => Ok(Value::Duration(Duration::Exact(first.into()))),
        _ => Err(Failure::unknown(ctx.place_field)),
    }
}

/// The date of an instant at the debtor's place, where all candidate zones agree on it.
pub(crate) fn local_date(instant: chrono::DateTime<chrono::Utc>, ctx: &Context<'_>) -> Outcome {
    let zones = ctx.places.as_ref().map_err(Clone::clone)?;
    let mut dates = zones.iter().map(|zone| date_at(instant, *zone));
    match dates.next() {
        Some(first) if dates.all(|date| date == first) => Ok(Value::Date(first)),
        _ => Err(Failure::unknown(ctx.place_field)),
    }
}
