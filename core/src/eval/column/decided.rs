//! What a batch came to, and one case of it by itself.

use super::batch::Batch;
use super::kernels::{CASES, Kernels, Mask};
use super::masks::has;
use super::slot::{KeptColumn, Narrow, SlotColumn};
use crate::eval::cells::Cells;
use crate::eval::row::{Evaluation, Pack, Taken};
use crate::eval::trace::TableTrace;
use crate::language::SlotId;
use crate::language::functions::printed::Printed;
use crate::plan::columns::Columns;
use crate::plan::{Give, PlanStep, PlanTable, Storage};

/// What a batch came to, chunk by chunk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decided {
    pub(crate) len: usize,
    pub(super) chunks: Vec<Chunk>,
}

/// What the cases of a chunk came to. Its room is used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    /// For each bit of the tables of which several rows may fire, table after table: the cases whose row fired.
    pub(super) fired: Vec<Mask>,
    /// For each step that is a table of first hits: the bit that fired, or how many there are for `otherwise`.
    pub(super) hits: Vec<Narrow>,
    /// The facts and results that are calculated, in the order of their slots.
    pub(super) slots: Vec<(usize, KeptColumn)>,
    /// Tables that their meaning decided: by step, and by case of the chunk.
    pub(super) asked: Vec<(usize, usize, TableTrace)>,
    /// What functions printed, by case of the chunk.
    pub(super) printed: Vec<(usize, Printed)>,
}

impl Decided {
    /// What one case came to.
    pub(crate) fn case(
        &self,
        pack: Pack<'_>,
        columns: &Columns,
        batch: &Batch,
        case: usize,
        evaluation: &mut Evaluation,
    ) {
        let Some(chunk) = self.chunks.get(case / CASES) else { return };
        let within = case % CASES;
        evaluation.asked.clear();
        let printed = chunk.printed.iter().filter(|(case, _)| *case == within);
        evaluation.printed = printed.map(|(_, printed)| printed.clone()).collect();
        evaluation.fired.fill(0);
        evaluation.cells.take(&batch.fields(case, pack.plan));
        for (index, step) in pack.plan.steps.iter().enumerate() {
            match step {
                PlanStep::Fact(slot, _) => {
                    chunk.read(*slot, within, &mut evaluation.cells, &pack.plan.storages);
                }
                PlanStep::Table(table) => chunk.table(pack, columns, index, table, within, evaluation),
            }
        }
    }

    /// How many times the meaning of tables was asked: for one table and one case each.
    pub(crate) fn asked(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.asked.len()).sum()
    }
}

impl Chunk {
    /// Keeps the columns of slots, in the room of those before.
    pub(super) fn keep(&mut self, columns: impl Iterator<Item = (usize, SlotColumn)>, kernels: Kernels) {
        let mut count = 0;
        for (slot, column) in columns {
            let mut bits =
                self.slots.get_mut(count).map(|(_, kept)| std::mem::take(&mut kept.bits)).unwrap_or_default();
            bits.store(kernels, &column.bits);
            let kept = (slot, KeptColumn { bits, states: column.states });
            match self.slots.get_mut(count) {
                Some(to) => *to = kept,
                None => self.slots.push(kept),
            }
            count += 1;
        }
        self.slots.truncate(count);
    }

    /// Puts a fact or result of a case in its place; whether it stands in a column.
    fn read(&self, slot: SlotId, case: usize, cells: &mut Cells, storages: &[Storage]) -> bool {
        let index = slot.0 as usize;
        let found = self.slots.binary_search_by_key(&index, |(slot, _)| *slot).ok();
        let (Some((_, column)), Some(storage)) = (found.and_then(|at| self.slots.get(at)), storages.get(index)) else {
            return false;
        };
        let (states, bits) = (&column.states, column.bits.get(case));
        if !has(&states.filled, case) {
            return false;
        }
        if storage.is_exact() && states.is_known(case) {
            cells.set_known(slot, bits);
        } else {
            cells.set(slot, states.outcome(case, bits, storage), storage);
        }
        true
    }

    fn table(
        &self,
        pack: Pack<'_>,
        columns: &Columns,
        index: usize,
        table: &PlanTable,
        case: usize,
        evaluation: &mut Evaluation,
    ) {
        let at = columns.kept_at(index);
        let mut fire = |bit: usize| {
            let bit = table.bits.shift + bit;
            if let Some(word) = evaluation.fired.get_mut(table.bits.offset + bit / 64) {
                *word |= 1 << (bit % 64);
            }
        };
        let mut taken = Taken::Rows;
        let mut row = None;
        if !self.asked.is_empty()
            && let Ok(found) = self.asked.binary_search_by_key(&(index, case), |(step, case, _)| (*step, *case))
        {
            taken = Taken::Asked;
            evaluation.asked.extend(self.asked.get(found).map(|(_, _, trace)| (index, trace.clone())));
        } else if table.policy.is_single() {
            let hit = self.hits.get(index).and_then(|hits| usize::try_from(hits.get(case)).ok()).unwrap_or(usize::MAX);
            match table.order.get(hit) {
                Some(position) => {
                    fire(hit);
                    row = Some(*position as usize);
                }
                None => {
                    taken = Taken::Otherwise;
                    row = Some(table.order.len());
                }
            }
        } else {
            let fired = self.fired.get(at..at + table.order.len()).unwrap_or(&[]);
            fired.iter().enumerate().filter(|(_, fired)| has(fired, case)).for_each(|(bit, _)| fire(bit));
        }
        if let Some(to) = evaluation.taken.get_mut(index) {
            *to = taken;
        }
        for (output, planned) in table.outputs.iter().enumerate() {
            let Some(slot) = planned.slot else { continue };
            if self.read(slot, case, &mut evaluation.cells, &pack.plan.storages) {
                continue;
            }
            match row.and_then(|row| table.gives(row).get(output)) {
                Some(Give::Bits(bits)) => evaluation.cells.set_known(slot, *bits),
                Some(Give::Value(value)) => evaluation.cells.set(slot, Ok(value.clone()), &planned.storage),
                _ => evaluation.cells.set_none(slot),
            }
        }
    }
}
