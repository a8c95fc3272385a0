//! Overlays: `change`, `replace`, `add`, `remove` by qualified id, each an error where its target is not as it must be.

use std::collections::{BTreeMap, HashMap};

use super::assemble::{COLUMNS, ROWS};
use super::overlay_reasons::{self, Removal};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::source::Span;
use crate::syntax::{Entry, Map, Node, NodeKind};

/// Applies a pack's overlays to what its bases and itself have.
pub(crate) fn apply(root: &mut Map, overlays: &Map, findings: &mut Findings, log: &mut Vec<String>) {
    let target = &mut Target { root, places: BTreeMap::new() };
    for operation in &overlays.entries {
        match (&operation.value.kind, operation.key.as_str()) {
            (NodeKind::Map(items), key) => {
                for item in &items.entries {
                    if key != "add" {
                        overlay_reasons::require(key, item, findings);
                    }
                    let done = match key {
                        "change" => change(target, item, findings),
                        "replace" => replace(target, item, findings),
                        _ => add(target, item, findings),
                    };
                    log.extend(done);
                }
            }
            (NodeKind::List(ids), _) => {
                for item in ids {
                    let Some(Removal { path, span, because }) = overlay_reasons::removal(item, findings) else {
                        continue;
                    };
                    let why = because.map(|because| format!(" ({because})")).unwrap_or_default();
                    log.extend(remove(target, path, span, findings).map(|done| format!("{done}{why}")));
                }
            }
            _ => {}
        }
    }
}

fn change(target: &mut Target<'_>, item: &Entry, findings: &mut Findings) -> Option<String> {
    target.forget(&item.key);
    let node = target.find(&item.key, item.key_span, findings)?;
    let NodeKind::Map(known) = &mut node.kind else {
        let value = item.value.text().unwrap_or("..");
        findings.push(
            Finding::error(Code::WrongKind, item.key_span, format!("`{}` has no keys to change", item.key))
                .help(format!("use `replace:` with `{}: {value}`", item.key)),
        );
        return None;
    };
    let changes = item.value.as_map(&format!("the change of `{}`", item.key), findings)?;
    let mut keys = Vec::new();
    let id = item_id_of(known).map(str::to_owned);
    if changes.get(ROWS).is_some() {
        // A new grid takes the place of the old one, whether that stood in the rules or in a file.
        known.entries.retain(|entry| !matches!(entry.key.as_str(), "grid" | "file" | "delimiter" | ROWS | COLUMNS));
    }
    for change in &changes.entries {
        if change.key == "id" || change.key == "row" {
            findings.push(
                Finding::error(Code::UnknownKey, change.key_span, "an overlay does not change an id")
                    .help("remove the old item and add a new one"),
            );
            continue;
        }
        keys.push(change.key.clone());
        match known.entries.iter_mut().find(|entry| entry.key == change.key) {
            Some(entry) => *entry = change.clone(),
            None => known.entries.push(change.clone()),
        }
    }
    let is_renamed = id.as_deref() != item_id_of(known);
    target.forget_renamed(&item.key, is_renamed);
    Some(format!("change {}: {}", item.key, keys.join(", ")))
}

fn replace(target: &mut Target<'_>, item: &Entry, findings: &mut Findings) -> Option<String> {
    target.forget(&item.key);
    let node = target.find(&item.key, item.key_span, findings)?;
    let mut lost = Vec::new();
    if let (NodeKind::Map(old), NodeKind::Map(new)) = (&node.kind, &item.value.kind) {
        lost = old
            .entries
            .iter()
            .filter(|entry| {
                !matches!(entry.key.as_str(), "id" | "row" | ROWS | COLUMNS) && new.get(&entry.key).is_none()
            })
            .map(|entry| entry.key.clone())
            .collect();
    }
    let mut value = item.value.clone();
    if let (NodeKind::Map(old), NodeKind::Map(new)) = (&node.kind, &mut value.kind) {
        for key in ["id", "row"] {
            if let Some(entry) = old.entries.iter().find(|entry| entry.key == key) {
                new.entries.retain(|entry| entry.key != key);
                new.entries.insert(0, entry.clone());
            }
        }
    }
    let is_renamed = item_id(node) != item_id(&value);
    *node = value;
    target.forget_renamed(&item.key, is_renamed);
    let lost = if lost.is_empty() { String::new() } else { format!(" (loses {})", lost.join(", ")) };
    Some(format!("replace {}{lost}", item.key))
}

