//! Names and types: an [`Ast`] and a [`Scope`] in, an [`Expr`] out.
//!
//! Everything that is wrong is reported at its place; what could not be typed gets the type `Any`, which goes with
//! everything, so that one mistake is reported once.

mod adapt;
mod arguments;
mod calls;
mod relations;
mod reports;
mod scope;

use std::sync::Arc;

pub(crate) use relations::is_unit;
pub(crate) use scope::{Name, Scope};

use relations::{
    arithmetic_help, arithmetic_type, article, compare_help, convert_help, is_comparable, is_equatable, same,
    strip_widen, widen_to,
};

use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::ast::{Ast, AstKind};
use crate::language::expr::{Expr, ExprKind, LocalId};
use crate::language::functions::{self};
use crate::source::Span;
use crate::value::ops::{Arithmetic, Comparison};
use crate::value::{DurationUnit, ItemType, Type, Value};

/// Types expressions in one scope.
pub(crate) struct Typer<'a> {
    scope: &'a dyn Scope,
    findings: &'a mut Findings,
    locals: Vec<(String, Type, bool)>,
    /// Whether bare names are first looked up among the fields of the first local: `where`.
    looks_into_item: bool,
    /// What a bare name is compared with.
    beside: Option<Type>,
}

impl<'a> Typer<'a> {
    /// A typer without items.
    pub(crate) fn new(scope: &'a dyn Scope, findings: &'a mut Findings) -> Self {
        Typer { scope, findings, locals: Vec::new(), looks_into_item: false, beside: None }
    }

    /// A typer for `where`: bare names see the fields of an item, which is local 0.
    pub(crate) fn with_item(scope: &'a dyn Scope, item: &ItemType, findings: &'a mut Findings) -> Self {
        let local = (String::new(), item.base.clone(), item.maybe_none);
        Typer { scope, findings, locals: vec![local], looks_into_item: true, beside: None }
    }

    /// A condition: boolean, never none.
    pub(crate) fn condition(&mut self, ast: &Ast) -> Expr {
        let expr = self.expr(ast);
        self.require_boolean(&expr);
        expr
    }

    /// A value to be stored as `base`: literals take its type, integers become decimals.
    pub(crate) fn stored(&mut self, ast: &Ast, base: &Type, maybe_none: bool, what: &str) -> Expr {
        let expr = self.expr(ast);
        let expr = self.adapt(expr, base);
        let expr = widen_to(expr, base);
        if is_refused(&expr) {
            return expr;
        }
        if !same(&expr.base, base) {
            let help =
                convert_help(&expr.base, base).or_else(|| Some(format!("write an expression that gives {base}")));
            self.findings.push(
                Finding::error(Code::TypeMismatch, expr.span, format!("{what} is {base}, but this is {}", expr.base))
                    .maybe_help(help),
            );
        } else if expr.maybe_none && !maybe_none {
            self.findings.push(
                Finding::error(Code::MaybeNone, expr.span, format!("this may be none, which {what} may not be"))
                    .help("say what none means here: `.. ?? VALUE`, or declare `absent: none`"),
            );
        }
        expr
    }

