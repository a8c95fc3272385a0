//! A table as bitsets: which rows each stretch of each slot leaves, and what the rows give.

use chrono::NaiveDate;

use super::axis::{SlotTest, Truth};
use super::code::Code;
use super::storage::Storage;
use super::{ConditionId, Program};
use crate::check::tables::HitPolicy;
use crate::families::{Hit, Output, Row, Table};
use crate::language::meaning::STEPS;
use crate::language::{Expr, ExprKind, SlotId};
use crate::value::{Type, Value};

/// The most computed conditions of a row of which each may take its share of a row's steps.
const COMPUTED: usize = 32;
/// The steps that one computed condition may take outside the table's own evaluation.
pub(crate) const SHARE: u64 = STEPS / 64;

/// A table, ready to run.
#[derive(Debug)]
pub(crate) struct PlanTable {
    pub(crate) policy: Policy,
    /// By bit: the position of the row. Bits stand in the order in which rows are ranked.
    pub(crate) order: Box<[u32]>,
    /// Words of a bitset of the rows.
    pub(crate) words: usize,
    pub(crate) axes: Box<[TableAxis]>,
    /// Bits of rows that are in force between dates.
    pub(crate) dated: Box<[Dated]>,
    /// By bit: the computed conditions.
    pub(crate) computed: Box<[Box<[ConditionId]>]>,
    pub(crate) outputs: Box<[PlanOutput]>,
    /// By position of the row, and one more for `otherwise`: what each output is.
    pub(crate) gives: Box<[Box<[Give]>]>,
    pub(crate) has_otherwise: bool,
    /// Where the table's bits begin among those of all tables, in words.
    pub(crate) offset: usize,
}

/// How the rows that match make results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The first of the order.
    First,
    Unique,
    Any,
    /// Rules of their own: no result.
    Each,
    Sum,
    Count,
    Least,
    Most,
    /// A list, which is put together when it is asked for.
    List,
    /// Left to the meaning of tables itself.
    Asked(Why),
}

/// Why a table is left to the meaning of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Rows are ranked by an output that is computed.
    ComputedRank,
    /// Rows with so many steps that they may pass the limit together.
    Steps,
    /// Another calculation reads the list that the table makes.
    ListIsRead,
}

/// A slot that conditions of the table test, and which rows are left.
#[derive(Debug)]
pub(crate) struct TableAxis {
    pub(crate) axis: u32,
    /// By rank, the rows that no test on this axis excludes and none leaves open.
    pub(crate) sure: Box<[u64]>,
    /// By rank, the rows that no test on this axis excludes.
    pub(crate) possible: Box<[u64]>,
}

/// A row with dates.
#[derive(Debug)]
pub(crate) struct Dated {
    pub(crate) bit: u32,
    pub(crate) from: Option<NaiveDate>,
    pub(crate) until: Option<NaiveDate>,
}

/// Where an output goes.
#[derive(Debug)]
pub(crate) struct PlanOutput {
    pub(crate) slot: Option<SlotId>,
    pub(crate) storage: Storage,
}

/// What a row gives for an output.
#[derive(Clone, Debug)]
pub(crate) enum Give {
    /// A value, and the integer in which it stands; none has no integer.
    Constant(Value, i64),
    Code(Code),
    /// What the row's expression comes to.
    Asked,
}

impl PlanTable {
    /// Plans a table. Gives outputs their storages.
    pub(crate) fn new(table: &Table, program: &mut Program) -> PlanTable {
        let storages: Vec<Storage> = table.outputs.iter().map(|_| Storage::Beside).collect();
        let mut gives: Vec<Box<[Give]>> = Vec::with_capacity(table.rows.len() + 1);
        let outputs = outputs(table, program, storages, &mut gives);
        let policy = policy(table, &gives, program);
        let order = order(table, policy);
        let words = order.len().div_ceil(64).max(1);
        let planned = PlanTable {
            policy,
            words,
            axes: Box::new([]),
            dated: dated(table, &order),
            computed: Box::new([]),
            outputs,
            gives: gives.into(),
            has_otherwise: table.otherwise.is_some(),
            offset: program.words,
            order,
        };
        program.words += words;
        planned
    }

