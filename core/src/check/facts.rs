//! Facts: an expression, or counting over a list (`count`, `sum`, `latest` ... with `where` and `in`).

use std::sync::Arc;

use super::arms::{self, Guard};
use super::contact::Times;
use super::expressions::expression;
use super::literals;
use super::names::{Names, report_name};
use crate::diagnostic::{Code, Finding, Findings};
use crate::language::parse::Parser;
use crate::language::{Ast, AstKind, Expr, ExprKind, Function, LocalId, Scope, SlotId, Typer};
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node, NodeKind};
use crate::value::ops::{Arithmetic, Comparison};
use crate::value::{Duration, DurationUnit, ItemType, RecordType, Type, Value};

/// A fact before names and types are known.
pub(crate) struct RawFact {
    pub(crate) name: Arc<str>,
    pub(crate) name_span: Span,
    pub(crate) span: Span,
    pub(crate) text: String,
    pub(crate) about: Option<String>,
    form: Option<Form>,
    /// What it is in some arms of an experiment.
    variants: Vec<(Guard, RawFact)>,
}

enum Form {
    Value(Ast),
    Counting { method: String, method_span: Span, list: Ast, filter: Option<Ast>, window: Option<(Duration, Span)> },
}

/// The forms of counting facts.
const METHODS: [&str; 6] = ["count", "sum", "latest", "earliest", "min", "max"];

/// A fact with its type.
#[derive(Clone, Debug)]
pub(crate) struct CheckedFact {
    pub(crate) name: Arc<str>,
    pub(crate) slot: SlotId,
    pub(crate) expr: Expr,
    pub(crate) about: Option<String>,
    /// As it was written, for explanations.
    pub(crate) text: String,
    pub(crate) span: Span,
    /// Whether it is a call of a function that stands elsewhere.
    pub(crate) is_call: bool,
}

impl RawFact {
    /// Reads one entry of `facts`.
    pub(crate) fn read(entry: &Entry, parser: &Parser, findings: &mut Findings) -> RawFact {
        report_name(&entry.key, entry.key_span, parser, findings);
        let mut fact = RawFact {
            name: Arc::from(entry.key.as_str()),
            name_span: entry.key_span,
            span: entry.value.span,
            text: entry.value.text().unwrap_or("").to_owned(),
            about: None,
            form: None,
            variants: Vec::new(),
        };
        if let NodeKind::Map(map) = &entry.value.kind
            && let Some(original) = map.entries.iter().find(|known| known.key == arms::ORIGINAL)
        {
            return RawFact::with_variants(entry, &original.value, arms::variants(map), parser, findings);
        }
        let what = format!("the fact `{}`", entry.key);
        if !matches!(entry.value.kind, NodeKind::Map(_)) {
            fact.form = expression(&entry.value, &what, parser, findings).map(Form::Value);
            return fact;
        }
        let Some(mut reader) = MapReader::new(&entry.value, &what, findings) else { return fact };
        fact.about = reader.text("about", findings).map(str::to_owned);
        let value = reader.optional("value", findings);
        let counting: Vec<(&str, &Node)> =
            METHODS.iter().filter_map(|method| reader.optional(method, findings).map(|node| (*method, node))).collect();
        let filter_node = reader.optional("where", findings);
        let window_node = reader.optional("in", findings);
        let filter = filter_node.and_then(|node| expression(node, "`where`", parser, findings));
        let window = window_node.and_then(|node| literals::window(node, findings).map(|window| (window, node.span)));
        match (value, counting.as_slice()) {
            (Some(node), []) => {
                fact.text = node.text().unwrap_or("").to_owned();
                fact.form = expression(node, &what, parser, findings).map(Form::Value);
                for key in ["where", "in"] {
                    if reader.key_span(key) != reader.head() || filter_node.is_some() && key == "where" {
                        let message = format!("`{key}` belongs to a counting fact");
                        findings.push(
                            Finding::error(Code::UnknownKey, reader.key_span(key), message).help("remove it, or count"),
                        );
                    }
                }
            }
            (None, [(method, node)]) => {
                let filter_text =
                    filter_node.and_then(|node| node.text()).map(|text| format!(" where {text}")).unwrap_or_default();
                let window_text =
                    window_node.and_then(|node| node.text()).map(|text| format!(" in {text}")).unwrap_or_default();
                fact.text = format!("{method} {}{filter_text}{window_text}", node.text().unwrap_or(""));
                let list = expression(node, &what, parser, findings);
                let is_complete =
                    (filter_node.is_none() || filter.is_some()) && (window_node.is_none() || window.is_some());
                if let Some(list) = list
                    && is_complete
                {
                    let method_span = reader.key_span(method);
                    fact.form =
                        Some(Form::Counting { method: (*method).to_owned(), method_span, list, filter, window });
                }
            }
            (None, []) if reader.has_stray() => {}
            (None, []) => findings.push(
                Finding::error(Code::MissingKey, entry.key_span, format!("{what} does not say what it is"))
                    .help("write an expression, or one of `count`, `sum`, `latest`, `earliest`, `min`, `max`"),
            ),
            _ => findings.push(
                Finding::error(Code::UnknownKey, entry.key_span, format!("{what} says more than one thing that it is"))
                    .help("keep one of `value`, `count`, `sum`, `latest`, `earliest`, `min`, `max`"),
            ),
        }
        reader.finish(findings);
        fact
    }