    /// The expression of any type.
    pub(crate) fn expr(&mut self, ast: &Ast) -> Expr {
        let span = ast.span;
        match &ast.kind {
            AstKind::Boolean(value) => Expr::literal(Value::Boolean(*value), Type::Boolean, span),
            AstKind::Integer(value) => Expr::literal(Value::Integer(*value), Type::Integer, span),
            AstKind::Decimal(value) => Expr::literal(Value::Decimal(*value), Type::Decimal, span),
            AstKind::Text(value) => Expr::literal(Value::text(value), Type::Text, span),
            AstKind::Date(value) => Expr::literal(Value::Date(*value), Type::Date, span),
            AstKind::Name(name) => self.name(name, span),
            AstKind::Member { of, name, name_span } => self.member(of, name, *name_span, span),
            AstKind::Call { name, name_span, arguments } => self.call(name, *name_span, arguments, span),
            AstKind::Closure { .. } => {
                self.report(
                    Code::TypeMismatch,
                    span,
                    "a closure stands only in a method of a list",
                    Some("write `list.any(|item| ..)`"),
                );
                any(span)
            }
            AstKind::List(items) => {
                let items: Vec<Expr> = items.iter().map(|item| self.expr(item)).collect();
                self.list(items, span)
            }
            AstKind::Range { .. } => {
                self.report(Code::TypeMismatch, span, "a range stands only behind `in`", Some("write `x in 1..=5`"));
                any(span)
            }
            AstKind::Not(inner) => {
                let inner_expr = self.expr(inner);
                if !matches!(inner_expr.base, Type::Boolean | Type::Any) {
                    let message = format!("`not` takes a boolean, but this is {}", inner_expr.base);
                    let help = format!("compare it first: `not ({})`", self.example(&inner_expr));
                    self.report(Code::TypeMismatch, inner_expr.span, &message, Some(&help));
                    return any(span);
                }
                self.require_boolean(&inner_expr);
                Expr::boolean(ExprKind::Not(Box::new(inner_expr)), span)
            }
            AstKind::Negate(inner) => self.negate(inner, span),
            AstKind::And(items) => {
                let items = items.iter().map(|item| self.condition(item)).collect();
                Expr::boolean(ExprKind::And(items), span)
            }
            AstKind::Or(items) => {
                let items = items.iter().map(|item| self.condition(item)).collect();
                Expr::boolean(ExprKind::Or(items), span)
            }
            AstKind::Coalesce(items) => {
                let items: Vec<Expr> = items.iter().map(|item| self.expr(item)).collect();
                let last_may = items.last().is_some_and(|last| last.maybe_none);
                let (items, base, _) = self.unified(items, "the sides of `??`");
                Expr { kind: ExprKind::Coalesce(items), base, maybe_none: last_may, span }
            }
            AstKind::Compare(operator, a, b) => self.compare(*operator, a, b, span),
            AstKind::Arithmetic(operator, a, b) => self.arithmetic(*operator, a, b, span),
            AstKind::In { item, of } => self.within(item, of, span),
            AstKind::If { condition, then, otherwise } => {
                let condition = self.condition(condition);
                let branches = [self.expr(then), self.expr(otherwise)];
                self.either(condition, branches, "the branches of `if`", span)
            }
        }
    }

    /// One of two expressions of one type, by a condition. `what` names them in messages.
    pub(crate) fn either(&mut self, condition: Expr, branches: [Expr; 2], what: &str, span: Span) -> Expr {
        let (branches, base, maybe_none) = self.unified(branches.into(), what);
        let mut branches = branches.into_iter();
        let (Some(then), Some(otherwise)) = (branches.next(), branches.next()) else { return any(span) };
        let kind =
            ExprKind::If { condition: Box::new(condition), then: Box::new(then), otherwise: Box::new(otherwise) };
        Expr { kind, base, maybe_none, span }
    }

