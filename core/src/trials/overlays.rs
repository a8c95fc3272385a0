//! Random changes of a pack, written as overlays of arms and of packs alike.

use std::collections::BTreeSet;

use crate::corpus::flow;
use crate::diagnostic::Findings;
use crate::generated::random::Random;
use crate::source::Sources;
use crate::syntax::{Grid, Map, Node, NodeKind, yaml};

/// One change of one item.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// The qualified id of what changes: no two changes of one pack have the same.
    pub(super) target: String,
    key: &'static str,
    path: String,
    /// YAML in one line; nothing for what is removed.
    value: Option<String>,
}

/// Items that stand in one ordered list.
struct Holder {
    path: String,
    items: Vec<Item>,
    is_whole: bool,
}

/// An item: its id, and its other keys with their values as YAML in one line.
struct Item {
    id: String,
    keys: Vec<(String, String)>,
    /// Whether it has an id of its own.
    has_id: bool,
}

/// What of a pack can be changed.
#[derive(Default)]
pub(super) struct Changeable {
    holders: Vec<Holder>,
    /// Facts of one line, with their text.
    facts: Vec<(String, String)>,
    has_settlement: bool,
    has_instalments: bool,
}

impl Changeable {
    /// Of the files of a pack.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Changeable {
        let mut found = Changeable::default();
        for text in texts {
            let mut sources = Sources::default();
            let mut findings = Findings::default();
            let id = sources.add("file".to_owned(), text.to_owned());
            if let Some(Node { kind: NodeKind::Map(map), .. }) = yaml::parse(id, &sources, &mut findings) {
                found.document(&map);
            }
        }
        found
    }

    /// The same, with the facts as they are.
    pub(super) fn without_facts(self) -> Changeable {
        Changeable { facts: Vec::new(), ..self }
    }

    fn document(&mut self, document: &Map) {
        for entry in &document.entries {
            match (entry.key.as_str(), &entry.value.kind) {
                ("segmentation", NodeKind::Map(table)) => self.table("segmentation".to_owned(), table),
                ("tables", NodeKind::Map(tables)) => {
                    each(tables, |name, map| self.table(format!("tables/{name}"), map))
                }
                ("rules", NodeKind::Map(rules)) => {
                    each(rules, |name, map| self.list(format!("rules/{name}"), map.get("list")));
                }
                ("scores", NodeKind::Map(scores)) => {
                    for score in &scores.entries {
                        self.list(format!("scores/{}", score.key), Some(&score.value));
                    }
                }
                ("escalations", _) => self.list("escalations".to_owned(), Some(&entry.value)),
                ("settlement", NodeKind::Map(settlement)) => {
                    self.has_settlement = true;
                    self.has_instalments = settlement.get("instalments").is_some();
                    self.list("settlement/modifiers".to_owned(), settlement.get("modifiers"));
                }
                ("incentives", NodeKind::Map(incentives)) => each(incentives, |name, map| {
                    self.list(format!("incentives/{name}"), map.get("offers"));
                }),
                ("workflows", NodeKind::Map(workflows)) => each(workflows, |name, map| self.workflow(name, map)),
                ("facts", NodeKind::Map(facts)) => {
                    let lines = facts.entries.iter().filter_map(|fact| Some((fact.key.clone(), fact.value.text()?)));
                    self.facts.extend(lines.map(|(name, text)| (name, text.to_owned())));
                }
                _ => {}
            }
        }
    }

    fn workflow(&mut self, name: &str, workflow: &Map) {
        self.list(format!("workflows/{name}/from_any"), workflow.get("from_any"));
        let Some(NodeKind::Map(stages)) = workflow.get("stages").map(|stages| &stages.kind) else { return };
        each(stages, |stage, map| {
            for list in ["enter", "cadence", "next"] {
                self.list(format!("workflows/{name}/stages/{stage}/{list}"), map.get(list));
            }
        });
    }

    fn table(&mut self, path: String, table: &Map) {
        let Some(grid) = table.get("grid").and_then(|grid| Grid::parse(grid, &mut Findings::default())) else { return };
        let at = grid.header.iter().position(|name| name.text == "row");
        let rows = grid.rows.iter().filter_map(|row| {
            let cells = grid.header.iter().zip(row).filter(|(name, _)| name.text != "row");
            let quoted = |text: &str| format!("'{}'", text.trim().replace('\'', "''"));
            let keys = cells.map(|(name, cell)| (name.text.clone(), quoted(&cell.text))).collect();
            Some(Item { id: row.get(at?)?.text.clone(), keys, has_id: true })
        });
        let items: Vec<Item> = rows.filter(|item| item.id != "otherwise").collect();
        self.holders.push(Holder { path, items, is_whole: true });
    }

    fn list(&mut self, path: String, list: Option<&Node>) {
        let Some(NodeKind::List(items)) = list.map(|list| &list.kind) else { return };
        let items = items.iter().filter_map(|item| {
            let NodeKind::Map(map) = &item.kind else { return None };
            let id = map.get("id").or_else(|| map.get("to"))?.text()?.to_owned();
            // What is recorded of an escalation goes by its id, and so is its cooldown.
            let keys = map.entries.iter().filter(|entry| !matches!(entry.key.as_str(), "id" | "cooldown"));
            let keys = keys.map(|entry| (entry.key.clone(), flow(&entry.value))).collect();
            Some(Item { id, keys, has_id: map.get("id").is_some() && map.get("cooldown").is_none() })
        });
        self.holders.push(Holder { path, items: items.collect(), is_whole: false });
    }

    /// A change of something that is not among `taken`, which then is.
    pub(super) fn change(&self, random: &mut Random, number: usize, taken: &mut BTreeSet<String>) -> Option<Change> {
        let change = match random.below(10) {
            0 if self.has_settlement => self.term(random),
            1 | 2 if !self.facts.is_empty() => Some(self.fact(random)),
            _ => self.item(random, number),
        }?;
        taken.insert(change.target.clone()).then_some(change)
    }

    fn term(&self, random: &mut Random) -> Option<Change> {
        let (target, path, value) = match random.below(4) {
            0 => ("settlement/floor", "settlement", "{floor: 45}"),
            1 => ("settlement/valid_for", "settlement", "{valid_for: 3 days}"),
            2 => ("settlement/round", "settlement", "{round: down}"),
            _ if self.has_instalments => ("settlement/instalments", "settlement/instalments", "{at_most: 5}"),
            _ => return None,
        };
        let (target, path) = (target.to_owned(), path.to_owned());
        Some(Change { target, key: "change", path, value: Some(value.to_owned()) })
    }

    fn fact(&self, random: &mut Random) -> Change {
        let (name, text) = random.pick(&self.facts);
        let text = match random.below(2) {
            0 => format!("if today == today {{ {text} }} else {{ unknown }}"),
            _ => format!("{text} ?? unknown"),
        };
        let path = format!("facts/{name}");
        Change { target: path.clone(), key: "replace", path, value: Some(format!("'{}'", text.replace('\'', "''"))) }
    }

    fn item(&self, random: &mut Random, number: usize) -> Option<Change> {
        let holders: Vec<&Holder> = self.holders.iter().filter(|holder| !holder.items.is_empty()).collect();
        if holders.is_empty() {
            return None;
        }
        let holder = random.pick(&holders);
        let (item, other) = (random.pick(&holder.items), random.pick(&holder.items));
        let path = format!("{}/{}", holder.path, item.id);
        let mapped = |keys: Vec<&(String, String)>| {
            let keys: Vec<String> = keys.iter().map(|(key, value)| format!("'{key}': {value}")).collect();
            format!("{{{}}}", keys.join(", "))
        };
        let all = || other.keys.iter().collect::<Vec<_>>();
        let (key, path, value) = match random.below(if item.has_id && other.has_id { 4 } else { 1 }) {
            0 => ("remove", path, None),
            1 => {
                let some = other.keys.iter().filter(|_| holder.is_whole || random.chance(60)).collect();
                ("change", path, Some(mapped(some)))
            }
            2 => ("replace", path, Some(mapped(all()))),
            _ => {
                let place = match random.below(4) {
                    0 => None,
                    1 => Some(("before".to_owned(), item.id.clone())),
                    _ => Some(("after".to_owned(), item.id.clone())),
                };
                let keys = all().into_iter().chain(&place).collect();
                ("add", format!("{}/new{number}", holder.path), Some(mapped(keys)))
            }
        };
        Some(Change { target: path.clone(), key, path, value })
    }
}