    /// A fact that is something else in some arms.
    fn with_variants(
        entry: &Entry,
        original: &Node,
        variants: Vec<(Guard, &Map)>,
        parser: &Parser,
        findings: &mut Findings,
    ) -> RawFact {
        let of = |value: &Node| Entry { value: value.clone(), ..entry.clone() };
        let mut fact = RawFact::read(&of(original), parser, findings);
        for (guard, of_arm) in variants {
            let Some(value) = of_arm.get(&entry.key) else { continue };
            let variant = RawFact::read(&of(value), parser, findings);
            fact.text = format!("{}; in the arm {}: {}", fact.text, guard.arm, variant.text);
            fact.variants.push((guard, variant));
        }
        fact
    }

    /// The names that the fact reads.
    pub(crate) fn names(&self) -> Vec<(String, Span)> {
        let mut names = Vec::new();
        match &self.form {
            Some(Form::Value(ast)) => ast.names(&mut names),
            Some(Form::Counting { list, filter, .. }) => {
                list.names(&mut names);
                if let Some(filter) = filter {
                    filter.names(&mut names);
                }
            }
            None => {}
        }
        for (guard, variant) in &self.variants {
            guard.subject().names(&mut names);
            names.extend(variant.names());
        }
        names
    }

    /// The fact's expression, typed.
    pub(crate) fn check(&self, names: &Names, slot: SlotId, findings: &mut Findings) -> CheckedFact {
        let mut expr = match &self.form {
            Some(Form::Value(ast)) => Typer::new(names, findings).expr(ast),
            Some(Form::Counting { method, method_span, list, filter, window }) => {
                Counting { names, findings, span: self.span, method, method_span: *method_span }.expr(
                    list,
                    filter.as_ref(),
                    *window,
                )
            }
            None => Expr { kind: ExprKind::Refused, base: Type::Any, maybe_none: false, span: self.span },
        };
        if matches!(expr.base, Type::Any) && matches!(expr.kind, ExprKind::Literal(Value::None)) {
            findings.push(Finding::error(Code::TypeMismatch, self.span, "a fact that is always none says nothing"));
        }
        for (guard, variant) in &self.variants {
            let own = variant.check(names, slot, findings).expr;
            let (condition, span) = (guard.expr(names, findings), own.span);
            let what = format!("the values of `{}` in different arms", self.name);
            expr = Typer::new(names, findings).either(condition, [own, expr], &what, span);
        }
        CheckedFact {
            name: self.name.clone(),
            slot,
            expr,
            about: self.about.clone(),
            text: self.text.clone(),
            span: self.span,
            is_call: false,
        }
    }
}

/// Turns counting into methods of lists.
pub(super) struct Counting<'a> {
    names: &'a dyn Scope,
    findings: &'a mut Findings,
    span: Span,
    method: &'a str,
    method_span: Span,
}

