//! Slots of a chunk, as code over many cases and expressions over one read them.

use super::Work;
use super::kernels::{CASES, Mask};
use super::lanes::{Lanes, Source};
use super::masks::has;
use crate::eval::code::Answer;
use crate::language::SlotId;
use crate::language::meaning::Slots;
use crate::value::{Outcome, Value};

impl Source for Work<'_> {
    fn by_row(&self, cases: &[u16]) -> Lanes {
        let (constants, hits) = self.by_row.as_ref().map_or((&[] as &[i64], &[] as &[u16]), |(a, b)| (a, b));
        let constant = |case: &u16| {
            let hit = hits.get(usize::from(*case)).copied().unwrap_or(0);
            constants.get(usize::from(hit)).copied().unwrap_or(0)
        };
        Lanes { values: cases.iter().map(constant).collect(), states: None }
    }

    fn slot(&self, slot: SlotId, cases: &[u16]) -> Lanes {
        let index = slot.0 as usize;
        let first = self.index * CASES;
        let (none, unknown) = self.absent(slot);
        let values: Vec<i64> = match (self.batch.columns.get(index), self.chunk.slots.get(index)) {
            (Some(column), _) => column.gather(first, cases),
            (None, Some(Some(column))) => {
                cases.iter().map(|case| column.bits.get(usize::from(*case)).copied().unwrap_or(0)).collect()
            }
            (None, _) => vec![0; cases.len()],
        };
        if none.is_none() && unknown.is_none() {
            return Lanes { values, states: None };
        }
        let has = |mask: &Option<Mask>, case: u16| mask.as_ref().is_some_and(|mask| has(mask, usize::from(case)));
        let states = cases.iter().zip(&values).map(|(case, value)| {
            if has(&none, *case) {
                Answer::None
            } else if has(&unknown, *case) {
                Answer::Unknown
            } else {
                Answer::Known(*value)
            }
        });
        Lanes { states: Some(states.collect()), values }
    }
}

/// One case of a chunk, as expressions read it.
pub(super) struct CaseView<'a> {
    pub(super) work: &'a Work<'a>,
    pub(super) case: usize,
}

impl Slots for CaseView<'_> {
    fn outcome(&self, slot: SlotId) -> Outcome {
        let (work, index) = (self.work, slot.0 as usize);
        if index < work.batch.columns.len() {
            return work.batch.outcome(work.index * CASES + self.case, slot, &work.pack.plan.storages);
        }
        let Some(storage) = work.pack.plan.storages.get(index) else { return Ok(Value::None) };
        match work.chunk.slots.get(index) {
            Some(Some(column)) => column.outcome(self.case, storage),
            _ => Ok(Value::None),
        }
    }
}
