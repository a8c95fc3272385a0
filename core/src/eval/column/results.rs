//! What the rows that fired give: the results of a table for the cases of a chunk.

use super::Work;
use super::decided::SlotColumn;
use super::kernels::{CASES, WORDS};
use super::lanes::lanes;
use super::masks::{NONE, and, each, has, indices, set};
use crate::language::SlotId;
use crate::plan::columns::Shape;
use crate::plan::{Give, PlanTable, Policy, Storage};
use crate::value::Value;

impl<'a> Work<'a> {
    /// The results of a table, where they are not told by the rows that fired.
    #[inline(always)]
    pub(super) fn results(&mut self, index: usize, table: &PlanTable, at: usize, is_single: bool) {
        if is_single {
            let mut hits = std::mem::take(self.chunk.hits.get_mut(index).unwrap_or(&mut Vec::new()));
            let none = u16::try_from(table.order.len()).unwrap_or(u16::MAX);
            hits.clear();
            hits.resize(CASES, none);
            for (bit, fired) in self.chunk.fired.iter().skip(at).enumerate() {
                let bit = u16::try_from(bit).unwrap_or(u16::MAX);
                each(fired, |case| hits.get_mut(case).into_iter().for_each(|hit| *hit = bit));
            }
            if let Some(to) = self.chunk.hits.get_mut(index) {
                *to = hits;
            }
        }
        for (output, planned) in table.outputs.iter().enumerate() {
            let Some(slot) = planned.slot else { continue };
            let Some(of_slot) = self.columns.slots.get(slot.0 as usize) else { continue };
            if of_slot.rows_of.is_none() || self.pack.plan.calculates(slot) {
                match table.policy {
                    Policy::First | Policy::Unique | Policy::Any => match self.columns.shape(index, output) {
                        Some(shape) => self.shaped(index, shape, slot),
                        None => self.given(table, at, output, slot, &planned.storage),
                    },
                    Policy::Sum | Policy::Least | Policy::Most | Policy::Count => {
                        self.folded(table, at, output, slot, &planned.storage);
                    }
                    Policy::Each | Policy::List | Policy::Asked(_) => {}
                }
            }
            self.test(slot);
        }
    }

    /// What the rows of all cases give for an output that they calculate alike.
    fn shaped(&mut self, index: usize, shape: &'a Shape, slot: SlotId) {
        let cases = indices(&self.active);
        self.by_row = self.chunk.hits.get_mut(index).map(|hits| (&*shape.constants, std::mem::take(hits)));
        let found = lanes(&shape.code, &cases, self, &self.instant.now);
        if let (Some(to), Some((_, hits))) = (self.chunk.hits.get_mut(index), self.by_row.take()) {
            *to = hits;
        }
        let mut column = SlotColumn::new();
        let mut odd = column.put(&cases, &found);
        odd.iter_mut().zip(&column.unknown).for_each(|(odd, unknown)| *odd |= unknown);
        self.leave(&odd);
        self.fill(slot, column);
    }

    /// What the row of each case gives for an output.
    #[inline(always)]
    fn given(&mut self, table: &PlanTable, at: usize, output: usize, slot: SlotId, storage: &Storage) {
        let mut column = SlotColumn::new();
        if !storage.is_exact() {
            column.beside = vec![Ok(Value::None); CASES];
        }
        let mut left = self.active;
        for bit in 0..=table.order.len() {
            let mut cases = match self.chunk.fired.get(at + bit) {
                Some(fired) if bit < table.order.len() => *fired,
                _ => left,
            };
            and(&mut cases, &self.active);
            left.iter_mut().zip(&cases).for_each(|(left, case)| *left &= !case);
            if cases == NONE {
                continue;
            }
            let row = table.order.get(bit).map_or(table.order.len(), |row| *row as usize);
            match table.gives(row).get(output) {
                Some(Give::None) => column.none.iter_mut().zip(&cases).for_each(|(none, case)| *none |= case),
                Some(Give::Bits(bits)) => {
                    each(&cases, |case| column.bits.get_mut(case).into_iter().for_each(|to| *to = *bits));
                }
                Some(Give::Value(value)) => {
                    let bits = storage.bits(value).unwrap_or(0);
                    each(&cases, |case| {
                        column.bits.get_mut(case).into_iter().for_each(|to| *to = bits);
                        column.beside.get_mut(case).into_iter().for_each(|to| *to = Ok(value.clone()));
                    });
                }
                Some(Give::Code(code)) => {
                    let of_row = indices(&cases);
                    let found = lanes(code, &of_row, self, &self.instant.now);
                    let mut odd = column.put(&of_row, &found);
                    // A result that is not known is told with the names of what is missing.
                    odd.iter_mut().zip(&column.unknown).for_each(|(odd, unknown)| *odd |= unknown);
                    self.leave(&odd);
                }
                Some(Give::Asked) | None => self.leave(&cases),
            }
        }
        self.fill(slot, column);
    }

    /// A sum, count, least or greatest value over the rows that fired.
    fn folded(&mut self, table: &PlanTable, at: usize, output: usize, slot: SlotId, storage: &Storage) {
        let is_number = matches!(storage, Storage::Integer | Storage::Scaled(..));
        let is_ordered = matches!(storage, Storage::Date | Storage::Timestamp | Storage::Duration(_));
        if table.policy != Policy::Count && !is_number && (table.policy == Policy::Sum || !is_ordered) {
            self.leave(&[u64::MAX; WORDS]);
            return;
        }
        let mut column = SlotColumn::new();
        let (mut seen, mut odd) = (NONE, NONE);
        for bit in 0..table.order.len() {
            let Some(fired) = self.chunk.fired.get(at + bit).filter(|fired| **fired != NONE) else { continue };
            let row = table.order.get(bit).map_or(0, |row| *row as usize);
            let bits = match (table.policy, table.gives(row).get(output)) {
                (Policy::Count, _) => 1,
                (_, Some(Give::None)) => continue,
                (_, Some(Give::Bits(bits))) => *bits,
                _ => {
                    odd.iter_mut().zip(fired).for_each(|(odd, fired)| *odd |= fired);
                    continue;
                }
            };
            each(fired, |case| {
                let Some(to) = column.bits.get_mut(case) else { return };
                let is_seen = has(&seen, case);
                let found = match table.policy {
                    _ if !is_seen => Some(bits),
                    Policy::Least => Some(bits.min(*to)),
                    Policy::Most => Some(bits.max(*to)),
                    _ => to.checked_add(bits),
                };
                match found {
                    Some(found) => *to = found,
                    None => set(&mut odd, case),
                }
            });
            seen.iter_mut().zip(fired).for_each(|(seen, fired)| *seen |= fired);
        }
        if matches!(table.policy, Policy::Least | Policy::Most) {
            column.none = seen.map(|word| !word);
        }
        self.leave(&odd);
        self.fill(slot, column);
    }
}
