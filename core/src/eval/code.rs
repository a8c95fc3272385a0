//! Code over the integers of one case.
//!
//! Checked: what does not fit is told as [`Answer::Asked`], never wrapped or rounded.

use super::cells::{Cells, State};
use crate::plan::{Code, Truth};
use crate::value::Rounding;
use crate::value::ops::Comparison;

/// What code comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Known(i64),
    None,
    Unknown,
    /// The expression itself has to be asked: it may fail, or its value has no integer.
    Asked,
}

/// The instant of a decision, as code reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// The number of the day in the pack's zone.
    pub(crate) today: i64,
    /// Microseconds; nothing where the instant has a finer part.
    pub(crate) as_of: Option<i64>,
}

/// What code comes to for a case.
pub(crate) fn answer(code: &Code, cells: &Cells, now: &Now) -> Answer {
    let eval = |code: &Code| answer(code, cells, now);
    match code {
        Code::Constant(bits) => Answer::Known(*bits),
        Code::None => Answer::None,
        // One case has its row's own code.
        Code::ByRow => Answer::Asked,
        Code::Slot(slot) => {
            let cell = cells.get(*slot);
            match cell.state {
                State::Known => Answer::Known(cell.bits),
                State::None => Answer::None,
                State::Unknown => Answer::Unknown,
                State::Beside => Answer::Asked,
            }
        }
        Code::Today => Answer::Known(now.today),
        Code::AsOf => now.as_of.map_or(Answer::Asked, Answer::Known),
        Code::Scale(inner, factor) => one(eval(inner), |value| value.checked_mul(*factor)),
        Code::Round(inner, divisor, rounding) => one(eval(inner), |value| Some(round(value, *divisor, *rounding))),
        Code::Add(a, b) => two(eval(a), eval(b), i64::checked_add),
        Code::Subtract(a, b) => two(eval(a), eval(b), i64::checked_sub),
        Code::Multiply(a, b) => two(eval(a), eval(b), i64::checked_mul),
        Code::Negate(inner) => one(eval(inner), i64::checked_neg),
        Code::Absolute(inner) => one(eval(inner), i64::checked_abs),
        Code::Within(inner, low, high) => one(eval(inner), |value| (*low <= value && value <= *high).then_some(value)),
        Code::Compare(operator, a, b) => compare(*operator, eval(a), eval(b)),
        Code::If { condition: asked, then, otherwise } => match condition(eval(asked)) {
            Answer::Known(0) => eval(otherwise),
            Answer::Known(_) => eval(then),
            failure => failure,
        },
        Code::OneOf(..)
        | Code::Between { .. }
        | Code::Not(_)
        | Code::And(_)
        | Code::Or(_)
        | Code::Coalesce(_)
        | Code::Known(_) => of_parts(code, code.parts().map(eval)),
        Code::Extreme { is_most, items } => {
            let mut answers = items.iter().map(eval);
            let Some(first) = answers.next() else { return Answer::None };
            let pick = |a: i64, b: i64| Some(if *is_most { a.max(b) } else { a.min(b) });
            answers.fold(first, |best, item| two(best, item, pick))
        }
    }
}

/// What code comes to whose parts came to these.
pub(crate) fn of_parts(code: &Code, mut parts: impl Iterator<Item = Answer>) -> Answer {
    let mut next = || parts.next().unwrap_or(Answer::Asked);
    match code {
        Code::OneOf(_, constants) => match next() {
            Answer::Known(item) => known(constants.binary_search(&item).is_ok()),
            Answer::None => known(false),
            failure => failure,
        },
        Code::Between { is_inclusive, .. } => {
            let (item, low, high) = (next(), next(), next());
            let below = if *is_inclusive { Comparison::LessOrEqual } else { Comparison::Less };
            match (compare(Comparison::GreaterOrEqual, item, low), compare(below, item, high)) {
                (Answer::Known(a), Answer::Known(b)) => Answer::Known(a & b),
                (a, b) => worst(a, b),
            }
        }
        Code::Not(_) => match condition(next()) {
            Answer::Known(value) => Answer::Known(1 - value),
            failure => failure,
        },
        Code::And(_) => decided(parts, 0),
        Code::Or(_) => decided(parts, 1),
        Code::If { .. } => match (condition(next()), next(), next()) {
            (Answer::Known(0), _, otherwise) => otherwise,
            (Answer::Known(_), then, _) => then,
            (failure, ..) => failure,
        },
        Code::Coalesce(_) => {
            let mut last = Answer::None;
            for part in parts {
                last = part;
                if !matches!(last, Answer::None | Answer::Unknown) {
                    break;
                }
            }
            last
        }
        Code::Known(_) => match next() {
            Answer::Asked => Answer::Asked,
            answer => known(answer != Answer::Unknown),
        },
        // Calculations have no parts that decide.
        _ => Answer::Asked,
    }
}

