//! The whole pack: sections read, names given, dependencies ordered, everything typed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::assemble::Assembled;
use super::contact::{AttemptSlots, CheckedPolicy, ContactReader, attempt_fields};
use super::dated;
use super::facts::{CheckedFact, RawFact};
use super::header::{self, Header};
use super::inputs::{self, CheckedInput};
use super::names::Names;
use super::records::Records;
use super::samples::{self, Sample, Test};
use super::tables::{CheckedTable, Family, RawTable, TableReader};
use crate::calendar::{Calendar, Rate};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::parse::Parser;
use crate::language::{Expr, ExprKind, Name, SlotId};
use crate::source::Span;
use crate::syntax::{Entry, Map, NodeKind};
use crate::value::{Field, RecordType, Type};

/// A pack in which every name has a slot and every expression a type.
#[derive(Debug)]
pub(crate) struct CheckedPack {
    pub(crate) header: Header,
    /// Where findings about the whole pack are shown.
    pub(crate) head: Span,
    pub(crate) digest: String,
    pub(crate) record: Arc<RecordType>,
    /// What stands in the slots behind the record's fields: items that are put there before rules read them.
    pub(crate) parameters: Vec<Field>,
    pub(crate) slots: Vec<SlotInfo>,
    pub(crate) facts: Vec<CheckedFact>,
    pub(crate) tables: Vec<CheckedTable>,
    pub(crate) contact: Vec<CheckedPolicy>,
    /// Where an attempt stands, in a pack with contact policies.
    pub(crate) attempt: Option<AttemptSlots>,
    /// Facts and tables in an order in which each stands behind what it reads.
    pub(crate) order: Vec<Item>,
    pub(crate) calendar: Option<Calendar>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) inputs: Vec<CheckedInput>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) tests: Vec<Test>,
    /// What overlays did, a line each.
    pub(crate) overlays: Vec<String>,
}

/// One of the things that a case has values for.
#[derive(Clone, Debug)]
pub(crate) struct SlotInfo {
    /// As expressions read it.
    pub(crate) name: Arc<str>,
    pub(crate) base: Type,
    /// Whether people and logs see it masked.
    pub(crate) private: bool,
}

/// A step of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    Fact(usize),
    Table(usize),
}

/// Checks an assembled pack. Without errors among the findings the result can be used, and analysed.
pub(crate) fn check(assembled: &Assembled, findings: &mut Findings) -> CheckedPack {
    let parser = Parser::new();
    let header = header::read(assembled, findings);
    let root = &assembled.root;
    let record = read_records(root, &header, &parser, assembled.head, findings);
    let calendars = dated::calendars(root, findings);
    let calendar = header.calendar.as_ref().and_then(|(name, span)| {
        let found = calendars.iter().find(|calendar| calendar.name == *name);
        if found.is_none() {
            findings.push(
                Finding::error(Code::UnknownCalendar, *span, format!("the pack has no calendar `{name}`"))
                    .maybe_help(did_you_mean(name, calendars.iter().map(|calendar| calendar.name.as_str()))),
            );
        }
        found.cloned()
    });
    let rates = dated::rates(root, findings);
    let mut builder = Builder {
        names: Names::default(),
        slots: Vec::new(),
        parameters: Vec::new(),
        attempt: None,
        header: &header,
        parser: &parser,
        record: record.clone(),
        findings,
    };
    builder.names.set_surroundings(
        rates.iter().map(|rate| rate.name.clone()).collect(),
        header.calendar.is_some(),
        record.fields.iter().any(|field| field.place),
    );
    let (facts, tables, order) = builder.decisions(root, assembled.head);
    let contact = builder.contact(root);
    let Builder { slots, names, parameters, attempt, .. } = builder;
    let inputs = inputs::read(root, &record, &header, &parser, findings);
    let mut pack = CheckedPack {
        head: assembled.head,
        digest: assembled.digest.clone(),
        record,
        parameters,
        slots,
        facts,
        tables,
        contact,
        attempt,
        order,
        calendar,
        rates,
        inputs,
        samples: Vec::new(),
        tests: Vec::new(),
        overlays: assembled.overlays.clone(),
        header,
    };
    samples::read(root, &mut pack, &names, findings);
    pack
}

/// Names, slots and the order of the decisions.
struct Builder<'a> {
    names: Names,
    slots: Vec<SlotInfo>,
    parameters: Vec<Field>,
    attempt: Option<AttemptSlots>,
    header: &'a Header,
    parser: &'a Parser,
    record: Arc<RecordType>,
    findings: &'a mut Findings,
}