    fn name(&mut self, name: &str, span: Span) -> Expr {
        let beside = self.beside.take();
        match name {
            "none" => return Expr::literal(Value::None, Type::Any, span),
            "unknown" => return Expr { kind: ExprKind::Unknown, base: Type::Any, maybe_none: false, span },
            "today" => return Expr { kind: ExprKind::Today, base: Type::Date, maybe_none: false, span },
            "as_of" => return Expr { kind: ExprKind::AsOf, base: Type::Timestamp, maybe_none: false, span },
            "local_today" => {
                self.require_place(span, "local_today");
                return Expr { kind: ExprKind::LocalToday, base: Type::Date, maybe_none: false, span };
            }
            "local_time" => {
                self.require_place(span, "local_time");
                let base = Type::Duration(DurationUnit::Exact);
                return Expr { kind: ExprKind::LocalTime, base, maybe_none: false, span };
            }
            _ => {}
        }
        let local = self.locals.iter().rposition(|(local, _, _)| local == name);
        if let Some(at) = local {
            let (_, base, maybe_none) = self.locals.get(at).cloned().unwrap_or((String::new(), Type::Any, false));
            let id = LocalId(crate::source::clamp(at));
            return Expr { kind: ExprKind::Local(id), base, maybe_none, span };
        }
        if self.looks_into_item
            && let Some((_, Type::Record(record), _)) = self.locals.first().cloned()
            && let Some(index) = record.index_of(name)
        {
            if self.scope.name(name).is_some() {
                let message = format!("`{name}` is a field of the item and a name of the pack");
                self.report(
                    Code::AmbiguousName,
                    span,
                    &message,
                    Some(&format!("rename one, or use a list method: `list.filter(|item| item.{name} ..)`")),
                );
            }
            let maybe_none = self.locals.first().is_some_and(|(_, _, maybe_none)| *maybe_none);
            let item = Expr { kind: ExprKind::Local(LocalId(0)), base: Type::Record(record.clone()), maybe_none, span };
            return self.field_of(item, &record, index, span);
        }
        match self.scope.name(name) {
            Some(Name::Value { slot, base, maybe_none, decides }) => {
                if !decides {
                    let message = format!("`{name}` is carried, but may not decide");
                    self.report(
                        Code::FieldMayNotDecide,
                        span,
                        &message,
                        Some("remove it from the rule; the record declares it `decides: false`"),
                    );
                }
                Expr { kind: ExprKind::Slot(slot), base, maybe_none, span }
            }
            Some(Name::Group(outputs)) => {
                let first = outputs.first().map_or("output", |(output, ..)| output);
                let message = format!("`{name}` has outputs, and is no value itself");
                self.report(Code::TypeMismatch, span, &message, Some(&format!("name the output: `{name}.{first}`")));
                any(span)
            }
            None if self.scope.missing(name).is_some() => {
                if let Some((message, help)) = self.scope.missing(name) {
                    self.report(Code::UnknownName, span, &message, Some(&help));
                }
                any(span)
            }
            None => {
                let mut more = vec!["today", "as_of", "none", "unknown", "true", "false"];
                more.extend(self.locals.iter().map(|(local, _, _)| local.as_str()).filter(|local| !local.is_empty()));
                if self.looks_into_item
                    && let Some((_, Type::Record(record), _)) = self.locals.first()
                {
                    more.extend(record.fields.iter().map(|field| &*field.name));
                }
                let near = self.scope.nearest(name, &more);
                let help = match (beside, near) {
                    (Some(Type::Choice(words)), _) if words.iter().any(|word| &**word == name) => {
                        format!("a value of a choice stands in quotes: `\"{name}\"`")
                    }
                    (Some(Type::Boolean), _) if matches!(name, "yes" | "Yes" | "YES" | "True" | "TRUE") => {
                        "write `true`".to_owned()
                    }
                    (Some(Type::Boolean), _) if matches!(name, "no" | "No" | "NO" | "False" | "FALSE") => {
                        "write `false`".to_owned()
                    }
                    (_, Some(near)) => format!("did you mean `{near}`?"),
                    (_, None) if name == "attempt" => "only the rules of `contact` see the attempt".to_owned(),
                    _ if matches!(name, "stage" | "days_in_stage" | "previous_stage")
                        && self.scope.steps().is_none() =>
                    {
                        "a pack with `workflows:` has it".to_owned()
                    }
                    (_, None) => {
                        "declare it as a field or a fact; a value of a choice belongs in double quotes".to_owned()
                    }
                };
                let message = format!("nothing is named `{name}`");
                self.report(Code::UnknownName, span, &message, Some(&help));
                any(span)
            }
        }
    }