impl<'a> Counting<'a> {
    /// The times of the items of a list, and which pass a filter: what limits and waits of a contact policy look at.
    pub(super) fn times(
        names: &'a dyn Scope,
        list: &Ast,
        filter: Option<&Ast>,
        span: Span,
        findings: &'a mut Findings,
    ) -> Option<Times> {
        let mut counting = Counting { names, findings, span, method: "count", method_span: span };
        let list = Typer::new(counting.names, counting.findings).expr(list);
        let Type::List(item) = list.base.clone() else {
            if list.base != Type::Any {
                let message = format!("this goes over a list, but this is {}", list.base);
                counting
                    .findings
                    .push(Finding::error(Code::TypeMismatch, list.span, message).help("name a list of the case"));
            }
            return None;
        };
        let record = match &item.base {
            Type::Record(record) => Some(record.clone()),
            _ => None,
        };
        let passes = filter.map(|filter| Typer::with_item(names, &item, counting.findings).condition(filter));
        let Some((record, index)) = record.and_then(|record| record.time_index().map(|index| (record, index))) else {
            counting.findings.push(
                Finding::error(Code::MissingKey, span, "this needs the time of the items")
                    .help("mark the field that holds it with `time: true`"),
            );
            return None;
        };
        let at = counting.item_field(record, index, span);
        let mut typer = Typer::new(names, counting.findings);
        let mut of_each = |body| typer.list_method("map", span, list.clone(), LocalId(0), Some(body), span);
        Some(Times { counts: passes.map(&mut of_each), at: of_each(at) })
    }

    fn expr(&mut self, list: &Ast, filter: Option<&Ast>, window: Option<(Duration, Span)>) -> Expr {
        let refused = Expr { kind: ExprKind::Refused, base: Type::Any, maybe_none: false, span: self.span };
        // `sum: payments.amount` names a field of the list's items.
        let (list_ast, item_field) = match (&list.kind, self.method) {
            (AstKind::Member { of, name, name_span }, method) if method != "count" => (&**of, Some((name, *name_span))),
            _ => (list, None),
        };
        let list = Typer::new(self.names, self.findings).expr(list_ast);
        let Type::List(item) = list.base.clone() else {
            if list.base != Type::Any {
                let message = format!("`{}` goes over a list, but this is {}", self.method, list.base);
                self.findings
                    .push(Finding::error(Code::TypeMismatch, list.span, message).help("name a list of the case"));
            }
            return refused;
        };
        let record = match &item.base {
            Type::Record(record) => Some(record.clone()),
            _ => None,
        };
        let filtered = self.filtered(list, &item, record.as_deref(), filter, window);
        let local = LocalId(0);
        let body = match (item_field, &record) {
            (Some((name, name_span)), Some(record)) => {
                let Some(index) = record.index_of(name) else {
                    let help = crate::diagnostic::did_you_mean(name, record.fields.iter().map(|field| &*field.name));
                    self.findings.push(
                        Finding::error(
                            Code::UnknownField,
                            name_span,
                            format!("an item of `{}` has no field `{name}`", record.name),
                        )
                        .maybe_help(help),
                    );
                    return refused;
                };
                Some(self.item_field(record.clone(), index, name_span))
            }
            (None, Some(record)) if self.method != "count" => {
                let example = record.fields.first().map_or("field", |field| &*field.name);
                self.findings.push(
                    Finding::error(
                        Code::TypeMismatch,
                        list_ast.span,
                        format!("`{}` needs a field of the items", self.method),
                    )
                    .help(format!("name it, such as `{}.{example}`", record.name)),
                );
                return refused;
            }
            (Some((_, name_span)), None) => {
                self.findings.push(Finding::error(
                    Code::UnknownField,
                    name_span,
                    "the items of this list have no fields",
                ));
                return refused;
            }
            _ => None,
        };
        let span = self.span;
        Typer::new(self.names, self.findings).list_method(self.method, self.method_span, filtered, local, body, span)
    }

