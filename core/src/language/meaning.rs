//! The meaning of expressions: values, none, unknown and errors, as the design writes them out.

use std::sync::Arc;

use super::functions::declared::DeclaredFunction;
use super::functions::{Context, interest_over, local_date, local_time};
use super::{Expr, ExprKind, ListMethod, LocalId, SlotId};
use crate::calendar::Rate;
use crate::value::ops::{self, Arithmetic, Comparison};
use crate::value::{ErrorCode, EvaluationError, Failure, Outcome, Type, Value};

/// Where an expression finds what the slots of a case came to.
pub(crate) trait Slots {
    /// What a slot came to.
    fn outcome(&self, slot: SlotId) -> Outcome;
}

impl Slots for [Outcome] {
    fn outcome(&self, slot: SlotId) -> Outcome {
        self.get(slot.0 as usize).cloned().unwrap_or(Ok(Value::None))
    }
}

/// What expressions read while they are evaluated.
pub(crate) struct Reader<'a, S: Slots + ?Sized = [Outcome]> {
    pub(crate) slots: &'a S,
    pub(crate) context: &'a Context<'a>,
    pub(crate) rates: &'a [Rate],
    /// By slot: whether its value may not stand in a message.
    pub(crate) private: &'a [bool],
    /// The items that list methods look at, outermost first.
    pub(crate) locals: Vec<Value>,
    /// Steps of this fact or row so far.
    pub(crate) steps: u64,
}

/// The most steps of one fact or one row. Part of the meaning: passing it is an error of that fact or row.
pub(crate) const STEPS: u64 = 1_000_000;

