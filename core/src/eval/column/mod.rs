//! Many cases at once: the plan over columns, a chunk of cases after the other.
//!
//! A test is one bit for each case of the chunk; a row is the AND of its tests; the first hit takes its cases out of
//! those that are left. What the masks cannot tell of a case, because it fails, because a doubtful row could matter, or
//! because its values do not stand in integers, is decided for this case alone by [`super::row`].

pub(crate) mod batch;
mod decided;
pub(crate) mod kernels;
mod lanes;
mod masks;
mod results;
mod view;

pub(crate) use batch::Batch;
pub(crate) use decided::Decided;
use decided::{Chunk, SlotColumn};
use kernels::{CASES, Integers, Kernels, Mask, WORDS};
use lanes::lanes;
use masks::{NONE, active, and, indices, set, with_absent};
use view::CaseView;

use super::code::Answer;
use super::row::{self, Evaluation, Instant, Pack, Scratch};
use crate::families::Step;
use crate::language::SlotId;
use crate::language::functions::Context;
use crate::language::meaning::{Reader, Slots};
use crate::plan::columns::{Columns, TestMask};
use crate::plan::table::SHARE;
use crate::plan::{PlanStep, PlanTable, Policy, Storage, Truth};
use crate::value::{Failure, Outcome, Value};

/// Whether the outcomes of conditions are kept for explanations of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Results,
    Conditions,
}

/// Room to work in, used again for each chunk.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    bounds: Vec<Mask>,
    tests: Vec<Mask>,
    possible: Vec<Mask>,
    /// By computed condition: whether it was computed in this chunk, where it holds, and where it may.
    conditions: Vec<Option<(Mask, Mask)>>,
    scratch: Scratch,
}

impl Room {
    pub(crate) fn new(pack: Pack<'_>, columns: &Columns) -> Room {
        Room {
            bounds: vec![NONE; columns.bounds],
            tests: vec![NONE; pack.plan.tests.len()],
            possible: vec![NONE; pack.plan.tests.len()],
            conditions: vec![None; pack.plan.conditions.len()],
            scratch: Scratch::new(pack.plan),
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
    pub(crate) keep: Keep,
}

impl Run<'_> {
    /// Decides all cases of a batch.
    pub(crate) fn decide(self, batch: &Batch, room: &mut Room, decided: &mut Decided) {
        decided.len = batch.len;
        decided.chunks.resize_with(batch.len.div_ceil(CASES), Chunk::default);
        for (index, chunk) in decided.chunks.iter_mut().enumerate() {
            let active = active(batch.len.saturating_sub(index * CASES));
            let (pack, columns, kernels, instant) = (self.pack, self.columns, self.kernels, self.instant);
            let (is_open, single, by_row) = (false, NONE, None);
            let mut work =
                Work { pack, columns, kernels, instant, batch, index, room, chunk, active, is_open, single, by_row };
            kernels.run(Whole { work: &mut work, keep: self.keep });
        }
    }
}

/// A chunk's whole work, run in the machine's vectors.
struct Whole<'a, 'b> {
    work: &'a mut Work<'b>,
    keep: Keep,
}

impl pulp::NullaryFnOnce for Whole<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.work.run(self.keep);
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
    /// The cases that masks decide.
    active: Mask,
    /// Whether a test is open for a case: then the possible rows are told apart from the sure ones.
    is_open: bool,
    /// The cases that are decided one by one.
    single: Mask,
    /// The constants of rows, and which row each case took, for calculations that rows share.
    by_row: Option<(&'a [i64], Vec<u16>)>,
}

impl<'a> Work<'a> {
    #[inline(always)]
    fn run(&mut self, keep: Keep) {
        let plan = self.pack.plan;
        self.chunk.single.clear();
        self.chunk.fired.clear();
        self.chunk.hits.resize_with(plan.steps.len(), Vec::new);
        self.chunk.slots.resize_with(plan.storages.len(), || None);
        self.room.conditions.fill(None);
        for (slot, column) in self.batch.columns.iter().enumerate() {
            if self.columns.slots.get(slot).is_some_and(|slot| slot.is_read)
                && let Some(beside) = column.beside.chunk(self.index)
            {
                // A text or a list stands beside always; what reads it asks for it there.
                if plan.storages.get(slot).is_some_and(Storage::is_exact) {
                    self.leave(&beside);
                }
            }
        }
        for slot in 0..self.batch.columns.len() {
            self.test(SlotId(crate::source::clamp(slot)));
        }
        for (index, step) in plan.steps.iter().enumerate() {
            match step {
                PlanStep::Fact(slot, code) => self.fact(index, *slot, code.as_ref()),
                PlanStep::Table(table) => self.table(index, table),
            }
        }
        if keep == Keep::Conditions {
            self.chunk.kept.clear();
            self.chunk.kept.extend_from_slice(&self.room.tests);
            if self.is_open {
                self.chunk.kept.extend_from_slice(&self.room.possible);
            }
        }
        self.decide_single();
    }

