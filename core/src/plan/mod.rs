//! A lowered pack into a plan: what the executors run.
//!
//! Slots get storages, so that most values stand in machine integers; comparisons with constants become stretches of
//! integers; tables become bitsets of rows, one for what is sure and one for what is possible; other conditions become
//! computed ones, which rows share. What needs more than that is left to the meaning of expressions and tables. Nothing
//! fails here, and nothing is decided.

pub(crate) mod axis;
pub(crate) mod block;
pub(crate) mod code;
pub(crate) mod columns;
mod native;
pub(crate) mod print;
pub(crate) mod routine;
pub(crate) mod storage;
pub(crate) mod table;

use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use axis::{Axis, SlotTest, Truth};
pub(crate) use block::{Block, BlockAxis};
pub(crate) use code::Code;
pub(crate) use routine::Routines;
pub(crate) use storage::Storage;
pub(crate) use table::{Give, PlanTable, Policy};

use crate::check::CheckedPack;
use crate::families::{LoweredPack, Output, Step};
use crate::language::{Expr, ExprKind, SlotId};
use crate::value::{Type, Value};
use code::{Compiler, within};
use storage::Number;
use table::Sorted;

/// Bounds up to which all tables share the axis of a slot.
const SHARED: usize = 64;
/// The most words of the bitsets of one axis of one table.
const SETS: usize = 1 << 18;

/// What the executors run. Steps stand in the order of the lowered pack's.
#[derive(Debug)]
pub(crate) struct Plan {
    /// By slot.
    pub(crate) storages: Vec<Storage>,
    /// By slot: whether anything but tests reads it.
    calculated: Vec<bool>,
    /// By slot: whether its value may not stand in a message.
    pub(crate) private: Vec<bool>,
    /// The bitsets of rows of all tables.
    pub(crate) sets: Vec<u64>,
    /// Those of blocks of two words.
    pub(crate) pairs: Vec<u128>,
    pub(crate) conditions: Vec<Condition>,
    /// The tests of one slot, each once.
    pub(crate) tests: Vec<SlotTest>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) steps: Vec<PlanStep>,
    /// The words of the bitsets of all tables together.
    pub(crate) words: usize,
    pub(crate) routines: Routines,
    /// The field that holds the debtor's candidate zones, where something reads the debtor's place.
    pub(crate) place: Option<SlotId>,
    /// Whether anything calls a function of the pack.
    pub(crate) has_calls: bool,
}

impl Plan {
    /// Whether code or an asked expression reads a slot.
    pub(crate) fn calculates(&self, slot: SlotId) -> bool {
        self.calculated.get(slot.0 as usize).copied().unwrap_or(true)
    }
}

/// A step of the program.
#[derive(Debug)]
pub(crate) enum PlanStep {
    /// The code of a fact; nothing where its expression is asked.
    Fact(SlotId, Option<Code>),
    Table(PlanTable),
}

/// One of the computed conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConditionId(pub(crate) u32);

/// A condition that is computed: over several slots, or with more than comparisons.
#[derive(Debug)]
pub(crate) struct Condition {
    /// Nothing where the expression is asked.
    pub(crate) code: Option<Code>,
    pub(crate) expr: Expr,
}

/// What the plan of a pack is made with.
pub(crate) struct Program {
    pub(crate) storages: Vec<Storage>,
    /// By slot, the constants with which it is compared.
    constants: HashMap<SlotId, Vec<Value>>,
    sets: Vec<u64>,
    pairs: Vec<u128>,
    shared: HashMap<SlotId, Arc<Axis>>,
    conditions: Vec<Condition>,
    tests: Vec<SlotTest>,
    known_tests: HashMap<SlotTest, u32>,
    /// Conditions with the same code, by its text.
    known: HashMap<String, ConditionId>,
    reads: Vec<bool>,
    words: usize,
}

