//! Code over some cases of a chunk at once.
//!
//! What one case comes to is what [`crate::eval::code`] says; here loops go over the cases, not over the code.

use super::kernels::CASES;
use crate::eval::code::{Answer, Now, round};
use crate::language::SlotId;
use crate::plan::Code;
use crate::value::Rounding;
use crate::value::ops::Comparison;

/// What code came to for each of some cases.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    pub(crate) values: Vec<i64>,
    /// Where not all are known: what each is, its integer left aside.
    pub(crate) states: Option<Vec<Answer>>,
}

/// Where code finds the slots of the cases.
pub(crate) trait Source {
    /// What a slot came to for these cases.
    fn slot(&self, slot: SlotId, cases: &[u16]) -> Lanes;

    /// The constant of the row that each case took.
    fn by_row(&self, cases: &[u16]) -> Lanes;
}

impl Lanes {
    fn of(value: i64, count: usize) -> Lanes {
        Lanes { values: vec![value; count], states: None }
    }

    fn all(answer: Answer, count: usize) -> Lanes {
        Lanes { values: vec![0; count], states: Some(vec![answer; count]) }
    }

    /// What one case came to.
    #[inline]
    pub(crate) fn answer(&self, index: usize) -> Answer {
        match self.states.as_ref().and_then(|states| states.get(index)) {
            Some(Answer::Known(_)) | None => Answer::Known(self.values.get(index).copied().unwrap_or(0)),
            Some(other) => *other,
        }
    }

    fn from_answers(answers: impl Iterator<Item = Answer>) -> Lanes {
        let answers: Vec<Answer> = answers.collect();
        let values = answers.iter().map(|answer| if let Answer::Known(value) = answer { *value } else { 0 }).collect();
        let is_known = answers.iter().all(|answer| matches!(answer, Answer::Known(_)));
        Lanes { values, states: (!is_known).then_some(answers) }
    }
}

/// What code comes to for some cases of a chunk.
pub(crate) fn lanes(code: &Code, cases: &[u16], source: &dyn Source, now: &Now) -> Lanes {
    let eval = |code: &Code| lanes(code, cases, source, now);
    let count = cases.len().min(CASES);
    match code {
        Code::Constant(value) => Lanes::of(*value, count),
        Code::ByRow => source.by_row(cases),
        Code::None => Lanes::all(Answer::None, count),
        Code::Slot(slot) => source.slot(*slot, cases),
        Code::Today => Lanes::of(now.today, count),
        Code::AsOf => now.as_of.map_or_else(|| Lanes::all(Answer::Asked, count), |as_of| Lanes::of(as_of, count)),
        Code::Scale(inner, factor) => one(eval(inner), |value| value.checked_mul(*factor)),
        Code::Round(inner, divisor, rounding) => rounded(eval(inner), *divisor, *rounding),
        Code::Add(a, b) => two(eval(a), eval(b), i64::checked_add),
        Code::Subtract(a, b) => two(eval(a), eval(b), i64::checked_sub),
        Code::Multiply(a, b) => two(eval(a), eval(b), i64::checked_mul),
        Code::Negate(inner) => one(eval(inner), i64::checked_neg),
        Code::Absolute(inner) => one(eval(inner), i64::checked_abs),
        Code::Within(inner, low, high) => one(eval(inner), |value| (*low <= value && value <= *high).then_some(value)),
        Code::Compare(operator, a, b) => compared(*operator, eval(a), eval(b)),
        Code::Extreme { is_most, items } => {
            let pick = |a: i64, b: i64| Some(if *is_most { a.max(b) } else { a.min(b) });
            let mut items = items.iter().map(eval);
            let Some(first) = items.next() else { return Lanes::all(Answer::None, count) };
            items.fold(first, |best, item| two(best, item, pick))
        }
        // The rest is told case by case, out of the parts.
        Code::OneOf(..)
        | Code::Between { .. }
        | Code::Not(_)
        | Code::And(_)
        | Code::Or(_)
        | Code::If { .. }
        | Code::Coalesce(_)
        | Code::Known(_) => {
            let parts: Vec<Lanes> = code.parts().map(eval).collect();
            Lanes::from_answers((0..count).map(|index| {
                let answers = parts.iter().map(|part| part.answer(index));
                crate::eval::code::of_parts(code, answers)
            }))
        }
    }
}

fn one(mut lanes: Lanes, apply: impl Fn(i64) -> Option<i64>) -> Lanes {
    let mut is_odd = false;
    for value in &mut lanes.values {
        match apply(*value) {
            Some(found) => *value = found,
            None => is_odd = true,
        }
    }
    if !is_odd && lanes.states.is_none() {
        return lanes;
    }
    is_odd_again(lanes, is_odd)
}

/// Nothing is known of a case whose value did not fit; told apart only where that happened at all.
fn is_odd_again(lanes: Lanes, is_odd: bool) -> Lanes {
    if !is_odd {
        return lanes;
    }
    // Rare: every case of these is asked.
    let answers = (0..lanes.values.len()).map(|index| match lanes.answer(index) {
        Answer::Known(_) => Answer::Asked,
        other => other,
    });
    Lanes::from_answers(answers)
}

fn two(a: Lanes, b: Lanes, apply: impl Fn(i64, i64) -> Option<i64>) -> Lanes {
    if a.states.is_none() && b.states.is_none() {
        let mut is_odd = false;
        let mut values = a.values;
        for (a, b) in values.iter_mut().zip(&b.values) {
            match apply(*a, *b) {
                Some(found) => *a = found,
                None => is_odd = true,
            }
        }
        return is_odd_again(Lanes { values, states: None }, is_odd);
    }
    let count = a.values.len();
    Lanes::from_answers((0..count).map(|index| crate::eval::code::two(a.answer(index), b.answer(index), &apply)))
}

/// The divisors that amounts have are constants to the compiler, which divides by them without dividing.
fn rounded(lanes: Lanes, divisor: i64, rounding: Rounding) -> Lanes {
    match divisor {
        10 => one(lanes, |value| Some(round(value, 10, rounding))),
        100 => one(lanes, |value| Some(round(value, 100, rounding))),
        1000 => one(lanes, |value| Some(round(value, 1000, rounding))),
        10_000 => one(lanes, |value| Some(round(value, 10_000, rounding))),
        _ => one(lanes, |value| Some(round(value, divisor, rounding))),
    }
}

fn compared(operator: Comparison, a: Lanes, b: Lanes) -> Lanes {
    let holds = |a: i64, b: i64| {
        Some(i64::from(match operator {
            Comparison::Equal => a == b,
            Comparison::NotEqual => a != b,
            Comparison::Less => a < b,
            Comparison::LessOrEqual => a <= b,
            Comparison::Greater => a > b,
            Comparison::GreaterOrEqual => a >= b,
        }))
    };
    if a.states.is_none() && b.states.is_none() {
        return two(a, b, holds);
    }
    let count = a.values.len();
    Lanes::from_answers((0..count).map(|index| crate::eval::code::compare(operator, a.answer(index), b.answer(index))))
}
