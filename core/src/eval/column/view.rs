//! One case of a chunk, as expressions read it.

use super::Work;
use super::kernels::CASES;
use super::masks::has;
use crate::eval::cells::Cell;
use crate::eval::code::CodeSlots;
use crate::language::SlotId;
use crate::language::meaning::Slots;
use crate::value::{Outcome, Value};

/// One case of a chunk.
pub(super) struct CaseView<'a> {
    pub(super) work: &'a Work<'a>,
    pub(super) case: usize,
}

impl Slots for CaseView<'_> {
    fn outcome(&self, slot: SlotId) -> Outcome {
        self.work.outcome(slot, self.case)
    }
}

impl CodeSlots for CaseView<'_> {
    fn cell(&self, slot: SlotId) -> Cell {
        let (work, index) = (self.work, slot.0 as usize);
        if let Some(column) = work.batch.columns.get(index) {
            let case = work.index * CASES + self.case;
            return Cell { bits: column.get(case), state: column.state(case) };
        }
        match work.room.slots.get(index) {
            Some(Some(column)) => column.cell(self.case),
            _ => Cell::default(),
        }
    }

    fn beside(&self, slot: SlotId) -> Option<&Outcome> {
        let (work, index) = (self.work, slot.0 as usize);
        if index < work.batch.columns.len() {
            return work.batch.beside(work.index * CASES + self.case, slot);
        }
        work.room.slots.get(index)?.as_ref()?.states.beside(self.case)
    }
}

impl Work<'_> {
    /// What a slot of a case came to.
    pub(super) fn outcome(&self, slot: SlotId, case: usize) -> Outcome {
        let index = slot.0 as usize;
        if index < self.batch.columns.len() {
            return self.batch.outcome(self.index * CASES + case, slot, &self.pack.plan.storages);
        }
        let Some(storage) = self.pack.plan.storages.get(index) else { return Ok(Value::None) };
        if let Some(Some(column)) = self.room.slots.get(index)
            && has(&column.states.filled, case)
        {
            return column.outcome(case, storage);
        }
        let step = self.columns.slots.get(index).and_then(|column| column.rows_of);
        step.and_then(|step| self.of_row_taken(step, slot, case)).unwrap_or(Ok(Value::None))
    }
}
