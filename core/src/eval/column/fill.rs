//! A batch filled column by column, with cases that turn out to be none taken out again.

use super::batch::{Batch, Bits, Column, Lent, Values};
use super::kernels::{CASES, Kernels};
use crate::eval::cells::{Fields, State};
use crate::language::SlotId;
use crate::plan::Storage;
use crate::value::Outcome;

impl Batch {
    /// Begins anew, with so many cases of which nothing is known yet.
    pub(crate) fn begin(&mut self, cases: usize) {
        self.clear();
        self.len = cases;
    }

    /// The integers of all cases of a slot; they fit its column.
    pub(crate) fn fill(&mut self, slot: usize, kernels: Kernels, bits: &[i64]) {
        let Some(column) = self.columns.get_mut(slot) else { return };
        let room = bits.len().next_multiple_of(CASES);
        macro_rules! fill {
            ($values:expr, $type:ty) => {{
                let values = $values;
                values.resize(room, 0);
                values.iter_mut().zip(bits).for_each(|(to, from)| *to = *from as $type);
            }};
        }
        kernels.run(
            #[inline(always)]
            || match &mut column.values {
                Values::I8(values) => fill!(values, i8),
                Values::I16(values) => fill!(values, i16),
                Values::I32(values) => fill!(values, i32),
                Values::I64(values) => fill!(values, i64),
            },
        );
    }

    /// Says of the cases of a word that they are none or unknown.
    pub(crate) fn mark(&mut self, slot: usize, state: State, word: usize, cases: u64) {
        let Some(column) = self.columns.get_mut(slot) else { return };
        let bits = match state {
            State::None => &mut column.none,
            State::Unknown => &mut column.unknown,
            State::Beside => &mut column.beside,
            State::Known => return,
        };
        if bits.0.len() <= word {
            bits.0.resize(word + 1, 0);
        }
        bits.0.get_mut(word).into_iter().for_each(|word| *word |= cases);
    }

    /// Puts what a field of one case came to in its place.
    pub(crate) fn put(&mut self, case: usize, slot: SlotId, outcome: Outcome, storage: &Storage) {
        let (cell, is_beside) = Fields::stand(&outcome, storage);
        let Some(column) = self.columns.get_mut(slot.0 as usize) else { return };
        let state = match cell.state {
            // Beyond what the column's integers hold: decided by itself.
            State::Known if !column.set(case, cell.bits) => State::Beside,
            State::Known => State::Known,
            state => {
                column.set(case, 0);
                state
            }
        };
        if is_beside || state == State::Beside {
            self.beside.push((case, slot, outcome));
        }
        self.mark(slot.0 as usize, state, case / 64, 1 << (case % 64));
    }

    /// Says what stands beside a column as a whole. Slots are told in their order.
    pub(crate) fn lend(&mut self, slot: SlotId, lent: Lent) {
        self.lent.push((slot, lent));
    }

    /// Ends the filling.
    pub(crate) fn finish(&mut self) {
        self.beside.sort_by_key(|(case, slot, _)| (*case, *slot));
    }

    /// Keeps these cases, in their order, and takes out all others. What is lent is asked by their new places.
    pub(crate) fn keep(&mut self, cases: &[usize]) {
        self.len = cases.len();
        for column in &mut self.columns {
            column.keep(cases);
        }
        self.beside.retain_mut(|(case, ..)| match cases.binary_search(case) {
            Ok(place) => {
                *case = place;
                true
            }
            Err(_) => false,
        });
    }
}

impl Column {
    fn keep(&mut self, cases: &[usize]) {
        macro_rules! keep {
            ($values:expr) => {{
                let values = $values;
                for (place, case) in cases.iter().enumerate() {
                    let value = values.get(*case).copied().unwrap_or(0);
                    values.get_mut(place).into_iter().for_each(|to| *to = value);
                }
                values.truncate(cases.len());
                values.resize(cases.len().next_multiple_of(CASES), 0);
            }};
        }
        match &mut self.values {
            Values::I8(values) => keep!(values),
            Values::I16(values) => keep!(values),
            Values::I32(values) => keep!(values),
            Values::I64(values) => keep!(values),
        }
        for bits in [&mut self.none, &mut self.unknown, &mut self.beside] {
            let before = std::mem::take(bits);
            let set = cases.iter().enumerate().filter(|(_, case)| before.has(**case)).map(|(place, _)| place);
            *bits = set.fold(Bits::default(), |mut bits, place| {
                bits.set(place);
                bits
            });
        }
    }
}
