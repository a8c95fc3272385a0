//! The actions that a decision asks the host for: what each is done with, and whether the contact policies allow it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use super::cadence::Occurrence;
use super::contact::{AttemptItems, Judge, Judgement, Made, Next, Verdict};
use crate::calendar::contact_times::Local;
use crate::check::actions::{CheckedTemplate, ParamKind};
use crate::check::workflows::{ChannelChoice, CheckedStage, CheckedStep, StepValue};
use crate::eval::runner::Runner;
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

/// An action that is due.
#[derive(Clone, Debug)]
pub(crate) struct Proposed {
    /// The same for the same case, entry into a stage, step and due date.
    pub(crate) id: String,
    pub(crate) action: Arc<str>,
    /// The qualified id of the step.
    pub(crate) step: Arc<str>,
    /// The step as the state records it.
    pub(crate) name: Arc<str>,
    pub(crate) entry: u32,
    pub(crate) occurrence: Occurrence,
    pub(crate) params: Vec<(Arc<str>, Value)>,
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
    pub(crate) because: Option<String>,
    pub(crate) source: Option<String>,
    channels: Vec<ChannelChoice>,
    is_contacting: bool,
}

/// The template of an action, and what it shows.
#[derive(Clone, Debug)]
pub(crate) struct TemplateUse {
    pub(crate) name: Arc<str>,
    pub(crate) language: Option<Arc<str>>,
    pub(crate) values: Vec<(Arc<str>, Outcome)>,
    pub(crate) must_contain: Vec<Arc<str>>,
    index: usize,
}

/// The actions of a case, before the contact policies have judged them.
pub(super) struct Actions {
    workflow: usize,
    as_of: DateTime<Utc>,
    proposed: Vec<Proposed>,
}

impl Actions {
    pub(super) fn new(workflow: usize, as_of: DateTime<Utc>) -> Actions {
        Actions { workflow, as_of, proposed: Vec::new() }
    }

    /// Adds the action of a step.
    ///
    /// # Errors
    /// Where a value that it is done with is unknown or fails.
    pub(super) fn propose(
        &mut self,
        runner: &Runner<'_>,
        state: &State,
        stage: &CheckedStage,
        step: &CheckedStep,
        occurrence: Occurrence,
    ) -> Result<(), Failure> {
        let checked = runner.pack().checked;
        let (Some(action), Some(workflow)) = (checked.actions.get(step.action), checked.workflows.get(self.workflow))
        else {
            return Ok(());
        };
        let mut params = Vec::new();
        let mut template = None;
        let mut channels = Vec::new();
        for (index, param) in action.params.iter().enumerate() {
            let given = step.params.iter().find(|given| given.param == index).map(|given| &given.value);
            match (given, &param.kind) {
                (Some(StepValue::Value(expr, field)), _) => {
                    let value = stored(runner.value(expr)?, field.decimals, field.rounding, &field.range)?;
                    if !value.is_none() {
                        params.push((param.name.clone(), value));
                    }
                }
                (Some(StepValue::Template(index)), _) => {
                    template = checked.templates.get(*index).map(|known| template_use(runner, known, *index));
                }
                (Some(StepValue::Channels(choices)), _) => channels.clone_from(choices),
                (None, ParamKind::Value(field)) => {
                    if let Absence::Default(value) = &field.absence {
                        params.push((param.name.clone(), value.clone()));
                    }
                }
                (None, _) => {}
            }
        }
        channels.extend(action.channel.clone().map(ChannelChoice::Named));
        let key = [
            state.case(),
            &workflow.name,
            &stage.name,
            &state.entry().to_string(),
            &step.name,
            &occurrence.due.to_string(),
        ];
        self.proposed.push(Proposed {
            id: action_id(key),
            action: action.name.clone(),
            step: step.id.clone(),
            name: step.name.clone(),
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
            because: step.annotations.because.clone(),
            source: step.annotations.source.clone(),
            channels,
            is_contacting: action.is_contacting,
        });
        Ok(())
    }

    /// The actions in their order, each judged by the contact policies; one that is allowed counts for the next.
    pub(super) fn gated(self, runner: &mut Runner<'_>, state: &State, today: NaiveDate) -> Vec<Proposed> {
        let mut made: Vec<Made> = Vec::new();
        let mut proposed = self.proposed;
        if !proposed.is_empty() {
            super::review::holds(runner, state);
        }
        for action in &mut proposed {
            if action.is_contacting {
                judge(action, runner, state, self.as_of, &mut made);
            }
            if let Some(hold) = state.is_on_hold(today) {
                action.status = ActionStatus::Blocked;
                action.hold = Some(hold.id.clone());
                let zone = runner.pack().checked.header.zone;
                let next = hold.until.and_then(|until| until.succ_opt());
                let local = Local::of(zone, self.as_of).ok();
                action.not_before =
                    next.zip(local).and_then(|(next, local)| local.first_on_or_after(next).ok().flatten());
            }
        }
        proposed
    }
}

