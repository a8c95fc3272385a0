//! The files of a pack and its bases into one document.
//!
//! Each file's top-level keys go to their section: maps of several files add up, an ordered list lives in one. Grids
//! become lists of rows. Bases come first, then the pack's own items, then its overlays.

mod files;
mod plugins;

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::overlay;
pub(crate) use plugins::PLUGIN;

use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::error::Error;
use crate::load::{self, Library};
use crate::source::{SourceId, Sources, Span};
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node, NodeKind, yaml};

/// Keys of the header, which a pack says once.
pub(crate) const HEADER: [&str; 10] =
    ["pack", "version", "format", "title", "currency", "time_zone", "calendar", "extends", "rounding", "channels"];
/// Sections that are maps of named items.
const MAPS: [&str; 17] = [
    "records",
    "inputs",
    "plugins",
    "functions",
    "facts",
    "tables",
    "rules",
    "scores",
    "actions",
    "templates",
    "workflows",
    "contact",
    "metrics",
    "experiments",
    "rates",
    "calendars",
    "samples",
];
/// Sections that are one ordered thing.
const WHOLE: [&str; 4] = ["segmentation", "escalations", "settlement", "incentives"];
/// Overlays, by qualified id.
const OVERLAYS: [&str; 4] = ["change", "replace", "add", "remove"];

/// How deep packs may extend each other.
const EXTENDS: usize = 16;

/// The key under which a grid's rows stand in its table.
pub(crate) const ROWS: &str = "@rows";
/// The key under which a grid's header stands in its table.
pub(crate) const COLUMNS: &str = "@columns";

/// A pack as one document, its bases and overlays worked in.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) name: String,
    /// The merged sections and header.
    pub(crate) root: Map,
    /// Where findings about the whole pack are shown.
    pub(crate) head: Span,
    /// SHA-256 over the sorted paths and contents of all that affects its meaning.
    pub(crate) digest: String,
    /// Whether a plugin was refused: then functions may be missing for that.
    pub(crate) lacks_plugin: bool,
    /// What the overlays did, for `check -v`.
    pub(crate) overlays: Vec<String>,
}

/// Reads and assembles the pack of this name.
///
/// # Errors
/// When its folder cannot be read.
pub(crate) fn assemble(
    library: &Library,
    pack: &str,
    sources: &mut Sources,
    findings: &mut Findings,
) -> Result<Option<Assembled>, Error> {
    let mut assembler = Assembler {
        library,
        sources,
        findings,
        digested: Vec::new(),
        overlays: Vec::new(),
        open: Vec::new(),
        merged: Vec::new(),
    };
    let Some((mut root, head)) = assembler.pack(pack)? else { return Ok(None) };
    let lacks_plugin = assembler.plugins(&mut root)?;
    let mut digested = std::mem::take(&mut assembler.digested);
    let overlays = std::mem::take(&mut assembler.overlays);
    digested.sort();
    digested.dedup();
    let mut hash = Sha256::new();
    for (path, source) in digested {
        let text = sources.get(source).map_or("", |source| source.text.as_str());
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(text.replace("\r\n", "\n").as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(Assembled { name: pack.to_owned(), root, head, digest, lacks_plugin, overlays }))
}

struct Assembler<'a> {
    library: &'a Library,
    sources: &'a mut Sources,
    findings: &'a mut Findings,
    digested: Vec<(String, SourceId)>,
    overlays: Vec<String>,
    /// The packs being read, to see circles.
    open: Vec<String>,
    /// The bases that were merged already.
    merged: Vec<String>,
}

