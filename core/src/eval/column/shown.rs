//! What a batch came to, read column by column, without putting cases together.
//!
//! Gives the integers of results where these tell them, and says of which cases more has to be asked.

use super::decided::Decided;
use super::kernels::{CASES, Mask};
use super::masks::{ALL, NONE, or, set, without};
use super::slot::Narrow;
use crate::eval::row::Pack;
use crate::plan::columns::Columns;
use crate::plan::{Give, PlanStep, PlanTable, Storage};
use crate::value::{Failure, Outcome, Value};

/// An output of a table, as columns give it.
#[derive(Debug)]
pub(crate) struct ShownOutput {
    step: usize,
    slot: usize,
    /// By bit of the row, and at last of `otherwise`: the integer.
    integers: Box<[i64]>,
    /// The same: what kind of thing the row gives.
    given: Box<[Given]>,
    /// Whether every row gives an integer.
    is_plain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Integer,
    None,
    Other,
}

/// What the cases of a chunk have for an output.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) integers: Box<[i64; CASES]>,
    pub(crate) none: Mask,
    /// Those of which more has to be asked.
    pub(crate) other: Mask,
}

impl Default for Shown {
    fn default() -> Shown {
        Shown { integers: Box::new([0; CASES]), none: NONE, other: NONE }
    }
}

impl ShownOutput {
    /// How an output of a table is read; nothing where each case has to be asked.
    pub(crate) fn new(table: &PlanTable, step: usize, output: usize) -> Option<ShownOutput> {
        let planned = table.outputs.get(output)?;
        let slot = planned.slot?.0 as usize;
        if !planned.storage.is_exact() || table.is_asked_in_columns() {
            return None;
        }
        let rows = (0..=table.order.len()).map(|bit| {
            let row = table.order.get(bit).map_or(table.order.len(), |row| *row as usize);
            match table.gives(row).get(output) {
                Some(Give::Bits(bits)) => (*bits, Given::Integer),
                Some(Give::None) | None => (0, Given::None),
                Some(_) => (0, Given::Other),
            }
        });
        let (integers, given): (Vec<i64>, Vec<Given>) =
            if table.policy.is_single() { rows.unzip() } else { (vec![0], vec![Given::Other]) };
        let is_plain = given.iter().all(|given| *given == Given::Integer);
        Some(ShownOutput { step, slot, integers: integers.into(), given: given.into(), is_plain })
    }
}

impl Decided {
    /// The cases of a chunk of which more has to be asked for an output.
    pub(crate) fn others(&self, chunk: usize, output: &ShownOutput, shown: &mut Shown) -> Mask {
        let Some(found) = self.chunks.get(chunk) else { return NONE };
        match found.slots.binary_search_by_key(&output.slot, |(slot, _)| *slot).ok().and_then(|at| found.slots.get(at))
        {
            Some((_, column)) => {
                let states = &column.states;
                or(or(states.unknown, &states.odd), &without(ALL, &states.filled))
            }
            None if output.is_plain => NONE,
            None => {
                self.show(chunk, output, shown);
                shown.other
            }
        }
    }

    /// The integers of an output for the cases of a chunk.
    pub(crate) fn show(&self, chunk: usize, output: &ShownOutput, shown: &mut Shown) {
        (shown.none, shown.other) = (NONE, NONE);
        let Some(chunk) = self.chunks.get(chunk) else { return };
        let calculated = chunk.slots.binary_search_by_key(&output.slot, |(slot, _)| *slot).ok();
        if let Some((_, column)) = calculated.and_then(|at| chunk.slots.get(at)) {
            let states = &column.states;
            column.bits.copy_to(&mut shown.integers);
            shown.none = states.none;
            shown.other = or(or(states.unknown, &states.odd), &without(ALL, &states.filled));
            return;
        }
        let Some(hits) = chunk.hits.get(output.step) else { return };
        let last = output.integers.last().copied().unwrap_or(0);
        let mut to = shown.integers.iter_mut();
        hits.each(|hit| {
            let bits = output.integers.get(hit as usize).copied().unwrap_or(last);
            to.next().into_iter().for_each(|to| *to = bits);
        });
        if output.is_plain {
            return;
        }
        let last = output.given.last().copied().unwrap_or(Given::None);
        let mut case = 0;
        hits.each(|hit| {
            match output.given.get(hit as usize).copied().unwrap_or(last) {
                Given::Integer => {}
                Given::None => set(&mut shown.none, case),
                Given::Other => set(&mut shown.other, case),
            }
            case += 1;
        });
    }

    /// The cases of a chunk of which more has to be asked than what columns tell: a table was decided by its meaning, or
    /// a fact failed.
    pub(crate) fn doubtful(&self, pack: Pack<'_>, chunk: usize) -> Mask {
        let mut doubtful = NONE;
        let Some(chunk) = self.chunks.get(chunk) else { return doubtful };
        chunk.asked.iter().for_each(|(_, case, _)| set(&mut doubtful, *case));
        for step in &pack.plan.steps {
            let PlanStep::Fact(slot, _) = step else { continue };
            let index = slot.0 as usize;
            let Ok(at) = chunk.slots.binary_search_by_key(&index, |(slot, _)| *slot) else { continue };
            let Some((_, column)) = chunk.slots.get(at) else { continue };
            doubtful = or(doubtful, &column.states.odd);
            if pack.plan.storages.get(index) == Some(&Storage::Beside) {
                (0..CASES)
                    .filter(|case| column.states.beside(*case).is_some_and(has_error))
                    .for_each(|case| set(&mut doubtful, case));
            }
        }
        doubtful
    }

    /// The cases of a chunk for which a row of a table fired of which several rows may fire, by the bit of the row.
    pub(crate) fn fired(&self, columns: &Columns, chunk: usize, step: usize, bit: usize) -> Mask {
        let at = columns.kept_at(step) + bit;
        self.chunks.get(chunk).and_then(|chunk| chunk.fired.get(at)).copied().unwrap_or(NONE)
    }
}

fn has_error(outcome: &Outcome) -> bool {
    match outcome {
        Err(Failure::Error(_)) => true,
        Ok(Value::List(items)) => items.iter().any(|item| matches!(item, Err(Failure::Error(_)))),
        _ => false,
    }
}

impl Narrow {
    #[inline(always)]
    fn each(&self, mut visit: impl FnMut(i64)) {
        match self {
            Narrow::I8(values) => values.iter().for_each(|value| visit(i64::from(*value))),
            Narrow::I16(values) => values.iter().for_each(|value| visit(i64::from(*value))),
            Narrow::I32(values) => values.iter().for_each(|value| visit(i64::from(*value))),
            Narrow::I64(values) => values.iter().for_each(|value| visit(*value)),
        }
    }

    fn copy_to(&self, to: &mut [i64; CASES]) {
        let mut to = to.iter_mut();
        self.each(|value| to.next().into_iter().for_each(|to| *to = value));
    }
}
