//! Worlds out of a seed.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone, Utc, Weekday};

use super::world::{
    Attempt, Call, Case, Condition, Filter, Form, Length, Letter, PACK_ZONE, Policy, Rule, Said, World,
};
use crate::generated::random::Random;

const CHANNELS: [&str; 3] = ["call", "sms", "letter"];
const OUTCOMES: [&str; 2] = ["talk", "no_answer"];
const PURPOSES: [&str; 2] = ["notice", "payment"];
const ZONES: [&str; 10] = [
    "America/New_York",
    "America/Los_Angeles",
    "America/Phoenix",
    "Pacific/Honolulu",
    "Europe/London",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
];
const DAYS: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// Policies that several cases share.
pub(super) fn policies(random: &mut Random) -> (Vec<Policy>, NaiveDate) {
    let count = 1 + random.weighted(&[5, 3, 2]);
    // Some calendars end soon.
    let calendar_until = match random.chance(20) {
        true => date(2026, 10, 1) + Days::new(random.below(120) as u64),
        false => date(2028, 12, 31),
    };
    let mut make = Generator { random };
    ((0..count).map(|_| make.policy()).collect(), calendar_until)
}

/// A case and an attempt for policies.
pub(super) fn world(policies: Vec<Policy>, calendar_until: NaiveDate, random: &mut Random) -> World {
    let mut make = Generator { random };
    let as_of = make.instant();
    let at = make.random.chance(25).then(|| as_of + TimeDelta::minutes(make.random.between(-6_000, 20_000)));
    let case = make.case(as_of);
    let attempt = Attempt {
        channel: make.channel(),
        at,
        purpose: make.random.chance(40).then(|| *make.random.pick(&PURPOSES)),
        is_debtors: make.random.chance(15),
    };
    World { policies, calendar_until, case, attempt, as_of }
}

struct Generator<'r> {
    random: &'r mut Random,
}

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date")
}

