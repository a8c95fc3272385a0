//! What a decision says of the case's workflow: its stage, the actions that are due, and its next state.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{FailedResult, Parts, UnknownResult};
use crate::conduct::action::{Place, Proposed};
use crate::conduct::contact::{Judgement, Next};
use crate::conduct::standing::{Position, Standing};
use crate::conduct::workflow::{Course, moved};
use crate::conduct::{ActionStatus, Verdict};
use crate::families::LoweredPack;
use crate::state::{Done, State, StateError};
use crate::value::show::{self, Show};
use crate::value::{Duration, ErrorCode, Failure};

/// Where a case stands in its workflow, and how it came there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct StageReport {
    /// The workflow.
    pub workflow: String,
    /// The stage in which the case stood before; nothing for a case that begins.
    pub from: Option<String>,
    /// The stage in which it stands now.
    pub to: String,
    /// The title of that stage.
    pub title: Option<String>,
    /// What is to be reached in it.
    pub goal: Option<String>,
    /// Day 0 of that stage.
    #[serde(serialize_with = "date")]
    pub since: NaiveDate,
    /// The day up to which it may stay there.
    #[serde(serialize_with = "optional_date")]
    pub due_on: Option<NaiveDate>,
    /// Whether that day is past.
    pub overdue: bool,
    /// The transitions that were followed.
    pub steps: Vec<StageMove>,
    /// Whether the pack does not have the stage: the case stays where it is, and nothing is due.
    pub needs_migration: bool,
}

/// A transition that was followed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct StageMove {
    /// The qualified id of the transition.
    pub rule: Arc<str>,
    /// The stage that it led to.
    pub to: Arc<str>,
}

/// Something that the host is asked to do.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct Action {
    /// The same for the same case, entry into a stage, step and due date, so that a database can refuse a second one.
    pub id: String,
    /// The action that the pack declares.
    pub action: Arc<str>,
    /// The qualified id of the step that asks for it.
    pub step: Arc<str>,
    /// The how-many-th entry into a stage it belongs to.
    pub entry: u32,
    /// Which occurrence of the step it is.
    pub occurrence: u32,
    /// The day on which it is due.
    #[serde(serialize_with = "date")]
    pub due: NaiveDate,
    /// Whether it can be done now.
    #[serde(serialize_with = "status")]
    pub status: ActionStatus,
    /// The channel that it goes by.
    pub channel: Option<Arc<str>>,
    /// The template that it shows.
    pub template: Option<TemplateReport>,
    /// What else it is done with.
    #[serde(serialize_with = "pairs")]
    pub params: Vec<(Arc<str>, serde_json::Value)>,
    /// What the contact policies say, channel by channel, up to the one that was taken.
    pub contact: Vec<ChannelReport>,
    /// When it can be done, where it must not be done now.
    #[serde(serialize_with = "optional_instant")]
    pub not_before: Option<DateTime<Utc>>,
    /// The hold that keeps it back.
    pub hold: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// The step's `because`.
    pub because: Option<String>,
    /// The step's `source`.
    pub source: Option<String>,
    #[serde(skip)]
    name: Arc<str>,
}

/// The template of an action.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct TemplateReport {
    /// The template that the pack declares.
    pub name: Arc<str>,
    /// The language to write in.
    pub language: Option<Arc<str>>,
    /// The values that it shows.
    #[serde(serialize_with = "pairs")]
    pub values: Vec<(Arc<str>, serde_json::Value)>,
    /// What its text must say.
    pub must_contain: Vec<Arc<str>>,
}

/// What the contact policies say of an action by one channel.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ChannelReport {
    /// The channel; nothing where the one that the debtor prefers is not known.
    pub channel: Option<String>,
    /// The strictest verdict.
    #[serde(serialize_with = "verdict")]
    pub verdict: Verdict,
    /// Whether a policy applies, or may.
    pub has_policy: bool,
    /// The rules and policies that do not allow it.
    pub reasons: Vec<ContactReason>,
    /// The first whole minute at which it is allowed while all else stays.
    #[serde(serialize_with = "optional_instant")]
    pub next_allowed_at: Option<DateTime<Utc>>,
    /// Why there is none.
    pub never_because: Option<String>,
}

/// A contact rule or policy that does not allow a contact.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ContactReason {
    /// The qualified id, such as `contact/reg-f/hours`.
    pub rule: Arc<str>,
    /// What it says.
    #[serde(serialize_with = "verdict")]
    pub verdict: Verdict,
    /// Its `because`.
    pub because: Option<String>,
    /// Its `source`.
    pub source: Option<String>,
    /// The facts that are not known, where that is why.
    pub unknown: Vec<Arc<str>>,
    /// What failed, where that is why.
    pub error: Option<String>,
}

/// What a decision says of a workflow.
#[derive(Clone, Debug)]
pub(super) struct CourseReport {
    pub(super) stage: Stage,
    pub(super) actions: Vec<Action>,
    pub(super) state: Option<State>,
    /// The qualified ids of what fired.
    pub(super) fired: Vec<Arc<str>>,
}

