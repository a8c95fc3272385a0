//! The slots of one case: an integer and a state each, and beside them the values that no integer holds.

use std::borrow::Cow;

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

/// A slot: its state, and its integer where it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) bits: i64,
    pub(crate) state: State,
}

/// What every slot of a case came to.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    pub(crate) cells: Box<[Cell]>,
    /// Holds what a slot came to where its state, or a coded storage, says so. Else it is stale.
    pub(crate) beside: Box<[Outcome]>,
}

/// The fields of a record: the first slots of a case, close together.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) cells: Box<[Cell]>,
    /// What stands beside, of the slots that have something there, in their order.
    pub(crate) beside: Vec<(SlotId, Outcome)>,
}

impl Cell {
    /// A slot whose value is known.
    #[inline]
    pub(crate) fn known(bits: i64) -> Cell {
        Cell { bits, state: State::Known }
    }
}

impl Fields {
    /// The fields of a record that was read, with room for so many slots.
    pub(crate) fn new(outcomes: Vec<Outcome>, plan: &Plan, count: usize) -> Fields {
        let mut fields = Fields::room(count);
        for (index, (outcome, storage)) in outcomes.into_iter().zip(&plan.storages).enumerate() {
            let (cell, is_beside) = Fields::stand(&outcome, storage);
            if let Some(slot) = fields.cells.get_mut(index) {
                *slot = cell;
            }
            if is_beside {
                fields.beside.push((SlotId(crate::source::clamp(index)), outcome));
            }
        }
        fields
    }

    /// Puts what slots came to in their places. They are the last slots, all of them, in their order.
    pub(crate) fn put(&mut self, outcomes: &[(SlotId, Outcome)], storages: &[Storage]) {
        if let Some((first, _)) = outcomes.first() {
            self.beside.retain(|(slot, _)| slot < first);
        }
        for (slot, outcome) in outcomes {
            let index = slot.0 as usize;
            let (Some(cell), Some(storage)) = (self.cells.get_mut(index), storages.get(index)) else { continue };
            let (stands, is_beside) = Fields::stand(outcome, storage);
            *cell = stands;
            if is_beside {
                self.beside.push((*slot, outcome.clone()));
            }
        }
    }

    /// Room for the fields of a record that has so many.
    pub(crate) fn room(count: usize) -> Fields {
        Fields { cells: vec![Cell::default(); count].into(), beside: Vec::new() }
    }

    /// What a field came to.
    pub(crate) fn outcome(&self, slot: SlotId, storages: &[Storage]) -> Outcome {
        let index = slot.0 as usize;
        let cell = self.cells.get(index).copied().unwrap_or_default();
        match (cell.state, storages.get(index)) {
            (State::None, _) | (_, None) => Ok(Value::None),
            (State::Known, Some(storage)) if storage.is_exact() => Ok(storage.value(cell.bits)),
            _ => match self.beside.binary_search_by_key(&slot, |(slot, _)| *slot) {
                Ok(at) => self.beside.get(at).map_or(Ok(Value::None), |(_, outcome)| outcome.clone()),
                Err(_) => Ok(Value::None),
            },
        }
    }

    /// How what a field came to stands in its slot, and whether it stands beside too.
    pub(crate) fn stand(outcome: &Outcome, storage: &Storage) -> (Cell, bool) {
        let state = |state| Cell { bits: 0, state };
        match outcome {
            Ok(Value::None) => (state(State::None), false),
            Ok(value) => match storage.bits(value) {
                Some(bits) => (Cell::known(bits), !storage.is_exact()),
                None => (state(State::Beside), true),
            },
            Err(Failure::Unknown(_)) => (state(State::Unknown), true),
            Err(Failure::Error(_)) => (state(State::Beside), true),
        }
    }
}

impl Cells {
    /// Slots in which nothing stands yet.
    pub(crate) fn new(plan: &Plan) -> Cells {
        let count = plan.storages.len();
        // Made one by one: to clone an outcome takes longer than to write one.
        let beside = std::iter::repeat_with(|| Ok(Value::None)).take(count);
        Cells { cells: vec![Cell::default(); count].into(), beside: beside.collect() }
    }

    /// Puts what a slot came to in its place.
    pub(crate) fn set(&mut self, slot: SlotId, outcome: Outcome, storage: &Storage) {
        let index = slot.0 as usize;
        let (Some(cell), Some(beside)) = (self.cells.get_mut(index), self.beside.get_mut(index)) else { return };
        let (stands, keep) = Fields::stand(&outcome, storage);
        *cell = stands;
        if keep {
            *beside = outcome;
        }
    }

