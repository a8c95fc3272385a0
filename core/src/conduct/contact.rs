//! The contact policies over one attempt: allow, review or deny, why, and the next minute at which it is allowed.
//!
//! The strictest verdict wins. What is unknown or fails is a review at least, never an allowance.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use crate::calendar::contact_times::{
    HORIZON_DAYS, Hours, Length, Limit, Local, Moment, PolicyTimes, TimeRule, Wait, Window, next_allowed,
};
use crate::calendar::{Calendar, date_at};
use crate::check::contact::Form;
use crate::eval::runner::{Here, Runner};
use crate::families::{Contact, Depends, Policy, Row};
use crate::record::Attempt;
use crate::value::{Duration, EvaluationError, Failure, Outcome, Value};

/// Whether a contact may be made. Later ones are stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It may be made.
    Allow,
    /// A person must look at it first: something is not known, or a rule says so.
    Review,
    /// It must not be made.
    Deny,
}

impl Verdict {
    /// `allow`, `review` or `deny`.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Review => "review",
            Verdict::Deny => "deny",
        }
    }
}

/// What stands in the slots of an attempt, but for its instant.
#[derive(Clone, Debug)]
pub(crate) struct AttemptItems {
    pub(crate) channel: Outcome,
    pub(crate) initiated_by: Value,
    pub(crate) purpose: Value,
    pub(crate) recipient: Value,
    pub(crate) address: Value,
    pub(crate) template: Value,
}

impl AttemptItems {
    /// An attempt of ours by a channel, of which nothing else is said.
    pub(crate) fn by(channel: Outcome) -> AttemptItems {
        AttemptItems {
            channel,
            initiated_by: Value::text("us"),
            purpose: Value::None,
            recipient: Value::text("debtor"),
            address: Value::None,
            template: Value::None,
        }
    }

    /// The items of an attempt that a host or a test says.
    pub(crate) fn of(attempt: &Attempt) -> AttemptItems {
        let optional = |text: &Option<String>| text.as_ref().map_or(Value::None, Value::text);
        AttemptItems {
            channel: Ok(Value::text(&attempt.channel)),
            initiated_by: Value::text(&attempt.initiated_by),
            purpose: optional(&attempt.purpose),
            recipient: Value::text(&attempt.recipient),
            address: optional(&attempt.address),
            template: optional(&attempt.template),
        }
    }
}

/// What the policies say of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    /// The rules and policies that do not allow it, in the order of the pack.
    pub(crate) reasons: Vec<Reason>,
    /// Whether a policy applies, or may.
    pub(crate) has_policy: bool,
    pub(crate) next: Next,
    /// The places of the rules that count contacts and speak of this attempt: policy, rule.
    pub(crate) counting: Vec<(usize, usize)>,
}

impl Judgement {
    /// Of an attempt by a channel that is not known, wanted by a step.
    pub(crate) fn of_unknown(step: &Arc<str>, failure: Failure) -> Judgement {
        let reason = Reason {
            rule: step.clone(),
            verdict: Verdict::Review,
            because: None,
            source: None,
            failure: Some(failure),
        };
        let next = Next::Never(step.clone());
        Judgement { verdict: Verdict::Review, reasons: vec![reason], has_policy: false, next, counting: Vec::new() }
    }

    /// Of a case that no policy speaks of.
    pub(crate) fn without_policy(at: DateTime<Utc>) -> Judgement {
        let (reasons, counting) = (Vec::new(), Vec::new());
        let next = whole_minute(at).map_or(Next::Beyond, Next::At);
        Judgement { verdict: Verdict::Allow, reasons, has_policy: false, next, counting }
    }
}

/// When an attempt is allowed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    At(DateTime<Utc>),
    /// Not before something else changes: a rule that no time lifts.
    Never(Arc<str>),
    /// Not within the days that are looked at.
    Beyond,
    /// A calendar or the dates end before it can be told.
    Failed(EvaluationError),
}

