//! Inputs: how foreign rows become records, checked against the record they fill.

use std::collections::HashMap;
use std::sync::Arc;

use chrono_tz::Tz;

use super::expressions::expression;
use super::functions::Functions;
use super::header::Header;
use super::pack::section;
use super::records::Records;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::functions::declared::DeclaredFunction;
use crate::language::parse::Parser;
use crate::language::{Expr, Name, Scope, SlotId, Typer};
use crate::record::Raw;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node, NodeKind};
use crate::value::{Absence, Field, Range, RecordType, Type, text};

/// How the rows of one source become records.
#[derive(Clone, Debug)]
pub(crate) struct CheckedInput {
    pub(crate) name: String,
    pub(crate) format: Option<Format>,
    pub(crate) delimiter: Option<char>,
    /// One for each field of the record.
    pub(crate) fields: Vec<InputField>,
    /// Columns that are known and not read.
    pub(crate) ignore: Vec<String>,
    pub(crate) ignores_unknown_columns: bool,
}

/// The formats of case data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One record a line, named by a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// A JSON array of objects.
    Json,
}

impl Format {
    /// The format of a file, by the end of its name.
    pub(crate) fn of_path(path: &str) -> Option<Format> {
        match path.rsplit('.').next()?.to_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "ndjson" | "jsonl" => Some(Format::Ndjson),
            "json" => Some(Format::Json),
            _ => None,
        }
    }
}

/// Where a field's value comes from.
#[derive(Clone, Debug)]
pub(crate) enum InputField {
    Column(ColumnSource),
    Formula(FormulaSource),
}

/// A column and how its text is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnSource {
    pub(crate) column: String,
    pub(crate) is_required: bool,
    /// Where in the lists and records of the column the value stands; empty where it is the column's own.
    pub(crate) part: Vec<Part>,
    /// Texts that stand for an empty cell.
    pub(crate) empty: Vec<String>,
    /// A date's or instant's form, in the letters of `strftime`.
    pub(crate) format: Option<String>,
    pub(crate) zone: Option<Tz>,
    pub(crate) values: Option<Vec<(String, Raw)>>,
    pub(crate) rounds_floats: bool,
    pub(crate) grouping: Option<char>,
    pub(crate) decimal_mark: Option<char>,
}

/// A step into a list or a record of a JSON row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The item at this place, counted from 0.
    Item(usize),
    Key(String),
}

/// A formula over columns of the row.
#[derive(Clone, Debug)]
pub(crate) struct FormulaSource {
    pub(crate) expr: Expr,
    pub(crate) columns: Vec<Field>,
}

/// Reads the pack's inputs.
pub(crate) fn read(
    root: &Map,
    record: &RecordType,
    header: &Header,
    functions: &Functions,
    parser: &Parser,
    findings: &mut Findings,
) -> Vec<CheckedInput> {
    let mut inputs = Vec::new();
    for entry in section(root, "inputs") {
        super::names::report_id(&entry.key, entry.key_span, findings);
        let mut reader = InputReader { record, header, functions, parser, findings };
        inputs.extend(reader.input(entry));
    }
    inputs
}

/// An input without a mapping: each field has the column of its name.
pub(crate) fn plain(record: &RecordType) -> CheckedInput {
    CheckedInput {
        name: String::new(),
        format: None,
        delimiter: None,
        fields: record.fields.iter().map(|field| InputField::Column(ColumnSource::named(&field.name, false))).collect(),
        ignore: Vec::new(),
        ignores_unknown_columns: record.ignores_unknown_fields,
    }
}

impl ColumnSource {
    fn named(column: &str, is_required: bool) -> ColumnSource {
        ColumnSource { column: column.to_owned(), is_required, ..ColumnSource::default() }
    }
}

/// What a column may say, and a formula not.
const COLUMN_KEYS: [&str; 9] =
    ["column", "part", "empty", "format", "values", "zone", "float", "grouping", "decimal_mark"];

struct InputReader<'a> {
    record: &'a RecordType,
    header: &'a Header,
    functions: &'a Functions,
    parser: &'a Parser,
    findings: &'a mut Findings,
}

