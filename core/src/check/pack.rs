//! The whole pack: sections read, names given, dependencies ordered, everything typed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::actions::{ActionReader, CheckedAction, CheckedTemplate};
use super::arms;
use super::assemble::Assembled;
use super::calls::woven;
use super::contact::{AttemptSlots, CheckedPolicy, ContactReader, attempt_fields};
use super::cooldowns::Cooldown;
use super::dated;
use super::experiments::{self, CheckedExperiment, RawExperiment};
use super::facts::{CheckedFact, RawFact};
use super::follows::Decisions;
use super::functions::{self, Functions};
use super::header::{self, Header};
use super::incentives::{AllIncentives, CheckedIncentives, IncentiveReader};
use super::inputs::{self, CheckedInput};
use super::metrics::CheckedMetric;
use super::names::Names;
use super::order;
use super::pay_plan::CheckedPayPlan;
use super::records::{self, Declared};
use super::samples::{self, PayTest, Sample, TeamTest, Test};
use super::scripting::Scripting;
use super::settlement::{self, CheckedSettlement, OfferSlots, SettlementReader, offer_fields};
use super::tables::{CheckedTable, Family, RawTable, TableReader};
use super::team_pool::CheckedTeamPool;
use super::workflows::{CheckedWorkflow, Outline, StateSlots, WorkflowReader, state_fields};
use crate::calendar::{Calendar, Rate};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::parse::Parser;
use crate::language::{Name, SlotId};
use crate::load_options::Settings;
use crate::script::interpreter_fault;
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
    /// Those that the pack declares.
    pub(crate) functions: Functions,
    pub(crate) facts: Vec<CheckedFact>,
    pub(crate) tables: Vec<CheckedTable>,
    pub(crate) actions: Vec<CheckedAction>,
    pub(crate) templates: Vec<CheckedTemplate>,
    pub(crate) workflows: Vec<CheckedWorkflow>,
    /// Where a state stands, in a pack with workflows.
    pub(crate) state: Option<StateSlots>,
    /// Escalations that rest once they were acted on.
    pub(crate) cooldowns: Vec<Cooldown>,
    pub(crate) contact: Vec<CheckedPolicy>,
    pub(crate) settlement: Option<CheckedSettlement>,
    pub(crate) incentives: Option<CheckedIncentives>,
    pub(crate) pay_plan: Option<CheckedPayPlan>,
    pub(crate) team_pool: Option<CheckedTeamPool>,
    pub(crate) metrics: Vec<CheckedMetric>,
    pub(crate) experiments: Vec<CheckedExperiment>,
    /// Where an offer stands, in a pack with a settlement.
    pub(crate) offer: Option<OfferSlots>,
    /// Where an attempt stands, in a pack with contact policies.
    pub(crate) attempt: Option<AttemptSlots>,
    /// Facts and tables in an order in which each stands behind what it reads.
    pub(crate) order: Vec<Item>,
    pub(crate) calendar: Option<Calendar>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) inputs: Vec<CheckedInput>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) tests: Vec<Test>,
    /// Those of collectors' pay.
    pub(crate) pay_tests: Vec<PayTest>,
    /// Those of the pools of teams.
    pub(crate) team_tests: Vec<TeamTest>,
    /// What overlays did, a line each.
    pub(crate) overlays: Vec<String>,
}

impl CheckedPack {
    /// Whether anything follows from an evaluation: stages and actions, a settlement, incentives, arms to be kept.
    pub(crate) fn has_course(&self) -> bool {
        let has_others = self.settlement.is_some() || self.incentives.is_some() || !self.experiments.is_empty();
        self.state.is_some() || has_others
    }

    /// How many slots are filled before a case is evaluated: those of its fields, and of its state.
    pub(crate) fn given(&self) -> usize {
        let of_stage = self.state.as_ref().map_or(0, StateSlots::count);
        self.record.fields.len() + of_stage + self.cooldowns.len() + self.experiments.len()
    }
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
    Experiment(usize),
}

