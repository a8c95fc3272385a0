//! Which types go together, and what to say where they do not.

use crate::language::expr::{Expr, ExprKind};
use crate::value::ops::{Arithmetic, Comparison};
use crate::value::{DurationUnit, Type, Value};

/// Whether a function is written behind a number: `5.days`.
pub(crate) fn is_unit(name: &str) -> bool {
    matches!(name, "days" | "weeks" | "months" | "years" | "hours" | "minutes" | "seconds" | "percent")
}

pub(super) fn is_literal_type(base: &Type, target: &Type) -> bool {
    matches!(
        (base, target),
        (Type::Integer | Type::Decimal, Type::Money | Type::Percent) | (Type::Text, Type::Choice(_))
    )
}

pub(super) fn common(items: &[Expr], otherwise: Type) -> Type {
    // `none` and `unknown` are of every type.
    let mut typed = items.iter().map(|item| &item.base).filter(|base| **base != Type::Any);
    match typed.next() {
        Some(first) if typed.all(|base| base == first) => first.clone(),
        _ => otherwise,
    }
}

/// Integers become decimals where a decimal belongs.
pub(crate) fn widen_to(expr: Expr, target: &Type) -> Expr {
    if *target != Type::Decimal || expr.base != Type::Integer {
        return expr;
    }
    let (span, maybe_none) = (expr.span, expr.maybe_none);
    match expr.kind {
        ExprKind::Literal(Value::Integer(value)) => Expr::literal(Value::Decimal(value.into()), Type::Decimal, span),
        _ => Expr { kind: ExprKind::Widen(Box::new(expr)), base: Type::Decimal, maybe_none, span },
    }
}

pub(super) fn strip_widen(expr: Expr) -> Expr {
    match expr.kind {
        ExprKind::Widen(inner) => *inner,
        _ => expr,
    }
}

/// Whether two types are one, where `Any` goes with all.
pub(crate) fn same(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Any, _) | (_, Type::Any) => true,
        (Type::List(a), Type::List(b)) => same(&a.base, &b.base),
        _ => a == b,
    }
}

pub(super) fn is_comparable(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Integer | Type::Decimal, Type::Integer | Type::Decimal) => true,
        (Type::Choice(a), Type::Choice(b)) => a.iter().any(|word| b.contains(word)),
        _ => same(a, b),
    }
}

/// Whether `==` makes sense: lists and records only against none.
pub(super) fn is_equatable(a: &Expr, b: &Expr) -> bool {
    let is_whole = |base: &Type| matches!(base, Type::List(_) | Type::Record(_));
    if is_whole(&a.base) && is_whole(&b.base) {
        return false;
    }
    is_comparable(&a.base, &b.base)
}

pub(super) fn arithmetic_type(operator: Arithmetic, a: &Type, b: &Type) -> Option<Type> {
    use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
    use Type::{Any, Date, Decimal, Duration, Integer, Money, Percent, Timestamp};
    Some(match (operator, a, b) {
        (_, Any, _) | (_, _, Any) => Any,
        (Divide, Integer, Integer) => Decimal,
        (_, Integer, Integer) => Integer,
        (Remainder, ..) => return None,
        (_, Integer | Decimal, Decimal) | (_, Decimal, Integer) => Decimal,
        (Add | Subtract, Money, Money) => Money,
        (Add | Subtract, Percent, Percent) => Percent,
        (Multiply, Money, Integer | Decimal | Percent) | (Multiply, Integer | Decimal | Percent, Money) => Money,
        (Multiply, Percent, Integer | Decimal) | (Multiply, Integer | Decimal, Percent) => Percent,
        (Divide, Money, Integer | Decimal) => Money,
        (Divide, Percent, Integer | Decimal) => Percent,
        (Divide, Money, Money) | (Divide, Percent, Percent) => Decimal,
        (Subtract, Date, Date) => Duration(DurationUnit::Days),
        (Subtract, Timestamp, Timestamp) => Duration(DurationUnit::Exact),
        (Add | Subtract, Date, Duration(unit)) if *unit != DurationUnit::Exact => Date,
        (Add | Subtract, Timestamp, Duration(DurationUnit::Exact)) => Timestamp,
        _ => return None,
    })
}

pub(super) fn article(base: &Type) -> String {
    let word = base.to_string();
    let an = word.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {word}", if an { "an" } else { "a" })
}

/// What a method of lists needs in its brackets.
pub(super) fn needed(name: &str) -> &'static str {
    if matches!(name, "any" | "all" | "filter") { "a condition on" } else { "a value of" }
}

pub(super) fn method_example(name: &str) -> String {
    match name {
        "any" | "all" => format!("write `contacts.{name}(|c| c.channel == \"call\")`"),
        "filter" => "write `contacts.filter(|c| c.channel == \"call\").count()`".to_owned(),
        _ => format!("write `contacts.{name}(|c| c.channel)`"),
    }
}

