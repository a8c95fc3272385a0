//! Where a case stands before an evaluation: in which stage of which workflow, by its state or because it begins now.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::check::CheckedPack;
use crate::check::workflows::StateSlots;
use crate::eval::runner::Runner;
use crate::language::SlotId;
use crate::pack_identity::PackIdentity;
use crate::state::{State, StateError};
use crate::value::{Failure, Outcome, Value};

/// Where a case stands.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// In a stage that the pack has.
    In {
        workflow: usize,
        stage: usize,
        state: Arc<State>,
        /// Whether it begins now, and no state was given.
        is_new: bool,
    },
    /// In no workflow: none takes the case.
    Out,
    /// In a stage or workflow that the pack does not have.
    NeedsMigration(Arc<State>),
    /// It is not known whether this workflow takes the case.
    Undecided(Arc<str>, Failure),
}

impl Standing {
    /// Where a state says that the case stands. A stage that was renamed is the one that it is called now.
    pub(crate) fn of_state(checked: &CheckedPack, state: &Arc<State>) -> Standing {
        let Some(workflow) = checked.workflows.iter().position(|workflow| *workflow.name == *state.workflow()) else {
            return Standing::NeedsMigration(state.clone());
        };
        let Some(known) = checked.workflows.get(workflow) else { return Standing::NeedsMigration(state.clone()) };
        let mut state = state.clone();
        let is_renamed = |stage: &str| known.renamed.contains_key(stage);
        if is_renamed(state.stage()) || state.left_stages().any(is_renamed) {
            let mut renamed = (*state).clone();
            renamed.rename_stages(&known.renamed);
            state = Arc::new(renamed);
        }
        match known.stages.iter().position(|stage| *stage.name == *state.stage()) {
            Some(stage) => Standing::In { workflow, stage, state, is_new: false },
            None => Standing::NeedsMigration(state),
        }
    }

    /// Where a case begins: in the first workflow that takes it. The runner's slots are those of an evaluation in which
    /// no stage is known.
    pub(crate) fn beginning(
        runner: &mut Runner<'_>,
        key: &str,
        today: NaiveDate,
        pack: &PackIdentity,
    ) -> Result<Standing, StateError> {
        let Some(workflows) = &runner.pack().lowered.workflows else { return Ok(Standing::Out) };
        let checked = runner.pack().checked;
        match runner.rows(workflows.applies).into_iter().next() {
            None => Ok(Standing::Out),
            Some((workflow, Ok(()))) => Standing::begin(checked, workflow, key, today, pack),
            Some((workflow, Err(failure))) => {
                let id = checked.workflows.get(workflow).map_or("workflows".into(), |workflow| workflow.id.clone());
                Ok(Standing::Undecided(id, failure))
            }
        }
    }

    /// The beginning of a case in a workflow.
    pub(crate) fn begin(
        checked: &CheckedPack,
        workflow: usize,
        key: &str,
        today: NaiveDate,
        pack: &PackIdentity,
    ) -> Result<Standing, StateError> {
        let Some(known) = checked.workflows.get(workflow) else { return Ok(Standing::Out) };
        let Some(initial) = known.stages.get(known.initial) else { return Ok(Standing::Out) };
        let state = State::start(key, &known.name, &initial.name, today, pack.clone())?;
        Ok(Standing::In { workflow, stage: known.initial, state: Arc::new(state), is_new: true })
    }

    /// What stands in the slots of a state.
    pub(crate) fn slots(&self, slots: &StateSlots, today: NaiveDate) -> Vec<(SlotId, Outcome)> {
        match self {
            Standing::In { state, .. } => of_state(state, slots, today),
            Standing::Out => {
                let none = [slots.stage, slots.days_in_stage, slots.previous_stage].map(|slot| (slot, Ok(Value::None)));
                let not_done = slots.done.iter().map(|(_, slot)| (*slot, Ok(Value::Boolean(false))));
                none.into_iter().chain(not_done).collect()
            }
            Standing::NeedsMigration(_) => unknown(slots, &Failure::unknown("stage")),
            Standing::Undecided(_, failure) => unknown(slots, failure),
        }
    }
}

/// What the slots of a state hold for a case that stands in a stage.
pub(crate) fn of_state(state: &State, slots: &StateSlots, today: NaiveDate) -> Vec<(SlotId, Outcome)> {
    let days = i64::from(state.days_in_stage(today));
    let previous = state.previous_stage().map_or(Value::None, Value::text);
    let mut outcomes = vec![
        (slots.stage, Ok(Value::text(state.stage()))),
        (slots.days_in_stage, Ok(Value::Integer(days))),
        (slots.previous_stage, Ok(previous)),
    ];
    outcomes.extend(slots.done.iter().map(|(step, slot)| (*slot, Ok(Value::Boolean(state.is_done(step))))));
    outcomes
}

/// The slots of a state of which nothing is known.
pub(crate) fn unknown(slots: &StateSlots, failure: &Failure) -> Vec<(SlotId, Outcome)> {
    let all = [slots.stage, slots.days_in_stage, slots.previous_stage].into_iter();
    all.chain(slots.done.iter().map(|(_, slot)| *slot)).map(|slot| (slot, Err(failure.clone()))).collect()
}
