//! Generated rules, histories and places, around the days on which clocks are changed: the next time against a search
//! minute by minute, and each rule against its definition.
//!
//! Where the next time is far off, most cases are not searched minute by minute. Then the minute found, the half hour
//! before it, the hours around changes of clocks, and a minute in each hour are judged.

use std::collections::BTreeMap;

use chrono::{DateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::cases::Case;
use super::next_allowed::{PolicyTimes, next_allowed};
use super::oracle::{Said, allows, said};
use super::*;
use crate::generated::random::Random;

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
        let case = Case::new(seed);
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
