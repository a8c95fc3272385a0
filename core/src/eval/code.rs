//! Code over the integers of one case.
//!
//! Checked: what does not fit is told as [`Answer::Asked`], never wrapped or rounded.

use chrono_tz::Tz;

use super::cells::{Cell, Cells, State};
use crate::calendar::date_at;
use crate::language::{ListMethod, SlotId};
use crate::plan::code::{ITEMS, MethodCode};
use crate::plan::routine::TimesCode;
use crate::plan::{Code, Storage, Truth};
use crate::value::ops::Comparison;
use crate::value::{Failure, Outcome, Rounding, Value};

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
    /// The pack's zone.
    pub(crate) zone: Tz,
}

/// Where code finds the slots of a case.
pub(crate) trait CodeSlots {
    /// A slot's state and integer.
    fn cell(&self, slot: SlotId) -> Cell;

    /// What stands beside, where the cell says so.
    fn beside(&self, slot: SlotId) -> Option<&Outcome>;
}

impl CodeSlots for Cells {
    #[inline(always)]
    fn cell(&self, slot: SlotId) -> Cell {
        self.get(slot)
    }

    fn beside(&self, slot: SlotId) -> Option<&Outcome> {
        self.beside.get(slot.0 as usize)
    }
}

/// What code comes to for a case.
pub(crate) fn answer(code: &Code, slots: &impl CodeSlots, now: &Now) -> Answer {
    of_item(code, slots, now, None)
}

