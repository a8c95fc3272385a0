//! Where a case stands before an evaluation: in which stage of which workflow, by its state or because it begins now.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::check::CheckedPack;
use crate::check::workflows::StateSlots;
use crate::eval::runner::Runner;
use crate::language::SlotId;
use crate::pack_identity::PackIdentity;
use crate::state::{State, StateError};
use crate::value::{ErrorCode, EvaluationError, Failure, Outcome, Value};

/// Where a case stands.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// In a stage that the pack has.
    In(Arc<Position>),
    /// In no workflow: none takes the case. It may have a state all the same.
    Out(Option<Arc<State>>),
    /// In a stage or workflow that the pack does not have.
    NeedsMigration(Arc<State>),
    /// It is not known whether a workflow takes the case.
    Undecided {
        /// Its qualified id.
        workflow: Arc<str>,
        failure: Failure,
        /// That of a case that was in no workflow.
        state: Option<Arc<State>>,
    },
}

/// A stage that a case stands in.
#[derive(Debug)]
pub(crate) struct Position {
    pub(crate) workflow: usize,
    pub(crate) stage: usize,
    /// Where the case stands, by the names that stages have now.
    pub(crate) state: Arc<State>,
    /// The state that the next one follows: as it was given, or for a case without one, where it begins.
    pub(crate) given: Arc<State>,
    /// Whether it begins now.
    pub(crate) is_new: bool,
}

/// A case that is in no workflow yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newcomer<'a> {
    pub(crate) key: &'a str,
    /// Its state, where it has one.
    pub(crate) state: Option<&'a Arc<State>>,
    /// The pack that a first state is made with.
    pub(crate) pack: &'a PackIdentity,
}

impl Default for Standing {
    fn default() -> Standing {
        Standing::Out(None)
    }
}

impl Standing {
    /// Where a state says that the case stands. A stage that was renamed is the one that it is called now.
    pub(crate) fn of_state(checked: &CheckedPack, given: &Arc<State>) -> Standing {
        let (Some(workflow), Some(stage)) = (given.workflow(), given.stage()) else {
            return Standing::Out(Some(given.clone()));
        };
        let found = checked.workflows.iter().enumerate().find(|(_, known)| *known.name == *workflow);
        let Some((workflow, known)) = found else { return Standing::NeedsMigration(given.clone()) };
        let stage = known.renamed.get(stage).map_or(stage, |renamed| &**renamed);
        let Some(stage) = known.stages.iter().position(|known| *known.name == *stage) else {
            return Standing::NeedsMigration(given.clone());
        };
        let mut state = (**given).clone();
        state.rename_stages(&known.renamed);
        let state = if state == **given { given.clone() } else { Arc::new(state) };
        Standing::In(Arc::new(Position { workflow, stage, state, given: given.clone(), is_new: false }))
    }

    /// Where a case begins: in the first workflow that takes it. The runner's slots are those of an evaluation in which
    /// no stage is known.
    pub(crate) fn beginning(
        runner: &mut Runner<'_>,
        newcomer: &Newcomer<'_>,
        today: NaiveDate,
    ) -> Result<Standing, StateError> {
        let out = || Standing::Out(newcomer.state.cloned());
        let Some(workflows) = &runner.pack().lowered.workflows else { return Ok(out()) };
        let checked = runner.pack().checked;
        match runner.rows(workflows.applies).iter().next() {
            None => Ok(out()),
            Some((workflow, Ok(()))) => Standing::begin(checked, workflow, newcomer, today),
            Some((workflow, Err(failure))) => {
                let id = checked.workflows.get(workflow).map_or("workflows".into(), |workflow| workflow.id.clone());
                Ok(Standing::Undecided { workflow: id, failure: failure.clone(), state: newcomer.state.cloned() })
            }
        }
    }

