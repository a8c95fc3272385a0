//! Functions of numbers.

use rust_decimal::Decimal;

use super::Gives::{Always, First};
use super::{Function, Kind, Needs, Param};
use crate::value::ops::{self, Arithmetic};
use crate::value::{ErrorCode, EvaluationError, Outcome, Rounding, Value, number};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        params: &[Param::Number],
        gives: First,
        about: "The number without its sign.",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [Value::Integer(value)] if *value < 0 => Ok(ops::negated(&Value::Integer(*value))?),
            [Value::Decimal(value)] => Ok(Value::Decimal(value.abs())),
            [Value::Money(value)] => Ok(Value::Money(value.abs())),
            [Value::Percent(value)] => Ok(Value::Percent(value.abs())),
            [other] => Ok(other.clone()),
            _ => bad_arguments(),
        },
    },
    Function {
        name: "div",
        params: &[Param::Integer, Param::Integer],
        gives: Always(Kind::Integer),
        about: "The whole quotient of two integers, towards zero.",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [Value::Integer(a), Value::Integer(b)] => Ok(Value::Integer(ops::whole_quotient(*a, *b)?)),
            _ => bad_arguments(),
        },
    },
    rounding("round", "The number with so many decimals; a half goes away from zero.", |a, _| {
        round(a, Rounding::HalfUp)
    }),
    rounding("round_half_even", "The number with so many decimals; a half goes to the even digit.", |a, _| {
        round(a, Rounding::HalfEven)
    }),
    rounding("round_up", "The number with so many decimals, away from zero.", |a, _| round(a, Rounding::Up)),
    rounding("round_down", "The number with so many decimals, towards zero.", |a, _| round(a, Rounding::Down)),
    Function {
        name: "money",
        params: &[Param::Decimal],
        gives: Always(Kind::Money),
        about: "The number as an amount in the pack's currency.",
        needs: Needs::Nothing,
        run: |arguments, _| Ok(Value::Money(first_number(arguments)?)),
    },
    Function {
        name: "amount",
        params: &[Param::Money],
        gives: Always(Kind::Decimal),
        about: "The amount as a plain number.",
        needs: Needs::Nothing,
        run: |arguments, _| Ok(Value::Decimal(first_number(arguments)?)),
    },
    Function {
        name: "percent",
        params: &[Param::Decimal],
        gives: Always(Kind::Percent),
        about: "The number as a percentage: `percent(5)` and `5.percent` are 5 %.",
        needs: Needs::Nothing,
        run: |arguments, _| Ok(Value::Percent(first_number(arguments)?)),
    },
    Function {
        name: "decimal",
        params: &[Param::Integer],
        gives: Always(Kind::Decimal),
        about: "The integer as a decimal.",
        needs: Needs::Nothing,
        run: |arguments, _| Ok(Value::Decimal(first_number(arguments)?)),
    },
    Function {
        name: "integer",
        params: &[Param::Decimal],
        gives: Always(Kind::Integer),
        about: "The number as an integer; an error where it is not whole.",
        needs: Needs::Nothing,
        run: |arguments, _| {
            let value = first_number(arguments)?;
            let whole = i64::try_from(value).ok().filter(|_| value.normalize().scale() == 0);
            whole.map(Value::Integer).ok_or_else(|| {
                EvaluationError::new(ErrorCode::InvalidArgument, format!("{value} is not a whole number")).into()
            })
        },
    },
    Function {
        name: "percent_of",
        params: &[Param::Percent, Param::Money],
        gives: Always(Kind::Money),
        about: "So many hundredths of an amount.",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [percent, money] => Ok(ops::arithmetic(Arithmetic::Multiply, money, percent, None)?),
            _ => bad_arguments(),
        },
    },
];

const fn rounding(
    name: &'static str,
    about: &'static str,
    run: fn(&[Value], &super::Context<'_>) -> Outcome,
) -> Function {
    Function { name, params: &[Param::Fraction, Param::Integer], gives: First, about, needs: Needs::Nothing, run }
}

fn round(arguments: &[Value], mode: Rounding) -> Outcome {
    let [value, Value::Integer(decimals)] = arguments else { return bad_arguments() };
    let decimals = u32::try_from(*decimals).ok().filter(|decimals| *decimals <= number::DECIMALS).ok_or_else(|| {
        EvaluationError::new(
            ErrorCode::InvalidArgument,
            format!("{decimals} decimals: a number has 0 to {} of them", number::DECIMALS),
        )
    })?;
    let kept = |value: &Decimal| -> Result<Decimal, EvaluationError> {
        // Rounding up can need one digit more than a number has.
        number::add(mode.round(*value, decimals), Decimal::ZERO)
    };
    Ok(match value {
        Value::Integer(value) => Value::Integer(*value),
        Value::Decimal(value) => Value::Decimal(kept(value)?),
        Value::Money(value) => Value::Money(kept(value)?),
        Value::Percent(value) => Value::Percent(kept(value)?),
        _ => return bad_arguments(),
    })
}

fn first_number(arguments: &[Value]) -> Result<Decimal, EvaluationError> {
    arguments.first().map_or(Ok(Decimal::ZERO), ops::plain)
}

/// Arguments that the checker refuses.
pub(super) fn bad_arguments() -> Outcome {
    Err(EvaluationError::new(ErrorCode::InvalidArgument, "these arguments do not fit the function").into())
}
