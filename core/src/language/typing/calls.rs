//! Calls: functions, rates, the methods of lists.

use std::sync::Arc;

use super::relations::{method_example, needed, same, widen_to};
use super::{Typer, any};
use crate::diagnostic::{Code, Finding, did_you_mean};
use crate::language::ast::{Ast, AstKind};
use crate::language::expr::{Expr, ExprKind, ListMethod, LocalId};
use crate::language::functions::declared::DeclaredFunction;
use crate::language::functions::{self, Function, Gives, Needs};
use crate::source::Span;
use crate::value::ops::Comparison;
use crate::value::{Type, Value};

impl Typer<'_> {
    pub(super) fn call(&mut self, name: &str, name_span: Span, arguments: &[Ast], span: Span) -> Expr {
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
        if name == "interest_over" {
            return self.interest_over(name_span, arguments, span);
        }
        if name == "done" {
            return self.done(name_span, arguments, span);
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

    /// Whether a step of the stage that the case is in is done.
    fn done(&mut self, name_span: Span, arguments: &[Ast], span: Span) -> Expr {
        let Some(steps) = self.scope.steps() else {
            let help = "a pack with `workflows:` has steps";
            self.report(Code::UnknownFunction, name_span, "there are no steps here that could be done", Some(help));
            return any(span);
        };
        let [step] = arguments else {
            return self.wrong_arguments(name_span, "done(\"step\")", arguments.len());
        };
        let AstKind::Text(name) = &step.kind else {
            let named = match &step.kind {
                AstKind::Name(name) => steps.iter().find(|step| *step == name),
                _ => None,
            };
            let example = named.or(steps.first()).map_or("step", String::as_str);
            let help = format!("write the id of a step, such as `done(\"{example}\")`");
            self.report(Code::WrongArguments, step.span, "the name of a step is written in quotes", Some(&help));
            return any(span);
        };
        match self.scope.done(name) {
            Some(slot) => Expr::boolean(ExprKind::Slot(slot), span),
            None => {
                let help = did_you_mean(name, steps.iter().map(String::as_str));
                self.findings.push(
                    Finding::error(Code::UnknownStep, step.span, format!("no stage has a step `{name}`"))
                        .maybe_help(help),
                );
                any(span)
            }
        }
    }

    fn rate(&mut self, name_span: Span, arguments: &[Ast], span: Span) -> Expr {
        let signature = "rate(\"name\", date)";
        let [rate, date] = arguments else { return self.wrong_arguments(name_span, signature, arguments.len()) };
        if !matches!(rate.kind, AstKind::Text(_)) {
            self.rate_named(rate, signature);
            return any(span);
        }
        let date = self.expr(date);
        if !matches!(date.base, Type::Date | Type::Any) {
            let message = format!("`rate` takes a date, but this is {}", date.base);
            self.report(Code::TypeMismatch, date.span, &message, None);
        }
        let Some(index) = self.rate_named(rate, signature) else { return any(span) };
        let maybe_none = date.maybe_none;
        Expr { kind: ExprKind::Rate { rate: index, date: Box::new(date) }, base: Type::Percent, maybe_none, span }
    }

    /// Interest at a rate of the pack: its name is written in quotes behind the amount.
    fn interest_over(&mut self, name_span: Span, arguments: &[Ast], span: Span) -> Expr {
        let signature = "interest_over(money, \"name\", percent, date, date, day count, pauses)";
        let ([principal, rate, rest @ ..], 6 | 7) = (arguments, arguments.len()) else {
            return self.wrong_arguments(name_span, signature, arguments.len());
        };
        let index = self.rate_named(rate, signature);
        let mut exprs = vec![self.expr(principal)];
        for argument in rest {
            exprs.push(self.expr(argument));
        }
        let arguments = self.fitted(signature, functions::OVER_A_RATE, exprs);
        let Some(rate) = index else { return any(span) };
        let maybe_none = arguments.iter().any(|argument| argument.maybe_none);
        Expr { kind: ExprKind::InterestOver { rate, arguments }, base: Type::Money, maybe_none, span }
    }

    /// The number of the rate whose name is written in quotes.
    fn rate_named(&mut self, rate: &Ast, signature: &str) -> Option<usize> {
        let AstKind::Text(name) = &rate.kind else {
            let help = format!("write `{signature}`");
            self.report(Code::WrongArguments, rate.span, "the name of a rate is written in quotes", Some(&help));
            return None;
        };
        let index = self.scope.rate(name);
        if index.is_none() {
            let rates = self.scope.rates();
            let help = did_you_mean(name, rates.iter().map(String::as_str));
            self.findings.push(
                Finding::error(Code::UnknownRate, rate.span, format!("the pack has no rate `{name}`"))
                    .help(help.unwrap_or_else(|| "declare it under `rates:`".to_owned())),
            );
        }
        index
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

    pub(super) fn call_function(&mut self, name: &str, name_span: Span, arguments: Vec<Expr>, span: Span) -> Expr {
        if let Some(declared) = self.scope.function(name) {
            return self.call_declared(declared, name_span, arguments, span);
        }
        if self.scope.is_refused(name) {
            return any(span);
        }
        let Some(function) = Function::named(name) else {
            if functions::LIST_METHODS.contains(&name) {
                let base = arguments.first().map_or(Type::Any, |first| first.base.clone());
                if base != Type::Any {
                    let message = format!("`{name}` is a method of lists, but this is {base}");
                    self.report(Code::TypeMismatch, name_span, &message, Some("use it on a list, or remove it"));
                }
                return any(span);
            }
            let declared = self.scope.functions().into_iter().map(|name| name.to_string());
            let known: Vec<String> = declared.chain(functions::names().map(str::to_owned)).collect();
            let help = did_you_mean(name, known.iter().map(String::as_str));
            self.findings.push(
                Finding::error(Code::UnknownFunction, name_span, format!("there is no function `{name}`"))
                    .maybe_help(help.or_else(|| Some("rules/README.md lists the functions".to_owned()))),
            );
            return any(span);
        };
        if !function.arities().contains(&arguments.len()) {
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
        let checked = self.fitted(&function.signature(), function.params, arguments);
        if name == "tier_pay" {
            self.report_wrong_scale(&checked);
        }
        let maybe_none = checked.iter().any(|argument| argument.maybe_none);
        let base = match function.gives {
            Gives::Always(kind) => kind.base(),
            Gives::First => checked.first().map_or(Type::Any, |first| first.base.clone()),
        };
        Expr { kind: ExprKind::Call { function, arguments: checked }, base, maybe_none, span }
    }

    /// A function that the pack declares.
    fn call_declared(
        &mut self,
        function: Arc<DeclaredFunction>,
        name_span: Span,
        arguments: Vec<Expr>,
        span: Span,
    ) -> Expr {
        if !self.scope.may_call() {
            let message = format!("`{}` cannot be called here", function.name);
            let help = "functions are called from the rules of the pack; name what it gives as a fact";
            self.report(Code::NotYetSupported, name_span, &message, Some(help));
            return any(span);
        }
        if arguments.len() != function.parameters.len() {
            return self.wrong_arguments(name_span, &function.signature(), arguments.len());
        }
        let mut maybe_none = function.gives.maybe_none();
        let mut taken = Vec::with_capacity(arguments.len());
        for (argument, parameter) in arguments.into_iter().zip(function.parameters.iter()) {
            let argument = widen_to(self.adapt(argument, &parameter.base), &parameter.base);
            if !same(&argument.base, &parameter.base) {
                let signature = function.signature();
                let message = format!("`{signature}` takes {}, but this is {}", parameter.base, argument.base);
                self.report(Code::TypeMismatch, argument.span, &message, None);
            }
            maybe_none |= argument.maybe_none && !parameter.takes_none;
            taken.push(argument);
        }
        let base = function.gives.base.clone();
        self.placed(Expr { kind: ExprKind::Declared { function, arguments: taken }, base, maybe_none, span })
    }

    /// A call where the scope wants it to stand, unless it reads an item of a list that goes on around it.
    fn placed(&self, expr: Expr) -> Expr {
        if expr.is_closed() { self.scope.placed(expr) } else { expr }
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
                if matches!(parameter.as_str(), "today" | "as_of" | "local_today" | "local_time" | "none" | "unknown")
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
        let expr = Expr { kind, base, maybe_none, span };
        if expr.has_call() { self.placed(expr) } else { expr }
    }
}
