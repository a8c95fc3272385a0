//! The fields of many cases, column by column.
#![expect(clippy::useless_conversion, reason = "one body for integers of four widths")]

use std::fmt::Debug;
use std::sync::Arc;

use super::kernels::{CASES, Integers};
use crate::eval::cells::{Cell, Fields, State};
use crate::language::SlotId;
use crate::plan::columns::{Columns, Width};
use crate::plan::{Plan, Storage};
use crate::value::{Failure, Outcome, Value};

/// Cases in columns. Room is kept for whole chunks.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) len: usize,
    pub(crate) columns: Vec<Column>,
    /// What has no integer: by case, and by slot within it.
    pub(super) beside: Vec<(usize, SlotId, Outcome)>,
    /// What stands beside whole columns, where nothing is said of a case alone.
    pub(super) lent: Vec<(SlotId, Lent)>,
}

/// What stands beside a column as a whole.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "arrow"), expect(dead_code, reason = "tables of Arrow alone lend"))]
pub(crate) enum Lent {
    /// The texts of the cases whose value is known.
    Texts(Arc<dyn Texts>),
    /// Why the cases are unknown that are.
    Unknown(Outcome),
}

/// Texts that stay where they are until they are asked for.
pub(crate) trait Texts: Debug + Send + Sync {
    /// The text of a case.
    fn text(&self, case: usize) -> Arc<str>;
}

/// The integers of a slot, and which cases have none there.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(super) values: Values,
    /// One bit for each case, where there is any.
    pub(crate) none: Bits,
    pub(crate) unknown: Bits,
    pub(crate) beside: Bits,
}

#[derive(Clone, Debug)]
pub(super) enum Values {
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
}

/// Bits of cases; nothing is kept while none is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits(pub(super) Vec<u64>);

impl Bits {
    pub(super) fn set(&mut self, case: usize) {
        let word = case / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (case % 64);
        }
    }

    pub(crate) fn has(&self, case: usize) -> bool {
        self.0.get(case / 64).is_some_and(|word| word >> (case % 64) & 1 == 1)
    }

    /// The words of a chunk; nothing where no bit is set.
    #[inline]
    pub(crate) fn chunk(&self, chunk: usize) -> Option<super::kernels::Mask> {
        if self.0.is_empty() {
            return None;
        }
        let words = self.0.get(chunk * super::kernels::WORDS..)?;
        let mut mask = [0; super::kernels::WORDS];
        for (to, from) in mask.iter_mut().zip(words) {
            *to = *from;
        }
        mask.iter().any(|word| *word != 0).then_some(mask)
    }
}

macro_rules! each {
    ($values:expr, $vec:ident => $body:expr) => {
        match $values {
            Values::I8($vec) => $body,
            Values::I16($vec) => $body,
            Values::I32($vec) => $body,
            Values::I64($vec) => $body,
        }
    };
}

impl Column {
    /// The integer of a case.
    #[inline]
    pub(crate) fn get(&self, case: usize) -> i64 {
        each!(&self.values, values => values.get(case).map_or(0, |value| i64::from(*value)))
    }

    pub(crate) fn state(&self, case: usize) -> State {
        if self.none.has(case) {
            State::None
        } else if self.unknown.has(case) {
            State::Unknown
        } else if self.beside.has(case) {
            State::Beside
        } else {
            State::Known
        }
    }

    /// The integers of a chunk.
    pub(crate) fn chunk(&self, chunk: usize) -> Option<Integers<'_>> {
        let at = chunk * CASES;
        match &self.values {
            Values::I8(values) => values.get(at..)?.first_chunk().map(Integers::I8),
            Values::I16(values) => values.get(at..)?.first_chunk().map(Integers::I16),
            Values::I32(values) => values.get(at..)?.first_chunk().map(Integers::I32),
            Values::I64(values) => values.get(at..)?.first_chunk().map(Integers::I64),
        }
    }

    /// Puts an integer in its place; false where it does not fit.
    pub(super) fn set(&mut self, case: usize, bits: i64) -> bool {
        let room = case.next_multiple_of(CASES).max(case + 1).next_multiple_of(CASES);
        each!(&mut self.values, values => {
            if values.len() < room {
                values.resize(room, 0);
            }
            match (values.get_mut(case), bits.try_into()) {
                (Some(value), Ok(bits)) => {
                    *value = bits;
                    true
                }
                _ => false,
            }
        })
    }
}

impl Lent {
    /// What stands beside a case in this state.
    fn outcome(&self, case: usize, state: State) -> Option<Outcome> {
        match (self, state) {
            (Lent::Texts(texts), State::Known) => Some(Ok(Value::Text(texts.text(case)))),
            (Lent::Unknown(outcome), State::Unknown) => Some(outcome.clone()),
            _ => None,
        }
    }
}