    fn member(&mut self, of: &Ast, name: &str, name_span: Span, span: Span) -> Expr {
        if let AstKind::Name(group) = &of.kind
            && !self.locals.iter().any(|(local, _, _)| local == group)
            && let Some(Name::Group(outputs)) = self.scope.name(group)
        {
            return match outputs.iter().find(|(output, ..)| &**output == name) {
                Some((_, slot, base, maybe_none)) => {
                    Expr { kind: ExprKind::Slot(*slot), base: base.clone(), maybe_none: *maybe_none, span }
                }
                None => {
                    let help = did_you_mean(name, outputs.iter().map(|(output, ..)| &**output));
                    self.findings.push(
                        Finding::error(Code::UnknownField, name_span, format!("`{group}` has no `{name}`"))
                            .maybe_help(help),
                    );
                    any(span)
                }
            };
        }
        let of_expr = self.expr(of);
        match &of_expr.base {
            Type::Record(record) => {
                let record = record.clone();
                match record.index_of(name) {
                    Some(index) => self.field_of(of_expr, &record, index, span),
                    None => {
                        let help = did_you_mean(name, record.fields.iter().map(|field| &*field.name));
                        self.findings.push(
                            Finding::error(
                                Code::UnknownField,
                                name_span,
                                format!("`{}` has no field `{name}`", record.name),
                            )
                            .maybe_help(help),
                        );
                        any(span)
                    }
                }
            }
            Type::Any => any(span),
            base if base.is_number() && is_unit(name) => self.call_function(name, name_span, vec![of_expr], span),
            base => {
                let is_function = functions::names().any(|function| function == name);
                let message = format!("{} has no field `{name}`", article(base));
                let help = if is_function {
                    Some(format!("write `{name}()` with brackets"))
                } else if matches!(base, Type::List(_)) {
                    Some("use a method of lists, such as `list.map(|item| item.field)`".to_owned())
                } else {
                    Some(format!("it is a single value: remove `.{name}`"))
                };
                self.findings.push(Finding::error(Code::UnknownField, name_span, message).maybe_help(help));
                any(span)
            }
        }
    }

    fn field_of(&mut self, of: Expr, record: &Arc<crate::value::RecordType>, index: usize, span: Span) -> Expr {
        let Some(field) = record.fields.get(index) else { return any(span) };
        if !field.decides {
            let message = format!("`{}` is carried, but may not decide", field.name);
            self.report(
                Code::FieldMayNotDecide,
                span,
                &message,
                Some("remove it from the rule; the record declares it `decides: false`"),
            );
        }
        let maybe_none = of.maybe_none || field.maybe_none();
        let kind = ExprKind::Member { of: Box::new(of), index };
        Expr { kind, base: field.base.clone(), maybe_none, span }
    }

    fn negate(&mut self, inner: &Ast, span: Span) -> Expr {
        let inner = self.expr(inner);
        if let Some(value) = inner.literal_value()
            && let Ok(value) = crate::value::ops::negated(value)
            && inner.base.is_number()
        {
            return Expr::literal(value, inner.base, span);
        }
        if !inner.base.is_number() && inner.base != Type::Any {
            let message = format!("`-` takes a number, but this is {}", inner.base);
            self.report(Code::TypeMismatch, inner.span, &message, Some("remove the `-`, or write a number"));
            return any(span);
        }
        let (base, maybe_none) = (inner.base.clone(), inner.maybe_none);
        Expr { kind: ExprKind::Negate(Box::new(inner)), base, maybe_none, span }
    }

    fn compare(&mut self, operator: Comparison, a: &Ast, b: &Ast, span: Span) -> Expr {
        let a = self.expr(a);
        if matches!(b.kind, AstKind::Name(_)) {
            self.beside = Some(a.base.clone());
        }
        let b = self.expr(b);
        self.beside = None;
        self.comparison(operator, a, b, span)
    }

    /// A comparison of two typed sides; also what a cell of a table comes to.
    pub(crate) fn comparison(&mut self, operator: Comparison, a: Expr, b: Expr, span: Span) -> Expr {
        let (a, b) = self.adapted_pair(a, b);
        let is_none = |expr: &Expr| matches!(expr.kind, ExprKind::Literal(Value::None));
        if !operator.is_order() {
            for (side, other) in [(&a, &b), (&b, &a)] {
                if is_none(side) && !is_none(other) && !other.maybe_none && other.base != Type::Any {
                    let is_cell = !(span.start <= other.span.start && other.span.end <= span.end);
                    self.never_none(other, if is_cell { span } else { other.span }, is_cell);
                }
            }
        }
        let fits = if operator.is_order() {
            is_comparable(&a.base, &b.base) && a.base.is_ordered() && b.base.is_ordered()
        } else {
            is_equatable(&a, &b)
        };
        if !fits && !is_refused(&a) && !is_refused(&b) {
            let message = format!("`{}` does not go between {} and {}", operator.symbol(), a.base, b.base);
            let help = self.literal_help(&a, &b).or_else(|| compare_help(&a.base, &b.base, operator));
            self.findings.push(Finding::error(Code::TypeMismatch, span, message).here(String::new()).maybe_help(help));
        }
        self.report_out_of_range(operator, &a, &b);
        Expr::boolean(ExprKind::Compare(operator, Box::new(a), Box::new(b)), span)
    }

