//! Arm guards: items of a document that stand for some arms of an experiment only, or for all but some.
//!
//! Weaving experiments into a document marks its items with keys that no rule file has. The readers of items ask here
//! for the conditions that the marks stand for, and for the id of an item that stands in one arm.

use std::borrow::Cow;
use std::sync::Arc;

use super::tables::{CheckedCondition, Written};
use crate::diagnostic::Findings;
use crate::language::{Ast, AstKind, Expr, Scope, SlotId, Typer};
use crate::source::{Snippet, Span};
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node, NodeKind, Style};
use crate::value::ops::Comparison;

/// The key of an item that stands in one arm, which it holds.
pub(crate) const IS: &str = "@is";
/// The key of an item that stands in all arms but some, which it lists.
pub(crate) const NOT: &str = "@not";
/// The key of what stands in the place of something in some arms.
pub(crate) const VARIANTS: &str = "@variants";
/// The key of what stands there in all other arms.
pub(crate) const ORIGINAL: &str = "@original";

/// The name by which guards read the arm of an experiment. No expression can be written so.
pub(crate) fn name(experiment: &str) -> String {
    format!("arm of {experiment}")
}

/// An id without the arm in which its item stands. No id can be written with an `@`.
pub(crate) fn plain(id: &str) -> &str {
    id.split_once('@').map_or(id, |(plain, _)| plain)
}

/// What an arm asks of a case: to be in it, or not to be in it.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) experiment: String,
    pub(crate) arm: String,
    pub(crate) is: bool,
    pub(crate) span: Span,
}

impl Guard {
    /// The guard of an arm, as an item holds it.
    pub(crate) fn node(experiment: &str, arm: &str, span: Span) -> Node {
        Node::scalar(Snippet::verbatim(&format!("{experiment}/{arm}"), span), Style::Plain)
    }

    fn of_node(node: &Node, is: bool) -> Option<Guard> {
        let (experiment, arm) = node.text()?.split_once('/')?;
        Some(Guard { experiment: experiment.to_owned(), arm: arm.to_owned(), is, span: node.span })
    }

    /// The name of the arm, as an expression.
    pub(crate) fn subject(&self) -> Ast {
        Ast { kind: AstKind::Name(name(&self.experiment)), span: self.span }
    }

    /// The guard as an expression.
    pub(crate) fn ast(&self) -> Ast {
        let arm = Ast { kind: AstKind::Text(self.arm.clone()), span: self.span };
        let operator = if self.is { Comparison::Equal } else { Comparison::NotEqual };
        Ast { kind: AstKind::Compare(operator, Box::new(self.subject()), Box::new(arm)), span: self.span }
    }

    /// The guard in words.
    pub(crate) fn text(&self) -> String {
        format!("{} is {}{}", name(&self.experiment), if self.is { "" } else { "not " }, self.arm)
    }

    /// The guard as a condition.
    pub(crate) fn expr(&self, scope: &dyn Scope, findings: &mut Findings) -> Expr {
        Typer::new(scope, findings).condition(&self.ast())
    }

    /// The slot that the arm stands in.
    pub(crate) fn slot(&self, scope: &dyn Scope, findings: &mut Findings) -> Option<SlotId> {
        Typer::new(scope, findings).expr(&self.subject()).slots().first().copied()
    }
}

/// The guards of an item, all of one experiment.
pub(crate) fn guards(item: &Map) -> Vec<Guard> {
    let of = |key: &str, is: bool| {
        let nodes = item.get(key).map_or(&[][..], |node| node.one_or_many());
        nodes.iter().filter_map(move |node| Guard::of_node(node, is)).collect::<Vec<Guard>>()
    };
    of(IS, true).into_iter().chain(of(NOT, false)).collect()
}

/// The guards of an item as conditions.
pub(crate) fn conditions(item: &Node, scope: &dyn Scope, findings: &mut Findings) -> Vec<CheckedCondition> {
    let NodeKind::Map(map) = &item.kind else { return Vec::new() };
    let condition = |guard: &Guard| CheckedCondition {
        expr: guard.expr(scope, findings),
        written: Written::When(Arc::from(guard.text())),
        cell: None,
    };
    guards(map).iter().map(condition).collect()
}

/// Tells an item's reader that its guards are read.
pub(crate) fn asked(reader: &mut MapReader<'_>) {
    reader.optional_or_null(IS);
    reader.optional_or_null(NOT);
}

/// The id of an item: with the arm behind it where it stands in one.
pub(crate) fn called<'a>(id: &'a str, item: &Node) -> Cow<'a, str> {
    match &item.kind {
        NodeKind::Map(map) => called_in(id, map),
        _ => Cow::Borrowed(id),
    }
}

/// The same for an item that is known to be a map.
pub(crate) fn called_in<'a>(id: &'a str, item: &Map) -> Cow<'a, str> {
    match item.get(IS).and_then(|node| Guard::of_node(node, true)) {
        Some(guard) => Cow::Owned(format!("{id}@{}", guard.arm)),
        None => Cow::Borrowed(id),
    }
}

/// What stands in the place of something in some arms: who stands there, and what. Nothing where the pack has no such
/// thing in that arm.
pub(crate) fn variants(of: &Map) -> Vec<(Guard, &Map)> {
    let items = of.get(VARIANTS).map_or(&[][..], |node| node.one_or_many());
    items
        .iter()
        .filter_map(|item| match &item.kind {
            NodeKind::Map(map) => Some((guards(map).into_iter().next()?, map)),
            _ => None,
        })
        .collect()
}

/// Adds a variant to what has some.
pub(crate) fn add_variant(to: &mut Map, guard: Node, entries: Vec<Entry>) {
    let span = guard.span;
    let entry = |key: &str, value: Node| Entry { key: key.to_owned(), key_span: span, value };
    let entries = std::iter::once(entry(IS, guard)).chain(entries).collect();
    let variant = Node { span, kind: NodeKind::Map(Map { entries, is_damaged: false }) };
    match to.entries.iter_mut().find(|known| known.key == VARIANTS).map(|known| &mut known.value.kind) {
        Some(NodeKind::List(variants)) => variants.push(variant),
        _ => to.entries.push(entry(VARIANTS, Node { span, kind: NodeKind::List(vec![variant]) })),
    }
}
