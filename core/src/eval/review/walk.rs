//! The walk over an expression: what it comes to for a case, and how long it stays so.
//!
//! It follows the meaning of expressions: an operand that decides keeps a result as it is while the others move. What
//! it does not follow is taken to change where anything inside does.

use chrono::{DateTime, Utc};

use super::border::{Border, Clock, Ticks, at};
use super::motion::{Motion, Trend, compared};
use crate::calendar::contact_times::{clock_change_today, next_day, relapse};
use crate::language::functions::Function;
use crate::language::meaning::{Reader, Slots};
use crate::language::{Expr, ExprKind, ListMethod, LocalId};
use crate::value::ops::{self, Comparison};
use crate::value::{Failure, Outcome, Value};

/// What a part of an expression comes to, and how that moves.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) value: Outcome,
    pub(super) motion: Motion,
}

/// Walks expressions of one case.
pub(super) struct Walker<'w, 'a, S: Slots + ?Sized> {
    pub(super) reader: &'w mut Reader<'a, S>,
    pub(super) clock: &'w Clock,
    /// By slot.
    pub(super) motions: &'w [Motion],
    /// Whether the place and instant that are looked at go with time. They do not where another time is looked at.
    pub(super) goes_here: bool,
    /// Before when nothing that was walked over fails newly.
    pub(super) fails: Border,
}

/// Whether the value of a part is asked for; where it is not, what stands for it means nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Value,
    Motion,
}

