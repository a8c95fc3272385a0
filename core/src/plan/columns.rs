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
    /// By step and output: the calculation that all rows share but for its constants.
    shapes: HashMap<(usize, usize), Shape>,
    /// By step: where the masks of a table's rows begin among those of all tables.
    fired_at: Vec<usize>,
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
    /// Whether anything tests the slot, or calculates with it.
    pub(crate) is_read: bool,
}

/// How the mask of a test is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TestMask {
    /// Reached a bound.
    AtLeast(u32),
    /// Did not reach it.
    Below(u32),
    /// Reached the first, and not the second.
    Between(u32, u32),
    /// Any of these stretches, each from a bound to another.
    Any(Box<[(Option<u32>, Option<u32>)]>),
    /// By the rows of a table that fired: those (and perhaps `otherwise`) whose value passes.
    Rows {
        table: u32,
        rows: Box<[u32]>,
        otherwise: bool,
    },
    Always,
    Never,
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
        let by_rows = by_rows(plan);
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
            slots.push(ColumnSlot { width, bounds: bounds.into(), first, rows_of, is_read });
            first += count;
        }
        let mut of_slots = vec![Vec::new(); slots.len()];
        for (index, test) in plan.tests.iter().enumerate() {
            if let Some(tests) = of_slots.get_mut(test.slot.0 as usize) {
                tests.push(crate::source::clamp(index));
            }
        }
        let mut rows = 0;
        let fired_at = plan.steps.iter().map(|step| {
            let at = rows;
            if let PlanStep::Table(table) = step {
                rows += table.order.len();
            }
            at
        });
        let fired_at = fired_at.collect();
        let shapes = shapes(plan);
        let mut columns = Columns { slots, tests: Vec::new(), bounds: first, of_slots, shapes, fired_at };
        columns.tests = plan.tests.iter().map(|test| columns.mask(plan, test)).collect();
        columns
    }

    /// The tests of a slot.
    pub(crate) fn of_slot(&self, slot: SlotId) -> &[u32] {
        self.of_slots.get(slot.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The calculation that all rows of a table share for an output.
    pub(crate) fn shape(&self, step: usize, output: usize) -> Option<&Shape> {
        self.shapes.get(&(step, output))
    }

    /// Where the masks of a table's rows begin among those of all tables.
    pub(crate) fn fired_at(&self, step: usize) -> usize {
        self.fired_at.get(step).copied().unwrap_or(0)
    }

    fn mask(&self, plan: &Plan, test: &super::SlotTest) -> TestMask {
        let Some(slot) = self.slots.get(test.slot.0 as usize) else { return TestMask::Never };
        if let Some(table) = slot.rows_of {
            return rows_mask(plan, table, test);
        }
        let place =
            |start: i64| slot.bounds.binary_search(&start).ok().map(|index| crate::source::clamp(slot.first + index));
        let ends = test.bounds().map(Some).chain([None]);
        let stretches: Vec<(Option<u32>, Option<u32>)> = test
            .stretches
            .iter()
            .zip(ends)
            .filter(|((_, truth), _)| *truth == Truth::True)
            .map(|((start, _), end)| (place(*start), end.and_then(place)))
            .collect();
        match stretches.as_slice() {
            [] => TestMask::Never,
            [(None, None)] => TestMask::Always,
            [(Some(start), None)] => TestMask::AtLeast(*start),
            [(None, Some(end))] => TestMask::Below(*end),
            [(Some(start), Some(end))] => TestMask::Between(*start, *end),
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

/// Outputs whose rows calculate the same but for a factor: `balance * 0.05` here, `balance * 0.02` there.
fn shapes(plan: &Plan) -> HashMap<(usize, usize), Shape> {
    let mut found = HashMap::new();
    for (step, planned) in plan.steps.iter().enumerate() {
        let PlanStep::Table(table) = planned else { continue };
        for output in 0..table.outputs.len() {
            if let Some(shape) = shape(table, output) {
                found.insert((step, output), shape);
            }
        }
    }
    found
}

fn shape(table: &PlanTable, output: usize) -> Option<Shape> {
    let rows = table.order.iter().map(|row| *row as usize).chain(table.has_otherwise.then_some(table.order.len()));
    let mut factors = Vec::new();
    let mut common: Option<(&Code, i64, Rounding)> = None;
    for row in rows {
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
    let Some(PlanStep::Table(table)) = plan.steps.get(step) else { return TestMask::Never };
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
    let stretch = test.stretches.partition_point(|(start, _)| *start <= bits);
    stretch.checked_sub(1).and_then(|index| test.stretches.get(index)).map_or(Truth::Doubt, |(_, truth)| *truth)
}
