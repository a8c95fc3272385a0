//! Contact policies into routines: which policies apply, and which of their rules speak of an attempt.

use super::{RoutineId, Row, Table, routine};
use crate::check::CheckedPack;
use crate::check::contact::{AttemptSlots, CheckedPolicy, Form};
use crate::language::{Expr, ExprKind, SlotId};

/// All contact policies of a pack.
#[derive(Debug)]
pub(crate) struct Contact {
    pub(crate) attempt: AttemptSlots,
    /// A row for each policy, which matches where it applies.
    pub(crate) applies: RoutineId,
    pub(crate) policies: Vec<Policy>,
    /// How often time may change which policies apply, and which rules speak.
    pub(crate) depends: Depends,
}

/// How often time may change the outcome of a condition. Later ones are more often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depends {
    Never,
    OnDay,
    OnMinute,
}

/// One contact policy.
#[derive(Debug)]
pub(crate) struct Policy {
    /// The debtor's candidate zones.
    pub(crate) place: Option<SlotId>,
    /// A row for each rule, which matches where it speaks of an attempt.
    pub(crate) rules: RoutineId,
    /// What each rule says then.
    pub(crate) forms: Vec<Form>,
}

impl Contact {
    /// How often time may change the outcome of a condition.
    pub(crate) fn depends_of(&self, expr: &Expr) -> Depends {
        depends(expr, self.attempt)
    }

    /// Calls `visit` on every expression of the forms.
    pub(super) fn each_asked<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        for form in self.policies.iter().flat_map(|policy| &policy.forms) {
            match form {
                Form::Limit { times, .. } | Form::Wait { times, .. } => visit(times),
                Form::BlockedUntil(until) => visit(until),
                Form::Deny | Form::Review | Form::Hours(_) => {}
            }
        }
    }
}

pub(super) fn lower(pack: &CheckedPack, routines: &mut Vec<Table>) -> Option<Contact> {
    let attempt = pack.attempt?;
    let applies = pack
        .contact
        .iter()
        .map(|policy| Row {
            id: policy.id.clone(),
            conditions: policy.applies_when.clone(),
            outputs: Vec::new(),
            annotations: policy.annotations.undated(),
            skips_unknown: false,
            span: policy.span,
        })
        .collect();
    let first = pack.contact.first()?;
    let applies = routine(routines, &"contact".into(), applies, first.span);
    let policies = pack.contact.iter().map(|policy| lower_policy(policy, routines)).collect();
    let conditions = pack.contact.iter().flat_map(|policy| {
        let rules = policy.rules.iter().flat_map(|rule| &rule.conditions);
        policy.applies_when.iter().chain(rules)
    });
    let depends = conditions.map(|condition| depends(&condition.expr, attempt)).max().unwrap_or(Depends::Never);
    Some(Contact { attempt, applies, policies, depends })
}

fn lower_policy(policy: &CheckedPolicy, routines: &mut Vec<Table>) -> Policy {
    let rows = policy
        .rules
        .iter()
        .map(|rule| Row {
            id: rule.id.clone(),
            conditions: rule.conditions.clone(),
            outputs: Vec::new(),
            annotations: rule.annotations.undated(),
            skips_unknown: false,
            span: rule.span,
        })
        .collect();
    let rules = routine(routines, &policy.id, rows, policy.span);
    Policy { place: policy.place, rules, forms: policy.rules.iter().map(|rule| rule.form.clone()).collect() }
}

/// How often a condition changes that reads the attempt's instant, or the day or time at the place.
fn depends(expr: &Expr, attempt: AttemptSlots) -> Depends {
    let is_at = |expr: &Expr| matches!(expr.kind, ExprKind::Slot(slot) if slot == attempt.at);
    let mut depends = Depends::Never;
    let (mut instants, mut days) = (0_usize, 0_usize);
    expr.walk(&mut |inner| match &inner.kind {
        ExprKind::LocalToday => depends = depends.max(Depends::OnDay),
        ExprKind::LocalTime => depends = Depends::OnMinute,
        ExprKind::Slot(_) if is_at(inner) => instants += 1,
        ExprKind::Call { function, arguments } if matches!(function.name, "date_of" | "local_date") => {
            days += arguments.iter().filter(|argument| is_at(argument)).count();
        }
        _ => {}
    });
    match (instants, instants == days) {
        (0, _) => depends,
        (_, true) => depends.max(Depends::OnDay),
        (_, false) => Depends::OnMinute,
    }
}
