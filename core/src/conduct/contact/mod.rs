//! The contact policies over one attempt: allow, review or deny, why, and the next minute at which it is allowed.
//!
//! Every policy is judged at each place where the debtor may be, as if the debtor were there; one that is not known is a
//! place of its own, at which nothing local can be told. The strictest verdict wins. What is unknown or fails is a
//! review at least, never an allowance.

mod looking;
mod next;
mod review;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::calendar::Calendar;
use crate::calendar::contact_times::Local;
use crate::check::contact::Form;
use crate::eval::runner::{Here, Hits, Runner};
use crate::families::{Contact, Policy, RoutineId, Row, Rule};
use crate::language::SlotId;
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
    pub(crate) fn by(channel: Outcome, contact: &Contact) -> AttemptItems {
        AttemptItems {
            channel,
            initiated_by: Value::Text(contact.us.clone()),
            purpose: Value::None,
            recipient: Value::Text(contact.debtor.clone()),
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
}

impl Judgement {
    /// Of an attempt by a channel that is not known, wanted by a step.
    pub(crate) fn of_unknown(step: &Arc<str>, failure: Failure) -> Judgement {
        let reason = Reason { rule: step.clone(), at: None, verdict: Verdict::Review, failure: Some(failure) };
        let next = Next::Never(step.clone());
        Judgement { verdict: Verdict::Review, reasons: vec![reason], has_policy: false, next }
    }

    /// Of a case that no policy speaks of.
    pub(crate) fn without_policy(at: DateTime<Utc>) -> Judgement {
        let next = whole_minute(at).map_or(Next::Beyond, Next::At);
        Judgement { verdict: Verdict::Allow, reasons: Vec::new(), has_policy: false, next }
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
    /// Where it stands: policy, rule; nothing where it is a step that asks for a contact.
    pub(crate) at: Option<(usize, Option<usize>)>,
    pub(crate) verdict: Verdict,
    /// Why it is not known what the rule says.
    pub(crate) failure: Option<Failure>,
}

/// Judges attempts for one case, one after the other. The runner's slots are those of the case's evaluation.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    contact: &'a Contact,
    room: Room,
}

/// What a judge knows of a case. Used again, it keeps the room that it has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    places: Vec<Place>,
    /// Which policies are judged where: the place, and the policy.
    judged: Vec<(usize, usize)>,
    /// Contacts that were allowed before, and the rules that count them.
    made: Vec<Made>,
    /// The rows that match, as long as that does not change: of the routine that says which policies apply, then of each
    /// policy's.
    hits: Vec<Option<Hits>>,
    /// What forms were found to look at.
    sights: Vec<Sight>,
    /// By rule, policy after policy: the place of its sight, as long as that does not change.
    seen: Vec<Option<usize>>,
    /// The instant at the place where the judge stands, where it was looked up.
    local: Option<Result<Local, Failure>>,
    /// What was found of the attempt that was judged last, and room for what is found later.
    found: Found,
    later: Found,
}

/// A contact that was allowed.
#[derive(Clone, Debug)]
struct Made {
    at: DateTime<Utc>,
    counting: Vec<RuleAt>,
}

/// The place of a rule: policy, rule.
pub(crate) type RuleAt = (usize, usize);

/// Where a policy is judged.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    /// The policy knows no place, and none of its rules asks for one.
    Nowhere,
    At(Tz),
    /// One of the places is not known, or none is.
    Unknown(Failure),
}

/// What the form of a rule looks at; nothing where there is nothing to look at.
type Sight = Result<Option<Looking>, Failure>;

/// What is found at one instant.
#[derive(Clone, Debug, Default)]
struct Found {
    objections: Vec<Objection>,
    has_policy: bool,
    counting: Vec<RuleAt>,
}

/// A rule or policy that does not allow the attempt at a place.
#[derive(Clone, Debug)]
struct Objection {
    policy: usize,
    /// Nothing where it is not known whether the policy applies.
    rule: Option<usize>,
    place: usize,
    verdict: Verdict,
    failure: Option<Failure>,
    /// What the rule looks at, where time lifts it.
    sight: Option<usize>,
}

