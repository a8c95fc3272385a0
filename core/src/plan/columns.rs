//! What the plan says of many cases at once: how narrow each column is, and which bounds and tests are asked of it.

use std::collections::{HashMap, HashSet};

use super::{Code, Give, Plan, PlanStep, PlanTable, Policy, Storage, Truth};
use crate::check::CheckedPack;
use crate::language::SlotId;
use crate::value::Rounding;

/// How wide the integers of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    W8,
    W16,
    W32,
    W64,
}

/// The columns of a plan.
#[derive(Debug)]
pub(crate) struct Columns {
    /// By slot.
    pub(crate) slots: Vec<ColumnSlot>,
    /// By test of the plan: how its mask is made of those of bounds.
    pub(crate) tests: Vec<TestMask>,
    /// How many masks of bounds there are.
    pub(crate) bounds: usize,
    /// By slot: its tests.
    of_slots: Vec<Vec<u32>>,
    /// By step, then by output of the table.
    outputs: Vec<Vec<ColumnOutput>>,
    /// By step: where the masks of a table's rows begin among those of all tables.
    fired_at: Vec<usize>,
    /// By step: where they begin among those of the tables of which several rows may fire.
    kept_at: Vec<usize>,
}

/// What the rows of a table give for an output.
#[derive(Clone, Debug)]
pub(crate) struct ColumnOutput {
    /// The calculation that all rows share but for its constants.
    pub(crate) shape: Option<Shape>,
    /// By bit of the row, and at last of `otherwise`: the integer; 0 where the row gives something else.
    pub(crate) integers: Box<[i64]>,
}

/// One calculation for all rows of an output, with a constant for each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// The code; its constant is found by row.
    pub(crate) code: Code,
    /// By bit of the row, and at last of `otherwise`.
    pub(crate) constants: Box<[i64]>,
}

/// A slot as a column.
#[derive(Clone, Debug)]
pub(crate) struct ColumnSlot {
    /// The narrowest integers that tell all bounds, and for a field all values that its declaration allows.
    pub(crate) width: Width,
    /// Sorted; their masks stand one after the other from `first` on.
    pub(crate) bounds: Box<[i64]>,
    pub(crate) first: usize,
    /// The table whose rows tell the value, where all are written out: its masks are those of the rows that fired.
    pub(crate) rows_of: Option<usize>,
    /// Whether all its tests are stretches between bounds.
    pub(crate) is_plain: bool,
    /// Whether anything tests the slot, or calculates with it.
    pub(crate) is_read: bool,
}

/// How the mask of a test is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TestMask {
    /// Between two bounds.
    Stretch(Stretch),
    /// In any of these.
    Any(Box<[Stretch]>),
    /// By the rows of a table that fired: those (and perhaps `otherwise`) whose value passes.
    Rows { table: u32, rows: Box<[u32]>, otherwise: bool },
}

/// A stretch of integers, by two masks that must both have a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Operand,
    pub(crate) to: Operand,
}

/// A mask, or the cases outside it. The masks of a chunk begin with the one of all cases; those of bounds follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operand(u32);

impl Operand {
    /// All cases.
    pub(crate) const ALWAYS: Operand = Operand(0);

    /// The cases of a mask.
    pub(crate) fn of(mask: usize) -> Operand {
        Operand(crate::source::clamp(mask) << 1)
    }

    /// The cases outside this one.
    pub(crate) fn not(self) -> Operand {
        Operand(self.0 | 1)
    }

