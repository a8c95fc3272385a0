//! Many cases at once: the plan over columns, a chunk of cases after the other.
//!
//! A test is one bit for each case of the chunk; a row is the AND of its tests; the first hit takes its cases out of
//! those that are left. Where the masks cannot tell how a table comes out for a case, because a doubtful row could
//! matter or a result has no integer, the meaning of tables is asked for this table and this case.

pub(crate) mod batch;
mod decided;
#[cfg(feature = "arrow")]
mod fill;
pub(crate) mod kernels;
mod lanes;
mod masks;
mod results;
#[cfg(feature = "arrow")]
pub(crate) mod shown;
mod slot;
mod table;
mod tests;
mod view;

pub(crate) use batch::Batch;
#[cfg(feature = "arrow")]
pub(crate) use batch::{Lent, Texts};
use decided::Chunk;
pub(crate) use decided::Decided;
use kernels::{CASES, Kernels, Mask};
use masks::{ALL, active, and, any, cases, or};
use slot::{Narrow, SlotColumn};
use tests::Tests;
use view::CaseView;

use super::row::{Instant, Pack};
use crate::families::Step;
use crate::language::SlotId;
use crate::language::functions::Context;
use crate::language::functions::printed;
use crate::language::meaning::Reader;
use crate::plan::columns::Columns;
use crate::plan::{Code, PlanStep};

/// Room to work in, used again for each chunk.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    tests: Tests,
    /// By computed condition: whether it was computed in this chunk, where it holds, and where it may.
    conditions: Vec<Option<(Mask, Mask)>>,
    /// For each bit of a table that was decided, table after table: the cases whose row fired.
    fired: Vec<Mask>,
    /// For each step that is a table of first hits: the bit that fired, or how many there are for `otherwise`.
    hits: Vec<Vec<u16>>,
    /// By slot: facts and results that are calculated.
    slots: Vec<Option<SlotColumn>>,
}

impl Room {
    pub(crate) fn new(pack: Pack<'_>, columns: &Columns) -> Room {
        let conditions = vec![None; pack.plan.conditions.len()];
        Room { tests: Tests::new(columns), conditions, fired: Vec::new(), hits: Vec::new(), slots: Vec::new() }
    }
}

impl Room {
    fn fill(&mut self, slot: SlotId, column: SlotColumn) {
        if let Some(to) = self.slots.get_mut(slot.0 as usize) {
            *to = Some(column);
        }
    }
}

/// How a batch is decided.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) pack: Pack<'a>,
    pub(crate) columns: &'a Columns,
    pub(crate) kernels: Kernels,
    pub(crate) instant: &'a Instant,
}

impl Run<'_> {
    /// Decides all cases of a batch.
    pub(crate) fn decide(self, batch: &Batch, room: &mut Room, decided: &mut Decided) {
        decided.len = batch.len;
        decided.chunks.resize_with(batch.len.div_ceil(CASES), Chunk::default);
        for (index, chunk) in decided.chunks.iter_mut().enumerate() {
            let active = active(batch.len.saturating_sub(index * CASES));
            let (pack, columns, kernels, instant) = (self.pack, self.columns, self.kernels, self.instant);
            let mut work = Work { pack, columns, kernels, instant, batch, index, room, chunk, active, by_row: None };
            kernels.run(
                #[inline(always)]
                || work.run(),
            );
        }
    }
}

struct Work<'a> {
    pack: Pack<'a>,
    columns: &'a Columns,
    kernels: Kernels,
    instant: &'a Instant,
    batch: &'a Batch,
    index: usize,
    room: &'a mut Room,
    chunk: &'a mut Chunk,
    /// The cases that there are.
    active: Mask,
    /// The constants of rows, and which row each case took, for calculations that rows share.
    by_row: Option<(&'a [i64], Vec<u16>)>,
}

