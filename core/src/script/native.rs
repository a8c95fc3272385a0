//! Which functions of scripts need no interpreter: their bodies as typed expressions.
//!
//! The types of a script are found when it runs; here they are found before. So a body is taken only where both must
//! come to the same: nothing in it may be reported, and a plain number that stands for an amount or a percentage may only
//! be where the interpreter takes it for one, too.

use super::Script;
use crate::diagnostic::Findings;
use crate::language::functions::declared::Parameter;
use crate::language::functions::{Gives, Needs, Param};
use crate::language::parse::body::{body_of, parameter};
use crate::language::{Ast, AstKind, Body, Expr, ExprKind, Name, Scope, SlotId, Typer};
use crate::value::ops::Arithmetic;
use crate::value::{Field, Type, Value};

/// The longest word of a choice that is held: a script holds none that is much longer.
const WORD: usize = 256;

impl Script {
    /// What a function does as expressions over its parameters, where that can be said.
    pub(crate) fn native(&self, name: &str, parameters: &[Parameter], gives: &Field) -> Option<Body<Expr>> {
        if !parameters.iter().all(is_plain) {
            return None;
        }
        let body = body_of(&self.ast, &self.snippet, name, parameters.len())?;
        typed(body, &Parameters(parameters), gives)
    }
}

/// Whether arguments are values that stand in integers.
fn is_plain(parameter: &Parameter) -> bool {
    let is_held = match &parameter.base {
        Type::Choice(words) => words.iter().all(|word| word.len() <= WORD),
        Type::Text | Type::Zone | Type::List(_) | Type::Record(_) | Type::Any => false,
        _ => true,
    };
    is_held && !parameter.takes_none && !parameter.takes_unknown
}

fn typed(body: Body<Ast>, scope: &Parameters<'_>, gives: &Field) -> Option<Body<Expr>> {
    Some(match body {
        Body::Value(ast) => Body::Value(given(ast, scope, gives).filter(|expr| is_alike(expr, true))?),
        Body::Strict { first, then } => {
            let first = first.iter().map(|ast| {
                let expr = scope.read(|typer| typer.expr(ast))?;
                (!expr.maybe_none && is_alike(&expr, true)).then_some(expr)
            });
            let first = first.collect::<Option<Vec<Expr>>>()?;
            Body::Strict { first, then: Box::new(typed(*then, scope, gives)?) }
        }
        Body::If { condition, then, otherwise } => {
            let condition = scope.read(|typer| typer.condition(&condition)).filter(|expr| is_alike(expr, false))?;
            let then = Box::new(typed(*then, scope, gives)?);
            Body::If { condition, then, otherwise: Box::new(typed(*otherwise, scope, gives)?) }
        }
    })
}

/// A value as the function gives it. A plain number is an amount or a percentage, where that is what it gives.
fn given(ast: Ast, scope: &Parameters<'_>, gives: &Field) -> Option<Expr> {
    let (name, is_amount) = match gives.base {
        Type::Money => ("money", true),
        Type::Percent => ("percent", true),
        _ => ("", false),
    };
    let found = scope.read(|typer| typer.expr(&ast))?;
    let ast = if is_amount && matches!(found.base, Type::Integer | Type::Decimal) && !found.maybe_none {
        let span = ast.span;
        Ast { kind: AstKind::Call { name: name.to_owned(), name_span: span, arguments: vec![ast] }, span }
    } else {
        ast
    };
    scope.read(|typer| typer.stored(&ast, &gives.base, gives.maybe_none(), "the result"))
}

/// Whether the interpreter comes to the same. In it an amount or a percentage that is written out is a plain number;
/// `may_be_plain` says whether that makes no difference to what reads the value.
fn is_alike(expr: &Expr, may_be_plain: bool) -> bool {
    match &expr.kind {
        ExprKind::Literal(Value::Money(_) | Value::Percent(_)) => may_be_plain,
        ExprKind::Literal(_) | ExprKind::Slot(_) => true,
        ExprKind::Widen(inner) | ExprKind::Negate(inner) => is_alike(inner, may_be_plain),
        ExprKind::Not(inner) => is_alike(inner, false),
        ExprKind::If { condition, then, otherwise } => {
            is_alike(condition, false) && is_alike(then, may_be_plain) && is_alike(otherwise, may_be_plain)
        }
        ExprKind::Compare(_, a, b) => is_alike(a, true) && is_alike(b, true),
        ExprKind::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, a, b) => {
            // Of two plain numbers the sum is plain; beside an amount a plain one becomes an amount.
            let is_one_sure = may_be_plain || is_alike(a, false) || is_alike(b, false);
            is_one_sure && is_alike(a, true) && is_alike(b, true)
        }
        ExprKind::Arithmetic(_, a, b) => is_alike(a, false) && is_alike(b, false),
        ExprKind::Extreme { items, .. } => items.iter().all(|item| is_alike(item, may_be_plain)),
        ExprKind::InList { item, list } => match &list.kind {
            ExprKind::List(members) => is_alike(item, true) && members.iter().all(|member| is_alike(member, true)),
            _ => false,
        },
        // The ranges of a script are those of integers.
        ExprKind::InRange { item, low, high, .. } => {
            [item, low, high].iter().all(|part| part.base == Type::Integer && is_alike(part, false))
        }
        ExprKind::Call { function, arguments } => {
            let mut taken = function.params.iter().zip(arguments);
            function.needs == Needs::Nothing
                && taken.all(|(param, argument)| match param {
                    Param::Money | Param::Percent => is_alike(argument, true),
                    Param::Number | Param::Fraction => {
                        is_alike(argument, may_be_plain && function.gives == Gives::First)
                    }
                    _ => is_alike(argument, false),
                })
        }
        _ => false,
    }
}

/// The parameters of a function as the names of its body: the slots are their places.
struct Parameters<'a>(&'a [Parameter]);

impl Parameters<'_> {
    /// What a typer makes of a part of the body; nothing where it would report something.
    fn read(&self, read: impl FnOnce(&mut Typer<'_>) -> Expr) -> Option<Expr> {
        let mut findings = Findings::default();
        let expr = read(&mut Typer::new(self, &mut findings));
        (findings.len() == 0).then_some(expr)
    }
}

impl Scope for Parameters<'_> {
    fn name(&self, name: &str) -> Option<Name> {
        let index = (0..self.0.len()).find(|index| parameter(*index) == name)?;
        let base = self.0.get(index)?.base.clone();
        Some(Name::Value { slot: SlotId(crate::source::clamp(index)), base, maybe_none: false, decides: true })
    }

    fn nearest(&self, _wrong: &str, _more: &[&str]) -> Option<String> {
        None
    }

    fn called(&self, _slot: SlotId) -> Option<String> {
        None
    }
}