    /// The list with the items that `where` and `in` leave.
    fn filtered(
        &mut self,
        list: Expr,
        item: &ItemType,
        record: Option<&RecordType>,
        filter: Option<&Ast>,
        window: Option<(Duration, Span)>,
    ) -> Expr {
        let mut tests = Vec::new();
        if let Some((window, span)) = window
            && let Some(test) = self.window(&item.base, record, window, span)
        {
            tests.push(test);
        }
        if let Some(filter) = filter {
            tests.push(Typer::with_item(self.names, item, self.findings).condition(filter));
        }
        let Some(span) = tests.first().map(|test| test.span) else { return list };
        let test = if tests.len() == 1 { tests.remove(0) } else { Expr::boolean(ExprKind::And(tests), span) };
        let span = self.span;
        Typer::new(self.names, self.findings).list_method("filter", span, list, LocalId(0), Some(test), span)
    }

    /// Whether an item lies in the window: calendar days at the pack's place, the current one included, or exact time.
    fn window(&mut self, item: &Type, record: Option<&RecordType>, window: Duration, span: Span) -> Option<Expr> {
        let time = record.and_then(|record| record.time_index().map(|index| (record, index)));
        let Some((record, index)) = time else {
            self.findings.push(
                Finding::error(Code::MissingKey, span, "a window needs the time of the items")
                    .help("mark the field that holds it with `time: true`"),
            );
            return None;
        };
        let Type::Record(record_type) = item else { return None };
        let at = self.item_field(record_type.clone(), index, span);
        let is_timestamp = record.fields.get(index).is_some_and(|field| field.base == Type::Timestamp);
        let length = Expr::literal(Value::Duration(window), Type::Duration(window.unit()), span);
        let (at, end, base) = match (window.unit(), is_timestamp) {
            (DurationUnit::Exact, true) => (at, ExprKind::AsOf, Type::Timestamp),
            (DurationUnit::Exact, false) => {
                self.findings.push(
                    Finding::error(
                        Code::TypeMismatch,
                        span,
                        "an exact window needs timestamps, but the items have dates",
                    )
                    .help("write the window in days"),
                );
                return None;
            }
            (_, true) => {
                let function = Function::named("date_of")?;
                let maybe_none = at.maybe_none;
                let date =
                    Expr { kind: ExprKind::Call { function, arguments: vec![at] }, base: Type::Date, maybe_none, span };
                (date, ExprKind::Today, Type::Date)
            }
            (_, false) => (at, ExprKind::Today, Type::Date),
        };
        if window.unit() == DurationUnit::BusinessDays && !self.names.has_calendar() {
            self.findings.push(
                Finding::error(Code::UnknownCalendar, span, "business days need a calendar, and the pack has none")
                    .help("say `calendar:` in the pack's header"),
            );
        }
        let end = Expr { kind: end, base: base.clone(), maybe_none: false, span };
        let start = Expr {
            kind: ExprKind::Arithmetic(Arithmetic::Subtract, Box::new(end.clone()), Box::new(length)),
            base,
            maybe_none: false,
            span,
        };
        let after = Expr::boolean(ExprKind::Compare(Comparison::Greater, Box::new(at.clone()), Box::new(start)), span);
        let until = Expr::boolean(ExprKind::Compare(Comparison::LessOrEqual, Box::new(at), Box::new(end)), span);
        Some(Expr::boolean(ExprKind::And(vec![after, until]), span))
    }

    fn item_field(&mut self, record: Arc<RecordType>, index: usize, span: Span) -> Expr {
        let (base, maybe_none, name, decides) = match record.fields.get(index) {
            Some(field) => (field.base.clone(), field.maybe_none(), field.name.clone(), field.decides),
            None => (Type::Any, false, Arc::from(""), true),
        };
        if !decides {
            self.findings.push(
                Finding::error(Code::FieldMayNotDecide, span, format!("`{name}` is carried, but may not decide"))
                    .help("remove it from the rule; the record declares it `decides: false`"),
            );
        }
        let item = Expr { kind: ExprKind::Local(LocalId(0)), base: Type::Record(record), maybe_none: false, span };
        Expr { kind: ExprKind::Member { of: Box::new(item), index }, base, maybe_none, span }
    }
}
