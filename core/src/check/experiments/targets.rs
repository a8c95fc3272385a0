//! What an arm changes: which items of the pack, and whether an arm may.

use std::collections::BTreeMap;

use super::RawArm;
use crate::diagnostic::{Code, Finding, Findings};
use crate::source::Span;
use crate::syntax::{Entry, Map, Node, NodeKind};

/// Something that an arm may have its own way of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// An item of an ordered list, by the keys down to what holds the list: a row, a rule, a step ..
    Item {
        holder: Vec<String>,
        id: String,
    },
    Fact(String),
    /// A key of the settlement.
    Settlement(String),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Item { holder, id } => write!(f, "{}/{id}", holder.join("/")),
            Target::Fact(name) => write!(f, "facts/{name}"),
            Target::Settlement(key) => write!(f, "settlement/{key}"),
        }
    }
}

/// What an arm changes, with the place that says so, and its overlays without those that an arm may not have.
pub(super) fn of(arm: &RawArm<'_>, findings: &mut Findings) -> (BTreeMap<Target, Span>, Map) {
    let mut found = BTreeMap::new();
    let mut kept = Map::default();
    for operation in &arm.overlays {
        let is_change = operation.key == "change";
        let mut value = operation.value.clone();
        match &mut value.kind {
            NodeKind::Map(items) => items.entries.retain(|item| {
                let changed = if is_change { Some(&item.value) } else { None };
                targets(&item.key, item.key_span, changed, &mut found, findings)
            }),
            NodeKind::List(ids) => ids.retain(|id| {
                let path = match &id.kind {
                    NodeKind::Map(map) => map.get("id").and_then(Node::text),
                    _ => id.text(),
                };
                // What names nothing is reported where overlays are applied.
                path.is_none_or(|path| targets(path, id.span, None, &mut found, findings))
            }),
            _ => {}
        }
        kept.entries.push(Entry { value, ..operation.clone() });
    }
    (found, kept)
}

/// Adds what an overlay of this path changes; says whether an arm may.
fn targets(
    path: &str,
    span: Span,
    changed: Option<&Node>,
    found: &mut BTreeMap<Target, Span>,
    findings: &mut Findings,
) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let item = |depth: usize| match parts.get(..depth) {
        Some([holder @ .., id]) if *id != "otherwise" && !id.is_empty() => {
            Some(Target::Item { holder: holder.iter().map(|part| (*part).to_owned()).collect(), id: (*id).to_owned() })
        }
        _ => None,
    };
    let target = match parts.as_slice() {
        ["settlement"] => return settlement_keys(span, changed, found, findings),
        ["settlement", "modifiers", _, ..] | ["tables" | "scores", _, _, ..] => item(3),
        ["rules", _, third, ..] if *third != "list" => item(3),
        ["incentives", "debtor", third, ..] if !matches!(*third, "cap" | "offers") => item(3),
        ["settlement", key, ..] if SETTLEMENT.contains(key) => Some(Target::Settlement((*key).to_owned())),
        ["segmentation", column, ..] if *column == "outputs" || *column == "hit" => None,
        ["segmentation" | "escalations", _, ..] => item(2),
        ["facts", name, ..] => Some(Target::Fact((*name).to_owned())),
        ["workflows", _, "from_any", _, ..] => item(4),
        ["workflows", _, "stages", _, "enter" | "cadence" | "next", _, ..] => item(6),
        _ => None,
    };
    match target {
        Some(target) => {
            found.entry(target).or_insert(span);
            true
        }
        None => {
            refuse(path, span, &parts, findings);
            false
        }
    }
}

/// The keys of a settlement that an arm may have its own way of.
const SETTLEMENT: [&str; 5] = ["floor", "round", "valid_for", "instalments", "authority"];

/// A change of the settlement as a whole: of each key that it says.
fn settlement_keys(
    span: Span,
    changed: Option<&Node>,
    found: &mut BTreeMap<Target, Span>,
    findings: &mut Findings,
) -> bool {
    let Some(NodeKind::Map(keys)) = changed.map(|node| &node.kind) else {
        refuse("settlement", span, &["settlement"], findings);
        return false;
    };
    let mut may_be = true;
    for entry in &keys.entries {
        if SETTLEMENT.contains(&entry.key.as_str()) {
            found.entry(Target::Settlement(entry.key.clone())).or_insert(entry.key_span);
        } else {
            let path = format!("settlement/{}", entry.key);
            refuse(&path, entry.key_span, &["settlement", &entry.key], findings);
            may_be = false;
        }
    }
    may_be
}

fn refuse(path: &str, span: Span, parts: &[&str], findings: &mut Findings) {
    let message = format!("an arm cannot change `{path}`");
    let help = match parts {
        ["contact", ..] => "contact rules are the same for every case; an experiment never touches them",
        [.., "otherwise"] => "add a row or rule before it, with no conditions, for the arm",
        ["segmentation"] | ["tables" | "rules" | "scores", ..] => {
            "name its rows or rules one by one, such as `tables/TABLE/ROW`"
        }
        ["settlement", "modifiers"] => "name the modifiers one by one: `settlement/modifiers/ID`",
        ["settlement", ..] => "one of `floor`, `round`, `valid_for`, `instalments`, `authority`, or `modifiers/ID`",
        ["incentives", "collector", ..] => "arms are drawn for cases, and a pay plan goes over collectors",
        ["incentives", "team", ..] => "arms are drawn for cases, and pools go over teams of collectors",
        ["incentives", ..] => "name the offers one by one: `incentives/debtor/ID`",
        ["workflows", ..] => "name a step or transition, such as `workflows/NAME/stages/STAGE/cadence/STEP`",
        _ => {
            "arms change facts, rows and rules, steps and transitions, offers, and the settlement; all else is the same \
             for every case"
        }
    };
    findings.push(Finding::error(Code::FixedInExperiments, span, message).help(help));
}