/// Plans a lowered pack.
pub(crate) fn plan(checked: &CheckedPack, lowered: &LoweredPack) -> Plan {
    let mut program = Program::new(checked, lowered);
    let mut steps: Vec<PlanStep> = lowered
        .steps
        .iter()
        .map(|step| match step {
            Step::Fact(fact) => PlanStep::Fact(fact.slot, program.fact(fact.slot, &fact.expr)),
            Step::Table(table) => PlanStep::Table(PlanTable::new(table, &mut program)),
        })
        .collect();
    let tables = || lowered.steps.iter().enumerate();
    let mut sorted: Vec<Option<Sorted>> = tables()
        .map(|(index, step)| match (step, steps.get(index)) {
            (Step::Table(table), Some(PlanStep::Table(planned))) if !matches!(planned.policy, Policy::Asked(_)) => {
                Some(planned.sort(table, &mut program))
            }
            _ => None,
        })
        .collect();
    program.share(&sorted);
    let blocks = block::blocks(&mut steps, &mut sorted, &filled(lowered), &mut program);
    for ((step, planned), sorted) in lowered.steps.iter().zip(&mut steps).zip(sorted) {
        if let (Step::Table(table), PlanStep::Table(planned), Some(sorted)) = (step, planned, sorted) {
            planned.finish(sorted, table);
        }
    }
    let calculated = calculated(lowered, &program.conditions);
    let routines = Routines::new(lowered, program.over_the_same());
    let place = checked.record.fields.iter().position(|field| field.place).filter(|_| reads_place(lowered));
    Plan {
        private: lowered.slots.iter().map(|slot| slot.private).collect(),
        has_calls: has_calls(lowered),
        place: place.map(|index| SlotId(crate::source::clamp(index))),
        storages: program.storages,
        calculated,
        sets: program.sets,
        pairs: program.pairs,
        conditions: program.conditions,
        tests: program.tests,
        blocks,
        steps,
        words: program.words,
        routines,
    }
}

impl Program {
    fn new(checked: &CheckedPack, lowered: &LoweredPack) -> Program {
        let mut program = Program {
            storages: vec![Storage::Beside; lowered.slots.len()],
            constants: HashMap::new(),
            sets: Vec::new(),
            pairs: Vec::new(),
            shared: HashMap::new(),
            conditions: Vec::new(),
            tests: Vec::new(),
            known_tests: HashMap::new(),
            known: HashMap::new(),
            reads: vec![false; lowered.slots.len()],
            words: 0,
        };
        each_expr(lowered, &mut |expr, is_condition| {
            for slot in expr.slots() {
                if let Some(reads) = program.reads.get_mut(slot.0 as usize) {
                    *reads = true;
                }
            }
            if is_condition {
                program.collect(expr);
            }
        });
        for (index, field) in checked.record.fields.iter().chain(&checked.parameters).enumerate() {
            let slot = SlotId(crate::source::clamp(index));
            let storage = match (Storage::exact(&field.base, field.decimals.unwrap_or(0)), field.decimals) {
                // A percentage declares no decimals.
                (Some(Storage::Scaled(number, _)), None) => Storage::Scaled(number, 6),
                (Some(storage), _) => storage,
                (None, _) => program.coded_storage(slot, &field.base),
            };
            program.set_storage(slot, storage);
        }
        program
    }

    /// A program of its own over the same storages.
    fn over_the_same(&self) -> Program {
        Program {
            storages: self.storages.clone(),
            constants: HashMap::new(),
            sets: Vec::new(),
            pairs: Vec::new(),
            shared: HashMap::new(),
            conditions: Vec::new(),
            tests: Vec::new(),
            known_tests: HashMap::new(),
            known: HashMap::new(),
            reads: self.reads.clone(),
            words: 0,
        }
    }

    /// Keeps the constants that the parts of a condition compare a slot with.
    fn collect(&mut self, condition: &Expr) {
        let mut parts = Vec::new();
        table::flatten(condition, &mut parts);
        for part in parts {
            let mut constants = Vec::new();
            if let [slot] = part.slots().as_slice()
                && axis::is_test(&part, &mut constants)
            {
                self.constants.entry(*slot).or_default().extend(constants.into_iter().cloned());
            }
        }
    }

