//! Tables, rule lists, escalations and scores out of the document: ids, outputs, cells, expressions parsed.

use std::collections::HashMap;
use std::sync::Arc;

use super::annotations::is_annotation;
use super::cells::RawCell;
use super::{Annotations, Family, HitPolicy};
use crate::check::arms;
use crate::check::assemble::{COLUMNS, ROWS};
use crate::check::expressions::{RawValue, raw_value};
use crate::check::header::Header;
use crate::check::names::report_id;
use crate::check::records::Records;
use crate::check::scripting::{RawScript, Scripting};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::Ast;
use crate::language::parse::Parser;
use crate::source::{Snippet, Span};
use crate::syntax::node::MapReader;
use crate::syntax::{Map, Node, NodeKind};
use crate::value::{Absence, Field, Type};

/// A table before names and types are known.
pub(crate) struct RawTable {
    /// The name that expressions read; nothing for the segmentation and the escalations.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) name_span: Span,
    pub(crate) id: Arc<str>,
    pub(crate) family: Family,
    pub(crate) hit: HitPolicy,
    pub(crate) outputs: Vec<Field>,
    pub(super) columns: Vec<RawColumn>,
    pub(super) rows: Vec<RawRow>,
    pub(super) otherwise: Option<RawRow>,
    pub(super) span: Span,
    /// Whether nothing in it was refused, so that it can be analysed.
    pub(crate) is_sound: bool,
}

pub(super) struct RawColumn {
    pub(super) name: Snippet,
    pub(super) ast: Option<Ast>,
}

pub(super) struct RawRow {
    pub(super) id: Arc<str>,
    pub(super) span: Span,
    pub(super) conditions: Vec<RawCondition>,
    /// One for each output.
    pub(super) outputs: Vec<Option<RawValue>>,
    pub(super) annotations: Annotations,
    pub(super) skips_unknown: bool,
    /// What gives the outputs that the row does not say, and whether it applies.
    pub(super) script: Option<RawScript>,
}

pub(super) enum RawCondition {
    Cell { column: usize, cell: RawCell },
    When(Ast, String),
    Unless(Ast, String),
}

/// Reads the document's decisions.
pub(crate) struct TableReader<'a> {
    pub(crate) header: &'a Header,
    pub(crate) parser: &'a Parser,
    pub(crate) scripting: &'a Scripting,
    pub(crate) findings: &'a mut Findings,
}

/// Where the ids of a table's rows were given first.
pub(super) type RowIds = HashMap<Arc<str>, Span>;

impl RawTable {
    /// Every name that the table reads.
    pub(crate) fn names(&self) -> Vec<(String, Span)> {
        let mut names = Vec::new();
        for ast in self.columns.iter().filter_map(|column| column.ast.as_ref()) {
            ast.names(&mut names);
        }
        for row in self.rows.iter().chain(&self.otherwise) {
            for condition in &row.conditions {
                match condition {
                    RawCondition::Cell { cell, .. } => cell.names(&mut names),
                    RawCondition::When(ast, _) | RawCondition::Unless(ast, _) => ast.names(&mut names),
                }
            }
            names.extend(row.script.iter().flat_map(RawScript::names));
            for value in row.outputs.iter().flatten() {
                if let RawValue::Computed(ast) = value {
                    ast.names(&mut names);
                }
            }
        }
        names
    }
}

