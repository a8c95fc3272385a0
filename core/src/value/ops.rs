//! Arithmetic and comparison of values, defined once for every executor.
//!
//! Operands are values that the checker lets stand together: number literals were given their neighbour's type before.
//! Never sees an unknown or an error: those are the evaluator's matter. None passes through arithmetic, and is known
//! to comparisons: it equals none alone and has no order.

use std::cmp::Ordering;

use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::{Duration, ErrorCode, EvaluationError, Value, number};
use crate::calendar::{Calendar, add_days, add_months};

/// The operators of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Arithmetic {
    /// The operator as it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
        }
    }
}

/// The operators of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The operator as it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// The operator that says the same with its sides exchanged.
    pub(crate) fn turned(self) -> Comparison {
        match self {
            Comparison::Equal | Comparison::NotEqual => self,
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        }
    }

    /// Whether the operator asks for an order, not for equality alone.
    pub(crate) fn is_order(self) -> bool {
        !matches!(self, Comparison::Equal | Comparison::NotEqual)
    }

    /// Whether an order of two values answers the comparison with yes.
    fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order == Ordering::Equal,
            Comparison::NotEqual => order != Ordering::Equal,
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrEqual => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            Comparison::GreaterOrEqual => order != Ordering::Less,
        }
    }
}

/// Whether the comparison holds. With none on either side only equality can.
pub(crate) fn compare(operator: Comparison, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::None, Value::None) => operator == Comparison::Equal,
        (Value::None, _) | (_, Value::None) => operator == Comparison::NotEqual,
        _ => match order(a, b) {
            Some(order) => operator.holds(order),
            None => (a == b) == (operator == Comparison::Equal) && !operator.is_order(),
        },
    }
}

/// The order of two values of one type; nothing for types without an order, and for none.
pub(crate) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
        (Value::Integer(a), Value::Decimal(b)) => Some(Decimal::from(*a).cmp(b)),
        (Value::Decimal(a), Value::Integer(b)) => Some(a.cmp(&Decimal::from(*b))),
        (Value::Decimal(a), Value::Decimal(b))
        | (Value::Money(a), Value::Money(b))
        | (Value::Percent(a), Value::Percent(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) if a.unit() == b.unit() => Some(a.count().cmp(&b.count())),
        _ => None,
    }
}

/// The result of an operation on two values; none where either is none.
pub(crate) fn arithmetic(
    operator: Arithmetic,
    a: &Value,
    b: &Value,
    calendar: Option<&Calendar>,
) -> Result<Value, EvaluationError> {
    use Value as V;
    match (operator, a, b) {
        (_, V::None, _) | (_, _, V::None) => Ok(V::None),
        (Arithmetic::Divide, V::Integer(a), V::Integer(b)) => {
            number::divide(Decimal::from(*a), Decimal::from(*b)).map(V::Decimal)
        }
        (_, V::Integer(a), V::Integer(b)) => integers(operator, *a, *b).map(V::Integer),
        (Arithmetic::Divide, V::Money(a), V::Money(b)) | (Arithmetic::Divide, V::Percent(a), V::Percent(b)) => {
            number::divide(*a, *b).map(V::Decimal)
        }
        (Arithmetic::Multiply, V::Money(money), V::Percent(percent))
        | (Arithmetic::Multiply, V::Percent(percent), V::Money(money)) => {
            number::hundredth_of_product(*money, *percent).map(V::Money)
        }
        (_, V::Money(a), V::Money(b)) => decimals(operator, *a, *b).map(V::Money),
        (_, V::Percent(a), V::Percent(b)) => decimals(operator, *a, *b).map(V::Percent),
        (_, V::Money(a), V::Integer(_) | V::Decimal(_)) => decimals(operator, *a, plain(b)?).map(V::Money),
        (_, V::Percent(a), V::Integer(_) | V::Decimal(_)) => decimals(operator, *a, plain(b)?).map(V::Percent),
        (Arithmetic::Multiply, V::Integer(_) | V::Decimal(_), V::Money(b)) => {
            decimals(operator, plain(a)?, *b).map(V::Money)
        }
        (Arithmetic::Multiply, V::Integer(_) | V::Decimal(_), V::Percent(b)) => {
            decimals(operator, plain(a)?, *b).map(V::Percent)
        }
        (_, V::Integer(_) | V::Decimal(_), V::Integer(_) | V::Decimal(_)) => {
            decimals(operator, plain(a)?, plain(b)?).map(V::Decimal)
        }
        (Arithmetic::Subtract, V::Date(a), V::Date(b)) => Ok(V::Duration(Duration::Days((*a - *b).num_days()))),
        (Arithmetic::Subtract, V::Timestamp(a), V::Timestamp(b)) => {
            Ok(V::Duration(Duration::Exact((*a - *b).num_seconds())))
        }
        (Arithmetic::Add, V::Date(date), V::Duration(duration)) => {
            step(*date, *duration, duration.count(), calendar).map(V::Date)
        }
        (Arithmetic::Subtract, V::Date(date), V::Duration(duration)) => {
            step(*date, *duration, negate(duration.count())?, calendar).map(V::Date)
        }
        (Arithmetic::Add, V::Timestamp(instant), V::Duration(duration)) => shift(*instant, duration.count()),
        (Arithmetic::Subtract, V::Timestamp(instant), V::Duration(duration)) => {
            shift(*instant, negate(duration.count())?)
        }
        _ => Err(not_for(operator.symbol())),
    }
}

