//! The actions that a decision asks the host for: what each is done with, and whether the contact policies allow it.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use super::cadence::Occurrence;
use super::contact::{self, AttemptItems, Judge, Judgement, Next, RuleAt, Verdict};
use crate::calendar::contact_times::Local;
use crate::check::CheckedPack;
use crate::check::actions::{CheckedAction, CheckedTemplate, ParamKind};
use crate::check::workflows::{ChannelChoice, CheckedStage, CheckedStep, CheckedWorkflow, StepValue};
use crate::eval::runner::Runner;
use crate::families::Contact;
use crate::state::State;
use crate::value::show::Show;
use crate::value::{Absence, Failure, Outcome, Value, stored};

/// Whether an action can be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionStatus {
    /// It can be done now.
    Ready,
    /// It must not be done now.
    Blocked,
    /// A person must look at it first.
    NeedsReview,
}

impl ActionStatus {
    /// `ready`, `blocked` or `needs_review`.
    pub fn word(self) -> &'static str {
        match self {
            ActionStatus::Ready => "ready",
            ActionStatus::Blocked => "blocked",
            ActionStatus::NeedsReview => "needs_review",
        }
    }
}

/// An action that is due. What its step and its action declare is looked up by their places.
#[derive(Clone, Debug)]
pub(crate) struct Proposed {
    /// The same for the same case, entry into a stage, step and due date.
    pub(crate) id: ActionId,
    /// The stage that asks for it, in the workflow in which the case stands, and the step.
    pub(crate) stage: usize,
    pub(crate) step: usize,
    pub(crate) entry: u32,
    pub(crate) occurrence: Occurrence,
    /// What else it is done with, by the place of the parameter.
    pub(crate) params: Vec<(usize, Value)>,
    pub(crate) template: Option<TemplateUse>,
    pub(crate) status: ActionStatus,
    /// The channel that it goes by.
    pub(crate) channel: Option<Arc<str>>,
    /// What the contact policies say of the channels that were tried, up to the one that was taken.
    pub(crate) verdicts: Vec<(Outcome, Judgement)>,
    /// When it can be done, where it is blocked.
    pub(crate) not_before: Option<DateTime<Utc>>,
    /// The hold that keeps it back.
    pub(crate) hold: Option<String>,
    /// Who approved it.
    pub(crate) approved_by: Option<String>,
}

/// An action's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ActionId([u8; 16]);

/// The template of an action, by its place in the pack, and what it shows.
#[derive(Clone, Debug)]
pub(crate) struct TemplateUse {
    pub(crate) template: usize,
    pub(crate) language: Option<Arc<str>>,
    /// In the order of what the template needs.
    pub(crate) values: Vec<Outcome>,
}

/// The action of a step; `at` are the places of the workflow, the stage and the step, `room` is any text.
///
/// # Errors
/// Where a value that it is done with is unknown or fails.
pub(super) fn propose(
    runner: &Runner<'_>,
    state: &State,
    at: (usize, usize, usize),
    occurrence: Occurrence,
    room: &mut Vec<u8>,
) -> Result<Option<Proposed>, Failure> {
    let checked = runner.pack().checked;
    let Some(place) = Place::of(checked, at) else { return Ok(None) };
    let mut params = Vec::new();
    let mut template = None;
    for (index, param) in place.action.params.iter().enumerate() {
        let given = place.step.params.iter().find(|given| given.param == index).map(|given| &given.value);
        match (given, &param.kind) {
            (Some(StepValue::Value(expr, field)), _) => {
                let value = stored(runner.value(expr)?, field.decimals, field.rounding, &field.range)?;
                if !value.is_none() {
                    params.push((index, value));
                }
            }
            (Some(StepValue::Template(index)), _) => {
                template = checked.templates.get(*index).map(|known| template_use(runner, known, *index));
            }
            (None, ParamKind::Value(field)) => {
                if let Absence::Default(value) = &field.absence {
                    params.push((index, value.clone()));
                }
            }
            (Some(StepValue::Channels(_)) | None, _) => {}
        }
    }
    let of_stage = [state.case(), &place.workflow.name, &place.stage.name];
    Ok(Some(Proposed {
        id: ActionId::new(of_stage, state.entry(), &place.step.name, occurrence.due, room),
        stage: at.1,
        step: at.2,
        entry: state.entry(),
        occurrence,
        params,
        template,
        status: ActionStatus::Ready,
        channel: None,
        verdicts: Vec::new(),
        not_before: None,
        hold: None,
        approved_by: None,
    }))
}