fn add(target: &mut Target<'_>, item: &Entry, findings: &mut Findings) -> Option<String> {
    let (parent_path, id) = match item.key.rsplit_once('/') {
        Some((parent, id)) if !parent.is_empty() && !id.is_empty() => (parent, id),
        _ => {
            findings.push(
                Finding::error(
                    Code::OverlayTargetMissing,
                    item.key_span,
                    format!("`{}` is not a qualified id", item.key),
                )
                .help("write the section and the id, such as `facts/new_fact`"),
            );
            return None;
        }
    };
    let is_section = !parent_path.contains('/') && target.root.get(parent_path).is_none();
    if is_section && super::assemble::is_map_section(parent_path) {
        let value = Node { span: item.value.span, kind: NodeKind::Map(Map::default()) };
        target.root.entries.push(Entry { key: parent_path.to_owned(), key_span: item.key_span, value });
    }
    let depth = item.key.split('/').count() - 1;
    let (parent, places) = target.find_until(&item.key, depth, item.key_span, findings)?;
    if places.child(parent, id).is_some() {
        findings.push(
            Finding::error(Code::OverlayTargetPresent, item.key_span, format!("`{}` is there already", item.key))
                .help("use `change:` or `replace:`, or choose another id"),
        );
        return None;
    }
    let is_rows = matches!(&parent.kind, NodeKind::Map(map) if map.get(ROWS).is_some());
    match ordered_items(parent) {
        Some(list) => {
            let mut value = item.value.clone();
            let Some(map) = (match &mut value.kind {
                NodeKind::Map(map) => Some(map),
                _ => None,
            }) else {
                item.value.as_map(&format!("`{}`", item.key), findings);
                return None;
            };
            if let Some(entry) = map.entries.iter().find(|entry| entry.key == "id" || entry.key == "row") {
                findings.push(
                    Finding::error(
                        Code::UnknownKey,
                        entry.key_span,
                        format!("the id stands in `{}` already", item.key),
                    )
                    .help("remove this key"),
                );
            }
            let place = take_place(map, list, findings);
            let id_key = if is_rows { "row" } else { "id" };
            let id_snippet = crate::source::Snippet::verbatim(id, item.key_span);
            let id_node = Node::scalar(id_snippet, crate::syntax::Style::Plain);
            map.entries.insert(0, Entry { key: id_key.to_owned(), key_span: item.key_span, value: id_node });
            let place = place?.min(list.len());
            places.added(id, Child::Item(place), list.len());
            list.insert(place, value);
        }
        None => match &mut parent.kind {
            NodeKind::Map(map) => {
                places.added(id, Child::Key(map.entries.len()), map.entries.len());
                map.entries.push(Entry { key: id.to_owned(), key_span: item.key_span, value: item.value.clone() });
            }
            _ => {
                findings.push(Finding::error(
                    Code::WrongKind,
                    item.key_span,
                    format!("`{parent_path}` has no items that one could be added to"),
                ));
                return None;
            }
        },
    }
    Some(format!("add {}", item.key))
}

/// Where `before` or `after` puts a new item; at the end without them, but before an `otherwise` row.
fn take_place(map: &mut Map, list: &[Node], findings: &mut Findings) -> Option<usize> {
    if let (Some(before), Some(after)) = (map.get("before"), map.get("after")) {
        findings.push(
            Finding::error(Code::InvalidValue, before.span, "an item is added before one or after one, not both")
                .also(after.span, "the other")
                .help("keep one of them"),
        );
    }
    let mut place = list.iter().position(|item| item_id(item) == Some("otherwise")).unwrap_or(list.len());
    for (key, offset) in [("before", 0), ("after", 1)] {
        let Some(at) = map.entries.iter().position(|entry| entry.key == key) else { continue };
        let entry = map.entries.remove(at);
        let id = entry.value.as_text(&format!("`{key}`"), findings)?;
        match list.iter().position(|item| item_id(item) == Some(id)) {
            Some(found) => place = found + offset,
            None => {
                findings.push(
                    Finding::error(
                        Code::OverlayTargetMissing,
                        entry.value.span,
                        format!("there is no item `{id}` here"),
                    )
                    .maybe_help(did_you_mean(id, list.iter().filter_map(item_id))),
                );
                return None;
            }
        }
    }
    Some(place)
}