    /// The place of the mask.
    #[inline(always)]
    pub(crate) fn mask(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// All bits set where the cases are those outside the mask.
    #[inline(always)]
    pub(crate) fn flip(self) -> u64 {
        0_u64.wrapping_sub(u64::from(self.0 & 1))
    }
}

impl Width {
    fn of(low: i64, high: i64) -> Width {
        let fits = |bits: u32| low >= i64::MIN >> (64 - bits) && high <= i64::MAX >> (64 - bits);
        [(8, Width::W8), (16, Width::W16), (32, Width::W32)]
            .into_iter()
            .find(|(bits, _)| fits(*bits))
            .map_or(Width::W64, |(_, width)| width)
    }
}

impl Columns {
    /// The columns of a plan.
    pub(crate) fn new(checked: &CheckedPack, plan: &Plan) -> Columns {
        let mut bounds: Vec<Vec<i64>> = vec![Vec::new(); plan.storages.len()];
        for test in &plan.tests {
            if let Some(bounds) = bounds.get_mut(test.slot.0 as usize) {
                bounds.extend(test.bounds());
            }
        }
        let mut by_rows = by_rows(plan);
        // A value of which a test cannot tell has to stand in a column.
        for test in &plan.tests {
            let is_told = |step: &usize| match plan.steps.get(*step) {
                Some(PlanStep::Table(table)) => (0..table.order.len() + usize::from(table.has_otherwise))
                    .all(|row| matches!(truth_of_row(table, row, test), Truth::True | Truth::False)),
                _ => false,
            };
            if !by_rows.get(&test.slot).is_none_or(is_told) {
                by_rows.remove(&test.slot);
            }
        }
        let tested: HashSet<SlotId> = plan.tests.iter().map(|test| test.slot).collect();
        let mut first = 0;
        let mut slots = Vec::with_capacity(bounds.len());
        for (index, (mut bounds, storage)) in bounds.into_iter().zip(&plan.storages).enumerate() {
            let slot = SlotId(crate::source::clamp(index));
            bounds.sort_unstable();
            bounds.dedup();
            let rows_of = by_rows.get(&slot).copied();
            let is_read = tested.contains(&slot) || plan.calculates(slot);
            if rows_of.is_some() {
                bounds.clear();
            }
            let values = checked.record.fields.get(index).and_then(|field| {
                let low = match (&field.range.min, storage) {
                    (Some(bound), _) => storage.at_least(bound)?,
                    (None, Storage::Boolean | Storage::Choice(_)) => 0,
                    _ => return None,
                };
                let high = match (&field.range.max, storage) {
                    (Some(bound), _) => storage.at_most(bound)?,
                    (None, Storage::Boolean) => 1,
                    (None, Storage::Choice(words)) => i64::try_from(words.len()).ok()?,
                    _ => return None,
                };
                Some((low, high))
            });
            let width = match values {
                Some((low, high)) => {
                    let (least, most) = (bounds.first().copied().unwrap_or(0), bounds.last().copied().unwrap_or(0));
                    // A bound is compared as the number before it.
                    Width::of(low.min(least.saturating_sub(1)), high.max(most))
                }
                None => Width::W64,
            };
            let count = bounds.len();
            slots.push(ColumnSlot { width, bounds: bounds.into(), first, rows_of, is_plain: true, is_read });
            first += count;
        }
        let mut of_slots = vec![Vec::new(); slots.len()];
        for (index, test) in plan.tests.iter().enumerate() {
            if let Some(tests) = of_slots.get_mut(test.slot.0 as usize) {
                tests.push(crate::source::clamp(index));
            }
        }
        let (mut fired_at, mut kept_at) = (Vec::new(), Vec::new());
        let (mut fired, mut kept) = (0, 0);
        for step in &plan.steps {
            fired_at.push(fired);
            kept_at.push(kept);
            if let PlanStep::Table(table) = step {
                fired += table.order.len();
                kept += if table.policy.is_single() { 0 } else { table.order.len() };
            }
        }
        let outputs = outputs(plan);
        let mut columns = Columns { slots, tests: Vec::new(), bounds: first, of_slots, outputs, fired_at, kept_at };
        columns.tests = plan.tests.iter().map(|test| columns.mask(plan, test)).collect();
        for (test, mask) in plan.tests.iter().zip(&columns.tests) {
            if let Some(slot) = columns.slots.get_mut(test.slot.0 as usize) {
                slot.is_plain &= matches!(mask, TestMask::Stretch(_));
            }
        }
        columns
    }

