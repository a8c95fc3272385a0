//! Many cases at once: the plan over columns, a chunk of cases after the other.
//!
//! A test is one bit for each case of the chunk; a row is the AND of its tests; the first hit takes its cases out of
//! those that are left. What the masks cannot tell of a case, because it fails, because a doubtful row could matter, or
//! because its values do not stand in integers, is decided for this case alone by [`super::row`].

pub(crate) mod batch;
pub(crate) mod kernels;
mod lanes;

pub(crate) use batch::Batch;
use kernels::{CASES, Integers, Kernels, Mask, WORDS};
use lanes::{Lanes, Source, lanes};

use super::cells::Cells;
use super::code::Answer;
use super::row::{self, Evaluation, Instant, Pack, Scratch, Taken};
use crate::families::Step;
use crate::language::SlotId;
use crate::language::functions::Context;
use crate::language::meaning::{Reader, Slots};
use crate::plan::columns::{Columns, Shape, TestMask};
use crate::plan::table::SHARE;
use crate::plan::{Give, PlanStep, PlanTable, Policy, Storage, Truth};
use crate::value::{Failure, Outcome, Value};

const NONE: Mask = [0; WORDS];

/// What a batch came to, chunk by chunk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decided {
    pub(crate) len: usize,
    chunks: Vec<Chunk>,
}

/// What the cases of a chunk came to. Its room is used again.
#[derive(Clone, Debug, Default)]
struct Chunk {
    /// For each bit of a table that the chunk decided, table after table: the cases whose row fired.
    fired: Vec<Mask>,
    /// For each step that is a table of first hits: the bit that fired, or how many there are for `otherwise`.
    hits: Vec<Vec<u16>>,
    /// By slot: the integers and states of facts and results that are calculated.
    slots: Vec<Option<SlotColumn>>,
    /// The outcome of every test, where it is kept: true, and possible.
    kept: Vec<Mask>,
    /// Cases that were decided one by one.
    single: Vec<(usize, Evaluation)>,
}

/// The values of a fact or result in a chunk.
#[derive(Clone, Debug)]
struct SlotColumn {
    bits: Vec<i64>,
    none: Mask,
    unknown: Mask,
    /// Values that have no integer of their own, by case.
    beside: Vec<Outcome>,
}

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

