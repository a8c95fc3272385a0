//! Generated policies, cases and attempts, judged by the engine and by a second account of the design: the same
//! verdicts, reasons and next minutes.
//!
//! The second account looks minute by minute for some days, and from then on at all minutes at which something of what
//! was generated may change, and at some others.

mod generate;
mod oracle;
mod world;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::Verdict;
use crate::engine::Engine;
use crate::generated::random::Random;
use oracle::Oracle;
use world::{Condition, Form, Length, PACK_ZONE, Said, World};

/// How many cases one pack is tried with.
const CASES: u64 = 5;
const HORIZON: i64 = 400;

#[test]
fn generated_policies_are_judged_as_the_design_says() {
    let packs = if std::env::var_os("RECOUP_SOAK").is_some() { 20_000 } else { 200 };
    let reached = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|thread| {
                scope.spawn(move || {
                    let mut reached = Reached::default();
                    (0..packs).filter(|seed| seed % 2 == thread).for_each(|seed| try_pack(seed, &mut reached));
                    reached
                })
            })
            .collect();
        let mut all = Reached::default();
        for thread in threads {
            match thread.join() {
                Ok(reached) => reached.0.into_iter().for_each(|(what, count)| *all.0.entry(what).or_default() += count),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    let least = [
        ("cases", 1_000),
        ("allow", 150),
        ("review", 90),
        ("deny", 300),
        ("deny: deny_when", 20),
        ("deny: hours", 100),
        ("deny: limit", 60),
        ("deny: wait", 60),
        ("deny: blocked_until date", 10),
        ("deny: blocked_until instant", 10),
        ("review: review_when", 10),
        ("review: not known", 100),
        ("review: a policy", 20),
        ("several policies object", 60),
        ("the strictest of several policies", 20),
        ("places differ", 40),
        ("clocks forward until the answer", 10),
        ("clocks back until the answer", 10),
        ("an answer at once", 150),
        ("an answer later", 150),
        ("no answer", 100),
        ("an answer behind 30 days", 15),
        ("an answer that waits for a day of a condition", 10),
        ("an answer that waits for a time of a condition", 10),
        ("an own place", 40),
        ("a calendar that ends", 60),
    ];
    let missed: Vec<String> = least
        .iter()
        .filter(|(what, least)| reached.0.get(what).copied().unwrap_or(0) < *least)
        .map(|(what, least)| format!("{what}: {} of {least}", reached.0.get(what).copied().unwrap_or(0)))
        .collect();
    assert!(missed.is_empty(), "not reached: {missed:?} of {:?}", reached.0);
}

/// How often something was met.
#[derive(Default)]
struct Reached(BTreeMap<&'static str, u64>);

impl Reached {
    fn met(&mut self, what: &'static str, is_met: bool) {
        *self.0.entry(what).or_default() += u64::from(is_met);
    }
}

/// Generated policies as a pack, cases for it as JSON, and when each is decided.
pub(crate) fn texts(seed: u64, cases: usize) -> (String, Vec<(String, DateTime<Utc>)>) {
    let mut random = Random::new(seed);
    let (policies, calendar_until) = generate::policies(&mut random);
    let mut world = || generate::world(policies.clone(), calendar_until, &mut random);
    let pack = world().pack();
    let cases = (0..cases).map(|_| world()).map(|world| (world.record(), world.as_of)).collect();
    (pack, cases)
}

fn try_pack(seed: u64, reached: &mut Reached) {
    let mut random = Random::new(seed);
    let (policies, calendar_until) = generate::policies(&mut random);
    let mut engine: Option<Engine> = None;
    for case in 0..CASES {
        let world = generate::world(policies.clone(), calendar_until, &mut random);
        let engine = engine.get_or_insert_with(|| {
            let pack = world.pack();
            Engine::from_sources("world", [("world/pack.yaml", pack.clone())])
                .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{pack}"))
        });
        if let Err(difference) = try_world(engine, &world, &mut random, reached) {
            panic!(
                "seed {seed}, case {case}: {difference}\n{}\nas of {}\nattempt {:?}\n{}",
                world.pack(),
                world.as_of,
                world.attempt,
                world.record()
            );
        }
    }
}

fn try_world(engine: &Engine, world: &World, random: &mut Random, reached: &mut Reached) -> Result<(), String> {
    let check = engine
        .check_contact(&world.record(), &world.attempt(), world.as_of)
        .map_err(|error| format!("refused: {error}"))?;
    let oracle = Oracle::new(world);
    let at = check.at();
    let objections = oracle.objections(at);
    let found: Vec<(String, Verdict)> =
        check.reasons().iter().map(|reason| (reason.rule.to_string(), reason.verdict)).collect();
    if objections != found {
        return Err(format!("expected {objections:?}, found {found:?}"));
    }
    let verdict = objections.iter().map(|(_, verdict)| *verdict).max().unwrap_or(Verdict::Allow);
    if verdict != check.verdict() {
        return Err(format!("expected {verdict:?}, found {:?}", check.verdict()));
    }
    let next = check.next_allowed_at();
    let last = at + TimeDelta::days(HORIZON);
    if let Some(next) = next
        && !(oracle.allows(next) && next.timestamp() % 60 == 0 && at <= next && next <= last)
    {
        return Err(format!("{next} is no whole minute, from {at} on, that is allowed: {:?}", oracle.objections(next)));
    }
    let until = next.unwrap_or(last + TimeDelta::minutes(1));
    if let Some(earlier) = minutes(world, &oracle, at, until, random).into_iter().find(|minute| oracle.allows(*minute))
    {
        return Err(format!("{earlier} is allowed, found {next:?} ({:?})", check.never_because()));
    }
    reach(world, &oracle, &objections, at, next, reached);
    Ok(())
}

/// Minutes before another at which something may change: all of two days, the borders of all rules and conditions of
/// all days, and some others.
fn minutes(
    world: &World,
    oracle: &Oracle<'_>,
    at: DateTime<Utc>,
    until: DateTime<Utc>,
    random: &mut Random,
) -> Vec<DateTime<Utc>> {
    let first = ceiled(at);
    let mut minutes: Vec<DateTime<Utc>> = (0..2_880).map(|minute| first + TimeDelta::minutes(minute)).collect();
    minutes.extend((0..100).map(|_| first + TimeDelta::minutes(random.between(0, HORIZON * 1_440))));
    let times = times_of_day(world);
    let zones = oracle.zones();
    let days = (until - at).num_days() + 3;
    for zone in &zones {
        let today = at.with_timezone(zone).date_naive();
        for day in 0..u64::try_from(days).expect("days ahead") {
            let day = today + Days::new(day);
            for time in &times {
                let shown = zone.from_local_datetime(&day.and_time(*time));
                minutes.extend([shown.earliest(), shown.latest()].into_iter().flatten().map(|at| ceiled(at.to_utc())));
            }
        }
    }
    minutes.extend(changes(&zones, at, until).into_iter().map(|(change, _)| change));
    let mut instants: Vec<DateTime<Utc>> = Vec::new();
    if let Said::Is(until) = world.case.until_at {
        instants.push(until);
        instants.extend(spans(world).into_iter().map(|span| until + span));
    }
    if let Said::Is(calls) = &world.case.calls {
        let ends = calls.iter().filter_map(|call| call.at);
        instants.extend(ends.flat_map(|at| spans(world).into_iter().map(move |span| at + span)));
    }
    minutes.extend(instants.iter().flat_map(|at| [ceiled(*at), ceiled(*at + TimeDelta::seconds(1))]));
    minutes.retain(|minute| first <= *minute && *minute < until);
    minutes
}

/// The times of day that rules and conditions name, and those just behind them.
fn times_of_day(world: &World) -> Vec<NaiveTime> {
    let mut minutes = vec![0];
    let mut visit = |condition: &Condition| match condition {
        Condition::TimeBetween(from, until) => minutes.extend([*from, until + 1]),
        Condition::TimeBefore(time) => minutes.push(*time),
        _ => {}
    };
    each_condition(world, &mut visit);
    for form in world.policies.iter().flat_map(|policy| &policy.rules).map(|rule| &rule.form) {
        if let Form::Hours { from, .. } = form {
            minutes.push(*from);
        }
    }
    minutes.sort_unstable();
    minutes.dedup();
    minutes.iter().filter_map(|minute| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0)).collect()
}

/// The spans of exact time that rules and conditions name.
fn spans(world: &World) -> Vec<TimeDelta> {
    let mut spans = vec![TimeDelta::zero()];
    each_condition(world, &mut |condition| {
        if let Condition::SoonAfterUntil(hours) = condition {
            spans.push(TimeDelta::hours(*hours));
        }
    });
    for form in world.policies.iter().flat_map(|policy| &policy.rules).map(|rule| &rule.form) {
        if let Form::Limit { window: Length::Hours(hours), .. } | Form::Wait { length: Length::Hours(hours), .. } = form
        {
            spans.push(TimeDelta::hours(*hours));
        }
    }
    spans
}

fn each_condition(world: &World, visit: &mut dyn FnMut(&Condition)) {
    for policy in &world.policies {
        policy.applies_when.iter().for_each(|condition| inner(condition, visit));
        for rule in &policy.rules {
            rule.when.iter().chain(&rule.unless).for_each(|condition| inner(condition, visit));
            if let Form::Deny(conditions) | Form::Review(conditions) = &rule.form {
                conditions.iter().for_each(|condition| inner(condition, visit));
            }
        }
    }
}

fn inner(condition: &Condition, visit: &mut dyn FnMut(&Condition)) {
    visit(condition);
    if let Condition::Both(two) | Condition::Either(two) = condition {
        inner(&two.0, visit);
        inner(&two.1, visit);
    }
}

/// When clocks are changed, and whether they are put forward.
fn changes(zones: &[Tz], from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<(DateTime<Utc>, bool)> {
    let mut changes = Vec::new();
    for zone in zones {
        let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
        // No zone changes its clock but at a whole quarter of an hour of UTC.
        let mut at = from - TimeDelta::seconds(from.timestamp().rem_euclid(86_400));
        while at <= until {
            let next = at + TimeDelta::days(1);
            if offset(at) != offset(next) {
                let quarters = (0..96).map(|quarter| at + TimeDelta::minutes(15 * (quarter + 1)));
                let change = quarters.into_iter().find(|quarter| offset(*quarter) != offset(at));
                changes.extend(change.map(|change| (change, offset(next) > offset(at))));
            }
            at = next;
        }
    }
    changes.retain(|(change, _)| from <= *change && *change <= until);
    changes
}

/// The first whole minute from an instant on.
fn ceiled(at: DateTime<Utc>) -> DateTime<Utc> {
    let past = at.timestamp().rem_euclid(60);
    if past == 0 { at } else { at + TimeDelta::seconds(60 - past) }
}

fn reach(
    world: &World,
    oracle: &Oracle<'_>,
    objections: &[(String, Verdict)],
    at: DateTime<Utc>,
    next: Option<DateTime<Utc>>,
    reached: &mut Reached,
) {
    let verdict = objections.iter().map(|(_, verdict)| *verdict).max().unwrap_or(Verdict::Allow);
    reached.met("cases", true);
    reached.met("allow", verdict == Verdict::Allow);
    reached.met("review", verdict == Verdict::Review);
    reached.met("deny", verdict == Verdict::Deny);
    let mut policies = BTreeMap::new();
    for (id, verdict) in objections {
        let mut parts =
            id.trim_start_matches("contact/p").split("/r").map(|part| part.parse::<usize>().expect("a place"));
        let policy = parts.next().expect("a policy");
        let strictest = policies.entry(policy).or_insert(*verdict);
        *strictest = (*strictest).max(*verdict);
        let form = parts.next().map(|rule| &world.policies[policy].rules[rule].form);
        let what = match (form, verdict) {
            (None, _) => "review: a policy",
            (Some(Form::Review(_)), _) => "review: review_when",
            (Some(_), Verdict::Review) => "review: not known",
            (Some(Form::Deny(_)), _) => "deny: deny_when",
            (Some(Form::Hours { .. }), _) => "deny: hours",
            (Some(Form::Limit { .. }), _) => "deny: limit",
            (Some(Form::Wait { .. }), _) => "deny: wait",
            (Some(Form::BlockedUntilDate), _) => "deny: blocked_until date",
            (Some(Form::BlockedUntilInstant), _) => "deny: blocked_until instant",
        };
        reached.met(what, true);
    }
    reached.met("several policies object", policies.len() > 1);
    reached.met("the strictest of several policies", policies.values().any(|one| *one != verdict));
    reached.met("places differ", oracle.places_differ(at));
    reached.met("an own place", world.policies.iter().any(|policy| policy.has_own_place));
    let end = next.unwrap_or(at + TimeDelta::days(HORIZON)).with_timezone(&PACK_ZONE).date_naive();
    reached.met("a calendar that ends", world.calendar_until < end);
    reached.met("an answer at once", next == Some(at));
    reached.met("an answer later", next.is_some_and(|next| next > ceiled(at)));
    reached.met("no answer", next.is_none());
    let Some(next) = next.filter(|next| *next > ceiled(at)) else { return };
    reached.met("an answer behind 30 days", next - at > TimeDelta::days(30));
    let changes = changes(&oracle.zones(), at, next);
    reached.met("clocks forward until the answer", changes.iter().any(|(_, is_forward)| *is_forward));
    reached.met("clocks back until the answer", changes.iter().any(|(_, is_forward)| !is_forward));
    let before = oracle.objections(next - TimeDelta::minutes(1));
    let mut waits = (false, false);
    each_condition(world, &mut |condition| {
        waits.0 |=
            matches!(condition, Condition::Weekday(_) | Condition::LocalTodayFrom(_) | Condition::LocalDateUntil(_));
        waits.1 |= matches!(condition, Condition::TimeBetween(..) | Condition::TimeBefore(_));
    });
    let is_condition = before.iter().any(|(id, verdict)| {
        let mut parts =
            id.trim_start_matches("contact/p").split("/r").map(|part| part.parse::<usize>().expect("a place"));
        let policy = &world.policies[parts.next().expect("a policy")];
        match parts.next().map(|rule| &policy.rules[rule].form) {
            Some(Form::Deny(_) | Form::Review(_)) | None => true,
            Some(_) => *verdict == Verdict::Review,
        }
    });
    let is_midnight = oracle.zones().iter().any(|zone| next.with_timezone(zone).time() == NaiveTime::MIN);
    reached.met("an answer that waits for a day of a condition", is_condition && is_midnight && waits.0);
    reached.met("an answer that waits for a time of a condition", is_condition && !is_midnight && waits.1);
}
