//! One type for several expressions: literals take their neighbour's, integers stand beside decimals.

use super::relations::{common, is_literal_type, same, strip_widen, widen_to};
use super::{Typer, any};
use crate::diagnostic::{Code, Finding};
use crate::language::expr::{Expr, ExprKind};
use crate::source::Span;
use crate::value::{Type, Value, text};

impl Typer<'_> {
    pub(super) fn require_boolean(&mut self, expr: &Expr) {
        if expr.maybe_none {
            let help = match expr.base {
                Type::Boolean => "say what none means: `.. ?? false`, or ask `.. == true`",
                _ => "compare it with something",
            };
            self.report(
                Code::MaybeNone,
                expr.span,
                "this condition may be none, which is neither true nor false",
                Some(help),
            );
        } else if !matches!(expr.base, Type::Boolean | Type::Any) {
            let message = format!("a condition is true or false, but this is {}", expr.base);
            let help = match expr.base {
                Type::List(_) => format!("ask about its items, such as `{}`", self.example(expr)),
                _ => format!("compare it, such as `{}`", self.example(expr)),
            };
            self.report(Code::TypeMismatch, expr.span, &message, Some(&help));
        }
    }

    pub(super) fn require_place(&mut self, span: Span, name: &str) {
        if !self.scope.has_place() {
            let message = format!("`{name}` needs the debtor's place, and no field of the case holds it");
            self.report(
                Code::UnknownName,
                span,
                &message,
                Some("mark the field with the debtor's zones `place: true`"),
            );
        }
    }

    /// Items of one type: literals adapted, integers widened beside decimals. Anything else is reported.
    pub(super) fn unified(&mut self, items: Vec<Expr>, what: &str) -> (Vec<Expr>, Type, bool) {
        let maybe_none = items.iter().any(|item| item.maybe_none);
        let lead = items
            .iter()
            .find(|item| matches!(item.base, Type::Money | Type::Percent | Type::Choice(_)))
            .or_else(|| items.iter().find(|item| item.base == Type::Decimal))
            .or_else(|| items.iter().find(|item| item.base != Type::Any))
            .map_or(Type::Any, |item| item.base.clone());
        let mut unified = Vec::with_capacity(items.len());
        for item in items {
            let item = self.adapt(item, &lead);
            let item = widen_to(item, &lead);
            if !same(&item.base, &lead) {
                let message = format!("{what} are {lead} and {}", item.base);
                self.report(Code::TypeMismatch, item.span, &message, Some("make them one type"));
            }
            unified.push(item);
        }
        (unified, lead, maybe_none)
    }

    pub(super) fn adapted_pair(&mut self, a: Expr, b: Expr) -> (Expr, Expr) {
        let a = self.adapt(a, &b.base.clone());
        let b = self.adapt(b, &a.base);
        (a, b)
    }

    /// A literal takes its neighbour's type; everything else stays.
    pub(crate) fn adapt(&mut self, expr: Expr, target: &Type) -> Expr {
        let Expr { kind, base, maybe_none, span } = expr;
        match (kind, target) {
            (ExprKind::Literal(Value::Integer(value)), Type::Money) => {
                Expr::literal(Value::Money(value.into()), Type::Money, span)
            }
            (ExprKind::Literal(Value::Decimal(value)), Type::Money) => {
                Expr::literal(Value::Money(value), Type::Money, span)
            }
            (ExprKind::Literal(Value::Integer(value)), Type::Percent) => {
                Expr::literal(Value::Percent(value.into()), Type::Percent, span)
            }
            (ExprKind::Literal(Value::Decimal(value)), Type::Percent) => {
                Expr::literal(Value::Percent(value), Type::Percent, span)
            }
            (ExprKind::Literal(Value::Text(word)), Type::Choice(words)) if base == Type::Text => {
                match text::choice(&word, words) {
                    Ok(value) => Expr::literal(value, target.clone(), span),
                    Err(problem) => {
                        self.findings
                            .push(Finding::error(problem.code, span, problem.message).maybe_help(problem.help));
                        any(span)
                    }
                }
            }
            (ExprKind::List(items), Type::List(item)) => {
                let items: Vec<Expr> = items.into_iter().map(|member| self.adapt(member, &item.base)).collect();
                let base = if items.is_empty() {
                    target.clone()
                } else {
                    Type::list(
                        items.first().map_or(Type::Any, |first| first.base.clone()),
                        items.iter().any(|member| member.maybe_none),
                    )
                };
                Expr { kind: ExprKind::List(items), base, maybe_none, span }
            }
            (ExprKind::Coalesce(items), _) if is_literal_type(&base, target) => {
                let items: Vec<Expr> = items.into_iter().map(|item| self.adapt(strip_widen(item), target)).collect();
                let base = common(&items, base);
                Expr { kind: ExprKind::Coalesce(items), base, maybe_none, span }
            }
            (ExprKind::If { condition, then, otherwise }, _) if is_literal_type(&base, target) => {
                let branches = [*then, *otherwise].map(|branch| self.adapt(strip_widen(branch), target));
                let base = common(&branches, base);
                let [then, otherwise] = branches.map(Box::new);
                let kind = ExprKind::If { condition, then, otherwise };
                Expr { kind, base, maybe_none, span }
            }
            (kind, _) => Expr { kind, base, maybe_none, span },
        }
    }
}