/// Checks an assembled pack. Without errors among the findings the result can be used, and analysed.
pub(crate) fn check(assembled: &Assembled, settings: &Settings, findings: &mut Findings) -> CheckedPack {
    let parser = Parser::new();
    let header = header::read(assembled, findings);
    let raw_experiments = experiments::read(&assembled.root, &parser, findings);
    let mut overlays = assembled.overlays.clone();
    let woven = (!raw_experiments.is_empty()).then(|| {
        let (woven, log) = experiments::weave(&assembled.root, &raw_experiments, findings);
        overlays.extend(log);
        woven
    });
    let root = woven.as_ref().unwrap_or(&assembled.root);
    let Declared { case: record, others } = records::read(root, &header, &parser, assembled.head, findings);
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
    let scripting = Scripting::new(settings.limits, calendar.as_ref());
    let mut builder = Builder {
        scripting: &scripting,
        names: Names::default(),
        slots: Vec::new(),
        parameters: Vec::new(),
        state: None,
        cooldowns: Vec::new(),
        attempt: None,
        offer: None,
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
    let (functions, refused) =
        functions::read(root, &header, &record, &scripting, &settings.supplied, &parser, builder.findings);
    builder.names.set_functions(functions.clone(), refused.clone());
    if assembled.lacks_plugin {
        builder.names.set_lacks_plugin();
    }
    let (mut facts, tables, experiments, mut order) = builder.decisions(root, &raw_experiments, assembled.head);
    let (actions, templates, workflows) = builder.workflows(root);
    let contact = builder.contact(root, raw_experiments.len());
    let settlement = builder.settlement(root);
    let AllIncentives { debtor: incentives, collector: pay_plan, team: team_pool } = builder.incentives(root, &others);
    let metrics = super::metrics::read(root, &builder.names, &parser, builder.findings);
    if let Some(fault) = scripting.is_used().then(interpreter_fault).flatten() {
        let message = format!("scripts cannot run in this program: {fault}");
        let help = "a crate of the program switches on a feature of `rhai` that changes what scripts mean; take it out";
        builder.findings.push(Finding::error(Code::UnsoundInterpreter, assembled.head, message).help(help));
    }
    functions::report_uncalled(&functions, &builder.names, builder.findings);
    let hosted = functions.values().filter(|function| function.is_host).map(|function| &*function.name);
    settings.supplied.report_unused(hosted.chain(refused.iter().map(|name| &**name)), assembled.head, builder.findings);
    builder.calls_behind(&mut facts, &tables, &mut order);
    let decisions = Decisions { facts: &facts, tables: &tables, experiments: &experiments, order: &order };
    decisions.begin_anywhere(builder.state.as_ref(), &workflows, builder.findings);
    decisions.contact_is_fixed(&contact, builder.findings);
    // Where one was left out, the pack is refused.
    let experiments = experiments.into_iter().flatten().collect();
    let Builder { slots, names, parameters, state, cooldowns, attempt, offer, .. } = builder;
    let inputs = inputs::read(root, &record, &header, &functions, &parser, findings);
    let mut pack = CheckedPack {
        head: assembled.head,
        digest: assembled.digest.clone(),
        record,
        parameters,
        slots,
        functions,
        facts,
        tables,
        actions,
        templates,
        workflows,
        state,
        cooldowns,
        contact,
        settlement,
        incentives,
        pay_plan,
        team_pool,
        metrics,
        experiments,
        offer,
        attempt,
        order,
        calendar,
        rates,
        inputs,
        samples: Vec::new(),
        tests: Vec::new(),
        pay_tests: Vec::new(),
        team_tests: Vec::new(),
        overlays,
        header,
    };
    samples::read(root, &mut pack, &names, findings);
    pack
}

/// Facts, tables and experiments, and the order in which each stands behind what it reads. An experiment that was refused
/// is left out.
type Decided = (Vec<CheckedFact>, Vec<CheckedTable>, Vec<Option<CheckedExperiment>>, Vec<Item>);

/// Names, slots and the order of the decisions.
pub(super) struct Builder<'a> {
    scripting: &'a Scripting,
    pub(super) names: Names,
    pub(super) slots: Vec<SlotInfo>,
    parameters: Vec<Field>,
    state: Option<StateSlots>,
    cooldowns: Vec<Cooldown>,
    attempt: Option<AttemptSlots>,
    offer: Option<OfferSlots>,
    header: &'a Header,
    parser: &'a Parser,
    record: Arc<RecordType>,
    findings: &'a mut Findings,
}

