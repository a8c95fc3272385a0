//! Calls of the pack's functions outside facts: each stands in a slot of its own, as a fact without a name does.
//!
//! So it is made once for a case, whoever reads it, and never again for an explanation. Calls that are the same share a
//! slot. What reads an attempt or an offer cannot stand so: it is called where it is asked.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::facts::CheckedFact;
use super::pack::{Builder, Item};
use super::tables::CheckedTable;
use crate::language::{Expr, ExprKind, SlotId};
use crate::value::show::Show;
use crate::value::{Type, Value};

/// The calls that were found so far.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    /// The first slot that is free for calls.
    first: Cell<u32>,
    calls: RefCell<Vec<(CheckedFact, String)>>,
    /// The calls that were read since somebody asked.
    read: RefCell<Vec<usize>>,
}

impl Placed {
    /// Says which slots are free: from this one on.
    pub(super) fn begin(&self, first: usize) {
        self.first.set(crate::source::clamp(first));
    }

    /// The slot of a call, read in its place. `called` gives the names of slots.
    pub(super) fn place(&self, call: Expr, called: impl Fn(SlotId) -> Option<String>) -> Expr {
        let key = key(&call);
        let mut calls = self.calls.borrow_mut();
        let found = calls.iter().position(|(_, known)| *known == key).filter(|_| is_pure(&call));
        let index = found.unwrap_or_else(|| {
            let name: Arc<str> = Arc::from(text(&call, &called));
            let slot = SlotId(self.first.get().saturating_add(crate::source::clamp(calls.len())));
            let fact = CheckedFact {
                slot,
                expr: call.clone(),
                about: None,
                text: String::new(),
                span: call.span,
                is_call: true,
                name,
            };
            calls.push((fact, key));
            calls.len() - 1
        });
        self.read.borrow_mut().push(index);
        let slot = calls.get(index).map_or(SlotId(self.first.get()), |(fact, _)| fact.slot);
        Expr { kind: ExprKind::Slot(slot), ..call }
    }

    /// The name of a call's slot.
    pub(super) fn called(&self, slot: SlotId) -> Option<String> {
        let calls = self.calls.borrow();
        calls.iter().find(|(fact, _)| fact.slot == slot).map(|(fact, _)| fact.name.to_string())
    }

    /// The calls that were read since this was asked last.
    pub(super) fn take_read(&self) -> Vec<usize> {
        std::mem::take(&mut self.read.borrow_mut())
    }

    /// The calls from one on.
    pub(super) fn from(&self, first: usize) -> Vec<CheckedFact> {
        self.calls.borrow().iter().skip(first).map(|(fact, _)| fact.clone()).collect()
    }
}

impl Builder<'_> {
    /// Slots for the calls from one on, which become facts.
    pub(super) fn place_calls(&mut self, facts: &mut Vec<CheckedFact>, first: usize) {
        for call in self.names.placed.from(first) {
            self.slot(&call.name, call.expr.base.clone(), false);
            facts.push(call);
        }
    }

    /// The calls that stand behind facts and tables, and their places in the order.
    pub(super) fn calls_behind(
        &mut self,
        facts: &mut Vec<CheckedFact>,
        tables: &[CheckedTable],
        order: &mut Vec<Item>,
    ) {
        let before = facts.len();
        let known = facts.iter().filter(|fact| fact.is_call).count();
        self.place_calls(facts, known);
        order.extend((before..facts.len()).map(Item::Fact));
        self.mark(facts, tables, order);
    }

    /// Types of facts, and which slots hold what derives from a private field.
    pub(super) fn mark(&mut self, facts: &[CheckedFact], tables: &[CheckedTable], order: &[Item]) {
        for item in order {
            match *item {
                Item::Fact(index) => {
                    let Some(fact) = facts.get(index) else { continue };
                    let private = self.reads_private(&fact.expr);
                    if let Some(info) = self.slots.get_mut(fact.slot.0 as usize) {
                        info.base = fact.expr.base.clone();
                        info.private = private;
                    }
                }
                Item::Table(index) => {
                    let Some(table) = tables.get(index) else { continue };
                    for (position, output) in table.outputs.iter().enumerate() {
                        let private = table
                            .rows
                            .iter()
                            .chain(&table.otherwise)
                            .filter_map(|row| row.outputs.get(position))
                            .any(|expr| self.reads_private(expr));
                        if let Some(info) = output.slot.and_then(|slot| self.slots.get_mut(slot.0 as usize)) {
                            info.private = private;
                        }
                    }
                }
                // The arm of a case says nothing of its fields.
                Item::Experiment(_) => {}
            }
        }
    }

    fn reads_private(&self, expr: &Expr) -> bool {
        let mut found = false;
        expr.walk(&mut |inner| match &inner.kind {
            ExprKind::Slot(slot) => found |= self.slots.get(slot.0 as usize).is_some_and(|info| info.private),
            ExprKind::Member { of, index, .. } => {
                if let Type::Record(record) = &of.base {
                    found |= record.fields.get(*index).is_some_and(|field| field.private);
                }
            }
            _ => {}
        });
        found
    }
}

