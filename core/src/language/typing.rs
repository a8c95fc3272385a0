//! Names and types: an [`Ast`] and a [`Scope`] in, an [`Expr`] out.
//!
//! Everything that is wrong is reported at its place; what could not be typed gets the type `Any`, which goes with
//! everything, so that one mistake is reported once.

use std::sync::Arc;

use super::ast::{Ast, AstKind};
use super::expr::{Expr, ExprKind, ListMethod, LocalId, SlotId};
use super::functions::{self, Function, Gives, Needs, Param};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::source::Span;
use crate::value::ops::{Arithmetic, Comparison};
use crate::value::{Absence, DurationUnit, ItemType, Range, Type, Value, text};

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Name {
    /// A field, a fact, or a result with a name of its own.
    Value { slot: SlotId, base: Type, maybe_none: bool, decides: bool },
    /// A table or rule list: its outputs are read as `table.output`.
    Group(Vec<(Arc<str>, SlotId, Type, bool)>),
}

/// The names that an expression may read.
pub(crate) trait Scope {
    /// What a name stands for.
    fn name(&self, name: &str) -> Option<Name>;
    /// All names, for suggestions.
    fn names(&self) -> Vec<String>;
    /// The number of a rate.
    fn rate(&self, name: &str) -> Option<usize>;
    /// The names of all rates.
    fn rates(&self) -> Vec<String>;
    /// Whether the pack has a calendar.
    fn has_calendar(&self) -> bool;
    /// Whether a field of the case holds the debtor's zones.
    fn has_place(&self) -> bool;
    /// The values that a slot can have.
    fn range(&self, slot: SlotId) -> Option<Range>;
    /// What the absence of a field means; nothing for slots that are no fields.
    fn absence(&self, slot: SlotId) -> Option<Absence>;
    /// What is said of a name that is not there, and what to do, where a scope knows better than the typer.
    fn missing(&self, _name: &str) -> Option<(String, String)> {
        None
    }
}

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
                let branches = vec![self.expr(then), self.expr(otherwise)];
                let (branches, base, maybe_none) = self.unified(branches, "the branches of `if`");
                let mut branches = branches.into_iter();
                let (Some(then), Some(otherwise)) = (branches.next(), branches.next()) else { return any(span) };
                let kind = ExprKind::If {
                    condition: Box::new(condition),
                    then: Box::new(then),
                    otherwise: Box::new(otherwise),
                };
                Expr { kind, base, maybe_none, span }
            }
        }
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
                let mut names = self.scope.names();
                names.extend(self.locals.iter().map(|(local, _, _)| local.clone()).filter(|local| !local.is_empty()));
                if self.looks_into_item
                    && let Some((_, Type::Record(record), _)) = self.locals.first()
                {
                    names.extend(record.fields.iter().map(|field| field.name.to_string()));
                }
                let near = crate::diagnostic::nearest(
                    name,
                    names.iter().map(String::as_str).chain(["today", "as_of", "none", "unknown", "true", "false"]),
                );
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
                        Finding::error(Code::UnknownField, name_span, format!("`{group}` has no output `{name}`"))
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

    /// Reports a question whether something is none that never is.
    fn never_none(&mut self, expr: &Expr, place: Span, is_cell: bool) {
        let (name, absence) = match &expr.kind {
            ExprKind::Slot(slot) => (self.name_of(*slot), self.scope.absence(*slot)),
            ExprKind::Member { of, index } => match &of.base {
                Type::Record(record) => match record.fields.get(*index) {
                    Some(field) => (Some(field.name.to_string()), Some(field.absence.clone())),
                    None => (None, None),
                },
                _ => (None, None),
            },
            _ => (None, None),
        };
        let called = name.as_ref().map_or("this".to_owned(), |name| format!("`{name}`"));
        let help = match (&name, absence) {
            (Some(name), Some(Absence::Unknown)) => {
                format!("its absence is unknown: ask `known({name})`, or `unknown` in a cell")
            }
            (_, Some(_)) if is_cell => format!("empty the cell, or declare `absent: none` for {called}"),
            (_, Some(_)) => format!("remove the question, or declare `absent: none` for {called}"),
            (_, None) if is_cell => "empty the cell".to_owned(),
            _ => "remove the question".to_owned(),
        };
        self.report(Code::NeverNone, place, &format!("{called} is never none"), Some(&help));
    }

    /// What an expression is called, if it has a name.
    fn called(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Slot(slot) => self.name_of(*slot),
            ExprKind::Local(local) => self.locals.get(local.0 as usize).map(|(name, ..)| name.clone()),
            ExprKind::Member { of, index } => match &of.base {
                Type::Record(record) => {
                    let field = &record.fields.get(*index)?.name;
                    match self.called(of) {
                        Some(of) if !of.is_empty() => Some(format!("{of}.{field}")),
                        _ => Some(field.to_string()),
                    }
                }
                _ => None,
            },
            ExprKind::Widen(inner) => self.called(inner),
            _ => None,
        }
    }

    /// A condition about something that is none itself.
    fn example(&self, expr: &Expr) -> String {
        let name = self.called(expr).unwrap_or_else(|| "..".to_owned());
        match &expr.base {
            Type::List(_) => format!("{name}.count() > 0"),
            Type::Choice(words) => {
                format!("{name} == \"{}\"", words.first().map_or("", |word| word))
            }
            Type::Text | Type::Zone => format!("{name} == \"..\""),
            Type::Date => format!("{name} < today"),
            Type::Timestamp => format!("{name} < as_of"),
            Type::Duration(DurationUnit::Exact) => format!("{name} > 48.hours"),
            Type::Duration(_) => format!("{name} > 30.days"),
            _ => format!("{name} > 0"),
        }
    }

    /// The name that expressions read a slot by.
    fn name_of(&self, slot: SlotId) -> Option<String> {
        self.scope.names().into_iter().find_map(|name| match self.scope.name(&name)? {
            Name::Value { slot: own, .. } => (own == slot).then_some(name),
            Name::Group(outputs) => {
                outputs.iter().find(|(_, own, ..)| *own == slot).map(|(output, ..)| format!("{name}.{output}"))
            }
        })
    }

    /// What to write for a literal beside something of another type.
    fn literal_help(&self, a: &Expr, b: &Expr) -> Option<String> {
        for (side, other) in [(a, b), (b, a)] {
            match (&side.base, other.literal_value()) {
                (base, Some(Value::Text(text))) if base.is_number() => {
                    return Some(match crate::value::number::parse(text) {
                        Some(_) => format!("write the number without quotes: `{text}`"),
                        None => format!("{} is compared with a number, without quotes", article(base)),
                    });
                }
                (Type::Boolean, Some(Value::Text(text))) => {
                    let word =
                        if matches!(&*text.to_lowercase(), "no" | "n" | "false" | "0") { "false" } else { "true" };
                    return Some(format!("write `{word}`, without quotes"));
                }
                (Type::Boolean, Some(Value::Integer(number @ (0 | 1)))) => {
                    return Some(format!("write `{}`", *number == 1));
                }
                (Type::Text, Some(Value::Integer(number))) => {
                    return Some(format!("write the text in quotes: `\"{number}\"`"));
                }
                _ => {}
            }
            if let (Type::Integer, Type::Duration(_)) = (&side.base, &other.base) {
                let counted = match &side.kind {
                    ExprKind::Call { function, .. } => Some(function.name.to_owned()),
                    _ => self.called(side),
                };
                let written = match &other.kind {
                    ExprKind::Call { arguments, .. } => match arguments.as_slice() {
                        [only] => only.literal_value(),
                        _ => None,
                    },
                    _ => None,
                };
                if let (Some(counted), Some(Value::Integer(number))) = (counted, written) {
                    let what = if counted.starts_with("days") { "a number of days" } else { "a number" };
                    return Some(format!("`{counted}` is {what}: write `{number}`"));
                }
            }
            if let (Type::Duration(unit), Some(Value::Integer(number))) = (&side.base, other.literal_value()) {
                let unit = match unit {
                    DurationUnit::Days => "days",
                    DurationUnit::Months => "months",
                    DurationUnit::Exact => "hours",
                    DurationUnit::BusinessDays => return None,
                };
                return Some(format!("say the unit: `{number}.{unit}`"));
            }
        }
        None
    }

    /// Reports a comparison of a field with a value that the field never reaches.
    fn report_out_of_range(&mut self, operator: Comparison, a: &Expr, b: &Expr) {
        for (side, other, operator) in [(a, b, operator), (b, a, operator.turned())] {
            let (ExprKind::Slot(slot), Some(value)) = (&side.kind, other.literal_value()) else { continue };
            let Some(range) = self.scope.range(*slot) else { continue };
            if let Some(problem) = text::never_holds(operator, value, &range) {
                self.report(Code::OutsideDomain, other.span, &problem, Some("see the field's `min` and `max`"));
            }
        }
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
                "this range ends before it begins",
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

    fn call(&mut self, name: &str, name_span: Span, arguments: &[Ast], span: Span) -> Expr {
        if name == "known" {
            return match arguments {
                [only] => {
                    let inner = self.expr(only);
                    Expr::boolean(ExprKind::Known(Box::new(inner)), span)
                }
                _ => self.wrong_arguments(name_span, "known(value)", arguments.len()),
            };
        }
        if name == "rate" {
            return self.rate(name_span, arguments, span);
        }
        if let Some(first) = arguments.first() {
            let is_closure = |ast: &Ast| matches!(ast.kind, AstKind::Closure { .. });
            let has_closure = arguments.iter().skip(1).any(is_closure);
            let is_known = functions::names().any(|known| known == name);
            if has_closure && !is_known {
                self.expr(first);
                return self.call_function(name, name_span, Vec::new(), span);
            }
            if !is_closure(first) {
                let first = self.expr(first);
                let is_list = matches!(first.base, Type::List(_));
                if functions::LIST_METHODS.contains(&name) && (is_list || has_closure) {
                    return self.method(name, name_span, first, arguments.get(1..).unwrap_or(&[]), span);
                }
                let mut exprs = vec![first];
                for argument in arguments.iter().skip(1) {
                    exprs.push(self.expr(argument));
                }
                if matches!(name, "min" | "max") {
                    return self.least_or_most(name, name_span, exprs, span);
                }
                return self.call_function(name, name_span, exprs, span);
            }
        }
        self.call_function(name, name_span, Vec::new(), span)
    }

    fn rate(&mut self, name_span: Span, arguments: &[Ast], span: Span) -> Expr {
        let [rate, date] = arguments else {
            return self.wrong_arguments(name_span, "rate(\"name\", date)", arguments.len());
        };
        let AstKind::Text(rate_name) = &rate.kind else {
            self.report(
                Code::WrongArguments,
                rate.span,
                "the name of a rate is written in quotes",
                Some("write `rate(\"name\", date)`"),
            );
            return any(span);
        };
        let date = self.expr(date);
        if !matches!(date.base, Type::Date | Type::Any) {
            let message = format!("`rate` takes a date, but this is {}", date.base);
            self.report(Code::TypeMismatch, date.span, &message, None);
        }
        let Some(index) = self.scope.rate(rate_name) else {
            let rates = self.scope.rates();
            let help = did_you_mean(rate_name, rates.iter().map(String::as_str));
            self.findings.push(
                Finding::error(Code::UnknownRate, rate.span, format!("the pack has no rate `{rate_name}`"))
                    .help(help.unwrap_or_else(|| "declare it under `rates:`".to_owned())),
            );
            return any(span);
        };
        let maybe_none = date.maybe_none;
        Expr { kind: ExprKind::Rate { rate: index, date: Box::new(date) }, base: Type::Percent, maybe_none, span }
    }

    fn least_or_most(&mut self, name: &str, name_span: Span, arguments: Vec<Expr>, span: Span) -> Expr {
        if arguments.len() < 2 {
            return self.wrong_arguments(name_span, &format!("{name}(a, b, ..)"), arguments.len());
        }
        let maybe_none = arguments.iter().any(|argument| argument.maybe_none);
        let (items, base, _) = self.unified(arguments, &format!("the arguments of `{name}`"));
        if !base.is_ordered() {
            let message = format!("`{name}` takes numbers or dates, but this is {base}");
            self.report(Code::TypeMismatch, span, &message, None);
        }
        Expr { kind: ExprKind::Extreme { is_most: name == "max", items }, base, maybe_none, span }
    }

    fn call_function(&mut self, name: &str, name_span: Span, arguments: Vec<Expr>, span: Span) -> Expr {
        let Some(function) = Function::named(name) else {
            if functions::LIST_METHODS.contains(&name) {
                let base = arguments.first().map_or(Type::Any, |first| first.base.clone());
                if base != Type::Any {
                    let message = format!("`{name}` is a method of lists, but this is {base}");
                    self.report(Code::TypeMismatch, name_span, &message, Some("use it on a list, or remove it"));
                }
                return any(span);
            }
            let help = did_you_mean(name, functions::names().collect::<Vec<_>>().iter().copied());
            self.findings.push(
                Finding::error(Code::UnknownFunction, name_span, format!("there is no function `{name}`"))
                    .maybe_help(help.or_else(|| Some("rules/README.md lists the functions".to_owned()))),
            );
            return any(span);
        };
        if arguments.len() != function.params.len() {
            return self.wrong_arguments(name_span, &function.signature(), arguments.len());
        }
        match function.needs {
            Needs::Calendar if !self.scope.has_calendar() => {
                let message = format!("`{name}` needs a calendar, and the pack has none");
                self.report(
                    Code::UnknownCalendar,
                    name_span,
                    &message,
                    Some("say `calendar:` in the pack's header, and declare it under `calendars:`"),
                );
            }
            Needs::Place => self.require_place(name_span, name),
            _ => {}
        }
        if name == "date" {
            self.report_missing_day(&arguments, span);
        }
        let mut checked = Vec::with_capacity(arguments.len());
        for (argument, param) in arguments.into_iter().zip(function.params) {
            let argument = match param {
                Param::Money => self.adapt(argument, &Type::Money),
                Param::Percent => self.adapt(argument, &Type::Percent),
                _ => argument,
            };
            if !param.takes(&argument.base) {
                let message =
                    format!("`{}` takes {}, but this is {}", function.signature(), param.word(), argument.base);
                let help = match (param, &argument.base) {
                    (Param::Text, Type::Choice(_)) => "a choice is used as it is, without this function",
                    (Param::Date, Type::Timestamp) => "take its date: `date_of(..)`",
                    (Param::Integer | Param::Decimal, Type::Money) => "take its number: `amount(..)`",
                    (Param::Date, _) => "write a date in the brackets, such as `today`",
                    (Param::Timestamp, _) => "write an instant in the brackets, such as `as_of`",
                    (Param::Text, _) => "write a text in the brackets",
                    (Param::Money, _) => "write an amount in the brackets, such as `money(5)`",
                    (Param::Percent, _) => "write a percentage in the brackets, such as `5.percent`",
                    _ => "write a number in the brackets",
                };
                self.report(Code::TypeMismatch, argument.span, &message, Some(help));
            }
            checked.push(if *param == Param::Fraction { widen_to(argument, &Type::Decimal) } else { argument });
        }
        let maybe_none = checked.iter().any(|argument| argument.maybe_none);
        let base = match function.gives {
            Gives::Always(kind) => kind.base(),
            Gives::First => checked.first().map_or(Type::Any, |first| first.base.clone()),
        };
        Expr { kind: ExprKind::Call { function, arguments: checked }, base, maybe_none, span }
    }

    /// A day written in numbers that the calendar does not have.
    fn report_missing_day(&mut self, arguments: &[Expr], span: Span) {
        let numbers: Vec<i64> = arguments
            .iter()
            .filter_map(|argument| match argument.literal_value() {
                Some(Value::Integer(number)) => Some(*number),
                _ => None,
            })
            .collect();
        let [year @ 1..=9999, month, day] = numbers.as_slice() else { return };
        let parts = (i32::try_from(*year), u32::try_from(*month), u32::try_from(*day));
        let date = match parts {
            (Ok(year), Ok(month), Ok(day)) => chrono::NaiveDate::from_ymd_opt(year, month, day),
            _ => None,
        };
        if date.is_none() {
            let message = format!("there is no day {year}-{month}-{day}");
            self.report(Code::InvalidDate, span, &message, Some("check month and day"));
        }
    }

    fn method(&mut self, name: &str, name_span: Span, list: Expr, arguments: &[Ast], span: Span) -> Expr {
        let Type::List(item) = list.base.clone() else {
            if list.base != Type::Any {
                let message = format!("`{name}` is a method of lists, but this is {}", list.base);
                self.report(Code::TypeMismatch, list.span, &message, Some("use it on a list, or remove it"));
            }
            return any(span);
        };
        if name == "contains" {
            let [value] = arguments else { return self.wrong_arguments(name_span, "contains(value)", arguments.len()) };
            let value = self.expr(value);
            if !list.maybe_none {
                return self.membership(value, list, span);
            }
            let none = || Expr::literal(Value::None, Type::Any, span);
            let is_none = ExprKind::Compare(Comparison::Equal, Box::new(list.clone()), Box::new(none()));
            let found = self.membership(value, Expr { maybe_none: false, ..list }, span);
            let kind = ExprKind::If {
                condition: Box::new(Expr::boolean(is_none, span)),
                then: Box::new(none()),
                otherwise: Box::new(found),
            };
            return Expr { kind, base: Type::Boolean, maybe_none: true, span };
        }
        let local = LocalId(crate::source::clamp(self.locals.len()));
        let body = match arguments {
            [] => None,
            [Ast { kind: AstKind::Closure { parameter, body }, .. }] => {
                if matches!(parameter.as_str(), "today" | "as_of" | "local_today" | "none" | "unknown")
                    || self.scope.name(parameter).is_some()
                    || self.locals.iter().any(|(local, _, _)| local == parameter)
                {
                    let message = format!("the parameter `{parameter}` hides something of the same name");
                    self.report(Code::AmbiguousName, span, &message, Some("give the parameter a name of its own"));
                }
                self.locals.push((parameter.clone(), item.base.clone(), item.maybe_none));
                let body = self.expr(body);
                self.locals.pop();
                Some(body)
            }
            [other] => {
                self.report(
                    Code::WrongArguments,
                    other.span,
                    &format!("`{name}` needs {} the items", needed(name)),
                    Some(&method_example(name)),
                );
                return any(span);
            }
            _ => return self.wrong_arguments(name_span, &format!("{name}(|item| ..)"), arguments.len()),
        };
        self.list_method(name, name_span, list, local, body, span)
    }

    /// A method over a typed list and what its closure computes; also what a counting fact comes to.
    pub(crate) fn list_method(
        &mut self,
        name: &str,
        name_span: Span,
        list: Expr,
        local: LocalId,
        body: Option<Expr>,
        span: Span,
    ) -> Expr {
        let Type::List(item) = list.base.clone() else { return any(span) };
        let of_list = list.maybe_none;
        let takes_closure = !matches!(name, "count" | "is_empty");
        let needs_closure = matches!(name, "any" | "all" | "filter" | "map");
        if needs_closure && body.is_none() || !takes_closure && body.is_some() {
            let (message, help) = if needs_closure {
                (format!("`{name}` needs {} the items", needed(name)), method_example(name))
            } else {
                let help = format!("filter first: `list.filter(|item| ..).{name}()`");
                (format!("`{name}` takes no condition"), help)
            };
            self.report(Code::WrongArguments, name_span, &message, Some(&help));
            return any(span);
        }
        if matches!(name, "any" | "all" | "filter")
            && let Some(body) = &body
        {
            self.require_boolean(body);
        }
        let (value, value_may) = match &body {
            Some(body) => (body.base.clone(), body.maybe_none),
            None => (item.base.clone(), item.maybe_none),
        };
        let (method, base, maybe_none) = match name {
            "count" => (ListMethod::Count, Type::Integer, of_list),
            "is_empty" => (ListMethod::IsEmpty, Type::Boolean, of_list),
            "any" => (ListMethod::Any, Type::Boolean, of_list),
            "all" => (ListMethod::All, Type::Boolean, of_list),
            "filter" => (ListMethod::Filter, list.base.clone(), of_list),
            "map" => (ListMethod::Map, Type::list(value, value_may), of_list),
            "sum" => {
                if !value.is_number() && value != Type::Any {
                    let message = format!("`sum` adds numbers, but this is {value}");
                    let place = body.as_ref().map_or(list.span, |body| body.span);
                    self.report(
                        Code::TypeMismatch,
                        place,
                        &message,
                        Some("name a number of the items, or use `count`"),
                    );
                }
                (ListMethod::Sum, value, of_list)
            }
            _ => {
                let fits = if matches!(name, "latest" | "earliest") {
                    matches!(value, Type::Date | Type::Timestamp | Type::Any)
                } else {
                    value.is_ordered()
                };
                if !fits {
                    let what =
                        if matches!(name, "latest" | "earliest") { "dates or timestamps" } else { "numbers or dates" };
                    let message = format!("`{name}` takes {what}, but this is {value}");
                    self.report(Code::TypeMismatch, body.as_ref().map_or(list.span, |body| body.span), &message, None);
                }
                let method = if matches!(name, "min" | "earliest") { ListMethod::Min } else { ListMethod::Max };
                (method, value, true)
            }
        };
        let kind = ExprKind::Method { method, list: Box::new(list), local, body: body.map(Box::new) };
        Expr { kind, base, maybe_none, span }
    }

    fn require_boolean(&mut self, expr: &Expr) {
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

    fn require_place(&mut self, span: Span, name: &str) {
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
    fn unified(&mut self, items: Vec<Expr>, what: &str) -> (Vec<Expr>, Type, bool) {
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

    fn adapted_pair(&mut self, a: Expr, b: Expr) -> (Expr, Expr) {
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
                let then = self.adapt(strip_widen(*then), target);
                let otherwise = self.adapt(strip_widen(*otherwise), target);
                let base = if then.base == otherwise.base { then.base.clone() } else { base };
                let kind = ExprKind::If { condition, then: Box::new(then), otherwise: Box::new(otherwise) };
                Expr { kind, base, maybe_none, span }
            }
            (kind, _) => Expr { kind, base, maybe_none, span },
        }
    }

    fn wrong_arguments(&mut self, span: Span, signature: &str, found: usize) -> Expr {
        let listed = signature.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let message = match listed.split(", ").filter(|param| !param.is_empty()).collect::<Vec<_>>().as_slice() {
            [.., ".."] => format!("`{signature}` takes two arguments or more, not {found}"),
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

fn is_unit(name: &str) -> bool {
    matches!(name, "days" | "weeks" | "months" | "years" | "hours" | "minutes" | "seconds" | "percent")
}

fn is_literal_type(base: &Type, target: &Type) -> bool {
    matches!(
        (base, target),
        (Type::Integer | Type::Decimal, Type::Money | Type::Percent) | (Type::Text, Type::Choice(_))
    )
}

fn common(items: &[Expr], otherwise: Type) -> Type {
    match items.first() {
        Some(first) if items.iter().all(|item| item.base == first.base) => first.base.clone(),
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

fn strip_widen(expr: Expr) -> Expr {
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

fn is_comparable(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Integer | Type::Decimal, Type::Integer | Type::Decimal) => true,
        (Type::Choice(a), Type::Choice(b)) => a.iter().any(|word| b.contains(word)),
        _ => same(a, b),
    }
}

/// Whether `==` makes sense: lists and records only against none.
fn is_equatable(a: &Expr, b: &Expr) -> bool {
    let is_whole = |base: &Type| matches!(base, Type::List(_) | Type::Record(_));
    if is_whole(&a.base) && is_whole(&b.base) {
        return false;
    }
    is_comparable(&a.base, &b.base)
}

fn arithmetic_type(operator: Arithmetic, a: &Type, b: &Type) -> Option<Type> {
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

fn article(base: &Type) -> String {
    let word = base.to_string();
    let an = word.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {word}", if an { "an" } else { "a" })
}

/// What a method of lists needs in its brackets.
fn needed(name: &str) -> &'static str {
    if matches!(name, "any" | "all" | "filter") { "a condition on" } else { "a value of" }
}

fn method_example(name: &str) -> String {
    match name {
        "any" | "all" => format!("write `contacts.{name}(|c| c.channel == \"call\")`"),
        "filter" => "write `contacts.filter(|c| c.channel == \"call\").count()`".to_owned(),
        _ => format!("write `contacts.{name}(|c| c.channel)`"),
    }
}

fn convert_help(from: &Type, to: &Type) -> Option<String> {
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

fn compare_help(a: &Type, b: &Type, operator: Comparison) -> Option<String> {
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

fn arithmetic_help(a: &Type, b: &Type, operator: Arithmetic) -> Option<String> {
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
