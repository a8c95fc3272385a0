//! Arms into the document: what an arm changes stands beside what it changes, each with its guard.
//!
//! The overlays of an arm are applied to a copy of the pack, as those of a pack that extends it. What they changed there
//! is brought back: a row that the arm has another way of stands behind the one for all other arms.

use std::collections::BTreeMap;

use super::targets::{self, Target};
use super::{RawArm, RawExperiment};
use crate::check::arms::{self, Guard, NOT};
use crate::check::overlay::{self, item_id, items_of, ordered_items};
use crate::diagnostic::{Code, Finding, Findings};
use crate::source::Span;
use crate::syntax::{Entry, Map, Node, NodeKind};

/// Works the arms of all experiments into a document. `log` takes a line for each change.
pub(super) fn weave(
    root: &Map,
    experiments: &[RawExperiment<'_>],
    findings: &mut Findings,
    log: &mut Vec<String>,
) -> Map {
    let mut woven = root.clone();
    let mut taken: BTreeMap<Target, (&str, Span)> = BTreeMap::new();
    for experiment in experiments {
        let base = woven.clone();
        for arm in &experiment.arms {
            let (targets, overlays) = targets::of(arm, findings);
            let mut changed = base.clone();
            let mut lines = Vec::new();
            overlay::apply(&mut changed, &overlays, findings, &mut lines);
            log.extend(lines.into_iter().map(|line| format!("experiments/{}, {}: {line}", experiment.name, arm.name)));
            let weaver = Weaver { base: &base, changed: &changed, experiment: experiment.name, arm };
            for (target, span) in &targets {
                match taken.get(target) {
                    Some((other, first)) if *other != experiment.name => {
                        findings.push(
                            Finding::error(
                                Code::OverlappingExperiments,
                                *span,
                                format!("`{}` changes `{target}`, as `{other}` does", experiment.name),
                            )
                            .also(*first, "changed here")
                            .help("let one experiment change it: a case may be in an arm of each"),
                        );
                    }
                    _ => {
                        taken.insert(target.clone(), (experiment.name, *span));
                        weaver.one(&mut woven, target, *span, findings);
                    }
                }
            }
            weaver.added(&mut woven, targets.keys());
        }
    }
    woven
}

/// Brings what one arm changes into the document.
struct Weaver<'a> {
    /// The document before the experiment.
    base: &'a Map,
    /// The same with the overlays of the arm.
    changed: &'a Map,
    experiment: &'a str,
    arm: &'a RawArm<'a>,
}