impl Batch {
    /// No cases yet.
    pub(crate) fn new(columns: &Columns, fields: usize) -> Batch {
        let column = |width: Width| Column {
            values: match width {
                Width::W8 => Values::I8(Vec::new()),
                Width::W16 => Values::I16(Vec::new()),
                Width::W32 => Values::I32(Vec::new()),
                Width::W64 => Values::I64(Vec::new()),
            },
            none: Bits::default(),
            unknown: Bits::default(),
            beside: Bits::default(),
        };
        let columns = columns.slots.iter().take(fields).map(|slot| column(slot.width)).collect();
        Batch { len: 0, columns, beside: Vec::new(), lent: Vec::new() }
    }

    /// Takes out all cases, and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.beside.clear();
        self.lent.clear();
        for column in &mut self.columns {
            each!(&mut column.values, values => values.clear());
            for bits in [&mut column.none, &mut column.unknown, &mut column.beside] {
                bits.0.clear();
            }
        }
    }

    /// Adds a case.
    pub(crate) fn push(&mut self, fields: &Fields, storages: &[Storage]) {
        let case = self.len;
        self.len += 1;
        for (index, (column, cell)) in self.columns.iter_mut().zip(&fields.cells).enumerate() {
            let slot = SlotId(crate::source::clamp(index));
            let bits = if cell.state == State::Known { cell.bits } else { 0 };
            if !column.set(case, bits) {
                // Beyond what the column's integers hold: decided by itself.
                column.beside.set(case);
                column.set(case, 0);
                let value = storages.get(index).map_or(Value::None, |storage| storage.value(bits));
                self.beside.push((case, slot, Ok(value)));
            }
            match cell.state {
                State::Known => {}
                State::None => column.none.set(case),
                State::Unknown => column.unknown.set(case),
                State::Beside => column.beside.set(case),
            }
        }
        self.beside.extend(fields.beside.iter().map(|(slot, outcome)| (case, *slot, outcome.clone())));
    }

    /// The fields of a case.
    pub(crate) fn fields(&self, case: usize, plan: &Plan) -> Fields {
        let cells = self.columns.iter().map(|column| Cell { bits: column.get(case), state: column.state(case) });
        let mut cells: Box<[Cell]> = cells.collect();
        let from = self.beside.partition_point(|(of, ..)| *of < case);
        let mut beside: Vec<(SlotId, Outcome)> = self
            .beside
            .iter()
            .skip(from)
            .take_while(|(of, ..)| *of == case)
            .map(|(_, slot, outcome)| (*slot, outcome.clone()))
            .collect();
        for (slot, lent) in &self.lent {
            let state = cells.get(slot.0 as usize).map_or(State::None, |cell| cell.state);
            if let Some(outcome) = lent.outcome(case, state)
                && let Err(at) = beside.binary_search_by_key(slot, |(slot, _)| *slot)
            {
                beside.insert(at, (*slot, outcome));
            }
        }
        for (slot, outcome) in &beside {
            // What did not fit its column is a known integer after all.
            let index = slot.0 as usize;
            if let (Some(cell), Some(storage), Ok(value)) = (cells.get_mut(index), plan.storages.get(index), outcome)
                && cell.state == State::Beside
                && storage.is_exact()
                && let Some(bits) = storage.bits(value)
            {
                *cell = Cell { bits, state: State::Known };
            }
        }
        Fields { cells, beside }
    }

    /// What a field of a case came to.
    pub(crate) fn outcome(&self, case: usize, slot: SlotId, storages: &[Storage]) -> Outcome {
        let index = slot.0 as usize;
        let (Some(column), Some(storage)) = (self.columns.get(index), storages.get(index)) else {
            return Ok(Value::None);
        };
        match column.state(case) {
            State::None => Ok(Value::None),
            State::Known if storage.is_exact() => Ok(storage.value(column.get(case))),
            state => {
                let of_slot = self.lent.iter().filter(|(of, _)| *of == slot);
                let lent = || of_slot.into_iter().find_map(|(_, lent)| lent.outcome(case, state));
                self.beside(case, slot).cloned().or_else(lent).unwrap_or_else(|| Err(Failure::Unknown([].into())))
            }
        }
    }

    /// What stands beside the column of a slot for a case, but for what is lent: texts, and why a case is unknown.
    pub(crate) fn beside(&self, case: usize, slot: SlotId) -> Option<&Outcome> {
        let from = self.beside.partition_point(|(of, ..)| *of < case);
        let mut of_case = self.beside.iter().skip(from).take_while(|(of, ..)| *of == case);
        of_case.find(|(_, of, _)| *of == slot).map(|(_, _, outcome)| outcome)
    }
}
