//! An experiment into facts: the arm that is drawn, or why there is none, and the arm that guards read.

use super::{Fact, Step};
use crate::check::experiments::CheckedExperiment;
use crate::language::{Expr, SlotId};

/// The steps of an experiment.
pub(super) fn lower(experiment: &CheckedExperiment) -> [Step; 2] {
    let fact = |slot: SlotId, expr: Expr| {
        let (id, text) = (experiment.id.clone(), String::new());
        Step::Fact(Fact { id, slot, expr, text, about: None, span: experiment.span })
    };
    [fact(experiment.drawn, experiment.draw.clone()), fact(experiment.arm, experiment.or_none())]
}