fn remove(target: &mut Target<'_>, path: &str, span: Span, findings: &mut Findings) -> Option<String> {
    target.find(path, span, findings)?;
    let (parent_path, id) = path.rsplit_once('/').unwrap_or(("", path));
    target.forget(path);
    if parent_path.is_empty() {
        target.root.entries.retain(|entry| entry.key != id);
        return Some(format!("remove {path}"));
    }
    target.places.remove(parent_path);
    let parent = target.find(parent_path, span, findings)?;
    if let Some(list) = ordered_items(parent)
        && let Some(at) = list.iter().position(|item| item_id(item) == Some(id))
    {
        list.remove(at);
    } else if let NodeKind::Map(map) = &mut parent.kind {
        map.entries.retain(|entry| entry.key != id);
    }
    Some(format!("remove {path}"))
}

/// What overlays are applied to, and where the items that they name stand in it.
struct Target<'a> {
    root: &'a mut Map,
    /// By the path of what holds the items.
    places: BTreeMap<String, Places>,
}

impl Target<'_> {
    /// The item of a qualified id; reports the first part of the path that is not there.
    fn find(&mut self, path: &str, span: Span, findings: &mut Findings) -> Option<&mut Node> {
        self.find_until(path, path.split('/').count(), span, findings).map(|(node, _)| node)
    }

    /// The item that so many parts of a qualified id name, and the places of what it holds; help says the whole id.
    fn find_until(
        &mut self,
        path: &str,
        depth: usize,
        span: Span,
        findings: &mut Findings,
    ) -> Option<(&mut Node, &mut Places)> {
        let parts: Vec<&str> = path.split('/').collect();
        let first = parts.first().copied().unwrap_or("");
        let named = || parts.get(..depth).unwrap_or(&parts).join("/");
        let Some(at) = self.root.entries.iter().position(|entry| entry.key == first) else {
            let sections = self.root.entries.iter().map(|entry| entry.key.as_str()).filter(|key| {
                super::assemble::is_map_section(key)
                    || matches!(*key, "segmentation" | "escalations" | "settlement" | "incentives")
            });
            let near = crate::diagnostic::nearest(first, sections);
            let help = match near {
                Some(near) => format!("did you mean `{}`?", renamed(&parts, 0, near)),
                None if self.root.get("extends").is_none() => {
                    format!("name its base under `extends:`, or declare `{path}` itself")
                }
                None => "write the section and the id, such as `facts/name`".to_owned(),
            };
            findings.push(missing(&named(), span).help(help));
            return None;
        };
        let mut node = &mut self.root.entries.get_mut(at)?.value;
        let mut held = first.to_owned();
        for (at, part) in parts.iter().enumerate().take(depth).skip(1) {
            let Some(position) = self.places.entry(held.clone()).or_default().child(node, part) else {
                findings.push(missing(&named(), span).maybe_help(meant(node, &parts, at)));
                return None;
            };
            node = match position {
                Child::Key(at) => match &mut node.kind {
                    NodeKind::Map(map) => &mut map.entries.get_mut(at)?.value,
                    _ => return None,
                },
                Child::Item(at) => ordered_items(node)?.get_mut(at)?,
            };
            held = format!("{held}/{part}");
        }
        Some((node, self.places.entry(held).or_default()))
    }

    /// Forgets the places of all that a path holds, which changes.
    fn forget(&mut self, path: &str) {
        let known = self.places.range(path.to_owned()..).map(|(known, _)| known);
        let below: Vec<String> = known.take_while(|known| known.starts_with(path)).cloned().collect();
        for known in below {
            self.places.remove(&known);
        }
    }

    /// Forgets the places of what an item stands among, where a change gave it another id.
    fn forget_renamed(&mut self, path: &str, is_renamed: bool) {
        if let Some((parent, _)) = path.rsplit_once('/').filter(|_| is_renamed) {
            self.places.remove(parent);
        }
    }
}

/// Where the items of a node stand, by id.
#[derive(Default)]
struct Places {
    /// How often they were asked for before they were written down.
    asked: usize,
    by_id: Option<HashMap<String, Child>>,
}

impl Places {
    /// How many questions are answered by a search. A list into which every question is followed by an insertion is
    /// thus not written down again at each of them.
    const SEARCHES: usize = 8;

