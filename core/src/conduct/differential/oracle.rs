//! Contact policies a second time, as their description reads: each rule by itself, at one place and one minute.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;

use super::world::{CALENDAR_FROM, Condition, Filter, Form, HOLIDAYS, Length, PACK_ZONE, Policy, Rule, Said, World};
use crate::conduct::Verdict;

/// A condition: true, false, or not known.
type Maybe = Option<bool>;

/// A place where the debtor may be; nothing where that is not known.
type Place = Option<Tz>;

/// An item that counts, or may.
struct Item {
    at: When,
    is_certain: bool,
}

#[derive(Clone, Copy)]
enum When {
    Unknown,
    Instant(DateTime<Utc>),
    Date(NaiveDate),
}

/// What the policies say of one world.
pub(super) struct Oracle<'w> {
    world: &'w World,
    holidays: Vec<NaiveDate>,
    calendar_from: NaiveDate,
    today: NaiveDate,
    /// By policy.
    places: Vec<Vec<Place>>,
}

/// A minute as it is seen from a place.
struct Sight {
    at: DateTime<Utc>,
    pack_date: NaiveDate,
    local: Option<(Tz, NaiveDate, NaiveTime)>,
}

impl<'w> Oracle<'w> {
    pub(super) fn new(world: &'w World) -> Oracle<'w> {
        let zone = |name: &str| name.parse::<Tz>().expect("a zone");
        let places = |policy: &Policy| match (&world.case.zones, &world.case.other_zone, policy.has_own_place) {
            (_, Said::Is(name), true) => vec![Some(zone(name))],
            (_, _, true) => vec![None],
            (Said::Is(zones), _, false) if !zones.is_empty() => zones.iter().map(|name| name.map(zone)).collect(),
            _ => vec![None],
        };
        let (year, month, day) = CALENDAR_FROM;
        Oracle {
            world,
            holidays: HOLIDAYS.iter().map(|day| day.parse().expect("a date")).collect(),
            calendar_from: NaiveDate::from_ymd_opt(year, month, day).expect("a date"),
            today: world.as_of.with_timezone(&PACK_ZONE).date_naive(),
            places: world.policies.iter().map(places).collect(),
        }
    }

    /// All zones that matter to the world.
    pub(super) fn zones(&self) -> Vec<Tz> {
        let mut zones: Vec<Tz> = self.places.iter().flatten().flatten().copied().chain([PACK_ZONE]).collect();
        zones.sort_by_key(|zone| zone.name());
        zones.dedup();
        zones
    }

    /// The rules and policies that do not allow the attempt, each with the strictest that it says at any place.
    pub(super) fn objections(&self, at: DateTime<Utc>) -> Vec<(String, Verdict)> {
        let mut said = Vec::new();
        self.each(at, &mut |policy, rule, verdict| {
            let id = match rule {
                Some(rule) => format!("contact/p{policy}/r{rule}"),
                None => format!("contact/p{policy}"),
            };
            said.push((policy, rule, id, verdict));
            true
        });
        said.sort_by_key(|(policy, rule, _, verdict)| (*policy, *rule, std::cmp::Reverse(*verdict)));
        said.dedup_by_key(|(policy, rule, ..)| (*policy, *rule));
        said.into_iter().map(|(_, _, id, verdict)| (id, verdict)).collect()
    }

    pub(super) fn allows(&self, at: DateTime<Utc>) -> bool {
        let mut allows = true;
        self.each(at, &mut |_, _, _| {
            allows = false;
            false
        });
        allows
    }

    /// Whether places say differently of an instant.
    pub(super) fn places_differ(&self, at: DateTime<Utc>) -> bool {
        let pack_date = at.with_timezone(&PACK_ZONE).date_naive();
        self.world.policies.iter().zip(&self.places).any(|(policy, places)| {
            let mut seen: Vec<Verdict> = Vec::new();
            for place in places {
                let mut strictest = Verdict::Allow;
                self.policy(policy, &sight(*place, at, pack_date), &mut |_, verdict| {
                    strictest = strictest.max(verdict);
                    true
                });
                seen.push(strictest);
            }
            seen.windows(2).any(|pair| pair[0] != pair[1])
        })
    }

    /// Visits all that does not allow, until told to stop.
    fn each(&self, at: DateTime<Utc>, visit: &mut dyn FnMut(usize, Option<usize>, Verdict) -> bool) {
        let pack_date = at.with_timezone(&PACK_ZONE).date_naive();
        for (index, (policy, places)) in self.world.policies.iter().zip(&self.places).enumerate() {
            for place in places {
                let sight = sight(*place, at, pack_date);
                if !self.policy(policy, &sight, &mut |rule, verdict| visit(index, rule, verdict)) {
                    return;
                }
            }
        }
    }

    fn policy(&self, policy: &Policy, sight: &Sight, visit: &mut dyn FnMut(Option<usize>, Verdict) -> bool) -> bool {
        let in_force = in_force(policy.valid_from, policy.valid_until, sight);
        match all(policy.applies_when.iter().map(|condition| self.holds(condition, sight)).chain([in_force])) {
            Some(false) => true,
            None => visit(None, Verdict::Review),
            Some(true) => policy.rules.iter().enumerate().all(|(index, rule)| match self.rule(rule, sight) {
                Verdict::Allow => true,
                verdict => visit(Some(index), verdict),
            }),
        }
    }

    fn rule(&self, rule: &Rule, sight: &Sight) -> Verdict {
        let by_channel = rule.channels.is_empty() || rule.channels.contains(&self.world.attempt.channel);
        let any = match &rule.form {
            Form::Deny(conditions) | Form::Review(conditions) => {
                any(conditions.iter().map(|condition| self.holds(condition, sight)))
            }
            _ => Some(true),
        };
        let when = rule.when.iter().map(|condition| self.holds(condition, sight));
        let unless = rule.unless.iter().map(|condition| self.holds(condition, sight).map(|holds| !holds));
        let in_force = in_force(rule.valid_from, rule.valid_until, sight);
        match all(when.chain(unless).chain([Some(by_channel), in_force, any])) {
            Some(false) => Verdict::Allow,
            None => Verdict::Review,
            Some(true) => self.form(&rule.form, sight),
        }
    }

    fn form(&self, form: &Form, sight: &Sight) -> Verdict {
        let case = &self.world.case;
        match form {
            Form::Deny(_) => Verdict::Deny,
            Form::Review(_) => Verdict::Review,
            Form::BlockedUntilDate => match (&case.until_on, sight.local) {
                (Said::None, _) => Verdict::Allow,
                (Said::Is(last), Some((_, today, _))) => denied(today <= *last),
                _ => Verdict::Review,
            },
            Form::BlockedUntilInstant => match (&case.until_at, sight.local) {
                (Said::None, _) => Verdict::Allow,
                (Said::Is(end), Some(_)) => denied(sight.at < *end),
                _ => Verdict::Review,
            },
            Form::Hours { from, until, is_under, days, holiday } => {
                let Some((_, today, now)) = sight.local else { return Verdict::Review };
                let from = NaiveTime::from_hms_opt(from / 60, from % 60, 0).expect("a time");
                let until = NaiveTime::from_hms_opt(until / 60, until % 60, 0).expect("a time");
                let is_within = now >= from && if *is_under { now < until } else { now <= until };
                if is_within {
                    return Verdict::Allow;
                }
                if days.is_empty() && !holiday || days.contains(&today.weekday()) {
                    return Verdict::Deny;
                }
                match self.is_covered(today) {
                    true => denied(*holiday && self.holidays.contains(&today)),
                    false if *holiday => Verdict::Review,
                    false => Verdict::Allow,
                }
            }
            Form::Limit { of_letters, filter, at_most, window } => {
                let Some(items) = self.items(*of_letters, filter, sight) else { return Verdict::Review };
                let Some(local) = sight.local else { return Verdict::Review };
                let count = |may: bool| {
                    let items = items.iter().filter(|item| item.is_certain || may);
                    items.filter(|item| self.is_in_window(item.at, *window, sight.at, local)).count()
                };
                if count(false) >= *at_most {
                    return Verdict::Deny;
                }
                let is_undated = items.iter().any(|item| matches!(item.at, When::Unknown));
                if is_undated || count(true) >= *at_most { Verdict::Review } else { Verdict::Allow }
            }
            Form::Wait { of_letters, filter, length, event_day_counts } => {
                let Some(items) = self.items(*of_letters, filter, sight) else { return Verdict::Review };
                let Some(local) = sight.local else { return Verdict::Review };
                let counts = event_day_counts.unwrap_or(false);
                let waits = |may: bool| {
                    let items = items.iter().filter(|item| item.is_certain || may);
                    self.waits(items.map(|item| item.at), *length, counts, sight.at, local)
                };
                let is_undated = items.iter().any(|item| matches!(item.at, When::Unknown));
                match (waits(false), waits(true)) {
                    (Some(true), _) => Verdict::Deny,
                    (Some(false), Some(false)) if !is_undated => Verdict::Allow,
                    _ => Verdict::Review,
                }
            }
        }
    }

    /// The items that count or may; nothing where the list is not known.
    fn items(&self, of_letters: bool, filter: &Option<Filter>, sight: &Sight) -> Option<Vec<Item>> {
        let pass = |channel: &str, outcome: Option<&'static str>| match filter {
            None => Some(true),
            Some(Filter::Channel(wanted)) => Some(*wanted == channel),
            Some(Filter::Outcome(wanted)) => outcome.map(|outcome| *wanted == outcome),
            Some(Filter::OutcomeButSundays(wanted)) => {
                let is_other_day = sight.local.map(|(_, today, _)| today.weekday() != Weekday::Sun);
                all([outcome.map(|outcome| *wanted == outcome), is_other_day])
            }
        };
        let mut items = Vec::new();
        let mut add = |at: When, passes: Maybe| {
            if passes != Some(false) {
                items.push(Item { at, is_certain: passes == Some(true) && !matches!(at, When::Unknown) });
            }
        };
        if of_letters {
            let Said::Is(letters) = &self.world.case.letters else { return None };
            letters.iter().for_each(|letter| add(When::Date(letter.on), pass(letter.channel, letter.outcome)));
        } else {
            let Said::Is(calls) = &self.world.case.calls else { return None };
            for call in calls {
                add(call.at.map_or(When::Unknown, When::Instant), pass(call.channel, call.outcome));
            }
        }
        Some(items)
    }

