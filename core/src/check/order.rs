//! The order of facts, tables and experiments: each behind what it reads.

use std::collections::{BTreeMap, BTreeSet};

use super::arms;
use super::experiments::RawExperiment;
use super::facts::RawFact;
use super::pack::Item;
use super::tables::{Family, RawTable};
use crate::diagnostic::{Code, Finding, Findings};
use crate::source::Span;

/// Facts and tables so that each stands behind what it reads; circles are reported.
pub(super) fn order(
    facts: &[RawFact],
    tables: &[RawTable],
    experiments: &[RawExperiment<'_>],
    findings: &mut Findings,
) -> Vec<Item> {
    let arms: Vec<String> = experiments.iter().map(|experiment| arms::name(experiment.name)).collect();
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
    for (index, arm) in arms.iter().enumerate() {
        by_name.entry(arm).or_insert(Item::Experiment(index));
    }
    let (marks, path) = (BTreeMap::new(), Vec::new());
    let mut sorter = Sorter { facts, tables, experiments, by_name, marks, path, order: Vec::new(), findings };
    for index in 0..facts.len() {
        sorter.visit(Item::Fact(index), None);
    }
    for index in 0..tables.len() {
        sorter.visit(Item::Table(index), None);
    }
    for index in 0..experiments.len() {
        sorter.visit(Item::Experiment(index), None);
    }
    sorter.order
}

/// How long a chain of facts that read each other may be.
const CHAIN: usize = 256;

/// Depth-first search over what reads what.
struct Sorter<'a> {
    facts: &'a [RawFact],
    tables: &'a [RawTable],
    experiments: &'a [RawExperiment<'a>],
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
            Item::Experiment(index) => self.experiments.get(index).map(RawExperiment::names),
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
            Item::Experiment(index) => self.experiments.get(index).map(|experiment| experiment.span),
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
            Item::Experiment(index) => {
                self.experiments.get(index).map_or(String::new(), |experiment| arms::name(experiment.name))
            }
        }
    }
}