impl Weaver<'_> {
    fn guard(&self) -> Node {
        Guard::node(self.experiment, self.arm.name, self.arm.span)
    }

    /// What an arm changes or takes away.
    fn one(&self, woven: &mut Map, target: &Target, span: Span, findings: &mut Findings) {
        match target {
            Target::Item { holder, id } => self.item(woven, holder, id, span, findings),
            Target::Fact(name) => self.fact(woven, name, span, findings),
            Target::Settlement(key) => self.settlement(woven, key, span, findings),
        }
    }

    fn item(&self, woven: &mut Map, holder: &[String], id: &str, span: Span, findings: &mut Findings) {
        let found = |root: &Map| at(root, holder).and_then(items_of).and_then(|items| named(items, id).cloned());
        let Some(before) = found(self.base) else { return };
        let after = found(self.changed);
        if let (Some(after), ["escalations"]) =
            (&after, holder.iter().map(String::as_str).collect::<Vec<_>>().as_slice())
            && value(&before, "cooldown") != value(after, "cooldown")
        {
            findings.push(
                Finding::error(Code::FixedInExperiments, span, format!("an arm cannot change the cooldown of `{id}`"))
                    .help("the host records a cooldown by the id of the escalation; add another escalation"),
            );
        }
        let Some(items) = at_mut(woven, holder).and_then(ordered_items) else { return };
        let Some(first) = items.iter().position(|item| item_id(item) == Some(id)) else { return };
        if let Some(Node { kind: NodeKind::Map(original), .. }) = items.get_mut(first) {
            self.keep_out(original);
        }
        if let Some(after) = after {
            let end = group_end(items, first);
            items.insert(end, self.guarded(after));
        }
    }

    /// Keeps cases of the arm out of an item.
    fn keep_out(&self, original: &mut Map) {
        let guard = self.guard();
        match original.entries.iter_mut().find(|entry| entry.key == NOT).map(|entry| &mut entry.value.kind) {
            Some(NodeKind::List(guards)) => guards.push(guard),
            _ => {
                let value = Node { span: guard.span, kind: NodeKind::List(vec![guard]) };
                original.entries.push(Entry { key: NOT.to_owned(), key_span: self.arm.span, value });
            }
        }
    }

    /// An item for cases of the arm only.
    fn guarded(&self, mut item: Node) -> Node {
        if let NodeKind::Map(map) = &mut item.kind {
            let guard = Entry { key: arms::IS.to_owned(), key_span: self.arm.span, value: self.guard() };
            map.entries.push(guard);
        }
        item
    }

    /// The items that an arm adds, each behind the one that it stands behind in the arm.
    fn added<'t>(&self, woven: &mut Map, targets: impl Iterator<Item = &'t Target>) {
        let mut holders: Vec<&[String]> = targets
            .filter_map(|target| match target {
                Target::Item { holder, .. } => Some(holder.as_slice()),
                _ => None,
            })
            .collect();
        holders.dedup();
        for holder in holders {
            let before = at(self.base, holder).and_then(items_of).unwrap_or_default();
            let after = at(self.changed, holder).and_then(items_of).unwrap_or_default();
            let Some(items) = at_mut(woven, holder).and_then(ordered_items) else { continue };
            // What was added before stands before: in the arm it may stand between the ways of one item.
            let mut least = 0;
            for (index, item) in after.iter().enumerate() {
                let Some(id) = item_id(item).filter(|id| named(before, id).is_none()) else { continue };
                let behind = index.checked_sub(1).and_then(|index| after.get(index)).and_then(item_id);
                let place = behind.and_then(|behind| items.iter().position(|item| item_id(item) == Some(behind)));
                let own = items.iter().position(|item| item_id(item) == Some(id));
                // Two arms may add items of one id.
                let place = own.or(place).map_or(0, |place| group_end(items, place)).max(least);
                items.insert(place, self.guarded(item.clone()));
                least = place + 1;
            }
        }
    }

    fn fact(&self, woven: &mut Map, name: &str, span: Span, findings: &mut Findings) {
        let found = |root: &Map| match root.get("facts").map(|facts| &facts.kind) {
            Some(NodeKind::Map(facts)) => facts.entries.iter().find(|entry| entry.key == name).cloned(),
            _ => None,
        };
        let (before, after) = (found(self.base), found(self.changed));
        let Some(NodeKind::Map(facts)) =
            woven.entries.iter_mut().find(|entry| entry.key == "facts").map(|entry| &mut entry.value.kind)
        else {
            return;
        };
        let known = facts.entries.iter_mut().find(|entry| entry.key == name);
        match (before, after, known) {
            (Some(_), Some(after), Some(known)) => {
                let is_varied = matches!(&known.value.kind, NodeKind::Map(map) if map.get(arms::ORIGINAL).is_some());
                if !is_varied {
                    let original = Entry { key: arms::ORIGINAL.to_owned(), ..known.clone() };
                    let map = Map { entries: vec![original], is_damaged: false };
                    known.value = Node { span: known.value.span, kind: NodeKind::Map(map) };
                }
                if let NodeKind::Map(map) = &mut known.value.kind {
                    arms::add_variant(map, self.guard(), vec![after]);
                }
            }
            (Some(_), None, _) => findings.push(
                Finding::error(Code::FixedInExperiments, span, format!("an arm cannot remove the fact `{name}`"))
                    .help("remove what reads it, in the arm"),
            ),
            (None, Some(_), Some(first)) => findings.push(
                Finding::error(Code::DuplicateId, span, format!("two arms add the fact `{name}`"))
                    .also(first.key_span, "the first")
                    .help("declare it under `facts:`, and change it in the arms"),
            ),
            // Nothing but what stands in the arm reads it.
            (None, Some(after), None) => facts.entries.push(after),
            (_, None, _) | (Some(_), Some(_), None) => {}
        }
    }

    fn settlement(&self, woven: &mut Map, key: &str, place: Span, findings: &mut Findings) {
        let Some(NodeKind::Map(changed)) = self.changed.get("settlement").map(|node| &node.kind) else { return };
        let Some(NodeKind::Map(settlement)) =
            woven.entries.iter_mut().find(|entry| entry.key == "settlement").map(|entry| &mut entry.value.kind)
        else {
            return;
        };
        let span = self.arm.span;
        let entry = changed.entries.iter().find(|entry| entry.key == key).cloned();
        if entry.is_none() && key == "floor" {
            findings.push(
                Finding::error(Code::FixedInExperiments, place, "an arm cannot remove the floor of the settlement")
                    .help("give it another floor: with `none` there is no settlement"),
            );
            return;
        }
        let entry = entry.unwrap_or_else(|| Entry {
            key: key.to_owned(),
            key_span: span,
            value: Node { span, kind: NodeKind::Null },
        });
        arms::add_variant(settlement, self.guard(), vec![entry]);
    }
}

/// Where the run of items ends that have the id of one.
fn group_end(items: &[Node], first: usize) -> usize {
    let id = items.get(first).and_then(item_id);
    let run = items.iter().skip(first).take_while(|item| item_id(item) == id).count();
    first + run
}

fn named<'a>(items: &'a [Node], id: &str) -> Option<&'a Node> {
    items.iter().find(|item| item_id(item) == Some(id))
}

fn value<'a>(item: &'a Node, key: &str) -> Option<&'a str> {
    match &item.kind {
        NodeKind::Map(map) => map.get(key).and_then(Node::text),
        _ => None,
    }
}

/// What stands under some keys.
fn at<'a>(root: &'a Map, keys: &[String]) -> Option<&'a Node> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(root.get(first)?, |node, key| match &node.kind {
        NodeKind::Map(map) => map.get(key),
        _ => None,
    })
}

fn at_mut<'a>(root: &'a mut Map, keys: &[String]) -> Option<&'a mut Node> {
    let (first, rest) = keys.split_first()?;
    let value = |map: &'a mut Map, key: &str| {
        map.entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
    };
    rest.iter().try_fold(value(root, first)?, |node, key| match &mut node.kind {
        NodeKind::Map(map) => value(map, key),
        _ => None,
    })
}
