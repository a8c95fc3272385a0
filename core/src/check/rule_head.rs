//! What rules of all kinds say alike: an id, when they hold, what an unknown condition means, and notes about themselves.
//!
//! Takes the map of a step, an offer, a modifier or a gate; what else stands in it is for its own reader.

use super::arms;
use super::expressions::{all_of, none_of};
use super::names::report_id;
use super::tables::annotations::{ANNOTATIONS, annotations};
use super::tables::{Annotations, CheckedCondition, on_unknown};
use crate::diagnostic::Findings;
use crate::language::Scope;
use crate::language::parse::Parser;
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Node, NodeKind};

/// The head of a rule, before its expressions are typed.
pub(super) struct RuleHead<'n> {
    item: &'n Node,
    /// Nothing where it is missing or not well formed.
    pub(super) id: Option<&'n str>,
    /// Where the id stands, or the rule.
    pub(super) span: Span,
    when: Option<&'n Node>,
    unless: Option<&'n Node>,
    pub(super) skips_unknown: bool,
}

impl<'n> RuleHead<'n> {
    /// Out of the map of a rule. Its reader then knows the keys of the head.
    pub(super) fn read(item: &'n Node, reader: &mut MapReader<'n>, findings: &mut Findings) -> RuleHead<'n> {
        let id_node = reader.required("id", findings);
        let id =
            id_node.and_then(|node| node.as_text("`id`", findings).filter(|text| report_id(text, node.span, findings)));
        let span = id_node.map_or(item.span, |node| node.span);
        let (when, unless) = (reader.optional("when", findings), reader.optional("unless", findings));
        let skips_unknown = on_unknown(reader, findings);
        for key in ANNOTATIONS {
            reader.optional(key, findings);
        }
        arms::asked(reader);
        RuleHead { item, id, span, when, unless, skips_unknown }
    }

    /// What the rule says about itself.
    pub(super) fn annotations(&self, findings: &mut Findings) -> Annotations {
        match &self.item.kind {
            NodeKind::Map(map) => annotations(map, self.span, findings),
            _ => Annotations::default(),
        }
    }

    /// The conditions that must all hold: the guards of an arm, then the rule's own.
    pub(super) fn conditions(
        &self,
        scope: &dyn Scope,
        parser: &Parser,
        findings: &mut Findings,
    ) -> Vec<CheckedCondition> {
        let mut conditions = arms::conditions(self.item, scope, findings);
        conditions.extend(all_of(self.when, "`when`", scope, parser, findings));
        conditions.extend(none_of(self.unless, scope, parser, findings));
        conditions
    }
}
