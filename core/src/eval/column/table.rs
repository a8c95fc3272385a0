//! The rows of a table for the cases of a chunk: which fire, and for which cases the meaning of tables is asked.

use super::kernels::Mask;
use super::masks::{NONE, and, any, cases, not, numbers, or, set, without};
use super::{Room, Work};
use crate::families::Step;
use crate::plan::table::SHARE;
use crate::plan::{PlanTable, Policy, Truth};

impl Work<'_> {
    #[inline(always)]
    pub(super) fn table(&mut self, index: usize, table: &PlanTable) {
        let at = self.room.fired.len();
        self.room.fired.resize(at + table.order.len(), NONE);
        let is_asked = table.is_asked_in_columns();
        let mut asked = if is_asked { self.active } else { self.rows(table, at) };
        self.forget(at, &asked);
        if table.policy.is_single()
            && let Some(hits) = self.room.hits.get_mut(index)
        {
            let none = u16::try_from(table.order.len()).unwrap_or(u16::MAX);
            numbers(self.kernels, self.room.fired.get(at..).unwrap_or(&[]), none, hits);
        }
        if !is_asked {
            let odd = self.results(index, table, at, &asked);
            self.forget(at, &odd);
            asked = or(asked, &odd);
        }
        if any(&asked) {
            self.ask_table(index, &asked);
        }
        if !table.policy.is_single() {
            self.chunk.fired.extend_from_slice(self.room.fired.get(at..).unwrap_or(&[]));
        }
        for output in &table.outputs {
            if let Some(slot) = output.slot {
                self.test(slot);
            }
        }
    }

    /// Marks the rows that fire, where each test either holds or does not.
    #[inline(always)]
    fn sure_rows(&mut self, table: &PlanTable, at: usize) -> Mask {
        let (mut left, mut once, mut twice) = (self.active, NONE, NONE);
        let Room { tests, fired, .. } = &mut *self.room;
        let Some(fired) = fired.get_mut(at..) else { return NONE };
        for (fired, of_row) in fired.iter_mut().zip(&table.tests) {
            let mut holds = left;
            for test in of_row {
                tests.leave_sure(&mut holds, *test);
            }
            *fired = holds;
            match table.policy {
                Policy::First => left = without(left, &holds),
                Policy::Unique | Policy::Any => {
                    twice = or(twice, &and(once, &holds));
                    once = or(once, &holds);
                }
                _ => {}
            }
        }
        let missed = match table.policy {
            Policy::First => left,
            Policy::Unique | Policy::Any => without(self.active, &once),
            _ => NONE,
        };
        if table.has_otherwise { twice } else { or(twice, &missed) }
    }

    /// Marks the rows that fire. Gives the cases for which the masks cannot tell.
    #[inline(always)]
    fn rows(&mut self, table: &PlanTable, at: usize) -> Mask {
        let is_first = table.policy == Policy::First;
        let is_open = self.room.tests.is_open;
        if !is_open && !table.has_computed && table.dated.is_empty() {
            return self.sure_rows(table, at);
        }
        let (mut left, mut doubt, mut once, mut twice) = (self.active, NONE, NONE, NONE);
        for bit in 0..table.order.len() {
            if !self.is_in_force(table, bit) {
                continue;
            }
            let tests = table.tests.get(bit).map_or(&[] as &[u32], |tests| tests);
            let mut holds = left;
            for test in tests {
                self.room.tests.leave_sure(&mut holds, *test);
            }
            let mut possible = holds;
            if is_open {
                possible = left;
                for test in tests {
                    self.room.tests.leave_possible(&mut possible, *test);
                }
            }
            if table.has_computed && any(&possible) {
                for id in table.computed.get(bit).into_iter().flatten() {
                    let (of_holds, of_possible) = self.condition(id.0 as usize);
                    holds = and(holds, &of_holds);
                    possible = and(possible, &of_possible);
                }
            }
            doubt = or(doubt, &without(possible, &holds));
            if is_first {
                // What is in doubt is asked for: no later row is looked at.
                left = without(left, &possible);
            } else {
                twice = or(twice, &and(once, &holds));
                once = or(once, &holds);
            }
            if let Some(fired) = self.room.fired.get_mut(at + bit) {
                *fired = holds;
            }
            if is_first && !any(&left) {
                break;
            }
        }
        let missed = match table.policy {
            Policy::First => left,
            Policy::Unique | Policy::Any => and(not(once), &self.active),
            _ => NONE,
        };
        let mut asked = doubt;
        if matches!(table.policy, Policy::Unique | Policy::Any) {
            asked = or(asked, &twice);
        }
        if !table.has_otherwise {
            asked = or(asked, &missed);
        }
        asked
    }

    /// Takes cases out of the rows of a table that fired.
    fn forget(&mut self, at: usize, asked: &Mask) {
        if any(asked) {
            for fired in self.room.fired.iter_mut().skip(at) {
                *fired = without(*fired, asked);
            }
        }
    }

    /// Lets the meaning of tables decide a table for these cases.
    #[cold]
    fn ask_table(&mut self, index: usize, asked: &Mask) {
        let Some(Step::Table(table)) = self.pack.lowered.steps.get(index) else { return };
        for case in cases(asked) {
            let trace = self.ask(case, |reader| crate::eval::table::try_table(table, reader));
            for (output, result) in table.outputs.iter().zip(&trace.results) {
                let Some(slot) = output.slot else { continue };
                if let (Some(storage), Some(column)) =
                    (self.pack.plan.storages.get(slot.0 as usize), self.room.slots.get_mut(slot.0 as usize))
                {
                    column.get_or_insert_default().set(case, result.clone(), storage);
                }
            }
            self.chunk.asked.push((index, case, trace));
        }
    }

    #[inline]
    fn is_in_force(&self, table: &PlanTable, bit: usize) -> bool {
        if table.dated.is_empty() {
            return true;
        }
        let bit = table.bits.shift + bit;
        self.instant.in_force.get(table.bits.offset + bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// Where a computed condition holds, and where it may.
    fn condition(&mut self, id: usize) -> (Mask, Mask) {
        if let Some(Some(known)) = self.room.conditions.get(id) {
            return *known;
        }
        let Some(condition) = self.pack.plan.conditions.get(id) else { return (NONE, self.active) };
        let (mut holds, mut possible, asked) = match &condition.code {
            Some(code) => {
                let found = self.lanes(code);
                let asked = or(found.asked, &found.none);
                let unknown = without(found.unknown, &asked);
                let truths = found.values.truths(self.kernels);
                let holds = without(without(truths, &asked), &unknown);
                (holds, or(holds, &unknown), and(asked, &self.active))
            }
            None => (NONE, NONE, self.active),
        };
        for case in cases(&asked) {
            let truth = self.ask(case, |reader| {
                let outcome = reader.condition(&condition.expr);
                if reader.steps > SHARE { Truth::Doubt } else { Truth::of(&outcome) }
            });
            if truth == Truth::True {
                set(&mut holds, case);
            }
            if truth != Truth::False {
                set(&mut possible, case);
            }
        }
        if let Some(known) = self.room.conditions.get_mut(id) {
            *known = Some((holds, possible));
        }
        (holds, possible)
    }
}
