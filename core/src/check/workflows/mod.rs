//! Workflows: the stages that a case moves through, and the dated steps within one.
//!
//! Takes `workflows`; gives stages whose transitions and steps are conditions over the case, each transition with the
//! stage that it leads to, each step with the action that it asks for and the day on which it is due.

mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use steps::{Anchor, ChannelChoice, CheckedStep, Missed, StepValue};

use super::actions::{CheckedAction, CheckedTemplate};
use super::arms::{self, plain};
use super::expressions::{all_of, none_of};
use super::header::Header;
use super::literals;
use super::names::{Names, report_id};
use super::pack::section;
use super::tables::annotations::{ANNOTATIONS, annotations};
use super::tables::{Annotations, CheckedCondition};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::SlotId;
use crate::language::parse::Parser;
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node, NodeKind};
use crate::value::{Absence, Duration, DurationUnit, Field, RecordType, Type};

/// A workflow.
#[derive(Clone, Debug)]
pub(crate) struct CheckedWorkflow {
    /// The qualified id, such as `workflows/consumer`.
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) applies_when: Vec<CheckedCondition>,
    /// The stage in which a case begins.
    pub(crate) initial: usize,
    /// What stages were called before, and what they are called now.
    pub(crate) renamed: BTreeMap<Arc<str>, Arc<str>>,
    /// Transitions out of every stage that they do not except.
    pub(crate) from_any: Vec<Transition>,
    pub(crate) stages: Vec<CheckedStage>,
    pub(crate) span: Span,
    /// Whether nothing in it was refused, so that it can be analysed.
    pub(crate) is_sound: bool,
}

/// A stage.
#[derive(Clone, Debug)]
pub(crate) struct CheckedStage {
    /// The qualified id, such as `workflows/consumer/stages/closure`.
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) title: Option<String>,
    pub(crate) goal: Option<String>,
    /// How long a case may stay.
    pub(crate) due_in: Option<Duration>,
    /// Those of `enter`, then those of `cadence`.
    pub(crate) steps: Vec<CheckedStep>,
    pub(crate) next: Vec<Transition>,
    pub(crate) is_end: bool,
    pub(crate) span: Span,
}

/// A way from one stage to another.
#[derive(Clone, Debug)]
pub(crate) struct Transition {
    /// The qualified id, such as `workflows/consumer/from_any/closure`.
    pub(crate) id: Arc<str>,
    pub(crate) to: Target,
    /// The stages out of which it does not lead.
    pub(crate) except: Vec<usize>,
    pub(crate) conditions: Vec<CheckedCondition>,
    pub(crate) annotations: Annotations,
    pub(crate) skips_unknown: bool,
    pub(crate) span: Span,
}

/// Where a transition leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Stage(usize),
    /// Back to the stage that was left, as it was.
    Previous,
}

/// Where the items of a state stand that expressions read.
#[derive(Clone, Debug)]
pub(crate) struct StateSlots {
    pub(crate) stage: SlotId,
    pub(crate) days_in_stage: SlotId,
    pub(crate) previous_stage: SlotId,
    /// By name of a step that expressions ask about: whether it is done.
    pub(crate) done: Vec<(Arc<str>, SlotId)>,
}

impl StateSlots {
    /// How many slots there are.
    pub(crate) fn count(&self) -> usize {
        3 + self.done.len()
    }
}

/// The names of the stages and steps of a document's workflows, before anything in them is checked.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) stages: Vec<Arc<str>>,
    pub(crate) steps: Vec<Arc<str>>,
    /// Whether some workflow takes every case.
    pub(crate) is_total: bool,
}

impl Outline {
    /// Out of the document.
    pub(crate) fn of(root: &Map) -> Outline {
        let mut outline = Outline::default();
        let add = |names: &mut Vec<Arc<str>>, name: &str| {
            if !names.iter().any(|known| **known == *name) {
                names.push(Arc::from(name));
            }
        };
        for workflow in section(root, "workflows") {
            let NodeKind::Map(map) = &workflow.value.kind else { continue };
            outline.is_total |= map.get("applies_when").is_none();
            for stage in section(map, "stages") {
                add(&mut outline.stages, &stage.key);
                let NodeKind::Map(stage) = &stage.value.kind else { continue };
                for list in ["enter", "cadence"] {
                    let Some(NodeKind::List(items)) = stage.get(list).map(|node| &node.kind) else { continue };
                    for item in items {
                        if let NodeKind::Map(step) = &item.kind
                            && let Some(id) = step.get("id").and_then(Node::text)
                        {
                            add(&mut outline.steps, id);
                        }
                    }
                }
            }
        }
        outline
    }
}

