//! Cases to which no contact policy applies: each contact with them is allowed.
//!
//! Fields are taken as independent of each other. Only what a policy says of choices and booleans is understood; where
//! that does not decide, nothing is claimed.

use crate::check::contact::CheckedPolicy;
use crate::check::pack::CheckedPack;
use crate::diagnostic::{Code, Finding, Findings};
use crate::language::{Expr, ExprKind, SlotId};
use crate::value::ops::{self, Comparison};
use crate::value::{Field, Type, Value};

/// Reports a kind of case to which no policy applies, or that this cannot be told.
pub(super) fn analyse(pack: &CheckedPack, findings: &mut Findings) {
    let Some(first) = pack.contact.first() else { return };
    if pack.contact.iter().any(|policy| policy.applies_when.is_empty()) {
        return;
    }
    let help =
        "a contact with a case to which no policy applies is allowed at any time: give one policy no `applies_when`";
    let ends: Option<Vec<_>> = pack.contact.iter().map(|policy| policy.annotations.valid_until).collect();
    if let Some(last) = ends.and_then(|ends| ends.into_iter().max()) {
        findings.push(
            Finding::warning(
                Code::CasesWithoutContactPolicy,
                first.span,
                format!("no contact policy applies after {last}"),
            )
            .help("a contact to which no policy applies is allowed at any time: give one policy no `valid_until`"),
        );
        return;
    }
    match Kinds::of(pack).find(&pack.contact) {
        Covered::All => {}
        Covered::AllBut(kind) => findings.push(
            Finding::warning(
                Code::CasesWithoutContactPolicy,
                first.span,
                format!("no contact policy applies where {}", kind.join(" and ")),
            )
            .help(help),
        ),
        Covered::CannotTell => findings.push(
            Finding::note(
                Code::CasesWithoutContactPolicy,
                first.span,
                "whether a contact policy applies to every case cannot be told",
            )
            .help(help),
        ),
    }
}

/// To which cases a policy applies.
enum Covered {
    All,
    /// As conditions that a case may meet.
    AllBut(Vec<String>),
    CannotTell,
}

/// The kinds of cases that can be told apart: by slot, its name and the values that it may have.
struct Kinds {
    slots: Vec<(SlotId, String, Vec<Value>)>,
    /// Whether there are so many kinds that they are not looked at.
    are_too_many: bool,
}

impl Kinds {
    /// By the choices and booleans that the policies read.
    fn of(pack: &CheckedPack) -> Kinds {
        let mut slots: Vec<(SlotId, String, Vec<Value>)> = Vec::new();
        let conditions = pack.contact.iter().flat_map(|policy| &policy.applies_when);
        for slot in conditions.flat_map(|condition| condition.expr.slots()) {
            if slots.iter().any(|(known, ..)| *known == slot) {
                continue;
            }
            let named = |field: &Field| Some((slot, field.name.to_string(), values(field)?));
            slots.extend(pack.record.fields.get(slot.0 as usize).and_then(named));
        }
        let count = slots.iter().map(|(_, _, values)| values.len()).try_fold(1_usize, usize::checked_mul);
        Kinds { slots, are_too_many: count.is_none_or(|count| count > super::BOXES) }
    }

    fn find(&self, policies: &[CheckedPolicy]) -> Covered {
        if self.are_too_many {
            return Covered::CannotTell;
        }
        let mut is_told = true;
        let mut kind = vec![0; self.slots.len()];
        loop {
            match self.is_covered(&kind, policies) {
                Some(false) => return Covered::AllBut(self.said(&kind, policies)),
                covered => is_told &= covered.is_some(),
            }
            if !self.advance(&mut kind) {
                return if is_told { Covered::All } else { Covered::CannotTell };
            }
        }
    }

    /// Goes to the next kind. False behind the last.
    fn advance(&self, kind: &mut [usize]) -> bool {
        for (value, (_, _, values)) in kind.iter_mut().zip(&self.slots) {
            *value += 1;
            if *value < values.len() {
                return true;
            }
            *value = 0;
        }
        false
    }

