//! The values of a fact or result for the cases of a chunk: while the chunk is decided, and kept afterwards.

use super::kernels::{CASES, Kernels, Mask};
use super::lanes::{Lanes, Numbers};
use super::masks::{NONE, has, put};
use crate::eval::cells::{Cell, Fields, State};
use crate::plan::{SlotTest, Storage, Truth};
use crate::value::{Outcome, Value};

/// The values of a fact or result while its chunk is decided.
#[derive(Clone, Debug)]
pub(super) struct SlotColumn {
    pub(super) bits: Numbers,
    pub(super) states: States,
}

/// The same, kept in as little room as they need.
#[derive(Clone, Debug)]
pub(super) struct KeptColumn {
    pub(super) bits: Narrow,
    pub(super) states: States,
}

/// Which cases have a value, and what has no integer of its own.
#[derive(Clone, Debug)]
pub(super) struct States {
    /// The cases whose values stand here.
    pub(super) filled: Mask,
    pub(super) none: Mask,
    pub(super) unknown: Mask,
    /// Those that have no integer, or an error.
    pub(super) odd: Mask,
    /// By case what has no integer of its own; no case while there is none of that.
    beside: Vec<Outcome>,
}

impl Default for SlotColumn {
    fn default() -> SlotColumn {
        SlotColumn { bits: Box::new([0; CASES]), states: States::of_none(NONE) }
    }
}

impl SlotColumn {
    /// What code came to. Cases of which it could not tell are put in their places afterwards.
    pub(super) fn of(lanes: Lanes, kernels: Kernels) -> SlotColumn {
        SlotColumn { states: States::of_none(lanes.none), bits: lanes.values.integers(kernels) }
    }

    /// Puts what a case came to in its place.
    pub(super) fn set(&mut self, case: usize, outcome: Outcome, storage: &Storage) {
        let (cell, is_beside) = Fields::stand(&outcome, storage);
        let states = &mut self.states;
        let masks =
            [(State::None, &mut states.none), (State::Unknown, &mut states.unknown), (State::Beside, &mut states.odd)];
        for (state, mask) in masks {
            put(mask, case, cell.state == state);
        }
        put(&mut states.filled, case, true);
        self.bits.get_mut(case).into_iter().for_each(|to| *to = cell.bits);
        if is_beside {
            if states.beside.is_empty() {
                states.beside.resize(CASES, Ok(Value::None));
            }
            if let Some(to) = states.beside.get_mut(case) {
                *to = outcome;
            }
        }
    }

    /// What stands in the slot of a case.
    pub(super) fn cell(&self, case: usize) -> Cell {
        let state = if has(&self.states.none, case) {
            State::None
        } else if has(&self.states.unknown, case) {
            State::Unknown
        } else if has(&self.states.odd, case) {
            State::Beside
        } else {
            State::Known
        };
        Cell { bits: self.bits.get(case).copied().unwrap_or(0), state }
    }

    /// How a test of one case comes out.
    pub(super) fn truth(&self, case: usize, test: &SlotTest) -> Truth {
        let cell = self.cell(case);
        match cell.state {
            State::Known => test.of_known(cell.bits),
            State::None => test.of_none,
            State::Unknown => test.of_unknown,
            State::Beside => Truth::Doubt,
        }
    }

    pub(super) fn outcome(&self, case: usize, storage: &Storage) -> Outcome {
        self.states.outcome(case, self.bits.get(case).copied().unwrap_or(0), storage)
    }
}

impl States {
    fn of_none(none: Mask) -> States {
        States { filled: NONE, none, unknown: NONE, odd: NONE, beside: Vec::new() }
    }

    /// What stands beside, where anything does.
    pub(super) fn beside(&self, case: usize) -> Option<&Outcome> {
        self.beside.get(case)
    }

    pub(super) fn is_known(&self, case: usize) -> bool {
        ![&self.none, &self.unknown, &self.odd].into_iter().any(|mask| has(mask, case))
    }

    /// What a case came to whose integer is this one, where it has any.
    pub(super) fn outcome(&self, case: usize, bits: i64, storage: &Storage) -> Outcome {
        if has(&self.none, case) {
            Ok(Value::None)
        } else if storage.is_exact() && self.is_known(case) {
            Ok(storage.value(bits))
        } else {
            self.beside.get(case).cloned().unwrap_or(Ok(Value::None))
        }
    }
}

/// Integers of a chunk, all of them as wide as the widest needs to be.
#[derive(Clone, Debug)]
pub(super) enum Narrow {
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
}

impl Default for Narrow {
    fn default() -> Narrow {
        Narrow::I8(Vec::new())
    }
}

impl Narrow {
    pub(super) fn get(&self, case: usize) -> i64 {
        match self {
            Narrow::I8(values) => values.get(case).map_or(0, |value| i64::from(*value)),
            Narrow::I16(values) => values.get(case).map_or(0, |value| i64::from(*value)),
            Narrow::I32(values) => values.get(case).map_or(0, |value| i64::from(*value)),
            Narrow::I64(values) => values.get(case).copied().unwrap_or(0),
        }
    }

    /// Takes over the numbers of rows.
    pub(super) fn store_rows(&mut self, kernels: Kernels, from: &[u16]) {
        kernels.run(
            #[inline(always)]
            || {
                let all = from.iter().fold(0, |all, row| all | row);
                match self {
                    Narrow::I8(to) if all < 1 << 7 => {
                        to.resize(from.len(), 0);
                        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from as i8);
                    }
                    Narrow::I32(to) => {
                        to.resize(from.len(), 0);
                        to.iter_mut().zip(from).for_each(|(to, from)| *to = i32::from(*from));
                    }
                    _ => *self = Narrow::I32(from.iter().map(|row| i32::from(*row)).collect()),
                }
            },
        );
    }

    /// Takes over integers.
    pub(super) fn store(&mut self, kernels: Kernels, from: &[i64; CASES]) {
        kernels.run(
            #[inline(always)]
            || {
                let digits = from.iter().fold(0, |all, value| all | (value ^ (value >> 63)));
                macro_rules! store {
                    ($width:ident, $type:ty) => {{
                        if !matches!(self, Narrow::$width(_)) {
                            *self = Narrow::$width(Vec::new());
                        }
                        if let Narrow::$width(to) = self {
                            to.resize(CASES, 0);
                            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from as $type);
                        }
                    }};
                }
                match 64 - digits.leading_zeros() {
                    0..=7 => store!(I8, i8),
                    8..=15 => store!(I16, i16),
                    16..=31 => store!(I32, i32),
                    _ => store!(I64, i64),
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernels::Vectors;
    use super::*;

    #[test]
    fn integers_are_kept_whatever_their_width() {
        let mut kept = Narrow::default();
        let kernels = Vectors::widest().kernels().expect("there is a widest");
        for shift in [0, 7, 8, 15, 16, 31, 32, 62, 3] {
            for near in -2..=2 {
                let value = (1_i64 << shift).wrapping_add(near);
                let mut values = [0; CASES];
                values[0] = value;
                values[CASES - 1] = value.wrapping_neg();
                kept.store(kernels, &values);
                let found: Vec<i64> = (0..CASES).map(|case| kept.get(case)).collect();
                assert_eq!(found, values);
            }
        }
        let mut rows = Narrow::default();
        for most in [3_u16, 127, 128, 65_535, 1] {
            rows.store_rows(kernels, &[most; CASES]);
            assert_eq!(rows.get(CASES - 1), i64::from(most));
        }
        kept.store(kernels, &[i64::MIN; CASES]);
        assert_eq!(kept.get(7), i64::MIN);
    }
}