impl Builder<'_> {
    fn decisions(&mut self, root: &Map, head: Span) -> (Vec<CheckedFact>, Vec<CheckedTable>, Vec<Item>) {
        let record = self.record.clone();
        self.names.set_fields(&record.fields);
        for field in &record.fields {
            let slot = self.slot(&field.name, field.base.clone(), field.private);
            let name =
                Name::Value { slot, base: field.base.clone(), maybe_none: field.maybe_none(), decides: field.decides };
            self.names.add(&field.name, "field", field.span, name, self.findings);
        }
        if root.get("contact").is_some() {
            let first = crate::source::clamp(self.slots.len());
            self.attempt = Some(AttemptSlots::from(first));
            for field in attempt_fields(self.header, head) {
                self.slot(&format!("attempt.{}", field.name), field.base.clone(), false);
                self.parameters.push(field);
            }
        }
        let raw_facts: Vec<RawFact> =
            section(root, "facts").map(|entry| RawFact::read(entry, self.parser, self.findings)).collect();
        let fact_slots: Vec<SlotId> = raw_facts
            .iter()
            .map(|fact| {
                let slot = self.slot(&fact.name, Type::Any, false);
                self.names.add(&fact.name, "fact", fact.name_span, Names::value(slot, Type::Any, false), self.findings);
                slot
            })
            .collect();
        let raw_tables = self.raw_tables(root);
        let table_slots: Vec<Vec<Option<SlotId>>> = raw_tables.iter().map(|table| self.table_slots(table)).collect();
        let order = self.order(&raw_facts, &raw_tables);
        let mut facts: Vec<Option<CheckedFact>> = raw_facts.iter().map(|_| None).collect();
        for item in &order {
            let Item::Fact(index) = *item else { continue };
            let (Some(raw), Some(slot)) = (raw_facts.get(index), fact_slots.get(index)) else { continue };
            let fact = raw.check(&self.names, *slot, self.findings);
            self.names.set_type(&fact.name, fact.expr.base.clone(), fact.expr.maybe_none);
            if let Some(entry) = facts.get_mut(index) {
                *entry = Some(fact);
            }
        }
        let tables: Vec<CheckedTable> = raw_tables
            .iter()
            .zip(&table_slots)
            .map(|(table, slots)| table.check(&self.names, &record, slots, self.findings))
            .collect();
        let facts: Vec<CheckedFact> = facts.into_iter().flatten().collect();
        // Where facts were left out by a cycle, the pack is refused and the order is not used.
        self.mark(&facts, &tables, &order);
        (facts, tables, order)
    }

    /// The contact policies.
    fn contact(&mut self, root: &Map) -> Vec<CheckedPolicy> {
        let Some(attempt) = self.attempt else { return Vec::new() };
        let mut reader = ContactReader {
            header: self.header,
            parser: self.parser,
            names: &self.names,
            record: &self.record,
            attempt,
            attempt_fields: &self.parameters,
            findings: self.findings,
        };
        reader.policies(root)
    }

    /// Types of facts, and which slots hold what derives from a private field.
    fn mark(&mut self, facts: &[CheckedFact], tables: &[CheckedTable], order: &[Item]) {
        for item in order {
            match *item {
                Item::Fact(index) => {
                    let Some(fact) = facts.get(index) else { continue };
                    let private = self.reads_private(&fact.expr);
                    if let Some(info) = self.slots.get_mut(fact.slot.0 as usize) {
                        info.base = fact.expr.base.clone();
                        info.private = private;
                    }
                }
                Item::Table(index) => {
                    let Some(table) = tables.get(index) else { continue };
                    for (position, output) in table.outputs.iter().enumerate() {
                        let private = table
                            .rows
                            .iter()
                            .chain(&table.otherwise)
                            .filter_map(|row| row.outputs.get(position))
                            .any(|expr| self.reads_private(expr));
                        if let Some(info) = output.slot.and_then(|slot| self.slots.get_mut(slot.0 as usize)) {
                            info.private = private;
                        }
                    }
                }
            }
        }
    }

    fn reads_private(&self, expr: &Expr) -> bool {
        let mut found = false;
        expr.walk(&mut |inner| match &inner.kind {
            ExprKind::Slot(slot) => found |= self.slots.get(slot.0 as usize).is_some_and(|info| info.private),
            ExprKind::Member { of, index, .. } => {
                if let Type::Record(record) = &of.base {
                    found |= record.fields.get(*index).is_some_and(|field| field.private);
                }
            }
            _ => {}
        });
        found
    }

    fn slot(&mut self, name: &str, base: Type, private: bool) -> SlotId {
        let slot = SlotId(crate::source::clamp(self.slots.len()));
        self.slots.push(SlotInfo { name: Arc::from(name), base, private });
        slot
    }

    fn raw_tables(&mut self, root: &Map) -> Vec<RawTable> {
        let mut reader = TableReader { header: self.header, parser: self.parser, findings: self.findings };
        let mut tables = Vec::new();
        for entry in &root.entries {
            match entry.key.as_str() {
                "segmentation" => tables.extend(reader.table(Family::Segmentation, None, &entry.value, entry.key_span)),
                "escalations" => tables.extend(reader.escalations(entry)),
                _ => {}
            }
        }
        for entry in section(root, "tables") {
            super::names::report_name(&entry.key, entry.key_span, reader.parser, reader.findings);
            tables.extend(reader.table(
                Family::Table,
                Some((&entry.key, entry.key_span)),
                &entry.value,
                entry.key_span,
            ));
        }
        for entry in section(root, "rules") {
            super::names::report_name(&entry.key, entry.key_span, reader.parser, reader.findings);
            tables.extend(reader.rule_list(entry));
        }
        for entry in section(root, "scores") {
            super::names::report_name(&entry.key, entry.key_span, reader.parser, reader.findings);
            tables.extend(reader.score(entry));
        }
        tables
    }

    fn table_slots(&mut self, table: &RawTable) -> Vec<Option<SlotId>> {
        match (table.family, &table.name) {
            (Family::Escalations, _) => table.outputs.iter().map(|_| None).collect(),
            (Family::Segmentation, _) | (_, None) => table
                .outputs
                .iter()
                .map(|output| {
                    let (base, maybe_none) = table.hit.result(&output.base, output.maybe_none());
                    let slot = self.slot(&output.name, base.clone(), false);
                    self.names.add(
                        &output.name,
                        "result",
                        output.span,
                        Names::value(slot, base, maybe_none),
                        self.findings,
                    );
                    Some(slot)
                })
                .collect(),
            (Family::Score, Some(name)) => {
                let base = table.outputs.first().map_or(Type::Integer, |output| output.base.clone());
                let slot = self.slot(name, base.clone(), false);
                self.names.add(name, "score", table.name_span, Names::value(slot, base, false), self.findings);
                vec![Some(slot)]
            }
            (_, Some(name)) => {
                let mut outputs = Vec::new();
                for output in &table.outputs {
                    let (base, maybe_none) = table.hit.result(&output.base, output.maybe_none());
                    let slot = self.slot(&format!("{name}.{}", output.name), base.clone(), false);
                    outputs.push((output.name.clone(), slot, base, maybe_none));
                }
                let slots = outputs.iter().map(|(_, slot, _, _)| Some(*slot)).collect();
                let what = if table.family == Family::RuleList { "rule list" } else { "table" };
                self.names.add(name, what, table.name_span, Names::group(outputs), self.findings);
                slots
            }
        }
    }

    /// Facts and tables so that each stands behind what it reads; circles are reported.
    fn order(&mut self, facts: &[RawFact], tables: &[RawTable]) -> Vec<Item> {
        let mut by_name: BTreeMap<&str, Item> = BTreeMap::new();
        for (index, fact) in facts.iter().enumerate() {
            by_name.entry(&fact.name).or_insert(Item::Fact(index));
        }
        for (index, table) in tables.iter().enumerate() {
            match (&table.name, table.family) {
                (Some(name), _) => {
                    by_name.entry(name).or_insert(Item::Table(index));
                }
                (None, Family::Segmentation) => {
                    for output in &table.outputs {
                        by_name.entry(&output.name).or_insert(Item::Table(index));
                    }
                }
                _ => {}
            }
        }
        let mut sorter = Sorter {
            facts,
            tables,
            by_name,
            marks: BTreeMap::new(),
            path: Vec::new(),
            order: Vec::new(),
            findings: self.findings,
        };
        for index in 0..facts.len() {
            sorter.visit(Item::Fact(index), None);
        }
        for index in 0..tables.len() {
            sorter.visit(Item::Table(index), None);
        }
        sorter.order
    }
}

