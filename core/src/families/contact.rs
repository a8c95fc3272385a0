//! Contact policies into routines: which policies apply, and which of their rules speak of an attempt.

use super::{LoweredPack, RoutineId, Row, Table, routine};
use crate::check::CheckedPack;
use crate::check::contact::{AttemptSlots, CheckedPolicy, Form};
use crate::check::tables::CheckedCondition;
use crate::language::{Expr, ExprKind, SlotId};
use crate::value::Value;

/// All contact policies of a pack.
#[derive(Debug)]
pub(crate) struct Contact {
    pub(crate) attempt: AttemptSlots,
    /// Which items of an attempt the policies read.
    pub(crate) reads: AttemptReads,
    /// Who begins a contact, and who is reached, where nothing else is said.
    pub(crate) us: Value,
    pub(crate) debtor: Value,
    /// A row for each policy, which matches where it applies.
    pub(crate) applies: RoutineId,
    /// Whether time or the place may change which policies apply.
    pub(crate) applies_varies: bool,
    pub(crate) policies: Vec<Policy>,
}

/// Which items of an attempt are read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AttemptReads {
    pub(crate) channel: bool,
    pub(crate) at: bool,
    pub(crate) initiated_by: bool,
    pub(crate) purpose: bool,
    pub(crate) recipient: bool,
    pub(crate) address: bool,
    pub(crate) template: bool,
}

impl AttemptReads {
    fn of<'e>(exprs: impl IntoIterator<Item = &'e Expr>, attempt: AttemptSlots) -> AttemptReads {
        let mut reads = AttemptReads::default();
        for slot in exprs.into_iter().flat_map(Expr::slots) {
            reads.channel |= slot == attempt.channel;
            reads.at |= slot == attempt.at;
            reads.initiated_by |= slot == attempt.initiated_by;
            reads.purpose |= slot == attempt.purpose;
            reads.recipient |= slot == attempt.recipient;
            reads.address |= slot == attempt.address;
            reads.template |= slot == attempt.template;
        }
        reads
    }
}

/// One contact policy.
#[derive(Debug)]
pub(crate) struct Policy {
    /// The debtor's candidate zones.
    pub(crate) place: Option<SlotId>,
    /// A row for each rule, which matches where it speaks of an attempt.
    pub(crate) speaks: RoutineId,
    /// Whether time or the place may change which rules speak.
    pub(crate) speaks_varies: bool,
    pub(crate) rules: Vec<Rule>,
    /// The place of its first rule among those of all policies.
    pub(crate) first_rule: usize,
    /// When time may change whether the policy applies.
    pub(crate) changes: Changes,
}

/// What a contact rule says of an attempt that it speaks of.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) form: Form,
    /// Whether time or the place may change what its form looks at.
    pub(crate) form_varies: bool,
    /// Whether it looks at something else for another attempt.
    pub(crate) form_reads_attempt: bool,
    /// When time may change whether the rule speaks, or what its form looks at.
    pub(crate) changes: Changes,
}

/// When time may change the outcome of expressions. It changes none between.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// Where a day begins, at the place or at the pack's.
    pub(crate) daily: bool,
    /// At these times of day at the place, and just behind them.
    pub(crate) times: Vec<Expr>,
    /// At these instants, and just behind them.
    pub(crate) instants: Vec<Expr>,
    /// At any time.
    pub(crate) always: bool,
}

impl Contact {
    /// The row of a policy, or of one of its rules.
    pub(crate) fn row<'a>(&self, lowered: &'a LoweredPack, (policy, rule): (usize, Option<usize>)) -> Option<&'a Row> {
        match rule {
            Some(rule) => lowered.routine(self.policies.get(policy)?.speaks).get(rule),
            None => lowered.routine(self.applies).get(policy),
        }
    }

    /// Calls `visit` on every expression of the forms.
    pub(super) fn each_asked<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        for rule in self.policies.iter().flat_map(|policy| &policy.rules) {
            rule.form.each_asked(visit);
        }
    }
}