/// Where the case stands.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    At(StageReport),
    /// In no workflow.
    None,
    Unknown(Failure),
}

impl Action {
    /// What a state records when the action was carried out; see [`State::record`].
    pub fn done(&self) -> Done {
        Done { step: self.name.to_string(), occurrence: self.occurrence, due: self.due, entry: self.entry }
    }
}

impl Done {
    /// Of an action that was read back from the JSON of a decision: `step` is the qualified id that it gives.
    pub fn of_step(step: &str, occurrence: u32, due: NaiveDate, entry: u32) -> Done {
        Done { step: super::last_part(step).to_owned(), occurrence, due, entry }
    }
}

impl ChannelReport {
    pub(crate) fn new(lowered: &LoweredPack, channel: Option<String>, judgement: &Judgement) -> ChannelReport {
        let (next_allowed_at, never_because) = match &judgement.next {
            Next::At(at) => (Some(*at), None),
            Next::Never(rule) => (None, Some(format!("no time lifts `{rule}`"))),
            Next::Beyond => (None, Some("not within 400 days".to_owned())),
        };
        let reasons = judgement.reasons.iter().map(|reason| {
            let (unknown, error) = match &reason.failure {
                Some(Failure::Unknown(facts)) => (facts.to_vec(), None),
                Some(Failure::Error(error)) => (Vec::new(), Some(error.message.clone())),
                None => (Vec::new(), None),
            };
            let row = lowered.contact.as_ref().and_then(|contact| contact.row(lowered, reason.at?));
            ContactReason {
                rule: reason.rule.clone(),
                verdict: reason.verdict,
                because: row.and_then(|row| row.annotations.because.clone()),
                source: row.and_then(|row| row.annotations.source.clone()),
                unknown,
                error,
            }
        });
        ChannelReport {
            channel,
            verdict: judgement.verdict,
            has_policy: judgement.has_policy,
            reasons: reasons.collect(),
            next_allowed_at,
            never_because,
        }
    }
}

impl CourseReport {
    /// Puts the report together; what is unknown or failed is added to the decision's.
    pub(super) fn new(
        parts: &Parts<'_>,
        course: &Course,
        key: &str,
        today: NaiveDate,
        show: Show,
        unknowns: &mut Vec<UnknownResult>,
        errors: &mut Vec<FailedResult>,
    ) -> CourseReport {
        for (at, failure) in &course.failures {
            match failure {
                Failure::Unknown(facts) => unknowns.push(UnknownResult { at: at.clone(), facts: facts.to_vec() }),
                Failure::Error(error) => errors.push(FailedResult {
                    at: at.clone(),
                    code: error.code,
                    message: error.message.clone(),
                    place: error.span.map(|span| parts.sources.place(span)),
                }),
            }
        }
        let mut failed = |at: &str, code: ErrorCode, message: String| {
            errors.push(FailedResult { at: Arc::from(at), code, message, place: None });
        };
        let stage = match &course.standing {
            Standing::In(position) => stage(parts, course, position, today, &mut failed),
            Standing::NeedsMigration(state) => {
                let (workflow, stage) = (state.workflow().unwrap_or_default(), state.stage().unwrap_or_default());
                failed(
                    "workflows",
                    ErrorCode::NeedsMigration,
                    format!("the pack has no stage `{stage}` in a workflow `{workflow}`"),
                );
                state.since().map_or(Stage::None, |since| {
                    Stage::At(StageReport {
                        workflow: workflow.to_owned(),
                        from: Some(stage.to_owned()),
                        to: stage.to_owned(),
                        title: None,
                        goal: None,
                        since,
                        due_on: None,
                        overdue: false,
                        steps: Vec::new(),
                        needs_migration: true,
                    })
                })
            }
            Standing::Out(_) => Stage::None,
            Standing::Undecided { failure, .. } => Stage::Unknown(failure.clone()),
        };
        let state = next_state(parts, course, key).unwrap_or_else(|error| {
            failed("workflows", ErrorCode::InvalidArgument, error.to_string());
            None
        });
        let workflow = course.stands.map_or(0, |(workflow, _)| workflow);
        let actions = course.actions.iter().filter_map(|proposed| action(parts, workflow, proposed, show)).collect();
        CourseReport { stage, actions, state, fired: fired(parts, course) }
    }
}

/// The qualified ids of the transitions and steps that fired, and of contact rules that did not allow an action. A policy
/// of which it is not known whether it applies is no rule.
fn fired(parts: &Parts<'_>, course: &Course) -> Vec<Arc<str>> {
    let mut fired: Vec<Arc<str>> = course.moves.iter().map(|step| step.rule.clone()).collect();
    let is_policy = |rule: &Arc<str>| parts.checked.contact.iter().any(|policy| policy.id == *rule);
    for action in &course.actions {
        let reasons = action.verdicts.iter().flat_map(|(_, judgement)| &judgement.reasons).map(|reason| &reason.rule);
        let workflow = course.stands.map_or(0, |(workflow, _)| workflow);
        let step = Place::of(parts.checked, (workflow, action.stage, action.step)).map(|place| &place.step.id);
        for rule in step.into_iter().chain(reasons) {
            if !fired.contains(rule) && !is_policy(rule) {
                fired.push(rule.clone());
            }
        }
    }
    fired
}