/// The cases in which a slot is none, unknown, or stands beside its column; nothing where there are none.
#[derive(Clone, Copy, Debug, Default)]
struct Absent {
    none: Option<Mask>,
    unknown: Option<Mask>,
    beside: Option<Mask>,
}

impl<'a> Work<'a> {
    #[inline(always)]
    fn run(&mut self) {
        let plan = self.pack.plan;
        self.chunk.asked.clear();
        self.chunk.printed.clear();
        drop(printed::take());
        self.chunk.fired.clear();
        self.chunk.hits.resize_with(plan.steps.len(), Narrow::default);
        self.room.hits.resize_with(plan.steps.len(), Vec::new);
        self.room.slots.resize_with(plan.storages.len(), || None);
        self.room.conditions.fill(None);
        self.room.fired.clear();
        self.room.tests.begin(self.columns);
        for slot in 0..self.batch.columns.len() {
            self.test(SlotId(crate::source::clamp(slot)));
        }
        for (index, step) in plan.steps.iter().enumerate() {
            match step {
                PlanStep::Fact(slot, code) => self.fact(index, *slot, code.as_ref()),
                PlanStep::Table(table) => self.table(index, table),
            }
        }
        self.keep();
    }

    /// Keeps what the cases came to.
    #[inline(always)]
    fn keep(&mut self) {
        let columns = self.room.slots.iter_mut().enumerate();
        self.chunk.keep(columns.filter_map(|(slot, column)| Some((slot, column.take()?))), self.kernels);
        for (hits, kept) in self.room.hits.iter().zip(&mut self.chunk.hits) {
            kept.store_rows(self.kernels, hits);
        }
    }

    /// The cases in which a slot is no known integer.
    fn absent(&self, slot: SlotId) -> Absent {
        let index = slot.0 as usize;
        match (self.batch.columns.get(index), self.room.slots.get(index).and_then(Option::as_ref)) {
            (Some(column), _) => Absent {
                none: column.none.chunk(self.index),
                unknown: column.unknown.chunk(self.index),
                beside: column.beside.chunk(self.index),
            },
            (None, Some(column)) => {
                let some = |mask: Mask| any(&mask).then_some(mask);
                Absent {
                    none: some(column.states.none),
                    unknown: some(column.states.unknown),
                    beside: some(column.states.odd),
                }
            }
            (None, None) => Absent::default(),
        }
    }

    fn fact(&mut self, index: usize, slot: SlotId, code: Option<&Code>) {
        let (mut column, asked) = match code {
            Some(code) => {
                let found = self.lanes(code);
                // What is not known is told with the names of what is missing.
                let asked = and(or(found.asked, &found.unknown), &self.active);
                (SlotColumn::of(found, self.kernels), asked)
            }
            None => (SlotColumn::default(), self.active),
        };
        column.states.filled = ALL;
        if any(&asked)
            && let (Some(Step::Fact(fact)), Some(storage)) =
                (self.pack.lowered.steps.get(index), self.pack.plan.storages.get(slot.0 as usize))
        {
            for case in cases(&asked) {
                column.set(case, self.ask(case, |reader| reader.value(&fact.expr)), storage);
                self.chunk.printed.extend(printed::take().into_iter().map(|printed| (case, printed)));
            }
        }
        self.room.fill(slot, column);
        self.test(slot);
    }

    /// Asks the meaning of expressions over one case.
    fn ask<T>(&self, case: usize, question: impl FnOnce(&mut Reader<'_, CaseView<'_>>) -> T) -> T {
        let view = CaseView { work: self, case };
        let place = self.pack.plan.place.map(|slot| self.outcome(slot, case));
        let context: Context<'_> =
            super::table::context(self.pack.checked, self.instant.as_of, self.instant.today, place.as_ref());
        let mut reader = Reader {
            slots: &view,
            context: &context,
            rates: &self.pack.checked.rates,
            private: &self.pack.plan.private,
            locals: Vec::new(),
            steps: 0,
        };
        question(&mut reader)
    }
}