impl Changes {
    /// Of these expressions, together with what is known of others.
    fn of<'e>(mut self, exprs: impl IntoIterator<Item = &'e Expr>, attempt: AttemptSlots) -> Changes {
        exprs.into_iter().for_each(|expr| self.add(expr, attempt));
        self
    }

    /// Whether there is any.
    pub(crate) fn are_none(&self) -> bool {
        !self.daily && !self.always && self.times.is_empty() && self.instants.is_empty()
    }

    fn add(&mut self, expr: &Expr, attempt: AttemptSlots) {
        // How often the clock or the attempt's instant is read, and how often it is known when that matters.
        let (mut read, mut known) = (0_usize, 0_usize);
        expr.walk(&mut |inner| match &inner.kind {
            ExprKind::LocalToday => self.daily = true,
            ExprKind::LocalTime => read += 1,
            ExprKind::Slot(slot) if *slot == attempt.at => read += 1,
            ExprKind::Call { function, arguments } if matches!(function.name, "date_of" | "local_date") => {
                let at = arguments.iter().filter(|argument| is_slot(argument, attempt.at)).count();
                self.daily |= at > 0;
                known += at;
            }
            ExprKind::Compare(_, a, b) => {
                known += usize::from(self.compared(a, &[b], attempt)) + usize::from(self.compared(b, &[a], attempt));
            }
            ExprKind::InRange { item, low, high, .. } => {
                known += usize::from(self.compared(item, &[low, high], attempt));
            }
            ExprKind::InList { item, list } => {
                if let ExprKind::List(items) = &list.kind {
                    let items: Vec<&Expr> = items.iter().collect();
                    known += usize::from(self.compared(item, &items, attempt));
                }
            }
            _ => {}
        });
        self.always |= known < read;
    }

    /// Whether `moving` is the clock or the attempt's instant, compared with what time does not change.
    fn compared(&mut self, moving: &Expr, with: &[&Expr], attempt: AttemptSlots) -> bool {
        let borders = match &moving.kind {
            ExprKind::LocalTime => &mut self.times,
            ExprKind::Slot(slot) if *slot == attempt.at => &mut self.instants,
            _ => return false,
        };
        let is_still = with.iter().all(|expr| is_still(expr, attempt));
        if is_still {
            borders.extend(with.iter().copied().cloned());
        }
        is_still
    }
}

fn is_slot(expr: &Expr, slot: SlotId) -> bool {
    matches!(expr.kind, ExprKind::Slot(known) if known == slot)
}

/// Whether an expression stands for itself, and time does not change it.
fn is_still(expr: &Expr, attempt: AttemptSlots) -> bool {
    let mut is_still = true;
    expr.walk(&mut |inner| {
        is_still &= !is_slot(inner, attempt.at)
            && !matches!(inner.kind, ExprKind::LocalToday | ExprKind::LocalTime | ExprKind::Local(_))
            && !matches!(&inner.kind, ExprKind::Call { function, .. } if function.name == "local_date");
    });
    is_still
}

/// Whether time or the place may change the outcome of an expression.
fn varies(expr: &Expr, attempt: AttemptSlots) -> bool {
    let mut varies = false;
    expr.walk(&mut |inner| {
        varies |= is_slot(inner, attempt.at)
            || matches!(inner.kind, ExprKind::LocalToday | ExprKind::LocalTime)
            || matches!(&inner.kind, ExprKind::Call { function, .. } if function.name == "local_date");
    });
    varies
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
    let applies_varies =
        pack.contact.iter().flat_map(|policy| exprs(&policy.applies_when)).any(|expr| varies(expr, attempt));
    let reads = AttemptReads::of(pack.contact.iter().flat_map(all_exprs), attempt);
    let mut policies: Vec<Policy> = Vec::new();
    let mut first_rule = 0;
    for policy in &pack.contact {
        policies.push(lower_policy(policy, first_rule, attempt, routines));
        first_rule += policy.rules.len();
    }
    Some(Contact {
        attempt,
        reads,
        us: Value::text("us"),
        debtor: Value::text("debtor"),
        applies,
        applies_varies,
        policies,
    })
}

fn lower_policy(policy: &CheckedPolicy, first_rule: usize, attempt: AttemptSlots, routines: &mut Vec<Table>) -> Policy {
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
    let speaks = routine(routines, &policy.id, rows, policy.span);
    let speaks_varies = policy.rules.iter().flat_map(|rule| exprs(&rule.conditions)).any(|expr| varies(expr, attempt));
    let changes = Changes::default().of(exprs(&policy.applies_when), attempt);
    let rules = policy
        .rules
        .iter()
        .map(|rule| {
            let mut asked = Vec::new();
            rule.form.each_asked(&mut |expr| asked.push(expr));
            Rule {
                form: rule.form.clone(),
                form_reads_attempt: asked
                    .iter()
                    .flat_map(|expr| expr.slots())
                    .any(|slot| attempt.in_order().contains(&slot)),
                form_varies: asked.iter().any(|expr| varies(expr, attempt)),
                changes: changes.clone().of(exprs(&rule.conditions).chain(asked), attempt),
            }
        })
        .collect();
    Policy { place: policy.place, speaks, speaks_varies, rules, first_rule, changes }
}

/// Every expression of a policy.
fn all_exprs(policy: &CheckedPolicy) -> Vec<&Expr> {
    let mut all: Vec<&Expr> = exprs(&policy.applies_when).collect();
    for rule in &policy.rules {
        all.extend(exprs(&rule.conditions));
        rule.form.each_asked(&mut |expr| all.push(expr));
    }
    all
}

fn exprs(conditions: &[CheckedCondition]) -> impl Iterator<Item = &Expr> {
    conditions.iter().map(|condition| &condition.expr)
}
