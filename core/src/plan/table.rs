//! A table as bitsets: which rows each stretch of each slot leaves, and what the rows give.

use chrono::NaiveDate;

use super::axis::SlotTest;
use super::block::BlockAxis;
use super::code::{Code, ITEMS};
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
    /// Where its bits stand among those of all tables.
    pub(crate) bits: Bits,
    /// The block that is to be run before the table, where the table is its first.
    pub(crate) block: Option<u32>,
    /// Tests of slots that are filled after the block was run.
    pub(crate) late: Box<[BlockAxis]>,
    /// Bits of rows that are in force between dates.
    pub(crate) dated: Box<[Dated]>,
    /// Whether any row has computed conditions.
    pub(crate) has_computed: bool,
    /// By bit: the tests of one slot, by their place in the plan.
    pub(crate) tests: Box<[Box<[u32]>]>,
    /// By bit: the computed conditions.
    pub(crate) computed: Box<[Box<[ConditionId]>]>,
    pub(crate) outputs: Box<[PlanOutput]>,
    /// What each output is, row after row, and at last `otherwise`.
    pub(crate) gives: Box<[Give]>,
    pub(crate) has_otherwise: bool,
}

/// Where the bits of a table stand: in whole words, or in a part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    /// The first word among those of all tables.
    pub(crate) offset: usize,
    pub(crate) words: usize,
    /// The first bit in the first word.
    pub(crate) shift: usize,
    pub(crate) rows: usize,
}

impl Bits {
    /// Whether all bits stand in one word.
    #[inline(always)]
    pub(crate) fn is_one_word(self) -> bool {
        self.words == 1
    }

    /// The table's bits in one of its words.
    #[inline(always)]
    pub(crate) fn mask(self, word: usize) -> u64 {
        match self.rows.saturating_sub(word.wrapping_mul(64)) {
            0 => 0,
            left => (u64::MAX >> 64_usize.saturating_sub(left)).wrapping_shl(self.shift as u32),
        }
    }

    /// The words among those of all tables.
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.words
    }
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

impl Policy {
    /// Whether one row makes the results.
    pub(crate) fn is_single(self) -> bool {
        matches!(self, Policy::First | Policy::Unique | Policy::Any)
    }

    /// Whether the executors add up, count or compare values of such a storage.
    pub(crate) fn folds(self, storage: &Storage) -> bool {
        match self {
            Policy::Sum => matches!(storage, Storage::Integer | Storage::Scaled(..)),
            Policy::Least | Policy::Most => {
                storage.is_exact() && !matches!(storage, Storage::Boolean | Storage::Choice(_))
            }
            _ => true,
        }
    }
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

/// A row with dates.
#[derive(Debug)]
pub(crate) struct Dated {
    pub(crate) bit: u32,
    pub(crate) from: Option<NaiveDate>,
    pub(crate) until: Option<NaiveDate>,
}

impl Dated {
    /// Whether the row is not in force on a day.
    pub(crate) fn is_out(&self, today: NaiveDate) -> bool {
        self.from.is_some_and(|from| today < from) || self.until.is_some_and(|until| today > until)
    }
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
    None,
    /// A value that its integer tells.
    Bits(i64),
    /// A value that stands beside its integer.
    Value(Value),
    Code(Code),
    /// What the row's expression comes to.
    Asked,
}

impl Give {
    /// Whether the value is written out.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(self, Give::None | Give::Bits(_) | Give::Value(_))
    }
}

impl PlanTable {
    /// Plans a table. Gives outputs their storages.
    pub(crate) fn new(table: &Table, program: &mut Program) -> PlanTable {
        let storages: Vec<Storage> = table.outputs.iter().map(|_| Storage::Beside).collect();
        let mut gives: Vec<Give> = Vec::with_capacity((table.rows.len() + 1) * table.outputs.len());
        let outputs = outputs(table, program, storages, &mut gives);
        let policy = policy(table, &gives, program);
        let order = order(table, policy);
        PlanTable {
            policy,
            bits: Bits::default(),
            block: None,
            late: Box::new([]),
            dated: dated(table, &order),
            has_computed: false,
            tests: Box::new([]),
            computed: Box::new([]),
            outputs,
            gives: gives.into(),
            has_otherwise: table.otherwise.is_some(),
            order,
        }
    }

    /// Whether many cases at once leave the table to the meaning of tables: by its policy, or for so many rows that
    /// their numbers do not fit where columns keep them.
    pub(crate) fn is_asked_in_columns(&self) -> bool {
        matches!(self.policy, Policy::Asked(_)) || self.policy.is_single() && self.order.len() >= usize::from(u16::MAX)
    }

    /// What a row gives; `otherwise` stands behind the last row.
    #[inline(always)]
    pub(crate) fn gives(&self, row: usize) -> &[Give] {
        let count = self.outputs.len();
        let first = row.wrapping_mul(count);
        self.gives.get(first..first.wrapping_add(count)).unwrap_or(&[])
    }

    /// Sorts the conditions of the rows into tests of one slot and computed ones.
    pub(crate) fn sort(&self, table: &Table, program: &mut Program) -> Sorted {
        let rows = self.order.len();
        let mut sorted =
            Sorted { tests: Vec::new(), of_rows: vec![Vec::new(); rows], computed: vec![Vec::new(); rows] };
        for (bit, position) in self.order.iter().enumerate() {
            let Some(row) = table.rows.get(*position as usize) else { continue };
            for part in parts(row) {
                match SlotTest::new(&part, &program.storages) {
                    Some(test) => {
                        if let Some(tests) = sorted.of_rows.get_mut(bit) {
                            tests.push(program.test(&test));
                        }
                        sorted.tests.push((bit, test, part));
                    }
                    None => sorted.add(bit, program.condition(&part)),
                }
            }
        }
        sorted
    }

