//! What the rows that fired give: the results of a table for the cases of a chunk.

use super::Work;
use super::kernels::Mask;
use super::lanes::{Lanes, put_in};
use super::masks::{NONE, and, any, each, has, or, set, without};
use super::slot::SlotColumn;
use crate::language::SlotId;
use crate::plan::columns::{ColumnOutput, Shape};
use crate::plan::{Code, Give, PlanTable, Policy, Storage};
use crate::value::{Outcome, Value};

impl<'a> Work<'a> {
    /// The results of a table, but for cases that are asked for. Gives those that have to be asked for too.
    #[inline(always)]
    pub(super) fn results(&mut self, index: usize, table: &PlanTable, at: usize, asked: &Mask) -> Mask {
        let mut odd = NONE;
        for (output, planned) in table.outputs.iter().enumerate() {
            let Some(slot) = planned.slot else { continue };
            let Some(of_slot) = self.columns.slots.get(slot.0 as usize) else { continue };
            // A value that the rows tell is found by them, unless something calculates with it.
            if of_slot.rows_of.is_some() && !self.pack.plan.calculates(slot) {
                continue;
            }
            let cases = without(self.active, asked);
            let (mut column, of_output) = match table.policy {
                Policy::First | Policy::Unique | Policy::Any => match self.columns.output(index, output) {
                    Some(ColumnOutput { shape: Some(shape), .. }) => self.shaped(index, shape, &cases),
                    _ => self.given((index, output), table, at, &planned.storage, &cases),
                },
                Policy::Sum | Policy::Least | Policy::Most | Policy::Count => {
                    self.folded(table, at, output, &planned.storage, &cases)
                }
                Policy::Each | Policy::List | Policy::Asked(_) => continue,
            };
            column.states.filled = without(cases, &of_output);
            odd = or(odd, &of_output);
            self.room.fill(slot, column);
        }
        odd
    }

    /// What the rows of all cases give for an output that they calculate alike.
    fn shaped(&mut self, index: usize, shape: &'a Shape, cases: &Mask) -> (SlotColumn, Mask) {
        self.by_row = self.room.hits.get_mut(index).map(|hits| (&*shape.constants, std::mem::take(hits)));
        let found = self.lanes(&shape.code);
        if let (Some(to), Some((_, hits))) = (self.room.hits.get_mut(index), self.by_row.take()) {
            *to = hits;
        }
        let odd = and(or(found.asked, &found.unknown), cases);
        (SlotColumn::of(found, self.kernels), odd)
    }

    /// What the row of each case gives for an output.
    #[inline(always)]
    fn given(
        &mut self,
        (index, output): (usize, usize),
        table: &PlanTable,
        at: usize,
        storage: &Storage,
        cases: &Mask,
    ) -> (SlotColumn, Mask) {
        let integers = self.columns.output(index, output).map_or(&[] as &[i64], |output| &output.integers);
        let hits = self.room.hits.get(index).map_or(&[] as &[u16], Vec::as_slice);
        let mut column = SlotColumn::of(Lanes::of_rows(integers, hits), self.kernels);
        let mut odd = NONE;
        for bit in 0..=table.order.len() {
            let row = table.order.get(bit).map_or(table.order.len(), |row| *row as usize);
            let Some(give) = table.gives(row).get(output) else { continue };
            if matches!(give, Give::Bits(_)) {
                continue;
            }
            let fired = self.room.fired.get(at..at + table.order.len()).unwrap_or(&[]);
            let of_row = match fired.get(bit) {
                Some(fired) => and(*fired, cases),
                None => fired.iter().fold(*cases, without),
            };
            match give {
                Give::Code(code) if any(&of_row) => odd = or(odd, &self.calculated(code, &of_row, &mut column)),
                Give::Value(value) => each(&of_row, |case| column.set(case, Ok(value.clone()), storage)),
                Give::Asked => odd = or(odd, &of_row),
                Give::None => column.states.none = or(column.states.none, &of_row),
                Give::Bits(_) | Give::Code(_) => {}
            }
        }
        (column, odd)
    }

    /// Puts what code comes to for some cases in its place. Gives those of which it cannot tell.
    fn calculated(&self, code: &Code, cases: &Mask, column: &mut SlotColumn) -> Mask {
        let found = self.lanes(code);
        let integers = found.values.integers(self.kernels);
        put_in(self.kernels, cases, &integers, &mut column.bits);
        column.states.none = or(column.states.none, &and(found.none, cases));
        // A result that is not known is told with the names of what is missing.
        and(or(found.asked, &found.unknown), cases)
    }

    /// A sum, count, least or greatest value over the rows that fired.
    fn folded(
        &mut self,
        table: &PlanTable,
        at: usize,
        output: usize,
        storage: &Storage,
        cases: &Mask,
    ) -> (SlotColumn, Mask) {
        let mut column = SlotColumn::default();
        if !table.policy.folds(storage) {
            return (column, *cases);
        }
        let (mut seen, mut odd) = (NONE, NONE);
        for bit in 0..table.order.len() {
            let Some(fired) = self.room.fired.get(at + bit).filter(|fired| any(fired)) else { continue };
            let mut fired = and(*fired, cases);
            let row = table.order.get(bit).map_or(0, |row| *row as usize);
            let mut of_row = SlotColumn::default();
            match (table.policy, table.gives(row).get(output)) {
                (Policy::Count, _) => of_row.bits.fill(1),
                (_, Some(Give::None)) => continue,
                (_, Some(Give::Bits(bits))) => of_row.bits.fill(*bits),
                (_, Some(Give::Code(code))) => {
                    odd = or(odd, &self.calculated(code, &fired, &mut of_row));
                    fired = without(fired, &of_row.states.none);
                }
                _ => {
                    odd = or(odd, &fired);
                    continue;
                }
            }
            each(&fired, |case| {
                let (Some(to), Some(bits)) = (column.bits.get_mut(case), of_row.bits.get(case)) else { return };
                let found = match table.policy {
                    _ if !has(&seen, case) => Some(*bits),
                    Policy::Least => Some(*bits.min(to)),
                    Policy::Most => Some(*bits.max(to)),
                    _ => to.checked_add(*bits),
                };
                match found {
                    Some(found) => *to = found,
                    None => set(&mut odd, case),
                }
            });
            seen = or(seen, &fired);
        }
        if matches!(table.policy, Policy::Least | Policy::Most) {
            column.states.none = without(*cases, &seen);
        }
        (column, odd)
    }
}

impl Work<'_> {
    /// What the row that a case took gives for a slot, where all rows write their values out.
    pub(super) fn of_row_taken(&self, step: usize, slot: SlotId, case: usize) -> Option<Outcome> {
        let crate::plan::PlanStep::Table(table) = self.pack.plan.steps.get(step)? else { return None };
        let hit = usize::from(*self.room.hits.get(step)?.get(case)?);
        let row = table.order.get(hit).map_or(table.order.len(), |row| *row as usize);
        let (output, give) = table.outputs.iter().zip(table.gives(row)).find(|(of, _)| of.slot == Some(slot))?;
        match give {
            Give::Bits(bits) => Some(Ok(output.storage.value(*bits))),
            Give::Value(value) => Some(Ok(value.clone())),
            _ => Some(Ok(Value::None)),
        }
    }
}
