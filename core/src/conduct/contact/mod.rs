//! The contact policies over one attempt: allow, review or deny, why, and the next minute at which it is allowed.
//!
//! Every policy is judged at each place where the debtor may be, as if the debtor were there; one that is not known is a
//! place of its own, at which nothing local can be told. The strictest verdict wins. What is unknown or fails is a
//! review at least, never an allowance.

mod looking;
mod next;
mod review;

use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::calendar::Calendar;
use crate::check::contact::Form;
use crate::eval::runner::{Here, Hit, Runner};
use crate::families::{Contact, Policy, RoutineId, Row, Rule};
use crate::record::Attempt;
use crate::value::{Failure, Outcome, Value};

use looking::Looking;
use next::whole_minute;

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

impl Judge<'_, '_> {
    /// Judges an attempt at an instant.
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
        let mut watch = Watch::new(self);
        let found = watch.look(at);
        let is_shown = !found.objections.is_empty();
        let runs = watch.runner.searching(is_shown);
        let next = watch.next(at, &found);
        if is_shown {
            watch.review(at, &next);
        }
        watch.runner.found(runs);
        let reasons = watch.reasons(&found);
        self.runner.stand(None);
        Judgement {
            verdict: reasons.iter().map(|reason| reason.verdict).max().unwrap_or(Verdict::Allow),
            reasons,
            has_policy: found.has_policy,
            next,
            counting: found.counting,
        }
    }
}

/// Where a policy is judged.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    /// The policy knows no place, and none of its rules asks for one.
    Nowhere,
    At(Tz),
    /// One of the places is not known, or none is.
    Unknown(Failure),
}

/// One attempt, looked at from all places at one instant after another.
struct Watch<'w, 'a> {
    runner: &'w mut Runner<'a>,
    contact: &'a Contact,
    made: &'w [Made],
    /// Each with the policies that are judged there.
    places: Vec<(Place, Vec<usize>)>,
    /// By routine: the rows that match, as long as that does not change.
    hits: Vec<Option<Rc<[Hit]>>>,
    /// By rule: what its form looks at, where that never changes.
    lookings: Vec<((usize, usize), Sight)>,
}

/// What the form of a rule looks at; nothing where there is nothing to look at.
type Sight = Result<Option<Rc<Looking>>, Failure>;

/// What is found at one instant.
#[derive(Default)]
struct Found {
    objections: Vec<Objection>,
    has_policy: bool,
    counting: Vec<(usize, usize)>,
}

/// A rule or policy that does not allow the attempt at a place.
struct Objection {
    policy: usize,
    /// Nothing where it is not known whether the policy applies.
    rule: Option<usize>,
    place: usize,
    verdict: Verdict,
    failure: Option<Failure>,
    /// What the rule looks at, where time lifts it.
    looking: Option<Rc<Looking>>,
}

impl<'w, 'a> Watch<'w, 'a> {
    fn new<'r: 'w>(judge: &'w mut Judge<'r, 'a>) -> Watch<'w, 'a> {
        let Judge { runner, contact, made } = judge;
        let mut places: Vec<(Place, Vec<usize>)> = Vec::new();
        for (index, policy) in contact.policies.iter().enumerate() {
            for place in places_of(policy, runner) {
                match places.iter_mut().find(|(known, _)| *known == place) {
                    Some((_, policies)) => policies.push(index),
                    None => places.push((place, vec![index])),
                }
            }
        }
        let count = runner.pack().lowered.routines.len();
        Watch { runner, contact, made, places, hits: vec![None; count], lookings: Vec::new() }
    }

    /// What the policies say at an instant.
    fn look(&mut self, at: DateTime<Utc>) -> Found {
        self.runner.set(self.contact.attempt.at, Ok(Value::Timestamp(at)));
        let mut found = Found::default();
        for index in 0..self.places.len() {
            let Some((place, policies)) = self.places.get(index).cloned() else { continue };
            self.stand(&place, at);
            for (policy, applies) in self.rows(self.contact.applies).iter() {
                if !policies.contains(policy) {
                    continue;
                }
                found.has_policy = true;
                match applies {
                    Ok(()) => self.policy((*policy, index), &place, at, &mut found),
                    Err(failure) => found.objections.push(Objection {
                        policy: *policy,
                        rule: None,
                        place: index,
                        verdict: Verdict::Review,
                        failure: Some(failure.clone()),
                        looking: None,
                    }),
                }
            }
        }
        found
    }

