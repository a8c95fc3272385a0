//! Overlays: `change`, `replace`, `add`, `remove` by qualified id, each an error where its target is not as it must be.

use super::assemble::{COLUMNS, ROWS};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::source::Span;
use crate::syntax::{Entry, Map, Node, NodeKind};

/// Applies a pack's overlays to what its bases and itself have.
pub(crate) fn apply(root: &mut Map, overlays: &Map, findings: &mut Findings, log: &mut Vec<String>) {
    for operation in &overlays.entries {
        match (&operation.value.kind, operation.key.as_str()) {
            (NodeKind::Map(items), key) => {
                for item in &items.entries {
                    let done = match key {
                        "change" => change(root, item, findings),
                        "replace" => replace(root, item, findings),
                        _ => add(root, item, findings),
                    };
                    log.extend(done);
                }
            }
            (NodeKind::List(ids), _) => {
                for id in ids {
                    let Some(path) = id.as_text("a qualified id", findings) else { continue };
                    log.extend(remove(root, path, id.span, findings));
                }
            }
            _ => {}
        }
    }
}

fn change(root: &mut Map, item: &Entry, findings: &mut Findings) -> Option<String> {
    let target = find(root, &item.key, item.key_span, findings)?;
    let NodeKind::Map(known) = &mut target.kind else {
        let value = item.value.text().unwrap_or("..");
        findings.push(
            Finding::error(Code::WrongKind, item.key_span, format!("`{}` has no keys to change", item.key))
                .help(format!("use `replace:` with `{}: {value}`", item.key)),
        );
        return None;
    };
    let changes = item.value.as_map(&format!("the change of `{}`", item.key), findings)?;
    let mut keys = Vec::new();
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
    Some(format!("change {}: {}", item.key, keys.join(", ")))
}

fn replace(root: &mut Map, item: &Entry, findings: &mut Findings) -> Option<String> {
    let target = find(root, &item.key, item.key_span, findings)?;
    let mut lost = Vec::new();
    if let (NodeKind::Map(old), NodeKind::Map(new)) = (&target.kind, &item.value.kind) {
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
    if let (NodeKind::Map(old), NodeKind::Map(new)) = (&target.kind, &mut value.kind) {
        for key in ["id", "row"] {
            if let Some(entry) = old.entries.iter().find(|entry| entry.key == key) {
                new.entries.retain(|entry| entry.key != key);
                new.entries.insert(0, entry.clone());
            }
        }
    }
    *target = value;
    let lost = if lost.is_empty() { String::new() } else { format!(" (loses {})", lost.join(", ")) };
    Some(format!("replace {}{lost}", item.key))
}

fn add(root: &mut Map, item: &Entry, findings: &mut Findings) -> Option<String> {
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
    let is_section = !parent_path.contains('/') && root.get(parent_path).is_none();
    if is_section && super::assemble::is_map_section(parent_path) {
        let value = Node { span: item.value.span, kind: NodeKind::Map(Map::default()) };
        root.entries.push(Entry { key: parent_path.to_owned(), key_span: item.key_span, value });
    }
    let depth = item.key.split('/').count() - 1;
    let parent = find_until(root, &item.key, depth, item.key_span, findings)?;
    if child(parent, id).is_some() {
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
            list.insert(place?.min(list.len()), value);
        }
        None => match &mut parent.kind {
            NodeKind::Map(map) => {
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

fn remove(root: &mut Map, path: &str, span: Span, findings: &mut Findings) -> Option<String> {
    find(root, path, span, findings)?;
    let (parent_path, id) = path.rsplit_once('/').unwrap_or(("", path));
    if parent_path.is_empty() {
        root.entries.retain(|entry| entry.key != id);
        return Some(format!("remove {path}"));
    }
    let parent = find(root, parent_path, span, findings)?;
    if let Some(list) = ordered_items(parent)
        && let Some(at) = list.iter().position(|item| item_id(item) == Some(id))
    {
        list.remove(at);
    } else if let NodeKind::Map(map) = &mut parent.kind {
        map.entries.retain(|entry| entry.key != id);
    }
    Some(format!("remove {path}"))
}

/// The item of a qualified id; reports the first part of the path that is not there.
fn find<'a>(root: &'a mut Map, path: &str, span: Span, findings: &mut Findings) -> Option<&'a mut Node> {
    find_until(root, path, path.split('/').count(), span, findings)
}

/// The item that so many parts of a qualified id name; help says the whole id.
fn find_until<'a>(
    root: &'a mut Map,
    path: &str,
    depth: usize,
    span: Span,
    findings: &mut Findings,
) -> Option<&'a mut Node> {
    let parts: Vec<&str> = path.split('/').collect();
    let named = parts.get(..depth).unwrap_or(&parts).join("/");
    let first = parts.first().copied().unwrap_or("");
    let Some(at) = root.entries.iter().position(|entry| entry.key == first) else {
        let sections = root
            .entries
            .iter()
            .map(|entry| entry.key.as_str())
            .filter(|key| super::assemble::is_map_section(key) || matches!(*key, "segmentation" | "escalations"));
        let near = crate::diagnostic::nearest(first, sections);
        let help = match near {
            Some(near) => format!("did you mean `{}`?", renamed(&parts, 0, near)),
            None if root.get("extends").is_none() => {
                format!("name its base under `extends:`, or declare `{path}` itself")
            }
            None => "write the section and the id, such as `facts/name`".to_owned(),
        };
        findings.push(missing(&named, span).help(help));
        return None;
    };
    let mut node = &mut root.entries.get_mut(at)?.value;
    for (at, part) in parts.iter().enumerate().take(depth).skip(1) {
        let Some(position) = child(node, part) else {
            findings.push(missing(&named, span).maybe_help(meant(node, &parts, at)));
            return None;
        };
        node = match position {
            Child::Key(at) => match &mut node.kind {
                NodeKind::Map(map) => &mut map.entries.get_mut(at)?.value,
                _ => return None,
            },
            Child::Item(at) => ordered_items(node)?.get_mut(at)?,
        };
    }
    Some(node)
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

/// The ordered items of a node: the list itself, a table's rows, a rule list's rules.
fn items_of(node: &Node) -> Option<&[Node]> {
    match &node.kind {
        NodeKind::List(list) => Some(list),
        NodeKind::Map(map) => match &map.get(ROWS).or_else(|| map.get("list"))?.kind {
            NodeKind::List(list) => Some(list),
            _ => None,
        },
        _ => None,
    }
}

fn ordered_items(node: &mut Node) -> Option<&mut Vec<Node>> {
    match &mut node.kind {
        NodeKind::List(list) => Some(list),
        NodeKind::Map(map) => {
            let key = if map.get(ROWS).is_some() { ROWS } else { "list" };
            match &mut map.entries.iter_mut().find(|entry| entry.key == key)?.value.kind {
                NodeKind::List(list) => Some(list),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What an ordered item is called.
fn item_id(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Map(map) => map.get("id").or_else(|| map.get("row")).or_else(|| map.get("name")).and_then(Node::text),
        _ => None,
    }
}