/// A rule or policy that does not allow an attempt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reason {
    /// The qualified id.
    pub(crate) rule: Arc<str>,
    pub(crate) verdict: Verdict,
    pub(crate) because: Option<String>,
    pub(crate) source: Option<String>,
    /// Why it is not known what the rule says.
    pub(crate) failure: Option<Failure>,
}

/// A contact that was allowed earlier in the same decision, and the rules that count it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) at: DateTime<Utc>,
    pub(crate) counting: Vec<(usize, usize)>,
}

/// Judges attempts for one case.
pub(crate) struct Judge<'r, 'a> {
    pub(crate) runner: &'r mut Runner<'a>,
    pub(crate) contact: &'a Contact,
    /// Contacts that were allowed earlier in the same decision.
    pub(crate) made: &'r [Made],
}

/// What is found at one instant.
struct Found {
    reasons: Vec<(Reason, Why)>,
    has_policy: bool,
    counting: Vec<(usize, usize)>,
    /// The rules of time that speak of the attempt.
    timed: Vec<Timed>,
}

/// What a reason depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// Nothing that time changes.
    Fixed,
    /// The instant or the place, by a condition.
    Condition,
    /// A rule of time.
    Rule,
}

/// The rules of time of one policy that speak of an attempt, with what they look at.
struct Timed {
    zones: Vec<Tz>,
    rules: Vec<Looking>,
    /// By rule: whether it speaks of the attempt at all times.
    is_firm: Vec<bool>,
}

/// A rule of time that holds what it looks at.
enum Looking {
    Hours(crate::check::contact::Hours),
    Limit { events: Vec<Moment>, at_most: u64, window: Window },
    Wait { events: Vec<Moment>, length: Duration, event_day_counts: bool },
    BlockedUntil(Moment),
}

