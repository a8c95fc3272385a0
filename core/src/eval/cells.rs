//! The slots of one case: an integer and a state each, and beside them the values that no integer holds.

use crate::language::SlotId;
use crate::language::meaning::Slots;
use crate::plan::{Axis, Plan, Storage};
use crate::value::{Failure, Outcome, Value};

/// What stands in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum State {
    /// A value; its integer is told by the slot's storage.
    Known,
    #[default]
    None,
    /// Not known; why stands beside.
    Unknown,
    /// A value that has no integer, or an error; it stands beside.
    Beside,
}

/// What every slot of a case came to.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    pub(crate) bits: Box<[i64]>,
    pub(crate) states: Box<[State]>,
    /// Holds what a slot came to where its state, or a coded storage, says so. Else it is stale.
    pub(crate) beside: Box<[Outcome]>,
}

impl Cells {
    /// Slots in which nothing stands yet.
    pub(crate) fn new(plan: &Plan) -> Cells {
        let count = plan.storages.len();
        Cells {
            bits: vec![0; count].into(),
            states: vec![State::None; count].into(),
            beside: vec![Ok(Value::None); count].into(),
        }
    }

    /// Puts what a slot came to in its place.
    pub(crate) fn set(&mut self, slot: SlotId, outcome: Outcome, storage: &Storage) {
        let index = slot.0 as usize;
        let (Some(bits), Some(state), Some(beside)) =
            (self.bits.get_mut(index), self.states.get_mut(index), self.beside.get_mut(index))
        else {
            return;
        };
        let keep = match &outcome {
            Ok(Value::None) => {
                *state = State::None;
                false
            }
            Ok(value) => match storage.bits(value) {
                Some(found) => {
                    (*bits, *state) = (found, State::Known);
                    !storage.is_exact()
                }
                None => {
                    *state = State::Beside;
                    true
                }
            },
            Err(Failure::Unknown(_)) => {
                *state = State::Unknown;
                true
            }
            Err(Failure::Error(_)) => {
                *state = State::Beside;
                true
            }
        };
        if keep {
            *beside = outcome;
        }
    }

    /// Puts a value whose integer is known in its place.
    pub(crate) fn set_known(&mut self, slot: SlotId, found: i64) {
        if let (Some(bits), Some(state)) = (self.bits.get_mut(slot.0 as usize), self.states.get_mut(slot.0 as usize)) {
            (*bits, *state) = (found, State::Known);
        }
    }

    pub(crate) fn set_none(&mut self, slot: SlotId) {
        if let Some(state) = self.states.get_mut(slot.0 as usize) {
            *state = State::None;
        }
    }

    /// Takes over the first slots of another case.
    pub(crate) fn copy_first(&mut self, other: &Cells, count: usize, storages: &[Storage]) {
        for (to, from) in self.bits.iter_mut().zip(&*other.bits).take(count) {
            *to = *from;
        }
        for (to, from) in self.states.iter_mut().zip(&*other.states).take(count) {
            *to = *from;
        }
        let slots = self.beside.iter_mut().zip(&*other.beside).zip(&*other.states).zip(storages).take(count);
        for (((to, from), state), storage) in slots {
            if matches!(state, State::Unknown | State::Beside) || *state == State::Known && !storage.is_exact() {
                to.clone_from(from);
            }
        }
    }

    /// A slot's integer and state.
    pub(crate) fn get(&self, slot: SlotId) -> (State, i64) {
        match (self.states.get(slot.0 as usize), self.bits.get(slot.0 as usize)) {
            (Some(state), Some(bits)) => (*state, *bits),
            _ => (State::None, 0),
        }
    }

    /// The rank of a slot on an axis.
    pub(crate) fn rank(&self, axis: &Axis) -> usize {
        match self.get(axis.slot) {
            (State::Known, bits) => axis.of_known(bits),
            (State::None, _) => axis.of_none(),
            (State::Unknown, _) => axis.of_none() + 1,
            (State::Beside, _) => axis.of_none() + 2,
        }
    }

    /// What a slot came to.
    pub(crate) fn outcome(&self, slot: SlotId, storages: &[Storage]) -> Outcome {
        let index = slot.0 as usize;
        match (self.get(slot), storages.get(index)) {
            ((State::None, _), _) | (_, None) => Ok(Value::None),
            ((State::Known, bits), Some(storage)) if storage.is_exact() => Ok(storage.value(bits)),
            _ => self.beside.get(index).cloned().unwrap_or(Ok(Value::None)),
        }
    }
}

/// The slots of a case as expressions read them.
pub(crate) struct View<'a> {
    pub(crate) cells: &'a Cells,
    pub(crate) storages: &'a [Storage],
}

impl Slots for View<'_> {
    fn outcome(&self, slot: SlotId) -> Outcome {
        self.cells.outcome(slot, self.storages)
    }
}
