//! Workflows into routines: which one a case begins in, where each stage leads, and which of its steps are wanted.

use super::{LoweredPack, RoutineId, Row, Step, Table, routine};
use crate::check::CheckedPack;
use crate::check::tables::Annotations;
use crate::check::workflows::{Anchor, CheckedStage, CheckedWorkflow, StateSlots, StepValue, Target, Transition};
use crate::language::{Expr, ExprKind, SlotId};
use crate::source::clamp;

/// All workflows of a pack. What is said of stages and steps beside conditions stands in the checked pack.
#[derive(Debug)]
pub(crate) struct Workflows {
    pub(crate) state: StateSlots,
    /// Facts and tables that read the state, or what follows from it, and that are read in a walk: they are decided again
    /// in each stage. Positions in the pack's order.
    pub(crate) follows: Vec<usize>,
    /// A row for each workflow, which matches where it takes a case.
    pub(crate) applies: RoutineId,
    /// By workflow, then by stage.
    pub(crate) stages: Vec<Vec<Stage>>,
    /// The field that holds the channel that the debtor prefers.
    pub(crate) preferred_channel: Option<SlotId>,
    /// The field that holds the language that the debtor is written to in.
    pub(crate) language: Option<SlotId>,
    /// What is read beside expressions of the pack.
    reads: Vec<Expr>,
    asked: Vec<Expr>,
}

/// One stage of a workflow.
#[derive(Debug)]
pub(crate) struct Stage {
    /// A row for each transition, in their order of rank.
    pub(crate) transitions: RoutineId,
    /// By row, where the transition leads.
    pub(crate) targets: Vec<Target>,
    /// A row for each step, which matches where its conditions hold.
    pub(crate) steps: RoutineId,
}

impl Workflows {
    /// Calls `visit` on every expression that stands in no routine.
    pub(super) fn each_asked<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.reads.iter().chain(&self.asked).for_each(visit);
    }
}

pub(super) fn lower(pack: &CheckedPack, routines: &mut Vec<Table>) -> Option<Workflows> {
    let state = pack.state.clone()?;
    let first = pack.workflows.first()?;
    let applies = pack
        .workflows
        .iter()
        .map(|workflow| Row {
            id: workflow.id.clone(),
            conditions: workflow.applies_when.clone(),
            outputs: Vec::new(),
            annotations: Annotations::default(),
            skips_unknown: false,
            span: workflow.span,
        })
        .collect();
    let applies = routine(routines, &"workflows".into(), applies, first.span);
    let stages = pack
        .workflows
        .iter()
        .map(|workflow| {
            let stages = workflow.stages.iter().enumerate();
            stages.map(|(index, stage)| lower_stage(workflow, index, stage, routines)).collect()
        })
        .collect();
    let fields = &pack.record.fields;
    let marked = |index: Option<usize>| index.map(|index| SlotId(clamp(index)));
    let preferred_channel = marked(fields.iter().position(|field| field.preferred_channel));
    let language = marked(fields.iter().position(|field| field.language));
    let needs = pack.templates.iter().flat_map(|template| template.needs.iter().map(|(_, slot)| *slot));
    let reads = needs.chain(preferred_channel).chain(language).map(|slot| Expr {
        kind: ExprKind::Slot(slot),
        base: pack.slots.get(slot.0 as usize).map_or(crate::value::Type::Any, |info| info.base.clone()),
        maybe_none: true,
        span: first.span,
    });
    let steps = || pack.workflows.iter().flat_map(|workflow| &workflow.stages).flat_map(|stage| &stage.steps);
    let anchors = steps().filter_map(|step| match &step.anchor {
        Anchor::Before(_, date) | Anchor::After(_, date) => Some(date.clone()),
        Anchor::Day(_) => None,
    });
    let params = steps().flat_map(|step| &step.params).filter_map(|param| match &param.value {
        StepValue::Value(expr, _) => Some(expr.clone()),
        StepValue::Template(_) | StepValue::Channels(_) => None,
    });
    let (reads, asked) = (reads.collect(), anchors.chain(params).collect());
    Some(Workflows { state, follows: Vec::new(), applies, stages, preferred_channel, language, reads, asked })
}