impl<'a> Judge<'a> {
    /// Judges in room that may have been used before.
    pub(crate) fn new(contact: &'a Contact, runner: &Runner<'a>, mut room: Room) -> Judge<'a> {
        room.places.clear();
        room.judged.clear();
        for (index, policy) in contact.policies.iter().enumerate() {
            each_place(policy, runner, &mut |place| {
                let at = room.places.iter().position(|known| *known == place).unwrap_or(room.places.len());
                if at == room.places.len() {
                    room.places.push(place);
                }
                if !room.judged.contains(&(at, index)) {
                    room.judged.push((at, index));
                }
            });
        }
        room.made.clear();
        room.sights.clear();
        room.hits.resize(contact.policies.len() + 1, None);
        room.seen.clear();
        room.seen.resize(contact.policies.iter().map(|policy| policy.rules.len()).sum(), None);
        Judge { contact, room }
    }

    /// The room, for another case.
    pub(crate) fn into_room(self) -> Room {
        self.room
    }

    /// Judges an attempt at an instant.
    pub(crate) fn judge(&mut self, runner: &mut Runner<'a>, items: &AttemptItems, at: DateTime<Utc>) -> Judgement {
        self.put(runner, items);
        let mut found = std::mem::take(&mut self.room.found);
        self.look(runner, at, &mut found);
        // When a contact may be made that may be made now is asked for no review.
        let next = if found.objections.is_empty() && runner.review().is_some() {
            Next::At(at)
        } else {
            let runs = runner.searching();
            let next = self.next(runner, at, &found);
            self.review(runner, at, &next);
            runner.found(runs);
            next
        };
        let reasons = self.reasons(runner, &mut found);
        runner.stand(None);
        let verdict = reasons.iter().map(|reason| reason.verdict).max().unwrap_or(Verdict::Allow);
        let has_policy = found.has_policy;
        self.room.found = found;
        Judgement { verdict, reasons, has_policy, next }
    }

    /// The rules that count contacts and speak of the attempt that was judged last.
    pub(crate) fn take_counting(&mut self) -> Vec<RuleAt> {
        std::mem::take(&mut self.room.found.counting)
    }

    /// Lets a contact that is made count for the attempts that follow.
    pub(crate) fn make(&mut self, at: DateTime<Utc>, counting: Vec<RuleAt>) {
        for id in &counting {
            let position = self.position(*id);
            if let Some(seen) = self.room.seen.get_mut(position) {
                *seen = None;
            }
        }
        self.room.made.push(Made { at, counting });
    }

    /// Puts an attempt in its slots, and forgets what was known of another one.
    fn put(&mut self, runner: &mut Runner<'a>, items: &AttemptItems) {
        let (slots, reads) = (self.contact.attempt, self.contact.reads);
        let mut put = |slot: SlotId, is_read: bool, outcome: &dyn Fn() -> Outcome| {
            if is_read {
                runner.set(slot, outcome());
            }
        };
        put(slots.channel, reads.channel, &|| items.channel.clone());
        put(slots.initiated_by, reads.initiated_by, &|| Ok(items.initiated_by.clone()));
        put(slots.purpose, reads.purpose, &|| Ok(items.purpose.clone()));
        put(slots.recipient, reads.recipient, &|| Ok(items.recipient.clone()));
        put(slots.address, reads.address, &|| Ok(items.address.clone()));
        put(slots.template, reads.template, &|| Ok(items.template.clone()));
        self.room.hits.fill(None);
        let rules = self.contact.policies.iter().flat_map(|policy| &policy.rules);
        for (rule, seen) in rules.zip(&mut self.room.seen) {
            if rule.form_reads_attempt {
                *seen = None;
            }
        }
    }

    /// What the policies say at an instant.
    fn look(&mut self, runner: &mut Runner<'a>, at: DateTime<Utc>, found: &mut Found) {
        if self.contact.reads.at {
            runner.set(self.contact.attempt.at, Ok(Value::Timestamp(at)));
        }
        found.objections.clear();
        found.counting.clear();
        found.has_policy = false;
        let places = std::mem::take(&mut self.room.places);
        for (index, place) in places.iter().enumerate() {
            self.stand(runner, place, at);
            let applies = self.rows(runner, 0, self.contact.applies);
            for (policy, applies) in applies.iter() {
                if !self.room.judged.contains(&(index, policy)) {
                    continue;
                }
                found.has_policy = true;
                match applies {
                    Ok(()) => self.policy(runner, (policy, index), place, at, found),
                    Err(failure) => found.objections.push(Objection {
                        policy,
                        rule: None,
                        place: index,
                        verdict: Verdict::Review,
                        failure: Some(failure.clone()),
                        sight: None,
                    }),
                }
            }
        }
        self.room.places = places;
    }

    /// What the rules of a policy say at a place.
    fn policy(
        &mut self,
        runner: &mut Runner<'a>,
        (index, place_index): (usize, usize),
        place: &Place,
        at: DateTime<Utc>,
        found: &mut Found,
    ) {
        let Some(policy) = self.contact.policies.get(index) else { return };
        let speaks = self.rows(runner, index + 1, policy.speaks);
        for (position, speaks) in speaks.iter() {
            let Some(rule) = policy.rules.get(position) else { continue };
            let mut object = |verdict, failure, sight| {
                let rule = Some(position);
                found.objections.push(Objection { policy: index, rule, place: place_index, verdict, failure, sight });
            };
            if let Err(failure) = speaks {
                object(Verdict::Review, Some(failure.clone()), None);
                continue;
            }
            match &rule.form {
                Form::Deny => object(Verdict::Deny, None, None),
                Form::Review => object(Verdict::Review, None, None),
                form => {
                    let seen = self.sight(runner, (index, position), rule);
                    match (self.room.sights.get(seen), place) {
                        (Some(Ok(None)) | None, _) => {}
                        (Some(Ok(Some(looking))), Place::At(zone)) => {
                            let local = &mut self.room.local;
                            let local = local.get_or_insert_with(|| Local::of(*zone, at).map_err(Failure::from));
                            let (verdict, failure) = looking.judge(form, local, calendar(runner));
                            review::look_on(runner, looking, form, *zone, at);
                            if verdict != Verdict::Allow {
                                object(verdict, failure, Some(seen));
                            }
                        }
                        (Some(Ok(Some(_))), Place::Unknown(failure)) => {
                            object(Verdict::Review, Some(failure.clone()), None);
                        }
                        // Refused when the pack loads.
                        (Some(Ok(Some(_))), Place::Nowhere) => object(Verdict::Review, None, None),
                        (Some(Err(failure)), _) => object(Verdict::Review, Some(failure.clone()), None),
                    }
                    let counts = matches!(form, Form::Limit { .. });
                    if counts && !found.counting.contains(&(index, position)) {
                        found.counting.push((index, position));
                    }
                }
            }
        }
    }

    /// Looks from a place. What does not depend on where one stands is kept.
    fn stand(&mut self, runner: &mut Runner<'a>, place: &Place, at: DateTime<Utc>) {
        self.room.local = None;
        let place = match place {
            Place::Nowhere => None,
            Place::At(zone) => Some(Ok(*zone)),
            Place::Unknown(failure) => Some(Err(failure.clone())),
        };
        runner.stand(Some(Here { place, at }));
        let contact = self.contact;
        let varies = contact.policies.iter().map(|policy| policy.speaks_varies);
        for (hits, varies) in self.room.hits.iter_mut().zip(std::iter::once(contact.applies_varies).chain(varies)) {
            if varies {
                *hits = None;
            }
        }
    }

    /// The rows of a routine that match, or may, kept at a place among [`Room::hits`].
    fn rows(&mut self, runner: &mut Runner<'a>, at: usize, routine: RoutineId) -> Hits {
        if let Some(Some(known)) = self.room.hits.get(at) {
            return known.clone();
        }
        let rows = runner.rows(routine);
        if let Some(hits) = self.room.hits.get_mut(at) {
            *hits = Some(rows.clone());
        }
        rows
    }

    /// What the form of a rule looks at from here: its place among the sights.
    fn sight(&mut self, runner: &Runner<'a>, id: RuleAt, rule: &'a Rule) -> usize {
        let position = self.position(id);
        let seen = self.room.seen.get_mut(position);
        if let Some(Some(seen)) = seen {
            return *seen;
        }
        let at = self.room.sights.len();
        if let Some(seen) = seen.filter(|_| !rule.form_varies) {
            *seen = Some(at);
        }
        let made = self.room.made.iter().filter(|made| made.counting.contains(&id)).map(|made| made.at);
        self.room.sights.push(Looking::new(id, &rule.form, runner, made));
        at
    }

    /// The place of a rule among those of all policies.
    fn position(&self, (policy, rule): RuleAt) -> usize {
        self.contact.policies.get(policy).map_or(0, |policy| policy.first_rule) + rule
    }

    /// One reason for each rule or policy, in the order of the pack: the strictest of all places.
    fn reasons(&self, runner: &Runner<'a>, found: &mut Found) -> Vec<Reason> {
        found.objections.sort_by_key(|objection| {
            (objection.policy, objection.rule, std::cmp::Reverse(objection.verdict), objection.place)
        });
        found.objections.dedup_by_key(|objection| (objection.policy, objection.rule));
        let reason = |objection: &Objection| {
            let row = self.row(runner, objection)?;
            Some(Reason {
                rule: row.id.clone(),
                at: Some((objection.policy, objection.rule)),
                verdict: objection.verdict,
                failure: objection.failure.clone(),
            })
        };
        found.objections.iter().filter_map(reason).collect()
    }

    /// The row of the rule or policy that objects.
    fn row(&self, runner: &Runner<'a>, objection: &Objection) -> Option<&'a Row> {
        self.contact.row(runner.pack().lowered, (objection.policy, objection.rule))
    }
}

fn calendar<'a>(runner: &Runner<'a>) -> Option<&'a Calendar> {
    runner.pack().checked.calendar.as_ref()
}

/// Calls `visit` on each place where a policy is judged: at least one.
fn each_place(policy: &Policy, runner: &Runner<'_>, visit: &mut dyn FnMut(Place)) {
    let Some(slot) = policy.place else { return visit(Place::Nowhere) };
    let zones = match runner.slot(slot) {
        Ok(Value::Zone(zone)) => return visit(Place::At(zone)),
        Ok(Value::List(zones)) => zones,
        Ok(_) => Arc::from([]),
        Err(failure) => return visit(Place::Unknown(failure)),
    };
    let mut is_anywhere = false;
    for zone in zones.iter() {
        match zone {
            Ok(Value::Zone(zone)) => visit(Place::At(*zone)),
            Ok(_) => continue,
            Err(failure) => visit(Place::Unknown(failure.clone())),
        }
        is_anywhere = true;
    }
    if !is_anywhere {
        let record = &runner.pack().checked.record;
        let name = record.fields.get(slot.0 as usize).map_or("", |field| &field.name);
        visit(Place::Unknown(Failure::unknown(name)));
    }
}