/// Lets the contact policies judge the actions in their order; one that is allowed counts for the next.
pub(super) fn gate(
    actions: &mut [Proposed],
    workflow: usize,
    runner: &mut Runner<'_>,
    state: &State,
    room: &mut contact::Room,
) {
    let checked = runner.pack().checked;
    let (as_of, today) = (runner.as_of(), runner.today());
    let hold = state.is_on_hold(today);
    if !actions.is_empty() {
        super::review::holds(runner, state);
    }
    let is_contacting = |action: &Proposed| {
        Place::of(checked, (workflow, action.stage, action.step)).is_some_and(|place| place.action.is_contacting)
    };
    let contact = runner.pack().lowered.contact.as_ref().filter(|_| actions.iter().any(is_contacting));
    let judge = contact.map(|contact| (contact, Judge::new(contact, runner, room)));
    let mut gate = Gate { judge, state, as_of };
    for action in actions {
        let Some(place) = Place::of(checked, (workflow, action.stage, action.step)) else { continue };
        if place.action.is_contacting {
            gate.judge(action, &place, runner);
        }
        if let Some(hold) = hold {
            action.status = ActionStatus::Blocked;
            action.hold = Some(hold.id.clone());
            let next = hold.until.and_then(|until| until.succ_opt());
            let local = Local::of(checked.header.zone, as_of).ok();
            action.not_before = next.zip(local).and_then(|(next, local)| local.first_on_or_after(next).ok().flatten());
        }
    }
}

/// A step, and the action that it asks for.
pub(crate) struct Place<'c> {
    pub(crate) workflow: &'c CheckedWorkflow,
    pub(crate) stage: &'c CheckedStage,
    pub(crate) step: &'c CheckedStep,
    pub(crate) action: &'c CheckedAction,
}

impl<'c> Place<'c> {
    /// By the places of a workflow, a stage and a step.
    pub(crate) fn of(checked: &'c CheckedPack, (workflow, stage, step): (usize, usize, usize)) -> Option<Place<'c>> {
        let workflow = checked.workflows.get(workflow)?;
        let stage = workflow.stages.get(stage)?;
        let step = stage.steps.get(step)?;
        Some(Place { workflow, stage, step, action: checked.actions.get(step.action)? })
    }

    /// The channels to try, in their order.
    fn channels(&self) -> impl Iterator<Item = Option<&'c Arc<str>>> + use<'c> {
        let given = self.step.params.iter().flat_map(|given| match &given.value {
            StepValue::Channels(choices) => choices.as_slice(),
            StepValue::Value(..) | StepValue::Template(_) => &[],
        });
        let choice = |choice: &'c ChannelChoice| match choice {
            ChannelChoice::Named(channel) => Some(channel),
            ChannelChoice::Preferred => None,
        };
        given.map(choice).chain(self.action.channel.iter().map(Some))
    }

    /// What a parameter of this name is for an action.
    fn param(&self, action: &Proposed, name: &str) -> Option<Value> {
        let at = self.action.params.iter().position(|param| *param.name == *name)?;
        action.params.iter().find(|(known, _)| *known == at).map(|(_, value)| value.clone())
    }
}