/// What code comes to for an item of a list.
fn of_item<S: CodeSlots>(code: &Code, slots: &S, now: &Now, item: Option<&Value>) -> Answer {
    let eval = |code: &Code| of_item(code, slots, now, item);
    match code {
        Code::Item(index, storage) => of_field(item, *index, storage),
        Code::Method(of) => method(of, slots, now),
        Code::DateOf(inner) => match eval(inner) {
            Answer::Known(instant) => date_of(instant, now).map_or(Answer::Asked, Answer::Known),
            other => other,
        },
        Code::Constant(bits) => Answer::Known(*bits),
        Code::None => Answer::None,
        // One case has its row's own code.
        Code::ByRow => Answer::Asked,
        Code::Slot(slot) => {
            let cell = slots.cell(*slot);
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
        Code::Strict { first, then } => {
            let mut is_none = false;
            for code in first {
                match eval(code) {
                    Answer::Known(_) => {}
                    Answer::None => is_none = true,
                    Answer::Unknown | Answer::Asked => return Answer::Asked,
                }
            }
            if is_none {
                return Answer::None;
            }
            match eval(then) {
                Answer::Unknown => Answer::Asked,
                found => found,
            }
        }
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

/// The number of the day of an instant in the pack's zone.
pub(crate) fn date_of(instant: i64, now: &Now) -> Option<i64> {
    match Storage::Timestamp.value(instant) {
        Value::Timestamp(instant) => Storage::Date.bits(&Value::Date(date_at(instant, now.zone))),
        _ => None,
    }
}

/// A field of an item, or the item itself.
fn of_field(item: Option<&Value>, index: Option<usize>, storage: &Storage) -> Answer {
    let known = |value: &Value| match value {
        Value::None => Answer::None,
        value => storage.bits(value).map_or(Answer::Asked, Answer::Known),
    };
    match (item, index) {
        (Some(Value::Record(fields)), Some(index)) => match fields.get(index) {
            Some(Ok(value)) => known(value),
            Some(Err(Failure::Unknown(_))) => Answer::Unknown,
            _ => Answer::Asked,
        },
        (Some(value), None) => known(value),
        _ => Answer::Asked,
    }
}

/// What a list method comes to.
fn method<S: CodeSlots>(of: &MethodCode, slots: &S, now: &Now) -> Answer {
    match slots.cell(of.list).state {
        State::None => return Answer::None,
        State::Unknown => return Answer::Unknown,
        State::Known | State::Beside => {}
    }
    let Some(Ok(Value::List(items))) = slots.beside(of.list) else { return Answer::Asked };
    if items.len() > ITEMS {
        return Answer::Asked;
    }
    // Of a list that cannot be filtered nothing is said, whatever its items come to.
    let mut unfiltered: Option<Answer> = None;
    let mut fold = Fold::new(of.method);
    for item in items.iter() {
        let ask = |code: &Code| match item {
            Ok(item) => of_item(code, slots, now, Some(item)),
            Err(_) => Answer::Asked,
        };
        let is_out = |filter: &Code| match condition(ask(filter)) {
            Answer::Known(0) => Some(None),
            Answer::Known(_) => None,
            failure => Some(Some(failure)),
        };
        match of.filters.iter().find_map(is_out) {
            Some(Some(failure)) => unfiltered = Some(unfiltered.map_or(failure, |known| worst(known, failure))),
            Some(None) => {}
            None => fold.add(of.body.as_ref().map(ask)),
        }
    }
    unfiltered.unwrap_or_else(|| fold.answer())
}

/// Calls `visit` on when each item was that counts. False where the meaning of expressions has to be asked.
pub(crate) fn each_that_counts<S: CodeSlots>(of: &TimesCode, slots: &S, now: &Now, mut visit: impl FnMut(i64)) -> bool {
    match slots.cell(of.list).state {
        State::None => return true,
        State::Unknown => return false,
        State::Known | State::Beside => {}
    }
    let Some(Ok(Value::List(items))) = slots.beside(of.list) else { return false };
    if items.len() > ITEMS {
        return false;
    }
    for item in items.iter() {
        let Ok(item) = item else { return false };
        match of.counts.as_ref().map(|counts| of_item(counts, slots, now, Some(item))) {
            Some(Answer::Known(0)) => continue,
            None | Some(Answer::Known(_)) => {}
            Some(Answer::None | Answer::Unknown | Answer::Asked) => return false,
        }
        match of_item(&of.at, slots, now, Some(item)) {
            Answer::Known(at) => visit(at),
            Answer::None => {}
            Answer::Unknown | Answer::Asked => return false,
        }
    }
    true
}

/// Whether it is known of all items of a list when they were.
pub(crate) fn are_dated<S: CodeSlots>(of: &TimesCode, slots: &S, now: &Now) -> bool {
    match slots.cell(of.list).state {
        State::None => return true,
        State::Unknown => return false,
        State::Known | State::Beside => {}
    }
    let Some(Ok(Value::List(items))) = slots.beside(of.list) else { return false };
    items.len() <= ITEMS
        && items.iter().all(|item| match item {
            Ok(item) => {
                matches!(of_item(&of.at, slots, now, Some(item)), Answer::Known(_) | Answer::None)
            }
            Err(_) => false,
        })
}

/// What the items of a list come to together, one after the other.
struct Fold {
    method: ListMethod,
    count: i64,
    best: Option<i64>,
    /// Whether an item decided `any` or `all`.
    is_decided: bool,
    failure: Option<Answer>,
}

impl Fold {
    fn new(method: ListMethod) -> Fold {
        Fold { method, count: 0, best: None, is_decided: false, failure: None }
    }

    fn add(&mut self, body: Option<Answer>) {
        self.count += 1;
        let Some(found) = body else { return };
        let found = match self.method {
            ListMethod::Any | ListMethod::All => condition(found),
            _ => found,
        };
        match (self.method, found) {
            (ListMethod::Any, Answer::Known(truth)) => self.is_decided |= truth != 0,
            (ListMethod::All, Answer::Known(truth)) => self.is_decided |= truth == 0,
            (_, Answer::Known(value)) => match (self.best, self.method) {
                (None, _) => self.best = Some(value),
                (Some(best), ListMethod::Min) => self.best = Some(best.min(value)),
                (Some(best), ListMethod::Max) => self.best = Some(best.max(value)),
                (Some(best), _) => match best.checked_add(value) {
                    Some(sum) => self.best = Some(sum),
                    None => self.fail(Answer::Asked),
                },
            },
            (_, Answer::None) => {}
            (_, failure) => self.fail(failure),
        }
    }

    fn fail(&mut self, failure: Answer) {
        self.failure = Some(self.failure.map_or(failure, |known| worst(known, failure)));
    }

    fn answer(self) -> Answer {
        let decides = i64::from(self.method == ListMethod::Any);
        match (self.method, self.failure) {
            (ListMethod::Any | ListMethod::All, _) if self.is_decided => Answer::Known(decides),
            (_, Some(failure)) => failure,
            (ListMethod::Any | ListMethod::All, None) => Answer::Known(1 - decides),
            (ListMethod::Count, None) => Answer::Known(self.count),
            (ListMethod::IsEmpty, None) => known(self.count == 0),
            (ListMethod::Sum, None) => Answer::Known(self.best.unwrap_or(0)),
            (ListMethod::Min | ListMethod::Max, None) => self.best.map_or(Answer::None, Answer::Known),
            (ListMethod::Filter | ListMethod::Map, None) => Answer::Asked,
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
pub(crate) fn truth(code: &Code, slots: &impl CodeSlots, now: &Now) -> Truth {
    match condition(answer(code, slots, now)) {
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