    fn is_in_window(
        &self,
        item: When,
        window: Length,
        at: DateTime<Utc>,
        (zone, today, _): (Tz, NaiveDate, NaiveTime),
    ) -> bool {
        if let (Length::Hours(hours), When::Instant(instant)) = (window, item) {
            return instant <= at && at - instant < TimeDelta::hours(hours);
        }
        let day = match item {
            When::Unknown => return false,
            When::Instant(instant) => instant.with_timezone(&zone).date_naive(),
            When::Date(date) => date,
        };
        let after = match window {
            Length::Days(days) => today - Days::new(days.into()),
            Length::Months(months) => today - Months::new(months),
            Length::BusinessDays(_) | Length::Hours(_) => panic!("no such window is generated"),
        };
        after < day && day <= today
    }

    /// Whether a wait is not over. Not known where the calendar ends before the wait for the latest day does.
    fn waits(
        &self,
        items: impl Iterator<Item = When>,
        length: Length,
        event_day_counts: bool,
        at: DateTime<Utc>,
        (zone, today, _): (Tz, NaiveDate, NaiveTime),
    ) -> Maybe {
        let mut latest: Option<NaiveDate> = None;
        for item in items {
            let day = match item {
                When::Unknown => continue,
                When::Instant(instant) if instant > at => continue,
                When::Date(date) if date > today => continue,
                When::Instant(instant) => {
                    if let Length::Hours(hours) = length {
                        if at < instant + TimeDelta::hours(hours) {
                            return Some(true);
                        }
                        continue;
                    }
                    instant.with_timezone(&zone).date_naive()
                }
                When::Date(date) => date,
            };
            latest = latest.max(Some(day));
        }
        let Some(day) = latest else { return Some(false) };
        let end = match length {
            Length::Days(days) => day + Days::new(days.into()),
            Length::Months(months) => day + Months::new(months),
            Length::BusinessDays(count) => {
                let (mut reached, mut left) = (day, count);
                while left > 0 {
                    reached = reached + Days::new(1);
                    if !self.is_covered(reached) {
                        return None;
                    }
                    let is_weekend = matches!(reached.weekday(), Weekday::Sat | Weekday::Sun);
                    if !is_weekend && !self.holidays.contains(&reached) {
                        left -= 1;
                    }
                }
                reached
            }
            Length::Hours(_) => panic!("no exact wait for dates is generated"),
        };
        Some(if event_day_counts { today < end } else { today <= end })
    }