impl TableReader<'_> {
    /// The segmentation, or one of `tables`.
    pub(crate) fn table(
        &mut self,
        family: Family,
        name: Option<(&str, Span)>,
        node: &Node,
        key_span: Span,
    ) -> Option<RawTable> {
        let (id, what) = match name {
            Some((name, _)) => (format!("tables/{name}"), format!("the table `{name}`")),
            None => ("segmentation".to_owned(), "the segmentation".to_owned()),
        };
        let before = self.findings.len();
        let mut reader = MapReader::new(node, &what, self.findings)?.named(key_span);
        let default = if family == Family::Segmentation { HitPolicy::First } else { HitPolicy::Unique };
        let hit = self.hit(&mut reader).unwrap_or(default);
        let outputs = self.outputs(&mut reader, &what);
        let skips_unknown = on_unknown(&mut reader, self.findings);
        let script = reader.optional("script", self.findings);
        reader.optional("grid", self.findings);
        reader.optional("file", self.findings);
        if let Some(node) = reader.optional("delimiter", self.findings)
            && let Some(text) = node.as_text("`delimiter`", self.findings)
            && !matches!(text, "," | ";" | "tab" | "\t" | "\\t" | "|")
        {
            self.findings.push(
                Finding::error(Code::InvalidValue, node.span, format!("`{text}` cannot separate cells"))
                    .help("one of `,`, `;`, `tab`"),
            );
        }
        let columns_node = reader.optional_or_null(COLUMNS);
        let rows_node = reader.optional_or_null(ROWS);
        let has_source = columns_node.is_some() || node_has(node, "grid") || node_has(node, "file") || script.is_some();
        if !has_source {
            self.findings.push(
                Finding::error(Code::MissingKey, reader.head(), format!("{what} needs `grid`, `file` or `script`"))
                    .help("write the table below `grid: |`, or name a CSV file with `file:`"),
            );
        }
        reader.finish(self.findings);
        let outputs = outputs?;
        self.priority_fits(hit, &outputs, key_span);
        let mut table = RawTable {
            name: name.map(|(name, _)| Arc::from(name)),
            name_span: name.map_or(key_span, |(_, span)| span),
            id: Arc::from(id),
            family,
            hit,
            outputs,
            columns: Vec::new(),
            rows: Vec::new(),
            otherwise: None,
            span: key_span,
            is_sound: true,
        };
        if let (Some(columns), Some(rows)) = (columns_node, rows_node) {
            self.grid(&mut table, columns, rows, skips_unknown);
            let places = match &rows.kind {
                NodeKind::List(rows) => rows.iter().map(|row| row.span).reduce(Span::to),
                _ => None,
            };
            table.is_sound = !places.is_some_and(|places| self.findings.has_errors_in(places));
        }
        if let Some(script) = script {
            self.script_row(&mut table, script);
        }
        table.is_sound &= !self.findings.has_errors_since(before) && !self.findings.has_errors_in(node.span);
        Some(table)
    }

    fn grid(&mut self, table: &mut RawTable, columns: &Node, rows: &Node, skips_unknown: bool) {
        let (NodeKind::List(columns), NodeKind::List(rows)) = (&columns.kind, &rows.kind) else { return };
        let mut seen: Vec<&str> = Vec::new();
        let mut has_row = false;
        let mut given: Vec<&str> = Vec::new();
        // Outputs whose column is there under a wrong name, which is reported once.
        let mut forgiven: Vec<&str> = Vec::new();
        let headers: Vec<&str> = columns.iter().filter_map(Node::text).collect();
        let is_given =
            |output: &str| headers.iter().any(|header| header.strip_prefix("then ").map(str::trim) == Some(output));
        for column in columns {
            let NodeKind::Scalar(scalar) = &column.kind else { continue };
            let name = scalar.snippet.text.as_str();
            if seen.contains(&name) {
                self.findings.push(
                    Finding::error(
                        Code::DuplicateColumn,
                        column.span,
                        format!("the column `{name}` stands here twice"),
                    )
                    .help("remove one"),
                );
                continue;
            }
            seen.push(name);
            match name {
                "row" => has_row = true,
                _ if is_annotation(name) => {}
                "" | "then" => self.findings.push(
                    Finding::error(Code::GridSyntax, column.span, "this column has no name")
                        .help("name a field, a fact, or an output with `then`"),
                ),
                _ => match name.strip_prefix("then ") {
                    Some(output) => {
                        let output = output.trim();
                        given.push(output);
                        if !table.outputs.iter().any(|field| &*field.name == output) {
                            let missing =
                                || table.outputs.iter().map(|field| &*field.name).filter(|name| !is_given(name));
                            if let Some(meant) = crate::diagnostic::nearest(output, missing())
                                && let Some(field) = table.outputs.iter().find(|field| &*field.name == meant)
                            {
                                forgiven.push(&field.name);
                            }
                            let help = did_you_mean(output, table.outputs.iter().map(|field| &*field.name));
                            self.findings.push(
                                Finding::error(
                                    Code::UnknownOutput,
                                    column.span,
                                    format!("the table declares no output `{output}`"),
                                )
                                .maybe_help(help),
                            );
                        }
                    }
                    None if table.outputs.iter().any(|field| &*field.name == name) && !is_given(name) => {
                        forgiven.push(name);
                        self.findings.push(
                            Finding::error(
                                Code::MissingOutput,
                                column.span,
                                format!("the column of the output `{name}` begins with `then`"),
                            )
                            .help(format!("write `then {name}`")),
                        );
                    }
                    None => {
                        let ast = self.column(&scalar.snippet);
                        table.columns.push(RawColumn { name: scalar.snippet.clone(), ast });
                    }
                },
            }
        }
        table.columns.extend(arm_columns(rows));
        let head = columns.first().map_or(table.span, |first| first.span);
        if !has_row {
            self.findings.push(
                Finding::error(Code::MissingKey, head, "this grid has no column `row`")
                    .help("add a column `row` with an id for each row: explanations and tests name rows by it"),
            );
        }
        for output in &table.outputs {
            if !given.contains(&&*output.name) && !forgiven.contains(&&*output.name) {
                self.findings.push(
                    Finding::error(Code::MissingOutput, head, format!("no column gives the output `{}`", output.name))
                        .help(format!("add a column `then {}`", output.name)),
                );
            }
        }
        let count = rows.len();
        let mut ids = RowIds::new();
        for (index, row) in rows.iter().enumerate() {
            let NodeKind::Map(map) = &row.kind else { continue };
            let Some(raw) = self.grid_row(table, map, row.span, skips_unknown, &given, &forgiven) else { continue };
            if raw.id.ends_with("/otherwise") {
                if let Some(first) = &table.otherwise {
                    self.findings.push(
                        Finding::error(Code::DuplicateId, raw.span, "the row `otherwise` stands here twice")
                            .also(first.span, "first here")
                            .help("remove one"),
                    );
                    continue;
                }
                let is_repeated = rows.iter().skip(index + 1).any(|row| {
                    matches!(&row.kind, NodeKind::Map(map) if map.get("row").and_then(Node::text) == Some("otherwise"))
                });
                if index + 1 != count && !is_repeated {
                    self.findings.push(
                        Finding::error(Code::GridSyntax, row.span, "the row `otherwise` is not the last")
                            .help("move it to the end"),
                    );
                }
                if !table.hit.is_single() {
                    self.findings.push(
                        Finding::error(
                            Code::GridSyntax,
                            row.span,
                            format!("a table with `hit: {}` has no `otherwise`", table.hit.name()),
                        )
                        .help("without a hit its result is the empty list, 0 or none"),
                    );
                }
                if raw.annotations.valid_from.is_some() || raw.annotations.valid_until.is_some() {
                    self.findings.push(
                        Finding::error(
                            Code::GridSyntax,
                            raw.span,
                            "the row `otherwise` has no dates: it stands for all that is left",
                        )
                        .help("empty its `valid_from` and `valid_until`"),
                    );
                }
                table.otherwise = Some(raw);
            } else {
                self.duplicate_row(&mut ids, &raw);
                table.rows.push(raw);
            }
        }
        if table.rows.is_empty() && table.otherwise.is_none() {
            self.findings
                .push(Finding::error(Code::GridSyntax, table.span, "this table has no rows").help("add a row"));
        }
    }

    /// A header: the name of a field, a fact or a result.
    fn column(&mut self, name: &Snippet) -> Option<Ast> {
        let is_name = !name.text.is_empty() && name.text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        if !is_name {
            self.findings.push(
                Finding::error(
                    Code::UnknownColumn,
                    name.whole(),
                    format!("`{}` is not the name of a field, a fact or a result", name.text),
                )
                .help("an expression deserves a name: make it a fact, and write the fact's name here"),
            );
            return None;
        }
        self.parser.parse(name, self.findings)
    }

    fn grid_row(
        &mut self,
        table: &RawTable,
        map: &Map,
        span: Span,
        skips_unknown: bool,
        given: &[&str],
        forgiven: &[&str],
    ) -> Option<RawRow> {
        let id_node = map.get("row");
        let id_text = id_node.and_then(Node::text).unwrap_or("");
        let id_span = id_node.map_or(span, |node| node.span);
        if id_node.is_some() {
            if id_text.is_empty() {
                self.findings.push(
                    Finding::error(Code::MissingKey, id_span, "this row has no id")
                        .help("write one in the column `row`"),
                );
            } else {
                report_id(id_text, id_span, self.findings);
            }
        }
        let mut row = RawRow {
            id: Arc::from(format!("{}/{}", table.id, arms::called_in(id_text, map))),
            span: id_span,
            conditions: Vec::new(),
            outputs: Vec::new(),
            annotations: Annotations::default(),
            skips_unknown,
            script: None,
        };
        let guards = arms::guards(map);
        let of_arm = guards.first().map(|guard| arms::name(&guard.experiment));
        let column = table.columns.iter().position(|column| Some(&column.name.text) == of_arm.as_ref());
        if let (Some(column), Some(cell)) = (column, RawCell::of_guards(&guards)) {
            row.conditions.push(RawCondition::Cell { column, cell });
        }
        for (index, column) in table.columns.iter().enumerate() {
            let Some(cell) = map.get(&column.name.text) else { continue };
            let NodeKind::Scalar(scalar) = &cell.kind else {
                cell.as_scalar(&format!("the cell of `{}`", column.name.text), self.findings);
                continue;
            };
            if scalar.report_cut(cell.span, self.findings) {
                continue;
            }
            if let Some(cell) = RawCell::parse(&scalar.snippet, self.parser, self.findings) {
                row.conditions.push(RawCondition::Cell { column: index, cell });
            }
        }
        for output in &table.outputs {
            let node = map
                .entries
                .iter()
                .find(|entry| entry.key.strip_prefix("then ").map(str::trim) == Some(&*output.name))
                .map(|entry| &entry.value);
            let value = match node {
                Some(node) if node.text() != Some("") && !matches!(node.kind, NodeKind::Null) => self.value(node),
                Some(node) => {
                    self.missing_output(node.span, &output.name);
                    None
                }
                None => {
                    if given.contains(&&*output.name) {
                        self.missing_output(id_span, &output.name);
                    }
                    None
                }
            };
            row.outputs.push(value);
        }
        for entry in &map.entries {
            let name = entry.key.as_str();
            if let Some(output) = name.strip_prefix("then ").map(str::trim)
                && !table.outputs.iter().any(|field| *field.name == *output)
                && !given.contains(&output)
            {
                let help = did_you_mean(output, table.outputs.iter().map(|field| &*field.name));
                self.findings.push(
                    Finding::error(
                        Code::UnknownOutput,
                        entry.key_span,
                        format!("the table declares no output `{output}`"),
                    )
                    .maybe_help(help),
                );
            }
            let is_known = matches!(name, "row" | arms::IS | arms::NOT)
                || name.starts_with("then ")
                || is_annotation(name)
                || name == "then"
                || forgiven.contains(&name)
                || table.columns.iter().any(|column| column.name.text == name);
            if !is_known && !name.is_empty() && entry.key_span != entry.value.span && !table_column_twice(table, name) {
                let names = table.columns.iter().map(|column| column.name.text.as_str());
                self.findings.push(
                    Finding::error(Code::UnknownColumn, entry.key_span, format!("this table has no column `{name}`"))
                        .maybe_help(did_you_mean(name, names)),
                );
            }
        }
        self.annotate(&mut row, map);
        Some(row)
    }

    fn missing_output(&mut self, span: Span, output: &str) {
        self.findings.push(
            Finding::error(Code::MissingOutput, span, format!("this row gives no `{output}`"))
                .help("write a value, `none` where the output may be none, or `= expression`"),
        );
    }

    /// A literal, or with a leading `=` an expression.
    pub(super) fn value(&mut self, node: &Node) -> Option<RawValue> {
        raw_value(node, "a value", self.parser, self.findings)
    }

    pub(super) fn hit(&mut self, reader: &mut MapReader<'_>) -> Option<HitPolicy> {
        let node = reader.optional("hit", self.findings)?;
        let name = node.as_text("`hit`", self.findings)?;
        let found = HitPolicy::NAMED.iter().find(|(known, _)| *known == name).map(|(_, policy)| *policy);
        if found.is_none() {
            self.findings.push(
                Finding::error(Code::UnknownHitPolicy, node.span, format!("there is no hit policy `{name}`"))
                    .maybe_help(did_you_mean(name, HitPolicy::NAMED.iter().map(|(known, _)| *known))),
            );
        }
        found
    }

    pub(super) fn outputs(&mut self, reader: &mut MapReader<'_>, what: &str) -> Option<Vec<Field>> {
        let node = reader.required("outputs", self.findings)?;
        let map = node.as_map("`outputs`", self.findings)?;
        if map.entries.is_empty() {
            self.findings.push(
                Finding::error(Code::MissingOutput, node.span, format!("{what} has no outputs"))
                    .help("name at least one"),
            );
        }
        let mut fields = Vec::new();
        for entry in &map.entries {
            crate::check::names::report_name(&entry.key, entry.key_span, self.parser, self.findings);
            let mut records = Records { header: self.header, parser: self.parser, findings: self.findings };
            let Some(field) = records.field(&entry.key, entry.key_span, &entry.value) else {
                fields.push(records.refused(&entry.key, entry.key_span));
                continue;
            };
            if matches!(field.base, Type::List(_) | Type::Record(_)) {
                self.findings.push(Finding::error(
                    Code::TypeMismatch,
                    entry.value.span,
                    format!("an output is a single value, not {}", field.base),
                ));
                continue;
            }
            if !matches!(field.absence, Absence::Refused | Absence::None) {
                self.findings.push(
                    Finding::error(
                        Code::InvalidValue,
                        entry.value.span,
                        "an output may be none, but is never absent in another way",
                    )
                    .help("`absent: none`, or nothing"),
                );
            }
            fields.push(field);
        }
        Some(fields)
    }

    /// Policies that rank rows by their outputs need a choice to rank by; sums need numbers.
    pub(super) fn priority_fits(&mut self, hit: HitPolicy, outputs: &[Field], span: Span) {
        let needs = match hit {
            HitPolicy::Priority | HitPolicy::OutputOrder => {
                (!outputs.iter().any(|field| matches!(field.base, Type::Choice(_))))
                    .then_some("an output that is a choice: the order of its values ranks the rows")
            }
            HitPolicy::CollectSum => {
                (!outputs.iter().all(|field| field.base.is_number())).then_some("outputs that are numbers")
            }
            HitPolicy::CollectMin | HitPolicy::CollectMax => (!outputs.iter().all(|field| field.base.is_ordered()))
                .then_some("outputs that are numbers, dates or durations"),
            _ => None,
        };
        if let Some(needs) = needs {
            self.findings.push(
                Finding::error(Code::TypeMismatch, span, format!("`hit: {}` needs {needs}", hit.name()))
                    .help("change the outputs, or choose another hit policy"),
            );
        }
    }

    pub(super) fn duplicate_row(&mut self, ids: &mut RowIds, row: &RawRow) {
        // What stands for an id that is missing or wrong is no id.
        if row.id.ends_with("/?") || row.id.ends_with('/') {
            return;
        }
        let Some(first) = ids.get(&row.id) else {
            ids.insert(row.id.clone(), row.span);
            return;
        };
        let id = row.id.rsplit('/').next().unwrap_or("");
        self.findings.push(
            Finding::error(Code::DuplicateId, row.span, format!("the id `{id}` stands here twice"))
                .also(*first, "first here")
                .help("give one another id"),
        );
    }
}

