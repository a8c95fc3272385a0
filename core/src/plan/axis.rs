//! Tests of one slot against constants, and the axes on which their bounds are sorted.
//!
//! A test cuts the integers of a slot into stretches on which it comes out the same. What it comes to on each stretch,
//! for none and for unknown is asked of the meaning of expressions itself, once, when the plan is made.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::storage::Storage;
use crate::language::functions::Context;
use crate::language::meaning::{Reader, Slots};
use crate::language::{Expr, ExprKind, SlotId};
use crate::value::{Failure, Outcome, Value};

/// How a condition comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Truth {
    True,
    False,
    Unknown,
    /// Only the condition itself can tell: it may fail.
    Doubt,
}

impl Truth {
    /// The truth of two conditions that must both hold.
    pub(crate) fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::Doubt, _) | (_, Truth::Doubt) => Truth::Doubt,
            (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
            _ => Truth::True,
        }
    }

    /// The truth of a condition's outcome.
    pub(crate) fn of(outcome: &Result<bool, Failure>) -> Truth {
        match outcome {
            Ok(true) => Truth::True,
            Ok(false) => Truth::False,
            Err(Failure::Unknown(_)) => Truth::Unknown,
            Err(Failure::Error(_)) => Truth::Doubt,
        }
    }
}

/// A condition that reads one slot and compares it with constants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SlotTest {
    pub(crate) slot: SlotId,
    /// Where stretches begin, and how the test comes out on each. The first begins with the lowest integer.
    pub(crate) stretches: Vec<(i64, Truth)>,
    pub(crate) of_none: Truth,
    pub(crate) of_unknown: Truth,
}

impl SlotTest {
    /// The test that a condition is, where it is one.
    pub(crate) fn new(expr: &Expr, storages: &[Storage]) -> Option<SlotTest> {
        let slot = match expr.slots().as_slice() {
            [slot] => *slot,
            _ => return None,
        };
        let storage = storages.get(slot.0 as usize)?;
        let mut constants = Vec::new();
        if !is_test(expr, &mut constants) || !constants.iter().all(|constant| storage.can_tell(constant)) {
            return None;
        }
        let lowest = storage.lowest();
        let mut starts: Vec<i64> = constants.iter().flat_map(|constant| storage.starts(constant)).flatten().collect();
        match storage {
            Storage::Boolean => starts.push(1),
            Storage::Word(words) => starts.push(i64::try_from(words.len()).ok()?),
            _ => {}
        }
        starts.retain(|start| *start > lowest);
        starts.push(lowest);
        starts.sort_unstable();
        starts.dedup();
        let truth = |outcome: Outcome| Truth::of(&outcome_of(expr, slot, outcome));
        let mut stretches: Vec<(i64, Truth)> = Vec::with_capacity(starts.len());
        for start in starts {
            let found = truth(Ok(storage.value(start)));
            if stretches.last().is_none_or(|(_, last)| *last != found) {
                stretches.push((start, found));
            }
        }
        Some(SlotTest {
            slot,
            stretches,
            of_none: truth(Ok(Value::None)),
            of_unknown: truth(Err(Failure::Unknown(Arc::from([])))),
        })
    }
}

impl SlotTest {
    /// The bounds between its stretches.
    pub(crate) fn bounds(&self) -> impl Iterator<Item = i64> {
        self.stretches.iter().skip(1).map(|(start, _)| *start)
    }

    /// How it comes out for a known integer.
    pub(crate) fn of_known(&self, bits: i64) -> Truth {
        let stretch = self.stretches.partition_point(|(start, _)| *start <= bits);
        stretch.checked_sub(1).and_then(|index| self.stretches.get(index)).map_or(Truth::Doubt, |(_, truth)| *truth)
    }
}

