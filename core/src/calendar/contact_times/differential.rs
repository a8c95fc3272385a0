//! Generated rules, histories and places, around the days on which clocks are changed: the next time against a search
//! minute by minute, and each rule against its definition.
//!
//! Where the next time is far off, most cases are not searched minute by minute. Then the minute found, the half hour
//! before it, the hours around changes of clocks, and a minute in each hour are judged.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone, Utc, Weekday, WeekdaySet};
use chrono_tz::Tz;

use super::oracle::{Said, allows, said};
use super::*;
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
struct Written {
    zones: Vec<Tz>,
    rules: Vec<WrittenRule>,
}

enum WrittenRule {
    Hours { weekdays: WeekdaySet, holidays: bool, from: NaiveTime, until: NaiveTime, until_is_included: bool },
    Limit { events: Vec<Moment>, at_most: u64, window: Window },
    Wait { events: Vec<Moment>, length: Window, event_day_counts: bool },
    BusinessWait { events: Vec<Moment>, days: i64, event_day_counts: bool },
    BlockedUntil(Moment),
}

struct Case {
    policies: Vec<Written>,
    calendar: Calendar,
    from: DateTime<Utc>,
}

impl WrittenRule {
    fn rule<'a>(&'a self, calendar: &'a Calendar) -> TimeRule<'a> {
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

/// What decides a case.
struct Chance {
    random: Random,
    from: DateTime<Utc>,
}

impl Chance {
    fn case(seed: u64) -> Case {
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
            4 => Window::Exact(3600 * self.random.between(0, 200)),
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

/// What the generated cases came to, so that none of it goes untested unseen.
#[derive(Debug, Default)]
struct Reached {
    /// By kind of rule: allowed, denied, could not be told.
    verdicts: BTreeMap<&'static str, [u64; 3]>,
    cases: BTreeMap<&'static str, u64>,
}

impl Reached {
    fn verdict(&mut self, rule: &TimeRule<'_>, allowed: Option<bool>) {
        let kind = match rule {
            TimeRule::Hours(hours) if hours.holidays.is_some() => "hours on holidays",
            TimeRule::Hours(_) => "hours",
            TimeRule::Limit(limit) => match limit.window {
                Window::Days(_) => "limit in days",
                Window::Months(_) => "limit in months",
                Window::Exact(_) => "limit in exact time",
            },
            TimeRule::Wait(wait) => match wait.length {
                Length::Days(_) => "wait of days",
                Length::Months(_) => "wait of months",
                Length::BusinessDays(..) => "wait of business days",
                Length::Exact(_) => "wait of exact time",
            },
            TimeRule::BlockedUntil(Moment::Date(_)) => "blocked until a date",
            TimeRule::BlockedUntil(Moment::Instant(_)) => "blocked until an instant",
        };
        let [allows, denies, fails] = self.verdicts.entry(kind).or_default();
        *match allowed {
            Some(true) => allows,
            Some(false) => denies,
            None => fails,
        } += 1;
    }

    fn case(&mut self, what: &'static str, is_so: bool) {
        *self.cases.entry(what).or_default() += u64::from(is_so);
    }
}

#[test]
fn the_next_time_is_the_one_that_a_search_minute_by_minute_finds() {
    let cases = if std::env::var_os("RECOUP_SOAK").is_some() { 100_000 } else { 1_000 };
    let mut reached = Reached::default();
    for seed in 0..cases {
        let case = Chance::case(seed);
        let rules: Vec<Vec<TimeRule<'_>>> = case
            .policies
            .iter()
            .map(|policy| policy.rules.iter().map(|rule| rule.rule(&case.calendar)).collect())
            .collect();
        let policies: Vec<PolicyTimes<'_>> = case
            .policies
            .iter()
            .zip(&rules)
            .map(|(policy, rules)| PolicyTimes { zones: &policy.zones, rules })
            .collect();
        let mut random = Random::new(seed ^ 0x5eed);
        check_verdicts(seed, &policies, case.from, &mut random, &mut reached);
        check_next(seed, &policies, case.from, &mut random, &mut reached);
    }
    for (kind, [allowed, denied, failed]) in &reached.verdicts {
        let least = cases / 50;
        assert!(*allowed > least && *denied > least, "{kind}: {reached:?}");
        let may_fail = ["hours on holidays", "wait of business days"].contains(kind);
        assert_eq!(*failed > 0, may_fail, "{kind}: {reached:?}");
    }
    assert_eq!(reached.verdicts.len(), 11, "{reached:?}");
    for (what, count) in &reached.cases {
        assert!(*count >= cases / 100, "{what}: {reached:?}");
    }
    assert_eq!(reached.cases.len(), 11, "{reached:?}");
}

/// Each rule by itself, at the beginning and at instants that are no whole minutes.
fn check_verdicts(
    seed: u64,
    policies: &[PolicyTimes<'_>],
    from: DateTime<Utc>,
    random: &mut Random,
    reached: &mut Reached,
) {
    let mut do_places_differ = false;
    for policy in policies {
        for rule in policy.rules {
            let mut verdicts = Vec::new();
            for zone in policy.zones {
                let some_time = from + TimeDelta::seconds(random.between(-864_000, 864_000));
                for at in [from, some_time] {
                    let expected = allows(rule, *zone, at);
                    let local = Local::of(*zone, at).expect("it can be held");
                    let allowed = rule.allows(&local).ok();
                    assert_eq!(allowed, expected, "seed {seed}: {rule:?} in {zone} at {at}");
                    if at == from {
                        verdicts.push(allowed);
                    }
                    reached.verdict(rule, allowed);
                }
            }
            verdicts.dedup();
            do_places_differ |= verdicts.len() > 1;
        }
    }
    reached.case("places differ", do_places_differ);
}

fn check_next(
    seed: u64,
    policies: &[PolicyTimes<'_>],
    from: DateTime<Utc>,
    random: &mut Random,
    reached: &mut Reached,
) {
    let next = next_allowed(policies, from);
    let begun = from.timestamp().div_euclid(60) * 60;
    let begin = DateTime::from_timestamp(begun, 0).expect("it can be held");
    let begin = if begin < from { begin + TimeDelta::minutes(1) } else { begin };
    let last = from + TimeDelta::days(HORIZON_DAYS);
    // A search that fails says not where: what it says then is looked up minute by minute.
    let claimed = match &next {
        Ok(Some(minute)) => *minute,
        Ok(None) => last + TimeDelta::seconds(1),
        Err(_) => last,
    };
    // The farther off, the rarer is a whole search, so that each case costs about as much.
    let is_exhaustive = next.is_err() || random.between(0, (claimed - from).num_days()) < 2;
    let changes = if is_exhaustive { Vec::new() } else { hours_of_change(policies, begin, claimed) };
    let mut minute = begin;
    let mut found = None;
    while found.is_none() && minute <= last {
        match said(policies, minute) {
            Said::Allowed => found = Some(Ok(minute)),
            Said::Failed => found = Some(Err(())),
            Said::Denied => {
                let hour = minute.timestamp().div_euclid(3600);
                let is_close = is_exhaustive
                    || claimed - minute <= TimeDelta::minutes(30)
                    || changes.iter().any(|change| change.abs_diff(hour) <= 1);
                let step = if is_close { 1 } else { random.between(1, 60) };
                // The minute that is claimed is never stepped over.
                let ahead = minute + TimeDelta::minutes(step);
                minute = if minute < claimed { ahead.min(claimed.max(minute + TimeDelta::minutes(1))) } else { ahead };
            }
        }
    }
    let expected = match found {
        None => Ok(None),
        Some(Ok(minute)) => Ok(Some(minute)),
        Some(Err(())) => Err(()),
    };
    let given = next.map_err(|_| ());
    assert_eq!(given, expected, "seed {seed}: from {from} {policies:#?}");
    count(policies, from, given, reached);
    reached.case("searched minute by minute", is_exhaustive);
    reached.case("searched in part", !is_exhaustive);
}

/// The hours since 1970 within which a clock is changed.
fn hours_of_change(policies: &[PolicyTimes<'_>], from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<i64> {
    let mut hours = Vec::new();
    for zone in policies.iter().flat_map(|policy| policy.zones) {
        let mut at = from;
        while at < until {
            let next = at + TimeDelta::days(1);
            if offset(*zone, at) != offset(*zone, next) {
                let hour = |hour: &i64| offset(*zone, at + TimeDelta::hours(*hour));
                hours.extend(
                    (0..24).filter(|this| hour(this) != hour(&(this + 1))).map(|this| at.timestamp() / 3600 + this),
                );
            }
            at = next;
        }
    }
    hours
}

fn count(
    policies: &[PolicyTimes<'_>],
    from: DateTime<Utc>,
    next: Result<Option<DateTime<Utc>>, ()>,
    reached: &mut Reached,
) {
    reached.case("no answer", next == Ok(None));
    reached.case("not to be told", next.is_err());
    let found = next.ok().flatten();
    reached.case("at once", found.is_some_and(|found| found - from < TimeDelta::minutes(1)));
    reached.case("within a day", found.is_some_and(|found| (1..1440).contains(&(found - from).num_minutes())));
    reached.case("beyond 30 days", found.is_some_and(|found| found - from > TimeDelta::days(30)));
    let (mut is_put_forward, mut is_put_back, mut is_moved_by_a_day) = (false, false, false);
    if let Some(found) = found {
        for zone in policies.iter().flat_map(|policy| policy.zones) {
            let mut at = from;
            while at < found {
                let later = (at + TimeDelta::days(1)).min(found);
                let moved = offset(*zone, later) - offset(*zone, at);
                is_put_forward |= moved > 0;
                is_put_back |= moved < 0;
                is_moved_by_a_day |= moved.abs() >= 86_400 - 3600;
                at = later;
            }
        }
    }
    reached.case("a clock is put forward before the answer", is_put_forward);
    reached.case("a clock is put back before the answer", is_put_back);
    reached.case("a day is skipped or repeated before the answer", is_moved_by_a_day);
}

fn offset(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}
