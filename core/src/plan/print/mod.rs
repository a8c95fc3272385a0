//! A plan as text: for engineers, and for analysts who want to know what runs fast.
//!
//! Takes a plan and the pack that it was made of; gives text. It shows what rules say, never what a case holds. The
//! same pack gives the same text. Decides nothing, and nothing reads it but people.

mod calls;
mod expression;
mod fallbacks;
mod test;

use std::fmt::Write;

use super::columns::{Columns, Width};
use super::storage::Number;
use super::{Block, BlockAxis, Give, Plan, PlanStep, PlanTable, Policy, Storage, table};
use crate::check::CheckedPack;
use crate::families::{Fact, Hit, LoweredPack, Row, Step, Table};
use crate::language::{Expr, ExprKind, SlotId};
use crate::value::{DurationUnit, Value};
use expression::Writer;

/// A plan and all that its text is made of.
pub(crate) struct Printer<'a> {
    checked: &'a CheckedPack,
    lowered: &'a LoweredPack,
    plan: &'a Plan,
    columns: &'a Columns,
    writer: Writer<'a>,
    /// By slot: whether it may be none.
    maybe_none: Vec<bool>,
}

impl<'a> Printer<'a> {
    pub(crate) fn new(
        checked: &'a CheckedPack,
        lowered: &'a LoweredPack,
        plan: &'a Plan,
        columns: &'a Columns,
    ) -> Printer<'a> {
        let writer = Writer { checked, lowered };
        Printer { checked, lowered, plan, columns, writer, maybe_none: maybe_none(checked) }
    }

    /// The whole plan. Its first line sums it up.
    pub(crate) fn text(&self) -> String {
        let fallbacks = self.fallbacks();
        let mut text = format!("{}\n\nfields\n", self.summary(fallbacks.len()));
        let fields: Vec<(String, String)> = (0..self.checked.record.fields.len())
            .map(|index| self.field(SlotId(crate::source::clamp(index))))
            .collect();
        let longest = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, about) in fields {
            line(&mut text, 1, &format!("{name:longest$}  {about}"));
        }
        for (index, (step, planned)) in self.lowered.steps.iter().zip(&self.plan.steps).enumerate() {
            text.push('\n');
            match (step, planned) {
                (Step::Fact(fact), PlanStep::Fact(_, code)) => self.fact(&mut text, fact, code.is_some()),
                (Step::Table(table), PlanStep::Table(planned)) => self.table(&mut text, index, table, planned),
                _ => {}
            }
        }
        self.conditions(&mut text);
        text.push_str("\nblocks\n");
        for (index, block) in self.plan.blocks.iter().enumerate() {
            self.block(&mut text, index, block);
        }
        if self.plan.blocks.is_empty() {
            line(&mut text, 1, "none");
        }
        text.push_str("\nfallbacks\n");
        fallbacks.iter().for_each(|fallback| line(&mut text, 1, fallback));
        if fallbacks.is_empty() {
            line(&mut text, 1, "none");
        }
        text
    }

    fn summary(&self, fallbacks: usize) -> String {
        let tables = || {
            self.plan.steps.iter().filter_map(|step| match step {
                PlanStep::Table(table) => Some(table),
                PlanStep::Fact(..) => None,
            })
        };
        let rows: usize = tables().map(|table| table.order.len()).sum();
        [
            counted(self.checked.record.fields.len(), "field"),
            counted(self.plan.steps.len() - tables().count(), "fact"),
            format!("{} with {}", counted(tables().count(), "table"), counted(rows, "row")),
            counted(self.plan.tests.len(), "different test"),
            counted(self.plan.conditions.len(), "computed condition"),
            counted(self.plan.blocks.len(), "block"),
            counted(fallbacks, "fallback"),
        ]
        .join(", ")
    }

    fn field(&self, slot: SlotId) -> (String, String) {
        let mut about = self.slot(slot);
        if self.plan.private.get(slot.0 as usize) == Some(&true) {
            about.push_str("; private");
        }
        if self.column(slot).is_some_and(|column| !column.is_read) {
            about.push_str("; no rule reads it");
        }
        (self.writer.name(slot).to_owned(), about)
    }

    /// A slot's type, and how its values stand.
    fn slot(&self, slot: SlotId) -> String {
        let index = slot.0 as usize;
        let (Some(info), Some(storage)) = (self.lowered.slots.get(index), self.plan.storages.get(index)) else {
            return String::new();
        };
        let how = self.storage(storage);
        match self.column(slot).filter(|_| has_integers(storage)) {
            Some(column) if column.rows_of.is_some() => format!("{}: {how}, told by the row that fires", info.base),
            Some(column) => format!("{}: {how}, in {} bits", info.base, bits(column.width)),
            None => format!("{}: {how}", info.base),
        }
    }

    fn column(&self, slot: SlotId) -> Option<&super::columns::ColumnSlot> {
        self.columns.slots.get(slot.0 as usize)
    }

    /// What the integers of a storage count.
    fn storage(&self, storage: &Storage) -> String {
        let cents = self.checked.header.currency_decimals;
        match storage {
            Storage::Boolean => "yes or no".to_owned(),
            Storage::Integer => "whole numbers".to_owned(),
            Storage::Scaled(Number::Money, 2) if cents == 2 => "cents".to_owned(),
            Storage::Scaled(_, decimals) => format!("steps of {}", step(*decimals)),
            Storage::Choice(words) => format!("one of {}", counted(words.len(), "word")),
            Storage::Date | Storage::Duration(DurationUnit::Days) => "days".to_owned(),
            Storage::Timestamp => "microseconds".to_owned(),
            Storage::Duration(DurationUnit::Months) => "months".to_owned(),
            Storage::Duration(DurationUnit::BusinessDays) => "business days".to_owned(),
            Storage::Duration(DurationUnit::Exact) => "seconds".to_owned(),
            Storage::Position(_, decimals) => {
                format!("kept as it is; its place among steps of {}", step(*decimals))
            }
            Storage::Word(words) if !words.is_empty() => {
                format!("kept as it is; which of {} it is", counted(words.len(), "tested word"))
            }
            Storage::Word(_) | Storage::Beside => "kept as it is".to_owned(),
        }
    }

    fn fact(&self, text: &mut String, fact: &Fact, has_code: bool) {
        let written: Vec<&str> = fact.text.split_whitespace().collect();
        line(text, 0, &format!("{} = {}", fact.id, written.join(" ")));
        line(text, 1, &self.slot(fact.slot));
        match has_code {
            true if has_call(&fact.expr) => line(text, 1, "code, with what its scripts do"),
            true => line(text, 1, "code"),
            false => line(text, 1, &format!("asked, as it {}", self.why_asked(&fact.expr))),
        }
    }

    fn table(&self, text: &mut String, step: usize, table: &Table, planned: &PlanTable) {
        let hit = match table.hit {
            Hit::Policy(policy) => policy.name(),
            Hit::Each => "each row by itself",
        };
        let tests: usize = planned.tests.iter().map(|tests| tests.len()).sum();
        let computed: usize = planned.computed.iter().map(|computed| computed.len()).sum();
        let otherwise = if table.otherwise.is_some() { " and otherwise" } else { "" };
        let rows = counted(planned.order.len(), "row");
        line(text, 0, &format!("{}: {hit}, {rows}{otherwise}", table.id));
        match planned.policy {
            Policy::Asked(why) => line(text, 1, &format!("asked, as {}", fallbacks::why_table(why))),
            _ => {
                let computed = counted(computed, "computed condition");
                line(text, 1, &format!("{}, {computed}{}", counted(tests, "test"), self.of_block(planned)));
            }
        }
        if planned.order.windows(2).any(|pair| matches!(pair, [a, b] if a > b)) {
            line(text, 1, "rows stand in the order of their outputs");
        }
        for axis in &planned.late {
            line(text, 1, &format!("narrowed down late, by {}", self.axis(axis)));
        }
        let is_list = planned.policy == Policy::List;
        for (index, (output, planned)) in table.outputs.iter().zip(&planned.outputs).enumerate() {
            let how = match planned.slot {
                Some(slot) if !is_list => self.slot(slot),
                _ => format!("{}: only in the decision", output.base),
            };
            let is_shared = self.columns.output(step, index).is_some_and(|output| output.shape.is_some());
            let alike = if is_shared { "; calculated alike by all rows" } else { "" };
            line(text, 1, &format!("then {}, {how}{alike}", output.name));
        }
        for (bit, position) in planned.order.iter().enumerate() {
            if let Some(row) = table.rows.get(*position as usize) {
                let conditions = self.row_conditions(planned, bit, row);
                self.row(text, table, planned, *position as usize, row, &conditions);
            }
        }
        if let Some(row) = &table.otherwise {
            self.row(text, table, planned, planned.order.len(), row, "");
        }
    }

    fn of_block(&self, planned: &PlanTable) -> String {
        let within = |block: &Block| (block.offset..block.offset + block.words).contains(&planned.bits.offset);
        match self.plan.blocks.iter().position(within) {
            Some(index) if planned.bits.words > 0 => format!(", block {}", index + 1),
            _ => String::new(),
        }
    }

    /// What a row tests, and which computed conditions it has.
    fn row_conditions(&self, planned: &PlanTable, bit: usize, row: &Row) -> String {
        let mut parts = Vec::new();
        if planned.tests.is_empty() {
            let mut exprs = Vec::new();
            row.conditions.iter().for_each(|condition| table::flatten(&condition.expr, &mut exprs));
            parts.extend(exprs.iter().map(|expr| format!("`{}`", self.writer.text(expr))));
        }
        for id in planned.tests.get(bit).into_iter().flatten() {
            let Some(test) = self.plan.tests.get(*id as usize) else { continue };
            let slot = test.slot.0 as usize;
            let maybe_none = self.maybe_none.get(slot).copied().unwrap_or(true);
            if let Some(storage) = self.plan.storages.get(slot) {
                parts.push(self.writer.test(test, storage, maybe_none));
            }
        }
        parts.extend(planned.computed.get(bit).into_iter().flatten().map(|id| format!("c{}", id.0 + 1)));
        if parts.is_empty() { "always".to_owned() } else { parts.join(", ") }
    }

    fn row(&self, text: &mut String, table: &Table, planned: &PlanTable, at: usize, row: &Row, conditions: &str) {
        let name = row.id.strip_prefix(&*table.id).map_or(&*row.id, |rest| rest.trim_start_matches('/'));
        let mut written = match conditions {
            "" => name.to_owned(),
            conditions => format!("{name}: {conditions}"),
        };
        let (from, until) = (row.annotations.valid_from, row.annotations.valid_until);
        let _ = from.map(|date| write!(written, "; from {date}"));
        let _ = until.map(|date| write!(written, "; until {date}"));
        if row.skips_unknown && !conditions.is_empty() {
            written.push_str("; unknown is no match");
        }
        // Rows that are counted give nothing else.
        let gives = if planned.policy == Policy::Count { &[] } else { planned.gives(at) };
        let outputs = gives.iter().zip(&planned.outputs).zip(&row.outputs);
        let gives: Vec<String> = outputs
            .map(|((give, output), expr)| match give {
                Give::None => "none".to_owned(),
                Give::Bits(bits) => self.writer.stored(&output.storage, *bits),
                Give::Value(text @ Value::Text(_)) => self.writer.value(text),
                Give::Value(value) => self.writer.plain(value),
                Give::Code(_) => format!("code `{}`", self.writer.text(expr)),
                Give::Asked => format!("asked `{}`", self.writer.text(expr)),
            })
            .collect();
        line(text, 2, &written);
        if !gives.is_empty() {
            line(text, 3, &format!("-> {}", gives.join(" | ")));
        }
    }

    fn conditions(&self, text: &mut String) {
        if self.plan.conditions.is_empty() {
            return;
        }
        text.push_str("\ncomputed conditions\n");
        for (index, condition) in self.plan.conditions.iter().enumerate() {
            let how = match condition.code {
                Some(_) => "code".to_owned(),
                None => format!("asked, as it {}", self.why_asked(&condition.expr)),
            };
            line(text, 1, &format!("c{}: `{}`; {how}", index + 1, self.writer.text(&condition.expr)));
        }
    }

    /// The tables that are narrowed down together, and by which slots.
    fn block(&self, text: &mut String, index: usize, block: &Block) {
        let words = block.offset..block.offset + block.words;
        let steps = self.lowered.steps.iter().zip(&self.plan.steps);
        let tables: Vec<&str> = steps
            .filter_map(|(step, planned)| match (step, planned) {
                (Step::Table(table), PlanStep::Table(planned)) => {
                    (planned.bits.words > 0 && words.contains(&planned.bits.offset)).then_some(&*table.id)
                }
                _ => None,
            })
            .collect();
        let axes: Vec<String> = block.axes.iter().map(|axis| self.axis(axis)).collect();
        let words = counted(block.words, "word");
        line(text, 1, &format!("block {}, {words}: {}", index + 1, tables.join(", ")));
        match axes.is_empty() {
            true => line(text, 2, "by nothing"),
            false => line(text, 2, &format!("by {}", axes.join(", "))),
        }
    }

    fn axis(&self, axis: &BlockAxis) -> String {
        let bounds = counted(axis.axis.bounds.len(), "bound");
        format!("{} ({bounds})", self.writer.name(axis.axis.slot))
    }
}