impl Assembler<'_> {
    fn pack(&mut self, name: &str) -> Result<Option<(Map, Span)>, Error> {
        self.open.push(name.to_owned());
        let files = self.library.read(name, self.sources, self.findings)?;
        let mut own = Sections::default();
        let mut overlays = Sections::default();
        let mut used = BTreeSet::new();
        for (path, source) in &files.files {
            if path.ends_with(".yml") {
                self.findings.push(
                    Finding::error(Code::YmlExtension, self.sources.head(*source), "rule files end in `.yaml`")
                        .help("rename this file, or it would not be read"),
                );
                used.insert(path.clone());
            }
            if !path.ends_with(".yaml") {
                continue;
            }
            used.insert(path.clone());
            let Some(document) = yaml::parse(*source, self.sources, self.findings) else { continue };
            document.as_map("a rule file", self.findings);
            let NodeKind::Map(map) = document.kind else { continue };
            if map.entries.iter().any(|entry| !matches!(entry.key.as_str(), "samples" | "tests")) {
                self.digested.push((format!("{name}/{path}"), *source));
            }
            self.sections(map, &mut own, &mut overlays);
        }
        let (mut own, mut overlays) = (own.map, overlays.map);
        self.grids(name, &files, &mut own, &mut used);
        self.overlay_grids(name, &files, &mut overlays, &mut used);
        self.unused(&files, &used);
        let head = own
            .entries
            .iter()
            .find(|entry| entry.key == "pack")
            .map(|entry| entry.key_span)
            .or_else(|| files.files.values().next().map(|id| self.sources.head(*id)));
        let Some(head) = head else {
            let id = self.sources.add(format!("{name}/pack.yaml"), "");
            if files.refused.is_empty() {
                self.findings.push(
                    Finding::error(Code::MissingPack, self.sources.head(id), format!("`{name}` holds no rule files"))
                        .help("a pack is a folder with a `pack.yaml`; `recoup new DIR` starts one"),
                );
            }
            self.open.pop();
            return Ok(None);
        };
        let mut root = Sections::default();
        self.bases(name, &own, &mut root)?;
        self.merge(own, &mut root);
        let mut root = root.map;
        overlay::apply(&mut root, &overlays, self.findings, &mut self.overlays);
        self.open.pop();
        Ok(Some((root, head)))
    }

    /// Sorts one file's top-level keys into sections.
    fn sections(&mut self, map: Map, own: &mut Sections, overlays: &mut Sections) {
        for entry in map.entries {
            let key = entry.key.as_str();
            if matches!(entry.value.kind, NodeKind::Null) {
                self.findings.push(
                    Finding::error(Code::WrongKind, entry.key_span, format!("`{key}` has no value"))
                        .help("give it a value, or remove the key"),
                );
                continue;
            }
            if HEADER.contains(&key) || WHOLE.contains(&key) {
                self.add_whole(entry, own);
            } else if MAPS.contains(&key) || OVERLAYS.contains(&key) && key != "remove" {
                let target = if MAPS.contains(&key) { &mut *own } else { &mut *overlays };
                entry.value.as_map(&format!("`{key}`"), self.findings);
                target.add_items(entry, self.findings, &duplicate_here);
            } else if key == "tests" || key == "remove" {
                let target = if key == "tests" { &mut *own } else { &mut *overlays };
                entry.value.as_list(&format!("`{key}`"), self.findings);
                target.add_list(entry);
            } else {
                let known = HEADER.iter().chain(&MAPS).chain(&WHOLE).chain(&OVERLAYS).chain(&["tests"]).copied();
                self.findings.push(
                    Finding::error(Code::UnknownKey, entry.key_span, format!("a rule file has no key `{key}`"))
                        .maybe_help(did_you_mean(key, known.collect::<Vec<_>>().iter().copied())),
                );
            }
        }
    }

    fn add_whole(&mut self, entry: Entry, own: &mut Sections) {
        if let Some(first) = own.map.entries.iter().find(|known| known.key == entry.key) {
            self.findings.push(
                Finding::error(
                    Code::DuplicateId,
                    entry.key_span,
                    format!("a pack says `{}` once, in one file", entry.key),
                )
                .also(first.key_span, "first here")
                .help(if HEADER.contains(&entry.key.as_str()) {
                    "remove one of them"
                } else {
                    "put both parts into one file"
                }),
            );
        } else {
            own.map.entries.push(entry);
        }
    }

    /// Merges the packs that `extends` names, left to right.
    fn bases(&mut self, name: &str, own: &Map, root: &mut Sections) -> Result<(), Error> {
        let Some(node) = own.get("extends") else { return Ok(()) };
        let Some(bases) = node.as_list("`extends`", self.findings) else { return Ok(()) };
        for base in bases {
            let Some(base_name) = base.as_text("a base", self.findings) else { continue };
            if self.open.iter().any(|open| open == base_name) {
                let circle = self.open.iter().map(String::as_str).chain([base_name]).collect::<Vec<_>>().join(" -> ");
                self.findings.push(
                    Finding::error(Code::ExtendsCycle, base.span, format!("packs extend each other: {circle}"))
                        .help("a pack extends packs that do not need it"),
                );
                continue;
            }
            if !load::is_plain_name(base_name) {
                self.findings.push(
                    Finding::error(
                        Code::PathOutsidePack,
                        base.span,
                        format!("`{base_name}` is not the name of a pack"),
                    )
                    .help("bases are found by name, in the folder that this pack lies in"),
                );
                continue;
            }
            if !self.library.has(base_name) {
                let names = self.library.names();
                let others = names.iter().map(String::as_str).filter(|other| *other != name);
                self.findings.push(
                    Finding::error(
                        Code::UnknownPack,
                        base.span,
                        format!("there is no pack `{base_name}` beside this one"),
                    )
                    .help(did_you_mean(base_name, others).unwrap_or_else(|| {
                        "put the base's folder beside this pack's folder, or remove it from `extends`".to_owned()
                    })),
                );
                continue;
            }
            if self.merged.iter().any(|merged| merged == base_name) {
                // Two bases may share one: it is merged once.
                continue;
            }
            if self.open.len() >= EXTENDS {
                let message = format!("packs extend each other deeper than {EXTENDS}");
                self.findings.push(Finding::error(Code::ExtendsCycle, base.span, message).help("merge some of them"));
                continue;
            }
            self.merged.push(base_name.to_owned());
            if let Some((mut base_root, _)) = self.pack(base_name)? {
                base_root.entries.retain(|entry| !matches!(entry.key.as_str(), "tests" | "extends"));
                self.merge(base_root, root);
            }
        }
        Ok(())
    }

    /// Adds a pack's sections to what its bases gave: header keys win, maps add up, the rest may stand once.
    fn merge(&mut self, own: Map, root: &mut Sections) {
        for entry in own.entries {
            let key = entry.key.as_str();
            if HEADER.contains(&key) {
                root.map.entries.retain(|known| known.key != key);
                root.map.entries.push(entry);
            } else if MAPS.contains(&key) {
                root.add_items(entry, self.findings, &duplicate_of_base);
            } else if let Some(known) = root.map.entries.iter().find(|known| known.key == key) {
                self.findings.push(
                    Finding::error(Code::DuplicateId, entry.key_span, format!("a base already has `{key}`"))
                        .also(known.key_span, "in the base")
                        .help(format!(
                            "say what differs: `change:`, `replace:`, `add:` or `remove:` with ids such as `{key}/ID`"
                        )),
                );
            } else {
                root.map.entries.push(entry);
            }
        }
    }
}