    /// Sorts the conditions of the rows into tests of one slot and computed ones.
    pub(crate) fn sort(&self, table: &Table, program: &mut Program) -> Sorted {
        let mut sorted = Sorted { tests: Vec::new(), computed: vec![Vec::new(); self.order.len()] };
        for (bit, position) in self.order.iter().enumerate() {
            let Some(row) = table.rows.get(*position as usize) else { continue };
            for part in parts(row) {
                match SlotTest::new(&part, &program.storages) {
                    Some(test) => sorted.tests.push((bit, test, part)),
                    None => add(&mut sorted.computed, bit, program.condition(&part)),
                }
            }
        }
        sorted
    }

    /// Makes the bitsets of the tests.
    pub(crate) fn index(&mut self, sorted: Sorted, table: &Table, program: &mut Program) {
        let Sorted { mut tests, mut computed } = sorted;
        tests.sort_by_key(|(_, test, _)| test.slot);
        let mut axes = Vec::new();
        for tests in tests.chunk_by(|(_, a, _), (_, b, _)| a.slot == b.slot) {
            let Some((_, first, _)) = tests.first() else { continue };
            let bounds = tests.iter().flat_map(|(_, test, _)| test.bounds()).collect();
            let axis = program.axis(first.slot, bounds, self.words);
            match axis.and_then(|axis| self.sets(axis, tests, program)) {
                Some(sets) => axes.push(sets),
                // Too fine for bitsets: asked where nothing else excludes the row.
                None => {
                    for (bit, _, part) in tests {
                        add(&mut computed, *bit, program.condition(part));
                    }
                }
            }
        }
        let is_heavy = |(bit, computed): (usize, &Vec<ConditionId>)| {
            let row = self.order.get(bit).and_then(|row| table.rows.get(*row as usize));
            computed.len() > COMPUTED || row.is_some_and(|row| weight(row) > STEPS / 2)
        };
        if computed.iter().enumerate().any(is_heavy) {
            self.policy = Policy::Asked(Why::Steps);
        }
        self.axes = axes.into();
        self.computed = computed.into_iter().map(Vec::into_boxed_slice).collect();
    }

    /// The rows that each rank of an axis leaves; nothing where that takes too much memory.
    fn sets(&self, index: u32, tests: &[(usize, SlotTest, Expr)], program: &Program) -> Option<TableAxis> {
        let axis = program.axes.get(index as usize)?;
        let (ranks, words) = (axis.ranks(), self.words);
        let full = full(self.order.len(), words);
        let mut sure: Vec<u64> = full.iter().copied().cycle().take(ranks * words).collect();
        let mut possible = sure.clone();
        let mut exclude = |rank: usize, bit: usize, truth: Truth| {
            let mask = !(1_u64 << (bit % 64));
            let at = rank * words + bit / 64;
            if truth != Truth::True
                && let Some(word) = sure.get_mut(at)
            {
                *word &= mask;
            }
            if truth == Truth::False
                && let Some(word) = possible.get_mut(at)
            {
                *word &= mask;
            }
        };
        for (bit, test, _) in tests {
            let starts = test.stretches.iter().map(|(start, _)| *start);
            let ends = starts.skip(1).map(Some).chain([None]);
            for ((start, truth), end) in test.stretches.iter().zip(ends) {
                if *truth == Truth::True {
                    continue;
                }
                let first = axis.bounds.partition_point(|bound| bound <= start);
                let last = end.map_or(axis.bounds.len() + 1, |end| axis.bounds.partition_point(|bound| *bound <= end));
                (first..last).for_each(|rank| exclude(rank, *bit, *truth));
            }
            exclude(axis.of_none(), *bit, test.of_none);
            exclude(axis.of_none() + 1, *bit, test.of_unknown);
            exclude(axis.of_none() + 2, *bit, Truth::Doubt);
        }
        Some(TableAxis { axis: index, sure: sure.into(), possible: possible.into() })
    }
}

