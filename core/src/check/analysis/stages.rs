//! Stages that no case can come to, or leave.

use crate::check::workflows::{CheckedWorkflow, Target, Transition};
use crate::diagnostic::{Code, Finding, Findings};

/// Reports stages of a workflow that no transition leads to, and those that none leads out of though they are not
/// marked as the end. Conditions are taken as if they could hold.
pub(super) fn analyse(workflow: &CheckedWorkflow, findings: &mut Findings) {
    let leading = |stage: usize| {
        let own = workflow.stages.get(stage).map_or(&[][..], |stage| &stage.next);
        let leads_out = move |transition: &&Transition| {
            !transition.except.contains(&stage) && transition.to != Target::Stage(stage)
        };
        let any = workflow.from_any.iter().filter(leads_out);
        any.chain(own)
    };
    let mut reached = vec![false; workflow.stages.len()];
    let renamed =
        workflow.renamed.values().filter_map(|name| workflow.stages.iter().position(|stage| stage.name == *name));
    let mut open: Vec<usize> = renamed.chain([workflow.initial]).collect();
    while let Some(stage) = open.pop() {
        match reached.get_mut(stage) {
            Some(reached) if !*reached => *reached = true,
            _ => continue,
        }
        open.extend(leading(stage).filter_map(|transition: &Transition| match transition.to {
            Target::Stage(to) => Some(to),
            Target::Previous => None,
        }));
    }
    for (index, stage) in workflow.stages.iter().enumerate() {
        if reached.get(index) == Some(&false) {
            let message = format!("no transition leads to the stage `{}`", stage.name);
            findings.push(
                Finding::warning(Code::UnreachableStage, stage.span, message)
                    .help("lead to it from another stage, or remove it; only a move by hand comes here"),
            );
        } else if !stage.is_end && leading(index).next().is_none() {
            findings.push(
                Finding::warning(
                    Code::DeadEnd,
                    stage.span,
                    format!("no transition leads out of the stage `{}`", stage.name),
                )
                .help("say where it leads under `next:`, or mark it with `end: true`"),
            );
        }
    }
}