    fn fact(&mut self, slot: SlotId, expr: &Expr) -> Option<Code> {
        let coded = if table::is_long(expr) { None } else { Compiler::new(&self.storages).code(expr) };
        let storage = match &coded {
            Some((_, storage)) => storage.clone(),
            // Numbers of which not even the decimals are known, texts, lists.
            None => match given_storage(expr).or_else(|| Storage::exact(&expr.base, 0)) {
                Some(storage) if Number::of(&expr.base).is_none() || given_storage(expr).is_some() => storage,
                _ => self.coded_storage(slot, &expr.base),
            },
        };
        self.set_storage(slot, storage);
        coded.map(|(code, _)| code)
    }

    /// A storage that tells the constants apart with which a slot is compared.
    pub(crate) fn coded_storage(&self, slot: SlotId, base: &Type) -> Storage {
        let constants = self.constants.get(&slot).map_or(&[] as &[Value], Vec::as_slice);
        match (Number::of(base), base) {
            (Some(number), _) => {
                let scale = |value: &Value| match value {
                    Value::Decimal(number) | Value::Money(number) | Value::Percent(number) => {
                        number.normalize().scale()
                    }
                    _ => 0,
                };
                let decimals = constants.iter().map(scale).filter(|scale| *scale <= storage::DECIMALS).max();
                Storage::Position(number, decimals.unwrap_or(0))
            }
            (None, Type::Text) => {
                let mut words: Vec<Arc<str>> = constants
                    .iter()
                    .filter_map(|value| match value {
                        Value::Text(word) => Some(word.clone()),
                        _ => None,
                    })
                    .collect();
                words.sort();
                words.dedup();
                Storage::Word(words.into())
            }
            _ => Storage::Beside,
        }
    }

    pub(crate) fn set_storage(&mut self, slot: SlotId, storage: Storage) {
        if let Some(known) = self.storages.get_mut(slot.0 as usize) {
            *known = storage;
        }
    }

    /// Whether any expression reads a slot.
    pub(crate) fn reads(&self, slot: SlotId) -> bool {
        self.reads.get(slot.0 as usize).copied().unwrap_or(true)
    }

    /// The value of an output that is written out, as it is stored.
    pub(crate) fn constant(&self, expr: &Expr, output: &Output) -> Option<Value> {
        expr.literal_value().and_then(|value| output.store(value.clone()).ok())
    }

    /// The code of a value as an output stores it.
    pub(crate) fn stored(&self, expr: &Expr, output: &Output) -> Option<(Code, Storage)> {
        if table::is_long(expr) {
            return None;
        }
        let compiler = Compiler::new(&self.storages);
        let (code, storage) = compiler.stored(expr, output.decimals, output.rounding)?;
        Some((within(code, &storage, &output.range)?, storage))
    }

    /// The computed condition of an expression.
    pub(crate) fn condition(&mut self, expr: &Expr) -> ConditionId {
        let code = if table::is_long(expr) { None } else { Compiler::new(&self.storages).condition(expr) };
        let text = code.as_ref().map(|code| format!("{code:?}"));
        if let Some(known) = text.as_ref().and_then(|text| self.known.get(text)) {
            return *known;
        }
        let id = ConditionId(crate::source::clamp(self.conditions.len()));
        if let Some(text) = text {
            self.known.insert(text, id);
        }
        self.conditions.push(Condition { code, expr: expr.clone() });
        id
    }

    /// The place of a test among those of the plan.
    pub(crate) fn test(&mut self, test: &SlotTest) -> u32 {
        if let Some(known) = self.known_tests.get(test) {
            return *known;
        }
        let index = crate::source::clamp(self.tests.len());
        self.known_tests.insert(test.clone(), index);
        self.tests.push(test.clone());
        index
    }

    /// Lets none but these tables share axes.
    fn share_only(&mut self, sorted: &[Option<Sorted>]) {
        self.shared.clear();
        self.share(sorted);
    }