/// The conditions of a table's rows.
pub(crate) struct Sorted {
    /// By bit of the row: a test, and the condition that it is.
    pub(crate) tests: Vec<(usize, SlotTest, Expr)>,
    computed: Vec<Vec<ConditionId>>,
}

fn parts(row: &Row) -> Vec<Expr> {
    let mut parts = Vec::new();
    row.conditions.iter().for_each(|condition| flatten(&condition.expr, &mut parts));
    parts
}

fn add(computed: &mut [Vec<ConditionId>], bit: usize, condition: ConditionId) {
    if let Some(conditions) = computed.get_mut(bit)
        && !conditions.contains(&condition)
    {
        conditions.push(condition);
    }
}

/// The bits of all rows.
pub(crate) fn full(rows: usize, words: usize) -> Vec<u64> {
    (0..words)
        .map(|word| match rows.saturating_sub(word * 64) {
            left if left >= 64 => u64::MAX,
            left => (1_u64 << left) - 1,
        })
        .collect()
}

/// The conditions that must all hold for a condition to hold.
pub(crate) fn flatten(expr: &Expr, parts: &mut Vec<Expr>) {
    match &expr.kind {
        ExprKind::And(items) => items.iter().for_each(|item| flatten(item, parts)),
        ExprKind::Not(inner) => match &inner.kind {
            ExprKind::Or(items) => {
                for item in items {
                    let not = Expr { kind: ExprKind::Not(Box::new(item.clone())), ..(**inner).clone() };
                    flatten(&not, parts);
                }
            }
            _ => parts.push(expr.clone()),
        },
        _ => parts.push(expr.clone()),
    }
}

/// How many steps a row takes at most, where no list is long.
fn weight(row: &Row) -> u64 {
    let mut count = 0_u64;
    let exprs = row.conditions.iter().map(|condition| &condition.expr).chain(&row.outputs);
    exprs.for_each(|expr| expr.walk(&mut |_| count += 1));
    count
}

fn policy(table: &Table, gives: &[Box<[Give]>], program: &Program) -> Policy {
    let is_read = || table.outputs.iter().filter_map(|output| output.slot).any(|slot| program.reads(slot));
    let ranks_are_constant = || {
        table.outputs.iter().enumerate().filter(|(_, output)| matches!(output.base, Type::Choice(_))).all(
            |(index, _)| {
                gives.iter().take(table.rows.len()).all(|gives| matches!(gives.get(index), Some(Give::Constant(..))))
            },
        )
    };
    match table.hit {
        Hit::Each => Policy::Each,
        Hit::Policy(policy) => match policy {
            HitPolicy::First => Policy::First,
            HitPolicy::Priority if ranks_are_constant() => Policy::First,
            HitPolicy::OutputOrder | HitPolicy::RuleOrder | HitPolicy::Collect if is_read() => {
                Policy::Asked(Why::ListIsRead)
            }
            HitPolicy::OutputOrder if ranks_are_constant() => Policy::List,
            HitPolicy::Priority | HitPolicy::OutputOrder => Policy::Asked(Why::ComputedRank),
            HitPolicy::Unique => Policy::Unique,
            HitPolicy::Any => Policy::Any,
            HitPolicy::RuleOrder | HitPolicy::Collect => Policy::List,
            HitPolicy::CollectSum => Policy::Sum,
            HitPolicy::CollectCount => Policy::Count,
            HitPolicy::CollectMin => Policy::Least,
            HitPolicy::CollectMax => Policy::Most,
        },
    }
}

/// The rows in the order in which they are ranked.
fn order(table: &Table, policy: Policy) -> Box<[u32]> {
    let rows = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
    let mut order: Vec<u32> = (0..rows).collect();
    let is_ranked = matches!(table.hit, Hit::Policy(HitPolicy::Priority | HitPolicy::OutputOrder));
    if is_ranked && !matches!(policy, Policy::Asked(_)) {
        let rank = |row: &u32| -> Vec<usize> {
            let outputs = table.rows.get(*row as usize).map_or(&[] as &[Expr], |row| &row.outputs);
            outputs
                .iter()
                .zip(&table.outputs)
                .filter_map(|(expr, output)| match &output.base {
                    Type::Choice(words) => Some(match expr.literal_value() {
                        Some(Value::Text(word)) => words.iter().position(|known| known == word).unwrap_or(usize::MAX),
                        _ => usize::MAX,
                    }),
                    _ => None,
                })
                .collect()
        };
        order.sort_by_cached_key(rank);
    }
    order.into()
}