    /// Leaves cases to be decided one by one.
    #[inline(always)]
    fn leave(&mut self, cases: &Mask) {
        for ((single, active), case) in self.single.iter_mut().zip(&mut self.active).zip(cases) {
            *single |= case & *active;
            *active &= !case;
        }
    }

    fn decide_single(&mut self) {
        let cases = indices(&self.single);
        for case in cases {
            let case = self.index * CASES + usize::from(case);
            let mut evaluation = Evaluation::new(self.pack.plan);
            evaluation.cells.take(&self.batch.fields(case, self.pack.plan));
            row::run(self.pack, self.instant, &mut self.room.scratch, &mut evaluation);
            self.chunk.single.push((case, evaluation));
        }
    }

    /// The masks of all tests of a slot that is filled.
    #[inline(always)]
    fn test(&mut self, slot: SlotId) {
        let index = slot.0 as usize;
        let Some(column) = self.columns.slots.get(index).filter(|column| column.is_read) else { return };
        if column.rows_of.is_none() && !column.bounds.is_empty() {
            let masks = self.room.bounds.get_mut(column.first..column.first + column.bounds.len()).unwrap_or(&mut []);
            let integers = match self.batch.columns.get(index) {
                Some(of_batch) => of_batch.chunk(self.index),
                None => self
                    .chunk
                    .slots
                    .get(index)
                    .and_then(Option::as_ref)
                    .and_then(|column| column.bits.first_chunk().map(Integers::I64)),
            };
            match integers {
                Some(integers) => self.kernels.reached(integers, &column.bounds, masks),
                None => masks.fill(NONE),
            }
        }
        let (none, unknown) = self.absent(slot);
        for test in self.columns.of_slot(slot) {
            let (Some(of_plan), Some(mask)) =
                (self.pack.plan.tests.get(*test as usize), self.columns.tests.get(*test as usize))
            else {
                continue;
            };
            let holds = self.mask(mask);
            let (holds, possible) = if none.is_none() && unknown.is_none() {
                (holds, holds)
            } else {
                let absent = [(&none, of_plan.of_none), (&unknown, of_plan.of_unknown)];
                self.open_up(&absent);
                with_absent(holds, &absent)
            };
            if let Some(to) = self.room.tests.get_mut(*test as usize) {
                *to = holds;
            }
            if self.is_open
                && let Some(to) = self.room.possible.get_mut(*test as usize)
            {
                *to = possible;
            }
        }
    }

    /// From the first test on that is open for a case, possible rows are told apart.
    fn open_up(&mut self, absent: &[(&Option<Mask>, Truth); 2]) {
        let is_open = absent.iter().any(|(mask, truth)| mask.is_some() && !matches!(truth, Truth::True | Truth::False));
        if is_open && !self.is_open {
            self.is_open = true;
            self.room.possible.clone_from(&self.room.tests);
        }
    }

    /// The cases in which a slot is none, and in which it is unknown.
    fn absent(&self, slot: SlotId) -> (Option<Mask>, Option<Mask>) {
        let index = slot.0 as usize;
        match (self.batch.columns.get(index), self.chunk.slots.get(index).and_then(Option::as_ref)) {
            (Some(column), _) => (column.none.chunk(self.index), column.unknown.chunk(self.index)),
            (None, Some(column)) => {
                ((column.none != NONE).then_some(column.none), (column.unknown != NONE).then_some(column.unknown))
            }
            (None, None) => (None, None),
        }
    }