    fn child(&mut self, node: &Node, id: &str) -> Option<Child> {
        if self.by_id.is_none() && self.asked < Places::SEARCHES {
            self.asked += 1;
            return child(node, id);
        }
        self.by_id.get_or_insert_with(|| children(node)).get(id).copied()
    }

    /// An item is added at a place among so many.
    fn added(&mut self, id: &str, place: Child, count: usize) {
        let (Child::Key(at) | Child::Item(at)) = place;
        match &mut self.by_id {
            Some(by_id) if at == count => {
                by_id.insert(id.to_owned(), place);
            }
            Some(_) => *self = Places::default(),
            None => {}
        }
    }
}

/// The path with another part at a depth.
fn renamed(parts: &[&str], depth: usize, part: &str) -> String {
    let mut parts = parts.to_vec();
    if let Some(wrong) = parts.get_mut(depth) {
        *wrong = part;
    }
    parts.join("/")
}

/// The qualified ids that may be meant where a part of a path is not there.
fn meant(node: &Node, parts: &[&str], depth: usize) -> Option<String> {
    let part = parts.get(depth).copied().unwrap_or("");
    let ids = child_ids(node);
    if let Some(near) = crate::diagnostic::nearest(part, ids.iter().map(String::as_str)) {
        return Some(format!("did you mean `{}`?", renamed(parts, depth, near)));
    }
    // A row or rule named without its table.
    if let NodeKind::Map(map) = &node.kind
        && let Some(table) = map.entries.iter().find(|entry| child(&entry.value, part).is_some())
    {
        let before = parts.get(..depth).unwrap_or(&[]).join("/");
        return Some(format!("did you mean `{before}/{}/{part}`?", table.key));
    }
    let ids: Vec<String> = ids.iter().map(|id| renamed(parts, depth, id)).collect();
    match ids.as_slice() {
        [] => None,
        [only] => Some(format!("only `{only}` is possible here")),
        few => {
            let list: Vec<String> = few.iter().take(20).map(|id| format!("`{id}`")).collect();
            Some(format!("one of {}", list.join(", ")))
        }
    }
}

fn missing(path: &str, span: Span) -> Finding {
    Finding::error(Code::OverlayTargetMissing, span, format!("there is no `{path}`"))
}

#[derive(Clone, Copy)]
enum Child {
    Key(usize),
    Item(usize),
}

fn child(node: &Node, id: &str) -> Option<Child> {
    if let NodeKind::Map(map) = &node.kind
        && let Some(at) = map.entries.iter().position(|entry| entry.key == id && !id.starts_with('@'))
    {
        return Some(Child::Key(at));
    }
    let items = items_of(node)?;
    items.iter().position(|item| item_id(item) == Some(id)).map(Child::Item)
}

/// All that `child` finds, by id.
fn children(node: &Node) -> HashMap<String, Child> {
    let mut by_id = HashMap::new();
    if let NodeKind::Map(map) = &node.kind {
        for (at, entry) in map.entries.iter().enumerate().filter(|(_, entry)| !entry.key.starts_with('@')) {
            by_id.entry(entry.key.clone()).or_insert(Child::Key(at));
        }
    }
    for (at, item) in items_of(node).unwrap_or_default().iter().enumerate() {
        if let Some(id) = item_id(item) {
            by_id.entry(id.to_owned()).or_insert(Child::Item(at));
        }
    }
    by_id
}

fn child_ids(node: &Node) -> Vec<String> {
    match items_of(node) {
        Some(items) => items.iter().filter_map(item_id).map(str::to_owned).collect(),
        None => match &node.kind {
            NodeKind::Map(map) => {
                map.entries.iter().map(|entry| entry.key.clone()).filter(|key| !key.starts_with('@')).collect()
            }
            _ => Vec::new(),
        },
    }
}

/// The key of a map's ordered items: a table's rows, a rule list's rules, a contact policy's rules.
fn items_key(map: &Map) -> Option<&'static str> {
    [ROWS, "list", "rules", "offers", "gates"].into_iter().find(|key| map.get(key).is_some())
}