fn dated(table: &Table, order: &[u32]) -> Box<[Dated]> {
    order
        .iter()
        .enumerate()
        .filter_map(|(bit, row)| {
            let annotations = &table.rows.get(*row as usize)?.annotations;
            let (from, until) = (annotations.valid_from, annotations.valid_until);
            (from.is_some() || until.is_some()).then(|| Dated {
                bit: u32::try_from(bit).unwrap_or(u32::MAX),
                from,
                until,
            })
        })
        .collect()
}

/// What each row gives, and where the outputs stand.
fn outputs(
    table: &Table,
    program: &mut Program,
    mut storages: Vec<Storage>,
    gives: &mut Vec<Box<[Give]>>,
) -> Box<[PlanOutput]> {
    let rows = || table.rows.iter().chain(&table.otherwise);
    let is_single =
        matches!(table.hit, Hit::Policy(HitPolicy::First | HitPolicy::Priority | HitPolicy::Unique | HitPolicy::Any));
    for (index, (output, storage)) in table.outputs.iter().zip(&mut storages).enumerate() {
        let exprs = || rows().filter_map(|row| row.outputs.get(index));
        *storage = match table.hit {
            Hit::Policy(HitPolicy::CollectCount) => Storage::Integer,
            Hit::Policy(HitPolicy::Collect | HitPolicy::RuleOrder | HitPolicy::OutputOrder) => Storage::Beside,
            _ => output_storage(output, exprs, program, is_single),
        };
        if let Some(slot) = output.slot {
            program.set_storage(slot, storage.clone());
        }
    }
    for row in rows() {
        let give = |(index, output): (usize, &Output)| match (row.outputs.get(index), storages.get(index)) {
            (Some(expr), Some(storage)) => give(expr, output, storage, program),
            _ => Give::Asked,
        };
        gives.push(table.outputs.iter().enumerate().map(give).collect());
    }
    table.outputs.iter().zip(storages).map(|(output, storage)| PlanOutput { slot: output.slot, storage }).collect()
}

/// The storage that holds all values of an output.
fn output_storage<'e, I: Iterator<Item = &'e Expr>>(
    output: &Output,
    exprs: impl Fn() -> I,
    program: &Program,
    is_single: bool,
) -> Storage {
    let mut decimals = output.decimals.unwrap_or(0);
    for expr in exprs() {
        let coded = if is_single { program.stored(expr, output) } else { None };
        let has = match (expr.literal_value(), coded) {
            (Some(Value::Decimal(number) | Value::Money(number) | Value::Percent(number)), _) => {
                number.normalize().scale()
            }
            (Some(_), _) => 0,
            (None, Some((_, Storage::Scaled(_, decimals)))) => decimals,
            (None, Some(_)) => 0,
            // Values of which not even the decimals are known.
            (None, None) if super::storage::Number::of(&output.base).is_some() && output.decimals.is_none() => {
                return output.slot.map_or(Storage::Beside, |slot| program.coded_storage(slot, &output.base));
            }
            (None, None) => 0,
        };
        decimals = decimals.max(has);
    }
    match Storage::exact(&output.base, decimals) {
        Some(storage) => storage,
        None => output.slot.map_or(Storage::Beside, |slot| program.coded_storage(slot, &output.base)),
    }
}

fn give(expr: &Expr, output: &Output, storage: &Storage, program: &Program) -> Give {
    if let Some(value) = program.constant(expr, output) {
        return match storage.bits(&value) {
            Some(bits) => Give::Constant(value, bits),
            None if value.is_none() => Give::Constant(value, 0),
            None => Give::Asked,
        };
    }
    match program.stored(expr, output) {
        Some((code, of_code)) => super::code::moved(code, &of_code, storage).map_or(Give::Asked, Give::Code),
        None => Give::Asked,
    }
}
