//! Spans of time, of four kinds that are not mixed: days, months, business days, and exact time.

use super::types::DurationUnit;

/// The most days, months or business days: more than the years 1 to 9999 have.
const STEPS: u64 = 10_000_000;
/// The most seconds of exact time: likewise.
const SECONDS: u64 = 1_000_000_000_000;

/// A span of time. Days, months and business days are steps on the calendar; exact time is counted in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duration {
    Days(i64),
    Months(i64),
    BusinessDays(i64),
    /// Seconds.
    Exact(i64),
}

impl Duration {
    /// The kind, which types know.
    pub(crate) fn unit(self) -> DurationUnit {
        match self {
            Duration::Days(_) => DurationUnit::Days,
            Duration::Months(_) => DurationUnit::Months,
            Duration::BusinessDays(_) => DurationUnit::BusinessDays,
            Duration::Exact(_) => DurationUnit::Exact,
        }
    }

    /// The number of steps of its kind.
    pub(crate) fn count(self) -> i64 {
        match self {
            Duration::Days(count)
            | Duration::Months(count)
            | Duration::BusinessDays(count)
            | Duration::Exact(count) => count,
        }
    }

    /// A duration of this kind.
    pub(crate) fn of(unit: DurationUnit, count: i64) -> Duration {
        match unit {
            DurationUnit::Days => Duration::Days(count),
            DurationUnit::Months => Duration::Months(count),
            DurationUnit::BusinessDays => Duration::BusinessDays(count),
            DurationUnit::Exact => Duration::Exact(count),
        }
    }

    /// `count` of a unit named as in an expression: `days`, `weeks`, `months`, `years`, `hours`, `minutes`, `seconds`.
    pub(crate) fn named(count: i64, unit: &str) -> Option<Duration> {
        let duration = Duration::unlimited(count, unit)?;
        let most = if duration.unit() == DurationUnit::Exact { SECONDS } else { STEPS };
        (duration.count().unsigned_abs() <= most).then_some(duration)
    }

    fn unlimited(count: i64, unit: &str) -> Option<Duration> {
        match unit {
            "day" | "days" => Some(Duration::Days(count)),
            "week" | "weeks" => count.checked_mul(7).map(Duration::Days),
            "month" | "months" => Some(Duration::Months(count)),
            "year" | "years" => count.checked_mul(12).map(Duration::Months),
            "business day" | "business days" => Some(Duration::BusinessDays(count)),
            "hour" | "hours" => count.checked_mul(3600).map(Duration::Exact),
            "minute" | "minutes" => count.checked_mul(60).map(Duration::Exact),
            "second" | "seconds" => Some(Duration::Exact(count)),
            _ => None,
        }
    }

    /// A duration written as `14 days`, `2 business days`, `48 hours`.
    pub(crate) fn parse(text: &str) -> Option<Duration> {
        let (count, unit) = text.split_once(' ')?;
        Duration::named(count.parse().ok()?, unit.trim())
    }
}

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (count, unit) = match *self {
            Duration::Days(count) => (count, "day"),
            Duration::Months(count) => (count, "month"),
            Duration::BusinessDays(count) => (count, "business day"),
            Duration::Exact(seconds) if seconds % 3600 == 0 => (seconds / 3600, "hour"),
            Duration::Exact(seconds) if seconds % 60 == 0 => (seconds / 60, "minute"),
            Duration::Exact(seconds) => (seconds, "second"),
        };
        write!(f, "{count} {unit}{}", if count.unsigned_abs() == 1 { "" } else { "s" })
    }
}
