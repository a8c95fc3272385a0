//! The masks of tests: where a test of one slot holds in a chunk, and where it may.

use super::kernels::{Integers, Mask, WORDS};
use super::masks::{ALL, NONE, and, each, or, set, without, zip};
use super::{Absent, Work};
use crate::language::SlotId;
use crate::plan::columns::{Columns, Operand, Stretch, TestMask};
use crate::plan::{PlanStep, SlotTest, Truth};

/// The masks of a chunk, and where those of each test stand among them.
#[derive(Clone, Debug)]
pub(super) struct Tests {
    /// All cases; those of bounds; two for each test that has masks of its own: sure, and possible.
    masks: Vec<Mask>,
    /// By test.
    sure: Vec<Stretch>,
    /// By test; told apart where a test is open for a case.
    possible: Vec<Stretch>,
    /// The tests that have masks of their own in this chunk.
    own: Vec<u32>,
    /// Whether a test is open for a case.
    pub(super) is_open: bool,
}

impl Tests {
    pub(super) fn new(columns: &Columns) -> Tests {
        let mut masks = vec![NONE; 1 + columns.bounds + 2 * columns.tests.len()];
        masks.first_mut().into_iter().for_each(|all| *all = ALL);
        let stretches: Vec<Stretch> = columns.tests.iter().map(stretch).collect();
        Tests { masks, possible: stretches.clone(), sure: stretches, own: Vec::new(), is_open: false }
    }

    /// Begins another chunk.
    pub(super) fn begin(&mut self, columns: &Columns) {
        self.is_open = false;
        for test in self.own.drain(..) {
            let test = test as usize;
            let Some(mask) = columns.tests.get(test) else { continue };
            for stretches in [&mut self.sure, &mut self.possible] {
                stretches.get_mut(test).into_iter().for_each(|to| *to = stretch(mask));
            }
        }
    }

    #[inline(always)]
    fn get(&self, operand: Operand) -> Mask {
        let flip = operand.flip();
        zip([flip; WORDS], self.masks.get(operand.mask()).unwrap_or(&NONE), |flip, word| flip ^ word)
    }

    #[inline(always)]
    fn within(&self, stretch: &Stretch) -> Mask {
        and(self.get(stretch.from), &self.get(stretch.to))
    }

    /// Leaves the cases in which a test holds.
    #[inline(always)]
    pub(super) fn leave_sure(&self, cases: &mut Mask, test: u32) {
        self.leave(cases, self.sure.get(test as usize));
    }

    /// Leaves the cases in which it may.
    #[inline(always)]
    pub(super) fn leave_possible(&self, cases: &mut Mask, test: u32) {
        self.leave(cases, self.possible.get(test as usize));
    }

    #[inline(always)]
    fn leave(&self, cases: &mut Mask, stretch: Option<&Stretch>) {
        let Some(stretch) = stretch else { return };
        let flip = stretch.from.flip();
        if let Some(mask) = self.masks.get(stretch.from.mask()) {
            *cases = zip(*cases, mask, |cases, mask| cases & (mask ^ flip));
        }
        if stretch.to != Operand::ALWAYS
            && let Some(mask) = self.masks.get(stretch.to.mask())
        {
            let flip = stretch.to.flip();
            *cases = zip(*cases, mask, |cases, mask| cases & (mask ^ flip));
        }
    }

    /// Gives a test masks of its own.
    fn own(&mut self, columns: &Columns, test: u32, sure: Mask, possible: Mask) {
        let at = 1 + columns.bounds + 2 * test as usize;
        let index = test as usize;
        let is_open = sure != possible;
        let masks = [(at, sure, &mut self.sure), (if is_open { at + 1 } else { at }, possible, &mut self.possible)];
        for (at, mask, stretches) in masks {
            self.masks.get_mut(at).into_iter().for_each(|to| *to = mask);
            let stretch = Stretch { from: Operand::of(at), to: Operand::ALWAYS };
            stretches.get_mut(index).into_iter().for_each(|to| *to = stretch);
        }
        self.own.push(test);
        self.is_open |= is_open;
    }
}

/// What a test reads where no case is absent. Tests of other kinds get masks of their own.
fn stretch(mask: &TestMask) -> Stretch {
    match mask {
        TestMask::Stretch(stretch) => *stretch,
        TestMask::Any(_) | TestMask::Rows { .. } => Stretch { from: Operand::ALWAYS.not(), to: Operand::ALWAYS },
    }
}