/// The bits of the first cases of a chunk.
fn active(count: usize) -> Mask {
    let mut mask = NONE;
    for (index, word) in mask.iter_mut().enumerate() {
        *word = match count.saturating_sub(index * 64) {
            0 => 0,
            left => u64::MAX >> 64_usize.saturating_sub(left),
        };
    }
    mask
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

    /// The results of a table, where they are not told by the rows that fired.
    #[inline(always)]
    fn results(&mut self, index: usize, table: &PlanTable, at: usize, is_single: bool) {
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
struct CaseView<'a> {
    work: &'a Work<'a>,
    case: usize,
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

impl SlotColumn {
    fn new() -> SlotColumn {
        SlotColumn { bits: vec![0; CASES], none: NONE, unknown: NONE, beside: Vec::new() }
    }

    /// Puts what code came to in its place, and gives the cases of which it could not tell.
    fn put(&mut self, cases: &[u16], found: &Lanes) -> Mask {
        let mut odd = NONE;
        if found.states.is_none() {
            for (case, value) in cases.iter().zip(&found.values) {
                if let Some(to) = self.bits.get_mut(usize::from(*case)) {
                    *to = *value;
                }
            }
            return odd;
        }
        for (index, case) in cases.iter().enumerate() {
            let case = usize::from(*case);
            match found.answer(index) {
                Answer::Known(value) => self.bits.get_mut(case).into_iter().for_each(|to| *to = value),
                Answer::None => set(&mut self.none, case),
                Answer::Unknown => set(&mut self.unknown, case),
                Answer::Asked => set(&mut odd, case),
            }
        }
        odd
    }

    fn outcome(&self, case: usize, storage: &Storage) -> Outcome {
        if has(&self.none, case) {
            return Ok(Value::None);
        }
        if has(&self.unknown, case) {
            return Err(Failure::Unknown([].into()));
        }
        match self.beside.get(case) {
            Some(outcome) if !storage.is_exact() => outcome.clone(),
            _ => Ok(storage.value(self.bits.get(case).copied().unwrap_or(0))),
        }
    }
}

impl Decided {
    /// What one case came to.
    pub(crate) fn case(
        &self,
        pack: Pack<'_>,
        columns: &Columns,
        instant: &Instant,
        batch: &Batch,
        case: usize,
        evaluation: &mut Evaluation,
    ) {
        let Some(chunk) = self.chunks.get(case / CASES) else { return };
        if let Ok(found) = chunk.single.binary_search_by_key(&case, |(case, _)| *case) {
            if let Some((_, single)) = chunk.single.get(found) {
                evaluation.clone_from(single);
            }
            return;
        }
        let within = case % CASES;
        evaluation.asked.clear();
        evaluation.fired.fill(0);
        evaluation.cells.take(&batch.fields(case, pack.plan));
        for (index, step) in pack.plan.steps.iter().enumerate() {
            match step {
                PlanStep::Fact(slot, _) => {
                    let unknown = chunk.fill(*slot, within, &mut evaluation.cells, &pack.plan.storages);
                    if unknown && let Some(Step::Fact(fact)) = pack.lowered.steps.get(index) {
                        // The names of what is missing are asked for only now.
                        let outcome = row::ask(pack, instant, &evaluation.cells, |reader| reader.value(&fact.expr));
                        if let Some(storage) = pack.plan.storages.get(slot.0 as usize) {
                            evaluation.cells.set(*slot, outcome, storage);
                        }
                    }
                }
                PlanStep::Table(table) => chunk.table(pack, columns, index, table, within, evaluation),
            }
        }
    }

    /// How many cases were decided one by one.
    pub(crate) fn single(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.single.len()).sum()
    }
}

impl Chunk {
    /// Puts a fact or result of a case in its place; whether it is unknown.
    fn fill(&self, slot: SlotId, case: usize, cells: &mut Cells, storages: &[Storage]) -> bool {
        let (Some(Some(column)), Some(storage)) = (self.slots.get(slot.0 as usize), storages.get(slot.0 as usize))
        else {
            return false;
        };
        if has(&column.unknown, case) {
            return true;
        }
        if storage.is_exact() && !has(&column.none, case) {
            cells.set_known(slot, column.bits.get(case).copied().unwrap_or(0));
        } else {
            cells.set(slot, column.outcome(case, storage), storage);
        }
        false
    }

    fn table(
        &self,
        pack: Pack<'_>,
        columns: &Columns,
        index: usize,
        table: &PlanTable,
        case: usize,
        evaluation: &mut Evaluation,
    ) {
        let at = columns.fired_at(index);
        let mut fire = |bit: usize| {
            let bit = table.bits.shift + bit;
            if let Some(word) = evaluation.fired.get_mut(table.bits.offset + bit / 64) {
                *word |= 1 << (bit % 64);
            }
        };
        let is_single = matches!(table.policy, Policy::First | Policy::Unique | Policy::Any);
        let mut taken = Taken::Rows;
        let mut row = None;
        if is_single {
            let hit = self.hits.get(index).and_then(|hits| hits.get(case)).map_or(usize::MAX, |hit| usize::from(*hit));
            match table.order.get(hit) {
                Some(position) => {
                    fire(hit);
                    row = Some(*position as usize);
                }
                None => {
                    taken = Taken::Otherwise;
                    row = Some(table.order.len());
                }
            }
        } else {
            let fired = self.fired.get(at..at + table.order.len()).unwrap_or(&[]);
            fired.iter().enumerate().filter(|(_, fired)| has(fired, case)).for_each(|(bit, _)| fire(bit));
        }
        if let Some(to) = evaluation.taken.get_mut(index) {
            *to = taken;
        }
        for (output, planned) in table.outputs.iter().enumerate() {
            let Some(slot) = planned.slot else { continue };
            let is_filled = self.slots.get(slot.0 as usize).is_some_and(Option::is_some);
            if is_filled {
                self.fill(slot, case, &mut evaluation.cells, &pack.plan.storages);
                continue;
            }
            match row.and_then(|row| table.gives(row).get(output)) {
                Some(Give::Bits(bits)) => evaluation.cells.set_known(slot, *bits),
                Some(Give::Value(value)) => evaluation.cells.set(slot, Ok(value.clone()), &planned.storage),
                _ => evaluation.cells.set_none(slot),
            }
        }
    }
}

/// Where a test holds and where it may, with the cases in which its slot is none or unknown.
fn with_absent(mut holds: Mask, absent: &[(&Option<Mask>, Truth); 2]) -> (Mask, Mask) {
    let mut possible = holds;
    for (absent, truth) in absent {
        let Some(absent) = absent else { continue };
        for ((holds, possible), absent) in holds.iter_mut().zip(&mut possible).zip(absent) {
            *holds &= !absent;
            *possible &= !absent;
            if *truth == Truth::True {
                *holds |= absent;
            }
            if *truth != Truth::False {
                *possible |= absent;
            }
        }
    }
    (holds, possible)
}

#[inline(always)]
fn and(to: &mut Mask, with: &Mask) {
    for (to, with) in to.iter_mut().zip(with) {
        *to &= with;
    }
}

fn set(mask: &mut Mask, case: usize) {
    if let Some(word) = mask.get_mut(case / 64) {
        *word |= 1 << (case % 64);
    }
}

fn has(mask: &Mask, case: usize) -> bool {
    mask.get(case / 64).is_some_and(|word| word >> (case % 64) & 1 == 1)
}

/// Calls `visit` with each case of a mask.
#[inline(always)]
fn each(mask: &Mask, mut visit: impl FnMut(usize)) {
    for (index, word) in mask.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            visit(index * 64 + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

fn indices(mask: &Mask) -> Vec<u16> {
    if *mask == [u64::MAX; WORDS] {
        return (0..u16::try_from(CASES).unwrap_or(u16::MAX)).collect();
    }
    let mut found = Vec::with_capacity(CASES);
    each(mask, |case| found.extend(u16::try_from(case)));
    found
}