impl<'a> Judge<'_, 'a> {
    /// Judges an attempt at an instant, whose items stand in their slots.
    pub(crate) fn judge(&mut self, items: &AttemptItems, at: DateTime<Utc>) -> Judgement {
        let attempt = self.contact.attempt;
        for (slot, outcome) in [
            (attempt.channel, items.channel.clone()),
            (attempt.initiated_by, Ok(items.initiated_by.clone())),
            (attempt.purpose, Ok(items.purpose.clone())),
            (attempt.recipient, Ok(items.recipient.clone())),
            (attempt.address, Ok(items.address.clone())),
            (attempt.template, Ok(items.template.clone())),
        ] {
            self.runner.set(slot, outcome);
        }
        let found = self.look(at);
        let verdict = found.reasons.iter().map(|(reason, _)| reason.verdict).max().unwrap_or(Verdict::Allow);
        let next = self.next(at, &found);
        self.runner.stand(None);
        Judgement {
            verdict,
            reasons: found.reasons.into_iter().map(|(reason, _)| reason).collect(),
            has_policy: found.has_policy,
            next,
            counting: found.counting,
        }
    }

    /// What the policies say at an instant.
    fn look(&mut self, at: DateTime<Utc>) -> Found {
        self.runner.set(self.contact.attempt.at, Ok(Value::Timestamp(at)));
        let mut found = Found { reasons: Vec::new(), has_policy: false, counting: Vec::new(), timed: Vec::new() };
        let policies = self.runner.pack().lowered.routine(self.contact.applies);
        for (index, applies) in self.rows(self.contact.applies, None, at) {
            let (Some(policy), Some(row)) = (self.contact.policies.get(index), policies.get(index)) else { continue };
            found.has_policy = true;
            match applies {
                Ok(()) => self.policy(index, policy, self.contact.why(row) == Why::Fixed, at, &mut found),
                Err(failure) => {
                    found.reasons.push((reason(row, Verdict::Review, Some(failure)), self.contact.why(row)))
                }
            }
        }
        found
    }

    fn policy(&mut self, index: usize, policy: &'a Policy, is_firm: bool, at: DateTime<Utc>, found: &mut Found) {
        let rows = self.runner.pack().lowered.routine(policy.rules);
        let zones = self.zones(policy);
        let mut timed = Timed { zones: zones.clone().unwrap_or_default(), rules: Vec::new(), is_firm: Vec::new() };
        for (position, speaks) in self.rows(policy.rules, zones.as_deref().ok(), at) {
            let (Some(form), Some(row)) = (policy.forms.get(position), rows.get(position)) else { continue };
            if let Err(failure) = speaks {
                found.reasons.push((reason(row, Verdict::Review, Some(failure)), self.contact.why(row)));
                continue;
            }
            match form {
                Form::Deny => found.reasons.push((reason(row, Verdict::Deny, None), self.contact.why(row))),
                Form::Review => found.reasons.push((reason(row, Verdict::Review, None), self.contact.why(row))),
                Form::Hours(_) | Form::Limit { .. } | Form::Wait { .. } | Form::BlockedUntil(_) => {
                    if matches!(form, Form::Limit { .. }) {
                        found.counting.push((index, position));
                    }
                    let looking =
                        zones.as_ref().map_err(Clone::clone).and_then(|_| self.looking((index, position), form));
                    match looking {
                        Ok(Some(looking)) => {
                            let (verdict, failure) = self.allows(&looking, &timed.zones, at);
                            if verdict != Verdict::Allow {
                                found.reasons.push((reason(row, verdict, failure), Why::Rule));
                            }
                            timed.rules.push(looking);
                            timed.is_firm.push(is_firm && self.contact.why(row) == Why::Fixed);
                        }
                        Ok(None) => {}
                        Err(failure) => {
                            found.reasons.push((reason(row, Verdict::Review, Some(failure)), Why::Fixed));
                        }
                    }
                }
            }
        }
        if !timed.rules.is_empty() {
            found.timed.push(timed);
        }
    }

    /// The rows of a routine that match, or may, at one of the places at least.
    fn rows(
        &mut self,
        routine: crate::families::RoutineId,
        zones: Option<&[Tz]>,
        at: DateTime<Utc>,
    ) -> Vec<crate::eval::runner::Hit> {
        let places = match zones {
            Some(zones) if self.contact.depends != Depends::Never => zones,
            _ => &[],
        };
        if places.len() < 2 {
            self.runner.stand(Some(Here { zone: places.first().copied(), at }));
            return self.runner.rows(routine);
        }
        let mut hits: Vec<crate::eval::runner::Hit> = Vec::new();
        for zone in places {
            self.runner.stand(Some(Here { zone: Some(*zone), at }));
            for (row, hit) in self.runner.rows(routine) {
                match hits.iter_mut().find(|(known, _)| *known == row) {
                    // A rule that speaks at one place speaks.
                    Some((_, known)) if known.is_err() && hit.is_ok() => *known = hit,
                    Some(_) => {}
                    None => hits.push((row, hit)),
                }
            }
        }
        hits.sort_by_key(|(row, _)| *row);
        hits
    }

    /// The debtor's candidate zones: at least one.
    fn zones(&self, policy: &Policy) -> Result<Vec<Tz>, Failure> {
        let Some(slot) = policy.place else { return Ok(Vec::new()) };
        let record = &self.runner.pack().checked.record;
        let name = record.fields.get(slot.0 as usize).map_or("", |field| &field.name);
        let zones = match self.runner.slot(slot)? {
            Value::Zone(zone) => vec![zone],
            Value::List(items) => items
                .iter()
                .filter_map(|item| match item {
                    Ok(Value::Zone(zone)) => Some(Ok(*zone)),
                    Ok(_) => None,
                    Err(failure) => Some(Err(failure.clone())),
                })
                .collect::<Result<Vec<Tz>, Failure>>()?,
            _ => Vec::new(),
        };
        if zones.is_empty() { Err(Failure::unknown(name)) } else { Ok(zones) }
    }

    /// A rule of time with what it looks at; nothing where there is nothing to look at.
    fn looking(&self, place: (usize, usize), form: &Form) -> Result<Option<Looking>, Failure> {
        Ok(Some(match form {
            Form::Hours(hours) => Looking::Hours(hours.clone()),
            Form::Limit { times, at_most, window } => {
                let mut events = self.moments(times)?;
                events.extend(
                    self.made.iter().filter(|made| made.counting.contains(&place)).map(|made| Moment::Instant(made.at)),
                );
                let window = match *window {
                    Duration::Days(days) | Duration::BusinessDays(days) => Window::Days(days),
                    Duration::Months(months) => Window::Months(months),
                    Duration::Exact(seconds) => Window::Exact(seconds),
                };
                Looking::Limit { events, at_most: *at_most, window }
            }
            Form::Wait { times, length, event_day_counts } => {
                Looking::Wait { events: self.moments(times)?, length: *length, event_day_counts: *event_day_counts }
            }
            Form::BlockedUntil(until) => match self.runner.value(until)? {
                Value::Date(date) => Looking::BlockedUntil(Moment::Date(date)),
                Value::Timestamp(instant) => Looking::BlockedUntil(Moment::Instant(instant)),
                _ => return Ok(None),
            },
            Form::Deny | Form::Review => return Ok(None),
        }))
    }

    fn moments(&self, times: &crate::language::Expr) -> Result<Vec<Moment>, Failure> {
        let Value::List(items) = self.runner.value(times)? else { return Ok(Vec::new()) };
        let mut moments = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.clone()? {
                Value::Date(date) => moments.push(Moment::Date(date)),
                Value::Timestamp(instant) => moments.push(Moment::Instant(instant)),
                _ => {}
            }
        }
        Ok(moments)
    }

    fn calendar(&self) -> Option<&'a Calendar> {
        self.runner.pack().checked.calendar.as_ref()
    }

    /// What a rule says at all places: one that denies outweighs one that cannot be judged.
    fn allows(&self, looking: &Looking, zones: &[Tz], at: DateTime<Utc>) -> (Verdict, Option<Failure>) {
        let Some(rule) = looking.rule(self.calendar()) else { return (Verdict::Allow, None) };
        let mut failure = None;
        for zone in zones {
            match Local::of(*zone, at).and_then(|local| rule.allows(&local)) {
                Ok(true) => {}
                Ok(false) => return (Verdict::Deny, None),
                Err(error) => failure = Some(Failure::from(error)),
            }
        }
        match failure {
            Some(failure) => (Verdict::Review, Some(failure)),
            None => (Verdict::Allow, None),
        }
    }

    /// The first whole minute from an instant on at which an attempt is allowed, all else as it is.
    fn next(&mut self, at: DateTime<Utc>, found: &Found) -> Next {
        let Some(from) = whole_minute(at) else { return Next::Beyond };
        let Some(end) = at.checked_add_signed(TimeDelta::days(HORIZON_DAYS)) else { return Next::Beyond };
        if let Some((reason, _)) = found.reasons.iter().find(|(_, why)| *why == Why::Fixed) {
            return Next::Never(reason.rule.clone());
        }
        if found.reasons.is_empty() && from == at {
            return Next::At(at);
        }
        let mut minute = from;
        while minute <= end {
            let found = self.look(minute);
            if found.reasons.is_empty() {
                return Next::At(minute);
            }
            if let Some((reason, _)) = found.reasons.iter().find(|(_, why)| *why == Why::Fixed) {
                return Next::Never(reason.rule.clone());
            }
            // Rules that speak at all times have to allow, whatever conditions come to until then.
            match self.opening(minute, &found, true) {
                Ok(Some(opening)) if opening > minute => {
                    minute = opening;
                    continue;
                }
                Ok(None) => return Next::Beyond,
                _ => {}
            }
            let border = self.border(minute, &found);
            let is_timed = found.reasons.iter().all(|(_, why)| *why == Why::Rule);
            let opening = if is_timed { self.opening(minute, &found, false) } else { Ok(None) };
            minute = match (opening, border) {
                (Ok(Some(opening)), Some(border)) => opening.min(border),
                (Ok(Some(opening)), None) => opening,
                (_, Some(border)) => border,
                (Ok(None), None) => return Next::Beyond,
                (Err(error), None) => return Next::Failed(error),
            };
        }
        Next::Beyond
    }

    /// The first minute at which all rules of time that speak now allow, or of them those that speak at all times.
    fn opening(
        &self,
        from: DateTime<Utc>,
        found: &Found,
        only_firm: bool,
    ) -> Result<Option<DateTime<Utc>>, EvaluationError> {
        let rules: Vec<Vec<TimeRule<'_>>> = found
            .timed
            .iter()
            .map(|timed| {
                let rules = timed.rules.iter().zip(&timed.is_firm).filter(|(_, is_firm)| **is_firm || !only_firm);
                rules.filter_map(|(looking, _)| looking.rule(self.calendar())).collect()
            })
            .collect();
        let policies: Vec<PolicyTimes<'_>> =
            found.timed.iter().zip(&rules).map(|(timed, rules)| PolicyTimes { rules, zones: &timed.zones }).collect();
        next_allowed(&policies, from)
    }

    /// The first minute behind this one at which conditions may come out otherwise. None where time changes none.
    fn border(&self, minute: DateTime<Utc>, found: &Found) -> Option<DateTime<Utc>> {
        match self.contact.depends {
            Depends::Never => None,
            Depends::OnMinute => minute.checked_add_signed(TimeDelta::minutes(1)),
            Depends::OnDay => {
                let own = self.runner.pack().checked.header.zone;
                let zones = found.timed.iter().flat_map(|timed| &timed.zones).chain([&own]).copied();
                let places = self.contact.policies.iter().filter_map(|policy| self.zones(policy).ok()).flatten();
                zones.chain(places).filter_map(|zone| next_day(zone, minute)).min()
            }
        }
    }
}