/// The steps that read a slot of the state, or one that such a step fills, and that fill one which a routine reads, or
/// an expression that stands in no fact or table.
pub(super) fn follows(lowered: &LoweredPack) -> Vec<usize> {
    let Some(workflows) = &lowered.workflows else { return Vec::new() };
    let first = workflows.state.stage.0 as usize;
    let of_state = first..first + workflows.state.count();
    let mut changes: Vec<bool> = (0..lowered.slots.len()).map(|slot| of_state.contains(&slot)).collect();
    let mut follows = Vec::new();
    for (index, step) in lowered.steps.iter().enumerate() {
        if reads_any(step, &changes) {
            follows.push(index);
            filled(step).for_each(|slot| mark(&mut changes, slot));
        }
    }
    let mut read = vec![false; lowered.slots.len()];
    let conditions = lowered.routines.iter().flat_map(|table| &table.rows).flat_map(|row| &row.conditions);
    conditions.for_each(|condition| condition.expr.slots().into_iter().for_each(|slot| mark(&mut read, slot)));
    lowered.each_asked(&mut |expr| expr.slots().into_iter().for_each(|slot| mark(&mut read, slot)));
    let mut wanted: Vec<usize> = Vec::new();
    for index in follows.into_iter().rev() {
        let Some(step) = lowered.steps.get(index) else { continue };
        if filled(step).any(|slot| read.get(slot.0 as usize) == Some(&true)) {
            wanted.push(index);
            each_expr(step).for_each(|expr| expr.slots().into_iter().for_each(|slot| mark(&mut read, slot)));
        }
    }
    wanted.reverse();
    wanted
}

fn mark(slots: &mut [bool], slot: SlotId) {
    if let Some(known) = slots.get_mut(slot.0 as usize) {
        *known = true;
    }
}

fn reads_any(step: &Step, slots: &[bool]) -> bool {
    each_expr(step).flat_map(Expr::slots).any(|slot| slots.get(slot.0 as usize) == Some(&true))
}

/// The expressions of a step.
fn each_expr<'s>(step: &'s Step) -> impl Iterator<Item = &'s Expr> {
    let (fact, table) = match step {
        Step::Fact(fact) => (Some(&fact.expr), None),
        Step::Table(table) => (None, Some(table)),
    };
    let rows = table.into_iter().flat_map(|table| table.rows.iter().chain(&table.otherwise));
    let of_row = |row: &'s Row| row.conditions.iter().map(|condition| &condition.expr).chain(&row.outputs);
    fact.into_iter().chain(rows.flat_map(of_row))
}

/// The slots that a step fills.
fn filled(step: &Step) -> impl Iterator<Item = SlotId> {
    let (fact, table) = match step {
        Step::Fact(fact) => (Some(fact.slot), None),
        Step::Table(table) => (None, Some(table)),
    };
    let outputs = table.into_iter().flat_map(|table| &table.outputs).filter_map(|output| output.slot);
    fact.into_iter().chain(outputs)
}

fn lower_stage(workflow: &CheckedWorkflow, index: usize, stage: &CheckedStage, routines: &mut Vec<Table>) -> Stage {
    // Nothing leads to the stage that the case is in, so such a transition would only keep those behind it from it.
    let leads_out =
        |transition: &&Transition| !transition.except.contains(&index) && transition.to != Target::Stage(index);
    let from_any = workflow.from_any.iter().filter(leads_out);
    let transitions: Vec<&Transition> = from_any.chain(&stage.next).collect();
    let rows = transitions.iter().map(|transition| Row {
        id: transition.id.clone(),
        conditions: transition.conditions.clone(),
        outputs: Vec::new(),
        annotations: transition.annotations.clone(),
        skips_unknown: transition.skips_unknown,
        span: transition.span,
    });
    let rows = rows.collect();
    let targets = transitions.iter().map(|transition| transition.to).collect();
    let transitions = routine(routines, &stage.id, rows, stage.span);
    let rows = stage.steps.iter().map(|step| Row {
        id: step.id.clone(),
        conditions: step.conditions.clone(),
        outputs: Vec::new(),
        annotations: step.annotations.clone(),
        skips_unknown: step.skips_unknown,
        span: step.span,
    });
    let steps = routine(routines, &stage.id, rows.collect(), stage.span);
    Stage { transitions, targets, steps }
}