    #[inline(always)]
    fn bound(&self, at: u32) -> &Mask {
        self.room.bounds.get(at as usize).unwrap_or(&NONE)
    }

    #[inline(always)]
    fn mask(&self, test: &TestMask) -> Mask {
        match test {
            TestMask::Always => [u64::MAX; WORDS],
            TestMask::Never => NONE,
            TestMask::AtLeast(start) => *self.bound(*start),
            TestMask::Below(end) => self.bound(*end).map(|word| !word),
            TestMask::Between(start, end) => {
                let mut mask = *self.bound(*start);
                mask.iter_mut().zip(self.bound(*end)).for_each(|(word, end)| *word &= !end);
                mask
            }
            TestMask::Any(stretches) => {
                let mut mask = NONE;
                for (start, end) in stretches {
                    let start = start.map_or([u64::MAX; WORDS], |start| *self.bound(start));
                    let end = end.map_or(NONE, |end| *self.bound(end));
                    for ((word, start), end) in mask.iter_mut().zip(start).zip(end) {
                        *word |= start & !end;
                    }
                }
                mask
            }
            TestMask::Rows { table, rows, otherwise } => {
                let Some(PlanStep::Table(planned)) = self.pack.plan.steps.get(*table as usize) else { return NONE };
                let at = self.columns.fired_at(*table as usize);
                let fired = self.chunk.fired.get(at..at + planned.order.len()).unwrap_or(&[]);
                let mut mask = NONE;
                for row in rows {
                    let fired = fired.get(*row as usize).unwrap_or(&NONE);
                    mask.iter_mut().zip(fired).for_each(|(word, fired)| *word |= fired);
                }
                if *otherwise {
                    let mut left = self.active;
                    for fired in fired {
                        left.iter_mut().zip(fired).for_each(|(left, fired)| *left &= !fired);
                    }
                    mask.iter_mut().zip(left).for_each(|(word, left)| *word |= left);
                }
                mask
            }
        }
    }

    fn fact(&mut self, index: usize, slot: SlotId, code: Option<&crate::plan::Code>) {
        let cases = indices(&self.active);
        let column = match code {
            Some(code) => self.coded(code, &cases),
            None => {
                let Some(Step::Fact(fact)) = self.pack.lowered.steps.get(index) else { return };
                self.asked(slot, &cases, |reader| reader.value(&fact.expr))
            }
        };
        self.fill(slot, column);
        self.test(slot);
    }

    fn fill(&mut self, slot: SlotId, column: SlotColumn) {
        if let Some(to) = self.chunk.slots.get_mut(slot.0 as usize) {
            *to = Some(column);
        }
    }

    /// The column that code comes to. Cases of which it cannot tell are left.
    fn coded(&mut self, code: &crate::plan::Code, cases: &[u16]) -> SlotColumn {
        let found = lanes(code, cases, self, &self.instant.now);
        let mut column = SlotColumn::new();
        let odd = column.put(cases, &found);
        self.leave(&odd);
        column
    }

    /// The column that an expression comes to, asked case by case.
    fn asked(
        &mut self,
        slot: SlotId,
        cases: &[u16],
        question: impl Fn(&mut Reader<'_, CaseView<'_>>) -> Outcome,
    ) -> SlotColumn {
        let mut column = SlotColumn::new();
        let mut odd = NONE;
        let Some(storage) = self.pack.plan.storages.get(slot.0 as usize) else { return column };
        if !storage.is_exact() {
            column.beside = vec![Ok(Value::None); CASES];
        }
        for case in cases {
            let outcome = self.ask(usize::from(*case), &question);
            let index = usize::from(*case);
            match &outcome {
                Ok(Value::None) => set(&mut column.none, index),
                Ok(value) => match storage.bits(value) {
                    Some(bits) => column.bits.get_mut(index).into_iter().for_each(|to| *to = bits),
                    None => set(&mut odd, index),
                },
                Err(Failure::Unknown(_)) => set(&mut column.unknown, index),
                Err(Failure::Error(_)) => set(&mut odd, index),
            }
            // A list may hold items that failed, which the decision names.
            if let Ok(Value::List(items)) = &outcome
                && items.iter().any(|item| matches!(item, Err(Failure::Error(_))))
            {
                set(&mut odd, index);
            }
            if let Some(to) = column.beside.get_mut(index) {
                *to = outcome;
            }
        }
        self.leave(&odd);
        column
    }

