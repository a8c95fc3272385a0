//! Values that scripts and hosts give, as what a pack declares.

use super::{EvaluationError, Field, Outcome, Type, Value, stored, text};

/// A value that code gave, as a result stores it; nothing where it is of another type.
pub(crate) fn fitted(value: Value, gives: &Field) -> Result<Value, Option<EvaluationError>> {
    let value = match of_type(value, &gives.base).ok_or(None)? {
        Value::None if !gives.maybe_none() => return Err(None),
        value => value,
    };
    stored(value, gives.decimals, gives.rounding, &gives.range).map_err(Some)
}

/// A value as one of a type: a plain number is an amount or a percentage too.
fn of_type(value: Value, base: &Type) -> Option<Value> {
    Some(match (value, base) {
        (Value::None, _) => Value::None,
        (Value::Integer(number), Type::Decimal) => Value::Decimal(number.into()),
        (Value::Integer(number), Type::Money) => Value::Money(number.into()),
        (Value::Integer(number), Type::Percent) => Value::Percent(number.into()),
        (Value::Decimal(number), Type::Money) => Value::Money(number),
        (Value::Decimal(number), Type::Percent) => Value::Percent(number),
        (Value::Text(word), Type::Choice(words)) => text::choice(&word, words).ok()?,
        (Value::Duration(duration), Type::Duration(unit)) if duration.unit() == *unit => Value::Duration(duration),
        (Value::List(items), Type::List(item)) => {
            let items = items.iter().map(|found| match found {
                Ok(Value::None) if !item.maybe_none => None,
                Ok(value) => of_type(value.clone(), &item.base).map(Ok),
                Err(failure) => Some(Err(failure.clone())),
            });
            Value::List(items.collect::<Option<Vec<Outcome>>>()?.into())
        }
        (value @ Value::Boolean(_), Type::Boolean)
        | (value @ Value::Integer(_), Type::Integer)
        | (value @ Value::Decimal(_), Type::Decimal)
        | (value @ Value::Money(_), Type::Money)
        | (value @ Value::Percent(_), Type::Percent)
        | (value @ Value::Text(_), Type::Text)
        | (value @ Value::Date(_), Type::Date)
        | (value @ Value::Timestamp(_), Type::Timestamp)
        | (value @ Value::Zone(_), Type::Zone) => value,
        _ => return None,
    })
}
