//! The walk of a case through the stages of its workflow, and the actions that follow from where it ends.
//!
//! Transitions are followed until none matches. A stage is entered at most once in a walk, and the stage in which a
//! case stands counts as entered. A guard that is unknown or fails before the first true one stops the walk: the case
//! stays where it is.

use std::sync::Arc;

use chrono::NaiveDate;

use super::action::{Proposed, gate, propose};
use super::cadence::{Occurrence, Schedule};
use super::contact;
use super::incentives::{Offers, offers};
use super::review;
use super::settlement::{Limits, Settling};
use super::standing::{Position, Standing, of_state};
use crate::calendar::{Calendar, add_days};
use crate::check::workflows::{Anchor, CheckedStep, Target};
use crate::eval::runner::{Hits, Runner};
use crate::families::Stage;
use crate::state::State;
use crate::value::ops::{self, Arithmetic};
use crate::value::{ErrorCode, EvaluationError, Failure, Value};

/// What a case goes through in an evaluation. Used again, it keeps the room that it has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// Where it stood before.
    pub(crate) standing: Standing,
    /// The transitions that were followed.
    pub(crate) moves: Vec<Move>,
    /// Where it stands now: workflow and stage.
    pub(crate) stands: Option<(usize, usize)>,
    /// Its state now, with the revision that it had before; nothing where it stays as it was.
    reached: Option<Arc<State>>,
    pub(crate) actions: Vec<Proposed>,
    /// Transitions and steps of which it is not known whether they are wanted: the qualified id, and why.
    pub(crate) failures: Vec<(Arc<str>, Failure)>,
    /// What it may be settled for, in a pack with a settlement.
    pub(crate) settlement: Option<Result<Limits, Failure>>,
    /// What the debtor is offered, in a pack with incentives.
    pub(crate) incentives: Option<Offers>,
    /// The arms that it is in: experiment and arm.
    pub(crate) arms: Vec<(Arc<str>, Arc<str>)>,
    /// Room for judging contacts, for the stages that a walk has seen, for the occurrences of a step, for what the id
    /// of an action is the hash of, and for the state that is reached.
    room: contact::Room,
    seen: Vec<usize>,
    due: Vec<Occurrence>,
    hashed: Vec<u8>,
    spare: Option<Arc<State>>,
}

/// A transition that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// The qualified id of the transition.
    pub(crate) rule: Arc<str>,
    /// The stage that it led to.
    pub(crate) to: usize,
}

/// Takes a case through its workflow. The runner's slots are those of the case's evaluation.
pub(crate) fn conduct(runner: &mut Runner<'_>, standing: Standing, course: &mut Course) {
    course.moves.clear();
    course.stands = None;
    course.spare = course.reached.take().or(course.spare.take());
    course.actions.clear();
    course.failures.clear();
    course.settlement = limits(runner);
    course.incentives = incentives(runner);
    course.arms = arms(runner);
    match &standing {
        Standing::In(position) => {
            let walk = Walk {
                position,
                stage: position.stage,
                reached: None,
                is_entered: position.is_new,
                today: runner.today(),
                runner,
                course,
            };
            walk.go();
        }
        Standing::Undecided { workflow, failure, .. } => course.failures.push((workflow.clone(), failure.clone())),
        Standing::NeedsMigration(_) | Standing::Out(_) => {}
    }
    course.standing = standing;
}

impl Course {
    /// The state that the case has now, with the revision that it had before.
    pub(crate) fn state(&self) -> Option<&Arc<State>> {
        self.reached.as_ref().or(self.standing.state())
    }
}

/// The arms that the case is in.
fn arms(runner: &Runner<'_>) -> Vec<(Arc<str>, Arc<str>)> {
    let experiments = runner.pack().checked.experiments.iter();
    let in_arm = experiments.filter_map(|experiment| match runner.slot(experiment.arm) {
        Ok(Value::Text(arm)) => Some((experiment.name.clone(), arm)),
        _ => None,
    });
    in_arm.collect()
}

/// What the debtor is offered.
fn incentives(runner: &mut Runner<'_>) -> Option<Offers> {
    let pack = runner.pack();
    let (checked, lowered) = (pack.checked.incentives.as_ref()?, pack.lowered.incentives.as_ref()?);
    Some(offers(runner, checked, lowered))
}

/// What a case may be settled for.
fn limits(runner: &mut Runner<'_>) -> Option<Result<Limits, Failure>> {
    let pack = runner.pack();
    let (checked, lowered) = (pack.checked.settlement.as_ref()?, pack.lowered.settlement.as_ref()?);
    let checked = checked.of_case(|slot| runner.slot(slot));
    Some(Settling { runner, checked: &checked, lowered }.limits())
}

