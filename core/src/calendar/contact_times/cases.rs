//! Contacts, rules and histories out of a seed, around the days on which clocks are changed.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday, WeekdaySet};
use chrono_tz::Tz;

use super::{Hours, Length, Limit, Local, Moment, TimeRule, Wait, Window};
use crate::calendar::Calendar;
use crate::generated::random::Random;

/// Places, each with a day near which its clock is changed, or with any day.
const PLACES: [(Tz, &str); 32] = [
    (Tz::America__New_York, "2026-03-08"),
    (Tz::America__New_York, "2026-11-01"),
    (Tz::America__Los_Angeles, "2026-03-08"),
    (Tz::America__Los_Angeles, "2026-11-01"),
    (Tz::America__Phoenix, "2026-11-01"),
    (Tz::Europe__London, "2026-03-29"),
    (Tz::Europe__London, "2026-10-25"),
    (Tz::Europe__Berlin, "2026-03-29"),
    (Tz::Australia__Sydney, "2026-04-05"),
    (Tz::Australia__Sydney, "2026-10-04"),
    (Tz::Australia__Lord_Howe, "2026-04-05"),
    (Tz::Australia__Lord_Howe, "2026-10-04"),
    (Tz::America__Sao_Paulo, "2018-02-18"),
    (Tz::America__Sao_Paulo, "2018-11-04"),
    (Tz::Asia__Beirut, "2026-03-29"),
    (Tz::Asia__Beirut, "2026-10-25"),
    (Tz::America__St_Johns, "2010-11-07"),
    (Tz::America__St_Johns, "2010-03-14"),
    (Tz::America__Havana, "2026-03-08"),
    (Tz::America__Havana, "2026-11-01"),
    (Tz::Africa__Cairo, "2026-04-24"),
    (Tz::Africa__Casablanca, "2026-02-15"),
    (Tz::Africa__Casablanca, "2026-03-22"),
    (Tz::Antarctica__Troll, "2026-03-29"),
    (Tz::Pacific__Apia, "2011-12-30"),
    (Tz::Pacific__Kwajalein, "1993-08-21"),
    (Tz::Pacific__Kwajalein, "1969-09-30"),
    (Tz::Africa__Monrovia, "1972-01-07"),
    (Tz::Asia__Kolkata, "2026-03-02"),
    (Tz::Asia__Kathmandu, "2026-03-02"),
    (Tz::Pacific__Kiritimati, "2026-12-31"),
    (Tz::UTC, "2026-02-28"),
];

/// Borders of hours; among them times that are skipped or repeated, and such as no whole minute meets.
const TIMES: [&str; 20] = [
    "00:00:00", "00:00:30", "00:30:00", "01:00:00", "01:30:00", "02:00:00", "02:30:00", "03:00:00", "07:30:00",
    "08:00:00", "08:00:30", "09:00:00", "12:00:00", "12:00:01", "18:00:00", "19:00:00", "21:00:00", "23:00:00",
    "23:30:00", "23:59:59",
];

/// The rules of a policy before they borrow.
pub(super) struct Written {
    pub(super) zones: Vec<Tz>,
    pub(super) rules: Vec<WrittenRule>,
}

pub(super) enum WrittenRule {
    Hours { weekdays: WeekdaySet, holidays: bool, from: NaiveTime, until: NaiveTime, until_is_included: bool },
    Limit { events: Vec<Moment>, at_most: u64, window: Window },
    Wait { events: Vec<Moment>, length: Window, event_day_counts: bool },
    BusinessWait { events: Vec<Moment>, days: i64, event_day_counts: bool },
    BlockedUntil(Moment),
}

/// A contact that is asked about, and what it is judged by.
pub(super) struct Case {
    pub(super) policies: Vec<Written>,
    pub(super) calendar: Calendar,
    pub(super) from: DateTime<Utc>,
}

impl WrittenRule {
    /// The rule, with the calendar that it may look at.
    pub(super) fn rule<'a>(&'a self, calendar: &'a Calendar) -> TimeRule<'a> {
        match self {
            WrittenRule::Hours { weekdays, holidays, from, until, until_is_included } => TimeRule::Hours(Hours {
                weekdays: *weekdays,
                holidays: holidays.then_some(calendar),
                from: *from,
                until: *until,
                until_is_included: *until_is_included,
            }),
            WrittenRule::Limit { events, at_most, window } => {
                TimeRule::Limit(Limit { events, at_most: *at_most, window: *window })
            }
            WrittenRule::Wait { events, length, event_day_counts } => {
                let length = match *length {
                    Window::Days(days) => Length::Days(days),
                    Window::Months(months) => Length::Months(months),
                    Window::Exact(seconds) => Length::Exact(seconds),
                };
                TimeRule::Wait(Wait { events, length, event_day_counts: *event_day_counts })
            }
            WrittenRule::BusinessWait { events, days, event_day_counts } => TimeRule::Wait(Wait {
                events,
                length: Length::BusinessDays(*days, calendar),
                event_day_counts: *event_day_counts,
            }),
            WrittenRule::BlockedUntil(moment) => TimeRule::BlockedUntil(*moment),
        }
    }
}

impl Case {
    /// The case of a seed.
    pub(super) fn new(seed: u64) -> Case {
        let mut random = Random::new(seed);
        let (place, day) = *random.pick(&PLACES);
        let day: NaiveDate = day.parse().expect("a date");
        let mut from = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(random.between(-8_000, 1_500));
        if random.chance(30) {
            from += TimeDelta::nanoseconds(random.between(0, 59_999_999_999));
        }
        let mut chance = Chance { random, from };
        let calendar = chance.calendar();
        let mut policies = vec![chance.policy(place)];
        if chance.random.chance(20) {
            let (other, _) = *chance.random.pick(&PLACES);
            policies.push(chance.policy(other));
        }
        Case { policies, calendar, from }
    }
}