impl Generator<'_> {
    /// Near a change of the clocks, or anywhere in a year.
    fn instant(&mut self) -> DateTime<Utc> {
        let near = [(2026, 3, 8), (2026, 3, 29), (2026, 4, 5), (2026, 10, 4), (2026, 10, 25), (2026, 11, 1)];
        let day = if self.random.chance(50) {
            let (year, month, day) = *self.random.pick(&near);
            date(year, month, day) - Days::new(self.random.below(4) as u64)
        } else {
            date(2026, 1, 10) + Days::new(self.random.below(300) as u64)
        };
        let start = Utc.from_utc_datetime(&day.and_hms_opt(0, 0, 0).expect("midnight"));
        let minute = start + TimeDelta::minutes(self.random.between(0, 1_439));
        if self.random.chance(30) { minute + TimeDelta::seconds(self.random.between(1, 59)) } else { minute }
    }

    fn date(&mut self) -> NaiveDate {
        date(2026, 1, 1) + Days::new(self.random.below(400) as u64)
    }

    fn channel(&mut self) -> &'static str {
        CHANNELS[self.random.weighted(&[6, 2, 2])]
    }

    fn days(&mut self) -> Vec<Weekday> {
        let mut days: Vec<Weekday> = DAYS.into_iter().filter(|_| self.random.chance(35)).collect();
        if days.is_empty() {
            days.push(*self.random.pick(&DAYS));
        }
        days
    }

    /// A time of day in minutes, mostly a whole hour.
    fn time(&mut self, from: i64, until: i64) -> u32 {
        let minutes = match self.random.chance(70) {
            true => self.random.between(from, until) * 60,
            false => self.random.between(from * 4, until * 4) * 15,
        };
        u32::try_from(minutes).expect("a time of day")
    }

    fn policy(&mut self) -> Policy {
        let applies_when = if self.random.chance(55) { self.conditions(1) } else { Vec::new() };
        let (valid_from, valid_until) = self.validity(8);
        let rules = (0..1 + self.random.weighted(&[3, 4, 3, 2])).map(|_| self.rule()).collect();
        Policy { applies_when, has_own_place: self.random.chance(15), valid_from, valid_until, rules }
    }

    fn validity(&mut self, percent: usize) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let from = self.random.chance(percent).then(|| self.date());
        let until = self.random.chance(percent).then(|| self.date());
        match (from, until) {
            (Some(from), Some(until)) if until <= from => (Some(until), Some(from + Days::new(1))),
            both => both,
        }
    }

    fn rule(&mut self) -> Rule {
        let channels = if self.random.chance(45) { vec![self.channel()] } else { Vec::new() };
        let when = if self.random.chance(25) { self.conditions(1) } else { Vec::new() };
        let unless = if self.random.chance(20) { self.conditions(1) } else { Vec::new() };
        let (valid_from, valid_until) = self.validity(8);
        Rule { channels, when, unless, valid_from, valid_until, form: self.form() }
    }

    fn conditions(&mut self, least: usize) -> Vec<Condition> {
        (0..least + usize::from(self.random.chance(20))).map(|_| self.condition(true)).collect()
    }

    fn condition(&mut self, is_outer: bool) -> Condition {
        match self.random.weighted(&[10, 6, 5, 4, 2, 5, 6, 4, 8, 7, 5, 4, 4, 4, 4, 1, 2, 6, 6]) {
            0 => Condition::IsConsumer,
            1 => Condition::IsHighRisk,
            2 => Condition::Flag,
            3 => Condition::NotFlag,
            4 => Condition::FlagIsKnown,
            5 => Condition::Channel(self.channel()),
            6 => Condition::Purpose(PURPOSES[self.random.below(2)]),
            7 => Condition::Debtors,
            8 => Condition::Weekday(self.days()),
            9 => {
                let from = self.time(0, 20);
                Condition::TimeBetween(from, from + self.time(0, 3))
            }
            10 => Condition::TimeBefore(self.time(1, 23)),
            11 => Condition::LocalTodayFrom(self.date()),
            12 => Condition::LocalDateUntil(self.date()),
            13 => Condition::PackDateFrom(self.date()),
            14 => Condition::AttemptBeforeUntil,
            15 => Condition::SoonAfterUntil(self.random.between(-30, 50)),
            16 => Condition::TodayFrom(self.date()),
            17 if is_outer => Condition::Both(Box::new((self.condition(false), self.condition(false)))),
            18 if is_outer => Condition::Either(Box::new((self.condition(false), self.condition(false)))),
            _ => Condition::IsConsumer,
        }
    }

    fn filter(&mut self) -> Option<Filter> {
        match self.random.weighted(&[3, 5, 3, 1]) {
            0 => None,
            1 => Some(Filter::Outcome(self.outcome_word())),
            2 => Some(Filter::Channel(self.channel())),
            _ => Some(Filter::OutcomeButSundays(self.outcome_word())),
        }
    }

    fn form(&mut self) -> Form {
        let of_letters = self.random.chance(30);
        let length = match (self.random.weighted(&[6, 2, 3]), of_letters) {
            (0, _) => Length::Days(u32::try_from(self.random.between(1, 40)).expect("days")),
            (1, _) | (_, true) => Length::Months(u32::try_from(self.random.between(1, 3)).expect("months")),
            _ => Length::Hours(self.random.between(1, 100)),
        };
        match self.random.weighted(&[3, 2, 8, 6, 6, 2, 2]) {
            0 => Form::Deny(self.conditions(1)),
            1 => Form::Review(self.conditions(1)),
            2 => {
                let (days, holiday) = match self.random.weighted(&[5, 3, 3]) {
                    0 => (Vec::new(), false),
                    1 => (self.days(), false),
                    _ => (if self.random.chance(60) { self.days() } else { Vec::new() }, true),
                };
                let from = self.time(0, 14);
                let until = from + self.time(1, 9);
                Form::Hours { from, until, is_under: self.random.chance(60), days, holiday }
            }
            3 => Form::Limit {
                of_letters,
                filter: self.filter(),
                at_most: self.random.weighted(&[1, 4, 4, 3, 2]),
                window: length,
            },
            4 => {
                let length = match self.random.chance(30) {
                    true => Length::BusinessDays(u32::try_from(self.random.between(1, 12)).expect("days")),
                    false => length,
                };
                let event_day_counts = match length {
                    Length::Hours(_) => None,
                    _ => self.random.chance(60).then(|| self.random.chance(60)),
                };
                Form::Wait { of_letters, filter: self.filter(), length, event_day_counts }
            }
            5 => Form::BlockedUntilDate,
            _ => Form::BlockedUntilInstant,
        }
    }

    fn said<T>(&mut self, unknown: usize, none: usize, value: impl FnOnce(&mut Self) -> T) -> Said<T> {
        match self.random.weighted(&[unknown, none, 100 - unknown - none]) {
            0 => Said::Unknown,
            1 => Said::None,
            _ => Said::Is(value(self)),
        }
    }

    fn case(&mut self, as_of: DateTime<Utc>) -> Case {
        Case {
            is_consumer: self.said(6, 0, |make| make.random.chance(75)),
            is_high_risk: self.said(4, 20, |make| make.random.chance(40)),
            flag: self.said(8, 0, |make| make.random.chance(40)),
            zones: self.said(3, 0, Generator::zones),
            other_zone: self.said(4, 6, |make| *make.random.pick(&ZONES)),
            until_on: self.said(4, 30, |make| make.moved(as_of, -6, 500).with_timezone(&PACK_ZONE).date_naive()),
            until_at: self.said(4, 30, |make| make.moved(as_of, -6, 90)),
            calls: self.said(2, 0, |make| (0..make.random.below(8)).map(|_| make.call(as_of)).collect()),
            letters: self.said(2, 0, |make| (0..make.random.below(6)).map(|_| make.letter(as_of)).collect()),
        }
    }

    fn zones(&mut self) -> Vec<Option<&'static str>> {
        let count = self.random.weighted(&[3, 50, 32, 15]);
        (0..count).map(|_| (!self.random.chance(3)).then(|| *self.random.pick(&ZONES))).collect()
    }

    /// An instant so many days away at most, at a whole minute.
    fn moved(&mut self, as_of: DateTime<Utc>, from: i64, until: i64) -> DateTime<Utc> {
        let until = if self.random.chance(60) { until.min(12) } else { until };
        let at = as_of + TimeDelta::minutes(self.random.between(from * 1_440, until * 1_440));
        at - TimeDelta::seconds(at.timestamp().rem_euclid(60))
    }

    fn call(&mut self, as_of: DateTime<Utc>) -> Call {
        let at = (!self.random.chance(1))
            .then(|| self.moved(as_of, -45, 0) - TimeDelta::seconds(self.random.between(0, 59)));
        Call { at, channel: self.channel(), outcome: self.outcome() }
    }

    fn letter(&mut self, as_of: DateTime<Utc>) -> Letter {
        let on = self.moved(as_of, -45, 0).with_timezone(&PACK_ZONE).date_naive();
        Letter { on, channel: self.channel(), outcome: self.outcome() }
    }

    fn outcome_word(&mut self) -> &'static str {
        OUTCOMES[self.random.below(2)]
    }

    fn outcome(&mut self) -> Option<&'static str> {
        (!self.random.chance(6)).then(|| self.outcome_word())
    }
}