/// Takes the first channel that is allowed. Without one, the action waits for an approval, or for its time.
fn judge(action: &mut Proposed, runner: &mut Runner<'_>, state: &State, as_of: DateTime<Utc>, made: &mut Vec<Made>) {
    let approval = state.approvals().iter().find(|approval| approval.action == action.id);
    let mut reviewed: Option<usize> = None;
    let mut counted: Vec<Option<Made>> = Vec::new();
    for choice in action.channels.clone() {
        let channel = match choice {
            ChannelChoice::Named(channel) => Ok(Value::Text(channel)),
            ChannelChoice::Preferred => preferred(runner),
        };
        let fits = |channel: &str| match &action.template {
            Some(template) => {
                runner.pack().checked.templates.get(template.index).is_none_or(|known| known.fits(channel))
            }
            None => true,
        };
        match &channel {
            // Nothing is preferred, or what is preferred cannot carry the template.
            Ok(Value::None) => continue,
            Ok(Value::Text(word)) if !fits(word) => continue,
            _ => {}
        }
        if let Ok(channel) = &channel
            && action.verdicts.iter().any(|(known, _)| known.as_ref() == Ok(channel))
        {
            continue;
        }
        let (judgement, contact) = judged(action, runner, &channel, as_of, made);
        let verdict = judgement.verdict;
        counted.push(contact);
        action.verdicts.push((channel.clone(), judgement));
        if verdict == Verdict::Allow {
            action.channel = word(&channel);
            made.extend(counted.pop().flatten());
            break;
        }
        if verdict == Verdict::Review && channel.is_ok() && reviewed.is_none() {
            reviewed = Some(action.verdicts.len() - 1);
        }
    }
    let missing = action.template.as_ref().is_some_and(|template| {
        template.values.iter().any(|(_, value)| !matches!(value, Ok(value) if !value.is_none()))
    });
    if action.channel.is_none() {
        // Without any channel a person must find one.
        let has_review = action.verdicts.iter().any(|(_, judgement)| judgement.verdict == Verdict::Review);
        action.status =
            if has_review || action.verdicts.is_empty() { ActionStatus::NeedsReview } else { ActionStatus::Blocked };
        if let (Some(approval), Some(at)) = (approval, reviewed) {
            action.status = ActionStatus::Ready;
            action.approved_by = Some(approval.by.clone());
            action.channel = action.verdicts.get(at).and_then(|(channel, _)| word(channel));
            made.extend(counted.get_mut(at).and_then(Option::take));
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

/// What the policies say of an action by a channel, and the contact that is made where it is allowed.
fn judged(
    action: &Proposed,
    runner: &mut Runner<'_>,
    channel: &Outcome,
    as_of: DateTime<Utc>,
    made: &[Made],
) -> (Judgement, Option<Made>) {
    if let Err(failure) = channel {
        return (Judgement::of_unknown(&action.step, failure.clone()), None);
    }
    let Some(contact) = &runner.pack().lowered.contact else { return (Judgement::without_policy(as_of), None) };
    let param = |name: &str| action.params.iter().find(|(known, _)| **known == *name).map(|(_, value)| value.clone());
    let mut items = AttemptItems::by(channel.clone());
    items.purpose = param("purpose").unwrap_or(items.purpose);
    items.recipient = param("recipient").unwrap_or(items.recipient);
    items.address = param("address").unwrap_or(items.address);
    items.template = action.template.as_ref().map_or(Value::None, |template| Value::Text(template.name.clone()));
    let judgement = Judge { runner, contact, made }.judge(&items, as_of);
    let counting = judgement.counting.clone();
    (judgement, Some(Made { at: as_of, counting }))
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
        name: template.name.clone(),
        language: spoken.or(template.languages.first()).cloned(),
        values: template.needs.iter().map(|(name, slot)| (name.clone(), runner.slot(*slot))).collect(),
        must_contain: template.must_contain.clone(),
        index,
    }
}

/// The first 16 bytes of SHA-256 over the parts, each with a zero byte behind it, in hexadecimal digits.
fn action_id(parts: [&str; 6]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a case's key.
pub(crate) fn key_text(key: &Outcome) -> String {
    key.as_ref().map_or_else(|_| String::new(), |key| Show { currency_decimals: 0 }.text(key))
}