/// Sections that are being put together, and where the items of each stand in it.
#[derive(Default)]
struct Sections {
    map: Map,
    /// By section and id. INVARIANT: complete for a section that `add_items` began, for nobody else adds to it.
    places: HashMap<String, HashMap<String, usize>>,
}

impl Sections {
    /// Adds named items to their section, reporting an id that is there already with `duplicate`.
    fn add_items(
        &mut self,
        section: Entry,
        findings: &mut Findings,
        duplicate: &dyn Fn(&str, &Entry, &Entry) -> Finding,
    ) {
        let NodeKind::Map(items) = section.value.kind else { return };
        let at = match self.map.entries.iter().position(|known| known.key == section.key) {
            Some(at) => at,
            None => {
                let value = Node { span: section.value.span, kind: NodeKind::Map(Map::default()) };
                self.map.entries.push(Entry { key: section.key.clone(), key_span: section.key_span, value });
                self.map.entries.len() - 1
            }
        };
        let Some(Entry { value: Node { kind: NodeKind::Map(known), .. }, .. }) = self.map.entries.get_mut(at) else {
            return;
        };
        let places = self.places.entry(section.key.clone()).or_default();
        for item in items.entries {
            match places.get(&item.key).and_then(|place| known.entries.get_mut(*place)) {
                Some(first) => {
                    if section.key == "records" && add_fields(first, &item, findings) {
                        continue;
                    }
                    findings.push(duplicate(&section.key, &item, first));
                }
                None => {
                    places.insert(item.key.clone(), known.entries.len());
                    known.entries.push(item);
                }
            }
        }
    }

