//! One case at a time: the plan over the slots of a case.
//!
//! A table is two bitsets of rows, ANDed over its axes: the rows that are sure so far, and the possible ones. Where they
//! decide, nothing else is looked at. Where a row is in doubt, the meaning of tables decides that one table. In the
//! steady state nothing is allocated.

use chrono::{DateTime, NaiveDate, Utc};

use super::cells::{Cells, State, View};
use super::code::{self, Answer, Now};
use super::table as meaning;
use super::trace::TableTrace;
use crate::calendar::date_at;
use crate::check::CheckedPack;
use crate::families::{LoweredPack, Step};
use crate::language::functions::printed::{self, Printed};
use crate::language::meaning::Reader;
use crate::language::{Expr, SlotId};
use crate::plan::block::WORDS;
use crate::plan::table::SHARE;
use crate::plan::{Block, BlockAxis, Give, Plan, PlanStep, PlanTable, Policy, Storage, Truth};
use crate::value::{Outcome, Value};

/// What an evaluation is run over.
#[derive(Clone, Copy)]
pub(crate) struct Pack<'a> {
    pub(crate) checked: &'a CheckedPack,
    pub(crate) lowered: &'a LoweredPack,
    pub(crate) plan: &'a Plan,
}

/// An instant, and what of the plan depends on it.
#[derive(Clone, Debug)]
pub(crate) struct Instant {
    pub(crate) as_of: DateTime<Utc>,
    /// Its date in the pack's zone.
    pub(crate) today: NaiveDate,
    pub(crate) now: Now,
    /// The rows of all tables that are in force.
    pub(crate) in_force: Box<[u64]>,
    /// By routine: the rows that are in force.
    pub(crate) routines: Box<[u128]>,
}

/// What one case came to: its slots, and which rows made the results.
#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    pub(crate) cells: Cells,
    /// The rows that matched, by the bits of the tables.
    pub(crate) fired: Box<[u64]>,
    /// By step.
    pub(crate) taken: Box<[Taken]>,
    /// Tables that their meaning decided, by step.
    pub(crate) asked: Vec<(usize, TableTrace)>,
    /// What functions printed.
    pub(crate) printed: Vec<Printed>,
}

/// How a table came to its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// By the rows that are marked as fired.
    Rows,
    Otherwise,
    /// By the meaning of tables.
    Asked,
}

/// Room to work in, used again for each case.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    sure: Box<[u64]>,
    possible: Box<[u64]>,
    /// By computed condition: its truth, and the turn in which it was found.
    truths: Box<[(u64, Truth)]>,
    turn: u64,
}

impl Instant {
    pub(crate) fn new(pack: Pack<'_>, as_of: DateTime<Utc>) -> Instant {
        let today = date_at(as_of, pack.checked.header.zone);
        let mut in_force = vec![u64::MAX; pack.plan.words];
        for step in &pack.plan.steps {
            let PlanStep::Table(table) = step else { continue };
            if table.bits.words == 0 {
                continue;
            }
            for dated in table.dated.iter().filter(|dated| dated.is_out(today)) {
                let bit = table.bits.shift + dated.bit as usize;
                if let Some(word) = in_force.get_mut(table.bits.offset + bit / 64) {
                    *word &= !(1 << (bit % 64));
                }
            }
        }
        let now = Now {
            today: Storage::Date.bits(&Value::Date(today)).unwrap_or(0),
            as_of: Storage::Timestamp.bits(&Value::Timestamp(as_of)),
            zone: pack.checked.header.zone,
        };
        let routines = pack.plan.routines.tables.iter().map(|routine| {
            let Some(routine) = routine else { return 0 };
            let is_out = routine.dated.iter().filter(|dated| dated.is_out(today));
            is_out.fold(routine.rows, |rows, dated| rows & !(1 << dated.bit))
        });
        Instant { as_of, today, now, in_force: in_force.into(), routines: routines.collect() }
    }
}

impl Evaluation {
    pub(crate) fn new(plan: &Plan) -> Evaluation {
        Evaluation {
            cells: Cells::new(plan),
            fired: vec![0; plan.words].into(),
            taken: vec![Taken::Rows; plan.steps.len()].into(),
            asked: Vec::new(),
            printed: Vec::new(),
        }
    }
}