/// What decides a case.
struct Chance {
    random: Random,
    from: DateTime<Utc>,
}

impl Chance {
    fn calendar(&mut self) -> Calendar {
        let today = self.from.date_naive();
        let ahead = if self.random.chance(15) { self.random.between(0, 12) } else { 500 };
        let behind = if self.random.chance(15) { self.random.between(0, 12) } else { 500 };
        let weekend = if self.random.chance(70) { [Weekday::Sat, Weekday::Sun] } else { [Weekday::Fri, Weekday::Sat] };
        let mut holidays = BTreeMap::new();
        for _ in 0..self.random.below(8) {
            holidays.insert(self.day(15), "a holiday".to_owned());
        }
        Calendar {
            name: "generated".to_owned(),
            weekend: weekend.to_vec(),
            valid_from: today - Days::new(u64::try_from(behind).expect("days")),
            valid_until: today + Days::new(u64::try_from(ahead).expect("days")),
            holidays,
        }
    }

    fn policy(&mut self, place: Tz) -> Written {
        let mut zones = vec![place];
        for _ in 0..self.random.weighted(&[6, 3, 1]) {
            zones.push(self.random.pick(&PLACES).0);
        }
        let count = 1 + self.random.weighted(&[4, 4, 3, 1]);
        Written { zones, rules: (0..count).map(|_| self.rule()).collect() }
    }

    fn rule(&mut self) -> WrittenRule {
        match self.random.weighted(&[5, 4, 3, 2, 2]) {
            0 => self.hours(),
            1 => {
                let window = self.span();
                let events = self.events(window);
                let most = i64::try_from(events.len()).expect("few");
                let at_most = if self.random.chance(3) { 0 } else { self.random.between(1, most.max(1)) };
                WrittenRule::Limit { events, at_most: u64::try_from(at_most).expect("few"), window }
            }
            2 => {
                let length = self.span();
                let events = self.events(length);
                WrittenRule::Wait { events, length, event_day_counts: self.random.chance(50) }
            }
            3 => {
                let days = self.random.between(0, 7);
                let events = self.events(Window::Days(days));
                WrittenRule::BusinessWait { events, days, event_day_counts: self.random.chance(50) }
            }
            _ => {
                let days = *self.random.pick(&[3, 6, 45, 450]);
                WrittenRule::BlockedUntil(self.moment(days))
            }
        }
    }

    fn hours(&mut self) -> WrittenRule {
        let mut weekdays = WeekdaySet::EMPTY;
        let is_for_all = self.random.chance(40);
        for day in [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun] {
            if !is_for_all && self.random.chance(50) {
                weekdays.insert(day);
            }
        }
        let mut times = [self.time(), self.time()];
        if self.random.chance(90) {
            times.sort_unstable();
        }
        let [from, until] = times;
        WrittenRule::Hours {
            weekdays,
            holidays: !is_for_all && self.random.chance(40),
            from,
            until,
            until_is_included: self.random.chance(30),
        }
    }

    fn time(&mut self) -> NaiveTime {
        self.random.pick(&TIMES).parse().expect("a time")
    }

    fn span(&mut self) -> Window {
        match self.random.below(6) {
            0 | 1 => Window::Days(self.random.between(0, 10)),
            2 => Window::Days(self.random.between(11, 70)),
            3 => Window::Months(self.random.between(0, 3)),
            4 => Window::Exact(3600 * self.random.between(-5, 200).max(0)),
            _ => Window::Exact(self.random.between(0, 500_000)),
        }
    }

    /// A history; often one that is just about to leave a window.
    fn events(&mut self, window: Window) -> Vec<Moment> {
        let count = self.random.below(10);
        let days = *self.random.pick(&[1, 2, 6, 40]);
        let mut events: Vec<Moment> = (0..count).map(|_| self.moment(days)).collect();
        if self.random.chance(40) {
            let back = match window {
                Window::Days(days) => TimeDelta::days(days),
                Window::Months(months) => TimeDelta::days(30 * months),
                Window::Exact(seconds) => TimeDelta::seconds(seconds),
            };
            let now = self.from;
            self.from -= back;
            events.extend((0..2).map(|_| self.moment(1)).collect::<Vec<_>>());
            self.from = now;
        }
        if self.random.chance(30) {
            // Only what has been, as in most histories.
            let local = Local::of(Tz::UTC, self.from).expect("it can be held");
            events.retain(|event| event.is_not_after(&local));
        }
        events
    }

    /// A moment within so many days of the beginning, often near a full hour.
    fn moment(&mut self, days: i64) -> Moment {
        if self.random.chance(25) {
            return Moment::Date(self.day(days));
        }
        let mut instant = self.from + TimeDelta::seconds(self.random.between(-days * 86_400, days * 86_400));
        if self.random.chance(60) {
            let hour = instant.timestamp() / 1800 * 1800;
            instant = DateTime::from_timestamp(hour + self.random.between(-1, 1), 0).expect("it can be held");
        }
        Moment::Instant(instant)
    }

    fn day(&mut self, days: i64) -> NaiveDate {
        self.from.date_naive() + TimeDelta::days(self.random.between(-days, days))
    }
}