impl<S: Slots + ?Sized> Reader<'_, S> {
    /// A condition: true, false, or why neither can be said.
    pub(crate) fn condition(&mut self, expr: &Expr) -> Result<bool, Failure> {
        match self.value(expr)? {
            Value::Boolean(value) => Ok(value),
            _ => {
                Err(self
                    .error(expr, EvaluationError::new(ErrorCode::InvalidArgument, "a condition is not true or false")))
            }
        }
    }

    /// What an expression comes to.
    pub(crate) fn value(&mut self, expr: &Expr) -> Outcome {
        self.steps += 1;
        if self.steps > STEPS {
            let message =
                format!("this takes more than {STEPS} steps; shorten the lists, or do not nest their methods");
            return Err(self.error(expr, EvaluationError::new(ErrorCode::TooLong, message)));
        }
        match &expr.kind {
            ExprKind::Literal(value) => Ok(value.clone()),
            ExprKind::Unknown | ExprKind::Refused => Err(Failure::Unknown(Arc::from([]))),
            ExprKind::Slot(slot) => self.slots.outcome(*slot),
            ExprKind::Local(local) => Ok(self.locals.get(local.0 as usize).cloned().unwrap_or(Value::None)),
            ExprKind::Member { of, index, .. } => match self.value(of)? {
                Value::Record(fields) => fields.get(*index).cloned().unwrap_or(Ok(Value::None)),
                _ => Ok(Value::None),
            },
            ExprKind::AsOf => Ok(Value::Timestamp(self.context.as_of)),
            ExprKind::Today => Ok(Value::Date(self.context.today)),
            ExprKind::LocalToday => local_date(self.context.local_at, self.context),
            ExprKind::LocalTime => local_time(self.context),
            ExprKind::Widen(inner) => Ok(match self.value(inner)? {
                Value::Integer(value) => Value::Decimal(value.into()),
                other => other,
            }),
            ExprKind::Not(inner) => self.condition(inner).map(|value| Value::Boolean(!value)),
            ExprKind::Negate(inner) => {
                let value = self.value(inner)?;
                ops::negated(&value).map_err(|error| self.error(expr, error))
            }
            ExprKind::And(items) => self.decided(items, false),
            ExprKind::Or(items) => self.decided(items, true),
            ExprKind::Coalesce(items) => self.coalesce(items),
            ExprKind::Compare(operator, a, b) => {
                let (a, b) = self.both(a, b)?;
                Ok(Value::Boolean(ops::compare(*operator, &a, &b)))
            }
            ExprKind::Arithmetic(operator, a, b) => self.arithmetic(expr, *operator, a, b),
            ExprKind::Record(parts) => Ok(Value::Record(parts.iter().map(|part| self.value(part)).collect())),
            ExprKind::List(items) => Ok(Value::List(items.iter().map(|item| self.value(item)).collect())),
            ExprKind::InList { item, list } => self.in_list(item, list),
            ExprKind::InRange { item, low, high, is_inclusive } => {
                let item = self.value(item);
                let low = self.value(low);
                let high = self.value(high);
                let (item, low, high) = match (item, low, high) {
                    (Ok(item), Ok(low), Ok(high)) => (item, low, high),
                    (item, low, high) => return Err(joined([item.err(), low.err(), high.err()])),
                };
                let below = if *is_inclusive { Comparison::LessOrEqual } else { Comparison::Less };
                let holds = ops::compare(Comparison::GreaterOrEqual, &item, &low) && ops::compare(below, &item, &high);
                Ok(Value::Boolean(holds))
            }
            ExprKind::If { condition, then, otherwise } => {
                if self.condition(condition)? {
                    self.value(then)
                } else {
                    self.value(otherwise)
                }
            }
            ExprKind::Known(inner) => match self.value(inner) {
                Ok(_) => Ok(Value::Boolean(true)),
                Err(Failure::Unknown(_)) => Ok(Value::Boolean(false)),
                Err(error) => Err(error),
            },
            ExprKind::OrNone(inner) => Ok(self.value(inner).unwrap_or(Value::None)),
            ExprKind::Call { function, arguments } => {
                let values = self.arguments(arguments)?;
                if values.iter().any(Value::is_none) {
                    return Ok(Value::None);
                }
                (function.run)(&values, self.context).map_err(|failure| self.placed(expr, failure))
            }
            ExprKind::Declared { function, arguments } => self.declared(expr, function, arguments),
            ExprKind::Extreme { is_most, items } => {
                let values = self.all(items)?;
                if values.iter().any(Value::is_none) {
                    return Ok(Value::None);
                }
                Ok(extreme(values, *is_most))
            }
            ExprKind::Rate { rate, date } => match self.value(date)? {
                Value::Date(date) => self.rate(expr, *rate, date),
                _ => Ok(Value::None),
            },
            ExprKind::InterestOver { rate, arguments } => {
                let values = self.arguments(arguments)?;
                match self.rates.get(*rate) {
                    Some(rate) if !values.iter().any(Value::is_none) => {
                        interest_over(rate, &values).map_err(|failure| self.placed(expr, failure))
                    }
                    _ => Ok(Value::None),
                }
            }
            ExprKind::Method { method, list, local, body } => self.method(expr, *method, list, *local, body.as_deref()),
        }
    }

    /// `and` (decided by false) or `or` (decided by true), in any order of operands: a deciding one wins, then an
    /// error, then unknown.
    fn decided(&mut self, items: &[Expr], deciding: bool) -> Outcome {
        let outcomes: Vec<Result<bool, Failure>> = items.iter().map(|item| self.condition(item)).collect();
        decide(outcomes, deciding).map(Value::Boolean)
    }

    fn coalesce(&mut self, items: &[Expr]) -> Outcome {
        let mut last = Ok(Value::None);
        for item in items {
            last = self.value(item);
            match &last {
                Ok(Value::None) | Err(Failure::Unknown(_)) => {}
                _ => return last,
            }
        }
        last
    }

    fn arithmetic(&mut self, expr: &Expr, operator: Arithmetic, a: &Expr, b: &Expr) -> Outcome {
        let (a, b) = self.both(a, b)?;
        ops::arithmetic(operator, &a, &b, self.context.calendar).map_err(|error| self.error(expr, error))
    }

    /// Whether the item equals one of the list's: the `or` of the comparisons.
    fn in_list(&mut self, item: &Expr, list: &Expr) -> Outcome {
        let item = self.value(item);
        let members = match self.value(list) {
            Ok(Value::List(members)) => members,
            Ok(_) => return Ok(Value::Boolean(false)),
            Err(failure) => return Err(joined([item.err(), Some(failure), None])),
        };
        let item = match item {
            Ok(item) => item,
            Err(failure) => {
                let failures = members.iter().filter_map(|member| member.as_ref().err().cloned());
                return Err(failures.fold(failure, Failure::and));
            }
        };
        let outcomes = members
            .iter()
            .map(|member| {
                member.as_ref().map(|member| ops::compare(Comparison::Equal, &item, member)).map_err(Clone::clone)
            })
            .collect();
        decide(outcomes, true).map(Value::Boolean)
    }

    fn rate(&self, expr: &Expr, rate: usize, date: chrono::NaiveDate) -> Outcome {
        let Some(rate) = self.rates.get(rate) else { return Ok(Value::None) };
        let outside = |message: String| self.error(expr, EvaluationError::new(ErrorCode::OutsideValidity, message));
        if let Some(until) = rate.valid_until
            && date > until
        {
            return Err(outside(format!("rate `{}` is valid until {until}, not on {date}", rate.name)));
        }
        match rate.from.range(..=date).next_back() {
            Some((_, value)) => Ok(Value::Percent(*value)),
            None => Err(outside(format!("rate `{}` has no value as early as {date}", rate.name))),
        }
    }

    fn method(&mut self, expr: &Expr, method: ListMethod, list: &Expr, local: LocalId, body: Option<&Expr>) -> Outcome {
        let items = match self.value(list)? {
            Value::List(items) => items,
            _ => return Ok(Value::None),
        };
        // What each item comes to: itself, or what the closure computes for it.
        let mut values: Vec<Outcome> = Vec::with_capacity(items.len());
        for item in items.iter() {
            values.push(match (item, body) {
                (Err(failure), _) => Err(failure.clone()),
                (Ok(item), None) => Ok(item.clone()),
                (Ok(item), Some(body)) => {
                    self.locals.truncate(local.0 as usize);
                    self.locals.push(item.clone());
                    let value = self.value(body);
                    self.locals.truncate(local.0 as usize);
                    value
                }
            });
        }
        match method {
            ListMethod::Count => Ok(Value::Integer(count(items.len()))),
            ListMethod::IsEmpty => Ok(Value::Boolean(items.is_empty())),
            ListMethod::Any => decide(values.into_iter().map(truth).collect(), true).map(Value::Boolean),
            ListMethod::All => decide(values.into_iter().map(truth).collect(), false).map(Value::Boolean),
            ListMethod::Map => Ok(Value::List(values.into())),
            ListMethod::Filter => {
                let mut kept = Vec::new();
                let mut failure: Option<Failure> = None;
                for (item, value) in items.iter().zip(values) {
                    match truth(value) {
                        Ok(true) => kept.push(item.clone()),
                        Ok(false) => {}
                        Err(found) => failure = Some(failure.map_or(found.clone(), |known| known.and(found))),
                    }
                }
                failure.map_or(Ok(Value::List(kept.into())), Err)
            }
            ListMethod::Sum | ListMethod::Min | ListMethod::Max => {
                let mut known = Vec::with_capacity(values.len());
                let mut failure: Option<Failure> = None;
                for value in values {
                    match value {
                        Ok(Value::None) => {}
                        Ok(value) => known.push(value),
                        Err(found) => failure = Some(failure.map_or(found.clone(), |known| known.and(found))),
                    }
                }
                if let Some(failure) = failure {
                    return Err(failure);
                }
                if method != ListMethod::Sum {
                    return Ok(extreme(known, method == ListMethod::Max));
                }
                let mut sum = zero(&expr.base);
                for value in known {
                    sum = ops::arithmetic(Arithmetic::Add, &sum, &value, None)
                        .map_err(|error| self.error(expr, error))?;
                }
                Ok(sum)
            }
        }
    }

    /// The values of arguments. A function reads all items of a list, so that each counts as an argument.
    fn arguments(&mut self, exprs: &[Expr]) -> Result<Vec<Value>, Failure> {
        let mut values = Vec::with_capacity(exprs.len());
        let mut failure: Option<Failure> = None;
        let mut add = |found: Failure| failure = Some(failure.take().map_or(found.clone(), |known| known.and(found)));
        for expr in exprs {
            match self.value(expr) {
                Ok(value) => {
                    if let Value::List(items) = &value {
                        items.iter().filter_map(|item| item.as_ref().err()).for_each(|found| add(found.clone()));
                    }
                    values.push(value);
                }
                Err(found) => add(found),
            }
        }
        failure.map_or(Ok(values), Err)
    }

    /// What a function of the pack gives. An argument that is not known makes the call unknown, and one that is none makes
    /// it none, unless the parameter takes that.
    fn declared(&mut self, expr: &Expr, function: &DeclaredFunction, arguments: &[Expr]) -> Outcome {
        let mut taken = Vec::with_capacity(arguments.len());
        let mut failure: Option<Failure> = None;
        let mut is_none = false;
        for (argument, parameter) in arguments.iter().zip(function.parameters.iter()) {
            let outcome = self.value(argument);
            match &outcome {
                Err(Failure::Unknown(_)) if parameter.takes_unknown => {}
                Err(found) => failure = Some(failure.take().map_or(found.clone(), |known| known.and(found.clone()))),
                Ok(Value::None) => is_none |= !parameter.takes_none,
                Ok(_) => {}
            }
            taken.push(outcome);
        }
        match failure {
            Some(failure) => Err(failure),
            None if is_none => Ok(Value::None),
            None => self.called(expr, function, &taken).map_err(|failure| match failure {
                // The place in a script stays, with what is private masked.
                Failure::Error(error) => self.error(expr, (*error).clone()),
                unknown => unknown,
            }),
        }
    }

    fn called(&mut self, expr: &Expr, function: &DeclaredFunction, taken: &[Outcome]) -> Outcome {
        let given = match self.context.calls {
            Some(calls) => calls.call(function, taken, self.context),
            None => (function.run)(taken, self.context),
        };
        function.settle(self.reads_private(expr));
        given
    }

    /// The values of all expressions; of failures an error wins, unknowns add up.
    fn all(&mut self, exprs: &[Expr]) -> Result<Vec<Value>, Failure> {
        let mut values = Vec::with_capacity(exprs.len());
        let mut failure: Option<Failure> = None;
        for expr in exprs {
            match self.value(expr) {
                Ok(value) => values.push(value),
                Err(found) => failure = Some(failure.map_or(found.clone(), |known| known.and(found))),
            }
        }
        failure.map_or(Ok(values), Err)
    }

    fn both(&mut self, a: &Expr, b: &Expr) -> Result<(Value, Value), Failure> {
        match (self.value(a), self.value(b)) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (a, b) => Err(joined([a.err(), b.err(), None])),
        }
    }

    fn reads_private(&self, expr: &Expr) -> bool {
        let mut found = false;
        expr.walk(&mut |inner| match &inner.kind {
            ExprKind::Slot(slot) => found |= self.private.get(slot.0 as usize).copied().unwrap_or(false),
            ExprKind::Member { of, index } => {
                if let Type::Record(record) = &of.base {
                    found |= record.fields.get(*index).is_some_and(|field| field.private);
                }
            }
            _ => {}
        });
        found
    }

    fn placed(&self, expr: &Expr, failure: Failure) -> Failure {
        match failure {
            Failure::Error(error) if error.span.is_none() => self.error(expr, (*error).clone()),
            other => other,
        }
    }

    /// An error with its place.
    pub(crate) fn error(&self, expr: &Expr, mut error: EvaluationError) -> Failure {
        error.span.get_or_insert(expr.span);
        // Messages show operands; those of private fields do not leave the record.
        if self.reads_private(expr) {
            error.message = format!("{} (the values are private)", error.code.about());
        }
        error.into()
    }
}