/// Whether an expression calls a function that the pack declares.
fn has_call(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |part| found |= matches!(part.kind, ExprKind::Declared { .. }));
    found
}

/// By slot, whether it may be none.
fn maybe_none(checked: &CheckedPack) -> Vec<bool> {
    let mut found = vec![true; checked.slots.len()];
    let mut set = |slot: usize, may: bool| {
        if let Some(found) = found.get_mut(slot) {
            *found = may;
        }
    };
    checked.record.fields.iter().enumerate().for_each(|(index, field)| set(index, field.maybe_none()));
    checked.facts.iter().for_each(|fact| set(fact.slot.0 as usize, fact.expr.maybe_none));
    for table in &checked.tables {
        for output in &table.outputs {
            if let Some(slot) = output.slot {
                let (_, may) = table.hit.result(&output.field.base, output.field.maybe_none());
                set(slot.0 as usize, may);
            }
        }
    }
    found
}

/// Whether a storage's integers tell anything of its values.
fn has_integers(storage: &Storage) -> bool {
    match storage {
        Storage::Word(words) => !words.is_empty(),
        storage => *storage != Storage::Beside,
    }
}

fn bits(width: Width) -> u32 {
    match width {
        Width::W8 => 8,
        Width::W16 => 16,
        Width::W32 => 32,
        Width::W64 => 64,
    }
}

/// The distance between numbers with so many decimals.
fn step(decimals: u32) -> String {
    rust_decimal::Decimal::new(1, decimals).to_string()
}

fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn line(text: &mut String, depth: usize, words: &str) {
    for _ in 0..depth {
        text.push_str("  ");
    }
    text.push_str(words.trim_end());
    text.push('\n');
}