/// How long a chain of facts that read each other may be.
const CHAIN: usize = 256;

/// Depth-first search over what reads what.
struct Sorter<'a> {
    facts: &'a [RawFact],
    tables: &'a [RawTable],
    by_name: BTreeMap<&'a str, Item>,
    /// Items on the path (false) and done (true).
    marks: BTreeMap<Item, bool>,
    path: Vec<(Item, Option<Span>)>,
    order: Vec<Item>,
    findings: &'a mut Findings,
}

impl Sorter<'_> {
    fn visit(&mut self, item: Item, read_at: Option<Span>) {
        match self.marks.get(&item) {
            Some(true) => return,
            Some(false) => {
                self.report(item, read_at);
                return;
            }
            None => {}
        }
        if self.path.len() >= CHAIN {
            if let Some(span) = read_at {
                self.findings.push(
                    Finding::error(
                        Code::YamlLimit,
                        span,
                        format!("facts read each other in a chain of more than {CHAIN}"),
                    )
                    .help("shorten the chain"),
                );
            }
            return;
        }
        self.marks.insert(item, false);
        self.path.push((item, read_at));
        let names = match item {
            Item::Fact(index) => self.facts.get(index).map(RawFact::names),
            Item::Table(index) => self.tables.get(index).map(RawTable::names),
        };
        let mut seen = BTreeSet::new();
        for (name, span) in names.unwrap_or_default() {
            if let Some(next) = self.by_name.get(name.as_str()).copied()
                && seen.insert(next)
            {
                self.visit(next, Some(span));
            }
        }
        self.path.pop();
        self.marks.insert(item, true);
        self.order.push(item);
    }

    fn report(&mut self, item: Item, read_at: Option<Span>) {
        let from = self.path.iter().position(|(known, _)| *known == item).unwrap_or(0);
        let circle: Vec<(Item, Option<Span>)> = self.path.get(from..).unwrap_or(&[]).to_vec();
        let mut names: Vec<String> = circle.iter().map(|(item, _)| self.called(*item)).collect();
        names.push(self.called(item));
        let start = match item {
            Item::Fact(index) => self.facts.get(index).map(|fact| fact.name_span),
            Item::Table(index) => self.tables.get(index).map(|table| table.name_span),
        };
        let Some(start) = start else { return };
        let mut finding =
            Finding::error(Code::Cycle, start, format!("these depend on each other: {}", names.join(" -> ")))
                .help("break the circle: one of them must not read the next");
        for (_, span) in circle.iter().skip(1) {
            if let Some(span) = span {
                finding = finding.also(*span, "read here");
            }
        }
        if let Some(span) = read_at {
            finding = finding.also(span, "read here, which closes the circle");
        }
        self.findings.push(finding);
    }

    fn called(&self, item: Item) -> String {
        match item {
            Item::Fact(index) => self.facts.get(index).map_or(String::new(), |fact| fact.name.to_string()),
            Item::Table(index) => self.tables.get(index).map_or(String::new(), |table| match &table.name {
                Some(name) => name.to_string(),
                None => table.id.to_string(),
            }),
        }
    }
}