/// The items of a state that expressions read, in the order of their slots.
pub(crate) fn state_fields(outline: &Outline, span: Span) -> Vec<Field> {
    let stages = Type::Choice(outline.stages.clone().into());
    let absence = || if outline.is_total { Absence::Refused } else { Absence::None };
    let mut fields = vec![
        Field { absence: absence(), ..Field::new("stage", stages.clone(), span) },
        Field { absence: absence(), ..Field::new("days_in_stage", Type::Integer, span) },
        Field { absence: Absence::None, ..Field::new("previous_stage", stages, span) },
    ];
    fields.extend(outline.steps.iter().map(|step| Field::new(step, Type::Boolean, span)));
    fields
}

/// Reads the pack's workflows.
pub(crate) struct WorkflowReader<'a> {
    pub(crate) header: &'a Header,
    pub(crate) parser: &'a Parser,
    pub(crate) names: &'a Names,
    pub(crate) record: &'a RecordType,
    pub(crate) actions: &'a [CheckedAction],
    pub(crate) templates: &'a [CheckedTemplate],
    pub(crate) findings: &'a mut Findings,
}

impl WorkflowReader<'_> {
    /// All workflows, in the order of the pack.
    pub(crate) fn workflows(&mut self, root: &Map) -> Vec<CheckedWorkflow> {
        let workflows: Vec<CheckedWorkflow> =
            section(root, "workflows").filter_map(|entry| self.workflow(entry)).collect();
        if let Some(total) = workflows.iter().position(|workflow| workflow.applies_when.is_empty())
            && let Some(behind) = workflows.get(total + 1)
        {
            let message = "no case comes to this workflow: one before it takes all";
            let finding = Finding::error(Code::MissingKey, behind.span, message)
                .help("say there which cases it takes (`applies_when:`), or put it at the end");
            let total = workflows.get(total).map_or(behind.span, |total| total.span);
            self.findings.push(finding.also(total, "this one takes all"));
        }
        workflows
    }

    fn workflow(&mut self, entry: &Entry) -> Option<CheckedWorkflow> {
        let before = self.findings.len();
        report_id(&entry.key, entry.key_span, self.findings);
        let what = format!("the workflow `{}`", entry.key);
        let mut reader = MapReader::new(&entry.value, &what, self.findings)?.named(entry.key_span);
        let applies_when = reader.optional("applies_when", self.findings);
        let initial = reader.required("initial", self.findings);
        let moved = reader.optional("moved", self.findings);
        let from_any = reader.optional("from_any", self.findings);
        let stages = reader.required("stages", self.findings);
        reader.optional("title", self.findings);
        reader.finish(self.findings);
        let id: Arc<str> = Arc::from(format!("workflows/{}", entry.key));
        let applies_when = all_of(applies_when, "`applies_when`", self.names, self.parser, self.findings);
        let entries = stages.and_then(|node| node.as_map("`stages`", self.findings)).map(|map| &map.entries)?;
        let names: Vec<&str> = entries.iter().map(|stage| stage.key.as_str()).collect();
        if names.is_empty() {
            self.findings.push(
                Finding::error(Code::MissingKey, entry.key_span, format!("{what} has no stage"))
                    .help("name at least one under `stages:`, such as `closure: {end: true}`"),
            );
            return None;
        }
        let initial = initial.and_then(|node| {
            let name = node.as_text("`initial`", self.findings)?;
            self.stage_named(name, node.span, &names)
        });
        let from_any =
            from_any.map_or_else(Vec::new, |node| self.transitions(node, &format!("{id}/from_any"), &names, true));
        let stages: Vec<CheckedStage> =
            entries.iter().filter_map(|stage| self.stage(stage, &format!("{id}/stages"), &names)).collect();
        let renamed = moved.map_or_else(BTreeMap::new, |node| self.renamed(node, &names));
        let name = Arc::from(entry.key.as_str());
        let span = entry.key_span;
        let is_sound = !self.findings.has_errors_since(before);
        let initial = initial?;
        (stages.len() == names.len()).then_some(CheckedWorkflow {
            id,
            name,
            applies_when,
            initial,
            renamed,
            from_any,
            stages,
            span,
            is_sound,
        })
    }

    fn stage_named(&mut self, name: &str, span: Span, names: &[&str]) -> Option<usize> {
        let found = names.iter().position(|known| *known == name);
        if found.is_none() {
            self.findings.push(
                Finding::error(Code::UnknownStage, span, format!("the workflow has no stage `{name}`"))
                    .maybe_help(did_you_mean(name, names.iter().copied())),
            );
        }
        found
    }

    fn stage(&mut self, entry: &Entry, path: &str, names: &[&str]) -> Option<CheckedStage> {
        report_id(&entry.key, entry.key_span, self.findings);
        if entry.key == "previous" {
            self.findings.push(
                Finding::error(Code::ReservedName, entry.key_span, "`previous` stands for the stage that was left")
                    .help("choose another name for the stage"),
            );
        }
        let what = format!("the stage `{}`", entry.key);
        let mut reader = MapReader::new(&entry.value, &what, self.findings)?.named(entry.key_span);
        let title = reader.text("title", self.findings).map(str::to_owned);
        let goal = reader.text("goal", self.findings).map(str::to_owned);
        let due_in = reader.optional("due_in", self.findings);
        let enter = reader.optional("enter", self.findings);
        let cadence = reader.optional("cadence", self.findings);
        let next = reader.optional("next", self.findings);
        let is_end = reader.boolean("end", self.findings).unwrap_or(false);
        reader.finish(self.findings);
        let id: Arc<str> = Arc::from(format!("{path}/{}", entry.key));
        let due_in = due_in.and_then(|node| {
            let duration = literals::duration(node, "`due_in`", self.findings)?;
            self.needs_calendar(duration, node.span);
            Some(duration)
        });
        let mut steps: Vec<CheckedStep> = Vec::new();
        for (key, list) in [("enter", enter), ("cadence", cadence)] {
            let Some(list) = list else { continue };
            for item in list.as_list(&format!("`{key}`"), self.findings).unwrap_or(&[]) {
                let Some(step) = self.step(item, &id, key) else { continue };
                let is_other = |known: &CheckedStep| known.id == step.id || plain(&known.id) != plain(&step.id);
                if let Some(first) = steps.iter().find(|known| known.name == step.name && is_other(known)) {
                    self.findings.push(
                        Finding::error(
                            Code::DuplicateId,
                            step.span,
                            format!("two steps of this stage are called `{}`", step.name),
                        )
                        .also(first.span, "the first")
                        .help("give one another id: what is recorded as done is told apart by it"),
                    );
                }
                steps.push(step);
            }
        }
        let next = next.map_or_else(Vec::new, |node| self.transitions(node, &format!("{id}/next"), names, false));
        let own = names.iter().position(|known| *known == entry.key).map(Target::Stage);
        for transition in next.iter().filter(|transition| Some(transition.to) == own) {
            let message = format!("the stage `{}` leads to itself", entry.key);
            self.findings.push(
                Finding::error(Code::InvalidValue, transition.span, message)
                    .help("name another stage: a case enters a stage anew only from another one"),
            );
        }
        let name = Arc::from(entry.key.as_str());
        Some(CheckedStage { id, name, title, goal, due_in, steps, next, is_end, span: entry.key_span })
    }

    fn transitions(&mut self, list: &Node, path: &str, names: &[&str], is_from_any: bool) -> Vec<Transition> {
        let mut transitions: Vec<Transition> = Vec::new();
        for item in list.as_list("a list of transitions", self.findings).unwrap_or(&[]) {
            let Some(transition) = self.transition(item, path, names, is_from_any) else { continue };
            if let Some(first) = transitions.iter().find(|known| known.id == transition.id) {
                self.findings.push(
                    Finding::error(
                        Code::DuplicateId,
                        transition.span,
                        format!("two transitions are called `{}`", transition.id),
                    )
                    .also(first.span, "the first")
                    .help("a transition is called by the stage it leads to; give one an `id`"),
                );
            }
            transitions.push(transition);
        }
        transitions
    }

    fn transition(&mut self, item: &Node, path: &str, names: &[&str], is_from_any: bool) -> Option<Transition> {
        let mut reader = MapReader::new(item, "a transition", self.findings)?;
        let id = reader.optional("id", self.findings);
        let to = reader.required("to", self.findings);
        let when = reader.optional("when", self.findings);
        let unless = reader.optional("unless", self.findings);
        let except = if is_from_any || reader.has("except") { reader.optional("except", self.findings) } else { None };
        if except.is_some() && !is_from_any {
            let message = "`except` belongs to transitions under `from_any`";
            self.findings.push(
                Finding::error(Code::UnknownKey, reader.key_span("except"), message)
                    .help("remove it: this one leads out of one stage only"),
            );
        }
        let skips_unknown = self.skips_unknown(&mut reader);
        for key in ANNOTATIONS {
            reader.optional(key, self.findings);
        }
        arms::asked(&mut reader);
        let mut conditions = arms::conditions(item, self.names, self.findings);
        reader.finish(self.findings);
        conditions.extend(self.conditions(when, unless));
        let except = except.map_or(&[][..], |node| node.one_or_many());
        let except = except
            .iter()
            .filter_map(|node| {
                let name = node.as_text("a stage", self.findings)?;
                self.stage_named(name, node.span, names)
            })
            .collect();
        let node = to?;
        let name = node.as_text("`to`", self.findings)?;
        let target = if name == "previous" {
            Target::Previous
        } else {
            Target::Stage(self.stage_named(name, node.span, names)?)
        };
        let id = match id {
            Some(node) => node.as_text("`id`", self.findings).filter(|text| report_id(text, node.span, self.findings)),
            None => Some(name),
        };
        let own = match &item.kind {
            NodeKind::Map(map) => annotations(map, node.span, self.findings),
            _ => Annotations::default(),
        };
        Some(Transition {
            id: Arc::from(format!("{path}/{}", arms::called(id.unwrap_or("?"), item))),
            to: target,
            except,
            conditions,
            annotations: own,
            skips_unknown,
            span: node.span,
        })
    }

    fn conditions(&mut self, when: Option<&Node>, unless: Option<&Node>) -> Vec<CheckedCondition> {
        let mut conditions = all_of(when, "`when`", self.names, self.parser, self.findings);
        conditions.extend(none_of(unless, self.names, self.parser, self.findings));
        conditions
    }

    fn skips_unknown(&mut self, reader: &mut MapReader<'_>) -> bool {
        super::tables::on_unknown(reader, self.findings)
    }

    fn needs_calendar(&mut self, duration: Duration, span: Span) {
        if duration.unit() == DurationUnit::BusinessDays && self.header.calendar.is_none() {
            self.findings.push(
                Finding::error(Code::UnknownCalendar, span, "business days need a calendar, and the pack has none")
                    .help("say `calendar:` in the pack's header"),
            );
        }
    }

    /// What stages were called before.
    fn renamed(&mut self, node: &Node, names: &[&str]) -> BTreeMap<Arc<str>, Arc<str>> {
        let mut renamed = BTreeMap::new();
        for entry in node.as_map("`moved`", self.findings).map_or(&[][..], |map| &map.entries) {
            if names.contains(&entry.key.as_str()) {
                self.findings.push(
                    Finding::error(
                        Code::DuplicateName,
                        entry.key_span,
                        format!("the workflow has a stage `{}`, whose cases would move on", entry.key),
                    )
                    .help("`moved` holds the old names of stages; remove this one, or the stage"),
                );
            }
            let Some(name) = entry.value.as_text("a stage", self.findings) else { continue };
            if self.stage_named(name, entry.value.span, names).is_some() {
                renamed.insert(Arc::from(entry.key.as_str()), Arc::from(name));
            }
        }
        renamed
    }
}