impl InputReader<'_> {
    fn input(&mut self, entry: &Entry) -> Option<CheckedInput> {
        let what = format!("the input `{}`", entry.key);
        let mut reader = MapReader::new(&entry.value, &what, self.findings)?.named(entry.key_span);
        if let Some(node) = reader.required("record", self.findings)
            && let Some(name) = node.as_text("`record`", self.findings)
            && name != "case"
        {
            self.findings.push(
                Finding::error(Code::UnknownName, node.span, format!("an input fills the record `case`, not `{name}`"))
                    .help("write `record: case`"),
            );
        }
        let format = reader.optional("format", self.findings).and_then(|node| self.format(node));
        let delimiter =
            reader.optional("delimiter", self.findings).and_then(|node| self.single_char(node, "`delimiter`"));
        let fields = reader.optional("fields", self.findings);
        let ignore: Vec<(String, crate::source::Span)> = reader
            .optional("ignore", self.findings)
            .and_then(|node| node.as_list("`ignore`", self.findings))
            .unwrap_or(&[])
            .iter()
            .filter_map(|item| item.as_text("a column", self.findings).map(|text| (text.to_owned(), item.span)))
            .collect();
        let ignores_unknown_columns = match reader.text("on_unknown_column", self.findings) {
            Some("ignore") => true,
            Some("refuse") | None => false,
            Some(other) => {
                let message = format!("`on_unknown_column` cannot be `{other}`");
                self.findings.push(
                    Finding::error(Code::InvalidValue, reader.key_span("on_unknown_column"), message)
                        .help("one of `ignore`, `refuse`"),
                );
                false
            }
        };
        reader.finish(self.findings);
        let mut sources: Vec<Option<InputField>> = self.record.fields.iter().map(|_| None).collect();
        let mut columns_of_carried: Vec<String> = Vec::new();
        let mut formulas = Vec::new();
        if let Some(map) = fields.and_then(|node| node.as_map("`fields`", self.findings)) {
            let places: HashMap<&str, usize> =
                self.record.fields.iter().enumerate().map(|(index, field)| (&*field.name, index)).collect();
            for item in &map.entries {
                let Some(index) = places.get(item.key.as_str()).copied() else {
                    let help = did_you_mean(&item.key, self.record.fields.iter().map(|field| &*field.name));
                    self.findings.push(
                        Finding::error(
                            Code::UnknownField,
                            item.key_span,
                            format!("the record `case` has no field `{}`", item.key),
                        )
                        .maybe_help(help),
                    );
                    continue;
                };
                let Some(field) = self.record.fields.get(index) else { continue };
                let source = self.source(field, item);
                if let Some(InputField::Column(column)) = &source {
                    if !field.decides {
                        columns_of_carried.push(column.column.clone());
                    }
                    if ignore.iter().any(|(name, _)| *name == column.column) {
                        self.findings.push(
                            Finding::error(
                                Code::FieldMayNotDecide,
                                item.value.span,
                                format!("the column `{}` is ignored, and read here", column.column),
                            )
                            .help("remove it from `ignore`, or do not read it"),
                        );
                    }
                }
                if matches!(source, Some(InputField::Formula(_))) && field.decides {
                    formulas.push((index, item));
                }
                if let Some(slot) = sources.get_mut(index) {
                    *slot = source;
                }
            }
        }
        for (index, item) in formulas {
            let Some(Some(InputField::Formula(formula))) = sources.get(index) else { continue };
            for column in &formula.columns {
                let is_ignored = ignore.iter().any(|(name, _)| **name == *column.name);
                let is_carried = columns_of_carried.iter().any(|name| **name == *column.name);
                if is_ignored || is_carried {
                    let why = if is_ignored { "is ignored" } else { "belongs to a field that may not decide" };
                    self.findings.push(
                        Finding::error(
                            Code::FieldMayNotDecide,
                            column.span,
                            format!("the column `{}` {why}, but `{}` would be computed from it", column.name, item.key),
                        )
                        .help("take it out of the formula"),
                    );
                }
            }
        }
        let fields = sources
            .into_iter()
            .zip(&self.record.fields)
            .map(|(source, field)| {
                source.unwrap_or_else(|| InputField::Column(ColumnSource::named(&field.name, false)))
            })
            .collect();
        let ignore = ignore.into_iter().map(|(name, _)| name).collect();
        Some(CheckedInput { name: entry.key.clone(), format, delimiter, fields, ignore, ignores_unknown_columns })
    }

    fn source(&mut self, field: &Field, item: &Entry) -> Option<InputField> {
        let what = format!("the source of `{}`", item.key);
        let mut reader = MapReader::new(&item.value, &what, self.findings)?.named(item.key_span);
        let formula = reader.optional("formula", self.findings);
        let columns = reader.optional("columns", self.findings);
        if let Some(formula) = formula {
            if let Some(extra) =
                COLUMN_KEYS.iter().find(|key| matches!(&item.value.kind, NodeKind::Map(map) if map.get(key).is_some()))
            {
                self.findings.push(
                    Finding::error(Code::UnknownKey, reader.key_span(extra), format!("a formula has no `{extra}`"))
                        .help("keep the formula or the column"),
                );
                reader.optional_or_null(extra);
            }
            reader.finish(self.findings);
            return self.formula(field, formula, columns).map(InputField::Formula);
        }
        let mut source = ColumnSource::named(&item.key, true);
        if let Some(node) = columns {
            self.findings.push(
                Finding::error(Code::UnknownKey, node.span, "`columns` belongs to a formula")
                    .help("write `column:` for a single one"),
            );
        }
        if let Some(column) = reader.text("column", self.findings) {
            source.column = column.to_owned();
        }
        if let Some(node) = reader.optional("part", self.findings) {
            source.part = self.part(node);
        }
        let empty = reader.optional("empty", self.findings);
        source.empty = empty.map(|node| self.empty(node)).unwrap_or_default();
        if let Some(node) = reader.optional("format", self.findings)
            && let Some(format) = node.as_text("`format`", self.findings)
        {
            let is_time = matches!(field.base, Type::Date | Type::Timestamp);
            let is_known =
                chrono::format::StrftimeItems::new(format).all(|part| !matches!(part, chrono::format::Item::Error));
            if !is_time {
                self.findings.push(
                    Finding::error(
                        Code::UnknownKey,
                        node.span,
                        format!("`{}` is {}, which has no `format`", item.key, field.base),
                    )
                    .help("remove it"),
                );
            } else if !is_known || !format.contains('%') {
                self.findings.push(
                    Finding::error(Code::InvalidValue, node.span, format!("`{format}` is not a form of dates"))
                        .help("write it as `%m/%d/%Y`: month, day, year"),
                );
            } else {
                source.format = Some(format.to_owned());
            }
        }
        if let Some(node) = reader.optional("zone", self.findings)
            && let Some(zone) = node.as_text("`zone`", self.findings)
        {
            match text::zone(zone) {
                Ok(_) if field.base != Type::Timestamp => self.findings.push(
                    Finding::error(
                        Code::UnknownKey,
                        node.span,
                        format!("`{}` is {}, which has no `zone`", item.key, field.base),
                    )
                    .help("remove it"),
                ),
                Ok(zone) => source.zone = Some(zone),
                Err(problem) => self
                    .findings
                    .push(Finding::error(problem.code, node.span, problem.message).maybe_help(problem.help)),
            }
        }
        if let Some(node) = reader.optional("float", self.findings)
            && let Some(mode) = node.as_text("`float`", self.findings)
        {
            if mode != "round" {
                self.findings.push(
                    Finding::error(Code::InvalidValue, node.span, format!("`float` cannot be `{mode}`"))
                        .help("only `round` can be said"),
                );
            } else if !field.base.is_number() {
                self.findings.push(
                    Finding::error(
                        Code::UnknownKey,
                        node.span,
                        format!("`{}` is {}, which is not rounded", item.key, field.base),
                    )
                    .help("remove it"),
                );
            }
            source.rounds_floats = mode == "round";
        }
        source.grouping =
            reader.optional("grouping", self.findings).and_then(|node| self.single_char(node, "`grouping`"));
        source.decimal_mark =
            reader.optional("decimal_mark", self.findings).and_then(|node| self.single_char(node, "`decimal_mark`"));
        let mark = source.decimal_mark.unwrap_or('.');
        if source.grouping == Some(mark) {
            self.findings.push(
                Finding::error(
                    Code::InvalidValue,
                    reader.key_span("grouping"),
                    format!("`{mark}` cannot separate both thousands and decimals"),
                )
                .help("say both: `grouping: \".\"`, `decimal_mark: \",\"`"),
            );
        }
        if (source.grouping.is_some() || source.decimal_mark.is_some()) && !field.base.is_number() {
            self.findings.push(
                Finding::error(
                    Code::UnknownKey,
                    item.key_span,
                    format!("`{}` is {}, which has no separators", item.key, field.base),
                )
                .help("remove `grouping` and `decimal_mark`"),
            );
        }
        if let Some(node) = reader.optional("values", self.findings) {
            source.values = self.values(field, node);
        }
        let mapped = source.values.iter().flatten().find(|(text, _)| source.empty.contains(text));
        if let (Some((text, _)), Some(node)) = (mapped, empty) {
            let message = format!("`{text}` stands for an empty cell, and `values` maps it");
            self.findings.push(
                Finding::error(Code::InvalidValue, node.span, message).help("take it out of `empty` or of `values`"),
            );
        }
        reader.finish(self.findings);
        Some(InputField::Column(source))
    }

    /// The steps to a value: an item by its place, a key by its name, or several of them in a list.
    fn part(&mut self, node: &Node) -> Vec<Part> {
        let steps = match &node.kind {
            NodeKind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut part = Vec::new();
        for step in steps {
            let Some(written) = step.as_text("a step of `part`", self.findings) else { continue };
            part.push(written.parse().map_or_else(|_| Part::Key(written.to_owned()), Part::Item));
        }
        if steps.is_empty() {
            let message = "`part` names no place";
            self.findings.push(
                Finding::error(Code::InvalidValue, node.span, message)
                    .help("write the place of an item, counted from 0, or the name of a key"),
            );
        }
        part
    }

    /// The texts that stand for an empty cell.
    fn empty(&mut self, node: &Node) -> Vec<String> {
        let texts = match &node.kind {
            NodeKind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        texts.iter().filter_map(|text| text.as_text("a text of `empty`", self.findings).map(str::to_owned)).collect()
    }

    /// What texts of the source mean; each must be a value of the field.
    fn values(&mut self, field: &Field, node: &Node) -> Option<Vec<(String, Raw)>> {
        let map = node.as_map("`values`", self.findings)?;
        let mut values = Vec::new();
        for entry in &map.entries {
            let raw = match &entry.value.kind {
                NodeKind::Null => Raw::Absent,
                NodeKind::Map(_) => Raw::from_node(&entry.value),
                _ => {
                    let Some(written) = entry.value.as_text("a value", self.findings) else { continue };
                    match written {
                        "none" => Raw::Absent,
                        "unknown" => Raw::Unknown,
                        _ => {
                            if let Err(problem) = text::read(written, &field.base, field.decimals) {
                                self.findings.push(
                                    Finding::error(problem.code, entry.value.span, problem.message)
                                        .maybe_help(problem.help),
                                );
                            }
                            Raw::Plain(written.to_owned())
                        }
                    }
                }
            };
            values.push((entry.key.clone(), raw));
        }
        Some(values)
    }

    fn formula(&mut self, field: &Field, formula: &Node, columns: Option<&Node>) -> Option<FormulaSource> {
        let ast = expression(formula, "`formula`", self.parser, self.findings);
        let mut declared: Vec<Field> = Vec::new();
        if let Some(map) = columns.and_then(|node| node.as_map("`columns`", self.findings)) {
            for entry in &map.entries {
                let mut records = Records { header: self.header, parser: self.parser, findings: self.findings };
                let column = records.field(&entry.key, entry.key_span, &entry.value);
                let column = column.unwrap_or_else(|| records.refused(&entry.key, entry.key_span));
                {
                    if !self.parser.can_name(&entry.key) {
                        self.findings.push(
                            Finding::error(
                                Code::ReservedName,
                                entry.key_span,
                                format!("a formula cannot read a column named `{}`", entry.key),
                            )
                            .help("carry it as a field of its own, and compute with a fact"),
                        );
                    }
                    declared.push(column);
                }
            }
        }
        let scope = Columns { columns: &declared, functions: self.functions };
        let expr = Typer::new(&scope, self.findings).stored(
            &ast?,
            &field.base,
            field.maybe_none(),
            &format!("`{}`", field.name),
        );
        Some(FormulaSource { expr, columns: declared })
    }

    fn format(&mut self, node: &Node) -> Option<Format> {
        match node.as_text("`format`", self.findings)? {
            "csv" => Some(Format::Csv),
            "ndjson" => Some(Format::Ndjson),
            "json" => Some(Format::Json),
            other => {
                self.findings.push(
                    Finding::error(Code::InvalidValue, node.span, format!("there is no format `{other}`"))
                        .maybe_help(did_you_mean(other, ["csv", "ndjson", "json"])),
                );
                None
            }
        }
    }

    fn single_char(&mut self, node: &Node, what: &str) -> Option<char> {
        let written = node.as_text(what, self.findings)?;
        let found = if matches!(written, "tab" | "\\t") {
            Some('\t')
        } else {
            written.chars().next().filter(|c| c.len_utf8() == written.len() && c.is_ascii())
        };
        if found.is_none() {
            self.findings.push(
                Finding::error(Code::InvalidValue, node.span, format!("{what} is `{written}`, not a single character"))
                    .help("write one character in quotes, such as `\";\"`"),
            );
        }
        found
    }
}

/// The columns that a formula may read.
struct Columns<'a> {
    columns: &'a [Field],
    /// Those of the pack, which formulas do not call.
    functions: &'a Functions,
}