/// The entries of a section that is a map.
pub(crate) fn section<'a>(root: &'a Map, key: &str) -> impl Iterator<Item = &'a Entry> {
    root.get(key)
        .into_iter()
        .filter_map(|node| match &node.kind {
            NodeKind::Map(map) => Some(map),
            _ => None,
        })
        .flat_map(|map| map.entries.iter())
}

fn read_records(root: &Map, header: &Header, parser: &Parser, head: Span, findings: &mut Findings) -> Arc<RecordType> {
    let mut case = None;
    let mut names = Vec::new();
    for entry in section(root, "records") {
        names.push(entry.key.as_str());
        super::names::report_record_name(&entry.key, entry.key_span, findings);
        let record = Records { header, parser, findings }.record(&entry.key, entry.key_span, &entry.value);
        if entry.key == "case" {
            case = Some(record);
        }
    }
    match case {
        Some(record) => {
            let record = record.unwrap_or(RecordType {
                name: Arc::from("case"),
                fields: Vec::new(),
                ignores_unknown_fields: false,
            });
            if let Some(second) = record.fields.iter().filter(|field| field.place).nth(1) {
                findings.push(
                    Finding::error(Code::InvalidValue, second.span, "two fields are marked `place: true`")
                        .help("keep one"),
                );
            }
            if let Some(field) = record.fields.iter().find(|field| field.time) {
                findings.push(
                    Finding::error(Code::InvalidValue, field.span, "`time: true` marks a field of the items of a list")
                        .help("remove it"),
                );
            }
            Arc::new(record)
        }
        None => {
            findings.push(
                Finding::error(Code::MissingKey, head, "the pack declares no record `case`")
                    .help("say under `records:` what a case has"),
            );
            Arc::new(RecordType { name: Arc::from("case"), fields: Vec::new(), ignores_unknown_fields: false })
        }
    }
}