    /// Takes over the computed conditions of the rows.
    pub(crate) fn finish(&mut self, sorted: Sorted, table: &Table) {
        let is_heavy = |(bit, computed): (usize, &Vec<ConditionId>)| {
            let row = self.order.get(bit).and_then(|row| table.rows.get(*row as usize));
            computed.len() > COMPUTED || row.is_some_and(|row| weight(row) > STEPS / 2)
        };
        if sorted.computed.iter().enumerate().any(is_heavy) {
            self.policy = Policy::Asked(Why::Steps);
        }
        self.tests = sorted.of_rows.into_iter().map(Vec::into_boxed_slice).collect();
        self.has_computed = sorted.computed.iter().any(|computed| !computed.is_empty());
        self.computed = sorted.computed.into_iter().map(Vec::into_boxed_slice).collect();
    }
}

/// The conditions of a table's rows.
pub(crate) struct Sorted {
    /// By bit of the row: a test, and the condition that it is.
    pub(crate) tests: Vec<(usize, SlotTest, Expr)>,
    of_rows: Vec<Vec<u32>>,
    computed: Vec<Vec<ConditionId>>,
}

fn parts(row: &Row) -> Vec<Expr> {
    let mut parts = Vec::new();
    row.conditions.iter().for_each(|condition| flatten(&condition.expr, &mut parts));
    parts
}

impl Sorted {
    pub(crate) fn add(&mut self, bit: usize, condition: ConditionId) {
        if let Some(conditions) = self.computed.get_mut(bit)
            && !conditions.contains(&condition)
        {
            conditions.push(condition);
        }
    }
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

/// How many steps a row takes at most, where no list is longer than code goes through.
fn weight(row: &Row) -> u64 {
    let exprs = row.conditions.iter().map(|condition| &condition.expr).chain(&row.outputs);
    exprs.map(steps).sum()
}

/// How many steps an expression takes at most over lists that code goes through.
fn steps(expr: &Expr) -> u64 {
    let (mut count, mut items) = (0_u64, 1);
    expr.walk(&mut |part| {
        count += 1;
        if matches!(part.kind, ExprKind::Method { .. }) {
            items = ITEMS as u64;
        }
    });
    count.saturating_mul(items)
}

/// Whether an expression goes through lists, and may take more steps than its share: then its meaning counts them.
pub(crate) fn is_long(expr: &Expr) -> bool {
    let mut has_method = false;
    expr.walk(&mut |part| has_method |= matches!(part.kind, ExprKind::Method { .. }));
    has_method && steps(expr) > SHARE
}

fn policy(table: &Table, gives: &[Give], program: &Program) -> Policy {
    let is_read = || table.outputs.iter().filter_map(|output| output.slot).any(|slot| program.reads(slot));
    let ranks_are_constant = || {
        table.outputs.iter().enumerate().filter(|(_, output)| matches!(output.base, Type::Choice(_))).all(
            |(index, _)| {
                let rows = gives.chunks(table.outputs.len()).take(table.rows.len());
                rows.into_iter().all(|gives| gives.get(index).is_some_and(Give::is_constant))
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
    gives: &mut Vec<Give>,
) -> Box<[PlanOutput]> {
    let rows = || table.rows.iter().chain(&table.otherwise);
    // Of these, what the rows give is a value of the output.
    let is_value = !matches!(
        table.hit,
        Hit::Each
            | Hit::Policy(HitPolicy::CollectCount | HitPolicy::Collect | HitPolicy::RuleOrder | HitPolicy::OutputOrder)
    );
    for (index, (output, storage)) in table.outputs.iter().zip(&mut storages).enumerate() {
        let exprs = || rows().filter_map(|row| row.outputs.get(index));
        *storage = match table.hit {
            Hit::Policy(HitPolicy::CollectCount) => Storage::Integer,
            Hit::Policy(HitPolicy::Collect | HitPolicy::RuleOrder | HitPolicy::OutputOrder) => Storage::Beside,
            _ => output_storage(output, exprs, program, is_value),
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
        gives.extend(table.outputs.iter().enumerate().map(give));
    }
    table.outputs.iter().zip(storages).map(|(output, storage)| PlanOutput { slot: output.slot, storage }).collect()
}

/// The storage that holds all values of an output.
fn output_storage<'e, I: Iterator<Item = &'e Expr>>(
    output: &Output,
    exprs: impl Fn() -> I,
    program: &Program,
    is_value: bool,
) -> Storage {
    let mut decimals = output.decimals.unwrap_or(0);
    for expr in exprs() {
        let coded = if is_value { program.stored(expr, output) } else { None };
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
            _ if value.is_none() => Give::None,
            // Nothing reads it: it goes out as it is.
            _ if output.slot.is_none() => Give::Value(value),
            Some(bits) if storage.is_exact() => Give::Bits(bits),
            Some(_) => Give::Value(value),
            None => Give::Asked,
        };
    }
    match program.stored(expr, output) {
        Some((code, of_code)) => super::code::moved(code, &of_code, storage).map_or(Give::Asked, Give::Code),
        None => Give::Asked,
    }
}
