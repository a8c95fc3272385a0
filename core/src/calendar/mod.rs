//! Business days over dated holiday sets, rates by date, days at places, and when a contact may be made.
//!
//! Pure functions over dates; no engine types but errors.

pub(crate) mod contact_times;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc, Weekday};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use crate::value::{ErrorCode, EvaluationError};

/// Weekends and holidays, for the days between two dates.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    pub(crate) name: String,
    pub(crate) weekend: Vec<Weekday>,
    pub(crate) valid_from: NaiveDate,
    pub(crate) valid_until: NaiveDate,
    pub(crate) holidays: BTreeMap<NaiveDate, String>,
}

/// A rate that changes on dates.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    pub(crate) name: String,
    /// From when which value holds, by date.
    pub(crate) from: BTreeMap<NaiveDate, Decimal>,
    pub(crate) valid_until: Option<NaiveDate>,
}

impl Calendar {
    /// Whether business is done on this day.
    pub(crate) fn is_business_day(&self, date: NaiveDate) -> Result<bool, EvaluationError> {
        Ok(!self.is_holiday(date)? && !self.weekend.contains(&date.weekday()))
    }

    /// Whether this day is one of the holidays; a weekend alone is none.
    pub(crate) fn is_holiday(&self, date: NaiveDate) -> Result<bool, EvaluationError> {
        if date < self.valid_from || date > self.valid_until {
            return Err(EvaluationError::new(
                ErrorCode::OutsideValidity,
                format!("calendar `{}` covers {} to {}, not {date}", self.name, self.valid_from, self.valid_until),
            ));
        }
        Ok(self.holidays.contains_key(&date))
    }

    /// The `count`-th business day after a date, or before it where `count` is negative; with 0 the date itself.
    pub(crate) fn add_business_days(&self, date: NaiveDate, count: i64) -> Result<NaiveDate, EvaluationError> {
        let step = if count < 0 { -1 } else { 1 };
        let mut left = count.unsigned_abs();
        let mut day = date;
        while left > 0 {
            day = add_days(day, step)?;
            if self.is_business_day(day)? {
                left -= 1;
            }
        }
        Ok(day)
    }

    /// The last business day that the calendar covers; none where it has none.
    pub(crate) fn last_business_day(&self) -> Option<NaiveDate> {
        let mut day = self.valid_until;
        while !self.is_business_day(day).ok()? {
            day = add_days(day, -1).ok()?;
        }
        Some(day)
    }

    /// The business days after `from`, up to and including `to`; negative where `to` lies before.
    pub(crate) fn business_days_between(&self, from: NaiveDate, to: NaiveDate) -> Result<i64, EvaluationError> {
        if to < from {
            return Ok(-self.business_days_between(to, from)?);
        }
        let mut count = 0;
        let mut day = from;
        while day < to {
            day = add_days(day, 1)?;
            if self.is_business_day(day)? {
                count += 1;
            }
        }
        Ok(count)
    }
}

/// The date some days later, within the years 1 to 9999.
pub(crate) fn add_days(date: NaiveDate, days: i64) -> Result<NaiveDate, EvaluationError> {
    let step = Days::new(days.unsigned_abs());
    let moved = if days < 0 { date.checked_sub_days(step) } else { date.checked_add_days(step) };
    in_range(moved, date, days, "days")
}

/// The date some months later: the same day of the month, or the month's last where it is shorter.
pub(crate) fn add_months(date: NaiveDate, months: i64) -> Result<NaiveDate, EvaluationError> {
    let moved = u32::try_from(months.unsigned_abs())
        .ok()
        .map(Months::new)
        .and_then(|step| if months < 0 { date.checked_sub_months(step) } else { date.checked_add_months(step) });
    in_range(moved, date, months, "months")
}

fn in_range(moved: Option<NaiveDate>, date: NaiveDate, count: i64, unit: &str) -> Result<NaiveDate, EvaluationError> {
    moved.filter(|moved| (1..=9999).contains(&moved.year())).ok_or_else(|| {
        EvaluationError::new(ErrorCode::OutOfRange, format!("{date} and {count} {unit} leave the years 1 to 9999"))
    })
}

/// Whole months from one date to another: how often a month can be added to the earlier without passing the later.
pub(crate) fn months_between(from: NaiveDate, to: NaiveDate) -> i64 {
    if to < from {
        return -months_between(to, from);
    }
    let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
    match add_months(from, months) {
        Ok(reached) if reached <= to => months,
        _ => months - 1,
    }
}

/// The last day of a date's month.
pub(crate) fn end_of_month(date: NaiveDate) -> NaiveDate {
    let first = date.with_day(1).unwrap_or(date);
    first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(date)
}

/// The date at a place at an instant.
pub(crate) fn date_at(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
}