impl Scope for Columns<'_> {
    fn function(&self, name: &str) -> Option<Arc<DeclaredFunction>> {
        self.functions.get(name).cloned()
    }

    fn missing(&self, name: &str) -> Option<(String, String)> {
        if crate::diagnostic::nearest(name, self.columns.iter().map(|column| &*column.name)).is_some() {
            return None;
        }
        let message = format!("this formula declares no column `{name}`");
        Some((message, format!("add `columns: {{{name}: integer}}`, with the column's type")))
    }

    fn name(&self, name: &str) -> Option<Name> {
        let index = self.columns.iter().position(|column| *column.name == *name)?;
        let column = self.columns.get(index)?;
        let slot = SlotId(crate::source::clamp(index));
        Some(Name::Value { slot, base: column.base.clone(), maybe_none: column.maybe_none(), decides: true })
    }

    fn nearest(&self, wrong: &str, more: &[&str]) -> Option<String> {
        let names = self.columns.iter().map(|column| &*column.name);
        crate::diagnostic::nearest(wrong, names.chain(more.iter().copied())).map(str::to_owned)
    }

    fn called(&self, slot: SlotId) -> Option<String> {
        self.columns.get(slot.0 as usize).map(|column| column.name.to_string())
    }

    fn range(&self, slot: SlotId) -> Option<Range> {
        self.columns.get(slot.0 as usize).map(|column| column.range.clone())
    }

    fn absence(&self, slot: SlotId) -> Option<Absence> {
        self.columns.get(slot.0 as usize).map(|column| column.absence.clone())
    }
}

/// The names of all columns that an input reads.
pub(crate) fn columns(input: &CheckedInput) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for field in &input.fields {
        match field {
            InputField::Column(source) => names.push(Arc::from(source.column.as_str())),
            InputField::Formula(formula) => names.extend(formula.columns.iter().map(|column| column.name.clone())),
        }
    }
    names
}