impl Scratch {
    pub(crate) fn new(plan: &Plan) -> Scratch {
        let words = plan.words;
        Scratch {
            sure: vec![0; words].into(),
            possible: vec![0; words].into(),
            truths: vec![(0, Truth::Doubt); plan.conditions.len()].into(),
            turn: 0,
        }
    }
}

/// Decides the case whose fields stand in `evaluation`.
pub(crate) fn run(pack: Pack<'_>, instant: &Instant, scratch: &mut Scratch, evaluation: &mut Evaluation) {
    evaluation.asked.clear();
    evaluation.fired.fill(0);
    scratch.turn += 1;
    if pack.plan.has_calls {
        drop(printed::take());
    }
    let mut run = Run { pack, row: None, instant, scratch, evaluation };
    for (index, step) in pack.plan.steps.iter().enumerate() {
        match step {
            PlanStep::Fact(slot, code) => run.fact(index, *slot, code.as_ref()),
            PlanStep::Table(table) => {
                if !run.table(index, table) {
                    run.ask_table(index);
                }
            }
        }
    }
    if pack.plan.has_calls {
        evaluation.printed = printed::take();
    }
}

struct Run<'a> {
    pack: Pack<'a>,
    /// The row that a table of first hits took.
    row: Option<usize>,
    instant: &'a Instant,
    scratch: &'a mut Scratch,
    evaluation: &'a mut Evaluation,
}