impl<S: Slots + ?Sized> Walker<'_, '_, S> {
    /// What an expression comes to.
    pub(super) fn walk(&mut self, expr: &Expr, want: Want) -> Seen {
        let motion = match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Unknown | ExprKind::Refused | ExprKind::Local(_) => Motion::STILL,
            ExprKind::Slot(slot) => self.motions.get(slot.0 as usize).copied().unwrap_or(Motion::STILL),
            ExprKind::Member { of, .. } => match of.kind {
                ExprKind::Local(_) => Motion::STILL,
                _ => self.all([&**of]),
            },
            ExprKind::AsOf => Motion::with(Trend::Instant),
            ExprKind::Today => Motion::with(Trend::Days(Ticks::Pack, 1)),
            ExprKind::LocalToday => self.local_today(),
            ExprKind::LocalTime => self.local_time(),
            ExprKind::Widen(inner) => {
                let seen = self.walk(inner, want);
                return self.seen(expr, want, seen.motion);
            }
            ExprKind::Not(inner) => return self.not(expr, inner),
            ExprKind::Negate(inner) => {
                let seen = self.walk(inner, Want::Motion);
                let step = seen.motion.step().and_then(|(ticks, step)| Some((ticks?, step.checked_neg()?)));
                match step {
                    Some((ticks, step)) if expr.base == crate::value::Type::Integer => {
                        Motion::by_days(ticks, step, seen.motion.until)
                    }
                    _ => self.failing(seen.motion),
                }
            }
            ExprKind::And(items) => return self.decided(expr, items, false),
            ExprKind::Or(items) => return self.decided(expr, items, true),
            ExprKind::Coalesce(items) => return self.coalesce(expr, items, want),
            ExprKind::Compare(operator, a, b) => return self.compare(expr, *operator, a, b),
            ExprKind::Arithmetic(operator, a, b) => return self.arithmetic(expr, *operator, a, b, want),
            ExprKind::List(items) | ExprKind::Record(items) => self.all(items),
            ExprKind::InList { item, list } => return self.in_list(expr, item, list, want),
            ExprKind::InRange { item, low, high, is_inclusive } => {
                return self.in_range(expr, [item, low, high], *is_inclusive, want);
            }
            ExprKind::If { condition, then, otherwise } => {
                return self.branch(expr, condition, [then, otherwise], want);
            }
            ExprKind::Known(inner) => {
                let seen = self.walk(inner, Want::Value);
                match seen.value {
                    Ok(_) => Motion::until(seen.motion.until),
                    Err(_) => Motion::until(seen.motion.settled(self.clock)),
                }
            }
            ExprKind::OrNone(inner) => {
                let seen = self.walk(inner, Want::Value);
                return match seen.value {
                    Ok(_) => seen,
                    Err(_) => Seen { value: Ok(Value::None), motion: Motion::until(seen.motion.settled(self.clock)) },
                };
            }
            ExprKind::Call { function, arguments } => return self.call(expr, function, arguments, want),
            ExprKind::Extreme { items, .. } => self.all(items),
            ExprKind::Rate { rate, date } => return self.rate(expr, *rate, date, want),
            ExprKind::InterestOver { arguments, .. } => {
                let motion = self.all(arguments);
                self.failing(motion)
            }
            ExprKind::Declared { function, arguments } => {
                let mut motion = self.all(arguments);
                if function.reads_today {
                    motion.until = self.clock.first(motion.until, self.clock.tomorrow());
                }
                self.failing(motion)
            }
            ExprKind::Method { method, list, local, body } => {
                return self.method(expr, *method, list, *local, body.as_deref(), want);
            }
        };
        self.seen(expr, want, motion)
    }

    /// A part that moves so, with its value where it is wanted.
    pub(super) fn seen(&mut self, expr: &Expr, want: Want, motion: Motion) -> Seen {
        let value = match want {
            Want::Value => self.reader.value(expr),
            Want::Motion => Ok(Value::None),
        };
        Seen { value, motion }
    }

    /// What stays as it is while all of these do.
    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Motion {
        let mut until = Border::Never;
        for expr in exprs {
            let seen = self.walk(expr, Want::Motion);
            until = self.clock.first(until, seen.motion.settled(self.clock));
        }
        Motion::until(until)
    }

    /// What is the same as long as something is, and may fail then.
    pub(super) fn failing(&mut self, motion: Motion) -> Motion {
        let until = motion.settled(self.clock);
        self.may_fail(until);
        Motion::until(until)
    }

    pub(super) fn may_fail(&mut self, until: Border) {
        self.fails = self.clock.first(self.fails, until);
    }

    /// Before when all of these stay as they are.
    pub(super) fn settled<'m>(&self, motions: impl IntoIterator<Item = &'m Motion>) -> Border {
        let borders = motions.into_iter().map(|motion| motion.settled(self.clock));
        borders.fold(Border::Never, |first, border| self.clock.first(first, border))
    }

    /// The candidate places, where they and the instant go with time.
    fn places(&self) -> Vec<chrono_tz::Tz> {
        let mut places = match &self.reader.context.places {
            Ok(places) if self.goes_here => places.clone(),
            _ => Vec::new(),
        };
        places.sort_unstable_by_key(|place| place.name());
        places.dedup();
        places
    }

    fn local_today(&self) -> Motion {
        match self.places().as_slice() {
            [] => Motion::STILL,
            [place] => Motion {
                until: at(relapse(*place, self.clock.as_of)),
                trend: Some(Trend::Days(Ticks::Place(*place), 1)),
            },
            places => {
                let back = self.next_of(places, relapse);
                Motion::until(self.clock.first(back, self.next_of(places, next_day)))
            }
        }
    }

    fn local_time(&self) -> Motion {
        let places = self.places();
        match places.as_slice() {
            [] => Motion::STILL,
            [place] => Motion::with(Trend::TimeOfDay(*place)),
            places => {
                let changes = self.next_of(places, clock_change_today);
                let days = self.next_of(places, next_day);
                let known = crate::language::functions::local_time(self.reader.context).is_ok();
                let time = if known { self.clock.next_second() } else { Border::Never };
                Motion::until(self.clock.first(time, self.clock.first(changes, days)))
            }
        }
    }

    fn next_of(
        &self,
        places: &[chrono_tz::Tz],
        next: fn(chrono_tz::Tz, DateTime<Utc>) -> Option<DateTime<Utc>>,
    ) -> Border {
        let borders = places.iter().map(|place| at(next(*place, self.clock.as_of)));
        borders.fold(Border::Never, |first, border| self.clock.first(first, border))
    }

    fn not(&mut self, expr: &Expr, inner: &Expr) -> Seen {
        let Seen { value, motion } = self.walk(inner, Want::Value);
        match value {
            Ok(Value::Boolean(value)) => Seen { value: Ok(Value::Boolean(!value)), motion },
            _ => self.seen(expr, Want::Value, motion),
        }
    }

    /// `and`, decided by false, or `or`, decided by true: as long as one operand decides, the others do not matter.
    fn decided(&mut self, expr: &Expr, items: &[Expr], deciding: bool) -> Seen {
        let mut all = Decided::new(deciding);
        for item in items {
            let Seen { value, motion } = self.walk(item, Want::Value);
            all.add(self.clock, &value, motion.settled(self.clock));
        }
        self.outcome(expr, &all)
    }

    fn outcome(&mut self, expr: &Expr, all: &Decided) -> Seen {
        let motion = Motion::until(all.until());
        match all.known() {
            Some(value) => Seen { value: Ok(Value::Boolean(value)), motion },
            None => self.seen(expr, Want::Value, motion),
        }
    }

    fn coalesce(&mut self, expr: &Expr, items: &[Expr], want: Want) -> Seen {
        let mut until = Border::Never;
        for (index, item) in items.iter().enumerate() {
            let seen = self.walk(item, Want::Value);
            let is_last = index + 1 == items.len();
            if is_last || !matches!(seen.value, Ok(Value::None) | Err(Failure::Unknown(_))) {
                // What was not asked for may fail once it is.
                let left = if is_last { until } else { self.clock.first(until, seen.motion.until) };
                self.may_fail(left);
                let until = self.clock.first(until, seen.motion.until);
                return Seen { value: seen.value, motion: Motion { until, ..seen.motion } };
            }
            until = self.clock.first(until, seen.motion.settled(self.clock));
        }
        self.seen(expr, want, Motion::until(until))
    }

    fn branch(&mut self, expr: &Expr, condition: &Expr, branches: [&Expr; 2], want: Want) -> Seen {
        let condition = self.walk(condition, Want::Value);
        let until = condition.motion.settled(self.clock);
        self.may_fail(until);
        let taken = match condition.value {
            Ok(Value::Boolean(true)) => branches[0],
            Ok(Value::Boolean(false)) => branches[1],
            _ => return self.seen(expr, want, Motion::until(until)),
        };
        let Seen { value, motion } = self.walk(taken, want);
        Seen { value, motion: Motion { until: self.clock.first(until, motion.until), ..motion } }
    }

    fn compare(&mut self, expr: &Expr, operator: Comparison, a: &Expr, b: &Expr) -> Seen {
        let (a, b) = (self.walk(a, Want::Value), self.walk(b, Want::Value));
        let until = self.compared(operator, &a, &b);
        match (&a.value, &b.value) {
            (Ok(a), Ok(b)) => {
                Seen { value: Ok(Value::Boolean(ops::compare(operator, a, b))), motion: Motion::until(until) }
            }
            _ => self.seen(expr, Want::Value, Motion::until(until)),
        }
    }

    fn compared(&self, operator: Comparison, a: &Seen, b: &Seen) -> Border {
        match (&a.value, &b.value) {
            (Ok(a_value), Ok(b_value)) => {
                let calendar = self.reader.context.calendar;
                compared(self.clock, operator, (a_value, a.motion), (b_value, b.motion), calendar)
            }
            _ => self.settled([&a.motion, &b.motion]),
        }
    }

    /// The `or` of comparisons where the list is written out.
    fn in_list(&mut self, expr: &Expr, item: &Expr, list: &Expr, want: Want) -> Seen {
        let ExprKind::List(members) = &list.kind else {
            let motion = self.all([item, list]);
            return self.seen(expr, want, motion);
        };
        let item = self.walk(item, Want::Value);
        let mut all = Decided::new(true);
        let mut motions = vec![item.motion];
        for member in members {
            let member = self.walk(member, Want::Value);
            motions.push(member.motion);
            let equal = match (&item.value, &member.value) {
                (Ok(item), Ok(member)) => Ok(Value::Boolean(ops::compare(Comparison::Equal, item, member))),
                (Err(failure), _) | (_, Err(failure)) => Err(failure.clone()),
            };
            all.add(self.clock, &equal, self.compared(Comparison::Equal, &item, &member));
        }
        if item.value.is_err() {
            let until = self.settled(&motions);
            return self.seen(expr, want, Motion::until(until));
        }
        self.outcome(expr, &all)
    }

    /// The `and` of two comparisons, but that a failure is never passed over.
    fn in_range(&mut self, expr: &Expr, [item, low, high]: [&Expr; 3], is_inclusive: bool, want: Want) -> Seen {
        let [item, low, high] = [item, low, high].map(|part| self.walk(part, Want::Value));
        let below = if is_inclusive { Comparison::LessOrEqual } else { Comparison::Less };
        let (Ok(value), Ok(low_value), Ok(high_value)) = (&item.value, &low.value, &high.value) else {
            let until = self.settled([&item.motion, &low.motion, &high.motion]);
            return self.seen(expr, want, Motion::until(until));
        };
        let mut all = Decided::new(false);
        let comparisons = [(Comparison::GreaterOrEqual, &low, low_value), (below, &high, high_value)];
        for (operator, bound, bound_value) in comparisons {
            let holds = Ok(Value::Boolean(ops::compare(operator, value, bound_value)));
            all.add(self.clock, &holds, self.compared(operator, &item, bound));
        }
        // Beyond their borders the parts may fail.
        let parts = [item.motion.until, low.motion.until, high.motion.until];
        let until = parts.into_iter().fold(all.until(), |first, border| self.clock.first(first, border));
        self.outcome_until(expr, &all, until)
    }

    fn outcome_until(&mut self, expr: &Expr, all: &Decided, until: Border) -> Seen {
        let seen = self.outcome(expr, all);
        Seen { value: seen.value, motion: Motion::until(until) }
    }

    fn rate(&mut self, expr: &Expr, rate: usize, date: &Expr, want: Want) -> Seen {
        let date = self.walk(date, Want::Value);
        let Some(known) = self.reader.rates.get(rate) else { return self.seen(expr, want, date.motion) };
        let value = self.reader.value(expr);
        let until = match (&date.value, date.motion.trend, &value) {
            (_, None, _) => date.motion.until,
            (Ok(Value::Date(day)), Some(Trend::Days(ticks, 1)), Ok(_)) => {
                use std::ops::Bound::{Excluded, Unbounded};
                let next = known.from.range((Excluded(*day), Unbounded)).next().map(|(day, _)| *day);
                let on = |border: chrono::NaiveDate| self.clock.days_on(ticks, (border - *day).num_days());
                let end = known.valid_until.and_then(|until| until.succ_opt()).map_or(Border::Never, on);
                self.may_fail(end);
                let next = next.map_or(Border::Never, on);
                self.clock.first(date.motion.until, self.clock.first(next, end))
            }
            _ => date.motion.settled(self.clock),
        };
        self.may_fail(date.motion.until);
        Seen { value, motion: Motion::until(until) }
    }

    fn call(&mut self, expr: &Expr, function: &Function, arguments: &[Expr], want: Want) -> Seen {
        let seen: Vec<Seen> = arguments.iter().map(|argument| self.walk(argument, Want::Value)).collect();
        let motion = self.called(expr, function, &seen);
        self.seen(expr, want, motion)
    }

    fn method(
        &mut self,
        expr: &Expr,
        method: ListMethod,
        list: &Expr,
        local: LocalId,
        body: Option<&Expr>,
        want: Want,
    ) -> Seen {
        let is_body_still = body.is_none_or(|body| self.is_still(body));
        let list_want = if is_body_still { Want::Motion } else { Want::Value };
        let seen = self.walk(list, list_want);
        let mut until = seen.motion.settled(self.clock);
        if until != Border::Never && !self.takes_any_item(method, list, body) {
            self.may_fail(until);
        }
        if let (Ok(Value::List(items)), Some(body), false) = (&seen.value, body, is_body_still) {
            let mut all = match method {
                ListMethod::Any => Decided::new(true),
                ListMethod::All => Decided::new(false),
                // Each item by itself.
                _ => Decided::undecided(),
            };
            for item in items.iter() {
                let Ok(item) = item else {
                    all.add(self.clock, &item.clone(), Border::Never);
                    continue;
                };
                self.reader.locals.truncate(local.0 as usize);
                self.reader.locals.push(item.clone());
                let Seen { value, motion } = self.walk(body, Want::Value);
                self.reader.locals.truncate(local.0 as usize);
                all.add(self.clock, &value, motion.settled(self.clock));
            }
            if !matches!(method, ListMethod::Any | ListMethod::All | ListMethod::Filter | ListMethod::Map) {
                self.may_fail(all.until());
            }
            until = self.clock.first(until, all.until());
        }
        self.seen(expr, want, Motion::until(until))
    }

    /// Whether time moves nothing in an expression.
    fn is_still(&self, expr: &Expr) -> bool {
        let mut is_still = true;
        expr.walk(&mut |inner| {
            is_still &= match &inner.kind {
                ExprKind::Slot(slot) => self.motions.get(slot.0 as usize).is_none_or(Motion::is_still),
                ExprKind::AsOf | ExprKind::Today | ExprKind::LocalToday | ExprKind::LocalTime => false,
                ExprKind::Call { function, .. } => !matches!(function.name, "days_since" | "days_until"),
                _ => true,
            };
        });
        is_still
    }

    /// Whether a method fails for no item that may come into a list, or go.
    fn takes_any_item(&mut self, method: ListMethod, list: &Expr, body: Option<&Expr>) -> bool {
        let is_plain = match body.map(|body| &body.kind) {
            None | Some(ExprKind::Literal(_)) => true,
            Some(ExprKind::Member { of, .. }) => matches!(of.kind, ExprKind::Local(_)),
            Some(_) => false,
        };
        match method {
            ListMethod::Count | ListMethod::IsEmpty => true,
            ListMethod::Sum => is_plain && self.adds_small(list, body),
            _ => is_plain || body.is_some_and(never_fails),
        }
    }

    /// Whether no sum of items that a list is filtered from is too large.
    fn adds_small(&mut self, list: &Expr, body: Option<&Expr>) -> bool {
        let mut whole = list;
        while let ExprKind::Method { method: ListMethod::Filter, list, .. } = &whole.kind {
            whole = list;
        }
        let Ok(Value::List(items)) = self.reader.value(whole) else { return false };
        let index = match body.map(|body| &body.kind) {
            Some(ExprKind::Member { index, .. }) => Some(*index),
            _ => None,
        };
        let limit = rust_decimal::Decimal::from(1_000_000_000_000_000_i64);
        let is_small = |value: &Value| ops::plain(value).map_or(value.is_none(), |number| number.abs() < limit);
        items.iter().all(|item| match (item, index) {
            (Ok(Value::Record(fields)), Some(index)) => {
                fields.get(index).is_some_and(|field| field.as_ref().is_ok_and(is_small))
            }
            (Ok(value), None) => is_small(value),
            _ => false,
        })
    }
}