    /// Asks the meaning of expressions over one case.
    fn ask<T>(&self, case: usize, question: impl Fn(&mut Reader<'_, CaseView<'_>>) -> T) -> T {
        let view = CaseView { work: self, case };
        let place = self.pack.plan.place.map(|slot| view.outcome(slot));
        let context: Context<'_> = super::table::context(self.pack.checked, self.instant.as_of, place.as_ref());
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

    #[inline(always)]
    fn table(&mut self, index: usize, table: &PlanTable) {
        let at = self.chunk.fired.len();
        self.chunk.fired.resize(at + table.order.len(), NONE);
        if matches!(table.policy, Policy::Asked(_)) {
            self.leave(&[u64::MAX; WORDS]);
            return;
        }
        let is_first = table.policy == Policy::First;
        let (mut left, mut doubt, mut once, mut twice) = (self.active, NONE, NONE, NONE);
        for bit in 0..table.order.len() {
            if !self.is_in_force(table, bit) {
                continue;
            }
            let mut holds = left;
            for test in table.tests.get(bit).into_iter().flatten() {
                and(&mut holds, self.room.tests.get(*test as usize).unwrap_or(&NONE));
            }
            let mut possible = holds;
            if self.is_open {
                possible = left;
                for test in table.tests.get(bit).into_iter().flatten() {
                    and(&mut possible, self.room.possible.get(*test as usize).unwrap_or(&NONE));
                }
            }
            if table.has_computed && possible != NONE {
                for id in table.computed.get(bit).into_iter().flatten() {
                    let (of_holds, of_possible) = self.condition(id.0 as usize);
                    and(&mut holds, &of_holds);
                    and(&mut possible, &of_possible);
                }
            }
            for (((holds, possible), doubt), left) in holds.iter().zip(&possible).zip(&mut doubt).zip(&mut left) {
                *doubt |= possible & !holds;
                if is_first {
                    *left &= !holds;
                }
            }
            for ((holds, once), twice) in holds.iter().zip(&mut once).zip(&mut twice) {
                *twice |= *once & holds;
                *once |= holds;
            }
            if let Some(fired) = self.chunk.fired.get_mut(at + bit) {
                *fired = holds;
            }
            if is_first && left == NONE {
                break;
            }
        }
        self.leave(&doubt);
        let is_single = matches!(table.policy, Policy::First | Policy::Unique | Policy::Any);
        if matches!(table.policy, Policy::Unique | Policy::Any) {
            self.leave(&twice);
        }
        if is_single && !table.has_otherwise {
            self.leave(&once.map(|word| !word));
        }
        self.results(index, table, at, is_single);
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
        let Some(condition) = self.pack.plan.conditions.get(id) else { return (NONE, [u64::MAX; WORDS]) };
        let cases = indices(&self.active);
        let (mut holds, mut possible) = (NONE, NONE);
        let found = condition.code.as_ref().map(|code| lanes(code, &cases, self, &self.instant.now));
        for (index, case) in cases.iter().enumerate() {
            let truth = match found.as_ref().map(|found| found.answer(index)) {
                Some(Answer::Known(0)) => Truth::False,
                Some(Answer::Known(_)) => Truth::True,
                Some(Answer::Unknown) => Truth::Unknown,
                Some(Answer::None | Answer::Asked) | None => self.ask(usize::from(*case), |reader| {
                    let outcome = reader.condition(&condition.expr);
                    if reader.steps > SHARE { Truth::Doubt } else { Truth::of(&outcome) }
                }),
            };
            match truth {
                Truth::False => {}
                Truth::True => {
                    set(&mut holds, usize::from(*case));
                    set(&mut possible, usize::from(*case));
                }
                Truth::Unknown | Truth::Doubt => set(&mut possible, usize::from(*case)),
            }
        }
        if let Some(known) = self.room.conditions.get_mut(id) {
            *known = Some((holds, possible));
        }
        (holds, possible)
    }
}
