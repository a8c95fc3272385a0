//! What follows from a slot: facts and tables that read it, or what follows from it in turn.

use std::collections::HashSet;

use super::contact::CheckedPolicy;
use super::experiments::CheckedExperiment;
use super::facts::CheckedFact;
use super::pack::Item;
use super::tables::CheckedTable;
use super::workflows::{CheckedWorkflow, StateSlots};
use crate::diagnostic::{Code, Finding, Findings};
use crate::language::{Expr, SlotId};

/// The decisions of a pack, in an order in which each stands behind what it reads.
pub(super) struct Decisions<'a> {
    pub(super) facts: &'a [CheckedFact],
    pub(super) tables: &'a [CheckedTable],
    pub(super) experiments: &'a [Option<CheckedExperiment>],
    pub(super) order: &'a [Item],
}

/// The slots that follow from some.
struct Followers(HashSet<SlotId>);

impl Followers {
    fn read_by(&self, expr: &Expr) -> bool {
        expr.slots().iter().any(|slot| self.0.contains(slot))
    }
}

impl Decisions<'_> {
    fn followers(&self, of: impl IntoIterator<Item = SlotId>) -> Followers {
        let mut followers = Followers(of.into_iter().collect());
        for item in self.order {
            match *item {
                Item::Fact(index) => {
                    let fact = self.facts.get(index).filter(|fact| followers.read_by(&fact.expr));
                    followers.0.extend(fact.map(|fact| fact.slot));
                }
                Item::Table(index) => {
                    let Some(table) = self.tables.get(index) else { continue };
                    let mut exprs = table
                        .all_rows()
                        .flat_map(|row| row.conditions.iter().map(|condition| &condition.expr).chain(&row.outputs));
                    if exprs.any(|expr| followers.read_by(expr)) {
                        followers.0.extend(table.outputs.iter().filter_map(|output| output.slot));
                    }
                }
                Item::Experiment(index) => {
                    let Some(Some(experiment)) = self.experiments.get(index) else { continue };
                    if experiment.eligible.iter().any(|condition| followers.read_by(&condition.expr)) {
                        followers.0.insert(experiment.arm);
                    }
                }
            }
        }
        followers
    }

    /// Reports a workflow that would take a case, and an experiment that would, by what only follows from the stage it
    /// is in.
    pub(super) fn begin_anywhere(
        &self,
        state: Option<&StateSlots>,
        workflows: &[CheckedWorkflow],
        findings: &mut Findings,
    ) {
        let Some(state) = state else { return };
        let count = crate::source::clamp(state.count());
        let followers = self.followers((state.stage.0..state.stage.0.saturating_add(count)).map(SlotId));
        let of_workflows = workflows.iter().flat_map(|workflow| &workflow.applies_when);
        for condition in of_workflows.filter(|condition| followers.read_by(&condition.expr)) {
            findings.push(
                Finding::error(
                    Code::Cycle,
                    condition.expr.span,
                    "which workflow takes a case cannot follow from the stage that it is in",
                )
                .help("say it by fields of the case, and facts over them"),
            );
        }
        let of_experiments = self.experiments.iter().flatten().flat_map(|experiment| &experiment.eligible);
        for condition in of_experiments.filter(|condition| followers.read_by(&condition.expr)) {
            findings.push(
                Finding::error(
                    Code::Cycle,
                    condition.expr.span,
                    "who takes part in an experiment cannot follow from the stage that a case is in",
                )
                .help("a case would change its arm on its way; say it by fields of the case, and facts over them"),
            );
        }
    }

    /// Reports contact rules that would differ by arm.
    pub(super) fn contact_is_fixed(&self, policies: &[CheckedPolicy], findings: &mut Findings) {
        for experiment in self.experiments.iter().flatten() {
            let followers = self.followers([experiment.arm]);
            let mut report = |expr: &Expr| {
                if followers.read_by(expr) {
                    let name = &experiment.name;
                    findings.push(
                        Finding::error(
                            Code::FixedInExperiments,
                            expr.span,
                            format!("this contact rule would differ by arm of `{name}`"),
                        )
                        .also(experiment.span, "an arm changes what the rule reads")
                        .help("contact rules are the same for every case: let them read what no arm changes"),
                    );
                }
            };
            for policy in policies {
                policy.applies_when.iter().for_each(|condition| report(&condition.expr));
                for rule in &policy.rules {
                    rule.conditions.iter().for_each(|condition| report(&condition.expr));
                    rule.form.each_asked(&mut report);
                }
            }
        }
    }
}