    /// Whether a policy applies to all cases of a kind; nothing where other things decide that.
    fn is_covered(&self, kind: &[usize], policies: &[CheckedPolicy]) -> Option<bool> {
        let mut covered = Some(false);
        for policy in policies {
            let conditions = policy.applies_when.iter().map(|condition| self.holds(&condition.expr, kind));
            match decided(conditions, false) {
                Some(true) => return Some(true),
                None => covered = None,
                Some(false) => {}
            }
        }
        covered
    }

    /// What makes a case one of a kind that no policy covers, without what does not matter.
    fn said(&self, kind: &[usize], policies: &[CheckedPolicy]) -> Vec<String> {
        let mut slots: Vec<usize> = (0..self.slots.len()).collect();
        for index in 0..self.slots.len() {
            let kept: Vec<usize> = slots.iter().copied().filter(|slot| *slot != index).collect();
            if self.all_are_bare(kind, &kept, policies) {
                slots = kept;
            }
        }
        let said = slots.into_iter().filter_map(|index| {
            let (_, name, values) = self.slots.get(index)?;
            Some(match values.get(*kind.get(index)?)? {
                Value::Text(word) => format!("`{name}` is `{word}`"),
                Value::Boolean(is) => format!("`{name}` is {is}"),
                _ => format!("`{name}` is none"),
            })
        });
        said.collect()
    }

    /// Whether no policy covers any kind that has the same values in these slots.
    fn all_are_bare(&self, kind: &[usize], same: &[usize], policies: &[CheckedPolicy]) -> bool {
        let mut other = vec![0; self.slots.len()];
        loop {
            let is_same = same.iter().all(|slot| other.get(*slot) == kind.get(*slot));
            if is_same && self.is_covered(&other, policies) != Some(false) {
                return false;
            }
            if !self.advance(&mut other) {
                return true;
            }
        }
    }

    /// Whether a condition holds of all cases of a kind; nothing where other things decide that.
    fn holds(&self, expr: &Expr, kind: &[usize]) -> Option<bool> {
        match &expr.kind {
            ExprKind::And(items) => decided(items.iter().map(|item| self.holds(item, kind)), false),
            ExprKind::Or(items) => decided(items.iter().map(|item| self.holds(item, kind)), true),
            ExprKind::Not(inner) => self.holds(inner, kind).map(|holds| !holds),
            ExprKind::Compare(operator @ (Comparison::Equal | Comparison::NotEqual), a, b) => {
                Some(ops::compare(*operator, self.value(a, kind)?, self.value(b, kind)?))
            }
            ExprKind::InList { item, list } => {
                let ExprKind::List(items) = &list.kind else { return None };
                let item = self.value(item, kind)?;
                let equal = items.iter().map(|one| Some(ops::compare(Comparison::Equal, item, self.value(one, kind)?)));
                decided(equal, true)
            }
            _ => match self.value(expr, kind)? {
                Value::Boolean(is) => Some(*is),
                _ => None,
            },
        }
    }

    fn value<'v>(&'v self, expr: &'v Expr, kind: &[usize]) -> Option<&'v Value> {
        match &expr.kind {
            ExprKind::Literal(value) => Some(value),
            ExprKind::Slot(slot) => {
                let index = self.slots.iter().position(|(known, ..)| known == slot)?;
                self.slots.get(index)?.2.get(*kind.get(index)?)
            }
            _ => None,
        }
    }
}

/// One that is `by` decides; without it, one that is not told leaves all open.
fn decided(items: impl Iterator<Item = Option<bool>>, by: bool) -> Option<bool> {
    let mut decided = Some(!by);
    for item in items {
        match item {
            Some(item) if item == by => return Some(by),
            None => decided = None,
            Some(_) => {}
        }
    }
    decided
}

/// The values that a field may have, where they can be listed.
fn values(field: &Field) -> Option<Vec<Value>> {
    let mut values = match &field.base {
        Type::Choice(words) => words.iter().map(|word| Value::Text(word.clone())).collect(),
        Type::Boolean => vec![Value::Boolean(true), Value::Boolean(false)],
        _ => return None,
    };
    values.extend(field.maybe_none().then_some(Value::None));
    Some(values)
}