    /// The beginning of a case in a workflow.
    pub(crate) fn begin(
        checked: &CheckedPack,
        workflow: usize,
        newcomer: &Newcomer<'_>,
        today: NaiveDate,
    ) -> Result<Standing, StateError> {
        let found = checked.workflows.get(workflow).and_then(|known| Some((known, known.stages.get(known.initial)?)));
        let Some((known, initial)) = found else { return Ok(Standing::Out(newcomer.state.cloned())) };
        let (state, given) = match newcomer.state {
            Some(given) => {
                let mut state = (**given).clone();
                state.begin(&known.name, &initial.name, today);
                (Arc::new(state), given.clone())
            }
            None => {
                let pack = newcomer.pack.clone();
                let state = Arc::new(State::start(newcomer.key, &known.name, &initial.name, today, pack)?);
                (state.clone(), state)
            }
        };
        Ok(Standing::In(Arc::new(Position { workflow, stage: known.initial, state, given, is_new: true })))
    }

    /// Whether a state was given, or the case begins in a workflow.
    pub(crate) fn has_state(&self) -> bool {
        match self {
            Standing::In(_) | Standing::NeedsMigration(_) => true,
            Standing::Out(state) | Standing::Undecided { state, .. } => state.is_some(),
        }
    }

    /// The state before the evaluation; that of a case that begins, where it begins.
    pub(crate) fn state(&self) -> Option<&Arc<State>> {
        match self {
            Standing::In(position) => Some(&position.state),
            Standing::NeedsMigration(state) => Some(state),
            Standing::Out(state) | Standing::Undecided { state, .. } => state.as_ref(),
        }
    }

    /// What stands in the slots of a state.
    pub(crate) fn slots(&self, slots: &StateSlots, today: NaiveDate) -> Vec<(SlotId, Outcome)> {
        match self {
            Standing::In(position) => {
                let mut outcomes = Vec::new();
                of_state(&position.state, slots, today, |slot, outcome| outcomes.push((slot, outcome)));
                outcomes
            }
            Standing::Out(_) => {
                let none = [slots.stage, slots.days_in_stage, slots.previous_stage].map(|slot| (slot, Ok(Value::None)));
                let not_done = slots.done.iter().map(|(_, slot)| (*slot, Ok(Value::Boolean(false))));
                none.into_iter().chain(not_done).collect()
            }
            Standing::NeedsMigration(_) => unknown(slots, &Failure::unknown("stage")),
            Standing::Undecided { failure, .. } => unknown(slots, failure),
        }
    }
}

/// The arms that a state holds, by the slots that they are kept in. One that the experiment does not have is a failure.
pub(crate) fn kept_arms(checked: &CheckedPack, state: Option<&State>) -> Vec<(SlotId, Outcome)> {
    let kept = checked.experiments.iter().map(|experiment| {
        let outcome = match state.and_then(|state| state.arm(&experiment.name)) {
            Some(arm) if experiment.has_arm(arm) => Ok(Value::text(arm)),
            Some(arm) => {
                let message = format!("the state has the arm `{arm}`, which the experiment does not have");
                Err(EvaluationError::new(ErrorCode::InvalidArgument, message).into())
            }
            None => Ok(Value::None),
        };
        (experiment.kept, outcome)
    });
    kept.collect()
}

/// Calls `visit` on what each slot of a state holds for a case that stands in a stage.
pub(crate) fn of_state(state: &State, slots: &StateSlots, today: NaiveDate, mut visit: impl FnMut(SlotId, Outcome)) {
    let none_or = |text: Option<&Arc<str>>| text.map_or(Value::None, |text| Value::Text(text.clone()));
    let days = state.days_in_stage(today).map_or(Value::None, |days| Value::Integer(days.into()));
    visit(slots.stage, Ok(none_or(state.stage_text())));
    visit(slots.days_in_stage, Ok(days));
    visit(slots.previous_stage, Ok(none_or(state.previous_stage_text())));
    slots.done.iter().for_each(|(step, slot)| visit(*slot, Ok(Value::Boolean(state.is_done(step)))));
}

/// The slots of a state of which nothing is known.
pub(crate) fn unknown(slots: &StateSlots, failure: &Failure) -> Vec<(SlotId, Outcome)> {
    let all = [slots.stage, slots.days_in_stage, slots.previous_stage].into_iter();
    all.chain(slots.done.iter().map(|(_, slot)| *slot)).map(|slot| (slot, Err(failure.clone()))).collect()
}