/// The ordered items of a node: the list itself, or those of a map.
pub(super) fn items_of(node: &Node) -> Option<&[Node]> {
    match &node.kind {
        NodeKind::List(list) => Some(list),
        NodeKind::Map(map) => match &map.get(items_key(map)?)?.kind {
            NodeKind::List(list) => Some(list),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn ordered_items(node: &mut Node) -> Option<&mut Vec<Node>> {
    match &mut node.kind {
        NodeKind::List(list) => Some(list),
        NodeKind::Map(map) => {
            let key = items_key(map)?;
            match &mut map.entries.iter_mut().find(|entry| entry.key == key)?.value.kind {
                NodeKind::List(list) => Some(list),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What an ordered item is called.
pub(super) fn item_id(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Map(map) => item_id_of(map),
        _ => None,
    }
}

fn item_id_of(item: &Map) -> Option<&str> {
    item.get("id")
        .or_else(|| item.get("row"))
        .or_else(|| item.get("name"))
        .or_else(|| item.get("to"))
        .and_then(Node::text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{COLUMNS, ROWS, apply};
    use crate::diagnostic::Findings;
    use crate::source::{Snippet, Sources, Span};
    use crate::syntax::{Entry, Map, Node, NodeKind, Style};

    fn place() -> Span {
        let mut sources = Sources::default();
        let id = sources.add("pack.yaml", "text");
        sources.span(id, 0, 4)
    }

    fn text(text: &str) -> Node {
        Node::scalar(Snippet::verbatim(text, place()), Style::Plain)
    }

    fn map(entries: Vec<(&str, Node)>) -> Node {
        let entry = |(key, value): (&str, Node)| Entry { key: key.to_owned(), key_span: place(), value };
        let entries = entries.into_iter().map(entry).collect();
        Node { span: place(), kind: NodeKind::Map(Map { entries, is_damaged: false }) }
    }

    fn list(items: Vec<Node>) -> Node {
        Node { span: place(), kind: NodeKind::List(items) }
    }

    fn root() -> Map {
        let rows = ["r1", "r2", "r3", "otherwise"].map(|id| map(vec![("row", text(id)), ("then x", text("1"))]));
        let rules = ["r1", "r2", "r3"].map(|id| map(vec![("id", text(id)), ("when", text("disputed"))]));
        let table = map(vec![(COLUMNS, list(vec![])), (ROWS, list(rows.into()))]);
        let sections = map(vec![
            ("facts", map(vec![("r1", text("a")), ("r2", text("b")), ("r3", text("c"))])),
            ("tables", map(vec![("r1", table.clone()), ("r2", table)])),
            ("escalations", list(rules.into())),
        ]);
        let NodeKind::Map(root) = sections.kind else { return Map::default() };
        root
    }

    /// A value that may keep, take or lose the name and the rows of an item.
    fn value() -> impl Strategy<Value = Node> {
        let row = |id: &str| map(vec![("row", text(id))]);
        prop_oneof![
            Just(text("d")),
            Just(map(vec![("because", text("e"))])),
            Just(map(vec![("name", text("r4"))])),
            Just(map(vec![("after", text("r2")), ("because", text("f"))])),
            Just(map(vec![(ROWS, list(vec![row("r2"), row("r5")]))])),
        ]
    }

    fn operation() -> impl Strategy<Value = Entry> {
        let path = "(facts|tables|escalations|rules|tables/r[1-3])/r[1-6]";
        (prop_oneof!["add", "add", "change", "replace", "remove"], path, value()).prop_map(|(key, path, value)| {
            let value = if key == "remove" { list(vec![text(&path)]) } else { map(vec![(path.as_str(), value)]) };
            Entry { key, key_span: place(), value }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn places_that_are_kept_are_those_that_a_search_finds(
            operations in prop::collection::vec(operation(), 0..120),
        ) {
            let (mut kept, mut searched) = (root(), root());
            let (mut kept_findings, mut searched_findings) = (Findings::default(), Findings::default());
            let (mut kept_log, mut searched_log) = (Vec::new(), Vec::new());
            for operation in &operations {
                // A single operation asks too little for places to be written down.
                let single = Map { entries: vec![operation.clone()], is_damaged: false };
                apply(&mut searched, &single, &mut searched_findings, &mut searched_log);
            }
            apply(&mut kept, &Map { entries: operations, is_damaged: false }, &mut kept_findings, &mut kept_log);
            prop_assert_eq!(format!("{kept:?}"), format!("{searched:?}"));
            prop_assert_eq!(format!("{kept_findings:?}"), format!("{searched_findings:?}"));
            prop_assert_eq!(kept_log, searched_log);
        }
    }
}