impl Run<'_> {
    fn fact(&mut self, index: usize, slot: SlotId, code: Option<&crate::plan::Code>) {
        match code.map(|code| code::answer(code, &self.evaluation.cells, &self.instant.now)) {
            Some(Answer::Known(bits)) => self.evaluation.cells.set_known(slot, bits),
            Some(Answer::None) => self.evaluation.cells.set_none(slot),
            _ => {
                let Some(Step::Fact(fact)) = self.pack.lowered.steps.get(index) else { return };
                let outcome = ask(self.pack, self.instant, &self.evaluation.cells, |reader| reader.value(&fact.expr));
                self.set(slot, outcome);
            }
        }
    }

    fn set(&mut self, slot: SlotId, outcome: Outcome) {
        if let Some(storage) = self.pack.plan.storages.get(slot.0 as usize) {
            self.evaluation.cells.set(slot, outcome, storage);
        }
    }

    /// Lets the meaning of tables decide a table.
    fn ask_table(&mut self, index: usize) {
        let Some(Step::Table(table)) = self.pack.lowered.steps.get(index) else { return };
        let trace = ask(self.pack, self.instant, &self.evaluation.cells, |reader| meaning::try_table(table, reader));
        for (output, result) in table.outputs.iter().zip(&trace.results) {
            if let Some(slot) = output.slot {
                self.set(slot, result.clone());
            }
        }
        if let Some(taken) = self.evaluation.taken.get_mut(index) {
            *taken = Taken::Asked;
        }
        self.evaluation.asked.push((index, trace));
    }

    /// Decides a table; false where its meaning has to be asked.
    fn table(&mut self, index: usize, table: &PlanTable) -> bool {
        if let Some(block) = table.block.and_then(|index| self.pack.plan.blocks.get(index as usize)) {
            self.narrow(block);
        }
        for axis in &table.late {
            self.narrow_late(table.bits.range(), axis);
        }
        let taken = match table.policy {
            Policy::Asked(_) => None,
            Policy::First => self.first(table),
            _ => self.all(table),
        };
        let Some(taken) = taken else { return false };
        if let Some(known) = self.evaluation.taken.get_mut(index) {
            *known = taken;
        }
        self.results(table, taken)
    }

    /// Leaves the rows of a block that its axes do not exclude.
    #[inline]
    fn narrow(&mut self, block: &Block) {
        let is_open = if block.words == WORDS { self.narrow_pair(block) } else { self.narrow_many(block) };
        if is_open || block.is_doubtful {
            self.narrow_possible(block);
        }
    }

    /// The sure rows of a block of two words, which stay in registers; whether one may be open.
    #[inline]
    fn narrow_pair(&mut self, block: &Block) -> bool {
        let (plan, cells) = (self.pack.plan, &self.evaluation.cells);
        let mut left = pair(&self.instant.in_force, block.offset);
        let mut is_open = false;
        for axis in &block.axes {
            let cell = cells.get(axis.axis.slot);
            let rank = if cell.state == State::Known {
                axis.axis.of_known(cell.bits)
            } else {
                is_open |= cell.state != State::None || axis.none_is_doubtful;
                cells.rank(&axis.axis)
            };
            left &= plan.pairs.get(axis.sure.wrapping_add(rank)).copied().unwrap_or(0);
        }
        for words in [&mut self.scratch.sure, &mut self.scratch.possible] {
            if let Some([low, high]) = words.get_mut(block.offset..).and_then(|words| words.first_chunk_mut()) {
                (*low, *high) = (left as u64, (left >> 64) as u64);
            }
        }
        is_open
    }

    fn narrow_many(&mut self, block: &Block) -> bool {
        let range = block.offset..block.offset + block.words;
        let (Some(sure), Some(force)) =
            (self.scratch.sure.get_mut(range.clone()), self.instant.in_force.get(range.clone()))
        else {
            return true;
        };
        sure.copy_from_slice(force);
        let mut is_open = false;
        for axis in &block.axes {
            let state = self.evaluation.cells.get(axis.axis.slot).state;
            is_open |= match state {
                State::Known => false,
                State::None => axis.none_is_doubtful,
                State::Unknown | State::Beside => true,
            };
            let rank = self.evaluation.cells.rank(&axis.axis);
            and(sure, &self.pack.plan.sets, axis.sure + rank * block.words);
        }
        if let Some(possible) = self.scratch.possible.get_mut(range) {
            possible.copy_from_slice(sure);
        }
        is_open
    }

    #[cold]
    fn narrow_possible(&mut self, block: &Block) {
        let range = block.offset..block.offset + block.words;
        let (Some(possible), Some(force)) =
            (self.scratch.possible.get_mut(range.clone()), self.instant.in_force.get(range))
        else {
            return;
        };
        possible.copy_from_slice(force);
        for axis in &block.axes {
            let rank = self.evaluation.cells.rank(&axis.axis);
            and(possible, &self.pack.plan.sets, axis.possible + rank * block.words);
        }
    }

    /// Leaves the rows that a slot which was filled late does not exclude.
    fn narrow_late(&mut self, range: std::ops::Range<usize>, axis: &BlockAxis) {
        let rank = self.evaluation.cells.rank(&axis.axis);
        if let (Some(sure), Some(possible)) =
            (self.scratch.sure.get_mut(range.clone()), self.scratch.possible.get_mut(range.clone()))
        {
            if range.len() == WORDS {
                let left = self.pack.plan.pairs.get(axis.sure + rank).copied().unwrap_or(0);
                and(sure, &[left as u64, (left >> 64) as u64], 0);
            } else {
                and(sure, &self.pack.plan.sets, axis.sure + rank * range.len());
            }
            and(possible, &self.pack.plan.sets, axis.possible + rank * range.len());
        }
    }

    /// Marks the first row that matches. Nothing where one before it is in doubt.
    #[inline]
    fn first(&mut self, table: &PlanTable) -> Option<Taken> {
        if !table.has_computed && table.bits.is_one_word() {
            let (at, mask) = (table.bits.offset, table.bits.mask(0));
            let possible = *self.scratch.possible.get(at)? & mask;
            if possible == 0 {
                return table.has_otherwise.then_some(Taken::Otherwise);
            }
            let first = possible & possible.wrapping_neg();
            if *self.scratch.sure.get(at)? & first == 0 {
                return None;
            }
            *self.evaluation.fired.get_mut(at)? |= first;
            let bit = (possible.trailing_zeros() as usize).wrapping_sub(table.bits.shift);
            self.row = table.order.get(bit).map(|row| *row as usize);
            return Some(Taken::Rows);
        }
        for word in 0..table.bits.words {
            let at = table.bits.offset + word;
            let mut left = *self.scratch.possible.get(at)? & table.bits.mask(word);
            while left != 0 {
                let mask = left & left.wrapping_neg();
                let bit = word * 64 + left.trailing_zeros() as usize - table.bits.shift;
                left &= left - 1;
                let is_sure = self.scratch.sure.get(at)? & mask != 0;
                match self.computed(table, bit) {
                    Truth::False => {}
                    Truth::True if is_sure => {
                        *self.evaluation.fired.get_mut(at)? |= mask;
                        self.row = table.order.get(bit).map(|row| *row as usize);
                        return Some(Taken::Rows);
                    }
                    _ => return None,
                }
            }
        }
        // No row, and no `otherwise`: an error, which the meaning of tables words.
        table.has_otherwise.then_some(Taken::Otherwise)
    }

    /// Marks all rows that match. Nothing where one is in doubt.
    #[inline]
    fn all(&mut self, table: &PlanTable) -> Option<Taken> {
        let mut count = 0_u32;
        for word in 0..table.bits.words {
            let at = table.bits.offset + word;
            let mask = table.bits.mask(word);
            let (sure, possible) = (*self.scratch.sure.get(at)? & mask, *self.scratch.possible.get(at)? & mask);
            let mut fired = 0;
            if table.has_computed {
                let mut left = possible;
                while left != 0 {
                    let mask = left & left.wrapping_neg();
                    let bit = word * 64 + left.trailing_zeros() as usize - table.bits.shift;
                    left &= left - 1;
                    match self.computed(table, bit) {
                        Truth::False => {}
                        Truth::True if sure & mask != 0 => fired |= mask,
                        _ => return None,
                    }
                }
            } else if sure == possible {
                fired = sure;
            } else {
                return None;
            }
            *self.evaluation.fired.get_mut(at)? |= fired;
            count += fired.count_ones();
        }
        match table.policy {
            Policy::Unique if count > 1 => None,
            Policy::Unique | Policy::Any if count == 0 => table.has_otherwise.then_some(Taken::Otherwise),
            _ => Some(Taken::Rows),
        }
    }

    /// The truth of a row's computed conditions.
    fn computed(&mut self, table: &PlanTable, bit: usize) -> Truth {
        if !table.has_computed {
            return Truth::True;
        }
        let Some(conditions) = table.computed.get(bit) else { return Truth::Doubt };
        let mut truth = Truth::True;
        for id in conditions {
            truth = truth.and(self.condition(id.0 as usize));
            if truth == Truth::False {
                break;
            }
        }
        truth
    }

    fn condition(&mut self, id: usize) -> Truth {
        if let Some((turn, truth)) = self.scratch.truths.get(id)
            && *turn == self.scratch.turn
        {
            return *truth;
        }
        let Some(condition) = self.pack.plan.conditions.get(id) else { return Truth::Doubt };
        let cells = &self.evaluation.cells;
        let truth = match condition.code.as_ref().map(|code| code::truth(code, cells, &self.instant.now)) {
            Some(Truth::Doubt) | None => asked_truth(self.pack, self.instant, cells, &condition.expr),
            Some(truth) => truth,
        };
        if let Some(known) = self.scratch.truths.get_mut(id) {
            *known = (self.scratch.turn, truth);
        }
        truth
    }

    /// Puts the results in their slots; false where the meaning of tables has to be asked.
    fn results(&mut self, table: &PlanTable, taken: Taken) -> bool {
        match table.policy {
            Policy::Each | Policy::List => true,
            Policy::First | Policy::Unique | Policy::Any => {
                let row = match (taken, table.policy) {
                    (Taken::Otherwise, _) => Some(table.order.len()),
                    (_, Policy::First) => self.row,
                    _ => self.only_row(table),
                };
                let Some(row) = row else { return false };
                for (output, give) in table.outputs.iter().zip(table.gives(row)) {
                    let Some(slot) = output.slot else { continue };
                    if !self.give(slot, give, &output.storage) {
                        return false;
                    }
                }
                true
            }
            Policy::Count => {
                let count = fired_rows(table, &self.evaluation.fired).count();
                for slot in table.outputs.iter().filter_map(|output| output.slot) {
                    self.evaluation.cells.set_known(slot, i64::try_from(count).unwrap_or(i64::MAX));
                }
                true
            }
            Policy::Sum | Policy::Least | Policy::Most => self.fold(table),
            Policy::Asked(_) => false,
        }
    }

    /// The row whose outputs are the results: the only one that fired, or one of several that give the same.
    fn only_row(&self, table: &PlanTable) -> Option<usize> {
        let mut rows = fired_rows(table, &self.evaluation.fired);
        let first = rows.next()?;
        let is_same = |other: usize| {
            table.gives(first).iter().zip(table.gives(other)).all(|pair| match pair {
                (Give::None, Give::None) => true,
                (Give::Bits(a), Give::Bits(b)) => a == b,
                (Give::Value(a), Give::Value(b)) => a == b,
                _ => false,
            })
        };
        rows.all(is_same).then_some(first)
    }

    fn give(&mut self, slot: SlotId, give: &Give, storage: &Storage) -> bool {
        let cells = &mut self.evaluation.cells;
        match give {
            Give::None => cells.set_none(slot),
            Give::Bits(bits) => cells.set_known(slot, *bits),
            Give::Value(value) => cells.set(slot, Ok(value.clone()), storage),
            Give::Code(code) => match code::answer(code, cells, &self.instant.now) {
                Answer::Known(bits) => cells.set_known(slot, bits),
                Answer::None => cells.set_none(slot),
                _ => return false,
            },
            Give::Asked => return false,
        }
        true
    }

    /// A sum, least or greatest value over the rows that fired.
    fn fold(&mut self, table: &PlanTable) -> bool {
        for (index, output) in table.outputs.iter().enumerate() {
            let Some(slot) = output.slot else { continue };
            if !table.policy.folds(&output.storage) {
                return false;
            }
            let mut best: Option<i64> = None;
            for row in fired_rows(table, &self.evaluation.fired) {
                let bits = match table.gives(row).get(index) {
                    Some(Give::None) => continue,
                    Some(Give::Bits(bits)) => *bits,
                    Some(Give::Code(code)) => match code::answer(code, &self.evaluation.cells, &self.instant.now) {
                        Answer::Known(bits) => bits,
                        Answer::None => continue,
                        _ => return false,
                    },
                    _ => return false,
                };
                best = match (best, table.policy) {
                    (None, _) => Some(bits),
                    (Some(best), Policy::Sum) => match best.checked_add(bits) {
                        Some(sum) => Some(sum),
                        None => return false,
                    },
                    (Some(best), Policy::Least) => Some(best.min(bits)),
                    (Some(best), _) => Some(best.max(bits)),
                };
            }
            match best {
                Some(bits) => self.evaluation.cells.set_known(slot, bits),
                None if table.policy == Policy::Sum => self.evaluation.cells.set_known(slot, 0),
                None => self.evaluation.cells.set_none(slot),
            }
        }
        true
    }
}