/// The value with its sign turned.
pub(crate) fn negated(value: &Value) -> Result<Value, EvaluationError> {
    match value {
        Value::None => Ok(Value::None),
        Value::Integer(value) => negate(*value).map(Value::Integer),
        Value::Decimal(value) => Ok(Value::Decimal(turned(*value))),
        Value::Money(value) => Ok(Value::Money(turned(*value))),
        Value::Percent(value) => Ok(Value::Percent(turned(*value))),
        _ => Err(not_for("-")),
    }
}

/// The number with its sign turned; there is one zero.
fn turned(number: Decimal) -> Decimal {
    if number.is_zero() { Decimal::ZERO } else { -number }
}

/// The decimal number that an integer or decimal is.
pub(crate) fn plain(value: &Value) -> Result<Decimal, EvaluationError> {
    match value {
        Value::Integer(value) => Ok(Decimal::from(*value)),
        Value::Decimal(value) | Value::Money(value) | Value::Percent(value) => Ok(*value),
        _ => Err(not_for("a number")),
    }
}

fn decimals(operator: Arithmetic, a: Decimal, b: Decimal) -> Result<Decimal, EvaluationError> {
    match operator {
        Arithmetic::Add => number::add(a, b),
        Arithmetic::Subtract => number::subtract(a, b),
        Arithmetic::Multiply => number::multiply(a, b),
        Arithmetic::Divide => number::divide(a, b),
        Arithmetic::Remainder => Err(not_for("%")),
    }
}

fn integers(operator: Arithmetic, a: i64, b: i64) -> Result<i64, EvaluationError> {
    let result = match operator {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide | Arithmetic::Remainder if b == 0 => {
            return Err(EvaluationError::new(ErrorCode::DivisionByZero, format!("{a} {} 0", operator.symbol())));
        }
        Arithmetic::Divide => a.checked_div(b),
        Arithmetic::Remainder => a.checked_rem(b),
    };
    result.ok_or_else(|| {
        let sum = format!("{a} {} {b}", operator.symbol());
        EvaluationError::new(ErrorCode::Overflow, format!("{sum} is too large for an integer"))
    })
}

/// The whole quotient of two integers, towards zero.
pub(crate) fn whole_quotient(a: i64, b: i64) -> Result<i64, EvaluationError> {
    integers(Arithmetic::Divide, a, b)
}

fn negate(count: i64) -> Result<i64, EvaluationError> {
    integers(Arithmetic::Subtract, 0, count)
}

fn step(
    date: chrono::NaiveDate,
    duration: Duration,
    count: i64,
    calendar: Option<&Calendar>,
) -> Result<chrono::NaiveDate, EvaluationError> {
    match duration {
        Duration::Days(_) => add_days(date, count),
        Duration::Months(_) => add_months(date, count),
        Duration::BusinessDays(_) => match calendar {
            Some(calendar) => calendar.add_business_days(date, count),
            None => Err(EvaluationError::new(ErrorCode::InvalidArgument, "the pack has no calendar")),
        },
        Duration::Exact(_) => Err(not_for("an exact duration beside a date")),
    }
}

fn shift(instant: chrono::DateTime<chrono::Utc>, seconds: i64) -> Result<Value, EvaluationError> {
    TimeDelta::try_seconds(seconds)
        .and_then(|delta| instant.checked_add_signed(delta))
        .filter(|moved| (1..=9999).contains(&chrono::Datelike::year(moved)))
        .map(Value::Timestamp)
        .ok_or_else(|| {
            EvaluationError::new(
                ErrorCode::OutOfRange,
                format!("{instant} and {seconds} seconds leave the years 1 to 9999"),
            )
        })
}

/// Operands that the checker refuses: reaching this is a defect, which is still reported as an error of the rule.
fn not_for(what: &str) -> EvaluationError {
    EvaluationError::new(ErrorCode::InvalidArgument, format!("{what} does not go with these values"))
}