fn stage(
    parts: &Parts<'_>,
    course: &Course,
    before: &Position,
    today: NaiveDate,
    failed: &mut dyn FnMut(&str, ErrorCode, String),
) -> Stage {
    let known = course.stands.and_then(|(workflow, stage)| {
        let workflow = parts.checked.workflows.get(workflow)?;
        Some((workflow, workflow.stages.get(stage)?))
    });
    let since = course.state().and_then(|state| state.since());
    let (Some((workflow, stage)), Some(since)) = (known, since) else { return Stage::None };
    let due_in = |length: Duration| moved(since, length, parts.checked.calendar.as_ref());
    let due_on = match stage.due_in.map(due_in) {
        Some(Ok(due_on)) => Some(due_on),
        Some(Err(error)) => {
            failed(&stage.id, error.code, error.message);
            None
        }
        None => None,
    };
    let steps = course.moves.iter().filter_map(|step| {
        let to = workflow.stages.get(step.to)?.name.clone();
        Some(StageMove { rule: step.rule.clone(), to })
    });
    Stage::At(StageReport {
        workflow: workflow.name.to_string(),
        from: before.state.stage().filter(|_| !before.is_new).map(str::to_owned),
        to: stage.name.to_string(),
        title: stage.title.clone(),
        goal: stage.goal.clone(),
        since,
        due_on,
        overdue: due_on.is_some_and(|due_on| today > due_on),
        steps: steps.collect(),
        needs_migration: false,
    })
}

/// The state that the host stores next: with the stage and the arms that the case is in. A case that stays as it was keeps
/// its state, and with it its revision; one without a state gets its first where it is in an arm.
fn next_state(parts: &Parts<'_>, course: &Course, key: &str) -> Result<Option<State>, StateError> {
    let identity = || (**parts.identity).clone();
    let before = match (&course.standing, course.state()) {
        (Standing::In(position), _) => (*position.given).clone(),
        (_, Some(state)) => (**state).clone(),
        (_, None) if course.arms.is_empty() => return Ok(None),
        (_, None) => State::in_no_workflow(key, identity())?,
    };
    let mut next = course.state().map(|state| (**state).clone()).unwrap_or_else(|| before.clone());
    course.arms.iter().for_each(|(experiment, arm)| next.set_arm(experiment, arm));
    if next == before {
        return Ok(Some(next));
    }
    next.set_pack(identity());
    next.with_revision_after(&before).map(Some)
}

fn action(parts: &Parts<'_>, workflow: usize, proposed: &Proposed, show: Show) -> Option<Action> {
    let place = Place::of(parts.checked, (workflow, proposed.stage, proposed.step))?;
    let template = proposed.template.as_ref().and_then(|used| {
        let template = parts.checked.templates.get(used.template)?;
        let values = template.needs.iter().zip(&used.values);
        Some(TemplateReport {
            name: template.name.clone(),
            language: used.language.clone(),
            values: values.map(|((name, _), outcome)| (name.clone(), show.outcome_json(outcome))).collect(),
            must_contain: template.must_contain.clone(),
        })
    });
    let contact = proposed.verdicts.iter().map(|(channel, judgement)| {
        ChannelReport::new(parts.lowered, channel.as_ref().ok().map(|channel| show.text(channel)), judgement)
    });
    let params = proposed.params.iter().filter_map(|(at, value)| {
        let param = place.action.params.get(*at)?;
        Some((param.name.clone(), show.json(value)))
    });
    Some(Action {
        id: proposed.id.to_string(),
        action: place.action.name.clone(),
        step: place.step.id.clone(),
        entry: proposed.entry,
        occurrence: proposed.occurrence.number,
        due: proposed.occurrence.due,
        status: proposed.status,
        channel: proposed.channel.clone(),
        template,
        params: params.collect(),
        contact: contact.collect(),
        not_before: proposed.not_before,
        hold: proposed.hold.clone(),
        approved_by: proposed.approved_by.clone(),
        because: place.step.annotations.because.clone(),
        source: place.step.annotations.source.clone(),
        name: place.step.name.clone(),
    })
}

/// How the stage stands in the JSON of a decision.
pub(super) struct StageJson<'a>(pub(super) &'a Stage, pub(super) Show);

impl Serialize for StageJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Stage::At(report) => report.serialize(serializer),
            Stage::None => serializer.serialize_none(),
            Stage::Unknown(failure) => self.1.outcome_json(&Err(failure.clone())).serialize(serializer),
        }
    }
}

fn status<S: Serializer>(status: &ActionStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.word())
}

fn verdict<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.word())
}

pub(super) fn date<S: Serializer>(date: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

pub(super) fn optional_date<S: Serializer>(date: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    date.map(|date| date.to_string()).serialize(serializer)
}

fn optional_instant<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(show::instant).serialize(serializer)
}

fn pairs<S: Serializer>(pairs: &[(Arc<str>, serde_json::Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (name, value) in pairs {
        map.serialize_entry(&**name, value)?;
    }
    map.end()
}