/// Whether `on_unknown` of a table or rule leaves out what is not known.
pub(crate) fn on_unknown(reader: &mut MapReader<'_>, findings: &mut Findings) -> bool {
    let Some(node) = reader.optional("on_unknown", findings) else { return false };
    match node.as_text("`on_unknown`", findings) {
        Some("skip") => {
            findings.push(
                Finding::note(Code::UnknownSkipped, node.span, "rows whose conditions are unknown are left out here")
                    .help("without `on_unknown: skip` the result would be unknown"),
            );
            true
        }
        Some(other) => {
            findings.push(
                Finding::error(Code::InvalidValue, node.span, format!("`on_unknown` cannot be `{other}`"))
                    .help("only `skip` can be said; without it unknown stays unknown"),
            );
            false
        }
        None => false,
    }
}

/// A column for each experiment that has rows of its own in a table.
fn arm_columns(rows: &[Node]) -> Vec<RawColumn> {
    let mut columns: Vec<RawColumn> = Vec::new();
    for row in rows {
        let NodeKind::Map(map) = &row.kind else { continue };
        for guard in arms::guards(map) {
            let name = arms::name(&guard.experiment);
            if !columns.iter().any(|column| column.name.text == name) {
                columns.push(RawColumn { name: Snippet::verbatim(&name, guard.span), ast: Some(guard.subject()) });
            }
        }
    }
    columns
}

pub(super) fn node_has(node: &Node, key: &str) -> bool {
    matches!(&node.kind, NodeKind::Map(map) if map.get(key).is_some())
}

/// Columns that were reported as duplicates already.
fn table_column_twice(table: &RawTable, name: &str) -> bool {
    table.columns.iter().filter(|column| column.name.text == name).count() > 1
}
