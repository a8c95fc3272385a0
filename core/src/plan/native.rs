//! Calls of script functions as code.
//!
//! Takes a call whose function can be said in expressions, and the code of its arguments; gives code that needs no
//! interpreter. Where that code cannot tell, the call is asked as any expression is: its meaning is the interpreter.

use super::code::{Code, Compiler, moved, together, within};
use super::storage::Storage;
use crate::language::functions::declared::DeclaredFunction;
use crate::language::{Body, Expr, ExprKind};
use crate::value::{Field, Value};

/// The most operations of a call with all that its arguments take.
const OPERATIONS: usize = 1_000;

/// The code of a call, and where its values stand; nothing where the interpreter is needed.
pub(super) fn call(
    compiler: &Compiler<'_>,
    function: &DeclaredFunction,
    arguments: &[Expr],
) -> Option<(Code, Storage)> {
    let body = function.native.as_ref()?;
    let given = arguments.iter().map(|argument| compiler.code(argument));
    let given = given.collect::<Option<Vec<(Code, Storage)>>>()?;
    let (then, storage) = code(&Compiler::over(&given), body, &function.gives)?;
    let storage = storage?;
    let first = given.into_iter().zip(arguments).map(|((code, _), argument)| (code, argument.maybe_none));
    let call = strict(first.collect(), then);
    (operations(&call) <= OPERATIONS).then_some((call, storage))
}

/// The code of a body; none stands in no storage.
fn code(compiler: &Compiler<'_>, body: &Body<Expr>, gives: &Field) -> Option<(Code, Option<Storage>)> {
    match body {
        Body::Value(expr) if matches!(expr.kind, ExprKind::Literal(Value::None)) => Some((Code::None, None)),
        Body::Value(expr) => {
            let (code, storage) = compiler.stored(expr, gives.decimals, gives.rounding)?;
            Some((within(code, &storage, &gives.range)?, Some(storage)))
        }
        Body::Strict { first, then } => {
            let first = first.iter().map(|expr| Some((compiler.code(expr)?.0, expr.maybe_none)));
            let first = first.collect::<Option<Vec<(Code, bool)>>>()?;
            let (then, storage) = code(compiler, then, gives)?;
            Some((strict(first, then), storage))
        }
        Body::If { condition, then, otherwise } => {
            let condition = Box::new(compiler.condition(condition)?);
            let (then, of_then) = code(compiler, then, gives)?;
            let (otherwise, of_otherwise) = code(compiler, otherwise, gives)?;
            let storage = match (&of_then, &of_otherwise) {
                (Some(a), Some(b)) => Some(together(a, b)?),
                (a, b) => a.clone().or_else(|| b.clone()),
            };
            let fit = |code: Code, has: &Option<Storage>| match (has, &storage) {
                (Some(has), Some(storage)) => moved(code, has, storage),
                _ => Some(code),
            };
            let then = Box::new(fit(then, &of_then)?);
            let otherwise = Box::new(fit(otherwise, &of_otherwise)?);
            Some((Code::If { condition, then, otherwise }, storage))
        }
    }
}

/// A choice between two truths, as a script has it for `and` and `or`. Where the left side cannot fail, their order says
/// nothing.
pub(super) fn choice(condition: Code, then: Code, otherwise: Code) -> Code {
    match (is_sure(&condition), then, otherwise) {
        (true, then, Code::Constant(0)) => Code::And([condition, then].into()),
        (true, Code::Constant(1), otherwise) => Code::Or([condition, otherwise].into()),
        (_, then, otherwise) => {
            Code::If { condition: Box::new(condition), then: Box::new(then), otherwise: Box::new(otherwise) }
        }
    }
}

/// Whether code comes to a value wherever the arguments of the call do.
fn is_sure(code: &Code) -> bool {
    match code {
        Code::Constant(_) | Code::Slot(_) | Code::Today => true,
        Code::Compare(..)
        | Code::OneOf(..)
        | Code::Between { .. }
        | Code::Not(_)
        | Code::And(_)
        | Code::Or(_)
        | Code::If { .. } => code.parts().all(is_sure),
        _ => false,
    }
}

/// Code that must have some values first, each with whether it may be none. What the code has in any case need not be had
/// before; but where one is none, the code is not looked at.
fn strict(first: Vec<(Code, bool)>, then: Code) -> Code {
    let is_reached = !first.iter().any(|(_, maybe_none)| *maybe_none);
    let mut needed: Vec<Code> = Vec::new();
    for (value, _) in first {
        let is_had = matches!(value, Code::Constant(_)) || needed.contains(&value) || is_reached && has(&then, &value);
        if !is_had {
            needed.push(value);
        }
    }
    Code::Strict { first: needed.into(), then: Box::new(then) }
}

/// Whether code comes to a value only where a part of it does that is never none.
fn has(code: &Code, value: &Code) -> bool {
    if code == value {
        return true;
    }
    match code {
        Code::Scale(..)
        | Code::Round(..)
        | Code::Add(..)
        | Code::Subtract(..)
        | Code::Multiply(..)
        | Code::Negate(_)
        | Code::Absolute(_)
        | Code::Within(..)
        | Code::Compare(..)
        | Code::OneOf(..)
        | Code::Between { .. }
        | Code::Not(_)
        | Code::DateOf(_)
        | Code::Extreme { .. }
        | Code::Strict { .. } => code.parts().any(|part| has(part, value)),
        Code::If { condition, then, otherwise } => has(condition, value) || has(then, value) && has(otherwise, value),
        Code::Constant(_)
        | Code::ByRow
        | Code::None
        | Code::Slot(_)
        | Code::Today
        | Code::AsOf
        | Code::And(_)
        | Code::Or(_)
        | Code::Coalesce(_)
        | Code::Known(_)
        | Code::Item(..)
        | Code::Method(_) => false,
    }
}

fn operations(code: &Code) -> usize {
    code.parts().fold(1, |count, part| count.saturating_add(operations(part)))
}