    fn arithmetic(&mut self, operator: Arithmetic, a: &Ast, b: &Ast, span: Span) -> Expr {
        let (mut a, mut b) = (self.expr(a), self.expr(b));
        if matches!(operator, Arithmetic::Add | Arithmetic::Subtract) {
            (a, b) = self.adapted_pair(a, b);
        }
        let maybe_none = a.maybe_none || b.maybe_none;
        let base = match arithmetic_type(operator, &a.base, &b.base) {
            Some(base) => base,
            None => {
                let message = format!("`{}` does not go between {} and {}", operator.symbol(), a.base, b.base);
                let help = arithmetic_help(&a.base, &b.base, operator);
                self.findings.push(Finding::error(Code::TypeMismatch, span, message).maybe_help(help));
                return any(span);
            }
        };
        Expr { kind: ExprKind::Arithmetic(operator, Box::new(a), Box::new(b)), base, maybe_none, span }
    }

    fn within(&mut self, item: &Ast, of: &Ast, span: Span) -> Expr {
        let item = self.expr(item);
        match &of.kind {
            AstKind::Range { low, high, is_inclusive } => {
                let (low, high) = (self.expr(low), self.expr(high));
                self.range(item, low, high, *is_inclusive, span)
            }
            _ => {
                // A bare name in the list meets the type of the item, as beside `==`.
                let list = match &of.kind {
                    AstKind::List(members) => {
                        let members = members
                            .iter()
                            .map(|member| {
                                self.beside = matches!(member.kind, AstKind::Name(_)).then(|| item.base.clone());
                                let member = self.expr(member);
                                self.beside = None;
                                member
                            })
                            .collect::<Vec<Expr>>();
                        if item.base == Type::Any {
                            self.list(members, of.span)
                        } else {
                            // Each member is compared with the item: that they differ need not be said as well.
                            let maybe_none = members.iter().any(|member| member.maybe_none);
                            let base = Type::list(item.base.clone(), maybe_none);
                            Expr { kind: ExprKind::List(members), base, maybe_none: false, span: of.span }
                        }
                    }
                    _ => self.expr(of),
                };
                self.membership(item, list, span)
            }
        }
    }

    fn list(&mut self, items: Vec<Expr>, span: Span) -> Expr {
        let (items, base, maybe_none) = self.unified(items, "the items of a list");
        Expr { kind: ExprKind::List(items), base: Type::list(base, maybe_none), maybe_none: false, span }
    }

    /// Whether a value lies in a range; also what `1 to 15` in a cell comes to.
    pub(crate) fn range(&mut self, item: Expr, low: Expr, high: Expr, is_inclusive: bool, span: Span) -> Expr {
        let (item, low) = self.adapted_pair(item, low);
        let (item, high) = self.adapted_pair(item, high);
        for bound in [&low, &high] {
            if !(is_comparable(&item.base, &bound.base) && item.base.is_ordered() && bound.base.is_ordered()) {
                let message = format!("a range of {} does not go with {}", bound.base, item.base);
                let help = self.literal_help(&item, bound).or_else(|| match item.base {
                    Type::Choice(_) => Some("name the values: `in [\"..\", \"..\"]`".to_owned()),
                    _ => compare_help(&item.base, &bound.base, Comparison::Less),
                });
                self.report(Code::TypeMismatch, span, &message, help.as_deref());
                return Expr::boolean(ExprKind::Refused, span);
            }
        }
        if let (Some(low_value), Some(high_value)) = (low.literal_value(), high.literal_value())
            && crate::value::ops::compare(
                if is_inclusive { Comparison::Greater } else { Comparison::GreaterOrEqual },
                low_value,
                high_value,
            )
        {
            self.report(
                Code::OutsideDomain,
                span,
                "this range holds nothing: it ends before it begins, or where it begins",
                Some("write the smaller bound first"),
            );
        }
        let kind = ExprKind::InRange { item: Box::new(item), low: Box::new(low), high: Box::new(high), is_inclusive };
        Expr::boolean(kind, span)
    }

