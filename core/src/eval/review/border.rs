//! Instants at which something may change, and the clock that they are told by.

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::calendar::contact_times::{day_begins, just_behind};
use crate::calendar::date_at;

/// Before when something stays as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Border {
    Never,
    /// The first instant of a day at the pack's place.
    Day(NaiveDate),
    At(DateTime<Utc>),
}

/// An instant, and its day at the pack's place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) zone: Tz,
    pub(crate) today: NaiveDate,
}

/// Where days are counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ticks {
    /// At the pack's place.
    Pack,
    Place(Tz),
}

impl Clock {
    pub(crate) fn new(as_of: DateTime<Utc>, zone: Tz) -> Clock {
        Clock { as_of, zone, today: date_at(as_of, zone) }
    }

    /// The instant of a border; nothing where it never comes.
    pub(crate) fn instant(&self, border: Border) -> Option<DateTime<Utc>> {
        match border {
            Border::Never => None,
            Border::Day(day) => day_begins(self.zone, self.as_of, day),
            Border::At(at) => Some(at),
        }
    }

    /// The earlier of two.
    pub(crate) fn first(&self, a: Border, b: Border) -> Border {
        if self.is_before(b, a) { b } else { a }
    }

    /// The later of two.
    pub(crate) fn last(&self, a: Border, b: Border) -> Border {
        if self.is_before(a, b) { b } else { a }
    }

    fn is_before(&self, a: Border, b: Border) -> bool {
        match (a, b) {
            (Border::Never, _) => false,
            (_, Border::Never) => true,
            (Border::Day(a), Border::Day(b)) => a < b,
            (Border::At(a), Border::At(b)) => a < b,
            (Border::Day(day), Border::At(at)) => match order(day, at) {
                Some(is_day_first) => is_day_first,
                None => self.instant(a).is_some_and(|day| day < at),
            },
            (Border::At(at), Border::Day(day)) => match order(day, at) {
                Some(is_day_first) => !is_day_first,
                None => self.instant(b).is_none_or(|day| at < day),
            },
        }
    }

    /// So many days on, from 1.
    pub(crate) fn days_on(&self, ticks: Ticks, days: i64) -> Border {
        let count = Days::new(days.max(1).unsigned_abs());
        let from = match ticks {
            Ticks::Pack => self.today,
            Ticks::Place(zone) => date_at(self.as_of, zone),
        };
        let Some(day) = from.checked_add_days(count) else { return Border::Never };
        match ticks {
            Ticks::Pack => Border::Day(day),
            Ticks::Place(zone) => at(day_begins(zone, self.as_of, day)),
        }
    }

    /// The next day at the pack's place.
    pub(crate) fn tomorrow(&self) -> Border {
        self.days_on(Ticks::Pack, 1)
    }

    /// The next second: what changes all the time is said to change then.
    pub(crate) fn next_second(&self) -> Border {
        at(just_behind(self.as_of))
    }

    /// A day that is still to come.
    pub(crate) fn on(&self, day: NaiveDate) -> Border {
        if day > self.today { Border::Day(day) } else { Border::Never }
    }
}

/// A border at an instant, where it comes.
pub(crate) fn at(instant: Option<DateTime<Utc>>) -> Border {
    instant.map_or(Border::Never, Border::At)
}

/// Whether a day begins before an instant, where that can be told without its place.
fn order(day: NaiveDate, at: DateTime<Utc>) -> Option<bool> {
    let days = (at.date_naive() - day).num_days();
    // No place is as much as a day ahead of UTC, or behind it.
    match days {
        2.. => Some(true),
        ..=-2 => Some(false),
        _ => None,
    }
}