/// Whether a condition only compares values with constants, which are collected.
pub(crate) fn is_test<'a>(expr: &'a Expr, constants: &mut Vec<&'a Value>) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Slot(_) => true,
        ExprKind::Not(inner) => is_test(inner, constants),
        ExprKind::Known(inner) => is_term(inner, constants),
        ExprKind::And(items) | ExprKind::Or(items) => items.iter().all(|item| is_test(item, constants)),
        ExprKind::Compare(_, a, b) => {
            (a.literal_value().is_some() || b.literal_value().is_some())
                && is_term(a, constants)
                && is_term(b, constants)
        }
        ExprKind::InList { item, list } => match &list.kind {
            ExprKind::List(members) => {
                is_term(item, constants)
                    && members.iter().all(|member| member.literal_value().is_some() && is_term(member, constants))
            }
            _ => false,
        },
        ExprKind::InRange { item, low, high, .. } => {
            low.literal_value().is_some()
                && high.literal_value().is_some()
                && [item, low, high].into_iter().all(|part| is_term(part, constants))
        }
        _ => false,
    }
}

/// Whether an expression is the slot, a constant, or the first of these that there is.
fn is_term<'a>(expr: &'a Expr, constants: &mut Vec<&'a Value>) -> bool {
    match &expr.kind {
        ExprKind::Slot(_) => true,
        ExprKind::Literal(value) => {
            constants.push(value);
            true
        }
        ExprKind::Widen(inner) => is_term(inner, constants),
        ExprKind::Coalesce(items) => items.iter().all(|item| is_term(item, constants)),
        _ => false,
    }
}

struct OneSlot(SlotId, Outcome);

impl Slots for OneSlot {
    fn outcome(&self, slot: SlotId) -> Outcome {
        if slot == self.0 { self.1.clone() } else { Ok(Value::None) }
    }
}

fn outcome_of(expr: &Expr, slot: SlotId, outcome: Outcome) -> Result<bool, Failure> {
    let context = Context::at(DateTime::<Utc>::UNIX_EPOCH, chrono_tz::UTC, 2);
    let slots = OneSlot(slot, outcome);
    Reader { slots: &slots, context: &context, rates: &[], private: &[], locals: Vec::new(), steps: 0 }.condition(expr)
}

/// A slot and the bounds that tests of it know.
///
/// The rank of what stands in the slot is the number of bounds that it has reached; none comes after all of them, then
/// unknown, then what has no integer.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) slot: SlotId,
    /// Sorted.
    pub(crate) bounds: Box<[i64]>,
    /// From one below the first bound to the last, the rank of each integer; empty where these are too many.
    direct: Box<[u16]>,
    /// The integers at the ends of `direct`.
    ends: (i64, i64),
}

/// The longest stretch of integers whose ranks are looked up.
const DIRECT: i64 = 4096;
/// The most bounds on an axis.
pub(crate) const BOUNDS: usize = 60_000;

impl Axis {
    pub(crate) fn new(slot: SlotId, mut bounds: Vec<i64>) -> Axis {
        bounds.sort_unstable();
        bounds.dedup();
        let rank = |bits: i64| u16::try_from(bounds.partition_point(|bound| *bound <= bits)).unwrap_or(u16::MAX);
        let (mut direct, mut ends) = (Vec::new(), (0, 0));
        if let (Some(before), Some(last)) = (bounds.first().and_then(|first| first.checked_sub(1)), bounds.last())
            && last.checked_sub(before).is_some_and(|span| span < DIRECT)
        {
            direct = (before..=*last).map(rank).collect();
            ends = (before, *last);
        }
        Axis { slot, bounds: bounds.into(), direct: direct.into(), ends }
    }

    /// How many ranks there are.
    pub(crate) fn ranks(&self) -> usize {
        self.bounds.len() + 4
    }

    /// The rank of none; unknown and what has no integer follow.
    pub(crate) fn of_none(&self) -> usize {
        self.bounds.len() + 1
    }

    /// The rank of a known integer.
    #[inline(always)]
    pub(crate) fn of_known(&self, bits: i64) -> usize {
        let (before, last) = self.ends;
        // Within the ends the difference is small and not below zero; without a table it looks up nothing.
        let index = bits.max(before).min(last).wrapping_sub(before) as usize;
        match self.direct.get(index) {
            Some(rank) => usize::from(*rank),
            None => self.bounds.partition_point(|bound| *bound <= bits),
        }
    }

    /// The rank of what is no known integer.
    #[cold]
    pub(crate) fn of_state(&self, steps: usize) -> usize {
        self.of_none() + steps
    }
}