/// The contact policies over the actions of one decision.
struct Gate<'s, 'a> {
    /// Nothing where no action contacts anybody, or in a pack without contact policies.
    judge: Option<(&'a Contact, Judge<'a, 's>)>,
    state: &'s State,
    as_of: DateTime<Utc>,
}

impl<'a> Gate<'_, 'a> {
    /// Takes the first channel that is allowed. Without one, the action waits for an approval, or for its time.
    fn judge(&mut self, action: &mut Proposed, place: &Place<'a>, runner: &mut Runner<'a>) {
        let approval = self.state.approvals().iter().find(|approval| action.id.is(&approval.action));
        let template = action.template.as_ref().and_then(|used| runner.pack().checked.templates.get(used.template));
        // The first contact that an approval could lift, and the rules that count it.
        let mut reviewed: Option<(usize, Vec<RuleAt>)> = None;
        for choice in place.channels() {
            let channel = match choice {
                Some(channel) => Ok(Value::Text(channel.clone())),
                None => preferred(runner),
            };
            match &channel {
                // Nothing is preferred, or what is preferred cannot carry the template.
                Ok(Value::None) => continue,
                Ok(Value::Text(word)) if template.is_some_and(|template| !template.fits(word)) => continue,
                _ => {}
            }
            if let Ok(channel) = &channel
                && action.verdicts.iter().any(|(known, _)| known.as_ref() == Ok(channel))
            {
                continue;
            }
            let judgement = self.judged(action, place, runner, &channel, template);
            let verdict = judgement.verdict;
            if verdict == Verdict::Allow {
                action.channel = word(&channel);
                action.verdicts.push((channel, judgement));
                if let Some((_, judge)) = &mut self.judge {
                    judge.make(self.as_of);
                }
                break;
            }
            if approval.is_some() && verdict == Verdict::Review && channel.is_ok() && reviewed.is_none() {
                let counting = self.judge.as_ref().map_or(Vec::new(), |(_, judge)| judge.counting().to_vec());
                reviewed = Some((action.verdicts.len(), counting));
            }
            action.verdicts.push((channel, judgement));
        }
        let missing = action.template.as_ref().is_some_and(|template| {
            template.values.iter().any(|value| !matches!(value, Ok(value) if !value.is_none()))
        });
        if action.channel.is_none() {
            // Without any channel a person must find one.
            let has_review = action.verdicts.iter().any(|(_, judgement)| judgement.verdict == Verdict::Review);
            action.status = if has_review || action.verdicts.is_empty() {
                ActionStatus::NeedsReview
            } else {
                ActionStatus::Blocked
            };
            if let (Some(approval), Some((at, counting))) = (approval, reviewed) {
                action.status = ActionStatus::Ready;
                action.approved_by = Some(approval.by.clone());
                action.channel = action.verdicts.get(at).and_then(|(channel, _)| word(channel));
                if let Some((_, judge)) = &mut self.judge {
                    judge.count(self.as_of, &counting);
                }
            }
        }
        if action.status == ActionStatus::Ready && missing && action.approved_by.is_none() {
            match approval {
                Some(approval) => action.approved_by = Some(approval.by.clone()),
                None => action.status = ActionStatus::NeedsReview,
            }
        }
        if action.status == ActionStatus::Blocked {
            let next = action.verdicts.iter().filter_map(|(_, judgement)| match judgement.next {
                Next::At(at) => Some(at),
                _ => None,
            });
            action.not_before = next.min();
        }
    }

    /// What the policies say of an action by a channel.
    fn judged(
        &mut self,
        action: &Proposed,
        place: &Place<'a>,
        runner: &mut Runner<'a>,
        channel: &Outcome,
        template: Option<&CheckedTemplate>,
    ) -> Judgement {
        let channel = match channel {
            Ok(channel) => channel,
            Err(failure) => return Judgement::of_unknown(&place.step.id, failure.clone()),
        };
        let Some((contact, judge)) = &mut self.judge else { return Judgement::without_policy(self.as_of) };
        let mut items = AttemptItems::by(channel, contact);
        if !action.params.is_empty() {
            items.purpose = place.param(action, "purpose").unwrap_or(items.purpose);
            items.recipient = place.param(action, "recipient").map_or(items.recipient, Cow::Owned);
            items.address = place.param(action, "address").unwrap_or(items.address);
        }
        let template = template.filter(|_| contact.reads.template);
        items.template = template.map_or(Value::None, |template| Value::Text(template.name.clone()));
        judge.judge(runner, &items, self.as_of)
    }
}