/// Whether an expression fails for no values that its parts may have.
fn never_fails(expr: &Expr) -> bool {
    let mut never = true;
    expr.walk(&mut |inner| {
        never &= !matches!(
            inner.kind,
            ExprKind::Arithmetic(..)
                | ExprKind::Negate(_)
                | ExprKind::Call { .. }
                | ExprKind::Rate { .. }
                | ExprKind::InterestOver { .. }
                | ExprKind::Declared { .. }
                | ExprKind::Method { .. }
        );
    });
    never
}

/// Operands of which one may decide.
struct Decided {
    /// The value that decides; nothing where none does.
    deciding: Option<bool>,
    /// The last border of those that decide.
    decides: Option<Border>,
    /// The first border of all.
    all: Border,
    has_failure: bool,
}

impl Decided {
    fn new(deciding: bool) -> Decided {
        Decided { deciding: Some(deciding), decides: None, all: Border::Never, has_failure: false }
    }

    fn undecided() -> Decided {
        Decided { deciding: None, decides: None, all: Border::Never, has_failure: false }
    }

    fn add(&mut self, clock: &Clock, value: &Outcome, until: Border) {
        self.all = clock.first(self.all, until);
        match (value, self.deciding) {
            (Ok(Value::Boolean(value)), Some(deciding)) if *value == deciding => {
                self.decides = Some(self.decides.map_or(until, |last| clock.last(last, until)));
            }
            (Ok(_), _) => {}
            (Err(_), _) => self.has_failure = true,
        }
    }

    /// Before when the result stays as it is.
    fn until(&self) -> Border {
        self.decides.unwrap_or(self.all)
    }

    /// The result, where it is known.
    fn known(&self) -> Option<bool> {
        match (self.deciding, self.decides) {
            (deciding, Some(_)) => deciding,
            (Some(deciding), None) if !self.has_failure => Some(!deciding),
            _ => None,
        }
    }
}