    fn is_covered(&self, day: NaiveDate) -> bool {
        self.calendar_from <= day && day <= self.world.calendar_until
    }

    fn holds(&self, condition: &Condition, sight: &Sight) -> Maybe {
        let case = &self.world.case;
        let is = |said: &Said<bool>| match said {
            Said::Unknown => None,
            Said::None => Some(false),
            Said::Is(is) => Some(*is),
        };
        let until = |test: &dyn Fn(DateTime<Utc>) -> bool| match &case.until_at {
            Said::Unknown => None,
            Said::None => Some(false),
            Said::Is(until) => Some(test(*until)),
        };
        let local_date = sight.local.map(|(_, date, _)| date);
        let local_seconds = sight.local.map(|(_, _, time)| time.num_seconds_from_midnight());
        match condition {
            Condition::IsConsumer => match case.is_consumer {
                Said::Is(is) => Some(is),
                _ => None,
            },
            Condition::IsHighRisk => is(&case.is_high_risk),
            Condition::Flag => match case.flag {
                Said::Is(is) => Some(is),
                _ => None,
            },
            Condition::NotFlag => self.holds(&Condition::Flag, sight).map(|is| !is),
            Condition::FlagIsKnown => Some(matches!(case.flag, Said::Is(_))),
            Condition::Channel(channel) => Some(self.world.attempt.channel == *channel),
            Condition::Purpose(purpose) => Some(self.world.attempt.purpose == Some(purpose)),
            Condition::Debtors => Some(self.world.attempt.is_debtors),
            Condition::Weekday(days) => local_date.map(|date| days.contains(&date.weekday())),
            Condition::TimeBetween(from, until) => local_seconds.map(|now| from * 60 <= now && now <= until * 60),
            Condition::TimeBefore(minutes) => local_seconds.map(|now| now < minutes * 60),
            Condition::LocalTodayFrom(date) => local_date.map(|local| local >= *date),
            Condition::LocalDateUntil(date) => local_date.map(|local| local <= *date),
            Condition::PackDateFrom(date) => Some(sight.pack_date >= *date),
            Condition::AttemptBeforeUntil => until(&|until| sight.at < until),
            Condition::SoonAfterUntil(hours) => until(&|until| sight.at - until < TimeDelta::hours(*hours)),
            Condition::TodayFrom(date) => Some(self.today >= *date),
            Condition::Both(two) => all([self.holds(&two.0, sight), self.holds(&two.1, sight)]),
            Condition::Either(two) => any([self.holds(&two.0, sight), self.holds(&two.1, sight)]),
        }
    }
}

fn sight(place: Place, at: DateTime<Utc>, pack_date: NaiveDate) -> Sight {
    let local = place.map(|zone| {
        let local = at.with_timezone(&zone).naive_local();
        (zone, local.date(), local.time())
    });
    Sight { at, pack_date, local }
}

fn in_force(from: Option<NaiveDate>, until: Option<NaiveDate>, sight: &Sight) -> Maybe {
    Some(from.is_none_or(|from| sight.pack_date >= from) && until.is_none_or(|until| sight.pack_date <= until))
}

fn denied(is_denied: bool) -> Verdict {
    if is_denied { Verdict::Deny } else { Verdict::Allow }
}

/// One that is false decides, else one that is not known.
fn all(items: impl IntoIterator<Item = Maybe>) -> Maybe {
    let mut all = Some(true);
    for item in items {
        match item {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

fn any(items: impl IntoIterator<Item = Maybe>) -> Maybe {
    all(items.into_iter().map(|item| item.map(|item| !item))).map(|all| !all)
}