/// The channel that the debtor prefers.
fn preferred(runner: &Runner<'_>) -> Outcome {
    let slot = runner.pack().lowered.workflows.as_ref().and_then(|workflows| workflows.preferred_channel);
    slot.map_or(Ok(Value::None), |slot| runner.slot(slot))
}

fn word(channel: &Outcome) -> Option<Arc<str>> {
    match channel {
        Ok(Value::Text(word)) => Some(word.clone()),
        _ => None,
    }
}

fn template_use(runner: &Runner<'_>, template: &CheckedTemplate, index: usize) -> TemplateUse {
    let slot = runner.pack().lowered.workflows.as_ref().and_then(|workflows| workflows.language);
    let wanted = slot.and_then(|slot| word(&runner.slot(slot)));
    let spoken = wanted.and_then(|wanted| template.languages.iter().find(|language| **language == wanted));
    TemplateUse {
        template: index,
        language: spoken.or(template.languages.first()).cloned(),
        values: template.needs.iter().map(|(_, slot)| runner.slot(*slot)).collect(),
    }
}

impl ActionId {
    /// The first 16 bytes of SHA-256 over the case's key, the workflow, the stage, the entry, the step and the due date,
    /// each with a zero byte behind it. `room` is any text: it is hashed at one go.
    fn new(of_stage: [&str; 3], entry: u32, step: &str, due: NaiveDate, room: &mut Vec<u8>) -> ActionId {
        room.clear();
        for part in of_stage {
            room.extend_from_slice(part.as_bytes());
            room.push(0);
        }
        push_number(room, entry, 1);
        room.push(0);
        room.extend_from_slice(step.as_bytes());
        room.push(0);
        push_number(room, due.year().unsigned_abs(), 4);
        for part in [due.month(), due.day()] {
            room.push(b'-');
            push_number(room, part, 2);
        }
        room.push(0);
        let mut id = [0; 16];
        id.iter_mut().zip(Sha256::digest(&room)).for_each(|(to, byte)| *to = byte);
        ActionId(id)
    }

    /// Whether a text is this id.
    fn is(self, text: &str) -> bool {
        text == self.to_string()
    }
}

impl std::fmt::Display for ActionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Adds a number in at least so many digits.
fn push_number(text: &mut Vec<u8>, number: u32, least: usize) {
    let begin = text.len();
    let mut left = number;
    while left > 0 || text.len() < begin + least {
        text.push(b'0' + (left % 10) as u8);
        left /= 10;
    }
    // The last digit came first.
    if let Some(digits) = text.get_mut(begin..) {
        digits.reverse();
    }
}

/// The text of a case's key.
pub(crate) fn key_text(key: &Outcome) -> String {
    key.as_ref().map_or_else(|_| String::new(), |key| Show { currency_decimals: 0 }.text(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_hash_of_what_it_stands_for() {
        // printf 'A-1\0consumer\0closure\012\0letter\02026-09-07\0' | sha256sum
        let due = "2026-09-07".parse().expect("a date");
        let id = ActionId::new(["A-1", "consumer", "closure"], 12, "letter", due, &mut b"left".to_vec());
        assert_eq!(id.to_string(), "47db3aa19f301107c9858fb70e053eb7");
        assert!(id.is("47db3aa19f301107c9858fb70e053eb7") && !id.is("0"));
        let digits = |number, least| {
            let mut text = b"in ".to_vec();
            push_number(&mut text, number, least);
            text
        };
        assert_eq!(digits(7, 4), b"in 0007");
        assert_eq!(digits(u32::MAX, 1), b"in 4294967295");
    }
}
