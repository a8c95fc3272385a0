//! Workflows into routines: which one a case begins in, where each stage leads, and which of its steps are wanted.

use super::{RoutineId, Row, Table, routine};
use crate::check::CheckedPack;
use crate::check::tables::Annotations;
use crate::check::workflows::{Anchor, CheckedStage, CheckedWorkflow, StateSlots, StepValue, Target, Transition};
use crate::language::{Expr, ExprKind, SlotId};
use crate::source::clamp;

/// All workflows of a pack. What is said of stages and steps beside conditions stands in the checked pack.
#[derive(Debug)]
pub(crate) struct Workflows {
    pub(crate) state: StateSlots,
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
    Some(Workflows { state, applies, stages, preferred_channel, language, reads, asked })
}

fn lower_stage(workflow: &CheckedWorkflow, index: usize, stage: &CheckedStage, routines: &mut Vec<Table>) -> Stage {
    let from_any = workflow.from_any.iter().filter(|transition| !transition.except.contains(&index));
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