impl Work<'_> {
    /// The masks of all tests of a slot that is filled.
    #[inline(always)]
    pub(super) fn test(&mut self, slot: SlotId) {
        let index = slot.0 as usize;
        let columns = self.columns;
        let Some(column) = columns.slots.get(index).filter(|column| column.is_read) else { return };
        if column.rows_of.is_none() && !column.bounds.is_empty() {
            let first = 1 + column.first;
            let masks = self.room.tests.masks.get_mut(first..first + column.bounds.len()).unwrap_or(&mut []);
            let integers = match self.batch.columns.get(index) {
                Some(of_batch) => of_batch.chunk(self.index),
                None => self.room.slots.get(index).and_then(Option::as_ref).map(|column| Integers::I64(&column.bits)),
            };
            match integers {
                Some(integers) => self.kernels.reached(integers, &column.bounds, masks),
                None => masks.fill(NONE),
            }
        }
        let absent = self.absent(slot);
        let is_absent = absent.none.is_some() || absent.unknown.is_some() || absent.beside.is_some();
        if column.is_plain && !is_absent {
            return;
        }
        for test in columns.of_slot(slot) {
            let (Some(of_plan), Some(mask)) =
                (self.pack.plan.tests.get(*test as usize), columns.tests.get(*test as usize))
            else {
                continue;
            };
            let holds = match mask {
                TestMask::Stretch(_) if !is_absent => continue,
                TestMask::Stretch(stretch) => self.room.tests.within(stretch),
                TestMask::Any(stretches) => {
                    stretches.iter().fold(NONE, |mask, stretch| or(mask, &self.room.tests.within(stretch)))
                }
                TestMask::Rows { table, rows, otherwise } => {
                    let (sure, possible) = self.of_rows_that_fired(*table as usize, rows, *otherwise, of_plan);
                    self.room.tests.own(columns, *test, sure, possible);
                    continue;
                }
            };
            let (sure, possible) = with_absent(holds, &absent, of_plan);
            self.room.tests.own(columns, *test, sure, possible);
        }
    }

    /// Where a test holds, and where it may, whose slot is told by the rows of a table that fired.
    fn of_rows_that_fired(&self, step: usize, rows: &[u32], otherwise: bool, test: &SlotTest) -> (Mask, Mask) {
        let Some(PlanStep::Table(table)) = self.pack.plan.steps.get(step) else { return (NONE, ALL) };
        let at = self.columns.fired_at(step);
        let fired = self.room.fired.get(at..at + table.order.len()).unwrap_or(&[]);
        let mut sure = NONE;
        for row in rows {
            sure = or(sure, fired.get(*row as usize).unwrap_or(&NONE));
        }
        // The cases for which the table was asked have their values in a column.
        let asked = self.room.slots.get(test.slot.0 as usize).and_then(Option::as_ref);
        if otherwise {
            let mut left = self.active;
            fired.iter().for_each(|fired| left = without(left, fired));
            if let Some(asked) = asked {
                left = without(left, &asked.states.filled);
            }
            sure = or(sure, &left);
        }
        let mut possible = sure;
        let Some(asked) = asked else { return (sure, possible) };
        each(&asked.states.filled, |case| {
            let truth = asked.truth(case, test);
            if truth == Truth::True {
                set(&mut sure, case);
            }
            if truth != Truth::False {
                set(&mut possible, case);
            }
        });
        (sure, possible)
    }
}

/// Where a test holds and where it may, with the cases in which its slot is no known integer.
fn with_absent(holds: Mask, absent: &Absent, test: &SlotTest) -> (Mask, Mask) {
    let (mut sure, mut possible) = (holds, holds);
    for (mask, truth) in
        [(&absent.none, test.of_none), (&absent.unknown, test.of_unknown), (&absent.beside, Truth::Doubt)]
    {
        let Some(mask) = mask else { continue };
        sure = without(sure, mask);
        possible = without(possible, mask);
        if truth == Truth::True {
            sure = or(sure, mask);
        }
        if truth != Truth::False {
            possible = or(possible, mask);
        }
    }
    (sure, possible)
}