impl Looking {
    fn rule<'l>(&'l self, calendar: Option<&'l Calendar>) -> Option<TimeRule<'l>> {
        Some(match self {
            Looking::Hours(hours) => TimeRule::Hours(Hours {
                weekdays: hours.days.iter().copied().collect(),
                holidays: calendar.filter(|_| hours.holiday),
                from: hours.from,
                until: hours.until,
                until_is_included: hours.until_is_included,
            }),
            Looking::Limit { events, at_most, window } => {
                TimeRule::Limit(Limit { events, at_most: *at_most, window: *window })
            }
            Looking::Wait { events, length, event_day_counts } => TimeRule::Wait(Wait {
                events,
                length: match (*length, calendar) {
                    (Duration::Days(days), _) => Length::Days(days),
                    (Duration::Months(months), _) => Length::Months(months),
                    (Duration::Exact(seconds), _) => Length::Exact(seconds),
                    (Duration::BusinessDays(days), Some(calendar)) => Length::BusinessDays(days, calendar),
                    // Refused when the pack loads.
                    (Duration::BusinessDays(_), None) => return None,
                },
                event_day_counts: *event_day_counts,
            }),
            Looking::BlockedUntil(moment) => TimeRule::BlockedUntil(*moment),
        })
    }
}

impl Contact {
    /// What a reason of this row depends on.
    fn why(&self, row: &Row) -> Why {
        if row.conditions.iter().any(|condition| self.depends_of(&condition.expr) != Depends::Never) {
            Why::Condition
        } else {
            Why::Fixed
        }
    }
}

fn reason(row: &Row, verdict: Verdict, failure: Option<Failure>) -> Reason {
    Reason {
        rule: row.id.clone(),
        verdict,
        because: row.annotations.because.clone(),
        source: row.annotations.source.clone(),
        failure,
    }
}

/// The first whole minute from an instant on.
fn whole_minute(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let seconds = at.timestamp();
    let past = seconds.rem_euclid(60);
    if past == 0 && at.nanosecond() == 0 {
        return Some(at);
    }
    DateTime::from_timestamp(seconds.checked_add(60 - past)?, 0)
}

/// The first whole minute of the next day at a place.
fn next_day(zone: Tz, minute: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let next = date_at(minute, zone).succ_opt()?;
    Local::of(zone, minute).ok()?.first_on_or_after(next).ok().flatten().and_then(whole_minute)
}
