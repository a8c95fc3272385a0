//! The files that rule files name: tables as CSV, scripts.

use std::collections::BTreeSet;

use super::{Assembler, COLUMNS, ROWS};
use crate::diagnostic::{Code, Finding};
use crate::load::{self, PackFiles};
use crate::source::{Snippet, SourceId, Span};
use crate::syntax::node::Style;
use crate::syntax::{Entry, Grid, Map, Node, NodeKind, csv_grid, grid};

/// The sections in which scripts stand.
const SCRIPTED: [&str; 7] = ["functions", "segmentation", "tables", "rules", "escalations", "incentives", "settlement"];

impl Assembler<'_> {
    /// Replaces `grid` and `file` of every table by its rows.
    pub(super) fn grids(&mut self, pack: &str, files: &PackFiles, own: &mut Map, used: &mut BTreeSet<String>) {
        for entry in &mut own.entries {
            if SCRIPTED.contains(&entry.key.as_str()) {
                self.script_files(pack, files, &mut entry.value, used);
            }
            match (entry.key.as_str(), &mut entry.value.kind) {
                ("segmentation", NodeKind::Map(table)) => self.table_rows(pack, files, table, used),
                ("tables", NodeKind::Map(tables)) => {
                    for table in &mut tables.entries {
                        if let NodeKind::Map(map) = &mut table.value.kind {
                            self.table_rows(pack, files, map, used);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The same for tables that overlays bring along.
    pub(super) fn overlay_grids(
        &mut self,
        pack: &str,
        files: &PackFiles,
        overlays: &mut Map,
        used: &mut BTreeSet<String>,
    ) {
        for operation in &mut overlays.entries {
            let NodeKind::Map(items) = &mut operation.value.kind else { continue };
            for item in &mut items.entries {
                let section = item.key.split('/').next().unwrap_or("");
                if SCRIPTED.contains(&section) {
                    self.script_files(pack, files, &mut item.value, used);
                }
                let is_table = item.key == "segmentation"
                    || item.key.strip_prefix("tables/").is_some_and(|name| !name.contains('/'));
                if is_table && let NodeKind::Map(table) = &mut item.value.kind {
                    self.table_rows(pack, files, table, used);
                }
            }
        }
    }

    fn table_rows(&mut self, pack: &str, files: &PackFiles, table: &mut Map, used: &mut BTreeSet<String>) {
        let grid_at = table.entries.iter().position(|entry| entry.key == "grid");
        let file_at = table.entries.iter().position(|entry| entry.key == "file");
        if let (Some(grid), Some(file)) = (grid_at, file_at) {
            let span = table.entries.get(grid).map(|entry| entry.key_span);
            if let (Some(span), Some(file)) = (span, table.entries.get(file)) {
                self.findings.push(
                    Finding::error(Code::UnknownKey, span, "a table has `grid` or `file`, not both")
                        .also(file.key_span, "the file")
                        .help("keep one of them"),
                );
            }
        }
        let parsed = if let Some(entry) = grid_at.and_then(|at| table.entries.get(at)) {
            Grid::parse(&entry.value, self.findings).map(|grid| (grid, entry.key_span))
        } else if let Some(entry) = file_at.and_then(|at| table.entries.get(at)) {
            let delimiter = table.get("delimiter").and_then(Node::text).and_then(single_char).unwrap_or(',');
            let entry = entry.clone();
            self.grid_file(pack, files, &entry, delimiter, used).map(|grid| (grid, entry.key_span))
        } else {
            return;
        };
        if let Some((grid, key_span)) = parsed {
            table.entries.push(Entry { key: COLUMNS.to_owned(), key_span, value: columns_node(&grid, key_span) });
            table.entries.push(Entry { key: ROWS.to_owned(), key_span, value: rows_node(grid, key_span) });
        }
    }

    fn grid_file(
        &mut self,
        pack: &str,
        files: &PackFiles,
        entry: &Entry,
        delimiter: char,
        used: &mut BTreeSet<String>,
    ) -> Option<Grid> {
        let (path, source) = self.named_file(files, &entry.value, "`file`", "the table below `grid: |`", used)?;
        if !path.ends_with(".csv") {
            self.findings.push(
                Finding::error(Code::NotYetSupported, entry.value.span, format!("`{path}` is not a CSV file"))
                    .help("save the table as CSV"),
            );
            return None;
        }
        self.digested.push((format!("{pack}/{path}"), source));
        csv_grid::parse(source, delimiter, self.sources, self.findings)
    }

    /// Puts the texts of files in the places of their names, in all that is below a node.
    fn script_files(&mut self, pack: &str, files: &PackFiles, node: &mut Node, used: &mut BTreeSet<String>) {
        match &mut node.kind {
            NodeKind::Map(map) => {
                self.script_file(pack, files, map, used);
                map.entries.iter_mut().for_each(|entry| self.script_files(pack, files, &mut entry.value, used));
            }
            NodeKind::List(items) => {
                items.iter_mut().for_each(|item| self.script_files(pack, files, item, used));
            }
            _ => {}
        }
    }

    /// Puts the text of the file that `script` names in its place.
    pub(super) fn script_file(
        &mut self,
        pack: &str,
        files: &PackFiles,
        function: &mut Map,
        used: &mut BTreeSet<String>,
    ) {
        let Some(entry) = function.entries.iter_mut().find(|entry| entry.key == "script") else { return };
        if !entry.value.text().is_some_and(|text| text.ends_with(".rhai") && !text.contains('\n')) {
            return;
        }
        let named = self.named_file(files, &entry.value, "`script`", "the script below `script: |`", used);
        let Some((path, source)) = named else { return };
        self.digested.push((format!("{pack}/{path}"), source));
        let text = self.sources.get(source).map_or("", |source| source.text.as_str());
        let whole = Snippet::verbatim(text, self.sources.span(source, 0, text.len()));
        entry.value = Node::scalar(whole, Style::Block);
    }

    /// The file that a node names, seen from the pack's folder; `instead` is what can be written without a file.
    fn named_file(
        &mut self,
        files: &PackFiles,
        node: &Node,
        what: &str,
        instead: &str,
        used: &mut BTreeSet<String>,
    ) -> Option<(String, SourceId)> {
        let named = node.as_text(what, self.findings)?;
        if named.contains('\\') && !named.contains(':') {
            let path = named.replace('\\', "/");
            self.findings.push(
                Finding::error(Code::PathOutsidePack, node.span, "a path inside the pack is written with `/`")
                    .help(format!("write `{path}`")),
            );
            used.extend(load::inside(&path));
            return None;
        }
        let Some(path) = load::inside(named) else {
            self.findings.push(
                Finding::error(Code::PathOutsidePack, node.span, format!("`{named}` leaves the pack's folder"))
                    .help("name a file inside the pack, seen from its folder"),
            );
            return None;
        };
        used.insert(path.clone());
        let Some(source) = files.files.get(&path).copied() else {
            if !files.refused.contains(&path) {
                let grids = || files.files.keys().map(String::as_str).filter(|known| !load::is_document(known));
                let file_name = |path: &str| path.rsplit('/').next().unwrap_or("").to_lowercase();
                let near = grids()
                    .find(|known| file_name(known) == file_name(&path))
                    .or_else(|| crate::diagnostic::nearest(&path, grids()));
                // The file that is meant is not reported as unused besides.
                used.extend(near.map(str::to_owned));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("put the file into the pack, or write {instead}"),
                };
                self.findings.push(
                    Finding::error(Code::MissingFile, node.span, format!("the pack has no file `{path}`")).help(help),
                );
            }
            return None;
        };
        Some((path, source))
    }

    pub(super) fn unused(&mut self, files: &PackFiles, used: &BTreeSet<String>) {
        for (path, source) in &files.files {
            if !used.contains(path) && !load::is_document(path.rsplit('/').next().unwrap_or(path)) {
                self.findings.push(
                    Finding::error(Code::UnusedFile, self.sources.head(*source), "no rule file names this file")
                        .help("name it with `file:` or `script:`, or move it out of the pack"),
                );
            }
        }
    }
}

fn single_char(text: &str) -> Option<char> {
    match text {
        "\\t" | "tab" => Some('\t'),
        _ => text.chars().next().filter(|c| text.len() == c.len_utf8()),
    }
}

fn columns_node(grid: &Grid, span: Span) -> Node {
    Node { span, kind: NodeKind::List(grid.header.iter().cloned().map(grid::cell_node).collect()) }
}

fn rows_node(grid: Grid, span: Span) -> Node {
    let Grid { header, rows } = grid;
    let rows = rows
        .into_iter()
        .map(|row| {
            let span = row.first().zip(row.last()).map_or(span, |(first, last)| first.whole().to(last.whole()));
            let entries: Vec<Entry> = header
                .iter()
                .zip(row)
                .map(|(name, cell)| Entry {
                    key: name.text.clone(),
                    key_span: name.whole(),
                    value: grid::cell_node(cell),
                })
                .collect();
            Node { span, kind: NodeKind::Map(Map { entries, is_damaged: false }) }
        })
        .collect();
    Node { span, kind: NodeKind::List(rows) }
}