    /// Finds the slots whose bounds are few enough that all tables share an axis.
    fn share(&mut self, sorted: &[Option<Sorted>]) {
        let mut bounds: HashMap<SlotId, Vec<i64>> = HashMap::new();
        for (_, test, _) in sorted.iter().flatten().flat_map(|sorted| &sorted.tests) {
            bounds.entry(test.slot).or_default().extend(test.bounds());
        }
        let mut bounds: Vec<(SlotId, Vec<i64>)> = bounds.into_iter().collect();
        bounds.sort_by_key(|(slot, _)| *slot);
        for (slot, mut bounds) in bounds {
            bounds.sort_unstable();
            bounds.dedup();
            if bounds.len() <= SHARED {
                self.shared.insert(slot, Arc::new(Axis::new(slot, bounds)));
            }
        }
    }

    /// The axis for these bounds of a slot; nothing where they are too many.
    pub(crate) fn axis(&mut self, slot: SlotId, mut bounds: Vec<i64>, words: usize) -> Option<Arc<Axis>> {
        if let Some(axis) = self.shared.get(&slot) {
            return Some(axis.clone());
        }
        bounds.sort_unstable();
        bounds.dedup();
        if bounds.len() > axis::BOUNDS || bounds.len() * words > SETS {
            return None;
        }
        Some(Arc::new(Axis::new(slot, bounds)))
    }
}

/// The storage of what a call gives, where the function says with how many decimals.
fn given_storage(expr: &Expr) -> Option<Storage> {
    let ExprKind::Declared { function, .. } = &expr.kind else { return None };
    Number::of(&expr.base)?;
    Storage::exact(&expr.base, function.gives.decimals?)
}

/// By slot, the step from which on it is filled.
fn filled(lowered: &LoweredPack) -> Vec<usize> {
    let mut filled = vec![0; lowered.slots.len()];
    for (index, step) in lowered.steps.iter().enumerate() {
        let slots: Vec<SlotId> = match step {
            Step::Fact(fact) => vec![fact.slot],
            Step::Table(table) => table.outputs.iter().filter_map(|output| output.slot).collect(),
        };
        for slot in slots {
            if let Some(filled) = filled.get_mut(slot.0 as usize) {
                *filled = index + 1;
            }
        }
    }
    filled
}

/// By slot, whether a fact, an output or a computed condition reads it.
fn calculated(lowered: &LoweredPack, conditions: &[Condition]) -> Vec<bool> {
    let mut found = vec![false; lowered.slots.len()];
    let mut add = |expr: &Expr| {
        for slot in expr.slots() {
            if let Some(found) = found.get_mut(slot.0 as usize) {
                *found = true;
            }
        }
    };
    each_expr(lowered, &mut |expr, is_condition| {
        if !is_condition {
            add(expr);
        }
    });
    conditions.iter().for_each(|condition| add(&condition.expr));
    found
}

fn has_calls(lowered: &LoweredPack) -> bool {
    let mut found = false;
    each_expr(lowered, &mut |expr, _| found |= expr.has_call());
    found
}

fn reads_place(lowered: &LoweredPack) -> bool {
    let mut found = false;
    each_expr(lowered, &mut |expr, _| {
        expr.walk(&mut |inner| {
            found |= match &inner.kind {
                ExprKind::LocalToday | ExprKind::LocalTime => true,
                ExprKind::Call { function, .. } => function.needs == crate::language::functions::Needs::Place,
                _ => false,
            };
        });
    });
    found
}

/// Calls `visit` on every expression of a pack, and whether it is a condition of a row.
fn each_expr<'a>(lowered: &'a LoweredPack, visit: &mut dyn FnMut(&'a Expr, bool)) {
    for row in lowered.routines.iter().flat_map(|table| &table.rows) {
        row.conditions.iter().for_each(|condition| visit(&condition.expr, true));
    }
    lowered.each_asked(&mut |expr| visit(expr, false));
    for step in &lowered.steps {
        match step {
            Step::Fact(fact) => visit(&fact.expr, false),
            Step::Table(table) => {
                for row in table.rows.iter().chain(&table.otherwise) {
                    row.conditions.iter().for_each(|condition| visit(&condition.expr, true));
                    row.outputs.iter().for_each(|output| visit(output, false));
                }
            }
        }
    }
}