    /// Whether a value is an item of a list; also what `a, b` in a cell comes to.
    pub(crate) fn membership(&mut self, item: Expr, list: Expr, span: Span) -> Expr {
        let (item, list) = match list.kind {
            ExprKind::List(items) => {
                let items = items.into_iter().map(|member| self.adapt(strip_widen(member), &item.base)).collect();
                (item, Expr { kind: ExprKind::List(items), ..list })
            }
            kind => {
                let list = Expr { kind, ..list };
                let item = match &list.base {
                    Type::List(member) => self.adapt(item, &member.base.clone()),
                    _ => item,
                };
                (item, list)
            }
        };
        if let ExprKind::List(items) = &list.kind {
            let mut wrong = None;
            for member in items {
                if !is_equatable(&item, member) {
                    let help = self
                        .literal_help(&item, member)
                        .or_else(|| compare_help(&item.base, &member.base, Comparison::Equal));
                    wrong = Some((member.span, member.base.clone(), help));
                }
                if matches!(member.kind, ExprKind::Literal(Value::None)) && !item.maybe_none && item.base != Type::Any {
                    let called = match &item.kind {
                        ExprKind::Slot(slot) => self.name_of(*slot).map(|name| format!("`{name}`")),
                        _ => None,
                    };
                    let message = format!("{} is never none", called.as_deref().unwrap_or("the value asked for"));
                    self.report(Code::NeverNone, member.span, &message, Some("remove `none` from the list"));
                }
            }
            if let Some((member_span, base, help)) = wrong {
                let message = format!("{} is never {}", article(&item.base), article(&base));
                self.report(Code::TypeMismatch, member_span, &message, help.as_deref());
            }
        } else {
            let fits = match &list.base {
                Type::List(member) => {
                    is_comparable(&item.base, &member.base) && !matches!(item.base, Type::List(_) | Type::Record(_))
                }
                Type::Any => true,
                _ => false,
            };
            if !fits {
                let message = format!("`in` does not go between {} and {}", item.base, list.base);
                self.report(
                    Code::TypeMismatch,
                    span,
                    &message,
                    Some("behind `in` stands a list, such as `[1, 2]`, or a range, such as `1..=5`"),
                );
            } else if list.maybe_none {
                self.report(
                    Code::MaybeNone,
                    list.span,
                    "this list may be none",
                    Some("say what none means: `list ?? []`"),
                );
            }
        }
        Expr::boolean(ExprKind::InList { item: Box::new(item), list: Box::new(list) }, span)
    }

    fn wrong_arguments(&mut self, span: Span, signature: &str, found: usize) -> Expr {
        let listed = signature.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let message = match listed.split(", ").filter(|param| !param.is_empty()).collect::<Vec<_>>().as_slice() {
            [.., ".."] => format!("`{signature}` takes two arguments or more, not {found}"),
            [params @ .., "pauses"] => {
                format!("`{signature}` takes {} or {} arguments, not {found}", params.len(), params.len() + 1)
            }
            params => {
                let plural = if params.len() == 1 { "" } else { "s" };
                format!("`{signature}` takes {} argument{plural}, not {found}", params.len())
            }
        };
        self.report(Code::WrongArguments, span, &message, Some(&format!("write `{signature}`")));
        any(span)
    }

    fn report(&mut self, code: Code, span: Span, message: &str, help: Option<&str>) {
        self.findings.push(Finding::error(code, span, message).maybe_help(help.map(str::to_owned)));
    }
}

/// An expression that was refused: it goes with everything, so that it is reported once.
fn any(span: Span) -> Expr {
    Expr { kind: ExprKind::Refused, base: Type::Any, maybe_none: false, span }
}

/// Whether a part of the expression was refused already, so that its type says nothing.
fn is_refused(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |inner| found |= matches!(inner.kind, ExprKind::Refused));
    found
}