/// Of outcomes in any order: one that decides wins, then an error, then unknown; without any the other value.
fn decide(outcomes: Vec<Result<bool, Failure>>, deciding: bool) -> Result<bool, Failure> {
    let mut failure: Option<Failure> = None;
    for outcome in outcomes {
        match outcome {
            Ok(value) if value == deciding => return Ok(deciding),
            Ok(_) => {}
            Err(found) => failure = Some(failure.map_or(found.clone(), |known: Failure| known.and(found))),
        }
    }
    failure.map_or(Ok(!deciding), Err)
}

fn truth(outcome: Outcome) -> Result<bool, Failure> {
    outcome.map(|value| value == Value::Boolean(true))
}

fn joined(failures: [Option<Failure>; 3]) -> Failure {
    failures.into_iter().flatten().reduce(Failure::and).unwrap_or(Failure::Unknown(Arc::from([])))
}

/// The least or the most of values of one type; none of none.
fn extreme(values: Vec<Value>, is_most: bool) -> Value {
    let wanted = if is_most { Comparison::Greater } else { Comparison::Less };
    values
        .into_iter()
        .reduce(|best, value| if ops::compare(wanted, &value, &best) { value } else { best })
        .unwrap_or(Value::None)
}

/// The sum of nothing, in a type.
pub(crate) fn zero(base: &Type) -> Value {
    match base {
        Type::Money => Value::Money(0.into()),
        Type::Percent => Value::Percent(0.into()),
        Type::Decimal => Value::Decimal(0.into()),
        _ => Value::Integer(0),
    }
}

fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [char; 4] = ['t', 'f', 'u', 'e'];

    fn outcome(state: char) -> Result<bool, Failure> {
        match state {
            't' => Ok(true),
            'f' => Ok(false),
            'u' => Err(Failure::unknown("fact")),
            _ => Err(EvaluationError::new(ErrorCode::Overflow, "failed").into()),
        }
    }

    fn state(outcome: &Result<bool, Failure>) -> char {
        match outcome {
            Ok(true) => 't',
            Ok(false) => 'f',
            Err(Failure::Unknown(_)) => 'u',
            Err(Failure::Error(_)) => 'e',
        }
    }

    fn apply(states: &str, deciding: bool) -> char {
        state(&decide(states.chars().map(outcome).collect(), deciding))
    }

    #[test]
    fn and_and_or_follow_their_truth_tables() {
        // Rows and columns in the order true, false, unknown, error.
        let and = ["tfue", "ffff", "ufue", "efee"];
        let or = ["tttt", "tfue", "tuue", "teee"];
        for (row, a) in STATES.iter().enumerate() {
            for (column, b) in STATES.iter().enumerate() {
                let operands = format!("{a}{b}");
                assert_eq!(Some(apply(&operands, false)), and[row].chars().nth(column), "and {operands}");
                assert_eq!(Some(apply(&operands, true)), or[row].chars().nth(column), "or {operands}");
            }
        }
    }

    #[test]
    fn the_order_and_grouping_of_operands_changes_nothing() {
        for a in STATES {
            for b in STATES {
                for c in STATES {
                    for deciding in [false, true] {
                        let whole = apply(&format!("{a}{b}{c}"), deciding);
                        for order in
                            [format!("{b}{a}{c}"), format!("{c}{b}{a}"), format!("{a}{c}{b}"), format!("{b}{c}{a}")]
                        {
                            assert_eq!(apply(&order, deciding), whole, "{order}");
                        }
                        let grouped = format!("{}{c}", apply(&format!("{a}{b}"), deciding));
                        assert_eq!(apply(&grouped, deciding), whole, "({a}{b}){c}");
                    }
                }
            }
        }
    }
}
