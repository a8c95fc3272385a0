//! Why a case is in the arm of an experiment that it is in, or in none.

use serde_json::{Value as Json, json};

use super::Explainer;
use crate::check::experiments::CheckedExperiment;
use crate::eval::RowTrace;
use crate::families::Row;
use crate::language::{Expr, ExprKind};
use crate::value::Value;

/// An experiment, the arm of the case, and why.
#[derive(Clone, Debug)]
pub(super) struct ArmReason {
    pub(super) experiment: String,
    /// Nothing where the case takes no part.
    pub(super) arm: Option<String>,
    pub(super) reason: String,
    place: String,
}

impl ArmReason {
    pub(super) fn json(&self) -> Json {
        json!({"experiment": self.experiment, "arm": self.arm, "reason": self.reason, "place": self.place})
    }
}

impl Explainer<'_> {
    /// The arms of all experiments, in the order of the pack.
    pub(super) fn arms(&self) -> Vec<ArmReason> {
        let arm = |experiment: &CheckedExperiment| match self.outcome(experiment.arm) {
            Some(Ok(Value::Text(arm))) => Some(arm.to_string()),
            _ => None,
        };
        let experiments = self.parts.checked.experiments.iter();
        let reasons = experiments.map(|experiment| ArmReason {
            experiment: experiment.name.to_string(),
            arm: arm(experiment),
            reason: self.arm_reason(experiment),
            place: self.place(experiment.span),
        });
        reasons.collect()
    }

    /// Whether a row stands for the arm that the case is in.
    pub(super) fn is_of_arm(&self, row: &Row, trace: &RowTrace) -> bool {
        let experiments = &self.parts.checked.experiments;
        let is_guard = |expr: &Expr| expr.slots().iter().any(|slot| experiments.iter().any(|known| known.arm == *slot));
        let mut outcomes = row.conditions.iter().zip(&trace.conditions);
        !outcomes.any(|(condition, outcome)| *outcome == Ok(false) && is_guard(&condition.expr))
    }

    fn arm_reason(&self, experiment: &CheckedExperiment) -> String {
        let unit = || {
            let field = self.parts.checked.record.fields.get(experiment.unit.0 as usize);
            field.map_or(String::new(), |field| field.name.to_string())
        };
        match (self.outcome(experiment.kept), self.outcome(experiment.drawn)) {
            (Some(Ok(Value::Text(_))), _) => "the state of the case holds it".to_owned(),
            (Some(Err(failure)), _) => self.failure(failure),
            (_, Some(Err(failure))) => format!("takes no part: {}", self.failure(failure)),
            (_, Some(Ok(Value::Text(arm)))) => {
                let weight = experiment.arms.iter().find(|(name, _)| name == arm).map_or(0, |(_, weight)| *weight);
                let sum: u64 = experiment.arms.iter().map(|(_, weight)| weight).sum();
                format!("drawn by `{}`: {weight} of {sum} fall into it", unit())
            }
            _ if matches!(self.outcome(experiment.unit), Some(Ok(Value::None))) => {
                format!("takes no part: `{}` is none", unit())
            }
            _ => {
                let texts = experiment.eligible.iter().map(|condition| self.wanted(&condition.written));
                let all = experiment.eligible.iter().map(|condition| condition.expr.clone()).collect();
                let all = Expr::boolean(ExprKind::And(all), experiment.span);
                let texts = texts.collect::<Vec<String>>().join("` and `");
                format!("takes no part: `{texts}` does not hold{}", self.actual(&all))
            }
        }
    }
}