/// Two words of bits.
#[inline(always)]
fn pair(words: &[u64], at: usize) -> u128 {
    match words.get(at..).and_then(|words| words.first_chunk()) {
        Some([low, high]) => u128::from(*low) | u128::from(*high) << 64,
        None => 0,
    }
}

fn and(to: &mut [u64], sets: &[u64], at: usize) {
    for (to, with) in to.iter_mut().zip(sets.get(at..).unwrap_or(&[])) {
        *to &= with;
    }
}

/// The positions of the rows that fired, in the order of rank.
pub(crate) fn fired_rows<'a>(table: &'a PlanTable, fired: &'a [u64]) -> impl Iterator<Item = usize> + 'a {
    let bits = table.bits;
    let words = fired.get(bits.range()).unwrap_or(&[]);
    words.iter().enumerate().flat_map(move |(index, word)| {
        let mut left = *word & bits.mask(index);
        std::iter::from_fn(move || {
            (left != 0).then(|| {
                let bit = index * 64 + left.trailing_zeros() as usize - bits.shift;
                left &= left - 1;
                bit
            })
        })
        .filter_map(|bit| table.order.get(bit).map(|row| *row as usize))
    })
}

/// The truth of a condition by its meaning. In doubt where it takes so many steps that a row may pass its limit.
fn asked_truth(pack: Pack<'_>, instant: &Instant, cells: &Cells, expr: &Expr) -> Truth {
    ask(pack, instant, cells, |reader| {
        let outcome = reader.condition(expr);
        if reader.steps > SHARE { Truth::Doubt } else { Truth::of(&outcome) }
    })
}

/// Asks the meaning of expressions or tables over the slots of a case.
pub(crate) fn ask<T>(
    pack: Pack<'_>,
    instant: &Instant,
    cells: &Cells,
    question: impl FnOnce(&mut Reader<'_, View<'_>>) -> T,
) -> T {
    let view = View { cells, storages: &pack.plan.storages };
    let place = pack.plan.place.map(|slot| cells.outcome(slot, &pack.plan.storages));
    let context = meaning::context(pack.checked, instant.as_of, instant.today, place.as_ref());
    let mut reader = Reader {
        slots: &view,
        context: &context,
        rates: &pack.checked.rates,
        private: &pack.plan.private,
        locals: Vec::new(),
        steps: 0,
    };
    question(&mut reader)
}