    /// The tests of a slot.
    pub(crate) fn of_slot(&self, slot: SlotId) -> &[u32] {
        self.of_slots.get(slot.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// What the rows of a table give for an output.
    pub(crate) fn output(&self, step: usize, output: usize) -> Option<&ColumnOutput> {
        self.outputs.get(step)?.get(output)
    }

    /// Where the masks of a table's rows begin among those of all tables.
    pub(crate) fn fired_at(&self, step: usize) -> usize {
        self.fired_at.get(step).copied().unwrap_or(0)
    }

    /// Where the masks of a table's rows begin among those of the tables of which several rows may fire.
    pub(crate) fn kept_at(&self, step: usize) -> usize {
        self.kept_at.get(step).copied().unwrap_or(0)
    }

    fn mask(&self, plan: &Plan, test: &super::SlotTest) -> TestMask {
        let Some(slot) = self.slots.get(test.slot.0 as usize) else { return TestMask::Any(Box::new([])) };
        if let Some(table) = slot.rows_of {
            return rows_mask(plan, table, test);
        }
        let reached = |start: i64| match slot.bounds.binary_search(&start) {
            Ok(index) => Operand::of(1 + slot.first + index),
            // The lowest integer has no bound: every value has reached it.
            Err(_) => Operand::ALWAYS,
        };
        let ends = test.bounds().map(Some).chain([None]);
        let stretches: Vec<Stretch> = test
            .stretches
            .iter()
            .zip(ends)
            .filter(|((_, truth), _)| *truth == Truth::True)
            .map(|((start, _), end)| Stretch {
                from: reached(*start),
                to: end.map_or(Operand::ALWAYS, |end| reached(end).not()),
            })
            .collect();
        match stretches.as_slice() {
            [] => TestMask::Stretch(Stretch { from: Operand::ALWAYS.not(), to: Operand::ALWAYS }),
            [stretch] => TestMask::Stretch(*stretch),
            _ => TestMask::Any(stretches.into()),
        }
    }
}

/// The slots whose values the rows of one table tell.
fn by_rows(plan: &Plan) -> HashMap<SlotId, usize> {
    let mut found = HashMap::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let PlanStep::Table(table) = step else { continue };
        if table.policy != Policy::First {
            continue;
        }
        for (output, planned) in table.outputs.iter().enumerate() {
            let count = table.outputs.len();
            let is_constant = table.gives.iter().skip(output).step_by(count.max(1)).all(Give::is_constant);
            if let Some(slot) = planned.slot.filter(|_| is_constant) {
                found.insert(slot, index);
            }
        }
    }
    found
}

/// What the rows of all tables give.
fn outputs(plan: &Plan) -> Vec<Vec<ColumnOutput>> {
    let of_table = |table: &PlanTable| {
        let of_output = |output| ColumnOutput { shape: shape(table, output), integers: integers(table, output) };
        (0..table.outputs.len()).map(of_output).collect()
    };
    let steps = plan.steps.iter().map(|step| match step {
        PlanStep::Table(table) => of_table(table),
        PlanStep::Fact(..) => Vec::new(),
    });
    steps.collect()
}

/// The positions of a table's rows by bit, and at last of `otherwise`.
fn positions(table: &PlanTable) -> impl Iterator<Item = usize> {
    table.order.iter().map(|row| *row as usize).chain(table.has_otherwise.then_some(table.order.len()))
}

fn integers(table: &PlanTable, output: usize) -> Box<[i64]> {
    let integer = |row: usize| match table.gives(row).get(output) {
        Some(Give::Bits(bits)) => *bits,
        _ => 0,
    };
    positions(table).map(integer).collect()
}

/// Rows that calculate the same but for a factor: `balance * 0.05` here, `balance * 0.02` there.
fn shape(table: &PlanTable, output: usize) -> Option<Shape> {
    let mut factors = Vec::new();
    let mut common: Option<(&Code, i64, Rounding)> = None;
    for row in positions(table) {
        let Some(Give::Code(Code::Round(product, divisor, rounding))) = table.gives(row).get(output) else {
            return None;
        };
        let Code::Multiply(value, factor) = &**product else { return None };
        let Code::Constant(factor) = **factor else { return None };
        factors.push((factor, *divisor));
        let (known, most, mode) = *common.get_or_insert((value, *divisor, *rounding));
        if known != &**value || mode != *rounding {
            return None;
        }
        common = Some((known, most.max(*divisor), mode));
    }
    let (value, divisor, rounding) = common?;
    // Divisors are powers of ten: a factor with fewer decimals is written with as many as the others.
    let constants = factors.into_iter().map(|(factor, of)| factor.checked_mul(divisor / of)).collect::<Option<_>>()?;
    let product = Code::Multiply(Box::new(value.clone()), Box::new(Code::ByRow));
    Some(Shape { code: Code::Round(Box::new(product), divisor, rounding), constants })
}

fn rows_mask(plan: &Plan, step: usize, test: &super::SlotTest) -> TestMask {
    let Some(PlanStep::Table(table)) = plan.steps.get(step) else { return TestMask::Any(Box::new([])) };
    let passes = |row: usize| truth_of_row(table, row, test) == Truth::True;
    TestMask::Rows {
        table: crate::source::clamp(step),
        // By bit, as the masks of the rows that fired.
        rows: (0..table.order.len())
            .filter(|bit| table.order.get(*bit).is_some_and(|row| passes(*row as usize)))
            .map(crate::source::clamp)
            .collect(),
        otherwise: table.has_otherwise && passes(table.order.len()),
    }
}

/// How a test of an output comes out for what a row gives.
pub(crate) fn truth_of_row(table: &PlanTable, row: usize, test: &super::SlotTest) -> Truth {
    let given = table.outputs.iter().zip(table.gives(row)).find(|(output, _)| output.slot == Some(test.slot));
    let Some((output, give)) = given else { return Truth::Doubt };
    let bits = match give {
        Give::None => return test.of_none,
        Give::Bits(bits) => *bits,
        Give::Value(value) => match output.storage.bits(value) {
            Some(bits) => bits,
            None => return Truth::Doubt,
        },
        Give::Code(_) | Give::Asked => return Truth::Doubt,
    };
    test.of_known(bits)
}