/// The order with calls in it: each before the first item that reads it. `reads` says for an item which calls it reads,
/// and `first` is the position of the first call among the facts.
pub(super) fn woven(order: &[Item], first: usize, mut reads: impl FnMut(Item) -> Vec<usize>) -> Vec<Item> {
    let mut woven = Vec::with_capacity(order.len());
    for item in order {
        for call in reads(*item) {
            let call = Item::Fact(first + call);
            if !woven.contains(&call) {
                woven.push(call);
            }
        }
        woven.push(*item);
    }
    woven
}

/// What calls that are the same have in common: all but where they stand.
fn key(call: &Expr) -> String {
    let mut key = String::new();
    call.walk(&mut |part| {
        use ExprKind as K;
        let own = match &part.kind {
            K::Literal(value) => format!("{value:?}"),
            K::Slot(slot) => format!("slot {}", slot.0),
            K::Local(local) => format!("item {}", local.0),
            K::Member { index, .. } => format!("part {index}"),
            K::Compare(operator, ..) => format!("{operator:?}"),
            K::Arithmetic(operator, ..) => format!("{operator:?}"),
            K::InRange { is_inclusive, .. } => format!("range {is_inclusive}"),
            K::Call { function, arguments } => format!("{} {}", function.name, arguments.len()),
            // Scripts of different rules may have one name.
            K::Declared { function, arguments } => format!("{:p} {}", Arc::as_ptr(function), arguments.len()),
            K::Extreme { is_most, items } => format!("extreme {is_most} {}", items.len()),
            K::Rate { rate, .. } => format!("rate {rate}"),
            K::InterestOver { rate, arguments } => format!("interest {rate} {}", arguments.len()),
            K::Method { method, local, body, .. } => format!("{method:?} {} {}", local.0, body.is_some()),
            K::And(items) | K::Or(items) | K::Coalesce(items) | K::List(items) | K::Record(items) => {
                items.len().to_string()
            }
            _ => String::new(),
        };
        // Parts follow in one order, and each says how many it has.
        key.push_str(&format!("{:?} {own};", std::mem::discriminant(&part.kind)));
    });
    key
}

/// Whether all that is called gives the same for the same arguments.
fn is_pure(call: &Expr) -> bool {
    let mut is_pure = true;
    call.walk(&mut |part| is_pure &= !matches!(&part.kind, ExprKind::Declared { function, .. } if !function.is_pure));
    is_pure
}

fn record_name(argument: &Expr) -> String {
    match &argument.base {
        Type::Record(of) => of.name.to_string(),
        _ => "..".to_owned(),
    }
}

/// A call as people read it: `name(a, 5, ..)`.
fn text(call: &Expr, called: &impl Fn(SlotId) -> Option<String>) -> String {
    let show = Show { currency_decimals: 2 };
    match &call.kind {
        ExprKind::Declared { function, arguments } => {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|argument| match &argument.kind {
                    ExprKind::Slot(slot) => called(*slot).unwrap_or_else(|| "..".to_owned()),
                    ExprKind::Literal(Value::Text(text)) => format!("\"{text}\""),
                    ExprKind::Literal(value) => show.text(value),
                    ExprKind::Record(_) => record_name(argument),
                    _ => "..".to_owned(),
                })
                .collect();
            format!("{}({})", function.name, arguments.join(", "))
        }
        _ => {
            let mut names = Vec::new();
            call.walk(&mut |inner| {
                if let ExprKind::Declared { function, .. } = &inner.kind {
                    names.push(format!("{}(..)", function.name));
                }
            });
            format!("{} of each", names.first().map_or("", String::as_str))
        }
    }
}