pub(super) struct Walk<'w, 'a> {
    /// Where it begins.
    position: &'w Position,
    stage: usize,
    /// The state, once it is another than where the walk begins.
    reached: Option<Arc<State>>,
    /// Whether the stage was entered in this walk.
    is_entered: bool,
    pub(super) today: NaiveDate,
    pub(super) runner: &'w mut Runner<'a>,
    course: &'w mut Course,
}

impl<'a> Walk<'_, 'a> {
    fn go(mut self) {
        self.course.seen.clear();
        self.course.seen.push(self.stage);
        while let Some(lowered) = self.lowered() {
            let hits = self.runner.rows(lowered.transitions);
            let Some(row) = self.choose(lowered, &hits) else { break };
            let Some(to) = self.target(lowered, row) else { break };
            if self.course.seen.contains(&to) {
                break;
            }
            if self.is_entered {
                self.steps(true);
            }
            self.enter(lowered, row, to);
            self.put_state();
            self.course.seen.push(to);
        }
        self.steps(false);
        let workflow = self.position.workflow;
        let state = self.reached.as_ref().unwrap_or(&self.position.state);
        review::standing(self.runner, self.position, self.stage, state);
        gate(&mut self.course.actions, workflow, self.runner, state, &mut self.course.room);
        self.course.stands = Some((workflow, self.stage));
        self.course.reached = self.reached;
    }

    fn state(&self) -> &State {
        self.reached.as_deref().unwrap_or(&self.position.state)
    }

    fn lowered(&self) -> Option<&'a Stage> {
        let workflows = self.runner.pack().lowered.workflows.as_ref()?;
        workflows.stages.get(self.position.workflow)?.get(self.stage)
    }

    /// Puts the state, as the walk has made it so far, where expressions read it, and decides again what follows from
    /// it: a fact means the same as its expression.
    fn put_state(&mut self) {
        let Some(workflows) = &self.runner.pack().lowered.workflows else { return };
        let state = self.reached.as_deref().unwrap_or(&self.position.state);
        of_state(state, &workflows.state, self.today, |slot, outcome| self.runner.set(slot, outcome));
        self.runner.again(&workflows.follows);
    }

    /// The first transition that matches. Nothing where none does, or where one ranked before it is in doubt and leads
    /// elsewhere.
    fn choose(&mut self, lowered: &Stage, hits: &Hits) -> Option<usize> {
        let mut doubtful: Vec<(usize, Failure)> = Vec::new();
        let mut matched = None;
        for (row, hit) in hits.iter() {
            match hit {
                Ok(()) => {
                    matched = Some(row);
                    break;
                }
                Err(failure) => doubtful.push((row, failure.clone())),
            }
        }
        let target = |row: usize| lowered.targets.get(row);
        if let Some(row) = matched {
            doubtful.retain(|(doubtful, _)| target(*doubtful) != target(row));
        }
        if doubtful.is_empty() {
            return matched;
        }
        for (row, failure) in doubtful {
            self.fail(lowered, row, failure);
        }
        None
    }

    fn fail(&mut self, lowered: &Stage, row: usize, failure: Failure) {
        if let Some(row) = self.runner.pack().lowered.routine(lowered.transitions).get(row) {
            self.course.failures.push((row.id.clone(), failure));
        }
    }

    fn target(&mut self, lowered: &Stage, row: usize) -> Option<usize> {
        match lowered.targets.get(row)? {
            Target::Stage(stage) => Some(*stage),
            Target::Previous => {
                let stages = &self.runner.pack().checked.workflows.get(self.position.workflow)?.stages;
                let previous = self.state().previous_stage();
                let found = previous.and_then(|name| stages.iter().position(|stage| *stage.name == *name));
                if found.is_none() {
                    let message = match previous {
                        Some(name) => format!("there is no stage `{name}` any more to go back to"),
                        None => "there is no stage to go back to".to_owned(),
                    };
                    let error = EvaluationError::new(ErrorCode::InvalidArgument, message);
                    self.fail(lowered, row, error.into());
                }
                found
            }
        }
    }

    fn enter(&mut self, lowered: &Stage, row: usize, to: usize) {
        let pack = self.runner.pack();
        let stage = pack.checked.workflows.get(self.position.workflow).and_then(|workflow| workflow.stages.get(to));
        let given = &self.position.state;
        let state = self.reached.get_or_insert_with(|| working_copy(given, self.course.spare.take()));
        let state = Arc::make_mut(state);
        match (lowered.targets.get(row), stage) {
            (Some(Target::Previous), _) => {
                state.resume_previous(self.today);
                // What was to be done on entering was wanted when the stage was entered.
                self.is_entered = false;
            }
            (_, Some(stage)) => {
                state.enter(stage.name.clone(), self.today);
                self.is_entered = true;
            }
            (_, None) => return,
        }
        if let Some(row) = pack.lowered.routine(lowered.transitions).get(row) {
            self.course.moves.push(Move { rule: row.id.clone(), to });
        }
        self.stage = to;
    }

    /// Takes the steps of the stage that are due: all of them, or where a walk passes through, only what is done on
    /// entering and contacts nobody.
    fn steps(&mut self, is_passing: bool) {
        let pack = self.runner.pack();
        let Some(lowered) = self.lowered() else { return };
        let Some(stage) =
            pack.checked.workflows.get(self.position.workflow).and_then(|workflow| workflow.stages.get(self.stage))
        else {
            return;
        };
        let (hits, borders) = self.runner.rows_apart(lowered.steps);
        self.review_steps(stage, &hits, &borders);
        let mut due = std::mem::take(&mut self.course.due);
        for (row, hit) in hits.iter() {
            let Some(step) = stage.steps.get(row) else { continue };
            let contacts = || pack.checked.actions.get(step.action).is_some_and(|action| action.is_contacting);
            if is_passing && (!step.is_entry || contacts()) {
                continue;
            }
            due.clear();
            if let Err(failure) = self.find_due(step, &mut due) {
                self.course.failures.push((step.id.clone(), failure));
                continue;
            }
            if due.is_empty() {
                continue;
            }
            if let Err(failure) = hit {
                self.course.failures.push((step.id.clone(), failure.clone()));
                continue;
            }
            for occurrence in &due {
                let at = (self.position.workflow, self.stage, row);
                let room = &mut self.course.hashed;
                let state = self.reached.as_deref().unwrap_or(&self.position.state);
                match propose(self.runner, state, at, *occurrence, room) {
                    Ok(action) => self.course.actions.extend(action),
                    Err(failure) => {
                        // What it is done with is the same for all of its occurrences.
                        self.course.failures.push((step.id.clone(), failure));
                        break;
                    }
                }
            }
        }
        self.course.due = due;
    }

    /// Adds the occurrences of a step that are to be done.
    fn find_due(&self, step: &CheckedStep, due: &mut Vec<Occurrence>) -> Result<(), Failure> {
        let Some(schedule) = self.schedule(step)? else { return Ok(()) };
        schedule.due(self.today, |number| self.is_done(step, number), due).map_err(Failure::from)
    }

    pub(super) fn is_done(&self, step: &CheckedStep, number: u32) -> bool {
        self.state().occurrences(&step.name).any(|recorded| recorded.occurrence == number)
    }

    /// When a step is due; nothing where it never is.
    pub(super) fn schedule(&self, step: &CheckedStep) -> Result<Option<Schedule<'a>>, Failure> {
        let calendar = self.runner.pack().checked.calendar.as_ref();
        let day = |date: NaiveDate, offset| moved(date, offset, calendar).map_err(Failure::from);
        let (first, last) = match &step.anchor {
            Anchor::Day(days) => match self.state().since() {
                Some(since) => (day(since, crate::value::Duration::Days(i64::from(*days)))?, None),
                None => return Ok(None),
            },
            Anchor::Before(length, of) => match self.runner.value(of)? {
                Value::Date(date) => (day(date, negated(*length))?, Some(date)),
                _ => return Ok(None),
            },
            Anchor::After(length, of) => match self.runner.value(of)? {
                Value::Date(date) => (day(date, *length)?, None),
                _ => return Ok(None),
            },
        };
        Ok(Some(Schedule {
            first,
            is_of_stage: matches!(step.anchor, Anchor::Day(_)),
            last,
            every: step.every,
            at_most: step.at_most,
            missed: step.missed,
            calendar,
        }))
    }
}

/// A copy of a state that nobody else has, in room that is spare where nobody else has that.
fn working_copy(state: &State, spare: Option<Arc<State>>) -> Arc<State> {
    let Some(mut copy) = spare else { return Arc::new(state.clone()) };
    match Arc::get_mut(&mut copy) {
        Some(room) => room.copy_from(state),
        None => copy = Arc::new(state.clone()),
    }
    copy
}

/// A date some time later.
pub(crate) fn moved(
    date: NaiveDate,
    length: crate::value::Duration,
    calendar: Option<&Calendar>,
) -> Result<NaiveDate, EvaluationError> {
    if let crate::value::Duration::Days(days) = length {
        return add_days(date, days);
    }
    match ops::arithmetic(Arithmetic::Add, &Value::Date(date), &Value::Duration(length), calendar)? {
        Value::Date(date) => Ok(date),
        _ => Ok(date),
    }
}

fn negated(length: crate::value::Duration) -> crate::value::Duration {
    crate::value::Duration::of(length.unit(), length.count().saturating_neg())
}