    /// The same, giving what stood there before: the cell, and what stood beside where that is replaced.
    pub(crate) fn put(&mut self, slot: SlotId, outcome: Outcome, storage: &Storage) -> (Cell, Option<Outcome>) {
        let index = slot.0 as usize;
        let (Some(cell), Some(beside)) = (self.cells.get_mut(index), self.beside.get_mut(index)) else {
            return (Cell::default(), None);
        };
        let (stands, keep) = Fields::stand(&outcome, storage);
        (std::mem::replace(cell, stands), keep.then(|| std::mem::replace(beside, outcome)))
    }

    /// Puts back what stood in a slot before.
    pub(crate) fn put_back(&mut self, slot: SlotId, cell: Cell, beside: Option<Outcome>) {
        let index = slot.0 as usize;
        if let (Some(to), Some(known)) = (self.cells.get_mut(index), self.beside.get_mut(index)) {
            *to = cell;
            if let Some(beside) = beside {
                *known = beside;
            }
        }
    }

    /// Takes out all slots, and leaves none.
    pub(crate) fn take_out(&mut self) -> Cells {
        Cells { cells: std::mem::take(&mut self.cells), beside: std::mem::take(&mut self.beside) }
    }

    /// The slots that these outcomes fill.
    #[cfg(test)]
    pub(crate) fn of(plan: &Plan, outcomes: &[Outcome]) -> Cells {
        let mut cells = Cells::new(plan);
        for (index, (outcome, storage)) in outcomes.iter().zip(&plan.storages).enumerate() {
            cells.set(SlotId(crate::source::clamp(index)), outcome.clone(), storage);
        }
        cells
    }

    /// Puts a value whose integer is known in its place.
    #[inline]
    pub(crate) fn set_known(&mut self, slot: SlotId, bits: i64) {
        if let Some(cell) = self.cells.get_mut(slot.0 as usize) {
            *cell = Cell { bits, state: State::Known };
        }
    }

    pub(crate) fn set_none(&mut self, slot: SlotId) {
        if let Some(cell) = self.cells.get_mut(slot.0 as usize) {
            cell.state = State::None;
        }
    }

    /// Takes over the fields of a record.
    #[inline]
    pub(crate) fn take(&mut self, fields: &Fields) {
        if let Some(to) = self.cells.get_mut(..fields.cells.len()) {
            to.copy_from_slice(&fields.cells);
        }
        for (slot, outcome) in &fields.beside {
            if let Some(to) = self.beside.get_mut(slot.0 as usize) {
                to.clone_from(outcome);
            }
        }
    }

    /// A slot's state and integer.
    #[inline(always)]
    pub(crate) fn get(&self, slot: SlotId) -> Cell {
        self.cells.get(slot.0 as usize).copied().unwrap_or_default()
    }

    /// The rank of a slot on an axis.
    #[inline(always)]
    pub(crate) fn rank(&self, axis: &Axis) -> usize {
        let cell = self.get(axis.slot);
        if cell.state == State::Known {
            return axis.of_known(cell.bits);
        }
        axis.of_state(match cell.state {
            State::Unknown => 1,
            State::Beside => 2,
            _ => 0,
        })
    }

    /// How many items stand in a list, where it is known.
    pub(crate) fn length(&self, list: SlotId) -> usize {
        match (self.get(list).state, self.beside.get(list.0 as usize)) {
            (State::Known | State::Beside, Some(Ok(Value::List(items)))) => items.len(),
            _ => 0,
        }
    }

    /// What a slot came to.
    pub(crate) fn outcome(&self, slot: SlotId, storages: &[Storage]) -> Outcome {
        self.look_at(slot, storages).into_owned()
    }

    /// The same, lent where it stands beside.
    #[inline]
    pub(crate) fn look_at(&self, slot: SlotId, storages: &[Storage]) -> Cow<'_, Outcome> {
        let index = slot.0 as usize;
        let cell = self.get(slot);
        match (cell.state, storages.get(index)) {
            (State::None, _) | (_, None) => Cow::Owned(Ok(Value::None)),
            (State::Known, Some(storage)) if storage.is_exact() => Cow::Owned(Ok(storage.value(cell.bits))),
            _ => self.beside.get(index).map_or(Cow::Owned(Ok(Value::None)), Cow::Borrowed),
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
