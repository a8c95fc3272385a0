//! Rule lists, escalations and scores out of the document.

use std::sync::Arc;

use super::annotations::ANNOTATIONS;
use super::read::{RawCondition, RawRow, RawTable, RowIds, TableReader, on_unknown};
use super::{Annotations, Family, HitPolicy};
use crate::check::arms;
use crate::check::cooldowns::Cooldown;
use crate::check::expressions::{RawValue, conditions};
use crate::check::names::report_id;
use crate::diagnostic::{Code, Finding, did_you_mean};
use crate::language::{Ast, AstKind};
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Node, NodeKind};
use crate::value::{Absence, Duration, DurationUnit, Field, Type, number};

impl TableReader<'_> {
    /// A rule list of `rules`.
    pub(crate) fn rule_list(&mut self, entry: &Entry) -> Option<RawTable> {
        let name = entry.key.as_str();
        let what = format!("the rule list `{name}`");
        let mut reader = MapReader::new(&entry.value, &what, self.findings)?.named(entry.key_span);
        let hit = self.hit(&mut reader).unwrap_or(HitPolicy::Collect);
        let outputs = self.outputs(&mut reader, &what);
        let skips_unknown = on_unknown(&mut reader, self.findings);
        let script = reader.optional("script", self.findings);
        let list = if script.is_some() {
            reader.optional("list", self.findings)
        } else {
            reader.required("list", self.findings)
        };
        let otherwise = reader.optional("otherwise", self.findings);
        reader.finish(self.findings);
        let outputs = outputs?;
        self.priority_fits(hit, &outputs, entry.key_span);
        let mut table = RawTable {
            name: Some(Arc::from(name)),
            name_span: entry.key_span,
            id: Arc::from(format!("rules/{name}")),
            family: Family::RuleList,
            hit,
            outputs,
            columns: Vec::new(),
            rows: Vec::new(),
            otherwise: None,
            span: entry.key_span,
            is_sound: true,
        };
        if let Some(node) = otherwise {
            if !hit.is_single() {
                self.findings.push(
                    Finding::error(
                        Code::UnknownKey,
                        node.span,
                        format!("a rule list with `hit: {}` has no `otherwise`", hit.name()),
                    )
                    .help("without a hit its result is the empty list, 0 or none"),
                );
            }
            let outputs = self.give(Some(node), node.span, &table.outputs, "otherwise");
            table.otherwise = Some(RawRow {
                id: Arc::from(format!("{}/otherwise", table.id)),
                span: node.span,
                conditions: Vec::new(),
                outputs,
                annotations: Annotations::default(),
                skips_unknown: false,
                script: None,
            });
        }
        if let Some(list) = list {
            self.rules(&mut table, list, skips_unknown);
        }
        if let Some(script) = script {
            self.script_row(&mut table, script);
        }
        if list.is_none() && script.is_none() {
            return None;
        }
        Some(table)
    }

    /// The escalations.
    pub(crate) fn escalations(&mut self, entry: &Entry) -> Option<RawTable> {
        let output =
            |name: &str, base: Type| Field { absence: Absence::None, ..Field::new(name, base, entry.key_span) };
        let mut table = RawTable {
            name: None,
            name_span: entry.key_span,
            id: Arc::from("escalations"),
            family: Family::Escalations,
            hit: HitPolicy::RuleOrder,
            outputs: vec![
                output("level", Type::Integer),
                output("assign_to", Type::Text),
                output("due_in", Type::Duration(DurationUnit::Days)),
            ],
            columns: Vec::new(),
            rows: Vec::new(),
            otherwise: None,
            span: entry.key_span,
            is_sound: true,
        };
        self.rules(&mut table, &entry.value, false);
        Some(table)
    }

    fn rules(&mut self, table: &mut RawTable, list: &Node, skips_unknown: bool) {
        let Some(items) = list.as_list("a list of rules", self.findings) else { return };
        if items.is_empty() {
            self.findings.push(
                Finding::error(Code::WrongKind, list.span, "this list of rules is empty")
                    .help("add a rule, or remove the list"),
            );
        }
        let mut ids = RowIds::new();
        for item in items {
            let Some(mut reader) = MapReader::new(item, "a rule", self.findings) else { continue };
            let mut row = self.rule_head(&table.id, &mut reader, item, skips_unknown);
            if table.family == Family::Escalations
                && let Some(cooldown) = reader.optional("cooldown", self.findings)
                && cooldown.text().and_then(Duration::parse).is_some()
            {
                let name = Cooldown::name(arms::plain(&row.id));
                let ast = Ast { kind: AstKind::Name(name), span: cooldown.span };
                let text = format!("it was acted on less than {} ago", cooldown.text().unwrap_or("a cooldown"));
                row.conditions.push(RawCondition::Unless(ast, text));
            }
            let script = reader.optional("script", self.findings);
            let give = match script {
                Some(_) => reader.optional("give", self.findings),
                None => reader.required("give", self.findings),
            };
            let head = reader.head();
            reader.finish(self.findings);
            match script {
                Some(script) => self.scripted(&mut row, script, give, &table.outputs),
                None => row.outputs = self.give(give, head, &table.outputs, "give"),
            }
            self.duplicate_row(&mut ids, &row);
            table.rows.push(row);
        }
    }

    /// What all rules have: an id, conditions, annotations.
    fn rule_head(&mut self, table: &str, reader: &mut MapReader<'_>, item: &Node, skips_unknown: bool) -> RawRow {
        let id_node = reader.required("id", self.findings);
        let id = id_node.and_then(|node| {
            node.as_text("`id`", self.findings).filter(|text| report_id(text, node.span, self.findings))
        });
        let mut row = RawRow {
            id: Arc::from(format!("{table}/{}", arms::called(id.unwrap_or("?"), item))),
            span: id_node.map_or(item.span, |node| node.span),
            conditions: Vec::new(),
            outputs: Vec::new(),
            annotations: Annotations::default(),
            skips_unknown,
            script: None,
        };
        arms::asked(reader);
        if let NodeKind::Map(map) = &item.kind {
            let guards = arms::guards(map);
            row.conditions.extend(guards.iter().map(|guard| RawCondition::When(guard.ast(), guard.text())));
        }
        if let Some(node) = reader.optional("when", self.findings) {
            for (ast, text) in conditions(node, "`when`", self.parser, self.findings) {
                row.conditions.push(RawCondition::When(ast, text));
            }
        }
        if let Some(node) = reader.optional("unless", self.findings) {
            for (ast, text) in conditions(node, "`unless`", self.parser, self.findings) {
                row.conditions.push(RawCondition::Unless(ast, text));
            }
        }
        if reader.optional_or_null("on_unknown").is_some() {
            row.skips_unknown = on_unknown(reader, self.findings);
        }
        for key in ANNOTATIONS {
            reader.optional(key, self.findings);
        }
        if let NodeKind::Map(map) = &item.kind {
            self.annotate(&mut row, map);
        }
        row
    }

    /// One value for each output, out of `give`.
    pub(super) fn give(
        &mut self,
        give: Option<&Node>,
        head: Span,
        outputs: &[Field],
        key: &str,
    ) -> Vec<Option<RawValue>> {
        let Some(give) = give else { return outputs.iter().map(|_| None).collect() };
        let Some(map) = give.as_map(&format!("`{key}`"), self.findings) else {
            return outputs.iter().map(|_| None).collect();
        };
        for entry in &map.entries {
            if !outputs.iter().any(|output| *output.name == *entry.key) {
                let help = did_you_mean(&entry.key, outputs.iter().map(|output| &*output.name));
                self.findings.push(
                    Finding::error(Code::UnknownOutput, entry.key_span, format!("no output is called `{}`", entry.key))
                        .maybe_help(help),
                );
            }
        }
        outputs
            .iter()
            .map(|output| match map.get(&output.name) {
                Some(node) => self.value(node),
                None if output.maybe_none() => None,
                None => {
                    let span = map.entries.first().map_or(head, |entry| entry.key_span);
                    let who = if key == "give" { "this rule" } else { "`otherwise`" };
                    self.findings.push(
                        Finding::error(Code::MissingOutput, span, format!("{who} gives no `{}`", output.name))
                            .help(format!("add it to `{key}`")),
                    );
                    None
                }
            })
            .collect()
    }

    /// A score and its parts.
    pub(crate) fn score(&mut self, entry: &Entry) -> Option<RawTable> {
        let name = entry.key.as_str();
        let id = format!("scores/{name}");
        let items = entry.value.as_list(&format!("the score `{name}`"), self.findings)?;
        let mut rows = Vec::new();
        let mut ids = RowIds::new();
        let mut is_whole = true;
        for item in items {
            let Some(mut reader) = MapReader::new(item, "a part of a score", self.findings) else { continue };
            let mut row = self.rule_head(&id, &mut reader, item, false);
            let points = reader.required("points", self.findings).and_then(|node| self.value(node));
            reader.finish(self.findings);
            match &points {
                Some(RawValue::Literal(snippet)) => {
                    is_whole &= number::parse(&snippet.text).is_none_or(|points| points.scale() == 0)
                }
                Some(RawValue::Computed(_)) => is_whole = false,
                None => {}
            }
            row.outputs.push(points);
            self.duplicate_row(&mut ids, &row);
            rows.push(row);
        }
        if items.is_empty() {
            self.findings
                .push(Finding::error(Code::WrongKind, entry.value.span, "this score has no parts").help("add one"));
        }
        let points_type = if is_whole { Type::Integer } else { Type::Decimal };
        let points = Field { rounding: self.header.rounding, ..Field::new("points", points_type, entry.key_span) };
        Some(RawTable {
            name: Some(Arc::from(name)),
            name_span: entry.key_span,
            id: Arc::from(id),
            family: Family::Score,
            hit: HitPolicy::CollectSum,
            outputs: vec![points],
            columns: Vec::new(),
            rows,
            otherwise: None,
            span: entry.key_span,
            is_sound: true,
        })
    }
}
