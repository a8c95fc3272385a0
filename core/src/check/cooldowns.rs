//! Cooldowns: escalations that do not fire again for a while once they were acted on.

use std::sync::Arc;

use super::header::Header;
use super::literals;
use crate::diagnostic::{Code, Finding, Findings};
use crate::language::SlotId;
use crate::source::Span;
use crate::syntax::{Map, Node, NodeKind};
use crate::value::{Duration, DurationUnit, Field, Type};

/// How long an escalation rests, and the slot that says whether it does.
#[derive(Clone, Debug)]
pub(crate) struct Cooldown {
    /// The qualified id, such as `escalations/legal-review`.
    pub(crate) rule: Arc<str>,
    pub(crate) length: Duration,
    pub(crate) slot: SlotId,
}

impl Cooldown {
    /// The name by which the conditions of an escalation read whether it rests. No expression can be written so.
    pub(crate) fn name(rule: &str) -> String {
        format!("cooldown of {rule}")
    }

    /// The field behind the slot.
    pub(crate) fn field(rule: &str, span: Span) -> Field {
        Field::new(&Cooldown::name(rule), Type::Boolean, span)
    }
}

/// The cooldowns that a document's escalations say: qualified id, length, place.
pub(crate) fn read(root: &Map, header: &Header, findings: &mut Findings) -> Vec<(Arc<str>, Duration, Span)> {
    let Some(NodeKind::List(rules)) = root.get("escalations").map(|node| &node.kind) else { return Vec::new() };
    let mut cooldowns: Vec<(Arc<str>, Duration, Span)> = Vec::new();
    for rule in rules {
        let NodeKind::Map(map) = &rule.kind else { continue };
        let (Some(node), Some(id)) = (map.get("cooldown"), map.get("id").and_then(Node::text)) else { continue };
        let Some(length) = literals::duration(node, "`cooldown`", findings) else { continue };
        if length.count() < 1 {
            findings.push(
                Finding::error(Code::OutsideDomain, node.span, format!("a cooldown of `{length}` is none"))
                    .help("write a length of at least one, such as `30 days`"),
            );
        }
        if length.unit() == DurationUnit::BusinessDays && header.calendar.is_none() {
            findings.push(
                Finding::error(
                    Code::UnknownCalendar,
                    node.span,
                    "business days need a calendar, and the pack has none",
                )
                .help("say `calendar:` in the pack's header"),
            );
        }
        let rule: Arc<str> = Arc::from(format!("escalations/{id}"));
        if !cooldowns.iter().any(|(known, ..)| *known == rule) {
            cooldowns.push((rule, length, node.span));
        }
    }
    cooldowns
}