    /// Adds the items of a list to those of its section.
    fn add_list(&mut self, section: Entry) {
        let NodeKind::List(items) = section.value.kind else { return };
        match self.map.entries.iter_mut().find(|known| known.key == section.key) {
            Some(Entry { value: Node { kind: NodeKind::List(list), .. }, .. }) => list.extend(items),
            _ => {
                self.map.entries.push(Entry { value: Node { kind: NodeKind::List(items), ..section.value }, ..section })
            }
        }
    }
}

/// A record that says nothing but fields adds them to the record of the same name.
fn add_fields(record: &mut Entry, more: &Entry, findings: &mut Findings) -> bool {
    let (NodeKind::Map(known), NodeKind::Map(more)) = (&mut record.value.kind, &more.value.kind) else { return false };
    let [Entry { key, value: Node { kind: NodeKind::Map(fields), .. }, .. }] = more.entries.as_slice() else {
        return false;
    };
    if key != "fields" {
        return false;
    }
    let Some(Node { kind: NodeKind::Map(known), .. }) =
        known.entries.iter_mut().find(|entry| entry.key == "fields").map(|entry| &mut entry.value)
    else {
        return false;
    };
    let places: HashMap<String, Span> = known.entries.iter().map(|first| (first.key.clone(), first.key_span)).collect();
    for field in &fields.entries {
        match places.get(&field.key) {
            Some(first) => findings.push(
                Finding::error(
                    Code::DuplicateId,
                    field.key_span,
                    format!("the field `{}` is declared twice", field.key),
                )
                .also(*first, "first here")
                .help("remove one, or change it with `change:`"),
            ),
            None => known.entries.push(field.clone()),
        }
    }
    true
}

fn duplicate_here(section: &str, item: &Entry, first: &Entry) -> Finding {
    if OVERLAYS.contains(&section) {
        return Finding::error(Code::DuplicateId, item.key_span, format!("`{section}` names `{}` twice", item.key))
            .also(first.key_span, "first here")
            .help("put both into one");
    }
    Finding::error(Code::DuplicateId, item.key_span, format!("`{section}/{}` stands twice", item.key))
        .also(first.key_span, "first here")
        .help("remove one, or give it another id")
}

fn duplicate_of_base(section: &str, item: &Entry, first: &Entry) -> Finding {
    let id = format!("{section}/{}", item.key);
    Finding::error(Code::DuplicateId, item.key_span, format!("a base already has `{id}`"))
        .also(first.key_span, "in the base")
        .help(format!(
            "write `change:` with `{id}:` for some of its keys, `replace:` for all of it, or choose another id"
        ))
}

/// A reader of one of the assembled document's items.
pub(crate) fn reader<'a>(node: &'a Node, what: &str, findings: &mut Findings) -> Option<MapReader<'a>> {
    MapReader::new(node, what, findings)
}

/// Whether a section is a map of named items, which an overlay may begin.
pub(crate) fn is_map_section(key: &str) -> bool {
    MAPS.contains(&key)
}
