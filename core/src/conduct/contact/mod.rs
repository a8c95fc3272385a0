//! The contact policies over one attempt: allow, review or deny, why, and the next minute at which it is allowed.
//!
//! Every policy is judged at each place where the debtor may be, as if the debtor were there; one that is not known is a
//! place of its own, at which nothing local can be told. The strictest verdict wins. What is unknown or fails is a
//! review at least, never an allowance.

mod looking;
mod next;
mod review;

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::calendar::Calendar;
use crate::calendar::contact_times::{Local, Moment};
use crate::check::contact::Form;
use crate::eval::runner::{Here, Hits, Runner};
use crate::families::{Contact, Policy, RoutineId, Row, Rule};
use crate::language::SlotId;
use crate::record::Attempt;
use crate::value::{Failure, Value};

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
pub(crate) struct AttemptItems<'i> {
    pub(crate) channel: Cow<'i, Value>,
    pub(crate) initiated_by: Cow<'i, Value>,
    pub(crate) purpose: Value,
    pub(crate) recipient: Cow<'i, Value>,
    pub(crate) address: Value,
    pub(crate) template: Value,
}

impl<'i> AttemptItems<'i> {
    /// An attempt of ours by a channel, of which nothing else is said.
    pub(crate) fn by(channel: &'i Value, contact: &'i Contact) -> AttemptItems<'i> {
        AttemptItems {
            channel: Cow::Borrowed(channel),
            initiated_by: Cow::Borrowed(&contact.us),
            purpose: Value::None,
            recipient: Cow::Borrowed(&contact.debtor),
            address: Value::None,
            template: Value::None,
        }
    }

    /// The items of an attempt that a host or a test says.
    pub(crate) fn of(attempt: &Attempt) -> AttemptItems<'i> {
        let text = |text: &str| Cow::Owned(Value::text(text));
        let optional = |text: &Option<String>| text.as_ref().map_or(Value::None, Value::text);
        AttemptItems {
            channel: text(&attempt.channel),
            initiated_by: text(&attempt.initiated_by),
            purpose: optional(&attempt.purpose),
            recipient: text(&attempt.recipient),
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
pub(crate) struct Judge<'a, 'r> {
    contact: &'a Contact,
    room: &'r mut Room,
}

/// What a judge knows of a case. Used again, it keeps the room that it has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    places: Vec<Place>,
    /// Which policies are judged where: the place, and the policy.
    judged: Vec<(usize, usize)>,
    /// Contacts that were allowed before, once for each rule that counts them.
    made: Vec<(DateTime<Utc>, RuleAt)>,
    /// The rows that match, as long as that does not change: of the routine that says which policies apply, then of each
    /// policy's.
    hits: Vec<Option<Hits>>,
    /// What forms were found to look at.
    sights: Vec<Sight>,
    /// By rule, policy after policy: the place of its sight, as long as that does not change.
    seen: Vec<Option<usize>>,
    /// The instant at the place where the judge stands, where it was looked up.
    local: Option<Result<Local, Failure>>,
    locals: Locals,
    /// Room for what further sights look at.
    spare: Vec<Vec<Moment>>,
    /// What was found of the attempt that was judged last, and room for what is found later.
    found: Found,
    later: Found,
}

/// Instants at places that were looked up last, for this case or one before.
#[derive(Clone, Debug, Default)]
struct Locals(Vec<Local>);

impl Locals {
    /// So many are kept: all are looked through.
    const MOST: usize = 16;

    fn of(&mut self, zone: Tz, at: DateTime<Utc>) -> Result<Local, Failure> {
        if let Some(known) = self.0.iter().find(|known| known.at() == at && known.zone() == zone) {
            return Ok(*known);
        }
        if self.0.len() >= Locals::MOST {
            self.0.clear();
        }
        let local = Local::of(zone, at)?;
        self.0.push(local);
        Ok(local)
    }
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

impl<'a, 'r> Judge<'a, 'r> {
    /// Judges in room that may have been used before.
    pub(crate) fn new(contact: &'a Contact, runner: &Runner<'a>, room: &'r mut Room) -> Judge<'a, 'r> {
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
        let looked_at = room.sights.drain(..).filter_map(|sight| sight.ok().flatten());
        room.spare.extend(looked_at.filter_map(Looking::into_room));
        room.hits.resize(contact.policies.len() + 1, None);
        room.seen.clear();
        room.seen.resize(contact.policies.iter().map(|policy| policy.rules.len()).sum(), None);
        Judge { contact, room }
    }

    /// Judges an attempt at an instant.
    pub(crate) fn judge(&mut self, runner: &mut Runner<'a>, items: &AttemptItems<'_>, at: DateTime<Utc>) -> Judgement {
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
    pub(crate) fn counting(&self) -> &[RuleAt] {
        &self.room.found.counting
    }

    /// Lets the contact that was judged last count for the attempts that follow.
    pub(crate) fn make(&mut self, at: DateTime<Utc>) {
        let counting = std::mem::take(&mut self.room.found.counting);
        self.count(at, &counting);
        self.room.found.counting = counting;
    }

    /// Lets a contact that is made count for rules.
    pub(crate) fn count(&mut self, at: DateTime<Utc>, rules: &[RuleAt]) {
        for id in rules {
            let position = self.position(*id);
            if let Some(seen) = self.room.seen.get_mut(position) {
                *seen = None;
            }
            self.room.made.push((at, *id));
        }
    }

    /// Puts an attempt in its slots, and forgets what was known of another one.
    fn put(&mut self, runner: &mut Runner<'a>, items: &AttemptItems<'_>) {
        let (slots, reads) = (self.contact.attempt, self.contact.reads);
        let mut put = |slot: SlotId, is_read: bool, value: &Value| {
            if is_read {
                runner.set(slot, Ok(value.clone()));
            }
        };
        put(slots.channel, reads.channel, &items.channel);
        put(slots.initiated_by, reads.initiated_by, &items.initiated_by);
        put(slots.purpose, reads.purpose, &items.purpose);
        put(slots.recipient, reads.recipient, &items.recipient);
        put(slots.address, reads.address, &items.address);
        put(slots.template, reads.template, &items.template);
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
                    let Room { sights, local, locals, .. } = &mut *self.room;
                    match (sights.get(seen), place) {
                        (Some(Ok(None)) | None, _) => {}
                        (Some(Ok(Some(looking))), Place::At(zone)) => {
                            let local = local.get_or_insert_with(|| locals.of(*zone, at));
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
        let made = self.room.made.iter().filter(|(_, rule)| *rule == id).map(|(at, _)| *at);
        let sight = Looking::new(id, &rule.form, runner, made, &mut self.room.spare);
        self.room.sights.push(sight);
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
    let outcome = runner.look_at(slot);
    let zones = match &*outcome {
        Ok(Value::Zone(zone)) => return visit(Place::At(*zone)),
        Ok(Value::List(zones)) => zones,
        Ok(_) => &[][..],
        Err(failure) => return visit(Place::Unknown(failure.clone())),
    };
    let mut is_anywhere = false;
    for zone in zones {
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