pub(super) fn convert_help(from: &Type, to: &Type) -> Option<String> {
    let function = match (from, to) {
        (Type::Money, Type::Decimal) => "amount(..)",
        (Type::Decimal | Type::Integer, Type::Money) => "money(..)",
        (Type::Decimal | Type::Integer, Type::Percent) => "percent(..)",
        (Type::Decimal, Type::Integer) => "integer(..)",
        (Type::Timestamp, Type::Date) => "date_of(..)",
        (Type::Money, Type::Integer) => "integer(amount(..))",
        (Type::Money, Type::Percent) => return Some("divide by the whole: `percent(100 * a / b)`".to_owned()),
        (Type::Boolean, to) if to.is_number() => return Some("write `if .. { 1 } else { 0 }`".to_owned()),
        (_, Type::Text) => return Some("write a text in quotes".to_owned()),
        _ => return None,
    };
    Some(format!("convert it: `{function}`"))
}

pub(super) fn compare_help(a: &Type, b: &Type, operator: Comparison) -> Option<String> {
    use Type::{Choice, Date, Decimal, Duration, Integer, Money, Percent, Text, Timestamp};
    Some(match (a, b) {
        (Date, Timestamp) | (Timestamp, Date) => {
            "say `date_of(t)` (the pack's zone) or `local_date(t)` (the debtor's)".to_owned()
        }
        (Money | Percent, Integer | Decimal) | (Integer | Decimal, Money | Percent) => {
            "a computed number beside money or percent: convert it with `money(..)`, `percent(..)` or `amount(..)`"
                .to_owned()
        }
        (Duration(_), Integer) | (Integer, Duration(_)) => "say the unit: `30.days`, `48.hours`".to_owned(),
        (Duration(_), Duration(_)) => "write both sides in the same unit, such as `2.days`".to_owned(),
        (Date, Integer | Decimal) | (Integer | Decimal, Date) => "write a date as `2026-09-30`".to_owned(),
        (Date, Text) | (Text, Date) => "write a date without quotes: `2026-11-21`".to_owned(),
        (Choice(_), Choice(_)) if operator.is_order() => "the values of a choice have no order".to_owned(),
        (Choice(_), Choice(_)) => "the two choices have no value in common".to_owned(),
        (Type::Boolean, Text) | (Text, Type::Boolean) => "write `true` or `false` without quotes".to_owned(),
        (Type::List(_), other) | (other, Type::List(_)) if other.is_number() => {
            "take a number of the list first, such as its `count()`".to_owned()
        }
        (Choice(words), _) | (_, Choice(words)) => format!(
            "a choice is compared with one of its values, such as `\"{}\"`",
            words.first().map_or("", |word| word)
        ),
        _ if operator.is_order() && !a.is_ordered() => format!("{} has no order: use `==`, `!=` or `in`", article(a)),
        _ => return None,
    })
}

pub(super) fn arithmetic_help(a: &Type, b: &Type, operator: Arithmetic) -> Option<String> {
    use Type::{Date, Decimal, Duration, Integer, Money, Percent, Timestamp};
    Some(match (a, b) {
        (Date, Timestamp) | (Timestamp, Date) => {
            "say `date_of(t)` (the pack's zone) or `local_date(t)` (the debtor's)".to_owned()
        }
        (Date, Integer | Decimal) => "say the unit: `date + 3.days`, `date + 2.months`".to_owned(),
        (Timestamp, Duration(_)) => {
            "an instant takes exact time: `48.hours`; for days, take `date_of(t)` first".to_owned()
        }
        (Date, Duration(DurationUnit::Exact)) => "a date takes days or months: `3.days`".to_owned(),
        (Money, Integer | Decimal) | (Integer | Decimal, Money) => {
            "a computed number beside money: convert it with `money(..)`, or the money with `amount(..)`".to_owned()
        }
        (Money, Money) if operator == Arithmetic::Multiply => {
            "one side is a number, not money: `amount(..)`".to_owned()
        }
        (Money, Percent) | (Percent, Money) => "take the hundredth first: `money * percent`".to_owned(),
        (Percent, Percent) => "one side is a plain number: `5.percent * 0.05`".to_owned(),
        (Type::Text, Type::Text) => "texts are not joined: make them two outputs".to_owned(),
        (a, b) if [a, b].iter().any(|side| matches!(side, Type::Choice(_) | Type::Text | Type::Boolean)) => {
            "only numbers, dates and durations are computed with: give it a number first, such as with `if`".to_owned()
        }
        _ if operator == Arithmetic::Remainder => "`%` is the rest of a division of integers".to_owned(),
        _ => return None,
    })
}