impl Builder<'_> {
    fn decisions(&mut self, root: &Map, raw_experiments: &[RawExperiment<'_>], head: Span) -> Decided {
        let record = self.record.clone();
        self.names.set_case(&record);
        for field in &record.fields {
            let slot = self.slot(&field.name, field.base.clone(), field.private);
            let name =
                Name::Value { slot, base: field.base.clone(), maybe_none: field.maybe_none(), decides: field.decides };
            self.names.add(&field.name, "field", field.span, name, self.findings);
        }
        if root.get("workflows").is_some() {
            self.state(root, head);
        }
        for (rule, length, span) in super::cooldowns::read(root, self.header, self.findings) {
            let field = Cooldown::field(&rule, span);
            let slot = self.slot(&field.name, field.base.clone(), false);
            self.names.add(&field.name, "cooldown", span, Names::value(slot, Type::Boolean, false), self.findings);
            self.parameters.push(field);
            self.cooldowns.push(Cooldown { rule, length, slot });
        }
        let kept: Vec<SlotId> = raw_experiments
            .iter()
            .map(|experiment| {
                let field = experiment.kept();
                let slot = self.slot(&field.name, field.base.clone(), false);
                self.parameters.push(field);
                slot
            })
            .collect();
        if root.get("contact").is_some() {
            let first = crate::source::clamp(self.slots.len());
            self.attempt = Some(AttemptSlots::from(first));
            for field in attempt_fields(self.header, head) {
                self.slot(&format!("attempt.{}", field.name), field.base.clone(), false);
                self.parameters.push(field);
            }
        }
        if let Some(entry) = settlement::entry(root) {
            let first = crate::source::clamp(self.slots.len());
            self.offer = Some(OfferSlots { instalments: SlotId(first), role: SlotId(first.saturating_add(1)) });
            for field in offer_fields(entry.key_span) {
                self.slot(&format!("offer.{}", field.name), field.base.clone(), false);
                self.parameters.push(field);
            }
        }
        let arm_slots: Vec<[SlotId; 3]> = raw_experiments
            .iter()
            .zip(kept)
            .map(|(experiment, kept)| {
                let (name, base) = (arms::name(experiment.name), experiment.base());
                let drawn = self.slot(&format!("drawn {name}"), base.clone(), false);
                let arm = self.slot(&name, base.clone(), false);
                self.names.add(&name, "arm", experiment.span, Names::value(arm, base, true), self.findings);
                [kept, drawn, arm]
            })
            .collect();
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
        let order = order::order(&raw_facts, &raw_tables, raw_experiments, self.findings);
        let mut facts: Vec<Option<CheckedFact>> = raw_facts.iter().map(|_| None).collect();
        self.names.set_in_facts(true);
        for item in &order {
            let Item::Fact(index) = *item else { continue };
            let (Some(raw), Some(slot)) = (raw_facts.get(index), fact_slots.get(index)) else { continue };
            let fact = raw.check(&self.names, *slot, self.findings);
            self.names.set_type(&fact.name, fact.expr.base.clone(), fact.expr.maybe_none);
            if let Some(entry) = facts.get_mut(index) {
                *entry = Some(fact);
            }
        }
        self.names.set_in_facts(false);
        self.names.placed.begin(self.slots.len());
        let mut reads: BTreeMap<Item, Vec<usize>> = BTreeMap::new();
        let mut tables = Vec::with_capacity(raw_tables.len());
        for (index, (table, slots)) in raw_tables.iter().zip(&table_slots).enumerate() {
            tables.push(table.check(&self.names, &record, slots, self.scripting, self.findings));
            reads.insert(Item::Table(index), self.names.placed.take_read());
        }
        let mut experiments = Vec::with_capacity(raw_experiments.len());
        for (index, (experiment, slots)) in raw_experiments.iter().zip(arm_slots).enumerate() {
            experiments.push(experiment.check(&record, &self.names, slots, self.findings));
            reads.insert(Item::Experiment(index), self.names.placed.take_read());
        }
        let mut facts: Vec<CheckedFact> = facts.into_iter().flatten().collect();
        let order = woven(&order, facts.len(), |item| reads.remove(&item).unwrap_or_default());
        self.place_calls(&mut facts, 0);
        // Where facts were left out by a cycle, the pack is refused and the order is not used.
        self.mark(&facts, &tables, &order);
        (facts, tables, experiments, order)
    }

    /// Slots for what expressions read of a state.
    fn state(&mut self, root: &Map, head: Span) {
        let mut outline = Outline::of(root);
        let span = root.entries.iter().find(|entry| entry.key == "workflows").map_or(head, |entry| entry.key_span);
        let steps = outline.steps.clone();
        // A step that no text names beside `done` is not asked about.
        let mut asked = Vec::new();
        each_text(root, &mut |text| {
            if text.contains("done") {
                asked.extend(steps.iter().filter(|step| text.contains(&***step)).cloned());
            }
        });
        outline.steps.retain(|step| asked.contains(step));
        let mut slots = Vec::new();
        for (index, field) in state_fields(&outline, span).into_iter().enumerate() {
            let name = if index < 3 { field.name.to_string() } else { format!("done(\"{}\")", field.name) };
            let slot = self.slot(&name, field.base.clone(), false);
            if let Some(own) = self.record.fields.iter().find(|own| own.name == field.name).filter(|_| index < 3) {
                let message = format!("the field `{name}` has the name of a part of the state");
                self.findings.push(
                    Finding::error(Code::DuplicateName, own.span, message)
                        .also(span, "a pack with workflows has a state")
                        .help("choose another name: this one says where the case stands in its workflow"),
                );
            } else if index < 3 {
                let value = Names::value(slot, field.base.clone(), field.maybe_none());
                self.names.add(&field.name, "part of the state", span, value, self.findings);
            }
            slots.push(slot);
            self.parameters.push(field);
        }
        if let [stage, days_in_stage, previous_stage, done @ ..] = slots.as_slice() {
            let done: Vec<(Arc<str>, SlotId)> = outline.steps.iter().cloned().zip(done.iter().copied()).collect();
            let slot_of = |step: &Arc<str>| done.iter().find(|(known, _)| known == step).map(|(_, slot)| *slot);
            self.names.set_steps(steps.iter().map(|step| (step.clone(), slot_of(step))).collect());
            let (stage, days_in_stage, previous_stage) = (*stage, *days_in_stage, *previous_stage);
            self.state = Some(StateSlots { stage, days_in_stage, previous_stage, done });
        }
    }

    /// Actions, templates and workflows.
    fn workflows(&mut self, root: &Map) -> (Vec<CheckedAction>, Vec<CheckedTemplate>, Vec<CheckedWorkflow>) {
        let mut reader =
            ActionReader { header: self.header, parser: self.parser, names: &self.names, findings: self.findings };
        let (actions, templates) = (reader.actions(root), reader.templates(root));
        let mut reader = WorkflowReader {
            header: self.header,
            parser: self.parser,
            names: &self.names,
            record: &self.record,
            actions: &actions,
            templates: &templates,
            findings: self.findings,
        };
        let workflows = reader.workflows(root);
        (actions, templates, workflows)
    }

    /// The contact policies.
    fn contact(&mut self, root: &Map, experiments: usize) -> Vec<CheckedPolicy> {
        let Some(attempt) = self.attempt else { return Vec::new() };
        let given = self.state.as_ref().map_or(0, StateSlots::count) + self.cooldowns.len() + experiments;
        let mut reader = ContactReader {
            header: self.header,
            parser: self.parser,
            names: &self.names,
            record: &self.record,
            attempt,
            attempt_fields: self.parameters.get(given..).unwrap_or(&[]),
            findings: self.findings,
        };
        reader.policies(root)
    }

    /// The incentives for debtors, and what collectors and their teams earn, which goes over one of the other records.
    fn incentives(&mut self, root: &Map, others: &[Arc<RecordType>]) -> AllIncentives {
        let Some(entry) = root.entries.iter().find(|entry| entry.key == "incentives") else {
            return AllIncentives::default();
        };
        let mut reader = IncentiveReader {
            header: self.header,
            parser: self.parser,
            scripting: self.scripting,
            names: &self.names,
            findings: self.findings,
        };
        reader.incentives(entry, others)
    }

    /// The settlement.
    fn settlement(&mut self, root: &Map) -> Option<CheckedSettlement> {
        let (entry, offer) = (settlement::entry(root)?, self.offer?);
        let mut reader = SettlementReader {
            header: self.header,
            parser: self.parser,
            scripting: self.scripting,
            names: &self.names,
            offer,
            findings: self.findings,
        };
        reader.settlement(entry)
    }

    pub(super) fn slot(&mut self, name: &str, base: Type, private: bool) -> SlotId {
        let slot = SlotId(crate::source::clamp(self.slots.len()));
        self.slots.push(SlotInfo { name: Arc::from(name), base, private });
        slot
    }

    fn raw_tables(&mut self, root: &Map) -> Vec<RawTable> {
        let mut reader = TableReader {
            header: self.header,
            parser: self.parser,
            scripting: self.scripting,
            findings: self.findings,
        };
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
}

/// Calls `visit` with the text of every scalar.
fn each_text(map: &Map, visit: &mut dyn FnMut(&str)) {
    fn each(node: &crate::syntax::Node, visit: &mut dyn FnMut(&str)) {
        match &node.kind {
            NodeKind::Map(map) => each_text(map, visit),
            NodeKind::List(items) => items.iter().for_each(|item| each(item, visit)),
            _ => {
                if let Some(text) = node.text() {
                    visit(text);
                }
            }
        }
    }
    map.entries.iter().for_each(|entry| each(&entry.value, visit));
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