    /// What the rules of a policy say at a place.
    fn policy(&mut self, (index, place_index): (usize, usize), place: &Place, at: DateTime<Utc>, found: &mut Found) {
        let Some(policy) = self.contact.policies.get(index) else { return };
        for (position, speaks) in self.rows(policy.speaks).iter() {
            let Some(rule) = policy.rules.get(*position) else { continue };
            let mut object = |verdict, failure, looking| {
                let rule = Some(*position);
                found.objections.push(Objection { policy: index, rule, place: place_index, verdict, failure, looking });
            };
            if let Err(failure) = speaks {
                object(Verdict::Review, Some(failure.clone()), None);
                continue;
            }
            match &rule.form {
                Form::Deny => object(Verdict::Deny, None, None),
                Form::Review => object(Verdict::Review, None, None),
                form => {
                    match (self.sight((index, *position), rule), place) {
                        (Ok(None), _) => {}
                        (Ok(Some(looking)), Place::At(zone)) => {
                            let (verdict, failure) = looking.judge(*zone, at, self.calendar());
                            self.look_on(&looking, *zone, at);
                            if verdict != Verdict::Allow {
                                object(verdict, failure, Some(looking));
                            }
                        }
                        (Ok(Some(_)), Place::Unknown(failure)) => {
                            object(Verdict::Review, Some(failure.clone()), None);
                        }
                        // Refused when the pack loads.
                        (Ok(Some(_)), Place::Nowhere) => object(Verdict::Review, None, None),
                        (Err(failure), _) => object(Verdict::Review, Some(failure), None),
                    }
                    let counts = matches!(form, Form::Limit { .. });
                    if counts && !found.counting.contains(&(index, *position)) {
                        found.counting.push((index, *position));
                    }
                }
            }
        }
    }

    /// Looks from a place. What does not depend on where one stands is kept.
    fn stand(&mut self, place: &Place, at: DateTime<Utc>) {
        let place = match place {
            Place::Nowhere => None,
            Place::At(zone) => Some(Ok(*zone)),
            Place::Unknown(failure) => Some(Err(failure.clone())),
        };
        self.runner.stand(Some(Here { place, at }));
        let varying = self.contact.policies.iter().filter(|policy| policy.speaks_varies).map(|policy| policy.speaks);
        for routine in varying.chain(self.contact.applies_varies.then_some(self.contact.applies)) {
            if let Some(hits) = self.hits.get_mut(routine.0) {
                *hits = None;
            }
        }
    }

    /// The rows of a routine that match, or may.
    fn rows(&mut self, routine: RoutineId) -> Rc<[Hit]> {
        if let Some(Some(known)) = self.hits.get(routine.0) {
            return Rc::clone(known);
        }
        let rows: Rc<[Hit]> = self.runner.rows(routine).into();
        if let Some(hits) = self.hits.get_mut(routine.0) {
            *hits = Some(Rc::clone(&rows));
        }
        rows
    }

    /// What the form of a rule looks at from here.
    fn sight(&mut self, id: (usize, usize), rule: &Rule) -> Sight {
        if let Some((_, known)) = self.lookings.iter().find(|(known, _)| *known == id) {
            return known.clone();
        }
        let made = self.made.iter().filter(|made| made.counting.contains(&id)).map(|made| made.at);
        let sight = Looking::new(&rule.form, self.runner, made).map(|looking| looking.map(Rc::new));
        if !rule.form_varies {
            self.lookings.push((id, sight.clone()));
        }
        sight
    }

    /// One reason for each rule or policy, in the order of the pack: the strictest of all places.
    fn reasons(&self, found: &Found) -> Vec<Reason> {
        let mut objections: Vec<&Objection> = found.objections.iter().collect();
        objections.sort_by_key(|objection| {
            (objection.policy, objection.rule, std::cmp::Reverse(objection.verdict), objection.place)
        });
        objections.dedup_by_key(|objection| (objection.policy, objection.rule));
        objections.into_iter().filter_map(|objection| self.reason(objection)).collect()
    }

    fn reason(&self, objection: &Objection) -> Option<Reason> {
        let row = self.row(objection)?;
        Some(Reason {
            rule: row.id.clone(),
            verdict: objection.verdict,
            because: row.annotations.because.clone(),
            source: row.annotations.source.clone(),
            failure: objection.failure.clone(),
        })
    }

    /// The row of the rule or policy that objects.
    fn row(&self, objection: &Objection) -> Option<&'a Row> {
        let lowered = self.runner.pack().lowered;
        match objection.rule {
            Some(rule) => lowered.routine(self.contact.policies.get(objection.policy)?.speaks).get(rule),
            None => lowered.routine(self.contact.applies).get(objection.policy),
        }
    }

    fn calendar(&self) -> Option<&'a Calendar> {
        self.runner.pack().checked.calendar.as_ref()
    }
}

/// The places where a policy is judged: at least one.
fn places_of(policy: &Policy, runner: &Runner<'_>) -> Vec<Place> {
    let Some(slot) = policy.place else { return vec![Place::Nowhere] };
    let zones = match runner.slot(slot) {
        Ok(Value::Zone(zone)) => return vec![Place::At(zone)],
        Ok(Value::List(zones)) => zones,
        Ok(_) => Arc::from([]),
        Err(failure) => return vec![Place::Unknown(failure)],
    };
    let places = zones.iter().filter_map(|zone| match zone {
        Ok(Value::Zone(zone)) => Some(Place::At(*zone)),
        Ok(_) => None,
        Err(failure) => Some(Place::Unknown(failure.clone())),
    });
    let mut places: Vec<Place> = places.collect();
    if places.is_empty() {
        let record = &runner.pack().checked.record;
        let name = record.fields.get(slot.0 as usize).map_or("", |field| &field.name);
        places.push(Place::Unknown(Failure::unknown(name)));
    }
    let mut distinct: Vec<Place> = Vec::new();
    for place in places {
        if !distinct.contains(&place) {
            distinct.push(place);
        }
    }
    distinct
}
