//! What a batch came to, and one case of it by itself.

use super::batch::Batch;
use super::kernels::{CASES, Mask};
use super::lanes::Lanes;
use super::masks::{NONE, has, set};
use crate::eval::cells::Cells;
use crate::eval::code::Answer;
use crate::eval::row::{self, Evaluation, Instant, Pack, Taken};
use crate::families::Step;
use crate::language::SlotId;
use crate::plan::columns::Columns;
use crate::plan::{Give, PlanStep, PlanTable, Policy, Storage};
use crate::value::{Failure, Outcome, Value};

/// What a batch came to, chunk by chunk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decided {
    pub(crate) len: usize,
    pub(super) chunks: Vec<Chunk>,
}

/// What the cases of a chunk came to. Its room is used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    /// For each bit of a table that the chunk decided, table after table: the cases whose row fired.
    pub(super) fired: Vec<Mask>,
    /// For each step that is a table of first hits: the bit that fired, or how many there are for `otherwise`.
    pub(super) hits: Vec<Vec<u16>>,
    /// By slot: the integers and states of facts and results that are calculated.
    pub(super) slots: Vec<Option<SlotColumn>>,
    /// The outcome of every test, where it is kept: true, and possible.
    pub(super) kept: Vec<Mask>,
    /// Cases that were decided one by one.
    pub(super) single: Vec<(usize, Evaluation)>,
}

/// The values of a fact or result in a chunk.
#[derive(Clone, Debug)]
pub(super) struct SlotColumn {
    pub(super) bits: Vec<i64>,
    pub(super) none: Mask,
    pub(super) unknown: Mask,
    /// Values that have no integer of their own, by case.
    pub(super) beside: Vec<Outcome>,
}

impl Decided {
    /// What one case came to.
    pub(crate) fn case(
        &self,
        pack: Pack<'_>,
        columns: &Columns,
        instant: &Instant,
        batch: &Batch,
        case: usize,
        evaluation: &mut Evaluation,
    ) {
        let Some(chunk) = self.chunks.get(case / CASES) else { return };
        if let Ok(found) = chunk.single.binary_search_by_key(&case, |(case, _)| *case) {
            if let Some((_, single)) = chunk.single.get(found) {
                evaluation.clone_from(single);
            }
            return;
        }
        let within = case % CASES;
        evaluation.asked.clear();
        evaluation.fired.fill(0);
        evaluation.cells.take(&batch.fields(case, pack.plan));
        for (index, step) in pack.plan.steps.iter().enumerate() {
            match step {
                PlanStep::Fact(slot, _) => {
                    let unknown = chunk.fill(*slot, within, &mut evaluation.cells, &pack.plan.storages);
                    if unknown && let Some(Step::Fact(fact)) = pack.lowered.steps.get(index) {
                        // The names of what is missing are asked for only now.
                        let outcome = row::ask(pack, instant, &evaluation.cells, |reader| reader.value(&fact.expr));
                        if let Some(storage) = pack.plan.storages.get(slot.0 as usize) {
                            evaluation.cells.set(*slot, outcome, storage);
                        }
                    }
                }
                PlanStep::Table(table) => chunk.table(pack, columns, index, table, within, evaluation),
            }
        }
    }

    /// How many cases were decided one by one.
    pub(crate) fn single(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.single.len()).sum()
    }
}

impl Chunk {
    /// Puts a fact or result of a case in its place; whether it is unknown.
    fn fill(&self, slot: SlotId, case: usize, cells: &mut Cells, storages: &[Storage]) -> bool {
        let (Some(Some(column)), Some(storage)) = (self.slots.get(slot.0 as usize), storages.get(slot.0 as usize))
        else {
            return false;
        };
        if has(&column.unknown, case) {
            return true;
        }
        if storage.is_exact() && !has(&column.none, case) {
            cells.set_known(slot, column.bits.get(case).copied().unwrap_or(0));
        } else {
            cells.set(slot, column.outcome(case, storage), storage);
        }
        false
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
        let at = columns.fired_at(index);
        let mut fire = |bit: usize| {
            let bit = table.bits.shift + bit;
            if let Some(word) = evaluation.fired.get_mut(table.bits.offset + bit / 64) {
                *word |= 1 << (bit % 64);
            }
        };
        let is_single = matches!(table.policy, Policy::First | Policy::Unique | Policy::Any);
        let mut taken = Taken::Rows;
        let mut row = None;
        if is_single {
            let hit = self.hits.get(index).and_then(|hits| hits.get(case)).map_or(usize::MAX, |hit| usize::from(*hit));
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
            let is_filled = self.slots.get(slot.0 as usize).is_some_and(Option::is_some);
            if is_filled {
                self.fill(slot, case, &mut evaluation.cells, &pack.plan.storages);
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

impl SlotColumn {
    pub(super) fn new() -> SlotColumn {
        SlotColumn { bits: vec![0; CASES], none: NONE, unknown: NONE, beside: Vec::new() }
    }

    /// Puts what code came to in its place, and gives the cases of which it could not tell.
    pub(super) fn put(&mut self, cases: &[u16], found: &Lanes) -> Mask {
        let mut odd = NONE;
        if found.states.is_none() {
            for (case, value) in cases.iter().zip(&found.values) {
                if let Some(to) = self.bits.get_mut(usize::from(*case)) {
                    *to = *value;
                }
            }
            return odd;
        }
        for (index, case) in cases.iter().enumerate() {
            let case = usize::from(*case);
            match found.answer(index) {
                Answer::Known(value) => self.bits.get_mut(case).into_iter().for_each(|to| *to = value),
                Answer::None => set(&mut self.none, case),
                Answer::Unknown => set(&mut self.unknown, case),
                Answer::Asked => set(&mut odd, case),
            }
        }
        odd
    }

    pub(super) fn outcome(&self, case: usize, storage: &Storage) -> Outcome {
        if has(&self.none, case) {
            return Ok(Value::None);
        }
        if has(&self.unknown, case) {
            return Err(Failure::Unknown([].into()));
        }
        match self.beside.get(case) {
            Some(outcome) if !storage.is_exact() => outcome.clone(),
            _ => Ok(storage.value(self.bits.get(case).copied().unwrap_or(0))),
        }
    }
}