fn each(map: &Map, mut visit: impl FnMut(&str, &Map)) {
    for entry in &map.entries {
        if let NodeKind::Map(map) = &entry.value.kind {
            visit(&entry.key, map);
        }
    }
}

/// Changes as overlays, a key of YAML each, with this indent.
pub(super) fn overlays(changes: &[Change], indent: &str) -> String {
    let mut text = String::new();
    for key in ["change", "replace", "add"] {
        let mut keys: Vec<&str> = Vec::new();
        for change in changes.iter().filter(|change| change.key == key) {
            let same: Vec<&Change> =
                changes.iter().filter(|other| other.key == key && other.path == change.path).collect();
            if keys.contains(&change.path.as_str()) {
                continue;
            }
            if keys.is_empty() {
                text.push_str(&format!("{indent}{key}:\n"));
            }
            keys.push(&change.path);
            // Several keys of the settlement are one change.
            let values: Vec<&str> = same.iter().filter_map(|change| change.value.as_deref()).collect();
            let value = match values.as_slice() {
                [one] => (*one).to_owned(),
                many => {
                    let inner: Vec<&str> = many.iter().map(|value| value.trim_matches(['{', '}'])).collect();
                    format!("{{{}}}", inner.join(", "))
                }
            };
            text.push_str(&format!("{indent}  {}: {value}\n", change.path));
        }
    }
    let removed: Vec<&str> =
        changes.iter().filter(|change| change.key == "remove").map(|change| change.path.as_str()).collect();
    if !removed.is_empty() {
        text.push_str(&format!("{indent}remove: [{}]\n", removed.join(", ")));
    }
    text
}