/// The truth of a condition's code.
pub(crate) fn truth(code: &Code, cells: &Cells, now: &Now) -> Truth {
    match condition(answer(code, cells, now)) {
        Answer::Known(0) => Truth::False,
        Answer::Known(_) => Truth::True,
        Answer::Unknown => Truth::Unknown,
        _ => Truth::Doubt,
    }
}

/// The number divided and rounded.
pub(crate) fn round(value: i64, divisor: i64, rounding: Rounding) -> i64 {
    // The divisor is a power of ten above one, so none of this leaves the integers.
    let (quotient, rest) = (value.wrapping_div(divisor), value.wrapping_rem(divisor));
    let away = match rounding {
        Rounding::Down => false,
        Rounding::Up => rest != 0,
        Rounding::HalfUp => rest.unsigned_abs() >= divisor.unsigned_abs() / 2,
        Rounding::HalfEven => {
            let half = divisor.unsigned_abs() / 2;
            rest.unsigned_abs() > half || rest.unsigned_abs() == half && quotient % 2 != 0
        }
    };
    if away { quotient + value.signum() } else { quotient }
}

fn known(value: bool) -> Answer {
    Answer::Known(i64::from(value))
}

/// None is no condition: the expression says so itself.
fn condition(answer: Answer) -> Answer {
    if answer == Answer::None { Answer::Asked } else { answer }
}

fn one(answer: Answer, apply: impl Fn(i64) -> Option<i64>) -> Answer {
    match answer {
        Answer::Known(value) => apply(value).map_or(Answer::Asked, Answer::Known),
        other => other,
    }
}

pub(crate) fn two(a: Answer, b: Answer, apply: impl Fn(i64, i64) -> Option<i64>) -> Answer {
    match (a, b) {
        (Answer::Known(a), Answer::Known(b)) => apply(a, b).map_or(Answer::Asked, Answer::Known),
        (a, b) => worst(a, b),
    }
}

/// Of two answers of which not both are known: one to be asked wins, then unknown, then none.
fn worst(a: Answer, b: Answer) -> Answer {
    match (a, b) {
        (Answer::Asked, _) | (_, Answer::Asked) => Answer::Asked,
        (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
        _ => Answer::None,
    }
}

pub(crate) fn compare(operator: Comparison, a: Answer, b: Answer) -> Answer {
    match (a, b) {
        (Answer::Known(a), Answer::Known(b)) => known(match operator {
            Comparison::Equal => a == b,
            Comparison::NotEqual => a != b,
            Comparison::Less => a < b,
            Comparison::LessOrEqual => a <= b,
            Comparison::Greater => a > b,
            Comparison::GreaterOrEqual => a >= b,
        }),
        (Answer::None, Answer::None) => known(operator == Comparison::Equal),
        (Answer::None, Answer::Known(_)) | (Answer::Known(_), Answer::None) => known(operator == Comparison::NotEqual),
        (a, b) => worst(a, b),
    }
}

/// `and` (decided by 0) or `or` (decided by 1), in any order.
fn decided(answers: impl Iterator<Item = Answer>, deciding: i64) -> Answer {
    let mut failure = None;
    for answer in answers.map(condition) {
        match answer {
            Answer::Known(value) if value == deciding => return answer,
            Answer::Known(_) => {}
            found => failure = Some(failure.map_or(found, |known| worst(known, found))),
        }
    }
    failure.unwrap_or(Answer::Known(1 - deciding))
}
